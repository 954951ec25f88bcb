//! Our side of the comparison with `peers/hisac_cvxpy.py`: writes the instance that the script reads
//! and times complete designs on it, processor time of one thread.
//!
//! ```text
//! cargo run --profile repro -p isac-benches --example hisac_peer -- instance.json [SEED]
//! ```

use isac_algos::hisac_see::{Access, Design, Problem, RawStart, Working, direct, sca};
use isac_benches::cpu_seconds;
use isac_linalg::c64;
use isac_models::channel::PathChannel;
use isac_models::rng::{Stream, stream};
use isac_models::scene::Scene;
use serde_json::{Value, json};

/// Wavelength at 18 GHz, m.
const WAVELENGTH: f64 = isac_models::ofdm::SPEED_OF_LIGHT_M_S / 18e9;
/// Relative error radius.
const ERROR: f64 = 0.1;

#[expect(clippy::print_stdout, reason = "a measuring program")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("give the file for the instance")?;
    let seed: u64 = arguments.next().map_or(Ok(0), |s| s.parse())?;
    let model = PathChannel::new(6, 2, WAVELENGTH)?;
    let cell = Scene::fixed(4)?
        .channels(&model, &model, 1e-8, &mut stream(seed, Stream::Channel, 0))?
        .with_relative_error(ERROR)?;
    let reflection = 4.0 * std::f64::consts::PI * 10.0 / (WAVELENGTH * WAVELENGTH);
    let cap = 10.0_f64.powf(2.5);
    let mut problem = Problem::new(cell, reflection, cap, cap, 10.0);
    problem.access = Access::RsmaFixed;
    let raw = RawStart::default().design(&problem, &Working::new(&problem)?)?;
    let start = sca::phase_one(&problem, &raw, &sca::Options::default())?;
    if !start.feasible {
        return Err("this draw has no feasible start; try another seed".into());
    }
    std::fs::write(&path, instance(&problem, &start.design).to_string())?;
    let timed = |name: &str, run: &dyn Fn() -> Result<direct::Solution, isac_algos::Error>| {
        let begin = cpu_seconds();
        let mut last = run()?;
        let mut runs = 1;
        while cpu_seconds() - begin < 0.5 {
            last = run()?;
            runs += 1;
        }
        let seconds = (cpu_seconds() - begin) / f64::from(runs);
        println!(
            "{name} {seconds:.5} s, efficiency {:.6}, feasible {}",
            last.report.efficiency, last.feasible
        );
        Ok::<(), Box<dyn std::error::Error>>(())
    };
    timed("direct_one_start", &|| {
        direct::solve(&problem, &raw, &direct::Options::default())
    })?;
    timed("direct", &|| {
        direct::design(&problem, &[], &direct::Options::default())
    })?;
    for (name, scheme) in [
        ("joint", sca::Scheme::Joint),
        ("alternating", sca::Scheme::Alternating),
    ] {
        let options = sca::Options {
            scheme,
            ..sca::Options::default()
        };
        timed(name, &|| sca::solve(&problem, &start.design, &options))?;
    }
    Ok(())
}

fn complex(rows: usize, cols: usize, at: impl Fn(usize, usize) -> c64) -> Value {
    let part = |f: fn(c64) -> f64| -> Vec<Vec<f64>> {
        (0..rows)
            .map(|i| (0..cols).map(|j| f(at(i, j))).collect())
            .collect()
    };
    json!({"re": part(|z| z.re), "im": part(|z| z.im)})
}

fn column(v: &[c64]) -> Value {
    complex(v.len(), 1, |i, _| v[i])
}

fn instance(problem: &Problem, start: &Design) -> Value {
    let c = &problem.cell;
    let n = c.users();
    let o = start.stream_matrix(c.antennas2());
    let radius = |link: &isac_models::csi_error::UncertainChannel| link.radius();
    json!({
        "schema": "hisac-see/1",
        "params": {
            "M1_h_v": [6, 2], "M2_h_v": [6, 2], "N": n, "sigma2_W": c.noise,
            "P1_max_W": problem.power1_max, "P2_max_W": problem.power2_max,
            "P0_W": problem.circuit_power, "gamma_th": problem.requirements.sinr,
            "I_S": problem.requirements.secrecy_rate, "I_c": problem.requirements.common_rate,
            "I_p": problem.requirements.private_rate, "kappa2": problem.reflection,
            "radius_h_bo": radius(&c.h_bo), "radius_h_e": radius(&c.h_e),
            "radius_g_bo": radius(&c.g_bo), "radius_g_e": radius(&c.g_e),
        },
        "channels": {
            "h_bo": column(&c.h_bo.estimate), "h_e": column(&c.h_e.estimate),
            "h_ta": column(&c.h_ta), "h_cl": column(&c.h_cl),
            "h_users_rows": complex(n, c.antennas1(), |i, j| c.h_users[(j, i)]),
            "g_bo": column(&c.g_bo.estimate), "g_e": column(&c.g_e.estimate),
            "g_users_rows": complex(n, c.antennas2(), |i, j| c.g_users[(j, i)]),
        },
        "designs": {"feasible_start": {
            "w_bo": column(&start.w_bo), "w_ta": column(&start.w_ta),
            "O": complex(o.nrows(), o.ncols(), |i, j| o[(i, j)]),
        }},
    })
}
