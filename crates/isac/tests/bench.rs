//! `isac bench`: exit codes, bad input, and files in the released layouts, written by us.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::path::Path;
use std::sync::Arc;

use common::Ran;
use isac_lab::Error;
use isac_lab::bench::{Comparison, Family, Instances, Ours};
use isac_lab::paper::Paper;
use isac_lab::reference::CsvTable;

/// Six instances whose best value is 10, as `published.csv` of a folder says what theirs is.
const DEMO: Family = Family {
    name: "demo",
    holds: "numbers",
    source: "nowhere",
    files: "published.csv",
    open,
};

fn open(folder: &Path) -> Result<Option<Instances>, Error> {
    let path = folder.join("published.csv");
    if !path.is_file() {
        return Ok(None);
    }
    let table = CsvTable::read(&path)?;
    let column = table.column("value")?;
    let values: Result<Vec<f64>, Error> = (0..table.rows.len())
        .map(|row| table.finite(row, column))
        .collect();
    let values = values?;
    Ok(Some(Instances {
        count: values.len(),
        absent: vec!["more.csv".into()],
        compare: Box::new(move |i| {
            let ours = if i == 4 {
                Err("no answer, as asked".to_string())
            } else {
                Ok(Ours {
                    objective: 10.0,
                    bound: Some(11.0),
                    size: 10.0,
                    seconds: 1e-3,
                })
            };
            Ok(vec![Comparison {
                algorithm: "theirs",
                method: "best",
                set: "fig1",
                x: 0.5,
                realization: i,
                released: Some(values[i]),
                released_seconds: None,
                ours,
                tolerance: 1e-6,
            }])
        }),
    }))
}

fn demo(arguments: &[&str]) -> Ran {
    let papers = [Paper {
        bench: Some(DEMO),
        ..common::paper()
    }];
    common::run(arguments, &papers, Arc::default())
}

/// A folder whose file says what theirs is.
fn published(name: &str, values: &[f64]) -> String {
    let folder = common::folder(name);
    let rows: Vec<String> = values.iter().map(f64::to_string).collect();
    let text = format!("value\n{}\n", rows.join("\n"));
    std::fs::write(folder.join("published.csv"), text).unwrap();
    folder.to_str().unwrap().into()
}

/// Files in the released layouts, written by scipy with values by formula.
fn released(name: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = root.join("../isac-papers/tests/fixtures/bench").join(name);
    path.to_str().unwrap().into()
}

/// The cells of a CSV file by column.
fn cells(table: &CsvTable, name: &str) -> Vec<String> {
    let column = table.column(name).unwrap();
    table.rows.iter().map(|row| row[column].clone()).collect()
}

#[test]
fn the_exit_code_says_whether_ours_is_anywhere_worse() {
    // Better, equal, and above the bound of 11: nothing is worse.
    let good = published("bench-good", &[9.0, 10.0, 12.0, 8.0]);
    let ran = demo(&["bench", "demo", "--reference", &good]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("3 of 4 (1e-6)"), "{}", ran.out);
    // Leads 0.1, 0 and 0.2; the refuted value has no part in them.
    assert!(ran.out.contains("0.0e0, 1.0e-1, 2.0e-1"), "{}", ran.out);
    assert!(ran.err.contains("more.csv is not there"), "{}", ran.err);
    // Instance 1 is better than ours and possible, instance 4 has no answer.
    let bad = published("bench-bad", &[9.0, 10.5, 12.0, 8.0, 7.0]);
    let ran = demo(&["bench", "--reference", &bad]);
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    for named in [
        "--realization 1,",
        "--realization 4,",
        "no answer, as asked",
    ] {
        assert!(ran.out.contains(named), "{named}: {}", ran.out);
    }
    // The first instance alone is good.
    let first = ["bench", "demo", "--reference", &bad, "--instances", "1"];
    assert_eq!(demo(&first).code, 0);
}

#[test]
fn rows_and_files_do_not_depend_on_threads() {
    let folder = published("bench-threads", &[9.0, 10.5, 12.0, 8.0, 7.0, 1.0]);
    let of = |threads: &str| {
        let out = format!("{folder}/{threads}.csv");
        let ran = demo(&[
            "bench",
            "demo",
            "--reference",
            &folder,
            "--threads",
            threads,
            "--out",
            &out,
            "--json",
        ]);
        let json: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
        assert_eq!(json["rows"][0]["worse"], 2, "{json}");
        assert_eq!(json["worse"][0]["released"], 10.5, "{json}");
        assert_eq!(json["worse"][1]["why"], "no answer, as asked", "{json}");
        assert_eq!(json["absent"][0], "more.csv", "{json}");
        let text = std::fs::read_to_string(out).unwrap();
        (json["worse"].clone(), text)
    };
    assert_eq!(of("1"), of("3"));
    let table = CsvTable::read(&Path::new(&folder).join("1.csv")).unwrap();
    let standing = [
        "no_worse", "worse", "refuted", "no_worse", "worse", "no_worse",
    ];
    assert_eq!(cells(&table, "standing"), standing);
}

#[test]
fn families_are_listed_with_their_files_and_bad_input_is_named() {
    let ran = common::real_isac(&["bench"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    for named in [
        "isac bench obs_crlb --reference DIR",
        "isac bench cell_free --reference DIR",
        "power_data.mat",
        "OBS_for_CRLB_ISAC",
    ] {
        assert!(ran.out.contains(named), "{named}: {}", ran.out);
    }
    let one = common::real_isac(&["bench", "cell-free", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&one.out).unwrap();
    assert_eq!(json["families"].as_array().unwrap().len(), 1, "{json}");
    let ran = common::real_isac(&["bench", "cell_fre"]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.err.contains("cell_fre`") && ran.err.contains("cell_free"),
        "{}",
        ran.err
    );
    let empty = common::folder("bench-empty");
    let empty = empty.to_str().unwrap();
    for family in ["cell_free", "obs_crlb"] {
        let ran = common::real_isac(&["bench", family, "--reference", empty]);
        assert_eq!(ran.code, 2, "{}", ran.out);
        assert!(
            ran.err.contains("none of the published files"),
            "{}",
            ran.err
        );
        assert!(ran.err.contains("data"), "{}", ran.err);
    }
    let ran = common::real_isac(&["bench", "--reference", &format!("{empty}/nowhere")]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("nowhere"), "{}", ran.err);
    assert_eq!(common::real_isac(&["bench", "--instances", "3"]).code, 2);
    // Channels of another array are refused, not drawn anew.
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let small = root.join("../isac-papers/tests/fixtures/package");
    let small = small.to_str().unwrap();
    let ran = common::real_isac(&["bench", "obs_crlb", "--reference", small]);
    assert_eq!(ran.code, 2, "{}", ran.out);
    assert!(
        ran.err.contains("channels") && ran.err.contains("16 antennas"),
        "{}",
        ran.err
    );
}

#[test]
fn cell_free_files_in_the_released_layout() {
    let out = common::folder("bench-cell-free").join("rows.csv");
    let arguments = [
        "--reference",
        &released("cell_free"),
        "--out",
        out.to_str().unwrap(),
    ];
    let ran = common::real_isac(&[&["bench", "cell_free"][..], &arguments].concat());
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert!(
        ran.err.contains("dist_data0.mat is not there"),
        "{}",
        ran.err
    );
    let table = CsvTable::read(&out).unwrap();
    // Two draws at seven shares, four methods.
    assert_eq!(table.rows.len(), 56);
    let number = |row: usize, name: &str| table.number(row, table.column(name).unwrap()).unwrap();
    let (names, standing) = (cells(&table, "algorithm"), cells(&table, "standing"));
    let mut counts = [0; 3];
    for row in 0..table.rows.len() {
        let lead = number(row, "better_by");
        if names[row] == "JSC" {
            // The first draw stores what the null-space beams give, the second what no beams can, and at
            // the last share nothing.
            let expected = match (number(row, "realization") < 0.5, number(row, "x") < 0.98) {
                (true, _) => "no_worse",
                (false, true) => "refuted",
                (false, false) => "alone",
            };
            assert_eq!(standing[row], expected, "row {row}");
            assert!(number(row, "bound") <= 3.2 * (1.0 + 1e-9), "row {row}");
            counts[0] += 1;
        } else {
            // One user: the stored SINRs are closed forms and optimal.
            assert_eq!(standing[row], "no_worse", "row {row}");
            assert!(lead.abs() < 1e-8, "row {row}: {lead}");
            assert!(number(row, "certified_gap").abs() < 1e-8, "row {row}");
            counts[1 + usize::from(names[row] == "NS+RZF")] += 1;
        }
    }
    assert_eq!(counts, [14, 28, 14]);
}

#[test]
fn obs_crlb_files_in_the_released_layout() {
    let folder = released("obs_crlb");
    let arguments = [
        "bench",
        "obs_crlb",
        "--reference",
        &folder,
        "--instances",
        "2",
        "--json",
    ];
    let ran = common::real_isac(&arguments);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let json: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let rows = json["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 2, "{json}");
    // -1e4 is far below, 0.25 x 4e4 - 1 far above any design.
    assert_eq!(rows[0]["algorithm"], "algorithm1");
    assert_eq!(
        (&rows[0]["no_worse"], &rows[0]["stored"]),
        (&2.into(), &2.into())
    );
    // Stored times of two and of four users: 1.5 and 2.5 s.
    assert_eq!(rows[0]["released_seconds"], 4.0);
    assert_eq!(rows[1]["algorithm"], "wmmse_sdr");
    assert_eq!(
        (&rows[1]["refuted"], &rows[1]["worse"]),
        (&2.into(), &0.into())
    );
    assert_eq!(rows[1]["released_seconds"], serde_json::Value::Null);
    let gap = rows[0]["certified_gap"][1].as_f64().unwrap();
    assert!((0.0..0.5).contains(&gap), "{json}");
}

#[test]
#[ignore = "reads ../shared/reference, whose licences forbid a copy"]
fn no_released_result_of_the_first_draws_is_better() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/reference");
    let families = [
        ("cell_free", "cell-free", "700"),
        ("obs_crlb", "obs-crlb-package", "12"),
    ];
    for (family, folder, count) in families {
        let folder = shared.join(folder);
        let folder = folder.to_str().unwrap();
        let arguments = [family, "--reference", folder, "--instances", count];
        let ran = common::real_isac(&[&["bench"][..], &arguments].concat());
        assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    }
}
