//! Riemannian limited-memory BFGS with a cautious update.
//!
//! A pair `(s, y)` of step and gradient change, both transported to the new point, is kept when
//! `<s, y> > curvature ||s|| ||y||`. The kept pairs define a positive definite matrix `B` on the
//! embedding space by the usual two-loop recursion, and the direction at a later point is
//! `-P B P G` with `P` the projection onto the tangent space there.
//!
//! This is transport by projection, put off until it is needed: the pairs themselves stay as they
//! are. It costs one projection in an iteration instead of two for each pair, and keeps every
//! `<s, y>`, so that `B` remains positive definite whatever the manifold does.

use super::core::{Accepted, Rule, cap, minimise as descend};
use super::flat::Flat;
use super::{LineSearch, Minimum, Workspace};
use crate::{Error, drive::Stop, manifold::Manifold};
use isac_linalg::{MatMut, MatRef, c64};
use serde::{Deserialize, Serialize};

/// Options of L-BFGS. Lengths are shares of the manifold's scale.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// When to stop.
    pub stop: Stop,
    /// The line search; its first trial is the full step.
    pub line_search: LineSearch,
    /// Number of pairs kept.
    pub memory: usize,
    /// A pair is kept when `<s, y> > curvature ||s|| ||y||`.
    pub curvature: f64,
    /// Length of the first trial step, and of the first one after the memory was cleared.
    pub first_length: f64,
    /// Directions longer than this are shortened to it.
    pub max_length: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            stop: Stop::default(),
            line_search: LineSearch::default(),
            memory: 10,
            curvature: 1e-10,
            first_length: 0.1,
            max_length: 1.0,
        }
    }
}

/// A step and the change of the gradient over it.
#[derive(Debug, Clone, Default)]
pub(super) struct Pair {
    displacement: Flat,
    change: Flat,
    /// `<s, y>`.
    curvature: f64,
    /// Coefficient of the two-loop recursion.
    weight: f64,
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
    let Workspace { buffers, pairs } = workspace;
    if pairs.len() < options.memory {
        pairs.resize_with(options.memory, Pair::default);
    }
    for pair in &mut pairs[..options.memory] {
        pair.displacement.fit(start.nrows(), start.ncols());
        pair.change.fit(start.nrows(), start.ncols());
    }
    let state = State {
        options,
        scale: manifold.scale(),
        pairs: &mut pairs[..options.memory],
        newest: 0,
        kept: 0,
    };
    descend(
        "riemannian.lbfgs",
        manifold,
        start,
        objective,
        &options.stop,
        &options.line_search,
        state,
        buffers,
    )
}

struct State<'a> {
    options: &'a Options,
    scale: f64,
    /// A ring; the newest pair, if any is kept, stands at `newest`.
    pairs: &'a mut [Pair],
    newest: usize,
    kept: usize,
}

impl State<'_> {
    /// Place in the ring of the pair that is `age` steps older than the newest.
    fn slot(&self, age: usize) -> usize {
        (self.newest + self.pairs.len() - age) % self.pairs.len()
    }

    /// `d <- B d` by the two-loop recursion; at least one pair is kept.
    fn apply(&mut self, d: &mut Flat) {
        for age in 0..self.kept {
            let slot = self.slot(age);
            let pair = &mut self.pairs[slot];
            pair.weight = pair.displacement.inner(d) / pair.curvature;
            d.axpy(-pair.weight, &pair.change);
        }
        let newest = &self.pairs[self.newest];
        d.scale(newest.curvature / newest.change.norm2());
        for age in (0..self.kept).rev() {
            let pair = &self.pairs[self.slot(age)];
            let weight = pair.change.inner(d) / pair.curvature;
            d.axpy(pair.weight - weight, &pair.displacement);
        }
    }
}

impl Rule for State<'_> {
    fn direction<M: Manifold + ?Sized>(
        &mut self,
        manifold: &M,
        w: MatRef<'_, c64>,
        g: &Flat,
        d: &mut Flat,
    ) -> f64 {
        d.negate(g);
        if self.kept == 0 {
            return cap(self.options.first_length, self.scale, d.norm());
        }
        self.apply(d);
        manifold.project(w, d.as_mut());
        cap(self.options.max_length, self.scale, d.norm()).min(1.0)
    }

    fn restart(&mut self) -> bool {
        std::mem::replace(&mut self.kept, 0) > 0
    }

    fn accepted<M: Manifold + ?Sized>(&mut self, manifold: &M, step: Accepted<'_>) {
        if self.pairs.is_empty() {
            return;
        }
        let slot = (self.newest + 1) % self.pairs.len();
        let Pair {
            displacement: s,
            change: y,
            curvature,
            ..
        } = &mut self.pairs[slot];
        s.copy_from(step.d);
        s.scale(step.t);
        manifold.transport(step.w, s.as_mut());
        manifold.transport(step.w, step.old_g.as_mut());
        y.copy_from(step.g);
        y.axpy(-1.0, step.old_g);
        *curvature = s.inner(y);
        if *curvature > self.options.curvature * s.norm() * y.norm() {
            self.newest = slot;
            self.kept = (self.kept + 1).min(self.pairs.len());
        } else {
            // The rejected pair stands where the oldest one of a full ring stood.
            self.kept = self.kept.min(self.pairs.len() - 1);
        }
    }
}
