//! What must hold for every instance of the sum rate / CRLB problem.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/obs_crlb.rs"]
mod support;

use isac_algos::Error;
use isac_algos::obs_crlb::sca::{self, Coordinates, Options, Stop};
use isac_algos::obs_crlb::{
    Reduction, Shift, SumRateCrlb, Weights, accelerated, bound, fp_sgda, low_dim, per_antenna,
    restarts, start, structure,
};
use isac_linalg::{Mat, c64, factor, ops};
use isac_metrics::AngleSensing;
use isac_models::array::{KronOrder, Scaling, Upa};
use isac_models::rng::{Stream, complex_normal, stream};
use isac_models::target::Targets;
use proptest::prelude::*;
use support::{Setup, instance, regular_instance};

fn random_start(problem: &SumRateCrlb, streams: usize, seed: u64) -> Mat<c64> {
    start::random(problem, streams, &mut stream(seed, Stream::Start, 0)).unwrap()
}

fn setups() -> impl Strategy<Value = (Setup, u64)> {
    let weights = (
        prop::sample::select(vec![0.0, 0.01, 0.25, 1.0]),
        1e-3..1.0_f64,
    );
    (0..4usize, 1..4usize, -3.0..-1.0_f64, weights, 0..u64::MAX).prop_map(
        |(users, targets, power, (rate, crlb), seed)| {
            let setup = Setup {
                users,
                targets,
                power: 10.0_f64.powf(power),
                weights: Weights { rate, crlb },
                ..Setup::default()
            };
            (setup, seed)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// A common rotation of all antennas' signals, and phases of the streams, are invisible.
    #[test]
    fn unitary_and_phase_invariance((setup, seed) in setups()) {
        let problem = regular_instance(setup, seed);
        let w = random_start(&problem, 9, seed);
        let before = problem.merit(w.as_ref()).unwrap();
        let mut rng = stream(seed, Stream::Randomisation, 0);
        let (u, _) = factor::qr_thin(complex_normal(16, 16, &mut rng).as_ref());
        let compact = problem.sensing().compact().clone();
        let s = ops::mul(u.as_ref(), problem.sensing().transmit());
        let rotated = SumRateCrlb::new(
            ops::mul(u.as_ref(), problem.channel()),
            AngleSensing::from_parts(s, compact).unwrap(),
            problem.noise().to_vec(),
            problem.power(),
            problem.weights(),
        )
        .unwrap();
        let mut turned = ops::mul(u.as_ref(), w.as_ref());
        for j in 0..turned.ncols() {
            let phase = c64::from_polar(1.0, j as f64);
            for i in 0..16 {
                turned[(i, j)] *= phase;
            }
        }
        let after = rotated.merit(turned.as_ref()).unwrap();
        prop_assert!((after.sum_rate - before.sum_rate).abs() <= 1e-9 * (1.0 + before.sum_rate));
        // Last places times the condition of the echo's derivatives, below 1e4 for such targets.
        prop_assert!((after.crlb_trace / before.crlb_trace - 1.0).abs() <= 1e-10);
    }

    /// Proposition 1: more power is better for both goals; the CRLB goes with its inverse.
    #[test]
    fn more_power_is_better((setup, seed) in setups(), factor in 1.01..10.0_f64) {
        let problem = regular_instance(setup, seed);
        let w = random_start(&problem, 9, seed);
        let before = problem.merit(w.as_ref()).unwrap();
        let mut louder = w.clone();
        ops::scale(louder.as_mut(), factor.sqrt());
        let after = problem.merit(louder.as_ref()).unwrap();
        prop_assert!(after.sum_rate >= before.sum_rate);
        prop_assert!((after.crlb_trace * factor / before.crlb_trace - 1.0).abs() <= 1e-10);
        prop_assert!(after.objective > before.objective);
    }

    /// Iterates in reduced coordinates that carry the rest equal those of the full problem.
    #[test]
    fn reduced_equals_full((setup, seed) in setups()) {
        let problem = regular_instance(setup, seed);
        let w = random_start(&problem, 9, seed);
        let options = |coordinates| Options {
            safeguard: false,
            shift: Shift::Dominant,
            stop: Stop::Step(0.0),
            max_iterations: 12,
            coordinates,
            ..Options::default()
        };
        let run = |c| sca::solve(&problem, w.as_ref(), &options(c)).unwrap().merit;
        let (full, reduced) = (run(Coordinates::Full), run(Coordinates::ReducedExact));
        let apart = (full.objective - reduced.objective).abs();
        prop_assert!(apart <= 1e-6 * problem.magnitude(&full), "{full:?} {reduced:?}");
    }

    /// Nothing feasible lies above the certificate.
    #[test]
    fn the_certificate_is_never_below_a_feasible_value((setup, seed) in setups()) {
        let problem = regular_instance(setup, seed);
        let options = bound::Options { correlation_steps: 2, iterations: 60, ..Default::default() };
        let bound = bound::certify(&problem, &options).unwrap().value;
        let w = random_start(&problem, 9, seed);
        let best = accelerated::solve(&problem, w.as_ref(), &Default::default()).unwrap();
        let random = (0..5).map(|trial| random_start(&problem, 9, trial));
        for merit in random
            .map(|w| problem.merit(w.as_ref()).unwrap())
            .chain([best.merit])
        {
            // The value's own rounding: the bound has room for its.
            let rounding = 1e-10 * problem.magnitude(&merit);
            prop_assert!(merit.objective <= bound + rounding, "{merit:?} above {bound}");
        }
    }
}

/// Three hundred instances, ill-conditioned targets included.
#[test]
fn the_safeguard_makes_every_run_monotone() {
    let mut runs = 0;
    for seed in 0..150 {
        let rate = [0.0, 0.01, 0.25, 1.0][seed as usize % 4];
        let setup = Setup {
            users: 2 + seed as usize % 3,
            targets: 1 + seed as usize % 3,
            power: [1e-3, 1e-2, 1e-1][seed as usize % 3],
            weights: Weights { rate, crlb: 1.0 },
            ..Setup::default()
        };
        let problem = instance(setup, seed);
        let w = random_start(&problem, 6, seed);
        for shift in [Shift::Comm, Shift::Dominant] {
            let options = Options {
                shift,
                max_iterations: 25,
                ..Options::default()
            };
            let run = match sca::solve(&problem, w.as_ref(), &options) {
                Ok(run) => run,
                // Targets that can hardly be told apart.
                Err(Error::Metric(
                    isac_metrics::Error::SingularFim { .. }
                    | isac_metrics::Error::LostDigits { .. },
                )) => continue,
                Err(error) => panic!("seed {seed}: {error}"),
            };
            runs += 1;
            let mut last = run.start.objective;
            for row in &run.trace {
                assert!(
                    row.objective >= last,
                    "seed {seed}: {last} to {}",
                    row.objective
                );
                last = row.objective;
            }
            assert_eq!(run.falls, 0);
        }
    }
    assert!(runs > 280, "only {runs} instances could be evaluated");
}

#[test]
fn the_gradient_has_a_second_order_remainder() {
    let problem = instance(Setup::default(), 3);
    let w = random_start(&problem, 6, 1);
    let d = random_start(&problem, 6, 2);
    let gradient = problem.gradient(w.as_ref()).unwrap();
    let f0 = problem.merit(w.as_ref()).unwrap().objective;
    let first = ops::inner(gradient.as_ref(), d.as_ref());
    let remainder = |t: f64| {
        let mut moved = w.clone();
        ops::axpy(moved.as_mut(), t, d.as_ref());
        (problem.merit(moved.as_ref()).unwrap().objective - f0 - t * first).abs()
    };
    let slope = (remainder(1e-3) / remainder(1e-4)).log10();
    assert!((slope - 2.0).abs() < 0.1, "{slope}");
}

#[test]
fn converged_points_have_the_structure_of_theorem_1() {
    let problem = instance(Setup::default(), 5);
    let w = start::regularised_zf(&problem, 6, 0.9).unwrap();
    let mut options = accelerated::Options::lbfgs();
    options.method.stop_mut().gradient = 1e-8;
    let run = accelerated::solve(&problem, w.as_ref(), &options).unwrap();
    let found = structure::check(&problem, run.beamformer.as_ref()).unwrap();
    assert!(found.users < 1e-5 && found.sensing < 1e-5, "{found:?}");
    assert!(found.outside < 1e-12 && found.multiplier > 0.0);
    let far = structure::check(&problem, w.as_ref()).unwrap();
    assert!(far.users > 1e-3);
}

#[test]
fn accelerated_methods_agree_and_beat_the_baselines() {
    let problem = instance(Setup::default(), 8);
    let w = start::regularised_zf(&problem, 6, 0.9).unwrap();
    let lbfgs = accelerated::solve(&problem, w.as_ref(), &accelerated::Options::lbfgs()).unwrap();
    let bb = accelerated::solve(&problem, w.as_ref(), &accelerated::Options::bb()).unwrap();
    let best = lbfgs.merit.objective;
    assert!((best - bb.merit.objective).abs() < 1e-6 * best.abs().max(1.0));
    let slow = sca::solve(&problem, w.as_ref(), &Options::default()).unwrap();
    assert!(slow.merit.objective <= best + 1e-6);
    let low = low_dim::solve(&problem, w.as_ref(), &low_dim::Options::default()).unwrap();
    assert!(low.merit.objective <= best + 1e-6 && low.merit.objective > low.start.objective);
    let fp = fp_sgda::solve(&problem, w.as_ref(), &fp_sgda::Options::default()).unwrap();
    assert!(fp.merit.objective <= best + 1e-6);
    for run in [lbfgs, bb, slow, low, fp] {
        assert!(run.violation < 1e-12);
    }
}

#[test]
fn certified_restarts_close_the_gap_without_rate_weight() {
    let setup = Setup {
        users: 0,
        weights: Weights {
            rate: 0.0,
            crlb: 1.0,
        },
        power: 0.1,
        ..Setup::default()
    };
    let problem = instance(setup, 2);
    let mut rng = stream(1, Stream::Start, 0);
    // The tangent misses by the first power of the gradient, the point by its square.
    let options = restarts::Options {
        bound: bound::Options {
            tolerance: 1e-10,
            iterations: 5000,
            ..bound::Options::default()
        },
        ..restarts::Options::default()
    };
    let found = restarts::solve(&problem, &[], &options, &mut rng).unwrap();
    assert!(found.upper_bound >= found.solution.merit.objective);
    let gap = found.relative_gap().unwrap();
    assert!(gap < 1e-8, "{gap}");
}

#[test]
fn per_antenna_power_is_met_exactly() {
    let problem = instance(Setup::default(), 4);
    let w = random_start(&problem, 6, 4);
    let options = Options::default();
    let slow = per_antenna::solve(&problem, w.as_ref(), &options).unwrap();
    let fast = per_antenna::solve_accelerated(&problem, w.as_ref(), &Default::default()).unwrap();
    let total = accelerated::solve(&problem, w.as_ref(), &Default::default()).unwrap();
    for run in [&slow, &fast] {
        assert!(per_antenna::violation(&problem, run.beamformer.as_ref()) < 1e-12);
        assert!(run.merit.objective <= total.merit.objective + 1e-9);
        assert!(run.merit.objective > run.start.objective);
    }
}

#[test]
fn collinear_channels_and_wide_spans_reduce() {
    let base = instance(
        Setup {
            users: 2,
            ..Setup::default()
        },
        6,
    );
    let twice = ops::hcat(base.channel(), base.channel());
    let problem = SumRateCrlb::new(
        twice,
        base.sensing().clone(),
        vec![1e-3; 4],
        base.power(),
        base.weights(),
    )
    .unwrap();
    assert_eq!(Reduction::new(&problem).unwrap().problem().antennas(), 8);
    let wide = instance(
        Setup {
            users: 12,
            ..Setup::default()
        },
        6,
    );
    assert_eq!(Reduction::new(&wide).unwrap().problem().antennas(), 16);
    let w = start::regularised_zf(&problem, 2, 0.9).unwrap();
    let run = accelerated::solve(&problem, w.as_ref(), &Default::default()).unwrap();
    assert!(run.merit.objective > run.start.objective);
}

#[test]
fn bad_input_is_named() {
    let good = instance(Setup::default(), 1);
    let build = |channel: Mat<c64>, noise: Vec<f64>, power: f64, weights: Weights| {
        SumRateCrlb::new(channel, good.sensing().clone(), noise, power, weights).unwrap_err()
    };
    let h = good.channel().to_owned();
    let w = good.weights();
    let mut nan = h.clone();
    nan[(2, 1)] = c64::new(f64::NAN, 0.0);
    for (error, field) in [
        (build(nan, vec![1e-3; 3], 1.0, w), "channel"),
        (build(Mat::zeros(5, 3), vec![1e-3; 3], 1.0, w), "channel"),
        (build(h.clone(), vec![1e-3; 2], 1.0, w), "noise"),
        (build(h.clone(), vec![1e-3, 0.0, 1.0], 1.0, w), "noise[1]"),
        (build(h.clone(), vec![1e-3; 3], 0.0, w), "power"),
        (
            build(h, vec![1e-3; 3], 1.0, Weights { rate: -1.0, ..w }),
            "weights.rate",
        ),
    ] {
        assert!(error.to_string().contains(field), "{field}: {error}");
    }
    let zero = Mat::zeros(16, 5);
    let error = sca::solve(&good, zero.as_ref(), &Options::default()).unwrap_err();
    assert!(error.to_string().contains("start"));
    assert!(
        start::regularised_zf(&good, 2, 1.5)
            .unwrap_err()
            .to_string()
            .contains("share")
    );
}

#[test]
fn neither_users_nor_targets_and_degenerate_targets_are_typed_errors() {
    let upa = |h, v| Upa::new(h, v, KronOrder::HorizontalSlow, Scaling::UnitNorm).unwrap();
    let sensing =
        |targets: &Targets| AngleSensing::new(&upa(4, 4), &upa(5, 4), targets, 30, 1e-3).unwrap();
    let weights = Weights {
        rate: 1.0,
        crlb: 1.0,
    };
    let nobody = sensing(&Targets::none());
    let error =
        SumRateCrlb::new(Mat::zeros(16, 0), nobody.clone(), vec![], 1.0, weights).unwrap_err();
    assert!(error.to_string().contains("users and targets"));
    // Users alone are fine.
    let h = complex_normal(16, 2, &mut stream(1, Stream::Channel, 0));
    let problem = SumRateCrlb::new(h, nobody, vec![1.0; 2], 1.0, weights).unwrap();
    let w = start::matched(&problem, 0, 1.0).unwrap();
    let run = accelerated::solve(&problem, w.as_ref(), &Default::default()).unwrap();
    assert!(run.merit.sum_rate > 0.0);
    // The azimuth of a target at the pole or at endfire cannot be seen.
    for (theta, phi, angle) in [
        (0.3, 0.0, "phi"),
        (std::f64::consts::FRAC_PI_2, 1.0, "theta"),
    ] {
        let hidden = Targets::new(vec![theta], vec![phi], vec![c64::new(0.1, 0.0)]).unwrap();
        let error = AngleSensing::new(&upa(4, 4), &upa(5, 4), &hidden, 30, 1e-3).unwrap_err();
        assert!(matches!(
            error,
            isac_metrics::Error::DegenerateTarget { target: 0, angle: named, .. } if named == angle
        ));
    }
}

#[test]
fn solutions_travel_as_text() {
    let problem = instance(Setup::default(), 4);
    let start = random_start(&problem, 2, 1);
    let found = sca::solve(&problem, start.as_ref(), &Options::default()).unwrap();
    let text = serde_json::to_string(&found).unwrap();
    let read: isac_algos::obs_crlb::Solution = serde_json::from_str(&text).unwrap();
    assert_eq!(read.beamformer, found.beamformer);
    assert_eq!(
        (read.merit, read.trace.len()),
        (found.merit, found.trace.len())
    );
}
