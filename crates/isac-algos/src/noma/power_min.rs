//! Least power for given SINR targets: the relaxation, Eq. (13) of `[noma]`.
//!
//! Solved in the span of the data. What is returned does not rest on the solver's word: the
//! violation is recomputed in antenna space and the lower bound from the multipliers alone (see
//! [`certificate`]).

use super::certificate::{self, Multipliers};
use super::evaluate::{self, Evaluation, evaluate, rank_ratio, ratios};
use super::problem::{Scene, Span};
use super::relaxation::{Csi, Relaxation};
use super::structure::{self, Impossible};
use super::{bounds, uplink};
use crate::Error;
use isac_linalg::{Mat, c64, hermitian, ops, validate};
use isac_metrics::noma::{self, SicSet};
use isac_opt::conic;
use serde::{Deserialize, Serialize};

/// Options of [`solve`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Options of the conic solver.
    pub conic: conic::Options,
    /// Largest violation and relative gap of a [`Outcome::Solved`] design, both recomputed.
    pub accept: f64,
    /// Solve in the span of channels and steering vectors; exact.
    pub reduce: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            conic: conic::Options {
                ray_tolerance: 1e-7,
                ..conic::Options::default()
            },
            accept: 1e-7,
            reduce: true,
        }
    }
}

/// What is known about the optimality of a design.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// No design needs less power, watt.
    #[serde(with = "isac_linalg::convert::serde::number")]
    pub lower_bound: f64,
    /// `(power - lower_bound) / power`.
    #[serde(with = "isac_linalg::convert::serde::number")]
    pub relative_gap: f64,
    /// Largest relative violation by the original formulas, see [`Evaluation::violation`].
    #[serde(with = "isac_linalg::convert::serde::number")]
    pub violation: f64,
}

/// Covariances that solve the relaxation.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Design {
    /// `F_k` with `W_k = F_k F_k^H`, antennas x rank, by decoding position.
    #[serde(with = "isac_linalg::convert::serde::matrices")]
    pub factors: Vec<Mat<c64>>,
    /// What they achieve.
    pub evaluation: Evaluation,
    /// How good they are.
    pub certificate: Certificate,
    /// Multipliers of the constraints.
    pub multipliers: Multipliers,
    /// `dP*/dt` for a target `t` common to all users, watt.
    pub slope: f64,
    /// Second over first eigenvalue of every `W_k`, by decoding position; 0 is rank one.
    pub rank_ratios: Vec<f64>,
    /// SINR targets the design was made for, by decoding position.
    pub targets: Vec<f64>,
    /// Iterations of the solver.
    pub iterations: usize,
}

impl Design {
    /// Power, watt.
    pub fn power(&self) -> f64 {
        self.evaluation.power
    }

    /// `W_k` of the caller's user `user`, antennas x antennas; `None` for no such user.
    pub fn covariance(&self, scene: &Scene, user: usize) -> Option<Mat<c64>> {
        let position = (0..scene.users()).find(|&p| scene.user(p) == user)?;
        let f = self.factors[position].as_ref();
        Some(ops::mul_adjoint(f, f))
    }
}

/// Proof that no design exists.
#[derive(Debug, Clone)]
pub enum Proof {
    /// The demands contradict each other in the data.
    Structure(Impossible),
    /// Multipliers whose dual value grows without limit: all slack matrices are positive definite,
    /// verified in about 31 digits (see [`certificate`]).
    Ray(Box<Multipliers>),
}

/// Proof that every design needs much power; none was found, none is excluded.
#[derive(Debug, Clone)]
pub struct NoPointBelow {
    /// The multipliers of the proof.
    pub multipliers: Multipliers,
    /// Every design needs at least this power, watt.
    pub power: f64,
}

/// What came out. Do not bisect on it.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// Verified to [`Options::accept`].
    Solved(Box<Design>),
    /// A design whose violation or gap is larger; both stand in its certificate.
    Inaccurate(Box<Design>),
    /// No design exists, whatever its power.
    Infeasible(Box<Proof>),
    /// No design below some power, none found above.
    NoPointBelow(Box<NoPointBelow>),
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
            Self::Infeasible(_) | Self::NoPointBelow(_) | Self::Unknown { .. } => None,
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
            Self::NoPointBelow(proof) => proof.power,
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
            Self::Inaccurate(design) => (1, distance(&design.certificate)),
            Self::NoPointBelow(proof) => (2, -proof.power),
            Self::Unknown { .. } => (3, 0.0),
        }
    }

    /// `solved`, `inaccurate`, `infeasible`, `no_point_below` or `unknown`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Solved(_) => "solved",
            Self::Inaccurate(_) => "inaccurate",
            Self::Infeasible(_) => "infeasible",
            Self::NoPointBelow(_) => "no_point_below",
            Self::Unknown { .. } => "unknown",
        }
    }
}

/// Larger of violation and gap, above 0.
pub(crate) fn distance(c: &Certificate) -> f64 {
    c.violation.max(c.relative_gap.abs()).max(f64::MIN_POSITIVE)
}

/// A power every design is likely to be near, from the closed-form bounds; watt, > 0. `radius` of the
/// channel errors, 0 without.
pub(crate) fn natural_unit(scene: &Scene, targets: &[f64], radius: f64) -> f64 {
    let users = scene.mode().weights.transmit * bounds::chain_bound(scene, targets, radius);
    users + floors_unit(scene)
}

fn floors_unit(scene: &Scene) -> f64 {
    let (sensing, weights) = (scene.sensing(), scene.mode().weights);
    (0..scene.targets())
        .map(|m| {
            let norm2 = ops::norm2(scene.steering().subcols(m, 1));
            sensing.floor * (weights.sensing + weights.transmit / norm2)
        })
        .sum()
}

/// A power (watt) that every design needs by closed forms.
pub(crate) fn trivial_bound(scene: &Scene, targets: &[f64], radius: f64) -> f64 {
    let (sensing, weights) = (scene.sensing(), scene.mode().weights);
    let held = weights.sensing * sensing.floor * scene.targets() as f64;
    let users = weights.transmit * bounds::chain_bound(scene, targets, radius);
    (held + users) * (1.0 - 1e-12)
}

/// Solves Eq. (13) of `[noma]` for SINR targets by user (the caller's columns).
///
/// # Errors
/// Targets of the wrong number or not positive; an unusable option; a decomposition that failed.
/// Infeasible is not an error.
pub fn solve(scene: &Scene, targets_by_user: &[f64], options: &Options) -> Result<Outcome, Error> {
    let targets = scene.sinr_targets(targets_by_user)?;
    let span = if options.reduce {
        Span::new(scene)
    } else {
        Span::whole(scene)
    };
    solve_in(scene, &span, &targets, f64::INFINITY, options)
}

/// [`solve`] with the span made before and targets by decoding position. It is enough to prove that
/// every design needs more than `ceiling` (watt).
pub(crate) fn solve_in(
    scene: &Scene,
    span: &Span,
    targets: &[f64],
    ceiling: f64,
    options: &Options,
) -> Result<Outcome, Error> {
    validate::positive("accept", options.accept, "")?;
    if let Some(why) = structure::impossible(scene, targets, 0.0) {
        return Ok(Outcome::Infeasible(Box::new(Proof::Structure(why))));
    }
    let lower_bound = trivial_bound(scene, targets, 0.0);
    let unit = natural_unit(scene, targets, 0.0);
    if !(unit.is_finite() && unit > 0.0) {
        return Ok(Outcome::Unknown { lower_bound });
    }
    let alone = without_floors(scene, span, targets, options.accept)?;
    if let Some(outcome) = &alone
        && outcome.accepted()
    {
        return Ok(outcome.clone());
    }
    let mut aim = Aim::new(unit, &options.conic);
    aim.conic.reduce &= options.reduce;
    let mut best = attempt(scene, span, targets, options, &aim)?;
    for round in 0..RETRIES {
        if best.accepted() || best.lower_bound() > ceiling {
            break;
        }
        aim.retry(round, best.lower_bound());
        let next = attempt(scene, span, targets, options, &aim)?;
        if next.rank() < best.rank() {
            best = next;
        }
    }
    Ok(match (best, alone) {
        (best, Some(other)) if other.rank() < best.rank() => other,
        (Outcome::Unknown { .. }, _) => Outcome::Unknown { lower_bound },
        (best, _) => best,
    })
}

/// The users alone by uplink duality, where no message is removed: an answer when the floors are met
/// by the way, or when the users alone are too much. `None` where it does not apply.
fn without_floors(
    scene: &Scene,
    span: &Span,
    targets: &[f64],
    accept: f64,
) -> Result<Option<Outcome>, Error> {
    if scene.mode().sic != SicSet::Linear || scene.mode().ordering {
        return Ok(None);
    }
    let Some(found) = uplink::users_alone(scene, span, targets) else {
        return Ok(None);
    };
    let Some(beams) = found.beams else {
        let bound = certificate::lower_bound_in(scene, span, targets, &found.multipliers)?;
        return Ok((bound.power > 0.0).then(|| excluded(found.multipliers, bound.power)));
    };
    let factors: Vec<Mat<c64>> = (0..beams.ncols())
        .map(|k| span.lift(beams.subcols(k, 1)))
        .collect();
    let ratios = vec![0.0; factors.len()];
    let design = judged(
        scene,
        span,
        targets,
        factors,
        ratios,
        found.multipliers,
        found.iterations,
    )?;
    let outcome = grade(design, accept);
    Ok(matches!(outcome, Outcome::Solved(_)).then_some(outcome))
}

/// What multipliers with a dual value of `power` say when no design is at hand.
fn excluded(multipliers: Multipliers, power: f64) -> Outcome {
    if power.is_infinite() {
        Outcome::Infeasible(Box::new(Proof::Ray(Box::new(multipliers))))
    } else {
        Outcome::NoPointBelow(Box::new(NoPointBelow { multipliers, power }))
    }
}

/// Further attempts at most, after one that was not accepted.
pub(crate) const RETRIES: usize = 2;

/// How one attempt is aimed.
#[derive(Debug, Clone)]
pub(crate) struct Aim {
    /// Unit of power, watt.
    pub(crate) unit: f64,
    pub(crate) conic: conic::Options,
    /// Whether the last attempt may go on in extended precision, which costs many times more.
    extend: bool,
}

impl Aim {
    pub(crate) fn new(unit: f64, conic: &conic::Options) -> Self {
        Self {
            unit,
            extend: conic.extend,
            conic: conic::Options {
                extend: false,
                ..conic.clone()
            },
        }
    }

    /// The natural unit is a guess, and a row whose right side is tiny beside its left counts little
    /// in the solver's residuals; so what was not accepted is solved again in the unit found and as
    /// far as rounding allows, at last in the other standard form.
    pub(crate) fn retry(&mut self, round: usize, lower_bound: f64) {
        if lower_bound.is_finite() && lower_bound > 0.0 {
            self.unit = lower_bound;
        }
        self.conic.tolerance = self.conic.tolerance.min(1e-12);
        self.conic.ray_tolerance = self.conic.ray_tolerance.min(1e-9);
        self.conic.extend = self.extend && round + 1 == RETRIES;
        if round > 0 {
            self.conic.form = match self.conic.form {
                conic::Form::Dual => conic::Form::Primal,
                _ => conic::Form::Dual,
            };
        }
    }
}

fn attempt(
    scene: &Scene,
    span: &Span,
    targets: &[f64],
    options: &Options,
    aim: &Aim,
) -> Result<Outcome, Error> {
    let relaxation = Relaxation {
        scene,
        span,
        targets,
        sensing: scene.sensing(),
        csi: Csi::Perfect,
        bases: None,
        extra_cost: None,
        unit: aim.unit,
        elastic: false,
    };
    let built = relaxation.build()?;
    match built.solve(&aim.conic)? {
        conic::Outcome::Solved(solution) | conic::Outcome::Inaccurate(solution) => {
            let covariances = built.covariances(&relaxation, &solution)?;
            let multipliers = built.multipliers(scene, targets, &solution.multipliers)?;
            let design = assemble(
                scene,
                span,
                targets,
                &covariances,
                multipliers,
                solution.iterations,
            )?;
            Ok(grade(design, options.accept))
        }
        // What counts is what the certificate makes of the multipliers.
        conic::Outcome::Infeasible(farkas) | conic::Outcome::NoPointBelow(farkas) => {
            let ray = built.multipliers(scene, targets, &farkas.multipliers)?;
            let (bound, multipliers) = certificate::strongest(scene, span, targets, &ray)?;
            if bound.power > 0.0 {
                return Ok(excluded(multipliers, bound.power));
            }
            Ok(Outcome::Unknown { lower_bound: 0.0 })
        }
        conic::Outcome::Unbounded(_)
        | conic::Outcome::NoMultipliersBelow(_)
        | conic::Outcome::IllPosed(_)
        | conic::Outcome::Unknown(_) => Ok(Outcome::Unknown { lower_bound: 0.0 }),
    }
}

pub(crate) fn grade(design: Design, accept: f64) -> Outcome {
    let c = design.certificate;
    if c.violation <= accept && c.relative_gap <= accept {
        Outcome::Solved(Box::new(design))
    } else {
        Outcome::Inaccurate(Box::new(design))
    }
}

/// A design from covariances in span coordinates and multipliers.
pub(crate) fn assemble(
    scene: &Scene,
    span: &Span,
    targets: &[f64],
    covariances: &[Mat<c64>],
    multipliers: Multipliers,
    iterations: usize,
) -> Result<Design, Error> {
    let mut factors = Vec::with_capacity(covariances.len());
    for w in covariances {
        factors.push(span.lift(hermitian::sqrt_factor(w.as_ref())?.as_ref()));
    }
    let ratios = ratios(covariances)?;
    judged(
        scene,
        span,
        targets,
        factors,
        ratios,
        multipliers,
        iterations,
    )
}

/// A design from factors in antenna space, judged, with the bound of its multipliers.
fn judged(
    scene: &Scene,
    span: &Span,
    targets: &[f64],
    factors: Vec<Mat<c64>>,
    rank_ratios: Vec<f64>,
    multipliers: Multipliers,
    iterations: usize,
) -> Result<Design, Error> {
    let evaluation = evaluate(scene, &factors)?;
    let bound = certificate::lower_bound_in(scene, span, targets, &multipliers)?;
    let slope = slope(scene, &factors, &multipliers)?;
    Ok(Design {
        certificate: Certificate {
            lower_bound: bound.power,
            relative_gap: (evaluation.power - bound.power) / evaluation.power,
            violation: evaluation.violation(targets),
        },
        factors,
        evaluation,
        multipliers,
        slope,
        rank_ratios,
        targets: targets.to_vec(),
        iterations,
    })
}

/// A design of given factors in antenna space, without multipliers.
pub(crate) fn of_factors(
    scene: &Scene,
    span: &Span,
    targets: &[f64],
    factors: Vec<Mat<c64>>,
) -> Result<Design, Error> {
    let ratios = factors
        .iter()
        .map(|f| {
            let gram = ops::adjoint_mul(f.as_ref(), f.as_ref());
            rank_ratio(&gram)
        })
        .collect::<Result<_, Error>>()?;
    let none = Multipliers::zeros(scene);
    judged(scene, span, targets, factors, ratios, none, 0)
}

/// `sum lambda_kl (sum_{i in I(k)} tr(H_l W_i) + sigma^2)`, the slope of `P*` in a common target.
fn slope(scene: &Scene, factors: &[Mat<c64>], y: &Multipliers) -> Result<f64, Error> {
    let received = evaluate::received_powers(scene.channels(), factors)?;
    let sic = scene.mode().sic;
    Ok(scene
        .pairs()
        .iter()
        .zip(&y.sinr)
        .map(|(&pair, lambda)| {
            lambda * (noma::interference(received.as_ref(), sic, pair) + scene.noise())
        })
        .sum())
}

/// Least power the targets alone ask for, with a covariance that reaches it.
#[derive(Debug, Clone)]
pub struct SensingFloor {
    /// Power of the covariance found, watt; infinite when none was found.
    pub power: f64,
    /// No design needs less, watt; infinite when the targets cannot be served.
    pub lower_bound: f64,
    /// `F` with `R = F F^H`, antennas x rank; empty when none was found.
    pub factor: Mat<c64>,
    /// Multipliers of the bound, those of the targets' users 0; `None` where none are needed.
    pub multipliers: Option<Multipliers>,
}

/// The sensing floor: the limit of `P*` for SINR targets that go to zero. `None` when the solver
/// has no answer.
///
/// # Errors
/// As [`solve`].
pub fn sensing_floor(scene: &Scene, options: &Options) -> Result<Option<SensingFloor>, Error> {
    let nothing = SensingFloor {
        power: 0.0,
        lower_bound: 0.0,
        factor: Mat::zeros(scene.antennas(), 0),
        multipliers: None,
    };
    if scene.targets() == 0 || scene.sensing().floor == 0.0 {
        return Ok(Some(nothing));
    }
    if let Some(Impossible::CoincidentTargets { .. }) = structure::coincident(scene) {
        return Ok(Some(SensingFloor {
            power: f64::INFINITY,
            lower_bound: f64::INFINITY,
            ..nothing
        }));
    }
    let span = Span::new(scene);
    // Any targets do: no multiplier of theirs occurs.
    let targets = vec![1.0; scene.users()];
    let (sensing, weights) = (scene.sensing(), scene.mode().weights);
    let smallest = (0..scene.targets())
        .map(|m| ops::norm2(scene.steering().subcols(m, 1)))
        .fold(f64::INFINITY, f64::min);
    let unit =
        sensing.floor * (scene.targets() as f64) * (weights.sensing + weights.transmit / smallest);
    let relaxation = Relaxation {
        scene,
        span: &span,
        targets: &targets,
        sensing,
        csi: Csi::Ignored,
        bases: None,
        extra_cost: None,
        unit,
        elastic: false,
    };
    let built = relaxation.build()?;
    match built.solve(&options.conic)? {
        conic::Outcome::Solved(solution) | conic::Outcome::Inaccurate(solution) => {
            let r = built.covariances(&relaxation, &solution)?;
            let half = hermitian::sqrt_factor(r[0].as_ref())?;
            let y = built.multipliers(scene, &targets, &solution.multipliers)?;
            let lower_bound = certificate::lower_bound_in(scene, &span, &targets, &y)?.power;
            let factor = span.lift(half.as_ref());
            let mut factors = vec![factor];
            factors.resize(scene.users(), Mat::zeros(scene.antennas(), 0));
            Ok(Some(SensingFloor {
                power: evaluate(scene, &factors)?.power,
                lower_bound,
                factor: factors.swap_remove(0),
                multipliers: Some(y),
            }))
        }
        conic::Outcome::Infeasible(farkas) | conic::Outcome::NoPointBelow(farkas) => {
            let y = built.multipliers(scene, &targets, &farkas.multipliers)?;
            let bound = certificate::lower_bound_in(scene, &span, &targets, &y)?;
            Ok((bound.power > 0.0).then_some(SensingFloor {
                power: f64::INFINITY,
                lower_bound: bound.power,
                multipliers: Some(y),
                ..nothing
            }))
        }
        conic::Outcome::Unbounded(_)
        | conic::Outcome::NoMultipliersBelow(_)
        | conic::Outcome::IllPosed(_)
        | conic::Outcome::Unknown(_) => Ok(None),
    }
}
