//! Linear beams without a program: sensing streams, and regularised zero forcing of the users.

use super::problem::{Network, block};
use crate::Error;
use isac_linalg::{Mat, c64, factor, ops};

/// Relative norm below which nothing of a steering vector is outside the users' span.
const NOTHING_LEFT: f64 = 1e-9;
/// Relative cut of the rank of an access point's channels.
const CUT: f64 = 1e-12;

/// How a sensing beam is pointed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pointing {
    /// Projection of the steering vector on what the access point's users do not hear.
    NullSpace,
    /// The steering vector itself (conjugate beamforming).
    Conjugate,
}

/// Whether a share of the power lies in `(0, 1]`.
pub(super) fn check_share(share: f64) -> Result<(), Error> {
    if share > 0.0 && share <= 1.0 {
        return Ok(());
    }
    let expected = "a share above 0 and at most 1";
    Err(isac_linalg::Error::range("share of the power for communication", share, expected).into())
}

/// One sensing stream per target, stacked antennas x targets; every access point spends
/// `(1 - share) P_m`, split evenly over the targets.
///
/// # Errors
/// A share outside `(0, 1]`. For [`Pointing::NullSpace`]: an access point whose users hear all that it can
/// send towards a target, as when it has no more antennas than users.
pub fn sensing(network: &Network, pointing: Pointing, share: f64) -> Result<Mat<c64>, Error> {
    check_share(share)?;
    let targets = network.targets();
    let mut out = Mat::zeros(network.channels().nrows(), targets);
    for m in 0..network.access_points() {
        let (first, rows) = network.rows(m);
        let mut beams = block(network.steering(), (first, rows)).to_owned();
        if pointing == Pointing::NullSpace {
            let channels = block(network.channels(), (first, rows));
            let heard = factor::orthonormal_basis(channels, CUT)?;
            // Twice: the second pass removes what the first rounded.
            for _ in 0..2 {
                let seen = ops::adjoint_mul(heard.as_ref(), beams.as_ref());
                let part = ops::mul(heard.as_ref(), seen.as_ref());
                ops::axpy(beams.as_mut(), -1.0, part.as_ref());
            }
        }
        let budget = (1.0 - share) * network.power()[m] / targets as f64;
        for t in 0..targets {
            let whole = ops::norm(block(network.steering().subcols(t, 1), (first, rows)));
            let norm = beams.col(t).norm_l2();
            if budget > 0.0 && norm <= NOTHING_LEFT * whole {
                let what = format!(
                    "part of steering vector {t} that no user of access point {m} hears, relative to the vector"
                );
                let expected = format!(
                    "more than {NOTHING_LEFT:e}: more antennas than users, other directions"
                );
                return Err(isac_linalg::Error::range(what, norm / whole, expected).into());
            }
            let factor = if norm > 0.0 {
                budget.sqrt() / norm
            } else {
                0.0
            };
            for i in 0..rows {
                out[(first + i, t)] = beams[(i, t)] * factor;
            }
        }
    }
    Ok(out)
}

/// Regularised zero forcing of the stacked channels, stacked antennas x users; the part of each user at each
/// access point is scaled to `share P_m / U`. The regularisation is `U sigma^2 / (share P)` with the means of
/// noise and budgets.
///
/// # Errors
/// A share outside `(0, 1]`; a system that is singular to working precision.
pub fn zero_forcing(network: &Network, share: f64) -> Result<Mat<c64>, Error> {
    check_share(share)?;
    let users = network.users();
    let mean = |list: &[f64]| list.iter().sum::<f64>() / list.len() as f64;
    let ridge = users as f64 * mean(network.noise()) / (share * mean(network.power()));
    let channels = network.channels();
    let gram = ops::shifted(ops::adjoint_mul(channels, channels).as_ref(), ridge);
    let inverse = factor::cholesky("regularised Gram matrix", gram.as_ref())?.inverse();
    let mut beams = ops::mul(channels, inverse.as_ref());
    for m in 0..network.access_points() {
        let (first, rows) = network.rows(m);
        let goal = (share * network.power()[m] / users as f64).sqrt();
        for u in 0..users {
            let mut part = beams.as_mut().submatrix_mut(first, u, rows, 1);
            let norm = ops::norm(part.as_ref());
            if norm > 0.0 {
                ops::scale(part.as_mut(), goal / norm);
            }
        }
    }
    Ok(beams)
}
