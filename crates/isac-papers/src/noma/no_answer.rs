//! What a report says where no design was found: a proof that none exists and what fails by how much, or
//! how far the search got.

use isac_algos::noma::robust::ErrorBall;
use isac_algos::noma::structure::Impossible;
use isac_algos::noma::{LeastInfeasible, Scene, certificate, least_infeasible, rank_one};
use isac_lab::solve::{SolveCertificate, SolveReport, SolveStatus};
use isac_models::rng::{Stream, stream};

use super::answer::{ACCEPT, beams_of, empty, judge, robust_way, worst_of};

/// No relaxed design: every one needs `power`, and none was found. Beams of a local search may be a
/// point all the same.
pub(super) fn open(
    scene: &Scene,
    gamma: &[f64],
    ball: Option<ErrorBall>,
    status: SolveStatus,
    power: f64,
    seed: u64,
) -> Result<SolveReport, isac_algos::Error> {
    let mut report = empty(status);
    report.stop_reason = if status == SolveStatus::NoPointBelow {
        format!("every design needs more than {power:e} W; none was found, none is excluded above")
    } else {
        "the solver found neither a design nor a proof that there is none".into()
    };
    report.certificate = Some(SolveCertificate {
        kind: "lower_bound: power every design exceeds, W".into(),
        bound: power,
        relative_gap: None,
    });
    let mut rng = stream(seed, Stream::Randomisation, 0);
    let found = rank_one::nearest(scene, gamma, ball, &robust_way(), &mut rng)?;
    let meets = |beams: &rank_one::Beams| beams.violation <= ACCEPT;
    let Some(beams) = found.filter(|beams| meets(beams) || status == SolveStatus::Unknown) else {
        return Ok(report);
    };
    let mut report = empty(SolveStatus::Unknown);
    beams_of(&mut report, scene, &beams);
    if let Some(ball) = ball {
        let worst = worst_of(scene, &beams.beams, ball)?;
        report.metric("min_worst_case_sinr", worst);
    }
    let (objective, violation) = (beams.power_beams, beams.violation);
    judge(
        &mut report,
        "lower_bound",
        objective,
        violation,
        power,
        f64::INFINITY,
    );
    if report.status != SolveStatus::Solved {
        report.stop_reason = format!("the relaxation has no answer; {}", report.stop_reason);
    }
    Ok(report)
}

/// A contradiction in the data.
pub(super) fn contradiction(report: &mut SolveReport, scene: &Scene, why: &Impossible) {
    let (kind, bound, text) = match why {
        Impossible::CoincidentTargets { targets, least } => (
            "structure: least mean squared cross-correlation, W^2",
            *least,
            format!(
                "targets {} and {} share a steering vector: with the floors met, the mean squared cross-correlation is at least {least} W^2",
                targets.0, targets.1
            ),
        ),
        Impossible::ParallelChannels { positions, load } => {
            let users: Vec<usize> = positions.iter().map(|&p| scene.user(p)).collect();
            (
                "structure: sum of gamma / (1 + gamma), to be below 1",
                *load,
                format!(
                    "the channels of users {users:?} are multiples of each other and no message is removed: SINR targets with a sum of gamma / (1 + gamma) of {load} contradict each other"
                ),
            )
        }
        Impossible::Silenced { position, norm } => (
            "structure: norm of a channel within the error radius",
            *norm,
            format!(
                "no covariance guarantees the SINR targets over all channel errors: one of them silences user {}",
                scene.user(*position)
            ),
        ),
    };
    report.stop_reason = text;
    report.certificate = Some(SolveCertificate {
        kind: kind.into(),
        bound,
        relative_gap: None,
    });
}

/// Which constraints a proof of infeasibility combines.
pub(super) fn blamed(y: &certificate::Multipliers) -> String {
    let mut names = Vec::new();
    let any = |list: &[f64]| list.iter().any(|x| x.abs() > 1e-12);
    if any(&y.sinr) {
        names.push("SINR targets");
    }
    if any(&y.floor) {
        names.push("sensing floors");
    }
    if any(&y.difference) {
        names.push("pattern differences");
    }
    if y.cross.iter().any(|z| z.norm() > 1e-12) {
        names.push("the cross-correlation bound");
    }
    if any(&y.ordering) {
        names.push("the ordering");
    }
    names.join(", ")
}

/// Says which constraint fails by how much at the least-infeasible point.
pub(super) fn what_fails(
    report: &mut SolveReport,
    scene: &Scene,
    gamma: &[f64],
    ball: ErrorBall,
) -> Result<(), isac_algos::Error> {
    let short = |got: f64, wanted: f64| 100.0 * (1.0 - got / wanted);
    let detail = match least_infeasible(scene, gamma, ball)? {
        None => return Ok(()),
        Some(LeastInfeasible::Sensing {
            factor,
            pattern,
            cross_correlation,
        }) => {
            let floor = scene.sensing().floor;
            report.metric("least_infeasible_factor", factor);
            report.metric_list("least_infeasible_pattern_W", &pattern);
            if let Some(mean) = cross_correlation {
                report.metric("least_infeasible_cross_correlation_W2", mean);
            }
            let list: Vec<String> = (pattern.iter().enumerate())
                .filter(|(_, p)| **p < floor * (1.0 - 1e-6))
                .map(|(m, p)| {
                    format!(
                        "the floor of target {m} fails by {:.3} % ({p:.6} of {floor} W)",
                        short(*p, floor)
                    )
                })
                .collect();
            format!(
                "the targets alone cannot be served: at the least-infeasible point {}",
                list.join(", ")
            )
        }
        Some(LeastInfeasible::Silenced { position, norm }) => {
            let user = scene.user(position);
            report.metric("least_infeasible_factor", 0.0);
            format!(
                "an error of norm {norm} silences user {user}: its worst-case SINR is 0 of {} (fails by 100 %)",
                gamma[user]
            )
        }
        Some(LeastInfeasible::Users {
            factor,
            budget,
            evaluation,
            sinr,
        }) => {
            report.metric("least_infeasible_factor", factor);
            report.metric("least_infeasible_budget_W", budget);
            report.metric("least_infeasible_power_W", evaluation.power);
            report.metric_list("least_infeasible_pattern_W", &evaluation.pattern);
            let worst = if ball.radius > 0.0 { "worst-case " } else { "" };
            let list: Vec<String> = (sinr.iter())
                .map(|&(pair, value)| {
                    (scene.user(pair.message), scene.user(pair.decoder), value)
                })
                .filter(|&(message, _, value)| value < gamma[message] * (1.0 - 1e-6))
                .map(|(message, decoder, value)| {
                    let wanted = gamma[message];
                    format!(
                        "the {worst}SINR of message {message} at user {decoder} fails by {:.3} % ({value:.6} of {wanted})",
                        short(value, wanted)
                    )
                })
                .collect();
            format!(
                "at the least-infeasible point (power up to {budget:.4e} W, targets served) {}",
                list.join(", ")
            )
        }
    };
    report.stop_reason = format!("{}; {detail}", report.stop_reason);
    Ok(())
}

/// The certificate of a ray.
pub(super) fn farkas(value: f64) -> SolveCertificate {
    SolveCertificate {
        kind: "farkas: dual value of a ray with definite slack matrices, W".into(),
        bound: value,
        relative_gap: None,
    }
}

/// A budget below what the targets need.
pub(super) fn below_floor(budget: f64, floor: f64, proved: f64) -> SolveReport {
    let mut report = empty(SolveStatus::Infeasible);
    if proved.is_infinite() {
        report.stop_reason = "the targets alone cannot be served, whatever the budget".into();
        return report;
    }
    report.stop_reason = format!(
        "P_total = {budget} W is {} W short of the sensing floor of {floor} W",
        floor - budget
    );
    report.metric("sensing_floor_W", floor);
    report.certificate = Some(SolveCertificate {
        kind: "sensing_floor".into(),
        bound: proved,
        relative_gap: None,
    });
    report
}

/// No design found within a budget, and the proved bound.
pub(super) fn nothing_within(upper: f64) -> SolveReport {
    let mut report = empty(SolveStatus::Unknown);
    report.stop_reason = format!(
        "no design was found within the budget; none reaches a common SINR above {upper:e}"
    );
    report.certificate = Some(SolveCertificate {
        kind: "upper_bound".into(),
        bound: upper,
        relative_gap: None,
    });
    report
}
