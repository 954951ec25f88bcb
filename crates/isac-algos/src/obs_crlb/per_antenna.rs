//! Equal power on each antenna: every row of `W` has norm `sqrt(Pt / Nt)`, exactly.
//!
//! # Deviations
//! Eq. (31) of \[obs_crlb\] prints the exponent `-1`; rows get the stated power with `-1/2`:
//! `Pi(X) = sqrt(Pt / Nt) (I . X X^H)^{-1/2} X`. A row that is zero has no direction: its entries
//! become equal. The set is an equality in each row, and its points do not lie in the span of
//! `[H, S]`, so both methods here run with `Nt` rows.

use super::{Solution, SumRateCrlb, accelerated, sca};
use crate::Error;
use isac_linalg::{MatRef, c64};

/// Algorithm 1 with the projection (31); [`sca::Options::coordinates`] is not used.
///
/// # Errors
/// As [`sca::solve`].
pub fn solve(
    problem: &SumRateCrlb,
    start: MatRef<'_, c64>,
    options: &sca::Options,
) -> Result<Solution, Error> {
    sca::solve_per_antenna(problem, start, options)
}

/// The accelerated solvers on the oblique manifold.
///
/// # Errors
/// As [`accelerated::solve`].
pub fn solve_accelerated(
    problem: &SumRateCrlb,
    start: MatRef<'_, c64>,
    options: &accelerated::Options,
) -> Result<Solution, Error> {
    accelerated::solve_per_antenna(problem, start, options)
}

/// Largest relative deviation of the power of an antenna from `Pt / Nt`.
pub fn violation(problem: &SumRateCrlb, beamformer: MatRef<'_, c64>) -> f64 {
    let share = problem.power() / beamformer.nrows() as f64;
    (0..beamformer.nrows())
        .map(|i| (isac_linalg::ops::norm2(beamformer.subrows(i, 1)) / share - 1.0).abs())
        .fold(0.0, f64::max)
}
