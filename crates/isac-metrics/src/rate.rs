//! Achievable rates.

use std::f64::consts::LN_2;

/// Rate of each user, `ln(1 + SINR)`, nats/s/Hz. Eq. (2) of \[obs_crlb\].
pub fn rates_nats(sinr: &[f64]) -> Vec<f64> {
    sinr.iter().map(|x| x.ln_1p()).collect()
}

/// Sum of the rates, nats/s/Hz.
///
/// ```
/// assert!((isac_metrics::sum_rate_nats(&[1.0, 3.0]) - 8.0_f64.ln()).abs() < 1e-15);
/// ```
pub fn sum_rate_nats(sinr: &[f64]) -> f64 {
    sinr.iter().map(|x| x.ln_1p()).sum()
}

/// A rate in bits for one in nats.
pub fn nats_to_bits(nats: f64) -> f64 {
    nats / LN_2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hand_values() {
        assert_eq!(rates_nats(&[0.0]), [0.0]);
        assert!(sum_rate_nats(&[]).abs() < f64::MIN_POSITIVE);
        assert!((nats_to_bits(sum_rate_nats(&[3.0])) - 2.0).abs() < 1e-15);
        // a tiny ratio keeps its digits
        assert!((sum_rate_nats(&[1e-18]) - 1e-18).abs() < 1e-33);
    }
}
