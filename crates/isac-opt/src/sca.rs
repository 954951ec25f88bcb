//! Successive convex approximation and minorise-maximise steps: surrogates that touch at the current
//! point, as expressions of a conic program.
//!
//! Each equals its function at the current point together with its first derivatives, and lies on
//! one side of it everywhere, so that a step which maximises a minorant never lowers the function:
//!
//! | function | surrogate | here |
//! |---|---|---|
//! | `w w^H` (in the PSD order) | `w_i w^H + w w_i^H - w_i w_i^H`, below | [`outer_minorant`] |
//! | `\|x\|^2` | `2 Re(conj(x_i) x) - \|x_i\|^2`, below | [`square_minorant`] |
//! | `a^2 / b`, `b > 0` | `2 y a - y^2 b`, `y = a_i / b_i`, below (quadratic transform) | [`ratio_minorant`] |
//! | `ln(1 + s)` | `ln(1 + s_i) + 1 - (1 + s_i)/(1 + s)`, below and concave | [`log_minorant`] |
//! | `ln(1 + s)` | its tangent, above | [`log_tangent`] |
//! | `ln(1 + p / b)` | `ln(1 + g) - g + (1 + g)(2 y sqrt(p) - y^2 (p + b))`, below | [`log_ratio_minorant`] |
//!
//! and two exact forms that the steps need: [`root`], `r <= sqrt(p)`, and [`inverse_entry`],
//! `v >= [F^-1]_aa`.
//!
//! One step that maximises `ln(1 + |h^H w|^2 / b)` for a beam of length one:
//!
//! ```
//! use isac_linalg::{ColRef, c64};
//! use isac_opt::conic::{Options, Program, Affine};
//! use isac_opt::sca;
//! let h = [c64::new(1.0, 1.0), c64::new(0.5, -2.0)];
//! let mut program = Program::new();
//! let w = program.vector("w", 2);
//! program.norm_at_most("length", w.parts(), 1.0);
//! // At w_i = (1, 0): h^H w_i = 1 - i.
//! let now = c64::new(1.0, -1.0);
//! let square = sca::square_minorant(w.dot(ColRef::from_slice(&h)), now);
//! let s = program.nonneg("s");
//! program.at_most("ratio", s, square * 0.1);
//! let value = sca::log_minorant(&mut program, s.into(), 0.1 * now.norm_sqr());
//! program.maximise(value);
//! let outcome = program.solve(&Options::default())?;
//! let after = outcome.solution().ok_or("no solution")?.scalar(s)?;
//! assert!(after > 0.2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use crate::conic::{
    Affine, Coefficient, ComplexAffine, HermitianAffine, Program, ScalarVar, VectorVar,
};
use isac_linalg::{ColRef, Mat, c64};

/// `weight (w_i w^H + w w_i^H - w_i w_i^H) <= weight w w^H` in the PSD order, equal at `w = w_i = at`;
/// `weight >= 0`.
///
/// # Panics
/// If `at` does not have the order of `w`.
pub fn outer_minorant(w: VectorVar, at: &[c64], weight: f64) -> HermitianAffine {
    let m = at.len();
    assert_eq!(m, w.order(), "lengths differ");
    let outer = Mat::from_fn(m, m, |i, j| at[i] * at[j].conj() * -weight);
    let mut out = HermitianAffine::constant(outer);
    for j in 0..m {
        let unit: Vec<c64> = (0..m)
            .map(|i| if i == j { c64::ONE } else { c64::ZERO })
            .collect();
        let cross = |factor| {
            let (a, b) = (ColRef::from_slice(&unit), ColRef::from_slice(at));
            Coefficient::cross(a, b, factor).scaled(2.0 * weight)
        };
        let entry = w.entry(j);
        out.add_term(entry.re, cross(c64::ONE));
        out.add_term(entry.im, cross(c64::I));
    }
    out
}

/// `2 Re(conj(x_i) x) - |x_i|^2 <= |x|^2`, equal at `x = x_i = at`.
pub fn square_minorant(x: ComplexAffine, at: c64) -> Affine {
    x.times(at.conj()).re * 2.0 - at.norm_sqr()
}

/// `2 y a - y^2 b <= a^2 / b` for `b > 0`, equal where `a / b = y`: the quadratic transform.
pub fn ratio_minorant(a: impl Into<Affine>, b: impl Into<Affine>, y: f64) -> Affine {
    a.into() * (2.0 * y) - b.into() * (y * y)
}

/// `ln(1 + at) + 1 - (1 + at) / (1 + s) <= ln(1 + s)`, concave, equal at `s = at > -1`; keeps
/// `s > -1`. Nats.
pub fn log_minorant(program: &mut Program, s: Affine, at: f64) -> Affine {
    let inverse = program.nonneg("1/(1+s)");
    let one = vec![Affine::constant(1.0)];
    program.squares_at_most("reciprocal", one, s + 1.0, inverse);
    Affine::constant(at.ln_1p() + 1.0) - inverse * (1.0 + at)
}

/// `ln(1 + at) + (s - at) / (1 + at) >= ln(1 + s)`, equal at `s = at > -1`. Nats.
pub fn log_tangent(s: impl Into<Affine>, at: f64) -> Affine {
    let slope = 1.0 / (1.0 + at);
    s.into() * slope + (at.ln_1p() - at * slope)
}

/// A minorant of `ln(1 + p / b)`, jointly concave in the power `p >= 0` and the rest `b > 0`, equal at
/// `at = [p_i, b_i]`: the weighted mean-square-error bound with receiver and weight eliminated. Nats.
pub fn log_ratio_minorant(program: &mut Program, p: Affine, b: Affine, at: [f64; 2]) -> Affine {
    let [own, rest] = at;
    let ratio = own / rest;
    let y = own.sqrt() / (own + rest);
    let amplitude = root(program, "amplitude", p.clone());
    let gain = ratio_minorant(amplitude, p + b, y);
    Affine::constant(ratio.ln_1p() - ratio) + gain * (1.0 + ratio)
}

/// A variable `0 <= r <= sqrt(p)`.
pub fn root(program: &mut Program, name: impl Into<String>, p: Affine) -> ScalarVar {
    let name = name.into();
    let root = program.nonneg(name.clone());
    program.squares_at_most(name, vec![root.into()], p, 1.0);
    root
}

/// A variable `v >= [F^-1]_aa` for a Hermitian expression `F`, which is kept positive semidefinite: a
/// Schur complement.
///
/// # Panics
/// If `a` is out of range.
pub fn inverse_entry(
    program: &mut Program,
    name: impl Into<String>,
    f: HermitianAffine,
    a: usize,
) -> ScalarVar {
    let (name, n) = (name.into(), f.order());
    let entry = program.free(name.clone());
    let mut schur = f.embedded(n + 1, 0);
    schur.add_entry(a, n, ComplexAffine::constant(c64::ONE));
    schur.add_diagonal(n, entry);
    program.lmi(name, schur);
    entry
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conic::{Options, Outcome};
    use isac_linalg::{factor, ops};
    use proptest::prelude::*;

    /// The optimum of a program whose surrogate is to be as large as it can.
    fn largest(mut program: Program, surrogate: Affine) -> f64 {
        program.maximise(surrogate);
        match program.solve(&Options::default()).unwrap() {
            Outcome::Solved(solution) => solution.objective,
            other => panic!("{other:?}"),
        }
    }

    fn numbers(n: usize) -> impl Strategy<Value = Vec<c64>> {
        let part = || -2.0..2.0_f64;
        proptest::collection::vec((part(), part()), n)
            .prop_map(|list| list.into_iter().map(|(re, im)| c64::new(re, im)).collect())
    }

    /// `value` of a minorant about `at`, taken at `x`: equal at `at`, below elsewhere, and to second
    /// order near by, which is what equal slopes mean.
    fn below(exact: impl Fn(f64) -> f64, minorant: impl Fn(f64) -> f64, at: f64, x: f64) {
        let size = exact(at).abs().max(exact(x).abs());
        assert!((minorant(at) - exact(at)).abs() < 1e-7 * size, "touch");
        assert!(minorant(x) <= exact(x) + 1e-7 * size, "below");
        let near = at * (1.0 + 1e-3);
        assert!((minorant(near) - exact(near)).abs() < 2e-6 * size, "slope");
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

        #[test]
        fn scalar_surrogates_touch_with_equal_slope_and_stay_on_their_side(
            at in 0.05..20.0_f64, s in 0.05..20.0_f64, rest in 0.1..5.0_f64, now in 0.1..5.0_f64,
        ) {
            let log = |s: f64| {
                let mut program = Program::new();
                let value = log_minorant(&mut program, Affine::constant(s), at);
                largest(program, value)
            };
            below(f64::ln_1p, log, at, s);

            let ratio = |p: f64| {
                let mut program = Program::new();
                let (p, b) = (Affine::constant(p), Affine::constant(rest));
                let value = log_ratio_minorant(&mut program, p, b, [at, now]);
                largest(program, value)
            };
            let exact = |p: f64| (p / rest).ln_1p();
            prop_assert!(ratio(s) <= exact(s) + 1e-7);

            // The tangent lies above: `x` free between bounds, fixed at s.
            let mut program = Program::new();
            let x = program.nonneg("x");
            program.equal("fixed", x, s);
            let tangent = largest(program, log_tangent(x, at));
            prop_assert!(tangent >= s.ln_1p() - 1e-7);
            let slope = (s - at) / (1.0 + at);
            prop_assert!((tangent - at.ln_1p() - slope).abs() < 1e-7 * (at.ln_1p() + slope.abs()));

            let mut program = Program::new();
            let r = root(&mut program, "r", Affine::constant(s));
            let transform = ratio_minorant(r, Affine::constant(rest), at.sqrt() / now);
            prop_assert!(largest(program, transform) <= s / rest + 1e-7 * (1.0 + s / rest));
        }

        #[test]
        fn surrogates_of_vectors_touch_and_stay_below(at in numbers(3), w in numbers(3), c in numbers(3)) {
            let fixed = |at: &[c64]| {
                let mut program = Program::new();
                let v = program.vector("w", 3);
                program.norm_at_most("bounded", v.parts(), 10.0);
                for (i, z) in w.iter().enumerate() {
                    program.equal("re", v.entry(i).re, z.re);
                    program.equal("im", v.entry(i).im, z.im);
                }
                let form = outer_minorant(v, at, 2.0);
                let product = v.dot(ColRef::from_slice(&c));
                (program, form, product)
            };
            // The least eigenvalue of the expression is that of the formula, and below that of w w^H.
            let (mut program, mut form, _) = fixed(&at);
            let t = program.free("t");
            form.add_term(-Affine::from(t), Coefficient::identity());
            program.lmi("below", form);
            let least = largest(program, t.into());
            let formula = Mat::from_fn(3, 3, |i, j| {
                (at[i] * w[j].conj() + w[i] * at[j].conj() - at[i] * at[j].conj()) * 2.0
            });
            let expected = factor::eigvalsh(formula.as_ref()).unwrap()[0];
            let size = 1.0 + ops::norm(formula.as_ref());
            prop_assert!((least - expected).abs() < 1e-6 * size, "{least} {expected}");
            let outer = Mat::from_fn(3, 3, |i, j| w[i] * w[j].conj() * 2.0 - formula[(i, j)]);
            prop_assert!(factor::eigvalsh(outer.as_ref()).unwrap()[0] > -1e-12 * size);

            let dot = |w: &[c64]| c.iter().zip(w).map(|(c, w)| c.conj() * w).sum::<c64>();
            let (program, _, product) = fixed(&w);
            let touched = largest(program, square_minorant(product, dot(&w)));
            let length = |v: &[c64]| v.iter().map(|z| z.norm_sqr()).sum::<f64>();
            let size = length(&c) * (length(&w) + length(&at));
            prop_assert!((touched - dot(&w).norm_sqr()).abs() <= 1e-6 * size);
            let (program, _, product) = fixed(&w);
            let apart = largest(program, square_minorant(product, dot(&at)));
            prop_assert!(apart <= dot(&w).norm_sqr() + 1e-6 * size);
        }

        #[test]
        fn an_entry_of_an_inverse_is_its_entry(g in numbers(9), a in 0..3usize) {
            let g = Mat::from_fn(3, 3, |i, j| g[3 * i + j]);
            let mut f = ops::mul_adjoint(g.as_ref(), g.as_ref());
            (0..3).for_each(|i| f[(i, i)] += 0.5);
            let inverse = factor::cholesky("F", f.as_ref()).unwrap().inverse();
            let mut program = Program::new();
            let v = inverse_entry(&mut program, "v", HermitianAffine::constant(f), a);
            let least = -largest(program, -Affine::from(v));
            let expected = inverse[(a, a)].re;
            prop_assert!((least - expected).abs() < 1e-6 * expected, "{least} {expected}");
        }
    }

    #[test]
    fn the_log_of_a_ratio_touches_with_equal_slope() {
        for (p, b) in [(0.3, 1.0), (5.0, 0.4), (40.0, 3.0)] {
            let at = |scale: f64| {
                let mut program = Program::new();
                let (power, rest) = (Affine::constant(p * scale), Affine::constant(b));
                let value = log_ratio_minorant(&mut program, power, rest, [p, b]);
                largest(program, value)
            };
            below(|scale| (p * scale / b).ln_1p(), at, 1.0, 3.0);
        }
    }
}
