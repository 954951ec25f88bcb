//! Every symbol against plain loops, for every letter, padded leading dimensions, increments of
//! either sign, and the guarantee that nothing outside the stated triangle changes.

use isac_blas_shim::*;
use std::ffi::{c_char, c_int};

const MARK: f64 = 77.0;

/// Reproducible numbers in (-1, 1).
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (self.0 >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }

    fn list(&mut self, n: usize) -> Vec<f64> {
        (0..n).map(|_| self.next()).collect()
    }

    /// Column-major with leading dimension `ld`; padding holds a mark.
    fn matrix(&mut self, rows: usize, cols: usize, ld: usize) -> Vec<f64> {
        let mut a = vec![MARK; ld * cols];
        for j in 0..cols {
            for i in 0..rows {
                a[j * ld + i] = self.next();
            }
        }
        a
    }
}

fn letter(l: char) -> c_char {
    l as c_char
}

fn int(n: usize) -> c_int {
    n as c_int
}

fn at(a: &[f64], ld: usize, op: char, i: usize, j: usize) -> f64 {
    if op.eq_ignore_ascii_case(&'n') {
        a[j * ld + i]
    } else {
        a[i * ld + j]
    }
}

fn assert_close(got: &[f64], expected: &[f64], what: &str) {
    for (k, (g, e)) in got.iter().zip(expected).enumerate() {
        assert!(
            (g - e).abs() < 1e-12,
            "{what}: entry {k} is {g}, expected {e}"
        );
    }
}

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

fn in_triangle(uplo: char, i: usize, j: usize) -> bool {
    if uplo == 'L' { i >= j } else { i <= j }
}

/// Entry of the symmetric matrix whose triangle is stored.
fn stored(a: &[f64], ld: usize, uplo: char, i: usize, j: usize) -> f64 {
    if in_triangle(uplo, i, j) {
        a[j * ld + i]
    } else {
        a[i * ld + j]
    }
}

/// Puts a mark on the triangle that must not be referenced.
fn spoil(a: &mut [f64], n: usize, ld: usize, uplo: char) {
    for j in 0..n {
        for i in 0..n {
            if !in_triangle(uplo, i, j) {
                a[j * ld + i] = MARK;
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

/// `A A^T + I` in one triangle, a mark in the other.
fn positive(draw: &mut Draw, n: usize, ld: usize, uplo: char) -> Vec<f64> {
    let f = draw.matrix(n, n, n);
    let mut a = vec![MARK; ld * n];
    for j in 0..n {
        for i in 0..n {
            let sum: f64 = (0..n).map(|l| f[l * n + i] * f[l * n + j]).sum();
            a[j * ld + i] = sum + f64::from(u8::from(i == j));
        }
    }
    spoil(&mut a, n, ld, uplo);
    a
}

#[test]
fn cholesky_factors_one_triangle_and_solves() {
    let mut draw = Draw(4);
    for n in [1, 2, 5, 16, 33] {
        for uplo in ['U', 'L'] {
            let (ld, nrhs, ldb) = (n + 2, 3, n + 1);
            let a = positive(&mut draw, n, ld, uplo);
            let (mut f, mut info) = (a.clone(), 99);
            // SAFETY: sizes are those of the arrays.
            unsafe { dpotrf_(&letter(uplo), &int(n), f.as_mut_ptr(), &int(ld), &mut info) };
            assert_eq!(info, 0);
            let lower = |i: usize, j: usize| match (uplo, i >= j) {
                (_, false) => 0.0,
                ('L', _) => f[j * ld + i],
                _ => f[i * ld + j],
            };
            for j in 0..n {
                for i in 0..n {
                    let product: f64 = (0..n).map(|l| lower(i, l) * lower(j, l)).sum();
                    assert!((product - stored(&a, ld, uplo, i, j)).abs() < 1e-11);
                    if !in_triangle(uplo, i, j) {
                        assert_eq!(f[j * ld + i].to_bits(), MARK.to_bits(), "other triangle");
                    }
                }
            }
            let x = draw.matrix(n, nrhs, ldb);
            let mut b = x.clone();
            for r in 0..nrhs {
                for i in 0..n {
                    b[r * ldb + i] = (0..n)
                        .map(|j| stored(&a, ld, uplo, i, j) * x[r * ldb + j])
                        .sum();
                }
            }
            // SAFETY: sizes are those of the arrays.
            unsafe {
                dpotrs_(
                    &letter(uplo),
                    &int(n),
                    &int(nrhs),
                    f.as_ptr(),
                    &int(ld),
                    b.as_mut_ptr(),
                    &int(ldb),
                    &mut info,
                );
            }
            assert!(info == 0 && b.iter().zip(&x).all(|(b, x)| (b - x).abs() < 1e-9));
        }
    }
}

#[test]
fn cholesky_names_the_bad_pivot() {
    // diag(1, 1, -1) and a NaN.
    for (entry, expected) in [(-1.0, 3), (0.0, 3), (f64::NAN, 3)] {
        let mut a = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, entry];
        let mut info = 0;
        // SAFETY: sizes are those of the arrays.
        unsafe { dpotrf_(&letter('L'), &3, a.as_mut_ptr(), &3, &mut info) };
        assert_eq!(info, expected, "pivot {entry}");
    }
    let (mut a, mut info) = ([1.0], 0);
    // SAFETY: nothing is touched for a bad letter, size or leading dimension.
    unsafe {
        dpotrf_(&letter('X'), &1, a.as_mut_ptr(), &1, &mut info);
        assert_eq!(info, -1);
        dpotrf_(&letter('U'), &-1, a.as_mut_ptr(), &1, &mut info);
        assert_eq!(info, -2);
        dpotrf_(&letter('U'), &2, a.as_mut_ptr(), &1, &mut info);
        assert_eq!(info, -4);
    }
}

#[test]
fn lu_solves_with_pivots() {
    let mut draw = Draw(5);
    for n in [1, 3, 8, 25] {
        let (ld, ldb, nrhs) = (n + 1, n + 2, 2);
        let mut a = draw.matrix(n, n, ld);
        a[0] = 0.0;
        if n == 1 {
            a[0] = 2.0;
        }
        let x = draw.matrix(n, nrhs, ldb);
        let mut b = x.clone();
        for r in 0..nrhs {
            for i in 0..n {
                b[r * ldb + i] = (0..n).map(|j| a[j * ld + i] * x[r * ldb + j]).sum();
            }
        }
        let (mut lu, mut pivots, mut info) = (a.clone(), vec![0; n], 9);
        // SAFETY: sizes are those of the arrays.
        unsafe {
            dgesv_(
                &int(n),
                &int(nrhs),
                lu.as_mut_ptr(),
                &int(ld),
                pivots.as_mut_ptr(),
                b.as_mut_ptr(),
                &int(ldb),
                &mut info,
            );
        }
        assert!(info == 0 && b.iter().zip(&x).all(|(b, x)| (b - x).abs() < 1e-9));
        assert!(n == 1 || pivots[0] > 1, "a zero in the corner needs a swap");
    }
    let (mut a, mut b, mut pivots, mut info) = ([1.0, 2.0, 2.0, 4.0], [1.0, 1.0], [0, 0], 0);
    // SAFETY: sizes are those of the arrays.
    unsafe {
        dgesv_(
            &2,
            &1,
            a.as_mut_ptr(),
            &2,
            pivots.as_mut_ptr(),
            b.as_mut_ptr(),
            &2,
            &mut info,
        );
    }
    assert_eq!(info, 2, "second pivot is zero");
}

struct Eigen {
    info: c_int,
    count: usize,
    values: Vec<f64>,
    vectors: Vec<f64>,
}

fn syevr(
    job: char,
    range: char,
    uplo: char,
    a: &[f64],
    n: usize,
    ld: usize,
    v: (f64, f64),
    i: (c_int, c_int),
) -> Eigen {
    let (mut info, mut m) = (9, 9);
    let (mut a, mut w, mut z) = (a.to_vec(), vec![MARK; n], vec![MARK; (n + 1) * n]);
    let (mut support, mut work, mut iwork) =
        (vec![0; 2 * n], vec![0.0; 26 * n + 1], vec![0; 10 * n + 1]);
    // SAFETY: sizes are those of the arrays.
    unsafe {
        dsyevr_(
            &letter(job),
            &letter(range),
            &letter(uplo),
            &int(n),
            a.as_mut_ptr(),
            &int(ld),
            &v.0,
            &v.1,
            &i.0,
            &i.1,
            &0.0,
            &mut m,
            w.as_mut_ptr(),
            z.as_mut_ptr(),
            &int(n + 1),
            support.as_mut_ptr(),
            work.as_mut_ptr(),
            &int(26 * n),
            iwork.as_mut_ptr(),
            &int(10 * n),
            &mut info,
        );
    }
    Eigen {
        info,
        count: m as usize,
        values: w,
        vectors: z,
    }
}

#[test]
fn symmetric_eigenproblem_with_ranges() {
    let mut draw = Draw(6);
    for n in [1, 2, 6, 20] {
        let ld = n + 3;
        for uplo in ['U', 'L'] {
            let mut a = draw.matrix(n, n, ld);
            spoil(&mut a, n, ld, uplo);
            let all = syevr('V', 'A', uplo, &a, n, ld, (0.0, 0.0), (0, 0));
            assert_eq!((all.info, all.count), (0, n));
            assert!(all.values.windows(2).all(|w| w[0] <= w[1]));
            for k in 0..n {
                let z = &all.vectors[k * (n + 1)..k * (n + 1) + n];
                assert!((z.iter().map(|z| z * z).sum::<f64>() - 1.0).abs() < 1e-12);
                for i in 0..n {
                    let az: f64 = (0..n).map(|j| stored(&a, ld, uplo, i, j) * z[j]).sum();
                    assert!((az - all.values[k] * z[i]).abs() < 1e-12);
                }
            }
            let only = syevr('N', 'A', uplo, &a, n, ld, (0.0, 0.0), (0, 0));
            assert_close(&only.values, &all.values, "values only");
            assert!(only.vectors.iter().all(|&z| z.to_bits() == MARK.to_bits()));
            if n > 2 {
                let some = syevr('V', 'I', uplo, &a, n, ld, (0.0, 0.0), (2, 3));
                assert_eq!(some.count, 2);
                assert_close(&some.values[..2], &all.values[1..3], "by index");
                let (low, high) = (all.values[0], all.values[1] + 1e-9);
                let some = syevr('V', 'V', uplo, &a, n, ld, (low + 1e-9, high), (0, 0));
                assert_eq!(some.count, 1);
                assert_close(&some.values[..1], &all.values[1..2], "by value");
            }
        }
    }
    assert_eq!(
        syevr('V', 'I', 'U', &[1.0], 1, 1, (0.0, 0.0), (0, 1)).info,
        -9
    );
    assert_eq!(
        syevr('V', 'V', 'U', &[1.0], 1, 1, (1.0, 1.0), (0, 0)).info,
        -8
    );
    assert_eq!(
        syevr('V', 'A', 'U', &[f64::NAN], 1, 1, (0.0, 0.0), (0, 0)).info,
        1
    );
}

struct Svd {
    info: c_int,
    a: Vec<f64>,
    s: Vec<f64>,
    u: Vec<f64>,
    vt: Vec<f64>,
}

/// `gesdd` for equal letters that it knows, `gesvd` otherwise; `U` has leading dimension `m + 1`,
/// `VT` has `n + 2`.
fn svd(dd: bool, jobs: (char, char), a: &[f64], m: usize, n: usize, lda: usize) -> Svd {
    let (mut a, mut s) = (a.to_vec(), vec![MARK; m.min(n)]);
    let (mut u, mut vt) = (vec![MARK; (m + 1) * m], vec![MARK; (n + 2) * n]);
    let (mut work, mut iwork, mut info) = (vec![0.0; 8], vec![0; 8 * m.min(n)], 9);
    // SAFETY: sizes are those of the arrays; the workspace is never used.
    unsafe {
        if dd {
            dgesdd_(
                &letter(jobs.0),
                &int(m),
                &int(n),
                a.as_mut_ptr(),
                &int(lda),
                s.as_mut_ptr(),
                u.as_mut_ptr(),
                &int(m + 1),
                vt.as_mut_ptr(),
                &int(n + 2),
                work.as_mut_ptr(),
                &8,
                iwork.as_mut_ptr(),
                &mut info,
            );
        } else {
            dgesvd_(
                &letter(jobs.0),
                &letter(jobs.1),
                &int(m),
                &int(n),
                a.as_mut_ptr(),
                &int(lda),
                s.as_mut_ptr(),
                u.as_mut_ptr(),
                &int(m + 1),
                vt.as_mut_ptr(),
                &int(n + 2),
                work.as_mut_ptr(),
                &8,
                &mut info,
            );
        }
    }
    Svd { info, a, s, u, vt }
}

#[test]
fn singular_values_for_every_job() {
    let mut draw = Draw(7);
    for (m, n) in [(1, 1), (5, 5), (7, 3), (3, 7), (20, 12)] {
        let (lda, k) = (m + 2, m.min(n));
        let a = draw.matrix(m, n, lda);
        let only = svd(true, ('N', 'N'), &a, m, n, lda);
        assert!(only.info == 0 && only.s.windows(2).all(|w| w[0] >= w[1]));
        for dd in [true, false] {
            for jobs in [
                ('A', 'A'),
                ('S', 'S'),
                ('O', 'S'),
                ('S', 'O'),
                ('N', 'S'),
                ('A', 'N'),
            ] {
                if dd && jobs.0 != jobs.1 && jobs.0 != 'O' {
                    continue;
                }
                let r = svd(dd, jobs, &a, m, n, lda);
                assert_eq!(r.info, 0);
                assert_close(&r.s, &only.s, "singular values");
                if jobs.0 == 'N' || jobs.1 == 'N' {
                    continue;
                }
                // gesdd writes U over A for m >= n and VT over A otherwise.
                let (over_u, over_vt) = match (dd, jobs.0, jobs.1) {
                    (true, 'O', _) => (m >= n, m < n),
                    (_, p, q) => (p == 'O', q == 'O'),
                };
                let u = |i: usize, l: usize| {
                    if over_u {
                        r.a[l * lda + i]
                    } else {
                        r.u[l * (m + 1) + i]
                    }
                };
                let vt = |l: usize, j: usize| {
                    if over_vt {
                        r.a[j * lda + l]
                    } else {
                        r.vt[j * (n + 2) + l]
                    }
                };
                for j in 0..n {
                    for i in 0..m {
                        let sum: f64 = (0..k).map(|l| u(i, l) * r.s[l] * vt(l, j)).sum();
                        assert!((sum - a[j * lda + i]).abs() < 1e-12, "{jobs:?} {m} x {n}");
                    }
                }
                if jobs == ('A', 'A') {
                    for p in 0..m {
                        for q in 0..m {
                            let dot: f64 = (0..m).map(|i| u(i, p) * u(i, q)).sum();
                            assert!((dot - f64::from(u8::from(p == q))).abs() < 1e-12);
                        }
                    }
                }
            }
        }
    }
    assert_eq!(svd(true, ('X', 'X'), &[1.0], 1, 1, 1).info, -1);
    assert_eq!(svd(false, ('O', 'O'), &[1.0], 1, 1, 1).info, -2);
    assert!(svd(true, ('S', 'S'), &[f64::NAN], 1, 1, 1).info > 0);
}

#[test]
fn workspace_queries_and_empty_problems() {
    let (mut info, mut work, mut iwork, mut m) = (9, [0.0], [0], 9);
    let (mut a, mut w) = ([1.0], [MARK]);
    // SAFETY: nothing but the workspace is written by a query.
    unsafe {
        dsyevr_(
            &letter('N'),
            &letter('A'),
            &letter('U'),
            &1,
            a.as_mut_ptr(),
            &1,
            &0.0,
            &0.0,
            &0,
            &0,
            &0.0,
            &mut m,
            w.as_mut_ptr(),
            std::ptr::null_mut(),
            &1,
            std::ptr::null_mut(),
            work.as_mut_ptr(),
            &-1,
            iwork.as_mut_ptr(),
            &-1,
            &mut info,
        );
    }
    assert!(info == 0 && work[0] >= 1.0 && iwork[0] >= 1 && w[0].to_bits() == MARK.to_bits());
    work[0] = 0.0;
    // SAFETY: as above.
    unsafe {
        dgesdd_(
            &letter('N'),
            &1,
            &1,
            a.as_mut_ptr(),
            &1,
            w.as_mut_ptr(),
            std::ptr::null_mut(),
            &1,
            std::ptr::null_mut(),
            &1,
            work.as_mut_ptr(),
            &-1,
            iwork.as_mut_ptr(),
            &mut info,
        );
    }
    assert!(info == 0 && work[0] >= 1.0 && w[0].to_bits() == MARK.to_bits());
    let (mut y, none): ([f64; 0], [f64; 0]) = ([], []);
    // SAFETY: empty matrices are not touched.
    unsafe {
        dgemm_(
            &letter('N'),
            &letter('N'),
            &0,
            &0,
            &0,
            &1.0,
            none.as_ptr(),
            &1,
            none.as_ptr(),
            &1,
            &0.0,
            y.as_mut_ptr(),
            &1,
        );
        dpotrf_(&letter('U'), &0, y.as_mut_ptr(), &1, &mut info);
    }
    assert_eq!(info, 0);
}

#[test]
fn single_precision_symbols_are_the_same_code() {
    let (a, x, mut y) = ([2.0_f32, 1.0, 1.0, 3.0], [1.0_f32, -1.0], [0.0_f32; 2]);
    let (mut c, mut d, mut info) = ([0.0_f32; 4], a, 9);
    // SAFETY: sizes are those of the arrays.
    unsafe {
        sgemv_(
            &letter('N'),
            &2,
            &2,
            &1.0,
            a.as_ptr(),
            &2,
            x.as_ptr(),
            &1,
            &0.0,
            y.as_mut_ptr(),
            &1,
        );
        assert_eq!(y, [1.0, -2.0]);
        ssymv_(
            &letter('L'),
            &2,
            &1.0,
            a.as_ptr(),
            &2,
            x.as_ptr(),
            &1,
            &1.0,
            y.as_mut_ptr(),
            &1,
        );
        assert_eq!(y, [2.0, -4.0]);
        sgemm_(
            &letter('N'),
            &letter('T'),
            &2,
            &2,
            &2,
            &1.0,
            a.as_ptr(),
            &2,
            a.as_ptr(),
            &2,
            &0.0,
            c.as_mut_ptr(),
            &2,
        );
        assert_eq!(c, [5.0, 5.0, 5.0, 10.0]);
        ssyrk_(
            &letter('U'),
            &letter('N'),
            &2,
            &2,
            &-1.0,
            a.as_ptr(),
            &2,
            &1.0,
            c.as_mut_ptr(),
            &2,
        );
        assert_eq!(c, [0.0, 5.0, 0.0, 0.0]);
        ssyr2k_(
            &letter('U'),
            &letter('N'),
            &2,
            &1,
            &0.5,
            x.as_ptr(),
            &2,
            x.as_ptr(),
            &2,
            &0.0,
            c.as_mut_ptr(),
            &2,
        );
        assert_eq!(c, [1.0, 5.0, -1.0, 1.0]);
        spotrf_(&letter('L'), &2, d.as_mut_ptr(), &2, &mut info);
        assert!(info == 0 && (d[0] - 2.0_f32.sqrt()).abs() < 1e-6);
        let mut b = [3.0_f32, 4.0];
        spotrs_(
            &letter('L'),
            &2,
            &1,
            d.as_ptr(),
            &2,
            b.as_mut_ptr(),
            &2,
            &mut info,
        );
        assert!((b[0] - 1.0).abs() < 1e-6 && (b[1] - 1.0).abs() < 1e-6);
        let (mut lu, mut rhs, mut pivots) = (a, [3.0_f32, 4.0], [0, 0]);
        sgesv_(
            &2,
            &1,
            lu.as_mut_ptr(),
            &2,
            pivots.as_mut_ptr(),
            rhs.as_mut_ptr(),
            &2,
            &mut info,
        );
        assert!((rhs[0] - 1.0).abs() < 1e-6 && (rhs[1] - 1.0).abs() < 1e-6);
        let (mut e, mut w, mut m, mut work, mut iwork) =
            (a, [0.0_f32; 2], 0, [0.0_f32; 64], [0; 32]);
        ssyevr_(
            &letter('N'),
            &letter('A'),
            &letter('U'),
            &2,
            e.as_mut_ptr(),
            &2,
            &0.0,
            &0.0,
            &0,
            &0,
            &0.0,
            &mut m,
            w.as_mut_ptr(),
            std::ptr::null_mut(),
            &2,
            std::ptr::null_mut(),
            work.as_mut_ptr(),
            &64,
            iwork.as_mut_ptr(),
            &32,
            &mut info,
        );
        let top = 2.5_f32 + 1.25_f32.sqrt();
        assert!(m == 2 && (w[1] - top).abs() < 1e-5);
        for dd in [true, false] {
            let (mut e, mut s) = (a, [0.0_f32; 2]);
            let null = std::ptr::null_mut;
            if dd {
                sgesdd_(
                    &letter('N'),
                    &2,
                    &2,
                    e.as_mut_ptr(),
                    &2,
                    s.as_mut_ptr(),
                    null(),
                    &1,
                    null(),
                    &1,
                    work.as_mut_ptr(),
                    &64,
                    iwork.as_mut_ptr(),
                    &mut info,
                );
            } else {
                sgesvd_(
                    &letter('N'),
                    &letter('N'),
                    &2,
                    &2,
                    e.as_mut_ptr(),
                    &2,
                    s.as_mut_ptr(),
                    null(),
                    &1,
                    null(),
                    &1,
                    work.as_mut_ptr(),
                    &64,
                    &mut info,
                );
            }
            assert!(info == 0 && (s[0] - top).abs() < 1e-5);
        }
    }
}
