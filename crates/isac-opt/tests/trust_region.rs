//! Extrema of a quadratic over a ball: weak duality as certificate, planted optima, an independent
//! program's numbers, degenerate sizes and bad input.

use isac_linalg::ColRef;
use isac_linalg::Error;
use isac_linalg::{Col, Mat, MatRef, c64, factor, hermitian::hermitian_part, ops};
use isac_opt::trust_region::*;
use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};

fn complex(rng: &mut ChaCha8Rng) -> c64 {
    c64::new(rng.random_range(-1.0..1.0), rng.random_range(-1.0..1.0))
}

fn column(rng: &mut ChaCha8Rng, n: usize) -> Col<c64> {
    Col::from_fn(n, |_| complex(rng))
}

fn hermitian(rng: &mut ChaCha8Rng, n: usize) -> Mat<c64> {
    hermitian_part(Mat::from_fn(n, n, |_, _| complex(rng)).as_ref())
}

/// A random Hermitian matrix with these eigenvalues, and its eigenvectors.
fn with_spectrum(rng: &mut ChaCha8Rng, l: &[f64]) -> (Mat<c64>, Mat<c64>) {
    let v = factor::eigh(hermitian(rng, l.len()).as_ref())
        .expect("finite")
        .vectors;
    let scaled = Mat::from_fn(l.len(), l.len(), |i, j| v[(i, j)] * l[j]);
    (
        hermitian_part(ops::mul_adjoint(scaled.as_ref(), v.as_ref()).as_ref()),
        v,
    )
}

fn assert_close(got: f64, expected: f64, scale: f64, what: &str) {
    assert!(
        (got - expected).abs() <= 1e-11 * scale.max(expected.abs()),
        "{what}: got {got:e}, expected {expected:e}, scale {scale:e}"
    );
}

#[test]
fn value_point_and_bound_agree_for_any_inertia() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for trial in 0..300 {
        let n = 1 + trial % 9;
        let shift = [-8.0, -0.5, 0.0, 0.5, 8.0][trial % 5];
        let scale = [1e-9, 1.0, 1e7][trial % 3];
        let mut a = ops::shifted(hermitian(&mut rng, n).as_ref(), shift);
        ops::scale(a.as_mut(), scale);
        let c = column(&mut rng, n);
        let radius = [0.0, 1e-6, 0.3, 1.0, 30.0][trial / 5 % 5];
        let size = ops::norm(a.as_ref()) * (c.norm_l2() + radius).powi(2);
        for (found, sign) in [
            (max_over_ball(a.as_ref(), c.as_ref(), radius).unwrap(), 1.0),
            (min_over_ball(a.as_ref(), c.as_ref(), radius).unwrap(), -1.0),
        ] {
            let x = &found.point;
            assert!((x - &c).norm_l2() <= radius + 1e-13 * (radius + c.norm_l2()));
            assert_close(
                found.value,
                ops::quadratic_form(a.as_ref(), x.as_ref()),
                size,
                "value",
            );
            assert_close(found.value, found.bound, size, "gap");
            assert!(found.multiplier >= 0.0);
            for _ in 0..20 {
                let step = column(&mut rng, n);
                let t = radius / step.norm_l2();
                let y = Col::from_fn(n, |i| c[i] + step[i] * t);
                let other = ops::quadratic_form(a.as_ref(), y.as_ref());
                assert!(sign * (other - found.value) <= 1e-11 * size);
            }
        }
    }
}

#[test]
fn the_general_form_agrees_with_the_centred_one() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    for n in [1, 2, 5, 12] {
        let a = hermitian(&mut rng, n);
        let c = column(&mut rng, n);
        let b = &a * &c;
        let constant = ops::quadratic_form(a.as_ref(), c.as_ref());
        let centred = max_over_ball(a.as_ref(), c.as_ref(), 0.7).unwrap();
        let general = max_quadratic(a.as_ref(), b.as_ref(), constant, 0.7).unwrap();
        assert_close(general.value, centred.value, 1.0, "maximum");
        assert!((&general.point + &c - &centred.point).norm_l2() < 1e-9);
        let centred = min_over_ball(a.as_ref(), c.as_ref(), 0.7).unwrap();
        let general = min_quadratic(a.as_ref(), b.as_ref(), constant, 0.7).unwrap();
        assert_close(general.value, centred.value, 1.0, "minimum");
        assert_close(general.bound, centred.bound, 1.0, "bound");
    }
}

/// `b = (mu I - A) d` plants the maximiser `d`; the last component of `d` alone sees `delta`.
#[test]
fn planted_near_hard_optima_are_met_to_eleven_digits() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    for l in [
        [-2.0, -1.0, 0.5, 3.0],
        [-4.0, -3.0, -1.0, -1e-3],
        [0.0, 0.0, 1.0, 1e4],
    ] {
        for delta in [10.0, 1.0, 1e-4, 1e-8, 1e-10, 1e-12, 1e-15] {
            // mu - l_max, such that mu is delta or more.
            let above = delta + f64::max(-l[3], 0.0);
            let (a, v) = with_spectrum(&mut rng, &l);
            let d: Vec<c64> = (0..4).map(|_| complex(&mut rng)).collect();
            let radius = d.iter().map(c64::norm_sqr).sum::<f64>().sqrt();
            let gap = |i: usize| (l[3] - l[i]) + above;
            let b: Vec<c64> = (0..4).map(|i| d[i] * gap(i)).collect();
            let expected: f64 = (0..4)
                .map(|i| l[i] * d[i].norm_sqr() + 2.0 * (b[i].conj() * d[i]).re)
                .sum();
            let b = Col::from_fn(4, |k| (0..4).map(|i| v[(k, i)] * b[i]).sum());
            let found = max_quadratic(a.as_ref(), b.as_ref(), 0.0, radius).unwrap();
            assert_close(
                found.value,
                expected,
                radius * radius * l[3].abs().max(1.0),
                "maximum",
            );
            assert_close(
                found.bound,
                expected,
                radius * radius * l[3].abs().max(1.0),
                "bound",
            );
            assert_close(found.point.norm_l2(), radius, radius, "length");
            assert_eq!(found.case, Case::Boundary);
        }
    }
}

#[test]
fn the_hard_case_fills_up_along_a_top_eigenvector() {
    // max 2 |d_0|^2 - |d_1|^2 + 2 Re(3 d_1) on |d| <= 2: d_1 = 3/(2+1) = 1, |d_0|^2 = 3.
    let a = Mat::from_fn(2, 2, |i, j| {
        c64::from(if i != j { 0.0 } else { [2.0, -1.0][i] })
    });
    let b = Col::from_fn(2, |i| c64::from([0.0, 3.0][i]));
    let found = max_quadratic(a.as_ref(), b.as_ref(), 0.0, 2.0).unwrap();
    assert_eq!(found.case, Case::Hard);
    assert_close(found.value, 6.0 - 1.0 + 6.0, 1.0, "value");
    assert_close(found.bound, 11.0, 1.0, "bound");
    assert_close(found.point[0].norm_sqr(), 3.0, 1.0, "fill");
    assert_close(found.multiplier, 2.0, 1.0, "multiplier");
    // The same with radius 1/2 has its root above l_max: no fill.
    let found = max_quadratic(a.as_ref(), b.as_ref(), 0.0, 0.5).unwrap();
    assert_eq!(found.case, Case::Boundary);
    assert_close(found.multiplier, 5.0, 1.0, "multiplier");
    // Zero centre: the top eigenvalue times r^2, and the lowest one.
    let zero = Col::zeros(2);
    assert_close(
        max_over_ball(a.as_ref(), zero.as_ref(), 3.0).unwrap().value,
        18.0,
        1.0,
        "max",
    );
    assert_close(
        min_over_ball(a.as_ref(), zero.as_ref(), 3.0).unwrap().value,
        -9.0,
        1.0,
        "min",
    );
}

#[test]
fn a_semidefinite_form_reaches_exactly_zero_inside() {
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let f = Mat::from_fn(6, 2, |_, _| complex(&mut rng));
    let a = hermitian_part(ops::mul_adjoint(f.as_ref(), f.as_ref()).as_ref());
    let c = column(&mut rng, 6);
    let found = min_over_ball(a.as_ref(), c.as_ref(), 10.0).unwrap();
    assert_eq!(
        (found.case, found.value, found.bound),
        (Case::Interior, 0.0, 0.0)
    );
    assert!(
        (&found.point - &c).norm_l2() <= c.norm_l2() + 1e-12,
        "the shortest way to the null space"
    );
    // Half of it: the least norm over the ball is the distance left, twice differentiated away.
    let line = Mat::from_fn(1, 1, |_, _| c64::from(4.0));
    let two = Col::from_fn(1, |_| c64::new(0.0, 2.0));
    let found = min_over_ball(line.as_ref(), two.as_ref(), 0.5).unwrap();
    assert_close(found.value, 9.0, 1.0, "4 (2 - 1/2)^2");
}

#[test]
fn sensitivities_are_the_documented_ones() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let (a, da) = (hermitian(&mut rng, 5), hermitian(&mut rng, 5));
    let (c, dc) = (column(&mut rng, 5), column(&mut rng, 5));
    type Problem = fn(MatRef<'_, c64>, ColRef<'_, c64>, f64) -> Result<Extremum, Error>;
    for (extremum, sign) in [(max_over_ball as Problem, 1.0), (min_over_ball, -1.0)] {
        let at = extremum(a.as_ref(), c.as_ref(), 0.4).unwrap();
        let ax = &a * &at.point;
        let predicted = ops::quadratic_form(da.as_ref(), at.point.as_ref())
            + 2.0 * ops::dot(ax.as_ref(), dc.as_ref()).re
            + sign * 2.0 * 0.4 * at.multiplier;
        let moved = |t: f64| {
            let mut b = a.clone();
            ops::axpy(b.as_mut(), t, da.as_ref());
            let e = Col::from_fn(5, |i| c[i] + dc[i] * t);
            extremum(b.as_ref(), e.as_ref(), 0.4 + t).unwrap().value
        };
        let h = 1e-5;
        let difference = (moved(h) - moved(-h)) / (2.0 * h);
        assert!(
            (difference - predicted).abs() < 1e-7,
            "{difference} against {predicted}"
        );
    }
}

#[test]
fn empty_and_single() {
    let empty = max_over_ball(Mat::zeros(0, 0).as_ref(), Col::zeros(0).as_ref(), 1.0).unwrap();
    assert_eq!((empty.value, empty.point.nrows()), (0.0, 0));
    let zero = max_over_ball(Mat::zeros(3, 3).as_ref(), Col::zeros(3).as_ref(), 1.0).unwrap();
    assert_eq!((zero.value, zero.case), (0.0, Case::Interior));
    let flat = max_quadratic(Mat::zeros(1, 1).as_ref(), Col::ones(1).as_ref(), 0.5, 3.0).unwrap();
    assert_close(flat.value, 6.5, 1.0, "linear function");
}

#[test]
fn bad_input_is_named() {
    let eye: Mat<c64> = Mat::identity(2, 2);
    let c: Col<c64> = Col::zeros(2);
    let fails = |found: Result<Extremum, Error>, text: &str| match found {
        Err(e) => {
            assert!(e.is_bad_input() && e.to_string().contains(text), "{e}");
        }
        other => panic!("{other:?}"),
    };
    fails(
        max_over_ball(eye.as_ref(), Col::zeros(3).as_ref(), 1.0),
        "ball centre",
    );
    fails(max_over_ball(eye.as_ref(), c.as_ref(), -1.0), "ball radius");
    fails(
        min_over_ball(eye.as_ref(), c.as_ref(), f64::NAN),
        "ball radius",
    );
    fails(
        max_over_ball(Mat::zeros(2, 3).as_ref(), c.as_ref(), 1.0),
        "quadratic form",
    );
    let skew = Mat::from_fn(2, 2, |i, j| c64::new(0.0, (i + j) as f64));
    fails(
        max_over_ball(skew.as_ref(), c.as_ref(), 1.0),
        "quadratic form",
    );
    let nan = Col::from_fn(2, |_| c64::new(f64::NAN, 0.0));
    fails(
        min_quadratic(eye.as_ref(), nan.as_ref(), 0.0, 1.0),
        "linear term",
    );
    fails(
        min_quadratic(eye.as_ref(), c.as_ref(), f64::INFINITY, 1.0),
        "constant term",
    );
}

#[test]
fn reference_cases() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../isac-algos/tests/fixtures");
    let mut cases = 0;
    for name in ["hisac-see-small.json", "hisac-see-default.json"] {
        let text = std::fs::read_to_string(format!("{folder}/{name}")).unwrap();
        let file: serde_json::Value = serde_json::from_str(&text).unwrap();
        for case in file["trust_region"].as_array().unwrap() {
            let entry =
                |part: &str, key: &str, i: usize, j: usize| case[key][part][i][j].as_f64().unwrap();
            let n = case["c"]["re"].as_array().unwrap().len();
            let a = Mat::from_fn(n, n, |i, j| {
                c64::new(entry("re", "A", i, j), entry("im", "A", i, j))
            });
            let c = Col::from_fn(n, |i| {
                c64::new(entry("re", "c", i, 0), entry("im", "c", i, 0))
            });
            let e = case["e"].as_f64().unwrap();
            let most = max_over_ball(a.as_ref(), c.as_ref(), e).unwrap().value;
            let least = min_over_ball(a.as_ref(), c.as_ref(), e).unwrap().value;
            for (got, key) in [(most, "max"), (least, "min")] {
                let expected = case[key].as_f64().unwrap();
                assert!(
                    (got - expected).abs() <= 1e-9 * expected.abs().max(1.0),
                    "{name} {}: {key} {got} against {expected}",
                    case["kind"]
                );
            }
            cases += 1;
        }
    }
    assert!(cases > 0);
}
