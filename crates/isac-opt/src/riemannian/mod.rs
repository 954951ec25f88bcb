//! Descent methods on any [`Manifold`]: conjugate gradient, L-BFGS and Barzilai-Borwein.
//!
//! All of them *minimise*; to maximise, hand over `-f` and `-grad f`. The problem is a closure
//! `f(W, G) -> Result<f64, E>` that returns the value at `W` and writes the Euclidean gradient into
//! `G`, in the convention `df = Re tr(G^H dW)`. The closure may use memory of its own and need not
//! clear `G` for itself: `G` arrives with arbitrary content and must be overwritten.
//!
//! A trial point where the closure fails, or returns NaN or infinity, or where the gradient is not
//! finite, counts as infinitely bad: the line search shortens the step. At the start it is an
//! error.
//!
//! | method | direction | first trial of the line search |
//! |---|---|---|
//! | [`rcg`] | Polak-Ribiere+ conjugate gradient | twice the last accepted length |
//! | [`lbfgs`] | limited-memory BFGS, cautious update | the full step |
//! | [`bb`] | negative gradient | Barzilai-Borwein, the two formulas in turn |
//!
//! With a [`Workspace`] that has been used before for the same shape, a run allocates the returned
//! point and trace and nothing else; iterations allocate nothing.
//!
//! ```
//! use isac_linalg::{Mat, c64, ops};
//! use isac_opt::manifold::Sphere;
//! use isac_opt::riemannian::{Method, Workspace};
//! // Smallest eigenvalue of diag(1, 2, 3) as the least Rayleigh quotient on the unit sphere.
//! let start = Mat::from_fn(3, 1, |_, _| c64::new(1.0, 0.0));
//! let least = Method::default().minimise(
//!     &Sphere::new(1.0)?,
//!     start.as_ref(),
//!     |x, mut gradient| {
//!         for i in 0..3 {
//!             gradient[(i, 0)] = x[(i, 0)] * (2.0 * (i + 1) as f64);
//!         }
//!         Ok::<f64, isac_opt::Error>(0.5 * ops::inner(x, gradient.as_ref()))
//!     },
//!     &mut Workspace::default(),
//! )?;
//! assert!((least.value - 1.0).abs() < 1e-9 && least.stopped.converged());
//! # Ok::<(), isac_opt::Error>(())
//! ```

pub mod bb;
mod core;
mod flat;
pub mod lbfgs;
mod line_search;
pub mod rcg;

pub use line_search::LineSearch;

use crate::manifold::Manifold;
use crate::{Error, StopReason, Trace, drive::Stop};
use isac_linalg::{Mat, MatMut, MatRef, c64};
use serde::{Deserialize, Serialize};

/// A method with its options, for callers that leave the choice to their user.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Method {
    /// Conjugate gradient, [`rcg`].
    Rcg(rcg::Options),
    /// Limited-memory BFGS, [`lbfgs`].
    Lbfgs(lbfgs::Options),
    /// Barzilai-Borwein, [`bb`].
    Bb(bb::Options),
}

impl Default for Method {
    fn default() -> Self {
        Self::Lbfgs(lbfgs::Options::default())
    }
}

impl Method {
    /// Minimises `objective` from `start`; see the [module](self) for what the closure must do.
    ///
    /// # Errors
    /// As the method's own `minimise`, such as [`lbfgs::minimise`].
    pub fn minimise<M, E, F>(
        &self,
        manifold: &M,
        start: MatRef<'_, c64>,
        objective: F,
        workspace: &mut Workspace,
    ) -> Result<Minimum, E>
    where
        M: Manifold + ?Sized,
        E: From<Error>,
        F: FnMut(MatRef<'_, c64>, MatMut<'_, c64>) -> Result<f64, E>,
    {
        match self {
            Self::Rcg(options) => rcg::minimise(manifold, start, objective, options, workspace),
            Self::Lbfgs(options) => lbfgs::minimise(manifold, start, objective, options, workspace),
            Self::Bb(options) => bb::minimise(manifold, start, objective, options, workspace),
        }
    }

    /// When it stops.
    pub fn stop(&self) -> &Stop {
        match self {
            Self::Rcg(options) => &options.stop,
            Self::Lbfgs(options) => &options.stop,
            Self::Bb(options) => &options.stop,
        }
    }

    /// The same, to change it.
    pub fn stop_mut(&mut self) -> &mut Stop {
        match self {
            Self::Rcg(options) => &mut options.stop,
            Self::Lbfgs(options) => &mut options.stop,
            Self::Bb(options) => &mut options.stop,
        }
    }
}

/// The best point of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Minimum {
    /// The point, on the manifold.
    pub point: Mat<c64>,
    /// Its objective.
    pub value: f64,
    /// Norm of its Riemannian gradient.
    pub gradient_norm: f64,
    /// Why the run stopped.
    pub stopped: StopReason,
    /// Number of iterations.
    pub iterations: usize,
    /// Number of calls of the objective.
    pub evaluations: usize,
    /// One row per iteration; `step` is the length of the tangent step.
    pub trace: Trace,
}

/// Scratch memory of a run. Made once and handed to run after run it is allocated once.
#[derive(Debug, Clone, Default)]
pub struct Workspace {
    buffers: core::Buffers,
    pairs: Vec<lbfgs::Pair>,
}
