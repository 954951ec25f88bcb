//! Worst cases against closed forms and each other.

use super::pieces::polar;
use super::vectors::norm;
use super::*;
use isac_linalg::{Mat, c64, factor, ops};

/// Streams, centre and errors seen by `antennas` antennas: those of three, turned isometrically.
fn seen_by(antennas: usize) -> (Link, StreamsForm, Vec<c64>) {
    let entry = |seed: usize| c64::new((seed as f64).sin(), (1.3 * seed as f64).cos());
    let small = Mat::from_fn(3, 3, |i, k| entry(1 + 3 * k + i));
    let turn = if antennas == 3 {
        Mat::identity(3, 3)
    } else {
        factor::qr_thin(Mat::from_fn(antennas, 3, |i, k| entry(20 + 7 * i + k)).as_ref()).0
    };
    let turned = ops::mul(turn.as_ref(), small.as_ref());
    let column = |k: usize| turned.col(k).iter().copied();
    let streams: Vec<c64> = column(0).chain(column(1)).collect();
    let link = Link {
        centre: column(2).collect(),
        radius: 0.3,
        shape: None,
    };
    let form = StreamsForm::new(antennas, &streams).unwrap();
    (link, form, streams)
}

#[test]
fn total_powers_do_not_depend_on_the_antennas_and_are_attained() {
    let (reference, dense, _) = seen_by(3);
    for antennas in [4, 7, 12] {
        let (link, form, streams) = seen_by(antennas);
        assert_eq!(form.eigen.values.len(), 3, "streams and one more");
        let power = |h: &[c64]| -> f64 {
            let beams = streams.chunks_exact(antennas);
            beams.map(|o| dot(h, o).norm_sqr()).sum()
        };
        let inside = |h: &[c64]| {
            let pairs = h.iter().zip(&link.centre);
            norm(&pairs.map(|(a, b)| a - b).collect::<Vec<_>>()) <= link.radius * (1.0 + 1e-9)
        };
        for extreme in [Extreme::Max, Extreme::Min] {
            let expected = reference.total_power(&dense, extreme).unwrap().value;
            let found = link.total_power(&form, extreme).unwrap();
            assert!((found.value - expected).abs() < 1e-12 * expected.abs().max(1.0));
            assert!((power(&found.at) - found.value).abs() < 1e-12 * expected.max(1.0));
            assert!(inside(&found.at));
        }
        let own = link.greatest_power_pieces(&form, None).unwrap();
        let again = link.greatest_power_pieces(&form, Some(&own.frame)).unwrap();
        for (a, b) in own
            .channels
            .iter()
            .flatten()
            .zip(again.channels.iter().flatten())
        {
            assert!((a - b).norm() < 1e-9 * (1.0 + a.norm()), "its own phase");
        }
        let pieces = own.channels;
        let most = link.total_power(&form, Extreme::Max).unwrap().value;
        assert!((power(&pieces[0]) - most).abs() < 1e-12 * most);
        assert!(
            pieces
                .iter()
                .all(|h| inside(h) && power(h) <= most * (1.0 + 1e-12))
        );
    }
}

/// Two orthogonal streams of equal power and a centre orthogonal to both: every error of length `r` in
/// their plane gives `r^2` times their power, whatever basis the decomposition chose.
#[test]
fn equal_eigenvalues_make_every_channel_of_the_sphere_a_worst_case() {
    let (radius, power) = (0.3, 2.0_f64);
    for antennas in [3, 9] {
        let link = Link {
            centre: (0..antennas)
                .map(|i| {
                    if i == 2 {
                        c64::new(0.7, -0.4)
                    } else {
                        c64::ZERO
                    }
                })
                .collect(),
            radius,
            shape: None,
        };
        // The same form of streams turned into each other: other eigenvectors, the same plane.
        let form = |angle: f64| {
            let (sine, cosine) = angle.sin_cos();
            let mut streams = vec![c64::ZERO; 2 * antennas];
            let root = power.sqrt();
            streams[0] = c64::new(root * cosine, 0.0);
            streams[1] = c64::new(0.0, root * sine);
            streams[antennas] = c64::new(0.0, root * sine);
            streams[antennas + 1] = c64::new(root * cosine, 0.0);
            (StreamsForm::new(antennas, &streams).unwrap(), streams)
        };
        let (first, _) = form(0.2);
        let own = link.greatest_power_pieces(&first, None).unwrap();
        assert!(own.frame.tied);
        for angle in [0.2, 0.9, 2.5] {
            let (second, streams) = form(angle);
            let turned = link
                .greatest_power_pieces(&second, Some(&own.frame))
                .unwrap();
            for (before, h) in own.channels.iter().zip(&turned.channels) {
                let beams = streams.chunks_exact(antennas);
                let received: f64 = beams.map(|o| dot(h, o).norm_sqr()).sum();
                assert!(
                    (received - power * radius * radius).abs() < 1e-12,
                    "{received}"
                );
                let difference = |to: &[c64]| -> f64 {
                    let pairs = h.iter().zip(to);
                    norm(&pairs.map(|(a, b)| a - b).collect::<Vec<_>>())
                };
                assert!((difference(&link.centre) - radius).abs() < 1e-12);
                // The frame undoes the basis: the same channel as before.
                assert!(difference(before) < 1e-9, "{angle}");
            }
        }
    }
}

/// Its product with the adjoint is the identity, and `U^H A` is Hermitian positive.
#[test]
fn the_polar_factor_is_unitary_and_nearest() {
    let a = [
        [c64::new(0.9, 0.2), c64::new(-0.3, 0.5)],
        [c64::new(0.4, 0.1), c64::new(0.7, -0.6)],
    ];
    let u = polar(a);
    let product = |x: [[c64; 2]; 2], y: [[c64; 2]; 2]| -> [[c64; 2]; 2] {
        [0, 1].map(|i| [0, 1].map(|j| (0..2).map(|k| x[k][i].conj() * y[k][j]).sum()))
    };
    let (unit, rest) = (product(u, u), product(u, a));
    for i in 0..2 {
        for j in 0..2 {
            let expected = if i == j { 1.0 } else { 0.0 };
            assert!((unit[i][j] - expected).norm() < 1e-14);
            assert!((rest[i][j] - rest[j][i].conj()).norm() < 1e-14);
        }
    }
    assert!(rest[0][0].re > 0.0 && (rest[0][0] * rest[1][1] - rest[0][1] * rest[1][0]).re > 0.0);
}
