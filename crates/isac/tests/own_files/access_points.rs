//! Beams of distributed access points, judged and checked: budgets, floors, errors of channels, angles.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::common::{folder, real_isac};
use crate::{SCENARIOS, number, parsed, text};

/// One access point spends 1.21 times what it did, and an empty beam serves nobody: `1 - 0 / floor`.
#[test]
fn beams_of_access_points_are_judged_each_by_its_budget_and_each_user_by_its_floor() {
    let folder = folder("judge-cell-free");
    let scenario = folder.join("scenario.toml");
    fs::write(&scenario, SCENARIOS[5].1).unwrap();
    let solved = parsed(&real_isac(&["solve", text(&scenario), "--json"]));
    let f = &solved["beamformers"]["F"];
    let part = |part: &str, change: &dyn Fn(usize, usize) -> f64| -> Vec<Vec<f64>> {
        let rows: Vec<Vec<f64>> = serde_json::from_value(f[part].clone()).unwrap();
        (rows.iter().enumerate())
            .map(|(i, row)| {
                let row = row.iter().enumerate();
                row.map(|(s, x)| change(i, s) * x).collect()
            })
            .collect()
    };
    let judged = |change: &dyn Fn(usize, usize) -> f64| {
        let beams = folder.join("beams.json");
        let given = json!({"F": {"re": part("re", change), "im": part("im", change)}});
        fs::write(&beams, given.to_string()).unwrap();
        let ran = real_isac(&["judge", text(&scenario), text(&beams), "--json"]);
        assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
        parsed(&ran)["constraints"].clone()
    };
    // The second access point has the rows from 6 on.
    let louder = judged(&|i, _| if i < 6 { 1.0 } else { 1.1 });
    assert!(number(&louder, "power budget of access point 0").abs() < 1e-6);
    let excess = number(&louder, "power budget of access point 1");
    assert!((excess - 0.21).abs() < 1e-6, "{excess}");
    let silent = judged(&|_, s| if s == 1 { 0.0 } else { 1.0 });
    assert!(number(&silent, "SINR floor of user 0") <= 1e-9);
    assert!((number(&silent, "SINR floor of user 1") - 1.0).abs() < 1e-15);

    let beams = folder.join("turned.json");
    fs::write(
        &beams,
        json!({"F": {"re": [[1.0, 0.0]], "im": [[0.0, 0.0]]}}).to_string(),
    )
    .unwrap();
    let ran = real_isac(&["judge", text(&scenario), text(&beams)]);
    assert_eq!(ran.code, 2, "{}", ran.out);
    let words = "stacked antennas x streams, 12 x (2 or more) complex entries, not 1 x 2";
    assert!(ran.err.contains(words), "{}", ran.err);
}

/// With errors of the channels the floors are judged at the worst of them, and `--algorithm crlb` asks for the
/// angles: the objective is then the largest bound, which the sensing design cannot have below the proved one.
#[test]
fn beams_of_access_points_are_judged_for_errors_and_for_angles() {
    let folder = folder("judge-cell-free-more");
    let scenario = folder.join("scenario.toml");
    fs::write(
        &scenario,
        format!("{}error_radius = 0.05\n", SCENARIOS[5].1),
    )
    .unwrap();
    let design = |algorithm: &str| {
        let file = folder.join(format!("{algorithm}.json"));
        let ran = real_isac(&["solve", text(&scenario), "--algorithm", algorithm, "--json"]);
        fs::write(&file, &ran.out).unwrap();
        (parsed(&ran), file)
    };
    let ((certain, nominal), (_, robust)) = (design("jsc"), design("robust"));
    let judged = |beams: &Path, more: &[&str], code: u8| {
        let words = [&["judge", text(&scenario), text(beams), "--json"], more].concat();
        let ran = real_isac(&words);
        assert_eq!(ran.code, code, "{}{}", ran.out, ran.err);
        parsed(&ran)
    };
    // Beams for the known channels fall short at the worst error, those of the default design do not.
    let short = judged(&nominal, &[], 1);
    assert_eq!(short["ours"]["algorithm"], "robust");
    assert!(number(&short["constraints"], "SINR floor of user 0 for all errors") > 1e-3);
    judged(&robust, &[], 0);
    // The largest bound of the sensing design, and that the least one is proved below it.
    let angles = judged(&nominal, &["--algorithm", "crlb"], 0);
    assert_eq!(angles["larger_is_better"], false);
    let bounds: Vec<f64> = serde_json::from_value(angles["metrics"]["crlb_rad2"].clone()).unwrap();
    let largest = bounds.iter().copied().fold(0.0, f64::max);
    assert!((angles["objective"].as_f64().unwrap() - largest).abs() <= 1e-15 * largest);
    let least = angles["ours"]["certificate"]["bound"].as_f64().unwrap();
    assert!(largest > least * 1.01, "{largest} {least}");
    let as_known = judged(&nominal, &["--algorithm", "jsc"], 0);
    assert_eq!(as_known["objective"], certain["objective"]);
    let ran = real_isac(&[
        "judge",
        text(&scenario),
        text(&nominal),
        "--algorithm",
        "crl",
    ]);
    assert_eq!(ran.code, 2, "{}", ran.out);
    assert!(
        ran.err
            .contains("unknown algorithm `crl`; did you mean crlb?"),
        "{}",
        ran.err
    );
}

/// What a document states of the designs beyond the paper is recomputed: bounds of beams, optima, worst cases.
#[test]
fn bounds_on_angles_and_worst_cases_of_access_points_are_checked() {
    let folder = folder("check-cell-free");
    let (scenario, document) = (folder.join("scenario.toml"), folder.join("document.json"));
    fs::write(
        &scenario,
        format!("{}error_radius = 0.05\n", SCENARIOS[5].1),
    )
    .unwrap();
    let algorithm = ["--algorithm", "crlb", "--json"];
    let solve = ["solve", text(&scenario), "--document", text(&document)];
    let angles = parsed(&real_isac(&[&solve[..], &algorithm].concat()));
    let robust = parsed(&real_isac(&["solve", text(&scenario), "--json"]));
    let mut stated: Value = serde_json::from_str(&fs::read_to_string(&document).unwrap()).unwrap();
    stated["beams"] = angles["beamformers"]["F"].clone();
    stated["expected"] = json!({
        "crlb_rad2": angles["metrics"]["crlb_rad2"],
        "least_crlb_rad2": angles["objective"],
        "least_crlb_lower_bound_rad2": angles["objective"],
        "robust_min_sensing_snr": robust["objective"],
        "robust_upper_bound": robust["objective"],
    });
    let check = |stated: &Value| {
        fs::write(&document, stated.to_string()).unwrap();
        real_isac(&["check", text(&document)])
    };
    let ran = check(&stated);
    assert!(
        ran.out.contains("5 passed, 0 failed, 0 not checked"),
        "{}{}",
        ran.out,
        ran.err
    );
    // The worst error takes something from every user, so that the known SINR is not the worst.
    stated["expected"] = json!({"worst_sinr": angles["metrics"]["sinr"]});
    let ran = check(&stated);
    assert!(
        ran.out.contains("0 passed, 1 failed"),
        "{}{}",
        ran.out,
        ran.err
    );
    stated["beams"] = Value::Null;
    stated.as_object_mut().unwrap().remove("beams");
    let ran = check(&stated);
    assert!(
        ran.out.contains("0 passed, 1 failed"),
        "{}{}",
        ran.out,
        ran.err
    );
    assert!(ran.out.contains("beams"), "{}", ran.out);
}
