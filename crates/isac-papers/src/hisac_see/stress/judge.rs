//! A design's numbers by the original formulas, worst cases by climbing in the error balls.

use isac_algos::hisac_see::{Access, Design, Problem, Requirements, UserTarget};
use isac_linalg::c64;
use isac_metrics::scnr::Clutter;
use isac_models::csi_error::UncertainChannel;
use rand::rngs::ChaCha8Rng;
use std::f64::consts::LN_2;

pub(super) fn norm2(v: &[c64]) -> f64 {
    v.iter().map(|x| x.norm_sqr()).sum()
}

fn dot(a: &[c64], b: &[c64]) -> c64 {
    a.iter().zip(b).map(|(a, b)| a.conj() * b).sum()
}

fn plus(a: &[c64], t: f64, b: &[c64]) -> Vec<c64> {
    a.iter().zip(b).map(|(a, b)| a + b * t).collect()
}

/// `sum_k |x^H o_k|^2` of streams one after another.
fn total(x: &[c64], streams: &[c64]) -> f64 {
    streams
        .chunks_exact(x.len())
        .map(|o| dot(x, o).norm_sqr())
        .sum()
}

/// A ball of channels.
struct Ball {
    centre: Vec<c64>,
    radius: f64,
}

impl Ball {
    /// Over the noise amplitude.
    fn new(link: &UncertainChannel, noise: f64) -> Self {
        let t = 1.0 / noise.sqrt();
        Self {
            centre: link.estimate.iter().map(|x| x * t).collect(),
            radius: link.radius().unwrap_or(0.0) * t,
        }
    }

    /// The point of the ball nearest to `x`.
    fn nearest(&self, x: &[c64]) -> Vec<c64> {
        let d = plus(x, -1.0, &self.centre);
        let length = norm2(&d).sqrt();
        if length <= self.radius {
            return x.to_vec();
        }
        plus(&self.centre, self.radius / length, &d)
    }

    /// `centre + radius e^{j phase} v / |v|` for a few phases, and random points of the sphere.
    fn starts(&self, towards: &[&[c64]], rng: &mut ChaCha8Rng) -> Vec<Vec<c64>> {
        let mut all = vec![self.centre.clone()];
        let mut random = vec![super::gaussian(rng, self.centre.len())];
        random.push(super::gaussian(rng, self.centre.len()));
        for v in towards.iter().map(|v| v.to_vec()).chain(random) {
            let length = norm2(&v).sqrt();
            if length > 0.0 {
                let product = dot(&v, &self.centre);
                let phase = if product.norm() > 0.0 {
                    product / product.norm()
                } else {
                    c64::ONE
                };
                for turn in [c64::ONE, -c64::ONE, c64::I] {
                    let v: Vec<c64> = v.iter().map(|v| v * phase * turn / length).collect();
                    all.push(plus(&self.centre, self.radius, &v));
                }
            }
        }
        all
    }

    /// The greatest value that climbing reaches of a function given with its gradient.
    fn climb(
        &self,
        towards: &[&[c64]],
        rng: &mut ChaCha8Rng,
        f: impl Fn(&[c64]) -> (f64, Vec<c64>),
    ) -> f64 {
        if self.radius <= 0.0 {
            return f(&self.centre).0;
        }
        let mut best = f64::NEG_INFINITY;
        for start in self.starts(towards, rng) {
            let mut x = self.nearest(&start);
            let (mut value, mut gradient) = f(&x);
            // As far as the ball is wide at first.
            let mut reach = self.radius;
            for _ in 0..40 {
                let length = norm2(&gradient).sqrt();
                if length.is_nan() || length <= 0.0 || reach < 1e-9 * self.radius {
                    break;
                }
                let next = self.nearest(&plus(&x, reach / length, &gradient));
                let (there, slope) = f(&next);
                if there > value {
                    (x, value, gradient) = (next, there, slope);
                    reach *= 2.0;
                } else {
                    reach /= 3.0;
                }
            }
            best = best.max(value);
        }
        best
    }

    /// The least amplitude of `w` and the channel where it is.
    fn faintest(&self, w: &[c64]) -> (f64, Vec<c64>) {
        let (product, length) = (dot(w, &self.centre), norm2(w).sqrt());
        if length <= 0.0 || product.norm() <= 0.0 {
            return (0.0, self.centre.clone());
        }
        let back = self.radius.min(product.norm() / length);
        let phase = product / product.norm();
        let along: Vec<c64> = w.iter().map(|w| w * phase / length).collect();
        let x = plus(&self.centre, -back, &along);
        (dot(&x, w).norm(), x)
    }
}

/// `a |x^H u|^2 - b |x^H v|^2 - t |x|^2` with its gradient.
fn difference(x: &[c64], u: (&[c64], f64), v: (&[c64], f64), t: f64) -> (f64, Vec<c64>) {
    let (up, down) = (dot(u.0, x), dot(v.0, x));
    let value = u.1 * up.norm_sqr() - v.1 * down.norm_sqr() - t * norm2(x);
    let pairs = u.0.iter().zip(v.0).zip(x);
    let gradient = pairs.map(|((p, m), x)| p * up * u.1 - m * down * v.1 - x * t);
    (value, gradient.collect())
}

/// `|x^H u|^2 / (|x^H v|^2 + t |x|^2 + c)` with its gradient up to a positive factor.
fn ratio(x: &[c64], u: &[c64], v: &[c64], t: f64, c: f64) -> (f64, Vec<c64>) {
    let under = dot(v, x).norm_sqr() + t * norm2(x) + c;
    let value = dot(u, x).norm_sqr() / under;
    (value, difference(x, (u, 1.0), (v, value), value * t).1)
}

struct Slot {
    /// Least data SINR and sensing SINR at Bob.
    bob: [f64; 2],
    /// Greatest data and sensing SINR at Eve.
    eve: [f64; 2],
}

/// A design's numbers, none better than the truth by more than climbing misses.
pub(super) struct Judge<'a> {
    problem: &'a Problem,
    slots: Vec<Slot>,
    orders: [f64; 2],
    scnr: f64,
    /// Power of BS1 and of each slot of BS2, W.
    power1: f64,
    powers2: Vec<f64>,
    /// Per user the SINRs that count: common and private, or all decodings.
    users: Vec<Vec<f64>>,
    /// Worst-case secrecy rate, signed.
    pub(super) rate: f64,
    /// Efficiency, signed.
    pub(super) efficiency: f64,
    /// Bob's rate over the power: what the efficiency is a difference of.
    pub(super) scale: f64,
}

impl<'a> Judge<'a> {
    pub(super) fn new(problem: &'a Problem, design: &Design, rng: &mut ChaCha8Rng) -> Self {
        let cell = &problem.cell;
        let (m1, m2, n) = (
            cell.h_bo.estimate.len(),
            cell.g_bo.estimate.len(),
            cell.users(),
        );
        let noise = cell.noise;
        let [h_bo, h_e, g_bo, g_e] =
            [&cell.h_bo, &cell.h_e, &cell.g_bo, &cell.g_e].map(|link| Ball::new(link, noise));
        let isotropic = problem.artificial_noise / m1 as f64;
        let (w_bo, w_ta) = (&design.w_bo[..], &design.w_ta[..]);
        let slot_count = if problem.access == Access::Tdma { n } else { 1 };
        let (amplitude, faintest) = h_bo.faintest(w_bo);
        let length = design.streams.len() / slot_count;
        let mut slots = Vec::new();
        for streams in design.streams.chunks_exact(length) {
            let beams: Vec<&[c64]> = streams.chunks_exact(m2).collect();
            let power = |x: &[c64]| -> (f64, Vec<c64>) {
                let mut gradient = vec![c64::ZERO; m2];
                for o in &beams {
                    let product = dot(o, x);
                    gradient
                        .iter_mut()
                        .zip(*o)
                        .for_each(|(g, o)| *g += o * product);
                }
                (total(x, streams), gradient)
            };
            let z = 1.0 + g_bo.climb(&beams, rng, power);
            let beta = -g_e.climb(&beams, rng, |x| {
                let (value, gradient) = power(x);
                (-value, gradient.iter().map(|g| -g).collect())
            });
            let eve = |u: &[c64], v: &[c64], rng: &mut ChaCha8Rng| {
                h_e.climb(&[u, v], rng, |x| ratio(x, u, v, isotropic, beta + 1.0))
            };
            let heard = h_bo.climb(&[w_bo, w_ta], rng, |x| {
                let (value, gradient) = ratio(x, w_ta, w_bo, isotropic, z);
                (-value, gradient.iter().map(|g| -g).collect())
            });
            let at_bob = z + isotropic * norm2(&faintest);
            slots.push(Slot {
                bob: [amplitude * amplitude / at_bob, -heard],
                eve: [eve(w_bo, w_ta, rng), eve(w_ta, w_bo, rng)],
            });
        }
        let mut order = |ball: &Ball| {
            ball.climb(&[w_bo, w_ta], rng, |x| {
                difference(x, (w_bo, 1.0), (w_ta, 1.0), 0.0)
            })
        };
        // Bob's in units of what he receives.
        let orders = [order(&h_bo) / (1.0 + amplitude * amplitude), order(&h_e)];
        let rates = slots.iter().map(|s| s.bob[0].ln_1p() - s.eve[0].ln_1p());
        let rate = rates.sum::<f64>() / (LN_2 * slot_count as f64);
        let bob = slots.iter().map(|s| s.bob[0].ln_1p()).sum::<f64>();
        let power1 = norm2(w_bo) + norm2(w_ta) + problem.artificial_noise;
        let powers2: Vec<f64> = design.streams.chunks_exact(length).map(norm2).collect();
        let mean = powers2.iter().sum::<f64>() / slot_count as f64;
        let spent = problem.accounting.allocated1.unwrap_or(power1)
            + problem.accounting.allocated2.unwrap_or(mean)
            + problem.circuit_power;
        let light = dot(&cell.h_ta, w_bo).norm_sqr() + dot(&cell.h_ta, w_ta).norm_sqr();
        let scnr = problem.reflection * light / noise
            * match problem.clutter {
                Clutter::Noise => norm2(&cell.h_ta) / 2.0,
                Clutter::Model => {
                    let c = dot(&cell.h_cl, w_bo).norm_sqr() + dot(&cell.h_cl, w_ta).norm_sqr();
                    let sum = cell.h_ta.iter().sum::<c64>().norm_sqr();
                    norm2(&cell.h_ta) - c * sum / (noise + c * m1 as f64)
                }
            };
        Self {
            problem,
            slots,
            orders,
            scnr,
            power1,
            powers2,
            users: users(problem, design),
            rate,
            efficiency: rate / spent,
            scale: bob / (LN_2 * slot_count as f64 * spent),
        }
    }

    pub(super) fn ordered(&self) -> bool {
        self.orders.iter().all(|&o| o < 0.0)
    }

    /// The least SINR that must exceed the threshold, and the greatest that must not.
    pub(super) fn sinrs(&self) -> [f64; 2] {
        let least = self
            .slots
            .iter()
            .flat_map(|s| s.bob)
            .fold(self.scnr, f64::min);
        [
            least,
            self.slots.iter().map(|s| s.eve[1]).fold(0.0, f64::max),
        ]
    }

    /// Least common and private rate; with unicast the latter alone, per slot average.
    pub(super) fn user_rates(&self) -> (f64, f64) {
        let rate = |sinr: f64| sinr.ln_1p() / LN_2;
        let least = |from: usize| {
            let all = self.users.iter().flat_map(|list| list.iter().skip(from));
            rate(all.fold(f64::INFINITY, |a, &b| a.min(b)))
        };
        match self.problem.access {
            Access::RsmaFree | Access::RsmaFixed => {
                let common = self.users.iter().map(|list| list[0]);
                (rate(common.fold(f64::INFINITY, f64::min)), least(1))
            }
            Access::Sdma | Access::Noma => (0.0, least(0)),
            Access::Tdma => (0.0, least(0) / self.users.len() as f64),
        }
    }

    /// The constraint that is violated most, with its violation.
    pub(super) fn worst(&self) -> Option<(String, f64)> {
        let p = self.problem;
        let r = &p.requirements;
        let short = |value: f64, needed: f64| {
            if needed > 0.0 {
                1.0 - value / needed
            } else {
                -value
            }
        };
        let mut all = vec![("power of BS1".to_string(), self.power1 / p.power1_max - 1.0)];
        let mut push = |name: &str, value: f64| all.push((name.into(), value));
        for power in &self.powers2 {
            push("power of BS2", power / p.power2_max - 1.0);
        }
        push("secrecy rate", r.secrecy_rate - self.rate);
        for slot in &self.slots {
            push("data SINR at Bob", short(slot.bob[0], r.sinr));
            push("sensing SINR at Bob", short(slot.bob[1], r.sinr));
            push("sensing SINR at Eve", -short(slot.eve[1], r.sinr));
        }
        push("order at Bob", self.orders[0]);
        push("order at Eve", self.orders[1]);
        push("SCNR", short(self.scnr, r.sinr));
        let rate = |sinr: f64| sinr.ln_1p() / LN_2;
        let n = self.users.len() as f64;
        let target = target(p, n);
        let needed = |rate: f64| rate.exp2() - 1.0;
        match p.access {
            Access::RsmaFixed => {
                for list in &self.users {
                    push("common SINR", short(list[0], needed(r.common_rate)));
                    push("private SINR", short(list[1], needed(r.private_rate)));
                }
            }
            Access::RsmaFree => {
                let common = self.users.iter().map(|list| rate(list[0]));
                let lacking: f64 = self
                    .users
                    .iter()
                    .map(|list| (target - rate(list[1])).max(0.0))
                    .sum();
                push("user rates", lacking - common.fold(f64::INFINITY, f64::min));
            }
            Access::Sdma | Access::Noma | Access::Tdma => {
                let slots = if p.access == Access::Tdma { n } else { 1.0 };
                for sinr in self.users.iter().flatten() {
                    push("user SINR", short(*sinr, needed(slots * target)));
                }
            }
        }
        all.into_iter().max_by(|a, b| a.1.total_cmp(&b.1))
    }
}

/// Rate in bps/Hz that a user must get, of unicast or of both its streams together.
fn target(p: &Problem, users: f64) -> f64 {
    let Requirements {
        common_rate,
        private_rate,
        ..
    } = p.requirements;
    let repeated = p.user_target == UserTarget::Multicast
        && matches!(p.access, Access::Sdma | Access::Noma | Access::Tdma);
    let share = if repeated { 1.0 } else { users };
    private_rate + common_rate / share
}

/// SINRs by user from Eqs. (14), (15) and the definitions of the unicast schemes.
fn users(problem: &Problem, design: &Design) -> Vec<Vec<f64>> {
    let cell = &problem.cell;
    let (m1, m2, n) = (
        cell.h_bo.estimate.len(),
        cell.g_bo.estimate.len(),
        cell.users(),
    );
    let isotropic = problem.artificial_noise / m1 as f64;
    let column =
        |m: &isac_linalg::Mat<c64>, k: usize| -> Vec<c64> { m.col(k).iter().copied().collect() };
    let streams: Vec<&[c64]> = design.streams.chunks_exact(m2).collect();
    // By channel norm, weakest first.
    let mut order: Vec<usize> = (0..n).collect();
    let strength = |k: usize| norm2(&column(&cell.g_users, k));
    order.sort_by(|&a, &b| strength(a).total_cmp(&strength(b)));
    (0..n)
        .map(|k| {
            let (g, h) = (column(&cell.g_users, k), column(&cell.h_users, k));
            let floor = dot(&h, &design.w_bo).norm_sqr()
                + dot(&h, &design.w_ta).norm_sqr()
                + isotropic * norm2(&h)
                + cell.noise;
            let heard = |i: usize| dot(&g, streams[i]).norm_sqr();
            let sum = |list: &mut dyn Iterator<Item = usize>| list.map(heard).sum::<f64>();
            match problem.access {
                Access::RsmaFree | Access::RsmaFixed => {
                    let private = sum(&mut (1..=n));
                    let others = sum(&mut (1..=n).filter(|&i| i != k + 1));
                    vec![
                        heard(0) / (private + floor),
                        heard(k + 1) / (others + floor),
                    ]
                }
                Access::Sdma => {
                    let others = sum(&mut (0..n).filter(|&i| i != k));
                    vec![heard(k) / (others + floor)]
                }
                Access::Noma => {
                    let place = order.iter().position(|&u| u == k).unwrap_or(0);
                    let decoded = (0..=place).map(|i| {
                        let later = sum(&mut (i + 1..n).map(|l| order[l]));
                        heard(order[i]) / (later + floor)
                    });
                    decoded.collect()
                }
                Access::Tdma => vec![heard(k) / floor],
            }
        })
        .collect()
}

/// No design's efficiency is greater: Bob alone without interference and without Eve, his data beam the only
/// power that BS1 spends.
pub(super) fn upper_bound(problem: &Problem) -> f64 {
    let cell = &problem.cell;
    let reach = norm2(&cell.h_bo.estimate).sqrt() - cell.h_bo.radius().unwrap_or(0.0);
    let gain = reach.max(0.0).powi(2) / cell.noise;
    let fixed = problem.circuit_power + problem.accounting.allocated2.unwrap_or(0.0);
    let top = problem.power1_max;
    if let Some(watts) = problem.accounting.allocated1 {
        return (gain * top).ln_1p() / LN_2 / (watts + fixed);
    }
    let spent = |watts: f64| watts + fixed;
    // On each piece of a geometric grid the rate of its end over the power of its beginning.
    let mut bound = 0.0_f64;
    let mut high = top;
    for _ in 0..20_000 {
        let low = high / 1.01;
        bound = bound.max((gain * high).ln_1p() / LN_2 / spent(low));
        high = low;
        if gain * high < 1e-6 {
            break;
        }
    }
    // Below that the rate is linear at most.
    let rest = gain * high / LN_2 / spent(0.0);
    bound.max(if rest.is_finite() {
        rest.min(gain / LN_2)
    } else {
        gain / LN_2
    })
}
