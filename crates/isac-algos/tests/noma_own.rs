//! The fast paths for own-message decoding, against fixtures and their own certificates.

#![allow(clippy::unwrap_used, reason = "tests may unwrap")]

mod noma_support;

use isac_algos::noma::baselines::{self, Baseline};
use isac_algos::noma::{
    Mode, Scene, bounds, certificate, max_min, power_min, reduced_dual, robust,
};
use isac_metrics::noma::SicSet;
use noma_support::{PAPER, close, fixture, paper_scene, rayleigh, rng, scene_of, steering};

#[test]
fn power_minimisation_matches_the_fixture() {
    let doc = fixture("noma-1-paper");
    let scene = scene_of(&doc, SicSet::Own, false);
    let fast = reduced_dual::power_min(&scene, &[100.0; 3], 1e-8)
        .unwrap()
        .unwrap();
    let expected = &doc["cases"][0]["expected"];
    close(
        fast.design.power(),
        expected["power_W"].as_f64().unwrap(),
        1e-8,
    );
    assert!(fast.design.certificate.relative_gap.abs() < 1e-9);
    assert!(fast.design.certificate.violation < 1e-9);
    for (m, p) in fast.design.evaluation.pattern.iter().enumerate() {
        close(*p, expected["P_theta_W"][m].as_f64().unwrap(), 1e-8);
    }
    for (i, key) in ["0,0", "1,1", "2,2"].iter().enumerate() {
        let lambda = expected["multipliers_info"]["lambda_"][key]
            .as_f64()
            .unwrap();
        // The stated multipliers are an interior point whose gap is 1e-9 of the power, whence 1e-4.
        close(fast.design.multipliers.sinr[i], lambda, 1e-4);
    }
}

#[test]
fn max_min_matches_the_fixture() {
    let doc = fixture("noma-1-paper");
    let scene = scene_of(&doc, SicSet::Own, false);
    let found = reduced_dual::max_min(&scene, 6.0, 1e-8).unwrap().unwrap();
    let expected = &doc["cases"][2]["expected"];
    close(found.target, expected["t"].as_f64().unwrap(), 1e-8);
    close(
        found.fast.design.slope,
        expected["dP_dt"].as_f64().unwrap(),
        1e-5,
    );
    close(found.fast.design.power(), 6.0, 1e-9);
}

#[test]
fn both_ways_agree_and_converge_on_random_channels() {
    let mut evaluations = 0;
    for seed in 0..40 {
        let scene = paper_scene(8, seed, SicSet::Own);
        for budget in [6.0, 8.0, 10.0] {
            let joint = reduced_dual::max_min(&scene, budget, 1e-8).unwrap();
            let joint = joint.unwrap_or_else(|| panic!("seed {seed}, budget {budget}"));
            evaluations += joint.fast.evaluations;
            let again = reduced_dual::power_min(&scene, &[joint.target; 3], 1e-8).unwrap();
            let again = again.unwrap_or_else(|| panic!("seed {seed}, budget {budget}"));
            close(again.design.power(), budget, 1e-9);
            close(again.design.slope, joint.fast.design.slope, 1e-6);
            assert!(joint.target <= bounds::largest_common_target(&scene, budget - 4.0, 0.0));
        }
    }
    assert!(evaluations < 120 * 40, "{evaluations}");
}

#[test]
fn slope_is_the_derivative_of_the_power() {
    for sic in [SicSet::Own, SicSet::Orthogonal] {
        let scene = paper_scene(8, 3, sic);
        let power = |t: f64| {
            reduced_dual::power_min(&scene, &[t; 3], 1e-8)
                .unwrap()
                .unwrap()
                .design
        };
        let t = 150.0;
        let step = 0.05;
        let difference = (power(t + step).power() - power(t - step).power()) / (2.0 * step);
        close(power(t).slope, difference, 1e-6);
    }
}

#[test]
fn few_targets_and_users() {
    let a = steering(6, &[20.0]);
    for users in 1..5 {
        let h = rayleigh(6, users, &mut rng(users as u64));
        for sic in [SicSet::Own, SicSet::Orthogonal] {
            let mode = Mode {
                sic,
                ..Mode::default()
            };
            for columns in [0, 1] {
                let scene =
                    Scene::new(h.as_ref(), a.subcols(0, columns), 0.01, PAPER, mode).unwrap();
                let targets = vec![300.0; users];
                let fast = reduced_dual::power_min(&scene, &targets, 1e-8)
                    .unwrap()
                    .unwrap();
                assert!(fast.design.certificate.relative_gap < 1e-9);
                let least = bounds::chain_bound(&scene, &targets, 0.0);
                assert!(fast.design.evaluation.transmit_power >= least * (1.0 - 1e-12));
            }
        }
    }
}

#[test]
fn low_targets_are_left_to_the_relaxation() {
    // Sensing beams alone serve the users: the dual is singular, the fast path says so.
    let scene = paper_scene(8, 1, SicSet::Own);
    assert!(
        reduced_dual::power_min(&scene, &[1e-3; 3], 1e-8)
            .unwrap()
            .is_none()
    );
    let full = paper_scene(8, 1, SicSet::Full);
    assert!(
        reduced_dual::power_min(&full, &[10.0; 3], 1e-8)
            .unwrap()
            .is_none()
    );
}

#[test]
fn unsorted_users_come_back_in_the_callers_order() {
    let h = rayleigh(8, 3, &mut rng(9));
    let swapped = isac_linalg::Mat::from_fn(8, 3, |n, k| h[(n, [2, 0, 1][k])]);
    let a = steering(8, &[-60.0, 60.0]);
    let mode = Mode {
        sic: SicSet::Own,
        ..Mode::default()
    };
    let one = Scene::new(h.as_ref(), a.as_ref(), 0.01, PAPER, mode).unwrap();
    let two = Scene::new(swapped.as_ref(), a.as_ref(), 0.01, PAPER, mode).unwrap();
    let first = reduced_dual::power_min(&one, &[30.0, 60.0, 90.0], 1e-8)
        .unwrap()
        .unwrap();
    let second = reduced_dual::power_min(&two, &[90.0, 30.0, 60.0], 1e-8)
        .unwrap()
        .unwrap();
    close(first.design.power(), second.design.power(), 1e-12);
    let a = first.design.covariance(&one, 2).unwrap();
    let b = second.design.covariance(&two, 0).unwrap();
    isac_linalg::approx::compare(a.as_ref(), b.as_ref(), 1e-9, 0.0).unwrap();
}

#[test]
fn fixture_multipliers_prove_the_fixture_bound() {
    let doc = fixture("noma-1-paper");
    let scene = scene_of(&doc, SicSet::Full, false);
    let case = &doc["cases"][1];
    let info = &case["expected"]["multipliers_info"];
    let mut y = certificate::Multipliers::zeros(&scene);
    for (i, pair) in scene.pairs().iter().enumerate() {
        let key = format!("{},{}", pair.message, pair.decoder);
        y.sinr[i] = info["lambda_"][&key].as_f64().unwrap();
    }
    for m in 0..2 {
        y.floor[m] = info["nu"][m].as_f64().unwrap();
    }
    let gamma = case["gamma"][0].as_f64().unwrap();
    let bound = certificate::lower_bound(&scene, &[gamma; 3], &y).unwrap();
    let stated = case["expected"]["certified_lower_bound_W"]
        .as_f64()
        .unwrap();
    close(bound.power, stated, 1e-8);
    assert!(certificate::dual_slack(&scene, &[gamma; 3], &y).unwrap() > -1e-8);

    // The checker refuses wrong signs and discounts multipliers that are not dual feasible.
    let mut wrong = y.clone();
    wrong.floor[0] = -wrong.floor[0];
    assert!(certificate::lower_bound(&scene, &[gamma; 3], &wrong).is_err());
    let mut inflated = y.clone();
    inflated.sinr.iter_mut().for_each(|l| *l *= 2.0);
    assert!(certificate::dual_slack(&scene, &[gamma; 3], &inflated).unwrap() < -1e-3);
    let bound = certificate::lower_bound(&scene, &[gamma; 3], &inflated).unwrap();
    assert!(bound.scale < 0.9 && bound.power <= stated * (1.0 + 1e-7));
}

#[test]
fn slots_that_sense_each_spend_the_whole_budget_at_their_largest_sinr() {
    let scene = paper_scene(8, 3, SicSet::Own);
    let options = max_min::Options::default();
    for baseline in [Baseline::SlotSensSum, Baseline::SlotSensAvg] {
        let least = baselines::power_min(&scene, baseline, 1e-6, &options.power_min);
        let budget = 1.5 * least.unwrap().unwrap();
        let best = baselines::max_min(&scene, baseline, budget, &options);
        let best = best.unwrap().unwrap();
        let power = baselines::power_min(&scene, baseline, best, &options.power_min);
        close(power.unwrap().unwrap(), budget, 1e-7);
        let more = baselines::power_min(&scene, baseline, 1.01 * best, &options.power_min);
        assert!(more.unwrap().unwrap() > budget, "{baseline:?}");
        // Below what sensing alone needs there is nothing.
        let none = baselines::max_min(&scene, baseline, 0.5 * budget, &options);
        assert_eq!(none.unwrap(), None);
    }
}

#[test]
fn robust_baselines_without_errors_are_the_baselines_and_errors_cost_power() {
    let scene = paper_scene(8, 4, SicSet::Own);
    let (options, plain) = (robust::Options::default(), power_min::Options::default());
    for baseline in Baseline::ALL {
        let robust = |radius: f64| {
            let power = baselines::robust_power_min(&scene, baseline, 10.0, radius, &options);
            power.unwrap().unwrap()
        };
        let exact = baselines::power_min(&scene, baseline, 10.0, &plain);
        close(robust(0.0), exact.unwrap().unwrap(), 1e-6);
        // Powers of the relaxations are known to their accepted gaps only.
        assert!(robust(0.1) > robust(0.0) * (1.0 - 1e-6), "{baseline:?}");
    }
    // Where the floors of sensing do not pay for the users, an error costs.
    let rate = |radius: f64| {
        let rate = Baseline::RateSum;
        baselines::robust_power_min(&scene, rate, 10.0, radius, &options)
            .unwrap()
            .unwrap()
    };
    assert!(rate(0.1) > 1.01 * rate(0.0));
}

/// Users come back in the caller's order, and the design is the same to the last bit.
#[test]
fn scenes_and_designs_travel_as_text() {
    let scene = paper_scene(8, 3, SicSet::Own);
    let text = serde_json::to_string(&scene).unwrap();
    let again: Scene = serde_json::from_str(&text).unwrap();
    assert_eq!(serde_json::to_string(&again).unwrap(), text);
    for position in 0..scene.users() {
        assert_eq!(again.user(position), scene.user(position));
    }
    let solve = |scene: &Scene| {
        let fast = reduced_dual::power_min(scene, &[100.0; 3], 1e-8).unwrap();
        fast.unwrap().design
    };
    let (before, after) = (solve(&scene), solve(&again));
    assert_eq!(before.factors, after.factors);
    let read: power_min::Design =
        serde_json::from_str(&serde_json::to_string(&before).unwrap()).unwrap();
    assert_eq!(read.factors, before.factors);
    assert_eq!(read.multipliers, before.multipliers);
    let loud = text.replace(r#""noise":0.01"#, r#""noise":-0.01"#);
    assert_ne!(loud, text);
    let error = serde_json::from_str::<Scene>(&loud).unwrap_err();
    assert!(error.to_string().contains("noise"), "{error}");
}
