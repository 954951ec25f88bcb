//! Products, inner products and norms. The `_into` forms write into memory of the caller and
//! allocate nothing.

use crate::{Mat, MatMut, MatRef, c64, vector};
use faer::{Accum, Par, linalg::matmul::matmul, reborrow::ReborrowMut};

/// Whether a factor of [`gemm`] is taken as it is or conjugate transposed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// The matrix itself.
    Plain,
    /// Its conjugate transpose.
    Adjoint,
}

/// `dst <- alpha op(a) op(b)`, or `dst += ...` when `accumulate`. Allocates nothing.
///
/// # Panics
/// If the shapes do not fit.
pub fn gemm(
    dst: MatMut<'_, c64>,
    accumulate: bool,
    alpha: c64,
    a: MatRef<'_, c64>,
    op_a: Op,
    b: MatRef<'_, c64>,
    op_b: Op,
) {
    let beta = if accumulate {
        Accum::Add
    } else {
        Accum::Replace
    };
    match (op_a, op_b) {
        (Op::Plain, Op::Plain) => matmul(dst, beta, a, b, alpha, Par::Seq),
        (Op::Adjoint, Op::Plain) => matmul(dst, beta, a.adjoint(), b, alpha, Par::Seq),
        (Op::Plain, Op::Adjoint) => matmul(dst, beta, a, b.adjoint(), alpha, Par::Seq),
        (Op::Adjoint, Op::Adjoint) => {
            matmul(dst, beta, a.adjoint(), b.adjoint(), alpha, Par::Seq);
        }
    }
}

/// `A B`.
///
/// # Panics
/// If the shapes do not fit.
pub fn mul(a: MatRef<'_, c64>, b: MatRef<'_, c64>) -> Mat<c64> {
    let mut out = Mat::zeros(a.nrows(), b.ncols());
    gemm(out.as_mut(), false, c64::ONE, a, Op::Plain, b, Op::Plain);
    out
}

/// `A^H B`.
///
/// # Panics
/// If the shapes do not fit.
pub fn adjoint_mul(a: MatRef<'_, c64>, b: MatRef<'_, c64>) -> Mat<c64> {
    let mut out = Mat::zeros(a.ncols(), b.ncols());
    gemm(out.as_mut(), false, c64::ONE, a, Op::Adjoint, b, Op::Plain);
    out
}

/// `A B^H`.
///
/// # Panics
/// If the shapes do not fit.
pub fn mul_adjoint(a: MatRef<'_, c64>, b: MatRef<'_, c64>) -> Mat<c64> {
    let mut out = Mat::zeros(a.nrows(), b.nrows());
    gemm(out.as_mut(), false, c64::ONE, a, Op::Plain, b, Op::Adjoint);
    out
}

/// Real inner product `Re tr(A^H B) = Re sum conj(a_ij) b_ij`.
///
/// # Panics
/// If the shapes differ.
pub fn inner(a: MatRef<'_, c64>, b: MatRef<'_, c64>) -> f64 {
    assert_eq!(
        (a.nrows(), a.ncols()),
        (b.nrows(), b.ncols()),
        "shapes differ"
    );
    vector::inner_columns(a, b)
}

/// Squared Frobenius norm.
pub fn norm2(a: MatRef<'_, c64>) -> f64 {
    inner(a, a)
}

/// The largest power of two that is at most `top >= 0`; 1 where `top` is 0 or below the normal numbers.
/// Divided by it, data and the same data in another unit are the same bits.
pub fn binary_unit(top: f64) -> f64 {
    // Without the bits of its fraction a number is a power of two.
    let power = f64::from_bits(top.to_bits() & f64::INFINITY.to_bits());
    if power > 0.0 { power } else { 1.0 }
}

/// Frobenius norm.
pub fn norm(a: MatRef<'_, c64>) -> f64 {
    norm2(a).sqrt()
}

/// Largest modulus of an entry; 0 for an empty matrix.
pub fn norm_max(a: MatRef<'_, c64>) -> f64 {
    let mut top = 0.0_f64;
    for j in 0..a.ncols() {
        for i in 0..a.nrows() {
            top = top.max(a[(i, j)].norm());
        }
    }
    top
}

/// `a^H b` of two columns.
///
/// # Panics
/// If the lengths differ.
pub fn dot(a: faer::ColRef<'_, c64>, b: faer::ColRef<'_, c64>) -> c64 {
    assert_eq!(a.nrows(), b.nrows(), "lengths differ");
    let mut sum = c64::ZERO;
    for i in 0..a.nrows() {
        sum += a[i].conj() * b[i];
    }
    sum
}

/// Quadratic form `Re x^H A x` of column `x` and Hermitian `A`.
///
/// # Panics
/// If the shapes do not fit.
pub fn quadratic_form(a: MatRef<'_, c64>, x: faer::ColRef<'_, c64>) -> f64 {
    assert_eq!(
        (a.nrows(), a.ncols()),
        (x.nrows(), x.nrows()),
        "shapes do not fit"
    );
    let mut sum = 0.0;
    for j in 0..a.ncols() {
        let mut column = c64::ZERO;
        for i in 0..a.nrows() {
            column += x[i].conj() * a[(i, j)];
        }
        sum += (column * x[j]).re;
    }
    sum
}

/// `a <- a + t b`.
///
/// # Panics
/// If the shapes differ.
pub fn axpy(mut a: MatMut<'_, c64>, t: f64, b: MatRef<'_, c64>) {
    assert_eq!(
        (a.nrows(), a.ncols()),
        (b.nrows(), b.ncols()),
        "shapes differ"
    );
    for j in 0..b.ncols() {
        let target = a.rb_mut().col_mut(j).try_as_col_major_mut();
        match (target, vector::column(b, j)) {
            (Some(x), Some(y)) => {
                for (p, q) in x.as_slice_mut().iter_mut().zip(y) {
                    p.re += t * q.re;
                    p.im += t * q.im;
                }
            }
            _ => {
                for i in 0..b.nrows() {
                    a[(i, j)] += b[(i, j)] * t;
                }
            }
        }
    }
}

/// `a <- t a`.
pub fn scale(mut a: MatMut<'_, c64>, t: f64) {
    for j in 0..a.ncols() {
        if let Some(column) = a.rb_mut().col_mut(j).try_as_col_major_mut() {
            for z in column.as_slice_mut() {
                z.re *= t;
                z.im *= t;
            }
        } else {
            for i in 0..a.nrows() {
                a[(i, j)] *= t;
            }
        }
    }
}

/// `[A, B]`.
///
/// # Panics
/// If the row counts differ.
pub fn hcat(a: MatRef<'_, c64>, b: MatRef<'_, c64>) -> Mat<c64> {
    assert_eq!(a.nrows(), b.nrows(), "row counts differ");
    Mat::from_fn(a.nrows(), a.ncols() + b.ncols(), |i, j| {
        if j < a.ncols() {
            a[(i, j)]
        } else {
            b[(i, j - a.ncols())]
        }
    })
}

/// `A + t I` of a square matrix.
///
/// # Panics
/// If `A` is not square.
pub fn shifted(a: MatRef<'_, c64>, t: f64) -> Mat<c64> {
    assert_eq!(a.nrows(), a.ncols(), "not square");
    Mat::from_fn(a.nrows(), a.ncols(), |i, j| {
        if i == j { a[(i, j)] + t } else { a[(i, j)] }
    })
}
