//! Units change nothing: data scaled by powers of ten over thirty decades, points of any size.

use isac_conic::{Affine, Coefficient, Options, Outcome, Program, Solution, sdpa};
use isac_linalg::{Col, Mat, c64};
use isac_opt::s_procedure::RobustQuadratic;

fn solved(program: &Program) -> Solution {
    match program.solve(&Options::default()).unwrap() {
        Outcome::Solved(solution) => solution,
        other => panic!("{}: {:?}", other.name(), other.solution().map(|s| s.dimacs)),
    }
}

/// `max t` with `(h + d)^H W (h + d) >= t` for all `|d| <= f |h|` and `tr W <= 1`: by hand
/// `((1 - f) |h|)^2`, all power along `h`.
#[test]
fn a_robust_value_of_any_unit() {
    for n in [1, 4] {
        for f in [0.5, 0.9] {
            for s in [1e-7, 1e-6, 1e-3, 1.0, 1e3, 1e6] {
                let h = Col::from_fn(n, |i| c64::new((1.0 + i as f64) * s, 0.5 * s));
                let norm = (0..n).map(|i| h[i].norm_sqr()).sum::<f64>().sqrt();
                let mut p = Program::new();
                let (w, t) = (p.psd("W", n), p.free("t"));
                p.at_most("power", w.trace(), 1.0);
                let mut r = RobustQuadratic::ball(n, f * norm).unwrap();
                r.add_form(w.expr(), h.as_ref());
                r.add_constant(t * -1.0);
                r.impose(&mut p, "robust");
                p.maximise(t);
                // Multipliers of 1e12 keep 1e-4 of a sign: the value is right, the verdict modest.
                let outcome = p.solve(&Options::default()).unwrap();
                let value = outcome.solution().unwrap().objective;
                let expected = ((1.0 - f) * norm).powi(2);
                let error = (value - expected).abs() / expected;
                assert!(error < 1e-6, "n {n} f {f} s {s:e}: {value:e} {expected:e}");
            }
        }
    }
}

/// `min sum parts^2` of `parts = (x - a) u` with `x` confined to `[0, a/2] u`: `(a u / 2)^2`, watts or
/// picowatts.
#[test]
fn squares_of_any_unit() {
    for u in [1e-13, 1e-6, 1.0, 1e7] {
        let mut p = Program::new();
        let (x, t) = (p.nonneg("x"), p.free("t"));
        p.at_most("cap", Affine::from(x), 1.5 * u);
        p.squares_at_most("square", vec![Affine::from(x) - 3.0 * u], t, 1.0);
        p.minimise(t);
        let value = solved(&p).objective;
        let expected = (1.5 * u).powi(2);
        assert!(
            (value - expected).abs() < 1e-5 * expected,
            "{u:e}: {value:e} {expected:e}"
        );
    }
}

/// Least trace with quadratic floors, its objective, its constraints and its matrices scaled: the optimum
/// scales with them. The unscaled value is the reference for all others.
#[test]
fn thirty_decades_of_objective_constraint_and_matrix() {
    let entry = |i: usize, k: usize| {
        c64::new(
            (1.3 * i as f64 + k as f64).sin(),
            (i as f64 - 2.1 * k as f64).cos(),
        )
    };
    let h = Mat::from_fn(4, 3, entry);
    let value = |cost: f64, right: f64, data: f64| {
        let mut p = Program::new();
        let w = p.psd("W", 4);
        for k in 0..3 {
            let row = w.inner(Coefficient::rank_one(h.col(k)).scaled(data));
            p.at_least(format!("floor {k}"), row, (1.0 + k as f64) * right);
        }
        p.minimise(w.trace() * cost);
        solved(&p).objective / (cost * right / data)
    };
    let reference = value(1.0, 1.0, 1.0);
    for power in [-15, -10, -4, 4, 10, 15] {
        let s = 10.0_f64.powi(power);
        for (cost, right, data) in [(s, 1.0, 1.0), (1.0, s, 1.0), (1.0, 1.0, s), (s, s, s)] {
            let error = (value(cost, right, data) - reference).abs() / reference;
            assert!(error < 1e-8, "{cost:e} {right:e} {data:e}: {error:e}");
        }
    }
}

/// Channels over the noise in watts or in 2^-40 W beside steering vectors without a unit: the same program,
/// and the same solution to the last bit, though the vectors' bits sort in another order.
#[test]
fn a_power_of_two_inside_the_data_moves_no_bit() {
    for seed in 0..20 {
        let entry = |i: usize, k: usize| {
            let t = (i + 7 * k + 31 * seed) as f64;
            c64::new((1.3 * t).sin(), (0.7 * t).cos())
        };
        let h = Mat::from_fn(9, 5, entry);
        let solution = |unit: f64| {
            let mut p = Program::new();
            let w = p.psd("W", 9);
            for k in 0..5 {
                // Two of the vectors keep their unit.
                let size = if k < 3 { unit } else { 1.0 };
                let v = Col::from_fn(9, |i| h[(i, k)] * size);
                let form = w.quadratic(v.as_ref()) * (1.0 / (size * size));
                p.at_least(format!("floor {k}"), form, 1.0 + k as f64);
            }
            p.minimise(w.trace());
            let solution = solved(&p);
            (solution.objective, solution.matrix(w).unwrap().clone())
        };
        let watts = solution(1.0);
        for unit in [2f64.powi(20), 2f64.powi(-20)] {
            let (objective, matrix) = solution(unit);
            assert_eq!(
                objective.to_bits(),
                watts.0.to_bits(),
                "seed {seed}, {unit:e}"
            );
            assert_eq!(matrix, watts.1, "seed {seed}, {unit:e}");
        }
    }
}

fn file(text: &str) -> Outcome {
    let problem = sdpa::read(text.as_bytes()).unwrap();
    problem.solve(&Options::default()).unwrap()
}

/// Feasible programs whose points are large are solved: closed forms beside each.
#[test]
fn large_points_are_found() {
    // x with [[x, 1], [1, e]] >= 0: x >= 1/e.
    for power in [-4, -7, -10, -12] {
        let e = 10.0_f64.powi(power);
        let text = format!("1\n1\n2\n1\n0 1 1 2 -1\n0 1 2 2 -{e:e}\n1 1 1 1 1\n");
        let outcome = file(&text);
        let value = outcome.solution().unwrap().objective;
        assert!((value * e - 1.0).abs() < 1e-6, "{e:e}: {value:e}");
    }
    // x2 with [[1, x1], [x1, x2]] >= 0 and x1 >= r: r^2.
    for power in [2, 4, 5, 6] {
        let r = 10.0_f64.powi(power);
        let text = format!(
            "2\n2\n2 -1\n0.0 1.0\n0 1 1 1 -1.0\n0 2 1 1 {r:e}\n1 1 1 2 1.0\n1 2 1 1 1.0\n2 1 2 2 1.0\n"
        );
        let outcome = file(&text);
        let value = outcome.solution().unwrap().objective;
        assert!((value / (r * r) - 1.0).abs() < 1e-6, "{r:e}: {value:e}");
    }
    // Trace of the P >= 0 with A^T P + P A + I <= 0 for A = [-1, 2; 0, -e]: P solves the equation,
    // P11 = 1/2, P12 = 1/(1 + e), P22 = (1 + 4 P12)/(2 e).
    for power in [-3, -6, -9] {
        let e = 10.0_f64.powi(power);
        let text = format!(
            "3\n2\n2 2\n1.0 0.0 1.0\n0 1 1 1 1.0\n0 1 2 2 1.0\n1 1 1 1 2.0\n1 1 1 2 -2.0\n1 2 1 1 1.0\n\
             2 1 1 2 {}\n2 1 2 2 -4.0\n2 2 1 2 1.0\n3 1 2 2 {}\n3 2 2 2 1.0\n",
            1.0 + e,
            2.0 * e
        );
        let expected = 0.5 + (1.0 + 4.0 / (1.0 + e)) / (2.0 * e);
        let outcome = file(&text);
        let value = outcome.solution().unwrap().objective;
        assert!(
            (value / expected - 1.0).abs() < 1e-6,
            "{e:e}: {value:e} {expected:e}"
        );
    }
    // x >= v.
    for power in [-15, -10, -3, 6] {
        let v = 10.0_f64.powi(power);
        let outcome = file(&format!("1\n1\n-1\n1\n0 1 1 1 {v:e}\n1 1 1 1 1\n"));
        let value = outcome.solution().unwrap().objective;
        assert!((value / v - 1.0).abs() < 1e-6, "{v:e}: {value:e}");
    }
}
