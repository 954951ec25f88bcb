//! Many small complex matrices of one shape in one piece of memory, made for products with small
//! factors: real and imaginary parts apart, rows padded to the vector width of the machine.
//!
//! Products of matrices of some ten rows spend more time on being called than on arithmetic. Here one
//! call costs next to nothing and the columns are worked off in vectors of two to eight.

use crate::{MatMut, MatRef, c64, vector};
use faer::traits::pulp::{Arch, Simd, WithSimd};

/// `count` matrices of `rows x cols`, all zero at first; matrix `k` is called block `k`.
#[derive(Debug, Clone)]
pub struct Batch {
    count: usize,
    rows: usize,
    cols: usize,
    /// Columns with padding, which is zero.
    width: usize,
    /// Row after row, block after block: `width` real parts, then `width` imaginary parts.
    data: Vec<f64>,
}

struct Lanes;

impl WithSimd for Lanes {
    type Output = usize;
    fn with_simd<S: Simd>(self, _: S) -> usize {
        S::F64_LANES
    }
}

impl Batch {
    /// `count` zero matrices.
    pub fn zeros(count: usize, rows: usize, cols: usize) -> Self {
        let width = cols.next_multiple_of(Arch::new().dispatch(Lanes));
        Self {
            count,
            rows,
            cols,
            width,
            data: vec![0.0; 2 * count * rows * width],
        }
    }

    /// Number of matrices.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Rows of each.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Columns of each.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// Sets all entries to zero.
    pub fn clear(&mut self) {
        self.data.fill(0.0);
    }

    fn at(&self, block: usize, row: usize) -> usize {
        2 * self.width * (block * self.rows + row)
    }

    /// Real and imaginary parts of a row.
    pub fn row(&self, block: usize, row: usize) -> (&[f64], &[f64]) {
        let at = self.at(block, row);
        let (re, im) = self.data[at..at + 2 * self.width].split_at(self.width);
        (&re[..self.cols], &im[..self.cols])
    }

    /// Real and imaginary parts of a row, to change them.
    pub fn row_mut(&mut self, block: usize, row: usize) -> (&mut [f64], &mut [f64]) {
        let at = self.at(block, row);
        let (re, im) = self.data[at..at + 2 * self.width].split_at_mut(self.width);
        (&mut re[..self.cols], &mut im[..self.cols])
    }

    /// Takes the entries of `[block 0, block 1, ...]`.
    ///
    /// # Panics
    /// If the shape of `side_by_side` is not `rows x count cols`.
    pub fn read(&mut self, side_by_side: MatRef<'_, c64>) {
        self.check_side_by_side(side_by_side.nrows(), side_by_side.ncols());
        let (width, rows, cols) = (self.width, self.rows, self.cols);
        for (k, block) in self.data.chunks_exact_mut(2 * width * rows).enumerate() {
            for c in 0..cols {
                let j = k * cols + c;
                if let Some(column) = vector::column(side_by_side, j) {
                    for (row, z) in block.chunks_exact_mut(2 * width).zip(column) {
                        row[c] = z.re;
                        row[width + c] = z.im;
                    }
                } else {
                    for (r, row) in block.chunks_exact_mut(2 * width).enumerate() {
                        let z = side_by_side[(r, j)];
                        row[c] = z.re;
                        row[width + c] = z.im;
                    }
                }
            }
        }
    }

    /// Writes `[block 0, block 1, ...]`.
    ///
    /// # Panics
    /// If the shape of `side_by_side` is not `rows x count cols`.
    pub fn write(&self, mut side_by_side: MatMut<'_, c64>) {
        self.check_side_by_side(side_by_side.nrows(), side_by_side.ncols());
        let (width, rows, cols) = (self.width, self.rows, self.cols);
        for (k, block) in self.data.chunks_exact(2 * width * rows).enumerate() {
            for c in 0..cols {
                let j = k * cols + c;
                let column = side_by_side.as_mut().col_mut(j).try_as_col_major_mut();
                if let Some(column) = column {
                    let entries = column.as_slice_mut().iter_mut();
                    for (row, z) in block.chunks_exact(2 * width).zip(entries) {
                        *z = c64::new(row[c], row[width + c]);
                    }
                } else {
                    for (r, row) in block.chunks_exact(2 * width).enumerate() {
                        side_by_side[(r, j)] = c64::new(row[c], row[width + c]);
                    }
                }
            }
        }
    }

    fn check_side_by_side(&self, rows: usize, cols: usize) {
        let expected = (self.rows, self.count * self.cols);
        assert_eq!((rows, cols), expected, "shape of the matrices side by side");
    }

    /// Block `block` becomes `B^H X` with `X` the same block of `x`. `b` holds the columns of `B`
    /// one after the other. Only the first `columns` columns are promised; the others keep their
    /// value or become those of the product.
    ///
    /// # Panics
    /// If the shapes do not fit.
    pub fn adjoint_product(&mut self, block: usize, b: &[c64], x: &Self, columns: usize) {
        assert_eq!(b.len(), self.rows * x.rows, "shape of B");
        self.multiply::<true>(block, b, x, columns, false);
    }

    /// Block `block` becomes `B Z`, or grows by it when `accumulate`, with `Z` the same block of `z`.
    /// Otherwise as [`adjoint_product`](Self::adjoint_product).
    ///
    /// # Panics
    /// If the shapes do not fit.
    pub fn product(&mut self, block: usize, b: &[c64], z: &Self, columns: usize, accumulate: bool) {
        assert_eq!(b.len(), self.rows * z.rows, "shape of B");
        self.multiply::<false>(block, b, z, columns, accumulate);
    }

    fn multiply<const ADJOINT: bool>(
        &mut self,
        block: usize,
        b: &[c64],
        x: &Self,
        columns: usize,
        accumulate: bool,
    ) {
        let shapes = (self.count, self.cols, self.width);
        assert_eq!(shapes, (x.count, x.cols, x.width), "shapes of the batches");
        assert!(block < self.count && columns <= self.cols, "out of range");
        let (from, to) = (x.at(block, 0), x.at(block + 1, 0));
        let span = self.at(block, 0)..self.at(block + 1, 0);
        Arch::new().dispatch(Multiply::<ADJOINT> {
            out: &mut self.data[span],
            x: &x.data[from..to],
            b,
            out_rows: self.rows,
            x_rows: x.rows,
            columns,
            accumulate,
        });
    }
}

struct Multiply<'a, const ADJOINT: bool> {
    out: &'a mut [f64],
    x: &'a [f64],
    b: &'a [c64],
    out_rows: usize,
    x_rows: usize,
    columns: usize,
    accumulate: bool,
}

impl<const ADJOINT: bool> WithSimd for Multiply<'_, ADJOINT> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (out, _) = S::as_mut_simd_f64s(self.out);
        let (x, _) = S::as_simd_f64s(self.x);
        if self.out_rows == 0 || self.x_rows == 0 {
            return;
        }
        let mut work = Tiles::<S, ADJOINT> {
            simd,
            half: out.len() / (2 * self.out_rows),
            out,
            x,
            b: self.b,
            out_rows: self.out_rows,
            x_rows: self.x_rows,
            accumulate: self.accumulate,
        };
        let vectors = self.columns.div_ceil(S::F64_LANES);
        let mut v = 0;
        while v < vectors {
            match vectors - v {
                1 => work.column::<1>(v),
                2 | 4 => work.column::<2>(v),
                _ => work.column::<3>(v),
            }
            v += match vectors - v {
                1 => 1,
                2 | 4 => 2,
                _ => 3,
            };
        }
    }
}

struct Tiles<'a, S: Simd, const ADJOINT: bool> {
    simd: S,
    out: &'a mut [S::f64s],
    x: &'a [S::f64s],
    b: &'a [c64],
    /// Vectors in the real half of a row.
    half: usize,
    out_rows: usize,
    x_rows: usize,
    accumulate: bool,
}

impl<S: Simd, const ADJOINT: bool> Tiles<'_, S, ADJOINT> {
    /// All rows of `V` vectors from vector `v` on, by twos.
    #[inline(always)]
    fn column<const V: usize>(&mut self, v: usize) {
        let mut p = 0;
        while p + 2 <= self.out_rows {
            self.tile::<2, V>(p, v);
            p += 2;
        }
        if p < self.out_rows {
            self.tile::<1, V>(p, v);
        }
    }

    /// `P` rows of `V` vectors, kept in registers.
    #[inline(always)]
    fn tile<const P: usize, const V: usize>(&mut self, p: usize, v: usize) {
        let (simd, half) = (self.simd, self.half);
        let zero = simd.splat_f64s(0.0);
        let (mut re, mut im) = ([[zero; V]; P], [[zero; V]; P]);
        let (b, rows, out_rows) = (self.b, self.x_rows, self.out_rows);
        for (r, row) in self.x.chunks_exact(2 * half).enumerate() {
            let (x_re, x_im) = (&row[v..v + V], &row[half + v..half + v + V]);
            for q in 0..P {
                let factor = if ADJOINT {
                    b[(p + q) * rows + r]
                } else {
                    b[r * out_rows + p + q]
                };
                let (f_re, f_im) = (simd.splat_f64s(factor.re), simd.splat_f64s(factor.im));
                let minus = simd.neg_f64s(f_im);
                let (by_im, by_re) = if ADJOINT {
                    (f_im, minus)
                } else {
                    (minus, f_im)
                };
                for u in 0..V {
                    re[q][u] = simd.mul_add_e_f64s(f_re, x_re[u], re[q][u]);
                    im[q][u] = simd.mul_add_e_f64s(f_re, x_im[u], im[q][u]);
                    re[q][u] = simd.mul_add_e_f64s(by_im, x_im[u], re[q][u]);
                    im[q][u] = simd.mul_add_e_f64s(by_re, x_re[u], im[q][u]);
                }
            }
        }
        for q in 0..P {
            let at = 2 * half * (p + q) + v;
            for u in 0..V {
                if self.accumulate {
                    re[q][u] = simd.add_f64s(self.out[at + u], re[q][u]);
                    im[q][u] = simd.add_f64s(self.out[at + half + u], im[q][u]);
                }
                self.out[at + u] = re[q][u];
                self.out[at + half + u] = im[q][u];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Mat, ops};

    fn entries(rows: usize, cols: usize, seed: usize) -> Mat<c64> {
        Mat::from_fn(rows, cols, |i, j| {
            let t = (seed + 31 * i + 17 * j) as f64;
            c64::new(t.sin(), (1.7 * t).cos())
        })
    }

    #[test]
    fn products_of_every_shape_equal_the_general_ones() {
        for (rows, other, cols) in [(1, 1, 1), (5, 2, 3), (4, 3, 4), (16, 10, 11), (3, 7, 18)] {
            let count = 2;
            let x = entries(rows, count * cols, 1);
            let b = entries(rows, other, 2);
            let flat: Vec<c64> = (0..other)
                .flat_map(|j| (0..rows).map(move |i| (i, j)))
                .map(|(i, j)| b[(i, j)])
                .collect();
            let mut batch = Batch::zeros(count, rows, cols);
            batch.read(x.as_ref());
            let mut back = Mat::zeros(rows, count * cols);
            batch.write(back.as_mut());
            assert_eq!(back, x);

            let mut z = Batch::zeros(count, other, cols);
            let mut sum = batch.clone();
            for k in 0..count {
                z.adjoint_product(k, &flat, &batch, cols);
                sum.product(k, &flat, &z, cols, true);
            }
            let expected = ops::adjoint_mul(b.as_ref(), x.as_ref());
            let mut got = Mat::zeros(other, count * cols);
            z.write(got.as_mut());
            assert!(ops::norm((&got - &expected).as_ref()) < 1e-13 * (rows * cols) as f64);

            let expected = ops::mul(b.as_ref(), expected.as_ref()) + &x;
            sum.write(back.as_mut());
            let scale = (rows * cols * other) as f64;
            assert!(ops::norm((&back - &expected).as_ref()) < 1e-13 * scale);
        }
    }

    #[test]
    fn the_first_columns_alone_and_rows_one_by_one() {
        let mut batch = Batch::zeros(1, 2, 9);
        batch.read(entries(2, 9, 3).as_ref());
        let one = [c64::ONE, c64::ZERO];
        let mut z = Batch::zeros(1, 1, 9);
        z.adjoint_product(0, &one, &batch, 2);
        assert_eq!(z.row(0, 0).0[..2], batch.row(0, 0).0[..2]);
        z.row_mut(0, 0).1[8] = 4.0;
        assert_eq!(z.row(0, 0).1[8..], [4.0]);
        z.clear();
        assert!(z.row(0, 0).1.iter().all(|x| *x == 0.0));
        assert_eq!((z.count(), z.rows(), z.cols()), (1, 1, 9));
    }
}
