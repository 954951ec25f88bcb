//! Starting points and the working coordinates of a problem.

use super::problem::{Access, Design, Problem, adjoint_times, dot, square};
use crate::Error;
use isac_linalg::{Mat, c64, factor, ops};
use isac_metrics::scnr::Echo;
use isac_models::two_cell::{Bases, TwoCell};
use serde::{Deserialize, Serialize};

/// A problem's network in the coordinates the algorithms work in.
#[derive(Debug, Clone)]
pub struct Working {
    /// All channels over the noise, full dimension: what decides.
    pub network: TwoCell,
    /// The same in the spans of the channels, or in full dimension where an error is an ellipsoid or a given
    /// beam lies elsewhere.
    pub(crate) cell: TwoCell,
    pub(crate) bases: Option<Bases>,
    pub(crate) echo: Echo,
}

/// Part of a given beam's power that the coordinates may lose.
const LOST: f64 = 1e-12;

impl Working {
    /// Normalises and reduces.
    ///
    /// # Errors
    /// A problem that fails [`Problem::check`], a failed decomposition.
    pub fn new(problem: &Problem) -> Result<Self, Error> {
        problem.check()?;
        let network = problem.cell.normalised();
        let balls = [&network.h_bo, &network.h_e, &network.g_bo, &network.g_e]
            .iter()
            .all(|link| link.radius().is_some());
        let clutter = problem.clutter == isac_metrics::scnr::Clutter::Model;
        let reduced = if balls {
            // Given beams outside the span would lose the power that they send there, which errors see.
            let (cell, bases) = network.reduced(clutter)?;
            let given = [&problem.frozen_bo, &problem.frozen_ta];
            let inside = given.into_iter().flatten().all(|w| {
                let kept = square(&adjoint_times(&bases.bs1, w));
                kept >= square(w) * (1.0 - LOST)
            });
            inside.then_some((cell, bases))
        } else {
            None
        };
        let (cell, bases) = match reduced {
            Some((cell, bases)) => (cell, Some(bases)),
            None => (network.clone(), None),
        };
        let echo = Echo::new(problem.reflection * problem.cell.noise, 1.0, &network.h_ta);
        Ok(Self {
            network,
            cell,
            bases,
            echo,
        })
    }

    /// The same in full dimension, for comparison.
    ///
    /// # Errors
    /// A problem that fails [`Problem::check`].
    pub fn unreduced(problem: &Problem) -> Result<Self, Error> {
        let reduced = Self::new(problem)?;
        Ok(Self {
            cell: reduced.network.clone(),
            bases: None,
            ..reduced
        })
    }

    /// Whether all errors lie in balls.
    pub(crate) fn has_balls(&self) -> bool {
        let cell = &self.cell;
        let links = [&cell.h_bo, &cell.h_e, &cell.g_bo, &cell.g_e];
        links.iter().all(|link| link.radius().is_some())
    }

    pub(crate) fn reduce(&self, design: &Design) -> Design {
        match &self.bases {
            Some(bases) => design.reduced(bases),
            None => design.clone(),
        }
    }

    pub(crate) fn expand(&self, design: &Design) -> Design {
        match &self.bases {
            Some(bases) => design.expanded(bases),
            None => design.clone(),
        }
    }
}

/// The raw start: powers and shares relative to what the channels suggest.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RawStart {
    /// Power of BS1 over that at which Bob's efficiency, alone and without errors, is greatest.
    pub power1: f64,
    /// Power of BS2 over that with which its users, alone and without interference, get their rates.
    pub power2: f64,
    /// Share of BS1's power in the data beam.
    pub data_share: f64,
    /// Share of BS2's power in the common stream, with rate splitting.
    pub common_share: f64,
    /// Amplitude of the target's direction in the sensing beam, that of Bob's being 1.
    pub tilt: f64,
}

impl Default for RawStart {
    fn default() -> Self {
        Self {
            power1: 1.0,
            power2: 5.0,
            data_share: 0.47,
            common_share: 0.4,
            tilt: 0.3,
        }
    }
}

/// What the sensing beam sends towards Eve, in units of what it may send within her channel's
/// error. Below 1 the order at Eve asks for parallel beams.
const TOWARDS_EVE: f64 = 2.0;

impl RawStart {
    /// A few starts that differ in powers and shares, the default first.
    pub fn variations() -> [Self; 5] {
        let first = Self::default();
        let with = |power1, power2, data_share, common_share, tilt| Self {
            power1,
            power2,
            data_share,
            common_share,
            tilt,
        };
        [
            first,
            with(1.2, 8.0, 0.3, 0.25, 1.0),
            with(1.5, 8.0, 0.15, 0.1, 1.0),
            with(1.2, 16.0, 0.3, 0.7, 1.0),
            with(2.0, 14.0, 0.2, 0.5, 1.0),
        ]
    }

    /// The design: data beam along Bob by regularised zero forcing against Eve and the users, sensing
    /// beam close to it with some power towards the target and as much towards Eve as lets the
    /// order hold there; private streams by regularised zero forcing against the other users and
    /// Bob, the common one along their sum. Powers are cut to the problem's limits. In general it is
    /// infeasible.
    ///
    /// # Errors
    /// A failed factorisation.
    pub fn design(&self, problem: &Problem, working: &Working) -> Result<Design, Error> {
        let cell = &working.network;
        let n = cell.users();
        let slots = problem.access.slots(n) as f64;
        let (h_bo, h_e) = (&cell.h_bo.estimate, &cell.h_e.estimate);
        let clean = {
            let avoided = Mat::from_fn(h_bo.len(), n + 1, |i, u| {
                if u < n { cell.h_users[(i, u)] } else { h_e[i] }
            });
            without(&regularised(&avoided, h_bo)?, h_e)
        };
        let sensing = {
            let (b, t) = (unit(&clean), unit(&cell.h_ta));
            let sum: Vec<c64> = b.iter().zip(&t).map(|(b, t)| b + t * self.tilt).collect();
            let along = unit(&without(&sum, h_e));
            let radius =
                cell.h_e.radius().unwrap_or(0.0) / square(h_e).sqrt().max(f64::MIN_POSITIVE);
            let leak = (TOWARDS_EVE * radius).min(1.0);
            let pairs = along.iter().zip(unit(h_e));
            pairs.map(|(a, e)| a + e * leak).collect::<Vec<_>>()
        };
        let need = problem.unicast_rate() * slots;
        let serving: f64 = (0..n)
            .map(|k| {
                let gain: f64 = cell.g_users.col(k).iter().map(|g| g.norm_sqr()).sum();
                (need.exp2() - 1.0) / gain.max(f64::MIN_POSITIVE)
            })
            .sum();
        let power2 = (self.power2 * serving / (slots * slots)).min(0.9 * problem.power2_max);
        let gain = self.data_share * dot(&unit(&clean), h_bo).norm_sqr();
        let spent = power2 + problem.circuit_power;
        let power1 = (self.power1 * most_efficient(gain, spent)).min(0.9 * problem.power1_max);
        let w_bo = with_power(&clean, self.data_share * power1);
        let w_ta = with_power(&sensing, (1.0 - self.data_share) * power1);
        let private = directions(cell, problem.access)?;
        let mut streams = Vec::new();
        let common_share = if problem.access.has_common() {
            let sum: Vec<c64> = (0..cell.antennas2())
                .map(|i| private.iter().map(|o| o[i]).sum())
                .collect();
            streams.extend(with_power(&sum, self.common_share * power2));
            self.common_share
        } else {
            0.0
        };
        let shared = n as f64 / problem.access.slots(n) as f64;
        for o in &private {
            streams.extend(with_power(o, (1.0 - common_share) * power2 / shared));
        }
        Ok(Design {
            w_bo: problem.frozen_bo.clone().unwrap_or(w_bo),
            w_ta: problem.frozen_ta.clone().unwrap_or(w_ta),
            streams,
        })
    }
}

/// Power of a base station in the units that the algorithms see: beams then have entries of order one.
pub(super) const TYPICAL: f64 = 10.0;

/// Powers in W that designs of a problem spend, roughly, by base station: BS2 what its users need, BS1 where
/// Bob's efficiency is greatest or what its thresholds need, both within the limits. They carry the
/// problem's own unit of power.
pub(super) fn typical_powers(problem: &Problem, cell: &TwoCell, echo: &Echo) -> [f64; 2] {
    let n = cell.users();
    let slots = problem.access.slots(n) as f64;
    let need = (problem.unicast_rate() * slots).exp2() - 1.0;
    let serving: f64 = (0..n)
        .map(|k| need / cell.g_users.col(k).squared_norm_l2().max(f64::MIN_POSITIVE))
        .sum();
    let power2 = (5.0 * serving / (slots * slots)).min(problem.power2_max);
    let gain = 0.5 * square(&cell.h_bo.estimate);
    let r = &problem.requirements;
    let light = echo.scnr(1.0, 0.0, problem.clutter, problem.filter).value * square(&cell.h_ta);
    let least = (r.sinr / gain).max((r.secrecy_rate.exp2() - 1.0) / gain);
    let least = least.max(r.sinr / light.max(f64::MIN_POSITIVE));
    let most = most_efficient(gain, power2 + problem.circuit_power);
    let power1 = most.max(least).min(problem.power1_max);
    // Users without targets leave BS2 to jam Eve.
    [power1, power2.max(0.1 * power1).min(problem.power2_max)]
}

/// Unit directions of the private streams.
fn directions(cell: &TwoCell, access: Access) -> Result<Vec<Vec<c64>>, Error> {
    let (n, m2) = (cell.users(), cell.antennas2());
    let bob = &cell.g_bo.estimate;
    let solo = access == Access::Tdma;
    (0..n)
        .map(|k| {
            let others: Vec<usize> = (0..n).filter(|&j| j != k && !solo).collect();
            // Column by column the channels V to stay away from.
            let avoided = Mat::from_fn(m2, others.len() + 1, |i, u| {
                others.get(u).map_or(bob[i], |&u| cell.g_users[(i, u)])
            });
            let own: Vec<c64> = cell.g_users.col(k).iter().copied().collect();
            Ok(unit(&regularised(&avoided, &own)?))
        })
        .collect()
}

/// `(I + V V^H)^-1 g` for the columns `V` to stay away from.
fn regularised(avoided: &Mat<c64>, channel: &[c64]) -> Result<Vec<c64>, Error> {
    let v = avoided.as_ref();
    let right = Mat::from_fn(channel.len(), 1, |i, _| channel[i]);
    // (I + V V^H)^-1 g = g - V (I + V^H V)^-1 V^H g: small whatever the antennas.
    let gram = ops::shifted(ops::adjoint_mul(v, v).as_ref(), 1.0);
    let seen = ops::adjoint_mul(v, right.as_ref());
    let weights = factor::cholesky("zero forcing", gram.as_ref())?.solve(seen.as_ref());
    let found = right - ops::mul(v, weights.as_ref());
    Ok(found.col(0).iter().copied().collect())
}

/// `v` without its component along `e`, or `v` if nothing else is left.
pub(super) fn without(v: &[c64], e: &[c64]) -> Vec<c64> {
    let along = dot(e, v) / square(e).max(f64::MIN_POSITIVE);
    let rest: Vec<c64> = v.iter().zip(e).map(|(v, e)| v - e * along).collect();
    if square(&rest) > 1e-12 * square(v) {
        rest
    } else {
        v.to_vec()
    }
}

/// The power `p` at which `ln(1 + gain p) / (p + spent)` is greatest.
fn most_efficient(gain: f64, spent: f64) -> f64 {
    // With y = 1 + gain p: y (ln y - 1) = gain spent - 1, by Newton on a convex function.
    let right = (gain * spent - 1.0).max(-1.0);
    let mut y = right.max(1.0) + 1.0;
    for _ in 0..30 {
        y = ((y + right) / y.ln()).max(1.0 + 1e-6);
    }
    (y - 1.0) / gain.max(f64::MIN_POSITIVE)
}

fn unit(v: &[c64]) -> Vec<c64> {
    let length = square(v).sqrt().max(f64::MIN_POSITIVE);
    v.iter().map(|x| x / length).collect()
}

pub(super) fn with_power(v: &[c64], watts: f64) -> Vec<c64> {
    unit(v).iter().map(|x| x * watts.sqrt()).collect()
}
