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
use isac_linalg::kernel::{self, Real, Scratch};
use isac_linalg::ops::Op;

use super::cones::dot;

/// Refinement steps at most.
const REFINEMENTS: usize = 12;
/// Rows up to which plain loops are faster than calls of kernels.
const FEW: usize = 32;
/// Relative residual that no run needs to go below.
const ENOUGH: f64 = 1e-24;

#[derive(Debug)]
pub(super) struct Newton<R: Real> {
    /// The Schur complement, its lower triangle filled by the caller.
    pub(super) m: Mat<R>,
    factor: Mat<R>,
    scale: Vec<R>,
    free: Mat<R>,
    /// `K^-1 F` and the Cholesky factor of `F^T K^-1 F`.
    free_image: Mat<R>,
    free_factor: Mat<R>,
    rho: R,
    scratch: Scratch,
    rhs: Mat<R>,
    product: Mat<R>,
    small: Mat<R>,
    residual: (Vec<R>, Vec<R>),
    best: (Vec<R>, Vec<R>),
    /// Conjugate gradients: direction, its image, preconditioned residual.
    search: (Vec<R>, Vec<R>),
    image: (Vec<R>, Vec<R>),
    conditioned: (Vec<R>, Vec<R>),
}

impl<R: Real> Newton<R> {
    pub(super) fn new(rows: usize, free: Mat<R>) -> Self {
        let f = free.ncols();
        let pair = || (vec![R::ZERO; rows], vec![R::ZERO; f]);
        Self {
            m: kernel::zeros(rows, rows),
            factor: kernel::zeros(rows, rows),
            scale: vec![R::from(1.0); rows],
            free_image: free.clone(),
            free,
            free_factor: kernel::zeros(f, f),
            rho: R::ZERO,
            scratch: Scratch::new::<R>(rows.max(f)),
            rhs: kernel::zeros(rows, 1),
            product: kernel::zeros(rows, 1),
            small: kernel::zeros(f, 1),
            residual: pair(),
            best: pair(),
            search: pair(),
            image: pair(),
            conditioned: pair(),
        }
    }

    /// Factors what stands in the lower triangle of `m` (and completes the upper one); false when it
    /// is not finite.
    pub(super) fn factor(&mut self) -> bool {
        let n = self.m.nrows();
        for j in 0..n {
            for i in j + 1..n {
                self.m[(j, i)] = self.m[(i, j)];
            }
        }
        let f = self.free.ncols();
        if f > 0 {
            let top = (0..n).fold(R::from(1e-300), |t, i| t.or_more(self.m[(i, i)]));
            let own = (0..n)
                .map(|i| {
                    let row = (0..f).map(|k| self.free[(i, k)]);
                    row.fold(R::ZERO, |sum, a| sum + a * a)
                })
                .fold(R::ZERO, R::or_more);
            self.rho = if own > R::ZERO { top / own } else { R::ZERO };
        }
        let mut shift = 9.0 * R::UNIT;
        while shift < 1e9 * R::UNIT {
            if self.try_factor(R::from(shift)) {
                return true;
            }
            shift *= 30.0;
        }
        false
    }

    fn try_factor(&mut self, shift: R) -> bool {
        let n = self.m.nrows();
        let f = self.free.ncols();
        for j in 0..n {
            let (source, target) = (self.m.col_as_slice(j), self.factor.col_as_slice_mut(j));
            target[j..].copy_from_slice(&source[j..]);
        }
        for k in 0..f {
            for j in 0..n {
                let b = self.rho * self.free[(j, k)];
                if b != R::ZERO {
                    for i in j..n {
                        self.factor[(i, j)] += b * self.free[(i, k)];
                    }
                }
            }
        }
        let one = R::from(1.0);
        for i in 0..n {
            let d = self.factor[(i, i)];
            if !d.to_f64().is_finite() {
                return false;
            }
            self.scale[i] = if d > R::ZERO { one / d.root() } else { one };
        }
        for j in 0..n {
            let own = self.scale[j];
            let column = self.factor.col_as_slice_mut(j);
            for i in j..n {
                column[i] *= own * self.scale[i];
            }
            column[j] = column[j].or_more(R::ZERO) + shift;
        }
        if !R::cholesky(self.factor.as_mut(), &mut self.scratch) {
            return false;
        }
        if f == 0 {
            return true;
        }
        kernel::copy(&mut self.free_image, &self.free);
        self.apply_factor_to_image();
        for b in 0..f {
            for a in b..f {
                self.free_factor[(a, b)] =
                    dot(self.free.col_as_slice(a), self.free_image.col_as_slice(b));
            }
        }
        let gram = &mut self.free_factor;
        let top = (0..f).fold(R::from(1e-300), |t, i| t.or_more(gram[(i, i)]));
        for i in 0..f {
            gram[(i, i)] += shift * top;
        }
        R::cholesky(self.free_factor.as_mut(), &mut self.scratch)
    }

    fn apply_factor_to_image(&mut self) {
        for k in 0..self.free_image.ncols() {
            scale_rows(self.free_image.col_as_slice_mut(k), &self.scale);
        }
        R::solve_lower(self.factor.as_ref(), self.free_image.as_mut());
        R::solve_lower_adjoint(self.factor.as_ref(), self.free_image.as_mut());
        for k in 0..self.free_image.ncols() {
            scale_rows(self.free_image.col_as_slice_mut(k), &self.scale);
        }
    }

    /// Approximate solution in place, by the factors.
    fn raw(&mut self, r: &mut [R], g: &mut [R]) {
        let f = self.free.ncols();
        for k in 0..f {
            for (i, value) in r.iter_mut().enumerate() {
                *value += self.rho * self.free[(i, k)] * g[k];
            }
        }
        scale_rows(r, &self.scale);
        if r.len() <= FEW {
            substitute(&self.factor, r);
        } else {
            self.rhs.col_as_slice_mut(0).copy_from_slice(r);
            R::solve_lower(self.factor.as_ref(), self.rhs.as_mut());
            R::solve_lower_adjoint(self.factor.as_ref(), self.rhs.as_mut());
            r.copy_from_slice(self.rhs.col_as_slice(0));
        }
        scale_rows(r, &self.scale);
        if f == 0 {
            return;
        }
        for k in 0..f {
            self.small[(k, 0)] = dot(self.free.col_as_slice(k), r) - g[k];
        }
        R::solve_lower(self.free_factor.as_ref(), self.small.as_mut());
        R::solve_lower_adjoint(self.free_factor.as_ref(), self.small.as_mut());
        for k in 0..f {
            g[k] = self.small[(k, 0)];
            for (value, image) in r.iter_mut().zip(self.free_image.col_as_slice(k)) {
                *value -= g[k] * *image;
            }
        }
    }

    /// `(top, bottom) <- (top, bottom) - K (dy, df)`, `K` the unshifted system.
    fn subtract(&mut self, dy: &[R], df: &[R], (top, bottom): (&mut [R], &mut [R])) {
        let n = self.m.nrows();
        if n <= FEW {
            for (j, v) in dy.iter().enumerate() {
                add(top, -*v, self.m.col_as_slice(j));
            }
        } else {
            self.rhs.col_as_slice_mut(0).copy_from_slice(dy);
            R::gemm(
                self.product.as_mut(),
                false,
                R::from(-1.0),
                self.m.as_ref(),
                Op::Plain,
                self.rhs.as_ref(),
                Op::Plain,
            );
            add(top, R::from(1.0), self.product.col_as_slice(0));
        }
        for (k, value) in df.iter().enumerate() {
            let column = self.free.col_as_slice(k);
            for i in 0..n {
                top[i] -= column[i] * *value;
                bottom[k] -= column[i] * dy[i];
            }
        }
    }

    /// Residual of `(dy, df)` into `self.residual`, and its norm.
    fn residual(&mut self, r: &[R], g: &[R], dy: &[R], df: &[R]) -> f64 {
        let (mut top, mut bottom) = std::mem::take(&mut self.residual);
        top.copy_from_slice(r);
        bottom.copy_from_slice(g);
        self.subtract(dy, df, (&mut top, &mut bottom));
        let norm = norm(&top, &bottom);
        self.residual = (top, bottom);
        norm
    }

    /// Solves for `(dy, df)`; both are overwritten.
    ///
    /// Conjugate gradients with the factors as preconditioner: near a degenerate optimum plain
    /// refinement no longer converges. The best iterate by residual is kept.
    pub(super) fn solve(&mut self, r: &[R], g: &[R], dy: &mut [R], df: &mut [R]) {
        dy.copy_from_slice(r);
        df.copy_from_slice(g);
        self.raw(dy, df);
        let target = (64.0 * R::UNIT).max(ENOUGH) * norm(r, g);
        let mut least = self.residual(r, g, dy, df);
        self.best.0.copy_from_slice(dy);
        self.best.1.copy_from_slice(df);
        let mut search = std::mem::take(&mut self.search);
        let mut image = std::mem::take(&mut self.image);
        let mut conditioned = std::mem::take(&mut self.conditioned);
        search.0.fill(R::ZERO);
        search.1.fill(R::ZERO);
        let mut previous = R::ZERO;
        for round in 0..REFINEMENTS {
            if least <= target || !least.is_finite() {
                break;
            }
            conditioned.0.copy_from_slice(&self.residual.0);
            conditioned.1.copy_from_slice(&self.residual.1);
            self.raw(&mut conditioned.0, &mut conditioned.1);
            let now = pair_dot(&conditioned, &self.residual);
            let beta = if round == 0 { R::ZERO } else { now / previous };
            previous = now;
            for (p, z) in search.0.iter_mut().zip(&conditioned.0) {
                *p = *z + beta * *p;
            }
            for (p, z) in search.1.iter_mut().zip(&conditioned.1) {
                *p = *z + beta * *p;
            }
            // Minus the image of the direction.
            image.0.fill(R::ZERO);
            image.1.fill(R::ZERO);
            self.subtract(&search.0, &search.1, (&mut image.0, &mut image.1));
            let step = -now / pair_dot(&search, &image);
            if !step.to_f64().is_finite() {
                break;
            }
            add(dy, step, &search.0);
            add(df, step, &search.1);
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
        (self.search, self.image, self.conditioned) = (search, image, conditioned);
        dy.copy_from_slice(&self.best.0);
        df.copy_from_slice(&self.best.1);
    }
}

/// `x <- (L L^T)^-1 x`.
fn substitute<R: Real>(l: &Mat<R>, x: &mut [R]) {
    for k in 0..x.len() {
        let (done, rest) = x.split_at_mut(k + 1);
        let column = &l.col_as_slice(k)[k..];
        done[k] /= column[0];
        add(rest, -done[k], &column[1..]);
    }
    for k in (0..x.len()).rev() {
        let column = &l.col_as_slice(k)[k..];
        let (own, later) = x[k..].split_at_mut(1);
        own[0] = (own[0] - dot(&column[1..], later)) / column[0];
    }
}

fn norm<R: Real>(top: &[R], bottom: &[R]) -> f64 {
    (dot(top, top) + dot(bottom, bottom)).to_f64().sqrt()
}

fn pair_dot<R: Real>(a: &(Vec<R>, Vec<R>), b: &(Vec<R>, Vec<R>)) -> R {
    dot(&a.0, &b.0) + dot(&a.1, &b.1)
}

fn add<R: Real>(target: &mut [R], factor: R, v: &[R]) {
    for (t, v) in target.iter_mut().zip(v) {
        *t += factor * *v;
    }
}

fn scale_rows<R: Real>(values: &mut [R], scale: &[R]) {
    values.iter_mut().zip(scale).for_each(|(v, s)| *v *= *s);
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
