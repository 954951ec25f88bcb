//! Proofs of one leaf, of `noma/1` and `alpha-fair/1`, through the command line: every kind of problem is proved or proved infeasible,
//! and nothing that was changed is.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::path::PathBuf;

use common::said;
use serde_json::{Value, json};

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("noma-proofs-{name}"))
}

fn written(name: &str, value: &Value) -> String {
    let path = path(name);
    std::fs::write(&path, value.to_string()).unwrap();
    path.to_str().unwrap().into()
}

/// Two users and two targets, drawn, with one case.
fn scene(case: Value) -> Value {
    json!({
        "schema": "noma/1", "seed": 4, "N": 4, "K": 2, "angles_deg": [-60.0, 60.0],
        "sigma2_W": 0.01, "Ps_W": 2.0, "Pdiff_W": 0.001, "xi_W2": 10.0, "cases": [case],
    })
}

/// Exit code and report of `solve`, and the proof it wrote, if it did.
fn solved(name: &str, document: &Value) -> (u8, Value, Option<Value>) {
    let file = written(&format!("{name}.json"), document);
    let to = path(&format!("{name}-proof.json"));
    drop(std::fs::remove_file(&to));
    let to = to.to_str().unwrap();
    let (code, text) = said(&[
        "solve",
        &file,
        "--certify",
        "global",
        "--proof",
        to,
        "--json",
    ]);
    let end = text.rfind('}').unwrap();
    let report = serde_json::from_str(&text[..=end]).unwrap();
    let proof = std::fs::read_to_string(to).ok();
    (
        code,
        report,
        proof.map(|text| serde_json::from_str(&text).unwrap()),
    )
}

fn verified(name: &str, proof: &Value) -> (u8, String) {
    said(&["verify", &written(name, proof), "--json"])
}

fn cases() -> [(&'static str, Value); 7] {
    [
        (
            "own",
            json!({"problem": "power_min", "sic": "own", "gamma_dB": 20.0}),
        ),
        (
            "full",
            json!({"problem": "power_min", "sic": "full", "gamma_dB": 8.0, "ordering": true}),
        ),
        (
            "linear",
            json!({"problem": "power_min", "sic": "linear", "gamma": [3.0, 30.0]}),
        ),
        (
            "correlated",
            json!({"problem": "power_min", "sic": "own", "gamma_dB": 3.0, "override": {"xi_W2": 1.0}}),
        ),
        (
            "max-min",
            json!({"problem": "max_min", "sic": "full", "P_total_W": 6.0}),
        ),
        (
            "robust",
            json!({"problem": "robust_power_min", "sic": "own", "gamma_dB": 20.0, "eps": 0.1}),
        ),
        (
            "robust-max-min",
            json!({"problem": "robust_max_min", "sic": "own", "P_total_W": 6.0, "eps": 0.1}),
        ),
    ]
}

#[test]
fn every_problem_is_proved_and_says_what_solve_said() {
    for (name, case) in cases() {
        let (code, report, proof) = solved(name, &scene(case));
        assert_eq!(code, 0, "{name}: {report}");
        let proof = proof.unwrap_or_else(|| panic!("{name}: no proof, {report}"));
        let (code, text) = verified("good.json", &proof);
        assert_eq!(code, 0, "{name}: {text}");
        let verdict: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(verdict["bound"], report["certificate"]["bound"], "{name}");
        let value = report["objective"].as_f64().unwrap();
        let again = verdict["value"].as_f64().unwrap();
        assert!((again - value).abs() <= 1e-9 * value, "{name}");
        let bound = verdict["bound"].as_f64().unwrap();
        let (least, most) = if verdict["kind"] == "lower_bound" {
            (bound, value)
        } else {
            (value, bound)
        };
        assert!(least <= most * (1.0 + 1e-6), "{name}: {least} {most}");
        // The beams of these draws are optimal to the tolerance of `solved`, but for one whose relaxation
        // has rank two and whose bound is that of the relaxation.
        let reached = match report["metrics"]["unreached_t"].as_f64() {
            Some(relaxed) if name == "robust-max-min" => most / relaxed,
            _ => least / most,
        };
        assert!((reached - 1.0).abs() <= 2e-6, "{name}: {least} {most}");
    }
}

#[test]
fn problems_without_a_design_are_proved_to_have_none() {
    let silent = json!({"problem": "robust_power_min", "sic": "own", "gamma": 1.0, "eps": 50.0});
    let ray = json!({"problem": "robust_power_min", "sic": "full", "gamma_dB": 25.0, "eps": 0.3});
    let budget = json!({"problem": "max_min", "sic": "own", "P_total_W": 4.1});
    let robust_budget =
        json!({"problem": "robust_max_min", "sic": "own", "P_total_W": 4.1, "eps": 0.01});
    let mut parallel = scene(json!({"problem": "power_min", "sic": "linear", "gamma": 1.0}));
    parallel["H"] = json!({"re": [[1.0, 2.0], [0.5, 1.0], [0.0, 0.0], [-1.0, -2.0]],
                           "im": [[0.0, 0.0], [1.0, 2.0], [0.5, 1.0], [0.0, 0.0]]});
    let mut coincident = scene(json!({"problem": "power_min", "sic": "own", "gamma": 1.0}));
    coincident["angles_deg"] = json!([20.0, 20.0]);
    coincident["xi_W2"] = json!(3.9);
    for (rule, document, change) in [
        ("silenced", scene(silent), "eps"),
        ("ray", scene(ray), "gamma_dB"),
        ("budget", scene(budget), "P_total_W"),
        ("budget", scene(robust_budget), "P_total_W"),
        ("parallel_channels", parallel, "gamma"),
        ("coincident_targets", coincident, ""),
    ] {
        let (code, report, proof) = solved(rule, &document);
        assert_eq!(code, 3, "{rule}: {report}");
        let proof = proof.unwrap_or_else(|| panic!("{rule}: no proof, {report}"));
        assert_eq!(proof["infeasible"]["rule"], rule);
        let (code, text) = verified("none.json", &proof);
        assert!(code == 0 && text.contains("infeasible"), "{rule}: {text}");
        // The same proof for a problem that is easy to meet proves nothing.
        let mut easy = proof.clone();
        match change {
            "" => easy["problem"]["xi_W2"] = json!(4.1),
            "gamma_dB" => easy["problem"]["cases"][0][change] = json!(-30.0),
            "eps" => easy["problem"]["cases"][0][change] = json!(0.001),
            "gamma" => easy["problem"]["cases"][0][change] = json!(0.99),
            _ => easy["problem"]["cases"][0][change] = json!(60.0),
        }
        let (code, text) = verified("easy.json", &easy);
        assert!(code == 1 && text.contains("refused"), "{rule}: {text}");
    }
}

fn scaled(value: &mut Value, by: f64) {
    *value = json!(value.as_f64().unwrap() * by);
}

fn leaf(proof: &mut Value) -> &mut Value {
    &mut proof["leaves"][0]
}

/// Changes, with the exit code they must end in.
type Ways = [(&'static str, u8, fn(&mut Value)); 19];

fn ways() -> Ways {
    [
        ("the leaf dropped", 1, |p| p["leaves"] = json!([])),
        ("the leaf twice", 1, |p| {
            let one = p["leaves"][0].clone();
            p["leaves"].as_array_mut().unwrap().push(one);
        }),
        ("the bound raised", 1, |p| {
            scaled(&mut p["bound"], 1.0 + 1e-12)
        }),
        ("bound and leaf raised", 1, |p| {
            let by = if p["problem"]["cases"][0].get("gamma_dB").is_some() {
                1.0 + 1e-7
            } else {
                1.0 - 1e-6
            };
            scaled(&mut p["bound"], by);
            scaled(&mut leaf(p)["bound"], by);
        }),
        ("the value improved", 1, |p| {
            scaled(&mut p["value"], 1.0 - 1e-6)
        }),
        ("the value worsened", 1, |p| {
            scaled(&mut p["value"], 1.0 + 1e-6)
        }),
        ("a weaker beam", 1, |p| {
            for part in ["re", "im"] {
                for row in p["w"][part].as_array_mut().unwrap() {
                    scaled(&mut row[0], 0.99);
                }
            }
        }),
        ("another beam", 1, |p| {
            scaled(&mut p["w"]["re"][0][0], 1.001)
        }),
        ("a multiplier raised", 1, |p| {
            scaled(&mut leaf(p)["floor"][0], 1.0 + 1e-6)
        }),
        ("a negative multiplier", 1, |p| {
            leaf(p)["floor"][1] = json!(-1e-12)
        }),
        ("no multiplier", 1, |p| leaf(p)["floor"][0] = json!(0.0)),
        ("a difference priced", 1, |p| {
            leaf(p)["difference"][0] = json!(5.0)
        }),
        ("another channel", 1, |p| {
            scaled(&mut p["problem"]["H"]["re"][0][0], 1.01)
        }),
        ("more noise", 1, |p| {
            scaled(&mut p["problem"]["sigma2_W"], 1.01)
        }),
        ("lower floors", 1, |p| {
            scaled(&mut p["problem"]["Ps_W"], 0.999)
        }),
        ("no number", 2, |p| leaf(p)["bound"] = Value::Null),
        ("a list too short", 2, |p| {
            leaf(p)["sinr"].as_array_mut().unwrap().pop();
        }),
        ("an unknown key", 2, |p| leaf(p)["trust"] = json!(true)),
        ("no problem", 2, |p| {
            p.as_object_mut().unwrap().remove("problem");
        }),
    ]
}

#[test]
fn nothing_that_was_changed_is_verified() {
    for (kind, case) in cases() {
        if !["full", "max-min", "robust"].contains(&kind) {
            continue;
        }
        let (_, _, good) = solved(&format!("{kind}-changed"), &scene(case));
        let good = good.unwrap();
        for (name, expected, change) in ways() {
            let mut bad = good.clone();
            change(&mut bad);
            assert_ne!(bad, good, "{kind}: {name}");
            let (code, text) = verified("changed.json", &bad);
            assert_eq!(code, expected, "{kind}: {name}: {text}");
        }
        let text = good.to_string();
        let cut = path("cut.json");
        std::fs::write(&cut, &text[..text.len() / 2]).unwrap();
        assert_eq!(said(&["verify", cut.to_str().unwrap()]).0, 2);
    }
}

#[test]
fn multipliers_of_channel_errors_are_held_to_the_ball() {
    let (name, case) = cases()[5].clone();
    let (_, _, good) = solved("ball", &scene(case));
    let good = good.unwrap();
    for (change, by) in [("eps", 0.99), ("gamma_dB", 0.99)] {
        let mut bad = good.clone();
        scaled(&mut bad["problem"]["cases"][0][change], by);
        assert_eq!(verified("ball.json", &bad).0, 1, "{name}: {change}");
    }
    // The parts of the channel doubled: they exceed the last entries.
    let mut bad = good.clone();
    for part in ["re", "im"] {
        let rows = bad["leaves"][0]["errors"][0][part].as_array_mut().unwrap();
        let last = rows.len() - 1;
        for row in &mut rows[..last] {
            row.as_array_mut()
                .unwrap()
                .iter_mut()
                .for_each(|x| scaled(x, 2.0));
        }
    }
    let (code, text) = verified("ball.json", &bad);
    assert!(code == 1 && text.contains("errors[0]"), "{text}");
}

/// Three targets and two users on eight subcarriers, echoes that matter.
const DROP: &str = "schema = \"alpha-fair/1\"\n[scenario]\nsubcarriers = 8\nsymbols = 8\nantennas = 6\n\
                    targets = 3\nusers = 2\nrcs_m2 = 30.0\n";

fn drop_of(extra: &str, name: &str, algorithm: &str) -> (Value, Value) {
    let file = path(&format!("{name}.toml"));
    std::fs::write(&file, format!("{DROP}{extra}")).unwrap();
    let to = path(&format!("{name}-proof.json"));
    let (file, to) = (file.to_str().unwrap(), to.to_str().unwrap());
    let (code, text) = said(&[
        "solve",
        file,
        "--algorithm",
        algorithm,
        "--certify",
        "global",
        "--proof",
        to,
        "--json",
    ]);
    assert_eq!(code, 0, "{text}");
    let end = text.rfind("\n}").unwrap();
    let report = serde_json::from_str(&text[..end + 2]).unwrap();
    let proof = std::fs::read_to_string(to).unwrap_or_else(|_| panic!("{name}: {text}"));
    (serde_json::from_str(&proof).unwrap(), report)
}

#[test]
fn costs_of_targets_are_proved() {
    for (name, extra) in [
        ("alpha-0", ""),
        ("alpha-2", "alpha = 2.0\n"),
        ("unknown", "[scenario.sensing]\ngain = \"unknown\"\n"),
    ] {
        let (proof, report) = drop_of(extra, name, "augmented");
        let (code, text) = verified("alpha.json", &proof);
        assert_eq!(code, 0, "{name}: {text}");
        let verdict: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(verdict["bound"], report["certificate"]["bound"], "{name}");
        let (bound, value) = (verdict["bound"].as_f64(), verdict["value"].as_f64());
        let (bound, value) = (bound.unwrap(), value.unwrap());
        assert!(
            bound <= value && bound > 0.4 * value,
            "{name}: {bound} {value}"
        );
        // A looser point proves no better bound, and the point of another algorithm is not below it.
        let (other, _) = drop_of(extra, &format!("{name}-flat"), "flat");
        assert!(other["value"].as_f64().unwrap() >= bound, "{name}");
    }
}

/// The boxes of the highest subcarrier, where delay is measured best.
fn edge(proof: &mut Value) -> &mut Value {
    &mut leaf(proof)["boxes"][7]
}

#[test]
fn no_changed_proof_of_a_cost_is_verified() {
    let (good, _) = drop_of("", "alpha-changed", "augmented");
    let outer = good["leaves"][0]["boxes"][7]["splits"].as_array().unwrap();
    assert!(outer.len() > 2 && outer[0].is_array(), "{outer:?}");
    let ways: [(&str, u8, fn(&mut Value)); 24] = [
        ("the leaf dropped", 1, |p| p["leaves"] = json!([])),
        ("the bound raised", 1, |p| {
            scaled(&mut p["bound"], 1.0 + 1e-9)
        }),
        ("bound and leaf raised", 1, |p| {
            scaled(&mut p["bound"], 1.0 + 1e-6);
            scaled(&mut leaf(p)["bound"], 1.0 + 1e-6);
        }),
        ("the value improved", 1, |p| {
            scaled(&mut p["value"], 1.0 - 1e-6)
        }),
        ("another beam", 1, |p| scaled(&mut p["W"]["re"][0][0], 1.01)),
        ("a box dropped", 1, |p| {
            edge(p)["splits"].as_array_mut().unwrap().pop();
            edge(p)["rho"].as_array_mut().unwrap().pop();
        }),
        ("a box too many", 1, |p| {
            let last = edge(p)["rho"][0].clone();
            edge(p)["splits"].as_array_mut().unwrap().push(Value::Null);
            edge(p)["rho"].as_array_mut().unwrap().push(last);
        }),
        ("prices of a box dropped", 1, |p| {
            edge(p)["rho"].as_array_mut().unwrap().pop();
        }),
        ("a split outside its box", 1, |p| {
            scaled(&mut edge(p)["splits"][0][1], 1e9)
        }),
        ("a split of no target", 2, |p| {
            edge(p)["splits"][0][0] = json!(3)
        }),
        ("no splits", 1, |p| {
            let first = edge(p)["rho"][0].clone();
            edge(p)["splits"] = json!([null]);
            edge(p)["rho"] = json!([first]);
        }),
        ("dearer light than power", 1, |p| {
            let all = edge(p)["rho"].as_array_mut().unwrap();
            let prices = all.iter_mut().flat_map(|list| list.as_array_mut().unwrap());
            prices.for_each(|rho| scaled(rho, 1.5));
        }),
        ("light for nothing", 1, |p| {
            let all = edge(p)["rho"].as_array_mut().unwrap();
            let prices = all.iter_mut().flat_map(|list| list.as_array_mut().unwrap());
            prices.for_each(|rho| *rho = json!(0.0));
        }),
        ("cheaper power", 1, |p| scaled(&mut leaf(p)["mu"], 0.99)),
        ("a price of 0", 2, |p| leaf(p)["mu"] = json!(0.0)),
        ("a subcarrier dropped", 2, |p| {
            leaf(p)["boxes"].as_array_mut().unwrap().pop();
        }),
        ("information raised", 1, |p| {
            scaled(&mut leaf(p)["E"][0][0], 1.1)
        }),
        ("information not definite", 1, |p| {
            scaled(&mut leaf(p)["E"][0][1], 2.0)
        }),
        ("weights above the norm", 1, |p| {
            scaled(&mut leaf(p)["weights"][0], 1.01)
        }),
        ("users that need more", 1, |p| {
            scaled(&mut leaf(p)["users"]["weights"][0], 1.2)
        }),
        ("a cluster that gains less", 1, |p| {
            let lists = leaf(p)["users"]["clusters"].as_array_mut().unwrap();
            let list = lists.iter_mut().find(|list| list[0]["phi"].is_number());
            scaled(&mut list.unwrap()[0]["phi"], 0.9);
        }),
        ("more power", 1, |p| {
            scaled(&mut p["problem"]["params"]["power"], 1.1)
        }),
        ("no number", 2, |p| leaf(p)["bound"] = Value::Null),
        ("an unknown key", 2, |p| leaf(p)["trust"] = json!(true)),
    ];
    for (name, expected, change) in ways {
        let mut bad = good.clone();
        change(&mut bad);
        assert_ne!(bad, good, "{name}");
        let (code, text) = verified("alpha-changed.json", &bad);
        assert_eq!(code, expected, "{name}: {text}");
    }
}
