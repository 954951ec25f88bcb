//! What may be called infeasible, optimal, or neither: small programs whose truth is known by hand.

use isac_conic::{Options, Outcome, sdpa};

fn solve(text: &str) -> Outcome {
    let problem = sdpa::read(text.as_bytes()).unwrap();
    problem.solve(&Options::default()).unwrap()
}

fn value(text: &str) -> f64 {
    let outcome = solve(text);
    assert!(outcome.is_solved(), "{}\n{text}", outcome.name());
    outcome.solution().unwrap().objective
}

/// `x` with `[[x, 1], [1, e]] >= 0`: `1/e`, strictly feasible at `2/e`.
#[test]
fn a_corner_that_needs_a_large_entry() {
    for (e, right) in [("1e-6", 1e6), ("1e-10", 1e10), ("1e-12", 1e12)] {
        let got = value(&format!(
            "1\n1\n2\n1\n0 1 1 2 -1\n0 1 2 2 -{e}\n1 1 1 1 1\n"
        ));
        assert!((got / right - 1.0).abs() < 1e-6, "{e}: {got:e}");
    }
}

/// Least trace of a Lyapunov matrix of `[-1, 2; 0, -e]`: with `P11 = 1/2`, `P12 = 1/(1 + e)` and
/// `P22 = (1 + 4 P12)/(2 e)` it is 2499999998.5 at `e = 1e-9`.
#[test]
fn a_lyapunov_matrix_near_instability() {
    let text = "3\n2\n2 2\n1.0 0.0 1.0\n0 1 1 1 1.0\n0 1 2 2 1.0\n1 1 1 1 2.0\n1 1 1 2 -2.0\n\
                1 2 1 1 1.0\n2 1 1 2 1.000000001\n2 1 2 2 -4.0\n2 2 1 2 1.0\n3 1 2 2 2e-09\n3 2 2 2 1.0\n";
    let got = value(text);
    assert!((got / 2_499_999_998.5 - 1.0).abs() < 1e-6, "{got:e}");
}

/// `x2` with `[[1, x1], [x1, x2]] >= 0` and `x1 >= r`: `r^2`.
#[test]
fn a_square_of_a_large_number() {
    for (r, right) in [("1e3", 1e6), ("1e5", 1e10)] {
        let got = value(&format!(
            "2\n2\n2 -1\n0.0 1.0\n0 1 1 1 -1.0\n0 2 1 1 {r}\n1 1 1 2 1.0\n1 2 1 1 1.0\n2 1 2 2 1.0\n"
        ));
        assert!((got / right - 1.0).abs() < 1e-6, "{r}: {got:e}");
    }
}

/// A zero on the diagonal forces the entry beside it, one of the variables, to zero: the value is 0, or
/// that of what the other variable may still do. The dual has -1 (`Y = diag(0, 0, 1)` and its kin).
#[test]
fn a_duality_gap_is_no_answer() {
    let c5 = "2\n1\n3\n0 1\n0 1 3 3 -1\n1 1 1 1 1\n2 1 1 2 1\n2 1 3 3 1\n";
    let other = "2\n1\n3\n1 0\n0 1 3 3 -1\n1 1 1 2 1\n1 1 3 3 1\n2 1 2 2 1\n";
    for text in [c5, other] {
        let Outcome::IllPosed(gap) = solve(text) else {
            panic!("{}", solve(text).name());
        };
        let (own, dual) = (gap.value.unwrap(), gap.dual_value.unwrap());
        assert!(
            own.abs() < 1e-6 && (dual + 1.0).abs() < 1e-6,
            "{own} {dual}"
        );
    }
    // The same gap in another unit of the objective.
    for unit in [1e-12, 1e-6, 1e9] {
        let text = c5.replace("\n0 1\n", &format!("\n0 {unit:e}\n"));
        let Outcome::IllPosed(gap) = solve(&text) else {
            panic!("{unit:e}: {}", solve(&text).name());
        };
        let (own, dual) = (gap.value.unwrap() / unit, gap.dual_value.unwrap() / unit);
        assert!(
            own.abs() < 1e-6 && (dual + 1.0).abs() < 1e-6,
            "{unit:e}: {own} {dual}"
        );
    }
}

/// Strongly infeasible: `Y = v v^T` with `v = (1, -2, -1)` has `<F_i, Y> = 0` for all i, exactly, and
/// `<F_0, Y> > 0`; no `Y` inside the cone does.
#[test]
fn a_proof_on_a_face_of_integers() {
    let outcome = solve(include_str!("data/strong-margin-1e-4.dat-s"));
    assert!(
        matches!(outcome, Outcome::Infeasible(_)),
        "{}",
        outcome.name()
    );
}

/// `[[x, 1], [1, 0]] >= 0` has no point, by the zero; `[[x, 1], [1, y]] >= 0`, `y <= 1e-8` has one.
#[test]
fn weakly_infeasible_and_feasible_far_away_are_told_apart() {
    let outcome = solve("1\n1\n2\n1\n0 1 1 2 -1\n1 1 1 1 1\n");
    assert!(
        matches!(outcome, Outcome::Infeasible(_)),
        "{}",
        outcome.name()
    );
    let far = "2\n2\n2 -1\n0 0\n0 1 1 2 -1\n0 2 1 1 -1e-8\n1 1 1 1 1\n2 1 2 2 1\n2 2 1 1 -1\n";
    let outcome = solve(far);
    match &outcome {
        Outcome::Solved(_) => {}
        Outcome::NoPointBelow(farkas) => assert!(farkas.radius < 1e9, "{:e}", farkas.radius),
        other => panic!("{}", other.name()),
    }
}
