//! Conic and manifold optimisation for problems shaped like beamforming: a few complex Hermitian
//! matrices, structured data, smooth functions on spheres. Knows no antenna, no user, no watt.
//!
//! Two problems, and what is built from them:
//!
//! ```math
//! min <C, X> + c^T x   over Hermitian X >= 0, cones and linear matrix inequalities       (conic)
//! min f(W)   over W on a manifold, if need be with c_i(W) <= 0                           (manifold)
//! ```
//!
//! | module | what it holds |
//! |---|---|
//! | [`conic`] | modelling, exact reduction, interior-point method, certificates, SDPA files, second opinion |
//! | [`sdr`] | from relaxations to vectors: rank report, purification, penalty, randomisation |
//! | [`s_procedure`] | a quadratic inequality for a whole ball or ellipsoid as one matrix inequality |
//! | [`balls`] | the least value of a quadratic over a product of balls, from both sides |
//! | [`trust_region`] | exact extremes of a Hermitian quadratic over a ball, with the point |
//! | [`sca`] | successive convex approximation and minorise-maximise: surrogates that touch, as expressions |
//! | [`root`] | roots that use multipliers as slopes |
//! | [`manifold`], [`riemannian`] | spheres and their products; conjugate gradient, L-BFGS, Barzilai-Borwein |
//! | [`global`] | branch and bound over boxes, with a cover of the domain that proves the bound |
//! | [`augmented`], [`sqp`] | inequality constraints: augmented Lagrangian, sequential quadratic programs |
//! | [`drive`] | the loop, the stopping rules and the trace that all methods share |
//!
//! The largest `|h^H w|^2` under `||w||^2 <= 2` and `|g^H w|^2 <= 1`, by its semidefinite relaxation:
//!
//! ```
//! use isac_opt::{Mat, c64};
//! use isac_opt::conic::{Options, Outcome, Program};
//! let data = Mat::from_fn(3, 2, |i, j| c64::new(1.0 + (i * j) as f64, i as f64));
//! let mut program = Program::new();
//! let w = program.psd("W", 3);
//! program.at_most("power", w.trace(), 2.0);
//! program.at_most("leak", w.quadratic(data.col(1)), 1.0);
//! program.maximise(w.quadratic(data.col(0)));
//! let Outcome::Solved(solution) = program.solve(&Options::default())? else {
//!     return Err("no verified solution".into());
//! };
//! // Recomputed from the data as given, by code that shares nothing with the solver.
//! assert!(solution.dimacs.worst() < 1e-8);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Conventions: the inner product is `Re tr(A^H B)`, the gradient of a real `f` is the `G` with
//! `df = Re tr(G^H dW)`. A status is data and comes with its proof or its residuals; `Err` is bad input
//! or a numerical breakdown.

pub mod augmented;
pub mod balls;
pub mod drive;
mod error;
pub mod global;
pub mod manifold;
pub mod riemannian;
pub mod root;
pub mod s_procedure;
pub mod sca;
pub mod sdr;
mod solution;
pub mod sqp;

pub use error::Error;
pub use isac_conic as conic;
pub use isac_linalg::{Col, ColRef, Mat, MatMut, MatRef, c64, ops, trust_region};
pub use solution::{StopReason, Trace, TraceRow};

/// The README's example compiles and runs.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
