//! The alpha-fair design: gradients under every option, invariances, the certificate against feasible
//! points, infeasible rates, and the order of the baselines.

mod bounds;
#[path = "../support/conic_outcomes.rs"]
mod conic_outcomes;
mod designs;
mod evaluation;
mod instance;
mod semidefinite;
