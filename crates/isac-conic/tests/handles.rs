//! A handle means one variable or constraint of one program: everywhere else it is a typed error,
//! also where its number would fit.

use isac_conic::Error;
use isac_conic::{Affine, Cone, Lmi, Options, Outcome, Program, Row};
use isac_conic::{HermitianAffine, MatrixVar, ScalarVar, Solution, VectorVar};
use isac_linalg::{Mat, c64};

/// One handle of each kind.
#[derive(Clone, Copy)]
struct Handles {
    x: ScalarVar,
    w: VectorVar,
    m: MatrixVar,
    row: Row,
    lmi: Lmi,
    cone: Cone,
}

/// `min x` over `x >= least`, `|w| <= 1`, a 2 x 2 matrix of trace `least`.
fn build(least: f64) -> (Program, Handles) {
    let mut p = Program::new();
    let x = p.nonneg("x");
    let w = p.vector("w", 2);
    let m = p.psd("M", 2);
    let row = p.at_least("least", x, least);
    p.equal("trace", m.trace(), least);
    let cone = p.norm_at_most("ball", w.parts(), 1.0);
    let mut block = m.expr();
    block.add_diagonal(0, x);
    let lmi = p.lmi("block", block);
    p.minimise(x);
    let handles = Handles {
        x,
        w,
        m,
        row,
        lmi,
        cone,
    };
    (p, handles)
}

fn solve(p: &Program) -> Solution {
    let outcome = p.solve(&Options::default()).expect("valid");
    assert!(outcome.is_solved(), "{}", outcome.name());
    outcome.into_solution().expect("solved")
}

fn refused<T: std::fmt::Debug>(what: Result<T, Error>, place: &str, handle: &str) {
    match what {
        Err(Error::Foreign {
            place: at,
            handle: which,
        }) => {
            assert_eq!(at, place);
            assert!(which.starts_with(handle), "{which}");
        }
        other => panic!("{handle} at {place}: {other:?}"),
    }
}

/// Every accessor refuses every handle.
fn refuses_all(s: &Solution, h: Handles) {
    let here = "this answer";
    refused(s.scalar(h.x), here, "scalar variable 0");
    refused(s.vector(h.w), here, "scalar variable");
    refused(s.matrix(h.m), here, "matrix variable 0");
    refused(s.dual(h.row), here, "row 0");
    refused(s.lmi_dual(h.lmi), here, "matrix inequality 0");
    refused(s.cone_dual(h.cone), here, "norm constraint 0");
    refused(s.point.value(&h.x.into()), here, "scalar variable 0");
    refused(s.point.value(&h.m.trace()), here, "matrix variable 0");
    refused(s.point.matrix_value(&h.m.expr()), here, "matrix variable 0");
    let mut block = HermitianAffine::zeros(1);
    block.add_diagonal(0, h.x);
    refused(s.point.matrix_value(&block), here, "scalar variable 0");
}

fn takes_all(s: &Solution, h: Handles, least: f64) {
    assert!((s.scalar(h.x).unwrap() - least).abs() < 1e-6);
    assert_eq!(s.vector(h.w).unwrap().nrows(), 2);
    assert!((s.point.value(&h.m.trace()).unwrap() - least).abs() < 1e-6);
    assert!((s.dual(h.row).unwrap() - 1.0).abs() < 1e-6);
    assert_eq!(s.lmi_dual(h.lmi).unwrap().nrows(), 2);
    assert_eq!(s.cone_dual(h.cone).unwrap().len(), 5);
    let block = s.point.matrix_value(&h.m.expr()).unwrap();
    assert_eq!(&block, s.matrix(h.m).unwrap());
}

#[test]
fn an_answer_takes_its_own_handles_alone() {
    let ((p, own), (_, foreign)) = (build(2.0), build(3.0));
    let solution = solve(&p);
    takes_all(&solution, own, 2.0);
    refuses_all(&solution, foreign);
}

#[test]
fn solve_names_the_constraint_with_the_foreign_variable() {
    let (_, f) = build(3.0);
    let solved = |p: &Program| p.solve(&Options::default()).map(|o| o.name());
    let vector = Mat::from_fn(2, 1, |_, _| c64::ONE);
    type Build<'a> = Box<dyn Fn(&mut Program, Handles) + 'a>;
    let cases: [(&str, &str, Build<'_>); 10] = [
        (
            "objective",
            "scalar variable 0",
            Box::new(|p, _| p.minimise(f.x)),
        ),
        (
            "objective",
            "matrix variable 0",
            Box::new(|p, h| p.maximise(h.x + f.m.trace())),
        ),
        (
            "mixed",
            "scalar variable 0",
            Box::new(|p, h| {
                p.at_most("mixed", h.x, f.x);
            }),
        ),
        (
            "cancels",
            "scalar variable 0",
            Box::new(|p, h| {
                p.at_most("cancels", h.x + f.x * 0.0, 1.0);
            }),
        ),
        (
            "sum",
            "scalar variable 0",
            Box::new(|p, h| {
                let sum: Affine = [Affine::from(h.x), -f.x].into_iter().sum();
                p.equal("sum", 0.0, sum);
            }),
        ),
        (
            "quadratic",
            "matrix variable 0",
            Box::new(|p, _| {
                p.at_least("quadratic", f.m.quadratic(vector.col(0)), 0.0);
            }),
        ),
        (
            "norm",
            "scalar variable 1",
            Box::new(|p, _| {
                p.norm_at_most("norm", f.w.parts(), 1.0);
            }),
        ),
        (
            "dot",
            "scalar variable 1",
            Box::new(|p, _| {
                p.at_most("dot", f.w.dot(vector.col(0)).im, 1.0);
            }),
        ),
        (
            "congruence",
            "matrix variable 0",
            Box::new(|p, h| {
                p.lmi("congruence", h.m.expr() - f.m.expr().embedded(2, 0));
            }),
        ),
        (
            "entry",
            "scalar variable 1",
            Box::new(|p, h| {
                let mut block = h.m.expr();
                block.add_column(0, 1, [f.w.entry(0)]);
                p.lmi("entry", block);
            }),
        ),
    ];
    for (place, handle, case) in &cases {
        let (mut p, own) = build(2.0);
        case(&mut p, own);
        refused(solved(&p), place, handle);
    }
}

#[test]
fn a_clone_shares_what_was_there_before_it_and_nothing_after() {
    let (mut first, shared) = build(2.0);
    let mut second = first.clone();
    let early = first.clone();
    // Both get a scalar with the same number.
    let (a, b) = (first.nonneg("a"), second.nonneg("b"));
    first.at_least("more", a, shared.x);
    second.at_least("more", b, shared.x);
    for (p, own, other) in [(&first, a, b), (&second, b, a)] {
        let solution = solve(p);
        takes_all(&solution, shared, 2.0);
        assert!(solution.scalar(own).unwrap() > 2.0 - 1e-6);
        refused(solution.scalar(other), "this answer", "scalar variable 5");
        let both = Affine::from(own) + other;
        refused(
            solution.point.value(&both),
            "this answer",
            "scalar variable 5",
        );
        let mut spoiled = p.clone();
        spoiled.at_least("spoiled", own, other);
        refused(
            spoiled.solve(&Options::default()).map(|o| o.name()),
            "spoiled",
            "scalar variable 5",
        );
    }
    takes_all(&solve(&early), shared, 2.0);
    // A clone dropped or solved in between changes nothing for the original.
    drop(second);
    let late = first.nonneg("late");
    first.at_least("late row", late, a);
    takes_all(&solve(&first), shared, 2.0);
}

#[test]
fn what_was_added_after_the_solve_is_not_in_the_answer() {
    let (mut p, h) = build(2.0);
    let solution = solve(&p);
    let (x, w, m) = (p.free("late"), p.vector("late", 1), p.hermitian("late", 2));
    let late = Handles {
        x,
        w,
        m,
        row: p.at_most("late", x, 1.0),
        lmi: p.lmi("late", m.expr()),
        cone: p.norm_at_most("late", w.parts(), 1.0),
    };
    let here = "this answer";
    refused(solution.scalar(late.x), here, "scalar variable 5");
    refused(solution.vector(late.w), here, "scalar variable 7");
    refused(solution.matrix(late.m), here, "matrix variable 1");
    refused(solution.dual(late.row), here, "row 2");
    refused(solution.lmi_dual(late.lmi), here, "matrix inequality 1");
    refused(solution.cone_dual(late.cone), here, "norm constraint 1");
    let value = |e: Affine| solution.point.value(&e);
    refused(value(h.x + late.x), here, "scalar variable 5");
    refused(value(late.m.trace()), here, "matrix variable 1");
    let block = h.m.expr() + late.m.expr();
    refused(
        solution.point.matrix_value(&block),
        here,
        "matrix variable 1",
    );
    takes_all(&solution, h, 2.0);
}

#[test]
fn rays_and_multipliers_of_other_outcomes_refuse_too() {
    let (mut infeasible, own) = build(2.0);
    infeasible.at_most("cap", own.x, 1.0);
    let (_, foreign) = build(2.0);
    let Ok(Outcome::Infeasible(farkas)) = infeasible.solve(&Options::default()) else {
        panic!("x >= 2 and x <= 1");
    };
    assert!(farkas.multipliers.row(own.row).unwrap() > 0.0);
    refused(farkas.multipliers.row(foreign.row), "this answer", "row 0");

    let mut unbounded = Program::new();
    let t = unbounded.nonneg("t");
    unbounded.maximise(t);
    let Ok(Outcome::Unbounded(ray)) = unbounded.solve(&Options::default()) else {
        panic!("no bound on t");
    };
    assert!(ray.direction.scalar(t).unwrap() > 0.0);
    refused(
        ray.direction.scalar(foreign.x),
        "this answer",
        "scalar variable 0",
    );
}

#[test]
fn empty_vectors_and_equal_programs() {
    let (mut p, _) = build(2.0);
    let nothing = p.vector("nothing", 0);
    let (q, _) = build(2.0);
    let (a, b) = (solve(&p), solve(&q));
    assert_eq!(a.vector(nothing).unwrap().nrows(), 0);
    refused(b.vector(nothing), "this answer", "scalar variable 5");
    // Whose program it is is no part of the value.
    assert_eq!(b.multipliers, solve(&build(2.0).0).multipliers);
    assert_eq!(format!("{b:?}"), format!("{:?}", solve(&build(2.0).0)));
}

/// Expressions that do not fit are refused where they are read, too.
#[test]
fn values_of_expressions_that_do_not_fit() {
    let mut p = Program::new();
    let x = p.psd("X", 2);
    p.minimise(x.trace());
    let s = p
        .solve(&Options::default())
        .unwrap()
        .into_solution()
        .unwrap();
    let long = [isac_linalg::c64::ONE; 3];
    let refused = |error: Error| {
        let text = error.to_string();
        assert!(text.contains("3") && text.contains("2"), "{text}");
    };
    refused(s.point.value(&x.quadratic(&long)).unwrap_err());
    let t = isac_linalg::Mat::identity(3, 2);
    refused(s.point.matrix_value(&x.congruence(t.as_ref())).unwrap_err());
    let mut block = x.expr();
    block.add_term(1.0, isac_conic::Coefficient::rank_one(&long));
    refused(s.point.matrix_value(&block).unwrap_err());
}
