//! Beams from covariances: Eq. (12d) of `[noma]`, which the relaxation drops.
//!
//! Tried in this order, each followed by the optimal powers for the directions it found:
//!
//! 1. the principal eigenvectors, when every `W_k` is rank one to [`Options::ratio`];
//! 2. purification at equal power (without channel errors);
//! 3. local descent of the power in the entries of the beams, from the principal eigenvectors and
//!    from Gaussian draws;
//! 4. a penalty that favours rank one, from several weights;
//! 5. Gaussian randomisation.
//!
//! Beams that are returned meet all constraints by the original formulas; what they cost above the
//! relaxation is reported. When `K < M`, the Welch bound may prove that no beams exist although the
//! relaxation is solvable.
//!
//! # Deviations
//! The paper takes rank one for granted after Eq. (13) and claims it in Lemma 1 for the robust
//! problem. It is guaranteed only when the cross-correlation bound is inactive and there are at most
//! `K + 2 - M` decoding pairs; the lemma is false.

mod beams;
mod functionals;
mod task;

use super::ascent::plain_start;
use super::power_min;
use super::problem::{Scene, Span};
use super::relaxation::Csi;
use super::robust::{self, ErrorBall};
use crate::Error;
pub(super) use beams::check;
pub use beams::{Beams, How, Options, Outcome};
use isac_linalg::{Col, Mat, c64, factor};
use isac_opt::sdr;
use rand::Rng;
pub(super) use task::{Task, csi_of};

/// Beams near the targets by local descent alone, for where the relaxation has no answer: the
/// cheapest that meet all constraints, else those that violate them least. `None` where the descent
/// has no start.
///
/// # Errors
/// Targets of the wrong number or not positive, an unusable option; a decomposition that failed.
pub fn nearest(
    scene: &Scene,
    targets_by_user: &[f64],
    ball: Option<ErrorBall>,
    options: &Options,
    rng: &mut impl Rng,
) -> Result<Option<Beams>, Error> {
    check(options)?;
    let targets = scene.sinr_targets(targets_by_user)?;
    let span = Span::new(scene);
    let task = Task {
        scene,
        span: &span,
        targets: &targets,
        csi: csi_of(ball),
        power_relaxed: 0.0,
        options,
    };
    let start = plain_start(scene, &span, &targets);
    let ascent = task.descent();
    let score = |columns: &[Col<c64>]| -> Result<Option<(f64, Beams)>, Error> {
        let Some(columns) = ascent.run(columns, None)? else {
            return Ok(None);
        };
        let beams = task.judge(&columns, How::Ascent)?;
        // Feasible ones first, by their power.
        let cost = if beams.violation <= options.accept {
            -1.0 / beams.power_beams
        } else {
            beams.violation
        };
        Ok(cost.is_finite().then_some((cost, beams)))
    };
    let (best, _) = sdr::randomise(&start, options.ascents, rng, score)?;
    Ok(best.map(|(_, beams)| beams))
}

/// Beams from a solution of the relaxation without channel errors.
///
/// # Errors
/// An unusable option; a decomposition that failed.
pub fn recover(
    scene: &Scene,
    design: &power_min::Design,
    options: &Options,
    rng: &mut impl Rng,
) -> Result<Outcome, Error> {
    let task = Task {
        scene,
        span: &Span::new(scene),
        targets: &design.targets,
        csi: Csi::Perfect,
        power_relaxed: design.power(),
        options,
    };
    task.run(&design.factors, rng)
}

/// Beams from a solution of the robust relaxation, verified by exact worst cases.
///
/// # Errors
/// As [`recover`].
pub fn recover_robust(
    scene: &Scene,
    design: &robust::Design,
    ball: ErrorBall,
    options: &Options,
    rng: &mut impl Rng,
) -> Result<Outcome, Error> {
    let csi = csi_of(Some(ball));
    let task = Task {
        scene,
        span: &Span::new(scene),
        targets: &design.targets,
        csi,
        power_relaxed: design.power(),
        options,
    };
    task.run(&design.factors, rng)
}

/// Principal eigenvectors of the covariances of a design, whatever their rank: what a reader of the
/// paper would transmit. No constraint is guaranteed.
///
/// # Errors
/// A decomposition that failed.
pub fn principal_beams(factors: &[Mat<c64>]) -> Result<Mat<c64>, Error> {
    let antennas = factors.first().map_or(0, Mat::nrows);
    let mut beams = Mat::zeros(antennas, factors.len());
    for (k, f) in factors.iter().enumerate() {
        // F = U S V^H: the principal component of F F^H is S_1 u_1.
        let svd = factor::svd(f.as_ref())?;
        let top = svd.values.first().copied().unwrap_or(0.0);
        for n in 0..antennas {
            beams[(n, k)] = if top > 0.0 {
                svd.u[(n, 0)] * top
            } else {
                c64::ZERO
            };
        }
    }
    Ok(beams)
}
