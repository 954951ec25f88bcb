//! `isac sdp`: one semidefinite program, in SDPA sparse format, in the Conic Benchmark Format or as JSON.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use isac_conic::sdpa;
use isac_conic::{Form, Options, Outcome, Program, Solution};
use serde::Serialize;
use serde_json::Value;

use isac_lab::clock::timed;
use isac_lab::error::Error;

mod answer;
mod input;
mod json;
mod stress;

pub use input::{Posed, open, read};
pub use json::Named;
pub(crate) use stress::stress;

/// What a solve gave: of `(P) min c'x, sum x_i F_i - F_0 = X >= 0` and its dual `(D)` for a file in SDPA
/// format, else of the program as written, (P), and its dual.
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
    /// What Clarabel says of the same program, where it was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub second_opinion: Option<SecondOpinion>,
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

/// The same program by another solver, judged by the same separate code.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SecondOpinion {
    /// Its name.
    pub solver: &'static str,
    /// Its verdict, as [`SdpReport::status`].
    pub status: &'static str,
    /// Its value.
    pub value: Option<f64>,
    /// `same`, `different` (verdicts or values that exclude each other) or `undecided`.
    pub agreement: &'static str,
}

/// Reads and solves a file, with `second` also by Clarabel. Our solve ends at the best point so far once `stop`
/// is set.
///
/// # Errors
/// Those of [`open`]; breakdowns of the arithmetic; a second opinion that was not compiled in.
pub fn solve(
    path: &Path,
    options: &Options,
    second: bool,
    stop: &AtomicBool,
) -> Result<(SdpReport, Value), Error> {
    let posed = open(path)?;
    let (program, form) = match &posed {
        Posed::Sdpa(problem) => (problem.program().0, Form::Dual),
        Posed::Program(named) => (named.program.clone(), Form::Auto),
    };
    let options = Options {
        form: match options.form {
            Form::Auto => form,
            form => form,
        },
        ..options.clone()
    };
    let (outcome, seconds) =
        timed(|| program.solve_until(&options, &|| stop.load(Ordering::Relaxed)));
    let outcome = outcome?;
    let name = path.display().to_string();
    let errors = |solution: &Solution| match &posed {
        Posed::Sdpa(_) => sdpa::dimacs_errors(solution),
        Posed::Program(_) => solution.dimacs.errors(),
    };
    let mut report = report(name, &outcome, errors, seconds);
    if second {
        let found = second_opinion(&program, &options, &outcome)?;
        if found.agreement == "different" {
            report.exit_code = 1;
        }
        report.second_opinion = Some(found);
    }
    Ok((report, answer::answer(&posed, &program, &outcome)))
}

#[cfg(feature = "clarabel")]
fn second_opinion(
    program: &Program,
    options: &Options,
    ours: &Outcome,
) -> Result<SecondOpinion, Error> {
    use isac_conic::second_opinion::{Agreement, compare, solve_by_clarabel};
    let theirs = solve_by_clarabel(program, options)?;
    let (agreement, _) = compare(ours, &theirs);
    Ok(SecondOpinion {
        solver: "Clarabel",
        status: theirs.name(),
        value: theirs.solution().map(|solution| solution.objective),
        agreement: match agreement {
            Agreement::Same => "same",
            Agreement::Different => "different",
            Agreement::Undecided => "undecided",
        },
    })
}

#[cfg(not(feature = "clarabel"))]
fn second_opinion(_: &Program, _: &Options, _: &Outcome) -> Result<SecondOpinion, Error> {
    Err(Error::Usage(
        "--second-opinion: this program was built without the feature `clarabel`".into(),
    ))
}

fn report(
    file: String,
    outcome: &Outcome,
    errors: impl Fn(&Solution) -> [f64; 6],
    seconds: f64,
) -> SdpReport {
    let mut report = SdpReport {
        file,
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
        second_opinion: None,
        exit_code: exit_code(outcome),
    };
    match outcome {
        Outcome::Solved(solution) | Outcome::Inaccurate(solution) => {
            report.value = Some(solution.objective);
            report.dual_value = Some(solution.dual_objective);
            report.bound = solution.bound;
            report.dimacs = Some(errors(solution));
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
            report.dimacs = support.map(|solution| errors(solution));
            report.iterations = support.map(|solution| solution.iterations);
        }
        Outcome::Unknown(unknown) => {
            report.why = serde_json::to_value(unknown.why)
                .ok()
                .and_then(|value| value.as_str().map(str::to_string));
            if let Some(last) = &unknown.last {
                report.dimacs = Some(errors(last));
                report.iterations = Some(last.iterations);
            }
        }
    }
    report
}
