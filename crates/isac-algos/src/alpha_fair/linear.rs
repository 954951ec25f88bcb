//! The least power that *beams* need for the rates, bounded from below: tighter than the bound of
//! [`feasibility`](super::feasibility), which holds for every code.
//!
//! Beams that give a user the SINR g_{k,i} need at least the power of the dual uplink with the best
//! linear receivers, where, with channels over the root of the users' noise,
//!
//! ```math
//! g_k = q_k s_k(q),   s_k(q) = h_k^H (I + sum_{l != k} q_l h_l h_l^H)^-1 h_k
//! ```
//!
//! on every subcarrier. For any weights lambda >= 0, with u = 1/(N ln 2),
//!
//! ```math
//! sum q >= sum_k lambda_k rmin_k / u - sum_i phi_i(lambda)
//! phi_i(lambda) = max over q >= 0 of sum_k lambda_k ln(1 + q_k s_k(q)) - q_k
//! ```
//!
//! The maximum is not concave; it is bounded from above by branch and bound. Users fall into clusters
//! of those that disturb each other most, and interference between clusters is dropped, which only
//! raises phi. In a box `lo <= q <= hi` of a cluster, s falls in every power, so that
//!
//! ```math
//! phi <= sum_k max over q_k in [lo_k, hi_k] of lambda_k ln(1 + q_k s_k(lo)) - q_k
//! ```
//!
//! and no maximiser has q_k above both lo_k and `lambda_k - 1/s_k(lo)`, which shrinks the box. Since many
//! subcarriers share the rates, the gap of this duality is small.

use super::Problem;
use isac_linalg::{Mat, c64};
use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// Users per cluster. With 5 about two thirds of what interference costs is seen; each more multiplies
/// the boxes.
const MEMBERS: usize = 5;

/// Boxes split per cluster and subcarrier.
const SPLITS: usize = 2000;

/// A cluster is done when its bound is within this of a value attained, relative.
const TIGHT: f64 = 5e-4;

/// Steps in which the weights are improved.
const STEPS: usize = 120;

/// With SINRs above this, rounding would eat the digits of s: there is no bound then.
const LARGEST_SINR: f64 = 1e7;

/// A lower bound of the power that beams need to meet the rates, and what proves it.
#[derive(Debug, Clone, PartialEq)]
pub struct UserPower {
    /// The bound, W.
    pub power: f64,
    /// Weights `lambda_k`, W.
    pub weights: Vec<f64>,
    /// For every subcarrier clusters of users that are bounded together, each with its bound of `phi`, W.
    /// Users that stand in none are silent there.
    pub clusters: Vec<Vec<(Vec<usize>, f64)>>,
}

/// A lower bound of the power, W, that beams need to meet the rates; 0 where none is found. `grams`
/// are the users' channels over noise, K x K for each subcarrier.
pub(super) fn least_power(problem: &Problem, grams: &[Mat<c64>]) -> f64 {
    user_power(problem, grams).map_or(0.0, |found| found.power)
}

/// [`least_power`] with what proves it.
pub(super) fn user_power(problem: &Problem, grams: &[Mat<c64>]) -> Option<UserPower> {
    let users = problem.streams().users;
    let rates = problem.min_rates();
    let mut weights: Vec<f64> = (0..users)
        .map(|k| 1.2 * problem.rate().water_level(k, rates[k]))
        .collect();
    let loudest = grams
        .iter()
        .flat_map(|gram| {
            (0..users)
                .map(|k| weights[k] * gram[(k, k)].re)
                .collect::<Vec<_>>()
        })
        .fold(0.0, f64::max);
    if !loudest.is_finite() || loudest > LARGEST_SINR {
        return None;
    }
    let mut clusters: Vec<Cluster> = grams
        .iter()
        .flat_map(|gram| Cluster::partition(gram, &weights))
        .collect();
    let unit = 1.0 / (grams.len() as f64 * std::f64::consts::LN_2);
    let stake = |weights: &[f64]| -> f64 {
        let pairs = weights.iter().zip(rates);
        pairs.map(|(w, r)| w * r / unit).sum()
    };
    let mut best = (f64::NEG_INFINITY, weights.clone());
    let mut reached = vec![0.0; users];
    for step in 0..STEPS {
        reached.fill(0.0);
        let mut phi = 0.0;
        for cluster in &mut clusters {
            if step % 10 == 9 {
                cluster.wake(&weights);
            }
            phi += cluster.ascend(&weights, 3);
            cluster.add_rates(unit, &mut reached);
        }
        let dual = stake(&weights) - phi;
        // Early values of phi are far from maxima.
        if 2 * step >= STEPS && dual > best.0 {
            best = (dual, weights.clone());
        }
        let pace = 0.5 * std::f64::consts::LN_2 / (1.0 + step as f64 / 40.0);
        for k in 0..users {
            weights[k] *= (pace * (rates[k] - reached[k])).exp();
        }
    }
    let weights = best.1;
    // Anew: weights have grown, and who was silent at the first ones may speak at these.
    let mut listed = Vec::with_capacity(grams.len());
    let mut phi = 0.0;
    for gram in grams {
        let bounded = Cluster::partition(gram, &weights).into_iter();
        let bounded = bounded.map(|mut cluster| {
            let bound = cluster.bound(&weights);
            phi += bound;
            (cluster.users, bound)
        });
        listed.push(bounded.collect());
    }
    let stake = stake(&weights);
    // Sums of so many terms are true to far better than this.
    let power = (stake - phi - 1e-10 * stake).max(0.0);
    power.is_finite().then_some(UserPower {
        power,
        weights,
        clusters: listed,
    })
}

/// Users of one subcarrier that disturb each other. Matrices are stored by columns.
#[derive(Debug, Clone)]
struct Cluster {
    users: Vec<usize>,
    gram: [c64; MEMBERS * MEMBERS],
    /// A local maximiser for the weights last used.
    powers: [f64; MEMBERS],
}

/// A box of a cluster's powers.
#[derive(Debug, Clone, Copy)]
struct Region {
    bound: f64,
    lo: [f64; MEMBERS],
    hi: [f64; MEMBERS],
    /// `G (I + diag(lo) G)^-1`: its entry (k, k) is `h_k^H (I + sum over all l)^-1 h_k`.
    filtered: [c64; MEMBERS * MEMBERS],
    split: usize,
}

impl PartialEq for Region {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Region {}

impl PartialOrd for Region {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Region {
    fn cmp(&self, other: &Self) -> Ordering {
        self.bound.total_cmp(&other.bound)
    }
}

impl Cluster {
    /// Joins the users with the largest mutual harm at interference-free powers, pair by pair.
    fn partition(gram: &Mat<c64>, weights: &[f64]) -> Vec<Self> {
        let gain = |k: usize| gram[(k, k)].re;
        let alone = |k: usize| (weights[k] - 1.0 / gain(k)).max(0.0);
        let active: Vec<usize> = (0..weights.len()).filter(|&k| alone(k) > 0.0).collect();
        let harm = |&a: &usize, &b: &usize| {
            let (qa, qb) = (alone(a), alone(b));
            let seen = qa * qb * gram[(a, b)].norm_sqr();
            (weights[a] + weights[b]) * seen / ((1.0 + qa * gain(a)) * (1.0 + qb * gain(b)))
        };
        let mut groups: Vec<Vec<usize>> = active.iter().map(|&k| vec![k]).collect();
        let mut ties = Mat::from_fn(active.len(), active.len(), |a, b| {
            harm(&active[a], &active[b])
        });
        loop {
            let mut most = (0.0, 0, 0);
            for b in 0..groups.len() {
                for a in 0..b {
                    let fits = !groups[a].is_empty()
                        && !groups[b].is_empty()
                        && groups[a].len() + groups[b].len() <= MEMBERS;
                    if fits && ties[(a, b)] > most.0 {
                        most = (ties[(a, b)], a, b);
                    }
                }
            }
            let (tie, a, b) = most;
            if tie <= 0.0 {
                break;
            }
            let joined = std::mem::take(&mut groups[b]);
            groups[a].extend(joined);
            for c in 0..groups.len() {
                let more = ties[(b, c)];
                ties[(a, c)] += more;
                ties[(c, a)] += more;
            }
        }
        let filled = groups.into_iter().filter(|users| !users.is_empty());
        filled
            .map(|users| {
                let n = users.len();
                let mut own = [c64::ZERO; MEMBERS * MEMBERS];
                let mut powers = [0.0; MEMBERS];
                for b in 0..n {
                    powers[b] = alone(users[b]);
                    for a in 0..n {
                        own[b * n + a] = gram[(users[a], users[b])];
                    }
                }
                Self {
                    users,
                    gram: own,
                    powers,
                }
            })
            .collect()
    }

    /// The filtered Gram matrix at the present powers.
    fn filtered(&self) -> [c64; MEMBERS * MEMBERS] {
        let mut filtered = self.gram;
        for j in 0..self.users.len() {
            raise(&mut filtered, self.users.len(), j, self.powers[j]);
        }
        filtered
    }

    /// Gives silent users a little power, so that they may come back.
    fn wake(&mut self, weights: &[f64]) {
        for (power, &user) in self.powers.iter_mut().zip(&self.users) {
            *power = power.max(1e-3 * weights[user]);
        }
    }

    /// Damped fixed-point steps to a local maximum of phi; returns its value.
    fn ascend(&mut self, weights: &[f64], sweeps: usize) -> f64 {
        let n = self.users.len();
        let mut filtered = self.filtered();
        for _ in 0..sweeps {
            for j in 0..n {
                let entry = filtered[j * n + j].re;
                let own = (1.0 - self.powers[j] * entry).max(f64::MIN_POSITIVE);
                let harm: f64 = (0..n)
                    .filter(|&l| l != j && self.powers[l] > 0.0)
                    .map(|l| {
                        let left = 1.0 - self.powers[l] * filtered[l * n + l].re;
                        let seen = self.powers[l] * filtered[j * n + l].norm_sqr();
                        weights[self.users[l]] * seen / left.max(f64::MIN_POSITIVE)
                    })
                    .sum();
                let wanted = (weights[self.users[j]] / (1.0 + harm) - own / entry).max(0.0);
                let mut next = 0.5 * (wanted + self.powers[j]);
                if next < 1e-6 * weights[self.users[j]] {
                    next = 0.0;
                }
                raise(&mut filtered, n, j, next - self.powers[j]);
                self.powers[j] = next;
            }
        }
        (0..n)
            .map(|j| {
                let left = 1.0 - self.powers[j] * filtered[j * n + j].re;
                -weights[self.users[j]] * left.ln() - self.powers[j]
            })
            .sum()
    }

    /// Adds the members' rates, bit/s/Hz, at the present powers.
    fn add_rates(&self, unit: f64, rates: &mut [f64]) {
        let filtered = self.filtered();
        let n = self.users.len();
        for j in 0..n {
            rates[self.users[j]] -= unit * (1.0 - self.powers[j] * filtered[j * n + j].re).ln();
        }
    }

    /// An upper bound of phi.
    fn bound(&mut self, weights: &[f64]) -> f64 {
        let n = self.users.len();
        let mut root = Region {
            bound: f64::INFINITY,
            lo: [0.0; MEMBERS],
            hi: [0.0; MEMBERS],
            filtered: self.gram,
            split: 0,
        };
        for j in 0..n {
            root.hi[j] = weights[self.users[j]];
        }
        self.judge(&mut root, weights);
        let tight = TIGHT * root.bound;
        let mut attained = self.ascend(weights, 20).max(0.0);
        let mut open = BinaryHeap::from([root]);
        for split in 0..SPLITS {
            let Some(mut low) = open.pop() else {
                break;
            };
            if low.bound - attained <= tight {
                return low.bound.max(attained);
            }
            let j = low.split;
            let middle = 0.5 * (low.lo[j] + low.hi[j]);
            let mut high = low;
            low.hi[j] = middle;
            raise(&mut high.filtered, n, j, middle - high.lo[j]);
            high.lo[j] = middle;
            if split % 50 == 49 {
                for k in 0..n {
                    self.powers[k] = 0.5 * (high.lo[k] + high.hi[k]);
                }
                attained = attained.max(self.ascend(weights, 10));
            }
            for mut part in [low, high] {
                self.judge(&mut part, weights);
                if part.bound > attained + tight {
                    open.push(part);
                }
            }
        }
        let rest = open.peek().map_or(f64::NEG_INFINITY, |part| part.bound);
        rest.max(attained + tight)
    }

    /// Shrinks a region, bounds phi on it and chooses the member to split: the one whose range of
    /// powers matters most to the others.
    fn judge(&self, region: &mut Region, weights: &[f64]) {
        let n = self.users.len();
        let mut bound = 0.0;
        let mut slope = [0.0; MEMBERS];
        for j in 0..n {
            let weight = weights[self.users[j]];
            let entry = region.filtered[j * n + j].re;
            let s = entry / (1.0 - region.lo[j] * entry);
            let most = weight - 1.0 / s;
            region.hi[j] = region.hi[j].min(most.max(region.lo[j]));
            let gain = 1.0 + region.hi[j] * s;
            bound += weight * gain.ln() - region.hi[j];
            slope[j] = weight * region.hi[j] / gain;
        }
        region.bound = region.bound.min(bound);
        let mut most = -1.0;
        for j in 0..n {
            let harm: f64 = (0..n)
                .filter(|&l| l != j)
                .map(|l| slope[l] * region.filtered[j * n + l].norm_sqr())
                .sum();
            let matters = harm * (region.hi[j] - region.lo[j]);
            if matters > most {
                most = matters;
                region.split = j;
            }
        }
    }
}

/// Brings `G (I + diag(q) G)^-1` up to date when `q_j` grows by `by`.
fn raise(filtered: &mut [c64], n: usize, j: usize, by: f64) {
    if by == 0.0 {
        return;
    }
    let factor = by / (1.0 + by * filtered[j * n + j].re);
    let mut column = [c64::ZERO; MEMBERS];
    column[..n].copy_from_slice(&filtered[j * n..(j + 1) * n]);
    for b in 0..n {
        let scaled = column[b].conj() * factor;
        for a in 0..n {
            filtered[b * n + a] -= column[a] * scaled;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two users on one subcarrier with the given correlation of their channels.
    fn pair(correlation: f64) -> Cluster {
        let gram = Mat::from_fn(2, 2, |a, b| {
            c64::new(if a == b { 4.0 } else { 4.0 * correlation }, 0.0)
        });
        let clusters = Cluster::partition(&gram, &[2.0, 2.0]);
        assert_eq!(clusters.len(), if correlation > 0.0 { 1 } else { 2 });
        clusters[0].clone()
    }

    /// The largest value on a fine grid of powers, from the formulas written out.
    fn by_grid(correlation: f64) -> f64 {
        let g = 4.0;
        let mut best = 0.0_f64;
        for a in 0..400 {
            for b in 0..400 {
                let q = [a as f64 * 0.005, b as f64 * 0.005];
                let sinr = |own: usize| {
                    let rest = q[1 - own];
                    q[own] * g * (1.0 - correlation.powi(2) * rest * g / (1.0 + rest * g))
                };
                let rates = (1.0 + sinr(0)).ln() + (1.0 + sinr(1)).ln();
                best = best.max(2.0 * rates - q[0] - q[1]);
            }
        }
        best
    }

    #[test]
    fn the_bound_of_a_pair_is_the_maximum_of_a_fine_grid() {
        for correlation in [0.3, 0.7, 0.95, 1.0] {
            let bound = pair(correlation).bound(&[2.0, 2.0]);
            let grid = by_grid(correlation);
            assert!(
                bound >= grid && bound <= grid * 1.002,
                "{correlation}: {bound} {grid}"
            );
        }
    }

    #[test]
    fn users_that_do_not_meet_are_bounded_by_water_filling() {
        let bound = pair(0.0).bound(&[2.0, 2.0]);
        // max of 2 ln(1 + 4 q) - q at q = 2 - 1/4.
        assert!((bound - (2.0 * 8f64.ln() - 1.75)).abs() < 1e-12, "{bound}");
    }
}
