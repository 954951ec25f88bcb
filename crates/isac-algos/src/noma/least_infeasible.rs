//! How far an infeasible problem is from feasible, constraint by constraint.
//!
//! The floors come first: if the targets alone cannot be served, the largest common factor of the
//! floors that some covariance reaches, with the differences and the cross-correlation kept. If
//! they can, they stay as they are, and the SINR targets are lowered by the largest common factor
//! that a large power allows. A factor rather than a slack, because a slack in watt or in units of
//! noise is least where nothing is transmitted at all.

use super::evaluate::Evaluation;
use super::power_min::natural_unit;
use super::problem::{Scene, Span};
use super::relaxation::{BUDGET, Csi, Relaxation};
use super::robust::{self, ErrorBall};
use crate::Error;
use isac_linalg::{ops, validate};
use isac_metrics::beampattern;
use isac_metrics::noma::Pair;
use isac_opt::conic;
use isac_opt::root::{self, Sample};

/// A least-infeasible point, by what fails there.
#[derive(Debug, Clone)]
pub enum LeastInfeasible {
    /// The targets alone cannot be served.
    Sensing {
        /// Largest common factor (below 1) of the floors that some covariance reaches.
        factor: f64,
        /// Its pattern values, watt.
        pattern: Vec<f64>,
        /// Its mean squared cross-correlation, watt squared; `None` for fewer than two targets.
        cross_correlation: Option<f64>,
    },
    /// An error of the ball silences a user, whose worst-case SINR is 0 whatever is transmitted.
    Silenced {
        /// Decoding position of the user.
        position: usize,
        /// Norm of its estimated channel, at most the radius.
        norm: f64,
    },
    /// The targets can be served, the users cannot, or not both.
    Users {
        /// Largest common factor (below 1) of the SINR targets that is reached.
        factor: f64,
        /// Power allowed, watt.
        budget: f64,
        /// What the design achieves without channel errors.
        evaluation: Box<Evaluation>,
        /// SINR of every pair, by decoding position; the worst case where there are errors.
        sinr: Vec<(Pair, f64)>,
    },
}

/// Looks for the least-infeasible point of Eq. (13), or of Eq. (22) of `[noma]` for a radius above
/// 0. `None` when there is no answer, or none that fails.
///
/// # Errors
/// Targets of the wrong number or not positive; a negative radius; a decomposition that failed.
pub fn least_infeasible(
    scene: &Scene,
    targets_by_user: &[f64],
    ball: ErrorBall,
) -> Result<Option<LeastInfeasible>, Error> {
    let targets = scene.sinr_targets(targets_by_user)?;
    validate::nonnegative("error radius", ball.radius, "")?;
    let span = Span::new(scene);
    if let Some(sensing) = sensing_alone(scene, &span, &targets)? {
        return Ok(Some(sensing));
    }
    for position in 0..scene.users() {
        let norm = ops::norm(scene.channels().subcols(position, 1));
        if norm <= ball.radius {
            return Ok(Some(LeastInfeasible::Silenced { position, norm }));
        }
    }
    users(scene, &span, &targets, ball)
}

/// The targets alone: the largest factor of the floors, if it is below 1.
fn sensing_alone(
    scene: &Scene,
    span: &Span,
    targets: &[f64],
) -> Result<Option<LeastInfeasible>, Error> {
    if scene.targets() == 0 || scene.sensing().floor <= 0.0 {
        return Ok(None);
    }
    let relaxation = Relaxation {
        scene,
        span,
        targets,
        sensing: scene.sensing(),
        csi: Csi::Ignored,
        bases: None,
        extra_cost: None,
        unit: natural_unit(scene, targets, 0.0),
        elastic: true,
    };
    let built = relaxation.build()?;
    let outcome = built.solve(&conic::Options::default())?;
    let (Some(point), Some(handle)) = (outcome.solution(), built.factor) else {
        return Ok(None);
    };
    let factor = point.scalar(handle)?;
    if factor >= 1.0 - 1e-6 {
        return Ok(None);
    }
    let covariance = &built.covariances(&relaxation, point)?[0];
    let half = ops::mul(covariance.as_ref(), span.steering.as_ref());
    let gram = ops::adjoint_mul(span.steering.as_ref(), half.as_ref());
    Ok(Some(LeastInfeasible::Sensing {
        factor,
        pattern: beampattern::powers(gram.as_ref()),
        cross_correlation: beampattern::mean_square_cross_correlation(gram.as_ref()),
    }))
}

/// The largest common factor of the SINR targets within the budget: a root of the increasing least
/// power, as in [`super::max_min`].
fn users(
    scene: &Scene,
    span: &Span,
    targets: &[f64],
    ball: ErrorBall,
) -> Result<Option<LeastInfeasible>, Error> {
    let budget = BUDGET * natural_unit(scene, targets, 0.0);
    // A point for people to read needs no more digits than double precision has.
    let mut options = robust::Options::default();
    options.conic.extend = false;
    let common = targets.iter().all(|&g| (g - targets[0]).abs() <= 0.0);
    let evaluate = |t: f64| -> Result<Sample<robust::Design>, Error> {
        let lowered: Vec<f64> = targets.iter().map(|g| t * g).collect();
        let outcome = robust::solve_in(scene, span, &lowered, ball, budget, &options)?;
        Ok(match outcome {
            robust::Outcome::Solved(design) => Sample::Value {
                value: design.power(),
                // The slope at hand is that of a target common to all.
                slope: if common {
                    targets[0] * design.slope
                } else {
                    f64::NAN
                },
                data: *design,
            },
            other if other.lower_bound() > budget => Sample::Above,
            _ => Sample::Unknown,
        })
    };
    let held = scene.targets() as f64 * scene.mode().weights.sensing * scene.sensing().floor;
    let root_options = root::Options {
        // A factor for people to read: three digits say how far the demand is out of reach.
        tolerance: 1e-3,
        max_evaluations: 20,
    };
    let found = root::increasing_root(budget, held, (0.0, 1.0), 0.5, &root_options, evaluate)?;
    Ok(found.best.map(|(_, _, design)| LeastInfeasible::Users {
        factor: found.t,
        budget,
        evaluation: Box::new(design.evaluation),
        sinr: design.worst_case,
    }))
}
