//! What can go wrong in dense linear algebra, with the numbers.

/// An error of this crate. `Shape`, `Range`, `NonFinite` and `NotHermitian` are bad input and name
/// the argument; the other variants are numerical failures.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A matrix or vector has the wrong size.
    #[error("{what}: expected shape {expected}, got {got}")]
    Shape {
        /// The argument.
        what: String,
        /// The shape it should have, such as `16 x K`.
        expected: String,
        /// The shape it has.
        got: String,
    },
    /// A number lies outside its range.
    #[error("{what}: expected {expected}, got {value}")]
    Range {
        /// The argument.
        what: String,
        /// The value given.
        value: f64,
        /// What was expected, such as `a power > 0 W`.
        expected: String,
    },
    /// An entry is NaN or infinite.
    #[error("{what}: entry ({row}, {col}) is {value}, expected a finite number")]
    NonFinite {
        /// The argument.
        what: String,
        /// Row of the first such entry.
        row: usize,
        /// Column of the first such entry.
        col: usize,
        /// The entry as text, such as `NaN` or `inf+0i`.
        value: String,
    },
    /// A matrix that must be Hermitian is not.
    #[error("{what}: not Hermitian, relative deviation {deviation:e}")]
    NotHermitian {
        /// The argument.
        what: String,
        /// `||A - A^H||_max / ||A||_max`.
        deviation: f64,
    },
    /// Cholesky met a pivot that is not positive.
    #[error("{what}: not positive definite (pivot {pivot})")]
    NotPositiveDefinite {
        /// The matrix.
        what: String,
        /// Index of the first bad pivot.
        pivot: usize,
    },
    /// An eigenvalue or singular value iteration did not converge.
    #[error("{what}: the iteration did not converge")]
    NoConvergence {
        /// The matrix.
        what: String,
    },
}

/// What every error of these crates can say of itself: whose fault it is, and where it arose.
pub trait Fault: std::error::Error + Send + Sync + 'static {
    /// Whether the input is to blame; otherwise the arithmetic broke down.
    fn is_bad_input(&self) -> bool;

    /// Where it arose, in a word or two for the front of a message.
    fn area(&self) -> &'static str;
}

impl Fault for Error {
    fn is_bad_input(&self) -> bool {
        Self::is_bad_input(self)
    }

    fn area(&self) -> &'static str {
        if self.is_bad_input() {
            "input"
        } else {
            "linear algebra"
        }
    }
}

impl Error {
    /// Whether the caller's input is at fault rather than the arithmetic.
    pub fn is_bad_input(&self) -> bool {
        matches!(
            self,
            Self::Shape { .. }
                | Self::Range { .. }
                | Self::NonFinite { .. }
                | Self::NotHermitian { .. }
        )
    }

    /// A [`Error::Range`] in one line.
    pub fn range(what: impl Into<String>, value: f64, expected: impl Into<String>) -> Self {
        Self::Range {
            what: what.into(),
            value,
            expected: expected.into(),
        }
    }

    /// A [`Error::Shape`] in one line; `expected` and `got` are texts such as `16 x 4`.
    pub fn shape(
        what: impl Into<String>,
        expected: impl Into<String>,
        got: impl Into<String>,
    ) -> Self {
        Self::Shape {
            what: what.into(),
            expected: expected.into(),
            got: got.into(),
        }
    }
}
