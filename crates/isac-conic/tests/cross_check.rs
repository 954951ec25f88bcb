//! Two solvers with two lowerings and one judge: verdicts and objectives agree on linear,
//! second-order and semidefinite programs, feasible or not.

use isac_conic::second_opinion::{Agreement, CrossCheck, cross_check};
use isac_conic::{Coefficient, Options, Program, parts};
use isac_linalg::{Mat, c64, factor, ops};
use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};

fn draw(rng: &mut ChaCha8Rng, n: usize, m: usize) -> Mat<c64> {
    Mat::from_fn(n, m, |_, _| {
        c64::new(rng.random_range(-1.0..1.0), rng.random_range(-1.0..1.0))
    })
}

fn same(program: &Program, verdict: &str) -> CrossCheck {
    let check = cross_check(program, &Options::default()).expect("valid input");
    assert_eq!(
        (check.theirs.name(), check.agreement),
        (verdict, Agreement::Same),
        "ours {}, difference {:?}",
        check.ours.name(),
        check.difference
    );
    check
}

#[test]
fn linear_programs() {
    // max x + 2 y, x + y <= 3, y <= 2, x, y >= 0: 5 at (1, 2), multipliers 1 and 1.
    let mut p = Program::new();
    let (x, y) = (p.nonneg("x"), p.nonneg("y"));
    let sum = p.at_most("sum", x + y, 3.0);
    p.at_most("cap", y, 2.0);
    p.maximise(x + y * 2.0);
    let check = same(&p, "solved");
    let theirs = check.theirs.solution().unwrap();
    assert!(
        (theirs.objective - 5.0).abs() < 1e-7 && (theirs.scalar(x).unwrap() - 1.0).abs() < 1e-6
    );
    assert!((theirs.dual(sum).unwrap() - 1.0).abs() < 1e-6);
    let ours = check.ours.solution().unwrap();
    assert!((ours.dual(sum).unwrap() - theirs.dual(sum).unwrap()).abs() < 1e-6);

    p.at_least("too much", x, 4.0);
    same(&p, "infeasible");
    let mut p = Program::new();
    let x = p.free("x");
    p.at_least("floor", x, 1.0);
    p.maximise(x);
    same(&p, "unbounded");
}

#[test]
fn second_order_programs_over_complex_vectors() {
    let mut rng = ChaCha8Rng::seed_from_u64(41);
    for n in [1, 3, 6] {
        // max Re c^H w, |w| <= 2, Re a^H w = 0.1, |B w|^2 <= u.
        let (a, b, c) = (
            draw(&mut rng, n, 1),
            draw(&mut rng, 2, n),
            draw(&mut rng, n, 1),
        );
        let mut p = Program::new();
        let (w, u) = (p.vector("w", n), p.nonneg("u"));
        p.norm_at_most("power", w.parts(), 2.0);
        p.equal("tie", w.dot(a.col(0)).re, 0.1);
        p.squares_at_most("leak", parts(w.image(b.as_ref())), u, 1.0);
        p.maximise(w.dot(c.col(0)).re - u * 0.5);
        let check = same(&p, "solved");
        assert!(check.theirs.solution().unwrap().dimacs.worst() < 1e-7);
    }
}

#[test]
fn order_two_is_a_second_order_cone() {
    let mut rng = ChaCha8Rng::seed_from_u64(42);
    for _ in 0..5 {
        let c = draw(&mut rng, 2, 2);
        let gram = ops::mul_adjoint(c.as_ref(), c.as_ref());
        let mut p = Program::new();
        let w = p.psd("W", 2);
        p.equal("trace", w.trace(), 1.0);
        p.minimise(w.inner(Coefficient::dense(gram.clone())));
        let check = same(&p, "solved");
        let least = factor::eigvalsh(gram.as_ref()).unwrap()[0];
        assert!((check.theirs.solution().unwrap().objective - least).abs() < 1e-7);
        // Its dual as a matrix inequality: max t, G - t I >= 0.
        let mut p = Program::new();
        let t = p.free("t");
        let mut block = isac_conic::HermitianAffine::constant(gram);
        block.add_term(t * -1.0, Coefficient::identity());
        let lmi = p.lmi("shift", block);
        p.maximise(t);
        let check = same(&p, "solved");
        let theirs = check.theirs.solution().unwrap();
        assert!((theirs.objective - least).abs() < 1e-7);
        let trace: f64 = (0..2)
            .map(|i| theirs.lmi_dual(lmi).unwrap()[(i, i)].re)
            .sum();
        assert!((trace - 1.0).abs() < 1e-6);
    }
}

#[cfg(not(feature = "clarabel-sdp"))]
#[test]
fn larger_orders_need_the_feature() {
    let mut p = Program::new();
    let w = p.psd("W", 3);
    p.equal("trace", w.trace(), 1.0);
    let error = cross_check(&p, &Options::default()).unwrap_err();
    assert!(error.to_string().contains("clarabel-sdp"), "{error}");
}

#[cfg(feature = "clarabel-sdp")]
mod semidefinite {
    use super::*;
    use isac_conic::{Affine, HermitianAffine, Outcome};
    use isac_linalg::trust_region::min_over_ball;
    use isac_linalg::{Col, hermitian::hermitian_part};
    use isac_opt::s_procedure::RobustQuadratic;

    /// Least power for quotients of quadratic forms, `K` blocks.
    fn power(
        rng: &mut ChaCha8Rng,
        n: usize,
        users: usize,
        target: f64,
        cap: Option<f64>,
    ) -> Program {
        let h = draw(rng, n, users);
        let mut p = Program::new();
        let w: Vec<_> = (0..users).map(|k| p.psd(format!("W{k}"), n)).collect();
        for k in 0..users {
            let wanted = w[k].quadratic(h.col(k));
            let others = (0..users)
                .filter(|&i| i != k)
                .map(|i| w[i].quadratic(h.col(k)));
            p.at_least(
                format!("user {k}"),
                wanted,
                (others.sum::<Affine>() + 0.1) * target,
            );
        }
        let total: Affine = w.iter().map(|w| w.trace()).sum();
        if let Some(cap) = cap {
            p.at_most("cap", total.clone(), cap);
        }
        p.minimise(total);
        p
    }

    #[test]
    fn power_minimisation_feasible_and_capped() {
        for (seed, n, users) in [(1, 3, 2), (2, 4, 3), (3, 6, 2)] {
            let make = |cap| power(&mut ChaCha8Rng::seed_from_u64(seed), n, users, 2.0, cap);
            let check = same(&make(None), "solved");
            let least = check.ours.solution().unwrap().objective;
            for ratio in [0.3, 0.9, 1.1, 2.0] {
                let capped = cross_check(&make(Some(ratio * least)), &Options::default()).unwrap();
                assert_ne!(capped.agreement, Agreement::Different, "cap at {ratio}");
                let expected = if ratio < 1.0 { "infeasible" } else { "solved" };
                assert_eq!(capped.ours.name(), expected, "cap at {ratio}");
            }
        }
    }

    /// The largest margin that the S-procedure proves is the exact worst case, by both solvers.
    #[test]
    fn s_procedure_margin_is_the_exact_worst_case() {
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        for n in [2, 3, 4] {
            let a = hermitian_part(draw(&mut rng, n, n).as_ref());
            let c = draw(&mut rng, n, 1);
            let exact = min_over_ball(a.as_ref(), c.col(0), 0.4).unwrap().value;
            let mut p = Program::new();
            let margin = p.free("margin");
            let mut quadratic = RobustQuadratic::ball(n, 0.4).unwrap();
            quadratic.add_form(HermitianAffine::constant(a), c.col(0));
            quadratic.add_constant(margin * -1.0);
            quadratic.impose(&mut p, "worst case");
            p.maximise(margin);
            let check = same(&p, "solved");
            for outcome in [&check.ours, &check.theirs] {
                let found = outcome.solution().unwrap().objective;
                assert!(
                    (found - exact).abs() < 1e-6 * (1.0 + exact.abs()),
                    "{found} {exact}"
                );
            }
        }
    }

    /// `[[X, w], [w^H, 1]] >= 0` with `X` free and `w` a vector: congruences, columns, real blocks.
    #[test]
    fn schur_blocks_and_real_matrices() {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let c = draw(&mut rng, 3, 1);
        let mut p = Program::new();
        let (x, w) = (p.hermitian("X", 3), p.vector("w", 3));
        let mut block = x.expr().embedded(4, 0);
        block.add_column(0, 3, (0..3).map(|i| w.entry(i)));
        block.add_diagonal(3, 1.0);
        p.lmi("schur", block);
        p.minimise(x.trace() - w.dot(c.col(0)).re * 2.0);
        // min |w|^2 - 2 Re c^H w = -|c|^2.
        let check = same(&p, "solved");
        let expected = -ops::norm2(c.as_ref());
        assert!((check.theirs.solution().unwrap().objective - expected).abs() < 1e-6);

        let mut p = Program::new();
        let x = p.symmetric_psd("X", 4);
        for i in 0..4 {
            p.equal(
                format!("diagonal {i}"),
                x.inner(Coefficient::sparse(&[(i, i, c64::ONE)])),
                1.0,
            );
        }
        let ring: Vec<_> = (0..4)
            .map(|i| (i.min((i + 1) % 4), i.max((i + 1) % 4), c64::ONE))
            .collect();
        p.minimise(x.inner(Coefficient::sparse(&ring)));
        // The even cycle is cut completely: every edge contributes 2 times -1.
        let check = same(&p, "solved");
        assert!((check.theirs.solution().unwrap().objective + 8.0).abs() < 1e-5);
    }

    #[test]
    fn infeasible_matrix_inequality() {
        let mut p = Program::new();
        let t = p.nonneg("t");
        // diag(-1, 1 + t, 1) can never be positive semidefinite.
        let mut block = HermitianAffine::constant(Mat::from_fn(3, 3, |i, j| {
            c64::from(if i != j {
                0.0
            } else if i == 0 {
                -1.0
            } else {
                1.0
            })
        }));
        let e = Col::from_fn(3, |i| c64::from(if i == 1 { 1.0 } else { 0.0 }));
        block.add_term(t, Coefficient::rank_one(e.as_ref()));
        p.lmi("never", block);
        p.minimise(t);
        let check = same(&p, "infeasible");
        let Outcome::Infeasible(proof) = check.theirs else {
            panic!("a proof")
        };
        assert!(proof.error <= 1e-8);
    }
}
