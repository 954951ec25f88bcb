//! `isac sweep submit`: shards as processes of this machine, as an array of HyperQueue or of Slurm, as tasks of
//! HyperQueue's Python module.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::{Console, cluster, say, tell};
use isac_lab::error::Error;
use isac_lab::paper::Paper;
use isac_lab::run::Control;
use isac_lab::sweep::plan::PlanFile;
use isac_lab::sweep::shard::time;
use isac_lab::sweep::store::Store;
use isac_lab::sweep::submit::{Submission, quoted};
use isac_lab::write::write_file;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Engine {
    /// Processes on this machine, as many at a time as there are cores; merges at the end
    Local,
    /// `hq submit --array`; without that program the Python module `hyperqueue` with two workers on this
    /// machine, which merges at the end
    Hyperqueue,
    /// `sbatch --array`
    Slurm,
}

#[derive(Debug, Args)]
pub(super) struct SubmitArgs {
    /// A plan
    plan: PathBuf,
    /// Folder for results
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Who runs the shards
    #[arg(long, value_enum, default_value = "local")]
    engine: Engine,
    /// How many shards; those of the plan, otherwise as many as there are cores
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    shards: Option<u32>,
    /// Threads of a shard
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    threads: u16,
    /// Time of a shard, such as 55min
    #[arg(long = "for", value_name = "TIME", value_parser = time)]
    limit: Option<Duration>,
    /// Print what would be called and stop
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    formats: super::Formats,
}

pub(super) fn submit(
    papers: &[Paper],
    args: &SubmitArgs,
    console: &mut Console<'_>,
    cancel: Arc<AtomicBool>,
) -> Result<u8, Error> {
    let formats = args.formats.read()?;
    let hq = on_path("hq");
    let python = match args.engine {
        Engine::Hyperqueue if !hq => cluster::interpreter(),
        Engine::Hyperqueue | Engine::Local | Engine::Slurm => None,
    };
    if !formats.is_empty() && args.engine != Engine::Local && python.is_none() {
        let why = "--format: is for the merge, which this engine leaves to you: `isac sweep merge --format`";
        return Err(Error::Usage(why.into()));
    }
    let plan = PlanFile::read(&args.plan)?;
    let job = plan.job(papers)?;
    let cores = Control::default().threads;
    let shards = args.shards.map(|n| n as usize).or(plan.shards);
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.into());
    let program = std::env::current_exe().map_err(|source| Error::Unreadable {
        file: "the program itself".into(),
        source,
    })?;
    let (plan, out) = (absolute(&args.plan), absolute(&args.out));
    let submission = Submission {
        program: &program,
        plan: &plan,
        out: &out,
        shards: shards.unwrap_or(cores),
        threads: usize::from(args.threads),
        limit: args.limit,
    };
    let call: Vec<String> = match args.engine {
        Engine::Local => submission.words(&format!("I/{}", submission.shards)),
        Engine::Hyperqueue => submission.hyperqueue(),
        Engine::Slurm => vec!["sbatch".into(), out.join("submit.sh").display().to_string()],
    };
    if args.dry_run {
        if args.engine == Engine::Slurm {
            write!(console.out, "{}", submission.slurm()).map_err(Error::Console)?;
        }
        let call: Vec<String> = call.iter().map(|word| quoted(word)).collect();
        say!(console, "# {}", call.join(" "));
        if python.is_some() {
            let why = "`hq` is not installed here: the Python module would run the shards on this machine";
            say!(console, "# {why}");
        }
        return Ok(0);
    }
    match (args.engine, python) {
        (Engine::Local, python) | (Engine::Hyperqueue, python @ Some(_)) => {
            let store = Store::open(&out, &job)?;
            let code = match python {
                None => processes(&submission, cores, console, &cancel)?,
                Some(python) => {
                    tell!(
                        console,
                        "`hq` is not installed: two workers of the Python module"
                    );
                    cluster::run(&python, &submission, cores, &cancel)?
                }
            };
            match code {
                0 => super::merge::merge(&job, &store, false, &formats, console),
                code => Ok(code),
            }
        }
        (Engine::Hyperqueue | Engine::Slurm, _) => {
            // HyperQueue has a module too, which was looked for above.
            let also = match args.engine {
                Engine::Hyperqueue => ", nor is the Python module `hyperqueue`",
                Engine::Slurm | Engine::Local => "",
            };
            installed(&call[0], also)?;
            Store::open(&out, &job)?;
            if args.engine == Engine::Slurm {
                write_file(&out.join("submit.sh"), submission.slurm().as_bytes())?;
            }
            hand_over(&call, console)
        }
    }
}

/// Whether a folder of `PATH` holds a program.
fn on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// Refuses an engine whose program is not there; `also` says what else is not.
fn installed(program: &str, also: &str) -> Result<(), Error> {
    if on_path(program) {
        return Ok(());
    }
    Err(Error::Usage(format!(
        "--engine: the program `{program}` is not installed here{also}; --dry-run prints the call, \
         --engine local needs nothing"
    )))
}

fn hand_over(call: &[String], console: &mut Console<'_>) -> Result<u8, Error> {
    let failed = |why: String| Error::Usage(format!("{}: {why}", call[0]));
    let ran = Command::new(&call[0]).args(&call[1..]).output();
    let ran = ran.map_err(|e| failed(e.to_string()))?;
    write!(console.out, "{}", String::from_utf8_lossy(&ran.stdout)).map_err(Error::Console)?;
    if !ran.status.success() {
        let why = String::from_utf8_lossy(&ran.stderr);
        return Err(failed(format!("{}: {}", ran.status, why.trim())));
    }
    say!(
        console,
        "handed over; `isac sweep status` says how far it is, `merge` ends it"
    );
    Ok(0)
}

/// Runs every shard as a process of its own and returns the worst exit code.
fn processes(
    submission: &Submission<'_>,
    cores: usize,
    console: &mut Console<'_>,
    cancel: &AtomicBool,
) -> Result<u8, Error> {
    const POLL: Duration = Duration::from_millis(20);
    let at_once = (cores / submission.threads).max(1);
    let mut left = 1..=submission.shards;
    let mut running: Vec<(usize, Child)> = Vec::new();
    let mut code = 0;
    loop {
        while running.len() < at_once && !cancel.load(Ordering::Relaxed) {
            let Some(index) = left.next() else { break };
            let words = submission.words(&format!("{index}/{}", submission.shards));
            let mut command = Command::new(&words[0]);
            command.args(&words[1..]).args(["--progress", "none"]);
            let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn();
            let child = child.map_err(|e| Error::Usage(format!("shard {index}: {e}")))?;
            running.push((index, child));
        }
        if running.is_empty() {
            break;
        }
        std::thread::sleep(POLL);
        let mut still = Vec::new();
        for (index, mut child) in running {
            let status = child.try_wait();
            match status.map_err(|e| Error::Usage(format!("shard {index}: {e}")))? {
                None => still.push((index, child)),
                Some(status) if status.success() => {}
                Some(status) => {
                    tell!(console, "shard {index}: {status}");
                    // Killed by a signal: what it finished is kept.
                    let worst = status.code().map_or(130, |c| u8::try_from(c).unwrap_or(1));
                    code = code.max(worst);
                }
            }
        }
        running = still;
    }
    if cancel.load(Ordering::Relaxed) {
        return Err(Error::Cancelled);
    }
    Ok(code)
}
