//! What the exact reduction costs and saves in `isac-conic` alone: least power under SINR targets (4 users, targets of 10),
//! and the strongest signal under budgets of four groups of antennas with five users (SINR targets of 1), unreduced and
//! reduced, for N = 8 to 128.
//!
//! ```text
//! cargo run --profile repro -p isac-benches --example conic_groups [-- N...]
//! ```
//!
//! Prints `N`, then for each program the CPU milliseconds of building and solving it reduced, unreduced (N up to 32), the order that is
//! left, and the relative difference of the two values.

use isac_benches::cpu_seconds;
use isac_linalg::{Mat, c64};
use isac_models::rng::{Stream, complex_normal, stream};
use isac_opt::conic::{Affine, Coefficient, MatrixVar, Options, Program, Solution};

const GROUPS: usize = 4;

fn sinr_rows(p: &mut Program, w: &[MatrixVar], h: &Mat<c64>, target: f64, noise: f64) {
    for k in 0..h.ncols() {
        let mut row = Affine::default();
        for (j, x) in w.iter().enumerate() {
            let weight = if j == k { 1.0 } else { -target };
            row += x.quadratic(h.col(k)) * weight;
        }
        p.at_least(format!("user {k}"), row, target * noise);
    }
}

fn total(w: &[MatrixVar], make: impl Fn(MatrixVar) -> Affine) -> Affine {
    let all = w.iter().map(|x| make(*x));
    all.fold(Affine::default(), |sum, one| sum + one)
}

/// Least power.
fn power(n: usize) -> Program {
    let h = complex_normal(n, 4, &mut stream(0, Stream::Channel, 0));
    let mut p = Program::new();
    let w: Vec<MatrixVar> = (0..4).map(|k| p.psd(format!("W{k}"), n)).collect();
    sinr_rows(&mut p, &w, &h, 10.0, 1.0);
    p.minimise(total(&w, MatrixVar::trace));
    p
}

/// The strongest signal at a target under group budgets.
fn groups(n: usize) -> Program {
    let h = complex_normal(n, 5, &mut stream(0, Stream::Channel, 1));
    let target = Mat::from_fn(n, 1, |i, _| c64::from_polar(1.0, 0.7 * i as f64));
    let mut p = Program::new();
    let w: Vec<MatrixVar> = (0..6).map(|k| p.psd(format!("W{k}"), n)).collect();
    sinr_rows(&mut p, &w, &h, 1.0, 0.1);
    for g in 0..GROUPS {
        let own = g * n / GROUPS..(g + 1) * n / GROUPS;
        let entries: Vec<_> = own.map(|i| (i, i, c64::ONE)).collect();
        let spent = total(&w, |x| x.inner(Coefficient::sparse(&entries)));
        p.at_most(format!("group {g}"), spent, 1.0);
    }
    p.maximise(total(&w, |x| x.quadratic(target.col(0))));
    p
}

fn solved(make: fn(usize) -> Program, n: usize, reduce: bool) -> Result<(f64, Solution), String> {
    let options = Options {
        reduce,
        ..Options::default()
    };
    let once = || make(n).solve(&options).map_err(|e| e.to_string());
    let outcome = once()?;
    // The clock of a process ticks in milliseconds.
    let runs = if reduce { 200 } else { 2 };
    let mut best = f64::INFINITY;
    for _ in 0..5 {
        let start = cpu_seconds();
        for _ in 0..runs {
            once()?;
        }
        best = best.min(1e3 * (cpu_seconds() - start) / f64::from(runs));
    }
    let name = outcome.name();
    let solution = outcome.into_solution();
    Ok((best, solution.map_err(|_| format!("N = {n}: {name}"))?))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sizes: Result<Vec<usize>, _> = std::env::args().skip(1).map(|a| a.parse()).collect();
    let mut sizes = sizes?;
    if sizes.is_empty() {
        sizes = vec![8, 16, 32, 64, 128];
    }
    for n in sizes {
        print!("{n}");
        for make in [power as fn(usize) -> Program, groups] {
            let (small, answer) = solved(make, n, true)?;
            let left = answer.reductions.first().map_or(n, |r| r.to);
            print!("  | {small:.2} ms, order {left}");
            if n <= 32 {
                let (whole, other) = solved(make, n, false)?;
                let apart = (other.objective - answer.objective).abs() / other.objective.abs();
                print!(", unreduced {whole:.2} ms, apart {apart:.1e}");
            }
        }
        println!();
    }
    Ok(())
}
