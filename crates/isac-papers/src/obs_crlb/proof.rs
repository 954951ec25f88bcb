//! The proof of a global bound as a file: the problem with explicit channels, the beams, the leaves.

use isac_algos::obs_crlb::global::Certified;
use isac_algos::obs_crlb::{Solution, SumRateCrlb};
use isac_lab::document::{Node, json_of_matrix, json_of_vec};
use isac_lab::error::Error;
use isac_lab::proof;
use isac_linalg::c64;
use isac_models::array::KronOrder;
use isac_models::units::Dbm;
use serde_json::{Value, json};

use super::scenario;

/// Keys of a document that say nothing about its problem once the channel is explicit.
const LEFT_OUT: [&str; 6] = [
    "expected",
    "tolerance",
    "metric_cases",
    "W0",
    "seed",
    "channel",
];

/// The proof that `certified` is, with the beams of `solution`.
pub(super) fn write(
    root: &Node<'_>,
    problem: &SumRateCrlb,
    solution: &Solution,
    certified: &Certified,
) -> Result<Value, Error> {
    let leaves = certified.leaves.iter().map(|leaf| {
        let y = &leaf.proof.y;
        let row = |i: usize| -> Vec<f64> { (0..y.ncols()).map(|j| y[(i, j)]).collect() };
        let rows: Vec<Vec<f64>> = (0..y.nrows()).map(row).collect();
        json!({
            "lower": leaf.cell.lower(), "upper": leaf.cell.upper(), "bound": leaf.bound,
            "m": leaf.proof.m, "q": leaf.proof.q, "Y": rows,
        })
    });
    Ok(json!({
        "schema": proof::SCHEMA,
        "problem": document(root, problem)?,
        "bound": certified.bound,
        "value": solution.merit.objective,
        "W": json_of_matrix(solution.beamformer.as_ref()),
        "leaves": leaves.collect::<Vec<_>>(),
    }))
}

/// The problem as a document with an explicit channel.
fn document(root: &Node<'_>, problem: &SumRateCrlb) -> Result<Value, Error> {
    let channel = json_of_matrix(problem.channel());
    let Some(posed) = scenario::of_document(root)? else {
        let mut map = root.object()?.clone();
        LEFT_OUT.iter().for_each(|key| {
            map.remove(*key);
        });
        map.retain(|key, _| !isac_lab::document::is_remark(key));
        map.insert("H".into(), channel);
        return Ok(Value::Object(map));
    };
    let scene = &posed.scenario;
    let parts = scene.alpha_re.iter().zip(&scene.alpha_im);
    let alpha: Vec<c64> = parts.map(|(re, im)| c64::new(*re, *im)).collect();
    let order = match scene.kron_order {
        KronOrder::HorizontalSlow => "hv",
        KronOrder::VerticalSlow => "vh",
    };
    Ok(json!({
        "schema": "obs-crlb/1",
        "parameters": {
            "nt_h": scene.nt_h, "nt_v": scene.nt_v, "nr_h": scene.nr_h, "nr_v": scene.nr_v,
            "K": scene.users, "M": alpha.len(), "L": scene.snapshots,
            "Pt": Dbm(scene.power_dbm).watts(), "sigma_c2": scene.user_noise_w,
            "sigma_s2": scene.radar_noise_w, "delta_c": scene.delta_c, "delta_s": scene.delta_s,
            "kron_order": order,
        },
        "theta": scene.theta_rad, "phi": scene.phi_rad, "alpha": json_of_vec(&alpha),
        "H": channel,
    }))
}
