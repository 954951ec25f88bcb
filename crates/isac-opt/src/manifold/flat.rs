//! All matrices: no constraint at all, beside others in a product.

use super::Manifold;
use crate::Error;
use isac_linalg::{MatMut, MatRef, c64, validate};

/// All complex matrices. A set without bounds has no length of its own; the caller gives one.
#[derive(Debug, Clone, PartialEq)]
pub struct Euclidean {
    scale: f64,
}

impl Euclidean {
    /// `scale` is the norm that points typically have, in their unit: step caps and the scale-free gradient
    /// test refer to it.
    ///
    /// # Errors
    /// [`isac_linalg::Error`] if `scale` is not finite and > 0.
    pub fn new(scale: f64) -> Result<Self, Error> {
        validate::positive("scale", scale, "")?;
        Ok(Self { scale })
    }
}

impl Manifold for Euclidean {
    fn check_shape(&self, rows: usize, cols: usize) -> Result<(), Error> {
        if rows > 0 && cols > 0 {
            return Ok(());
        }
        let got = format!("{rows} x {cols}");
        Err(isac_linalg::Error::shape("point", "at least 1 x 1", got).into())
    }

    fn scale(&self) -> f64 {
        self.scale
    }

    fn normalise(&self, _: MatMut<'_, c64>) -> usize {
        0
    }

    fn project(&self, _: MatRef<'_, c64>, _: MatMut<'_, c64>) {}
}
