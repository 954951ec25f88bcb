//! The delay-Doppler metric against numerical differentiation of the echo, its slopes against
//! differences, and what must not change it.

use isac_linalg::{Mat, Scale, c64, real};
use isac_metrics::Error;
use isac_metrics::delay_doppler::{
    BsKnowledge, Combine, DelayDoppler, Disturbance, EchoModel, Gain, Illumination, Nodes,
    SensingOptions,
};
use isac_models::geometry::{MovingTarget, Scene};
use isac_models::ofdm::{Echo, Grid, SPEED_OF_LIGHT_M_S};
use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};
use std::f64::consts::PI;

const N: usize = 6;
const M: usize = 5;

fn scene() -> Scene {
    let target = |x, y, vx, vy| MovingTarget {
        position_m: [x, y],
        velocity_m_s: [vx, vy],
    };
    Scene::new(
        [0.0, 0.0],
        vec![
            target(60.0, 20.0, 5.0, -9.0),
            target(50.0, -40.0, -12.0, 4.0),
            target(80.0, 5.0, 1.0, 20.0),
        ],
        vec![[55.0, 30.0], [70.0, -20.0]],
    )
    .unwrap()
}

fn grid() -> Grid {
    Grid::filling(N, M, 28e9, 20e6, 0.25).unwrap()
}

fn model(state: bool) -> EchoModel {
    let (scene, grid) = (scene(), grid());
    let pairs = || (0..3).flat_map(|t| (0..3).map(move |j| (t, j)));
    let reflection = |(t, j)| {
        scene
            .reflection_power(t, j, grid.wavelength_m(), 1.0)
            .unwrap()
    };
    let combine = if state {
        Combine::State(pairs().map(|(t, j)| scene.jacobian(t, j, &grid)).collect())
    } else {
        Combine::Sum
    };
    EchoModel {
        subcarriers: N,
        symbols: M,
        reflection: pairs().map(reflection).collect(),
        noise_w: vec![1e-13, 2e-13, 1.5e-13],
        antennas: vec![4.0, 1.0, 2.0],
        combine,
        weights: if state {
            vec![1.0, 0.5, 2.0, 1.0]
        } else {
            vec![1.0, 0.7]
        },
    }
}

fn lit(seed: u64) -> Illumination {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut draw = || (0..3 * N).map(|_| 0.02 + rng.random::<f64>()).collect();
    Illumination {
        sensing: draw(),
        comm: draw(),
    }
}

fn every_option() -> Vec<SensingOptions> {
    let mut all = Vec::new();
    for gain in [Gain::Known, Gain::Unknown] {
        for disturbance in [
            Disturbance::All,
            Disturbance::CommEchoes,
            Disturbance::NoiseOnly,
        ] {
            for bs in [BsKnowledge::SensingOnly, BsKnowledge::FullWaveform] {
                for nodes in [Nodes::Multi, Nodes::Mono] {
                    all.push(SensingOptions {
                        gain,
                        disturbance,
                        bs,
                        nodes,
                    });
                }
            }
        }
    }
    all
}

/// The information of (delay, Doppler, Re gain, Im gain) by central differences of the echo's mean.
fn numerical_information(
    echo: Echo,
    power: &[f64],
    disturbance: &[f64],
    antennas: f64,
) -> Mat<f64> {
    let reference = Mat::from_fn(N, M, |i, _| c64::new(power[i].sqrt(), 0.0));
    let mean = |shift: [f64; 4]| {
        let moved = Echo {
            gain: echo.gain + c64::new(shift[2], shift[3]),
            delay: echo.delay + shift[0],
            doppler: echo.doppler + shift[1],
        };
        moved.mean(reference.as_ref())
    };
    let steps = [1e-5, 1e-5, 1e-4 * echo.gain.norm(), 1e-4 * echo.gain.norm()];
    let slopes: Vec<Mat<c64>> = (0..4)
        .map(|a| {
            let (mut up, mut down) = ([0.0; 4], [0.0; 4]);
            up[a] = steps[a];
            down[a] = -steps[a];
            (mean(up) - mean(down)) * Scale(c64::new(0.5 / steps[a], 0.0))
        })
        .collect();
    Mat::from_fn(4, 4, |a, b| {
        let mut sum = 0.0;
        for m in 0..M {
            for i in 0..N {
                let product = slopes[a][(i, m)].conj() * slopes[b][(i, m)];
                sum += 2.0 * antennas * product.re / disturbance[i];
            }
        }
        sum
    })
}

#[test]
fn node_information_is_that_of_the_echo_by_numerical_differentiation() {
    let lit = lit(1);
    for gain in [Gain::Known, Gain::Unknown] {
        let options = SensingOptions {
            gain,
            ..SensingOptions::default()
        };
        let metric = DelayDoppler::new(model(false), options).unwrap();
        let mut state = metric.state();
        metric.evaluate(&lit, &mut state);
        for t in 0..3 {
            for j in 0..3 {
                let mut disturbance = [0.0; N];
                metric.disturbance_into(t, j, &lit, &mut disturbance);
                let b = metric.model().reflection[t * 3 + j];
                let echo = Echo {
                    gain: c64::from_polar(b.sqrt(), 0.7),
                    delay: 0.13 + 0.1 * t as f64,
                    doppler: -0.02,
                };
                let power = &lit.sensing[t * N..(t + 1) * N];
                let antennas = metric.model().antennas[j];
                let full = numerical_information(echo, power, &disturbance, antennas);
                let inner = full.submatrix(0, 0, 2, 2);
                let expected = match gain {
                    Gain::Known => inner.to_owned(),
                    Gain::Unknown => {
                        let cross = full.submatrix(0, 2, 2, 2);
                        let nuisance = full.submatrix(2, 2, 2, 2);
                        inner - cross * real::solve(nuisance, cross.transpose()).unwrap()
                    }
                };
                let got = state.node_information[t * 3 + j];
                let top = got[0][0].max(got[1][1]);
                for a in 0..2 {
                    for c in 0..2 {
                        let off = (got[a][c] - expected[(a, c)]).abs();
                        assert!(off < 1e-6 * top, "{gain:?} {t} {j}: {off:e} of {top:e}");
                    }
                }
            }
        }
    }
}

#[test]
fn information_equals_the_formula_written_out_for_every_option() {
    let lit = lit(3);
    for options in every_option() {
        let metric = DelayDoppler::new(model(false), options).unwrap();
        let mut state = metric.state();
        metric.evaluate(&lit, &mut state);
        let nodes = if options.nodes == Nodes::Mono { 1 } else { 3 };
        let m = metric.model().symbols as f64;
        for (t, j) in (0..3).flat_map(|t| (0..nodes).map(move |j| (t, j))) {
            let mut disturbance = [0.0; N];
            metric.disturbance_into(t, j, &lit, &mut disturbance);
            let known = j == 0 && options.bs == BsKnowledge::FullWaveform;
            let p: Vec<f64> = (0..N)
                .map(|i| {
                    let data = if known { lit.comm[t * N + i] } else { 0.0 };
                    (lit.sensing[t * N + i] + data) / disturbance[i]
                })
                .collect();
            let sum = |f: &dyn Fn(f64) -> f64| -> f64 { (0..N).map(|i| f(i as f64) * p[i]).sum() };
            let (zeroth, first, second) = (sum(&|_| 1.0), sum(&|i| i), sum(&|i| i * i));
            let expected = match options.gain {
                Gain::Known => [
                    m * second,
                    -m * (m - 1.0) / 2.0 * first,
                    (m - 1.0) * m * (2.0 * m - 1.0) / 6.0 * zeroth,
                ],
                Gain::Unknown => [
                    m * (second - first * first / zeroth),
                    0.0,
                    m * (m * m - 1.0) / 12.0 * zeroth,
                ],
            };
            let model = metric.model();
            let kappa = 8.0
                * std::f64::consts::PI.powi(2)
                * model.reflection[t * 3 + j]
                * model.antennas[j];
            let got = state.node_information[t * 3 + j];
            for (got, expected) in [got[0][0], got[0][1], got[1][1]].iter().zip(expected) {
                let off = (got - kappa * expected).abs();
                assert!(
                    off <= 1e-12 * (kappa * expected).abs(),
                    "{options:?} {t} {j}"
                );
            }
        }
    }
}

#[test]
fn slopes_by_the_illumination_match_differences_for_every_option() {
    let start = lit(2);
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    for state_space in [false, true] {
        for options in every_option() {
            if state_space && options.nodes == Nodes::Mono {
                continue;
            }
            let metric = DelayDoppler::new(model(state_space), options).unwrap();
            let mut state = metric.state();
            let mut slopes = metric.dark();
            metric.evaluate(&start, &mut state);
            // The cost sum_t log C_t, so that targets weigh alike.
            let by_crlb: Vec<f64> = state.crlb.iter().map(|c| 1.0 / c).collect();
            metric.backpropagate(&by_crlb, &mut state, &mut slopes);
            let direction: Vec<f64> = (0..6 * N).map(|_| rng.random::<f64>() - 0.5).collect();
            let both = slopes.sensing.iter().chain(&slopes.comm);
            let predicted: f64 = both.zip(&direction).map(|(s, d)| s * d).sum();
            let mut cost = |h: f64| {
                let mut moved = start.clone();
                let powers = moved.sensing.iter_mut().chain(&mut moved.comm);
                powers.zip(&direction).for_each(|(p, d)| *p += h * d);
                metric.evaluate(&moved, &mut state);
                state.crlb.iter().map(|c| c.ln()).sum::<f64>()
            };
            // Remainder of the second-order Taylor test: halving h divides it by four.
            let base = cost(0.0);
            let mut remainder = |h: f64| (cost(h) - base - h * predicted).abs();
            let slope = (remainder(1e-3) / remainder(5e-4)).log2();
            assert!(
                (slope - 2.0).abs() < 0.1,
                "{options:?} {state_space}: {slope}"
            );
        }
    }
}

#[test]
fn more_knowledge_and_more_nodes_never_hurt() {
    let lit = lit(3);
    let crlb = |options: SensingOptions| {
        let metric = DelayDoppler::new(model(false), options).unwrap();
        let mut state = metric.state();
        metric.evaluate(&lit, &mut state);
        state.crlb
    };
    for options in every_option() {
        let ordered = |less: fn(&mut SensingOptions), more: fn(&mut SensingOptions)| {
            let (mut weak, mut strong) = (options, options);
            less(&mut weak);
            more(&mut strong);
            let pairs: Vec<(f64, f64)> = crlb(strong).into_iter().zip(crlb(weak)).collect();
            assert!(
                pairs.iter().all(|(a, b)| *a <= b * (1.0 + 1e-12)),
                "{options:?}"
            );
        };
        ordered(|o| o.gain = Gain::Unknown, |o| o.gain = Gain::Known);
        ordered(|o| o.nodes = Nodes::Mono, |o| o.nodes = Nodes::Multi);
        ordered(
            |o| o.bs = BsKnowledge::SensingOnly,
            |o| o.bs = BsKnowledge::FullWaveform,
        );
        ordered(
            |o| o.disturbance = Disturbance::All,
            |o| o.disturbance = Disturbance::CommEchoes,
        );
        ordered(
            |o| o.disturbance = Disturbance::CommEchoes,
            |o| o.disturbance = Disturbance::NoiseOnly,
        );
    }
}

#[test]
fn physical_units_of_a_flat_spectrum_follow_the_textbook() {
    // One target, base station only, unknown gain, flat illumination: the delay variance is
    // 1 / (8 pi^2 SNR beta^2) with SNR the total and beta the RMS bandwidth.
    let mut model = model(false);
    model.reflection = vec![1e-13];
    model.noise_w = vec![1e-13];
    model.antennas = vec![1.0];
    model.weights = vec![1.0, 1.0];
    let options = SensingOptions {
        gain: Gain::Unknown,
        ..SensingOptions::default()
    };
    let metric = DelayDoppler::new(model, options).unwrap();
    let mut state = metric.state();
    let flat = Illumination {
        sensing: vec![3.0; N],
        comm: vec![0.0; N],
    };
    metric.evaluate(&flat, &mut state);
    let grid = grid();
    let [range, speed] = state.physical_std(0, &Combine::Sum, &grid);
    let snr = 3.0 * (N * M) as f64;
    let information = |rms: f64| (8.0 * PI * PI * snr).sqrt() * rms;
    let bandwidth = grid.spacing_hz() * (((N * N - 1) as f64) / 12.0).sqrt();
    let expected = SPEED_OF_LIGHT_M_S / 2.0 / information(bandwidth);
    assert!((range / expected - 1.0).abs() < 1e-12);
    let dwell = grid.interval_s() * (((M * M - 1) as f64) / 12.0).sqrt();
    let expected = SPEED_OF_LIGHT_M_S / (2.0 * grid.carrier_hz()) / information(dwell);
    assert!((speed / expected - 1.0).abs() < 1e-12);
}

#[test]
fn a_dark_target_has_an_infinite_bound() {
    let metric = DelayDoppler::new(model(false), SensingOptions::default()).unwrap();
    let mut state = metric.state();
    metric.evaluate(&metric.dark(), &mut state);
    assert!(state.crlb.iter().all(|c| c.is_infinite()));
}

#[test]
fn bad_scenes_are_refused_by_name() {
    let refuse = |change: fn(&mut EchoModel)| {
        let mut bad = model(true);
        change(&mut bad);
        DelayDoppler::new(bad, SensingOptions::default())
            .unwrap_err()
            .to_string()
    };
    assert!(refuse(|m| m.symbols = 0).contains("symbols"));
    assert!(refuse(|m| m.symbols = 1).contains("symbols"));
    assert!(refuse(|m| m.subcarriers = 1).contains("subcarriers"));
    assert!(refuse(|m| m.reflection.clear()).contains("targets"));
    assert!(refuse(|m| m.reflection[2] = f64::NAN).contains("reflection"));
    assert!(refuse(|m| m.noise_w[1] = 0.0).contains("noise"));
    assert!(refuse(|m| m.antennas.push(1.0)).contains("antennas"));
    assert!(refuse(|m| m.weights = vec![1.0, 1.0]).contains("crlb_weights"));
    assert!(refuse(|m| m.weights = vec![0.0; 4]).contains("crlb_weights"));
    let alone = SensingOptions {
        nodes: Nodes::Mono,
        ..SensingOptions::default()
    };
    let error = DelayDoppler::new(model(true), alone).unwrap_err();
    assert!(matches!(
        error,
        Error::Unresolvable {
            target: 0,
            nodes: 1
        }
    ));
}
