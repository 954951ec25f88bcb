//! What a proof rests on: coordinates and definiteness in about 31 digits, and signs that are exact.
//!
//! ```
//! use isac_linalg::precise::Exact;
//! // 1 + 1e-20 - 1 in exact arithmetic.
//! let sum = Exact::from(1.0).plus_product(1e-10, 1e-10).plus_product(-1.0, 1.0);
//! assert_eq!(sum.sign(), std::cmp::Ordering::Greater);
//! ```

use std::cmp::Ordering;

use crate::kernel::{self, Field, Real, Scratch, Twofold, TwofoldComplex};
use crate::{Mat, MatRef, c64};

/// Columns in the coordinates of an orthonormal basis of their span.
#[derive(Debug, Clone)]
pub struct Coordinates {
    /// The basis, rounded: rows x rank.
    pub basis: Mat<c64>,
    /// Coordinates of the columns: `d x columns`, `d >= rank`. The first `rank` rows belong to
    /// `basis`; further rows are directions below the relative cut, kept so that nothing is lost.
    pub exact: Mat<TwofoldComplex>,
    /// Whether the coordinates are those of the columns for certain: the basis is of the whole space
    /// (but for rows that are zero), or no column depends on the others. Otherwise parts below `1e-28` of a column were dropped.
    pub complete: bool,
}

/// Part of a column, relative, below which it is taken to lie in the span of the others.
const DROPPED: f64 = 1e-28;

/// Orthonormal basis and coordinates of columns by the pivoted Gram-Schmidt method in twofold
/// arithmetic. Every column counts by its own norm, so columns of any scale may be mixed; the rank
/// counts the directions in which some column has a part above `relative_cut`.
pub fn coordinates(columns: MatRef<'_, c64>, relative_cut: f64) -> Coordinates {
    let (n, p) = (columns.nrows(), columns.ncols());
    let mut rest: Vec<Vec<TwofoldComplex>> = (0..p)
        .map(|j| (0..n).map(|i| Field::from_c64(columns[(i, j)])).collect())
        .collect();
    let sizes: Vec<f64> = rest.iter().map(|column| norm(column).to_f64()).collect();
    let mut basis: Vec<Vec<TwofoldComplex>> = Vec::new();
    let mut rows: Vec<Vec<TwofoldComplex>> = Vec::new();
    let mut rank = 0;
    let mut open: Vec<usize> = (0..p).filter(|&j| sizes[j] > 0.0).collect();
    while basis.len() < n && !open.is_empty() {
        let part = |j: usize| norm(&rest[j]).to_f64() / sizes[j];
        let Some((at, largest)) = (open.iter().map(|&j| part(j)).enumerate()).fold(
            None,
            |best: Option<(usize, f64)>, (i, x)| match best {
                Some((_, top)) if top >= x => best,
                _ => Some((i, x)),
            },
        ) else {
            break;
        };
        if largest <= DROPPED {
            break;
        }
        if largest > relative_cut {
            rank = basis.len() + 1;
        }
        let j = open.remove(at);
        let mut direction = rest[j].clone();
        for _ in 0..2 {
            normalise(&mut direction);
            for q in &basis {
                let c = dot(q, &direction);
                subtract(&mut direction, q, c);
            }
        }
        normalise(&mut direction);
        let row: Vec<TwofoldComplex> = rest
            .iter_mut()
            .map(|column| {
                let c = dot(&direction, column);
                subtract(column, &direction, c);
                c
            })
            .collect();
        rows.push(row);
        basis.push(direction);
    }
    let occupied = (0..n)
        .filter(|&i| (0..p).any(|j| columns[(i, j)] != c64::ZERO))
        .count();
    let complete = basis.len() == occupied || open.is_empty();
    let exact = Mat::from_fn(basis.len(), p, |i, j| rows[i][j]);
    Coordinates {
        basis: Mat::from_fn(n, rank, |i, j| basis[j][i].to_c64()),
        exact,
        complete,
    }
}

fn dot(a: &[TwofoldComplex], b: &[TwofoldComplex]) -> TwofoldComplex {
    a.iter().zip(b).fold(TwofoldComplex::ZERO, |sum, (&x, &y)| {
        sum + x.conjugate() * y
    })
}

fn norm(a: &[TwofoldComplex]) -> Twofold {
    dot(a, a).re().root()
}

fn normalise(a: &mut [TwofoldComplex]) {
    let inverse = Twofold::from(1.0) / norm(a);
    for x in a.iter_mut() {
        *x = x.times(inverse);
    }
}

fn subtract(a: &mut [TwofoldComplex], q: &[TwofoldComplex], c: TwofoldComplex) {
    for (x, &y) in a.iter_mut().zip(q) {
        *x -= y * c;
    }
}

/// Whether a Hermitian matrix (lower triangle read) less the diagonal `margin` is positive definite,
/// by a Cholesky factorisation in twofold arithmetic; `margin` has to cover the rounding of the
/// entries and of the factorisation.
pub fn is_positive_definite(a: &Mat<TwofoldComplex>, margin: &[f64]) -> bool {
    let n = a.nrows();
    let mut copy = a.clone();
    for (i, &m) in margin.iter().enumerate() {
        copy[(i, i)] -= Field::from_c64(c64::new(m, 0.0));
    }
    let mut scratch = Scratch::new::<TwofoldComplex>(n);
    <TwofoldComplex as Field>::cholesky(copy.as_mut(), &mut scratch)
}

/// Zero matrix of twofold numbers.
pub fn zeros(rows: usize, columns: usize) -> Mat<TwofoldComplex> {
    kernel::zeros(rows, columns)
}

/// A real number held without rounding: a sum of `f64` that do not overlap, smallest first. Exact as
/// long as no product falls below about `1e-290` or overflows.
#[derive(Debug, Clone, PartialEq)]
pub struct Exact {
    parts: Vec<f64>,
}

impl From<f64> for Exact {
    fn from(x: f64) -> Self {
        Self { parts: vec![x] }
    }
}

impl Exact {
    fn grow(&mut self, x: f64) {
        let mut carry = x;
        let mut out = Vec::with_capacity(self.parts.len() + 1);
        for &part in &self.parts {
            let sum = carry + part;
            let virtual_part = sum - carry;
            let error = (carry - (sum - virtual_part)) + (part - virtual_part);
            if error != 0.0 {
                out.push(error);
            }
            carry = sum;
        }
        // A sum that cancels leaves its errors: the last part is never an idle zero.
        if carry != 0.0 || out.is_empty() {
            out.push(carry);
        }
        self.parts = out;
    }

    /// This plus `a b`.
    #[must_use]
    pub fn plus_product(mut self, a: f64, b: f64) -> Self {
        let product = a * b;
        self.grow(a.mul_add(b, -product));
        self.grow(product);
        self
    }

    /// This plus another.
    #[must_use]
    pub fn plus(mut self, other: &Self) -> Self {
        for &part in &other.parts {
            self.grow(part);
        }
        self
    }

    /// This times `factor`.
    #[must_use]
    pub fn times(&self, factor: f64) -> Self {
        let zero = Self::from(0.0);
        let parts = self.parts.iter();
        parts.fold(zero, |sum, &part| sum.plus_product(part, factor))
    }

    /// Less than, equal to or greater than zero: the sign of the largest part.
    pub fn sign(&self) -> Ordering {
        let top = self.parts.last().copied().unwrap_or(0.0);
        top.partial_cmp(&0.0).unwrap_or(Ordering::Equal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_beyond_double_precision() {
        let e = f64::EPSILON;
        // (1 + e)(1 - e) - 1 = -e^2.
        let x = Exact::from(-1.0).plus_product(1.0 + e, 1.0 - e);
        assert_eq!(x.sign(), Ordering::Less);
        assert_eq!(x.plus_product(e, e).sign(), Ordering::Equal);
        // Thrice (1/2)(3/2)^2 against (3/2)^3: loads of 1/3 each, one together.
        let square = Exact::from(1.5).times(1.5);
        let sum = square.times(1.5).plus(&square.times(-1.5));
        assert_eq!(sum.sign(), Ordering::Equal);
        assert_eq!(Exact::from(-0.0).sign(), Ordering::Equal);
        assert_eq!(Exact::from(-2.0).sign(), Ordering::Less);
    }

    #[test]
    fn coordinates_keep_inner_products_at_any_scale() {
        let columns = Mat::from_fn(5, 4, |i, j| {
            let x = c64::new((i * j + 1) as f64, i as f64 - 2.0 * j as f64);
            x * [1.0, 1e-9, 1e6, 1e-13][j] * if i > j { 1.0 } else { 0.5 }
        });
        let found = coordinates(columns.as_ref(), 1e-12);
        assert!(found.complete && found.basis.ncols() == 4);
        for a in 0..4 {
            for b in 0..4 {
                let direct = (0..5).fold(c64::ZERO, |s, i| {
                    s + columns[(i, a)].conj() * columns[(i, b)]
                });
                let seen = (0..4).fold(TwofoldComplex::ZERO, |s, i| {
                    s + found.exact[(i, a)].conjugate() * found.exact[(i, b)]
                });
                assert!((seen.to_c64() - direct).norm() <= 1e-14 * direct.norm() + 1e-40);
            }
        }
    }

    #[test]
    fn a_direction_below_the_cut_is_kept_but_not_counted() {
        let columns = Mat::from_fn(3, 2, |i, j| match (i, j) {
            (0, _) => c64::ONE,
            (1, 1) => c64::new(1e-15, 0.0),
            _ => c64::ZERO,
        });
        let found = coordinates(columns.as_ref(), 1e-12);
        assert_eq!((found.basis.ncols(), found.exact.nrows()), (1, 2));
        assert!(found.complete);
        let same = Mat::from_fn(3, 2, |i, _| c64::new(i as f64 + 0.1, 0.3));
        assert!(!coordinates(same.as_ref(), 1e-12).complete);
    }

    #[test]
    fn definiteness_is_decided_beyond_double_precision() {
        let near = |x: f64| {
            let of = |x: f64| <TwofoldComplex as Field>::from_c64(c64::new(x, 0.0));
            let mut a = zeros(2, 2);
            a[(0, 0)] = of(1.0);
            a[(1, 0)] = of(1.0);
            a[(1, 1)] = of(1.0) + of(x);
            is_positive_definite(&a, &[0.0, 0.0])
        };
        assert!(near(1e-25) && !near(-1e-25) && !near(0.0));
    }
}
