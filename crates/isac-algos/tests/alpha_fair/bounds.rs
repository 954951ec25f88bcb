//! The certificate against feasible points, and proofs that rates are out of reach.

use crate::instance::{Instance, SMALL, mrt, random};
use isac_algos::alpha_fair::{Design, bound, design, feasibility, penalty};
use isac_linalg::ops;
use isac_metrics::delay_doppler::{BsKnowledge, Disturbance, Gain, Nodes, SensingOptions};
use isac_metrics::fairness::Form;
use isac_metrics::ofdm_rate::Interference;
use isac_opt::augmented::Feasibility;
use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};

#[test]
fn the_certificate_is_tight_where_only_power_couples_users_and_targets() {
    let quiet = SensingOptions {
        disturbance: Disturbance::NoiseOnly,
        ..SensingOptions::default()
    };
    let one_target = Instance {
        targets: 1,
        users: 1,
        ..SMALL
    };
    let problem = one_target.problem(quiet, false, Interference::UsersOnly, 0.0, Form::Norm);
    let start = mrt(&problem, 2);
    let found = design::solve(&problem, start.as_ref(), &design::Options::default()).unwrap();
    let gap = found.bound.as_ref().unwrap().gap(&problem, &found.crlb);
    // Below zero by no more than the tolerance of the rates.
    assert!((-1e-6..1e-3).contains(&gap), "{gap}");
}

#[test]
fn the_certificate_counts_the_interference_of_linear_beams() {
    // Only power couples users and targets; what is left of the gap is the duality gap of the rates'
    // split over few subcarriers.
    let quiet = SensingOptions {
        disturbance: Disturbance::NoiseOnly,
        ..SensingOptions::default()
    };
    for seed in [1, 2, 3] {
        let crowded = Instance {
            n: 16,
            antennas: 4,
            targets: 1,
            users: 4,
            seed,
        };
        let problem = crowded.problem(quiet, false, Interference::UsersOnly, 0.0, Form::Norm);
        let start = mrt(&problem, 2);
        let found = design::solve(&problem, start.as_ref(), &design::Options::default()).unwrap();
        let gap = found.bound.as_ref().unwrap().gap(&problem, &found.crlb);
        assert!((-1e-6..0.02).contains(&gap), "seed {seed}: {gap}");
    }
}

#[test]
fn rates_beyond_reach_are_proved_infeasible() {
    let problem = SMALL
        .default_problem()
        .with_min_rates(vec![40.0, 1.0])
        .unwrap();
    let start = mrt(&problem, 2);
    let found = design::solve(&problem, start.as_ref(), &design::Options::default()).unwrap();
    assert_eq!(found.feasibility, Feasibility::Infeasible);
    let proof = found.infeasible.unwrap();
    assert!(proof.needed_w > proof.available_w);
    assert!(found.violation > 1.0 && found.bound.is_none());
    assert!(
        bound::search(&problem, &bound::Options::default())
            .unwrap()
            .is_none()
    );
}

#[test]
fn users_need_at_least_the_certified_power() {
    for seed in 0..20 {
        let instance = Instance {
            n: 4,
            antennas: 3,
            targets: 1,
            users: 3,
            seed,
        };
        let problem = instance.default_problem();
        let w = mrt(&problem, seed);
        let rates = Design::measure(&problem, w.clone()).unwrap().rates;
        let streams = problem.streams();
        let spent: f64 = (0..4)
            .flat_map(|i| (0..3).map(move |k| streams.user_column(i, k)))
            .map(|c| ops::norm2(w.as_ref().subcols(c, 1)))
            .sum();
        let alone: f64 = (0..3)
            .map(|k| problem.rate().single_user_power(k, rates[k]))
            .sum();
        let problem = problem.with_min_rates(rates).unwrap();
        let least = feasibility::least_power(&problem);
        assert!(
            least <= spent && least >= alone * (1.0 - 1e-12),
            "{least} {spent}"
        );
    }
}

#[test]
fn no_feasible_point_lies_below_the_certificate() {
    for seed in 0..1000 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let gain = [Gain::Known, Gain::Unknown][rng.random_range(0..2)];
        let bs = [BsKnowledge::SensingOnly, BsKnowledge::FullWaveform][rng.random_range(0..2)];
        let disturbance = [
            Disturbance::All,
            Disturbance::CommEchoes,
            Disturbance::NoiseOnly,
        ][rng.random_range(0..3)];
        let state = rng.random_range(0..4) == 0;
        let alpha = [-1.0, -0.5, 0.0, 1.0, 4.0, f64::INFINITY][rng.random_range(0..6)];
        let form = [Form::Norm, Form::Power, Form::LogNorm][rng.random_range(0..3)];
        let options = SensingOptions {
            gain,
            disturbance,
            bs,
            nodes: Nodes::Multi,
        };
        let instance = Instance {
            n: rng.random_range(2..=4),
            antennas: rng.random_range(2..=4),
            targets: rng.random_range(1..=3),
            users: rng.random_range(1..=7),
            seed,
        };
        let interference = [Interference::All, Interference::UsersOnly][rng.random_range(0..2)];
        let problem = instance.problem(options, state, interference, alpha, form);
        // A point improved a little; its own rates make it feasible.
        let start = mrt(&problem, seed);
        let mut short = penalty::Options::default();
        short.method.stop_mut().max_iterations = 15;
        let point = penalty::solve(&problem, start.as_ref(), &short).unwrap();
        let problem = problem.with_min_rates(point.rates.clone()).unwrap();
        let quick = bound::Options {
            rounds: 1,
            iterations: 30,
            ..bound::Options::default()
        };
        let found = bound::search(&problem, &quick).unwrap().unwrap();
        let room = 1e-9 * point.objective.abs();
        assert!(
            found.value <= point.objective + room,
            "seed {seed}: {found:?}"
        );
        assert!(found.gap(&problem, &point.crlb) >= -1e-9, "seed {seed}");
        // The general bound holds at any covariances and multipliers.
        let relaxed = problem.relaxed(2).unwrap();
        let log = relaxed.fairness().with_form(Form::LogNorm);
        let relaxed = relaxed.with_fairness(log);
        let anywhere = random(&relaxed, seed);
        let multipliers: Vec<f64> = (0..instance.users).map(|_| rng.random()).collect();
        let general = bound::at(&relaxed, anywhere.as_ref(), &multipliers).unwrap();
        assert!(
            general <= log.cost(&point.crlb) + 1e-9,
            "seed {seed}: {general}"
        );
    }
}
