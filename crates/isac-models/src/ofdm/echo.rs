//! The echo of one point target on the resource grid and what a matched receive array makes of it.

use crate::Error;
use isac_linalg::{Mat, MatRef, c64, validate};
use rand::Rng;
use rand_distr::{Distribution, StandardNormal};
use std::f64::consts::TAU;

/// An echo: complex gain, normalised delay and normalised Doppler shift.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Echo {
    /// Complex gain beta, dimensionless.
    pub gain: c64,
    /// Delay in cycles per subcarrier (delay times spacing), in [0, 1) when unambiguous.
    pub delay: f64,
    /// Doppler shift in cycles per symbol (shift times symbol interval).
    pub doppler: f64,
}

impl Echo {
    /// Mean of the echo on the grid, N x M, Eq. (3) of \[alpha_fair\] after the steering of one
    /// receive antenna is removed:
    ///
    /// ```math
    /// mu_{i,m} = beta exp(j 2 pi m nu) exp(-j 2 pi i tau) z_{i,m}
    /// ```
    ///
    /// `illumination` is z, N x M: what the target is lit with, `a^H x_{i,m}`, in sqrt(W).
    pub fn mean(&self, illumination: MatRef<'_, c64>) -> Mat<c64> {
        Mat::from_fn(illumination.nrows(), illumination.ncols(), |i, m| {
            let turns = m as f64 * self.doppler - i as f64 * self.delay;
            self.gain * c64::cis(TAU * turns) * illumination[(i, m)]
        })
    }
}

/// What the receiver knows and sees: the reference and the matched array's output, both N x M.
#[derive(Debug, Clone)]
pub struct Observation {
    /// The illumination `a^H w_i s_{i,m}` of the target, sqrt(W).
    pub reference: Mat<c64>,
    /// The output of the array matched to the target's direction, sqrt(W).
    pub samples: Mat<c64>,
}

/// Draws an observation of one target by an array of `antennas` matched to the target's direction.
///
/// The sensing symbols are random QPSK of unit power, known to the receiver. Matching adds the
/// antennas coherently (gain sqrt(antennas)) and leaves the noise variance as it was.
///
/// | argument | shape | unit |
/// |---|---|---|
/// | `amplitude`, `a^H w_i` | N | sqrt(W) |
/// | `disturbance`, variance per subcarrier and antenna | N | W |
///
/// # Errors
/// Lists of different length, no symbol, no antenna, a variance that is not positive, or values
/// that are not finite.
pub fn matched_observation(
    echo: Echo,
    amplitude: &[c64],
    disturbance: &[f64],
    symbols: usize,
    antennas: usize,
    rng: &mut impl Rng,
) -> Result<Observation, Error> {
    validate::length("disturbance", disturbance.len(), amplitude.len())?;
    validate::positive("symbols", symbols as f64, "")?;
    validate::positive("antennas", antennas as f64, "")?;
    for &d in disturbance {
        validate::positive("disturbance", d, "W")?;
    }
    let parts: Vec<f64> = amplitude.iter().flat_map(|a| [a.re, a.im]).collect();
    validate::finite_list("amplitude", &parts)?;
    validate::finite_list(
        "echo",
        &[echo.gain.re, echo.gain.im, echo.delay, echo.doppler],
    )?;
    let n = amplitude.len();
    let mut reference = Mat::zeros(n, symbols);
    for m in 0..symbols {
        for i in 0..n {
            let quarter = (rng.next_u32() >> 30) as f64;
            reference[(i, m)] = amplitude[i] * c64::cis(TAU * (quarter / 4.0 + 0.125));
        }
    }
    let mut samples = echo.mean(reference.as_ref());
    let array_gain = (antennas as f64).sqrt();
    for m in 0..symbols {
        for i in 0..n {
            let std = (disturbance[i] / 2.0).sqrt();
            let re: f64 = StandardNormal.sample(rng);
            let im: f64 = StandardNormal.sample(rng);
            samples[(i, m)] = samples[(i, m)] * array_gain + c64::new(re, im) * std;
        }
    }
    Ok(Observation { reference, samples })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{SeedableRng, rngs::ChaCha8Rng};

    #[test]
    fn delay_turns_subcarriers_back_and_doppler_turns_symbols_forward() {
        let echo = Echo {
            gain: c64::new(2.0, 0.0),
            delay: 0.25,
            doppler: 0.25,
        };
        let lit = Mat::from_fn(2, 2, |_, _| c64::ONE);
        let mean = echo.mean(lit.as_ref());
        assert!((mean[(0, 0)] - c64::new(2.0, 0.0)).norm() < 1e-15);
        assert!((mean[(1, 0)] - c64::new(0.0, -2.0)).norm() < 1e-15);
        assert!((mean[(0, 1)] - c64::new(0.0, 2.0)).norm() < 1e-15);
    }

    #[test]
    fn the_matched_output_has_the_stated_mean_and_variance() {
        let echo = Echo {
            gain: c64::new(0.6, -0.8),
            delay: 0.1,
            doppler: 0.02,
        };
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let seen = matched_observation(echo, &[c64::ONE; 8], &[0.5; 8], 500, 4, &mut rng).unwrap();
        let mean = echo.mean(seen.reference.as_ref());
        let (mut projection, mut power) = (c64::ZERO, 0.0);
        for m in 0..500 {
            for i in 0..8 {
                projection += mean[(i, m)].conj() * seen.samples[(i, m)] / 4000.0;
                power += (seen.samples[(i, m)] - mean[(i, m)] * 2.0).norm_sqr() / 4000.0;
            }
        }
        assert!((projection - c64::new(2.0, 0.0)).norm() < 0.05);
        assert!((power - 0.5).abs() < 0.03);
    }

    #[test]
    fn bad_observations_are_refused_by_name() {
        let echo = Echo {
            gain: c64::ONE,
            delay: 0.1,
            doppler: 0.0,
        };
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let mut draw = |amplitude: &[c64], noise: &[f64], symbols| {
            matched_observation(echo, amplitude, noise, symbols, 1, &mut rng)
                .unwrap_err()
                .to_string()
        };
        assert!(draw(&[c64::ONE], &[1.0, 1.0], 2).contains("disturbance"));
        assert!(draw(&[c64::ONE], &[1.0], 0).contains("symbols"));
        assert!(draw(&[c64::ONE], &[0.0], 2).contains("disturbance"));
        assert!(draw(&[c64::new(f64::NAN, 0.0)], &[1.0], 2).contains("amplitude"));
    }
}
