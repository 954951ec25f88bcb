//! The maximum over the light of all targets on one subcarrier, at a vertex of the box of caps.

use super::prices::Prices;
use super::scene::Scene;

/// What the vertices of the box of caps inform, for both halves.
pub(super) struct Vertices {
    pub(super) caps: Vec<[f64; 2]>,
    /// `g_t sum_j kappa_tj / (sigma_j + sum_{q in v} b_qj g_q)`, per half: vertex-major, 0 for targets that
    /// the vertex leaves dark.
    pub(super) rates: [Vec<f64>; 2],
    /// The same for every target alone.
    pub(super) alone: Vec<[f64; 2]>,
}

impl Vertices {
    pub(super) fn new(scene: &Scene, caps: &[[f64; 2]]) -> Self {
        let (targets, nodes) = (scene.targets, scene.nodes());
        let rates = [0, 1].map(|h| {
            let mut list = vec![0.0; targets << targets];
            for v in 0..1usize << targets {
                let lit = |t: usize| v >> t & 1 == 1;
                for t in (0..targets).filter(|&t| lit(t)) {
                    let rate = |j: usize| {
                        let others = (0..targets).filter(|&q| q != t && lit(q));
                        let heard = others.map(|q| scene.reflection[q * nodes + j] * caps[q][h]);
                        scene.kappa[t * nodes + j] / (scene.noise[j] + heard.sum::<f64>())
                    };
                    list[v * targets + t] = caps[t][h] * (0..nodes).map(rate).sum::<f64>();
                }
            }
            list
        });
        Self {
            alone: (0..targets)
                .map(|t| [0, 1].map(|h| caps[t][h] * scene.quiet(t)))
                .collect(),
            caps: caps.to_vec(),
            rates,
        }
    }

    /// `e_ti` and whether a vertex other than darkness comes within `room` of 0.
    pub(super) fn informs(
        &self,
        scene: &Scene,
        dual: &Prices,
        prices: &[f64],
        i: usize,
        room: f64,
    ) -> (Vec<f64>, bool) {
        let h = scene.half(i);
        let e: Vec<f64> = (0..scene.targets)
            .map(|t| scene.informs(&dual.information[t], t, i))
            .collect();
        let near = (0..scene.targets)
            .any(|t| e[t] * self.alone[t][h] - prices[t] * self.caps[t][h] > -room);
        (e, near)
    }

    pub(super) fn value(
        &self,
        scene: &Scene,
        h: usize,
        e: &[f64],
        prices: &[f64],
        v: usize,
    ) -> f64 {
        let rates = &self.rates[h][v * scene.targets..(v + 1) * scene.targets];
        let mut sum = 0.0;
        for t in 0..scene.targets {
            if v >> t & 1 == 1 {
                sum += rates[t] * e[t] - prices[t] * self.caps[t][h];
            }
        }
        sum
    }

    /// `phi_i`.
    pub(super) fn most(&self, scene: &Scene, dual: &Prices, prices: &[f64], i: usize) -> f64 {
        let (e, near) = self.informs(scene, dual, prices, i, 0.0);
        if !near {
            return 0.0;
        }
        let h = scene.half(i);
        (0..1usize << scene.targets)
            .map(|v| self.value(scene, h, &e, prices, v))
            .fold(0.0, f64::max)
    }

    /// `phi_i` smoothed; adds its slopes.
    pub(super) fn smooth(
        &self,
        scene: &Scene,
        dual: &Prices,
        prices: &[f64],
        i: usize,
        tau: f64,
        by: &mut [[f64; 6]],
    ) -> f64 {
        const FAR: f64 = 30.0;
        let (e, near) = self.informs(scene, dual, prices, i, FAR * tau);
        if !near {
            return 0.0;
        }
        let (h, targets) = (scene.half(i), scene.targets);
        let values: Vec<f64> = (0..1usize << targets)
            .map(|v| self.value(scene, h, &e, prices, v))
            .collect();
        let top = values.iter().copied().fold(0.0, f64::max);
        let mut sum = 0.0;
        let mut by_rate = vec![0.0; targets];
        let mut by_price = vec![0.0; targets];
        for (v, value) in values.iter().enumerate() {
            if *value < top - FAR * tau {
                continue;
            }
            let part = ((value - top) / tau).exp();
            sum += part;
            for t in (0..targets).filter(|t| v >> t & 1 == 1) {
                by_rate[t] += part * self.rates[h][v * targets + t];
                by_price[t] += part * self.caps[t][h];
            }
        }
        for t in 0..targets {
            let unit = &scene.unit[t * scene.subcarriers + i];
            let slope = by_rate[t] / sum;
            by[t][0] += slope * unit[0];
            by[t][1] += slope * 2.0 * unit[1];
            by[t][2] += slope * unit[2];
            by[t][3] -= by_price[t] / sum;
            by[t][4 + h] -= by_price[t] / sum;
        }
        top + tau * sum.ln()
    }
}
