//! What can go wrong in an algorithm. Infeasible is an answer, not an error.

/// An error of this crate.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Bad input or a failed factorisation; names the field, the value and what was expected.
    #[error(transparent)]
    Linalg(#[from] isac_linalg::Error),
    /// A model could not be built.
    #[error(transparent)]
    Model(#[from] isac_models::Error),
    /// A metric could not be evaluated.
    #[error(transparent)]
    Metric(#[from] isac_metrics::Error),
    /// An optimiser broke down or refused its input.
    #[error(transparent)]
    Opt(#[from] isac_opt::Error),
}
