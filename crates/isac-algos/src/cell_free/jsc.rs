//! Joint sensing and communication: the largest sensing SNR under SINR floors and one budget per
//! access point.
//!
//! ```math
//! \max_{F_1, \dots, F_U, F_S \succeq 0} \; \min_t \; \zeta^2 \sum_m a_{tm}^H F_{mm} a_{tm}, \qquad
//! F = \sum_u F_u + F_S
//! ```
//!
//! subject to `(1 + 1/gamma_u) h_u^H F_u h_u - h_u^H F h_u >= sigma_u^2` and `tr F_mm <= P_m`. The relaxation to
//! covariances loses nothing: its dual (`dual.rs`) has a path on which every `F_u` is of rank one, and
//! `F_S` may have any rank, with a stream per eigenvector. The paper bounds the number of sensing streams
//! by one; see *Deviations*.
//!
//! # Deviations
//! The published program reads the beams off as `f_u = F_u h_u / sqrt(h_u^H F_u h_u)` and keeps one sensing
//! stream of what is left; here the users' covariances are of rank one from the start, and as many sensing
//! streams are kept as carry more than 1e-9 of the power.

use super::certificate::{self, Multipliers};
use super::dual::{Dual, End, Kind};
use super::problem::{Evaluation, Network, evaluate};
use super::restore::restore;
use super::span::Span;
use crate::Error;
use isac_linalg::{Mat, c64, factor, ops, validate};
use serde::{Deserialize, Serialize};

/// Share of the power of all sensing streams that are left out.
const NEGLIGIBLE: f64 = 1e-9;

/// A violation of the last digits, which any rounding makes.
const ROUNDING: f64 = 1e-12;

/// Options of the joint design.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// The path ends when its distance to the optimum is below this times the optimum.
    pub tolerance: f64,
    /// Whether to reduce every access point to the span of what it must see; exact.
    pub reduce: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            tolerance: 1e-9,
            reduce: true,
        }
    }
}

/// Beams with what they achieve and what none achieves.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Design {
    /// Stacked antennas x (users + sensing streams).
    #[serde(with = "isac_linalg::convert::serde::matrix")]
    pub beams: Mat<c64>,
    /// What the beams achieve.
    pub evaluation: Evaluation,
    /// No beams or covariances that meet the floors have a larger smallest sensing SNR.
    #[serde(with = "isac_linalg::convert::serde::number")]
    pub upper: f64,
    /// The multipliers behind the bound.
    pub multipliers: Multipliers,
    /// Order of the covariances that were optimised.
    pub order: usize,
    /// Newton steps.
    pub steps: usize,
}

impl Design {
    /// Smallest sensing SNR, recomputed from the beams.
    pub fn objective(&self) -> f64 {
        self.evaluation.min_sensing_snr()
    }

    /// Relative distance of the bound.
    pub fn relative_gap(&self) -> f64 {
        (self.upper - self.objective()).abs() / self.objective()
    }
}

/// How a joint design ended.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// Beams and a bound.
    Solved(Box<Design>),
    /// No beams meet the floors within the budgets; the multipliers prove it
    /// ([`certificate::sensing_bound`] below 0).
    Infeasible(Multipliers),
    /// Neither beams nor a proof.
    Unknown,
}

impl Outcome {
    /// The design, if there is one.
    pub fn design(&self) -> Option<&Design> {
        match self {
            Self::Solved(design) => Some(design),
            Self::Infeasible(_) | Self::Unknown => None,
        }
    }
}

/// Whether there is one positive floor per user.
pub(super) fn check_floors(network: &Network, floors: &[f64]) -> Result<(), Error> {
    validate::length("SINR floors", floors.len(), network.users())?;
    for (u, &floor) in floors.iter().enumerate() {
        validate::positive(&format!("SINR floor {u}"), floor, "")?;
    }
    Ok(())
}

/// The joint design for SINR floors.
///
/// # Errors
/// Floors of the wrong number or not positive; a decomposition that failed.
pub fn solve(network: &Network, floors: &[f64], options: &Options) -> Result<Outcome, Error> {
    check_floors(network, floors)?;
    validate::positive("tolerance", options.tolerance, "")?;
    let span = if options.reduce {
        Span::new(network, true)?
    } else {
        Span::whole(network)
    };
    let mut steering = span.steering.clone();
    ops::scale(steering.as_mut(), network.gain().sqrt());
    let dual = Dual {
        kind: Kind::Sensing,
        offsets: &span.offsets,
        channels: &span.channels,
        steering: &steering,
        power: network.power(),
        noise: network.noise(),
        floors,
    };
    let end = dual.solve(None, options.tolerance)?;
    let multipliers = multipliers(network, &end);
    let upper = certificate::sensing_bound(network, floors, &multipliers);
    if upper.is_some_and(|bound| bound < 0.0) {
        return Ok(Outcome::Infeasible(multipliers));
    }
    let (Some(upper), Ok(found)) = (upper, dual.beams(&end)) else {
        return Ok(Outcome::Unknown);
    };
    let total = network.power().iter().sum::<f64>();
    let streams = streams(&found.sensing, NEGLIGIBLE * total)?;
    let all = ops::hcat(found.users.as_ref(), streams.as_ref());
    let beams = span.lift(network, all.as_ref());
    let evaluation = evaluate(network, beams.as_ref())?;
    let violation = |e: &Evaluation| e.power_violation(network).max(e.sinr_violation(floors));
    let moved = restore(network, floors, &beams);
    let at_moved = evaluate(network, moved.as_ref())?;
    let (beams, evaluation) = if violation(&at_moved) <= violation(&evaluation).max(ROUNDING) {
        (moved, at_moved)
    } else {
        (beams, evaluation)
    };
    Ok(Outcome::Solved(Box::new(Design {
        beams,
        evaluation,
        upper,
        multipliers,
        order: span.dimension(),
        steps: end.steps,
    })))
}

/// The multipliers of a path's end.
pub(super) fn multipliers(network: &Network, end: &End) -> Multipliers {
    let (points, users) = (network.access_points(), network.users());
    let x = &end.centre.x;
    let target = x[points + users..].to_vec();
    Multipliers {
        power: x[..points].to_vec(),
        sinr: x[points..points + users]
            .iter()
            .map(|l| l.max(0.0))
            .collect(),
        target: if target.is_empty() { vec![1.0] } else { target },
    }
}

/// One beam per eigenvector, without the smallest that together carry at most `negligible` watts.
pub(super) fn streams(covariance: &Mat<c64>, negligible: f64) -> Result<Mat<c64>, Error> {
    let eigen = factor::eigh(covariance.as_ref())?;
    let mut dropped = 0.0;
    let mut first = 0;
    for value in &eigen.values {
        dropped += value.max(0.0);
        if dropped > negligible {
            break;
        }
        first += 1;
    }
    let kept = eigen.values.len() - first;
    Ok(Mat::from_fn(covariance.nrows(), kept, |i, j| {
        let at = eigen.values.len() - 1 - j;
        eigen.vectors[(i, at)] * eigen.values[at].sqrt()
    }))
}
