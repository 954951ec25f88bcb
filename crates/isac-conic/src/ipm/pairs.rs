//! The entries `Re tr(A_i X A_j Z)` of the Schur complement, for sparse Hermitian `A`.
//!
//! Three ways to the same number, chosen per row by an operation count as in Fujisawa, Kojima and
//! Nakata: the product `Z A_i X` formed whole; only those of its entries that meet another row's;
//! the double sum over entries.

use isac_linalg::Mat;
use isac_linalg::kernel::{Field, Real};
use isac_linalg::ops::Op;

/// The data of one row in one block: all entries, both triangles.
#[derive(Debug, Clone)]
pub(super) struct Part<T> {
    pub(super) row: usize,
    pub(super) entries: Vec<(u32, u32, T)>,
    /// The columns that occur, in order, and for each entry the position of its column there.
    columns: Vec<u32>,
    positions: Vec<u32>,
}

impl<T: Field> Part<T> {
    pub(super) fn new(row: usize, entries: Vec<(u32, u32, T)>) -> Self {
        let mut columns: Vec<u32> = entries.iter().map(|e| e.1).collect();
        columns.sort_unstable();
        columns.dedup();
        let position = |column: u32| columns.partition_point(|&c| c < column) as u32;
        let positions = entries.iter().map(|e| position(e.1)).collect();
        Self {
            row,
            entries,
            columns,
            positions,
        }
    }

    /// `<A, U>` for Hermitian `U`.
    pub(super) fn inner(&self, u: &Mat<T>) -> T::R {
        let mut sum = T::R::ZERO;
        for &(a, b, v) in &self.entries {
            sum += v.conjugate().re_mul(u[(a as usize, b as usize)]);
        }
        sum
    }

    /// `target += factor A`.
    pub(super) fn scatter(&self, target: &mut Mat<T>, factor: T::R) {
        for &(a, b, v) in &self.entries {
            target[(a as usize, b as usize)] += v.times(factor);
        }
    }
}

/// `Re tr(A X B Z)` by the double sum.
pub(super) fn pair<T: Field>(
    a: &[(u32, u32, T)],
    b: &[(u32, u32, T)],
    x: &Mat<T>,
    z: &Mat<T>,
) -> T::R {
    let mut total = T::R::ZERO;
    for &(p, q, v) in a {
        let (xq, zp) = (x.col_as_slice(q as usize), z.col_as_slice(p as usize));
        let mut sum = T::ZERO;
        for &(r, s, w) in b {
            sum += xq[r as usize].conjugate() * w * zp[s as usize];
        }
        total += v.re_mul(sum);
    }
    total
}

/// Orders parts so that [`add_pairs`] forms the expensive products for the rows with most entries.
pub(super) fn sort<T>(parts: &mut [Part<T>]) {
    parts.sort_by_key(|part| std::cmp::Reverse(part.entries.len()));
}

/// Adds all pairs of `parts` (in the order of [`sort`]) to the lower triangle of `m`. The three
/// matrices of `work` have the order of `x`.
pub(super) fn add_pairs<T: Field>(
    parts: &[Part<T>],
    x: &Mat<T>,
    z: &Mat<T>,
    m: &mut Mat<T::R>,
    work: &mut [Mat<T>; 3],
) {
    let n = x.nrows();
    let mut rest: usize = parts.iter().map(|part| part.entries.len()).sum();
    for (at, part) in parts.iter().enumerate() {
        let (own, columns) = (part.entries.len(), part.columns.len());
        let double_sum = 2 * own * rest;
        let product = n * own + n * n * columns / 6 + 2 * rest;
        let selected = n * own + (columns + 2) * rest;
        if double_sum <= product && double_sum <= selected {
            for other in &parts[at..] {
                let value = pair(&part.entries, &other.entries, x, z);
                add(m, part.row, other.row, value);
            }
        } else {
            half_product(part, x, z, work);
            let [left, right, whole] = work;
            if product <= selected {
                T::gemm(
                    whole.as_mut(),
                    false,
                    T::R::from(1.0),
                    left.as_ref().subrows(0, columns),
                    Op::Adjoint,
                    right.as_ref().subrows(0, columns),
                    Op::Plain,
                );
                for other in &parts[at..] {
                    let mut value = T::R::ZERO;
                    for &(c, d, w) in &other.entries {
                        value += w.re_mul(whole[(d as usize, c as usize)]);
                    }
                    add(m, part.row, other.row, value);
                }
            } else {
                for other in &parts[at..] {
                    let mut value = T::R::ZERO;
                    for &(c, d, w) in &other.entries {
                        let pairs = left.col_as_slice(d as usize)[..columns]
                            .iter()
                            .zip(&right.col_as_slice(c as usize)[..columns]);
                        let mut entry = T::ZERO;
                        for (l, r) in pairs {
                            entry += l.conjugate() * *r;
                        }
                        value += w.re_mul(entry);
                    }
                    add(m, part.row, other.row, value);
                }
            }
        }
        rest -= own;
    }
}

/// `left^H right = Z A X`, with as many rows as `A` has columns with entries.
fn half_product<T: Field>(part: &Part<T>, x: &Mat<T>, z: &Mat<T>, work: &mut [Mat<T>; 3]) {
    let [left, right, _] = work;
    let n = x.nrows();
    for d in 0..n {
        left.col_as_slice_mut(d)[..part.columns.len()].fill(T::ZERO);
    }
    for (&(a, _, v), &k) in part.entries.iter().zip(&part.positions) {
        let v = v.conjugate();
        for (d, &entry) in z.col_as_slice(a as usize).iter().enumerate() {
            left[(k as usize, d)] += v * entry.conjugate();
        }
    }
    for c in 0..n {
        let source = x.col_as_slice(c);
        let target = right.col_as_slice_mut(c);
        for (k, &column) in part.columns.iter().enumerate() {
            target[k] = source[column as usize];
        }
    }
}

fn add<R: Real>(m: &mut Mat<R>, i: usize, j: usize, value: R) {
    m[(i.max(j), i.min(j))] += value;
}

#[cfg(test)]
mod tests {
    use super::*;
    use isac_linalg::c64;

    #[test]
    fn the_three_ways_agree() {
        let n = 6;
        let hermitian = |k: usize| {
            let mut a = Mat::from_fn(n, n, |i, j| {
                c64::new(
                    ((i * k + j * j) % 7) as f64 - 3.0,
                    ((i + k * j) % 5) as f64 - 2.0,
                )
            });
            isac_linalg::kernel::make_hermitian(&mut a);
            a
        };
        let (x, z) = (hermitian(2), hermitian(3));
        let part = |row: usize, size: usize| {
            let a = hermitian(row + 4);
            let mut entries = Vec::new();
            for j in 0..size {
                for i in 0..size {
                    entries.push((i as u32, j as u32, a[(i, j)]));
                }
            }
            Part::new(row, entries)
        };
        // Full, small and single-entry rows take the three branches.
        let mut parts: Vec<_> = [(0, 6), (1, 6), (2, 2), (3, 1), (4, 1), (5, 4)]
            .into_iter()
            .map(|(row, size)| part(row, size))
            .collect();
        sort(&mut parts);
        let mut m = Mat::<f64>::zeros(6, 6);
        let mut work = std::array::from_fn(|_| Mat::zeros(n, n));
        add_pairs(&parts, &x, &z, &mut m, &mut work);
        for a in &parts {
            for b in parts.iter().filter(|b| b.row <= a.row) {
                let expected = pair(&a.entries, &b.entries, &x, &z);
                let got = m[(a.row, b.row)];
                assert!((got - expected).abs() < 1e-9 * (1.0 + expected.abs()));
            }
        }
    }
}
