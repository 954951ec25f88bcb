//! Coefficients as the few vectors they are made of.

use isac_conic::Coefficient;
use isac_linalg::{Mat, MatRef, c64, factor, ops};

/// Relative size of what a factored coefficient may leave out: rounding.
const ROUNDING: f64 = 1e-13;

/// The real factor from one matrix to another of the same order, where rounding alone remains.
pub(super) fn proportional(a: MatRef<'_, c64>, b: MatRef<'_, c64>) -> Option<f64> {
    if a.shape() != b.shape() {
        return None;
    }
    let square = ops::inner(a, a);
    let ratio = ops::inner(a, b) / square;
    let bound = ROUNDING * ratio.abs() * square.sqrt();
    let close = |i: usize, j: usize| (b[(i, j)] - a[(i, j)] * ratio).norm() <= bound;
    let n = a.nrows();
    let all = (0..n).all(|j| (0..n).all(|i| close(i, j)));
    (all && ratio != 0.0 && ratio.is_finite()).then_some(ratio)
}

/// `sum_p weights_p v_p v_p^H` where at most half as many vectors as the order do.
pub(super) fn low_rank(a: MatRef<'_, c64>, largest: f64) -> Option<Coefficient> {
    let n = a.nrows();
    let top = (0..n).max_by(|&i, &j| a[(i, i)].re.abs().total_cmp(&a[(j, j)].re.abs()))?;
    let pivot = a[(top, top)].re;
    if pivot != 0.0 {
        // One vector: a column of the matrix.
        let v = Mat::from_fn(n, 1, |i, _| a[(i, top)] / pivot.abs().sqrt());
        let close = |i: usize, j: usize| {
            let product = v[(i, 0)] * v[(j, 0)].conj() * pivot.signum();
            (a[(i, j)] - product).norm() <= 0.1 * ROUNDING * largest
        };
        if (0..n).all(|j| (0..=j).all(|i| close(i, j))) {
            return Some(Coefficient::pool(v.as_ref(), &[pivot.signum()]));
        }
    }
    let eigen = factor::eigh(a).ok()?;
    let top = eigen.values.iter().fold(0.0_f64, |top, v| top.max(v.abs()));
    let kept: Vec<usize> = (0..n)
        .filter(|&p| eigen.values[p].abs() > ROUNDING * top)
        .collect();
    if 2 * kept.len() > n {
        return None;
    }
    let vectors = Mat::from_fn(n, kept.len(), |i, p| eigen.vectors[(i, kept[p])]);
    let weights: Vec<f64> = kept.iter().map(|&p| eigen.values[p]).collect();
    Some(Coefficient::pool(vectors.as_ref(), &weights))
}
