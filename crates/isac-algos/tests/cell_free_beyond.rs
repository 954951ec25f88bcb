//! Cell-free designs beyond the paper: angles instead of the sensing SNR, and channels known up to an error.

#![allow(clippy::unwrap_used, reason = "tests may unwrap")]

use isac_algos::cell_free::baselines::{self, Users};
use isac_algos::cell_free::crlb::{self, Echo};
use isac_algos::cell_free::linear::Pointing;
use isac_algos::cell_free::robust::{self, worst_sinr};
use isac_algos::cell_free::{Network, evaluate, jsc, max_min};
use isac_linalg::{Mat, c64, ops};
use isac_metrics::{AngleSensing, distributed};
use isac_models::array::{Scaling, Ula};

const ACCESS_POINTS: [f64; 2] = [25.0, 75.0];

/// Steering vectors of places on the line, and their derivatives by the angle from broadside.
fn seen(antennas: usize, places: &[f64]) -> [Mat<c64>; 2] {
    let of = |i: usize, x: f64, derived: bool| {
        let (m, n) = (i / antennas, (i % antennas) as f64);
        let angle = (x - ACCESS_POINTS[m]).atan2(50.0);
        let value = c64::from_polar(1.0, std::f64::consts::PI * n * angle.sin());
        let slope = c64::new(0.0, std::f64::consts::PI * n * angle.cos());
        if derived { slope * value } else { value }
    };
    [false, true]
        .map(|derived| Mat::from_fn(2 * antennas, places.len(), |i, t| of(i, places[t], derived)))
}

/// The scene of the figures in a unit of power, with a number of snapshots per watt and antenna.
fn scene(antennas: usize, users: &[f64], targets: &[f64], unit: f64) -> (Network, Echo) {
    let [channels, _] = seen(antennas, users);
    let [steering, derivative] = seen(antennas, targets);
    let (power, noise) = (vec![unit; 2], vec![unit; users.len()]);
    let sizes = [antennas; 2];
    let network = Network::new(channels, steering, &sizes, power, noise, 0.1 / unit).unwrap();
    let echo = Echo::new(&network, derivative, 20.0 / unit).unwrap();
    (network, echo)
}

fn angles(network: &Network, floors: &[f64], echo: &Echo) -> crlb::Design {
    let outcome = crlb::solve(network, floors, echo, &crlb::Options::default()).unwrap();
    outcome.design().unwrap().clone()
}

fn secure(network: &Network, floors: &[f64], radii: &[f64]) -> robust::Design {
    let outcome = robust::solve(network, floors, radii, &robust::Options::default()).unwrap();
    outcome.design().unwrap().clone()
}

/// All power for the target: `2 kappa ||a||^2 ||d_perp||^2 P` at each access point, and the weaker counts.
/// With entries `n pi cos(angle)` of `d` the squared norm outside `a` is `(pi cos)^2 N (N^2 - 1) / 12`.
#[test]
fn floors_near_zero_leave_the_closed_form_of_the_angle() {
    let n = 8.0_f64;
    let (network, echo) = scene(8, &[10.0, 60.0], &[40.0], 1.0);
    let design = angles(&network, &[1e-7; 2], &echo);
    let bound = |x: f64| {
        let cosine = 50.0 / (40.0 - x).hypot(50.0);
        let outside = (std::f64::consts::PI * cosine).powi(2) * n * (n * n - 1.0) / 12.0;
        1.0 / (2.0 * 20.0 * n * outside)
    };
    let worst = ACCESS_POINTS.map(bound).into_iter().fold(0.0, f64::max);
    assert!(
        (design.objective() / worst - 1.0).abs() < 1e-5,
        "{} {worst}",
        design.objective()
    );
    assert!(design.lower <= worst * (1.0 + 1e-9) && design.lower > worst * (1.0 - 1e-5));
}

#[test]
fn angle_designs_are_certified_and_the_reduction_loses_nothing() {
    for (users, targets, floor) in [
        (vec![10.0, 60.0], vec![33.0], 2.0),
        (vec![70.0, 20.0, 45.0], vec![52.0, 90.0], 0.7),
    ] {
        let (network, echo) = scene(5, &users, &targets, 1.0);
        let floors = vec![floor; users.len()];
        let design = angles(&network, &floors, &echo);
        assert!(design.relative_gap() < 1e-6, "{}", design.relative_gap());
        assert!(design.lower <= design.objective());
        assert!(design.evaluation.sinr_violation(&floors) < 1e-6);
        assert!(design.evaluation.power_violation(&network) < 1e-6);
        let again = echo.crlb(&network, &design.beams).unwrap();
        assert_eq!((again.len(), again[0].len()), (2, targets.len()));
        let whole = crlb::Options {
            reduce: false,
            ..crlb::Options::default()
        };
        let all = crlb::solve(&network, &floors, &echo, &whole).unwrap();
        let all = all.design().unwrap();
        assert!(all.order == 10 && design.order < 10 + usize::from(targets.len() > 1));
        assert!((design.objective() / all.objective() - 1.0).abs() < 1e-6);
        // No design that meets the floors has less.
        let other = jsc::solve(&network, &floors, &jsc::Options::default()).unwrap();
        let other = echo.crlb(&network, &other.design().unwrap().beams).unwrap();
        let other = other.iter().flatten().copied().fold(0.0, f64::max);
        assert!(design.lower <= other && design.objective() <= other * (1.0 + 1e-6));
        // Higher floors leave less for the angles; points miss constraints by up to 1e-6.
        let more: Vec<f64> = floors.iter().map(|f| 1.3 * f).collect();
        let more = angles(&network, &more, &echo).objective();
        assert!(
            more >= design.lower * (1.0 - 1e-6),
            "{more} {}",
            design.lower
        );
    }
}

#[test]
fn angle_designs_know_no_unit_and_prove_floors_out_of_reach() {
    let users = [15.0, 70.0];
    let (network, echo) = scene(6, &users, &[33.0], 1.0);
    let (small, quiet) = scene(6, &users, &[33.0], 1e-12);
    let floors = [3.0, 2.0];
    let (a, b) = (
        angles(&network, &floors, &echo),
        angles(&small, &floors, &quiet),
    );
    assert!((a.objective() / b.objective() - 1.0).abs() < 1e-6);
    let best = max_min::solve(&network, &max_min::Options::default());
    let high = vec![1.01 * best.unwrap().unwrap().sinr; 2];
    let outcome = crlb::solve(&network, &high, &echo, &crlb::Options::default()).unwrap();
    assert!(matches!(outcome, crlb::Outcome::Infeasible(_)));
    let flat = Echo::new(&network, network.steering().to_owned(), 1.0).unwrap_err();
    assert!(flat.to_string().contains("derivative"), "{flat}");
    assert!(Echo::new(&network, Mat::zeros(12, 2), 1.0).is_err());
    assert!(Echo::new(&network, seen(6, &[33.0])[1].clone(), 0.0).is_err());
}

#[test]
fn without_errors_the_robust_design_is_the_joint_one() {
    let (network, _) = scene(8, &[72.0, 15.0, 44.0], &[24.0], 1.0);
    let floors = [3.0; 3];
    let joint = jsc::solve(&network, &floors, &jsc::Options::default()).unwrap();
    let joint = joint.design().unwrap().objective();
    let none = secure(&network, &floors, &[0.0; 2]);
    assert!((none.objective() / joint - 1.0).abs() < 1e-6);
    for worst in &none.worst {
        assert!((worst.lower / worst.upper - 1.0).abs() < 1e-7);
    }
}

/// A small generator of our own: errors on the spheres of the radii.
fn error(network: &Network, radii: &[f64], draw: usize) -> Mat<c64> {
    let total = network.channels().nrows();
    let mut e = Mat::from_fn(total, 1, |i, _| {
        let phase = (draw * 7919 + i * 104_729) as f64;
        c64::new((phase * 0.618).sin(), (phase * 0.414 + 1.0).cos())
    });
    for (m, radius) in radii.iter().enumerate() {
        let (first, rows) = network.rows(m);
        let mut part = e.as_mut().subrows_mut(first, rows);
        let norm = ops::norm(part.as_ref());
        ops::scale(part.as_mut(), radius / norm);
    }
    e
}

#[test]
fn robust_designs_hold_for_every_error_and_are_certified() {
    let (network, _) = scene(8, &[72.0, 15.0, 44.0], &[24.0], 1.0);
    let floors = [3.0, 2.0, 2.5];
    let mut last = f64::INFINITY;
    for radius in [0.1, 0.3] {
        let radii = [radius, 0.5 * radius];
        let design = secure(&network, &floors, &radii);
        assert!(
            design.violation(&network, &floors) < 1e-6,
            "{:?}",
            design.worst
        );
        assert!(design.upper >= design.objective() && design.relative_gap() < 1e-5);
        assert!(design.objective() < last, "{radius}");
        last = design.upper;
        for draw in 0..300 {
            let e = error(&network, &radii, draw);
            for u in 0..3 {
                let h = Mat::from_fn(16, 1, |i, _| network.channels()[(i, u)] + e[(i, 0)]);
                let z = |s: usize| ops::dot(h.col(0), design.beams.col(s)).norm_sqr();
                let others: f64 = (0..design.beams.ncols()).filter(|s| *s != u).map(z).sum();
                let sinr = z(u) / (others + 1.0);
                assert!(sinr >= design.worst[u].lower * (1.0 - 1e-9), "{draw} {u}");
            }
        }
        // A design that knows no error does worse at worst.
        let joint = jsc::solve(&network, &floors, &jsc::Options::default()).unwrap();
        let worst = worst_sinr(&network, &joint.design().unwrap().beams, &radii).unwrap();
        assert!(
            worst
                .iter()
                .zip(&floors)
                .any(|(w, floor)| w.upper < 0.99 * floor)
        );
    }
    let whole = robust::Options {
        reduce: false,
        ..robust::Options::default()
    };
    let (small, _) = scene(4, &[72.0, 15.0], &[24.0], 1.0);
    let all = robust::solve(&small, &[1.0; 2], &[0.1; 2], &whole).unwrap();
    let (all, reduced) = (all.design().unwrap(), secure(&small, &[1.0; 2], &[0.1; 2]));
    assert_eq!((all.order, reduced.order), (8, 6));
    assert!((all.objective() / reduced.objective() - 1.0).abs() < 1e-6);
}

/// One user and its matched beams: the errors that hurt most point against the channel,
/// `(sum_m (||h_m|| - epsilon_m) ||f_m||)^2 / sigma^2`.
#[test]
fn the_worst_error_of_a_matched_beam_is_a_closed_form() {
    let (network, _) = scene(5, &[40.0], &[90.0], 1.0);
    let mut beams = network.channels().to_owned();
    let scale = [0.3, 0.2];
    for m in 0..2 {
        let (first, rows) = network.rows(m);
        ops::scale(
            beams.as_mut().subrows_mut(first, rows),
            scale[m] / 5.0_f64.sqrt(),
        );
    }
    let radii = [0.4, 0.9];
    let expected: f64 = (0..2).map(|m| (5.0_f64.sqrt() - radii[m]) * scale[m]).sum();
    let worst = worst_sinr(&network, &beams, &radii).unwrap()[0];
    assert!(
        (worst.upper / expected.powi(2) - 1.0).abs() < 1e-8,
        "{worst:?}"
    );
    assert!(worst.lower <= worst.upper && worst.lower > worst.upper * (1.0 - 1e-5));
    // A ball that holds zero leaves nothing.
    let lost = worst_sinr(&network, &beams, &[5.0, 5.0]).unwrap()[0];
    assert!(lost.lower == 0.0 && lost.upper < 1e-6, "{lost:?}");
}

#[test]
fn errors_that_no_beams_survive_are_infeasible() {
    let (network, _) = scene(6, &[15.0, 70.0], &[33.0], 1.0);
    let options = robust::Options::default();
    // No floor holds where the error may be the channel itself.
    let outcome = robust::solve(&network, &[0.5; 2], &[2.5; 2], &options).unwrap();
    assert!(
        matches!(outcome, robust::Outcome::Infeasible(_)),
        "{outcome:?}"
    );
    let best = baselines::solve(
        &network,
        Pointing::NullSpace,
        Users::MaxMin,
        1.0,
        &Default::default(),
    );
    let best = best.unwrap().unwrap().evaluation.min_sinr();
    let outcome = robust::solve(&network, &[1.1 * best; 2], &[0.0; 2], &options).unwrap();
    assert!(matches!(outcome, robust::Outcome::Infeasible(Some(_))));
    assert!(robust::solve(&network, &[1.0; 2], &[0.1], &options).is_err());
    assert!(robust::solve(&network, &[1.0; 2], &[0.1, -0.1], &options).is_err());
    assert!(evaluate(&network, Mat::zeros(12, 2).as_ref()).is_ok());
}

/// One target of one angle: the whole Fisher information's inverse has the same first entry.
#[test]
fn angle_information_is_that_of_the_whole_fim() {
    let array = Ula::half_wavelength(6, Scaling::UnitEntries).unwrap();
    let beams = Mat::from_fn(6, 3, |i, s| {
        c64::new(
            (0.7 * (i * s) as f64 + 0.2).sin(),
            (0.3 * i as f64 - s as f64).cos(),
        )
    });
    let alpha = [c64::new(0.3, -0.2)];
    for angle in [-0.9, 0.1, 0.6] {
        let response = array.response(&[angle]);
        let whole = AngleSensing::of_responses(&response, &response, &alpha, 7, 0.05);
        let crlb = whole.unwrap().crlb(beams.as_ref()).unwrap();
        let (a, d) = (response.value.as_ref(), response.derivatives[0].as_ref());
        let own = distributed::angle_information(a, d, beams.as_ref(), &[0, 6]).unwrap();
        let kappa = 7.0 * alpha[0].norm_sqr() / 0.05;
        let bound = 1.0 / (2.0 * kappa * own[0][0]);
        assert!(
            (crlb.inverse()[(0, 0)] / bound - 1.0).abs() < 1e-10,
            "{angle}"
        );
    }
    // Two access points know what each knows alone.
    let response = array.response(&[0.6]);
    let twice = |x: &Mat<c64>| Mat::from_fn(12, x.ncols(), |i, j| x[(i % 6, j)]);
    let (a, d) = (twice(&response.value), twice(&response.derivatives[0]));
    let both =
        distributed::angle_information(a.as_ref(), d.as_ref(), twice(&beams).as_ref(), &[0, 6, 12]);
    let both = both.unwrap();
    assert!((both[0][0] - both[1][0]).abs() < 1e-12 * both[0][0]);
}
