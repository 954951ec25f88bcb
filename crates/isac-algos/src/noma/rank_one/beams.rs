//! Beams, how they were found, and the options of the search.

use crate::Error;
use crate::noma::evaluate::Evaluation;
use isac_linalg::{Mat, c64, validate};
use isac_opt::conic;
use isac_opt::sdr::{PenaltyOptions, PurifyOptions};
use serde::{Deserialize, Serialize};

/// Options of [`recover`](super::recover) and [`recover_robust`](super::recover_robust).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Options of the conic solver.
    pub conic: conic::Options,
    /// A covariance counts as rank one when its second eigenvalue is at most this times its first.
    pub ratio: f64,
    /// Largest violation of returned beams by the original formulas.
    pub accept: f64,
    /// By how much the demands are tightened, relative, while looking for directions.
    pub tighten: f64,
    /// Options of the purification.
    pub purify: PurifyOptions,
    /// Options of the penalty method.
    pub penalty: PenaltyOptions,
    /// Random starts of the local search, besides the principal eigenvectors.
    pub ascents: usize,
    /// Candidates drawn as last resort.
    pub draws: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            // Many programs, none of which has to be exact: what comes out is judged anew.
            conic: conic::Options {
                extend: false,
                ..conic::Options::default()
            },
            ratio: 1e-6,
            accept: 1e-7,
            tighten: 1e-6,
            purify: PurifyOptions::default(),
            penalty: PenaltyOptions::default(),
            ascents: 12,
            draws: 30,
        }
    }
}

/// How beams were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// Principal eigenvectors of rank-one covariances.
    Principal,
    /// Purification at equal power.
    Purified,
    /// Local descent of the power, or ascent of the common SINR.
    Ascent,
    /// The penalty method.
    Penalty,
    /// Gaussian randomisation.
    Randomised,
}

/// Beams that meet all constraints.
#[derive(Debug, Clone)]
pub struct Beams {
    /// `w_k`, antennas x users, by decoding position;
    /// [`Scene::in_user_order`](crate::noma::Scene::in_user_order) maps them back.
    pub beams: Mat<c64>,
    /// What they achieve (without channel errors).
    pub evaluation: Evaluation,
    /// Largest relative violation; worst cases count where there are channel errors.
    pub violation: f64,
    /// How they were found.
    pub how: How,
    /// Power of the relaxation, watt.
    pub power_relaxed: f64,
    /// Power of the beams, watt.
    pub power_beams: f64,
}

impl Beams {
    /// What rank one costs: `power_beams / power_relaxed - 1`.
    pub fn gap(&self) -> f64 {
        self.power_beams / self.power_relaxed - 1.0
    }
}

/// What came out.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// Verified beams.
    Found(Box<Beams>),
    /// The Welch bound (watt squared) exceeds the cross-correlation bound: no beams exist.
    Excluded {
        /// Least mean squared cross-correlation of any beams.
        welch_bound: f64,
    },
    /// None found; says nothing about existence.
    NotFound,
}

impl Outcome {
    /// The beams, if found.
    pub fn found(self) -> Option<Beams> {
        match self {
            Self::Found(beams) => Some(*beams),
            _ => None,
        }
    }
}

/// Whether options can be used.
pub(crate) fn check(options: &Options) -> Result<(), Error> {
    validate::positive("accept", options.accept, "")?;
    validate::nonnegative("tighten", options.tighten, "")?;
    Ok(())
}
