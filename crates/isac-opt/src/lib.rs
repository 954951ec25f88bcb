//! Conic and manifold optimisation for beamforming-shaped problems. Knows no antenna, no user, no
//! watt.

pub mod augmented;
pub mod conic;
pub mod drive;
mod error;
pub mod manifold;
pub mod riemannian;
mod solution;
pub mod trust_region;

pub use error::Error;
pub use solution::{StopReason, Trace, TraceRow};
