//! Check of Theorem 1: the structure of stationary beamformers.

use super::{Auxiliaries, Evaluator, Reduction, SumRateCrlb};
use crate::Error;
use isac_linalg::{Mat, MatRef, c64, ops};

/// How far a beamformer is from the structure of Theorem 1, Eqs. (36)-(37) of \[obs_crlb\]. At a
/// stationary point both residuals vanish and nothing lies outside the span.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Structure {
    /// Multiplier `mu = Re tr(W^H grad f) / (2 Pt)` of the power budget.
    pub multiplier: f64,
    /// `||(mu I + delta_c H Sigma_2 H^H - delta_s Q_h) W_c - delta_c H Sigma_1^H|| / ||mu W||`.
    pub users: f64,
    /// `||(delta_s Q_h - delta_c H Sigma_2 H^H) W_s - mu W_s|| / ||mu W||`: every sensing column is
    /// zero or an eigenvector with eigenvalue `mu`.
    pub sensing: f64,
    /// `||W - Q Q^H W|| / ||W||`, the share outside the span of `[H, S]`.
    pub outside: f64,
}

/// Evaluates the residuals at a beamformer of full power. Both are parts of
/// `grad f / 2 - mu W`, column by column.
///
/// # Errors
/// [`Error::Linalg`] when `W` does not fit; [`Error::Metric`] when the FIM is singular.
pub fn check(problem: &SumRateCrlb, beamformer: MatRef<'_, c64>) -> Result<Structure, Error> {
    problem.check_beamformer("beamformer", beamformer)?;
    let mut evaluator = Evaluator::new(problem, beamformer.ncols());
    evaluator.merit(beamformer)?;
    let mut residual: Mat<c64> = Mat::zeros(beamformer.nrows(), beamformer.ncols());
    evaluator.gradient(Auxiliaries::Exact, residual.as_mut());
    let power = ops::norm2(beamformer);
    let multiplier = ops::inner(beamformer, residual.as_ref()) / (2.0 * power);
    ops::scale(residual.as_mut(), 0.5);
    ops::axpy(residual.as_mut(), -multiplier, beamformer);
    let scale = multiplier.abs() * power.sqrt();
    let users = problem.users();
    let sensing = residual.subcols(users, residual.ncols() - users);
    let outside = Reduction::new(problem)?.outside(beamformer);
    Ok(Structure {
        multiplier,
        users: ops::norm(residual.subcols(0, users)) / scale,
        sensing: ops::norm(sensing) / scale,
        outside: ops::norm(outside.as_ref()) / power.sqrt(),
    })
}
