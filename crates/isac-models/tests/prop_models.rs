//! Invariants of arrays, channels, error sets and scenes.

use isac_linalg::{Mat, c64, ops};
use isac_models::array::{Elements, KronOrder, Scaling, Ula, Upa, element_gain};
use isac_models::channel::tr38901::{CARRIERS_HZ, DISTANCES_M, Environment, LargeScale};
use isac_models::csi_error::{ErrorSet, UncertainChannel, gaussian_ball_factor, random_ellipsoid};
use isac_models::geometry::{MovingTarget, Scene};
use isac_models::ofdm::{Echo, Grid, SPEED_OF_LIGHT_M_S};
use isac_models::target::Targets;
use isac_models::units::{Db, Dbm, Degrees};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};
use std::f64::consts::{FRAC_PI_2, PI, TAU};

fn rng() -> impl Strategy<Value = ChaCha8Rng> {
    any::<u64>().prop_map(ChaCha8Rng::seed_from_u64)
}

fn close(a: c64, b: c64, tolerance: f64) -> bool {
    (a - b).norm() <= tolerance
}

const BOTH: [Environment; 2] = [Environment::UmiStreetCanyon, Environment::Uma];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Entries of one modulus and of constant phase steps; the mirror direction conjugates; the
    /// derivative is the limit of differences.
    #[test]
    fn linear_arrays(
        elements in 1..=9usize,
        spacing in 0.1..2.0f64,
        theta in -1.5..1.5f64,
        unit_norm in any::<bool>(),
    ) {
        let scaling = if unit_norm { Scaling::UnitNorm } else { Scaling::UnitEntries };
        let array = Ula::new(elements, spacing, scaling).unwrap();
        let a = array.steering(&[theta, -theta]);
        let modulus = if unit_norm { (elements as f64).sqrt().recip() } else { 1.0 };
        let step = c64::cis(TAU * spacing * theta.sin());
        for n in 0..elements {
            prop_assert!((a[(n, 0)].norm() - modulus).abs() < 1e-14);
            prop_assert!(close(a[(n, 1)], a[(n, 0)].conj(), 1e-12));
            if n > 0 {
                prop_assert!(close(a[(n, 0)], a[(n - 1, 0)] * step, 1e-12));
            }
        }
        let h = 1e-6;
        let d = array.derivative(&[theta]);
        let b = array.steering(&[theta - h, theta + h]);
        for n in 0..elements {
            let difference = (b[(n, 1)] - b[(n, 0)]) / (2.0 * h);
            prop_assert!(close(difference, d[(n, 0)], 1e-6 * (1.0 + 20.0 * n as f64)));
        }
        if let Scaling::UnitEntries = scaling {
            let half = Ula::half_wavelength(elements, scaling).unwrap();
            prop_assert!((half.spacing_wavelengths() - 0.5).abs() < 1e-16);
        }
    }

    /// A planar array sees `u = sin(theta) sin(phi)` and `v = cos(phi)` alone; the two orders of its
    /// elements are permutations of each other; derivatives by the chain rule.
    #[test]
    fn planar_arrays(h in 1..=4usize, v in 1..=4usize, theta in -3.0..3.0f64, phi in -3.0..3.0f64) {
        let array = |order| Upa::new(h, v, order, Scaling::UnitEntries).unwrap();
        let (slow, fast) = (array(KronOrder::HorizontalSlow), array(KronOrder::VerticalSlow));
        // (-theta, -phi) and (pi - theta, phi) are the same direction.
        let s = slow.steering(&[theta, -theta, PI - theta], &[phi, -phi, phi]);
        let f = fast.steering(&[theta], &[phi]);
        for k in 0..h * v {
            let (ih, iv) = slow.position(k);
            prop_assert_eq!(k, ih * v + iv);
            prop_assert_eq!(fast.position(iv * h + ih), (ih, iv));
            let other = iv * h + ih;
            prop_assert!(close(s.value[(k, 0)], f.value[(other, 0)], 1e-13));
            prop_assert!(close(s.d_theta[(k, 0)], f.d_theta[(other, 0)], 1e-12));
            prop_assert!(close(s.d_phi[(k, 0)], f.d_phi[(other, 0)], 1e-12));
            prop_assert!(close(s.value[(k, 0)], s.value[(k, 1)], 1e-12));
            prop_assert!(close(s.value[(k, 0)], s.value[(k, 2)], 1e-12));
            let phase = PI * (ih as f64 * theta.sin() * phi.sin() + iv as f64 * phi.cos());
            prop_assert!(close(s.value[(k, 0)], c64::cis(phase), 1e-12));
            let along = |slope: f64| s.value[(k, 0)] * c64::new(0.0, slope);
            let by_theta = PI * ih as f64 * theta.cos() * phi.sin();
            let by_phi = PI * (ih as f64 * theta.sin() * phi.cos() - iv as f64 * phi.sin());
            prop_assert!(close(s.d_theta[(k, 0)], along(by_theta), 1e-12));
            prop_assert!(close(s.d_phi[(k, 0)], along(by_phi), 1e-12));
        }
        prop_assert_eq!(slow.elements(), h * v);
        prop_assert_eq!((slow.horizontal(), slow.vertical()), (h, v));
    }

    /// The element's gain is even, periodic, largest at boresight and never 30 dB below.
    #[test]
    fn element_gains(azimuth in -20.0..20.0f64, elevation in -1.5..1.5f64, turns in -3..=3i32) {
        let gain = element_gain(azimuth, elevation);
        let best = element_gain(0.0, 0.0);
        prop_assert!(gain <= best * (1.0 + 1e-12) && gain >= best * 1e-3 * (1.0 - 1e-12));
        let turned = azimuth + TAU * f64::from(turns);
        prop_assert!((element_gain(turned, elevation) / gain - 1.0).abs() < 1e-11);
        prop_assert!((element_gain(-azimuth, elevation) / gain - 1.0).abs() < 1e-11);
        prop_assert!((element_gain(azimuth, -elevation) / gain - 1.0).abs() < 1e-11);
        // The same as the pattern of the difference by `atan2`, which stays within half a turn.
        let within = azimuth.sin().atan2(azimuth.cos());
        prop_assert!((element_gain(within, elevation) / gain - 1.0).abs() < 1e-10);
        prop_assert!(element_gain(0.9 * within, elevation) >= element_gain(within, elevation) * (1.0 - 1e-12));
    }

    #[test]
    fn units_go_there_and_back(x in -300.0..300.0f64, y in -300.0..300.0f64) {
        prop_assert!((Db::from_linear(Db(x).linear()).0 - x).abs() < 1e-10);
        prop_assert!((Dbm::from_watts(Dbm(x).watts()).0 - x).abs() < 1e-10);
        prop_assert!((Degrees::from_radians(Degrees(x).radians()).0 - x).abs() < 1e-10);
        // Decibels add where powers multiply; 30 dBm are a watt.
        prop_assert!((Db(x + y).linear() / (Db(x).linear() * Db(y).linear()) - 1.0).abs() < 1e-10);
        prop_assert!((Dbm(x).watts() / Db(x - 30.0).linear() - 1.0).abs() < 1e-10);
    }

    /// Path loss rises with distance and carrier, and without line of sight it is never less; the
    /// probability of a line of sight falls with distance and is one.
    #[test]
    fn path_losses_and_probabilities(
        lg in [1.0..3.69f64, 1.0..3.69f64],
        carrier in 0.5..100.0f64,
        height in 0.0..=23.0f64,
    ) {
        let (near, far) = (10f64.powf(lg[0].min(lg[1])), 10f64.powf(lg[0].max(lg[1])));
        for environment in BOTH {
            let loss = |sight, distance: f64, ghz: f64| {
                let inside = distance.clamp(DISTANCES_M[0], DISTANCES_M[1]);
                environment.path_loss_db(sight, inside, (ghz * 1e9).min(CARRIERS_HZ[1])).unwrap()
            };
            for sight in [true, false] {
                // The printed formula steps by up to 0.1 dB at the break point.
                prop_assert!(loss(sight, far, carrier) >= loss(sight, near, carrier) - 0.1);
                prop_assert!(loss(sight, near, carrier * 1.3) >= loss(sight, near, carrier));
            }
            prop_assert!(loss(false, near, carrier) >= loss(true, near, carrier));
            let chance = |d| environment.line_of_sight_probability(d, 1.5).unwrap();
            prop_assert!(chance(far) <= chance(near));
            let tall = environment.line_of_sight_probability(near, height).unwrap();
            prop_assert!((0.0..=1.0).contains(&tall) && tall >= chance(near) - 1e-15);
        }
    }

    /// Chi-square by simulation of the tail it is the quantile of: `P(|d|^2 <= factor^2) = p`, through
    /// the recurrence `Q(M + 1, x) = Q(M, x) + x^M e^-x / M!`.
    #[test]
    fn ball_factors_hold_their_share(antennas in 1..=60usize, p in 0.001..0.999f64) {
        let factor = gaussian_ball_factor(antennas, p).unwrap();
        let x = factor * factor * antennas as f64;
        let (mut term, mut tail) = ((-x).exp(), (-x).exp());
        for k in 1..antennas {
            term *= x / k as f64;
            tail += term;
        }
        prop_assert!((tail - (1.0 - p)).abs() < 1e-11, "{tail} {p}");
        prop_assert!(gaussian_ball_factor(antennas, 0.5 * (1.0 + p)).unwrap() > factor);
    }

    /// Error sets scale, keep their samples on the boundary, and are balls in their own coordinates.
    #[test]
    fn error_sets(mut rng in rng(), m in 1..=5usize, radius in 0.01..2.0f64, t in 0.01..20.0f64) {
        let estimate: Vec<c64> = (0..m)
            .map(|_| c64::new(rng.random::<f64>() - 0.5, rng.random::<f64>() - 0.5))
            .collect();
        let shape = random_ellipsoid(m, radius, [0.2, 1.8], &mut rng).unwrap();
        let ball = UncertainChannel::ball("h", estimate.clone(), radius).unwrap();
        let ellipsoid = UncertainChannel::ellipsoid("h", estimate.clone(), shape.clone()).unwrap();
        // Squared semi-axes within their range.
        let values = isac_linalg::factor::eigvalsh(shape.as_ref()).unwrap();
        for value in values {
            let squared = (value / radius).powi(2);
            prop_assert!((0.2 - 1e-9..=1.8 + 1e-9).contains(&squared));
        }
        for link in [&ball, &ellipsoid] {
            let norm = |x: &[c64]| x.iter().map(|x| x.norm_sqr()).sum::<f64>().sqrt();
            let seen = |link: &UncertainChannel, h: &[c64]| -> Vec<c64> {
                match &link.error {
                    ErrorSet::Ball { .. } => h.to_vec(),
                    ErrorSet::Ellipsoid { inverse, .. } => (0..m)
                        .map(|i| (0..m).map(|j| inverse[(i, j)] * h[j]).sum())
                        .collect(),
                }
            };
            let off_centre = |link: &UncertainChannel, h: &[c64]| {
                let (centre, radius) = link.in_ball_coordinates();
                let u = seen(link, h);
                let d: Vec<c64> = u.iter().zip(&centre).map(|(u, c)| u - c).collect();
                norm(&d) / radius
            };
            let sample = link.sample_boundary(&mut rng);
            prop_assert!((off_centre(link, &sample) - 1.0).abs() < 1e-9);
            // Scaled link, scaled sample; a wider error set holds it inside.
            let scaled: Vec<c64> = sample.iter().map(|x| x * t).collect();
            prop_assert!((off_centre(&link.scaled(t), &scaled) - 1.0).abs() < 1e-9);
            prop_assert!((off_centre(&link.with_error_scaled(t).unwrap(), &sample) * t - 1.0).abs() < 1e-9);
            prop_assert_eq!(&link.nominal().estimate, &link.estimate);
            prop_assert_eq!(link.nominal().radius(), Some(0.0));
            prop_assert_eq!(link.antennas(), m);
        }
        prop_assert!(ball.with_error_scaled(0.0).is_err() && ball.with_error_scaled(-t).is_err());
    }

    /// Delays and Doppler shifts of a scene: path lengths over the speed of light, the same wherever
    /// the scene stands, with the Jacobian of differences.
    #[test]
    fn scenes(
        mut rng in rng(),
        shift in [-500.0..500.0f64, -500.0..500.0f64],
        carrier in 1e9..80e9f64,
    ) {
        let mut within = |low: f64, high: f64| low + (high - low) * rng.random::<f64>();
        let position = [within(20.0, 120.0), within(-80.0, 80.0)];
        let velocity = [within(-30.0, 30.0), within(-30.0, 30.0)];
        let user = [within(130.0, 200.0), within(-80.0, 80.0)];
        let scene = |origin: [f64; 2], p: [f64; 2], v: [f64; 2]| {
            let at = |x: [f64; 2]| [x[0] + origin[0], x[1] + origin[1]];
            let target = MovingTarget { position_m: at(p), velocity_m_s: v };
            Scene::new(at([0.0; 2]), vec![target], vec![at(user)]).unwrap()
        };
        let here = scene([0.0; 2], position, velocity);
        let there = scene(shift, position, velocity);
        let grid = Grid::filling(16, 8, carrier, 100e6, 0.25).unwrap();
        let distance = |a: [f64; 2], b: [f64; 2]| (a[0] - b[0]).hypot(a[1] - b[1]);
        for (j, node) in [[0.0; 2], user].into_iter().enumerate() {
            let length = |p: [f64; 2]| distance(p, [0.0; 2]) + distance(p, node);
            let delay = length(position) / SPEED_OF_LIGHT_M_S;
            prop_assert!((here.delay_s(0, j) / delay - 1.0).abs() < 1e-13);
            prop_assert!((there.delay_s(0, j) / delay - 1.0).abs() < 1e-11);
            // The shift is minus the carrier times the growth of the delay.
            let h = 1e-4;
            let moved = |t: f64| [position[0] + t * velocity[0], position[1] + t * velocity[1]];
            let growth = (length(moved(h)) - length(moved(-h))) / (2.0 * h);
            let shift_hz = -carrier * growth / SPEED_OF_LIGHT_M_S;
            let size = carrier * 60.0 / SPEED_OF_LIGHT_M_S;
            prop_assert!((here.doppler_hz(0, j, carrier) - shift_hz).abs() < 1e-7 * size);
            prop_assert!((there.doppler_hz(0, j, carrier) - shift_hz).abs() < 1e-7 * size);
            let jacobian = here.jacobian(0, j, &grid);
            for axis in 0..4 {
                let step = 1e-3;
                let at = |t: f64| {
                    let (mut p, mut v) = (position, velocity);
                    if axis < 2 { p[axis] += t } else { v[axis - 2] += t }
                    let s = scene([0.0; 2], p, v);
                    [s.delay_s(0, j) * grid.spacing_hz(), s.doppler_hz(0, j, carrier) * grid.interval_s()]
                };
                let (up, down) = (at(step), at(-step));
                for row in 0..2 {
                    let slope = (up[row] - down[row]) / (2.0 * step);
                    let size: f64 = jacobian[row].iter().map(|x| x.abs()).sum();
                    prop_assert!((slope - jacobian[row][axis]).abs() < 1e-6 * size, "{row} {axis}");
                }
            }
        }
        prop_assert!(here.departure_rad(0).abs() < FRAC_PI_2);
        prop_assert!((here.departure_rad(0).tan() - position[1] / position[0]).abs() < 1e-9 * (1.0 + here.departure_rad(0).tan().abs()));
    }

    /// Energy of an echo: the gain's times the illumination's, whatever delay and shift; delays add.
    #[test]
    fn echoes(mut rng in rng(), delay in -1.0..1.0f64, doppler in -1.0..1.0f64) {
        let lit = Mat::from_fn(4, 3, |_, _| c64::new(rng.random::<f64>(), rng.random::<f64>()));
        let echo = Echo { gain: c64::new(0.3, -0.4), delay, doppler };
        let mean = echo.mean(lit.as_ref());
        prop_assert!((ops::norm2(mean.as_ref()) / (0.25 * ops::norm2(lit.as_ref())) - 1.0).abs() < 1e-12);
        // Twice the half is the whole, up to the gain.
        let half = Echo { gain: c64::ONE, delay: delay / 2.0, doppler: doppler / 2.0 };
        let twice = half.mean(half.mean(lit.as_ref()).as_ref());
        for i in 0..4 {
            for m in 0..3 {
                prop_assert!(close(twice[(i, m)] * echo.gain, mean[(i, m)], 1e-13));
            }
        }
    }

    /// Large-scale parameters: the draw depends on the seed alone and keeps its bounds.
    #[test]
    fn large_scale_draws(seed in any::<u64>(), lg in 1.0..3.69f64, ghz in 0.5..100.0f64) {
        for environment in BOTH {
            let draw = || {
                let mut rng = ChaCha8Rng::seed_from_u64(seed);
                LargeScale::draw(environment, 10f64.powf(lg), ghz * 1e9, &mut rng).unwrap()
            };
            let x = draw();
            prop_assert_eq!(x, draw());
            prop_assert!(x.delay_spread_s > 0.0 && x.departure_spread_deg > 0.0);
            prop_assert!(x.departure_spread_deg <= 104.0);
            prop_assert!((x.loss_db() - (x.path_loss_db - x.shadow_db)).abs() < 1e-12);
        }
    }
}

fn round_trip<T>(value: &T) -> T
where
    T: serde::Serialize + serde::de::DeserializeOwned,
{
    serde_json::from_str(&serde_json::to_string(value).unwrap()).unwrap()
}

/// What is checked when it is made is checked when it is read.
#[test]
fn models_travel_as_text_and_are_checked_on_arrival() {
    let planar = Upa::new(3, 2, KronOrder::VerticalSlow, Scaling::UnitNorm).unwrap();
    assert_eq!(round_trip(&planar), planar);
    let line = Ula::new(5, 0.7, Scaling::UnitEntries).unwrap();
    assert_eq!(round_trip(&line), line);
    let free = Elements::new(
        vec![[0.0, 0.3, -1.0 / 3.0], [1e-9, 2.0, 0.1]],
        Scaling::UnitNorm,
    );
    let free = free.unwrap();
    assert_eq!(round_trip(&free), free);
    let grid = Grid::filling(16, 8, 28e9, 100e6, 0.25).unwrap();
    assert_eq!(round_trip(&grid), grid);
    let moving = MovingTarget {
        position_m: [30.0, -0.1],
        velocity_m_s: [1.0 / 3.0, 0.0],
    };
    let scene = Scene::new([0.0; 2], vec![moving], vec![[20.0, 5.0]]).unwrap();
    assert_eq!(round_trip(&scene), scene);
    let alpha = vec![c64::new(0.1, -1e-30)];
    let targets = Targets::new(vec![0.2], vec![1.1], alpha).unwrap();
    assert_eq!(round_trip(&targets), targets);
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let estimate = vec![c64::new(1e-7, 0.0), c64::new(0.0, 3e-7)];
    let ball = UncertainChannel::ball("h", estimate.clone(), 1e-9).unwrap();
    assert_eq!(round_trip(&ball), ball);
    let shape = random_ellipsoid(2, 1e-9, [0.5, 2.0], &mut rng).unwrap();
    let ellipsoid = UncertainChannel::ellipsoid("h", estimate, shape).unwrap();
    assert_eq!(round_trip(&ellipsoid), ellipsoid);

    let refused = |text: &str, word: &str| {
        let error = serde_json::from_str::<Ula>(text).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    };
    refused(
        r#"{"elements": 0, "spacing_wavelengths": 0.5, "scaling": "unit_norm"}"#,
        "elements",
    );
    refused(
        r#"{"elements": 2, "spacing_wavelengths": -0.5, "scaling": "unit_norm"}"#,
        "spacing_wavelengths",
    );
    refused(
        r#"{"elements": 2, "spacing": 0.5, "scaling": "unit_norm"}"#,
        "spacing_wavelengths",
    );
    let text = serde_json::to_string(&ball).unwrap();
    let negative = text.replace("1e-9", "-1e-9");
    assert_ne!(text, negative);
    let error = serde_json::from_str::<UncertainChannel>(&negative).unwrap_err();
    assert!(error.to_string().contains("radius"), "{error}");
}
