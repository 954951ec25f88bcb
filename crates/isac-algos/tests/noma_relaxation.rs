//! The relaxations against fixtures, certificates and each other.

#![allow(clippy::unwrap_used, reason = "tests may unwrap")]

#[path = "support/conic_outcomes.rs"]
mod conic_outcomes;
mod noma_support;

use isac_algos::noma::robust::{self, ErrorBall};
use isac_algos::noma::unique::{Verdict, unique};
use isac_algos::noma::{
    Mode, PowerWeights, Scene, Sensing, max_min, power_min, rank_one, sic_shortfall,
};
use isac_linalg::{Mat, c64};
use isac_metrics::noma::SicSet;
use noma_support::{close, fixture, paper_scene, rng, scene_of};
use serde_json::Value;

fn sic_of(case: &Value) -> SicSet {
    serde_json::from_value(case["sic"].clone()).unwrap()
}

fn gammas(case: &Value, scene: &Scene) -> Vec<f64> {
    match &case["gamma"] {
        Value::Array(list) => list.iter().map(|g| g.as_f64().unwrap()).collect(),
        other => vec![other.as_f64().unwrap(); scene.users()],
    }
}

#[test]
fn fixtures_of_power_minimisation() {
    for name in ["noma-1-paper", "noma-2-active-xi"] {
        let doc = fixture(name);
        for case in doc["cases"].as_array().unwrap() {
            if case["problem"] != "power_min" {
                continue;
            }
            let scene = scene_of(&doc, sic_of(case), case["ordering"] == true);
            let gamma = gammas(case, &scene);
            let outcome = power_min::solve(&scene, &gamma, &power_min::Options::default()).unwrap();
            let design = outcome
                .design()
                .unwrap_or_else(|| panic!("{name}: {}", outcome.name()));
            let expected = &case["expected"];
            close(design.power(), expected["power_W"].as_f64().unwrap(), 1e-7);
            assert_eq!(outcome.name(), "solved");
            let options = rank_one::Options::default();
            let found = rank_one::recover(&scene, design, &options, &mut rng(1)).unwrap();
            let beams = found.found().unwrap();
            let best = expected["rank_one"]["best_rank_one_power_W"].as_f64();
            let goal = best.unwrap_or(expected["power_W"].as_f64().unwrap());
            assert!(beams.power_beams <= goal * (1.0 + 1e-3));
        }
    }
}

#[test]
fn fixtures_of_max_min() {
    for name in ["noma-1-paper", "noma-2-active-xi"] {
        let doc = fixture(name);
        for case in doc["cases"].as_array().unwrap() {
            if case["problem"] != "max_min" {
                continue;
            }
            let scene = scene_of(&doc, sic_of(case), false);
            let budget = case["P_total_W"].as_f64().unwrap();
            let expected = &case["expected"];
            for method in [max_min::Method::Slope, max_min::Method::Bisection] {
                let options = max_min::Options {
                    method,
                    ..max_min::Options::default()
                };
                let outcome = max_min::solve(&scene, budget, &options).unwrap();
                let found = outcome.solved().unwrap();
                let t = expected["t"].as_f64().unwrap();
                if method == max_min::Method::Slope {
                    close(found.target, t, 1e-7);
                    close(
                        found.design.slope,
                        expected["dP_dt"].as_f64().unwrap(),
                        1e-4,
                    );
                } else {
                    close(found.target, t, 1e-6);
                }
            }
        }
    }
}

#[test]
fn fixtures_of_robust_power_minimisation() {
    for name in ["noma-1-paper", "noma-2-active-xi", "noma-3-infeasible"] {
        let doc = fixture(name);
        for case in doc["cases"].as_array().unwrap() {
            if case["problem"] != "robust_power_min" {
                continue;
            }
            let scene = scene_of(&doc, sic_of(case), false);
            let gamma = gammas(case, &scene);
            let ball = ErrorBall {
                radius: case["eps"].as_f64().unwrap(),
                residual: true,
            };
            let outcome = robust::solve(&scene, &gamma, ball, &robust::Options::default()).unwrap();
            if case["expected"]["feasible"] == false {
                // Every design is excluded, or every one of less than ten million natural units.
                let unit = robust::natural_power(&scene, &gamma, ball).unwrap();
                assert!(outcome.lower_bound() >= 1e7 * unit, "{}", outcome.name());
                continue;
            }
            assert_eq!(
                case["expected"]["feasible"],
                true,
                "{name}: {}",
                outcome.name()
            );
            let design = outcome
                .design()
                .unwrap_or_else(|| panic!("{name}: {}", outcome.name()));
            close(
                design.power(),
                case["expected"]["power_W"].as_f64().unwrap(),
                1e-6,
            );
            assert!(design.min_worst_case() >= gamma[0] * (1.0 - 1e-6));
        }
    }
}

#[test]
fn every_program_is_solved_to_eight_digits() {
    conic_outcomes::all_are_solved_to_eight_digits(30, || {
        for (antennas, seed) in [(6, 1), (12, 2), (24, 3)] {
            for sic in SicSet::ALL {
                let scene = paper_scene(antennas, seed, sic);
                for gamma_db in [0.0, 10.0, 20.0] {
                    let gamma = [10.0_f64.powf(gamma_db / 10.0); 3];
                    power_min::solve(&scene, &gamma, &power_min::Options::default()).unwrap();
                }
                max_min::solve(&scene, 6.0, &max_min::Options::default()).unwrap();
            }
            let scene = paper_scene(antennas, seed, SicSet::Full);
            let ball = ErrorBall {
                radius: 0.02,
                residual: true,
            };
            robust::solve(&scene, &[1.0; 3], ball, &robust::Options::default()).unwrap();
        }
    });
}

/// One user with the channel `(2, 1)` and targets with these steering vectors and a floor of 1 W each,
/// patterns free of charge.
fn lit(steering: &[[c64; 2]]) -> Scene {
    let h = Mat::from_fn(2, 1, |n, _| c64::new(2.0 - n as f64, 0.0));
    let a = Mat::from_fn(2, steering.len(), |n, m| steering[m][n]);
    let sensing = Sensing {
        floor: 1.0,
        difference: 1e6,
        cross_correlation: None,
    };
    let weights = PowerWeights {
        transmit: 1.0,
        sensing: 0.0,
    };
    let mode = Mode {
        weights,
        ..Mode::default()
    };
    Scene::new(h.as_ref(), a.as_ref(), 1.0, sensing, mode).unwrap()
}

fn answered(scene: &Scene, gamma: f64) -> (robust::Design, ErrorBall) {
    let ball = ErrorBall {
        radius: 1e-3,
        residual: true,
    };
    let mut options = robust::Options::default();
    options.conic.tolerance = 1e-12;
    let outcome = robust::solve(scene, &[gamma], ball, &options).unwrap();
    (outcome.design().unwrap().clone(), ball)
}

/// Four targets whose projectors sum to a multiple of the identity (a tetrahedron on the sphere): with
/// `W = x_0 I + x . sigma` the floors are `x_0 + x . n_m >= 1`, their sum is `x_0 >= 1`, and at `x_0 = 1` all are
/// tight, `x = 0`: the identity is the one optimum, of rank two.
#[test]
fn a_unique_optimum_of_rank_two_is_proved_to_be_one() {
    let polar = (-1.0_f64 / 3.0).acos() / 2.0;
    let corner = |m: usize| {
        let turn = 2.0 * std::f64::consts::PI * m as f64 / 3.0;
        [
            c64::new(polar.cos(), 0.0),
            c64::from_polar(polar.sin(), turn),
        ]
    };
    let scene = lit(&[[c64::ONE, c64::ZERO], corner(0), corner(1), corner(2)]);
    let (design, ball) = answered(&scene, 0.1);
    close(design.power(), 2.0, 1e-6);
    let found = unique(&scene, &design, ball).unwrap();
    assert_eq!(found.verdict, Verdict::Unique, "{found:?}");
    assert!(found.singular_value > found.threshold);
    assert!(found.radius < 0.1, "{found:?}");
}

/// Two targets on an antenna each and a user that asks for next to nothing: every `W_12` up to 1 is optimal,
/// the middle has rank two, the ends have rank one.
#[test]
fn an_optimum_of_rank_two_beside_one_of_rank_one_is_not_unique() {
    let scene = lit(&[[c64::ONE, c64::ZERO], [c64::ZERO, c64::ONE]]);
    let (design, ball) = answered(&scene, 0.1);
    close(design.power(), 2.0, 1e-6);
    assert!(design.rank_ratios[0] > 0.1, "{:?}", design.rank_ratios);
    let found = unique(&scene, &design, ball).unwrap();
    assert_eq!(found.verdict, Verdict::NotUnique, "{found:?}");
    assert!(found.other_ratio.unwrap() < 1e-3, "{found:?}");
}

/// Channels along different antennas: the stronger user does not hear the message it has to remove.
#[test]
fn a_message_that_does_not_arrive_where_it_is_removed_is_short() {
    let h = Mat::from_fn(2, 2, |n, k| {
        c64::new(if n == k { 1.0 + k as f64 } else { 0.0 }, 0.0)
    });
    let none = Mat::zeros(2, 0);
    let sensing = Sensing {
        floor: 0.0,
        difference: 0.0,
        cross_correlation: None,
    };
    let scene = |sic| {
        let mode = Mode {
            sic,
            ..Mode::default()
        };
        Scene::new(h.as_ref(), none.as_ref(), 0.5, sensing, mode).unwrap()
    };
    // Beam 1 reaches user 2 with amplitude 1/2 * 2, beam 2 with 3 * 2: SINR 1 / (36 + 0.5).
    let beam = |re: [f64; 2]| Mat::from_fn(2, 1, |n, _| c64::new(re[n], 0.0));
    let factors = [beam([1.0, 0.5]), beam([0.0, 3.0])];
    let short = |sic| sic_shortfall(&scene(sic), &factors, &[2.0, 4.0]).unwrap();
    close(short(SicSet::Own), 2.0 * 36.5, 1e-12);
    close(short(SicSet::Full), 2.0 * 36.5, 1e-12);
    close(short(SicSet::Linear), 1.0, 1e-12);
}
