//! The semidefinite baseline.

use crate::conic_outcomes;
use crate::instance::{Instance, mrt};
use isac_algos::alpha_fair::{design, sdr};
use isac_metrics::delay_doppler::{Gain, SensingOptions};
use isac_metrics::fairness::Form;
use isac_metrics::ofdm_rate::Interference;

#[test]
fn the_semidefinite_baseline_agrees_with_the_descent_on_a_small_scene() {
    let tiny = Instance {
        n: 3,
        antennas: 3,
        targets: 2,
        users: 1,
        seed: 3,
    };
    let problem = tiny.default_problem();
    let start = mrt(&problem, 1);
    let rounded = sdr::solve(&problem, start.as_ref(), &sdr::Options::default()).unwrap();
    let ours = design::solve(&problem, start.as_ref(), &design::Options::default()).unwrap();
    let bound = ours.bound.as_ref().unwrap();
    assert!(
        rounded.design.violation < 1e-3,
        "{}",
        rounded.design.violation
    );
    assert!(rounded.relaxed_sum_crlb >= bound.norm * problem.fairness().reference() * (1.0 - 1e-6));
    // A local method from the same start: the descent is not beaten by more than a few per cent.
    let ratio = rounded.design.sum_crlb() / ours.sum_crlb();
    assert!((0.95..1.3).contains(&ratio), "{ratio}");
    assert!(rounded.rank_excess < 1e-3, "{}", rounded.rank_excess);
    let unknown = SensingOptions {
        gain: Gain::Unknown,
        ..SensingOptions::default()
    };
    let other = problem.with_sensing(unknown).unwrap();
    assert!(sdr::solve(&other, start.as_ref(), &sdr::Options::default()).is_err());
}

#[test]
fn every_program_of_the_semidefinite_baseline_is_solved_to_eight_digits() {
    conic_outcomes::all_are_solved_to_eight_digits(8, || {
        for (n, antennas, targets, users, alpha) in [
            (3, 3, 2, 1, 0.0),
            (4, 4, 3, 2, 0.0),
            (3, 4, 2, 2, f64::INFINITY),
        ] {
            let seed = 3 + n as u64;
            let size = Instance {
                n,
                antennas,
                targets,
                users,
                seed,
            };
            let sensing = SensingOptions::default();
            let problem = size.problem(sensing, false, Interference::All, alpha, Form::Norm);
            let start = mrt(&problem, 1);
            let options = sdr::Options {
                rounds: 3,
                ..sdr::Options::default()
            };
            sdr::solve(&problem, start.as_ref(), &options).unwrap();
        }
    });
}
