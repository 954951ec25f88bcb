//! The matrix inequality says exactly what the worst case over the ball says: at the extreme value,
//! and only up to it.

use isac_linalg::ColRef;
use isac_linalg::{Col, Mat, c64, factor, hermitian::hermitian_part, ops};
use isac_opt::conic::{
    Affine, ComplexAffine, HermitianAffine, Options, Outcome, Point, Program, Solution,
};
use isac_opt::s_procedure::RobustQuadratic;
use isac_opt::trust_region::{max_over_ball, min_over_ball, min_quadratic};
use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};

fn draw(rng: &mut ChaCha8Rng, n: usize, m: usize) -> Mat<c64> {
    Mat::from_fn(n, m, |_, _| {
        c64::new(rng.random_range(-1.0..1.0), rng.random_range(-1.0..1.0))
    })
}

fn hermitian(rng: &mut ChaCha8Rng, n: usize) -> Mat<c64> {
    hermitian_part(draw(rng, n, n).as_ref())
}

fn constants(v: ColRef<'_, c64>) -> Vec<ComplexAffine> {
    (0..v.nrows())
        .map(|i| ComplexAffine::constant(v[i]))
        .collect()
}

/// Smallest eigenvalue of the block at `tau`, all data being constant.
fn smallest(quadratic: &RobustQuadratic, tau: f64) -> f64 {
    let block = Point::default()
        .matrix_value(&quadratic.block(Affine::constant(tau)))
        .unwrap();
    factor::eigvalsh(block.as_ref()).expect("finite")[0]
}

/// At the extreme value the block at the worst case's own multiplier is singular and semidefinite;
/// a little beyond it no multiplier helps.
fn assert_tight(quadratic: &RobustQuadratic, tau: f64, scale: f64) {
    let at = smallest(quadratic, tau);
    assert!(at.abs() < 1e-9 * scale, "{at} at the optimum");
    let mut beyond = quadratic.clone();
    beyond.add_constant(-1e-3 * scale);
    for k in -40..=40 {
        assert!(smallest(&beyond, tau * 1.2_f64.powi(k)) < 0.0);
    }
    assert!(smallest(&beyond, 0.0) < 0.0);
}

#[test]
fn the_block_is_tight_at_the_exact_worst_case() {
    let mut rng = ChaCha8Rng::seed_from_u64(31);
    for trial in 0..60 {
        let n = 1 + trial % 5;
        let radius = [0.05, 0.7, 3.0][trial % 3];
        let a = ops::shifted(
            hermitian(&mut rng, n).as_ref(),
            [-2.0, 0.0, 2.0][trial / 3 % 3],
        );
        let c = draw(&mut rng, n, 1);
        let worst = min_over_ball(a.as_ref(), c.col(0), radius).unwrap();
        let mut quadratic = RobustQuadratic::ball(n, radius).unwrap();
        quadratic.add_form(HermitianAffine::constant(a.clone()), c.col(0));
        quadratic.add_constant(-worst.value);
        let scale = 1.0 + ops::norm(a.as_ref()) * (ops::norm(c.as_ref()) + radius).powi(2);
        assert_tight(&quadratic, worst.multiplier * radius * radius, scale);
    }
}

/// `(c + d)^H A (c + d) - d^H B d + 2 Re(g^H d)`: two centres and a linear term.
#[test]
fn forms_with_several_centres_add_up() {
    let mut rng = ChaCha8Rng::seed_from_u64(32);
    for n in [2, 4] {
        let (a, b) = (hermitian(&mut rng, n), hermitian(&mut rng, n));
        let (c, g) = (draw(&mut rng, n, 1), draw(&mut rng, n, 1));
        let total = &a - &b;
        let slope = Col::from_fn(n, |i| (&a * c.col(0))[i] + g[(i, 0)]);
        let at_zero = ops::quadratic_form(a.as_ref(), c.col(0));
        let worst = min_quadratic(total.as_ref(), slope.as_ref(), at_zero, 0.6).unwrap();
        let mut quadratic = RobustQuadratic::ball(n, 0.6).unwrap();
        quadratic.add_form(HermitianAffine::constant(a), c.col(0));
        quadratic.add_form(HermitianAffine::constant(-b), Mat::zeros(n, 1).col(0));
        let half = Col::from_fn(n, |i| g[(i, 0)] * 0.5);
        quadratic.add_linear(constants(half.as_ref()));
        quadratic.add_linear(constants(half.as_ref()));
        quadratic.add_constant(-worst.value);
        assert_tight(&quadratic, worst.multiplier * 0.36, 10.0);
    }
}

/// `t >= |O^H (c + d)|^2` for all `|d| <= r`: robust least squares, one row per column of `O`.
#[test]
fn subtracted_squares_are_a_schur_complement() {
    let mut rng = ChaCha8Rng::seed_from_u64(33);
    let (o, c) = (draw(&mut rng, 4, 3), draw(&mut rng, 4, 1));
    let gram = hermitian_part(ops::mul_adjoint(o.as_ref(), o.as_ref()).as_ref());
    let worst = max_over_ball(gram.as_ref(), c.col(0), 0.3).unwrap();
    let mut quadratic = RobustQuadratic::ball(4, 0.3).unwrap();
    for k in 0..3 {
        quadratic.subtract_square(constants(o.col(k)), c.col(0), 1.0);
    }
    quadratic.add_constant(worst.value);
    assert_eq!(quadratic.block(0.0).order(), 4 + 1 + 3);
    assert_tight(&quadratic, worst.multiplier * 0.09, 10.0);
}

#[test]
fn an_ellipsoid_is_a_ball_in_other_coordinates() {
    let mut rng = ChaCha8Rng::seed_from_u64(34);
    // Flat: two axes in four dimensions.
    let (f, a, c) = (
        draw(&mut rng, 4, 2),
        hermitian(&mut rng, 4),
        draw(&mut rng, 4, 1),
    );
    let inner = hermitian_part((f.adjoint() * &a * &f).as_ref());
    let slope = f.adjoint() * (&a * c.col(0));
    let at_zero = ops::quadratic_form(a.as_ref(), c.col(0));
    let worst = min_quadratic(inner.as_ref(), slope.as_ref(), at_zero, 1.0).unwrap();
    let mut quadratic = RobustQuadratic::ellipsoid(f.as_ref());
    quadratic.add_form(HermitianAffine::constant(a), c.col(0));
    quadratic.add_constant(-worst.value);
    assert_eq!(quadratic.block(0.0).order(), 3);
    assert_tight(&quadratic, worst.multiplier, 10.0);
}

#[test]
fn without_uncertainty_the_centre_decides() {
    let mut rng = ChaCha8Rng::seed_from_u64(35);
    let (a, c, v) = (
        hermitian(&mut rng, 3),
        draw(&mut rng, 3, 1),
        draw(&mut rng, 3, 1),
    );
    let value = ops::quadratic_form(a.as_ref(), c.col(0));
    let leak = ops::dot(c.col(0), v.col(0)).norm_sqr();
    let mut quadratic = RobustQuadratic::ball(3, 0.0).unwrap();
    quadratic.add_form(HermitianAffine::constant(a), c.col(0));
    quadratic.subtract_square(constants(v.col(0)), c.col(0), 2.0);
    quadratic.add_constant(0.5 * leak - value);
    assert_eq!(quadratic.block(5.0).order(), 2);
    assert!(smallest(&quadratic, 5.0).abs() < 1e-12);
    let mut program = Program::new();
    assert!(
        quadratic
            .impose(&mut program, "nominal")
            .multiplier
            .is_none()
    );
}

fn solved(program: &Program) -> Solution {
    match program.solve(&Options::default()).expect("valid input") {
        Outcome::Solved(solution) => solution,
        other => panic!("{}", other.name()),
    }
}

/// The largest margin that the matrix inequality proves is the exact minimum over the ball, so its
/// verdict is the exact one on either side of it.
#[test]
fn the_solved_margin_is_the_exact_worst_case() {
    let mut rng = ChaCha8Rng::seed_from_u64(36);
    for trial in 0..24 {
        let n = 1 + trial % 4;
        let radius = [0.0, 0.02, 0.3, 2.0][trial / 4 % 4];
        let (a, c) = (hermitian(&mut rng, n), draw(&mut rng, n, 1));
        let exact = min_over_ball(a.as_ref(), c.col(0), radius).unwrap();
        let mut program = Program::new();
        let margin = program.free("margin");
        let mut quadratic = RobustQuadratic::ball(n, radius).unwrap();
        quadratic.add_form(HermitianAffine::constant(a.clone()), c.col(0));
        quadratic.add_constant(margin * -1.0);
        let imposed = quadratic.impose(&mut program, "worst case");
        program.maximise(margin);
        let found = solved(&program);
        let scale = 1.0 + ops::norm(a.as_ref()) * (ops::norm(c.as_ref()) + radius).powi(2);
        assert!(
            (found.objective - exact.value).abs() < 1e-7 * scale,
            "n {n}, radius {radius}: {} against {}",
            found.objective,
            exact.value
        );
        if let Some(tau) = imposed.multiplier {
            let expected = exact.multiplier * radius * radius;
            assert!(
                (found.scalar(tau).unwrap() - expected).abs() < 1e-4 * scale,
                "multiplier"
            );
        }
    }
}

/// `min t` with `|(c + d)^H w|^2 <= t` for all `|d| <= r` and `Re h^H w = 1`: at the optimum `t` is
/// the closed form `(|c^H w| + r |w|)^2` of its own `w`.
#[test]
fn a_robust_vector_attains_its_closed_form() {
    let mut rng = ChaCha8Rng::seed_from_u64(37);
    for (n, radius) in [(2, 0.1), (4, 0.5)] {
        let (c, h) = (draw(&mut rng, n, 1), draw(&mut rng, n, 1));
        let mut program = Program::new();
        let (w, t) = (program.vector("w", n), program.free("t"));
        let mut leak = RobustQuadratic::ball(n, radius).unwrap();
        leak.add_constant(t);
        leak.subtract_square((0..n).map(|i| w.entry(i)), c.col(0), 1.0);
        leak.impose(&mut program, "leak");
        program.equal("gain", w.dot(h.col(0)).re, 1.0);
        program.minimise(t);
        let found = solved(&program);
        let w = found.vector(w).unwrap();
        let worst = (ops::dot(c.col(0), w.col(0)).norm() + radius * ops::norm(w.as_ref())).powi(2);
        assert!((found.objective - worst).abs() < 1e-6 * (1.0 + worst));
    }
}
