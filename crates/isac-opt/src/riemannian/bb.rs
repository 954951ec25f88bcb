//! Riemannian Barzilai-Borwein: gradient steps whose length is a secant estimate of the inverse
//! curvature.
//!
//! With `s` the step and `y` the change of the gradient, both transported to the new point, the
//! length is `<s, s> / <s, y>` and `<s, y> / <y, y>` in turn. The line search is non-monotone, so
//! the best iterate is kept and returned.

use super::core::{Accepted, Rule, cap, minimise as descend};
use super::flat::Flat;
use super::{LineSearch, Minimum, Workspace};
use crate::{Error, drive::Stop, manifold::Manifold};
use isac_linalg::{MatMut, MatRef, c64};
use serde::{Deserialize, Serialize};

/// Options of the Barzilai-Borwein method.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// When to stop.
    pub stop: Stop,
    /// The line search: factor 0.4, reference over 8 values.
    pub line_search: LineSearch,
    /// First step, multiplying `-G`; by default the one of length `first_length`.
    pub first_step: Option<f64>,
    /// Length of the first trial step where `first_step` is not given, as a share of the
    /// manifold's scale.
    pub first_length: f64,
    /// Largest length of a trial step, as a share of the manifold's scale.
    pub max_length: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            stop: Stop::default(),
            line_search: LineSearch {
                memory: 8,
                ..LineSearch::fixed(0.4)
            },
            first_step: None,
            first_length: 0.1,
            max_length: 1.0,
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
        step: options.first_step,
        long: true,
    };
    descend(
        "riemannian.bb",
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
    /// The next step; `None` before the first.
    step: Option<f64>,
    /// Whether the next secant estimate is the long one.
    long: bool,
}

impl Rule for State<'_> {
    fn direction<M: Manifold + ?Sized>(
        &mut self,
        _: &M,
        _: MatRef<'_, c64>,
        g: &Flat,
        d: &mut Flat,
    ) -> f64 {
        d.negate(g);
        let norm = g.norm();
        let longest = cap(self.options.max_length, self.scale, norm);
        let first = cap(self.options.first_length, self.scale, norm);
        self.step.unwrap_or(first).min(longest)
    }

    fn restart(&mut self) -> bool {
        self.step.take().is_some()
    }

    fn accepted<M: Manifold + ?Sized>(&mut self, manifold: &M, step: Accepted<'_>) {
        let Accepted { w, g, old_g, d, t } = step;
        manifold.transport(w, old_g.as_mut());
        old_g.scale(-1.0);
        old_g.axpy(1.0, g);
        manifold.transport(w, d.as_mut());
        // d is the step over t, old_g the change of the gradient.
        let (ss, sy, yy) = (t * t * d.norm2(), t * d.inner(old_g), old_g.norm2());
        let secant = if self.long { ss / sy } else { sy / yy };
        self.long = !self.long;
        // Without positive curvature along the step a longer one is tried.
        let usable = sy > 0.0 && secant.is_finite() && secant > 0.0;
        self.step = Some(if usable { secant } else { 10.0 * t });
    }
}
