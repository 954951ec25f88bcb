//! Elements at any positions, seen from far and from near.

use super::{Response, Scaling, Steering};
use crate::Error;
use isac_linalg::{Mat, c64, validate};
use serde::{Deserialize, Serialize};
use std::f64::consts::TAU;

/// An array of `N` elements at any positions, in wavelengths.
///
/// The unit vector towards azimuth `theta` and inclination `phi` (radians) is
///
/// ```math
/// u = (\sin\theta \sin\phi, \; \cos\theta \sin\phi, \; \cos\phi),
/// ```
///
/// so that a planar array stands in the plane of the first and the last coordinate: an
/// [`Upa`](super::Upa) has its element `(i_h, i_v)` at `(i_h / 2, 0, i_v / 2)`. Phases are relative to
/// the origin of the positions.
///
/// ```
/// use isac_models::array::{Elements, Scaling};
/// // A ring of eight elements, one wavelength wide.
/// let ring = (0..8).map(|n| std::f64::consts::FRAC_PI_4 * f64::from(n));
/// let ring = ring.map(|angle| [0.5 * angle.cos(), 0.5 * angle.sin(), 0.0]).collect();
/// let array = Elements::new(ring, Scaling::UnitNorm)?;
/// let far = array.steering(&[0.3], &[1.1]);
/// let near = array.near_field(&[0.3], &[1.1], &[1e6])?;
/// assert!((far.value[(5, 0)] - near.value[(5, 0)]).norm() < 1e-5);
/// assert_eq!(near.derivatives.len(), 3);
/// # Ok::<(), isac_models::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "StatedElements")]
pub struct Elements {
    positions: Vec<[f64; 3]>,
    scaling: Scaling,
}

/// What a document states of a [`Elements`], before it is checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StatedElements {
    positions: Vec<[f64; 3]>,
    scaling: Scaling,
}

impl TryFrom<StatedElements> for Elements {
    type Error = Error;
    fn try_from(stated: StatedElements) -> Result<Self, Error> {
        Self::new(stated.positions, stated.scaling)
    }
}

impl Elements {
    /// At least one element; positions in wavelengths.
    ///
    /// # Errors
    /// [`Error::Input`] naming `elements` or the entry of `positions` that is not finite.
    pub fn new(positions: Vec<[f64; 3]>, scaling: Scaling) -> Result<Self, Error> {
        super::ula::at_least_one("elements", positions.len())?;
        for (n, position) in positions.iter().enumerate() {
            validate::finite_list(&format!("positions[{n}]"), position)?;
        }
        Ok(Self { positions, scaling })
    }

    /// Number of elements.
    pub fn elements(&self) -> usize {
        self.positions.len()
    }

    /// Positions, wavelengths.
    pub fn positions(&self) -> &[[f64; 3]] {
        &self.positions
    }

    /// Steering vectors `c exp(j 2 pi p_n . u)` of plane waves and their derivatives by both angles,
    /// towards `(theta[m], phi[m])`, radians.
    ///
    /// # Panics
    /// If the two lists differ in length.
    pub fn steering(&self, theta: &[f64], phi: &[f64]) -> Steering {
        assert_eq!(theta.len(), phi.len(), "one phi for each theta");
        let (n, m) = (self.elements(), theta.len());
        let modulus = self.scaling.modulus(n);
        let mut out = Steering {
            value: Mat::zeros(n, m),
            d_theta: Mat::zeros(n, m),
            d_phi: Mat::zeros(n, m),
        };
        for i in 0..m {
            let [u, by_theta, by_phi] = direction(theta[i], phi[i]);
            for (k, p) in self.positions.iter().enumerate() {
                let a = c64::from_polar(modulus, TAU * dot(p, &u));
                out.value[(k, i)] = a;
                out.d_theta[(k, i)] = a * c64::new(0.0, TAU * dot(p, &by_theta));
                out.d_phi[(k, i)] = a * c64::new(0.0, TAU * dot(p, &by_phi));
            }
        }
        out
    }

    /// Steering vectors `c exp(j 2 pi (r - |x - p_n|))` of spherical waves of uniform amplitude from
    /// points `x = r u` at distances `range[m]` (wavelengths) from the origin, and their derivatives by
    /// `theta`, `phi` (per radian) and `range` (per wavelength).
    ///
    /// # Errors
    /// [`Error::Input`] naming `phi` or `range` when lengths differ, a distance is not above 0, or the
    /// point is an element.
    pub fn near_field(&self, theta: &[f64], phi: &[f64], range: &[f64]) -> Result<Response, Error> {
        validate::length("phi", phi.len(), theta.len())?;
        validate::length("range", range.len(), theta.len())?;
        validate::finite_list("theta", theta)?;
        validate::finite_list("phi", phi)?;
        let (n, m) = (self.elements(), theta.len());
        let modulus = self.scaling.modulus(n);
        let mut value = Mat::zeros(n, m);
        let mut derivatives = vec![Mat::zeros(n, m); 3];
        for i in 0..m {
            let r = range[i];
            validate::positive(&format!("range[{i}]"), r, "wavelengths")?;
            let [u, by_theta, by_phi] = direction(theta[i], phi[i]);
            for (k, p) in self.positions.iter().enumerate() {
                let away = [0, 1, 2].map(|j| r * u[j] - p[j]);
                let distance = dot(&away, &away).sqrt();
                if distance == 0.0 {
                    let expected = "a point that is not an element";
                    let what = format!("range[{i}]");
                    return Err(isac_linalg::Error::range(what, r, expected).into());
                }
                // r - |x - p| without cancellation: (2 r p.u - |p|^2) / (r + |x - p|).
                let along = dot(p, &u);
                let nearer = (2.0 * r * along - dot(p, p)) / (r + distance);
                let a = c64::from_polar(modulus, TAU * nearer);
                value[(k, i)] = a;
                // The slope of the distance is -p.du r / |x - p| by an angle, and along the ray
                // (r - p.u) / |x - p|.
                let slopes = [
                    r * dot(p, &by_theta) / distance,
                    r * dot(p, &by_phi) / distance,
                    (along - nearer) / distance,
                ];
                for (derivative, slope) in derivatives.iter_mut().zip(slopes) {
                    derivative[(k, i)] = a * c64::new(0.0, TAU * slope);
                }
            }
        }
        Ok(Response { value, derivatives })
    }
}

/// Unit vector towards two angles and its derivatives by them.
fn direction(theta: f64, phi: f64) -> [[f64; 3]; 3] {
    let ((st, ct), (sp, cp)) = (theta.sin_cos(), phi.sin_cos());
    [
        [st * sp, ct * sp, cp],
        [ct * sp, -st * sp, 0.0],
        [st * cp, ct * cp, -sp],
    ]
}

fn dot(a: &[f64; 3], b: &[f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::array::{KronOrder, Ula, Upa};
    use isac_linalg::approx::compare;

    /// A planar array and a linear one by their positions.
    #[test]
    fn uniform_arrays_are_special_cases() {
        let upa = Upa::new(3, 4, KronOrder::HorizontalSlow, Scaling::UnitNorm).unwrap();
        let at = |k: usize| {
            let (h, v) = upa.position(k);
            [0.5 * h as f64, 0.0, 0.5 * v as f64]
        };
        let same = Elements::new((0..12).map(at).collect(), Scaling::UnitNorm).unwrap();
        let (theta, phi) = ([0.7, -0.2], [1.3, 0.4]);
        let (a, b) = (upa.steering(&theta, &phi), same.steering(&theta, &phi));
        let pairs = [
            (&a.value, &b.value),
            (&a.d_theta, &b.d_theta),
            (&a.d_phi, &b.d_phi),
        ];
        for (a, b) in pairs {
            compare(a.as_ref(), b.as_ref(), 1e-13, 1e-13).unwrap();
        }
        let ula = Ula::new(5, 0.3, Scaling::UnitEntries).unwrap();
        let line = (0..5).map(|n| [0.3 * f64::from(n), 0.0, 0.0]).collect();
        let line = Elements::new(line, Scaling::UnitEntries).unwrap();
        let flat = line.steering(&[0.4], &[std::f64::consts::FRAC_PI_2]);
        compare(
            ula.steering(&[0.4]).as_ref(),
            flat.value.as_ref(),
            1e-14,
            0.0,
        )
        .unwrap();
    }

    fn scattered() -> Elements {
        let at = |n: i32| {
            [
                (1.3 * f64::from(n)).sin(),
                0.2 * f64::from(n),
                (0.7 * f64::from(n)).cos(),
            ]
        };
        Elements::new((0..6).map(at).collect(), Scaling::UnitEntries).unwrap()
    }

    /// Phases of the literal distances, and slopes as limits of differences.
    #[test]
    fn spherical_waves_follow_the_distances() {
        let (array, at, h) = (scattered(), [0.5, 1.2, 7.0], 1e-6);
        let response = |p: [f64; 3]| array.near_field(&[p[0]], &[p[1]], &[p[2]]).unwrap();
        let near = response(at);
        let u = direction(at[0], at[1])[0];
        for (n, p) in array.positions().iter().enumerate() {
            let away = [0, 1, 2].map(|j| at[2] * u[j] - p[j]);
            let literal = c64::from_polar(1.0, TAU * (at[2] - dot(&away, &away).sqrt()));
            assert!((literal - near.value[(n, 0)]).norm() < 1e-13);
        }
        for (d, derivative) in near.derivatives.iter().enumerate() {
            let moved = |by: f64| {
                let mut p = at;
                p[d] += by;
                response(p).value
            };
            let (up, down) = (moved(h), moved(-h));
            for n in 0..array.elements() {
                let slope = (up[(n, 0)] - down[(n, 0)]) / (2.0 * h);
                assert!((slope - derivative[(n, 0)]).norm() < 1e-7, "{d} {n}");
            }
        }
    }

    /// The error of a plane wave falls as one over the distance.
    #[test]
    fn far_away_waves_are_plane() {
        let array = scattered();
        let far = array.steering(&[0.5], &[1.2]);
        let error = |r: f64| {
            let near = array.near_field(&[0.5], &[1.2], &[r]).unwrap();
            let gap = |a: &Mat<c64>, b: &Mat<c64>| {
                (0..6).map(|n| (a[(n, 0)] - b[(n, 0)]).norm()).sum::<f64>()
            };
            [
                gap(&near.value, &far.value),
                gap(&near.derivatives[0], &far.d_theta),
                gap(&near.derivatives[1], &far.d_phi),
            ]
        };
        for (near, far) in error(1e3).iter().zip(error(1e4)) {
            let ratio = near / far;
            assert!((9.0..11.0).contains(&ratio), "{ratio}");
        }
    }

    #[test]
    fn bad_positions_and_points_are_named() {
        let text = |e: Error| e.to_string();
        assert!(text(Elements::new(vec![], Scaling::UnitNorm).unwrap_err()).contains("elements"));
        let nan = vec![[0.0; 3], [0.0, f64::NAN, 0.0]];
        assert!(text(Elements::new(nan, Scaling::UnitNorm).unwrap_err()).contains("positions[1]"));
        let one = Elements::new(vec![[2.0, 0.0, 0.0]], Scaling::UnitNorm).unwrap();
        let quarter = std::f64::consts::FRAC_PI_2;
        let hit = |range: f64| one.near_field(&[quarter], &[quarter], &[range]);
        assert!(text(hit(0.0).unwrap_err()).contains("range[0]"));
        assert!(hit(2.5).is_ok());
        let at_origin = Elements::new(vec![[0.0, 0.0, 2.0]], Scaling::UnitNorm).unwrap();
        let on_it = at_origin.near_field(&[0.0], &[0.0], &[2.0]).unwrap_err();
        assert!(text(on_it).contains("not an element"));
        assert!(text(one.near_field(&[0.0], &[], &[1.0]).unwrap_err()).contains("phi"));
    }
}
