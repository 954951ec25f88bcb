//! `isac sweep` through the command line: one file in, an artefact's files out; parts that give the same
//! bytes however they are run; what is refused.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use common::{Ran, bytes, folder, isac, real_isac};
use isac_lab::reference::CsvTable;

const SPEC: &str = r#"schema = "noma/1"
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
fn spec(test: &str, text: &str) -> (PathBuf, String) {
    let folder = folder(&format!("sweep-{test}"));
    let path = folder.join("mine.toml");
    fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap().to_string();
    (folder, path)
}

fn sweep(words: &[&str]) -> Ran {
    let quiet: &[&str] = match words.first() {
        Some(&"status" | &"merge" | &"plan" | &"submit") => &[],
        _ => &["--progress", "none"],
    };
    real_isac(&[&["sweep"], words, quiet].concat())
}

fn good(ran: Ran) -> String {
    assert_eq!(ran.code, 0, "{}{}", ran.err, ran.out);
    ran.out
}

/// The files of a study, times and logs left out.
fn results(out: &Path) -> Vec<(String, Vec<u8>)> {
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

fn plan(test: &str, text: &str) -> (PathBuf, String) {
    let (folder, path) = spec(test, text);
    let plan = folder.join("plan.json").to_str().unwrap().to_string();
    good(sweep(&["plan", &path, "-o", &plan]));
    (folder, plan)
}

fn shard(plan: &str, out: &Path, words: &[&str]) -> Ran {
    sweep(&[&["run", plan, "--out", out.to_str().unwrap()], words].concat())
}

fn merge(plan: &str, out: &Path, words: &[&str]) -> Ran {
    sweep(&[&["merge", plan, "--out", out.to_str().unwrap()], words].concat())
}

/// The files of one uninterrupted run.
fn expected(test: &str, text: &str) -> Vec<(String, Vec<u8>)> {
    let (folder, path) = spec(&format!("{test}-whole"), text);
    let out = folder.join("out");
    good(sweep(&[&path, "--out", out.to_str().unwrap()]));
    results(&out)
}

#[test]
fn a_file_of_ten_lines_gives_the_files_of_an_artefact() {
    let (folder, path) = spec("one", SPEC);
    let out = folder.join("out");
    let said = good(sweep(&[
        &path,
        "--out",
        out.to_str().unwrap(),
        "--threads",
        "2",
    ]));
    assert!(said.contains("24 solves"), "{said}");
    let curve = CsvTable::read(&out.join("curve.csv")).unwrap();
    let heads = &curve.columns[..6];
    assert_eq!(
        heads,
        [
            "algorithm",
            "x",
            "n",
            "failed",
            "unconverged",
            "mean_min_sinr"
        ]
    );
    let places: Vec<String> = curve
        .rows
        .iter()
        .map(|r| format!("{} at {}", r[0], &r[1][..3]))
        .collect();
    let places: Vec<&str> = places.iter().map(String::as_str).collect();
    assert_eq!(
        places,
        [
            "sic = own at 6.0",
            "sic = own at 8.0",
            "sic = orthogonal at 6.0",
            "sic = orthogonal at 8.0"
        ]
    );
    let rows = CsvTable::read(&out.join("per_realization.csv")).unwrap();
    assert_eq!(rows.rows.len(), 24);
    // A max-min design spends its whole budget, and both targets get their 2 W.
    let (power, pattern) = (
        rows.column("power_W").unwrap(),
        rows.column("pattern_W[1]").unwrap(),
    );
    for row in 0..rows.rows.len() {
        let x = rows.finite(row, 1).unwrap();
        assert!(rows.finite(row, power).unwrap() <= x * (1.0 + 1e-6));
        assert!(rows.finite(row, pattern).unwrap() >= 2.0 * (1.0 - 1e-5));
    }
    // Every point and realisation has its own draw.
    let seed = rows.column("seed").unwrap();
    let mut seeds: Vec<&String> = rows.rows.iter().map(|row| &row[seed]).collect();
    seeds.sort();
    seeds.dedup();
    assert_eq!(seeds.len(), 24);
    // And `solve` finds the same with the seed of a row.
    let alone = folder.join("alone.toml");
    let text = "schema = \"noma/1\"\n[scenario]\nproblem = \"max_min\"\nusers = 2\nP_total_W = 6\nsic = \"own\"\n";
    fs::write(&alone, text).unwrap();
    let seed = (rows.finite(0, seed).unwrap() as u64).to_string();
    let ran = real_isac(&["solve", alone.to_str().unwrap(), "--json", "--seed", &seed]);
    let report: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let swept = rows.finite(0, rows.column("min_sinr").unwrap()).unwrap();
    assert_eq!(
        report["metrics"]["min_sinr"].as_f64().unwrap().to_bits(),
        swept.to_bits()
    );
    for name in ["figure.svg", "figure.png", "timing.csv"] {
        assert!(out.join(name).is_file(), "{name}");
    }
    let svg = fs::read_to_string(out.join("figure.svg")).unwrap();
    for text in ["P total (W)", "min sinr", "sic = orthogonal"] {
        assert!(svg.contains(text), "{text}");
    }
    // The same again does nothing and says so.
    let again = good(sweep(&[&path, "--out", out.to_str().unwrap()]));
    assert!(
        again.contains("24 of 24 tasks were finished before"),
        "{again}"
    );
}

#[test]
fn any_shards_threads_and_order_give_the_same_bytes() {
    let expected = expected("shards", SPEC);
    let (folder, plan) = plan("shards", SPEC);
    for (of, threads) in [(1, "1"), (2, "2"), (7, "1"), (64, "2")] {
        let out = folder.join(format!("out{of}"));
        // Shuffled: 5 is coprime to all of these.
        for i in 0..of {
            let shard_of = format!("{}/{of}", 1 + (5 * i + 3) % of);
            good(shard(
                &plan,
                &out,
                &["--shard", &shard_of, "--threads", threads],
            ));
        }
        good(merge(&plan, &out, &[]));
        assert!(results(&out) == expected, "{of} shards");
    }
    // Shards of several numbers of them, some twice, are put together just so.
    let out = folder.join("mixed");
    for part in ["2/2", "2/2", "1/3", "3/3", "2/3"] {
        good(shard(&plan, &out, &["--shard", part]));
    }
    good(merge(&plan, &out, &[]));
    assert!(results(&out) == expected);
}

#[test]
fn gaps_are_refused_named_and_filled() {
    let (folder, plan) = plan("gaps", SPEC);
    let out = folder.join("out");
    let none = merge(&plan, &out, &[]);
    assert_eq!(none.code, 2, "{}", none.out);
    good(shard(&plan, &out, &["--shard", "1/3"]));
    good(shard(&plan, &out, &["--shard", "3/3"]));
    let refused = merge(&plan, &out, &[]);
    assert_eq!(refused.code, 1);
    assert!(
        refused.out.contains("8 of 24 tasks are missing"),
        "{}",
        refused.out
    );
    assert!(refused.out.contains("r0/p1/a0"), "{}", refused.out);
    assert!(!out.join("curve.csv").exists());
    let status = good(sweep(&["status", &plan, "--out", out.to_str().unwrap()]));
    assert!(status.contains("16 of 24 tasks are finished"), "{status}");
    good(merge(&plan, &out, &["--partial"]));
    let meta = fs::read_to_string(out.join("meta.json")).unwrap();
    assert!(meta.contains("partial: 16 of 24"), "{meta}");
    let said = good(shard(&plan, &out, &["--missing"]));
    assert!(
        said.contains("16 of 24 tasks were finished before"),
        "{said}"
    );
    good(merge(&plan, &out, &[]));
    assert!(results(&out) == expected("gaps", SPEC));
}

#[test]
fn flipped_and_torn_records_alone_are_computed_again() {
    let expected = expected("flipped", SPEC);
    let (folder, plan) = plan("flipped", SPEC);
    let out = folder.join("out");
    good(shard(&plan, &out, &[]));
    let log = out.join("log/1-of-1.1.jsonl");
    let whole = fs::read(&log).unwrap();
    assert_eq!(whole.iter().filter(|b| **b == b'\n').count(), 24);
    // A flipped bit in the middle of the first record, and a last line that was cut off.
    let mut altered = whole.clone();
    altered[150] ^= 1;
    altered.truncate(whole.len() - 20);
    fs::write(&log, &altered).unwrap();
    let refused = merge(&plan, &out, &[]);
    assert_eq!(refused.code, 1);
    assert!(
        refused
            .out
            .contains("2 of 24 tasks are missing (1 records were altered)"),
        "{}",
        refused.out
    );
    let said = good(shard(&plan, &out, &[]));
    assert!(
        said.contains("22 of 24 tasks were finished before"),
        "{said}"
    );
    assert!(said.contains("1 records had been altered"), "{said}");
    let fresh = fs::read_to_string(out.join("log/1-of-1.2.jsonl")).unwrap();
    assert_eq!(fresh.lines().count(), 2);
    good(merge(&plan, &out, &[]));
    assert!(results(&out) == expected);
    // Records of another plan are none of this one.
    let other = folder.join("other");
    good(shard(&plan, &other, &["--shard", "1/2"]));
    let foreign = fs::read_to_string(other.join("log/1-of-2.1.jsonl")).unwrap();
    let line = foreign.lines().next().unwrap();
    fs::write(
        out.join("log/1-of-9.1.jsonl"),
        format!("{}\n", line.replace("r0/", "r9/")),
    )
    .unwrap();
    let status = good(sweep(&[
        "status",
        &plan,
        "--out",
        out.to_str().unwrap(),
        "--json",
    ]));
    let status: serde_json::Value = serde_json::from_str(&status).unwrap();
    assert_eq!(
        (&status["finished"], &status["altered"]),
        (&24.into(), &2.into())
    );
}

#[test]
fn records_that_contradict_each_other_are_refused() {
    // The demonstration's tasks give other numbers for another seed of the request; with the owner of
    // the first plan they are sealed duplicates that differ.
    let (folder, plan) = plan("conflict", SPEC);
    let out = folder.join("out");
    good(shard(&plan, &out, &[]));
    let log = fs::read_to_string(out.join("log/1-of-1.1.jsonl")).unwrap();
    let mark: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(out.join("plan.json")).unwrap()).unwrap();
    // Two threads finish in any order.
    let first = |line: &&str| line.contains("\"id\":\"r0/p0/a0\"");
    let line = log.lines().find(first).unwrap();
    let task = line
        .split_once(",\"task\":")
        .unwrap()
        .1
        .strip_suffix('}')
        .unwrap();
    let task = task.replacen("\"x\":6.0", "\"x\":6.5", 1);
    let owner = mark["identity"].as_str().unwrap();
    let seal = isac_lab::journal::hash(format!("{owner}{task}").as_bytes());
    fs::write(
        out.join("log/1-of-1.2.jsonl"),
        format!("{{\"sha256\":\"{seal}\",\"task\":{task}}}\n"),
    )
    .unwrap();
    let refused = merge(&plan, &out, &[]);
    assert_eq!(refused.code, 1);
    assert!(
        refused.out.contains("say different things: r0/p0/a0"),
        "{}",
        refused.out
    );
}

#[test]
fn more_realisations_reuse_what_is_finished_and_a_changed_plan_is_refused() {
    let (folder, plan) = plan("more", SPEC);
    let out = folder.join("out");
    good(shard(&plan, &out, &["--shard", "1/2"]));
    good(shard(&plan, &out, &["--shard", "2/2"]));
    let more = SPEC.replace("realizations = 6", "realizations = 9");
    fs::write(folder.join("mine.toml"), &more).unwrap();
    let path = folder.join("mine.toml").to_str().unwrap().to_string();
    let next = folder.join("next.json").to_str().unwrap().to_string();
    good(sweep(&["plan", &path, "-o", &next]));
    let said = good(shard(&next, &out, &[]));
    assert!(
        said.contains("24 of 36 tasks were finished before"),
        "{said}"
    );
    good(merge(&next, &out, &[]));
    assert!(results(&out) == expected("more", &more));
    // The shorter plan still merges to its own files.
    good(merge(&plan, &out, &[]));
    assert!(results(&out) == expected("more6", SPEC));
    fs::write(&path, SPEC.replace("users = 2", "users = 3")).unwrap();
    good(sweep(&["plan", &path, "-o", &next]));
    for refused in [shard(&next, &out, &[]), merge(&next, &out, &[])] {
        assert_eq!(refused.code, 2, "{}", refused.out);
        assert!(
            refused.err.contains("holds another plan"),
            "{}",
            refused.err
        );
    }
}

/// The program itself, for processes that are killed.
fn process(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_isac"));
    command
        .args(words)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

#[test]
fn twenty_kills_and_two_runs_at_once_give_the_same_bytes() {
    let text = SPEC.replace("realizations = 6", "realizations = 200");
    let (folder, path) = spec("killed", &text);
    let at = |name: &str| folder.join(name).to_str().unwrap().to_string();
    let (plan, whole, out) = (at("plan.json"), at("whole"), at("out"));
    let ok = |words: &[&str]| assert!(process(words).status().unwrap().success(), "{words:?}");
    ok(&["sweep", "plan", &path, "-o", &plan]);
    ok(&["sweep", "run", &plan, "--out", &whole, "--threads", "2"]);
    ok(&["sweep", "merge", &plan, "--out", &whole]);
    let run = ["sweep", "run", &plan, "--out", &out, "--shard", "1/2"];
    let log = Path::new(&out).join("log");
    let size = || -> u64 {
        let logs = fs::read_dir(&log).into_iter().flatten();
        logs.map(|entry| entry.unwrap().metadata().unwrap().len())
            .sum()
    };
    let mut killed = 0;
    for kill in 0..20_u64 {
        let mut child = process(&run).spawn().unwrap();
        // Somewhere in the middle of its work: a record takes some 400 bytes.
        let goal = size() + 100 + 331 * (kill * 7 % 20);
        while size() < goal && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
        child.kill().unwrap();
        killed += usize::from(!child.wait().unwrap().success());
    }
    assert!(killed >= 10, "{killed} of 20 runs were killed at work");
    // Both halves at once, one of them twice.
    let second = ["sweep", "run", &plan, "--out", &out, "--shard", "2/2"];
    let children = [&run, &second, &second].map(|words| process(words).spawn().unwrap());
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    ok(&["sweep", "merge", &plan, "--out", &out]);
    assert!(results(Path::new(&out)) == results(Path::new(&whole)));
}

#[test]
fn a_time_that_is_over_ends_with_130_and_keeps_what_is_finished() {
    let text = SPEC.replace("realizations = 6", "realizations = 100000");
    let (folder, plan) = plan("time", &text);
    let out = folder.join("out");
    let ran = shard(&plan, &out, &["--shard", "1/40", "--for", "0.3s"]);
    assert_eq!(ran.code, 130, "{}", ran.out);
    assert!(
        ran.err.contains("of 10000 realisations are kept"),
        "{}",
        ran.err
    );
    let log = fs::read_to_string(out.join("log/1-of-40.1.jsonl")).unwrap();
    let kept = ran
        .err
        .split_whitespace()
        .find_map(|word| word.parse::<usize>().ok());
    assert_eq!(Some(log.lines().count()), kept);
}

#[test]
fn artefacts_in_parts_are_what_reproduce_writes() {
    let folder = folder("sweep-artefacts");
    let at = |name: &str| folder.join(name).to_str().unwrap().to_string();
    let (whole, out, plan) = (at("whole"), at("out"), at("plan.json"));
    let run = |words: &[&str]| {
        let ran = isac(&[&["sweep"], words].concat());
        assert_eq!(ran.code, 0, "{}{}", ran.err, ran.out);
    };
    assert_eq!(
        isac(&["reproduce", "fig1", "table1", "--quick", "--out", &whole]).code,
        0
    );
    run(&["plan", "fig1", "table1", "--quick", "-o", &plan]);
    for part in ["2/3", "1/3", "3/3"] {
        run(&["run", &plan, "--out", &out, "--shard", part]);
    }
    run(&["merge", &plan, "--out", &out]);
    for name in ["demo/fig1/plain", "demo/table1/plain"] {
        assert!(
            bytes(&folder.join("out").join(name)) == bytes(&folder.join("whole").join(name)),
            "{name}"
        );
    }
    let direct = at("direct");
    run(&["fig1", "--quick", "--out", &direct]);
    let name = "demo/fig1/plain";
    assert!(bytes(&folder.join("direct").join(name)) == bytes(&folder.join("whole").join(name)));
}

#[test]
fn bad_specifications_are_refused_by_name_before_anything_runs() {
    let thousand: Vec<String> = (1..=1000).map(|i| i.to_string()).collect();
    let grid = format!(
        "Ps_W = [{0}]\nPdiff_W = [{0}]\nsigma2_W = [{0}]",
        thousand.join(", ")
    );
    let cases = [
        ("P_totl_W = [4, 6]", "sweep.P_totl_W", "P_total_W"),
        ("realisations = 3", "sweep.realisations", "realizations"),
        ("P_total_W = []", "sweep.P_total_W", "at least one value"),
        ("P_total_W = 4", "sweep.P_total_W", "a list of values"),
        ("P_total_W = [4, -6]", "P_total_W", "-6"),
        ("P_total_W = [4, 4]", "sweep.P_total_W", "every value once"),
        ("P_total_W = [4, \"much\"]", "P_total_W", "a finite number"),
        ("realizations = 0", "sweep.realizations", "1..="),
        ("algorithms = [\"joynt\"]", "algorithm", "joint"),
        ("metrics = [\"min_sinrr\"]", "min_sinrr", "min_sinr"),
        ("metrics = []", "sweep.metrics", "at least one name"),
        ("P_total_W = [4]\nx = \"antennas\"", "sweep.x", "P_total_W"),
        ("seed = 3", "sweep.seed", "one place"),
        (grid.as_str(), "1000000000 points", "at most 1e7 solves"),
        (
            "realizations = 1000000000",
            "1e9 solves",
            "at most 1e7 solves",
        ),
    ];
    for (lines, first, second) in cases {
        let text = format!(
            "schema = \"noma/1\"\nseed = 1\n[scenario]\nproblem = \"max_min\"\n[sweep]\n{lines}\n"
        );
        let (folder, path) = spec("bad", &text);
        let out = folder.join("out");
        let ran = sweep(&[&path, "--out", out.to_str().unwrap()]);
        assert_eq!(ran.code, 2, "{lines}: {}{}", ran.err, ran.out);
        let names = ran.err.contains(first) && ran.err.contains(second);
        assert!(names, "{lines}: {}", ran.err);
        assert!(!out.exists(), "{lines}");
    }
}

#[test]
fn wrong_plans_and_shards_are_refused() {
    let (folder, plan) = plan("wrong", SPEC);
    let out = folder.join("out");
    let beyond = shard(&plan, &out, &["--shard", "8/7"]);
    assert_eq!(beyond.code, 2);
    assert!(beyond.err.contains("shard 8 is beyond 7"), "{}", beyond.err);
    let text = fs::read_to_string(&plan).unwrap();
    let other = folder.join("other.json");
    let program = serde_json::from_str::<serde_json::Value>(&text).unwrap()["program"].clone();
    let program = program.as_str().unwrap();
    for (text, why) in [
        (text.replace("\"max_min\"", "\"power_min\""), "altered"),
        (text.replace(program, &"0".repeat(64)), "another build"),
        (text.replace("isac-plan/1", "isac-plan/9"), "isac-plan/9"),
        ("{}".into(), "no plan"),
        ("not JSON".into(), "no plan"),
    ] {
        fs::write(&other, text).unwrap();
        let ran = shard(other.to_str().unwrap(), &out, &[]);
        assert_eq!(ran.code, 2);
        assert!(ran.err.contains(why), "{why}: {}", ran.err);
    }
    assert_eq!(
        shard(&folder.join("none").display().to_string(), &out, &[]).code,
        2
    );
    assert!(!out.exists());
}

#[test]
fn submissions_are_printed_and_engines_that_are_absent_said() {
    let (folder, plan) = plan("submit", SPEC);
    let out = folder.join("out").to_str().unwrap().to_string();
    let submit = |engine: &str, more: &[&str]| {
        let words = [
            "submit", &plan, "--out", &out, "--engine", engine, "--shards", "5",
        ];
        sweep(&[&words, more].concat())
    };
    let slurm = good(submit("slurm", &["--dry-run", "--for", "55min"]));
    assert!(
        slurm.starts_with("#!/bin/sh\n") && slurm.contains("#SBATCH --array=1-5\n"),
        "{slurm}"
    );
    assert!(
        slurm.contains(&format!(
            "--out {out} --shard auto/5 --threads 1 --for 3300s\n"
        )),
        "{slurm}"
    );
    let hq = good(submit("hyperqueue", &["--dry-run"]));
    assert!(
        hq.contains("hq submit") && hq.contains("--array 1-5"),
        "{hq}"
    );
    assert!(!Path::new(&out).exists());
    for (engine, program) in [("slurm", "sbatch"), ("hyperqueue", "hq")] {
        // Without a folder to look for programs in there are none.
        let words = ["sweep", "submit", &plan, "--out", &out, "--engine", engine];
        let mut command = Command::new(env!("CARGO_BIN_EXE_isac"));
        let own = folder.join("own.json").to_str().unwrap().to_string();
        let path = folder.join("mine.toml").to_str().unwrap().to_string();
        assert!(
            process(&["sweep", "plan", &path, "-o", &own])
                .status()
                .unwrap()
                .success()
        );
        let words = words.map(|word| if word == plan { own.as_str() } else { word });
        let ran = command.args(words).env("PATH", "").output().unwrap();
        assert_eq!(ran.status.code(), Some(2));
        let err = String::from_utf8(ran.stderr).unwrap();
        assert!(
            err.contains(&format!("`{program}` is not installed")),
            "{err}"
        );
    }
}

#[test]
fn local_processes_do_the_shards_and_merge() {
    let (folder, path) = spec("local", SPEC);
    let at = |name: &str| folder.join(name).to_str().unwrap().to_string();
    let (plan, whole, out) = (at("plan.json"), at("whole"), at("out"));
    let ok = |words: &[&str]| assert!(process(words).status().unwrap().success(), "{words:?}");
    ok(&["sweep", "plan", &path, "-o", &plan]);
    ok(&["sweep", &path, "--out", &whole]);
    ok(&[
        "sweep", "submit", &plan, "--out", &out, "--engine", "local", "--shards", "3",
    ]);
    assert!(results(Path::new(&out)) == results(Path::new(&whole)));
    let logs = fs::read_dir(Path::new(&out).join("log")).unwrap().count();
    assert_eq!(logs, 3);
}

#[test]
fn explain_knows_keys_statuses_and_the_nearest_of_others() {
    for (word, parts) in [
        (
            "P_total_W",
            ["noma/1", "power budget", "unit: W", "default: 6.0"],
        ),
        (
            "scenario.power_dbm",
            ["obs-crlb/1", "alpha-fair/1", "unit: dBm", "default: 30.0"],
        ),
        (
            "sensing.gain",
            [
                "alpha-fair/1",
                "complex gain",
                "unit: none",
                "default: \"known\"",
            ],
        ),
        ("realizations", ["[sweep]", "channel draws", "default", "1"]),
        ("no_point_below", ["status", "radius", "exit code 4", ""]),
        ("exact (means)", ["grade", "equal means", "", ""]),
        ("130", ["exit code", "kept", "", ""]),
    ] {
        let ran = real_isac(&["explain", word]);
        assert_eq!(ran.code, 0, "{word}: {}", ran.err);
        assert!(
            parts.iter().all(|part| ran.out.contains(part)),
            "{word}: {}",
            ran.out
        );
    }
    for (word, near) in [("P_totl_W", "P_total_W"), ("infeasable", "infeasible")] {
        let ran = real_isac(&["explain", word]);
        assert_eq!(ran.code, 2);
        assert!(ran.err.contains(near), "{}", ran.err);
    }
}

/// The text of HTML as it was before it was escaped.
fn plain(text: &str) -> String {
    let entities = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&amp;", "&"),
    ];
    entities
        .iter()
        .fold(text.to_string(), |text, (from, to)| text.replace(from, to))
}

/// Every element that opens closes, in order; the script is left out.
fn well_formed(page: &str) {
    let (before, rest) = page.split_once("<script>").unwrap();
    let (_, after) = rest.split_once("</script>").unwrap();
    let text = format!("{before}{after}");
    let mut open: Vec<&str> = Vec::new();
    for part in text.split('<').skip(1) {
        let (tag, _) = part
            .split_once('>')
            .unwrap_or_else(|| panic!("no end: {part}"));
        if tag.starts_with('!') || tag.starts_with('?') || tag.ends_with('/') {
            continue;
        }
        assert_eq!(tag.matches('"').count() % 2, 0, "<{tag}>");
        match tag.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name)),
            None => open.push(tag.split_whitespace().next().unwrap()),
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn a_report_holds_the_tables_the_claims_and_the_commands_and_nothing_from_elsewhere() {
    let folder = folder("report");
    let at = |name: &str| folder.join(name).to_str().unwrap().to_string();
    let (results, page) = (at("results"), at("page.html"));
    for words in [
        &["reproduce", "fig1", "--out"],
        &["reproduce", "fig2b", "--out"],
    ] {
        assert!(isac(&[&words[..], &[&results, "--quick"]].concat()).code <= 1);
    }
    // What is not finished and what is not ours is left out.
    let partial = folder.join("results/demo/fig9/plain.partial");
    fs::create_dir_all(&partial).unwrap();
    fs::write(partial.join("meta.json"), "{").unwrap();
    let said = isac(&["report", &results, "-o", &page]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.out.contains("2 results"), "{}", said.out);
    let text = fs::read_to_string(&page).unwrap();
    well_formed(&text);
    // Every table is in it to the last digit.
    let tables: Vec<String> = (text.split("<pre class=\"csv\"").skip(1))
        .map(|part| {
            let (_, rest) = part.split_once('>').unwrap();
            plain(rest.split_once("</pre>").unwrap().0)
        })
        .collect();
    let csv = |name: &str| fs::read_to_string(folder.join("results/demo").join(name)).unwrap();
    assert_eq!(
        tables,
        [csv("fig1/plain/curve.csv"), csv("fig2b/plain/curve.csv")]
    );
    let meta: serde_json::Value = serde_json::from_str(&csv("fig1/plain/meta.json")).unwrap();
    let residual = 100.0 * meta["table"][0]["difference"].as_f64().unwrap() / 9.0;
    for part in [
        format!("{residual:+.2} %"),
        "square at 3 (m)".into(),
        "9.00000".into(),
        "grows".into(),
        "holds".into(),
        "9 &gt; 4".into(),
        "statistical".into(),
        "not reproduced: one curve is off".into(),
        "numbers are made up".into(),
        "isac reproduce demo/fig1 --preset plain --quick --seed 1".into(),
        "prefers-color-scheme: dark".into(),
        "@media print".into(),
        "aria-label".into(),
    ] {
        assert!(text.contains(&part), "{part}");
    }
    let elsewhere = text.matches("http").count() - text.matches("http://www.w3.org/").count();
    assert_eq!(elsewhere, 0);
    // Published points that belong to a curve of the table stand in its figure.
    let published = &meta["published"];
    assert_eq!(published[0]["metric"], "power", "{published}");
    assert!(
        text.contains("data-published=\"[{&quot;algorithm&quot;"),
        "{published}"
    );
    let markdown = at("page.md");
    assert_eq!(isac(&["report", &results, "-o", &markdown]).code, 0);
    let text = fs::read_to_string(&markdown).unwrap();
    for part in [
        "## demo/fig1, plain (quick)",
        "results/demo/fig1/plain/figure.png",
        "| grows | holds |",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let none = isac(&["report", &at("results/demo/fig9"), "-o", &page]);
    assert_eq!(none.code, 2);
    assert!(none.err.contains("no results here"), "{}", none.err);
}

#[test]
fn a_report_has_the_errata_of_its_papers_and_links_to_the_page() {
    let (folder, spec) = spec("errata", SPEC);
    let at = |name: &str| folder.join(name).to_str().unwrap().to_string();
    good(sweep(&[&spec, "--out", &at("out")]));
    let page = at("page.html");
    good(real_isac(&[
        "report",
        &at("out"),
        "-o",
        &page,
        "--page",
        "../page/index.html",
    ]));
    let text = fs::read_to_string(&page).unwrap();
    well_formed(&text);
    // A line of docs/papers/noma.md, and none of another paper.
    assert!(text.contains("<section id=\"errata-noma\"") && !text.contains("errata-hisac_see"));
    assert!(
        text.contains("<td>option <code>ordering</code></td>"),
        "{text}"
    );
    let link = "href=\"../page/index.html#p=max_min&amp;a=8x1&amp;u=-23,0,1;23,0,1&amp;t=-60,0,1;60,0,1&amp;";
    assert!(text.contains(link), "{text}");
    let markdown = at("page.md");
    good(real_isac(&["report", &at("out"), "-o", &markdown]));
    let text = fs::read_to_string(&markdown).unwrap();
    assert!(text.contains("## noma: errata") && text.contains("| (3) | stated, then absent"));
}

/// The page in a real browser: no message of the console, and the first values read by the keyboard are
/// those of the table.
#[test]
#[ignore = "needs Chromium"]
fn a_browser_reads_the_values_of_the_table() {
    let folder = folder("report-browser");
    let at = |name: &str| folder.join(name).to_str().unwrap().to_string();
    assert_eq!(
        isac(&["reproduce", "fig1", "--quick", "--out", &at("results")]).code,
        0
    );
    assert_eq!(
        isac(&["report", &at("results"), "-o", &at("page.html")]).code,
        0
    );
    let probe = "<script>const svg = document.querySelector('.plot svg');\
        svg.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowLeft', bubbles: true }));\
        document.body.dataset.read = document.querySelector('.read').textContent;\
        document.body.dataset.hollow = svg.querySelectorAll('circle.published').length;\
        document.body.dataset.curves = svg.querySelectorAll('polyline').length;</script></body>";
    let page = fs::read_to_string(at("page.html"))
        .unwrap()
        .replace("</body>", probe);
    fs::write(at("probe.html"), page).unwrap();
    let ran = Command::new("chromium")
        .args("--headless --no-sandbox --disable-gpu --disable-quic --no-first-run".split(' '))
        .args([
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ])
        .args(["--enable-logging=stderr", "--dump-dom"])
        .arg(format!("--user-data-dir={}", at("profile")))
        .arg(format!("file://{}", at("probe.html")))
        .output()
        .unwrap();
    let (dom, log) = (
        String::from_utf8(ran.stdout).unwrap(),
        String::from_utf8_lossy(&ran.stderr),
    );
    assert!(!log.contains("CONSOLE"), "{log}");
    let csv = folder.join("results/demo/fig1/plain/curve.csv");
    let table = CsvTable::read(&csv).unwrap();
    assert!(
        dom.contains("data-curves=\"2\"") && dom.contains("data-hollow=\"1\""),
        "{dom}"
    );
    for row in [0, 5] {
        let mean = table
            .finite(row, table.column("mean_power").unwrap())
            .unwrap();
        let read = format!("{} {mean} [", table.rows[row][0]);
        assert!(dom.contains(&read), "{read}\n{dom}");
    }
}
