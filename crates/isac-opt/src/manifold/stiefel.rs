//! Orthonormal columns: semi-unitary precoders and combiners.

use super::Manifold;
use crate::Error;
use isac_linalg::{Mat, MatMut, MatRef, c64, factor, ops, validate};

/// All complex `rows x cols` matrices with `X^H X = I`, `cols <= rows`, the complex Stiefel manifold with the
/// metric of the surrounding space.
///
/// The retraction is by the nearest point, the unitary factor of the polar decomposition. Unlike the other
/// sets it allocates: its factorisations need memory of `rows x cols` at each step.
#[derive(Debug, Clone, PartialEq)]
pub struct Stiefel {
    rows: usize,
    cols: usize,
}

impl Stiefel {
    /// Matrices of `rows x cols`.
    ///
    /// # Errors
    /// [`isac_linalg::Error`] if `cols` is 0 or above `rows`.
    pub fn new(rows: usize, cols: usize) -> Result<Self, Error> {
        validate::positive("cols", cols as f64, "")?;
        if cols > rows {
            let expected = format!("at most {rows}, the rows");
            return Err(isac_linalg::Error::range("cols", cols as f64, expected).into());
        }
        Ok(Self { rows, cols })
    }
}

impl Manifold for Stiefel {
    fn check_shape(&self, rows: usize, cols: usize) -> Result<(), Error> {
        if (rows, cols) == (self.rows, self.cols) {
            return Ok(());
        }
        let expected = format!("{} x {}", self.rows, self.cols);
        Err(isac_linalg::Error::shape("point", expected, format!("{rows} x {cols}")).into())
    }

    fn scale(&self) -> f64 {
        (self.cols as f64).sqrt()
    }

    /// A matrix without full column rank has more than one nearest point and counts as one block; one of
    /// them is taken. What is not finite becomes NaN, which every descent refuses.
    fn normalise(&self, mut point: MatMut<'_, c64>) -> usize {
        let Ok(svd) = factor::svd(point.as_ref()) else {
            point.fill(c64::new(f64::NAN, f64::NAN));
            return 1;
        };
        let unitary = ops::mul_adjoint(svd.u.as_ref(), svd.v.as_ref());
        point.copy_from(unitary);
        let least = svd.values.last().copied().unwrap_or(0.0);
        let top = svd.values.first().copied().unwrap_or(0.0);
        usize::from(least <= self.rows as f64 * f64::EPSILON * top)
    }

    /// `V - X (X^H V + V^H X) / 2`.
    fn project(&self, point: MatRef<'_, c64>, vector: MatMut<'_, c64>) {
        let inner = ops::adjoint_mul(point, vector.as_ref());
        let symmetric = Mat::from_fn(self.cols, self.cols, |i, j| {
            (inner[(i, j)] + inner[(j, i)].conj()) * 0.5
        });
        ops::axpy(vector, -1.0, ops::mul(point, symmetric.as_ref()).as_ref());
    }
}
