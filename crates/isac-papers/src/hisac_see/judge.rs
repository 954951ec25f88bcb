//! `isac judge` for `hisac-see/1`.

use super::read;
use super::solve::measured;
use isac_algos::hisac_see::{Working, evaluate};
use isac_lab::document::Node;
use isac_lab::error::Error;
use isac_lab::judge::Judged;
use isac_lab::solve::{SolveReport, SolveRequest, SolveStatus};
use isac_metrics::secrecy::Bound;

/// Judges beams `w_bo`, `w_ta` of BS1 and the streams `O` of BS2, antennas x streams.
pub(super) fn judge(
    root: &Node<'_>,
    request: &SolveRequest,
    beams: &Node<'_>,
) -> Result<Judged, Error> {
    if let Some(case) = request.case.filter(|&case| case > 0) {
        return Err(Error::Usage(format!(
            "--case {case}: a hisac-see/1 document holds one case, number 0"
        )));
    }
    let (problem, _) = read::posed(root, &SolveRequest::default())?;
    let design = read::beams(beams, &problem)?;
    let working = Working::new(&problem).map_err(|e| root.refused(e))?;
    let found = evaluate(&problem, &working.network, &design, Bound::Exact);
    let found = found.map_err(|e| beams.refused(e))?;
    let mut report = SolveReport::new("hisac-see/1", "given", SolveStatus::Unknown);
    measured(&problem, &found, &mut report);
    let constraints = found.violations.iter();
    Ok(Judged {
        report,
        constraints: constraints.map(|v| (v.name.clone(), v.value)).collect(),
        tolerance: 1e-5,
        rule: "powers, SINRs and SCNR relative to their bounds, rates in bit/s/Hz, worst case over the errors",
        maximise: true,
    })
}
