//! OFDM: the resource grid and the echo of a point target on it.

mod echo;
mod grid;

pub use echo::{Echo, Observation, matched_observation};
pub use grid::{Grid, SPEED_OF_LIGHT_M_S};
