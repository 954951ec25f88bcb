//! Signal to clutter and noise ratio of the target's echo at BS1, Eqs. (16)-(18) of \[hisac_see\],
//! with the receive filter in closed form.

use crate::worst_case::{dot, norm2};
use isac_linalg::c64;
use serde::{Deserialize, Serialize};

/// What the echo competes with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clutter {
    /// White clutter as strong as the noise, Eq. (18).
    #[default]
    Noise,
    /// The clutter channel of Eq. (17), which the beams illuminate.
    Model,
}

/// The receive filter `a` of BS1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceiveFilter {
    /// The maximiser: `h_ta` against white clutter, `(c 1 1^H + sigma^2 I)^-1 h_ta` otherwise.
    #[default]
    Optimal,
    /// `h_ta / |h_ta|` whatever the clutter.
    Matched,
    /// `1 / sqrt(M1)`: not optimised.
    Uniform,
}

/// The numbers of the target link that the SCNR depends on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Echo {
    /// Mean square reflection `kappa2` times the noise power if channels are noise-normalised.
    pub reflection: f64,
    /// Noise power in the units of the channels: 1 if noise-normalised.
    pub noise: f64,
    /// `|h_ta|^2`.
    pub target_gain: f64,
    /// `|1^H h_ta|^2`.
    pub target_sum: f64,
    /// Antennas of BS1.
    pub antennas: usize,
}

/// An SCNR and its slopes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scnr {
    /// The ratio.
    pub value: f64,
    /// Derivative with respect to the illumination `Q`.
    pub by_illumination: f64,
    /// Derivative with respect to the clutter power `c`.
    pub by_clutter: f64,
}

impl Echo {
    /// Of a target channel `h_ta` in full dimension.
    pub fn new(reflection: f64, noise: f64, h_ta: &[c64]) -> Self {
        Self {
            reflection,
            noise,
            target_gain: norm2(h_ta),
            target_sum: h_ta.iter().sum::<c64>().norm_sqr(),
            antennas: h_ta.len(),
        }
    }

    /// SCNR for illumination `Q = |h_ta^H w_bo|^2 + |h_ta^H w_ta|^2` and, for the model clutter,
    /// `c = |h_cl^H w_bo|^2 + |h_cl^H w_ta|^2`.
    pub fn scnr(
        &self,
        illumination: f64,
        clutter: f64,
        model: Clutter,
        filter: ReceiveFilter,
    ) -> Scnr {
        let m = self.antennas as f64;
        let s = self.noise;
        let (gain, slope) = match (model, filter) {
            (Clutter::Noise, ReceiveFilter::Uniform) => (self.target_sum / m / (2.0 * s), 0.0),
            (Clutter::Noise, _) => (self.target_gain / (2.0 * s), 0.0),
            (Clutter::Model, ReceiveFilter::Optimal) => {
                let under = s + clutter * m;
                (
                    (self.target_gain - clutter * self.target_sum / under) / s,
                    -self.target_sum / (under * under),
                )
            }
            (Clutter::Model, ReceiveFilter::Matched) if self.target_gain > 0.0 => {
                let under = clutter * self.target_sum / self.target_gain + s;
                let gain = self.target_gain / under;
                (gain, -self.target_sum / (under * under))
            }
            (Clutter::Model, ReceiveFilter::Matched) => (0.0, 0.0),
            (Clutter::Model, ReceiveFilter::Uniform) => {
                let under = clutter * m + s;
                let gain = self.target_sum / m / under;
                (gain, -self.target_sum / (under * under))
            }
        };
        Scnr {
            value: self.reflection * gain * illumination,
            by_illumination: self.reflection * gain,
            by_clutter: self.reflection * slope * illumination,
        }
    }
}

/// `|h^H w_bo|^2 + |h^H w_ta|^2`: illumination of the target or of the clutter.
pub fn illumination(h: &[c64], w_bo: &[c64], w_ta: &[c64]) -> f64 {
    dot(h, w_bo).norm_sqr() + dot(h, w_ta).norm_sqr()
}

/// SCNR of any receive filter `a` of length `M1`, the definition: the naive twin of [`Echo::scnr`].
pub fn scnr_of_filter(
    echo: &Echo,
    filter: &[c64],
    h_ta: &[c64],
    illumination: f64,
    clutter: f64,
    model: Clutter,
) -> f64 {
    let signal = echo.reflection * dot(filter, h_ta).norm_sqr() * illumination;
    let white = echo.noise * norm2(filter);
    let ones = filter.iter().map(|a| a.conj()).sum::<c64>().norm_sqr();
    match model {
        Clutter::Noise => signal / (2.0 * white),
        Clutter::Model => signal / (clutter * ones + white),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A target that the base station does not see has no echo, whatever the filter and the clutter.
    #[test]
    fn no_channel_to_the_target_is_no_echo() {
        let echo = Echo::new(0.5, 2.0, &[c64::ZERO; 3]);
        for model in [Clutter::Noise, Clutter::Model] {
            for filter in [
                ReceiveFilter::Optimal,
                ReceiveFilter::Matched,
                ReceiveFilter::Uniform,
            ] {
                let scnr = echo.scnr(3.0, 1.5, model, filter);
                let all = [scnr.value, scnr.by_illumination, scnr.by_clutter];
                assert!(
                    all.iter().all(|x| *x == 0.0),
                    "{model:?} {filter:?} {all:?}"
                );
            }
        }
    }
}
