//! The network that every design of `[cell_free]` shares, validated, and what beams do in it.

use crate::Error;
use isac_linalg::{Mat, MatRef, c64, validate};
use isac_metrics::{distributed, sinr};
use serde::{Deserialize, Serialize};

/// Access points, users and targets. A value that exists is valid.
///
/// The antennas of all access points are stacked: access point `m` has the rows
/// `offsets[m]..offsets[m + 1]` of every channel, steering vector and beam.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "StatedNetwork", into = "StatedNetwork")]
pub struct Network {
    channels: Mat<c64>,
    steering: Mat<c64>,
    offsets: Vec<usize>,
    power: Vec<f64>,
    noise: Vec<f64>,
    gain: f64,
}

/// What a document states of a [`Network`], before it is checked.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StatedNetwork {
    #[serde(with = "isac_linalg::convert::serde::matrix")]
    channels: Mat<c64>,
    #[serde(with = "isac_linalg::convert::serde::matrix")]
    steering: Mat<c64>,
    antennas: Vec<usize>,
    power: Vec<f64>,
    noise: Vec<f64>,
    gain: f64,
}

impl From<Network> for StatedNetwork {
    fn from(network: Network) -> Self {
        Self {
            antennas: network.offsets.windows(2).map(|w| w[1] - w[0]).collect(),
            channels: network.channels,
            steering: network.steering,
            power: network.power,
            noise: network.noise,
            gain: network.gain,
        }
    }
}

impl TryFrom<StatedNetwork> for Network {
    type Error = Error;
    fn try_from(stated: StatedNetwork) -> Result<Self, Error> {
        let StatedNetwork {
            channels,
            steering,
            antennas,
            power,
            noise,
            gain,
        } = stated;
        Self::new(channels, steering, &antennas, power, noise, gain)
    }
}

impl Network {
    /// Checks the input.
    ///
    /// | argument | symbol | shape, unit |
    /// |---|---|---|
    /// | `channels` | `h_1..h_U` | stacked antennas x users; a user receives `h_u^H f` |
    /// | `steering` | `a_1..a_T` | stacked antennas x targets |
    /// | `antennas` | `N_1..N_M` | antennas of each access point |
    /// | `power` | `P_1..P_M` | W, > 0: budget of each access point |
    /// | `noise` | `sigma_u^2` | W, > 0 |
    /// | `gain` | `zeta^2` | > 0: what a watt at the target is worth in sensing SNR, per watt |
    ///
    /// # Errors
    /// No access point, user or target; an access point without antennas; shapes that differ;
    /// entries that are not finite; a zero channel or steering vector; powers, noise or a gain that are
    /// not positive.
    pub fn new(
        channels: Mat<c64>,
        steering: Mat<c64>,
        antennas: &[usize],
        power: Vec<f64>,
        noise: Vec<f64>,
        gain: f64,
    ) -> Result<Self, Error> {
        if let Some(m) = antennas.iter().position(|&n| n == 0) {
            let what = format!("antennas of access point {m}");
            return Err(isac_linalg::Error::range(what, 0.0, "at least 1").into());
        }
        let mut offsets = vec![0];
        for n in antennas {
            offsets.push(offsets[offsets.len() - 1] + n);
        }
        let total = offsets[antennas.len()];
        for (what, a) in [("channels", &channels), ("steering", &steering)] {
            if a.nrows() != total || a.ncols() == 0 || total == 0 {
                let expected = format!("{} x at least 1", total.max(1));
                let got = format!("{} x {}", a.nrows(), a.ncols());
                return Err(isac_linalg::Error::shape(what, expected, got).into());
            }
            validate::finite(what, a.as_ref())?;
            for j in 0..a.ncols() {
                let what = format!("norm of column {j} of {what}");
                validate::positive(&what, a.col(j).norm_l2(), "")?;
            }
        }
        validate::length("power", power.len(), antennas.len())?;
        for (m, &p) in power.iter().enumerate() {
            validate::positive(&format!("power[{m}]"), p, "W")?;
        }
        validate::length("noise", noise.len(), channels.ncols())?;
        for (u, &n) in noise.iter().enumerate() {
            validate::positive(&format!("noise[{u}]"), n, "W")?;
        }
        validate::positive("sensing gain", gain, "")?;
        Ok(Self {
            channels,
            steering,
            offsets,
            power,
            noise,
            gain,
        })
    }

    /// `h_1..h_U`, stacked antennas x users.
    pub fn channels(&self) -> MatRef<'_, c64> {
        self.channels.as_ref()
    }

    /// `a_1..a_T`, stacked antennas x targets.
    pub fn steering(&self) -> MatRef<'_, c64> {
        self.steering.as_ref()
    }

    /// First row of each access point, and the number of rows.
    pub fn offsets(&self) -> &[usize] {
        &self.offsets
    }

    /// Budget of each access point, W.
    pub fn power(&self) -> &[f64] {
        &self.power
    }

    /// Noise power of each user, W.
    pub fn noise(&self) -> &[f64] {
        &self.noise
    }

    /// Sensing SNR per watt at the target.
    pub fn gain(&self) -> f64 {
        self.gain
    }

    /// Number of users U.
    pub fn users(&self) -> usize {
        self.channels.ncols()
    }

    /// Number of targets T.
    pub fn targets(&self) -> usize {
        self.steering.ncols()
    }

    /// Number of access points M.
    pub fn access_points(&self) -> usize {
        self.power.len()
    }

    /// Rows of an access point: first row and number.
    pub fn rows(&self, m: usize) -> (usize, usize) {
        (self.offsets[m], self.offsets[m + 1] - self.offsets[m])
    }

    /// The same network with other budgets and other noise.
    ///
    /// # Errors
    /// As [`Network::new`].
    pub fn with(&self, power: Vec<f64>, noise: Vec<f64>) -> Result<Self, Error> {
        let antennas: Vec<usize> = self.offsets.windows(2).map(|w| w[1] - w[0]).collect();
        let (channels, steering) = (self.channels.clone(), self.steering.clone());
        Self::new(channels, steering, &antennas, power, noise, self.gain)
    }
}

/// What beams achieve, by the formulas of the problem.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evaluation {
    /// SINR of each user; other users' and all sensing streams are interference.
    pub sinr: Vec<f64>,
    /// Sensing SNR of each target: all streams, incoherent over access points.
    pub sensing_snr: Vec<f64>,
    /// Power of each access point, W.
    pub power: Vec<f64>,
}

impl Evaluation {
    /// Smallest SINR.
    pub fn min_sinr(&self) -> f64 {
        self.sinr.iter().copied().fold(f64::INFINITY, f64::min)
    }

    /// Smallest sensing SNR.
    pub fn min_sensing_snr(&self) -> f64 {
        let all = self.sensing_snr.iter().copied();
        all.fold(f64::INFINITY, f64::min)
    }

    /// Largest excess of a power over its budget, relative to it; 0 where none exceeds.
    pub fn power_violation(&self, network: &Network) -> f64 {
        let pairs = self.power.iter().zip(network.power());
        pairs.map(|(p, most)| p / most - 1.0).fold(0.0, f64::max)
    }

    /// Largest shortfall of an SINR below its floor, relative to it; 0 where none falls short.
    pub fn sinr_violation(&self, floors: &[f64]) -> f64 {
        let pairs = self.sinr.iter().zip(floors);
        pairs.map(|(s, least)| 1.0 - s / least).fold(0.0, f64::max)
    }
}

/// What beams achieve. Column `u < U` is the stream of user `u`; the others are sensing streams.
///
/// ```math
/// \mathrm{SINR}_u = \frac{|h_u^H f_u|^2}{\sum_{s \ne u} |h_u^H f_s|^2 + \sigma_u^2}, \qquad
/// \mathrm{SNR}_t = \zeta^2 \sum_m \sum_s |a_{tm}^H f_{sm}|^2
/// ```
///
/// # Errors
/// Beams of another shape, or not finite.
pub fn evaluate(network: &Network, beams: MatRef<'_, c64>) -> Result<Evaluation, Error> {
    let received = sinr(network.channels(), beams, network.noise())?;
    let offsets = network.offsets();
    let lit = distributed::pattern(network.steering(), beams, offsets)?;
    Ok(Evaluation {
        sinr: received,
        sensing_snr: lit.iter().map(|p| network.gain() * p).collect(),
        power: distributed::powers(beams, offsets)?,
    })
}

/// Rows `first..first + count` of `a`.
pub(crate) fn block(a: MatRef<'_, c64>, (first, count): (usize, usize)) -> MatRef<'_, c64> {
    a.subrows(first, count)
}
