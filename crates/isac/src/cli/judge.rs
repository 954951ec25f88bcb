//! The verb about beams of the user's own.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use clap::Args;

use super::{Console, interruptible, say, table};
use isac_lab::check::number;
use isac_lab::error::Error;
use isac_lab::judge::{Judged, read_beams};
use isac_lab::paper::Paper;
use isac_lab::solve::{SolveReport, SolveRequest, relative_gap};
use serde_json::{Map, Value, json};

use super::documents::opened;

#[derive(Debug, Args)]
pub(super) struct Judge {
    /// A .toml scenario or a .json document
    file: PathBuf,
    /// Beams by name: .json (also as `solve --json` prints), .npz or .mat
    beams: PathBuf,
    /// Which case of a document with several, from 0
    #[arg(long, value_name = "I")]
    case: Option<usize>,
    /// The algorithm of the design beside it, as in `isac solve`
    #[arg(long, value_name = "NAME")]
    algorithm: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Judges beams, with our design and its bound beside them.
pub(super) fn judge(
    papers: &[Paper],
    args: &Judge,
    console: &mut Console<'_>,
    cancel: &AtomicBool,
) -> Result<u8, Error> {
    let (document, paper) = opened(papers, &args.file, console)?;
    let judge = paper
        .judge
        .ok_or_else(|| Error::Usage(format!("schema {}: nothing judges beams", paper.schema)))?;
    let beams = read_beams(&args.beams)?;
    let request = SolveRequest {
        case: args.case,
        algorithm: args.algorithm.clone(),
        ..SolveRequest::default()
    };
    let judged = judge(&document.root(), &request, &beams.root())?;
    let ours = match paper.solve {
        None => None,
        Some(solve) => Some(interruptible(cancel, move || {
            solve(&document.root(), &request)
        })?),
    };
    if args.json {
        let json = object(args, &judged, ours.as_ref());
        say!(console, "{json:#}");
    } else {
        print(&judged, ours.as_ref(), console)?;
    }
    Ok(u8::from(!judged.feasible()))
}

/// `(theirs - ours) / |ours|`.
fn difference(theirs: Option<f64>, ours: Option<f64>) -> Option<f64> {
    let (theirs, ours) = theirs.zip(ours)?;
    let difference = (theirs - ours) / ours.abs();
    difference.is_finite().then_some(difference)
}

fn object(args: &Judge, judged: &Judged, ours: Option<&SolveReport>) -> Value {
    let report = &judged.report;
    let constraints: Map<String, Value> = (judged.constraints.iter())
        .map(|(name, value)| (name.clone(), json!(value)))
        .collect();
    let bound = ours.and_then(|ours| ours.certificate.as_ref());
    let gap = report
        .objective
        .zip(bound)
        .and_then(|(theirs, bound)| relative_gap(bound.bound, theirs));
    json!({
        "schema": report.schema,
        "file": args.file.display().to_string(),
        "beams": args.beams.display().to_string(),
        "objective": report.objective,
        "larger_is_better": judged.maximise,
        "metrics": report.metrics,
        "constraints": constraints,
        "max_violation": judged.max_violation(),
        "tolerance": judged.tolerance,
        "rule": judged.rule,
        "feasible": judged.feasible(),
        "relative_gap": gap,
        "ours": ours.map(|ours| json!({
            "algorithm": ours.algorithm,
            "status": ours.status,
            "objective": ours.objective,
            "max_violation": ours.max_violation,
            "certificate": ours.certificate,
            "metrics": ours.metrics,
            "difference": difference(report.objective, ours.objective),
        })),
        "versions": report.versions,
    })
}

fn print(
    judged: &Judged,
    ours: Option<&SolveReport>,
    console: &mut Console<'_>,
) -> Result<(), Error> {
    let report = &judged.report;
    let verdict = if judged.feasible() {
        "feasible"
    } else {
        "violated"
    };
    say!(
        console,
        "{verdict}: largest violation {:.3e}, met up to {:e} ({})",
        judged.max_violation(),
        judged.tolerance,
        judged.rule
    );
    let rows: Vec<[String; 3]> = (judged.constraints.iter())
        .map(|(name, value)| {
            let met = if *value <= judged.tolerance {
                "met"
            } else {
                "VIOLATED"
            };
            [name.clone(), format!("{value:.3e}"), met.into()]
        })
        .collect();
    table(console, ["constraint", "violation", ""], &rows)?;
    say!(console, "");
    let text = |value: Option<f64>| value.map_or_else(|| "-".into(), number);
    let mut rows = vec![[
        format!(
            "objective ({} is better)",
            if judged.maximise { "larger" } else { "smaller" }
        ),
        text(report.objective),
        text(ours.and_then(|ours| ours.objective)),
    ]];
    for (name, value) in &report.metrics {
        let shown = |value: &Value| value.as_f64().map_or_else(|| value.to_string(), number);
        let beside = ours.and_then(|ours| ours.metrics.get(name));
        let beside = beside.map_or_else(|| "-".into(), shown);
        rows.push([name.clone(), shown(value), beside]);
    }
    table(console, ["", "given beams", "ours"], &rows)?;
    let Some(ours) = ours else { return Ok(()) };
    say!(console, "");
    say!(console, "ours: {} ({})", ours.algorithm, ours.stop_reason);
    if let Some(difference) = difference(report.objective, ours.objective) {
        say!(
            console,
            "the given beams differ by {:+.4} % from ours",
            100.0 * difference
        );
    }
    if let Some(bound) = &ours.certificate {
        let gap = report
            .objective
            .and_then(|theirs| relative_gap(bound.bound, theirs));
        let gap = gap.map_or_else(String::new, |gap| {
            format!(", {:.4} % of their objective away", 100.0 * gap)
        });
        say!(
            console,
            "proved: {} {}{gap}",
            bound.kind,
            number(bound.bound)
        );
    }
    Ok(())
}
