//! Default parameters of the experiments and the draws they run on.

use isac_algos::hisac_see::Problem;
use isac_lab::error::Source;
use isac_models::channel::{Fading, PathChannel, Shadowing};
use isac_models::ofdm::SPEED_OF_LIGHT_M_S;
use isac_models::rng::{self, Stream};
use isac_models::scene::{Scene, Topology};
use std::f64::consts::PI;

/// What an experiment varies; the default is the paper's Table II with the assumptions of our docs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Setup {
    /// Sides of BS1's array.
    pub(super) array1: (usize, usize),
    /// Sides of BS2's array.
    pub(super) array2: (usize, usize),
    /// Users.
    pub(super) users: usize,
    /// Error radius relative to the channel's norm.
    pub(super) error: f64,
    /// Positions.
    pub(super) topology: Topology,
    /// Law of the paths.
    pub(super) fading: Fading,
    /// Shadowing.
    pub(super) shadowing: Shadowing,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            array1: (6, 2),
            array2: (6, 2),
            users: 4,
            error: 0.1,
            topology: Topology::Fixed,
            fading: Fading::RicianShadowed,
            shadowing: Shadowing::AVERAGE,
        }
    }
}

/// Carrier frequency, Hz.
const CARRIER: f64 = 18e9;
/// Radar cross section, m^2.
const CROSS_SECTION: f64 = 10.0;
/// Noise power, W.
pub(super) const NOISE: f64 = 1e-8;
/// Circuit power, W.
const CIRCUIT: f64 = 10.0;

impl Setup {
    /// For `meta.json`.
    pub(super) fn describe(&self) -> serde_json::Value {
        serde_json::json!({
            "array1": self.array1, "array2": self.array2, "users": self.users,
            "relative_error": self.error, "carrier_hz": CARRIER, "noise_w": NOISE,
            "power_max_w": 10.0_f64.powf(2.5), "circuit_power_w": CIRCUIT, "rcs_m2": CROSS_SECTION,
            "sinr_threshold": 0.5, "rate_thresholds_bps_hz": 1.0,
        })
    }
}

/// The problem of a setup on draw `realization`, with the library's defaults.
pub(super) fn draw(setup: &Setup, seed: u64, realization: u64) -> Result<Problem, Source> {
    let wavelength = SPEED_OF_LIGHT_M_S / CARRIER;
    let model = |side| path_model(side, setup);
    let mut places = rng::stream(seed, Stream::Geometry, realization);
    let scene = Scene::draw(setup.topology, setup.users, &mut places)?;
    let mut fading = rng::stream(seed, Stream::Channel, realization);
    let cell = scene
        .channels(
            &model(setup.array1)?,
            &model(setup.array2)?,
            NOISE,
            &mut fading,
        )?
        .with_relative_error(setup.error)?;
    let reflection = 4.0 * PI * CROSS_SECTION / (wavelength * wavelength);
    let cap = 10.0_f64.powf(2.5);
    Ok(Problem::new(cell, reflection, cap, cap, CIRCUIT))
}

/// The channel model of an array with these sides.
pub(super) fn path_model(
    (horizontal, vertical): (usize, usize),
    setup: &Setup,
) -> Result<PathChannel, isac_models::Error> {
    let mut model = PathChannel::new(horizontal, vertical, SPEED_OF_LIGHT_M_S / CARRIER)?;
    model.fading = setup.fading;
    model.shadowing = setup.shadowing;
    Ok(model)
}
