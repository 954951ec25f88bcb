//! Families of random programs: verdicts near the edge of feasibility, degenerate and badly scaled
//! data, invariances.

use isac_conic::{Affine, Coefficient, Form, Options, Outcome, Program, Solution};
use isac_linalg::{Mat, c64, factor, ops};
use isac_opt::s_procedure::RobustQuadratic;

fn sample(n: usize, k: usize, seed: u32) -> Mat<c64> {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(977);
    let mut next = || {
        let mut sum = -6.0;
        for _ in 0..12 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            sum += f64::from(state >> 8) / f64::from(1 << 24);
        }
        sum / 2.0_f64.sqrt()
    };
    Mat::from_fn(n, k, |_, _| c64::new(next(), next()))
}

/// Least total trace of `k` blocks whose ratios on the vectors `h` reach `gamma`, with two further
/// quadratic floors whose values may differ by little; an optional cap on the total trace.
struct Family {
    h: Mat<c64>,
    a: Mat<c64>,
    gamma: f64,
    noise: f64,
}

impl Family {
    fn new(n: usize, seed: u32) -> Self {
        Self {
            h: sample(n, 3, seed),
            a: sample(n, 2, seed + 1000),
            gamma: 10.0,
            noise: 0.1,
        }
    }

    fn program(&self, cap: Option<f64>) -> Program {
        let mut p = Program::new();
        let total = self.build(&mut p);
        match cap {
            Some(cap) => {
                p.at_most("cap", total, cap);
            }
            None => p.minimise(total),
        }
        p
    }

    /// Adds variables and constraints; returns the total trace.
    fn build(&self, p: &mut Program) -> Affine {
        let (n, k) = (self.h.nrows(), self.h.ncols());
        let w: Vec<_> = (0..k).map(|i| p.psd(format!("W{i}"), n)).collect();
        for i in 0..k {
            for l in i..k {
                let h = self.h.col(l);
                let mut row = w[i].quadratic(h) * (1.0 / self.gamma);
                for later in &w[i + 1..] {
                    row -= later.quadratic(h);
                }
                p.at_least(format!("ratio {i} {l}"), row, self.noise);
            }
        }
        let floor = |m: usize| w.iter().map(|w| w.quadratic(self.a.col(m))).sum::<Affine>();
        for m in 0..2 {
            p.at_least(format!("floor {m}"), floor(m), 2.0);
        }
        p.at_most("above", floor(0) - floor(1), 1e-3);
        p.at_least("below", floor(0) - floor(1), -1e-3);
        w.iter().map(|w| w.trace()).sum()
    }
}

fn solution(program: &Program, options: &Options) -> Solution {
    match program.solve(options).unwrap() {
        Outcome::Solved(solution) => solution,
        other => panic!(
            "{options:?}: {} {:?}",
            other.name(),
            other.solution().map(|s| s.dimacs)
        ),
    }
}

#[test]
fn verdicts_near_the_edge_are_never_wrong() {
    let options = Options::default();
    let mut unknown = 0;
    for (n, seed) in [(4, 1), (6, 2), (8, 3)] {
        let family = Family::new(n, seed);
        let best = solution(&family.program(None), &options);
        assert!(best.dimacs.worst() <= 1e-8, "{:?}", best.dimacs);
        for ratio in [0.3, 0.9, 0.99, 0.999, 0.9999, 1.0001, 1.001, 1.01, 2.0] {
            for reduce in [true, false] {
                let options = Options {
                    reduce,
                    ..options.clone()
                };
                let program = family.program(Some(ratio * best.objective));
                match program.solve(&options).unwrap() {
                    Outcome::Solved(s) => {
                        assert!(ratio > 1.0, "n {n} ratio {ratio} solved");
                        assert!(
                            s.dimacs.worst() <= 1e-8,
                            "n {n} ratio {ratio} {:?}",
                            s.dimacs
                        );
                    }
                    Outcome::Infeasible(proof) => {
                        assert!(ratio < 1.0, "n {n} ratio {ratio} infeasible");
                        assert!(proof.error <= options.ray_tolerance);
                    }
                    other => {
                        println!("n {n} ratio {ratio} reduce {reduce}: {}", other.name());
                        unknown += 1;
                    }
                }
            }
        }
    }
    assert_eq!(unknown, 0);
}

#[test]
fn reduced_full_primal_and_dual_agree() {
    for seed in 1..4 {
        let family = Family::new(6, seed);
        let program = family.program(None);
        let mut values = Vec::new();
        for reduce in [true, false] {
            for form in [Form::Primal, Form::Dual] {
                let options = Options {
                    reduce,
                    form,
                    ..Options::default()
                };
                let s = solution(&program, &options);
                assert!(s.dimacs.worst() <= 1e-8, "{options:?} {:?}", s.dimacs);
                assert_eq!(s.reductions.iter().map(|r| r.to).max(), reduce.then_some(5));
                values.push(s.objective);
            }
        }
        for v in &values {
            assert!(
                (v - values[0]).abs() <= 1e-7 * values[0].abs(),
                "{values:?}"
            );
        }
    }
}

#[test]
fn a_unitary_change_of_basis_changes_nothing() {
    let mut family = Family::new(7, 5);
    let value = solution(&family.program(None), &Options::default()).objective;
    let (q, _) = factor::qr_thin(sample(7, 7, 99).as_ref());
    family.h = ops::mul(q.as_ref(), family.h.as_ref());
    family.a = ops::mul(q.as_ref(), family.a.as_ref());
    let turned = solution(&family.program(None), &Options::default()).objective;
    assert!((value - turned).abs() <= 1e-8 * value);
}

#[test]
fn collinear_data_and_badly_scaled_data() {
    for scale in [1e-6, 1.0, 1e6] {
        let mut family = Family::new(6, 7);
        // The second target is the first one: rank 4 instead of 5.
        family.a = Mat::from_fn(6, 2, |i, _| family.a[(i, 0)]);
        let value = solution(&family.program(None), &Options::default());
        assert_eq!(value.reductions[0].to, 4);
        // h scaled, noise by the square: the optimum stays.
        ops::scale(family.h.as_mut(), scale);
        family.noise *= scale * scale;
        let scaled = solution(&family.program(None), &Options::default());
        assert!(scaled.dimacs.worst() <= 1e-8, "{scale} {:?}", scaled.dimacs);
        let difference = (scaled.objective - value.objective).abs();
        assert!(
            difference <= 1e-6 * value.objective,
            "{scale}: {difference}"
        );
    }
}

#[test]
fn duplicate_zero_and_redundant_rows() {
    let family = Family::new(5, 9);
    let value = solution(&family.program(None), &Options::default()).objective;
    for form in [Form::Primal, Form::Dual] {
        let mut p = Program::new();
        let total = family.build(&mut p);
        let x = p.psd("X", 3);
        let corner = Coefficient::sparse(&[(0, 0, c64::ONE)]);
        p.equal("corner", x.inner(corner.clone()), 1.0);
        p.equal("corner again", x.inner(corner.clone().scaled(2.0)), 2.0);
        p.equal("nothing", x.inner(corner.clone().scaled(0.0)), 0.0);
        p.at_least("always", x.trace(), -1.0);
        let one = p.psd("one by one", 1);
        p.at_least("scalar", one.trace(), 0.5);
        p.minimise(total + x.trace() + one.trace());
        let options = Options {
            form,
            ..Options::default()
        };
        let s = solution(&p, &options);
        assert!(s.dimacs.worst() <= 1e-8, "{:?}", s.dimacs);
        assert!((s.objective - value - 1.5).abs() <= 1e-7 * value);
    }
}

#[test]
fn the_bound_holds_and_is_close() {
    for form in [Form::Primal, Form::Dual] {
        let options = Options {
            form,
            ..Options::default()
        };
        let exact = Options {
            tolerance: 1e-11,
            ..options.clone()
        };
        let rough = Options {
            tolerance: 1e-5,
            accept: 1e-3,
            ..options
        };
        let program = Family::new(6, 4).program(None);
        let best = solution(&program, &exact).objective;
        for options in [exact, rough] {
            let s = solution(&program, &options);
            let bound = s.bound.unwrap();
            assert!(bound <= best * (1.0 + 1e-10), "{bound} {best}");
            assert!(bound >= best * (1.0 - 1e3 * options.tolerance));
        }
    }
}

/// Least total power of two covariances whose worst-case ratios over balls around the channels reach
/// 4, as S-procedure blocks, with a cap per diagonal entry.
fn robust(n: usize, seed: u32, power: Option<f64>) -> Program {
    let h = sample(n, 2, seed);
    let mut p = Program::new();
    let w: Vec<_> = (0..2).map(|k| p.psd(format!("W{k}"), n)).collect();
    for k in 0..2 {
        let mut quadratic = RobustQuadratic::ball(n, 0.1).unwrap();
        quadratic.add_form(w[k].expr() * 0.25 + w[1 - k].expr() * -1.0, h.col(k));
        quadratic.add_constant(-0.1);
        quadratic.impose(&mut p, &format!("robust {k}"));
    }
    for i in 0..n {
        let unit = Coefficient::sparse(&[(i, i, c64::ONE)]);
        let own: Affine = w.iter().map(|w| w.inner(unit.clone())).sum();
        p.at_most(format!("entry {i}"), own, 50.0);
    }
    let total: Affine = w.iter().map(|w| w.trace()).sum();
    match power {
        Some(cap) => {
            p.at_most("cap", total, cap);
        }
        None => p.minimise(total),
    }
    p
}

#[test]
fn robust_programs_near_the_edge_of_feasibility() {
    let options = Options::default();
    for (n, seed) in [(2, 1), (3, 2), (4, 3)] {
        let best = solution(&robust(n, seed, None), &options);
        assert!(best.dimacs.worst() <= 1e-8, "{n} {:?}", best.dimacs);
        for ratio in [0.3, 0.9, 0.99, 0.999, 0.9999, 1.0001, 1.001] {
            let program = robust(n, seed, Some(ratio * best.objective));
            match program.solve(&options).unwrap() {
                Outcome::Solved(s) => {
                    assert!(ratio > 1.0, "{n} {ratio}");
                    assert!(s.dimacs.worst() <= 1e-8, "{n} {ratio} {:?}", s.dimacs);
                }
                Outcome::Infeasible(_) => assert!(ratio < 1.0, "{n} {ratio}"),
                Outcome::Unknown(_) => println!("{n} {ratio} unknown"),
                other => panic!("{n} {ratio} {}", other.name()),
            }
        }
    }
}

/// Rows scaled by factors from 1e-6 to 1e6 are the same rows.
#[test]
fn rows_of_very_different_size() {
    let n = 5;
    let (h, a) = (sample(n, 3, 21), sample(n, 2, 22));
    let program = |factors: &[f64]| {
        let mut p = Program::new();
        let w = p.psd("W", n);
        let columns = (0..3).map(|k| h.col(k)).chain((0..2).map(|k| a.col(k)));
        for (k, (column, factor)) in columns.zip(factors).enumerate() {
            let row = w.quadratic(column) * *factor;
            p.at_least(format!("row {k}"), row, (1.0 + k as f64) * factor);
        }
        p.minimise(w.trace());
        p
    };
    let even = solution(&program(&[1.0; 5]), &Options::default());
    let uneven = solution(&program(&[1e-6, 1e6, 1.0, 1e3, 1e-3]), &Options::default());
    for s in [&even, &uneven] {
        assert!(s.dimacs.worst() <= 1e-8, "{:?}", s.dimacs);
    }
    let difference = (even.objective - uneven.objective).abs();
    assert!(difference <= 1e-7 * even.objective, "{difference}");
}
