//! Close targets: bounds against references of 60 digits (mpmath, the derivatives of the echo written
//! out and the FIM inverted in that precision), and what is said where digits are lost.

use isac_linalg::{Mat, c64, ops};
use isac_metrics::{AngleSensing, Error, crlb_trace, grad};
use isac_models::array::{KronOrder, Scaling, Upa};
use isac_models::target::Targets;

fn upa(horizontal: usize, vertical: usize) -> Upa {
    Upa::new(
        horizontal,
        vertical,
        KronOrder::HorizontalSlow,
        Scaling::UnitNorm,
    )
    .unwrap()
}

/// Two targets `gap` rad apart in azimuth, 20 snapshots, radar noise of 1 mW.
fn sensing(size: usize, gap: f64) -> AngleSensing {
    let alpha = vec![c64::new(0.1, 0.2), c64::new(0.0, -0.3)];
    let targets = Targets::new(vec![0.4, 0.4 + gap], vec![1.1, 1.1], alpha).unwrap();
    let array = upa(size, size);
    AngleSensing::new(&array, &array, &targets, 20, 1e-3).unwrap()
}

/// `W = 0.1 I`.
fn isotropic(size: usize) -> Mat<c64> {
    let n = size * size;
    Mat::from_fn(n, n, |i, j| c64::new(if i == j { 0.1 } else { 0.0 }, 0.0))
}

/// Antennas per side, gap, trace of the inverse FIM.
const REFERENCES: [(usize, f64, f64); 11] = [
    (8, 1e-2, 5_358.849_482_161_622),
    (8, 1e-3, 53_507_833.801_417_04),
    (8, 3e-4, 6_602_369_295.685_989),
    (8, 1e-4, 534_704_133_546.349_75),
    (8, 1e-5, 5_346_637_712_502_667.8),
    (3, 1e-2, 369_353.721_787_596_6),
    (3, 1e-3, 3_666_176_404.110_579),
    (3, 3e-4, 452_347_280_668.031_7),
    (3, 1e-4, 36_633_939_036_502.49),
    (3, 1e-5, 366_311_518_486_447_040.0),
    (3, 1e-6, 3.663_087_308_703_437e21),
];

#[test]
fn bounds_have_the_digits_they_claim() {
    for (size, gap, expected) in REFERENCES {
        let sensing = sensing(size, gap);
        match sensing.crlb(isotropic(size).as_ref()) {
            Ok(crlb) => {
                let off = (crlb.trace() / expected - 1.0).abs();
                assert!(off <= crlb.relative_error(), "{size} {gap}: {off:e}");
                assert!(crlb.relative_error() <= 1e-6);
            }
            Err(Error::LostDigits { relative_error }) => {
                assert!(
                    gap < 1e-4 && relative_error > 1e-6,
                    "{size} {gap}: {relative_error:e}"
                );
            }
            Err(other) => panic!("{size} {gap}: {other}"),
        }
    }
}

#[test]
fn a_matrix_alone_answers_with_six_digits_or_says_that_it_cannot() {
    for (size, gap, expected) in REFERENCES {
        let fim = sensing(size, gap).fim(isotropic(size).as_ref()).unwrap();
        match crlb_trace(fim.as_ref()) {
            Ok(trace) => assert!(
                (trace / expected - 1.0).abs() < 1e-6,
                "{size} {gap}: {trace}"
            ),
            Err(Error::LostDigits { .. } | Error::SingularFim { .. }) => {
                assert!(gap < 1e-2, "{size} {gap}");
            }
            Err(other) => panic!("{size} {gap}: {other}"),
        }
    }
    // Eight antennas a side at a hundredth of a radian are within a matrix's means.
    let fim = sensing(8, 1e-2).fim(isotropic(8).as_ref()).unwrap();
    assert!(crlb_trace(fim.as_ref()).is_ok());
}

#[test]
fn more_streams_than_directions_and_fewer_give_the_same_bound_as_their_covariance() {
    // W V^H with V of 9 x 20 orthonormal rows has the covariance of W.
    let sensing = sensing(3, 1e-3);
    let w = isotropic(3);
    let wide = Mat::from_fn(20, 9, |i, j| {
        let t = (1 + i + 3 * j + i * j) as f64;
        c64::new(t.sin(), (1.7 * t).cos())
    });
    let (q, _) = isac_linalg::factor::qr_thin(wide.as_ref());
    let spread = ops::mul_adjoint(w.as_ref(), q.as_ref());
    let (a, b) = (
        sensing.crlb(w.as_ref()).unwrap(),
        sensing.crlb(spread.as_ref()).unwrap(),
    );
    assert!((a.trace() / b.trace() - 1.0).abs() < a.relative_error() + b.relative_error());
}

/// The gradient of close targets against a difference quotient of the bound itself.
#[test]
fn gradients_of_close_targets_keep_digits() {
    let sensing = sensing(3, 1e-3);
    let w = isotropic(3);
    let got = grad::crlb_trace_gradient(&sensing, w.as_ref()).unwrap();
    assert!((got.value / 3_666_176_404.110_579 - 1.0).abs() < 1e-9);
    let direction = Mat::from_fn(9, 9, |i, j| {
        let t = (2 + 5 * i + 3 * j) as f64;
        c64::new(t.sin(), t.cos()) * 0.02
    });
    let at = |t: f64| {
        let mut moved = w.clone();
        ops::axpy(moved.as_mut(), t, direction.as_ref());
        sensing.crlb(moved.as_ref()).unwrap().trace()
    };
    let h = 1e-3;
    // Richardson's extrapolation of central differences.
    let quotient = |h: f64| (at(h) - at(-h)) / (2.0 * h);
    let slope = (4.0 * quotient(h / 2.0) - quotient(h)) / 3.0;
    let claimed = ops::inner(got.gradient.as_ref(), direction.as_ref());
    assert!(
        (slope / claimed - 1.0).abs() < 1e-6,
        "{slope:e} {claimed:e}"
    );
    let along = ops::inner(got.gradient.as_ref(), w.as_ref());
    assert!((along / (-2.0 * got.value) - 1.0).abs() < 1e-8);
}

#[test]
fn degenerate_targets_are_refused_by_angle() {
    let of = |theta: f64, phi: f64| {
        let targets = Targets::new(vec![0.1, theta], vec![0.8, phi], vec![c64::ONE; 2]).unwrap();
        AngleSensing::new(&upa(4, 4), &upa(4, 4), &targets, 20, 1e-3).map(|_| ())
    };
    let named = |theta, phi| of(theta, phi).unwrap_err().to_string();
    assert!(named(std::f64::consts::FRAC_PI_2, 1.0).contains("theta[1]"));
    assert!(named(-90.0_f64.to_radians(), 1.0).contains("endfire"));
    assert!(named(0.4, 0.0).contains("phi[1]"));
    assert!(named(0.4, std::f64::consts::PI).contains("pole"));
    assert!(named(0.1, 0.8).contains("target 0"));
    assert!(of(0.4, 1.0).is_ok() && of(1.57, 0.01).is_ok());
}

/// Near endfire and near the pole the bound grows like the inverse square of the derivative that
/// vanishes, and keeps its digits.
#[test]
fn bounds_near_degenerate_angles_follow_their_power_law() {
    let at = |theta: f64, phi: f64| {
        let targets = Targets::new(vec![theta], vec![phi], vec![c64::ONE]).unwrap();
        let array = upa(4, 4);
        let sensing = AngleSensing::new(&array, &array, &targets, 20, 1e-3).unwrap();
        sensing.crlb(isotropic(4).as_ref()).unwrap()
    };
    // The angle itself is held to 1e-16 of pi / 2, so the gap of 1e-5 to 1e-11.
    for gap in [1e-3, 1e-4, 1e-5] {
        let near = at(std::f64::consts::FRAC_PI_2 - gap, 1.0);
        let nearer = at(std::f64::consts::FRAC_PI_2 - gap / 2.0, 1.0);
        let ratio = nearer.inverse()[(0, 0)] / near.inverse()[(0, 0)];
        assert!((ratio - 4.0).abs() < 4.0 * gap, "{gap}: {ratio}");
        assert!(near.relative_error() < 1e-10);
    }
}
