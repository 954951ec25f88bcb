//! Largest worst-case SINR common to all users within a power budget: the root of the robust
//! `P*(t) = P_total`, which the paper does not treat. The same search as [`super::max_min`], with the
//! bound of [`robust::lower_bound`].

use super::common_beams::{self, Demand};
use super::max_min::{self, Answer, Facts, Known, Method, Options, Outcome, Value};
use super::problem::{Scene, Span};
use super::rank_one;
use super::robust::{self, Design, ErrorBall};
use super::structure::{self, Impossible};
use crate::Error;
use isac_linalg::{ops, validate};

struct Robust<'a> {
    scene: &'a Scene,
    span: Span,
    ball: ErrorBall,
    options: &'a robust::Options,
}

impl Value for Robust<'_> {
    type Design = Design;

    fn solve(&self, t: f64, budget: f64, _: bool) -> Result<Answer<Design>, Error> {
        let targets = vec![t; self.scene.users()];
        // 31 digits would take seconds per step.
        let mut options = self.options.clone();
        options.conic.extend = false;
        let (scene, span) = (self.scene, &self.span);
        let outcome = robust::solve_in(scene, span, &targets, self.ball, budget, &options)?;
        Ok(match outcome {
            robust::Outcome::Solved(design) | robust::Outcome::Inaccurate(design) => {
                Answer::Design(*design)
            }
            other => Answer::Needs(other.lower_bound()),
        })
    }

    fn extends(&self) -> bool {
        false
    }

    fn bound(&self, design: &Design, t: f64) -> Result<f64, Error> {
        robust::bound_at(self.scene, &self.span, design, self.ball, t)
    }

    fn facts(design: &Design) -> Facts {
        Facts {
            power: design.power(),
            slope: design.slope,
            reached: design.min_worst_case(),
            violation: design.evaluation.sensing_violation,
        }
    }

    fn held(&self) -> f64 {
        max_min::held(self.scene)
    }
}

/// Solves for a budget in watt; [`Method::Joint`] does not apply and counts as [`Method::Slope`].
///
/// # Errors
/// A budget that is not positive, a negative radius; numerical breakdown.
pub fn solve(
    scene: &Scene,
    budget: f64,
    ball: ErrorBall,
    method: Method,
    options: &robust::Options,
) -> Result<Outcome<Design>, Error> {
    validate::positive("power budget", budget, "W")?;
    validate::nonnegative("error radius", ball.radius, "")?;
    let mut search = Options {
        method,
        tolerance: 1e-8,
        ..Options::default()
    };
    search.power_min.accept = options.accept;
    if let Some(infeasible) = max_min::below_floor(scene, budget, &search.power_min)? {
        return Ok(infeasible);
    }
    let tiny = vec![f64::MIN_POSITIVE; scene.users()];
    if let Some(Impossible::Silenced { .. }) = structure::impossible(scene, &tiny, ball.radius) {
        return Ok(Outcome::Unknown { upper: 0.0 });
    }
    let value = Robust {
        scene,
        span: Span::new(scene),
        ball,
        options,
    };
    let limit = max_min::target_limit(scene, budget, ball.radius);
    // Every step is a program with an inequality of matrices per pair: none for digits that are not
    // asked for.
    let mut known = Known::new(limit, 0.5 * search.accept_gap);
    let demand = Demand {
        scene,
        ball: Some(ball),
        budget,
    };
    let beams = rank_one::Options {
        accept: options.accept,
        ..rank_one::Options::default()
    };
    // A hair below what beams reach, where the relaxation fits into the budget for certain. If it is
    // rank one, its multipliers there are the proof already.
    known.start = common_beams::reached(demand, &value.span, &beams)?
        .map(|target| target * (1.0 - 0.2 * search.accept_gap));
    match method {
        Method::Auto | Method::Joint | Method::Slope => {
            max_min::slopes(&value, budget, &mut known, &search)?;
        }
        Method::Bisection => {
            let weakest = ops::norm2(scene.channels().subcols(0, 1));
            let printed = budget * weakest / (scene.noise() * scene.mode().weights.transmit);
            max_min::bisection(&value, budget, printed, &mut known, &search)?;
        }
    }
    if known.best.is_none()
        && let Some(factors) = max_min::spread(scene, &search.power_min)?
    {
        let design = robust::of_factors(scene, &value.span, ball, factors)?;
        known.learn(&value, 0.0, design, budget, &search)?;
    }
    Ok(known.outcome(search.accept_gap))
}
