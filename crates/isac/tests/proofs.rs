//! Proofs through the command line: what `solve` writes is verified, and nothing that was changed is.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::path::PathBuf;

use common::said;
use serde_json::{Value, json};

/// Two users and a target, small enough for a test.
const SCENARIO: &str = r#"
schema = "obs-crlb/1"
seed = 3
[scenario]
users = 2
nt_h = 3
nt_v = 2
theta_rad = [0.5]
phi_rad = [1.1]
alpha_re = [0.4]
alpha_im = [-0.3]
"#;

/// Two base stations with arrays of 4 x 1, one user, small errors.
const TWO_CELLS: &str = r#"
schema = "hisac-see/1"
seed = 3
[scenario]
M1_h_v = [4, 1]
M2_h_v = [4, 1]
users = 1
relative_error = 0.02
access = "sdma"
"#;

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("proofs-{name}"))
}

fn written(name: &str, text: &str) -> String {
    let path = path(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().into()
}

/// A proof as `solve` writes it, and what it printed.
fn proof(name: &str, scenario: &str) -> (Value, Value) {
    let file = written(&format!("{name}.toml"), scenario);
    let to = path(&format!("{name}-proof.json"));
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
    assert_eq!(code, 0, "{text}");
    let proof = serde_json::from_str(&std::fs::read_to_string(to).unwrap()).unwrap();
    (proof, serde_json::from_str(&text).unwrap())
}

fn scaled(value: &mut Value, by: f64) {
    *value = json!(value.as_f64().unwrap() * by);
}

fn shifted(value: &mut Value, by: f64) {
    *value = json!(value.as_f64().unwrap() + by);
}

fn leaves(proof: &mut Value) -> &mut Vec<Value> {
    proof["leaves"].as_array_mut().unwrap()
}

/// A leaf that does not reach up to the end of the domain on the first axis.
fn inner(proof: &mut Value) -> &mut Value {
    let upper = |leaf: &Value| leaf["upper"][0].as_f64().unwrap();
    let top = leaves(proof).iter().map(upper).fold(0.0, f64::max);
    leaves(proof)
        .iter_mut()
        .find(|leaf| upper(leaf) < top)
        .unwrap()
}

#[test]
fn a_proof_is_verified_and_says_what_solve_said() {
    let (proof, report) = proof("good", SCENARIO);
    let to = path("good-proof.json");
    let (code, text) = said(&["verify", to.to_str().unwrap(), "--json"]);
    assert_eq!(code, 0, "{text}");
    let verdict: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(verdict["verdict"], "proved");
    assert_eq!(verdict["bound"], report["certificate"]["bound"]);
    assert_eq!(verdict["leaves"], proof["leaves"].as_array().unwrap().len());
    let gap = verdict["relative_gap"].as_f64().unwrap();
    let stated = report["certificate"]["relative_gap"].as_f64().unwrap();
    assert!((gap - stated).abs() < 1e-9 && gap < 3e-3, "{gap} {stated}");
    assert!(proof["leaves"].as_array().unwrap().len() >= 3);
    let (code, text) = said(&["verify", to.to_str().unwrap()]);
    assert!(code == 0 && text.contains("proved"), "{text}");
}

#[test]
fn nothing_that_was_changed_is_verified() {
    let (good, _) = proof("tampered", SCENARIO);
    let ways: [(&str, u8, fn(&mut Value)); 25] = [
        ("a leaf dropped", 1, |p| drop(leaves(p).remove(1))),
        ("a leaf twice", 1, |p| {
            let leaf = p["leaves"][0].clone();
            leaves(p).push(leaf);
        }),
        ("no leaf", 1, |p| p["leaves"] = json!([])),
        ("the bound lowered", 1, |p| shifted(&mut p["bound"], -1e-7)),
        ("the bound raised", 1, |p| shifted(&mut p["bound"], 1e-7)),
        ("bound and leaf lowered", 1, |p| {
            let bound = p["bound"].clone();
            let most = leaves(p).iter_mut().find(|leaf| leaf["bound"] == bound);
            shifted(&mut most.unwrap()["bound"], -1e-7);
            shifted(&mut p["bound"], -1e-7);
        }),
        ("the value raised", 1, |p| shifted(&mut p["value"], 1e-6)),
        ("the beams scaled", 1, |p| {
            for part in ["re", "im"] {
                for row in p["W"][part].as_array_mut().unwrap() {
                    let row = row.as_array_mut().unwrap();
                    row.iter_mut().for_each(|x| scaled(x, 1.0 + 1e-6));
                }
            }
        }),
        ("a box widened", 1, |p| {
            scaled(&mut inner(p)["upper"][0], 1.01)
        }),
        ("a box narrowed", 1, |p| {
            scaled(&mut inner(p)["upper"][0], 0.999_999)
        }),
        ("a box turned over", 1, |p| {
            p["leaves"][0]["upper"][0] = json!(0.5)
        }),
        ("a slope changed", 1, |p| {
            scaled(&mut inner(p)["m"][0], 1.001)
        }),
        ("a slope of 0", 1, |p| p["leaves"][2]["m"][0] = json!(0.0)),
        ("a price changed", 1, |p| {
            shifted(&mut inner(p)["q"][1], 0.1)
        }),
        ("a weight of the FIM", 1, |p| {
            scaled(&mut inner(p)["Y"][0][0], 1.001)
        }),
        ("more power", 1, |p| {
            scaled(&mut p["problem"]["parameters"]["Pt"], 1.01)
        }),
        ("less power", 1, |p| {
            scaled(&mut p["problem"]["parameters"]["Pt"], 0.99)
        }),
        ("another weight", 1, |p| {
            scaled(&mut p["problem"]["parameters"]["delta_c"], 1.001)
        }),
        ("another channel", 1, |p| {
            scaled(&mut p["problem"]["H"]["re"][0][0], 1.001)
        }),
        ("no number", 2, |p| p["leaves"][0]["bound"] = Value::Null),
        ("a list too short", 2, |p| {
            p["leaves"][0]["m"].as_array_mut().unwrap().pop();
        }),
        ("an unknown key", 2, |p| {
            p["leaves"][0]["trust"] = json!(true)
        }),
        ("another schema", 2, |p| p["schema"] = json!("isac-proof/2")),
        ("a problem of another paper", 2, |p| {
            p["problem"]["schema"] = json!("cell-free/1")
        }),
        ("no problem", 2, |p| {
            p.as_object_mut().unwrap().remove("problem");
        }),
    ];
    all_refused(&good, &ways, "changed.json");
}

/// The leaf with the largest bound.
fn largest(proof: &mut Value) -> &mut Value {
    let bound = proof["bound"].clone();
    let found = leaves(proof).iter_mut().find(|leaf| leaf["bound"] == bound);
    found.unwrap()
}

/// A row of the leaf with the largest bound.
fn row<'a>(proof: &'a mut Value, name: &str) -> &'a mut Value {
    let rows = largest(proof)["cuts"].as_array_mut().unwrap();
    rows.iter_mut().find(|row| row["row"] == name).unwrap()
}

#[test]
fn a_changed_proof_of_two_cells_is_refused() {
    let (good, report) = proof("two-cells", TWO_CELLS);
    let to = path("two-cells-proof.json");
    let (code, text) = said(&["verify", to.to_str().unwrap(), "--json"]);
    assert_eq!(code, 0, "{text}");
    let verdict: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(verdict["bound"], report["certificate"]["bound"]);
    assert_eq!(report["certificate"]["kind"], "global_upper_bound");
    let gap = verdict["relative_gap"].as_f64().unwrap();
    assert!(gap < 0.05, "{gap}");
    let ways: [(&str, u8, fn(&mut Value)); 25] = [
        ("another objective", 1, |p| {
            p["problem"]["options"]["objective"] = json!("secrecy_rate")
        }),
        ("a leaf dropped", 1, |p| drop(leaves(p).remove(1))),
        ("a leaf twice", 1, |p| {
            let leaf = p["leaves"][0].clone();
            leaves(p).push(leaf);
        }),
        ("no leaf", 1, |p| p["leaves"] = json!([])),
        ("the bound lowered", 1, |p| shifted(&mut p["bound"], -1e-7)),
        ("the bound raised", 1, |p| shifted(&mut p["bound"], 1e-7)),
        ("bound and leaf lowered", 1, |p| {
            let bound = p["value"].as_f64().unwrap() * 0.99;
            for leaf in leaves(p) {
                leaf["bound"] = json!(leaf["bound"].as_f64().unwrap().min(bound));
            }
            p["bound"] = json!(bound);
        }),
        ("the value raised", 1, |p| shifted(&mut p["value"], 1e-6)),
        ("a beam scaled", 1, |p| {
            scaled(&mut p["design"]["w_bo"]["re"][0][0], 1.001)
        }),
        ("a slot that is not there", 1, |p| {
            p["leaves"][0]["slot"] = json!(1)
        }),
        ("a box widened", 1, |p| {
            scaled(&mut inner(p)["upper"][0], 1.01)
        }),
        ("a box narrowed", 1, |p| {
            scaled(&mut inner(p)["upper"][0], 0.999_999)
        }),
        ("a box turned over", 1, |p| {
            p["leaves"][0]["upper"][1] = json!(0.5)
        }),
        ("a tangent elsewhere", 1, |p| {
            scaled(&mut largest(p)["m"], 2.0)
        }),
        ("a multiplier of a user", 1, |p| {
            let y = largest(p)["y"].as_array_mut().unwrap();
            scaled(y.last_mut().unwrap(), 2.0);
        }),
        ("a multiplier too few", 1, |p| {
            drop(largest(p)["y"].as_array_mut().unwrap().pop())
        }),
        ("a multiplier of a channel", 1, |p| {
            scaled(&mut row(p, "signal")["y"], 1.5)
        }),
        ("a multiplier below 0", 2, |p| {
            scaled(&mut row(p, "signal")["y"], -1.0)
        }),
        ("an error beyond its ball", 1, |p| {
            let at = row(p, "signal")["error"].as_u64().unwrap() as usize;
            p["errors"][at]["re"][0] = json!(1.001);
        }),
        ("an error that is not there", 1, |p| {
            row(p, "signal")["error"] = json!(1_000_000)
        }),
        ("more power", 1, |p| {
            scaled(&mut p["problem"]["params"]["P1_max_W"], 1.01)
        }),
        ("a lower threshold", 1, |p| {
            scaled(&mut p["problem"]["params"]["gamma_th"], 0.9)
        }),
        ("another channel", 1, |p| {
            scaled(&mut p["problem"]["channels"]["h_bo"]["re"][0], 1.01)
        }),
        ("an unknown key", 2, |p| {
            p["leaves"][0]["trust"] = json!(true)
        }),
        ("a problem of another paper", 2, |p| {
            p["problem"]["schema"] = json!("noma/1")
        }),
    ];
    all_refused(&good, &ways, "changed-two-cells.json");
}

/// Whether each change of a proof is found out, with the exit code it says, and a cut file too.
fn all_refused(good: &Value, ways: &[(&str, u8, fn(&mut Value))], file: &str) {
    for (name, expected, change) in ways {
        let mut bad = good.clone();
        change(&mut bad);
        assert_ne!(&bad, good, "{name}");
        let file = written(file, &bad.to_string());
        let (code, text) = said(&["verify", &file]);
        assert_eq!(code, *expected, "{name}: {text}");
        assert!(
            *expected == 2 || text.contains("refused: "),
            "{name}: {text}"
        );
    }
    let text = good.to_string();
    for broken in [
        &text[..text.len() / 2],
        &text.replacen("\"bound\":", "\"bound\":NaN,\"b\":", 1),
    ] {
        let file = written(file, broken);
        assert_eq!(said(&["verify", &file]).0, 2);
    }
}

/// Problems of two cells that ask for too much: of Bob's channel, of the users', of the power, in one slot of two.
const HOPELESS: [(&str, &str, &str); 4] = [
    ("sinr", "sdma", "gamma_th = 1e7\n"),
    ("users", "rsma_free", "I_p = 40.0\n"),
    ("power", "noma", "P1_max_W = 1e-6\n"),
    ("slot", "oma", "I_p = 10.0\n"),
];

/// The proof that one of them has no design.
fn hopeless((name, access, extra): (&str, &str, &str)) -> Value {
    let text = TWO_CELLS.replace("sdma", access);
    let text = format!("{}{extra}", text.replace("users = 1", "users = 2"));
    let file = written(&format!("hopeless-{name}.toml"), &text);
    let to = path(&format!("hopeless-{name}-proof.json"));
    let _ = std::fs::remove_file(&to);
    let (code, text) = said(&[
        "solve",
        &file,
        "--certify",
        "global",
        "--proof",
        to.to_str().unwrap(),
    ]);
    assert_eq!(code, 3, "{name}: {text}");
    serde_json::from_str(&std::fs::read_to_string(to).unwrap()).unwrap()
}

#[test]
fn problems_of_two_cells_without_a_design_are_proved_to_have_none() {
    for case in HOPELESS {
        let proof = hopeless(case);
        let file = written("hopeless.json", &proof.to_string());
        let (code, text) = said(&["verify", &file]);
        assert!(code == 0 && text.contains("infeasible"), "{case:?}: {text}");
    }
}

#[test]
fn a_changed_proof_that_there_is_no_design_is_refused() {
    let ways: [(&str, u8, fn(&mut Value)); 13] = [
        ("an objective without a threshold", 1, |p| {
            p["problem"]["options"]["objective"] = json!("scnr")
        }),
        ("a leaf dropped", 1, |p| {
            p["infeasible"]["leaves"].as_array_mut().unwrap().clear();
        }),
        ("a leaf doubled", 1, |p| {
            let leaves = p["infeasible"]["leaves"].as_array_mut().unwrap();
            leaves.push(leaves[0].clone());
        }),
        ("a narrower box", 1, |p| {
            shifted(&mut p["infeasible"]["leaves"][0]["lower"][1], 0.1)
        }),
        ("a bound", 1, |p| {
            p["infeasible"]["leaves"][0]["bound"] = json!(1.0)
        }),
        ("no multipliers", 1, |p| {
            let leaf = &mut p["infeasible"]["leaves"][0];
            let y = leaf["y"].as_array_mut().unwrap();
            y.iter_mut().for_each(|y| *y = json!(0.0));
            leaf["cuts"] = json!([]);
        }),
        ("a multiplier too few", 1, |p| {
            let y = p["infeasible"]["leaves"][0]["y"].as_array_mut();
            y.unwrap().pop();
        }),
        ("a negative multiplier", 2, |p| {
            p["infeasible"]["leaves"][0]["y"][0] = json!(-1.0)
        }),
        ("less wanted", 1, |p| {
            p["problem"]["params"]["I_p"] = json!(1.0)
        }),
        ("another slot", 2, |p| p["infeasible"]["slot"] = json!(1)),
        ("no slot", 2, |p| {
            p["infeasible"].as_object_mut().unwrap().remove("slot");
        }),
        ("a design beside it", 2, |p| p["value"] = json!(1.0)),
        ("another schema", 2, |p| {
            p["problem"]["schema"] = json!("noma/1")
        }),
    ];
    all_refused(&hopeless(HOPELESS[1]), &ways, "hopeless-changed.json");
}

/// Every proof that an artefact of quick size writes into its folder, those of both access schemes on two draws.
#[test]
fn what_artefacts_prove_is_verified() {
    let out = path("artefacts");
    let _ = std::fs::remove_dir_all(&out);
    let out = out.to_str().unwrap();
    let (code, text) = said(&["reproduce", "hisac_see/gap", "--quick", "--out", out]);
    assert_eq!(code, 0, "{text}");
    let folder = std::path::Path::new(out).join("hisac_see/gap/default");
    let files = std::fs::read_dir(folder)
        .unwrap()
        .map(|f| f.unwrap().path());
    let name = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().to_string();
    let proofs: Vec<PathBuf> = files
        .filter(|path| name(path).starts_with("proof-"))
        .collect();
    assert_eq!(proofs.len(), 4, "{proofs:?}");
    for proof in proofs {
        let (code, text) = said(&["verify", proof.to_str().unwrap(), "--json"]);
        assert_eq!(code, 0, "{proof:?}: {text}");
        let verdict: Value = serde_json::from_str(&text).unwrap();
        // What every access scheme is to reach; these two come within 1.5 % in a quick run.
        assert!(
            verdict["relative_gap"].as_f64().unwrap() < 0.05,
            "{proof:?}"
        );
    }
}

#[test]
fn what_is_to_be_proved_is_asked_for_by_name() {
    let file = written("levels.toml", SCENARIO);
    let (code, text) = said(&["solve", &file, "--certify", "none", "--json"]);
    let report: Value = serde_json::from_str(&text).unwrap();
    assert!(code == 0 && report["certificate"].is_null());
    let to = path("never.json");
    let (code, text) = said(&["solve", &file, "--proof", to.to_str().unwrap()]);
    assert!(
        code == 2 && text.contains("--certify global") && !to.exists(),
        "{text}"
    );
    let (code, text) = said(&[
        "solve",
        &file,
        "--certify",
        "global",
        "--algorithm",
        "per_antenna",
    ]);
    assert!(code == 2 && text.contains("per_antenna"), "{text}");
    let other = written("other.toml", "schema = \"cell-free/1\"\n");
    let (code, text) = said(&["solve", &other, "--certify", "global"]);
    assert!(code == 2 && text.contains("cell-free/1"), "{text}");
}
