//! `isac sdp`: one semidefinite program in SDPA sparse format.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use isac_opt::conic::sdpa;
use isac_opt::conic::{Options, Outcome};
use serde::Serialize;

use crate::clock::timed;
use crate::error::Error;

/// What a solve of `(P) min c'x, sum x_i F_i - F_0 = X >= 0` and its dual `(D)` gave.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SdpReport {
    /// The file.
    pub file: String,
    /// `solved`, `inaccurate`, `infeasible` ((P) has no point), `unbounded` ((D) has none) or
    /// `unknown`.
    pub status: &'static str,
    /// Optimal value of (P); `null` without a point.
    pub value: Option<f64>,
    /// Value of (D).
    pub dual_value: Option<f64>,
    /// A lower bound that holds whatever the errors are, where one can be proved.
    pub bound: Option<f64>,
    /// The six DIMACS errors, recomputed from the file's own data.
    pub dimacs: Option<[f64; 6]>,
    /// Error of the certificate of infeasibility: none of the excluded problem's points has a norm
    /// below its reciprocal.
    pub certificate_error: Option<f64>,
    /// Why there is no answer.
    pub why: Option<String>,
    /// Iterations of the interior-point method.
    pub iterations: Option<usize>,
    /// Wall time of the solve alone.
    pub seconds: f64,
}

impl SdpReport {
    /// 0 with a point, 3 for a certified infeasibility of either side, 4 for no answer.
    pub fn exit_code(&self) -> u8 {
        match self.status {
            "solved" | "inaccurate" => 0,
            "infeasible" | "unbounded" => 3,
            _ => 4,
        }
    }
}

/// Reads and solves a file.
///
/// # Errors
/// [`Error::Unreadable`]; [`Error::Malformed`] with the line; breakdowns of the arithmetic.
pub fn solve(path: &Path, options: &Options) -> Result<SdpReport, Error> {
    let file = File::open(path).map_err(|source| Error::Unreadable {
        file: path.into(),
        source,
    })?;
    let name = path.display().to_string();
    let problem = sdpa::read(BufReader::new(file)).map_err(|error| match error {
        isac_opt::Error::Sdpa(error) => Error::Malformed {
            file: name.clone(),
            line: error.line,
            message: format!(
                "{}: expected {}, got `{}`",
                error.what, error.expected, error.got
            ),
        },
        other => Error::invalid(name.clone(), other),
    })?;
    let (outcome, seconds) = timed(|| problem.solve(options));
    let outcome = outcome?;
    let mut report = SdpReport {
        file: name,
        status: outcome.name(),
        value: None,
        dual_value: None,
        bound: None,
        dimacs: None,
        certificate_error: None,
        why: None,
        iterations: None,
        seconds,
    };
    match &outcome {
        Outcome::Solved(solution) | Outcome::Inaccurate(solution) => {
            report.value = Some(solution.objective);
            report.dual_value = Some(solution.dual_objective);
            report.bound = solution.bound;
            report.dimacs = Some(sdpa::dimacs_errors(solution));
            report.iterations = Some(solution.iterations);
        }
        Outcome::Infeasible(farkas) => {
            report.certificate_error = Some(farkas.error);
            report.iterations = Some(farkas.iterations);
        }
        Outcome::Unbounded(ray) => {
            report.certificate_error = Some(ray.error);
            report.iterations = Some(ray.iterations);
        }
        Outcome::Unknown(unknown) => {
            report.why = serde_json::to_value(unknown.why)
                .ok()
                .and_then(|value| value.as_str().map(str::to_string));
            if let Some(last) = &unknown.last {
                report.dimacs = Some(sdpa::dimacs_errors(last));
                report.iterations = Some(last.iterations);
            }
        }
    }
    Ok(report)
}
