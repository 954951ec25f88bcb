//! What can go wrong while optimising. Infeasible or unbounded is an outcome, not an error.

/// An error of this crate.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Bad input or a failed factorisation; names the field, the value and what was expected.
    #[error(transparent)]
    Linalg(#[from] isac_linalg::Error),
    /// A conic program was refused, or its arithmetic broke down.
    #[error(transparent)]
    Conic(#[from] isac_conic::Error),
    /// A value or step became NaN or infinite.
    #[error("{what} is not finite at iteration {iteration}")]
    NonFinite {
        /// The quantity, such as `objective`.
        what: &'static str,
        /// The iteration, counted from 0.
        iteration: usize,
    },
}

impl isac_linalg::Fault for Error {
    fn is_bad_input(&self) -> bool {
        match self {
            Self::Linalg(inner) => inner.is_bad_input(),
            Self::Conic(inner) => inner.is_bad_input(),
            Self::NonFinite { .. } => false,
        }
    }

    fn area(&self) -> &'static str {
        match self {
            Self::Linalg(inner) => inner.area(),
            Self::Conic(inner) => inner.area(),
            Self::NonFinite { .. } => "optimisation",
        }
    }
}
