//! Signal to interference and noise ratios of downlink beamforming.

use crate::Error;
use isac_linalg::{MatRef, c64, ops, validate};

/// Received powers of each user, W.
#[derive(Debug, Clone, PartialEq)]
pub struct LinkPowers {
    /// Power of the user's own stream, `|h_k^H w_k|^2`.
    pub signal: Vec<f64>,
    /// Power of all other columns, sensing streams included, plus noise.
    pub interference: Vec<f64>,
}

impl LinkPowers {
    /// `signal / interference` per user.
    pub fn sinr(&self) -> Vec<f64> {
        let pairs = self.signal.iter().zip(&self.interference);
        pairs
            .map(|(signal, interference)| signal / interference)
            .collect()
    }
}

/// Received powers of `K` users.
///
/// ```math
/// S_k = |h_k^H w_k|^2, \qquad I_k = \sum_{j \ne k} |h_k^H w_j|^2 + \sigma_k^2
/// ```
///
/// | argument | symbol | shape | unit |
/// |---|---|---|---|
/// | `channel` | `H` | `Nt x K` | |
/// | `beamformer` | `W = [W_c, W_s]` | `Nt x (K + Ns)` | sqrt(W) |
/// | `noise` | `sigma_k^2` | `K` | W |
///
/// # Errors
/// [`Error::Linalg`] when the shapes do not fit, fewer than `K` columns are given, or a noise power
/// is not positive.
pub fn link_powers(
    channel: MatRef<'_, c64>,
    beamformer: MatRef<'_, c64>,
    noise: &[f64],
) -> Result<LinkPowers, Error> {
    let users = channel.ncols();
    check(channel, beamformer, noise)?;
    let coupling = ops::adjoint_mul(channel, beamformer);
    let mut out = LinkPowers {
        signal: vec![0.0; users],
        interference: vec![0.0; users],
    };
    for k in 0..users {
        out.signal[k] = coupling[(k, k)].norm_sqr();
        let others = (0..beamformer.ncols()).filter(|&j| j != k);
        out.interference[k] = others.map(|j| coupling[(k, j)].norm_sqr()).sum::<f64>() + noise[k];
    }
    Ok(out)
}

/// SINR of each user; arguments as for [`link_powers`].
///
/// ```
/// use isac_linalg::{Mat, c64};
/// let h = Mat::from_fn(2, 1, |_, _| c64::new(1.0, 0.0));
/// let w = Mat::from_fn(2, 2, |i, j| c64::new(if i == j { 1.0 } else { 0.0 }, 0.0));
/// // one unit of signal, one unit of a sensing stream, one unit of noise
/// assert_eq!(isac_metrics::sinr(h.as_ref(), w.as_ref(), &[1.0])?, [0.5]);
/// # Ok::<(), isac_metrics::Error>(())
/// ```
///
/// # Errors
/// As [`link_powers`].
pub fn sinr(
    channel: MatRef<'_, c64>,
    beamformer: MatRef<'_, c64>,
    noise: &[f64],
) -> Result<Vec<f64>, Error> {
    Ok(link_powers(channel, beamformer, noise)?.sinr())
}

/// Shapes and noise powers of a downlink.
pub(crate) fn check(
    channel: MatRef<'_, c64>,
    beamformer: MatRef<'_, c64>,
    noise: &[f64],
) -> Result<(), Error> {
    let users = channel.ncols();
    validate::length("noise", noise.len(), users)?;
    for (k, &power) in noise.iter().enumerate() {
        validate::positive(&format!("noise[{k}]"), power, "W")?;
    }
    if beamformer.nrows() != channel.nrows() || beamformer.ncols() < users {
        return Err(isac_linalg::Error::shape(
            "beamformer",
            format!("{} x ({users} or more)", channel.nrows()),
            format!("{} x {}", beamformer.nrows(), beamformer.ncols()),
        )
        .into());
    }
    validate::finite("channel", channel)?;
    validate::finite("beamformer", beamformer)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use isac_linalg::Mat;

    #[test]
    fn no_users_no_ratios() {
        let h = Mat::<c64>::zeros(3, 0);
        let w = Mat::<c64>::zeros(3, 2);
        assert!(sinr(h.as_ref(), w.as_ref(), &[]).unwrap().is_empty());
    }

    #[test]
    fn bad_input_is_named() {
        let h = Mat::<c64>::zeros(3, 2);
        let w = Mat::<c64>::zeros(3, 1);
        let message = |noise: &[f64]| sinr(h.as_ref(), w.as_ref(), noise).unwrap_err().to_string();
        assert!(message(&[1.0, 1.0]).contains("beamformer"));
        assert!(message(&[1.0]).contains("noise"));
        assert!(message(&[1.0, 0.0]).contains("noise[1]"));
        let nan = Mat::from_fn(3, 2, |_, _| c64::new(f64::NAN, 0.0));
        let error = sinr(h.as_ref(), nan.as_ref(), &[1.0, 1.0]).unwrap_err();
        assert!(error.to_string().contains("beamformer"));
    }
}
