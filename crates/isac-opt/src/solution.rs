//! Why an iteration stopped and what it went through.

use serde::{Deserialize, Serialize};

/// Why an iterative method stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StopReason {
    /// The tolerance of the method's own optimality test was met.
    Tolerance,
    /// The step became shorter than the tolerance of a step test.
    SmallStep,
    /// No progress in several iterations, or no acceptable step was found, at a point that is not
    /// stationary up to rounding.
    Stagnation,
    /// The iteration limit was reached.
    IterationLimit,
    /// At its present pace the method will not reach the value it was told to better.
    Hopeless,
}

impl StopReason {
    /// Whether stopping for this reason means that the method converged.
    pub fn converged(self) -> bool {
        matches!(self, Self::Tolerance | Self::SmallStep)
    }

    /// The name used in result files, such as `tolerance`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tolerance => "tolerance",
            Self::SmallStep => "small_step",
            Self::Stagnation => "stagnation",
            Self::IterationLimit => "iteration_limit",
            Self::Hopeless => "hopeless",
        }
    }
}

/// One iteration of a method. No time stands here, so runs compare equal.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TraceRow {
    /// Objective after the iteration.
    pub objective: f64,
    /// Largest constraint violation after the iteration; 0 where every iterate is feasible.
    pub violation: f64,
    /// Length of the step taken.
    pub step: f64,
}

/// The iterations of a run, in order.
pub type Trace = Vec<TraceRow>;
