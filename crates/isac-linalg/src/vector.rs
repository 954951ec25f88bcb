//! Long vectors as slices: the inner loops of the descent methods. Compiled for the vector units of
//! the machine they run on; results do not depend on their width, because the order of additions is
//! fixed.

use crate::{MatRef, c64};
/// The vector units of this machine.
pub use faer::traits::pulp::Arch;
use faer::traits::pulp::NullaryFnOnce;

/// Runs a body on the vector units; a closure would not be compiled for them.
macro_rules! dispatch {
    (|$($name:ident: $kind:ty),*| -> $out:ty $body:block) => {{
        struct Body<'a>($($kind,)* std::marker::PhantomData<&'a ()>);
        impl<'a> NullaryFnOnce for Body<'a> {
            type Output = $out;
            #[inline(always)]
            fn call(self) -> $out {
                let Self($($name,)* _) = self;
                $body
            }
        }
        Arch::new().dispatch(Body($($name,)* std::marker::PhantomData))
    }};
}

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
#[inline(always)]
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
    dispatch!(|x: &'a [c64], y: &'a [c64]| -> f64 {
        let mut sums = Sums::default();
        accumulate(&mut sums, x, y);
        total(sums)
    })
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
    dispatch!(|x: &'a mut [c64], t: f64, y: &'a [c64]| -> () {
        for (p, q) in x.iter_mut().zip(y) {
            p.re += t * q.re;
            p.im += t * q.im;
        }
    });
}

/// `x <- t x`.
pub fn scale(x: &mut [c64], t: f64) {
    dispatch!(|x: &'a mut [c64], t: f64| -> () {
        for p in x {
            p.re *= t;
            p.im *= t;
        }
    });
}

#[inline(always)]
fn real_sum(x: &[f64], y: &[f64]) -> f64 {
    let mut sums = Sums::default();
    let (x16, y16) = (x.chunks_exact(16), y.chunks_exact(16));
    let (x_rest, y_rest) = (x16.remainder(), y16.remainder());
    for (p, q) in x16.zip(y16) {
        for i in 0..16 {
            sums[i] += p[i] * q[i];
        }
    }
    for (i, (p, q)) in x_rest.iter().zip(y_rest).enumerate() {
        sums[i] += p * q;
    }
    total(sums)
}

/// `sum x_i y_i` of real vectors.
///
/// # Panics
/// If the lengths differ.
pub fn dot(x: &[f64], y: &[f64]) -> f64 {
    assert_eq!(x.len(), y.len(), "lengths differ");
    dispatch!(|x: &'a [f64], y: &'a [f64]| -> f64 { real_sum(x, y) })
}

/// The real product `out = A v` of a matrix stored row after row.
///
/// # Panics
/// If `rows` does not hold `out.len()` rows of the length of `v`.
pub fn mul_rows(rows: &[f64], v: &[f64], out: &mut [f64]) {
    assert_eq!(rows.len(), v.len() * out.len(), "lengths differ");
    if v.is_empty() {
        out.fill(0.0);
        return;
    }
    dispatch!(|rows: &'a [f64], v: &'a [f64], out: &'a mut [f64]| -> () {
        for (row, out) in rows.chunks_exact(v.len()).zip(out) {
            *out = real_sum(row, v);
        }
    });
}

/// [`real_sum`] of one vector with two others, each with the bits that it has alone.
#[inline(always)]
fn real_sums(x: &[f64], y: &[f64], z: &[f64]) -> [f64; 2] {
    let (mut first, mut second) = (Sums::default(), Sums::default());
    let (x16, y16, z16) = (x.chunks_exact(16), y.chunks_exact(16), z.chunks_exact(16));
    let x_rest = x16.remainder();
    let rests = y16.remainder().iter().zip(z16.remainder());
    for ((p, q), r) in x16.zip(y16).zip(z16) {
        for i in 0..16 {
            first[i] += p[i] * q[i];
            second[i] += p[i] * r[i];
        }
    }
    for (i, (p, (q, r))) in x_rest.iter().zip(rests).enumerate() {
        first[i] += p * q;
        second[i] += p * r;
    }
    [total(first), total(second)]
}

/// Vectors that stay close to the processor while all rows pass by.
const TOGETHER: usize = 8;

/// [`mul_rows`] of several vectors, stored one after the other as the products in `out` are, each product
/// with the bits that it has alone. Each row is read once for eight of them.
///
/// # Panics
/// If the lengths differ: `rows` holds `m n` numbers, `vectors` `k n` and `out` `k m`, for `n` numbers a vector.
pub fn mul_rows_each(rows: &[f64], n: usize, vectors: &[f64], out: &mut [f64]) {
    if n == 0 {
        assert!(rows.is_empty() && vectors.is_empty(), "lengths differ");
        out.fill(0.0);
        return;
    }
    let (m, k) = (rows.len() / n, vectors.len() / n);
    assert!(
        rows.len() == m * n && vectors.len() == k * n && out.len() == k * m,
        "lengths differ"
    );
    if m == 0 {
        return;
    }
    dispatch!(|rows: &'a [f64],
               n: usize,
               m: usize,
               vectors: &'a [f64],
               out: &'a mut [f64]|
     -> () {
        let groups = vectors.chunks(TOGETHER * n);
        for (vectors, out) in groups.zip(out.chunks_mut(TOGETHER * m)) {
            for (i, row) in rows.chunks_exact(n).enumerate() {
                let pairs = vectors.chunks(2 * n).zip(out.chunks_mut(2 * m));
                for (pair, out) in pairs {
                    let (y, z) = pair.split_at(n);
                    if z.is_empty() {
                        out[i] = real_sum(row, y);
                    } else {
                        [out[i], out[m + i]] = real_sums(row, y, z);
                    }
                }
            }
        }
    });
}

/// `x <- x + t y` for real vectors.
///
/// # Panics
/// If the lengths differ.
pub fn add(x: &mut [f64], t: f64, y: &[f64]) {
    assert_eq!(x.len(), y.len(), "lengths differ");
    dispatch!(|x: &'a mut [f64], t: f64, y: &'a [f64]| -> () {
        for (p, q) in x.iter_mut().zip(y) {
            *p += t * q;
        }
    });
}

/// `Re tr(A^H B)` column by column; the shapes are the same.
pub(crate) fn inner_columns(a: MatRef<'_, c64>, b: MatRef<'_, c64>) -> f64 {
    dispatch!(|a: MatRef<'a, c64>, b: MatRef<'a, c64>| -> f64 {
        let mut sums = Sums::default();
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
        total(sums)
    })
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
            let (a, b): (Vec<f64>, Vec<f64>) = (0..n).map(|i| (i as f64, 2.0)).unzip();
            let near = |x: f64, y: f64| (x - y).abs() < 1e-12;
            assert!(near(dot(&a, &b), 2.0 * expected));
            let mut out = [0.0; 2];
            mul_rows(&[&a[..], &b[..]].concat(), &b, &mut out);
            assert!(near(out[0], 2.0 * expected) && near(out[1], 4.0 * n as f64));
            let mut c = a.clone();
            add(&mut c, 0.5, &b);
            assert!((0..n).all(|i| near(c[i], a[i] + 1.0)));
        }
    }
}
