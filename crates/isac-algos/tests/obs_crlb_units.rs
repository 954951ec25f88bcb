//! No algorithm of this paper depends on a unit: factors of two on the weights or on all powers move
//! no bit of the design, and the optimum follows the noise down to -90 dBm.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use isac_algos::obs_crlb::{
    Auxiliaries, Evaluator, SumRateCrlb, Weights, accelerated, fp_sgda, per_antenna, restarts, sca,
    start, wmmse_sdr,
};
use isac_linalg::{Mat, c64, ops};
use isac_metrics::AngleSensing;
use isac_models::array::{KronOrder, Scaling, Upa};
use isac_models::channel::rayleigh;
use isac_models::rng::{Stream, stream};
use isac_models::target::Targets;
use isac_models::units::{Dbm, Degrees};

/// One target at (-40, 50) degrees, 3 x 2 transmit and 3 x 3 receive antennas, 30 snapshots.
fn problem(
    users: usize,
    power: f64,
    noise: f64,
    radar_noise: f64,
    weights: Weights,
) -> SumRateCrlb {
    let array = |h, v| Upa::new(h, v, KronOrder::HorizontalSlow, Scaling::UnitNorm).unwrap();
    let (theta, phi) = (Degrees(-40.0).radians(), Degrees(50.0).radians());
    let targets = Targets::new(vec![theta], vec![phi], vec![c64::new(0.1, 0.0)]).unwrap();
    let sensing = AngleSensing::new(&array(3, 2), &array(3, 3), &targets, 30, radar_noise).unwrap();
    let channel = rayleigh(6, users, 1.0, &mut stream(7, Stream::Channel, 0));
    SumRateCrlb::new(channel, sensing, vec![noise; users], power, weights).unwrap()
}

/// Every algorithm without an absolute rule of its source.
fn designs(problem: &SumRateCrlb) -> Vec<(&'static str, Mat<c64>)> {
    let streams = 3;
    let w = start::regularised_zf(problem, streams, 0.9).unwrap();
    let w = w.as_ref();
    let lbfgs = accelerated::Options::lbfgs();
    let mut rng = stream(1, Stream::Start, 0);
    let restarts = restarts::Options::default();
    vec![
        (
            "accelerated",
            accelerated::solve(problem, w, &lbfgs).unwrap().beamformer,
        ),
        (
            "barzilai_borwein",
            accelerated::solve(problem, w, &accelerated::Options::bb())
                .unwrap()
                .beamformer,
        ),
        (
            "algorithm1",
            sca::solve(problem, w, &sca::Options::default())
                .unwrap()
                .beamformer,
        ),
        (
            "per_antenna",
            per_antenna::solve_accelerated(problem, w, &lbfgs)
                .unwrap()
                .beamformer,
        ),
        (
            "fp_sgda",
            fp_sgda::solve(problem, w, &fp_sgda::Options::default())
                .unwrap()
                .beamformer,
        ),
        (
            "wmmse_sdr",
            wmmse_sdr::solve(problem, w, &wmmse_sdr::Options::default())
                .unwrap()
                .beamformer,
        ),
        (
            "best_of_starts",
            restarts::best(problem, &[], &restarts, &mut rng)
                .unwrap()
                .0
                .beamformer,
        ),
    ]
}

fn distance(a: &Mat<c64>, b: &Mat<c64>, factor: f64) -> f64 {
    let (mut gap, mut size) = (0.0, 0.0);
    for j in 0..a.ncols() {
        for i in 0..a.nrows() {
            gap += (a[(i, j)] * factor - b[(i, j)]).norm_sqr();
            size += b[(i, j)].norm_sqr();
        }
    }
    (gap / size).sqrt()
}

#[test]
fn neither_weights_nor_powers_have_a_unit() {
    let weights = |factor: f64| Weights {
        rate: 0.25 * factor,
        crlb: factor,
    };
    let plain = designs(&problem(2, 0.01, 1e-3, 1e-3, weights(1.0)));
    for k in [-40, 40] {
        let factor = 2.0_f64.powi(k);
        let scaled = designs(&problem(2, 0.01, 1e-3, 1e-3, weights(factor)));
        let power = |watts: f64| watts * factor;
        let moved = designs(&problem(
            2,
            power(0.01),
            power(1e-3),
            power(1e-3),
            weights(1.0),
        ));
        for ((name, w), ((_, same), (_, other))) in plain.iter().zip(scaled.iter().zip(&moved)) {
            assert!(distance(w, same, 1.0) < 1e-9, "{name}: weights times 2^{k}");
            let amplitude = 2.0_f64.powi(k / 2);
            assert!(
                distance(w, other, amplitude) < 1e-9,
                "{name}: powers times 2^{k}"
            );
        }
    }
}

/// The CRLB at the optimum is proportional to the radar noise; 1.42076373618e-3 at 0 dBm.
#[test]
fn sensing_alone_follows_the_noise_down_to_minus_90_dbm() {
    for dbm in [0.0, -40.0, -60.0, -90.0] {
        let noise = Dbm(dbm).watts();
        let weights = Weights {
            rate: 0.0,
            crlb: 1.0,
        };
        let problem = problem(0, 1.0, 1.0, noise, weights);
        let expected = -1.420_763_736_18 * noise;
        for (name, w) in designs(&problem) {
            let objective = problem.merit(w.as_ref()).unwrap().objective;
            let gap = (objective - expected).abs() / expected.abs();
            if name == "per_antenna" {
                // Its set is smaller: it ends no higher.
                assert!(
                    objective <= expected * (1.0 - 1e-9),
                    "{name}: {objective:e}"
                );
                continue;
            }
            let room = match name {
                "fp_sgda" | "wmmse_sdr" => 1e-3,
                _ => 1e-8,
            };
            assert!(
                gap <= room,
                "{name} at {dbm} dBm: {objective:e} for {expected:e}"
            );
        }
    }
}

/// Two targets `apart` radians apart, sensing and communication.
fn close(apart: f64) -> SumRateCrlb {
    let array = |h, v| Upa::new(h, v, KronOrder::HorizontalSlow, Scaling::UnitNorm).unwrap();
    let alpha = vec![c64::new(0.1, 0.2), c64::new(0.0, -0.3)];
    let targets = Targets::new(vec![0.4, 0.4 + apart], vec![1.1, 1.1], alpha).unwrap();
    let sensing = AngleSensing::new(&array(3, 2), &array(3, 3), &targets, 20, 1e-3).unwrap();
    let channel = rayleigh(6, 2, 1.0, &mut stream(3, Stream::Channel, 0));
    let weights = Weights {
        rate: 1.0,
        crlb: 1.0,
    };
    SumRateCrlb::new(channel, sensing, vec![1e-3; 2], 1.0, weights).unwrap()
}

/// What the algorithms climb is what the metrics say, also where the FIM has lost its digits or looks
/// singular: targets a ten-thousandth of a radian apart.
#[test]
fn close_targets_keep_value_and_gradient() {
    for apart in [0.1, 1e-2, 1e-3, 1e-4] {
        let problem = close(apart);
        let w = start::regularised_zf(&problem, 6, 0.5).unwrap();
        let expected = problem.merit(w.as_ref()).unwrap();
        // The estimate of what rounding does to either of the two.
        let rounding = problem.sensing().crlb(w.as_ref()).unwrap().relative_error();
        let room = 1e-9 + 2.0 * rounding;
        assert!(room < 1e-6, "{apart}: {rounding}");
        let mut evaluator = Evaluator::new(&problem, w.ncols());
        let merit = evaluator.merit(w.as_ref()).unwrap();
        let error = merit.crlb_trace / expected.crlb_trace - 1.0;
        assert!(error.abs() < room, "{apart}: value off by {error}");
        let mut gradient = Mat::zeros(6, w.ncols());
        evaluator.gradient(Auxiliaries::Exact, gradient.as_mut());
        let slope = problem.gradient(w.as_ref()).unwrap();
        let distance = ops::norm((&gradient - &slope).as_ref()) / ops::norm(slope.as_ref());
        assert!(
            distance < 10.0 * room,
            "{apart}: gradient off by {distance}"
        );
    }
}

/// The CRLB of two targets grows like their distance to the power of -4, whatever the digits do: so do
/// the optima.
#[test]
fn close_targets_are_designed() {
    let optimum = |apart: f64| {
        let problem = close(apart);
        let mut rng = stream(1, Stream::Start, 0);
        let found = restarts::solve(&problem, &[], &restarts::Options::default(), &mut rng);
        let found = found.unwrap();
        assert!(found.solution.stopped.converged(), "{apart}");
        assert!(found.relative_gap().unwrap() < 1e-6, "{apart}");
        found.solution.merit.crlb_trace * apart.powi(4)
    };
    // The next term of the law is of the order of the distance, 3e-4.
    let (near, nearer) = (optimum(3e-4), optimum(1e-4));
    assert!((near / nearer - 1.0).abs() < 1e-3, "{near} {nearer}");
}
