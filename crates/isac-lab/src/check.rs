//! `isac check`: recomputing what a document states, value by value.
//!
//! A paper's checker walks through the document, recomputes each stated value and hands both to a
//! [`Checker`], which applies the comparison rules and keeps the lines of the report.

use serde::Serialize;

use crate::document::{Array, Node, is_remark};
use crate::error::Error;

mod got;
mod text;

pub use got::Got;
pub use text::number;
use text::{entry, summary};

/// Recomputes what a document of one schema states.
pub type CheckFn = fn(&Node<'_>, &mut Checker) -> Result<(), Error>;

/// What became of one stated value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Within its tolerance.
    Pass,
    /// Not.
    Fail,
    /// A remark, a text, `null`, or unknown to us.
    NotChecked,
}

/// One line of the report.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// Where the value stands, such as `cases[2].expected.power_W`.
    pub path: String,
    /// As stated.
    pub expected: String,
    /// As recomputed, or why it was not.
    pub got: String,
    /// How far they may differ.
    pub tolerance: String,
    /// The outcome.
    pub verdict: Outcome,
}

/// `|got - expected| <= abs + rel * scale`, where scale is the largest magnitude of the stated array
/// (of the number itself for a number).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tolerance {
    /// Absolute part.
    pub abs: f64,
    /// Relative part.
    pub rel: f64,
}

impl Tolerance {
    /// Relative alone.
    pub fn rel(rel: f64) -> Self {
        Self { abs: 0.0, rel }
    }

    /// Absolute alone.
    pub fn abs(abs: f64) -> Self {
        Self { abs, rel: 0.0 }
    }

    /// Both parts.
    pub fn both(abs: f64, rel: f64) -> Self {
        Self { abs, rel }
    }

    fn text(self) -> String {
        match (self.abs > 0.0, self.rel > 0.0) {
            (true, true) => format!("{:e}+rel {:e}", self.abs, self.rel),
            (true, false) => format!("abs {:e}", self.abs),
            _ => format!("rel {:e}", self.rel),
        }
    }
}

/// Which way a target must be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// Ours must be at least the target.
    AtLeast,
    /// Ours must be at most the target.
    AtMost,
}

/// The numbers of a `tolerance` object, with those of an outer one behind them.
#[derive(Debug, Clone)]
pub struct Tolerances<'a> {
    nodes: Vec<Node<'a>>,
}

impl<'a> Tolerances<'a> {
    /// Looks in the first object that has the key; both may be absent.
    pub fn new(inner: Option<Node<'a>>, outer: Option<Node<'a>>) -> Self {
        Self {
            nodes: inner.into_iter().chain(outer).collect(),
        }
    }

    /// The number of a key, or `default`.
    ///
    /// # Errors
    /// [`Error::Field`] if it is there and no finite number >= 0.
    pub fn get(&self, key: &str, default: f64) -> Result<f64, Error> {
        for node in &self.nodes {
            if let Some(value) = node.opt(key) {
                return value.nonnegative("");
            }
        }
        Ok(default)
    }
}

/// Compares and keeps the lines.
#[derive(Debug, Clone, Default)]
pub struct Checker {
    /// Whether values that need a solver are left out.
    pub metrics_only: bool,
    /// The lines so far.
    pub lines: Vec<Line>,
}

impl Checker {
    /// An empty one.
    pub fn new(metrics_only: bool) -> Self {
        Self {
            metrics_only,
            lines: Vec::new(),
        }
    }

    /// Number of lines with an outcome.
    pub fn count(&self, outcome: Outcome) -> usize {
        self.lines.iter().filter(|l| l.verdict == outcome).count()
    }

    /// Notes every key of `expected` that is a remark, a text or `null` as not checked and hands the
    /// others to `check`, which returns whether it knew the key.
    ///
    /// # Errors
    /// Those of `check`, and [`Error::Field`] if `expected` is no object.
    pub fn each(
        &mut self,
        expected: &Node<'_>,
        mut check: impl FnMut(&mut Self, &str, &Node<'_>) -> Result<bool, Error>,
    ) -> Result<(), Error> {
        for (key, node) in expected.entries()? {
            if is_remark(key) || node.value.is_null() || node.value.is_string() {
                self.not_checked(&node, "a remark");
            } else if !check(self, key, &node)? {
                self.not_checked(&node, "an unknown key");
            }
        }
        Ok(())
    }

    /// Compares a stated value with a recomputed one by the rule of [`Tolerance`]; booleans must be
    /// equal. `null` and texts are not checked. A wrong shape fails.
    ///
    /// # Errors
    /// [`Error::Field`] if the stated value is no number, boolean or array.
    pub fn compare(
        &mut self,
        expected: &Node<'_>,
        got: impl Into<Got>,
        tolerance: Tolerance,
    ) -> Result<(), Error> {
        if expected.value.is_null() || expected.value.is_string() {
            self.not_checked(expected, "a remark");
            return Ok(());
        }
        let compared = match got.into() {
            Got::Missing(why) => (summary(expected), why, false),
            Got::Bool(ours) => {
                let stated = expected.bool()?;
                (stated.to_string(), ours.to_string(), stated == ours)
            }
            Got::Real(ours) => {
                let stated = expected.array()?;
                let worst =
                    worst_entry(&stated, &ours, tolerance, |x| x.abs(), |a, b| (a - b).abs());
                worst
                    .map(|(i, within)| (entry(&stated, i), entry(&ours, i), within))
                    .unwrap_or_else(|| (stated.shape_text(), ours.shape_text(), false))
            }
            Got::Complex(ours) => {
                let stated = expected.array_c64()?;
                let worst = worst_entry(
                    &stated,
                    &ours,
                    tolerance,
                    |z| z.norm(),
                    |a, b| (a - b).norm(),
                );
                worst
                    .map(|(i, within)| (entry(&stated, i), entry(&ours, i), within))
                    .unwrap_or_else(|| (stated.shape_text(), ours.shape_text(), false))
            }
        };
        let (stated, ours, within) = compared;
        let bool_text = if expected.value.is_boolean() {
            "exact".into()
        } else {
            tolerance.text()
        };
        self.push(expected, stated, ours, bool_text, within);
        Ok(())
    }

    /// A target: ours must be at least as good up to `tolerance` (whose scale is the target), and
    /// `feasible` must say that our point is verified by the exact formulas.
    ///
    /// # Errors
    /// [`Error::Field`] if the target is no number.
    pub fn target(
        &mut self,
        expected: &Node<'_>,
        ours: f64,
        goal: Goal,
        tolerance: Tolerance,
        feasible: bool,
    ) -> Result<(), Error> {
        let target = expected.f64()?;
        let room = tolerance.abs + tolerance.rel * target.abs();
        let (sign, reached) = match goal {
            Goal::AtLeast => (">=", ours >= target - room),
            Goal::AtMost => ("<=", ours <= target + room),
        };
        let got = if feasible {
            number(ours)
        } else {
            format!("{} (infeasible)", number(ours))
        };
        self.push(
            expected,
            format!("{sign} {}", number(target)),
            got,
            tolerance.text(),
            reached && feasible,
        );
        Ok(())
    }

    /// A line whose rule does not fit the others; `holds` is the outcome.
    pub fn verdict(
        &mut self,
        expected: &Node<'_>,
        stated: impl Into<String>,
        got: impl Into<String>,
        rule: impl Into<String>,
        holds: bool,
    ) {
        self.push(expected, stated.into(), got.into(), rule.into(), holds);
    }

    /// A line that never changes the exit code.
    pub fn not_checked(&mut self, expected: &Node<'_>, why: impl Into<String>) {
        self.lines.push(Line {
            path: expected.path.clone(),
            expected: summary(expected),
            got: why.into(),
            tolerance: String::new(),
            verdict: Outcome::NotChecked,
        });
    }

    /// Our arithmetic broke down: what is left of the document is one failure.
    pub fn broke_down(&mut self, context: impl Into<String>, why: &dyn std::fmt::Display) {
        self.lines.push(Line {
            path: context.into(),
            expected: "this and all that follows".into(),
            got: why.to_string(),
            tolerance: String::new(),
            verdict: Outcome::Fail,
        });
    }

    /// A stated value whose input the document lacks: a failure for each value stated there.
    pub fn lacks(&mut self, expected: &Node<'_>, input: &str) {
        self.leaves(expected, &format!("the document lacks `{input}`"));
    }

    /// A failure for each number and boolean below a node.
    fn leaves(&mut self, node: &Node<'_>, why: &str) {
        match node.entries() {
            Ok(entries) if !is_complex(node) => {
                for (key, child) in entries {
                    if is_remark(key) {
                        self.not_checked(&child, "a remark");
                    } else {
                        self.leaves(&child, why);
                    }
                }
            }
            _ if holds_objects(node) => {
                let items = node.items().unwrap_or_default();
                items.iter().for_each(|item| self.leaves(item, why));
            }
            _ if node.value.is_null() || node.value.is_string() => {
                self.not_checked(node, "a remark");
            }
            _ => {
                let (stated, rule) = (summary(node), String::new());
                self.push(node, stated, why.to_string(), rule, false);
            }
        }
    }

    /// Notes a value that needs a solver as not checked if only metrics are asked for; returns
    /// whether it did.
    pub fn skips_solver(&mut self, expected: &Node<'_>) -> bool {
        if self.metrics_only {
            self.not_checked(expected, "needs a solver (--metrics-only)");
        }
        self.metrics_only
    }

    fn push(&mut self, at: &Node<'_>, expected: String, got: String, tolerance: String, ok: bool) {
        self.lines.push(Line {
            path: at.path.clone(),
            expected,
            got,
            tolerance,
            verdict: if ok { Outcome::Pass } else { Outcome::Fail },
        });
    }
}

/// Index of the entry with the largest difference and whether all are within the tolerance; `None`
/// if the shapes differ. One row or column and a plain list count as the same shape. A NaN is never
/// within.
fn worst_entry<T: Copy>(
    stated: &Array<T>,
    ours: &Array<T>,
    tolerance: Tolerance,
    magnitude: impl Fn(T) -> f64,
    difference: impl Fn(T, T) -> f64,
) -> Option<(usize, bool)> {
    if stated.data.is_empty() && ours.data.is_empty() {
        return Some((0, true));
    }
    let squeezed =
        |shape: &[usize]| -> Vec<usize> { shape.iter().copied().filter(|n| *n != 1).collect() };
    if squeezed(&stated.shape) != squeezed(&ours.shape) || stated.data.len() != ours.data.len() {
        return None;
    }
    let scale = stated
        .data
        .iter()
        .map(|v| magnitude(*v))
        .fold(0.0, f64::max);
    let allowed = tolerance.abs + tolerance.rel * scale;
    let mut worst = (0, -1.0);
    let mut within = true;
    for (i, (a, b)) in stated.data.iter().zip(&ours.data).enumerate() {
        let d = difference(*a, *b);
        within &= d <= allowed;
        if d > worst.1 || d.is_nan() {
            worst = (i, if d.is_nan() { f64::INFINITY } else { d });
        }
    }
    Some((worst.0, within))
}

/// Whether a list holds objects rather than numbers.
fn holds_objects(node: &Node<'_>) -> bool {
    let items = node.value.as_array();
    items.is_some_and(|items| items.iter().any(serde_json::Value::is_object))
}

/// Whether an object is one complex array.
fn is_complex(node: &Node<'_>) -> bool {
    node.opt("re").is_some() && node.opt("im").is_some()
}

#[cfg(test)]
mod tests;
