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
//! so is the bound, but it holds. [`at`] evaluates this for any of them.
//!
//! When the base station takes only the sensing stream as known, users and targets share nothing but
//! power. The users then need at least the power Q of [`least_power`], which counts their mutual
//! interference, the targets get at most `S = P - Q`, and with mu the largest eigenvalue of the blocks of
//! `-grad log-norm` at sensing covariances X0, scaled as the bound likes best,
//!
//! ```math
//! norm(W) >= norm(X0) tr(X0) / (S mu tr(X0))
//! ```
//!
//! so [`search`] needs one unconstrained descent on sensing beams alone.

use super::feasibility::least_power;
use super::{Evaluator, Problem, Start};
use crate::Error;
use isac_linalg::{Mat, MatRef, c64, factor, ops, validate};
use isac_metrics::delay_doppler::BsKnowledge;
use isac_metrics::fairness::Form;
use isac_opt::drive::Stop;
use isac_opt::manifold::Sphere;
use isac_opt::riemannian::{Method, Workspace, lbfgs};
use rand::{SeedableRng, rngs::ChaCha8Rng};
use serde::{Deserialize, Serialize};

/// Options of the search for good covariances.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Rank of the sensing covariances; never more than the number of targets is needed.
    pub streams: usize,
    /// Descents, each followed by a bound; the search ends when the bound is tight.
    pub rounds: usize,
    /// Iterations per descent.
    pub iterations: usize,
    /// The bound is tight when it is within this of the relaxation's own value, relative.
    pub tightness: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            streams: 16,
            rounds: 10,
            iterations: 100,
            tightness: 1e-3,
        }
    }
}

/// What a bound is lowered by for rounding, relative: sums of this size are true to far better.
const MARGIN: f64 = 1e-9;

/// A lower bound of the cost of every feasible beamformer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LowerBound {
    /// Bound in the form of the problem.
    pub value: f64,
    /// Bound of the norm form, always positive; ratios of costs are ratios of these.
    pub norm: f64,
    /// Value of the relaxation (norm form) at the point the bound was taken: what remains between the
    /// two is slack of the search, not of the relaxation.
    pub relaxed_norm: f64,
    /// The set it bounds: every beamformer of the problem's power that gives user k at least this rate,
    /// K entries, bit/s/Hz.
    pub min_rates: Vec<f64>,
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

/// Searches a good bound. `None` when the users certainly need more power than there is, so that there
/// is nothing to bound.
///
/// # Errors
/// A numerical breakdown.
pub fn search(problem: &Problem, options: &Options) -> Result<Option<LowerBound>, Error> {
    let problem = &problem.in_own_unit()?;
    Ok(relaxed(problem, options, least_power(problem))?.map(|(bound, _)| bound))
}

/// The relaxation near its optimum.
pub(super) struct Relaxation {
    /// Information of every target, entries 11, 12, 22.
    pub(super) information: Vec<[f64; 3]>,
    /// Mean subcarrier of every target's light.
    pub(super) centres: Vec<f64>,
    /// Per-target CRLBs.
    pub(super) crlb: Vec<f64>,
}

/// The bound of a problem in its own unit whose users need `needed` of the power, and the relaxation.
pub(super) fn relaxed(
    problem: &Problem,
    options: &Options,
    needed: f64,
) -> Result<Option<(LowerBound, Relaxation)>, Error> {
    let left = problem.power_w() - needed;
    if left <= 0.0 {
        return Ok(None);
    }
    let count = options
        .streams
        .clamp(1, problem.antennas().min(problem.sensing().targets()));
    let lit = problem.sensing_only(count, left)?;
    let mut point = edge_start(&lit)?;
    // In units of the start, as every descent: neither form nor reference of the cost changes a digit.
    let lit = lit.in_units_of(point.as_ref())?;
    let unit = lit.fairness().reference();
    let scaled = problem.clone().with_fairness(lit.fairness());
    let sphere = Sphere::new(left)?;
    let method = Method::Lbfgs(lbfgs::Options {
        stop: Stop {
            max_iterations: options.iterations,
            gradient: 1e-9,
            ..Stop::default()
        },
        ..lbfgs::Options::default()
    });
    let mut evaluator = Evaluator::new(&lit);
    let mut workspace = Workspace::default();
    let mut gradient = Mat::zeros(point.nrows(), point.ncols());
    let mut best: Option<LowerBound> = None;
    for _ in 0..options.rounds.max(1) {
        let end = method.minimise(
            &sphere,
            point.as_ref(),
            |w, g| {
                let value = evaluator.evaluate(w);
                evaluator.gradient(1.0, &[], g);
                Ok::<f64, Error>(value)
            },
            &mut workspace,
        )?;
        point = end.point;
        let value = evaluator.evaluate(point.as_ref());
        evaluator.gradient(1.0, &[], gradient.as_mut());
        let mu = -least_eigenvalue(&lit, &evaluator, point.as_ref(), &[])?;
        let bound = value - (mu * left).ln();
        let bound = if problem.sensing().options().bs == BsKnowledge::FullWaveform {
            with_data(&scaled, point.as_ref(), count, mu)?
        } else {
            bound
        };
        let reference = problem.fairness().reference();
        let norm = (bound - MARGIN).exp() * (unit / reference);
        if best.as_ref().is_none_or(|b| norm > b.norm) {
            best = Some(LowerBound {
                value: problem
                    .fairness()
                    .from_norm(norm, problem.sensing().targets()),
                norm,
                relaxed_norm: value.exp() * (unit / reference),
                min_rates: problem.min_rates().to_vec(),
            });
        }
        if value - bound <= options.tightness || end.stopped.converged() {
            break;
        }
    }
    evaluator.evaluate(point.as_ref());
    let light = &evaluator.illumination().sensing;
    let mean = |of_target: &[f64]| -> f64 {
        let indexed = of_target.iter().enumerate();
        indexed.map(|(i, g)| i as f64 * g).sum::<f64>() / of_target.iter().sum::<f64>()
    };
    let information = evaluator.sensing().information.iter();
    let relaxation = Relaxation {
        information: information.map(|f| [f[0][0], f[0][1], f[1][1]]).collect(),
        centres: light
            .chunks(problem.streams().subcarriers)
            .map(mean)
            .collect(),
        crlb: evaluator.crlb().to_vec(),
    };
    Ok(best.map(|bound| (bound, relaxation)))
}

/// The general bound at these sensing beams, water-filled users and their multipliers at the power
/// price `mu`.
fn with_data(
    problem: &Problem,
    sensing: MatRef<'_, c64>,
    count: usize,
    mu: f64,
) -> Result<f64, Error> {
    let relaxed = problem.relaxed(count)?;
    let relaxed = relaxed
        .clone()
        .with_fairness(relaxed.fairness().with_form(Form::LogNorm));
    let streams = relaxed.streams();
    let mut point = Mat::zeros(relaxed.antennas(), streams.columns());
    let mut multipliers = Vec::with_capacity(streams.users);
    let unit = streams.subcarriers as f64 * std::f64::consts::LN_2;
    for k in 0..streams.users {
        let level = relaxed.rate().water_level(k, relaxed.min_rates()[k]);
        multipliers.push(mu * unit * level);
        for i in 0..streams.subcarriers {
            let h = relaxed.rate().channels().subcols(i * streams.users + k, 1);
            let gain = ops::norm2(h);
            let power = (level - relaxed.rate().noise_w()[k] / gain).max(0.0);
            let mut column = point.as_mut().subcols_mut(streams.user_column(i, k), 1);
            if power > 0.0 {
                column.copy_from(h);
                ops::scale(column, (power / gain).sqrt());
            }
        }
    }
    for i in 0..streams.subcarriers {
        let beams = sensing.subcols(i * count, count);
        point
            .as_mut()
            .subcols_mut(streams.column(i, 0), count)
            .copy_from(beams);
    }
    at(&relaxed, point.as_ref(), &multipliers)
}

/// Beams in all directions whose power lies mostly on the outer subcarriers, where delay is best
/// measured.
fn edge_start(lit: &Problem) -> Result<Mat<c64>, Error> {
    let streams = lit.streams();
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let mut point = Start::Mrt.draw(lit, &mut rng)?;
    let centre = (streams.subcarriers as f64 - 1.0) / 2.0;
    for i in 0..streams.subcarriers {
        let off = (i as f64 - centre).abs() / centre.max(0.5);
        let columns = point
            .as_mut()
            .subcols_mut(streams.column(i, 0), streams.sensing);
        ops::scale(columns, off.powi(8).max(1e-3));
    }
    let norm = ops::norm(point.as_ref());
    ops::scale(point.as_mut(), lit.power_w().sqrt() / norm);
    Ok(point)
}
