//! Says which revision of the repository the program is built from, as `ISAC_REVISION`: the hash of
//! the commit, with `-dirty` behind it where sources differ from it; `unknown` without git and for a
//! packaged crate. Takes the tables of errata out of `docs/papers`, for `isac report`.

use std::path::{Path, PathBuf};
use std::process::Command;

/// What the program is made of.
const SOURCES: [&str; 3] = ["Cargo.toml", "Cargo.lock", "crates/*/src/*"];

fn main() {
    let here = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let revision = revision(&here);
    println!(
        "cargo::rustc-env=ISAC_REVISION={}",
        revision.as_deref().unwrap_or("unknown")
    );
    let text = format!(
        "const ERRATA: &[(&str, &str)] = &{:?};\n",
        errata(&here).unwrap_or_default()
    );
    let out = PathBuf::from(std::env::var_os("OUT_DIR").unwrap_or_default());
    if let Err(error) = std::fs::write(out.join("errata.rs"), text) {
        println!("cargo::error=errata.rs: {error}");
    }
}

/// Papers with the table that says where paper, released code and ours differ, if their pages stand
/// beside the crate.
fn errata(here: &Path) -> Option<Vec<(String, String)>> {
    const HEADS: [&str; 2] = ["## Errata", "## Paper, released code, ours"];
    let folder = here.parent()?.parent()?.join("docs/papers");
    let entries = std::fs::read_dir(&folder).ok()?;
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut found = Vec::new();
    for entry in entries.flatten() {
        let path = entry.path();
        let page = std::fs::read_to_string(&path).ok()?;
        let mut lines = page
            .lines()
            .skip_while(|line| !HEADS.contains(line))
            .skip(1);
        let table: Vec<&str> = (lines.by_ref())
            .take_while(|line| !line.starts_with("## "))
            .filter(|line| line.starts_with('|'))
            .collect();
        let name = path.file_stem()?.to_str()?.to_string();
        if !table.is_empty() {
            found.push((name, table.join("\n")));
        }
    }
    found.sort();
    Some(found)
}

/// The revision, if the crate stands in its repository.
fn revision(here: &Path) -> Option<String> {
    println!("cargo::rerun-if-changed=build.rs");
    let root = here.parent()?.parent()?;
    // A packaged or vendored crate may lie inside a repository that is not ours.
    let top = PathBuf::from(git(root, &["rev-parse", "--show-toplevel"])?);
    let ours = top.join("crates/isac").canonicalize().ok()? == here.canonicalize().ok()?;
    let tracked = git(here, &["ls-files", "--error-unmatch", "Cargo.toml"]);
    if !ours || tracked.is_none() {
        return None;
    }
    // A commit, another branch, an edit: each may change what this says.
    for name in ["HEAD", "logs/HEAD"] {
        let path = root.join(git(root, &["rev-parse", "--git-path", name])?);
        // A file that is not there would count as changed at every build.
        if path.is_file() {
            println!("cargo::rerun-if-changed={}", path.display());
        }
    }
    for name in ["Cargo.toml", "Cargo.lock"] {
        println!("cargo::rerun-if-changed={}", root.join(name).display());
    }
    for entry in std::fs::read_dir(root.join("crates")).ok()?.flatten() {
        let sources = entry.path().join("src");
        if sources.is_dir() {
            println!("cargo::rerun-if-changed={}", sources.display());
        }
    }
    let head = git(root, &["rev-parse", "HEAD"])?;
    let mut changes = vec!["status", "--porcelain", "--"];
    changes.extend(SOURCES);
    let dirty = !git(root, &changes)?.is_empty();
    Some(if dirty { format!("{head}-dirty") } else { head })
}

/// What git says, without the line break; `None` if it fails or is not there.
fn git(folder: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git")
        .current_dir(folder)
        .args(arguments)
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_string())
}
