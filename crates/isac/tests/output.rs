//! What the program writes, where, and how it ends when it cannot.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use common::{folder, isac, isac_with};

/// One user, one antenna, no sensing: the least power is `gamma sigma2 / |h|^2`.
const DOCUMENT: &str = r#"{"schema": "noma/1", "H": {"re": [[2.0]], "im": [[0.0]]},
    "sigma2_W": 0.5, "cases": [{"problem": "power_min", "gamma": 3.0,
    "expected": {"power_W": 0.375}}]}"#;

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_isac"))
}

/// A fresh folder with the document `x.json`.
fn place(name: &str) -> PathBuf {
    let folder = folder(name);
    fs::write(folder.join("x.json"), DOCUMENT).unwrap();
    folder
}

fn solve_to(folder: &Path, out: &str) -> Output {
    let mut command = program();
    command
        .current_dir(folder)
        .args(["solve", "x.json", "--out", out]);
    command.output().unwrap()
}

fn objective(text: &str) -> f64 {
    let report: serde_json::Value = serde_json::from_str(text).unwrap();
    report["objective"].as_f64().unwrap()
}

#[track_caller]
fn assert_solution(path: &Path) {
    let power = objective(&fs::read_to_string(path).unwrap());
    assert!((power - 0.375).abs() < 1e-6, "{power}");
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_new_and_an_old_file_become_the_solution_and_neighbours_stay() {
    let folder = place("out-file");
    for neighbour in ["s.json.new", "s.json.tmp", "s.json~", ".s.json"] {
        fs::write(folder.join(neighbour), "mine").unwrap();
    }
    let mask = fs::metadata(folder.join("x.json")).unwrap().mode();
    for _ in 0..2 {
        let ran = solve_to(&folder, "s.json");
        assert_eq!(code(&ran), 0, "{}", errors(&ran));
        assert_solution(&folder.join("s.json"));
    }
    // As any other program makes files, and with the permissions of the old one.
    let mode = |name: &str| fs::metadata(folder.join(name)).unwrap().mode();
    assert_eq!(mode("s.json"), mask);
    fs::set_permissions(folder.join("s.json"), fs::Permissions::from_mode(0o640)).unwrap();
    assert_eq!(code(&solve_to(&folder, "s.json")), 0);
    assert_eq!(mode("s.json") & 0o777, 0o640);
    for neighbour in ["s.json.new", "s.json.tmp", "s.json~", ".s.json"] {
        assert_eq!(fs::read_to_string(folder.join(neighbour)).unwrap(), "mine");
    }
    let expected = [
        ".s.json",
        "s.json",
        "s.json.new",
        "s.json.tmp",
        "s.json~",
        "x.json",
    ];
    assert_eq!(names(&folder), expected, "no temporary file is left");
}

#[test]
fn links_are_written_through_and_stay_links() {
    let folder = place("out-link");
    fs::create_dir(folder.join("far")).unwrap();
    fs::write(folder.join("far/old.json"), "old").unwrap();
    symlink("far/old.json", folder.join("link")).unwrap();
    symlink("link", folder.join("link-to-link")).unwrap();
    symlink("far/absent.json", folder.join("dangling")).unwrap();
    for (link, target) in [
        ("link", "far/old.json"),
        ("link-to-link", "far/old.json"),
        ("dangling", "far/absent.json"),
    ] {
        let ran = solve_to(&folder, link);
        assert_eq!(code(&ran), 0, "{link}: {}", errors(&ran));
        assert!(folder.join(link).is_symlink(), "{link}");
        assert_solution(&folder.join(target));
        fs::write(folder.join(target), "old").unwrap();
    }
    // Another name of the same file keeps naming it.
    fs::hard_link(folder.join("far/old.json"), folder.join("twin")).unwrap();
    assert_eq!(code(&solve_to(&folder, "twin")), 0);
    assert_solution(&folder.join("far/old.json"));
}

#[test]
fn pipes_and_devices_are_written_through() {
    let folder = place("out-pipe");
    let pipe = folder.join("pipe");
    let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || fs::read_to_string(pipe).unwrap()
    });
    let ran = solve_to(&folder, "pipe");
    assert_eq!(code(&ran), 0, "{}", errors(&ran));
    assert!((objective(&reader.join().unwrap()) - 0.375).abs() < 1e-6);
    assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo());

    // A device that is always full, behind a link.
    symlink("/dev/full", folder.join("full")).unwrap();
    let ran = solve_to(&folder, "full");
    assert_eq!(code(&ran), 2);
    assert!(
        errors(&ran).contains("full: cannot be written"),
        "{}",
        errors(&ran)
    );
    assert!(folder.join("full").is_symlink());
    assert!(
        fs::metadata("/dev/full")
            .unwrap()
            .file_type()
            .is_char_device()
    );
}

#[test]
fn standard_output_as_a_file_is_not_replaced() {
    let folder = place("out-stdout");
    let file = folder.join("all.txt");
    let mut command = program();
    command
        .current_dir(&folder)
        .args(["solve", "x.json", "--out", "/dev/stdout"]);
    let status = command.stdout(fs::File::create(&file).unwrap()).status();
    assert_eq!(status.unwrap().code(), Some(0));
    let text = fs::read_to_string(&file).unwrap();
    let end = text.find("\n}\n").unwrap() + 3;
    assert!((objective(&text[..end]) - 0.375).abs() < 1e-6);
    assert!(text[end..].starts_with("problem "), "{text}");
}

#[test]
fn what_cannot_be_written_gives_2_and_a_message() {
    let folder = place("out-refused");
    for (out, why) in [
        (".", "directory"),
        ("absent/s.json", "not found"),
        ("x.json/s.json", "directory"),
    ] {
        let ran = solve_to(&folder, out);
        assert_eq!(code(&ran), 2, "{out}");
        let text = errors(&ran);
        assert!(text.contains("cannot be written"), "{text}");
        assert!(text.to_lowercase().contains(why), "{out}: {text}");
    }
    assert_eq!(names(&folder), ["x.json"]);
}

#[test]
fn a_full_standard_output_is_an_error_of_every_verb() {
    let folder = place("stdout-full");
    let sdpa = "1 = m\n1 = blocks\n1\n1.0\n0 1 1 1 2.0\n1 1 1 1 1.0\n";
    fs::write(folder.join("x.dat-s"), sdpa).unwrap();
    for words in [
        &["solve", "x.json"][..],
        &["solve", "x.json", "--json"],
        &["check", "x.json"],
        &["check", "x.json", "--json"],
        &["sdp", "x.dat-s"],
        &["sdp", "x.dat-s", "--json"],
        &["reproduce", "--list"],
        &["reproduce", "obs_crlb/fig7", "--quick", "--out", "results"],
        &["--help"],
        &["--version"],
    ] {
        let full = fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .unwrap();
        let mut command = program();
        command.current_dir(&folder).args(words);
        let ran = command.stdout(full).output().unwrap();
        assert_eq!(code(&ran), 2, "{words:?}: {}", errors(&ran));
        let text = errors(&ran);
        assert!(
            text.contains("standard output cannot be written"),
            "{words:?}: {text}"
        );

        // A pipe whose reader is gone: as quiet as other programs, but no success.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = program();
        command.current_dir(&folder).args(words);
        let ran = command.stdout(writer).output().unwrap();
        assert_eq!(
            (code(&ran), errors(&ran)),
            (141, String::new()),
            "{words:?}"
        );
    }
    assert!(!folder.join("results").exists(), "no work was done");
}

#[test]
fn every_verb_about_a_document_can_be_interrupted() {
    let folder = folder("interrupted");
    let file = folder.join("x.json");
    fs::write(
        &file,
        r#"{"schema": "demo/1", "x": [1], "expected": {"positive": true}}"#,
    )
    .unwrap();
    let sdpa = folder.join("x.dat-s");
    fs::write(&sdpa, "1\n1\n1\n1.0\n0 1 1 1 2.0\n1 1 1 1 1.0\n").unwrap();
    let (file, sdpa) = (file.to_str().unwrap(), sdpa.to_str().unwrap());
    let out = folder.join("s.json");
    for words in [
        &["solve", file, "--out", out.to_str().unwrap()][..],
        &["check", file],
        &["check", file, "--json"],
        &["sdp", sdpa],
    ] {
        let ran = isac_with(words, Arc::new(AtomicBool::new(true)));
        assert_eq!((ran.code, ran.out.as_str()), (130, ""), "{words:?}");
        assert_eq!(ran.err, "error: interrupted\n");
        assert_eq!(isac(words).code, 0, "{words:?}");
        let _ = fs::remove_file(&out);
    }
}

#[test]
fn both_signals_keep_what_is_finished() {
    let folder = folder("signals");
    let words = [
        "reproduce",
        "obs_crlb/fig7",
        "--threads",
        "1",
        "--progress",
        "json",
        "--out",
    ];
    let mut kept = 0;
    for signal in ["-INT", "-TERM"] {
        let mut command = program();
        command.args(words).arg(&folder);
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        let mut run = command.spawn().unwrap();
        let mut lines = BufReader::new(run.stderr.take().unwrap()).lines();
        let done = |line: &str| -> Option<u64> {
            let event: serde_json::Value = serde_json::from_str(line).ok()?;
            event["standing"]["done"].as_u64()
        };
        let first = lines.by_ref().map(Result::unwrap).find_map(|l| done(&l));
        assert!(
            first.unwrap() >= kept,
            "taken up from {kept}, not {first:?}"
        );
        let goal = kept + 3;
        lines
            .by_ref()
            .map(Result::unwrap)
            .find(|l| done(l).is_some_and(|n| n >= goal))
            .unwrap();
        let pid = run.id().to_string();
        assert!(
            Command::new("kill")
                .args([signal, &pid])
                .status()
                .unwrap()
                .success()
        );
        let last = lines.map(Result::unwrap).last().unwrap();
        assert_eq!(run.wait().unwrap().code(), Some(130), "{signal}: {last}");
        assert!(last.contains("realisations are kept"), "{last}");
        kept = goal;
    }
    let journal = folder.join("obs_crlb/fig7/released.partial/tasks.jsonl");
    let mut text = String::new();
    fs::File::open(journal)
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    assert!(text.lines().count() as u64 >= kept);
}
