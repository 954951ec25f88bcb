//! Work without the interpreter's lock: other Python threads go on, Ctrl-C is heard, and a panic
//! becomes an exception.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::time::Duration;

use pyo3::prelude::*;

use crate::errors;

/// How often signals are looked for.
const POLL: Duration = Duration::from_millis(20);
/// The stack that the program itself gives its solvers.
const STACK: usize = 16 << 20;

/// Runs long work on a thread of its own and listens for signals meanwhile. After one the thread ends by
/// itself, its result unseen.
pub(crate) fn apart<T: Send + 'static>(
    py: Python<'_>,
    work: impl FnOnce() -> T + Send + 'static,
) -> PyResult<T> {
    let (sender, receiver) = mpsc::channel();
    let work = move || {
        let _ = sender.send(catch_unwind(AssertUnwindSafe(work)));
    };
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(work);
    thread.map_err(|error| errors::internal(py, &error.to_string()))?;
    let mut receiver = receiver;
    loop {
        let (answer, back) = py.detach(move || (receiver.recv_timeout(POLL), receiver));
        receiver = back;
        match answer {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(panic)) => return Err(errors::panicked(py, panic.as_ref())),
            Err(mpsc::RecvTimeoutError::Timeout) => py.check_signals()?,
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                return Err(errors::internal(py, "the work ended without an answer"));
            }
        }
    }
}

/// Runs short work here.
pub(crate) fn here<T: Send>(py: Python<'_>, work: impl FnOnce() -> T + Send) -> PyResult<T> {
    py.detach(|| catch_unwind(AssertUnwindSafe(work)))
        .map_err(|panic| errors::panicked(py, panic.as_ref()))
}
