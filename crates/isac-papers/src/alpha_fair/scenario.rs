//! Generated drops: targets in angular slots, users around them, TR 38.901 channels. All numbers are
//! assumptions, since the paper's own could not be recovered.

use isac_algos::alpha_fair::{Problem, RunOptions, Start};
use isac_linalg::{Mat, c64, validate};
use isac_metrics::delay_doppler::{DelayDoppler, SensingOptions};
use isac_metrics::fairness::{Fairness, Form};
use isac_metrics::ofdm_rate::{Interference, OfdmRate, Streams};
use isac_models::array::{Element, Scaling, Ula};
use isac_models::channel::tr38901::{DISTANCES_M, Environment, Link, Place};
use isac_models::geometry::{self, MovingTarget, Point, Scene};
use isac_models::ofdm::{EchoWarning, Grid};
use isac_models::rng::{Stream, stream};
use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};
use std::f64::consts::TAU;

use isac_lab::document::{MOST_ENTRIES, Node};
use isac_lab::error::{Error, Source};
use isac_lab::paper::Scenarios;
use isac_lab::scenario::{self, Posed};

use super::input::TOP_KEYS;

/// The scenarios of the artefacts.
pub(super) const FIGURES: Scenarios = &[
    ("fig2", FULL),
    ("fig3", FULL),
    ("fig4", FULL),
    ("fig5", FULL),
    ("fig6", FULL),
    ("fig7", FULL),
    ("fig8", FULL),
    ("table1", FULL),
    ("fig2-quick", QUICK),
    ("fig3-quick", QUICK),
    ("fig4-quick", QUICK),
    ("fig5-quick", QUICK),
    ("fig6-quick", QUICK),
    ("fig7-quick", QUICK),
    ("fig8-quick", QUICK),
    ("table1-quick", QUICK),
    ("cost", FULL),
    ("cost-quick", QUICK),
    ("table2", include_str!("scenarios/table2.toml")),
];
const FULL: &str = include_str!("scenarios/fig2.toml");
const QUICK: &str = include_str!("scenarios/fig2-quick.toml");

/// How an echo gets from the base station to a target and on to a node.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum EchoPaths {
    /// Both legs in sight, as in \[alpha_fair\].
    #[default]
    Clear,
    /// Every leg is in sight with the probability of TR 38.901 at its length; where it is not, the echo
    /// loses what the path loss without a line of sight has more than that with one.
    Drawn,
}

/// What is simulated. The default is the full size.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Scenario {
    /// Subcarriers N.
    pub(super) subcarriers: usize,
    /// OFDM symbols M.
    pub(super) symbols: usize,
    /// Antennas of the base station, for sending and receiving.
    pub(super) antennas: usize,
    /// Receive antennas of a user for sensing.
    pub(super) user_antennas: usize,
    /// Targets T.
    pub(super) targets: usize,
    /// Users K.
    pub(super) users: usize,
    /// Carrier, GHz.
    pub(super) carrier_ghz: f64,
    /// Bandwidth, MHz.
    pub(super) bandwidth_mhz: f64,
    /// Cyclic prefix as a share of the symbol.
    pub(super) cyclic_prefix: f64,
    /// Power, dBm.
    pub(super) power_dbm: f64,
    /// Noise figure, dB.
    pub(super) noise_figure_db: f64,
    /// Radar cross section, m^2.
    pub(super) rcs_m2: f64,
    /// Half the sector's opening, degrees.
    pub(super) sector_deg: f64,
    /// Nearest and farthest target, m.
    pub(super) target_range_m: [f64; 2],
    /// Largest speed of a target per axis, m/s.
    pub(super) target_speed_m_s: f64,
    /// Radius around its target in which a user stands, m.
    pub(super) user_radius_m: f64,
    /// Users are redrawn until path loss less shadow fading is at most this, dB.
    pub(super) admitted_loss_db: f64,
    /// Deployment.
    pub(super) environment: Environment,
    /// Elements of the base station's array.
    pub(super) element: Element,
    /// Whether echoes have a line of sight.
    pub(super) echo_paths: EchoPaths,
    /// Least rate per user, Mbit/s.
    pub(super) min_rate_mbit_s: f64,
    /// Fairness alpha >= -1, or the text `inf`; more than 1e9 counts as infinity.
    #[serde(deserialize_with = "isac_lab::scenario::number_or_inf")]
    pub(super) alpha: f64,
    /// Options of the sensing metric.
    pub(super) sensing: SensingOptions,
    /// Combine to position and velocity instead of summing delay and Doppler information.
    pub(super) state: bool,
    /// Without `state`: weights of the normalised delay and Doppler variances in a target's cost; 1 and 1 if
    /// absent.
    pub(super) crlb_weights: Option<[f64; 2]>,
    /// With `state`: the position error, m, that counts 1 in the cost; [`POSITION_UNIT_M`] if absent.
    pub(super) position_unit_m: Option<f64>,
    /// With `state`: the velocity error, m/s, that counts 1; [`VELOCITY_UNIT_M_S`] if absent.
    pub(super) velocity_unit_m_s: Option<f64>,
    /// Where every algorithm starts.
    pub(super) start: Start,
    /// Penalty of the paper's method.
    pub(super) rho: f64,
    /// Limit of iterations of the paper's method.
    pub(super) iterations: usize,
}

/// A target's cost under `state` is the variance of its position over the square of this plus that of its
/// velocity over the square of [`VELOCITY_UNIT_M_S`].
pub(super) const POSITION_UNIT_M: f64 = 1.0;
/// Chosen so that in the default scene neither position nor velocity is all of the cost.
pub(super) const VELOCITY_UNIT_M_S: f64 = 15.0;

impl Default for Scenario {
    fn default() -> Self {
        let run = RunOptions::default();
        Self {
            subcarriers: 64,
            symbols: 64,
            antennas: 16,
            user_antennas: 1,
            targets: 10,
            users: 10,
            carrier_ghz: 28.0,
            bandwidth_mhz: 100.0,
            cyclic_prefix: 0.25,
            power_dbm: 30.0,
            noise_figure_db: 7.0,
            rcs_m2: 1.0,
            sector_deg: 60.0,
            target_range_m: [60.0, 200.0],
            target_speed_m_s: 30.0,
            user_radius_m: 20.0,
            admitted_loss_db: 118.0,
            environment: Environment::UmiStreetCanyon,
            element: Element::default(),
            echo_paths: EchoPaths::default(),
            min_rate_mbit_s: 100.0,
            alpha: 0.0,
            sensing: SensingOptions::default(),
            state: false,
            crlb_weights: None,
            position_unit_m: None,
            velocity_unit_m_s: None,
            start: Start::default(),
            rho: run.rho,
            iterations: run.iterations,
        }
    }
}

/// The scenario of an artefact.
///
/// # Errors
/// An artefact that has none.
pub(super) fn of_figure(name: &str) -> Result<Scenario, Error> {
    crate::of_figure("alpha_fair", FIGURES, name, of_document)
}

/// The scenario of a document, if it has no channels; every refusal names its key.
///
/// # Errors
/// An unknown key, a value of another type or out of range, a size that no memory holds.
pub(super) fn of_document(root: &Node<'_>) -> Result<Option<Posed<Scenario>>, Error> {
    let posed: Option<Posed<Scenario>> = scenario::of_document(root, &TOP_KEYS)?;
    if let Some(posed) = &posed {
        if let Some(table) = root.opt("scenario") {
            posed.scenario.sizes(&table)?;
        }
        let checked = posed.scenario.check();
        checked.map_err(|e| scenario::refused(root, e))?;
    }
    Ok(posed)
}

/// The most users of a drop, by the same numbering of streams.
const MOST_USERS: usize = 1 << 16;

/// How often a user's position and channel are redrawn before the scenario counts as impossible.
const ADMISSION_TRIES: usize = 10_000;

/// One drop.
#[derive(Debug, Clone)]
pub(super) struct Drop {
    /// The positions.
    pub(super) scene: Scene,
    /// The grid.
    pub(super) grid: Grid,
    /// The design problem, referred to the start `mrt`.
    pub(super) problem: Problem,
    /// The start.
    pub(super) start: Mat<c64>,
    /// What the grid cannot measure of this scene.
    pub(super) warnings: Vec<EchoWarning>,
}

impl Scenario {
    /// Refuses sizes whose arrays no memory holds.
    fn sizes(&self, node: &Node<'_>) -> Result<(), Error> {
        let most = MOST_ENTRIES as usize;
        for (key, most) in [
            ("subcarriers", most),
            ("symbols", most),
            ("antennas", most),
            ("user_antennas", most),
            ("targets", most),
            ("users", MOST_USERS),
            ("iterations", u32::MAX as usize),
        ] {
            if let Some(stated) = node.opt(key) {
                let least = usize::from(key != "users");
                stated.count(least, most)?;
            }
        }
        let [n, antennas, targets] =
            [self.subcarriers, self.antennas, self.targets].map(|x| x as f64);
        let nodes = (self.users + 1) as f64;
        for (keys, entries, array) in [
            (
                ["subcarriers", "antennas", "users"],
                n * antennas * nodes,
                "the beams, subcarriers x antennas x (users + 1)",
            ),
            (
                ["targets", "users", "antennas"],
                targets * nodes.max(antennas) * 8.0,
                "the echoes, 8 x targets x (users + 1)",
            ),
        ] {
            let value = |key: &&str| node.opt(key).and_then(|v| v.value.as_f64()).unwrap_or(0.0);
            let at_fault = keys
                .into_iter()
                .max_by(|a, b| value(a).total_cmp(&value(b)));
            let at_fault = at_fault.and_then(|key| node.opt(key));
            at_fault
                .unwrap_or_else(|| node.clone())
                .holds(entries, array)?;
        }
        Ok(())
    }

    /// Least rate in bit/s/Hz.
    pub(super) fn min_rate(&self) -> f64 {
        self.min_rate_mbit_s / self.bandwidth_mhz
    }

    /// What the constructors of a drop cannot see.
    pub(super) fn check(&self) -> Result<(), Source> {
        self.grid()?;
        let [near, far] = self.target_range_m;
        validate::positive("target_range_m[0]", near, "m")?;
        if far < near {
            let expected = format!("at least the nearest distance, {near} m");
            return Err(isac_linalg::Error::range("target_range_m[1]", far, expected).into());
        }
        if !(0.0..=90.0).contains(&self.sector_deg) {
            let expected = "degrees in [0, 90]: targets in front of the array";
            return Err(isac_linalg::Error::range("sector_deg", self.sector_deg, expected).into());
        }
        validate::nonnegative("target_speed_m_s", self.target_speed_m_s, "m/s")?;
        validate::positive("user_radius_m", self.user_radius_m, "m")?;
        // From a user beyond one target to another one on the far side.
        let longest = 2.0 * far + self.user_radius_m;
        if self.echo_paths == EchoPaths::Drawn && longest > DISTANCES_M[1] {
            let most = 0.5 * (DISTANCES_M[1] - self.user_radius_m);
            let expected = format!(
                "at most {most} m with echo_paths = \"drawn\": TR 38.901 has no path loss for longer legs than {} m",
                DISTANCES_M[1]
            );
            return Err(isac_linalg::Error::range("target_range_m[1]", far, expected).into());
        }
        validate::positive("carrier_ghz", self.carrier_ghz, "GHz")?;
        validate::positive("bandwidth_mhz", self.bandwidth_mhz, "MHz")?;
        validate::nonnegative("cyclic_prefix", self.cyclic_prefix, "")?;
        validate::positive("rcs_m2", self.rcs_m2, "m^2")?;
        validate::nonnegative("min_rate_mbit_s", self.min_rate_mbit_s, "Mbit/s")?;
        for (name, db) in [
            ("power_dbm", self.power_dbm),
            ("noise_figure_db", self.noise_figure_db),
        ] {
            if db.abs() > 1000.0 {
                return Err(
                    isac_linalg::Error::range(name, db, "at most 1000 dB either way").into(),
                );
            }
        }
        validate::positive("targets", self.targets as f64, "")?;
        validate::positive("rho", self.rho, "")?;
        validate::positive("iterations", self.iterations as f64, "")?;
        if let Some(weights) = self.crlb_weights {
            let [delay, doppler] = weights;
            validate::nonnegative("crlb_weights[0]", delay, "")?;
            validate::nonnegative("crlb_weights[1]", doppler, "")?;
            let expected = if self.state {
                "state = false: with it the units are position_unit_m and velocity_unit_m_s"
            } else {
                "one weight > 0"
            };
            if self.state || delay + doppler <= 0.0 {
                return Err(isac_linalg::Error::range("crlb_weights", delay, expected).into());
            }
        }
        for (key, unit) in [
            ("position_unit_m", self.position_unit_m),
            ("velocity_unit_m_s", self.velocity_unit_m_s),
        ] {
            let Some(value) = unit else {
                continue;
            };
            validate::positive(key, value, "")?;
            if !self.state {
                let expected = "state = true: without it nothing has this unit";
                return Err(isac_linalg::Error::range(key, value, expected).into());
            }
        }
        Ok(())
    }

    /// Weights of the diagonal of a target's CRLB in its cost.
    pub(super) fn weights(&self) -> Vec<f64> {
        if !self.state {
            return self.crlb_weights.unwrap_or([1.0; 2]).to_vec();
        }
        let position = self.position_unit_m.unwrap_or(POSITION_UNIT_M).powi(-2);
        let velocity = self.velocity_unit_m_s.unwrap_or(VELOCITY_UNIT_M_S).powi(-2);
        vec![position, position, velocity, velocity]
    }

    /// The grid of subcarriers and symbols.
    pub(super) fn grid(&self) -> Result<Grid, Source> {
        Ok(Grid::filling(
            self.subcarriers,
            self.symbols,
            self.carrier_ghz * 1e9,
            self.bandwidth_mhz * 1e6,
            self.cyclic_prefix,
        )?)
    }

    /// The targets, the same in every drop of a seed.
    fn place_targets(&self, seed: u64) -> Vec<MovingTarget> {
        let mut rng = stream(seed, Stream::Target, 0);
        let slot = 2.0 * self.sector_deg / self.targets as f64;
        let [near, far] = self.target_range_m;
        (0..self.targets)
            .map(|t| {
                let share = 0.3 + 0.4 * rng.random::<f64>();
                let angle = (-self.sector_deg + slot * (t as f64 + share)).to_radians();
                let radius = near + (far - near) * rng.random::<f64>();
                let mut speed = || self.target_speed_m_s * (2.0 * rng.random::<f64>() - 1.0);
                MovingTarget {
                    position_m: [radius * angle.cos(), radius * angle.sin()],
                    velocity_m_s: [speed(), speed()],
                }
            })
            .collect()
    }

    /// A user near a target with an admitted link.
    fn place_user(
        &self,
        near: Point,
        grid: &Grid,
        rng: &mut impl Rng,
    ) -> Result<(Point, Link), Source> {
        for _ in 0..ADMISSION_TRIES {
            let radius = self.user_radius_m * rng.random::<f64>().sqrt();
            let angle = TAU * rng.random::<f64>();
            let point = [
                near[0] + radius * angle.cos(),
                near[1] + radius * angle.sin(),
            ];
            let place = Place {
                distance_m: geometry::distance_m([0.0; 2], point),
                azimuth_rad: geometry::departure_rad([0.0; 2], point),
            };
            // The channel model says nothing about users any nearer or farther.
            if !(DISTANCES_M[0]..=DISTANCES_M[1]).contains(&place.distance_m) {
                continue;
            }
            let link = Link::draw(
                self.environment,
                place,
                grid,
                self.antennas,
                self.element,
                rng,
            )?;
            if link.large.loss_db() <= self.admitted_loss_db {
                return Ok((point, link));
            }
        }
        Err(format!(
            "no user within {} m of a target was admitted in {ADMISSION_TRIES} tries",
            self.user_radius_m
        )
        .into())
    }

    /// Draws drop `index` of a seed.
    pub(super) fn drop(&self, seed: u64, index: usize) -> Result<Drop, Source> {
        self.check()?;
        let grid = self.grid()?;
        let targets = self.place_targets(seed);
        let (n, users) = (self.subcarriers, self.users);
        let mut points = Vec::new();
        let mut channels = Mat::zeros(self.antennas, n * users);
        for k in 0..users {
            // A stream per user: the first K users of a drop do not depend on K.
            let realisation = ((index as u64) << 16) | k as u64;
            let mut rng = stream(seed, Stream::Channel, realisation);
            let near = targets[k % targets.len()].position_m;
            let (point, link) = self.place_user(near, &grid, &mut rng)?;
            points.push(point);
            for i in 0..n {
                let column = link.response.col(i);
                channels.col_mut(i * users + k).copy_from(column);
            }
        }
        let scene = Scene::new([0.0; 2], targets, points)?;
        let streams = Streams {
            subcarriers: n,
            sensing: 1,
            users,
        };
        let noise = grid.thermal_noise_w(self.noise_figure_db);
        let rate = OfdmRate::new(streams, channels, vec![noise; users], Interference::All)?;
        let angles: Vec<f64> = (0..self.targets).map(|t| scene.departure_rad(t)).collect();
        let steering = Ula::half_wavelength(self.antennas, Scaling::UnitEntries)?.steering(&angles);
        let sensing = DelayDoppler::new(
            self.echoes(&scene, &grid, noise, seed, index)?,
            self.sensing,
        )?;
        let alpha = if self.alpha > 1e9 {
            f64::INFINITY
        } else {
            self.alpha
        };
        let problem = Problem::new(
            steering,
            sensing,
            rate,
            Fairness::new(alpha, Form::Norm, 1.0)?,
            vec![self.min_rate(); users],
            10f64.powf((self.power_dbm - 30.0) / 10.0),
        )?;
        let draw =
            |start: Start| start.draw(&problem, &mut stream(seed, Stream::Start, index as u64));
        let reference = draw(Start::Mrt)?;
        let start = draw(self.start)?;
        Ok(Drop {
            warnings: scene.echo_warnings(&grid),
            scene,
            grid,
            problem: problem.referred_to(reference.as_ref())?,
            start,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_and_template_have_every_key_with_its_default() {
        crate::documented::agrees::<Scenario>("alpha_fair", crate::alpha_fair::TEMPLATE);
    }

    #[test]
    fn options_that_contradict_each_other_are_refused_by_name() {
        let refused = |scenario: Scenario, key: &str| {
            let error = scenario.check().unwrap_err().to_string();
            assert!(error.contains(key), "{error}");
        };
        refused(
            Scenario {
                rho: 0.0,
                ..Scenario::default()
            },
            "rho",
        );
        refused(
            Scenario {
                iterations: 0,
                ..Scenario::default()
            },
            "iterations",
        );
        refused(
            Scenario {
                crlb_weights: Some([0.0, 0.0]),
                ..Scenario::default()
            },
            "crlb_weights",
        );
        refused(
            Scenario {
                crlb_weights: Some([1.0, -1.0]),
                ..Scenario::default()
            },
            "crlb_weights[1]",
        );
        let both = Scenario {
            crlb_weights: Some([1.0, 2.0]),
            state: true,
            ..Scenario::default()
        };
        refused(both, "position_unit_m");
        let far = Scenario {
            target_range_m: [60.0, 2491.0],
            echo_paths: EchoPaths::Drawn,
            ..Scenario::default()
        };
        refused(far, "target_range_m[1]");
    }

    #[test]
    fn every_file_of_a_figure_is_a_scenario() {
        crate::documented::figures(&crate::alpha_fair::paper(), of_document);
    }
}
