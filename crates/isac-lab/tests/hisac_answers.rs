//! `isac solve` on `hisac-see/1`: what it answers where it used to claim too much, or nothing.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use isac_lab::cli::{self, Console};
use isac_lab::papers;
use serde_json::Value;

/// BS1 knows its channel to Eve exactly. The direct route, which has no cone program, gave 0.05447
/// before the convex steps could solve it.
const PERFECT_EVE: &str = include_str!("fixtures/hisac-see-perfect-eve.json");
/// Parallel users. An independent joint optimum is at 0.05279.
const COLLINEAR: &str = include_str!("fixtures/hisac-see-collinear.json");

const ALGORITHMS: [&str; 4] = ["direct", "joint", "alternating", "overlapping"];

fn solve(name: &str, text: &str, edit: impl FnOnce(&mut Value), algorithm: &str) -> (u8, Value) {
    let mut value: Value = serde_json::from_str(text).unwrap();
    edit(&mut value);
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let path = path.join(format!("hisac-answer-{name}-{algorithm}.json"));
    std::fs::write(&path, value.to_string()).unwrap();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut console = Console {
        out: &mut out,
        err: &mut err,
    };
    let arguments = [
        "isac",
        "solve",
        path.to_str().unwrap(),
        "--algorithm",
        algorithm,
        "--json",
    ];
    let cancel = Arc::new(AtomicBool::new(false));
    let code = cli::main(
        arguments.map(OsString::from),
        &papers::all(),
        &mut console,
        cancel,
    );
    let out = String::from_utf8(out).unwrap();
    let found = serde_json::from_str(&out);
    (
        code,
        found.unwrap_or_else(|_| panic!("{}", String::from_utf8(err).unwrap())),
    )
}

#[test]
fn perfect_knowledge_of_eve_is_solved_by_every_algorithm() {
    for (algorithm, least) in ALGORITHMS.into_iter().zip([0.0544, 0.0538, 0.045, 0.052]) {
        let (code, found) = solve("perfect", PERFECT_EVE, |_| {}, algorithm);
        assert_eq!(code, 0, "{algorithm}: {found}");
        assert_eq!(found["status"], "solved", "{algorithm}");
        let value = found["objective"].as_f64().unwrap();
        assert!(value >= least, "{algorithm}: {value}");
        assert!(found["max_violation"].as_f64().unwrap() <= 1e-5);
        // No bound from above: local, and said so. One scheme for all, by name.
        let why = found["stop_reason"].as_str().unwrap();
        assert!(
            why.starts_with("local optimum") && found["certificate"].is_null(),
            "{why}"
        );
        assert_eq!(found["metrics"]["access"], "rsma_free");
        assert_eq!(found["metrics"]["user_target"], "split");
        // I_p + I_c / N.
        assert_eq!(found["metrics"]["user_target_bps_hz"], 0.3 + 0.3 / 2.0);
    }
}

#[test]
fn parallel_users_do_not_end_the_joint_steps_far_below_the_direct_route() {
    for algorithm in ["direct", "joint"] {
        let (code, found) = solve("collinear", COLLINEAR, |_| {}, algorithm);
        assert_eq!(code, 0, "{found}");
        let value = found["objective"].as_f64().unwrap();
        assert!(value >= 0.98 * 0.05279, "{algorithm}: {value}");
    }
}

/// At 316 W Bob's SINR is at most `P |h_bo|^2`, far below any of these: a proof in closed form.
#[test]
fn thresholds_beyond_any_number_end_in_a_proof() {
    for (key, value) in [
        ("gamma_th", 1e300),
        ("gamma_th", 1e150),
        ("I_S", 900.0),
        ("I_p", 500.0),
    ] {
        for algorithm in ["direct", "joint"] {
            let edit = |v: &mut Value| v["params"][key] = value.into();
            let (code, found) = solve("beyond", PERFECT_EVE, edit, algorithm);
            assert_eq!(code, 3, "{key} {value:e} {algorithm}: {found}");
            assert_eq!(found["status"], "infeasible");
            let kind = found["certificate"]["kind"].as_str().unwrap();
            assert!(kind.starts_with("closed form"), "{kind}");
            // Most of what is needed is out of reach.
            assert!(found["certificate"]["bound"].as_f64().unwrap() > 0.9);
        }
    }
}

/// Thresholds of 0: the trivial design is one, and with a demand for secrecy there is none.
#[test]
fn thresholds_of_zero_end_in_a_design_or_a_proof() {
    let zero = |v: &mut Value, secrecy: f64| {
        for key in ["gamma_th", "I_c", "I_p"] {
            v["params"][key] = 0.0.into();
        }
        v["params"]["I_S"] = secrecy.into();
    };
    let (code, found) = solve("zero", COLLINEAR, |v| zero(v, 0.0), "direct");
    assert!(code == 0 || code == 4, "{found}");
    assert!(!found["stop_reason"].as_str().unwrap().is_empty());
    // No beam may be heard by Eve at all, whose channel is uncertain: BS1 is silent.
    let (code, found) = solve("zero-secret", COLLINEAR, |v| zero(v, 0.1), "direct");
    assert_eq!(code, 3, "{found}");
}

#[test]
fn watts_and_picowatts_give_the_same_digits() {
    let edit = |v: &mut Value| {
        for key in ["sigma2_W", "P1_max_W", "P2_max_W", "P0_W"] {
            let watts = v["params"][key].as_f64().unwrap();
            v["params"][key] = (watts * 1e-12).into();
        }
    };
    let (_, watts) = solve("watt", COLLINEAR, |_| {}, "direct");
    let (_, pico) = solve("picowatt", COLLINEAR, edit, "direct");
    let value = |found: &Value| found["objective"].as_f64().unwrap();
    assert!((value(&pico) * 1e-12 / value(&watts) - 1.0).abs() < 1e-7);
    assert_eq!(watts["status"], pico["status"]);
}
