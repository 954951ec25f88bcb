//! The set of beamformers with the same power on each antenna.

use super::SumRateCrlb;
use crate::Error;
use isac_opt::manifold::Oblique;

/// The set of equal power on each antenna.
pub(super) fn set(problem: &SumRateCrlb) -> Result<Oblique, Error> {
    let antennas = problem.antennas();
    Ok(Oblique::rows(vec![
        problem.power() / antennas as f64;
        antennas
    ])?)
}
