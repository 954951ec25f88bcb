//! The baseline FP-SGDA as released: projected gradient ascent with a fixed step and a proximal
//! anchor.
//!
//! ```math
//! W^+ = \Pi(W + \gamma \nabla f + \gamma p (W - \hat W)), \qquad
//! \hat W^+ = \hat W + 0.02 (W^+ - \hat W), \quad \hat W_0 = W_0 .
//! ```
//!
//! The step `gamma` and the test that ends the run have no unit by default ([`Scale::Free`]); the
//! released ones are absolute ([`Scale::Released`]).
//!
//! # Deviations
//! The released script also updates a matrix `Y` that never enters `W`; it is left out. The
//! gradient has the auxiliaries without the sensing streams, as released.

use super::{Auxiliaries, Evaluator, FALL, Solution, SumRateCrlb, Weights};
use crate::Error;
use isac_linalg::{Mat, MatRef, c64, ops};
use isac_opt::drive::{Step, drive};
use isac_opt::manifold::{Manifold, Sphere};
use isac_opt::{StopReason, TraceRow};
use serde::{Deserialize, Serialize};

/// How fast the anchor follows the iterate.
const FOLLOW: f64 = 0.02;

/// Units of the step and of the stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// `gamma` is `step Pt` over the size of the terms of `f` at the start
    /// ([`SumRateCrlb::magnitude`]) and the proximal term pulls by `step proximal`. Ends when the
    /// gradient along the sphere is `tolerance` times its part normal to it, or less.
    Free,
    /// `gamma` is `step`, in W over the unit of `f`. Ends when the spectral norm of the change of `W`
    /// is below `tolerance`, in sqrt(W).
    Released,
}

/// Options of FP-SGDA.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Units of what follows.
    pub scale: Scale,
    /// Step `gamma`.
    pub step: f64,
    /// Weight `p` of the proximal term.
    pub proximal: f64,
    /// Scale the weights so that the larger of them is 1 (Fig. 3).
    pub normalise_weights: bool,
    /// When it ends.
    pub tolerance: f64,
    /// Largest number of iterations.
    pub max_iterations: usize,
}

impl Default for Options {
    /// Without units; at the setting of the paper about the released step.
    fn default() -> Self {
        Self {
            scale: Scale::Free,
            step: 2e-3,
            proximal: 0.025,
            normalise_weights: false,
            tolerance: 1e-4,
            max_iterations: 4000,
        }
    }
}

impl Options {
    /// The setting of the released Figs. 5 to 7.
    pub fn released() -> Self {
        Self {
            scale: Scale::Released,
            step: 5e-6,
            proximal: 10.0,
            normalise_weights: false,
            tolerance: 1e-5,
            max_iterations: 4000,
        }
    }

    /// The setting of the released Fig. 3.
    pub fn released_tradeoff() -> Self {
        Self {
            step: 1e-5,
            proximal: 1.0,
            normalise_weights: true,
            max_iterations: 2000,
            ..Self::released()
        }
    }
}

/// Runs FP-SGDA with `Nt` rows from `start` (scaled to full power first).
///
/// # Errors
/// As [`sca::solve`](super::sca::solve).
pub fn solve(
    problem: &SumRateCrlb,
    start: MatRef<'_, c64>,
    options: &Options,
) -> Result<Solution, Error> {
    let weights = problem.weights();
    let largest = weights.rate.max(weights.crlb);
    let top = if options.normalise_weights && largest > 0.0 {
        largest
    } else {
        1.0
    };
    let scaled = problem.with_weights(Weights {
        rate: weights.rate / top,
        crlb: weights.crlb / top,
    })?;
    let mut w = problem.at_full_power(start)?;
    let (rows, cols) = (w.nrows(), w.ncols());
    let set = Sphere::new(problem.power())?;
    let mut anchor = w.clone();
    let mut next: Mat<c64> = Mat::zeros(rows, cols);
    let mut gradient: Mat<c64> = Mat::zeros(rows, cols);
    let mut evaluator = Evaluator::new(&scaled, cols);
    let mut spectral = super::sca::SpectralNorm::new(rows, cols, false);
    let start = evaluator.merit(w.as_ref())?;
    let step = match options.scale {
        Scale::Free => {
            let size = scaled.magnitude(&start);
            // Without any term there is nothing to climb.
            let unit = if size > 0.0 {
                problem.power() / size
            } else {
                0.0
            };
            options.step * unit
        }
        Scale::Released => options.step,
    };
    let pull = options.proximal
        * match options.scale {
            Scale::Free => options.step,
            Scale::Released => step,
        };
    let mut before = start;
    let mut falls = 0;
    let limit = options.max_iterations;
    let run = drive("obs_crlb.fp_sgda", limit, |_| -> Result<Step, Error> {
        evaluator.gradient(Auxiliaries::WithoutSensing, gradient.as_mut());
        for j in 0..cols {
            for i in 0..rows {
                let (here, held) = (w[(i, j)], anchor[(i, j)]);
                next[(i, j)] = here + gradient[(i, j)] * step + (here - held) * pull;
            }
        }
        let stationary = options.scale == Scale::Free && {
            let all = ops::norm2(gradient.as_ref());
            set.project(w.as_ref(), gradient.as_mut());
            let tangent = ops::norm2(gradient.as_ref());
            tangent <= options.tolerance.powi(2) * (all - tangent)
        };
        if stationary {
            let row = TraceRow {
                objective: before.objective * top,
                violation: 0.0,
                step: 0.0,
            };
            let stop = Some(StopReason::Tolerance);
            return Ok(Step { row, stop });
        }
        set.normalise(next.as_mut());
        let tolerance = match options.scale {
            Scale::Free => 0.0,
            Scale::Released => options.tolerance,
        };
        let (length, below) = spectral.below(w.as_ref(), next.as_ref(), tolerance)?;
        let merit = match evaluator.merit(next.as_ref()) {
            Ok(merit) => merit,
            // A step to where the targets cannot be told apart is a fault of the step, not of the problem.
            Err(Error::Metric(
                isac_metrics::Error::SingularFim { .. } | isac_metrics::Error::LostDigits { .. },
            )) => {
                let row = TraceRow {
                    objective: before.objective * top,
                    violation: 0.0,
                    step: 0.0,
                };
                let stop = Some(StopReason::Stagnation);
                return Ok(Step { row, stop });
            }
            Err(error) => return Err(error),
        };
        std::mem::swap(&mut w, &mut next);
        for j in 0..cols {
            for i in 0..rows {
                let held = anchor[(i, j)];
                anchor[(i, j)] = held + (w[(i, j)] - held) * FOLLOW;
            }
        }
        let room = FALL * scaled.magnitude(&before);
        falls += usize::from(merit.objective < before.objective - room);
        before = merit;
        let row = TraceRow {
            objective: merit.objective * top,
            violation: 0.0,
            step: length,
        };
        Ok(Step {
            row,
            stop: below.then_some(StopReason::SmallStep),
        })
    })?;
    let mut solution = Solution::of(problem, w, run.stopped)?;
    solution.start.objective = start.objective * top;
    (solution.start.sum_rate, solution.start.crlb_trace) = (start.sum_rate, start.crlb_trace);
    solution.iterations = run.iterations;
    solution.trace = run.trace;
    solution.falls = falls;
    Ok(solution)
}
