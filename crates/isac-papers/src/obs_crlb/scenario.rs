//! The scene of Figs. 3 and 5 to 7, with the settings of the released scripts.

use isac_algos::obs_crlb::{SumRateCrlb, Weights};
use isac_lab::document::{MOST_ENTRIES, Node};
use isac_lab::error::Error;
use isac_lab::paper::Scenarios;
use isac_lab::scenario::{self, Posed};
use isac_linalg::{Mat, c64, validate};
use isac_metrics::AngleSensing;
use isac_models::array::{KronOrder, Scaling, Upa};
use isac_models::channel::rayleigh;
use isac_models::rng::{Stream, stream};
use isac_models::target::Targets;
use isac_models::units::Dbm;
use serde::{Deserialize, Serialize};

/// Keys of a document with channels.
pub(super) const TOP_KEYS: [&str; 13] = [
    "parameters",
    "H",
    "channel",
    "theta",
    "phi",
    "theta_deg",
    "phi_deg",
    "alpha",
    "W0",
    "seed",
    "metric_cases",
    "expected",
    "tolerance",
];

/// The scenarios of the artefacts.
pub(super) const FIGURES: Scenarios = &[
    ("fig2", include_str!("scenarios/fig2.toml")),
    ("fig3", FIG3),
    ("fig4", include_str!("scenarios/fig4.toml")),
    ("fig5", FIG3),
    ("fig6", FIG3),
    ("fig7", FIG3),
    ("table1", FIG3),
];
const FIG3: &str = include_str!("scenarios/fig3.toml");

/// Noise power of users and radar, W.
pub(super) const NOISE: f64 = 1e-3;

/// What is simulated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Scenario {
    /// Columns of the transmit array.
    pub(super) nt_h: usize,
    /// Rows of the transmit array.
    pub(super) nt_v: usize,
    /// Columns of the receive array.
    pub(super) nr_h: usize,
    /// Rows of the receive array.
    pub(super) nr_v: usize,
    /// Order of the elements.
    pub(super) kron_order: KronOrder,
    /// Users K.
    pub(super) users: usize,
    /// Azimuths of the targets, rad.
    pub(super) theta_rad: Vec<f64>,
    /// Inclinations of the targets, rad.
    pub(super) phi_rad: Vec<f64>,
    /// Real parts of the reflection coefficients.
    pub(super) alpha_re: Vec<f64>,
    /// Imaginary parts of the reflection coefficients.
    pub(super) alpha_im: Vec<f64>,
    /// Snapshots L.
    pub(super) snapshots: usize,
    /// Transmit power, dBm.
    pub(super) power_dbm: f64,
    /// Noise power of a user, W.
    #[serde(rename = "sigma_c2_W")]
    pub(super) user_noise_w: f64,
    /// Noise power of the radar, W.
    #[serde(rename = "sigma_s2_W")]
    pub(super) radar_noise_w: f64,
    /// Weight of the sum rate.
    pub(super) delta_c: f64,
    /// Weight of the trace of the CRLB.
    pub(super) delta_s: f64,
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            nt_h: 4,
            nt_v: 4,
            nr_h: 5,
            nr_v: 4,
            kron_order: KronOrder::VerticalSlow,
            users: 4,
            theta_rad: vec![-0.739833, -0.853804],
            phi_rad: vec![-0.657095, -0.323457],
            alpha_re: vec![0.0870197, -0.0399207],
            alpha_im: vec![6.2536e-5, 0.117],
            snapshots: 30,
            power_dbm: 10.0,
            user_noise_w: NOISE,
            radar_noise_w: NOISE,
            delta_c: 0.25,
            delta_s: 1.0,
        }
    }
}

/// The scenario of a document, if it has no channels; every refusal names its key.
///
/// # Errors
/// An unknown key, a value of another type or out of range.
pub(super) fn of_document(root: &Node<'_>) -> Result<Option<Posed<Scenario>>, Error> {
    let posed: Option<Posed<Scenario>> = scenario::of_document(root, &TOP_KEYS)?;
    if let Some(posed) = &posed {
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
    crate::of_figure("obs_crlb", FIGURES, name, of_document)
}

impl Scenario {
    /// Transmit antennas.
    pub(super) fn antennas(&self) -> usize {
        self.nt_h * self.nt_v
    }

    /// What the constructors of a problem cannot see or name otherwise.
    fn check(&self) -> Result<(), isac_linalg::Error> {
        let range =
            |key: &str, value: f64, expected: &str| isac_linalg::Error::range(key, value, expected);
        let sides = [
            ("nt_h", self.nt_h),
            ("nt_v", self.nt_v),
            ("nr_h", self.nr_h),
            ("nr_v", self.nr_v),
            ("snapshots", self.snapshots),
        ];
        for (key, size) in sides {
            validate::positive(key, size as f64, "")?;
        }
        let count = self.theta_rad.len();
        let columns = self.users as f64 + 3.0 * count as f64 + 1.0;
        for pair in [&sides[..2], &sides[2..4]] {
            let sizes = pair.iter().copied().chain([("users", self.users)]);
            let entries = pair[0].1 as f64 * pair[1].1 as f64 * columns;
            if let Some((key, size)) = sizes.max_by_key(|(_, size)| *size)
                && entries > MOST_ENTRIES
            {
                let expected = format!("a size with at most {MOST_ENTRIES:e} entries in the beams");
                return Err(range(key, size as f64, &expected));
            }
        }
        for (key, list) in [
            ("theta_rad", &self.theta_rad),
            ("phi_rad", &self.phi_rad),
            ("alpha_re", &self.alpha_re),
            ("alpha_im", &self.alpha_im),
        ] {
            validate::length(key, list.len(), count)?;
            validate::finite_list(key, list)?;
        }
        if self.users + count == 0 {
            let expected = "at least one user or, by `theta_rad`, one target";
            return Err(range("users", 0.0, expected));
        }
        let parts = self.alpha_re.iter().zip(&self.alpha_im);
        if let Some(m) = parts.into_iter().position(|(re, im)| re.hypot(*im) <= 0.0) {
            let expected = "a reflection coefficient other than 0, with `alpha_im`";
            return Err(range(&format!("alpha_re[{m}]"), self.alpha_re[m], expected));
        }
        if self.power_dbm.abs() > 1000.0 {
            let expected = "at most 1000 dBm either way";
            return Err(range("power_dbm", self.power_dbm, expected));
        }
        validate::positive("sigma_c2_W", self.user_noise_w, "W")?;
        validate::positive("sigma_s2_W", self.radar_noise_w, "W")?;
        validate::nonnegative("delta_c", self.delta_c, "")?;
        validate::nonnegative("delta_s", self.delta_s, "")
    }

    /// The targets with those of another scene.
    pub(super) fn with_targets(self, targets: &Targets) -> Self {
        Self {
            theta_rad: targets.theta().to_vec(),
            phi_rad: targets.phi().to_vec(),
            alpha_re: targets.alpha().iter().map(|a| a.re).collect(),
            alpha_im: targets.alpha().iter().map(|a| a.im).collect(),
            ..self
        }
    }

    /// The channel of one draw, antennas x users.
    pub(super) fn channel(&self, seed: u64, drop: usize) -> Mat<c64> {
        let mut rng = stream(seed, Stream::Channel, drop as u64);
        rayleigh(self.antennas(), self.users, 1.0, &mut rng)
    }

    /// The problem on a channel, antennas x users.
    pub(super) fn problem(&self, channel: Mat<c64>) -> Result<SumRateCrlb, isac_algos::Error> {
        let array = |horizontal, vertical| {
            Upa::new(horizontal, vertical, self.kron_order, Scaling::UnitNorm)
        };
        let parts = self.alpha_re.iter().zip(&self.alpha_im);
        let alpha = parts.map(|(re, im)| c64::new(*re, *im)).collect();
        let targets = Targets::new(self.theta_rad.clone(), self.phi_rad.clone(), alpha)?;
        let (transmit, receive) = (array(self.nt_h, self.nt_v)?, array(self.nr_h, self.nr_v)?);
        let sensing = AngleSensing::new(
            &transmit,
            &receive,
            &targets,
            self.snapshots,
            self.radar_noise_w,
        )?;
        let noise = vec![self.user_noise_w; self.users];
        let weights = Weights {
            rate: self.delta_c,
            crlb: self.delta_s,
        };
        SumRateCrlb::new(
            channel,
            sensing,
            noise,
            Dbm(self.power_dbm).watts(),
            weights,
        )
    }
}

/// Names the angle of a degenerate target as the scenario spells it.
pub(super) fn classify(root: &Node<'_>, error: isac_algos::Error) -> Error {
    use isac_metrics::Error as Metric;
    match &error {
        isac_algos::Error::Metric(Metric::DegenerateTarget {
            target,
            angle,
            value,
            why,
        }) => Error::Field {
            file: root.file.into(),
            path: format!("scenario.{angle}_rad[{target}]"),
            value: value.to_string(),
            expected: format!("a target that is not degenerate: {why}"),
        },
        _ => scenario::refused(root, error),
    }
}

#[cfg(test)]
mod tests {
    use super::{Scenario, of_document};

    #[test]
    fn table_and_template_have_every_key_with_its_default() {
        crate::documented::agrees::<Scenario>("obs_crlb", crate::obs_crlb::TEMPLATE);
    }

    #[test]
    fn every_file_of_a_figure_is_a_scenario() {
        crate::documented::figures(&crate::obs_crlb::paper(), of_document);
    }
}
