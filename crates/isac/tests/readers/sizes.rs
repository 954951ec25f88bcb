//! Sizes that nobody can mean, and options that would do nothing.

use crate::support::{corpus, document, solve};
use serde_json::{Value, json};

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
