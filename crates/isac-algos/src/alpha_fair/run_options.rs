//! What a run of any method needs besides problem and start.

use super::{bound, penalty};
use isac_linalg::{Mat, c64};

/// What a run needs besides problem and start.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// Penalty rho of [`super::Method::Paper`].
    pub rho: f64,
    /// Limit of its iterations.
    pub iterations: usize,
    /// Further starts of [`super::Method::BestOfStarts`].
    pub further: Vec<Mat<c64>>,
    /// [`super::Method::BestOfStarts`] contains [`super::Method::Sdr`] where it is expected to take no longer than this,
    /// s.
    pub sdr_patience_s: f64,
    /// The search for the lower bound; `None` leaves it out.
    pub bound: Option<bound::Options>,
}

impl Default for RunOptions {
    fn default() -> Self {
        Self {
            rho: 10.0,
            iterations: penalty::ITERATIONS,
            further: Vec::new(),
            sdr_patience_s: 60.0,
            bound: Some(bound::Options::default()),
        }
    }
}
