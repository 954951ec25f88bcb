//! `isac check` and `isac solve` on a paper of our own.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use std::fs;
use std::path::PathBuf;

use common::{folder, isac};

fn file(folder: &std::path::Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    path
}

const GOOD: &str = r#"{"schema": "demo/1", "note": "n", "x": [1.0, 2.0],
  "expected": {"squares": [1.0, 4.0], "best": 2.0, "positive": true, "ranks_info": 1, "new": 3,
               "note": "n", "nothing": null}}"#;

#[test]
fn a_good_document_passes_and_a_wrong_value_fails() {
    let folder = folder("check-good");
    let good = file(&folder, "good.json", GOOD);
    let ran = isac(&["check", good.to_str().unwrap()]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert_eq!(
        ran.out.lines().last().unwrap(),
        "3 passed, 0 failed, 4 not checked"
    );
    let line = ran
        .out
        .lines()
        .find(|l| l.starts_with("expected.best"))
        .unwrap();
    assert!(
        line.contains(">= 2") && line.contains("rel 1e-9") && line.ends_with("pass"),
        "{line}"
    );

    let wrong = file(&folder, "wrong.json", &GOOD.replace("4.0", "4.001"));
    let ran = isac(&["check", good.to_str().unwrap(), wrong.to_str().unwrap()]);
    assert_eq!(ran.code, 1);
    assert_eq!(
        ran.out.lines().last().unwrap(),
        "5 passed, 1 failed, 8 not checked"
    );
    let line = ran.out.lines().find(|l| l.ends_with("fail")).unwrap();
    assert!(
        line.contains("expected.squares") && line.contains("4.001 at [1]"),
        "{line}"
    );
}

#[test]
fn a_file_without_a_pass_is_not_good() {
    let folder = folder("check-empty");
    let text = r#"{"schema": "demo/1", "x": [1.0], "expected": {"note": "nothing"}}"#;
    let path = file(&folder, "empty.json", text);
    assert_eq!(isac(&["check", path.to_str().unwrap()]).code, 1);
}

#[test]
fn metrics_only_leaves_the_solver_out() {
    let folder = folder("check-metrics");
    let path = file(
        &folder,
        "a.json",
        &GOOD.replace("\"best\": 2.0", "\"best\": 7.0"),
    );
    assert_eq!(isac(&["check", path.to_str().unwrap()]).code, 1);
    let ran = isac(&["check", "--metrics-only", path.to_str().unwrap()]);
    assert_eq!(ran.code, 0);
    assert_eq!(
        ran.out.lines().last().unwrap(),
        "2 passed, 0 failed, 5 not checked"
    );
}

#[test]
fn json_has_the_same_lines() {
    let folder = folder("check-json");
    let path = file(&folder, "a.json", GOOD);
    let ran = isac(&["check", "--json", path.to_str().unwrap()]);
    let value: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(value["passed"], 3);
    let lines = value["files"][0]["results"].as_array().unwrap();
    assert_eq!(lines.len(), 7);
    assert!(
        lines
            .iter()
            .any(|l| l["path"] == "expected.new" && l["verdict"] == "not-checked")
    );
}

#[test]
fn malformed_documents_give_2_and_name_what_is_wrong() {
    let folder = folder("check-bad");
    for (name, text, named) in [
        ("truncated", &GOOD[..60], "line"),
        ("nan", &GOOD.replace("4.0", "NaN"), "line 2"),
        ("huge", &GOOD.replace("4.0", "1e999"), "line 2"),
        (
            "key",
            &GOOD.replace("\"note\": \"n\", \"x\"", "\"xx\": 1, \"x\""),
            "`xx`",
        ),
        ("schema", &GOOD.replace("demo/1", "dema/1"), "demo/1"),
        (
            "number",
            &GOOD.replace("demo/1\"", "demo/1\", \"tolerance\": {\"rel\": -1}"),
            "tolerance.rel",
        ),
        ("type", &GOOD.replace("[1.0, 2.0]", "[1.0, \"b\"]"), "x[1]"),
        ("missing", "{\"x\": [1]}", "schema"),
        ("list", "[1]", "schema"),
        (
            "stated",
            &GOOD.replace("[1.0, 4.0]", "{\"a\": 1}"),
            "expected.squares",
        ),
    ] {
        let path = file(&folder, &format!("{name}.json"), text);
        let ran = isac(&["check", path.to_str().unwrap()]);
        assert_eq!(ran.code, 2, "{name}: {}{}", ran.out, ran.err);
        assert!(
            ran.err.contains(named) && ran.err.contains(name),
            "{name}: {}",
            ran.err
        );
    }
    let ran = isac(&["check", "/nonexistent/file.json"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("cannot be read"), "{}", ran.err);
}

#[test]
fn solve_has_an_exit_code_for_every_ending() {
    let folder = folder("solve");
    let solve = |name: &str, text: &str, more: &[&str]| {
        let path = file(&folder, name, text);
        isac(&[&["solve", path.to_str().unwrap()], more].concat())
    };
    let ran = solve(
        "a.toml",
        "schema = \"demo/1\"\nx = [1.0, 3.0]\n",
        &["--json"],
    );
    assert_eq!(ran.code, 0, "{}", ran.err);
    let value: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let mut keys: Vec<&str> = value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    keys.sort_unstable();
    let expected = [
        "algorithm",
        "beamformers",
        "certificate",
        "iterations",
        "max_violation",
        "metrics",
        "objective",
        "schema",
        "seed",
        "status",
        "stop_reason",
        "versions",
    ];
    assert_eq!(keys, expected);
    assert_eq!(
        (&value["status"], &value["objective"]),
        (&"solved".into(), &3.0.into())
    );
    assert!(value["certificate"].is_null());

    let infeasible = "schema = \"demo/1\"\nx = [1.0, 3.0]\nlimit = 2.0\n";
    assert_eq!(solve("b.toml", infeasible, &[]).code, 3);
    assert_eq!(
        solve("c.toml", "schema = \"demo/1\"\nx = []\n", &[]).code,
        4
    );
    for (text, named) in [
        ("schema = \"demo/1\"\nx = [nan]\n", "x[0]"),
        ("schema = \"demo/1\"\nx = [1.0\n", "line"),
        ("schema = \"demo/1\"\ny = [1.0]\n", "`y`"),
        (
            "schema = \"demo/1\"\nx = [1.0]\nlimit = -1\n",
            "limit: got -1, expected a finite number > 0 m",
        ),
    ] {
        let ran = solve("d.toml", text, &[]);
        assert_eq!(ran.code, 2, "{text}");
        assert!(ran.err.contains(named), "{text}: {}", ran.err);
    }
    let ran = solve(
        "e.toml",
        "schema = \"demo/1\"\nx = [1.0]\n",
        &["--algorithm", "large"],
    );
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("largest"), "{}", ran.err);
}

#[test]
fn solve_writes_the_object_to_a_file() {
    let folder = folder("solve-out");
    // The layout of a document with stated values is accepted, which are ignored.
    let path = file(&folder, "a.json", GOOD);
    let target = folder.join("solution.json");
    let ran = isac(&[
        "solve",
        path.to_str().unwrap(),
        "--out",
        target.to_str().unwrap(),
    ]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains("status         solved"), "{}", ran.out);
    let value: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(&target).unwrap()).unwrap();
    assert_eq!(value["schema"], "demo/1");
    let nowhere = target.join("below-a-file.json");
    let ran = isac(&[
        "solve",
        path.to_str().unwrap(),
        "--out",
        nowhere.to_str().unwrap(),
    ]);
    assert_eq!(ran.code, 2);
}

#[test]
fn a_time_limit_ends_a_solve_without_an_answer() {
    let folder = folder("time-limit");
    let slow = file(
        &folder,
        "slow.json",
        r#"{"schema": "demo/1", "x": [1.0], "wait_s": 600}"#,
    );
    let slow = slow.to_str().unwrap();
    let ran = isac(&["solve", slow, "--json", "--time-limit", "0.05"]);
    assert_eq!(ran.code, 4, "{}{}", ran.out, ran.err);
    let report: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(report["status"], "unknown");
    assert!(report["objective"].is_null());
    assert_eq!(
        (&report["algorithm"], &report["seed"]),
        (&"default".into(), &1.into())
    );
    let ran = isac(&[
        "solve",
        slow,
        "--json",
        "--time-limit",
        "0.05",
        "--seed",
        "7",
    ]);
    let seeded: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(seeded["seed"], 7);
    assert!(report["stop_reason"].as_str().unwrap().contains("0.05 s"));
    // Time enough changes nothing.
    let quick = file(&folder, "quick.json", r#"{"schema": "demo/1", "x": [1.0]}"#);
    let quick = quick.to_str().unwrap();
    assert_eq!(isac(&["solve", quick, "--time-limit", "600"]).code, 0);
    for bad in ["0", "-1", "nan", "inf", "soon"] {
        let ran = isac(&["solve", quick, &format!("--time-limit={bad}")]);
        assert_eq!(ran.code, 2, "{bad}");
        assert!(
            ran.err.contains("--time-limit") && ran.err.contains(bad),
            "{}",
            ran.err
        );
    }
}
