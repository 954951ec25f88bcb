//! From a validated program to a verified outcome.

use isac_linalg::validate;

use super::certificate;
use super::elastic;
use super::equations;
use super::ipm::{self, Ended, Limits, Run, Standard};
use super::lower;
use super::outcome::{
    Farkas, Form, IllPosed, Multipliers, Options, Outcome, Point, Solution, Unknown, Why,
};
use super::program::{Program, Sense};
use super::reduce::{self, Reduced};
use super::zeros::{self, Shown};
use crate::Error;

/// Whether the caller has had enough.
type Stop<'a> = &'a dyn Fn() -> bool;

/// Largest size of a point beside the constants and the value from which a gap is suspected.
const SUSPICIOUS: f64 = 1e4;
/// Relative difference of two values of one program from which they are two.
const APART: f64 = 1e-5;

impl Program {
    /// Solves the program by the interior-point method of this crate.
    ///
    /// The verdict is not the method's own: points and rays are recomputed by
    /// [`super::certificate`] on the program as written.
    ///
    /// # Errors
    /// Bad input only: no variable at all, a coefficient of the wrong size, an entry that is not
    /// finite, a matrix that is not Hermitian, a variable of another program
    /// ([`Error::Foreign`]), an option out of range. The message names the variable or constraint.
    pub fn solve(&self, options: &Options) -> Result<Outcome, Error> {
        self.solve_until(options, &|| false)
    }

    /// As [`Program::solve`], until `stop` says so: it is asked before every iteration, and the outcome is then
    /// judged at the best point so far, [`Outcome::Inaccurate`] where its errors allow that and otherwise
    /// [`Outcome::Unknown`] with that point and [`Why::Stopped`]. A limit of time or a button is the caller's to
    /// make; this crate reads no clock.
    ///
    /// # Errors
    /// As [`Program::solve`].
    pub fn solve_until(
        &self,
        options: &Options,
        stop: &dyn Fn() -> bool,
    ) -> Result<Outcome, Error> {
        self.validate()?;
        check_options(options)?;
        solve(self, options, stop)
    }
}

fn check_options(options: &Options) -> Result<(), Error> {
    for (name, value) in [
        ("tolerance", options.tolerance),
        ("accept", options.accept),
        ("accept_inaccurate", options.accept_inaccurate),
        ("ray_tolerance", options.ray_tolerance),
    ] {
        validate::positive(name, value, "")?;
    }
    if options.max_iterations == 0 {
        return Err(isac_linalg::Error::range("max_iterations", 0.0, "at least 1").into());
    }
    Ok(())
}

/// Solves a program that passed validation.
fn solve(program: &Program, options: &Options, stop: Stop<'_>) -> Result<Outcome, Error> {
    let outcome = once(program, options, stop)?;
    if stop() {
        return Ok(outcome);
    }
    match zeros::shown(program) {
        Some(Shown::Nothing) => return Ok(excluded_by_zeros(program, outcome)),
        Some(Shown::Face(face)) => {
            let inner = solve(&face, options, stop)?;
            return Ok(on_face(program, outcome, inner));
        }
        None => {}
    }
    let accurate = outcome.is_solved();
    match outcome {
        Outcome::Solved(solution) | Outcome::Inaccurate(solution)
            if suspicious(program, &solution) =>
        {
            // An interior point leaves no gap.
            let apart = once(&elastic::elastic(program), options, stop)?;
            let Some(room) = apart.solution() else {
                return Ok(Outcome::Unknown(Unknown {
                    why: Why::Numerical,
                    last: Some(Box::new(solution)),
                }));
            };
            if certificate::interior(program, &room.point) {
                return Ok(graded(solution, accurate));
            }
            Ok(Outcome::IllPosed(Box::new(IllPosed {
                value: None,
                dual_value: Some(solution.dual_objective),
                support: None,
                dual_support: Some(Box::new(solution)),
            })))
        }
        Outcome::Unknown(_) | Outcome::NoPointBelow(_) | Outcome::Inaccurate(_) => {
            // The verdict on feasibility does not hang on the objective.
            let apart = once(&elastic::elastic(program), options, stop)?;
            if let Some(found) = apart.into_solution().ok().filter(|s| s.objective > 0.0) {
                let own = elastic::own_multipliers(program, found.multipliers);
                if let Some(Outcome::Infeasible(proof)) =
                    certificate::excluded(program, own, found.iterations, options)
                {
                    return Ok(Outcome::Infeasible(proof));
                }
            }
            Ok(outcome)
        }
        Outcome::Solved(_)
        | Outcome::Infeasible(_)
        | Outcome::Unbounded(_)
        | Outcome::NoMultipliersBelow(_)
        | Outcome::IllPosed(_) => Ok(outcome),
    }
}

/// A point as solved or inaccurate, by its errors.
fn graded(solution: Solution, accurate: bool) -> Outcome {
    if accurate {
        Outcome::Solved(solution)
    } else {
        Outcome::Inaccurate(solution)
    }
}

/// Whether a variable is so large beside constants and matrix variables that constraints may have slipped, and its cost does
/// not account for that: the sign of a value that belongs to the dual alone. Variables are measured by what
/// they add to the matrix inequalities and to the objective.
fn suspicious(program: &Program, solution: &Solution) -> bool {
    let equations = program.rows.iter().any(|row| row.sense == Sense::Equal);
    if program.lmis.is_empty() || equations {
        return false;
    }
    let constants = certificate::constants(program);
    let other = constants.max(certificate::matrix_share(program, &solution.point));
    let value = solution.objective.abs();
    let mut costs = vec![0.0; program.scalars.len()];
    for &(id, cost) in &program.objective.scalars {
        costs[id] += cost;
    }
    let scalars = &solution.point.scalars;
    let sizes = certificate::scalar_sizes(program);
    let accounted = |id: usize| {
        let share = (costs[id] * scalars[id]).abs();
        share > 0.0 && share <= SUSPICIOUS * value && value <= SUSPICIOUS * share
    };
    let traces = solution.point.matrices.iter().map(|x| x.trace().abs());
    (0..scalars.len())
        .any(|id| (sizes[id] * scalars[id]).abs() > SUSPICIOUS * other && !accounted(id))
        || traces.fold(0.0, f64::max) > SUSPICIOUS * constants.max(value)
}

/// What the scalars add to the objective at a point, all with one sign: beside it a difference of two values
/// shows whatever the units are.
fn objective_unit(program: &Program, point: &Point) -> f64 {
    let terms = program.objective.scalars.iter();
    terms.map(|&(id, c)| (c * point.scalars[id]).abs()).sum()
}

/// The verdict on a program from that on its face, whose points are the same.
fn on_face(program: &Program, outcome: Outcome, inner: Outcome) -> Outcome {
    match inner {
        Outcome::Solved(support) | Outcome::Inaccurate(support) => {
            let same = outcome.solution().is_some_and(|own| {
                let (a, b) = (own.objective, support.objective);
                let unit = a.abs()
                    + b.abs()
                    + objective_unit(program, &own.point)
                    + objective_unit(program, &support.point);
                let gap = |s: &Solution| (s.objective - s.dual_objective).abs();
                (a - b).abs() <= APART * unit + 10.0 * (gap(own) + gap(&support))
            });
            if same {
                return outcome;
            }
            let dual = outcome.into_solution().ok();
            Outcome::IllPosed(Box::new(IllPosed {
                value: Some(support.objective),
                dual_value: dual.as_ref().map(|own| own.dual_objective),
                support: Some(Box::new(support)),
                dual_support: dual.map(Box::new),
            }))
        }
        Outcome::Infeasible(_) => excluded_by_zeros(program, outcome),
        // Directions of the face are directions of the program.
        Outcome::Unbounded(ray) => Outcome::Unbounded(ray),
        Outcome::IllPosed(inner) => Outcome::IllPosed(inner),
        Outcome::NoPointBelow(_) | Outcome::NoMultipliersBelow(_) | Outcome::Unknown(_) => {
            match outcome {
                Outcome::Solved(own) | Outcome::Inaccurate(own) => {
                    Outcome::IllPosed(Box::new(IllPosed {
                        value: None,
                        dual_value: Some(own.dual_objective),
                        support: None,
                        dual_support: Some(Box::new(own)),
                    }))
                }
                other => other,
            }
        }
    }
}

/// Infeasibility that the face proves: the multipliers on the program as written come near it at best.
fn excluded_by_zeros(program: &Program, outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::Infeasible(farkas) => Outcome::Infeasible(farkas),
        Outcome::NoPointBelow(farkas) => Outcome::Infeasible(Farkas {
            radius: f64::INFINITY,
            ..farkas
        }),
        Outcome::Solved(_)
        | Outcome::Inaccurate(_)
        | Outcome::Unbounded(_)
        | Outcome::NoMultipliersBelow(_)
        | Outcome::IllPosed(_)
        | Outcome::Unknown(_) => Outcome::Infeasible(Farkas {
            multipliers: Multipliers::zeros(program),
            error: f64::INFINITY,
            radius: f64::INFINITY,
            iterations: 0,
        }),
    }
}

/// One solve, its outcome verified on the program as written.
fn once(program: &Program, options: &Options, stop: Stop<'_>) -> Result<Outcome, Error> {
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
    let outcome = attempt(program, reduced.as_ref(), form, options, stop);
    let solution = outcome.solution();
    tracing::debug!(
        verdict = outcome.name(),
        worst = solution.map(|s| s.dimacs.worst()),
        iterations = solution.map(|s| s.iterations),
        "conic outcome"
    );
    Ok(outcome)
}

fn attempt(
    program: &Program,
    reduced: Option<&Reduced>,
    form: Form,
    options: &Options,
    stop: Stop<'_>,
) -> Outcome {
    let smaller = reduced.map_or(program, |r| &r.program);
    let lowered = lower::lower(smaller, form);
    if let Some(run) = empty_row(&lowered.standard) {
        return verdict(program, reduced, lowered.form, &run, options);
    }
    let limits = Limits {
        tolerance: options.tolerance,
        ray_tolerance: options.ray_tolerance,
        max_iterations: options.max_iterations,
        stop,
    };
    let judge = |run: Run| verdict(program, reduced, lowered.form, &run, options);
    if let Some(candidates) = equations::candidates(&lowered.standard) {
        let outcomes = candidates.into_iter().map(judge);
        let answer = outcomes.reduce(|first, second| {
            if falls_short(&first, options) {
                better(first, second)
            } else {
                first
            }
        });
        if let Some(answer) = answer {
            return answer;
        }
    }
    let mut solver = ipm::Solver::new(&lowered.standard, options.reduce, true);
    let outcome = pursue(&mut solver, &judge, &limits, options);
    if solver.has_units() && falls_short(&outcome, options) && !stop() {
        // Small in natural units need not be small in those of the program.
        let mut solver = ipm::Solver::new(&lowered.standard, options.reduce, false);
        return better(outcome, pursue(&mut solver, &judge, &limits, options));
    }
    outcome
}

/// Runs in doubles and, where that falls short, in 31 digits.
fn pursue(
    solver: &mut ipm::Solver<'_>,
    judge: &dyn Fn(Run) -> Outcome,
    limits: &Limits<'_>,
    options: &Options,
) -> Outcome {
    let mut outcome = judge(solver.solve(limits));
    let short = falls_short(&outcome, options) && !(limits.stop)();
    if options.extend && short && solver.can_extend() {
        // A ray without a proof may hide points that are merely large: on until its error is below
        // what doubles resolve, or such a point is found.
        let limits = Limits {
            ray_tolerance: limits.ray_tolerance.min(FURTHER),
            ..*limits
        };
        outcome = solver
            .extend(&limits)
            .into_iter()
            .map(judge)
            .fold(outcome, better);
        let short = matches!(outcome, Outcome::Inaccurate(_) | Outcome::Unknown(_));
        if short && !(limits.stop)() {
            outcome = solver
                .extend(&limits)
                .into_iter()
                .map(judge)
                .fold(outcome, better);
        }
    }
    outcome
}

/// Error of a ray in 31 digits that ends the search for a point.
const FURTHER: f64 = 1e-24;

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
        Outcome::NoPointBelow(farkas) => 1e-3 + 1e-6 / farkas.radius,
        Outcome::NoMultipliersBelow(ray) => 1e-3 + 1e-6 / ray.radius,
        Outcome::IllPosed(_) => 1e-3,
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
    let mut multipliers = lower::multipliers(smaller, form, run);
    if run.ray_like || matches!(run.ended, Ended::PrimalRay | Ended::DualRay) {
        let excluded = certificate::excluded(program, multipliers, run.iterations, options)
            .or_else(|| certificate::unlimited(program, point, run.iterations, options));
        return excluded.unwrap_or(Outcome::Unknown(Unknown {
            why: why(run.ended),
            last: None,
        }));
    }
    let accept = options.accept.max(10.0 * options.tolerance);
    let mut report = certificate::report(program, &point, &multipliers);
    if report.dimacs.worst() > accept {
        // Multipliers of any size are off by their last digits: those of the right signs beside them.
        let clipped = multipliers.clipped(program);
        let other = certificate::report(program, &point, &clipped);
        if other.dimacs.worst() < report.dimacs.worst() {
            (report, multipliers) = (other, clipped);
        }
    }
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
    let worst = report.dimacs.worst().max(report.scale_free);
    if worst <= accept {
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
        Ended::Stopped => Why::Stopped,
        Ended::Numerical => Why::Numerical,
        _ => Why::Stalled,
    }
}
