//! Extremes in the plane of two beams.

use super::vectors::{dot, norm, rest_unit, subtract, unit};
use isac_linalg::c64;
use isac_linalg::trust_region::max_diagonal;

/// The span of two beams and a centre, with orthonormal coordinates: beams have none along the
/// third axis, which holds the rest of the centre.
pub(super) struct Plane {
    pub(super) axes: [Vec<c64>; 3],
    numerator: [c64; 2],
    denominator: [c64; 2],
    pub(super) centre: [c64; 3],
    radius: f64,
}

impl Plane {
    pub(super) fn new(centre: &[c64], radius: f64, numerator: &[c64], denominator: &[c64]) -> Self {
        let (e1, n1) = unit(numerator.to_vec());
        let mut rest = denominator.to_vec();
        let mut d1 = c64::ZERO;
        for _ in 0..2 {
            let along = dot(&e1, &rest);
            subtract(&mut rest, along, &e1);
            d1 += along;
        }
        let (e2, d2) = rest_unit(rest, norm(denominator));
        let mut rest = centre.to_vec();
        let mut coordinates = [c64::ZERO; 3];
        for _ in 0..2 {
            for (k, e) in [&e1, &e2].into_iter().enumerate() {
                let along = dot(e, &rest);
                subtract(&mut rest, along, e);
                coordinates[k] += along;
            }
        }
        let (e3, c3) = rest_unit(rest, norm(centre));
        coordinates[2] = c64::new(c3, 0.0);
        Self {
            axes: [e1, e2, e3],
            numerator: [c64::new(n1, 0.0), c64::ZERO],
            denominator: [d1, c64::new(d2, 0.0)],
            centre: coordinates,
            radius,
        }
    }

    /// Ratio and denominator at a point.
    fn ratio(&self, x: &[c64; 3], isotropic: f64, constant: f64) -> (f64, f64) {
        let power = |w: &[c64; 2]| (x[0].conj() * w[0] + x[1].conj() * w[1]).norm_sqr();
        let square: f64 = x.iter().map(|x| x.norm_sqr()).sum();
        let bottom = power(&self.denominator) + isotropic * square + constant;
        (power(&self.numerator) / bottom, bottom)
    }

    /// Extreme ratio, its denominator and where: Dinkelbach's method.
    pub(super) fn ratio_extreme(
        &self,
        isotropic: f64,
        constant: f64,
        sign: f64,
    ) -> (f64, f64, [c64; 3]) {
        let (mut value, mut bottom) = self.ratio(&self.centre, isotropic, constant);
        let mut point = self.centre;
        for _ in 0..60 {
            let (_, next) = self.extreme(value, isotropic, sign);
            let (ratio, under) = self.ratio(&next, isotropic, constant);
            let gain = sign * (ratio - value);
            if gain > 0.0 {
                (value, bottom, point) = (ratio, under, next);
            }
            if gain <= 1e-15 * value {
                break;
            }
        }
        (value, bottom, point)
    }

    /// Eigenvalues of `u u^H - t v v^H`, `t >= 0`, the greater first, and its eigenvector.
    pub(super) fn eigen(&self, t: f64) -> (f64, f64, [c64; 2]) {
        let u2 = self.numerator[0].norm_sqr();
        let [v1, v2] = self.denominator;
        let beta = v2.re;
        let a = u2 - t * v1.norm_sqr();
        let d = -t * beta * beta;
        let b = -v1 * (t * beta);
        // The determinant is known without cancellation.
        let determinant = -t * u2 * beta * beta;
        let mean = 0.5 * (a + d);
        let spread = (0.5 * (a - d)).hypot(b.norm());
        let (high, low) = if mean >= 0.0 {
            let high = mean + spread;
            (high, if high > 0.0 { determinant / high } else { 0.0 })
        } else {
            let low = mean - spread;
            (determinant / low, low)
        };
        let first = if (high - a).abs() >= (high - d).abs() {
            [b, c64::new(high - a, 0.0)]
        } else {
            [c64::new(high - d, 0.0), b.conj()]
        };
        let size = (first[0].norm_sqr() + first[1].norm_sqr()).sqrt();
        let first = if size > 0.0 {
            [first[0] / size, first[1] / size]
        } else {
            [c64::ONE, c64::ZERO]
        };
        (high, low, first)
    }

    /// `max sign (|x^H u|^2 - t |x^H v|^2 - t isotropic |x|^2)` over the ball and the maximiser.
    pub(super) fn extreme(&self, t: f64, isotropic: f64, sign: f64) -> (f64, [c64; 3]) {
        let (high, low, first) = self.eigen(t);
        let second = [-first[1].conj(), first[0].conj()];
        let c = &self.centre;
        let along = |e: &[c64; 2]| e[0].conj() * c[0] + e[1].conj() * c[1];
        let shift = -sign * t * isotropic;
        let values = [sign * high + shift, sign * low + shift, shift];
        let (value, step) =
            max_diagonal(&values, &[along(&first), along(&second), c[2]], self.radius);
        let point = [
            c[0] + first[0] * step[0] + second[0] * step[1],
            c[1] + first[1] * step[0] + second[1] * step[1],
            c[2] + step[2],
        ];
        (sign * value, point)
    }

    /// The point in full coordinates, near the centre given in them.
    pub(super) fn lift(&self, centre: &[c64], point: &[c64; 3]) -> Vec<c64> {
        let mut x = centre.to_vec();
        for (k, e) in self.axes.iter().enumerate() {
            subtract(&mut x, self.centre[k] - point[k], e);
        }
        x
    }
}
