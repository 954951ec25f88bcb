//! OFDM: the resource grid, what it can measure, and the echo of a point target on it.

mod echo;
mod grid;
mod limits;

pub use echo::{Echo, Observation, matched_observation};
pub use grid::{Grid, SPEED_OF_LIGHT_M_S};
pub use limits::{EchoLimit, EchoWarning};
