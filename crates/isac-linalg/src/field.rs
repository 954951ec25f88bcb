//! The numbers of the kernels: what `f64`, complex numbers and their twofold forms have in common.

use crate::ops::Op;
use crate::{MatMut, MatRef, c64};
use faer::dyn_stack::{MemBuffer, StackReq};

/// Memory for the factorisations of matrices up to a given order.
pub struct Scratch {
    need: StackReq,
    pub(crate) buffer: MemBuffer,
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
    /// Enough for every kernel on matrices of order up to `n`.
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

/// The numbers a Hermitian block may be made of.
pub trait Field:
    Copy
    + PartialEq
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
    /// Zero.
    const ZERO: Self;
    /// The real numbers that belong to these.
    type R: Real;
    /// `f64` for real numbers, [`c64`] for complex ones.
    type Low: Field<R = f64, Low = Self::Low>;

    /// A real number.
    fn real(x: Self::R) -> Self;
    /// The number, its imaginary part dropped for real fields.
    fn from_c64(x: c64) -> Self;
    /// As a complex number, rounded.
    fn to_c64(self) -> c64;
    /// Rounded.
    fn low(self) -> Self::Low;
    /// Complex conjugate.
    fn conjugate(self) -> Self;
    /// Real part.
    fn re(self) -> Self::R;
    /// Real part of the product `self * other`.
    #[inline]
    fn re_mul(self, other: Self) -> Self::R {
        (self * other).re()
    }
    /// Product with a real number.
    fn times(self, factor: Self::R) -> Self;

    /// Memory that [`Scratch::new`] allocates.
    fn scratch(n: usize) -> StackReq;
    /// `dst <- alpha op(a) op(b)`, or `dst += ...` when `accumulate`.
    fn gemm(
        dst: MatMut<'_, Self>,
        accumulate: bool,
        alpha: Self::R,
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
    /// Smallest eigenvalue of a rounded Hermitian matrix (lower triangle read); `values` has the
    /// order's length. NaN when the iteration fails.
    fn min_eigenvalue(
        a: MatRef<'_, Self::Low>,
        values: &mut [Self::Low],
        scratch: &mut Scratch,
    ) -> f64;
}

/// The real numbers among them: `f64` and [`crate::kernel::Twofold`].
pub trait Real:
    Field<R = Self>
    + PartialOrd
    + From<f64>
    + std::ops::Div<Output = Self>
    + std::ops::MulAssign
    + std::ops::DivAssign
{
    /// Complex numbers with these parts.
    type Complex: Field<R = Self, Low = c64>;
    /// Unit roundoff.
    const UNIT: f64;
    /// Rounded to `f64`.
    fn to_f64(self) -> f64;
    /// Square root.
    fn root(self) -> Self;
    /// The larger of the two.
    #[inline]
    fn or_more(self, other: Self) -> Self {
        if other > self { other } else { self }
    }
}

impl Real for f64 {
    type Complex = c64;
    const UNIT: f64 = 0.5 * f64::EPSILON;
    #[inline]
    fn to_f64(self) -> f64 {
        self
    }
    #[inline]
    fn root(self) -> Self {
        self.sqrt()
    }
}
