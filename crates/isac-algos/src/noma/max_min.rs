//! Largest SINR common to all users within a power budget, Eq. (8) of `[noma]`, over covariances.
//!
//! It is the root `t` of `P*(t, ..., t) = P_total`, with `P*` from [`power_min`] (or its robust
//! counterpart, [`super::robust_max_min`]): continuous, flat at the sensing floor for small `t`,
//! strictly increasing afterwards. Its slope comes free with the multipliers, so the root takes a
//! handful of relaxations instead of the printed bisection's score.
//!
//! What is returned is judged by the original formulas: the target is the smallest SINR that the
//! design reaches, with its power within the budget. That no design reaches more than
//! [`Solution::upper`] is proved by multipliers alone ([`super::certificate`]): with them, the bound
//! on the power at `t (1 + d)` exceeds the budget, `d` doubled until it does. A solve that failed says
//! nothing about either.
//!
//! # Deviations
//! Algorithm 1 of the paper asks whether Eq. (13) is feasible, but that problem has no power budget
//! and practically always is; the test that works is `P*(t) <= P_total`. [`Method::Bisection`] does
//! that, in the printed bracket, and counts its solves. The printed tolerance 0.02 on the linear SINR
//! depends on the unit of the noise; the bracket closes to a relative width here.

use super::power_min::{self, Design, Outcome as PowerOutcome};
use super::problem::{Scene, Span};
use super::{bounds, certificate, own};
use crate::Error;
use isac_linalg::{Mat, ops, validate};
use isac_metrics::noma::SicSet;
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

/// Solves Eq. (8) of `[noma]` over covariances for a budget `P_total` in watt.
///
/// # Errors
/// A budget or option that is not positive and finite; numerical breakdown.
pub fn solve(scene: &Scene, budget: f64, options: &Options) -> Result<Outcome, Error> {
    validate::positive("power budget", budget, "W")?;
    validate::positive("tolerance", options.tolerance, "")?;
    validate::positive("accept_gap", options.accept_gap, "")?;
    if let Some(infeasible) = below_floor(scene, budget, &options.power_min)? {
        return Ok(infeasible);
    }
    let value = Nominal {
        scene,
        span: Span::new(scene),
        options: &options.power_min,
    };
    let limit = target_limit(scene, budget, 0.0);
    let mut known = Known::new(limit, options.tolerance);
    let joint = matches!(options.method, Method::Auto | Method::Joint);
    if joint && let Some(fast) = own::max_min(scene, budget, options.power_min.accept)? {
        known.method = Method::Joint;
        known.stopped = StopReason::Tolerance;
        known.solves = fast.fast.evaluations;
        known.learn(&value, fast.target, fast.fast.design, budget, options)?;
        if known.gap() <= options.accept_gap {
            return Ok(known.outcome(options.accept_gap));
        }
    }
    match options.method {
        Method::Joint => {}
        Method::Auto | Method::Slope => slopes(&value, budget, &mut known, options)?,
        Method::Bisection => {
            let weakest = ops::norm2(scene.channels().subcols(0, 1));
            let printed = budget * weakest / (scene.noise() * scene.mode().weights.transmit);
            bisection(&value, budget, printed, &mut known, options)?;
        }
    }
    if known.best.is_none()
        && let Some(factors) = spread(scene, &options.power_min)?
    {
        let targets = vec![f64::MIN_POSITIVE; scene.users()];
        let design = power_min::of_factors(scene, &value.span, &targets, factors)?;
        known.learn(&value, 0.0, design, budget, options)?;
    }
    Ok(known.outcome(options.accept_gap))
}

/// `Infeasible` when the budget is below the certified sensing floor.
pub(crate) fn below_floor<D>(
    scene: &Scene,
    budget: f64,
    options: &power_min::Options,
) -> Result<Option<Outcome<D>>, Error> {
    if let Some(floor) = bounds::sensing_floor_closed_form(scene) {
        let proved = floor * (1.0 - 1e-12);
        return Ok((budget < proved).then_some(Outcome::Infeasible {
            sensing_floor: floor,
            lower_bound: proved,
        }));
    }
    let Some(floor) = power_min::sensing_floor(scene, options)? else {
        return Ok(None);
    };
    Ok((budget < floor.lower_bound).then_some(Outcome::Infeasible {
        sensing_floor: floor.power,
        lower_bound: floor.lower_bound,
    }))
}

/// Power that pattern values of exactly `P_s` account for, `M rho_s P_s`.
pub(crate) fn held(scene: &Scene) -> f64 {
    scene.targets() as f64 * scene.mode().weights.sensing * scene.sensing().floor
}

/// A common target that no design reaches within the budget, by closed forms; 0 when the budget only
/// covers the pattern values.
pub(crate) fn target_limit(scene: &Scene, budget: f64, radius: f64) -> f64 {
    let transmit = (budget - held(scene)) / scene.mode().weights.transmit;
    bounds::largest_common_target(scene, transmit.max(0.0), radius) * (1.0 + 1e-9)
}

/// Covariances that meet the sensing demands at least power and serve everybody a little: the
/// sensing covariance, shared among the messages, halved from one to the next where later messages
/// disturb earlier ones. The channels themselves without targets. `None` without an answer.
pub(crate) fn spread(
    scene: &Scene,
    options: &power_min::Options,
) -> Result<Option<Vec<Mat<isac_linalg::c64>>>, Error> {
    let Some(floor) = power_min::sensing_floor(scene, options)? else {
        return Ok(None);
    };
    if floor.power.is_infinite() || floor.factor.ncols() == 0 {
        return Ok(None);
    }
    let users = scene.users();
    let shares: Vec<f64> = (0..users)
        .map(|k| match scene.mode().sic {
            SicSet::Own | SicSet::Full => 0.5f64.powi(k as i32),
            SicSet::Orthogonal | SicSet::Linear => 1.0,
        })
        .collect();
    let sum: f64 = shares.iter().sum();
    Ok(Some(
        shares
            .iter()
            .map(|share| {
                let mut factor = floor.factor.clone();
                ops::scale(factor.as_mut(), (share / sum).sqrt());
                factor
            })
            .collect(),
    ))
}

/// The least power as a function of the common target.
pub(crate) trait Value {
    /// Covariances with what they achieve and their multipliers.
    type Design;
    /// The best answer at `t`, or the proof that every design needs more than `budget`. In about 31
    /// digits where `precise` and needed.
    fn solve(&self, t: f64, budget: f64, precise: bool) -> Result<Answer<Self::Design>, Error>;
    /// Whether more digits may be had.
    fn extends(&self) -> bool;
    /// What the multipliers of a design prove of the power at `t`, watt.
    fn bound(&self, design: &Self::Design, t: f64) -> Result<f64, Error>;
    /// Power (watt), its slope, smallest SINR, largest relative violation of the other constraints.
    fn facts(design: &Self::Design) -> Facts;
    /// `M rho_s P_s`, watt.
    fn held(&self) -> f64;
}

pub(crate) struct Facts {
    pub(crate) power: f64,
    pub(crate) slope: f64,
    pub(crate) reached: f64,
    pub(crate) violation: f64,
}

pub(crate) enum Answer<D> {
    /// A design, of whatever accuracy.
    Design(D),
    /// Every design needs at least this power, watt; infinite when none exists.
    Needs(f64),
}

struct Nominal<'a> {
    scene: &'a Scene,
    span: Span,
    options: &'a power_min::Options,
}

impl Value for Nominal<'_> {
    type Design = Design;

    fn solve(&self, t: f64, budget: f64, precise: bool) -> Result<Answer<Design>, Error> {
        let targets = vec![t; self.scene.users()];
        let mut options = self.options.clone();
        options.conic.extend &= precise;
        let outcome = power_min::solve_in(self.scene, &self.span, &targets, budget, &options)?;
        if !matches!(outcome, PowerOutcome::Solved(_))
            && let Some(fast) = own::power_min(self.scene, &targets, self.options.accept)?
        {
            return Ok(Answer::Design(fast.design));
        }
        Ok(match outcome {
            PowerOutcome::Solved(design) | PowerOutcome::Inaccurate(design) => {
                Answer::Design(*design)
            }
            PowerOutcome::Infeasible(_) => Answer::Needs(f64::INFINITY),
            PowerOutcome::NoPointBelow(proof) => Answer::Needs(proof.power),
            PowerOutcome::Unknown { lower_bound } => Answer::Needs(lower_bound),
        })
    }

    fn extends(&self) -> bool {
        self.options.conic.extend
    }

    fn bound(&self, design: &Design, t: f64) -> Result<f64, Error> {
        let targets = vec![t; self.scene.users()];
        let y = &design.multipliers;
        Ok(certificate::lower_bound_in(self.scene, &self.span, &targets, y)?.power)
    }

    fn facts(design: &Design) -> Facts {
        Facts {
            power: design.power(),
            slope: design.slope,
            reached: design.evaluation.min_sinr(),
            violation: design.evaluation.sensing_violation,
        }
    }

    fn held(&self) -> f64 {
        held(self.scene)
    }
}

/// The best point and the best bound so far.
pub(crate) struct Known<D> {
    pub(crate) best: Option<(f64, D)>,
    upper: f64,
    /// A target to begin with, from elsewhere.
    pub(crate) start: Option<f64>,
    /// The search ends at a gap of this.
    pub(crate) enough: f64,
    pub(crate) solves: usize,
    pub(crate) method: Method,
    pub(crate) stopped: StopReason,
}

impl<D> Known<D> {
    pub(crate) fn new(upper: f64, enough: f64) -> Self {
        Self {
            best: None,
            upper,
            start: None,
            enough,
            solves: 0,
            method: Method::Slope,
            stopped: StopReason::Stagnation,
        }
    }

    fn gap(&self) -> f64 {
        match &self.best {
            Some((target, _)) => (self.upper - target) / target,
            None => f64::INFINITY,
        }
    }

    /// Takes a design made for the common target `t` as point and as proof.
    pub(crate) fn learn<V: Value<Design = D>>(
        &mut self,
        value: &V,
        t: f64,
        design: D,
        budget: f64,
        options: &Options,
    ) -> Result<(), Error> {
        if t > 0.0 {
            self.upper = self
                .upper
                .min(proved(value, &design, t, self.upper, budget)?);
        }
        let facts = V::facts(&design);
        let fits = facts.power <= budget * (1.0 + options.tolerance)
            && facts.violation <= options.power_min.accept;
        let better = (self.best.as_ref()).is_none_or(|(target, _)| facts.reached > *target);
        if fits && better && facts.reached > 0.0 {
            // Rounding may put the point a digit above what is proved.
            self.upper = self.upper.max(facts.reached);
            self.best = Some((facts.reached, design));
        }
        Ok(())
    }

    pub(crate) fn outcome(self, accept_gap: f64) -> Outcome<D> {
        let gap = self.gap();
        let Some((target, design)) = self.best else {
            return Outcome::Unknown { upper: self.upper };
        };
        let solution = Box::new(Solution {
            target,
            design,
            upper: self.upper,
            solves: self.solves,
            method: self.method,
            stopped: self.stopped,
        });
        if gap <= accept_gap {
            Outcome::Solved(solution)
        } else {
            Outcome::Open(solution)
        }
    }
}

/// A target below `above` at which the multipliers of a design for `t` prove a power over the budget;
/// `above` when there is none.
fn proved<V: Value>(
    value: &V,
    design: &V::Design,
    t: f64,
    above: f64,
    budget: f64,
) -> Result<f64, Error> {
    let exceeds = |t: f64| -> Result<bool, Error> { Ok(value.bound(design, t)? > budget) };
    let at = value.bound(design, t)?;
    let slope = V::facts(design).slope;
    // What the slope promises, if it promises anything.
    let promised = (budget - at) / (t * slope);
    if at > budget {
        let mut best = t;
        let mut d = (-0.5 * promised).clamp(1e-13, 0.25);
        if !d.is_finite() {
            d = 1e-13;
        }
        for _ in 0..48 {
            let lower = t * (1.0 - d);
            if d >= 1.0 || !exceeds(lower)? {
                break;
            }
            best = lower;
            d *= 2.0;
        }
        return Ok(best.min(above));
    }
    let mut d = if promised.is_finite() {
        promised.max(1e-13)
    } else {
        1e-13
    };
    let mut fails = 0.0;
    for _ in 0..64 {
        let higher = t * (1.0 + d);
        if higher >= above {
            return Ok(above);
        }
        if exceeds(higher)? {
            for _ in 0..4 {
                let middle = 0.5 * (fails + d);
                if exceeds(t * (1.0 + middle))? {
                    d = middle;
                } else {
                    fails = middle;
                }
            }
            return Ok(t * (1.0 + d));
        }
        fails = d;
        d *= 2.0;
    }
    Ok(above)
}

/// The root by power-law steps, at last in more digits where it does not close.
pub(crate) fn slopes<V: Value>(
    value: &V,
    budget: f64,
    known: &mut Known<V::Design>,
    options: &Options,
) -> Result<(), Error> {
    for (precise, evaluations) in [(false, 30), (true, 8)] {
        if known.gap() > options.accept_gap && (value.extends() || !precise) {
            slope(value, budget, known, options, precise, evaluations)?;
        }
    }
    Ok(())
}

fn slope<V: Value>(
    value: &V,
    budget: f64,
    known: &mut Known<V::Design>,
    options: &Options,
    precise: bool,
    evaluations: usize,
) -> Result<(), Error> {
    let high = known.upper;
    if !(high.is_finite() && high > 0.0) {
        return Ok(());
    }
    known.method = Method::Slope;
    let root_options = root::Options {
        tolerance: options.tolerance,
        max_evaluations: evaluations,
    };
    // Aimed a hair below, so that rounding does not lift the power above the budget.
    let aim = budget * (1.0 - 0.25 * options.tolerance);
    let start = match (&known.best, known.start) {
        (Some((target, _)), _) => target.min(high),
        (None, Some(start)) => start.min(high),
        (None, None) => 0.5 * high,
    };
    let evaluate = |t: f64| -> Result<Sample<()>, Error> {
        if known.gap() <= known.enough {
            // Point and bound have met: nothing more can be learnt.
            return Ok(Sample::Unknown);
        }
        known.solves += 1;
        Ok(match value.solve(t, budget, precise)? {
            Answer::Design(design) => {
                let facts = V::facts(&design);
                let least = value.bound(&design, t)?;
                known.learn(value, t, design, budget, options)?;
                Sample::Value {
                    // A point that costs less than is possible violates something.
                    value: facts.power.max(least),
                    slope: facts.slope,
                    data: (),
                }
            }
            Answer::Needs(power) if power > budget => {
                known.upper = known.upper.min(t);
                Sample::Above
            }
            Answer::Needs(_) => Sample::Unknown,
        })
    };
    let root = root::increasing_root(
        aim,
        value.held(),
        (0.0, high),
        start,
        &root_options,
        evaluate,
    )?;
    known.stopped = if known.gap() <= options.accept_gap {
        StopReason::Tolerance
    } else {
        root.stopped
    };
    Ok(())
}

/// Solves without an answer that the bisection bears.
const SILENT: usize = 12;

/// Algorithm 1 with its test mended: the midpoint is feasible iff `P*(t) <= P_total`. Where a solve
/// says neither, the search goes on below; the bound does not move by that.
pub(crate) fn bisection<V: Value>(
    value: &V,
    budget: f64,
    printed_upper: f64,
    known: &mut Known<V::Design>,
    options: &Options,
) -> Result<(), Error> {
    known.method = Method::Bisection;
    let (mut low, mut high) = (0.0, printed_upper);
    let mut silent = 0;
    for _ in 0..100 {
        if high - low <= 0.5 * options.accept_gap * high || silent == SILENT {
            break;
        }
        let t = 0.5 * (low + high);
        known.solves += 1;
        match value.solve(t, budget, true)? {
            Answer::Design(design) => {
                let before = known.target();
                known.learn(value, t, design, budget, options)?;
                let fits = known.target() > before && known.target() >= t * (1.0 - 1e-6);
                *(if fits { &mut low } else { &mut high }) = t;
            }
            Answer::Needs(power) => {
                if power > budget {
                    known.upper = known.upper.min(t);
                } else {
                    silent += 1;
                }
                high = t;
            }
        }
    }
    known.stopped = if known.gap() <= options.accept_gap {
        StopReason::SmallStep
    } else {
        StopReason::Stagnation
    };
    Ok(())
}

impl<D> Known<D> {
    fn target(&self) -> f64 {
        self.best.as_ref().map_or(0.0, |(target, _)| *target)
    }
}
