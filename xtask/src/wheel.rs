//! `cargo xtask wheel`: the Python package, built and tested in a fresh virtual environment.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::{cargo, root};

/// Largest wheel, bytes.
const LARGEST: u64 = 12_000_000;
/// Versions of CVXPY beside the newest whose conventions are tested with `--all`.
const CVXPY: [&str; 3] = ["1.6", "1.7", "1.8"];

/// Lints the package, builds the wheel and tests it; `--all` adds the older versions of CVXPY.
pub(crate) fn run(args: &[String]) -> ExitCode {
    let all = match args {
        [] => false,
        [all] if all == "--all" => true,
        _ => {
            eprintln!("wheel takes nothing but --all");
            return ExitCode::from(2);
        }
    };
    match python() {
        None => {
            eprintln!(
                "NO WHEEL: it needs python3, 3.10 or newer, with venv; PYTHON names another one"
            );
            ExitCode::FAILURE
        }
        Some(python) => match steps(&python, all) {
            Ok(()) => {
                println!("\ncargo xtask wheel: everything holds");
                ExitCode::SUCCESS
            }
            Err(what) => {
                eprintln!("cargo xtask wheel: {what}");
                ExitCode::FAILURE
            }
        },
    }
}

/// The Python that `PYTHON` names, or `python3`, where it is new enough.
fn python() -> Option<PathBuf> {
    let python = std::env::var_os("PYTHON").unwrap_or_else(|| "python3".into());
    let code = "import sys, venv; sys.exit(sys.version_info < (3, 10))";
    let output = Command::new(&python).args(["-c", code]).output();
    output
        .is_ok_and(|output| output.status.success())
        .then(|| python.into())
}

fn steps(python: &Path, all: bool) -> Result<(), String> {
    let here = root().join("target/wheel");
    let crate_root = root().join("crates/isac-python");
    let _ = std::fs::remove_dir_all(&here);
    std::fs::create_dir_all(&here).map_err(|error| format!("{}: {error}", here.display()))?;

    let manifest = crate_root.join("Cargo.toml");
    step("format");
    finish(
        cargo()
            .args(["fmt", "--check", "--manifest-path"])
            .arg(&manifest),
    )?;
    step("lints");
    let mut clippy = cargo();
    clippy.args(["clippy", "--manifest-path"]).arg(&manifest);
    clippy.args(["--all-targets", "--", "-D", "warnings"]);
    finish(clippy.env("CARGO_TARGET_DIR", root().join("target/python")))?;

    step("build");
    let tools = venv(python, &here.join("tools"))?;
    finish(pip(&tools).arg("maturin>=1.9,<2"))?;
    let mut build = Command::new(tools.join("maturin"));
    build
        .current_dir(root())
        .args(["build", "--release", "--out"]);
    build
        .arg(&here)
        .env("CARGO_TARGET_DIR", root().join("target/python"));
    finish(&mut build)?;
    let wheel = wheel_in(&here)?;
    let size = std::fs::metadata(&wheel)
        .map_err(|error| error.to_string())?
        .len();
    println!("{}: {:.1} MB", wheel.display(), size as f64 / 1e6);
    if size > LARGEST {
        return Err(format!(
            "the wheel has {size} bytes, expected at most {LARGEST}"
        ));
    }

    step("alone: numpy and nothing else");
    let bare = venv(python, &here.join("bare"))?;
    finish(pip(&bare).arg(&wheel))?;
    let code = "import isac; print(isac.solve({'schema': 'noma/1'}))";
    finish(
        Command::new(bare.join("python"))
            .current_dir(&here)
            .args(["-c", code]),
    )?;

    step("types, docstrings, tests");
    let full = venv(python, &here.join("full"))?;
    finish(pip(&full).arg(format!("{}[test]", wheel.display())))?;
    let config = root().join("pyproject.toml");
    let mut mypy = Command::new(full.join("mypy"));
    mypy.current_dir(&here)
        .args(["--strict", "--config-file"])
        .arg(&config);
    finish(mypy.args(["-p", "isac"]))?;
    let mut stubtest = Command::new(full.join("stubtest"));
    stubtest
        .current_dir(&here)
        .args(["--mypy-config-file"])
        .arg(&config);
    finish(stubtest.arg("isac._isac"))?;
    pytest(&full, &here, &["--doctest-modules", "--pyargs", "isac"])?;
    pytest(
        &full,
        &here,
        &[&crate_root.join("tests").display().to_string()],
    )?;

    for version in CVXPY.into_iter().filter(|_| all) {
        step(&format!("CVXPY {version}"));
        let old = venv(python, &here.join(format!("cvxpy-{version}")))?;
        let mut install = pip(&old);
        install
            .arg(&wheel)
            .args(["pytest", &format!("cvxpy=={version}.*")]);
        finish(&mut install)?;
        let tests = crate_root.join("tests/test_cvxpy.py").display().to_string();
        pytest(&old, &here, &[&tests])?;
    }
    Ok(())
}

fn step(text: &str) {
    println!("\n== {text}");
}

/// A fresh virtual environment; returns its folder of programs.
fn venv(python: &Path, folder: &Path) -> Result<PathBuf, String> {
    finish(Command::new(python).args(["-m", "venv"]).arg(folder))?;
    Ok(folder.join(if cfg!(windows) { "Scripts" } else { "bin" }))
}

fn pip(programs: &Path) -> Command {
    let mut pip = Command::new(programs.join("python"));
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ]);
    pip
}

fn pytest(programs: &Path, here: &Path, args: &[&str]) -> Result<(), String> {
    let mut pytest = Command::new(programs.join("python"));
    pytest
        .current_dir(here)
        .args(["-m", "pytest", "-q", "-p", "no:cacheprovider"]);
    finish(pytest.args(args))
}

fn wheel_in(folder: &Path) -> Result<PathBuf, String> {
    let entries = std::fs::read_dir(folder).map_err(|error| error.to_string())?;
    let mut paths = entries.flatten().map(|entry| entry.path());
    paths
        .find(|path| path.extension().is_some_and(|e| e == "whl"))
        .ok_or_else(|| "maturin wrote no wheel".into())
}

/// Runs a process to its end.
fn finish(command: &mut Command) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{name}` ended with {status}")),
        Err(error) => Err(format!("`{name}` did not start: {error}")),
    }
}
