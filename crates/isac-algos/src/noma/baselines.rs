//! Orthogonal and linear baselines. The paper never defines its OMA system; these are the readings
//! of it that can be computed, each labelled.
//!
//! In an orthogonal slot there is no interference, so all but the per-slot variants are Eq. (13) in
//! mode [`SicSet::Orthogonal`] with another SINR target: a covariance averaged over `K` slots meets
//! `tr(H_k W_k) >= g sigma^2` iff the average meets `g / K`.

use super::power_min::{self, Outcome};
use super::problem::{Mode, Scene};
use super::robust::{self, ErrorBall};
use super::{max_min, reduced_dual};
use crate::Error;
use isac_linalg::{ops, validate};
use isac_metrics::noma::SicSet;
use isac_opt::root;
use serde::{Deserialize, Serialize};

/// A baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Baseline {
    /// Slots of equal rate (pre-log `1/K`): `tr(H_k W_k) >= ((1 + gamma)^K - 1) sigma^2`; sensing
    /// and power from the average covariance. The usual definition, hence the default.
    RateAvg,
    /// The same with the sum of covariances.
    RateSum,
    /// Slots of equal SINR, sum of covariances. Drops the interference of the own-message mode, so
    /// it can never need more power than that.
    SinrSum,
    /// The same with the average covariance.
    SinrAvg,
    /// Equal SINR, and each slot alone serves the targets; powers add up.
    SlotSensSum,
    /// The same with the mean of the powers.
    SlotSensAvg,
    /// All users in one slot without cancellation.
    Linear,
}

impl Baseline {
    /// All of them, the default first.
    pub const ALL: [Self; 7] = [
        Self::RateAvg,
        Self::RateSum,
        Self::SinrSum,
        Self::SinrAvg,
        Self::SlotSensSum,
        Self::SlotSensAvg,
        Self::Linear,
    ];

    /// The name in files, such as `rate-avg`.
    pub fn name(self) -> &'static str {
        match self {
            Self::RateAvg => "rate-avg",
            Self::RateSum => "rate-sum",
            Self::SinrSum => "sinr-sum",
            Self::SinrAvg => "sinr-avg",
            Self::SlotSensSum => "slot-sens-sum",
            Self::SlotSensAvg => "slot-sens-avg",
            Self::Linear => "linear",
        }
    }

    /// Target of the mode [`SicSet::Orthogonal`] that stands for `gamma` with `users` slots.
    fn slot_target(self, gamma: f64, users: usize) -> f64 {
        let k = users as f64;
        let rate = || (k * gamma.ln_1p()).exp_m1();
        match self {
            Self::RateAvg => rate() / k,
            Self::RateSum => rate(),
            Self::SinrAvg => gamma / k,
            _ => gamma,
        }
    }

    /// Inverse of [`Baseline::slot_target`].
    fn common_target(self, slot: f64, users: usize) -> f64 {
        let k = users as f64;
        let rate = |x: f64| (x.ln_1p() / k).exp_m1();
        match self {
            Self::RateAvg => rate(slot * k),
            Self::RateSum => rate(slot),
            Self::SinrAvg => slot * k,
            _ => slot,
        }
    }
}

fn in_mode(scene: &Scene, sic: SicSet) -> Result<Scene, Error> {
    scene.with_mode(Mode {
        sic,
        ordering: false,
        ..scene.mode()
    })
}

/// Least power (watt) of a baseline for a common SINR target; `None` without a verified optimum.
///
/// # Errors
/// A target that is not positive; numerical breakdown.
pub fn power_min(
    scene: &Scene,
    baseline: Baseline,
    gamma: f64,
    options: &power_min::Options,
) -> Result<Option<f64>, Error> {
    scene.common_target(gamma)?;
    let users = scene.users();
    let solved = |scene: &Scene, gamma: f64| -> Result<Option<f64>, Error> {
        let targets = vec![gamma; scene.users()];
        let outcome = reduced_dual::power_min_or_relaxation(scene, &targets, options)?;
        Ok(match outcome {
            Outcome::Solved(design) => Some(design.power()),
            _ => None,
        })
    };
    match baseline {
        Baseline::Linear => solved(&in_mode(scene, SicSet::Linear)?, gamma),
        Baseline::SlotSensSum | Baseline::SlotSensAvg => {
            let slots = in_mode(scene, SicSet::Orthogonal)?;
            each_slot(baseline, users, |position| {
                solved(&slots.keep_position(position), gamma)
            })
        }
        _ => {
            let slots = in_mode(scene, SicSet::Orthogonal)?;
            solved(&slots, baseline.slot_target(gamma, users))
        }
    }
}

/// Least power (watt) of a baseline for a common SINR target that holds for every channel error in a
/// ball; `None` without a verified optimum. Nothing is cancelled in an orthogonal slot or under linear
/// beams, so no residual is left.
///
/// # Errors
/// A target that is not positive, a negative radius; numerical breakdown.
pub fn robust_power_min(
    scene: &Scene,
    baseline: Baseline,
    gamma: f64,
    radius: f64,
    options: &robust::Options,
) -> Result<Option<f64>, Error> {
    scene.common_target(gamma)?;
    let users = scene.users();
    let ball = ErrorBall {
        radius,
        residual: false,
    };
    let solved = |scene: &Scene, gamma: f64| -> Result<Option<f64>, Error> {
        let targets = vec![gamma; scene.users()];
        let found = robust::solve(scene, &targets, ball, options)?.solved();
        Ok(found.map(|design| design.power()))
    };
    match baseline {
        Baseline::Linear => solved(&in_mode(scene, SicSet::Linear)?, gamma),
        Baseline::SlotSensSum | Baseline::SlotSensAvg => {
            let slots = in_mode(scene, SicSet::Orthogonal)?;
            each_slot(baseline, users, |position| {
                solved(&slots.keep_position(position), gamma)
            })
        }
        Baseline::RateAvg | Baseline::RateSum | Baseline::SinrSum | Baseline::SinrAvg => {
            let slots = in_mode(scene, SicSet::Orthogonal)?;
            solved(&slots, baseline.slot_target(gamma, users))
        }
    }
}

/// Sum or mean of the powers of the slots; `None` if one of them has none.
fn each_slot(
    baseline: Baseline,
    users: usize,
    power: impl Fn(usize) -> Result<Option<f64>, Error>,
) -> Result<Option<f64>, Error> {
    let mut sum = 0.0;
    for position in 0..users {
        match power(position)? {
            Some(power) => sum += power,
            None => return Ok(None),
        }
    }
    let shared = baseline == Baseline::SlotSensAvg;
    Ok(Some(if shared { sum / users as f64 } else { sum }))
}

/// Largest common SINR (linear) of a baseline within a power budget (watt), the sum or the mean of the
/// powers of the slots where each senses for itself; `None` when the budget is too small or without a
/// verified optimum.
///
/// # Errors
/// A budget that is not positive; numerical breakdown.
pub fn max_min(
    scene: &Scene,
    baseline: Baseline,
    budget: f64,
    options: &max_min::Options,
) -> Result<Option<f64>, Error> {
    let sic = match baseline {
        Baseline::Linear => SicSet::Linear,
        Baseline::SlotSensSum | Baseline::SlotSensAvg => {
            return slots_max_min(scene, baseline, budget, options);
        }
        Baseline::RateAvg | Baseline::RateSum | Baseline::SinrSum | Baseline::SinrAvg => {
            SicSet::Orthogonal
        }
    };
    let outcome = max_min::solve(&in_mode(scene, sic)?, budget, options)?;
    Ok(outcome
        .solved()
        .map(|s| baseline.common_target(s.target, scene.users())))
}

/// The root of the power of all slots in the common SINR.
fn slots_max_min(
    scene: &Scene,
    baseline: Baseline,
    budget: f64,
    options: &max_min::Options,
) -> Result<Option<f64>, Error> {
    validate::positive("budget", budget, "W")?;
    // A slot has no more than the whole budget, or K times it where the mean counts.
    let most = match baseline {
        Baseline::SlotSensAvg => budget * scene.users() as f64,
        Baseline::RateAvg
        | Baseline::RateSum
        | Baseline::SinrSum
        | Baseline::SinrAvg
        | Baseline::SlotSensSum
        | Baseline::Linear => budget,
    };
    let gain = |k: usize| ops::norm(scene.channels().subcols(k, 1)).powi(2);
    let weakest = (0..scene.users()).map(gain).fold(f64::INFINITY, f64::min);
    let high = most * weakest / scene.noise();
    let settings = root::Options {
        tolerance: options.tolerance,
        ..root::Options::default()
    };
    // The slope is that of the chord to the point before.
    let mut before: Option<(f64, f64)> = None;
    let evaluate = |t: f64| -> Result<root::Sample<()>, Error> {
        let Some(value) = power_min(scene, baseline, t, &options.power_min)? else {
            return Ok(root::Sample::Unknown);
        };
        let slope = before.map_or(f64::NAN, |(at, power)| (value - power) / (t - at));
        before = Some((t, value));
        let data = ();
        Ok(root::Sample::Value { value, slope, data })
    };
    let found = root::increasing_root(budget, 0.0, (0.0, high), 0.1 * high, &settings, evaluate)?;
    Ok(found.best.map(|_| found.t))
}
