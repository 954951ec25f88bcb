//! Successive convex approximation with exact robust constraints (S-procedure), and the block
//! schemes made of it: alternating (Algorithm 4), overlapping blocks, joint.
//!
//! One convex step serves all of them: beams that are not free are constants. At the current point
//! every surrogate touches, helpful terms are replaced by minorants, and robust constraints are
//! equivalent matrix inequalities; so any point the step allows is feasible and the efficiency cannot
//! fall. The exact evaluation has the last word on every step all the same.

use super::direct::nearest_feasible;
use super::evaluate::{Report, evaluate};
use super::problem::{Design, Problem, dot};
use super::relaxation::exclusion;
use super::solution::{Solution, take};
use super::start::{RawStart, Working};
use super::starts::best_of_starts;
use super::step::{Beam, Context, Step};
use crate::Error;
use isac_linalg::{c64, validate};
use isac_metrics::secrecy::Bound;
use isac_opt::conic;
use isac_opt::{StopReason, Trace, TraceRow};
use serde::{Deserialize, Serialize};

/// Which beams move together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scheme {
    /// All beams in every step.
    #[default]
    Joint,
    /// BS1's beams, then BS2's (Algorithm 4): a valid ascent that stops early, as neither block can
    /// trade jamming against sensing power.
    Alternating,
    /// `{w_bo, w_ta}`, then `{w_ta, O}`: small steps that reach the joint value.
    Overlapping,
}

impl Scheme {
    /// Free beams `[w_bo, w_ta, O]` of each step of a round.
    fn blocks(self) -> &'static [[bool; 3]] {
        match self {
            Self::Joint => &[[true, true, true]],
            Self::Alternating => &[[true, true, false], [false, false, true]],
            Self::Overlapping => &[[true, true, false], [false, true, true]],
        }
    }
}

/// Options of [`solve`] and [`phase_one`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Block scheme.
    pub scheme: Scheme,
    /// Most rounds.
    pub max_rounds: usize,
    /// Stops when a round, or three in a row with momentum, gain less than this, relatively.
    pub tolerance: f64,
    /// Largest violation of the exact evaluation that a step may have.
    pub accept: f64,
    /// Whether steps are first tried about a point ahead along the last step, for the joint and the
    /// overlapping scheme; Algorithm 4 does without.
    pub momentum: bool,
    /// Starts that [`design`] tries beside the given ones: those of [`RawStart::variations`] and,
    /// for the free split, the designs of the fixed split (second) and of SDMA (last).
    pub starts: usize,
    /// The conic solver.
    pub conic: conic::Options,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            scheme: Scheme::default(),
            max_rounds: 60,
            tolerance: 1e-6,
            accept: 2e-6,
            momentum: true,
            starts: 3,
            conic: conic::Options::default(),
        }
    }
}

/// Ascends from a feasible start; an infeasible one first goes through [`phase_one`]. The trace holds
/// the objective after every accepted step and never falls.
///
/// # Errors
/// Bad input; an objective other than efficiency or secrecy rate, or an ellipsoidal error, which the
/// convex step does not know.
pub fn solve(problem: &Problem, start: &Design, options: &Options) -> Result<Solution, Error> {
    solve_in(problem, &Working::new(problem)?, start, options)
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
    check(options)?;
    let context = Context::new(problem, working)?;
    let mut at = context.point(problem.with_given(start.clone()))?;
    let mut steps = 0;
    if at.1.max_violation() > options.accept {
        let found = phase_one_in(problem, working, start, options)?;
        if !found.feasible {
            return Ok(found);
        }
        steps += found.iterations;
        at = (found.design, found.report);
    }
    let mut trace = Trace::new();
    let mut stopped = StopReason::IterationLimit;
    let momentum = options.momentum && options.scheme != Scheme::Alternating;
    let mut reach = FIRST_REACH;
    let mut before = at.clone();
    // With momentum the reach grows while rounds are quiet: a few of them may lead out of a saddle.
    let mut patience = if momentum { 3 } else { 1 };
    for _ in 0..options.max_rounds {
        let origin = at.clone();
        for &free in options.scheme.blocks() {
            // Surrogates are minorants about any point, so a step about a point ahead is as safe;
            // only its ascent is not promised, and the exact evaluation decides.
            let ahead = ahead(&before.0, &at.0, free, reach);
            let mut points = vec![at.clone()];
            if let Some(ahead) = ahead.filter(|_| momentum) {
                points.push(context.point(ahead)?);
            }
            while let Some(about) = points.pop() {
                let bold = !points.is_empty();
                steps += 1;
                let next = context.step(&about, free, false, options)?;
                let mut accepted = false;
                if let Some(next) = next {
                    let next = context.point(next)?;
                    accepted = next.1.max_violation() <= options.accept
                        && next.1.objective >= at.1.objective * (1.0 - 1e-9);
                    if accepted {
                        at = next;
                        trace.push(TraceRow {
                            objective: at.1.objective,
                            violation: at.1.max_violation(),
                            step: 0.0,
                        });
                    }
                }
                if bold {
                    reach = if accepted {
                        (2.0 * reach).min(MOST_REACH)
                    } else {
                        FIRST_REACH
                    };
                }
                if accepted {
                    break;
                }
            }
        }
        let gain = at.1.objective - origin.1.objective;
        before = origin;
        let quiet = gain <= options.tolerance * at.1.objective.abs();
        patience = match (quiet, momentum) {
            (true, _) => patience - 1,
            (false, true) => 3,
            (false, false) => 1,
        };
        if patience == 0 {
            stopped = StopReason::Tolerance;
            break;
        }
    }
    Ok(solution(at, true, stopped, steps, trace))
}

/// The best of [`solve`] over the given starts and a few raw ones, the first of which begins at the
/// feasible design nearest to it. While nothing feasible is known, more
/// starts are tried, and then a path along which the error sets grow to their size.
///
/// # Errors
/// As [`solve`].
pub fn design(problem: &Problem, warm: &[Design], options: &Options) -> Result<Solution, Error> {
    let working = Working::new(problem)?;
    if exclusion(problem, &working).is_some() {
        // No design: phase I shows which constraint fails by most.
        let raw = RawStart::default().design(problem, &working)?;
        return phase_one_in(problem, &working, &raw, options);
    }
    let ascend = |problem: &Problem, working: &Working, start: &Design| {
        solve_in(problem, working, start, options)
    };
    let mut best: Option<Solution> = None;
    for start in warm {
        take(&mut best, ascend(problem, &working, start)?);
    }
    // Of the raw starts all but the first go through the convex phase I, which tends to parallel beams.
    let from_raw = |i: usize, raw: &Design, _: Option<&Solution>| {
        if i > 0 {
            return ascend(problem, &working, raw);
        }
        ascend(
            problem,
            &working,
            &nearest_feasible(problem, &working, raw)?,
        )
    };
    best_of_starts(problem, &working, best, options.starts, from_raw, ascend)
}

/// Looks for a feasible point by the same convex steps with slacks, thresholds tightened by 1e-3.
///
/// # Errors
/// As [`solve`].
pub fn phase_one(problem: &Problem, start: &Design, options: &Options) -> Result<Solution, Error> {
    phase_one_in(problem, &Working::new(problem)?, start, options)
}

/// [`phase_one`] in given working coordinates.
///
/// # Errors
/// As [`solve`].
pub fn phase_one_in(
    problem: &Problem,
    working: &Working,
    start: &Design,
    options: &Options,
) -> Result<Solution, Error> {
    check(options)?;
    let context = Context::new(problem, working)?;
    let mut at = context.point(problem.with_given(start.clone()))?;
    let mut steps = 0;
    while at.1.max_violation() > 1e-7 && steps < 12 {
        steps += 1;
        let Some(next) = context.step(&at, [true; 3], true, options)? else {
            break;
        };
        at = context.point(next)?;
    }
    let feasible = at.1.max_violation() <= options.accept;
    let stopped = if feasible {
        StopReason::Tolerance
    } else {
        StopReason::Stagnation
    };
    Ok(solution(at, feasible, stopped, steps, Trace::new()))
}

/// How far ahead of the last step a step is taken at first and at most, relative to it.
const FIRST_REACH: f64 = 0.5;
const MOST_REACH: f64 = 16.0;

/// The free beams moved on along their last step; `None` if they did not move.
fn ahead(before: &Design, at: &Design, free: [bool; 3], reach: f64) -> Option<Design> {
    if before == at {
        return None;
    }
    let on = |free: bool, before: &[c64], at: &[c64]| -> Vec<c64> {
        let t = if free { reach } else { 0.0 };
        let pairs = before.iter().zip(at);
        pairs.map(|(b, a)| a + (a - b) * t).collect()
    };
    Some(Design {
        w_bo: on(free[0], &before.w_bo, &at.w_bo),
        w_ta: on(free[1], &before.w_ta, &at.w_ta),
        streams: on(free[2], &before.streams, &at.streams),
    })
}

fn solution(
    at: (Design, Report),
    feasible: bool,
    stopped: StopReason,
    iterations: usize,
    trace: Trace,
) -> Solution {
    Solution {
        design: at.0,
        report: at.1,
        feasible,
        stopped,
        iterations,
        evaluations: 0,
        starts: 1,
        trace,
    }
}

impl Context<'_> {
    fn point(&self, design: Design) -> Result<(Design, Report), Error> {
        let report = evaluate(self.problem, &self.working.network, &design, Bound::Exact)?;
        Ok((design, report))
    }

    /// One convex step about a point; `None` if the solver has no point. With `slack` a step of
    /// phase I.
    fn step(
        &self,
        at: &(Design, Report),
        free: [bool; 3],
        slack: bool,
        options: &Options,
    ) -> Result<Option<Design>, Error> {
        let design = self.rotated(self.working.reduce(&at.0));
        let mut step = Step::new(self, &design, &at.1, free, slack);
        step.powers();
        step.secrecy()?;
        step.echo();
        step.users();
        step.objective();
        // Data beyond the range of `f64` is refused by the solver: such a step has no point.
        let Ok(outcome) = step.program.solve(&options.conic) else {
            return Ok(None);
        };
        let Some(found) = outcome.solution() else {
            return Ok(None);
        };
        let value = |beam: &Beam| -> Result<Vec<c64>, Error> {
            Ok(match beam {
                Beam::Given(w) => w.clone(),
                Beam::Free(v) => found.point.vector(*v)?.col(0).iter().copied().collect(),
            })
        };
        let streams: Result<Vec<_>, _> = step.streams.iter().map(value).collect();
        let next = Design {
            w_bo: value(&step.w_bo)?,
            w_ta: value(&step.w_ta)?,
            streams: streams?.concat(),
        };
        Ok(Some(self.working.expand(&next)))
    }

    /// Phases turned so that Bob's data and each private stream arrive real and positive.
    fn rotated(&self, mut design: Design) -> Design {
        let cell = &self.working.cell;
        let turn = |w: &mut [c64], amplitude: c64| {
            if amplitude.norm() > 0.0 {
                let phase = amplitude.conj() / amplitude.norm();
                w.iter_mut().for_each(|w| *w *= phase);
            }
        };
        let amplitude = dot(&cell.h_bo.estimate, &design.w_bo);
        turn(&mut design.w_bo, amplitude);
        design
    }
}

fn check(options: &Options) -> Result<(), Error> {
    validate::positive("tolerance", options.tolerance, "")?;
    validate::positive("accept", options.accept, "")?;
    Ok(())
}
