//! Products of spheres of equal shape: rows, or groups of neighbouring columns, of given power.

use super::{Manifold, normalise_block, project_block};
use crate::Error;
use isac_linalg::{MatMut, MatRef, c64, validate};

/// All complex matrices whose blocks have given squared norms; a block is a row or a group of
/// neighbouring columns. Every formula is that of [`Sphere`](super::Sphere), block by block.
#[derive(Debug, Clone, PartialEq)]
pub struct Oblique {
    /// Columns in a block; `None` when the blocks are the rows.
    width: Option<usize>,
    powers: Vec<f64>,
    scale: f64,
}

impl Oblique {
    /// Row `i` has squared norm `powers[i]`.
    ///
    /// # Errors
    /// [`isac_linalg::Error`] if `powers` is empty or has an entry that is not finite and > 0.
    pub fn rows(powers: Vec<f64>) -> Result<Self, Error> {
        Self::new(None, powers)
    }

    /// Columns `g width .. (g + 1) width` together have squared norm `powers[g]`.
    ///
    /// # Errors
    /// [`isac_linalg::Error`] if `width` is 0, or `powers` is empty or has an entry that is not
    /// finite and > 0.
    pub fn column_groups(width: usize, powers: Vec<f64>) -> Result<Self, Error> {
        validate::positive("width", width as f64, "")?;
        Self::new(Some(width), powers)
    }

    fn new(width: Option<usize>, powers: Vec<f64>) -> Result<Self, Error> {
        if powers.is_empty() {
            return Err(isac_linalg::Error::shape("powers", "at least 1", "0").into());
        }
        for (i, &power) in powers.iter().enumerate() {
            validate::positive(&format!("powers[{i}]"), power, "")?;
        }
        let scale = powers.iter().sum::<f64>().sqrt();
        Ok(Self {
            width,
            powers,
            scale,
        })
    }

    /// The squared norms of the blocks.
    pub fn powers(&self) -> &[f64] {
        &self.powers
    }

    fn block<'a>(&self, a: MatRef<'a, c64>, i: usize) -> MatRef<'a, c64> {
        match self.width {
            None => a.subrows(i, 1),
            Some(width) => a.subcols(i * width, width),
        }
    }

    fn block_mut<'a>(&self, a: MatMut<'a, c64>, i: usize) -> MatMut<'a, c64> {
        match self.width {
            None => a.subrows_mut(i, 1),
            Some(width) => a.subcols_mut(i * width, width),
        }
    }
}

impl Manifold for Oblique {
    fn check_shape(&self, rows: usize, cols: usize) -> Result<(), Error> {
        let blocks = self.powers.len();
        let (fits, expected) = match self.width {
            None => (rows == blocks && cols > 0, format!("{blocks} x n")),
            Some(width) => (
                cols == blocks * width && rows > 0,
                format!("m x {}", blocks * width),
            ),
        };
        if fits {
            return Ok(());
        }
        Err(isac_linalg::Error::shape("point", expected, format!("{rows} x {cols}")).into())
    }

    fn scale(&self) -> f64 {
        self.scale
    }

    fn normalise(&self, mut point: MatMut<'_, c64>) -> usize {
        let mut zero = 0;
        for (i, &power) in self.powers.iter().enumerate() {
            let block = self.block_mut(point.as_mut(), i);
            zero += usize::from(normalise_block(block, power));
        }
        zero
    }

    fn project(&self, point: MatRef<'_, c64>, mut vector: MatMut<'_, c64>) {
        for i in 0..self.powers.len() {
            let block = self.block_mut(vector.as_mut(), i);
            project_block(self.block(point, i), block);
        }
    }
}
