//! `isac solve` for `__schema__/1`.

use isac_algos::__paper__::matched_filter;
use isac_lab::document::{Node, json_of_matrix};
use isac_lab::error::Error;
use isac_lab::solve::{SolveCertificate, SolveReport, SolveRequest, SolveStatus, relative_gap};

use super::scenario;

/// The algorithms, the default first.
const ALGORITHMS: [&str; 1] = ["matched_filter"];

/// Reads a document and computes nothing.
pub(super) fn read(root: &Node<'_>) -> Result<(), Error> {
    scenario::of_document(root).map(drop)
}

/// Solves the scenario of a document.
pub(super) fn solve(root: &Node<'_>, request: &SolveRequest) -> Result<SolveReport, Error> {
    if let Some(name) = &request.algorithm
        && !ALGORITHMS.contains(&name.as_str())
    {
        return Err(Error::unknown("algorithm", name, ALGORITHMS));
    }
    let posed = scenario::of_document(root)?;
    let seed = posed.seed(request)?;
    let problem = posed.scenario.problem(seed, posed.drop);
    let problem = problem.map_err(|e| isac_lab::scenario::refused(root, e))?;
    let solution = matched_filter::solve(&problem);
    let mut report = SolveReport::new("__schema__/1", ALGORITHMS[0], SolveStatus::Solved);
    report.stop_reason = "closed form".into();
    report.objective = Some(solution.snr);
    report.max_violation = Some(problem.violation(solution.beam.as_ref()));
    let beam = json_of_matrix(solution.beam.as_ref());
    report.beamformers.insert("w".into(), beam);
    let bound = problem.bound();
    report.certificate = Some(SolveCertificate {
        kind: "upper_bound".into(),
        bound,
        relative_gap: relative_gap(bound, solution.snr),
    });
    report.seed = seed;
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::*;
    use isac_lab::document::Document;

    #[test]
    fn the_template_is_the_default_and_solves() {
        let of = |text: &str| {
            let document = Document::from_toml("x.toml", text).unwrap();
            solve(&document.root(), &SolveRequest::default()).unwrap()
        };
        let report = of(super::super::TEMPLATE);
        let short = of("schema = \"__schema__/1\"\n");
        assert_eq!(report.objective, short.objective);
        let certificate = report.certificate.unwrap();
        assert!(certificate.relative_gap.unwrap() < 1e-12);
    }
}
