//! Arithmetic of about 31 digits: unevaluated sums of two `f64`. Sums and products follow Dekker and
//! Knuth.

use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use crate::field::Real;

/// A real number `hi + lo` with `|lo|` at most half a unit of the last place of `hi`.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Twofold {
    pub(super) hi: f64,
    pub(super) lo: f64,
}

/// A complex number made of two [`Twofold`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TwofoldComplex {
    pub(super) re: Twofold,
    pub(super) im: Twofold,
}

/// Sum and its rounding error.
#[inline(always)]
pub(super) fn two_sum(a: f64, b: f64) -> (f64, f64) {
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
    pub(super) fn new(hi: f64, lo: f64) -> Self {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::Field;

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
