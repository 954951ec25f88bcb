//! Factorisations against their definitions, and the failures they promise.

use isac_linalg::{Error, Mat, approx, c64, factor, hermitian, ops, real};

fn sample(rows: usize, cols: usize) -> Mat<c64> {
    Mat::from_fn(rows, cols, |i, j| {
        let t = (3 * i * i + 7 * j * i + j * j + 1) as f64;
        c64::new(t.sin(), (1.7 * t).cos())
    })
}

#[test]
fn cholesky_solves_and_names_the_bad_pivot() {
    for n in [1, 2, 5, 9] {
        let b = sample(n, n + 2);
        let a = ops::mul_adjoint(b.as_ref(), b.as_ref());
        let chol = factor::cholesky("a", a.as_ref()).unwrap();
        let lower = ops::mul_adjoint(chol.lower(), chol.lower());
        approx::compare(lower.as_ref(), a.as_ref(), 1e-13, 0.0).unwrap();
        let x = chol.solve(b.as_ref());
        approx::compare(
            ops::mul(a.as_ref(), x.as_ref()).as_ref(),
            b.as_ref(),
            1e-10,
            0.0,
        )
        .unwrap();
        let y = chol.solve_lower(b.as_ref());
        approx::compare(
            ops::mul(chol.lower(), y.as_ref()).as_ref(),
            b.as_ref(),
            1e-12,
            0.0,
        )
        .unwrap();
    }
    let mut a = Mat::<c64>::identity(3, 3);
    a[(1, 1)] = c64::new(-1.0, 0.0);
    assert_eq!(
        factor::cholesky("a", a.as_ref()).unwrap_err(),
        Error::NotPositiveDefinite {
            what: "a".into(),
            pivot: 1
        }
    );
    a[(1, 1)] = c64::new(f64::NAN, 0.0);
    assert!(factor::cholesky("a", a.as_ref()).is_err());
    assert!(factor::eigh(a.as_ref()).is_err());
}

#[test]
fn eigenvalues_ascend_and_reconstruct() {
    let b = sample(6, 3);
    let a = ops::mul_adjoint(b.as_ref(), b.as_ref());
    let eigen = factor::eigh(a.as_ref()).unwrap();
    assert!(eigen.values.windows(2).all(|w| w[0] <= w[1]));
    assert_eq!(hermitian::rank(a.as_ref(), 1e-10).unwrap(), 3);
    let back = hermitian::project_psd(a.as_ref()).unwrap();
    approx::compare(back.as_ref(), a.as_ref(), 1e-13, 0.0).unwrap();
}

#[test]
fn basis_spans_the_columns_at_any_scale() {
    let mut a = sample(6, 4);
    for i in 0..6 {
        let twice = a[(i, 0)] * 2e9;
        a[(i, 2)] = twice;
        a[(i, 3)] = c64::ZERO;
    }
    let q = factor::orthonormal_basis(a.as_ref(), 1e-12).unwrap();
    assert_eq!(q.ncols(), 2);
    let projected = ops::mul(
        q.as_ref(),
        ops::adjoint_mul(q.as_ref(), a.as_ref()).as_ref(),
    );
    approx::compare(projected.as_ref(), a.as_ref(), 1e-12, 0.0).unwrap();
}

#[test]
fn real_twin_agrees() {
    let a = Mat::from_fn(3, 3, |i, j| 1.0 / (1.0 + (i + j) as f64));
    let inverse = real::cholesky("hilbert", a.as_ref()).unwrap().inverse();
    // The inverse of the 3 x 3 Hilbert matrix has the integer trace 9 + 192 + 180.
    let trace: f64 = (0..3).map(|i| inverse[(i, i)]).sum();
    assert!((trace - 381.0).abs() < 1e-9);
}

#[test]
fn an_empty_matrix_has_no_eigenvalues() {
    let empty: isac_linalg::Mat<isac_linalg::c64> = isac_linalg::Mat::zeros(0, 0);
    let eigen = isac_linalg::factor::eigh(empty.as_ref()).unwrap();
    assert!(eigen.values.is_empty() && eigen.vectors.ncols() == 0);
    assert!(
        isac_linalg::factor::eigvalsh(empty.as_ref())
            .unwrap()
            .is_empty()
    );
}
