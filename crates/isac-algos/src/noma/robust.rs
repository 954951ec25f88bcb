//! Least power under channel errors of bounded norm, Eqs. (18) and (22) of `[noma]`.
//!
//! The worst case over `|dh| <= epsilon` of every SINR constraint is a matrix inequality with one
//! multiplier, exact in both directions. With `Phi_k = W_k / gamma_k - sum_{i > k} W_i` and
//! `B_k = Phi_k - sum_{i < k} W_i` (the residual of imperfect cancellation) it is
//!
//! ```math
//! \begin{pmatrix} \epsilon^2 B_k + \tau I & \epsilon \Phi_k \hat h_l \\
//! \epsilon \hat h_l^H \Phi_k & \hat h_l^H \Phi_k \hat h_l - \sigma^2 - \tau \end{pmatrix} \succeq 0,
//! \qquad \tau \ge 0
//! ```
//!
//! # Deviations
//! The paper prints one multiplier for all pairs and a wrong sign in (A.4); Lemma 1 (the relaxation
//! always has a rank-one solution) is false, see `docs/papers/noma.md`. Ordering, if asked for, is
//! imposed at the estimates.

use super::certificate::{self, Bound, Multipliers};
use super::evaluate::{Evaluation, evaluate};
use super::max_min::{self, Outcome as MaxMinFloor};
use super::power_min::{self, Aim, RETRIES, natural_unit};
use super::problem::{Scene, Span};
use super::rank_one;
use super::relaxation::{Csi, Relaxation};
use crate::Error;
use isac_linalg::{Mat, MatRef, c64, hermitian, ops, validate};
use isac_metrics::noma::{self, Pair};
use isac_opt::conic;
use isac_opt::root::{self, Sample};
use serde::{Deserialize, Serialize};

/// What is known about the channel errors.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorBall {
    /// Radius `epsilon`: `|dh| <= epsilon`; the square root of a power gain, >= 0.
    pub radius: f64,
    /// Whether messages removed with the estimate come back through the error, Eq. (17).
    #[serde(default = "yes")]
    pub residual: bool,
}

fn yes() -> bool {
    true
}

/// Options of [`solve`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Options of the conic solver.
    pub conic: conic::Options,
    /// Largest violation and relative gap of a [`Outcome::Solved`] design, both recomputed.
    pub accept: f64,
    /// See [`power_min::Options::excluded_units`].
    pub excluded_units: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            conic: conic::Options {
                ray_tolerance: 1e-7,
                ..conic::Options::default()
            },
            accept: 1e-6,
            excluded_units: 1e7,
        }
    }
}

/// Covariances that solve the robust relaxation.
#[derive(Debug, Clone)]
pub struct Design {
    /// `F_k` with `W_k = F_k F_k^H`, antennas x rank, by decoding position.
    pub factors: Vec<Mat<c64>>,
    /// What they achieve without errors.
    pub evaluation: Evaluation,
    /// Exact smallest SINR of every pair over all errors.
    pub worst_case: Vec<(Pair, f64)>,
    /// How good they are; the violation counts the worst cases.
    pub certificate: power_min::Certificate,
    /// Multiplier of every pair's matrix inequality, `(r + 1) x (r + 1)`; a nonzero one means that
    /// the worst case is tight.
    pub multipliers: Vec<Mat<c64>>,
    /// `dP*/dt` for a target `t` common to all users, watt.
    pub slope: f64,
    /// Second over first eigenvalue of every `W_k`.
    pub rank_ratios: Vec<f64>,
    /// SINR targets by decoding position.
    pub targets: Vec<f64>,
    /// Iterations of the solver.
    pub iterations: usize,
}

impl Design {
    /// Power, watt.
    pub fn power(&self) -> f64 {
        self.evaluation.power
    }

    /// Smallest worst-case SINR over all pairs.
    pub fn min_worst_case(&self) -> f64 {
        let all = self.worst_case.iter();
        all.fold(f64::INFINITY, |low, &(_, s)| low.min(s))
    }
}

/// What came out. Do not bisect on it.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// Verified to [`Options::accept`].
    Solved(Box<Design>),
    /// A design whose violation or gap is larger.
    Inaccurate(Box<Design>),
    /// Verified multipliers: every design needs at least this power (watt, maybe infinite).
    Infeasible {
        /// Every design needs at least this power, watt.
        excluded_power: f64,
    },
    /// Neither.
    Unknown,
}

impl Outcome {
    /// The design of `Solved` and `Inaccurate`.
    pub fn design(&self) -> Option<&Design> {
        match self {
            Self::Solved(design) | Self::Inaccurate(design) => Some(design),
            _ => None,
        }
    }

    /// The design of `Solved` alone.
    pub fn solved(self) -> Option<Design> {
        match self {
            Self::Solved(design) => Some(*design),
            _ => None,
        }
    }

    /// How far from an accepted answer, for choosing among attempts; 0 for accepted ones.
    fn rank(&self) -> f64 {
        match self {
            Self::Solved(_) | Self::Infeasible { .. } => 0.0,
            Self::Inaccurate(design) => {
                let c = design.certificate;
                c.violation.max(c.relative_gap.abs()).max(f64::MIN_POSITIVE)
            }
            Self::Unknown => f64::INFINITY,
        }
    }

    /// `solved`, `inaccurate`, `infeasible` or `unknown`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Solved(_) => "solved",
            Self::Inaccurate(_) => "inaccurate",
            Self::Infeasible { .. } => "infeasible",
            Self::Unknown => "unknown",
        }
    }
}

/// Exact smallest SINR of every decoding pair over all errors of the ball, for any covariances
/// `F_k F_k^H` (by decoding position).
///
/// # Errors
/// Factors of wrong sizes, a negative radius; a decomposition that failed.
pub fn worst_cases(
    scene: &Scene,
    factors: &[Mat<c64>],
    ball: ErrorBall,
) -> Result<Vec<(Pair, f64)>, Error> {
    let sic = scene.mode().sic;
    scene
        .pairs()
        .into_iter()
        .map(|pair| {
            let estimate = scene.channels().subcols(pair.decoder, 1);
            let worst = noma::worst_case_sinr(
                estimate,
                factors,
                sic,
                pair.message,
                ball.residual,
                ball.radius,
                scene.noise(),
            )?;
            Ok((pair, worst.sinr))
        })
        .collect()
}

/// Solves Eq. (22) of `[noma]` for SINR targets by user. A radius of 0 is the problem without
/// errors.
///
/// # Errors
/// Targets of the wrong number or not positive; a negative radius; an unusable option; a
/// decomposition that failed.
pub fn solve(
    scene: &Scene,
    targets_by_user: &[f64],
    ball: ErrorBall,
    options: &Options,
) -> Result<Outcome, Error> {
    let targets = scene.sinr_targets(targets_by_user)?;
    validate::nonnegative("error radius", ball.radius, "")?;
    solve_in(scene, &Span::new(scene)?, &targets, ball, options)
}

pub(crate) fn solve_in(
    scene: &Scene,
    span: &Span,
    targets: &[f64],
    ball: ErrorBall,
    options: &Options,
) -> Result<Outcome, Error> {
    if ball.radius == 0.0 {
        return without_errors(scene, span, targets, ball, options);
    }
    let unit = natural_unit(scene, targets);
    if !unit.is_finite() {
        return Ok(Outcome::Unknown);
    }
    let mut aim = Aim::new(unit, &options.conic);
    let mut best = attempt(scene, span, targets, ball, options, &aim)?;
    for round in 0..RETRIES {
        if best.rank() <= 0.0 {
            break;
        }
        aim.retry(round, best.design().map(|d| d.certificate.lower_bound));
        let next = attempt(scene, span, targets, ball, options, &aim)?;
        if next.rank() < best.rank() {
            best = next;
        }
    }
    Ok(best)
}

fn attempt(
    scene: &Scene,
    span: &Span,
    targets: &[f64],
    ball: ErrorBall,
    options: &Options,
    aim: &Aim,
) -> Result<Outcome, Error> {
    let relaxation = Relaxation {
        scene,
        span,
        targets,
        sensing: scene.sensing(),
        csi: Csi::Bounded {
            radius: ball.radius,
            residual: ball.residual,
        },
        bases: None,
        extra_cost: None,
        unit: aim.unit,
        elastic: false,
    };
    let built = relaxation.build()?;
    let matrices = |y: &conic::Multipliers| -> Result<Vec<Mat<c64>>, Error> {
        built
            .lmis
            .iter()
            .map(|&(lmi, divisor)| {
                let mut u = y.lmi(lmi)?.clone();
                ops::scale(u.as_mut(), aim.unit / divisor);
                Ok(u)
            })
            .collect()
    };
    match built.solve(&aim.conic)? {
        conic::Outcome::Solved(solution) | conic::Outcome::Inaccurate(solution) => {
            let y = built.multipliers(scene, targets, &solution.multipliers)?;
            let u = matrices(&solution.multipliers)?;
            let bound = lower_bound(scene, span, targets, ball, &u, &y)?;
            let covariances = built.covariances(&relaxation, &solution)?;
            let design = assemble(
                scene,
                span,
                targets,
                ball,
                &covariances,
                u,
                bound.power,
                solution.iterations,
            )?;
            let c = design.certificate;
            if c.violation <= options.accept && c.relative_gap <= options.accept {
                return Ok(Outcome::Solved(Box::new(design)));
            }
            Ok(Outcome::Inaccurate(Box::new(design)))
        }
        conic::Outcome::Infeasible(farkas) => {
            let y = built.multipliers(scene, targets, &farkas.multipliers)?;
            let u = matrices(&farkas.multipliers)?;
            // The ray and its two halves; see `certificate::strongest`.
            let none: Vec<Mat<c64>> = u.iter().map(|u| Mat::zeros(u.nrows(), u.ncols())).collect();
            let quiet = Multipliers::zeros(scene);
            let mut excluded_power = 0.0_f64;
            for (u, y) in [(&u, &y), (&u, &quiet), (&none, &y)] {
                let bound = lower_bound(scene, span, targets, ball, u, y)?;
                excluded_power = excluded_power.max(bound.power);
            }
            if excluded_power >= options.excluded_units * natural_unit(scene, targets) {
                return Ok(Outcome::Infeasible { excluded_power });
            }
            Ok(Outcome::Unknown)
        }
        conic::Outcome::NoPointBelow(_)
        | conic::Outcome::Unbounded(_)
        | conic::Outcome::NoMultipliersBelow(_)
        | conic::Outcome::IllPosed(_)
        | conic::Outcome::Unknown(_) => Ok(Outcome::Unknown),
    }
}

fn without_errors(
    scene: &Scene,
    span: &Span,
    targets: &[f64],
    ball: ErrorBall,
    options: &Options,
) -> Result<Outcome, Error> {
    let plain = power_min::Options {
        conic: options.conic.clone(),
        accept: options.accept,
        excluded_units: options.excluded_units,
        ..power_min::Options::default()
    };
    let convert = |design: power_min::Design| -> Result<Box<Design>, Error> {
        Ok(Box::new(Design {
            worst_case: worst_cases(scene, &design.factors, ball)?,
            factors: design.factors,
            evaluation: design.evaluation,
            certificate: design.certificate,
            multipliers: Vec::new(),
            slope: design.slope,
            rank_ratios: design.rank_ratios,
            targets: design.targets,
            iterations: design.iterations,
        }))
    };
    Ok(match power_min::solve_in(scene, span, targets, &plain)? {
        power_min::Outcome::Solved(design) => Outcome::Solved(convert(*design)?),
        power_min::Outcome::Inaccurate(design) => Outcome::Inaccurate(convert(*design)?),
        power_min::Outcome::Infeasible(proof) => Outcome::Infeasible {
            excluded_power: proof.excluded_power,
        },
        power_min::Outcome::Unknown => Outcome::Unknown,
    })
}

fn assemble(
    scene: &Scene,
    span: &Span,
    targets: &[f64],
    ball: ErrorBall,
    covariances: &[Mat<c64>],
    multipliers: Vec<Mat<c64>>,
    lower_bound: f64,
    iterations: usize,
) -> Result<Design, Error> {
    let mut factors = Vec::with_capacity(covariances.len());
    for w in covariances {
        factors.push(span.lift(hermitian::sqrt_factor(w.as_ref())?.as_ref()));
    }
    let evaluation = evaluate(scene, &factors)?;
    let worst_case = worst_cases(scene, &factors, ball)?;
    let violation = violation(&evaluation, &worst_case, targets);
    // d/dgamma of W_k / gamma inside the block, against its multiplier.
    let mut slope = 0.0;
    for (u, pair) in multipliers.iter().zip(scene.pairs()) {
        let t = congruence(scene, span, ball, pair.decoder);
        let image = ops::mul(t.as_ref(), u.as_ref());
        let whole = ops::mul_adjoint(image.as_ref(), t.as_ref());
        let gamma = targets[pair.message];
        slope += ops::inner(whole.as_ref(), covariances[pair.message].as_ref()) / (gamma * gamma);
    }
    Ok(Design {
        certificate: power_min::Certificate {
            lower_bound,
            relative_gap: (evaluation.power - lower_bound) / evaluation.power,
            violation,
        },
        factors,
        evaluation,
        worst_case,
        multipliers,
        slope,
        rank_ratios: rank_one::ratios(covariances)?,
        targets: targets.to_vec(),
        iterations,
    })
}

/// Largest relative violation with worst cases in place of the SINR without errors.
pub(crate) fn violation(
    evaluation: &Evaluation,
    worst_case: &[(Pair, f64)],
    targets: &[f64],
) -> f64 {
    worst_case
        .iter()
        .map(|&(pair, sinr)| 1.0 - sinr / targets[pair.message])
        .fold(evaluation.sensing_violation, f64::max)
}

/// `[epsilon I, hhat_l] / sigma`, r x (r + 1).
fn congruence(scene: &Scene, span: &Span, ball: ErrorBall, decoder: usize) -> Mat<c64> {
    let r = span.dimension();
    let epsilon = ball.radius / scene.noise().sqrt();
    Mat::from_fn(r, r + 1, |i, j| {
        if j == r {
            span.channels[(i, decoder)]
        } else {
            c64::new(f64::from(i == j) * epsilon, 0.0)
        }
    })
}

/// The bound that multipliers of the matrix inequalities and of the sensing constraints prove; see
/// [`certificate`] for the argument. A multiplier whose `tau` condition `tr U_11 <= U_22` is missed
/// by rounding is shrunk to meet it, which keeps it positive semidefinite.
///
/// # Errors
/// Multipliers of wrong sizes; a decomposition that failed.
pub fn lower_bound(
    scene: &Scene,
    span: &Span,
    targets: &[f64],
    ball: ErrorBall,
    matrices: &[Mat<c64>],
    sensing: &Multipliers,
) -> Result<Bound, Error> {
    let r = span.dimension();
    let pairs = scene.pairs();
    validate::length("matrix multipliers", matrices.len(), pairs.len())?;
    let sic = scene.mode().sic;
    let mut homogeneous = vec![Mat::<c64>::zeros(r, r); scene.users()];
    let mut value = 0.0;
    for (u, pair) in matrices.iter().zip(&pairs) {
        validate::shape("matrix multiplier", u.as_ref(), r + 1, r + 1)?;
        let u = proper(u.as_ref())?;
        value += u[(r, r)].re;
        let whole = congruence(scene, span, ball, pair.decoder);
        let error_only = Mat::from_fn(
            r,
            r + 1,
            |i, j| {
                if j == r { c64::ZERO } else { whole[(i, j)] }
            },
        );
        let through = |t: &Mat<c64>| {
            let image = ops::mul(t.as_ref(), u.as_ref());
            ops::mul_adjoint(image.as_ref(), t.as_ref())
        };
        let (seen, leaked) = (through(&whole), through(&error_only));
        for (k, f) in homogeneous.iter_mut().enumerate() {
            if k == pair.message {
                ops::axpy(f.as_mut(), -1.0 / targets[k], seen.as_ref());
            } else if sic.disturbs(pair.message, k) {
                ops::axpy(f.as_mut(), 1.0, seen.as_ref());
            } else if ball.residual && sic.removes(pair.message, k) {
                ops::axpy(f.as_mut(), 1.0, leaked.as_ref());
            }
        }
    }
    certificate::lower_bound_with(scene, span, targets, sensing, &homogeneous, value)
}

/// The nearest multiplier that is positive semidefinite with `tr U_11 <= U_22`.
fn proper(u: MatRef<'_, c64>) -> Result<Mat<c64>, Error> {
    let mut u = hermitian::project_psd(u)?;
    let r = u.nrows() - 1;
    let spread: f64 = (0..r).map(|i| u[(i, i)].re).sum();
    let top = u[(r, r)].re;
    if spread > top {
        let shrink = (top / spread).sqrt() * (1.0 - f64::EPSILON);
        for i in 0..=r {
            for j in 0..=r {
                let factor = [i, j].iter().filter(|&&x| x < r).count() as i32;
                u[(i, j)] *= shrink.powi(factor);
            }
        }
    }
    Ok(u)
}

/// The largest worst-case SINR common to all users within a power budget.
#[derive(Debug, Clone)]
pub struct MaxMin {
    /// Common target, linear.
    pub target: f64,
    /// A design that guarantees it within the budget.
    pub design: Design,
    /// A target that was not reached.
    pub upper: f64,
    /// Relaxations solved.
    pub solves: usize,
    /// Why it stopped.
    pub stopped: isac_opt::StopReason,
}

/// What came out of [`fn@max_min`].
#[derive(Debug, Clone)]
pub enum MaxMinOutcome {
    /// The root was met.
    Solved(Box<MaxMin>),
    /// The budget (watt) is below what the targets alone need.
    Infeasible {
        /// Least power of any design, watt.
        sensing_floor: f64,
    },
    /// No answer.
    Unknown,
}

/// Robust counterpart of [`max_min::solve`]: the root of the robust `P*(t) = budget`.
///
/// # Errors
/// A budget that is not positive, a negative radius; numerical breakdown.
pub fn max_min(
    scene: &Scene,
    budget: f64,
    ball: ErrorBall,
    options: &Options,
) -> Result<MaxMinOutcome, Error> {
    validate::positive("power budget", budget, "W")?;
    validate::nonnegative("error radius", ball.radius, "")?;
    match max_min::below_floor(scene, budget, &power_min::Options::default())? {
        Some(MaxMinFloor::Infeasible { sensing_floor, .. }) => {
            return Ok(MaxMinOutcome::Infeasible { sensing_floor });
        }
        Some(_) => return Ok(MaxMinOutcome::Unknown),
        None => {}
    }
    let span = Span::new(scene)?;
    let high = max_min::target_limit(scene, budget);
    if high.is_nan() || high <= 0.0 {
        return Ok(MaxMinOutcome::Unknown);
    }
    let weights = scene.mode().weights;
    let held = scene.targets() as f64 * weights.sensing * scene.sensing().floor;
    let root_options = root::Options {
        tolerance: 1e-8,
        max_evaluations: 60,
    };
    let aim = budget * (1.0 - 0.25e-8);
    let evaluate = |t: f64| -> Result<Sample<Design>, Error> {
        let targets = vec![t; scene.users()];
        Ok(match solve_in(scene, &span, &targets, ball, options)? {
            Outcome::Solved(design) => Sample::Value {
                value: design.power(),
                slope: design.slope,
                data: *design,
            },
            Outcome::Infeasible { .. } => Sample::Above,
            Outcome::Inaccurate(design) if design.certificate.lower_bound > budget => Sample::Above,
            _ => Sample::Unknown,
        })
    };
    let root = root::increasing_root(aim, held, (0.0, high), 0.3 * high, &root_options, evaluate)?;
    Ok(match root.best {
        Some((_, _, design)) if design.power() <= budget * (1.0 + 1e-8) => {
            MaxMinOutcome::Solved(Box::new(MaxMin {
                target: root.t,
                design,
                upper: root.upper,
                solves: root.evaluations,
                stopped: root.stopped,
            }))
        }
        _ => MaxMinOutcome::Unknown,
    })
}
