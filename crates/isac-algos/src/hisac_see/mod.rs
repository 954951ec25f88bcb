//! Secure and green RSMA-assisted heterogeneous ISAC \[hisac_see\]: maximise the worst-case secrecy
//! energy efficiency of two base stations that interfere with each other, Eq. (19) as corrected.
//!
//! | in the paper | here | technique |
//! |---|---|---|
//! | (19) | [`Problem`], [`evaluate`] | exact worst cases (`isac_metrics::worst_case`) |
//! | - | [`Method`] | all of the algorithms below by name |
//! | none | [`direct`] (default) | SQP on the exact functions (`isac_opt::sqp`) |
//! | (27)-(53), Algorithms 2-4 | [`sca`]: alternating, overlapping, joint; phase I | S-procedure steps on `isac_opt::conic` |
//! | (20)-(26), Algorithm 1 | `isac_metrics::scnr` | closed form |
//! | none | [`relaxation`]: proof that no design exists | S-procedure relaxation and its Farkas certificate |
//! | traversal, artificial noise (Figs. 2a, 4) | [`baselines`] | the direct route on grids |
//!
//! Every algorithm works in the spans of the channels, which loses nothing, and its result is judged
//! by the exact evaluation in full dimension alone.

pub mod baselines;
pub mod direct;
mod evaluate;
pub mod global;
mod method;
mod parallel;
mod problem;
mod program;
pub mod relaxation;
pub mod sca;
mod solution;
mod start;
mod starts;
mod step;

pub use evaluate::{Report, Violation, evaluate};
pub use method::Method;
pub use parallel::parallel_start;
pub use problem::{Access, Design, Illumination, Objective, Problem, Requirements, UserTarget};
pub use start::{RawStart, Working};
