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

    /// Powers of four scale amplitudes by powers of two, so that not one bit of the design may change;
    /// the search for the bound, whose value is valid wherever it stops, ends within its tolerance.
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
        match (ours.bound, theirs.bound) {
            (Some(ours), Some(theirs)) => {
                prop_assert!((ours.value / theirs.value - 1.0).abs() < 1e-7);
            }
            (ours, theirs) => prop_assert!(ours.is_none() && theirs.is_none()),
        }
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

/// Watts to picowatts rounds every number, and rounding may decide between two local optima: on most
/// draws the descent ends at the same one, and the bound is the same on all.
#[test]
fn picowatts_give_the_cost_of_watts() {
    let mut same = 0;
    for seed in 0..10 {
        let run = |watt: f64| {
            let problem = problem(seed, watt, 8.0, Form::Norm, 1e-3);
            let from = start(&problem, seed);
            let found = Method::Augmented.run(&problem, from.as_ref(), &RunOptions::default());
            let bound = bound::search(&problem, &bound::Options::default());
            (found.unwrap(), bound.unwrap().unwrap())
        };
        let (watts, picowatts) = (run(1.0), run(1e12));
        let apart = (watts.0.objective / picowatts.0.objective - 1.0).abs();
        same += usize::from(apart < 1e-4);
        let bounds = watts.1.norm / picowatts.1.norm;
        assert!((bounds - 1.0).abs() < 1e-6, "seed {seed}: {bounds}");
        // Whichever optimum it is, it is a design, and the bound holds for it.
        assert!(picowatts.0.violation <= 1e-5 && picowatts.0.objective >= watts.1.value);
    }
    assert!(same > 5, "{same} of 10");
}
