//! Bad input: each case a typed error that names what is wrong.

use isac_conic::Error;
use isac_conic::{Coefficient, HermitianAffine, Options, Program, parts};
use isac_linalg::{Mat, c64};

fn error(build: impl FnOnce(&mut Program)) -> isac_linalg::Error {
    let mut p = Program::new();
    build(&mut p);
    match p.solve(&Options::default()) {
        Err(Error::Linalg(error)) => {
            assert!(error.is_bad_input());
            error
        }
        other => panic!("{other:?}"),
    }
}

fn vector(n: usize, value: f64) -> Mat<c64> {
    Mat::from_fn(n, 1, |_, _| c64::new(value, 0.0))
}

#[test]
fn an_empty_program() {
    assert!(error(|_| ()).to_string().contains("number of variables"));
    let text = error(|p| {
        p.psd("W", 0);
    })
    .to_string();
    assert!(text.contains("order of `W`"), "{text}");
}

#[test]
fn wrong_sizes_name_row_and_variable() {
    let text = error(|p| {
        let w = p.psd("W", 4);
        p.at_most("power", w.quadratic(vector(3, 1.0).col(0)), 1.0);
    })
    .to_string();
    assert!(text.contains("`W`") && text.contains("`power`"), "{text}");

    let text = error(|p| {
        let w = p.psd("W", 4);
        p.lmi("block", w.congruence(Mat::<c64>::identity(3, 3).as_ref()));
    })
    .to_string();
    assert!(text.contains("`block`"), "{text}");

    let text = error(|p| {
        let w = p.psd("W", 2);
        p.minimise(w.inner(Coefficient::sparse(&[(0, 2, c64::ONE)])));
    })
    .to_string();
    assert!(
        text.contains("objective") && text.contains("(0, 2)"),
        "{text}"
    );
}

/// Building goes on; the solve names the row and what did not fit.
#[test]
fn parts_that_do_not_fit_are_refused_by_the_solve() {
    type Build = fn(&mut Program);
    let cases: [(Build, [&str; 3]); 9] = [
        (
            |p| {
                let w = p.vector("w", 2);
                p.equal("gain", w.entry(2).re, 1.0);
            },
            ["`gain`", "below 2", "got 2"],
        ),
        (
            |p| {
                let w = p.vector("w", 2);
                p.equal("gain", 2.0 * w.dot(&[c64::ONE; 3]).im - 1.0, 1.0);
            },
            ["`gain`", "vector of 2", "got 3"],
        ),
        (
            |p| {
                let w = p.vector("w", 2);
                p.norm_at_most("ball", parts(w.image(vector(3, 1.0).as_ref())), 1.0);
            },
            ["`ball`", "vector of 2", "got 1"],
        ),
        (
            |p| {
                let t = p.free("t");
                let mut block = HermitianAffine::zeros(2);
                block.add_diagonal(2, t);
                p.lmi("block", block);
            },
            ["`block`", "below 2", "(2, 2)"],
        ),
        (
            |p| {
                let w = p.vector("w", 3);
                let mut block = HermitianAffine::zeros(3);
                block.add_column(1, 2, (0..3).map(|i| w.entry(i)));
                p.lmi("block", block);
            },
            ["`block`", "below 3", "(3, 2)"],
        ),
        (
            |p| {
                let x = p.psd("X", 3);
                p.lmi("block", x.expr().embedded(4, 2));
            },
            ["`block`", "within order 4", "order 3 at 2"],
        ),
        (
            |p| {
                let x = p.psd("X", 3);
                p.lmi("block", x.expr().congruence(vector(2, 1.0).as_ref()));
            },
            ["`block`", "3 rows", "got 2"],
        ),
        (
            |p| {
                let (x, y) = (p.psd("X", 3), p.psd("Y", 2));
                p.lmi("block", 2.0 * x.expr() - y.expr());
            },
            ["`block`", "order 3", "got 2"],
        ),
        (
            |p| {
                let w = p.vector("w", 1);
                let mut block = HermitianAffine::zeros(2);
                // A value that is zero but for its fault.
                block.add_entry(0, 1, w.entry(7) * 0.0);
                p.lmi("block", block);
            },
            ["`block`", "below 1", "got 7"],
        ),
    ];
    for (build, words) in cases {
        let text = error(build).to_string();
        assert!(words.iter().all(|word| text.contains(word)), "{text}");
    }
    let text = error(|p| {
        let x = p.psd("X", 2);
        let one = [c64::ONE];
        p.minimise(x.cross(&[c64::ONE; 2], &one).re);
    })
    .to_string();
    assert!(text.contains("`X`") && text.contains("objective"), "{text}");
}

#[test]
fn numbers_that_are_not_finite() {
    for bad in [f64::NAN, f64::INFINITY] {
        let text = error(|p| {
            let w = p.psd("W", 2);
            p.at_most("power", w.quadratic(vector(2, bad).col(0)), 1.0);
        })
        .to_string();
        assert!(text.contains("`power`"), "{text}");
        let text = error(|p| {
            let w = p.psd("W", 2);
            p.at_most("power", w.trace(), bad);
        })
        .to_string();
        assert!(text.contains("right side of `power`"), "{text}");
        let text = error(|p| {
            let t = p.free("t");
            p.at_most("bound", t * bad, 1.0);
        })
        .to_string();
        assert!(text.contains("`bound`"), "{text}");
    }
}

#[test]
fn matrices_that_are_not_hermitian() {
    let skew = Mat::from_fn(2, 2, |i, j| c64::new(i as f64 - j as f64, 0.0));
    let cases: [Box<dyn Fn(&mut Program)>; 3] = [
        Box::new(|p| {
            let w = p.psd("W", 2);
            p.minimise(w.inner(Coefficient::dense(skew.clone())));
        }),
        Box::new(|p| {
            p.free("t");
            p.lmi("block", HermitianAffine::constant(skew.clone()));
        }),
        Box::new(|p| {
            let w = p.psd("W", 2);
            p.minimise(w.inner(Coefficient::sparse(&[(0, 0, c64::I)])));
        }),
    ];
    for case in &cases {
        let got = error(|p| case(p));
        assert!(
            matches!(got, isac_linalg::Error::NotHermitian { .. }),
            "{got}"
        );
    }
}

#[test]
fn bad_options() {
    let mut p = Program::new();
    p.nonneg("t");
    for options in [
        Options {
            tolerance: 0.0,
            ..Options::default()
        },
        Options {
            accept: f64::NAN,
            ..Options::default()
        },
        Options {
            max_iterations: 0,
            ..Options::default()
        },
    ] {
        assert!(matches!(p.solve(&options), Err(Error::Linalg(_))));
    }
}
