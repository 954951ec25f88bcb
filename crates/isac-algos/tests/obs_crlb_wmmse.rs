//! WMMSE-SDR: both variants, and ascent of the corrected one.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/conic_outcomes.rs"]
mod conic_outcomes;
#[path = "support/obs_crlb.rs"]
mod support;

use isac_algos::obs_crlb::wmmse_sdr::{self, Options, Variant};
use isac_algos::obs_crlb::{accelerated, bound, start};
use support::{Setup, instance};

#[test]
fn the_corrected_variant_ascends_to_the_level_of_the_other_methods() {
    let problem = instance(
        Setup {
            users: 2,
            ..Setup::default()
        },
        8,
    );
    let w = start::regularised_zf(&problem, 6, 0.9).unwrap();
    let run = wmmse_sdr::solve(&problem, w.as_ref(), &Options::default()).unwrap();
    let mut last = run.start.objective;
    for row in &run.trace {
        assert!(row.objective >= last, "{last} to {}", row.objective);
        last = row.objective;
    }
    let fast = accelerated::solve(&problem, w.as_ref(), &Default::default()).unwrap();
    let bound = bound::certify(&problem, &Default::default()).unwrap();
    assert!(run.merit.objective > run.start.objective);
    assert!(
        run.merit.objective >= fast.merit.objective - 0.05,
        "{:?} {:?}",
        run.merit,
        fast.merit
    );
    assert!(run.merit.objective <= bound.value + 1e-6);
    assert!(run.violation < 1e-12);
}

#[test]
fn the_released_variant_runs_and_truncates() {
    let problem = instance(
        Setup {
            users: 2,
            ..Setup::default()
        },
        8,
    );
    let w = start::regularised_zf(&problem, 6, 0.9).unwrap();
    let options = Options {
        variant: Variant::Released,
        max_iterations: 4,
        ..Options::default()
    };
    let run = wmmse_sdr::solve(&problem, w.as_ref(), &options).unwrap();
    assert!(run.merit.objective > run.start.objective && run.violation < 1e-12);
    let all = run.beamformer.ncols() - 2;
    let whole = wmmse_sdr::truncate(&problem, &run, all).unwrap();
    assert!((whole.merit.objective - run.merit.objective).abs() < 1e-9);
    let few = wmmse_sdr::truncate(&problem, &run, 2).unwrap();
    assert_eq!(few.beamformer.ncols(), 4);
    assert!(few.violation < 1e-12);
    // The two strongest sensing streams, all scaled alike.
    let norms = |w: &isac_linalg::Mat<isac_linalg::c64>| -> Vec<f64> {
        let column = |j| isac_linalg::ops::norm(w.subcols(j, 1));
        (0..w.ncols()).map(column).collect()
    };
    let (before, after) = (norms(&run.beamformer), norms(&few.beamformer));
    let mut sensing = before[2..].to_vec();
    sensing.sort_by(|a, b| b.total_cmp(a));
    let expected = [before[0], before[1], sensing[0], sensing[1]];
    let scale = after[0] / before[0];
    for (got, kept) in after.iter().zip(expected) {
        assert!((got - scale * kept).abs() < 1e-12, "{got} {kept}");
    }
}

#[test]
fn every_program_is_solved_to_eight_digits() {
    conic_outcomes::all_are_solved_to_eight_digits(12, || {
        for (users, targets, seed) in [(1, 2, 1), (2, 1, 2), (3, 2, 3)] {
            let setup = Setup {
                users,
                targets,
                ..Setup::default()
            };
            let problem = instance(setup, seed);
            let w = start::regularised_zf(&problem, 3 * targets, 0.9).unwrap();
            for variant in [Variant::Corrected, Variant::Released] {
                let options = Options {
                    variant,
                    max_iterations: 3,
                    ..Options::default()
                };
                wmmse_sdr::solve(&problem, w.as_ref(), &options).unwrap();
            }
        }
    });
}
