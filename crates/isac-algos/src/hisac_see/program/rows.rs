//! The rows of the program: values and gradients of the objective and of every constraint.

use super::{BEYOND, Program};
use crate::hisac_see::evaluate::scnr;
use crate::hisac_see::problem::{Design, Illumination, Objective, dot, square};
use isac_linalg::c64;
use isac_linalg::vector::add;
use isac_metrics::rsma::Decoding;
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

/// Constraint rows being filled in order.
pub(super) struct Rows<'a> {
    pub(super) constraints: &'a mut [f64],
    pub(super) jacobian: &'a mut [f64],
    pub(super) n: usize,
    pub(super) next: usize,
}

impl Rows<'_> {
    /// Sets the next constraint and returns its gradient's row, zero so far.
    pub(super) fn push(&mut self, value: f64) -> &mut [f64] {
        let row = self.reserve();
        self.fill(row, value)
    }

    /// Leaves the next row to be filled later.
    pub(super) fn reserve(&mut self) -> usize {
        self.next += 1;
        self.next - 1
    }

    pub(super) fn fill(&mut self, row: usize, value: f64) -> &mut [f64] {
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
