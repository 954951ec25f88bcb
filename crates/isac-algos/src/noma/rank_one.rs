//! stub
use crate::Error;
use isac_linalg::{Mat, c64};

/// Second over first eigenvalue of every covariance; 0 is rank one.
pub(crate) fn ratios(covariances: &[Mat<c64>]) -> Result<Vec<f64>, Error> {
    covariances
        .iter()
        .map(super::power_min::rank_ratio)
        .collect()
}
