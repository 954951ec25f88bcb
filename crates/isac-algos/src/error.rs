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
    /// A problem beyond the size that an algorithm takes.
    #[error(
        "{what} would take about {seconds:.3e} s and {bytes:.3e} bytes, expected at most {} s and {:.0e} bytes",
        limits[0],
        limits[1]
    )]
    TooLarge {
        /// The algorithm and the size.
        what: String,
        /// Estimated time, s.
        seconds: f64,
        /// Estimated memory, bytes.
        bytes: f64,
        /// The most of both.
        limits: [f64; 2],
    },
    /// An optimiser broke down or refused its input.
    #[error(transparent)]
    Opt(#[from] isac_opt::Error),
    /// A conic program was refused, or its arithmetic broke down.
    #[error(transparent)]
    Conic(#[from] isac_opt::conic::Error),
}

impl isac_linalg::Fault for Error {
    fn is_bad_input(&self) -> bool {
        match self {
            Self::Linalg(inner) => inner.is_bad_input(),
            Self::Model(inner) => inner.is_bad_input(),
            Self::Metric(inner) => inner.is_bad_input(),
            Self::Opt(inner) => inner.is_bad_input(),
            Self::Conic(inner) => inner.is_bad_input(),
            Self::TooLarge { .. } => false,
        }
    }

    fn area(&self) -> &'static str {
        match self {
            Self::Linalg(inner) => inner.area(),
            Self::Model(inner) => inner.area(),
            Self::Metric(inner) => inner.area(),
            Self::Opt(inner) => inner.area(),
            Self::Conic(inner) => inner.area(),
            Self::TooLarge { .. } => "algorithm",
        }
    }
}
