//! What the world looks like: arrays, channels, targets and OFDM echoes. No metric, no optimiser.

mod error;

pub use error::Error;
