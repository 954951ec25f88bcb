//! How far a direction may be followed inside the semidefinite cone.

use isac_linalg::Mat;
use isac_linalg::kernel::{self, Field, Real, Scratch};
use isac_linalg::ops::Op;

/// Blocks up to this order get all eigenvalues; larger ones Lanczos bounds.
const EXACT: usize = 12;
/// Longest step ever reported.
const FAR: f64 = 1e6;

/// The step to the boundary by the least eigenvalue of a direction relative to its point.
fn limit(least: f64) -> f64 {
    if least.is_nan() {
        0.0
    } else if least < -1.0 / FAR {
        -1.0 / least
    } else {
        FAR
    }
}

/// Memory for step lengths of one block.
#[derive(Debug)]
pub(super) struct StepLength<T: Field> {
    values: Vec<T>,
    /// For the eigenvalues of small blocks, rounded.
    low: Mat<T::Low>,
    low_values: Vec<T::Low>,
    basis: Mat<T>,
    next: Mat<T>,
    tridiagonal: Mat<f64>,
    small: Vec<f64>,
    scratch: Scratch,
}

impl<T: Field> StepLength<T> {
    pub(super) fn new(n: usize) -> Self {
        let depth = if n > EXACT { n.min(60) } else { 0 };
        let order = if n > EXACT { 0 } else { n };
        Self {
            values: vec![T::ZERO; n],
            low: kernel::zeros(order, order),
            low_values: vec![T::Low::ZERO; order],
            basis: kernel::zeros(n, depth),
            next: kernel::zeros(n, 1),
            tridiagonal: kernel::zeros(depth, depth),
            small: vec![0.0; depth],
            scratch: Scratch::new::<f64>(depth),
        }
    }

    /// Largest `a` with `I + a D` positive semidefinite, as [`StepLength::longest`].
    pub(super) fn beside_identity(
        &mut self,
        d: &Mat<T>,
        rough: bool,
        scratch: &mut Scratch,
    ) -> f64 {
        let n = d.nrows();
        let least = if n == 1 {
            d[(0, 0)].re().to_f64()
        } else if n <= EXACT {
            for j in 0..n {
                for i in j..n {
                    self.low[(i, j)] = d[(i, j)].low();
                }
            }
            T::min_eigenvalue(self.low.as_ref(), &mut self.low_values, scratch)
        } else {
            self.lanczos(None, d, rough)
        };
        limit(least)
    }

    /// Largest `a` with `L L^H + a D` positive semidefinite, never above the truth by more than
    /// the Lanczos bound allows; at most [`FAR`].
    pub(super) fn longest(
        &mut self,
        lower: &Mat<T>,
        d: &Mat<T>,
        rough: bool,
        scratch: &mut Scratch,
        work: &mut [Mat<T>; 3],
    ) -> f64 {
        let n = d.nrows();
        let least = if n == 1 {
            let pivot = lower[(0, 0)].re();
            (d[(0, 0)].re() / (pivot * pivot)).to_f64()
        } else if n <= EXACT {
            let [half, whole, _] = work;
            kernel::copy(half, d);
            T::solve_lower(lower.as_ref(), half.as_mut());
            for j in 0..n {
                for i in 0..n {
                    whole[(i, j)] = half[(j, i)].conjugate();
                }
            }
            T::solve_lower(lower.as_ref(), whole.as_mut());
            for j in 0..n {
                for i in j..n {
                    self.low[(i, j)] = whole[(i, j)].low();
                }
            }
            T::min_eigenvalue(self.low.as_ref(), &mut self.low_values, scratch)
        } else {
            self.lanczos(Some(lower), d, rough)
        };
        limit(least)
    }

    /// A lower bound of the least eigenvalue of `L^-1 D L^-H`, by the residual of a Ritz pair.
    fn lanczos(&mut self, lower: Option<&Mat<T>>, d: &Mat<T>, rough: bool) -> f64 {
        let n = d.nrows();
        let depth = if rough {
            self.basis.ncols().min(14)
        } else {
            self.basis.ncols()
        };
        // A fixed start without symmetry.
        let mut seed = 0x2545_f491_u32;
        for i in 0..n {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let value = f64::from(seed >> 8) / f64::from(1 << 24) - 0.4;
            self.next[(i, 0)] = T::real(value.into());
        }
        let mut beta = kernel::inner(&self.next, &self.next).root();
        let mut bound = f64::NAN;
        for k in 0..depth {
            for i in 0..n {
                self.basis[(i, k)] = self.next[(i, 0)].times(T::R::from(1.0) / beta);
            }
            // next <- L^-1 D L^-H basis_k; `values` holds the intermediate product.
            for i in 0..n {
                self.next[(i, 0)] = self.basis[(i, k)];
            }
            if let Some(lower) = lower {
                T::solve_lower_adjoint(lower.as_ref(), self.next.as_mut());
            }
            let image = isac_linalg::MatMut::from_column_major_slice_mut(&mut self.values, n, 1);
            T::gemm(
                image,
                false,
                T::R::from(1.0),
                d.as_ref(),
                Op::Plain,
                self.next.as_ref(),
                Op::Plain,
            );
            self.next.col_as_slice_mut(0).copy_from_slice(&self.values);
            if let Some(lower) = lower {
                T::solve_lower(lower.as_ref(), self.next.as_mut());
            }
            let mut alpha = 0.0;
            // Full orthogonalisation, twice for the neighbours' sake.
            for pass in 0..2 {
                for q in (0..=k).rev() {
                    let column = self.basis.col_as_slice(q);
                    let next = self.next.col_as_slice_mut(0);
                    let mut dot = T::ZERO;
                    for (b, v) in column.iter().zip(&*next) {
                        dot += b.conjugate() * *v;
                    }
                    if q == k && pass == 0 {
                        alpha = dot.re().to_f64();
                    }
                    for (b, v) in column.iter().zip(next) {
                        *v -= *b * dot;
                    }
                }
            }
            self.tridiagonal[(k, k)] = alpha;
            beta = kernel::inner(&self.next, &self.next).root();
            let next_beta = beta.to_f64();
            let last = k + 1 == depth || k + 1 == n || next_beta < 1e-14;
            if last || (k >= 6 && k % 3 == 0) {
                let (ritz, residual) = self.ritz(k + 1, next_beta);
                bound = ritz - residual;
                let accuracy = if rough { 0.2 } else { 0.02 };
                // Enough when the step is unlimited anyway or the bound is tight.
                if last || residual <= accuracy * ritz.abs() || bound > -0.5 {
                    break;
                }
            }
            if k + 1 < depth {
                self.tridiagonal[(k + 1, k)] = next_beta;
            }
        }
        bound
    }

    /// Least Ritz value of the first `k` steps and the norm of its residual.
    fn ritz(&mut self, k: usize, beta: f64) -> (f64, f64) {
        let t = self.tridiagonal.as_ref().submatrix(0, 0, k, k);
        let least = f64::min_eigenvalue(t, &mut self.small[..k], &mut self.scratch);
        // Last component of the eigenvector by the three-term recurrence from the top.
        let (mut previous, mut current, mut norm) = (0.0, 1.0, 1.0);
        for i in 0..k - 1 {
            let below = t[(i + 1, i)];
            let above = if i == 0 { 0.0 } else { t[(i, i - 1)] };
            let next = ((least - t[(i, i)]) * current - above * previous) / below;
            (previous, current) = (current, next);
            norm += next * next;
            if norm > 1e200 {
                (previous, current, norm) = (previous * 1e-100, current * 1e-100, norm * 1e-200);
            }
        }
        (least, beta * current.abs() / f64::sqrt(norm))
    }
}
