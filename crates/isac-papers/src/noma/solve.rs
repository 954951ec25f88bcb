//! `isac solve` for `noma/1`: what is reported is what the returned beams do; the relaxation is the
//! bound.

use isac_algos::noma::common_beams::{self, Demand, Relaxed};
use isac_algos::noma::max_min::{self, Method};
use isac_algos::noma::robust::{self, ErrorBall};
use isac_algos::noma::{
    Evaluation, Scene, certificate, power_min, rank_one, reduced_dual, robust_max_min,
};
use isac_lab::document::Node;
use isac_lab::error::Error;
use isac_lab::solve::{Certify, SolveReport, SolveRequest, SolveStatus};
use isac_linalg::{Mat, c64};
use isac_models::rng::{Stream, stream};

use super::algorithm::Algorithm;
use super::answer::{
    ACCEPT, Point, beams_of, covariances, empty, evaluated, judge, returned, robust_way, worst_of,
};
use super::input::{self, Case, Problem};
use super::no_answer::{
    below_floor, blamed, contradiction, farkas, nothing_within, open, what_fails,
};
use super::proof;

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
        reduced_dual::power_min_or_relaxation(scene, gamma, &options)?
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
