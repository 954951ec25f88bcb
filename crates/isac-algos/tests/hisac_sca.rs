//! The S-procedure ascent: histories never fall, blocks order as they should, and the direct route
//! started at its end stays there.

use isac_algos::hisac_see::relaxation::prove_infeasible;
use isac_algos::hisac_see::{Access, Problem, RawStart, Working, direct, sca};
use isac_linalg::{Mat, c64};
use isac_models::channel::PathChannel;
use isac_models::csi_error::UncertainChannel;
use isac_models::rng::{Stream, stream};
use isac_models::scene::Scene;
use isac_opt::conic;

#[path = "support/conic_outcomes.rs"]
mod conic_outcomes;
mod hisac_common;
use hisac_common::{fixture, problem, stored};

#[test]
fn ascents_reach_the_stored_values_and_keep_their_order() {
    for name in ["small", "default"] {
        let file = fixture(name);
        let mut problem = problem(&file);
        problem.access = Access::RsmaFixed;
        let start = stored(&file, "feasible_start");
        let known = &file["expected"]["converged"];
        let run = |scheme| {
            let options = sca::Options {
                scheme,
                tolerance: 1e-6,
                ..sca::Options::default()
            };
            let found = sca::solve(&problem, &start, &options).unwrap();
            assert!(found.feasible);
            let history: Vec<f64> = found.trace.iter().map(|row| row.objective).collect();
            assert!(history.windows(2).all(|w| w[1] >= w[0] * (1.0 - 1e-9)));
            assert!(found.trace.iter().all(|row| row.violation <= 1e-5));
            found
        };
        let alternating = run(sca::Scheme::Alternating);
        let joint = run(sca::Scheme::Joint);
        let bar = |key: &str| known[key].as_f64().unwrap();
        assert!(joint.report.efficiency >= 0.995 * bar("SEE_joint_sca_from_feasible_start"));
        assert!(alternating.report.efficiency >= 0.98 * bar("SEE_ao_sca_from_feasible_start"));
        let overlapping = run(sca::Scheme::Overlapping);
        assert!(alternating.report.efficiency <= overlapping.report.efficiency * 1.001);
        let ratio = overlapping.report.efficiency / joint.report.efficiency;
        // Both stop at a relative gain of 1e-6 per round, which leaves about this much.
        assert!((ratio - 1.0).abs() <= 1e-3, "overlapping / joint = {ratio}");
        let polished = direct::solve(&problem, &joint.design, &direct::Options::default()).unwrap();
        let moved = polished.report.efficiency / joint.report.efficiency - 1.0;
        assert!(polished.feasible && moved >= -1e-5, "{moved:e}");
    }
}

#[test]
fn phase_one_finds_a_feasible_point() {
    let file = fixture("small");
    let problem = problem(&file);
    let start = stored(&file, "raw_start");
    let found = sca::phase_one(&problem, &start, &sca::Options::default()).unwrap();
    assert!(found.feasible, "{:?}", found.report.worst());
    assert!(found.iterations <= 6, "{}", found.iterations);
}

#[test]
fn the_free_split_ascends_to_the_direct_route() {
    let file = fixture("small");
    let mut problem = problem(&file);
    problem.access = Access::RsmaFree;
    let start = stored(&file, "feasible_start");
    let found = sca::solve(&problem, &start, &sca::Options::default()).unwrap();
    let history: Vec<f64> = found.trace.iter().map(|row| row.objective).collect();
    assert!(found.feasible && history.windows(2).all(|w| w[1] >= w[0] * (1.0 - 1e-9)));
    let best = direct::design(&problem, &[], &direct::Options::default()).unwrap();
    let (ours, bar) = (found.report.efficiency, best.report.efficiency);
    assert!(
        ours >= 0.95 * bar && ours <= bar * (1.0 + 1e-3),
        "{ours} {bar}"
    );
}

#[test]
fn full_and_reduced_dimension_take_the_same_steps() {
    let file = fixture("small");
    let problem = problem(&file);
    let start = stored(&file, "feasible_start");
    let options = sca::Options {
        max_rounds: 2,
        conic: conic::Options {
            tolerance: 1e-11,
            ..conic::Options::default()
        },
        ..sca::Options::default()
    };
    let full = Working::unreduced(&problem).unwrap();
    let a = sca::solve(&problem, &start, &options)
        .unwrap()
        .report
        .efficiency;
    let b = sca::solve_in(&problem, &full, &start, &options)
        .unwrap()
        .report
        .efficiency;
    assert!((a - b).abs() <= 1e-7 * a, "{a} {b}");
}

#[test]
fn an_ellipsoidal_error_is_refused_by_name() {
    let file = fixture("small");
    let mut problem = problem(&file);
    let start = stored(&file, "feasible_start");
    let estimate = problem.cell.h_e.estimate.clone();
    let shape = Mat::from_fn(8, 8, |i, j| c64::from(if i == j { 1e-5 } else { 0.0 }));
    problem.cell.h_e = UncertainChannel::ellipsoid("h_e", estimate, shape).unwrap();
    let text = sca::solve(&problem, &start, &sca::Options::default())
        .unwrap_err()
        .to_string();
    assert!(text.contains("convex step"), "{text}");
}

#[test]
fn every_program_is_solved_to_eight_digits() {
    conic_outcomes::all_are_solved_to_eight_digits(40, || {
        let model = PathChannel::new(4, 3, 0.0167).unwrap();
        for draw in 0..3 {
            let cell = Scene::fixed(3)
                .unwrap()
                .channels(&model, &model, 1e-8, &mut stream(1, Stream::Channel, draw))
                .unwrap()
                .with_relative_error(0.1)
                .unwrap();
            let mut problem = Problem::new(cell, 4.5e5, 20.0, 20.0, 10.0);
            for access in [Access::RsmaFixed, Access::RsmaFree] {
                problem.access = access;
                prove_infeasible(&problem, &conic::Options::default()).unwrap();
                let working = Working::new(&problem).unwrap();
                let raw = RawStart::default().design(&problem, &working).unwrap();
                for scheme in [sca::Scheme::Joint, sca::Scheme::Alternating] {
                    let options = sca::Options {
                        scheme,
                        max_rounds: 2,
                        ..sca::Options::default()
                    };
                    sca::solve(&problem, &raw, &options).unwrap();
                }
            }
        }
    });
}
