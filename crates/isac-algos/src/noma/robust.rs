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

use super::bounds;
use super::certificate::{self, Bound, Multipliers};
use super::evaluate::{Evaluation, evaluate, ratios};
use super::power_min::{self, Aim, RETRIES, natural_unit};
use super::problem::{Scene, Span};
use super::relaxation::{Csi, Relaxation};
use super::slack::Slack;
use super::structure::{self, Impossible};
use crate::Error;
use isac_linalg::kernel::{Field, Real, Twofold, TwofoldComplex};
use isac_linalg::{Mat, MatRef, c64, hermitian, ops, precise, validate};
use isac_metrics::noma::{self, Pair, SicSet};
use isac_opt::conic;
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
}

impl Default for Options {
    fn default() -> Self {
        Self {
            conic: conic::Options {
                ray_tolerance: 1e-7,
                ..conic::Options::default()
            },
            accept: 1e-6,
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
    /// Multipliers of the sensing constraints; those of the SINR targets are 0.
    pub(crate) sensing: Multipliers,
    /// Multipliers of the problem without errors, for a radius of 0.
    pub(crate) nominal: Option<Multipliers>,
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

/// Proof that no design exists.
#[derive(Debug, Clone)]
pub enum Proof {
    /// The demands contradict each other in the data.
    Structure(Impossible),
    /// Multipliers of the matrix inequalities (see [`Design::multipliers`]) and of the sensing
    /// constraints whose dual value grows without limit, verified in about 31 digits.
    Ray(Vec<Mat<c64>>, Box<Multipliers>),
}

/// What came out. Do not bisect on it.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// Verified to [`Options::accept`].
    Solved(Box<Design>),
    /// A design whose violation or gap is larger.
    Inaccurate(Box<Design>),
    /// No design exists, whatever its power.
    Infeasible(Box<Proof>),
    /// Every design needs at least `power`; none was found, none is excluded.
    NoPointBelow {
        /// Verified lower bound on the power, watt.
        power: f64,
    },
    /// None of these.
    Unknown {
        /// Every design needs at least this power, watt.
        lower_bound: f64,
    },
}

impl Outcome {
    /// The design of `Solved` and `Inaccurate`.
    pub fn design(&self) -> Option<&Design> {
        match self {
            Self::Solved(design) | Self::Inaccurate(design) => Some(design),
            Self::Infeasible(_) | Self::NoPointBelow { .. } | Self::Unknown { .. } => None,
        }
    }

    /// The design of `Solved` alone.
    pub fn solved(self) -> Option<Design> {
        match self {
            Self::Solved(design) => Some(*design),
            _ => None,
        }
    }

    /// A power (watt) that every design needs; infinite when none exists.
    pub fn lower_bound(&self) -> f64 {
        match self {
            Self::Solved(design) | Self::Inaccurate(design) => design.certificate.lower_bound,
            Self::Infeasible(_) => f64::INFINITY,
            Self::NoPointBelow { power } => *power,
            Self::Unknown { lower_bound } => *lower_bound,
        }
    }

    /// Accepted: a verified design or a proof that there is none.
    fn accepted(&self) -> bool {
        matches!(self, Self::Solved(_) | Self::Infeasible(_))
    }

    /// How far from an accepted answer, for choosing among attempts: kinds first, then the smaller
    /// number is nearer. No number is compared with one of another unit.
    fn rank(&self) -> (u8, f64) {
        match self {
            Self::Solved(_) | Self::Infeasible(_) => (0, 0.0),
            Self::Inaccurate(design) => (1, power_min::distance(&design.certificate)),
            Self::NoPointBelow { power } => (2, -power),
            Self::Unknown { .. } => (3, 0.0),
        }
    }

    /// `solved`, `inaccurate`, `infeasible`, `no_point_below` or `unknown`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Solved(_) => "solved",
            Self::Inaccurate(_) => "inaccurate",
            Self::Infeasible(_) => "infeasible",
            Self::NoPointBelow { .. } => "no_point_below",
            Self::Unknown { .. } => "unknown",
        }
    }
}

/// The power of the closed-form bounds on what users and targets need, watt: the unit in which a
/// [`Outcome::NoPointBelow`] may be called large. Infinite when an error may silence a user.
///
/// # Errors
/// Targets of the wrong number or not positive.
pub fn natural_power(
    scene: &Scene,
    targets_by_user: &[f64],
    ball: ErrorBall,
) -> Result<f64, Error> {
    let targets = scene.sinr_targets(targets_by_user)?;
    Ok(natural_unit(scene, &targets, ball.radius))
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
            if let Some(sinr) = alone(scene, factors, ball, pair) {
                return Ok((pair, sinr));
            }
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

/// The worst case of a single beam that nothing disturbs, `max(|h^H w| - epsilon |w|, 0)^2 / sigma^2`,
/// without cancellation; `None` elsewhere.
fn alone(scene: &Scene, factors: &[Mat<c64>], ball: ErrorBall, pair: Pair) -> Option<f64> {
    let sic = scene.mode().sic;
    let quiet = (0..factors.len()).all(|i| {
        i == pair.message
            || factors[i].ncols() == 0
            || !(sic.disturbs(pair.message, i) || ball.residual && sic.removes(pair.message, i))
    });
    let beam = factors.get(pair.message)?;
    if !quiet || beam.ncols() != 1 || beam.nrows() != scene.antennas() {
        return None;
    }
    let channel = scene.channels().subcols(pair.decoder, 1);
    let worst = margin(channel, beam.as_ref(), ball.radius).max(0.0);
    Some(worst * worst / scene.noise())
}

/// `|h^H w| - epsilon |w|` in about 31 digits, rounded.
fn margin(channel: MatRef<'_, c64>, beam: MatRef<'_, c64>, radius: f64) -> f64 {
    let exact = |z: c64| -> TwofoldComplex { Field::from_c64(z) };
    let mut seen = TwofoldComplex::ZERO;
    let mut size2 = Twofold::ZERO;
    for n in 0..channel.nrows() {
        let w = exact(beam[(n, 0)]);
        seen += exact(channel[(n, 0)]).conjugate() * w;
        size2 += w.re_mul(w.conjugate());
    }
    let signal = seen.re_mul(seen.conjugate()).root();
    (signal - size2.root() * radius.into()).to_f64()
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
    solve_in(
        scene,
        &Span::new(scene),
        &targets,
        ball,
        f64::INFINITY,
        options,
    )
}

/// [`solve`] with the span made before and targets by decoding position. It is enough to prove that
/// every design needs more than `ceiling` (watt).
pub(crate) fn solve_in(
    scene: &Scene,
    span: &Span,
    targets: &[f64],
    ball: ErrorBall,
    ceiling: f64,
    options: &Options,
) -> Result<Outcome, Error> {
    if ball.radius == 0.0 {
        return without_errors(scene, span, targets, ball, ceiling, options);
    }
    if let Some(why) = structure::impossible(scene, targets, ball.radius) {
        return Ok(Outcome::Infeasible(Box::new(Proof::Structure(why))));
    }
    let lower_bound = power_min::trivial_bound(scene, targets, ball.radius);
    let unit = natural_unit(scene, targets, ball.radius);
    if !(unit.is_finite() && unit > 0.0) {
        return Ok(Outcome::Unknown { lower_bound });
    }
    if let Some(outcome) = undisturbed(scene, span, targets, ball, options)? {
        return Ok(outcome);
    }
    let mut aim = Aim::new(unit, &options.conic);
    let mut best = attempt(scene, span, targets, ball, options, &aim)?;
    for round in 0..RETRIES {
        if best.accepted() || best.lower_bound() > ceiling {
            break;
        }
        aim.retry(round, best.lower_bound());
        let next = attempt(scene, span, targets, ball, options, &aim)?;
        if next.rank() < best.rank() {
            best = next;
        }
    }
    Ok(match best {
        Outcome::Unknown { .. } => Outcome::Unknown { lower_bound },
        best => best,
    })
}

/// Users that nothing disturbs and targets that ask for nothing: every beam is along its channel,
/// `|w|^2 = gamma sigma^2 / (|h| - epsilon)^2`. `None` elsewhere.
fn undisturbed(
    scene: &Scene,
    span: &Span,
    targets: &[f64],
    ball: ErrorBall,
    options: &Options,
) -> Result<Option<Outcome>, Error> {
    let quiet = scene.users() == 1 || scene.mode().sic == SicSet::Orthogonal;
    if !quiet || scene.mode().ordering || scene.targets() > 0 && scene.sensing().floor > 0.0 {
        return Ok(None);
    }
    let r = span.dimension();
    let sensed = ops::adjoint_mul(scene.steering(), scene.channels());
    let weights = scene.mode().weights;
    // Pattern values cost as well; then the channel is not the best direction.
    if weights.sensing > 0.0 && ops::norm(sensed.as_ref()) > 0.0 {
        return Ok(None);
    }
    let (mut factors, mut multipliers) = (Vec::new(), Vec::new());
    let mut needed = 0.0;
    for (k, &gamma) in targets.iter().enumerate() {
        let channel = scene.channels().subcols(k, 1);
        let length = bounds::shortest(channel, ball.radius);
        let amplitude = (gamma * scene.noise()).sqrt();
        let size = ops::norm(channel);
        let mut w = Mat::from_fn(channel.nrows(), 1, |n, _| {
            channel[(n, 0)] * (amplitude / (size * length))
        });
        // What rounding took from the direction and the length.
        for _ in 0..3 {
            let left = margin(channel, w.as_ref(), ball.radius);
            if left > 0.0 && left < amplitude {
                ops::scale(w.as_mut(), amplitude / left * (1.0 + f64::EPSILON));
            }
        }
        factors.push(w);
        // The worst error is -epsilon h / |h|: the multiplier is its outer product.
        let power = gamma * scene.noise() * weights.transmit / (length * length);
        needed += power;
        multipliers.push(Mat::from_fn(r + 1, r + 1, |i, j| {
            let entry = |i: usize| {
                if i == r {
                    c64::ONE
                } else {
                    -span.channels[(i, k)] * (scene.noise().sqrt() / size)
                }
            };
            entry(i) * entry(j).conj() * power
        }));
    }
    let blocks: Vec<Mat<c64>> = factors
        .iter()
        .map(|f| {
            let seen = span.compress(f.as_ref());
            ops::mul_adjoint(seen.as_ref(), seen.as_ref())
        })
        .collect();
    let design = judged(
        scene,
        span,
        targets,
        ball,
        Parts {
            factors,
            blocks,
            multipliers,
            sensing: Multipliers::zeros(scene),
            lower_bound: needed * (1.0 - 1e-13),
            iterations: 0,
        },
    )?;
    Ok(Some(grade(design, options.accept)))
}

fn grade(design: Design, accept: f64) -> Outcome {
    let c = design.certificate;
    if c.violation <= accept && c.relative_gap <= accept {
        Outcome::Solved(Box::new(design))
    } else {
        Outcome::Inaccurate(Box::new(design))
    }
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
            let blocks = built.covariances(&relaxation, &solution)?;
            let factors = blocks
                .iter()
                .map(|w| Ok(span.lift(hermitian::sqrt_factor(w.as_ref())?.as_ref())))
                .collect::<Result<Vec<_>, Error>>()?;
            let parts = Parts {
                factors,
                blocks,
                multipliers: u,
                sensing: y,
                lower_bound: bound.power,
                iterations: solution.iterations,
            };
            let design = judged(scene, span, targets, ball, parts)?;
            Ok(grade(design, options.accept))
        }
        conic::Outcome::Infeasible(farkas) | conic::Outcome::NoPointBelow(farkas) => {
            let y = built.multipliers(scene, targets, &farkas.multipliers)?;
            let u = matrices(&farkas.multipliers)?;
            // The ray and its two halves; see `certificate::strongest`.
            let none: Vec<Mat<c64>> = u.iter().map(|u| Mat::zeros(u.nrows(), u.ncols())).collect();
            let quiet = Multipliers::zeros(scene);
            let mut power = 0.0_f64;
            for (u, y) in [(&u, &y), (&u, &quiet), (&none, &y)] {
                let bound = lower_bound(scene, span, targets, ball, u, y)?;
                if bound.power.is_infinite() {
                    let proof = Proof::Ray(u.clone(), Box::new(y.clone()));
                    return Ok(Outcome::Infeasible(Box::new(proof)));
                }
                power = power.max(bound.power);
            }
            Ok(if power > 0.0 {
                Outcome::NoPointBelow { power }
            } else {
                Outcome::Unknown { lower_bound: 0.0 }
            })
        }
        conic::Outcome::Unbounded(_)
        | conic::Outcome::NoMultipliersBelow(_)
        | conic::Outcome::IllPosed(_)
        | conic::Outcome::Unknown(_) => Ok(Outcome::Unknown { lower_bound: 0.0 }),
    }
}

fn without_errors(
    scene: &Scene,
    span: &Span,
    targets: &[f64],
    ball: ErrorBall,
    ceiling: f64,
    options: &Options,
) -> Result<Outcome, Error> {
    let plain = power_min::Options {
        conic: options.conic.clone(),
        accept: options.accept,
        ..power_min::Options::default()
    };
    let convert = |design: power_min::Design| -> Result<Box<Design>, Error> {
        Ok(Box::new(Design {
            worst_case: worst_cases(scene, &design.factors, ball)?,
            factors: design.factors,
            evaluation: design.evaluation,
            certificate: design.certificate,
            multipliers: Vec::new(),
            sensing: Multipliers::zeros(scene),
            nominal: Some(design.multipliers),
            slope: design.slope,
            rank_ratios: design.rank_ratios,
            targets: design.targets,
            iterations: design.iterations,
        }))
    };
    Ok(
        match power_min::solve_in(scene, span, targets, ceiling, &plain)? {
            power_min::Outcome::Solved(design) => Outcome::Solved(convert(*design)?),
            power_min::Outcome::Inaccurate(design) => Outcome::Inaccurate(convert(*design)?),
            power_min::Outcome::Infeasible(proof) => Outcome::Infeasible(Box::new(match *proof {
                power_min::Proof::Structure(why) => Proof::Structure(why),
                power_min::Proof::Ray(y) => Proof::Ray(Vec::new(), y),
            })),
            power_min::Outcome::NoPointBelow(proof) => Outcome::NoPointBelow { power: proof.power },
            power_min::Outcome::Unknown { lower_bound } => Outcome::Unknown { lower_bound },
        },
    )
}

/// What a design is made of: factors in antenna space, covariances in span coordinates, multipliers.
struct Parts {
    factors: Vec<Mat<c64>>,
    blocks: Vec<Mat<c64>>,
    multipliers: Vec<Mat<c64>>,
    sensing: Multipliers,
    lower_bound: f64,
    iterations: usize,
}

fn judged(
    scene: &Scene,
    span: &Span,
    targets: &[f64],
    ball: ErrorBall,
    parts: Parts,
) -> Result<Design, Error> {
    let Parts {
        factors,
        blocks,
        multipliers,
        sensing,
        lower_bound,
        iterations,
    } = parts;
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
        slope += ops::inner(whole.as_ref(), blocks[pair.message].as_ref()) / (gamma * gamma);
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
        sensing,
        nominal: None,
        slope,
        rank_ratios: ratios(&blocks)?,
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
pub(crate) fn congruence(scene: &Scene, span: &Span, ball: ErrorBall, decoder: usize) -> Mat<c64> {
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
    let d = span.exact.nrows();
    let epsilon = Twofold::from(ball.radius) / Twofold::from(scene.noise()).root();
    let mut homogeneous = vec![Slack::zeros(d); scene.users()];
    let mut value = 0.0;
    for (u, pair) in matrices.iter().zip(&pairs) {
        validate::shape("matrix multiplier", u.as_ref(), r + 1, r + 1)?;
        // U = B B^H is exactly positive semidefinite; T B and its part by the error alone.
        let half = proper(u.as_ref())?;
        value += (0..half.ncols())
            .map(|j| half[(r, j)].norm_sqr())
            .sum::<f64>();
        let mut leak = precise::zeros(d, half.ncols());
        let mut image = precise::zeros(d, half.ncols());
        for j in 0..half.ncols() {
            let bottom: TwofoldComplex = Field::from_c64(half[(r, j)]);
            for i in 0..d {
                if i < r {
                    let top: TwofoldComplex = Field::from_c64(half[(i, j)]);
                    leak[(i, j)] = top.times(epsilon);
                }
                image[(i, j)] = leak[(i, j)] + span.exact[(i, pair.decoder)] * bottom;
            }
        }
        let sum = |columns: &Mat<TwofoldComplex>| {
            let mut slack = Slack::zeros(d);
            for j in 0..columns.ncols() {
                slack.add_square(Twofold::from(1.0), columns, j);
            }
            slack
        };
        let (seen, leaked) = (sum(&image), sum(&leak));
        for (k, f) in homogeneous.iter_mut().enumerate() {
            if k == pair.message {
                f.add(Twofold::from(-1.0) / targets[k].into(), &seen);
            } else if sic.disturbs(pair.message, k) {
                f.add(Twofold::from(1.0), &seen);
            } else if ball.residual && sic.removes(pair.message, k) {
                f.add(Twofold::from(1.0), &leaked);
            }
        }
    }
    certificate::lower_bound_with(scene, span, targets, sensing, &homogeneous, value)
}

/// A factor `B` of the nearest multiplier `U = B B^H` that is positive semidefinite with
/// `tr U_11 <= U_22`.
pub(crate) fn proper(u: MatRef<'_, c64>) -> Result<Mat<c64>, Error> {
    let part = hermitian::hermitian_part(u);
    let mut half = hermitian::sqrt_factor(part.as_ref())?;
    let r = u.nrows() - 1;
    let size2 = |rows: std::ops::Range<usize>, half: &Mat<c64>| -> f64 {
        let columns = 0..half.ncols();
        columns
            .flat_map(|j| rows.clone().map(move |i| (i, j)))
            .map(|(i, j)| half[(i, j)].norm_sqr())
            .sum()
    };
    let (spread, top) = (size2(0..r, &half), size2(r..r + 1, &half));
    if spread > top * (1.0 - 1e-14) {
        let shrink = (top / spread).sqrt() * (1.0 - 1e-14);
        for j in 0..half.ncols() {
            for i in 0..r {
                half[(i, j)] *= shrink;
            }
        }
    }
    Ok(half)
}

/// What the multipliers of a design prove of the power (watt) at a common target `t`: scaled with the
/// target they keep their slack matrices but for the disturbance, which grows.
pub(crate) fn bound_at(
    scene: &Scene,
    span: &Span,
    design: &Design,
    ball: ErrorBall,
    t: f64,
) -> Result<f64, Error> {
    let targets = vec![t; scene.users()];
    if let Some(y) = &design.nominal {
        return Ok(certificate::lower_bound_in(scene, span, &targets, y)?.power);
    }
    let scaled: Vec<Mat<c64>> = (design.multipliers.iter().zip(scene.pairs()))
        .map(|(u, pair)| {
            let mut u = u.clone();
            ops::scale(u.as_mut(), t / design.targets[pair.message]);
            u
        })
        .collect();
    Ok(lower_bound(scene, span, &targets, ball, &scaled, &design.sensing)?.power)
}

/// A design of given factors in antenna space, without multipliers.
pub(crate) fn of_factors(
    scene: &Scene,
    span: &Span,
    ball: ErrorBall,
    factors: Vec<Mat<c64>>,
) -> Result<Design, Error> {
    let blocks = factors
        .iter()
        .map(|f| {
            let seen = span.compress(f.as_ref());
            ops::mul_adjoint(seen.as_ref(), seen.as_ref())
        })
        .collect();
    let r = span.dimension();
    let parts = Parts {
        factors,
        blocks,
        multipliers: vec![Mat::zeros(r + 1, r + 1); scene.pairs().len()],
        sensing: Multipliers::zeros(scene),
        lower_bound: 0.0,
        iterations: 0,
    };
    let tiny = vec![f64::MIN_POSITIVE; scene.users()];
    judged(scene, span, &tiny, ball, parts)
}
