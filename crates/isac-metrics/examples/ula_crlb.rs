//! The Cramer-Rao bound of one angle for a uniform linear array, beside its closed form:
//! `cargo run -p isac-metrics --example ula_crlb`.
//!
//! `N` antennas half a wavelength apart send white signals of total power `P` and receive `L` echoes of a
//! target with coefficient `alpha`, which is not known either. Then the variance of the angle is at least
//! `3 noise / (|alpha|^2 L P N (N^2 - 1) pi^2 cos^2 theta)`.

use isac_linalg::{Mat, c64};
use isac_metrics::AngleSensing;
use isac_models::array::{Scaling, Ula};
use std::f64::consts::PI;

const ELEMENTS: usize = 12;
const SNAPSHOTS: usize = 64;
/// Watts.
const POWER: f64 = 2.0;
const NOISE: f64 = 1e-12;

#[expect(clippy::print_stdout, reason = "an example shows its result")]
fn main() -> Result<(), isac_metrics::Error> {
    let array = Ula::half_wavelength(ELEMENTS, Scaling::UnitEntries)?;
    let alpha = c64::from_polar(1e-6, 0.3);
    let n = ELEMENTS as f64;
    let entry = (POWER / n).sqrt();
    let beamformer = Mat::from_fn(ELEMENTS, ELEMENTS, |i, j| {
        c64::new(if i == j { entry } else { 0.0 }, 0.0)
    });
    for degrees in [0.0_f64, 20.0, 60.0] {
        let theta = degrees.to_radians();
        let response = array.response(&[theta]);
        let sensing = AngleSensing::of_responses(&response, &response, &[alpha], SNAPSHOTS, NOISE)?;
        let crlb = sensing.crlb(beamformer.as_ref())?;
        let variance = crlb.inverse()[(0, 0)];
        let energy = alpha.norm_sqr() * SNAPSHOTS as f64 * POWER / NOISE;
        let known = 3.0 / (energy * n * (n * n - 1.0) * (PI * theta.cos()).powi(2));
        let error = variance.sqrt().to_degrees();
        println!("{degrees:>4} degrees: standard deviation at least {error:.6} degrees");
        assert!((variance / known - 1.0).abs() < 1e-10);
    }
    // At endfire a linear array tells nothing of the angle: an error, not a number.
    let endfire = array.response(&[0.5 * PI]);
    let sensing = AngleSensing::of_responses(&endfire, &endfire, &[alpha], SNAPSHOTS, NOISE)?;
    assert!(sensing.crlb(beamformer.as_ref()).is_err());
    Ok(())
}
