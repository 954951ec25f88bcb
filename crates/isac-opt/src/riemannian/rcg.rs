//! Riemannian conjugate gradient with the Polak-Ribiere+ rule.
//!
//! ```math
//! d+ = -G+ + beta T(d),   beta = max(0, <G+, G+ - T(G)> / <G, G>),
//! ```
//! with `T` the transport to the new point; Eqs. (16)-(20) of `[alpha_fair]`.

use super::core::{Accepted, Rule, cap, minimise as descend};
use super::flat::Flat;
use super::{LineSearch, Minimum, Workspace};
use crate::{Error, drive::Stop, manifold::Manifold};
use isac_linalg::{MatMut, MatRef, c64};
use serde::{Deserialize, Serialize};

/// Options of the conjugate gradient method. Lengths are shares of the manifold's scale.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// When to stop.
    pub stop: Stop,
    /// The line search.
    pub line_search: LineSearch,
    /// Length of the first trial step.
    pub first_length: f64,
    /// Later trials are this many times the last accepted length.
    pub growth: f64,
    /// Largest length of a trial step.
    pub max_length: f64,
    /// The direction is reset to `-G` when `<G, d> > -cosine ||G|| ||d||`.
    pub cosine: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            stop: Stop::default(),
            line_search: LineSearch::default(),
            first_length: 0.1,
            growth: 2.0,
            max_length: 1.0,
            cosine: 1e-10,
        }
    }
}

/// Minimises `objective` from `start` (placed on the manifold first). What the closure must do
/// stands in the [module above](super).
///
/// # Errors
/// Bad shape or options, a `start` that is not finite, the closure's own error or a value that is
/// not finite at the start. Later failures of the closure only shorten steps.
pub fn minimise<M, E, F>(
    manifold: &M,
    start: MatRef<'_, c64>,
    objective: F,
    options: &Options,
    workspace: &mut Workspace,
) -> Result<Minimum, E>
where
    M: Manifold + ?Sized,
    E: From<Error>,
    F: FnMut(MatRef<'_, c64>, MatMut<'_, c64>) -> Result<f64, E>,
{
    let state = State {
        options,
        scale: manifold.scale(),
        last_length: None,
        beta: 0.0,
    };
    descend(
        "riemannian.rcg",
        manifold,
        start,
        objective,
        &options.stop,
        &options.line_search,
        state,
        &mut workspace.buffers,
    )
}

struct State<'a> {
    options: &'a Options,
    scale: f64,
    last_length: Option<f64>,
    /// Weight of the transported direction; 0 for a fresh start.
    beta: f64,
}

impl Rule for State<'_> {
    fn direction<M: Manifold + ?Sized>(
        &mut self,
        _: &M,
        _: MatRef<'_, c64>,
        g: &Flat,
        d: &mut Flat,
    ) -> f64 {
        if self.beta > 0.0 {
            d.scale(self.beta);
            d.axpy(-1.0, g);
            let slope = g.inner(d);
            let least = self.options.cosine * g.norm() * d.norm();
            if slope.is_nan() || slope > -least {
                self.beta = 0.0;
            }
        }
        if self.beta == 0.0 {
            d.negate(g);
        }
        let norm = d.norm();
        let Some(length) = self.last_length else {
            return cap(self.options.first_length, self.scale, norm);
        };
        let longest = cap(self.options.max_length, self.scale, norm);
        (self.options.growth * length / norm).min(longest)
    }

    fn restart(&mut self) -> bool {
        std::mem::replace(&mut self.beta, 0.0) != 0.0
    }

    fn accepted<M: Manifold + ?Sized>(&mut self, manifold: &M, step: Accepted<'_>) {
        self.last_length = Some(step.t * step.d.norm());
        let before = step.old_g.norm2();
        manifold.transport(step.w, step.old_g.as_mut());
        let change = step.g.norm2() - step.g.inner(step.old_g);
        self.beta = (change / before).max(0.0);
        manifold.transport(step.w, step.d.as_mut());
    }
}
