//! A paper of our own for the tests of the command line.
#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use isac::cli::{self, Console};
use isac_lab::check::{Checker, Goal, Tolerance, Tolerances};
use isac_lab::curves::mean_curve;
use isac_lab::document::Node;
use isac_lab::paper::Paper;
use isac_lab::reference::CsvTable;
use isac_lab::solve::{SolveReport, SolveRequest, SolveStatus};
use isac_lab::{Artefact, Compared, Grade, Metric, Plan, Record, Report, Request, Task};
use isac_lab::{Claim, Ruling};
use isac_lab::{Error, clock};
use isac_plot::figure::{Axis, Figure, Panel, Style};

pub(crate) fn paper() -> Paper {
    let artefact = |name, plan| Artefact {
        paper: "demo",
        name,
        title: "Powers of numbers",
        presets: &["plain", "shifted"],
        plan,
    };
    Paper {
        key: "demo",
        title: "A demonstration",
        schema: "demo/1",
        template: None,
        scenarios: &[],
        artefacts: vec![
            artefact("fig1", plan),
            artefact("fig2a", plan),
            artefact("fig2b", failing_plan),
            artefact("table1", plan),
        ],
        read: None,
        check: Some(check),
        solve: Some(solve),
        verify: None,
        judge: None,
        explicit: None,
        arrays: &[],
        keys: || vec!["numbers"],
        read_reference: None,
        stress: None,
        bench: None,
    }
}

fn plan(request: &Request) -> Result<Plan, Error> {
    let shift = if request.preset == "shifted" {
        0.5
    } else {
        0.0
    };
    let seed = request.seed as f64;
    if let Some(folder) = &request.reference {
        let table = CsvTable::read(&folder.join("published.csv"))?;
        table.finite(0, table.column("mean")?)?;
    }
    let mut tasks = Vec::new();
    for realization in request.realizations(40, 12)? {
        for (power, name) in [(2, "square"), (3, "cube")] {
            let id = format!("r{realization:03}/{name}");
            tasks.push(Task::records(id, name, 1e-3, move || {
                let row = |x: u32| {
                    let x = f64::from(x) + shift;
                    if power == 3 && realization == 5 {
                        return Record::failed(name, x, realization, "no answer, as asked");
                    }
                    let noise = ((realization as f64 + 1.0) * 12.9898 * x + seed).sin();
                    let (value, seconds) = clock::timed(|| x.powi(power) + noise);
                    let metrics = vec![value, noise];
                    Record::new(name, x, realization, "tolerance", true, metrics).timed(seconds)
                };
                Ok((1..=5).map(row).collect())
            }));
        }
    }
    Ok(Plan {
        x: Metric::new("base", "Base", ""),
        metrics: vec![
            Metric::new("power", "Power", "m"),
            Metric::new("noise", "Noise", "m"),
        ],
        tasks,
        notes: vec!["numbers are made up".into()],
        scenario: serde_json::json!({"shift": shift}),
        finish: Box::new(move |records| {
            let mut panel = Panel::new("", Axis::new("Base"), Axis::log("Power (m)"));
            for (i, name) in records.algorithms().into_iter().enumerate() {
                mean_curve(&mut panel, name, records, name, 0, Style::curve(i));
            }
            panel.published("square", vec![[3.0, 9.0]], Style::curve(0));
            let ours = records.summary("square", 3.0 + shift, 0).mean;
            Ok(Report {
                figure: Figure::new("Powers of numbers", vec![panel]),
                table: vec![Compared::new("square at 3", 9.0, ours, "m")],
                claims: vec![Claim::new("grows", Ruling::fact(true, "9 > 4"), "")],
                grade: Grade::Statistical,
                ..Report::default()
            })
        }),
    })
}

fn failing_plan(request: &Request) -> Result<Plan, Error> {
    let mut plan = plan(request)?;
    plan.finish = Box::new(|_| {
        Ok(Report {
            failures: vec!["one curve is off".into()],
            grade: Grade::NotReproduced("one curve is off".into()),
            ..Report::default()
        })
    });
    Ok(plan)
}

fn check(root: &Node<'_>, checker: &mut Checker) -> Result<(), Error> {
    root.known_keys(&["x", "expected", "tolerance"])?;
    let x = root.get("x")?.vec()?;
    let tolerances = Tolerances::new(root.opt("tolerance"), None);
    let rel = Tolerance::rel(tolerances.get("rel", 1e-9)?);
    checker.each(&root.get("expected")?, |c, key, node| {
        match key {
            "squares" => {
                let squares: Vec<f64> = x.iter().map(|v| v * v).collect();
                c.compare(node, squares, rel)?;
            }
            "best" if c.skips_solver(node) => {}
            "best" => {
                let best = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                c.target(node, best, Goal::AtLeast, rel, true)?;
            }
            "positive" => c.compare(node, x.iter().all(|v| *v > 0.0), rel)?,
            _ => return Ok(false),
        }
        Ok(true)
    })
}

fn solve(root: &Node<'_>, request: &SolveRequest) -> Result<SolveReport, Error> {
    root.known_keys(&[
        "x",
        "limit",
        "wait_s",
        "expected",
        "tolerance",
        "metric_cases",
    ])?;
    if let Some(name) = request
        .algorithm
        .as_deref()
        .filter(|name| *name != "largest")
    {
        return Err(Error::unknown("algorithm", name, ["largest"]));
    }
    if let Some(wait) = root.opt("wait_s") {
        std::thread::sleep(std::time::Duration::from_secs_f64(wait.positive("s")?));
    }
    let x = root.get("x")?.vec()?;
    let limit = root.opt("limit").map(|n| n.positive("m")).transpose()?;
    let best = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let status = match limit {
        Some(limit) if best > limit => SolveStatus::Infeasible,
        _ if x.is_empty() => SolveStatus::Unknown,
        _ => SolveStatus::Solved,
    };
    let mut report = SolveReport::new("demo/1", "largest", status);
    report.objective = (status == SolveStatus::Solved).then_some(best);
    report.metric("count", x.len() as f64);
    Ok(report)
}

/// What a command line left behind.
pub(crate) struct Ran {
    pub(crate) code: u8,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// The program with its own papers.
pub(crate) fn real_isac(arguments: &[&str]) -> Ran {
    run(arguments, &isac::papers::all(), Arc::default())
}

/// The exit code of the program with its own papers, and all that it printed.
pub(crate) fn said(arguments: &[&str]) -> (u8, String) {
    let ran = real_isac(arguments);
    (ran.code, ran.out + &ran.err)
}

pub(crate) fn isac(arguments: &[&str]) -> Ran {
    isac_with(arguments, Arc::new(AtomicBool::new(false)))
}

pub(crate) fn isac_with(arguments: &[&str], cancel: Arc<AtomicBool>) -> Ran {
    run(arguments, &[paper()], cancel)
}

pub(crate) fn run(arguments: &[&str], papers: &[Paper], cancel: Arc<AtomicBool>) -> Ran {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut console = Console {
        out: &mut out,
        err: &mut err,
    };
    let arguments = ["isac"].iter().chain(arguments).map(OsString::from);
    let code = cli::main(arguments, papers, &mut console, cancel);
    Ran {
        code,
        out: String::from_utf8(out).unwrap(),
        err: String::from_utf8(err).unwrap(),
    }
}

/// A fresh folder for one test.
pub(crate) fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if folder.exists() {
        std::fs::remove_dir_all(&folder).unwrap();
    }
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Every file below a folder with its bytes, times left out.
pub(crate) fn bytes(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<(String, Vec<u8>)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|e| {
            (
                e.file_name().into_string().unwrap(),
                std::fs::read(e.path()).unwrap(),
            )
        })
        .filter(|(name, _)| !name.starts_with("timing"))
        .collect();
    files.sort();
    files
}
