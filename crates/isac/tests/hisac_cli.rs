//! `hisac-see/1` through the command line: an independent case passes, bad input is refused by name, and
//! thresholds that cannot be met end in a proof.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::path::PathBuf;

use common::said;
use serde_json::Value;

/// Channels, designs and their metrics from an independent program in numpy, written from the formulas
/// and with ball extrema in 60 digits.
const CASE: &str = include_str!("fixtures/hisac-see-own.json");

fn file(name: &str, edit: impl FnOnce(&mut Value)) -> PathBuf {
    let mut value: Value = serde_json::from_str(CASE).unwrap();
    edit(&mut value);
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("hisac-{name}.json"));
    std::fs::write(&path, value.to_string()).unwrap();
    path
}

#[test]
fn an_independent_case_passes_and_a_wrong_value_fails() {
    let good = file("good", |_| {});
    let (code, text) = said(&["check", good.to_str().unwrap()]);
    assert_eq!(code, 0, "{text}");
    let wrong = file("wrong", |v| {
        let beta =
            &mut v["expected"]["designs"]["random"]["exact"]["slots"][0]["interference_e_min"];
        *beta = (beta.as_f64().unwrap() * 1.001).into();
    });
    let (code, text) = said(&["check", wrong.to_str().unwrap()]);
    assert_eq!(code, 1);
    assert!(
        text.lines()
            .any(|l| l.contains("interference_e_min") && l.ends_with("fail"))
    );
}

#[test]
fn bad_input_is_refused_with_the_field() {
    let cases: [(&str, fn(&mut Value), &str); 9] = [
        (
            "negative-threshold",
            |v| v["params"]["gamma_th"] = (-0.5).into(),
            "gamma_th",
        ),
        (
            "negative-power",
            |v| v["params"]["P1_max_W"] = (-3.0).into(),
            "P1_max_W",
        ),
        (
            "no-noise",
            |v| v["params"]["sigma2_W"] = 0.0.into(),
            "sigma2_W",
        ),
        (
            "negative-radius",
            |v| v["params"]["radius_g_e"] = (-1e-6).into(),
            "radius_g_e",
        ),
        (
            "deaf-bob",
            |v| v["params"]["radius_h_bo"] = 1.0.into(),
            "Bob's worst channel is zero",
        ),
        ("users", |v| v["params"]["N"] = 5.into(), "h_users_rows"),
        (
            "not-a-number",
            |v| v["channels"]["h_ta"]["re"][0][0] = Value::Null,
            "h_ta",
        ),
        (
            "unknown-key",
            |v| v["params"]["P3_max_W"] = 1.0.into(),
            "P3_max_W",
        ),
        (
            "antennas",
            |v| v["params"]["M2_h_v"] = serde_json::json!([0, 2]),
            "M2_h_v",
        ),
    ];
    for (name, edit, named) in cases {
        let path = file(name, edit);
        let (code, text) = said(&["solve", path.to_str().unwrap()]);
        assert_eq!(code, 2, "{name}: {text}");
        assert!(text.contains(named), "{name}: {text}");
    }
}

#[test]
fn thresholds_that_cannot_be_met_end_in_a_proof() {
    for (name, key, value, worst) in [
        ("secrecy", "I_S", 20.0, "secrecy rate"),
        ("private", "I_p", 15.0, "user rates"),
        ("echo", "P1_max_W", 0.05, "SCNR"),
    ] {
        let path = file(name, |v| v["params"][key] = value.into());
        let (code, text) = said(&["solve", path.to_str().unwrap(), "--json"]);
        assert_eq!(code, 3, "{name}: {text}");
        let found: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(found["status"], "infeasible");
        // More than the whole power brings to Bob, a user or the target.
        let kind = found["certificate"]["kind"].as_str().unwrap();
        assert!(kind.starts_with("closed form"), "{kind}");
        let why = found["stop_reason"].as_str().unwrap();
        assert!(why.contains(worst) && why.contains("fails by"), "{why}");
    }
}
