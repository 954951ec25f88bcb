//! Whole full-size designs of \[alpha_fair\]: the default algorithm from the paper's start and from our
//! own, and the certificate, each with its CPU time.
//!
//! ```text
//! cargo run --profile repro -p isac-benches --example alpha_fair_design -- [DROPS [PAIRS [INNER]]]
//! cargo run --profile repro -p isac-benches --example alpha_fair_design -- scaling
//! ```
//!
//! `scaling` prints the CPU time of one evaluation with gradient over subcarriers and antennas.

use isac_algos::alpha_fair::{Evaluator, Start, bound, design};
use isac_benches::cpu_seconds;
use isac_benches::instances::{AlphaFairSize, alpha_fair};
use isac_linalg::Mat;
use isac_models::rng::{Stream, stream};
use isac_opt::riemannian::Method;

#[expect(clippy::print_stdout, reason = "a measuring program")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    if std::env::args().nth(1).as_deref() == Some("scaling") {
        return scaling();
    }
    let mut arguments = std::env::args().skip(1).map(|a| a.parse::<u64>());
    let mut next = |default: u64| arguments.next().unwrap_or(Ok(default));
    let drops = next(3)?;
    let mut options = design::Options {
        bound: None,
        ..design::Options::default()
    };
    if let Method::Lbfgs(inner) = &mut options.descent.inner {
        inner.memory = next(inner.memory as u64)? as usize;
        inner.stop.max_iterations = next(inner.stop.max_iterations as u64)? as usize;
    }
    for seed in 1..=drops {
        let (problem, paper) = alpha_fair(AlphaFairSize::FULL, seed)?;
        let begin = cpu_seconds();
        let own = Start::Apart.draw(&problem, &mut stream(seed, Stream::Start, 0))?;
        let drawn = cpu_seconds() - begin;
        for (name, start) in [("paper's start", paper), ("own start", own)] {
            let begin = cpu_seconds();
            let found = design::solve(&problem, start.as_ref(), &options)?;
            println!(
                "drop {seed}, {name}: cost {:.6}, violation {:.1e}, {} iterations, {} evaluations, {:.3} s CPU, {}",
                found.objective,
                found.violation,
                found.iterations,
                found.evaluations,
                cpu_seconds() - begin + if name == "own start" { drawn } else { 0.0 },
                found.stopped.name(),
            );
            if name == "own start" {
                let begin = cpu_seconds();
                let bound = bound::search(&problem, &bound::Options::default())?;
                let gap = bound.map(|b| 100.0 * b.gap(&problem, &found.crlb));
                println!(
                    "  certified within {:.2} %, {:.3} s CPU",
                    gap.unwrap_or(f64::NAN),
                    cpu_seconds() - begin
                );
            }
        }
    }
    Ok(())
}

/// Rounds over all sizes; the least time of each counts.
const ROUNDS: usize = 5;

#[expect(clippy::print_stdout, reason = "a measuring program")]
fn scaling() -> Result<(), Box<dyn std::error::Error>> {
    let mut sizes: Vec<(usize, usize)> = [16, 32, 64, 128, 256].map(|n| (n, 16)).to_vec();
    sizes.extend([8, 32, 64, 128].map(|antennas| (64, antennas)));
    let mut least = vec![f64::INFINITY; sizes.len()];
    for _ in 0..ROUNDS {
        for (&(subcarriers, antennas), least) in sizes.iter().zip(&mut least) {
            let size = AlphaFairSize {
                subcarriers,
                antennas,
                ..AlphaFairSize::FULL
            };
            let (problem, start) = alpha_fair(size, 1)?;
            let mut evaluator = Evaluator::new(&problem);
            let mut gradient = Mat::zeros(start.nrows(), start.ncols());
            let repeats = 4_000_000 / (subcarriers * (antennas + 16));
            let begin = cpu_seconds();
            for _ in 0..repeats {
                evaluator.penalised(start.as_ref(), 1.0, gradient.as_mut());
            }
            *least = least.min((cpu_seconds() - begin) / repeats as f64);
        }
    }
    for ((subcarriers, antennas), seconds) in sizes.iter().zip(least) {
        println!(
            "N = {subcarriers}, {antennas} antennas: {:.1} us, {:.2} us per subcarrier",
            1e6 * seconds,
            1e6 * seconds / *subcarriers as f64
        );
    }
    Ok(())
}
