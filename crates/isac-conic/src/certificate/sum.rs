//! Hermitian matrices that stay the sums they were written as.

use std::sync::Arc;

use isac_linalg::{Mat, c64, factor, ops};

use super::depth::{below, depth};
use super::evaluate::{Evaluator, accumulate, add_core, find_pool};
use crate::expr::{Coefficient, Data};
use crate::value::congruence;

/// A Hermitian matrix as `shift I + sum V B V^H + rest`.
#[derive(Clone)]
pub(super) struct Sum {
    pub(super) n: usize,
    shift: f64,
    /// `V` and `B`.
    pools: Vec<(Arc<Mat<c64>>, Mat<c64>)>,
    rest: Option<Mat<c64>>,
}

impl Sum {
    pub(super) fn zero(n: usize) -> Self {
        Self {
            n,
            shift: 0.0,
            pools: Vec::new(),
            rest: None,
        }
    }

    pub(super) fn rest(&mut self) -> &mut Mat<c64> {
        self.rest.get_or_insert_with(|| Mat::zeros(self.n, self.n))
    }

    pub(super) fn add(&mut self, factor: f64, coefficient: &Coefficient) {
        let own = factor * coefficient.weight;
        match &coefficient.data {
            _ if own == 0.0 => {}
            Data::Identity => self.shift += own,
            Data::Factor { vectors, core } => {
                let at = find_pool(&self.pools, vectors).unwrap_or_else(|| {
                    let p = vectors.ncols();
                    self.pools.push((Arc::clone(vectors), Mat::zeros(p, p)));
                    self.pools.len() - 1
                });
                add_core(&mut self.pools[at].1, own, core);
            }
            Data::Dense(_) | Data::Sparse(_) => accumulate(self.rest(), factor, coefficient),
        }
    }

    /// All of it in one matrix.
    pub(super) fn dense(&self) -> Mat<c64> {
        let mut out = match &self.rest {
            Some(rest) => rest.clone(),
            None => Mat::zeros(self.n, self.n),
        };
        for (v, b) in &self.pools {
            let vb = ops::mul(v.as_ref().as_ref(), b.as_ref());
            let product = ops::mul_adjoint(vb.as_ref(), v.as_ref().as_ref());
            ops::axpy(out.as_mut(), 1.0, product.as_ref());
        }
        for i in 0..self.n {
            out[(i, i)] += self.shift;
        }
        out
    }

    /// [`depth`] of the matrix, or of its real part.
    pub(super) fn depth(&self, real: bool) -> f64 {
        if real {
            let dense = self.dense();
            let re = Mat::from_fn(self.n, self.n, |i, j| c64::new(dense[(i, j)].re, 0.0));
            return depth(re.as_ref());
        }
        match self.least_of_low_rank() {
            Some(least) => below(least),
            None => depth(self.dense().as_ref()),
        }
    }

    fn least_of_low_rank(&self) -> Option<f64> {
        let ([(v, b)], None) = (&self.pools[..], &self.rest) else {
            return None;
        };
        least_of_low_rank(self.shift, v, b)
    }

    /// `Re tr(self X)`.
    pub(super) fn inner(&self, id: usize, point: &Evaluator<'_>) -> f64 {
        let x = &point.point.matrices[id];
        let mut sum = match self.shift {
            0.0 => 0.0,
            shift => shift * x.trace(),
        };
        if let Some(rest) = &self.rest {
            sum += ops::inner(rest.as_ref(), x.dense().as_ref());
        }
        for (v, b) in &self.pools {
            sum += point.with_pool(id, v, |pooled| ops::inner(b.as_ref(), pooled));
        }
        sum
    }

    pub(super) fn largest(&self) -> f64 {
        if self.pools.is_empty() && self.rest.is_none() {
            self.shift.abs()
        } else {
            ops::norm_max(self.dense().as_ref())
        }
    }
}

/// The least eigenvalue of `shift I + V B V^H` with few columns in `V`: with `V^H V = L L^H` it is that
/// of `L^H B L` or zero, plus the shift. `None` where `V` is wide or its columns depend on each other.
pub(super) fn least_of_low_rank(shift: f64, v: &Mat<c64>, b: &Mat<c64>) -> Option<f64> {
    if 2 * v.ncols() >= v.nrows() || v.ncols() == 0 {
        return None;
    }
    let v = v.as_ref();
    let gram = ops::adjoint_mul(v, v);
    let l = factor::cholesky("certificate", gram.as_ref()).ok()?;
    let core = congruence(b.as_ref(), l.lower());
    let hermitian = isac_linalg::hermitian::hermitian_part(core.as_ref());
    let least = factor::eigvalsh(hermitian.as_ref()).ok()?;
    Some(shift + least.first()?.min(0.0))
}

#[cfg(test)]
mod tests {
    use super::super::depth::min_eigenvalue;
    use super::super::depth::tests::{outer, sample};
    use super::*;

    #[test]
    fn sums_of_low_rank_are_judged_as_their_dense_form() {
        let n = 30;
        let v = Arc::new(sample(n, 4, 8));
        for (shift, factor) in [(0.3, -1.0), (0.3, 1.0), (-0.2, 0.5), (30.0, -1.0)] {
            let mut sum = Sum::zero(n);
            sum.shift = shift;
            let b = outer(&sample(4, 4, 9), &[factor; 4]);
            sum.pools.push((Arc::clone(&v), b));
            let least = sum.least_of_low_rank().unwrap();
            let dense = min_eigenvalue(sum.dense().as_ref());
            assert!((least - dense).abs() < 1e-12 * (1.0 + shift.abs()));
        }
        // Dependent vectors have no Cholesky factor: the dense form decides.
        let mut twice = Sum::zero(n);
        twice.shift = 1.0;
        let w = Mat::from_fn(n, 2, |i, _| v[(i, 0)]);
        twice
            .pools
            .push((Arc::new(w), outer(&sample(2, 2, 1), &[-3.0, 0.0])));
        let dense = min_eigenvalue(twice.dense().as_ref());
        assert!((twice.depth(false) - below(dense)).abs() < 1e-12);
    }
}
