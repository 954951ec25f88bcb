//! What the benches of the workspace share: instances with fixed seeds, and naive twins that do the
//! same work as published code does.
//!
//! Criterion benches stand in `benches/*.rs`, one file per layer, with ids that name the sizes. The
//! programs in `examples/` measure what is not one call: times to an objective, scaling, memory.
//! `docs/performance.md` says which command made which number.

pub mod instances;
pub mod twin;

/// CPU time of this thread in seconds, from some origin: on a shared machine wall-clock time says
/// more about the others. Where the system does not tell (`/proc/thread-self/schedstat` of Linux),
/// wall-clock time.
#[expect(clippy::disallowed_methods, reason = "a clock for measuring programs")]
pub fn cpu_seconds() -> f64 {
    use std::{sync::OnceLock, time::Instant};
    static ORIGIN: OnceLock<Instant> = OnceLock::new();
    let running = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = running.and_then(|text| text.split(' ').next()?.parse::<f64>().ok());
    match nanoseconds {
        Some(ns) if ns > 0.0 => 1e-9 * ns,
        _ => ORIGIN.get_or_init(Instant::now).elapsed().as_secs_f64(),
    }
}
