//! Tools for property-testing beamforming code: invariants of metrics, strategies, the slope test, a
//! manifold suite, golden curves.
//!
//! A gradient `G` of `f` at `W` is right when the remainder of the first-order expansion,
//!
//! ```math
//! r(t) = | f(W + t D) - f(W) - t Re tr(G^H D) |,
//! ```
//!
//! falls like `t^2` for random directions `D`. One step size cannot tell an error from rounding;
//! the slope of `log r` over `log t` can: it is 2 for a right gradient and 1 for a wrong one.
//!
//! | module | what it holds |
//! |---|---|
//! | [`slope`] | the slope test for gradients and curves |
//! | [`metric`] | the invariants of a metric of a downlink, for a metric of your own, with short counterexamples |
//! | [`manifold`] | what projection, retraction and transport of a manifold must satisfy |
//! | [`strategies`] | proptest strategies: matrices, channels, covariances, unitaries, powers |
//! | [`golden`] | comparison of CSV curves, a tolerance for each column, with a table of differences |
//!
//! ```
//! use isac_linalg::{ops, c64, Mat};
//! use isac_testkit::{sample, slope};
//! use rand::{SeedableRng, rngs::ChaCha8Rng};
//! let mut rng = ChaCha8Rng::seed_from_u64(1);
//! let w = sample::gaussian(4, 2, &mut rng);
//! // f(W) = ||W||^4 has the gradient 4 ||W||^2 W.
//! let f = |w: isac_linalg::MatRef<'_, c64>| ops::norm2(w).powi(2);
//! let mut gradient = w.clone();
//! ops::scale(gradient.as_mut(), 4.0 * ops::norm2(w.as_ref()));
//! slope::gradient(f, w.as_ref(), gradient.as_ref(), 5, &mut rng).unwrap();
//! // A wrong factor is found.
//! ops::scale(gradient.as_mut(), 1.001);
//! assert!(slope::gradient(f, w.as_ref(), gradient.as_ref(), 5, &mut rng).is_err());
//! ```
//!
//! The crate depends on `isac-linalg` alone, and everything else comes in through closures. Within
//! the workspace it is a dev-dependency and is used from `tests/` only, never from unit tests in
//! `src/`: there the types of the crate under test would exist twice.

pub mod golden;
pub mod manifold;
pub mod metric;
pub mod sample;
pub mod slope;
pub mod strategies;

/// The README's example compiles and runs.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
