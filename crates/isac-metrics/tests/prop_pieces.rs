//! The pieces of a worst case: channels of the error set at which it is or almost is attained, which
//! tie exactly where the worst case has its kink.

use isac_linalg::{Mat, c64};
use isac_metrics::worst_case::{Extreme, Link, POWER_PIECES, TURNS};
use isac_models::csi_error::{ErrorSet, UncertainChannel, random_ellipsoid};
use isac_testkit::{sample, strategies};
use proptest::prelude::*;
use rand::{RngExt, rngs::ChaCha8Rng};

fn vector(m: usize, rng: &mut ChaCha8Rng) -> Vec<c64> {
    sample::gaussian(m, 1, rng).col(0).iter().copied().collect()
}

fn inner(a: &[c64], b: &[c64]) -> c64 {
    a.iter().zip(b).map(|(a, b)| a.conj() * b).sum()
}

fn norm(v: &[c64]) -> f64 {
    inner(v, v).re.sqrt()
}

fn distance(a: &[c64], b: &[c64]) -> f64 {
    a.iter()
        .zip(b)
        .map(|(a, b)| (a - b).norm_sqr())
        .sum::<f64>()
        .sqrt()
}

fn seen(inverse: &Mat<c64>, d: &[c64]) -> Vec<c64> {
    (0..d.len())
        .map(|i| (0..d.len()).map(|j| inverse[(i, j)] * d[j]).sum())
        .collect()
}

/// Distance from the centre in units of the error set.
fn depth(channel: &UncertainChannel, h: &[c64]) -> f64 {
    let d: Vec<c64> = h
        .iter()
        .zip(&channel.estimate)
        .map(|(h, e)| h - e)
        .collect();
    match &channel.error {
        ErrorSet::Ball { radius } => norm(&d) / radius,
        ErrorSet::Ellipsoid { inverse, .. } => norm(&seen(inverse, &d)),
    }
}

/// A link about an estimate, its error a ball or an ellipsoid.
fn uncertain(
    estimate: Vec<c64>,
    radius: f64,
    ellipsoid: bool,
    rng: &mut ChaCha8Rng,
) -> UncertainChannel {
    if !ellipsoid {
        return UncertainChannel::ball("h", estimate, radius).unwrap();
    }
    let shape = random_ellipsoid(estimate.len(), radius, [0.3, 1.7], rng).unwrap();
    UncertainChannel::ellipsoid("h", estimate, shape).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn pieces_lie_in_the_error_set_and_the_first_is_the_worst(
        mut rng in strategies::rng(),
        m in 1..=5usize,
        count in 1..=4usize,
        radius in 0.05..2.0f64,
        ellipsoid in any::<bool>(),
    ) {
        let channel = uncertain(vector(m, &mut rng), radius, ellipsoid, &mut rng);
        let link = Link::new(&channel);
        let isotropic = if ellipsoid { 0.0 } else { 0.3 * rng.random::<f64>() };
        let o = vector(m * count, &mut rng);
        let (u, v) = (vector(m, &mut rng), vector(m, &mut rng));
        let total = |h: &[c64]| -> f64 { o.chunks_exact(m).map(|o| inner(h, o).norm_sqr()).sum() };
        let ratio = |h: &[c64]| {
            inner(h, &u).norm_sqr() / (inner(h, &v).norm_sqr() + isotropic * norm(h).powi(2) + 0.7)
        };
        let difference = |h: &[c64]| {
            inner(h, &u).norm_sqr() - inner(h, &v).norm_sqr() - isotropic * norm(h).powi(2)
        };
        let size = (norm(&channel.estimate) + 2.0 * radius).powi(2)
            * (norm(&u).powi(2) + norm(&v).powi(2) + norm(&o).powi(2) + 1.0);

        let form = link.form(&o).unwrap();
        let most = link.total_power(&form, Extreme::Max).unwrap();
        let pieces = link.greatest_power_pieces(&form, None).unwrap();
        prop_assert_eq!(pieces.channels.len(), POWER_PIECES);
        prop_assert!(distance(&pieces.channels[0], &most.at) <= 1e-9 * (1.0 + norm(&most.at)));
        for h in &pieces.channels {
            prop_assert!(depth(&channel, h) <= 1.0 + 1e-7);
            prop_assert!(total(h) <= most.value + 1e-8 * size);
        }
        // Anchored at its own frame nothing moves.
        let again = link.greatest_power_pieces(&form, Some(&pieces.frame)).unwrap();
        for (a, b) in pieces.channels.iter().zip(&again.channels) {
            prop_assert!(distance(a, b) <= 1e-6 * (1.0 + norm(a)));
        }

        let top = link.ratio(&u, &v, isotropic, 0.7, Extreme::Max);
        let gap = link.difference_max(&u, &v, isotropic);
        let ratios = link.ratio_pieces(&u, &v, isotropic, 0.7, None);
        let gaps = link.difference_pieces(&u, &v, isotropic, None);
        prop_assert_eq!(ratios.channels.len(), TURNS);
        for (h, g) in ratios.channels.iter().zip(&gaps.channels) {
            prop_assert!(depth(&channel, h) <= 1.0 + 1e-7 && depth(&channel, g) <= 1.0 + 1e-7);
            prop_assert!(ratio(h) <= top.value * (1.0 + 1e-8));
            prop_assert!(difference(g) <= gap.value + 1e-9 * size);
        }
        prop_assert!((ratio(&ratios.channels[0]) - top.value).abs() <= 1e-7 * top.value);
        prop_assert!((difference(&gaps.channels[0]) - gap.value).abs() <= 1e-8 * size);
        let again = link.difference_pieces(&u, &v, isotropic, Some(&gaps.leading));
        for (a, b) in gaps.channels.iter().zip(&again.channels) {
            prop_assert!(distance(a, b) <= 1e-6 * (1.0 + norm(a)));
        }
        // The turns are by eighths of a circle: opposite pieces are symmetric about a common middle.
        for pieces in [&ratios.channels, &gaps.channels] {
            let middle = |k: usize| -> Vec<c64> {
                pieces[k].iter().zip(&pieces[k + 1]).map(|(a, b)| 0.5 * (a + b)).collect()
            };
            for k in [2, 4, 6] {
                prop_assert!(distance(&middle(0), &middle(k)) <= 1e-9 * (1.0 + norm(&middle(0))));
                let span = distance(&pieces[0], &pieces[1]);
                prop_assert!((distance(&pieces[k], &pieces[k + 1]) - span).abs() <= 1e-9 * (1.0 + span));
            }
        }
        // A phase from elsewhere turns all of them together.
        let other = vector(m, &mut rng);
        let turned = link.difference_pieces(&u, &v, isotropic, Some(&other));
        for h in &turned.channels {
            prop_assert!(depth(&channel, h) <= 1.0 + 1e-7);
        }
        let along = inner(&other, &turned.leading);
        prop_assert!(along.im.abs() <= 1e-8 * (1.0 + along.norm()) || ellipsoid);
        prop_assert!(ellipsoid || along.re >= -1e-9);
    }

    /// Beams in one direction, and a single antenna: what rounding leaves of the second beam beside the
    /// first is no direction of its own.
    #[test]
    fn parallel_beams_keep_their_extremes_in_the_error_set(
        mut rng in strategies::rng(),
        m in 1..=5usize,
        share in 0.1..3.0f64,
        radius in 0.05..2.0f64,
    ) {
        let estimate = vector(m, &mut rng);
        let channel = UncertainChannel::ball("h", estimate, radius).unwrap();
        let link = Link::new(&channel);
        let u = vector(m, &mut rng);
        let v: Vec<c64> = u.iter().map(|x| x * c64::from_polar(share, 0.8)).collect();
        let ratio = |h: &[c64]| inner(h, &u).norm_sqr() / (inner(h, &v).norm_sqr() + 0.7);
        let difference = |h: &[c64]| inner(h, &u).norm_sqr() - inner(h, &v).norm_sqr();
        // Both follow from the range of |h^H u|.
        let reach = [-1.0, 1.0].map(|s| {
            (inner(&channel.estimate, &u).norm() + s * radius * norm(&u)).max(0.0).powi(2)
        });
        let of = |power: f64| power / (share * share * power + 0.7);
        for (extreme, power) in [(Extreme::Min, reach[0]), (Extreme::Max, reach[1])] {
            let found = link.ratio(&u, &v, 0.0, 0.7, extreme);
            prop_assert!((found.value - of(power)).abs() <= 1e-8 * of(reach[1]), "{extreme:?}");
            prop_assert!(depth(&channel, &found.at) <= 1.0 + 1e-9);
            prop_assert!((ratio(&found.at) - found.value).abs() <= 1e-8 * of(reach[1]));
        }
        let gap = link.difference_max(&u, &v, 0.0);
        let end = if share < 1.0 { reach[1] } else { reach[0] };
        let size = reach[1] * (1.0 + share * share);
        prop_assert!((gap.value - (1.0 - share * share) * end).abs() <= 1e-9 * size);
        prop_assert!(depth(&channel, &gap.at) <= 1.0 + 1e-9);
        prop_assert!((difference(&gap.at) - gap.value).abs() <= 1e-8 * size);
        let pieces = link.difference_pieces(&u, &v, 0.0, None);
        prop_assert!(pieces.channels.iter().all(|h| depth(&channel, h) <= 1.0 + 1e-9));
        let pieces = link.ratio_pieces(&u, &v, 0.0, 0.7, None);
        prop_assert!(pieces.channels.iter().all(|h| depth(&channel, h) <= 1.0 + 1e-9));
    }

    /// Centre 0: the greatest power `l_1 r^2` is attained on the whole circle, and on a sphere where
    /// the two greatest eigenvalues are equal.
    #[test]
    fn pieces_tie_at_the_kinks(
        mut rng in strategies::rng(),
        m in 2..=5usize,
        radius in 0.1..2.0f64,
        equal in any::<bool>(),
    ) {
        let channel = UncertainChannel::ball("h", vec![c64::ZERO; m], radius).unwrap();
        let link = Link::new(&channel);
        let basis = sample::unitary(m, &mut rng);
        let column = |j: usize, t: f64| -> Vec<c64> { (0..m).map(|i| basis[(i, j)] * t).collect() };
        let o = [column(0, 1.3), column(1, if equal { 1.3 } else { 0.6 })].concat();
        let total = |h: &[c64]| -> f64 { o.chunks_exact(m).map(|o| inner(h, o).norm_sqr()).sum() };
        let form = link.form(&o).unwrap();
        let pieces = link.greatest_power_pieces(&form, None).unwrap();
        let most = 1.69 * radius * radius;
        let tying = if equal { POWER_PIECES } else { TURNS };
        for h in &pieces.channels[..tying] {
            prop_assert!((total(h) - most).abs() <= 1e-9 * most, "{} {most}", total(h));
            prop_assert!((norm(h) - radius).abs() <= 1e-9 * radius);
        }
        // They are different channels; in a tie the turns may be about an axis that is not used.
        for a in 0..if equal { 0 } else { TURNS } {
            for b in 0..a {
                prop_assert!(distance(&pieces.channels[a], &pieces.channels[b]) > 0.7 * radius);
            }
        }
        if equal {
            // A frame of a rotated basis of the same plane: the pieces follow it.
            let t = 0.4f64;
            let mixed: Vec<c64> = [
                o[..m].iter().zip(&o[m..]).map(|(a, b)| a * t.cos() + b * t.sin()).collect::<Vec<_>>(),
                o[..m].iter().zip(&o[m..]).map(|(a, b)| b * t.cos() - a * t.sin()).collect(),
            ]
            .concat();
            let other = link.form(&mixed).unwrap();
            let followed = link.greatest_power_pieces(&other, Some(&pieces.frame)).unwrap();
            for (a, b) in pieces.channels.iter().zip(&followed.channels) {
                prop_assert!(distance(a, b) <= 1e-6 * radius);
            }
        }
    }
}
