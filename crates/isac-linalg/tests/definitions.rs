//! Every small function against its definition, at sizes where a wrong index, sign or conjugate shows.

#![expect(clippy::float_cmp, reason = "exact small cases")]

use isac_linalg::{
    Error, Mat, approx, c64, factor, hermitian, kron, ops, real, validate, vector, workspace,
};
use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};

fn z(re: f64, im: f64) -> c64 {
    c64::new(re, im)
}

/// Entries without symmetry, none of them special.
fn sample(rows: usize, cols: usize, seed: usize) -> Mat<c64> {
    Mat::from_fn(rows, cols, |i, j| {
        let t = (1 + 3 * i + 7 * j + 5 * i * j + 13 * seed) as f64;
        z((1.3 * t).sin() + 0.2, (0.7 * t).cos() - 0.1)
    })
}

/// Real ones.
fn numbers(n: usize, seed: usize) -> Vec<f64> {
    let numbers = sample(n, 1, seed);
    (0..n).map(|i| numbers[(i, 0)].re).collect()
}

fn near(a: &Mat<c64>, b: &Mat<c64>) {
    approx::compare(a.as_ref(), b.as_ref(), 1e-13, 0.0).unwrap();
}

#[test]
fn hermitian_part_by_hand() {
    let a = Mat::from_fn(2, 2, |i, j| {
        [[z(1.0, 2.0), z(3.0, 4.0)], [z(5.0, -6.0), z(7.0, 8.0)]][i][j]
    });
    let h = hermitian::hermitian_part(a.as_ref());
    // ((3 + 4i) + conj(5 - 6i)) / 2 = 4 + 5i.
    let expected = [[z(1.0, 0.0), z(4.0, 5.0)], [z(4.0, -5.0), z(7.0, 0.0)]];
    for i in 0..2 {
        for j in 0..2 {
            assert_eq!(h[(i, j)], expected[i][j]);
        }
    }
}

#[test]
fn check_hermitian_measures_the_deviation_relative_to_the_largest_entry() {
    let with = |size: f64, off: f64| {
        let mut a = Mat::from_fn(3, 3, |i, j| {
            z((i + j) as f64 + 1.0, i as f64 - j as f64) * (size / 4.0)
        });
        a[(2, 0)] += z(off, 0.0);
        a
    };
    for size in [1e-20, 1.0, 1e20] {
        // The largest entry is |5| or |3 + 2i| quarters of the size.
        assert!(hermitian::check_hermitian("a", with(size, 0.0).as_ref()).is_ok());
        assert!(hermitian::check_hermitian("a", with(size, 1e-12 * size).as_ref()).is_ok());
        let off = 1e-11 * size;
        match hermitian::check_hermitian("a", with(size, off).as_ref()) {
            Err(Error::NotHermitian { what, deviation }) => {
                assert_eq!(what, "a");
                assert!(
                    (deviation / (1e-11 / 1.25) - 1.0).abs() < 1e-4,
                    "{deviation}"
                );
            }
            other => panic!("{other:?}"),
        }
    }
    // Imaginary diagonals and the last entry of the triangle count.
    let mut a = Mat::<c64>::identity(3, 3);
    a[(2, 2)] = z(1.0, 1e-6);
    assert!(hermitian::check_hermitian("a", a.as_ref()).is_err());
    let mut a = Mat::<c64>::identity(3, 3);
    a[(1, 2)] = z(0.0, 1e-6);
    a[(2, 1)] = z(0.0, 1e-6);
    assert!(hermitian::check_hermitian("a", a.as_ref()).is_err());
    a[(2, 1)] = z(0.0, -1e-6);
    assert!(hermitian::check_hermitian("a", a.as_ref()).is_ok());
    // Zero is Hermitian; wrong shapes and NaN are their own errors.
    assert!(hermitian::check_hermitian("a", Mat::zeros(2, 2).as_ref()).is_ok());
    let wide = hermitian::check_hermitian("wide", Mat::zeros(2, 3).as_ref()).unwrap_err();
    assert!(matches!(wide, Error::Shape { .. }));
    let nan = Mat::from_fn(2, 2, |_, _| z(f64::NAN, 0.0));
    let nan = hermitian::check_hermitian("nan", nan.as_ref()).unwrap_err();
    assert!(matches!(nan, Error::NonFinite { .. }));
}

/// `V diag(values) V^H` with a unitary that is none of the coordinate axes.
fn with_eigenvalues(values: &[f64]) -> Mat<c64> {
    let n = values.len();
    let (q, _) = factor::qr_thin(sample(n, n, 3).as_ref());
    let scaled = Mat::from_fn(n, n, |i, j| q[(i, j)] * values[j]);
    hermitian::hermitian_part(ops::mul_adjoint(scaled.as_ref(), q.as_ref()).as_ref())
}

#[test]
fn projection_keeps_the_positive_part() {
    let a = with_eigenvalues(&[-2.0, -0.5, 1.0, 3.0]);
    near(
        &hermitian::project_psd(a.as_ref()).unwrap(),
        &with_eigenvalues(&[0.0, 0.0, 1.0, 3.0]),
    );
    let root = hermitian::sqrt_factor(with_eigenvalues(&[0.25, 1.0, 4.0]).as_ref()).unwrap();
    near(
        &ops::mul_adjoint(root.as_ref(), root.as_ref()),
        &with_eigenvalues(&[0.25, 1.0, 4.0]),
    );
    // Columns in ascending order, each of the length of its root.
    let lengths = [0, 1, 2].map(|j| ops::norm(root.subcols(j, 1)));
    for (length, expected) in lengths.iter().zip([0.5, 1.0, 2.0]) {
        assert!((length - expected).abs() < 1e-13);
    }
    let negative = hermitian::sqrt_factor(with_eigenvalues(&[-1.0, -4.0]).as_ref()).unwrap();
    assert!(ops::norm(negative.as_ref()) < 1e-13);
}

#[test]
fn rank_counts_moduli_above_the_cut() {
    let a = with_eigenvalues(&[-4.0, 1e-3, 0.5, 2.0]);
    let rank = |cut| hermitian::rank(a.as_ref(), cut).unwrap();
    assert_eq!(rank(1e-6), 4);
    assert_eq!(rank(1e-3), 3);
    assert_eq!(rank(0.2), 2);
    assert_eq!(rank(0.6), 1);
    assert_eq!(rank(1.0 + 1e-9), 0);
    assert_eq!(hermitian::rank(Mat::zeros(3, 3).as_ref(), 1e-9).unwrap(), 0);
    assert_eq!(hermitian::rank(Mat::zeros(0, 0).as_ref(), 1e-9).unwrap(), 0);
}

#[test]
fn products_are_sums_over_the_inner_index() {
    for (m, k, n) in [(1, 1, 1), (2, 3, 4), (5, 1, 2), (9, 7, 6)] {
        let (a, b) = (sample(m, k, 1), sample(k, n, 2));
        let by_hand = Mat::from_fn(m, n, |i, j| {
            (0..k).map(|p| a[(i, p)] * b[(p, j)]).sum::<c64>()
        });
        near(&ops::mul(a.as_ref(), b.as_ref()), &by_hand);
        let a_adjoint = a.adjoint().to_owned();
        let b_adjoint = b.adjoint().to_owned();
        near(&ops::adjoint_mul(a_adjoint.as_ref(), b.as_ref()), &by_hand);
        near(&ops::mul_adjoint(a.as_ref(), b_adjoint.as_ref()), &by_hand);
        let factor = z(0.5, -2.0);
        for (op_a, left) in [(ops::Op::Plain, &a), (ops::Op::Adjoint, &a_adjoint)] {
            for (op_b, right) in [(ops::Op::Plain, &b), (ops::Op::Adjoint, &b_adjoint)] {
                for accumulate in [false, true] {
                    let mut got = sample(m, n, 4);
                    let expected = Mat::from_fn(m, n, |i, j| {
                        let old = if accumulate { got[(i, j)] } else { c64::ZERO };
                        old + by_hand[(i, j)] * factor
                    });
                    let (left, right) = (left.as_ref(), right.as_ref());
                    ops::gemm(got.as_mut(), accumulate, factor, left, op_a, right, op_b);
                    near(&got, &expected);
                }
            }
        }
    }
}

#[test]
fn norms_and_inner_products_of_views_too() {
    // Transposes are not contiguous by columns, so both paths run.
    for (rows, cols) in [(1, 1), (3, 5), (17, 4), (40, 3)] {
        let (a, b) = (sample(rows, cols, 1), sample(rows, cols, 2));
        let (mut inner, mut norm2, mut top) = (0.0, 0.0, 0.0_f64);
        for i in 0..rows {
            for j in 0..cols {
                inner += a[(i, j)].re * b[(i, j)].re + a[(i, j)].im * b[(i, j)].im;
                norm2 += a[(i, j)].re.powi(2) + a[(i, j)].im.powi(2);
                top = top.max(a[(i, j)].re.hypot(a[(i, j)].im));
            }
        }
        let size = (rows * cols) as f64;
        let close =
            |x: f64, y: f64| assert!((x - y).abs() < 1e-14 * size * (1.0 + y.abs()), "{x} {y}");
        close(ops::inner(a.as_ref(), b.as_ref()), inner);
        close(ops::inner(a.transpose(), b.transpose()), inner);
        close(ops::norm2(a.as_ref()), norm2);
        close(ops::norm(a.as_ref()), norm2.sqrt());
        close(ops::norm_max(a.as_ref()), top);
        let mut sum = a.clone();
        ops::axpy(sum.as_mut(), -0.3, b.as_ref());
        near(
            &sum,
            &Mat::from_fn(rows, cols, |i, j| a[(i, j)] + b[(i, j)] * -0.3),
        );
        let mut sum = a.transpose().to_owned();
        ops::axpy(sum.as_mut(), 2.0, b.transpose());
        near(
            &sum,
            &Mat::from_fn(cols, rows, |i, j| a[(j, i)] + b[(j, i)] * 2.0),
        );
        let mut sum = a.clone();
        ops::axpy(sum.as_mut().transpose_mut(), 2.0, b.transpose());
        near(
            &sum,
            &Mat::from_fn(rows, cols, |i, j| a[(i, j)] + b[(i, j)] * 2.0),
        );
        let mut scaled = a.clone();
        ops::scale(scaled.as_mut(), -1.5);
        ops::scale(scaled.as_mut().transpose_mut(), 2.0);
        near(&scaled, &Mat::from_fn(rows, cols, |i, j| a[(i, j)] * -3.0));
    }
    assert_eq!(ops::norm_max(Mat::zeros(0, 3).as_ref()), 0.0);
}

#[test]
fn dots_forms_and_blocks() {
    let (a, b) = (sample(4, 3, 1), sample(4, 2, 2));
    let dot: c64 = (0..4).map(|i| a[(i, 1)].conj() * b[(i, 0)]).sum();
    assert!((ops::dot(a.col(1), b.col(0)) - dot).norm() < 1e-14);
    let h = hermitian::hermitian_part(sample(4, 4, 5).as_ref());
    let mut form = c64::ZERO;
    for i in 0..4 {
        for j in 0..4 {
            form += b[(i, 1)].conj() * h[(i, j)] * b[(j, 1)];
        }
    }
    assert!((ops::quadratic_form(h.as_ref(), b.col(1)) - form.re).abs() < 1e-13);
    let joined = ops::hcat(a.as_ref(), b.as_ref());
    assert_eq!((joined.nrows(), joined.ncols()), (4, 5));
    for i in 0..4 {
        assert_eq!(
            (joined[(i, 2)], joined[(i, 3)], joined[(i, 4)]),
            (a[(i, 2)], b[(i, 0)], b[(i, 1)])
        );
    }
    let shifted = ops::shifted(h.as_ref(), 2.5);
    for i in 0..4 {
        for j in 0..4 {
            let expected = h[(i, j)] + if i == j { 2.5 } else { 0.0 };
            assert_eq!(shifted[(i, j)], expected);
        }
    }
    let k = kron::kron(a.as_ref(), b.as_ref());
    assert_eq!((k.nrows(), k.ncols()), (16, 6));
    for i in 0..16 {
        for j in 0..6 {
            assert_eq!(k[(i, j)], a[(i / 4, j / 2)] * b[(i % 4, j % 2)]);
        }
    }
}

#[test]
fn long_vectors() {
    for n in [0, 1, 7, 8, 9, 31, 100] {
        let (a, b) = (sample(n, 1, 1), sample(n, 1, 2));
        let list = |m: &Mat<c64>| (0..n).map(|i| m[(i, 0)]).collect::<Vec<_>>();
        let (x, y) = (list(&a), list(&b));
        let inner: f64 = (0..n).map(|i| (x[i].conj() * y[i]).re).sum();
        assert!((vector::inner(&x, &y) - inner).abs() < 1e-13 * (1.0 + n as f64));
        let norm: f64 = x.iter().map(|x| x.norm_sqr()).sum::<f64>().sqrt();
        assert!((vector::norm(&x) - norm).abs() < 1e-13 * (1.0 + norm));
        let mut out = [f64::NAN; 3];
        vector::mul_rows(&vec![1.0; 3 * n], &vec![2.0; n], &mut out);
        assert_eq!(out, [2.0 * n as f64; 3]);
    }
}

/// Several products at once have the bits of one after the other, for any number and length.
#[test]
fn products_together_are_those_alone() {
    for (m, n) in [(0, 3), (1, 1), (5, 16), (3, 37), (40, 100)] {
        let rows = numbers(m * n, 1);
        for k in [0, 1, 2, 7, 8, 9, 17] {
            let vectors = numbers(k * n, 2);
            let mut together = vec![f64::NAN; k * m];
            vector::mul_rows_each(&rows, n, &vectors, &mut together);
            let mut alone = vec![f64::NAN; k * m];
            for (v, out) in vectors.chunks_exact(n).zip(alone.chunks_mut(m.max(1))) {
                vector::mul_rows(&rows, v, out);
            }
            let bits = |x: &[f64]| x.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&together), bits(&alone), "{m} x {n}, {k}");
        }
    }
}

#[test]
fn comparison_names_the_worst_entry() {
    let expected = sample(3, 2, 1);
    let mut got = expected.clone();
    assert!(approx::compare(got.as_ref(), expected.as_ref(), 0.0, 0.0).is_ok());
    got[(1, 1)] += z(0.0, 3e-3);
    got[(2, 0)] += z(-4e-3, 0.0);
    let worst = approx::compare(got.as_ref(), expected.as_ref(), 0.0, 1e-3).unwrap_err();
    assert_eq!((worst.row, worst.col), (2, 0));
    assert!((worst.ratio - 4.0).abs() < 1e-9);
    assert_eq!((worst.got, worst.expected), (got[(2, 0)], expected[(2, 0)]));
    assert!(approx::compare(got.as_ref(), expected.as_ref(), 0.0, 5e-3).is_ok());
    let top = ops::norm_max(expected.as_ref());
    assert!(approx::compare(got.as_ref(), expected.as_ref(), 4.1e-3 / top, 0.0).is_ok());
    assert!(approx::compare(got.as_ref(), expected.as_ref(), 3.9e-3 / top, 0.0).is_err());
    assert!(approx::compare(got.as_ref(), expected.as_ref(), 3e-3 / top, 1.1e-3).is_ok());
    got[(0, 0)] = z(f64::NAN, 0.0);
    let worst = approx::compare(got.as_ref(), expected.as_ref(), 1.0, 1.0).unwrap_err();
    assert!((worst.row, worst.col) == (0, 0) && worst.ratio.is_nan());
    let worst = approx::compare(got.as_ref(), sample(2, 3, 1).as_ref(), 1.0, 1.0).unwrap_err();
    assert_eq!((worst.row, worst.col), (usize::MAX, usize::MAX));
}

#[test]
fn checks_name_argument_value_and_place() {
    let mut a = sample(3, 2, 1);
    assert!(validate::finite("a", a.as_ref()).is_ok());
    a[(2, 1)] = z(0.0, f64::INFINITY);
    match validate::finite("a", a.as_ref()) {
        Err(Error::NonFinite { what, row, col, .. }) => assert_eq!((&*what, row, col), ("a", 2, 1)),
        other => panic!("{other:?}"),
    }
    a[(0, 0)] = z(f64::NAN, 0.0);
    match validate::finite("a", a.as_ref()) {
        Err(Error::NonFinite { row, col, .. }) => assert_eq!((row, col), (0, 0)),
        other => panic!("{other:?}"),
    }
    assert!(validate::finite_list("l", &[1.0, -2.0]).is_ok());
    match validate::finite_list("l", &[1.0, f64::NEG_INFINITY, f64::NAN]) {
        Err(Error::NonFinite {
            what, row, value, ..
        }) => {
            assert_eq!((&*what, row, &*value), ("l", 1, "-inf"));
        }
        other => panic!("{other:?}"),
    }
    assert!(validate::shape("s", a.as_ref(), 3, 2).is_ok());
    for (rows, cols) in [(2, 3), (3, 3), (2, 2)] {
        let text = validate::shape("s", a.as_ref(), rows, cols)
            .unwrap_err()
            .to_string();
        assert!(
            text.contains(&format!("{rows} x {cols}")) && text.contains("3 x 2"),
            "{text}"
        );
    }
    assert!(validate::length("n", 3, 3).is_ok() && validate::length("n", 2, 3).is_err());
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let text = validate::positive("p", bad, "W").unwrap_err().to_string();
        assert!(text.contains('p') && text.contains('W'), "{text}");
    }
    assert!(validate::positive("p", 1e-300, "W").is_ok());
    assert!(validate::nonnegative("p", 0.0, "").is_ok());
    for bad in [-1e-300, f64::NAN, f64::INFINITY] {
        assert!(validate::nonnegative("p", bad, "").is_err());
    }
}

#[test]
fn bad_input_is_told_from_failed_arithmetic() {
    let bad = [
        Error::shape("a", "2", "3"),
        Error::range("a", 1.0, "2"),
        validate::finite_list("a", &[f64::NAN]).unwrap_err(),
        Error::NotHermitian {
            what: "a".into(),
            deviation: 1.0,
        },
    ];
    assert!(bad.iter().all(Error::is_bad_input));
    let failed = [
        Error::NotPositiveDefinite {
            what: "a".into(),
            pivot: 0,
        },
        Error::NoConvergence { what: "a".into() },
    ];
    assert!(!failed.iter().any(Error::is_bad_input));
}

#[test]
fn factorisations_of_rectangles_and_singular_systems() {
    for (m, n) in [(4, 3), (3, 4), (5, 5), (1, 3), (6, 1)] {
        let a = sample(m, n, 7);
        let k = m.min(n);
        let svd = factor::svd(a.as_ref()).unwrap();
        assert_eq!((svd.u.ncols(), svd.v.ncols(), svd.values.len()), (k, k, k));
        assert!(svd.values.windows(2).all(|w| w[0] >= w[1]));
        let scaled = Mat::from_fn(m, k, |i, j| svd.u[(i, j)] * svd.values[j]);
        near(&ops::mul_adjoint(scaled.as_ref(), svd.v.as_ref()), &a);
        let values = factor::singular_values(a.as_ref()).unwrap();
        assert!(
            values
                .iter()
                .zip(&svd.values)
                .all(|(x, y)| (x - y).abs() < 1e-13)
        );
        assert!((factor::spectral_norm(a.as_ref()).unwrap() - values[0]).abs() < 1e-15);
        let (q, r) = factor::qr_thin(a.as_ref());
        assert_eq!((q.ncols(), r.nrows()), (k, k));
        near(&ops::mul(q.as_ref(), r.as_ref()), &a);
        near(
            &ops::adjoint_mul(q.as_ref(), q.as_ref()),
            &Mat::identity(k, k),
        );
        for j in 0..n {
            for i in j + 1..k {
                assert_eq!(r[(i, j)], c64::ZERO);
            }
        }
    }
    let (a, b) = (sample(4, 4, 1), sample(4, 2, 2));
    let x = factor::solve(a.as_ref(), b.as_ref()).unwrap();
    near(&ops::mul(a.as_ref(), x.as_ref()), &b);
    let error = factor::solve(Mat::zeros(2, 2).as_ref(), Mat::identity(2, 2).as_ref()).unwrap_err();
    assert!(matches!(error, Error::NoConvergence { .. }));
    let chol = factor::cholesky("a", with_eigenvalues(&[1.0, 2.0, 5.0]).as_ref()).unwrap();
    let b = sample(3, 2, 4);
    let x = chol.solve_lower_adjoint(b.as_ref());
    near(&ops::adjoint_mul(chol.lower(), x.as_ref()), &b);
    near(&chol.inverse(), &with_eigenvalues(&[1.0, 0.5, 0.2]));
    // NaN in, error out; nothing in, nothing out.
    let nan = Mat::from_fn(2, 2, |i, j| {
        z(if i == 1 && j == 0 { f64::NAN } else { 1.0 }, 0.0)
    });
    assert!(factor::svd(nan.as_ref()).is_err() && factor::singular_values(nan.as_ref()).is_err());
    assert!(factor::eigvalsh(nan.as_ref()).is_err());
    let turned = Mat::from_fn(2, 2, |i, j| {
        z(1.0, if i == 1 && j == 0 { f64::INFINITY } else { 0.0 })
    });
    assert!(factor::eigvalsh(turned.as_ref()).is_err());
    assert_eq!(
        factor::spectral_norm(Mat::zeros(0, 2).as_ref()).unwrap(),
        0.0
    );
    assert_eq!(
        factor::spectral_norm(Mat::zeros(2, 0).as_ref()).unwrap(),
        0.0
    );
}

#[test]
fn eigenvectors_belong_to_their_values() {
    let expected = [-3.0, -1.0, 0.5, 2.0, 7.0];
    let a = with_eigenvalues(&[2.0, -1.0, 7.0, 0.5, -3.0]);
    let eigen = factor::eigh(a.as_ref()).unwrap();
    let values = factor::eigvalsh(a.as_ref()).unwrap();
    for i in 0..5 {
        assert!((eigen.values[i] - expected[i]).abs() < 1e-12);
        assert!((values[i] - expected[i]).abs() < 1e-12);
    }
    let scaled = Mat::from_fn(5, 5, |i, j| eigen.vectors[(i, j)] * eigen.values[j]);
    near(&ops::mul(a.as_ref(), eigen.vectors.as_ref()), &scaled);
}

#[test]
fn bases_drop_what_lies_below_the_cut() {
    let mut a = sample(5, 3, 1);
    for i in 0..5 {
        // The third is the first with a part of 1e-6 of something else.
        let other = a[(i, 2)];
        a[(i, 2)] = a[(i, 0)] + other * 1e-6;
    }
    let columns = |cut| factor::orthonormal_basis(a.as_ref(), cut).unwrap().ncols();
    assert_eq!((columns(1e-9), columns(1e-4)), (3, 2));
    assert_eq!(
        factor::orthonormal_basis(Mat::zeros(4, 2).as_ref(), 1e-9)
            .unwrap()
            .ncols(),
        0
    );
    assert_eq!(
        factor::orthonormal_basis(Mat::zeros(4, 0).as_ref(), 1e-9)
            .unwrap()
            .ncols(),
        0
    );
}

#[test]
fn real_twins() {
    let a = Mat::from_fn(3, 4, |i, j| ((1 + i + 2 * j + i * j) as f64).sin());
    let b = Mat::from_fn(4, 2, |i, j| ((3 + 2 * i + j) as f64).cos());
    let product = real::mul(a.as_ref(), b.as_ref());
    for i in 0..3 {
        for j in 0..2 {
            let sum: f64 = (0..4).map(|k| a[(i, k)] * b[(k, j)]).sum();
            assert!((product[(i, j)] - sum).abs() < 1e-14);
        }
    }
    let values =
        real::eigvalsh(Mat::from_fn(2, 2, |i, j| [[2.0, 1.0], [1.0, 2.0]][i][j]).as_ref()).unwrap();
    assert!((values[0] - 1.0).abs() < 1e-14 && (values[1] - 3.0).abs() < 1e-14);
    let nan = Mat::from_fn(2, 2, |i, j| if i == j { f64::NAN } else { 0.0 });
    assert!(real::eigvalsh(nan.as_ref()).is_err() && real::cholesky("a", nan.as_ref()).is_err());
    let svd =
        real::svd(Mat::from_fn(2, 2, |i, j| [[0.0, -3.0], [1.0, 0.0]][i][j]).as_ref()).unwrap();
    assert!((svd.values[0] - 3.0).abs() < 1e-14 && (svd.values[1] - 1.0).abs() < 1e-14);
}

#[test]
fn the_unit_of_a_number_is_the_power_of_two_below_it() {
    for (top, unit) in [
        (1.0, 1.0),
        (1.99, 1.0),
        (2.0, 2.0),
        (0.3, 0.25),
        (1e-13, 2f64.powi(-44)),
    ] {
        assert_eq!(ops::binary_unit(top), unit, "{top}");
    }
    assert_eq!(ops::binary_unit(0.0), 1.0);
    assert_eq!(ops::binary_unit(1e-310), 1.0);
}

/// Another unit that is a power of two changes no bit of a decomposition: beams taken from covariances in
/// watts and in 2^-40 W are the same. Half of the matrices are nearly of rank one.
#[test]
fn a_unit_that_is_a_power_of_two_changes_no_bit() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for trial in 0..200 {
        let n = 1 + trial % 10;
        let strong = if trial % 20 < 10 { 1.0 } else { 1e3 };
        let b = Mat::from_fn(n, n, |_, j| {
            let size = if j == 0 { strong } else { 1.0 };
            let mut entry = || rng.random_range(-1.0..1.0) * size;
            c64::new(entry(), entry())
        });
        let a = ops::mul_adjoint(b.as_ref(), b.as_ref());
        for unit in [2f64.powi(-40), 2f64.powi(40), 2f64.powi(-47)] {
            let mut scaled = a.clone();
            ops::scale(scaled.as_mut(), unit);
            let (a, scaled) = (a.as_ref(), scaled.as_ref());
            let place = format!("trial {trial}, order {n}, {unit:e}");
            let times = |values: &[f64]| values.iter().map(|v| v * unit).collect::<Vec<_>>();
            let (one, two) = (factor::eigh(a).unwrap(), factor::eigh(scaled).unwrap());
            assert_eq!(times(&one.values), two.values, "{place}");
            assert_eq!(one.vectors, two.vectors, "{place}");
            let (one, two) = (
                factor::eigvalsh(a).unwrap(),
                factor::eigvalsh(scaled).unwrap(),
            );
            assert_eq!(times(&one), two, "{place}");
            let mut kept = workspace::HermitianEigenvalues::new(n);
            let one = times(kept.of(a).unwrap());
            assert_eq!(one, kept.of(scaled).unwrap(), "{place}");
            let (one, two) = (factor::svd(a).unwrap(), factor::svd(scaled).unwrap());
            assert_eq!(times(&one.values), two.values, "{place}");
            assert_eq!((one.u, one.v), (two.u, two.v), "{place}");
            let (one, two) = (
                factor::singular_values(a).unwrap(),
                factor::singular_values(scaled).unwrap(),
            );
            assert_eq!(times(&one), two, "{place}");
        }
    }
}
