//! Problem instances of any size, the same for the same arguments.

use crate::twin::ObsCrlbTwin;
use isac_algos::alpha_fair;
use isac_algos::obs_crlb::{SumRateCrlb, Weights, start};
use isac_linalg::{Mat, c64, hermitian, ops};
use isac_metrics::AngleSensing;
use isac_metrics::delay_doppler::{Combine, DelayDoppler, EchoModel, SensingOptions};
use isac_metrics::fairness::{Fairness, Form};
use isac_metrics::ofdm_rate::{Interference, OfdmRate, Streams};
use isac_models::array::{KronOrder, Scaling, Ula, Upa};
use isac_models::geometry::{MovingTarget, Scene, departure_rad, distance_m};
use isac_models::ofdm::Grid;
use isac_models::rng::{Stream, complex_normal, stream};
use isac_models::target::Targets;
use isac_models::units::Dbm;
use rand::RngExt;
use std::error::Error;
use std::f64::consts::TAU;

/// A Hermitian matrix with Gaussian entries.
pub fn hermitian(n: usize) -> Mat<c64> {
    let a = complex_normal(n, n, &mut stream(1, Stream::Channel, n as u64));
    hermitian::hermitian_part(a.as_ref())
}

/// Sizes of an alpha-fair instance.
#[derive(Debug, Clone, Copy)]
pub struct AlphaFairSize {
    /// Subcarriers N; there are as many OFDM symbols.
    pub subcarriers: usize,
    /// Antennas of the base station.
    pub antennas: usize,
    /// Targets T.
    pub targets: usize,
    /// Users K.
    pub users: usize,
}

impl AlphaFairSize {
    /// N = 64, 16 antennas, 10 targets, 10 users.
    pub const FULL: Self = Self {
        subcarriers: 64,
        antennas: 16,
        targets: 10,
        users: 10,
    };
}

/// A problem of \[alpha_fair\] with its start: 100 MHz at 28 GHz, 1 W, 1 bit/s/Hz for every user,
/// sum of the CRLBs in norm form, referred to the start. Targets in equal slots of a sector of 120
/// degrees at 60 to 200 m, users within 20 m of them, Rician channels with eight taps.
///
/// # Errors
/// Sizes of 0.
pub fn alpha_fair(
    size: AlphaFairSize,
    seed: u64,
) -> Result<(alpha_fair::Problem, Mat<c64>), Box<dyn Error>> {
    let AlphaFairSize {
        subcarriers: n,
        antennas,
        targets,
        users,
    } = size;
    let grid = Grid::filling(n, n, 28e9, 100e6, 0.25)?;
    let mut rng = stream(seed, Stream::Geometry, 0);
    let mut uniform = |low: f64, high: f64| low + (high - low) * rng.random::<f64>();
    let mut moving = Vec::new();
    for t in 0..targets {
        let slot = (t as f64 + uniform(0.3, 0.7)) / targets as f64;
        let angle = (slot - 0.5) * TAU / 3.0;
        let radius = uniform(60.0, 200.0);
        moving.push(MovingTarget {
            position_m: [radius * angle.cos(), radius * angle.sin()],
            velocity_m_s: [uniform(-30.0, 30.0), uniform(-30.0, 30.0)],
        });
    }
    let mut places = Vec::new();
    for k in 0..users {
        let around = moving[k % targets].position_m;
        let (radius, angle) = (uniform(1.0, 20.0), uniform(0.0, TAU));
        places.push([
            around[0] + radius * angle.cos(),
            around[1] + radius * angle.sin(),
        ]);
    }
    let scene = Scene::new([0.0, 0.0], moving, places)?;
    let noise = grid.thermal_noise_w(7.0);
    let mut reflection = Vec::new();
    for t in 0..targets {
        for j in 0..scene.nodes() {
            reflection.push(scene.reflection_power(t, j, grid.wavelength_m(), 1.0)?);
        }
    }
    let mut receive = vec![1.0; scene.nodes()];
    receive[0] = antennas as f64;
    let sensing = DelayDoppler::new(
        EchoModel {
            subcarriers: n,
            symbols: n,
            reflection,
            noise_w: vec![noise; scene.nodes()],
            antennas: receive,
            combine: Combine::Sum,
            weights: vec![1.0, 1.0],
        },
        SensingOptions::default(),
    )?;
    let array = Ula::half_wavelength(antennas, Scaling::UnitEntries)?;
    let angles: Vec<f64> = (0..targets).map(|t| scene.departure_rad(t)).collect();
    let streams = Streams {
        subcarriers: n,
        sensing: 1,
        users,
    };
    let rate = OfdmRate::new(
        streams,
        channels(&scene, &grid, &array, seed),
        vec![noise; users],
        Interference::All,
    )?;
    let problem = alpha_fair::Problem::new(
        array.steering(&angles),
        sensing,
        rate,
        Fairness::new(0.0, Form::Norm, 1.0)?,
        vec![1.0; users],
        1.0,
    )?;
    let mut rng = stream(seed, Stream::Start, 0);
    let start = alpha_fair::Start::Mrt.draw(&problem, &mut rng)?;
    Ok((problem.referred_to(start.as_ref())?, start))
}

/// Column `i K + k`: line of sight of K-factor 9 dB and eight scattered taps over 100 ns, with the
/// line-of-sight path loss of a street canyon.
fn channels(scene: &Scene, grid: &Grid, array: &Ula, seed: u64) -> Mat<c64> {
    let (n, antennas) = (grid.subcarriers(), array.elements());
    let users = scene.users().len();
    let mut out = Mat::zeros(antennas, n * users);
    let rice = 10f64.powf(0.9);
    for (k, &place) in scene.users().iter().enumerate() {
        let far = distance_m(scene.base_station(), place);
        let loss_db = 32.4 + 21.0 * far.log10() + 20.0 * 28f64.log10();
        let gain = 10f64.powf(-loss_db / 20.0);
        let direct = array.steering(&[departure_rad(scene.base_station(), place)]);
        let mut rng = stream(seed, Stream::Channel, k as u64);
        let taps = complex_normal(antennas, 8, &mut rng);
        let delays: Vec<f64> = (0..8).map(|_| 1e-7 * rng.random::<f64>()).collect();
        for i in 0..n {
            for row in 0..antennas {
                let scattered: c64 = (0..8)
                    .map(|p| taps[(row, p)] * c64::cis(TAU * grid.offset_hz(i) * delays[p]))
                    .sum();
                let entry = direct[(row, 0)] * (rice / (rice + 1.0)).sqrt()
                    + scattered * (1.0 / (8.0 * (rice + 1.0))).sqrt();
                out[(row, i * users + k)] = entry * gain;
            }
        }
    }
    out
}

/// A problem of \[obs_crlb\] with the released start of six sensing streams: 4 users, two targets,
/// `4 x n_tx / 4` and `5 x n_tx / 4` antennas, 30 snapshots, noise 1 mW, weights 0.25 and 1.
#[derive(Debug, Clone)]
pub struct ObsCrlb {
    /// The problem.
    pub problem: SumRateCrlb,
    /// `[0.25 h_k / ||h_k||, W_s]` at full power, `n_tx x 10`.
    pub start: Mat<c64>,
    /// The same problem for the code that forms `Nt x Nt` matrices.
    pub twin: ObsCrlbTwin,
}

/// The instance for `n_tx` antennas, a multiple of 4, and a power in dBm.
///
/// # Errors
/// Sizes of 0.
pub fn obs_crlb(n_tx: usize, power_dbm: f64, seed: u64) -> Result<ObsCrlb, Box<dyn Error>> {
    let (users, snapshots, noise) = (4, 30, 1e-3);
    let array = |h: usize| Upa::new(h, n_tx / 4, KronOrder::HorizontalSlow, Scaling::UnitNorm);
    let (transmit, receive) = (array(4)?, array(5)?);
    let targets = Targets::new(
        vec![-0.739833, -0.853804],
        vec![-0.657095, -0.323457],
        vec![c64::new(0.0870197, 6.2536e-05), c64::new(-0.0399207, 0.117)],
    )?;
    let mut rng = stream(seed, Stream::Channel, 0);
    let channel = complex_normal(n_tx, users, &mut rng);
    let weights = Weights {
        rate: 0.25,
        crlb: 1.0,
    };
    let problem = SumRateCrlb::new(
        channel.clone(),
        AngleSensing::new(&transmit, &receive, &targets, snapshots, noise)?,
        vec![noise; users],
        Dbm(power_dbm).watts(),
        weights,
    )?;
    let mut sensing = complex_normal(n_tx, 6, &mut stream(seed, Stream::Start, 0));
    ops::scale(sensing.as_mut(), 2f64.sqrt());
    let towards = |array: &Upa| array.steering(targets.theta(), targets.phi());
    let twin = ObsCrlbTwin {
        channel,
        transmit: towards(&transmit),
        receive: towards(&receive),
        alpha: targets.alpha().to_vec(),
        kappa: 2.0 * snapshots as f64 / noise,
        noise: vec![noise; users],
        power: problem.power(),
        weights: (weights.rate, weights.crlb),
    };
    Ok(ObsCrlb {
        start: start::released(&problem, weights.rate, sensing.as_ref())?,
        problem,
        twin,
    })
}
