//! The paper's scene and what is asked of it.
//!
//! Released: two access points at (25, 0) and (75, 0) m, 16 antennas each along the x axis at half a
//! wavelength, five users and a target with a random x in [0, 100] m at y = 50 m, channels of the line of
//! sight without path loss or phase, noise 1, 1 W per access point.

use isac_algos::cell_free::Network;
use isac_lab::document::{MOST_ENTRIES, Node};
use isac_lab::error::{Error, Source};
use isac_lab::paper::Scenarios;
use isac_lab::scenario::{self, Posed};
use isac_linalg::{Mat, c64, validate};
use isac_models::rng::{Stream, stream};
use rand::RngExt;
use serde::{Deserialize, Serialize};

use super::network::{Physics, Places, Point, TOP_KEYS, check_share, derivative, network};

/// Draws of a target after which its least distance to the users is given up.
const MOST_DRAWS: usize = 100_000;

/// The scenarios of the artefacts.
pub(super) const FIGURES: Scenarios = &[("fig3", FIG3), ("fig4", FIG3), ("front", FIG3)];
const FIG3: &str = include_str!("scenarios/fig3.toml");

/// What is simulated and asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Scenario {
    /// Positions of the access points, m.
    pub(super) access_points_m: Vec<Point>,
    /// Antennas of each access point.
    pub(super) antennas: usize,
    /// Spacing of the antennas, wavelengths.
    pub(super) spacing_wavelengths: f64,
    /// Users U.
    pub(super) users: usize,
    /// Targets T.
    pub(super) targets: usize,
    /// Users and targets have an x from 0 to this, m.
    pub(super) width_m: f64,
    /// Their y, m.
    pub(super) distance_m: f64,
    /// Least distance of a target to every user, m.
    pub(super) least_distance_m: f64,
    /// Share of the power for communication in the baselines.
    pub(super) share: f64,
    /// Power of each access point, W.
    #[serde(rename = "P_W")]
    pub(super) power_w: f64,
    /// Noise power of a user, W.
    #[serde(rename = "sigma2_W")]
    pub(super) noise_w: f64,
    /// Sensing SNR per watt at the target.
    pub(super) zeta2: f64,
    /// SINR floor of every user in the joint design; without it what NS+OPT reaches.
    pub(super) min_sinr: Option<f64>,
    /// Snapshots of the echoes in the bounds on angles; an echo has the SNR `zeta2` per watt and antenna.
    pub(super) snapshots: f64,
    /// Radius of the error of a user's channel at each access point, in the unit of the channels.
    pub(super) error_radius: f64,
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            access_points_m: vec![[25.0, 0.0], [75.0, 0.0]],
            antennas: 16,
            spacing_wavelengths: 0.5,
            users: 5,
            targets: 1,
            width_m: 100.0,
            distance_m: 50.0,
            least_distance_m: 0.0,
            share: 0.5,
            power_w: 1.0,
            noise_w: 1.0,
            zeta2: 0.1,
            min_sinr: None,
            snapshots: 1.0,
            error_radius: 0.0,
        }
    }
}

/// The scenario of a document, if it states no positions or channels; every refusal names its key.
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
    crate::of_figure("cell_free", FIGURES, name, of_document)
}

impl Scenario {
    fn check(&self) -> Result<(), isac_linalg::Error> {
        let points = self.access_points_m.len();
        let sizes = [
            ("access_points_m", points),
            ("antennas", self.antennas),
            ("users", self.users),
            ("targets", self.targets),
        ];
        for (key, size) in sizes {
            validate::positive(key, size as f64, "")?;
        }
        let rows = self.antennas as f64 * points as f64;
        let entries = rows * (rows + self.users as f64 + self.targets as f64);
        if entries > MOST_ENTRIES {
            let expected = format!("a size with at most {MOST_ENTRIES:e} entries in a covariance");
            let (key, size) = sizes[if self.users > self.antennas { 2 } else { 1 }];
            return Err(isac_linalg::Error::range(key, size as f64, expected));
        }
        validate::finite_list("access_points_m", self.access_points_m.as_flattened())?;
        validate::positive(
            "spacing_wavelengths",
            self.spacing_wavelengths,
            "wavelengths",
        )?;
        validate::nonnegative("width_m", self.width_m, "m")?;
        validate::finite_list("distance_m", &[self.distance_m])?;
        validate::nonnegative("least_distance_m", self.least_distance_m, "m")?;
        if self.least_distance_m >= self.width_m && self.least_distance_m > 0.0 {
            let expected = format!("below `width_m`, {} m", self.width_m);
            let key = "least_distance_m";
            return Err(isac_linalg::Error::range(
                key,
                self.least_distance_m,
                expected,
            ));
        }
        check_share(self.share)?;
        validate::positive("P_W", self.power_w, "W")?;
        validate::positive("sigma2_W", self.noise_w, "W")?;
        validate::positive("zeta2", self.zeta2, "")?;
        validate::positive("snapshots", self.snapshots, "")?;
        validate::nonnegative("error_radius", self.error_radius, "")?;
        self.min_sinr
            .map_or(Ok(()), |floor| validate::positive("min_sinr", floor, ""))
    }

    /// Users and targets of one draw.
    ///
    /// # Errors
    /// Users that leave no place for a target at its least distance.
    pub(super) fn places(&self, seed: u64, drop: usize) -> Result<Places, isac_linalg::Error> {
        let mut rng = stream(seed, Stream::Geometry, drop as u64);
        let mut draw = || [self.width_m * rng.random::<f64>(), self.distance_m];
        let users: Vec<Point> = (0..self.users).map(|_| draw()).collect();
        let mut targets = Vec::new();
        for _ in 0..self.targets {
            let apart = |place: &Point| {
                let clear = |user: &Point| (user[0] - place[0]).abs() >= self.least_distance_m;
                users.iter().all(clear)
            };
            let found = (0..MOST_DRAWS).map(|_| draw()).find(apart);
            targets.push(found.ok_or_else(|| {
                let expected = "a distance that the users of this draw leave free";
                isac_linalg::Error::range("least_distance_m", self.least_distance_m, expected)
            })?);
        }
        Ok(Places { users, targets })
    }

    /// The network of a draw.
    ///
    /// # Errors
    /// As [`network`] and [`Scenario::places`].
    pub(super) fn network(&self, seed: u64, drop: usize) -> Result<Network, Source> {
        let places = self.places(seed, drop)?;
        let points = self.access_points_m.len();
        let physics = Physics {
            antennas: vec![self.antennas; points],
            spacing_wavelengths: self.spacing_wavelengths,
            power_w: vec![self.power_w; points],
            noise_w: vec![self.noise_w; self.users],
            zeta2: self.zeta2,
        };
        network(&self.access_points_m, &places, physics)
    }

    /// Derivatives of the steering vectors of a draw by the angles.
    ///
    /// # Errors
    /// As [`Scenario::network`].
    pub(super) fn derivative(&self, seed: u64, drop: usize) -> Result<Mat<c64>, Source> {
        let places = self.places(seed, drop)?;
        let points = &self.access_points_m;
        let antennas = vec![self.antennas; points.len()];
        derivative(points, &places.targets, &antennas, self.spacing_wavelengths)
    }

    /// The network of draw `i` of `draws`; users that leave no place for the target are drawn again.
    pub(super) fn network_of_draw(
        &self,
        seed: u64,
        i: usize,
        draws: usize,
    ) -> Result<Network, Source> {
        let found = (0..1000).find_map(|again| self.network(seed, i + again * draws).ok());
        Ok(match found {
            Some(found) => found,
            None => self.network(seed, i)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_and_template_have_every_key_with_its_default() {
        crate::documented::agrees::<Scenario>("cell_free", crate::cell_free::TEMPLATE);
    }

    #[test]
    fn every_file_of_a_figure_is_a_scenario() {
        crate::documented::figures(&crate::cell_free::paper(), of_document);
    }

    /// `exp(j pi n cos theta)` with `theta = atan2(dy, dx)`, as released.
    #[test]
    fn channels_are_those_of_the_released_formula() {
        let scenario = Scenario::default();
        let places = scenario.places(1, 0).unwrap();
        let network = scenario.network(1, 0).unwrap();
        for (u, place) in places.users.iter().enumerate() {
            for (m, at) in scenario.access_points_m.iter().enumerate() {
                let theta = (place[1] - at[1]).atan2(place[0] - at[0]);
                for n in 0..16 {
                    let phase = std::f64::consts::PI * n as f64 * theta.cos();
                    let expected = c64::from_polar(1.0, phase);
                    let got = network.channels()[(16 * m + n, u)];
                    assert!((got - expected).norm() < 1e-13);
                }
            }
        }
        assert!((network.gain() - 0.1).abs() < 1e-16 && network.targets() == 1);
    }

    #[test]
    fn a_least_distance_holds_and_an_impossible_one_is_named() {
        let scenario = Scenario {
            least_distance_m: 20.0,
            ..Scenario::default()
        };
        for drop in 0..50 {
            // Five users may leave no place; then the key is named.
            match scenario.places(3, drop) {
                Ok(places) => {
                    let target = places.targets[0][0];
                    let near = places.users.iter().map(|u| (u[0] - target).abs());
                    assert!(near.fold(f64::INFINITY, f64::min) >= 20.0);
                }
                Err(error) => assert!(error.to_string().contains("least_distance_m")),
            }
        }
    }
}
