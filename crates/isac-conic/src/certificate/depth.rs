//! How far below zero the eigenvalues of a Hermitian matrix reach.

use isac_linalg::{Mat, MatRef, c64, factor, ops};

/// Smallest eigenvalue of a Hermitian matrix; real arithmetic when it is real. NaN on failure.
pub(super) fn min_eigenvalue(a: MatRef<'_, c64>) -> f64 {
    let n = a.nrows();
    let real = (0..n).all(|j| (0..n).all(|i| a[(i, j)].im == 0.0));
    let values = if real {
        let re = Mat::from_fn(n, n, |i, j| a[(i, j)].re);
        isac_linalg::real::eigvalsh(re.as_ref())
    } else {
        factor::eigvalsh(a)
    };
    values.map_or(f64::NAN, |v| v.first().copied().unwrap_or(0.0))
}

/// A shift of the diagonal that no error measure shows.
const NEGLIGIBLE: f64 = 1e-11;
/// Orders up to which eigenvalues are computed at once.
const SMALL: usize = 8;
/// Ranks at most for which a matrix is compared with a product of low rank.
const LOW_RANK: usize = 16;

/// How far below zero the eigenvalues of a Hermitian matrix reach; 0 for a semidefinite one,
/// infinite on failure.
///
/// Three cheaper proofs come before the eigenvalues of a large matrix: a Cholesky factor shows an
/// interior point, one after a shift in the last digits a point on the boundary, and a matrix that
/// differs from `L L^H` of low rank by next to nothing reaches no further below zero than that.
/// Where entries are so large that such a shift would count, the eigenvalues decide.
pub(super) fn depth(a: MatRef<'_, c64>) -> f64 {
    let n = a.nrows();
    if n > SMALL {
        if n > 2 * LOW_RANK
            && let Some(rest) = beyond_low_rank(a)
        {
            return rest;
        }
        if factor::cholesky("certificate", a).is_ok() {
            return 0.0;
        }
        let shift = 4.0 * n as f64 * f64::EPSILON * ops::norm(a);
        if shift <= NEGLIGIBLE {
            let mut shifted = a.to_owned();
            for i in 0..n {
                shifted[(i, i)] += shift;
            }
            if factor::cholesky("certificate", shifted.as_ref()).is_ok() {
                return shift;
            }
        }
    }
    below(min_eigenvalue(a))
}

/// Norm of `A - L L^H`, `L` a Cholesky factor of low rank with pivots; `None` where it is not
/// negligible.
fn beyond_low_rank(a: MatRef<'_, c64>) -> Option<f64> {
    let n = a.nrows();
    let mut rest: Vec<f64> = (0..n).map(|i| a[(i, i)].re).collect();
    let mut columns: Vec<Vec<c64>> = Vec::new();
    let enough = NEGLIGIBLE / n as f64;
    loop {
        let (pivot, top) = (rest.iter().copied().enumerate()).fold((0, 0.0), |best, (i, v)| {
            if v > best.1 { (i, v) } else { best }
        });
        if top <= enough {
            break;
        }
        if columns.len() == LOW_RANK {
            return None;
        }
        let mut column: Vec<c64> = (0..n).map(|i| a[(i, pivot)]).collect();
        for earlier in &columns {
            let factor = earlier[pivot].conj();
            for (c, e) in column.iter_mut().zip(earlier) {
                *c -= *e * factor;
            }
        }
        let root = top.sqrt();
        for (c, r) in column.iter_mut().zip(&mut rest) {
            *c /= root;
            *r -= c.norm_sqr();
        }
        columns.push(column);
    }
    let l = Mat::from_fn(n, columns.len(), |i, k| columns[k][i]);
    let l = l.as_ref();
    let mut square = 0.0;
    for first in (0..n).step_by(LOW_RANK) {
        // From the diagonal down; the rest is the same again.
        let (width, rest) = (LOW_RANK.min(n - first), n - first);
        let mut part = ops::mul_adjoint(l.subrows(first, rest), l.subrows(first, width));
        ops::axpy(part.as_mut(), -1.0, a.submatrix(first, first, rest, width));
        let own = ops::norm2(part.as_ref().subrows(0, width));
        square += own + 2.0 * (ops::norm2(part.as_ref()) - own);
    }
    let norm = square.sqrt();
    (norm <= NEGLIGIBLE).then_some(norm)
}

/// `max(0, -x)`, infinite for NaN.
pub(super) fn below(x: f64) -> f64 {
    if x.is_nan() {
        f64::INFINITY
    } else {
        (-x).max(0.0)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) fn sample(rows: usize, columns: usize, seed: u32) -> Mat<c64> {
        let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(5);
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f64::from(state >> 8) / f64::from(1 << 24) - 0.5
        };
        Mat::from_fn(rows, columns, |_, _| c64::new(next(), next()))
    }

    pub(in super::super) fn outer(v: &Mat<c64>, weights: &[f64]) -> Mat<c64> {
        let scaled = Mat::from_fn(v.nrows(), v.ncols(), |i, k| v[(i, k)] * weights[k]);
        let out = ops::mul_adjoint(scaled.as_ref(), v.as_ref());
        isac_linalg::hermitian::hermitian_part(out.as_ref())
    }

    /// Every shortcut against the eigenvalues, on matrices inside, on and outside the cone.
    #[test]
    fn depths_are_those_of_the_eigenvalues() {
        for n in [3, 9, 20, 40, 70] {
            for rank in [1, 3, 16, n] {
                let v = sample(n, rank.min(n), n as u32);
                for last in [1.0, 0.0, -1e-3] {
                    let mut weights = vec![1.0; v.ncols()];
                    weights[0] = last;
                    let a = outer(&v, &weights);
                    let expected = below(min_eigenvalue(a.as_ref()));
                    let got = depth(a.as_ref());
                    let error = (got - expected).abs();
                    assert!(error <= 1e-11, "{n} {rank} {last}: {got:e} {expected:e}");
                }
            }
        }
    }

    #[test]
    fn a_large_matrix_on_the_boundary_is_not_charged_with_a_shift() {
        // A shift that makes the factorisation succeed is 3.5e-7 here; the eigenvalues know better.
        let v = sample(40, 1, 3);
        let a = outer(&v, &[1e7 / ops::norm2(v.as_ref())]);
        assert!(depth(a.as_ref()) < 3e-8, "{:e}", depth(a.as_ref()));
    }
}
