//! The kernels on numbers of about 31 digits: products, Cholesky factors, triangular solves.

use std::cell::RefCell;
use std::marker::PhantomData;

use faer::prelude::{Reborrow, ReborrowMut};
use faer::traits::pulp::{Arch, NullaryFnOnce};

use super::arithmetic::two_sum;
use super::planes::{Parts, Planes, entry};
use crate::field::Real;
use crate::ops::Op;
use crate::{MatMut, MatRef};

/// Memory of the kernels, one per thread: they allocate only when a matrix is larger than any before.
#[derive(Default)]
struct Work {
    columns: Planes,
    sum: Planes,
    /// Of the products, or the reciprocal pivots of a triangular solve.
    factors: Planes,
}

thread_local! {
    static WORK: RefCell<Work> = RefCell::default();
}

/// `sum += columns[from..to, first..first + count] factors`: the one inner loop of everything here.
struct Combine<'a, T> {
    sum: [&'a mut [f64]; 4],
    columns: &'a Planes,
    rows: (usize, usize),
    first: usize,
    count: usize,
    factors: &'a Planes,
    scalar: PhantomData<T>,
}

impl<T: Parts> NullaryFnOnce for Combine<'_, T> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let [re, re_low, im, im_low] = self.sum;
        for k in 0..self.count {
            let factor = self.factors.get::<T>(k, 0);
            if factor == T::ZERO {
                continue;
            }
            let column = self
                .columns
                .column(self.first + k, self.rows.0, self.rows.1);
            let [ah, al, ai, ak] = column;
            let [b0, b1, b2, b3] = factor.split();
            add_product(re, re_low, ah, al, b0, b1);
            if !T::REAL {
                add_product(re, re_low, ai, ak, -b2, -b3);
                add_product(im, im_low, ah, al, b2, b3);
                add_product(im, im_low, ai, ak, b0, b1);
            }
        }
    }
}

/// `(hi, lo) += a (bh + bl)`, entry by entry.
#[inline(always)]
fn add_product(hi: &mut [f64], lo: &mut [f64], ah: &[f64], al: &[f64], bh: f64, bl: f64) {
    let n = hi.len();
    let (lo, ah, al) = (&mut lo[..n], &ah[..n], &al[..n]);
    for i in 0..n {
        let p = ah[i] * bh;
        let e = ah[i].mul_add(bl, al[i].mul_add(bh, ah[i].mul_add(bh, -p)));
        let (sum, error) = two_sum(hi[i], p);
        hi[i] = sum;
        lo[i] += error + e;
    }
}

pub(super) fn gemm<T: Parts>(
    mut dst: MatMut<'_, T>,
    accumulate: bool,
    alpha: T::R,
    (a, op_a): (MatRef<'_, T>, Op),
    (b, op_b): (MatRef<'_, T>, Op),
) {
    WORK.with_borrow_mut(|work| {
        work.columns.assign(a, op_a);
        for j in 0..dst.ncols() {
            work.multiply(b, op_b, j);
            for i in 0..dst.nrows() {
                let value = work.sum.get::<T>(i, 0).times(alpha);
                dst[(i, j)] = if accumulate {
                    dst[(i, j)] + value
                } else {
                    value
                };
            }
        }
    });
}

impl Work {
    /// `sum <- columns op(b)[:, j]`.
    fn multiply<T: Parts>(&mut self, b: MatRef<'_, T>, op: Op, j: usize) {
        let (rows, depth) = (
            self.columns.rows,
            if op == Op::Plain {
                b.nrows()
            } else {
                b.ncols()
            },
        );
        self.factors.resize::<T>(depth, 1);
        for p in 0..depth {
            self.factors.set(p, 0, entry(b, op, p, j));
        }
        self.sum.resize::<T>(rows, 1);
        self.sum.parts.iter_mut().for_each(|part| part.fill(0.0));
        self.combine::<T>((0, rows), 0, depth);
    }

    /// `sum[rows] += columns[rows, first..first + count] factors`.
    #[inline]
    fn combine<T: Parts>(&mut self, rows: (usize, usize), first: usize, count: usize) {
        Arch::new().dispatch(Combine::<T> {
            sum: self.sum.column_mut(0, rows.0, rows.1),
            columns: &self.columns,
            rows,
            first,
            count,
            factors: &self.factors,
            scalar: PhantomData,
        });
    }
}

pub(super) fn cholesky<T: Parts>(mut a: MatMut<'_, T>) -> bool {
    let n = a.nrows();
    WORK.with_borrow_mut(|work| {
        work.columns.assign(a.rb(), Op::Plain);
        work.sum.resize::<T>(n, 1);
        work.factors.resize::<T>(n, 1);
        for j in 0..n {
            for p in 0..j {
                let factor = -work.columns.get::<T>(j, p).conjugate();
                work.factors.set(p, 0, factor);
            }
            let own = work.columns.column(j, j, n);
            for (target, source) in work.sum.column_mut(0, j, n).into_iter().zip(own) {
                target.copy_from_slice(source);
            }
            work.combine::<T>((j, n), 0, j);
            let pivot = work.sum.get::<T>(j, 0).re();
            let size = pivot.to_f64();
            if !(size > 0.0 && size.is_finite()) {
                return false;
            }
            let root = pivot.root();
            let inverse = T::R::from(1.0) / root;
            work.columns.set(j, j, T::real(root));
            a[(j, j)] = T::real(root);
            for i in j + 1..n {
                let value = work.sum.get::<T>(i, 0).times(inverse);
                work.columns.set(i, j, value);
                a[(i, j)] = value;
            }
        }
        true
    })
}

/// `rhs <- L^-1 rhs`, or `L^-H rhs`.
pub(super) fn solve<T: Parts>(l: MatRef<'_, T>, op: Op, mut rhs: MatMut<'_, T>) {
    let n = l.nrows();
    WORK.with_borrow_mut(|work| {
        work.columns.assign(l, op);
        work.sum.resize::<T>(n, 1);
        work.factors.resize::<T>(1, 1);
        // The diagonal is not needed but for its reciprocals.
        for p in 0..n {
            let reciprocal = T::R::from(1.0) / l[(p, p)].re();
            work.columns.set(p, p, T::real(reciprocal));
        }
        for j in 0..rhs.ncols() {
            for i in 0..n {
                work.sum.set(i, 0, rhs[(i, j)]);
            }
            for step in 0..n {
                let p = if op == Op::Plain { step } else { n - 1 - step };
                let pivot = work.columns.get::<T>(p, p).re();
                let value = work.sum.get::<T>(p, 0).times(pivot);
                rhs[(p, j)] = value;
                let rows = if op == Op::Plain { (p + 1, n) } else { (0, p) };
                work.factors.set(0, 0, -value);
                work.combine::<T>(rows, p, 1);
            }
        }
    });
}

pub(super) fn inverse_from_lower<T: Parts>(mut dst: MatMut<'_, T>, l: MatRef<'_, T>) {
    let n = l.nrows();
    for j in 0..n {
        for i in 0..n {
            dst[(i, j)] = if i == j { T::real(1.0.into()) } else { T::ZERO };
        }
    }
    solve(l, Op::Plain, dst.rb_mut());
    WORK.with_borrow_mut(|work| {
        work.columns.assign(dst.rb(), Op::Adjoint);
        for j in 0..n {
            // Column `j` of the product needs no other column of what it replaces.
            work.multiply(dst.rb(), Op::Plain, j);
            for i in 0..n {
                dst[(i, j)] = work.sum.get::<T>(i, 0);
            }
        }
    });
    for j in 0..n {
        dst[(j, j)] = T::real(dst[(j, j)].re());
        for i in j + 1..n {
            dst[(j, i)] = dst[(i, j)].conjugate();
        }
    }
}
