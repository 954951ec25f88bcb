//! Cholesky and LU factors and their solves.

use crate::support::{Draw, MARK, in_triangle, int, letter, spoil, stored};
use isac_blas_shim::*;

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
