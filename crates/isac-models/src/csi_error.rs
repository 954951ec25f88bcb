//! Channel estimates with an error: a ball, an ellipsoid, or a Gaussian reduced to a ball.

use crate::{Error, gamma_law};
use isac_linalg::{Mat, MatRef, c64, factor, validate};
use rand::{Rng, RngExt};
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};

/// The set in which the error `d = h - h_es` of a channel estimate lies.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorSet {
    /// `|d| <= radius`; radius 0 is perfect knowledge.
    Ball {
        /// Radius, amplitude gain.
        radius: f64,
    },
    /// `d = E u`, `|u| <= 1` with Hermitian positive definite `E`.
    Ellipsoid {
        /// The shape `E`, `M x M`.
        #[serde(with = "isac_linalg::convert::serde::matrix")]
        shape: Mat<c64>,
        /// Its inverse.
        #[serde(skip)]
        inverse: Mat<c64>,
    },
}

/// A channel known up to an error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "StatedChannel")]
pub struct UncertainChannel {
    /// Estimate `h_es`, amplitude gain, one entry per antenna.
    #[serde(with = "isac_linalg::convert::serde::vector")]
    pub estimate: Vec<c64>,
    /// Where the error lies.
    pub error: ErrorSet,
}

/// What a document states of an [`ErrorSet`], before it is checked.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum StatedSet {
    Ball {
        radius: f64,
    },
    Ellipsoid {
        #[serde(with = "isac_linalg::convert::serde::matrix")]
        shape: Mat<c64>,
    },
}

/// What a document states of an [`UncertainChannel`], before it is checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StatedChannel {
    #[serde(with = "isac_linalg::convert::serde::vector")]
    estimate: Vec<c64>,
    error: StatedSet,
}

impl TryFrom<StatedChannel> for UncertainChannel {
    type Error = Error;
    fn try_from(stated: StatedChannel) -> Result<Self, Error> {
        match stated.error {
            StatedSet::Ball { radius } => Self::ball("estimate", stated.estimate, radius),
            StatedSet::Ellipsoid { shape } => Self::ellipsoid("estimate", stated.estimate, shape),
        }
    }
}

impl UncertainChannel {
    /// An estimate whose error has at most this Euclidean norm.
    ///
    /// # Errors
    /// An entry that is not finite, a negative radius; `what` names the link.
    pub fn ball(what: &str, estimate: Vec<c64>, radius: f64) -> Result<Self, Error> {
        check_finite(what, &estimate)?;
        validate::nonnegative(&format!("error radius of {what}"), radius, "")?;
        Ok(Self {
            estimate,
            error: ErrorSet::Ball { radius },
        })
    }

    /// An estimate whose error lies in the ellipsoid `{E u : |u| <= 1}`.
    ///
    /// # Errors
    /// An entry that is not finite, a shape of the wrong size, not Hermitian or not positive
    /// definite.
    pub fn ellipsoid(what: &str, estimate: Vec<c64>, shape: Mat<c64>) -> Result<Self, Error> {
        check_finite(what, &estimate)?;
        let m = estimate.len();
        validate::shape(&format!("error shape of {what}"), shape.as_ref(), m, m)?;
        isac_linalg::hermitian::check_hermitian(what, shape.as_ref())?;
        let inverse = factor::cholesky(what, shape.as_ref())?.inverse();
        Ok(Self {
            estimate,
            error: ErrorSet::Ellipsoid { shape, inverse },
        })
    }

    /// Number of antennas.
    pub fn antennas(&self) -> usize {
        self.estimate.len()
    }

    /// Centre and radius of the ball in which the coordinates `u` with `h = E u` lie; for a ball
    /// `E = I` and these are the estimate and its radius.
    pub fn in_ball_coordinates(&self) -> (Vec<c64>, f64) {
        match &self.error {
            ErrorSet::Ball { radius } => (self.estimate.clone(), *radius),
            ErrorSet::Ellipsoid { inverse, .. } => (apply(inverse, &self.estimate), 1.0),
        }
    }

    /// The radius if the error set is a ball.
    pub fn radius(&self) -> Option<f64> {
        match self.error {
            ErrorSet::Ball { radius } => Some(radius),
            ErrorSet::Ellipsoid { .. } => None,
        }
    }

    /// The same link without error.
    #[must_use]
    pub fn nominal(&self) -> Self {
        Self {
            estimate: self.estimate.clone(),
            error: ErrorSet::Ball { radius: 0.0 },
        }
    }

    /// The link with the same estimate and its error set multiplied by `t > 0`.
    ///
    /// # Errors
    /// A factor that is not positive.
    pub fn with_error_scaled(&self, t: f64) -> Result<Self, Error> {
        validate::positive("factor of the error set", t, "")?;
        let whole = self.scaled(t);
        Ok(Self {
            estimate: self.estimate.clone(),
            error: whole.error,
        })
    }

    /// The link with estimate and error multiplied by `t > 0`.
    #[must_use]
    pub fn scaled(&self, t: f64) -> Self {
        let times = |m: &Mat<c64>, t: f64| Mat::from_fn(m.nrows(), m.ncols(), |i, j| m[(i, j)] * t);
        Self {
            estimate: self.estimate.iter().map(|x| x * t).collect(),
            error: match &self.error {
                ErrorSet::Ball { radius } => ErrorSet::Ball { radius: radius * t },
                ErrorSet::Ellipsoid { shape, inverse } => ErrorSet::Ellipsoid {
                    shape: times(shape, t),
                    inverse: times(inverse, 1.0 / t),
                },
            },
        }
    }

    /// The link seen through an orthonormal basis, the error set kept (only for a ball).
    pub(crate) fn projected(&self, basis: MatRef<'_, c64>) -> Self {
        Self {
            estimate: project(basis, &self.estimate),
            error: self.error.clone(),
        }
    }

    /// A channel drawn from the boundary of the error set, uniformly in direction.
    pub fn sample_boundary<R: Rng + ?Sized>(&self, rng: &mut R) -> Vec<c64> {
        let draws: Vec<c64> = (0..self.antennas()).map(|_| gaussian(rng)).collect();
        let length = norm(&draws).max(f64::MIN_POSITIVE);
        let unit: Vec<c64> = draws.iter().map(|d| d / length).collect();
        let error = match &self.error {
            ErrorSet::Ball { radius } => unit.iter().map(|u| u * *radius).collect(),
            ErrorSet::Ellipsoid { shape, .. } => apply(shape, &unit),
        };
        let pairs = self.estimate.iter().zip(&error);
        pairs.map(|(h, d)| h + d).collect()
    }
}

/// Shape `E` of a random ellipsoid around a ball: random orthonormal axes, squared semi-axes
/// `radius^2 q` with `q` uniform in `squared_range`.
///
/// # Errors
/// A radius that is not positive, a failed decomposition.
pub fn random_ellipsoid<R: Rng + ?Sized>(
    antennas: usize,
    radius: f64,
    squared_range: [f64; 2],
    rng: &mut R,
) -> Result<Mat<c64>, Error> {
    validate::positive("error radius", radius, "")?;
    validate::positive("smallest squared semi-axis", squared_range[0], "")?;
    let raw = Mat::from_fn(antennas, antennas, |_, _| gaussian(rng));
    let (axes, _) = factor::qr_thin(raw.as_ref());
    let [low, high] = squared_range;
    let semi: Vec<f64> = (0..antennas)
        .map(|_| radius * (low + (high - low) * rng.random::<f64>()).sqrt())
        .collect();
    let shape = Mat::from_fn(antennas, antennas, |i, j| {
        (0..antennas)
            .map(|k| axes[(i, k)] * axes[(j, k)].conj() * semi[k])
            .sum::<c64>()
    });
    Ok(isac_linalg::hermitian::hermitian_part(shape.as_ref()))
}

/// Antennas up to which [`gaussian_ball_factor`] answers.
const MAX_ANTENNAS: usize = 1_000_000_000;

/// Factor by which the radius grows when the error is i.i.d. circular Gaussian with mean square
/// norm `radius^2` and the ball must hold it with probability `confidence`:
/// `sqrt(q / (2 M))`, `q` the quantile of chi-square with `2 M` degrees of freedom. Conservative.
/// Right to a relative `1e-12` up to 10^5 antennas and to `1e-10` up to 10^9, for every confidence
/// that is a normal number.
///
/// # Errors
/// No antenna or more than 10^9, or a confidence outside (0, 1).
pub fn gaussian_ball_factor(antennas: usize, confidence: f64) -> Result<f64, Error> {
    if !(1..=MAX_ANTENNAS).contains(&antennas) {
        let expected = format!("1 to {MAX_ANTENNAS}");
        return Err(isac_linalg::Error::range("antennas", antennas as f64, expected).into());
    }
    if !(confidence > 0.0 && confidence < 1.0) {
        return Err(isac_linalg::Error::range("confidence", confidence, "0 < p < 1").into());
    }
    Ok((gamma_law::quantile(antennas, confidence) / antennas as f64).sqrt())
}

/// A circular Gaussian number of unit power.
pub(crate) fn gaussian<R: Rng + ?Sized>(rng: &mut R) -> c64 {
    let re: f64 = StandardNormal.sample(rng);
    let im: f64 = StandardNormal.sample(rng);
    c64::new(re, im) * std::f64::consts::FRAC_1_SQRT_2
}

fn norm(v: &[c64]) -> f64 {
    v.iter().map(|x| x.norm_sqr()).sum::<f64>().sqrt()
}

fn apply(a: &Mat<c64>, v: &[c64]) -> Vec<c64> {
    (0..a.nrows())
        .map(|i| v.iter().enumerate().map(|(j, x)| a[(i, j)] * x).sum())
        .collect()
}

fn check_finite(what: &str, v: &[c64]) -> Result<(), Error> {
    match v
        .iter()
        .position(|x| !(x.re.is_finite() && x.im.is_finite()))
    {
        None => Ok(()),
        Some(row) => Err(isac_linalg::Error::NonFinite {
            what: what.into(),
            row,
            col: 0,
            value: v[row].to_string(),
        }
        .into()),
    }
}

/// Coordinates of a vector in an orthonormal basis.
pub(crate) fn project(basis: MatRef<'_, c64>, v: &[c64]) -> Vec<c64> {
    (0..basis.ncols())
        .map(|k| {
            let terms = v.iter().enumerate();
            terms.map(|(i, x)| basis[(i, k)].conj() * x).sum()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand::rngs::ChaCha8Rng;

    #[test]
    fn gaussian_ball_has_the_tabulated_quantile() {
        // chi2_{24, 0.95} = 36.415, so the factor is sqrt(36.415 / 24).
        let factor = gaussian_ball_factor(12, 0.95).unwrap();
        assert!((factor - (36.4150_f64 / 24.0).sqrt()).abs() < 1e-5);
        // One antenna: exponential law, exact.
        let one = gaussian_ball_factor(1, 0.5).unwrap();
        assert!((one * one - 2.0_f64.ln()).abs() < 1e-12);
    }

    #[test]
    fn samples_lie_on_the_boundary() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let estimate: Vec<c64> = (0..5).map(|_| gaussian(&mut rng)).collect();
        let shape = random_ellipsoid(5, 0.3, [0.2, 1.8], &mut rng).unwrap();
        let links = [
            UncertainChannel::ball("h", estimate.clone(), 0.3).unwrap(),
            UncertainChannel::ellipsoid("h", estimate, shape).unwrap(),
        ];
        for link in &links {
            let (centre, radius) = link.in_ball_coordinates();
            let x = link.sample_boundary(&mut rng);
            let x = match &link.error {
                ErrorSet::Ball { .. } => x,
                ErrorSet::Ellipsoid { inverse, .. } => apply(inverse, &x),
            };
            let d: Vec<c64> = x.iter().zip(&centre).map(|(x, c)| x - c).collect();
            assert!((norm(&d) - radius).abs() < 1e-12);
        }
    }

    #[test]
    fn bad_input_is_named() {
        let wrong = UncertainChannel::ball("h_bo", vec![c64::ONE], -0.1).unwrap_err();
        assert!(wrong.to_string().contains("h_bo"));
        let wrong = UncertainChannel::ball("g_e", vec![c64::new(f64::NAN, 0.0)], 0.1);
        assert!(wrong.unwrap_err().to_string().contains("g_e"));
        assert!(gaussian_ball_factor(0, 0.9).is_err() && gaussian_ball_factor(2, 1.0).is_err());
    }
}
