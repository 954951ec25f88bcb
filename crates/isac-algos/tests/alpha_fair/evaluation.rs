//! Values and gradients at a point, starts, and what is refused.

use crate::instance::{Instance, SMALL, mrt, random};
use isac_algos::alpha_fair::{Design, Evaluator, Start, design, penalty};
use isac_linalg::{Mat, c64, ops};
use isac_metrics::delay_doppler::{BsKnowledge, Disturbance, Gain, Nodes, SensingOptions};
use isac_metrics::fairness::Form;
use isac_metrics::ofdm_rate::Interference;
use isac_testkit::slope;
use rand::{SeedableRng, rngs::ChaCha8Rng};

#[test]
fn gradients_have_slope_two_under_every_option() {
    let mut combinations = 0;
    for gain in [Gain::Known, Gain::Unknown] {
        for disturbance in [
            Disturbance::All,
            Disturbance::CommEchoes,
            Disturbance::NoiseOnly,
        ] {
            for bs in [BsKnowledge::SensingOnly, BsKnowledge::FullWaveform] {
                for (nodes, state) in [
                    (Nodes::Multi, false),
                    (Nodes::Multi, true),
                    (Nodes::Mono, false),
                ] {
                    for interference in [Interference::All, Interference::UsersOnly] {
                        for (alpha, form) in [
                            (0.0, Form::Norm),
                            (1.0, Form::Power),
                            (3.0, Form::LogNorm),
                            (-1.0, Form::Power),
                            (f64::INFINITY, Form::Norm),
                        ] {
                            let options = SensingOptions {
                                gain,
                                disturbance,
                                bs,
                                nodes,
                            };
                            let problem = SMALL.problem(options, state, interference, alpha, form);
                            let w = random(&problem, 5);
                            let direction = random(&problem, 6);
                            let mut evaluator = Evaluator::new(&problem);
                            let mut gradient = Mat::zeros(w.nrows(), w.ncols());
                            evaluator.penalised(w.as_ref(), 2.0, gradient.as_mut());
                            let derivative = ops::inner(gradient.as_ref(), direction.as_ref());
                            let mut scratch = gradient.clone();
                            let along = |t: f64| {
                                let mut moved = w.clone();
                                ops::axpy(moved.as_mut(), t, direction.as_ref());
                                evaluator.penalised(moved.as_ref(), 2.0, scratch.as_mut())
                            };
                            let verdict = slope::curve(along, derivative, 0.05);
                            assert!(
                                verdict.is_ok(),
                                "{options:?} state {state} {interference:?} {alpha} {form:?}: {verdict:?}"
                            );
                            combinations += 1;
                        }
                    }
                }
            }
        }
    }
    assert_eq!(combinations, 360);
}

#[test]
fn phases_of_the_streams_do_not_matter() {
    let problem = SMALL.default_problem();
    let w = random(&problem, 1);
    let turned = Mat::from_fn(w.nrows(), w.ncols(), |a, c| {
        w[(a, c)] * c64::cis(1.3 * c as f64)
    });
    let (one, other) = (
        Design::measure(&problem, w).unwrap(),
        Design::measure(&problem, turned).unwrap(),
    );
    assert!((one.objective / other.objective - 1.0).abs() < 1e-12);
    assert!((one.violation - other.violation).abs() < 1e-12);
}

#[test]
fn the_own_start_has_full_power_no_silent_stream_and_meets_the_rates() {
    let sensing = SensingOptions::default();
    let full = SensingOptions {
        bs: BsKnowledge::FullWaveform,
        gain: Gain::Unknown,
        ..sensing
    };
    let crowded = Instance { users: 6, ..SMALL };
    let alone = Instance { users: 0, ..SMALL };
    let all = Interference::All;
    for (name, problem) in [
        ("default", SMALL.default_problem()),
        ("state", SMALL.problem(full, true, all, 2.0, Form::Power)),
        ("more users than antennas", crowded.default_problem()),
        ("no users", alone.default_problem()),
        (
            "nobody disturbs",
            SMALL.problem(sensing, false, Interference::None, 0.0, Form::Norm),
        ),
    ] {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let start = Start::Apart.draw(&problem, &mut rng).unwrap();
        assert!((ops::norm2(start.as_ref()) - 1.0).abs() < 1e-9, "{name}");
        let silent = (0..start.ncols()).any(|c| ops::norm2(start.as_ref().subcols(c, 1)) == 0.0);
        assert!(!silent, "{name}");
        let own = Design::measure(&problem, start.clone()).unwrap();
        assert!(own.objective.is_finite(), "{name}");
        if name != "more users than antennas" {
            // A start need not meet the rates, only be near: 0.05 bit/s/Hz.
            assert!(own.violation < 0.05, "{name}: {}", own.violation);
            let paper = Design::measure(&problem, mrt(&problem, 5)).unwrap();
            assert!(own.sum_crlb() < paper.sum_crlb(), "{name}");
        }
    }
}

#[test]
fn evaluations_allocate_nothing() {
    let problem = SMALL.default_problem();
    let w = mrt(&problem, 1);
    let mut gradient = Mat::zeros(w.nrows(), w.ncols());
    let mut evaluator = Evaluator::new(&problem);
    let count = allocation_counter::measure(|| {
        for _ in 0..3 {
            evaluator.penalised(w.as_ref(), 1.0, gradient.as_mut());
        }
    });
    assert_eq!(count.count_total, 0);
}

#[test]
fn bad_input_is_named() {
    let problem = SMALL.default_problem();
    let options = design::Options::default();
    let text = |w: &Mat<c64>| {
        design::solve(&problem, w.as_ref(), &options)
            .unwrap_err()
            .to_string()
    };
    assert!(text(&Mat::zeros(4, 5)).contains("start"));
    let mut holed = mrt(&problem, 1);
    holed[(1, 2)] = c64::new(f64::NAN, 0.0);
    assert!(text(&holed).contains("start"));
    let refuse = |rates: Vec<f64>| {
        let error = problem.clone().with_min_rates(rates).unwrap_err();
        assert!(error.to_string().contains("rmin"), "{error}");
    };
    refuse(vec![1.0]);
    refuse(vec![1.0, -1.0]);
    refuse(vec![1.0, f64::NAN]);
    let start = mrt(&problem, 1);
    let none = penalty::Options {
        penalties: vec![0.0],
        ..penalty::Options::default()
    };
    assert!(penalty::solve(&problem, start.as_ref(), &none).is_err());
    assert!(problem.sensing_only(0, 1.0).is_err());
    assert!(problem.sensing_only(1, f64::NAN).is_err());
}
