//! `isac solve` for `noma/1`.

use isac_algos::noma::max_min::{self, Method};
use isac_algos::noma::robust::{self, ErrorBall, MaxMinOutcome};
use isac_algos::noma::{
    Evaluation, LeastInfeasible, Scene, certificate, least_infeasible, own, power_min, rank_one,
};
use isac_linalg::{Mat, c64, ops};
use isac_models::rng::{Stream, stream};

use super::input::{self, Problem};
use crate::document::Node;
use crate::error::Error;
use crate::solve::{SolveCertificate, SolveReport, SolveRequest, SolveStatus};

const ALGORITHMS: [&str; 4] = ["auto", "relaxation", "slope", "bisection"];

/// Solves one case of a document.
pub(super) fn solve(root: &Node<'_>, request: &SolveRequest) -> Result<SolveReport, Error> {
    let algorithm = request.algorithm.as_deref().unwrap_or(ALGORITHMS[0]);
    if !ALGORITHMS.contains(&algorithm) {
        return Err(Error::unknown("algorithm", algorithm, ALGORITHMS));
    }
    let stated = root.opt("seed").map(|s| s.u64()).transpose()?;
    let seed = request.seed.or(stated).unwrap_or(crate::DEFAULT_SEED);
    let cases = input::cases(root)?;
    let wanted = request.case.unwrap_or(0);
    let node = cases.get(wanted).ok_or_else(|| {
        Error::Usage(format!(
            "--case {wanted}: the document has {} cases, counted from 0",
            cases.len()
        ))
    })?;
    let case = input::read(root, node, seed)?;
    let broke = |e: isac_algos::Error| Error::numerical(&node.path, e);
    let scene = &case.scene;
    let mut report = match &case.problem {
        Problem::PowerMin { gamma } => power(scene, gamma, algorithm, seed).map_err(broke)?,
        Problem::MaxMin { budget } => largest(scene, *budget, algorithm, seed).map_err(broke)?,
        Problem::RobustPowerMin { gamma, ball } => {
            robust_power(scene, gamma, *ball, seed).map_err(broke)?
        }
        Problem::RobustMaxMin { budget, ball } => {
            robust_largest(scene, *budget, *ball, seed).map_err(broke)?
        }
    };
    report.algorithm = format!("{} ({algorithm})", case.problem.name());
    report.seed = seed;
    Ok(report)
}

fn empty(status: SolveStatus) -> SolveReport {
    SolveReport::new("noma/1", "", status)
}

fn evaluated(report: &mut SolveReport, scene: &Scene, evaluation: &Evaluation) {
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

/// Beams if they were found, otherwise the covariances.
fn transmitted(
    report: &mut SolveReport,
    scene: &Scene,
    factors: &[Mat<c64>],
    beams: rank_one::Outcome,
) {
    match beams {
        rank_one::Outcome::Found(found) => {
            report.metric("power_relaxed_W", found.power_relaxed);
            report.metric("power_beams_W", found.power_beams);
            report.metric("rank_one_gap", found.gap());
            report.max_violation = Some(found.violation);
            report.beamformer("w", scene.in_user_order(found.beams.as_ref()).as_ref());
            evaluated(report, scene, &found.evaluation);
        }
        other => {
            for (position, f) in factors.iter().enumerate() {
                let w = ops::mul_adjoint(f.as_ref(), f.as_ref());
                report.beamformer(&format!("W_{}", scene.user(position)), w.as_ref());
            }
            let why = match other {
                rank_one::Outcome::Excluded { welch_bound } => format!(
                    "no beams exist: any have a mean squared cross-correlation of at least {welch_bound} W^2; covariances returned"
                ),
                _ => "no feasible beams found; covariances returned".into(),
            };
            report.stop_reason = format!("{}; {why}", report.stop_reason);
        }
    }
}

fn power_report(
    scene: &Scene,
    design: &power_min::Design,
    status: SolveStatus,
    seed: u64,
) -> Result<SolveReport, isac_algos::Error> {
    let mut report = empty(status);
    report.stop_reason = "tolerance".into();
    report.objective = Some(design.power());
    report.max_violation = Some(design.certificate.violation);
    report.iterations = design.iterations;
    report.certificate = Some(SolveCertificate {
        kind: "lower_bound".into(),
        bound: design.certificate.lower_bound,
        relative_gap: Some(design.certificate.relative_gap),
    });
    evaluated(&mut report, scene, &design.evaluation);
    report.metric_list("rank_ratios", &design.rank_ratios);
    let mut rng = stream(seed, Stream::Randomisation, 0);
    let beams = rank_one::recover(scene, design, &rank_one::Options::default(), &mut rng)?;
    transmitted(&mut report, scene, &design.factors, beams);
    Ok(report)
}

/// Which constraints a proof of infeasibility combines.
fn blamed(y: &certificate::Multipliers) -> String {
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
fn what_fails(
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

fn power(
    scene: &Scene,
    gamma: &[f64],
    algorithm: &str,
    seed: u64,
) -> Result<SolveReport, isac_algos::Error> {
    let options = power_min::Options::default();
    let outcome = if algorithm == "auto" {
        own::power_min_or_relaxation(scene, gamma, &options)?
    } else {
        power_min::solve(scene, gamma, &options)?
    };
    Ok(match outcome {
        power_min::Outcome::Solved(design) => {
            power_report(scene, &design, SolveStatus::Solved, seed)?
        }
        power_min::Outcome::Inaccurate(design) => {
            power_report(scene, &design, SolveStatus::Inaccurate, seed)?
        }
        power_min::Outcome::Infeasible(proof) => {
            let mut report = empty(SolveStatus::Infeasible);
            report.stop_reason = format!(
                "no covariance meets {} together",
                blamed(&proof.multipliers)
            );
            let exact = ErrorBall {
                radius: 0.0,
                residual: true,
            };
            what_fails(&mut report, scene, gamma, exact)?;
            report.certificate = Some(SolveCertificate {
                kind: "farkas: power every design exceeds, W".into(),
                bound: proof.excluded_power,
                relative_gap: None,
            });
            report
        }
        power_min::Outcome::Unknown => empty(SolveStatus::Unknown),
    })
}

fn below_floor(budget: f64, floor: f64) -> SolveReport {
    let mut report = empty(SolveStatus::Infeasible);
    report.stop_reason = format!(
        "P_total = {budget} W is {} W short of the sensing floor of {floor} W",
        floor - budget
    );
    report.metric("sensing_floor_W", floor);
    report.certificate = Some(SolveCertificate {
        kind: "sensing_floor".into(),
        bound: floor,
        relative_gap: None,
    });
    report
}

fn largest(
    scene: &Scene,
    budget: f64,
    algorithm: &str,
    seed: u64,
) -> Result<SolveReport, isac_algos::Error> {
    let options = max_min::Options {
        method: match algorithm {
            "bisection" => Method::Bisection,
            "slope" | "relaxation" => Method::Slope,
            _ => Method::Auto,
        },
        ..max_min::Options::default()
    };
    Ok(match max_min::solve(scene, budget, &options)? {
        max_min::Outcome::Solved(found) => {
            let mut report = power_report(scene, &found.design, SolveStatus::Solved, seed)?;
            report.objective = Some(found.target);
            report.metric("t", found.target);
            report.metric("t_dB", 10.0 * found.target.log10());
            report.metric("dP_dt_W", found.design.slope);
            report.metric("unreached_t", found.upper);
            report.iterations = found.solves;
            report.certificate = Some(SolveCertificate {
                kind: "upper_bound".into(),
                bound: found.upper,
                relative_gap: Some((found.upper - found.target) / found.target.max(1.0)),
            });
            report
        }
        max_min::Outcome::Infeasible { sensing_floor, .. } => below_floor(budget, sensing_floor),
        max_min::Outcome::Unknown => empty(SolveStatus::Unknown),
    })
}

fn robust_report(
    scene: &Scene,
    design: &robust::Design,
    ball: ErrorBall,
    status: SolveStatus,
    seed: u64,
) -> Result<SolveReport, isac_algos::Error> {
    let mut report = empty(status);
    report.stop_reason = "tolerance".into();
    report.objective = Some(design.power());
    report.max_violation = Some(design.certificate.violation);
    report.iterations = design.iterations;
    report.certificate = Some(SolveCertificate {
        kind: "lower_bound".into(),
        bound: design.certificate.lower_bound,
        relative_gap: Some(design.certificate.relative_gap),
    });
    evaluated(&mut report, scene, &design.evaluation);
    report.metric("min_worst_case_sinr", design.min_worst_case());
    report.metric_list("rank_ratios", &design.rank_ratios);
    let options = rank_one::Options {
        accept: 1e-6,
        ..rank_one::Options::default()
    };
    let mut rng = stream(seed, Stream::Randomisation, 0);
    let beams = rank_one::recover_robust(scene, design, ball, &options, &mut rng)?;
    transmitted(&mut report, scene, &design.factors, beams);
    Ok(report)
}

fn robust_power(
    scene: &Scene,
    gamma: &[f64],
    ball: ErrorBall,
    seed: u64,
) -> Result<SolveReport, isac_algos::Error> {
    Ok(
        match robust::solve(scene, gamma, ball, &robust::Options::default())? {
            robust::Outcome::Solved(design) => {
                robust_report(scene, &design, ball, SolveStatus::Solved, seed)?
            }
            robust::Outcome::Inaccurate(design) => {
                robust_report(scene, &design, ball, SolveStatus::Inaccurate, seed)?
            }
            robust::Outcome::Infeasible { excluded_power } => {
                let mut report = empty(SolveStatus::Infeasible);
                report.stop_reason =
                    "no covariance guarantees the SINR targets over all channel errors".into();
                report.certificate = Some(SolveCertificate {
                    kind: "farkas: power every design exceeds, W".into(),
                    bound: excluded_power,
                    relative_gap: None,
                });
                what_fails(&mut report, scene, gamma, ball)?;
                report
            }
            robust::Outcome::Unknown => empty(SolveStatus::Unknown),
        },
    )
}

fn robust_largest(
    scene: &Scene,
    budget: f64,
    ball: ErrorBall,
    seed: u64,
) -> Result<SolveReport, isac_algos::Error> {
    Ok(
        match robust::max_min(scene, budget, ball, &robust::Options::default())? {
            MaxMinOutcome::Solved(found) => {
                let mut report =
                    robust_report(scene, &found.design, ball, SolveStatus::Solved, seed)?;
                report.objective = Some(found.target);
                report.metric("t", found.target);
                report.metric("t_dB", 10.0 * found.target.log10());
                report.iterations = found.solves;
                report.certificate = Some(SolveCertificate {
                    kind: "upper_bound".into(),
                    bound: found.upper,
                    relative_gap: Some((found.upper - found.target) / found.target.max(1.0)),
                });
                report
            }
            MaxMinOutcome::Infeasible { sensing_floor } => below_floor(budget, sensing_floor),
            MaxMinOutcome::Unknown => empty(SolveStatus::Unknown),
        },
    )
}
