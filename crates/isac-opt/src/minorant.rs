//! Concave lower bounds that touch: the pieces of successive convex approximation and of
//! minorise-maximise methods.
//!
//! Each is built at a current point, equals the function there together with its first
//! derivatives, and lies below it everywhere. Maximising one therefore never lowers the function.
//!
//! | function | minorant | type |
//! |---|---|---|
//! | `\|a\|^2 / b`, `b > 0` | `2 Re(y^H a) - \|y\|^2 b`, `y = a_i / b_i` | [`RatioMinorant`] |
//! | `x^H A x`, `A` PSD | `2 Re((A x_i)^H x) - x_i^H A x_i` | [`QuadraticMinorant`] |
//! | `w w^H` (in the PSD order) | `w_i w^H + w w_i^H - w_i w_i^H` | [`outer_minorant`] |
//! | `ln(1 + \|a\|^2 / b)` | `c + 2 Re(u^H a) - v (\|a\|^2 + b)` | [`LogRatioMinorant`] |
//! | `ln(1 + s)` | `ln(1 + s_i) + 1 - (1 + s_i)/(1 + s)` | [`log_minorant`] |
//! | `-ln(1 + s)` | its tangent | [`log_tangent`], negated |
//!
//! ```
//! use isac_linalg::c64;
//! use isac_opt::minorant::RatioMinorant;
//! let (a, b) = ([c64::new(1.0, 2.0)], 4.0);
//! let bound = RatioMinorant::at(&a, b)?;
//! assert!((bound.value(&a, b) - 1.25).abs() < 1e-15);
//! assert!(bound.value(&[c64::new(0.0, 1.0)], 2.0) <= 0.5);
//! # Ok::<(), isac_opt::Error>(())
//! ```

use isac_linalg::ColRef;
use isac_linalg::{Col, Mat, MatRef, c64, hermitian, ops, validate};

use crate::Error;

/// `|a|^2 / b >= 2 Re(y^H a) - |y|^2 b` for `b > 0` (the quadratic transform); jointly linear in
/// `(a, b)`, and for fixed `a, b` maximised by `y = a/b`.
#[derive(Debug, Clone)]
pub struct RatioMinorant {
    /// `y = a_i / b_i`.
    pub y: Vec<c64>,
}

impl RatioMinorant {
    /// The minorant that touches at `(a, b)`.
    ///
    /// # Errors
    /// `b` not positive, `a` not finite.
    pub fn at(a: &[c64], b: f64) -> Result<Self, Error> {
        check_list("numerator vector", a)?;
        validate::positive("denominator of a ratio", b, "")?;
        Ok(Self {
            y: a.iter().map(|a| a / b).collect(),
        })
    }

    /// Its value at another point.
    ///
    /// # Panics
    /// If the lengths differ.
    pub fn value(&self, a: &[c64], b: f64) -> f64 {
        2.0 * real_dot(&self.y, a) - self.denominator_weight() * b
    }

    /// `|y|^2`, what the denominator is charged with.
    pub fn denominator_weight(&self) -> f64 {
        self.y.iter().map(c64::norm_sqr).sum()
    }
}

/// `x^H A x >= 2 Re(g^H x) - k` for positive semidefinite `A`, with `g = A x_i`, `k = x_i^H A x_i`.
#[derive(Debug, Clone)]
pub struct QuadraticMinorant {
    /// `g = A x_i`.
    pub gradient: Col<c64>,
    /// `k = x_i^H A x_i`.
    pub offset: f64,
}

impl QuadraticMinorant {
    /// The minorant of `x^H A x` that touches at `x`. `A` is trusted to be positive semidefinite.
    ///
    /// # Errors
    /// `A` not Hermitian, sizes that differ, entries that are not finite.
    pub fn at(a: MatRef<'_, c64>, x: ColRef<'_, c64>) -> Result<Self, Error> {
        hermitian::check_hermitian("quadratic form", a)?;
        validate::length("point", x.nrows(), a.nrows())?;
        validate::finite("point", x.as_mat())?;
        Ok(Self {
            offset: ops::quadratic_form(a, x),
            gradient: a * x,
        })
    }

    /// The minorant of `|c^H x|^2` that touches at `x`, where only `c` is stored: `O(n)`.
    ///
    /// # Errors
    /// Sizes that differ, entries that are not finite.
    pub fn at_square(c: ColRef<'_, c64>, x: ColRef<'_, c64>) -> Result<Self, Error> {
        validate::length("point", x.nrows(), c.nrows())?;
        validate::finite("coefficients", c.as_mat())?;
        validate::finite("point", x.as_mat())?;
        let amplitude = ops::dot(c, x);
        Ok(Self {
            gradient: Col::from_fn(c.nrows(), |i| c[i] * amplitude),
            offset: amplitude.norm_sqr(),
        })
    }

    /// Its value at another point.
    ///
    /// # Panics
    /// If the lengths differ.
    pub fn value(&self, x: ColRef<'_, c64>) -> f64 {
        2.0 * ops::dot(self.gradient.as_ref(), x).re - self.offset
    }
}

/// `w_i w^H + w w_i^H - w_i w_i^H`, below `w w^H` in the semidefinite order by exactly
/// `(w - w_i)(w - w_i)^H`.
///
/// # Panics
/// If the lengths differ.
pub fn outer_minorant(at: ColRef<'_, c64>, w: ColRef<'_, c64>) -> Mat<c64> {
    assert_eq!(at.nrows(), w.nrows(), "lengths differ");
    Mat::from_fn(w.nrows(), w.nrows(), |i, j| {
        at[i] * w[j].conj() + w[i] * at[j].conj() - at[i] * at[j].conj()
    })
}

/// `ln(1 + |a|^2/b) >= c + 2 Re(u^H a) - v (|a|^2 + b)`, concave in `(a, b)`, in nats.
///
/// With `s = |a_i|^2 / b_i`: `u = a_i / b_i`, `v = s / (|a_i|^2 + b_i)`, `c = ln(1 + s) - s`. It is
/// the weighted mean-square-error bound with the receiver and the weight eliminated.
#[derive(Debug, Clone)]
pub struct LogRatioMinorant {
    /// `c`.
    pub constant: f64,
    /// `u`.
    pub linear: Vec<c64>,
    /// `v >= 0`.
    pub weight: f64,
}

impl LogRatioMinorant {
    /// The minorant that touches at `(a, b)`.
    ///
    /// # Errors
    /// `b` not positive, `a` not finite.
    pub fn at(a: &[c64], b: f64) -> Result<Self, Error> {
        check_list("numerator vector", a)?;
        validate::positive("denominator of a ratio", b, "")?;
        let power: f64 = a.iter().map(c64::norm_sqr).sum();
        let s = power / b;
        Ok(Self {
            constant: s.ln_1p() - s,
            linear: a.iter().map(|a| a / b).collect(),
            weight: s / (power + b),
        })
    }

    /// Its value at another point.
    ///
    /// # Panics
    /// If the lengths differ.
    pub fn value(&self, a: &[c64], b: f64) -> f64 {
        let power: f64 = a.iter().map(c64::norm_sqr).sum();
        self.constant + 2.0 * real_dot(&self.linear, a) - self.weight * (power + b)
    }
}

/// `ln(1 + at) + 1 - (1 + at)/(1 + s)`, a concave minorant of `ln(1 + s)` on `s > -1` that a rotated
/// second-order cone expresses.
///
/// # Errors
/// `at` not above -1.
pub fn log_minorant(at: f64, s: f64) -> Result<f64, Error> {
    validate::positive("1 + s at the expansion point", 1.0 + at, "")?;
    validate::positive("1 + s", 1.0 + s, "")?;
    Ok(at.ln_1p() + 1.0 - (1.0 + at) / (1.0 + s))
}

/// `(value, slope)` of the tangent of `ln(1 + s)` at `at`: `ln(1 + s) <= value + slope (s - at)`.
/// Negated it is the minorant of the convex `-ln(1 + s)`.
///
/// # Errors
/// `at` not above -1.
pub fn log_tangent(at: f64) -> Result<(f64, f64), Error> {
    validate::positive("1 + s at the expansion point", 1.0 + at, "")?;
    Ok((at.ln_1p(), 1.0 / (1.0 + at)))
}

fn real_dot(a: &[c64], b: &[c64]) -> f64 {
    assert_eq!(a.len(), b.len(), "lengths differ");
    a.iter().zip(b).map(|(a, b)| (a.conj() * b).re).sum()
}

fn check_list(what: &str, a: &[c64]) -> Result<(), Error> {
    match a
        .iter()
        .position(|a| !(a.re.is_finite() && a.im.is_finite()))
    {
        None => Ok(()),
        Some(row) => Err(isac_linalg::Error::NonFinite {
            what: what.into(),
            row,
            col: 0,
            value: a[row].to_string(),
        }
        .into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};

    fn vector(rng: &mut ChaCha8Rng, n: usize) -> Vec<c64> {
        (0..n)
            .map(|_| c64::new(rng.random_range(-2.0..2.0), rng.random_range(-2.0..2.0)))
            .collect()
    }

    fn column(rng: &mut ChaCha8Rng, n: usize) -> Col<c64> {
        let v = vector(rng, n);
        Col::from_fn(n, |i| v[i])
    }

    /// `gap(t)` = function minus minorant at a step of length t: zero at 0, nonnegative elsewhere,
    /// of second order (which is what equal slopes mean).
    fn assert_touches(gap: impl Fn(f64) -> f64) {
        assert!(gap(0.0).abs() < 1e-12, "touch: {}", gap(0.0));
        for t in [-0.5, -0.1, 0.1, 0.5] {
            assert!(gap(t) >= -1e-12, "minorant at {t}: {}", gap(t));
        }
        for t in [1e-4, -1e-4] {
            assert!(gap(t).abs() < 1e-5, "slope: {}", gap(t));
        }
    }

    #[test]
    fn all_minorants_touch_with_equal_slope_and_stay_below() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let power = |a: &[c64]| a.iter().map(c64::norm_sqr).sum::<f64>();
        for n in [1, 2, 4] {
            for _ in 0..50 {
                let (a, da) = (vector(&mut rng, n), vector(&mut rng, n));
                let (b, db) = (rng.random_range(1.1..3.0), rng.random_range(-1.0..1.0));
                let step = |t: f64| {
                    let moved = a
                        .iter()
                        .zip(&da)
                        .map(|(a, d)| a + d * t)
                        .collect::<Vec<_>>();
                    (moved, b + t * db)
                };
                let ratio = RatioMinorant::at(&a, b).unwrap();
                assert_touches(|t| {
                    let (a, b) = step(t);
                    power(&a) / b - ratio.value(&a, b)
                });
                let log = LogRatioMinorant::at(&a, b).unwrap();
                assert_touches(|t| {
                    let (a, b) = step(t);
                    (power(&a) / b).ln_1p() - log.value(&a, b)
                });
                let s = rng.random_range(-0.4..5.0);
                assert_touches(|t| (s + t).ln_1p() - log_minorant(s, s + t).unwrap());
                let (value, slope) = log_tangent(s).unwrap();
                assert_touches(|t| value + slope * t - (s + t).ln_1p());

                let (c, x, dx) = (
                    column(&mut rng, n),
                    column(&mut rng, n),
                    column(&mut rng, n),
                );
                let outer = Mat::from_fn(n, n, |i, j| c[i] * c[j].conj());
                let square = QuadraticMinorant::at_square(c.as_ref(), x.as_ref()).unwrap();
                let form = QuadraticMinorant::at(outer.as_ref(), x.as_ref()).unwrap();
                let moved = |t: f64| Col::from_fn(n, |i| x[i] + dx[i] * t);
                for bound in [&square, &form] {
                    assert_touches(|t| {
                        let y = moved(t);
                        ops::quadratic_form(outer.as_ref(), y.as_ref()) - bound.value(y.as_ref())
                    });
                }
                let w = moved(0.7);
                let lower = outer_minorant(x.as_ref(), w.as_ref());
                let rest = Mat::from_fn(n, n, |i, j| w[i] * w[j].conj() - lower[(i, j)]);
                let exact = Mat::from_fn(n, n, |i, j| (w[i] - x[i]) * (w[j] - x[j]).conj());
                assert!(ops::norm((rest - exact).as_ref()) < 1e-12);
            }
        }
    }

    #[test]
    fn bad_input_is_named() {
        let one = [c64::ONE];
        assert!(RatioMinorant::at(&one, 0.0).is_err());
        assert!(RatioMinorant::at(&[c64::new(f64::NAN, 0.0)], 1.0).is_err());
        assert!(LogRatioMinorant::at(&one, -1.0).is_err());
        assert!(log_tangent(-1.0).is_err() && log_minorant(0.0, -2.0).is_err());
        let (c, x): (Col<c64>, Col<c64>) = (Col::zeros(2), Col::zeros(3));
        assert!(QuadraticMinorant::at_square(c.as_ref(), x.as_ref()).is_err());
        let eye: Mat<c64> = Mat::identity(2, 2);
        assert!(QuadraticMinorant::at(eye.as_ref(), x.as_ref()).is_err());
    }
}
