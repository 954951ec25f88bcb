//! Equal power on each antenna: every row of `W` has norm `sqrt(Pt / Nt)`, exactly.
//!
//! # Deviations
//! Eq. (31) of \[obs_crlb\] prints the exponent `-1`; rows get the stated power with `-1/2`:
//! `Pi(X) = sqrt(Pt / Nt) (I . X X^H)^{-1/2} X`. A row that is zero has no direction: its entries
//! become equal. The set is an equality in each row, and its points do not lie in the span of
//! `[H, S]`, so both methods here run with `Nt` rows.

use super::antenna_power::set;
use super::{Solution, SumRateCrlb, accelerated, sca};
use crate::Error;
use isac_linalg::{MatRef, c64, ops};
use isac_opt::manifold::Manifold;

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

/// How far a design is from stationary on this set: the part of the gradient along the set over the
/// part normal to it, which holds the multipliers of the antennas.
///
/// # Errors
/// As [`SumRateCrlb::gradient`].
pub fn residual(problem: &SumRateCrlb, beamformer: MatRef<'_, c64>) -> Result<f64, Error> {
    let mut tangent = problem.gradient(beamformer)?;
    let mut normal = tangent.clone();
    set(problem)?.project(beamformer, tangent.as_mut());
    ops::axpy(normal.as_mut(), -1.0, tangent.as_ref());
    let (along, across) = (ops::norm(tangent.as_ref()), ops::norm(normal.as_ref()));
    Ok(if along > 0.0 { along / across } else { 0.0 })
}

/// Largest relative deviation of the power of an antenna from `Pt / Nt`.
pub fn violation(problem: &SumRateCrlb, beamformer: MatRef<'_, c64>) -> f64 {
    let share = problem.power() / beamformer.nrows() as f64;
    (0..beamformer.nrows())
        .map(|i| (ops::norm2(beamformer.subrows(i, 1)) / share - 1.0).abs())
        .fold(0.0, f64::max)
}
