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

use super::sca::SpectralNorm;
use super::{Auxiliaries, Evaluator, FALL, Merit, Solution, SumRateCrlb, Weights};
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
    let mut climb = Climb::begin(&scaled, problem.at_full_power(start)?, top, options)?;
    let start = climb.here;
    let run = drive("obs_crlb.fp_sgda", options.max_iterations, |_| climb.step())?;
    let falls = climb.falls;
    let mut solution = Solution::of(problem, climb.w, run.stopped)?;
    solution.start.objective = start.objective * top;
    (solution.start.sum_rate, solution.start.crlb_trace) = (start.sum_rate, start.crlb_trace);
    solution.iterations = run.iterations;
    solution.trace = run.trace;
    solution.falls = falls;
    Ok(solution)
}

/// A run at its current point.
struct Climb<'a> {
    problem: &'a SumRateCrlb,
    options: &'a Options,
    /// What the weights were divided by.
    top: f64,
    set: Sphere,
    evaluator: Evaluator<'a>,
    spectral: SpectralNorm,
    w: Mat<c64>,
    /// Trial point.
    next: Mat<c64>,
    /// `W-hat`.
    anchor: Mat<c64>,
    gradient: Mat<c64>,
    /// Merit of `w`.
    here: Merit,
    /// `gamma` and `gamma p`.
    step: f64,
    pull: f64,
    falls: usize,
}

impl<'a> Climb<'a> {
    fn begin(
        problem: &'a SumRateCrlb,
        w: Mat<c64>,
        top: f64,
        options: &'a Options,
    ) -> Result<Self, Error> {
        let (rows, cols) = (w.nrows(), w.ncols());
        let set = Sphere::new(problem.power())?;
        let mut evaluator = Evaluator::new(problem, cols);
        let here = evaluator.merit(w.as_ref())?;
        let (step, pull) = steps(problem, &here, options);
        Ok(Self {
            problem,
            options,
            top,
            set,
            evaluator,
            spectral: SpectralNorm::new(rows, cols, false),
            anchor: w.clone(),
            w,
            next: Mat::zeros(rows, cols),
            gradient: Mat::zeros(rows, cols),
            here,
            step,
            pull,
            falls: 0,
        })
    }

    fn step(&mut self) -> Result<Step, Error> {
        self.reach();
        if self.stationary() {
            return Ok(self.ended(StopReason::Tolerance));
        }
        self.set.normalise(self.next.as_mut());
        let tolerance = match self.options.scale {
            Scale::Free => 0.0,
            Scale::Released => self.options.tolerance,
        };
        let (w, next) = (self.w.as_ref(), self.next.as_ref());
        let (length, below) = self.spectral.below(w, next, tolerance)?;
        let merit = match self.evaluator.merit(next) {
            Ok(merit) => merit,
            // A step to where the targets cannot be told apart is a fault of the step, not of the problem.
            Err(Error::Metric(
                isac_metrics::Error::SingularFim { .. } | isac_metrics::Error::LostDigits { .. },
            )) => return Ok(self.ended(StopReason::Stagnation)),
            Err(error) => return Err(error),
        };
        self.advance(merit);
        let row = TraceRow {
            objective: merit.objective * self.top,
            violation: 0.0,
            step: length,
        };
        Ok(Step {
            row,
            stop: below.then_some(StopReason::SmallStep),
        })
    }

    /// The gradient at `w`, and `next` along it and away from the anchor.
    fn reach(&mut self) {
        let gradient = self.gradient.as_mut();
        self.evaluator
            .gradient(Auxiliaries::WithoutSensing, gradient);
        for j in 0..self.w.ncols() {
            for i in 0..self.w.nrows() {
                let (here, held) = (self.w[(i, j)], self.anchor[(i, j)]);
                self.next[(i, j)] =
                    here + self.gradient[(i, j)] * self.step + (here - held) * self.pull;
            }
        }
    }

    /// Whether the gradient along the sphere is a small part of it; takes the other part off it.
    fn stationary(&mut self) -> bool {
        self.options.scale == Scale::Free && {
            let all = ops::norm2(self.gradient.as_ref());
            self.set.project(self.w.as_ref(), self.gradient.as_mut());
            let tangent = ops::norm2(self.gradient.as_ref());
            tangent <= self.options.tolerance.powi(2) * (all - tangent)
        }
    }

    /// Moves to `next`; the anchor follows.
    fn advance(&mut self, merit: Merit) {
        std::mem::swap(&mut self.w, &mut self.next);
        for j in 0..self.w.ncols() {
            for i in 0..self.w.nrows() {
                let held = self.anchor[(i, j)];
                self.anchor[(i, j)] = held + (self.w[(i, j)] - held) * FOLLOW;
            }
        }
        let room = FALL * self.problem.magnitude(&self.here);
        self.falls += usize::from(merit.objective < self.here.objective - room);
        self.here = merit;
    }

    /// The last iteration, which stays where it is.
    fn ended(&self, stop: StopReason) -> Step {
        let row = TraceRow {
            objective: self.here.objective * self.top,
            violation: 0.0,
            step: 0.0,
        };
        let stop = Some(stop);
        Step { row, stop }
    }
}

/// `gamma` and `gamma p` for a run from a point of the given merit.
fn steps(problem: &SumRateCrlb, start: &Merit, options: &Options) -> (f64, f64) {
    let step = match options.scale {
        Scale::Free => {
            let size = problem.magnitude(start);
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
    (step, pull)
}
