//! The baseline FP-SGDA as released: projected gradient ascent with a fixed step and a proximal
//! anchor.
//!
//! ```math
//! W^+ = \Pi(W + \gamma \nabla f + \gamma p (W - \hat W)), \qquad
//! \hat W^+ = \hat W + 0.02 (W^+ - \hat W), \quad \hat W_0 = W_0 .
//! ```
//!
//! # Deviations
//! The released script also updates a matrix `Y` that never enters `W`; it is left out. The
//! gradient has the auxiliaries without the sensing streams, as released.

use super::{Auxiliaries, Evaluator, Solution, SumRateCrlb, Weights};
use crate::Error;
use isac_linalg::{Mat, MatRef, c64, ops};
use isac_opt::drive::{Step, drive};
use isac_opt::{StopReason, TraceRow};
use serde::{Deserialize, Serialize};

/// How fast the anchor follows the iterate.
const FOLLOW: f64 = 0.02;

/// Options of FP-SGDA; the default is the setting of the released Figs. 5 to 7.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Step `gamma`.
    pub step: f64,
    /// Weight `p` of the proximal term.
    pub proximal: f64,
    /// Scale the weights so that the larger of them is 1 (Fig. 3).
    pub normalise_weights: bool,
    /// Spectral norm of the change at which it stops, sqrt(W).
    pub tolerance: f64,
    /// Largest number of iterations.
    pub max_iterations: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            step: 5e-6,
            proximal: 10.0,
            normalise_weights: false,
            tolerance: 1e-5,
            max_iterations: 4000,
        }
    }
}

impl Options {
    /// The setting of the released Fig. 3.
    pub fn tradeoff() -> Self {
        Self {
            step: 1e-5,
            proximal: 1.0,
            normalise_weights: true,
            tolerance: 1e-5,
            max_iterations: 2000,
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
    let top = if options.normalise_weights {
        weights.rate.max(weights.crlb)
    } else {
        1.0
    };
    let scaled = problem.with_weights(Weights {
        rate: weights.rate / top,
        crlb: weights.crlb / top,
    })?;
    let mut w = problem.at_full_power(start)?;
    let (rows, cols) = (w.nrows(), w.ncols());
    let mut anchor = w.clone();
    let mut next: Mat<c64> = Mat::zeros(rows, cols);
    let mut gradient: Mat<c64> = Mat::zeros(rows, cols);
    let mut evaluator = Evaluator::new(&scaled, cols);
    let mut spectral = super::sca::SpectralNorm::new(rows, cols, false);
    let start = evaluator.merit(w.as_ref())?;
    let mut objective = start.objective;
    let mut falls = 0;
    let limit = options.max_iterations;
    let run = drive("obs_crlb.fp_sgda", limit, |_| -> Result<Step, Error> {
        evaluator.gradient(Auxiliaries::WithoutSensing, gradient.as_mut());
        let pull = options.step * options.proximal;
        for j in 0..cols {
            for i in 0..rows {
                let (here, held) = (w[(i, j)], anchor[(i, j)]);
                next[(i, j)] = here + gradient[(i, j)] * options.step + (here - held) * pull;
            }
        }
        let norm = ops::norm(next.as_ref());
        ops::scale(next.as_mut(), problem.power().sqrt() / norm);
        let (length, below) = spectral.below(w.as_ref(), next.as_ref(), options.tolerance)?;
        std::mem::swap(&mut w, &mut next);
        for j in 0..cols {
            for i in 0..rows {
                let held = anchor[(i, j)];
                anchor[(i, j)] = held + (w[(i, j)] - held) * FOLLOW;
            }
        }
        let merit = evaluator.merit(w.as_ref())?;
        falls += usize::from(merit.objective < objective - 1e-12 * objective.abs().max(1.0));
        objective = merit.objective;
        let row = TraceRow {
            objective: objective * top,
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
