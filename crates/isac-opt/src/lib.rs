//! Conic and manifold optimisation for beamforming-shaped problems. Knows no antenna, no user, no
//! watt.

pub mod augmented;
pub mod conic;
pub mod dinkelbach;
pub mod drive;
mod error;
pub mod manifold;
pub mod minorant;
pub mod riemannian;
pub mod root;
pub mod s_procedure;
pub mod sdr;
mod solution;
pub mod sqp;

pub use error::Error;
pub use isac_linalg::trust_region;
pub use solution::{StopReason, Trace, TraceRow};
