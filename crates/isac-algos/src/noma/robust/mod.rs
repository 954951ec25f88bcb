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

mod bound;
mod design;
mod judged;
mod worst_case;

use super::bounds;
use super::certificate::Multipliers;
use super::power_min::{self, Aim, RETRIES, natural_unit};
use super::problem::{Scene, Span};
use super::relaxation::{Csi, Relaxation};
use super::structure;
use crate::Error;
pub use bound::lower_bound;
pub(crate) use bound::{bound_at, congruence, proper};
pub use design::{Design, ErrorBall, Options, Outcome, Proof};
use isac_linalg::{Mat, c64, hermitian, ops, validate};
use isac_metrics::noma::SicSet;
use isac_opt::conic;
pub(crate) use judged::of_factors;
use judged::{Parts, grade, judged};
use worst_case::margin;
pub(crate) use worst_case::violation;
pub use worst_case::worst_cases;

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
    match built.solve(&aim.conic)? {
        conic::Outcome::Solved(solution) | conic::Outcome::Inaccurate(solution) => {
            let y = built.multipliers(scene, targets, &solution.multipliers)?;
            let u = built.matrix_multipliers(&solution.multipliers)?;
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
            let u = built.matrix_multipliers(&farkas.multipliers)?;
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
