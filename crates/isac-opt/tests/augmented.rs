//! Constrained descent on problems whose minimum, multiplier and feasibility are known.

use isac_linalg::{Mat, MatMut, MatRef, c64};
use isac_opt::augmented::{
    Constrained, ContinuationOptions, Feasibility, Options, continuation, minimise,
};
use isac_opt::manifold::Sphere;
use isac_opt::riemannian::{Method, Workspace, bb, rcg};
use isac_opt::{Error, StopReason};

/// Minimise `-|w_1|^2 - 2 |w_2|^2` on the unit sphere of `C^3` subject to `|w_i|^2 >= floors_i`
/// for i = 0, 1. For feasible floors: `w_2` takes what is left, the multipliers are 2 and 1.
struct Shares {
    floors: [f64; 2],
}

impl Constrained<Error> for Shares {
    fn constraints(&self) -> usize {
        2
    }

    fn values(&mut self, w: MatRef<'_, c64>, c: &mut [f64]) -> Result<f64, Error> {
        for i in 0..2 {
            c[i] = self.floors[i] - w[(i, 0)].norm_sqr();
        }
        Ok(-w[(1, 0)].norm_sqr() - 2.0 * w[(2, 0)].norm_sqr())
    }

    fn gradient(
        &mut self,
        w: MatRef<'_, c64>,
        objective: f64,
        weights: &[f64],
        mut g: MatMut<'_, c64>,
    ) -> Result<(), Error> {
        g[(0, 0)] = w[(0, 0)] * (-2.0 * weights[0]);
        g[(1, 0)] = w[(1, 0)] * (-2.0 * objective - 2.0 * weights[1]);
        g[(2, 0)] = w[(2, 0)] * (-4.0 * objective);
        Ok(())
    }
}

fn start() -> Mat<c64> {
    Mat::from_fn(3, 1, |i, _| c64::new(1.0, i as f64 - 0.5))
}

fn sphere() -> Sphere {
    Sphere::new(1.0).expect("1 is positive")
}

#[test]
fn value_and_multipliers_of_a_known_problem_with_every_inner_method() {
    let inner = [
        Options::default().inner,
        Method::Rcg(rcg::Options::default()),
        Method::Bb(bb::Options::default()),
    ];
    for inner in inner {
        let options = Options {
            inner,
            tolerance: 1e-8,
            penalty: 10.0,
            ..Options::default()
        };
        let mut problem = Shares { floors: [0.3, 0.2] };
        let end = minimise(
            &sphere(),
            start().as_ref(),
            &mut problem,
            &options,
            &mut Workspace::default(),
        )
        .unwrap();
        assert_eq!(end.feasibility, Feasibility::Feasible);
        assert_eq!(end.stopped, StopReason::Tolerance);
        assert!(end.violation <= 1e-8, "{}", end.violation);
        assert!((end.value + 0.2 + 2.0 * 0.5).abs() < 1e-6, "{}", end.value);
        let [first, second] = [end.multipliers[0], end.multipliers[1]];
        assert!((first - 2.0).abs() < 1e-5 && (second - 1.0).abs() < 1e-5);
        assert!(end.trace.len() <= 30 && end.trace[0].violation > 1e-3);
        assert!(end.iterations > 0 && end.evaluations > end.iterations);
    }
}

#[test]
fn a_first_penalty_that_starves_a_constrained_entry_is_overcome() {
    // With rho = 0.3 the first round drives w_0 to almost 0, where the constraint has no gradient.
    let mut problem = Shares { floors: [0.3, 0.2] };
    let end = minimise(
        &sphere(),
        start().as_ref(),
        &mut problem,
        &Options::default(),
        &mut Workspace::default(),
    )
    .unwrap();
    assert_eq!(end.feasibility, Feasibility::Feasible);
    assert!((end.value + 1.2).abs() < 1e-4, "{}", end.value);
}

#[test]
fn an_inactive_constraint_gets_no_multiplier() {
    let mut problem = Shares {
        floors: [0.3, -1.0],
    };
    let options = Options {
        penalty: 10.0,
        ..Options::default()
    };
    let end = minimise(
        &sphere(),
        start().as_ref(),
        &mut problem,
        &options,
        &mut Workspace::default(),
    )
    .unwrap();
    assert_eq!(end.feasibility, Feasibility::Feasible);
    assert!(end.multipliers[1].abs() < 1e-12);
    assert!((end.value + 2.0 * 0.7).abs() < 1e-5, "{}", end.value);
}

#[test]
fn infeasible_floors_are_said_to_be_so_with_the_least_violation() {
    // The shares sum to 1, so the best common violation of floors 0.8 and 0.6 in the squared sense
    // is 0.2 on each.
    let mut problem = Shares { floors: [0.8, 0.6] };
    let end = minimise(
        &sphere(),
        start().as_ref(),
        &mut problem,
        &Options::default(),
        &mut Workspace::default(),
    )
    .unwrap();
    assert_eq!(end.feasibility, Feasibility::Infeasible);
    assert!((end.violation - 0.2).abs() < 1e-4, "{}", end.violation);
    // The limit of a spell is no verdict: spells follow each other until the violation stalls.
    let spell = |iterations: usize| {
        let options = Options {
            restoration_iterations: iterations,
            max_rounds: 1,
            ..Options::default()
        };
        let mut problem = Shares { floors: [0.8, 0.6] };
        let workspace = &mut Workspace::default();
        minimise(
            &sphere(),
            start().as_ref(),
            &mut problem,
            &options,
            workspace,
        )
        .unwrap()
    };
    let short = spell(5);
    assert_eq!(short.feasibility, Feasibility::Infeasible);
    assert!(short.violation < 0.25, "{}", short.violation);
    assert_eq!(spell(0).feasibility, Feasibility::Undecided);
}

#[test]
fn a_fixed_penalty_leaves_the_violation_of_theory() {
    // Stationarity of f + rho c^2: c = multiplier / (2 rho) with multipliers 2 and 1.
    let mut problem = Shares { floors: [0.3, 0.2] };
    let mut options = ContinuationOptions {
        penalties: vec![5.0, 10.0],
        ..ContinuationOptions::default()
    };
    options.inner.stop_mut().max_iterations = 2000;
    let end = continuation(
        &sphere(),
        start().as_ref(),
        &mut problem,
        &options,
        &mut Workspace::default(),
    )
    .unwrap();
    assert_eq!(end.trace.len(), 2);
    assert!((end.constraints[0] - 0.1).abs() < 1e-4);
    assert!((end.constraints[1] - 0.05).abs() < 1e-4);
    assert!((end.multipliers[0] - 2.0).abs() < 1e-2);
    assert_eq!(end.feasibility, Feasibility::Undecided);
}

#[test]
fn senseless_options_are_named() {
    let mut problem = Shares { floors: [0.3, 0.2] };
    let options = Options {
        penalty: 0.0,
        ..Options::default()
    };
    let w = start();
    let error = minimise(
        &sphere(),
        w.as_ref(),
        &mut problem,
        &options,
        &mut Workspace::default(),
    )
    .unwrap_err();
    assert!(error.to_string().starts_with("penalty"), "{error}");
    let options = ContinuationOptions {
        penalties: vec![],
        ..ContinuationOptions::default()
    };
    let error = continuation(
        &sphere(),
        w.as_ref(),
        &mut problem,
        &options,
        &mut Workspace::default(),
    )
    .unwrap_err();
    assert!(error.to_string().starts_with("penalties"), "{error}");
}
