//! The binary `isac`: see `isac --help` and `docs/cli.md`.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use isac::cli::{self, Console};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// Exit code after an interruption.
const INTERRUPTED: u8 = 130;

/// How long an orderly stop may take. Tasks in hand get two seconds; what is finished is on disk.
const GRACE: Duration = Duration::from_secs(4);

fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    let cancel = stop_signals();
    let (mut out, mut err) = (std::io::stdout(), std::io::stderr());
    let mut console = Console {
        out: &mut out,
        err: &mut err,
    };
    let papers = isac::papers::all();
    ExitCode::from(cli::main(
        std::env::args_os(),
        &papers,
        &mut console,
        cancel,
    ))
}

/// A flag that Ctrl-C and SIGTERM set: the first asks for an orderly stop, the second ends the
/// program at once, and so does the end of [`GRACE`] (a write to a pipe that nobody reads, say).
fn stop_signals() -> Arc<AtomicBool> {
    let cancel = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        // In this order: the flag is looked at before it is set. Without handlers the system's own
        // end the program.
        let code = i32::from(INTERRUPTED);
        let _ = flag::register_conditional_shutdown(signal, code, Arc::clone(&cancel));
        let _ = flag::register(signal, Arc::clone(&cancel));
    }
    let seen = Arc::clone(&cancel);
    std::thread::spawn(move || {
        while !seen.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(200));
        }
        std::thread::sleep(GRACE);
        std::process::exit(i32::from(INTERRUPTED));
    });
    cancel
}
