//! Metrics and Algorithm 1 against the numbers of an independent program.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/obs_crlb.rs"]
mod support;

use isac_algos::obs_crlb::sca::{self, Coordinates, Options};
use isac_algos::obs_crlb::{Auxiliaries, Shift};
use isac_linalg::approx::compare;
use support::{Fixture, fixture, list, matrix};

fn close(got: f64, expected: f64, rel: f64, what: &str) {
    assert!(
        (got - expected).abs() <= rel * expected.abs(),
        "{what}: {got} against {expected}"
    );
}

fn metrics(f: &Fixture) {
    for case in f.json["metric_cases"].as_array().unwrap() {
        let w = matrix(&case["W"]);
        let expected = &case["expected"];
        let merit = f.problem.merit(w.as_ref()).unwrap();
        let rel = case["tolerance"]["rel"].as_f64().unwrap();
        for (key, got) in [
            ("objective", merit.objective),
            ("sum_rate", merit.sum_rate),
            ("crlb_trace", merit.crlb_trace),
        ] {
            close(got, expected[key].as_f64().unwrap(), rel, key);
        }
        let sinr = isac_metrics::sinr(f.problem.channel(), w.as_ref(), f.problem.noise()).unwrap();
        for (got, expected) in sinr.iter().zip(list(&expected["sinr"])) {
            close(*got, expected, rel, "sinr");
        }
        if expected.get("gradient").is_some() {
            let gradient = f.problem.gradient(w.as_ref()).unwrap();
            let stated = matrix(&expected["gradient"]);
            compare(gradient.as_ref(), stated.as_ref(), rel, 0.0).unwrap();
        }
    }
}

fn algorithm1(f: &Fixture, coordinates: Coordinates) {
    for (key, shift, auxiliaries) in [
        ("algorithm1_lambda_comm", Shift::Comm, Auxiliaries::Exact),
        (
            "algorithm1_lambda_dominant",
            Shift::Dominant,
            Auxiliaries::Exact,
        ),
        (
            "algorithm1_as_released",
            Shift::Comm,
            Auxiliaries::WithoutSensing,
        ),
    ] {
        let options = Options {
            shift,
            auxiliaries,
            coordinates,
            ..Options::released()
        };
        let run = sca::solve(&f.problem, f.start.as_ref(), &options).unwrap();
        let expected = &f.json["expected"][key];
        close(
            run.merit.objective,
            expected["objective"].as_f64().unwrap(),
            1e-9,
            key,
        );
        assert_eq!(
            run.iterations,
            expected["iterations"].as_u64().unwrap() as usize,
            "{key}"
        );
        if let Some(stated) = expected["objective_after_20_iterations"].as_f64() {
            close(run.trace[19].objective, stated, 1e-10, "after 20");
        }
        if expected["monotone"] == true {
            assert_eq!(run.falls, 0, "{key}");
        }
        assert!(run.violation < 1e-12);
    }
}

#[test]
fn metrics_match() {
    metrics(&fixture(2));
}

#[test]
fn algorithm1_matches_in_reduced_coordinates() {
    algorithm1(&fixture(2), Coordinates::ReducedExact);
}

#[test]
fn algorithm1_matches_in_full_dimension() {
    algorithm1(&fixture(2), Coordinates::Full);
}

#[test]
#[ignore = "reads ../shared/fixtures: released channels are not copied"]
fn released_channels_match() {
    for number in [1, 3] {
        metrics(&fixture(number));
        algorithm1(&fixture(number), Coordinates::ReducedExact);
    }
}
