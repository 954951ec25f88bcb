//! The optimum of a ratio by a sequence of differences (Dinkelbach's method).
//!
//! `min N(x)/D(x)` with `D > 0` is the root of `F(t) = min_x N(x) - t D(x)`, which is concave and
//! decreasing. The step `t <- N/D` at the minimiser is Newton's on `F`: from the ratio at any
//! feasible point, `t` falls monotonically and superlinearly. At the end `F(t)` certifies it: no `x`
//! has a ratio below `t + F(t)/D(x)`.
//!
//! ```
//! use isac_opt::dinkelbach::{minimise_ratio, Options, Ratio};
//! // min (x^2 + 3)/(x + 1) over x >= 0 is 2, at x = 1; x = t/2 minimises the difference.
//! let inner = |t: f64| {
//!     let x = t / 2.0;
//!     Ok::<_, isac_opt::Error>(Ratio { numerator: x * x + 3.0, denominator: x + 1.0, point: x })
//! };
//! let best = minimise_ratio(3.0, &Options::default(), inner)?;
//! assert!((best.ratio - 2.0).abs() < 1e-12 && (best.point - 1.0).abs() < 1e-9);
//! # Ok::<(), isac_opt::Error>(())
//! ```

use isac_linalg::validate;
use serde::{Deserialize, Serialize};

use crate::{Error, StopReason};

/// Numerator and denominator at the optimiser of `N - t D`, and the optimiser.
#[derive(Debug, Clone)]
pub struct Ratio<T> {
    /// `N(x)`.
    pub numerator: f64,
    /// `D(x) > 0`.
    pub denominator: f64,
    /// `x`, or whatever the caller wants back.
    pub point: T,
}

/// Options of the method.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// The ratio is final when a step changes it by no more than this times the ratio or times its
    /// change since the start, whichever is smaller.
    pub tolerance: f64,
    /// Most inner problems.
    pub max_iterations: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            tolerance: 1e-12,
            max_iterations: 100,
        }
    }
}

/// The optimum of a ratio.
#[derive(Debug, Clone)]
pub struct Optimum<T> {
    /// The optimal ratio, attained at `point` (for a start value that no inner problem improved:
    /// the ratio there).
    pub ratio: f64,
    /// The optimiser.
    pub point: T,
    /// Last `min N - t D` (`max` for [`maximise_ratio`]); zero at the optimum up to rounding.
    pub residual: f64,
    /// Ratio after each step, the start value first; monotone.
    pub trace: Vec<f64>,
    /// Why it stopped.
    pub stopped: StopReason,
}

/// Minimises `N/D`. `start` is the ratio at some feasible point (or any upper bound on the
/// optimum); `inner(t)` returns a global minimiser of `N - t D`.
///
/// # Errors
/// A denominator that is not positive, values that are not finite; whatever `inner` returns.
pub fn minimise_ratio<T, E: From<Error>>(
    start: f64,
    options: &Options,
    inner: impl FnMut(f64) -> Result<Ratio<T>, E>,
) -> Result<Optimum<T>, E> {
    run(start, 1.0, options, inner)
}

/// Maximises `N/D`. `start` is the ratio at some feasible point (or any lower bound on the
/// optimum); `inner(t)` returns a global maximiser of `N - t D`.
///
/// # Errors
/// As for [`minimise_ratio`].
pub fn maximise_ratio<T, E: From<Error>>(
    start: f64,
    options: &Options,
    inner: impl FnMut(f64) -> Result<Ratio<T>, E>,
) -> Result<Optimum<T>, E> {
    run(start, -1.0, options, inner)
}

fn run<T, E: From<Error>>(
    start: f64,
    sign: f64,
    options: &Options,
    mut inner: impl FnMut(f64) -> Result<Ratio<T>, E>,
) -> Result<Optimum<T>, E> {
    validate::finite_list("start ratio", &[start]).map_err(Error::from)?;
    validate::positive("ratio tolerance", options.tolerance, "").map_err(Error::from)?;
    let mut trace = vec![start];
    let mut iteration = 0;
    loop {
        let t = trace[iteration];
        let found = inner(t)?;
        if !(found.numerator.is_finite() && found.denominator.is_finite()) {
            let what = "ratio";
            return Err(Error::NonFinite { what, iteration }.into());
        }
        validate::positive("denominator of a ratio", found.denominator, "").map_err(Error::from)?;
        iteration += 1;
        let next = found.numerator / found.denominator;
        let progress = sign * (t - next);
        // The smaller of the two: a far start makes the change large, a constant added to the ratio
        // makes the ratio large.
        let size = t.abs().max(next.abs()).min((next - start).abs());
        let done = progress <= options.tolerance * size;
        // Rounding may turn the last step back; the trace stays monotone.
        let ratio = if progress > 0.0 { next } else { t };
        trace.push(ratio);
        if done || iteration >= options.max_iterations {
            return Ok(Optimum {
                ratio,
                point: found.point,
                residual: found.numerator - t * found.denominator,
                trace,
                stopped: if done {
                    StopReason::Tolerance
                } else {
                    StopReason::IterationLimit
                },
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use isac_linalg::{Mat, c64, factor, hermitian, ops};

    fn hermitian(n: usize, seed: f64) -> Mat<c64> {
        let a = Mat::from_fn(n, n, |i, j| {
            let k = (i * n + j) as f64 + seed;
            c64::new((1.7 * k).sin(), (2.3 * k).cos())
        });
        hermitian::hermitian_part(a.as_ref())
    }

    /// A ratio of quadratic forms has the extreme generalised eigenvalues as optima.
    #[test]
    fn generalised_rayleigh_quotient() {
        let (n, a) = (5, hermitian(5, 0.0));
        let f = hermitian(n, 9.0);
        let b = ops::shifted(ops::mul_adjoint(f.as_ref(), f.as_ref()).as_ref(), 0.1);
        let chol = factor::cholesky("B", b.as_ref()).unwrap();
        let half = chol.solve_lower(a.as_ref());
        let pencil = chol.solve_lower(half.adjoint().to_owned().as_ref());
        let expected = factor::eigvalsh(pencil.as_ref()).unwrap();
        let inner = |t: f64, top: bool| {
            let mut difference = a.clone();
            ops::axpy(difference.as_mut(), -t, b.as_ref());
            let eigen = factor::eigh(difference.as_ref())?;
            let x = eigen.vectors.col(if top { n - 1 } else { 0 });
            Ok::<_, Error>(Ratio {
                numerator: ops::quadratic_form(a.as_ref(), x),
                denominator: ops::quadratic_form(b.as_ref(), x),
                point: (),
            })
        };
        let start = a[(0, 0)].re / b[(0, 0)].re;
        let least = minimise_ratio(start, &Options::default(), |t| inner(t, false)).unwrap();
        let most = maximise_ratio(start, &Options::default(), |t| inner(t, true)).unwrap();
        assert!((least.ratio - expected[0]).abs() < 1e-11 * expected[0].abs());
        assert!((most.ratio - expected[n - 1]).abs() < 1e-11 * expected[n - 1].abs());
        assert!(least.trace.windows(2).all(|w| w[1] <= w[0]) && least.trace.len() < 12);
        assert!(most.trace.windows(2).all(|w| w[1] >= w[0]) && most.residual.abs() < 1e-9);
    }

    #[test]
    fn bad_input_is_named() {
        let ratio = |numerator: f64, denominator: f64| {
            let inner = move |_| {
                let point = ();
                Ok::<_, Error>(Ratio {
                    numerator,
                    denominator,
                    point,
                })
            };
            minimise_ratio(1.0, &Options::default(), inner).map(|o| o.ratio)
        };
        assert!(matches!(ratio(f64::NAN, 1.0), Err(Error::NonFinite { .. })));
        assert!(matches!(ratio(1.0, 0.0), Err(Error::Linalg(_))));
        let start = minimise_ratio(f64::INFINITY, &Options::default(), |_| {
            Ok::<_, Error>(Ratio {
                numerator: 1.0,
                denominator: 1.0,
                point: (),
            })
        });
        assert!(start.unwrap_err().to_string().contains("start ratio"));
    }

    #[test]
    fn the_limit_is_reported() {
        let options = Options {
            max_iterations: 1,
            ..Options::default()
        };
        let halved = |t: f64| {
            Ok::<_, Error>(Ratio {
                numerator: t / 2.0,
                denominator: 1.0,
                point: (),
            })
        };
        let stopped = minimise_ratio(8.0, &options, halved).unwrap();
        assert_eq!(stopped.stopped, StopReason::IterationLimit);
        assert_eq!(stopped.trace, [8.0, 4.0]);
    }
}
