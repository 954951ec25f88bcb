//! The direct route: Problem P1 as a smooth constrained program in the beams, each worst case
//! differentiated through the channel that attains it (Danskin), in the reduced dimensions, solved
//! by [`isac_opt::sqp`]. No cone program.

use super::problem::{Access, Design, Objective, Problem, dot, square};
use super::start::{TYPICAL, typical_powers};
use crate::Error;
use isac_linalg::c64;
use isac_linalg::vector::add;
use isac_metrics::rsma::Decoding;
use isac_metrics::scnr::Echo;
use isac_metrics::secrecy::{Bound, isotropic_at};
use isac_metrics::worst_case::{Attained, Extreme, Link, PowerPieces};
use isac_models::two_cell::TwoCell;
use isac_opt::sqp::Point;
use std::f64::consts::LN_2;

mod rows;
mod secrecy;
mod termwise;

use rows::{Rows, power_of, put};

/// Rows for a worst case with a kink.
const PIECES: usize = isac_metrics::worst_case::TURNS;
const POWER_PIECES: usize = isac_metrics::worst_case::POWER_PIECES;

/// A problem in the coordinates the optimiser works in: noise-normalised, reduced to the spans of
/// the channels where the errors are balls.
#[derive(Debug, Clone)]
pub(crate) struct Program<'a> {
    pub(crate) problem: &'a Problem,
    pub(crate) cell: TwoCell,
    pub(crate) echo: Echo,
    pub(crate) isotropic: f64,
    links: [Link; 4],
    noise_bo: f64,
    /// Columns of the users' channels.
    h_users: Vec<Vec<c64>>,
    g_users: Vec<Vec<c64>>,
    decodings: Vec<Decoding>,
    needed: Option<Vec<f64>>,
    frozen_bo: Option<Vec<c64>>,
    frozen_ta: Option<Vec<c64>>,
    bound: Bound,
    layout: Layout,
    branch: Branch,
    /// Fixed power that scales the efficiency to the size of a rate, W.
    reference_power: f64,
    /// What each variable is measured in, so that the optimiser sees numbers of order one in whatever
    /// unit powers and channels are.
    units: Vec<f64>,
    /// `gamma_th`, kept in a range whose square is finite; see [`BEYOND`].
    gamma: f64,
}

/// No SINR is greater. A greater threshold counts as this one inside the optimiser, which keeps its
/// arithmetic finite; [`super::relaxation`] proves that it cannot be met.
const BEYOND: f64 = 1e100;

/// Which designs of BS1's beams the program is over, where the order at Eve is imposed exactly; see
/// [`super::parallel`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Branch {
    /// Any beams with `|h_e^H w_ta| >= r |w_ta|`.
    Apart,
    /// Parallel beams: no rows for the orders.
    Parallel,
}

/// Where things stand in the real variables: real and imaginary part of each entry in turn.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Layout {
    m1: usize,
    m2: usize,
    streams: usize,
    slots: usize,
    w_bo: Option<usize>,
    w_ta: Option<usize>,
    o: usize,
    portions: usize,
    portion_count: usize,
    /// One variable per slot: a bound on Bob's interference plus noise.
    bounds: usize,
    /// One variable per slot: a bound on Eve's SINR of Bob's data. None where every power is bounded
    /// by itself.
    leaks: usize,
    leak_count: usize,
    /// Rows per slot for each kink at Eve, and for Bob's.
    pieces: usize,
    power_pieces: usize,
    rows: usize,
}

impl Layout {
    fn variables(&self) -> usize {
        self.leaks + self.leak_count
    }
}

impl<'a> Program<'a> {
    /// `cell` in working coordinates; `echo` of the full network; frozen beams in `cell`'s
    /// coordinates. Worst cases by `bound`.
    pub(crate) fn new(
        problem: &'a Problem,
        cell: TwoCell,
        echo: Echo,
        antennas1: usize,
        frozen: [Option<Vec<c64>>; 2],
        bound: Bound,
        branch: Branch,
    ) -> Self {
        let nominal = bound == Bound::Nominal;
        let link = |channel: &isac_models::csi_error::UncertainChannel| {
            if nominal {
                Link::new(&channel.nominal())
            } else {
                Link::new(channel)
            }
        };
        let pieces = if matches!(bound, Bound::Decoupled | Bound::Appendix) {
            1
        } else {
            PIECES
        };
        let power_pieces = if pieces == 1 { 1 } else { POWER_PIECES };
        let n = cell.users();
        let (m1, m2) = (cell.antennas1(), cell.antennas2());
        let (decodings, needed) = problem.decodings();
        let needed = needed.map(|all| all.iter().map(|need| need.min(BEYOND)).collect::<Vec<_>>());
        let isotropic = problem.artificial_noise / antennas1 as f64;
        let [frozen_bo, frozen_ta] = frozen;
        let mut next = 0;
        let mut take = |length: usize| {
            next += length;
            next - length
        };
        let w_bo = frozen_bo.is_none().then(|| take(2 * m1));
        let w_ta = frozen_ta.is_none().then(|| take(2 * m1));
        let streams = problem.access.streams(n);
        let slots = problem.access.slots(n);
        let o = take(2 * m2 * streams);
        let portion_count = if needed.is_none() { n } else { 0 };
        let portions = take(portion_count);
        let bounds = take(slots);
        let leak_count = if pieces == 1 { 0 } else { slots };
        let leaks = take(leak_count);
        let order = match (problem.ordering, branch) {
            (false, _) => 0,
            (true, Branch::Parallel) => pieces * slots,
            (true, Branch::Apart) => 2 + usize::from(pieces > 1) + pieces * slots,
        };
        let scnr = usize::from(problem.objective != Objective::Scnr);
        let users = if needed.is_none() {
            3 * n
        } else {
            decodings.len()
        };
        let rows =
            1 + slots + 1 + (2 + power_pieces) * slots + pieces * leak_count + order + scnr + users;
        let noise_bo = if nominal {
            isotropic_at(&cell.h_bo.nominal(), isotropic)
        } else {
            isotropic_at(&cell.h_bo, isotropic)
        };
        let typical = typical_powers(problem, &cell, &echo);
        let [unit1, unit2] = typical.map(|watts| (watts / TYPICAL).sqrt());
        let mut units = vec![1.0; leaks + leak_count];
        units[..o].fill(unit1);
        units[o..portions].fill(unit2);
        units[bounds..leaks].fill(1.0 + noise_bo);
        let columns = |m: &isac_linalg::Mat<c64>| {
            (0..m.ncols())
                .map(|j| m.col(j).iter().copied().collect())
                .collect()
        };
        Self {
            links: [&cell.h_bo, &cell.h_e, &cell.g_bo, &cell.g_e].map(link),
            noise_bo,
            h_users: columns(&cell.h_users),
            g_users: columns(&cell.g_users),
            problem,
            cell,
            echo,
            isotropic,
            decodings,
            needed,
            frozen_bo,
            frozen_ta,
            layout: Layout {
                m1,
                m2,
                streams,
                slots,
                w_bo,
                w_ta,
                o,
                portions,
                portion_count,
                bounds,
                leaks,
                leak_count,
                pieces,
                power_pieces,
                rows,
            },
            bound,
            branch,
            reference_power: problem.circuit_power + typical[0] + typical[1],
            units,
            gamma: problem.requirements.sinr.min(BEYOND),
        }
    }

    /// Number of real variables.
    pub(crate) fn variable_count(&self) -> usize {
        self.layout.variables()
    }

    /// Number of constraints.
    pub(crate) fn rows(&self) -> usize {
        self.layout.rows
    }

    /// What is minimised, from what the problem maximises.
    pub(crate) fn minimised(&self, objective: f64) -> f64 {
        match self.problem.objective {
            Objective::EnergyEfficiency => -objective * self.reference_power,
            Objective::SecrecyRate | Objective::Weighted { .. } => -objective,
            Objective::Scnr => -objective.ln_1p() / LN_2,
        }
    }

    /// The variables of a design; portions of the free split start where the rates put them.
    pub(crate) fn variables(&self, design: &Design) -> Vec<f64> {
        let l = &self.layout;
        let mut x = vec![0.0; l.variables()];
        let mut put = |at: usize, v: &[c64]| {
            for (i, z) in v.iter().enumerate() {
                x[at + 2 * i] = z.re;
                x[at + 2 * i + 1] = z.im;
            }
        };
        if let Some(at) = l.w_bo {
            put(at, &design.w_bo);
        }
        if let Some(at) = l.w_ta {
            put(at, &design.w_ta);
        }
        put(l.o, &design.streams);
        if l.portion_count > 0 {
            let target = self.problem.unicast_rate().min(BEYOND);
            let powers = self.powers(design);
            for (n, pair) in self.decodings.chunks_exact(2).enumerate() {
                let private = self.sinr(&pair[1], &powers).ln_1p() / LN_2;
                x[l.portions + n] = (target - private).max(0.0);
            }
        }
        for (s, streams) in self.slots(design).enumerate() {
            if l.pieces == 1 {
                let heard = streams.chunks_exact(l.m2);
                let sum: f64 = heard.map(|o| self.term(&self.links[2], o).high).sum();
                x[l.bounds + s] = sum + 1.0 + self.noise_bo;
            } else if let Ok(pieces) = self.worst_pieces(streams, None) {
                x[l.bounds + s] = power_of(&pieces.channels[0], streams) + 1.0 + self.noise_bo;
                if let Ok(least) = self.least(streams) {
                    let (w_bo, w_ta) = (&design.w_bo, &design.w_ta);
                    let floor = least.value + 1.0;
                    let eve = &self.links[1];
                    let leak = eve.ratio(w_bo, w_ta, self.isotropic, floor, Extreme::Max);
                    x[l.leaks + s] = leak.value;
                }
            }
        }
        x.iter_mut()
            .zip(&self.units)
            .for_each(|(x, unit)| *x /= unit);
        x
    }

    /// In SI units (noise-normalised), from those of the optimiser.
    fn si(&self, x: &[f64]) -> Vec<f64> {
        x.iter()
            .zip(&self.units)
            .map(|(x, unit)| x * unit)
            .collect()
    }

    fn slots<'d>(&self, design: &'d Design) -> std::slice::ChunksExact<'d, c64> {
        let l = &self.layout;
        design.streams.chunks_exact(l.m2 * l.streams / l.slots)
    }

    /// Bob's worst channels from BS2.
    fn worst_pieces(&self, streams: &[c64], anchor: Option<&[c64]>) -> Result<PowerPieces, Error> {
        let g_bo = &self.links[2];
        let at = match anchor {
            Some(streams) => Some(self.worst_pieces(streams, None)?.frame),
            None => None,
        };
        Ok(g_bo.greatest_power_pieces(&g_bo.form(streams)?, at.as_ref())?)
    }

    /// Eve's least interference from BS2.
    fn least(&self, streams: &[c64]) -> Result<Attained, Error> {
        let g_e = &self.links[3];
        Ok(g_e.total_power(&g_e.form(streams)?, Extreme::Min)?)
    }

    /// The design of variables.
    pub(crate) fn design(&self, x: &[f64]) -> Design {
        self.beams(&self.si(x))
    }

    /// The design of variables in SI units.
    fn beams(&self, x: &[f64]) -> Design {
        let l = &self.layout;
        let take = |at: usize, length: usize| -> Vec<c64> {
            x[at..at + 2 * length]
                .chunks_exact(2)
                .map(|z| c64::new(z[0], z[1]))
                .collect()
        };
        let beam = |at: Option<usize>, frozen: &Option<Vec<c64>>| match (at, frozen) {
            (Some(at), _) => take(at, l.m1),
            (None, frozen) => frozen.clone().unwrap_or_default(),
        };
        Design {
            w_bo: beam(l.w_bo, &self.frozen_bo),
            w_ta: beam(l.w_ta, &self.frozen_ta),
            streams: take(l.o, l.m2 * l.streams),
        }
    }

    /// Received powers at each user: of each stream, and of BS1 with noise.
    fn powers(&self, design: &Design) -> Vec<(Vec<c64>, f64)> {
        let pairs = self.h_users.iter().zip(&self.g_users);
        pairs
            .map(|(h, g)| {
                let floor = dot(h, &design.w_bo).norm_sqr()
                    + dot(h, &design.w_ta).norm_sqr()
                    + self.isotropic * square(h)
                    + 1.0;
                let amplitudes = design.streams.chunks_exact(self.layout.m2);
                (amplitudes.map(|o| dot(g, o)).collect(), floor)
            })
            .collect()
    }

    fn interference(&self, d: &Decoding, powers: &[(Vec<c64>, f64)]) -> f64 {
        let (amplitudes, floor) = &powers[d.user];
        let others = d.interferers.iter().map(|&k| amplitudes[k].norm_sqr());
        others.sum::<f64>() + floor
    }

    fn sinr(&self, d: &Decoding, powers: &[(Vec<c64>, f64)]) -> f64 {
        powers[d.user].0[d.stream].norm_sqr() / self.interference(d, powers)
    }

    /// Objective (to be minimised), constraints (`<= 0`) and their gradients. With an anchor, Bob's
    /// worst channels from BS2 are those of the anchor; see [`isac_opt::sqp::solve_pieces`].
    pub(crate) fn evaluate(&self, x: &[f64], anchor: Option<&[f64]>, out: &mut Point) -> bool {
        let anchor = anchor.map(|anchor| self.si(anchor));
        if self.fill(&self.si(x), anchor.as_deref(), out).is_err() {
            out.objective = f64::NAN;
        }
        let scale = |row: &mut [f64]| {
            row.iter_mut()
                .zip(&self.units)
                .for_each(|(g, unit)| *g *= unit);
        };
        scale(&mut out.gradient);
        out.jacobian.chunks_exact_mut(x.len()).for_each(scale);
        true
    }

    fn fill(&self, x: &[f64], anchor: Option<&[f64]>, out: &mut Point) -> Result<(), Error> {
        let design = self.beams(x);
        out.gradient.fill(0.0);
        out.jacobian.fill(0.0);
        let n = x.len();
        let mut rows = Rows {
            constraints: &mut out.constraints,
            jacobian: &mut out.jacobian,
            n,
            next: 0,
        };
        let powers = self.power_rows(&design, &mut rows);
        let (rate, rate_gradient) = self.secrecy_rows(x, &design, anchor, &mut rows)?;
        let (scnr_value, scnr_gradient) = self.scnr_row(&design, n, &mut rows);
        self.user_rows(x, &design, &mut rows);
        debug_assert_eq!(rows.next, self.layout.rows);

        let g = &mut out.gradient;
        match self.problem.objective {
            Objective::EnergyEfficiency => {
                let transmit = self.problem.accounting.transmit(powers.0, powers.1);
                let total = transmit + self.problem.circuit_power;
                let t = self.reference_power / total;
                out.objective = -rate * t;
                add(g, -t, &rate_gradient);
                let slope = rate * t / total;
                let l = &self.layout;
                if self.problem.accounting.allocated1.is_none() {
                    put(g, l.w_bo, 2.0 * slope, &design.w_bo);
                    put(g, l.w_ta, 2.0 * slope, &design.w_ta);
                }
                if self.problem.accounting.allocated2.is_none() {
                    put(g, Some(l.o), 2.0 * slope / l.slots as f64, &design.streams);
                }
            }
            Objective::SecrecyRate => {
                out.objective = -rate;
                add(g, -1.0, &rate_gradient);
            }
            Objective::Scnr | Objective::Weighted { .. } => {
                let weight = match self.problem.objective {
                    Objective::Weighted { weight } => weight,
                    _ => 1.0,
                };
                out.objective = -weight * scnr_value.ln_1p() / LN_2 - (1.0 - weight) * rate;
                add(g, -weight / (LN_2 * (1.0 + scnr_value)), &scnr_gradient);
                add(g, -(1.0 - weight), &rate_gradient);
            }
        }
        Ok(())
    }
}

impl Access {
    /// Streams of one slot.
    pub fn streams_per_slot(self, users: usize) -> usize {
        self.streams(users) / self.slots(users)
    }
}

#[cfg(test)]
mod tests {
    use super::super::start::{RawStart, Working};
    use super::*;
    use isac_models::channel::PathChannel;
    use isac_models::scene::Scene;
    use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};

    fn problem(access: Access, objective: Objective) -> Problem {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let model = PathChannel::new(3, 2, 0.0167).unwrap();
        let scene = Scene::fixed(3).unwrap();
        let cell = scene.channels(&model, &model, 1e-8, &mut rng).unwrap();
        let mut problem = Problem::new(
            cell.with_relative_error(0.1).unwrap(),
            4.5e5,
            300.0,
            300.0,
            10.0,
        );
        problem.access = access;
        problem.objective = objective;
        problem.artificial_noise = 0.4;
        problem.clutter = isac_metrics::scnr::Clutter::Model;
        problem
    }

    /// Rows of pieces but the first of each kink: their channels move with the point without being
    /// maximisers, so their values are not what their gradients belong to.
    fn turned(program: &Program<'_>) -> Vec<usize> {
        let l = &program.layout;
        if l.pieces == 1 {
            return Vec::new();
        }
        let mut turned = Vec::new();
        let mut at = 2 + l.slots;
        for _ in 0..l.slots {
            for (rows_before, pieces) in [(0, POWER_PIECES), (0, PIECES), (2, PIECES)] {
                at += rows_before;
                turned.extend(at + 1..at + pieces);
                at += pieces;
            }
        }
        turned
    }

    /// The Taylor error of every function along a random direction falls with the square of the step.
    #[test]
    fn gradients_have_slope_two_for_every_scheme_and_objective() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        for (access, objective, bound) in [
            (Access::RsmaFree, Objective::EnergyEfficiency, Bound::Exact),
            (Access::RsmaFixed, Objective::SecrecyRate, Bound::Exact),
            (Access::Sdma, Objective::Scnr, Bound::Exact),
            (
                Access::Noma,
                Objective::Weighted { weight: 0.3 },
                Bound::Exact,
            ),
            (Access::Tdma, Objective::EnergyEfficiency, Bound::Exact),
            (
                Access::RsmaFixed,
                Objective::EnergyEfficiency,
                Bound::Decoupled,
            ),
            (Access::Tdma, Objective::EnergyEfficiency, Bound::Appendix),
            (Access::RsmaFree, Objective::SecrecyRate, Bound::Nominal),
        ] {
            let problem = problem(access, objective);
            let working = Working::new(&problem).unwrap();
            let program = Program::new(
                &problem,
                working.cell.clone(),
                working.echo,
                6,
                [None, None],
                bound,
                Branch::Apart,
            );
            let start = RawStart::default().design(&problem, &working).unwrap();
            // Beside the start, which sends Bob's data nothing along Eve's estimate: a kink.
            let mut random = |size: f64| rng.random_range(-size..size);
            let x = program.variables(&working.reduce(&start));
            let x: Vec<f64> = x.iter().map(|x| x + random(0.1)).collect();
            let direction: Vec<f64> = (0..x.len()).map(|_| random(1.0)).collect();
            let m = program.rows();
            let turned = turned(&program);
            let point = || Point {
                objective: 0.0,
                gradient: vec![0.0; x.len()],
                constraints: vec![0.0; m],
                jacobian: vec![0.0; m * x.len()],
            };
            let (mut at, mut ahead) = (point(), point());
            program.evaluate(&x, None, &mut at);
            let mut error = |step: f64| {
                let moved: Vec<f64> = x
                    .iter()
                    .zip(&direction)
                    .map(|(x, d)| x + step * d)
                    .collect();
                program.evaluate(&moved, None, &mut ahead);
                let along =
                    |g: &[f64]| g.iter().zip(&direction).map(|(g, d)| g * d).sum::<f64>() * step;
                let mut all = vec![(ahead.objective - at.objective - along(&at.gradient)).abs()];
                for i in (0..m).filter(|i| !turned.contains(i)) {
                    let row = &at.jacobian[i * x.len()..(i + 1) * x.len()];
                    all.push((ahead.constraints[i] - at.constraints[i] - along(row)).abs());
                }
                all
            };
            for (i, (wide, narrow)) in error(1e-3).into_iter().zip(error(1e-4)).enumerate() {
                // A tenth of the step leaves a hundredth of the error; twice that is for higher orders.
                assert!(
                    narrow <= 0.02 * wide + 1e-11,
                    "{access:?}, function {i}: {wide:e} {narrow:e}"
                );
            }
        }
    }
}
