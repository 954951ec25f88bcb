//! Products of matrices and vectors.

use crate::support::{Draw, assert_close, at, in_triangle, int, letter, spoil, stored};
use isac_blas_shim::*;

#[test]
fn gemm_all_letters_and_scalars() {
    let mut draw = Draw(1);
    for (m, n, k) in [(1, 1, 1), (3, 4, 5), (7, 2, 0), (20, 17, 19)] {
        for ta in ['N', 'T', 'C', 'n', 't'] {
            for tb in ['N', 'T'] {
                for (alpha, beta) in [(1.0, 0.0), (-0.5, 1.0), (2.0, 0.3), (0.0, 0.5)] {
                    let (ra, ca) = if ta.eq_ignore_ascii_case(&'n') {
                        (m, k)
                    } else {
                        (k, m)
                    };
                    let (rb, cb) = if tb == 'N' { (k, n) } else { (n, k) };
                    let (lda, ldb, ldc) = (ra.max(1) + 2, rb.max(1) + 1, m + 3);
                    let (a, b) = (draw.matrix(ra, ca, lda), draw.matrix(rb, cb, ldb));
                    let mut c = draw.matrix(m, n, ldc);
                    if beta == 0.0 {
                        c[0] = f64::NAN;
                    }
                    let mut expected = c.clone();
                    for j in 0..n {
                        for i in 0..m {
                            let sum: f64 = (0..k)
                                .map(|l| at(&a, lda, ta, i, l) * at(&b, ldb, tb, l, j))
                                .sum();
                            let old = if beta == 0.0 {
                                0.0
                            } else {
                                beta * c[j * ldc + i]
                            };
                            expected[j * ldc + i] = alpha * sum + old;
                        }
                    }
                    // SAFETY: sizes are those of the arrays.
                    unsafe {
                        dgemm_(
                            &letter(ta),
                            &letter(tb),
                            &int(m),
                            &int(n),
                            &int(k),
                            &alpha,
                            a.as_ptr(),
                            &int(lda),
                            b.as_ptr(),
                            &int(ldb),
                            &beta,
                            c.as_mut_ptr(),
                            &int(ldc),
                        );
                    }
                    assert_close(&c, &expected, "gemm");
                }
            }
        }
    }
}

/// Position of entry `i` of a vector of `n` with increment `inc`.
fn place(i: usize, n: usize, inc: i32) -> usize {
    let step = inc.unsigned_abs() as usize;
    if inc > 0 {
        i * step
    } else {
        (n - 1 - i) * step
    }
}

#[test]
fn gemv_and_symv_all_increments() {
    let mut draw = Draw(2);
    for (m, n) in [(1, 1), (4, 6), (9, 5)] {
        for (incx, incy) in [(1, 1), (2, -3), (-1, 2), (-2, -2)] {
            for (alpha, beta) in [(1.5, 0.0), (-0.5, 0.7)] {
                let lda = m.max(n) + 1;
                for trans in ['N', 'T', 'C'] {
                    let a = draw.matrix(m, n, lda);
                    let (lx, ly) = if trans == 'N' { (n, m) } else { (m, n) };
                    let (x, mut y) = (draw.list(3 * lx), draw.list(3 * ly));
                    let mut expected = y.clone();
                    for i in 0..ly {
                        let sum: f64 = (0..lx)
                            .map(|j| at(&a, lda, trans, i, j) * x[place(j, lx, incx)])
                            .sum();
                        let entry = &mut expected[place(i, ly, incy)];
                        *entry = alpha * sum + beta * *entry;
                    }
                    // SAFETY: sizes are those of the arrays.
                    unsafe {
                        dgemv_(
                            &letter(trans),
                            &int(m),
                            &int(n),
                            &alpha,
                            a.as_ptr(),
                            &int(lda),
                            x.as_ptr(),
                            &incx,
                            &beta,
                            y.as_mut_ptr(),
                            &incy,
                        );
                    }
                    assert_close(&y, &expected, "gemv");
                }
                for uplo in ['U', 'L'] {
                    let mut a = draw.matrix(n, n, lda);
                    spoil(&mut a, n, lda, uplo);
                    let (x, mut y) = (draw.list(3 * n), draw.list(3 * n));
                    let mut expected = y.clone();
                    for i in 0..n {
                        let sum: f64 = (0..n)
                            .map(|j| stored(&a, lda, uplo, i, j) * x[place(j, n, incx)])
                            .sum();
                        let entry = &mut expected[place(i, n, incy)];
                        *entry = alpha * sum + beta * *entry;
                    }
                    // SAFETY: sizes are those of the arrays.
                    unsafe {
                        dsymv_(
                            &letter(uplo),
                            &int(n),
                            &alpha,
                            a.as_ptr(),
                            &int(lda),
                            x.as_ptr(),
                            &incx,
                            &beta,
                            y.as_mut_ptr(),
                            &incy,
                        );
                    }
                    assert_close(&y, &expected, "symv");
                }
            }
        }
    }
}

#[test]
fn syrk_and_syr2k_touch_one_triangle() {
    let mut draw = Draw(3);
    for (n, k) in [(1, 1), (4, 3), (13, 18), (5, 0)] {
        for uplo in ['U', 'L'] {
            for trans in ['N', 'T', 'C'] {
                for (alpha, beta) in [(1.0, 0.0), (-0.5, 1.0), (0.3, -2.0)] {
                    let (rows, cols) = if trans == 'N' { (n, k) } else { (k, n) };
                    let (ld, ldc) = (rows.max(1) + 1, n + 2);
                    let (a, b) = (draw.matrix(rows, cols, ld), draw.matrix(rows, cols, ld));
                    let mut c = draw.matrix(n, n, ldc);
                    spoil(&mut c, n, ldc, uplo);
                    let mut d = c.clone();
                    let (mut one, mut two) = (c.clone(), c.clone());
                    for j in 0..n {
                        for i in 0..n {
                            if !in_triangle(uplo, i, j) {
                                continue;
                            }
                            let product = |x: &[f64], y: &[f64]| -> f64 {
                                (0..k)
                                    .map(|l| at(x, ld, trans, i, l) * at(y, ld, trans, j, l))
                                    .sum()
                            };
                            let old = beta * c[j * ldc + i];
                            one[j * ldc + i] = alpha * product(&a, &a) + old;
                            two[j * ldc + i] = alpha * (product(&a, &b) + product(&b, &a)) + old;
                        }
                    }
                    // SAFETY: sizes are those of the arrays.
                    unsafe {
                        dsyrk_(
                            &letter(uplo),
                            &letter(trans),
                            &int(n),
                            &int(k),
                            &alpha,
                            a.as_ptr(),
                            &int(ld),
                            &beta,
                            c.as_mut_ptr(),
                            &int(ldc),
                        );
                        dsyr2k_(
                            &letter(uplo),
                            &letter(trans),
                            &int(n),
                            &int(k),
                            &alpha,
                            a.as_ptr(),
                            &int(ld),
                            b.as_ptr(),
                            &int(ld),
                            &beta,
                            d.as_mut_ptr(),
                            &int(ldc),
                        );
                    }
                    assert_close(&c, &one, "syrk");
                    assert_close(&d, &two, "syr2k");
                }
            }
        }
    }
}
