//! Fisher information for arrays of any geometry: linear, planar, anywhere, near field.

use isac_linalg::{Mat, c64, ops};
use isac_metrics::AngleSensing;
use isac_models::array::{Elements, KronOrder, Response, Scaling, Ula, Upa};
use isac_models::target::Targets;
use isac_testkit::{metric, sample};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};

/// Eq. (10) of \[obs_crlb\] from whole matrices, for any parameters of a target.
fn by_definition(
    transmit: &Response,
    receive: &Response,
    alpha: &[c64],
    w: &Mat<c64>,
    kappa: f64,
) -> Mat<f64> {
    let outer = |b: &Mat<c64>, a: &Mat<c64>, m: usize, factor: c64| {
        Mat::from_fn(b.nrows(), a.nrows(), |i, j| {
            b[(i, m)] * a[(j, m)].conj() * factor
        })
    };
    let mut slopes = Vec::new();
    for (da, db) in transmit.derivatives.iter().zip(&receive.derivatives) {
        for (m, &gain) in alpha.iter().enumerate() {
            let moved = outer(db, &transmit.value, m, gain) + outer(&receive.value, da, m, gain);
            slopes.push(moved);
        }
    }
    for unit in [c64::new(1.0, 0.0), c64::new(0.0, 1.0)] {
        for m in 0..alpha.len() {
            slopes.push(outer(&receive.value, &transmit.value, m, unit));
        }
    }
    let echoes: Vec<Mat<c64>> = (slopes.iter())
        .map(|g| ops::mul(g.as_ref(), w.as_ref()))
        .collect();
    Mat::from_fn(slopes.len(), slopes.len(), |p, q| {
        kappa * ops::inner(echoes[p].as_ref(), echoes[q].as_ref())
    })
}

fn elements(count: usize, rng: &mut ChaCha8Rng) -> Elements {
    let position = |_| [0, 1, 2].map(|_| 3.0 * (rng.random::<f64>() - 0.5));
    Elements::new((0..count).map(position).collect(), Scaling::UnitEntries).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// The compact form is the definition, whatever moves a target.
    #[test]
    fn compact_and_literal_information_agree(m in 1..=3usize, streams in 1..=8usize, seed in any::<u64>()) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut list = |low: f64, high: f64| (0..m).map(|_| low + (high - low) * rng.random::<f64>()).collect::<Vec<_>>();
        let (theta, phi, range) = (list(-1.2, 1.2), list(0.5, 2.5), list(4.0, 40.0));
        let alpha: Vec<c64> = list(0.05, 0.4).into_iter().map(|a| c64::from_polar(a, 7.0 * a)).collect();
        let (tx, rx) = (elements(6, &mut rng), elements(5, &mut rng));
        let (ula, other) = (Ula::new(6, 0.4, Scaling::UnitNorm).unwrap(), Ula::new(4, 0.5, Scaling::UnitEntries).unwrap());
        let w = sample::gaussian(6, streams, &mut rng);
        let near = |a: &Elements| a.near_field(&theta, &phi, &range).unwrap();
        let pairs: [(Response, Response); 3] = [
            (ula.response(&theta), other.response(&theta)),
            (tx.steering(&theta, &phi).into(), rx.steering(&theta, &phi).into()),
            (near(&tx), near(&rx)),
        ];
        for (transmit, receive) in pairs {
            let sensing = AngleSensing::of_responses(&transmit, &receive, &alpha, 7, 0.1).unwrap();
            prop_assert_eq!(sensing.compact().parameters(), (transmit.derivatives.len() + 2) * m);
            let fast = sensing.fim(w.as_ref()).unwrap();
            let slow = by_definition(&transmit, &receive, &alpha, &w, 2.0 * 7.0 / 0.1);
            let size = (0..slow.nrows()).map(|p| slow[(p, p)]).fold(0.0, f64::max);
            for p in 0..slow.nrows() {
                for q in 0..slow.nrows() {
                    let scale = (slow[(p, p)] * slow[(q, q)]).sqrt().max(1e-8 * size);
                    prop_assert!((fast[(p, q)] - slow[(p, q)]).abs() <= 1e-11 * scale, "{p} {q}");
                }
            }
        }
    }

    /// Who is told the distance knows the angles no worse: nested models in the near field.
    #[test]
    fn a_known_distance_lowers_the_bounds_of_the_angles(seed in any::<u64>()) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let (tx, rx) = (elements(9, &mut rng), elements(8, &mut rng));
        let w = sample::gaussian(9, 9, &mut rng);
        let alpha = [c64::new(0.3, 0.1)];
        let bound = |known: bool| {
            let response = |a: &Elements| {
                let mut response = a.near_field(&[0.4], &[1.2], &[9.0]).unwrap();
                if known {
                    response.derivatives.truncate(2);
                }
                response
            };
            let sensing = AngleSensing::of_responses(&response(&tx), &response(&rx), &alpha, 5, 0.2).unwrap();
            let crlb = sensing.crlb(w.as_ref()).unwrap();
            let inverse = crlb.inverse();
            Mat::from_fn(2, 2, |i, j| inverse[(i, j)])
        };
        metric::loewner("known distance", bound(true).as_ref(), bound(false).as_ref(), 1e-9)?;
    }
}

/// One target before a linear array that sends the same power everywhere: with `d` and `e` the norms of
/// the derivatives about their means, the bound of the angle is `1 / (kappa |alpha|^2 p (N_r d + N_t e))`.
#[test]
fn the_bound_of_a_linear_array_in_closed_form() {
    let (nt, nr, theta, spacing) = (8, 5, 0.4_f64, 0.5);
    let (tx, rx) = (
        Ula::new(nt, spacing, Scaling::UnitEntries).unwrap(),
        Ula::new(nr, spacing, Scaling::UnitEntries).unwrap(),
    );
    let (power, snapshots, noise, alpha) = (2.5, 12, 1e-3, c64::new(0.06, -0.08));
    let sensing = AngleSensing::of_responses(
        &tx.response(&[theta]),
        &rx.response(&[theta]),
        &[alpha],
        snapshots,
        noise,
    )
    .unwrap();
    let each = (power / nt as f64).sqrt();
    let w = Mat::from_fn(nt, nt, |i, j| {
        c64::new(if i == j { each } else { 0.0 }, 0.0)
    });
    let crlb = sensing.crlb(w.as_ref()).unwrap();
    // sum (2 pi d cos(theta))^2 (n - mean)^2 = (2 pi d cos(theta))^2 N (N^2 - 1) / 12.
    let spread = |n: usize| {
        let n = n as f64;
        (std::f64::consts::TAU * spacing * theta.cos()).powi(2) * n * (n * n - 1.0) / 12.0
    };
    let kappa = 2.0 * snapshots as f64 / noise;
    let p = power / nt as f64;
    let information =
        kappa * alpha.norm_sqr() * p * (nr as f64 * spread(nt) + nt as f64 * spread(nr));
    let got = crlb.inverse()[(0, 0)];
    assert!((got * information - 1.0).abs() < 1e-12, "{got:e}");
}

/// A planar array by its positions has the bound of the planar array, and a distant target in the near
/// field the bounds of its angles; that of its distance grows as the fourth power.
#[test]
fn geometries_that_agree_bound_alike() {
    let upa = Upa::new(3, 3, KronOrder::HorizontalSlow, Scaling::UnitNorm).unwrap();
    // About the middle of the array a distance says nothing of the angles to first order.
    let at = |k: usize| {
        let (h, v) = upa.position(k);
        [0.5 * h as f64 - 0.5, 0.0, 0.5 * v as f64 - 0.5]
    };
    let same = Elements::new((0..9).map(at).collect(), Scaling::UnitNorm).unwrap();
    let alpha = [c64::new(0.1, 0.2)];
    let targets = Targets::new(vec![0.5], vec![1.2], alpha.to_vec()).unwrap();
    let planar = AngleSensing::new(&upa, &upa, &targets, 20, 1e-3).unwrap();
    let identity = Mat::from_fn(9, 9, |i, j| c64::new(if i == j { 0.3 } else { 0.0 }, 0.0));
    let planar = planar.crlb(identity.as_ref()).unwrap();
    let bounds = |response: Response| {
        let sensing = AngleSensing::of_responses(&response, &response, &alpha, 20, 1e-3).unwrap();
        let crlb = sensing.crlb(identity.as_ref()).unwrap();
        let inverse = crlb.inverse();
        (0..inverse.nrows())
            .map(|i| inverse[(i, i)])
            .collect::<Vec<f64>>()
    };
    let far = bounds(same.steering(&[0.5], &[1.2]).into());
    for i in 0..2 {
        assert!((far[i] / planar.inverse()[(i, i)] - 1.0).abs() < 1e-11);
    }
    let near = |r: f64| bounds(same.near_field(&[0.5], &[1.2], &[r]).unwrap());
    let (close, distant) = (near(300.0), near(600.0));
    for i in 0..2 {
        assert!(
            (distant[i] / far[i] - 1.0).abs() < 1e-2,
            "{}",
            distant[i] / far[i]
        );
    }
    let growth = distant[2] / close[2];
    assert!((growth / 16.0 - 1.0).abs() < 1e-2, "{growth}");
}

/// What cannot be told is an error, and shapes that differ are named.
#[test]
fn unidentifiable_and_malformed_responses_are_refused() {
    let one = Ula::half_wavelength(1, Scaling::UnitNorm).unwrap();
    let response = one.response(&[0.2]);
    let sensing = AngleSensing::of_responses(&response, &response, &[c64::ONE], 1, 1.0).unwrap();
    let w = Mat::from_fn(1, 1, |_, _| c64::ONE);
    assert!(sensing.crlb(w.as_ref()).is_err());
    let good = Ula::half_wavelength(4, Scaling::UnitNorm)
        .unwrap()
        .response(&[0.2]);
    let mut bad = good.clone();
    bad.derivatives[0] = Mat::zeros(3, 1);
    let text = |t: &Response, r: &Response| {
        let made = AngleSensing::of_responses(t, r, &[c64::ONE], 1, 1.0);
        made.unwrap_err().to_string()
    };
    assert!(text(&bad, &good).contains("transmit"));
    assert!(text(&good, &bad).contains("receive"));
    bad.derivatives = vec![good.value.clone(), good.value.clone()];
    assert!(
        text(&bad, &good).contains("transmit"),
        "another number of parameters"
    );
    bad.derivatives = vec![Mat::from_fn(4, 1, |_, _| c64::new(f64::NAN, 0.0))];
    assert!(text(&good, &bad).contains("receive"));
}
