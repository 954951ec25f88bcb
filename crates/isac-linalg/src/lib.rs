//! Complex dense linear algebra for beamforming, with names for the ways it can fail.
//!
//! Everything above this crate works with [`Mat<c64>`](Mat) (faer's matrix of
//! [`num_complex::Complex<f64>`]), takes [`MatRef`] views and returns owned matrices. Only this
//! crate calls faer's kernels: the functions here are not generic, so each kernel is compiled once
//! in the workspace, and every failure is an [`Error`] that carries its numbers.
//!
//! | module | what it holds |
//! |---|---|
//! | [`ops`] | products with adjoints, inner products, norms; `_into` forms that allocate nothing |
//! | [`batch`] | many small matrices of one shape, multiplied without overhead |
//! | [`factor`] | Cholesky, Hermitian eigenvalues, SVD, thin and rank-revealing QR, linear solves |
//! | [`real`] | the same factorisations for real matrices |
//! | [`hermitian`] | Hermitian part, PSD projection and square root, numerical rank |
//! | [`kernel`] | kernels on caller-owned memory, one name for real and complex |
//! | [`kron`] | Kronecker product and blocks |
//! | [`precise`] | coordinates and definiteness in about 31 digits, exact signs: what proofs rest on |
//! | [`small`] | inverse of a small matrix of fixed size, on the stack |
//! | [`trust_region`] | exact extremes of a Hermitian quadratic form over a ball |
//! | [`vector`] | inner products and sums of long vectors, at the speed of the machine |
//! | [`validate`] | the checks every constructor uses: finite, shape, range |
//! | [`workspace`] | small factorisations into memory allocated once |
//! | [`approx`] | comparison that names the entry that differs |
//!
//! ```
//! use isac_linalg::{c64, factor, ops, Mat};
//! let a = Mat::from_fn(3, 2, |i, j| c64::new((i + j) as f64, i as f64 - j as f64));
//! let gram = ops::adjoint_mul(a.as_ref(), a.as_ref());
//! let eigen = factor::eigh(gram.as_ref())?;
//! assert!(eigen.values[0] >= 0.0 && eigen.values[0] <= eigen.values[1]);
//! # Ok::<(), isac_linalg::Error>(())
//! ```
//!
//! Conventions: eigenvalues ascend, singular values descend, the real inner product is
//! `Re tr(A^H B)`. Nothing here prints, draws random numbers or spawns threads.

pub mod approx;
pub mod batch;
#[cfg(any(feature = "ndarray", feature = "nalgebra", feature = "serde"))]
pub mod convert;
mod error;
pub mod factor;
mod field;
pub mod hermitian;
pub mod kernel;
pub mod kron;
mod little;
pub mod ops;
pub mod precise;
pub mod real;
pub mod small;
pub mod trust_region;
mod twofold;
pub mod validate;
pub mod vector;
pub mod workspace;

pub use error::{Error, Fault};
pub use faer::{Col, ColRef, Mat, MatMut, MatRef, Scale};
pub use num_complex::{self, Complex64 as c64};

/// The README's example compiles and runs.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
