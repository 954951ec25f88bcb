//! Our side of the comparison on joint designs of `[cell_free]`: networks of the figures at half the power.
//!
//! ```text
//! cargo run --profile repro -p isac-benches --example cell_free_peer -- DIR [COUNT]
//! cargo run --profile repro -p isac-benches --example cell_free_peer -- scaling
//! ```
//!
//! `scaling` prints `antennas order ms` of one design for 16 to 1,024 antennas at each access point.
//!
//! Prints `I ms objective bound` per network (CPU time of the joint design with its reduction and certificate,
//! the least of five batches) and writes `DIR/cell_free_I.dat-s`: the relaxation after the reduction, six blocks of
//! order 12 in the real embedding, seven rows.

use std::fmt::Write as _;

use isac_algos::cell_free::baselines::{self, Users};
use isac_algos::cell_free::linear::Pointing;
use isac_algos::cell_free::span::Span;
use isac_algos::cell_free::{Network, jsc, max_min};
use isac_benches::cpu_seconds;
use isac_linalg::{Mat, MatRef, c64, ops};
use isac_models::rng::{Stream, stream};
use rand::RngExt;

type Failure = Box<dyn std::error::Error>;

const ACCESS_POINTS: [f64; 2] = [25.0, 75.0];
const USERS: usize = 5;
const ZETA2: f64 = 0.1;

/// Users and a target at random on the line.
fn network(index: u64, antennas: usize) -> Result<Network, Failure> {
    let mut rng = stream(1, Stream::Geometry, index);
    let places: Vec<f64> = (0..=USERS).map(|_| 100.0 * rng.random::<f64>()).collect();
    let entry = |i: usize, x: f64| {
        let dx = x - ACCESS_POINTS[i / antennas];
        let cosine = dx / dx.hypot(50.0);
        c64::from_polar(1.0, std::f64::consts::PI * (i % antennas) as f64 * cosine)
    };
    let seen =
        |places: &[f64]| Mat::from_fn(2 * antennas, places.len(), |i, u| entry(i, places[u]));
    let (users, target) = places.split_at(USERS);
    let (power, noise) = (vec![1.0; 2], vec![1.0; USERS]);
    let sizes = [antennas; 2];
    Ok(Network::new(
        seen(users),
        seen(target),
        &sizes,
        power,
        noise,
        ZETA2,
    )?)
}

/// The relaxation in span coordinates, in SDPA format: maximise `<F0, Y>`, `Y` the embedded covariances of the
/// users and the sensing streams, and the slacks.
fn sdpa(network: &Network, floor: f64) -> Result<String, Failure> {
    let span = Span::new(network, true)?;
    let n = span.dimension();
    let rows = USERS + network.access_points();
    let mut out = format!("{rows}\n{}\n", USERS + 2);
    for _ in 0..=USERS {
        write!(out, "{} ", 2 * n)?;
    }
    writeln!(out, "-{rows}")?;
    for noise in network.noise() {
        write!(out, "{noise:e} ")?;
    }
    for power in network.power() {
        write!(out, "{power:e} ")?;
    }
    out.push('\n');
    let mut lit = Mat::<c64>::zeros(n, n);
    for own in span.offsets.windows(2) {
        let a = Mat::from_fn(n, 1, |i, _| {
            let inside = (own[0]..own[1]).contains(&i);
            if inside {
                span.steering[(i, 0)]
            } else {
                c64::ZERO
            }
        });
        ops::axpy(
            lit.as_mut(),
            ZETA2,
            ops::mul_adjoint(a.as_ref(), a.as_ref()).as_ref(),
        );
    }
    for block in 1..=USERS + 1 {
        embedded(&mut out, 0, block, lit.as_ref(), 1.0)?;
    }
    for u in 0..USERS {
        let h = span.channels.as_ref().subcols(u, 1);
        let heard = ops::mul_adjoint(h, h);
        for block in 1..=USERS + 1 {
            let weight = if block == u + 1 { 1.0 / floor } else { -1.0 };
            embedded(&mut out, u + 1, block, heard.as_ref(), weight)?;
        }
        writeln!(out, "{} {} {} {} -1", u + 1, USERS + 2, u + 1, u + 1)?;
    }
    for (m, own) in span.offsets.windows(2).enumerate() {
        let row = USERS + m + 1;
        let unit = Mat::from_fn(n, n, |i, j| {
            c64::new(
                if i == j && (own[0]..own[1]).contains(&i) {
                    1.0
                } else {
                    0.0
                },
                0.0,
            )
        });
        for block in 1..=USERS + 1 {
            embedded(&mut out, row, block, unit.as_ref(), 1.0)?;
        }
        writeln!(out, "{row} {} {row} {row} 1", USERS + 2)?;
    }
    Ok(out)
}

/// Half of the real embedding of a Hermitian matrix, upper triangle.
fn embedded(
    out: &mut String,
    row: usize,
    block: usize,
    matrix: MatRef<'_, c64>,
    weight: f64,
) -> Result<(), std::fmt::Error> {
    let n = matrix.nrows();
    for j in 0..2 * n {
        for i in 0..=j {
            let z = matrix[(i % n, j % n)];
            let value = if i < n && j >= n { -z.im } else { z.re };
            if value != 0.0 {
                writeln!(
                    out,
                    "{row} {block} {} {} {:.17e}",
                    i + 1,
                    j + 1,
                    0.5 * weight * value
                )?;
            }
        }
    }
    Ok(())
}

/// What NS+OPT reaches.
fn floor(network: &Network) -> Result<f64, Failure> {
    let options = max_min::Options::default();
    let best = baselines::solve(network, Pointing::NullSpace, Users::MaxMin, 0.5, &options)?;
    Ok(best.ok_or("no common SINR")?.evaluation.min_sinr())
}

/// CPU milliseconds of a joint design, the least of five batches, and the design.
fn timed(network: &Network, floor: f64) -> Result<(f64, Box<jsc::Design>), Failure> {
    let floors = vec![floor; USERS];
    let (mut least, mut last) = (f64::INFINITY, None);
    for _ in 0..5 {
        let start = cpu_seconds();
        for _ in 0..10 {
            last = Some(jsc::solve(network, &floors, &jsc::Options::default())?);
        }
        least = least.min(cpu_seconds() - start);
    }
    match last {
        Some(jsc::Outcome::Solved(design)) => Ok((100.0 * least, design)),
        Some(jsc::Outcome::Infeasible(_) | jsc::Outcome::Unknown) | None => Err("no design".into()),
    }
}

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("DIR [COUNT], or scaling")?;
    if folder == "scaling" {
        for antennas in [16, 64, 256, 1024] {
            let network = network(0, antennas)?;
            let (ms, design) = timed(&network, floor(&network)?)?;
            println!("{antennas} {} {ms:.3}", design.order);
        }
        return Ok(());
    }
    let count: u64 = arguments.next().map_or(Ok(50), |text| text.parse())?;
    for index in 0..count {
        let network = network(index, 16)?;
        let floor = floor(&network)?;
        let path = format!("{folder}/cell_free_{index}.dat-s");
        std::fs::write(path, sdpa(&network, floor)?)?;
        let (ms, design) = timed(&network, floor)?;
        println!(
            "{index} {ms:.3} {:.10} {:.10}",
            design.objective(),
            design.upper
        );
    }
    Ok(())
}
