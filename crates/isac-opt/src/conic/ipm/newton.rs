//! The linear system of a Newton step: the Schur complement with the free variables beside it.
//!
//! ```math
//! [ M    F ] [dy]   [r]
//! [ F^T  0 ] [df] = [g]
//! ```
//!
//! `M` alone may be singular (dependent rows, or free variables that it needs), so `M + rho F F^T`
//! is factored, scaled to unit diagonal with a tiny shift, and the solution is refined against the
//! unshifted system.

use isac_linalg::Mat;
use isac_linalg::kernel::{Field, Scratch};

/// Refinement steps at most.
const REFINEMENTS: usize = 12;

#[derive(Debug)]
pub(super) struct Newton {
    /// Lower triangle of the Schur complement, filled by the caller.
    pub(super) m: Mat<f64>,
    factor: Mat<f64>,
    scale: Vec<f64>,
    free: Mat<f64>,
    /// `K^-1 F` and the Cholesky factor of `F^T K^-1 F`.
    free_image: Mat<f64>,
    free_factor: Mat<f64>,
    rho: f64,
    scratch: Scratch,
    rhs: Mat<f64>,
    small: Mat<f64>,
    residual: (Vec<f64>, Vec<f64>),
    best: (Vec<f64>, Vec<f64>),
}

impl Newton {
    pub(super) fn new(rows: usize, free: Mat<f64>) -> Self {
        let f = free.ncols();
        Self {
            m: Mat::zeros(rows, rows),
            factor: Mat::zeros(rows, rows),
            scale: vec![1.0; rows],
            free_image: free.clone(),
            free,
            free_factor: Mat::zeros(f, f),
            rho: 0.0,
            scratch: Scratch::new::<f64>(rows.max(f)),
            rhs: Mat::zeros(rows, 1),
            small: Mat::zeros(f, 1),
            residual: (vec![0.0; rows], vec![0.0; f]),
            best: (vec![0.0; rows], vec![0.0; f]),
        }
    }

    /// Factors what stands in `m`; false when it is not finite.
    pub(super) fn factor(&mut self) -> bool {
        let n = self.m.nrows();
        let f = self.free.ncols();
        if f > 0 {
            let top = (0..n).fold(0.0_f64, |t, i| t.max(self.m[(i, i)]));
            let own = (0..n)
                .map(|i| (0..f).map(|k| self.free[(i, k)].powi(2)).sum::<f64>())
                .fold(0.0, f64::max);
            self.rho = if own > 0.0 {
                top.max(1e-300) / own
            } else {
                0.0
            };
        }
        let mut shift = 1e-15;
        while shift < 1e-6 {
            if self.try_factor(shift) {
                return true;
            }
            shift *= 30.0;
        }
        false
    }

    fn try_factor(&mut self, shift: f64) -> bool {
        let n = self.m.nrows();
        let f = self.free.ncols();
        for j in 0..n {
            let (source, target) = (self.m.col_as_slice(j), self.factor.col_as_slice_mut(j));
            target[j..].copy_from_slice(&source[j..]);
        }
        for k in 0..f {
            for j in 0..n {
                let b = self.rho * self.free[(j, k)];
                if b != 0.0 {
                    for i in j..n {
                        self.factor[(i, j)] += b * self.free[(i, k)];
                    }
                }
            }
        }
        for i in 0..n {
            let d = self.factor[(i, i)];
            if !d.is_finite() {
                return false;
            }
            self.scale[i] = if d > 0.0 { 1.0 / d.sqrt() } else { 1.0 };
        }
        for j in 0..n {
            let own = self.scale[j];
            let column = self.factor.col_as_slice_mut(j);
            for i in j..n {
                column[i] *= own * self.scale[i];
            }
            column[j] = column[j].max(0.0) + shift;
        }
        if !f64::cholesky(self.factor.as_mut(), &mut self.scratch) {
            return false;
        }
        if f == 0 {
            return true;
        }
        self.free_image.copy_from(&self.free);
        self.apply_factor_to_image();
        let mut gram = Mat::<f64>::zeros(f, f);
        for a in 0..f {
            for b in 0..=a {
                let pairs = self.free.col_as_slice(a).iter();
                gram[(a, b)] = pairs
                    .zip(self.free_image.col_as_slice(b))
                    .map(|(x, y)| x * y)
                    .sum();
            }
        }
        let top = (0..f).fold(0.0_f64, |t, i| t.max(gram[(i, i)]));
        for i in 0..f {
            gram[(i, i)] += shift * top.max(1e-300);
        }
        self.free_factor = gram;
        f64::cholesky(self.free_factor.as_mut(), &mut self.scratch)
    }

    fn apply_factor_to_image(&mut self) {
        for k in 0..self.free_image.ncols() {
            scale_rows(self.free_image.col_as_slice_mut(k), &self.scale);
        }
        f64::solve_lower(self.factor.as_ref(), self.free_image.as_mut());
        f64::solve_lower_adjoint(self.factor.as_ref(), self.free_image.as_mut());
        for k in 0..self.free_image.ncols() {
            scale_rows(self.free_image.col_as_slice_mut(k), &self.scale);
        }
    }

    /// Approximate solution in place, by the factors.
    fn raw(&mut self, r: &mut [f64], g: &mut [f64]) {
        let f = self.free.ncols();
        for k in 0..f {
            for (i, value) in r.iter_mut().enumerate() {
                *value += self.rho * self.free[(i, k)] * g[k];
            }
        }
        self.rhs.col_as_slice_mut(0).copy_from_slice(r);
        scale_rows(self.rhs.col_as_slice_mut(0), &self.scale);
        f64::solve_lower(self.factor.as_ref(), self.rhs.as_mut());
        f64::solve_lower_adjoint(self.factor.as_ref(), self.rhs.as_mut());
        scale_rows(self.rhs.col_as_slice_mut(0), &self.scale);
        r.copy_from_slice(self.rhs.col_as_slice(0));
        if f == 0 {
            return;
        }
        for k in 0..f {
            let along: f64 = self
                .free
                .col_as_slice(k)
                .iter()
                .zip(&*r)
                .map(|(a, b)| a * b)
                .sum();
            self.small[(k, 0)] = along - g[k];
        }
        f64::solve_lower(self.free_factor.as_ref(), self.small.as_mut());
        f64::solve_lower_adjoint(self.free_factor.as_ref(), self.small.as_mut());
        for k in 0..f {
            g[k] = self.small[(k, 0)];
            for (value, image) in r.iter_mut().zip(self.free_image.col_as_slice(k)) {
                *value -= g[k] * image;
            }
        }
    }

    /// Residual of `(dy, df)` into `self.residual`, and its norm.
    fn residual(&mut self, r: &[f64], g: &[f64], dy: &[f64], df: &[f64]) -> f64 {
        let n = self.m.nrows();
        let (top, bottom) = (&mut self.residual.0, &mut self.residual.1);
        top.copy_from_slice(r);
        bottom.copy_from_slice(g);
        for j in 0..n {
            let column = self.m.col_as_slice(j);
            let y = dy[j];
            let mut own = column[j] * y;
            for i in j + 1..n {
                top[i] -= column[i] * y;
                own += column[i] * dy[i];
            }
            top[j] -= own;
        }
        for (k, value) in df.iter().enumerate() {
            let column = self.free.col_as_slice(k);
            for i in 0..n {
                top[i] -= column[i] * value;
                bottom[k] -= column[i] * dy[i];
            }
        }
        let square = |v: &[f64]| v.iter().map(|x| x * x).sum::<f64>();
        (square(top) + square(bottom)).sqrt()
    }

    /// Solves for `(dy, df)`; both are overwritten.
    ///
    /// Conjugate gradients with the factors as preconditioner: near a degenerate optimum plain
    /// refinement no longer converges. The best iterate by residual is kept.
    pub(super) fn solve(&mut self, r: &[f64], g: &[f64], dy: &mut [f64], df: &mut [f64]) {
        dy.copy_from_slice(r);
        df.copy_from_slice(g);
        self.raw(dy, df);
        let square = |v: &[f64]| v.iter().map(|x| x * x).sum::<f64>();
        let target = 1e-15 * (square(r) + square(g)).sqrt();
        let mut least = self.residual(r, g, dy, df);
        self.best.0.copy_from_slice(dy);
        self.best.1.copy_from_slice(df);
        let (mut p, mut q) = (vec![0.0; dy.len()], vec![0.0; df.len()]);
        let mut previous = 0.0;
        for round in 0..REFINEMENTS {
            if least <= target || !least.is_finite() {
                break;
            }
            // z = preconditioned residual; residual left as it is.
            let mut z = self.residual.0.clone();
            let mut w = self.residual.1.clone();
            self.raw(&mut z, &mut w);
            let now = dot(&z, &self.residual.0) + dot(&w, &self.residual.1);
            let beta = if round == 0 { 0.0 } else { now / previous };
            previous = now;
            p.iter_mut().zip(&z).for_each(|(p, z)| *p = z + beta * *p);
            q.iter_mut().zip(&w).for_each(|(q, w)| *q = w + beta * *q);
            let held = (self.residual.0.clone(), self.residual.1.clone());
            // The image of the direction, by the residual of zero right sides.
            let zeros = (vec![0.0; p.len()], vec![0.0; q.len()]);
            self.residual(&zeros.0, &zeros.1, &p, &q);
            let curvature = -(dot(&p, &self.residual.0) + dot(&q, &self.residual.1));
            let step = now / curvature;
            if !step.is_finite() {
                break;
            }
            self.residual = held;
            dy.iter_mut().zip(&p).for_each(|(y, p)| *y += step * p);
            df.iter_mut().zip(&q).for_each(|(f, q)| *f += step * q);
            let size = self.residual(r, g, dy, df);
            if size < least {
                let slow = size > 0.9 * least && round > 2;
                least = size;
                self.best.0.copy_from_slice(dy);
                self.best.1.copy_from_slice(df);
                if slow {
                    break;
                }
            } else if size > 1e3 * least || round > 4 {
                break;
            }
        }
        dy.copy_from_slice(&self.best.0);
        df.copy_from_slice(&self.best.1);
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

fn scale_rows(values: &mut [f64], scale: &[f64]) {
    values.iter_mut().zip(scale).for_each(|(v, s)| *v *= s);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_singular_block_with_free_variables_is_solved() {
        // M has rank 1; F supplies the rest.
        let mut newton = Newton::new(2, Mat::from_fn(2, 1, |i, _| 1.0 - i as f64));
        newton.m = Mat::from_fn(2, 2, |_, _| 1.0);
        assert!(newton.factor());
        let (mut dy, mut df) = (vec![0.0; 2], vec![0.0; 1]);
        newton.solve(&[3.0, 1.0], &[5.0], &mut dy, &mut df);
        // y0 = 5, y0 + y1 = 1, f = 2.
        assert!((dy[0] - 5.0).abs() < 1e-12 && (dy[1] + 4.0).abs() < 1e-12);
        assert!((df[0] - 2.0).abs() < 1e-12);
    }
}
