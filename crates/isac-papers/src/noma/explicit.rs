//! A `noma/1` problem with its channels written out.

use isac_lab::document::{Node, json_of_matrix};
use isac_lab::error::Error;
use isac_lab::solve::SolveRequest;
use serde_json::{Map, Value, json};

use super::case::Problem;
use super::input;
use super::scenario;

/// The document in the layout of the fixtures.
pub(super) fn explicit(root: &Node<'_>, request: &SolveRequest) -> Result<Value, Error> {
    let Some(posed) = scenario::of_document(root)? else {
        let seed = request.seed.map_or_else(|| input::seed(root), Ok)?;
        let mut document = root.value.clone();
        if let (None, Some(map)) = (root.opt("H"), document.as_object_mut()) {
            let drawn = input::drawn_channels(root, seed)?;
            map.remove("realization");
            map.insert("H".into(), json_of_matrix(drawn.as_ref()));
        }
        document["seed"] = seed.into();
        return Ok(document);
    };
    let (seed, s) = (posed.seed(request)?, &posed.scenario);
    let problem = s.case(seed, posed.drop);
    let problem = problem.map_err(|e| isac_lab::scenario::refused(root, e))?;
    let mut case = Map::new();
    case.insert("problem".into(), problem.problem.name().into());
    case.insert("sic".into(), s.sic.name().into());
    case.insert("ordering".into(), s.ordering.into());
    match &problem.problem {
        Problem::PowerMin { gamma } | Problem::RobustPowerMin { gamma, .. } => {
            case.insert("gamma".into(), json!(gamma));
        }
        Problem::MaxMin { budget } | Problem::RobustMaxMin { budget, .. } => {
            case.insert("P_total_W".into(), json!(budget));
        }
    }
    match &problem.problem {
        Problem::RobustPowerMin { ball, .. } | Problem::RobustMaxMin { ball, .. } => {
            case.insert("eps".into(), json!(ball.radius));
            case.insert("residual".into(), ball.residual.into());
        }
        Problem::PowerMin { .. } | Problem::MaxMin { .. } => {}
    }
    let mut document = json!({
        "schema": "noma/1",
        "seed": seed,
        "N": s.antennas, "K": s.users, "M": s.angles_deg.len(),
        "angles_deg": s.angles_deg,
        "spacing_wavelengths": s.spacing_wavelengths,
        "H": json_of_matrix(s.channels(seed, posed.drop).as_ref()),
        "sigma2_W": s.noise_w,
        "Ps_W": s.floor_w, "Pdiff_W": s.difference_w,
        "rho_c": s.rho_c, "rho_s": s.rho_s,
        "cases": [case],
    });
    if s.cross_correlation_w2 < f64::INFINITY {
        document["xi_W2"] = json!(s.cross_correlation_w2);
    }
    Ok(document)
}
