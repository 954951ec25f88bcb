//! `isac check` for `noma/1`.

use isac_algos::noma::max_min::{self, Outcome as MaxMinOutcome};
use isac_algos::noma::power_min::{self, Outcome as PowerOutcome};
use isac_algos::noma::robust::{self, ErrorBall, Outcome as RobustOutcome};
use isac_algos::noma::{Evaluation, Scene, bounds, rank_one, reduced_dual, robust_max_min};
use isac_metrics::noma::Pair;
use isac_models::rng::{Stream, stream};

use super::input::{self, Case, Problem};
use isac_lab::check::{Checker, Goal, Got, Tolerance, Tolerances};
use isac_lab::document::Node;
use isac_lab::error::Error;

/// Recomputes every case.
pub(super) fn check(root: &Node<'_>, checker: &mut Checker) -> Result<(), Error> {
    let seed = input::seed(root)?;
    for node in input::cases(root)? {
        let case = input::read(root, &node, seed)?;
        let tolerances = Tolerances::new(node.opt("tolerance"), root.opt("tolerance"));
        let expected = node.get("expected")?;
        match &case.problem {
            Problem::PowerMin { gamma } => {
                power_min_case(&case, gamma, &expected, &tolerances, checker)?;
            }
            Problem::MaxMin { budget } => {
                max_min_case(&case, *budget, &expected, &tolerances, checker)?;
            }
            Problem::RobustPowerMin { gamma, ball } => {
                robust_case(&case, gamma, *ball, &expected, &tolerances, checker)?;
            }
            Problem::RobustMaxMin { budget, ball } => {
                robust_max_min_case(&case, *budget, *ball, &expected, &tolerances, checker)?;
            }
        }
    }
    Ok(())
}

fn broke<'a>(node: &'a Node<'_>) -> impl Fn(isac_algos::Error) -> Error + 'a {
    |e| Error::numerical(&node.path, e)
}

fn missing(why: &str) -> Got {
    Got::Missing(format!("no answer ({why})"))
}

/// `message,user` in the document's numbering of users.
fn key_of(scene: &Scene, pair: Pair) -> String {
    format!("{},{}", scene.user(pair.message), scene.user(pair.decoder))
}

fn sinr_of(scene: &Scene, list: &[(Pair, f64)], key: &str) -> Option<f64> {
    list.iter()
        .find(|(pair, _)| key_of(scene, *pair) == key)
        .map(|&(_, sinr)| sinr)
}

/// Compares an object `"message,user": value`.
fn compare_pairs(
    checker: &mut Checker,
    expected: &Node<'_>,
    scene: &Scene,
    ours: Option<&[(Pair, f64)]>,
    tolerance: Tolerance,
) -> Result<(), Error> {
    for (key, node) in expected.entries()? {
        let got = match ours {
            None => missing("no design"),
            Some(list) => sinr_of(scene, list, key)
                .map_or_else(|| Got::Missing("no such decoding pair".into()), Got::from),
        };
        checker.compare(&node, got, tolerance)?;
    }
    Ok(())
}

/// The keys that any design answers; `None` for another key.
fn common(key: &str, evaluation: &Evaluation) -> Option<Got> {
    Some(match key {
        "power_W" | "relaxation_power_W" => evaluation.power.into(),
        "comm_power_W" => evaluation.transmit_power.into(),
        "P_theta_W" => evaluation.pattern.as_slice().into(),
        _ => return None,
    })
}

fn power_min_case(
    case: &Case,
    gamma: &[f64],
    expected: &Node<'_>,
    tolerances: &Tolerances<'_>,
    checker: &mut Checker,
) -> Result<(), Error> {
    let scene = &case.scene;
    let options = power_min::Options::default();
    let power_rel = tolerances.get("power_rel", 1e-6)?;
    let outcome = if checker.metrics_only {
        PowerOutcome::Unknown { lower_bound: 0.0 }
    } else {
        reduced_dual::power_min_or_relaxation(scene, gamma, &options).map_err(broke(expected))?
    };
    let design = outcome.design();
    let beams = |design: &power_min::Design| -> Result<Option<rank_one::Beams>, Error> {
        let mut rng = stream(isac_lab::DEFAULT_SEED, Stream::Randomisation, 0);
        let found = rank_one::recover(scene, design, &rank_one::Options::default(), &mut rng);
        Ok(found.map_err(broke(expected))?.found())
    };
    checker.each(expected, |checker, key, node| {
        if key == "rank_one" {
            return rank_one_keys(scene, node, design, power_rel, checker, &beams).map(|()| true);
        }
        if checker.skips_solver(node) {
            return Ok(true);
        }
        let value = design.and_then(|d| common(key, &d.evaluation));
        match key {
            "feasible" | "relaxation_feasible" => {
                let got = match &outcome {
                    PowerOutcome::Solved(_) => true.into(),
                    PowerOutcome::Infeasible(_) => false.into(),
                    other => missing(other.name()),
                };
                checker.compare(node, got, Tolerance::rel(0.0))?;
            }
            "power_W" | "comm_power_W" | "relaxation_power_W" => {
                let got = value.unwrap_or_else(|| missing(outcome.name()));
                checker.compare(node, got, Tolerance::rel(power_rel))?;
            }
            "P_theta_W" => {
                let rel = tolerances.get("P_theta_rel", 1e-5)?;
                let got = value.unwrap_or_else(|| missing(outcome.name()));
                checker.compare(node, got, Tolerance::rel(rel))?;
            }
            "certified_lower_bound_W" => {
                let target = expected
                    .opt("power_W")
                    .map_or_else(|| node.f64(), |p| p.f64())?;
                let bound = design.map_or(f64::NAN, |d| d.certificate.lower_bound);
                let holds = (bound - target).abs() <= power_rel * target.abs();
                let stated = format!("within {power_rel:e} of {target}");
                checker.verdict(node, stated, bound.to_string(), "valid bound", holds);
            }
            "primal_violation" => {
                let violation = design.map_or(f64::NAN, |d| d.certificate.violation);
                let got = format!("{violation:e}");
                checker.verdict(node, "<= 1e-7", got, "ours", violation <= 1e-7);
            }
            "tight_sinr" => {
                let rel = tolerances.get("tight_sinr_rel", 1e-5)?;
                let ours = design.map(|d| d.evaluation.sinr.as_slice());
                compare_pairs(checker, node, scene, ours, Tolerance::rel(rel))?;
            }
            "rank_one_feasible" => {
                let got = rank_one_feasible(scene, design, &beams)?;
                checker.compare(node, got, Tolerance::rel(0.0))?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    })
}

type FindBeams<'a> = dyn Fn(&power_min::Design) -> Result<Option<rank_one::Beams>, Error> + 'a;

/// No by the Welch bound, yes by beams, otherwise open.
fn rank_one_feasible(
    scene: &Scene,
    design: Option<&power_min::Design>,
    beams: &FindBeams<'_>,
) -> Result<Got, Error> {
    if bounds::rank_one_excluded(scene) {
        return Ok(false.into());
    }
    Ok(match design.map(beams).transpose()?.flatten() {
        Some(_) => true.into(),
        None => missing("no beams found, none excluded"),
    })
}

fn rank_one_keys(
    scene: &Scene,
    expected: &Node<'_>,
    design: Option<&power_min::Design>,
    power_rel: f64,
    checker: &mut Checker,
    beams: &FindBeams<'_>,
) -> Result<(), Error> {
    if expected.value.is_null() {
        checker.not_checked(expected, "a remark");
        return Ok(());
    }
    checker.each(expected, |checker, key, node| {
        match key {
            "welch_lower_bound_cbar_W2" => {
                let tolerance = Tolerance::both(1e-12, power_rel);
                checker.compare(node, bounds::welch_bound(scene), tolerance)?;
            }
            "rank_one_proved_infeasible" => {
                let excluded = bounds::rank_one_excluded(scene);
                checker.compare(node, excluded, Tolerance::rel(0.0))?;
            }
            "rank_one_feasible" | "best_rank_one_power_W" if checker.skips_solver(node) => {}
            "rank_one_feasible" => {
                let got = rank_one_feasible(scene, design, beams)?;
                checker.compare(node, got, Tolerance::rel(0.0))?;
            }
            "best_rank_one_power_W" => {
                let found = design.map(beams).transpose()?.flatten();
                let power = found.as_ref().map_or(f64::NAN, |b| b.power_beams);
                let rule = Tolerance::rel(1e-3);
                checker.target(node, power, Goal::AtMost, rule, found.is_some())?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    })
}

fn max_min_case(
    case: &Case,
    budget: f64,
    expected: &Node<'_>,
    tolerances: &Tolerances<'_>,
    checker: &mut Checker,
) -> Result<(), Error> {
    let outcome = if checker.metrics_only {
        MaxMinOutcome::Unknown {
            upper: f64::INFINITY,
        }
    } else {
        let options = max_min::Options::default();
        max_min::solve(&case.scene, budget, &options).map_err(broke(expected))?
    };
    let facts = |design: &power_min::Design| (design.slope, design.evaluation.clone());
    common_sinr(case, &outcome, facts, 1e-6, expected, tolerances, checker)
}

fn robust_max_min_case(
    case: &Case,
    budget: f64,
    ball: ErrorBall,
    expected: &Node<'_>,
    tolerances: &Tolerances<'_>,
    checker: &mut Checker,
) -> Result<(), Error> {
    let outcome = if checker.metrics_only {
        MaxMinOutcome::Unknown {
            upper: f64::INFINITY,
        }
    } else {
        let options = robust::Options::default();
        robust_max_min::solve(&case.scene, budget, ball, max_min::Method::Auto, &options)
            .map_err(broke(expected))?
    };
    let facts = |design: &robust::Design| (design.slope, design.evaluation.clone());
    common_sinr(case, &outcome, facts, 1e-5, expected, tolerances, checker)
}

/// The keys of a largest common SINR; `facts` are the slope `dP/dt` and what a design achieves
/// without channel errors, `power_rel` the tolerance of powers where none is stated.
fn common_sinr<D>(
    case: &Case,
    outcome: &MaxMinOutcome<D>,
    facts: impl Fn(&D) -> (f64, Evaluation),
    power_rel: f64,
    expected: &Node<'_>,
    tolerances: &Tolerances<'_>,
    checker: &mut Checker,
) -> Result<(), Error> {
    let scene = &case.scene;
    let power_rel = tolerances.get("power_rel", power_rel)?;
    let t_rel = tolerances.get("t_rel", 1e-5)?;
    let found = match outcome {
        MaxMinOutcome::Solved(solution) | MaxMinOutcome::Open(solution) => {
            let (slope, evaluation) = facts(&solution.design);
            Some((solution.target, slope, evaluation))
        }
        MaxMinOutcome::Infeasible { .. } | MaxMinOutcome::Unknown { .. } => None,
    };
    let found = found.as_ref();
    checker.each(expected, |checker, key, node| {
        if checker.skips_solver(node) {
            return Ok(true);
        }
        let or_missing = |value: Option<Got>| value.unwrap_or_else(|| missing(outcome.name()));
        let (got, tolerance) = match key {
            "feasible" => {
                let got = match outcome {
                    MaxMinOutcome::Solved(_) | MaxMinOutcome::Open(_) => true.into(),
                    MaxMinOutcome::Infeasible { .. } => false.into(),
                    MaxMinOutcome::Unknown { .. } => missing("unknown"),
                };
                (got, Tolerance::rel(0.0))
            }
            "t" => (or_missing(found.map(|f| f.0.into())), Tolerance::rel(t_rel)),
            "t_dB" => (
                or_missing(found.map(|f| (10.0 * f.0.log10()).into())),
                Tolerance::abs(4.4 * t_rel),
            ),
            "dP_dt" => (
                or_missing(found.map(|f| f.1.into())),
                Tolerance::rel(tolerances.get("dP_dt_rel", 1e-3)?),
            ),
            "power_W" | "comm_power_W" => (
                or_missing(found.and_then(|f| common(key, &f.2))),
                Tolerance::rel(power_rel),
            ),
            "P_theta_W" => (
                or_missing(found.and_then(|f| common(key, &f.2))),
                Tolerance::rel(tolerances.get("P_theta_rel", 1e-5)?),
            ),
            "sensing_floor_W" => {
                let got = match outcome {
                    MaxMinOutcome::Infeasible { sensing_floor, .. } => (*sensing_floor).into(),
                    _ => power_min::sensing_floor(scene, &power_min::Options::default())
                        .map_err(broke(expected))?
                        .map_or_else(|| missing("unknown"), |f| f.power.into()),
                };
                (got, Tolerance::rel(power_rel))
            }
            _ => return Ok(false),
        };
        checker.compare(node, got, tolerance)?;
        Ok(true)
    })
}

fn robust_case(
    case: &Case,
    gamma: &[f64],
    ball: ErrorBall,
    expected: &Node<'_>,
    tolerances: &Tolerances<'_>,
    checker: &mut Checker,
) -> Result<(), Error> {
    let scene = &case.scene;
    let power_rel = tolerances.get("power_rel", 1e-5)?;
    let outcome = if checker.metrics_only {
        RobustOutcome::Unknown { lower_bound: 0.0 }
    } else {
        robust::solve(scene, gamma, ball, &robust::Options::default()).map_err(broke(expected))?
    };
    let design = outcome.design();
    checker.each(expected, |checker, key, node| {
        if key == "nonrobust_worst_case_sinr" {
            let rel = tolerances.get("worst_case_sinr_rel", 1e-7)?;
            let Some(beams) = &case.nonrobust_beams else {
                checker.lacks(node, "nonrobust_beams");
                return Ok(true);
            };
            let factors = input::factors_by_position(scene, beams);
            let worst = robust::worst_cases(scene, &factors, ball).map_err(broke(node))?;
            compare_pairs(checker, node, scene, Some(&worst), Tolerance::rel(rel))?;
            return Ok(true);
        }
        if checker.skips_solver(node) {
            return Ok(true);
        }
        match key {
            "feasible" => {
                let natural = robust::natural_power(scene, gamma, ball);
                let got = feasible(&outcome, natural.map_err(broke(node))?);
                checker.compare(node, got, Tolerance::rel(0.0))?;
            }
            "power_W" | "comm_power_W" | "P_theta_W" => {
                let rel = if key == "P_theta_W" {
                    tolerances.get("P_theta_rel", 1e-5)?
                } else {
                    power_rel
                };
                let got = design
                    .and_then(|d| common(key, &d.evaluation))
                    .unwrap_or_else(|| missing(outcome.name()));
                checker.compare(node, got, Tolerance::rel(rel))?;
            }
            "dual_W" => {
                let got = design.map_or_else(
                    || missing(outcome.name()),
                    |d| d.certificate.lower_bound.into(),
                );
                checker.compare(node, got, Tolerance::rel(power_rel))?;
            }
            "nonrobust_power_W" => {
                let options = power_min::Options::default();
                let nominal = reduced_dual::power_min_or_relaxation(scene, gamma, &options)
                    .map_err(broke(node))?
                    .solved();
                let got = nominal.map_or_else(|| missing("nominal"), |d| d.power().into());
                checker.compare(node, got, Tolerance::rel(power_rel))?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    let Some(design) = design else {
        return Ok(());
    };
    let rel = tolerances.get("robust_sinr_rel", 1e-5)?;
    own_worst_case(design, rel, expected, checker);
    Ok(())
}

/// Whether there is a robust design; so much power as the contract counts as none is none.
fn feasible(outcome: &RobustOutcome, natural_power: f64) -> Got {
    match outcome {
        RobustOutcome::Solved(_) => true.into(),
        RobustOutcome::Infeasible(_) => false.into(),
        RobustOutcome::NoPointBelow { power } if *power >= 1e7 * natural_power => false.into(),
        other => missing(other.name()),
    }
}

/// Whether our own covariances meet the targets under their exact worst errors.
fn own_worst_case(design: &robust::Design, rel: f64, expected: &Node<'_>, checker: &mut Checker) {
    let short = |&(pair, sinr): &(Pair, f64)| 1.0 - sinr / design.targets[pair.message];
    let shortfalls = design.worst_case.iter().map(short);
    let shortfall = shortfalls.fold(f64::NEG_INFINITY, f64::max);
    let node = Node {
        path: format!("{} (exact worst case of ours)", expected.path),
        ..expected.clone()
    };
    let got = format!("shortfall {shortfall:e}");
    let tolerance = format!("rel {rel:e}");
    checker.verdict(&node, "SINR >= gamma", got, tolerance, shortfall <= rel);
}
