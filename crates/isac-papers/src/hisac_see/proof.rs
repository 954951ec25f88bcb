//! The proof of a global bound as a file: the problem with explicit channels, the beams, the leaves.

use isac_algos::hisac_see::global::{Certified, Leaf};
use isac_lab::document::{Node, is_remark, json_of_vec};
use isac_lab::error::Error;
use isac_lab::proof;
use isac_lab::solve::{SolveReport, SolveRequest};
use serde_json::{Value, json};

use super::explicit;

/// Keys of a document that say nothing about its problem.
const LEFT_OUT: [&str; 4] = ["designs", "expected", "tolerance", "trust_region"];

/// The proof that `certified` is of a problem with explicit channels, with the beams of `report`. A channel's error stands once, in a pool that
/// the leaves refer to.
pub(super) fn write(problem: Value, report: &SolveReport, certified: &Certified) -> Value {
    let (pool, leaves) = listed(&certified.leaves);
    json!({
        "schema": proof::SCHEMA,
        "problem": problem,
        "bound": certified.bound,
        "value": report.objective,
        "design": report.beamformers,
        "errors": pool,
        "leaves": leaves,
    })
}

/// The proof that there is no design.
pub(super) fn write_excluded(problem: Value, leaves: &[Leaf]) -> Value {
    let slot = leaves.first().map_or(0, |leaf| leaf.slot);
    let (pool, leaves) = listed(leaves);
    json!({
        "schema": proof::SCHEMA,
        "problem": problem,
        "infeasible": { "slot": slot, "errors": pool, "leaves": leaves },
    })
}

/// The problem of a document with explicit channels.
pub(super) fn document(root: &Node<'_>, request: &SolveRequest) -> Result<Value, Error> {
    let mut document = explicit::explicit(root, request)?;
    if let Some(map) = document.as_object_mut() {
        map.retain(|key, _| !LEFT_OUT.contains(&key.as_str()) && !is_remark(key));
    }
    Ok(document)
}

/// The channel errors, each once, and the leaves that refer to them.
fn listed(leaves: &[Leaf]) -> (Vec<Value>, Vec<Value>) {
    let mut pool: Vec<&[isac_linalg::c64]> = Vec::new();
    let mut out = Vec::new();
    for leaf in leaves {
        let mut cuts = Vec::new();
        for (cut, y) in leaf.multipliers.cuts.iter().filter(|(_, y)| *y > 0.0) {
            let known = pool.iter().position(|error| *error == cut.error.as_slice());
            let at = known.unwrap_or(pool.len());
            if known.is_none() {
                pool.push(&cut.error);
            }
            let mut entry = json!({ "row": cut.kind.name(), "error": at, "y": y });
            if cut.slope.norm_sqr() > 0.0 {
                entry["v"] = json!([cut.slope.re, cut.slope.im]);
            }
            cuts.push(entry);
        }
        out.push(json!({
            "slot": leaf.slot, "lower": leaf.cell.lower(), "upper": leaf.cell.upper(),
            "bound": leaf.bound, "m": leaf.multipliers.m, "y": leaf.multipliers.fixed, "cuts": cuts,
        }));
    }
    (pool.iter().map(|error| json_of_vec(error)).collect(), out)
}
