//! The sphere of all matrices of given power.

use super::{Manifold, normalise_block, project_block};
use crate::Error;
use isac_linalg::{MatMut, MatRef, c64, validate};

/// All complex matrices with `||W||_F^2 = P`, of any shape.
///
/// ```math
/// T_W = { Z : Re tr(W^H Z) = 0 },  P_W(Z) = Z - Re tr(W^H Z) W / P,  R_W(Z) = (W + Z) sqrt(P) / ||W + Z||.
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sphere {
    power: f64,
}

impl Sphere {
    /// The sphere of squared radius `power`.
    ///
    /// # Errors
    /// [`isac_linalg::Error::Range`] unless `power` is finite and > 0.
    pub fn new(power: f64) -> Result<Self, Error> {
        validate::positive("power", power, "")?;
        Ok(Self { power })
    }

    /// `P`, the squared radius.
    pub fn power(&self) -> f64 {
        self.power
    }
}

impl Manifold for Sphere {
    fn check_shape(&self, rows: usize, cols: usize) -> Result<(), Error> {
        if rows > 0 && cols > 0 {
            return Ok(());
        }
        let got = format!("{rows} x {cols}");
        Err(isac_linalg::Error::shape("point", "at least 1 x 1", got).into())
    }

    fn scale(&self) -> f64 {
        self.power.sqrt()
    }

    fn normalise(&self, point: MatMut<'_, c64>) -> usize {
        usize::from(normalise_block(point, self.power))
    }

    fn project(&self, point: MatRef<'_, c64>, vector: MatMut<'_, c64>) {
        project_block(point, vector);
    }
}
