//! `isac judge`: beams of the user's own under the problem of a document.

use std::path::Path;

use serde_json::{Map, Value};

use crate::document::{Document, Node};
use crate::error::Error;
use crate::files;
use crate::solve::{SolveReport, SolveRequest};

/// Judges beams under the problem of a document, or of one of its cases; the last argument holds the
/// beams by name as `{re, im}`. Of the request the case counts, and the algorithm where it says what is asked.
pub type JudgeFn = fn(&Node<'_>, &SolveRequest, &Node<'_>) -> Result<Judged, Error>;

/// What beams do.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// Objective, metrics and warnings at the beams; status and certificate say nothing.
    pub report: SolveReport,
    /// Violation of each constraint by the original formulas, in the unit that `rule` says; what is
    /// negative is slack.
    pub constraints: Vec<(String, f64)>,
    /// Largest violation that counts as met.
    pub tolerance: f64,
    /// What the violations are relative to.
    pub rule: &'static str,
    /// Whether a larger objective is better.
    pub maximise: bool,
}

impl Judged {
    /// The largest violation, 0 where all constraints are met and infinite where one is no number.
    pub fn max_violation(&self) -> f64 {
        let values = self.constraints.iter().map(|(_, value)| *value);
        values.fold(0.0, |top, value| {
            if value.is_nan() {
                f64::INFINITY
            } else {
                top.max(value)
            }
        })
    }

    /// Whether every constraint is met.
    pub fn feasible(&self) -> bool {
        self.max_violation() <= self.tolerance
    }
}

/// Beams by name: `.json` as `{"W": {"re": ..., "im": ...}}` or as `isac solve --json` prints, `.npz`
/// and `.mat` by the names of their variables.
///
/// # Errors
/// An unreadable or damaged file, numbers that are not finite.
pub fn read_beams(path: &Path) -> Result<Document, Error> {
    if path
        .extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("json"))
    {
        let mut document = Document::read(path)?;
        if let Some(beams) = document.value.get_mut("beamformers") {
            document.value = beams.take();
        }
        document.root().object()?;
        return Ok(document);
    }
    let contents = files::open(path)?;
    let mut beams = Map::new();
    for (name, value) in &contents.variables {
        let Some(array) = value.numeric() else {
            continue;
        };
        let mut numbers = array.re.iter().chain(array.im.iter().flatten());
        if let Some(number) = numbers.find(|x| !x.is_finite()) {
            return Err(Error::Field {
                file: contents.file.clone(),
                path: name.clone(),
                value: number.to_string(),
                expected: "finite numbers".into(),
            });
        }
        beams.insert(name.clone(), array.json());
    }
    Ok(Document {
        file: contents.file,
        value: Value::Object(beams),
    })
}
