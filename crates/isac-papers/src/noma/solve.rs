//! `isac solve` for `noma/1`: what is reported is what the returned beams do; the relaxation is the
//! bound.

use isac_algos::noma::common_beams::{self, Demand, Relaxed};
use isac_algos::noma::max_min::{self, Method};
use isac_algos::noma::robust::{self, ErrorBall};
use isac_algos::noma::structure::Impossible;
use isac_algos::noma::{
    Evaluation, LeastInfeasible, Scene, certificate, evaluate, least_infeasible, own, power_min,
    rank_one, robust_max_min,
};
use isac_linalg::{Mat, c64, hermitian, ops};
use isac_models::rng::{Stream, stream};

use super::algorithm::Algorithm;
use super::input::{self, Case, Problem};
use super::proof;
use isac_lab::document::Node;
use isac_lab::error::Error;
use isac_lab::solve::{Certify, SolveCertificate, SolveReport, SolveRequest, SolveStatus};

/// Largest relative gap and violation of `solved`.
const ACCEPT: f64 = 1e-6;
/// Largest relative gap of a common SINR that is called `inaccurate`; above, the answer is `unknown`
/// with a point and a bound.
const FAR: f64 = 0.5;

/// Solves one case of a document.
///
/// # Errors
/// A malformed document, a case that does not exist, an unknown algorithm, a numerical breakdown.
pub fn solve(root: &Node<'_>, request: &SolveRequest) -> Result<SolveReport, Error> {
    let (case, seed) = input::posed(root, request)?;
    let algorithm = Algorithm::named(request.algorithm.as_deref(), &case.problem)?;
    let mut report =
        solve_case(&case, algorithm, seed).map_err(|e| Error::numerical("solve", e))?;
    if request.certify == Certify::Global {
        proof::attach(root, request, &case, &mut report)?;
    }
    Ok(report)
}

/// Solves a case.
pub(super) fn solve_case(
    case: &Case,
    algorithm: Algorithm,
    seed: u64,
) -> Result<SolveReport, isac_algos::Error> {
    let scene = &case.scene;
    let mut report = match &case.problem {
        Problem::PowerMin { gamma } => power(scene, gamma, algorithm, seed)?,
        Problem::MaxMin { budget } => largest(scene, *budget, algorithm.root(), seed)?,
        Problem::RobustPowerMin { gamma, ball } => robust_power(scene, gamma, *ball, seed)?,
        Problem::RobustMaxMin { budget, ball } => {
            robust_largest(scene, *budget, *ball, algorithm.root(), seed)?
        }
    };
    report.algorithm = format!("{} ({})", case.problem.name(), algorithm.name());
    report.seed = seed;
    Ok(report)
}

fn empty(status: SolveStatus) -> SolveReport {
    SolveReport::new("noma/1", "", status)
}

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
fn covariances(
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

fn beams_of(report: &mut SolveReport, scene: &Scene, beams: &rank_one::Beams) {
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
fn judge(
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

fn power_report(
    scene: &Scene,
    design: &power_min::Design,
    seed: u64,
) -> Result<SolveReport, isac_algos::Error> {
    let mut report = empty(SolveStatus::Unknown);
    report.iterations = design.iterations;
    let mut rng = stream(seed, Stream::Randomisation, 0);
    let beams = rank_one::recover(scene, design, &rank_one::Options::default(), &mut rng)?;
    let point = Point {
        factors: &design.factors,
        targets: &design.targets,
        ball: None,
    };
    returned(&mut report, scene, &point, &design.certificate, &beams)?;
    report.metric_list("rank_ratios", &design.rank_ratios);
    Ok(report)
}

/// Covariances for SINR targets by decoding position.
struct Point<'a> {
    factors: &'a [Mat<c64>],
    targets: &'a [f64],
    ball: Option<ErrorBall>,
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
fn returned(
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

/// No relaxed design: every one needs `power`, and none was found. Beams of a local search may be a
/// point all the same.
fn open(
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
fn contradiction(report: &mut SolveReport, scene: &Scene, why: &Impossible) {
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
    algorithm: Algorithm,
    seed: u64,
) -> Result<SolveReport, isac_algos::Error> {
    let options = power_min::Options::default();
    let outcome = if algorithm == Algorithm::Relaxation {
        power_min::solve(scene, gamma, &options)?
    } else {
        own::power_min_or_relaxation(scene, gamma, &options)?
    };
    Ok(match outcome {
        power_min::Outcome::Solved(design) | power_min::Outcome::Inaccurate(design) => {
            power_report(scene, &design, seed)?
        }
        power_min::Outcome::Infeasible(proof) => {
            let mut report = empty(SolveStatus::Infeasible);
            match *proof {
                power_min::Proof::Structure(why) => contradiction(&mut report, scene, &why),
                power_min::Proof::Ray(ray) => {
                    report.stop_reason = format!("no covariance meets {} together", blamed(&ray));
                    let targets = scene.sinr_targets(gamma)?;
                    let bound = certificate::lower_bound(scene, &targets, &ray)?;
                    report.certificate = Some(farkas(bound.dual_value));
                }
            }
            let exact = ErrorBall {
                radius: 0.0,
                residual: true,
            };
            what_fails(&mut report, scene, gamma, exact)?;
            report
        }
        power_min::Outcome::NoPointBelow(proof) => {
            let status = SolveStatus::NoPointBelow;
            open(scene, gamma, None, status, proof.power, seed)?
        }
        power_min::Outcome::Unknown { lower_bound } => {
            open(scene, gamma, None, SolveStatus::Unknown, lower_bound, seed)?
        }
    })
}

fn farkas(value: f64) -> SolveCertificate {
    SolveCertificate {
        kind: "farkas: dual value of a ray with definite slack matrices, W".into(),
        bound: value,
        relative_gap: None,
    }
}

fn below_floor(budget: f64, floor: f64, proved: f64) -> SolveReport {
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

/// The answer to a common-SINR problem from the best covariances and the beams found for them.
fn common<D>(
    demand: &Demand<'_>,
    found: &max_min::Solution<D>,
    factors: &[Mat<c64>],
    evaluation: &Evaluation,
    beams: Option<&common_beams::CommonBeams>,
) -> SolveReport {
    let scene = demand.scene;
    let mut report = empty(SolveStatus::Unknown);
    report.iterations = found.solves;
    report.metric("relaxed_t", found.target);
    report.metric("unreached_t", found.upper);
    let (target, shown) = match beams {
        Some(common) => {
            beams_of(&mut report, scene, &common.beams);
            (common.target, &common.beams.evaluation)
        }
        None => {
            let none = rank_one::Outcome::NotFound;
            covariances(&mut report, scene, factors, &none);
            evaluated(&mut report, scene, evaluation);
            (found.target, evaluation)
        }
    };
    report.metric("t", target);
    report.metric("t_dB", 10.0 * target.log10());
    let violation = shown
        .sensing_violation
        .max(shown.power / demand.budget - 1.0)
        .max(0.0);
    // Rounding may put the point a digit above what is proved.
    let bound = found.upper.max(target);
    judge(&mut report, "upper_bound", target, violation, bound, FAR);
    if found.relative_gap() <= ACCEPT && report.status != SolveStatus::Solved && beams.is_some() {
        report.stop_reason = format!(
            "the relaxation is not rank one: beams within the budget reach {:.3e} less than the bound",
            1.0 - target / bound
        );
    }
    report
}

fn nothing_within(upper: f64) -> SolveReport {
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

fn largest(
    scene: &Scene,
    budget: f64,
    method: Method,
    seed: u64,
) -> Result<SolveReport, isac_algos::Error> {
    let options = max_min::Options {
        method,
        ..max_min::Options::default()
    };
    Ok(match max_min::solve(scene, budget, &options)? {
        max_min::Outcome::Solved(found) | max_min::Outcome::Open(found) => {
            let demand = Demand {
                scene,
                ball: None,
                budget,
            };
            let design = &found.design;
            let relaxed = Relaxed {
                target: found.target,
                factors: design.factors.clone(),
                power: design.power(),
                upper: found.upper,
            };
            let mut rng = stream(seed, Stream::Randomisation, 0);
            let way = rank_one::Options::default();
            let beams = common_beams::largest(demand, &relaxed, &way, &mut rng)?;
            let mut report = common(
                &demand,
                &found,
                &design.factors,
                &design.evaluation,
                beams.as_ref(),
            );
            report.metric("dP_dt_W", design.slope);
            report.metric_list("rank_ratios", &design.rank_ratios);
            report
        }
        max_min::Outcome::Infeasible {
            sensing_floor,
            lower_bound,
        } => below_floor(budget, sensing_floor, lower_bound),
        max_min::Outcome::Unknown { upper } => nothing_within(upper),
    })
}

/// How robust beams are looked for.
fn robust_way() -> rank_one::Options {
    rank_one::Options {
        accept: ACCEPT,
        // A step looks for the worst error of every pair: fewer starts.
        ascents: 3,
        ..rank_one::Options::default()
    }
}

fn robust_power(
    scene: &Scene,
    gamma: &[f64],
    ball: ErrorBall,
    seed: u64,
) -> Result<SolveReport, isac_algos::Error> {
    let outcome = robust::solve(scene, gamma, ball, &robust::Options::default())?;
    Ok(match outcome {
        robust::Outcome::Solved(design) | robust::Outcome::Inaccurate(design) => {
            let mut report = empty(SolveStatus::Unknown);
            report.iterations = design.iterations;
            let mut rng = stream(seed, Stream::Randomisation, 0);
            let beams = rank_one::recover_robust(scene, &design, ball, &robust_way(), &mut rng)?;
            let point = Point {
                factors: &design.factors,
                targets: &design.targets,
                ball: Some(ball),
            };
            returned(&mut report, scene, &point, &design.certificate, &beams)?;
            let worst = match &beams {
                rank_one::Outcome::Found(found) => worst_of(scene, &found.beams, ball)?,
                rank_one::Outcome::Excluded { .. } | rank_one::Outcome::NotFound => {
                    design.min_worst_case()
                }
            };
            report.metric("min_worst_case_sinr", worst);
            report.metric_list("rank_ratios", &design.rank_ratios);
            report
        }
        robust::Outcome::Infeasible(proof) => {
            let mut report = empty(SolveStatus::Infeasible);
            match *proof {
                robust::Proof::Structure(why) => contradiction(&mut report, scene, &why),
                robust::Proof::Ray(..) => {
                    report.stop_reason =
                        "no covariance guarantees the SINR targets over all channel errors".into();
                    report.certificate = Some(farkas(1.0));
                }
            }
            what_fails(&mut report, scene, gamma, ball)?;
            report
        }
        robust::Outcome::NoPointBelow { power } => {
            let status = SolveStatus::NoPointBelow;
            open(scene, gamma, Some(ball), status, power, seed)?
        }
        robust::Outcome::Unknown { lower_bound } => open(
            scene,
            gamma,
            Some(ball),
            SolveStatus::Unknown,
            lower_bound,
            seed,
        )?,
    })
}

/// Smallest SINR of beams over all pairs and errors.
fn worst_of(scene: &Scene, beams: &Mat<c64>, ball: ErrorBall) -> Result<f64, isac_algos::Error> {
    let factors: Vec<Mat<c64>> = (0..beams.ncols())
        .map(|k| beams.subcols(k, 1).to_owned())
        .collect();
    let all = robust::worst_cases(scene, &factors, ball)?;
    Ok(all.iter().fold(f64::INFINITY, |low, &(_, s)| low.min(s)))
}

fn robust_largest(
    scene: &Scene,
    budget: f64,
    ball: ErrorBall,
    method: Method,
    seed: u64,
) -> Result<SolveReport, isac_algos::Error> {
    let options = robust::Options::default();
    Ok(
        match robust_max_min::solve(scene, budget, ball, method, &options)? {
            max_min::Outcome::Solved(found) | max_min::Outcome::Open(found) => {
                let demand = Demand {
                    scene,
                    ball: Some(ball),
                    budget,
                };
                let design = &found.design;
                let relaxed = Relaxed {
                    target: found.target,
                    factors: design.factors.clone(),
                    power: design.power(),
                    upper: found.upper,
                };
                let mut rng = stream(seed, Stream::Randomisation, 0);
                let beams = common_beams::largest(demand, &relaxed, &robust_way(), &mut rng)?;
                let mut report = common(
                    &demand,
                    &found,
                    &design.factors,
                    &design.evaluation,
                    beams.as_ref(),
                );
                let worst = beams.as_ref().map_or(design.min_worst_case(), |b| b.target);
                report.metric("min_worst_case_sinr", worst);
                report.metric("dP_dt_W", design.slope);
                report.metric_list("rank_ratios", &design.rank_ratios);
                report
            }
            max_min::Outcome::Infeasible {
                sensing_floor,
                lower_bound,
            } => below_floor(budget, sensing_floor, lower_bound),
            max_min::Outcome::Unknown { upper } => nothing_within(upper),
        },
    )
}
