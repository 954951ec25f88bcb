//! `cargo xtask test`: what CI runs, in the order in which mistakes are cheapest to find.

use crate::api::{self, Interface};
use crate::{cargo, new_paper, root, tidy};
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Instant;

/// Runs every step to the first that fails; `quick` leaves out docs and single crates.
pub(crate) fn run(quick: bool) -> ExitCode {
    #[expect(
        clippy::disallowed_methods,
        reason = "tells the developer how long the steps took"
    )]
    let start = Instant::now();
    step("tidy");
    if let Err(findings) = tidy::run(&root()) {
        for finding in &findings {
            eprintln!("tidy: {finding}");
        }
        return ExitCode::FAILURE;
    }
    // What is installed is asked when its turn has come: `.ci/run` goes on installing meanwhile.
    let parts: [&dyn Fn() -> Vec<Step>; 3] = [&own, &outside, &|| built(quick)];
    for part in parts {
        for (name, args) in part() {
            if let Err(why) = run_step(name, &args) {
                eprintln!("cargo xtask test: `{name}` {why}");
                return ExitCode::FAILURE;
            }
        }
    }
    if let Err(error) = worked_examples() {
        eprintln!("cargo xtask test: worked examples: {error}");
        return ExitCode::FAILURE;
    }
    if !quick {
        step("api: docs/api holds the interface of every crate");
        match api::compare(&root(), false) {
            Interface::Same => {}
            Interface::Changed(lines) => {
                for line in &lines {
                    eprintln!("{line}");
                }
                eprintln!(
                    "cargo xtask test: the interface changed; if it is meant: cargo xtask api --bless"
                );
                return ExitCode::FAILURE;
            }
            Interface::Unchecked(why) => println!("NOT CHECKED: {why}"),
        }
    }
    if !quick && let Err(error) = begun_paper() {
        eprintln!("cargo xtask test: a new paper: {error}");
        return ExitCode::FAILURE;
    }
    println!(
        "\ncargo xtask test: everything holds ({} s)",
        start.elapsed().as_secs()
    );
    ExitCode::SUCCESS
}

/// A name and the arguments for cargo.
type Step = (&'static str, Vec<&'static str>);

/// Lints and tests.
fn own() -> Vec<Step> {
    let mut steps: Vec<Step> = vec![
        ("format", vec!["fmt", "--all", "--check"]),
        (
            "lints",
            vec!["clippy", "--workspace", "--", "-D", "warnings"],
        ),
        // Helpers of tests may unwrap and say that they skip; clippy's own exemption for tests
        // does not reach functions outside `#[test]`.
        (
            "lints of tests",
            vec![
                "clippy",
                "--workspace",
                "--all-targets",
                "--",
                "-D",
                "warnings",
                "-A",
                "clippy::unwrap_used",
                "-A",
                "clippy::print_stdout",
                "-A",
                "clippy::print_stderr",
            ],
        ),
    ];
    if has_nextest() {
        steps.push((
            "tests",
            vec!["nextest", "run", "--workspace", "--no-fail-fast"],
        ));
    } else {
        steps.push((
            "tests",
            vec!["test", "--workspace", "--lib", "--bins", "--tests"],
        ));
    }
    steps.push(released(has_nextest()));
    steps
}

/// What needs the workspace as it is built by now; `quick` leaves out docs and single crates.
fn built(quick: bool) -> Vec<Step> {
    let mut steps: Vec<Step> = vec![
        ("doctests", vec!["test", "--workspace", "--doc"]),
        ("examples", vec!["build", "--workspace", "--examples"]),
    ];
    if !quick {
        steps.push(("docs", vec!["doc", "--workspace", "--no-deps"]));
        // A workspace build unifies features; each crate must also build alone.
        for crate_name in tidy::CRATES {
            steps.push(("alone", vec!["check", "-p", crate_name]));
        }
        // Each crate as it would be published, resolved against the others; not built once more from there.
        steps.push((
            "packages",
            vec![
                "package",
                "--workspace",
                "--exclude",
                "xtask",
                "--exclude",
                "isac-benches",
                "--allow-dirty",
                "--no-verify",
                "--quiet",
            ],
        ));
    }
    steps
}

/// Runs cargo to its end; an error says what became of it.
fn run_step(name: &str, args: &[&str]) -> Result<(), String> {
    step(&format!("{name}: cargo {}", args.join(" ")));
    let mut command = cargo();
    command.args(args);
    if name == "docs" {
        command.env("RUSTDOCFLAGS", "-D warnings");
    }
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err("failed".into()),
        Err(error) => Err(format!("did not start: {error}")),
    }
}

/// Crates whose examples need no argument and assert what they show.
const WORKED: [&str; 3] = ["isac-opt", "isac-metrics", "isac-testkit"];

/// Runs the worked examples, which the step `examples` has built.
fn worked_examples() -> Result<(), String> {
    step("worked examples: each is run");
    let target = std::env::var_os("CARGO_TARGET_DIR");
    let target = target.map_or_else(|| root().join("target"), Into::into);
    for name in WORKED {
        let folder = root().join("crates").join(name).join("examples");
        let failed = |e: std::io::Error| format!("{}: {e}", folder.display());
        for entry in std::fs::read_dir(&folder).map_err(failed)? {
            let file = entry.map_err(failed)?.path().with_extension("");
            let Some(stem) = file.file_name() else {
                continue;
            };
            let program = target.join("debug/examples").join(stem);
            let shown = program.display();
            match Command::new(&program).status() {
                Ok(status) if status.success() => {}
                Ok(status) => return Err(format!("{shown}: {status}")),
                Err(error) => return Err(format!("{shown} did not start: {error}")),
            }
        }
    }
    Ok(())
}

/// What `new-paper` writes into a copy of the checkout builds and keeps the conventions of code.
fn begun_paper() -> Result<(), String> {
    step("new-paper: a trial in a copy, checked and linted");
    let copy = root().join("target/new-paper");
    let failed = |e: std::io::Error| format!("{}: {e}", copy.display());
    if copy.exists() {
        std::fs::remove_dir_all(&copy).map_err(failed)?;
    }
    for part in [".cargo", "benches", "crates", "docs", "xtask"] {
        copy_folder(&root().join(part), &copy.join(part)).map_err(failed)?;
    }
    for file in ["Cargo.toml", "Cargo.lock", "clippy.toml", "rustfmt.toml"] {
        std::fs::copy(root().join(file), copy.join(file)).map_err(failed)?;
    }
    new_paper::write(&copy, "trial_paper")?;
    let mut command = cargo();
    command.current_dir(&copy);
    // The dependencies are those of this checkout.
    command.env("CARGO_TARGET_DIR", root().join("target"));
    command.args([
        "clippy",
        "--workspace",
        "--lib",
        "--bins",
        "--",
        "-D",
        "warnings",
    ]);
    match command.status() {
        Ok(status) if status.success() => std::fs::remove_dir_all(&copy).map_err(failed),
        Ok(_) => Err("it does not build without warnings".into()),
        Err(error) => Err(format!("cargo did not start: {error}")),
    }
}

fn copy_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        // A link counts as what it leads to.
        match std::fs::metadata(&source)?.is_dir() {
            true if entry.file_name() == "target" => {}
            true => copy_folder(&source, &target)?,
            false => drop(std::fs::copy(&source, &target)?),
        }
    }
    Ok(())
}

fn step(text: &str) {
    println!("\n== {text}");
}

/// The tests marked `#[ignore = "reads ../shared..."]` need data that may not be copied into the
/// project: they run where it stands beside the checkout and are listed by name where not.
fn released(nextest: bool) -> Step {
    let here = root()
        .parent()
        .is_some_and(|beside| beside.join("shared").is_dir());
    match (here, nextest) {
        (true, true) => (
            "tests on released data",
            vec![
                "nextest",
                "run",
                "--workspace",
                "--run-ignored",
                "only",
                "--no-fail-fast",
                "-E",
                "not test(a_browser_reads) - test(outside_)",
            ],
        ),
        (true, false) => (
            "tests on released data",
            vec![
                "test",
                "--workspace",
                "--lib",
                "--bins",
                "--tests",
                "--",
                "--ignored",
                "--skip",
                "a_browser_reads",
                "--skip",
                "outside_",
            ],
        ),
        (false, true) => (
            "NOT RUN, for ../shared is absent",
            vec!["nextest", "list", "--workspace", "--run-ignored", "only"],
        ),
        (false, false) => (
            "NOT RUN, for ../shared is absent",
            vec![
                "test",
                "--workspace",
                "--lib",
                "--bins",
                "--tests",
                "--",
                "--ignored",
                "--list",
            ],
        ),
    }
}

/// The page of results in a real browser, where there is one.
fn browser() -> Step {
    let there = Command::new("chromium").arg("--version").output();
    let mut args = vec!["test", "-q", "--workspace", "--test", "sweep", "--"];
    if there.is_ok_and(|output| output.status.success()) {
        args.extend(["--ignored", "a_browser_reads"]);
        ("results in Chromium", args)
    } else {
        args.extend(["--ignored", "a_browser_reads", "--list"]);
        ("NOT RUN, for chromium is absent", args)
    }
}

/// A program that is not ours and the tests that need it.
struct Outside {
    here: &'static str,
    absent: &'static str,
    /// The target and the name of the tests.
    test: [&'static str; 2],
    /// A call that tells whether the program is there.
    call: &'static [&'static str],
}

/// What we write, read by the programs that it is written for, and plans run by the engines that they are
/// handed to, as far as they are installed.
const OUTSIDE: [Outside; 5] = [
    Outside {
        here: "results in numpy and scipy",
        absent: "NOT RUN, for python3 with numpy and scipy is absent",
        test: ["exports", "outside_numpy"],
        call: &["python3", "-c", "import numpy, scipy"],
    },
    Outside {
        here: "results in Octave",
        absent: "NOT RUN, for Octave is absent",
        test: ["exports", "outside_octave"],
        call: &["octave", "--version"],
    },
    Outside {
        here: "results in LaTeX",
        absent: "NOT RUN, for pdflatex with pgfplots and standalone is absent",
        test: ["exports", "outside_pdflatex"],
        call: &["kpsewhich", "pgfplots.sty", "standalone.cls"],
    },
    Outside {
        here: "sweeps by HyperQueue",
        absent: "NOT RUN, for python3 with the module hyperqueue is absent",
        test: ["sweep", "outside_hyperqueue"],
        call: &["python3", "-c", "import hyperqueue"],
    },
    Outside {
        here: "sweeps by Slurm",
        absent: "NOT RUN, for munged, slurmctld or slurmd is absent",
        test: ["sweep", "outside_slurm"],
        call: &[
            "sh",
            "-c",
            "PATH=$PATH:/usr/sbin; command -v munged && command -v slurmctld && command -v slurmd && command -v sbatch",
        ],
    },
];

fn outside() -> Vec<Step> {
    let programs = OUTSIDE.iter().map(|outside| {
        let call = outside.call;
        let there = Command::new(call[0]).args(&call[1..]).output();
        let [target, test] = outside.test;
        let mut args = vec!["test", "-q", "--workspace", "--test", target, "--"];
        args.extend(["--ignored", test]);
        if there.is_ok_and(|output| output.status.success()) {
            (outside.here, args)
        } else {
            args.push("--list");
            (outside.absent, args)
        }
    });
    std::iter::once(browser()).chain(programs).collect()
}

/// nextest runs tests in parallel processes; plain `cargo test` does the same work without it.
fn has_nextest() -> bool {
    Command::new("cargo-nextest")
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success())
}
