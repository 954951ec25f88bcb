//! `isac judge` for `obs-crlb/1`.

use isac_lab::document::Node;
use isac_lab::error::Error;
use isac_lab::judge::Judged;
use isac_lab::solve::{SolveReport, SolveRequest, SolveStatus};

use super::input::{Instance, beamformer};
use super::solve::{classify, measured};

/// Judges the beams `W`, antennas x streams, the users' streams first.
pub(super) fn judge(
    root: &Node<'_>,
    request: &SolveRequest,
    beams: &Node<'_>,
) -> Result<Judged, Error> {
    if let Some(case) = request.case.filter(|case| *case > 0) {
        return Err(Error::Usage(format!(
            "--case {case}: the document holds a single problem, expected 0"
        )));
    }
    let instance = Instance::read(root, None)?;
    let problem = &instance.problem;
    let node = beams.get("W")?;
    if let [rows, columns] = node.array_c64()?.shape[..]
        && (rows != problem.antennas() || columns < problem.users().max(1))
    {
        let (antennas, least) = (problem.antennas(), problem.users().max(1));
        return Err(node.wrong(format!(
            "antennas x streams, {antennas} x ({least} or more) complex entries, not {rows} x {columns}"
        )));
    }
    let w = beamformer(&node, problem)?;
    let merit = problem.merit(w.as_ref()).map_err(|e| classify(root, e))?;
    let mut report = SolveReport::new("obs-crlb/1", "given", SolveStatus::Unknown);
    measured(root, problem, merit, w.as_ref(), &mut report)?;
    let power = isac_linalg::ops::norm2(w.as_ref());
    Ok(Judged {
        report,
        constraints: vec![("power budget".into(), power / problem.power() - 1.0)],
        tolerance: 1e-6,
        rule: "excess over the budget, relative to it",
        maximise: true,
    })
}
