//! The best prices for the beams known so far.

use super::Dual;
use super::patterns::Pools;
use super::scene::{Scene, lower};
use crate::Error;
use isac_linalg::{Mat, c64};
use isac_opt::drive::Stop;
use isac_opt::manifold::Sphere;
use isac_opt::riemannian::{Method, Workspace, lbfgs};

/// Temperatures of the smoothed maxima, over `b`.
const TEMPERATURES: [f64; 3] = [3e-3, 3e-4, 3e-5];
/// Iterations at each. Few: with new beams the optimum is elsewhere.
const ITERATIONS: usize = 60;
/// A beam this many temperatures below the best does not count.
const FAR: f64 = 30.0;

impl Scene {
    /// The relaxation's prices: a factor of every `E_t` and the root of the price of power.
    pub(super) fn start(&self) -> Vec<f64> {
        let mut x = [1.0, 0.0, 1.0].repeat(self.targets);
        x.push(1.0);
        x
    }

    pub(super) fn unpack(&self, x: &[f64]) -> Dual {
        let root = x.last().copied().unwrap_or(1.0);
        let information = (0..self.targets).map(|t| {
            let [l11, l21, l22] = self.factor(x, t);
            [l11 * l11, l11 * l21, l21 * l21 + l22 * l22]
        });
        Dual {
            information: information.collect(),
            power: self.price * root * root,
        }
    }

    /// `a`.
    pub(super) fn gains(&self, dual: &Dual) -> f64 {
        let of = |t: usize| self.gain(t, lower(&dual.information[t])).0;
        (0..self.targets).map(of).sum()
    }
}

/// Descends at falling temperatures from `x`.
pub(super) fn improve(pools: &Pools<'_>, mut x: Vec<f64>) -> Result<Vec<f64>, Error> {
    let count = x.len();
    let sphere = Sphere::new(1.0)?;
    let method = Method::Lbfgs(lbfgs::Options {
        stop: Stop {
            max_iterations: ITERATIONS,
            ..Stop::default()
        },
        ..lbfgs::Options::default()
    });
    for temperature in TEMPERATURES {
        let size = x.iter().map(|v| v * v).sum::<f64>().sqrt();
        let point = Mat::from_fn(count, 1, |i, _| c64::new(x[i] / size, 0.0));
        let dual = pools.scene.unpack(&x);
        let tau = temperature * pools.scene.left * dual.power / (size * size);
        let end = method.minimise(
            &sphere,
            point.as_ref(),
            |w, mut gradient| {
                let x: Vec<f64> = (0..count).map(|i| w[(i, 0)].re).collect();
                let (value, slopes) = smooth(pools, &x, tau);
                for (i, slope) in slopes.into_iter().enumerate() {
                    gradient[(i, 0)] = c64::new(slope, 0.0);
                }
                Ok::<f64, Error>(value)
            },
            &mut Workspace::default(),
        )?;
        x = (0..count).map(|i| end.point[(i, 0)].re).collect();
    }
    Ok(x)
}

/// `ln b / 2 - ln a` with smoothed maxima, and its slopes.
fn smooth(pools: &Pools<'_>, x: &[f64], tau: f64) -> (f64, Vec<f64>) {
    let scene = pools.scene;
    let dual = scene.unpack(x);
    let (mut a, mut b, mut by_power) = (0.0, scene.left * dual.power, scene.left);
    // Slopes of b by E.
    let mut by = vec![[0.0; 3]; scene.targets];
    for (i, list) in pools.lists.iter().enumerate() {
        let worth = scene.worth(&dual, i);
        let values: Vec<f64> = list.iter().map(|p| p.value(&worth, dual.power)).collect();
        let top = values.iter().copied().fold(0.0, f64::max);
        if values.iter().all(|v| *v < -FAR * tau) {
            continue;
        }
        let mut sum = (-top / tau).exp();
        let mut rates = vec![0.0; scene.targets];
        let mut power = 0.0;
        for (pattern, value) in list.iter().zip(&values) {
            if *value < top - FAR * tau {
                continue;
            }
            let part = ((value - top) / tau).exp();
            sum += part;
            power += part * pattern.power;
            for (all, rate) in rates.iter_mut().zip(&pattern.rates) {
                *all += part * rate;
            }
        }
        b += top + tau * sum.ln();
        by_power -= power / sum;
        for t in 0..scene.targets {
            let unit = &scene.unit[t * scene.subcarriers + i];
            let slope = rates[t] / sum;
            by[t][0] += slope * unit[0];
            by[t][1] += slope * 2.0 * unit[1];
            by[t][2] += slope * unit[2];
        }
    }
    let mut of_a = vec![0.0; x.len()];
    let mut of_b = vec![0.0; x.len()];
    for t in 0..scene.targets {
        let l = scene.factor(x, t);
        let (gain, slopes) = scene.gain(t, l);
        a += gain;
        let [e11, e12, e22] = by[t];
        let of_l = [
            2.0 * l[0] * e11 + l[1] * e12,
            l[0] * e12 + 2.0 * l[1] * e22,
            2.0 * l[2] * e22,
        ];
        let [f11, f21, f22] = scene.factors[t];
        let back = |s: [f64; 3]| [f11 * s[0] + f21 * s[1], f22 * s[1], f22 * s[2]];
        of_a[3 * t..3 * t + 3].copy_from_slice(&back(slopes));
        of_b[3 * t..3 * t + 3].copy_from_slice(&back(of_l));
    }
    if let (Some(last), Some(root)) = (of_b.last_mut(), x.last()) {
        *last = 2.0 * scene.price * root * by_power;
    }
    let pairs = of_a.iter().zip(&of_b);
    let slopes = pairs.map(|(da, db)| 0.5 * db / b - da / a).collect();
    (0.5 * b.ln() - a.ln(), slopes)
}
