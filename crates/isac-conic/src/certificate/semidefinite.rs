//! Whether Hermitian matrices known up to an error are positive semidefinite.

use isac_linalg::{Mat, MatRef, c64, factor, hermitian, ops};

use super::depth::min_eigenvalue;
use super::exact::rank_at_most;

/// Bound on the relative rounding of a sum of products, per term.
pub(super) const UNIT: f64 = 4.0 * f64::EPSILON;

/// Columns that depend exactly on others are expressed by those: `V B V^H = W B' W^H`.
pub(super) fn contracted(
    v: &Mat<c64>,
    b: Mat<c64>,
    error: Mat<f64>,
) -> Option<(Mat<c64>, Mat<f64>)> {
    let (n, p) = (v.nrows(), v.ncols());
    let norms: Vec<f64> = (0..p)
        .map(|k| {
            v.col_as_slice(k)
                .iter()
                .map(|z| z.norm_sqr())
                .sum::<f64>()
                .sqrt()
        })
        .collect();
    if norms.contains(&0.0) {
        return None;
    }
    let unit = Mat::from_fn(n, p, |i, k| v[(i, k)] / norms[k]);
    let gram = ops::adjoint_mul(unit.as_ref(), unit.as_ref());
    let chosen = independent(&gram);
    let r = chosen.len();
    if r == p {
        return Some((b, error));
    }
    // The rank, exactly: every complex number as a real matrix of order two.
    let rows: Vec<Vec<f64>> = (0..2 * p)
        .map(|k| {
            let column = v.col_as_slice(k % p).iter();
            column
                .flat_map(|z| if k < p { [z.re, z.im] } else { [-z.im, z.re] })
                .collect()
        })
        .collect();
    if !rank_at_most(&rows, 2 * r) {
        return None;
    }
    let small = Mat::from_fn(r, r, |i, j| gram[(chosen[i], chosen[j])]);
    let least = min_eigenvalue(small.as_ref()) - 1e-14 * (r * r + n) as f64;
    if least.is_nan() || least <= 0.0 {
        return None;
    }
    let cholesky = factor::cholesky("proof", small.as_ref()).ok()?;
    let right = Mat::from_fn(r, p, |i, k| gram[(chosen[i], k)]);
    let c = cholesky.solve(right.as_ref());
    // Unit columns W with W C = V D exactly; C is known to this.
    let basis = Mat::from_fn(n, r, |i, k| unit[(i, chosen[k])]);
    let mut rest = ops::mul(basis.as_ref(), c.as_ref());
    ops::axpy(rest.as_mut(), -1.0, unit.as_ref());
    let top = ops::norm_max(c.as_ref());
    let accuracy =
        2.0 * (ops::norm(rest.as_ref()) + UNIT * (n + r) as f64 * (1.0 + top)) / least.sqrt();
    let scaled = Mat::from_fn(p, p, |i, j| b[(i, j)] * (norms[i] * norms[j]));
    let half = ops::mul(c.as_ref(), scaled.as_ref());
    let out = hermitian::hermitian_part(ops::mul_adjoint(half.as_ref(), c.as_ref()).as_ref());
    // Every entry is at most this far off.
    let mut off = 0.0;
    for j in 0..p {
        for i in 0..p {
            let own = error[(i, j)] * norms[i] * norms[j];
            let size = scaled[(i, j)].norm();
            off += own * (top + accuracy).powi(2)
                + size * (2.0 * top + accuracy) * accuracy
                + UNIT * (2 * p + 8) as f64 * size * top * top;
        }
    }
    Some((out, Mat::from_fn(r, r, |_, _| off)))
}

/// Columns of a Gram matrix of unit vectors that are independent by a margin, by pivoting.
pub(super) fn independent(gram: &Mat<c64>) -> Vec<usize> {
    let n = gram.nrows();
    let mut rest: Vec<f64> = (0..n).map(|i| gram[(i, i)].re).collect();
    let (mut chosen, mut columns): (Vec<usize>, Vec<Vec<c64>>) = (Vec::new(), Vec::new());
    while chosen.len() < n {
        let (pivot, top) = (rest.iter().copied().enumerate()).fold((0, 0.0), |best, (i, v)| {
            if v > best.1 { (i, v) } else { best }
        });
        if top <= 1e-11 * n as f64 {
            break;
        }
        let mut column: Vec<c64> = (0..n).map(|i| gram[(i, pivot)]).collect();
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
        rest[pivot] = 0.0;
        chosen.push(pivot);
        columns.push(column);
    }
    chosen
}

/// Whether every Hermitian matrix within `error` of `a`, entry by entry, is positive semidefinite.
///
/// Rows without entries and without error are zero. The others are scaled to a unit diagonal; a Cholesky
/// factor of what is left after a shift that covers the error and its own rounding is the proof.
pub(super) fn semidefinite(a: MatRef<'_, c64>, error: MatRef<'_, f64>) -> bool {
    let n = a.nrows();
    let kept: Vec<usize> = (0..n)
        .filter(|&i| (0..n).any(|j| error[(i, j)] != 0.0 || a[(i, j)] != c64::ZERO))
        .collect();
    if kept.is_empty() {
        return true;
    }
    let clear = |&i: &usize| a[(i, i)].re > error[(i, i)];
    if !kept.iter().all(clear) {
        return false;
    }
    let root = |i: usize| a[(kept[i], kept[i])].re.sqrt();
    let m = kept.len();
    let mut square = 0.0;
    for j in 0..m {
        for i in 0..m {
            square += (error[(kept[i], kept[j])] / (root(i) * root(j))).powi(2);
        }
    }
    let shift = 1.01 * square.sqrt() + UNIT * (m * (m + 10)) as f64;
    if shift.is_nan() || shift >= 1.0 {
        return false;
    }
    let scaled = Mat::from_fn(m, m, |i, j| {
        let value = a[(kept[i], kept[j])] / (root(i) * root(j));
        if i == j {
            c64::from(1.0 - shift)
        } else {
            value
        }
    });
    factor::cholesky("proof", scaled.as_ref()).is_ok()
}
