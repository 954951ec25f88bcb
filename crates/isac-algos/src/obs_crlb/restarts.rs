//! The best of several starts, with its certificate.

use super::{Reduction, Solution, SumRateCrlb, accelerated, bound, start};
use crate::Error;
use isac_linalg::{Mat, c64};
use isac_opt::riemannian::Workspace;
use rand::Rng;
use serde::{Deserialize, Serialize};

/// Options of [`solve`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Sensing streams; as many as the structure can use, `min(3M, D)`, if not given.
    pub sensing_streams: Option<usize>,
    /// Random starts besides the fixed ones.
    pub random_starts: usize,
    /// The solver run from each start.
    pub solver: accelerated::Options,
    /// Effort for the upper bound.
    pub bound: bound::Options,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            sensing_streams: None,
            random_starts: 3,
            solver: accelerated::Options::default(),
            bound: bound::Options::default(),
        }
    }
}

/// The best point found and how far it can be from the optimum.
#[derive(Debug, Clone)]
pub struct Certified {
    /// The best point.
    pub solution: Solution,
    /// No beamformer has an objective above this.
    pub upper_bound: f64,
    /// Objective reached from each start, in order; NaN where there was none, for example because
    /// the FIM was singular or a channel of zeros left nothing to start with.
    pub objectives: Vec<f64>,
}

impl Certified {
    /// `(bound - objective) / max(1, |objective|)`.
    pub fn relative_gap(&self) -> f64 {
        let objective = self.solution.merit.objective;
        (self.upper_bound - objective) / objective.abs().max(1.0)
    }
}

/// Runs the solver from regularised zero forcing (two power shares, and without sensing streams),
/// matched filters, the given `extra` starts and random ones, keeps the best and bounds the optimum.
///
/// # Errors
/// The error of the first start if none of them leads anywhere; those of [`bound::certify`].
pub fn solve(
    problem: &SumRateCrlb,
    extra: &[Mat<c64>],
    options: &Options,
    rng: &mut impl Rng,
) -> Result<Certified, Error> {
    let (solution, objectives) = best(problem, extra, options, rng)?;
    let bound = bound::certify(problem, &options.bound)?;
    Ok(Certified {
        solution,
        upper_bound: bound.value,
        objectives,
    })
}

/// The best point alone, and the objective from each start.
///
/// # Errors
/// As [`solve`].
pub fn best(
    problem: &SumRateCrlb,
    extra: &[Mat<c64>],
    options: &Options,
    rng: &mut impl Rng,
) -> Result<(Solution, Vec<f64>), Error> {
    let reduction = Reduction::new(problem)?;
    let useful = (3 * problem.targets()).min(reduction.problem().antennas());
    // At least one column in all.
    let least = usize::from(problem.users() == 0);
    let streams = options.sensing_streams.unwrap_or(useful).max(least);
    let mut starts = vec![
        start::regularised_zf(problem, streams, 0.9),
        start::regularised_zf(problem, streams, 0.5),
        start::matched(problem, streams, 0.7),
    ];
    if streams > least {
        starts.push(start::regularised_zf(problem, least, 0.99));
    }
    starts.extend(extra.iter().cloned().map(Ok));
    for _ in 0..options.random_starts {
        starts.push(start::random(problem, streams, rng));
    }
    let mut workspace = Workspace::default();
    let mut objectives = Vec::with_capacity(starts.len());
    let mut best: Option<Solution> = None;
    let mut first_error = None;
    for start in starts {
        let run = start.and_then(|w| {
            let (solver, memory) = (&options.solver, &mut workspace);
            accelerated::solve_reduced(problem, &reduction, w.as_ref(), solver, memory)
        });
        match run {
            Ok(run) => {
                objectives.push(run.merit.objective);
                let held = best
                    .as_ref()
                    .map_or(f64::NEG_INFINITY, |b| b.merit.objective);
                if run.merit.objective > held {
                    best = Some(run);
                }
            }
            Err(error) => {
                objectives.push(f64::NAN);
                first_error.get_or_insert(error);
            }
        }
    }
    let nothing = Error::Opt(isac_opt::Error::NonFinite {
        what: "objective",
        iteration: 0,
    });
    best.map(|best| (best, objectives))
        .ok_or(first_error.unwrap_or(nothing))
}
