//! Invariants of the metrics of the two-cell network: worst cases over an uncertain channel,
//! secrecy, rate splitting, echo quality, energy.

use isac_linalg::{Mat, c64};
use isac_metrics::energy::{Accounting, CircuitPower, energy_efficiency};
use isac_metrics::rsma::{self, Decoding};
use isac_metrics::scnr::{Clutter, Echo, ReceiveFilter, illumination, scnr_of_filter};
use isac_metrics::secrecy::{BeamsRef, Bound, Secrecy, isotropic_at, secrecy};
use isac_metrics::worst_case::{Extreme, Link};
use isac_models::csi_error::{ErrorSet, UncertainChannel, random_ellipsoid};
use isac_models::two_cell::TwoCell;
use isac_testkit::metric::{self, Trend};
use isac_testkit::{sample, strategies};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};

fn vector(m: usize, rng: &mut ChaCha8Rng) -> Vec<c64> {
    sample::gaussian(m, 1, rng).col(0).iter().copied().collect()
}

fn inner(h: &[c64], w: &[c64]) -> c64 {
    h.iter().zip(w).map(|(h, w)| h.conj() * w).sum()
}

fn power(h: &[c64], w: &[c64]) -> f64 {
    inner(h, w).norm_sqr()
}

fn norm(v: &[c64]) -> f64 {
    v.iter().map(|x| x.norm_sqr()).sum::<f64>().sqrt()
}

fn times(v: &[c64], t: c64) -> Vec<c64> {
    v.iter().map(|x| x * t).collect()
}

fn turned(u: &Mat<c64>, v: &[c64]) -> Vec<c64> {
    (0..v.len())
        .map(|i| (0..v.len()).map(|j| u[(i, j)] * v[j]).sum())
        .collect()
}

/// A design on a network; printed as its sizes and seed.
#[derive(Clone)]
struct Design {
    cell: TwoCell,
    w_bo: Vec<c64>,
    w_ta: Vec<c64>,
    streams: Vec<c64>,
    recipe: (usize, usize, usize, f64, u64),
}

impl std::fmt::Debug for Design {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (m1, m2, streams, relative, seed) = self.recipe;
        write!(f, "design({m1}, {m2}, {streams}, {relative:?}, {seed})")
    }
}

/// A noise-normalised network with received powers around the noise.
fn design(m1: usize, m2: usize, streams: usize, relative: f64, seed: u64) -> Design {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let rng = &mut rng;
    let ball = |m, rng: &mut ChaCha8Rng| UncertainChannel::ball("h", vector(m, rng), 0.0).unwrap();
    let cell = TwoCell {
        h_bo: ball(m1, rng),
        h_e: ball(m1, rng),
        h_ta: vector(m1, rng),
        h_cl: vector(m1, rng),
        h_users: sample::gaussian(m1, 2, rng),
        g_bo: ball(m2, rng),
        g_e: ball(m2, rng),
        g_users: sample::gaussian(m2, 2, rng),
        noise: 1.0,
    };
    let cell = if relative > 0.0 {
        cell.with_relative_error(relative).unwrap()
    } else {
        cell
    };
    let size = 10f64.powf(2.0 * rng.random::<f64>() - 1.0);
    Design {
        cell,
        w_bo: times(&vector(m1, rng), size.into()),
        w_ta: times(&vector(m1, rng), (size * rng.random::<f64>()).into()),
        streams: vector(streams * m2, rng),
        recipe: (m1, m2, streams, relative, seed),
    }
}

fn designs() -> impl Strategy<Value = Design> {
    (
        1..=4usize,
        1..=4usize,
        1..=3usize,
        0.0..0.9f64,
        any::<u64>(),
    )
        .prop_map(|(m1, m2, streams, relative, seed)| design(m1, m2, streams, relative, seed))
}

impl Design {
    fn beams(&self) -> BeamsRef<'_> {
        BeamsRef {
            w_bo: &self.w_bo,
            w_ta: &self.w_ta,
            streams: &self.streams,
            streams_per_slot: self.streams.len() / self.cell.antennas2(),
        }
    }

    fn secrecy(&self, bound: Bound) -> Secrecy {
        secrecy(&self.cell, &self.beams(), 0.0, bound).unwrap()
    }
}

/// Every number of a design without slots, and those of its slots.
fn numbers(s: &Secrecy) -> Vec<f64> {
    let mut all = vec![s.bob_signal_min, s.rate_bo, s.rate_e, s.order_bo, s.order_e];
    for slot in &s.slots {
        all.extend([
            slot.interference_plus_noise_bo_max,
            slot.interference_e_min,
            slot.sinr_bo_bo,
            slot.sinr_e_bo,
            slot.sinr_e_ta,
            slot.sinr_bo_ta,
        ]);
    }
    all
}

/// Numbers agree to `rel` of themselves or of `floor`, where cancellation leaves nothing.
fn agree(a: &Secrecy, b: &Secrecy, rel: f64, floor: f64) -> Result<(), TestCaseError> {
    for (i, (a, b)) in numbers(a).iter().zip(numbers(b)).enumerate() {
        prop_assert!(
            (a - b).abs() <= rel * (a.abs() + floor),
            "number {i}: {a:e} {b:e}"
        );
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    /// What Bob is promised falls and what Eve may get rises from the nominal case to the exact worst
    /// case, the decoupled and the appendix's bound; and secrecy is never more than Bob's rate.
    #[test]
    fn bounds_stand_in_their_order(x in designs()) {
        let order = [Bound::Nominal, Bound::Exact, Bound::Decoupled, Bound::Appendix];
        let all = order.map(|bound| x.secrecy(bound));
        for pair in all.windows(2) {
            let (better, worse) = (&pair[0], &pair[1]);
            let of = |f: fn(&Secrecy) -> f64| ([f(better)], [f(worse)]);
            for f in [
                (|s: &Secrecy| s.rate_bo) as fn(&Secrecy) -> f64,
                |s| s.bob_signal_min,
                |s| -s.rate_e,
                |s| -s.order_bo,
                |s| -s.order_e,
                |s| s.slots[0].sinr_bo_bo,
                |s| s.slots[0].sinr_bo_ta,
                |s| -s.slots[0].sinr_e_bo,
                |s| -s.slots[0].sinr_e_ta,
                |s| -s.slots[0].interference_plus_noise_bo_max,
                |s| s.slots[0].interference_e_min,
            ] {
                let (better, worse) = of(f);
                let size = better[0].abs().max(worse[0].abs()).max(1.0);
                prop_assert!(worse[0] <= better[0] + 1e-9 * size, "{better:?} {worse:?}");
            }
        }
        for s in &all {
            prop_assert!(s.rate_signed <= s.rate_bo && s.rate_bo >= 0.0 && s.rate_e >= 0.0);
            prop_assert!((s.rate_signed - (s.rate_bo - s.rate_e)).abs() < 1e-14);
            // The rates are those of the slot.
            prop_assert!((2f64.powf(s.rate_bo) - 1.0 - s.slots[0].sinr_bo_bo).abs() < 1e-11 * (1.0 + s.slots[0].sinr_bo_bo));
            prop_assert!((2f64.powf(s.rate_e) - 1.0 - s.slots[0].sinr_e_bo).abs() < 1e-11 * (1.0 + s.slots[0].sinr_e_bo));
        }
        // Perfect knowledge: nothing between them.
        let known = design(x.recipe.0, x.recipe.1, x.recipe.2, 0.0, x.recipe.4);
        for bound in order {
            agree(&known.secrecy(bound), &known.secrecy(Bound::Nominal), 1e-9, 1e-3)?;
        }
    }

    /// The nominal numbers are the formulas of the paper.
    #[test]
    fn nominal_numbers_are_their_definitions(x in designs(), isotropic in 0.0..0.5f64) {
        let got = secrecy(&x.cell, &x.beams(), isotropic, Bound::Nominal).unwrap();
        let sum = |g: &[c64]| -> f64 { x.streams.chunks_exact(g.len()).map(|o| power(g, o)).sum() };
        let (h_bo, h_e) = (&x.cell.h_bo.estimate, &x.cell.h_e.estimate);
        let z = sum(&x.cell.g_bo.estimate) + 1.0 + isotropic * norm(h_bo).powi(2);
        let beta = sum(&x.cell.g_e.estimate);
        let eve = beta + 1.0 + isotropic * norm(h_e).powi(2);
        let slot = got.slots[0];
        let expected = [
            (got.bob_signal_min, power(h_bo, &x.w_bo)),
            (slot.interference_plus_noise_bo_max, z),
            (slot.interference_e_min, beta),
            (slot.sinr_bo_bo, power(h_bo, &x.w_bo) / z),
            (slot.sinr_e_bo, power(h_e, &x.w_bo) / (power(h_e, &x.w_ta) + eve)),
            (slot.sinr_e_ta, power(h_e, &x.w_ta) / (power(h_e, &x.w_bo) + eve)),
            (slot.sinr_bo_ta, power(h_bo, &x.w_ta) / (power(h_bo, &x.w_bo) + z)),
        ];
        for (i, (got, expected)) in expected.iter().enumerate() {
            prop_assert!((got - expected).abs() <= 1e-9 * (expected.abs() + 1e-3), "{i}: {got:e} {expected:e}");
        }
        let gap = |h: &[c64]| power(h, &x.w_bo) - power(h, &x.w_ta);
        let size = norm(h_bo).powi(2) * (norm(&x.w_bo).powi(2) + norm(&x.w_ta).powi(2));
        prop_assert!((got.order_bo - gap(h_bo)).abs() <= 1e-10 * size);
        let size = norm(h_e).powi(2) * (norm(&x.w_bo).powi(2) + norm(&x.w_ta).powi(2));
        prop_assert!((got.order_e - gap(h_e)).abs() <= 1e-10 * size);
        prop_assert!((isotropic_at(&x.cell.h_bo.nominal(), isotropic) - isotropic * norm(h_bo).powi(2)).abs() < 1e-12 * (1.0 + norm(h_bo).powi(2)));
    }

    #[test]
    fn phases_rotations_and_the_order_of_streams_change_nothing(
        x in designs(),
        mut rng in strategies::rng(),
    ) {
        for bound in [Bound::Exact, Bound::Nominal, Bound::Decoupled, Bound::Appendix] {
            let before = x.secrecy(bound);
            let mut phase = || c64::cis(6.3 * rng.random::<f64>());
            let mut y = x.clone();
            (y.w_bo, y.w_ta) = (times(&x.w_bo, phase()), times(&x.w_ta, phase()));
            let m2 = x.cell.antennas2();
            y.streams = x.streams.chunks_exact(m2).rev().flat_map(|o| times(o, phase())).collect();
            agree(&before, &y.secrecy(bound), 1e-8, 1e-2)?;
            let (u1, u2) = (
                sample::unitary(x.cell.antennas1(), &mut rng),
                sample::unitary(m2, &mut rng),
            );
            let mut y = x.clone();
            (y.w_bo, y.w_ta) = (turned(&u1, &x.w_bo), turned(&u1, &x.w_ta));
            y.streams = x.streams.chunks_exact(m2).flat_map(|o| turned(&u2, o)).collect();
            for (link, u) in [(&mut y.cell.h_bo, &u1), (&mut y.cell.h_e, &u1), (&mut y.cell.g_bo, &u2), (&mut y.cell.g_e, &u2)] {
                link.estimate = turned(u, &link.estimate);
            }
            agree(&before, &y.secrecy(bound), 1e-8, 1e-2)?;
        }
    }

    /// Watts or picowatts: a network with noise `t^2` and channels `t` is, normalised, the same.
    #[test]
    fn normalising_removes_the_unit(x in designs(), t in strategies::power(-9.0, 3.0)) {
        let mut cell = x.cell.clone();
        let list = |v: &[c64]| times(v, t.into());
        let matrix = |m: &Mat<c64>| Mat::from_fn(m.nrows(), m.ncols(), |i, j| m[(i, j)] * t);
        cell.noise = t * t;
        (cell.h_bo, cell.h_e) = (x.cell.h_bo.scaled(t), x.cell.h_e.scaled(t));
        (cell.g_bo, cell.g_e) = (x.cell.g_bo.scaled(t), x.cell.g_e.scaled(t));
        (cell.h_ta, cell.h_cl) = (list(&x.cell.h_ta), list(&x.cell.h_cl));
        (cell.h_users, cell.g_users) = (matrix(&x.cell.h_users), matrix(&x.cell.g_users));
        let y = Design { cell: cell.normalised(), ..x.clone() };
        agree(&x.secrecy(Bound::Exact), &y.secrecy(Bound::Exact), 1e-9, 1e-3)?;
    }

    /// A larger error set, more artificial noise, a stronger beam: everybody's numbers move the way
    /// they must.
    #[test]
    fn trends(x in designs(), mut rng in strategies::rng(), grow in 1.0..3.0f64) {
        let before = x.secrecy(Bound::Exact);
        let mut wide = x.clone();
        for link in [&mut wide.cell.h_bo, &mut wide.cell.h_e, &mut wide.cell.g_bo, &mut wide.cell.g_e] {
            *link = link.with_error_scaled(grow).unwrap();
        }
        let after = wide.secrecy(Bound::Exact);
        let size = 1.0 + before.rate_bo + before.rate_e;
        prop_assert!(after.rate_bo <= before.rate_bo + 1e-9 * size);
        prop_assert!(after.rate_e >= before.rate_e - 1e-9 * size);
        let noisy = secrecy(&x.cell, &x.beams(), 0.3, Bound::Exact).unwrap();
        prop_assert!(noisy.rate_e <= before.rate_e + 1e-9 * size);
        prop_assert!(noisy.rate_bo <= before.rate_bo + 1e-9 * size);
        // One stream of BS2 more: more interference at both.
        let mut more = x.clone();
        more.streams.extend(vector(x.cell.antennas2(), &mut rng));
        let after = more.secrecy(Bound::Exact).slots[0];
        let slot = before.slots[0];
        prop_assert!(after.interference_plus_noise_bo_max >= slot.interference_plus_noise_bo_max * (1.0 - 1e-10));
        prop_assert!(after.interference_e_min >= slot.interference_e_min - 1e-10 * after.interference_plus_noise_bo_max);
        // A stronger data beam: Bob hears more of it, and Eve too.
        let mut loud = x.clone();
        loud.w_bo = times(&x.w_bo, grow.into());
        let after = loud.secrecy(Bound::Exact);
        prop_assert!(after.rate_bo >= before.rate_bo - 1e-9 * size && after.rate_e >= before.rate_e - 1e-9 * size);
    }

    /// Slots are averaged: two equal slots are one.
    #[test]
    fn equal_slots_average_to_themselves(x in designs()) {
        let one = x.secrecy(Bound::Exact);
        let streams = [x.streams.clone(), x.streams.clone()].concat();
        let beams = BeamsRef { streams: &streams, ..x.beams() };
        let two = secrecy(&x.cell, &beams, 0.0, Bound::Exact).unwrap();
        prop_assert_eq!(two.slots.len(), 2);
        prop_assert!((two.rate_bo - one.rate_bo).abs() <= 1e-13 * (1.0 + one.rate_bo));
        prop_assert!((two.rate_e - one.rate_e).abs() <= 1e-13 * (1.0 + one.rate_e));
    }

    /// Extremes are attained in the error set at the channel that is handed out, and beaten by no
    /// sample; for balls and ellipsoids.
    #[test]
    fn extremes_are_attained_and_extreme(
        mut rng in strategies::rng(),
        m in 1..=4usize,
        streams in 1..=5usize,
        relative in 0.0..0.9f64,
        ellipsoid in any::<bool>(),
        isotropic in 0.0..0.4f64,
    ) {
        let estimate = vector(m, &mut rng);
        let radius = relative * norm(&estimate);
        let (channel, isotropic) = if ellipsoid && radius > 1e-3 {
            let shape = random_ellipsoid(m, radius, [0.2, 1.8], &mut rng).unwrap();
            (UncertainChannel::ellipsoid("h", estimate.clone(), shape).unwrap(), 0.0)
        } else {
            (UncertainChannel::ball("h", estimate.clone(), radius).unwrap(), isotropic)
        };
        let link = Link::new(&channel);
        prop_assert_eq!(link.is_ball(), channel.radius().is_some());
        let (u, v) = (vector(m, &mut rng), vector(m, &mut rng));
        let o = vector(streams * m, &mut rng);
        let total = |h: &[c64]| -> f64 { o.chunks_exact(m).map(|o| power(h, o)).sum() };
        let ratio = |h: &[c64]| power(h, &u) / (power(h, &v) + isotropic * norm(h).powi(2) + 0.7);
        let difference = |h: &[c64]| power(h, &u) - power(h, &v) - isotropic * norm(h).powi(2);
        // |E^-1 (h - estimate)| <= 1, or the ball's.
        let inside = |h: &[c64]| {
            let d: Vec<c64> = h.iter().zip(&estimate).map(|(h, e)| h - e).collect();
            match &channel.error {
                ErrorSet::Ball { radius } => norm(&d) <= radius * (1.0 + 1e-7) + 1e-12,
                ErrorSet::Ellipsoid { inverse, .. } => norm(&turned(inverse, &d)) <= 1.0 + 1e-7,
            }
        };
        let form = link.form(&o).unwrap();
        let most = link.total_power(&form, Extreme::Max).unwrap();
        let least = link.total_power(&form, Extreme::Min).unwrap();
        let top = link.ratio(&u, &v, isotropic, 0.7, Extreme::Max);
        let bottom = link.ratio(&u, &v, isotropic, 0.7, Extreme::Min);
        let gap = link.difference_max(&u, &v, isotropic);
        let floor = link.amplitude_floor(&u);
        let size = most.value.max(1e-3);
        for (value, at, of) in [
            (most.value, &most.at, total(&most.at)),
            (least.value, &least.at, total(&least.at)),
        ] {
            prop_assert!(inside(at) && (value - of).abs() <= 1e-7 * size, "{value:e} {of:e}");
        }
        for found in [&top, &bottom] {
            prop_assert!(inside(&found.at));
            prop_assert!((found.value - ratio(&found.at)).abs() <= 1e-7 * (top.value + 1e-3));
            let under = power(&found.at, &v) + isotropic * norm(&found.at).powi(2) + 0.7;
            prop_assert!((found.denominator / under - 1.0).abs() < 1e-6);
        }
        let span = (norm(&estimate) + 2.0 * radius).powi(2) * (norm(&u).powi(2) + norm(&v).powi(2) + 1.0);
        prop_assert!(inside(&gap.at) && (gap.value - difference(&gap.at)).abs() <= 1e-8 * span);
        for k in 0..80 {
            let mut h = channel.sample_boundary(&mut rng);
            if k % 2 == 1 {
                let t = rng.random::<f64>();
                h = h.iter().zip(&estimate).map(|(h, e)| e + (h - e) * t).collect();
            }
            prop_assert!(total(&h) <= most.value + 1e-9 * size);
            prop_assert!(total(&h) >= least.value - 1e-9 * size);
            prop_assert!(ratio(&h) <= top.value * (1.0 + 1e-8) + 1e-12);
            prop_assert!(ratio(&h) >= bottom.value * (1.0 - 1e-8) - 1e-12);
            prop_assert!(difference(&h) <= gap.value + 1e-9 * span);
            prop_assert!(power(&h, &u).sqrt() >= floor.value - 1e-9 * span.sqrt());
        }
        if link.is_ball() {
            let expected = inner(&estimate, &u).norm() - radius * norm(&u);
            prop_assert!((floor.value - expected).abs() < 1e-12 * span.sqrt());
        }
    }

    /// A user hears `total + floor`; each access scheme is its table of who disturbs whom.
    #[test]
    fn access_schemes_decode_against_what_is_left(
        x in designs(),
        mut rng in strategies::rng(),
        isotropic in 0.0..0.3f64,
    ) {
        let m2 = x.cell.antennas2();
        let users = x.cell.users();
        let mut y = x.clone();
        y.streams = vector((users + 1) * m2, &mut rng);
        let user_channel = |m: &Mat<c64>, n: usize| m.col(n).iter().copied().collect::<Vec<_>>();
        let heard = |n: usize, s: usize| power(&user_channel(&y.cell.g_users, n), &y.streams[s * m2..(s + 1) * m2]);
        let floor = |n: usize| {
            let h = user_channel(&y.cell.h_users, n);
            1.0 + power(&h, &y.w_bo) + power(&h, &y.w_ta) + isotropic * norm(&h).powi(2)
        };
        let sinrs = |list: &[Decoding]| rsma::user_sinrs(&y.cell, &y.beams(), isotropic, list).unwrap();
        let definition = |d: &Decoding| {
            let rest: f64 = d.interferers.iter().map(|&s| heard(d.user, s)).sum();
            heard(d.user, d.stream) / (rest + floor(d.user))
        };
        let split = rsma::rsma(users);
        for list in [split.clone(), rsma::sdma(users), rsma::tdma(users), rsma::noma(&rsma::by_channel_norm(y.cell.g_users.as_ref()))] {
            let expected: Vec<f64> = list.iter().map(definition).collect();
            metric::values("SINR", &sinrs(&list), &expected, 1e-10)?;
        }
        // Rate splitting adds up: common and private together are the rate of both against the rest.
        let got = sinrs(&split);
        for n in 0..users {
            let rest: f64 = (1..=users).filter(|&s| s != n + 1).map(|s| heard(n, s)).sum();
            let both = (heard(n, 0) + heard(n, n + 1)) / (rest + floor(n));
            let sum = rsma::rate(got[2 * n]) + rsma::rate(got[2 * n + 1]);
            prop_assert!((sum - rsma::rate(both)).abs() < 1e-11 * (1.0 + sum));
        }
        // Own slots are at least as good as sharing, for the same beams; the weakest user of NOMA
        // has all others against it, the strongest nobody.
        metric::trend("slots", &sinrs(&rsma::sdma(users)), &sinrs(&rsma::tdma(users)), Trend::Rises)?;
        let chain = rsma::noma(&rsma::by_channel_norm(y.cell.g_users.as_ref()));
        let gains: Vec<f64> = (0..users).map(|n| norm(&user_channel(&y.cell.g_users, n))).collect();
        prop_assert_eq!(chain.len(), users * (users + 1) / 2);
        prop_assert_eq!(chain[0].interferers.len(), users - 1);
        prop_assert!(chain.last().unwrap().interferers.is_empty());
        for d in &chain {
            // A user decodes streams of users no stronger than itself, against stronger ones.
            prop_assert!(gains[d.stream] <= gains[d.user]);
            prop_assert!(d.interferers.iter().all(|&s| gains[s] >= gains[d.stream] && s != d.stream));
        }
    }

    #[test]
    fn the_common_rate_is_shared_out_without_loss(
        common in 0.0..8.0f64,
        private in proptest::collection::vec(0.0..4.0f64, 1..5),
        target in 0.0..4.0f64,
    ) {
        let (portions, left) = rsma::free_split(common, &private, target);
        let sum: f64 = portions.iter().sum();
        prop_assert!((sum + left - common).abs() < 1e-12);
        for (portion, rate) in portions.iter().zip(&private) {
            prop_assert!(*portion >= 0.0 && portion + rate >= target - 1e-12);
            // Nobody gets more than needed.
            prop_assert!(*portion <= 0.0 || (portion + rate - target).abs() < 1e-12);
        }
        prop_assert!((2f64.powf(rsma::rate(common)) - 1.0 - common).abs() < 1e-12 * (1.0 + common));
    }

    #[test]
    fn echo_quality_is_the_best_of_all_filters(
        mut rng in strategies::rng(),
        m in 1..=5usize,
        light in 0.01..10.0f64,
        clutter in 0.0..5.0f64,
        t in strategies::power(-6.0, 6.0),
    ) {
        let h = vector(m, &mut rng);
        let echo = Echo::new(0.6, 0.8, &h);
        let one = vec![c64::new(1.0 / (m as f64).sqrt(), 0.0); m];
        for model in [Clutter::Noise, Clutter::Model] {
            let value = |filter| echo.scnr(light, clutter, model, filter).value;
            let of = |a: &[c64]| scnr_of_filter(&echo, a, &h, light, clutter, model);
            let best = value(ReceiveFilter::Optimal);
            prop_assert!((value(ReceiveFilter::Matched) - of(&h)).abs() < 1e-11 * best);
            prop_assert!((value(ReceiveFilter::Uniform) - of(&one)).abs() < 1e-11 * best);
            // (c 1 1^H + s I)^-1 h by Sherman and Morrison.
            let sum: c64 = h.iter().sum();
            let factor = match model {
                Clutter::Noise => 0.0,
                Clutter::Model => clutter / (0.8 + clutter * m as f64),
            };
            let optimal: Vec<c64> = h.iter().map(|h| h - sum * factor).collect();
            prop_assert!((best - of(&optimal)).abs() < 1e-10 * best);
            for _ in 0..20 {
                prop_assert!(of(&vector(m, &mut rng)) <= best * (1.0 + 1e-10));
            }
            for filter in [ReceiveFilter::Optimal, ReceiveFilter::Matched, ReceiveFilter::Uniform] {
                let at = |q: f64, c: f64| echo.scnr(q, c, model, filter).value;
                let got = echo.scnr(light, clutter, model, filter);
                // Linear in the illumination, falling in the clutter, slopes by differences.
                prop_assert!((got.by_illumination * light - got.value).abs() < 1e-12 * best);
                prop_assert!(at(light, clutter + 0.5) <= got.value * (1.0 + 1e-12));
                let step = 1e-4;
                let slope = (at(light, clutter + 2.0 * step) - at(light, clutter)) / (2.0 * step);
                let middle = echo.scnr(light, clutter + step, model, filter).by_clutter;
                prop_assert!((slope - middle).abs() <= 1e-5 * best, "{slope:e} {middle:e}");
                // Unit of power: noise, clutter and illumination together.
                let scaled = Echo { noise: echo.noise * t, ..echo };
                let other = scaled.scnr(light * t, clutter * t, model, filter).value;
                prop_assert!((other / got.value - 1.0).abs() < 1e-11 || got.value < 1e-12 * best);
            }
        }
        let (w, v) = (vector(m, &mut rng), vector(m, &mut rng));
        let lit = power(&h, &w) + power(&h, &v);
        prop_assert!((illumination(&h, &w, &v) - lit).abs() < 1e-13 * lit);
    }

    #[test]
    fn efficiency_is_rate_over_power(
        rate in 0.0..20.0f64,
        used in [0.0..5.0f64, 0.0..5.0f64],
        allocated in [0.1..9.0f64, 0.1..9.0f64],
        fixed in 0.1..3.0f64,
        each in 0.0..1.0f64,
        antennas in [1..20usize, 1..20usize],
    ) {
        let circuit = CircuitPower { fixed, per_antenna: each };
        let watts = circuit.watts(antennas[0], antennas[1]);
        prop_assert!((watts - fixed - each * antennas[0] as f64 - each * antennas[1] as f64).abs() < 1e-12);
        for (first, second) in [(false, false), (true, false), (false, true), (true, true)] {
            let accounting = Accounting {
                allocated1: first.then_some(allocated[0]),
                allocated2: second.then_some(allocated[1]),
            };
            let transmit = accounting.transmit(used[0], used[1]);
            let expected = if first { allocated[0] } else { used[0] } + if second { allocated[1] } else { used[1] };
            prop_assert!((transmit - expected).abs() < 1e-14);
            let got = energy_efficiency(rate, transmit, watts).unwrap();
            prop_assert!((got * (transmit + watts) - rate).abs() < 1e-12 * (1.0 + rate));
            prop_assert!(energy_efficiency(rate, transmit + 1.0, watts).unwrap() <= got);
            prop_assert!(energy_efficiency(rate + 1.0, transmit, watts).unwrap() > got);
        }
        prop_assert!(energy_efficiency(rate, 0.0, 0.0).is_err());
        prop_assert!(energy_efficiency(rate, -2.0 * watts, watts).is_err());
        prop_assert!(energy_efficiency(rate, f64::NAN, watts).is_err());
    }
}

#[test]
fn users_that_are_not_there_are_refused() {
    let x = design(2, 2, 2, 0.0, 1);
    let decode = |user: usize, stream: usize, interferers: Vec<usize>| {
        let list = [Decoding {
            user,
            stream,
            interferers,
        }];
        rsma::user_sinrs(&x.cell, &x.beams(), 0.0, &list)
    };
    assert!(decode(1, 1, vec![0]).is_ok());
    for bad in [
        decode(2, 1, vec![]),
        decode(0, 2, vec![]),
        decode(0, 0, vec![2]),
    ] {
        assert!(bad.unwrap_err().to_string().contains("streams of BS2"));
    }
}
