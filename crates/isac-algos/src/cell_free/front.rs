//! The whole front of common SINR and sensing SNR, with a proof of all of it.
//!
//! `S(gamma)`, the largest smallest sensing SNR of beams that give every user the SINR `gamma` within the
//! budgets, never rises. A joint design ([`jsc`]) at `gamma_i` gives a point `(s_i, v_i)` that is reached and
//! a bound `b_i >= S(gamma_i)`, so between two of them
//!
//! ```math
//! S(\gamma) \ge v_{i+1} \text{ for } \gamma \le s_{i+1}, \qquad
//! S(\gamma) \le b_i \text{ for } \gamma \ge \gamma_i .
//! ```
//!
//! The front lies between the two stairs, whose ends are the largest common SINR ([`max_min`]) and the
//! sensing SNR of all power. Steps are halved where they are largest until every step is narrower or lower
//! than the tolerance: every point of the front is then within it, in one of the two coordinates, of a
//! design that is returned. The stairs bound every weighted sum of the two as well ([`Front::weighted`]).

use super::jsc;
use super::max_min;
use super::problem::{Network, evaluate};
use crate::Error;
use isac_linalg::{Mat, c64, ops, validate};
use serde::{Deserialize, Serialize};

/// Options of the front.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Every step is narrower than this times the largest common SINR, or lower than this times the sensing
    /// SNR of all power.
    pub tolerance: f64,
    /// Most joint designs.
    pub most_designs: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            tolerance: 0.02,
            most_designs: 500,
        }
    }
}

/// A design on the front.
#[derive(Debug, Clone)]
pub struct Corner {
    /// Its floor, from which on `upper` bounds the sensing SNR.
    pub floor: f64,
    /// Smallest SINR of the beams, recomputed.
    pub sinr: f64,
    /// Smallest sensing SNR of the beams, recomputed.
    pub sensing_snr: f64,
    /// No beams whose SINRs are all at least `floor` have a larger smallest sensing SNR.
    pub upper: f64,
    /// Stacked antennas x (users + sensing streams).
    pub beams: Mat<c64>,
}

/// The front: corners in the order of their floors, from 0 to the largest common SINR.
#[derive(Debug, Clone)]
pub struct Front {
    /// At least two: all power for sensing, and the largest common SINR.
    pub corners: Vec<Corner>,
    /// No beams have a larger common SINR.
    pub sinr_upper: f64,
    /// Largest smaller side of a step, relative to the ends: at most the tolerance unless designs ran out.
    pub resolution: f64,
    /// Joint designs.
    pub designs: usize,
}

impl Front {
    /// Largest sensing SNR that is reached and the bound on what can be, at a common SINR of at least `sinr`;
    /// `None` above the largest common SINR. The first is 0 where no corner has the SINR, which is so just below
    /// the bound on it.
    pub fn at(&self, sinr: f64) -> Option<[f64; 2]> {
        if sinr.is_nan() || sinr > self.sinr_upper {
            return None;
        }
        let reached = self.corners.iter().filter(|c| c.sinr >= sinr);
        let known = self.corners.iter().filter(|c| c.floor <= sinr);
        Some([
            reached.map(|c| c.sensing_snr).fold(0.0, f64::max),
            known.map(|c| c.upper).fold(f64::INFINITY, f64::min),
        ])
    }

    /// Largest weighted sum of common SINR and sensing SNR that is reached, and the bound on all beams'.
    ///
    /// # Errors
    /// Weights that are negative or not finite.
    pub fn weighted(&self, sinr: f64, sensing_snr: f64) -> Result<[f64; 2], Error> {
        validate::nonnegative("weight of the SINR", sinr, "")?;
        validate::nonnegative("weight of the sensing SNR", sensing_snr, "")?;
        let own = |c: &Corner| sinr * c.sinr + sensing_snr * c.sensing_snr;
        let reached = self.corners.iter().map(own).fold(0.0, f64::max);
        let ends = self.corners.iter().skip(1).map(|c| c.floor);
        let steps = self.corners.iter().zip(ends.chain([self.sinr_upper]));
        // Beams with a common SINR in a step have at most its right end and its height.
        let bound = steps.map(|(c, end)| sinr * end + sensing_snr * c.upper);
        Ok([reached, bound.fold(0.0, f64::max)])
    }

    /// Width and height of the step after corner `i`, relative to the ends.
    fn step(&self, i: usize) -> f64 {
        let corner = &self.corners[i];
        let (end, low) = match self.corners.get(i + 1) {
            Some(next) => (next.floor, next.sensing_snr),
            None => (self.sinr_upper, 0.0),
        };
        let width = (end - corner.floor) / self.sinr_upper;
        let height = (corner.upper - low) / self.corners[0].upper;
        width.min(height)
    }
}

/// The front of a network; `None` where the largest common SINR or a joint design was not found.
///
/// # Errors
/// A tolerance that is not positive; a decomposition that failed.
pub fn solve(network: &Network, options: &Options) -> Result<Option<Front>, Error> {
    validate::positive("tolerance", options.tolerance, "")?;
    let Some(best) = max_min::solve(network, &max_min::Options::default())? else {
        return Ok(None);
    };
    if !best.upper.is_finite() {
        return Ok(None);
    }
    let last = evaluate(network, best.beams.as_ref())?;
    let all = all_power(network);
    let Some(first) = sensing_alone(network, best.sinr)? else {
        return Ok(None);
    };
    let mut front = Front {
        corners: vec![
            Corner {
                floor: 0.0,
                upper: all,
                ..first
            },
            Corner {
                floor: best.sinr,
                sinr: last.min_sinr(),
                sensing_snr: last.min_sensing_snr(),
                // Until the design beside it says more: nothing senses more than all power.
                upper: all,
                beams: best.beams,
            },
        ],
        sinr_upper: best.upper,
        resolution: f64::INFINITY,
        designs: 1,
    };
    loop {
        let steps = 0..front.corners.len();
        let worst = steps
            .map(|i| (front.step(i), i))
            .max_by(|a, b| a.0.total_cmp(&b.0));
        let Some((size, i)) = worst else {
            return Ok(None);
        };
        front.resolution = size;
        if size <= options.tolerance || front.designs >= options.most_designs {
            return Ok(Some(front));
        }
        let end = front
            .corners
            .get(i + 1)
            .map_or(front.sinr_upper, |c| c.floor);
        let floor = 0.5 * (front.corners[i].floor + end);
        let Some(corner) = design(network, floor)? else {
            return Ok(None);
        };
        front.designs += 1;
        front.corners.insert(i + 1, corner);
        // The bound of a smaller floor holds for every larger one.
        for j in 1..front.corners.len() {
            front.corners[j].upper = front.corners[j].upper.min(front.corners[j - 1].upper);
        }
    }
}

/// A joint design at a common floor.
fn design(network: &Network, floor: f64) -> Result<Option<Corner>, Error> {
    let floors = vec![floor; network.users()];
    let outcome = jsc::solve(network, &floors, &jsc::Options::default())?;
    Ok(outcome.design().map(|found| Corner {
        floor,
        sinr: found.evaluation.min_sinr(),
        sensing_snr: found.objective(),
        upper: found.upper,
        beams: found.beams.clone(),
    }))
}

/// The left end: a floor so small that it costs nothing.
fn sensing_alone(network: &Network, largest: f64) -> Result<Option<Corner>, Error> {
    /// Share of the largest common SINR.
    const NOTHING: f64 = 1e-9;
    design(network, NOTHING * largest)
}

/// The least of the targets' sensing SNRs with all power on that target alone, which no beams exceed.
fn all_power(network: &Network) -> f64 {
    let of = |t: usize| -> f64 {
        let parts = (0..network.access_points()).map(|m| {
            let (first, rows) = network.rows(m);
            let a = network.steering().subcols(t, 1).subrows(first, rows);
            network.power()[m] * ops::norm2(a)
        });
        network.gain() * parts.sum::<f64>()
    };
    (0..network.targets()).map(of).fold(f64::INFINITY, f64::min)
}
