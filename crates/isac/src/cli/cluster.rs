//! HyperQueue without its program `hq`: the Python module of the same name holds a server and workers, and a
//! cluster of two workers runs the shards on this machine.

use std::ffi::OsString;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::json;

use isac_lab::clock;
use isac_lab::error::Error;
use isac_lab::sweep::submit::Submission;

/// What the interpreter runs.
const SCRIPT: &str = include_str!("cluster.py");
/// Workers in it.
const WORKERS: usize = 2;
/// How long the cluster may take to end its tasks after Ctrl-C.
const PATIENCE: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(20);

/// The interpreter that `PYTHON` names, or `python3`, where it has the module.
pub(super) fn interpreter() -> Option<OsString> {
    let python = std::env::var_os("PYTHON").unwrap_or_else(|| "python3".into());
    let mut command = Command::new(&python);
    command
        .args(["-c", "import hyperqueue"])
        .stdin(Stdio::null());
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    status
        .is_ok_and(|status| status.success())
        .then_some(python)
}

/// Runs every shard as a task of the cluster; 0 where all are finished. The cluster ends when this process
/// does: it holds the other end of a pipe.
pub(super) fn run(
    python: &OsString,
    submission: &Submission<'_>,
    cores: usize,
    cancel: &AtomicBool,
) -> Result<u8, Error> {
    let mut words = submission.words("I/N");
    words.extend(["--progress", "none"].map(String::from));
    let given = json!({
        "words": words,
        "of": submission.shards,
        "threads": submission.threads,
        "cores": (cores / WORKERS).max(submission.threads),
        "log": submission.out.join("log"),
    });
    let failed = |e: std::io::Error| Error::Usage(format!("{}: {e}", python.to_string_lossy()));
    let mut command = Command::new(python);
    command.args(["-c", SCRIPT]).stdin(Stdio::piped());
    let mut cluster = command.stdout(Stdio::null()).spawn().map_err(failed)?;
    let mut line = cluster.stdin.take();
    if let Some(line) = &mut line {
        writeln!(line, "{given}").map_err(failed)?;
    }
    let mut asked = None;
    loop {
        if let Some(status) = cluster.try_wait().map_err(failed)? {
            if asked.is_some() {
                return Err(Error::Cancelled);
            }
            return Ok(u8::from(!status.success()));
        }
        if cancel.load(Ordering::Relaxed) {
            drop(line.take());
            let since = *asked.get_or_insert_with(clock::now);
            if since.elapsed() > PATIENCE {
                cluster.kill().map_err(failed)?;
            }
        }
        std::thread::sleep(POLL);
    }
}
