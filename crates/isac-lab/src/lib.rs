//! Monte Carlo artefacts, from plan to folder: records, verdicts, documents, files in and out. Knows no
//! paper and no formula.
//!
//! A paper gives the lab [`Artefact`]s (figures, panels, tables). Each plans independent
//! [`Task`]s; the lab runs them on several threads, keeps what is finished, and hands the
//! [`Records`] back to the paper, which returns a [`Report`]: the figure, the table of published
//! against our numbers, the claims with their verdicts, and the grade.
//!
//! | module | what it holds |
//! |---|---|
//! | [`artefact`] | artefacts, plans, tasks |
//! | [`records`], [`report`] | what tasks found, and what a paper makes of it |
//! | [`curves`] | curves of a figure from records |
//! | [`paper`] | a paper as the lab sees it |
//! | [`document`] | JSON and TOML input, read strictly |
//! | [`judge`] | beams of a user's own under a problem |
//! | [`mod@attach`] | arrays of a document that stand in files of their own |
//! | [`files`] | arrays in `.mat`, `.npy`, `.npz` and HDF5 files |
//! | [`export`], [`table`] | results for other programs |
//! | [`scenario`], [`schema`] | a table of physics with defaults; JSON Schema of documents |
//! | [`check`] | comparison of stated with recomputed values |
//! | [`solve`] | the report of `isac solve` |
//! | [`proof`] | what a verifier of proofs says, and whether boxes cover a domain |
//! | [`mod@run`], [`reproduce`], [`folder`], [`journal`], [`output`], [`write`](mod@write) | the Monte Carlo run, one artefact from plan to folder, its folder, finished tasks on disk, its files |
//! | [`mod@reference`], [`published`] | CSV files read strictly; published numbers as such a file, set beside ours |
//! | [`sweep`], [`explain`] | studies of a user's own, artefacts in parts; keys of scenarios in words |
//! | [`page`] | results as one page to show |
//! | [`stress`] | random instances, every verdict verified again |
//! | [`verdict`] | the one rule by which claims are decided |
//! | [`stats`] | means, intervals, percentiles |
//!
//! ```
//! use isac_lab::curves::mean_curve;
//! use isac_lab::{Record, Records};
//! use isac_plot::figure::{Axis, Panel, Style};
//! // Two realisations at one place give a mean and, where there are five, an interval.
//! let rows = [1.0, 3.0].iter().enumerate();
//! let rows = rows.map(|(r, v)| Record::exact("ours", 10.0, r, vec![*v])).collect();
//! let records = Records { rows, ..Records::default() };
//! let mut panel = Panel::new("", Axis::new("Power (dBm)"), Axis::new("Rate"));
//! mean_curve(&mut panel, "ours", &records, "ours", 0, Style::curve(0));
//! assert_eq!(records.curve("ours", 0)[0].1.mean, 2.0);
//! ```

pub mod artefact;
pub mod attach;
pub mod bench;
pub mod check;
pub mod clock;
pub mod curves;
pub mod document;
pub mod error;
pub mod explain;
pub mod export;
pub mod files;
pub mod folder;
pub mod journal;
pub mod judge;
pub mod output;
pub mod page;
pub mod paper;
pub mod proof;
pub mod published;
pub mod records;
pub mod reference;
pub mod report;
pub mod reproduce;
pub mod run;
pub mod scenario;
pub mod schema;
pub mod solve;
pub mod spread;
pub mod stats;
pub mod stress;
mod strict_json;
pub mod sweep;
pub mod table;
pub mod verdict;
pub mod write;

pub use artefact::{Artefact, Metric, Plan, Request, Size, Task};
pub use error::Error;
pub use paper::Paper;
pub use records::{Record, Records, TaskOutput};
pub use report::{Compared, Grade, Report, Timing};
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
