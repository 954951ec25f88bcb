//! Matrices with every part of their numbers in a plane of its own.

use super::arithmetic::{Twofold, TwofoldComplex};
use crate::MatRef;
use crate::field::Field;
use crate::ops::Op;

/// A number as high and low parts, real then imaginary.
pub(super) trait Parts: Field {
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
pub(super) struct Planes {
    pub(super) rows: usize,
    pub(super) parts: [Vec<f64>; 4],
}

impl Planes {
    /// Another size; what the entries are then is undefined.
    pub(super) fn resize<T: Parts>(&mut self, rows: usize, columns: usize) {
        self.rows = rows;
        for (k, part) in self.parts.iter_mut().enumerate() {
            part.resize(if T::REAL && k > 1 { 0 } else { rows * columns }, 0.0);
        }
    }

    pub(super) fn assign<T: Parts>(&mut self, a: MatRef<'_, T>, op: Op) {
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
    pub(super) fn get<T: Parts>(&self, i: usize, j: usize) -> T {
        let at = i + j * self.rows;
        T::join(std::array::from_fn(|k| {
            self.parts[k].get(at).copied().unwrap_or(0.0)
        }))
    }

    #[inline(always)]
    pub(super) fn set<T: Parts>(&mut self, i: usize, j: usize, value: T) {
        let at = i + j * self.rows;
        for (part, value) in self.parts.iter_mut().zip(value.split()) {
            if let Some(place) = part.get_mut(at) {
                *place = value;
            }
        }
    }

    /// Rows `from..to` of a column.
    #[inline(always)]
    pub(super) fn column(&self, j: usize, from: usize, to: usize) -> [&[f64]; 4] {
        let range = from + j * self.rows..to + j * self.rows;
        self.parts
            .each_ref()
            .map(|part| part.get(range.clone()).unwrap_or_default())
    }

    #[inline(always)]
    pub(super) fn column_mut(&mut self, j: usize, from: usize, to: usize) -> [&mut [f64]; 4] {
        let range = from + j * self.rows..to + j * self.rows;
        self.parts
            .each_mut()
            .map(|part| part.get_mut(range.clone()).unwrap_or_default())
    }
}

#[inline(always)]
pub(super) fn entry<T: Parts>(a: MatRef<'_, T>, op: Op, i: usize, j: usize) -> T {
    match op {
        Op::Plain => a[(i, j)],
        Op::Adjoint => a[(j, i)].conjugate(),
    }
}
