//! `isac check` on close targets: digits that references of 60 digits confirm, or a word that they are
//! lost; and angles that no beamformer can tell.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use isac::papers;
use isac_lab::check::{Checker, Outcome};
use isac_lab::document::Document;
use serde_json::{Value, json};

/// Two targets seen by 3 x 3 antennas, `W = 0.1 I`, with the stated trace of the CRLB.
fn document(theta: [f64; 2], phi: [f64; 2], trace: f64) -> Value {
    let square = |scale: f64| -> Vec<Vec<f64>> {
        let row = |i: usize| (0..9).map(|j| if i == j { scale } else { 0.0 }).collect();
        (0..9).map(row).collect()
    };
    let channel = |shift: f64| -> Vec<Vec<f64>> {
        (0..9)
            .map(|i| vec![(i as f64 + shift).sin(), (2.0 * i as f64 + shift).cos()])
            .collect()
    };
    json!({
        "schema": "obs-crlb/1",
        "parameters": {
            "nt_h": 3, "nt_v": 3, "nr_h": 3, "nr_v": 3, "L": 20, "Pt": 1.0,
            "sigma_c2": 1e-3, "sigma_s2": 1e-3, "delta_c": 1, "delta_s": 1, "K": 2, "M": 2
        },
        "theta": theta,
        "phi": phi,
        "alpha": { "re": [0.1, 0.0], "im": [0.2, -0.3] },
        "H": { "re": channel(0.3), "im": channel(1.1) },
        "metric_cases": [{
            "W": { "re": square(0.1), "im": square(0.0) },
            "expected": { "crlb_trace": trace },
            "tolerance": { "rel": 1e-9 }
        }]
    })
}

fn check(document: &Value) -> Result<Checker, isac_lab::Error> {
    let document = Document::from_json("close", &document.to_string()).unwrap();
    let papers = papers::all();
    let paper = isac_lab::paper::by_schema(&papers, "obs-crlb/1").unwrap();
    let mut checker = Checker::new(true);
    (paper.check.unwrap())(&document.root(), &mut checker)?;
    Ok(checker)
}

#[test]
fn close_targets_pass_to_nine_digits() {
    // mpmath with 60 digits, derivatives of the echo written out.
    for (gap, trace) in [(1e-2, 369_353.721_787_596_6), (1e-3, 3_666_176_404.110_579)] {
        let checker = check(&document([0.4, 0.4 + gap], [1.1, 1.1], trace)).unwrap();
        assert_eq!(checker.lines.len(), 1);
        assert_eq!(
            checker.lines[0].verdict,
            Outcome::Pass,
            "{:?}",
            checker.lines
        );
        let wrong = document([0.4, 0.4 + gap], [1.1, 1.1], trace * (1.0 + 1e-8));
        assert_eq!(check(&wrong).unwrap().lines[0].verdict, Outcome::Fail);
    }
}

#[test]
fn lost_digits_are_said() {
    let checker = check(&document(
        [0.4, 0.4 + 1e-6],
        [1.1, 1.1],
        3.663_087_308_703_437e21,
    ))
    .unwrap();
    let line = &checker.lines[0];
    assert_eq!(line.verdict, Outcome::Fail);
    assert!(
        format!("{line:?}").contains("estimated relative error"),
        "{line:?}"
    );
}

#[test]
fn degenerate_angles_are_refused_by_name() {
    let half = std::f64::consts::FRAC_PI_2;
    for (theta, phi, words) in [
        ([half, 0.4], [1.1, 1.1], "theta[0]"),
        ([0.4, -half], [1.1, 1.1], "theta[1]"),
        ([0.4, 0.6], [1.1, 0.0], "phi[1]"),
        ([0.4, 0.4], [1.1, 1.1], "direction of target 0"),
    ] {
        let text = check(&document(theta, phi, 1.0))
            .map(|_| ())
            .unwrap_err()
            .to_string();
        assert!(
            text.contains(words) && text.contains("degenerate"),
            "{text}"
        );
    }
}
