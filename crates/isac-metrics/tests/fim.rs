//! The compact FIM against the block form of the paper and against numerical differentiation of
//! the echo.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use isac_linalg::{Mat, c64, ops};
use isac_metrics::{AngleSensing, crlb_trace, grad, sum_rate_nats};
use isac_models::array::{KronOrder, Scaling, Steering, Upa};
use isac_models::rng::{Stream, complex_normal, stream};
use isac_models::target::{ReflectionLaw, Targets};

const SNAPSHOTS: usize = 30;
const NOISE: f64 = 1e-3;

struct Case {
    transmit: Upa,
    receive: Upa,
    targets: Targets,
    beamformer: Mat<c64>,
}

impl Case {
    fn new(count: usize, order: KronOrder, seed: u64) -> Self {
        let upa = |h, v| Upa::new(h, v, order, Scaling::UnitNorm).unwrap();
        let mut rng = stream(seed, Stream::Target, 0);
        Self {
            transmit: upa(4, 3),
            receive: upa(3, 5),
            targets: Targets::random(count, 1.2, ReflectionLaw::IndependentPhase, &mut rng),
            beamformer: complex_normal(12, 14, &mut rng),
        }
    }

    fn sensing(&self) -> AngleSensing {
        AngleSensing::new(
            &self.transmit,
            &self.receive,
            &self.targets,
            SNAPSHOTS,
            NOISE,
        )
        .unwrap()
    }

    /// `B diag(alpha) A^H` for the stacked parameters.
    fn echo(&self, omega: &[f64]) -> Mat<c64> {
        let m = self.targets.len();
        let a = self.transmit.steering(&omega[..m], &omega[m..2 * m]).value;
        let mut b = self.receive.steering(&omega[..m], &omega[m..2 * m]).value;
        for i in 0..m {
            let alpha = c64::new(omega[2 * m + i], omega[3 * m + i]);
            for r in 0..b.nrows() {
                b[(r, i)] *= alpha;
            }
        }
        ops::mul_adjoint(b.as_ref(), a.as_ref())
    }
}

/// Eq. (10) with derivatives of the echo by central differences.
fn fim_by_differences(case: &Case) -> Mat<f64> {
    let t = &case.targets;
    let mut omega = [t.theta(), t.phi()].concat();
    omega.extend(t.alpha().iter().map(|a| a.re));
    omega.extend(t.alpha().iter().map(|a| a.im));
    let h = 1e-5;
    let derivatives: Vec<Mat<c64>> = (0..omega.len())
        .map(|p| {
            let mut shifted = omega.clone();
            shifted[p] += h;
            let up = case.echo(&shifted);
            shifted[p] -= 2.0 * h;
            let down = case.echo(&shifted);
            let slope = Mat::from_fn(up.nrows(), up.ncols(), |i, j| {
                (up[(i, j)] - down[(i, j)]) / (2.0 * h)
            });
            ops::mul(slope.as_ref(), case.beamformer.as_ref())
        })
        .collect();
    let kappa = 2.0 * SNAPSHOTS as f64 / NOISE;
    Mat::from_fn(omega.len(), omega.len(), |p, q| {
        kappa * ops::inner(derivatives[p].as_ref(), derivatives[q].as_ref())
    })
}

/// Eqs. (8)-(9), block by block.
fn fim_by_blocks(case: &Case) -> Mat<f64> {
    let t = &case.targets;
    let m = t.len();
    let a = case.transmit.steering(t.theta(), t.phi());
    let b = case.receive.steering(t.theta(), t.phi());
    let r = ops::mul_adjoint(case.beamformer.as_ref(), case.beamformer.as_ref());
    let form = |x: &Mat<c64>, j: usize, y: &Mat<c64>, i: usize| {
        let mut sum = c64::ZERO;
        for p in 0..12 {
            for q in 0..12 {
                sum += x[(p, j)].conj() * r[(p, q)] * y[(q, i)];
            }
        }
        sum
    };
    let dot = |x: &Mat<c64>, i: usize, y: &Mat<c64>, j: usize| ops::dot(x.col(i), y.col(j));
    let pick = |s: &Steering, angle: usize| {
        if angle == 0 {
            s.d_theta.clone()
        } else {
            s.d_phi.clone()
        }
    };
    let angle_block = |u: usize, v: usize, i: usize, j: usize| {
        let (a_i, b_i) = (pick(&a, u), pick(&b, u));
        let (a_j, b_j) = (pick(&a, v), pick(&b, v));
        t.alpha()[i].conj()
            * t.alpha()[j]
            * (form(&a.value, j, &a.value, i) * dot(&b_i, i, &b_j, j)
                + form(&a.value, j, &a_i, i) * dot(&b.value, i, &b_j, j)
                + form(&a_j, j, &a.value, i) * dot(&b_i, i, &b.value, j)
                + form(&a_j, j, &a_i, i) * dot(&b.value, i, &b.value, j))
    };
    let mixed_block = |u: usize, i: usize, j: usize| {
        let (a_i, b_i) = (pick(&a, u), pick(&b, u));
        t.alpha()[i].conj()
            * (form(&a.value, j, &a.value, i) * dot(&b_i, i, &b.value, j)
                + form(&a.value, j, &a_i, i) * dot(&b.value, i, &b.value, j))
    };
    let coefficient_block =
        |i: usize, j: usize| form(&a.value, j, &a.value, i) * dot(&b.value, i, &b.value, j);
    let kappa = 2.0 * SNAPSHOTS as f64 / NOISE;
    let upper = |p: usize, q: usize| {
        let ((u, i), (v, j)) = ((p / m, p % m), (q / m, q % m));
        match (u, v) {
            (0 | 1, 0 | 1) => angle_block(u, v, i, j).re,
            (0 | 1, 2) => mixed_block(u, i, j).re,
            (0 | 1, _) => -mixed_block(u, i, j).im,
            (2, 3) => -coefficient_block(i, j).im,
            _ => coefficient_block(i, j).re,
        }
    };
    Mat::from_fn(4 * m, 4 * m, |p, q| {
        kappa * if p <= q { upper(p, q) } else { upper(q, p) }
    })
}

fn close(got: &Mat<f64>, expected: &Mat<f64>, rel: f64) {
    let complex =
        |a: &Mat<f64>| Mat::from_fn(a.nrows(), a.ncols(), |i, j| c64::new(a[(i, j)], 0.0));
    let (got, expected) = (complex(got), complex(expected));
    isac_linalg::approx::compare(got.as_ref(), expected.as_ref(), rel, 0.0).unwrap();
}

#[test]
fn compact_form_equals_blocks_and_differences() {
    for count in 1..=4 {
        for order in [KronOrder::HorizontalSlow, KronOrder::VerticalSlow] {
            let case = Case::new(count, order, 10 + count as u64);
            let fim = case.sensing().fim(case.beamformer.as_ref()).unwrap();
            close(&fim, &fim_by_blocks(&case), 1e-12);
            close(&fim, &fim_by_differences(&case), 1e-8);
        }
    }
}

#[test]
fn adjoint_is_the_adjoint() {
    let case = Case::new(3, KronOrder::HorizontalSlow, 4);
    let sensing = case.sensing();
    let phi = Mat::from_fn(12, 12, |i, j| {
        ((i + j) as f64).sin() + ((i * j) as f64).cos()
    });
    let z = sensing.compact().adjoint(phi.as_ref());
    let towards = ops::adjoint_mul(sensing.transmit(), case.beamformer.as_ref());
    let c = ops::mul_adjoint(towards.as_ref(), towards.as_ref());
    let fim = sensing.compact().fim(c.as_ref());
    let mut left = 0.0;
    for i in 0..12 {
        for j in 0..12 {
            left += fim[(i, j)] * phi[(i, j)];
        }
    }
    let right = sensing.compact().kappa() * ops::inner(z.as_ref(), c.as_ref());
    assert!(
        (left - right).abs() < 1e-10 * right.abs().max(1e5),
        "{left} {right}"
    );
}

/// Slope of the Taylor remainder of `value` along a random direction, by halving the step.
fn taylor_slope(
    value: impl Fn(&Mat<c64>) -> f64,
    gradient: &Mat<c64>,
    point: &Mat<c64>,
    direction: &Mat<c64>,
) -> f64 {
    let f0 = value(point);
    let first = ops::inner(gradient.as_ref(), direction.as_ref());
    let remainder = |t: f64| {
        let mut moved = point.clone();
        ops::axpy(moved.as_mut(), t, direction.as_ref());
        (value(&moved) - f0 - t * first).abs()
    };
    (remainder(1e-3) / remainder(1e-4)).log10()
}

#[test]
fn gradients_have_second_order_remainders() {
    let case = Case::new(2, KronOrder::HorizontalSlow, 8);
    let sensing = case.sensing();
    let mut rng = stream(2, Stream::Channel, 0);
    let h = complex_normal(12, 3, &mut rng);
    let noise = [0.5, 1.0, 2.0];
    for trial in 0..3 {
        let w = complex_normal(12, 14, &mut stream(trial, Stream::Start, 0));
        let d = complex_normal(12, 14, &mut stream(trial, Stream::Start, 1));
        let rate = grad::sum_rate_gradient(h.as_ref(), w.as_ref(), &noise).unwrap();
        let rate_at = |x: &Mat<c64>| {
            sum_rate_nats(&isac_metrics::sinr(h.as_ref(), x.as_ref(), &noise).unwrap())
        };
        assert!((rate.value - rate_at(&w)).abs() < 1e-12);
        let slope = taylor_slope(rate_at, &rate.gradient, &w, &d);
        assert!((slope - 2.0).abs() < 0.1, "sum rate {slope}");
        let crlb = grad::crlb_trace_gradient(&sensing, w.as_ref()).unwrap();
        let crlb_at = |x: &Mat<c64>| crlb_trace(sensing.fim(x.as_ref()).unwrap().as_ref()).unwrap();
        assert!((crlb.value - crlb_at(&w)).abs() < 1e-12 * crlb.value);
        let slope = taylor_slope(crlb_at, &crlb.gradient, &w, &d);
        assert!((slope - 2.0).abs() < 0.1, "crlb {slope}");
    }
}

#[test]
fn fim_is_psd_and_scales_with_power_and_noise() {
    for count in 1..=4 {
        let case = Case::new(count, KronOrder::VerticalSlow, 30 + count as u64);
        let fim = case.sensing().fim(case.beamformer.as_ref()).unwrap();
        let values = isac_linalg::real::eigvalsh(fim.as_ref()).unwrap();
        assert!(values[0] > -1e-10 * values[values.len() - 1]);
        let mut louder = case.beamformer.clone();
        ops::scale(louder.as_mut(), 2.0);
        let scaled = case.sensing().fim(louder.as_ref()).unwrap();
        let trace = crlb_trace(fim.as_ref()).unwrap();
        assert!((crlb_trace(scaled.as_ref()).unwrap() * 4.0 / trace - 1.0).abs() < 1e-6);
    }
}

/// One stream towards one of two targets says nothing of the other; nor does none at all.
#[test]
fn too_few_streams_are_a_typed_error() {
    let case = Case::new(2, KronOrder::HorizontalSlow, 3);
    let sensing = case.sensing();
    let silent = Mat::<c64>::zeros(12, 2);
    let fim = sensing.fim(silent.as_ref()).unwrap();
    let errors = [
        crlb_trace(fim.as_ref()).unwrap_err(),
        sensing.crlb(silent.as_ref()).unwrap_err(),
    ];
    for error in errors {
        let singular = isac_metrics::Error::SingularFim {
            parameter: 0,
            parameters: 8,
        };
        assert_eq!(error, singular);
    }
    assert!(sensing.crlb(Mat::zeros(12, 0).as_ref()).is_err());
    let nan = Mat::from_fn(12, 2, |_, _| c64::new(f64::NAN, 0.0));
    let text = sensing.crlb(nan.as_ref()).unwrap_err().to_string();
    assert!(text.contains("beamformer"), "{text}");
}

#[test]
fn unitary_rotation_of_streams_changes_nothing() {
    let case = Case::new(2, KronOrder::HorizontalSlow, 5);
    let sensing = case.sensing();
    let (u, _) = isac_linalg::factor::qr_thin(
        complex_normal(14, 14, &mut stream(1, Stream::Start, 0)).as_ref(),
    );
    let rotated = ops::mul(case.beamformer.as_ref(), u.as_ref());
    let before = sensing.fim(case.beamformer.as_ref()).unwrap();
    close(&sensing.fim(rotated.as_ref()).unwrap(), &before, 1e-12);
}

#[test]
fn wrong_rows_are_named() {
    let case = Case::new(1, KronOrder::HorizontalSlow, 3);
    let error = case.sensing().fim(Mat::zeros(5, 2).as_ref()).unwrap_err();
    assert!(error.to_string().contains("beamformer"));
}
