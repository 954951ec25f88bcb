//! `isac reproduce` on a paper of our own.

mod common;

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};

use common::{bytes, folder, isac, isac_with};
use isac_lab::reproduce::{Settings, prepare};
use isac_lab::run::Control;
use isac_lab::{Artefact, Error, Plan, Request, Size, Task};

#[test]
fn a_run_writes_the_six_files_and_says_how_it_ended() {
    let out = folder("six-files");
    let ran = isac(&[
        "reproduce",
        "demo/fig1",
        "--quick",
        "--out",
        out.to_str().unwrap(),
    ]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    for piece in [
        "estimated time",
        "published",
        "claim: grows -- holds",
        "grade: statistical",
    ] {
        assert!(ran.out.contains(piece), "{piece} missing in\n{}", ran.out);
    }
    assert!(
        ran.out
            .contains("cube: 60 realisations, 5 failed, 0 not converged"),
        "{}",
        ran.out
    );
    assert!(ran.err.contains("24/24 realisations"), "{}", ran.err);
    let result = out.join("demo/fig1/plain");
    let mut names: Vec<String> = fs::read_dir(&result)
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let expected = [
        "curve.csv",
        "figure.png",
        "figure.svg",
        "meta.json",
        "per_realization.csv",
        "timing.csv",
    ];
    assert_eq!(names, expected);
    let curve = fs::read_to_string(result.join("curve.csv")).unwrap();
    let head = "algorithm,x,n,failed,unconverged,mean_power,ci95_low_power,ci95_high_power,";
    assert!(curve.starts_with(head), "{curve}");
    assert_eq!(curve.lines().count(), 1 + 2 * 5);
    let row = curve.lines().find(|l| l.starts_with("cube,1.0")).unwrap();
    assert!(
        row.starts_with("cube,1.0000000000000000e0,11,1,0,"),
        "{row}"
    );
    let meta = fs::read_to_string(result.join("meta.json")).unwrap();
    let meta: serde_json::Value = serde_json::from_str(&meta).unwrap();
    assert_eq!(meta["grade"], "statistical");
    assert_eq!(meta["algorithms"][1]["failed"], 5);
    assert!(!out.join("demo/fig1/plain.partial").exists());
}

#[test]
fn same_bytes_for_any_number_of_threads() {
    let folders = ["1", "2", "5"].map(|threads| {
        let out = folder(&format!("threads-{threads}"));
        let words = [
            "reproduce",
            "fig1",
            "--quick",
            "--threads",
            threads,
            "--progress",
            "none",
        ];
        let ran = isac(&[&words[..], &["--out", out.to_str().unwrap()]].concat());
        assert_eq!(ran.code, 0, "{}", ran.err);
        bytes(&out.join("demo/fig1/plain"))
    });
    assert_eq!(folders[0], folders[1]);
    assert_eq!(folders[0], folders[2]);
}

#[test]
fn another_seed_gives_other_numbers() {
    let of = |seed: &str| {
        let out = folder(&format!("seed-{seed}"));
        isac(&[
            "reproduce",
            "fig1",
            "--quick",
            "--seed",
            seed,
            "--out",
            out.to_str().unwrap(),
        ]);
        fs::read(out.join("demo/fig1/plain/curve.csv")).unwrap()
    };
    assert_ne!(of("1"), of("2"));
}

/// Set by the eighth task of [`stopping_plan`].
static CANCEL: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// The plan of `demo/fig1`, whose eighth task presses Ctrl-C.
fn stopping_plan(request: &Request) -> Result<Plan, Error> {
    let mut plan = (common::paper().artefacts[0].plan)(request)?;
    let tasks = plan.tasks.into_iter().enumerate();
    let stopping = tasks.map(|(i, task)| {
        let run = task.run;
        let pressing = move || {
            if i == 7 {
                CANCEL.store(true, Ordering::Relaxed);
            }
            run()
        };
        Task {
            run: Box::new(pressing),
            ..task
        }
    });
    plan.tasks = stopping.collect();
    Ok(plan)
}

#[test]
fn an_interrupted_run_is_taken_up_and_ends_with_the_same_bytes() {
    let (whole, broken) = (folder("whole"), folder("broken"));
    let artefact = Artefact {
        plan: stopping_plan,
        ..common::paper().artefacts[0]
    };
    let prepared = prepare(&artefact, &Request::new("plain", Size::Full)).unwrap();
    let settings = |out: &std::path::Path, cancel: Arc<AtomicBool>| Settings {
        out: out.into(),
        control: Control { threads: 1, cancel },
        ..Settings::default()
    };
    let never = Arc::new(AtomicBool::new(false));

    // The old folder stays whole while a run is interrupted.
    let target = broken.join("demo/fig1/plain");
    fs::create_dir_all(&target).unwrap();
    fs::write(target.join("curve.csv"), "old").unwrap();
    let journal = broken.join("demo/fig1/plain.partial/tasks.jsonl");
    let cancelled = prepared.run(&settings(&broken, CANCEL.clone()), |_| ());
    let Err(error) = cancelled else {
        panic!("the run was not interrupted")
    };
    assert_eq!(error.exit_code(), 130);
    assert_eq!(fs::read_to_string(target.join("curve.csv")).unwrap(), "old");
    // One thread takes no task after the one that stopped it.
    let text = fs::read_to_string(&journal).unwrap();
    assert_eq!(text.lines().count(), 8);

    // As a crash in the middle of a line would leave it, with only five tasks kept.
    let kept: Vec<&str> = text.lines().take(5).collect();
    fs::write(&journal, kept.join("\n") + "\n{\"sha256\": \"r0").unwrap();
    let mut first = None;
    let done = prepared
        .run(&settings(&broken, never.clone()), |standing| {
            first.get_or_insert(standing.done);
        })
        .unwrap();
    assert_eq!(first, Some(5), "five tasks were taken up");
    let expected = prepared.run(&settings(&whole, never), |_| ()).unwrap();
    // Equal but for the measured times.
    let bare = |records: &isac_lab::Records| {
        let mut rows = records.rows.clone();
        rows.iter_mut().for_each(|row| row.seconds = None);
        format!("{rows:?}")
    };
    assert_eq!(bare(&done.records), bare(&expected.records));
    assert_eq!(bytes(&target), bytes(&whole.join("demo/fig1/plain")));
}

#[test]
fn ctrl_c_ends_with_130_and_the_next_run_finishes() {
    let out = folder("ctrl-c");
    let words = [
        "reproduce",
        "fig1",
        "--quick",
        "--out",
        out.to_str().unwrap(),
    ];
    let ran = isac_with(&words, Arc::new(AtomicBool::new(true)));
    assert_eq!(ran.code, 130);
    assert!(ran.err.contains("interrupted"), "{}", ran.err);
    assert!(!out.join("demo/fig1/plain").exists());
    assert_eq!(isac(&words).code, 0);
    assert!(out.join("demo/fig1/plain/meta.json").is_file());
}

#[test]
fn a_failed_check_gives_1() {
    let out = folder("failed-check");
    let ran = isac(&[
        "reproduce",
        "demo/fig2b",
        "--quick",
        "--out",
        out.to_str().unwrap(),
    ]);
    assert_eq!(ran.code, 1);
    assert!(ran.out.contains("FAILED: one curve is off"), "{}", ran.out);
    assert!(
        ran.out.contains("grade: not reproduced: one curve is off"),
        "{}",
        ran.out
    );
}

#[test]
fn names_select_panels_papers_and_all() {
    let list = |what: &[&str]| {
        let ran = isac(&[&["reproduce", "--list"], what].concat());
        assert_eq!(ran.code, 0, "{}", ran.err);
        ran.out
            .lines()
            .map(|l| l.split_whitespace().next().unwrap().to_string())
            .collect()
    };
    let all: Vec<String> = list(&[]);
    assert_eq!(
        all,
        ["demo/fig1", "demo/fig2a", "demo/fig2b", "demo/table1"]
    );
    assert_eq!(list(&["all"]), all);
    assert_eq!(list(&["demo"]), all);
    assert_eq!(list(&["fig2"]), ["demo/fig2a", "demo/fig2b"]);
    assert_eq!(
        list(&["demo/fig2a", "table1", "fig2"]),
        ["demo/fig2a", "demo/fig2b", "demo/table1"]
    );
}

#[test]
fn unknown_names_give_2_with_the_nearest() {
    for (word, near) in [
        ("demo/fig11", "demo/fig1"),
        ("tabel1", "table1"),
        ("dema", "demo"),
    ] {
        let ran = isac(&["reproduce", word]);
        assert_eq!(ran.code, 2);
        assert!(ran.err.contains(near), "{word}: {}", ran.err);
    }
    let ran = isac(&["reproduce", "fig1", "--preset", "plane"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("plain"), "{}", ran.err);
    for words in [
        &["reproduce"][..],
        &["reproduce", "fig1", "--bogus"],
        &["reproduce", "fig1", "--threads", "0"],
        &["frobnicate"],
    ] {
        assert_eq!(isac(words).code, 2, "{words:?}");
    }
    let ran = isac(&["reproduce", "fig1", "--realization", "40"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("from 0 to 39"), "{}", ran.err);
    assert_eq!(isac(&["--help"]).code, 0);
}

#[test]
fn an_unwritable_folder_gives_2_before_any_work() {
    let out = folder("unwritable");
    let file = out.join("file");
    fs::write(&file, "a file, no folder").unwrap();
    let below = file.join("results");
    let ran = isac(&[
        "reproduce",
        "fig1",
        "--quick",
        "--out",
        below.to_str().unwrap(),
    ]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.err.contains("cannot be written") && ran.err.contains("--out"),
        "{}",
        ran.err
    );
    assert!(
        !ran.err.contains("realisations"),
        "no work was done: {}",
        ran.err
    );
}

#[test]
fn a_truncated_or_missing_reference_gives_2_and_leaves_results_whole() {
    let out = folder("reference");
    let result = out.join("demo/fig1/plain");
    let words = [
        "reproduce",
        "fig1",
        "--quick",
        "--out",
        out.to_str().unwrap(),
    ];
    assert_eq!(isac(&words).code, 0);
    let before = bytes(&result);
    let published = out.join("published");
    let missing = [&words[..], &["--reference", published.to_str().unwrap()]].concat();
    assert_eq!(isac(&missing).code, 2);
    fs::create_dir_all(&published).unwrap();
    for (text, named) in [
        ("x,mean\n1,9.", "line 2"),
        ("x,mean\n1\n", "line 2"),
        ("x,mean\n1,nine\n", "column mean"),
        ("x,maen\n1,9\n", "mean"),
    ] {
        fs::write(published.join("published.csv"), text).unwrap();
        let ran = isac(&missing);
        assert_eq!(ran.code, 2);
        assert!(ran.err.contains(named), "{text:?}: {}", ran.err);
    }
    assert_eq!(bytes(&result), before);
    fs::write(published.join("published.csv"), "x,mean\n1,9\n").unwrap();
    assert_eq!(isac(&missing).code, 0);
}

#[test]
fn a_finished_folder_replaces_the_old_one() {
    let out = folder("replace");
    let result = out.join("demo/fig1/plain");
    fs::create_dir_all(&result).unwrap();
    fs::write(result.join("stale.txt"), "old").unwrap();
    let words = [
        "reproduce",
        "fig1",
        "--quick",
        "--out",
        out.to_str().unwrap(),
    ];
    assert_eq!(isac(&words).code, 0);
    assert!(!result.join("stale.txt").exists());
    let left: Vec<_> = fs::read_dir(out.join("demo/fig1")).unwrap().collect();
    assert_eq!(left.len(), 1, "nothing is left beside the folder");
}
