//! Directions of the embedding's variables outside the blocks, and what is solved for them.

use isac_linalg::kernel::Real;

use super::residuals::State;

/// Multipliers and free variables.
pub(super) struct Pair<R> {
    pub(super) y: Vec<R>,
    pub(super) f: Vec<R>,
}

impl<R: Real> Pair<R> {
    pub(super) fn zeros(rows: usize, free: usize) -> Self {
        Self {
            y: vec![R::ZERO; rows],
            f: vec![R::ZERO; free],
        }
    }
}

/// What an iteration fills and the next one overwrites.
pub(super) struct Work<R> {
    pub(super) right: Pair<R>,
    /// The direction per unit of `dtau`.
    pub(super) per_tau: Pair<R>,
    /// The direction without `dtau`.
    pub(super) rest: Pair<R>,
    pub(super) correction: Vec<R>,
    /// `A P (s + theta d) / tau`.
    pub(super) center: Vec<R>,
    pub(super) image: Vec<R>,
}

/// A direction of all but the blocks, which keep their own.
pub(super) struct Direction<R> {
    pub(super) pair: Pair<R>,
    pub(super) tau: R,
    pub(super) kappa: R,
    /// Share of the residuals that a full step removes.
    pub(super) eta: R,
}

impl<R: Real> Direction<R> {
    /// `state = previous + alpha (direction)`.
    pub(super) fn advance(&self, state: &mut State<R>, previous: &State<R>, alpha: f64) {
        let alpha = R::from(alpha);
        for (k, y) in state.y.iter_mut().enumerate() {
            *y = previous.y[k] + alpha * self.pair.y[k];
        }
        for (k, f) in state.f.iter_mut().enumerate() {
            *f = previous.f[k] + alpha * self.pair.f[k];
        }
        state.tau = previous.tau + alpha * self.tau;
        state.kappa = previous.kappa + alpha * self.kappa;
        state.theta = previous.theta * (R::from(1.0) - alpha * self.eta);
    }
}

/// The equation of the gap once all other variables are eliminated.
pub(super) struct GapRow<R> {
    /// What a unit of `dtau` changes.
    pub(super) slope: R,
    /// What is left of the gap.
    pub(super) rest: R,
}

/// How a direction centers: the predictor not at all.
#[derive(Clone, Copy)]
pub(super) struct Centering {
    pub(super) sigma: f64,
    /// Whether second-order terms of the last direction enter.
    pub(super) corrected: bool,
}

/// The scalars of a direction's right side.
pub(super) struct Target<R> {
    pub(super) kappa: R,
    /// `<s + theta d, u>`, `u` the direction without `dy` and `dtau`.
    pub(super) su: R,
    pub(super) barrier: R,
    pub(super) shift: R,
}
