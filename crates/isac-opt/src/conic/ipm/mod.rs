//! The interior-point method: a homogeneous self-dual embedding with predictor-corrector steps.
//!
//! ```math
//! minimise <c, x> + h^T f   s.t.   A x + F f = b,  x in K, f free
//! maximise b^T y            s.t.   c - A^T y = s in K,  F^T y = h
//! ```
//!
//! `K` is a product of Hermitian semidefinite cones, nonnegative scalars and second-order cones.
//! The direction is HKM for matrices and Nesterov-Todd for second-order cones; the Schur complement
//! is dense, its entries use sparse and low-rank data.

mod block;
mod cones;
mod face;
mod hsd;
mod newton;
mod pairs;
mod psd;
mod scale;
mod steplength;

use isac_linalg::kernel::Twofold;
use isac_linalg::{Mat, c64};

pub(super) use hsd::{Ended, Limits, Run};

/// Solves a standard form, with facial reduction where `limits.reduce` allows it, in `f64` or, with
/// `limits.extended`, in about 31 digits.
pub(super) fn solve(standard: &Standard, limits: &Limits) -> Run {
    let run = |standard: &Standard| {
        if limits.extended {
            hsd::solve::<Twofold>(standard, limits)
        } else {
            hsd::solve::<f64>(standard, limits)
        }
    };
    match face::reduce(standard).filter(|_| limits.reduce) {
        Some(face) => face.expand(standard, run(&face.standard)),
        None => run(standard),
    }
}

/// Objective and constraint coefficients of one scalar.
#[derive(Debug, Clone, Default)]
pub(super) struct Column {
    pub(super) c: f64,
    /// `(row, coefficient)`, each row once.
    pub(super) a: Vec<(usize, f64)>,
}

/// Upper entries `(i, j, value)`, `i <= j`, of a Hermitian matrix.
pub(super) type Upper = Vec<(usize, usize, c64)>;

/// Data of a semidefinite block: `V B V^H` plus explicit entries, per row and for the objective.
#[derive(Debug, Clone)]
pub(super) struct Matrices {
    pub(super) n: usize,
    /// The pool `V`, `n x p`; `p` may be 0.
    pub(super) vectors: Mat<c64>,
    pub(super) pool: Vec<(usize, Upper)>,
    pub(super) explicit: Vec<(usize, Upper)>,
    /// Multiple of the identity in the objective.
    pub(super) c_shift: f64,
    pub(super) c_core: Upper,
    pub(super) c_explicit: Upper,
    /// Whether all data are real.
    pub(super) real: bool,
}

/// A program in the form above.
#[derive(Debug, Clone, Default)]
pub(super) struct Standard {
    pub(super) b: Vec<f64>,
    pub(super) matrices: Vec<Matrices>,
    pub(super) linear: Vec<Column>,
    pub(super) cones: Vec<Vec<Column>>,
    pub(super) free: Vec<Column>,
}
