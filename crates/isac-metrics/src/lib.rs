//! Pure functions of a model and a beamformer, with gradients beside the values. No solver.
//!
//! With the channel `H` (`Nt x K`) and the beamformer `W` (`Nt x streams`, covariance `R = W W^H`),
//! the metrics are the users' SINR and rates, and for sensing the Fisher information `F(R)` of the
//! targets' parameters with the Cramér-Rao bound `tr F^-1`.
//!
//! | module | what it holds |
//! |---|---|
//! | [`sinr`](link_powers) | received powers and SINR |
//! | [`rate`](sum_rate_nats) | rates in nats |
//! | [`fim`] | Fisher information of angles and coefficients of several targets |
//! | [`crlb`] | inverse and trace from the FIM or its factor, with an error estimate; typed errors |
//! | [`delay_doppler`] | Fisher information of position and velocity from delays and Doppler |
//! | [`fairness`], [`ofdm_rate`] | rates on a resource grid and alpha-fair utilities |
//! | [`noma`] | SINR per decoding pair under successive cancellation, worst case over errors |
//! | [`beampattern`] | pattern values and cross-correlation at target directions |
//! | [`distributed`] | power at targets and budgets of several access points |
//! | [`worst_case`] | extreme powers and power ratios over an uncertain channel |
//! | [`secrecy`] | worst-case secrecy rates, exact and by weaker bounds |
//! | [`rsma`] | users' rates under rate splitting, SDMA, NOMA and TDMA |
//! | [`scnr`](mod@scnr), [`energy`] | echo quality in closed form; power budgets and efficiency |
//! | [`grad`] | gradients of the sum rate and of the CRLB trace |
//!
//! ```
//! use isac_linalg::{Mat, c64};
//! use isac_metrics::{rates_nats, sinr};
//! let h = Mat::from_fn(2, 2, |i, j| c64::new(if i == j { 2.0 } else { 0.0 }, 0.0));
//! let w = Mat::from_fn(2, 2, |i, j| c64::new(if i == j { 1.0 } else { 0.0 }, 0.0));
//! let rates = rates_nats(&sinr(h.as_ref(), w.as_ref(), &[1.0, 4.0])?);
//! assert!((rates[0] - 5.0_f64.ln()).abs() < 1e-15 && (rates[1] - 2.0_f64.ln()).abs() < 1e-15);
//! # Ok::<(), isac_metrics::Error>(())
//! ```

pub mod beampattern;
pub mod crlb;
mod degenerate;
pub mod delay_doppler;
pub mod distributed;
pub mod energy;
mod error;
pub mod fairness;
pub mod fim;
pub mod grad;
pub mod noma;
pub mod ofdm_rate;
mod rate;
pub mod rsma;
pub mod scnr;
pub mod secrecy;
mod sinr;
pub mod worst_case;

pub use crlb::{crlb_matrix, crlb_trace};
pub use error::Error;
pub use fim::{AngleSensing, CompactFim};
pub use grad::ValueGradient;
pub use rate::{nats_to_bits, rates_nats, sum_rate_nats};
pub use sinr::{LinkPowers, link_powers, sinr};

/// The README's example compiles and runs.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
