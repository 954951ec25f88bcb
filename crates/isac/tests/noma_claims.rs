//! What `isac solve` says of `noma/1` against what its own point does, and against values found by
//! other means: closed forms, uplink duality in 50 digits, designs of zero-forcing beams.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::path::PathBuf;

use common::said;
use serde_json::{Value, json};

fn stored(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join(format!("tests/fixtures/noma-claims/{name}.json"))
}

fn written(name: &str, document: &Value) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("noma-{name}.json"));
    std::fs::write(&path, document.to_string()).unwrap();
    path
}

fn solve(path: &std::path::Path, case: usize, algorithm: &str) -> (u8, Value) {
    let case = case.to_string();
    let path = path.to_str().unwrap();
    let (code, text) = said(&[
        "solve",
        path,
        "--case",
        &case,
        "--algorithm",
        algorithm,
        "--json",
    ]);
    (
        code,
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}")),
    )
}

fn number(value: &Value, path: &str) -> f64 {
    value
        .pointer(path)
        .and_then(Value::as_f64)
        .unwrap_or_else(|| panic!("{path} of {value}"))
}

fn close(got: f64, expected: f64, rel: f64) {
    assert!(
        (got - expected).abs() <= rel * expected.abs(),
        "got {got:e}, expected {expected:e}"
    );
}

type Complex = (f64, f64);

fn rows(value: &Value) -> Vec<Vec<Complex>> {
    let list = |key: &str| value[key].as_array().unwrap().clone();
    list("re")
        .iter()
        .zip(list("im"))
        .map(|(re, im)| {
            let pairs = re.as_array().unwrap().iter().zip(im.as_array().unwrap());
            pairs
                .map(|(a, b)| (a.as_f64().unwrap(), b.as_f64().unwrap()))
                .collect()
        })
        .collect()
}

/// `sum |w|^2 + sum_m |a_m^H w|^2` and the pattern values of beams, by hand.
fn power(document: &Value, w: &[Vec<Complex>]) -> (f64, Vec<f64>) {
    let spent: f64 = w.iter().flatten().map(|z| z.0 * z.0 + z.1 * z.1).sum();
    let angles = document["angles_deg"].as_array().unwrap();
    let pattern: Vec<f64> = angles
        .iter()
        .map(|angle| {
            let phase = std::f64::consts::PI * angle.as_f64().unwrap().to_radians().sin();
            (0..w[0].len())
                .map(|k| {
                    let (mut re, mut im) = (0.0, 0.0);
                    for (n, row) in w.iter().enumerate() {
                        let (c, s) = ((phase * n as f64).cos(), (phase * n as f64).sin());
                        re += c * row[k].0 + s * row[k].1;
                        im += c * row[k].1 - s * row[k].0;
                    }
                    re * re + im * im
                })
                .sum()
        })
        .collect();
    (spent + pattern.iter().sum::<f64>(), pattern)
}

#[test]
fn beams_stay_within_the_budget_and_the_report_is_theirs() {
    for (name, case) in [
        ("tight-correlation", 0),
        ("tight-correlation", 1),
        ("weak-channels", 0),
        ("unit-correlation", 0),
    ] {
        let path = stored(name);
        let document: Value =
            serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let budget = number(&document, &format!("/cases/{case}/P_total_W"));
        let (code, report) = solve(&path, case, "auto");
        assert_eq!(code, 0, "{name}: {report}");
        let (spent, pattern) = power(&document, &rows(&report["beamformers"]["w"]));
        assert!(
            spent <= budget * (1.0 + 1e-8),
            "{name}: {spent} of {budget}"
        );
        close(number(&report, "/metrics/power_W"), spent, 1e-9);
        for p in pattern {
            assert!(
                p >= number(&document, "/Ps_W") * (1.0 - 1e-6),
                "{name}: {p}"
            );
        }
        let (t, bound) = (
            number(&report, "/objective"),
            number(&report, "/certificate/bound"),
        );
        close(number(&report, "/metrics/min_sinr"), t, 1e-9);
        assert!(bound >= t && number(&report, "/max_violation") <= 1e-6);
        let gap = number(&report, "/certificate/relative_gap");
        close(gap, (bound - t) / t, 1e-9);
        assert_eq!(
            report["status"] == "solved",
            gap <= 1e-6,
            "{name}: {report}"
        );
        // The relaxed target is reached up to what rank one costs.
        assert!(gap < 0.06, "{name}: {gap}");
    }
}

#[test]
fn the_cost_is_that_of_the_beams() {
    let path = stored("tight-correlation-power");
    let document: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    let (code, report) = solve(&path, 0, "auto");
    assert_eq!(code, 0, "{report}");
    let (spent, _) = power(&document, &rows(&report["beamformers"]["w"]));
    close(number(&report, "/objective"), spent, 1e-9);
    close(
        number(&report, "/certificate/bound"),
        4.999_999_998_76,
        1e-7,
    );
    assert!(spent <= 5.1009 && number(&report, "/certificate/relative_gap") > 1e-3);
    assert_eq!(report["status"], "inaccurate");
}

#[test]
fn bounds_on_the_common_sinr_are_proved() {
    // Values by other methods: a point within the budget that the bound must not exclude.
    for (name, case, algorithm, reached) in [
        ("megawatts", 0, "bisection", 6.1317e8),
        ("megawatts", 0, "auto", 6.1317e8),
        ("gigawatt", 0, "bisection", 6.1e10),
        ("picowatt-noise", 0, "bisection", 7.82e10),
        ("picowatt-noise", 0, "auto", 7.82e10),
        ("small-target", 0, "bisection", 0.02996),
        ("small-target", 0, "slope", 0.02996),
        ("flat-end", 1, "auto", 197.42),
    ] {
        let (_, report) = solve(&stored(name), case, algorithm);
        let bound = number(&report, "/certificate/bound");
        assert!(bound >= reached, "{name} {algorithm}: {bound:e}");
        if report["status"] == "solved" {
            assert!(
                number(&report, "/certificate/relative_gap") <= 1e-6,
                "{report}"
            );
        }
        assert!(!report["stop_reason"].as_str().unwrap().is_empty());
    }
    for (name, case, algorithm, t) in [
        ("megawatts", 0, "auto", 6.1318e8),
        ("small-target", 0, "slope", 0.029966),
        ("small-target", 0, "bisection", 0.029966),
        ("flat-end", 1, "auto", 197.43),
    ] {
        let (code, report) = solve(&stored(name), case, algorithm);
        assert_eq!(
            (code, &report["status"]),
            (0, &json!("solved")),
            "{name}: {report}"
        );
        close(number(&report, "/objective"), t, 1e-4);
        close(number(&report, "/certificate/bound"), t, 1e-4);
    }
}

fn one_user(antennas: usize, norm: f64, share: f64) -> Value {
    // Entries that differ, of the norm asked for.
    let raw: Vec<f64> = (0..antennas).map(|n| 1.0 + 0.3 * n as f64).collect();
    let size = raw.iter().map(|x| x * x).sum::<f64>().sqrt();
    let re: Vec<Vec<f64>> = raw.iter().map(|x| vec![x * norm / size]).collect();
    let norm: f64 = re.iter().map(|x| x[0] * x[0]).sum::<f64>().sqrt();
    let im = vec![vec![0.0]; antennas];
    json!({
        "schema": "noma/1", "H": {"re": re, "im": im}, "sigma2_W": 0.01,
        "cases": [{"problem": "robust_power_min", "sic": "linear", "gamma": 10.0, "eps": share * norm}]
    })
}

#[test]
fn one_user_is_feasible_up_to_the_edge_of_the_error_ball() {
    for antennas in [1, 2, 4, 16] {
        for share in [0.0, 0.5, 0.9997, 0.9999, 0.99999, 1.0 - 1e-7] {
            let document = one_user(antennas, 5_590.169_943_749_474, share);
            let path = written("one-user", &document);
            let (code, report) = solve(&path, 0, "auto");
            assert_eq!(code, 0, "{antennas} {share}: {report}");
            let norm: f64 = rows(&document["H"])
                .iter()
                .map(|r| r[0].0 * r[0].0)
                .sum::<f64>()
                .sqrt();
            let radius = number(&document, "/cases/0/eps");
            let right = 10.0 * 0.01 / (norm - radius).powi(2);
            // The norm itself is rounded.
            let rel = 1e-9 + 4e-16 / (1.0 - share);
            close(number(&report, "/objective"), right, rel);
            close(number(&report, "/certificate/bound"), right, rel + 1e-9);
        }
        for share in [1.0 + 1e-9, 1.5] {
            let (code, report) = solve(
                &written("one-user", &one_user(antennas, 5590.0, share)),
                0,
                "auto",
            );
            assert_eq!(
                (code, &report["status"]),
                (3, &json!("infeasible")),
                "{report}"
            );
        }
    }
}

#[test]
fn expensive_designs_are_no_proof_of_infeasibility() {
    let linear = |h: Value, noise: f64, gamma: Value| {
        json!({"schema": "noma/1", "H": h, "sigma2_W": noise,
               "cases": [{"problem": "power_min", "sic": "linear", "gamma": gamma}]})
    };
    let scalar = json!({"re": [[1.0, 1.0]], "im": [[0.0, 0.0]]});
    for (distance, right) in [(1e-9_f64, 2e-4), (1e-6, 2e-7), (1e-3, 2e-10)] {
        // Both powers are gamma / (1 - gamma) of the noise.
        let path = written(
            "edge",
            &linear(scalar.clone(), 1e-13, json!(1.0 - distance)),
        );
        let (code, report) = solve(&path, 0, "auto");
        assert_eq!(code, 0, "{report}");
        close(number(&report, "/objective"), right, 1.1 * distance + 1e-6);
        let exact = 2e-13 * (1.0 - distance) / (1.0 - (1.0 - distance));
        close(number(&report, "/objective"), exact, 1e-7);
    }
    for gamma in [json!(1.0), json!(2.0), json!([4.0, 0.25])] {
        let (code, report) = solve(
            &written("edge", &linear(scalar.clone(), 1e-13, gamma)),
            0,
            "auto",
        );
        assert_eq!(
            (code, &report["status"]),
            (3, &json!("infeasible")),
            "{report}"
        );
    }
    let nearly = json!({"re": [[1.0, 1.0], [0.0, 1e-5]], "im": [[0.0, 0.0], [0.0, 0.0]]});
    let (code, report) = solve(
        &written("nearly", &linear(nearly, 1e-10, json!(10.0))),
        0,
        "auto",
    );
    assert_eq!(code, 0, "{report}");
    close(number(&report, "/objective"), 18.000_000_001_1, 1e-9);
    close(
        number(&report, "/certificate/bound"),
        18.000_000_001_1,
        1e-7,
    );
    // Four users in a plane: each at 20 dB is too much for two antennas, at -3 dB it is not.
    let plane = json!({"re": [[1.0, 0.3, -0.7, 0.2], [0.1, 0.9, 0.4, -0.8]],
                       "im": [[0.2, -0.5, 0.1, 0.6], [0.3, 0.0, -0.6, 0.1]]});
    let (code, report) = solve(
        &written("plane", &linear(plane.clone(), 1e-9, json!(100.0))),
        0,
        "auto",
    );
    assert_eq!(
        (code, &report["status"]),
        (3, &json!("infeasible")),
        "{report}"
    );
    let (code, report) = solve(
        &written("plane", &linear(plane, 1e-9, json!(0.5))),
        0,
        "auto",
    );
    assert_eq!((code, &report["status"]), (0, &json!("solved")), "{report}");
}

#[test]
fn the_common_sinr_under_errors_is_checked() {
    // One user of norm 5 whose channel errs by 1, without targets: t = P (5 - 1)^2 / sigma^2.
    let document = |t: f64, power: f64| {
        json!({
            "schema": "noma/1",
            "H": {"re": [[3.0], [0.0]], "im": [[0.0], [4.0]]}, "sigma2_W": 0.5,
            "cases": [{
                "problem": "robust_max_min", "sic": "full", "eps": 1.0, "P_total_W": 2.0,
                "expected": {"t": t, "t_dB": 10.0 * t.log10(), "power_W": power, "feasible": true}
            }]
        })
    };
    for (t, power, passed) in [(64.0, 2.0, 4), (64.1, 2.0, 2), (64.0, 2.001, 3)] {
        let path = written("robust-check", &document(t, power));
        let (code, text) = said(&["check", path.to_str().unwrap()]);
        assert_eq!(code, u8::from(passed < 4), "{text}");
        let counts = format!("{passed} passed, {} failed, 0 not checked", 4 - passed);
        assert!(text.contains(&counts), "{text}");
    }
}

#[test]
fn algorithms_that_do_not_apply_are_refused_by_name() {
    let path = stored("tight-correlation-power");
    let (code, text) = said(&["solve", path.to_str().unwrap(), "--algorithm", "bisection"]);
    assert_eq!(code, 2);
    assert!(text.contains("bisection"), "{text}");
}

#[test]
fn the_sweep_finds_no_over_claim() {
    let (code, text) = said(&["stress", "noma", "--instances", "60", "--seed", "7"]);
    assert_eq!(code, 0, "{text}");
}
