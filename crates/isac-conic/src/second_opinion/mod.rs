//! Programs through an independent solver: the same conic program by Clarabel, and convex quadratic
//! programs over linear, second-order and exponential cones. Needs the feature `clarabel`, and
//! `clarabel-sdp` for semidefinite constraints.
//!
//! A [`ConeQp`] is
//!
//! ```math
//! \min_x \tfrac12 x^T P x + q^T x
//! \quad\text{s.t.}\quad A x + s = b,\quad s \in K
//! ```

mod clarabel;
mod cross_check;
mod qp;
mod solve;

pub use cross_check::{Agreement, CrossCheck, compare, cross_check, solve_by_clarabel};
pub use qp::{Block, ConeFarkas, ConeOutcome, ConeQp, ConeRay, ConeResiduals, ConeSolution};
pub use solve::quadratic_program;
