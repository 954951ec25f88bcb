//! Kernels on caller-owned memory, real and complex under one name: what an iterative solver
//! calls thousands of times and must not allocate for.
//!
//! [`Field`] is implemented for `f64` and [`c64`] only; every kernel is compiled once for each.

use crate::ops::Op;
use crate::{Mat, MatMut, MatRef, c64};
use faer::dyn_stack::{MemBuffer, MemStack, StackReq};
use faer::{Accum, Par};

/// Memory for the factorisations of matrices up to a given order.
pub struct Scratch {
    need: StackReq,
    buffer: MemBuffer,
}

impl std::fmt::Debug for Scratch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Scratch({} bytes)", self.need.size_bytes())
    }
}

impl Clone for Scratch {
    fn clone(&self) -> Self {
        Self::of(self.need)
    }
}

impl Scratch {
    /// Enough for every kernel of this module on matrices of order up to `n`.
    pub fn new<T: Field>(n: usize) -> Self {
        Self::of(T::scratch(n))
    }

    fn of(need: StackReq) -> Self {
        Self {
            need,
            buffer: MemBuffer::new(need),
        }
    }
}

/// `f64` or [`c64`]: the numbers a Hermitian block may be made of.
pub trait Field:
    faer::traits::ComplexField<Real = f64>
    + Copy
    + Default
    + std::fmt::Debug
    + std::ops::Add<Output = Self>
    + std::ops::Sub<Output = Self>
    + std::ops::Mul<Output = Self>
    + std::ops::Neg<Output = Self>
    + std::ops::AddAssign
    + std::ops::SubAssign
    + 'static
{
    /// Whether the numbers have no imaginary part.
    const REAL: bool;

    /// A real number.
    fn real(x: f64) -> Self;
    /// The number, its imaginary part dropped for `f64`.
    fn from_c64(x: c64) -> Self;
    /// As a complex number.
    fn to_c64(self) -> c64;
    /// Complex conjugate.
    fn conjugate(self) -> Self;
    /// Real part.
    fn re(self) -> f64;
    /// Real part of the product `self * other`.
    fn re_mul(self, other: Self) -> f64;
    /// Product with a real number.
    fn times(self, factor: f64) -> Self;

    /// Memory that [`Scratch::new`] allocates.
    fn scratch(n: usize) -> StackReq;
    /// `dst <- alpha op(a) op(b)`, or `dst += ...` when `accumulate`.
    fn gemm(
        dst: MatMut<'_, Self>,
        accumulate: bool,
        alpha: f64,
        a: MatRef<'_, Self>,
        op_a: Op,
        b: MatRef<'_, Self>,
        op_b: Op,
    );
    /// Lower Cholesky factor in place; the strict upper triangle is not part of the result. False
    /// when a pivot is not positive or not finite.
    fn cholesky(a: MatMut<'_, Self>, scratch: &mut Scratch) -> bool;
    /// `rhs <- L^-1 rhs`.
    fn solve_lower(l: MatRef<'_, Self>, rhs: MatMut<'_, Self>);
    /// `rhs <- L^-H rhs`.
    fn solve_lower_adjoint(l: MatRef<'_, Self>, rhs: MatMut<'_, Self>);
    /// `dst <- (L L^H)^-1`, all entries.
    fn inverse_from_lower(dst: MatMut<'_, Self>, l: MatRef<'_, Self>, scratch: &mut Scratch);
    /// Smallest eigenvalue of a Hermitian matrix (lower triangle read); `values` has the order's
    /// length. NaN when the iteration fails.
    fn min_eigenvalue(a: MatRef<'_, Self>, values: &mut [Self], scratch: &mut Scratch) -> f64;
}

macro_rules! field {
    ($scalar:ty, $real:expr, $re:expr, $conj:expr, $from_re:expr, $from_c:expr, $to_c:expr) => {
        impl Field for $scalar {
            const REAL: bool = $real;

            fn real(x: f64) -> Self {
                $from_re(x)
            }
            fn from_c64(x: c64) -> Self {
                $from_c(x)
            }
            fn to_c64(self) -> c64 {
                $to_c(self)
            }
            fn conjugate(self) -> Self {
                $conj(self)
            }
            fn re(self) -> f64 {
                $re(self)
            }
            fn re_mul(self, other: Self) -> f64 {
                $re(self * other)
            }
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
                dst: MatMut<'_, Self>,
                accumulate: bool,
                alpha: f64,
                a: MatRef<'_, Self>,
                op_a: Op,
                b: MatRef<'_, Self>,
                op_b: Op,
            ) {
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
                faer::linalg::triangular_solve::solve_lower_triangular_in_place(l, rhs, Par::Seq);
            }

            fn solve_lower_adjoint(l: MatRef<'_, Self>, rhs: MatMut<'_, Self>) {
                use faer::linalg::triangular_solve::solve_upper_triangular_in_place;
                solve_upper_triangular_in_place(l.adjoint(), rhs, Par::Seq);
            }

            fn inverse_from_lower(
                mut dst: MatMut<'_, Self>,
                l: MatRef<'_, Self>,
                scratch: &mut Scratch,
            ) {
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
    |x: f64| x,
    |x: f64| x,
    |x: f64| x,
    |x: c64| x.re,
    |x: f64| c64::new(x, 0.0)
);
field!(
    c64,
    false,
    |x: c64| x.re,
    |x: c64| x.conj(),
    |x: f64| c64::new(x, 0.0),
    |x: c64| x,
    |x: c64| x
);

/// `a <- (a + a^H) / 2`.
///
/// # Panics
/// If `a` is not square.
pub fn make_hermitian<T: Field>(a: &mut Mat<T>) {
    assert_eq!(a.nrows(), a.ncols(), "not square");
    for j in 0..a.ncols() {
        a[(j, j)] = T::real(a[(j, j)].re());
        for i in j + 1..a.nrows() {
            let mean = (a[(i, j)] + a[(j, i)].conjugate()).times(0.5);
            a[(i, j)] = mean;
            a[(j, i)] = mean.conjugate();
        }
    }
}

/// Real inner product `Re sum conj(a_ij) b_ij`.
///
/// # Panics
/// If the shapes differ.
pub fn inner<T: Field>(a: &Mat<T>, b: &Mat<T>) -> f64 {
    assert_eq!((a.nrows(), a.ncols()), (b.nrows(), b.ncols()), "shapes");
    let mut total = 0.0;
    for j in 0..a.ncols() {
        let pairs = a.col_as_slice(j).iter().zip(b.col_as_slice(j));
        total += pairs.map(|(x, y)| x.conjugate().re_mul(*y)).sum::<f64>();
    }
    total
}

/// `a <- a + t b`.
///
/// # Panics
/// If the shapes differ.
pub fn axpy<T: Field>(a: &mut Mat<T>, t: f64, b: &Mat<T>) {
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
pub fn assign_scaled<T: Field>(a: &mut Mat<T>, t: f64, b: &Mat<T>) {
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

    fn check<T: Field>() {
        let n = 7;
        let g = Mat::from_fn(n, n, |i, j| {
            T::from_c64(c64::new(
                ((i * 3 + j * j) % 5) as f64 - 1.5,
                ((i + 2 * j) % 3) as f64 - 0.8,
            ))
        });
        let mut a = Mat::<T>::identity(n, n);
        T::gemm(
            a.as_mut(),
            true,
            1.0,
            g.as_ref(),
            Op::Plain,
            g.as_ref(),
            Op::Adjoint,
        );
        let mut scratch = Scratch::new::<T>(n);
        let mut l = a.clone();
        assert!(T::cholesky(l.as_mut(), &mut scratch));
        let mut inverse = Mat::<T>::zeros(n, n);
        T::inverse_from_lower(inverse.as_mut(), l.as_ref(), &mut scratch);
        let mut product = Mat::<T>::zeros(n, n);
        T::gemm(
            product.as_mut(),
            false,
            1.0,
            a.as_ref(),
            Op::Plain,
            inverse.as_ref(),
            Op::Plain,
        );
        axpy(&mut product, -1.0, &Mat::identity(n, n));
        assert!(inner(&product, &product).sqrt() < 1e-12);

        let mut rhs = Mat::<T>::from_fn(n, 1, |i, _| T::real(i as f64));
        let copy = rhs.clone();
        T::solve_lower(l.as_ref(), rhs.as_mut());
        T::solve_lower_adjoint(l.as_ref(), rhs.as_mut());
        let mut back = Mat::<T>::zeros(n, 1);
        T::gemm(
            back.as_mut(),
            false,
            1.0,
            a.as_ref(),
            Op::Plain,
            rhs.as_ref(),
            Op::Plain,
        );
        axpy(&mut back, -1.0, &copy);
        assert!(inner(&back, &back).sqrt() < 1e-12);

        let mut values = vec![T::default(); n];
        let least = T::min_eigenvalue(a.as_ref(), &mut values, &mut scratch);
        for i in 0..n {
            a[(i, i)] -= T::real(least - 1e-9);
        }
        assert!(T::cholesky(a.clone().as_mut(), &mut scratch));
        for i in 0..n {
            a[(i, i)] -= T::real(2e-9);
        }
        assert!(!T::cholesky(a.as_mut(), &mut scratch));
    }

    #[test]
    fn real_and_complex_kernels_agree_with_their_definitions() {
        check::<f64>();
        check::<c64>();
    }
}
