//! One convex step of the ascent: surrogates that touch at the current point, robust constraints as
//! matrix inequalities.

use super::evaluate::{Report, scnr};
use super::problem::{Design, Objective, Problem, dot, square};
use super::start::Working;
use crate::Error;
use isac_linalg::ColRef;
use isac_linalg::{Mat, c64};
use isac_metrics::rsma::Decoding;
use isac_metrics::scnr::Clutter;
use isac_metrics::secrecy::isotropic_at;
use isac_models::two_cell::TwoCell;
use isac_opt::conic::{
    Affine, Coefficient, ComplexAffine, HermitianAffine, Program, ScalarVar, VectorVar, parts,
};
use isac_opt::s_procedure::RobustQuadratic;
use isac_opt::sca;
use std::f64::consts::LN_2;

/// What all steps of one problem share.
pub(super) struct Context<'a> {
    pub(super) problem: &'a Problem,
    pub(super) working: &'a Working,
    pub(super) isotropic: f64,
    pub(super) noise_bo: f64,
}

impl<'a> Context<'a> {
    pub(super) fn new(problem: &'a Problem, working: &'a Working) -> Result<Self, Error> {
        let known = matches!(
            problem.objective,
            Objective::EnergyEfficiency | Objective::SecrecyRate
        );
        if !known || !working.has_balls() {
            return Err(isac_linalg::Error::shape(
                "convex step",
                "efficiency or secrecy rate, errors in balls",
                format!("{:?}", problem.objective),
            )
            .into());
        }
        let isotropic = problem.artificial_noise / working.network.antennas1() as f64;
        Ok(Self {
            noise_bo: isotropic_at(&working.cell.h_bo, isotropic),
            problem,
            working,
            isotropic,
        })
    }
}

/// A beam that is a variable, or not.
pub(super) enum Beam {
    Free(VectorVar),
    Given(Vec<c64>),
}

impl Beam {
    /// `c^H w`.
    fn dot(&self, c: &[c64]) -> ComplexAffine {
        match self {
            Self::Free(v) => v.dot(ColRef::from_slice(c)),
            Self::Given(w) => ComplexAffine::constant(dot(c, w)),
        }
    }

    fn entries(&self) -> Vec<ComplexAffine> {
        match self {
            Self::Free(v) => (0..v.order()).map(|i| v.entry(i)).collect(),
            Self::Given(w) => w.iter().map(|&w| ComplexAffine::constant(w)).collect(),
        }
    }

    /// `weight (w_i w^H + w w_i^H - w_i w_i^H) <= weight w w^H`, equal at `w = w_i`.
    fn minorant(&self, at: &[c64], weight: f64) -> HermitianAffine {
        match self {
            Self::Free(v) => sca::outer_minorant(*v, at, weight),
            Self::Given(_) => {
                let m = at.len();
                let outer = Mat::from_fn(m, m, |i, j| at[i] * at[j].conj() * weight);
                HermitianAffine::constant(outer)
            }
        }
    }

    /// `2 Re(conj(c^H w_i) c^H w) - |c^H w_i|^2 <= |c^H w|^2`.
    fn linear(&self, c: &[c64], at: &[c64]) -> Affine {
        sca::square_minorant(self.dot(c), dot(c, at))
    }
}

/// A convex step under construction.
pub(super) struct Step<'a> {
    context: &'a Context<'a>,
    cell: &'a TwoCell,
    at: &'a Design,
    report: &'a Report,
    pub(super) program: Program,
    pub(super) w_bo: Beam,
    pub(super) w_ta: Beam,
    pub(super) streams: Vec<Beam>,
    free: [bool; 3],
    slack: Option<Vec<ScalarVar>>,
    rate: Affine,
    /// Lower thresholds times this, upper ones over it.
    margin: f64,
}

impl<'a> Step<'a> {
    pub(super) fn new(
        context: &'a Context<'a>,
        at: &'a Design,
        report: &'a Report,
        free: [bool; 3],
        slack: bool,
    ) -> Self {
        let cell = &context.working.cell;
        let mut program = Program::new();
        let mut beam = |name: &str, free: bool, w: &[c64]| {
            if free {
                Beam::Free(program.vector(name, w.len()))
            } else {
                Beam::Given(w.to_vec())
            }
        };
        let p = context.problem;
        let w_bo = beam("w_bo", free[0] && p.frozen_bo.is_none(), &at.w_bo);
        let w_ta = beam("w_ta", free[1] && p.frozen_ta.is_none(), &at.w_ta);
        let streams = at
            .streams
            .chunks_exact(cell.antennas2())
            .map(|o| beam("o", free[2], o))
            .collect();
        Self {
            context,
            cell,
            at,
            report,
            program,
            w_bo,
            w_ta,
            streams,
            free,
            slack: slack.then(Vec::new),
            rate: Affine::default(),
            margin: if slack { 1.0 + 1e-3 } else { 1.0 },
        }
    }

    fn stream_at(&self, k: usize) -> &'a [c64] {
        let m = self.cell.antennas2();
        &self.at.streams[k * m..(k + 1) * m]
    }

    /// A fresh slack in phase I, 0 otherwise.
    fn relief(&mut self) -> Affine {
        match &mut self.slack {
            None => Affine::default(),
            Some(list) => {
                let slack = self.program.nonneg("slack");
                list.push(slack);
                slack.into()
            }
        }
    }

    pub(super) fn powers(&mut self) {
        let p = self.context.problem;
        let bs1 = parts(self.w_bo.entries().into_iter().chain(self.w_ta.entries()));
        let cap = (p.power1_max - p.artificial_noise).max(0.0).sqrt();
        self.program.norm_at_most("power of BS1", bs1, cap);
        let per_slot = self.streams.len() / p.access.slots(self.cell.users());
        for slot in self.streams.chunks(per_slot) {
            let all = parts(slot.iter().flat_map(Beam::entries));
            self.program
                .norm_at_most("power of BS2", all, p.power2_max.sqrt());
        }
    }

    /// `sum L(w)` plus isotropic noise as a form on `h`.
    fn form(&self, beam: &Beam, at: &[c64], weight: f64) -> HermitianAffine {
        let mut form = beam.minorant(at, weight);
        let power = weight * self.context.isotropic;
        if power > 0.0 {
            form.add_term(Affine::constant(power), Coefficient::identity());
        }
        form
    }

    /// Imposes a robust inequality, relieved in phase I.
    fn impose(&mut self, quadratic: &RobustQuadratic, name: &str) {
        let relief = self.relief();
        let tau = if quadratic.is_uncertain() {
            self.program.nonneg("multiplier").into()
        } else {
            Affine::default()
        };
        let mut block = quadratic.block(tau);
        if self.slack.is_some() {
            block.add_term(relief, Coefficient::identity());
        }
        self.program.lmi(name, block);
    }

    /// K1 to K10.
    pub(super) fn secrecy(&mut self) -> Result<(), Error> {
        let (cell, p) = (self.cell, self.context.problem);
        let gamma = p.requirements.sinr * self.margin;
        let radius = |link: &isac_models::csi_error::UncertainChannel| link.radius().unwrap_or(0.0);
        let (h_bo, h_e) = (&cell.h_bo.estimate, &cell.h_e.estimate);
        let (r_bo, r_e) = (radius(&cell.h_bo), radius(&cell.h_e));
        let slots = self.report.secrecy.slots.clone();
        let signal = self.report.secrecy.bob_signal_min.max(1e-4);
        // K1.
        let amplitude = self.program.nonneg("p");
        let reach = self.w_bo.dot(h_bo).re - amplitude;
        let entries = parts(self.w_bo.entries());
        let scaled = entries.into_iter().map(|x| x * r_bo).collect();
        self.program.norm_at_most("data at Bob", scaled, reach);
        let per_slot = self.streams.len() / slots.len();
        let share = 1.0 / slots.len() as f64;
        for (s, slot) in slots.iter().enumerate() {
            let (z_now, beta_now) = (slot.interference_plus_noise_bo_max, slot.interference_e_min);
            let (z, beta) = if self.free[2] {
                self.interference(s, per_slot)?
            } else {
                (Affine::constant(z_now), Affine::constant(beta_now))
            };
            // K3.
            let y = signal.sqrt() / z_now;
            let sinr = self.program.nonneg("s");
            let bound = sca::ratio_minorant(amplitude, z.clone(), y);
            self.program.at_most("data SINR", sinr, bound);
            let relief = self.relief();
            self.program
                .at_least("data SINR at Bob", relief + sinr, gamma);
            // K5.
            let leak = self.program.nonneg("t");
            let mut eve = RobustQuadratic::ball(h_e.len(), r_e)?;
            eve.add_form(
                self.form(&self.w_ta, &self.at.w_ta, 1.0),
                ColRef::from_slice(h_e),
            );
            eve.add_constant(beta.clone() + 1.0);
            eve.subtract_square(self.w_bo.entries(), ColRef::from_slice(h_e), leak);
            self.impose(&eve, "data at Eve");
            // K6.
            if p.ordering {
                let gamma = p.requirements.sinr / self.margin;
                let mut eve = RobustQuadratic::ball(h_e.len(), r_e)?;
                let form = self.form(&self.w_bo, &self.at.w_bo, gamma);
                eve.add_form(form, ColRef::from_slice(h_e));
                eve.add_constant((beta.clone() + 1.0) * gamma);
                eve.subtract_square(self.w_ta.entries(), ColRef::from_slice(h_e), 1.0);
                self.impose(&eve, "sensing at Eve");
            }
            // K7.
            let mut bob = RobustQuadratic::ball(h_bo.len(), r_bo)?;
            bob.add_form(
                self.w_ta.minorant(&self.at.w_ta, 1.0),
                ColRef::from_slice(h_bo),
            );
            bob.add_constant(z * -gamma);
            let root = gamma.sqrt();
            let scaled: Vec<_> = self.w_bo.entries().into_iter().map(|w| w * root).collect();
            bob.subtract_square(scaled, ColRef::from_slice(h_bo), 1.0);
            self.impose(&bob, "sensing at Bob");
            // K9, K10.
            let ln = sca::log_minorant(&mut self.program, sinr.into(), signal / z_now);
            let lost = sca::log_tangent(leak, slot.sinr_e_bo);
            self.rate += (ln - lost) * (share / LN_2);
        }
        // K8.
        if p.ordering && (self.free[0] || self.free[1]) {
            for (h, r) in [(h_bo, r_bo), (h_e, r_e)] {
                let mut order = RobustQuadratic::ball(h.len(), r)?;
                order.add_form(
                    self.w_ta.minorant(&self.at.w_ta, 1.0),
                    ColRef::from_slice(h),
                );
                order.subtract_square(self.w_bo.entries(), ColRef::from_slice(h), 1.0);
                self.impose(&order, "order");
            }
        }
        let relief = self.relief();
        let extra = if self.slack.is_some() { 1e-3 } else { 0.0 };
        self.program.at_least(
            "secrecy rate",
            self.rate.clone() + relief,
            p.requirements.secrecy_rate + extra,
        );
        Ok(())
    }

    /// K2 and K4: bounds on BS2's streams at Bob (with noise) and at Eve.
    fn interference(&mut self, slot: usize, per_slot: usize) -> Result<(Affine, Affine), Error> {
        let cell = self.cell;
        let (g_bo, g_e) = (&cell.g_bo.estimate, &cell.g_e.estimate);
        let (z, beta) = (self.program.nonneg("z"), self.program.nonneg("beta"));
        let radius = cell.g_bo.radius().unwrap_or(0.0);
        let (k, m) = (per_slot, cell.antennas2());
        let range = slot * per_slot..(slot + 1) * per_slot;
        let streams = &self.streams[range.clone()];
        let noise = 1.0 + self.context.noise_bo;
        if radius > 0.0 {
            let multiplier = self.program.nonneg("multiplier");
            let mut block = HermitianAffine::zeros(k + 1 + m);
            for (row, stream) in streams.iter().enumerate() {
                block.add_diagonal(row, Affine::constant(1.0));
                block.add_entry(row, k, stream.dot(g_bo).conj());
                for (i, o) in stream.entries().into_iter().enumerate() {
                    block.add_entry(row, k + 1 + i, o.conj() * radius);
                }
            }
            block.add_diagonal(k, z - multiplier - noise);
            for i in 0..m {
                block.add_diagonal(k + 1 + i, multiplier);
            }
            self.program.lmi("interference at Bob", block);
        } else {
            let heard = parts(streams.iter().map(|stream| stream.dot(g_bo)));
            let name = "interference at Bob";
            self.program.squares_at_most(name, heard, z - noise, 1.0);
        }
        let mut eve = RobustQuadratic::ball(m, cell.g_e.radius().unwrap_or(0.0))?;
        for index in range {
            let form = self.streams[index].minorant(self.stream_at(index), 1.0);
            eve.add_form(form, ColRef::from_slice(g_e));
        }
        eve.add_constant(-Affine::from(beta));
        eve.impose(&mut self.program, "interference at Eve");
        Ok((z.into(), beta.into()))
    }

    /// K11, with the receive filter at its optimum for the current point.
    pub(super) fn echo(&mut self) {
        let (cell, p) = (self.cell, self.context.problem);
        let needed = p.requirements.sinr * self.margin;
        let found = scnr(p, &self.context.working.echo, cell, self.at);
        let both = p.illumination == super::problem::Illumination::Both;
        let mut light = self.w_ta.linear(&cell.h_ta, &self.at.w_ta);
        if both {
            light += self.w_bo.linear(&cell.h_ta, &self.at.w_bo);
        }
        let relief = self.relief();
        if p.clutter == Clutter::Noise {
            self.program
                .at_least("SCNR", light * found.by_illumination + relief, needed);
            return;
        }
        // With the filter fixed the SCNR is gain Q / (a c + 1); gain and a follow from its slopes.
        let clutter = square(&[
            dot(&cell.h_cl, &self.at.w_bo),
            dot(&cell.h_cl, &self.at.w_ta),
        ]);
        let ratio = -found.by_clutter / found.value.max(f64::MIN_POSITIVE);
        let weight = ratio / (1.0 - ratio * clutter).max(1e-12);
        let gain = found.by_illumination * (1.0 + weight * clutter);
        let amplitudes = parts([self.w_bo.dot(&cell.h_cl), self.w_ta.dot(&cell.h_cl)]);
        let scaled = amplitudes.into_iter().map(|x| x * weight.sqrt()).collect();
        let room = light * (gain / needed.max(1e-12)) + relief - 1.0;
        self.program.squares_at_most("SCNR", scaled, room, 1.0);
    }

    /// K12 and K13: what the users need of each decoding.
    pub(super) fn users(&mut self) {
        let (cell, p) = (self.cell, self.context.problem);
        let (decodings, needed) = p.decodings();
        let Some(needed) = needed else {
            self.shared_rates(&decodings);
            return;
        };
        for (d, need) in decodings.iter().zip(needed) {
            if need <= 0.0 {
                continue;
            }
            // The amplitude along its present phase: exact for a stream of one user, a minorant
            // for one that several users need.
            let (wanted, heard) = self.decoding(d);
            let relief = self.relief();
            let noise =
                (1.0 + self.context.isotropic * square(&column(&cell.h_users, d.user))).sqrt();
            let mut all = parts(heard);
            all.push(Affine::constant(noise));
            let room = wanted.0 * (1.0 / (need * self.margin).sqrt()) + relief;
            self.program.norm_at_most("user", all, room);
        }
    }

    /// What a decoding receives: the wanted amplitude along its present phase, with its present
    /// size, and the amplitudes that disturb.
    fn decoding(&self, d: &Decoding) -> ((Affine, f64), Vec<ComplexAffine>) {
        let (g, h) = (
            column(&self.cell.g_users, d.user),
            column(&self.cell.h_users, d.user),
        );
        let now = dot(&g, self.stream_at(d.stream));
        let size = now.norm();
        let phase = if size > 0.0 { now / size } else { c64::ONE };
        let wanted = self.streams[d.stream].dot(&g).times(phase.conj()).re;
        let mut heard = vec![self.w_bo.dot(&h), self.w_ta.dot(&h)];
        heard.extend(d.interferers.iter().map(|&k| self.streams[k].dot(&g)));
        ((wanted, size), heard)
    }

    /// The free split: every SINR by its quadratic transform, every rate by the minorant of the
    /// logarithm, portions that add up.
    fn shared_rates(&mut self, decodings: &[Decoding]) {
        let p = self.context.problem;
        let target = p.unicast_rate() + if self.slack.is_some() { 1e-3 } else { 0.0 };
        let portions = self.program.nonneg_list("portion", self.cell.users());
        let total: Affine = portions.iter().map(|&c| Affine::from(c)).sum();
        for d in decodings {
            let ((wanted, size), heard) = self.decoding(d);
            let h = column(&self.cell.h_users, d.user);
            let noise = 1.0 + self.context.isotropic * square(&h);
            let disturbed = {
                let ta = dot(&h, &self.at.w_ta).norm_sqr() + dot(&h, &self.at.w_bo).norm_sqr();
                let g = column(&self.cell.g_users, d.user);
                let others = d.interferers.iter();
                ta + others
                    .map(|&k| dot(&g, self.stream_at(k)).norm_sqr())
                    .sum::<f64>()
                    + noise
            };
            let y = size.max(1e-3) / disturbed;
            let sinr = self.program.nonneg("SINR of a user");
            let power = self.program.nonneg("power that disturbs a user");
            self.program
                .squares_at_most("power that disturbs a user", parts(heard), power, 1.0);
            let bound = sca::ratio_minorant(wanted, power + noise, y);
            self.program.at_most("SINR of a user", sinr, bound);
            let now = size * size / disturbed;
            let rate = sca::log_minorant(&mut self.program, sinr.into(), now) * (1.0 / LN_2);
            let relief = self.relief();
            let (portion, needed) = if d.stream == 0 {
                (rate + relief - total.clone(), 0.0)
            } else {
                (rate + relief + portions[d.user], target)
            };
            self.program.at_least("rate of a user", portion, needed);
        }
    }

    pub(super) fn objective(&mut self) {
        let p = self.context.problem;
        let mut power = Affine::default();
        let bs1 = parts(self.w_bo.entries().into_iter().chain(self.w_ta.entries()));
        let bs2 = parts(self.streams.iter().flat_map(Beam::entries));
        let slots = p.access.slots(self.cell.users()) as f64;
        for (entries, fixed, weight) in [
            (bs1, p.accounting.allocated1, 1.0),
            (bs2, p.accounting.allocated2, 1.0 / slots),
        ] {
            if fixed.is_none() || self.slack.is_some() {
                let watts = self.program.nonneg("power");
                self.program.squares_at_most("power", entries, watts, 1.0);
                power += watts * weight;
            }
        }
        if let Some(list) = &self.slack {
            let total: Affine = list.iter().map(|&s| Affine::from(s)).sum();
            self.program.minimise(total + power * 1e-5);
            return;
        }
        let price = match p.objective {
            Objective::EnergyEfficiency => self.report.efficiency.max(0.0),
            _ => 0.0,
        };
        let rate = std::mem::take(&mut self.rate);
        self.program.maximise(rate - power * price);
    }
}

fn column(m: &Mat<c64>, n: usize) -> Vec<c64> {
    m.col(n).iter().copied().collect()
}
