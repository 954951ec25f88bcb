//! Beams for the largest common SINR within a budget, when covariances of rank one or more were found.
//!
//! Where the relaxation is not rank one, beams that reach its target need more power than it does, and
//! more than the budget. Then the target is raised as far as it goes from the principal components and
//! from random draws of the covariances, by [local ascent](super::rank_one) in the entries of the
//! beams. The relaxation's target stays the bound; the search ends where a point meets it.

use super::ascent::{Ascent, Goal, plain_start};
use super::evaluate::evaluate;
use super::rank_one::{self, Beams, How, Options, Task};
use super::robust::{self, ErrorBall};
use super::{Scene, Span, bounds};
use crate::Error;
use isac_linalg::{Col, Mat, c64};
use isac_opt::sdr;
use rand::Rng;

/// Beams with the common SINR that they reach.
#[derive(Debug, Clone)]
pub struct CommonBeams {
    /// Smallest SINR (linear) over all pairs, the worst case where there are errors.
    pub target: f64,
    /// The beams; their power is within the budget to `1e-9`.
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
    /// No design reaches a larger target within the budget.
    pub upper: f64,
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
/// The search ends when beams reach the bound but for this part.
const MET: f64 = 1e-7;

/// Beams that reach as large a common SINR as is found within the budget. `None`: no beams were
/// found, or none exist (the Welch bound).
///
/// # Errors
/// An unusable option; a decomposition that failed.
pub fn largest(
    demand: Demand<'_>,
    relaxed: &Relaxed,
    options: &Options,
    rng: &mut impl Rng,
) -> Result<Option<CommonBeams>, Error> {
    rank_one::check(options)?;
    if bounds::rank_one_excluded(demand.scene) {
        return Ok(None);
    }
    let span = Span::new(demand.scene);
    let targets = vec![relaxed.target; demand.scene.users()];
    let task = demand.task(&span, &targets, relaxed.power, options);
    let covariances = task.covariances(&relaxed.factors);
    if let Some(beams) = task.exact(&covariances)?
        && let Some(common) = demand.fits(beams, options)?
    {
        return Ok(Some(common));
    }
    let mut best: Option<f64> = None;
    let score = |columns: &[Col<c64>]| -> Result<Option<(f64, CommonBeams)>, Error> {
        if best.is_some_and(|target| target >= relaxed.upper * (1.0 - MET)) {
            return Ok(None);
        }
        let Some(found) = demand.improved(&task, columns, best, options)? else {
            return Ok(None);
        };
        best = Some(best.map_or(found.target, |target| target.max(found.target)));
        Ok(Some((-found.target, found)))
    };
    let (found, _) = sdr::randomise(&covariances, options.ascents, rng, score)?;
    Ok(found.map(|(_, common)| common))
}

/// A common SINR that beams reach within the budget, found without a relaxation; `None` where
/// local ascent finds none.
pub(super) fn reached(
    demand: Demand<'_>,
    span: &Span,
    options: &Options,
) -> Result<Option<f64>, Error> {
    let ones = vec![1.0; demand.scene.users()];
    let task = demand.task(span, &ones, demand.budget, options);
    let columns = plain_start(demand.scene, span, &ones)
        .iter()
        .map(|w| Ok(sdr::principal_component(w.as_ref())?))
        .collect::<Result<Vec<Col<c64>>, Error>>()?;
    let found = demand.improved(&task, &columns, None, options)?;
    Ok(found.map(|common| common.target))
}

impl Demand<'_> {
    fn task<'a>(
        &'a self,
        span: &'a Span,
        targets: &'a [f64],
        power: f64,
        options: &'a Options,
    ) -> Task<'a> {
        Task {
            scene: self.scene,
            span,
            targets,
            csi: rank_one::csi_of(self.ball),
            power_relaxed: power,
            options,
        }
    }

    /// Where local ascent from these directions ends, if within all limits.
    fn improved(
        &self,
        task: &Task<'_>,
        columns: &[Col<c64>],
        known: Option<f64>,
        options: &Options,
    ) -> Result<Option<CommonBeams>, Error> {
        let ones = vec![1.0; self.scene.users()];
        let ascent = Ascent {
            scene: self.scene,
            span: task.span,
            csi: task.csi,
            targets: &ones,
            goal: Goal::Common(self.budget),
        };
        match ascent.run(columns, known)? {
            Some(columns) => self.fits(task.judge(&columns, How::Ascent)?, options),
            None => Ok(None),
        }
    }

    /// Beams within the budget that serve the targets, with what they reach.
    fn fits(&self, mut beams: Beams, options: &Options) -> Result<Option<CommonBeams>, Error> {
        beams.violation = beams.evaluation.sensing_violation;
        if beams.power_beams > self.budget * (1.0 + ROUNDING) || beams.violation > options.accept {
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
}
