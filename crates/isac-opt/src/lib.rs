//! Conic and manifold optimisation for beamforming-shaped problems. Knows no antenna, no user, no
//! watt.

mod error;
mod solution;

pub use error::Error;
pub use solution::{StopReason, Trace, TraceRow};
