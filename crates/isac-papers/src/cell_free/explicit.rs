//! A `cell-free/1` problem with its channels written out.

use isac_lab::document::{Node, json_of_matrix};
use isac_lab::error::Error;
use isac_lab::solve::SolveRequest;
use serde_json::{Value, json};

use super::scenario;
use super::solve::posed;

/// The document with the drawn places as channels; one that states positions or channels is as it stands.
pub(super) fn explicit(root: &Node<'_>, request: &SolveRequest) -> Result<Value, Error> {
    let (case, _) = posed(root, request)?;
    if scenario::of_document(root)?.is_none() {
        return Ok(root.value.clone());
    }
    let network = &case.network;
    let antennas: Vec<usize> = (0..network.access_points())
        .map(|m| network.rows(m).1)
        .collect();
    let mut document = json!({
        "schema": "cell-free/1",
        "antennas": antennas,
        "H": json_of_matrix(network.channels()),
        "steering": json_of_matrix(network.steering()),
        "P_W": network.power(), "sigma2_W": network.noise(),
        "zeta2": network.gain(), "share": case.share,
    });
    if let Some(derivative) = &case.derivative {
        document["steering_derivative"] = json_of_matrix(derivative.as_ref());
        document["snapshots"] = json!(case.snapshots);
    }
    if case.error_radius.iter().any(|radius| *radius > 0.0) {
        document["error_radius"] = json!(case.error_radius);
    }
    if let Some(floors) = &case.floors {
        document["min_sinr"] = json!(floors);
    }
    Ok(document)
}
