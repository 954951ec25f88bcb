//! How the largest common SINR is asked for and answered.

use crate::noma::power_min::{self, Design};
use isac_opt::StopReason;
use serde::{Deserialize, Serialize};

/// How the root is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// [`Method::Joint`] where it applies and succeeds, otherwise [`Method::Slope`].
    #[default]
    Auto,
    /// Newton's method on `(log t, nu)`, decoding of the own message only.
    Joint,
    /// Power-law steps from value and slope of `P*`, in a bracket.
    Slope,
    /// The bisection of Algorithm 1, as a reference.
    Bisection,
}

impl Method {
    /// All of them, the default first.
    pub const ALL: [Self; 4] = [Self::Auto, Self::Joint, Self::Slope, Self::Bisection];

    /// The name in files and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Joint => "joint",
            Self::Slope => "slope",
            Self::Bisection => "bisection",
        }
    }
}

/// Options of [`solve`](super::solve).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Options of the power minimisation.
    pub power_min: power_min::Options,
    /// Method.
    pub method: Method,
    /// The power of the result is within this of the budget, relative.
    pub tolerance: f64,
    /// Largest relative distance of target and proved bound of [`Outcome::Solved`]; the bisection
    /// ends at a bracket of half this width.
    pub accept_gap: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            power_min: power_min::Options::default(),
            method: Method::Auto,
            tolerance: 1e-9,
            accept_gap: 1e-6,
        }
    }
}

/// The best common SINR found.
#[derive(Debug, Clone)]
pub struct Solution<D = Design> {
    /// Smallest SINR (linear) that the design reaches, over all pairs; the worst case where channels
    /// are uncertain.
    pub target: f64,
    /// The design; its power is at most the budget up to the tolerance.
    pub design: D,
    /// No design reaches more within the budget: proved.
    pub upper: f64,
    /// Relaxations solved (evaluations of the recursion for [`Method::Joint`]).
    pub solves: usize,
    /// The method that gave the result; never [`Method::Auto`].
    pub method: Method,
    /// Why it stopped.
    pub stopped: StopReason,
}

impl<D> Solution<D> {
    /// `(upper - target) / target`.
    pub fn relative_gap(&self) -> f64 {
        (self.upper - self.target) / self.target
    }
}

/// What came out.
#[derive(Debug, Clone)]
pub enum Outcome<D = Design> {
    /// Target and bound agree to [`Options::accept_gap`].
    Solved(Box<Solution<D>>),
    /// A point within the budget and a bound that are further apart.
    Open(Box<Solution<D>>),
    /// The budget is below what the targets alone need.
    Infeasible {
        /// Least power of any design, watt; infinite when the targets cannot be served.
        sensing_floor: f64,
        /// What is proved of it, watt.
        lower_bound: f64,
    },
    /// No point; no design reaches more than `upper`.
    Unknown {
        /// Proved bound on the common SINR, linear.
        upper: f64,
    },
}

impl<D> Outcome<D> {
    /// The solution, if target and bound agree.
    pub fn solved(self) -> Option<Solution<D>> {
        match self {
            Self::Solved(solution) => Some(*solution),
            Self::Open(_) | Self::Infeasible { .. } | Self::Unknown { .. } => None,
        }
    }

    /// `solved`, `open`, `infeasible` or `unknown`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Solved(_) => "solved",
            Self::Open(_) => "open",
            Self::Infeasible { .. } => "infeasible",
            Self::Unknown { .. } => "unknown",
        }
    }
}
