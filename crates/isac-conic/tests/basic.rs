//! Textbook programs with known optimum, each in both standard forms, certificate asserted.

use isac_conic::{
    Affine, Coefficient, Form, HermitianAffine, Options, Outcome, Program, Solution, Why, parts,
};
use isac_linalg::{Mat, c64, factor, ops};

fn forms() -> [Options; 2] {
    [Form::Primal, Form::Dual].map(|form| Options {
        form,
        ..Options::default()
    })
}

fn sample(n: usize, k: usize, seed: u32) -> Mat<c64> {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(12345);
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(state >> 8) / f64::from(1 << 24) - 0.5
    };
    Mat::from_fn(n, k, |_, _| c64::new(next(), next()) * 2.0)
}

fn solved(program: &Program, options: &Options) -> Solution {
    match program.solve(options) {
        Ok(Outcome::Solved(solution)) => {
            assert!(
                solution.dimacs.worst() < 1e-8,
                "{options:?} {:?}",
                solution.dimacs
            );
            solution
        }
        other => panic!("{options:?}: {other:?}"),
    }
}

#[test]
fn smallest_eigenvalue_three_ways() {
    let a = isac_linalg::hermitian::hermitian_part(sample(6, 6, 1).as_ref());
    let least = factor::eigvalsh(a.as_ref()).unwrap()[0];
    for options in forms() {
        // min <A, X>, tr X = 1.
        let mut p = Program::new();
        let x = p.psd("X", 6);
        let trace = p.equal("trace", x.trace(), 1.0);
        p.minimise(x.inner(Coefficient::dense(a.clone())));
        let s = solved(&p, &options);
        assert!((s.objective - least).abs() < 1e-8);
        assert!((s.dual(trace).unwrap() - least).abs() < 1e-7);

        // max t, A - t I >= 0.
        let mut p = Program::new();
        let t = p.free("t");
        let mut slack = HermitianAffine::constant(a.clone());
        slack.add_term(-t, Coefficient::identity());
        let lmi = p.lmi("slack", slack);
        p.maximise(t);
        let s = solved(&p, &options);
        assert!((s.scalar(t).unwrap() - least).abs() < 1e-8);
        let u = s.lmi_dual(lmi).unwrap();
        assert!((ops::inner(u.as_ref(), a.as_ref()) - least).abs() < 1e-7);
    }
}

#[test]
fn linear_program_with_all_kinds_of_rows() {
    // min -x - 2y  s.t. x + y <= 4, x - y >= -2, x = z, x, y >= 0: x = 1, y = 3.
    for options in forms() {
        let mut p = Program::new();
        let (x, y, z) = (p.nonneg("x"), p.nonneg("y"), p.free("z"));
        let sum = p.at_most("sum", x + y, 4.0);
        let difference = p.at_least("difference", x - y, -2.0);
        let tie = p.equal("tie", x, z);
        p.minimise(x * -1.0 - y * 2.0);
        let s = solved(&p, &options);
        assert!(
            (s.scalar(z).unwrap() - 1.0).abs() < 1e-7 && (s.scalar(y).unwrap() - 3.0).abs() < 1e-7
        );
        assert!((s.dual(sum).unwrap() + 1.5).abs() < 1e-6);
        assert!((s.dual(difference).unwrap() - 0.5).abs() < 1e-6);
        assert!(s.dual(tie).unwrap().abs() < 1e-6);
    }
}

#[test]
fn least_norm_and_its_epigraph() {
    // min |w| s.t. Re(c^H w) >= 1: |w| = 1/|c|.
    let c = sample(5, 1, 3);
    let norm = ops::norm(c.as_ref());
    for options in forms() {
        let mut p = Program::new();
        let (w, t) = (p.vector("w", 5), p.free("t"));
        let cone = p.norm_at_most("norm", w.parts(), t);
        p.at_least("unit", w.dot(c.col(0)).re, 1.0);
        p.minimise(t);
        let s = solved(&p, &options);
        assert!((s.objective - 1.0 / norm).abs() < 1e-8);
        assert!((ops::norm(s.vector(w).unwrap().as_ref()) - 1.0 / norm).abs() < 1e-7);
        assert!((s.cone_dual(cone).unwrap()[0] - 1.0).abs() < 1e-7);

        // The square of the same.
        let mut p = Program::new();
        let (w, t) = (p.vector("w", 5), p.free("t"));
        p.squares_at_most("square", w.parts(), t, Affine::constant(1.0));
        p.at_least("unit", w.dot(c.col(0)).re, 1.0);
        p.minimise(t);
        let s = solved(&p, &options);
        assert!((s.objective - 1.0 / (norm * norm)).abs() < 1e-8);
    }
}

#[test]
fn schur_block_of_a_vector() {
    // min tr X s.t. [X, A w; ., 1] >= 0, Re(c^H w) = 1, i.e. min |A w|^2.
    let (a, c) = (sample(3, 4, 5), sample(4, 1, 6));
    let gram = ops::adjoint_mul(a.as_ref(), a.as_ref());
    let regular = ops::shifted(gram.as_ref(), 0.3);
    let solution = factor::solve(regular.as_ref(), c.as_ref()).unwrap();
    let expected = 1.0 / ops::dot(c.col(0), solution.col(0)).re;
    for options in forms() {
        let mut p = Program::new();
        let (x, w, t) = (p.hermitian("X", 3), p.vector("w", 4), p.free("t"));
        let mut block = x.expr().embedded(4, 0);
        block.add_column(0, 3, w.image(a.as_ref()));
        block.add_diagonal(3, 1.0);
        p.lmi("schur", block);
        let weighted = w.parts().into_iter().map(|e| e * 0.3_f64.sqrt()).collect();
        p.squares_at_most("ridge", weighted, t, 1.0);
        p.equal("unit", w.dot(c.col(0)).re, 1.0);
        p.minimise(x.trace() + t);
        let s = solved(&p, &options);
        assert!((s.objective - expected).abs() < 1e-8 * (1.0 + expected));
    }
}

#[test]
fn relaxation_of_a_sinr_and_its_reduction() {
    // max h1^H W h1 s.t. h2^H W h2 + t = 1, tr W <= 10 t.
    let h = sample(7, 2, 8);
    let mut covariance = ops::mul_adjoint(h.as_ref().subcols(1, 1), h.as_ref().subcols(1, 1));
    covariance = ops::shifted(covariance.as_ref(), 0.1);
    let whitened = factor::solve(covariance.as_ref(), h.as_ref().subcols(0, 1)).unwrap();
    let expected = ops::dot(h.col(0), whitened.col(0)).re;
    for mut options in forms() {
        for reduce in [false, true] {
            options.reduce = reduce;
            let mut p = Program::new();
            let w = p.psd("W", 7);
            let t = p.nonneg("t");
            p.equal("scale", w.quadratic(h.col(1)) + t, 1.0);
            p.at_most("power", w.trace(), t * 10.0);
            p.maximise(w.quadratic(h.col(0)));
            let s = solved(&p, &options);
            assert!((s.objective - expected).abs() < 1e-7 * expected);
            assert_eq!(s.reductions.first().map(|r| r.to), reduce.then_some(2));
        }
    }
}

#[test]
fn congruence_and_complex_cross_terms() {
    // The S-procedure: least t with t - x^H A x >= 0 on |x| <= 1 is the top eigenvalue (A > 0).
    let g = sample(4, 4, 11);
    let a = ops::mul_adjoint(g.as_ref(), g.as_ref());
    let top = factor::eigvalsh(a.as_ref()).unwrap()[3];
    for options in forms() {
        let mut p = Program::new();
        let x = p.hermitian("X", 4);
        for j in 0..4 {
            for i in 0..=j {
                let unit =
                    |k: usize| Mat::from_fn(4, 1, |r, _| if r == k { c64::ONE } else { c64::ZERO });
                let entry = x.cross(unit(i).col(0), unit(j).col(0));
                p.equal("re", entry.re, a[(i, j)].re);
                if i != j {
                    p.equal("im", entry.im, a[(i, j)].im);
                }
            }
        }
        let (t, lambda) = (p.free("t"), p.nonneg("lambda"));
        let mut block = (x.expr() * -1.0).embedded(5, 0);
        for i in 0..4 {
            block.add_diagonal(i, lambda);
        }
        block.add_diagonal(4, t - lambda);
        p.lmi("s-procedure", block);
        p.minimise(t);
        let s = solved(&p, &options);
        assert!((s.objective - top).abs() < 1e-7 * top);
    }
}

#[test]
fn infeasible_and_unbounded_programs_are_certified() {
    for options in forms() {
        // tr X <= 1 and X_00 >= 2.
        let mut p = Program::new();
        let x = p.psd("X", 3);
        let unit = Mat::from_fn(3, 1, |i, _| if i == 0 { c64::ONE } else { c64::ZERO });
        p.at_most("trace", x.trace(), 1.0);
        p.at_least("corner", x.quadratic(unit.col(0)), 2.0);
        p.minimise(x.trace());
        match p.solve(&options).unwrap() {
            Outcome::Infeasible(proof) => assert!(proof.error <= 1e-8),
            other => panic!("{other:?}"),
        }

        // max X_00 with X_11 <= 1.
        let mut p = Program::new();
        let x = p.psd("X", 3);
        let other = Mat::from_fn(3, 1, |i, _| if i == 1 { c64::ONE } else { c64::ZERO });
        p.at_most("corner", x.quadratic(other.col(0)), 1.0);
        p.maximise(x.quadratic(unit.col(0)));
        match p.solve(&options).unwrap() {
            Outcome::Unbounded(ray) => {
                assert!(ray.error <= 1e-8);
                assert!((ray.direction.matrix(x).unwrap()[(0, 0)].re - 1.0).abs() < 1e-6);
            }
            other => panic!("{other:?}"),
        }

        // A constraint without variables.
        let mut p = Program::new();
        let x = p.nonneg("x");
        p.equal("empty", Affine::constant(0.0), 1.0);
        p.minimise(x);
        assert!(matches!(p.solve(&options).unwrap(), Outcome::Infeasible(_)));
    }
}

/// Every operator gives the expression that its sign says: evaluated at a point that equations fix.
#[test]
fn operators_mean_what_they_say() {
    let mut p = Program::new();
    let (x, y) = (p.free("x"), p.free("y"));
    let w = p.vector("w", 2);
    let m = p.psd("M", 2);
    p.equal("x", x, 3.0);
    p.equal("y", y, -0.5);
    p.equal("re 0", w.entry(0).re, 1.0);
    p.equal("im 0", w.entry(0).im, 2.0);
    p.equal("re 1", w.entry(1).re, -1.0);
    p.equal("im 1", w.entry(1).im, 0.5);
    p.lmi(
        "M",
        m.expr() - HermitianAffine::constant(Mat::identity(2, 2)),
    );
    p.minimise(m.trace());
    let outcome = p.solve(&Options::default()).unwrap();
    assert!(
        outcome.to_string().starts_with("solved: objective 2"),
        "{outcome}"
    );
    let s = outcome.into_solution().unwrap();
    let sum = &(x + y) * 2.0;
    let mut changed = 1.0 - &sum;
    changed -= y;
    changed *= 4.0;
    changed /= -2.0;
    for (expression, value) in [
        (2.0 * x, 6.0),
        (1.0 - x, -2.0),
        (1.0 + y, 0.5),
        (x / 4.0, 0.75),
        (-x - y, -2.5),
        (1.0 - sum.clone(), -4.0),
        (0.5 + &sum - 1.0, 4.5),
        (0.5 * &sum + x, 5.5),
        (&sum + y - &sum, -0.5),
        (-&sum / 5.0, -1.0),
        (changed, 7.0),
        ([x, y].into_iter().sum(), 2.5),
        ([&sum, &sum].into_iter().sum(), 10.0),
    ] {
        let got = s.point.value(&expression).unwrap();
        assert!((got - value).abs() < 1e-9, "{got} for {value}");
    }
    let unit = c64::new(0.0, 1.0);
    let (first, second) = (w.entry(0), w.entry(1));
    let mut sum = first.clone() + second.clone();
    sum += second.clone();
    for (expression, value) in [
        (sum, c64::new(-1.0, 3.0)),
        (unit * first.clone(), c64::new(-2.0, 1.0)),
        (first.clone() * unit, c64::new(-2.0, 1.0)),
        (-&first / 2.0, c64::new(-0.5, -1.0)),
        (2.0 * &first - second.clone(), c64::new(3.0, 3.5)),
        ([first, second].into_iter().sum(), c64::new(0.0, 2.5)),
        (w.dot(&[unit, c64::ONE]), c64::new(1.0, -0.5)),
        (w.dot(vec![unit, c64::ONE].as_slice()), c64::new(1.0, -0.5)),
    ] {
        let re = s.point.value(&expression.re).unwrap();
        let im = s.point.value(&expression.im).unwrap();
        assert!(
            (re - value.re).abs() < 1e-9 && (im - value.im).abs() < 1e-9,
            "{re} {im}, {value}"
        );
    }
}

/// Free scalars and equations alone: no cone, but the same four answers.
#[test]
fn equations_without_a_cone_are_answered() {
    for options in forms() {
        for (row, column) in [(1.0, 1.0), (1e-13, 1.0), (1e12, 1e-9), (1e-20, 1e6)] {
            let program = |second: [f64; 2], right: [f64; 2], cost: [f64; 2]| {
                let mut p = Program::new();
                let (x, y) = (p.free("x"), p.free("y"));
                let own = row * column;
                p.equal("first", own * x + own * y, right[0] * row);
                p.equal(
                    "second",
                    second[0] * column * x + second[1] * column * y,
                    right[1],
                );
                p.minimise(cost[0] * x + cost[1] * y);
                (p.solve(&options).unwrap(), x, y)
            };
            // x + y = 3, x - y = 1 in units of 1 / column.
            let (outcome, x, y) = program([1.0, -1.0], [3.0, 1.0], [2.0, 3.0]);
            let Outcome::Solved(s) = outcome else {
                panic!("{row:e} {column:e}: {outcome:?}");
            };
            let own = |v| s.point.scalar(v).unwrap() * column;
            assert!((own(x) - 2.0).abs() < 1e-14 && (own(y) - 1.0).abs() < 1e-14);
            assert!((s.objective * column - 7.0).abs() < 1e-13);
            assert!((s.dual_objective * column - 7.0).abs() < 1e-13);
            // The same row twice: a line of points, all of one cost.
            let (outcome, ..) = program([1.0, 1.0], [3.0, 3.0], [2.0, 2.0]);
            let Outcome::Solved(s) = outcome else {
                panic!("{row:e} {column:e}: {outcome:?}");
            };
            assert!((s.objective * column - 6.0).abs() < 1e-13);
            let (outcome, ..) = program([1.0, 1.0], [3.0, 4.0], [2.0, 2.0]);
            assert!(matches!(outcome, Outcome::Infeasible(_)), "{outcome:?}");
            let (outcome, ..) = program([1.0, 1.0], [3.0, 3.0], [2.0, 1.0]);
            assert!(matches!(outcome, Outcome::Unbounded(_)), "{outcome:?}");
        }
    }
}

#[test]
fn complex_norms_and_second_order_variables() {
    // max Re(z0 + z1) s.t. |z| <= 2 for two complex z: 2 sqrt 2.
    for options in forms() {
        let mut p = Program::new();
        let z = p.vector("z", 2);
        p.norm_at_most("ball", parts((0..2).map(|i| z.entry(i))), 2.0);
        p.maximise(z.entry(0).re + z.entry(1).re);
        let s = solved(&p, &options);
        assert!((s.objective - 2.0 * 2.0_f64.sqrt()).abs() < 1e-8);

        // min t s.t. (t, z) in the cone, z1 + 2 z2 = 5.
        let mut p = Program::new();
        let (all, _) = p.second_order("q", 2);
        p.equal("line", all[1] + all[2] * 2.0, 5.0);
        p.minimise(all[0]);
        let s = solved(&p, &options);
        assert!((s.objective - 5.0_f64.sqrt()).abs() < 1e-8);
    }
}

/// The stop is asked before every iteration; the answer then is that of the best point so far, as far off as its
/// errors say, and never more than was reached.
#[test]
fn a_solve_ends_when_it_is_asked_to() {
    let a = isac_linalg::hermitian::hermitian_part(sample(6, 6, 1).as_ref());
    let least = factor::eigvalsh(a.as_ref()).unwrap()[0];
    let mut p = Program::new();
    let x = p.psd("X", 6);
    p.equal("trace", x.trace(), 1.0);
    p.minimise(x.inner(Coefficient::dense(a)));
    for options in forms() {
        let whole = p.solve_until(&options, &|| false).unwrap();
        let whole = whole.solution().unwrap();
        let same = solved(&p, &options);
        assert_eq!(whole.objective.to_bits(), same.objective.to_bits());
        assert_eq!(whole.iterations, same.iterations);
        let after = |most: usize| {
            let asked = std::cell::Cell::new(0);
            let stop = || {
                asked.set(asked.get() + 1);
                asked.get() > most
            };
            p.solve_until(&options, &stop).unwrap()
        };
        let mut stopped = 0;
        for most in 1..whole.iterations {
            match after(most) {
                Outcome::Unknown(unknown) => {
                    assert_eq!(unknown.why, Why::Stopped);
                    let last = unknown.last.unwrap();
                    assert!(last.iterations <= most);
                    assert!(last.dimacs.worst() > options.accept_inaccurate);
                    stopped += 1;
                }
                Outcome::Inaccurate(s) | Outcome::Solved(s) => {
                    assert!(s.iterations <= most);
                    assert!((s.objective - least).abs() <= 4.0 * options.accept_inaccurate);
                    // What is proved holds wherever the run ended.
                    assert!(s.bound.unwrap() <= least + 1e-14);
                }
                other => panic!("{other:?}"),
            }
        }
        assert!(stopped > 2, "{stopped} of {}", whole.iterations);
    }
}
