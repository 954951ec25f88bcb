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

use isac_lab::document::{Document, Node};
use isac_lab::error::Error;
use isac_lab::paper::Scenarios;
use isac_lab::scenario::Posed;

/// The scenario of an artefact by its name, read from its file in `scenarios/` as `isac solve` reads it.
///
/// # Errors
/// A name that is not among `files`; what the paper refuses in the file.
fn of_figure<S>(
    paper: &str,
    files: Scenarios,
    name: &str,
    read: impl Fn(&Node<'_>) -> Result<Option<Posed<S>>, Error>,
) -> Result<S, Error> {
    let known = files.iter().map(|(known, _)| *known);
    let text = files.iter().find(|(known, _)| *known == name);
    let (_, text) = text.ok_or_else(|| Error::unknown("scenario", name, known))?;
    let document = Document::from_toml(&format!("{paper}/scenarios: {name}"), text)?;
    let root = document.root();
    match read(&root)? {
        Some(posed) => Ok(posed.scenario),
        None => Err(root.wrong("a scenario")),
    }
}

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
