//! SINR of superposed messages under successive interference cancellation, Eq. (4) of `[noma]`.
//!
//! Users stand in decoding order, weakest channel first. A *decoding pair* `(k, l)` says that user
//! `l` decodes message `k`; which pairs exist and which other messages disturb, is a [`SicSet`].
//! All functions work on the received powers `tr(H_l W_i)`, a real matrix of users x messages.

use crate::Error;
use isac_linalg::{Mat, MatRef, c64, factor, hermitian, ops, trust_region, validate};
use serde::{Deserialize, Serialize};

/// Which user decodes which message, and what disturbs it.
///
/// | mode | pairs (message, decoder) | message `k` is disturbed by |
/// |---|---|---|
/// | `Full` | `k <= l` | `i > k` |
/// | `Own` | `k = l` | `i > k` |
/// | `Orthogonal` | `k = l` | nothing |
/// | `Linear` | `k = l` | all `i != k` |
///
/// `Full` is Eq. (12b) of `[noma]` as printed; the published numbers obey `Own`. The other two are
/// baselines: orthogonal slots, and linear precoding without cancellation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SicSet {
    /// Every user decodes its own message and all weaker users' messages.
    #[default]
    Full,
    /// Every user decodes its own message; weaker users' messages are taken as removed.
    Own,
    /// Every user has a slot of its own.
    Orthogonal,
    /// Every user decodes its own message in the presence of all others.
    Linear,
}

/// User `decoder` decodes message `message`; both count from 0 in decoding order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pair {
    /// Index of the message.
    pub message: usize,
    /// Index of the user that decodes it.
    pub decoder: usize,
}

impl SicSet {
    /// All four modes.
    pub const ALL: [Self; 4] = [Self::Full, Self::Own, Self::Orthogonal, Self::Linear];

    /// The name in files, such as `full`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Own => "own",
            Self::Orthogonal => "orthogonal",
            Self::Linear => "linear",
        }
    }

    /// The decoding pairs among `users`, message by message, decoders ascending.
    pub fn pairs(self, users: usize) -> Vec<Pair> {
        let mut pairs = Vec::new();
        for message in 0..users {
            let last = if self == Self::Full {
                users
            } else {
                message + 1
            };
            pairs.extend((message..last).map(|decoder| Pair { message, decoder }));
        }
        pairs
    }

    /// Whether message `other` disturbs the decoding of message `message`.
    pub fn disturbs(self, message: usize, other: usize) -> bool {
        match self {
            Self::Full | Self::Own => other > message,
            Self::Orthogonal => false,
            Self::Linear => other != message,
        }
    }

    /// Whether message `other` is decoded and removed before message `message`; what an imperfect
    /// channel estimate leaves of it is the residual term of Eq. (17) of `[noma]`.
    pub fn removes(self, message: usize, other: usize) -> bool {
        matches!(self, Self::Full | Self::Own) && other < message
    }
}

/// Received powers `tr(H_l W_i) = h_l^H W_i h_l` in watt: users x messages.
///
/// # Errors
/// [`isac_linalg::Error::Shape`] when a covariance is not antennas x antennas.
pub fn received_powers(
    channels: MatRef<'_, c64>,
    covariances: &[Mat<c64>],
) -> Result<Mat<f64>, Error> {
    let antennas = channels.nrows();
    for (i, w) in covariances.iter().enumerate() {
        validate::shape(&format!("covariance {i}"), w.as_ref(), antennas, antennas)?;
    }
    Ok(Mat::from_fn(channels.ncols(), covariances.len(), |l, i| {
        ops::quadratic_form(covariances[i].as_ref(), channels.col(l))
    }))
}

/// Received powers `|h_l^H w_i|^2` of beams (antennas x messages): users x messages.
///
/// # Errors
/// [`isac_linalg::Error::Shape`] when the row counts differ.
pub fn received_powers_of_beams(
    channels: MatRef<'_, c64>,
    beams: MatRef<'_, c64>,
) -> Result<Mat<f64>, Error> {
    validate::shape("beams", beams, channels.nrows(), beams.ncols())?;
    let image = ops::adjoint_mul(channels, beams);
    Ok(Mat::from_fn(image.nrows(), image.ncols(), |l, i| {
        image[(l, i)].norm_sqr()
    }))
}

/// Power that disturbs `pair`, without noise, in watt.
pub fn interference(received: MatRef<'_, f64>, sic: SicSet, pair: Pair) -> f64 {
    (0..received.ncols())
        .filter(|&i| sic.disturbs(pair.message, i))
        .map(|i| received[(pair.decoder, i)])
        .sum()
}

/// SINR (linear) of message `k` at user `l`, Eq. (4) of `[noma]`:
///
/// ```math
/// \mathrm{SINR}_l^k = \frac{\mathrm{tr}(H_l W_k)}{\sum_{i \in I(k)} \mathrm{tr}(H_l W_i) + \sigma^2}
/// ```
pub fn sinr(received: MatRef<'_, f64>, sic: SicSet, pair: Pair, noise: f64) -> f64 {
    received[(pair.decoder, pair.message)] / (interference(received, sic, pair) + noise)
}

/// SINR of every pair of [`SicSet::pairs`], in that order.
pub fn all_sinr(received: MatRef<'_, f64>, sic: SicSet, noise: f64) -> Vec<f64> {
    sic.pairs(received.ncols())
        .into_iter()
        .map(|pair| sinr(received, sic, pair, noise))
        .collect()
}

/// SINR of message `k` at user `l` when the channel is `hhat + error` and only the estimate
/// `hhat` is used to remove earlier messages, Eq. (17) of `[noma]`: the earlier messages `i < k`
/// come back through the error alone when `residual` is set.
///
/// # Errors
/// [`isac_linalg::Error::Shape`] when the lengths differ.
pub fn sinr_under_error(
    estimate: MatRef<'_, c64>,
    error: MatRef<'_, c64>,
    covariances: &[Mat<c64>],
    sic: SicSet,
    message: usize,
    residual: bool,
    noise: f64,
) -> Result<f64, Error> {
    let antennas = estimate.nrows();
    validate::shape("estimate", estimate, antennas, 1)?;
    validate::shape("error", error, antennas, 1)?;
    for (i, w) in covariances.iter().enumerate() {
        validate::shape(&format!("covariance {i}"), w.as_ref(), antennas, antennas)?;
    }
    let actual = Mat::from_fn(antennas, 1, |n, _| estimate[(n, 0)] + error[(n, 0)]);
    let mut disturbance = noise;
    for (i, w) in covariances.iter().enumerate() {
        if sic.disturbs(message, i) {
            disturbance += ops::quadratic_form(w.as_ref(), actual.col(0));
        } else if residual && sic.removes(message, i) {
            disturbance += ops::quadratic_form(w.as_ref(), error.col(0));
        }
    }
    Ok(ops::quadratic_form(covariances[message].as_ref(), actual.col(0)) / disturbance)
}

/// The smallest SINR over all channel errors of a ball, and an error that reaches it.
#[derive(Debug, Clone)]
pub struct WorstCase {
    /// SINR, linear.
    pub sinr: f64,
    /// Error of norm at most the radius, antennas x 1.
    pub error: Mat<c64>,
    /// Balls that were searched.
    pub steps: usize,
}

/// Exact smallest value of [`sinr_under_error`] over `|error| <= radius`, without sampling.
///
/// For a trial value `t` the error that minimises `numerator - t denominator` over the ball is a
/// trust-region problem with a global solution; its SINR is the next `t`. The values descend to the
/// minimum in a few steps. Covariances are given by factors, `W_i = F_i F_i^H`, and everything
/// happens in the span of their columns.
///
/// | argument | symbol | shape, unit |
/// |---|---|---|
/// | `estimate` | `hhat` | antennas x 1 |
/// | `factors` | `F_i` | antennas x any, one per message |
/// | `radius` | `epsilon` | square root of a power gain, >= 0 |
///
/// # Errors
/// Sizes that differ, a negative radius, `noise <= 0`, entries that are not finite; a decomposition
/// that failed.
pub fn worst_case_sinr(
    estimate: MatRef<'_, c64>,
    factors: &[Mat<c64>],
    sic: SicSet,
    message: usize,
    residual: bool,
    radius: f64,
    noise: f64,
) -> Result<WorstCase, Error> {
    let antennas = estimate.nrows();
    validate::shape("estimate", estimate, antennas, 1)?;
    validate::finite("estimate", estimate)?;
    validate::nonnegative("radius", radius, "")?;
    validate::positive("noise", noise, "W")?;
    if message >= factors.len() {
        let expected = format!("below {}", factors.len());
        return Err(isac_linalg::Error::range("message", message as f64, expected).into());
    }
    let mut all = Mat::zeros(antennas, 0);
    for (i, f) in factors.iter().enumerate() {
        let what = format!("covariance factor {i}");
        validate::shape(&what, f.as_ref(), antennas, f.ncols())?;
        validate::finite(&what, f.as_ref())?;
        all = ops::hcat(all.as_ref(), f.as_ref());
    }
    let basis = factor::orthonormal_basis(all.as_ref(), 1e-13)?;
    let h = ops::adjoint_mul(basis.as_ref(), estimate);
    let n = basis.ncols();
    let covariance = |i: usize| {
        let seen = ops::adjoint_mul(basis.as_ref(), factors[i].as_ref());
        // Exactly Hermitian, so that differences of large covariances are, too.
        hermitian::hermitian_part(ops::mul_adjoint(seen.as_ref(), seen.as_ref()).as_ref())
    };
    let signal = covariance(message);
    let mut disturbing = Mat::<c64>::zeros(n, n);
    let mut removed = Mat::<c64>::zeros(n, n);
    for i in 0..factors.len() {
        if sic.disturbs(message, i) {
            ops::axpy(disturbing.as_mut(), 1.0, covariance(i).as_ref());
        } else if residual && sic.removes(message, i) {
            ops::axpy(removed.as_mut(), 1.0, covariance(i).as_ref());
        }
    }
    let value = |error: &Mat<c64>| {
        let actual = Mat::from_fn(n, 1, |i, _| h[(i, 0)] + error[(i, 0)]);
        let of = |w: &Mat<c64>, x: &Mat<c64>| ops::quadratic_form(w.as_ref(), x.col(0)).max(0.0);
        of(&signal, &actual) / (of(&disturbing, &actual) + of(&removed, error) + noise)
    };

    let mut best = Mat::zeros(n, 1);
    let mut t = value(&best);
    let mut steps = 0;
    while radius > 0.0 && n > 0 && steps < 60 {
        steps += 1;
        let mut linear = signal.clone();
        ops::axpy(linear.as_mut(), -t, disturbing.as_ref());
        let mut hessian = linear.clone();
        ops::axpy(hessian.as_mut(), -t, removed.as_ref());
        let slope = ops::mul(linear.as_ref(), h.as_ref());
        let constant = ops::quadratic_form(linear.as_ref(), h.col(0)) - t * noise;
        let worst = trust_region::min_quadratic(hessian.as_ref(), slope.col(0), constant, radius)?;
        let error = Mat::from_fn(n, 1, |i, _| worst.point[i]);
        let next = value(&error);
        if next.is_nan() || next >= t {
            break;
        }
        let done = t - next <= 1e-13 * t;
        (t, best) = (next, error);
        if done {
            break;
        }
    }
    Ok(WorstCase {
        sinr: t,
        error: ops::mul(basis.as_ref(), best.as_ref()),
        steps,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_called_as_in_files() {
        let names = SicSet::ALL.map(SicSet::name);
        assert_eq!(names, ["full", "own", "orthogonal", "linear"]);
    }

    #[test]
    fn two_users_by_hand() {
        // Scalar channels 1 and 2, powers 3 and 1, noise 1.
        let h = Mat::from_fn(1, 2, |_, l| c64::new(1.0 + l as f64, 0.0));
        let w: Vec<Mat<c64>> = [3.0, 1.0]
            .iter()
            .map(|&p| Mat::from_fn(1, 1, |_, _| c64::new(p, 0.0)))
            .collect();
        let received = received_powers(h.as_ref(), &w).unwrap();
        let of = |sic| all_sinr(received.as_ref(), sic, 1.0);
        assert_eq!(of(SicSet::Full), vec![3.0 / 2.0, 12.0 / 5.0, 4.0]);
        assert_eq!(of(SicSet::Own), vec![3.0 / 2.0, 4.0]);
        assert_eq!(of(SicSet::Orthogonal), vec![3.0, 4.0]);
        assert_eq!(of(SicSet::Linear), vec![3.0 / 2.0, 4.0 / 13.0]);
    }

    #[test]
    fn beams_and_covariances_agree() {
        let h = Mat::from_fn(3, 2, |i, l| c64::new(i as f64 - 1.0, l as f64 + 0.5));
        let beams = Mat::from_fn(3, 2, |i, k| c64::new(0.3 * k as f64, 1.0 - i as f64));
        let w: Vec<Mat<c64>> = (0..2)
            .map(|k| ops::mul_adjoint(beams.subcols(k, 1), beams.subcols(k, 1)))
            .collect();
        let a = received_powers(h.as_ref(), &w).unwrap();
        let b = received_powers_of_beams(h.as_ref(), beams.as_ref()).unwrap();
        for l in 0..2 {
            for i in 0..2 {
                assert!((a[(l, i)] - b[(l, i)]).abs() < 1e-13);
            }
        }
    }

    #[test]
    fn no_error_gives_the_nominal_sinr() {
        let h = Mat::from_fn(3, 2, |i, l| c64::new(i as f64 - 1.0, l as f64 + 0.5));
        let w: Vec<Mat<c64>> = (0..2)
            .map(|k| {
                Mat::from_fn(3, 3, |i, j| {
                    c64::new(f64::from(i == j) * (1.0 + k as f64), 0.0)
                })
            })
            .collect();
        let received = received_powers(h.as_ref(), &w).unwrap();
        for pair in SicSet::Full.pairs(2) {
            let nominal = sinr(received.as_ref(), SicSet::Full, pair, 0.1);
            let estimate = h.subcols(pair.decoder, 1);
            let none = Mat::zeros(3, 1);
            let got = |error: &Mat<c64>, residual| {
                sinr_under_error(
                    estimate,
                    error.as_ref(),
                    &w,
                    SicSet::Full,
                    pair.message,
                    residual,
                    0.1,
                )
                .unwrap()
            };
            assert!((got(&none, true) - nominal).abs() < 1e-13 * nominal);
            let error = Mat::from_fn(3, 1, |_, _| c64::new(0.01, 0.0));
            let hurt = got(&error, true) < got(&error, false);
            assert_eq!(hurt, pair.message > 0, "{pair:?}");
        }
    }

    #[test]
    fn wrong_sizes_are_named() {
        let h = Mat::<c64>::zeros(3, 2);
        let text = received_powers_of_beams(h.as_ref(), Mat::zeros(2, 2).as_ref())
            .unwrap_err()
            .to_string();
        assert!(text.contains("beams"), "{text}");
    }

    #[test]
    fn worst_case_by_hand() {
        // One antenna, one user: the error shortens the channel.
        let h = Mat::from_fn(1, 1, |_, _| c64::new(2.0, 0.0));
        let f = vec![Mat::from_fn(1, 1, |_, _| c64::new(3.0, 0.0))];
        let worst = worst_case_sinr(h.as_ref(), &f, SicSet::Own, 0, true, 0.5, 0.1).unwrap();
        assert!((worst.sinr - 9.0 * 1.5 * 1.5 / 0.1).abs() < 1e-9);
        assert!((worst.error[(0, 0)] + 0.5).norm() < 1e-12);
        // A ball that contains the zero channel.
        let worst = worst_case_sinr(h.as_ref(), &f, SicSet::Own, 0, true, 2.5, 0.1).unwrap();
        assert!(worst.sinr < 1e-12);
    }

    #[test]
    fn no_sample_beats_the_worst_case() {
        let f: Vec<Mat<c64>> = (0..3)
            .map(|k| {
                Mat::from_fn(4, 1 + k % 2, |i, j| {
                    c64::new((i + k) as f64 - 1.5, (i * k) as f64 - j as f64) * 0.4
                })
            })
            .collect();
        let covariances: Vec<Mat<c64>> = f
            .iter()
            .map(|f| ops::mul_adjoint(f.as_ref(), f.as_ref()))
            .collect();
        let h = Mat::from_fn(4, 1, |i, _| c64::new(1.0 - 0.2 * i as f64, 0.3 * i as f64));
        let (radius, noise) = (0.2, 0.05);
        for message in 0..3 {
            let worst = worst_case_sinr(h.as_ref(), &f, SicSet::Full, message, true, radius, noise)
                .unwrap();
            let sinr = |error: &Mat<c64>| {
                sinr_under_error(
                    h.as_ref(),
                    error.as_ref(),
                    &covariances,
                    SicSet::Full,
                    message,
                    true,
                    noise,
                )
                .unwrap()
            };
            assert!(ops::norm(worst.error.as_ref()) <= radius * (1.0 + 1e-12));
            assert!((sinr(&worst.error) / worst.sinr - 1.0).abs() < 1e-9);
            // A fixed quasi-random sweep of the sphere.
            for s in 0..2000 {
                let angle = |c: f64| (c * (s as f64 + 0.5)).fract() * std::f64::consts::TAU;
                let mut error = Mat::from_fn(4, 1, |i, _| {
                    c64::from_polar(
                        1.0 + angle(0.618 + 0.1 * i as f64).sin(),
                        angle(0.414 + 0.27 * i as f64),
                    )
                });
                let scale = radius / ops::norm(error.as_ref());
                ops::scale(error.as_mut(), scale);
                assert!(sinr(&error) >= worst.sinr * (1.0 - 1e-9));
            }
        }
    }
}
