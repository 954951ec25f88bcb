//! `isac judge` for `alpha-fair/1`.

use isac_algos::alpha_fair::{Design, FEASIBLE, Method};
use isac_lab::document::Node;
use isac_lab::error::Error;
use isac_lab::judge::Judged;
use isac_lab::solve::SolveRequest;
use isac_linalg::ops;

use super::posed::posed;
use super::solve::report;

/// Judges the beams `W`, antennas x columns, of each subcarrier first the sensing stream, then one per
/// user.
pub(super) fn judge(
    root: &Node<'_>,
    request: &SolveRequest,
    beams: &Node<'_>,
) -> Result<Judged, Error> {
    let (posed, seed) = posed(root, request)?;
    let problem = &posed.problem;
    let node = beams.get("W")?;
    let w = node.matrix_c64_of(problem.antennas(), problem.streams().columns())?;
    let power = ops::norm2(w.as_ref()) / problem.power_w() - 1.0;
    let design = Design::measure(problem, w).map_err(|e| node.refused(e))?;
    let rates = problem.min_rates().iter().zip(&design.rates);
    let mut constraints: Vec<(String, f64)> = rates
        .enumerate()
        .map(|(k, (least, rate))| (format!("rate of user {k}"), least - rate))
        .collect();
    constraints.push(("power budget".into(), power));
    let mut report = report(Method::ALL[0], seed, problem, design, &posed);
    report.beamformers.clear();
    Ok(Judged {
        report,
        constraints,
        tolerance: FEASIBLE,
        rule: "rates in bit/s/Hz below the least, power relative to the budget",
        maximise: false,
    })
}
