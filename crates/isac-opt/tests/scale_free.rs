//! Nothing depends on a unit. A factor 2^k on an objective moves no bit of the path, nor does a
//! factor on the radius of the manifold; a constant added to the objective moves the end by rounding
//! alone.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use isac_linalg::trust_region::{max_over_ball, min_quadratic};
use isac_linalg::{Col, Mat, MatMut, MatRef, c64, factor, hermitian, ops};
use isac_opt::augmented::{self, Constrained, Feasibility};
use isac_opt::manifold::{Manifold, Oblique, Product, Sphere};
use isac_opt::riemannian::{Method, Minimum, Workspace, bb, lbfgs, rcg};
use isac_opt::root::{self, Sample, increasing_root};
use isac_opt::{Error, StopReason};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};

fn methods() -> [Method; 3] {
    [
        Method::Rcg(rcg::Options::default()),
        Method::Lbfgs(lbfgs::Options::default()),
        Method::Bb(bb::Options::default()),
    ]
}

fn sample(rows: usize, cols: usize, seed: u64) -> Mat<c64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    Mat::from_fn(rows, cols, |_, _| {
        c64::new(rng.random_range(-1.0..1.0), rng.random_range(-1.0..1.0))
    })
}

/// `factor x^H A x + offset` on a manifold of matrices.
fn run<M: Manifold>(
    method: &Method,
    manifold: &M,
    a: &Mat<c64>,
    start: &Mat<c64>,
    (factor, offset): (f64, f64),
) -> Minimum {
    let objective = |x: MatRef<'_, c64>, mut g: MatMut<'_, c64>| -> Result<f64, Error> {
        g.copy_from(ops::mul(a.as_ref(), x));
        let value = factor * ops::inner(x, g.as_ref()) + offset;
        ops::scale(g, 2.0 * factor);
        Ok(value)
    };
    method
        .minimise(
            manifold,
            start.as_ref(),
            objective,
            &mut Workspace::default(),
        )
        .unwrap()
}

/// `2^k`.
fn power_of_two(k: i32) -> f64 {
    2.0_f64.powi(k)
}

fn distance(a: &Mat<c64>, b: &Mat<c64>) -> f64 {
    let mut difference = a.clone();
    ops::axpy(difference.as_mut(), -1.0, b.as_ref());
    ops::norm(difference.as_ref())
}

/// The same up to a factor, bit for bit.
fn identical(a: &Mat<c64>, b: &Mat<c64>, factor: f64) -> bool {
    (0..a.ncols()).all(|j| (0..a.nrows()).all(|i| a[(i, j)] * factor == b[(i, j)]))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// The path is the same, bit for bit, under factors 2^-50 to 2^50 (1e-15 to 1e15) on the
    /// objective.
    #[test]
    fn a_factor_on_the_objective_moves_no_bit(
        n in 2..9usize, cols in 1..3usize, k in -50..50i32, seed in any::<u64>(),
    ) {
        let a = hermitian::hermitian_part(sample(n, n, seed).as_ref());
        let start = sample(n, cols, seed ^ 1);
        let sphere = Sphere::new(1.0).unwrap();
        for method in methods() {
            let plain = run(&method, &sphere, &a, &start, (1.0, 0.0));
            let scaled = run(&method, &sphere, &a, &start, (power_of_two(k), 0.0));
            prop_assert!(identical(&plain.point, &scaled.point, 1.0), "{method:?}");
            prop_assert_eq!(plain.stopped, scaled.stopped);
            prop_assert_eq!(plain.iterations, scaled.iterations);
            prop_assert!(plain.stopped.converged(), "{:?}", plain.stopped);
        }
    }

    /// Other units of power: the radius of the manifold times 2^k, at the same or at another scale
    /// of the objective.
    #[test]
    fn a_factor_on_the_radius_moves_no_bit(
        n in 2..7usize, k in -20..20i32, seed in any::<u64>(),
    ) {
        let a = hermitian::hermitian_part(sample(n, n, seed).as_ref());
        let start = sample(n, 3, seed ^ 1);
        let set = |radius: f64| {
            let power = radius * radius;
            let rows = Oblique::rows(vec![power; n]).unwrap();
            Product::new(Sphere::new(power).unwrap(), 1, rows)
        };
        let factor = power_of_two(k);
        for method in methods() {
            let plain = run(&method, &set(1.0), &a, &start, (1.0, 0.0));
            let wide = run(&method, &set(factor), &a, &start, (1.0, 0.0));
            prop_assert!(identical(&plain.point, &wide.point, factor), "{method:?}");
            prop_assert_eq!(plain.iterations, wide.iterations);
        }
    }

    /// Whatever the factor and the constant, the least Rayleigh quotient is the least eigenvalue:
    /// to 1e-9 for any factor, to the square of what the rounding of the sum leaves otherwise.
    #[test]
    fn the_end_is_right_for_every_factor_and_constant(
        n in 2..9usize, decade in -15.0..15.0_f64, offset in -1e6..1e6_f64, seed in any::<u64>(),
    ) {
        let a = hermitian::hermitian_part(sample(n, n, seed).as_ref());
        let eigen = factor::eigvalsh(a.as_ref()).unwrap();
        // A gap that closes makes the minimiser, not the minimum, undetermined.
        prop_assume!(eigen[1] - eigen[0] > 0.05);
        let start = sample(n, 1, seed ^ 1);
        let sphere = Sphere::new(1.0).unwrap();
        let factor = 10.0_f64.powf(decade);
        for method in methods() {
            let plain = run(&method, &sphere, &a, &start, (1.0, 0.0));
            let scaled = run(&method, &sphere, &a, &start, (factor, 0.0));
            prop_assert!((scaled.value / factor - eigen[0]).abs() < 1e-9, "{method:?}");
            prop_assert!(distance(&plain.point, &scaled.point) < 1e-5);
            let moved = run(&method, &sphere, &a, &start, (1.0, offset));
            prop_assert!((moved.value - offset - eigen[0]).abs() < 2e-9, "{method:?} {}", moved.value);
            prop_assert!(distance(&plain.point, &moved.point) < 2e-4, "{method:?}");
            prop_assert!(moved.gradient_norm <= 1e-3 * factor::eigvalsh(a.as_ref()).unwrap()[n - 1].abs().max(0.1));
        }
    }
}

/// The case that was reported: min s x^H diag(1..6) x, right value s.
#[test]
fn the_least_of_six_eigenvalues_at_every_scale() {
    let n = 6;
    let a = Mat::from_fn(n, n, |i, j| {
        c64::from(if i == j { (i + 1) as f64 } else { 0.0 })
    });
    let start = Mat::from_fn(n, 1, |i, _| c64::new(1.0 + i as f64 * 0.1, 0.3 * i as f64));
    let sphere = Sphere::new(1.0).unwrap();
    for method in methods() {
        for decade in (-15..=15).step_by(3) {
            let factor = 10.0_f64.powi(decade);
            let end = run(&method, &sphere, &a, &start, (factor, 0.0));
            assert!(
                (end.value / factor - 1.0).abs() < 1e-10,
                "{method:?} 1e{decade}"
            );
            assert_eq!(end.stopped, StopReason::Tolerance, "{method:?} 1e{decade}");
        }
        let end = run(&method, &sphere, &a, &start, (1.0, 1e6));
        assert!(
            (end.value - 1e6 - 1.0).abs() < 1e-9,
            "{method:?} {}",
            end.value
        );
        assert!(end.stopped.converged(), "{method:?} {:?}", end.stopped);
        // A start beside the largest eigenvector is no answer.
        for tilt in [1e-9, 1e-14] {
            let near = Mat::from_fn(n, 1, |i, _| c64::from(if i == n - 1 { 1.0 } else { tilt }));
            let end = run(&method, &sphere, &a, &near, (1.0, 0.0));
            assert!((end.value - 1.0).abs() < 1e-10, "{method:?} {}", end.value);
        }
        // A start at the minimum up to rounding is one, and is known as such.
        let least = Mat::from_fn(n, 1, |i, _| c64::from(if i == 0 { 1.0 } else { 1e-15 }));
        let end = run(&method, &sphere, &a, &least, (1e-9, 0.0));
        assert!((end.value / 1e-9 - 1.0).abs() < 1e-12 && end.stopped.converged());
    }
}

/// `factor (-|w_1|^2 - 2 |w_2|^2) + offset` on the unit sphere of `C^3` with `|w_0|^2 >= 0.3` and
/// `|w_1|^2 >= 0.2`: least value -1.2, multipliers 2 and 1.
struct Shares {
    factor: f64,
    offset: f64,
}

impl Constrained<Error> for Shares {
    fn constraints(&self) -> usize {
        2
    }

    fn values(&mut self, w: MatRef<'_, c64>, c: &mut [f64]) -> Result<f64, Error> {
        c[0] = 0.3 - w[(0, 0)].norm_sqr();
        c[1] = 0.2 - w[(1, 0)].norm_sqr();
        let value = -w[(1, 0)].norm_sqr() - 2.0 * w[(2, 0)].norm_sqr();
        Ok(self.factor * value + self.offset)
    }

    fn gradient(
        &mut self,
        w: MatRef<'_, c64>,
        objective: f64,
        weights: &[f64],
        mut g: MatMut<'_, c64>,
    ) -> Result<(), Error> {
        let f = objective * self.factor;
        g[(0, 0)] = w[(0, 0)] * (-2.0 * weights[0]);
        g[(1, 0)] = w[(1, 0)] * (-2.0 * f - 2.0 * weights[1]);
        g[(2, 0)] = w[(2, 0)] * (-4.0 * f);
        Ok(())
    }
}

fn shares(factor: f64, offset: f64, inner: Method) -> augmented::ConstrainedMinimum {
    let start = Mat::from_fn(3, 1, |i, _| c64::new(1.0, i as f64 - 0.5));
    let options = augmented::Options {
        inner,
        ..augmented::Options::default()
    };
    augmented::minimise(
        &Sphere::new(1.0).unwrap(),
        start.as_ref(),
        &mut Shares { factor, offset },
        &options,
        &mut Workspace::default(),
    )
    .unwrap()
}

#[test]
fn the_augmented_lagrangian_has_no_unit_of_the_objective() {
    for inner in [augmented::Options::default().inner]
        .into_iter()
        .chain(methods())
    {
        let plain = shares(1.0, 0.0, inner.clone());
        assert_eq!(plain.feasibility, Feasibility::Feasible);
        assert!((plain.value + 1.2).abs() < 1e-5, "{}", plain.value);
        for k in [-50, -20, 20, 50] {
            let factor = power_of_two(k);
            let scaled = shares(factor, 0.0, inner.clone());
            assert!(identical(&plain.point, &scaled.point, 1.0), "2^{k}");
            assert_eq!(plain.stopped, scaled.stopped);
            for (a, b) in plain.multipliers.iter().zip(&scaled.multipliers) {
                assert!((a * factor - b).abs() <= 1e-15 * b.abs());
            }
        }
        let moved = shares(1.0, 1e6, inner);
        assert_eq!(moved.feasibility, Feasibility::Feasible);
        assert!((moved.value - 1e6 + 1.2).abs() < 1e-4, "{}", moved.value);
    }
}

proptest! {
    /// `P(t) = a t^3 + floor` meets its target at the same `t` whatever the unit of `P` and the
    /// constant added to all three.
    #[test]
    fn roots_have_no_unit(k in -50..50i32, shift in -1e6..1e6_f64, a in 0.5..2.0_f64) {
        let find = |factor: f64, shift: f64| {
            let cube = |t: f64| Ok::<_, Error>(Sample::Value {
                value: factor * (a * (t + 0.1 * t * t).powi(3)) + shift,
                slope: factor * a * 3.0 * (t + 0.1 * t * t).powi(2) * (1.0 + 0.2 * t),
                data: (),
            });
            let target = factor * 8.0 + shift;
            increasing_root(target, shift, (0.0, 64.0), 5.0, &root::Options::default(), cube).unwrap()
        };
        let plain = find(1.0, 0.0);
        let scaled = find(power_of_two(k), 0.0);
        prop_assert_eq!(plain.t.to_bits(), scaled.t.to_bits());
        prop_assert_eq!(plain.evaluations, scaled.evaluations);
        let moved = find(1.0, shift);
        prop_assert!((moved.t - plain.t).abs() < 1e-8 * plain.t);
    }

    /// Extremes over a ball follow the units of the form and of the ball.
    #[test]
    fn extremes_over_a_ball_have_no_unit(
        n in 1..6usize, form in -50..50i32, length in -20..20i32, seed in any::<u64>(),
    ) {
        let a = hermitian::hermitian_part(sample(n, n, seed).as_ref());
        let c = sample(n, 1, seed ^ 1);
        let (f, l) = (power_of_two(form), power_of_two(length));
        let mut scaled = a.clone();
        ops::scale(scaled.as_mut(), f);
        let vector = |factor: f64| Col::from_fn(n, |i| c[(i, 0)] * factor);
        let plain = max_over_ball(a.as_ref(), vector(1.0).as_ref(), 0.7).unwrap();
        let other = max_over_ball(scaled.as_ref(), vector(l).as_ref(), 0.7 * l).unwrap();
        prop_assert!((other.value / (f * l * l) - plain.value).abs() <= 1e-13 * plain.value.abs());
        let plain = min_quadratic(a.as_ref(), vector(1.0).as_ref(), 0.0, 0.7).unwrap();
        let other = min_quadratic(scaled.as_ref(), vector(f * l).as_ref(), 0.0, 0.7 * l).unwrap();
        prop_assert!((other.value / (f * l * l) - plain.value).abs() <= 1e-13 * plain.value.abs());
    }
}
