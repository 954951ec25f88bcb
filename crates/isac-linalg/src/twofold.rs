//! Numbers of about 31 digits, as unevaluated sums of two `f64`, and the kernels on them.
//!
//! Sums and products follow Dekker and Knuth. The kernels keep high and low parts in planes of
//! their own, so that the compiler can use the vector units; low parts are gathered apart and
//! brought back into place once per sum.

use std::cell::RefCell;
use std::marker::PhantomData;
use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use faer::dyn_stack::StackReq;
use faer::traits::pulp::{Arch, NullaryFnOnce};

use crate::field::{Field, Real, Scratch};
use crate::ops::Op;
use crate::{MatMut, MatRef, c64};

/// A real number `hi + lo` with `|lo|` at most half a unit of the last place of `hi`.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Twofold {
    hi: f64,
    lo: f64,
}

/// A complex number made of two [`Twofold`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TwofoldComplex {
    re: Twofold,
    im: Twofold,
}

/// Sum and its rounding error.
#[inline(always)]
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let part = sum - a;
    (sum, (a - (sum - part)) + (b - part))
}

/// Product and its rounding error, without fused operations.
#[inline(always)]
fn two_product(a: f64, b: f64) -> (f64, f64) {
    const SPLIT: f64 = 134_217_729.0; // 2^27 + 1
    let halves = |x: f64| {
        let big = SPLIT * x;
        let high = big - (big - x);
        (high, x - high)
    };
    let product = a * b;
    let ((a1, a2), (b1, b2)) = (halves(a), halves(b));
    (product, ((a1 * b1 - product) + a1 * b2 + a2 * b1) + a2 * b2)
}

impl Twofold {
    #[inline(always)]
    fn new(hi: f64, lo: f64) -> Self {
        let (hi, lo) = two_sum(hi, lo);
        Self { hi, lo }
    }
}

impl From<f64> for Twofold {
    #[inline]
    fn from(x: f64) -> Self {
        Self { hi: x, lo: 0.0 }
    }
}

impl Add for Twofold {
    type Output = Self;
    #[inline]
    fn add(self, other: Self) -> Self {
        let (s, e) = two_sum(self.hi, other.hi);
        let (t, f) = two_sum(self.lo, other.lo);
        let first = Self::new(s, e + t);
        Self::new(first.hi, first.lo + f)
    }
}

impl Neg for Twofold {
    type Output = Self;
    #[inline]
    fn neg(self) -> Self {
        let (hi, lo) = (-self.hi, -self.lo);
        Self { hi, lo }
    }
}

impl Sub for Twofold {
    type Output = Self;
    #[inline]
    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Mul for Twofold {
    type Output = Self;
    #[inline]
    fn mul(self, other: Self) -> Self {
        let (p, e) = two_product(self.hi, other.hi);
        Self::new(p, e + (self.hi * other.lo + self.lo * other.hi))
    }
}

impl Div for Twofold {
    type Output = Self;
    #[inline]
    fn div(self, other: Self) -> Self {
        let first = self.hi / other.hi;
        let rest = self - other * first.into();
        let second = rest.hi / other.hi;
        let rest = rest - other * second.into();
        Self::new(first, second) + (rest.hi / other.hi).into()
    }
}

impl Add for TwofoldComplex {
    type Output = Self;
    #[inline]
    fn add(self, other: Self) -> Self {
        let (re, im) = (self.re + other.re, self.im + other.im);
        Self { re, im }
    }
}

impl Neg for TwofoldComplex {
    type Output = Self;
    #[inline]
    fn neg(self) -> Self {
        let (re, im) = (-self.re, -self.im);
        Self { re, im }
    }
}

impl Sub for TwofoldComplex {
    type Output = Self;
    #[inline]
    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Mul for TwofoldComplex {
    type Output = Self;
    #[inline]
    fn mul(self, other: Self) -> Self {
        let re = self.re * other.re - self.im * other.im;
        let im = self.re * other.im + self.im * other.re;
        Self { re, im }
    }
}

macro_rules! assign {
    ($scalar:ty: $($name:ident $method:ident $op:tt),*) => {
        $(impl $name for $scalar {
            #[inline]
            fn $method(&mut self, other: Self) {
                *self = *self $op other;
            }
        })*
    };
}
assign!(Twofold: AddAssign add_assign +, SubAssign sub_assign -, MulAssign mul_assign *, DivAssign div_assign /);
assign!(TwofoldComplex: AddAssign add_assign +, SubAssign sub_assign -);

impl Real for Twofold {
    type Complex = TwofoldComplex;
    const UNIT: f64 = 0.25 * f64::EPSILON * f64::EPSILON;

    #[inline]
    fn to_f64(self) -> f64 {
        self.hi
    }

    fn root(self) -> Self {
        let first = self.hi.sqrt();
        if first > 0.0 && first.is_finite() {
            let rest = self - Self::from(first) * first.into();
            Self::new(first, rest.hi / (2.0 * first))
        } else {
            first.into()
        }
    }
}

/// A number as high and low parts, real then imaginary.
trait Parts: Field {
    fn split(self) -> [f64; 4];
    fn join(parts: [f64; 4]) -> Self;
}

impl Parts for Twofold {
    #[inline(always)]
    fn split(self) -> [f64; 4] {
        [self.hi, self.lo, 0.0, 0.0]
    }
    #[inline(always)]
    fn join([hi, lo, ..]: [f64; 4]) -> Self {
        Self::new(hi, lo)
    }
}

impl Parts for TwofoldComplex {
    #[inline(always)]
    fn split(self) -> [f64; 4] {
        [self.re.hi, self.re.lo, self.im.hi, self.im.lo]
    }
    #[inline(always)]
    fn join([a, b, c, d]: [f64; 4]) -> Self {
        let (re, im) = (Twofold::new(a, b), Twofold::new(c, d));
        Self { re, im }
    }
}

/// The columns of a matrix with every part in a plane of its own; two of the planes stay empty for
/// real numbers.
#[derive(Default)]
struct Planes {
    rows: usize,
    parts: [Vec<f64>; 4],
}

impl Planes {
    /// Another size; what the entries are then is undefined.
    fn resize<T: Parts>(&mut self, rows: usize, columns: usize) {
        self.rows = rows;
        for (k, part) in self.parts.iter_mut().enumerate() {
            part.resize(if T::REAL && k > 1 { 0 } else { rows * columns }, 0.0);
        }
    }

    fn assign<T: Parts>(&mut self, a: MatRef<'_, T>, op: Op) {
        let (rows, columns) = match op {
            Op::Plain => (a.nrows(), a.ncols()),
            Op::Adjoint => (a.ncols(), a.nrows()),
        };
        self.resize::<T>(rows, columns);
        for j in 0..columns {
            let [re, re_low, im, im_low] = self.column_mut(j, 0, rows);
            for i in 0..rows {
                let parts = entry(a, op, i, j).split();
                (re[i], re_low[i]) = (parts[0], parts[1]);
                if !T::REAL {
                    (im[i], im_low[i]) = (parts[2], parts[3]);
                }
            }
        }
    }

    #[inline(always)]
    fn get<T: Parts>(&self, i: usize, j: usize) -> T {
        let at = i + j * self.rows;
        T::join(std::array::from_fn(|k| {
            self.parts[k].get(at).copied().unwrap_or(0.0)
        }))
    }

    #[inline(always)]
    fn set<T: Parts>(&mut self, i: usize, j: usize, value: T) {
        let at = i + j * self.rows;
        for (part, value) in self.parts.iter_mut().zip(value.split()) {
            if let Some(place) = part.get_mut(at) {
                *place = value;
            }
        }
    }

    /// Rows `from..to` of a column.
    #[inline(always)]
    fn column(&self, j: usize, from: usize, to: usize) -> [&[f64]; 4] {
        let range = from + j * self.rows..to + j * self.rows;
        self.parts
            .each_ref()
            .map(|part| part.get(range.clone()).unwrap_or_default())
    }

    #[inline(always)]
    fn column_mut(&mut self, j: usize, from: usize, to: usize) -> [&mut [f64]; 4] {
        let range = from + j * self.rows..to + j * self.rows;
        self.parts
            .each_mut()
            .map(|part| part.get_mut(range.clone()).unwrap_or_default())
    }
}

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

#[inline(always)]
fn entry<T: Parts>(a: MatRef<'_, T>, op: Op, i: usize, j: usize) -> T {
    match op {
        Op::Plain => a[(i, j)],
        Op::Adjoint => a[(j, i)].conjugate(),
    }
}

fn gemm<T: Parts>(
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

fn cholesky<T: Parts>(mut a: MatMut<'_, T>) -> bool {
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
fn solve<T: Parts>(l: MatRef<'_, T>, op: Op, mut rhs: MatMut<'_, T>) {
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

fn inverse_from_lower<T: Parts>(mut dst: MatMut<'_, T>, l: MatRef<'_, T>) {
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

use faer::prelude::{Reborrow, ReborrowMut};

macro_rules! field {
    ($scalar:ty, $low:ty, $zero:expr, $real:expr, {
        re: $re:expr, conj: $conj:expr, from_re: $from_re:expr, from_c64: $from_c:expr,
        to_c64: $to_c:expr, low: $to_low:expr, times: $times:expr,
    }) => {
        impl Field for $scalar {
            const REAL: bool = $real;
            const ZERO: Self = $zero;
            type R = Twofold;
            type Low = $low;

            #[inline]
            fn real(x: Twofold) -> Self {
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
            fn low(self) -> $low {
                $to_low(self)
            }
            #[inline]
            fn conjugate(self) -> Self {
                $conj(self)
            }
            #[inline]
            fn re(self) -> Twofold {
                $re(self)
            }
            #[inline]
            fn times(self, factor: Twofold) -> Self {
                $times(self, factor)
            }
            fn scratch(n: usize) -> StackReq {
                <$low>::scratch(n)
            }
            fn gemm(
                dst: MatMut<'_, Self>,
                accumulate: bool,
                alpha: Twofold,
                a: MatRef<'_, Self>,
                op_a: Op,
                b: MatRef<'_, Self>,
                op_b: Op,
            ) {
                gemm(dst, accumulate, alpha, (a, op_a), (b, op_b));
            }
            fn cholesky(a: MatMut<'_, Self>, _: &mut Scratch) -> bool {
                cholesky(a)
            }
            fn solve_lower(l: MatRef<'_, Self>, rhs: MatMut<'_, Self>) {
                solve(l, Op::Plain, rhs);
            }
            fn solve_lower_adjoint(l: MatRef<'_, Self>, rhs: MatMut<'_, Self>) {
                solve(l, Op::Adjoint, rhs);
            }
            fn inverse_from_lower(dst: MatMut<'_, Self>, l: MatRef<'_, Self>, _: &mut Scratch) {
                inverse_from_lower(dst, l);
            }
            fn min_eigenvalue(
                a: MatRef<'_, $low>,
                values: &mut [$low],
                scratch: &mut Scratch,
            ) -> f64 {
                <$low>::min_eigenvalue(a, values, scratch)
            }
        }
    };
}

field!(Twofold, f64, Self { hi: 0.0, lo: 0.0 }, true, {
    re: |x: Twofold| x,
    conj: |x: Twofold| x,
    from_re: |x: Twofold| x,
    from_c64: |x: c64| x.re.into(),
    to_c64: |x: Twofold| c64::new(x.hi, 0.0),
    low: |x: Twofold| x.hi,
    times: |x: Twofold, t: Twofold| x * t,
});
field!(TwofoldComplex, c64, Self { re: Twofold::ZERO, im: Twofold::ZERO }, false, {
    re: |x: TwofoldComplex| x.re,
    conj: |x: TwofoldComplex| TwofoldComplex { re: x.re, im: -x.im },
    from_re: |x: Twofold| TwofoldComplex { re: x, im: Twofold::ZERO },
    from_c64: |x: c64| TwofoldComplex { re: x.re.into(), im: x.im.into() },
    to_c64: |x: TwofoldComplex| c64::new(x.re.hi, x.im.hi),
    low: |x: TwofoldComplex| c64::new(x.re.hi, x.im.hi),
    times: |x: TwofoldComplex, t: Twofold| TwofoldComplex { re: x.re * t, im: x.im * t },
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_keeps_thirty_digits() {
        let (three, tiny) = (Twofold::from(3.0), Twofold::from(1e-20));
        let third = Twofold::from(1.0) / three;
        let size = |x: Twofold| x.to_f64().abs();
        assert!(size(third * three - Twofold::from(1.0)) < 1e-31);
        assert!((size(Twofold::from(1.0) + tiny - Twofold::from(1.0)) - 1e-20).abs() < 1e-35);
        let two = Twofold::from(2.0);
        assert!(size(two.root() * two.root() - two) < 1e-31);
        assert_eq!(Twofold::ZERO.root(), Twofold::ZERO);
        // (1 + e)^2 - 1 - 2 e = e^2, far below the rounding of a single number.
        let e = Twofold::from(2.0_f64.powi(-40));
        let one = Twofold::from(1.0);
        assert_eq!((one + e) * (one + e) - one - e - e, e * e);
    }
}
