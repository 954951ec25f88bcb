//! What is asked of a design under channel errors, and what came out.

use crate::noma::certificate::Multipliers;
use crate::noma::evaluate::Evaluation;
use crate::noma::power_min;
use crate::noma::structure::Impossible;
use isac_linalg::{Mat, c64};
use isac_metrics::noma::Pair;
use isac_opt::conic;
use serde::{Deserialize, Serialize};

/// What is known about the channel errors.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorBall {
    /// Radius `epsilon`: `|dh| <= epsilon`; the square root of a power gain, >= 0.
    pub radius: f64,
    /// Whether messages removed with the estimate come back through the error, Eq. (17).
    #[serde(default = "yes")]
    pub residual: bool,
}

fn yes() -> bool {
    true
}

/// Options of [`solve`](super::solve).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Options of the conic solver.
    pub conic: conic::Options,
    /// Largest violation and relative gap of a [`Outcome::Solved`] design, both recomputed.
    pub accept: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            conic: conic::Options {
                ray_tolerance: 1e-7,
                ..conic::Options::default()
            },
            accept: 1e-6,
        }
    }
}

/// Covariances that solve the robust relaxation.
#[derive(Debug, Clone)]
pub struct Design {
    /// `F_k` with `W_k = F_k F_k^H`, antennas x rank, by decoding position.
    pub factors: Vec<Mat<c64>>,
    /// What they achieve without errors.
    pub evaluation: Evaluation,
    /// Exact smallest SINR of every pair over all errors.
    pub worst_case: Vec<(Pair, f64)>,
    /// How good they are; the violation counts the worst cases.
    pub certificate: power_min::Certificate,
    /// Multiplier of every pair's matrix inequality, `(r + 1) x (r + 1)`; a nonzero one means that
    /// the worst case is tight.
    pub multipliers: Vec<Mat<c64>>,
    /// Multipliers of the sensing constraints; those of the SINR targets are 0.
    pub(crate) sensing: Multipliers,
    /// Multipliers of the problem without errors, for a radius of 0.
    pub(crate) nominal: Option<Multipliers>,
    /// `dP*/dt` for a target `t` common to all users, watt.
    pub slope: f64,
    /// Second over first eigenvalue of every `W_k`.
    pub rank_ratios: Vec<f64>,
    /// SINR targets by decoding position.
    pub targets: Vec<f64>,
    /// Iterations of the solver.
    pub iterations: usize,
}

impl Design {
    /// Power, watt.
    pub fn power(&self) -> f64 {
        self.evaluation.power
    }

    /// Smallest worst-case SINR over all pairs.
    pub fn min_worst_case(&self) -> f64 {
        let all = self.worst_case.iter();
        all.fold(f64::INFINITY, |low, &(_, s)| low.min(s))
    }
}

/// Proof that no design exists.
#[derive(Debug, Clone)]
pub enum Proof {
    /// The demands contradict each other in the data.
    Structure(Impossible),
    /// Multipliers of the matrix inequalities (see [`Design::multipliers`]) and of the sensing
    /// constraints whose dual value grows without limit, verified in about 31 digits.
    Ray(Vec<Mat<c64>>, Box<Multipliers>),
}

/// What came out. Do not bisect on it.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// Verified to [`Options::accept`].
    Solved(Box<Design>),
    /// A design whose violation or gap is larger.
    Inaccurate(Box<Design>),
    /// No design exists, whatever its power.
    Infeasible(Box<Proof>),
    /// Every design needs at least `power`; none was found, none is excluded.
    NoPointBelow {
        /// Verified lower bound on the power, watt.
        power: f64,
    },
    /// None of these.
    Unknown {
        /// Every design needs at least this power, watt.
        lower_bound: f64,
    },
}

impl Outcome {
    /// The design of `Solved` and `Inaccurate`.
    pub fn design(&self) -> Option<&Design> {
        match self {
            Self::Solved(design) | Self::Inaccurate(design) => Some(design),
            Self::Infeasible(_) | Self::NoPointBelow { .. } | Self::Unknown { .. } => None,
        }
    }

    /// The design of `Solved` alone.
    pub fn solved(self) -> Option<Design> {
        match self {
            Self::Solved(design) => Some(*design),
            _ => None,
        }
    }

    /// A power (watt) that every design needs; infinite when none exists.
    pub fn lower_bound(&self) -> f64 {
        match self {
            Self::Solved(design) | Self::Inaccurate(design) => design.certificate.lower_bound,
            Self::Infeasible(_) => f64::INFINITY,
            Self::NoPointBelow { power } => *power,
            Self::Unknown { lower_bound } => *lower_bound,
        }
    }

    /// Accepted: a verified design or a proof that there is none.
    pub(super) fn accepted(&self) -> bool {
        matches!(self, Self::Solved(_) | Self::Infeasible(_))
    }

    /// How far from an accepted answer, for choosing among attempts: kinds first, then the smaller
    /// number is nearer. No number is compared with one of another unit.
    pub(super) fn rank(&self) -> (u8, f64) {
        match self {
            Self::Solved(_) | Self::Infeasible(_) => (0, 0.0),
            Self::Inaccurate(design) => (1, power_min::distance(&design.certificate)),
            Self::NoPointBelow { power } => (2, -power),
            Self::Unknown { .. } => (3, 0.0),
        }
    }

    /// `solved`, `inaccurate`, `infeasible`, `no_point_below` or `unknown`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Solved(_) => "solved",
            Self::Inaccurate(_) => "inaccurate",
            Self::Infeasible(_) => "infeasible",
            Self::NoPointBelow { .. } => "no_point_below",
            Self::Unknown { .. } => "unknown",
        }
    }
}
