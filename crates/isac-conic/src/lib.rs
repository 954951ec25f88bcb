//! Conic programs over complex Hermitian matrices: modelling, exact reduction, an interior-point
//! method, and certificates.
//!
//! A [`Program`] holds variables (Hermitian positive semidefinite matrices, scalars, complex
//! vectors), rows, norm constraints and linear matrix inequalities. [`Program::solve`] returns an
//! [`Outcome`]: a point with multipliers and recomputed errors, a proof of infeasibility or
//! unboundedness, the norm below which no point is feasible, or an honest `Unknown`.
//!
//! | type | what it is |
//! |---|---|
//! | [`MatrixVar`], [`ScalarVar`], [`VectorVar`] | handles of variables |
//! | [`Affine`], [`ComplexAffine`] | real and complex affine expressions |
//! | [`Coefficient`] | a Hermitian matrix of data: pool of vectors, dense, sparse, identity |
//! | [`HermitianAffine`] | a matrix whose entries are affine: the left side of an LMI |
//! | [`Program`], [`Options`], [`Outcome`], [`Solution`] | the program and its answer |
//! | [`sdpa`], [`sdpa_answer`] | the SDPA sparse format: problems, and points and rays in its terms |
//! | [`cbf`] | the Conic Benchmark Format: a reader |
//! | `second_opinion` (feature `clarabel`) | the same program through Clarabel, and whether the answers agree; quadratic programs over cones in real dense data |
//! | [`certificate`] | the six DIMACS errors and Farkas rays, by separate code |
//!
//! Inner products are real: `<A, X> = Re tr(A X)`. Nothing is embedded as a real matrix of twice
//! the order; blocks whose data are all real are solved in real arithmetic.

pub mod cbf;
pub mod certificate;
mod driver;
mod elastic;
mod equations;
mod error;
mod expr;
mod gather;
mod handles;
mod ipm;
mod lower;
mod outcome;
mod owner;
mod program;
mod reduce;
pub mod sdpa;
pub mod sdpa_answer;
#[cfg(feature = "clarabel")]
pub mod second_opinion;
mod value;
mod zeros;

pub use error::Error;
pub use expr::{
    Affine, Coefficient, ComplexAffine, HermitianAffine, MatrixVar, ScalarVar, Vector, VectorVar,
    parts,
};
pub use handles::{Cone, Lmi, Row};
pub use isac_linalg::{Col, ColRef, Mat, MatMut, MatRef, c64};
pub use outcome::{
    Dimacs, Farkas, Form, IllPosed, Multipliers, Options, Outcome, Point, Ray, Reduction, Solution,
    Unknown, Why,
};
pub use program::Program;

/// The README's example compiles and runs.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
