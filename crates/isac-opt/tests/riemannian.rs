//! The descent methods on problems whose minimum is known.

use isac_linalg::{Mat, MatMut, MatRef, c64, factor, hermitian, ops};
use isac_opt::manifold::{Manifold, Oblique, Product, Sphere};
use isac_opt::riemannian::{Method, Minimum, Workspace, bb, lbfgs, rcg};
use isac_opt::{Error, StopReason, drive::Stop};

/// A deterministic matrix without structure.
fn sample(rows: usize, cols: usize, seed: f64) -> Mat<c64> {
    Mat::from_fn(rows, cols, |i, j| {
        let x = (i as f64 + 1.7) * (j as f64 + 2.3) + seed;
        c64::new((12.9898 * x).sin(), (78.233 * x).cos())
    })
}

fn hermitian_sample(n: usize) -> Mat<c64> {
    hermitian::hermitian_part(sample(n, n, 0.3).as_ref())
}

fn methods() -> [Method; 3] {
    let mut all = [
        Method::Rcg(rcg::Options::default()),
        Method::Lbfgs(lbfgs::Options::default()),
        Method::Bb(bb::Options::default()),
    ];
    for method in &mut all {
        *method.stop_mut() = Stop {
            gradient: 1e-7,
            max_iterations: 3000,
            ..Stop::default()
        };
    }
    all
}

/// Runs with fresh memory.
fn run<M, F>(method: &Method, manifold: &M, start: &Mat<c64>, f: F) -> Result<Minimum, Error>
where
    M: Manifold,
    F: FnMut(MatRef<'_, c64>, MatMut<'_, c64>) -> Result<f64, Error>,
{
    method.minimise(manifold, start.as_ref(), f, &mut Workspace::default())
}

/// `tr(W^H A W) / 2` and its gradient `A W`.
fn quadratic(a: &Mat<c64>) -> impl FnMut(MatRef<'_, c64>, MatMut<'_, c64>) -> Result<f64, Error> {
    |w, mut g| {
        let (one, plain) = (c64::ONE, ops::Op::Plain);
        ops::gemm(g.as_mut(), false, one, a.as_ref(), plain, w, plain);
        Ok(0.5 * ops::inner(w, g.as_ref()))
    }
}

#[test]
fn the_rayleigh_quotient_ends_at_the_least_eigenvalue() {
    let a = hermitian_sample(12);
    let eigen = factor::eigh(a.as_ref()).unwrap();
    let power = 3.0;
    let sphere = Sphere::new(power).unwrap();
    for method in methods() {
        let least = run(&method, &sphere, &sample(12, 2, 1.0), quadratic(&a)).unwrap();
        let expected = 0.5 * power * eigen.values[0];
        assert!((least.value - expected).abs() < 1e-10, "{method:?}");
        assert_eq!(
            least.stopped,
            StopReason::Tolerance,
            "{method:?} {:e} after {}",
            least.gradient_norm,
            least.iterations
        );
        assert!((ops::norm2(least.point.as_ref()) - power).abs() < 1e-12);
        // Every column is a multiple of the eigenvector.
        let vector = eigen.vectors.as_ref().subcols(0, 1);
        let along = ops::adjoint_mul(vector, least.point.as_ref());
        assert!((ops::norm2(along.as_ref()) - power).abs() < 1e-9);
    }
}

#[test]
fn monotone_methods_never_rise_and_the_trace_is_complete() {
    let a = hermitian_sample(20);
    let sphere = Sphere::new(1.0).unwrap();
    for method in &methods()[..2] {
        let run = run(method, &sphere, &sample(20, 3, 2.0), quadratic(&a)).unwrap();
        assert_eq!(run.trace.len(), run.iterations);
        assert!(run.evaluations > run.iterations);
        for pair in run.trace.windows(2) {
            assert!(pair[1].objective <= pair[0].objective);
        }
    }
}

#[test]
fn each_row_of_an_oblique_manifold_finds_its_own_minimum() {
    // Minimise Re tr(C^H W): row i ends at -sqrt(p_i) c_i / ||c_i||.
    let c = sample(4, 3, 5.0);
    let powers = [0.5, 1.0, 2.0, 4.0];
    let rows = Oblique::rows(powers.to_vec()).unwrap();
    let linear = |w: MatRef<'_, c64>, mut g: MatMut<'_, c64>| -> Result<f64, Error> {
        g.copy_from(&c);
        Ok(ops::inner(c.as_ref(), w))
    };
    let expected: f64 = (0..4)
        .map(|i| -(powers[i] * ops::norm2(c.as_ref().subrows(i, 1))).sqrt())
        .sum();
    for method in methods() {
        let run = run(&method, &rows, &sample(4, 3, 9.0), linear).unwrap();
        let error = run.value - expected;
        assert!(error.abs() < 1e-9, "{method:?} {error}");
    }
}

#[test]
fn a_product_minimises_both_sides() {
    let a = hermitian_sample(6);
    let least = factor::eigvalsh(a.as_ref()).unwrap()[0];
    let right = Oblique::column_groups(2, vec![2.0, 3.0]).unwrap();
    let both = Product::new(Sphere::new(1.0).unwrap(), 1, right);
    for method in methods() {
        let run = run(&method, &both, &sample(6, 5, 4.0), quadratic(&a)).unwrap();
        let error = run.value - 0.5 * 6.0 * least;
        assert!(error.abs() < 1e-9, "{method:?} {error}");
    }
}

#[test]
fn failing_or_nan_trials_shorten_the_step() {
    // -log(Re w - 0.6) on the unit circle fails for Re w <= 0.6; least at w = 1.
    let circle = Sphere::new(1.0).unwrap();
    let barrier = |fail: bool| {
        move |w: MatRef<'_, c64>, mut g: MatMut<'_, c64>| -> Result<f64, Error> {
            let slack = w[(0, 0)].re - 0.6;
            g[(0, 0)] = c64::new(-1.0 / slack, 0.0);
            if slack > 0.0 {
                return Ok(-slack.ln());
            }
            let (what, iteration) = ("barrier", 0);
            if fail {
                Err(Error::NonFinite { what, iteration })
            } else {
                Ok(f64::NAN)
            }
        }
    };
    let at = |angle: f64| Mat::from_fn(1, 1, |_, _| c64::from_polar(1.0, angle));
    for method in methods() {
        for fail in [true, false] {
            let run = run(&method, &circle, &at(0.9), barrier(fail)).unwrap();
            assert!((run.value + 0.4_f64.ln()).abs() < 1e-9, "{method:?}");
        }
        let what = |e: Error| match e {
            Error::NonFinite { what, iteration: 0 } => what,
            other => panic!("{other}"),
        };
        let nan = run(&method, &circle, &at(2.0), barrier(false)).unwrap_err();
        assert_eq!(what(nan), "objective");
        let own = run(&method, &circle, &at(2.0), barrier(true)).unwrap_err();
        assert_eq!(what(own), "barrier");
    }
}

#[test]
fn bad_input_is_named() {
    let sphere = Sphere::new(1.0).unwrap();
    let a = hermitian_sample(3);
    for method in methods() {
        let mut nan = sample(3, 1, 0.0);
        nan[(1, 0)] = c64::new(f64::NAN, 0.0);
        let error = run(&method, &sphere, &nan, quadratic(&a)).unwrap_err();
        assert!(error.to_string().contains("start: entry (1, 0)"), "{error}");
        let error = run(&method, &sphere, &Mat::zeros(3, 0), quadratic(&a)).unwrap_err();
        assert!(error.to_string().contains("at least 1 x 1"), "{error}");
    }
    assert!(Sphere::new(0.0).is_err() && Sphere::new(f64::NAN).is_err());
    assert!(Oblique::rows(vec![]).is_err() && Oblique::rows(vec![1.0, -1.0]).is_err());
    assert!(Oblique::column_groups(0, vec![1.0]).is_err());
    let rows = Oblique::rows(vec![1.0; 4]).unwrap();
    assert!(rows.check_shape(3, 2).is_err() && rows.check_shape(4, 2).is_ok());
    let product = Product::new(sphere, 2, sphere);
    assert!(product.check_shape(3, 1).is_err() && product.check_shape(3, 2).is_err());
}

#[test]
fn a_start_at_the_minimum_takes_no_iteration_and_a_limit_of_zero_is_kept() {
    let sphere = Sphere::new(1.0).unwrap();
    let a = Mat::from_fn(2, 2, |i, j| {
        c64::from(if i == j { 1.0 + i as f64 } else { 0.0 })
    });
    for mut method in methods() {
        let start = Mat::from_fn(2, 1, |i, _| c64::from(1.0 - i as f64));
        let least = run(&method, &sphere, &start, quadratic(&a)).unwrap();
        assert_eq!(
            (least.iterations, least.stopped),
            (0, StopReason::Tolerance)
        );
        method.stop_mut().max_iterations = 0;
        let none = run(&method, &sphere, &sample(2, 1, 0.0), quadratic(&a)).unwrap();
        assert_eq!(
            (none.iterations, none.stopped),
            (0, StopReason::IterationLimit)
        );
    }
}

#[test]
fn a_target_ends_the_run_early() {
    let a = hermitian_sample(12);
    let sphere = Sphere::new(1.0).unwrap();
    for mut method in methods() {
        method.stop_mut().target = Some(0.0);
        let run = run(&method, &sphere, &sample(12, 1, 1.0), quadratic(&a)).unwrap();
        assert!(run.value <= 0.0 && run.stopped == StopReason::Tolerance);
        assert!(run.gradient_norm > 1e-3);
    }
}

#[test]
fn iterations_allocate_nothing_once_the_workspace_is_warm() {
    let a = hermitian_sample(16);
    let sphere = Sphere::new(1.0).unwrap();
    let start = sample(16, 2, 1.0);
    for mut method in methods() {
        let mut workspace = Workspace::default();
        let mut allocations = |iterations| {
            *method.stop_mut() = Stop {
                max_iterations: iterations,
                gradient: 0.0,
                stall_steps: 0,
                ..Stop::default()
            };
            let mut done = 0;
            let info = allocation_counter::measure(|| {
                let f = quadratic(&a);
                let run = method.minimise(&sphere, start.as_ref(), f, &mut workspace);
                done = run.unwrap().iterations;
            });
            assert_eq!(done, iterations);
            info.count_total
        };
        allocations(30);
        // The returned point and the trace.
        assert_eq!((allocations(5), allocations(25)), (2, 2));
    }
}
