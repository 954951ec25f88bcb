//! The problem in the units of the search.

use super::super::problem::{Access, Illumination, Problem, square};
use super::super::start::Working;
use super::cut::{Ball, Kind};
use crate::Error;
use isac_linalg::{Mat, c64};
use isac_metrics::secrecy::isotropic_at;
use isac_opt::global::Cell;

/// One slot of the problem, noise-normalised, in the spans of its channels, powers over a power of two.
pub(super) struct Data {
    pub(super) h_bo: Ball,
    pub(super) h_e: Ball,
    pub(super) g_bo: Ball,
    pub(super) g_e: Ball,
    pub(super) h_ta: Vec<c64>,
    pub(super) h_users: Vec<Vec<c64>>,
    pub(super) g_users: Vec<Vec<c64>>,
    /// Streams of the slot.
    pub(super) streams: usize,
    /// Noise per antenna of BS1, and what it is at Bob with the noise.
    pub(super) isotropic: f64,
    pub(super) noise: f64,
    pub(super) gamma: f64,
    secrecy: f64,
    pub(super) ordering: bool,
    pub(super) light: f64,
    pub(super) both: bool,
    pub(super) needs: Needs,
    pub(super) limits: [f64; 2],
    /// Whether the power of each station counts, and what counts whatever the beams are.
    pub(super) counted: [bool; 2],
    pub(super) fixed: f64,
    /// Watts.
    pub(super) unit: f64,
    /// What breaking a row by the noise may cost, bps/Hz.
    pub(super) price: f64,
}

/// The usual [`Data::price`].
const PRICE: f64 = 300.0;

/// What the users need.
pub(super) enum Needs {
    /// `(user, stream, interferers, SINR)`.
    Sinrs(Vec<(usize, usize, Vec<usize>, f64)>),
    /// The rate that each gets from its private stream and its share of the common one.
    Free(f64),
}

impl Data {
    pub(super) fn new(problem: &Problem, working: &Working, slot: usize, unit: f64) -> Self {
        let (cell, network) = (&working.cell, &working.network);
        let scale = unit.sqrt();
        let n = cell.users();
        let access = problem.access;
        let times = |v: &[c64]| v.iter().map(|x| x * scale).collect::<Vec<_>>();
        let column = |m: &Mat<c64>, k: usize| m.col(k).iter().map(|x| x * scale).collect();
        let isotropic = problem.artificial_noise / network.antennas1() as f64 / unit;
        let r = &problem.requirements;
        let (decodings, needed) = problem.decodings();
        let needs = match needed {
            None => Needs::Free(problem.unicast_rate()),
            Some(needed) => {
                let all = decodings.into_iter().zip(needed);
                let own = all.filter(|(d, _)| access != Access::Tdma || d.user == slot);
                let list = own.map(|(d, need)| {
                    let stream = if access == Access::Tdma { 0 } else { d.stream };
                    (d.user, stream, d.interferers.into_iter().collect(), need)
                });
                Needs::Sinrs(list.collect())
            }
        };
        let used = &problem.accounting;
        let echo = &working.echo;
        Self {
            h_bo: Ball::new(&cell.h_bo, scale),
            h_e: Ball::new(&cell.h_e, scale),
            g_bo: Ball::new(&cell.g_bo, scale),
            g_e: Ball::new(&cell.g_e, scale),
            h_ta: times(&cell.h_ta),
            h_users: (0..n).map(|k| column(&cell.h_users, k)).collect(),
            g_users: (0..n).map(|k| column(&cell.g_users, k)).collect(),
            streams: access.streams(n) / access.slots(n),
            isotropic,
            noise: 1.0
                + isotropic_at(
                    &network.h_bo,
                    problem.artificial_noise / network.antennas1() as f64,
                ),
            gamma: r.sinr,
            // In one of several slots the secrecy rate may be missed.
            secrecy: if access == Access::Tdma {
                0.0
            } else {
                r.secrecy_rate
            },
            ordering: problem.ordering,
            light: echo.scnr(1.0, 0.0, problem.clutter, problem.filter).value,
            both: problem.illumination == Illumination::Both,
            needs,
            limits: [
                (problem.power1_max - problem.artificial_noise) / unit,
                problem.power2_max / unit,
            ],
            counted: [used.allocated1.is_none(), used.allocated2.is_none()],
            fixed: (problem.circuit_power
                + used.allocated1.unwrap_or(problem.artificial_noise)
                + used.allocated2.unwrap_or(0.0))
                / unit,
            unit,
            price: PRICE,
        }
    }

    pub(super) fn antennas(&self) -> (usize, usize) {
        (self.h_bo.centre.len(), self.g_bo.centre.len())
    }

    /// Least `S / z` at Bob in a box.
    pub(super) fn least(&self, t_low: f64) -> f64 {
        self.gamma.max(self.secrecy.exp2() * (1.0 + t_low) - 1.0)
    }

    /// Every design's `p`, `z`, `t`, with room for rounding.
    pub(super) fn domain(&self) -> Result<Cell, Error> {
        let room = 1e-12;
        let norm = |ball: &Ball| square(&ball.centre).sqrt();
        let strong = (norm(&self.h_bo) - self.h_bo.radius).max(0.0);
        let loud = norm(&self.g_bo) + self.g_bo.radius;
        let eve = norm(&self.h_e) + self.h_e.radius;
        let low = (self.least(0.0) * self.noise).sqrt();
        let high = strong * self.limits[0].max(0.0).sqrt();
        let t = if self.ordering {
            self.gamma.min(1.0)
        } else {
            eve * eve * self.limits[0].max(0.0)
        };
        let mut lower = vec![(low * (1.0 - room)).min(high), self.noise, 0.0];
        let mut upper = vec![
            high * (1.0 + room),
            self.noise + loud * loud * self.limits[1] * (1.0 + room),
            t * (1.0 + room),
        ];
        if let Needs::Free(rate) = self.needs {
            lower.extend(vec![0.0; self.g_users.len()]);
            upper.extend(vec![rate; self.g_users.len()]);
        }
        Ok(Cell::new(lower, upper)?)
    }

    /// Whether Bob's beams must reach him through every error, so that both point at him.
    pub(super) fn straight(&self) -> [bool; 2] {
        [self.gamma > 0.0 || self.secrecy > 0.0, self.gamma > 0.0]
    }

    /// The ball that a cut's channel is from.
    pub(super) fn ball(&self, kind: Kind) -> &Ball {
        match kind {
            Kind::Signal | Kind::Amplitude | Kind::OrderAtBob | Kind::SensingAtBob => &self.h_bo,
            Kind::Eavesdropping | Kind::Leak | Kind::SensingAtEve | Kind::OrderAtEve => &self.h_e,
            Kind::Interference => &self.g_bo,
            Kind::Jamming => &self.g_e,
        }
    }

    /// Kinds that the problem has.
    pub(super) fn kinds(&self) -> impl Iterator<Item = Kind> {
        let (ordering, gamma) = (self.ordering, self.gamma > 0.0);
        Kind::ALL.into_iter().filter(move |kind| match kind {
            Kind::SensingAtEve | Kind::OrderAtEve | Kind::OrderAtBob => ordering,
            Kind::SensingAtBob => gamma,
            Kind::Signal
            | Kind::Amplitude
            | Kind::Interference
            | Kind::Jamming
            | Kind::Eavesdropping
            | Kind::Leak => true,
        })
    }
}
