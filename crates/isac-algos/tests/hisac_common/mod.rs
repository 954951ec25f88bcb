//! The stored cases of `hisac-see/1`.
#![allow(dead_code, reason = "each test target uses a part of it")]

use isac_algos::hisac_see::{Access, Design, Problem};
use isac_linalg::{Mat, c64};
use isac_models::csi_error::UncertainChannel;
use isac_models::two_cell::TwoCell;
use serde_json::Value;

/// The stored case `hisac-see-<name>.json`.
pub(crate) fn fixture(name: &str) -> Value {
    let path = format!(
        "{}/tests/fixtures/hisac-see-{name}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn matrix(value: &Value) -> Mat<c64> {
    let rows = |part: &str| value[part].as_array().unwrap();
    let (re, im) = (rows("re"), rows("im"));
    Mat::from_fn(re.len(), re[0].as_array().unwrap().len(), |i, j| {
        c64::new(re[i][j].as_f64().unwrap(), im[i][j].as_f64().unwrap())
    })
}

fn vector(value: &Value) -> Vec<c64> {
    let m = matrix(value);
    (0..m.nrows()).map(|i| m[(i, 0)]).collect()
}

/// Its problem, fixed split.
pub(crate) fn problem(file: &Value) -> Problem {
    let (c, p) = (&file["channels"], &file["params"]);
    let number = |key: &str| p[key].as_f64().unwrap();
    let ball = |key: &str| {
        let radius = number(&format!("radius_{key}"));
        UncertainChannel::ball(key, vector(&c[key]), radius).unwrap()
    };
    let users = |key: &str| matrix(&c[key]).transpose().to_owned();
    let cell = TwoCell {
        h_bo: ball("h_bo"),
        h_e: ball("h_e"),
        h_ta: vector(&c["h_ta"]),
        h_cl: vector(&c["h_cl"]),
        h_users: users("h_users_rows"),
        g_bo: ball("g_bo"),
        g_e: ball("g_e"),
        g_users: users("g_users_rows"),
        noise: number("sigma2_W"),
    };
    let mut problem = Problem::new(
        cell,
        number("kappa2"),
        number("P1_max_W"),
        number("P2_max_W"),
        number("P0_W"),
    );
    problem.access = Access::RsmaFixed;
    problem
}

/// A stored design.
pub(crate) fn stored(file: &Value, name: &str) -> Design {
    let d = &file["designs"][name];
    Design::new(vector(&d["w_bo"]), vector(&d["w_ta"]), &matrix(&d["O"]))
}
