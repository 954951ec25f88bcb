//! A certified upper bound on the optimum.
//!
//! Users that cooperate and whose noises are correlated can only do better. With any Hermitian
//! positive definite `Z_n` (`K x K`) whose diagonal holds the noise powers, every feasible `W` has
//! `f(W) <= g(W W^H)`,
//!
//! ```math
//! g(R) = \delta_c (\ln\det(Z_n + H^H R H) - \ln\det Z_n) - \delta_s \mathrm{tr} F(R)^{-1},
//! ```
//!
//! which is concave in `R`. Its tangent at any `R` bounds it from above on the whole feasible set:
//!
//! ```math
//! \max f \le g(R) - \mathrm{tr}(G R) + P_t \max(0, \lambda_{\max}(G)), \qquad
//! G = \delta_c H (Z_n + H^H R H)^{-1} H^H + \delta_s Q_h(R) .
//! ```
//!
//! It is evaluated in the form that holds for *every* Hermitian positive definite `M` and every
//! symmetric `Y`, here the computed inverses of `Z_n + H^H R H` and of `F(R)`, so that their rounding
//! loosens it only:
//!
//! ```math
//! \delta_c (\mathrm{tr}(M Z_n) - \ln\det M - K - \ln\det Z_n) - 2 \delta_s \mathrm{tr} Y
//!   + P_t \max(0, \lambda_{\max}(G)), \qquad
//! G = \delta_c H M H^H + \delta_s Q_h(Y^2) .
//! ```
//!
//! The bound holds for every `R` and `Z_n`, so inexact optimisation of either loosens but never
//! breaks it: one eigenvalue of a `D x D` matrix certifies. It also covers dirty-paper coding, so a
//! gap need not be suboptimality; without users' weight (`delta_c = 0`) it is exact.

use super::{Reduction, SumRateCrlb};
use crate::Error;
use isac_linalg::{Mat, MatMut, MatRef, c64, factor, ops, real};
use isac_metrics::AngleSensing;
use isac_metrics::crlb::Crlb;
use isac_opt::manifold::Sphere;
use isac_opt::riemannian::{Method, Workspace, lbfgs};
use serde::{Deserialize, Serialize};

/// Effort spent on tightening the bound.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Moves of the noise correlation, each followed by a maximisation of `g`.
    pub correlation_steps: usize,
    /// Largest number of iterations of each maximisation.
    pub iterations: usize,
    /// Relative gradient at which a maximisation stops.
    pub tolerance: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            correlation_steps: 15,
            iterations: 600,
            tolerance: 1e-6,
        }
    }
}

/// An upper bound on `f` over all beamformers with any number of sensing streams.
#[derive(Debug, Clone)]
pub struct UpperBound {
    /// The bound.
    pub value: f64,
    /// `R = V V^H` in reduced coordinates at which the tangent was taken, `D x D`.
    pub covariance: Mat<c64>,
    /// Correlation matrix of the users' noises, `K x K`, unit diagonal.
    pub correlation: Mat<c64>,
}

/// Finds a tight bound: maximises `g` over `R = V V^H`, then moves the noise correlation down the
/// gradient of the maximum, and so on; the least bound met is returned.
///
/// # Errors
/// [`Error::Metric`] when the FIM is singular for every covariance (degenerate targets);
/// [`Error::Linalg`] when a factorisation fails.
pub fn certify(problem: &SumRateCrlb, options: &Options) -> Result<UpperBound, Error> {
    let reduction = Reduction::new(problem)?;
    let reduced = reduction.problem();
    let (size, users) = (reduced.antennas(), reduced.users());
    let mut workspace = Workspace::default();
    let scale = (reduced.power() / size as f64).sqrt();
    let mut root = Mat::from_fn(size, size, |i, j| {
        c64::new(if i == j { scale } else { 0.0 }, 0.0)
    });
    let mut correlation = identity(users);
    let mut relaxation = Relaxation::new(reduced, &correlation)?;
    relaxation.maximise(&mut root, options, &mut workspace)?;
    let mut best = UpperBound {
        value: relaxation.tangent_bound(root.as_ref())?,
        covariance: ops::mul_adjoint(root.as_ref(), root.as_ref()),
        correlation: correlation.clone(),
    };
    let mut step = 0.5;
    let moves = if reduced.weights().rate > 0.0 && users > 1 {
        options.correlation_steps
    } else {
        0
    };
    for _ in 0..moves {
        let direction = relaxation.correlation_gradient(root.as_ref())?;
        let size = ops::norm(direction.as_ref());
        if size <= 1e-12 {
            break;
        }
        let trial = moved(&correlation, &direction, step / size);
        let Some(trial) = trial.filter(is_well_inside) else {
            step *= 0.5;
            continue;
        };
        let next = Relaxation::new(reduced, &trial)?;
        let mut next_root = root.clone();
        next.maximise(&mut next_root, options, &mut workspace)?;
        let value = next.tangent_bound(next_root.as_ref())?;
        if value < best.value {
            best = UpperBound {
                value,
                covariance: ops::mul_adjoint(next_root.as_ref(), next_root.as_ref()),
                correlation: trial.clone(),
            };
            (correlation, root, relaxation) = (trial, next_root, next);
            step *= 1.4;
        } else {
            step *= 0.4;
        }
    }
    Ok(best)
}

fn identity(size: usize) -> Mat<c64> {
    Mat::from_fn(size, size, |i, j| {
        c64::new(if i == j { 1.0 } else { 0.0 }, 0.0)
    })
}

/// `correlation + t direction`, whose diagonal stays 1; `None` if it is not finite.
fn moved(correlation: &Mat<c64>, direction: &Mat<c64>, t: f64) -> Option<Mat<c64>> {
    let mut out = correlation.clone();
    ops::axpy(out.as_mut(), t, direction.as_ref());
    isac_linalg::validate::finite("correlation", out.as_ref()).ok()?;
    Some(out)
}

/// Positive definite with room to spare.
fn is_well_inside(correlation: &Mat<c64>) -> bool {
    factor::eigvalsh(correlation.as_ref()).is_ok_and(|values| values[0] > 1e-3)
}

/// The concave function `g` for one noise covariance.
struct Relaxation<'a> {
    problem: &'a SumRateCrlb,
    noise: Mat<c64>,
    noise_inverse: Mat<c64>,
    noise_log_det: f64,
}

/// `g` at a covariance with the pieces of its gradient.
struct Value {
    g: f64,
    /// `(Z_n + H^H R H)^-1`.
    users: Mat<c64>,
    /// `ln det(Z_n + H^H R H)`.
    log_det: f64,
    /// `delta_s tr F^-1`.
    crlb: f64,
    /// `delta_s Q_h`, `D x D`.
    targets: Mat<c64>,
    /// Estimated relative error that the condition of the echo's derivatives leaves in it.
    lost: f64,
}

/// Estimated relative error of the inverse of a FIM from which on it is found from the stacked
/// derivatives instead.
const LOST: f64 = 1e-11;

/// `Q_h(Y^2)`, `D x D`, with `tr(F Y^2) = tr(Q_h R)` for a symmetric `Y`, as the Gram matrix of the
/// `sum_p Y_pl J_p`, `J_p` the map from a beam to its echo's derivative by parameter `p`: what
/// rounding does to it goes with the condition of the derivatives, where sums over the entries of
/// `Y^2`, or products with `S` that come after the square, go with its square.
fn curvature(sensing: &AngleSensing, inverse: MatRef<'_, f64>) -> Mat<c64> {
    let size = sensing.transmit().nrows();
    let towards = sensing.transmit().adjoint().to_owned();
    let maps = sensing.compact().derivatives(towards.as_ref());
    let turned = real::mul(maps.as_ref(), inverse);
    let rows = turned.nrows() / (2 * size);
    let stacked = Mat::from_fn(rows * turned.ncols(), size, |i, c| {
        let (row, column) = (2 * (i % rows + c * rows), i / rows);
        c64::new(turned[(row, column)], turned[(row + 1, column)])
    });
    ops::adjoint_mul(stacked.as_ref(), stacked.as_ref())
}

impl<'a> Relaxation<'a> {
    fn new(problem: &'a SumRateCrlb, correlation: &Mat<c64>) -> Result<Self, Error> {
        let sigma: Vec<f64> = problem.noise().iter().map(|x| x.sqrt()).collect();
        let noise = Mat::from_fn(sigma.len(), sigma.len(), |i, j| {
            correlation[(i, j)] * (sigma[i] * sigma[j])
        });
        let (noise_inverse, noise_log_det) = inverse("noise covariance", noise.as_ref())?;
        Ok(Self {
            problem,
            noise,
            noise_inverse,
            noise_log_det,
        })
    }

    /// `g` at `R = V V^H`.
    fn value(&self, root: MatRef<'_, c64>) -> Result<Value, Error> {
        let weights = self.problem.weights();
        let coupling = ops::adjoint_mul(self.problem.channel(), root);
        let mut received = self.noise.clone();
        let r = received.as_mut();
        use ops::Op::{Adjoint, Plain};
        ops::gemm(
            r,
            true,
            c64::ONE,
            coupling.as_ref(),
            Plain,
            coupling.as_ref(),
            Adjoint,
        );
        let (users, log_det) = inverse("received covariance", received.as_ref())?;
        let (mut crlb_term, mut lost) = (0.0, 0.0);
        let compact = self.problem.sensing().compact();
        let mut targets = Mat::zeros(root.nrows(), root.nrows());
        if weights.crlb > 0.0 && compact.targets() > 0 {
            let towards = ops::adjoint_mul(self.problem.sensing().transmit(), root);
            let c = ops::mul_adjoint(towards.as_ref(), towards.as_ref());
            let mut crlb = Crlb::new(compact.parameters());
            let by_matrix = crlb.invert(compact.fim(c.as_ref()).as_ref());
            if by_matrix.is_err() || crlb.relative_error() > LOST {
                crlb.invert_derivatives(compact.derivatives(towards.as_ref()).as_ref())?;
            }
            crlb_term = weights.crlb * crlb.trace();
            lost = crlb.relative_error();
            targets = curvature(self.problem.sensing(), crlb.inverse());
            ops::scale(targets.as_mut(), weights.crlb);
        }
        Ok(Value {
            g: weights.rate * (log_det - self.noise_log_det) - crlb_term,
            users,
            log_det,
            crlb: crlb_term,
            targets,
            lost,
        })
    }

    /// `G A` for a matrix `A` of `D` rows.
    fn apply(&self, value: &Value, a: MatRef<'_, c64>) -> Mat<c64> {
        let h = self.problem.channel();
        let inner = ops::mul(value.users.as_ref(), ops::adjoint_mul(h, a).as_ref());
        let mut out = ops::mul(h, inner.as_ref());
        ops::scale(out.as_mut(), self.problem.weights().rate);
        let sensing = ops::mul(value.targets.as_ref(), a);
        ops::axpy(out.as_mut(), 1.0, sensing.as_ref());
        out
    }

    /// Ascends `g(V V^H)` on the sphere `||V||^2 = Pt` from `root`.
    fn maximise(
        &self,
        root: &mut Mat<c64>,
        options: &Options,
        workspace: &mut Workspace,
    ) -> Result<(), Error> {
        let mut method = lbfgs::Options::default();
        method.stop.max_iterations = options.iterations;
        method.stop.gradient = options.tolerance;
        let objective = |v: MatRef<'_, c64>, mut gradient: MatMut<'_, c64>| {
            let value = self.value(v)?;
            gradient.copy_from(self.apply(&value, v));
            ops::scale(gradient, -2.0);
            Ok::<f64, Error>(-value.g)
        };
        let set = Sphere::new(self.problem.power())?;
        let method = Method::Lbfgs(method);
        *root = method
            .minimise(&set, root.as_ref(), objective, workspace)?
            .point;
        Ok(())
    }

    /// The bound by the tangent at `R = V V^H`, with room for its own rounding.
    fn tangent_bound(&self, root: MatRef<'_, c64>) -> Result<f64, Error> {
        let value = self.value(root)?;
        let form = self.apply(&value, identity(root.nrows()).as_ref());
        let form = isac_linalg::hermitian::hermitian_part(form.as_ref());
        let eigenvalues = factor::eigvalsh(form.as_ref())?;
        let top = eigenvalues[eigenvalues.len() - 1].max(0.0);
        let users = self.problem.users();
        let traced = ops::inner(value.users.as_ref(), self.noise.as_ref());
        let rate = self.problem.weights().rate;
        let terms = [
            rate * (traced - users as f64),
            rate * value.log_det,
            -rate * self.noise_log_det,
            -2.0 * value.crlb,
            self.problem.power() * top,
        ];
        let size: f64 = terms.iter().map(|term| term.abs()).sum();
        let rounding = 8.0 * (f64::EPSILON * root.nrows() as f64 + value.lost) * size;
        Ok(terms.iter().sum::<f64>() + rounding)
    }

    /// Direction in which the correlation lowers `g`: the off-diagonal part of
    /// `D (Z_n^-1 - (Z_n + H^H R H)^-1) D`, `D = diag(sigma)`.
    fn correlation_gradient(&self, root: MatRef<'_, c64>) -> Result<Mat<c64>, Error> {
        let value = self.value(root)?;
        let sigma = |k: usize| self.problem.noise()[k].sqrt();
        let users = self.problem.users();
        Ok(Mat::from_fn(users, users, |i, j| {
            if i == j {
                return c64::ZERO;
            }
            (self.noise_inverse[(i, j)] - value.users[(i, j)]) * (sigma(i) * sigma(j))
        }))
    }
}

/// Inverse and log-determinant of a Hermitian positive definite matrix.
fn inverse(what: &str, a: MatRef<'_, c64>) -> Result<(Mat<c64>, f64), Error> {
    let size = a.nrows();
    if size == 0 {
        return Ok((Mat::zeros(0, 0), 0.0));
    }
    let cholesky = factor::cholesky(what, a)?;
    let lower = cholesky.lower();
    let log_det = (0..size).map(|i| 2.0 * lower[(i, i)].re.ln()).sum();
    Ok((cholesky.inverse(), log_det))
}
