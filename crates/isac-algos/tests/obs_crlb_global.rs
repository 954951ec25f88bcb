//! Branch and bound of `obs_crlb` against closed forms, random beams and the older bound.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use isac_algos::obs_crlb::{Solution, SumRateCrlb, Weights, bound, global, restarts};
use isac_linalg::{Mat, c64, ops};
use isac_metrics::AngleSensing;
use isac_models::array::{KronOrder, Scaling, Upa};
use isac_models::rng::{Stream, complex_normal, stream};
use isac_models::target::Targets;
use isac_opt::global::Stop;

const NOISE: f64 = 1e-2;

fn sensing() -> AngleSensing {
    let array = |h, v| Upa::new(h, v, KronOrder::HorizontalSlow, Scaling::UnitNorm).unwrap();
    let alpha = vec![c64::new(0.4, -0.3)];
    let targets = Targets::new(vec![0.5], vec![1.1], alpha).unwrap();
    AngleSensing::new(&array(3, 2), &array(2, 3), &targets, 30, NOISE).unwrap()
}

fn problem(channel: Mat<c64>, rate: f64, crlb: f64) -> SumRateCrlb {
    let noise = vec![NOISE; channel.ncols()];
    SumRateCrlb::new(channel, sensing(), noise, 0.5, Weights { rate, crlb }).unwrap()
}

fn drawn(users: usize, seed: u64) -> Mat<c64> {
    complex_normal(6, users, &mut stream(seed, Stream::Channel, 0))
}

fn best(problem: &SumRateCrlb) -> Solution {
    let options = restarts::Options {
        algorithm1_iterations: 0,
        ..restarts::Options::default()
    };
    let mut rng = stream(3, Stream::Start, 0);
    restarts::best(problem, &[], &options, &mut rng).unwrap().0
}

fn search(problem: &SumRateCrlb, start: &Solution, gap: f64) -> global::Certified {
    let options = global::Options {
        gap,
        nodes: 400,
        sensing_streams: Some(3),
    };
    global::solve(problem, start, &options, |_| true).unwrap()
}

/// One user without sensing: all power to it. Two orthogonal ones: the power is shared by water-filling.
#[test]
fn without_sensing_the_optimum_is_known() {
    let one = problem(drawn(1, 1), 0.7, 0.0);
    let most = 0.7 * (0.5 * ops::norm2(one.channel()) / NOISE).ln_1p();
    let proved = search(&one, &best(&one), 1e-6);
    assert_eq!(proved.stopped, Stop::Gap);
    assert!(
        proved.bound >= most && proved.bound <= most * (1.0 + 2e-6),
        "{} {most}",
        proved.bound
    );

    // Gains 4 and 1 over the noise, both used: levels 0.5 (P + 1/a + 1/b).
    let channel = Mat::from_fn(6, 2, |i, k| {
        c64::new(0.0, if i == k { 2.0 - k as f64 } else { 0.0 })
    });
    let two = problem(channel, 0.7, 0.0);
    let (a, b) = (4.0 / NOISE, 1.0 / NOISE);
    let level = 0.5 * (0.5 + 1.0 / a + 1.0 / b);
    let most = 0.7 * ((a * level).ln() + (b * level).ln());
    let proved = search(&two, &best(&two), 1e-4);
    assert_eq!(proved.stopped, Stop::Gap);
    assert!(
        proved.bound >= most && proved.bound <= most * (1.0 + 2e-4),
        "{} {most}",
        proved.bound
    );
}

/// Without weight of the rate the older bound is exact, and so is one box.
#[test]
fn sensing_alone_takes_one_box() {
    let problem = problem(drawn(2, 5), 0.0, 1.0);
    let start = best(&problem);
    let proved = search(&problem, &start, 1e-5);
    let older = bound::certify(&problem, &bound::Options::default())
        .unwrap()
        .value;
    assert_eq!((proved.nodes, proved.stopped), (1, Stop::Gap));
    let objective = start.merit.objective;
    assert!(proved.bound >= objective && older >= objective);
    assert!(proved.bound - objective <= 1e-5 * objective.abs());
}

/// No random beams are better than the bound of the box in which their interference lies, and every
/// point lies in a box.
#[test]
fn every_leaf_holds_for_beams_in_it() {
    let problem = problem(drawn(2, 7), 0.25, 1.0);
    let start = best(&problem);
    let proved = search(&problem, &start, 1e-3);
    let older = bound::certify(&problem, &bound::Options::default())
        .unwrap()
        .value;
    assert_eq!(proved.stopped, Stop::Gap);
    assert!(proved.bound >= start.merit.objective && proved.bound < older);
    let mut rng = stream(11, Stream::Start, 0);
    let mut used = vec![0; proved.leaves.len()];
    for i in 0..400 {
        // From random beams to nearly the best ones.
        let mut w = complex_normal(6, start.beamformer.ncols(), &mut rng);
        ops::scale(w.as_mut(), 0.5_f64.powi(i % 12));
        if i % 2 == 0 {
            ops::axpy(w.as_mut(), 1.0, start.beamformer.as_ref());
        }
        let to_budget = (0.5 / ops::norm2(w.as_ref())).sqrt();
        ops::scale(w.as_mut(), to_budget);
        let heard = ops::adjoint_mul(problem.channel(), w.as_ref());
        let interference = |k: usize| {
            let all = (0..w.ncols())
                .filter(|j| *j != k)
                .map(|j| heard[(k, j)].norm_sqr());
            1.0 + all.sum::<f64>() / NOISE
        };
        let at = [interference(0), interference(1)];
        let inside = |leaf: &usize| {
            let cell = &proved.leaves[*leaf].cell;
            (0..2).all(|k| cell.lower()[k] <= at[k] && at[k] <= cell.upper()[k])
        };
        let leaf = (0..proved.leaves.len()).find(inside).unwrap();
        used[leaf] += 1;
        let objective = problem.merit(w.as_ref()).unwrap().objective;
        assert!(objective <= proved.leaves[leaf].bound, "{at:?} {objective}");
    }
    assert!(used.iter().filter(|n| **n > 0).count() > 1);
}

/// The same problem in another unit of power is searched in the same way.
#[test]
fn the_unit_of_power_does_not_matter() {
    let channel = drawn(2, 9);
    let array = |h, v| Upa::new(h, v, KronOrder::HorizontalSlow, Scaling::UnitNorm).unwrap();
    let run = |unit: f64| {
        let targets = Targets::new(vec![0.5], vec![1.1], vec![c64::new(0.4, -0.3)]).unwrap();
        let sensing =
            AngleSensing::new(&array(3, 2), &array(2, 3), &targets, 30, NOISE * unit).unwrap();
        let weights = Weights {
            rate: 0.25,
            crlb: 1.0,
        };
        let noise = vec![NOISE * unit; 2];
        let problem =
            SumRateCrlb::new(channel.clone(), sensing, noise, 0.5 * unit, weights).unwrap();
        let start = best(&problem);
        let proved = search(&problem, &start, 1e-3);
        (proved.nodes, proved.bound)
    };
    let ((nodes, bound), (others, other)) = (run(1.0), run(2.0_f64.powi(-40)));
    assert_eq!(nodes, others);
    assert!((bound / other - 1.0).abs() < 1e-9, "{bound} {other}");
}
