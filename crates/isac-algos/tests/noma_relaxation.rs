//! The relaxations against fixtures, certificates and each other.

#![allow(clippy::unwrap_used, reason = "tests may unwrap")]

#[path = "support/conic_outcomes.rs"]
mod conic_outcomes;
mod noma_support;

use isac_algos::noma::robust::{self, ErrorBall};
use isac_algos::noma::{Scene, max_min, power_min, rank_one};
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
