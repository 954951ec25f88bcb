//! A constraint that holds for every channel of a ball, as one matrix inequality:
//! `cargo run -p isac-opt --example robust`.
//!
//! Least power with `|(h + d)^H w|^2 >= gamma noise` for all `|d| <= r`, over covariances `W`. For one user
//! the answer is known: the beam lies along `h` and its gain is `(|h| - r)^2`.

use isac_linalg::{Col, Mat, c64};
use isac_opt::conic::{Options, Program};
use isac_opt::s_procedure::RobustQuadratic;

const GAMMA: f64 = 4.0;
/// Watts.
const NOISE: f64 = 1e-13;

#[expect(clippy::print_stdout, reason = "an example shows its result")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let h = Col::from_fn(4, |i| c64::from_polar(1e-5, 0.7 * i as f64));
    let length = h.norm_l2();
    for share in [0.0, 0.05, 0.2] {
        let radius = share * length;
        let mut program = Program::new();
        let w = program.psd("W", 4);
        let mut floor = RobustQuadratic::ball(4, radius)?;
        floor.add_form(w.expr(), h.as_ref());
        floor.add_constant(-GAMMA * NOISE);
        floor.impose(&mut program, "user");
        program.minimise(w.trace());
        let outcome = program.solve(&Options::default())?;
        let solution = outcome.into_solution().map_err(|other| other.to_string())?;
        let known = GAMMA * NOISE / (length - radius).powi(2);
        println!(
            "radius {radius:.1e}: {:.9} W, known {known:.9} W",
            solution.objective
        );
        assert!((solution.objective / known - 1.0).abs() < 1e-6);
        let beam = isac_opt::sdr::principal_component(solution.matrix(w)?.as_ref())?;
        let rest = solution.matrix(w)? - Mat::from_fn(4, 4, |i, j| beam[i] * beam[j].conj());
        assert!(rest.norm_l2() < 1e-4 * known, "rank one");
    }
    Ok(())
}
