//! Pure functions of a model and a beamformer, with gradients beside the values. No solver.

pub mod delay_doppler;
mod error;
pub mod fairness;
pub mod ofdm_rate;

pub use error::Error;
