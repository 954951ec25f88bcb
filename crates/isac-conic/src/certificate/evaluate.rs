//! Values of expressions at a point, and matrices made of coefficients.

use std::cell::RefCell;
use std::sync::Arc;

use isac_linalg::{Mat, MatRef, c64, ops};

use crate::expr::{Affine, Coefficient, Data, HermitianAffine};
use crate::outcome::Point;
use crate::value::congruence;

/// `Re tr(B V^H X V)` for the entries of `B`, given `V^H X V`.
fn inner_core(core: &[(usize, usize, c64)], pooled: MatRef<'_, c64>) -> f64 {
    core.iter()
        .map(|&(p, q, b)| {
            let product = (b * pooled[(q, p)]).re;
            if p == q { product } else { 2.0 * product }
        })
        .sum()
}

pub(super) fn inner(coefficient: &Coefficient, x: MatRef<'_, c64>) -> f64 {
    let value = match &coefficient.data {
        Data::Identity => (0..x.nrows()).map(|i| x[(i, i)].re).sum(),
        Data::Dense(a) => ops::inner(a.as_ref().as_ref(), x),
        Data::Sparse(entries) => entries
            .iter()
            .map(|&(i, j, a)| {
                let product = (a.conj() * x[(i, j)]).re;
                if i == j { product } else { 2.0 * product }
            })
            .sum(),
        Data::Factor { vectors, core } => {
            inner_core(core, congruence(x, vectors.as_ref().as_ref()).as_ref())
        }
    };
    coefficient.weight * value
}

/// A point with the products `V^H X V` met so far: rows mostly share their vectors.
pub(super) struct Evaluator<'a> {
    pub(super) point: &'a Point,
    /// Per variable.
    pools: RefCell<Vec<Vec<(Arc<Mat<c64>>, Mat<c64>)>>>,
}

impl<'a> Evaluator<'a> {
    pub(super) fn new(point: &'a Point) -> Self {
        Self {
            point,
            pools: RefCell::new(vec![Vec::new(); point.matrices.len()]),
        }
    }

    /// What is made of `V^H X V`.
    pub(super) fn with_pool<T>(
        &self,
        id: usize,
        v: &Arc<Mat<c64>>,
        make: impl Fn(MatRef<'_, c64>) -> T,
    ) -> T {
        let pools = &mut self.pools.borrow_mut()[id];
        let at = find_pool(pools, v).unwrap_or_else(|| {
            let pooled = self.point.matrices[id].pooled(v.as_ref().as_ref());
            pools.push((Arc::clone(v), pooled));
            pools.len() - 1
        });
        make(pools[at].1.as_ref())
    }

    fn inner(&self, id: usize, coefficient: &Coefficient) -> f64 {
        let x = &self.point.matrices[id];
        match &coefficient.data {
            Data::Identity => coefficient.weight * x.trace(),
            Data::Factor { vectors, core } => {
                coefficient.weight * self.with_pool(id, vectors, |pooled| inner_core(core, pooled))
            }
            Data::Dense(_) | Data::Sparse(_) => inner(coefficient, x.dense().as_ref()),
        }
    }

    /// Without the constant.
    pub(super) fn linear(&self, expression: &Affine) -> f64 {
        let scalars = expression.scalars.iter();
        let scalars: f64 = scalars.map(|&(id, c)| c * self.point.scalars[id]).sum();
        let matrices = expression.matrices.iter();
        scalars + matrices.map(|(id, c)| self.inner(*id, c)).sum::<f64>()
    }

    pub(super) fn value(&self, expression: &Affine) -> f64 {
        expression.constant + self.linear(expression)
    }

    pub(super) fn matrix(&self, expression: &HermitianAffine, constants: bool) -> Mat<c64> {
        let n = expression.n;
        let mut out = match (&expression.constant, constants) {
            (Some(c), true) => c.clone(),
            _ => Mat::zeros(n, n),
        };
        for (factor, coefficient) in &expression.terms {
            let constant = if constants { factor.constant } else { 0.0 };
            accumulate(&mut out, constant + self.linear(factor), coefficient);
        }
        for (id, weight, t) in &expression.congruences {
            let product = self.point.matrices[*id].pooled(t.as_ref());
            ops::axpy(out.as_mut(), *weight, product.as_ref());
        }
        isac_linalg::hermitian::hermitian_part(out.as_ref())
    }
}

/// Place of the entry with these vectors.
pub(super) fn find_pool(
    pools: &[(Arc<Mat<c64>>, Mat<c64>)],
    vectors: &Arc<Mat<c64>>,
) -> Option<usize> {
    // Matrices of different shape must not be compared entry by entry.
    let same = |v: &Mat<c64>| v.shape() == vectors.shape() && v == vectors.as_ref();
    (pools.iter()).position(|(v, _)| Arc::ptr_eq(v, vectors) || same(v))
}

/// `target += factor B`, both triangles.
pub(super) fn add_core(target: &mut Mat<c64>, factor: f64, core: &[(usize, usize, c64)]) {
    for &(p, q, value) in core {
        target[(p, q)] += value * factor;
        if p != q {
            target[(q, p)] += value.conj() * factor;
        }
    }
}

pub(super) fn accumulate(target: &mut Mat<c64>, factor: f64, coefficient: &Coefficient) {
    let factor = factor * coefficient.weight;
    if factor == 0.0 {
        return;
    }
    match &coefficient.data {
        Data::Identity => {
            for i in 0..target.nrows() {
                target[(i, i)] += factor;
            }
        }
        Data::Dense(a) => ops::axpy(target.as_mut(), factor, a.as_ref().as_ref()),
        Data::Sparse(entries) => {
            for &(i, j, a) in entries.iter() {
                target[(i, j)] += a * factor;
                if i != j {
                    target[(j, i)] += a.conj() * factor;
                }
            }
        }
        Data::Factor { vectors, core } => {
            let v: MatRef<'_, c64> = vectors.as_ref().as_ref();
            let mut b = Mat::<c64>::zeros(v.ncols(), v.ncols());
            add_core(&mut b, factor, core);
            let vb = ops::mul(v, b.as_ref());
            let product = ops::mul_adjoint(vb.as_ref(), v);
            ops::axpy(target.as_mut(), 1.0, product.as_ref());
        }
    }
}
