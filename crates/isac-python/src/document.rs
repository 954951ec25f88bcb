//! Documents solved and proofs checked, as the verbs `solve` and `verify` of the program do.

use std::path::PathBuf;
use std::sync::Arc;

use isac_lab::Error;
use isac_lab::document::Document;
use isac_lab::paper::{Paper, by_schema, of_document, open};
use isac_lab::proof::SCHEMA;
use isac_lab::solve::{Certify, SolveReport, SolveRequest, SolveStatus};
use pyo3::prelude::*;

use crate::errors;
use crate::work::{apart, limit, within};

/// What there is to prove, by the names of the program.
const CERTIFY: [(&str, Certify); 3] = [
    ("none", Certify::None),
    ("local", Certify::Local),
    ("global", Certify::Global),
];

/// Solves a document: the JSON text of one, or a file. Returns the report and, where one was found, the
/// proof of its global bound, both as JSON text.
#[pyfunction]
#[pyo3(signature = (text, path, case, algorithm, seed, certify, time_limit))]
pub(crate) fn solve_document(
    py: Python<'_>,
    text: Option<String>,
    path: Option<PathBuf>,
    case: Option<usize>,
    algorithm: Option<String>,
    seed: Option<u64>,
    certify: &str,
    time_limit: Option<f64>,
) -> PyResult<(String, Option<String>)> {
    let Some((_, certify)) = CERTIFY.into_iter().find(|(name, _)| *name == certify) else {
        return Err(errors::input(
            py,
            "certify",
            certify,
            "none, local or global",
        ));
    };
    let limit = limit(py, time_limit)?;
    let request = SolveRequest {
        case,
        algorithm,
        seed,
        certify,
        stop: Arc::default(),
    };
    let papers = isac::papers::all();
    let read = || -> Result<(Document, Paper), Error> {
        let (document, paper) = match (text, path) {
            (Some(text), _) => {
                let document = Document::from_json("document", &text)?;
                let paper = of_document(&papers, &document)?;
                (document, paper)
            }
            (None, path) => {
                let (document, paper, _) = open(&papers, &path.unwrap_or_default())?;
                (document, paper)
            }
        };
        Ok((document, paper.clone()))
    };
    let failed = |error| errors::of_lab(py, error);
    let (document, paper) = read().map_err(failed)?;
    let schema = paper.schema;
    let Some(solver) = paper.solve else {
        return Err(errors::input(
            py,
            "schema",
            schema,
            "a problem that is solved",
        ));
    };
    if certify == Certify::Global && paper.verify.is_none() {
        let expected = format!("none or local: no global bound is known for {schema}");
        return Err(errors::input(py, "certify", "global", &expected));
    }
    let named = request.algorithm.clone();
    let stop = Arc::clone(&request.stop);
    let work = move || solver(&document.root(), &request);
    let mut report = match within(py, limit, &stop, work)? {
        Some(report) => report.map_err(failed)?,
        None => {
            let named = named.as_deref().unwrap_or("default");
            let mut report = SolveReport::new(schema, named, SolveStatus::Unknown);
            report.seed = seed.unwrap_or(report.seed);
            let seconds = limit.unwrap_or_default().as_secs_f64();
            report.stop_reason = format!("time limit of {seconds} s, no point is kept");
            report
        }
    };
    // A proof that there is no point is no certificate of one.
    if certify == Certify::None && report.status != SolveStatus::Infeasible {
        report.certificate = None;
    }
    let json = serde_json::to_string(&report);
    let json = json.map_err(|error| failed(Error::numerical("the report", error)))?;
    Ok((json, report.proof.map(|proof| proof.to_string())))
}

/// Checks the proof in a file by code that shares nothing with the search. Returns the verdict as JSON text.
#[pyfunction]
pub(crate) fn verify_proof(py: Python<'_>, path: PathBuf) -> PyResult<String> {
    let work = move || -> Result<String, Error> {
        let document = Document::read(&path)?;
        if document.schema()? != SCHEMA {
            let wanted = format!("\"{SCHEMA}\", as `isac.solve` writes it to `proof`");
            return Err(document.root().get("schema")?.wrong(wanted));
        }
        let schema = document.root().get("problem")?.get("schema")?;
        let papers = isac::papers::all();
        let paper = by_schema(&papers, schema.text()?)
            .map_err(|error| Error::invalid(format!("{}: problem.schema", document.file), error))?;
        let check = paper
            .verify
            .ok_or_else(|| schema.wrong("the schema of problems whose proofs are known"))?;
        let verdict = check(&document.root())?;
        serde_json::to_string(&verdict).map_err(|error| Error::numerical("the verdict", error))
    };
    apart(py, work)?.map_err(|error| errors::of_lab(py, error))
}
