//! Sums, differences and multiples of expressions.

use std::iter::Sum;
use std::ops::{Add, AddAssign, Mul, Neg, Sub};

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
    /// # Panics
    /// If the orders differ.
    fn add_assign(&mut self, other: Self) {
        assert_eq!(self.n, other.n, "orders differ");
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
