//! Gradients beside values. For a real function `f` of a complex `W`, the gradient is the `G` with
//! `df = Re tr(G^H dW)`, twice the conjugate Wirtinger derivative.

mod crlb;
mod rate;

pub use crlb::crlb_trace_gradient;
pub use rate::sum_rate_gradient;

use isac_linalg::{Mat, c64};

/// A real function's value and gradient at one point.
#[derive(Debug, Clone)]
pub struct ValueGradient {
    /// The value.
    pub value: f64,
    /// The gradient, of the shape of the point.
    pub gradient: Mat<c64>,
}
