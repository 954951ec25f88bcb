//! Default parameters of the experiments and of `isac solve`, and the draws they run on.

use isac_algos::hisac_see::{Access, Illumination, Objective, Problem, Requirements, UserTarget};
use isac_lab::document::{MOST_ENTRIES, Node};
use isac_lab::error::{Error, Source};
use isac_lab::paper::Scenarios;
use isac_lab::scenario::{self, Posed};
use isac_linalg::validate;
use isac_metrics::scnr::{Clutter, ReceiveFilter};
use isac_models::channel::{Fading, PathChannel, Shadowing};
use isac_models::ofdm::SPEED_OF_LIGHT_M_S;
use isac_models::rng::{self, Stream};
use isac_models::scene::{Scene, Topology};
use isac_models::units::Dbm;
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;

/// Keys of a document with channels.
pub(super) const TOP: [&str; 8] = [
    "schema",
    "params",
    "channels",
    "designs",
    "expected",
    "tolerance",
    "trust_region",
    "options",
];

/// The largest rate that may be asked for: `2^rate` must be a number.
pub(super) const MOST_BITS: f64 = 1000.0;

/// What an experiment varies; the default is the paper's Table II with the assumptions of our docs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Scenario {
    /// Sides of BS1's array, horizontal and vertical.
    #[serde(rename = "M1_h_v")]
    pub(super) array1: (usize, usize),
    /// Sides of BS2's array.
    #[serde(rename = "M2_h_v")]
    pub(super) array2: (usize, usize),
    /// Users.
    pub(super) users: usize,
    /// Error radius relative to the channel's norm.
    #[serde(rename = "relative_error")]
    pub(super) error: f64,
    /// Positions.
    pub(super) topology: Topology,
    /// Law of the paths.
    pub(super) fading: Fading,
    /// Shadowing.
    pub(super) shadowing: Shadowing,
    /// Carrier frequency, Hz.
    pub(super) carrier_hz: f64,
    /// Radar cross section, m^2.
    pub(super) rcs_m2: f64,
    /// Noise power, W.
    #[serde(rename = "sigma2_W")]
    pub(super) noise_w: f64,
    /// Largest power of BS1, dBm.
    #[serde(rename = "P1_max_dbm")]
    pub(super) power1_dbm: f64,
    /// Largest power of BS2, dBm.
    #[serde(rename = "P2_max_dbm")]
    pub(super) power2_dbm: f64,
    /// The same in watts, instead.
    #[serde(rename = "P1_max_W")]
    pub(super) power1_w: Option<f64>,
    /// The same in watts, instead.
    #[serde(rename = "P2_max_W")]
    pub(super) power2_w: Option<f64>,
    /// Circuit power, W.
    #[serde(rename = "P0_W")]
    pub(super) circuit_w: f64,
    /// Artificial noise, W.
    #[serde(rename = "P_an_W")]
    pub(super) artificial_noise_w: f64,
    /// Threshold of every SINR and SCNR.
    pub(super) gamma_th: f64,
    /// Least secrecy rate, bit/s/Hz.
    #[serde(rename = "I_S")]
    pub(super) secrecy_rate: f64,
    /// Least common rate, bit/s/Hz.
    #[serde(rename = "I_c")]
    pub(super) common_rate: f64,
    /// Least private rate, bit/s/Hz.
    #[serde(rename = "I_p")]
    pub(super) private_rate: f64,
    /// Access scheme.
    pub(super) access: Access,
    /// Target of the users without a common stream.
    pub(super) user_target: UserTarget,
    /// What the echo competes with.
    pub(super) clutter: Clutter,
    /// What is maximised.
    pub(super) objective: Objective,
    /// Receive filter of BS1.
    pub(super) receive_filter: ReceiveFilter,
    /// Which beams of BS1 light the target.
    pub(super) illumination: Illumination,
    /// Whether the decoding order and the cap on the sensing beam at Eve are imposed.
    pub(super) ordering: bool,
    /// Whether the line of sight is divided by the number of paths too, as (1) prints it.
    pub(super) printed_scaling: bool,
}

impl Default for Scenario {
    fn default() -> Self {
        let needed = Requirements::default();
        Self {
            array1: (6, 2),
            array2: (6, 2),
            users: 4,
            error: 0.1,
            topology: Topology::Fixed,
            fading: Fading::RicianShadowed,
            shadowing: Shadowing::AVERAGE,
            carrier_hz: 18e9,
            rcs_m2: 10.0,
            noise_w: 1e-8,
            power1_dbm: 55.0,
            power2_dbm: 55.0,
            power1_w: None,
            power2_w: None,
            circuit_w: 10.0,
            artificial_noise_w: 0.0,
            gamma_th: needed.sinr,
            secrecy_rate: needed.secrecy_rate,
            common_rate: needed.common_rate,
            private_rate: needed.private_rate,
            access: Access::default(),
            user_target: UserTarget::default(),
            clutter: Clutter::default(),
            objective: Objective::default(),
            receive_filter: ReceiveFilter::default(),
            illumination: Illumination::default(),
            ordering: true,
            printed_scaling: false,
        }
    }
}

/// The scenarios of the artefacts.
pub(super) const FIGURES: Scenarios = &[
    ("fig2a", FIG2A),
    ("fig3a", FIG2A),
    ("fig3b", FIG2A),
    ("fig3c", FIG2A),
    ("fig3d", FIG2A),
    ("fig4c", FIG2A),
    ("fig4d", FIG2A),
    ("fig6b", FIG2A),
    ("fig6c", FIG2A),
    ("fig6d", FIG2A),
    ("noise", FIG2A),
    ("outage", FIG2A),
    ("bounds", FIG2A),
    ("sampling", FIG2A),
    ("warm_start", FIG2A),
    ("fig2b", include_str!("scenarios/fig2b.toml")),
    ("fig2c", FIG2C),
    ("errors", FIG2C),
    ("decoding_orders", FIG2C),
    ("assumptions", FIG2C),
    ("fig4a", FIG2C),
    ("fig4b", FIG2C),
    ("fig5d", FIG2C),
    ("fig6a", FIG2C),
    ("gap", FIG2C),
    ("quality", FIG2C),
    ("fig2d", include_str!("scenarios/fig2d.toml")),
    ("fig5a", include_str!("scenarios/fig5a.toml")),
    ("fig5b", include_str!("scenarios/fig5b.toml")),
    ("fig5c", include_str!("scenarios/fig5c.toml")),
];
const FIG2A: &str = include_str!("scenarios/fig2a.toml");
const FIG2C: &str = include_str!("scenarios/fig2c.toml");

/// The scenario of an artefact.
///
/// # Errors
/// An artefact that has none.
pub(super) fn of_figure(name: &str) -> Result<Scenario, Error> {
    crate::of_figure("hisac_see", FIGURES, name, of_document)
}

/// The scenario of a document, if it has no channels; every refusal names its key.
///
/// # Errors
/// An unknown key, a value of another type or out of range.
pub(super) fn of_document(root: &Node<'_>) -> Result<Option<Posed<Scenario>>, Error> {
    let posed: Option<Posed<Scenario>> = scenario::of_document(root, &TOP)?;
    if let Some(posed) = &posed {
        for (watts, dbm, beside) in [
            (posed.scenario.power1_w, "P1_max_dbm", "beside `P1_max_W`"),
            (posed.scenario.power2_w, "P2_max_dbm", "beside `P2_max_W`"),
        ] {
            if watts.is_some() {
                scenario::unused(root, &[dbm], beside)?;
            }
        }
        let checked = posed.scenario.check();
        checked.map_err(|e| scenario::refused(root, e))?;
    }
    Ok(posed)
}

impl Scenario {
    /// Largest power of BS1, W.
    pub(super) fn power1_max(&self) -> f64 {
        (self.power1_w).unwrap_or_else(|| Dbm(self.power1_dbm).watts())
    }

    /// Largest power of BS2, W.
    pub(super) fn power2_max(&self) -> f64 {
        (self.power2_w).unwrap_or_else(|| Dbm(self.power2_dbm).watts())
    }

    fn wavelength_m(&self) -> f64 {
        SPEED_OF_LIGHT_M_S / self.carrier_hz
    }

    /// `4 pi rcs / lambda^2`.
    fn reflection(&self) -> f64 {
        let wavelength = self.wavelength_m();
        4.0 * PI * self.rcs_m2 / (wavelength * wavelength)
    }

    /// What the constructors of a problem cannot see.
    fn check(&self) -> Result<(), isac_linalg::Error> {
        let range =
            |key: &str, value: f64, expected: &str| isac_linalg::Error::range(key, value, expected);
        let [(h1, v1), (h2, v2)] = [self.array1, self.array2];
        let sides = [
            ("M1_h_v[0]", h1),
            ("M1_h_v[1]", v1),
            ("M2_h_v[0]", h2),
            ("M2_h_v[1]", v2),
            ("users", self.users),
        ];
        for (key, size) in sides {
            validate::positive(key, size as f64, "")?;
        }
        for (key, (h, v)) in [("M1_h_v", self.array1), ("M2_h_v", self.array2)] {
            let entries = h as f64 * v as f64;
            if entries > MOST_ENTRIES {
                let expected = format!("an array of at most {MOST_ENTRIES:e} elements");
                return Err(range(key, entries, &expected));
            }
        }
        validate::nonnegative("relative_error", self.error, "")?;
        if let Fading::Nakagami { order } = self.fading
            && (order.is_nan() || order < 0.5)
        {
            return Err(range("fading.nakagami.order", order, "at least 1/2"));
        }
        let Shadowing { b, m, omega } = self.shadowing;
        if let Objective::Weighted { weight } = self.objective
            && !(0.0..=1.0).contains(&weight)
        {
            return Err(range(
                "objective.weighted.weight",
                weight,
                "a number in [0, 1]",
            ));
        }
        validate::positive("shadowing.b", b, "")?;
        validate::positive("shadowing.m", m, "")?;
        validate::positive("shadowing.omega", omega, "")?;
        validate::positive("carrier_hz", self.carrier_hz, "Hz")?;
        validate::positive("rcs_m2", self.rcs_m2, "m^2")?;
        if !self.reflection().is_finite() {
            let expected = "a carrier at which 4 pi rcs_m2 / lambda^2 is a number";
            return Err(range("carrier_hz", self.carrier_hz, expected));
        }
        validate::positive("sigma2_W", self.noise_w, "W")?;
        for (key, dbm) in [
            ("P1_max_dbm", self.power1_dbm),
            ("P2_max_dbm", self.power2_dbm),
        ] {
            if dbm.abs() > 1000.0 {
                return Err(range(key, dbm, "at most 1000 dBm either way"));
            }
        }
        for (key, watts) in [("P1_max_W", self.power1_w), ("P2_max_W", self.power2_w)] {
            watts.map_or(Ok(()), |watts| validate::positive(key, watts, "W"))?;
        }
        validate::nonnegative("P0_W", self.circuit_w, "W")?;
        validate::nonnegative("P_an_W", self.artificial_noise_w, "W")?;
        validate::nonnegative("gamma_th", self.gamma_th, "")?;
        for (key, rate) in [
            ("I_S", self.secrecy_rate),
            ("I_c", self.common_rate),
            ("I_p", self.private_rate),
        ] {
            if !(0.0..=MOST_BITS).contains(&rate) {
                let expected = format!("a rate in [0, {MOST_BITS}] bps/Hz");
                return Err(range(key, rate, &expected));
            }
        }
        Ok(())
    }
}

/// The problem of a scenario on draw `realization`.
pub(super) fn draw(scenario: &Scenario, seed: u64, realization: u64) -> Result<Problem, Source> {
    let model = |side| path_model(side, scenario);
    let mut places = rng::stream(seed, Stream::Geometry, realization);
    let scene = Scene::draw(scenario.topology, scenario.users, &mut places)?;
    let mut fading = rng::stream(seed, Stream::Channel, realization);
    let cell = scene
        .channels(
            &model(scenario.array1)?,
            &model(scenario.array2)?,
            scenario.noise_w,
            &mut fading,
        )?
        .with_relative_error(scenario.error)?;
    let mut problem = Problem::new(
        cell,
        scenario.reflection(),
        scenario.power1_max(),
        scenario.power2_max(),
        scenario.circuit_w,
    );
    problem.requirements = Requirements {
        sinr: scenario.gamma_th,
        secrecy_rate: scenario.secrecy_rate,
        common_rate: scenario.common_rate,
        private_rate: scenario.private_rate,
    };
    problem.artificial_noise = scenario.artificial_noise_w;
    problem.access = scenario.access;
    problem.user_target = scenario.user_target;
    problem.clutter = scenario.clutter;
    problem.objective = scenario.objective;
    problem.filter = scenario.receive_filter;
    problem.illumination = scenario.illumination;
    problem.ordering = scenario.ordering;
    Ok(problem)
}

/// The channel model of an array with these sides.
pub(super) fn path_model(
    (horizontal, vertical): (usize, usize),
    scenario: &Scenario,
) -> Result<PathChannel, isac_models::Error> {
    let mut model = PathChannel::new(horizontal, vertical, scenario.wavelength_m())?;
    model.fading = scenario.fading;
    model.shadowing = scenario.shadowing;
    model.printed_scaling = scenario.printed_scaling;
    Ok(model)
}

#[cfg(test)]
mod tests {
    use super::{Scenario, of_document};
    use isac_lab::document::Document;

    #[test]
    fn table_and_template_have_every_key_with_its_default() {
        crate::documented::agrees::<Scenario>("hisac_see", crate::hisac_see::TEMPLATE);
    }

    #[test]
    fn every_file_of_a_figure_is_a_scenario() {
        crate::documented::figures(&crate::hisac_see::paper(), of_document);
    }

    #[test]
    fn a_power_in_watts_stands_for_that_in_dbm_and_never_beside_it() {
        let read = |keys: &str| {
            let text = format!("schema = \"hisac-see/1\"\n[scenario]\n{keys}");
            let document = Document::from_toml("x.toml", &text).unwrap();
            of_document(&document.root()).map(|posed| posed.unwrap().scenario)
        };
        let watts = read("P1_max_W = 30").unwrap();
        let same = |a: f64, b: f64| a.total_cmp(&b).is_eq();
        assert!(same(watts.power1_max(), 30.0));
        assert!(same(watts.power2_max(), Scenario::default().power2_max()));
        for (keys, named) in [
            ("P2_max_W = 20\nP2_max_dbm = 43", "P2_max_dbm"),
            ("P1_max_W = 0", "P1_max_W"),
        ] {
            let refused = read(keys).unwrap_err().to_string();
            assert!(refused.contains(named), "{refused}");
        }
    }
}
