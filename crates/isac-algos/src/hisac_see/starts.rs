//! The starts of a design and the best of their ends.

use super::problem::{Access, Design, Problem};
use super::relaxation::prove_infeasible;
use super::solution::{Solution, take};
use super::start::{RawStart, Working};
use crate::Error;
use isac_linalg::c64;
use isac_opt::conic;

/// Starts after which a proof is tried that there is no design.
const PROOF_AFTER: usize = 1;
/// Shares of the errors on the path along which they grow.
const GROWING: [f64; 4] = [0.1, 0.33, 0.67, 1.0];

/// The best of what is known and of `count` starts, at least one where nothing is known: the raw starts,
/// each with its number and the best so far by `from_raw`, and with the free split the designs of
/// schemes that it contains, by `ascend`. While nothing feasible is known, more starts are tried, and
/// then a path along which the error sets grow to their size, by `ascend` too.
///
/// # Errors
/// Those of the two, a failed decomposition.
pub(super) fn best_of_starts(
    problem: &Problem,
    working: &Working,
    mut best: Option<Solution>,
    count: usize,
    from_raw: impl Fn(usize, &Design, Option<&Solution>) -> Result<Solution, Error>,
    ascend: impl Fn(&Problem, &Working, &Design) -> Result<Solution, Error>,
) -> Result<Solution, Error> {
    let mut proved = false;
    for (i, start) in starts(problem.access).into_iter().enumerate() {
        let known = best.as_ref().is_some_and(|b| b.feasible);
        if i == PROOF_AFTER && !known {
            proved = no_design(problem);
        }
        if i >= count && known || proved {
            break;
        }
        let found = match start {
            Start::Raw(raw) => from_raw(i, &raw.design(problem, working)?, best.as_ref())?,
            Start::Contained(access) => {
                let inner = Problem {
                    access,
                    ..problem.clone()
                };
                let raw = RawStart::default().design(&inner, working)?;
                let design = ascend(&inner, working, &raw)?.design;
                ascend(problem, working, &lifted(problem, access, design))?
            }
        };
        take(&mut best, found);
    }
    let open = best.as_ref().filter(|b| !b.feasible && !proved);
    if let Some(mut at) = open.map(|b| b.design.clone()) {
        let (mut iterations, mut evaluations) = (0, 0);
        for share in GROWING {
            let eased = problem.with_errors_scaled(share)?;
            let mut found = ascend(&eased, &Working::new(&eased)?, &at)?;
            iterations += found.iterations;
            evaluations += found.evaluations;
            at.clone_from(&found.design);
            if share >= 1.0 {
                (found.iterations, found.evaluations) = (iterations, evaluations);
                take(&mut best, found);
            }
        }
    }
    best.ok_or_else(|| isac_linalg::Error::range("starts", 0.0, "at least 1").into())
}

/// Whether a proof says that no start leads to a design.
fn no_design(problem: &Problem) -> bool {
    prove_infeasible(problem, &conic::Options::default()).is_ok_and(|verdict| verdict.no_design())
}

/// A start of a design.
enum Start {
    Raw(RawStart),
    /// The design of a scheme that this one contains.
    Contained(Access),
}

/// The starts of a scheme in the order in which they are tried. With the free split any set of users
/// may go without a private stream, each set a local optimum: the fixed split leads to good ones.
fn starts(access: Access) -> Vec<Start> {
    let mut all: Vec<Start> = RawStart::variations().map(Start::Raw).into();
    if access == Access::RsmaFree {
        all.insert(1, Start::Contained(Access::RsmaFixed));
        all.push(Start::Contained(Access::Sdma));
    }
    all
}

/// A design of a scheme that the free split contains as one of the free split.
fn lifted(problem: &Problem, access: Access, mut design: Design) -> Design {
    if !access.has_common() {
        // Not quite silent: a stream of no power has no gradient.
        let silent = vec![c64::new(1e-3, 0.0); problem.cell.antennas2()];
        design.streams.splice(0..0, silent);
    }
    design
}
