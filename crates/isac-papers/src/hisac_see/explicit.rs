//! A `hisac-see/1` problem with its channels written out.

use super::read::posed;
use super::scenario::{self, Scenario};
use isac_algos::hisac_see::Problem;
use isac_lab::document::{Node, json_of_matrix, json_of_vec};
use isac_lab::error::Error;
use isac_lab::solve::SolveRequest;
use serde_json::{Value, json};

/// The document in the layout of the fixtures.
pub(super) fn explicit(root: &Node<'_>, request: &SolveRequest) -> Result<Value, Error> {
    let Some(stated) = scenario::of_document(root)? else {
        return Ok(root.value.clone());
    };
    let (problem, _) = posed(root, request)?;
    Ok(written(&stated.scenario, &problem))
}

/// A problem that was drawn from a scenario.
pub(super) fn written(s: &Scenario, problem: &Problem) -> Value {
    let (cell, needed) = (&problem.cell, &problem.requirements);
    let mut document = json!({
        "schema": "hisac-see/1",
        "params": {
            "M1_h_v": s.array1, "M2_h_v": s.array2, "N": s.users,
            "sigma2_W": cell.noise,
            "P1_max_W": problem.power1_max, "P2_max_W": problem.power2_max,
            "P0_W": problem.circuit_power, "P_an_W": problem.artificial_noise,
            "gamma_th": needed.sinr, "I_S": needed.secrecy_rate,
            "I_c": needed.common_rate, "I_p": needed.private_rate,
            "kappa2": problem.reflection,
            "radius_h_bo": cell.h_bo.radius(), "radius_h_e": cell.h_e.radius(),
            "radius_g_bo": cell.g_bo.radius(), "radius_g_e": cell.g_e.radius(),
        },
        "channels": {
            "h_bo": json_of_vec(&cell.h_bo.estimate), "h_e": json_of_vec(&cell.h_e.estimate),
            "h_ta": json_of_vec(&cell.h_ta), "h_cl": json_of_vec(&cell.h_cl),
            "h_users_rows": json_of_matrix(cell.h_users.transpose()),
            "g_bo": json_of_vec(&cell.g_bo.estimate), "g_e": json_of_vec(&cell.g_e.estimate),
            "g_users_rows": json_of_matrix(cell.g_users.transpose()),
        },
        "options": {
            "access": problem.access.name(),
            "user_target": problem.user_target.name(),
            "clutter": problem.clutter,
            "objective": problem.objective,
            "receive_filter": problem.filter,
            "illumination": problem.illumination,
            "ordering": problem.ordering,
        },
    });
    if let Some(order) = &problem.decoding_order {
        document["options"]["decoding_order"] = json!(order);
    }
    document
}
