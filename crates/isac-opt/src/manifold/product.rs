//! Two manifolds side by side.

use super::Manifold;
use crate::Error;
use isac_linalg::{MatMut, MatRef, c64};

/// Matrices `[A, B]` whose first `split` columns lie on one manifold and the others on another.
/// Longer products are products of products.
#[derive(Debug, Clone, PartialEq)]
pub struct Product<A, B> {
    left: A,
    right: B,
    split: usize,
}

impl<A: Manifold, B: Manifold> Product<A, B> {
    /// `left` holds columns `0..split`, `right` the others.
    pub fn new(left: A, split: usize, right: B) -> Self {
        Self { left, right, split }
    }

    /// The number of columns on the left manifold.
    pub fn split(&self) -> usize {
        self.split
    }
}

impl<A: Manifold, B: Manifold> Manifold for Product<A, B> {
    fn check_shape(&self, rows: usize, cols: usize) -> Result<(), Error> {
        if cols < self.split {
            let expected = format!("m x n with n >= {}", self.split);
            let got = format!("{rows} x {cols}");
            return Err(isac_linalg::Error::shape("point", expected, got).into());
        }
        self.left.check_shape(rows, self.split)?;
        self.right.check_shape(rows, cols - self.split)
    }

    fn scale(&self) -> f64 {
        self.left.scale().hypot(self.right.scale())
    }

    fn normalise(&self, point: MatMut<'_, c64>) -> usize {
        let (left, right) = point.split_at_col_mut(self.split);
        self.left.normalise(left) + self.right.normalise(right)
    }

    fn project(&self, point: MatRef<'_, c64>, vector: MatMut<'_, c64>) {
        let (point_left, point_right) = point.split_at_col(self.split);
        let (left, right) = vector.split_at_col_mut(self.split);
        self.left.project(point_left, left);
        self.right.project(point_right, right);
    }
}
