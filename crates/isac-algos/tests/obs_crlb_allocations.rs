//! An iteration in reduced coordinates allocates nothing and costs the same for every array size:
//! runs that differ only in their number of iterations allocate equally often.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/obs_crlb.rs"]
mod support;

use isac_algos::obs_crlb::sca::{self, Coordinates, Options, Stop};
use isac_algos::obs_crlb::{Reduction, Shift, SumRateCrlb, start};
use isac_linalg::{Mat, c64};
use support::{Setup, instance};

fn allocations(problem: &SumRateCrlb, w: &Mat<c64>, shift: Shift, iterations: usize) -> u64 {
    let options = Options {
        shift,
        safeguard: false,
        // The released test with an eigenvalue in each iteration that its bounds do not settle.
        stop: Stop::Step(1e-12),
        max_iterations: iterations,
        coordinates: Coordinates::Reduced,
        ..Options::default()
    };
    let count = allocation_counter::measure(|| {
        sca::solve(problem, w.as_ref(), &options).unwrap();
    });
    count.count_total
}

#[test]
fn iterations_allocate_nothing() {
    for vertical in [4, 16] {
        let problem = instance(
            Setup {
                vertical,
                ..Setup::default()
            },
            1,
        );
        let w = start::regularised_zf(&problem, 6, 0.9).unwrap();
        for shift in [Shift::Comm, Shift::Dominant] {
            // Scratch of the matrix kernels is taken once per thread.
            allocations(&problem, &w, shift, 10);
            let few = allocations(&problem, &w, shift, 10);
            let many = allocations(&problem, &w, shift, 40);
            assert_eq!(few, many, "Nt = {}, {shift:?}", problem.antennas());
        }
    }
}

#[test]
fn the_dimension_does_not_depend_on_the_arrays() {
    let dimension = |vertical| {
        let problem = instance(
            Setup {
                vertical,
                ..Setup::default()
            },
            1,
        );
        Reduction::new(&problem).unwrap().problem().antennas()
    };
    assert_eq!(dimension(4), 3 + 3 * 2);
    assert_eq!(dimension(4), dimension(32));
}
