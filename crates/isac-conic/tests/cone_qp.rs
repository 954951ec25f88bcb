//! Quadratic programs over cones: optima and multipliers known in closed form, certificates of
//! infeasibility and unboundedness, random programs by their optimality conditions, bad input.

use isac_conic::Error;
use isac_conic::Options;
use isac_conic::second_opinion::{ConeOutcome, ConeQp, ConeSolution, quadratic_program};
use isac_linalg::Mat;
use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};

fn matrix(rows: &[&[f64]]) -> Mat<f64> {
    Mat::from_fn(rows.len(), rows[0].len(), |i, j| rows[i][j])
}

fn none(n: usize) -> Mat<f64> {
    Mat::zeros(0, n)
}

fn solved(outcome: ConeOutcome) -> ConeSolution {
    match outcome {
        ConeOutcome::Solved(solution) => solution,
        other => panic!("{}", other.name()),
    }
}

fn assert_close(got: f64, expected: f64, tolerance: f64) {
    assert!(
        (got - expected).abs() <= tolerance,
        "{got} against {expected}"
    );
}

#[test]
fn equality_constrained_qp_by_its_linear_system() {
    // min x^2 + 2 y^2 - x  s.t.  x + y = 1: x = 5/6, y = 1/6, multiplier -2/3.
    let h = matrix(&[&[2.0, 0.0], &[0.0, 4.0]]);
    let e = matrix(&[&[1.0, 1.0]]);
    let mut qp = ConeQp::new(vec![-1.0, 0.0]);
    qp.hessian(h.as_ref());
    let sum = qp.equal(e.as_ref(), &[1.0]);
    let found = solved(qp.solve(&Options::default()).unwrap());
    assert_close(found.x[0], 5.0 / 6.0, 1e-9);
    assert_close(found.x[1], 1.0 / 6.0, 1e-9);
    assert_close(found.multiplier(sum)[0], -2.0 / 3.0, 1e-8);
    assert!(found.residuals.worst() < 1e-9);
}

#[test]
fn random_quadratic_programs_meet_their_optimality_conditions() {
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    for n in [1, 3, 10, 40] {
        let (m, k) = (2 * n, n / 3);
        let mut draw = |r: usize, c: usize| Mat::from_fn(r, c, |_, _| rng.random_range(-1.0..1.0));
        let f = draw(n, n);
        let h = Mat::from_fn(n, n, |i, j| {
            (0..n).map(|l| f[(i, l)] * f[(j, l)]).sum::<f64>()
        });
        let (g, inside) = (draw(n, 1), draw(n, 1));
        let (a, e) = (draw(m, n), draw(k, n));
        let at = |a: &Mat<f64>, i: usize| (0..n).map(|j| a[(i, j)] * inside[(j, 0)]).sum::<f64>();
        let b: Vec<f64> = (0..m).map(|i| at(&a, i) + 0.1 * (i % 3) as f64).collect();
        let d: Vec<f64> = (0..k).map(|i| at(&e, i)).collect();
        let g: Vec<f64> = (0..n).map(|i| g[(i, 0)]).collect();
        let mut qp = ConeQp::new(g.clone());
        qp.hessian(h.as_ref());
        let upper = qp.at_most(a.as_ref(), &b);
        let tied = qp.equal(e.as_ref(), &d);
        let found = solved(qp.solve(&Options::default()).unwrap());
        let (x, y, z) = (&found.x, found.multiplier(upper), found.multiplier(tied));
        for j in 0..n {
            let gradient = g[j]
                + (0..n).map(|l| h[(j, l)] * x[l]).sum::<f64>()
                + (0..m).map(|i| a[(i, j)] * y[i]).sum::<f64>()
                + (0..k).map(|i| e[(i, j)] * z[i]).sum::<f64>();
            assert_close(gradient, 0.0, 1e-7);
        }
        for i in 0..m {
            let slack = b[i] - (0..n).map(|j| a[(i, j)] * x[j]).sum::<f64>();
            assert!(slack > -1e-7 && y[i] > -1e-9 && (slack * y[i]).abs() < 1e-6);
        }
    }
}

#[test]
fn second_order_cone_closest_point() {
    // min x + y over the unit disc about (1, 0): (1 - 1/sqrt 2, -1/sqrt 2).
    let mut qp = ConeQp::new(vec![1.0, 1.0]);
    let a = matrix(&[&[0.0, 0.0], &[1.0, 0.0], &[0.0, 1.0]]);
    let disc = qp.second_order(a.as_ref(), &[1.0, -1.0, 0.0]);
    let found = solved(qp.solve(&Options::default()).unwrap());
    assert_close(found.objective, 1.0 - 2.0_f64.sqrt(), 1e-8);
    assert_close(found.x[0], 1.0 - 0.5_f64.sqrt(), 1e-6);
    // The gradient (1, 1) is the multiplier of the parts; its length that of the bound.
    assert_close(found.multiplier(disc)[0], 2.0_f64.sqrt(), 1e-6);
    assert_close(found.multiplier(disc)[1], 1.0, 1e-6);
}

#[test]
fn exponential_cone_water_filling() {
    // max ln(1 + x) + ln(1/2 + y), x + y <= 2, x, y >= 0: equal levels, x = 3/4, y = 5/4.
    let mut qp = ConeQp::new(vec![0.0, 0.0, -1.0, -1.0]);
    qp.at_most(
        matrix(&[
            &[1.0, 1.0, 0.0, 0.0],
            &[-1.0, 0.0, 0.0, 0.0],
            &[0.0, -1.0, 0.0, 0.0],
        ])
        .as_ref(),
        &[2.0, 0.0, 0.0],
    );
    for (user, floor) in [(0, 1.0), (1, 0.5)] {
        let a = Mat::from_fn(3, 4, |i, j| {
            f64::from(i == 0 && j == 2 + user || i == 2 && j == user)
        });
        qp.exponential(a.as_ref(), &[0.0, 1.0, floor]);
    }
    let found = solved(qp.solve(&Options::default()).unwrap());
    assert_close(found.x[0], 0.75, 1e-5);
    assert_close(-found.objective, 2.0 * 1.75_f64.ln(), 1e-8);
}

#[test]
fn infeasible_and_unbounded_come_with_proofs() {
    // x <= -1 and x >= 1.
    let mut qp = ConeQp::new(vec![0.0]);
    let rows = qp.at_most(matrix(&[&[1.0], &[-1.0]]).as_ref(), &[-1.0, -1.0]);
    match qp.solve(&Options::default()).unwrap() {
        ConeOutcome::Infeasible(proof) => {
            let z = proof.multiplier(rows);
            assert!(z[0] >= 0.0 && z[1] >= 0.0 && (z[0] - z[1]).abs() < 1e-8);
            assert_close(-z[0] - z[1], -1.0, 1e-9);
        }
        other => panic!("{}", other.name()),
    }
    // min x + y  s.t.  x <= 3: y falls without limit.
    let mut qp = ConeQp::new(vec![1.0, 1.0]);
    qp.at_most(matrix(&[&[1.0, 0.0]]).as_ref(), &[3.0]);
    match qp.solve(&Options::default()).unwrap() {
        ConeOutcome::Unbounded(ray) => {
            assert!(ray.direction[0] <= 1e-8 && ray.error <= 1e-8);
            assert_close(ray.direction[0] + ray.direction[1], -1.0, 1e-9);
        }
        other => panic!("{}", other.name()),
    }
}

#[test]
fn the_short_form_and_no_constraints() {
    let h = matrix(&[&[2.0, 1.0], &[1.0, 3.0]]);
    let (a, e) = (none(2), none(2));
    let found = solved(
        quadratic_program(
            h.as_ref(),
            &[1.0, -1.0],
            (a.as_ref(), &[]),
            (e.as_ref(), &[]),
            &Options::default(),
        )
        .unwrap(),
    );
    assert_close(found.x[0], -0.8, 1e-8);
    assert_close(found.x[1], 0.6, 1e-8);
}

#[test]
fn bad_input_is_named() {
    let fails = |qp: &ConeQp, text: &str| match qp.solve(&Options::default()) {
        Err(Error::Linalg(error)) => assert!(error.to_string().contains(text), "{error}"),
        other => panic!("{other:?}"),
    };
    fails(&ConeQp::new(vec![]), "number of variables");
    fails(&ConeQp::new(vec![f64::NAN]), "linear objective");
    let one = || ConeQp::new(vec![1.0]);
    let mut qp = one();
    qp.hessian(matrix(&[&[-1.0]]).as_ref());
    fails(&qp, "Hessian");
    let mut qp = one();
    qp.hessian(matrix(&[&[1.0, 0.0], &[0.0, 1.0]]).as_ref());
    fails(&qp, "Hessian: expected shape 1 x 1");
    let mut qp = ConeQp::new(vec![1.0, 1.0]);
    qp.hessian(matrix(&[&[1.0, 0.5], &[0.0, 1.0]]).as_ref());
    fails(&qp, "not Hermitian");
    let mut qp = one();
    qp.at_most(matrix(&[&[1.0, 2.0]]).as_ref(), &[1.0]);
    fails(&qp, "inequality");
    let mut qp = one();
    qp.equal(matrix(&[&[1.0]]).as_ref(), &[f64::INFINITY]);
    fails(&qp, "right side");
    let mut qp = one();
    qp.second_order(matrix(&[&[f64::NAN]]).as_ref(), &[1.0]);
    fails(&qp, "constraint matrix");
    let mut qp = one();
    qp.exponential(matrix(&[&[1.0]]).as_ref(), &[1.0]);
    fails(&qp, "exponential cone");
}
