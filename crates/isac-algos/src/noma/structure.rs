//! Demands that contradict each other whatever the power, seen in the data without a solver.
//!
//! Every comparison is exact, so that a demand at the very edge falls on the right side.

use std::cmp::Ordering;

use super::problem::Scene;
use isac_linalg::precise::Exact;
use isac_linalg::{MatRef, c64, ops};
use isac_metrics::noma::SicSet;
use serde::Serialize;

/// Why no design exists.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub enum Impossible {
    /// Targets with the same steering vector correlate fully: with the floors met, the mean squared
    /// cross-correlation is at least `least`, above its bound.
    CoincidentTargets {
        /// Two of them.
        targets: (usize, usize),
        /// Least mean squared cross-correlation, watt squared.
        least: f64,
    },
    /// Users whose channels are multiples of each other, none of whom removes another's message,
    /// share `sum gamma / (1 + gamma) < 1`; they ask for `load`.
    ParallelChannels {
        /// Their decoding positions.
        positions: Vec<usize>,
        /// `sum gamma / (1 + gamma)` of them, at least 1.
        load: f64,
    },
    /// An error of the ball cancels a user's whole channel: its worst-case SINR is 0.
    Silenced {
        /// Decoding position of the user.
        position: usize,
        /// Norm of its estimated channel, at most the radius.
        norm: f64,
    },
}

/// Looks for a contradiction among the demands; `targets` by decoding position, `radius` of the
/// channel errors, 0 without.
pub fn impossible(scene: &Scene, targets: &[f64], radius: f64) -> Option<Impossible> {
    silenced(scene, radius)
        .or_else(|| coincident(scene))
        .or_else(|| overloaded(scene, targets))
}

fn silenced(scene: &Scene, radius: f64) -> Option<Impossible> {
    if radius <= 0.0 {
        return None;
    }
    (0..scene.users()).find_map(|position| {
        let channel = scene.channels().subcols(position, 1);
        let excess = (0..channel.nrows()).fold(Exact::from(0.0), |sum, n| {
            let z = channel[(n, 0)];
            sum.plus_product(z.re, z.re).plus_product(z.im, z.im)
        });
        let excess = excess.plus_product(-radius, radius);
        (excess.sign() != Ordering::Greater).then(|| Impossible::Silenced {
            position,
            norm: ops::norm(channel),
        })
    })
}

/// Targets that share a steering vector, with a bound that forbids it.
pub(crate) fn coincident(scene: &Scene) -> Option<Impossible> {
    let (sensing, a) = (scene.sensing(), scene.steering());
    let xi = sensing.cross_correlation?;
    let same = |p: usize, m: usize| (0..a.nrows()).all(|n| a[(n, p)] == a[(n, m)]);
    let pairs = scene.target_pairs();
    let alike: Vec<(usize, usize)> = pairs.iter().copied().filter(|&(p, m)| same(p, m)).collect();
    let first = *alike.first()?;
    let (count, all) = (alike.len() as f64, pairs.len() as f64);
    // count P_s^2 > xi M (M - 1) / 2.
    let floor2 = Exact::from(0.0).plus_product(sensing.floor, sensing.floor);
    let excess = floor2.times(count).plus_product(-xi, all);
    (excess.sign() == Ordering::Greater).then(|| Impossible::CoincidentTargets {
        targets: first,
        least: count * sensing.floor * sensing.floor / all,
    })
}

fn overloaded(scene: &Scene, targets: &[f64]) -> Option<Impossible> {
    if scene.mode().sic != SicSet::Linear {
        return None;
    }
    let h = scene.channels();
    let users = scene.users();
    let mut seen = vec![false; users];
    for first in 0..users {
        if seen[first] {
            continue;
        }
        let positions: Vec<usize> = (first..users)
            .filter(|&k| !seen[k] && parallel(h, first, k))
            .collect();
        for &k in &positions {
            seen[k] = true;
        }
        // sum_k gamma_k prod_{i != k} (1 + gamma_i) - prod_i (1 + gamma_i), without rounding.
        let product = |without: Option<usize>| {
            (positions.iter().filter(|&&i| Some(i) != without))
                .fold(Exact::from(1.0), |x, &i| x.times(targets[i]).plus(&x))
        };
        let excess = positions.iter().fold(product(None).times(-1.0), |sum, &k| {
            sum.plus(&product(Some(k)).times(targets[k]))
        });
        if excess.sign() != Ordering::Less {
            let load = positions.iter().map(|&k| targets[k] / (1.0 + targets[k]));
            return Some(Impossible::ParallelChannels {
                load: load.sum(),
                positions,
            });
        }
    }
    None
}

/// Whether two columns are exactly multiples of each other: all minors with the largest entry of the
/// first vanish.
fn parallel(h: MatRef<'_, c64>, i: usize, j: usize) -> bool {
    if i == j {
        return true;
    }
    let pivot = (0..h.nrows()).fold(0, |top, n| {
        if h[(n, i)].norm() > h[(top, i)].norm() {
            n
        } else {
            top
        }
    });
    let (p, q) = (h[(pivot, i)], h[(pivot, j)]);
    (0..h.nrows()).all(|n| {
        let (x, y) = (h[(n, i)], h[(n, j)]);
        // p y - q x.
        let re = Exact::from(0.0)
            .plus_product(p.re, y.re)
            .plus_product(-p.im, y.im)
            .plus_product(-q.re, x.re)
            .plus_product(q.im, x.im);
        let im = Exact::from(0.0)
            .plus_product(p.re, y.im)
            .plus_product(p.im, y.re)
            .plus_product(-q.re, x.im)
            .plus_product(-q.im, x.re);
        re.sign() == Ordering::Equal && im.sign() == Ordering::Equal
    })
}

#[cfg(test)]
mod tests {
    use super::super::problem::{Mode, Sensing};
    use super::*;
    use isac_linalg::Mat;

    fn scalar(users: usize) -> Scene {
        let h = Mat::from_fn(1, users, |_, k| c64::new(1.0 + k as f64, 0.3 * k as f64));
        let sensing = Sensing {
            floor: 0.0,
            difference: 0.0,
            cross_correlation: None,
        };
        let mode = Mode {
            sic: SicSet::Linear,
            ..Mode::default()
        };
        let none = Mat::zeros(1, 0);
        Scene::new(h.as_ref(), none.as_ref(), 1e-13, sensing, mode).expect("valid")
    }

    #[test]
    fn the_edge_of_a_shared_channel_is_exact() {
        // gamma_1 gamma_2 >= 1 is impossible for two users, sum gamma / (1 + gamma) >= 1 for more.
        let below = 1.0 - f64::EPSILON / 2.0;
        for (targets, fails) in [
            (vec![1.0, 1.0], true),
            (vec![below, 1.0], false),
            (vec![2.0, 0.5], true),
            (vec![0.5; 3], true),
            (vec![0.5, 0.5, 0.5 - f64::EPSILON / 4.0], false),
            (vec![0.2; 6], true),
            (vec![0.25; 4], false),
        ] {
            let found = impossible(&scalar(targets.len()), &targets, 0.0);
            assert_eq!(found.is_some(), fails, "{targets:?}");
        }
    }

    #[test]
    fn the_edge_of_the_error_ball_is_exact() {
        // Channels (3, 4) are of norm 5 exactly.
        let h = Mat::from_fn(2, 1, |n, _| c64::new(3.0 + n as f64, 0.0));
        let none = Mat::zeros(2, 0);
        let sensing = scalar(1).sensing();
        let scene = Scene::new(h.as_ref(), none.as_ref(), 1.0, sensing, Mode::default());
        let scene = scene.expect("valid");
        for (radius, fails) in [
            (5.0, true),
            (5.0 * (1.0 - f64::EPSILON / 2.0), false),
            (5.1, true),
        ] {
            assert_eq!(impossible(&scene, &[1.0], radius).is_some(), fails);
        }
    }
}
