//! Nothing depends on a unit: the same network in watts and picowatts, and with its channels over
//! another reference, has the same designs; and errors that vanish change nothing but by their size.

use isac_algos::hisac_see::relaxation::{Verdict, prove_infeasible};
use isac_algos::hisac_see::{Access, Design, Method, Problem, Requirements, Working, evaluate};
use isac_linalg::{Mat, c64};
use isac_metrics::secrecy::Bound;
use isac_models::csi_error::UncertainChannel;
use isac_models::rng::{Stream, complex_normal, stream};
use isac_models::two_cell::TwoCell;
use isac_opt::conic;
use proptest::prelude::*;

/// Three and three antennas, two users; powers times `watt`, channels times `gain` with the noise's
/// amplitude, errors of the four links relative to them.
fn problem(draw: u64, watt: f64, gain: f64, errors: [f64; 4]) -> Problem {
    let mut rng = stream(5, Stream::Channel, draw);
    // Over the noise at a watt; `gain` scales channels and noise amplitude alike.
    let mut matrix = |m: usize, n: usize, size: f64| -> Mat<c64> {
        let h = complex_normal(m, n, &mut rng);
        Mat::from_fn(m, n, |i, j| h[(i, j)] * (size * gain))
    };
    let column = |m: Mat<c64>| -> Vec<c64> { m.col(0).iter().copied().collect() };
    let [h_bo, h_e, h_ta, h_cl] = [0.8, 0.6, 0.9, 0.1].map(|size| column(matrix(3, 1, size)));
    let [g_bo, g_e] = [0.5, 0.8].map(|size| column(matrix(3, 1, size)));
    let (h_users, g_users) = (matrix(3, 2, 0.3), matrix(3, 2, 1.2));
    let ball = |name: &str, h: Vec<c64>, relative: f64| {
        let size = h.iter().map(|x| x.norm_sqr()).sum::<f64>().sqrt();
        UncertainChannel::ball(name, h, relative * size).unwrap()
    };
    let noise = watt * gain * gain;
    let cell = TwoCell {
        h_bo: ball("h_bo", h_bo, errors[0]),
        h_e: ball("h_e", h_e, errors[1]),
        h_ta,
        h_cl,
        h_users,
        g_bo: ball("g_bo", g_bo, errors[2]),
        g_e: ball("g_e", g_e, errors[3]),
        g_users,
        noise,
    };
    // The echo passes twice: its reflection is per channel gain.
    let reflection = 1.5 / (gain * gain);
    let mut problem = Problem::new(cell, reflection, 300.0 * watt, 300.0 * watt, 10.0 * watt);
    problem.requirements = Requirements {
        sinr: 0.2,
        secrecy_rate: 0.3,
        common_rate: 0.3,
        private_rate: 0.3,
    };
    problem
}

/// Draws that have designs at errors up to a tenth.
const DRAWS: [u64; 2] = [0, 1];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Every number of the exact evaluation but powers, which carry the unit.
    #[test]
    fn the_evaluation_knows_no_unit(
        draw in 0_u64..50, power in -15..15_i32, amplitude in -8..8_i32, which in 0..5_usize,
        relative in prop_oneof![Just(0.0), 1e-16..1e-6_f64, 0.0..1.3_f64],
    ) {
        let (watt, gain) = (10.0_f64.powi(power), 10.0_f64.powi(amplitude));
        let errors = [relative.min(0.9), relative, relative, relative];
        let access = Access::ALL[which];
        let judged = |watt: f64, gain: f64| {
            let mut problem = problem(draw, watt, gain, errors);
            problem.access = access;
            let working = Working::new(&problem).unwrap();
            let mut rng = stream(6, Stream::Start, draw);
            let mut beam = |n: usize| -> Vec<c64> {
                let w = complex_normal(n, 1, &mut rng);
                w.col(0).iter().map(|x| x * watt.sqrt()).collect()
            };
            let design = Design { w_bo: beam(3), w_ta: beam(3), streams: beam(3 * access.streams(2)) };
            evaluate(&problem, &working.network, &design, Bound::Exact).unwrap()
        };
        let (plain, scaled) = (judged(1.0, 1.0), judged(watt, gain));
        let close = |a: f64, b: f64| (a - b).abs() <= 1e-9 * (a.abs() + b.abs() + 1e-3);
        prop_assert!(close(plain.secrecy.rate_signed, scaled.secrecy.rate_signed));
        prop_assert!(close(plain.efficiency, scaled.efficiency * watt));
        prop_assert!(close(plain.scnr, scaled.scnr), "{} {}", plain.scnr, scaled.scnr);
        for (a, b) in plain.violations.iter().zip(&scaled.violations) {
            prop_assert!(close(a.value, b.value), "{}: {} {}", a.name, a.value, b.value);
        }
    }
}

/// Watts and picowatts, channels over another reference: the same design up to rounding.
#[test]
fn every_method_designs_the_same_in_any_unit() {
    // The block methods take the steps of the joint one, many times as many.
    for (method, draws) in [(Method::Direct, &DRAWS[..]), (Method::Joint, &DRAWS[..1])] {
        for &draw in draws {
            let plain = method
                .run(&problem(draw, 1.0, 1.0, [0.05; 4]), &[])
                .unwrap();
            assert!(
                plain.feasible,
                "{}: {:?}",
                method.name(),
                plain.report.worst()
            );
            for (watt, gain) in [(1e-12, 1.0), (1e6, 1e-5)].into_iter().take(draws.len()) {
                let scaled = method
                    .run(&problem(draw, watt, gain, [0.05; 4]), &[])
                    .unwrap();
                let (a, b) = (plain.report.efficiency, scaled.report.efficiency * watt);
                assert!(
                    (a - b).abs() <= 1e-6 * a,
                    "{}, draw {draw}, {watt:e} W: {a} {b}",
                    method.name()
                );
                assert_eq!(plain.stopped, scaled.stopped);
            }
        }
    }
}

/// Perfect and nearly perfect knowledge of any link in every method; a smaller error costs no more.
#[test]
fn vanishing_errors_change_the_design_by_their_size() {
    for (method, all) in [(Method::Direct, true), (Method::Joint, false)] {
        for links in [[false, true, false, false], [true, true, true, true]] {
            let at = |relative: f64| {
                let errors = links.map(|known| if known { relative } else { 0.05 });
                let found = method.run(&problem(0, 1.0, 1.0, errors), &[]).unwrap();
                assert!(
                    found.feasible,
                    "{}: {:?}",
                    method.name(),
                    found.report.worst()
                );
                found.report.efficiency
            };
            let perfect = at(0.0);
            for relative in [1e-16, 1e-9, 1e-5]
                .into_iter()
                .skip(if all { 0 } else { 2 })
            {
                let value = at(relative);
                // The steps end at a gain of 1e-6 a round.
                assert!(
                    (value / perfect - 1.0).abs() <= 1e-4 + 20.0 * relative,
                    "{} at {relative:e}: {value} {perfect}",
                    method.name()
                );
            }
        }
    }
}

/// Thresholds no numbers reach are excluded in closed form, in every unit, and no method panics.
#[test]
fn absurd_thresholds_are_excluded() {
    let edits: [(&str, fn(&mut Requirements)); 5] = [
        ("sinr", |r| r.sinr = 1e300),
        ("sinr", |r| r.sinr = f64::MAX),
        ("secrecy rate", |r| r.secrecy_rate = 1e9),
        ("common rate", |r| r.common_rate = 1e300),
        ("private rate", |r| r.private_rate = 5000.0),
    ];
    for (name, edit) in edits {
        for watt in [1.0, 1e-12] {
            let mut problem = problem(0, watt, 1.0, [0.05; 4]);
            edit(&mut problem.requirements);
            let verdict = prove_infeasible(&problem, &conic::Options::default()).unwrap();
            assert!(
                matches!(verdict, Verdict::Excluded(_)),
                "{name}: {verdict:?}"
            );
            for method in [Method::Direct, Method::Alternating] {
                let found = method.run(&problem, &[]).unwrap();
                assert!(
                    !found.feasible && found.report.max_violation() > 0.1,
                    "{name}"
                );
            }
        }
    }
}

/// What a design meets is never excluded: thresholds at what the designs reach, with room to spare.
#[test]
fn no_design_is_excluded() {
    for draw in 0..6 {
        let mut problem = problem(draw, 1.0, 1.0, [0.05; 4]);
        let found = Method::Direct.run(&problem, &[]).unwrap();
        if !found.feasible {
            continue;
        }
        problem.requirements.secrecy_rate = found.report.secrecy.rate_signed - 1e-3;
        problem.power1_max = found.report.power1 * (1.0 + 1e-3);
        problem.power2_max = found.report.power2 * (1.0 + 1e-3);
        let verdict = prove_infeasible(&problem, &conic::Options::default()).unwrap();
        assert!(!verdict.no_design(), "draw {draw}: {verdict:?}");
    }
}
