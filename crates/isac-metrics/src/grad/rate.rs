//! Gradient of the sum rate.

use super::ValueGradient;
use crate::{Error, sinr};
use isac_linalg::{Mat, MatRef, c64, ops};

/// Sum rate (nats/s/Hz) and its gradient with respect to the beamformer; arguments as for
/// [`link_powers`](crate::link_powers).
///
/// ```math
/// \nabla SR = 2 H ([\mathrm{diag}(\bar\eta), 0] - \Sigma_2 H^H W), \qquad
/// \eta_k = \overline{h_k^H w_k} / I_k, \quad \Sigma_2 = \mathrm{diag}(S_k / (I_k T_k)),
/// ```
///
/// with `T_k = S_k + I_k`. Eqs. (16) and (32) of \[obs_crlb\].
///
/// # Errors
/// As [`link_powers`](crate::link_powers).
pub fn sum_rate_gradient(
    channel: MatRef<'_, c64>,
    beamformer: MatRef<'_, c64>,
    noise: &[f64],
) -> Result<ValueGradient, Error> {
    let powers = sinr::link_powers(channel, beamformer, noise)?;
    let coupling = ops::adjoint_mul(channel, beamformer);
    let weights = Mat::from_fn(channel.ncols(), beamformer.ncols(), |k, j| {
        let (signal, interference) = (powers.signal[k], powers.interference[k]);
        let beta = signal / (interference * (signal + interference));
        let own = if j == k {
            coupling[(k, k)] / interference
        } else {
            c64::ZERO
        };
        2.0 * (own - coupling[(k, j)] * beta)
    });
    Ok(ValueGradient {
        value: crate::sum_rate_nats(&powers.sinr()),
        gradient: ops::mul(channel, weights.as_ref()),
    })
}
