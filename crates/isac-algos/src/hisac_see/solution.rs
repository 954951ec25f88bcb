//! A design with its exact evaluation, and which of two is kept.

use super::evaluate::Report;
use super::problem::Design;
use isac_opt::{StopReason, Trace};
use serde::{Deserialize, Serialize};

/// A design with its exact evaluation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Solution {
    /// The beams, full dimension.
    pub design: Design,
    /// Metrics and violations, exact unless [`super::direct::Options::bound`] says otherwise.
    pub report: Report,
    /// Whether that evaluation accepts it.
    pub feasible: bool,
    /// Why the method stopped.
    pub stopped: StopReason,
    /// Iterations, over all starts.
    pub iterations: usize,
    /// Evaluations of all functions with their gradients by the direct route, over all starts.
    pub evaluations: usize,
    /// Starts of which this is the best.
    pub starts: usize,
    /// The iterations of the best start. The objective is what is minimised inside.
    pub trace: Trace,
}

impl Solution {
    /// Whether this one is preferable: feasible before infeasible, then by objective, or by
    /// violation where neither is feasible.
    pub fn beats(&self, other: &Self) -> bool {
        match (self.feasible, other.feasible) {
            (true, true) => self.report.objective > other.report.objective,
            (false, false) => self.report.max_violation() < other.report.max_violation(),
            (ours, _) => ours,
        }
    }
}

/// Keeps the better of two, with the iterations of both.
pub(super) fn take(best: &mut Option<Solution>, found: Solution) {
    match best {
        None => *best = Some(found),
        Some(best) => take_into(best, found),
    }
}

pub(super) fn take_into(best: &mut Solution, found: Solution) {
    let iterations = best.iterations + found.iterations;
    let evaluations = best.evaluations + found.evaluations;
    let starts = best.starts + found.starts;
    if found.beats(best) {
        *best = found;
    }
    (best.iterations, best.evaluations, best.starts) = (iterations, evaluations, starts);
}
