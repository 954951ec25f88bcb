//! Starting beamformers. None has a zero stream: a silent stream is a stationary point of the penalty
//! and stays silent.

use super::Problem;
use crate::Error;
use isac_linalg::{Mat, MatRef, c64, factor, ops};
use rand::{Rng, RngExt};
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};
use std::f64::consts::TAU;

/// How to start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    /// Half the power on random-phase sums of the steering vectors, half on matched user beams.
    #[default]
    Mrt,
    /// The same with regularised zero-forcing user beams.
    Zf,
    /// Gaussian entries.
    Random,
}

impl Start {
    /// Draws a beamformer of full power.
    ///
    /// # Errors
    /// A failed factorisation (`Zf` only).
    pub fn draw(self, problem: &Problem, rng: &mut impl Rng) -> Result<Mat<c64>, Error> {
        let streams = problem.streams();
        let antennas = problem.antennas();
        let mut w = Mat::zeros(antennas, streams.columns());
        let power = problem.power_w();
        if self == Self::Random {
            for c in 0..w.ncols() {
                for n in 0..antennas {
                    let (re, im) = (StandardNormal.sample(rng), StandardNormal.sample(rng));
                    w[(n, c)] = c64::new(re, im);
                }
            }
            let norm = ops::norm(w.as_ref());
            ops::scale(w.as_mut(), power.sqrt() / norm);
            return Ok(w);
        }
        let share = if streams.users == 0 { 1.0 } else { 0.5 } * power;
        let per_sensing = (share / (streams.subcarriers * streams.sensing) as f64).sqrt();
        let per_user = (share / (streams.subcarriers * streams.users.max(1)) as f64).sqrt();
        for i in 0..streams.subcarriers {
            for s in 0..streams.sensing {
                let column = streams.column(i, s);
                for t in 0..problem.steering().ncols() {
                    let phase = c64::cis(TAU * rng.random::<f64>());
                    for n in 0..antennas {
                        w[(n, column)] += problem.steering()[(n, t)] * phase;
                    }
                }
                set_length(&mut w, column, per_sensing);
            }
            let channels = problem
                .rate()
                .channels()
                .subcols(i * streams.users, streams.users);
            let beams = match self {
                Self::Zf => zero_forcing(problem, channels)?,
                Self::Mrt | Self::Random => channels.to_owned(),
            };
            for k in 0..streams.users {
                let column = streams.user_column(i, k);
                w.col_mut(column).copy_from(beams.col(k));
                set_length(&mut w, column, per_user);
            }
        }
        Ok(w)
    }
}

/// `H (H^H H + e I)^-1` with e the noise per user's share of power, so that weak users are not
/// inverted into each other.
fn zero_forcing(problem: &Problem, h: MatRef<'_, c64>) -> Result<Mat<c64>, Error> {
    let share = problem.power_w() / (problem.streams().subcarriers.max(1)) as f64;
    let noise: f64 = problem.rate().noise_w().iter().sum();
    let gram = ops::adjoint_mul(h, h);
    let floor = 1e-12 * ops::norm_max(gram.as_ref());
    let gram = ops::shifted(gram.as_ref(), noise / share + floor);
    Ok(
        factor::solve(gram.as_ref(), h.adjoint().to_owned().as_ref())?
            .adjoint()
            .to_owned(),
    )
}

/// Scales a column to a length; a zero column gets equal entries.
fn set_length(w: &mut Mat<c64>, column: usize, length: f64) {
    let mut column = w.as_mut().subcols_mut(column, 1);
    let norm = ops::norm(column.as_ref());
    if norm > 0.0 {
        ops::scale(column, length / norm);
    } else {
        let entry = length / (column.nrows() as f64).sqrt();
        column.fill(c64::new(entry, 0.0));
    }
}
