//! Sums, differences and multiples of expressions.

use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use isac_linalg::c64;

use super::{Affine, ComplexAffine, HermitianAffine, ScalarVar};
use crate::owner::{Kind, Owners};

impl From<f64> for Affine {
    fn from(value: f64) -> Self {
        Self::constant(value)
    }
}

impl From<ScalarVar> for Affine {
    fn from(variable: ScalarVar) -> Self {
        Self {
            scalars: vec![(variable.id, 1.0)],
            owners: Owners::one(variable.tag, Kind::Scalar, variable.id),
            ..Self::default()
        }
    }
}

impl<T: Into<Affine>> AddAssign<T> for Affine {
    fn add_assign(&mut self, other: T) {
        let other = other.into();
        self.constant += other.constant;
        self.scalars.extend(other.scalars);
        self.matrices.extend(other.matrices);
        self.owners.merge(other.owners);
    }
}

impl<T: Into<Affine>> Add<T> for Affine {
    type Output = Self;
    fn add(mut self, other: T) -> Self {
        self += other;
        self
    }
}

impl<T: Into<Affine>> Sub<T> for Affine {
    type Output = Self;
    fn sub(self, other: T) -> Self {
        self + -other.into()
    }
}

impl Neg for Affine {
    type Output = Self;
    fn neg(self) -> Self {
        self * -1.0
    }
}

impl Mul<f64> for Affine {
    type Output = Self;
    fn mul(mut self, factor: f64) -> Self {
        self.constant *= factor;
        for (_, coefficient) in &mut self.scalars {
            *coefficient *= factor;
        }
        for (_, coefficient) in &mut self.matrices {
            coefficient.weight *= factor;
        }
        self
    }
}

impl Sum for Affine {
    fn sum<I: Iterator<Item = Self>>(terms: I) -> Self {
        terms.fold(Self::default(), Self::add)
    }
}

impl<T: Into<Affine>> Add<T> for ScalarVar {
    type Output = Affine;
    fn add(self, other: T) -> Affine {
        Affine::from(self) + other
    }
}

impl<T: Into<Affine>> Sub<T> for ScalarVar {
    type Output = Affine;
    fn sub(self, other: T) -> Affine {
        Affine::from(self) - other
    }
}

impl Neg for ScalarVar {
    type Output = Affine;
    fn neg(self) -> Affine {
        self * -1.0
    }
}

impl Mul<f64> for ScalarVar {
    type Output = Affine;
    fn mul(self, factor: f64) -> Affine {
        Affine::from(self) * factor
    }
}

impl Add for ComplexAffine {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            re: self.re + other.re,
            im: self.im + other.im,
        }
    }
}

impl Sub for ComplexAffine {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self + other.times(-c64::ONE)
    }
}

impl Mul<f64> for ComplexAffine {
    type Output = Self;
    fn mul(self, factor: f64) -> Self {
        Self {
            re: self.re * factor,
            im: self.im * factor,
        }
    }
}

impl AddAssign for HermitianAffine {
    /// Another order is an error of the solve.
    fn add_assign(&mut self, other: Self) {
        if self.n != other.n {
            let expected = format!("order {}", self.n);
            self.owners
                .merge(Owners::misfit("sum of matrices", expected, other.n));
            return;
        }
        self.constant = match (self.constant.take(), other.constant) {
            (Some(a), Some(b)) => Some(a + b),
            (a, b) => a.or(b),
        };
        self.terms.extend(other.terms);
        self.congruences.extend(other.congruences);
        self.owners.merge(other.owners);
    }
}

impl Add for HermitianAffine {
    type Output = Self;
    fn add(mut self, other: Self) -> Self {
        self += other;
        self
    }
}

impl Sub for HermitianAffine {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self + other * -1.0
    }
}

impl Neg for HermitianAffine {
    type Output = Self;
    fn neg(self) -> Self {
        self * -1.0
    }
}

impl Mul<f64> for HermitianAffine {
    type Output = Self;
    fn mul(mut self, factor: f64) -> Self {
        if let Some(constant) = &mut self.constant {
            isac_linalg::ops::scale(constant.as_mut(), factor);
        }
        for (_, coefficient) in &mut self.terms {
            coefficient.weight *= factor;
        }
        for (_, weight, _) in &mut self.congruences {
            *weight *= factor;
        }
        self
    }
}

impl From<&Affine> for Affine {
    fn from(expression: &Affine) -> Self {
        expression.clone()
    }
}

impl From<&ScalarVar> for Affine {
    fn from(variable: &ScalarVar) -> Self {
        Self::from(*variable)
    }
}

impl From<f64> for ComplexAffine {
    fn from(value: f64) -> Self {
        Affine::from(value).into()
    }
}

impl From<c64> for ComplexAffine {
    fn from(value: c64) -> Self {
        Self::constant(value)
    }
}

impl From<ScalarVar> for ComplexAffine {
    fn from(variable: ScalarVar) -> Self {
        Affine::from(variable).into()
    }
}

impl From<Affine> for ComplexAffine {
    fn from(re: Affine) -> Self {
        let im = Affine::default();
        Self { re, im }
    }
}

impl<T: Into<Affine>> SubAssign<T> for Affine {
    fn sub_assign(&mut self, other: T) {
        *self += -other.into();
    }
}

impl<T: Into<Affine>> Add<T> for &Affine {
    type Output = Affine;
    fn add(self, other: T) -> Affine {
        self.clone() + other
    }
}

impl<T: Into<Affine>> Sub<T> for &Affine {
    type Output = Affine;
    fn sub(self, other: T) -> Affine {
        self.clone() - other
    }
}

impl Sum<ScalarVar> for Affine {
    fn sum<I: Iterator<Item = ScalarVar>>(terms: I) -> Self {
        terms.map(Self::from).sum()
    }
}

impl<'a> Sum<&'a Self> for Affine {
    fn sum<I: Iterator<Item = &'a Self>>(terms: I) -> Self {
        terms.cloned().sum()
    }
}

impl AddAssign for ComplexAffine {
    fn add_assign(&mut self, other: Self) {
        self.re += other.re;
        self.im += other.im;
    }
}

impl Sum for ComplexAffine {
    fn sum<I: Iterator<Item = Self>>(terms: I) -> Self {
        terms.fold(Self::default(), Self::add)
    }
}

impl Neg for ComplexAffine {
    type Output = Self;
    fn neg(self) -> Self {
        self * -1.0
    }
}

impl Mul<c64> for ComplexAffine {
    type Output = Self;
    fn mul(self, factor: c64) -> Self {
        self.times(factor)
    }
}

impl Mul<ComplexAffine> for c64 {
    type Output = ComplexAffine;
    fn mul(self, expression: ComplexAffine) -> ComplexAffine {
        expression.times(self)
    }
}

impl SubAssign for HermitianAffine {
    /// Another order is an error of the solve.
    fn sub_assign(&mut self, other: Self) {
        *self += -other;
    }
}

/// A number before an expression, and references: what is missing beside `expression * number`.
macro_rules! multiples {
    ($($expression:ty => $output:ty),*) => {$(
        impl Mul<$expression> for f64 {
            type Output = $output;
            fn mul(self, expression: $expression) -> $output {
                expression * self
            }
        }

        impl Div<f64> for $expression {
            type Output = $output;
            #[expect(clippy::suspicious_arithmetic_impl, reason = "a quotient is a multiple")]
            fn div(self, divisor: f64) -> $output {
                self * divisor.recip()
            }
        }
    )*};
}

multiples!(
    ScalarVar => Affine,
    Affine => Affine,
    &Affine => Affine,
    ComplexAffine => ComplexAffine,
    &ComplexAffine => ComplexAffine,
    HermitianAffine => HermitianAffine,
    &HermitianAffine => HermitianAffine
);

/// What works on an expression works on a reference to it.
macro_rules! by_reference {
    ($($expression:ty),*) => {$(
        impl Mul<f64> for &$expression {
            type Output = $expression;
            fn mul(self, factor: f64) -> $expression {
                self.clone() * factor
            }
        }

        impl Neg for &$expression {
            type Output = $expression;
            fn neg(self) -> $expression {
                self.clone() * -1.0
            }
        }

        impl MulAssign<f64> for $expression {
            fn mul_assign(&mut self, factor: f64) {
                *self = &*self * factor;
            }
        }

        impl DivAssign<f64> for $expression {
            fn div_assign(&mut self, divisor: f64) {
                *self = &*self / divisor;
            }
        }
    )*};
}

by_reference!(Affine, ComplexAffine, HermitianAffine);

/// A number beside a variable or an expression.
macro_rules! constants {
    ($($expression:ty),*) => {$(
        impl Add<$expression> for f64 {
            type Output = Affine;
            fn add(self, expression: $expression) -> Affine {
                Affine::constant(self) + expression
            }
        }

        impl Sub<$expression> for f64 {
            type Output = Affine;
            fn sub(self, expression: $expression) -> Affine {
                Affine::constant(self) - expression
            }
        }
    )*};
}

constants!(ScalarVar, Affine, &Affine);
