//! The command line. Results go to standard output, progress and errors to standard error.
//!
//! Exit codes: 0 done and good; 1 done, and something checked failed; 2 bad input or usage, or output
//! that cannot be written; 3 certified infeasible; 4 no answer; 130 interrupted, finished work kept;
//! 141 the reader of standard output is gone.

mod bench;
mod closing;
mod cluster;
mod documents;
mod explain;
mod judge;
mod merge;
mod proofs;
mod report;
mod schema;
mod stress;
mod submit;
mod sweep;

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::progress::{Display, Mode, duration};
use closing::{closing, short, table};
use isac_lab::error::Error;
use isac_lab::export::Format;
use isac_lab::paper::Paper;
use isac_lab::reproduce::{Prepared, Settings, prepare};
use isac_lab::run::{Control, panic_text};
use isac_lab::{Artefact, Request, Size};

/// Where text goes.
pub struct Console<'a> {
    /// Results.
    pub out: &'a mut dyn Write,
    /// Progress and errors.
    pub err: &'a mut dyn Write,
}

impl std::fmt::Debug for Console<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Console").finish_non_exhaustive()
    }
}

/// A line of results. One that cannot be written ends the verb.
macro_rules! say {
    ($console:expr, $($format:tt)*) => {
        writeln!($console.out, $($format)*).map_err(isac_lab::error::Error::Console)?
    };
}
/// A line of progress or an error; where standard error cannot be written there is nowhere to say so.
macro_rules! tell {
    ($console:expr, $($format:tt)*) => {{ let _ = writeln!($console.err, $($format)*); }};
}
use {say, tell};

#[derive(Debug, Parser)]
#[command(
    name = "isac",
    version,
    about = "Certified ISAC beamforming: figures, solving, checking"
)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Run the experiments behind figures and tables and compare with the published numbers
    Reproduce(Reproduce),
    /// Solve one problem: a TOML scenario, or JSON with explicit channels
    Solve(Solve),
    /// Judge beams of your own: every metric, every violation, our design and the bound beside them
    Judge(judge::Judge),
    /// Write a commented scenario of a paper, which solves as it is
    New(documents::New),
    /// Check a proof that `solve --certify global --proof` wrote, by code that shares nothing with it
    Verify(proofs::Verify),
    /// Recompute what documents state, value by value
    Check(Check),
    /// Solve a semidefinite program in SDPA sparse format
    Sdp(Sdp),
    /// Solve random instances over the decades and verify every verdict by separate code
    Stress(Stress),
    /// Run public families of instances and compare with the released results
    Bench(bench::Bench),
    /// Run a study of your own, or artefacts, here or in parts anywhere
    Sweep(sweep::Sweep),
    /// Put results below folders into one page that needs no network
    Report(report::Report),
    /// JSON Schema of documents, from which editors complete and check keys
    Schema(schema::Schema),
    /// Say what a key, a status, a grade or an exit code means
    Explain(explain::Explain),
}

#[derive(Debug, Args)]
struct Reproduce {
    /// paper/figN, paper/figNx (a panel), paper/tableN, paper, figN or tableN (of every paper), all
    #[arg(required_unless_present = "list")]
    what: Vec<String>,
    /// List what there is and stop
    #[arg(long)]
    list: bool,
    /// About a minute instead of the full size
    #[arg(long)]
    quick: bool,
    /// Run slow algorithms on every realisation, not on a subset
    #[arg(long)]
    slow: bool,
    /// Settings of the experiment; `--list` shows them, the default first; `all` runs each
    #[arg(long, value_name = "NAME")]
    preset: Option<String>,
    /// Folder with published data: run on the same inputs and compare exactly
    #[arg(long, value_name = "DIR")]
    reference: Option<PathBuf>,
    /// Only this realisation
    #[arg(long, value_name = "I")]
    realization: Option<usize>,
    /// Seed of every random stream
    #[arg(long, default_value_t = isac_lab::DEFAULT_SEED)]
    seed: u64,
    /// Threads; all cores if absent. Does not change results
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
    /// Folder for results
    #[arg(long, default_value = "results")]
    out: PathBuf,
    /// How progress is shown on standard error
    #[arg(long, value_enum, default_value = "auto")]
    progress: Mode,
    #[command(flatten)]
    formats: Formats,
}

/// Formats beside the standard ones.
#[derive(Debug, Args, Default)]
struct Formats {
    /// More files beside the standard ones: pdf, pgfplots, npz, mat, parquet (svg, png and csv are always
    /// there), separated by commas
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    format: Vec<String>,
}

impl Formats {
    fn read(&self) -> Result<Vec<Format>, Error> {
        Format::parse(&self.format)
    }
}

#[derive(Debug, Args)]
struct Solve {
    /// A .toml scenario or a .json document; its `schema` says which problem it is
    file: PathBuf,
    /// Which case of a document with several, from 0
    #[arg(long, value_name = "I")]
    case: Option<usize>,
    /// Algorithm by name
    #[arg(long, value_name = "NAME")]
    algorithm: Option<String>,
    /// Seed of random starts
    #[arg(long)]
    seed: Option<u64>,
    /// What is proved about the point: nothing, what one relaxation proves, or a bound on the global
    /// optimum by a search
    #[arg(long, value_enum, default_value = "local")]
    certify: proofs::Certificates,
    /// Write the proof of the global bound, for `isac verify`
    #[arg(long, value_name = "FILE")]
    proof: Option<PathBuf>,
    /// Seconds after which there is no answer (status `unknown`, exit code 4); a search for a global
    /// bound ends earlier and keeps what it has proved
    #[arg(long, value_name = "S", value_parser = seconds)]
    time_limit: Option<Duration>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Also write the JSON object to a file; a name that ends with .npz or .mat gets beams, metrics and
    /// bound as arrays
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write the problem with all that is drawn or read from files as a JSON document
    #[arg(long, value_name = "FILE")]
    document: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct Check {
    /// JSON documents
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Leave out whatever needs a solver
    #[arg(long)]
    metrics_only: bool,
}

#[derive(Debug, Args)]
struct Sdp {
    /// A problem in SDPA sparse format (.dat-s), in the Conic Benchmark Format (.cbf) or as JSON
    /// (schema conic/1); also packed by gzip
    file: PathBuf,
    /// Write x, X and Y, or the ray, as JSON
    #[arg(long, value_name = "FILE")]
    solution: Option<PathBuf>,
    /// Residuals and relative gap to reach
    #[arg(long)]
    tolerance: Option<f64>,
    /// Seconds after which the best point so far is judged
    #[arg(long, value_name = "S", value_parser = seconds)]
    time_limit: Option<Duration>,
    /// Solve it by Clarabel too and compare; exit code 1 if the answers exclude each other
    #[arg(long)]
    second_opinion: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Stress {
    /// Key of a paper, or `sdp`
    what: String,
    /// How many instances
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    instances: u64,
    /// Only this instance
    #[arg(long, value_name = "I", conflicts_with = "instances")]
    instance: Option<u64>,
    /// Seed of the instances
    #[arg(long, default_value_t = isac_lab::DEFAULT_SEED)]
    seed: u64,
    /// Threads; all cores if absent. Does not change results
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Runs a command line and returns the exit code. `papers` are those it knows; setting `cancel`
/// stops a run cleanly.
pub fn main(
    arguments: impl IntoIterator<Item = OsString>,
    papers: &[Paper],
    console: &mut Console<'_>,
    cancel: Arc<AtomicBool>,
) -> u8 {
    let result = run(arguments, papers, console, cancel);
    // Nothing that was printed may be lost unnoticed.
    let flushed = console.out.flush().map_err(Error::Console);
    let result = result.and_then(|code| flushed.map(|()| code));
    result.unwrap_or_else(|error| {
        let code = error.exit_code();
        if code != READER_GONE {
            tell!(console, "error: {error}");
        }
        code
    })
}

/// Exit code where the reader of standard output is gone, as of a program that the signal for it
/// ends; nothing is said then.
const READER_GONE: u8 = 141;

fn run(
    arguments: impl IntoIterator<Item = OsString>,
    papers: &[Paper],
    console: &mut Console<'_>,
    cancel: Arc<AtomicBool>,
) -> Result<u8, Error> {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() => {
            tell!(console, "{error}");
            return Ok(2);
        }
        Err(help) => {
            say!(console, "{help}");
            return Ok(0);
        }
    };
    match cli.verb {
        Verb::Reproduce(args) if args.list => list(papers, &args.what, console),
        Verb::Reproduce(args) => reproduce(papers, &args, console, cancel),
        Verb::Solve(args) => documents::solve(papers, args, console, &cancel),
        Verb::Verify(args) => proofs::verify(papers, &args, console, &cancel),
        Verb::Judge(args) => judge::judge(papers, &args, console, &cancel),
        Verb::New(args) => documents::new(papers, &args, console),
        Verb::Check(args) => documents::check(papers, &args, console, &cancel),
        Verb::Sdp(args) => documents::sdp(args, console, &cancel),
        Verb::Stress(args) => stress::stress(papers, &args, console, cancel),
        Verb::Bench(args) => bench::bench(papers, &args, console, cancel),
        Verb::Sweep(args) => sweep::sweep(papers, args, console, cancel),
        Verb::Report(args) => report::report(&args, console),
        Verb::Schema(args) => schema::schema(papers, &args, console),
        Verb::Explain(args) => explain::explain(papers, &args, console),
    }
}

/// Reads a time limit.
fn seconds(text: &str) -> Result<Duration, String> {
    let expected = || format!("got `{text}`, expected seconds above 0, at most 1e9");
    let value: f64 = text.parse().map_err(|_| expected())?;
    if value > 0.0 && value <= 1e9 {
        Ok(Duration::from_secs_f64(value))
    } else {
        Err(expected())
    }
}

/// [`within`] any time.
pub(crate) fn interruptible<T: Send + 'static>(
    cancel: &AtomicBool,
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    within(None, cancel, work)?.ok_or(Error::Cancelled)
}

/// Does work that cannot be cancelled on a thread of its own, which is left alone when `cancel` is
/// set or the time is over: `None`.
///
/// # Errors
/// [`Error::Cancelled`], [`Error::Numerical`] for a panic, and those of the work.
pub(crate) fn within<T: Send + 'static>(
    limit: Option<Duration>,
    cancel: &AtomicBool,
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<Option<T>, Error> {
    const STACK: usize = 16 << 20;
    const POLL: Duration = Duration::from_millis(20);
    let (sender, receiver) = mpsc::channel();
    let work = move || {
        let _ = sender.send(work());
    };
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(work);
    let thread = thread.map_err(|e| Error::numerical("a thread for the work", e))?;
    // Counted in polls: the time of the work alone, without a clock.
    let mut waited = Duration::ZERO;
    while !cancel.load(Ordering::Relaxed) {
        if limit.is_some_and(|limit| waited >= limit) {
            return Ok(None);
        }
        waited += POLL;
        match receiver.recv_timeout(POLL) {
            Ok(result) => return result.map(Some),
            Err(mpsc::RecvTimeoutError::Timeout) => {}
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                let panic = thread.join().err();
                let text = panic.map_or_else(String::new, |p| panic_text(p.as_ref()));
                return Err(Error::numerical("this is a fault of the program", text));
            }
        }
    }
    Err(Error::Cancelled)
}

/// The artefacts that words name, each once, in the order of the papers.
///
/// # Errors
/// [`Error::UnknownName`] with the nearest names.
pub fn select(papers: &[Paper], what: &[String]) -> Result<Vec<Artefact>, Error> {
    let every: Vec<Artefact> = papers.iter().flat_map(|p| p.artefacts.clone()).collect();
    let mut chosen: Vec<(usize, Artefact)> = Vec::new();
    for word in what {
        let (paper, name) = match word.split_once('/') {
            Some((paper, name)) => (Some(paper.replace('-', "_")), Some(name)),
            None if word == "all" => (None, None),
            None => {
                let key = word.replace('-', "_");
                match papers.iter().any(|p| p.key == key) {
                    true => (Some(key), None),
                    false => (None, Some(word.as_str())),
                }
            }
        };
        let hits: Vec<(usize, Artefact)> = every
            .iter()
            .enumerate()
            .filter(|(_, a)| paper.as_deref().is_none_or(|p| a.paper == p))
            .filter(|(_, a)| name.is_none_or(|n| a.name == n || is_panel_of(a.name, n)))
            .map(|(i, a)| (i, *a))
            .collect();
        if hits.is_empty() {
            return Err(unknown_artefact(papers, &every, word));
        }
        chosen.extend(hits);
    }
    chosen.sort_by_key(|(i, _)| *i);
    chosen.dedup_by_key(|(i, _)| *i);
    Ok(chosen.into_iter().map(|(_, artefact)| artefact).collect())
}

/// Whether `name` is a panel of the figure `figure`, as `fig3a` of `fig3`.
fn is_panel_of(name: &str, figure: &str) -> bool {
    name.strip_prefix(figure)
        .is_some_and(|rest| rest.len() == 1 && rest.chars().all(|c| c.is_ascii_lowercase()))
}

fn unknown_artefact(papers: &[Paper], every: &[Artefact], word: &str) -> Error {
    let full: Vec<String> = every
        .iter()
        .map(|a| format!("{}/{}", a.paper, a.name))
        .collect();
    let names = (full.iter().map(String::as_str))
        .chain(every.iter().map(|a| a.name))
        .chain(papers.iter().map(|p| p.key))
        .chain(["all"]);
    Error::unknown("figure, table or paper", word, names)
}

fn list(papers: &[Paper], what: &[String], console: &mut Console<'_>) -> Result<u8, Error> {
    let all = ["all".to_string()];
    let what = if what.is_empty() { &all[..] } else { what };
    for artefact in select(papers, what)? {
        let name = format!("{}/{}", artefact.paper, artefact.name);
        say!(
            console,
            "{name:<20} {} [{}]",
            artefact.title,
            artefact.presets.join(", ")
        );
    }
    Ok(0)
}

fn reproduce(
    papers: &[Paper],
    args: &Reproduce,
    console: &mut Console<'_>,
    cancel: Arc<AtomicBool>,
) -> Result<u8, Error> {
    if let Some(folder) = &args.reference {
        std::fs::read_dir(folder).map_err(|source| Error::Unreadable {
            file: folder.clone(),
            source,
        })?;
    }
    let control = Control {
        cancel,
        ..Control::default()
    };
    let settings = Settings {
        out: args.out.clone(),
        revision: crate::revision().into(),
        formats: args.formats.read()?,
        control: Control {
            threads: args.threads.map_or(control.threads, usize::from),
            ..control
        },
    };
    let prepared = prepare_all(&select(papers, &args.what)?, args)?;
    let threads = settings.control.threads;
    let total: f64 = prepared.iter().map(|p| p.estimate(threads)).sum();
    say!(
        console,
        "{} to reproduce, estimated time {} on {threads} thread{}",
        prepared.len(),
        duration(total),
        if threads == 1 { "" } else { "s" },
    );
    let mut code = 0;
    for one in &prepared {
        let name = format!("{}/{}", one.paper, one.name);
        say!(
            console,
            "\n{name}, preset {}: {} ({} realisations, estimated {})",
            one.request.preset,
            one.title,
            one.realizations(),
            duration(one.estimate(threads)),
        );
        for note in &one.notes {
            say!(console, "  {note}");
        }
        console.out.flush().map_err(Error::Console)?;
        let mut display = Display::new(args.progress, &name, console.err);
        let done = one.run(&settings, |standing| display.show(standing));
        display.end();
        let done = done?;
        closing(&done, console)?;
        if !done.good() {
            code = 1;
        }
    }
    Ok(code)
}

/// Plans every artefact with every preset asked for. A preset that only some of several artefacts
/// have leaves the others out.
fn prepare_all(artefacts: &[Artefact], args: &Reproduce) -> Result<Vec<Prepared>, Error> {
    let mut prepared = Vec::new();
    let mut refused = None;
    for artefact in artefacts {
        let presets: Vec<&str> = match args.preset.as_deref() {
            Some("all") => artefact.presets.to_vec(),
            Some(name) => vec![name],
            None => artefact.presets[..1].to_vec(),
        };
        for preset in presets {
            let request = Request {
                preset: preset.into(),
                size: if args.quick { Size::Quick } else { Size::Full },
                slow: args.slow,
                reference: args.reference.clone(),
                realization: args.realization,
                seed: args.seed,
            };
            match prepare(artefact, &request) {
                Ok(one) => prepared.push(one),
                Err(error @ Error::UnknownName { .. }) => refused = Some(error),
                Err(error) => return Err(error),
            }
        }
    }
    match refused {
        Some(error) if prepared.is_empty() => Err(error),
        _ => Ok(prepared),
    }
}
