//! Global bounds: against a closed form, against every design known, and what they are told apart by.

use isac_algos::hisac_see::global::{self, Certified, Kind, Options};
use isac_algos::hisac_see::{Access, Design, Method, Objective, Problem, Working, evaluate};
use isac_linalg::{Mat, c64};
use isac_metrics::secrecy::Bound;
use isac_models::channel::PathChannel;
use isac_models::csi_error::UncertainChannel;
use isac_models::scene::Scene;
use isac_models::two_cell::TwoCell;
use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};

mod hisac_common;
use hisac_common::{fixture, problem};

fn drawn(seed: u64, users: usize, error: f64) -> Problem {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let model = PathChannel::new(4, 2, 0.0167).unwrap();
    let scene = Scene::fixed(users).unwrap();
    let cell = scene.channels(&model, &model, 1e-8, &mut rng).unwrap();
    let cell = cell.with_relative_error(error).unwrap();
    Problem::new(cell, 4.5e5, 316.0, 316.0, 10.0)
}

fn bounded(problem: &Problem, value: f64, nodes: usize) -> Certified {
    let options = Options {
        nodes,
        ..Options::default()
    };
    global::solve(problem, value, &options, |_| true).unwrap()
}

/// All channels real multiples of unit vectors, nothing asked for but the orders.
fn plain(power: f64) -> Problem {
    let unit = |k: usize, size: f64| -> Vec<c64> {
        (0..3)
            .map(|i| c64::new(if i == k { size } else { 0.0 }, 0.0))
            .collect()
    };
    let link = |k, size| UncertainChannel::ball("link", unit(k, size), 0.0).unwrap();
    let cell = TwoCell {
        h_bo: link(0, 2.0),
        h_e: link(1, 1.0),
        h_ta: unit(2, 1.0),
        h_cl: unit(2, 1.0),
        h_users: Mat::from_fn(3, 1, |i, _| c64::new(f64::from(i == 2), 0.0)),
        g_bo: link(0, 1.0),
        g_e: link(1, 1.0),
        g_users: Mat::from_fn(3, 1, |i, _| c64::new(f64::from(i == 2), 0.0)),
        noise: 1.0,
    };
    let mut problem = Problem::new(cell, 1.0, power, power, 2.0);
    problem.access = Access::Sdma;
    let r = &mut problem.requirements;
    (r.sinr, r.secrecy_rate, r.common_rate, r.private_rate) = (0.0, 0.0, 0.0, 0.0);
    problem
}

#[test]
fn the_bound_meets_a_closed_form() {
    // The sensing beam must arrive at Bob as strongly as the data, both away from Eve:
    // max log2(1 + 4 P / 2) / (P + 2).
    let best = (1..2_000_000)
        .map(|i| f64::from(i) * 1e-5)
        .map(|p| (1.0 + 2.0 * p).log2() / (p + 2.0))
        .fold(0.0, f64::max);
    let found = bounded(&plain(20.0), best, 200);
    assert!(found.bound >= best, "{} {best}", found.bound);
    assert!(found.bound <= best * 1.0051, "{} {best}", found.bound);
    // Short of power: all of it.
    let best = (1.0_f64 + 2.0 * 0.5).log2() / 2.5;
    let found = bounded(&plain(0.5), best, 200);
    assert!(found.bound >= best && found.bound <= best * 1.0051);
}

#[test]
fn the_default_file_is_solved_to_half_a_percent() {
    let mut problem = problem(&fixture("default"));
    for access in [Access::Sdma, Access::RsmaFixed] {
        problem.access = access;
        let found = Method::Direct.run(&problem, &[]).unwrap();
        let value = found.report.efficiency;
        let proved = bounded(&problem, value, 60);
        assert!(proved.bound <= value * 1.006, "{} {value}", proved.bound);
        assert!(proved.bound >= value * (1.0 - 1e-9));
    }
}

/// Designs near a good one: scaled, turned, mixed with another.
fn neighbours(design: &Design, rng: &mut ChaCha8Rng) -> Design {
    let size: f64 = 10.0_f64.powf(rng.random_range(-4.0..-0.5));
    let mut change = |beam: &[c64]| -> Vec<c64> {
        let norm = beam.iter().map(|w| w.norm_sqr()).sum::<f64>().sqrt();
        let mut noise = || (rng.random::<f64>() - 0.5) * size * norm;
        beam.iter()
            .map(|w| w + c64::new(noise(), noise()))
            .collect()
    };
    Design {
        w_bo: change(&design.w_bo),
        w_ta: change(&design.w_ta),
        streams: change(&design.streams),
    }
}

#[test]
fn no_feasible_design_exceeds_the_bound() {
    let mut judged = 0;
    for (seed, access) in [
        (1, Access::RsmaFixed),
        (2, Access::Noma),
        (3, Access::RsmaFree),
        (4, Access::Tdma),
    ] {
        let mut problem = drawn(seed, 2, 0.05);
        problem.access = access;
        let found = Method::Direct.run(&problem, &[]).unwrap();
        assert!(found.feasible);
        // A bound from a poor value must hold for good designs too.
        let proved = bounded(&problem, 0.7 * found.report.efficiency, 8);
        assert!(proved.bound >= found.report.efficiency, "{access:?}");
        let working = Working::new(&problem).unwrap();
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        for _ in 0..200 {
            let near = neighbours(&found.design, &mut rng);
            let report = evaluate(&problem, &working.network, &near, Bound::Exact).unwrap();
            if report.max_violation() <= 1e-6 {
                judged += 1;
                assert!(report.efficiency <= proved.bound);
            }
        }
    }
    assert!(judged >= 4, "{judged}");
}

#[test]
fn errors_noise_and_single_antennas_are_bounded_too() {
    let mut noisy = drawn(1, 2, 0.05);
    noisy.artificial_noise = 0.5;
    let mut exact = drawn(1, 2, 0.0);
    exact.access = Access::Sdma;
    let mut allocated = drawn(1, 2, 0.05);
    (
        allocated.accounting.allocated1,
        allocated.accounting.allocated2,
    ) = (Some(16.0), Some(16.0));
    allocated.access = Access::RsmaFixed;
    for problem in [noisy, exact, allocated] {
        let found = Method::Direct.run(&problem, &[]).unwrap();
        assert!(found.feasible);
        let proved = bounded(&problem, found.report.efficiency, 12);
        assert!(proved.bound >= found.report.efficiency * (1.0 - 1e-6));
        assert!(
            proved.bound <= found.report.efficiency * 1.6,
            "{}",
            proved.bound
        );
    }
    // One antenna at each station: Eve is where Bob is, up to a factor, and little is secret.
    let mut one = drawn(2, 1, 0.0);
    let keep = |v: &[c64]| v[..1].to_vec();
    let cell = &mut one.cell;
    for link in [&mut cell.h_bo, &mut cell.h_e, &mut cell.g_bo, &mut cell.g_e] {
        *link = UncertainChannel::ball("link", keep(&link.estimate), 0.0).unwrap();
    }
    (cell.h_ta, cell.h_cl) = (keep(&cell.h_ta), keep(&cell.h_cl));
    let first = |m: &Mat<c64>| Mat::from_fn(1, m.ncols(), |_, k| m[(0, k)]);
    (cell.h_users, cell.g_users) = (first(&cell.h_users), first(&cell.g_users));
    let r = &mut one.requirements;
    (r.secrecy_rate, r.common_rate, r.private_rate) = (0.0, 0.0, 0.0);
    let proved = bounded(&one, 1e-3, 12);
    assert!(proved.bound > 0.0 && proved.bound.is_finite());
}

#[test]
fn leaves_cover_every_slot_and_errors_lie_in_their_balls() {
    let mut problem = drawn(5, 2, 0.1);
    problem.access = Access::Tdma;
    let proved = bounded(&problem, 0.05, 6);
    for slot in 0..2 {
        let own: Vec<_> = proved
            .leaves
            .iter()
            .filter(|leaf| leaf.slot == slot)
            .collect();
        assert!(!own.is_empty());
        assert!(own.iter().all(|leaf| leaf.bound <= proved.bound));
    }
    let cuts = proved.leaves.iter().flat_map(|leaf| &leaf.multipliers.cuts);
    let mut kinds = std::collections::HashSet::new();
    for (cut, y) in cuts {
        let length: f64 = cut.error.iter().map(|d| d.norm_sqr()).sum();
        assert!(*y >= 0.0 && length <= 1.0);
        kinds.insert(cut.kind);
    }
    assert!(kinds.contains(&Kind::Signal) && kinds.contains(&Kind::Interference));
}

#[test]
fn what_cannot_be_bounded_is_refused() {
    let problem = drawn(1, 1, 0.1);
    let refused = |problem: &Problem, options: &Options| {
        let answer = global::solve(problem, 0.1, options, |_| true);
        answer.unwrap_err().to_string()
    };
    let none = Options {
        nodes: 0,
        ..Options::default()
    };
    assert!(refused(&problem, &none).contains("nodes"));
    let mut other = problem.clone();
    other.objective = Objective::SecrecyRate;
    assert!(refused(&other, &Options::default()).contains("energy efficiency"));
    let mut free = problem.clone();
    free.circuit_power = 0.0;
    assert!(refused(&free, &Options::default()).contains("circuit power"));
}
