//! A study of twenty-four solves and the commands that run it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::common::{Ran, folder, real_isac};

pub(crate) const SPEC: &str = r#"schema = "noma/1"
seed = 3
[scenario]
problem = "max_min"
users = 2
[sweep]
P_total_W = [6, 8]
sic = ["own", "orthogonal"]
realizations = 6
metrics = ["min_sinr", "power_W", "seed", "pattern_W[1]"]
"#;

/// A spec in a fresh folder of a test.
pub(crate) fn spec(test: &str, text: &str) -> (PathBuf, String) {
    let folder = folder(&format!("sweep-{test}"));
    let path = folder.join("mine.toml");
    fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap().to_string();
    (folder, path)
}

pub(crate) fn sweep(words: &[&str]) -> Ran {
    let quiet: &[&str] = match words.first() {
        Some(&"status" | &"merge" | &"plan" | &"submit") => &[],
        _ => &["--progress", "none"],
    };
    real_isac(&[&["sweep"], words, quiet].concat())
}

pub(crate) fn good(ran: Ran) -> String {
    assert_eq!(ran.code, 0, "{}{}", ran.err, ran.out);
    ran.out
}

/// The files of a study, times and logs left out.
pub(crate) fn results(out: &Path) -> Vec<(String, Vec<u8>)> {
    let names = [
        "curve.csv",
        "per_realization.csv",
        "meta.json",
        "figure.svg",
        "figure.png",
    ];
    let read = |name: &str| (name.to_string(), fs::read(out.join(name)).unwrap());
    names.map(read).into()
}

pub(crate) fn plan(test: &str, text: &str) -> (PathBuf, String) {
    let (folder, path) = spec(test, text);
    let plan = folder.join("plan.json").to_str().unwrap().to_string();
    good(sweep(&["plan", &path, "-o", &plan]));
    (folder, plan)
}

pub(crate) fn shard(plan: &str, out: &Path, words: &[&str]) -> Ran {
    sweep(&[&["run", plan, "--out", out.to_str().unwrap()], words].concat())
}

pub(crate) fn merge(plan: &str, out: &Path, words: &[&str]) -> Ran {
    sweep(&[&["merge", plan, "--out", out.to_str().unwrap()], words].concat())
}

/// The files of one uninterrupted run.
pub(crate) fn expected(test: &str, text: &str) -> Vec<(String, Vec<u8>)> {
    let (folder, path) = spec(&format!("{test}-whole"), text);
    let out = folder.join("out");
    good(sweep(&[&path, "--out", out.to_str().unwrap()]));
    results(&out)
}

/// The program itself, for processes that are killed.
pub(crate) fn process(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_isac"));
    command
        .args(words)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}
