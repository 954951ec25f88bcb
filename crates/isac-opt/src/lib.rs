//! Conic and manifold optimisation for beamforming-shaped problems. Knows no antenna, no user, no
//! watt.

pub mod conic;
mod error;
mod solution;
pub mod trust_region;

pub use error::Error;
pub use solution::{StopReason, Trace, TraceRow};
