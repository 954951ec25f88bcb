//! Cramér-Rao lower bound: inverse of a Fisher information matrix.

use crate::Error;
use isac_linalg::{Mat, MatRef, workspace};

/// A pivot of the scaled FIM below this counts as singular: the inverse would have no digit left.
const PIVOT_FLOOR: f64 = 1e-15;

/// Trace of the inverse FIM. The trace mixes the units of the parameters, as the papers do.
///
/// The entries of a FIM span many decades, so it is scaled to unit diagonal before the Cholesky
/// factorisation.
///
/// # Errors
/// [`Error::SingularFim`] with the first parameter that cannot be told from those before it.
///
/// # Panics
/// If `fim` is not square.
pub fn crlb_trace(fim: MatRef<'_, f64>) -> Result<f64, Error> {
    Crlb::new(fim.nrows()).invert(fim)
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
    Ok(crlb.inverse)
}

/// Memory for inverting FIMs of one size without allocation.
#[derive(Debug, Clone)]
pub struct Crlb {
    scale: Vec<f64>,
    factor: Mat<f64>,
    inverse: Mat<f64>,
}

impl Crlb {
    /// For matrices of `n x n`.
    pub fn new(n: usize) -> Self {
        Self {
            scale: vec![0.0; n],
            factor: Mat::zeros(n, n),
            inverse: Mat::zeros(n, n),
        }
    }

    /// Inverts `fim` and returns the trace of the inverse; see [`crlb_trace`].
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
        let singular = |parameter| Error::SingularFim {
            parameter,
            parameters: n,
        };
        for i in 0..n {
            let diagonal = fim[(i, i)];
            if !(diagonal > 0.0 && diagonal.is_finite()) {
                return Err(singular(i));
            }
            self.scale[i] = 1.0 / diagonal.sqrt();
        }
        for j in 0..n {
            for i in j..n {
                self.factor[(i, j)] = fim[(i, j)] * self.scale[i] * self.scale[j];
            }
        }
        workspace::cholesky_in_place(self.factor.as_mut(), PIVOT_FLOOR).map_err(singular)?;
        workspace::invert_lower_in_place(self.factor.as_mut());
        workspace::transpose_mul_lower(self.factor.as_ref(), &mut self.inverse);
        let mut trace = 0.0;
        for j in 0..n {
            for i in 0..n {
                self.inverse[(i, j)] *= self.scale[i] * self.scale[j];
            }
            trace += self.inverse[(j, j)];
        }
        Ok(trace)
    }

    /// The inverse found last.
    pub fn inverse(&self) -> MatRef<'_, f64> {
        self.inverse.as_ref()
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
    }
}
