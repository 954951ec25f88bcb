//! Readers over the corpus of the fuzz targets and deterministic mutations of it: never a panic, and
//! every refusal is bad input that names its line or key.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use common::{folder, real_isac};
use isac::readers;
use isac_lab::Error;
use rand::{Rng, RngExt, SeedableRng, rngs::ChaCha8Rng};
use serde_json::{Value, json};

fn corpus(target: &str) -> BTreeMap<String, Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/corpus")
        .join(target);
    let files: BTreeMap<String, Vec<u8>> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|e| {
            (
                e.file_name().into_string().unwrap(),
                fs::read(e.path()).unwrap(),
            )
        })
        .collect();
    assert!(files.len() >= 3, "the corpus of {target} is gone");
    files
}

/// Reads, and judges a panic or a refusal that says too little; `Some` is the text of a sound refusal.
fn judged(read: &dyn Fn() -> Result<(), Error>, input: &str) -> Option<String> {
    let outcome = catch_unwind(AssertUnwindSafe(read));
    let shown: String = input.chars().take(2000).collect();
    match outcome {
        Err(_) => panic!("a panic on\n{shown}"),
        Ok(Ok(())) => None,
        Ok(Err(error)) => {
            if let Some(fault) = readers::fault(&error) {
                panic!("{fault}\non\n{shown}");
            }
            Some(error.to_string())
        }
    }
}

fn text_reader(target: &str) -> fn(&str) -> Result<(), Error> {
    match target {
        "json" => readers::json,
        "toml" => readers::toml,
        _ => readers::reference,
    }
}

#[test]
fn the_corpus_is_read_or_refused_as_its_names_say() {
    for target in ["json", "toml", "reference"] {
        for (name, bytes) in corpus(target) {
            let text = String::from_utf8(bytes).unwrap();
            let refused = judged(&|| text_reader(target)(&text), &text);
            assert_eq!(refused, None, "{name}");
        }
    }
    for (name, bytes) in corpus("sdpa") {
        let refused = judged(&|| readers::sdpa(&bytes), &name);
        assert_eq!(
            refused.is_some(),
            name.starts_with("refused"),
            "{name}: {refused:?}"
        );
    }
}

/// Bytes with a few slips: cut, doubled, exchanged, altered.
fn slipped(bytes: &[u8], rng: &mut impl Rng) -> Vec<u8> {
    const PIECES: [&[u8]; 20] = [
        b"0",
        b"-1",
        b"1e300",
        b"-",
        b"9223372036854775808",
        b"99999999999",
        b"nan",
        b"1e-300",
        b"\"",
        b"{",
        b"]",
        b",",
        b"\n",
        b"\xff",
        b"\x00",
        b"null",
        b"[]",
        b"=",
        b"*INTEGER\n",
        b"\xef\xbb\xbf",
    ];
    let mut out = bytes.to_vec();
    for _ in 0..rng.random_range(1..4) {
        if out.is_empty() {
            break;
        }
        let at = rng.random_range(0..out.len());
        let to = (at + rng.random_range(1..12_usize)).min(out.len());
        match rng.random_range(0..6) {
            0 => out.truncate(at),
            1 => drop(out.drain(at..to)),
            2 => {
                let piece = out[at..to].to_vec();
                out.splice(at..at, piece);
            }
            3 => out[at] ^= 1 << rng.random_range(0..8),
            4 => {
                let piece = PIECES[rng.random_range(0..PIECES.len())];
                out.splice(at..to, piece.iter().copied());
            }
            _ => {
                let other = rng.random_range(0..out.len());
                out.swap(at, other);
            }
        }
    }
    out
}

#[test]
fn slips_of_bytes_are_refused_with_a_place() {
    let mut rng = ChaCha8Rng::seed_from_u64(41);
    let (mut read, mut refused) = (0, 0);
    for target in ["json", "toml", "reference", "sdpa"] {
        for bytes in corpus(target).into_values() {
            for _ in 0..150 {
                let bytes = slipped(&bytes, &mut rng);
                let text = String::from_utf8_lossy(&bytes).into_owned();
                let outcome = if target == "sdpa" {
                    judged(&|| readers::sdpa(&bytes), &text)
                } else {
                    judged(&|| text_reader(target)(&text), &text)
                };
                *if outcome.is_some() {
                    &mut refused
                } else {
                    &mut read
                } += 1;
            }
        }
    }
    // Neither side of the mutations is empty.
    assert!(
        read > 50 && refused > 1000,
        "{read} read, {refused} refused"
    );
}

/// Paths of all values below `value` whose key is no remark.
fn leaves(value: &Value, path: &mut Vec<String>, out: &mut Vec<Vec<String>>) {
    let remark = |key: &str| isac_lab::document::is_remark(key);
    match value {
        Value::Object(map) => {
            for (key, inner) in map.iter().filter(|(key, _)| !remark(key)) {
                path.push(key.clone());
                out.push(path.clone());
                leaves(inner, path, out);
                path.pop();
            }
        }
        Value::Array(list) => {
            for (i, inner) in list.iter().enumerate() {
                path.push(i.to_string());
                out.push(path.clone());
                leaves(inner, path, out);
                path.pop();
            }
        }
        _ => {}
    }
}

fn at<'a>(value: &'a mut Value, path: &[String]) -> &'a mut Value {
    path.iter().fold(value, |value, step| match value {
        Value::Array(list) => &mut list[step.parse::<usize>().unwrap()],
        other => &mut other[step.as_str()],
    })
}

/// The last key of a path that is no index.
fn key(path: &[String]) -> &str {
    let named = |step: &&String| step.parse::<usize>().is_err();
    path.iter().rev().find(named).map_or("", String::as_str)
}

/// What a refusal may name: all keys of the document, and those that it could have.
fn names_a_key(text: &str, paths: &[Vec<String>]) -> bool {
    let body = text.split_once(": ").map_or(text, |(_, rest)| rest);
    let words: Vec<&str> = body
        .split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .collect();
    paths.iter().any(|path| words.contains(&key(path)))
}

#[test]
fn a_value_of_another_kind_is_refused_by_the_name_of_its_key() {
    let texts = corpus("json").into_iter().chain(corpus("toml"));
    let mut refusals = 0;
    for (name, bytes) in texts {
        let text = String::from_utf8(bytes).unwrap();
        let value = if name.ends_with("toml") {
            isac_lab::document::Document::from_toml(&name, &text)
                .unwrap()
                .value
        } else {
            serde_json::from_str(&text).unwrap()
        };
        let mut paths = Vec::new();
        leaves(&value, &mut Vec::new(), &mut paths);
        // What `check` alone reads.
        paths.retain(|path| !path.iter().any(|step| step == "expected"));
        for path in &paths {
            for bad in [
                json!("text"),
                json!(true),
                json!({"not_a_key": 1}),
                json!([["text"]]),
                json!(-1.0),
                json!(-0.5),
                json!(0),
                json!(1e300),
                json!(1e15),
                // A size that is believed, small enough to draw what it asks for.
                json!(1e5),
                json!([]),
                Value::Null,
            ] {
                let mut mutant = value.clone();
                let place = at(&mut mutant, path);
                let same_kind = match (&bad, &*place) {
                    (Value::Null, _) => true,
                    (a, b) => a.is_number() && b.is_number() || a.is_array() && b.is_array(),
                };
                *place = bad;
                let mutant = mutant.to_string();
                let Some(refusal) = judged(&|| readers::json(&mutant), &mutant) else {
                    continue;
                };
                refusals += 1;
                let named = if same_kind {
                    // A null is no value: what is missed may be another way to say the same.
                    names_a_key(&refusal, &paths) || refusal.contains("got nothing")
                } else {
                    names_a_key(&refusal, std::slice::from_ref(path))
                        || refusal.contains("not_a_key")
                        || names_a_key(&refusal, &paths) && key(path) == "cases"
                };
                assert!(named, "{name}: {path:?}: {refusal}");
            }
        }
        // Keys that nobody knows, one beside every key, and every key under another name.
        // Designs may have any name.
        for path in paths
            .iter()
            .filter(|path| key(path) == path[path.len() - 1] && key(path) != "feasible_start")
            // Without its table `scenario` a document is one of another kind.
            .filter(|path| path[..] != ["scenario"])
        {
            let mut mutant = value.clone();
            let parent = at(&mut mutant, &path[..path.len() - 1]);
            let moved = parent.as_object_mut().unwrap().remove(key(path)).unwrap();
            let misspelt = format!("{}z", key(path));
            parent[misspelt.as_str()] = moved;
            let mutant = mutant.to_string();
            let refusal = judged(&|| readers::json(&mutant), &mutant);
            let refusal = refusal.unwrap_or_else(|| panic!("{name}: {misspelt} is read"));
            assert!(refusal.contains(key(path)), "{name}: {path:?}: {refusal}");
        }
    }
    assert!(refusals > 2000, "{refusals}");
}

fn document(name: &str) -> Value {
    serde_json::from_slice(&corpus("json")[&format!("{name}.json")]).unwrap()
}

fn refusal(value: &Value) -> String {
    judged(&|| readers::json(&value.to_string()), "a document").expect("to be refused")
}

#[test]
fn two_spellings_of_one_quantity_are_refused_together() {
    for (name, place, key, value, both) in [
        (
            "noma",
            "/cases/0",
            "gamma_dB",
            json!(3.0),
            ["gamma", "gamma_dB"],
        ),
        (
            "noma",
            "/cases/1",
            "gamma",
            json!(2.0),
            ["gamma", "gamma_dB"],
        ),
        (
            "obs",
            "/parameters",
            "Pt_dBm",
            json!(10.0),
            ["Pt", "Pt_dBm"],
        ),
        (
            "obs",
            "/parameters",
            "sigma_c2_dBm",
            json!(-30.0),
            ["sigma_c2", "sigma_c2_dBm"],
        ),
        (
            "obs",
            "/parameters",
            "sigma_s2_dBm",
            json!(-30.0),
            ["sigma_s2", "sigma_s2_dBm"],
        ),
        (
            "obs",
            "",
            "theta_deg",
            json!([20.0]),
            ["theta", "theta_deg"],
        ),
        ("obs", "", "phi_deg", json!(20.0), ["phi", "phi_deg"]),
        (
            "obs",
            "",
            "channel",
            json!({"model": "rayleigh"}),
            ["H", "channel"],
        ),
        (
            "obs-drawn",
            "/parameters",
            "Pt",
            json!(0.01),
            ["Pt", "Pt_dBm"],
        ),
        (
            "obs-drawn",
            "/parameters",
            "sigma_c2",
            json!(1e-12),
            ["sigma_c2", "sigma_c2_dBm"],
        ),
        ("obs-drawn", "", "phi", json!([-0.5]), ["phi", "phi_deg"]),
        // Quantities that follow from others may be stated, but must agree.
        (
            "hisac",
            "/params",
            "kappa2",
            json!(1e5),
            ["rcs_m2", "carrier_hz"],
        ),
        (
            "alpha",
            "/params",
            "bandwidth",
            json!(3e6),
            ["subcarrier_spacing", "bandwidth"],
        ),
        ("obs", "/parameters", "Ns", json!(4), ["Ns", "W0"]),
        ("noma", "", "realization", json!(1), ["realization", "H"]),
        ("noma", "", "M", json!(2), ["M", "angles_deg"]),
        ("noma", "", "N", json!(3), ["N", "H"]),
        // Keys that would do nothing.
        (
            "noma",
            "/cases/0",
            "P_total_W",
            json!(5.0),
            ["P_total_W", "power_min"],
        ),
        ("noma", "/cases/0", "eps", json!(0.1), ["eps", "power_min"]),
        (
            "noma",
            "/cases/2",
            "gamma",
            json!(2.0),
            ["gamma", "max_min"],
        ),
        (
            "hisac",
            "/params",
            "delta",
            json!(1e-4),
            ["delta", "unknown key"],
        ),
        (
            "hisac",
            "/params",
            "seed",
            json!(1),
            ["seed", "unknown key"],
        ),
        (
            "alpha",
            "/cases/0/config",
            "power_share",
            json!("flat"),
            ["power_share", "unknown key"],
        ),
    ] {
        let mut document = document(name);
        document.pointer_mut(place).unwrap()[key] = value;
        let text = refusal(&document);
        assert!(
            both.iter().all(|word| text.contains(word)),
            "{name} {key}: {text}"
        );
    }
}

/// As `jsonencode` writes it: dimensions of length 1 left out, one struct without its list.
fn squeezed(value: &Value) -> Value {
    match value {
        Value::Array(list) if list.len() == 1 => squeezed(&list[0]),
        Value::Array(list) => list.iter().map(squeezed).collect(),
        Value::Object(map) => Value::Object(
            map.iter()
                // The two sides of an array are a row of two, never less.
                .map(|(key, inner)| match key.as_str() {
                    "M1_h_v" | "M2_h_v" => (key.clone(), inner.clone()),
                    _ => (key.clone(), squeezed(inner)),
                })
                .collect(),
        ),
        other => other.clone(),
    }
}

#[test]
fn plain_lists_are_read_by_every_schema() {
    for (name, bytes) in corpus("json") {
        let value: Value = serde_json::from_slice(&bytes).unwrap();
        let plain = squeezed(&value).to_string();
        let refused = judged(&|| readers::json(&plain), &plain);
        assert_eq!(refused, None, "{name}");
    }
    // A plain list is no transposed matrix.
    for (name, place, wrong) in [
        (
            "noma-plain",
            "/H",
            json!({"re": [[[1.0]]], "im": [[[0.1]]]}),
        ),
        ("obs", "/alpha", json!({"re": [0.1, 0.1], "im": [0.0, 0.0]})),
        ("obs", "/H", json!({"re": [1.0, 2.0], "im": [0.0, 1.0]})),
        (
            "hisac",
            "/channels/h_users_rows",
            json!({"re": [1.0, 2.0], "im": [0.0, 1.0]}),
        ),
        (
            "alpha",
            "/steering",
            json!({"re": [[1.0], [2.0]], "im": [[0.0], [1.0]]}),
        ),
        ("alpha", "/nr", json!([[2.0], [1.0]])),
    ] {
        let mut document = document(name);
        *document.pointer_mut(place).unwrap() = wrong;
        let text = refusal(&document);
        assert!(text.contains(place.rsplit('/').next().unwrap()), "{text}");
    }
}

/// Solves a document written to a file.
fn solve(name: &str, text: &str, more: &[&str]) -> common::Ran {
    let path: PathBuf = folder(&format!("readers-{name}")).join(name);
    fs::write(&path, text).unwrap();
    real_isac(&[&["solve", path.to_str().unwrap(), "--json"], more].concat())
}

#[test]
fn one_user_in_a_plain_list_needs_gamma_sigma2_over_its_norm() {
    // |h|^2 = 1.0^2 + 0.1^2 + 0.2^2 = 1.05.
    let power = 2.0 / 1.05;
    let head = r#"{"schema": "noma/1", "sigma2_W": 1.0"#;
    let h = r#""H": {"re": [1.0, 0.2], "im": [0.1, 0.0]}"#;
    let case = r#"{"problem": "power_min", "sic": "linear", "gamma": 2.0}"#;
    let decibels = case.replace(r#""gamma": 2.0"#, r#""gamma_dB": 3.010299956639812"#);
    for text in [
        format!(r#"{head}, {h}, "cases": [{case}]}}"#),
        format!(r#"{head}, {h}, "N": 2, "K": 1, "cases": {case}}}"#),
        format!(r#"{head}, {h}, "K": 1, "cases": {decibels}}}"#),
        format!("\u{feff}{head}, {h}, \"N\": 2, \"cases\": {case}}}"),
        format!(
            r#"{head}, "H": {{"re": [[1.0], [0.2]], "im": [[0.1], [0.0]]}}, "cases": {case}}}"#
        ),
    ] {
        let ran = solve("one-user.json", &text, &[]);
        assert_eq!(ran.code, 0, "{text}: {}", ran.err);
        let report: Value = serde_json::from_str(&ran.out).unwrap();
        let found = report["objective"].as_f64().unwrap();
        assert!((found - power).abs() < 1e-6 * power, "{text}: {found}");
    }
    // Two users of one antenna, in one row.
    let row = format!(r#"{head}, {h}, "N": 1, "K": 2, "cases": {case}}}"#);
    let row: Value = serde_json::from_str(&row).unwrap();
    assert!(readers::json(&row.to_string()).is_ok());
    let wrong = format!(r#"{head}, {h}, "N": 3, "cases": {case}}}"#);
    assert_eq!(solve("wrong.json", &wrong, &[]).code, 2);
}

#[test]
fn no_size_of_a_document_is_believed() {
    let hisac = |key: &str, value: Value| {
        let mut document = document("hisac");
        document["params"][key] = value;
        document.to_string()
    };
    let alpha = |key: &str, value: Value| {
        let mut document = document("alpha");
        document["params"][key] = value;
        document.to_string()
    };
    let obs = |key: &str, value: f64| {
        let mut document = document("obs-drawn");
        document["parameters"][key] = json!(value);
        document.to_string()
    };
    let noma = |n: f64, k: f64| {
        let mut document = document("noma-drawn");
        document["N"] = json!(n);
        document["K"] = json!(k);
        document.to_string()
    };
    let scenario = |line: &str| format!("schema = \"alpha-fair/1\"\n[scenario]\n{line}\n");
    for (name, text, key) in [
        ("a.toml", scenario("users = 100000000"), "users"),
        ("b.toml", scenario("users = 65537"), "users"),
        (
            "c.toml",
            scenario("subcarriers = 1000000000000"),
            "subcarriers",
        ),
        (
            "d.toml",
            scenario("subcarriers = 1000000\nantennas = 1000"),
            "subcarriers",
        ),
        ("e.toml", scenario("targets = 90000000"), "targets"),
        ("f.toml", scenario("antennas = 99999999999999"), "antennas"),
        (
            "g.toml",
            format!("drop = 18446744073709551\n{}", scenario("users = 2")),
            "drop",
        ),
        ("h.json", noma(1e6, 1e6), "N"),
        ("i.json", noma(3.0, 1e12), "K"),
        ("j.json", noma(1e15, 1.0), "N"),
        ("k.json", noma(2e4, 1.0), "covariances"),
        ("l.json", noma(900.0, 900.0), "K"),
        ("m.json", hisac("N", json!(1e15)), "N"),
        ("n.json", hisac("M1_h_v", json!([1e15, 1e15])), "M1_h_v"),
        ("o.json", hisac("M2_h_v", json!([1e8, 1e8])), "M2_h_v"),
        ("p.json", alpha("K", json!(1e15)), "K"),
        ("q.json", alpha("N", json!(1e8)), "N"),
        ("r.json", alpha("T", json!(1e8)), "T"),
        ("s.json", alpha("Nt", json!(1e12)), "Nt"),
        ("t.json", obs("nt_h", 1e12), "nt_h"),
        ("u.json", obs("K", 1e12), "K"),
        ("v.json", obs("M", 1e12), "M"),
        ("w.json", obs("nr_v", 1e9), "nr_v"),
    ] {
        let ran = solve(name, &text, &[]);
        assert_eq!(ran.code, 2, "{name}: {}{}", ran.out, ran.err);
        assert!(
            ran.err.contains(key) && ran.err.contains("got"),
            "{name}: {}",
            ran.err
        );
    }
}

#[test]
fn options_that_would_do_nothing_are_refused() {
    let text = |target: &str, name: &str| String::from_utf8(corpus(target)[name].clone()).unwrap();
    for (name, text, more, word) in [
        (
            "alpha.toml",
            text("toml", "alpha.toml"),
            ["--case", "1"],
            "drop",
        ),
        (
            "hisac.json",
            text("json", "hisac.json"),
            ["--seed", "3"],
            "random",
        ),
        (
            "obs.json",
            text("json", "obs.json"),
            ["--case", "1"],
            "single problem",
        ),
    ] {
        let ran = solve(name, &text, &more);
        assert_eq!(ran.code, 2, "{name}: {}", ran.out);
        assert!(
            ran.err.contains(more[0]) && ran.err.contains(word),
            "{name}: {}",
            ran.err
        );
    }
    let more = ["--seed", "3", "--algorithm", "paper"];
    let ran = solve("alpha.json", &text("json", "alpha.json"), &more);
    assert!(ran.code == 2 && ran.err.contains("W0"), "{}", ran.err);
    let more = ["--seed", "3", "--algorithm", "accelerated"];
    let ran = solve("obs.json", &text("json", "obs.json"), &more);
    assert!(ran.code == 2 && ran.err.contains("--seed 3"), "{}", ran.err);
}

#[test]
fn the_reflection_follows_from_cross_section_and_carrier() {
    // 4 pi 10 / (c / 18 GHz)^2 by hand.
    let mut document = document("hisac");
    let derived = 4.0 * std::f64::consts::PI * 10.0 * (18e9 / 299_792_458.0_f64).powi(2);
    document["params"]["kappa2"] = json!(derived);
    assert!(readers::json(&document.to_string()).is_ok());
    document["params"]["kappa2"] = json!(derived * 1.001);
    assert!(refusal(&document).contains("kappa2"));
    let params = document["params"].as_object_mut().unwrap();
    params.remove("kappa2");
    params.remove("carrier_hz");
    assert!(refusal(&document).contains("kappa2"));
}
