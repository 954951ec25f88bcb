//! The released low-dimensional variant of Algorithm 1, a labelled baseline.
//!
//! It iterates on `P` with `W = N P`, `N = [H, S]`, takes the shift from the transformed channel
//! `H~ = N^H H`, `delta_c lambda_max(H~ Sigma_2 H~^H)`, which is tens to hundreds of times too
//! large, and makes up for it with inner steps at fixed auxiliaries. In the original coordinates a
//! step is that of Algorithm 1 with the larger shift, so this runs in [`Reduction`] coordinates.
//!
//! The released script and the run behind the published curves differ in their stop rule alone:
//! see [`Stop`].
//! Use [`sca`](super::sca) or [`accelerated`](super::accelerated) instead.

use super::sca::SpectralNorm;
use super::{Auxiliaries, Evaluator, FALL, Reduction, Solution, SumRateCrlb};
use crate::Error;
use isac_linalg::workspace::HermitianEigenvalues;
use isac_linalg::{Mat, MatRef, c64, ops};
use isac_opt::drive::{Step, drive};
use isac_opt::manifold::{Manifold, Sphere};
use isac_opt::{StopReason, TraceRow};
use serde::{Deserialize, Serialize};

/// When an outer iteration is the last.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    /// Spectral norm of the change of `W` below the tolerance, in sqrt(W): the released script.
    Step(f64),
    /// Relative change of `f` below the tolerance: the published data.
    Objective(f64),
}

/// Options of the released low-dimensional variant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Inner steps with fixed auxiliaries per outer iteration.
    pub inner_steps: usize,
    /// Which interference the auxiliary variables contain.
    pub auxiliaries: Auxiliaries,
    /// When it stops.
    pub stop: Stop,
    /// Whether the start's part in the span is scaled to full power before the first auxiliaries. The
    /// script does not, and for large arrays, where that part holds a few percent of the power, the
    /// first weight of the FIM can then be so large that the iteration ends up alternating between
    /// two directions with a singular FIM.
    pub full_power_start: bool,
    /// Largest number of outer iterations.
    pub max_iterations: usize,
}

impl Default for Options {
    /// The released script.
    fn default() -> Self {
        Self {
            inner_steps: 20,
            auxiliaries: Auxiliaries::WithoutSensing,
            stop: Stop::Step(1e-5),
            full_power_start: false,
            max_iterations: 4000,
        }
    }
}

impl Options {
    /// The run behind the published curves, which took more than 4000 iterations at `Nt = 256`.
    pub fn published() -> Self {
        Self {
            stop: Stop::Objective(1e-5),
            max_iterations: 20_000,
            ..Self::default()
        }
    }
}

/// Runs the variant from the part in the span of `start` scaled to full power.
///
/// # Errors
/// As [`sca::solve`](super::sca::solve).
pub fn solve(
    problem: &SumRateCrlb,
    start: MatRef<'_, c64>,
    options: &Options,
) -> Result<Solution, Error> {
    let reduction = Reduction::new(problem)?;
    let reduced = reduction.problem();
    let set = Sphere::new(problem.power())?;
    let mut x = reduction.coordinates(problem.at_full_power(start)?.as_ref());
    if options.full_power_start {
        set.normalise(x.as_mut());
    }
    let (rows, cols) = (x.nrows(), x.ncols());
    let mut evaluator = Evaluator::new(reduced, cols);
    let start = evaluator.merit(x.as_ref())?;
    let mut shift = InflatedShift::new(reduced);
    let mut spectral = SpectralNorm::new(rows, cols, false);
    let mut before = x.clone();
    let mut gradient: Mat<c64> = Mat::zeros(rows, cols);
    let (mut falls, mut objective) = (0, start.objective);
    let limit = options.max_iterations;
    let run = drive("obs_crlb.low_dim", limit, |_| -> Result<Step, Error> {
        before.copy_from(&x);
        evaluator.refresh(options.auxiliaries);
        let lambda = shift.of(&evaluator)?;
        for inner in 0..options.inner_steps {
            if inner > 0 {
                evaluator.look(x.as_ref());
            }
            evaluator.assemble(gradient.as_mut());
            for j in 0..cols {
                for i in 0..rows {
                    x[(i, j)] = x[(i, j)] * lambda + gradient[(i, j)] * 0.5;
                }
            }
            set.normalise(x.as_mut());
        }
        let merit = evaluator.merit(x.as_ref())?;
        let change = merit.objective - objective;
        falls += usize::from(change < -FALL * reduced.magnitude(&merit));
        objective = merit.objective;
        let tolerance = match options.stop {
            Stop::Step(tolerance) => tolerance,
            Stop::Objective(_) => 0.0,
        };
        let (length, short) = spectral.below(before.as_ref(), x.as_ref(), tolerance)?;
        let stop = match options.stop {
            Stop::Step(_) => short.then_some(StopReason::SmallStep),
            Stop::Objective(tolerance) => {
                (change.abs() < tolerance * objective.abs()).then_some(StopReason::SmallStep)
            }
        };
        let row = TraceRow {
            objective,
            violation: 0.0,
            step: length,
        };
        Ok(Step { row, stop })
    })?;
    let mut solution = Solution::of(problem, reduction.lift(x.as_ref()), run.stopped)?;
    solution.start = start;
    solution.iterations = run.iterations;
    solution.trace = run.trace;
    solution.falls = falls;
    Ok(solution)
}

/// `delta_c lambda_max(H~ Sigma_2 H~^H)` with `H~ = N^H H`, from a `K x K` matrix.
struct InflatedShift {
    gram: Mat<c64>,
    weighted: Mat<c64>,
    values: HermitianEigenvalues,
    rate: f64,
}

impl InflatedShift {
    fn new(problem: &SumRateCrlb) -> Self {
        let n = ops::hcat(problem.channel(), problem.sensing().transmit());
        let transformed = ops::adjoint_mul(n.as_ref(), problem.channel());
        let users = problem.users();
        Self {
            gram: ops::adjoint_mul(transformed.as_ref(), transformed.as_ref()),
            weighted: Mat::zeros(users, users),
            values: HermitianEigenvalues::new(users),
            rate: problem.weights().rate,
        }
    }

    fn of(&mut self, evaluator: &Evaluator<'_>) -> Result<f64, Error> {
        let beta = evaluator.beta();
        for j in 0..beta.len() {
            for i in 0..beta.len() {
                self.weighted[(i, j)] = self.gram[(i, j)] * (beta[i] * beta[j]).sqrt();
            }
        }
        let values = self.values.of(self.weighted.as_ref())?;
        Ok(self.rate * values.last().copied().unwrap_or(0.0).max(0.0))
    }
}
