//! Arrays in and out. `isac._arrays` of the Python side decides what may be converted.

use isac_linalg::{Mat, MatRef, c64};
use numpy::{PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray2};
use pyo3::prelude::*;

/// A complex matrix from whatever `isac._arrays.matrix` takes; a plain list is one column.
pub(crate) fn matrix(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Mat<c64>> {
    let module = value.py().import("isac._arrays")?;
    let array = module.getattr("matrix")?.call1((name, value))?;
    let array: PyReadonlyArray2<'_, c64> = array.extract()?;
    let view = array.as_array();
    let (rows, cols) = view.dim();
    Ok(Mat::from_fn(rows, cols, |i, j| view[(i, j)]))
}

/// A matrix as a new array.
pub(crate) fn array<'py>(
    py: Python<'py>,
    matrix: MatRef<'_, c64>,
) -> PyResult<Bound<'py, PyArray2<c64>>> {
    let row = |i| (0..matrix.ncols()).map(move |j| matrix[(i, j)]);
    let flat = PyArray1::from_iter(py, (0..matrix.nrows()).flat_map(row));
    flat.reshape([matrix.nrows(), matrix.ncols()])
}
