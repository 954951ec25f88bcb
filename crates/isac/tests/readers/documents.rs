//! Documents that say one thing twice, in plain lists, or by what follows from it.

use crate::support::{corpus, document, judged, refusal, solve};
use isac::readers;
use serde_json::{Value, json};

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
