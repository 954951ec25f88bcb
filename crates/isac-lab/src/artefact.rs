//! What a paper gives the lab: artefacts (figures, panels, tables), each of which plans its work as
//! independent tasks and turns the finished records into a report.
//!
//! ```text
//! Artefact --plan(Request)--> Plan { tasks, finish } --run--> Records --finish--> Report
//! ```
//! A task must depend on nothing but the request (its random streams on `Request::seed` and its own
//! realisation), so that results are the same for any number of threads and any order.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Source};
use crate::figure::Figure;
use crate::stats::Summary;
use crate::verdict::Claim;

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

/// What a task found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskOutput {
    /// Rows of `per_realization.csv`.
    pub records: Vec<Record>,
    /// Anything else `finish` needs, such as arrays to draw; [`Records::data`] gives it back by
    /// task id. No times, no NaN in it.
    #[serde(default)]
    pub data: serde_json::Value,
}

/// One algorithm on one realisation at one x: a row of `per_realization.csv`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Name of the curve, such as `algorithm1`.
    pub algorithm: String,
    /// Position on the x axis.
    #[serde(with = "crate::stats::any_float")]
    pub x: f64,
    /// Index of the channel draw.
    pub realization: usize,
    /// Why the algorithm stopped, such as `tolerance`; the failure's text for a failed one.
    pub stop_reason: String,
    /// Whether that counts as converged.
    pub converged: bool,
    /// No answer: kept and counted, left out of means.
    pub failed: bool,
    /// One value per metric of the plan; NaN where it has none.
    #[serde(with = "crate::stats::any_floats")]
    pub metrics: Vec<f64>,
    /// Wall time of the algorithm alone where the task measured it with [`crate::clock::timed`];
    /// otherwise an equal share of the task's time. Goes to `timing.csv` alone.
    #[serde(default)]
    pub seconds: Option<f64>,
}

impl Record {
    /// A finished realisation.
    pub fn new(
        algorithm: impl Into<String>,
        x: f64,
        realization: usize,
        stopped: isac_opt::StopReason,
        metrics: Vec<f64>,
    ) -> Self {
        Self {
            algorithm: algorithm.into(),
            x,
            realization,
            stop_reason: stopped.name().into(),
            converged: stopped.converged(),
            failed: false,
            metrics,
            seconds: None,
        }
    }

    /// A value computed in closed form or read: nothing iterated.
    pub fn exact(
        algorithm: impl Into<String>,
        x: f64,
        realization: usize,
        metrics: Vec<f64>,
    ) -> Self {
        Self {
            algorithm: algorithm.into(),
            x,
            realization,
            stop_reason: "closed_form".into(),
            converged: true,
            failed: false,
            metrics,
            seconds: None,
        }
    }

    /// A realisation without an answer, such as a certified infeasible one; `why` goes to the
    /// column `stop_reason`.
    pub fn failed(
        algorithm: impl Into<String>,
        x: f64,
        realization: usize,
        why: impl Into<String>,
    ) -> Self {
        Self {
            algorithm: algorithm.into(),
            x,
            realization,
            stop_reason: why.into(),
            converged: false,
            failed: true,
            metrics: Vec::new(),
            seconds: None,
        }
    }

    /// The same with the wall time of the algorithm.
    pub fn timed(mut self, seconds: f64) -> Self {
        self.seconds = Some(seconds);
        self
    }
}

/// All records of a run, in task order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Records {
    /// The rows.
    pub rows: Vec<Record>,
    /// What tasks left besides, by task id.
    pub data: BTreeMap<String, serde_json::Value>,
    /// Tasks that broke down: id and text.
    pub broken: Vec<(String, String)>,
}

impl Records {
    /// Algorithms in the order of first appearance.
    pub fn algorithms(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for row in &self.rows {
            if !names.contains(&row.algorithm.as_str()) {
                names.push(&row.algorithm);
            }
        }
        names
    }

    /// The x values of an algorithm, ascending, each once.
    pub fn xs(&self, algorithm: &str) -> Vec<f64> {
        let mut xs: Vec<f64> = self
            .rows
            .iter()
            .filter(|row| row.algorithm == algorithm)
            .map(|row| row.x)
            .collect();
        xs.sort_by(f64::total_cmp);
        xs.dedup_by(|a, b| a.total_cmp(b).is_eq());
        xs
    }

    /// Rows of an algorithm at one x (to rounding of the last digit), in task order.
    pub fn at<'a>(&'a self, algorithm: &'a str, x: f64) -> impl Iterator<Item = &'a Record> + 'a {
        self.rows
            .iter()
            .filter(move |row| row.algorithm == algorithm && same_x(row.x, x))
    }

    /// Values of metric number `metric` of the rows of an algorithm at one x that did not fail,
    /// ordered by realisation. NaN values are left out.
    pub fn values(&self, algorithm: &str, x: f64, metric: usize) -> Vec<f64> {
        let mut rows: Vec<&Record> = self.at(algorithm, x).filter(|row| !row.failed).collect();
        rows.sort_by_key(|row| row.realization);
        rows.iter()
            .filter_map(|row| row.metrics.get(metric).copied())
            .filter(|value| !value.is_nan())
            .collect()
    }

    /// Mean and 95 % interval of a metric at one x.
    pub fn summary(&self, algorithm: &str, x: f64, metric: usize) -> Summary {
        Summary::of(&self.values(algorithm, x, metric))
    }

    /// `(x, summary)` along a curve.
    pub fn curve(&self, algorithm: &str, metric: usize) -> Vec<(f64, Summary)> {
        self.xs(algorithm)
            .into_iter()
            .map(|x| (x, self.summary(algorithm, x, metric)))
            .collect()
    }

    /// A metric of several points, each an algorithm at one x, on every realisation that has all of
    /// them, by ascending realisation.
    pub fn joint(&self, points: &[(&str, f64)], metric: usize) -> Vec<Vec<f64>> {
        let Some((first, x)) = points.first() else {
            return Vec::new();
        };
        let mut realizations: Vec<usize> = self.at(first, *x).map(|r| r.realization).collect();
        realizations.sort_unstable();
        realizations.dedup();
        let row = |r: usize| -> Option<Vec<f64>> {
            let values = points
                .iter()
                .map(|(name, x)| self.value(name, *x, r, metric));
            values.map(|v| v.filter(|v| !v.is_nan())).collect()
        };
        realizations.into_iter().filter_map(row).collect()
    }

    /// Differences of a metric, `ours - theirs`, on every realisation that has both.
    pub fn paired(&self, ours: (&str, f64), theirs: (&str, f64), metric: usize) -> Vec<f64> {
        let rows = self.joint(&[ours, theirs], metric);
        rows.iter().map(|row| row[0] - row[1]).collect()
    }

    /// Whether something is so on every realisation with rows that `chosen` picks: how many hold,
    /// and how many there are. A realisation holds if all its chosen rows do.
    pub fn realizations_where(
        &self,
        chosen: impl Fn(&Record) -> bool,
        holds: impl Fn(&Record) -> bool,
    ) -> (usize, usize) {
        let mut all: BTreeMap<usize, bool> = BTreeMap::new();
        for row in self.rows.iter().filter(|row| chosen(row)) {
            *all.entry(row.realization).or_insert(true) &= holds(row);
        }
        (all.values().filter(|held| **held).count(), all.len())
    }

    /// The value of one realisation, if it did not fail.
    pub fn value(&self, algorithm: &str, x: f64, realization: usize, metric: usize) -> Option<f64> {
        self.at(algorithm, x)
            .find(|row| row.realization == realization && !row.failed)
            .and_then(|row| row.metrics.get(metric).copied())
    }
}

fn same_x(a: f64, b: f64) -> bool {
    a.total_cmp(&b).is_eq() || (a - b).abs() <= 1e-12 * a.abs().max(b.abs())
}

/// What a finished run says.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// `figure.svg` and `figure.png`.
    pub figure: Figure,
    /// Published, ours and the difference, line by line.
    pub table: Vec<Compared>,
    /// What the paper claims, and what we found.
    pub claims: Vec<Claim>,
    /// How well the published artefact was reproduced.
    pub grade: Grade,
    /// Further lines for the reader.
    pub notes: Vec<String>,
    /// Checks of our own that failed, such as an exact comparison beyond its tolerance. Any of
    /// them makes the exit code 1.
    pub failures: Vec<String>,
    /// What depends on the clock; kept apart from everything else.
    pub timing: Timing,
}

/// What depends on the clock: drawn to `timing.svg` and `timing.png`, printed, in no other file.
#[derive(Debug, Clone, Default)]
pub struct Timing {
    /// Drawn if it has panels.
    pub figure: Figure,
    /// Published against our seconds.
    pub table: Vec<Compared>,
    /// Lines for the reader.
    pub notes: Vec<String>,
}

/// One line of the closing table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Compared {
    /// What is compared, such as `Algorithm 1, K = 4: mean objective`.
    pub quantity: String,
    /// The published number; `None` where nothing was published.
    pub published: Option<f64>,
    /// Ours; `None` where it could not be computed.
    pub ours: Option<f64>,
    /// Unit; empty for none.
    pub unit: String,
    /// Remark, such as `percentile 40 of our draws`.
    pub note: String,
}

impl Compared {
    /// A line with both numbers. A NaN counts as absent.
    pub fn new(quantity: impl Into<String>, published: f64, ours: f64, unit: &str) -> Self {
        Self {
            quantity: quantity.into(),
            published: Some(published).filter(|v| !v.is_nan()),
            ours: Some(ours).filter(|v| !v.is_nan()),
            unit: unit.into(),
            note: String::new(),
        }
    }

    /// The same with a remark.
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    /// Ours minus published, where both are there.
    pub fn difference(&self) -> Option<f64> {
        Some(self.ours? - self.published?)
    }
}

/// How well a published artefact was reproduced.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Grade {
    /// Same inputs, equal per realisation.
    Exact,
    /// Same inputs, equal means (only means are published).
    ExactMeans,
    /// Own draws; the published numbers lie where they should.
    Statistical,
    /// Same ordering and shape.
    Trend,
    /// None of these, and why.
    NotReproduced(String),
    /// Nothing was published to compare with.
    #[default]
    Unpublished,
}

impl std::fmt::Display for Grade {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exact => f.write_str("exact"),
            Self::ExactMeans => f.write_str("exact (means)"),
            Self::Statistical => f.write_str("statistical"),
            Self::Trend => f.write_str("trend"),
            Self::NotReproduced(why) => write!(f, "not reproduced: {why}"),
            Self::Unpublished => f.write_str("nothing published to compare with"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_group_by_algorithm_and_x() {
        let records = Records {
            rows: vec![
                Record::exact("b", 2.0, 1, vec![3.0]),
                Record::exact("b", 2.0, 0, vec![1.0]),
                Record::exact("b", 1.0, 0, vec![f64::NAN]),
                Record::failed("b", 2.0, 2, "infeasible"),
                Record::exact("a", 1.0, 0, vec![7.0]),
            ],
            ..Records::default()
        };
        assert_eq!(records.algorithms(), ["b", "a"]);
        assert_eq!(records.xs("b"), [1.0, 2.0]);
        assert_eq!(records.values("b", 2.0, 0), [1.0, 3.0]);
        assert!(records.values("b", 1.0, 0).is_empty());
        assert_eq!(records.value("a", 1.0, 0, 0), Some(7.0));
        assert_eq!(records.value("b", 2.0, 2, 0), None);
    }

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
