//! From a validated program to a verified outcome.

use super::certificate;
use super::ipm::{self, Ended, Limits, Run, Standard};
use super::lower;
use super::outcome::{Form, Options, Outcome, Solution, Unknown, Why};
use super::program::Program;
use super::reduce::{self, Reduced};
use crate::Error;

/// Solves a program that passed validation.
pub(super) fn solve(program: &Program, options: &Options) -> Result<Outcome, Error> {
    let reduced = if options.reduce {
        reduce::reduce(program)?
    } else {
        None
    };
    let smaller = reduced.as_ref().map_or(program, |r| &r.program);
    let form = match options.form {
        Form::Auto => lower::choose(smaller),
        form => form,
    };
    let outcome = attempt(program, reduced.as_ref(), form, options);
    let solution = outcome.solution();
    tracing::debug!(
        verdict = outcome.name(),
        worst = solution.map(|s| s.dimacs.worst()),
        iterations = solution.map(|s| s.iterations),
        "conic outcome"
    );
    Ok(outcome)
}

fn attempt(program: &Program, reduced: Option<&Reduced>, form: Form, options: &Options) -> Outcome {
    let smaller = reduced.map_or(program, |r| &r.program);
    let lowered = lower::lower(smaller, form);
    if let Some(run) = empty_row(&lowered.standard) {
        return verdict(program, reduced, lowered.form, &run, options);
    }
    let limits = Limits {
        tolerance: options.tolerance,
        ray_tolerance: options.ray_tolerance,
        max_iterations: options.max_iterations,
    };
    let mut solver = ipm::Solver::new(&lowered.standard, options.reduce);
    let judge = |run: Run| verdict(program, reduced, lowered.form, &run, options);
    let mut outcome = judge(solver.solve(&limits));
    if options.extend && falls_short(&outcome, options) && solver.can_extend() {
        outcome = solver
            .extend(&limits)
            .into_iter()
            .map(judge)
            .fold(outcome, better);
        if matches!(outcome, Outcome::Inaccurate(_) | Outcome::Unknown(_)) {
            outcome = solver
                .extend(&limits)
                .into_iter()
                .map(judge)
                .fold(outcome, better);
        }
    }
    outcome
}

/// Whether an outcome lacks an answer, or one within ten times the tolerance.
fn falls_short(outcome: &Outcome, options: &Options) -> bool {
    match outcome {
        Outcome::Solved(solution) => solution.dimacs.worst() > 10.0 * options.tolerance,
        Outcome::Inaccurate(_)
        | Outcome::NoPointBelow(_)
        | Outcome::NoMultipliersBelow(_)
        | Outcome::IllPosed(_)
        | Outcome::Unknown(_) => true,
        Outcome::Infeasible(_) | Outcome::Unbounded(_) => false,
    }
}

/// The outcome that says more; the more accurate one of two points.
fn better(first: Outcome, second: Outcome) -> Outcome {
    let worst = |outcome: &Outcome| match outcome {
        Outcome::Infeasible(_) | Outcome::Unbounded(_) => 0.0,
        Outcome::NoPointBelow(_) | Outcome::NoMultipliersBelow(_) | Outcome::IllPosed(_) => 1.0,
        Outcome::Unknown(unknown) => unknown
            .last
            .as_ref()
            .map_or(f64::INFINITY, |s| s.dimacs.worst()),
        Outcome::Solved(s) | Outcome::Inaccurate(s) => s.dimacs.worst(),
    };
    if worst(&second) <= worst(&first) && (!first.is_solved() || second.is_solved()) {
        second
    } else {
        first
    }
}

/// A row (or free variable) without any coefficient but with a right side (or cost) is a proof by
/// itself.
fn empty_row(standard: &Standard) -> Option<Run> {
    let rows = standard.b.len();
    let mut used = vec![false; rows];
    for data in &standard.matrices {
        for (row, entries) in data.pool.iter().chain(&data.explicit) {
            used[*row] |= !entries.is_empty();
        }
    }
    let columns = standard
        .linear
        .iter()
        .chain(standard.cones.iter().flatten());
    for column in columns.chain(&standard.free) {
        for &(row, _) in &column.a {
            used[row] = true;
        }
    }
    let (mut y, mut free) = (vec![0.0; rows], vec![0.0; standard.free.len()]);
    let empty = |column: &ipm::Column| column.a.is_empty() && column.c != 0.0;
    let ended = if let Some(row) = (0..rows).find(|&i| !used[i] && standard.b[i] != 0.0) {
        y[row] = standard.b[row].signum();
        Ended::DualRay
    } else {
        let k = standard.free.iter().position(empty)?;
        free[k] = -standard.free[k].c.signum();
        Ended::PrimalRay
    };
    let zeros = |n: usize| isac_linalg::Mat::zeros(n, n);
    Some(Run {
        ended,
        iterations: 0,
        matrices: standard
            .matrices
            .iter()
            .map(|data| (zeros(data.n), zeros(data.n)))
            .collect(),
        linear: (
            vec![0.0; standard.linear.len()],
            vec![0.0; standard.linear.len()],
        ),
        cones: standard
            .cones
            .iter()
            .map(|cone| (vec![0.0; cone.len()], vec![0.0; cone.len()]))
            .collect(),
        free,
        y,
        ray_like: true,
    })
}

fn verdict(
    program: &Program,
    reduced: Option<&Reduced>,
    form: Form,
    run: &Run,
    options: &Options,
) -> Outcome {
    let smaller = reduced.map_or(program, |r| &r.program);
    let point = {
        let point = lower::point(smaller, form, run);
        match reduced {
            Some(reduced) => reduced.expand(point),
            None => point,
        }
    };
    let multipliers = lower::multipliers(smaller, form, run);
    if run.ray_like || matches!(run.ended, Ended::PrimalRay | Ended::DualRay) {
        let excluded = certificate::excluded(program, multipliers, run.iterations, options)
            .or_else(|| certificate::unlimited(program, point, run.iterations, options));
        return excluded.unwrap_or(Outcome::Unknown(Unknown {
            why: why(run.ended),
            last: None,
        }));
    }
    let report = certificate::report(program, &point, &multipliers);
    let sign = if program.maximise { -1.0 } else { 1.0 };
    let solution = Solution {
        point,
        multipliers,
        objective: sign * report.primal,
        dual_objective: sign * report.dual,
        dimacs: report.dimacs,
        bound: report.bound.map(|bound| sign * bound),
        iterations: run.iterations,
        reductions: reduced.map_or_else(Vec::new, |r| r.reports(program)),
        maximised: program.maximise,
    };
    let worst = report.dimacs.worst();
    if worst <= options.accept.max(10.0 * options.tolerance) {
        Outcome::Solved(solution)
    } else if worst <= options.accept_inaccurate {
        Outcome::Inaccurate(solution)
    } else {
        Outcome::Unknown(Unknown {
            why: why(run.ended),
            last: Some(Box::new(solution)),
        })
    }
}

fn why(ended: Ended) -> Why {
    match ended {
        Ended::IterationLimit => Why::IterationLimit,
        Ended::Numerical => Why::Numerical,
        _ => Why::Stalled,
    }
}
