//! The proof of a bound as a file: the problem with explicit channels, the beams, prices and boxes of light.

use isac_algos::alpha_fair::echoes::{self, Evidence, Node as Box};
use isac_algos::alpha_fair::{FEASIBLE, bound};
use isac_lab::document::{Document, Node, is_remark};
use isac_lab::error::Error;
use isac_lab::proof::{SCHEMA, Verdict};
use isac_lab::solve::{SolveReport, SolveRequest};
use isac_metrics::fairness::Form;
use serde_json::{Value, json};

use super::posed::Posed;
use super::{explicit, verify};

/// By how much a cluster's bound is stated above what was found, relative: the verifier splits other boxes.
const SLACK: f64 = 3e-4;

/// Adds the proof to a report, if one is found, and says its bound in the report.
pub(super) fn attach(
    root: &Node<'_>,
    request: &SolveRequest,
    posed: &Posed,
    crlb: &[f64],
    report: &mut SolveReport,
) -> Result<(), Error> {
    let failed = |e: isac_algos::Error| Error::numerical("proof", e);
    let problem = &posed.problem;
    let (Some(w), Some(value)) = (report.beamformers.get("W"), report.objective) else {
        return Ok(());
    };
    if report
        .max_violation
        .is_none_or(|violation| violation > FEASIBLE)
    {
        return Ok(());
    }
    let rates = problem.min_rates().iter();
    let rates = rates.map(|rate| (rate - FEASIBLE).max(0.0)).collect();
    let relaxed = problem.clone().with_min_rates(rates).map_err(failed)?;
    let upper = problem.fairness().with_form(Form::Norm).cost(crlb);
    let options = bound::Options::default();
    let goes_on = || request.goes_on();
    let Some(evidence) = echoes::search(&relaxed, &options, goes_on).map_err(failed)? else {
        return Ok(());
    };
    let mut leaf = leaf(&evidence, problem.power_w());
    let mut document = document(root, request)?;
    // The unit of the cost may come from a start, which a proof does not need.
    document["cases"][0]["config"]["Cref"] = problem.fairness().reference().into();
    // The bound is what the verifier makes of the prices.
    leaf["bound"] = 0.0.into();
    let parsed = Document {
        file: "proof".into(),
        value: leaf.clone(),
    };
    let read = verify::read(&parsed.root(), problem)?;
    let norm = match verify::bounded(problem, &read, upper) {
        Ok(norm) => norm,
        Err(why) => {
            report
                .warnings
                .push(format!("the prices found prove nothing: {why}"));
            return Ok(());
        }
    };
    let count = problem.sensing().targets();
    let bound = problem.fairness().from_norm(norm * (1.0 - 1e-12), count);
    leaf["bound"] = bound.into();
    let proof = json!({
        "schema": SCHEMA, "problem": document, "bound": bound, "value": value, "W": w,
        "leaves": [leaf],
    });
    let parsed = Document {
        file: "proof".into(),
        value: proof,
    };
    if let Verdict::Refused { why } = verify::verify(&parsed.root())? {
        report
            .warnings
            .push(format!("the proof found is refused: {why}"));
        return Ok(());
    }
    report.proof = Some(parsed.value);
    report.metric("bound_norm", norm);
    let boxes: usize = evidence.boxes.iter().map(Vec::len).sum();
    report.metric("boxes", boxes as f64);
    if let Some(certificate) = &mut report.certificate {
        certificate.bound = bound;
        certificate.relative_gap = isac_lab::solve::relative_gap(bound, value);
    }
    Ok(())
}

/// Prices per share of the power as prices per watt, light in watt.
fn leaf(evidence: &Evidence, power_w: f64) -> Value {
    let boxes = evidence.boxes.iter().map(|list| {
        let (mut splits, mut rho) = (Vec::new(), Vec::new());
        for node in list {
            match node {
                Box::Split { target, at } => splits.push(json!([target, at * power_w])),
                Box::Leaf(prices) => {
                    splits.push(Value::Null);
                    rho.push(prices.iter().map(|x| x / power_w).collect::<Vec<_>>());
                }
            }
        }
        json!({ "splits": splits, "rho": rho })
    });
    let clusters = evidence.users.clusters.iter().map(|list| {
        let one = |(users, phi): &(Vec<usize>, f64)| {
            json!({ "users": users, "phi": phi * power_w * (1.0 + SLACK) })
        };
        list.iter().map(one).collect::<Vec<_>>()
    });
    let weights: Vec<f64> = (evidence.users.weights.iter())
        .map(|x| x * power_w)
        .collect();
    json!({
        "weights": evidence.weights,
        "centres": evidence.centres,
        "users": { "weights": weights, "clusters": clusters.collect::<Vec<_>>() },
        "E": evidence.dual.information,
        "mu": evidence.dual.power / power_w,
        "boxes": boxes.collect::<Vec<_>>(),
    })
}

/// The problem with explicit channels and the case alone.
fn document(root: &Node<'_>, request: &SolveRequest) -> Result<Value, Error> {
    let mut value = explicit::explicit(root, request)?;
    let chosen = request.case.unwrap_or(0);
    if let Some(map) = value.as_object_mut() {
        map.retain(|key, _| !["W", "W0", "tolerance"].contains(&key.as_str()) && !is_remark(key));
    }
    if let Some(cases) = value["cases"].as_array_mut()
        && chosen < cases.len()
    {
        let mut case = cases.swap_remove(chosen);
        if let Some(map) = case.as_object_mut() {
            map.retain(|key, _| key == "config");
        }
        *cases = vec![case];
    }
    Ok(value)
}
