//! Products. Arguments in the order of the reference interface, scalars by value.

use core::ffi::c_int;
use faer::linalg::matmul::{matmul, triangular, triangular::BlockStructure};
use faer::{Accum, Mat, MatMut, MatRef, Par};

use crate::view::{Real, leads, matrix, matrix_mut, scale, size, vector, vector_mut};

fn is_op(letter: u8) -> bool {
    matches!(letter, b'N' | b'T' | b'C')
}

fn is_triangle(letter: u8) -> bool {
    matches!(letter, b'U' | b'L')
}

fn op<T>(a: MatRef<'_, T>, letter: u8) -> MatRef<'_, T> {
    if letter == b'N' { a } else { a.transpose() }
}

/// # Safety
/// Arrays valid for the sizes given.
pub(crate) unsafe fn gemm<T: Real>(
    transa: u8,
    transb: u8,
    m: c_int,
    n: c_int,
    k: c_int,
    alpha: T,
    a: *const T,
    lda: c_int,
    b: *const T,
    ldb: c_int,
    beta: T,
    c: *mut T,
    ldc: c_int,
) {
    let (rows_a, cols_a) = if transa == b'N' { (m, k) } else { (k, m) };
    let (rows_b, cols_b) = if transb == b'N' { (k, n) } else { (n, k) };
    let fits = leads(lda, rows_a) && leads(ldb, rows_b) && leads(ldc, m);
    if !(is_op(transa) && is_op(transb) && m > 0 && n > 0 && k >= 0 && fits) {
        return;
    }
    // SAFETY: sizes were checked; validity is the caller's contract.
    let mut c = unsafe { matrix_mut(c, m, n, ldc) };
    scale(c.as_mut(), beta, |_, _| true);
    if k == 0 || alpha == T::zero() {
        return;
    }
    // SAFETY: as above.
    let (a, b) = unsafe {
        (
            matrix(a, rows_a, cols_a, lda),
            matrix(b, rows_b, cols_b, ldb),
        )
    };
    matmul(c, Accum::Add, op(a, transa), op(b, transb), alpha, Par::Seq);
}

/// # Safety
/// Arrays valid for the sizes given.
pub(crate) unsafe fn gemv<T: Real>(
    trans: u8,
    m: c_int,
    n: c_int,
    alpha: T,
    a: *const T,
    lda: c_int,
    x: *const T,
    incx: c_int,
    beta: T,
    y: *mut T,
    incy: c_int,
) {
    if !(is_op(trans) && m > 0 && n > 0 && leads(lda, m) && incx != 0 && incy != 0) {
        return;
    }
    let (len_x, len_y) = if trans == b'N' { (n, m) } else { (m, n) };
    // SAFETY: sizes were checked; validity is the caller's contract.
    let (a, x, mut y) = unsafe {
        (
            matrix(a, m, n, lda),
            vector(x, len_x, incx),
            vector_mut(y, len_y, incy),
        )
    };
    scale(y.as_mut(), beta, |_, _| true);
    if alpha != T::zero() {
        matmul(y, Accum::Add, op(a, trans), x, alpha, Par::Seq);
    }
}

/// # Safety
/// Arrays valid for the sizes given.
pub(crate) unsafe fn symv<T: Real>(
    uplo: u8,
    n: c_int,
    alpha: T,
    a: *const T,
    lda: c_int,
    x: *const T,
    incx: c_int,
    beta: T,
    y: *mut T,
    incy: c_int,
) {
    if !(is_triangle(uplo) && n > 0 && leads(lda, n) && incx != 0 && incy != 0) {
        return;
    }
    // SAFETY: sizes were checked; validity is the caller's contract.
    let (a, x, mut y) = unsafe {
        (
            matrix(a, n, n, lda),
            vector(x, n, incx),
            vector_mut(y, n, incy),
        )
    };
    scale(y.as_mut(), beta, |_, _| true);
    if alpha == T::zero() {
        return;
    }
    let n = size(n);
    for j in 0..n {
        let others = if uplo == b'L' { j + 1..n } else { 0..j };
        let (left, mut sum) = (alpha * x[(j, 0)], a[(j, j)] * x[(j, 0)]);
        for i in others {
            y[(i, 0)] += left * a[(i, j)];
            sum += a[(i, j)] * x[(i, 0)];
        }
        y[(j, 0)] += alpha * sum;
    }
}

/// Adds `alpha L R` to one triangle.
fn update<T: Real>(c: MatMut<'_, T>, uplo: u8, alpha: T, l: MatRef<'_, T>, r: MatRef<'_, T>) {
    let structure = if uplo == b'L' {
        BlockStructure::TriangularLower
    } else {
        BlockStructure::TriangularUpper
    };
    let whole = BlockStructure::Rectangular;
    triangular::matmul(
        c,
        structure,
        Accum::Add,
        l,
        whole,
        r,
        whole,
        alpha,
        Par::Seq,
    );
}

fn in_triangle(uplo: u8) -> impl Fn(usize, usize) -> bool {
    move |i, j| if uplo == b'L' { i >= j } else { i <= j }
}

/// # Safety
/// Arrays valid for the sizes given.
pub(crate) unsafe fn syrk<T: Real>(
    uplo: u8,
    trans: u8,
    n: c_int,
    k: c_int,
    alpha: T,
    a: *const T,
    lda: c_int,
    beta: T,
    c: *mut T,
    ldc: c_int,
) {
    let (rows, cols) = if trans == b'N' { (n, k) } else { (k, n) };
    let fits = leads(lda, rows) && leads(ldc, n);
    if !(is_triangle(uplo) && is_op(trans) && n > 0 && k >= 0 && fits) {
        return;
    }
    // SAFETY: sizes were checked; validity is the caller's contract.
    let mut c = unsafe { matrix_mut(c, n, n, ldc) };
    scale(c.as_mut(), beta, in_triangle(uplo));
    if k == 0 || alpha == T::zero() {
        return;
    }
    // SAFETY: as above.
    let a = op(unsafe { matrix(a, rows, cols, lda) }, trans);
    update(c, uplo, alpha, a, a.transpose());
}

/// # Safety
/// Arrays valid for the sizes given.
pub(crate) unsafe fn syr2k<T: Real>(
    uplo: u8,
    trans: u8,
    n: c_int,
    k: c_int,
    alpha: T,
    a: *const T,
    lda: c_int,
    b: *const T,
    ldb: c_int,
    beta: T,
    c: *mut T,
    ldc: c_int,
) {
    let (rows, cols) = if trans == b'N' { (n, k) } else { (k, n) };
    let fits = leads(lda, rows) && leads(ldb, rows) && leads(ldc, n);
    if !(is_triangle(uplo) && is_op(trans) && n > 0 && k >= 0 && fits) {
        return;
    }
    // SAFETY: sizes were checked; validity is the caller's contract.
    let mut c = unsafe { matrix_mut(c, n, n, ldc) };
    scale(c.as_mut(), beta, in_triangle(uplo));
    if k == 0 || alpha == T::zero() {
        return;
    }
    // SAFETY: as above.
    let (a, b) = unsafe { (matrix(a, rows, cols, lda), matrix(b, rows, cols, ldb)) };
    let (a, b) = (op(a, trans), op(b, trans));
    update(c.as_mut(), uplo, alpha, a, b.transpose());
    update(c, uplo, alpha, b, a.transpose());
}

/// The full symmetric matrix of which one triangle is stored.
pub(crate) fn symmetric<T: Real>(a: MatRef<'_, T>, uplo: u8) -> Mat<T> {
    let stored = in_triangle(uplo);
    Mat::from_fn(a.nrows(), a.nrows(), |i, j| {
        if stored(i, j) { a[(i, j)] } else { a[(j, i)] }
    })
}
