//! Rate and CRLB with arrays that are not planar: the algorithms take whatever steering vectors there are.

use isac_algos::obs_crlb::{Reduction, SumRateCrlb, Weights, bound, restarts, sca, start};
use isac_linalg::{Mat, c64, ops};
use isac_metrics::AngleSensing;
use isac_models::array::{Elements, Response, Scaling, Ula};
use isac_models::rng::{Stream, stream};

fn problem(response: &Response, seed: u64) -> SumRateCrlb {
    let n = response.value.nrows();
    let alpha: Vec<c64> = (0..response.value.ncols())
        .map(|m| c64::from_polar(0.1, m as f64))
        .collect();
    let sensing = AngleSensing::of_responses(response, response, &alpha, 30, 1e-3).unwrap();
    let h = isac_models::channel::rayleigh(n, 2, 1.0, &mut stream(seed, Stream::Channel, 0));
    let weights = Weights {
        rate: 0.25,
        crlb: 1.0,
    };
    SumRateCrlb::new(h, sensing, vec![1e-3; 2], 0.01, weights).unwrap()
}

fn geometries() -> Vec<(&'static str, Response)> {
    let ula = Ula::half_wavelength(10, Scaling::UnitEntries).unwrap();
    let ring = (0..12).map(|n| std::f64::consts::TAU * f64::from(n) / 12.0);
    let ring = ring.map(|a| [2.0 * a.cos(), 2.0 * a.sin(), 0.7 * (3.0 * a).sin()]);
    let ring = Elements::new(ring.collect(), Scaling::UnitEntries).unwrap();
    vec![
        ("linear", ula.response(&[-0.5, 0.3])),
        ("ring", ring.steering(&[-0.5, 0.6], &[1.1, 1.4]).into()),
        (
            "near field",
            ring.near_field(&[0.6], &[1.4], &[6.0]).unwrap(),
        ),
    ]
}

/// The ascent is monotone, its gradient the slope of the value, the reduction exact, the bound above.
#[test]
fn every_geometry_is_designed_and_bounded() {
    for (name, response) in geometries() {
        let problem = problem(&response, 3);
        let directions = problem.sensing().compact().directions();
        let begin = start::regularised_zf(&problem, directions, 0.7).unwrap();
        let solution = sca::solve(&problem, begin.as_ref(), &sca::Options::default()).unwrap();
        assert_eq!(solution.falls, 0, "{name}");
        assert!(
            solution.merit.objective > solution.start.objective,
            "{name}"
        );
        // Slope by differences along a direction.
        let w = begin.as_ref();
        let d = Mat::from_fn(w.nrows(), w.ncols(), |i, j| {
            c64::new((i as f64 + 0.3).sin(), (1.7 * j as f64).cos()) * 1e-2
        });
        let at = |t: f64| {
            let mut moved = begin.clone();
            ops::axpy(moved.as_mut(), t, d.as_ref());
            problem.merit(moved.as_ref()).unwrap().objective
        };
        let slope = ops::inner(problem.gradient(w).unwrap().as_ref(), d.as_ref());
        let difference = (at(1e-4) - at(-1e-4)) / 2e-4;
        assert!(
            (slope / difference - 1.0).abs() < 1e-5,
            "{name}: {slope} {difference}"
        );
        // Proposition 5: the same value in the coordinates of the span.
        let reduction = Reduction::new(&problem).unwrap();
        assert!(reduction.problem().antennas() <= problem.users() + directions);
        let inside = reduction.coordinates(solution.beamformer.as_ref());
        let reduced = reduction.problem().merit(inside.as_ref()).unwrap();
        assert!(
            reduced.objective
                >= solution.merit.objective - 1e-9 * problem.magnitude(&solution.merit)
        );
        let mut rng = stream(1, Stream::Start, 0);
        let options = restarts::Options::default();
        let (best, _) = restarts::best(&problem, &[], &options, &mut rng).unwrap();
        let upper = bound::certify(&problem, &bound::Options::default()).unwrap();
        let magnitude = problem.magnitude(&best.merit);
        assert!(
            best.merit.objective >= solution.merit.objective - 1e-6 * magnitude,
            "{name}"
        );
        assert!(
            upper.value >= best.merit.objective - 1e-10 * magnitude,
            "{name}"
        );
        assert!(
            upper.value - best.merit.objective < 0.2 * magnitude,
            "{name}"
        );
    }
}
