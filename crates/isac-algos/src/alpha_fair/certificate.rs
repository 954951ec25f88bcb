//! What is proved of a returned beamformer, whatever algorithm found it.

use super::{Design, FEASIBLE, Problem, bound, feasibility};
use crate::Error;
use isac_opt::augmented::Feasibility;

/// Adds to a design what can be proved of it: where it misses the rates, that no beamformer meets
/// them; otherwise a lower bound of the cost of a set of beamformers to which it belongs.
///
/// The set is that of all beamformers of the problem's power that give every user k the rate
/// `min(rmin_k - FEASIBLE, r_k)` of the design or more ([`bound::LowerBound::min_rates`]). For a design that
/// meets the rates it contains everything that counts as meeting them, also baselines from smaller sets;
/// for one that misses them, everything that does as well.
///
/// # Errors
/// A numerical breakdown.
pub fn certify(
    problem: &Problem,
    design: &mut Design,
    options: &bound::Options,
) -> Result<(), Error> {
    if design.violation > FEASIBLE {
        design.infeasible = feasibility::prove_infeasible(problem)?;
        if design.infeasible.is_some() {
            design.feasibility = Feasibility::Infeasible;
            design.bound = None;
            return Ok(());
        }
    }
    let pairs = problem.min_rates().iter().zip(&design.rates);
    let rates = pairs
        .map(|(least, rate)| (least - FEASIBLE).min(*rate).max(0.0))
        .collect();
    design.bound = bound::search(&problem.clone().with_min_rates(rates)?, options)?;
    Ok(())
}
