//! What a paper gives the lab: artefacts (figures, panels, tables), each of which plans its work as
//! independent tasks and turns the finished records into a report.
//!
//! ```text
//! Artefact --plan(Request)--> Plan { tasks, finish } --run--> Records --finish--> Report
//! ```
//! A task must depend on nothing but the request (its random streams on `Request::seed` and its own
//! realisation), so that results are the same for any number of threads and any order.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Source};
use crate::records::{Record, Records, TaskOutput};
use crate::report::Report;

/// A figure, a panel of one, or a table of a paper.
#[derive(Debug, Clone, Copy)]
pub struct Artefact {
    /// Key of the paper, such as `obs_crlb`.
    pub paper: &'static str,
    /// `fig3`, `fig3a` for a panel, or `table1`.
    pub name: &'static str,
    /// One line for `--list`.
    pub title: &'static str,
    /// Presets, the default first; never empty.
    pub presets: &'static [&'static str],
    /// Plans the work.
    pub plan: fn(&Request) -> Result<Plan, Error>,
}

/// How much work to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Size {
    /// About a minute.
    Quick,
    /// As in the paper.
    Full,
}

/// What the user asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// One of the artefact's presets.
    pub preset: String,
    /// Quick or full.
    pub size: Size,
    /// Run algorithms marked slow on every realisation, not on the stated subset.
    pub slow: bool,
    /// Folder with published data.
    pub reference: Option<PathBuf>,
    /// Only this realisation.
    pub realization: Option<usize>,
    /// Seed of every random stream.
    pub seed: u64,
}

impl Request {
    /// A quick or full request for a preset with the default seed.
    pub fn new(preset: &str, size: Size) -> Self {
        Self {
            preset: preset.into(),
            size,
            slow: false,
            reference: None,
            realization: None,
            seed: crate::DEFAULT_SEED,
        }
    }

    /// `full` or `quick`, whichever the size asks for.
    pub fn pick<T>(&self, full: T, quick: T) -> T {
        match self.size {
            Size::Full => full,
            Size::Quick => quick,
        }
    }

    /// Realisations to run: `0..full`, `0..quick`, or the single one asked for.
    ///
    /// # Errors
    /// [`Error::Usage`] if the single one is not below `full`.
    pub fn realizations(&self, full: usize, quick: usize) -> Result<Vec<usize>, Error> {
        match self.realization {
            None => Ok((0..self.pick(full, quick)).collect()),
            Some(i) if i < full => Ok(vec![i]),
            Some(i) => Err(Error::Usage(format!(
                "--realization {i}: expected a number from 0 to {}",
                full - 1
            ))),
        }
    }
}

/// A named quantity: a column of the result files and a label of an axis.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Metric {
    /// Column name, `[a-z0-9_]+`, such as `sum_rate_nats`.
    pub key: String,
    /// Axis label without unit, such as `Sum rate`.
    pub label: String,
    /// Unit, such as `nats/s/Hz`; empty for none.
    pub unit: String,
}

impl Metric {
    /// From key, label and unit.
    pub fn new(key: &str, label: &str, unit: &str) -> Self {
        Self {
            key: key.into(),
            label: label.into(),
            unit: unit.into(),
        }
    }

    /// `Label (unit)`, or the label alone.
    pub fn title(&self) -> String {
        match self.unit.as_str() {
            "" => self.label.clone(),
            unit => format!("{} ({unit})", self.label),
        }
    }
}

/// The planned work of an artefact.
pub struct Plan {
    /// What `Record::x` means.
    pub x: Metric,
    /// What the entries of `Record::metrics` mean.
    pub metrics: Vec<Metric>,
    /// Independent pieces of work. Results do not depend on the order they run in.
    pub tasks: Vec<Task>,
    /// Assumptions and deviations the user should know before the run, one line each.
    pub notes: Vec<String>,
    /// What was simulated, in full, for `meta.json`: sizes, powers, sources of channels.
    pub scenario: serde_json::Value,
    /// Turns all records into the report. Pure: must not read [`Record::seconds`] for anything but
    /// [`Report::timing`], and must not use the clock or ambient randomness.
    pub finish: Box<dyn Fn(&Records) -> Result<Report, Error> + Send + Sync>,
}

impl std::fmt::Debug for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plan")
            .field("x", &self.x)
            .field("metrics", &self.metrics)
            .field("tasks", &self.tasks.len())
            .finish_non_exhaustive()
    }
}

/// One independent piece of work: one realisation, one sweep along x, one curve.
pub struct Task {
    /// Stable and unique within the plan, such as `r017/sdr`. An interrupted run is taken up by it.
    pub id: String,
    /// Curve the progress display counts it under, such as `Algorithm 1`.
    pub curve: String,
    /// Rough seconds on one core, for the estimate printed first.
    pub seconds: f64,
    /// Realisations it covers, for the progress display; 1 unless [`Task::covering`] says otherwise.
    pub realizations: usize,
    /// Does it. Realisations that fail are records too ([`Record::failed`]); an `Err` says that the
    /// whole task broke down: it is counted, shown, and makes the run end with exit code 1.
    pub run: Box<dyn Fn() -> Result<TaskOutput, Source> + Send + Sync>,
}

impl Task {
    /// A task that yields records only.
    pub fn records(
        id: impl Into<String>,
        curve: impl Into<String>,
        seconds: f64,
        run: impl Fn() -> Result<Vec<Record>, Source> + Send + Sync + 'static,
    ) -> Self {
        Self {
            id: id.into(),
            curve: curve.into(),
            seconds,
            realizations: 1,
            run: Box::new(move || {
                run().map(|records| TaskOutput {
                    records,
                    data: serde_json::Value::Null,
                })
            }),
        }
    }

    /// A task that yields records and data for drawing, such as a beampattern or a scene.
    pub fn with_data(
        id: impl Into<String>,
        curve: impl Into<String>,
        seconds: f64,
        run: impl Fn() -> Result<TaskOutput, Source> + Send + Sync + 'static,
    ) -> Self {
        Self {
            id: id.into(),
            curve: curve.into(),
            seconds,
            realizations: 1,
            run: Box::new(run),
        }
    }

    /// The same, counted as so many realisations.
    pub fn covering(mut self, realizations: usize) -> Self {
        self.realizations = realizations;
        self
    }
}

impl std::fmt::Debug for Task {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Task")
            .field("id", &self.id)
            .field("curve", &self.curve)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_realisation_is_checked() {
        let mut request = Request::new("default", Size::Quick);
        assert_eq!(request.realizations(100, 3).unwrap(), [0, 1, 2]);
        request.realization = Some(17);
        assert_eq!(request.realizations(100, 3).unwrap(), [17]);
        request.realization = Some(100);
        assert_eq!(request.realizations(100, 3).unwrap_err().exit_code(), 2);
    }
}
