//! The verbs about one document: solve, check, sdp.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::{Check, Console, Sdp, Solve, interruptible, say, table, tell, within};
use isac_lab::check::{Checker, Line, Outcome, number};
use isac_lab::document::Document;
use isac_lab::error::Error;
use isac_lab::export::solution_file;
use isac_lab::paper::{Paper, open};
use isac_lab::solve::{Certify, SolveReport, SolveRequest, SolveStatus};
use isac_lab::write::write_file;

pub(super) fn solve(
    papers: &[Paper],
    args: Solve,
    console: &mut Console<'_>,
    cancel: &AtomicBool,
) -> Result<u8, Error> {
    let (document, paper) = opened(papers, &args.file, console)?;
    let solver = paper
        .solve
        .ok_or_else(|| Error::Usage(format!("schema {}: nothing solves it", paper.schema)))?;
    let certify = Certify::from(args.certify);
    if certify == Certify::Global && paper.verify.is_none() {
        let schema = paper.schema;
        let text = "no global bound is known, expected `none` or `local`";
        return Err(Error::Usage(format!("--certify global: {schema}: {text}")));
    }
    if let (Some(path), false) = (&args.proof, certify == Certify::Global) {
        let text = "expected with `--certify global` alone";
        return Err(Error::Usage(format!("--proof {}: {text}", path.display())));
    }
    let request = SolveRequest {
        case: args.case,
        algorithm: args.algorithm,
        seed: args.seed,
        certify,
        stop: Arc::default(),
    };
    if let Some(path) = &args.document {
        write_document(path, paper, &document, &request)?;
    }
    if let (Some(limit), Certify::Global) = (args.time_limit, certify) {
        ask_to_stop(limit.mul_f64(SEARCH), &request.stop);
    }
    let named = request.algorithm.clone();
    let stated = document.root().opt("seed").map(|node| node.u64());
    let seed = request
        .seed
        .map_or_else(|| stated.transpose(), |seed| Ok(Some(seed)))?;
    let work = move || solver(&document.root(), &request);
    let mut report = match (within(args.time_limit, cancel, work)?, args.time_limit) {
        (Some(report), _) => report,
        (None, limit) => {
            let named = named.as_deref().unwrap_or("default");
            let mut report = SolveReport::new(paper.schema, named, SolveStatus::Unknown);
            report.seed = seed.unwrap_or(report.seed);
            let seconds = limit.unwrap_or_default().as_secs_f64();
            report.stop_reason = format!("time limit of {seconds} s, no point is kept");
            report
        }
    };
    for warning in &report.warnings {
        tell!(console, "warning: {warning}");
    }
    // A proof that there is no point is no certificate of one.
    if certify == Certify::None && report.status != SolveStatus::Infeasible {
        report.certificate = None;
    }
    if let Some(path) = &args.proof {
        match &report.proof {
            Some(proof) => write_file(path, format!("{proof}\n").as_bytes())?,
            None => tell!(
                console,
                "warning: no proof was found, {} is not written",
                path.display()
            ),
        }
    }
    let json = serde_json::to_string_pretty(&report).unwrap_or_default();
    if let Some(path) = &args.out {
        write_file(path, &solution_file(&report, path)?)?;
    }
    if args.json {
        say!(console, "{json}");
    } else {
        print_solution(&report, console)?;
    }
    Ok(report.status.exit_code())
}

/// Part of a time limit after which a search for a global bound is asked to stop: what it has proved is
/// written down in the rest.
const SEARCH: f64 = 0.8;

/// Sets the flag after that time.
fn ask_to_stop(after: Duration, stop: &Arc<AtomicBool>) {
    let stop = Arc::clone(stop);
    std::thread::spawn(move || {
        std::thread::sleep(after);
        stop.store(true, Ordering::Relaxed);
    });
}

/// Writes the problem with every number that is drawn or read from a file.
fn write_document(
    path: &Path,
    paper: &Paper,
    document: &Document,
    request: &SolveRequest,
) -> Result<(), Error> {
    let explicit = paper
        .explicit
        .ok_or_else(|| Error::Usage(format!("schema {}: nothing is drawn", paper.schema)))?;
    let drawn = explicit(&document.root(), request)?;
    write_file(path, format!("{drawn:#}\n").as_bytes())
}

/// Reads a document with its files, and says what was understood of them.
pub(super) fn opened<'a>(
    papers: &'a [Paper],
    path: &Path,
    console: &mut Console<'_>,
) -> Result<(Document, &'a Paper), Error> {
    let (document, paper, lines) = open(papers, path)?;
    for line in lines {
        tell!(console, "{line}");
    }
    Ok((document, paper))
}

#[derive(Debug, clap::Args)]
pub(super) struct New {
    /// Key of a paper
    paper: String,
    /// The scenario of a figure or table instead, such as `fig3`
    #[arg(long, value_name = "NAME")]
    figure: Option<String>,
    /// Write to a file that does not exist yet, instead of standard output
    #[arg(short, long, value_name = "FILE")]
    out: Option<std::path::PathBuf>,
}

/// Writes the template of a paper, or the scenario of one of its figures.
pub(super) fn new(papers: &[Paper], args: &New, console: &mut Console<'_>) -> Result<u8, Error> {
    let key = args.paper.replace('-', "_");
    let known = papers.iter().filter(|paper| paper.template.is_some());
    let found = known.clone().find(|paper| paper.key == key);
    let Some((paper, template)) = found.and_then(|p| Some((p, p.template?))) else {
        let known = known.map(|paper| paper.key);
        return Err(Error::unknown("paper", &args.paper, known));
    };
    let template = match &args.figure {
        None => template,
        Some(name) => {
            let mut all = paper.scenarios.iter();
            let unknown = || {
                let what = format!("scenario of {key} (--figure)");
                Error::unknown(what, name, paper.scenarios.iter().map(|s| s.0))
            };
            all.find(|s| s.0 == name).ok_or_else(unknown)?.1
        }
    };
    // Editors of TOML look for the schema beside the file.
    let template = format!(
        "#:schema {key}.schema.json\n# `isac schema {key} -o {key}.schema.json` writes that file: editors complete and check keys \
         by it.\n\n{template}"
    );
    let Some(path) = &args.out else {
        write!(console.out, "{template}").map_err(Error::Console)?;
        return Ok(0);
    };
    if path.is_file() {
        let text = "a scenario is never written over a file; expected a new name";
        return Err(Error::Usage(format!("--out {}: {text}", path.display())));
    }
    write_file(path, template.as_bytes())?;
    Ok(0)
}

fn print_solution(report: &SolveReport, console: &mut Console<'_>) -> Result<(), Error> {
    let status = serde_json::to_value(report.status).unwrap_or_default();
    say!(
        console,
        "problem        {} ({})",
        report.schema,
        report.algorithm
    );
    say!(
        console,
        "status         {}: {}",
        status.as_str().unwrap_or(""),
        report.stop_reason
    );
    if let Some(objective) = report.objective {
        say!(console, "objective      {}", number(objective));
    }
    if let Some(violation) = report.max_violation {
        say!(console, "max violation  {violation:.3e}");
    }
    if let Some(certificate) = &report.certificate {
        // Some proofs are no number.
        let bound = certificate.bound;
        let bound = if bound.is_nan() {
            String::new()
        } else {
            format!(": {}", number(bound))
        };
        let gap = certificate.relative_gap;
        let gap = gap.map_or_else(String::new, |g| format!(", relative gap {g:.3e}"));
        say!(console, "certificate    {}{bound}{gap}", certificate.kind);
    }
    say!(console, "iterations     {}", report.iterations);
    for (name, value) in &report.metrics {
        match value.as_f64() {
            Some(x) => say!(console, "{name:<14} {}", number(x)),
            None => say!(console, "{name:<14} {value}"),
        }
    }
    for (name, value) in &report.beamformers {
        let shape = |part: &serde_json::Value| {
            let rows = part.as_array().map_or(0, Vec::len);
            let cols = part[0].as_array().map_or(1, Vec::len);
            format!("{rows} x {cols}")
        };
        say!(
            console,
            "{name:<14} {} complex (in --json and --out)",
            shape(&value["re"])
        );
    }
    Ok(())
}

pub(super) fn check(
    papers: &[Paper],
    args: &Check,
    console: &mut Console<'_>,
    cancel: &AtomicBool,
) -> Result<u8, Error> {
    let mut code = 0;
    let mut totals = [0; 3];
    let mut files = Vec::new();
    for path in &args.files {
        let checker = match check_one(papers, path, args.metrics_only, console, cancel) {
            Ok(checker) => checker,
            Err(Error::Cancelled) => return Err(Error::Cancelled),
            Err(error) => {
                tell!(console, "error: {error}");
                files.push(serde_json::json!({
                    "file": path.display().to_string(), "error": error.to_string(),
                }));
                code = 2;
                continue;
            }
        };
        let counts = [Outcome::Pass, Outcome::Fail, Outcome::NotChecked].map(|o| checker.count(o));
        for (total, count) in totals.iter_mut().zip(counts) {
            *total += count;
        }
        if (counts[1] > 0 || counts[0] == 0) && code == 0 {
            code = 1;
        }
        if !args.json {
            say!(console, "{}", path.display());
            print_lines(&checker.lines, console)?;
        }
        files.push(serde_json::json!({
            "file": path.display().to_string(), "results": checker.lines,
            "passed": counts[0], "failed": counts[1], "not_checked": counts[2],
        }));
    }
    let [passed, failed, not_checked] = totals;
    if args.json {
        let object = serde_json::json!({"files": files, "passed": passed, "failed": failed,
                                        "not_checked": not_checked});
        say!(
            console,
            "{}",
            serde_json::to_string_pretty(&object).unwrap_or_default()
        );
    } else {
        say!(
            console,
            "{passed} passed, {failed} failed, {not_checked} not checked"
        );
    }
    Ok(code)
}

/// Checks a file. Where our arithmetic breaks down the rest of the file is one failure.
fn check_one(
    papers: &[Paper],
    path: &Path,
    metrics_only: bool,
    console: &mut Console<'_>,
    cancel: &AtomicBool,
) -> Result<Checker, Error> {
    let (document, paper) = opened(papers, path, console)?;
    let checks = paper
        .check
        .ok_or_else(|| Error::Usage(format!("schema {}: nothing checks it", paper.schema)))?;
    interruptible(cancel, move || {
        let mut checker = Checker::new(metrics_only);
        match checks(&document.root(), &mut checker) {
            Err(Error::Numerical { context, source }) => checker.broke_down(context, &*source),
            other => other?,
        }
        Ok(checker)
    })
}

fn print_lines(lines: &[Line], console: &mut Console<'_>) -> Result<(), Error> {
    let rows: Vec<[String; 5]> = lines
        .iter()
        .map(|line| {
            let verdict = match line.verdict {
                Outcome::Pass => "pass",
                Outcome::Fail => "fail",
                Outcome::NotChecked => "not-checked",
            };
            let (path, expected) = (line.path.clone(), line.expected.clone());
            let (got, tolerance) = (line.got.clone(), line.tolerance.clone());
            [path, expected, got, tolerance, verdict.into()]
        })
        .collect();
    table(
        console,
        ["path", "expected", "got", "tolerance", "verdict"],
        &rows,
    )
}

pub(super) fn sdp(args: Sdp, console: &mut Console<'_>, cancel: &AtomicBool) -> Result<u8, Error> {
    let defaults = isac_conic::Options::default();
    let tolerance = args.tolerance.unwrap_or(defaults.tolerance);
    if !(tolerance > 0.0 && tolerance < 1.0) {
        return Err(Error::Usage(format!(
            "--tolerance {tolerance}: expected a number above 0 and below 1"
        )));
    }
    let options = isac_conic::Options {
        tolerance,
        ..defaults
    };
    let Sdp {
        file,
        solution,
        second_opinion,
        time_limit,
        ..
    } = args;
    let stop = Arc::new(AtomicBool::new(false));
    if let Some(limit) = time_limit {
        ask_to_stop(limit, &stop);
    }
    let solved = interruptible(cancel, move || {
        crate::sdp::solve(&file, &options, second_opinion, &stop)
    });
    let (report, answer) = solved?;
    if let Some(path) = &solution {
        let json = serde_json::to_string_pretty(&answer).unwrap_or_default();
        write_file(path, json.as_bytes())?;
    }
    if args.json {
        let json = serde_json::to_string_pretty(&report).unwrap_or_default();
        say!(console, "{json}");
        return Ok(report.exit_code);
    }
    let meaning = match report.status {
        "infeasible" => ": (P) has no point",
        "unbounded" => ": (D) has no point",
        "no_point_below" => ": (P) has no point of norm below the radius; larger ones may exist",
        "no_multipliers_below" => {
            ": (D) has no point of norm below the radius; larger ones may exist"
        }
        "ill_posed" => ": the values of (P) and (D) differ",
        _ => "",
    };
    say!(console, "{}", report.file);
    say!(console, "verdict      {}{meaning}", report.status);
    let numbers = [
        ("value", report.value),
        ("dual value", report.dual_value),
        ("bound", report.bound),
    ];
    for (name, value) in numbers {
        if let Some(value) = value {
            say!(console, "{name:<12} {}", number(value));
        }
    }
    if let Some(errors) = report.dimacs {
        let texts: Vec<String> = errors.iter().map(|e| format!("{e:.2e}")).collect();
        say!(console, "DIMACS       {}", texts.join("  "));
    }
    if let Some(error) = report.certificate_error {
        say!(console, "certificate  error {error:.2e}");
    }
    if let Some(radius) = report.radius {
        say!(console, "radius       {}", number(radius));
    }
    if let Some(why) = &report.why {
        say!(console, "why          {why}");
    }
    if let Some(other) = &report.second_opinion {
        let value = other
            .value
            .map_or(String::new(), |v| format!(" {}", number(v)));
        say!(
            console,
            "{:<12} {}{value}: {}",
            other.solver,
            other.status,
            other.agreement
        );
    }
    if let Some(iterations) = report.iterations {
        say!(
            console,
            "iterations   {iterations} in {:.3} s",
            report.seconds
        );
    }
    Ok(report.exit_code)
}
