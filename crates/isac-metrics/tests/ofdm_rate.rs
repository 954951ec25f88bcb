//! OFDM rates against a naive twin, their gradient by the slope test, and their limits.

use isac_linalg::batch::Batch;
use isac_linalg::{Mat, c64, ops};
use isac_metrics::ofdm_rate::{Interference, OfdmRate, Streams};
use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};

const STREAMS: Streams = Streams {
    subcarriers: 4,
    sensing: 2,
    users: 3,
};

fn random(rows: usize, cols: usize, seed: u64) -> Mat<c64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    Mat::from_fn(rows, cols, |_, _| {
        c64::new(rng.random::<f64>() - 0.5, rng.random::<f64>() - 0.5)
    })
}

fn beams(w: &Mat<c64>, streams: Streams) -> Batch {
    let mut batch = streams.batch(w.nrows());
    batch.read(w.as_ref());
    batch
}

fn users(interference: Interference) -> OfdmRate {
    OfdmRate::new(STREAMS, random(5, 12, 1), vec![0.1, 0.2, 0.3], interference).unwrap()
}

const KINDS: [Interference; 3] = [
    Interference::All,
    Interference::UsersOnly,
    Interference::None,
];

#[test]
fn rates_agree_with_the_formula_written_out() {
    let w = random(5, STREAMS.columns(), 2);
    for interference in KINDS {
        let metric = users(interference);
        let mut state = metric.state();
        metric.evaluate(&beams(&w, STREAMS), &mut state);
        for k in 0..3 {
            let mut rate = 0.0;
            for i in 0..4 {
                let h = metric.channels().col(i * 3 + k);
                let power = |c: usize| ops::dot(h, w.as_ref().col(i * 5 + c)).norm_sqr();
                let mut rest = metric.noise_w()[k];
                for c in 0..5 {
                    let counts = match interference {
                        Interference::All => true,
                        Interference::UsersOnly => c >= 2,
                        Interference::None => false,
                    };
                    if c != 2 + k && counts {
                        rest += power(c);
                    }
                }
                rate += (1.0 + power(2 + k) / rest).log2() / 4.0;
            }
            assert!((rate - state.rates[k]).abs() < 1e-13);
        }
    }
}

#[test]
fn gradients_have_slope_two() {
    let w = random(5, STREAMS.columns(), 3);
    let direction = random(5, STREAMS.columns(), 4);
    let slopes = [0.3, -1.0, 2.0];
    for interference in KINDS {
        let metric = users(interference);
        let mut state = metric.state();
        let mut value = |h: f64, gradient: Option<&mut Mat<c64>>| {
            let mut moved = w.clone();
            ops::axpy(moved.as_mut(), h, direction.as_ref());
            metric.evaluate(&beams(&moved, STREAMS), &mut state);
            let total: f64 = state.rates.iter().zip(slopes).map(|(r, s)| r * s).sum();
            if let Some(gradient) = gradient {
                let mut batch = STREAMS.batch(5);
                metric.backpropagate(&slopes, &mut state, &mut batch);
                batch.write(gradient.as_mut());
            }
            total
        };
        let mut gradient = Mat::zeros(5, STREAMS.columns());
        let base = value(0.0, Some(&mut gradient));
        let linear = ops::inner(gradient.as_ref(), direction.as_ref());
        let mut remainder = |h: f64| (value(h, None) - base - h * linear).abs();
        let slope = (remainder(1e-4) / remainder(5e-5)).log2();
        assert!((slope - 2.0).abs() < 0.05, "{interference:?}: {slope}");
    }
}

#[test]
fn phases_of_the_streams_do_not_matter_and_less_interference_helps() {
    let w = random(5, STREAMS.columns(), 5);
    let rates = |w: &Mat<c64>, interference| {
        let metric = users(interference);
        let mut state = metric.state();
        metric.evaluate(&beams(w, STREAMS), &mut state);
        state.rates
    };
    let turned = Mat::from_fn(5, STREAMS.columns(), |n, c| {
        w[(n, c)] * c64::cis(0.7 * c as f64)
    });
    for interference in KINDS {
        let (a, b) = (rates(&w, interference), rates(&turned, interference));
        assert!(a.iter().zip(&b).all(|(x, y)| (x - y).abs() < 1e-13));
    }
    let [all, users_only, none] = KINDS.map(|kind| rates(&w, kind));
    for k in 0..3 {
        assert!(all[k] < users_only[k] && users_only[k] < none[k]);
    }
}

#[test]
fn water_filling_bounds_every_rate_and_is_attained_on_one_subcarrier() {
    let metric = users(Interference::None);
    let mut w = random(5, STREAMS.columns(), 6);
    let power = ops::norm2(w.as_ref());
    ops::scale(w.as_mut(), (2.0 / power).sqrt());
    let mut state = metric.state();
    metric.evaluate(&beams(&w, STREAMS), &mut state);
    for k in 0..3 {
        let most = metric.single_user_capacity(k, 2.0);
        assert!(state.rates[k] <= most);
        assert!((metric.single_user_power(k, most) - 2.0).abs() < 1e-10);
    }
    let single = Streams {
        subcarriers: 1,
        sensing: 1,
        users: 1,
    };
    let h = random(5, 1, 7);
    let gain = ops::norm2(h.as_ref());
    let alone = OfdmRate::new(single, h, vec![0.5], Interference::All).unwrap();
    let expected = (1.0 + 2.0 * gain / 0.5).log2();
    assert!((alone.single_user_capacity(0, 2.0) - expected).abs() < 1e-12);
}

#[test]
fn bad_users_are_refused_by_name() {
    let bad = |channels: Mat<c64>, noise: Vec<f64>| {
        OfdmRate::new(STREAMS, channels, noise, Interference::All)
            .unwrap_err()
            .to_string()
    };
    assert!(bad(random(5, 11, 1), vec![1.0; 3]).contains("channels"));
    assert!(bad(random(5, 12, 1), vec![1.0; 2]).contains("noise"));
    assert!(bad(random(5, 12, 1), vec![1.0, 0.0, 1.0]).contains("noise"));
    let mut holed = random(5, 12, 1);
    holed[(2, 3)] = c64::new(f64::NAN, 0.0);
    assert!(bad(holed, vec![1.0; 3]).contains("channels"));
}
