//! Random instances of `noma/1`, as plain numbers.

use isac_algos::noma::robust::ErrorBall;
use isac_linalg::{Mat, c64, ops};
use isac_metrics::noma::SicSet;
use isac_models::array::{Scaling, Ula};
use isac_models::rng::{Stream, complex_normal, stream};
use rand::RngExt;
use rand::rngs::ChaCha8Rng;

use crate::noma::input::Problem;

/// What is drawn, as plain numbers.
pub(super) struct Instance {
    pub(super) h: Mat<c64>,
    pub(super) a: Mat<c64>,
    pub(super) noise: f64,
    pub(super) floor: f64,
    pub(super) difference: f64,
    pub(super) xi: Option<f64>,
    pub(super) sic: SicSet,
    pub(super) problem: Problem,
}

const CLASSES: [[&str; 4]; 4] = [
    [
        "power_min full",
        "power_min own",
        "power_min orthogonal",
        "power_min linear",
    ],
    [
        "max_min full",
        "max_min own",
        "max_min orthogonal",
        "max_min linear",
    ],
    [
        "robust_power_min full",
        "robust_power_min own",
        "robust_power_min orthogonal",
        "robust_power_min linear",
    ],
    [
        "robust_max_min full",
        "robust_max_min own",
        "robust_max_min orthogonal",
        "robust_max_min linear",
    ],
];

fn decade(rng: &mut ChaCha8Rng, low: f64, high: f64) -> f64 {
    10f64.powf(rng.random_range(low..high))
}

pub(super) fn draw(seed: u64, instance: u64) -> (Instance, &'static str) {
    let mut rng = stream(seed, Stream::Geometry, instance);
    let kind = match rng.random_range(0..20) {
        0..=9 => 0,
        10..=16 => 1,
        17..=18 => 2,
        _ => 3,
    };
    let robust = kind >= 2;
    let n = rng.random_range(1..=if robust { 6 } else { 16 });
    let k = rng.random_range(1..=if robust { 3 } else { 6 });
    let m = rng.random_range(0..=if robust { 2 } else { 3 });
    let mut h = complex_normal(n, k, &mut rng);
    ops::scale(h.as_mut(), decade(&mut rng, -6.0, 1.0));
    if k > 1 && rng.random::<f64>() < 0.2 {
        // Parallel but for a part, sometimes none.
        let part = if rng.random::<bool>() {
            0.0
        } else {
            decade(&mut rng, -9.0, -1.0)
        };
        for row in 0..n {
            let own = h[(row, 1)];
            h[(row, 1)] = h[(row, 0)] * 2.0 + own * part;
        }
    }
    let mut angles: Vec<f64> = (0..m).map(|_| rng.random_range(-1.4..1.4)).collect();
    if m > 1 && rng.random::<f64>() < 0.1 {
        angles[1] = angles[0];
    }
    let a = Ula::half_wavelength(n, Scaling::UnitEntries)
        .map_or_else(|_| Mat::zeros(n, m), |array| array.steering(&angles));
    let noise = decade(&mut rng, -15.0, 0.0);
    let least = (0..k)
        .map(|l| ops::norm2(h.subcols(l, 1)))
        .fold(f64::INFINITY, f64::min);
    // Floors from far below to far above what the users need.
    let floor = noise / least * decade(&mut rng, -2.0, 6.0);
    let xi = match rng.random_range(0..3) {
        0 => None,
        _ => Some(floor * floor * decade(&mut rng, -3.0, 1.0)),
    };
    let place = rng.random_range(0..4);
    let sic = SicSet::ALL[place];
    let top = if rng.random::<f64>() < 0.1 { 12.0 } else { 3.0 };
    let gamma: Vec<f64> = if rng.random::<bool>() {
        vec![decade(&mut rng, -3.0, top); k]
    } else {
        (0..k).map(|_| decade(&mut rng, -3.0, top)).collect()
    };
    let held = m as f64 * floor * (1.0 + 1.0 / n as f64);
    let budget = held * rng.random_range(0.9..1.5) + noise / least * decade(&mut rng, -1.0, 6.0);
    let ball = ErrorBall {
        radius: least.sqrt() * (1.02 * decade(&mut rng, -4.0, 0.0)),
        residual: rng.random::<bool>(),
    };
    let problem = match kind {
        0 => Problem::PowerMin { gamma },
        1 => Problem::MaxMin { budget },
        2 => Problem::RobustPowerMin { gamma, ball },
        _ => Problem::RobustMaxMin { budget, ball },
    };
    let instance = Instance {
        h,
        a,
        noise,
        floor,
        difference: floor * decade(&mut rng, -4.0, 0.0),
        xi,
        sic,
        problem,
    };
    (instance, CLASSES[kind][place])
}

impl Instance {
    /// The same scene with every power counted in another unit.
    pub(super) fn in_unit(&self, unit: f64) -> Self {
        let problem = match self.problem.clone() {
            Problem::MaxMin { budget } => Problem::MaxMin {
                budget: budget * unit,
            },
            Problem::RobustMaxMin { budget, ball } => Problem::RobustMaxMin {
                budget: budget * unit,
                ball,
            },
            other @ (Problem::PowerMin { .. } | Problem::RobustPowerMin { .. }) => other,
        };
        Self {
            h: self.h.clone(),
            a: self.a.clone(),
            noise: self.noise * unit,
            floor: self.floor * unit,
            difference: self.difference * unit,
            xi: self.xi.map(|xi| xi * unit * unit),
            sic: self.sic,
            problem,
        }
    }
}
