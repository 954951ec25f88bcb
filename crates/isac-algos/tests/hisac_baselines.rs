//! Baselines and weaker bounds on the stored default case, against numbers that an independent program
//! measured on it, and proofs of infeasibility.

use isac_algos::hisac_see::relaxation::{Verdict, prove_infeasible};
use isac_algos::hisac_see::{Access, Working, baselines, direct, evaluate};
use isac_metrics::secrecy::Bound;
use isac_opt::conic;

mod hisac_common;
use hisac_common::{fixture, problem};

/// Relative agreement asked for: the other program printed three digits and its own local optima.
const NEAR: f64 = 1e-2;

#[test]
fn designs_by_each_power_alone_lose_a_tenth() {
    let file = fixture("default");
    let problem = problem(&file);
    let options = direct::Options {
        bound: Bound::Decoupled,
        ..direct::Options::default()
    };
    let found = direct::design(&problem, &[], &options).unwrap();
    assert!(found.feasible, "{:?}", found.report.worst());
    let working = Working::new(&problem).unwrap();
    let exact = evaluate(&problem, &working.network, &found.design, Bound::Exact).unwrap();
    assert!(exact.max_violation() <= 1e-5, "a bound is safe");
    assert!(exact.efficiency >= found.report.efficiency);
    let ours = exact.efficiency;
    // The other program stopped at its own local optimum of a design that is not unique.
    assert!((ours / 0.0960 - 1.0).abs() < 0.02, "{ours}");
}

#[test]
fn the_bound_of_the_appendix_costs_most() {
    let file = fixture("default");
    let problem = problem(&file);
    let working = Working::new(&problem).unwrap();
    let by = |bound| {
        let options = direct::Options {
            bound,
            ..direct::Options::default()
        };
        direct::design(&problem, &[], &options).unwrap()
    };
    let (exact, appendix) = (by(Bound::Exact), by(Bound::Appendix));
    assert!(appendix.feasible, "{:?}", appendix.report.worst());
    let judged = evaluate(&problem, &working.network, &appendix.design, Bound::Exact).unwrap();
    assert!(judged.max_violation() <= 1e-5, "a bound is safe");
    // Appendix A's error term is well above the true worst case: the loss is no rounding.
    assert!(judged.efficiency < 0.8 * exact.report.efficiency);
    assert!(appendix.report.efficiency < judged.efficiency);
    // What it says about the exact optimum, measured elsewhere as 0.0248.
    let said = evaluate(&problem, &working.network, &exact.design, Bound::Appendix).unwrap();
    assert!(
        (said.efficiency - 0.0248).abs() < 5e-4,
        "{}",
        said.efficiency
    );
}

#[test]
fn the_traversal_confirms_the_optimum() {
    let file = fixture("default");
    let problem = problem(&file);
    let options = direct::Options {
        starts: 1,
        ..direct::Options::default()
    };
    let points = baselines::traversal(&problem, &[10.0, 12.0], &[8.0, 10.0], &options).unwrap();
    let best = baselines::best(&points).unwrap();
    assert_eq!((best.power1, best.power2), (10.0, 8.0));
    let ours = best.solution.report.efficiency;
    assert!((ours / 0.10585 - 1.0).abs() < NEAR, "{ours}");
    let empty = baselines::traversal(&problem, &[], &[8.0], &options).unwrap_err();
    assert!(empty.to_string().contains("powers of BS1"), "{empty}");
}

#[test]
fn artificial_noise_never_helps() {
    let file = fixture("default");
    let problem = problem(&file);
    let options = direct::Options {
        starts: 1,
        ..direct::Options::default()
    };
    let found = baselines::artificial_noise(&problem, &[0.0, 1.0, 5.0], &options).unwrap();
    for (solution, other) in found.iter().zip([0.1060, 0.0918, 0.0604]) {
        let ours = solution.report.efficiency;
        assert!(
            solution.feasible && ours >= other * (1.0 - NEAR),
            "{ours} {other}"
        );
    }
    let values: Vec<f64> = found.iter().map(|s| s.report.efficiency).collect();
    assert!(values.windows(2).all(|w| w[1] < w[0]), "{values:?}");
}

#[test]
fn impossible_thresholds_are_proved_impossible() {
    let file = fixture("small");
    let problem = problem(&file);
    let options = conic::Options::default();
    assert_eq!(prove_infeasible(&problem, &options).unwrap(), Verdict::Open);
    let proved = |edit: fn(&mut isac_algos::hisac_see::Problem)| {
        let mut problem = problem.clone();
        edit(&mut problem);
        let verdict = prove_infeasible(&problem, &options).unwrap();
        match verdict {
            Verdict::Excluded(_) | Verdict::NoRate => true,
            Verdict::Infeasible { error } => error < 1e-6,
            Verdict::Open | Verdict::Unknown => false,
        }
    };
    assert!(proved(|p| p.requirements.secrecy_rate = 20.0));
    assert!(proved(|p| p.requirements.private_rate = 15.0));
    assert!(proved(|p| p.requirements.sinr = 1e4));
    assert!(proved(|p| p.power1_max = 0.05));
    assert!(proved(|p| {
        p.access = Access::RsmaFree;
        p.requirements.common_rate = 40.0;
    }));
    assert!(proved(|p| {
        p.access = Access::Tdma;
        p.requirements.private_rate = 8.0;
    }));
}

/// Growing thresholds only take designs away: once proved impossible, always so, first by multipliers of
/// one box, in the end by a closed form.
#[test]
fn what_is_impossible_stays_so_as_thresholds_grow() {
    let options = conic::Options::default();
    let mut problem = problem(&fixture("small"));
    // With time division every user is alone, which the closed form knows.
    for access in [Access::RsmaFixed, Access::Sdma, Access::Noma] {
        problem.access = access;
        let verdicts = (1..=24).map(|step| {
            problem.requirements.private_rate = 0.5 * f64::from(step);
            prove_infeasible(&problem, &options).unwrap()
        });
        let verdicts: Vec<Verdict> = verdicts.collect();
        let first = verdicts.iter().position(Verdict::no_design).unwrap();
        assert!(verdicts[..first].iter().all(|v| *v == Verdict::Open));
        assert!(
            verdicts[first..].iter().all(Verdict::no_design),
            "{access:?}"
        );
        assert!(verdicts.contains(&Verdict::NoRate), "{access:?}");
        assert!(
            matches!(verdicts.last(), Some(Verdict::Excluded(_))),
            "{access:?}"
        );
    }
}
