//! Uniform linear array.

use super::{Response, Scaling};
use crate::Error;
use isac_linalg::{Mat, c64, validate};
use serde::{Deserialize, Serialize};
use std::f64::consts::TAU;

/// A cosine counts as 0 up to this, more than what an angle in degrees loses on its way to radians.
const ENDFIRE: f64 = 1e-12;

/// A uniform linear array of `N` elements with any spacing.
///
/// Entry `n` of the steering vector towards `theta` (radians from broadside) is
///
/// ```math
/// a_n(\theta) = c \exp(j 2 \pi d n \sin\theta), \qquad n = 0 \dots N-1,
/// ```
///
/// with `d` the spacing in wavelengths and `c` by [`Scaling`].
///
/// ```
/// use isac_models::array::{Scaling, Ula};
/// let array = Ula::half_wavelength(4, Scaling::UnitEntries)?;
/// let a = array.steering(&[0.0, 0.5]);
/// assert_eq!((a.nrows(), a.ncols()), (4, 2));
/// assert!((a[(3, 0)].re - 1.0).abs() < 1e-15);
/// # Ok::<(), isac_models::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "StatedUla")]
pub struct Ula {
    elements: usize,
    spacing_wavelengths: f64,
    scaling: Scaling,
}

/// What a document states of a [`Ula`], before it is checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StatedUla {
    elements: usize,
    spacing_wavelengths: f64,
    scaling: Scaling,
}

impl TryFrom<StatedUla> for Ula {
    type Error = Error;
    fn try_from(stated: StatedUla) -> Result<Self, Error> {
        Self::new(stated.elements, stated.spacing_wavelengths, stated.scaling)
    }
}

impl Ula {
    /// An array of `elements >= 1` antennas, `spacing_wavelengths > 0` apart.
    ///
    /// # Errors
    /// [`Error::Input`] naming `elements` or `spacing_wavelengths`.
    pub fn new(elements: usize, spacing_wavelengths: f64, scaling: Scaling) -> Result<Self, Error> {
        at_least_one("elements", elements)?;
        validate::positive("spacing_wavelengths", spacing_wavelengths, "wavelengths")?;
        Ok(Self {
            elements,
            spacing_wavelengths,
            scaling,
        })
    }

    /// The same with a spacing of half a wavelength.
    ///
    /// # Errors
    /// [`Error::Input`] naming `elements`.
    pub fn half_wavelength(elements: usize, scaling: Scaling) -> Result<Self, Error> {
        Self::new(elements, 0.5, scaling)
    }

    /// Number of antennas.
    pub fn elements(&self) -> usize {
        self.elements
    }

    /// Spacing in wavelengths.
    pub fn spacing_wavelengths(&self) -> f64 {
        self.spacing_wavelengths
    }

    /// Steering vectors, `N x angles`; angles in radians from broadside.
    pub fn steering(&self, angles: &[f64]) -> Mat<c64> {
        let modulus = self.scaling.modulus(self.elements);
        Mat::from_fn(self.elements, angles.len(), |n, i| {
            c64::from_polar(modulus, self.phase_slope(n) * angles[i].sin())
        })
    }

    /// Derivatives of the steering vectors with respect to their angles, `N x angles`. At endfire they are
    /// exactly zero, so that Fisher information there is singular and not merely small.
    pub fn derivative(&self, angles: &[f64]) -> Mat<c64> {
        let mut out = self.steering(angles);
        for (i, angle) in angles.iter().enumerate() {
            let cosine = angle.cos();
            let cosine = if cosine.abs() <= ENDFIRE { 0.0 } else { cosine };
            for n in 0..self.elements {
                out[(n, i)] *= c64::new(0.0, self.phase_slope(n) * cosine);
            }
        }
        out
    }

    /// Steering vectors with their derivatives, for targets of one angle each.
    pub fn response(&self, angles: &[f64]) -> Response {
        Response {
            value: self.steering(angles),
            derivatives: vec![self.derivative(angles)],
        }
    }

    /// `2 pi d n`.
    fn phase_slope(&self, n: usize) -> f64 {
        TAU * self.spacing_wavelengths * n as f64
    }
}

/// A count that must be at least 1.
pub(crate) fn at_least_one(what: &str, count: usize) -> Result<(), Error> {
    if count >= 1 {
        return Ok(());
    }
    Err(isac_linalg::Error::range(what, count as f64, "at least 1").into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use isac_linalg::ops;

    #[test]
    fn at_endfire_nothing_changes_with_the_angle() {
        let array = Ula::half_wavelength(4, Scaling::UnitEntries).unwrap();
        for angle in [90.0_f64.to_radians(), (-90.0_f64).to_radians()] {
            let derivative = array.derivative(&[angle]);
            assert!((0..4).all(|n| derivative[(n, 0)] == c64::ZERO));
        }
        // A millionth of a radian beside: 2 pi d n cos.
        let beside = array.derivative(&[std::f64::consts::FRAC_PI_2 - 1e-6]);
        assert!((beside[(1, 0)].norm() / (std::f64::consts::PI * 1e-6) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn entries_follow_the_formula() {
        let array = Ula::new(3, 0.25, Scaling::UnitEntries).unwrap();
        let a = array.steering(&[std::f64::consts::FRAC_PI_2]);
        for n in 0..3 {
            let expected = c64::from_polar(1.0, std::f64::consts::FRAC_PI_2 * n as f64);
            assert!((a[(n, 0)] - expected).norm() < 1e-15);
        }
    }

    #[test]
    fn norms_follow_the_scaling() {
        for (scaling, squared) in [(Scaling::UnitEntries, 7.0), (Scaling::UnitNorm, 1.0)] {
            let a = Ula::half_wavelength(7, scaling).unwrap().steering(&[0.4]);
            assert!((ops::norm2(a.as_ref()) - squared).abs() < 1e-14);
        }
    }

    #[test]
    fn derivative_is_the_limit_of_differences() {
        let array = Ula::new(6, 0.6, Scaling::UnitNorm).unwrap();
        let (angle, h) = (-0.7, 1e-6);
        let d = array.derivative(&[angle]);
        let a = array.steering(&[angle - h, angle + h]);
        for n in 0..6 {
            let difference = (a[(n, 1)] - a[(n, 0)]) / (2.0 * h);
            assert!((difference - d[(n, 0)]).norm() < 1e-8);
        }
    }

    #[test]
    fn one_antenna_and_no_angle() {
        let array = Ula::half_wavelength(1, Scaling::UnitNorm).unwrap();
        assert_eq!(array.steering(&[0.3])[(0, 0)], c64::new(1.0, 0.0));
        assert_eq!(array.steering(&[]).ncols(), 0);
    }

    #[test]
    fn bad_sizes_are_named() {
        let error = Ula::half_wavelength(0, Scaling::UnitNorm).unwrap_err();
        assert!(error.to_string().contains("elements"));
        let error = Ula::new(2, f64::NAN, Scaling::UnitNorm).unwrap_err();
        assert!(error.to_string().contains("spacing_wavelengths"));
    }
}
