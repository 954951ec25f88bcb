//! Augmented Lagrangian with L-BFGS on the sphere: the rates are met exactly, and an end comes with what
//! is proved of it.

use super::run::{FEASIBLE, Rated};
use super::{Design, PowerShare, Problem, bound, certify};
use crate::Error;
use isac_linalg::{MatRef, c64};
use isac_opt::augmented;
use isac_opt::drive::Stop;
use isac_opt::riemannian::{Method, Workspace, lbfgs};
use serde::{Deserialize, Serialize};

/// Options of the augmented Lagrangian.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// The augmented Lagrangian.
    pub descent: augmented::Options,
    /// How the power may be spread.
    pub power: PowerShare,
    /// The search for the lower bound; `None` leaves it out.
    pub bound: Option<bound::Options>,
}

impl Default for Options {
    fn default() -> Self {
        // Few pairs: streaming them costs as much as an evaluation, and more gain nothing.
        let inner = Method::Lbfgs(lbfgs::Options {
            memory: 8,
            stop: Stop {
                max_iterations: 50,
                ..Stop::default()
            },
            ..lbfgs::Options::default()
        });
        Self {
            descent: augmented::Options {
                inner,
                max_rounds: 16,
                // The descent works on a logarithm.
                objective_unit: Some(1.0),
                settled: 1e-5,
                ..augmented::Options::default()
            },
            power: PowerShare::Total,
            bound: Some(bound::Options::default()),
        }
    }
}

/// Minimises the fairness cost subject to the rates, Eq. (9).
///
/// The descent works on the logarithm of the norm form in units of the start's norm: it has the same
/// minimisers as every other form and no scale, so one penalty fits all problems. The objective of the
/// answer is in the problem's own form.
///
/// # Errors
/// A start of the wrong shape or a numerical breakdown. Rates that cannot be met are no error:
/// `feasibility` and `violation` of the answer say so, and with `options.bound` `infeasible` holds the
/// proof if one was found.
pub fn solve(
    problem: &Problem,
    start: MatRef<'_, c64>,
    options: &Options,
) -> Result<Design, Error> {
    let mut point = problem.shares(start)?;
    let own = problem.in_own_unit()?;
    let manifold = options.power.manifold(&own)?;
    manifold.normalise(point.as_mut());
    let working = own.in_units_of(point.as_ref())?;
    let mut rated = Rated::new(&working);
    let mut workspace = Workspace::default();
    let minimum = augmented::minimise::<_, _, Error>(
        manifold.as_ref(),
        point.as_ref(),
        &mut rated,
        &options.descent,
        &mut workspace,
    )?;
    let mut design = Design::measure(problem, problem.beams_of_shares(minimum.point))?;
    design.stopped = minimum.stopped;
    design.iterations = minimum.iterations;
    design.evaluations = minimum.evaluations;
    design.trace = minimum.trace;
    design.multipliers = minimum.multipliers;
    if design.violation > FEASIBLE {
        design.feasibility = minimum.feasibility;
    }
    if let Some(bound) = &options.bound {
        certify(problem, &mut design, bound)?;
    }
    Ok(design)
}
