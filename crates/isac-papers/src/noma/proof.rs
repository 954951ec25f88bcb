//! The proof of a bound as a file: the problem with explicit channels, the beams, one leaf of
//! multipliers; or why there is no design.

use isac_algos::noma::proof::{Evidence, Proved, Task, find};
use isac_algos::noma::robust::ErrorBall;
use isac_algos::noma::structure::Impossible;
use isac_lab::document::{Document, Node, is_remark, json_of_matrix, json_of_vec};
use isac_lab::error::Error;
use isac_lab::proof::{SCHEMA, Verdict};
use isac_lab::solve::{SolveReport, SolveRequest, SolveStatus};
use serde_json::{Value, json};

use super::case::{Case, Problem};
use super::{explicit, verify};

/// Losses of scale that are tried: rounding may keep the multipliers from proving all of the bound.
const LOSSES: [f64; 12] = [
    0.0, 1e-15, 1e-14, 1e-13, 1e-12, 1e-11, 1e-10, 1e-9, 1e-8, 1e-7, 1e-6, 1e-4,
];

/// Adds the proof to a report, if one is found, and says its bound in the report.
pub(super) fn attach(
    root: &Node<'_>,
    request: &SolveRequest,
    case: &Case,
    report: &mut SolveReport,
) -> Result<(), Error> {
    let failed = |e: isac_algos::Error| Error::numerical("proof", e);
    let nothing = ErrorBall {
        radius: 0.0,
        residual: true,
    };
    let (task, ball) = match &case.problem {
        Problem::PowerMin { gamma } => (Task::Power(gamma.clone()), nothing),
        Problem::RobustPowerMin { gamma, ball } => (Task::Power(gamma.clone()), *ball),
        Problem::MaxMin { budget } => (Task::Common(*budget), nothing),
        Problem::RobustMaxMin { budget, ball } => (Task::Common(*budget), *ball),
    };
    let near = report.certificate.as_ref().map(|known| known.bound);
    let Some(proved) = find(&case.scene, &task, ball, near).map_err(failed)? else {
        return Ok(());
    };
    let problem = document(root, request)?;
    let head = |body: Value| {
        let mut proof = body;
        proof["schema"] = SCHEMA.into();
        proof["problem"] = problem.clone();
        proof
    };
    let infeasible = report.status == SolveStatus::Infeasible;
    let by = |rule: &str, evidence: &Evidence| {
        let written = |evidence: &Evidence, _: f64| {
            let mut body = leaf(evidence);
            body["rule"] = rule.into();
            head(json!({ "infeasible": body }))
        };
        tried(evidence, written).map(|found| found.map(|(proof, _)| proof))
    };
    match proved {
        Proved::Structure(why) if infeasible => {
            let proof = head(json!({ "infeasible": contradiction(case, &why) }));
            report.proof = accepted(&proof)?.map(|_| proof);
        }
        Proved::Ray(evidence) if infeasible => report.proof = by("ray", &evidence)?,
        Proved::OverBudget(evidence) if infeasible => report.proof = by("budget", &evidence)?,
        Proved::Bound { bound, evidence } => {
            let (Some(w), Some(value)) = (report.beamformers.get("w"), report.objective) else {
                return Ok(());
            };
            let found = tried(&evidence, |evidence, loss| {
                // A power shrinks with its multipliers; a common SINR stands.
                let bound = match task {
                    Task::Power(_) => bound * (1.0 - loss) * (1.0 - 1e-12),
                    Task::Common(_) => bound,
                };
                let mut body = leaf(evidence);
                body["bound"] = bound.into();
                head(json!({ "bound": bound, "value": value, "w": w, "leaves": [body] }))
            })?;
            if let Some((proof, Verdict::Proved { bound, .. })) = found {
                report.proof = Some(proof);
                if let Some(certificate) = &mut report.certificate {
                    certificate.bound = bound;
                    certificate.relative_gap = isac_lab::solve::relative_gap(bound, value);
                }
            }
        }
        Proved::Structure(_) | Proved::Ray(_) | Proved::OverBudget(_) => {}
    }
    Ok(())
}

/// The first proof that the verifier takes, of evidence scaled by one less a loss.
fn tried(
    evidence: &Evidence,
    write: impl Fn(&Evidence, f64) -> Value,
) -> Result<Option<(Value, Verdict)>, Error> {
    for loss in LOSSES {
        let proof = write(&evidence.scaled(1.0 - loss), loss);
        if let Some(verdict) = accepted(&proof)? {
            return Ok(Some((proof, verdict)));
        }
    }
    Ok(None)
}

/// What the verifier says, unless it refuses.
fn accepted(proof: &Value) -> Result<Option<Verdict>, Error> {
    let document = Document {
        file: "proof".into(),
        value: proof.clone(),
    };
    Ok(match verify::verify(&document.root())? {
        Verdict::Refused { .. } => None,
        proved @ (Verdict::Proved { .. } | Verdict::Infeasible { .. }) => Some(proved),
    })
}

fn leaf(evidence: &Evidence) -> Value {
    let y = &evidence.multipliers;
    let errors: Vec<Value> = (evidence.errors.iter())
        .map(|half| json_of_matrix(half.as_ref()))
        .collect();
    json!({
        "sinr": y.sinr, "floor": y.floor, "difference": y.difference,
        "cross": json_of_vec(&y.cross), "ordering": y.ordering, "errors": errors,
    })
}

fn contradiction(case: &Case, why: &Impossible) -> Value {
    match why {
        Impossible::CoincidentTargets { .. } => json!({ "rule": "coincident_targets" }),
        Impossible::ParallelChannels { positions, .. } => {
            let users = positions.iter().map(|&p| case.scene.user(p));
            json!({ "rule": "parallel_channels", "users": users.collect::<Vec<_>>() })
        }
        Impossible::Silenced { position, .. } => {
            json!({ "rule": "silenced", "user": case.scene.user(*position) })
        }
    }
}

/// The problem with explicit channels and the case alone.
fn document(root: &Node<'_>, request: &SolveRequest) -> Result<Value, Error> {
    let mut value = explicit::explicit(root, request)?;
    let chosen = request.case.unwrap_or(0);
    if let Some(map) = value.as_object_mut() {
        map.retain(|key, _| key != "tolerance" && !is_remark(key));
    }
    if let Some(cases) = value["cases"].as_array_mut()
        && chosen < cases.len()
    {
        let mut case = cases.swap_remove(chosen);
        if let Some(map) = case.as_object_mut() {
            for key in ["expected", "tolerance", "nonrobust_beams"] {
                map.remove(key);
            }
            map.retain(|key, _| !is_remark(key));
        }
        *cases = vec![case];
    }
    Ok(value)
}
