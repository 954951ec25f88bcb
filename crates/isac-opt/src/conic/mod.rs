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
//! | [`qp`] | quadratic programs over linear, second-order and exponential cones in real dense data |
//! | [`sdpa`], [`sdpa_answer`] | the SDPA sparse format: problems, and points and rays in its terms |
//! | [`cross_check`](cross_check()) | the same program through Clarabel, and whether the answers agree |
//! | [`certificate`] | the six DIMACS errors and Farkas rays, by separate code |
//!
//! Inner products are real: `<A, X> = Re tr(A X)`. Nothing is embedded as a real matrix of twice
//! the order; blocks whose data are all real are solved in real arithmetic.

pub mod certificate;
mod clarabel;
mod cross_check;
mod driver;
mod elastic;
mod expr;
mod gather;
mod ipm;
mod lower;
mod outcome;
mod owner;
mod program;
pub mod qp;
mod reduce;
pub mod sdpa;
pub mod sdpa_answer;
mod value;
mod zeros;

pub use certificate::Dimacs;
pub use cross_check::{Agreement, CrossCheck, cross_check, solve_by_clarabel};
pub use expr::{
    Affine, Coefficient, ComplexAffine, HermitianAffine, MatrixVar, ScalarVar, VectorVar, parts,
};
pub use outcome::{
    Farkas, Form, IllPosed, Multipliers, Options, Outcome, Point, Ray, Reduction, Solution,
    Unknown, Why,
};
pub use program::{Cone, Lmi, Program, Row};
pub use qp::{ConeOutcome, ConeQp, ConeSolution, quadratic_program};
