//! `isac sdp`: one semidefinite program in SDPA sparse format.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use isac_conic::sdpa::{self, Problem};
use isac_conic::sdpa_answer::{Answer, answer};
use isac_conic::{Form, Options, Outcome};
use serde::Serialize;

use isac_lab::clock::timed;
use isac_lab::error::Error;

mod stress;

pub(crate) use stress::stress;

/// What a solve of `(P) min c'x, sum x_i F_i - F_0 = X >= 0` and its dual `(D)` gave.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SdpReport {
    /// The file.
    pub file: String,
    /// `solved`, `inaccurate`, `infeasible` ((P) has no point), `no_point_below` (none of a norm below
    /// `radius`), `unbounded` ((D) has no point), `no_multipliers_below` ((D) has none of a norm below
    /// `radius`), `ill_posed` (the values of (P) and (D) differ) or `unknown`.
    pub status: &'static str,
    /// Optimal value of (P); `null` without a point.
    pub value: Option<f64>,
    /// Value of (D).
    pub dual_value: Option<f64>,
    /// A lower bound that holds whatever the errors are, where one can be proved.
    pub bound: Option<f64>,
    /// The six DIMACS errors, recomputed from the file's own data.
    pub dimacs: Option<[f64; 6]>,
    /// How far the printed certificate itself is from a proof; a verdict of infeasibility holds for
    /// exact numbers beside it.
    pub certificate_error: Option<f64>,
    /// No point ((P) with `no_point_below`, (D) with `no_multipliers_below`) has a norm below this.
    pub radius: Option<f64>,
    /// Why there is no answer.
    pub why: Option<String>,
    /// Iterations of the interior-point method.
    pub iterations: Option<usize>,
    /// Wall time of the solve alone.
    pub seconds: f64,
    /// What the program ends with.
    #[serde(skip)]
    pub exit_code: u8,
}

/// 0 with a point, 3 where (P) or (D) is proved to have no point at all, 4 for no answer: a norm below
/// which there is none, values of (P) and (D) that differ, unknown.
fn exit_code(outcome: &Outcome) -> u8 {
    match outcome {
        Outcome::Solved(_) | Outcome::Inaccurate(_) => 0,
        Outcome::Infeasible(_) | Outcome::Unbounded(_) => 3,
        Outcome::NoPointBelow(_)
        | Outcome::NoMultipliersBelow(_)
        | Outcome::IllPosed(_)
        | Outcome::Unknown(_) => 4,
    }
}

/// Reads a problem in SDPA sparse format.
///
/// # Errors
/// [`Error::Malformed`] with the line.
pub fn read(file: &str, reader: impl BufRead) -> Result<Problem, Error> {
    sdpa::read(reader).map_err(|error| match error {
        isac_conic::Error::Sdpa(error) => Error::Malformed {
            file: file.into(),
            line: error.line,
            message: format!(
                "{}: expected {}, got `{}`",
                error.what, error.expected, error.got
            ),
        },
        other => Error::invalid(file, other),
    })
}

/// Reads and solves a file.
///
/// # Errors
/// [`Error::Unreadable`]; [`Error::Malformed`] with the line; breakdowns of the arithmetic.
pub fn solve(path: &Path, options: &Options) -> Result<(SdpReport, Option<Answer>), Error> {
    let file = File::open(path).map_err(|source| Error::Unreadable {
        file: path.into(),
        source,
    })?;
    let name = path.display().to_string();
    let problem = read(&name, BufReader::new(file))?;
    let (program, _) = problem.program();
    let form = match options.form {
        Form::Auto => Form::Dual,
        form => form,
    };
    let options = Options {
        form,
        ..options.clone()
    };
    let (outcome, seconds) = timed(|| program.solve(&options));
    let outcome = outcome?;
    let mut report = SdpReport {
        file: name,
        status: outcome.name(),
        value: None,
        dual_value: None,
        bound: None,
        dimacs: None,
        certificate_error: None,
        radius: None,
        why: None,
        iterations: None,
        seconds,
        exit_code: exit_code(&outcome),
    };
    match &outcome {
        Outcome::Solved(solution) | Outcome::Inaccurate(solution) => {
            report.value = Some(solution.objective);
            report.dual_value = Some(solution.dual_objective);
            report.bound = solution.bound;
            report.dimacs = Some(sdpa::dimacs_errors(solution));
            report.iterations = Some(solution.iterations);
        }
        Outcome::Infeasible(farkas) | Outcome::NoPointBelow(farkas) => {
            report.certificate_error = Some(farkas.error);
            report.radius = Some(farkas.radius).filter(|radius| radius.is_finite());
            report.iterations = Some(farkas.iterations);
        }
        Outcome::Unbounded(ray) | Outcome::NoMultipliersBelow(ray) => {
            report.certificate_error = Some(ray.error);
            report.radius = Some(ray.radius).filter(|radius| radius.is_finite());
            report.iterations = Some(ray.iterations);
        }
        Outcome::IllPosed(found) => {
            report.value = found.value;
            report.dual_value = found.dual_value;
            let support = found.support.as_ref().or(found.dual_support.as_ref());
            report.dimacs = support.map(|solution| sdpa::dimacs_errors(solution));
            report.iterations = support.map(|solution| solution.iterations);
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
    Ok((report, answer(&problem, &program, &outcome)))
}
