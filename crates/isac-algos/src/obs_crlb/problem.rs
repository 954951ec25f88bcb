//! The problem (11): sum rate against CRLB under a power budget.

use crate::Error;
use isac_linalg::{Mat, MatRef, c64, ops, validate};
use isac_metrics::AngleSensing;
use serde::{Deserialize, Serialize};

/// Weights of the two goals, Eq. (11) of \[obs_crlb\].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Weights {
    /// `delta_c >= 0`, weight of the sum rate (nats/s/Hz).
    pub rate: f64,
    /// `delta_s >= 0`, weight of the CRLB trace.
    pub crlb: f64,
}

/// Maximise over the beamformer `W = [W_c, W_s]`, `Nt x (K + Ns)`,
///
/// ```math
/// f(W) = \delta_c \sum_k \ln(1 + SINR_k(W)) - \delta_s \mathrm{tr} F(W W^H)^{-1}
/// \quad \text{subject to} \quad \|W\|_F^2 \le P_t .
/// ```
///
/// `f(sW)` grows with `s` (Proposition 1), so the budget is always used up and all methods work on
/// the sphere `||W||_F^2 = Pt`. A value that exists is valid.
#[derive(Debug, Clone)]
pub struct SumRateCrlb {
    channel: Mat<c64>,
    sensing: AngleSensing,
    noise: Vec<f64>,
    power: f64,
    weights: Weights,
}

/// Objective and its two parts at a beamformer.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Merit {
    /// `f = delta_c SR - delta_s tr F^-1`.
    pub objective: f64,
    /// Sum rate, nats/s/Hz.
    pub sum_rate: f64,
    /// Trace of the inverse FIM; 0 without targets, infinite when the FIM is singular (an error
    /// unless its weight is 0).
    #[serde(with = "isac_linalg::convert::serde::number")]
    pub crlb_trace: f64,
}

impl SumRateCrlb {
    /// Checks and keeps the data.
    ///
    /// | argument | symbol | shape | unit |
    /// |---|---|---|---|
    /// | `channel` | `H` | `Nt x K`, column = user | |
    /// | `sensing` | targets, arrays, snapshots, radar noise | `S` of `Nt x 3M` | |
    /// | `noise` | `sigma_ck^2` | `K` | W |
    /// | `power` | `Pt` | | W |
    /// | `weights` | `delta_c`, `delta_s` | | |
    ///
    /// `K = 0` and `M = 0` are allowed, not both.
    ///
    /// # Errors
    /// [`Error::Linalg`] naming the argument: a shape that does not fit, an entry that is not
    /// finite, a power that is not positive, a negative weight, neither users nor targets.
    pub fn new(
        channel: Mat<c64>,
        sensing: AngleSensing,
        noise: Vec<f64>,
        power: f64,
        weights: Weights,
    ) -> Result<Self, Error> {
        let (antennas, users) = (sensing.transmit().nrows(), channel.ncols());
        validate::shape("channel", channel.as_ref(), antennas, users)?;
        validate::finite("channel", channel.as_ref())?;
        validate::length("noise", noise.len(), users)?;
        for (k, &sigma2) in noise.iter().enumerate() {
            validate::positive(&format!("noise[{k}]"), sigma2, "W")?;
        }
        validate::positive("power", power, "W")?;
        validate::nonnegative("weights.rate", weights.rate, "")?;
        validate::nonnegative("weights.crlb", weights.crlb, "")?;
        if users == 0 && sensing.targets() == 0 {
            return Err(isac_linalg::Error::range(
                "users and targets",
                0.0,
                "at least one user or one target",
            )
            .into());
        }
        Ok(Self {
            channel,
            sensing,
            noise,
            power,
            weights,
        })
    }

    /// The same problem with other weights.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_weights(&self, weights: Weights) -> Result<Self, Error> {
        let (channel, sensing) = (self.channel.clone(), self.sensing.clone());
        Self::new(channel, sensing, self.noise.clone(), self.power, weights)
    }

    /// `H`, `Nt x K`.
    pub fn channel(&self) -> MatRef<'_, c64> {
        self.channel.as_ref()
    }

    /// Targets and arrays.
    pub fn sensing(&self) -> &AngleSensing {
        &self.sensing
    }

    /// Noise power of each user, W.
    pub fn noise(&self) -> &[f64] {
        &self.noise
    }

    /// `Pt`, W.
    pub fn power(&self) -> f64 {
        self.power
    }

    /// `delta_c` and `delta_s`.
    pub fn weights(&self) -> Weights {
        self.weights
    }

    /// Transmit antennas `Nt` (or the dimension of the coordinates in use).
    pub fn antennas(&self) -> usize {
        self.channel.nrows()
    }

    /// Users `K`.
    pub fn users(&self) -> usize {
        self.channel.ncols()
    }

    /// Targets `M`.
    pub fn targets(&self) -> usize {
        self.sensing.targets()
    }

    /// Objective, sum rate and CRLB of a beamformer of any power. The CRLB comes from the stacked
    /// derivatives of the echo, which keep digits for close targets that the FIM loses.
    ///
    /// # Errors
    /// [`Error::Linalg`] when `W` does not fit; [`Error::Metric`] when the FIM is singular or the
    /// CRLB has lost its digits and `delta_s > 0`.
    pub fn merit(&self, beamformer: MatRef<'_, c64>) -> Result<Merit, Error> {
        self.check_beamformer("beamformer", beamformer)?;
        let sinr = isac_metrics::sinr(self.channel(), beamformer, &self.noise)?;
        let sum_rate = isac_metrics::sum_rate_nats(&sinr);
        let weights = self.weights;
        let crlb_trace = match self.sensing.crlb(beamformer) {
            Ok(crlb) => crlb.trace(),
            Err(error) if weights.crlb > 0.0 => return Err(error.into()),
            Err(_) => f64::INFINITY,
        };
        let penalty = if weights.crlb > 0.0 {
            weights.crlb * crlb_trace
        } else {
            0.0
        };
        Ok(Merit {
            objective: weights.rate * sum_rate - penalty,
            sum_rate,
            crlb_trace,
        })
    }

    /// Gradient of `f`, in the convention `df = Re tr(G^H dW)`. Eq. (32) of \[obs_crlb\].
    ///
    /// # Errors
    /// As [`merit`](Self::merit).
    pub fn gradient(&self, beamformer: MatRef<'_, c64>) -> Result<Mat<c64>, Error> {
        self.check_beamformer("beamformer", beamformer)?;
        let weights = self.weights;
        let rate = isac_metrics::grad::sum_rate_gradient(self.channel(), beamformer, &self.noise)?;
        let mut gradient = rate.gradient;
        ops::scale(gradient.as_mut(), weights.rate);
        if weights.crlb > 0.0 && self.targets() > 0 {
            let crlb = isac_metrics::grad::crlb_trace_gradient(&self.sensing, beamformer)?;
            ops::axpy(gradient.as_mut(), -weights.crlb, crlb.gradient.as_ref());
        }
        Ok(gradient)
    }

    /// `delta_c SR + delta_s tr F^-1`, the size of the two terms of `f`: what a change of `f`, which
    /// crosses zero, is compared with. Terms of weight 0 do not count.
    pub fn magnitude(&self, merit: &Merit) -> f64 {
        let term = |weight: f64, value: f64| if weight > 0.0 { weight * value } else { 0.0 };
        term(self.weights.rate, merit.sum_rate) + term(self.weights.crlb, merit.crlb_trace)
    }

    /// `max(0, ||W||^2 / Pt - 1)`, the violation of the budget.
    pub fn violation(&self, beamformer: MatRef<'_, c64>) -> f64 {
        (ops::norm2(beamformer) / self.power - 1.0).max(0.0)
    }

    /// `Nt` rows, at least `K` columns and at least one, finite.
    pub(super) fn check_beamformer(&self, what: &str, w: MatRef<'_, c64>) -> Result<(), Error> {
        let least = self.users().max(1);
        if w.nrows() != self.antennas() || w.ncols() < least {
            return Err(isac_linalg::Error::shape(
                what,
                format!("{} x ({least} or more)", self.antennas()),
                format!("{} x {}", w.nrows(), w.ncols()),
            )
            .into());
        }
        validate::finite(what, w)?;
        Ok(())
    }

    /// A start scaled to full power.
    pub(super) fn at_full_power(&self, start: MatRef<'_, c64>) -> Result<Mat<c64>, Error> {
        self.check_beamformer("start", start)?;
        let norm = ops::norm(start);
        if norm <= 0.0 {
            return Err(
                isac_linalg::Error::range("start", 0.0, "a beamformer other than 0").into(),
            );
        }
        let mut scaled = start.to_owned();
        ops::scale(scaled.as_mut(), self.power.sqrt() / norm);
        Ok(scaled)
    }
}
