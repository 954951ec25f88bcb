//! Our side of the comparison with `peers/pymanopt_alpha_fair.py`: writes the instance that the
//! script reads, runs the same descent and prints the CPU time to each target objective, from the
//! script's start and from our own.
//!
//! ```text
//! cargo run --profile repro -p isac-benches --example alpha_fair_peer -- instance.json [TARGET...]
//! ```

use isac_algos::Error;
use isac_algos::alpha_fair::{Evaluator, Problem, Start};
use isac_benches::cpu_seconds;
use isac_benches::instances::{AlphaFairSize, alpha_fair};
use isac_linalg::{Mat, MatMut, MatRef, c64};
use isac_models::rng::{Stream, stream};
use isac_opt::drive::Stop;
use isac_opt::manifold::Sphere;
use isac_opt::riemannian::{Method, Workspace, lbfgs, rcg};
use serde_json::{Value, json};

/// Penalty of the objective, as in the paper's fixed-penalty method.
const RHO: f64 = 1.0;
const ITERATIONS: usize = 300;

/// Runs that are timed together: one is shorter than the ticks of the clock.
const REPEATS: usize = 20;

#[expect(clippy::print_stdout, reason = "a measuring program")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("give the file for the instance")?;
    let targets: Vec<f64> = arguments.map(|a| a.parse()).collect::<Result<_, _>>()?;
    let (problem, start) = alpha_fair(AlphaFairSize::FULL, 1)?;
    std::fs::write(&path, instance(&problem, &start).to_string())?;
    let lbfgs = |memory| {
        Method::Lbfgs(lbfgs::Options {
            memory,
            ..lbfgs::Options::default()
        })
    };
    let given = || Ok(start.clone());
    let own = || Start::Apart.draw(&problem, &mut stream(1, Stream::Start, 0));
    let starts: [(&str, &dyn Fn() -> Result<Mat<c64>, Error>); 2] =
        [("same start", &given), ("own start", &own)];
    let begin = cpu_seconds();
    for _ in 0..REPEATS {
        own()?;
    }
    let each = 1e3 * (cpu_seconds() - begin) / REPEATS as f64;
    println!("own start alone: {each:.2} ms CPU");
    for (name, start) in starts {
        for (kind, method) in [
            ("conjugate gradient", Method::Rcg(rcg::Options::default())),
            ("L-BFGS, 3 pairs", lbfgs(3)),
            ("L-BFGS, 6 pairs", lbfgs(6)),
            ("L-BFGS, 20 pairs", lbfgs(20)),
        ] {
            let whole = descend(&problem, start, &method, None)?;
            println!(
                "{name}, {kind}: {ITERATIONS} iterations, {} evaluations, {:.1} ms CPU, objective {:.6}",
                whole.evaluations, whole.milliseconds, whole.value
            );
            for &target in &targets {
                let run = descend(&problem, start, &method, Some(target))?;
                if run.value <= target {
                    let (ms, count) = (run.milliseconds, run.evaluations);
                    println!("  {target:.6} after {ms:.2} ms, {count} evaluations");
                } else {
                    println!("  {target:.6} not reached");
                }
            }
        }
    }
    Ok(())
}

struct Timed {
    milliseconds: f64,
    value: f64,
    evaluations: usize,
}

/// The mean over the repeats, the start and all memory included.
fn descend(
    problem: &Problem,
    start: &dyn Fn() -> Result<Mat<c64>, Error>,
    method: &Method,
    target: Option<f64>,
) -> Result<Timed, Box<dyn std::error::Error>> {
    let mut method = method.clone();
    *method.stop_mut() = Stop {
        max_iterations: ITERATIONS,
        gradient: 0.0,
        stall_steps: 0,
        target,
        ..Stop::default()
    };
    let repeats = if target.is_some() { REPEATS } else { 3 };
    let (mut value, mut evaluations) = (f64::NAN, 0);
    let begin = cpu_seconds();
    for _ in 0..repeats {
        let sphere = Sphere::new(problem.power_w())?;
        let mut evaluator = Evaluator::new(problem);
        let end = method.minimise(
            &sphere,
            start()?.as_ref(),
            |w: MatRef<'_, c64>, g: MatMut<'_, c64>| {
                Ok::<f64, Error>(evaluator.penalised(w, RHO, g))
            },
            &mut Workspace::default(),
        )?;
        (value, evaluations) = (end.value, end.evaluations);
    }
    let milliseconds = 1e3 * (cpu_seconds() - begin) / repeats as f64;
    Ok(Timed {
        milliseconds,
        value,
        evaluations,
    })
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
