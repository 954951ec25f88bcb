//! A matrix without gaps between its columns, so that long loops run over one slice.

use isac_linalg::{MatMut, MatRef, c64, vector};

/// Columns one after the other.
#[derive(Debug, Clone, Default)]
pub(super) struct Flat {
    entries: Vec<c64>,
    rows: usize,
    cols: usize,
}

impl Flat {
    /// Takes this shape, keeping the memory where the size is the same.
    pub(super) fn fit(&mut self, rows: usize, cols: usize) {
        self.entries.resize(rows * cols, c64::ZERO);
        (self.rows, self.cols) = (rows, cols);
    }

    pub(super) fn as_ref(&self) -> MatRef<'_, c64> {
        MatRef::from_column_major_slice(&self.entries, self.rows, self.cols)
    }

    pub(super) fn as_mut(&mut self) -> MatMut<'_, c64> {
        MatMut::from_column_major_slice_mut(&mut self.entries, self.rows, self.cols)
    }

    pub(super) fn copy_from(&mut self, other: &Self) {
        self.entries.copy_from_slice(&other.entries);
    }

    pub(super) fn inner(&self, other: &Self) -> f64 {
        vector::inner(&self.entries, &other.entries)
    }

    pub(super) fn norm2(&self) -> f64 {
        self.inner(self)
    }

    pub(super) fn norm(&self) -> f64 {
        self.norm2().sqrt()
    }

    /// `self <- self + t other`.
    pub(super) fn axpy(&mut self, t: f64, other: &Self) {
        vector::axpy(&mut self.entries, t, &other.entries);
    }

    pub(super) fn scale(&mut self, t: f64) {
        vector::scale(&mut self.entries, t);
    }

    /// `self <- -other`.
    pub(super) fn negate(&mut self, other: &Self) {
        self.copy_from(other);
        self.scale(-1.0);
    }
}
