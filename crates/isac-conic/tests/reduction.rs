//! The block-wise reduction against closed forms and against the unreduced program: values, errors of the points
//! that it maps back, verdicts, orders.

use isac_conic::{Affine, Coefficient, MatrixVar, Options, Outcome, Program, Row, Solution};
use isac_linalg::{Mat, c64};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt as _, SeedableRng as _};

fn sample(rng: &mut ChaCha8Rng, n: usize, k: usize) -> Mat<c64> {
    Mat::from_fn(n, k, |_, _| {
        c64::new(rng.random_range(-1.0..1.0), rng.random_range(-1.0..1.0))
    })
}

fn solve(program: &Program, reduce: bool) -> Outcome {
    let options = Options {
        reduce,
        ..Options::default()
    };
    program.solve(&options).unwrap()
}

fn solved(program: &Program, reduce: bool) -> Solution {
    let outcome = solve(program, reduce);
    assert!(outcome.is_solved(), "reduce {reduce}: {outcome}");
    let solution = outcome.into_solution().unwrap();
    assert!(solution.dimacs.worst() < 1e-8, "{:?}", solution.dimacs);
    solution
}

/// `sum of weight X_ii` over the rows of a block, written in one of four ways.
fn block_trace(x: MatrixVar, rows: &[usize], weight: f64, form: usize) -> Affine {
    let n = x.order();
    let value = c64::new(weight, 0.0);
    match form % 4 {
        0 => {
            let entries: Vec<_> = rows.iter().map(|&i| (i, i, value)).collect();
            x.inner(Coefficient::sparse(&entries))
        }
        1 => {
            let on = |i: usize, j: usize| i == j && rows.contains(&i);
            let entry = |i, j| if on(i, j) { value } else { c64::ZERO };
            x.inner(Coefficient::dense(Mat::from_fn(n, n, entry)))
        }
        2 => {
            let entry = |i: usize, p: usize| c64::from(f64::from(u8::from(rows[p] == i)));
            let units = Mat::from_fn(n, rows.len(), entry);
            x.pool(units.as_ref(), &vec![weight; rows.len()])
        }
        _ => {
            let unit =
                |at: usize| Mat::from_fn(n, 1, |i, _| c64::from(f64::from(u8::from(i == at))));
            let all = rows.iter().map(|&i| x.quadratic(unit(i).col(0)) * weight);
            all.fold(Affine::default(), |sum, one| sum + one)
        }
    }
}

/// Rows of blocks of the given sizes, scattered.
fn scattered(sizes: &[usize], rng: &mut ChaCha8Rng) -> Vec<Vec<usize>> {
    let n: usize = sizes.iter().sum();
    let mut rows: Vec<usize> = (0..n).collect();
    for i in (1..n).rev() {
        rows.swap(i, rng.random_range(0..=i));
    }
    let mut rest = rows.into_iter();
    sizes
        .iter()
        .map(|&size| rest.by_ref().take(size).collect())
        .collect()
}

#[test]
fn one_beam_under_block_budgets_in_closed_form() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for sizes in [&[7, 4][..], &[1, 6, 3], &[1; 5], &[12]] {
        for form in 0..4 {
            let blocks = scattered(sizes, &mut rng);
            let n = sizes.iter().sum();
            let h = sample(&mut rng, n, 1);
            let mut p = Program::new();
            let x = p.psd("X", n);
            // The beam in phase with the channel, each block at full power.
            let mut root = 0.0;
            for (b, rows) in blocks.iter().enumerate() {
                let power = rng.random_range(0.5..2.0);
                p.at_most(format!("block {b}"), block_trace(x, rows, 1.0, form), power);
                let own: f64 = rows.iter().map(|&i| h[(i, 0)].norm_sqr()).sum();
                root += (power * own).sqrt();
            }
            p.maximise(x.quadratic(h.col(0)));
            let s = solved(&p, true);
            assert!((s.objective - root * root).abs() < 1e-7 * root * root);
            let to = s.reductions.first().map(|r| (r.to, r.surplus));
            let expected = (sizes.len() < n).then_some((sizes.len(), false));
            assert_eq!(to, expected, "{sizes:?} {form}");
        }
    }
}

#[test]
fn power_that_must_be_spent_goes_where_nobody_hears_it() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let blocks = scattered(&[5, 3, 4], &mut rng);
    let mut h = sample(&mut rng, 12, 2);
    // The last block is heard by nobody at all.
    blocks[2]
        .iter()
        .for_each(|&i| (h[(i, 0)], h[(i, 1)]) = (c64::ZERO, c64::ZERO));
    for form in 0..4 {
        let mut p = Program::new();
        let x = p.psd("X", 12);
        let rows: Vec<Row> = (blocks.iter().enumerate())
            .map(|(b, rows)| {
                let (name, power) = (format!("block {b}"), 1.0 + b as f64);
                let trace = block_trace(x, rows, 2.0, form);
                match b {
                    0 => p.equal(name, trace, power),
                    1 => p.at_least(name, trace, power),
                    _ => p.equal(name, trace, x.quadratic(h.col(0)) + power),
                }
            })
            .collect();
        p.minimise(x.quadratic(h.col(0)) + x.quadratic(h.col(1)) + 1.0);
        let s = solved(&p, true);
        assert!((s.objective - 1.0).abs() < 1e-8);
        assert_eq!(s.reductions[0].to, 4);
        assert!(s.reductions[0].surplus);
        let value = s.matrix(x).unwrap();
        for (b, own) in blocks.iter().enumerate() {
            let trace: f64 = own.iter().map(|&i| value[(i, i)].re).sum();
            let power = 1.0 + b as f64;
            assert!(2.0 * trace > power - 1e-7, "block {b}: {trace}");
            assert!(s.dual(rows[b]).unwrap().abs() < 1e-7);
        }
    }
}

/// Several covariances under budgets of blocks that they share, interference, a target's floor, weights that
/// differ by block; the budgets cost, or the signal is to be large.
struct Shared {
    program: Program,
    variables: Vec<MatrixVar>,
    /// What the order of each should become.
    order: usize,
}

fn shared(seed: u64, room: f64) -> Shared {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let sizes: Vec<usize> = (0..rng.random_range(2..4))
        .map(|_| rng.random_range(1..8))
        .collect();
    let n: usize = sizes.iter().sum();
    let blocks = scattered(&sizes, &mut rng);
    let users = rng.random_range(1..4);
    let mut h = sample(&mut rng, n, users + 1);
    if seed.is_multiple_of(3) {
        // A user out of reach of the first block.
        blocks[0].iter().for_each(|&i| h[(i, 0)] = c64::ZERO);
    }
    let seen = |rows: &Vec<usize>| {
        let heard = |k: &usize| rows.iter().any(|&i| h[(i, *k)] != c64::ZERO);
        rows.len().min((0..=users).filter(heard).count())
    };
    let order = blocks.iter().map(seen).sum();
    let mut p = Program::new();
    let variables: Vec<MatrixVar> = (0..users).map(|k| p.psd(format!("X{k}"), n)).collect();
    let sum = |make: &dyn Fn(MatrixVar) -> Affine| {
        let all = variables.iter().map(|x| make(*x));
        all.fold(Affine::default(), |sum, one| sum + one)
    };
    let mut spent = Affine::default();
    for (b, rows) in blocks.iter().enumerate() {
        let (weight, form) = (rng.random_range(0.5..2.0), rng.random_range(0..4));
        let total = sum(&|x| block_trace(x, rows, weight, form));
        spent += total.clone() * (1.0 + b as f64);
        p.at_most(format!("block {b}"), total, room * rows.len() as f64);
    }
    for k in 0..users {
        let own = variables[k].quadratic(h.col(k)) * 2.0;
        let heard = sum(&|x| x.quadratic(h.col(k)));
        // 2 own - all >= noise: an SINR of one.
        p.at_least(format!("user {k}"), own - heard, 0.1);
    }
    let target = sum(&|x| x.quadratic(h.col(users)));
    if seed.is_multiple_of(2) {
        p.maximise(target);
    } else {
        p.at_least("target", target, 0.3);
        p.minimise(spent);
    }
    Shared {
        program: p,
        variables,
        order,
    }
}

#[test]
fn reduced_and_unreduced_programs_agree() {
    let mut reduced = 0;
    for seed in 0..24 {
        let Shared {
            program,
            variables,
            order,
        } = shared(seed, 5.0);
        let (whole, small) = (solve(&program, false), solve(&program, true));
        assert_eq!(whole.name(), small.name(), "seed {seed}");
        if !whole.is_solved() {
            continue;
        }
        let (whole, small) = (solved(&program, false), solved(&program, true));
        let unit = whole.objective.abs();
        assert!(
            (whole.objective - small.objective).abs() < 1e-7 * unit,
            "seed {seed}: {} {}",
            whole.objective,
            small.objective
        );
        assert!((small.dual_objective - small.objective).abs() < 1e-7 * unit);
        for (report, x) in small.reductions.iter().zip(&variables) {
            assert_eq!((report.from, report.to), (x.order(), order), "seed {seed}");
            reduced += 1;
        }
        assert!(
            small.reductions.len()
                == if order < variables[0].order() {
                    variables.len()
                } else {
                    0
                }
        );
    }
    assert!(reduced > 20, "{reduced}");
}

#[test]
fn too_small_budgets_are_proved_so_on_the_program_as_written() {
    let mut proved = 0;
    for seed in [1, 5, 7, 11, 13] {
        let program = shared(seed, 1e-4).program;
        for reduce in [true, false] {
            let outcome = solve(&program, reduce);
            let Outcome::Infeasible(proof) = &outcome else {
                panic!("seed {seed} reduce {reduce}: {outcome}");
            };
            assert!(proof.radius.is_infinite());
            proved += 1;
        }
    }
    assert_eq!(proved, 10);
}

#[test]
fn the_reduction_does_not_know_the_unit_of_power() {
    for seed in [2, 3, 4] {
        let program = |unit: f64| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let h = sample(&mut rng, 10, 2);
            let mut p = Program::new();
            let x = p.psd("X", 10);
            for (b, rows) in scattered(&[6, 4], &mut rng).iter().enumerate() {
                p.at_most(format!("block {b}"), block_trace(x, rows, 1.0, b), unit);
            }
            p.at_most("leak", x.quadratic(h.col(1)), 0.1 * unit);
            p.maximise(x.quadratic(h.col(0)));
            p
        };
        let one = solved(&program(1.0), true);
        let small = solve(&program(2f64.powi(-40)), true)
            .into_solution()
            .unwrap();
        assert_eq!(small.reductions, one.reductions);
        let scaled = small.objective * 2f64.powi(40);
        assert!((scaled - one.objective).abs() < 1e-9 * one.objective);
    }
}
