//! Scenes for the tests: stored cases and random draws.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test file uses a part; tests may unwrap"
)]

use isac_algos::noma::{Mode, Scene, Sensing};
use isac_linalg::{Mat, c64};
use isac_metrics::noma::SicSet;
use isac_models::array::{Scaling, Ula};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use serde_json::Value;

/// A stored case of `tests/fixtures`.
pub(crate) fn fixture(name: &str) -> Value {
    let path = format!("{}/tests/fixtures/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Steering vectors of a half-wavelength array.
pub(crate) fn steering(antennas: usize, angles_deg: &[f64]) -> Mat<c64> {
    let array = Ula::half_wavelength(antennas, Scaling::UnitEntries).unwrap();
    let angles: Vec<f64> = angles_deg.iter().map(|a| a.to_radians()).collect();
    array.steering(&angles)
}

/// Complex matrix from `{re, im}`.
pub(crate) fn complex(value: &Value) -> Mat<c64> {
    let rows = value["re"].as_array().unwrap().len();
    let cols = value["re"][0].as_array().unwrap().len();
    Mat::from_fn(rows, cols, |i, j| {
        c64::new(
            value["re"][i][j].as_f64().unwrap(),
            value["im"][i][j].as_f64().unwrap(),
        )
    })
}

/// The scene of a fixture in a mode, without overrides.
pub(crate) fn scene_of(doc: &Value, sic: SicSet, ordering: bool) -> Scene {
    let h = complex(&doc["H"]);
    let angles: Vec<f64> = doc["angles_deg"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| a.as_f64().unwrap())
        .collect();
    let sensing = Sensing {
        floor: doc["Ps_W"].as_f64().unwrap(),
        difference: doc["Pdiff_W"].as_f64().unwrap(),
        cross_correlation: doc["xi_W2"].as_f64(),
    };
    let mode = Mode {
        sic,
        ordering,
        ..Mode::default()
    };
    let noise = doc["sigma2_W"].as_f64().unwrap();
    let a = steering(h.nrows(), &angles);
    Scene::new(h.as_ref(), a.as_ref(), noise, sensing, mode).unwrap()
}

pub(crate) fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

/// Entries i.i.d. CN(0, 1).
pub(crate) fn rayleigh(antennas: usize, users: usize, rng: &mut ChaCha8Rng) -> Mat<c64> {
    Mat::from_fn(antennas, users, |_, _| {
        let radius = (-(1.0 - rng.random::<f64>()).ln()).sqrt();
        c64::from_polar(radius, std::f64::consts::TAU * rng.random::<f64>())
    })
}

/// The paper's sensing demands.
pub(crate) const PAPER: Sensing = Sensing {
    floor: 2.0,
    difference: 0.001,
    cross_correlation: Some(10.0),
};

/// The paper's geometry with random channels.
pub(crate) fn paper_scene(antennas: usize, seed: u64, sic: SicSet) -> Scene {
    let h = rayleigh(antennas, 3, &mut rng(seed));
    let a = steering(antennas, &[-60.0, 60.0]);
    let mode = Mode {
        sic,
        ..Mode::default()
    };
    Scene::new(h.as_ref(), a.as_ref(), 0.01, PAPER, mode).unwrap()
}

pub(crate) fn close(got: f64, expected: f64, rel: f64) {
    assert!(
        (got - expected).abs() <= rel * expected.abs(),
        "got {got}, expected {expected}, relative {:e}",
        (got - expected) / expected
    );
}
