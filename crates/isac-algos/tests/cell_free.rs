//! Cell-free designs against sums written out, closed forms, other algorithms and their certificates.

#![allow(clippy::unwrap_used, reason = "tests may unwrap")]

use isac_algos::cell_free::baselines::{self, Users};
use isac_algos::cell_free::certificate::{self, Multipliers};
use isac_algos::cell_free::linear::{self, Pointing};
use isac_algos::cell_free::span::Span;
use isac_algos::cell_free::{Network, evaluate, front, jsc, max_min};
use isac_linalg::{Mat, c64, factor, ops};
use isac_opt::conic::{Affine, Options, Outcome, Program};

const ACCESS_POINTS: [f64; 2] = [25.0, 75.0];

/// The scene of the figures with users and targets at these places on the line.
fn scene(antennas: usize, users: &[f64], targets: &[f64]) -> Network {
    let steer = |i: usize, x: f64| {
        let (m, n) = (i / antennas, i % antennas);
        let dx = x - ACCESS_POINTS[m];
        let cosine = dx / dx.hypot(50.0);
        c64::from_polar(1.0, std::f64::consts::PI * n as f64 * cosine)
    };
    let seen =
        |places: &[f64]| Mat::from_fn(2 * antennas, places.len(), |i, u| steer(i, places[u]));
    let noise = vec![1.0; users.len()];
    let antennas = [antennas; 2];
    Network::new(
        seen(users),
        seen(targets),
        &antennas,
        vec![1.0; 2],
        noise,
        0.1,
    )
    .unwrap()
}

fn five() -> Network {
    scene(16, &[72.0, 38.0, 15.0, 44.0, 87.0], &[24.0])
}

fn joint(network: &Network, floors: &[f64]) -> jsc::Design {
    let outcome = jsc::solve(network, floors, &jsc::Options::default()).unwrap();
    outcome.design().unwrap().clone()
}

/// The relaxation of the joint design over all antennas, by the conic solver.
fn conic_optimum(network: &Network, floors: &[f64]) -> f64 {
    let (n, users) = (network.channels().nrows(), network.users());
    let mut program = Program::new();
    let f: Vec<_> = (0..=users)
        .map(|s| program.psd(format!("F_{s}"), n))
        .collect();
    for (u, floor) in floors.iter().enumerate() {
        let h = network.channels().col(u);
        let mut left = f[u].quadratic(h) * (1.0 + 1.0 / floor);
        for all in &f {
            left -= all.quadratic(h);
        }
        program.at_least(format!("sinr_{u}"), left, network.noise()[u]);
    }
    let part = |x: isac_linalg::ColRef<'_, c64>, (first, rows): (usize, usize)| {
        isac_linalg::Col::from_fn(n, |i| {
            let inside = (first..first + rows).contains(&i);
            if inside { x[i] } else { c64::ZERO }
        })
    };
    let worst = program.free("worst");
    for t in 0..network.targets() {
        let mut lit = Affine::default();
        for m in 0..network.access_points() {
            let a = part(network.steering().col(t), network.rows(m));
            for all in &f {
                lit += all.quadratic(a.as_ref()) * network.gain();
            }
        }
        program.at_least(format!("target_{t}"), lit, worst);
    }
    for m in 0..network.access_points() {
        let (first, rows) = network.rows(m);
        let mut power = Affine::default();
        for i in first..first + rows {
            let unit = isac_linalg::Col::from_fn(n, |k| if k == i { c64::ONE } else { c64::ZERO });
            for all in &f {
                power += all.quadratic(unit.as_ref());
            }
        }
        program.at_most(format!("power_{m}"), power, network.power()[m]);
    }
    program.maximise(worst);
    match program.solve(&Options::default()).unwrap() {
        Outcome::Solved(solution) => solution.objective,
        other => panic!("{}", other.name()),
    }
}

#[test]
fn metrics_are_the_sums_written_out() {
    let network = scene(3, &[10.0, 60.0], &[33.0, 80.0]);
    let beams = Mat::from_fn(6, 4, |i, s| {
        c64::new((1.3 * (i + s) as f64).sin(), (i * s) as f64 * 0.1)
    });
    let got = evaluate(&network, beams.as_ref()).unwrap();
    let power = |x: isac_linalg::ColRef<'_, c64>, s: usize, rows: std::ops::Range<usize>| -> f64 {
        let z: c64 = rows.map(|i| x[i].conj() * beams[(i, s)]).sum();
        z.norm_sqr()
    };
    for u in 0..2 {
        let h = network.channels().col(u);
        let others: f64 = (0..4).filter(|&s| s != u).map(|s| power(h, s, 0..6)).sum();
        let sinr = power(h, u, 0..6) / (others + 1.0);
        assert!((got.sinr[u] / sinr - 1.0).abs() < 1e-13);
    }
    for t in 0..2 {
        let a = network.steering().col(t);
        let lit: f64 = (0..4).map(|s| power(a, s, 0..3) + power(a, s, 3..6)).sum();
        assert!((got.sensing_snr[t] / (0.1 * lit) - 1.0).abs() < 1e-13);
    }
    let spent: f64 = got.power.iter().sum();
    assert!((spent / ops::norm2(beams.as_ref()) - 1.0).abs() < 1e-14);
}

/// Both access points point their watt at the target: 0.1 (16 + 16).
#[test]
fn floors_near_zero_leave_the_closed_form() {
    let design = joint(&five(), &[1e-7; 5]);
    assert!((design.objective() / 3.2 - 1.0).abs() < 1e-6);
    assert!(design.upper >= 3.2 * (1.0 - 1e-12) && design.upper < 3.2 * (1.0 + 1e-6));
}

#[test]
fn the_conic_solver_finds_the_same_optimum() {
    for (users, targets, floor) in [
        (vec![10.0, 60.0], vec![33.0], 2.0),
        (vec![70.0, 20.0, 45.0], vec![52.0], 0.7),
        (vec![15.0, 85.0], vec![40.0, 70.0], 1.5),
    ] {
        let network = scene(4, &users, &targets);
        let floors = vec![floor; users.len()];
        let design = joint(&network, &floors);
        let optimum = conic_optimum(&network, &floors);
        assert!(
            (design.objective() / optimum - 1.0).abs() < 1e-7,
            "{optimum}"
        );
        assert!((design.upper / optimum - 1.0).abs() < 1e-7);
        assert!(design.evaluation.sinr_violation(&floors) < 1e-9);
        assert!(design.evaluation.power_violation(&network) < 1e-9);
    }
}

#[test]
fn the_reduction_loses_nothing() {
    let network = five();
    let floors = [5.0; 5];
    let whole = jsc::Options {
        reduce: false,
        ..jsc::Options::default()
    };
    let reduced = joint(&network, &floors);
    let all = jsc::solve(&network, &floors, &whole).unwrap();
    let all = all.design().unwrap();
    assert_eq!((reduced.order, all.order), (12, 32));
    assert!((reduced.objective() / all.objective() - 1.0).abs() < 1e-8);
    assert!((reduced.upper / all.upper - 1.0).abs() < 1e-8);
    assert_eq!(Span::new(&network, false).unwrap().dimension(), 10);
}

#[test]
fn floors_that_bind_are_met_with_equality_and_all_power_is_spent() {
    let network = five();
    let design = joint(&network, &[5.0; 5]);
    assert!(design.relative_gap() < 1e-8);
    for sinr in &design.evaluation.sinr {
        // The path ends 1e-9 of the optimum away, and a floor is worth about as much as the optimum.
        assert!((sinr / 5.0 - 1.0).abs() < 1e-8);
    }
    for power in &design.evaluation.power {
        assert!((power - 1.0).abs() < 1e-8);
    }
    // Raising a floor costs what its multiplier says; bounds known to 1e-9 over a step of 1e-4 leave 1e-4
    // of the slope, and the step its curvature.
    let step = 1e-4;
    let mut more = [5.0; 5];
    more[2] += step;
    let change = (joint(&network, &more).upper - design.upper) / step;
    let h = network.channels().col(2);
    let heard = ops::dot(h, design.beams.col(2)).norm_sqr();
    let slope = -design.multipliers.sinr[2] * heard / 25.0;
    assert!((change / slope - 1.0).abs() < 1e-3, "{change} {slope}");
}

#[test]
fn access_points_phases_streams_and_units_do_not_matter() {
    let network = five();
    let floors = [4.0, 5.0, 3.0, 2.0, 6.0];
    let design = joint(&network, &floors);
    let swapped =
        |a: isac_linalg::MatRef<'_, c64>| Mat::from_fn(32, a.ncols(), |i, j| a[((i + 16) % 32, j)]);
    let turned = Mat::from_fn(32, 5, |i, u| {
        network.channels()[((i + 16) % 32, u)] * c64::from_polar(1.0, 1.0 + u as f64)
    });
    // Picowatts: budgets and noise alike, and the sensing SNR per picowatt.
    let unit = 1e-12;
    let other = Network::new(
        turned,
        swapped(network.steering()),
        &[16, 16],
        vec![unit; 2],
        vec![unit; 5],
        0.1 / unit,
    )
    .unwrap();
    let same = joint(&other, &floors);
    assert!((same.objective() / design.objective() - 1.0).abs() < 1e-8);
    assert!((same.upper / design.upper - 1.0).abs() < 1e-9);
    // Sensing streams may be rotated among themselves, any stream by a phase.
    let mut beams = design.beams.clone();
    for s in 0..beams.ncols() {
        for i in 0..32 {
            beams[(i, s)] *= c64::from_polar(1.0, 0.4 * s as f64);
        }
    }
    let rotated = evaluate(&network, beams.as_ref()).unwrap();
    assert!((rotated.min_sinr() / design.evaluation.min_sinr() - 1.0).abs() < 1e-12);
    assert!((rotated.sensing_snr[0] / design.objective() - 1.0).abs() < 1e-12);
}

/// Uplink duality with one budget: `lambda_u <- 1 / (1 + 1/gamma) / h_u^H (I + sum lambda h h^H)^-1 h_u` serves
/// a common SINR `gamma` with the least sum of `lambda`, and that sum is the downlink's power.
fn power_by_fixed_point(channels: &Mat<c64>, gamma: f64) -> f64 {
    let (n, users) = (channels.nrows(), channels.ncols());
    let mut lambda = vec![1e-3; users];
    for _ in 0..20_000 {
        let mut scaled = channels.clone();
        for u in 0..users {
            ops::scale(scaled.as_mut().subcols_mut(u, 1), lambda[u]);
        }
        let z = ops::mul_adjoint(scaled.as_ref(), channels.as_ref());
        let z = ops::shifted(z.as_ref(), 1.0);
        let inverse = factor::cholesky("Z", z.as_ref()).unwrap().inverse();
        assert_eq!(inverse.nrows(), n);
        for u in 0..users {
            let seen = ops::quadratic_form(inverse.as_ref(), channels.col(u));
            lambda[u] = 1.0 / ((1.0 + 1.0 / gamma) * seen);
        }
    }
    lambda.iter().sum()
}

#[test]
fn one_access_point_agrees_with_the_fixed_point_of_the_uplink() {
    let channels = Mat::from_fn(4, 3, |i, u| {
        c64::from_polar(1.0 + 0.2 * u as f64, 0.9 * (i * (u + 1)) as f64)
    });
    let target = Mat::from_fn(4, 1, |_, _| c64::ONE);
    let network =
        Network::new(channels.clone(), target, &[4], vec![2.0], vec![1.0; 3], 0.1).unwrap();
    let best = max_min::solve(&network, &max_min::Options::default())
        .unwrap()
        .unwrap();
    assert!(best.relative_gap() < 1e-8 && best.upper >= best.sinr);
    assert!((power_by_fixed_point(&channels, best.sinr) / 2.0 - 1.0).abs() < 1e-7);
}

#[test]
fn common_sinr_is_certified_from_both_sides() {
    let network = five();
    for pointing in [Pointing::NullSpace, Pointing::Conjugate] {
        for share in [0.01, 0.5, 0.99] {
            let way = max_min::Options::default();
            let best = baselines::solve(&network, pointing, Users::MaxMin, share, &way)
                .unwrap()
                .unwrap();
            let simple = baselines::solve(&network, pointing, Users::ZeroForcing, share, &way)
                .unwrap()
                .unwrap();
            let sinr = best.evaluation.min_sinr();
            assert!(best.upper >= sinr && best.upper < sinr * (1.0 + 1e-8));
            assert!(simple.evaluation.min_sinr() <= best.upper);
            assert!((simple.upper / best.upper - 1.0).abs() < 1e-12);
            assert!(best.evaluation.power_violation(&network) < 1e-12);
        }
    }
}

/// The users' program knows no target: a second one changes neither the answer nor its bound.
#[test]
fn common_sinr_is_certified_with_any_number_of_targets() {
    let users = [72.0, 38.0, 15.0];
    let way = max_min::Options::default();
    let solved = |targets: &[f64]| {
        let network = scene(8, &users, targets);
        max_min::solve(&network, &way).unwrap().unwrap()
    };
    let alone = solved(&[24.0]);
    for targets in [&[24.0, 60.0][..], &[24.0, 60.0, 91.0][..]] {
        let best = solved(targets);
        assert!((best.sinr, best.upper) == (alone.sinr, alone.upper));
        assert!(best.upper >= best.sinr && best.relative_gap() < 1e-8);
    }
    let network = scene(8, &users, &[24.0, 60.0]);
    for pointing in [Pointing::NullSpace, Pointing::Conjugate] {
        let best = baselines::solve(&network, pointing, Users::MaxMin, 0.5, &way);
        let best = best.unwrap().unwrap();
        let sinr = best.evaluation.min_sinr();
        assert!(best.upper >= sinr && best.upper < sinr * (1.0 + 1e-8));
    }
}

#[test]
fn null_space_beams_reach_no_user_and_spend_their_share() {
    let network = five();
    let sensing = linear::sensing(&network, Pointing::NullSpace, 0.3).unwrap();
    let heard = ops::adjoint_mul(network.channels(), sensing.as_ref());
    assert!(ops::norm_max(heard.as_ref()) < 1e-13);
    for m in 0..2 {
        let (first, rows) = network.rows(m);
        let spent = ops::norm2(sensing.as_ref().subrows(first, rows));
        assert!((spent / 0.7 - 1.0).abs() < 1e-13);
    }
    let users = linear::zero_forcing(&network, 0.3).unwrap();
    for u in 0..5 {
        let part = users.as_ref().submatrix(16, u, 16, 1);
        assert!((ops::norm2(part) / 0.06 - 1.0).abs() < 1e-13);
    }
}

#[test]
fn certificates_hold_at_every_feasible_point_and_for_any_multipliers() {
    let network = five();
    let way = max_min::Options::default();
    let baseline = baselines::solve(&network, Pointing::NullSpace, Users::MaxMin, 0.5, &way)
        .unwrap()
        .unwrap();
    let floors = vec![baseline.evaluation.min_sinr(); 5];
    let design = joint(&network, &floors);
    let feasible = baseline.evaluation.min_sensing_snr();
    assert!(design.objective() > feasible && design.upper > feasible);
    // Multipliers that are off bound loosely or not at all, never below the optimum.
    for i in 0..40 {
        let off = |k: usize| 1.0 + 0.3 * ((7 * i + 3 * k) as f64).sin();
        let y = Multipliers {
            power: design
                .multipliers
                .power
                .iter()
                .enumerate()
                .map(|(k, v)| v * off(k))
                .collect(),
            sinr: design
                .multipliers
                .sinr
                .iter()
                .enumerate()
                .map(|(k, v)| v * off(k + 2))
                .collect(),
            target: vec![1.0],
        };
        if let Some(bound) = certificate::sensing_bound(&network, &floors, &y) {
            assert!(bound >= design.objective(), "{bound}");
        }
        if let Some(bound) = certificate::sinr_bound(&network, &y) {
            // All power for the users reaches at least what half of it does.
            assert!(bound >= floors[0], "{bound}");
        }
    }
    assert!(certificate::sensing_bound(&network, &floors, &Multipliers::default()).is_none());
}

#[test]
fn floors_out_of_reach_are_proved_so() {
    let network = five();
    let best = max_min::solve(&network, &max_min::Options::default())
        .unwrap()
        .unwrap();
    for (factor, possible) in [(0.999, true), (1.001, false), (50.0, false)] {
        let floors = [best.sinr * factor; 5];
        let outcome = jsc::solve(&network, &floors, &jsc::Options::default()).unwrap();
        match outcome {
            jsc::Outcome::Solved(design) => {
                assert!(possible && design.relative_gap() < 1e-6, "{factor}");
            }
            jsc::Outcome::Infeasible(y) => {
                let bound = certificate::sensing_bound(&network, &floors, &y).unwrap();
                assert!(!possible && bound < 0.0, "{factor} {bound}");
            }
            jsc::Outcome::Unknown => panic!("{factor}"),
        }
    }
    // Two users in one place share their signal: not both above 1.
    let twins = scene(16, &[30.0, 30.0], &[70.0]);
    let outcome = jsc::solve(&twins, &[1.1; 2], &jsc::Options::default()).unwrap();
    assert!(matches!(outcome, jsc::Outcome::Infeasible(_)));
    let design = joint(&twins, &[0.9; 2]);
    assert!(design.relative_gap() < 1e-6 && design.evaluation.min_sinr() > 0.9 * (1.0 - 1e-9));
}

#[test]
fn bad_input_is_named() {
    let one = || Mat::from_fn(4, 1, |_, _| c64::ONE);
    let build = |h: Mat<c64>, antennas: &[usize], power: f64| {
        let network = Network::new(
            h,
            one(),
            antennas,
            vec![power; antennas.len()],
            vec![1.0],
            0.1,
        );
        network.map(|n| n.users()).unwrap_err().to_string()
    };
    assert!(build(Mat::zeros(4, 0), &[2, 2], 1.0).contains("channels"));
    assert!(build(Mat::zeros(4, 1), &[2, 2], 1.0).contains("channels"));
    assert!(build(one(), &[2, 2], 0.0).contains("power[0]"));
    assert!(build(one(), &[4, 0], 1.0).contains("access point 1"));
    assert!(build(one(), &[2, 1], 1.0).contains("channels"));
    let few = scene(2, &[10.0, 60.0, 80.0], &[33.0]);
    let error = linear::sensing(&few, Pointing::NullSpace, 0.5)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("access point 0") && error.contains("antennas"),
        "{error}"
    );
    assert!(
        linear::sensing(&few, Pointing::Conjugate, 0.0)
            .unwrap_err()
            .to_string()
            .contains("share")
    );
    let floors = jsc::solve(&few, &[1.0, 1.0, 0.0], &jsc::Options::default()).unwrap_err();
    assert!(floors.to_string().contains("SINR floor 2"));
}

/// Designs at floors of our own lie between the stairs, and so does every weighted sum of theirs.
#[test]
fn the_front_holds_every_design_between_its_stairs() {
    for network in [five(), scene(8, &[15.0, 60.0], &[24.0, 70.0])] {
        let options = front::Options {
            tolerance: 0.1,
            ..front::Options::default()
        };
        let front = front::solve(&network, &options).unwrap().unwrap();
        assert!(
            front.resolution <= 0.1 && front.designs < 20,
            "{}",
            front.designs
        );
        let order: Vec<f64> = front.corners.iter().map(|c| c.floor).collect();
        assert!(order.is_sorted() && order.len() == front.designs + 1);
        for corner in &front.corners {
            let again = evaluate(&network, corner.beams.as_ref()).unwrap();
            assert!(again.power_violation(&network) < 1e-9);
            assert!(corner.sinr >= corner.floor * (1.0 - 1e-9));
            assert!(corner.upper >= corner.sensing_snr);
        }
        let largest = max_min::solve(&network, &max_min::Options::default());
        let largest = largest.unwrap().unwrap();
        assert!((front.sinr_upper / largest.sinr - 1.0).abs() < 1e-8);
        assert!(front.at(front.sinr_upper * 1.001).is_none());
        for share in [1e-6, 0.07, 0.33, 0.5, 0.77, 0.95, 0.999] {
            let floors = vec![share * largest.sinr; network.users()];
            let design = joint(&network, &floors);
            let [reached, bound] = front.at(floors[0] * (1.0 - 1e-9)).unwrap();
            assert!(
                reached <= design.upper && bound >= design.objective(),
                "{share}"
            );
            for weight in [0.0, 0.01, 0.2, 3.0] {
                let own = design.evaluation.min_sinr() + weight * design.objective();
                let [low, high] = front.weighted(1.0, weight).unwrap();
                assert!(own <= high && low <= high, "{share} {weight}");
            }
        }
        // Both ends in closed form: all power at the target (of the nearer of two), the largest SINR.
        let all = 0.1 * 2.0 * network.rows(0).1 as f64;
        let [sensing, bound] = front.weighted(0.0, 1.0).unwrap();
        assert!((bound / all - 1.0).abs() < 1e-9 && sensing <= bound);
        if network.targets() == 1 {
            assert!((sensing / all - 1.0).abs() < 1e-6, "{sensing}");
        }
        let [sinr, _] = front.weighted(1.0, 0.0).unwrap();
        assert!((sinr / largest.sinr - 1.0).abs() < 1e-9);
    }
}

/// A finer front lies inside a coarser one, and neither knows a unit.
#[test]
fn a_finer_front_is_tighter_and_units_do_not_matter() {
    let network = scene(6, &[15.0, 60.0], &[24.0]);
    let of = |network: &Network, tolerance: f64| {
        let options = front::Options {
            tolerance,
            ..front::Options::default()
        };
        front::solve(network, &options).unwrap().unwrap()
    };
    let (coarse, fine) = (of(&network, 0.2), of(&network, 0.05));
    for step in 1..20 {
        let sinr = fine.sinr_upper * f64::from(step) / 20.0;
        let ([a, b], [c, d]) = (coarse.at(sinr).unwrap(), fine.at(sinr).unwrap());
        assert!(c >= a * (1.0 - 1e-8) && d <= b * (1.0 + 1e-8), "{step}");
    }
    let unit = 1e-9;
    let scaled = Network::new(
        network.channels().to_owned(),
        network.steering().to_owned(),
        &[6, 6],
        vec![unit; 2],
        vec![unit; 2],
        0.1 / unit,
    );
    let scaled = of(&scaled.unwrap(), 0.05);
    assert_eq!(scaled.corners.len(), fine.corners.len());
    for (a, b) in scaled.corners.iter().zip(&fine.corners) {
        assert!((a.upper / b.upper - 1.0).abs() < 1e-7);
        assert!((a.sinr / b.sinr - 1.0).abs() < 1e-7);
    }
}

/// A network and its design as text and back, and a network that is refused there as by its constructor.
#[test]
fn networks_and_designs_travel_as_text() {
    let network = five();
    let text = serde_json::to_string(&network).unwrap();
    let again: Network = serde_json::from_str(&text).unwrap();
    assert_eq!(again, network);
    let design = joint(&network, &[1.0; 5]);
    let text_of_design = serde_json::to_string(&design).unwrap();
    let read: jsc::Design = serde_json::from_str(&text_of_design).unwrap();
    assert_eq!(read.beams, design.beams);
    assert_eq!(
        evaluate(&again, read.beams.as_ref()).unwrap(),
        design.evaluation
    );
    // Where no bound was proved it is infinite, which JSON has no number for.
    let unproved = jsc::Design {
        upper: f64::INFINITY,
        ..design
    };
    let text_of_design = serde_json::to_string(&unproved).unwrap();
    assert!(text_of_design.contains(r#""upper":"inf""#));
    let read: jsc::Design = serde_json::from_str(&text_of_design).unwrap();
    assert!(read.upper.is_infinite());
    let other = text_of_design.replace(r#""inf""#, r#""much""#);
    let error = serde_json::from_str::<jsc::Design>(&other).unwrap_err();
    assert!(error.to_string().contains("much"), "{error}");
    let silent = text.replace(r#""power":[1.0,1.0]"#, r#""power":[1.0,0.0]"#);
    assert_ne!(silent, text);
    let error = serde_json::from_str::<Network>(&silent).unwrap_err();
    assert!(error.to_string().contains("power[1]"), "{error}");
}
