//! The loop that every iterative method of the workspace runs in: limit, trace, tracing span and
//! the rule that NaN never leaves a solver. The method itself supplies one step.

use crate::{Error, StopReason, Trace, TraceRow};
use serde::{Deserialize, Serialize};

/// When to stop a descent.
///
/// A descent stops at the first test that is met, in the order gradient, target, stall, limit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Stop {
    /// Largest number of iterations.
    pub max_iterations: usize,
    /// Tolerance of the gradient test; with 0 only a gradient that is exactly 0 meets it.
    pub gradient: f64,
    /// What the gradient is compared with.
    pub gradient_scale: GradientScale,
    /// Stop with [`StopReason::Stagnation`] after so many iterations in a row without a new best
    /// value; 0 switches it off. Non-monotone methods count this many times their memory.
    pub stall_steps: usize,
    /// What counts as a new best value: a fall by more than this times `max(1, |f|)`.
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
            gradient_scale: GradientScale::Value,
            stall_steps: 3,
            stall: 1e-14,
            target: None,
        }
    }
}

/// The two usual ways to make a gradient test free of units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GradientScale {
    /// `||G|| s <= tol max(1, |f|)` with `s` the length scale of the manifold.
    Value,
    /// `||G|| <= tol max(1, ||G_0||)` with `G_0` the gradient at the start.
    Start,
}

impl Stop {
    /// Whether the gradient test is met. `norm` is `||G||`, `start_norm` is `||G_0||`, `scale` the
    /// length scale of the manifold and `value` the objective.
    pub fn gradient_met(&self, norm: f64, start_norm: f64, scale: f64, value: f64) -> bool {
        match self.gradient_scale {
            GradientScale::Value => norm * scale <= self.gradient * value.abs().max(1.0),
            GradientScale::Start => norm <= self.gradient * start_norm.max(1.0),
        }
    }

    /// Whether the target value is reached.
    pub fn target_met(&self, value: f64) -> bool {
        self.target.is_some_and(|target| value <= target)
    }
}

/// Counts iterations without a new best value.
#[derive(Debug, Clone)]
pub struct Stall {
    steps: usize,
    tolerance: f64,
    best: f64,
    count: usize,
}

impl Stall {
    /// Stalls after `steps` values in a row that are not below the best by more than
    /// `tolerance max(1, |best|)`. `steps = 0` never stalls.
    pub fn new(steps: usize, tolerance: f64, first: f64) -> Self {
        Self {
            steps,
            tolerance,
            best: first,
            count: 0,
        }
    }

    /// Takes the value of a new iteration (to be minimised) and tells whether progress has ended.
    pub fn ended(&mut self, value: f64) -> bool {
        if value < self.best - self.tolerance * self.best.abs().max(1.0) {
            self.count = 0;
        } else {
            self.count += 1;
        }
        self.best = self.best.min(value);
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
        let mut stall = Stall::new(2, 1e-3, 10.0);
        assert!(!stall.ended(9.999), "no progress, once");
        assert!(!stall.ended(9.0), "progress");
        assert!(!stall.ended(9.5), "once");
        assert!(stall.ended(9.0), "twice");
        assert!(!Stall::new(0, 0.0, 1.0).ended(1.0), "switched off");
    }
}
