//! The rows of the secrecy rate with every power bounded by its own worst case.

use super::rows::{Rows, put};
use super::{BEYOND, Program};
use crate::hisac_see::problem::{Design, dot, square};
use isac_linalg::c64;
use isac_linalg::vector::add;
use isac_metrics::secrecy::Bound;
use isac_metrics::worst_case::Link;
use std::f64::consts::LN_2;

/// Bounds of a received power with their gradients; the lower one keeps the sign of what it bounds
/// and counts as 0 where it is negative.
pub(super) struct Term {
    low: f64,
    low_gradient: Vec<c64>,
    pub(super) high: f64,
    high_gradient: Vec<c64>,
}

impl Program<'_> {
    /// A beam's power over a link by its own worst case, `Bound::Decoupled` or `Bound::Appendix`.
    pub(super) fn term(&self, link: &Link, w: &[c64]) -> Term {
        let (c, r) = (link.centre(), link.radius());
        let product = dot(c, w);
        let (size, length) = (product.norm(), square(w).sqrt());
        let combine =
            |a: c64, b: f64| -> Vec<c64> { c.iter().zip(w).map(|(c, w)| c * a + w * b).collect() };
        if self.bound == Bound::Decoupled {
            let phase = if size > 0.0 { product / size } else { c64::ONE };
            let shrink = if length > 0.0 { r / length } else { 0.0 };
            let (low, high) = (size - r * length, size + r * length);
            return Term {
                low: low * low.abs(),
                low_gradient: combine(phase * (2.0 * low.abs()), -2.0 * low.abs() * shrink),
                high: high * high,
                high_gradient: combine(phase * (2.0 * high), 2.0 * high * shrink),
            };
        }
        let spread = 2.0 * r * square(c).sqrt() + r * r;
        Term {
            low: size * size - spread * length * length,
            low_gradient: combine(product * 2.0, -2.0 * spread),
            high: size * size + spread * length * length,
            high_gradient: combine(product * 2.0, 2.0 * spread),
        }
    }

    /// [`Program::secrecy_rows`] with every power bounded by itself.
    pub(super) fn termwise_rows(
        &self,
        x: &[f64],
        design: &Design,
        rows: &mut Rows<'_>,
    ) -> (f64, Vec<f64>) {
        let l = &self.layout;
        let [h_bo, h_e, g_bo, g_e] = &self.links;
        let gamma = self.gamma;
        let over = gamma.max(1.0);
        let [data_bo, sensing_bo] = [&design.w_bo, &design.w_ta].map(|w| self.term(h_bo, w));
        let [data_e, sensing_e] = [&design.w_bo, &design.w_ta].map(|w| self.term(h_e, w));
        let least = (square(h_e.centre()).sqrt() - h_e.radius()).max(0.0);
        let noise_e = 1.0 + self.isotropic * least * least;
        let signal = data_bo.low.max(0.0);
        let rate_row = rows.reserve();
        let (mut rate, mut rate_gradient) = (0.0, vec![0.0; x.len()]);
        let share = 1.0 / (LN_2 * l.slots as f64);
        let per_slot = l.m2 * l.streams / l.slots;
        for (s, streams) in self.slots(design).enumerate() {
            let at = |k: usize| Some(l.o + 2 * (s * per_slot + k * l.m2));
            let terms = |link: &Link| -> Vec<Term> {
                let streams = streams.chunks_exact(l.m2);
                streams.map(|o| self.term(link, o)).collect()
            };
            let z = x[l.bounds + s];
            let heard = terms(g_bo);
            let sum: f64 = heard.iter().map(|t| t.high).sum();
            let row = rows.push(sum + 1.0 + self.noise_bo - z);
            for (k, t) in heard.iter().enumerate() {
                put(row, at(k), 1.0, &t.high_gradient);
            }
            row[l.bounds + s] = -1.0;
            // A lower bound below zero says nothing and has no slope.
            let jamming: Vec<Term> = terms(g_e);
            let beta: f64 = jamming.iter().map(|t| t.low.max(0.0)).sum();
            let jam = |row: &mut [f64], factor: f64| {
                for (k, t) in jamming.iter().enumerate().filter(|(_, t)| t.low > 0.0) {
                    put(row, at(k), factor, &t.low_gradient);
                }
            };
            let under = sensing_e.low.max(0.0) + beta + noise_e;
            let t = data_e.high / under;
            rate += share * ((signal / z).ln_1p() - t.ln_1p());
            let g = &mut rate_gradient;
            let bob = share / (1.0 + signal / z);
            if data_bo.low > 0.0 {
                put(g, l.w_bo, bob / z, &data_bo.low_gradient);
            }
            g[l.bounds + s] -= bob * signal / (z * z);
            let leak = share / ((1.0 + t) * under);
            put(g, l.w_bo, -leak, &data_e.high_gradient);
            if sensing_e.low > 0.0 {
                put(g, l.w_ta, leak * t, &sensing_e.low_gradient);
            }
            jam(g, leak * t);
            let row = rows.push((gamma * z - data_bo.low) / over);
            row[l.bounds + s] = gamma / over;
            put(row, l.w_bo, -1.0 / over, &data_bo.low_gradient);
            let row = rows.push((gamma * (data_bo.high + z) - sensing_bo.low) / over);
            row[l.bounds + s] = gamma / over;
            put(row, l.w_bo, gamma / over, &data_bo.high_gradient);
            put(row, l.w_ta, -1.0 / over, &sensing_bo.low_gradient);
            if self.problem.ordering {
                let floor = data_e.low.max(0.0) + beta + noise_e;
                let row = rows.push((sensing_e.high - gamma * floor) / over);
                put(row, l.w_ta, 1.0 / over, &sensing_e.high_gradient);
                if data_e.low > 0.0 {
                    put(row, l.w_bo, -gamma / over, &data_e.low_gradient);
                }
                jam(row, -gamma / over);
            }
        }
        if self.problem.ordering {
            for (data, sensing) in [(&data_bo, &sensing_bo), (&data_e, &sensing_e)] {
                let row = rows.push(data.high - sensing.low);
                put(row, l.w_bo, 1.0, &data.high_gradient);
                put(row, l.w_ta, -1.0, &sensing.low_gradient);
            }
        }
        let needed = self.problem.requirements.secrecy_rate.min(BEYOND);
        add(rows.fill(rate_row, needed - rate), -1.0, &rate_gradient);
        (rate, rate_gradient)
    }
}
