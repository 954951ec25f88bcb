//! Beamforming algorithms of four ISAC papers, one folder per paper. A paper's folder never builds
//! a cone row or a retraction: those are techniques and live in `isac-opt`.

pub mod alpha_fair;
mod error;
pub mod hisac_see;
pub mod noma;
pub mod obs_crlb;

pub use error::Error;
