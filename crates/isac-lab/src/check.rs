//! `isac check`: recomputing what a document states, value by value.
//!
//! A paper's checker walks through the document, recomputes each stated value and hands both to a
//! [`Checker`], which applies the comparison rules and keeps the lines of the report.

use std::fmt::Write as _;

use isac_linalg::{Mat, c64};
use serde::Serialize;

use crate::document::{Array, Node, is_remark};
use crate::error::Error;

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

/// A recomputed value. Made by `From` of `f64`, `bool`, lists, vectors and matrices.
#[derive(Debug, Clone, PartialEq)]
pub enum Got {
    /// A boolean.
    Bool(bool),
    /// Real numbers.
    Real(Array<f64>),
    /// Complex numbers.
    Complex(Array<c64>),
    /// Could not be recomputed, and why: counts as a failure.
    Missing(String),
}

impl From<f64> for Got {
    fn from(value: f64) -> Self {
        Self::Real(Array {
            shape: Vec::new(),
            data: vec![value],
        })
    }
}
impl From<bool> for Got {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}
impl From<&[f64]> for Got {
    fn from(values: &[f64]) -> Self {
        Self::Real(Array {
            shape: vec![values.len()],
            data: values.to_vec(),
        })
    }
}
impl From<Vec<f64>> for Got {
    fn from(values: Vec<f64>) -> Self {
        values.as_slice().into()
    }
}
impl From<&Mat<f64>> for Got {
    fn from(a: &Mat<f64>) -> Self {
        Self::Real(row_major(a.nrows(), a.ncols(), |i, j| a[(i, j)]))
    }
}
impl From<&Mat<c64>> for Got {
    fn from(a: &Mat<c64>) -> Self {
        Self::Complex(row_major(a.nrows(), a.ncols(), |i, j| a[(i, j)]))
    }
}
impl From<&[c64]> for Got {
    fn from(values: &[c64]) -> Self {
        Self::Complex(Array {
            shape: vec![values.len()],
            data: values.to_vec(),
        })
    }
}
impl From<Array<f64>> for Got {
    fn from(array: Array<f64>) -> Self {
        Self::Real(array)
    }
}
impl From<Array<c64>> for Got {
    fn from(array: Array<c64>) -> Self {
        Self::Complex(array)
    }
}
impl From<&[Mat<c64>]> for Got {
    fn from(matrices: &[Mat<c64>]) -> Self {
        let (rows, cols) = matrices.first().map_or((0, 0), |m| (m.nrows(), m.ncols()));
        let data = matrices
            .iter()
            .flat_map(|m| row_major(m.nrows(), m.ncols(), |i, j| m[(i, j)]).data);
        Self::Complex(Array {
            shape: vec![matrices.len(), rows, cols],
            data: data.collect(),
        })
    }
}
impl From<&[Mat<f64>]> for Got {
    fn from(matrices: &[Mat<f64>]) -> Self {
        let (rows, cols) = matrices.first().map_or((0, 0), |m| (m.nrows(), m.ncols()));
        let data = matrices
            .iter()
            .flat_map(|m| row_major(m.nrows(), m.ncols(), |i, j| m[(i, j)]).data);
        Self::Real(Array {
            shape: vec![matrices.len(), rows, cols],
            data: data.collect(),
        })
    }
}

fn row_major<T>(rows: usize, cols: usize, at: impl Fn(usize, usize) -> T) -> Array<T> {
    Array {
        shape: vec![rows, cols],
        data: (0..rows * cols).map(|f| at(f / cols, f % cols)).collect(),
    }
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

/// The entry as text, with its index for arrays.
fn entry<T: Copy + EntryText>(array: &Array<T>, flat: usize) -> String {
    let Some(value) = array.data.get(flat) else {
        return "empty".into();
    };
    let mut text = value.entry_text();
    if !array.shape.is_empty() {
        let mut rest = flat;
        let mut index = vec![0; array.shape.len()];
        for (slot, n) in index.iter_mut().zip(&array.shape).rev() {
            *slot = rest % n;
            rest /= n;
        }
        let _ = write!(text, " at {index:?}");
    }
    text
}

trait EntryText {
    fn entry_text(self) -> String;
}
impl EntryText for f64 {
    fn entry_text(self) -> String {
        number(self)
    }
}
impl EntryText for c64 {
    fn entry_text(self) -> String {
        format!(
            "{}{}{}i",
            number(self.re),
            if self.im < 0.0 { "" } else { "+" },
            number(self.im)
        )
    }
}

/// Twelve significant digits, plain where that is short.
pub fn number(value: f64) -> String {
    let magnitude = value.abs();
    if !value.is_finite() {
        return crate::stats::digits17(value);
    }
    if magnitude < f64::MIN_POSITIVE {
        return "0".into();
    }
    if (1e-4..1e7).contains(&magnitude) {
        let digits = (11 - magnitude.log10().floor() as i32).max(0) as usize;
        let text = format!("{value:.digits$}");
        if text.contains('.') {
            return text.trim_end_matches('0').trim_end_matches('.').into();
        }
        return text;
    }
    format!("{value:.11e}")
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

fn summary(node: &Node<'_>) -> String {
    let text = node.value.to_string();
    if text.chars().count() <= 28 {
        return text;
    }
    text.chars().take(25).collect::<String>() + "..."
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Document;

    fn verdicts(text: &str, check: impl Fn(&mut Checker, &Node<'_>)) -> Vec<Outcome> {
        let document = Document::from_json("t.json", text).unwrap();
        let mut checker = Checker::new(false);
        check(&mut checker, &document.root());
        checker.lines.iter().map(|l| l.verdict).collect()
    }

    #[test]
    fn arrays_are_measured_by_their_largest_entry() {
        let got = verdicts(r#"{"a": [1000, 1], "b": [1000, 1]}"#, |c, root| {
            let a = root.get("a").unwrap();
            c.compare(&a, vec![1000.0, 1.0009], Tolerance::rel(1e-6))
                .unwrap();
            c.compare(&a, vec![1000.0, 1.0011], Tolerance::rel(1e-6))
                .unwrap();
            c.compare(&a, vec![1000.0], Tolerance::rel(1e-6)).unwrap();
            c.compare(&a, vec![1000.0, f64::NAN], Tolerance::rel(1.0))
                .unwrap();
        });
        assert_eq!(
            got,
            [Outcome::Pass, Outcome::Fail, Outcome::Fail, Outcome::Fail]
        );
    }

    #[test]
    fn complex_numbers_booleans_and_remarks() {
        let text = r#"{"z": {"re": [[1]], "im": [[2]]}, "b": true, "n": null, "s": "x"}"#;
        let got = verdicts(text, |c, root| {
            let z = [c64::new(1.0, 2.0)];
            c.compare(&root.get("z").unwrap(), &z[..], Tolerance::rel(1e-12))
                .unwrap();
            c.compare(&root.get("b").unwrap(), false, Tolerance::rel(0.0))
                .unwrap();
            c.compare(&root.get("n").unwrap(), 1.0, Tolerance::rel(0.0))
                .unwrap();
            c.compare(&root.get("s").unwrap(), 1.0, Tolerance::rel(0.0))
                .unwrap();
        });
        let (pass, fail, none) = (Outcome::Pass, Outcome::Fail, Outcome::NotChecked);
        assert_eq!(got, [pass, fail, none, none]);
    }

    #[test]
    fn targets_are_one_sided_and_need_a_feasible_point() {
        let got = verdicts(r#"{"t": -2.0}"#, |c, root| {
            let t = root.get("t").unwrap();
            let rel = Tolerance::rel(0.1);
            c.target(&t, 5.0, Goal::AtLeast, rel, true).unwrap();
            c.target(&t, -2.1, Goal::AtLeast, rel, true).unwrap();
            c.target(&t, -2.3, Goal::AtLeast, rel, true).unwrap();
            c.target(&t, 5.0, Goal::AtLeast, rel, false).unwrap();
            c.target(&t, -1.7, Goal::AtMost, rel, true).unwrap();
        });
        let (pass, fail) = (Outcome::Pass, Outcome::Fail);
        assert_eq!(got, [pass, pass, fail, fail, fail]);
    }

    #[test]
    fn each_sorts_out_remarks_and_unknown_keys() {
        let text = r#"{"a": 1, "b": 2, "x_info": 3, "note": "n", "s": "t", "u": null}"#;
        let document = Document::from_json("t.json", text).unwrap();
        let mut checker = Checker::new(false);
        checker
            .each(&document.root(), |c, key, node| {
                if key != "a" {
                    return Ok(false);
                }
                c.compare(node, 1.0, Tolerance::rel(0.0))?;
                Ok(true)
            })
            .unwrap();
        assert_eq!(checker.count(Outcome::Pass), 1);
        assert_eq!(checker.count(Outcome::NotChecked), 5);
    }

    /// The only line of a comparison of `stated` with `got`.
    fn line(stated: &str, got: impl Into<Got>, tolerance: Tolerance) -> Line {
        let document = Document::from_json("t.json", &format!("{{\"v\": {stated}}}")).unwrap();
        let mut checker = Checker::new(false);
        let node = document.root().get("v").unwrap();
        checker.compare(&node, got, tolerance).unwrap();
        assert_eq!(checker.lines.len(), 1);
        checker.lines.remove(0)
    }

    #[test]
    fn the_worst_entry_is_named_by_its_index() {
        let real = |shape: &[usize], data: &[f64]| Array {
            shape: shape.to_vec(),
            data: data.to_vec(),
        };
        let ours = real(&[2, 3], &[1.0, 2.0, 3.0, 4.0, 5.5, 6.1]);
        let found = line("[[1, 2, 3], [4, 5, 6]]", ours, Tolerance::rel(1e-3));
        assert_eq!(found.path, "v");
        assert_eq!(
            (found.expected.as_str(), found.got.as_str()),
            ("5 at [1, 1]", "5.5 at [1, 1]")
        );
        assert_eq!(
            (found.tolerance.as_str(), found.verdict),
            ("rel 1e-3", Outcome::Fail)
        );
        // A NaN is the worst of all; one row and a plain list are the same shape, others are not.
        let nan = line(
            "[1, 2]",
            real(&[1, 2], &[f64::NAN, 9.0]),
            Tolerance::abs(10.0),
        );
        assert_eq!(
            (nan.got.as_str(), nan.verdict),
            ("NaN at [0, 0]", Outcome::Fail)
        );
        let column = line("[1, 2]", real(&[2, 1], &[1.0, 2.0]), Tolerance::rel(0.0));
        assert_eq!(column.verdict, Outcome::Pass);
        let turned = line(
            "[[1], [2]]",
            real(&[4], &[1.0, 2.0, 0.0, 0.0]),
            Tolerance::abs(9.0),
        );
        assert_eq!(
            (turned.expected.as_str(), turned.got.as_str()),
            ("2 x 1", "4")
        );
        assert_eq!(turned.verdict, Outcome::Fail);
        let square = line(
            "[1, 2, 3, 4]",
            real(&[2, 2], &[1.0, 2.0, 3.0, 4.0]),
            Tolerance::rel(0.0),
        );
        assert_eq!(square.verdict, Outcome::Fail);
        assert_eq!(
            line("[]", Vec::new(), Tolerance::rel(0.0)).verdict,
            Outcome::Pass
        );
        assert_eq!(
            line("[]", vec![1.0], Tolerance::rel(0.0)).verdict,
            Outcome::Fail
        );
    }

    #[test]
    fn both_parts_of_a_tolerance_add_up_to_the_last_bit() {
        let verdict = |got: f64, t: Tolerance| line("-4", got, t).verdict;
        // 0.25 + 0.125 * 4 = 0.75, exact in binary.
        let both = Tolerance::both(0.25, 0.125);
        for (got, expected) in [
            (-4.75, Outcome::Pass),
            (-3.25, Outcome::Pass),
            (-4.75 - 1e-12, Outcome::Fail),
            (-3.25 + 1e-12, Outcome::Fail),
        ] {
            assert_eq!(verdict(got, both), expected, "{got}");
        }
        assert_eq!(both.text(), "2.5e-1+rel 1.25e-1");
        assert_eq!(Tolerance::abs(0.5).text(), "abs 5e-1");
        assert_eq!(verdict(-4.0, Tolerance::rel(0.0)), Outcome::Pass);
        assert_eq!(verdict(4.0, Tolerance::rel(1.0)), Outcome::Fail);
    }

    #[test]
    fn complex_entries_differ_by_their_modulus() {
        let stated = r#"{"re": [3], "im": [-4]}"#;
        let near = |re: f64, im: f64| line(stated, &[c64::new(re, im)][..], Tolerance::rel(0.1));
        assert_eq!(near(3.29, -4.39).verdict, Outcome::Pass);
        assert_eq!(near(3.4, -4.4).verdict, Outcome::Fail);
        assert_eq!(near(3.0, 4.0).got, "3+4i at [0]");
        assert_eq!(near(3.0, 4.0).expected, "3-4i at [0]");
        assert_eq!(
            line("1.5", Got::Missing("no answer".into()), Tolerance::rel(1.0)).got,
            "no answer"
        );
    }

    #[test]
    fn an_inner_tolerance_goes_before_an_outer_one() {
        let text = r#"{"in": {"a": 1e-3, "n": null}, "out": {"a": 1.0, "n": 0.5, "bad": -1}}"#;
        let document = Document::from_json("t.json", text).unwrap();
        let root = document.root();
        let tolerances = Tolerances::new(root.opt("in"), root.opt("out"));
        let close = |key: &str, expected: f64| {
            let got = tolerances.get(key, 9.0).unwrap();
            assert!((got - expected).abs() < 1e-15, "{key}: {got}");
        };
        close("a", 1e-3);
        close("n", 0.5);
        close("absent", 9.0);
        assert!(tolerances.get("bad", 0.0).is_err());
    }

    #[test]
    fn values_without_their_input_fail_one_by_one() {
        let text = r#"{"a": 1, "z": {"re": [1], "im": [0]}, "deep": {"b": [1, 2], "c": true,
            "slots": [{"d": 1}, {"d": 2}], "note": "n", "x_info": 3, "s": "t", "u": null}}"#;
        let document = Document::from_json("t.json", text).unwrap();
        let mut checker = Checker::new(false);
        checker.lacks(&document.root(), "W");
        let failed: Vec<&str> = checker
            .lines
            .iter()
            .filter(|line| line.verdict == Outcome::Fail)
            .map(|line| line.path.as_str())
            .collect();
        let paths = [
            "a",
            "z",
            "deep.b",
            "deep.c",
            "deep.slots[0].d",
            "deep.slots[1].d",
        ];
        let sorted = |list: &[&str]| {
            std::collections::BTreeSet::from_iter(list.iter().map(ToString::to_string))
        };
        assert_eq!(sorted(&failed), sorted(&paths));
        assert_eq!(failed.len(), paths.len());
        assert_eq!(checker.count(Outcome::NotChecked), 4);
        assert!(
            checker
                .lines
                .iter()
                .any(|line| line.got == "the document lacks `W`")
        );
        checker.broke_down("cases[1]", &"no pivot");
        assert_eq!(checker.count(Outcome::Fail), 7);
    }

    #[test]
    fn without_a_solver_its_values_are_named_not_passed() {
        let document = Document::from_json("t.json", r#"{"t": 1}"#).unwrap();
        let node = document.root().get("t").unwrap();
        let mut checker = Checker::new(true);
        assert!(checker.skips_solver(&node));
        assert_eq!(
            (
                checker.count(Outcome::NotChecked),
                checker.count(Outcome::Pass)
            ),
            (1, 0)
        );
        let mut checker = Checker::new(false);
        assert!(!checker.skips_solver(&node));
        assert!(checker.lines.is_empty());
        // A target is reached at its own value, on both sides.
        for goal in [Goal::AtLeast, Goal::AtMost] {
            checker
                .target(&node, 1.0, goal, Tolerance::rel(0.0), true)
                .unwrap();
        }
        checker
            .target(&node, f64::NAN, Goal::AtMost, Tolerance::rel(1.0), true)
            .unwrap();
        assert_eq!(
            (checker.count(Outcome::Pass), checker.count(Outcome::Fail)),
            (2, 1)
        );
        assert_eq!(checker.lines[0].expected, ">= 1");
        assert_eq!(checker.lines[1].expected, "<= 1");
    }

    #[test]
    fn numbers_read_well() {
        assert_eq!(number(0.25), "0.25");
        assert_eq!(number(100.0), "100");
        assert_eq!(number(1.0 / 3.0), "0.333333333333");
        assert_eq!(number(-1.5e-9), "-1.50000000000e-9");
        assert_eq!(number(123456.5), "123456.5");
        assert_eq!(number(0.0), "0");
        assert_eq!(number(f64::NEG_INFINITY), "-inf");
        assert_eq!(number(1e-4), "0.0001");
        assert_eq!(number(9.9e-5), "9.90000000000e-5");
        assert_eq!(number(1e7), "1.00000000000e7");
        assert_eq!(number(9_999_999.0), "9999999");
    }
}
