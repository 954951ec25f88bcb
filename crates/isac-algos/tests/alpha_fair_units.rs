//! No digit of an alpha-fair design depends on a unit: neither on that of power nor on the reference and
//! form of the cost.

use isac_algos::alpha_fair::{Method, Problem, RunOptions, Start, bound};
use isac_linalg::{Mat, c64, ops};
use isac_metrics::delay_doppler::{
    Combine, DelayDoppler, Disturbance, EchoModel, Gain, Nodes, SensingOptions,
};
use isac_metrics::fairness::{Fairness, Form};
use isac_metrics::ofdm_rate::{Interference, OfdmRate, Streams};
use isac_models::array::{Scaling, Ula};
use isac_models::rng::complex_normal;
use proptest::prelude::*;
use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};

/// Three subcarriers, three antennas, two targets, two users: power 1 and noise about 1e-4 in units of
/// `watt`, echoes as strong as the noise times `echo`, drawn from a seed.
fn problem(seed: u64, watt: f64, echo: f64, form: Form, reference: f64) -> Problem {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (n, antennas, users, targets) = (3, 3, 2, 2);
    let noise = 2f64.powi(-13);
    let mut factor = || 2f64.powf(2.0 * rng.random::<f64>() - 1.0);
    let reflection: Vec<f64> = (0..targets * (users + 1))
        .map(|_| noise * echo * factor())
        .collect();
    let model_noise = || vec![noise * watt; users + 1];
    let streams = Streams {
        subcarriers: n,
        sensing: 1,
        users,
    };
    let model = EchoModel {
        subcarriers: n,
        symbols: 4,
        reflection,
        noise_w: model_noise(),
        antennas: vec![4.0, 1.0, 1.0],
        combine: Combine::Sum,
        weights: vec![1.0; 2],
    };
    // Unknown gain keeps the programs of `sdr` out of the default, which would take most of the time.
    let options = SensingOptions {
        gain: Gain::Unknown,
        disturbance: Disturbance::All,
        nodes: Nodes::Multi,
        ..SensingOptions::default()
    };
    let channels = complex_normal(antennas, n * users, &mut rng);
    let steering = Ula::half_wavelength(antennas, Scaling::UnitEntries)
        .unwrap()
        .steering(&[-0.4, 0.5]);
    Problem::new(
        steering,
        DelayDoppler::new(model, options).unwrap(),
        OfdmRate::new(
            streams,
            channels,
            vec![noise * watt; users],
            Interference::All,
        )
        .unwrap(),
        Fairness::new(0.0, form, reference).unwrap(),
        vec![1.0, 2.0],
        watt,
    )
    .unwrap()
}

fn start(problem: &Problem, seed: u64) -> Mat<c64> {
    Start::Mrt
        .draw(problem, &mut ChaCha8Rng::seed_from_u64(seed))
        .unwrap()
}

fn distance(a: &Mat<c64>, b: &Mat<c64>) -> f64 {
    let mut off = a.clone();
    ops::axpy(off.as_mut(), -1.0, b.as_ref());
    ops::norm(off.as_ref()) / ops::norm(b.as_ref())
}

const METHODS: [Method; 6] = [
    Method::BestOfStarts,
    Method::Augmented,
    Method::Paper,
    Method::Continuation,
    Method::Flat,
    Method::Mono,
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Powers of four scale amplitudes by powers of two, so that not one bit of the design may change, nor of
    /// the bound: at seed 660 a water level by logarithms of watts moved it by 3e-10.
    #[test]
    fn another_unit_of_power_changes_no_bit(
        seed in 0u64..1000, fours in -24i32..=24, strength in 0i32..=30, which in 0usize..6
    ) {
        let echo = 2f64.powi(strength);
        let method = METHODS[which];
        let run = |watt: f64| {
            let problem = problem(seed, watt, echo, Form::Norm, 1e-3);
            let from = start(&problem, seed);
            method.run(&problem, from.as_ref(), &RunOptions::default()).unwrap()
        };
        let watt = 4f64.powi(fours);
        let (ours, theirs) = (run(1.0), run(watt));
        prop_assert_eq!(ours.objective.to_bits(), theirs.objective.to_bits());
        prop_assert_eq!(ours.violation.to_bits(), theirs.violation.to_bits());
        let mut back = theirs.beams.clone();
        ops::scale(back.as_mut(), 1.0 / watt.sqrt());
        prop_assert!(distance(&back, &ours.beams) <= 0.0);
        let bits = |bound: Option<bound::LowerBound>| bound.map(|b| b.value.to_bits());
        prop_assert_eq!(bits(ours.bound), bits(theirs.bound));
    }

    /// The augmented Lagrangian, the default and the bound see the cost in units of the start: neither its
    /// reference nor its form moves the point.
    #[test]
    fn reference_and_form_of_the_cost_move_no_point(
        seed in 0u64..1000, exponent in -15i32..=15, log in any::<bool>()
    ) {
        let plain = problem(seed, 1.0, 30.0, Form::Norm, 1.0);
        let reference = 10f64.powi(exponent);
        let form = if log { Form::LogNorm } else { Form::Power };
        let other = problem(seed, 1.0, 30.0, form, reference);
        let from = start(&plain, seed);
        for method in [Method::Augmented, Method::Flat, Method::Mono] {
            let run = |p: &Problem| method.run(p, from.as_ref(), &RunOptions::default()).unwrap();
            let (ours, theirs) = (run(&plain), run(&other));
            prop_assert!(distance(&theirs.beams, &ours.beams) <= 0.0);
            let bounds = [ours.bound.unwrap().norm, theirs.bound.unwrap().norm * reference];
            prop_assert!((bounds[0] / bounds[1] - 1.0).abs() < 1e-12, "{:?}", bounds);
        }
    }
}

/// Watts to picowatts rounds every number, and a long descent makes another local optimum of a last bit:
/// of ten draws three ended elsewhere. Shares of the power, rounded, are the same numbers in both.
#[test]
fn picowatts_give_the_cost_of_watts() {
    for seed in 0..10 {
        for method in METHODS {
            let run = |watt: f64| {
                let problem = problem(seed, watt, 8.0, Form::Norm, 1e-3);
                let from = start(&problem, seed);
                method
                    .run(&problem, from.as_ref(), &RunOptions::default())
                    .unwrap()
            };
            // Tenths of watts too: neither their roots nor their ratios are exact.
            let watts = run(1.0);
            for unit in [1e12, 0.1] {
                let theirs = run(unit);
                let apart = theirs.objective / watts.objective - 1.0;
                assert!(apart.abs() < 1e-6, "{method:?} {seed} {unit}: {apart:e}");
                assert!((theirs.violation - watts.violation).abs() < 1e-6);
                let bounds = [&theirs, &watts].map(|d| d.bound.as_ref().unwrap().norm);
                let apart = bounds[0] / bounds[1] - 1.0;
                assert!(apart.abs() < 1e-6, "{method:?} {seed} {unit}: {apart:e}");
            }
        }
    }
}
