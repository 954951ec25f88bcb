//! A study in one run, and what its words mean.

use std::fs;

use crate::common::real_isac;
use crate::support::{SPEC, good, spec, sweep};
use isac_lab::reference::CsvTable;

#[test]
fn a_file_of_ten_lines_gives_the_files_of_an_artefact() {
    let (folder, path) = spec("one", SPEC);
    let out = folder.join("out");
    let said = good(sweep(&[
        &path,
        "--out",
        out.to_str().unwrap(),
        "--threads",
        "2",
    ]));
    assert!(said.contains("24 solves"), "{said}");
    let curve = CsvTable::read(&out.join("curve.csv")).unwrap();
    let heads = &curve.columns[..6];
    assert_eq!(
        heads,
        [
            "algorithm",
            "x",
            "n",
            "failed",
            "unconverged",
            "mean_min_sinr"
        ]
    );
    let places: Vec<String> = curve
        .rows
        .iter()
        .map(|r| format!("{} at {}", r[0], &r[1][..3]))
        .collect();
    let places: Vec<&str> = places.iter().map(String::as_str).collect();
    assert_eq!(
        places,
        [
            "sic = own at 6.0",
            "sic = own at 8.0",
            "sic = orthogonal at 6.0",
            "sic = orthogonal at 8.0"
        ]
    );
    let rows = CsvTable::read(&out.join("per_realization.csv")).unwrap();
    assert_eq!(rows.rows.len(), 24);
    // A max-min design spends its whole budget, and both targets get their 2 W.
    let (power, pattern) = (
        rows.column("power_W").unwrap(),
        rows.column("pattern_W[1]").unwrap(),
    );
    for row in 0..rows.rows.len() {
        let x = rows.finite(row, 1).unwrap();
        assert!(rows.finite(row, power).unwrap() <= x * (1.0 + 1e-6));
        assert!(rows.finite(row, pattern).unwrap() >= 2.0 * (1.0 - 1e-5));
    }
    // Every point and realisation has its own draw.
    let seed = rows.column("seed").unwrap();
    let mut seeds: Vec<&String> = rows.rows.iter().map(|row| &row[seed]).collect();
    seeds.sort();
    seeds.dedup();
    assert_eq!(seeds.len(), 24);
    // And `solve` finds the same with the seed of a row.
    let alone = folder.join("alone.toml");
    let text = "schema = \"noma/1\"\n[scenario]\nproblem = \"max_min\"\nusers = 2\nP_total_W = 6\nsic = \"own\"\n";
    fs::write(&alone, text).unwrap();
    let seed = (rows.finite(0, seed).unwrap() as u64).to_string();
    let ran = real_isac(&["solve", alone.to_str().unwrap(), "--json", "--seed", &seed]);
    let report: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let swept = rows.finite(0, rows.column("min_sinr").unwrap()).unwrap();
    assert_eq!(
        report["metrics"]["min_sinr"].as_f64().unwrap().to_bits(),
        swept.to_bits()
    );
    for name in ["figure.svg", "figure.png", "timing.csv"] {
        assert!(out.join(name).is_file(), "{name}");
    }
    let svg = fs::read_to_string(out.join("figure.svg")).unwrap();
    for text in ["P total (W)", "min sinr", "sic = orthogonal"] {
        assert!(svg.contains(text), "{text}");
    }
    // The same again does nothing and says so.
    let again = good(sweep(&[&path, "--out", out.to_str().unwrap()]));
    assert!(
        again.contains("24 of 24 tasks were finished before"),
        "{again}"
    );
}

#[test]
fn explain_knows_keys_statuses_and_the_nearest_of_others() {
    for (word, parts) in [
        (
            "P_total_W",
            ["noma/1", "power budget", "unit: W", "default: 6.0"],
        ),
        (
            "scenario.power_dbm",
            ["obs-crlb/1", "alpha-fair/1", "unit: dBm", "default: 30.0"],
        ),
        (
            "sensing.gain",
            [
                "alpha-fair/1",
                "complex gain",
                "unit: none",
                "default: \"known\"",
            ],
        ),
        ("realizations", ["[sweep]", "channel draws", "default", "1"]),
        ("no_point_below", ["status", "radius", "exit code 4", ""]),
        ("exact (means)", ["grade", "equal means", "", ""]),
        ("130", ["exit code", "kept", "", ""]),
    ] {
        let ran = real_isac(&["explain", word]);
        assert_eq!(ran.code, 0, "{word}: {}", ran.err);
        assert!(
            parts.iter().all(|part| ran.out.contains(part)),
            "{word}: {}",
            ran.out
        );
    }
    for (word, near) in [("P_totl_W", "P_total_W"), ("infeasable", "infeasible")] {
        let ran = real_isac(&["explain", word]);
        assert_eq!(ran.code, 2);
        assert!(ran.err.contains(near), "{}", ran.err);
    }
}
