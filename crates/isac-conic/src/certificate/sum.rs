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
        let shift = vec![self.shift; self.n];
        match (&self.pools[..], &self.rest) {
            ([(v, b)], None) => least_of_low_rank(&shift, v, b),
            // Vectors given one by one.
            ([_, ..], None) => {
                let p = self.pools.iter().map(|(v, _)| v.ncols()).sum();
                let (mut all, mut cores) = (Mat::zeros(self.n, p), Mat::zeros(p, p));
                let mut first = 0;
                for (v, b) in &self.pools {
                    let own = v.ncols();
                    let (left, core) = (all.as_mut(), cores.as_mut());
                    left.subcols_mut(first, own).copy_from(v.as_ref());
                    core.submatrix_mut(first, first, own, own).copy_from(b);
                    first += own;
                }
                least_of_low_rank(&shift, &all, &cores)
            }
            ([], None) | (_, Some(_)) => None,
        }
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

/// The least eigenvalue of `diag(outside) + V B V^H` with few columns in `V`, each of which meets one value
/// `d` of the diagonal alone. Columns that meet different values have no row in common, so with `V^H V = L L^H` it is
/// that of `diag(d) + L^H B L`, or a value of the diagonal. `None` where `V` is wide, its columns depend on
/// each other, or one of them meets several values.
pub(super) fn least_of_low_rank(outside: &[f64], v: &Mat<c64>, b: &Mat<c64>) -> Option<f64> {
    if 2 * v.ncols() >= v.nrows() || v.ncols() == 0 {
        return None;
    }
    let met = |j: usize| {
        let rows = v.col_as_slice(j).iter().zip(outside);
        let mut values = rows.filter(|(z, _)| **z != c64::ZERO).map(|(_, o)| *o);
        let first = values.next()?;
        values
            .all(|o| o.to_bits() == first.to_bits())
            .then_some(first)
    };
    let met: Vec<f64> = (0..v.ncols()).map(met).collect::<Option<_>>()?;
    let v = v.as_ref();
    let gram = ops::adjoint_mul(v, v);
    let l = factor::cholesky("certificate", gram.as_ref()).ok()?;
    let core = congruence(b.as_ref(), l.lower());
    let mut hermitian = isac_linalg::hermitian::hermitian_part(core.as_ref());
    for (i, d) in met.into_iter().enumerate() {
        hermitian[(i, i)] += d;
    }
    let least = factor::eigvalsh(hermitian.as_ref()).ok()?;
    let outside = outside.iter().copied().fold(f64::INFINITY, f64::min);
    Some(least.first()?.min(outside))
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
        // Vectors given one by one, and blocks with values of their own.
        let mut apart = Sum::zero(n);
        apart.shift = 0.3;
        for k in 0..4 {
            let one = Mat::from_fn(n, 1, |i, _| v[(i, k)]);
            apart.pools.push((
                Arc::new(one),
                Mat::from_fn(1, 1, |_, _| c64::from(-1.0 - k as f64)),
            ));
        }
        let least = apart.least_of_low_rank().unwrap();
        assert!((least - min_eigenvalue(apart.dense().as_ref())).abs() < 1e-12);
        let parts = Mat::from_fn(n, 4, |i, k| {
            if (i < 12) == (k < 2) {
                v[(i, k)]
            } else {
                c64::ZERO
            }
        });
        let outside: Vec<f64> = (0..n).map(|i| if i < 12 { 0.7 } else { 0.2 }).collect();
        for factor in [-0.1, -1.0, 1.0] {
            let core = outer(&sample(4, 4, 9), &[factor; 4]);
            let least = least_of_low_rank(&outside, &parts, &core).unwrap();
            let mut dense = ops::mul(parts.as_ref(), core.as_ref());
            dense = ops::mul_adjoint(dense.as_ref(), parts.as_ref());
            (0..n).for_each(|i| dense[(i, i)] += outside[i]);
            let expected = min_eigenvalue(dense.as_ref());
            assert!((least - expected).abs() < 1e-12, "{least} {expected}");
            assert!(least_of_low_rank(&outside, &v, &core).is_none());
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
