//! Beams for the largest common SINR within a budget, when covariances of rank one or more were found.
//!
//! Where the relaxation is not rank one, beams that reach its target need more power than it does, and
//! more than the budget. The target is then lowered until they fit: the root of
//! `P_beams(t) = P_total`, with beams recovered anew at every target, since directions that serve the
//! targets at one do not at another. Without targets in the scene the directions may stay, and powers
//! alone are found. The relaxation's target stays the bound.

use super::evaluate::evaluate;
use super::rank_one::{self, Beams, Options, Outcome, Task};
use super::robust::{self, ErrorBall};
use super::{Scene, Span, max_min};
use crate::Error;
use isac_linalg::{Col, Mat, c64};
use isac_opt::root::{self, Sample};
use rand::Rng;

/// Beams with the common SINR that they reach.
#[derive(Debug, Clone)]
pub struct CommonBeams {
    /// Smallest SINR (linear) over all pairs, the worst case where there are errors.
    pub target: f64,
    /// The beams; their power is within the budget to `1e-9`, and their violation is that of the
    /// targets they were made for.
    pub beams: Beams,
}

/// Covariances for a common target, what the beams are made from.
#[derive(Debug, Clone)]
pub struct Relaxed {
    /// The target the covariances were made for.
    pub target: f64,
    /// `F_k` with `W_k = F_k F_k^H`, by decoding position.
    pub factors: Vec<Mat<c64>>,
    /// Their power, watt.
    pub power: f64,
    /// `dP*/dt`, watt.
    pub slope: f64,
}

/// What is asked of the beams.
#[derive(Debug, Clone, Copy)]
pub struct Demand<'a> {
    /// The scene.
    pub scene: &'a Scene,
    /// Channel errors; `None` without.
    pub ball: Option<ErrorBall>,
    /// Power budget, watt.
    pub budget: f64,
}

/// Relative excess of the budget that counts as rounding.
const ROUNDING: f64 = 1e-9;
/// The search ends when beams use the budget but for this part.
const UNUSED: f64 = 1e-4;

/// Beams that reach as large a common SINR as is found within the budget. `again` solves the
/// relaxation for another target, at most `rounds` times. `None`: no beams were found, or none exist
/// (the Welch bound).
///
/// # Errors
/// An unusable option; a decomposition that failed; whatever `again` returns.
pub fn largest(
    demand: Demand<'_>,
    relaxed: &Relaxed,
    mut again: impl FnMut(f64) -> Result<Option<Relaxed>, Error>,
    rounds: usize,
    options: &Options,
    rng: &mut impl Rng,
) -> Result<Option<CommonBeams>, Error> {
    let floor = max_min::held(demand.scene);
    let mut best: Option<CommonBeams> = None;
    // Targets whose beams fit and do not, with the power of the beams.
    let (mut low, mut high) = ((0.0, floor), None);
    // What the beams need of the next target: as much more than the relaxation as here.
    let mut next = relaxed.target / 2.0;
    match demand.recover(relaxed, options, rng)? {
        Outcome::Excluded { .. } => return Ok(None),
        Outcome::NotFound => {}
        Outcome::Found(beams) => {
            let power = beams.power_beams;
            if let Some(common) = demand.fits((*beams).clone())? {
                return Ok(Some(common));
            }
            if demand.scene.targets() == 0 {
                best = demand.filled(&beams, relaxed.target, options)?;
            }
            high = Some((relaxed.target, power));
            let excess = relaxed.power - floor;
            let wanted = demand.budget * relaxed.power / power - floor;
            let exponent = relaxed.target * relaxed.slope / excess;
            let guess = relaxed.target * (wanted / excess).powf(1.0 / exponent);
            if guess.is_finite() && guess > 0.0 && guess < relaxed.target {
                next = guess;
            }
        }
    }
    for _ in 0..rounds {
        let found = match again(next)? {
            Some(relaxed) => demand.recover(&relaxed, options, rng)?.found(),
            None => None,
        };
        let power = found.as_ref().map(|beams| beams.power_beams);
        let fits = match found {
            Some(beams) => demand.fits(beams)?,
            None => None,
        };
        let top = high.map_or(relaxed.target, |(t, _)| t);
        match (fits, power) {
            (Some(common), Some(power)) => {
                low = (next, power);
                if best.as_ref().is_none_or(|b| common.target > b.target) {
                    best = Some(common);
                }
                if power >= demand.budget * (1.0 - UNUSED) {
                    break;
                }
            }
            (_, power) => high = Some((next, power.unwrap_or(f64::INFINITY))),
        }
        let top = high.map_or(top, |(t, _)| t);
        if top <= low.0 * (1.0 + UNUSED) {
            break;
        }
        next = between(low, high.unwrap_or((top, f64::INFINITY)), demand.budget);
    }
    Ok(best)
}

/// Where the line through two ends meets the budget, kept off the ends; the middle where an end says
/// nothing.
fn between(low: (f64, f64), high: (f64, f64), budget: f64) -> f64 {
    let part = (budget - low.1) / (high.1 - low.1);
    let part = if high.1.is_finite() && part.is_finite() && low.0 > 0.0 {
        part.clamp(0.1, 0.9)
    } else {
        0.5
    };
    low.0 + part * (high.0 - low.0)
}

impl Demand<'_> {
    fn task<'a>(&'a self, targets: &'a [f64], power: f64, options: &'a Options) -> Task<'a> {
        Task {
            scene: self.scene,
            span: Span::new(self.scene),
            targets,
            csi: rank_one::csi_of(self.ball),
            power_relaxed: power,
            options,
        }
    }

    fn recover(
        &self,
        relaxed: &Relaxed,
        options: &Options,
        rng: &mut impl Rng,
    ) -> Result<Outcome, Error> {
        let targets = vec![relaxed.target; self.scene.users()];
        let task = self.task(&targets, relaxed.power, options);
        task.run(&relaxed.factors, rng)
    }

    /// Beams within the budget, with what they reach.
    fn fits(&self, beams: Beams) -> Result<Option<CommonBeams>, Error> {
        if beams.power_beams > self.budget * (1.0 + ROUNDING) {
            return Ok(None);
        }
        let factors: Vec<Mat<c64>> = (0..beams.beams.ncols())
            .map(|k| beams.beams.subcols(k, 1).to_owned())
            .collect();
        let target = match self.ball {
            Some(ball) if ball.radius > 0.0 => robust::worst_cases(self.scene, &factors, ball)?
                .iter()
                .fold(f64::INFINITY, |low, &(_, sinr)| low.min(sinr)),
            _ => evaluate(self.scene, &factors)?.min_sinr(),
        };
        Ok((target > 0.0).then_some(CommonBeams { target, beams }))
    }

    /// The largest target that the directions of some beams reach within the budget, by powers alone.
    fn filled(
        &self,
        beams: &Beams,
        high: f64,
        options: &Options,
    ) -> Result<Option<CommonBeams>, Error> {
        let span = Span::new(self.scene);
        let seen = span.compress(beams.beams.as_ref());
        let columns: Vec<Col<c64>> = (0..seen.ncols()).map(|k| seen.col(k).to_owned()).collect();
        let mut last: Option<(f64, f64)> = None;
        let evaluate = |t: f64| -> Result<Sample<Beams>, Error> {
            let targets = vec![t; self.scene.users()];
            let task = self.task(&targets, beams.power_relaxed, options);
            let Some(found) = task.repowered(&columns, beams.how)? else {
                // Nothing is proved by this; lower targets are tried.
                return Ok(Sample::Above);
            };
            let value = found.power_beams;
            let slope = last.map_or(f64::NAN, |(at, power)| (value - power) / (t - at));
            last = Some((t, value));
            Ok(Sample::Value {
                value,
                slope,
                data: found,
            })
        };
        let search = root::Options {
            tolerance: 1e-9,
            max_evaluations: 40,
        };
        let aim = self.budget * (1.0 - 0.25 * ROUNDING);
        let floor = max_min::held(self.scene);
        let found = root::increasing_root(aim, floor, (0.0, high), high, &search, evaluate)?;
        match found.best {
            Some((_, _, beams)) => self.fits(beams),
            None => Ok(None),
        }
    }
}
