//! Pure functions of a model and a beamformer, with gradients beside the values. No solver.

mod error;

pub use error::Error;
