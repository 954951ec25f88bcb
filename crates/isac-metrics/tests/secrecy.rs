//! Worst-case secrecy: sampled errors never beat the stated worst case, the bounds keep their order,
//! and closed forms agree with their definitions.

use isac_linalg::{Mat, c64};
use isac_metrics::scnr::{Clutter, Echo, ReceiveFilter, scnr_of_filter};
use isac_metrics::secrecy::{BeamsRef, Bound, secrecy};
use isac_metrics::worst_case::Link;
use isac_models::csi_error::{UncertainChannel, random_ellipsoid};
use isac_models::rng::complex_normal;
use isac_models::two_cell::TwoCell;
use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};

fn vector(m: usize, rng: &mut ChaCha8Rng) -> Vec<c64> {
    complex_normal(m, 1, rng).col(0).iter().copied().collect()
}

fn cell(seed: u64, relative: f64) -> TwoCell {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let rng = &mut rng;
    let (m1, m2, n) = (4, 3, 2);
    let link = |m, rng: &mut ChaCha8Rng| UncertainChannel::ball("h", vector(m, rng), 0.0).unwrap();
    TwoCell {
        h_bo: link(m1, rng),
        h_e: link(m1, rng),
        h_ta: vector(m1, rng),
        h_cl: vector(m1, rng),
        h_users: complex_normal(m1, n, rng),
        g_bo: link(m2, rng),
        g_e: link(m2, rng),
        g_users: complex_normal(m2, n, rng),
        noise: 1.0,
    }
    .with_relative_error(relative)
    .unwrap()
}

fn beams(cell: &TwoCell, seed: u64) -> [Vec<c64>; 3] {
    let mut rng = ChaCha8Rng::seed_from_u64(seed + 1000);
    let (m1, m2) = (cell.antennas1(), cell.antennas2());
    [
        vector(m1, &mut rng),
        vector(m1, &mut rng),
        vector(3 * m2, &mut rng),
    ]
}

fn power(h: &[c64], w: &[c64]) -> f64 {
    h.iter()
        .zip(w)
        .map(|(h, w)| h.conj() * w)
        .sum::<c64>()
        .norm_sqr()
}

#[test]
fn sampled_errors_never_beat_the_worst_case() {
    for seed in 0..20 {
        let mut cell = cell(seed, 0.25);
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        if seed % 4 == 3 {
            let radius = cell.h_e.radius().unwrap();
            let shape = random_ellipsoid(4, radius, [0.2, 1.8], &mut rng).unwrap();
            cell.h_e =
                UncertainChannel::ellipsoid("h_e", cell.h_e.estimate.clone(), shape).unwrap();
        }
        let [w_bo, w_ta, o] = beams(&cell, seed);
        let refs = BeamsRef {
            w_bo: &w_bo,
            w_ta: &w_ta,
            streams: &o,
            streams_per_slot: 3,
        };
        let worst = secrecy(&cell, &refs, 0.0, Bound::Exact).unwrap();
        let slot = worst.slots[0];
        let total = |g: &[c64]| o.chunks_exact(3).map(|o| power(g, o)).sum::<f64>();
        for _ in 0..500 {
            let (h_bo, h_e) = (
                cell.h_bo.sample_boundary(&mut rng),
                cell.h_e.sample_boundary(&mut rng),
            );
            let (g_bo, g_e) = (
                cell.g_bo.sample_boundary(&mut rng),
                cell.g_e.sample_boundary(&mut rng),
            );
            let (z, beta) = (total(&g_bo) + 1.0, total(&g_e));
            let slack = 1.0 + 1e-10;
            assert!(z <= slot.interference_plus_noise_bo_max * slack);
            assert!(beta >= slot.interference_e_min / slack);
            assert!(power(&h_bo, &w_bo) / z * slack >= slot.sinr_bo_bo);
            let eve = |u, v| power(&h_e, u) / (power(&h_e, v) + beta + 1.0);
            assert!(eve(&w_bo, &w_ta) <= slot.sinr_e_bo * slack);
            assert!(eve(&w_ta, &w_bo) <= slot.sinr_e_ta * slack);
            let sensing = power(&h_bo, &w_ta) / (power(&h_bo, &w_bo) + z);
            assert!(sensing * slack >= slot.sinr_bo_ta);
            let gap = |h: &[c64]| power(h, &w_bo) - power(h, &w_ta);
            assert!(gap(&h_bo) <= worst.order_bo + 1e-10);
            assert!(gap(&h_e) <= worst.order_e + 1e-10);
        }
    }
}

#[test]
fn bounds_keep_their_order_and_meet_without_errors() {
    for seed in 0..50 {
        for relative in [0.0, 0.05, 0.3] {
            let cell = cell(seed, relative);
            let [w_bo, w_ta, o] = beams(&cell, seed);
            let refs = BeamsRef {
                w_bo: &w_bo,
                w_ta: &w_ta,
                streams: &o,
                streams_per_slot: 3,
            };
            let rate = |bound| secrecy(&cell, &refs, 0.0, bound).unwrap().rate_signed;
            let all = [
                Bound::Appendix,
                Bound::Decoupled,
                Bound::Exact,
                Bound::Nominal,
            ]
            .map(rate);
            assert!(all.windows(2).all(|w| w[0] <= w[1] + 1e-10), "{all:?}");
            if relative == 0.0 {
                assert!(all[3] - all[0] < 1e-10, "{all:?}");
            }
        }
    }
}

#[test]
fn artificial_noise_at_eve_is_exact() {
    let cell = cell(3, 0.2);
    let [w_bo, w_ta, _] = beams(&cell, 3);
    let link = Link::new(&cell.h_e);
    let worst = link.ratio(
        &w_bo,
        &w_ta,
        0.3,
        1.5,
        isac_metrics::worst_case::Extreme::Max,
    );
    let value = |h: &[c64]| {
        let square: f64 = h.iter().map(|x| x.norm_sqr()).sum();
        power(h, &w_bo) / (power(h, &w_ta) + 0.3 * square + 1.5)
    };
    assert!((value(&worst.at) - worst.value).abs() < 1e-12);
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for _ in 0..2000 {
        assert!(value(&cell.h_e.sample_boundary(&mut rng)) <= worst.value * (1.0 + 1e-12));
    }
}

#[test]
fn receive_filters_in_closed_form_are_those_of_the_definition() {
    let cell = cell(5, 0.0);
    let h = &cell.h_ta;
    let echo = Echo::new(2.5, 0.7, h);
    let (q, c) = (1.3, 0.9);
    let m = h.len() as f64;
    let sum: c64 = h.iter().sum();
    let optimal: Vec<c64> = h.iter().map(|h| h - sum * (c / (0.7 + c * m))).collect();
    let uniform = vec![c64::new(m.sqrt().recip(), 0.0); h.len()];
    for (model, filter, a) in [
        (Clutter::Noise, ReceiveFilter::Optimal, h),
        (Clutter::Noise, ReceiveFilter::Uniform, &uniform),
        (Clutter::Model, ReceiveFilter::Optimal, &optimal),
        (Clutter::Model, ReceiveFilter::Matched, h),
        (Clutter::Model, ReceiveFilter::Uniform, &uniform),
    ] {
        let closed = echo.scnr(q, c, model, filter);
        let naive = scnr_of_filter(&echo, a, h, q, c, model);
        assert!(
            (closed.value / naive - 1.0).abs() < 1e-12,
            "{model:?} {filter:?}"
        );
        // Slopes by central differences.
        let step = 1e-6;
        let at = |q, c| echo.scnr(q, c, model, filter).value;
        let by_q = (at(q + step, c) - at(q - step, c)) / (2.0 * step);
        let by_c = (at(q, c + step) - at(q, c - step)) / (2.0 * step);
        assert!((by_q - closed.by_illumination).abs() < 1e-7);
        assert!((by_c - closed.by_clutter).abs() < 1e-7);
    }
    // No other filter does better.
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let best = echo
        .scnr(q, c, Clutter::Model, ReceiveFilter::Optimal)
        .value;
    for _ in 0..500 {
        let a: Vec<c64> = (0..h.len())
            .map(|_| c64::new(rng.random_range(-1.0..1.0), rng.random_range(-1.0..1.0)))
            .collect();
        assert!(scnr_of_filter(&echo, &a, h, q, c, Clutter::Model) <= best * (1.0 + 1e-12));
    }
}

#[test]
fn bad_input_is_named() {
    let cell = cell(1, 0.1);
    let [w_bo, w_ta, mut o] = beams(&cell, 1);
    let text = |w_bo: &[c64], o: &[c64], isotropic: f64| {
        let refs = BeamsRef {
            w_bo,
            w_ta: &w_ta,
            streams: o,
            streams_per_slot: 3,
        };
        secrecy(&cell, &refs, isotropic, Bound::Exact)
            .unwrap_err()
            .to_string()
    };
    assert!(text(&w_bo[1..], &o, 0.0).contains("w_bo"));
    assert!(text(&w_bo, &o[1..], 0.0).contains("streams"));
    assert!(text(&w_bo, &o, -1.0).contains("artificial noise"));
    o[2] = c64::new(f64::NAN, 0.0);
    assert!(text(&w_bo, &o, 0.0).contains("streams"));
    let one = Mat::from_fn(1, 1, |_, _| c64::ONE);
    assert!(UncertainChannel::ellipsoid("g", vec![c64::ONE; 2], one).is_err());
}
