//! The direct route on the stored cases: it must reach the best designs known, from their raw
//! start, and its gradients must be those of its functions.

use isac_algos::hisac_see::{Access, Working, direct, evaluate};
use isac_metrics::secrecy::Bound;

mod hisac_common;
use hisac_common::{fixture, problem, stored};

#[test]
fn the_fixed_split_reaches_the_best_known_from_the_raw_start() {
    for name in ["small", "default"] {
        let Some(file) = fixture(name) else { return };
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
        eprintln!(
            "{name}: {} of {best}, violation {:e}, {:?} after {}",
            found.report.efficiency,
            found.report.max_violation(),
            found.stopped,
            found.iterations
        );
        assert!(found.feasible, "{:?}", found.report.worst());
        assert!(found.report.efficiency >= best * (1.0 - 1e-4));
    }
}

#[test]
fn every_access_scheme_reaches_its_best_known() {
    for name in ["small", "default"] {
        let Some(file) = fixture(name) else { return };
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
            eprintln!(
                "{name} {access:?}: {} of {best}, violation {:e}, {:?} after {}",
                found.report.efficiency,
                found.report.max_violation(),
                found.stopped,
                found.iterations
            );
            assert!(found.feasible, "{access:?}: {:?}", found.report.worst());
            if let Some(best) = best.as_f64() {
                assert!(found.report.efficiency >= best * 0.9999);
            }
        }
    }
}

#[test]
fn reduced_and_full_dimension_agree() {
    let Some(file) = fixture("small") else { return };
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
    let Some(file) = fixture("default") else {
        return;
    };
    let problem = problem(&file);
    let working = Working::new(&problem).unwrap();
    let best = stored(&file, "best");
    let before = evaluate(&problem, &working.network, &best, Bound::Exact).unwrap();
    let after = direct::solve(&problem, &best, &direct::Options::default()).unwrap();
    let gain = after.report.efficiency / before.efficiency - 1.0;
    assert!(gain.abs() < 1e-5 && after.feasible, "{gain:e}");
}
