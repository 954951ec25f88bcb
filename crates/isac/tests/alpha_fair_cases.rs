//! What `isac solve` says of an alpha-fair problem is so: every method's certificate, ranges beyond the ambiguity, sizes beyond reach, the weights of states.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{folder, real_isac};
use isac::papers;
use isac_lab::document::Document;
use isac_lab::solve::{SolveReport, SolveRequest, SolveStatus};

const METHODS: [&str; 7] = [
    "best_of_starts",
    "augmented",
    "paper",
    "continuation",
    "flat",
    "mono",
    "sdr",
];

fn solve(text: &str, algorithm: &str) -> SolveReport {
    let document = if text.starts_with('{') {
        Document::from_json("case.json", text)
    } else {
        Document::from_toml("case.toml", text)
    };
    let document = document.unwrap();
    let papers = papers::all();
    let paper = isac_lab::paper::by_schema(&papers, document.schema().unwrap()).unwrap();
    let request = SolveRequest {
        algorithm: Some(algorithm.into()),
        ..SolveRequest::default()
    };
    paper.solve.unwrap()(&document.root(), &request).unwrap()
}

const SMALL: &str = "schema = \"alpha-fair/1\"\n[scenario]\nsubcarriers = 3\nsymbols = 4\n\
    antennas = 3\ntargets = 2\nusers = 1\nbandwidth_mhz = 2.0\nmin_rate_mbit_s = 2.0\n";

#[test]
fn every_method_says_what_its_bound_bounds() {
    for method in METHODS {
        let report = solve(SMALL, method);
        let certificate = report.certificate.unwrap();
        let objective = report.objective.unwrap();
        let gap = (certificate.bound - objective).abs() / objective;
        assert!((certificate.relative_gap.unwrap() - gap).abs() < 1e-12);
        assert!(certificate.bound <= objective, "{method}");
        let met = report.max_violation.unwrap() <= 1e-5;
        let mut expected = String::from("lower_bound");
        match method {
            "flat" => expected += "_any_power_share",
            "mono" => expected += "_base_station_alone",
            _ => {}
        }
        if !met {
            expected += "_attained_rates";
        }
        assert_eq!(certificate.kind, expected, "{method}");
        assert!(met || method == "paper" || method == "continuation");
    }
}

#[test]
fn every_method_proves_rates_that_cannot_be_met() {
    let far = SMALL.replace("min_rate_mbit_s = 2.0", "min_rate_mbit_s = 200.0");
    for method in METHODS {
        let report = solve(&far, method);
        assert_eq!(report.status, SolveStatus::Infeasible, "{method}");
        let certificate = report.certificate.unwrap();
        assert_eq!(certificate.kind, "least_power_w");
        assert!(certificate.bound > 1.0 && certificate.relative_gap.is_none());
    }
}

#[test]
fn sizes_that_would_take_hours_are_refused_with_an_estimate() {
    let path = folder("alpha-fair-sdr-size").join("full.toml");
    std::fs::write(&path, "schema = \"alpha-fair/1\"\n").unwrap();
    std::fs::write(&path, "schema = \"alpha-fair/1\"\n[scenario]\n").unwrap();
    let ran = real_isac(&["solve", path.to_str().unwrap(), "--algorithm", "sdr"]);
    assert_eq!(ran.code, 2, "{}{}", ran.out, ran.err);
    for part in [
        "sdr",
        "704 covariances of order 16",
        "s and",
        "bytes",
        "1800",
    ] {
        assert!(ran.err.contains(part), "{part}: {}", ran.err);
    }
}

/// Ranges to 200 m on a spacing of 1.5625 MHz and a prefix of 0.16 us.
#[test]
fn ranges_beyond_the_ambiguity_and_the_prefix_are_warned_of() {
    let wide = "schema = \"alpha-fair/1\"\n[scenario]\nantennas = 2\nsymbols = 4\ntargets = 2\nusers = 1\n\
        min_rate_mbit_s = 1.0\n";
    let path = folder("alpha-fair-ambiguous").join("wide.toml");
    std::fs::write(&path, wide).unwrap();
    let run = |more: &[&str]| {
        real_isac(
            &[
                &["solve", path.to_str().unwrap(), "--algorithm", "augmented"],
                more,
            ]
            .concat(),
        )
    };
    let ran = run(&["--json"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let answer: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let warnings = answer["warnings"].as_array().unwrap();
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    for part in ["modulo 95.9 m", "24.0 m monostatic"] {
        assert!(
            warnings.iter().any(|w| w.as_str().unwrap().contains(part)),
            "{part}"
        );
        assert!(ran.err.contains(part), "{}", ran.err);
    }
    assert_eq!(ran.err.matches("warning: ").count(), 2);
}

/// The commented scenario of the documentation is within the limits of its grid.
#[test]
fn the_documented_scenario_is_free_of_warnings() {
    let page = include_str!("../../../docs/scenarios.md");
    let examples = page.split("```toml\n").skip(1);
    let mut examples = examples.map(|rest| rest.split("```").next().unwrap());
    let own = |text: &&str| text.starts_with("schema = \"alpha-fair/1\"");
    let example = examples.find(own).expect("a scenario of alpha-fair/1");
    let report = solve(example, "augmented");
    assert!(report.max_violation.unwrap() <= 1e-5);
    assert!(report.warnings.is_empty(), "{:?}", report.warnings);
}

#[test]
fn the_cost_of_a_state_has_the_stated_units() {
    let list = |report: &SolveReport, name: &str| -> Vec<f64> {
        serde_json::from_value(report.metrics[name].clone()).unwrap()
    };
    for (keys, position, velocity) in [
        ("", 1.0, 15.0),
        (
            "position_unit_m = 0.5\nvelocity_unit_m_s = 40.0\n",
            0.5,
            40.0,
        ),
    ] {
        let report = solve(&format!("{SMALL}state = true\n{keys}"), "augmented");
        let (crlb, far, fast) = (
            list(&report, "crlb"),
            list(&report, "range_std_m"),
            list(&report, "speed_std_m_s"),
        );
        for t in 0..2 {
            let expected = (far[t] / position).powi(2) + (fast[t] / velocity).powi(2);
            assert!(
                (crlb[t] / expected - 1.0).abs() < 1e-12,
                "{crlb:?} {expected}"
            );
        }
    }
    let path = folder("alpha-fair-units").join("idle.toml");
    std::fs::write(&path, format!("{SMALL}velocity_unit_m_s = 40.0\n")).unwrap();
    let ran = real_isac(&["solve", path.to_str().unwrap()]);
    assert_eq!(ran.code, 2, "{}", ran.out);
    assert!(ran.err.contains("velocity_unit_m_s") && ran.err.contains("state = true"));
}
