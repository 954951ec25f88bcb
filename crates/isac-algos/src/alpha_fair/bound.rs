//! A certified lower bound of the cost of every feasible beamformer.
//!
//! Relax: sensing beams become covariances X_i of any rank, user beams covariances V_{k,i}, disturbances
//! shrink to noise, rates lose their interference. The information is then linear (known gain) or
//! concave (unknown gain) in the covariances. `1/tr(D F^-1)` is a concave and rising function of F (an
//! information function), so every `log C_t` is convex, hence so is the log of their p-norm for any
//! p > 0 (log-sum-exp) and of their geometric mean. For any covariances X0 and multipliers lambda >= 0,
//! with L = log-norm + sum_k lambda_k (rmin_k - r_k):
//!
//! ```math
//! log-norm(W) >= L(X0) - <grad L, X0> + P min(0, least eigenvalue of all blocks of grad L)
//! ```
//!
//! for every W that meets rates and power: the linearisation bounds the convex L from below, and the
//! linear function is least at the worst block. X0 and lambda need not be optimal; if they are poor,
//! so is the bound, but it holds.

use super::run::Rated;
use super::{Evaluator, PowerShare, Problem, Start};
use crate::Error;
use isac_linalg::{Mat, MatRef, c64, factor, ops, validate};
use isac_metrics::delay_doppler::BsKnowledge;
use isac_metrics::fairness::Form;
use isac_opt::augmented;
use isac_opt::riemannian::Workspace;
use rand::{SeedableRng, rngs::ChaCha8Rng};
use serde::{Deserialize, Serialize};

/// Options of the search for good covariances and multipliers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Rank of the sensing covariances; larger is slower and never needed beyond the number of
    /// targets.
    pub streams: usize,
    /// The descent on the relaxed problem. It needs no feasible point: any end gives a bound.
    pub descent: augmented::Options,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            streams: 2,
            descent: augmented::Options {
                max_rounds: 12,
                tolerance: 1e-4,
                settled: 1e-4,
                restoration_iterations: 0,
                ..augmented::Options::default()
            },
        }
    }
}

/// A lower bound of the cost of every feasible beamformer.
#[derive(Debug, Clone, PartialEq)]
pub struct LowerBound {
    /// Bound in the form of the problem.
    pub value: f64,
    /// Bound of the norm form, always positive; ratios of costs are ratios of these.
    pub norm: f64,
    /// Value of the relaxation (norm form) at the point the bound was taken: what remains between the
    /// two is slack of the search, not of the relaxation.
    pub relaxed_norm: f64,
    /// The multipliers, for the logarithm of the norm.
    pub multipliers: Vec<f64>,
}

impl LowerBound {
    /// How far a beamformer's CRLBs lie above the bound, relative: 0.13 means at most 13 % above the
    /// best possible norm.
    pub fn gap(&self, problem: &Problem, crlb: &[f64]) -> f64 {
        problem.fairness().with_form(Form::Norm).cost(crlb) / self.norm - 1.0
    }
}

/// The bound at given covariances and multipliers, as the logarithm of the norm form.
///
/// `relaxed` is [`Problem::relaxed`] in the form `LogNorm`; the covariances are `w w^H` of its
/// beams.
///
/// # Errors
/// Beams of the wrong shape, multipliers that are negative or not finite, a failed
/// eigendecomposition.
pub fn at(
    relaxed: &Problem,
    covariance_beams: MatRef<'_, c64>,
    multipliers: &[f64],
) -> Result<f64, Error> {
    relaxed.check_beams("beams", covariance_beams)?;
    validate::length("multipliers", multipliers.len(), relaxed.streams().users)?;
    for &multiplier in multipliers {
        validate::nonnegative("multipliers", multiplier, "")?;
    }
    let mut evaluator = Evaluator::new(relaxed);
    let mut gradient = Mat::zeros(covariance_beams.nrows(), covariance_beams.ncols());
    let cost = evaluator.evaluate(covariance_beams);
    if !cost.is_finite() {
        return Ok(f64::NEG_INFINITY);
    }
    let duals = || multipliers.iter();
    let lagrangian: f64 = cost
        + duals()
            .zip(evaluator.shortfalls())
            .map(|(m, c)| m * c)
            .sum::<f64>();
    let rate_slopes: Vec<f64> = duals().map(|m| -m).collect();
    evaluator.gradient(1.0, &rate_slopes, gradient.as_mut());
    // By beams the gradient is 2 (grad L) w, so half its product with the beams is <grad L, X0>.
    let linear = 0.5 * ops::inner(gradient.as_ref(), covariance_beams);
    let least = least_eigenvalue(relaxed, &evaluator, covariance_beams, multipliers)?;
    Ok(lagrangian - linear + relaxed.power_w() * least.min(0.0))
}

/// Least eigenvalue over the blocks of the gradient by the covariances.
fn least_eigenvalue(
    relaxed: &Problem,
    evaluator: &Evaluator<'_>,
    beams: MatRef<'_, c64>,
    multipliers: &[f64],
) -> Result<f64, Error> {
    let streams = relaxed.streams();
    let (n, targets) = (streams.subcarriers, relaxed.sensing().targets());
    let steering = relaxed.steering();
    let slopes = evaluator.illumination_slopes();
    let with_data = relaxed.sensing().options().bs == BsKnowledge::FullWaveform;
    let unit = 1.0 / (n as f64 * std::f64::consts::LN_2);
    let mut least = 0.0_f64;
    // -sum_t |g_t| a_t a_t^H: all slopes are <= 0, more light never hurts without disturbance.
    let lit = |slopes: &[f64], i: usize| {
        Mat::from_fn(relaxed.antennas(), targets, |row, t| {
            steering[(row, t)] * (-slopes[t * n + i]).max(0.0).sqrt()
        })
    };
    for i in 0..n {
        let factor = lit(&slopes.sensing, i);
        least = least.min(-top_eigenvalue(factor.as_ref())?);
        for k in 0..streams.users {
            let h = relaxed.rate().channels().subcols(i * streams.users + k, 1);
            let beam = beams.col(streams.user_column(i, k));
            let own = ops::dot(h.col(0), beam).norm_sqr();
            let by_own = multipliers[k] * unit / (relaxed.rate().noise_w()[k] + own);
            if with_data {
                let mut scaled = h.to_owned();
                ops::scale(scaled.as_mut(), by_own.sqrt());
                let both = ops::hcat(lit(&slopes.comm, i).as_ref(), scaled.as_ref());
                least = least.min(-top_eigenvalue(both.as_ref())?);
            } else {
                least = least.min(-by_own * ops::norm2(h));
            }
        }
    }
    Ok(least)
}

/// Largest eigenvalue of `B B^H`, from the smaller of the two Gram matrices.
fn top_eigenvalue(b: MatRef<'_, c64>) -> Result<f64, Error> {
    let gram = if b.ncols() <= b.nrows() {
        ops::adjoint_mul(b, b)
    } else {
        ops::mul_adjoint(b, b)
    };
    Ok(factor::eigvalsh(gram.as_ref())?
        .last()
        .copied()
        .unwrap_or(0.0))
}

/// Searches a good bound, starting from a design.
///
/// # Errors
/// A design of the wrong shape, or a numerical breakdown.
pub fn search(
    problem: &Problem,
    beams: MatRef<'_, c64>,
    options: &Options,
) -> Result<LowerBound, Error> {
    problem.check_beams("beams", beams)?;
    let count = options
        .streams
        .clamp(1, problem.antennas().min(problem.sensing().targets()));
    let relaxed = problem.relaxed(count)?;
    let relaxed = relaxed
        .clone()
        .with_fairness(relaxed.fairness().with_form(Form::LogNorm));
    let manifold = PowerShare::Total.manifold(&relaxed)?;
    let start = widen(problem, &relaxed, beams)?;
    let mut rated = Rated::new(&relaxed);
    let mut workspace = Workspace::default();
    let minimum = augmented::minimise::<_, _, Error>(
        manifold.as_ref(),
        start.as_ref(),
        &mut rated,
        &options.descent,
        &mut workspace,
    )?;
    let bound = at(&relaxed, minimum.point.as_ref(), &minimum.multipliers)?;
    let norm = bound.exp();
    Ok(LowerBound {
        value: problem
            .fairness()
            .from_norm(norm, problem.sensing().targets()),
        norm,
        relaxed_norm: minimum.value.exp(),
        multipliers: minimum.multipliers,
    })
}

/// Share of the power that seeds the directions a rank-one design lacks.
const SEED_SHARE: f64 = 1e-3;

/// The design as a point of the relaxation: its sensing beam first, faint further directions, and the
/// users' powers in the directions of their channels.
fn widen(problem: &Problem, relaxed: &Problem, beams: MatRef<'_, c64>) -> Result<Mat<c64>, Error> {
    let (from, to) = (problem.streams(), relaxed.streams());
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let mut point = Start::Mrt.draw(relaxed, &mut rng)?;
    for i in 0..to.subcarriers {
        for s in 0..to.sensing {
            let mut column = point.as_mut().subcols_mut(to.column(i, s), 1);
            if s < from.sensing {
                column.copy_from(beams.subcols(from.column(i, s), 1));
            } else {
                ops::scale(column, SEED_SHARE.sqrt());
            }
        }
        for k in 0..to.users {
            let old = ops::norm(beams.subcols(from.user_column(i, k), 1));
            let mut column = point.as_mut().subcols_mut(to.user_column(i, k), 1);
            let now = ops::norm(column.as_ref());
            if now > 0.0 {
                ops::scale(column.as_mut(), old.max(1e-6 * now) / now);
            }
        }
    }
    Ok(point)
}
