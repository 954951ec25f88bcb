//! The one place that reads the clock.

use std::time::Instant;

/// Runs `f` and measures its wall time in seconds.
pub fn timed<T>(f: impl FnOnce() -> T) -> (T, f64) {
    let start = now();
    let result = f();
    (result, start.elapsed().as_secs_f64())
}

/// The present moment.
#[expect(
    clippy::disallowed_methods,
    reason = "the lab measures times from outside the libraries"
)]
pub fn now() -> Instant {
    Instant::now()
}
