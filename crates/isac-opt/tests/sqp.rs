//! The constrained smooth solver on problems with known answers.

use isac_opt::{StopReason, sqp};

fn options() -> sqp::Options {
    sqp::Options::default()
}

/// Hock and Schittkowski's problem 71 with its objective times `factor` plus `constant`: bounds, an
/// inequality and an equality.
fn hs71(factor: f64, constant: f64) -> sqp::Solution {
    let evaluate = |x: &[f64], p: &mut sqp::Point| {
        let s = x[0] + x[1] + x[2];
        p.objective = x[0] * x[3] * s + x[2];
        p.gradient.copy_from_slice(&[
            x[3] * s + x[0] * x[3],
            x[0] * x[3],
            x[0] * x[3] + 1.0,
            x[0] * s,
        ]);
        let squares: f64 = x.iter().map(|x| x * x).sum();
        p.constraints[0] = squares - 40.0;
        p.constraints[1] = 25.0 - x.iter().product::<f64>();
        p.jacobian.fill(0.0);
        for i in 0..4 {
            p.jacobian[i] = 2.0 * x[i];
            p.jacobian[4 + i] = -(0..4).filter(|&j| j != i).map(|j| x[j]).product::<f64>();
            p.constraints[2 + i] = 1.0 - x[i];
            p.jacobian[4 * (2 + i) + i] = -1.0;
            p.constraints[6 + i] = x[i] - 5.0;
            p.jacobian[4 * (6 + i) + i] = 1.0;
        }
        p.objective = factor * p.objective + constant;
        p.gradient.iter_mut().for_each(|g| *g *= factor);
    };
    sqp::solve(evaluate, &[1.0, 5.0, 5.0, 1.0], 10, 1, &options()).unwrap()
}

/// The unit of the objective moves no digit of the point beyond rounding, nor does a constant.
#[test]
fn the_objectives_unit_and_origin_do_not_matter() {
    let plain = hs71(1.0, 0.0);
    for exponent in [-15, -9, -3, 4, 15] {
        let factor = 10.0_f64.powi(exponent);
        let scaled = hs71(factor, 0.0);
        let shifted = hs71(factor, 30.0 * factor);
        assert_eq!(scaled.stopped, plain.stopped, "1e{exponent}");
        for i in 0..4 {
            assert!(
                (scaled.x[i] - plain.x[i]).abs() < 1e-10,
                "1e{exponent}: {scaled:?}"
            );
            assert!(
                (shifted.x[i] - plain.x[i]).abs() < 1e-7,
                "1e{exponent}: {shifted:?}"
            );
        }
        assert!((scaled.objective / factor - plain.objective).abs() < 1e-9 * plain.objective);
        // The multipliers carry the unit.
        for (a, b) in scaled.multipliers.iter().zip(&plain.multipliers) {
            assert!(
                (a / factor - b).abs() < 1e-6 * (1.0 + b.abs()),
                "{a:e} {b:e}"
            );
        }
    }
}

/// The smallest change of a variable that a huge constant hides is what is lost, and no more is claimed.
#[test]
fn a_huge_constant_costs_digits_but_not_the_answer() {
    let found = hs71(1.0, 1e6);
    assert!(
        (found.objective - 1e6 - 17.014_017_3).abs() < 1e-3,
        "{found:?}"
    );
}

/// No slope anywhere is an optimum; no number is none.
#[test]
fn numbers_that_overflow_on_the_way_end_without_a_panic() {
    let evaluate = |x: &[f64], p: &mut sqp::Point| {
        p.objective = x[0];
        p.gradient[0] = 1.0;
        p.constraints[0] = 1e300 - 1e300 * x[0] * x[0];
        p.jacobian[0] = -2e300 * x[0];
    };
    let found = sqp::solve(evaluate, &[0.5], 1, 0, &options()).unwrap();
    assert!(
        found.x[0].is_finite() && !found.violation.is_nan(),
        "{found:?}"
    );
}

#[test]
fn hs71_is_solved_to_its_published_optimum() {
    let found = hs71(1.0, 0.0);
    assert!(found.stopped.converged(), "{found:?}");
    assert!(
        (found.objective - 17.014_017_3).abs() < 1e-6,
        "{}",
        found.objective
    );
    assert!(found.violation < 1e-8);
}

/// Full steps from the circle raise objective and violation at once; without the correction the
/// merit rejects them all (Maratos).
#[test]
fn the_circle_of_maratos_needs_few_steps() {
    let evaluate = |x: &[f64], p: &mut sqp::Point| {
        let square = x[0] * x[0] + x[1] * x[1] - 1.0;
        p.objective = 2.0 * square - x[0];
        p.gradient.copy_from_slice(&[4.0 * x[0] - 1.0, 4.0 * x[1]]);
        p.constraints[0] = square;
        p.jacobian.copy_from_slice(&[2.0 * x[0], 2.0 * x[1]]);
    };
    let start = [0.8_f64.cos(), 0.8_f64.sin()];
    let found = sqp::solve(evaluate, &start, 1, 1, &options()).unwrap();
    assert!((found.x[0] - 1.0).abs() < 1e-6 && found.violation < 1e-8);
    assert!(found.iterations < 30, "{}", found.iterations);
}

/// `max(|x_1|, |x_2 - 1|^2)`-like kinks as a smooth program, from far outside.
#[test]
fn a_linear_program_is_solved_from_an_infeasible_start() {
    // max x + 2 y, x + y <= 4, x <= 3, y <= 2, x, y >= 0.
    let rows = [[1.0, 1.0], [1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]];
    let bounds = [4.0, 3.0, 2.0, 0.0, 0.0];
    let evaluate = |x: &[f64], p: &mut sqp::Point| {
        p.objective = -x[0] - 2.0 * x[1];
        p.gradient.copy_from_slice(&[-1.0, -2.0]);
        for i in 0..5 {
            p.constraints[i] = rows[i][0] * x[0] + rows[i][1] * x[1] - bounds[i];
            p.jacobian[2 * i..2 * i + 2].copy_from_slice(&rows[i]);
        }
    };
    let found = sqp::solve(evaluate, &[-30.0, 50.0], 5, 0, &options()).unwrap();
    assert!((found.objective + 6.0).abs() < 1e-8, "{found:?}");
    assert!((found.multipliers[0] - 1.0).abs() < 1e-6 && (found.multipliers[2] - 1.0).abs() < 1e-6);
}

/// A valley of curvature ratio 1e10, the kind that an almost nonsmooth maximum makes.
#[test]
fn steep_curvature_is_tolerated() {
    let steep = 1e10;
    let evaluate = |x: &[f64], p: &mut sqp::Point| {
        let kink = (x[0] * x[0] + 1.0 / steep).sqrt();
        p.objective = kink + 0.5 * (x[1] - 1.0).powi(2) + 0.1 * x[0];
        p.gradient.copy_from_slice(&[x[0] / kink + 0.1, x[1] - 1.0]);
        p.constraints[0] = x[1] - 0.5;
        p.jacobian.copy_from_slice(&[0.0, 1.0]);
    };
    let found = sqp::solve(evaluate, &[3.0, -2.0], 1, 0, &options()).unwrap();
    assert!(
        found.x[0].abs() < 1e-4 && (found.x[1] - 0.5).abs() < 1e-7,
        "{found:?}"
    );
}

/// Infeasible constraints end at a point of least violation, and say so.
#[test]
fn infeasible_problems_end_at_the_least_violation() {
    let evaluate = |x: &[f64], p: &mut sqp::Point| {
        p.objective = x[0] * x[0];
        p.gradient[0] = 2.0 * x[0];
        p.constraints.copy_from_slice(&[x[0] + 1.0, 2.0 - x[0]]);
        p.jacobian.copy_from_slice(&[1.0, -1.0]);
    };
    let found = sqp::solve(evaluate, &[9.0], 2, 0, &options()).unwrap();
    assert!(!found.stopped.converged() || found.stopped == StopReason::SmallStep);
    assert!(
        found.violation >= 1.5 - 1e-6 && found.violation <= 3.0 + 1e-6,
        "{found:?}"
    );
}

#[test]
fn bad_input_is_named() {
    let evaluate = |_: &[f64], p: &mut sqp::Point| p.objective = 0.0;
    let text = |r: Result<sqp::Solution, isac_opt::Error>| r.unwrap_err().to_string();
    assert!(text(sqp::solve(evaluate, &[], 0, 0, &options())).contains("variables"));
    assert!(text(sqp::solve(evaluate, &[f64::NAN], 0, 0, &options())).contains("start"));
    assert!(text(sqp::solve(evaluate, &[0.0], 0, 1, &options())).contains("equalities"));
    let wrong = sqp::Options {
        tolerance: 0.0,
        ..options()
    };
    assert!(text(sqp::solve(evaluate, &[0.0], 0, 0, &wrong)).contains("tolerance"));
    let nan = |_: &[f64], p: &mut sqp::Point| p.objective = f64::NAN;
    assert!(text(sqp::solve(nan, &[0.0], 0, 0, &options())).contains("not finite"));
}

/// A bar in reach changes nothing; one far below what the pace promises ends the run.
#[test]
fn a_bar_out_of_reach_ends_the_run_and_one_in_reach_does_not() {
    let rosenbrock = |x: &[f64], p: &mut sqp::Point| {
        let (a, b) = (1.0 - x[0], x[1] - x[0] * x[0]);
        p.objective = a * a + 100.0 * b * b;
        p.gradient
            .copy_from_slice(&[-2.0 * a - 400.0 * x[0] * b, 200.0 * b]);
    };
    let run = |bar| {
        let options = sqp::Options { bar, ..options() };
        sqp::solve(rosenbrock, &[-1.2, 1.0], 0, 0, &options)
    };
    let (free, reachable) = (run(None).unwrap(), run(Some(1.0)).unwrap());
    assert!(
        free.stopped.converged() && free.objective < 1e-8,
        "{free:?}"
    );
    assert_eq!(free, reachable);
    let hopeless = run(Some(-1e6)).unwrap();
    assert_eq!(hopeless.stopped, StopReason::Hopeless);
    assert!(hopeless.iterations < free.iterations);
    assert!(run(Some(f64::NAN)).unwrap_err().to_string().contains("bar"));
}
