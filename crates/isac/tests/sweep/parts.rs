//! Studies in parts: shards, gaps, damage, kills and local processes give the bytes of one run.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::common::{bytes, folder, isac};
use crate::support::{SPEC, expected, good, merge, plan, process, results, shard, spec, sweep};

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

/// A file may grow no further, as on a full disk: the run says so and fails, what stands in the log before
/// counts, and the rest is taken up when there is room again.
#[cfg(unix)]
#[test]
fn a_full_disk_keeps_what_is_finished() {
    let (folder, path) = spec("full", SPEC);
    let at = |name: &str| folder.join(name).to_str().unwrap().to_string();
    let (plan, whole, out) = (at("plan.json"), at("whole"), at("out"));
    let ok = |words: &[&str]| assert!(process(words).status().unwrap().success(), "{words:?}");
    ok(&["sweep", "plan", &path, "-o", &plan]);
    let run = ["sweep", "run", &plan, "--progress", "none", "--out"];
    ok(&[&run[..], &[&whole]].concat());
    ok(&["sweep", "merge", &plan, "--out", &whole]);
    // With the limit's signal ignored the write itself fails, as it does where no room is left.
    let limited = "trap '' XFSZ; ulimit -f 4; exec \"$0\" \"$@\"";
    let ran = std::process::Command::new("sh")
        .args(["-c", limited, env!("CARGO_BIN_EXE_isac")])
        .args(run)
        .arg(&out)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert!(
        !ran.status.success() && ran.status.code().is_some(),
        "{said}"
    );
    assert!(said.contains("1-of-1.1.jsonl"), "{said}");
    let log = fs::read_to_string(Path::new(&out).join("log/1-of-1.1.jsonl")).unwrap();
    assert!(log.lines().count() >= 2, "{log}");
    ok(&[&run[..], &[&out]].concat());
    ok(&["sweep", "merge", &plan, "--out", &out]);
    assert!(results(Path::new(&out)) == results(Path::new(&whole)));
}
