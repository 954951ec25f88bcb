//! Entries of one modulus: phase shifters, reflecting surfaces, constant envelopes.

use super::{Manifold, normalise_block, project_block};
use crate::Error;
use isac_linalg::{MatMut, MatRef, c64, validate};

/// All complex matrices of given size whose entries have one modulus: a product of circles.
#[derive(Debug, Clone, PartialEq)]
pub struct ComplexCircle {
    rows: usize,
    cols: usize,
    modulus: f64,
}

impl ComplexCircle {
    /// Matrices of `rows x cols` entries of `modulus` (not squared).
    ///
    /// # Errors
    /// [`isac_linalg::Error`] if a size is 0 or `modulus` is not finite and > 0.
    pub fn new(rows: usize, cols: usize, modulus: f64) -> Result<Self, Error> {
        validate::positive("rows", rows as f64, "")?;
        validate::positive("cols", cols as f64, "")?;
        validate::positive("modulus", modulus, "")?;
        Ok(Self {
            rows,
            cols,
            modulus,
        })
    }
}

impl Manifold for ComplexCircle {
    fn check_shape(&self, rows: usize, cols: usize) -> Result<(), Error> {
        let (expected, got) = ((self.rows, self.cols), (rows, cols));
        if got == expected {
            return Ok(());
        }
        let shown = |(rows, cols): (usize, usize)| format!("{rows} x {cols}");
        Err(isac_linalg::Error::shape("point", shown(expected), shown(got)).into())
    }

    fn scale(&self) -> f64 {
        self.modulus * ((self.rows * self.cols) as f64).sqrt()
    }

    fn normalise(&self, mut point: MatMut<'_, c64>) -> usize {
        let mut zero = 0;
        for j in 0..self.cols {
            for i in 0..self.rows {
                let entry = point.as_mut().submatrix_mut(i, j, 1, 1);
                zero += usize::from(normalise_block(entry, self.modulus.powi(2)));
            }
        }
        zero
    }

    fn project(&self, point: MatRef<'_, c64>, mut vector: MatMut<'_, c64>) {
        for j in 0..self.cols {
            for i in 0..self.rows {
                let entry = vector.as_mut().submatrix_mut(i, j, 1, 1);
                project_block(point.submatrix(i, j, 1, 1), entry);
            }
        }
    }
}
