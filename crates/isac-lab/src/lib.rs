//! Scenarios, Monte Carlo, figures and the binary `isac`.
//!
//! A paper gives the lab [`Artefact`]s (figures, panels, tables). Each plans independent
//! [`Task`]s; the lab runs them on several threads, keeps what is finished, and hands the
//! [`Records`] back to the paper, which returns a [`Report`]: the figure, the table of published
//! against our numbers, the claims with their verdicts, and the grade.
//!
//! | module | what it holds |
//! |---|---|
//! | [`artefact`] | artefacts, plans, tasks, records, reports |
//! | [`figure`] | what a figure shows, as data |
//! | [`document`] | JSON and TOML input, read strictly |
//! | [`check`] | comparison of stated with recomputed values |
//! | [`solve`] | the report of `isac solve` |
//! | [`reference`] | published numbers in CSV files |
//! | [`stats`] | means, intervals, percentiles |
//! | [`papers`] | the four papers |

pub mod artefact;
pub mod check;
pub mod clock;
pub mod document;
pub mod error;
pub mod figure;
pub mod papers;
pub mod reference;
pub mod solve;
pub mod stats;

pub use artefact::{
    Artefact, Claim, Compared, Grade, Metric, Plan, Record, Records, Report, Request, Size, Task,
    TaskOutput, Timing, Verdict,
};
pub use error::Error;

/// Seed of a run when none is given.
pub const DEFAULT_SEED: u64 = 1;

/// Versions of our crates, by name.
pub fn versions() -> std::collections::BTreeMap<String, String> {
    // All crates of the workspace share one version.
    ["isac-lab", "isac-algos", "isac-opt"]
        .into_iter()
        .map(|name| (name.to_string(), env!("CARGO_PKG_VERSION").to_string()))
        .collect()
}
