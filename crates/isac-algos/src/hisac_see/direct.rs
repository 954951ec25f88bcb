//! The direct route, the default: Problem P1 from any start, without a cone program.

use super::evaluate::evaluate;
use super::global::excluded_at_once;
use super::parallel::{Parallel, parallel_start};
use super::problem::{Design, Problem};
use super::program::{Branch, Program};
use super::relaxation::exclusion;
pub use super::solution::Solution;
use super::solution::{take, take_into};
use super::start::{RawStart, Working};
use super::starts::best_of_starts;
use crate::Error;
use isac_linalg::c64;
use isac_metrics::secrecy::Bound;
use isac_opt::{StopReason, Trace, sqp};
use serde::{Deserialize, Serialize};

/// Options of the direct route.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Largest violation of the exact evaluation that counts as feasible.
    pub feasibility: f64,
    /// Starts that [`design`] tries beside one with parallel beams: those of [`RawStart::variations`]
    /// and, for the free split, the designs of the fixed split (second) and of SDMA (last), both of
    /// which it contains.
    pub starts: usize,
    /// How worst cases are bounded, in the design and in its report. Anything but
    /// [`Bound::Exact`] serves comparison; `Decoupled` and `Appendix` know errors in balls only.
    pub bound: Bound,
    /// The optimiser.
    pub sqp: sqp::Options,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            feasibility: 1e-5,
            starts: 3,
            bound: Bound::Exact,
            sqp: sqp::Options::default(),
        }
    }
}

/// Steps towards a design that is known not to exist.
const FEW: usize = 50;
/// Fresh models after a stall.
const RESTARTS: usize = 3;
/// Relative gain that counts as none.
const SAME: f64 = 1e-6;
/// Part of a violation whose loss counts as progress.
const PROGRESS: f64 = 0.01;
/// A larger violation than this is no stall close to the feasible set.
const NEARLY: f64 = 0.05;

/// What the optimiser sees.
enum Form<'a> {
    Apart(Program<'a>),
    Parallel(Parallel<'a>),
}

impl Form<'_> {
    fn rows(&self) -> usize {
        match self {
            Self::Apart(program) => program.rows(),
            Self::Parallel(program) => program.rows(),
        }
    }

    fn variables(&self, design: &Design) -> Vec<f64> {
        match self {
            Self::Apart(program) => program.variables(design),
            Self::Parallel(program) => program.variables(design),
        }
    }

    fn design(&self, x: &[f64]) -> Design {
        match self {
            Self::Apart(program) => program.design(x),
            Self::Parallel(program) => program.design(x),
        }
    }

    fn evaluate(&self, x: &[f64], anchor: Option<&[f64]>, point: &mut sqp::Point) -> bool {
        match self {
            Self::Apart(program) => program.evaluate(x, anchor, point),
            Self::Parallel(program) => program.evaluate(x, anchor, point),
        }
    }
}

/// The point nearest to `x` that meets the constraints.
fn nearest(program: &Form<'_>, x: &[f64], options: &Options) -> Result<sqp::Solution, Error> {
    let scale = 1.0 / x.iter().map(|x| x * x).sum::<f64>().max(1.0);
    Ok(sqp::solve_pieces(
        |y, anchor, point| {
            let pieces = program.evaluate(y, anchor, point);
            // Its own objective counts only as far as it says that the point is outside the domain.
            let distance: f64 = y.iter().zip(x).map(|(y, x)| (y - x).powi(2)).sum();
            point.objective = 0.0 * point.objective + 0.5 * scale * distance;
            let pairs = y.iter().zip(x).zip(&mut point.gradient);
            pairs.for_each(|((y, x), g)| *g = scale * (y - x));
            pieces
        },
        x,
        program.rows(),
        0,
        &options.sqp,
    )?)
}

/// Solves from one start, feasible or not.
///
/// A problem whose thresholds cannot be met is no error: the solution is then not `feasible`, and
/// its report names the constraint that fails by most at the least infeasible point found.
///
/// # Errors
/// Bad input, a failed decomposition.
pub fn solve(problem: &Problem, start: &Design, options: &Options) -> Result<Solution, Error> {
    let working = Working::new(problem)?;
    solve_in(problem, &working, start, options)
}

/// [`solve`] in given working coordinates.
///
/// # Errors
/// As [`solve`].
pub fn solve_in(
    problem: &Problem,
    working: &Working,
    start: &Design,
    options: &Options,
) -> Result<Solution, Error> {
    solve_against(problem, working, start, None, options)
}

/// [`solve_in`] that gives up when it will not reach what `best` has.
fn solve_against(
    problem: &Problem,
    working: &Working,
    start: &Design,
    best: Option<&Solution>,
    options: &Options,
) -> Result<Solution, Error> {
    start
        .beams(problem.access, problem.cell.users())
        .check(&working.network)?;
    let frozen = frozen(problem, working);
    let reduced = working.reduce(start);
    let branch = if parallels(problem, options) && Parallel::contains(&reduced) {
        Branch::Parallel
    } else {
        Branch::Apart
    };
    let program = Program::new(
        problem,
        working.cell.clone(),
        working.echo,
        working.network.antennas1(),
        frozen,
        options.bound,
        branch,
    );
    let bar = best
        .filter(|best| best.feasible)
        .map(|best| program.minimised(best.report.objective));
    let program = match branch {
        Branch::Apart => Form::Apart(program),
        Branch::Parallel => Form::Parallel(Parallel::new(program)),
    };
    let sqp_options = sqp::Options { bar, ..options.sqp };
    let run = |x: &[f64]| {
        sqp::solve_pieces(
            |x, anchor, point| program.evaluate(x, anchor, point),
            x,
            program.rows(),
            0,
            &sqp_options,
        )
    };
    let mut found = run(&program.variables(&reduced))?;
    // A run that stalls starts again from there with a fresh model, one that stalls close to the
    // feasible set from the nearest point of that.
    for _ in 0..RESTARTS {
        let done = found.stopped.converged() || found.stopped == StopReason::Hopeless;
        if done || found.violation > NEARLY {
            break;
        }
        let mut from = found.x.clone();
        if found.violation > options.sqp.feasibility {
            let nearest = nearest(&program, &found.x, options)?;
            found.iterations += nearest.iterations;
            found.evaluations += nearest.evaluations;
            if nearest.violation < found.violation {
                from.clone_from(&nearest.x);
                found = sqp::Solution {
                    iterations: found.iterations,
                    evaluations: found.evaluations,
                    stopped: found.stopped,
                    ..nearest
                };
            }
        }
        let again = run(&from)?;
        // A fresh model that gains nothing will not gain anything next time, and from what did not move the
        // next run would be the same once more.
        let feasible = |point: &sqp::Solution| point.violation <= options.sqp.feasibility;
        let same = feasible(&found)
            && feasible(&again)
            && found.objective - again.objective <= SAME * found.objective.abs();
        let stuck = !feasible(&again) && again.violation > (1.0 - PROGRESS) * found.violation;
        found.iterations += again.iterations;
        found.evaluations += again.evaluations;
        if feasible(&again) || again.violation <= found.violation {
            found = sqp::Solution {
                iterations: found.iterations,
                evaluations: found.evaluations,
                ..again
            };
        }
        if same || stuck {
            break;
        }
    }
    let design = working.expand(&program.design(&found.x));
    let report = evaluate(problem, &working.network, &design, options.bound)?;
    Ok(Solution {
        feasible: report.max_violation() <= options.feasibility,
        design,
        report,
        stopped: found.stopped,
        iterations: found.iterations,
        evaluations: found.evaluations,
        starts: 1,
        trace: found.trace,
    })
}

/// Variables and constraints of the program that the direct route solves. Neither depends on the
/// number of antennas once it exceeds the number of channels.
///
/// # Errors
/// Bad input, a failed decomposition.
pub fn size(problem: &Problem) -> Result<(usize, usize), Error> {
    let working = Working::new(problem)?;
    let program = Program::new(
        problem,
        working.cell.clone(),
        working.echo,
        working.network.antennas1(),
        [problem.frozen_bo.clone(), problem.frozen_ta.clone()],
        Bound::Exact,
        Branch::Apart,
    );
    Ok((program.variable_count(), program.rows()))
}

/// Whether parallel beams are a case of its own.
fn parallels(problem: &Problem, options: &Options) -> bool {
    problem.ordering
        && problem.frozen_bo.is_none()
        && problem.frozen_ta.is_none()
        && matches!(options.bound, Bound::Exact | Bound::Nominal)
}

/// A design as it stands, judged by the exact evaluation.
fn judge(
    problem: &Problem,
    working: &Working,
    design: Design,
    options: &Options,
) -> Result<Solution, Error> {
    let report = evaluate(problem, &working.network, &design, options.bound)?;
    Ok(Solution {
        feasible: report.max_violation() <= options.feasibility,
        design,
        report,
        stopped: StopReason::Stagnation,
        iterations: 0,
        evaluations: 0,
        starts: 0,
        trace: Trace::new(),
    })
}

/// The best design over the given starts and a few raw ones. A given design also counts as it stands,
/// so a sweep over growing power limits that passes on its last design never loses feasibility.
/// While nothing feasible is known, more starts are tried, and then a path along which the error sets
/// grow to their size.
///
/// # Errors
/// As [`solve`].
pub fn design(problem: &Problem, warm: &[Design], options: &Options) -> Result<Solution, Error> {
    let working = Working::new(problem)?;
    if exclusion(problem, &working).is_some() {
        return least_infeasible(problem, &working, None, options);
    }
    let ascend = |problem: &Problem, working: &Working, start: &Design| {
        improve(problem, working, start, options)
    };
    let mut best: Option<Solution> = None;
    for start in warm {
        take(&mut best, ascend(problem, &working, start)?);
    }
    let known = best.as_ref().is_some_and(|b| b.feasible);
    if !known && excluded_at_once(problem, &working) {
        return least_infeasible(problem, &working, best, options);
    }
    if parallels(problem, options) {
        let raw = RawStart::default().design(problem, &working)?;
        let start = parallel_start(&raw, &working.network.h_e.estimate);
        let found = solve_against(problem, &working, &start, best.as_ref(), options)?;
        take(&mut best, found);
    }
    let from_raw = |_: usize, raw: &Design, best: Option<&Solution>| {
        solve_against(problem, &working, raw, best, options)
    };
    best_of_starts(problem, &working, best, options.starts, from_raw, ascend)
}

/// The design nearest to a start that meets the constraints, as far as one is found: a phase I that
/// does not prefer parallel beams of BS1, in whose sheet convex steps stay.
///
/// # Errors
/// As [`solve`].
pub(super) fn nearest_feasible(
    problem: &Problem,
    working: &Working,
    start: &Design,
) -> Result<Design, Error> {
    let options = Options::default();
    let frozen = frozen(problem, working);
    let (antennas, bound) = (working.network.antennas1(), Bound::Exact);
    let cell = working.cell.clone();
    let program = Program::new(
        problem,
        cell,
        working.echo,
        antennas,
        frozen,
        bound,
        Branch::Apart,
    );
    let program = Form::Apart(program);
    let x = program.variables(&working.reduce(start));
    let found = nearest(&program, &x, &options)?;
    Ok(working.expand(&program.design(&found.x)))
}

/// The frozen beams in working coordinates.
fn frozen(problem: &Problem, working: &Working) -> [Option<Vec<c64>>; 2] {
    [&problem.frozen_bo, &problem.frozen_ta].map(|beam| {
        beam.as_ref().map(|w| match &working.bases {
            Some(bases) => super::problem::adjoint_times(&bases.bs1, w),
            None => w.clone(),
        })
    })
}

/// Where there is no design: a few steps towards one show which constraint fails by most.
fn least_infeasible(
    problem: &Problem,
    working: &Working,
    mut best: Option<Solution>,
    options: &Options,
) -> Result<Solution, Error> {
    let mut few = *options;
    few.sqp.max_iterations = few.sqp.max_iterations.min(FEW);
    let raw = RawStart::default().design(problem, working)?;
    let found = improve(problem, working, &raw, &few)?;
    take(&mut best, found.clone());
    Ok(best.unwrap_or(found))
}

/// The better of a start as it stands and what the optimiser makes of it.
fn improve(
    problem: &Problem,
    working: &Working,
    start: &Design,
    options: &Options,
) -> Result<Solution, Error> {
    let mut best = Some(solve_in(problem, working, start, options)?);
    take(&mut best, judge(problem, working, start.clone(), options)?);
    best.ok_or_else(|| isac_linalg::Error::range("starts", 0.0, "at least 1").into())
}

/// Designs for problems of one access scheme of which each allows every design of its predecessor,
/// such as ascending power limits: from the loosest down, each from its successor's design and the
/// raw starts, and back up from its predecessor's. Where the search ends without a design the tighter
/// problems are not searched: a design of theirs would be one here.
///
/// # Errors
/// As [`solve`].
pub fn nested_sweep(problems: &[Problem], options: &Options) -> Result<Vec<Solution>, Error> {
    let mut found: Vec<Solution> = Vec::new();
    for problem in problems.iter().rev() {
        found.push(match found.last() {
            Some(looser) if !looser.feasible => {
                let design = looser.design.clone();
                judge(problem, &Working::new(problem)?, design, options)?
            }
            Some(looser) => design(problem, std::slice::from_ref(&looser.design), options)?,
            None => design(problem, &[], options)?,
        });
    }
    found.reverse();
    for i in 1..problems.len() {
        if found[i - 1].feasible {
            let start = found[i - 1].design.clone();
            let up = improve(&problems[i], &Working::new(&problems[i])?, &start, options)?;
            take_into(&mut found[i], up);
        }
    }
    Ok(found)
}

/// Designs for a family of problems of one access scheme in order, such as a sweep over power limits
/// in ascending order: each starts from its predecessor's design and the raw starts, and on the
/// way back from its successor's. A point that is feasible for its neighbour too is never lost.
///
/// # Errors
/// As [`solve`].
pub fn sweep(problems: &[Problem], options: &Options) -> Result<Vec<Solution>, Error> {
    let mut found: Vec<Solution> = Vec::new();
    for problem in problems {
        let warm: Vec<Design> = found
            .last()
            .filter(|last| last.feasible)
            .map(|last| last.design.clone())
            .into_iter()
            .collect();
        found.push(design(problem, &warm, options)?);
    }
    for i in (0..problems.len().saturating_sub(1)).rev() {
        let start = found[i + 1].design.clone();
        if found[i + 1].feasible {
            let working = Working::new(&problems[i])?;
            let back = improve(&problems[i], &working, &start, options)?;
            if back.beats(&found[i]) {
                found[i] = back;
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use isac_models::channel::PathChannel;
    use isac_models::scene::Scene;
    use rand::{SeedableRng, rngs::ChaCha8Rng};

    fn problem(relative: f64) -> Problem {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let model = PathChannel::new(4, 2, 0.0167).unwrap();
        let scene = Scene::fixed(2).unwrap();
        let cell = scene.channels(&model, &model, 1e-8, &mut rng).unwrap();
        Problem::new(
            cell.with_relative_error(relative).unwrap(),
            4.5e5,
            316.0,
            316.0,
            10.0,
        )
    }

    #[test]
    fn a_radius_that_reaches_bobs_channel_is_named() {
        let error = design(&problem(1.0), &[], &Options::default()).unwrap_err();
        assert!(
            error.to_string().contains("error radius of h_bo"),
            "{error}"
        );
    }

    #[test]
    fn thresholds_nobody_can_meet_name_the_constraint_that_fails_by_most() {
        let mut problem = problem(0.1);
        problem.requirements.secrecy_rate = 50.0;
        let options = Options {
            starts: 1,
            ..Options::default()
        };
        let found = design(&problem, &[], &options).unwrap();
        let worst = found.report.worst().unwrap();
        assert!(!found.feasible && worst.value > 1.0, "{worst:?}");
    }

    #[test]
    fn bad_numbers_are_named() {
        let text = |edit: fn(&mut Problem)| {
            let mut problem = problem(0.1);
            edit(&mut problem);
            design(&problem, &[], &Options::default())
                .unwrap_err()
                .to_string()
        };
        assert!(text(|p| p.requirements.sinr = -1.0).contains("gamma_th"));
        assert!(text(|p| p.power1_max = 0.0).contains("P1_max"));
        assert!(text(|p| p.requirements.common_rate = f64::NAN).contains("I_c"));
        assert!(text(|p| p.cell.h_ta[0].re = f64::INFINITY).contains("h_ta"));
        assert!(text(|p| p.frozen_bo = Some(Vec::new())).contains("frozen w_bo"));
    }
}
