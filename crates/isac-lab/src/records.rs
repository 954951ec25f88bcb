//! What tasks found: the rows of a run, by curve, place and realisation.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use crate::stats::Summary;

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

impl From<Vec<Record>> for TaskOutput {
    /// Records alone.
    fn from(records: Vec<Record>) -> Self {
        Self {
            records,
            data: serde_json::Value::Null,
        }
    }
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
    /// A finished realisation: why the algorithm stopped, such as `tolerance`, and whether that counts as
    /// converged.
    pub fn new(
        algorithm: impl Into<String>,
        x: f64,
        realization: usize,
        stop_reason: &str,
        converged: bool,
        metrics: Vec<f64>,
    ) -> Self {
        Self {
            algorithm: algorithm.into(),
            x,
            realization,
            stop_reason: stop_reason.into(),
            converged,
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
        self.by_algorithm()
            .into_iter()
            .map(|(name, _)| name)
            .collect()
    }

    /// Rows of every algorithm in task order, algorithms in the order of first appearance.
    pub fn by_algorithm(&self) -> Vec<(&str, Vec<&Record>)> {
        let mut places: HashMap<&str, usize> = HashMap::new();
        let mut groups: Vec<(&str, Vec<&Record>)> = Vec::new();
        let mut next = 0;
        for row in &self.rows {
            let name = row.algorithm.as_str();
            // Rows go through the algorithms in turn for the most part.
            if groups.get(next).is_none_or(|(known, _)| *known != name) {
                next = *places.entry(name).or_insert_with(|| {
                    groups.push((name, Vec::new()));
                    groups.len() - 1
                });
            }
            groups[next].1.push(row);
            next = (next + 1) % groups.len();
        }
        groups
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
        let mut rows: Vec<&Record> = self.at(algorithm, x).collect();
        rows.sort_by_key(|row| row.realization);
        values(&rows, metric)
    }

    /// Mean and 95 % interval of a metric at one x.
    pub fn summary(&self, algorithm: &str, x: f64, metric: usize) -> Summary {
        Summary::of(&self.values(algorithm, x, metric))
    }

    /// `(x, summary)` along a curve.
    pub fn curve(&self, algorithm: &str, metric: usize) -> Vec<(f64, Summary)> {
        let rows = self.rows.iter().filter(|row| row.algorithm == algorithm);
        by_x(rows.collect())
            .into_iter()
            .map(|(x, rows)| (x, Summary::of(&values(&rows, metric))))
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

/// Rows of one algorithm at each of its x, ascending (equal to rounding of the last digit), ordered by
/// realisation.
pub fn by_x(mut rows: Vec<&Record>) -> Vec<(f64, Vec<&Record>)> {
    rows.sort_by(|a, b| a.x.total_cmp(&b.x));
    let mut groups: Vec<(f64, Vec<&Record>)> = Vec::new();
    let (mut low, mut at) = (0, 0);
    while at < rows.len() {
        let x = rows[at].x;
        while !same_x(rows[low].x, x) {
            low += 1;
        }
        let near = rows[low..].iter().take_while(|row| same_x(row.x, x));
        let mut near: Vec<&Record> = near.copied().collect();
        near.sort_by_key(|row| row.realization);
        groups.push((x, near));
        while at < rows.len() && rows[at].x.total_cmp(&x).is_eq() {
            at += 1;
        }
    }
    groups
}

/// Values of a metric of the rows that did not fail; NaN values are left out.
pub fn values(rows: &[&Record], metric: usize) -> Vec<f64> {
    rows.iter()
        .filter(|row| !row.failed)
        .filter_map(|row| row.metrics.get(metric).copied())
        .filter(|value| !value.is_nan())
        .collect()
}

fn same_x(a: f64, b: f64) -> bool {
    a.total_cmp(&b).is_eq() || (a - b).abs() <= 1e-12 * a.abs().max(b.abs())
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
}
