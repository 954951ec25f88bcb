//! The certificate against numbers worked out by hand, on a program with a constraint of every kind, a
//! point and multipliers that violate all of them by known amounts.

use super::{infeasibility, report, unboundedness};
use crate::expr::{Affine, Coefficient, HermitianAffine};
use crate::outcome::{Multipliers, Point};
use crate::program::Program;
use isac_linalg::{Mat, c64};

fn two(a: f64, b: c64, d: f64) -> Mat<c64> {
    let (a, d) = (c64::new(a, 0.0), c64::new(d, 0.0));
    Mat::from_fn(2, 2, |i, j| [[a, b], [b.conj(), d]][i][j])
}

fn near(got: f64, expected: f64) {
    assert!(
        (got - expected).abs() < 1e-13 * (1.0 + expected.abs()),
        "{got} {expected}"
    );
}

/// `x` free, `z >= 0`, `X` psd: minimise `2 x + z + 3 X_00 + 7` subject to
/// `x + tr X = 3`, `z + X_11 >= 1`, `2 z <= 5`, `|(x, z)| <= 4`, `[[x, i/2], [-i/2, z + 1]]` psd.
fn program() -> Program {
    let mut program = Program::new();
    let x = program.free("x");
    let z = program.nonneg("z");
    let m = program.psd("X", 2);
    let corner = |k: usize| Coefficient::sparse(&[(k, k, c64::ONE)]);
    program.minimise(
        Affine::from(x) * 2.0 + Affine::from(z) + m.inner(corner(0)) * 3.0 + Affine::from(7.0),
    );
    program.equal("sum", Affine::from(x) + m.trace(), 3.0);
    program.at_least("floor", Affine::from(z) + m.inner(corner(1)), 1.0);
    program.at_most("top", Affine::from(z) * 2.0, 5.0);
    program.norm_at_most("ball", vec![Affine::from(x), Affine::from(z)], 4.0);
    let mut lmi = HermitianAffine::constant(two(0.0, c64::new(0.0, 0.5), 1.0));
    lmi.add_diagonal(0, x);
    lmi.add_diagonal(1, z);
    program.lmi("block", lmi);
    program
}

fn point(x: f64, z: f64, m: Mat<c64>) -> Point {
    Point {
        scalars: vec![x, z],
        matrices: vec![m.into()],
        ..Point::default()
    }
}

fn multipliers(rows: [f64; 3], u: Mat<c64>, cone: [f64; 3]) -> Multipliers {
    Multipliers {
        rows: rows.to_vec(),
        lmis: vec![u],
        cones: vec![cone.to_vec()],
        ..Multipliers::default()
    }
}

#[test]
fn objectives_and_errors_of_a_bad_point() {
    let program = program();
    // x = 6, z = -0.5, X = [[2, 1], [1, 0.25]] with eigenvalues (2.25 +- sqrt(1.75^2 + 4)) / 2.
    let at = point(6.0, -0.5, two(2.0, c64::ONE, 0.25));
    let u = two(0.5, c64::new(0.0, 1.0), 0.5);
    let y = multipliers([0.4, -0.2, 0.3], u, [0.1, 0.3, -0.4]);
    let got = report(&program, &at, &y);
    near(got.primal, 2.0 * 6.0 - 0.5 + 3.0 * 2.0 + 7.0);
    // Constant of the Lagrangian: 7 + y.b - <U, constant> - u_0 4, with
    // <U, [[0, i/2], [-i/2, 1]]> = 0.5 + 2 Re(conj(i) i/2) = 1.5.
    near(
        got.dual,
        7.0 + 0.4 * 3.0 - 0.2 - (-0.3 * 5.0) - 1.5 - 0.1 * 4.0,
    );
    // 1 + max |b|: the largest constant is 5.
    let d = got.dimacs;
    near(d.primal_equality, (6.0 + 2.25 - 3.0) / 6.0);
    // Floor lacks 1 - (-0.5 + 0.25) = 1.25; the ball is passed by sqrt(36.25) - 4; the block
    // [[6, i/2], [-i/2, 0.5]] is positive; X reaches below 0 by sqrt(1.75^2 + 4)/2 - 1.125; z by 0.5.
    near(d.primal_cone, (36.25_f64.sqrt() - 4.0) / 6.0);
    // 1 + max |c| = 4. By x: 2 - 0.4 - U_00 - u_1 = 0.8.
    near(d.dual_equality, 0.8 / 4.0);
    // By z: 1 + 0.2 - 0.6 - U_11 - u_2 = 0.5; by X: [[2.6, 0], [0, -0.2]]. Signs: y_1 = -0.2 and
    // y_2 = 0.3; U reaches to -0.5; the cone is passed by 0.5 - 0.1.
    near(d.dual_cone, 0.5 / 4.0);
    let scale = 1.0 + got.primal.abs() + got.dual.abs();
    near(d.gap, (got.primal - got.dual) / scale);
    // y_1 (-1.25) + y_2 (-1 - 5) + <U, block> + u (4, x, z) + z 0.5 + <grad, X>.
    let block = 0.5 * 6.0 + 0.5 * 0.5 + 2.0 * 0.5;
    let products =
        -0.2 * -1.25 + 0.3 * -6.0 + block + (0.4 + 1.8 + 0.2) - 0.25 + (2.6 * 2.0 - 0.2 * 0.25);
    near(d.complementarity, products / scale);
}

/// What is below the rounding of large entries is no violation: eigenvalues of [[t, t], [t, t - e]] are
/// near 2 t and -e / 2.
#[test]
fn rounding_is_no_violation() {
    let program = program();
    let none = multipliers([0.0; 3], Mat::zeros(2, 2), [0.0; 3]);
    let t = 2.0_f64.powi(50);
    let cone = |e: f64| {
        let x = two(t, c64::new(t, 0.0), t - e);
        report(&program, &point(1.0, 1.0, x), &none)
            .dimacs
            .primal_cone
            * 6.0
    };
    near(cone(0.25), 0.0);
    let shown = cone(8.0);
    assert!((shown - 4.0).abs() < 1.0, "{shown}");
}

/// The worst of the cone violations, one after the other: each alone is what is reported.
#[test]
fn every_violation_counts() {
    let program = program();
    let none = multipliers([0.0; 3], Mat::zeros(2, 2), [0.0; 3]);
    let cone = |x: f64, z: f64, m: Mat<c64>| {
        report(&program, &point(x, z, m), &none).dimacs.primal_cone * 6.0
    };
    // Nothing: x = 1, z = 1, X = I.
    near(cone(1.0, 1.0, two(1.0, c64::ZERO, 1.0)), 0.0);
    near(cone(1.0, 0.25, two(1.0, c64::ZERO, 0.25)), 0.5);
    near(cone(1.0, 3.0, two(1.0, c64::ZERO, 1.0)), 1.0);
    near(
        cone(-3.0, 1.0, two(1.0, c64::ZERO, 1.0)),
        3.0 + (0.5 * (5.0 - 26.0_f64.sqrt())).abs(),
    );
    near(cone(1.0, 1.0, two(1.0, c64::new(0.0, 3.0), 1.0)), 2.0);
    near(cone(1.0, -0.75, two(1.0, c64::ZERO, 2.0)), 0.75);
    assert!(cone(f64::NAN, 1.0, two(1.0, c64::ZERO, 1.0)).is_infinite());
    let equality = |x: f64| {
        report(&program, &point(x, 1.0, two(1.0, c64::ZERO, 1.0)), &none)
            .dimacs
            .primal_equality
    };
    near(equality(1.0), 0.0);
    near(equality(0.25), 0.75 / 6.0);
    let dual = |rows: [f64; 3], u: Mat<c64>, c: [f64; 3]| {
        let d = report(
            &program,
            &point(1.0, 1.0, two(1.0, c64::ZERO, 1.0)),
            &multipliers(rows, u, c),
        )
        .dimacs;
        (d.dual_equality * 4.0, d.dual_cone * 4.0)
    };
    // The gradient by x is 2 - y_0 - U_00 - u_1; y_0 = 2 moves X's to [[1, 0], [0, -2]].
    let (free, worst) = dual([2.0, 0.0, 0.0], Mat::zeros(2, 2), [0.0; 3]);
    near(free, 0.0);
    near(worst, 2.0);
    let (free, worst) = dual([0.0, -0.3, 0.0], Mat::zeros(2, 2), [0.0; 3]);
    near(free, 2.0);
    near(worst, 0.3);
    near(dual([0.0, 0.0, 0.7], Mat::zeros(2, 2), [0.0; 3]).1, 0.7);
    near(dual([0.0, 0.0, -0.7], Mat::zeros(2, 2), [0.0; 3]).1, 0.0);
    near(
        dual([0.0; 3], two(0.0, c64::new(0.6, 0.8), 0.0), [0.0; 3]).1,
        1.0,
    );
    near(dual([0.0; 3], Mat::zeros(2, 2), [0.2, 0.3, 0.4]).1, 0.3);
    near(dual([0.0; 3], Mat::zeros(2, 2), [0.6, 0.3, 0.4]).1, 0.0);
    assert!(
        dual([f64::NAN, 0.0, 0.0], Mat::zeros(2, 2), [0.0; 3])
            .1
            .is_infinite()
    );
}

/// What is proved, and never more: `min z + tr X` over `z, X >= 0` with `z + tr X >= 1` and `z <= 5`.
#[test]
fn bounds_pay_for_what_the_multipliers_lack() {
    let mut program = Program::new();
    let z = program.nonneg("z");
    let m = program.psd("X", 2);
    program.minimise(Affine::from(z) + m.trace());
    program.at_least("floor", Affine::from(z) + m.trace(), 1.0);
    program.at_most("top", Affine::from(z), 5.0);
    let at = Point {
        scalars: vec![0.0],
        matrices: vec![two(0.5, c64::ZERO, 0.5).into()],
        ..Point::default()
    };
    let bound = |y: [f64; 2]| {
        let y = Multipliers {
            rows: y.to_vec(),
            ..Multipliers::default()
        };
        report(&program, &at, &y).bound
    };
    near(bound([1.0, 0.0]).unwrap(), 1.0);
    near(bound([0.75, 0.0]).unwrap(), 0.75);
    // A multiplier of the wrong sign is clipped.
    near(bound([1.0, 0.5]).unwrap(), 1.0);
    near(bound([-1.0, 0.0]).unwrap(), 0.0);
    // y_1 = -0.25 costs 5 of them.
    near(bound([1.0, -0.25]).unwrap(), 1.0 - 1.25);
    // y_0 = 1.5 leaves the gradient -0.5 by z and by X, which the objective's own ceiling bounds:
    // z <= 1 + 2e-6 (not 5) and tr X likewise.
    let ceiling = 1.0 + 2e-6;
    near(
        bound([1.5, 0.0]).unwrap(),
        1.5 - 0.5 * ceiling - 0.5 * ceiling,
    );
    // What is not a number counts for nothing.
    near(bound([f64::NAN, 0.0]).unwrap(), 0.0);
}

#[test]
fn free_variables_without_a_limit_have_no_bound() {
    let mut program = Program::new();
    let x = program.free("x");
    program.minimise(Affine::from(x));
    program.at_least("floor", x, 2.0);
    let at = Point {
        scalars: vec![2.0],
        ..Point::default()
    };
    let bound = |y: f64| {
        let y = Multipliers {
            rows: vec![y],
            ..Multipliers::default()
        };
        report(&program, &at, &y).bound
    };
    near(bound(1.0).unwrap(), 2.0);
    assert_eq!(bound(0.999), None);
    // A constant norm bound limits it: |x| <= 3.
    program.norm_at_most("ball", vec![Affine::from(x) * 2.0], 6.0);
    let at = Point {
        scalars: vec![2.0],
        ..Point::default()
    };
    let y = Multipliers {
        rows: vec![0.5],
        cones: vec![vec![0.0, 0.0]],
        ..Multipliers::default()
    };
    near(
        report(&program, &at, &y).bound.unwrap(),
        0.5 * 2.0 - 0.5 * 3.0,
    );
}

/// `x >= 2` and `x <= 1`: the multipliers `(1, -1)` have the value 1 and no error.
#[test]
fn rays_are_scaled_to_their_value_and_their_errors_measured() {
    let mut program = Program::new();
    let x = program.free("x");
    let z = program.nonneg("z");
    let m = program.psd("X", 2);
    program.at_least("floor", Affine::from(x) - Affine::from(z) - m.trace(), 2.0);
    program.at_most("top", x, 1.0);
    let error = |rows: [f64; 2]| {
        let mut y = Multipliers {
            rows: rows.to_vec(),
            ..Multipliers::default()
        };
        infeasibility(&program, &mut y).map(|error| (error, y.rows))
    };
    let (none, rows) = error([4.0, -4.0]).unwrap();
    near(none, 0.0);
    near(rows[0], 1.0);
    near(rows[1], -1.0);
    // (1, -0.8) has the value 1.2 and lacks 0.2 by x.
    near(error([1.0, -0.8]).unwrap().0, 0.2 / 1.2);
    // (-1, 3) has the value 1; its signs are wrong by 1 and 3, its gradients by x by 2, by z and X by 1.
    near(error([-1.0, 3.0]).unwrap().0, 3.0);
    near(error([1.5, -2.0]).unwrap().0, 0.5);
    assert!(error([1.0, -2.0]).is_none() && error([0.0, 0.0]).is_none());
    assert!(error([f64::NAN, 0.0]).is_none());

    program.minimise(Affine::from(x) * 2.0 + Affine::from(z));
    let violation = |x: f64, z: f64, m: Mat<c64>| {
        let mut direction = Point {
            scalars: vec![x, z],
            matrices: vec![m.into()],
            ..Point::default()
        };
        unboundedness(&program, &mut direction).map(|error| (error, direction.scalars[0]))
    };
    // x = -1 improves by 2 and breaks the floor by 1: scaled, by 0.5.
    let (worst, scaled) = violation(-1.0, 0.0, Mat::zeros(2, 2)).unwrap();
    near(worst, 0.5);
    near(scaled, -0.5);
    // z = -4 improves by 4; the floor is kept, z >= 0 is not.
    near(violation(0.0, -4.0, Mat::zeros(2, 2)).unwrap().0, 1.0);
    // With trace besides, the floor is broken by it: improvement 2, -1 - 3.
    near(
        violation(-1.0, 0.0, two(1.0, c64::ZERO, 2.0)).unwrap().0,
        2.0,
    );
    // X below zero by 3.
    near(
        violation(-1.0, 0.0, two(0.0, c64::new(0.0, 3.0), 0.0))
            .unwrap()
            .0,
        1.5,
    );
    assert!(violation(1.0, 0.0, Mat::zeros(2, 2)).is_none());
    program.maximise(Affine::from(x) * 2.0);
    let mut up = Point {
        scalars: vec![3.0, 0.0],
        matrices: vec![Mat::zeros(2, 2).into()],
        ..Point::default()
    };
    // Up, the top is in the way: by 3 over an improvement of 6.
    near(unboundedness(&program, &mut up).unwrap(), 0.5);
}

/// How far from the origin a ray that is not quite one excludes points: its value over what it lacks.
#[test]
fn radii_are_values_over_what_is_lacking() {
    let mut program = Program::new();
    let x = program.free("x");
    let z = program.nonneg("z");
    let m = program.psd("X", 2);
    program.at_least("floor", Affine::from(x) - Affine::from(z) - m.trace(), 2.0);
    program.at_most("top", x, 1.0);
    let rows = |rows: [f64; 2]| Multipliers {
        rows: rows.to_vec(),
        ..Multipliers::default()
    };
    // Room for rounding makes a radius smaller, never larger.
    let below = |got: f64, expected: f64| {
        let room = 1e-11 * expected;
        assert!(
            got <= expected && got >= expected - room,
            "{got} {expected}"
        );
    };
    // The value of (1, -0.8) is 1.2, and x remains with 0.2.
    below(rows([1.0, -0.8]).radius(&program), 6.0);
    below(rows([2.0, -1.6]).radius(&program), 6.0);
    assert!(rows([4.0, -4.0]).radius(&program) > 1e12);
    // A value that is not positive excludes nothing.
    assert!(rows([1.0, -3.0]).radius(&program) <= 0.0);
    program.minimise(Affine::from(x) * 2.0 + Affine::from(z));
    // x = -1 improves by 2 and breaks the floor by 1.
    let direction = |x: f64, m: Mat<c64>| Point {
        scalars: vec![x, 0.0],
        matrices: vec![m.into()],
        ..Point::default()
    };
    below(direction(-1.0, Mat::zeros(2, 2)).radius(&program), 2.0);
    below(direction(-3.0, Mat::zeros(2, 2)).radius(&program), 2.0);
    below(
        direction(-1.0, two(0.5, c64::ZERO, 0.5)).radius(&program),
        1.0,
    );
    assert!(direction(1.0, Mat::zeros(2, 2)).radius(&program) <= 0.0);
}

/// What multipliers lack of their signs is added, no more.
#[test]
fn multipliers_of_wrong_signs_are_moved_to_the_nearest() {
    let program = program();
    let lacking = two(1.0, c64::new(0.0, 3.0), 1.0);
    let clipped = multipliers([-2.0, -3.0, 4.0], lacking, [1.0, 3.0, 4.0]).clipped(&program);
    for (got, expected) in clipped.rows.iter().zip([-2.0, 0.0, 0.0]) {
        near(*got, expected);
    }
    // Eigenvalues 4 and -2.
    near(clipped.lmis[0][(0, 0)].re, 3.0);
    near(clipped.lmis[0][(1, 1)].re, 3.0);
    near(clipped.lmis[0][(0, 1)].im, 3.0);
    for (got, expected) in clipped.cones[0].iter().zip([5.0, 3.0, 4.0]) {
        near(*got, expected);
    }
    let right = multipliers([-2.0, 3.0, -4.0], two(2.0, c64::ONE, 2.0), [6.0, 3.0, 4.0]);
    assert_eq!(right.clipped(&program), right);
    // 9 of the rows, 4 of the trace and 13 of the cone.
    near(right.norm(), 9.0 + 4.0 + 13.0);
}
