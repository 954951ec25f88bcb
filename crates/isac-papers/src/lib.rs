//! The papers: scenarios, methods, solving, checking and figures, one folder and one feature each.
//!
//! | module | paper |
//! |---|---|
//! | [`obs_crlb`] | Optimal ISAC beamforming structure, sum rate against CRLB |
//! | [`noma`] | NOMA-based ISAC beamforming |
//! | [`alpha_fair`] | alpha-fair multistatic MIMO-OFDM ISAC |
//! | [`cell_free`] | Cell-free ISAC MIMO, joint sensing and communication beamforming |
//! | [`hisac_see`] | Secure and green RSMA-assisted heterogeneous ISAC |
//!
//! ```
//! use isac_lab::{Request, Size};
//! // How much work a figure plans.
//! let paper = isac_papers::obs_crlb::paper();
//! let fig7 = paper.artefacts.iter().find(|a| a.name == "fig7").ok_or("no such figure")?;
//! let prepared = isac_lab::reproduce::prepare(fig7, &Request::new("released", Size::Quick))?;
//! assert!(prepared.tasks() > 0 && prepared.estimate(2) > 0.0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#[cfg(feature = "alpha_fair")]
pub mod alpha_fair;
#[cfg(feature = "cell_free")]
pub mod cell_free;
#[cfg(feature = "hisac_see")]
pub mod hisac_see;
#[cfg(feature = "noma")]
pub mod noma;
#[cfg(feature = "obs_crlb")]
pub mod obs_crlb;

#[cfg(test)]
mod documented;

/// A record of a method that stopped for `stopped`.
fn record(
    algorithm: impl Into<String>,
    x: f64,
    realization: usize,
    stopped: isac_opt::StopReason,
    metrics: Vec<f64>,
) -> isac_lab::Record {
    let (name, converged) = (stopped.name(), stopped.converged());
    isac_lab::Record::new(algorithm, x, realization, name, converged, metrics)
}
