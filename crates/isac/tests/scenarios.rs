//! Scenarios through the command line: a schema alone is a problem, a changed key another one, a bad
//! value is refused by its name, and what `isac new` writes solves.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{Ran, folder, real_isac};
use serde_json::Value;

const SCHEMAS: [(&str, &str); 5] = [
    ("obs_crlb", "obs-crlb/1"),
    ("noma", "noma/1"),
    ("alpha_fair", "alpha-fair/1"),
    ("hisac_see", "hisac-see/1"),
    ("cell_free", "cell-free/1"),
];

/// Solves a scenario of a schema with these lines after `schema`.
fn run(test: &str, schema: &str, lines: &str, more: &[&str]) -> Ran {
    let path = folder(&format!("scenarios-{test}")).join("mine.toml");
    std::fs::write(&path, format!("schema = \"{schema}\"\n{lines}\n")).unwrap();
    real_isac(&[&["solve", path.to_str().unwrap(), "--json"], more].concat())
}

fn solved(test: &str, schema: &str, lines: &str, more: &[&str]) -> Value {
    let ran = run(test, schema, lines, more);
    assert_eq!(ran.code, 0, "{test}: {}{}", ran.err, ran.out);
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    assert!(
        report["max_violation"].as_f64().unwrap() <= 1e-5,
        "{test}: {}",
        ran.out
    );
    report
}

fn number(report: &Value, key: &str) -> f64 {
    let metric = &report["metrics"][key];
    metric.as_f64().unwrap_or_else(|| panic!("{key}: {metric}"))
}

fn columns(report: &Value, beam: &str) -> usize {
    let rows = report["beamformers"][beam]["re"].as_array().unwrap();
    rows[0].as_array().map_or(1, Vec::len)
}

#[test]
fn a_schema_alone_is_the_default_problem_of_noma() {
    let report = solved("noma", "noma/1", "", &[]);
    // Eight antennas for three users at 20 dB; both targets get 2 W, which counts.
    assert!(number(&report, "min_sinr") >= 100.0 * (1.0 - 1e-6));
    assert_eq!(columns(&report, "w"), 3);
    let pattern = report["metrics"]["pattern_W"].as_array().unwrap();
    assert!(pattern.iter().all(|p| p.as_f64().unwrap() >= 2.0 - 2e-5));
    let power = report["objective"].as_f64().unwrap();
    let bound = report["certificate"]["bound"].as_f64().unwrap();
    // `solved` promises point and bound within 1e-6; the last digits are rounding.
    assert_eq!(report["status"], "solved");
    assert!(
        power > 4.0 && (power / bound - 1.0).abs() <= 1e-6,
        "{power} {bound}"
    );
    // A floor of 3 W holds both targets at 3 W.
    let more = solved("noma-floor", "noma/1", "[scenario]\nPs_W = 3.0", &[]);
    assert!(more["objective"].as_f64().unwrap() > 6.0);
    let fewer = solved("noma-users", "noma/1", "scenario = { users = 2 }", &[]);
    assert_eq!(columns(&fewer, "w"), 2);
    // The scene of realisation 1 of the figures, and not that of realisation 0.
    let other = solved("noma-drop", "noma/1", "drop = 1", &[]);
    assert!((other["objective"].as_f64().unwrap() / power - 1.0).abs() > 1e-6);
}

#[test]
fn every_problem_of_noma_is_a_scenario() {
    let budget = "[scenario]\nproblem = \"max_min\"\nP_total_W = 8.0";
    let report = solved("noma-max-min", "noma/1", budget, &[]);
    assert!((number(&report, "power_W") / 8.0 - 1.0).abs() < 1e-5);
    // Without errors the robust problem is the nominal one.
    let lines = "[scenario]\nproblem = \"robust_power_min\"\neps = 0.0";
    let robust = solved("noma-no-error", "noma/1", lines, &[]);
    let nominal = solved("noma-nominal", "noma/1", "", &[]);
    let [robust, nominal] = [robust, nominal].map(|r| r["objective"].as_f64().unwrap());
    assert!((robust / nominal - 1.0).abs() < 1e-5, "{robust} {nominal}");
}

#[test]
fn a_schema_alone_is_the_default_problem_of_obs_crlb() {
    let report = solved("obs", "obs-crlb/1", "", &[]);
    // 10 dBm are 10 mW.
    assert!((number(&report, "power_W") - 0.01).abs() < 1e-8);
    let objective = report["objective"].as_f64().unwrap();
    assert!(objective <= report["certificate"]["bound"].as_f64().unwrap() + 1e-9);
    let rate = number(&report, "sum_rate_nats");
    let merit = 0.25 * rate - number(&report, "crlb_trace");
    assert!((merit - objective).abs() < 1e-9, "{merit} {objective}");
    let lines = "[scenario]\npower_dbm = 20.0";
    let louder = solved("obs-power", "obs-crlb/1", lines, &[]);
    assert!((number(&louder, "power_W") - 0.1).abs() < 1e-7);
    let other = solved("obs-seed", "obs-crlb/1", "", &["--seed", "2"]);
    assert_eq!(other["seed"], 2);
    assert!((number(&other, "sum_rate_nats") - rate).abs() > 1e-3);
}

#[test]
fn a_schema_alone_is_the_default_problem_of_hisac_see() {
    let report = solved("hisac", "hisac-see/1", "", &[]);
    let efficiency = number(&report, "energy_efficiency_bps_hz_w");
    assert!(efficiency > 0.0 && number(&report, "secrecy_rate_bps_hz") >= 1.0 - 1e-5);
    assert_eq!(
        report["beamformers"]["w_bo"]["re"]
            .as_array()
            .unwrap()
            .len(),
        12
    );
    // Ten times the circuit power cannot be worth more.
    let lines = "[scenario]\nP0_W = 100.0";
    let costly = solved("hisac-circuit", "hisac-see/1", lines, &[]);
    assert!(number(&costly, "energy_efficiency_bps_hz_w") < efficiency);
    let sdma = solved(
        "hisac-sdma",
        "hisac-see/1",
        "[scenario]\naccess = \"sdma\"",
        &[],
    );
    assert_eq!(sdma["metrics"]["access"], "sdma");
}

#[test]
fn a_schema_alone_is_the_default_problem_of_cell_free() {
    let report = solved("cell", "cell-free/1", "", &[]);
    // Both access points' watt at the target would give 0.1 (16 + 16).
    let snr = report["objective"].as_f64().unwrap();
    let bound = report["certificate"]["bound"].as_f64().unwrap();
    assert!(snr > 0.0 && snr < 3.2 && (bound / snr - 1.0).abs() < 1e-6);
    let floor = report["metrics"]["sinr_floor"][0].as_f64().unwrap();
    let best = solved("cell-ns", "cell-free/1", "", &["--algorithm", "ns-opt"]);
    assert!((best["objective"].as_f64().unwrap() / floor - 1.0).abs() < 1e-9);
    let simple = solved("cell-rzf", "cell-free/1", "", &["--algorithm", "ns-rzf"]);
    assert!(simple["objective"].as_f64().unwrap() < floor);
    // More than all power gives: certified, and by how much it is short.
    let lines = "[scenario]\nmin_sinr = 500.0";
    let ran = run("cell-floor", "cell-free/1", lines, &[]);
    assert_eq!(ran.code, 3, "{}{}", ran.err, ran.out);
    let none: Value = serde_json::from_str(&ran.out).unwrap();
    assert!(none["certificate"]["bound"].as_f64().unwrap() < 0.0);
    assert!(none["stop_reason"].as_str().unwrap().contains("min_sinr"));
}

#[test]
fn positions_of_cell_free_are_a_document() {
    let solve = |name: &str, text: &str| {
        let path = folder(&format!("scenarios-cell-{name}")).join("mine.json");
        std::fs::write(&path, text).unwrap();
        real_isac(&["solve", path.to_str().unwrap(), "--json"])
    };
    let two = r#"{"schema": "cell-free/1", "users_m": [[10, 50], [60, 50]], "targets_m": [[35, 50]], "min_sinr": 5}"#;
    let ran = solve("two", two);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    for sinr in report["metrics"]["sinr"].as_array().unwrap() {
        assert!(sinr.as_f64().unwrap() >= 5.0 * (1.0 - 1e-6));
    }
    for (name, from, to, named) in [
        (
            "same",
            "[10, 50]",
            "[25, 0]",
            "users_m[0] to access point 0",
        ),
        ("none", "[[10, 50], [60, 50]]", "[]", "users_m"),
        ("power", "\"min_sinr\": 5", "\"P_W\": 0", "P_W"),
        ("floor", "\"min_sinr\": 5", "\"min_sinr\": [5]", "min_sinr"),
        ("key", "targets_m", "target_m", "targets_m"),
    ] {
        let ran = solve(name, &two.replace(from, to));
        assert_eq!(ran.code, 2, "{name}: {}{}", ran.err, ran.out);
        assert!(ran.err.contains(named), "{name}: {}", ran.err);
    }
}

#[test]
fn angles_of_cell_free_are_certified_and_know_their_snapshots() {
    let solve =
        |name: &str, lines: &str| solved(name, "cell-free/1", lines, &["--algorithm", "crlb"]);
    let once = solve("crlb", "[scenario]\nmin_sinr = 2.0");
    assert_eq!(once["status"], "solved", "{once}");
    assert_eq!(once["certificate"]["kind"], "lower_bound");
    let value = |report: &Value| report["objective"].as_f64().unwrap();
    let bound = once["certificate"]["bound"].as_f64().unwrap();
    assert!(bound <= value(&once) && bound > value(&once) * (1.0 - 1e-6));
    // Two access points, one target; the larger counts.
    let all = once["metrics"]["crlb_rad2"].as_array().unwrap();
    let all: Vec<f64> = all.iter().map(|v| v.as_f64().unwrap()).collect();
    assert!(all.len() == 2 && (all[0].max(all[1]) / value(&once) - 1.0).abs() < 1e-12);
    for sinr in once["metrics"]["sinr"].as_array().unwrap() {
        assert!(sinr.as_f64().unwrap() >= 2.0 * (1.0 - 1e-6));
    }
    let ten = solve("crlb-ten", "[scenario]\nmin_sinr = 2.0\nsnapshots = 10.0");
    assert!((10.0 * value(&ten) / value(&once) - 1.0).abs() < 1e-6);
    // The drawn problem written out is the same problem; without derivatives there are no angles.
    let path = folder("scenarios-crlb-written").join("mine.toml");
    std::fs::write(
        &path,
        "schema = \"cell-free/1\"\n[scenario]\nmin_sinr = 2.0\n",
    )
    .unwrap();
    let written = path.with_extension("json");
    let (path, written) = (path.to_str().unwrap(), written.to_str().unwrap());
    assert_eq!(real_isac(&["solve", path, "--document", written]).code, 0);
    let ran = real_isac(&["solve", written, "--algorithm", "crlb", "--json"]);
    let again: Value = serde_json::from_str(&ran.out).unwrap();
    assert!((value(&again) / value(&once) - 1.0).abs() < 1e-9, "{again}");
    let text = std::fs::read_to_string(written).unwrap();
    let mut document: Value = serde_json::from_str(&text).unwrap();
    document
        .as_object_mut()
        .unwrap()
        .remove("steering_derivative");
    std::fs::write(written, document.to_string()).unwrap();
    let ran = real_isac(&["solve", written, "--algorithm", "crlb"]);
    assert_eq!(ran.code, 2, "{}{}", ran.err, ran.out);
    assert!(ran.err.contains("steering_derivative"), "{}", ran.err);
}

#[test]
fn errors_of_cell_free_cost_sensing_and_floors_hold_for_all() {
    let robust = ["--algorithm", "robust"];
    let solve = |name: &str, lines: &str, more: &[&str]| {
        let lines = format!("[scenario]\nusers = 3\nmin_sinr = 3.0\n{lines}");
        let report = solved(name, "cell-free/1", &lines, more);
        assert_eq!(report["status"], "solved", "{report}");
        report
    };
    let value = |report: &Value| report["objective"].as_f64().unwrap();
    let joint = solve("robust-none", "", &[]);
    let none = solve("robust-zero", "", &robust);
    assert!((value(&none) / value(&joint) - 1.0).abs() < 1e-6);
    let some = solve("robust-some", "error_radius = 0.2", &robust);
    assert!(value(&some) < value(&joint));
    let bound = some["certificate"]["bound"].as_f64().unwrap();
    assert!(bound >= value(&some) && bound < value(&joint));
    for worst in some["metrics"]["worst_sinr"].as_array().unwrap() {
        assert!(worst.as_f64().unwrap() >= 3.0 * (1.0 - 1e-6), "{some}");
    }
    // An error as large as the channel itself: sqrt(16) at each access point.
    let lines = "[scenario]\nmin_sinr = 3.0\nerror_radius = 4.1";
    let ran = run("robust-lost", "cell-free/1", lines, &robust);
    assert_eq!(ran.code, 3, "{}{}", ran.err, ran.out);
    assert!(ran.out.contains("error_radius"), "{}", ran.out);
    let ran = run("robust-name", "cell-free/1", "", &["--algorithm", "robus"]);
    assert!(ran.code == 2 && ran.err.contains("robust"), "{}", ran.err);
}

#[test]
fn a_schema_alone_is_the_default_problem_of_alpha_fair() {
    let report = solved("alpha", "alpha-fair/1", "", &["--algorithm", "flat"]);
    let rates = report["metrics"]["rates_bits_s_hz"].as_array().unwrap();
    // 100 Mbit/s in 100 MHz, for ten users.
    assert_eq!(rates.len(), 10);
    assert!(rates.iter().all(|r| r.as_f64().unwrap() >= 1.0 - 1e-5));
    assert_eq!(columns(&report, "W"), 64 * 11);
}

#[test]
fn bad_values_are_refused_by_name() {
    let cases = [
        (
            "noma/1",
            "gamma_dB = \"loud\"",
            "scenario.gamma_dB: got \"loud\"",
        ),
        ("noma/1", "antennas = 0", "antennas"),
        ("noma/1", "antennas = 2.5", "scenario.antennas: got 2.5"),
        ("noma/1", "sigma2_W = -1.0", "sigma2_W"),
        ("noma/1", "xi_W2 = \"none\"", "a number or \"inf\""),
        (
            "noma/1",
            "sic = \"mine\"",
            "scenario.sic: got \"mine\", expected one of `full`",
        ),
        ("noma/1", "P_total_W = 8.0", "scenario.P_total_W"),
        ("noma/1", "users = 100000", "covariances"),
        (
            "noma/1",
            "antenas = 4",
            "did you mean `antennas` in [scenario]",
        ),
        ("noma/1", "drop = 3", "did you mean `drop` at the top"),
        ("hisac-see/1", "M1_h_v = [6]", "scenario.M1_h_v: got [6]"),
        ("hisac-see/1", "M1_h_v = [0, 2]", "M1_h_v[0]"),
        ("hisac-see/1", "users = 17", "users"),
        ("hisac-see/1", "I_S = -1.0", "I_S"),
        ("hisac-see/1", "carrier_hz = 0.0", "carrier_hz"),
        ("hisac-see/1", "shadowing = { b = 0.0 }", "shadowing.b"),
        (
            "hisac-see/1",
            "omega = 1.0",
            "did you mean `omega` in [scenario.shadowing]",
        ),
        (
            "hisac-see/1",
            "fading = { nakagami = { order = 0.1 } }",
            "fading.nakagami.order",
        ),
        ("cell-free/1", "users = 0", "users"),
        ("cell-free/1", "P_W = 0.0", "P_W"),
        ("cell-free/1", "share = 1.5", "share"),
        ("cell-free/1", "antennas = 4", "antennas"),
        ("cell-free/1", "snapshots = 0.0", "snapshots"),
        ("cell-free/1", "error_radius = -0.1", "error_radius"),
        ("obs-crlb/1", "nt_h = 0", "nt_h"),
        ("obs-crlb/1", "theta_rad = [0.1]", "phi_rad"),
        (
            "obs-crlb/1",
            "phi_rad = [0.0, 0.5]",
            "scenario.phi_rad[0]: got 0",
        ),
        (
            "obs-crlb/1",
            "alpha_re = [0.0, 0.1]\nalpha_im = [0.0, 0.0]",
            "alpha_re[0]",
        ),
        ("obs-crlb/1", "power_dbm = 1e5", "power_dbm"),
        ("obs-crlb/1", "kron_order = \"hh\"", "scenario.kron_order"),
        ("obs-crlb/1", "delta_c = -0.5", "delta_c"),
        (
            "alpha-fair/1",
            "power_dbm = true",
            "scenario.power_dbm: got true",
        ),
        (
            "alpha-fair/1",
            "gain = \"known\"",
            "did you mean `gain` in [scenario.sensing]",
        ),
    ];
    for (at, (schema, line, named)) in cases.into_iter().enumerate() {
        let ran = run(
            &format!("bad-{at}"),
            schema,
            &format!("[scenario]\n{line}"),
            &[],
        );
        assert_eq!(ran.code, 2, "{schema}, {line}: {}{}", ran.err, ran.out);
        assert!(ran.err.contains(named), "{schema}, {line}: {}", ran.err);
    }
}

#[test]
fn a_scenario_has_no_cases_and_no_channels_beside_it() {
    let ran = run("case", "noma/1", "", &["--case", "1"]);
    assert!(ran.code == 2 && ran.err.contains("no cases"), "{}", ran.err);
    let ran = run("beside", "noma/1", "N = 4\n[scenario]\nusers = 2", &[]);
    let text = "either `scenario` or `N`, not both";
    assert!(ran.code == 2 && ran.err.contains(text), "{}", ran.err);
    let ran = run("top", "obs-crlb/1", "power_dbm = 3.0", &[]);
    let text = "`power_dbm`; did you mean `power_dbm` in [scenario]";
    assert!(ran.code == 2 && ran.err.contains(text), "{}", ran.err);
}

#[test]
fn what_a_document_lacks_is_named_all_at_once() {
    let cases = [
        (
            "noma/1",
            "spacing_wavelengths = 0.5",
            ["cases", "sigma2_W", "N", "K"],
        ),
        (
            "hisac-see/1",
            "[params]\nN = 2",
            [
                "params.M1_h_v",
                "params.sigma2_W",
                "params.I_p",
                "channels.g_bo",
            ],
        ),
        (
            "obs-crlb/1",
            "[parameters]\nK = 2",
            [
                "parameters.nt_h",
                "parameters.M",
                "parameters.L",
                "parameters.delta_s",
            ],
        ),
        (
            "alpha-fair/1",
            "[params]\nN = 2",
            ["params.M", "params.fc", "steering", "cases"],
        ),
    ];
    for (at, (schema, lines, missing)) in cases.into_iter().enumerate() {
        let ran = run(&format!("lacks-{at}"), schema, lines, &[]);
        assert_eq!(ran.code, 2, "{schema}: {}", ran.out);
        for key in missing {
            assert!(ran.err.contains(key), "{schema}: {key} in {}", ran.err);
        }
    }
}

#[test]
fn new_writes_the_scenario_of_a_figure_and_names_the_nearest() {
    let path = folder("scenarios-new-figure").join("mine.toml");
    let path = path.to_str().unwrap();
    let written = real_isac(&["new", "noma", "--figure", "fig3", "-o", path]);
    assert_eq!(written.code, 0, "{}", written.err);
    let ran = real_isac(&["solve", path, "--json"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    let named = report["algorithm"].as_str().unwrap();
    assert!(named.starts_with("max_min"), "{named}");
    // The same study with lists for what varies.
    let text = std::fs::read_to_string(path).unwrap();
    std::fs::write(path, text + "\n[sweep]\nP_total_W = [5, 6]\n").unwrap();
    let out = folder("scenarios-new-figure-study");
    let study = real_isac(&["sweep", path, "--out", out.to_str().unwrap()]);
    assert_eq!(study.code, 0, "{}", study.err);
    let curve = std::fs::read_to_string(out.join("curve.csv")).unwrap();
    assert_eq!(curve.lines().count(), 3, "{curve}");
    let unknown = real_isac(&["new", "noma", "--figure", "fig33"]);
    assert_eq!(unknown.code, 2);
    assert!(unknown.err.contains("did you mean fig3"), "{}", unknown.err);
}

#[test]
fn what_new_writes_solves() {
    for (key, schema) in SCHEMAS {
        let printed = real_isac(&["new", key]);
        assert_eq!(printed.code, 0, "{}", printed.err);
        let path = folder(&format!("scenarios-new-{key}")).join("mine.toml");
        let path = path.to_str().unwrap();
        let written = real_isac(&["new", key, "-o", path]);
        assert_eq!(
            (written.code, written.out.as_str()),
            (0, ""),
            "{}",
            written.err
        );
        assert_eq!(std::fs::read_to_string(path).unwrap(), printed.out);
        let again = real_isac(&["new", key, "-o", path]);
        assert!(again.code == 2 && again.err.contains(path), "{}", again.err);
        let quick: &[&str] = match key {
            "alpha_fair" => &["--algorithm", "flat"],
            _ => &[],
        };
        let ran = real_isac(&[&["solve", path, "--json"], quick].concat());
        assert_eq!(ran.code, 0, "{key}: {}", ran.err);
        let report: Value = serde_json::from_str(&ran.out).unwrap();
        assert_eq!(report["schema"], schema);
        let alone = solved(&format!("alone-{key}"), schema, "", quick);
        assert_eq!(report["objective"], alone["objective"], "{key}");
    }
    let ran = real_isac(&["new", "nome"]);
    assert!(
        ran.code == 2 && ran.err.contains("did you mean noma"),
        "{}",
        ran.err
    );
}
