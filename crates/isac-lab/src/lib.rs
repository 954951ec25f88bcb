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
//! | [`mod@run`], [`reproduce`], [`folder`], [`output`] | the Monte Carlo run, one artefact from plan to folder, its folder, its files |
//! | [`render`] | figures to SVG and PNG |
//! | [`sdp`] | semidefinite programs in SDPA format |
//! | [`cli`] | the command line |
//! | [`readers`] | every input format behind one function each |
//! | [`mod@reference`] | published numbers in CSV files |
//! | [`stress`] | random instances, every verdict verified again |
//! | [`verdict`] | the one rule by which claims are decided |
//! | [`stats`] | means, intervals, percentiles |
//! | [`papers`] | the four papers |
//!
//! ```
//! use isac_lab::{Request, Size, papers};
//! // Every artefact of every paper, and how much work one of them plans.
//! let papers = papers::all();
//! let fig7 = papers[0].artefacts.iter().find(|a| a.name == "fig7").ok_or("no such figure")?;
//! let prepared = isac_lab::reproduce::prepare(fig7, &Request::new("released", Size::Quick))?;
//! assert!(prepared.tasks() > 0 && prepared.estimate(2) > 0.0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod artefact;
pub mod check;
pub mod cli;
pub mod clock;
pub mod document;
pub mod error;
pub mod figure;
pub mod folder;
pub mod output;
pub mod papers;
mod progress;
pub mod readers;
pub mod reference;
pub mod render;
pub mod reproduce;
pub mod run;
pub mod sdp;
pub mod solve;
pub mod stats;
pub mod stress;
mod strict_json;
pub mod verdict;
mod write;

pub use artefact::{
    Artefact, Compared, Grade, Metric, Plan, Record, Records, Report, Request, Size, Task,
    TaskOutput, Timing,
};
pub use error::Error;
pub use reproduce::{Done, Settings, run};
pub use verdict::{Claim, Ruling, Side, Verdict};

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

/// The revision that the program was built from: the hash of a commit, with `-dirty` behind it where
/// sources differed from it; `unknown` for a packaged crate and where git was not at hand.
pub fn revision() -> &'static str {
    env!("ISAC_REVISION")
}

/// The README's example compiles and runs.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
pub struct Readme;
