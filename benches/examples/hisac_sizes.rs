//! Where a design's time goes as arrays grow: steps, evaluations and processor time of each start
//! of the direct route, per size.
//!
//! ```text
//! cargo run --profile repro -p isac-benches --example hisac_sizes -- [DRAWS] [each]
//! ```

use isac_algos::hisac_see::{Access, Problem, RawStart, Working, direct};
use isac_benches::cpu_seconds;
use isac_models::channel::PathChannel;
use isac_models::rng::{Stream, stream};
use isac_models::scene::Scene;

/// Wavelength at 18 GHz, m.
const WAVELENGTH: f64 = isac_models::ofdm::SPEED_OF_LIGHT_M_S / 18e9;
const ARRAYS: [(usize, usize); 7] = [(6, 2), (8, 2), (12, 2), (8, 4), (16, 4), (16, 8), (32, 8)];

fn problem(side: (usize, usize), draw: u64) -> Result<Problem, Box<dyn std::error::Error>> {
    let model = PathChannel::new(side.0, side.1, WAVELENGTH)?;
    let mut cell = Scene::fixed(4)?
        .channels(&model, &model, 1e-8, &mut stream(1, Stream::Channel, draw))?
        .with_relative_error(0.1)?;
    match std::env::var("OFF").as_deref() {
        Ok("gbo") => cell.g_bo = cell.g_bo.with_error_scaled(1e-3)?,
        Ok("ge") => cell.g_e = cell.g_e.with_error_scaled(1e-3)?,
        Ok("he") => cell.h_e = cell.h_e.with_error_scaled(1e-3)?,
        Ok("hbo") => cell.h_bo = cell.h_bo.with_error_scaled(1e-3)?,
        _ => {}
    }
    let reflection = 4.0 * std::f64::consts::PI * 10.0 / (WAVELENGTH * WAVELENGTH);
    let cap = 10.0_f64.powf(2.5);
    let mut problem = Problem::new(cell, reflection, cap, cap, 10.0);
    problem.access = if std::env::var("FREE").is_ok() {
        Access::RsmaFree
    } else {
        Access::RsmaFixed
    };
    Ok(problem)
}

#[expect(clippy::print_stdout, reason = "a measuring program")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let draws: u64 = arguments.next().map_or(Ok(20), |s| s.parse())?;
    let each = arguments.next().is_some();
    let options = direct::Options::default();
    println!("antennas start ms iterations evaluations us_per_evaluation feasible converged");
    for side in ARRAYS {
        if std::env::var("ONLY").is_ok_and(|o| o != (side.0 * side.1).to_string()) {
            continue;
        }
        let mut whole = Vec::new();
        let mut starts: [Vec<[f64; 5]>; 4] = Default::default();
        for draw in 0..draws {
            let problem = problem(side, draw)?;
            let begin = cpu_seconds();
            let found = direct::design(&problem, &[], &options)?;
            whole.push([
                1e3 * (cpu_seconds() - begin),
                found.iterations as f64,
                found.evaluations as f64,
                f64::from(u8::from(found.feasible)),
                1.0,
            ]);
            let working = Working::new(&problem)?;
            for k in 0..4 {
                let begin = cpu_seconds();
                let start = if k < 3 {
                    RawStart::variations()[k].design(&problem, &working)?
                } else {
                    let raw = RawStart::default().design(&problem, &working)?;
                    isac_algos::hisac_see::parallel_start(&raw, &working.network.h_e.estimate)
                };
                let found = direct::solve_in(&problem, &working, &start, &options)?;
                let ms = 1e3 * (cpu_seconds() - begin);
                starts[k].push([
                    ms,
                    found.iterations as f64,
                    found.evaluations as f64,
                    f64::from(u8::from(found.feasible)),
                    f64::from(u8::from(found.stopped.converged())),
                ]);
                if each {
                    println!(
                        "{} draw {draw} start {k}: {ms:.1} ms, {} iterations, {} evaluations, {}, efficiency {:.6}, powers {:.2} {:.2}, violation {:.1e}",
                        side.0 * side.1,
                        found.iterations,
                        found.evaluations,
                        found.stopped.name(),
                        found.report.efficiency,
                        found.report.power1,
                        found.report.power2,
                        found.report.max_violation(),
                    );
                }
            }
        }
        for (name, rows) in [
            ("0", &starts[0]),
            ("1", &starts[1]),
            ("2", &starts[2]),
            ("3", &starts[3]),
            ("all", &whole),
        ] {
            let median = |k: usize| {
                let mut list: Vec<f64> = rows.iter().map(|r| r[k]).collect();
                list.sort_by(f64::total_cmp);
                list[list.len() / 2]
            };
            let sum = |k: usize| rows.iter().map(|r| r[k]).sum::<f64>();
            println!(
                "{} {name} {:.1} {} {} {:.1} {} {}",
                side.0 * side.1,
                median(0),
                median(1),
                median(2),
                1e3 * sum(0) / sum(2),
                sum(3),
                sum(4)
            );
        }
    }
    Ok(())
}
