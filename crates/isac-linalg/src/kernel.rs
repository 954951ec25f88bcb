//! Kernels on caller-owned memory, real and complex under one name: what an iterative solver
//! calls thousands of times and must not allocate for.
//!
//! [`Field`] is implemented for `f64`, [`c64`] and their twofold forms of about 31 digits,
//! [`Twofold`] and [`TwofoldComplex`], and for nothing else; every kernel is compiled once for each.

use crate::little;
use crate::ops::Op;
use crate::{Mat, MatMut, MatRef, c64};
use faer::dyn_stack::{MemStack, StackReq};
use faer::{Accum, Par};

pub use crate::field::{Field, Real, Scratch};
pub use crate::twofold::{Twofold, TwofoldComplex};

macro_rules! field {
    ($scalar:ty, $is_real:expr, $zero:expr, $re:expr, $conj:expr, $from_re:expr, $from_c:expr, $to_c:expr, $little:expr) => {
        impl Field for $scalar {
            const REAL: bool = $is_real;
            const ZERO: Self = $zero;
            type R = f64;
            type Low = Self;

            #[inline]
            fn real(x: f64) -> Self {
                $from_re(x)
            }
            #[inline]
            fn from_c64(x: c64) -> Self {
                $from_c(x)
            }
            #[inline]
            fn to_c64(self) -> c64 {
                $to_c(self)
            }
            #[inline]
            fn low(self) -> Self {
                self
            }
            #[inline]
            fn conjugate(self) -> Self {
                $conj(self)
            }
            #[inline]
            fn re(self) -> f64 {
                $re(self)
            }
            #[inline]
            fn times(self, factor: f64) -> Self {
                self * factor
            }

            fn scratch(n: usize) -> StackReq {
                use faer::linalg::cholesky::llt;
                use faer::linalg::evd;
                StackReq::any_of(&[
                    llt::factor::cholesky_in_place_scratch::<Self>(n, Par::Seq, Default::default()),
                    llt::inverse::inverse_scratch::<Self>(n, Par::Seq),
                    evd::self_adjoint_evd_scratch::<Self>(
                        n,
                        evd::ComputeEigenvectors::No,
                        Par::Seq,
                        Default::default(),
                    ),
                ])
            }

            fn gemm(
                mut dst: MatMut<'_, Self>,
                accumulate: bool,
                alpha: f64,
                a: MatRef<'_, Self>,
                op_a: Op,
                b: MatRef<'_, Self>,
                op_b: Op,
            ) {
                if $little(dst.rb_mut(), accumulate, alpha, (a, op_a), (b, op_b)) {
                    return;
                }
                use faer::linalg::matmul::matmul;
                let beta = if accumulate {
                    Accum::Add
                } else {
                    Accum::Replace
                };
                let alpha = Self::real(alpha);
                match (op_a, op_b) {
                    (Op::Plain, Op::Plain) => matmul(dst, beta, a, b, alpha, Par::Seq),
                    (Op::Adjoint, Op::Plain) => matmul(dst, beta, a.adjoint(), b, alpha, Par::Seq),
                    (Op::Plain, Op::Adjoint) => matmul(dst, beta, a, b.adjoint(), alpha, Par::Seq),
                    (Op::Adjoint, Op::Adjoint) => {
                        matmul(dst, beta, a.adjoint(), b.adjoint(), alpha, Par::Seq);
                    }
                }
            }

            fn cholesky(mut a: MatMut<'_, Self>, scratch: &mut Scratch) -> bool {
                if a.nrows() <= little::ORDER {
                    return little::cholesky(a);
                }
                use faer::linalg::cholesky::llt::factor;
                let stack = MemStack::new(&mut scratch.buffer);
                let done = factor::cholesky_in_place(
                    a.rb_mut(),
                    factor::LltRegularization::default(),
                    Par::Seq,
                    stack,
                    Default::default(),
                );
                done.is_ok() && (0..a.nrows()).all(|i| $re(a[(i, i)]).is_finite())
            }

            fn solve_lower(l: MatRef<'_, Self>, rhs: MatMut<'_, Self>) {
                if l.nrows() <= little::ORDER {
                    return little::solve_lower(l, rhs);
                }
                faer::linalg::triangular_solve::solve_lower_triangular_in_place(l, rhs, Par::Seq);
            }

            fn solve_lower_adjoint(l: MatRef<'_, Self>, rhs: MatMut<'_, Self>) {
                if l.nrows() <= little::ORDER {
                    return little::solve_lower_adjoint(l, rhs);
                }
                use faer::linalg::triangular_solve::solve_upper_triangular_in_place;
                solve_upper_triangular_in_place(l.adjoint(), rhs, Par::Seq);
            }

            fn inverse_from_lower(
                mut dst: MatMut<'_, Self>,
                l: MatRef<'_, Self>,
                scratch: &mut Scratch,
            ) {
                if l.nrows() <= little::ORDER {
                    return little::inverse_from_lower(dst, l);
                }
                let stack = MemStack::new(&mut scratch.buffer);
                faer::linalg::cholesky::llt::inverse::inverse(dst.rb_mut(), l, Par::Seq, stack);
                for j in 0..dst.ncols() {
                    dst[(j, j)] = Self::real($re(dst[(j, j)]));
                    for i in j + 1..dst.nrows() {
                        dst[(j, i)] = $conj(dst[(i, j)]);
                    }
                }
            }

            fn min_eigenvalue(
                a: MatRef<'_, Self>,
                values: &mut [Self],
                scratch: &mut Scratch,
            ) -> f64 {
                if a.nrows() <= little::ORDER {
                    return little::min_eigenvalue(a);
                }
                let stack = MemStack::new(&mut scratch.buffer);
                let mut column = faer::ColMut::from_slice_mut(values);
                let done = faer::linalg::evd::self_adjoint_evd(
                    a,
                    column.rb_mut().as_diagonal_mut(),
                    None,
                    Par::Seq,
                    stack,
                    Default::default(),
                );
                match done {
                    Ok(()) => $re(values[0]),
                    Err(_) => f64::NAN,
                }
            }
        }
    };
}

use faer::prelude::ReborrowMut;

field!(
    f64,
    true,
    0.0,
    |x: f64| x,
    |x: f64| x,
    |x: f64| x,
    |x: c64| x.re,
    |x: f64| c64::new(x, 0.0),
    |_: MatMut<'_, f64>, _, _, _, _| false
);
field!(
    c64,
    false,
    c64::ZERO,
    |x: c64| x.re,
    |x: c64| x.conj(),
    |x: f64| c64::new(x, 0.0),
    |x: c64| x,
    |x: c64| x,
    little::gemm
);

/// The zero matrix.
pub fn zeros<T: Field>(rows: usize, columns: usize) -> Mat<T> {
    Mat::from_fn(rows, columns, |_, _| T::ZERO)
}

/// The identity of order `n`.
pub fn identity<T: Field>(n: usize) -> Mat<T> {
    let one = T::real(T::R::from(1.0));
    Mat::from_fn(n, n, |i, j| if i == j { one } else { T::ZERO })
}

/// `a <- b`.
///
/// # Panics
/// If the shapes differ.
pub fn copy<T: Field>(a: &mut Mat<T>, b: &Mat<T>) {
    assert_eq!((a.nrows(), a.ncols()), (b.nrows(), b.ncols()), "shapes");
    for j in 0..b.ncols() {
        a.col_as_slice_mut(j).copy_from_slice(b.col_as_slice(j));
    }
}

/// Order of the tiles of [`make_hermitian`].
const TILE: usize = 16;

/// `a <- (a + a^H) / 2`.
///
/// # Panics
/// If `a` is not square.
pub fn make_hermitian<T: Field>(a: &mut Mat<T>) {
    assert_eq!(a.nrows(), a.ncols(), "not square");
    let half = T::R::from(0.5);
    let n = a.ncols();
    // By tiles: of a large matrix rows and columns do not fit into the cache together.
    for right in (0..n).step_by(TILE) {
        for top in (right..n).step_by(TILE) {
            for j in right..n.min(right + TILE) {
                for i in top.max(j + 1)..n.min(top + TILE) {
                    let mean = (a[(i, j)] + a[(j, i)].conjugate()).times(half);
                    a[(i, j)] = mean;
                    a[(j, i)] = mean.conjugate();
                }
            }
        }
    }
    for j in 0..n {
        a[(j, j)] = T::real(a[(j, j)].re());
    }
}

/// Real inner product `Re sum conj(a_ij) b_ij`.
///
/// # Panics
/// If the shapes differ.
pub fn inner<T: Field>(a: &Mat<T>, b: &Mat<T>) -> T::R {
    assert_eq!((a.nrows(), a.ncols()), (b.nrows(), b.ncols()), "shapes");
    let mut total = T::R::ZERO;
    for j in 0..a.ncols() {
        let mut sum = T::R::ZERO;
        for (x, y) in a.col_as_slice(j).iter().zip(b.col_as_slice(j)) {
            sum += x.conjugate().re_mul(*y);
        }
        total += sum;
    }
    total
}

/// `Re tr A`.
pub fn trace<T: Field>(a: &Mat<T>) -> T::R {
    (0..a.nrows()).fold(T::R::ZERO, |sum, i| sum + a[(i, i)].re())
}

/// `a <- a + t b`.
///
/// # Panics
/// If the shapes differ.
pub fn axpy<T: Field>(a: &mut Mat<T>, t: T::R, b: &Mat<T>) {
    assert_eq!((a.nrows(), a.ncols()), (b.nrows(), b.ncols()), "shapes");
    for j in 0..b.ncols() {
        for (x, y) in a.col_as_slice_mut(j).iter_mut().zip(b.col_as_slice(j)) {
            *x += y.times(t);
        }
    }
}

/// `a <- t b`.
///
/// # Panics
/// If the shapes differ.
pub fn assign_scaled<T: Field>(a: &mut Mat<T>, t: T::R, b: &Mat<T>) {
    assert_eq!((a.nrows(), a.ncols()), (b.nrows(), b.ncols()), "shapes");
    for j in 0..b.ncols() {
        for (x, y) in a.col_as_slice_mut(j).iter_mut().zip(b.col_as_slice(j)) {
            *x = y.times(t);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `tolerance`: of the products, relative to entries near one.
    fn check<T: Field>(tolerance: f64) {
        let n = 7;
        let one = T::R::from(1.0);
        let size = |a: &Mat<T>| inner(a, a).to_f64().sqrt();
        let multiple = |value: f64| {
            let mut out = zeros::<T>(n, n);
            axpy(&mut out, value.into(), &identity(n));
            out
        };
        let g = Mat::from_fn(n, n, |i, j| {
            T::from_c64(c64::new(
                ((i * 3 + j * j) % 5) as f64 - 1.5,
                ((i + 2 * j) % 3) as f64 - 0.8,
            ))
        });
        let mut a = identity::<T>(n);
        let (plain, adjoint) = (Op::Plain, Op::Adjoint);
        T::gemm(
            a.as_mut(),
            true,
            one,
            g.as_ref(),
            plain,
            g.as_ref(),
            adjoint,
        );
        let mut scratch = Scratch::new::<T>(n);
        let mut l = a.clone();
        assert!(T::cholesky(l.as_mut(), &mut scratch));
        let mut inverse = zeros::<T>(n, n);
        T::inverse_from_lower(inverse.as_mut(), l.as_ref(), &mut scratch);
        let mut product = zeros::<T>(n, n);
        T::gemm(
            product.as_mut(),
            false,
            one,
            a.as_ref(),
            plain,
            inverse.as_ref(),
            plain,
        );
        axpy(&mut product, -one, &identity(n));
        assert!(size(&product) < tolerance, "{}", size(&product));

        let mut rhs = Mat::<T>::from_fn(n, 1, |i, _| T::real((i as f64).into()));
        let copy = rhs.clone();
        T::solve_lower(l.as_ref(), rhs.as_mut());
        T::solve_lower_adjoint(l.as_ref(), rhs.as_mut());
        let mut back = zeros::<T>(n, 1);
        T::gemm(
            back.as_mut(),
            false,
            one,
            a.as_ref(),
            plain,
            rhs.as_ref(),
            plain,
        );
        axpy(&mut back, -one, &copy);
        assert!(size(&back) < tolerance, "{}", size(&back));

        let low = Mat::from_fn(n, n, |i, j| a[(i, j)].low());
        let mut values = vec![T::Low::ZERO; n];
        let least = T::min_eigenvalue(low.as_ref(), &mut values, &mut scratch);
        let shifted = |t: f64| {
            let mut out = a.clone();
            axpy(&mut out, one, &multiple(-t));
            out
        };
        assert!(T::cholesky(shifted(least - 1e-9).as_mut(), &mut scratch));
        assert!(!T::cholesky(shifted(least + 1e-9).as_mut(), &mut scratch));
    }

    #[test]
    fn real_and_complex_kernels_agree_with_their_definitions() {
        check::<f64>(1e-12);
        check::<c64>(1e-12);
        check::<Twofold>(1e-27);
        check::<TwofoldComplex>(1e-27);
    }
}
