//! What is simulated; the default is the paper's problem.

use isac_algos::__paper__::Problem;
use isac_lab::document::Node;
use isac_lab::error::{Error, Source};
use isac_lab::paper::Scenarios;
use isac_lab::scenario::{self, Posed};
use isac_models::channel::rayleigh;
use isac_models::rng::{Stream, stream};
use isac_models::units::Db;
use serde::{Deserialize, Serialize};

/// The most antennas of a scenario.
const MOST_ANTENNAS: usize = 100_000;

/// The scenarios of the artefacts.
pub(super) const FIGURES: Scenarios = &[("fig1", include_str!("scenarios/fig1.toml"))];

/// The scene.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Scenario {
    /// Antennas N.
    pub(super) antennas: usize,
    /// Power budget, W.
    #[serde(rename = "P_W")]
    pub(super) power_w: f64,
    /// SNR of one antenna of gain 1 at 1 W, dB.
    #[serde(rename = "snr_dB")]
    pub(super) snr_db: f64,
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            antennas: 8,
            power_w: 1.0,
            snr_db: 10.0,
        }
    }
}

impl Scenario {
    /// The problem of one draw of a seed.
    ///
    /// # Errors
    /// A value out of range, by its key.
    pub(super) fn problem(&self, seed: u64, drop: usize) -> Result<Problem, Source> {
        if !(1..=MOST_ANTENNAS).contains(&self.antennas) {
            let expected = format!("1 to {MOST_ANTENNAS}");
            let error = isac_linalg::Error::range("antennas", self.antennas as f64, expected);
            return Err(error.into());
        }
        isac_linalg::validate::positive("P_W", self.power_w, "W")?;
        isac_linalg::validate::finite_list("snr_dB", &[self.snr_db])?;
        let noise = Db(-self.snr_db).linear();
        isac_linalg::validate::positive("snr_dB", noise, "as a power")?;
        let mut rng = stream(seed, Stream::Channel, drop as u64);
        let h = rayleigh(self.antennas, 1, 1.0, &mut rng);
        Ok(Problem::new(h, self.power_w, noise)?)
    }
}

/// The scenario of an artefact.
///
/// # Errors
/// An artefact that has none.
pub(super) fn of_figure(name: &str) -> Result<Scenario, Error> {
    crate::of_figure("__paper__", FIGURES, name, |root| of_document(root).map(Some))
}

/// The scenario of a document.
///
/// # Errors
/// An unknown key, a value of another type.
pub(super) fn of_document(root: &Node<'_>) -> Result<Posed<Scenario>, Error> {
    let posed = scenario::of_document(root, &[])?;
    posed.ok_or_else(|| root.wrong("a scenario"))
}
