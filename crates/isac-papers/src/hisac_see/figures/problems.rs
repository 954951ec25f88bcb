//! Problems that several artefacts pose, and their feasible points.

use crate::hisac_see::scenario::{Scenario, draw};
use isac_algos::hisac_see::{Access, Design, Problem, RawStart, UserTarget, Working, sca};
use isac_lab::error::{Error, Source};
use isac_models::csi_error::{UncertainChannel, gaussian_ball_factor, random_ellipsoid};
use isac_models::rng::{self, Stream};

/// The access scheme of a curve named by it, with or without a variant such as `sdma_multicast`.
fn access(curve: &str) -> Result<Access, Error> {
    let named = |a: &Access| {
        let rest = curve.strip_prefix(a.name());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
    };
    let found = Access::ALL.into_iter().find(named);
    found.ok_or_else(|| Error::unknown("access scheme", curve, Access::ALL.map(Access::name)))
}

/// The access schemes, a curve each.
pub(super) const SCHEMES: &[(&str, &str)] = &[
    ("rsma_free", "RSMA, free split"),
    ("rsma_fixed", "RSMA, fixed split"),
    ("sdma", "SDMA"),
    ("noma", "PD-NOMA"),
    ("oma", "OMA"),
];

/// The problem of a curve named by its access scheme.
pub(super) fn scheme_problem(
    curve: &str,
    setup: &Scenario,
    r: u64,
    seed: u64,
) -> Result<Problem, Source> {
    let mut p = draw(setup, seed, r)?;
    p.access = access(curve)?;
    if curve.ends_with("multicast") {
        p.user_target = UserTarget::Multicast;
    }
    Ok(p)
}

/// Array sides of Fig. 3(b), by index.
pub(super) const ARRAYS: [[(usize, usize); 2]; 6] = [
    [(2, 2), (2, 2)],
    [(4, 2), (4, 2)],
    [(6, 2), (6, 2)],
    [(8, 2), (6, 2)],
    [(8, 2), (8, 2)],
    [(8, 4), (8, 4)],
];

/// The problem of a draw with the errors of a model.
pub(super) fn error_model(
    setup: &Scenario,
    name: &str,
    seed: u64,
    r: u64,
) -> Result<Problem, Source> {
    let mut problem = draw(setup, seed, r)?;
    match name {
        "ball" => {}
        "gaussian" => {
            let factor = gaussian_ball_factor(problem.cell.antennas1(), 0.95)?;
            problem.cell = problem.cell.with_relative_error(setup.error * factor)?;
        }
        "ellipsoid" => {
            let mut rng = rng::stream(seed, Stream::CsiError, r);
            let mut shaped =
                |link: &UncertainChannel| -> Result<UncertainChannel, isac_models::Error> {
                    let radius = link.radius().unwrap_or(0.0);
                    let shape = random_ellipsoid(link.antennas(), radius, [0.2, 1.8], &mut rng)?;
                    UncertainChannel::ellipsoid("error", link.estimate.clone(), shape)
                };
            problem.cell.h_e = shaped(&problem.cell.h_e)?;
            problem.cell.g_e = shaped(&problem.cell.g_e)?;
            problem.cell.g_bo = shaped(&problem.cell.g_bo)?;
        }
        other => {
            return Err(
                Error::unknown("error model", other, ["ball", "gaussian", "ellipsoid"]).into(),
            );
        }
    }
    Ok(problem)
}

/// A feasible point from the raw start, by convex steps.
pub(super) fn feasible(problem: &Problem) -> Result<Option<Design>, Source> {
    let working = Working::new(problem)?;
    let raw = RawStart::default().design(problem, &working)?;
    let found = sca::phase_one(problem, &raw, &sca::Options::default())?;
    Ok(found.feasible.then_some(found.design))
}
