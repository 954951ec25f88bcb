//! Cramér-Rao lower bound: inverse of a Fisher information matrix, with an estimate of its error.
//!
//! Of a matrix `F` alone, rounded entries leave the inverse a relative error of the order of
//! `eps cond(F)`; from the stacked derivatives `J` of the mean, `F = J^T J`, it is `eps cond(J)`, the
//! root. Both conditions are those after scaling to unit diagonal, as the entries of a FIM span
//! many decades.

use crate::Error;
use isac_linalg::{Mat, MatRef, real, workspace};

/// A pivot of the scaled FIM below this counts as singular: the inverse would have no digit left.
const PIVOT_FLOOR: f64 = 1e-15;

/// A diagonal entry of the triangular factor of `J`, with unit columns, below this counts as
/// singular: it is rounding.
const ROOT_FLOOR: f64 = 4e-15;

/// Estimated relative error from which on a bound is refused.
const WORST_ERROR: f64 = 1e-6;

/// Trace of the inverse FIM. The trace mixes the units of the parameters, as the papers do.
///
/// A matrix has lost digits that its factor still has: where the stacked derivatives are at hand, as
/// in [`AngleSensing::crlb`](crate::AngleSensing::crlb), the bound is right for targets a hundred
/// times closer.
///
/// # Errors
/// [`Error::SingularFim`] with the first parameter that cannot be told from those before it;
/// [`Error::LostDigits`] where fewer than six digits are right.
///
/// # Panics
/// If `fim` is not square.
pub fn crlb_trace(fim: MatRef<'_, f64>) -> Result<f64, Error> {
    let mut crlb = Crlb::new(fim.nrows());
    let trace = crlb.invert(fim)?;
    crlb.refuse_lost_digits()?;
    Ok(trace)
}

/// The inverse FIM.
///
/// # Errors
/// As [`crlb_trace`].
///
/// # Panics
/// If `fim` is not square.
pub fn crlb_matrix(fim: MatRef<'_, f64>) -> Result<Mat<f64>, Error> {
    let mut crlb = Crlb::new(fim.nrows());
    crlb.invert(fim)?;
    crlb.refuse_lost_digits()?;
    Ok(crlb.inverse)
}

/// Memory for inverting FIMs of one size without allocation.
#[derive(Debug, Clone)]
pub struct Crlb {
    scale: Vec<f64>,
    factor: Mat<f64>,
    inverse: Mat<f64>,
    /// `Q` of the derivatives with unit columns, `Q L^T`; empty after a matrix.
    range: Mat<f64>,
    trace: f64,
    relative_error: f64,
}

impl Crlb {
    /// For matrices of `n x n`.
    pub fn new(n: usize) -> Self {
        Self {
            scale: vec![0.0; n],
            factor: Mat::zeros(n, n),
            inverse: Mat::zeros(n, n),
            range: Mat::zeros(0, n),
            trace: 0.0,
            relative_error: 0.0,
        }
    }

    /// Inverts `fim` and returns the trace of the inverse; see [`crlb_trace`]. Lost digits are not
    /// refused here: see [`relative_error`](Self::relative_error).
    ///
    /// # Errors
    /// [`Error::SingularFim`].
    ///
    /// # Panics
    /// If `fim` does not have the size given to [`new`](Self::new).
    pub fn invert(&mut self, fim: MatRef<'_, f64>) -> Result<f64, Error> {
        let n = self.scale.len();
        assert_eq!(
            (fim.nrows(), fim.ncols()),
            (n, n),
            "not of the workspace's size"
        );
        for i in 0..n {
            let diagonal = fim[(i, i)];
            if !(diagonal > 0.0 && diagonal.is_finite()) {
                return Err(self.singular(i));
            }
            self.scale[i] = 1.0 / diagonal.sqrt();
        }
        for j in 0..n {
            for i in j..n {
                self.factor[(i, j)] = fim[(i, j)] * self.scale[i] * self.scale[j];
            }
        }
        workspace::cholesky_in_place(self.factor.as_mut(), PIVOT_FLOOR)
            .map_err(|pivot| self.singular(pivot))?;
        let size = self.invert_factor();
        self.relative_error = n as f64 * f64::EPSILON * size;
        Ok(self.trace)
    }

    /// Inverts `F = J^T J` given the stacked derivatives `J` (observations x parameters) by a QR
    /// factorisation of `J`, and returns the trace of the inverse.
    ///
    /// # Errors
    /// [`Error::SingularFim`], also for entries that are not finite.
    ///
    /// # Panics
    /// If `derivatives` does not have as many columns as given to [`new`](Self::new).
    pub fn invert_derivatives(&mut self, derivatives: MatRef<'_, f64>) -> Result<f64, Error> {
        let n = self.scale.len();
        assert_eq!(derivatives.ncols(), n, "not of the workspace's size");
        for i in 0..n {
            let length = derivatives.col(i).norm_l2();
            if !(length > 0.0 && length.is_finite()) {
                return Err(self.singular(i));
            }
            self.scale[i] = 1.0 / length;
        }
        if n == 0 {
            return Ok(self.invert_factor());
        }
        if derivatives.nrows() < n {
            return Err(self.singular(derivatives.nrows()));
        }
        let unit = Mat::from_fn(derivatives.nrows(), n, |i, j| {
            derivatives[(i, j)] * self.scale[j]
        });
        let (mut range, upper) = real::qr_thin(unit.as_ref());
        for j in 0..n {
            let pivot = upper[(j, j)];
            if pivot.is_nan() || pivot.abs() <= ROOT_FLOOR {
                return Err(self.singular(j));
            }
            let sign = pivot.signum();
            for i in j..n {
                self.factor[(i, j)] = upper[(j, i)] * sign;
            }
            for i in 0..range.nrows() {
                range[(i, j)] *= sign;
            }
        }
        self.range = range;
        let size = self.invert_factor();
        self.relative_error = 4.0 * f64::EPSILON * size.sqrt();
        Ok(self.trace)
    }

    /// From the lower factor of the scaled FIM: the inverse and its trace. Returns the trace of the
    /// inverse of the scaled FIM.
    fn invert_factor(&mut self) -> f64 {
        workspace::invert_lower_in_place(self.factor.as_mut());
        workspace::transpose_mul_lower(self.factor.as_ref(), &mut self.inverse);
        let n = self.scale.len();
        let mut size = 0.0;
        self.trace = 0.0;
        for j in 0..n {
            size += self.inverse[(j, j)];
            for i in 0..n {
                self.inverse[(i, j)] *= self.scale[i] * self.scale[j];
            }
            self.trace += self.inverse[(j, j)];
        }
        size
    }

    fn singular(&self, parameter: usize) -> Error {
        Error::SingularFim {
            parameter,
            parameters: self.scale.len(),
        }
    }

    /// Trace of the inverse found last.
    pub fn trace(&self) -> f64 {
        self.trace
    }

    /// Estimated relative error of the inverse found last: what rounding of the entries of `F` or of
    /// `J` in their last place can do. A few times larger than what it does do.
    pub fn relative_error(&self) -> f64 {
        self.relative_error
    }

    /// [`Error::LostDigits`] where the estimated error of the inverse found last exceeds 1e-6.
    pub(crate) fn refuse_lost_digits(&self) -> Result<(), Error> {
        if self.relative_error <= WORST_ERROR {
            return Ok(());
        }
        Err(Error::LostDigits {
            relative_error: self.relative_error,
        })
    }

    /// The inverse found last.
    pub fn inverse(&self) -> MatRef<'_, f64> {
        self.inverse.as_ref()
    }

    /// `J F^-2` of the derivatives inverted last, of their shape, without forming `F`: minus half the
    /// derivative of the trace with respect to `J`. `Q L^-1 D F^-1` for `J = Q L^T D^-1`.
    ///
    /// # Panics
    /// If the inverse found last is not that of derivatives.
    pub fn slope(&self) -> Mat<f64> {
        let n = self.scale.len();
        assert!(self.range.nrows() >= n, "not from derivatives");
        let root = Mat::from_fn(n, n, |i, j| {
            if i < j {
                0.0
            } else {
                self.factor[(i, j)] * self.scale[j]
            }
        });
        let weights = real::mul(root.as_ref(), self.inverse.as_ref());
        real::mul(self.range.as_ref(), weights.as_ref())
    }

    /// `Phi = F^-2` of the inverse found last into `out`: minus the derivative of the trace of the
    /// inverse with respect to `F`.
    ///
    /// # Panics
    /// If `out` has another size.
    pub fn squared_into(&self, out: &mut Mat<f64>) {
        let n = self.scale.len();
        assert_eq!(
            (out.nrows(), out.ncols()),
            (n, n),
            "not of the workspace's size"
        );
        for j in 0..n {
            for i in j..n {
                let sum = (0..n)
                    .map(|k| self.inverse[(k, i)] * self.inverse[(k, j)])
                    .sum();
                out[(i, j)] = sum;
                out[(j, i)] = sum;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hand_value() {
        // inverse of [[2, 1], [1, 1]] is [[1, -1], [-1, 2]]
        let f = Mat::from_fn(2, 2, |i, j| if i + j == 0 { 2.0 } else { 1.0 });
        assert!((crlb_trace(f.as_ref()).unwrap() - 3.0).abs() < 1e-14);
        let inverse = crlb_matrix(f.as_ref()).unwrap();
        assert!((inverse[(0, 1)] + 1.0).abs() < 1e-14);
    }

    /// `J = [[1, 1], [0, e]]` has the FIM `[[1, 1], [1, 1 + e^2]]` with trace of the inverse
    /// `1 + 2 / e^2`, which the matrix cannot hold once `e^2` is lost beside 1.
    #[test]
    fn derivatives_keep_the_digits_that_the_matrix_loses() {
        for e in [0.3, 1e-3, 1e-6, 1e-9] {
            let j = Mat::from_fn(3, 2, |i, k| [[1.0, 1.0], [0.0, e], [0.0, 0.0]][i][k]);
            let expected = 1.0 + 2.0 / (e * e);
            let mut crlb = Crlb::new(2);
            let trace = crlb.invert_derivatives(j.as_ref()).unwrap();
            assert!((trace / expected - 1.0).abs() < 1e-14, "{e}: {trace}");
            assert!((crlb.trace() - trace).abs() < 1e-300);
            // The estimate is eps cond(J), with unit columns here almost sqrt(2) / e.
            let estimate = 4.0 * f64::EPSILON * (2.0 + 2.0 / (e * e)).sqrt();
            assert!((crlb.relative_error() / estimate - 1.0).abs() < 0.2, "{e}");
            let gram = Mat::from_fn(2, 2, |i, k| [[1.0, 1.0], [1.0, 1.0 + e * e]][i][k]);
            match crlb_trace(gram.as_ref()) {
                Ok(trace) => assert!((trace / expected - 1.0).abs() < 1e-6, "{e}: {trace}"),
                Err(Error::LostDigits { relative_error }) => {
                    assert!(relative_error > 1e-6 && e < 1e-3);
                }
                Err(error) => assert!(matches!(error, Error::SingularFim { .. }) && e < 1e-6),
            }
            assert_eq!(
                crlb_matrix(gram.as_ref()).is_ok(),
                crlb_trace(gram.as_ref()).is_ok()
            );
        }
    }

    #[test]
    fn derivatives_and_matrix_give_the_same_inverse() {
        let j = Mat::from_fn(7, 4, |i, k| {
            ((3 * i + 5 * k + i * k) as f64).sin() * 10f64.powi(k as i32)
        });
        let gram = isac_linalg::real::mul(j.transpose(), j.as_ref());
        let (mut by_root, mut by_matrix) = (Crlb::new(4), Crlb::new(4));
        by_root.invert_derivatives(j.as_ref()).unwrap();
        by_matrix.invert(gram.as_ref()).unwrap();
        for i in 0..4 {
            for k in 0..4 {
                let size = (by_matrix.inverse()[(i, i)] * by_matrix.inverse()[(k, k)]).sqrt();
                let difference = by_root.inverse()[(i, k)] - by_matrix.inverse()[(i, k)];
                assert!(difference.abs() < 1e-11 * size, "{i} {k}");
            }
        }
        assert!(by_root.relative_error() < 1e-13 && by_matrix.relative_error() < 1e-11);
        // J F^-2 J^T J = J F^-1.
        let slope = by_root.slope();
        let left = isac_linalg::real::mul(slope.as_ref(), gram.as_ref());
        let right = isac_linalg::real::mul(j.as_ref(), by_root.inverse());
        for i in 0..7 {
            for k in 0..4 {
                // What rounding can leave of a sum is a share of its terms.
                let terms: f64 = (0..4).map(|l| (slope[(i, l)] * gram[(l, k)]).abs()).sum();
                assert!((left[(i, k)] - right[(i, k)]).abs() < 1e-10 * terms);
            }
        }
        // F^-2 has the entries of the inverse times itself.
        let mut squared = Mat::zeros(4, 4);
        by_root.squared_into(&mut squared);
        let product = isac_linalg::real::mul(by_root.inverse(), by_root.inverse());
        for i in 0..4 {
            for k in 0..4 {
                let size = (squared[(i, i)] * squared[(k, k)]).sqrt();
                assert!((squared[(i, k)] - product[(i, k)]).abs() < 1e-12 * size);
            }
        }
    }

    #[test]
    fn singular_derivatives_name_the_parameter() {
        let named = |j: Mat<f64>| match Crlb::new(j.ncols()).invert_derivatives(j.as_ref()) {
            Err(Error::SingularFim {
                parameter,
                parameters,
            }) => (parameter, parameters),
            other => panic!("{other:?}"),
        };
        // A zero column, a repeated one, too few rows, a NaN.
        assert_eq!(named(Mat::from_fn(4, 2, |_, k| k as f64)), (0, 2));
        let twice = |i: usize, k: usize| ((i * i + 2 * (k % 2)) as f64).cos();
        assert_eq!(named(Mat::from_fn(4, 3, twice)), (2, 3));
        let wide = |i: usize, k: usize| ((i * 7 + k * k * 3) as f64).cos();
        assert_eq!(named(Mat::from_fn(2, 3, wide)), (2, 3));
        assert_eq!(named(Mat::from_fn(3, 1, |_, _| f64::NAN)), (0, 1));
    }

    #[test]
    fn decades_apart_is_not_singular() {
        let f = Mat::from_fn(2, 2, |i, j| [[1e12, 3e2], [3e2, 1e-6]][i][j]);
        let expected = (1e12 + 1e-6) / (1e12 * 1e-6 - 9e4);
        assert!((crlb_trace(f.as_ref()).unwrap() / expected - 1.0).abs() < 1e-10);
    }

    #[test]
    fn singular_is_an_error_with_the_parameter() {
        let f = Mat::from_fn(3, 3, |i, j| if i == j && i < 2 { 1.0 } else { 0.0 });
        let error = crlb_trace(f.as_ref()).unwrap_err();
        assert!(matches!(
            error,
            Error::SingularFim {
                parameter: 2,
                parameters: 3
            }
        ));
        let flat = Mat::from_fn(2, 2, |_, _| 1.0);
        assert!(crlb_trace(flat.as_ref()).is_err());
        let nan = Mat::from_fn(1, 1, |_, _| f64::NAN);
        assert!(crlb_trace(nan.as_ref()).is_err());
    }

    #[test]
    fn no_parameter_no_bound() {
        assert!(crlb_trace(Mat::zeros(0, 0).as_ref()).unwrap() < f64::MIN_POSITIVE);
        let mut crlb = Crlb::new(0);
        assert!(crlb.invert_derivatives(Mat::zeros(0, 0).as_ref()).unwrap() < f64::MIN_POSITIVE);
    }
}
