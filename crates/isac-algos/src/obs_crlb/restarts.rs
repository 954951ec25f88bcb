//! The best of several starts, with its certificate.

use super::{
    Auxiliaries, Reduction, Solution, SumRateCrlb, accelerated, bound, sca, start, wmmse_sdr,
};
use crate::Error;
use isac_linalg::{Mat, c64, ops};
use isac_models::rng::complex_normal;
use isac_opt::riemannian::Workspace;
use rand::Rng;
use serde::{Deserialize, Serialize};

/// Scale of the users' columns in the released starts, whose sensing block is `CN(0, 2)`.
const RELEASED_SCALE: f64 = 0.25;

/// Length of a jump over the norm of the point that it leaves: a tenth of the start's power is still that
/// point, which leads to better optima than a random start does and to others than the point itself.
const JUMP: f64 = 3.0;

/// Options of [`solve`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Sensing streams; as many as the structure can use, `min(3M, D)`, if not given.
    pub sensing_streams: Option<usize>,
    /// Random starts besides the fixed ones.
    pub random_starts: usize,
    /// Starts from the best point found, moved far along a random direction, after all others.
    pub jumps: usize,
    /// Iterations of Algorithm 1 with the released auxiliaries, of which the end is a start too; 0
    /// leaves it out.
    pub algorithm1_iterations: usize,
    /// Programs of WMMSE-SDR, of which the end is a start too; 0 leaves it out. A few choose the
    /// basin, and the ascent from there does the rest.
    pub sdr_iterations: usize,
    /// The solver run from each start.
    pub solver: accelerated::Options,
    /// Effort for the upper bound.
    pub bound: bound::Options,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            sensing_streams: None,
            random_starts: 40,
            jumps: 20,
            algorithm1_iterations: 2000,
            sdr_iterations: 4,
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
    /// `|bound - objective| / |objective|`; `None` for an objective of 0.
    pub fn relative_gap(&self) -> Option<f64> {
        let objective = self.solution.merit.objective;
        let gap = (self.upper_bound - objective).abs() / objective.abs();
        gap.is_finite().then_some(gap)
    }
}

/// Runs the solver from regularised zero forcing (two power shares, and without sensing streams),
/// matched filters, the given `extra` starts, random ones and, where users have a weight, the ends of
/// WMMSE-SDR and of Algorithm 1 (from each `extra` start and from one like the released ones), then from
/// jumps away from the best so far, keeps the best and bounds the optimum.
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
    let useful = problem
        .sensing()
        .compact()
        .directions()
        .min(reduction.problem().antennas());
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
    if problem.users() > 0 && problem.weights().rate > 0.0 {
        let mut sensing = complex_normal(problem.antennas(), streams, rng);
        ops::scale(sensing.as_mut(), 2.0_f64.sqrt());
        starts.extend(ends(problem, extra, streams, sensing, options));
    }
    let mut search = Search {
        best: None,
        objectives: Vec::with_capacity(starts.len() + options.jumps),
        first_error: None,
    };
    let mut workspace = Workspace::default();
    let mut ascend = |w: Mat<c64>| {
        let (solver, memory) = (&options.solver, &mut workspace);
        accelerated::solve_reduced(problem, &reduction, w.as_ref(), solver, memory)
    };
    for start in starts {
        search.take(start.and_then(&mut ascend));
    }
    for _ in 0..options.jumps {
        let Some(best) = &search.best else {
            break;
        };
        let mut w = best.beamformer.clone();
        let away = complex_normal(w.nrows(), w.ncols(), rng);
        let length = JUMP * ops::norm(w.as_ref()) / ops::norm(away.as_ref());
        ops::axpy(w.as_mut(), length, away.as_ref());
        search.take(ascend(w));
    }
    let nothing = Error::Opt(isac_opt::Error::NonFinite {
        what: "objective",
        iteration: 0,
    });
    let Search {
        best,
        objectives,
        first_error,
    } = search;
    best.map(|best| (best, objectives))
        .ok_or(first_error.unwrap_or(nothing))
}

/// What the runs so far led to.
struct Search {
    best: Option<Solution>,
    objectives: Vec<f64>,
    first_error: Option<Error>,
}

impl Search {
    fn take(&mut self, run: Result<Solution, Error>) {
        match run {
            Ok(run) => {
                self.objectives.push(run.merit.objective);
                let held = self.best.as_ref();
                if held.is_none_or(|held| run.merit.objective > held.merit.objective) {
                    self.best = Some(run);
                }
            }
            Err(error) => {
                self.objectives.push(f64::NAN);
                self.first_error.get_or_insert(error);
            }
        }
    }
}

/// Where Algorithm 1 ends from each of the `extra` starts and from one like the released ones, and
/// where WMMSE-SDR ends from regularised zero forcing.
fn ends(
    problem: &SumRateCrlb,
    extra: &[Mat<c64>],
    streams: usize,
    sensing: Mat<c64>,
    options: &Options,
) -> Vec<Result<Mat<c64>, Error>> {
    let mut out = Vec::new();
    if options.algorithm1_iterations > 0 {
        let algorithm1 = sca::Options {
            auxiliaries: Auxiliaries::WithoutSensing,
            safeguard: false,
            stop: sca::Stop::Gradient(1e-3),
            max_iterations: options.algorithm1_iterations,
            ..sca::Options::default()
        };
        let released = start::released(problem, RELEASED_SCALE, sensing.as_ref());
        for w in extra.iter().cloned().map(Ok).chain([released]) {
            let end = w.and_then(|w| sca::solve(problem, w.as_ref(), &algorithm1));
            out.push(end.map(|end| end.beamformer));
        }
    }
    if options.sdr_iterations > 0 {
        let sdr = wmmse_sdr::Options {
            max_iterations: options.sdr_iterations,
            extend: false,
            ..wmmse_sdr::Options::default()
        };
        let end = start::regularised_zf(problem, streams, 0.9)
            .and_then(|w| wmmse_sdr::solve(problem, w.as_ref(), &sdr));
        let end = match options.sensing_streams {
            Some(count) => end.and_then(|end| wmmse_sdr::truncate(problem, &end, count)),
            None => end,
        };
        out.push(end.map(|end| end.beamformer));
    }
    out
}
