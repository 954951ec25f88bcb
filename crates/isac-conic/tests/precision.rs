//! How accurate answers get and what the continuation in higher precision adds.

use isac_conic::{
    Affine, Coefficient, Form, HermitianAffine, Options, Outcome, Program, Solution, parts,
};
use isac_linalg::{Mat, c64, ops};

fn sample(n: usize, k: usize, seed: u32) -> Mat<c64> {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(31);
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(state >> 8) / f64::from(1 << 24) - 0.5
    };
    Mat::from_fn(n, k, |_, _| c64::new(next(), next()) * 2.0)
}

fn solved(program: &Program, options: &Options) -> Solution {
    match program.solve(options).unwrap() {
        Outcome::Solved(solution) => solution,
        other => panic!(
            "{options:?}: {} {:?}",
            other.name(),
            other.solution().map(|s| s.dimacs)
        ),
    }
}

/// Least trace of two blocks with ratios on three vectors, a norm constraint, a matrix inequality
/// and a free scalar: every kind of cone and row.
fn mixed(n: usize, seed: u32) -> Program {
    let h = sample(n, 3, seed);
    let mut p = Program::new();
    let w: Vec<_> = (0..2).map(|k| p.psd(format!("W{k}"), n)).collect();
    for (k, block) in w.iter().enumerate() {
        let other = w[1 - k].quadratic(h.col(k));
        p.at_least(
            format!("ratio {k}"),
            block.quadratic(h.col(k)) * 0.2 - other,
            0.1,
        );
    }
    let (z, t) = (p.vector("z", 2), p.free("t"));
    p.norm_at_most("norm", parts((0..2).map(|i| z.entry(i))), t);
    p.equal("tie", z.entry(0).re + z.entry(1).im, 1.0);
    let u = p.free("u");
    let mut slack = HermitianAffine::constant(ops::shifted(
        ops::mul_adjoint(h.as_ref().subrows(0, 3), h.as_ref().subrows(0, 3)).as_ref(),
        0.1,
    ));
    slack.add_term(Affine::from(u), Coefficient::identity());
    p.lmi("slack", slack);
    p.at_most("cap", w[0].trace() - w[1].trace(), u + 5.0);
    p.minimise(w.iter().map(|w| w.trace()).sum::<Affine>() + t + u * 0.1);
    p
}

#[test]
fn ten_digits_are_reached() {
    for seed in 1..6 {
        let mut values = Vec::new();
        for form in [Form::Primal, Form::Dual] {
            let options = Options {
                tolerance: 1e-11,
                form,
                ..Options::default()
            };
            let s = solved(&mixed(5, seed), &options);
            assert!(s.dimacs.worst() <= 1e-10, "{seed} {form:?} {:?}", s.dimacs);
            values.push(s.objective);
        }
        assert!(
            (values[0] - values[1]).abs() <= 1e-9 * values[0].abs(),
            "{values:?}"
        );
    }
}

/// `min X00 - 2 Re X01 + 10 Re X02` with `X11 = 1` and `X11 + X22 = 1`: the rows together, not one of
/// them alone, confine `X` to its leading block; the multiplier has to grow without limit. The
/// optimum is -1.
#[test]
fn a_program_without_interior_is_solved() {
    let mut p = Program::new();
    let x = p.symmetric_psd("X", 3);
    let entry = |i, j, v: f64| x.inner(Coefficient::sparse(&[(i, j, c64::new(v, 0.0))]));
    p.equal("one", entry(1, 1, 1.0), 1.0);
    p.equal("both", entry(1, 1, 1.0) + entry(2, 2, 1.0), 1.0);
    p.minimise(entry(0, 0, 1.0) - entry(0, 1, 1.0) * 1.0 + entry(0, 2, 5.0));
    for form in [Form::Primal, Form::Dual] {
        let options = Options {
            form,
            ..Options::default()
        };
        let s = solved(&p, &options);
        // Multipliers near 1e9 cancel in the dual value: 1e-7 is what `f64` can hold.
        assert!(s.dimacs.worst() <= 1e-7, "{form:?} {:?}", s.dimacs);
        assert!(
            (s.objective + 1.0).abs() <= 1e-6,
            "{form:?} {}",
            s.objective
        );
        // Never worse than without the continuation.
        let plain = Options {
            extend: false,
            ..options
        };
        let worst = match p.solve(&plain).unwrap() {
            Outcome::Solved(s) | Outcome::Inaccurate(s) => s.dimacs.worst(),
            _ => f64::INFINITY,
        };
        assert!(s.dimacs.worst() <= worst);
    }
}

/// Small eigenvalues must not drown in the rounding of large ones: `f64` alone ends by its tolerance.
#[test]
fn pooled_blocks_reach_the_tolerance_without_more_digits() {
    for seed in 0..10 {
        let n = 24;
        let h = sample(n, 4, seed);
        for reduce in [false, true] {
            let mut p = Program::new();
            let w: Vec<_> = (0..3).map(|k| p.psd(format!("W{k}"), n)).collect();
            for k in 0..3 {
                // 20 dB over all interference and the noise.
                let signal: Affine = (0..3)
                    .map(|l| {
                        let mut weights = [0.0; 4];
                        weights[k] = if l == k { 1.0 } else { -100.0 };
                        w[l].pool(h.as_ref(), &weights)
                    })
                    .sum();
                p.at_least(format!("user {k}"), signal, 1.0);
            }
            let target: Affine = w
                .iter()
                .map(|w| w.pool(h.as_ref(), &[0.0, 0.0, 0.0, 1.0]))
                .sum();
            p.at_least("target", target, 200.0);
            p.minimise(w.iter().map(|w| w.trace()).sum::<Affine>());
            let options = Options {
                extend: false,
                reduce,
                ..Options::default()
            };
            let s = solved(&p, &options);
            assert!(s.dimacs.worst() <= 1e-9, "{seed} {reduce} {:?}", s.dimacs);
            assert!(s.iterations <= 30, "{seed} {reduce} {}", s.iterations);
        }
    }
}
