//! Work without the interpreter's lock: other Python threads go on, Ctrl-C is heard, and a panic
//! becomes an exception.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use pyo3::prelude::*;

use crate::errors;

/// How often signals are looked for.
const POLL: Duration = Duration::from_millis(20);
/// The stack that the program itself gives its solvers.
const STACK: usize = 16 << 20;

/// Part of a time limit after which work that can end early is asked to, as by the program.
const SEARCH: f64 = 0.8;

/// A time limit as Python gives it, in seconds.
pub(crate) fn limit(py: Python<'_>, seconds: Option<f64>) -> PyResult<Option<Duration>> {
    match seconds {
        None => Ok(None),
        Some(seconds) if seconds > 0.0 && seconds <= 1e9 => {
            Ok(Some(Duration::from_secs_f64(seconds)))
        }
        Some(seconds) => {
            let expected = "seconds above 0, at most 1e9";
            Err(errors::input(
                py,
                "time_limit",
                &seconds.to_string(),
                expected,
            ))
        }
    }
}

/// Runs long work on a thread of its own and listens for signals meanwhile. After one the thread ends by
/// itself, its result unseen.
pub(crate) fn apart<T: Send + 'static>(
    py: Python<'_>,
    work: impl FnOnce() -> T + Send + 'static,
) -> PyResult<T> {
    let found = within(py, None, &AtomicBool::new(false), work)?;
    found.ok_or_else(|| errors::internal(py, "work without a limit reached one"))
}

/// The same within a time, `None` where it was not enough. `stop` is set near the end of it and where
/// nobody waits any longer.
pub(crate) fn within<T: Send + 'static>(
    py: Python<'_>,
    limit: Option<Duration>,
    stop: &AtomicBool,
    work: impl FnOnce() -> T + Send + 'static,
) -> PyResult<Option<T>> {
    let (sender, receiver) = mpsc::channel();
    let work = move || {
        let _ = sender.send(catch_unwind(AssertUnwindSafe(work)));
    };
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(work);
    thread.map_err(|error| errors::internal(py, &error.to_string()))?;
    let mut receiver = receiver;
    // Counted in polls: the time of the work alone, without a clock.
    let mut waited = Duration::ZERO;
    loop {
        let (answer, back) = py.detach(move || (receiver.recv_timeout(POLL), receiver));
        receiver = back;
        waited += POLL;
        match answer {
            Ok(Ok(value)) => return Ok(Some(value)),
            Ok(Err(panic)) => return Err(errors::panicked(py, panic.as_ref())),
            Err(mpsc::RecvTimeoutError::Timeout) => {
                if limit.is_some_and(|limit| waited >= limit.mul_f64(SEARCH)) {
                    stop.store(true, Ordering::Relaxed);
                }
                py.check_signals()
                    .inspect_err(|_| stop.store(true, Ordering::Relaxed))?;
                if limit.is_some_and(|limit| waited >= limit) {
                    return Ok(None);
                }
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                return Err(errors::internal(py, "the work ended without an answer"));
            }
        }
    }
}

/// [`within`] for work that asks whether to stop.
pub(crate) fn stopped_at<T: Send + 'static>(
    py: Python<'_>,
    limit: Option<Duration>,
    work: impl FnOnce(&dyn Fn() -> bool) -> T + Send + 'static,
) -> PyResult<Option<T>> {
    let stop = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&stop);
    within(py, limit, &stop, move || {
        work(&|| asked.load(Ordering::Relaxed))
    })
}

/// Runs short work here.
pub(crate) fn here<T: Send>(py: Python<'_>, work: impl FnOnce() -> T + Send) -> PyResult<T> {
    py.detach(|| catch_unwind(AssertUnwindSafe(work)))
        .map_err(|panic| errors::panicked(py, panic.as_ref()))
}
