//! An `obs-crlb/1` problem with its channel written out.

use isac_lab::document::{Node, json_of_matrix, json_of_vec};
use isac_lab::error::Error;
use isac_lab::solve::SolveRequest;
use isac_linalg::c64;
use isac_models::units::Dbm;
use serde_json::{Value, json};

use super::input::Instance;
use super::scenario;

/// The document in the layout of the fixtures.
pub(super) fn explicit(root: &Node<'_>, request: &SolveRequest) -> Result<Value, Error> {
    let Some(posed) = scenario::of_document(root)? else {
        let instance = Instance::read(root, request.seed)?;
        let mut document = root.value.clone();
        if let Some(map) = document.as_object_mut()
            && map.remove("channel").is_some()
        {
            map.insert("H".into(), json_of_matrix(instance.problem.channel()));
            map.insert("seed".into(), instance.seed.into());
        }
        return Ok(document);
    };
    let (seed, s) = (posed.seed(request)?, &posed.scenario);
    let parts = s.alpha_re.iter().zip(&s.alpha_im);
    let alpha: Vec<c64> = parts.map(|(re, im)| c64::new(*re, *im)).collect();
    Ok(json!({
        "schema": "obs-crlb/1",
        "seed": seed,
        "parameters": {
            "nt_h": s.nt_h, "nt_v": s.nt_v, "nr_h": s.nr_h, "nr_v": s.nr_v,
            "kron_order": s.kron_order,
            "K": s.users, "M": s.theta_rad.len(), "L": s.snapshots,
            "Pt": Dbm(s.power_dbm).watts(),
            "sigma_c2": s.user_noise_w, "sigma_s2": s.radar_noise_w,
            "delta_c": s.delta_c, "delta_s": s.delta_s,
        },
        "H": json_of_matrix(s.channel(seed, posed.drop).as_ref()),
        "theta": s.theta_rad, "phi": s.phi_rad, "alpha": json_of_vec(&alpha),
    }))
}
