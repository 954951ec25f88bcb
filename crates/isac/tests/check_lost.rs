//! No value that a document states gets lost: without its input it fails or the document is refused.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use std::collections::BTreeMap;
use std::fs;

use common::{Ran, folder, real_isac};
use isac::papers;
use isac_lab::check::{Checker, Line, Outcome};
use isac_lab::document::Document;
use serde_json::{Value, json};

fn fixture(name: &str) -> Value {
    let root = env!("CARGO_MANIFEST_DIR");
    let path = format!("{root}/../isac-algos/tests/fixtures/{name}.json");
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// The lines of a check that leaves the solver out; `None` for a refused document.
fn lines(value: &Value) -> Option<Vec<Line>> {
    let document = Document::from_json("t.json", &value.to_string()).unwrap();
    let papers = papers::all();
    let paper = isac_lab::paper::by_schema(&papers, document.schema().unwrap()).unwrap();
    let mut checker = Checker::new(true);
    (paper.check.unwrap())(&document.root(), &mut checker).ok()?;
    Some(checker.lines)
}

/// JSON pointers of every key outside what is stated, numbers in arrays left out. Whole containers of
/// stated values may go, since the values go with them.
fn inputs(value: &Value, at: &str, found: &mut Vec<String>) {
    const STATED: [&str; 5] = ["schema", "expected", "tolerance", "max", "min"];
    const CONTAINERS: [&str; 3] = ["cases", "metric_cases", "trust_region"];
    match value {
        Value::Object(map) => {
            for (key, child) in map.iter().filter(|(k, _)| !STATED.contains(&k.as_str())) {
                let path = format!("{at}/{key}");
                inputs(child, &path, found);
                if !CONTAINERS.contains(&key.as_str()) {
                    found.push(path);
                }
            }
        }
        Value::Array(items) => {
            for (i, item) in items
                .iter()
                .enumerate()
                .filter(|(_, item)| item.is_object())
            {
                inputs(item, &format!("{at}/{i}"), found);
            }
        }
        _ => {}
    }
}

fn remove(value: &mut Value, pointer: &str) {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let parent = value.pointer_mut(parent).unwrap();
    parent.as_object_mut().unwrap().remove(key).unwrap();
}

fn verdicts(lines: &[Line]) -> BTreeMap<&str, Outcome> {
    lines
        .iter()
        .map(|line| (line.path.as_str(), line.verdict))
        .collect()
}

fn no_value_is_lost(name: &str) {
    let whole = fixture(name);
    let before = lines(&whole).unwrap();
    let before = verdicts(&before);
    let checked = || before.iter().filter(|(_, v)| **v == Outcome::Pass);
    assert!(
        checked().count() > 5,
        "{name}: little is checked without a solver"
    );
    let mut paths = Vec::new();
    inputs(&whole, "", &mut paths);
    assert!(paths.len() > 20, "{paths:?}");
    for path in paths {
        let mut value = whole.clone();
        remove(&mut value, &path);
        let Some(after) = lines(&value) else {
            continue;
        };
        // Values below a failure are covered by it.
        let after = verdicts(&after);
        for (stated, _) in checked() {
            let covered = |at: &str, verdict: Outcome| {
                verdict != Outcome::NotChecked && stated.starts_with(at)
            };
            let found = after.iter().any(|(at, verdict)| covered(at, *verdict));
            assert!(found, "{name}: without {path} nothing is said of {stated}");
        }
    }
}

#[test]
fn obs_crlb_loses_none() {
    no_value_is_lost("obs-crlb-2");
}

#[test]
fn alpha_fair_loses_none() {
    no_value_is_lost("alpha-fair-small");
}

#[test]
fn hisac_see_loses_none() {
    no_value_is_lost("hisac-see-small");
}

#[test]
fn noma_loses_none() {
    let mut value = fixture("noma-1-paper");
    // Without a solver only the Welch bound and stated beams are checked.
    let count = lines(&value).unwrap().len();
    let mut paths = Vec::new();
    inputs(&value, "", &mut paths);
    for path in paths {
        let mut less = value.clone();
        remove(&mut less, &path);
        if let Some(after) = lines(&less) {
            assert_eq!(after.len(), count, "without {path}");
        }
    }
    remove(&mut value, "/cases/4/nonrobust_beams");
    let after = lines(&value).unwrap();
    let at = "cases[4].expected.nonrobust_worst_case_sinr";
    let failed = after
        .iter()
        .filter(|l| l.path.starts_with(at) && l.verdict == Outcome::Fail);
    let stated = value["cases"][4]["expected"]["nonrobust_worst_case_sinr"].as_object();
    assert_eq!(failed.count(), stated.unwrap().len());
}

fn check(name: &str, value: &Value) -> Ran {
    let path = folder(name).join("x.json");
    fs::write(&path, value.to_string()).unwrap();
    real_isac(&["check", "--metrics-only", "--json", path.to_str().unwrap()])
}

#[test]
fn every_value_of_a_design_that_is_missing_fails() {
    let mut value = fixture("hisac-see-small");
    let whole: Value = serde_json::from_str(&check("lost-whole", &value).out).unwrap();
    remove(&mut value, "/designs/best");
    let ran = check("lost-design", &value);
    assert_eq!(ran.code, 1, "{}", ran.err);
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    let count = |report: &Value, verdict: &str| {
        let lines = report["files"][0]["results"].as_array().unwrap().iter();
        let of_best = lines.filter(|line| {
            let path = line["path"].as_str().unwrap();
            path.starts_with("expected.designs.best.") && line["verdict"] == verdict
        });
        of_best.count()
    };
    assert!(count(&whole, "pass") > 50);
    assert_eq!(count(&report, "pass"), 0);
    assert_eq!(count(&report, "fail"), count(&whole, "pass"), "{}", ran.out);
    assert_eq!(
        report["failed"].as_u64().unwrap() as usize,
        count(&report, "fail")
    );
}

#[test]
fn values_at_the_root_of_alpha_fair_are_refused_not_passed_over() {
    let mut value = fixture("alpha-fair-small");
    value["expected"] = json!({"rates": [1.0]});
    let ran = check("lost-root", &value);
    assert_eq!(ran.code, 2);
    assert!(
        ran.err.contains("expected: got") && ran.err.contains("cases"),
        "{}",
        ran.err
    );
}
