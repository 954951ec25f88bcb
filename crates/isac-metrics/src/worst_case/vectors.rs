//! Short complex vectors.

use isac_linalg::{Mat, c64};

/// `a^H b`.
#[inline]
pub(crate) fn dot(a: &[c64], b: &[c64]) -> c64 {
    a.iter().zip(b).map(|(a, b)| a.conj() * b).sum()
}

#[inline]
pub(crate) fn norm2(a: &[c64]) -> f64 {
    a.iter().map(|a| a.norm_sqr()).sum()
}

#[inline]
pub(crate) fn norm(a: &[c64]) -> f64 {
    norm2(a).sqrt()
}

#[inline]
pub(super) fn subtract(a: &mut [c64], t: c64, b: &[c64]) {
    for (a, b) in a.iter_mut().zip(b) {
        *a -= t * b;
    }
}

pub(super) fn times(a: &Mat<c64>, v: &[c64]) -> Vec<c64> {
    (0..a.nrows())
        .map(|i| v.iter().enumerate().map(|(j, x)| a[(i, j)] * x).sum())
        .collect()
}

/// The unit vector and the length; a vector lost to rounding becomes 0 of length 0.
pub(super) fn unit(mut v: Vec<c64>) -> (Vec<c64>, f64) {
    let length = norm(&v);
    if length < f64::MIN_POSITIVE.sqrt() {
        v.fill(c64::ZERO);
        return (v, 0.0);
    }
    for x in &mut v {
        *x /= length;
    }
    (v, length)
}

/// [`unit`] of what is left of a vector of length `size` beside others. Rounding has a direction that is
/// not orthogonal to them: it becomes 0 of length 0.
pub(super) fn rest_unit(mut rest: Vec<c64>, size: f64) -> (Vec<c64>, f64) {
    if norm(&rest) <= 16.0 * f64::EPSILON * size {
        rest.fill(c64::ZERO);
    }
    unit(rest)
}
