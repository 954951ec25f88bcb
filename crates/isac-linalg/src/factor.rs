//! Factorisations of complex matrices with typed failures. [`real`](crate::real) has the same for
//! real ones.

use crate::{Error, Mat, MatRef, c64};

macro_rules! factorisations {
    ($scalar:ty) => {
        /// Lower Cholesky factor `L` with `A = L L^H`.
        #[derive(Debug, Clone)]
        pub struct Cholesky {
            inner: faer::linalg::solvers::Llt<$scalar>,
        }

        /// Cholesky factorisation of the Hermitian positive definite `a` (lower triangle read).
        ///
        /// # Errors
        /// [`Error::NotPositiveDefinite`] with the pivot; `what` names the matrix in it.
        pub fn cholesky(what: &str, a: MatRef<'_, $scalar>) -> Result<Cholesky, Error> {
            use faer::linalg::cholesky::llt::factor::LltError;
            match a.llt(faer::Side::Lower) {
                Ok(inner) => {
                    // faer lets a NaN pivot through; a factor with one is no factor.
                    for i in 0..a.nrows() {
                        let pivot = inner.L()[(i, i)];
                        if !finite_scalar(pivot) {
                            return Err(Error::NotPositiveDefinite {
                                what: what.into(),
                                pivot: i,
                            });
                        }
                    }
                    Ok(Cholesky { inner })
                }
                Err(LltError::NonPositivePivot { index }) => Err(Error::NotPositiveDefinite {
                    what: what.into(),
                    pivot: index,
                }),
            }
        }

        impl Cholesky {
            /// The factor `L`, lower triangular.
            pub fn lower(&self) -> MatRef<'_, $scalar> {
                self.inner.L()
            }

            /// `A^-1 B`.
            ///
            /// # Panics
            /// If the row counts differ.
            pub fn solve(&self, b: MatRef<'_, $scalar>) -> Mat<$scalar> {
                use faer::linalg::solvers::Solve;
                self.inner.solve(b)
            }

            /// `A^-1`.
            pub fn inverse(&self) -> Mat<$scalar> {
                use faer::linalg::solvers::DenseSolveCore;
                self.inner.inverse()
            }

            /// `L^-1 B`.
            ///
            /// # Panics
            /// If the row counts differ.
            pub fn solve_lower(&self, b: MatRef<'_, $scalar>) -> Mat<$scalar> {
                let mut out = b.to_owned();
                faer::linalg::triangular_solve::solve_lower_triangular_in_place(
                    self.inner.L(),
                    out.as_mut(),
                    faer::Par::Seq,
                );
                out
            }

            /// `L^-H B`.
            ///
            /// # Panics
            /// If the row counts differ.
            pub fn solve_lower_adjoint(&self, b: MatRef<'_, $scalar>) -> Mat<$scalar> {
                let mut out = b.to_owned();
                faer::linalg::triangular_solve::solve_upper_triangular_in_place(
                    self.inner.L().adjoint(),
                    out.as_mut(),
                    faer::Par::Seq,
                );
                out
            }
        }

        /// Eigenvalues (ascending) and orthonormal eigenvectors of a Hermitian matrix.
        #[derive(Debug, Clone)]
        pub struct Eigh {
            /// Eigenvalues, ascending.
            pub values: Vec<f64>,
            /// Column `i` belongs to `values[i]`.
            pub vectors: Mat<$scalar>,
        }

        /// Eigendecomposition of the Hermitian `a` (lower triangle read).
        ///
        /// # Errors
        /// [`Error::NoConvergence`], also for non-finite input.
        pub fn eigh(a: MatRef<'_, $scalar>) -> Result<Eigh, Error> {
            let failed = || Error::NoConvergence {
                what: "Hermitian eigendecomposition".into(),
            };
            if !all_finite(a) {
                return Err(failed());
            }
            if a.nrows() == 0 {
                return Ok(Eigh {
                    values: Vec::new(),
                    vectors: Mat::zeros(0, 0),
                });
            }
            let (a, unit) = in_own_unit(a);
            let eigen = a
                .self_adjoint_eigen(faer::Side::Lower)
                .map_err(|_| failed())?;
            let n = a.nrows();
            let values = (0..n).map(|i| real_part(eigen.S()[i]) * unit).collect();
            Ok(Eigh {
                values,
                vectors: eigen.U().to_owned(),
            })
        }

        /// Eigenvalues (ascending) of the Hermitian `a` (lower triangle read).
        ///
        /// # Errors
        /// [`Error::NoConvergence`], also for non-finite input.
        pub fn eigvalsh(a: MatRef<'_, $scalar>) -> Result<Vec<f64>, Error> {
            let failed = || Error::NoConvergence {
                what: "Hermitian eigenvalues".into(),
            };
            if !all_finite(a) {
                return Err(failed());
            }
            if a.nrows() == 0 {
                return Ok(Vec::new());
            }
            let (a, unit) = in_own_unit(a);
            let mut values = a
                .self_adjoint_eigenvalues(faer::Side::Lower)
                .map_err(|_| failed())?;
            values.iter_mut().for_each(|value| *value *= unit);
            Ok(values)
        }

        /// Thin singular value decomposition `A = U diag(values) V^H`.
        #[derive(Debug, Clone)]
        pub struct Svd {
            /// Left singular vectors, `m x min(m, n)`.
            pub u: Mat<$scalar>,
            /// Singular values, descending.
            pub values: Vec<f64>,
            /// Right singular vectors, `n x min(m, n)`.
            pub v: Mat<$scalar>,
        }

        /// Thin SVD.
        ///
        /// # Errors
        /// [`Error::NoConvergence`], also for non-finite input.
        pub fn svd(a: MatRef<'_, $scalar>) -> Result<Svd, Error> {
            let failed = || Error::NoConvergence {
                what: "singular value decomposition".into(),
            };
            if !all_finite(a) {
                return Err(failed());
            }
            let (a, unit) = in_own_unit(a);
            let svd = a.thin_svd().map_err(|_| failed())?;
            let values = (0..a.nrows().min(a.ncols()))
                .map(|i| real_part(svd.S()[i]) * unit)
                .collect();
            Ok(Svd {
                u: svd.U().to_owned(),
                values,
                v: svd.V().to_owned(),
            })
        }

        /// Singular values, descending.
        ///
        /// # Errors
        /// [`Error::NoConvergence`], also for non-finite input.
        pub fn singular_values(a: MatRef<'_, $scalar>) -> Result<Vec<f64>, Error> {
            let failed = || Error::NoConvergence {
                what: "singular values".into(),
            };
            if !all_finite(a) {
                return Err(failed());
            }
            let (a, unit) = in_own_unit(a);
            let mut values = a.singular_values().map_err(|_| failed())?;
            values.iter_mut().for_each(|value| *value *= unit);
            Ok(values)
        }

        /// Thin QR, `A = Q R` with `Q` of `min(m, n)` orthonormal columns.
        pub fn qr_thin(a: MatRef<'_, $scalar>) -> (Mat<$scalar>, Mat<$scalar>) {
            let qr = a.qr();
            (qr.compute_thin_Q(), qr.thin_R().to_owned())
        }

        /// Orthonormal basis of the column span of `a`: the left singular vectors of the matrix
        /// with unit columns whose singular value exceeds `relative_cut` times the largest.
        /// Zero columns count for nothing; a zero matrix gives a basis of no columns.
        ///
        /// # Errors
        /// [`Error::NoConvergence`], also for non-finite input.
        pub fn orthonormal_basis(
            a: MatRef<'_, $scalar>,
            relative_cut: f64,
        ) -> Result<Mat<$scalar>, Error> {
            let unit = {
                let mut unit = a.to_owned();
                for j in 0..a.ncols() {
                    let length = a.col(j).norm_l2();
                    if length > 0.0 {
                        for i in 0..a.nrows() {
                            unit[(i, j)] /= length;
                        }
                    }
                }
                unit
            };
            let svd = svd(unit.as_ref())?;
            let top = svd.values.first().copied().unwrap_or(0.0);
            let rank = svd
                .values
                .iter()
                .take_while(|&&s| s > relative_cut * top)
                .count();
            Ok(svd.u.subcols(0, rank).to_owned())
        }

        /// `A^-1 B` for a general square `A` by LU with partial pivoting.
        ///
        /// # Errors
        /// [`Error::NoConvergence`] when `A` is singular to working precision, that is when the
        /// result is not finite.
        pub fn solve(
            a: MatRef<'_, $scalar>,
            b: MatRef<'_, $scalar>,
        ) -> Result<Mat<$scalar>, Error> {
            use faer::linalg::solvers::Solve;
            let x = a.partial_piv_lu().solve(b);
            if all_finite(x.as_ref()) {
                return Ok(x);
            }
            Err(Error::NoConvergence {
                what: "linear system (singular matrix)".into(),
            })
        }

        /// The matrix over a power of two near its largest entry, and that power. faer's iterations have
        /// thresholds; in its own unit a matrix and the same one in another unit take the same steps.
        fn in_own_unit(a: MatRef<'_, $scalar>) -> (Mat<$scalar>, f64) {
            let mut top = 0.0_f64;
            for j in 0..a.ncols() {
                for i in 0..a.nrows() {
                    top = top.max(largest_part(a[(i, j)]));
                }
            }
            let unit = crate::ops::binary_unit(top);
            let inverse = 1.0 / unit;
            let own = Mat::from_fn(a.nrows(), a.ncols(), |i, j| a[(i, j)] * inverse);
            (own, unit)
        }

        fn all_finite(a: MatRef<'_, $scalar>) -> bool {
            (0..a.ncols()).all(|j| (0..a.nrows()).all(|i| finite_scalar(a[(i, j)])))
        }
    };
}
pub(crate) use factorisations;

fn finite_scalar(x: c64) -> bool {
    x.re.is_finite() && x.im.is_finite()
}

fn real_part(x: c64) -> f64 {
    x.re
}

fn largest_part(x: c64) -> f64 {
    x.re.abs().max(x.im.abs())
}

factorisations!(c64);

/// Largest singular value; 0 for an empty matrix.
///
/// # Errors
/// [`Error::NoConvergence`], also for non-finite input.
pub fn spectral_norm(a: MatRef<'_, c64>) -> Result<f64, Error> {
    if a.nrows() == 0 || a.ncols() == 0 {
        return Ok(0.0);
    }
    Ok(singular_values(a)?[0])
}
