//! Small matrices on the stack, in a workspace and in batches against their definitions.

#![expect(clippy::float_cmp, reason = "exact small cases")]

use isac_linalg::batch::Batch;
use isac_linalg::{Mat, c64, ops, small, workspace};

fn real_entry(i: usize, j: usize) -> f64 {
    (1.0 + 3.0 * i as f64 + 7.0 * j as f64 + (i * j) as f64).sin()
}

/// `G G^T + I`, with rows and columns scaled by `units`.
fn positive(n: usize, units: impl Fn(usize) -> f64) -> Mat<f64> {
    Mat::from_fn(n, n, |i, j| {
        let sum: f64 = (0..n).map(|k| real_entry(i, k) * real_entry(j, k)).sum();
        (sum + if i == j { 1.0 } else { 0.0 }) * units(i) * units(j)
    })
}

fn spd<const N: usize>() {
    let units = |i: usize| 10f64.powi(3 * i as i32 - 4);
    let a = positive(N, units);
    let mut rows = [[0.0; N]; N];
    for i in 0..N {
        for j in 0..N {
            // The upper triangle is not read.
            rows[i][j] = if j > i { f64::NAN } else { a[(i, j)] };
        }
    }
    let inverse = small::spd_inverse(&rows).unwrap();
    for i in 0..N {
        for j in 0..N {
            assert_eq!(inverse[i][j], inverse[j][i]);
            let product: f64 = (0..N).map(|k| a[(i, k)] * inverse[k][j]).sum();
            let size: f64 = (0..N).map(|k| (a[(i, k)] * inverse[k][j]).abs()).sum();
            let unit = if i == j { 1.0 } else { 0.0 };
            assert!((product - unit).abs() < 1e-13 * (1.0 + size), "{N} {i} {j}");
        }
    }
}

#[test]
fn inverses_on_the_stack() {
    spd::<1>();
    spd::<2>();
    spd::<3>();
    spd::<4>();
    spd::<5>();
    // A pivot of the unit diagonal counts from 1e-13 on.
    let with = |gap: f64| [[1.0, 1.0], [1.0, 1.0 + gap]];
    assert!(small::spd_inverse(&with(1e-12)).is_some());
    assert!(small::spd_inverse(&with(1e-14)).is_none());
    assert!(small::spd_inverse(&[[-1.0]]).is_none());
    assert!(small::spd_inverse(&[[f64::INFINITY]]).is_none());
    assert_eq!(small::spd_inverse(&[[4.0]]), Some([[0.25]]));
}

#[test]
fn cholesky_in_a_workspace() {
    for n in 1..=7 {
        let a = positive(n, |_| 1.0);
        let mut l = a.clone();
        for j in 0..n {
            for i in 0..j {
                l[(i, j)] = f64::NAN;
            }
        }
        workspace::cholesky_in_place(l.as_mut(), 1e-12).unwrap();
        for i in 0..n {
            for j in 0..=i {
                let sum: f64 = (0..=j).map(|k| l[(i, k)] * l[(j, k)]).sum();
                assert!((sum - a[(i, j)]).abs() < 1e-13 * n as f64, "{n} {i} {j}");
            }
        }
        let mut inverse = l.clone();
        workspace::invert_lower_in_place(inverse.as_mut());
        for i in 0..n {
            for j in 0..=i {
                let sum: f64 = (j..=i).map(|k| l[(i, k)] * inverse[(k, j)]).sum();
                let unit = if i == j { 1.0 } else { 0.0 };
                assert!((sum - unit).abs() < 1e-13 * n as f64, "{n} {i} {j}");
            }
        }
        let mut square = Mat::zeros(n, n);
        workspace::transpose_mul_lower(inverse.as_ref(), &mut square);
        for i in 0..n {
            for j in 0..n {
                let sum: f64 = (i.max(j)..n)
                    .map(|k| inverse[(k, i)] * inverse[(k, j)])
                    .sum();
                assert!((square[(i, j)] - sum).abs() < 1e-13 * n as f64);
            }
        }
    }
}

#[test]
fn pivots_are_measured_against_their_diagonal() {
    let with = |gap: f64| {
        Mat::from_fn(3, 3, |i, j| {
            [[1.0, 0.0, 0.0], [0.0, 4.0, 4.0], [0.0, 4.0, 4.0 + gap]][i][j]
        })
    };
    let run = |gap: f64, floor: f64| workspace::cholesky_in_place(with(gap).as_mut(), floor);
    // The last pivot is the gap, its diagonal 4.
    assert_eq!(run(1e-6, 1e-7), Ok(()));
    assert_eq!(run(1e-6, 1e-6), Err(2));
    assert_eq!(run(0.0, 0.0), Err(2));
    assert_eq!(run(-1e-6, 0.0), Err(2));
    assert_eq!(run(f64::INFINITY, 0.0), Err(2));
    let mut zero = Mat::<f64>::zeros(2, 2);
    assert_eq!(workspace::cholesky_in_place(zero.as_mut(), 0.0), Err(0));
    let mut eigen = workspace::HermitianEigenvalues::new(3);
    let a = Mat::from_fn(3, 3, |i, j| {
        c64::new(if i == j { 2.0 - i as f64 } else { 0.0 }, 0.0)
    });
    assert_eq!(eigen.of(a.as_ref()).unwrap(), [0.0, 1.0, 2.0]);
    assert!(format!("{eigen:?}").contains("size: 3"));
}

fn complex(rows: usize, cols: usize, seed: usize) -> Mat<c64> {
    Mat::from_fn(rows, cols, |i, j| {
        let t = (seed + 31 * i + 17 * j + 3 * i * j) as f64;
        c64::new(t.sin(), (1.7 * t).cos())
    })
}

/// Columns of a matrix one after the other.
fn flat(b: &Mat<c64>) -> Vec<c64> {
    (0..b.ncols())
        .flat_map(|j| (0..b.nrows()).map(move |i| (i, j)))
        .map(|(i, j)| b[(i, j)])
        .collect()
}

#[test]
fn batches_of_every_width_read_write_and_multiply() {
    for cols in 1..=26 {
        let (count, rows, other) = (3, 1 + cols % 5, 1 + cols % 4);
        let x = complex(rows, count * cols, 1);
        let mut batch = Batch::zeros(count, rows, cols);
        // By columns, and as a transposed view, which is not contiguous.
        batch.read(x.transpose().to_owned().transpose());
        for k in 0..count {
            for r in 0..rows {
                let (re, im) = batch.row(k, r);
                assert_eq!((re.len(), im.len()), (cols, cols));
                for c in 0..cols {
                    assert_eq!(c64::new(re[c], im[c]), x[(r, k * cols + c)]);
                }
            }
        }
        let mut back = Mat::zeros(count * cols, rows);
        batch.write(back.as_mut().transpose_mut());
        assert_eq!(back.transpose().to_owned(), x);

        let b = complex(rows, other, 2);
        let mut z = Batch::zeros(count, other, cols);
        z.read(complex(other, count * cols, 5).as_ref());
        let before = z.clone();
        z.adjoint_product(1, &flat(&b), &batch, cols);
        let expected = ops::adjoint_mul(b.as_ref(), x.subcols(cols, cols));
        for r in 0..other {
            for c in 0..cols {
                let got = c64::new(z.row(1, r).0[c], z.row(1, r).1[c]);
                assert!(
                    (got - expected[(r, c)]).norm() < 1e-13 * rows as f64,
                    "{cols} {r} {c}"
                );
                // The other blocks are left alone.
                assert_eq!(z.row(0, r).0[c], before.row(0, r).0[c]);
                assert_eq!(z.row(2, r).1[c], before.row(2, r).1[c]);
            }
        }
        for accumulate in [false, true] {
            let mut sum = batch.clone();
            sum.product(2, &flat(&b), &z, cols, accumulate);
            for r in 0..rows {
                for c in 0..cols {
                    let product: c64 = (0..other)
                        .map(|q| b[(r, q)] * c64::new(z.row(2, q).0[c], z.row(2, q).1[c]))
                        .sum();
                    let old = if accumulate {
                        x[(r, 2 * cols + c)]
                    } else {
                        c64::ZERO
                    };
                    let got = c64::new(sum.row(2, r).0[c], sum.row(2, r).1[c]);
                    assert!((got - product - old).norm() < 1e-13 * other as f64);
                }
            }
        }
        let (re, im) = z.row_mut(0, other - 1);
        (re[cols - 1], im[cols - 1]) = (7.0, -8.0);
        assert_eq!(
            (
                z.row(0, other - 1).0[cols - 1],
                z.row(0, other - 1).1[cols - 1]
            ),
            (7.0, -8.0)
        );
        assert_eq!((z.count(), z.rows(), z.cols()), (count, other, cols));
        z.clear();
        assert!(
            z.row(0, 0)
                .0
                .iter()
                .chain(z.row(2, other - 1).1)
                .all(|v| *v == 0.0)
        );
    }
    // Nothing to multiply.
    let mut none = Batch::zeros(2, 0, 3);
    none.adjoint_product(0, &[], &Batch::zeros(2, 4, 3), 3);
    assert_eq!(none.rows(), 0);
}

#[test]
#[should_panic(expected = "shape of B")]
fn a_factor_of_another_shape_panics() {
    let x = Batch::zeros(1, 2, 3);
    Batch::zeros(1, 1, 3).adjoint_product(0, &[c64::ONE; 3], &x, 3);
}

#[test]
#[should_panic(expected = "out of range")]
fn more_columns_than_there_are_panic() {
    let x = Batch::zeros(1, 2, 3);
    Batch::zeros(1, 1, 3).adjoint_product(0, &[c64::ONE; 2], &x, 4);
}

#[test]
#[should_panic(expected = "out of range")]
fn a_block_that_is_not_there_panics() {
    let x = Batch::zeros(1, 2, 3);
    Batch::zeros(1, 1, 3).adjoint_product(1, &[c64::ONE; 2], &x, 3);
}
