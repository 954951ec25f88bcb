//! The largest common SINR under one budget per access point.
//!
//! The least factor `alpha(gamma)` of the budgets that gives every user the SINR `gamma` is a convex
//! program (`dual.rs`) with its dual's optimum as value and `sum_u lambda_u |h_u^H f_u|^2 / gamma^2` as
//! slope; the answer is the root of `alpha(gamma) = 1`. Nothing is bisected on a verdict. The multipliers
//! at the root bound the common SINR of all beams from above in closed form
//! ([`certificate::sinr_bound`]), so that the answer is certified from both sides.

use super::certificate::{self, Multipliers};
use super::dual::{BEYOND, Centre, Dual, Kind};
use super::jsc;
use super::linear;
use super::problem::{Network, block};
use super::span::Span;
use crate::Error;
use isac_linalg::{Mat, c64, ops, validate};
use isac_opt::root::{self, Sample};
use serde::{Deserialize, Serialize};

/// Options of the root.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Relative tolerance of the power at the root.
    pub tolerance: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self { tolerance: 1e-9 }
    }
}

/// Beams of the users with their common SINR.
#[derive(Debug, Clone)]
pub struct Design {
    /// Stacked antennas x users, within the budgets.
    pub beams: Mat<c64>,
    /// Smallest SINR of the beams, recomputed.
    pub sinr: f64,
    /// No beams within the budgets have a larger common SINR; infinite where no bound was proved.
    pub upper: f64,
    /// The multipliers behind the bound.
    pub multipliers: Multipliers,
    /// Evaluations of the least factor.
    pub evaluations: usize,
    /// Newton steps of all evaluations.
    pub steps: usize,
}

impl Design {
    /// Relative distance of the bound.
    pub fn relative_gap(&self) -> f64 {
        (self.upper - self.sinr).abs() / self.sinr
    }
}

/// Solves; `None` where no evaluation gave beams.
///
/// # Errors
/// A tolerance that is not positive; a decomposition that failed.
pub fn solve(network: &Network, options: &Options) -> Result<Option<Design>, Error> {
    validate::positive("tolerance", options.tolerance, "")?;
    let span = Span::new(network, false)?;
    let users = network.users();
    // A user alone, all access points in phase.
    let high = (0..users)
        .map(|u| {
            let amplitude: f64 = (0..network.access_points())
                .map(|m| {
                    let h = block(network.channels().subcols(u, 1), network.rows(m));
                    ops::norm(h) * network.power()[m].sqrt()
                })
                .sum();
            amplitude * amplitude / network.noise()[u]
        })
        .fold(f64::INFINITY, f64::min);
    let (mut warm, mut steps): (Option<Centre>, usize) = (None, 0);
    let way = root::Options {
        tolerance: options.tolerance,
        ..root::Options::default()
    };
    // What equal shares reach: the root lies above it.
    let start = achieved(network)?.clamp(1e-9 * high, high);
    let root = root::increasing_root(1.0, 0.0, (0.0, high), start, &way, |gamma| {
        let floors = vec![gamma; users];
        let dual = Dual {
            kind: Kind::Power,
            offsets: &span.offsets,
            channels: &span.channels,
            steering: &span.steering,
            power: network.power(),
            noise: network.noise(),
            floors: &floors,
        };
        let end = dual.solve(warm.as_ref(), options.tolerance)?;
        steps += end.steps;
        if warm.is_none() {
            warm.clone_from(&end.early);
        }
        let value = -end.value;
        if value > BEYOND {
            // A value of the dual is a bound.
            return Ok::<_, Error>(Sample::Above);
        }
        let Ok(beams) = dual.beams(&end) else {
            return Ok(Sample::Unknown);
        };
        let y = Multipliers {
            // No target has a part in this program, however many the network has.
            target: Vec::new(),
            ..jsc::multipliers(network, &end)
        };
        let slope: f64 = (0..users)
            .map(|u| {
                let heard = ops::dot(span.channels.col(u), beams.users.col(u)).norm_sqr();
                y.sinr[u] * heard / (gamma * gamma)
            })
            .sum();
        if value <= 0.0 || !value.is_finite() {
            return Ok(Sample::Unknown);
        }
        Ok(Sample::Value {
            value,
            slope,
            data: (beams.users, y),
        })
    })?;
    let Some((_, _, (found, y))) = root.best else {
        return Ok(None);
    };
    let mut beams = span.lift(network, found.as_ref());
    let most = (0..network.access_points())
        .map(|m| ops::norm2(block(beams.as_ref(), network.rows(m))) / network.power()[m])
        .fold(0.0, f64::max);
    ops::scale(beams.as_mut(), 1.0 / most.sqrt());
    let sinr = isac_metrics::sinr(network.channels(), beams.as_ref(), network.noise())?;
    let sinr = sinr.into_iter().fold(f64::INFINITY, f64::min);
    let upper = certificate::sinr_bound(network, &y).unwrap_or(f64::INFINITY);
    Ok(Some(Design {
        beams,
        sinr,
        upper,
        multipliers: y,
        evaluations: root.evaluations,
        steps,
    }))
}

/// Smallest SINR of regularised zero forcing within the budgets.
fn achieved(network: &Network) -> Result<f64, Error> {
    let beams = linear::zero_forcing(network, 1.0)?;
    let sinr = isac_metrics::sinr(network.channels(), beams.as_ref(), network.noise())?;
    Ok(sinr.into_iter().fold(f64::INFINITY, f64::min))
}
