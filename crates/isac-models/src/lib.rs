//! What the world looks like: arrays, channels, targets and OFDM echoes. No metric, no optimiser.
//!
//! A base station with `N` antennas sends `x`; user `k` receives `h_k^H x`, column `k` of the
//! channel `H` being `h_k`; a target at angles `(theta, phi)` answers with
//! `alpha b(theta, phi) a(theta, phi)^H x`.
//!
//! | module | what it holds |
//! |---|---|
//! | [`mod@array`] | steering vectors and derivatives of linear, planar and any arrays, far and near field |
//! | [`channel`] | random channels |
//! | [`csi_error`] | channel estimates with a ball, ellipsoid or Gaussian error |
//! | [`geometry`] | multistatic scenes: delays, Doppler shifts, reflections |
//! | [`ofdm`] | resource grid and target echoes |
//! | [`scene`] | positions of a two-cell scene and its channels |
//! | [`target`] | point targets |
//! | [`two_cell`] | the links of a heterogeneous two-cell network |
//! | [`units`] | decibels, dBm and degrees at the edges |
//! | [`rng`] | seeded streams per kind of draw and realisation |
//!
//! ```
//! use isac_models::{array::{KronOrder, Scaling, Upa}, channel, rng, units::Dbm};
//! let array = Upa::new(4, 4, KronOrder::HorizontalSlow, Scaling::UnitNorm)?;
//! let mut rng = rng::stream(1, rng::Stream::Channel, 0);
//! let h = channel::rayleigh(array.elements(), 2, 1.0, &mut rng);
//! assert_eq!((h.nrows(), h.ncols()), (16, 2));
//! assert!((Dbm(10.0).watts() - 0.01).abs() < 1e-12);
//! # Ok::<(), isac_models::Error>(())
//! ```

pub mod array;
pub mod channel;
pub mod csi_error;
mod error;
mod gamma_law;
pub mod geometry;
pub mod ofdm;
pub mod rng;
pub mod scene;
pub mod target;
pub mod two_cell;
pub mod units;

pub use error::Error;

/// The README's example compiles and runs.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
