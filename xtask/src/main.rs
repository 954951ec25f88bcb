//! `cargo xtask`: the repository's own commands.
//!
//! | command | what it does |
//! |---|---|
//! | `cargo xtask reproduce ARGS` | builds `isac` optimised and runs `isac reproduce ARGS` |
//! | `cargo xtask test` | everything CI checks: format, lints, tests, doctests, docs, layering |
//! | `cargo xtask tidy` | the conventions alone: layer order, licences, names, references |
//! | `cargo xtask api [--bless]` | the public interface of every crate against `docs/api` |
//! | `cargo xtask eq [PAPER N]` | where an equation of a paper stands in the code |
//! | `cargo xtask new-paper NAME` | begins a paper: two folders that build, solve and draw |
//! | `cargo xtask mutants [FILE...]` | changes the code and counts which changes no test sees |
//! | `cargo xtask bless WHAT... --reason TEXT` | renews golden curves after an intended change |
//! | `cargo xtask fuzz [TARGET] [OPTIONS]` | fuzzes the readers; needs nightly and cargo-fuzz |
//! | `cargo xtask docs RESULTS` | writes the pages of `docs/` that hold results of runs |
//! | `cargo xtask book` | all documents and the API as one book that reads offline |
//! | `cargo xtask page [--out DIR] [--test]` | the page that designs beams in the browser |
//! | `cargo xtask peers [NAME...]` | runs other software beside ours and prints ratios |
//! | `cargo xtask parquet` | builds the program with the feature `parquet` and tests what it writes |
//! | `cargo xtask wheel [--all]` | builds the Python package and tests it in a fresh environment |
//!
//! It links no numerics and starts everything else as a process, so it builds in a second.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool"
)]

mod api;
mod check;
mod eq;
mod mutants;
mod new_paper;
mod page;
mod tidy;
mod wheel;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

const USAGE: &str = "usage: cargo xtask <command>
  reproduce WHAT... [options]      figures and tables, e.g. `cargo xtask reproduce fig3`
  test [--quick]                   everything CI checks; --quick leaves out docs and single crates
  tidy                             conventions only
  api [--bless]                    the public interface of every crate against docs/api (needs cargo-public-api)
  eq [PAPER N]                     where an equation stands in the code; alone: docs/equations.md
  new-paper NAME                   begin a paper: two folders that build, solve and draw
  mutants [FILE...] [-OPTION...]   changes that no test sees; options go to cargo-mutants
  bless WHAT... --reason TEXT      renew golden curves; the reason goes into the commit
  fuzz [TARGET] [libFuzzer options] fuzz a reader, or each of them for a minute (nightly, cargo-fuzz)
  docs RESULTS                     write docs/claims.md from a folder of results at full size, and the tables of
                                   published numbers in docs/papers
  book                             all documents and the API with their formulas, in target/book
  page [--out DIR] [--test]        the page of crates/isac-web, in target/page; --test in node and Chromium
  peers [NAME...]                  run other software beside ours and print ratios
  parquet                          build with the feature `parquet` and test what it writes
  wheel [--all]                    build the Python package and test it in a fresh environment";

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let command = args.next().unwrap_or_default();
    let rest: Vec<String> = args.collect();
    match command.as_str() {
        "reproduce" => isac(&[&["reproduce".to_owned()], rest.as_slice()].concat()),
        "test" => check::run(rest.iter().any(|a| a == "--quick")),
        "tidy" => match tidy::run(&root()) {
            Ok(()) => {
                println!("tidy: all conventions hold");
                ExitCode::SUCCESS
            }
            Err(findings) => {
                for finding in &findings {
                    eprintln!("tidy: {finding}");
                }
                ExitCode::FAILURE
            }
        },
        "api" => api::run(&root(), &rest),
        "eq" => eq::run(&root(), &rest),
        "new-paper" => new_paper::run(&root(), &rest),
        "mutants" => mutants::run(&root(), &rest),
        "bless" => bless(&rest),
        "fuzz" => fuzz(&rest),
        "docs" => docs(&rest),
        "book" => book(),
        "page" => page::run(&rest),
        "peers" => {
            let script = root().join("benches/peers/run.sh");
            forward(Command::new("sh").arg(script).args(&rest))
        }
        "parquet" => {
            // Of the whole workspace, whose other crates are built already.
            let test = ["--test", "exports", "tables_are_written"];
            let words = ["test", "--workspace", "--features", "isac/parquet"];
            forward(cargo().args(words).args(test))
        }
        "wheel" => wheel::run(&rest),
        "help" | "--help" | "-h" => {
            println!("{USAGE}");
            ExitCode::SUCCESS
        }
        other => {
            eprintln!("unknown command `{other}`\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

/// Documents and API as one folder of pages.
fn book() -> ExitCode {
    let target = std::env::var_os("CARGO_TARGET_DIR");
    let target = target.map_or_else(|| root().join("target"), PathBuf::from);
    let api = forward(cargo().args(["doc", "--workspace", "--no-deps"]));
    if api != ExitCode::SUCCESS {
        return api;
    }
    // A package of its own, outside the workspace.
    let mut tool = cargo();
    tool.env("CARGO_TARGET_DIR", target.join("book-tool"));
    tool.args(["run", "--quiet", "--manifest-path"]);
    tool.arg(root().join("docs/book/Cargo.toml")).arg("--");
    tool.args([root(), target.join("doc"), target.join("book")]);
    forward(&mut tool)
}

/// The fuzz targets, one per reader, as in `fuzz/fuzz_targets`.
const FUZZ_TARGETS: [&str; 5] = ["json", "toml", "sdpa", "reference", "arrays"];

/// Runs `cargo +nightly fuzz`; without its tools says so and fails.
fn fuzz(rest: &[String]) -> ExitCode {
    let (targets, options): (Vec<&str>, &[String]) = match rest.first().map(String::as_str) {
        Some(target) if FUZZ_TARGETS.contains(&target) => (vec![target], &rest[1..]),
        Some(other) if !other.starts_with('-') => {
            eprintln!(
                "unknown fuzz target `{other}`; there are {}",
                FUZZ_TARGETS.join(", ")
            );
            return ExitCode::from(2);
        }
        _ => (FUZZ_TARGETS.to_vec(), rest),
    };
    // Not the cargo that started us: the toolchain is chosen by its proxy.
    let nightly = || {
        let mut command = Command::new("cargo");
        command
            .env_remove("CARGO")
            .env_remove("RUSTUP_TOOLCHAIN")
            .current_dir(root());
        command.arg("+nightly");
        command
    };
    let answers = |arguments: &[&str]| {
        let output = nightly().args(arguments).output();
        output.is_ok_and(|output| output.status.success())
    };
    for (missing, install) in [
        (!answers(&["--version"]), "rustup toolchain install nightly"),
        (!answers(&["fuzz", "--version"]), "cargo install cargo-fuzz"),
    ] {
        if missing {
            eprintln!("NOT FUZZED: it needs `{install}`. The corpus itself runs without:");
            eprintln!("  cargo test -p isac --test readers");
            return ExitCode::FAILURE;
        }
    }
    for target in targets {
        println!("fuzzing {target}");
        // What is found goes into the first folder, not into the corpus.
        let folders = [
            format!("fuzz/found/{target}"),
            format!("fuzz/corpus/{target}"),
        ];
        if let Err(error) = std::fs::create_dir_all(root().join(&folders[0])) {
            eprintln!("{}: {error}", folders[0]);
            return ExitCode::FAILURE;
        }
        let mut command = nightly();
        command.args(["fuzz", "run", target]).args(folders);
        command.args(["--", "-max_total_time=60"]).args(options);
        if forward(&mut command) != ExitCode::SUCCESS {
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// The workspace root, the parent of this package.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map_or_else(PathBuf::new, Path::to_path_buf)
}

/// The cargo that started us.
fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// Builds the binary `isac` optimised, showing what is built, and runs it where the user stands.
fn isac(args: &[String]) -> ExitCode {
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| root().join("target"), |dir| root().join(dir));
    let binary = target
        .join("repro")
        .join(format!("isac{}", std::env::consts::EXE_SUFFIX));
    if !binary.is_file() {
        eprintln!("building isac with optimisation, which takes minutes the first time");
    }
    let mut build = cargo();
    build.args(["build", "--profile", "repro", "-p", "isac", "--bin", "isac"]);
    match build.status() {
        Ok(status) if status.success() => {}
        Ok(_) => return ExitCode::FAILURE,
        Err(error) => {
            eprintln!("cargo did not start: {error}");
            return ExitCode::FAILURE;
        }
    }
    forward(Command::new(binary).args(args))
}

/// Writes `docs/claims.md` from a folder of results at full size, and the tables of published numbers in
/// `docs/papers` from whatever runs are there.
fn docs(args: &[String]) -> ExitCode {
    let [results] = args else {
        eprintln!("docs needs one folder of results\n{USAGE}");
        return ExitCode::from(2);
    };
    let written = published_tables(results).and_then(|()| {
        let page = page_of(results, &[])?;
        write(&root().join("docs/claims.md"), &page)
    });
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// What `claims_page` prints of a folder of results.
fn page_of(results: &str, more: &[&str]) -> Result<String, String> {
    let mut page = cargo();
    page.args(["run", "--quiet", "--profile", "repro", "-p", "isac"]);
    page.args(["--example", "claims_page", "--"]);
    // The process starts at the root; the user stands elsewhere.
    page.arg(std::path::absolute(results).unwrap_or_else(|_| results.into()));
    let output = page
        .args(more)
        .stderr(std::process::Stdio::inherit())
        .output();
    let output = output.map_err(|error| format!("cargo did not start: {error}"))?;
    if !output.status.success() {
        return Err("the page was not written".into());
    }
    String::from_utf8(output.stdout).map_err(|error| error.to_string())
}

fn write(file: &Path, text: &str) -> Result<(), String> {
    std::fs::write(file, text).map_err(|error| format!("{}: {error}", file.display()))?;
    println!("wrote {}", file.display());
    Ok(())
}

/// Renews what stands between the two marks in the page of each paper that has them.
fn published_tables(results: &str) -> Result<(), String> {
    const MARKS: [&str; 2] = ["<!-- published: begin -->\n", "<!-- published: end -->"];
    let folder = root().join("docs/papers");
    let unreadable = |error| format!("{}: {error}", folder.display());
    for entry in std::fs::read_dir(&folder).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path();
        let text = std::fs::read_to_string(&file);
        let text = text.map_err(|error| format!("{}: {error}", file.display()))?;
        let paper = file
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned());
        let (Some(paper), Some((head, rest))) = (paper, text.split_once(MARKS[0])) else {
            continue;
        };
        let Some((_, tail)) = rest.split_once(MARKS[1]) else {
            return Err(format!("{}: no {}", file.display(), MARKS[1]));
        };
        let table = page_of(results, &[&paper])?;
        write(
            &file,
            &format!("{head}{}{table}{}{tail}", MARKS[0], MARKS[1]),
        )?;
    }
    Ok(())
}

/// Runs a process to its end and hands on its exit code.
fn forward(command: &mut Command) -> ExitCode {
    match command.status() {
        Ok(status) => status.code().map_or(ExitCode::FAILURE, |code| {
            ExitCode::from(u8::try_from(code).unwrap_or(1))
        }),
        Err(error) => {
            eprintln!("{}: {error}", command.get_program().to_string_lossy());
            ExitCode::FAILURE
        }
    }
}

/// Renews `golden/<paper>/<artefact>.csv` from a quick run of the first preset with the default seed.
/// The comments of an existing file stay: its tolerances, and which curves it holds.
fn bless(args: &[String]) -> ExitCode {
    let reason = args
        .iter()
        .position(|a| a == "--reason")
        .and_then(|i| args.get(i + 1));
    let what: Vec<String> = args
        .iter()
        .take_while(|a| *a != "--reason")
        .cloned()
        .collect();
    let Some(reason) = reason.filter(|r| !r.trim().is_empty()) else {
        eprintln!("bless needs --reason TEXT: why did the curve move?\n{USAGE}");
        return ExitCode::from(2);
    };
    if what.is_empty() || what.iter().any(|name| !name.contains('/')) {
        eprintln!(
            "bless needs the artefacts to renew as paper/artefact, such as obs_crlb/fig3\n{USAGE}"
        );
        return ExitCode::from(2);
    }
    let out = root().join("target/bless");
    if out.exists() && std::fs::remove_dir_all(&out).is_err() {
        eprintln!("{}: cannot be cleared", out.display());
        return ExitCode::FAILURE;
    }
    let mut run = vec!["reproduce".to_owned()];
    run.extend(what.iter().cloned());
    run.extend([
        "--quick".into(),
        "--out".into(),
        out.to_string_lossy().into_owned(),
    ]);
    let code = isac(&run);
    if code != ExitCode::SUCCESS && code != ExitCode::from(1) {
        return code;
    }
    for name in &what {
        let golden = root().join("golden").join(format!("{name}.csv"));
        match bless_one(name, &out.join(name), &golden) {
            Ok(()) => println!("blessed {}", golden.display()),
            Err(error) => {
                eprintln!("{}: {error}", golden.display());
                return ExitCode::FAILURE;
            }
        }
    }
    println!("commit with: golden: {reason}\nand a line under Numerics in CHANGELOG.md");
    ExitCode::SUCCESS
}

/// Comments of a new golden file: every number may move a little, until better tolerances are chosen.
const FRESH: &str = "# tolerance * 1e-6 1e-9\n";

fn bless_one(name: &str, run: &Path, golden: &Path) -> std::io::Result<()> {
    let mut presets: Vec<PathBuf> = std::fs::read_dir(run)?
        .flatten()
        .map(|entry| entry.path())
        .collect();
    presets.sort();
    let [folder] = &presets[..] else {
        return Err(std::io::Error::other("expected the folder of one preset"));
    };
    let fresh = std::fs::read_to_string(folder.join("curve.csv"))?;
    let old = std::fs::read_to_string(golden).unwrap_or_default();
    let mut comments: String = old
        .lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| format!("{line}\n"))
        .collect();
    if comments.is_empty() {
        comments = format!("# cargo xtask reproduce {name} --quick\n{FRESH}");
    }
    let curves: Vec<&str> = comments
        .lines()
        .filter_map(|line| line.strip_prefix("# curves "))
        .flat_map(str::split_whitespace)
        .collect();
    let kept = fresh.lines().enumerate().filter(|(row, line)| {
        let curve = line.split(',').next().unwrap_or_default();
        *row == 0 || curves.is_empty() || curves.contains(&curve)
    });
    let csv: String = kept.map(|(_, line)| format!("{line}\n")).collect();
    if let Some(folder) = golden.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(golden, comments + &csv)
}
