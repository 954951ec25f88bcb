//! From relaxations to vectors: the counting bound on the rank, values kept, intervals respected,
//! a degenerate program settled by the penalty, candidates by randomisation, bad input.

use isac_linalg::{Col, Mat, c64, factor, hermitian::hermitian_part, ops};
use isac_opt::sdr::*;
use isac_opt::{Error, StopReason};
use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};

fn draw(rng: &mut ChaCha8Rng, n: usize, m: usize) -> Mat<c64> {
    Mat::from_fn(n, m, |_, _| {
        c64::new(rng.random_range(-1.0..1.0), rng.random_range(-1.0..1.0))
    })
}

fn psd(rng: &mut ChaCha8Rng, n: usize, rank: usize) -> Mat<c64> {
    let f = draw(rng, n, rank);
    hermitian_part(ops::mul_adjoint(f.as_ref(), f.as_ref()).as_ref())
}

fn value(f: &Functional, blocks: &[Mat<c64>]) -> f64 {
    f.terms
        .iter()
        .map(|(k, g)| ops::inner(g.as_ref(), blocks[*k].as_ref()))
        .sum()
}

#[test]
fn purification_keeps_values_and_meets_the_counting_bound() {
    let mut rng = ChaCha8Rng::seed_from_u64(21);
    for (orders, count) in [
        (vec![6], 3),
        (vec![5, 5, 5], 5),
        (vec![4, 7], 9),
        (vec![8, 2, 3], 14),
    ] {
        let blocks: Vec<Mat<c64>> = orders.iter().map(|&n| psd(&mut rng, n, n)).collect();
        let kept: Vec<Functional> = (0..count)
            .map(|_| {
                let terms = orders
                    .iter()
                    .enumerate()
                    .map(|(k, &n)| (k, hermitian_part(draw(&mut rng, n, n).as_ref())))
                    .collect();
                let f = Functional::equality(terms, 0.0);
                let now = value(&f, &blocks);
                Functional::equality(f.terms, now)
            })
            .collect();
        let pure = purify(&blocks, &kept, &PurifyOptions::default()).unwrap();
        let squares: usize = pure.ranks().iter().map(|r| r * r).sum();
        assert!(
            squares <= count,
            "ranks {:?} with {count} functionals",
            pure.ranks()
        );
        assert!(pure.drift < 1e-11 && pure.steps > 0);
        let after = pure.blocks();
        for f in &kept {
            assert!((value(f, &after) - f.lower).abs() < 1e-10 * (1.0 + f.lower.abs()));
        }
    }
}

#[test]
fn an_inactive_functional_stops_the_move_and_joins() {
    let mut rng = ChaCha8Rng::seed_from_u64(22);
    for _ in 0..20 {
        let blocks = vec![psd(&mut rng, 4, 4), psd(&mut rng, 4, 3)];
        let mut functionals = Vec::new();
        for k in 0..6 {
            let terms = vec![(0, psd(&mut rng, 4, 1)), (1, psd(&mut rng, 4, 2))];
            let now = value(&Functional::equality(terms.clone(), 0.0), &blocks);
            functionals.push(match k {
                0 | 1 => Functional::equality(terms, now),
                2 | 3 => Functional::at_least(terms, 0.999 * now),
                _ => Functional::at_most(terms, 1.001 * now),
            });
        }
        let pure = purify(&blocks, &functionals, &PurifyOptions::default()).unwrap();
        let after = pure.blocks();
        for f in &functionals {
            let now = value(f, &after);
            assert!(now >= f.lower - 1e-10 * now && now <= f.upper + 1e-10 * now);
        }
        let squares: usize = pure.ranks().iter().map(|r| r * r).sum();
        assert!(squares <= pure.binding.len() || pure.ranks().iter().all(|&r| r <= 1));
        assert!(pure.binding.len() >= 2 && pure.drift < 1e-10);
    }
}

#[test]
fn rank_one_input_and_no_functional() {
    let mut rng = ChaCha8Rng::seed_from_u64(23);
    let one = psd(&mut rng, 5, 1);
    let pure = purify(std::slice::from_ref(&one), &[], &PurifyOptions::default()).unwrap();
    assert_eq!((pure.ranks(), pure.steps), (vec![1], 0));
    assert!(ops::norm((pure.blocks()[0].clone() - one).as_ref()) < 1e-12);
    let zero = purify(&[Mat::zeros(3, 3)], &[], &PurifyOptions::default()).unwrap();
    assert_eq!(zero.ranks(), [0]);
}

#[test]
fn ranks_and_principal_components() {
    let mut rng = ChaCha8Rng::seed_from_u64(24);
    let w = Col::from_fn(4, |i| c64::new(1.0 + i as f64, -0.5));
    let outer = Mat::from_fn(4, 4, |i, j| w[i] * w[j].conj());
    let report = rank_report(
        &[outer.clone(), psd(&mut rng, 4, 2), Mat::zeros(2, 2)],
        1e-9,
    )
    .unwrap();
    assert_eq!(report.iter().map(|b| b.rank).collect::<Vec<_>>(), [1, 2, 0]);
    assert!(report[0].ratio < 1e-14 && report[1].ratio > 1e-3 && report[2].ratio <= 0.0);
    let v = principal_component(outer.as_ref()).unwrap();
    let back = Mat::from_fn(4, 4, |i, j| v[i] * v[j].conj());
    assert!(ops::norm((back - outer).as_ref()) < 1e-12);
    assert!(v[3].re > 0.0 && v[3].im.abs() < 1e-13);
}

/// `min <C, W>`, `tr W = 1`: any mixture over the lowest eigenspace is optimal, and a solver returns
/// the most mixed one. The penalty must settle on a vector at the same cost.
#[test]
fn the_penalty_settles_a_degenerate_program() {
    let mut rng = ChaCha8Rng::seed_from_u64(25);
    let v = factor::eigh(psd(&mut rng, 5, 5).as_ref()).unwrap().vectors;
    let l = [1.0, 1.0, 1.0, 2.0, 4.0];
    let scaled = Mat::from_fn(5, 5, |i, j| v[(i, j)] * l[j]);
    let c = hermitian_part(ops::mul_adjoint(scaled.as_ref(), v.as_ref()).as_ref());
    let relaxed = |extra: &Mat<c64>| {
        let eigen = factor::eigh((&c + extra).as_ref())?;
        let least = eigen.values[0];
        let kept: Vec<usize> = (0..5).filter(|&i| eigen.values[i] < least + 1e-9).collect();
        let f = Mat::from_fn(5, kept.len(), |i, j| {
            eigen.vectors[(i, kept[j])] / (kept.len() as f64).sqrt()
        });
        Ok::<_, Error>(hermitian_part(
            ops::mul_adjoint(f.as_ref(), f.as_ref()).as_ref(),
        ))
    };
    let start = relaxed(&Mat::zeros(5, 5)).unwrap();
    assert_eq!(
        rank_report(std::slice::from_ref(&start), 1e-9).unwrap()[0].rank,
        3
    );
    let found = rank_one_by_penalty(&[start], &PenaltyOptions::default(), |penalties| {
        let Penalty { weight, direction } = &penalties[0];
        let extra = Mat::from_fn(5, 5, |i, j| {
            let unit = if i == j { c64::ONE } else { c64::ZERO };
            (unit - direction[i] * direction[j].conj()) * *weight
        });
        let w = relaxed(&extra)?;
        Ok::<_, Error>(Some((ops::inner(c.as_ref(), w.as_ref()), vec![w])))
    })
    .unwrap();
    let (cost, blocks) = found.best.expect("rank one within a step");
    assert!((cost - 1.0).abs() < 1e-9);
    assert!(rank_report(&blocks, 0.0).unwrap()[0].ratio < 1e-9);
    assert!(
        found
            .runs
            .iter()
            .all(|run| run.stopped == StopReason::Tolerance)
    );

    let none = rank_one_by_penalty(&blocks, &PenaltyOptions::default(), |_| {
        Ok::<_, Error>(None)
    });
    let none = none.unwrap();
    assert!(none.best.is_none() && none.runs.len() == 4);
    assert!(
        none.runs
            .iter()
            .all(|run| run.stopped == StopReason::Stagnation)
    );
}

/// `max |a^H x|^2` over unit-modulus `x` from `W = I`: the phases of `a` reach `(sum |a_i|)^2`.
#[test]
fn randomisation_finds_good_phases_and_more_draws_never_hurt() {
    let mut rng = ChaCha8Rng::seed_from_u64(26);
    let a = draw(&mut rng, 6, 1);
    let best = |draws: usize| {
        let eye: Mat<c64> = Mat::identity(6, 6);
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let (found, feasible) = randomise(&[eye], draws, &mut rng, |w| {
            let sum: c64 = (0..6)
                .map(|i| a[(i, 0)].conj() * c64::from_polar(1.0, w[0][i].arg()))
                .sum();
            Ok::<_, Error>(Some((-sum.norm_sqr(), w[0].clone())))
        })
        .unwrap();
        assert_eq!(feasible, draws + 1);
        -found.expect("every candidate is feasible").0
    };
    let top = (0..6).map(|i| a[(i, 0)].norm()).sum::<f64>().powi(2);
    let values: Vec<f64> = [0, 10, 100, 1000]
        .iter()
        .map(|&draws| best(draws))
        .collect();
    assert!(values.windows(2).all(|w| w[1] >= w[0]), "{values:?}");
    assert!(values[3] <= top && values[3] > std::f64::consts::FRAC_PI_4 * top);
    // Nothing feasible is said, not hidden.
    let eye: Mat<c64> = Mat::identity(2, 2);
    let (found, feasible) =
        randomise(&[eye], 5, &mut rng, |_| Ok::<_, Error>(None::<(f64, ())>)).unwrap();
    assert!(found.is_none() && feasible == 0);
}

#[test]
fn bad_input_is_named() {
    let eye: Mat<c64> = Mat::identity(2, 2);
    let skew = Mat::from_fn(2, 2, |i, j| c64::new(0.0, (i + j) as f64));
    let text = |found: Result<Purified, Error>| found.map(|p| p.steps).unwrap_err().to_string();
    let options = PurifyOptions::default();
    let blocks = [eye.clone()];
    assert!(text(purify(std::slice::from_ref(&skew), &[], &options)).contains("not Hermitian"));
    let f = Functional::at_least(vec![(1, eye.clone())], 0.0);
    assert!(text(purify(&blocks, &[f], &options)).contains("index below 1"));
    let f = Functional::at_least(vec![(0, Mat::identity(3, 3))], 0.0);
    assert!(text(purify(&blocks, &[f], &options)).contains("expected shape 2 x 2"));
    let f = Functional::at_least(vec![(0, eye)], f64::NAN);
    assert!(text(purify(&blocks, &[f], &options)).contains("lower end"));
    assert!(rank_report(std::slice::from_ref(&skew), 1e-9).is_err());
    assert!(principal_component(skew.as_ref()).is_err());
    let options = PenaltyOptions {
        first_weights: vec![],
        ..PenaltyOptions::default()
    };
    let found = rank_one_by_penalty(&blocks, &options, |_| Ok::<_, Error>(None));
    assert!(found.unwrap_err().to_string().contains("first_weights"));
}
