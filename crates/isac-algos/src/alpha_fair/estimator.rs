//! Delay and Doppler of one echo with unknown gain: matched filter on a grid, then Newton on every lobe
//! that may hold the maximum.
//!
//! With the reference z and the variances D the maximum-likelihood estimate maximises
//!
//! ```math
//! J(tau, nu) = |c|^2,   c = sum_{i,m} conj(z_{i,m}) y_{i,m} exp(j 2 pi i tau) exp(-j 2 pi m nu) / D_i
//! ```
//!
//! Above its threshold its error meets the CRLB of [`isac_metrics::delay_doppler`] with `Gain::Unknown`;
//! below, the filter's side lobes win now and then and the error leaps. Power at the band edges alone
//! makes lobes of almost the same height all over the range of delays: which grid point lies highest is
//! then an accident of the grid, so the peaks of all lobes are compared after refinement.
//!
//! Subcarriers see a delay only modulo 1 (one over their spacing) and symbols a Doppler shift only modulo
//! 1 (one over their interval). An estimate is the representative in `[0, 1)` and `[-1/2, 1/2)`; where
//! [`Options::largest_delay`] says that echoes may be later, [`Estimate::delay_aliases`] lists the other
//! delays that fit as well.

use crate::Error;
use isac_linalg::{Mat, c64, validate};
use isac_models::ofdm::Observation;
use serde::{Deserialize, Serialize};
use std::f64::consts::TAU;

/// Options of the estimator.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Grid points per 1/N of delay; with 4, a lobe's highest grid point keeps 85 % of its peak.
    pub delay_oversampling: usize,
    /// Grid points per 1/M of Doppler.
    pub doppler_oversampling: usize,
    /// Newton steps.
    pub refinements: usize,
    /// Local maxima of the grid with at least this share of its largest value are refined and
    /// compared.
    pub rivals: f64,
    /// The largest delay an echo may have, normalised: delays above 1 are ambiguous.
    pub largest_delay: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            delay_oversampling: 4,
            doppler_oversampling: 2,
            refinements: 8,
            rivals: 0.7,
            largest_delay: 1.0,
        }
    }
}

/// No more periods of the delay than this are listed.
const LARGEST_DELAY: f64 = 1e4;

/// An estimate.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimate {
    /// Normalised delay modulo 1, in [0, 1).
    pub delay: f64,
    /// Normalised delays above 1 and at most [`Options::largest_delay`] that fit equally well, ascending.
    /// Not empty: `delay` is only known modulo 1.
    pub delay_aliases: Vec<f64>,
    /// Normalised Doppler shift modulo 1, in [-1/2, 1/2).
    pub doppler: f64,
    /// Value of J there over its value for a perfect match without noise of the same energy, in [0, 1].
    pub coherence: f64,
}

/// Estimates delay and Doppler of the echo in an observation with variances `disturbance`, N entries, W.
///
/// # Errors
/// Shapes that do not fit, entries that are not finite, variances or options that are not positive.
pub fn estimate(
    observation: &Observation,
    disturbance: &[f64],
    options: &Options,
) -> Result<Estimate, Error> {
    let (reference, samples) = (&observation.reference, &observation.samples);
    let (n, m) = (reference.nrows(), reference.ncols());
    validate::positive("samples", (n * m) as f64, "")?;
    validate::shape("samples", samples.as_ref(), n, m)?;
    validate::finite("samples", samples.as_ref())?;
    validate::finite("reference", reference.as_ref())?;
    validate::length("disturbance", disturbance.len(), n)?;
    for &d in disturbance {
        validate::positive("disturbance", d, "W")?;
    }
    validate::positive("delay_oversampling", options.delay_oversampling as f64, "")?;
    validate::positive(
        "doppler_oversampling",
        options.doppler_oversampling as f64,
        "",
    )?;
    validate::positive("rivals", options.rivals, "")?;
    validate::positive("largest_delay", options.largest_delay, "")?;
    if options.largest_delay > LARGEST_DELAY {
        let expected = format!("at most {LARGEST_DELAY} periods");
        let refused = isac_linalg::Error::range("largest_delay", options.largest_delay, expected);
        return Err(refused.into());
    }
    let matched = Mat::from_fn(n, m, |i, s| {
        reference[(i, s)].conj() * samples[(i, s)] / disturbance[i]
    });
    let half_cells = [
        0.5 / (n * options.delay_oversampling) as f64,
        0.5 / (m * options.doppler_oversampling) as f64,
    ];
    let refine = |[mut delay, mut doppler]: [f64; 2]| {
        for _ in 0..options.refinements {
            let step = newton(&matched, delay, doppler, half_cells);
            delay += step[0];
            doppler += step[1];
        }
        let peak = correlate(&matched, delay, doppler)[0].norm_sqr();
        (peak, delay, doppler)
    };
    let (peak, delay, doppler) = coarse(&matched, options)
        .into_iter()
        .map(refine)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .unwrap_or_default();
    let mut energies = [0.0; 2];
    for s in 0..m {
        for i in 0..n {
            energies[0] += reference[(i, s)].norm_sqr() / disturbance[i];
            energies[1] += samples[(i, s)].norm_sqr() / disturbance[i];
        }
    }
    let delay = delay.rem_euclid(1.0);
    let later = (1..).map(|period| delay + f64::from(period));
    Ok(Estimate {
        delay,
        delay_aliases: later.take_while(|d| *d <= options.largest_delay).collect(),
        doppler: (doppler + 0.5).rem_euclid(1.0) - 0.5,
        coherence: peak / (energies[0] * energies[1]).max(f64::MIN_POSITIVE),
    })
}

/// Delay and Doppler of the grid's local maxima along the delay, each at its best Doppler, that come
/// near the largest.
fn coarse(matched: &Mat<c64>, options: &Options) -> Vec<[f64; 2]> {
    let (n, m) = (matched.nrows(), matched.ncols());
    let delays = n * options.delay_oversampling;
    let dopplers = m * options.doppler_oversampling;
    let wheel = |points: usize, sign: f64| -> Vec<c64> {
        let turn = |p: usize| c64::cis(sign * TAU * p as f64 / points as f64);
        (0..points).map(turn).collect()
    };
    let (forth, back) = (wheel(delays, 1.0), wheel(dopplers, -1.0));
    let mut over_symbols = vec![c64::ZERO; m];
    let mut best = vec![(0.0, 0); delays];
    for (l, best) in best.iter_mut().enumerate() {
        for (s, sum) in over_symbols.iter_mut().enumerate() {
            *sum = (0..n)
                .map(|i| matched[(i, s)] * forth[(l * i) % delays])
                .sum();
        }
        for p in 0..dopplers {
            let c: c64 = (0..m)
                .map(|s| over_symbols[s] * back[(p * s) % dopplers])
                .sum();
            if c.norm_sqr() > best.0 {
                *best = (c.norm_sqr(), p);
            }
        }
    }
    let largest = best.iter().map(|b| b.0).fold(0.0, f64::max);
    let before = |l: usize| best[(l + delays - 1) % delays].0;
    let after = |l: usize| best[(l + 1) % delays].0;
    (0..delays)
        .filter(|&l| {
            let here = best[l].0;
            here >= options.rivals * largest && here >= before(l) && here >= after(l)
        })
        .map(|l| [l as f64 / delays as f64, best[l].1 as f64 / dopplers as f64])
        .collect()
}

/// c and its derivatives by delay and Doppler: c, c_t, c_n, c_tt, c_tn, c_nn.
fn correlate(matched: &Mat<c64>, delay: f64, doppler: f64) -> [c64; 6] {
    let mut sums = [c64::ZERO; 6];
    let turn_delay = c64::cis(TAU * delay);
    for s in 0..matched.ncols() {
        let mut of_symbol = [c64::ZERO; 3];
        let mut phase = c64::ONE;
        for i in 0..matched.nrows() {
            let term = matched[(i, s)] * phase;
            phase *= turn_delay;
            of_symbol[0] += term;
            of_symbol[1] += term * i as f64;
            of_symbol[2] += term * (i * i) as f64;
        }
        let turned = c64::cis(-TAU * doppler * s as f64);
        let s = s as f64;
        let j = c64::new(0.0, TAU);
        let [plain, first, second] = of_symbol.map(|x| x * turned);
        sums[0] += plain;
        sums[1] += j * first;
        sums[2] -= j * plain * s;
        sums[3] += j * j * second;
        sums[4] -= j * j * first * s;
        sums[5] += j * j * plain * (s * s);
    }
    sums
}

/// One ascent step of J, at most half a grid cell in each direction.
fn newton(matched: &Mat<c64>, delay: f64, doppler: f64, limits: [f64; 2]) -> [f64; 2] {
    let [c, t, n, tt, tn, nn] = correlate(matched, delay, doppler);
    let slope = |d: c64| 2.0 * (c.conj() * d).re;
    let curve = |a: c64, b: c64, ab: c64| 2.0 * ((a.conj() * b).re + (c.conj() * ab).re);
    let gradient = [slope(t), slope(n)];
    let (h11, h12, h22) = (curve(t, t, tt), curve(t, n, tn), curve(n, n, nn));
    let determinant = h11 * h22 - h12 * h12;
    let step = if h11 < 0.0 && determinant > 0.0 {
        [
            (h12 * gradient[1] - h22 * gradient[0]) / determinant,
            (h12 * gradient[0] - h11 * gradient[1]) / determinant,
        ]
    } else {
        // Not concave here: uphill to the edge of the cell.
        [
            limits[0] * gradient[0].signum(),
            limits[1] * gradient[1].signum(),
        ]
    };
    [
        step[0].clamp(-limits[0], limits[0]),
        step[1].clamp(-limits[1], limits[1]),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use isac_models::ofdm::{Echo, matched_observation};
    use rand::{SeedableRng, rngs::ChaCha8Rng};

    const ECHO: Echo = Echo {
        gain: c64::new(0.3, 0.4),
        delay: 0.237,
        doppler: -0.061,
    };

    #[test]
    fn a_noiseless_echo_is_found_exactly() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let lit = [c64::ONE; 8];
        let seen = matched_observation(ECHO, &lit, &[1e-24; 8], 6, 1, &mut rng).unwrap();
        let found = estimate(&seen, &[1e-24; 8], &Options::default()).unwrap();
        assert!((found.delay - 0.237).abs() < 1e-10);
        assert!((found.doppler + 0.061).abs() < 1e-10);
        assert!((found.coherence - 1.0).abs() < 1e-9);
    }

    /// Two subcarriers at either edge: the lobe beside the true one is lower by a thousandth, less than
    /// what the grid loses between its points.
    #[test]
    fn lobes_of_almost_equal_height_are_told_apart() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let n = 48;
        let lit: Vec<c64> = (0..n)
            .map(|i| {
                let edge = i < 2 || i + 2 >= n;
                c64::new(if edge { 1.0 } else { 0.0 }, 0.0)
            })
            .collect();
        for step in 0..20 {
            let echo = Echo {
                delay: 0.2 + 0.0171 * step as f64,
                ..ECHO
            };
            let noise = vec![1e-9; n];
            let seen = matched_observation(echo, &lit, &noise, 6, 1, &mut rng).unwrap();
            let found = estimate(&seen, &noise, &Options::default()).unwrap();
            let off = (found.delay - echo.delay).abs();
            assert!(off < 1e-5, "{off:e} at {}", echo.delay);
        }
    }

    /// A target at 150 m on a spacing of 1.5625 MHz: its delay is 1.5636 and no observation tells it from
    /// 0.5636, which is 54.1 m.
    #[test]
    fn a_delay_beyond_one_period_is_returned_modulo_one_and_said_to_be() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let late = Echo {
            delay: 2.0 * 150.0 * 1.5625e6 / 299_792_458.0,
            ..ECHO
        };
        let seen =
            matched_observation(late, &[c64::ONE; 16], &[1e-20; 16], 6, 1, &mut rng).unwrap();
        let ranged = |largest_delay| {
            let options = Options {
                largest_delay,
                ..Options::default()
            };
            estimate(&seen, &[1e-20; 16], &options).unwrap()
        };
        let found = ranged(2.5);
        assert!((found.delay - 0.563_581).abs() < 1e-5, "{found:?}");
        assert_eq!(found.delay_aliases.len(), 1);
        assert!((found.delay_aliases[0] - late.delay).abs() < 1e-8);
        assert!(ranged(1.0).delay_aliases.is_empty());
        assert_eq!(ranged(3.6).delay_aliases.len(), 3);
    }

    #[test]
    fn bad_observations_are_refused() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let seen = matched_observation(ECHO, &[c64::ONE; 4], &[1.0; 4], 3, 1, &mut rng).unwrap();
        let options = Options::default();
        assert!(estimate(&seen, &[1.0; 3], &options).is_err());
        assert!(estimate(&seen, &[0.0; 4], &options).is_err());
        let mut holed = seen.clone();
        holed.samples[(1, 1)] = c64::new(f64::NAN, 0.0);
        assert!(estimate(&holed, &[1.0; 4], &options).is_err());
        let none = Options {
            delay_oversampling: 0,
            ..options
        };
        assert!(estimate(&seen, &[1.0; 4], &none).is_err());
        let nobody = Options {
            rivals: f64::NAN,
            ..options
        };
        assert!(estimate(&seen, &[1.0; 4], &nobody).is_err());
        for largest_delay in [0.0, f64::NAN, f64::INFINITY, 1e9] {
            let endless = Options {
                largest_delay,
                ..options
            };
            assert!(estimate(&seen, &[1.0; 4], &endless).is_err());
        }
    }
}
