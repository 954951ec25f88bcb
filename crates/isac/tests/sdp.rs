//! `isac sdp`: verdicts, exit codes, bad files.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use std::fs;
use std::io::Write as _;
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

/// The example of the documentation: by hand. With `h_0 = (1, j)` and `h_1 = (0, 1)` the matrix inequality says
/// `t >= 1/4`, so that `W_11 >= 3/4` with `t` at 1/4; beside it `h_0^H W h_0 >= 2`. Power `|a|^2 + |b|^2` of
/// a beam `(a, b)` in phase with `h_0`, `(a + b)^2 >= 2` and `b^2 >= 3/4`: `a = sqrt(2) - b` at `b = sqrt(3)/2`.
#[test]
fn programs_as_json_and_packed_files() {
    let docs = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/cli.md"));
    let docs = docs.unwrap();
    let begin = docs.find("{\n  \"schema\": \"conic/1\"").unwrap();
    let text = &docs[begin..begin + docs[begin..].find("```").unwrap()];
    let b = 3f64.sqrt() / 2.0;
    let expected = (2f64.sqrt() - b).powi(2) + b * b + 0.25;
    let out = folder("sdp-json-solution").join("solution.json");
    let ran = solve(
        "a.json",
        text,
        &["--json", "--solution", out.to_str().unwrap()],
    );
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let value: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let got = value["value"].as_f64().unwrap();
    assert!((got - expected).abs() < 1e-7, "{got} {expected}");
    let solution: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(&out).unwrap()).unwrap();
    let t = solution["variables"]["t"].as_f64().unwrap();
    assert!((t - 0.25).abs() < 1e-6, "{solution}");
    assert_eq!(solution["multipliers"]["rows"].as_array().unwrap().len(), 2);

    for (from, to, says) in [
        ("\"trace\": 1", "\"trce\": 1", "trce"),
        (
            "[[1, 0.5], [0.5, 0]]",
            "[[1, 0.5], [0.4, 0]]",
            "lmis[0].constant",
        ),
        (
            "\"columns\": [0]",
            "\"columns\": [2]",
            "rows[0].terms[0].columns[0]",
        ),
        ("\"rhs\": 2", "\"rhs\": \"2\"", "rows[0].rhs"),
        ("\"pool\": \"channels\"", "\"pool\": \"chanels\"", "chanels"),
        ("\"name\": \"t\"", "\"name\": \"W\"", "scalars[0].name"),
        (
            "\"order\": 2 }]",
            "\"order\": 4000000000 }]",
            "blocks[0].order",
        ),
    ] {
        let ran = solve("bad.json", &text.replace(from, to), &[]);
        assert!(ran.code == 2 && ran.err.contains(says), "{to}: {}", ran.err);
    }

    let packed = folder("sdp-gz").join("small.dat-s.gz");
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(SMALL.as_bytes()).unwrap();
    fs::write(&packed, encoder.finish().unwrap()).unwrap();
    let ran = isac(&["sdp", packed.to_str().unwrap(), "--json"]);
    let value: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert!(
        (value["value"].as_f64().unwrap() - 2.0).abs() < 1e-7,
        "{value}"
    );
    let torn = fs::read(&packed).unwrap();
    fs::write(&packed, &torn[..torn.len() / 2]).unwrap();
    let ran = isac(&["sdp", packed.to_str().unwrap()]);
    assert_eq!(ran.code, 2, "{}{}", ran.out, ran.err);
}

/// `min tr W` over the least eigenvalue of a file in CBF; the other solver says the same, also of a program
/// without a point.
#[test]
fn conic_benchmark_format_and_a_second_opinion() {
    let text = "VER\n3\nOBJSENSE\nMIN\nPSDVAR\n1\n3\nCON\n1 1\nL= 1\nOBJFCOORD\n4\n0 0 0 2\n0 1 0 1\n0 1 1 2\n0 2 2 5\nFCOORD\n3\n0 0 0 0 1\n0 0 1 1 1\n0 0 2 2 1\nBCOORD\n1\n0 -1\n";
    let ran = solve("a.cbf", text, &["--json", "--second-opinion"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let value: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert!(
        (value["value"].as_f64().unwrap() - 1.0).abs() < 1e-8,
        "{value}"
    );
    let other = &value["second_opinion"];
    assert_eq!(other["agreement"], "same", "{value}");
    assert!(
        (other["value"].as_f64().unwrap() - 1.0).abs() < 1e-6,
        "{value}"
    );

    let ran = solve(
        "b.cbf",
        &text.replace("0 -1\n", "0 1\n"),
        &["--json", "--second-opinion"],
    );
    assert_eq!(ran.code, 3, "{}{}", ran.out, ran.err);
    let value: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(value["second_opinion"]["agreement"], "same", "{value}");

    let ran = solve("c.cbf", &text.replace("0 2 2 5", "0 2 3 5"), &[]);
    assert!(ran.code == 2 && ran.err.contains("line 16"), "{}", ran.err);
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
