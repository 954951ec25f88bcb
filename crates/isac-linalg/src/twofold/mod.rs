//! Numbers of about 31 digits, as unevaluated sums of two `f64`, and the kernels on them.
//!
//! Sums and products follow Dekker and Knuth. The kernels keep high and low parts in planes of
//! their own, so that the compiler can use the vector units; low parts are gathered apart and
//! brought back into place once per sum.

mod arithmetic;
mod kernels;
mod planes;

use faer::dyn_stack::StackReq;

use crate::field::{Field, Scratch};
use crate::ops::Op;
use crate::{MatMut, MatRef, c64};
pub use arithmetic::{Twofold, TwofoldComplex};
use kernels::{cholesky, gemm, inverse_from_lower, solve};

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
