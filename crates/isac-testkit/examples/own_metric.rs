//! Property tests for a metric of your own: `cargo run -p isac-testkit --example own_metric`.
//!
//! The metric is the smallest SINR of a downlink. One version is right; the other takes `h^T w` for
//! `h^H w`, a mistake that no number shows and rotations of the antennas do.

use isac_linalg::c64;
use isac_testkit::metric::{self, Downlink, Trend, Violation};

/// Smallest SINR, given what user `k` hears of beam `j`.
fn smallest(x: &Downlink, amplitude: impl Fn(usize, usize) -> c64) -> Vec<f64> {
    let streams = x.beamformer.ncols();
    let sinr = (0..x.users()).map(|k| {
        let heard = |j: usize| amplitude(k, j).norm_sqr();
        let all: f64 = (0..streams).map(heard).sum();
        heard(k) / (all - heard(k) + x.noise[k])
    });
    vec![sinr.fold(f64::INFINITY, f64::min)]
}

fn right(x: &Downlink) -> Vec<f64> {
    let antennas = 0..x.channel.nrows();
    let product = |i: usize, k: usize, j: usize| x.channel[(i, k)].conj() * x.beamformer[(i, j)];
    smallest(x, |k, j| antennas.clone().map(|i| product(i, k, j)).sum())
}

fn wrong(x: &Downlink) -> Vec<f64> {
    let antennas = 0..x.channel.nrows();
    let product = |i: usize, k: usize, j: usize| x.channel[(i, k)] * x.beamformer[(i, j)];
    smallest(x, |k, j| antennas.clone().map(|i| product(i, k, j)).sum())
}

fn invariants(metric: fn(&Downlink) -> Vec<f64>, x: &Downlink) -> Result<(), Violation> {
    metric::phase(metric, x, 1e-9)?;
    metric::units(metric, x, 1e-9)?;
    metric::power(metric, x, Trend::Rises)?;
    metric::noise(metric, x, Trend::Falls)?;
    metric::unitary(metric, x, 1e-9)
}

#[expect(clippy::print_stdout, reason = "an example shows its result")]
fn main() -> Result<(), Violation> {
    for x in metric::sample(64) {
        invariants(right, &x)?;
    }
    println!("h^H w: every invariant holds on 64 downlinks");
    let Err(found) = metric::smallest(64, |x| invariants(wrong, x)) else {
        panic!("the mistake was not found");
    };
    println!("h^T w: {found}");
    assert!(found.to_string().contains("Downlink::draw("));
    Ok(())
}
