//! `cargo xtask api`: the public interface of every crate against `docs/api`, so that nothing of it changes
//! unnoticed.
//!
//! rustdoc writes the interface as JSON, `cargo-public-api` as lines. The JSON is not stable yet: the tool
//! reads that of few versions of Rust, and where it refuses nothing is checked, which is said.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::{cargo, tidy};

const INSTALL: &str = "cargo install cargo-public-api --version 0.52.0 --locked";

/// What a comparison came to.
pub(crate) enum Interface {
    /// Every crate has the interface of its snapshot.
    Same,
    /// Lines that came (`+`) or went (`-`).
    Changed(Vec<String>),
    /// Why nothing was compared.
    Unchecked(String),
}

/// `cargo xtask api [--bless]`.
pub(crate) fn run(root: &Path, args: &[String]) -> ExitCode {
    let bless = match args {
        [] => false,
        [word] if word == "--bless" => true,
        _ => {
            eprintln!("api knows the option --bless alone");
            return ExitCode::from(2);
        }
    };
    match compare(root, bless) {
        Interface::Same => {
            println!("api: docs/api holds the interface of every crate");
            ExitCode::SUCCESS
        }
        Interface::Changed(lines) => {
            for line in &lines {
                println!("{line}");
            }
            if bless {
                println!("api: {} lines renewed in docs/api", lines.len());
                return ExitCode::SUCCESS;
            }
            eprintln!("api: the interface changed; if it is meant: cargo xtask api --bless");
            ExitCode::FAILURE
        }
        Interface::Unchecked(why) => {
            eprintln!("api: nothing was checked: {why}");
            ExitCode::FAILURE
        }
    }
}

/// Compares every crate with its snapshot; `bless` renews those that differ.
pub(crate) fn compare(root: &Path, bless: bool) -> Interface {
    match changes(root, bless) {
        Ok(lines) if lines.is_empty() => Interface::Same,
        Ok(lines) => Interface::Changed(lines),
        Err(why) => Interface::Unchecked(why),
    }
}

fn changes(root: &Path, bless: bool) -> Result<Vec<String>, String> {
    let found = Command::new("cargo-public-api").arg("--version").output();
    if found.is_err() {
        return Err(format!("cargo-public-api is absent; {INSTALL}"));
    }
    let target = std::env::var_os("CARGO_TARGET_DIR");
    let target = target.map_or_else(|| root.join("target"), PathBuf::from);
    write_json(&target)?;
    let mut lines = Vec::new();
    for name in tidy::CRATES {
        let json = target.join(format!("doc/{}.json", name.replace('-', "_")));
        let now = interface(&json)?;
        let file = root.join(format!("docs/api/{name}.txt"));
        let before = std::fs::read_to_string(&file).unwrap_or_default();
        if now == before {
            continue;
        }
        let (old, new): (BTreeSet<_>, BTreeSet<_>) =
            (before.lines().collect(), now.lines().collect());
        lines.extend(old.difference(&new).map(|line| format!("- {line}")));
        lines.extend(new.difference(&old).map(|line| format!("+ {line}")));
        if bless {
            let failed = |e: std::io::Error| format!("{}: {e}", file.display());
            std::fs::create_dir_all(root.join("docs/api")).map_err(failed)?;
            std::fs::write(&file, now).map_err(failed)?;
        }
    }
    Ok(lines)
}

/// Lets rustdoc write JSON beside its pages. The switch for unstable options reaches rustdoc alone, through a
/// script in its place, so that nothing else is compiled again.
fn write_json(target: &Path) -> Result<(), String> {
    let script = target.join("rustdoc-json.sh");
    let failed = |e: std::io::Error| format!("{}: {e}", script.display());
    std::fs::create_dir_all(target).map_err(failed)?;
    let text = "#!/bin/sh\nRUSTC_BOOTSTRAP=1 exec rustdoc \"$@\"\n";
    std::fs::write(&script, text).map_err(failed)?;
    executable(&script).map_err(failed)?;
    let mut doc = cargo();
    doc.args(["doc", "--quiet", "--workspace", "--no-deps", "--lib"]);
    doc.args(["--exclude", "isac-benches", "--exclude", "xtask"]);
    doc.env("RUSTDOC", &script);
    doc.env(
        "RUSTDOCFLAGS",
        "-Zunstable-options --output-format json --cap-lints allow",
    );
    match doc.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err("rustdoc wrote no JSON".into()),
        Err(error) => Err(format!("cargo did not start: {error}")),
    }
}

#[cfg(unix)]
fn executable(file: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn executable(_: &Path) -> std::io::Result<()> {
    Ok(())
}

/// The interface of one crate, a line per item, without what the compiler derives.
fn interface(json: &Path) -> Result<String, String> {
    let mut tool = Command::new("cargo-public-api");
    tool.args(["public-api", "-sss", "--rustdoc-json"])
        .arg(json);
    let out = tool
        .output()
        .map_err(|e| format!("cargo-public-api: {e}"))?;
    if !out.status.success() {
        let why = String::from_utf8_lossy(&out.stderr);
        return Err(format!(
            "cargo-public-api refused {}: {}",
            json.display(),
            why.trim()
        ));
    }
    String::from_utf8(out.stdout).map_err(|e| format!("cargo-public-api: {e}"))
}
