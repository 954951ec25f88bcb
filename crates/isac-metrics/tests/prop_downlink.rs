//! Invariants of the metrics of a downlink: SINR, rates and their gradient, decoding pairs,
//! beampatterns. Each fast formula stands beside its definition.

use isac_linalg::{Mat, c64, ops};
use isac_metrics::noma::{self, Pair, SicSet};
use isac_metrics::{beampattern, grad, link_powers, nats_to_bits, rates_nats, sinr, sum_rate_nats};
use isac_testkit::metric::{self, Downlink, Trend};
use isac_testkit::{sample, slope, strategies};
use proptest::prelude::*;
use rand::{RngExt, rngs::ChaCha8Rng};

fn config() -> ProptestConfig {
    ProptestConfig::with_cases(256)
}

fn sinr_of(x: &Downlink) -> Vec<f64> {
    sinr(x.channel.as_ref(), x.beamformer.as_ref(), &x.noise).unwrap()
}

fn sum_rate_of(x: &Downlink) -> Vec<f64> {
    vec![sum_rate_nats(&sinr_of(x))]
}

/// SINR of message `pair.message` at `pair.decoder`, Eq. (4) of `[noma]` from the table of modes.
fn pair_by_definition(x: &Downlink, sic: SicSet, pair: Pair) -> f64 {
    let received = x.received();
    let (k, l) = (pair.message, pair.decoder);
    let disturbing = (0..x.users()).filter(|&i| match sic {
        SicSet::Full | SicSet::Own => i > k,
        SicSet::Orthogonal => false,
        SicSet::Linear => i != k,
    });
    let rest: f64 = disturbing.map(|i| received[(l, i)]).sum();
    received[(l, k)] / (rest + x.noise[0])
}

fn users_beams(x: &Downlink) -> Mat<c64> {
    x.beamformer.subcols(0, x.users()).to_owned()
}

fn pairs_of(sic: SicSet) -> impl Fn(&Downlink) -> Vec<f64> {
    move |x| {
        let beams = users_beams(x);
        let received = noma::received_powers_of_beams(x.channel.as_ref(), beams.as_ref()).unwrap();
        noma::all_sinr(received.as_ref(), sic, x.noise[0])
    }
}

fn norm_of(h: &Mat<c64>) -> f64 {
    ops::norm(h.as_ref())
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn sinr_keeps_every_invariant_of_a_downlink(x in strategies::downlink(6, 4)) {
        for f in [sinr_of, sum_rate_of] {
            metric::phase(f, &x, 1e-8)?;
            metric::unitary(f, &x, 1e-8)?;
            metric::permutation(f, &x, 1e-12)?;
            metric::sensing_order(f, &x, 1e-12)?;
            metric::units(f, &x, 1e-12)?;
            metric::power(f, &x, Trend::Rises)?;
            metric::noise(f, &x, Trend::Falls)?;
        }
    }

    #[test]
    fn link_powers_are_their_definition(x in strategies::downlink(5, 4)) {
        let got = link_powers(x.channel.as_ref(), x.beamformer.as_ref(), &x.noise).unwrap();
        let received = x.received();
        let users = x.users();
        let signal: Vec<f64> = (0..users).map(|k| received[(k, k)]).collect();
        let interference: Vec<f64> = (0..users)
            .map(|k| {
                let mut sum = x.noise[k];
                for j in 0..received.ncols() {
                    if j != k {
                        sum += received[(k, j)];
                    }
                }
                sum
            })
            .collect();
        metric::values("signal", &got.signal, &signal, 1e-10)?;
        metric::values("interference", &got.interference, &interference, 1e-10)?;
        let ratios: Vec<f64> = (0..users).map(|k| signal[k] / interference[k]).collect();
        metric::values("SINR", &got.sinr(), &ratios, 1e-10)?;
    }

    #[test]
    fn rates_are_logarithms_and_add_up(x in strategies::downlink(4, 4)) {
        let ratios = sinr_of(&x);
        let rates = rates_nats(&ratios);
        let by_log: Vec<f64> = ratios.iter().map(|s| (1.0 + s).ln()).collect();
        for (rate, expected) in rates.iter().zip(&by_log) {
            prop_assert!(*rate >= 0.0 && (rate - expected).abs() < 1e-14 * (1.0 + expected));
        }
        let total = sum_rate_nats(&ratios);
        prop_assert!((total - rates.iter().sum::<f64>()).abs() <= 1e-14 * total);
        prop_assert!((2f64.powf(nats_to_bits(total)) / total.exp() - 1.0).abs() < 1e-12);
    }

    /// A stream less never hurts another user.
    #[test]
    fn silence_of_a_sensing_stream_helps_every_user(x in strategies::downlink(4, 3)) {
        let mut quiet = x.clone();
        quiet.beamformer = users_beams(&x);
        metric::trend("silence", &sinr_of(&x), &sinr_of(&quiet), Trend::Rises)?;
        let heard = x.received();
        for k in 0..x.users() {
            let louder = (x.users()..heard.ncols()).any(|j| heard[(k, j)] > 1e-6 * x.noise[k]);
            prop_assert!(!louder || sinr_of(&quiet)[k] > sinr_of(&x)[k]);
        }
    }

    #[test]
    fn sum_rate_gradient_turns_with_its_point_and_points_to_more_power(
        x in strategies::downlink(4, 3),
        mut rng in strategies::rng(),
    ) {
        let at = |h: &Mat<c64>, w: &Mat<c64>| {
            grad::sum_rate_gradient(h.as_ref(), w.as_ref(), &x.noise).unwrap()
        };
        let own = at(&x.channel, &x.beamformer);
        prop_assert!((own.value - sum_rate_of(&x)[0]).abs() <= 1e-13 * own.value);
        let u = sample::unitary(x.channel.nrows(), &mut rng);
        let turn = |m: &Mat<c64>| ops::mul(u.as_ref(), m.as_ref());
        let turned = at(&turn(&x.channel), &turn(&x.beamformer));
        let expected = turn(&own.gradient);
        let size = norm_of(&expected);
        let off = Mat::from_fn(expected.nrows(), expected.ncols(), |i, j| {
            turned.gradient[(i, j)] - expected[(i, j)]
        });
        prop_assert!(norm_of(&off) <= 1e-9 * size);
        // The rate rises along W.
        let along = ops::inner(own.gradient.as_ref(), x.beamformer.as_ref());
        prop_assert!(along >= -1e-10 * size * norm_of(&x.beamformer));
    }

    #[test]
    fn received_powers_by_beams_and_by_covariances_are_one(x in strategies::downlink(5, 4)) {
        let beams = users_beams(&x);
        let by_beams = noma::received_powers_of_beams(x.channel.as_ref(), beams.as_ref()).unwrap();
        let covariances: Vec<Mat<c64>> = (0..x.users())
            .map(|i| ops::mul_adjoint(beams.subcols(i, 1), beams.subcols(i, 1)))
            .collect();
        let by_covariances = noma::received_powers(x.channel.as_ref(), &covariances).unwrap();
        let expected = x.received();
        for l in 0..x.users() {
            for i in 0..x.users() {
                let bound = ops::norm2(x.channel.subcols(l, 1)) * ops::norm2(beams.subcols(i, 1));
                for got in [by_beams[(l, i)], by_covariances[(l, i)]] {
                    prop_assert!((got - expected[(l, i)]).abs() <= 1e-13 * bound, "{l} {i}");
                }
            }
        }
    }

    #[test]
    fn decoding_pairs_follow_the_table_of_modes(x in strategies::downlink(5, 4)) {
        for sic in SicSet::ALL {
            let pairs = sic.pairs(x.users());
            let expected: Vec<f64> =
                pairs.iter().map(|&pair| pair_by_definition(&x, sic, pair)).collect();
            metric::values(sic.name(), &pairs_of(sic)(&x), &expected, 1e-9)?;
            metric::phase(pairs_of(sic), &x, 1e-8)?;
            metric::unitary(pairs_of(sic), &x, 1e-8)?;
            metric::units(pairs_of(sic), &x, 1e-12)?;
            metric::power(pairs_of(sic), &x, Trend::Rises)?;
            metric::noise(pairs_of(sic), &x, Trend::Falls)?;
            let decoded = if sic == SicSet::Full { x.users() * (x.users() + 1) / 2 } else { x.users() };
            prop_assert_eq!(pairs.len(), decoded);
            for pair in pairs {
                prop_assert!(pair.message <= pair.decoder && pair.decoder < x.users());
                for other in 0..x.users() {
                    // Nothing is both removed and heard, and nobody disturbs himself.
                    let (heard, removed) = (sic.disturbs(pair.message, other), sic.removes(pair.message, other));
                    prop_assert!(!(heard && removed));
                    prop_assert!(other != pair.message || !(heard || removed));
                }
            }
        }
        // Less interference, more SINR: linear <= own <= orthogonal, user by user.
        let own = pairs_of(SicSet::Own)(&x);
        metric::trend("cancellation", &pairs_of(SicSet::Linear)(&x), &own, Trend::Rises)?;
        metric::trend("slots", &own, &pairs_of(SicSet::Orthogonal)(&x), Trend::Rises)?;
        // The own pairs are among those of full decoding.
        let full = SicSet::Full.pairs(x.users());
        let among: Vec<f64> = full
            .iter()
            .zip(pairs_of(SicSet::Full)(&x))
            .filter_map(|(pair, sinr)| (pair.message == pair.decoder).then_some(sinr))
            .collect();
        metric::values("own among full", &own, &among, 1e-15)?;
    }

    /// The Gram matrix of the pattern is that of the definition, positive semidefinite, and blind to
    /// phases and rotations of the streams.
    #[test]
    fn beampatterns_are_quadratic_forms(
        a in strategies::matrix(5, 3),
        w in strategies::matrix(5, 4),
        v in strategies::unitary(4),
        t in strategies::power(-6.0, 3.0),
    ) {
        let (a, w) = (a.as_ref(), w.as_ref());
        let gram = beampattern::gram_of_beams(a, w).unwrap();
        let covariance = ops::mul_adjoint(w, w);
        let twin = beampattern::gram(a, covariance.as_ref()).unwrap();
        let mut slow = Mat::<c64>::zeros(3, 3);
        for p in 0..3 {
            for m in 0..3 {
                for i in 0..5 {
                    for j in 0..5 {
                        slow[(p, m)] += a[(i, p)].conj() * covariance[(i, j)] * a[(j, m)];
                    }
                }
            }
        }
        isac_linalg::approx::compare(gram.as_ref(), slow.as_ref(), 1e-13, 0.0).unwrap();
        isac_linalg::approx::compare(twin.as_ref(), slow.as_ref(), 1e-13, 0.0).unwrap();
        let rotated = ops::mul(w, v.as_ref());
        let same = beampattern::gram_of_beams(a, rotated.as_ref()).unwrap();
        isac_linalg::approx::compare(same.as_ref(), slow.as_ref(), 1e-13, 0.0).unwrap();
        let powers = beampattern::powers(gram.as_ref());
        metric::values("pattern", &powers, &beampattern::pattern(a, w).unwrap(), 1e-12)?;
        let embedded = Mat::from_fn(6, 6, |i, j| {
            let entry = gram[(i % 3, j % 3)];
            match (i / 3, j / 3) {
                (0, 0) | (1, 1) => entry.re,
                (0, 1) => -entry.im,
                _ => entry.im,
            }
        });
        metric::psd("pattern", embedded.as_ref(), 1e-13)?;
        // |C_pm|^2 <= P_p P_m, and the mean over pairs is a mean.
        let mut pairs = Vec::new();
        for p in 0..3 {
            for m in p + 1..3 {
                pairs.push(gram[(p, m)].norm_sqr());
                prop_assert!(gram[(p, m)].norm_sqr() <= powers[p] * powers[m] * (1.0 + 1e-12));
            }
        }
        let mean = beampattern::mean_square_cross_correlation(gram.as_ref()).unwrap();
        prop_assert!((mean - pairs.iter().sum::<f64>() / 3.0).abs() <= 1e-13 * mean);
        let top = powers.iter().copied().fold(0.0, f64::max);
        let mut gap = 0.0_f64;
        for p in &powers {
            for m in &powers {
                gap = gap.max((p - m).abs());
            }
        }
        let difference = beampattern::largest_difference(gram.as_ref());
        prop_assert!((difference - gap).abs() <= 1e-14 * top);
        // Powers are linear, correlations quadratic in the power sent.
        let mut louder = rotated.clone();
        ops::scale(louder.as_mut(), t.sqrt());
        let louder = beampattern::gram_of_beams(a, louder.as_ref()).unwrap();
        let scaled: Vec<f64> = powers.iter().map(|p| p * t).collect();
        metric::values("power", &beampattern::powers(louder.as_ref()), &scaled, 1e-11)?;
        let louder = beampattern::mean_square_cross_correlation(louder.as_ref()).unwrap();
        prop_assert!((louder / (mean * t * t) - 1.0).abs() < 1e-11);
    }
}

/// A user's estimate, beams as covariance factors of one or two columns, and a relative radius.
fn uncertain(rng: &mut ChaCha8Rng, antennas: usize, users: usize) -> (Mat<c64>, Vec<Mat<c64>>) {
    let factors = (0..users)
        .map(|k| sample::gaussian(antennas, 1 + k % 2, rng))
        .collect();
    (sample::gaussian(antennas, 1, rng), factors)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn gradient_of_the_sum_rate_is_one(x in strategies::downlink(4, 3), mut rng in strategies::rng()) {
        let value = |w: isac_linalg::MatRef<'_, c64>| {
            sum_rate_nats(&sinr(x.channel.as_ref(), w, &x.noise).unwrap())
        };
        let got = grad::sum_rate_gradient(x.channel.as_ref(), x.beamformer.as_ref(), &x.noise).unwrap();
        slope::gradient(value, x.beamformer.as_ref(), got.gradient.as_ref(), 3, &mut rng)?;
    }

    /// The worst case is attained, below the nominal case, not beaten by samples, and falls with the
    /// radius, to 0 where the ball holds the zero channel.
    #[test]
    fn worst_case_of_a_decoding_pair(
        mut rng in strategies::rng(),
        antennas in 1..=4usize,
        users in 1..=3usize,
        relative in 0.0..1.2f64,
        residual in any::<bool>(),
        which in 0..4usize,
    ) {
        let (h, factors) = uncertain(&mut rng, antennas, users);
        let covariances: Vec<Mat<c64>> = factors
            .iter()
            .map(|f| ops::mul_adjoint(f.as_ref(), f.as_ref()))
            .collect();
        let sic = SicSet::ALL[which];
        let message = rng.random_range(0..users);
        let noise = 0.1;
        let of = |error: &Mat<c64>| {
            noma::sinr_under_error(h.as_ref(), error.as_ref(), &covariances, sic, message, residual, noise).unwrap()
        };
        let worst = |radius: f64| {
            noma::worst_case_sinr(h.as_ref(), &factors, sic, message, residual, radius, noise).unwrap()
        };
        let nominal = of(&Mat::zeros(antennas, 1));
        let radius = relative * norm_of(&h);
        let found = worst(radius);
        prop_assert!(found.sinr <= nominal * (1.0 + 1e-10));
        prop_assert!((worst(0.0).sinr - nominal).abs() <= 1e-10 * nominal);
        prop_assert!(norm_of(&found.error) <= radius * (1.0 + 1e-9) + 1e-15);
        prop_assert!((of(&found.error) - found.sinr).abs() <= 1e-7 * nominal);
        let farther = worst(1.3 * radius);
        prop_assert!(farther.sinr <= found.sinr + 1e-9 * nominal);
        if relative >= 1.0 {
            prop_assert!(found.sinr <= 1e-9 * nominal);
        }
        for _ in 0..60 {
            let mut error = sample::gaussian(antennas, 1, &mut rng);
            let size = norm_of(&error);
            ops::scale(error.as_mut(), radius * rng.random::<f64>().sqrt() / size);
            prop_assert!(of(&error) >= found.sinr - 1e-8 * nominal);
        }
        // A common phase of the estimate and the unit of power change nothing.
        let turned = Mat::from_fn(antennas, 1, |i, _| h[(i, 0)] * c64::cis(1.234));
        let again = noma::worst_case_sinr(turned.as_ref(), &factors, sic, message, residual, radius, noise).unwrap();
        prop_assert!((again.sinr - found.sinr).abs() <= 1e-8 * nominal);
        let quiet: Vec<Mat<c64>> = factors
            .iter()
            .map(|f| Mat::from_fn(f.nrows(), f.ncols(), |i, j| f[(i, j)] * 1e-6))
            .collect();
        let again = noma::worst_case_sinr(h.as_ref(), &quiet, sic, message, residual, radius, noise * 1e-12).unwrap();
        prop_assert!((again.sinr - found.sinr).abs() <= 1e-8 * nominal);
    }
}
