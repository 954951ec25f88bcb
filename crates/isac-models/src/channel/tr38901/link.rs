//! Clusters, rays and the frequency-selective response of one link, clause 7.5 steps 5 to 11.

use super::large_scale::within;
use super::{DISTANCES_M, Environment, LargeScale, Table};
use crate::{Error, array::Element, ofdm::Grid, ofdm::SPEED_OF_LIGHT_M_S};
use isac_linalg::{Mat, c64, validate};
use rand::{Rng, RngExt};
use rand_distr::{Distribution, StandardNormal};
use std::f64::consts::{PI, TAU};

/// Ray offsets of table 7.5-3 for an RMS spread of 1; each is taken with both signs.
const RAY_OFFSETS: [f64; 10] = [
    0.0447, 0.1413, 0.2492, 0.3715, 0.5129, 0.6797, 0.8844, 1.1481, 1.5195, 2.1551,
];

/// Clusters this far below the strongest cluster of the scattered part are dropped, dB (step 6). The
/// direct path is no cluster of the response, Eq. (7.5-22): measured against it, a K-factor of 15 dB
/// would leave only clusters within 10 dB of each other, and half of the delay spread.
const CLUSTER_FLOOR_DB: f64 = 25.0;

/// Where a user stands, seen from the base station.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    /// Horizontal distance, m.
    pub distance_m: f64,
    /// Azimuth from broadside, rad.
    pub azimuth_rad: f64,
}

/// The clusters of a link.
#[derive(Debug, Clone, PartialEq)]
pub struct Clusters {
    /// Delays after the first arrival, ascending, s.
    pub delays_s: Vec<f64>,
    /// Powers of the scattered part, summing to 1 before weak clusters are dropped.
    pub powers: Vec<f64>,
    /// Azimuths of departure, degrees.
    pub azimuths_deg: Vec<f64>,
}

/// One drawn link.
#[derive(Debug, Clone)]
pub struct Link {
    /// The large-scale parameters.
    pub large: LargeScale,
    /// The clusters.
    pub clusters: Clusters,
    /// Channel h, antennas x subcarriers, as in `y = h^H x`; amplitude includes all losses.
    pub response: Mat<c64>,
}

impl Link {
    /// Draws a link from the base station's half-wavelength array of `antennas` such elements along y,
    /// which look along x, to a single-antenna user.
    ///
    /// # Errors
    /// A distance or carrier outside the standard's range, an azimuth that is not finite, no antenna.
    pub fn draw(
        environment: Environment,
        place: Place,
        grid: &Grid,
        antennas: usize,
        element: Element,
        rng: &mut impl Rng,
    ) -> Result<Self, Error> {
        let large = LargeScale::draw(environment, place.distance_m, grid.carrier_hz(), rng)?;
        Self::draw_given(environment, large, place, grid, antennas, element, rng)
    }

    /// Draws the small-scale part of a link with these large-scale parameters.
    ///
    /// # Errors
    /// As [`Link::draw`].
    pub fn draw_given(
        environment: Environment,
        large: LargeScale,
        place: Place,
        grid: &Grid,
        antennas: usize,
        element: Element,
        rng: &mut impl Rng,
    ) -> Result<Self, Error> {
        within("distance", place.distance_m, DISTANCES_M, "m")?;
        validate::finite_list("azimuth", &[place.azimuth_rad])?;
        validate::positive("antennas", antennas as f64, "")?;
        let table = environment.table(large.line_of_sight)?;
        let clusters = Clusters::draw(&table, &large, place.azimuth_rad.to_degrees(), rng);
        let height = environment.base_station_height_m() - super::USER_HEIGHT_M;
        let far = place.distance_m.hypot(height);
        let mut response = scattered(&table, &clusters, grid, antennas, element, rng);
        let amplitude = 10f64.powf(-large.loss_db() / 20.0);
        let (direct, rest) = if large.line_of_sight {
            let k = 10f64.powf(large.k_db / 10.0);
            ((k / (k + 1.0)).sqrt(), (1.0 / (k + 1.0)).sqrt())
        } else {
            (0.0, 1.0)
        };
        let wave_turns = (far * grid.carrier_hz() / SPEED_OF_LIGHT_M_S).fract();
        let seen_with = direct * element.gain(place.azimuth_rad, 0.0).sqrt();
        let straight = c64::cis(TAU * wave_turns) * seen_with;
        let sine = place.azimuth_rad.sin();
        for i in 0..grid.subcarriers() {
            for n in 0..antennas {
                let seen = straight * c64::cis(PI * n as f64 * sine);
                response[(n, i)] = (response[(n, i)] * rest + seen) * amplitude;
            }
        }
        Ok(Self {
            large,
            clusters,
            response,
        })
    }
}

impl Clusters {
    /// Steps 5 to 7: delays, powers, departure azimuths.
    fn draw(table: &Table, large: &LargeScale, azimuth_deg: f64, rng: &mut impl Rng) -> Self {
        let spread = table.delay_scaling * large.delay_spread_s;
        let mut delays: Vec<f64> = (0..table.clusters)
            .map(|_| -spread * (1.0 - rng.random::<f64>()).ln())
            .collect();
        delays.sort_by(f64::total_cmp);
        let first = delays[0];
        delays.iter_mut().for_each(|d| *d -= first);
        let mut powers: Vec<f64> = delays
            .iter()
            .map(|tau| {
                let z: f64 = StandardNormal.sample(rng);
                (-tau * (table.delay_scaling - 1.0) / spread).exp()
                    * 10f64.powf(-table.cluster_shadow_std_db * z / 10.0)
            })
            .collect();
        let total: f64 = powers.iter().sum();
        powers.iter_mut().for_each(|p| *p /= total);

        let k_db = large.k_db;
        let mut angle_powers = powers.clone();
        let mut angle_scaling = table.angle_scaling;
        if large.line_of_sight {
            let stretch = 0.7705 - 0.0433 * k_db + 2e-4 * k_db.powi(2) + 1.7e-5 * k_db.powi(3);
            delays.iter_mut().for_each(|d| *d /= stretch);
            let k = 10f64.powf(k_db / 10.0);
            angle_powers.iter_mut().for_each(|p| *p /= k + 1.0);
            angle_powers[0] += k / (k + 1.0);
            angle_scaling *= 1.1035 - 0.028 * k_db - 2e-3 * k_db.powi(2) + 1e-4 * k_db.powi(3);
        }
        let top = angle_powers.iter().copied().fold(0.0, f64::max);
        let spread_deg = large.departure_spread_deg;
        let mut azimuths: Vec<f64> = angle_powers
            .iter()
            .map(|p| {
                let away = 2.0 * (spread_deg / 1.4) * (-(p / top).ln()).max(0.0).sqrt();
                let sign = if rng.random::<bool>() { 1.0 } else { -1.0 };
                let z: f64 = StandardNormal.sample(rng);
                sign * away / angle_scaling + spread_deg / 7.0 * z
            })
            .collect();
        if large.line_of_sight {
            let first = azimuths[0];
            azimuths.iter_mut().for_each(|a| *a -= first);
        }
        let strongest = powers.iter().copied().fold(0.0, f64::max);
        let floor = strongest * 10f64.powf(-CLUSTER_FLOOR_DB / 10.0);
        let kept: Vec<usize> = (0..table.clusters)
            .filter(|&n| powers[n] >= floor)
            .collect();
        Self {
            delays_s: kept.iter().map(|&n| delays[n]).collect(),
            powers: kept.iter().map(|&n| powers[n]).collect(),
            azimuths_deg: kept.iter().map(|&n| azimuths[n] + azimuth_deg).collect(),
        }
    }

    /// RMS delay spread of the scattered part, s.
    pub fn delay_spread_s(&self) -> f64 {
        let total: f64 = self.powers.iter().sum();
        let moment = |order: i32| {
            let weighted = self.powers.iter().zip(&self.delays_s);
            weighted.map(|(p, d)| p * d.powi(order)).sum::<f64>() / total
        };
        (moment(2) - moment(1).powi(2)).max(0.0).sqrt()
    }
}

/// The scattered part: antennas x subcarriers, unit mean power per entry of isotropic elements.
fn scattered(
    table: &Table,
    clusters: &Clusters,
    grid: &Grid,
    antennas: usize,
    element: Element,
    rng: &mut impl Rng,
) -> Mat<c64> {
    let mut response = Mat::zeros(antennas, grid.subcarriers());
    let mut beam = vec![c64::ZERO; antennas];
    for n in 0..clusters.powers.len() {
        beam.fill(c64::ZERO);
        let per_ray = (clusters.powers[n] / (2 * RAY_OFFSETS.len()) as f64).sqrt();
        for offset in RAY_OFFSETS {
            for sign in [1.0, -1.0] {
                let turn = sign * offset * table.cluster_departure_spread_deg;
                let azimuth = (clusters.azimuths_deg[n] + turn).to_radians();
                let (sine, seen) = (azimuth.sin(), per_ray * element.gain(azimuth, 0.0).sqrt());
                let phase = TAU * rng.random::<f64>();
                for (antenna, entry) in beam.iter_mut().enumerate() {
                    *entry += c64::cis(phase + PI * antenna as f64 * sine) * seen;
                }
            }
        }
        for i in 0..grid.subcarriers() {
            let turn = c64::cis(TAU * (grid.offset_hz(i) * clusters.delays_s[n]).fract());
            for antenna in 0..antennas {
                response[(antenna, i)] += beam[antenna] * turn;
            }
        }
    }
    response
}
