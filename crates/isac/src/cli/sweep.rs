//! `isac sweep`: a study of the user's own, or artefacts in parts.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use clap::{Args, Subcommand};

use super::merge::merge;
use super::{Console, Formats, Reproduce, interruptible, reproduce, say, select, tell};
use crate::progress::{Display, Mode, duration};
use isac_lab::document::Document;
use isac_lab::error::Error;
use isac_lab::paper::Paper;
use isac_lab::run::{Control, Standing};
use isac_lab::sweep::plan::{Item, Job, PlanFile};
use isac_lab::sweep::shard::{Shard, time};
use isac_lab::sweep::spec::Spec;
use isac_lab::sweep::store::{self, Store, Way};
use isac_lab::{Request, Size, clock};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(super) struct Sweep {
    #[command(subcommand)]
    part: Option<Part>,
    #[command(flatten)]
    what: What,
    /// Folder for results; `results/NAME` for NAME.toml and `results` for artefacts if absent
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    pace: Pace,
    #[command(flatten)]
    formats: Formats,
}

#[derive(Debug, Args)]
struct What {
    /// A scenario with a table [sweep] (.toml or .json), or names of artefacts as in `reproduce`
    #[arg(required = true, value_name = "SPEC|ARTEFACT")]
    what: Vec<String>,
    /// Artefacts at about a minute instead of the full size
    #[arg(long)]
    quick: bool,
    /// Artefacts with slow algorithms on every realisation, not on a subset
    #[arg(long)]
    slow: bool,
    /// Settings of artefacts
    #[arg(long, value_name = "NAME")]
    preset: Option<String>,
    /// Folder with published data, for artefacts
    #[arg(long, value_name = "DIR")]
    reference: Option<PathBuf>,
    /// Seed of artefacts; a study has its own
    #[arg(long)]
    seed: Option<u64>,
}

#[derive(Debug, Args)]
struct Pace {
    /// Threads; all cores if absent. Does not change results
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
    /// How progress is shown on standard error
    #[arg(long, value_enum, default_value = "auto")]
    progress: Mode,
    /// The same as `--progress json`
    #[arg(long)]
    json: bool,
}

impl Pace {
    fn control(&self, cancel: Arc<AtomicBool>) -> Control {
        let all = Control::default().threads;
        Control {
            threads: self.threads.map_or(all, usize::from),
            cancel,
        }
    }

    fn mode(&self) -> Mode {
        if self.json { Mode::Json } else { self.progress }
    }
}

#[derive(Debug, Subcommand)]
enum Part {
    /// Write the plan of a study or of artefacts
    Plan(PlanArgs),
    /// Do a plan, or a shard of it, and keep what is finished
    Run(RunArgs),
    /// Say how far a plan is
    Status(StatusArgs),
    /// Put what is finished together and write the results
    Merge(MergeArgs),
    /// Hand a plan to an engine, shard by shard
    Submit(super::submit::SubmitArgs),
}

#[derive(Debug, Args)]
struct PlanArgs {
    #[command(flatten)]
    what: What,
    /// The plan
    #[arg(short, long, value_name = "PLAN")]
    out: PathBuf,
    /// How many shards `run --shard auto` means
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    shards: Option<u32>,
}

#[derive(Debug, Args)]
struct RunArgs {
    /// A plan
    plan: PathBuf,
    /// Folder for results
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Part I of N; `auto` takes I from the engine (HQ_TASK_ID, SLURM_ARRAY_TASK_ID,
    /// JOB_COMPLETION_INDEX, PARALLEL_SEQ) and N from it, from `auto/N` or from the plan
    #[arg(long, value_name = "I/N|auto")]
    shard: Option<String>,
    /// Begin nothing after this time, such as 55min
    #[arg(long = "for", value_name = "TIME", value_parser = time)]
    limit: Option<Duration>,
    /// Leave out what any shard has finished
    #[arg(long)]
    missing: bool,
    #[command(flatten)]
    pace: Pace,
}

#[derive(Debug, Args)]
struct StatusArgs {
    /// A plan
    plan: PathBuf,
    /// Folder for results
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct MergeArgs {
    /// A plan
    plan: PathBuf,
    /// Folder for results
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Leave gaps out instead of refusing them
    #[arg(long)]
    partial: bool,
    #[command(flatten)]
    formats: Formats,
}

pub(super) fn sweep(
    papers: &[Paper],
    args: Sweep,
    console: &mut Console<'_>,
    cancel: Arc<AtomicBool>,
) -> Result<u8, Error> {
    match args.part {
        None => whole(papers, args, console, cancel),
        Some(Part::Plan(args)) => plan(papers, &args, console, &cancel),
        Some(Part::Run(args)) => run(papers, &args, console, cancel),
        Some(Part::Status(args)) => status(papers, &args, console),
        Some(Part::Merge(args)) => {
            let formats = args.formats.read()?;
            let job = PlanFile::read(&args.plan)?.job(papers)?;
            let store = Store::find(&args.out, &job)?;
            merge(&job, &store, args.partial, &formats, console)
        }
        Some(Part::Submit(args)) => super::submit::submit(papers, &args, console, cancel),
    }
}

/// The file of a study, if that is what the words name.
fn study(what: &What) -> Result<Option<PathBuf>, Error> {
    let is_file = |word: &str| {
        let path = Path::new(word);
        path.extension().is_some_and(|e| e == "toml" || e == "json") || path.is_file()
    };
    let Some(word) = what.what.iter().find(|word| is_file(word)) else {
        return Ok(None);
    };
    if what.what.len() > 1 {
        let why = format!(
            "{word}: a study is swept alone, not beside {} more",
            what.what.len() - 1
        );
        return Err(Error::Usage(why));
    }
    let idle = [
        ("--quick", what.quick),
        ("--slow", what.slow),
        ("--preset", what.preset.is_some()),
        ("--reference", what.reference.is_some()),
        ("--seed", what.seed.is_some()),
    ];
    if let Some((option, _)) = idle.iter().find(|(_, stated)| *stated) {
        let why = format!("{option}: is about artefacts; the keys of a study stand in {word}");
        return Err(Error::Usage(why));
    }
    Ok(Some(word.into()))
}

/// Reads a study and solves it once by every algorithm.
fn probed(
    papers: &[Paper],
    path: &Path,
    console: &mut Console<'_>,
    cancel: &AtomicBool,
) -> Result<Item, Error> {
    let document = Document::read(path)?;
    // Files that the document names are looked for beside it, wherever the plan is run.
    let file = std::path::absolute(path).unwrap_or_else(|_| path.into());
    let spec = Spec::read(papers, &document)?;
    for line in spec.understood() {
        tell!(console, "{line}");
    }
    let seconds = interruptible(cancel, move || spec.probe())?;
    Ok(Item::Study {
        file: file.display().to_string(),
        document: document.value,
        seconds,
    })
}

fn whole(
    papers: &[Paper],
    args: Sweep,
    console: &mut Console<'_>,
    cancel: Arc<AtomicBool>,
) -> Result<u8, Error> {
    let Some(path) = study(&args.what)? else {
        let mode = args.pace.mode();
        let What {
            what,
            quick,
            slow,
            preset,
            reference,
            seed,
        } = args.what;
        let args = Reproduce {
            what,
            list: false,
            quick,
            slow,
            preset,
            reference,
            realization: None,
            seed: seed.unwrap_or(isac_lab::DEFAULT_SEED),
            threads: args.pace.threads,
            out: args.out.unwrap_or_else(|| "results".into()),
            progress: mode,
            formats: args.formats,
        };
        return reproduce(papers, &args, console, cancel);
    };
    let formats = args.formats.read()?;
    let plan = PlanFile::new(vec![probed(papers, &path, console, &cancel)?], None);
    let job = plan.job(papers)?;
    let stem = path.file_stem().unwrap_or_default();
    let out = args.out.unwrap_or_else(|| Path::new("results").join(stem));
    let store = Store::open(&out, &job)?;
    let control = args.pace.control(cancel);
    let threads = control.threads;
    say!(
        console,
        "{}: {} solves, estimated time {} on {threads} thread{}",
        path.display(),
        job.tasks(),
        duration(job.estimate(threads)),
        if threads == 1 { "" } else { "s" },
    );
    console.out.flush().map_err(Error::Console)?;
    let way = Way {
        shard: Shard::WHOLE,
        missing: true,
        limit: None,
        control,
    };
    shown(&job, &store, &way, args.pace.mode(), console)?;
    merge(&job, &store, false, &formats, console)
}

/// Runs a shard with its progress on standard error and says what came of it.
fn shown(
    job: &Job,
    store: &Store,
    way: &Way,
    mode: Mode,
    console: &mut Console<'_>,
) -> Result<store::Ran, Error> {
    let mut display = Display::new(mode, &job.names().join(", "), console.err);
    // Seldom enough to cost nothing beside the shortest solves.
    const EVERY: Duration = Duration::from_millis(100);
    let mut last = None;
    let show = |standing: &Standing| {
        let now = clock::now();
        if standing.done == standing.total || last.is_none_or(|last| now - last > EVERY) {
            last = Some(now);
            display.show(standing);
        }
    };
    let ran = store::run(job, store, way, show);
    display.end();
    let ran = ran?;
    if ran.kept > 0 {
        say!(
            console,
            "{} of {} tasks were finished before",
            ran.kept,
            ran.tasks
        );
    }
    if ran.altered > 0 {
        let n = ran.altered;
        say!(
            console,
            "note: {n} records had been altered and were computed again"
        );
    }
    Ok(ran)
}

fn plan(
    papers: &[Paper],
    args: &PlanArgs,
    console: &mut Console<'_>,
    cancel: &AtomicBool,
) -> Result<u8, Error> {
    let items = match study(&args.what)? {
        Some(path) => vec![probed(papers, &path, console, cancel)?],
        None => artefacts(papers, &args.what)?,
    };
    let plan = PlanFile::new(items, args.shards.map(|n| n as usize));
    let job = plan.job(papers)?;
    plan.write(&args.out)?;
    say!(
        console,
        "{}: {} tasks, estimated {} of one core; written: {}",
        job.names().join(", "),
        job.tasks(),
        duration(job.estimate(1)),
        args.out.display(),
    );
    Ok(0)
}

fn artefacts(papers: &[Paper], what: &What) -> Result<Vec<Item>, Error> {
    let mut items = Vec::new();
    let mut refused = None;
    for artefact in select(papers, &what.what)? {
        let presets: Vec<&str> = match what.preset.as_deref() {
            Some("all") => artefact.presets.to_vec(),
            Some(name) if artefact.presets.contains(&name) => vec![name],
            Some(name) => {
                let known = artefact.presets.iter().copied();
                refused = Some(Error::unknown("preset", name, known));
                continue;
            }
            None => artefact.presets[..1].to_vec(),
        };
        for preset in presets {
            let size = if what.quick { Size::Quick } else { Size::Full };
            let mut request = Request::new(preset, size);
            request.slow = what.slow;
            request.seed = what.seed.unwrap_or(request.seed);
            let reference = what.reference.as_ref();
            request.reference =
                reference
                    .map(std::path::absolute)
                    .transpose()
                    .map_err(|source| Error::Unreadable {
                        file: what.reference.clone().unwrap_or_default(),
                        source,
                    })?;
            items.push(Item::Artefact {
                paper: artefact.paper.into(),
                name: artefact.name.into(),
                request,
            });
        }
    }
    match refused {
        Some(error) if items.is_empty() => Err(error),
        _ => Ok(items),
    }
}

fn run(
    papers: &[Paper],
    args: &RunArgs,
    console: &mut Console<'_>,
    cancel: Arc<AtomicBool>,
) -> Result<u8, Error> {
    let plan = PlanFile::read(&args.plan)?;
    let environment = |name: &str| std::env::var(name).ok();
    let shard = match &args.shard {
        None => Shard::WHOLE,
        Some(text) => Shard::parse(text, plan.shards, &environment)?,
    };
    let job = plan.job(papers)?;
    let store = Store::open(&args.out, &job)?;
    let way = Way {
        shard,
        missing: args.missing,
        limit: args.limit,
        control: args.pace.control(cancel),
    };
    let ran = shown(&job, &store, &way, args.pace.mode(), console)?;
    say!(
        console,
        "shard {} of {}: all {} tasks are finished{}",
        shard.index,
        shard.of,
        ran.tasks,
        match ran.broken {
            0 => String::new(),
            n => format!(", {n} of them broke down"),
        }
    );
    Ok(u8::from(ran.broken > 0))
}

fn status(papers: &[Paper], args: &StatusArgs, console: &mut Console<'_>) -> Result<u8, Error> {
    let job = PlanFile::read(&args.plan)?.job(papers)?;
    let store = Store::find(&args.out, &job)?;
    let status = store::status(&job, &store)?;
    if args.json {
        let text = serde_json::to_string_pretty(&status).unwrap_or_default();
        say!(console, "{text}");
        return Ok(0);
    }
    say!(
        console,
        "{} of {} tasks are finished, {} broke down, {} are missing; {} logs, {} altered records",
        status.finished,
        status.tasks,
        status.broken,
        status.missing,
        status.logs,
        status.altered,
    );
    Ok(0)
}
