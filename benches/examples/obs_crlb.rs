//! Sum rate against CRLB: CPU time to the objective of the naive twin, and scaling to many antennas.
//!
//! ```text
//! cargo run --profile repro -p isac-benches --example obs_crlb -- ratios 16 32 64 128
//! cargo run --profile repro -p isac-benches --example obs_crlb -- scaling 1024 4096 16384
//! cargo run --profile repro -p isac-benches --example obs_crlb -- sdr 16 64 256
//! ```
//!
//! `ratios` runs, one after the other: the twin with `Nt x Nt` matrices (shift rule `comm`, stop at
//! a change below 1e-5, at most 4000 iterations), Algorithm 1 in orthonormal coordinates with the
//! same rule and stop, and the accelerated solvers until they reach the twin's objective. All from
//! the released start. `scaling` solves each size in a process of its own and prints its time and
//! peak memory. `sdr` runs WMMSE-SDR, corrected, on three channels of each size.

#![expect(clippy::print_stdout, reason = "a measuring program")]

use isac_algos::Error;
use isac_algos::obs_crlb::{Auxiliaries, Evaluator, Reduction, SumRateCrlb, sca, start, wmmse_sdr};
use isac_benches::cpu_seconds;
use isac_benches::instances::{ObsCrlb, obs_crlb};
use isac_linalg::{Mat, MatMut, MatRef, c64, ops};
use isac_opt::drive::Stop;
use isac_opt::manifold::Sphere;
use isac_opt::riemannian::{Method, Minimum, Workspace, bb, lbfgs};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((what, sizes)) = arguments.split_first() else {
        return Err("say `ratios`, `scaling` or `sdr`, and numbers of antennas".into());
    };
    let sizes: Vec<usize> = sizes.iter().map(|n| n.parse()).collect::<Result<_, _>>()?;
    match what.as_str() {
        "ratios" => ratios(&sizes),
        "scaling" => scaling(&sizes),
        "sdr" => sdr(&sizes),
        "one" => one(sizes[0]),
        other => Err(format!("`{other}`: say `ratios`, `scaling` or `sdr`").into()),
    }
}

/// The accelerated solver, reduction included, until `target`.
fn accelerated(
    problem: &SumRateCrlb,
    start: MatRef<'_, c64>,
    mut method: Method,
    target: Option<f64>,
) -> Result<(Mat<c64>, Minimum), Error> {
    *method.stop_mut() = Stop {
        max_iterations: 4000,
        target: target.map(|f| -f),
        ..Stop::default()
    };
    let reduction = Reduction::new(problem)?;
    let x = reduction.coordinates(start);
    let mut evaluator = Evaluator::new(reduction.problem(), x.ncols());
    let objective = |w: MatRef<'_, c64>, mut g: MatMut<'_, c64>| -> Result<f64, Error> {
        let merit = evaluator.merit(w)?;
        evaluator.gradient(Auxiliaries::Exact, g.as_mut());
        ops::scale(g, -1.0);
        Ok(-merit.objective)
    };
    let sphere = Sphere::new(problem.power())?;
    let minimum = method.minimise(&sphere, x.as_ref(), objective, &mut Workspace::default())?;
    Ok((reduction.lift(minimum.point.as_ref()), minimum))
}

fn ratios(sizes: &[usize]) -> Outcome<()> {
    println!("| n_tx | method | iterations | CPU ms | objective | times faster than the twin |");
    println!("|---|---|---|---|---|---|");
    for &n_tx in sizes {
        let ObsCrlb {
            problem,
            start,
            twin,
        } = obs_crlb(n_tx, 10.0, 1)?;
        let clock = cpu_seconds();
        let (_, target, iterations) = twin.solve(&start, 1e-5, 4000)?;
        let of_twin = cpu_seconds() - clock;
        let line = |name: &str, iterations: usize, seconds: f64, objective: f64| {
            let (ms, ratio) = (1e3 * seconds, of_twin / seconds);
            println!("| {n_tx} | {name} | {iterations} | {ms:.2} | {objective:.6} | {ratio:.1} |");
        };
        line("naive twin", iterations, of_twin, target);
        let options = sca::Options {
            safeguard: false,
            stop: sca::Stop::Step(1e-5),
            max_iterations: 4000,
            coordinates: sca::Coordinates::ReducedExact,
            ..sca::Options::default()
        };
        let clock = cpu_seconds();
        let solution = sca::solve(&problem, start.as_ref(), &options)?;
        let seconds = cpu_seconds() - clock;
        let objective = solution.merit.objective;
        line(
            "Algorithm 1, reduced",
            solution.iterations,
            seconds,
            objective,
        );
        for (name, method) in [
            ("L-BFGS", Method::Lbfgs(lbfgs::Options::default())),
            ("Barzilai-Borwein", Method::Bb(bb::Options::default())),
        ] {
            // Ten runs, since one is short.
            let clock = cpu_seconds();
            let mut last = None;
            for _ in 0..10 {
                last = Some(accelerated(
                    &problem,
                    start.as_ref(),
                    method.clone(),
                    Some(target),
                )?);
            }
            let seconds = 0.1 * (cpu_seconds() - clock);
            if let Some((w, minimum)) = last {
                let objective = problem.merit(w.as_ref())?.objective;
                line(name, minimum.iterations, seconds, objective);
            }
        }
    }
    Ok(())
}

fn scaling(sizes: &[usize]) -> Outcome<()> {
    println!("| n_tx | iterations | CPU ms, all | of which reduction | objective | peak MiB |");
    println!("|---|---|---|---|---|---|");
    for n_tx in sizes {
        let program = std::env::current_exe()?;
        let child = std::process::Command::new(program)
            .args(["one", &n_tx.to_string()])
            .output()?;
        print!("{}", String::from_utf8_lossy(&child.stdout));
    }
    Ok(())
}

fn sdr(sizes: &[usize]) -> Outcome<()> {
    println!("| n_tx | channel | programs | CPU s | CPU ms per program | objective | L-BFGS |");
    println!("|---|---|---|---|---|---|---|");
    for &n_tx in sizes {
        for seed in 1..=3 {
            let ObsCrlb { problem, .. } = obs_crlb(n_tx, 10.0, seed)?;
            let w0 = start::regularised_zf(&problem, 3 * problem.targets(), 0.9)?;
            let clock = cpu_seconds();
            let found = wmmse_sdr::solve(&problem, w0.as_ref(), &wmmse_sdr::Options::default())?;
            let seconds = cpu_seconds() - clock;
            let (fast, _) = accelerated(&problem, w0.as_ref(), Method::default(), None)?;
            println!(
                "| {n_tx} | {seed} | {} | {seconds:.2} | {:.1} | {:.6} | {:.6} |",
                found.iterations,
                1e3 * seconds / found.iterations.max(1) as f64,
                found.merit.objective,
                problem.merit(fast.as_ref())?.objective
            );
        }
    }
    Ok(())
}

/// One size: problem, start by regularised zero forcing without sensing streams, solution.
fn one(n_tx: usize) -> Outcome<()> {
    let ObsCrlb { problem, .. } = obs_crlb(n_tx, 10.0, 1)?;
    let clock = cpu_seconds();
    let w0 = start::regularised_zf(&problem, 0, 1.0)?;
    let (w, minimum) = accelerated(&problem, w0.as_ref(), Method::default(), None)?;
    let objective = problem.merit(w.as_ref())?.objective;
    let seconds = cpu_seconds() - clock;
    let clock = cpu_seconds();
    let reduction = Reduction::new(&problem)?;
    let reducing = cpu_seconds() - clock;
    drop(reduction);
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"))
        .and_then(|kib| kib.trim().parse::<f64>().ok())
        .map_or("unknown".into(), |kib| format!("{:.1}", kib / 1024.0));
    println!(
        "| {n_tx} | {} | {:.2} | {:.2} | {objective:.6} | {peak} |",
        minimum.iterations,
        1e3 * seconds,
        1e3 * reducing
    );
    Ok(())
}
