//! The rows of the program: values and gradients of the objective and of every constraint.

use super::{BEYOND, Branch, Program};
use crate::Error;
use crate::hisac_see::evaluate::scnr;
use crate::hisac_see::problem::{Design, Illumination, Objective, dot, square};
use isac_linalg::c64;
use isac_linalg::vector::add;
use isac_metrics::rsma::Decoding;
use isac_metrics::secrecy::Bound;
use isac_metrics::worst_case::Link;
use std::f64::consts::LN_2;

impl Program<'_> {
    /// Powers of BS1 and BS2 (slot average) with their limits.
    pub(super) fn power_rows(&self, design: &Design, rows: &mut Rows<'_>) -> (f64, f64) {
        let l = &self.layout;
        let power1 = design.power1() + self.problem.artificial_noise;
        let cap = self.problem.power1_max;
        let row = rows.push(power1 / cap - 1.0);
        put(row, l.w_bo, 2.0 / cap, &design.w_bo);
        put(row, l.w_ta, 2.0 / cap, &design.w_ta);
        let cap = self.problem.power2_max;
        let per_slot = l.m2 * l.streams / l.slots;
        let mut power2 = 0.0;
        for (s, streams) in design.streams.chunks_exact(per_slot).enumerate() {
            let power = square(streams);
            power2 += power / l.slots as f64;
            let row = rows.push(power / cap - 1.0);
            put(row, Some(l.o + 2 * s * per_slot), 2.0 / cap, streams);
        }
        (power1, power2)
    }

    /// Everything that concerns Bob and Eve; returns the secrecy rate and its gradient.
    pub(super) fn secrecy_rows(
        &self,
        x: &[f64],
        design: &Design,
        anchor: Option<&[f64]>,
        rows: &mut Rows<'_>,
    ) -> Result<(f64, Vec<f64>), Error> {
        let l = &self.layout;
        let n = x.len();
        if l.pieces == 1 {
            return Ok(self.termwise_rows(x, design, rows));
        }
        let [h_bo, h_e, _, _] = &self.links;
        let anchored = anchor.map(|anchor| self.beams(anchor));
        let (w_bo, w_ta) = (&design.w_bo, &design.w_ta);
        let r = &self.problem.requirements;
        let gamma = self.gamma;
        let root = gamma.sqrt();
        // Rows with a great threshold in units of it.
        let over = gamma.max(1.0);
        let floor = h_bo.amplitude_floor(w_bo);
        let amplitude = floor.value.max(0.0);
        let signal = amplitude * amplitude;
        let rate_row = rows.reserve();
        let (mut rate, mut rate_gradient) = (0.0, vec![0.0; n]);
        let per_slot = l.m2 * l.streams / l.slots;
        let share = 1.0 / (LN_2 * l.slots as f64);
        // |x^H (weight w)|^2 differentiated at a fixed channel x.
        let power_gradient = |row: &mut [f64], at: Option<usize>, t: f64, x: &[c64], w: &[c64]| {
            let product = dot(x, w) * (2.0 * t);
            if let Some(at) = at {
                for (i, x) in x.iter().enumerate() {
                    let g = x * product;
                    row[at + 2 * i] += g.re;
                    row[at + 2 * i + 1] += g.im;
                }
            }
        };
        let stream_gradient = |row: &mut [f64], s: usize, t: f64, x: &[c64]| {
            for k in 0..per_slot / l.m2 {
                let index = s * per_slot + k * l.m2;
                let o = &design.streams[index..index + l.m2];
                power_gradient(row, Some(l.o + 2 * index), t, x, o);
            }
        };
        for (s, streams) in self.slots(design).enumerate() {
            let at_anchor = anchored.as_ref().map(|design| {
                let range = s * per_slot..(s + 1) * per_slot;
                (design, &design.streams[range])
            });
            // Interference plus noise at Bob is at most z, for each of the channels that tie.
            let z = x[l.bounds + s];
            let worst = self.worst_pieces(streams, at_anchor.map(|a| a.1))?;
            for worst in worst.channels {
                let noise = 1.0 + self.noise_bo;
                let row = rows.push((power_of(&worst, streams) + noise - z) / noise);
                stream_gradient(row, s, 1.0 / noise, &worst);
                row[l.bounds + s] = -1.0 / noise;
            }
            let least = self.least(streams)?;
            let beta = least.value;
            let eve = |design: &Design, beta: f64, at: Option<&[c64]>| {
                let (data, sensing) = (&design.w_bo, &design.w_ta);
                h_e.ratio_pieces(data, sensing, self.isotropic, beta + 1.0, at)
            };
            let at = match at_anchor {
                Some((design, streams)) => {
                    Some(eve(design, self.least(streams)?.value, None).leading)
                }
                None => None,
            };
            // Eve's SINR of Bob's data is at most t, likewise.
            let t = x[l.leaks + s];
            for worst in eve(design, beta, at.as_deref()).channels {
                let under =
                    dot(&worst, w_ta).norm_sqr() + self.isotropic * square(&worst) + beta + 1.0;
                let ratio = dot(&worst, w_bo).norm_sqr() / under;
                let row = rows.push(ratio - t);
                power_gradient(row, l.w_bo, 1.0 / under, &worst, w_bo);
                power_gradient(row, l.w_ta, -ratio / under, &worst, w_ta);
                stream_gradient(row, s, -ratio / under, &least.at);
                row[l.leaks + s] = -1.0;
            }
            // Rates.
            rate += share * ((signal / z).ln_1p() - t.ln_1p());
            let g = &mut rate_gradient;
            let bob = share / (1.0 + signal / z);
            put(g, l.w_bo, bob * 2.0 * amplitude / z, &floor.gradient);
            g[l.bounds + s] -= bob * signal / (z * z);
            g[l.leaks + s] -= share / (1.0 + t);
            // Bob's data: sqrt(gamma z) <= worst amplitude.
            let needed = (gamma * z / over).sqrt();
            let part = 1.0 / over.sqrt();
            let row = rows.push(needed - floor.value * part);
            if needed > 0.0 {
                row[l.bounds + s] = 0.5 * (gamma / over) / needed;
            }
            put(row, l.w_bo, -part, &floor.gradient);
            // Bob hears the sensing beam: gamma (|h^H w_bo|^2 + z) - |h^H w_ta|^2 <= 0 for all h.
            let scaled: Vec<c64> = w_bo.iter().map(|w| w * root).collect();
            let gap = h_bo.difference_max(&scaled, w_ta, 0.0);
            let row = rows.push((gap.value + gamma * z) / over);
            power_gradient(row, l.w_bo, gamma / over, &gap.at, w_bo);
            power_gradient(row, l.w_ta, -1.0 / over, &gap.at, w_ta);
            row[l.bounds + s] = gamma / over;
            // Eve does not decode it: |h^H w_ta|^2 <= gamma (|h^H w_bo|^2 + beta + 1) for all h.
            if self.problem.ordering {
                let noise = gamma * self.isotropic;
                let heard = |design: &Design, at: Option<&[c64]>| {
                    let scaled: Vec<c64> = design.w_bo.iter().map(|w| w * root).collect();
                    h_e.difference_pieces(&design.w_ta, &scaled, noise, at)
                };
                let at = at_anchor.map(|(design, _)| heard(design, None).leading);
                for worst in heard(design, at.as_deref()).channels {
                    let gap = dot(&worst, w_ta).norm_sqr()
                        - gamma * dot(&worst, w_bo).norm_sqr()
                        - noise * square(&worst);
                    let row = rows.push((gap - gamma * (beta + 1.0)) / over);
                    power_gradient(row, l.w_ta, 1.0 / over, &worst, w_ta);
                    power_gradient(row, l.w_bo, -gamma / over, &worst, w_bo);
                    stream_gradient(row, s, -gamma / over, &least.at);
                }
            }
        }
        if self.problem.ordering && self.branch == Branch::Apart {
            let floor = h_e.amplitude_floor(w_ta);
            put(rows.push(-floor.value), l.w_ta, -1.0, &floor.gradient);
            for link in [h_bo, h_e] {
                let gap = link.difference_max(w_bo, w_ta, 0.0);
                let row = rows.push(gap.value);
                power_gradient(row, l.w_bo, 1.0, &gap.at, w_bo);
                power_gradient(row, l.w_ta, -1.0, &gap.at, w_ta);
            }
        }
        add(
            rows.fill(rate_row, r.secrecy_rate.min(BEYOND) - rate),
            -1.0,
            &rate_gradient,
        );
        Ok((rate, rate_gradient))
    }

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

    pub(super) fn scnr_row(
        &self,
        design: &Design,
        n: usize,
        rows: &mut Rows<'_>,
    ) -> (f64, Vec<f64>) {
        let l = &self.layout;
        let found = scnr(self.problem, &self.echo, &self.cell, design);
        let mut gradient = vec![0.0; n];
        let both = self.problem.illumination == Illumination::Both;
        for (at, w, counts) in [(l.w_bo, &design.w_bo, both), (l.w_ta, &design.w_ta, true)] {
            for (h, slope, counts) in [
                (&self.cell.h_ta, found.by_illumination, counts),
                (&self.cell.h_cl, found.by_clutter, true),
            ] {
                if counts && slope.abs() > 0.0 {
                    let product = dot(h, w) * (2.0 * slope);
                    let g: Vec<c64> = h.iter().map(|h| h * product).collect();
                    put(&mut gradient, at, 1.0, &g);
                }
            }
        }
        let needed = self.gamma;
        if self.problem.objective != Objective::Scnr {
            // In amplitudes, which keeps the row close to linear.
            let value = if needed > 0.0 {
                1.0 - (found.value / needed).sqrt()
            } else {
                -1.0
            };
            let row = rows.push(value);
            if needed > 0.0 && found.value > 0.0 {
                add(row, -0.5 / (needed * found.value).sqrt(), &gradient);
            }
        }
        (found.value, gradient)
    }

    pub(super) fn user_rows(&self, x: &[f64], design: &Design, rows: &mut Rows<'_>) {
        let l = &self.layout;
        let powers = self.powers(design);
        if let Some(needed) = &self.needed {
            for (d, &need) in self.decodings.iter().zip(needed) {
                let under = self.interference(d, &powers);
                let over = need.max(1.0);
                let (length, part) = ((need / over * under).sqrt(), 1.0 / over.sqrt());
                let size = powers[d.user].0[d.stream].norm();
                let row = rows.push(length - size * part);
                if length > 0.0 {
                    let slope = 0.5 * (need / over) / length;
                    self.interference_gradient(row, d, design, &powers, slope);
                }
                if size > 0.0 {
                    self.stream_gradient(row, d.user, d.stream, &powers, -0.5 * part / size);
                }
            }
            return;
        }
        let target = self.problem.unicast_rate().min(BEYOND);
        let portions = &x[l.portions..l.portions + l.portion_count];
        let total: f64 = portions.iter().sum();
        for d in &self.decodings {
            let under = self.interference(d, &powers);
            let sinr = self.sinr(d, &powers);
            let rate = sinr.ln_1p() / LN_2;
            let slope = 1.0 / (LN_2 * (1.0 + sinr) * under);
            let common = d.stream == 0;
            let row = rows.push(if common {
                total - rate
            } else {
                target - portions[d.user] - rate
            });
            self.stream_gradient(row, d.user, d.stream, &powers, -slope);
            self.interference_gradient(row, d, design, &powers, slope * sinr);
            if common {
                row[l.portions..l.portions + l.portion_count].fill(1.0);
            } else {
                row[l.portions + d.user] = -1.0;
            }
        }
        for (n, portion) in portions.iter().enumerate() {
            rows.push(-portion)[l.portions + n] = -1.0;
        }
    }

    /// Adds `t` times the gradient of `|g^H o|^2`.
    fn stream_gradient(
        &self,
        row: &mut [f64],
        user: usize,
        stream: usize,
        powers: &[(Vec<c64>, f64)],
        t: f64,
    ) {
        let product = powers[user].0[stream] * (2.0 * t);
        let at = self.layout.o + 2 * stream * self.layout.m2;
        for (i, g) in self.g_users[user].iter().enumerate() {
            let g = g * product;
            row[at + 2 * i] += g.re;
            row[at + 2 * i + 1] += g.im;
        }
    }

    fn interference_gradient(
        &self,
        row: &mut [f64],
        d: &Decoding,
        design: &Design,
        powers: &[(Vec<c64>, f64)],
        t: f64,
    ) {
        for &k in &d.interferers {
            self.stream_gradient(row, d.user, k, powers, t);
        }
        let h = &self.h_users[d.user];
        for (at, w) in [
            (self.layout.w_bo, &design.w_bo),
            (self.layout.w_ta, &design.w_ta),
        ] {
            let product = dot(h, w) * (2.0 * t);
            if let Some(at) = at {
                for (i, h) in h.iter().enumerate() {
                    let g = h * product;
                    row[at + 2 * i] += g.re;
                    row[at + 2 * i + 1] += g.im;
                }
            }
        }
    }
}

/// Bounds of a received power with their gradients; the lower one keeps the sign of what it bounds
/// and counts as 0 where it is negative.
pub(super) struct Term {
    low: f64,
    low_gradient: Vec<c64>,
    pub(super) high: f64,
    high_gradient: Vec<c64>,
}

/// Constraint rows being filled in order.
pub(super) struct Rows<'a> {
    pub(super) constraints: &'a mut [f64],
    pub(super) jacobian: &'a mut [f64],
    pub(super) n: usize,
    pub(super) next: usize,
}

impl Rows<'_> {
    /// Sets the next constraint and returns its gradient's row, zero so far.
    fn push(&mut self, value: f64) -> &mut [f64] {
        let row = self.reserve();
        self.fill(row, value)
    }

    /// Leaves the next row to be filled later.
    fn reserve(&mut self) -> usize {
        self.next += 1;
        self.next - 1
    }

    fn fill(&mut self, row: usize, value: f64) -> &mut [f64] {
        self.constraints[row] = value;
        &mut self.jacobian[row * self.n..(row + 1) * self.n]
    }
}

/// `sum_k |x^H o_k|^2`.
pub(super) fn power_of(x: &[c64], streams: &[c64]) -> f64 {
    streams
        .chunks_exact(x.len())
        .map(|o| dot(x, o).norm_sqr())
        .sum()
}

pub(super) fn put(row: &mut [f64], at: Option<usize>, t: f64, g: &[c64]) {
    if let Some(at) = at {
        for (i, g) in g.iter().enumerate() {
            row[at + 2 * i] += t * g.re;
            row[at + 2 * i + 1] += t * g.im;
        }
    }
}
