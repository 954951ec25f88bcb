//! What a sweep keeps of a solution: numbers by their names, and why it stopped.

use serde_json::Value;

use crate::solve::{SolveReport, SolveStatus};

/// The name of a status as `solve --json` prints it.
pub(super) fn status_name(status: SolveStatus) -> String {
    let name = serde_json::to_value(status).unwrap_or_default();
    name.as_str().unwrap_or("unknown").into()
}

/// The stop reason where it is one of a few; the status where it has numbers of its own.
pub(super) fn reason(report: &SolveReport) -> String {
    let few = report.stop_reason.len() <= 40
        && !report.stop_reason.contains(|c: char| c.is_ascii_digit());
    if few {
        report.stop_reason.clone()
    } else {
        status_name(report.status)
    }
}

/// A number of a solution by its name.
pub(super) fn value(report: &SolveReport, name: &str) -> Option<f64> {
    let certificate = report.certificate.as_ref();
    match name {
        "objective" => report.objective,
        "bound" => certificate.map(|c| c.bound).or(Some(f64::NAN)),
        "relative_gap" => certificate.and_then(|c| c.relative_gap).or(Some(f64::NAN)),
        "max_violation" => report.max_violation.or(Some(f64::NAN)),
        "iterations" => Some(report.iterations as f64),
        "seed" => Some(report.seed as f64),
        other => {
            let (key, at) = match other.strip_suffix(']').and_then(|o| o.split_once('[')) {
                Some((key, at)) => (key, Some(at.parse::<usize>().ok()?)),
                None => (other, None),
            };
            let value = report.metrics.get(key)?;
            let value = at.map_or(Some(value), |at| value.get(at))?;
            match value {
                Value::Null => Some(f64::NAN),
                other => other.as_f64(),
            }
        }
    }
}

/// Every name that [`value`] knows for a solution.
pub(super) fn offered(report: &SolveReport) -> Vec<String> {
    let mut names: Vec<String> = ["objective", "bound", "relative_gap", "max_violation"]
        .map(String::from)
        .into();
    names.extend(["iterations", "seed"].map(String::from));
    for (key, value) in &report.metrics {
        match value.as_array() {
            None if value.is_number() => names.push(key.clone()),
            None => {}
            Some(list) => names.extend((0..list.len()).map(|i| format!("{key}[{i}]"))),
        }
    }
    names
}
