//! Invariants of the metrics on a resource grid: rates, information of delay and Doppler, fairness.

use isac_linalg::batch::Batch;
use isac_linalg::{Mat, c64, ops};
use isac_metrics::delay_doppler::{
    BsKnowledge, Combine, DelayDoppler, Disturbance, EchoModel, Gain, Illumination, Nodes,
    SensingOptions, SensingState,
};
use isac_metrics::fairness::{Fairness, Form};
use isac_metrics::ofdm_rate::{Interference, OfdmRate, Streams};
use isac_testkit::metric::{self, Trend};
use isac_testkit::{sample, strategies};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};

const KINDS: [Interference; 3] = [
    Interference::All,
    Interference::UsersOnly,
    Interference::None,
];

/// Users on a grid and their beams; printed as sizes and seed.
#[derive(Clone)]
struct Grid {
    streams: Streams,
    channels: Mat<c64>,
    beams: Mat<c64>,
    noise: Vec<f64>,
    recipe: [u64; 5],
}

impl std::fmt::Debug for Grid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "grid({:?})", self.recipe)
    }
}

fn grid(recipe: [u64; 5]) -> Grid {
    let [antennas, subcarriers, sensing, users, seed] = recipe;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let streams = Streams {
        subcarriers: subcarriers as usize,
        sensing: sensing as usize,
        users: users as usize,
    };
    let channels = sample::gaussian(
        antennas as usize,
        streams.subcarriers * streams.users,
        &mut rng,
    );
    Grid {
        channels,
        beams: sample::gaussian(antennas as usize, streams.columns(), &mut rng),
        noise: (0..users)
            .map(|_| 10f64.powf(2.0 * rng.random::<f64>() - 1.0))
            .collect(),
        streams,
        recipe,
    }
}

fn grids() -> impl Strategy<Value = Grid> {
    (1..=5u64, 1..=4u64, 0..=2u64, 1..=3u64, any::<u64>())
        .prop_map(|(a, n, s, k, seed)| grid([a, n, s, k, seed]))
}

impl Grid {
    fn rates(&self, interference: Interference) -> Vec<f64> {
        let metric = OfdmRate::new(
            self.streams,
            self.channels.clone(),
            self.noise.clone(),
            interference,
        )
        .unwrap();
        let mut batch: Batch = self.streams.batch(self.beams.nrows());
        batch.read(self.beams.as_ref());
        let mut state = metric.state();
        metric.evaluate(&batch, &mut state);
        state.rates
    }

    /// `(1/N) sum_i log2(1 + SINR)` from the definition.
    fn rates_by_definition(&self, interference: Interference) -> Vec<f64> {
        let Streams {
            subcarriers: n,
            sensing: s,
            users,
        } = self.streams;
        let power = |i: usize, k: usize, c: usize| {
            let (h, w) = (i * users + k, i * (s + users) + c);
            let terms =
                (0..self.beams.nrows()).map(|a| self.channels[(a, h)].conj() * self.beams[(a, w)]);
            terms.sum::<c64>().norm_sqr()
        };
        (0..users)
            .map(|k| {
                let rate = |i: usize| {
                    let mut rest = self.noise[k];
                    for c in 0..s + users {
                        let heard = match interference {
                            Interference::All => true,
                            Interference::UsersOnly => c >= s,
                            Interference::None => false,
                        };
                        if heard && c != s + k {
                            rest += power(i, k, c);
                        }
                    }
                    (1.0 + power(i, k, s + k) / rest).log2()
                };
                (0..n).map(rate).sum::<f64>() / n as f64
            })
            .collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn rates_on_a_grid(x in grids(), mut rng in strategies::rng(), t in strategies::power(-9.0, 9.0)) {
        let Streams { subcarriers: n, users, .. } = x.streams;
        let antennas = x.beams.nrows();
        let [all, users_only, none] = KINDS.map(|kind| x.rates(kind));
        metric::trend("known sensing symbols", &all, &users_only, Trend::Rises)?;
        metric::trend("no interference", &users_only, &none, Trend::Rises)?;
        for kind in KINDS {
            let before = x.rates(kind);
            metric::values("definition", &before, &x.rates_by_definition(kind), 1e-9)?;
            // Phases, a rotation of each subcarrier, the unit of power.
            let mut y = x.clone();
            let phases: Vec<c64> = (0..y.beams.ncols()).map(|_| c64::cis(6.3 * rng.random::<f64>())).collect();
            y.beams = Mat::from_fn(antennas, y.beams.ncols(), |a, c| x.beams[(a, c)] * phases[c] * t);
            y.noise = x.noise.iter().map(|v| v * t * t).collect();
            metric::values("phase and unit", &before, &y.rates(kind), 1e-8)?;
            let mut y = x.clone();
            for i in 0..n {
                let u = sample::unitary(antennas, &mut rng);
                let per = x.streams.per_subcarrier();
                let h = ops::mul(u.as_ref(), x.channels.subcols(i * users, users));
                let w = ops::mul(u.as_ref(), x.beams.subcols(i * per, per));
                y.channels.subcols_mut(i * users, users).copy_from(&h);
                y.beams.subcols_mut(i * per, per).copy_from(&w);
            }
            metric::values("rotation", &before, &y.rates(kind), 1e-8)?;
            // Subcarriers in another order.
            let mut y = x.clone();
            let per = x.streams.per_subcarrier();
            y.channels = Mat::from_fn(antennas, n * users, |a, c| x.channels[(a, (n - 1 - c / users) * users + c % users)]);
            y.beams = Mat::from_fn(antennas, n * per, |a, c| x.beams[(a, (n - 1 - c / per) * per + c % per)]);
            metric::values("order of subcarriers", &before, &y.rates(kind), 1e-12)?;
            // Users in another order, with their channels, beams and noise.
            let mut y = x.clone();
            let from = |k: usize| users - 1 - k;
            let s = x.streams.sensing;
            y.channels = Mat::from_fn(antennas, n * users, |a, c| x.channels[(a, c / users * users + from(c % users))]);
            y.beams = Mat::from_fn(antennas, n * per, |a, c| {
                let stream = c % per;
                x.beams[(a, c / per * per + if stream < s { stream } else { s + from(stream - s) })]
            });
            y.noise = (0..users).map(|k| x.noise[from(k)]).collect();
            let expected: Vec<f64> = (0..users).map(|k| before[from(k)]).collect();
            metric::values("order of users", &expected, &y.rates(kind), 1e-12)?;
            // More power, less noise.
            let mut y = x.clone();
            ops::scale(y.beams.as_mut(), 3.0);
            metric::trend("more power", &before, &y.rates(kind), Trend::Rises)?;
            let mut y = x.clone();
            y.noise.iter_mut().for_each(|v| *v *= 3.0);
            metric::trend("more noise", &before, &y.rates(kind), Trend::Falls)?;
        }
        // The capacity of one user alone bounds its rate at the same power, and is attained by it.
        let metric = OfdmRate::new(x.streams, x.channels.clone(), x.noise.clone(), Interference::None).unwrap();
        let power = ops::norm2(x.beams.as_ref());
        for k in 0..users {
            let most = metric.single_user_capacity(k, power);
            prop_assert!(none[k] <= most * (1.0 + 1e-12));
            prop_assert!((metric.single_user_power(k, most) / power - 1.0).abs() < 1e-9);
            prop_assert!(metric.single_user_capacity(k, 2.0 * power) > most);
        }
    }
}

const OPTIONS: SensingOptions = SensingOptions {
    gain: Gain::Known,
    disturbance: Disturbance::All,
    bs: BsKnowledge::SensingOnly,
    nodes: Nodes::Multi,
};

/// Targets at nodes and what lights them; printed as sizes and seed.
#[derive(Clone)]
struct Echoes {
    model: EchoModel,
    lit: Illumination,
    recipe: [u64; 5],
}

impl std::fmt::Debug for Echoes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "echoes({:?})", self.recipe)
    }
}

fn echoes(recipe: [u64; 5]) -> Echoes {
    let [subcarriers, symbols, targets, nodes, seed] = recipe;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut list = |count: u64, low: f64, high: f64| -> Vec<f64> {
        (0..count)
            .map(|_| low + (high - low) * rng.random::<f64>())
            .collect()
    };
    Echoes {
        model: EchoModel {
            subcarriers: subcarriers as usize,
            symbols: symbols as usize,
            reflection: list(targets * nodes, 0.01, 1.0),
            noise_w: list(nodes, 0.05, 1.0),
            antennas: list(nodes, 1.0, 8.0),
            combine: Combine::Sum,
            weights: list(2, 0.1, 2.0),
        },
        lit: Illumination {
            sensing: list(targets * subcarriers, 0.05, 1.0),
            comm: list(targets * subcarriers, 0.05, 1.0),
        },
        recipe,
    }
}

fn any_echoes() -> impl Strategy<Value = Echoes> {
    (2..=6u64, 2..=5u64, 1..=3u64, 1..=3u64, any::<u64>())
        .prop_map(|(n, m, t, j, seed)| echoes([n, m, t, j, seed]))
}

impl Echoes {
    fn state(&self, options: SensingOptions) -> SensingState {
        let metric = DelayDoppler::new(self.model.clone(), options).unwrap();
        let mut state = metric.state();
        metric.evaluate(&self.lit, &mut state);
        state
    }

    fn crlb(&self, options: SensingOptions) -> Vec<f64> {
        self.state(options).crlb
    }
}

fn two(information: &[[f64; 4]; 4]) -> Mat<f64> {
    Mat::from_fn(2, 2, |i, j| information[i][j])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn information_of_delay_and_doppler(x in any_echoes(), t in strategies::power(-12.0, 3.0)) {
        let mut all = Vec::new();
        for gain in [Gain::Known, Gain::Unknown] {
            for disturbance in [Disturbance::All, Disturbance::CommEchoes, Disturbance::NoiseOnly] {
                for bs in [BsKnowledge::SensingOnly, BsKnowledge::FullWaveform] {
                    for nodes in [Nodes::Multi, Nodes::Mono] {
                        all.push(SensingOptions { gain, disturbance, bs, nodes });
                    }
                }
            }
        }
        for &options in &all {
            let state = x.state(options);
            for target in 0..state.crlb.len() {
                let information = two(&state.information[target]);
                metric::psd("information", information.as_ref(), 1e-12)?;
                // The bound is the weighted diagonal of the inverse; node informations add up.
                let nodes = x.model.noise_w.len();
                let sum = Mat::from_fn(2, 2, |i, j| {
                    (0..nodes).map(|node| state.node_information[target * nodes + node][i][j]).sum()
                });
                let size = information[(0, 0)].max(information[(1, 1)]);
                for (i, j) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                    let (a, b): (f64, f64) = (information[(i, j)], sum[(i, j)]);
                    prop_assert!((a - b).abs() <= 1e-12 * size);
                }
                let det = information[(0, 0)] * information[(1, 1)] - information[(0, 1)].powi(2);
                let w = &x.model.weights;
                let by_hand = (w[0] * information[(1, 1)] + w[1] * information[(0, 0)]) / det;
                let product = information[(0, 0)] * information[(1, 1)];
                prop_assert!((state.crlb[target] / by_hand - 1.0).abs() <= 1e-12 * product / det);
            }
            // Watts or picowatts.
            let mut y = x.clone();
            y.model.noise_w.iter_mut().for_each(|v| *v *= t);
            y.lit.sensing.iter_mut().chain(&mut y.lit.comm).for_each(|v| *v *= t);
            metric::values("unit", &state.crlb, &y.crlb(options), 1e-9)?;
            // Receive antennas and weights are factors.
            let mut y = x.clone();
            y.model.antennas.iter_mut().for_each(|v| *v *= 3.0);
            let third: Vec<f64> = state.crlb.iter().map(|c| c / 3.0).collect();
            metric::values("antennas", &third, &y.crlb(options), 1e-11)?;
            let mut y = x.clone();
            y.model.weights.iter_mut().for_each(|v| *v *= 5.0);
            let five: Vec<f64> = state.crlb.iter().map(|c| c * 5.0).collect();
            metric::values("weights", &five, &y.crlb(options), 1e-13)?;
            // More noise never helps.
            let mut y = x.clone();
            y.model.noise_w.iter_mut().for_each(|v| *v *= 4.0);
            metric::trend("noise", &state.crlb, &y.crlb(options), Trend::Rises)?;
        }
    }

    /// More is known, less is disturbed, more see: the information grows in the Loewner order, and the
    /// bound falls.
    #[test]
    fn options_order_the_information(x in any_echoes()) {
        let pairs = [
            (SensingOptions { gain: Gain::Unknown, ..OPTIONS }, OPTIONS),
            (OPTIONS, SensingOptions { disturbance: Disturbance::CommEchoes, ..OPTIONS }),
            (
                SensingOptions { disturbance: Disturbance::CommEchoes, ..OPTIONS },
                SensingOptions { disturbance: Disturbance::NoiseOnly, ..OPTIONS },
            ),
            (OPTIONS, SensingOptions { bs: BsKnowledge::FullWaveform, ..OPTIONS }),
            (SensingOptions { nodes: Nodes::Mono, ..OPTIONS }, OPTIONS),
        ];
        for (less, more) in pairs {
            let (low, high) = (x.state(less), x.state(more));
            for target in 0..low.crlb.len() {
                let (a, b) = (two(&low.information[target]), two(&high.information[target]));
                metric::loewner("more is known", a.as_ref(), b.as_ref(), 1e-11)?;
            }
            metric::trend("more is known", &low.crlb, &high.crlb, Trend::Falls)?;
        }
    }

    /// A target alone at one node, its echo against noise: the textbook's sums, Eq. (7) of
    /// \[alpha_fair\], symbol by symbol.
    #[test]
    fn one_node_by_the_sums_of_the_textbook(x in any_echoes()) {
        let options = SensingOptions { disturbance: Disturbance::NoiseOnly, ..OPTIONS };
        let state = x.state(options);
        let (n, nodes) = (x.model.subcarriers, x.model.noise_w.len());
        for target in 0..state.crlb.len() {
            for node in 0..nodes {
                let mut sums = [[0.0; 2]; 2];
                for m in 0..x.model.symbols {
                    for i in 0..n {
                        let snr = x.model.reflection[target * nodes + node] * x.model.antennas[node]
                            * x.lit.sensing[target * n + i] / x.model.noise_w[node];
                        // d/dtau and d/dnu of exp(j 2 pi (m nu - i tau)).
                        let slope = [-(i as f64), m as f64].map(|v| v * std::f64::consts::TAU);
                        for a in 0..2 {
                            for b in 0..2 {
                                sums[a][b] += 2.0 * snr * slope[a] * slope[b];
                            }
                        }
                    }
                }
                let got = state.node_information[target * nodes + node];
                for a in 0..2 {
                    for b in 0..2 {
                        let size = (sums[a][a] * sums[b][b]).sqrt();
                        prop_assert!((got[a][b] - sums[a][b]).abs() <= 1e-11 * size, "{a} {b}");
                    }
                }
            }
        }
    }

    /// A disturbance is noise plus the echoes that are not the target's own known ones.
    #[test]
    fn disturbances_are_their_definition(x in any_echoes()) {
        let (n, nodes) = (x.model.subcarriers, x.model.noise_w.len());
        let targets = x.model.reflection.len() / nodes;
        for disturbance in [Disturbance::All, Disturbance::CommEchoes, Disturbance::NoiseOnly] {
            for bs in [BsKnowledge::SensingOnly, BsKnowledge::FullWaveform] {
                let options = SensingOptions { disturbance, bs, ..OPTIONS };
                let metric = DelayDoppler::new(x.model.clone(), options).unwrap();
                for (t, j) in (0..targets).flat_map(|t| (0..nodes).map(move |j| (t, j))) {
                    let mut got = vec![0.0; n];
                    metric.disturbance_into(t, j, &x.lit, &mut got);
                    for i in 0..n {
                        let mut expected = x.model.noise_w[j];
                        for q in 0..targets {
                            let b = x.model.reflection[q * nodes + j];
                            let own_data = q == t && j == 0 && bs == BsKnowledge::FullWaveform;
                            if disturbance != Disturbance::NoiseOnly && !own_data {
                                expected += b * x.lit.comm[q * n + i];
                            }
                            if disturbance == Disturbance::All && q != t {
                                expected += b * x.lit.sensing[q * n + i];
                            }
                        }
                        prop_assert!((got[i] / expected - 1.0).abs() < 1e-13, "{options:?} {t} {j}");
                    }
                }
            }
        }
    }

    #[test]
    fn fairness_lies_between_the_sum_and_the_largest(
        errors in proptest::collection::vec(strategies::power(-4.0, 4.0), 1..6),
        alpha in prop_oneof![Just(-1.0), -0.99..6.0f64, Just(f64::INFINITY)],
        reference in strategies::power(-3.0, 3.0),
        t in strategies::power(-6.0, 6.0),
    ) {
        let of = |form| Fairness::new(alpha, form, reference).unwrap();
        let (power, norm, log) = (of(Form::Power), of(Form::Norm), of(Form::LogNorm));
        let count = errors.len();
        let cost = norm.cost(&errors);
        // Order of the errors.
        let mut swapped = errors.clone();
        swapped.reverse();
        prop_assert!((norm.cost(&swapped) / cost - 1.0).abs() < 1e-12);
        // Homogeneous of degree 1, and the reference is a unit.
        let scaled: Vec<f64> = errors.iter().map(|e| e * t).collect();
        prop_assert!((norm.cost(&scaled) / (t * cost) - 1.0).abs() < 1e-10);
        let unit = Fairness::new(alpha, Form::Norm, reference * t).unwrap();
        prop_assert!((unit.cost(&scaled) / cost - 1.0).abs() < 1e-10);
        prop_assert!((log.cost(&scaled) - log.cost(&errors) - t.ln()).abs() < 1e-9);
        // One form from another.
        for form in [power, norm, log] {
            let (direct, derived) = (form.cost(&errors), form.from_norm(cost, count));
            let size = direct.abs().max(1.0);
            prop_assert!((direct - derived).abs() < 1e-7 * size || direct.is_infinite(), "{form:?}: {direct} {derived}");
            prop_assert_eq!(form.with_form(Form::Norm).cost(&errors).to_bits(), cost.to_bits());
        }
        // p-norms fall in p, from the sum at 1 to the largest.
        let top = errors.iter().copied().fold(0.0, f64::max) / reference;
        if alpha >= 0.0 {
            let sum: f64 = errors.iter().sum::<f64>() / reference;
            prop_assert!(cost <= sum * (1.0 + 1e-12) && cost >= top * (1.0 - 1e-12));
            let fairer = Fairness::new(alpha + 1.0, Form::Norm, reference).unwrap();
            prop_assert!(fairer.cost(&errors) <= cost * (1.0 + 1e-12));
            prop_assert!(alpha.is_finite() || cost <= top * (count as f64).powf(1.0 / 64.0) * (1.0 + 1e-12));
        }
        if alpha <= -1.0 {
            let product: f64 = errors.iter().map(|e| (e / reference).ln()).sum();
            prop_assert!((cost.ln() - product / count as f64).abs() < 1e-12 * (1.0 + product.abs()));
        }
        // Rises with every error, with the slope it says; Euler: sum slope error = norm.
        let mut slopes = vec![0.0; count];
        let again = norm.cost_and_slopes(&errors, &mut slopes);
        prop_assert!((again - cost).abs() <= 1e-15 * cost);
        prop_assert!(slopes.iter().all(|s| *s >= 0.0));
        let along: f64 = slopes.iter().zip(&errors).map(|(s, e)| s * e).sum();
        prop_assert!((along / cost - 1.0).abs() < 1e-9, "{along} {cost}");
        log.cost_and_slopes(&errors, &mut slopes);
        let along: f64 = slopes.iter().zip(&errors).map(|(s, e)| s * e).sum();
        prop_assert!((along - 1.0).abs() < 1e-9);
        let mut worse = errors.clone();
        worse[count - 1] *= 2.0;
        prop_assert!(norm.cost(&worse) >= cost * (1.0 - 1e-12));
        // The other name of the family.
        if alpha.is_finite() {
            let twin = Fairness::from_information_exponent(alpha + 2.0, Form::Norm, reference).unwrap();
            prop_assert!((twin.cost(&errors) / cost - 1.0).abs() < 1e-9);
        }
    }
}
