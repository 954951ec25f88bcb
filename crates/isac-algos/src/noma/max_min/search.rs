//! The search for the root of `P*(t) = P_total`: what is known of it, and two ways to learn more.

use super::answer::{Method, Options, Outcome, Solution};
use crate::Error;
use isac_opt::StopReason;
use isac_opt::root::{self, Sample};

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

/// The best point and the best bound so far.
pub(crate) struct Known<D> {
    pub(crate) best: Option<(f64, D)>,
    pub(super) upper: f64,
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

    pub(super) fn gap(&self) -> f64 {
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

    fn target(&self) -> f64 {
        self.best.as_ref().map_or(0.0, |(target, _)| *target)
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
