//! What can go wrong when a model is built.

/// An error of this crate.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Bad input; names the field, the value and what was expected.
    #[error(transparent)]
    Input(#[from] isac_linalg::Error),
    /// A data file of this crate is damaged.
    #[error("table {what}: {why}")]
    Table {
        /// The table.
        what: &'static str,
        /// What its reader says.
        why: String,
    },
}

impl isac_linalg::Fault for Error {
    fn is_bad_input(&self) -> bool {
        true
    }

    fn area(&self) -> &'static str {
        "model"
    }
}
