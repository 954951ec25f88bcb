//! How good the default starts of the direct route are: its design against the best of seven starts,
//! of the convex steps from phase I (joint and overlapping) and of random starts, per case.
//!
//! ```text
//! cargo run --profile repro -p isac-benches --example hisac_starts -- [DRAWS] [RANDOM]
//! ```

use isac_algos::hisac_see::{
    Access, Design, Problem, RawStart, Working, direct, parallel_start, sca,
};
use isac_linalg::c64;
use isac_models::channel::PathChannel;
use isac_models::rng::{Stream, stream};
use isac_models::scene::Scene;
use rand::{Rng, RngExt};

/// Wavelength at 18 GHz, m.
const WAVELENGTH: f64 = isac_models::ofdm::SPEED_OF_LIGHT_M_S / 18e9;
type Side = (usize, usize);
const CASES: [(Side, Side, usize); 3] = [
    ((4, 2), (4, 2), 3),
    ((6, 2), (6, 2), 4),
    ((8, 2), (6, 2), 4),
];

fn problem(
    case: (Side, Side, usize),
    error: f64,
    access: Access,
    draw: u64,
) -> Result<Problem, Box<dyn std::error::Error>> {
    let model = |side: Side| PathChannel::new(side.0, side.1, WAVELENGTH);
    let cell = Scene::fixed(case.2)?
        .channels(
            &model(case.0)?,
            &model(case.1)?,
            1e-8,
            &mut stream(1, Stream::Channel, draw),
        )?
        .with_relative_error(error)?;
    let reflection = 4.0 * std::f64::consts::PI * 10.0 / (WAVELENGTH * WAVELENGTH);
    let cap = 10.0_f64.powf(2.5);
    let mut problem = Problem::new(cell, reflection, cap, cap, 10.0);
    problem.access = access;
    Ok(problem)
}

/// A raw start with random powers and shares, its beams disturbed by a third.
fn random_start<R: Rng>(
    problem: &Problem,
    working: &Working,
    parallel: bool,
    rng: &mut R,
) -> Result<Design, isac_algos::Error> {
    let raw = RawStart {
        power1: rng.random_range(0.5..2.5),
        power2: rng.random_range(3.0..16.0),
        data_share: rng.random_range(0.1..0.6),
        common_share: rng.random_range(0.05..0.8),
        tilt: rng.random_range(0.0..1.5),
    };
    let mut design = raw.design(problem, working)?;
    if parallel {
        return Ok(parallel_start(&design, &working.network.h_e.estimate));
    }
    for beam in [&mut design.w_bo, &mut design.w_ta, &mut design.streams] {
        let size = (beam.iter().map(|w| w.norm_sqr()).sum::<f64>() / beam.len() as f64).sqrt();
        for w in beam.iter_mut() {
            *w += c64::new(rng.random_range(-0.4..0.4), rng.random_range(-0.4..0.4)) * size;
        }
    }
    Ok(design)
}

#[expect(clippy::print_stdout, reason = "a measuring program")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let draws: u64 = arguments.next().map_or(Ok(3), |s| s.parse())?;
    let random: usize = arguments.next().map_or(Ok(30), |s| s.parse())?;
    let options = direct::Options::default();
    for case in CASES {
        for error in [0.05, 0.1, 0.2] {
            for access in [Access::RsmaFixed, Access::RsmaFree] {
                for draw in 0..draws {
                    let problem = problem(case, error, access, draw)?;
                    let working = Working::new(&problem)?;
                    let value = |found: &direct::Solution| {
                        if found.feasible {
                            found.report.efficiency
                        } else {
                            f64::NEG_INFINITY
                        }
                    };
                    let default = value(&direct::design(&problem, &[], &options)?);
                    let seven = value(&direct::design(
                        &problem,
                        &[],
                        &direct::Options {
                            starts: 7,
                            ..options
                        },
                    )?);
                    let mut each = Vec::new();
                    for raw in RawStart::variations() {
                        let start = raw.design(&problem, &working)?;
                        each.push(value(&direct::solve_in(
                            &problem, &working, &start, &options,
                        )?));
                    }
                    let raw = RawStart::default().design(&problem, &working)?;
                    let parallel = parallel_start(&raw, &working.network.h_e.estimate);
                    each.push(value(&direct::solve_in(
                        &problem, &working, &parallel, &options,
                    )?));
                    let phase = sca::phase_one(&problem, &raw, &sca::Options::default())?;
                    let mut convex = Vec::new();
                    for scheme in [sca::Scheme::Joint, sca::Scheme::Overlapping] {
                        let options = sca::Options {
                            scheme,
                            ..sca::Options::default()
                        };
                        convex.push(if phase.feasible {
                            value(&sca::solve(&problem, &phase.design, &options)?)
                        } else {
                            f64::NEG_INFINITY
                        });
                    }
                    let mut rng = stream(1, Stream::Start, draw);
                    let mut best_random = f64::NEG_INFINITY;
                    for k in 0..random {
                        let start =
                            random_start(&problem, &working, k.is_multiple_of(3), &mut rng)?;
                        best_random = best_random.max(value(&direct::solve_in(
                            &problem, &working, &start, &options,
                        )?));
                    }
                    let best = each
                        .iter()
                        .chain(&convex)
                        .fold(seven.max(default).max(best_random), |a, &b| a.max(b));
                    let short = |v: f64| format!("{:.1e}", 1.0 - v / best);
                    println!(
                        "M1 {} M2 {} N {} error {error} {} draw {draw}: best {best:.6} default {} seven {} joint {} overlapping {} random {} starts {}",
                        case.0.0 * case.0.1,
                        case.1.0 * case.1.1,
                        case.2,
                        access.name(),
                        short(default),
                        short(seven),
                        short(convex[0]),
                        short(convex[1]),
                        short(best_random),
                        each.iter().map(|&v| short(v)).collect::<Vec<_>>().join(" "),
                    );
                }
            }
        }
    }
    Ok(())
}
