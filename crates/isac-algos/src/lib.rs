//! Beamforming algorithms of five ISAC papers, one folder per paper.
//!
//! Each folder holds one problem (a value that exists is valid), one file per algorithm and
//! baseline, and a table in its root from the paper's numbers to the files:
//!
//! | module | designs | by |
//! |---|---|---|
//! | [`obs_crlb`] | sum rate against the CRLB of angles, power sphere | ascent, L-BFGS, WMMSE-SDR, certified bound |
//! | [`noma`] | least power, largest common SINR, robust to channel errors | semidefinite programs with certificates, Newton |
//! | [`alpha_fair`] | fair delay-Doppler CRLBs under user rates, OFDM | augmented Lagrangian on a sphere, certified bound |
//! | [`cell_free`] | sensing SNR and SINR of distributed access points | dual path of few variables, certified bounds |
//! | [`hisac_see`] | worst-case secrecy energy efficiency of two cells | exact worst cases with SQP; S-procedure ascent |
//!
//! ```
//! use isac_algos::noma::{Mode, Scene, Sensing, reduced_dual};
//! use isac_linalg::{Mat, c64};
//! use isac_metrics::noma::SicSet;
//! let h = Mat::from_fn(4, 2, |n, k| c64::new(1.0 + k as f64, n as f64 - 1.0));
//! let a = Mat::from_fn(4, 1, |n, _| c64::from_polar(1.0, 1.3 * n as f64));
//! let sensing = Sensing { floor: 1.0, difference: 0.1, cross_correlation: None };
//! let mode = Mode { sic: SicSet::Own, ..Mode::default() };
//! let scene = Scene::new(h.as_ref(), a.as_ref(), 0.01, sensing, mode)?;
//! let found = reduced_dual::power_min(&scene, &[30.0, 30.0], 1e-7)?.ok_or("needs the relaxation")?;
//! assert!(found.design.evaluation.min_sinr() > 30.0 * (1.0 - 1e-9));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What an answer claims is recomputed from the returned beamformer by the paper's own formulas, as
//! corrected. A folder never builds a retraction (a technique of `isac-opt`), states its programs by
//! the expressions of `isac_conic`, and never imports another folder.

#[cfg(feature = "alpha_fair")]
pub mod alpha_fair;
#[cfg(feature = "cell_free")]
pub mod cell_free;
mod error;
#[cfg(feature = "hisac_see")]
pub mod hisac_see;
#[cfg(feature = "noma")]
pub mod noma;
#[cfg(feature = "obs_crlb")]
pub mod obs_crlb;

pub use error::Error;
