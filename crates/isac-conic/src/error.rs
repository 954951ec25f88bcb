//! What can go wrong with a conic program. Infeasible or unbounded is an outcome, not an error.

/// An error of this crate.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Bad input or a failed factorisation; names the field, the value and what was expected.
    #[error(transparent)]
    Linalg(#[from] isac_linalg::Error),
    /// A variable or constraint of another conic program; in an answer also one made after the
    /// solve. Handles belong to the program that made them, and to clones taken later.
    #[error("{place}: {handle} belongs to another program")]
    Foreign {
        /// The constraint, `objective`, or the answer that was asked.
        place: String,
        /// The handle: its kind, and its number in the program that made it.
        handle: String,
    },
    /// An external solver refused its input.
    #[error("external solver: {message}")]
    Backend {
        /// What it said.
        message: String,
    },
    /// A malformed file in SDPA sparse format or CBF.
    #[error(transparent)]
    File(#[from] crate::sdpa::ReadError),
}

impl isac_linalg::Fault for Error {
    fn is_bad_input(&self) -> bool {
        match self {
            Self::Linalg(inner) => inner.is_bad_input(),
            Self::Foreign { .. } | Self::Backend { .. } | Self::File(_) => true,
        }
    }

    fn area(&self) -> &'static str {
        match self {
            Self::Linalg(inner) => inner.area(),
            Self::Foreign { .. } | Self::Backend { .. } => "conic program",
            Self::File(_) => "problem file",
        }
    }
}
