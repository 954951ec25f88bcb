//! Our side of the comparison with the printed Algorithm 1 of `[noma]` through cvxpy, and how the
//! time grows with the number of antennas.
//!
//! ```text
//! cargo run --profile repro -p isac-benches --example noma_peer -- [FILE]
//! ```
//!
//! FILE is a document of schema `noma/1` with explicit channels, as `peers/noma_cvxpy.py` writes it;
//! one max-min design of its scene in both decoding modes is timed. Without a file, one design of
//! every kind is timed at N = 8 to 512, the reduction to the span apart.

use isac_algos::noma::max_min::{self, Method};
use isac_algos::noma::robust::{self, ErrorBall};
use isac_algos::noma::{Mode, Scene, Sensing, Span, power_min};
use isac_benches::cpu_seconds;
use isac_linalg::{Mat, c64};
use isac_metrics::noma::SicSet;
use isac_models::array::{Scaling, Ula};
use isac_models::rng::{Stream, complex_normal, stream};
use serde_json::Value;

type Failure = Box<dyn std::error::Error>;

const SENSING: Sensing = Sensing {
    floor: 2.0,
    difference: 0.001,
    cross_correlation: Some(10.0),
};
const NOISE: f64 = 0.01;
const BUDGET: f64 = 6.0;

/// CPU seconds of one call, from batches of a fifth of a second; the best of five.
fn seconds<T>(mut call: impl FnMut() -> Result<T, Failure>) -> Result<f64, Failure> {
    let mut runs = 1;
    let mut best = f64::INFINITY;
    let mut batches = 0;
    while batches < 5 {
        let start = cpu_seconds();
        for _ in 0..runs {
            call()?;
        }
        let spent = cpu_seconds() - start;
        if spent < 0.2 {
            runs *= 2;
        } else {
            best = best.min(spent / runs as f64);
            batches += 1;
        }
    }
    Ok(best)
}

fn scene(h: &Mat<c64>, angles_deg: &[f64], sic: SicSet) -> Result<Scene, Failure> {
    let array = Ula::half_wavelength(h.nrows(), Scaling::UnitEntries)?;
    let radians: Vec<f64> = angles_deg.iter().map(|a| a.to_radians()).collect();
    let mode = Mode {
        sic,
        ..Mode::default()
    };
    let steering = array.steering(&radians);
    Ok(Scene::new(
        h.as_ref(),
        steering.as_ref(),
        NOISE,
        SENSING,
        mode,
    )?)
}

fn channels(document: &Value) -> Result<Mat<c64>, Failure> {
    let part = |key: &str| -> Result<Vec<Vec<f64>>, Failure> {
        Ok(serde_json::from_value(document["H"][key].clone())?)
    };
    let (re, im) = (part("re")?, part("im")?);
    let users = re.first().map_or(0, Vec::len);
    Ok(Mat::from_fn(re.len(), users, |n, k| {
        c64::new(re[n][k], im[n][k])
    }))
}

fn options(method: Method) -> max_min::Options {
    max_min::Options {
        method,
        ..max_min::Options::default()
    }
}

#[expect(clippy::print_stdout, reason = "a measuring program")]
fn document(path: &str) -> Result<(), Failure> {
    let document: Value = serde_json::from_str(&std::fs::read_to_string(path)?)?;
    let h = channels(&document)?;
    for sic in [SicSet::Own, SicSet::Full] {
        let scene = scene(&h, &[-60.0, 60.0], sic)?;
        let options = options(Method::Auto);
        let solved = max_min::solve(&scene, BUDGET, &options)?.solved();
        let found = solved.ok_or("no verified answer")?;
        let time = seconds(|| Ok(max_min::solve(&scene, BUDGET, &options)?))?;
        println!(
            "ours {}: t = {:.4}, {} solves, {time:.6} CPU s",
            sic.name(),
            found.target,
            found.solves
        );
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "a measuring program")]
fn sizes() -> Result<(), Failure> {
    println!("CPU milliseconds of one design, reduction included; the reduction alone in `span`");
    println!("N  span  power_min_full  max_min_full  max_min_own  robust_own");
    let ball = ErrorBall {
        radius: 0.05,
        residual: true,
    };
    for n in [8, 16, 32, 64, 128, 256, 512] {
        let h = complex_normal(n, 3, &mut stream(1, Stream::Channel, 0));
        let full = scene(&h, &[-60.0, 60.0], SicSet::Full)?;
        let own = scene(&h, &[-60.0, 60.0], SicSet::Own)?;
        let eight_db = [10f64.powf(0.8); 3];
        let times = [
            seconds(|| Ok(Span::new(&full)))?,
            seconds(|| {
                Ok(power_min::solve(
                    &full,
                    &eight_db,
                    &power_min::Options::default(),
                )?)
            })?,
            seconds(|| Ok(max_min::solve(&full, BUDGET, &options(Method::Slope))?))?,
            seconds(|| Ok(max_min::solve(&own, BUDGET, &options(Method::Joint))?))?,
            seconds(|| {
                Ok(robust::solve(
                    &own,
                    &[100.0; 3],
                    ball,
                    &robust::Options::default(),
                )?)
            })?,
        ];
        let list: Vec<String> = times.iter().map(|t| format!("{:.4}", 1e3 * t)).collect();
        println!("{n}  {}", list.join("  "));
    }
    Ok(())
}

fn main() -> Result<(), Failure> {
    match std::env::args().nth(1) {
        Some(path) => document(&path),
        None => sizes(),
    }
}
