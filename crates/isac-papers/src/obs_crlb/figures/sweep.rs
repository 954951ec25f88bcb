//! A sweep over x as data: its curves, which figure it is, and the released numbers beside it.

use std::collections::BTreeMap;

use isac_lab::error::Error;
use isac_lab::published::Numbers;
use isac_lab::verdict::LEAST_DRAWS;
use isac_lab::{Metric, Request};

use crate::obs_crlb::method::Method;
use crate::obs_crlb::published;
use crate::obs_crlb::scenario::Scenario;
use crate::obs_crlb::setup::World;

/// Which figure a sweep is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Tradeoff,
    Users,
    Power,
    Antennas,
    Table,
}

impl Kind {
    /// Whether x is the number of antennas.
    pub(super) fn over_antennas(self) -> bool {
        matches!(self, Self::Antennas | Self::Table)
    }
}

/// A sweep over x with several methods.
pub(super) struct Sweep {
    pub(super) title: &'static str,
    pub(super) x: Metric,
    /// Name of the curve of Algorithm 1, as the preset runs it.
    pub(super) algorithm1: &'static str,
    pub(super) curves: Vec<Curve>,
    /// The published numbers, and the curves they make.
    pub(super) numbers: Numbers,
    pub(super) published: Vec<published::Curve>,
    /// Draws behind a published mean, and half of its last digit.
    pub(super) draws: usize,
    pub(super) half_digit: f64,
    /// Published run times, if there are any.
    pub(super) times: Numbers,
    pub(super) kind: Kind,
}

impl Sweep {
    /// The published curves, each with our curve of the same algorithm. In the preset `printed`
    /// Algorithm 1, which stands first in both lists, runs as printed.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&published::Curve, &Curve)> {
        self.published.iter().enumerate().map(|(i, published)| {
            let same = |c: &&Curve| c.name == published.algorithm;
            let ours = self.curves.iter().find(same).unwrap_or(&self.curves[i]);
            (published, ours)
        })
    }
}

/// Released numbers to compare with per realisation or in the mean.
#[derive(Default)]
pub(super) struct Comparison {
    pub(super) objectives: BTreeMap<(i64, usize), f64>,
    pub(super) means: BTreeMap<i64, [f64; 2]>,
    /// The three published curves of Fig. 3 at all weights.
    pub(super) whole_tradeoff: Vec<published::Curve>,
    /// Of the released low-dimensional variant at 16 antennas.
    pub(super) low_dim: BTreeMap<(i64, usize), f64>,
    pub(super) stored: bool,
    pub(super) full: bool,
    /// Whether the preset has another scene than the published numbers.
    pub(super) printed: bool,
}

impl Comparison {
    pub(super) fn read(request: &Request, world: &World, kind: Kind) -> Result<Self, Error> {
        let mut out = Self {
            stored: world.stored(),
            printed: world.printed,
            full: request.realization.is_none() && request.pick(true, false),
            ..Self::default()
        };
        let folder = request.reference.as_deref().filter(|_| world.stored());
        let Some(folder) = folder else {
            return Ok(out);
        };
        match kind {
            Kind::Users => {
                let file = "fig6_users_per_realization.csv";
                out.objectives = published::objectives(folder, file, "K", "algorithm1")?;
            }
            Kind::Power => {
                let file = "fig7_power_per_realization.csv";
                out.objectives = published::objectives(folder, file, "Pt_dBm", "algorithm1")?;
            }
            Kind::Tradeoff => {
                out.means = published::tradeoff_means(folder)?;
                out.whole_tradeoff = published::whole_tradeoff(folder)?;
            }
            Kind::Antennas | Kind::Table => {
                let file = "fig5_table1_per_realization.csv";
                let name = "ld_algorithm1_ns3m";
                let mut all = published::objectives(folder, file, "Nt_actual", name)?;
                // Channels of the larger arrays were not released.
                all.retain(|(x, _), _| *x == 16_000);
                out.low_dim = all;
            }
        }
        Ok(out)
    }
}

/// A curve of a figure, known by its name in the files.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Curve {
    /// The name of its algorithm, with the number of streams where there are two of one algorithm.
    pub(super) name: &'static str,
    /// Legend text.
    pub(super) label: &'static str,
    /// Number of its style.
    pub(super) style: usize,
    /// What is drawn.
    pub(super) of: Of,
    /// Rough seconds per run.
    pub(super) seconds: f64,
}

/// What a curve shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Of {
    /// An algorithm with the figure's number of sensing streams.
    Method(Method),
    /// An algorithm with so many.
    Streams(Method, usize),
    /// The certified upper bound, which holds for dirty-paper coding too.
    Bound,
    /// The bound of the search over linear beams, or the other where it is lower.
    Global,
}

impl Curve {
    /// The curve of an algorithm.
    pub(super) fn of(method: Method, seconds: f64) -> Self {
        Self {
            name: method.name(),
            label: method.label(),
            style: style(method),
            of: Of::Method(method),
            seconds,
        }
    }

    /// A second curve of an algorithm, with another number of streams.
    pub(super) fn with_streams(
        (name, label, style): (&'static str, &'static str, usize),
        method: Method,
        streams: usize,
        seconds: f64,
    ) -> Self {
        Self {
            name,
            label,
            style,
            of: Of::Streams(method, streams),
            seconds,
        }
    }

    pub(super) fn bound() -> Self {
        Self {
            name: UPPER_BOUND,
            label: "Certified bound for any code",
            style: 6,
            of: Of::Bound,
            seconds: 0.08,
        }
    }

    pub(super) fn global() -> Self {
        Self {
            name: GLOBAL_BOUND,
            label: "Certified bound for linear beams",
            style: 9,
            of: Of::Global,
            seconds: 0.8,
        }
    }

    /// Whether no design stands behind it.
    pub(super) fn is_bound(&self) -> bool {
        matches!(self.of, Of::Bound | Of::Global)
    }

    pub(super) fn method(&self) -> Option<Method> {
        match self.of {
            Of::Method(method) | Of::Streams(method, _) => Some(method),
            Of::Bound | Of::Global => None,
        }
    }

    pub(super) fn is(&self, methods: &[Method]) -> bool {
        self.method()
            .is_some_and(|method| methods.contains(&method))
    }
}

/// Name of the curve of [`Method::Accelerated`] without sensing streams.
pub(super) const ACCELERATED_NS0: &str = "accelerated_ns0";

/// Name of the curve of the certified upper bound.
pub(super) const UPPER_BOUND: &str = "upper_bound";

/// Name of the curve of the bound by branch and bound.
pub(super) const GLOBAL_BOUND: &str = "global_upper_bound";

/// Style of the curve of an algorithm; the same algorithm in either form has the same style.
pub(super) fn style(method: Method) -> usize {
    match method {
        Method::Algorithm1 | Method::Algorithm1Printed | Method::Algorithm1Released => 0,
        Method::FpSgda | Method::FpSgdaReleased => 1,
        Method::WmmseSdrReleased => 2,
        Method::BestOfStarts
        | Method::Accelerated
        | Method::BarzilaiBorwein
        | Method::PerAntenna => 3,
        Method::LowDimReleased | Method::LowDimPublished => 5,
        Method::WmmseSdr => 7,
    }
}

/// Algorithm 1 as a preset runs it.
pub(super) fn algorithm1(printed: bool) -> Method {
    if printed {
        Method::Algorithm1Printed
    } else {
        Method::Algorithm1Released
    }
}

/// Channels of the search for the global bound: as many as a verdict needs, none where one search takes
/// longer than all else of its point.
pub(super) fn global_channels(scenario: &Scenario) -> usize {
    if scenario.users <= 8 { LEAST_DRAWS } else { 0 }
}

/// Gap that the search goes to, relative to the two terms of the objective.
pub(super) fn global_gap(users: usize) -> f64 {
    if users <= 6 { 1e-3 } else { 5e-2 }
}
