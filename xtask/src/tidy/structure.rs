//! Rules about files as wholes: no circle, no endless file or function, cone rows and decibels where they
//! belong. What still breaks a rule stands in `allowed.txt`, which only shrinks.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::code::{circles, functions, modules, names, plain, without_tests};
use super::{files, show};

/// Most lines of a file.
const FILE: usize = 600;
/// Most lines of a function.
const FUNCTION: usize = 100;

/// One line per exception: rule, place, reason.
const ALLOWED: &str = include_str!("allowed.txt");

/// Calls that build rows of a conic program.
const ROWS: [&str; 6] = [
    "Program::new(",
    ".lmi(",
    ".at_least(",
    ".at_most(",
    ".norm_at_most(",
    ".squares_at_most(",
];

/// Checks every crate's sources; an exception that is not needed any more is a finding too.
pub(super) fn check(root: &Path, findings: &mut Vec<String>) {
    let mut broken = Vec::new();
    for folder in crates(root) {
        let src = root.join("crates").join(&folder).join("src");
        let paths = files(&src, &["rs"]);
        let inside: Vec<String> = paths.iter().map(|path| show(&src, path)).collect();
        let modules = modules(&inside);
        let mut edges: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (own, file) in &modules {
            let text = fs::read_to_string(src.join(file)).unwrap_or_default();
            let code = without_tests(&plain(&text));
            edges.insert(own.clone(), names(own, &code, &modules));
            broken.extend(file_findings(&folder, file, &text, &code));
        }
        broken.extend(circles(&edges).into_iter().map(|circle| {
            let place = format!("{folder}: {}", circle.join(" "));
            Finding::new("circle", place, "these files import each other")
        }));
    }
    compare(&allowed(ALLOWED), &broken, findings);
}

/// A rule, where it is broken, and how.
struct Finding {
    rule: &'static str,
    place: String,
    what: String,
}

impl Finding {
    fn new(rule: &'static str, place: String, what: impl Into<String>) -> Self {
        let what = what.into();
        Self { rule, place, what }
    }
}

/// `(rule, place)` of every exception.
fn allowed(text: &str) -> BTreeSet<(String, String)> {
    let lines = text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty());
    let split = |line: &str| {
        let mut parts = line.split(" | ");
        let mut next = || parts.next().unwrap_or_default().to_string();
        (next(), next())
    };
    lines.map(split).collect()
}

fn compare(allowed: &BTreeSet<(String, String)>, broken: &[Finding], findings: &mut Vec<String>) {
    let key = |f: &Finding| (f.rule.to_string(), f.place.clone());
    let seen: BTreeSet<_> = broken.iter().map(key).collect();
    let new = broken.iter().filter(|f| !allowed.contains(&key(f)));
    findings.extend(new.map(|f| format!("{}: {}: {}", f.rule, f.place, f.what)));
    let gone = allowed.difference(&seen);
    findings.extend(gone.map(|(rule, place)| {
        format!("allowed.txt: `{rule} | {place}` is not needed any more, delete it")
    }));
}

fn crates(root: &Path) -> Vec<String> {
    let entries = fs::read_dir(root.join("crates"));
    let entries = entries.into_iter().flatten().flatten();
    let mut found: Vec<String> = entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    found.sort();
    found
}

/// What is wrong with one file; `code` is its text without comments, strings and tests.
fn file_findings(folder: &str, file: &str, text: &str, code: &str) -> Vec<Finding> {
    let place = format!("{folder}/{file}");
    let mut found = Vec::new();
    let lines = text.lines().count();
    if lines > FILE {
        let what = format!("{lines} lines, expected at most {FILE}");
        found.push(Finding::new("file", place.clone(), what));
    }
    for (name, line, length) in functions(code) {
        if length > FUNCTION {
            let what = format!("line {line}: {length} lines, expected at most {FUNCTION}");
            found.push(Finding::new("function", format!("{place}: {name}"), what));
        }
    }
    // The Python package and the reader of programs as JSON hand on the rows that users write.
    let handed_on = folder == "isac-python" || place == "isac/sdp/json.rs";
    if !["isac-conic", "isac-opt"].contains(&folder)
        && !handed_on
        && (code.contains("conic::") || code.contains("isac_conic"))
        && ROWS.iter().any(|row| code.contains(row))
    {
        let what = "rows of a cone program are built by isac-opt";
        found.push(Finding::new("rows", place.clone(), what));
    }
    if folder != "isac-models" && has_decibels(code) {
        let what = "decibels only through isac_models::units";
        found.push(Finding::new("decibels", place, what));
    }
    found
}

/// Whether ten is raised to something over ten or twenty.
fn has_decibels(code: &str) -> bool {
    let code = code.replace(char::is_whitespace, "").replace("_f64", "f64");
    ["10f64.powf(", "10.0f64.powf("].iter().any(|power| {
        code.match_indices(power).any(|(i, _)| {
            let argument = code[i + power.len()..].chars().take(40).collect::<String>();
            let argument = argument.split(')').next().unwrap_or_default();
            ["/10.0", "/20.0", "0.1*", "0.05*", "*0.1"]
                .iter()
                .any(|d| argument.contains(d))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_finds_what_is_planted() {
        let rules = |folder: &str, text: &str| -> Vec<&str> {
            let code = without_tests(&plain(text));
            let found = file_findings(folder, "x.rs", text, &code);
            found.into_iter().map(|f| f.rule).collect()
        };
        let long = "\n".repeat(FILE + 1);
        assert_eq!(rules("isac-lab", &long), ["file"]);
        let body = format!("fn f() {{{}}}", "\n".repeat(FUNCTION));
        assert_eq!(rules("isac-lab", &body), ["function"]);
        let row = "use isac_opt::conic::Program; fn f() { p.at_least(a, b); }";
        assert_eq!(rules("isac-papers", row), ["rows"]);
        assert_eq!(rules("isac-opt", row), [""; 0]);
        let decibels = "fn f(x: f64) -> f64 { 10f64.powf(x / 10.0) }";
        assert_eq!(rules("isac-lab", decibels), ["decibels"]);
        assert_eq!(rules("isac-models", decibels), [""; 0]);
    }

    #[test]
    fn exceptions_only_shrink() {
        let allowed = allowed("# why\nfile | a/b.rs | long\nfile | a/c.rs | long\n");
        let broken = [
            Finding::new("file", "a/b.rs".into(), "601 lines"),
            Finding::new("file", "a/d.rs".into(), "601 lines"),
        ];
        let mut findings = Vec::new();
        compare(&allowed, &broken, &mut findings);
        assert_eq!(findings.len(), 2, "{findings:?}");
        assert!(findings[0].contains("a/d.rs") && findings[1].contains("a/c.rs"));
    }
}
