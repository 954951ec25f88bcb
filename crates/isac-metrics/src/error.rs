//! What can go wrong when a metric is evaluated.

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
    /// A target's position and velocity cannot be told from what its nodes measure.
    #[error(
        "target {target}: {nodes} node(s) do not resolve its state, expected two nodes that see it under different bisectors"
    )]
    Unresolvable {
        /// The target.
        target: usize,
        /// Nodes that contribute.
        nodes: usize,
    },
    /// The Fisher information is singular to working precision: some parameter cannot be told from
    /// those before it (degenerate target, or too few streams).
    #[error(
        "FIM singular at parameter {parameter} of {parameters}: degenerate target or too little excitation"
    )]
    SingularFim {
        /// Index of the first such parameter, counted from 0.
        parameter: usize,
        /// Number of parameters.
        parameters: usize,
    },
}
