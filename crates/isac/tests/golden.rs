//! The curves in `golden/` are those of today's code, up to the tolerances the files state.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};

use isac::papers;
use isac_lab::reproduce::prepare;
use isac_lab::run::Control;
use isac_lab::{Request, Size};
use isac_testkit::golden::Golden;

/// `(paper, artefact, file)` of every golden curve.
fn files() -> Vec<(String, String, PathBuf)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../golden");
    let sorted = |folder: &Path| {
        let entries = std::fs::read_dir(folder).unwrap();
        let mut paths: Vec<PathBuf> = entries.map(|e| e.unwrap().path()).collect();
        paths.sort();
        paths
    };
    let name = |path: &Path| path.file_stem().unwrap().to_str().unwrap().to_string();
    let mut out = Vec::new();
    for folder in sorted(&root).into_iter().filter(|p| p.is_dir()) {
        for file in sorted(&folder) {
            out.push((name(&folder), name(&file), file));
        }
    }
    out
}

#[test]
fn every_golden_curve_is_reproduced() {
    let files = files();
    let artefacts: Vec<_> = papers::all()
        .into_iter()
        .flat_map(|p| p.artefacts)
        .collect();
    assert!(files.len() >= 2, "no golden curves found");
    let mut moved = String::new();
    for (paper, artefact, file) in files {
        let golden = Golden::parse(&std::fs::read_to_string(&file).unwrap()).unwrap();
        let found = artefacts
            .iter()
            .find(|a| a.paper == paper && a.name == artefact);
        let found = found.unwrap_or_else(|| panic!("{paper}/{artefact}: no such artefact"));
        let request = Request::new(found.presets[0], Size::Quick);
        let prepared = prepare(found, &request).unwrap();
        let fresh = prepared
            .curves(&golden.curves, &Control::default())
            .unwrap();
        if let Err(difference) = golden.compare(&fresh) {
            moved += &format!("{paper}/{artefact}\n{difference}\n");
        }
    }
    assert!(
        moved.is_empty(),
        "{moved}if the change is intended: cargo xtask bless WHAT... --reason TEXT"
    );
}

#[test]
fn a_moved_curve_is_shown_as_a_table() {
    let (_, _, file) = files().remove(0);
    let golden = Golden::parse(&std::fs::read_to_string(file).unwrap()).unwrap();
    let mut rows: Vec<String> = golden.csv.lines().map(str::to_string).collect();
    let column = rows[0]
        .split(',')
        .position(|c| c.starts_with("mean_"))
        .unwrap();
    let name = rows[0].split(',').nth(column).unwrap().to_string();
    let cells: Vec<&str> = rows[1].split(',').collect();
    let value: f64 = cells[column].parse().unwrap();
    let mut wrong: Vec<String> = cells.iter().map(ToString::to_string).collect();
    wrong[column] = format!("{:e}", value + 1.0 + value.abs());
    rows[1] = wrong.join(",");
    let table = golden.compare(&rows.join("\n")).unwrap_err().to_string();
    assert!(
        table.contains(&name) && table.contains("expected"),
        "{table}"
    );
}
