//! Uniform planar array with half-wavelength spacing.

use super::Scaling;
use super::ula::at_least_one;
use crate::Error;
use isac_linalg::{Mat, c64};
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;

/// Order of the elements of a planar array, element `(ih, iv)` of `N_h x N_v`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum KronOrder {
    /// `a_h (x) a_v`: index `ih * N_v + iv`, as printed in \[obs_crlb\].
    #[default]
    #[serde(rename = "hv")]
    HorizontalSlow,
    /// `a_v (x) a_h`: index `iv * N_h + ih`, as in the released code and data of \[obs_crlb\].
    #[serde(rename = "vh")]
    VerticalSlow,
}

/// A uniform planar array of `N_h x N_v` elements, half a wavelength apart.
///
/// Towards azimuth `theta` and inclination `phi` (radians), Section V of \[obs_crlb\],
///
/// ```math
/// a_h = \exp(j \pi n_h \sin\theta \sin\phi), \qquad a_v = \exp(j \pi n_v \cos\phi),
/// ```
///
/// and the steering vector is their Kronecker product in the given [`KronOrder`], scaled as a whole
/// by [`Scaling`]. The order permutes antennas only: metrics agree if the channel is permuted too.
///
/// ```
/// use isac_models::array::{KronOrder, Scaling, Upa};
/// let array = Upa::new(4, 2, KronOrder::HorizontalSlow, Scaling::UnitNorm)?;
/// let s = array.steering(&[0.3], &[1.1]);
/// assert_eq!((s.value.nrows(), s.d_theta.ncols()), (8, 1));
/// # Ok::<(), isac_models::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "StatedUpa")]
pub struct Upa {
    horizontal: usize,
    vertical: usize,
    order: KronOrder,
    scaling: Scaling,
}

/// What a document states of a [`Upa`], before it is checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StatedUpa {
    horizontal: usize,
    vertical: usize,
    order: KronOrder,
    scaling: Scaling,
}

impl TryFrom<StatedUpa> for Upa {
    type Error = Error;
    fn try_from(stated: StatedUpa) -> Result<Self, Error> {
        Self::new(
            stated.horizontal,
            stated.vertical,
            stated.order,
            stated.scaling,
        )
    }
}

/// Steering vectors of several directions and their first derivatives, each `N x directions`.
#[derive(Debug, Clone)]
pub struct Steering {
    /// Columns `a(theta_m, phi_m)`.
    pub value: Mat<c64>,
    /// Columns `da/dtheta`.
    pub d_theta: Mat<c64>,
    /// Columns `da/dphi`.
    pub d_phi: Mat<c64>,
}

impl Upa {
    /// An array of `horizontal x vertical` antennas, both at least 1.
    ///
    /// # Errors
    /// [`Error::Input`] naming `horizontal` or `vertical`.
    pub fn new(
        horizontal: usize,
        vertical: usize,
        order: KronOrder,
        scaling: Scaling,
    ) -> Result<Self, Error> {
        at_least_one("horizontal", horizontal)?;
        at_least_one("vertical", vertical)?;
        Ok(Self {
            horizontal,
            vertical,
            order,
            scaling,
        })
    }

    /// Number of antennas `N_h N_v`.
    pub fn elements(&self) -> usize {
        self.horizontal * self.vertical
    }

    /// Antennas in a row, `N_h`.
    pub fn horizontal(&self) -> usize {
        self.horizontal
    }

    /// Antennas in a column, `N_v`.
    pub fn vertical(&self) -> usize {
        self.vertical
    }

    /// `(n_h, n_v)` of the element with this index.
    pub fn position(&self, index: usize) -> (usize, usize) {
        match self.order {
            KronOrder::HorizontalSlow => (index / self.vertical, index % self.vertical),
            KronOrder::VerticalSlow => (index % self.horizontal, index / self.horizontal),
        }
    }

    /// Steering vectors and derivatives towards `(theta[m], phi[m])`, radians.
    ///
    /// # Panics
    /// If the two lists differ in length.
    pub fn steering(&self, theta: &[f64], phi: &[f64]) -> Steering {
        assert_eq!(theta.len(), phi.len(), "one phi for each theta");
        let modulus = self.scaling.modulus(self.elements());
        let (n, m) = (self.elements(), theta.len());
        let mut out = Steering {
            value: Mat::zeros(n, m),
            d_theta: Mat::zeros(n, m),
            d_phi: Mat::zeros(n, m),
        };
        for i in 0..m {
            let ((sin_t, cos_t), (sin_p, cos_p)) = (theta[i].sin_cos(), phi[i].sin_cos());
            for k in 0..n {
                let (h, v) = self.position(k);
                let (h, v) = (PI * h as f64, PI * v as f64);
                let a = c64::from_polar(modulus, h * sin_t * sin_p + v * cos_p);
                out.value[(k, i)] = a;
                out.d_theta[(k, i)] = a * c64::new(0.0, h * cos_t * sin_p);
                out.d_phi[(k, i)] = a * c64::new(0.0, h * sin_t * cos_p - v * sin_p);
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use isac_linalg::{kron, ops};

    fn array(order: KronOrder) -> Upa {
        Upa::new(3, 4, order, Scaling::UnitNorm).unwrap()
    }

    #[test]
    fn orders_are_the_two_kronecker_products() {
        let (theta, phi) = (0.7_f64, -0.4_f64);
        let phase = |n: usize, slope: f64, count: usize| {
            c64::from_polar(1.0 / (count as f64).sqrt(), PI * n as f64 * slope)
        };
        let a_h = Mat::from_fn(3, 1, |n, _| phase(n, theta.sin() * phi.sin(), 3));
        let a_v = Mat::from_fn(4, 1, |n, _| phase(n, phi.cos(), 4));
        for (order, expected) in [
            (
                KronOrder::HorizontalSlow,
                kron::kron(a_h.as_ref(), a_v.as_ref()),
            ),
            (
                KronOrder::VerticalSlow,
                kron::kron(a_v.as_ref(), a_h.as_ref()),
            ),
        ] {
            let got = array(order).steering(&[theta], &[phi]).value;
            isac_linalg::approx::compare(got.as_ref(), expected.as_ref(), 1e-14, 0.0).unwrap();
        }
    }

    #[test]
    fn derivatives_are_the_limits_of_differences() {
        let (theta, phi, h) = (-0.9, 0.6, 1e-5);
        for order in [KronOrder::HorizontalSlow, KronOrder::VerticalSlow] {
            let array = array(order);
            let s = array.steering(&[theta], &[phi]);
            let t = array.steering(&[theta - h, theta + h], &[phi, phi]).value;
            let p = array.steering(&[theta, theta], &[phi - h, phi + h]).value;
            for n in 0..12 {
                let by_theta = (t[(n, 1)] - t[(n, 0)]) / (2.0 * h);
                let by_phi = (p[(n, 1)] - p[(n, 0)]) / (2.0 * h);
                assert!((by_theta - s.d_theta[(n, 0)]).norm() < 1e-8);
                assert!((by_phi - s.d_phi[(n, 0)]).norm() < 1e-8);
            }
        }
    }

    #[test]
    fn azimuth_is_invisible_at_the_pole() {
        let s = array(KronOrder::HorizontalSlow).steering(&[0.3], &[0.0]);
        assert!(ops::norm(s.d_theta.as_ref()) < f64::MIN_POSITIVE);
    }

    #[test]
    fn single_antenna_has_no_derivative() {
        let one = Upa::new(1, 1, KronOrder::HorizontalSlow, Scaling::UnitNorm).unwrap();
        let s = one.steering(&[0.3], &[0.2]);
        assert_eq!(s.value[(0, 0)], c64::new(1.0, 0.0));
        assert!(ops::norm(s.d_phi.as_ref()) < f64::MIN_POSITIVE);
    }

    #[test]
    fn an_empty_side_is_named() {
        let error = Upa::new(2, 0, KronOrder::HorizontalSlow, Scaling::UnitNorm).unwrap_err();
        assert!(error.to_string().contains("vertical"));
    }
}
