//! The penalty method of \[alpha_fair\]: conjugate gradient on the sphere with a fixed penalty, and its
//! cheap repair, continuation over rising penalties.

use super::run::{descend, trace_of};
use super::{Design, Evaluator, PowerShare, Problem};
use crate::Error;
use isac_linalg::{MatRef, c64, validate};
use isac_opt::drive::{GradientScale, Stop};
use isac_opt::riemannian::{Method, Workspace, rcg};
use serde::{Deserialize, Serialize};

/// Limit of iterations of one descent.
pub(super) const ITERATIONS: usize = 300;

/// Options of the penalty method.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Penalties rho, one descent each, each started where the one before ended. One value is the
    /// paper's mode.
    pub penalties: Vec<f64>,
    /// The descent, with its limit per penalty.
    pub method: Method,
    /// How the power may be spread.
    pub power: PowerShare,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            penalties: vec![10.0],
            method: Method::Rcg(rcg::Options {
                stop: Stop {
                    max_iterations: ITERATIONS,
                    gradient: 1e-8,
                    gradient_scale: GradientScale::Start,
                    ..Stop::default()
                },
                ..rcg::Options::default()
            }),
            power: PowerShare::Total,
        }
    }
}

impl Options {
    /// Continuation over rho = 0.1, 1, 10 with 100 iterations each.
    pub fn continuation() -> Self {
        let mut options = Self {
            penalties: vec![0.1, 1.0, 10.0],
            ..Self::default()
        };
        options.method.stop_mut().max_iterations = 100;
        options
    }
}

/// Minimises `U + rho sum_k max(0, rmin_k - r_k)^2` on the sphere, Eq. (11), for each penalty in turn.
/// A violation of order 1/rho remains.
///
/// # Errors
/// A start of the wrong shape, penalties that are not positive, or a cost that is not finite at the
/// start.
pub fn solve(
    problem: &Problem,
    start: MatRef<'_, c64>,
    options: &Options,
) -> Result<Design, Error> {
    let mut point = problem.shares(start)?;
    for &rho in &options.penalties {
        validate::positive("penalties", rho, "")?;
    }
    let own = problem.in_own_unit()?;
    let manifold = options.power.manifold(&own)?;
    let mut evaluator = Evaluator::new(&own);
    let mut workspace = Workspace::default();
    manifold.normalise(point.as_mut());
    let mut design = Design::measure(&own, point)?;
    for &rho in &options.penalties {
        let (minimum, progress) = descend(
            &own,
            manifold.as_ref(),
            &options.method,
            design.beams.as_ref(),
            &mut evaluator,
            &mut workspace,
            |evaluator, w, gradient| evaluator.penalised(w, rho, gradient),
        )?;
        let measured = Design::measure(&own, minimum.point)?;
        design = Design {
            stopped: minimum.stopped,
            iterations: design.iterations + minimum.iterations,
            evaluations: design.evaluations + minimum.evaluations,
            trace: [design.trace, trace_of(&progress, &minimum.trace)].concat(),
            progress: [design.progress, progress].concat(),
            ..measured
        };
    }
    let measured = Design::measure(problem, problem.beams_of_shares(design.beams))?;
    Ok(Design {
        stopped: design.stopped,
        iterations: design.iterations,
        evaluations: design.evaluations,
        trace: design.trace,
        progress: design.progress,
        ..measured
    })
}
