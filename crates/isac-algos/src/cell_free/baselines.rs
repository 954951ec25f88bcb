//! The baselines of Sec. IV of `[cell_free]`: a fixed sensing beam, and the users' beams around it.
//!
//! A share `rho` of the power of every access point is for the users, the rest for the sensing streams, one
//! per target ([`linear::sensing`]). NS+RZF scales regularised zero forcing
//! ([`linear::zero_forcing`]); NS+OPT and CB+OPT give the users the largest common SINR under the
//! interference of the sensing streams.

use super::linear::{self, Pointing, check_share};
use super::max_min;
use super::problem::{Evaluation, Network, evaluate};
use crate::Error;
use isac_linalg::{Mat, c64, ops};
use serde::{Deserialize, Serialize};

/// How the users' beams are found around the sensing streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Users {
    /// Regularised zero forcing.
    ZeroForcing,
    /// The largest common SINR.
    MaxMin,
}

/// All beams of a baseline.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Design {
    /// Stacked antennas x (users + sensing streams).
    #[serde(with = "isac_linalg::convert::serde::matrix")]
    pub beams: Mat<c64>,
    /// What they achieve.
    pub evaluation: Evaluation,
    /// No users' beams around the same sensing streams, of the same share of the power, have a larger
    /// common SINR; infinite where no bound was proved.
    #[serde(with = "isac_linalg::convert::serde::number")]
    pub upper: f64,
    /// Newton steps.
    pub steps: usize,
}

/// A baseline; `None` where the root of [`max_min`](mod@max_min) was not found.
///
/// # Errors
/// As [`linear::sensing`] and [`max_min::solve`].
pub fn solve(
    network: &Network,
    pointing: Pointing,
    users: Users,
    share: f64,
    options: &max_min::Options,
) -> Result<Option<Design>, Error> {
    let sensing = linear::sensing(network, pointing, share)?;
    let best = max_min::solve(&users_alone(network, share, &sensing)?, options)?;
    let (own, upper, steps) = match (users, best) {
        (Users::MaxMin, None) => return Ok(None),
        (Users::MaxMin, Some(best)) => (best.beams, best.upper, best.steps),
        (Users::ZeroForcing, best) => {
            let upper = best.map_or(f64::INFINITY, |best| best.upper);
            (linear::zero_forcing(network, share)?, upper, 0)
        }
    };
    let beams = ops::hcat(own.as_ref(), sensing.as_ref());
    Ok(Some(Design {
        evaluation: evaluate(network, beams.as_ref())?,
        beams,
        upper,
        steps,
    }))
}

/// The network of the users alone: a share of the budgets, and the sensing streams as noise.
///
/// # Errors
/// A share outside `(0, 1]`; sensing beams of another shape.
pub fn users_alone(network: &Network, share: f64, sensing: &Mat<c64>) -> Result<Network, Error> {
    check_share(share)?;
    let total = network.channels().nrows();
    isac_linalg::validate::shape("sensing beams", sensing.as_ref(), total, sensing.ncols())?;
    let heard = ops::adjoint_mul(network.channels(), sensing.as_ref());
    let noise = (0..network.users()).map(|u| {
        let interference: f64 = (0..heard.ncols()).map(|s| heard[(u, s)].norm_sqr()).sum();
        network.noise()[u] + interference
    });
    let power = network.power().iter().map(|p| share * p).collect();
    network.with(power, noise.collect())
}
