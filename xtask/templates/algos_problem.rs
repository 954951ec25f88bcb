//! One user, one beam: the largest SNR within a power budget.

use crate::Error;
use isac_linalg::{Mat, MatRef, c64, ops, validate};

/// `max |h^H w|^2 / sigma^2` subject to `|w|^2 <= P`. A value that exists is valid.
#[derive(Debug, Clone)]
pub struct Problem {
    channel: Mat<c64>,
    power: f64,
    noise: f64,
}

impl Problem {
    /// Checks and keeps the data.
    ///
    /// | argument | symbol | shape | unit |
    /// |---|---|---|---|
    /// | `channel` | `h` | `N x 1` | |
    /// | `power` | `P` | | W |
    /// | `noise` | `sigma^2` | | W |
    ///
    /// # Errors
    /// [`Error::Linalg`] naming the argument.
    pub fn new(channel: Mat<c64>, power: f64, noise: f64) -> Result<Self, Error> {
        validate::shape("channel", channel.as_ref(), channel.nrows(), 1)?;
        validate::finite("channel", channel.as_ref())?;
        validate::positive("power", power, "W")?;
        validate::positive("noise", noise, "W")?;
        Ok(Self {
            channel,
            power,
            noise,
        })
    }

    /// `h`, `N x 1`.
    pub fn channel(&self) -> MatRef<'_, c64> {
        self.channel.as_ref()
    }

    /// `P`, W.
    pub fn power(&self) -> f64 {
        self.power
    }

    /// The SNR of a beam, `N x 1`.
    ///
    /// # Panics
    /// If the beam does not have `N` rows.
    pub fn snr(&self, beam: MatRef<'_, c64>) -> f64 {
        let gain = ops::adjoint_mul(self.channel(), beam);
        ops::norm2(gain.as_ref()) / self.noise
    }

    /// By how much a beam exceeds the budget, relative to it.
    pub fn violation(&self, beam: MatRef<'_, c64>) -> f64 {
        (ops::norm2(beam) / self.power - 1.0).max(0.0)
    }

    /// No beam within the budget has an SNR above this, by the inequality of Cauchy and Schwarz.
    pub fn bound(&self) -> f64 {
        self.power * ops::norm2(self.channel()) / self.noise
    }
}
