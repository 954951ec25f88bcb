//! Largest SINR common to all users within a power budget, Eq. (8) of `[noma]`.
//!
//! It is the root `t` of `P*(t, ..., t) = P_total`, with `P*` from [`power_min`]: continuous, flat at
//! the sensing floor for small `t`, strictly increasing afterwards. Its slope comes free with the
//! multipliers, so the root takes a handful of relaxations instead of the printed bisection's score.
//!
//! # Deviations
//! Algorithm 1 of the paper asks whether Eq. (13) is feasible, but that problem has no power budget
//! and practically always is; the test that works is `P*(t) <= P_total`. [`Method::Bisection`] does
//! that, in the printed bracket and with the printed absolute tolerance, and counts its solves.

use super::power_min::{self, Design, Outcome as PowerOutcome};
use super::problem::{Scene, Span};
use super::{bounds, own};
use crate::Error;
use isac_linalg::{ops, validate};
use isac_opt::StopReason;
use isac_opt::root::{self, Sample};
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
    /// The printed bisection, as a reference.
    Bisection,
}

/// Options of [`solve`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Options of the power minimisation.
    pub power_min: power_min::Options,
    /// Method.
    pub method: Method,
    /// The power of the result is within this of the budget, relative.
    pub tolerance: f64,
    /// Width of the last bracket of the bisection, absolute and on the linear SINR: `mu`.
    pub bisection_width: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            power_min: power_min::Options::default(),
            method: Method::Auto,
            tolerance: 1e-9,
            bisection_width: 0.02,
        }
    }
}

/// The best common SINR found.
#[derive(Debug, Clone)]
pub struct Solution {
    /// Common SINR target, linear.
    pub target: f64,
    /// A design that reaches it; its power is at most the budget up to the tolerance.
    pub design: Design,
    /// A target that needs more than the budget.
    pub upper: f64,
    /// Relaxations solved (evaluations of the recursion for [`Method::Joint`]).
    pub solves: usize,
    /// The method that gave the result; never [`Method::Auto`].
    pub method: Method,
    /// Why it stopped.
    pub stopped: StopReason,
}

/// What came out.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// The root was met.
    Solved(Box<Solution>),
    /// The budget is below what the targets alone need.
    Infeasible {
        /// Least power of any design, watt; infinite when the targets cannot be served.
        sensing_floor: f64,
        /// What the multipliers prove of it, watt.
        lower_bound: f64,
    },
    /// No answer.
    Unknown,
}

impl Outcome {
    /// The solution, if there is one.
    pub fn solved(self) -> Option<Solution> {
        match self {
            Self::Solved(solution) => Some(*solution),
            _ => None,
        }
    }

    /// `solved`, `infeasible` or `unknown`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Solved(_) => "solved",
            Self::Infeasible { .. } => "infeasible",
            Self::Unknown => "unknown",
        }
    }
}

/// Solves Eq. (8) of `[noma]` for a budget `P_total` in watt.
///
/// # Errors
/// A budget or option that is not positive and finite; numerical breakdown.
pub fn solve(scene: &Scene, budget: f64, options: &Options) -> Result<Outcome, Error> {
    validate::positive("power budget", budget, "W")?;
    validate::positive("tolerance", options.tolerance, "")?;
    validate::positive("bisection_width", options.bisection_width, "")?;
    if matches!(options.method, Method::Auto | Method::Joint) {
        let fast = own::max_min(scene, budget, options.power_min.accept)?;
        if let Some(fast) = fast {
            return Ok(Outcome::Solved(Box::new(Solution {
                target: fast.target,
                upper: fast.target * (1.0 + 1e-8),
                solves: fast.fast.evaluations,
                design: fast.fast.design,
                method: Method::Joint,
                stopped: StopReason::Tolerance,
            })));
        }
        if options.method == Method::Joint {
            return Ok(Outcome::Unknown);
        }
    }
    if let Some(infeasible) = below_floor(scene, budget, &options.power_min)? {
        return Ok(infeasible);
    }
    if options.method == Method::Bisection {
        return bisection(scene, budget, options);
    }
    slope(scene, budget, options)
}

/// `Infeasible` when the budget is below the certified sensing floor.
pub(crate) fn below_floor(
    scene: &Scene,
    budget: f64,
    options: &power_min::Options,
) -> Result<Option<Outcome>, Error> {
    if let Some(floor) = bounds::sensing_floor_closed_form(scene) {
        let proved = floor * (1.0 - 1e-12);
        return Ok((budget < proved).then_some(Outcome::Infeasible {
            sensing_floor: floor,
            lower_bound: proved,
        }));
    }
    let Some(floor) = power_min::sensing_floor(scene, options)? else {
        return Ok(Some(Outcome::Unknown));
    };
    Ok((budget < floor.lower_bound).then_some(Outcome::Infeasible {
        sensing_floor: floor.power,
        lower_bound: floor.lower_bound,
    }))
}

/// Power that pattern values of exactly `P_s` account for, `M rho_s P_s`.
fn held(scene: &Scene) -> f64 {
    scene.targets() as f64 * scene.mode().weights.sensing * scene.sensing().floor
}

/// A common target that no design reaches within the budget.
pub(crate) fn target_limit(scene: &Scene, budget: f64) -> f64 {
    let transmit = (budget - held(scene)) / scene.mode().weights.transmit;
    bounds::largest_common_target(scene, transmit) * (1.0 + 1e-9)
}

fn slope(scene: &Scene, budget: f64, options: &Options) -> Result<Outcome, Error> {
    let span = Span::new(scene)?;
    let high = target_limit(scene, budget);
    if high.is_nan() || high <= 0.0 {
        return Ok(Outcome::Unknown);
    }
    let root_options = root::Options {
        tolerance: options.tolerance,
        max_evaluations: 60,
    };
    // Aimed a hair below, so that rounding does not lift the power above the budget.
    let aim = budget * (1.0 - 0.25 * options.tolerance);
    let evaluate = |t: f64| -> Result<Sample<Design>, Error> {
        let targets = vec![t; scene.users()];
        Ok(
            match power_min::solve_in(scene, &span, &targets, &options.power_min)? {
                PowerOutcome::Solved(design) => Sample::Value {
                    value: design.power(),
                    slope: design.slope,
                    data: *design,
                },
                PowerOutcome::Infeasible(_) => Sample::Above,
                // Certified to need more than the budget, however inaccurate.
                PowerOutcome::Inaccurate(design) if design.certificate.lower_bound > budget => {
                    Sample::Value {
                        value: design.certificate.lower_bound,
                        slope: design.slope,
                        data: *design,
                    }
                }
                _ => Sample::Unknown,
            },
        )
    };
    let start = 0.5 * high;
    let root = root::increasing_root(
        aim,
        held(scene),
        (0.0, high),
        start,
        &root_options,
        evaluate,
    )?;
    Ok(match root.best {
        Some((_, _, design)) if design.power() <= budget * (1.0 + options.tolerance) => {
            Outcome::Solved(Box::new(Solution {
                target: root.t,
                design,
                upper: root.upper,
                solves: root.evaluations,
                method: Method::Slope,
                stopped: root.stopped,
            }))
        }
        _ => Outcome::Unknown,
    })
}

/// Algorithm 1 with its test mended: the midpoint is feasible iff `P*(t) <= P_total`.
fn bisection(scene: &Scene, budget: f64, options: &Options) -> Result<Outcome, Error> {
    let span = Span::new(scene)?;
    let weakest = ops::norm2(scene.channels().subcols(0, 1));
    let (mut low, mut high) = (
        0.0,
        budget * weakest / (scene.noise() * scene.mode().weights.transmit),
    );
    let mut best = None;
    let mut solves = 0;
    let mut undecided = false;
    while high - low > options.bisection_width && solves < 200 {
        let t = 0.5 * (low + high);
        solves += 1;
        let targets = vec![t; scene.users()];
        let outcome = power_min::solve_in(scene, &span, &targets, &options.power_min)?;
        match outcome {
            PowerOutcome::Solved(design) if design.power() <= budget => {
                low = t;
                best = Some(design);
            }
            PowerOutcome::Solved(_) | PowerOutcome::Infeasible(_) => high = t,
            PowerOutcome::Inaccurate(design) if design.certificate.lower_bound > budget => {
                high = t;
            }
            _ => {
                // Neither side is proved; the result stays feasible but may be short.
                undecided = true;
                high = t;
            }
        }
    }
    Ok(match best {
        Some(design) => Outcome::Solved(Box::new(Solution {
            target: low,
            design: *design,
            upper: high,
            solves,
            method: Method::Bisection,
            stopped: if undecided {
                StopReason::Stagnation
            } else {
                StopReason::SmallStep
            },
        })),
        None => Outcome::Unknown,
    })
}
