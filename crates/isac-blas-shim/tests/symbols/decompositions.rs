//! Eigenvalues and singular values.

use crate::support::{Draw, MARK, assert_close, int, letter, spoil, stored};
use isac_blas_shim::*;
use std::ffi::c_int;

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
