//! Designs by the descents, their order and their degenerate cases.

use crate::instance::{Instance, SMALL, mrt, unbounded};
use isac_algos::alpha_fair::{Design, FEASIBLE, PowerShare, Problem, design, penalty};
use isac_linalg::ops;
use isac_metrics::delay_doppler::{Nodes, SensingOptions};
use isac_metrics::fairness::{Fairness, Form};
use isac_opt::augmented::Feasibility;

#[test]
fn the_papers_descent_is_monotone_and_stays_on_the_sphere() {
    let problem = SMALL.default_problem();
    let start = mrt(&problem, 2);
    let found = penalty::solve(&problem, start.as_ref(), &penalty::Options::default()).unwrap();
    assert!((ops::norm2(found.beams.as_ref()) - 1.0).abs() < 1e-12);
    assert_eq!(found.trace.len(), found.progress.len());
    assert_eq!(found.iterations, found.progress.len());
    assert!(
        found
            .trace
            .windows(2)
            .all(|w| w[1].objective <= w[0].objective)
    );
    let cheap = penalty::Options::continuation();
    let found = penalty::solve(&problem, start.as_ref(), &cheap).unwrap();
    assert!(found.violation < 0.1);
}

#[test]
fn the_default_meets_the_rates_certified_and_beats_the_penalty_method() {
    let problem = SMALL.default_problem();
    let start = mrt(&problem, 2);
    let found = design::solve(&problem, start.as_ref(), &design::Options::default()).unwrap();
    assert_eq!(found.feasibility, Feasibility::Feasible);
    assert!(found.violation <= FEASIBLE);
    assert!((ops::norm2(found.beams.as_ref()) - 1.0).abs() < 1e-12);
    let bound = found.bound.as_ref().unwrap();
    let gap = bound.gap(&problem, &found.crlb);
    assert!(gap >= 0.0, "{gap}");
    assert!(bound.norm <= bound.relaxed_norm * (1.0 + 1e-9));
    let paper = penalty::solve(&problem, start.as_ref(), &penalty::Options::default()).unwrap();
    assert!(paper.violation > found.violation);
    assert!(found.objective <= paper.objective * 1.05);
}

#[test]
fn baselines_are_ordered_and_more_rate_costs() {
    let problem = SMALL.default_problem();
    let start = mrt(&problem, 3);
    let sum = |problem: &Problem, power| {
        let options = design::Options {
            power,
            ..unbounded()
        };
        let found = design::solve(problem, start.as_ref(), &options).unwrap();
        assert!(found.violation <= FEASIBLE);
        found.sum_crlb()
    };
    let proposed = sum(&problem, PowerShare::Total);
    let flat = sum(&problem, PowerShare::PerSubcarrier);
    let mono = SensingOptions {
        nodes: Nodes::Mono,
        ..SensingOptions::default()
    };
    let mono = sum(
        &problem.clone().with_sensing(mono).unwrap(),
        PowerShare::Total,
    );
    assert!(proposed < flat && flat < mono, "{proposed} {flat} {mono}");
    let busy = problem.with_min_rates(vec![3.0; 2]).unwrap();
    assert!(sum(&busy, PowerShare::Total) > proposed);
}

#[test]
fn a_larger_alpha_trades_the_sum_for_the_largest() {
    let problem = SMALL.default_problem();
    let start = mrt(&problem, 3);
    let solve = |alpha: f64| {
        let old = problem.fairness();
        let fairness = Fairness::new(alpha, old.form(), old.reference()).unwrap();
        let problem = problem.clone().with_fairness(fairness);
        design::solve(&problem, start.as_ref(), &unbounded()).unwrap()
    };
    let (sum, max) = (solve(0.0), solve(f64::INFINITY));
    assert!(max.sum_crlb() > sum.sum_crlb() && max.max_crlb() < sum.max_crlb());
}

#[test]
fn sensing_alone_and_one_of_everything_work() {
    let alone = Instance { users: 0, ..SMALL };
    let problem = alone.default_problem();
    let start = mrt(&problem, 1);
    let found = design::solve(&problem, start.as_ref(), &design::Options::default()).unwrap();
    assert!(found.rates.is_empty() && found.feasibility == Feasibility::Feasible);
    let least = Instance {
        n: 2,
        antennas: 1,
        targets: 1,
        users: 1,
        seed: 4,
    };
    let problem = least.default_problem().with_min_rates(vec![0.1]).unwrap();
    let start = mrt(&problem, 1);
    let found = design::solve(&problem, start.as_ref(), &design::Options::default()).unwrap();
    assert!(found.violation <= FEASIBLE && found.bound.is_some());
}

/// A problem, fairness without a finite alpha included, and its design as text and back.
#[test]
fn problems_and_designs_travel_as_text() {
    let fairness = Fairness::new(f64::INFINITY, Form::Norm, 2.0).unwrap();
    let problem = SMALL.default_problem().with_fairness(fairness);
    let text = serde_json::to_string(&problem).unwrap();
    let again: Problem = serde_json::from_str(&text).unwrap();
    assert_eq!(serde_json::to_string(&again).unwrap(), text);
    let start = mrt(&problem, 2);
    let options = design::Options::default();
    let [found, same] =
        [&problem, &again].map(|problem| design::solve(problem, start.as_ref(), &options).unwrap());
    assert_eq!(found.beams, same.beams);
    let read: Design = serde_json::from_str(&serde_json::to_string(&found).unwrap()).unwrap();
    assert_eq!((read.beams, read.crlb), (found.beams, found.crlb));
    let silent = text.replace(r#""power_w":1.0"#, r#""power_w":0.0"#);
    assert_ne!(silent, text);
    let error = serde_json::from_str::<Problem>(&silent).unwrap_err();
    assert!(error.to_string().contains("power"), "{error}");
}
