//! Conventions that a reviewer should not have to check: layer order, circles, lengths, licences, names,
//! references.
//!
//! Everything is read from `cargo tree` and from the tracked source files; nothing is changed.

mod code;
mod structure;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The crates in layer order; each may depend only on those named in [`ALLOWED`].
pub(crate) const CRATES: [&str; 11] = [
    "isac-linalg",
    "isac-models",
    "isac-metrics",
    "isac-conic",
    "isac-opt",
    "isac-algos",
    "isac-plot",
    "isac-lab",
    "isac-papers",
    "isac",
    "isac-testkit",
];

/// Which of our crates a crate may depend on. `isac-conic` and `isac-opt` have no physics,
/// `isac-metrics` no solver; they meet only in `isac-algos`. `isac-lab` knows no paper.
const ALLOWED: [(&str, &[&str]); 12] = [
    ("isac-linalg", &[]),
    ("isac-models", &["isac-linalg"]),
    ("isac-metrics", &["isac-linalg", "isac-models"]),
    ("isac-conic", &["isac-linalg", "isac-blas-shim"]),
    ("isac-opt", &["isac-linalg", "isac-conic"]),
    (
        "isac-algos",
        &["isac-linalg", "isac-models", "isac-metrics", "isac-opt"],
    ),
    ("isac-plot", &[]),
    ("isac-lab", &["isac-linalg", "isac-plot"]),
    (
        "isac-papers",
        &[
            "isac-linalg",
            "isac-models",
            "isac-metrics",
            "isac-opt",
            "isac-algos",
            "isac-plot",
            "isac-lab",
        ],
    ),
    (
        "isac",
        &["isac-models", "isac-conic", "isac-lab", "isac-papers"],
    ),
    ("isac-testkit", &["isac-linalg"]),
    ("xtask", &[]),
];

const LICENCES: [&str; 9] = [
    "MIT",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "Zlib",
    "Unlicense",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "Unicode-3.0",
    "CC0-1.0",
];

/// Keys of the papers: the folders of `isac-algos`.
pub(crate) fn papers(root: &Path) -> Vec<String> {
    let entries = fs::read_dir(root.join("crates/isac-algos/src"));
    let folders = entries.into_iter().flatten().flatten();
    let mut found: Vec<String> = folders
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    found.sort();
    found
}

/// Checks everything and returns all findings, each naming its file and rule.
pub(crate) fn run(root: &Path) -> Result<(), Vec<String>> {
    let mut findings = Vec::new();
    layers(root, &mut findings);
    licences(root, &mut findings);
    manifests(root, &mut findings);
    sources(root, &mut findings);
    structure::check(root, &mut findings);
    references(root, &mut findings);
    equations(root, &mut findings);
    if findings.is_empty() {
        Ok(())
    } else {
        Err(findings)
    }
}

fn tree(root: &Path, args: &[&str]) -> Result<String, String> {
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .current_dir(root)
        .arg("tree")
        .args(args)
        .output()
        .map_err(|error| format!("cargo tree did not start: {error}"))?;
    if !output.status.success() {
        return Err(format!(
            "cargo tree failed: {}",
            String::from_utf8_lossy(&output.stderr)
        ));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn layers(root: &Path, findings: &mut Vec<String>) {
    for (name, allowed) in ALLOWED {
        let args = [
            "-p",
            name,
            "--depth",
            "1",
            "-e",
            "normal,build",
            "--prefix",
            "none",
            "--all-features",
        ];
        match tree(root, &args) {
            Err(error) => findings.push(error),
            Ok(text) => {
                for line in text.lines().skip(1) {
                    let dependency = line.split(' ').next().unwrap_or_default();
                    if dependency.starts_with("isac-") && !allowed.contains(&dependency) {
                        findings.push(format!(
                            "layer order: {name} may not depend on {dependency} \
                             (data flows linalg -> models -> metrics -> algos -> lab, \
                             linalg -> opt -> algos)"
                        ));
                    }
                }
            }
        }
    }
}

fn licences(root: &Path, findings: &mut Vec<String>) {
    let args = [
        "--workspace",
        "-e",
        "normal,build",
        "--prefix",
        "none",
        "--all-features",
        "-f",
        "{p}|{l}",
    ];
    match tree(root, &args) {
        Err(error) => findings.push(error),
        Ok(text) => {
            for line in text.lines() {
                let Some((package, licence)) = line.trim_end_matches(" (*)").split_once('|') else {
                    continue;
                };
                if !licence_allowed(licence) {
                    findings.push(format!("licence: {package} has `{licence}`"));
                }
            }
        }
    }
    findings.dedup();
}

/// An expression is fine if one alternative is and, within it, every conjunct is.
fn licence_allowed(expression: &str) -> bool {
    let plain = expression.replace(['(', ')'], "").replace('/', " OR ");
    plain.split(" AND ").all(|conjunct| {
        conjunct
            .split(" OR ")
            .any(|licence| LICENCES.contains(&licence.trim()))
    })
}

fn manifests(root: &Path, findings: &mut Vec<String>) {
    for path in files(&root.join("crates"), &["toml"]) {
        if path.file_name().is_none_or(|name| name != "Cargo.toml") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap_or_default();
        let inside = |folder: &str| path.components().any(|part| part.as_os_str() == folder);
        // Outside the workspace, which it cannot inherit from.
        if inside("isac-python") || inside("isac-web") {
            continue;
        }
        let shim = inside("isac-blas-shim");
        if !text.contains("[lints]\nworkspace = true") && !shim {
            findings.push(format!(
                "{}: lacks `[lints] workspace = true`",
                show(root, &path)
            ));
        }
        if !text.contains("license.workspace = true") {
            findings.push(format!(
                "{}: lacks `license.workspace = true`",
                show(root, &path)
            ));
        }
    }
}

fn sources(root: &Path, findings: &mut Vec<String>) {
    let mut all = files(&root.join("crates"), &["rs", "toml", "md", "py", "sh"]);
    all.extend(files(
        &root.join("benches"),
        &["rs", "toml", "md", "py", "sh"],
    ));
    all.extend(files(&root.join("docs"), &["md"]));
    all.extend(
        [
            "README.md",
            "ARCHITECTURE.md",
            "CONTRIBUTING.md",
            "CHANGELOG.md",
        ]
        .map(|f| root.join(f)),
    );
    let papers = papers(root);
    for path in all {
        let Ok(text) = fs::read_to_string(&path) else {
            continue;
        };
        let name = show(root, &path);
        for (index, line) in text.lines().enumerate() {
            for finding in line_findings(&papers, &name, line) {
                findings.push(format!("{name}:{}: {finding}", index + 1));
            }
        }
    }
}

/// What is wrong with one line of the file `name`.
fn line_findings(papers: &[String], name: &str, line: &str) -> Vec<String> {
    let mut found = Vec::new();
    let code = line.split("//").next().unwrap_or_default();
    for folder in ["home", "root", "work", "Users"] {
        let path = format!("/{folder}/");
        for quote in ["\"", "'", " ", "`", "("] {
            if line.contains(&format!("{quote}{path}")) {
                found.push(format!("absolute path {path}"));
            }
        }
    }
    let source = name.starts_with("crates/") && name.contains("/src/");
    if source && !name.starts_with("crates/isac-linalg/") && !name.contains("isac-blas-shim") {
        for call in [
            ".llt(",
            ".self_adjoint_eigen",
            ".thin_svd(",
            ".svd(",
            ".qr(",
            ".col_piv_qr(",
        ] {
            if code.contains(call) {
                found.push(format!(
                    "`{call}` belongs in isac-linalg, behind a typed failure"
                ));
            }
        }
    }
    if source && code.contains("clarabel::") && !name.contains("isac-conic/src/second_opinion/") {
        found.push("only isac_conic::second_opinion names Clarabel".to_owned());
    }
    if let Some(paper) = name
        .strip_prefix("crates/isac-algos/src/")
        .or_else(|| name.strip_prefix("crates/isac-papers/src/"))
        .and_then(|rest| rest.split('/').next())
        .filter(|paper| papers.iter().any(|p| p == paper))
    {
        for other in papers.iter().filter(|other| *other != paper) {
            if code.contains(&format!("crate::{other}")) {
                found.push(format!(
                    "paper {paper} imports paper {other}: move shared code down"
                ));
            }
        }
    }
    if code.contains("isac_linalg::faer") && source && !name.starts_with("crates/isac-linalg/") {
        found.push("faer is named only in isac-linalg; take its re-exports".to_owned());
    }
    let technique = ["crates/isac-opt/src/", "crates/isac-conic/src/"];
    if technique.iter().any(|t| name.starts_with(t)) && !name.ends_with("/lib.rs") {
        let lower = line.to_lowercase();
        for word in [
            "antenna",
            "sinr",
            "crlb",
            "steering",
            "beampattern",
            "transmit power",
        ] {
            if lower.contains(word) {
                found.push(format!("a technique names a physical quantity: `{word}`"));
            }
        }
    }
    found
}

/// `docs/equations.md` is what `cargo xtask eq` would write.
fn equations(root: &Path, findings: &mut Vec<String>) {
    let written = fs::read_to_string(root.join("docs/equations.md")).unwrap_or_default();
    if written != crate::eq::page(root) {
        findings.push("docs/equations.md is old: run `cargo xtask eq`".to_owned());
    }
}

/// Every paper key cited as `[key]` in a doc comment stands in `docs/references.bib`.
fn references(root: &Path, findings: &mut Vec<String>) {
    let bib = fs::read_to_string(root.join("docs/references.bib")).unwrap_or_default();
    for paper in papers(root) {
        if !bib.contains(&format!("{{{paper},")) {
            findings.push(format!("docs/references.bib: lacks the key {paper}"));
        }
    }
    for path in files(&root.join("crates"), &["rs"]) {
        let text = fs::read_to_string(&path).unwrap_or_default();
        for (index, line) in text.lines().enumerate() {
            let Some(rest) = line
                .trim_start()
                .strip_prefix("//")
                .and_then(|l| l.split_once(" of ["))
            else {
                continue;
            };
            let key = rest.1.split(']').next().unwrap_or_default();
            let citation = line.contains("Eq.") || line.contains("Section");
            let plain = key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            if citation && plain && !key.is_empty() && !bib.contains(&format!("{{{key},")) {
                let name = show(root, &path);
                findings.push(format!("{name}:{}: unknown reference [{key}]", index + 1));
            }
        }
    }
}

/// Files below `folder` with one of the endings, sorted; `target` is left out.
pub(crate) fn files(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(next) = open.pop() {
        let Ok(entries) = fs::read_dir(&next) else {
            continue;
        };
        for entry in entries.flatten() {
            let path = entry.path();
            if path.is_dir() {
                if path.file_name().is_none_or(|name| name != "target") {
                    open.push(path);
                }
            } else if path
                .extension()
                .is_some_and(|e| endings.iter().any(|end| e == *end))
            {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

pub(crate) fn show(root: &Path, path: &Path) -> String {
    path.strip_prefix(root)
        .unwrap_or(path)
        .to_string_lossy()
        .replace('\\', "/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_keeps_its_conventions() {
        let findings = run(&crate::root()).err().unwrap_or_default();
        assert!(findings.is_empty(), "{findings:#?}");
    }

    #[test]
    fn licence_expressions_are_read() {
        assert!(licence_allowed("MIT OR Apache-2.0"));
        assert!(licence_allowed("MIT/Apache-2.0"));
        assert!(licence_allowed("(MIT OR Apache-2.0) AND Unicode-3.0"));
        assert!(!licence_allowed("MIT AND GPL-3.0"));
        assert!(!licence_allowed("GPL-3.0"));
    }

    #[test]
    fn each_rule_finds_its_offence() {
        let offences = [
            ("crates/isac-opt/src/x.rs", "/// the antenna power"),
            (
                "crates/isac-algos/src/noma/x.rs",
                "use crate::obs_crlb::Problem;",
            ),
            (
                "crates/isac-metrics/src/x.rs",
                "let l = a.llt(faer::Side::Lower);",
            ),
            (
                "crates/isac-algos/src/noma/x.rs",
                "use clarabel::solver::*;",
            ),
            ("docs/x.md", "see `/home/me/file`"),
        ];
        for (name, line) in offences {
            let found = line_findings(&papers(&crate::root()), name, line);
            assert!(!found.is_empty(), "{name}: {line}");
        }
        let clean = "/// the step length";
        assert!(line_findings(&[], "crates/isac-opt/src/x.rs", clean).is_empty());
    }
}
