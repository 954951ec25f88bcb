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

mod answer;
mod search;

use super::power_min::{self, Design, Outcome as PowerOutcome};
use super::problem::{Scene, Span};
use super::{bounds, certificate, reduced_dual};
use crate::Error;
pub use answer::{Method, Options, Outcome, Solution};
use isac_linalg::{Mat, ops, validate};
use isac_metrics::noma::SicSet;
use isac_opt::StopReason;
pub(crate) use search::{Answer, Facts, Known, Value, bisection, slopes};

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
    if joint && let Some(fast) = reduced_dual::max_min(scene, budget, options.power_min.accept)? {
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
            && let Some(fast) = reduced_dual::power_min(self.scene, &targets, self.options.accept)?
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
