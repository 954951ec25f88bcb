//! An `alpha-fair/1` problem with its channels and echoes written out.

use isac_algos::alpha_fair::Problem;
use isac_lab::document::{Node, json_of_matrix};
use isac_lab::error::Error;
use isac_lab::solve::SolveRequest;
use isac_linalg::{Mat, MatRef, c64};
use isac_metrics::delay_doppler::{BsKnowledge, Combine, Disturbance, Gain, Nodes};
use serde_json::{Value, json};

use super::scenario::{self, Drop, Scenario};

/// The document in the layout of the fixtures.
pub(super) fn explicit(root: &Node<'_>, request: &SolveRequest) -> Result<Value, Error> {
    let Some(stated) = scenario::of_document(root)? else {
        let mut document = root.value.clone();
        if let Some(seed) = request.seed {
            document["seed"] = seed.into();
        }
        return Ok(document);
    };
    let seed = stated.seed(request)?;
    let drop = stated.scenario.drop(seed, stated.drop);
    let drop = drop.map_err(|e| isac_lab::scenario::refused(root, e))?;
    let (problem, grid, scene) = (&drop.problem, &drop.grid, &drop.scene);
    let (model, streams) = (problem.sensing().model(), problem.streams());
    let positions: Vec<_> = scene.targets().iter().map(|t| t.position_m).collect();
    let velocities: Vec<_> = scene.targets().iter().map(|t| t.velocity_m_s).collect();
    let beta: Vec<c64> = model.reflection.iter().map(|p| amplitude(*p)).collect();
    let nodes = streams.users + 1;
    let beta = Mat::from_fn(positions.len(), nodes, |t, j| beta[t * nodes + j]);
    let mut document = json!({
        "schema": "alpha-fair/1",
        "seed": seed,
        "params": {
            "N": streams.subcarriers, "M": grid.symbols(), "Nt": problem.antennas(),
            "T": positions.len(), "K": streams.users,
            "fc": grid.carrier_hz(), "subcarrier_spacing": grid.spacing_hz(),
            "symbol_interval": grid.interval_s(),
            "noise_per_subcarrier": model.noise_w, "power": problem.power_w(),
        },
        "geometry": {
            "bs": scene.base_station(), "targets": positions,
            "target_velocities": velocities, "users": scene.users(),
        },
        "nr": model.antennas,
        "steering": json_of_matrix(problem.steering().transpose()),
        "beta": json_of_matrix(beta.as_ref()),
        "channels": channels(problem),
        "W0": beams(problem, drop.start.as_ref()),
        "cases": [{"config": config(&drop, &stated.scenario)}],
    });
    if let Combine::State(jacobians) = &model.combine {
        let rows: Vec<_> = jacobians.chunks(nodes).collect();
        document["jacobian"] = json!(rows);
    }
    Ok(document)
}

/// An amplitude whose square is a power to the last bit: a remainder below the rounding of the real
/// part's square goes into the imaginary part.
fn amplitude(power: f64) -> c64 {
    let mut re = power.sqrt();
    while re * re > power {
        re = re.next_down();
    }
    c64::new(re, (power - re * re).sqrt())
}

/// Users x subcarriers x antennas.
fn channels(problem: &Problem) -> Value {
    let (streams, all) = (problem.streams(), problem.rate().channels());
    let (users, n) = (streams.users, streams.subcarriers);
    let part = |pick: fn(c64) -> f64| -> Vec<Vec<Vec<f64>>> {
        let column = |c: usize| (0..all.nrows()).map(|a| pick(all[(a, c)])).collect();
        (0..users)
            .map(|k| (0..n).map(|i| column(i * users + k)).collect())
            .collect()
    };
    json!({"re": part(|z| z.re), "im": part(|z| z.im)})
}

/// Subcarriers x streams x antennas.
fn beams(problem: &Problem, w: MatRef<'_, c64>) -> Value {
    let streams = problem.streams();
    let per = streams.per_subcarrier();
    let columns = |i: usize| w.subcols(i * per, per).transpose().to_owned();
    let parts = (0..streams.subcarriers).map(|i| json_of_matrix(columns(i).as_ref()));
    let (re, im): (Vec<Value>, Vec<Value>) = parts
        .map(|part| (part["re"].clone(), part["im"].clone()))
        .unzip();
    json!({"re": re, "im": im})
}

fn config(drop: &Drop, scenario: &Scenario) -> Value {
    let problem = &drop.problem;
    let (options, model) = (problem.sensing().options(), problem.sensing().model());
    let alpha = problem.fairness().alpha();
    json!({
        "combine": match model.combine {
            Combine::Sum => "sum",
            Combine::State(_) => "state",
        },
        "D": model.weights,
        "gain": match options.gain {
            Gain::Known => "known",
            Gain::Unknown => "unknown",
        },
        "interf": match options.disturbance {
            Disturbance::All => json!("all"),
            Disturbance::CommEchoes => json!("comm"),
            Disturbance::NoiseOnly => json!(false),
        },
        "bs": match options.bs {
            BsKnowledge::SensingOnly => "sensing",
            BsKnowledge::FullWaveform => "full",
        },
        "nodes": match options.nodes {
            Nodes::Multi => "multi",
            Nodes::Mono => "mono",
        },
        "obj": "norm",
        "alpha": if alpha.is_infinite() { json!("inf") } else { json!(alpha) },
        "rmin": problem.min_rates(),
        "Cref": problem.fairness().reference(),
        "rho": scenario.rho,
        "iterations": scenario.iterations,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amplitudes_have_their_power_to_the_last_bit() {
        let mut power = 1.0_f64;
        for _ in 0..2000 {
            power = (power * 1.618_033_988_749_895).fract() + 1e-3;
            for scale in [1.0, 3e-17, 5e9] {
                let p = power * scale;
                assert_eq!(amplitude(p).norm_sqr().to_bits(), p.to_bits(), "{p:e}");
            }
        }
        assert_eq!(amplitude(0.0), c64::new(0.0, 0.0));
    }
}
