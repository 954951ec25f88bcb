//! Factorisations of real matrices; the twins of those in [`factor`](crate::factor).

use crate::{Error, Mat, MatRef};

fn finite_scalar(x: f64) -> bool {
    x.is_finite()
}

fn real_part(x: f64) -> f64 {
    x
}

fn largest_part(x: f64) -> f64 {
    x.abs()
}

crate::factor::factorisations!(f64);

/// `A B`.
///
/// # Panics
/// If the shapes do not fit.
pub fn mul(a: MatRef<'_, f64>, b: MatRef<'_, f64>) -> Mat<f64> {
    let mut out = Mat::zeros(a.nrows(), b.ncols());
    faer::linalg::matmul::matmul(
        out.as_mut(),
        faer::Accum::Replace,
        a,
        b,
        1.0,
        faer::Par::Seq,
    );
    out
}
