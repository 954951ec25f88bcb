//! Helpers for Hermitian matrices.

use crate::{Error, Mat, MatRef, c64, factor, ops};

/// Hermitian part `(A + A^H)/2`.
///
/// # Panics
/// If `A` is not square.
pub fn hermitian_part(a: MatRef<'_, c64>) -> Mat<c64> {
    assert_eq!(a.nrows(), a.ncols(), "not square");
    Mat::from_fn(a.nrows(), a.ncols(), |i, j| {
        (a[(i, j)] + a[(j, i)].conj()) * 0.5
    })
}

/// Checks that a matrix is square, finite and Hermitian to `1e-12` relative to its largest entry.
///
/// # Errors
/// [`Error::Shape`], [`Error::NonFinite`] or [`Error::NotHermitian`], naming `what`.
pub fn check_hermitian(what: &str, a: MatRef<'_, c64>) -> Result<(), Error> {
    crate::validate::shape(what, a, a.nrows(), a.nrows())?;
    crate::validate::finite(what, a)?;
    let top = ops::norm_max(a);
    let mut deviation = 0.0_f64;
    for j in 0..a.ncols() {
        for i in 0..=j {
            deviation = deviation.max((a[(i, j)] - a[(j, i)].conj()).norm());
        }
    }
    if deviation <= 1e-12 * top {
        return Ok(());
    }
    Err(Error::NotHermitian {
        what: what.into(),
        deviation: deviation / top,
    })
}

/// Nearest positive semidefinite matrix in Frobenius norm: negative eigenvalues become 0.
///
/// # Errors
/// [`Error::NoConvergence`].
pub fn project_psd(a: MatRef<'_, c64>) -> Result<Mat<c64>, Error> {
    let half = sqrt_factor(a)?;
    Ok(ops::mul_adjoint(half.as_ref(), half.as_ref()))
}

/// `V diag(sqrt(max(l, 0)))`, a square root factor `F` with `F F^H = A` for PSD `A`; columns in
/// ascending order of the eigenvalues.
///
/// # Errors
/// [`Error::NoConvergence`].
pub fn sqrt_factor(a: MatRef<'_, c64>) -> Result<Mat<c64>, Error> {
    let eigen = factor::eigh(a)?;
    let mut out = eigen.vectors;
    for (j, &value) in eigen.values.iter().enumerate() {
        ops::scale(out.as_mut().subcols_mut(j, 1), value.max(0.0).sqrt());
    }
    Ok(out)
}

/// Number of eigenvalues above `relative_cut` times the largest modulus.
///
/// # Errors
/// [`Error::NoConvergence`].
pub fn rank(a: MatRef<'_, c64>, relative_cut: f64) -> Result<usize, Error> {
    let values = factor::eigvalsh(a)?;
    let top = values.iter().fold(0.0_f64, |top, v| top.max(v.abs()));
    Ok(values
        .iter()
        .filter(|v| v.abs() > relative_cut * top)
        .count())
}
