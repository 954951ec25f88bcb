//! What the Newton steps of a box are made of: rows of features and the system that they give.

use super::data::Data;
use isac_linalg::{Mat, MatRef, c64, factor, ops, real};

/// For each unknown (`m`, `q`, the pairs of `U`, `lambda`) its matrix `B = L^-1 A_i L^-H`.
pub(super) struct Features {
    /// `B` as real numbers in an orthonormal basis of Hermitian matrices, a row each.
    pub(super) matrix: Mat<f64>,
    /// For each `k` real and imaginary parts of `B u_k`, then `u_k^H B u_k`.
    pub(super) vectors: Mat<f64>,
    pub(super) trace: Vec<f64>,
}

impl Features {
    /// For `A = L L^H`, `users` the `u_k = L^-1 g_k`; without `mixed` without the pairs.
    pub(super) fn new(
        data: &Data,
        mixed: &[Mat<c64>],
        cholesky: &factor::Cholesky,
        users: MatRef<'_, c64>,
    ) -> Self {
        let (size, count, pairs) = (data.size(), data.count(), mixed.len());
        let unknowns = 2 * count + pairs * (pairs + 1) / 2 + 1;
        let mut out = Self {
            matrix: Mat::zeros(unknowns, size * size),
            vectors: Mat::zeros(unknowns, count * (2 * size + 1)),
            trace: vec![0.0; unknowns],
        };
        for k in 0..count {
            let square = Mat::from_fn(size, size, |i, j| users[(i, k)] * users[(j, k)].conj());
            out.put(k, square.as_ref(), -data.rate, users);
            out.put(count + k, square.as_ref(), 1.0, users);
        }
        let turned: Vec<Mat<c64>> = mixed
            .iter()
            .map(|p| cholesky.solve_lower(p.adjoint().to_owned().as_ref()))
            .collect();
        let mut at = 2 * count;
        for i in 0..pairs {
            for j in 0..=i {
                let mut product = ops::mul_adjoint(turned[i].as_ref(), turned[j].as_ref());
                if i != j {
                    product = isac_linalg::hermitian::hermitian_part(product.as_ref());
                    ops::scale(product.as_mut(), 2.0);
                }
                out.put(at, product.as_ref(), -data.crlb, users);
                at += 1;
            }
        }
        let unit = Mat::from_fn(size, size, |i, j| c64::new(f64::from(i == j), 0.0));
        let root = cholesky.solve_lower(unit.as_ref());
        let inverse = ops::mul_adjoint(root.as_ref(), root.as_ref());
        out.put(at, inverse.as_ref(), 1.0, users);
        out
    }

    fn put(&mut self, row: usize, b: MatRef<'_, c64>, scale: f64, users: MatRef<'_, c64>) {
        let size = b.nrows();
        let mut at = 0;
        for j in 0..size {
            self.trace[row] += scale * b[(j, j)].re;
            self.matrix[(row, at)] = scale * b[(j, j)].re;
            at += 1;
            for i in j + 1..size {
                let entry = b[(i, j)] * (scale * std::f64::consts::SQRT_2);
                self.matrix[(row, at)] = entry.re;
                self.matrix[(row, at + 1)] = entry.im;
                at += 2;
            }
        }
        let product = ops::mul(b, users);
        for k in 0..users.ncols() {
            let base = k * (2 * size + 1);
            let mut form = 0.0;
            for i in 0..size {
                let entry = product[(i, k)] * scale;
                self.vectors[(row, base + 2 * i)] = entry.re;
                self.vectors[(row, base + 2 * i + 1)] = entry.im;
                form += (users[(i, k)].conj() * entry).re;
            }
            self.vectors[(row, base + 2 * size)] = form;
        }
    }
}

/// `A A^T`.
pub(super) fn real_square(a: MatRef<'_, f64>) -> Mat<f64> {
    let turned = a.transpose().to_owned();
    real::mul(a, turned.as_ref())
}

/// `-H^-1 g`, with `H` scaled to a unit diagonal.
pub(super) fn newton_system(hessian: &Mat<f64>, gradient: &[f64]) -> Option<Vec<f64>> {
    let size = gradient.len();
    let scale = |i: usize| {
        let d = hessian[(i, i)];
        if d > 0.0 { 1.0 / d.sqrt() } else { 1.0 }
    };
    let scales: Vec<f64> = (0..size).map(scale).collect();
    let rhs = Mat::from_fn(size, 1, |i, _| -gradient[i] * scales[i]);
    let mut ridge = 1e-14;
    while ridge < 1e-3 {
        let scaled = Mat::from_fn(size, size, |i, j| {
            hessian[(i, j)] * scales[i] * scales[j] + if i == j { ridge } else { 0.0 }
        });
        if let Ok(cholesky) = real::cholesky("Hessian", scaled.as_ref()) {
            let x = cholesky.solve(rhs.as_ref());
            return Some((0..size).map(|i| x[(i, 0)] * scales[i]).collect());
        }
        ridge *= 100.0;
    }
    None
}
