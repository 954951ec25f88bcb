//! The loop that every iterative method of the workspace runs in: limit, trace, tracing span and
//! the rule that NaN never leaves a solver. The method itself supplies one step.

use crate::{Error, StopReason, Trace, TraceRow};
use serde::{Deserialize, Serialize};

/// When to stop a descent.
///
/// A descent stops at the first test that is met, in the order gradient, target, stall, limit. No
/// test but `target` has a unit: a factor on the objective and a constant added to it change none
/// of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Stop {
    /// Largest number of iterations.
    pub max_iterations: usize,
    /// Tolerance of the gradient test; with 0 only a gradient that is exactly 0 meets it.
    pub gradient: f64,
    /// What the gradient is compared with.
    pub gradient_scale: GradientScale,
    /// Stop with [`StopReason::Stagnation`] after so many iterations in a row without progress, see
    /// [`Stall`]; 0 switches it off. Non-monotone methods count this many times their memory.
    pub stall_steps: usize,
    /// What counts as progress of the value: a fall by more than this times the range of values seen.
    pub stall: f64,
    /// Stop with [`StopReason::Tolerance`] as soon as the value is at or below this one. For
    /// measurements of the effort to reach a given value.
    pub target: Option<f64>,
}

impl Default for Stop {
    fn default() -> Self {
        Self {
            max_iterations: 1000,
            gradient: 1e-6,
            gradient_scale: GradientScale::Curvature,
            stall_steps: 3,
            stall: 1e-14,
            target: None,
        }
    }
}

/// What a gradient is compared with, so that its test has no unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GradientScale {
    /// `||G|| <= tol c s` with `s` the length scale of the manifold and `c` the curvature that the
    /// last steps met: as far as they tell, a stationary point is nearer than `tol s`. Not met
    /// where the function bends down along one of them, such as beside a saddle, nor before the
    /// first step (unless the gradient is exactly 0). Does not depend on the start.
    Curvature,
    /// `||G|| <= tol ||G_0||` with `G_0` the gradient at the start.
    Start,
}

impl Stop {
    /// Whether the gradient test is met. `norm` is `||G||`, `start_norm` is `||G_0||`, `scale` the
    /// length scale `s` of the manifold and `curvature` what [`Secants`] tell.
    pub fn gradient_met(
        &self,
        norm: f64,
        start_norm: f64,
        scale: f64,
        curvature: Option<f64>,
    ) -> bool {
        let reference = match self.gradient_scale {
            GradientScale::Curvature => curvature.map_or(0.0, |curvature| curvature * scale),
            GradientScale::Start => start_norm,
        };
        norm <= self.gradient * reference
    }

    /// Whether the target value is reached.
    pub fn target_met(&self, value: f64) -> bool {
        self.target.is_some_and(|target| value <= target)
    }
}

/// Number of steps whose curvature is remembered.
const SECANTS: usize = 5;

/// The curvature met by the last steps: `||y|| / ||d||` of the change `y` of the gradient over the
/// step `d`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Secants {
    /// Curvature of a step along which the function bends up, 0 for one along which it bends down.
    recent: [f64; SECANTS],
    count: usize,
}

impl Secants {
    /// Takes a step of length `length` with `||y||` and with `<d, y>`, of which the sign matters.
    pub fn add(&mut self, length: f64, change: f64, along: f64) {
        let curvature = if along > 0.0 { change / length } else { 0.0 };
        self.recent[self.count % SECANTS] = if curvature.is_finite() {
            curvature
        } else {
            0.0
        };
        self.count += 1;
    }

    /// The least curvature of the last steps; `None` before the first step and where the function
    /// bends down along one of them.
    pub fn least(&self) -> Option<f64> {
        let known = &self.recent[..self.count.min(SECANTS)];
        let least = known.iter().copied().reduce(f64::min)?;
        (least > 0.0).then_some(least)
    }

    /// The least positive curvature of the last steps, for a point from which no method goes on:
    /// there a step that bends down is rounding.
    pub fn least_positive(&self) -> Option<f64> {
        let known = &self.recent[..self.count.min(SECANTS)];
        known.iter().copied().filter(|c| *c > 0.0).reduce(f64::min)
    }
}

/// Counts iterations without progress: neither a new least value nor a new least gradient.
#[derive(Debug, Clone)]
pub struct Stall {
    steps: usize,
    tolerance: f64,
    first: f64,
    best: f64,
    gradient: f64,
    count: usize,
}

impl Stall {
    /// How much a gradient must fall to be a new least one.
    const FLATTER: f64 = 0.99;

    /// Stalls after `steps` iterations in a row whose value is not below the best by more than
    /// `tolerance` times the fall since `first` (or the best value itself where that is smaller)
    /// and whose gradient is not below the least by a hundredth. `steps = 0` never stalls.
    pub fn new(steps: usize, tolerance: f64, first: f64, gradient: f64) -> Self {
        Self {
            steps,
            tolerance,
            first,
            best: first,
            gradient,
            count: 0,
        }
    }

    /// Takes the value of a new iteration (to be minimised) with the norm of its gradient and tells
    /// whether progress has ended.
    pub fn ended(&mut self, value: f64, gradient: f64) -> bool {
        let range = (self.first - self.best).min(self.best.abs());
        let lower = value < self.best - self.tolerance * range;
        let flatter = gradient < Self::FLATTER * self.gradient;
        if lower || flatter {
            self.count = 0;
        } else {
            self.count += 1;
        }
        self.best = self.best.min(value);
        if flatter {
            self.gradient = gradient;
        }
        self.steps > 0 && self.count >= self.steps
    }
}

/// What one iteration did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// Objective, violation and step length after the iteration.
    pub row: TraceRow,
    /// Set by the step after which the method is done.
    pub stop: Option<StopReason>,
}

/// How a run went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Why it stopped.
    pub stopped: StopReason,
    /// Number of iterations done.
    pub iterations: usize,
    /// One row per iteration.
    pub trace: Trace,
}

/// Calls `step` with 0, 1, 2, ... until it asks to stop or `max_iterations` are done.
///
/// `name` is the name of the method in the tracing span, such as `riemannian.lbfgs`. Room for the
/// first 65,536 rows of the trace is taken before the first iteration.
///
/// # Errors
/// The first error of `step`; [`Error::NonFinite`] if a row has an objective that is not finite.
///
/// ```
/// use isac_opt::drive::{Step, drive};
/// use isac_opt::{Error, StopReason, TraceRow};
/// // Heron's square root of 2.
/// let mut x = 1.0_f64;
/// let run = drive::<Error>("heron", 100, |_| {
///     let next = 0.5 * (x + 2.0 / x);
///     let step = (next - x).abs();
///     x = next;
///     let row = TraceRow { objective: x, violation: 0.0, step };
///     Ok(Step { row, stop: (step < 1e-12).then_some(StopReason::SmallStep) })
/// })?;
/// assert_eq!(run.stopped, StopReason::SmallStep);
/// assert!((x * x - 2.0).abs() < 1e-12 && run.iterations == run.trace.len());
/// # Ok::<(), Error>(())
/// ```
pub fn drive<E: From<Error>>(
    name: &'static str,
    max_iterations: usize,
    mut step: impl FnMut(usize) -> Result<Step, E>,
) -> Result<Run, E> {
    let span = tracing::info_span!("solve", algorithm = name);
    let _entered = span.enter();
    let mut trace = Trace::with_capacity(max_iterations.min(1 << 16));
    let mut stopped = StopReason::IterationLimit;
    for iteration in 0..max_iterations {
        let Step { row, stop } = step(iteration)?;
        if !row.objective.is_finite() {
            return Err(Error::NonFinite {
                what: "objective",
                iteration,
            }
            .into());
        }
        tracing::debug!(
            iteration,
            objective = row.objective,
            violation = row.violation,
            step = row.step
        );
        trace.push(row);
        if let Some(reason) = stop {
            stopped = reason;
            break;
        }
    }
    tracing::debug!(iterations = trace.len(), stopped = stopped.name());
    Ok(Run {
        stopped,
        iterations: trace.len(),
        trace,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(objective: f64) -> Step {
        let row = TraceRow {
            objective,
            violation: 0.0,
            step: 1.0,
        };
        Step { row, stop: None }
    }

    #[test]
    fn the_limit_is_a_value_and_zero_iterations_are_allowed() {
        let run = drive::<Error>("t", 3, |k| Ok(step(k as f64))).unwrap();
        assert_eq!(
            (run.stopped, run.iterations),
            (StopReason::IterationLimit, 3)
        );
        let run = drive::<Error>("t", 0, |_| Ok(step(0.0))).unwrap();
        assert_eq!(
            (run.stopped, run.iterations),
            (StopReason::IterationLimit, 0)
        );
    }

    #[test]
    fn nan_does_not_leave_the_loop() {
        let values = [1.0, f64::NAN];
        let error = drive::<Error>("t", 5, |k| Ok(step(values[k]))).unwrap_err();
        assert_eq!(
            error,
            Error::NonFinite {
                what: "objective",
                iteration: 1
            }
        );
    }

    #[test]
    fn stall_counts_steps_in_a_row() {
        for (scale, offset) in [(1.0, 0.0), (1e-12, 0.0), (1e12, 0.0), (1.0, 1e6)] {
            let f = |x: f64| offset + scale * x;
            let mut stall = Stall::new(2, 1e-3, f(20.0), scale);
            assert!(!stall.ended(f(10.0), scale), "progress");
            assert!(
                !stall.ended(f(9.995), scale),
                "less than a thousandth of the fall"
            );
            assert!(!stall.ended(f(9.0), scale), "progress");
            assert!(!stall.ended(f(9.5), scale), "once");
            assert!(!stall.ended(f(9.5), 0.9 * scale), "a flatter point");
            assert!(!stall.ended(f(9.5), 0.9 * scale), "once");
            assert!(stall.ended(f(9.0), 0.9 * scale), "twice");
        }
        assert!(
            !Stall::new(0, 0.0, 1.0, 1.0).ended(1.0, 1.0),
            "switched off"
        );
    }

    #[test]
    fn the_gradient_test_has_no_unit_and_waits_for_positive_curvature() {
        let stop = Stop::default();
        let mut secants = Secants::default();
        assert!(!stop.gradient_met(1e-300, 1.0, 1.0, secants.least()));
        assert!(stop.gradient_met(0.0, 1.0, 1.0, secants.least()));
        for scale in [1e-15, 1.0, 1e15] {
            secants = Secants::default();
            secants.add(0.5, 2.0 * scale, scale);
            // Curvature 4, length scale 3.
            assert!(stop.gradient_met(1.1e-5 * scale, 1.0, 3.0, secants.least()));
            assert!(!stop.gradient_met(1.3e-5 * scale, 1.0, 3.0, secants.least()));
        }
        secants.add(0.5, 2.0, -1.0);
        assert_eq!(secants.least(), None);
        assert!(secants.least_positive().is_some());
    }
}
