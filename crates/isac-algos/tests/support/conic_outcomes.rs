//! What the conic engine says of every program that an algorithm solves.

use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::with_default;
use tracing::{Event, Metadata, Subscriber};

/// Verdict and largest DIMACS error.
#[derive(Debug, Clone, Default)]
pub(crate) struct Verdict {
    pub(crate) name: String,
    pub(crate) worst: Option<f64>,
}

/// The verdicts on all programs solved by `run`.
pub(crate) fn outcomes(run: impl FnOnce()) -> Vec<Verdict> {
    let seen = Arc::new(Mutex::new(Vec::new()));
    with_default(Collector(seen.clone()), run);
    let list = seen.lock().unwrap();
    list.clone()
}

/// Asserts that `run` solves at least `count` programs, each to `1e-8`.
pub(crate) fn all_are_solved_to_eight_digits(count: usize, run: impl FnOnce()) {
    let all = outcomes(run);
    assert!(all.len() >= count, "{} programs", all.len());
    for verdict in &all {
        let fine = verdict.name == "solved" && verdict.worst.is_some_and(|worst| worst <= 1e-8);
        assert!(fine, "{verdict:?}");
    }
}

struct Collector(Arc<Mutex<Vec<Verdict>>>);

impl Subscriber for Collector {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "isac_conic::driver"
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        let mut verdict = Verdict::default();
        event.record(&mut verdict);
        self.0.lock().unwrap().push(verdict);
    }
}

impl Visit for Verdict {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "verdict" {
            self.name = value.into();
        }
    }
    fn record_f64(&mut self, field: &Field, value: f64) {
        if field.name() == "worst" {
            self.worst = Some(value);
        }
    }
    fn record_debug(&mut self, _: &Field, _: &dyn Debug) {}
}
