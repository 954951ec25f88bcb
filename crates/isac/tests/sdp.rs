//! `isac sdp`: verdicts, exit codes, bad files.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use std::fs;
use std::path::Path;

use common::{folder, isac};

/// min x1 + x2 subject to [x1 1; 1 x2] >= 0: the optimum is 2 at x1 = x2 = 1.
const SMALL: &str = "2\n1\n2\n1.0 1.0\n0 1 1 2 -1.0\n1 1 1 1 1.0\n2 1 2 2 1.0\n";

fn solve(name: &str, text: &str, more: &[&str]) -> common::Ran {
    let path = folder(&format!("sdp-{name}")).join(name);
    fs::write(&path, text).unwrap();
    isac(&[&["sdp", path.to_str().unwrap()], more].concat())
}

#[test]
fn verdicts_and_bad_files() {
    let ran = solve("a.dat-s", SMALL, &["--json"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let value: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(value["status"], "solved");
    assert!(
        (value["value"].as_f64().unwrap() - 2.0).abs() < 1e-7,
        "{value}"
    );
    let worst = value["dimacs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e.as_f64().unwrap().abs());
    assert!(worst.fold(0.0, f64::max) < 1e-7, "{value}");

    // The same with the second variable fixed below zero by a diagonal entry: -x2 - 1 >= 0.
    let none =
        "2\n2\n2 -1\n1.0 1.0\n0 1 1 2 -1.0\n0 2 1 1 1.0\n1 1 1 1 1.0\n2 1 2 2 1.0\n2 2 1 1 -1.0\n";
    let ran = solve("b.dat-s", none, &[]);
    assert_eq!(ran.code, 3, "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("infeasible"), "{}", ran.out);

    let ran = solve("c.dat-s", &SMALL.replace("2 1 2 2 1.0", "2 1 3 2 1.0"), &[]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("line 7"), "{}", ran.err);
    assert_eq!(solve("d.dat-s", SMALL, &["--tolerance", "-1"]).code, 2);
    assert_eq!(isac(&["sdp", "/nonexistent.dat-s"]).code, 2);
}

#[test]
#[ignore = "reads ../shared/sdplib: not copied"]
fn a_problem_of_sdplib() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/sdplib/truss1.dat-s");
    let ran = isac(&["sdp", path.to_str().unwrap(), "--json"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let value: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    // Printed in the library as -8.999996.
    assert!(
        (value["value"].as_f64().unwrap() + 8.999_996).abs() < 1e-6,
        "{value}"
    );
}
