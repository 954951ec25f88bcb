//! Bad input of `alpha-fair/1` through the command line: code 2 with the field, or code 3 with the proof;
//! never a panic, never a silent repair.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{Ran, folder, real_isac};
use serde_json::{Value, json};

const FIXTURE: &str = include_str!("../../isac-algos/tests/fixtures/alpha-fair-options.json");

/// The fixture with its first case, which sums, and its first case of states.
fn document() -> Value {
    let mut document: Value = serde_json::from_str(FIXTURE).unwrap();
    let cases = document["cases"].as_array().unwrap();
    let first = |combine: &str| {
        let mut of_kind = cases.iter().filter(|c| c["config"]["combine"] == combine);
        of_kind.next().unwrap().clone()
    };
    document["cases"] = json!([first("sum"), first("state")]);
    document
}

fn run(verb: &str, name: &str, text: &str, more: &[&str]) -> Ran {
    let kind = if text.starts_with('{') {
        "json"
    } else {
        "toml"
    };
    // A folder of its own for every run: tests run beside each other.
    let name = format!("alpha-fair-{verb}-{kind}-{}", name.replace(' ', "-"));
    let path = folder(&name).join("bad").with_extension(kind);
    std::fs::write(&path, text).unwrap();
    real_isac(&[&[verb, path.to_str().unwrap()], more].concat())
}

#[test]
fn bad_documents_are_refused_by_field() {
    type Change = fn(&mut Value);
    let changes: [(&str, Change, &str); 26] = [
        ("no symbols", |d| d["params"]["M"] = json!(0), "params.M"),
        ("one symbol", |d| d["params"]["M"] = json!(1), "symbols"),
        (
            "no subcarriers",
            |d| d["params"]["N"] = json!(0),
            "params.N",
        ),
        ("no targets", |d| d["params"]["T"] = json!(0), "params.T"),
        (
            "size",
            |d| {
                d["params"]["N"] = json!(4);
                d["params"].as_object_mut().unwrap().remove("bandwidth");
            },
            "2 x 4 x 2 entries, not 2 x 3 x 2",
        ),
        ("antennas", |d| d["params"]["Nt"] = json!(3), "steering"),
        ("users", |d| d["params"]["K"] = json!(3), "users"),
        (
            "coincident users",
            |d| d["geometry"]["users"][1] = d["geometry"]["users"][0].clone(),
            "users[1] - users[0] distance",
        ),
        (
            "user on a target",
            |d| d["geometry"]["users"][0] = d["geometry"]["targets"][1].clone(),
            "targets[1] - users[0] distance",
        ),
        (
            "target on the base station",
            |d| d["geometry"]["targets"][0] = json!([0.0, 0.0]),
            "targets[0] - bs distance",
        ),
        (
            "target behind",
            |d| d["geometry"]["targets"][0] = json!([-5.0, 1.0]),
            "in front of the array",
        ),
        (
            "no coordinate",
            |d| d["geometry"]["targets"][0] = json!([null, 1.0]),
            "geometry.targets[0][0]",
        ),
        ("angle", |d| d["aod"] = json!([0.1]), "aod"),
        ("delay", |d| d["tau"][0][0] = json!("far"), "tau[0][0]"),
        (
            "power",
            |d| d["params"]["power"] = json!(-1),
            "params.power",
        ),
        (
            "noise",
            |d| d["params"]["noise_per_subcarrier"] = json!(0),
            "noise_per_subcarrier",
        ),
        ("receivers", |d| d["nr"][0] = json!(0), "nr: got"),
        (
            "no echo",
            |d| {
                d["beta"]["re"][0][0] = json!(0);
                d["beta"]["im"][0][0] = json!(0);
            },
            "beta: got",
        ),
        (
            "rate",
            |d| d["cases"][0]["config"]["rmin"] = json!(-1),
            "rmin",
        ),
        (
            "alpha",
            |d| d["cases"][0]["config"]["alpha"] = json!(-2),
            "a number >= -1",
        ),
        (
            "gain",
            |d| d["cases"][0]["config"]["gain"] = json!("maybe"),
            "known, unknown",
        ),
        (
            "weights",
            |d| d["cases"][0]["config"]["D"] = json!([0, 0]),
            "config.D",
        ),
        (
            "one node in state",
            |d| {
                d["cases"][0] = d["cases"][1].clone();
                d["cases"][0]["config"]["nodes"] = json!("mono");
            },
            "do not resolve its state",
        ),
        (
            "one direction in state",
            |d| {
                d["cases"][0] = d["cases"][1].clone();
                for t in 0..2 {
                    for j in 1..3 {
                        d["jacobian"][t][j] = d["jacobian"][t][0].clone();
                    }
                }
            },
            "do not resolve its state",
        ),
        (
            "sizes of weights",
            |d| d["cases"][0]["config"]["D"] = json!([1, 1, 1]),
            "config.D",
        ),
        ("key", |d| d["zork"] = json!(1), "`zork`"),
    ];
    for (name, change, named) in changes {
        let mut document = document();
        change(&mut document);
        for verb in ["check", "solve"] {
            let ran = run(verb, name, &document.to_string(), &[]);
            assert_eq!(ran.code, 2, "{verb} {name}: {}{}", ran.out, ran.err);
            assert!(ran.err.contains(named), "{verb} {name}: {}", ran.err);
        }
    }
    let nan = document()
        .to_string()
        .replacen("\"power\":1.0", "\"power\":NaN", 1);
    let ran = run("solve", "nan", &nan, &[]);
    assert_eq!(ran.code, 2, "{}", ran.err);
    assert!(ran.err.contains("line 1"), "{}", ran.err);
    let ran = run("solve", "case", &document().to_string(), &["--case", "9"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("--case 9"), "{}", ran.err);
}

#[test]
fn rates_beyond_reach_are_infeasible_with_a_proof() {
    let mut document = document();
    document["cases"][0]["config"]["rmin"] = json!(60.0);
    let ran = run("solve", "reach", &document.to_string(), &["--json"]);
    assert_eq!(ran.code, 3, "{}{}", ran.out, ran.err);
    let answer: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(answer["status"], "infeasible");
    assert!(answer["max_violation"].as_f64().unwrap() > 1.0);
    assert_eq!(answer["certificate"]["kind"], "least_power_w");
    assert!(answer["certificate"]["bound"].as_f64().unwrap() > 1.0);
    let reason = answer["stop_reason"].as_str().unwrap();
    assert!(reason.contains("rate of user") && reason.contains("need at least"));
}

#[test]
fn scenarios_are_checked_too() {
    let small = "subcarriers = 6\nsymbols = 4\nantennas = 3\ntargets = 2\nusers = 2\n";
    let scenario = |body: &str| format!("schema = \"alpha-fair/1\"\n[scenario]\n{body}");
    for (name, body, named) in [
        ("no symbols", "symbols = 0\n", "symbols"),
        ("no targets", "targets = 0\n", "targets"),
        ("one subcarrier", "subcarriers = 1\n", "subcarriers"),
        ("nan", "min_rate_mbit_s = nan\n", "min_rate_mbit_s"),
        ("negative", "min_rate_mbit_s = -1.0\n", "min_rate_mbit_s"),
        ("alpha", "alpha = -2.0\n", "alpha"),
        ("alpha text", "alpha = \"most\"\n", "alpha"),
        (
            "range",
            "target_range_m = [200.0, 60.0]\n",
            "target_range_m[1]",
        ),
        ("sector", "sector_deg = 120.0\n", "sector_deg"),
        ("radius", "user_radius_m = 0.0\n", "user_radius_m"),
        ("loss", "admitted_loss_db = 10.0\n", "admitted"),
        ("key", "zork = 1\n", "zork"),
        (
            "state",
            "users = 0\nstate = true\n",
            "do not resolve its state",
        ),
        (
            "state alone",
            "state = true\nsensing = { nodes = \"mono\" }\n",
            "do not resolve its state",
        ),
    ] {
        // A key of `body` replaces that of `small`.
        let key = |line: &str| line.split(' ').next().unwrap().to_owned();
        let replaced: Vec<String> = body.lines().map(key).collect();
        let kept: String = small
            .lines()
            .filter(|line| !replaced.contains(&key(line)))
            .map(|line| format!("{line}\n"))
            .collect();
        let ran = run("solve", name, &scenario(&(kept + body)), &[]);
        assert_eq!(ran.code, 2, "{name}: {}{}", ran.out, ran.err);
        assert!(ran.err.contains(named), "{name}: {}", ran.err);
    }
    let far = format!("{small}min_rate_mbit_s = 5000.0\n");
    assert_eq!(run("solve", "far", &scenario(&far), &[]).code, 3);
    for alpha in ["alpha = \"inf\"\n", "alpha = -1.0\n", "state = true\n"] {
        let ran = run("solve", "good", &scenario(&format!("{small}{alpha}")), &[]);
        assert_eq!(ran.code, 0, "{alpha}: {}", ran.err);
        assert!(ran.out.contains("solved"), "{alpha}: {}", ran.out);
    }
}
