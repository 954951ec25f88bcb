//! Specifications, plans, records and engines that are refused.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::{SPEC, good, merge, plan, process, shard, spec, sweep};

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
