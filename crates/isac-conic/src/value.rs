//! Values of Hermitian matrix variables, entry by entry or as the reduction leaves them.

use std::sync::{Arc, OnceLock};

use isac_linalg::{Mat, MatRef, c64, ops};

/// A Hermitian matrix `diag(outside) + U core U^H`, or any other one.
///
/// What a program asks of a value are its products with a few vectors, its trace and its least
/// eigenvalue; with a `U` of few columns they cost next to nothing, whatever the order. The entries are
/// computed when somebody wants to see them.
#[derive(Debug, Clone)]
pub(crate) struct Value {
    compact: Option<Compact>,
    dense: OnceLock<Mat<c64>>,
}

#[derive(Debug, Clone)]
pub(crate) struct Compact {
    pub(crate) u: Arc<Mat<c64>>,
    /// Hermitian, one row per column of `u`.
    pub(crate) core: Mat<c64>,
    /// One per row of `u`.
    pub(crate) outside: Vec<f64>,
}

impl From<Mat<c64>> for Value {
    fn from(dense: Mat<c64>) -> Self {
        Self {
            compact: None,
            dense: OnceLock::from(dense),
        }
    }
}

impl From<Compact> for Value {
    fn from(compact: Compact) -> Self {
        Self {
            compact: Some(compact),
            dense: OnceLock::new(),
        }
    }
}

impl Value {
    /// All entries, exactly Hermitian if they were.
    pub(crate) fn dense(&self) -> &Mat<c64> {
        self.dense.get_or_init(|| match &self.compact {
            Some(compact) => compact.dense(),
            None => Mat::new(),
        })
    }

    /// Order of the matrix.
    pub(crate) fn order(&self) -> usize {
        match &self.compact {
            Some(compact) => compact.u.nrows(),
            None => self.dense().nrows(),
        }
    }

    pub(crate) fn compact(&self) -> Option<&Compact> {
        self.compact.as_ref()
    }

    /// `V^H X V`.
    pub(crate) fn pooled(&self, v: MatRef<'_, c64>) -> Mat<c64> {
        match &self.compact {
            Some(Compact { u, core, outside }) => {
                let uv = ops::adjoint_mul(u.as_ref().as_ref(), v);
                let mut out = congruence(core.as_ref(), uv.as_ref());
                if outside.iter().any(|o| *o != 0.0) {
                    let scaled = Mat::from_fn(v.nrows(), v.ncols(), |i, j| v[(i, j)] * outside[i]);
                    let rest = ops::adjoint_mul(v, scaled.as_ref());
                    ops::axpy(out.as_mut(), 1.0, rest.as_ref());
                }
                out
            }
            None => congruence(self.dense().as_ref(), v),
        }
    }

    pub(crate) fn trace(&self) -> f64 {
        match &self.compact {
            Some(Compact { u, core, outside }) => {
                let u = u.as_ref().as_ref();
                let gram = ops::adjoint_mul(u, u);
                outside.iter().sum::<f64>() + ops::inner(gram.as_ref(), core.as_ref())
            }
            None => {
                let x = self.dense();
                (0..x.nrows()).map(|i| x[(i, i)].re).sum()
            }
        }
    }

    pub(crate) fn scale(&mut self, factor: f64) {
        if let Some(compact) = &mut self.compact {
            ops::scale(compact.core.as_mut(), factor);
            compact.outside.iter_mut().for_each(|o| *o *= factor);
        }
        if let Some(dense) = self.dense.get_mut() {
            ops::scale(dense.as_mut(), factor);
        }
    }
}

/// `V^H X V`.
pub(super) fn congruence(x: MatRef<'_, c64>, v: MatRef<'_, c64>) -> Mat<c64> {
    ops::adjoint_mul(v, ops::mul(x, v).as_ref())
}

impl Compact {
    /// Block by block below the diagonal, and mirrored while the block is at hand.
    fn dense(&self) -> Mat<c64> {
        const BLOCK: usize = 16;
        let u = self.u.as_ref().as_ref();
        let n = u.nrows();
        let half = ops::mul(u, self.core.as_ref());
        let mut x = Mat::<c64>::zeros(n, n);
        for left in (0..n).step_by(BLOCK) {
            let right = u.subrows(left, BLOCK.min(n - left));
            for top in (left..n).step_by(BLOCK) {
                let rows = half.as_ref().subrows(top, BLOCK.min(n - top));
                let part = ops::mul_adjoint(rows, right);
                for j in 0..part.ncols() {
                    for (i, &value) in part.col_as_slice(j).iter().enumerate() {
                        let (i, j) = (top + i, left + j);
                        if i == j {
                            x[(i, i)] = c64::new(value.re + self.outside[i], 0.0);
                        } else if i > j {
                            x[(i, j)] = value;
                            x[(j, i)] = value.conj();
                        }
                    }
                }
            }
        }
        x
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_compact_value_is_its_dense_form() {
        for (n, r, outside) in [(1, 1, 0.5), (7, 2, 0.0), (40, 5, 0.3)] {
            let entry = |i: usize, k: usize| {
                c64::new(
                    (3.0 * i as f64 + k as f64).sin(),
                    (i as f64 - 2.0 * k as f64).cos(),
                )
            };
            let core = isac_linalg::hermitian::hermitian_part(Mat::from_fn(r, r, entry).as_ref());
            let u = Arc::new(Mat::from_fn(n, r, entry));
            let outside = (0..n).map(|i| outside * (1 + i % 3) as f64).collect();
            let mut value = Value::from(Compact { u, core, outside });
            let v = Mat::from_fn(n, 3, |i, k| entry(i + 1, k + 2));
            for factor in [1.0, -2.0] {
                value.scale(factor);
                let plain = Value::from(value.dense().clone());
                assert!((value.trace() - plain.trace()).abs() < 1e-12 * n as f64);
                let mut rest = value.pooled(v.as_ref());
                ops::axpy(rest.as_mut(), -1.0, plain.pooled(v.as_ref()).as_ref());
                assert!(ops::norm_max(rest.as_ref()) < 1e-12 * (n * n) as f64);
                let x = plain.dense();
                assert!((0..n).all(|i| (0..n).all(|j| x[(i, j)] == x[(j, i)].conj())));
            }
        }
    }
}
