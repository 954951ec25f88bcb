//! Long vectors as slices: the inner loops of the descent methods. Compiled for the vector units of
//! the machine they run on; results do not depend on their width, because the order of additions is
//! fixed.

use crate::{MatRef, c64};
use faer::traits::pulp::Arch;

/// Running sums, real and imaginary parts apart, so that additions do not wait for each other.
type Sums = [f64; 16];

#[inline(always)]
fn accumulate(sums: &mut Sums, x: &[c64], y: &[c64]) {
    let (x8, y8) = (x.chunks_exact(8), y.chunks_exact(8));
    let (x_rest, y_rest) = (x8.remainder(), y8.remainder());
    for (p, q) in x8.zip(y8) {
        for i in 0..8 {
            sums[2 * i] += p[i].re * q[i].re;
            sums[2 * i + 1] += p[i].im * q[i].im;
        }
    }
    for (i, (p, q)) in x_rest.iter().zip(y_rest).enumerate() {
        sums[2 * i] += p.re * q.re;
        sums[2 * i + 1] += p.im * q.im;
    }
}

/// By halves: the order in which vector units add up.
fn total(mut sums: Sums) -> f64 {
    let mut width = sums.len() / 2;
    while width > 0 {
        for i in 0..width {
            sums[i] += sums[i + width];
        }
        width /= 2;
    }
    sums[0]
}

/// `Re sum conj(x_i) y_i`.
///
/// # Panics
/// If the lengths differ.
pub fn inner(x: &[c64], y: &[c64]) -> f64 {
    assert_eq!(x.len(), y.len(), "lengths differ");
    let mut sums = Sums::default();
    Arch::new().dispatch(|| accumulate(&mut sums, x, y));
    total(sums)
}

/// Euclidean norm.
pub fn norm(x: &[c64]) -> f64 {
    inner(x, x).sqrt()
}

/// `x <- x + t y`.
///
/// # Panics
/// If the lengths differ.
pub fn axpy(x: &mut [c64], t: f64, y: &[c64]) {
    assert_eq!(x.len(), y.len(), "lengths differ");
    Arch::new().dispatch(|| {
        for (p, q) in x.iter_mut().zip(y) {
            p.re += t * q.re;
            p.im += t * q.im;
        }
    });
}

/// `x <- t x`.
pub fn scale(x: &mut [c64], t: f64) {
    Arch::new().dispatch(|| {
        for p in x {
            p.re *= t;
            p.im *= t;
        }
    });
}

/// `Re tr(A^H B)` column by column; the shapes are the same.
pub(crate) fn inner_columns(a: MatRef<'_, c64>, b: MatRef<'_, c64>) -> f64 {
    let mut sums = Sums::default();
    Arch::new().dispatch(|| {
        for j in 0..a.ncols() {
            match (column(a, j), column(b, j)) {
                (Some(x), Some(y)) => accumulate(&mut sums, x, y),
                _ => {
                    for i in 0..a.nrows() {
                        let (p, q) = (a[(i, j)], b[(i, j)]);
                        sums[0] += p.re * q.re;
                        sums[1] += p.im * q.im;
                    }
                }
            }
        }
    });
    total(sums)
}

/// Column `j` as a slice where it is contiguous, which it is in every owned matrix.
#[inline(always)]
pub(crate) fn column(a: MatRef<'_, c64>, j: usize) -> Option<&[c64]> {
    Some(a.col(j).try_as_col_major()?.as_slice())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_every_length_equal_the_definition() {
        for n in 0..40 {
            let x: Vec<c64> = (0..n).map(|i| c64::new(i as f64, 1.0)).collect();
            let y: Vec<c64> = (0..n).map(|i| c64::new(2.0, -(i as f64))).collect();
            // sum of 2 i - i
            let expected = (0..n).map(|i| i as f64).sum::<f64>();
            assert!((inner(&x, &y) - expected).abs() < 1e-12);
            let mut z = x.clone();
            axpy(&mut z, 0.5, &y);
            scale(&mut z, 2.0);
            let right = (0..n).all(|i| z[i] == x[i] * 2.0 + y[i]);
            assert!(right);
        }
    }
}
