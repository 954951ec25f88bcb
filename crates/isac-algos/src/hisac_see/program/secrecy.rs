//! The rows that concern Bob and Eve, every worst case exact.

use super::rows::{Rows, power_of, put};
use super::{BEYOND, Branch, Program};
use crate::Error;
use crate::hisac_see::problem::{Design, dot, square};
use isac_linalg::c64;
use isac_linalg::vector::add;
use isac_metrics::worst_case::{AmplitudeFloor, Attained};
use std::f64::consts::LN_2;

/// One slot of BS2's streams at a point.
struct Slot<'a> {
    index: usize,
    design: &'a Design,
    streams: &'a [c64],
    /// Beams and streams of the slot that say which of tied channels come first.
    anchor: Option<(&'a Design, &'a [c64])>,
    /// Bound on interference plus noise at Bob.
    z: f64,
    /// Bound on Eve's SINR of Bob's data.
    t: f64,
}

/// The threshold `gamma` of both SINR, what rows with a great one are divided by, and its root.
#[derive(Clone, Copy)]
struct Threshold {
    gamma: f64,
    over: f64,
    root: f64,
}

impl Program<'_> {
    /// Everything that concerns Bob and Eve; returns the secrecy rate and its gradient.
    pub(super) fn secrecy_rows(
        &self,
        x: &[f64],
        design: &Design,
        anchor: Option<&[f64]>,
        rows: &mut Rows<'_>,
    ) -> Result<(f64, Vec<f64>), Error> {
        let l = &self.layout;
        if l.pieces == 1 {
            return Ok(self.termwise_rows(x, design, rows));
        }
        let anchored = anchor.map(|anchor| self.beams(anchor));
        let threshold = Threshold {
            gamma: self.gamma,
            over: self.gamma.max(1.0),
            root: self.gamma.sqrt(),
        };
        let floor = self.links[0].amplitude_floor(&design.w_bo);
        let rate_row = rows.reserve();
        let (mut rate, mut rate_gradient) = (0.0, vec![0.0; x.len()]);
        let per_slot = self.per_slot();
        for (index, streams) in self.slots(design).enumerate() {
            let at_anchor = anchored.as_ref().map(|design| {
                let range = index * per_slot..(index + 1) * per_slot;
                (design, &design.streams[range])
            });
            let slot = Slot {
                index,
                design,
                streams,
                anchor: at_anchor,
                z: x[l.bounds + index],
                t: x[l.leaks + index],
            };
            self.interference_rows(&slot, rows)?;
            let least = self.least(streams)?;
            self.leak_rows(&slot, &least, rows)?;
            rate += self.slot_rate(&slot, &floor, &mut rate_gradient);
            self.decoding_rows(&slot, &floor, threshold, rows);
            if self.problem.ordering {
                self.ordering_rows(&slot, &least, threshold, rows);
            }
        }
        if self.problem.ordering && self.branch == Branch::Apart {
            self.apart_rows(design, rows);
        }
        let needed = self.problem.requirements.secrecy_rate.min(BEYOND);
        add(rows.fill(rate_row, needed - rate), -1.0, &rate_gradient);
        Ok((rate, rate_gradient))
    }

    /// Entries of the streams of one slot.
    fn per_slot(&self) -> usize {
        let l = &self.layout;
        l.m2 * l.streams / l.slots
    }

    /// Adds `t` times the gradient of the slot's power at a fixed channel `x`.
    #[inline]
    fn slot_gradient(&self, row: &mut [f64], slot: &Slot<'_>, t: f64, x: &[c64]) {
        let (l, per_slot) = (&self.layout, self.per_slot());
        for k in 0..per_slot / l.m2 {
            let index = slot.index * per_slot + k * l.m2;
            let o = &slot.design.streams[index..index + l.m2];
            power_gradient(row, Some(l.o + 2 * index), t, x, o);
        }
    }

    /// Interference plus noise at Bob is at most z, for each of the channels that tie.
    fn interference_rows(&self, slot: &Slot<'_>, rows: &mut Rows<'_>) -> Result<(), Error> {
        let worst = self.worst_pieces(slot.streams, slot.anchor.map(|a| a.1))?;
        for worst in worst.channels {
            let noise = 1.0 + self.noise_bo;
            let row = rows.push((power_of(&worst, slot.streams) + noise - slot.z) / noise);
            self.slot_gradient(row, slot, 1.0 / noise, &worst);
            row[self.layout.bounds + slot.index] = -1.0 / noise;
        }
        Ok(())
    }

    /// Eve's SINR of Bob's data is at most t, for each of the channels that tie; `least` is what BS2
    /// disturbs her at least.
    fn leak_rows(
        &self,
        slot: &Slot<'_>,
        least: &Attained,
        rows: &mut Rows<'_>,
    ) -> Result<(), Error> {
        let (l, h_e) = (&self.layout, &self.links[1]);
        let (w_bo, w_ta) = (&slot.design.w_bo, &slot.design.w_ta);
        let beta = least.value;
        let eve = |design: &Design, beta: f64, at: Option<&[c64]>| {
            let (data, sensing) = (&design.w_bo, &design.w_ta);
            h_e.ratio_pieces(data, sensing, self.isotropic, beta + 1.0, at)
        };
        let at = match slot.anchor {
            Some((design, streams)) => Some(eve(design, self.least(streams)?.value, None).leading),
            None => None,
        };
        for worst in eve(slot.design, beta, at.as_deref()).channels {
            let under = dot(&worst, w_ta).norm_sqr() + self.isotropic * square(&worst) + beta + 1.0;
            let ratio = dot(&worst, w_bo).norm_sqr() / under;
            let row = rows.push(ratio - slot.t);
            power_gradient(row, l.w_bo, 1.0 / under, &worst, w_bo);
            power_gradient(row, l.w_ta, -ratio / under, &worst, w_ta);
            self.slot_gradient(row, slot, -ratio / under, &least.at);
            row[l.leaks + slot.index] = -1.0;
        }
        Ok(())
    }

    /// The slot's share of the secrecy rate; its gradient is added to `g`.
    fn slot_rate(&self, slot: &Slot<'_>, floor: &AmplitudeFloor, g: &mut [f64]) -> f64 {
        let (l, z, t) = (&self.layout, slot.z, slot.t);
        let share = 1.0 / (LN_2 * l.slots as f64);
        let amplitude = floor.value.max(0.0);
        let signal = amplitude * amplitude;
        let bob = share / (1.0 + signal / z);
        put(g, l.w_bo, bob * 2.0 * amplitude / z, &floor.gradient);
        g[l.bounds + slot.index] -= bob * signal / (z * z);
        g[l.leaks + slot.index] -= share / (1.0 + t);
        share * ((signal / z).ln_1p() - t.ln_1p())
    }

    /// Bob decodes both messages.
    fn decoding_rows(
        &self,
        slot: &Slot<'_>,
        floor: &AmplitudeFloor,
        threshold: Threshold,
        rows: &mut Rows<'_>,
    ) {
        let (l, h_bo) = (&self.layout, &self.links[0]);
        let (w_bo, w_ta) = (&slot.design.w_bo, &slot.design.w_ta);
        let Threshold { gamma, over, root } = threshold;
        let z = slot.z;
        // Bob's data: sqrt(gamma z) <= worst amplitude.
        let needed = (gamma * z / over).sqrt();
        let part = 1.0 / over.sqrt();
        let row = rows.push(needed - floor.value * part);
        if needed > 0.0 {
            row[l.bounds + slot.index] = 0.5 * (gamma / over) / needed;
        }
        put(row, l.w_bo, -part, &floor.gradient);
        // Bob hears the sensing beam: gamma (|h^H w_bo|^2 + z) - |h^H w_ta|^2 <= 0 for all h.
        let scaled: Vec<c64> = w_bo.iter().map(|w| w * root).collect();
        let gap = h_bo.difference_max(&scaled, w_ta, 0.0);
        let row = rows.push((gap.value + gamma * z) / over);
        power_gradient(row, l.w_bo, gamma / over, &gap.at, w_bo);
        power_gradient(row, l.w_ta, -1.0 / over, &gap.at, w_ta);
        row[l.bounds + slot.index] = gamma / over;
    }

    /// Eve does not decode the sensing beam: |h^H w_ta|^2 <= gamma (|h^H w_bo|^2 + beta + 1) for all h.
    fn ordering_rows(
        &self,
        slot: &Slot<'_>,
        least: &Attained,
        threshold: Threshold,
        rows: &mut Rows<'_>,
    ) {
        let (l, h_e) = (&self.layout, &self.links[1]);
        let (w_bo, w_ta) = (&slot.design.w_bo, &slot.design.w_ta);
        let Threshold { gamma, over, root } = threshold;
        let beta = least.value;
        let noise = gamma * self.isotropic;
        let heard = |design: &Design, at: Option<&[c64]>| {
            let scaled: Vec<c64> = design.w_bo.iter().map(|w| w * root).collect();
            h_e.difference_pieces(&design.w_ta, &scaled, noise, at)
        };
        let at = slot.anchor.map(|(design, _)| heard(design, None).leading);
        for worst in heard(slot.design, at.as_deref()).channels {
            let gap = dot(&worst, w_ta).norm_sqr()
                - gamma * dot(&worst, w_bo).norm_sqr()
                - noise * square(&worst);
            let row = rows.push((gap - gamma * (beta + 1.0)) / over);
            power_gradient(row, l.w_ta, 1.0 / over, &worst, w_ta);
            power_gradient(row, l.w_bo, -gamma / over, &worst, w_bo);
            self.slot_gradient(row, slot, -gamma / over, &least.at);
        }
    }

    /// The sensing beam is nowhere silent at Eve, and nowhere weaker than the data at Bob or at her.
    fn apart_rows(&self, design: &Design, rows: &mut Rows<'_>) {
        let (l, [h_bo, h_e, _, _]) = (&self.layout, &self.links);
        let (w_bo, w_ta) = (&design.w_bo, &design.w_ta);
        let floor = h_e.amplitude_floor(w_ta);
        put(rows.push(-floor.value), l.w_ta, -1.0, &floor.gradient);
        for link in [h_bo, h_e] {
            let gap = link.difference_max(w_bo, w_ta, 0.0);
            let row = rows.push(gap.value);
            power_gradient(row, l.w_bo, 1.0, &gap.at, w_bo);
            power_gradient(row, l.w_ta, -1.0, &gap.at, w_ta);
        }
    }
}

/// Adds `t` times the gradient of `|x^H w|^2` at a fixed channel `x`.
#[inline]
fn power_gradient(row: &mut [f64], at: Option<usize>, t: f64, x: &[c64], w: &[c64]) {
    let product = dot(x, w) * (2.0 * t);
    if let Some(at) = at {
        for (i, x) in x.iter().enumerate() {
            let g = x * product;
            row[at + 2 * i] += g.re;
            row[at + 2 * i + 1] += g.im;
        }
    }
}
