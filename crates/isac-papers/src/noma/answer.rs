//! What a report says of a point: its beams or covariances, what they achieve, and how far they are from
//! the bound.

use isac_algos::noma::robust::{self, ErrorBall};
use isac_algos::noma::{Evaluation, Scene, evaluate, power_min, rank_one};
use isac_lab::solve::{SolveCertificate, SolveReport, SolveStatus};
use isac_linalg::{Mat, c64, hermitian, ops};

/// Largest relative gap and violation of `solved`.
pub(super) const ACCEPT: f64 = 1e-6;

/// A report of nothing but a status.
pub(super) fn empty(status: SolveStatus) -> SolveReport {
    SolveReport::new("noma/1", "", status)
}

/// Puts powers, patterns and SINRs into the report.
pub(super) fn evaluated(report: &mut SolveReport, scene: &Scene, evaluation: &Evaluation) {
    report.metric("power_W", evaluation.power);
    report.metric("transmit_power_W", evaluation.transmit_power);
    report.metric_list("pattern_W", &evaluation.pattern);
    if let Some(mean) = evaluation.cross_correlation {
        report.metric("mean_square_cross_correlation_W2", mean);
    }
    report.metric("min_sinr", evaluation.min_sinr());
    for &(pair, sinr) in &evaluation.sinr {
        let name = format!(
            "sinr_{}_at_{}",
            scene.user(pair.message),
            scene.user(pair.decoder)
        );
        report.metric(&name, sinr);
    }
}

/// Factors of the covariances as they are printed: the products are rounded, and what is said of
/// them is theirs.
fn as_printed(factors: &[Mat<c64>]) -> Result<Vec<Mat<c64>>, isac_algos::Error> {
    let product = |f: &Mat<c64>| ops::mul_adjoint(f.as_ref(), f.as_ref());
    factors
        .iter()
        .map(|f| {
            let w = hermitian::hermitian_part(product(f).as_ref());
            Ok(hermitian::sqrt_factor(w.as_ref())?)
        })
        .collect()
}

/// Puts covariances into the report, with the reason why they are no beams.
pub(super) fn covariances(
    report: &mut SolveReport,
    scene: &Scene,
    factors: &[Mat<c64>],
    beams: &rank_one::Outcome,
) {
    for (position, f) in factors.iter().enumerate() {
        let w = hermitian::hermitian_part(ops::mul_adjoint(f.as_ref(), f.as_ref()).as_ref());
        report.beamformer(&format!("W_{}", scene.user(position)), w.as_ref());
    }
    report.stop_reason = match beams {
        rank_one::Outcome::Excluded { welch_bound } => format!(
            "no beams exist: any have a mean squared cross-correlation of at least {welch_bound} W^2; covariances returned"
        ),
        rank_one::Outcome::Found(_) | rank_one::Outcome::NotFound => {
            "no feasible beams found; covariances returned".into()
        }
    };
}

/// Puts beams into the report, with what they achieve.
pub(super) fn beams_of(report: &mut SolveReport, scene: &Scene, beams: &rank_one::Beams) {
    report.metric("power_beams_W", beams.power_beams);
    if beams.power_relaxed > 0.0 {
        report.metric("power_relaxed_W", beams.power_relaxed);
        report.metric("rank_one_gap", beams.gap());
    }
    report.beamformer("w", scene.in_user_order(beams.beams.as_ref()).as_ref());
    evaluated(report, scene, &beams.evaluation);
}

/// Objective, violation, gap and status of a returned point. `far` is the gap above which the point
/// is no answer.
pub(super) fn judge(
    report: &mut SolveReport,
    kind: &str,
    objective: f64,
    violation: f64,
    bound: f64,
    far: f64,
) {
    let gap = (objective != 0.0).then(|| (bound - objective).abs() / objective.abs());
    report.objective = Some(objective);
    report.max_violation = Some(violation);
    report.certificate = Some(SolveCertificate {
        kind: kind.into(),
        bound,
        relative_gap: gap,
    });
    let gap = gap.unwrap_or(0.0);
    let whole = report.stop_reason.is_empty();
    report.status = if gap > far || violation > 1e-4 {
        SolveStatus::Unknown
    } else if gap > ACCEPT || violation > ACCEPT || !whole {
        SolveStatus::Inaccurate
    } else {
        SolveStatus::Solved
    };
    if whole {
        report.stop_reason = if report.status == SolveStatus::Solved {
            "tolerance".into()
        } else if violation > ACCEPT {
            format!("the constraints are violated by {violation:.1e} of their size")
        } else {
            format!("point and proved bound are {gap:.1e} of the objective apart")
        };
    }
}

/// Covariances for SINR targets by decoding position.
pub(super) struct Point<'a> {
    pub(super) factors: &'a [Mat<c64>],
    pub(super) targets: &'a [f64],
    pub(super) ball: Option<ErrorBall>,
}

impl Point<'_> {
    /// What the printed covariances achieve, and by how much they violate the demands.
    fn judged(&self, scene: &Scene) -> Result<(Evaluation, f64), isac_algos::Error> {
        let factors = as_printed(self.factors)?;
        let evaluation = evaluate(scene, &factors)?;
        let violation = match self.ball {
            Some(ball) => robust::worst_cases(scene, &factors, ball)?
                .iter()
                .map(|&(pair, sinr)| 1.0 - sinr / self.targets[pair.message])
                .fold(evaluation.sensing_violation, f64::max),
            None => evaluation.violation(self.targets),
        };
        Ok((evaluation, violation))
    }
}

/// The beams, or the covariances where there are none, as the point of a power minimisation.
pub(super) fn returned(
    report: &mut SolveReport,
    scene: &Scene,
    point: &Point<'_>,
    certificate: &power_min::Certificate,
    beams: &rank_one::Outcome,
) -> Result<(), isac_algos::Error> {
    let (objective, violation) = match beams {
        rank_one::Outcome::Found(found) => {
            beams_of(report, scene, found);
            (found.power_beams, found.violation)
        }
        rank_one::Outcome::Excluded { .. } | rank_one::Outcome::NotFound => {
            let (evaluation, violation) = point.judged(scene)?;
            covariances(report, scene, point.factors, beams);
            evaluated(report, scene, &evaluation);
            (evaluation.power, violation)
        }
    };
    let bound = certificate.lower_bound;
    judge(
        report,
        "lower_bound",
        objective,
        violation,
        bound,
        f64::INFINITY,
    );
    if report.status == SolveStatus::Inaccurate
        && matches!(beams, rank_one::Outcome::Found(_))
        && certificate.relative_gap <= ACCEPT
        && violation <= ACCEPT
    {
        report.stop_reason = format!(
            "the relaxation is not rank one: the beams need {:.3e} more than the bound",
            objective / bound - 1.0
        );
    }
    Ok(())
}

/// How robust beams are looked for.
pub(super) fn robust_way() -> rank_one::Options {
    rank_one::Options {
        accept: ACCEPT,
        // A step looks for the worst error of every pair: fewer starts.
        ascents: 3,
        ..rank_one::Options::default()
    }
}

/// Smallest SINR of beams over all pairs and errors.
pub(super) fn worst_of(
    scene: &Scene,
    beams: &Mat<c64>,
    ball: ErrorBall,
) -> Result<f64, isac_algos::Error> {
    let factors: Vec<Mat<c64>> = (0..beams.ncols())
        .map(|k| beams.subcols(k, 1).to_owned())
        .collect();
    let all = robust::worst_cases(scene, &factors, ball)?;
    Ok(all.iter().fold(f64::INFINITY, |low, &(_, s)| low.min(s)))
}
