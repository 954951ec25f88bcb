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
    /// A target whose Fisher information is singular for every beamformer.
    #[error("{angle}[{target}] = {value} rad: degenerate target, {why}")]
    DegenerateTarget {
        /// The target, counted from 0.
        target: usize,
        /// The angle: `theta` or `phi`.
        angle: &'static str,
        /// Its value, rad.
        value: f64,
        /// What cannot be told there, and what is expected.
        why: String,
    },
    /// The Fisher information is so near singular that its inverse keeps fewer than six digits.
    #[error(
        "CRLB with an estimated relative error of {relative_error:.1e}, expected at most 1e-6: parameters that can hardly be told apart (close targets?)"
    )]
    LostDigits {
        /// Estimate of the relative error of the inverse.
        relative_error: f64,
    },
}

impl isac_linalg::Fault for Error {
    fn is_bad_input(&self) -> bool {
        match self {
            Self::Linalg(inner) => inner.is_bad_input(),
            Self::Model(inner) => inner.is_bad_input(),
            Self::Unresolvable { .. }
            | Self::SingularFim { .. }
            | Self::DegenerateTarget { .. }
            | Self::LostDigits { .. } => true,
        }
    }

    fn area(&self) -> &'static str {
        match self {
            Self::Linalg(inner) => inner.area(),
            Self::Model(inner) => inner.area(),
            Self::Unresolvable { .. }
            | Self::SingularFim { .. }
            | Self::DegenerateTarget { .. }
            | Self::LostDigits { .. } => "metric",
        }
    }
}
