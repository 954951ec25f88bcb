//! The algorithms of `isac solve` by name.

use isac_algos::noma::max_min::Method;

use super::input::Problem;
use isac_lab::error::Error;

/// An algorithm; which problems it solves says [`Algorithm::of`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
    /// The fastest that applies: the dual of one variable per target or the joint root, then the
    /// relaxation or the slope method.
    Auto,
    /// The semidefinite relaxation of Eq. (13) or (22).
    Relaxation,
    /// Newton's method on the target and the multipliers of the floors at once.
    Joint,
    /// Power-law steps from value and slope of the least power.
    Slope,
    /// The bisection of Algorithm 1.
    Bisection,
}

impl Algorithm {
    /// The algorithms of a problem, the default first.
    pub(super) fn of(problem: &Problem) -> &'static [Self] {
        match problem {
            Problem::PowerMin { .. } | Problem::RobustPowerMin { .. } => {
                &[Self::Auto, Self::Relaxation]
            }
            Problem::MaxMin { .. } => &[Self::Auto, Self::Joint, Self::Slope, Self::Bisection],
            Problem::RobustMaxMin { .. } => &[Self::Auto, Self::Slope, Self::Bisection],
        }
    }

    /// The algorithm of that name for a problem; the default without one.
    pub(super) fn named(name: Option<&str>, problem: &Problem) -> Result<Self, Error> {
        let all = Self::of(problem);
        let Some(name) = name else {
            return Ok(Self::Auto);
        };
        all.iter()
            .copied()
            .find(|a| a.name() == name)
            .ok_or_else(|| Error::unknown("algorithm", name, all.iter().map(|a| a.name())))
    }

    /// The name on the command line.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Relaxation => "relaxation",
            Self::Joint => "joint",
            Self::Slope => "slope",
            Self::Bisection => "bisection",
        }
    }

    /// How the root of a max-min problem is found.
    pub(super) fn root(self) -> Method {
        match self {
            Self::Auto => Method::Auto,
            Self::Joint => Method::Joint,
            Self::Relaxation | Self::Slope => Method::Slope,
            Self::Bisection => Method::Bisection,
        }
    }
}
