//! The binary `isac`: see `isac --help` and `docs/cli.md`.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use isac_lab::cli::{self, Console};

fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    let cancel = Arc::new(AtomicBool::new(false));
    let flag = cancel.clone();
    // The first Ctrl-C asks for a clean stop, the second ends the program at once. Without a
    // handler the system's own does the latter.
    let _ = ctrlc::set_handler(move || {
        if flag.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    });
    let (mut out, mut err) = (std::io::stdout(), std::io::stderr());
    let mut console = Console {
        out: &mut out,
        err: &mut err,
    };
    let papers = isac_lab::papers::all();
    ExitCode::from(cli::main(
        std::env::args_os(),
        &papers,
        &mut console,
        cancel,
    ))
}
