//! Kernels for matrices of order up to [`ORDER`], where calling a general kernel costs more than its
//! arithmetic: everything is done on the stack.

use crate::field::Field;
use crate::ops::Op;
use crate::{MatMut, MatRef, c64};
use faer::prelude::ReborrowMut;
use faer::traits::pulp::{Arch, NullaryFnOnce};

/// Largest order of the factorisations.
pub(crate) const ORDER: usize = 12;
/// Largest dimension of the products: one vector of the widest units.
const WIDTH: usize = 8;
/// Laguerre steps at most; three to six are usual.
const STEPS: usize = 40;

/// Steps relative to the matrix that no longer count.
const ROUNDING: f64 = 1e-14;

/// Columns of a square matrix.
type Square<T> = [[T; ORDER]; ORDER];

fn load<T: Field>(a: MatRef<'_, T>) -> Square<T> {
    let n = a.nrows();
    let mut out = [[T::ZERO; ORDER]; ORDER];
    for (j, column) in out[..n].iter_mut().enumerate() {
        for (i, v) in column[..n].iter_mut().enumerate() {
            *v = a[(i, j)];
        }
    }
    out
}

/// As [`Field::cholesky`].
pub(crate) fn cholesky<T: Field<R = f64>>(mut a: MatMut<'_, T>) -> bool {
    let n = a.nrows();
    let mut l = load(a.as_ref());
    for j in 0..n {
        let (done, rest) = l.split_at_mut(j);
        let own = &mut rest[0];
        for earlier in done.iter() {
            let factor = earlier[j].conjugate();
            for i in j..n {
                own[i] += -(earlier[i] * factor);
            }
        }
        let pivot = own[j].re();
        if !(pivot > 0.0 && pivot.is_finite()) {
            return false;
        }
        let root = pivot.sqrt();
        own[j] = T::real(root);
        let inverse = 1.0 / root;
        for v in &mut own[j + 1..n] {
            *v = v.times(inverse);
        }
        for i in j..n {
            a[(i, j)] = own[i];
        }
    }
    true
}

/// Inverses of the diagonal.
fn inverse_diagonal<T: Field<R = f64>>(l: &Square<T>, n: usize) -> [f64; ORDER] {
    let mut out = [1.0; ORDER];
    for (k, v) in out[..n].iter_mut().enumerate() {
        *v = 1.0 / l[k][k].re();
    }
    out
}

/// As [`Field::solve_lower`].
pub(crate) fn solve_lower<T: Field<R = f64>>(l: MatRef<'_, T>, mut rhs: MatMut<'_, T>) {
    let n = l.nrows();
    let l = load(l);
    let inverse = inverse_diagonal(&l, n);
    for j in 0..rhs.ncols() {
        let mut x = [T::ZERO; ORDER];
        for i in 0..n {
            x[i] = rhs[(i, j)];
        }
        for k in 0..n {
            let value = x[k].times(inverse[k]);
            x[k] = value;
            for i in k + 1..n {
                x[i] += -(l[k][i] * value);
            }
        }
        for i in 0..n {
            rhs[(i, j)] = x[i];
        }
    }
}

/// As [`Field::solve_lower_adjoint`].
pub(crate) fn solve_lower_adjoint<T: Field<R = f64>>(l: MatRef<'_, T>, mut rhs: MatMut<'_, T>) {
    let n = l.nrows();
    let l = load(l);
    let inverse = inverse_diagonal(&l, n);
    for j in 0..rhs.ncols() {
        let mut x = [T::ZERO; ORDER];
        for i in 0..n {
            x[i] = rhs[(i, j)];
        }
        for k in (0..n).rev() {
            let mut rest = x[k];
            for i in k + 1..n {
                rest += -(l[k][i].conjugate() * x[i]);
            }
            x[k] = rest.times(inverse[k]);
        }
        for i in 0..n {
            rhs[(i, j)] = x[i];
        }
    }
}

/// As [`Field::inverse_from_lower`].
pub(crate) fn inverse_from_lower<T: Field<R = f64>>(mut dst: MatMut<'_, T>, l: MatRef<'_, T>) {
    let n = l.nrows();
    let l = load(l);
    let diagonal = inverse_diagonal(&l, n);
    // Columns of L^-1.
    let mut inverse = [[T::ZERO; ORDER]; ORDER];
    for (j, x) in inverse[..n].iter_mut().enumerate() {
        x[j] = T::real(diagonal[j]);
        for k in j..n {
            let value = if k == j {
                x[k]
            } else {
                x[k].times(diagonal[k])
            };
            x[k] = value;
            for i in k + 1..n {
                x[i] += -(l[k][i] * value);
            }
        }
    }
    for j in 0..n {
        for i in j..n {
            let mut sum = T::ZERO;
            for k in i..n {
                sum += inverse[i][k].conjugate() * inverse[j][k];
            }
            if i == j {
                dst[(i, i)] = T::real(sum.re());
            } else {
                dst[(i, j)] = sum;
                dst[(j, i)] = sum.conjugate();
            }
        }
    }
}

/// Diagonal and squared moduli of the subdiagonal of a tridiagonal matrix with the same eigenvalues, by
/// Householder reflections; only the lower triangle is read.
fn tridiagonal<T: Field<R = f64>>(a: &mut Square<T>, n: usize) -> ([f64; ORDER], [f64; ORDER]) {
    for k in 0..n.saturating_sub(2) {
        // The reflection takes the part of column k below the diagonal to one entry.
        let mut v = [T::ZERO; ORDER];
        v[k + 1..n].copy_from_slice(&a[k][k + 1..n]);
        let square: f64 = v[k + 2..n].iter().map(|x| x.conjugate().re_mul(*x)).sum();
        if square == 0.0 {
            continue;
        }
        let lead = v[k + 1];
        let lead_square = lead.conjugate().re_mul(lead);
        let norm = (square + lead_square).sqrt();
        let size = lead_square.sqrt();
        // Away from cancellation: the sign of the leading entry.
        let shift = if size > 0.0 {
            lead.times(norm / size)
        } else {
            T::real(norm)
        };
        v[k + 1] += shift;
        // H = I - beta v v^H with beta = 2 / |v|^2.
        let beta = 1.0 / (norm * (norm + size));
        let mut p = [T::ZERO; ORDER];
        for j in k + 1..n {
            p[j] += v[j].times(a[j][j].re());
            for i in j + 1..n {
                p[i] += a[j][i] * v[j];
                p[j] += a[j][i].conjugate() * v[i];
            }
        }
        let mut along = 0.0;
        for i in k + 1..n {
            p[i] = p[i].times(beta);
            along += v[i].conjugate().re_mul(p[i]);
        }
        for i in k + 1..n {
            p[i] += v[i].times(-0.5 * beta * along);
        }
        for j in k + 1..n {
            let (vj, pj) = (v[j].conjugate(), p[j].conjugate());
            for i in j..n {
                a[j][i] += -(v[i] * pj + p[i] * vj);
            }
        }
        a[k][k + 1] = T::real(norm);
        for x in &mut a[k][k + 2..n] {
            *x = T::ZERO;
        }
    }
    let (mut diagonal, mut below) = ([0.0; ORDER], [0.0; ORDER]);
    for k in 0..n {
        diagonal[k] = a[k][k].re();
        if k + 1 < n {
            below[k] = a[k][k + 1].conjugate().re_mul(a[k][k + 1]);
        }
    }
    (diagonal, below)
}

/// Smallest eigenvalue of a Hermitian matrix (lower triangle read), NaN when an entry is.
///
/// Laguerre's method on the characteristic polynomial of the tridiagonal form, from a lower bound: all
/// zeros are real, so it climbs to the least without passing it, for a simple zero with cubic
/// convergence. Where the derivatives speak of a multiple zero its step is tried first.
pub(crate) fn min_eigenvalue<T: Field<R = f64>>(a: MatRef<'_, T>) -> f64 {
    let n = a.nrows();
    let mut square = load(a);
    let (diagonal, below) = tridiagonal(&mut square, n);
    // Gershgorin's bound.
    let (mut least, mut left, mut size) = (f64::INFINITY, 0.0, 0.0_f64);
    for k in 0..n {
        let right = below[k].sqrt();
        least = least.min(diagonal[k] - left - right);
        size = size.max(diagonal[k].abs() + left + right);
        left = right;
    }
    // `max` passes over what is not a number.
    if !(0..n).all(|k| diagonal[k].is_finite() && below[k].is_finite()) {
        return f64::NAN;
    }
    let degree = n as f64;
    // The last point known to lie below all zeros, the plain step from there, and whether steps for
    // multiple zeros may be tried.
    let (mut safe, mut plain, mut bold) = (least, 0.0, true);
    for _ in 0..STEPS {
        // q_k = p_k / p_(k-1); first and second derivatives of log p.
        let (mut first, mut second) = (0.0, 0.0);
        let (mut t, mut u, mut ratio) = (0.0, 0.0, 0.0);
        let mut below_all = true;
        for k in 0..n {
            let q = diagonal[k] - least - ratio;
            if q <= 0.0 {
                below_all = false;
                break;
            }
            let inverse = 1.0 / q;
            let slope = (-1.0 + weight(ratio, t)) * inverse;
            let bend = weight(ratio, u - 2.0 * t * t) * inverse;
            first -= slope;
            second += slope * slope - bend;
            (t, u) = (slope, bend);
            ratio = below[k] * inverse;
        }
        if !below_all {
            // A plain step never passes the zero: this is the zero to rounding, however long the step
            // was. For two rows it is always that, a quadratic's zero in one step.
            if !bold {
                return least;
            }
            // The step for a multiple zero went too far.
            if plain <= ROUNDING * size {
                return safe;
            }
            (least, bold) = (safe + plain, false);
            continue;
        }
        safe = least;
        let spread = (degree * second - first * first).max(0.0);
        let step = |multiplicity: f64| {
            degree / (first + ((degree - multiplicity) / multiplicity * spread).sqrt())
        };
        plain = step(1.0);
        let multiplicity = if bold {
            (first * first / second).round().clamp(1.0, degree)
        } else {
            1.0
        };
        let own = step(multiplicity);
        if own.is_nan() || own <= ROUNDING * size {
            break;
        }
        least += own;
    }
    safe
}

/// `ratio * value`, zero for a matrix that falls apart there.
fn weight(ratio: f64, value: f64) -> f64 {
    if ratio == 0.0 { 0.0 } else { ratio * value }
}

/// `dst = alpha op(a) op(b)`, added when `accumulate`.
struct Product<'a> {
    dst: MatMut<'a, c64>,
    accumulate: bool,
    alpha: f64,
    a: MatRef<'a, c64>,
    op_a: Op,
    b: MatRef<'a, c64>,
    op_b: Op,
}

impl NullaryFnOnce for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        match self.dst.nrows() {
            0..=4 => self.with_width::<8>(),
            5..=6 => self.with_width::<12>(),
            _ => self.with_width::<16>(),
        }
    }
}

impl Product<'_> {
    /// `W`: twice the rows, or more. Columns stay as they lie in memory, real and imaginary parts in
    /// turn; the products with real and with imaginary parts of `b` are summed apart and put together at
    /// the end.
    #[inline(always)]
    fn with_width<const W: usize>(mut self) {
        let mut left = [[0.0; W]; WIDTH];
        let inner = match self.op_a {
            Op::Plain => {
                for (k, target) in left.iter_mut().enumerate().take(self.a.ncols()) {
                    for (pair, v) in target.chunks_exact_mut(2).zip(self.a.col(k).iter()) {
                        pair[0] = v.re;
                        pair[1] = v.im;
                    }
                }
                self.a.ncols()
            }
            Op::Adjoint => {
                for i in 0..self.a.ncols().min(W / 2) {
                    for (target, v) in left.iter_mut().zip(self.a.col(i).iter()) {
                        target[2 * i] = v.re;
                        target[2 * i + 1] = -v.im;
                    }
                }
                self.a.nrows()
            }
        };
        let left = &left[..inner.min(WIDTH)];
        for (j, column) in self.dst.rb_mut().col_iter_mut().enumerate() {
            let (mut with_re, mut with_im) = ([0.0; W], [0.0; W]);
            let mut add = |a: &[f64; W], re: f64, im: f64| {
                for i in 0..W {
                    with_re[i] = a[i].mul_add(re, with_re[i]);
                    with_im[i] = a[i].mul_add(im, with_im[i]);
                }
            };
            match self.op_b {
                Op::Plain => {
                    for (a, b) in left.iter().zip(self.b.col(j).iter()) {
                        add(a, b.re, b.im);
                    }
                }
                Op::Adjoint => {
                    for (a, b) in left.iter().zip(self.b.row(j).iter()) {
                        add(a, b.re, -b.im);
                    }
                }
            }
            let sums = with_re.chunks_exact(2).zip(with_im.chunks_exact(2));
            for (v, (x, y)) in column.iter_mut().zip(sums) {
                let value = c64::new(self.alpha * (x[0] - y[1]), self.alpha * (x[1] + y[0]));
                *v = if self.accumulate { *v + value } else { value };
            }
        }
    }
}

/// As [`Field::gemm`]; false when it did nothing because the matrices are not for this kernel.
#[inline]
pub(crate) fn gemm(
    dst: MatMut<'_, c64>,
    accumulate: bool,
    alpha: f64,
    (a, op_a): (MatRef<'_, c64>, Op),
    (b, op_b): (MatRef<'_, c64>, Op),
) -> bool {
    let (rows, inner) = match op_a {
        Op::Plain => (a.nrows(), a.ncols()),
        Op::Adjoint => (a.ncols(), a.nrows()),
    };
    let (depth, width) = match op_b {
        Op::Plain => (b.nrows(), b.ncols()),
        Op::Adjoint => (b.ncols(), b.nrows()),
    };
    let fits = (rows, width) == dst.shape() && inner == depth;
    if !fits || rows.max(width).max(inner) > WIDTH {
        return false;
    }
    Arch::new().dispatch(Product {
        dst,
        accumulate,
        alpha,
        a,
        op_a,
        b,
        op_b,
    });
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Mat, factor, ops};

    fn sample(rows: usize, columns: usize, seed: u32) -> Mat<c64> {
        let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(7);
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f64::from(state >> 8) / f64::from(1 << 24) - 0.5
        };
        Mat::from_fn(rows, columns, |_, _| c64::new(next(), next()))
    }

    /// `Q diag(values) Q^H`.
    fn with_eigenvalues(values: &[f64], seed: u32) -> Mat<c64> {
        let n = values.len();
        let (q, _) = factor::qr_thin(sample(n, n, seed).as_ref());
        let scaled = Mat::from_fn(n, n, |i, j| q[(i, j)] * values[j]);
        let mut a = ops::mul_adjoint(scaled.as_ref(), q.as_ref());
        crate::kernel::make_hermitian(&mut a);
        a
    }

    #[test]
    fn the_least_eigenvalue_is_found_whatever_its_multiplicity() {
        let cases: [&[f64]; 9] = [
            &[3.0],
            &[-1.0, 2.0],
            &[0.0, 0.0, 0.0],
            &[-2.0, -2.0, 5.0],
            &[-1.0, -1.0, -1.0, -1.0, 1e3],
            &[-1.0, -1.0 + 1e-9, -1.0 + 2e-9, 4.0, 4.0],
            &[1e-12, 1.0, 1.0, 1.0, 1.0, 1.0],
            &[-1e6, -1e3, 0.0, 1e-3, 1e3, 1e6, 1e6, 1e6],
            &[
                -0.5, -0.4, -0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6,
            ],
        ];
        for (seed, values) in cases.iter().enumerate() {
            let a = with_eigenvalues(values, seed as u32);
            let size = values.iter().fold(1e-3, |t: f64, v| t.max(v.abs()));
            let got = min_eigenvalue(a.as_ref());
            assert!((got - values[0]).abs() < 2e-13 * size, "{values:?}: {got}");
        }
        // Already tridiagonal, and falling apart.
        let diagonal = Mat::from_fn(5, 5, |i, j| {
            c64::new(if i == j { 2.0 - i as f64 } else { 0.0 }, 0.0)
        });
        assert!((min_eigenvalue(diagonal.as_ref()) + 2.0).abs() < 1e-15);
        let mut broken = diagonal;
        broken[(3, 1)] = c64::new(f64::NAN, 0.0);
        assert!(min_eigenvalue(broken.as_ref()).is_nan());
    }

    #[test]
    fn products_of_every_small_shape_are_those_of_the_general_kernel() {
        for rows in 1..=8 {
            for inner in 1..=8 {
                for columns in 1..=8 {
                    let (a, b) = (sample(rows, inner, 1), sample(inner, columns, 2));
                    let (ah, bh) = (a.adjoint().to_owned(), b.adjoint().to_owned());
                    let expected = ops::mul(a.as_ref(), b.as_ref());
                    for (op_a, op_b) in [
                        (Op::Plain, Op::Plain),
                        (Op::Adjoint, Op::Plain),
                        (Op::Plain, Op::Adjoint),
                        (Op::Adjoint, Op::Adjoint),
                    ] {
                        let left = if op_a == Op::Plain { &a } else { &ah };
                        let right = if op_b == Op::Plain { &b } else { &bh };
                        let mut out = expected.clone();
                        let factors = ((left.as_ref(), op_a), (right.as_ref(), op_b));
                        assert!(gemm(out.as_mut(), true, -0.5, factors.0, factors.1));
                        ops::axpy(out.as_mut(), -0.5, expected.as_ref());
                        assert!(ops::norm(out.as_ref()) < 1e-14 * 8.0);
                    }
                }
            }
        }
        // Too large, or of shapes that do not fit: left to the general kernel.
        let (a, b) = (sample(9, 2, 1), sample(2, 2, 2));
        let mut out = sample(9, 2, 3);
        let plain = Op::Plain;
        let done = gemm(
            out.as_mut(),
            false,
            1.0,
            (a.as_ref(), plain),
            (b.as_ref(), plain),
        );
        assert!(!done);
    }

    #[test]
    fn factorisations_of_every_order_invert_and_refuse() {
        for n in 1..=ORDER {
            let g = sample(n, n, 5);
            let mut a = ops::mul_adjoint(g.as_ref(), g.as_ref());
            for i in 0..n {
                a[(i, i)] += 0.1;
            }
            let mut l = a.clone();
            assert!(cholesky(l.as_mut()));
            let mut inverse = Mat::zeros(n, n);
            inverse_from_lower(inverse.as_mut(), l.as_ref());
            let mut product = ops::mul(a.as_ref(), inverse.as_ref());
            let mut solved = Mat::<c64>::identity(n, n);
            solve_lower(l.as_ref(), solved.as_mut());
            solve_lower_adjoint(l.as_ref(), solved.as_mut());
            for i in 0..n {
                product[(i, i)] -= c64::ONE;
            }
            ops::axpy(solved.as_mut(), -1.0, inverse.as_ref());
            assert!(ops::norm(product.as_ref()) < 1e-11, "{n}");
            assert!(ops::norm(solved.as_ref()) < 1e-11, "{n}");
            a[(n - 1, n - 1)] = c64::new(-1.0, 0.0);
            assert!(!cholesky(a.as_mut()));
        }
    }
}
