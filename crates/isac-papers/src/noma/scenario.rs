//! The paper's scene and what is asked of it; the default is power minimisation in the scene of Fig. 7.
//!
//! The paper states N = 8, K = 3, M = 2, targets at -60 and 60 degrees, sigma^2 = 0.01 W,
//! P_diff = 0.001 W, xi = 10 W^2. Assumed by us: i.i.d. CN(0, 1) channels without path loss, half a
//! wavelength of spacing, users sorted by channel norm, messages decoded as the published numbers obey.

use isac_algos::noma::robust::ErrorBall;
use isac_algos::noma::{Mode, PowerWeights, Scene, Sensing};
use isac_lab::document::{MOST_ENTRIES, Node};
use isac_lab::error::{Error, Source};
use isac_lab::paper::Scenarios;
use isac_lab::scenario::{self, Posed};
use isac_linalg::{Mat, c64, validate};
use isac_metrics::noma::SicSet;
use isac_models::array::{Scaling, Ula};
use isac_models::channel::rayleigh;
use isac_models::rng::{Stream, stream};
use isac_models::units::Db;
use serde::{Deserialize, Serialize};

use super::case::{Case, Problem, top_keys};

/// The scenarios of the artefacts.
pub(super) const FIGURES: Scenarios = &[
    ("fig3", FIG3),
    ("table1", FIG3),
    ("table2", FIG3),
    ("pattern", FIG3),
    ("fig4", include_str!("scenarios/fig4.toml")),
    ("fig5", FIG5),
    ("fig6", FIG5),
    ("robust_oma", FIG5),
    ("fig7", FIG7),
    ("lemma1", FIG7),
];
const FIG3: &str = include_str!("scenarios/fig3.toml");
const FIG5: &str = include_str!("scenarios/fig5.toml");
const FIG7: &str = include_str!("scenarios/fig7.toml");

/// What is simulated and asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Scenario {
    /// What is asked for.
    pub(super) problem: Asked,
    /// Antennas N.
    pub(super) antennas: usize,
    /// Users K.
    pub(super) users: usize,
    /// Directions of the targets, degrees.
    pub(super) angles_deg: Vec<f64>,
    /// Spacing of the antennas, wavelengths.
    pub(super) spacing_wavelengths: f64,
    /// Noise power of a user, W.
    #[serde(rename = "sigma2_W")]
    pub(super) noise_w: f64,
    /// Least power towards each target, W.
    #[serde(rename = "Ps_W")]
    pub(super) floor_w: f64,
    /// Largest difference between targets, W.
    #[serde(rename = "Pdiff_W")]
    pub(super) difference_w: f64,
    /// Largest mean squared cross-correlation, W^2; infinite for none.
    #[serde(rename = "xi_W2", deserialize_with = "scenario::number_or_inf")]
    pub(super) cross_correlation_w2: f64,
    /// Which user decodes which message.
    pub(super) sic: SicSet,
    /// Whether received powers must descend, Eq. (3).
    pub(super) ordering: bool,
    /// Weight of the transmit power.
    pub(super) rho_c: f64,
    /// Weight of the power towards targets.
    pub(super) rho_s: f64,
    /// SINR target of every user, dB.
    #[serde(rename = "gamma_dB")]
    pub(super) gamma_db: f64,
    /// Power budget, W.
    #[serde(rename = "P_total_W")]
    pub(super) budget_w: f64,
    /// Radius of the channel errors.
    pub(super) eps: f64,
    /// Whether removed messages come back through the error, Eq. (17).
    pub(super) residual: bool,
}

/// The problems by their names in documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::enum_variant_names, reason = "the names of the documents")]
pub(super) enum Asked {
    /// Least power for SINR targets.
    #[default]
    PowerMin,
    /// Largest common SINR within a budget.
    MaxMin,
    /// Least power for all channel errors.
    RobustPowerMin,
    /// Largest common SINR for all channel errors.
    RobustMaxMin,
}

impl Default for Scenario {
    fn default() -> Self {
        let weights = PowerWeights::default();
        Self {
            problem: Asked::default(),
            antennas: 8,
            users: 3,
            angles_deg: vec![-60.0, 60.0],
            spacing_wavelengths: 0.5,
            noise_w: 0.01,
            floor_w: 2.0,
            difference_w: 0.001,
            cross_correlation_w2: 10.0,
            sic: SicSet::Own,
            ordering: false,
            rho_c: weights.transmit,
            rho_s: weights.sensing,
            gamma_db: 20.0,
            budget_w: 6.0,
            eps: 0.1,
            residual: true,
        }
    }
}

/// The scenario of a document, if it has no channels or cases; every refusal names its key.
///
/// # Errors
/// An unknown key, a value of another type or out of range, a key that the problem does not use.
pub(super) fn of_document(root: &Node<'_>) -> Result<Option<Posed<Scenario>>, Error> {
    let posed: Option<Posed<Scenario>> = scenario::of_document(root, &top_keys())?;
    if let Some(posed) = &posed {
        let (unused, name): (&[&str], _) = match posed.scenario.problem {
            Asked::PowerMin => (&["P_total_W", "eps", "residual"], "power_min"),
            Asked::MaxMin => (&["gamma_dB", "eps", "residual"], "max_min"),
            Asked::RobustPowerMin => (&["P_total_W"], "robust_power_min"),
            Asked::RobustMaxMin => (&["gamma_dB"], "robust_max_min"),
        };
        scenario::unused(root, unused, &format!("in a scenario of {name}"))?;
        let checked = posed.scenario.check();
        checked.map_err(|e| scenario::refused(root, e))?;
    }
    Ok(posed)
}

/// The scenario of an artefact.
///
/// # Errors
/// An artefact that has none.
pub(super) fn of_figure(name: &str) -> Result<Scenario, Error> {
    crate::of_figure("noma", FIGURES, name, of_document)
}

impl Scenario {
    /// What the constructors of a scene cannot see.
    fn check(&self) -> Result<(), isac_linalg::Error> {
        let sizes = [("antennas", self.antennas), ("users", self.users)];
        for (key, size) in sizes {
            validate::positive(key, size as f64, "")?;
        }
        let [antennas, users] = [self.antennas as f64, self.users as f64];
        let span = antennas.min(users + self.angles_deg.len() as f64);
        let entries = antennas.max(users).powi(2) + (users + 1.0) * span * span;
        if entries > MOST_ENTRIES {
            let (key, size) = sizes[usize::from(users > antennas)];
            let expected =
                format!("a size with at most {MOST_ENTRIES:e} entries in the covariances");
            return Err(isac_linalg::Error::range(key, size as f64, expected));
        }
        validate::finite_list("angles_deg", &self.angles_deg)?;
        validate::positive(
            "spacing_wavelengths",
            self.spacing_wavelengths,
            "wavelengths",
        )?;
        validate::positive("sigma2_W", self.noise_w, "W")?;
        validate::nonnegative("Ps_W", self.floor_w, "W")?;
        validate::nonnegative("Pdiff_W", self.difference_w, "W")?;
        if self.cross_correlation_w2 < f64::INFINITY {
            validate::positive("xi_W2", self.cross_correlation_w2, "W^2")?;
        }
        validate::positive("rho_c", self.rho_c, "")?;
        validate::nonnegative("rho_s", self.rho_s, "")?;
        if self.gamma_db.abs() > 1000.0 {
            let expected = "at most 1000 dB either way";
            return Err(isac_linalg::Error::range(
                "gamma_dB",
                self.gamma_db,
                expected,
            ));
        }
        validate::positive("P_total_W", self.budget_w, "W")?;
        validate::nonnegative("eps", self.eps, "")
    }

    /// The channels of one draw, antennas x users.
    pub(super) fn channels(&self, seed: u64, drop: usize) -> Mat<c64> {
        let mut rng = stream(seed, Stream::Channel, drop as u64);
        rayleigh(self.antennas, self.users, 1.0, &mut rng)
    }

    /// The scene with the channels of one draw.
    pub(super) fn scene(&self, seed: u64, drop: usize) -> Result<Scene, Source> {
        let channels = self.channels(seed, drop);
        let array = Ula::new(
            self.antennas,
            self.spacing_wavelengths,
            Scaling::UnitEntries,
        )?;
        let radians: Vec<f64> = self.angles_deg.iter().map(|a| a.to_radians()).collect();
        let steering = array.steering(&radians);
        let bound = self.cross_correlation_w2;
        let sensing = Sensing {
            floor: self.floor_w,
            difference: self.difference_w,
            cross_correlation: (bound < f64::INFINITY).then_some(bound),
        };
        let mode = Mode {
            sic: self.sic,
            ordering: self.ordering,
            weights: PowerWeights {
                transmit: self.rho_c,
                sensing: self.rho_s,
            },
        };
        Ok(Scene::new(
            channels.as_ref(),
            steering.as_ref(),
            self.noise_w,
            sensing,
            mode,
        )?)
    }

    /// SINR targets of all users, linear.
    pub(super) fn gammas(&self) -> Vec<f64> {
        vec![Db(self.gamma_db).linear(); self.users]
    }

    /// The channel errors.
    pub(super) fn ball(&self) -> ErrorBall {
        ErrorBall {
            radius: self.eps,
            residual: self.residual,
        }
    }

    /// The problem on one draw.
    pub(super) fn case(&self, seed: u64, drop: usize) -> Result<Case, Source> {
        let (budget, ball) = (self.budget_w, self.ball());
        Ok(Case {
            scene: self.scene(seed, drop)?,
            problem: match self.problem {
                Asked::PowerMin => Problem::PowerMin {
                    gamma: self.gammas(),
                },
                Asked::MaxMin => Problem::MaxMin { budget },
                Asked::RobustPowerMin => Problem::RobustPowerMin {
                    gamma: self.gammas(),
                    ball,
                },
                Asked::RobustMaxMin => Problem::RobustMaxMin { budget, ball },
            },
            nonrobust_beams: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Scenario, of_document};

    #[test]
    fn table_and_template_have_every_key_with_its_default() {
        crate::documented::agrees::<Scenario>("noma", crate::noma::TEMPLATE);
    }

    #[test]
    fn every_file_of_a_figure_is_a_scenario() {
        crate::documented::figures(&crate::noma::paper(), of_document);
    }
}
