//! The S-procedure ascent: histories never fall, blocks order as they should, and the direct route
//! started at its end stays there.

use isac_algos::hisac_see::{Access, direct, sca};

mod hisac_common;
use hisac_common::{fixture, problem, stored};

#[test]
fn ascents_reach_the_stored_values_and_keep_their_order() {
    for name in ["small", "default"] {
        let Some(file) = fixture(name) else { return };
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
            eprintln!(
                "{name} {scheme:?}: {} after {} steps, {:?}",
                found.report.efficiency, found.iterations, found.stopped
            );
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
        eprintln!(
            "overlapping / joint: {}",
            overlapping.report.efficiency / joint.report.efficiency
        );
        let polished = direct::solve(&problem, &joint.design, &direct::Options::default()).unwrap();
        assert!(polished.report.efficiency >= joint.report.efficiency * (1.0 - 1e-5));
    }
}

#[test]
fn phase_one_finds_a_feasible_point() {
    let Some(file) = fixture("small") else { return };
    let problem = problem(&file);
    let start = stored(&file, "raw_start");
    let found = sca::phase_one(&problem, &start, &sca::Options::default()).unwrap();
    assert!(found.feasible, "{:?}", found.report.worst());
    assert!(found.iterations <= 6, "{}", found.iterations);
}

#[test]
fn the_free_split_is_refused_by_name() {
    let Some(file) = fixture("small") else { return };
    let mut problem = problem(&file);
    let start = stored(&file, "feasible_start");
    problem.access = Access::RsmaFree;
    let text = sca::solve(&problem, &start, &sca::Options::default())
        .unwrap_err()
        .to_string();
    assert!(text.contains("convex step"), "{text}");
}
