//! Alpha-fair multistatic MIMO-OFDM beamforming, \[alpha_fair\].
//!
//! A base station lights T targets and serves K users on N subcarriers; the users listen to the echoes
//! too. Minimise a fair cost of the targets' CRLBs subject to a rate per user and a total power.
//!
//! | what | file | technique |
//! |---|---|---|
//! | problem, Eqs. (6)-(9), gradients (25)-(30) | [`Problem`], [`Evaluator`] | |
//! | the paper's method, Eqs. (10)-(20) | [`penalty`] | conjugate gradient on a sphere |
//! | penalty continuation | [`penalty::Options::continuation`] | the same |
//! | rates met exactly | [`design`] | augmented Lagrangian, L-BFGS |
//! | default: no worse than any of these | [`best`] | descents from all their ends |
//! | all of them by name | [`Method`] | |
//! | what is proved of any end | [`certify`] | |
//! | certified lower bound | [`bound`] | convex relaxation, linearised |
//! | the same with the echoes of other targets | [`echoes`] | caps, vertices, L-BFGS |
//! | proof that rates cannot be met | [`feasibility`] | dual multiple-access channel, branch and bound |
//! | baseline `flat` | [`PowerShare::PerSubcarrier`] | product of spheres |
//! | baseline `mono` | [`Problem::with_sensing`] with `Nodes::Mono` | |
//! | baseline SCA + SDR, small sizes | [`sdr`] | semidefinite programs |
//! | delay and Doppler estimator | [`estimator`] | matched filter, Newton |
//!
//! # Deviations
//! The paper's fixed penalty always leaves a violation of order 1/rho; the augmented Lagrangian does not.
//! It descends on the logarithm of the norm form of the cost, which has the same minimisers.

pub mod best;
pub mod bound;
mod certificate;
pub mod design;
pub mod echoes;
pub mod estimator;
pub mod feasibility;
mod linear;
mod method;
pub mod penalty;
mod problem;
mod run;
mod run_options;
pub mod sdr;
mod start;

pub use certificate::certify;
pub use linear::UserPower;
pub use method::Method;
pub use problem::{Evaluator, Problem};
pub use run::{Design, FEASIBLE, PowerShare, Progress};
pub use run_options::RunOptions;
pub use start::Start;
