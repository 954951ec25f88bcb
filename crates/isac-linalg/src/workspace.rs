//! Factorisations of small matrices into memory allocated once, for inner loops.

use crate::{Error, Mat, MatMut, MatRef, c64};
use faer::diag::Diag;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::evd;
use faer::{Auto, Par, Spec};

/// Eigenvalues of Hermitian matrices of one size without allocation.
pub struct HermitianEigenvalues {
    /// The matrix in its own unit: the iteration has thresholds.
    own: Mat<c64>,
    values: Diag<c64>,
    ascending: Vec<f64>,
    memory: MemBuffer,
}

impl std::fmt::Debug for HermitianEigenvalues {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HermitianEigenvalues")
            .field("size", &self.ascending.len())
            .finish_non_exhaustive()
    }
}

impl HermitianEigenvalues {
    /// Memory for matrices of `n x n`.
    pub fn new(n: usize) -> Self {
        let scratch = evd::self_adjoint_evd_scratch::<c64>(
            n,
            evd::ComputeEigenvectors::No,
            Par::Seq,
            Spec::new(Auto::<c64>::auto()),
        );
        Self {
            own: Mat::zeros(n, n),
            values: Diag::zeros(n),
            ascending: vec![0.0; n],
            memory: MemBuffer::new(scratch),
        }
    }

    /// Eigenvalues of the Hermitian `a` (lower triangle read), ascending.
    ///
    /// # Errors
    /// [`Error::NoConvergence`], also for non-finite input.
    ///
    /// # Panics
    /// If `a` does not have the size given to [`new`](Self::new).
    pub fn of(&mut self, a: MatRef<'_, c64>) -> Result<&[f64], Error> {
        let n = self.ascending.len();
        assert_eq!(
            (a.nrows(), a.ncols()),
            (n, n),
            "not of the workspace's size"
        );
        let failed = || Error::NoConvergence {
            what: "Hermitian eigenvalues".into(),
        };
        if crate::validate::finite("matrix", a).is_err() {
            return Err(failed());
        }
        let mut top = 0.0_f64;
        for j in 0..n {
            for i in j..n {
                top = top.max(a[(i, j)].re.abs()).max(a[(i, j)].im.abs());
            }
        }
        let unit = crate::ops::binary_unit(top);
        let inverse = 1.0 / unit;
        for j in 0..n {
            for i in j..n {
                self.own[(i, j)] = a[(i, j)] * inverse;
            }
        }
        evd::self_adjoint_evd(
            self.own.as_ref(),
            self.values.as_mut(),
            None,
            Par::Seq,
            MemStack::new(&mut self.memory),
            Spec::new(Auto::<c64>::auto()),
        )
        .map_err(|_| failed())?;
        for (i, value) in self.ascending.iter_mut().enumerate() {
            *value = self.values.column_vector()[i].re * unit;
        }
        self.ascending.sort_unstable_by(f64::total_cmp);
        Ok(&self.ascending)
    }
}

/// Replaces the lower triangle of the real symmetric `a` by its Cholesky factor `L`, `A = L L^T`;
/// the upper triangle is neither read nor written. For sizes up to a few dozen.
///
/// # Errors
/// The index of the first pivot that is not above `floor` times its diagonal entry (or is NaN).
///
/// # Panics
/// If `a` is not square.
pub fn cholesky_in_place(mut a: MatMut<'_, f64>, floor: f64) -> Result<(), usize> {
    let n = a.nrows();
    assert_eq!(n, a.ncols(), "not square");
    for j in 0..n {
        let diagonal = a[(j, j)];
        let mut pivot = diagonal;
        for k in 0..j {
            pivot -= a[(j, k)] * a[(j, k)];
        }
        let fine = pivot > floor * diagonal && pivot > 0.0 && pivot.is_finite();
        if !fine {
            return Err(j);
        }
        let root = pivot.sqrt();
        a[(j, j)] = root;
        for i in j + 1..n {
            let mut sum = a[(i, j)];
            for k in 0..j {
                sum -= a[(i, k)] * a[(j, k)];
            }
            a[(i, j)] = sum / root;
        }
    }
    Ok(())
}

/// Replaces the lower triangular `l` (upper triangle not read) by its inverse in place.
///
/// # Panics
/// If `l` is not square.
pub fn invert_lower_in_place(mut l: MatMut<'_, f64>) {
    let n = l.nrows();
    assert_eq!(n, l.ncols(), "not square");
    for j in 0..n {
        l[(j, j)] = 1.0 / l[(j, j)];
        for i in j + 1..n {
            let mut sum = 0.0;
            for k in j..i {
                sum -= l[(i, k)] * l[(k, j)];
            }
            l[(i, j)] = sum / l[(i, i)];
        }
    }
}

/// `B = L^T L` for lower triangular `l` (upper triangle not read): both triangles of `out`.
///
/// # Panics
/// If the shapes differ.
pub fn transpose_mul_lower(l: MatRef<'_, f64>, out: &mut Mat<f64>) {
    let n = l.nrows();
    assert_eq!((out.nrows(), out.ncols()), (n, n), "shapes differ");
    for j in 0..n {
        for i in j..n {
            let mut sum = 0.0;
            for k in i..n {
                sum += l[(k, i)] * l[(k, j)];
            }
            out[(i, j)] = sum;
            out[(j, i)] = sum;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{factor, ops, real};

    #[test]
    fn eigenvalues_match_the_allocating_form() {
        let mut workspace = HermitianEigenvalues::new(5);
        for seed in 0..4 {
            let g = Mat::from_fn(5, 3, |i, j| {
                let t = (1 + i + 5 * j + 17 * seed) as f64;
                c64::new((t * 1.3).sin(), (t * 0.7).cos())
            });
            let a = ops::mul_adjoint(g.as_ref(), g.as_ref());
            let expected = factor::eigvalsh(a.as_ref()).unwrap();
            let got = workspace.of(a.as_ref()).unwrap();
            for i in 0..5 {
                assert!((got[i] - expected[i]).abs() < 1e-13 * expected[4]);
            }
        }
        let bad = Mat::from_fn(5, 5, |_, _| c64::new(f64::NAN, 0.0));
        assert!(workspace.of(bad.as_ref()).is_err());
        assert!(
            HermitianEigenvalues::new(0)
                .of(Mat::zeros(0, 0).as_ref())
                .unwrap()
                .is_empty()
        );
    }

    #[test]
    fn inverse_by_cholesky_in_place() {
        let g = Mat::from_fn(6, 6, |i, j| ((i * 7 + j * 3) as f64).sin());
        let a = Mat::from_fn(6, 6, |i, j| {
            (0..6).map(|k| g[(i, k)] * g[(j, k)]).sum::<f64>() + f64::from(u8::from(i == j))
        });
        let mut l = a.clone();
        cholesky_in_place(l.as_mut(), 0.0).unwrap();
        invert_lower_in_place(l.as_mut());
        let mut inverse = Mat::zeros(6, 6);
        transpose_mul_lower(l.as_ref(), &mut inverse);
        let product = real::mul(a.as_ref(), inverse.as_ref());
        for j in 0..6 {
            for i in 0..6 {
                let unit = f64::from(u8::from(i == j));
                assert!((product[(i, j)] - unit).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn a_bad_pivot_is_named() {
        let mut a = Mat::from_fn(3, 3, |i, j| if i == j { 1.0 } else { 0.0 });
        a[(2, 2)] = -1.0;
        assert_eq!(cholesky_in_place(a.as_mut(), 0.0), Err(2));
        let mut nan = Mat::from_fn(1, 1, |_, _| f64::NAN);
        assert_eq!(cholesky_in_place(nan.as_mut(), 0.0), Err(0));
    }
}
