//! The direct route on the stored cases: it must reach the best designs known, from their raw
//! start, and its gradients must be those of its functions.

use isac_algos::hisac_see::{Access, Problem, RawStart, Working, direct, evaluate};
use isac_metrics::secrecy::Bound;
use isac_models::channel::PathChannel;
use isac_models::rng::{Stream, stream};
use isac_models::scene::Scene;

mod hisac_common;
use hisac_common::{fixture, problem, stored};

#[test]
fn the_fixed_split_reaches_the_best_known_from_the_raw_start() {
    for name in ["small", "default"] {
        let file = fixture(name);
        let problem = problem(&file);
        let best = file["expected"]["converged"]["SEE_best_known_rsma_fixed_split"]
            .as_f64()
            .unwrap();
        let found = direct::solve(
            &problem,
            &stored(&file, "raw_start"),
            &direct::Options::default(),
        )
        .unwrap();
        assert!(found.feasible, "{:?}", found.report.worst());
        assert!(found.report.efficiency >= best * (1.0 - 1e-4));
    }
}

#[test]
fn every_access_scheme_reaches_its_best_known() {
    for name in ["small", "default"] {
        let file = fixture(name);
        let mut problem = problem(&file);
        let known = &file["expected"]["converged"];
        for (access, best) in [
            (Access::RsmaFree, &known["SEE_best_known_rsma_free_split"]),
            (Access::Sdma, &known["SEE_best_known_baselines"]["sdma"]),
            (Access::Noma, &known["SEE_best_known_baselines"]["noma"]),
            (Access::Tdma, &known["SEE_best_known_baselines"]["oma"]),
        ] {
            problem.access = access;
            let found = direct::design(&problem, &[], &direct::Options::default()).unwrap();
            assert!(found.feasible, "{access:?}: {:?}", found.report.worst());
            if let Some(best) = best.as_f64() {
                assert!(found.report.efficiency >= best * 0.9999);
            }
        }
    }
}

#[test]
fn reduced_and_full_dimension_agree() {
    let file = fixture("small");
    let problem = problem(&file);
    let start = stored(&file, "feasible_start");
    let options = direct::Options::default();
    let reduced = direct::solve(&problem, &start, &options).unwrap();
    let full = Working::unreduced(&problem).unwrap();
    let full = direct::solve_in(&problem, &full, &reduced.design, &options).unwrap();
    let (a, b) = (reduced.report.efficiency, full.report.efficiency);
    assert!((a - b).abs() <= 1e-7 * a, "{a} {b}");
}

#[test]
fn a_stored_best_stays_where_it_is() {
    let file = fixture("default");
    let problem = problem(&file);
    let working = Working::new(&problem).unwrap();
    let best = stored(&file, "best");
    let before = evaluate(&problem, &working.network, &best, Bound::Exact).unwrap();
    let after = direct::solve(&problem, &best, &direct::Options::default()).unwrap();
    let gain = after.report.efficiency / before.efficiency - 1.0;
    assert!(gain.abs() < 1e-5 && after.feasible, "{gain:e}");
}

/// With large arrays parallel beams are best, and no start beside them leads there.
#[test]
fn parallel_beams_are_found_where_they_are_best() {
    let model = PathChannel::new(16, 4, 0.0167).unwrap();
    let cell = Scene::fixed(4)
        .unwrap()
        .channels(&model, &model, 1e-8, &mut stream(1, Stream::Channel, 1))
        .unwrap()
        .with_relative_error(0.1)
        .unwrap();
    let mut problem = Problem::new(cell, 4.5e5, 316.0, 316.0, 10.0);
    problem.access = Access::RsmaFixed;
    let options = direct::Options::default();
    let found = direct::design(&problem, &[], &options).unwrap();
    let raw = RawStart::default()
        .design(&problem, &Working::new(&problem).unwrap())
        .unwrap();
    let beside = direct::solve(&problem, &raw, &options).unwrap();
    assert!(found.feasible && beside.feasible);
    assert!(found.report.efficiency > 1.005 * beside.report.efficiency);
    let (data, sensing) = (&found.design.w_bo, &found.design.w_ta);
    let ratio = data[0] / sensing[0];
    for (d, s) in data.iter().zip(sensing) {
        assert!((d - s * ratio).norm() < 1e-6 * (1.0 + d.norm()));
    }
}

#[test]
fn a_nested_sweep_gives_up_below_its_first_failure_and_loses_nothing_above() {
    let file = fixture("small");
    let base = problem(&file);
    let problems: Vec<Problem> = [0.2, 0.5, 20.0, 60.0]
        .into_iter()
        .map(|watts| Problem {
            power2_max: watts,
            ..base.clone()
        })
        .collect();
    let found = direct::nested_sweep(&problems, &direct::Options::default()).unwrap();
    let feasible: Vec<bool> = found.iter().map(|f| f.feasible).collect();
    assert_eq!(feasible, [false, false, true, true]);
    assert_eq!(found[0].iterations, 0, "not searched");
    // The power limit does not bind at 20 W: both have the same optimum.
    let (tight, loose) = (&found[2].report.efficiency, &found[3].report.efficiency);
    assert!((tight / loose - 1.0).abs() < 1e-6, "{tight} {loose}");
}

/// A problem with a frozen beam and its solution as text and back.
#[test]
fn problems_and_solutions_travel_as_text() {
    let file = fixture("small");
    let mut problem = problem(&file);
    problem.frozen_ta = Some(stored(&file, "raw_start").w_ta);
    let text = serde_json::to_string(&problem).unwrap();
    let again: Problem = serde_json::from_str(&text).unwrap();
    assert_eq!(again, problem);
    problem.frozen_ta = None;
    let start = stored(&file, "raw_start");
    let found = direct::solve(&problem, &start, &direct::Options::default()).unwrap();
    let text = serde_json::to_string(&found).unwrap();
    let read: direct::Solution = serde_json::from_str(&text).unwrap();
    assert_eq!(read, found);
}
