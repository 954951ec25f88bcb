//! The least value of a quadratic over a product of balls, against points of the balls and the exact solver of one.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use isac_linalg::{Col, ColRef, Mat, MatRef, c64, hermitian, ops};
use isac_opt::balls::least;
use isac_opt::trust_region;

fn value(a: MatRef<'_, c64>, x: ColRef<'_, c64>) -> f64 {
    ops::quadratic_form(a, x)
}

fn form(n: usize, seed: f64) -> Mat<c64> {
    let raw = Mat::from_fn(n, n, |i, j| {
        c64::new(
            (seed * (i + 2 * j) as f64).sin(),
            (seed + (i * j) as f64).cos(),
        )
    });
    hermitian::hermitian_part(raw.as_ref())
}

/// Points of the balls lie above the lower value, which two balls reach.
#[test]
fn no_point_of_the_balls_lies_below_and_two_balls_are_exact() {
    for (k, seed) in [0.3, 1.1, 2.7, 4.4].into_iter().enumerate() {
        let a = form(5, seed);
        let centre = Col::from_fn(5, |i| c64::new(1.0, (seed * i as f64).sin()));
        let balls = [(0..2, 0.7), (2..5, 0.4 + 0.3 * k as f64)];
        let found = least(a.as_ref(), centre.as_ref(), &balls).unwrap();
        let size = ops::norm(a.as_ref());
        assert!(found.lower <= found.upper);
        assert!(found.upper - found.lower < 1e-6 * size, "{seed}: {found:?}");
        assert!((value(a.as_ref(), found.point.as_ref()) - found.upper).abs() < 1e-13 * size);
        for draw in 0..500 {
            let mut point = centre.clone();
            for (coordinates, radius) in &balls {
                let step = |i: usize| {
                    let phase = (draw * 31 + i * 7) as f64 * seed;
                    c64::new(phase.sin(), (1.3 * phase).cos())
                };
                let norm: f64 = coordinates.clone().map(|i| step(i).norm_sqr()).sum();
                for i in coordinates.clone() {
                    point[i] += step(i) * (radius / norm.sqrt());
                }
            }
            assert!(
                value(a.as_ref(), point.as_ref()) >= found.lower,
                "{seed} {draw}"
            );
        }
    }
}

/// One ball: as the exact solver of one ball finds it.
#[test]
fn one_ball_is_the_trust_region() {
    let a = form(4, 0.9);
    let centre = Col::from_fn(4, |i| c64::new(i as f64, -1.0));
    let found = least(a.as_ref(), centre.as_ref(), &[(0..4, 1.5)]).unwrap();
    let exact = trust_region::min_over_ball(a.as_ref(), centre.as_ref(), 1.5).unwrap();
    let size = exact.value.abs();
    assert!((found.upper - exact.value).abs() < 1e-10 * size);
    assert!((found.lower - exact.value).abs() < 1e-6 * size);
    let scaled = Mat::from_fn(4, 4, |i, j| a[(i, j)] * 1e-12);
    let small = least(scaled.as_ref(), centre.as_ref(), &[(0..4, 1.5)]).unwrap();
    assert!((small.lower * 1e12 - exact.value).abs() < 1e-6 * size);
}

#[test]
fn balls_that_overlap_or_leave_the_coordinates_are_refused() {
    let a = form(3, 0.5);
    let centre = Col::from_fn(3, |_| c64::ONE);
    for balls in [
        vec![(0..2, 1.0), (1..3, 1.0)],
        vec![(2..4, 1.0)],
        vec![(0..1, -1.0)],
    ] {
        let error = least(a.as_ref(), centre.as_ref(), &balls).unwrap_err();
        assert!(error.to_string().contains("ball"), "{error}");
    }
    let none = least(a.as_ref(), centre.as_ref(), &[]).unwrap();
    assert!(none.lower.total_cmp(&none.upper).is_eq());
}
