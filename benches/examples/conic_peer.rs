//! Our side of the comparison with other semidefinite solvers: the power-minimisation program of
//! `[noma]` (3 users, 2 targets, 10 rows, 20 dB), full and reduced, for N = 8 to 128.
//!
//! ```text
//! cargo run --profile repro -p isac-benches --example conic_peer -- DIR [N...]
//! ```
//!
//! Prints `N ms_full ms_reduced iterations worst_error objective` per size (best of five batches)
//! and writes `DIR/power_N.dat-s`, the same program in the real embedding of order 2N. With the feature
//! `clarabel-sdp`, `clarabel N ms ratio objective verdict worst_error` as well: Clarabel on the program of order 5 that the
//! reduction leaves, and how many times longer than ours on that program it takes.

use std::fmt::Write as _;

use isac_benches::cpu_seconds;
use isac_linalg::{Mat, MatRef, c64, ops};
use isac_models::rng::{Stream, complex_normal, stream};
use isac_opt::conic::{Affine, Options, Outcome, Program};

/// Channels by falling norm and steering vectors at -30 and 20 degrees.
fn data(n: usize) -> (Mat<c64>, Mat<c64>) {
    let draw = complex_normal(n, 3, &mut stream(0, Stream::Channel, 0));
    let mut order = [0, 1, 2];
    let norm = |k: usize| ops::norm2(draw.as_ref().subcols(k, 1));
    order.sort_by(|&a, &b| norm(b).total_cmp(&norm(a)));
    let h = Mat::from_fn(n, 3, |i, k| draw[(i, order[k])]);
    let angles = [-30.0_f64.to_radians(), 20.0_f64.to_radians()];
    let a = Mat::from_fn(n, 2, |i, m| {
        c64::from_polar(1.0, std::f64::consts::PI * i as f64 * angles[m].sin())
    });
    (h, a)
}

/// One row: weights of the vectors `[h, a]` per block, right side; all rows are `>=`.
struct Row {
    weights: [[f64; 5]; 3],
    rhs: f64,
}

fn rows() -> Vec<Row> {
    let (gamma, noise, floor, spread) = (100.0, 0.01, 2.0, 1e-3);
    let mut out = Vec::new();
    for k in 0..3 {
        for l in k..3 {
            let mut weights = [[0.0; 5]; 3];
            weights[k][l] = 1.0 / (gamma * noise);
            for later in &mut weights[k + 1..] {
                later[l] = -1.0 / noise;
            }
            out.push(Row { weights, rhs: 1.0 });
        }
    }
    let mut sensing = |a: f64, b: f64, rhs: f64| {
        let weights = [[0.0, 0.0, 0.0, a, b]; 3];
        out.push(Row { weights, rhs });
    };
    sensing(1.0, 0.0, floor);
    sensing(0.0, 1.0, floor);
    sensing(1.0, -1.0, -spread);
    sensing(-1.0, 1.0, -spread);
    out
}

fn program(n: usize) -> Program {
    let (h, a) = data(n);
    over(ops::hcat(h.as_ref(), a.as_ref()).as_ref())
}

/// The program over these vectors of the users and targets.
fn over(vectors: MatRef<'_, c64>) -> Program {
    let n = vectors.nrows();
    let mut p = Program::new();
    let w: Vec<_> = (0..3).map(|k| p.psd(format!("W{k}"), n)).collect();
    for (i, row) in rows().iter().enumerate() {
        let sum: Affine = (w.iter().zip(&row.weights))
            .map(|(w, weights)| w.pool(vectors, weights))
            .sum();
        p.at_least(format!("row {i}"), sum, row.rhs);
    }
    p.minimise(w.iter().map(|w| w.trace()).sum::<Affine>());
    p
}

/// The program in SDPA format: maximise `<F0, Y>`, `Y` the three embedded blocks and the slacks.
fn sdpa(n: usize) -> Result<String, std::fmt::Error> {
    let (h, a) = data(n);
    let vectors = ops::hcat(h.as_ref(), a.as_ref());
    let rows = rows();
    let m = rows.len();
    let mut out = format!("{m}\n4\n{0} {0} {0} -{m}\n", 2 * n);
    for row in &rows {
        write!(out, "{:e} ", row.rhs)?;
    }
    out.push('\n');
    for block in 1..=3 {
        for i in 1..=2 * n {
            writeln!(out, "0 {block} {i} {i} -0.5")?;
        }
    }
    for (k, row) in rows.iter().enumerate() {
        for (block, weights) in row.weights.iter().enumerate() {
            let mut scaled = vectors.clone();
            for (p, w) in weights.iter().enumerate() {
                ops::scale(scaled.as_mut().subcols_mut(p, 1), *w);
            }
            let f = ops::mul_adjoint(scaled.as_ref(), vectors.as_ref());
            for j in 0..2 * n {
                for i in 0..=j {
                    let z = f[(i % n, j % n)];
                    let value = match (i < n, j < n) {
                        (true, false) => -z.im,
                        _ => z.re,
                    };
                    if value != 0.0 {
                        let (block, i, j) = (block + 1, i + 1, j + 1);
                        writeln!(out, "{} {block} {i} {j} {:.17e}", k + 1, 0.5 * value)?;
                    }
                }
            }
        }
        writeln!(out, "{} 4 {} {} -1", k + 1, k + 1, k + 1)?;
    }
    Ok(out)
}

/// Least CPU milliseconds of one call over five batches of `runs`.
fn milliseconds(runs: usize, mut call: impl FnMut()) -> f64 {
    let mut best = f64::INFINITY;
    for _ in 0..5 {
        let start = cpu_seconds();
        for _ in 0..runs {
            call();
        }
        best = best.min((cpu_seconds() - start) / runs as f64);
    }
    1e3 * best
}

/// Clarabel and ours on the reduced program.
#[cfg(feature = "clarabel-sdp")]
fn against_clarabel(n: usize) -> Result<String, Box<dyn std::error::Error>> {
    use isac_conic::second_opinion::solve_by_clarabel;
    use isac_linalg::factor;

    let (h, a) = data(n);
    let vectors = ops::hcat(h.as_ref(), a.as_ref());
    let basis = factor::orthonormal_basis(vectors.as_ref(), 1e-12)?;
    let program = over(ops::adjoint_mul(basis.as_ref(), vectors.as_ref()).as_ref());
    let options = Options::default();
    let outcome = solve_by_clarabel(&program, &options)?;
    let (Outcome::Solved(theirs) | Outcome::Inaccurate(theirs)) = &outcome else {
        return Ok(format!("clarabel {n} {}", outcome.name()));
    };
    let them = milliseconds(50, || {
        let _ = solve_by_clarabel(&program, &options);
    });
    let us = milliseconds(200, || {
        let _ = program.solve(&options);
    });
    Ok(format!(
        "clarabel {n} {them:.3} {:.1} {:.9} {} {:.1e}",
        them / us,
        theirs.objective,
        outcome.name(),
        theirs.dimacs.worst()
    ))
}

#[cfg(not(feature = "clarabel-sdp"))]
fn against_clarabel(n: usize) -> Result<String, Box<dyn std::error::Error>> {
    Ok(format!(
        "clarabel {n} left out: feature clarabel-sdp is off"
    ))
}

#[expect(clippy::print_stdout, reason = "a measuring program")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("give the folder for the files")?;
    let mut sizes: Vec<usize> = arguments.map(|a| a.parse()).collect::<Result<_, _>>()?;
    if sizes.is_empty() {
        sizes = vec![8, 16, 32, 64, 128];
    }
    std::fs::create_dir_all(&folder)?;
    for &n in &sizes {
        std::fs::write(format!("{folder}/power_{n}.dat-s"), sdpa(n)?)?;
        let program = program(n);
        let mut line = format!("{n}");
        let mut tail = String::new();
        for reduce in [false, true] {
            let options = Options {
                reduce,
                ..Options::default()
            };
            // The clock of a thread may tick in four milliseconds: batches of a second where runs are short.
            let runs = if reduce || n <= 8 {
                1000
            } else {
                (1 << 20) / (n * n * n) + 1
            };
            let mut outcome = program.solve(&options)?;
            let best = milliseconds(runs, || {
                if let Ok(next) = program.solve(&options) {
                    outcome = next;
                }
            });
            tail = match &outcome {
                Outcome::Solved(s) => format!(
                    "{} {:.1e} {:.9}",
                    s.iterations,
                    s.dimacs.worst(),
                    s.objective
                ),
                other => other.name().into(),
            };
            write!(line, " {best:.3}")?;
        }
        println!("{line} {tail}");
    }
    for n in sizes {
        println!("{}", against_clarabel(n)?);
    }
    Ok(())
}
