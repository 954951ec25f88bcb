//! `cargo xtask mutants`: which changes of the code no test of its own crate sees.

use std::path::Path;
use std::process::{Command, ExitCode};

/// What is measured when no file is named: where a wrong sign would make every answer wrong.
const DEFAULT: [&str; 3] = [
    "crates/isac-linalg/src/**/*.rs",
    "crates/isac-metrics/src/**/*.rs",
    "crates/isac-conic/src/certificate/**/*.rs",
];

/// Seconds after which a mutant's tests count as hung.
const TIMEOUT_S: &str = "120";

/// Runs cargo-mutants on `files` (all of [`DEFAULT`] if there is none) with the tests of their own
/// crates; arguments that begin with `-` are passed on, such as `--shard 0/8` or `--list`.
pub(crate) fn run(root: &Path, args: &[String]) -> ExitCode {
    let installed = Command::new("cargo")
        .args(["mutants", "--version"])
        .output()
        .is_ok_and(|output| output.status.success());
    if !installed {
        eprintln!(
            "mutants: NOT RUN, cargo-mutants is not installed. Install it with\n  cargo install cargo-mutants --locked"
        );
        return ExitCode::FAILURE;
    }
    let first_option = args.iter().position(|a| a.starts_with('-'));
    let (named, options) = args.split_at(first_option.unwrap_or(args.len()));
    let defaults = DEFAULT.map(str::to_owned);
    let files = if named.is_empty() { &defaults } else { named };
    let mut packages: Vec<&str> = Vec::new();
    for file in files {
        let Some(package) = package(file) else {
            eprintln!("mutants: {file}: expected crates/<name>/src/..., from the workspace root");
            return ExitCode::from(2);
        };
        if !file.contains('*') && !root.join(file).is_file() {
            eprintln!("mutants: {file}: no such file");
            return ExitCode::from(2);
        }
        if !packages.contains(&package) {
            packages.push(package);
        }
    }
    let mut good = true;
    for package in packages {
        let out = root.join("target/mutants").join(package);
        if let Err(error) = std::fs::create_dir_all(&out) {
            eprintln!("mutants: {}: {error}", out.display());
            return ExitCode::FAILURE;
        }
        let mut command = Command::new("cargo");
        command
            .current_dir(root)
            // Dependencies are compiled once, not once per run.
            .env("CARGO_TARGET_DIR", root.join("target/mutants/build"))
            .args(["mutants", "--package", package, "--test-package", package])
            .args(["--jobs", "1", "--timeout", TIMEOUT_S, "--no-shuffle"])
            .arg("--output")
            .arg(&out);
        for file in files.iter().filter(|f| self::package(f) == Some(package)) {
            command.args(["--file", file]);
        }
        command.args(options);
        println!("mutants: {package}, report in {}", out.display());
        // cargo-mutants ends with 2 where mutants are missed and with 3 where tests hung.
        match command.status() {
            Ok(status) => good &= status.success(),
            Err(error) => {
                eprintln!("cargo mutants did not start: {error}");
                return ExitCode::FAILURE;
            }
        }
        score(&out);
    }
    if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// The package of `crates/<package>/src/...`.
fn package(file: &str) -> Option<&str> {
    let (package, rest) = file.strip_prefix("crates/")?.split_once('/')?;
    rest.starts_with("src/").then_some(package)
}

/// One line per report: caught, missed, hung; those that do not compile count for nothing.
fn score(out: &Path) {
    let count = |name: &str| {
        let file = out.join("mutants.out").join(name);
        std::fs::read_to_string(file).map_or(0, |text| text.lines().count())
    };
    let (caught, missed, hung) = (
        count("caught.txt"),
        count("missed.txt"),
        count("timeout.txt"),
    );
    let found = caught + hung;
    let all = found + missed;
    if all > 0 {
        let share = 100.0 * found as f64 / all as f64;
        println!(
            "mutants: {found} of {all} found ({share:.1} %), {hung} of them by a test that hung"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_those_of_the_path() {
        assert_eq!(
            package("crates/isac-linalg/src/hermitian.rs"),
            Some("isac-linalg")
        );
        assert_eq!(
            package("crates/isac-conic/src/certificate/**/*.rs"),
            Some("isac-conic")
        );
        assert_eq!(package("xtask/src/main.rs"), None);
        assert_eq!(package("crates/isac-linalg/tests/factor.rs"), None);
        for file in DEFAULT {
            assert!(package(file).is_some());
        }
    }
}
