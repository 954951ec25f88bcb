//! What can go wrong while optimising. Infeasible or unbounded is an outcome, not an error.

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
    /// A value or step became NaN or infinite.
    #[error("{what} is not finite at iteration {iteration}")]
    NonFinite {
        /// The quantity, such as `objective`.
        what: &'static str,
        /// The iteration, counted from 0.
        iteration: usize,
    },
    /// An external solver refused its input.
    #[error("external solver: {message}")]
    Backend {
        /// What it said.
        message: String,
    },
    /// A malformed file in SDPA format.
    #[error(transparent)]
    Sdpa(#[from] crate::conic::sdpa::ReadError),
}
