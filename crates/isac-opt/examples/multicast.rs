//! Multicast by semidefinite relaxation, and what rank one costs:
//! `cargo run -p isac-opt --example multicast`.
//!
//! One beam `w` serves all users: least `|w|^2` with `|h_k^H w|^2 >= gamma noise` for every user. With
//! `W = w w^H` and the rank dropped it is a semidefinite program: its value is a bound for every beam.
//! Gaussian draws of its covariance, scaled until the last user is served, give a beam.

use isac_linalg::{Col, Mat, c64, ops};
use isac_opt::conic::{Options, Program};
use isac_opt::sdr;
use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};

const ANTENNAS: usize = 8;
const USERS: usize = 6;
/// Watts.
const NOISE: f64 = 1e-12;
const GAMMA: f64 = 10.0;

#[expect(clippy::print_stdout, reason = "an example shows its result")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut number = || rng.random_range(-1e-4..1e-4);
    let h = Mat::from_fn(ANTENNAS, USERS, |_, _| c64::new(number(), number()));

    let mut program = Program::new();
    let w = program.psd("W", ANTENNAS);
    for k in 0..USERS {
        program.at_least(format!("user {k}"), w.quadratic(h.col(k)), GAMMA * NOISE);
    }
    program.minimise(w.trace());
    let outcome = program.solve(&Options::default())?;
    println!("relaxation {outcome}");
    let relaxed = outcome.into_solution().map_err(|other| other.to_string())?;

    // The cheapest of 1,000 candidates, each scaled so that its worst user is just served.
    let blocks = [relaxed.matrix(w)?.clone()];
    let served = |beam: &Col<c64>| {
        (0..USERS)
            .map(|k| ops::dot(h.col(k), beam.as_ref()).norm_sqr())
            .fold(f64::INFINITY, f64::min)
    };
    let (best, _) = sdr::randomise(&blocks, 1000, &mut rng, |candidate| {
        let least = served(&candidate[0]);
        let scale = GAMMA * NOISE / least;
        let power = scale * candidate[0].squared_norm_l2();
        let beam = Col::from_fn(ANTENNAS, |i| candidate[0][i] * scale.sqrt());
        Ok::<_, isac_opt::Error>((least > 0.0).then_some((power, beam)))
    })?;
    let (power, beam) = best.ok_or("no candidate serves every user")?;
    let bound = relaxed.bound.ok_or("no proved bound")?;
    println!(
        "beam {power:.6e} W, no beam below {bound:.6e} W: at most {:.2} % above",
        100.0 * (power / bound - 1.0)
    );
    assert!(served(&beam) >= GAMMA * NOISE * (1.0 - 1e-12));
    assert!(power >= bound && power <= 1.5 * bound);
    Ok(())
}
