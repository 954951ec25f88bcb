//! Starting points and the working coordinates of a problem.

use super::problem::{Access, Design, Problem, dot, square};
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
    /// The same in the spans of the channels, or in full dimension where an error is an ellipsoid.
    pub(crate) cell: TwoCell,
    pub(crate) bases: Option<Bases>,
    pub(crate) echo: Echo,
}

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
        let (cell, bases) = if balls {
            let (cell, bases) = network.reduced(clutter)?;
            (cell, Some(bases))
        } else {
            (network.clone(), None)
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

/// Powers of the raw start.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RawStart {
    /// Power of BS1, W.
    pub power1: f64,
    /// Power of BS2, W, in every slot.
    pub power2: f64,
    /// Share of BS1's power in the data beam.
    pub data_share: f64,
    /// Share of BS2's power in the common stream, with rate splitting.
    pub common_share: f64,
}

impl Default for RawStart {
    fn default() -> Self {
        Self {
            power1: 8.0,
            power2: 8.0,
            data_share: 0.4,
            common_share: 0.25,
        }
    }
}

impl RawStart {
    /// A few starts that differ in powers and shares, the default first.
    pub fn variations() -> [Self; 5] {
        let first = Self::default();
        let with = |power1, power2, data_share, common_share| Self {
            power1,
            power2,
            data_share,
            common_share,
        };
        [
            first,
            with(10.0, 12.0, 0.3, 0.5),
            with(16.0, 12.0, 0.15, 0.1),
            with(12.0, 30.0, 0.3, 0.7),
            with(20.0, 24.0, 0.2, 0.5),
        ]
    }

    /// The design: data beam along Bob without Eve's component, sensing beam between Bob and target,
    /// private streams by regularised zero forcing against the other users and Bob, the common one
    /// along their sum. Powers are cut to the problem's limits. In general it is infeasible.
    ///
    /// # Errors
    /// A failed factorisation.
    pub fn design(&self, problem: &Problem, working: &Working) -> Result<Design, Error> {
        let cell = &working.network;
        let n = cell.users();
        let power1 = self.power1.min(0.9 * problem.power1_max);
        let power2 = self.power2.min(0.9 * problem.power2_max);
        let (h_bo, h_e) = (&cell.h_bo.estimate, &cell.h_e.estimate);
        let leak = dot(h_e, h_bo) / square(h_e).max(f64::MIN_POSITIVE);
        let clean: Vec<c64> = h_bo.iter().zip(h_e).map(|(b, e)| b - e * leak).collect();
        let clean = if square(&clean) > 1e-12 * square(h_bo) {
            clean
        } else {
            h_bo.clone()
        };
        let between: Vec<c64> = {
            let (b, t) = (unit(h_bo), unit(&cell.h_ta));
            b.iter().zip(&t).map(|(b, t)| b + t).collect()
        };
        let w_bo = with_power(&clean, self.data_share * power1);
        let w_ta = with_power(&between, (1.0 - self.data_share) * power1);
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
            let v = avoided.as_ref();
            let right = cell.g_users.as_ref().subcols(k, 1);
            // (I + V V^H)^-1 g = g - V (I + V^H V)^-1 V^H g: small whatever the antennas.
            let gram = ops::shifted(ops::adjoint_mul(v, v).as_ref(), 1.0);
            let seen = ops::adjoint_mul(v, right);
            let weights = factor::cholesky("zero forcing", gram.as_ref())?.solve(seen.as_ref());
            let found = right - ops::mul(v, weights.as_ref());
            Ok(unit(&found.col(0).iter().copied().collect::<Vec<_>>()))
        })
        .collect()
}

fn unit(v: &[c64]) -> Vec<c64> {
    let length = square(v).sqrt().max(f64::MIN_POSITIVE);
    v.iter().map(|x| x / length).collect()
}

fn with_power(v: &[c64], watts: f64) -> Vec<c64> {
    unit(v).iter().map(|x| x * watts.sqrt()).collect()
}
