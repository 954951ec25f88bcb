//! Recomputed values.

use isac_linalg::{Mat, c64};

use crate::document::Array;

/// A recomputed value. Made by `From` of `f64`, `bool`, lists, vectors and matrices.
#[derive(Debug, Clone, PartialEq)]
pub enum Got {
    /// A boolean.
    Bool(bool),
    /// Real numbers.
    Real(Array<f64>),
    /// Complex numbers.
    Complex(Array<c64>),
    /// Could not be recomputed, and why: counts as a failure.
    Missing(String),
}

impl From<f64> for Got {
    fn from(value: f64) -> Self {
        Self::Real(Array {
            shape: Vec::new(),
            data: vec![value],
        })
    }
}
impl From<bool> for Got {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}
impl From<&[f64]> for Got {
    fn from(values: &[f64]) -> Self {
        Self::Real(Array {
            shape: vec![values.len()],
            data: values.to_vec(),
        })
    }
}
impl From<Vec<f64>> for Got {
    fn from(values: Vec<f64>) -> Self {
        values.as_slice().into()
    }
}
impl From<&Mat<f64>> for Got {
    fn from(a: &Mat<f64>) -> Self {
        Self::Real(row_major(a.nrows(), a.ncols(), |i, j| a[(i, j)]))
    }
}
impl From<&Mat<c64>> for Got {
    fn from(a: &Mat<c64>) -> Self {
        Self::Complex(row_major(a.nrows(), a.ncols(), |i, j| a[(i, j)]))
    }
}
impl From<&[c64]> for Got {
    fn from(values: &[c64]) -> Self {
        Self::Complex(Array {
            shape: vec![values.len()],
            data: values.to_vec(),
        })
    }
}
impl From<Array<f64>> for Got {
    fn from(array: Array<f64>) -> Self {
        Self::Real(array)
    }
}
impl From<Array<c64>> for Got {
    fn from(array: Array<c64>) -> Self {
        Self::Complex(array)
    }
}
impl From<&[Mat<c64>]> for Got {
    fn from(matrices: &[Mat<c64>]) -> Self {
        let (rows, cols) = matrices.first().map_or((0, 0), |m| (m.nrows(), m.ncols()));
        let data = matrices
            .iter()
            .flat_map(|m| row_major(m.nrows(), m.ncols(), |i, j| m[(i, j)]).data);
        Self::Complex(Array {
            shape: vec![matrices.len(), rows, cols],
            data: data.collect(),
        })
    }
}
impl From<&[Mat<f64>]> for Got {
    fn from(matrices: &[Mat<f64>]) -> Self {
        let (rows, cols) = matrices.first().map_or((0, 0), |m| (m.nrows(), m.ncols()));
        let data = matrices
            .iter()
            .flat_map(|m| row_major(m.nrows(), m.ncols(), |i, j| m[(i, j)]).data);
        Self::Real(Array {
            shape: vec![matrices.len(), rows, cols],
            data: data.collect(),
        })
    }
}

fn row_major<T>(rows: usize, cols: usize, at: impl Fn(usize, usize) -> T) -> Array<T> {
    Array {
        shape: vec![rows, cols],
        data: (0..rows * cols).map(|f| at(f / cols, f % cols)).collect(),
    }
}
