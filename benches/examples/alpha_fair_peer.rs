//! Our side of the comparison with `peers/pymanopt_alpha_fair.py`: writes the instance that the
//! script reads, runs the same descent and prints when each target objective is reached.
//!
//! ```text
//! cargo run --profile repro -p isac-benches --example alpha_fair_peer -- instance.json [TARGET...]
//! ```

use isac_algos::Error;
use isac_algos::alpha_fair::{Evaluator, Problem};
use isac_benches::cpu_seconds;
use isac_benches::instances::{AlphaFairSize, alpha_fair};
use isac_linalg::{Mat, MatMut, MatRef, c64};
use isac_opt::drive::Stop;
use isac_opt::manifold::Sphere;
use isac_opt::riemannian::{Method, Workspace, lbfgs, rcg};
use serde_json::{Value, json};

/// Penalty of the objective, as in the paper's fixed-penalty method.
const RHO: f64 = 1.0;
const ITERATIONS: usize = 300;

#[expect(clippy::print_stdout, reason = "a measuring program")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("give the file for the instance")?;
    let targets: Vec<f64> = arguments.map(|a| a.parse()).collect::<Result<_, _>>()?;
    let (problem, start) = alpha_fair(AlphaFairSize::FULL, 1)?;
    std::fs::write(&path, instance(&problem, &start).to_string())?;
    let limits = Stop {
        max_iterations: ITERATIONS,
        gradient: 0.0,
        stall_steps: 0,
        ..Stop::default()
    };
    let methods = [
        (
            "conjugate gradient",
            Method::Rcg(rcg::Options {
                stop: limits.clone(),
                ..rcg::Options::default()
            }),
        ),
        (
            "L-BFGS, 20 pairs",
            Method::Lbfgs(lbfgs::Options {
                stop: limits,
                memory: 20,
                ..lbfgs::Options::default()
            }),
        ),
    ];
    for (name, method) in methods {
        let path = descend(&problem, &start, &method)?;
        let &(total, last) = path.last().ok_or("no evaluation")?;
        println!(
            "{name}: {ITERATIONS} iterations, {} evaluations, {total:.3} s CPU, objective {last:.6}",
            path.len()
        );
        for target in &targets {
            match path.iter().find(|(_, value)| value <= target) {
                Some((seconds, _)) => println!("  {target:.6} after {seconds:.4} s"),
                None => println!("  {target:.6} not reached"),
            }
        }
    }
    Ok(())
}

/// CPU seconds and least objective after each evaluation.
fn descend(
    problem: &Problem,
    start: &Mat<c64>,
    method: &Method,
) -> Result<Vec<(f64, f64)>, Box<dyn std::error::Error>> {
    let sphere = Sphere::new(problem.power_w())?;
    let mut workspace = Workspace::default();
    let mut path: Vec<(f64, f64)> = Vec::with_capacity(10 * ITERATIONS);
    let begin = cpu_seconds();
    let mut evaluator = Evaluator::new(problem);
    method.minimise(
        &sphere,
        start.as_ref(),
        |w: MatRef<'_, c64>, g: MatMut<'_, c64>| {
            let value = evaluator.penalised(w, RHO, g);
            let least = path.last().map_or(value, |p| p.1.min(value));
            path.push((cpu_seconds() - begin, least));
            Ok::<f64, Error>(value)
        },
        &mut workspace,
    )?;
    Ok(path)
}

/// The instance in the layout of the `alpha-fair/1` documents, as far as the script needs it.
fn instance(problem: &Problem, start: &Mat<c64>) -> Value {
    let streams = problem.streams();
    let (n, k, antennas) = (streams.subcarriers, streams.users, problem.antennas());
    let model = problem.sensing().model();
    let nodes = model.noise_w.len();
    let split = |entry: &dyn Fn(usize, usize, usize) -> c64, sizes: [usize; 3]| {
        let part = |of: fn(c64) -> f64| -> Vec<Vec<Vec<f64>>> {
            let row = |a, b| (0..sizes[2]).map(|c| of(entry(a, b, c))).collect();
            (0..sizes[0])
                .map(|a| (0..sizes[1]).map(|b| row(a, b)).collect())
                .collect()
        };
        json!({ "re": part(|z| z.re), "im": part(|z| z.im) })
    };
    let steering = problem.steering();
    let channels = problem.rate().channels();
    let reflection: Vec<&[f64]> = model.reflection.chunks(nodes).collect();
    let w0 = |i: usize, c: usize, a: usize| start[(a, streams.column(i, c))];
    json!({
        "schema": "alpha-fair-peer/1",
        "params": {
            "N": n, "M": model.symbols, "Nt": antennas, "T": problem.sensing().targets(), "K": k,
            "power": problem.power_w(), "noise_per_subcarrier": model.noise_w[0],
        },
        "nr": model.antennas,
        "reflection_power": reflection,
        "steering": split(&|t, _, a| steering[(a, t)], [problem.sensing().targets(), 1, antennas]),
        "channels": split(&|u, i, a| channels[(a, i * k + u)], [k, n, antennas]),
        "W0": split(&w0, [n, streams.per_subcarrier(), antennas]),
        "config": {
            "alpha": problem.fairness().alpha(), "Cref": problem.fairness().reference(),
            "rmin": problem.min_rates()[0], "rho": RHO, "iterations": ITERATIONS,
        },
    })
}
