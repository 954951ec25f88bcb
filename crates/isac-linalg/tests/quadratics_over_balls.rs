//! Extremes over balls: the dual value proves them, no sample beats them, and the sensitivities are
//! those of differences. Whatever the inertia and however nearly hard the case.

use isac_linalg::trust_region::{
    Case, Extremum, max_diagonal, max_over_ball, max_over_ball_in, max_quadratic, min_over_ball,
    min_over_ball_in, min_quadratic,
};
use isac_linalg::{Col, Mat, c64, factor, hermitian, ops};
use isac_testkit::{sample, strategies};
use proptest::prelude::*;
use rand::RngExt;

fn column(m: &Mat<c64>) -> Col<c64> {
    Col::from_fn(m.nrows(), |i| m[(i, 0)])
}

fn form(a: &Mat<c64>, x: &Col<c64>) -> f64 {
    let mut sum = c64::ZERO;
    for i in 0..x.nrows() {
        for j in 0..x.nrows() {
            sum += x[i].conj() * a[(i, j)] * x[j];
        }
    }
    sum.re
}

fn plus(x: &Col<c64>, y: &Col<c64>, t: f64) -> Col<c64> {
    Col::from_fn(x.nrows(), |i| x[i] + y[i] * t)
}

/// A Hermitian matrix of any inertia, one in five of them singular.
fn hermitian_of(n: usize, rng: &mut rand::rngs::ChaCha8Rng) -> Mat<c64> {
    let u = sample::unitary(n, rng);
    let values: Vec<f64> = (0..n)
        .map(|_| {
            if rng.random::<f64>() < 0.2 {
                0.0
            } else {
                4.0 * rng.random::<f64>() - 2.0
            }
        })
        .collect();
    let scaled = Mat::from_fn(n, n, |i, j| u[(i, j)] * values[j]);
    hermitian::hermitian_part(ops::mul_adjoint(scaled.as_ref(), u.as_ref()).as_ref())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(160))]

    #[test]
    fn extremes_are_proved_and_unbeaten(
        n in 1..=5usize,
        mut rng in strategies::rng(),
        radius in prop_oneof![Just(0.0), strategies::power(-3.0, 2.0)],
        constant in -2.0..2.0f64,
    ) {
        let a = hermitian_of(n, &mut rng);
        let centre = column(&sample::gaussian(n, 1, &mut rng));
        let size = 2.0 * (centre.norm_l2() + radius).powi(2) + 1e-12;
        let quadratic = |d: &Col<c64>| {
            let linear: f64 = (0..n).map(|i| (centre[i].conj() * d[i]).re).sum();
            form(&a, d) + 2.0 * linear + constant
        };
        let most = max_over_ball(a.as_ref(), centre.as_ref(), radius).unwrap();
        let least = min_over_ball(a.as_ref(), centre.as_ref(), radius).unwrap();
        let top = max_quadratic(a.as_ref(), centre.as_ref(), constant, radius).unwrap();
        let bottom = min_quadratic(a.as_ref(), centre.as_ref(), constant, radius).unwrap();
        for (found, shifted) in [(&most, true), (&least, true), (&top, false), (&bottom, false)] {
            let d = if shifted { plus(&found.point, &centre, -1.0) } else { found.point.clone() };
            prop_assert!(d.norm_l2() <= radius * (1.0 + 1e-9) + 1e-14);
            let value = if shifted { form(&a, &found.point) } else { quadratic(&found.point) };
            let size = size + if shifted { 0.0 } else { 2.0 * radius * centre.norm_l2() + constant.abs() };
            prop_assert!((found.value - value).abs() <= 1e-11 * size, "{} {value}", found.value);
            prop_assert!((found.bound - found.value).abs() <= 1e-9 * size, "{found:?}");
            prop_assert!(found.multiplier >= 0.0);
            // Complementarity: a multiplier only where the ball binds.
            if d.norm_l2() < radius * (1.0 - 1e-6) {
                prop_assert!(found.multiplier <= 1e-12 && found.case == Case::Interior, "{found:?}");
            }
        }
        // mu I - A is positive semidefinite, mu I + A for the least.
        let values = factor::eigvalsh(a.as_ref()).unwrap();
        if radius > 0.0 {
            for (up, down) in [(&most, &least), (&top, &bottom)] {
                prop_assert!(up.multiplier >= values[n - 1] - 1e-12);
                prop_assert!(down.multiplier >= -values[0] - 1e-12);
            }
        }
        for _ in 0..30 {
            let mut d = column(&sample::gaussian(n, 1, &mut rng));
            let scale = radius * rng.random::<f64>().powf(0.2) / d.norm_l2();
            d = Col::from_fn(n, |i| d[i] * scale);
            let value = form(&a, &plus(&centre, &d, 1.0));
            prop_assert!(value <= most.value + 1e-11 * size && value >= least.value - 1e-11 * size);
            let value = quadratic(&d);
            let size = size + 2.0 * radius * centre.norm_l2() + constant.abs();
            prop_assert!(value <= top.value + 1e-11 * size && value >= bottom.value - 1e-11 * size);
        }
        // The least of A is minus the greatest of -A, and one decomposition serves both.
        let minus = Mat::from_fn(n, n, |i, j| -a[(i, j)]);
        let other = max_over_ball(minus.as_ref(), centre.as_ref(), radius).unwrap();
        prop_assert!((other.value + least.value).abs() <= 1e-11 * size);
        let eigen = factor::eigh(a.as_ref()).unwrap();
        let again = max_over_ball_in(&eigen, centre.as_ref(), radius).unwrap();
        prop_assert!((again.value - most.value).abs() <= 1e-12 * size);
        let again = min_over_ball_in(&eigen, centre.as_ref(), radius).unwrap();
        prop_assert!((again.value - least.value).abs() <= 1e-12 * size);
        // In the eigenbasis.
        let c: Vec<c64> = (0..n)
            .map(|i| (0..n).map(|k| eigen.vectors[(k, i)].conj() * centre[k]).sum())
            .collect();
        let (value, d) = max_diagonal(&eigen.values, &c, radius);
        prop_assert!((value - most.value).abs() <= 1e-10 * size);
        prop_assert!(d.iter().map(|d| d.norm_sqr()).sum::<f64>().sqrt() <= radius * (1.0 + 1e-9) + 1e-14);
        // Larger balls hold more; scale and unit are the callers'.
        let wide = max_over_ball(a.as_ref(), centre.as_ref(), 1.5 * radius).unwrap();
        prop_assert!(wide.value >= most.value - 1e-11 * size);
        let tiny = Mat::from_fn(n, n, |i, j| a[(i, j)] * 1e-12);
        let small = max_over_ball(tiny.as_ref(), centre.as_ref(), radius).unwrap();
        prop_assert!((small.value * 1e12 - most.value).abs() <= 1e-9 * size);
    }

    /// The multiplier is the slope by the radius: `2 r mu` for the most, `-2 r mu` for the least.
    #[test]
    fn multipliers_are_sensitivities(n in 2..=4usize, mut rng in strategies::rng(), radius in 0.2..2.0f64) {
        let a = hermitian_of(n, &mut rng);
        let centre = column(&sample::gaussian(n, 1, &mut rng));
        let h = 1e-5;
        for (most, sign) in [(true, 1.0), (false, -1.0)] {
            let at = |r: f64| {
                let found = if most {
                    max_over_ball(a.as_ref(), centre.as_ref(), r)
                } else {
                    min_over_ball(a.as_ref(), centre.as_ref(), r)
                };
                found.unwrap()
            };
            let slope = (at(radius + h).value - at(radius - h).value) / (2.0 * h);
            let middle = at(radius).multiplier;
            prop_assert!((slope - sign * 2.0 * radius * middle).abs() < 1e-4 * (1.0 + slope.abs()), "{slope} {middle}");
        }
    }
}

fn diagonal(values: &[f64]) -> Mat<c64> {
    let n = values.len();
    Mat::from_fn(n, n, |i, j| {
        c64::new(if i == j { values[i] } else { 0.0 }, 0.0)
    })
}

/// The linear term orthogonal, or almost, to the top eigenvector.
#[test]
fn hard_cases_by_hand() {
    // max 2 |x|^2 + |y|^2 over the ball of radius 2 about (0, 1): with y = 1 + s, |x|^2 = 4 - s^2 the
    // value is 8 - 2 s^2 + (1 + s)^2, greatest at s = 1: 10.
    let a = diagonal(&[2.0, 1.0]);
    let centre = Col::from_fn(2, |i| c64::new(i as f64, 0.0));
    let found = max_over_ball(a.as_ref(), centre.as_ref(), 2.0).unwrap();
    assert!((found.value - 10.0).abs() < 1e-12 && found.case == Case::Hard);
    assert!((found.multiplier - 2.0).abs() < 1e-12 && (found.bound - 10.0).abs() < 1e-12);
    // Nearly hard: the same value up to the small part, on the boundary.
    for tiny in [1e-3, 1e-8, 1e-13] {
        let centre = Col::from_fn(2, |i| c64::new(if i == 0 { tiny } else { 1.0 }, 0.0));
        let found = max_over_ball(a.as_ref(), centre.as_ref(), 2.0).unwrap();
        // To first order the value grows by 2 * 2 * tiny * |x| with |x| = sqrt(3).
        let expected = 10.0 + 4.0 * tiny * 3f64.sqrt();
        assert!(
            (found.value - expected).abs() < 10.0 * tiny * tiny + 1e-11,
            "{tiny}"
        );
        assert!((found.bound - found.value).abs() < 1e-9 && found.case == Case::Boundary);
    }
    // A ball too small for the hard case: on the boundary straight ahead.
    let centre = Col::from_fn(2, |i| c64::new(i as f64, 0.0));
    let found = max_over_ball(a.as_ref(), centre.as_ref(), 0.5).unwrap();
    assert!(
        (found.value - 2.25).abs() < 1e-12 && found.case == Case::Boundary,
        "{found:?}"
    );
}

#[test]
fn interior_extremes_and_empty_balls() {
    // The least of a positive form inside the ball is 0.
    let a = diagonal(&[2.0, 1.0]);
    let centre = Col::from_fn(2, |_| c64::new(0.3, 0.0));
    let found = min_over_ball(a.as_ref(), centre.as_ref(), 1.0).unwrap();
    assert!(found.value.abs() < 1e-14 && found.case == Case::Interior && found.multiplier == 0.0);
    assert!(found.point.norm_l2() < 1e-14);
    // -|d|^2 + 2 Re(b^H d) has its top |b|^2 at d = b.
    let b = Col::from_fn(2, |i| c64::new(0.1, i as f64 * 0.2));
    let found = max_quadratic(diagonal(&[-1.0, -1.0]).as_ref(), b.as_ref(), 3.0, 1.0).unwrap();
    assert!((found.value - 3.0 - 0.06).abs() < 1e-14 && found.case == Case::Interior);
    // Radius 0: the centre itself.
    let found = max_over_ball(a.as_ref(), centre.as_ref(), 0.0).unwrap();
    assert!((found.value - 0.27).abs() < 1e-14 && (found.bound - 0.27).abs() < 1e-14);
    let found = min_quadratic(a.as_ref(), b.as_ref(), 1.5, 0.0).unwrap();
    assert!((found.value - 1.5).abs() < 1e-14 && found.multiplier == 0.0);
    let none = max_over_ball(Mat::zeros(0, 0).as_ref(), Col::zeros(0).as_ref(), 1.0).unwrap();
    assert!(none.value == 0.0 && none.case == Case::Interior);
}

#[test]
fn bad_input_is_refused() {
    let a = diagonal(&[1.0, 2.0]);
    let b = Col::<c64>::zeros(2);
    let text = |r: Result<Extremum, isac_linalg::Error>| r.unwrap_err().to_string();
    assert!(text(max_over_ball(a.as_ref(), Col::zeros(3).as_ref(), 1.0)).contains("ball centre"));
    assert!(text(max_over_ball(a.as_ref(), b.as_ref(), -1.0)).contains("ball radius"));
    assert!(text(max_quadratic(a.as_ref(), b.as_ref(), f64::NAN, 1.0)).contains("constant term"));
    let nan = Col::from_fn(2, |_| c64::new(f64::NAN, 0.0));
    assert!(text(min_quadratic(a.as_ref(), nan.as_ref(), 0.0, 1.0)).contains("linear term"));
    let crooked = Mat::from_fn(2, 2, |i, _| c64::new(i as f64, 0.0));
    assert!(text(min_over_ball(crooked.as_ref(), b.as_ref(), 1.0)).contains("Hermitian"));
}
