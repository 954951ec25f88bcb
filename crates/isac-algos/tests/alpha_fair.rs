//! The alpha-fair design: gradients under every option, invariances, the certificate against feasible
//! points, infeasible rates, and the order of the baselines.

use isac_algos::alpha_fair::{
    Design, Evaluator, FEASIBLE, PowerShare, Problem, Start, bound, design, feasibility, penalty,
    sdr,
};
use isac_linalg::{Mat, c64, ops};
use isac_metrics::delay_doppler::{
    BsKnowledge, Combine, DelayDoppler, Disturbance, EchoModel, Gain, Nodes, SensingOptions,
};
use isac_metrics::fairness::{Fairness, Form};
use isac_metrics::ofdm_rate::{Interference, OfdmRate, Streams};
use isac_models::geometry::{MovingTarget, Scene};
use isac_models::ofdm::Grid;
use isac_opt::augmented::Feasibility;
use isac_testkit::{sample, slope};
use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};

#[path = "support/conic_outcomes.rs"]
mod conic_outcomes;

const NOISE_W: f64 = 1e-13;

/// A scene of `targets` and `users` with Rayleigh channels of about 100 dB loss.
struct Instance {
    n: usize,
    antennas: usize,
    targets: usize,
    users: usize,
    seed: u64,
}

const SMALL: Instance = Instance {
    n: 4,
    antennas: 4,
    targets: 3,
    users: 2,
    seed: 1,
};

impl Instance {
    fn problem(
        &self,
        sensing: SensingOptions,
        state: bool,
        interference: Interference,
        alpha: f64,
        form: Form,
    ) -> Problem {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        let grid = Grid::filling(self.n, 8, 28e9, 20e6, 0.25).unwrap();
        let mut uniform = |low: f64, high: f64| low + (high - low) * rng.random::<f64>();
        let targets: Vec<MovingTarget> = (0..self.targets)
            .map(|_| {
                let (radius, angle) = (uniform(50.0, 90.0), uniform(-1.0, 1.0));
                MovingTarget {
                    position_m: [radius * angle.cos(), radius * angle.sin()],
                    velocity_m_s: [uniform(-20.0, 20.0), uniform(-20.0, 20.0)],
                }
            })
            .collect();
        let users: Vec<[f64; 2]> = (0..self.users)
            .map(|k| {
                let near = targets[k % self.targets].position_m;
                [near[0] + uniform(3.0, 9.0), near[1] + uniform(-9.0, -3.0)]
            })
            .collect();
        let scene = Scene::new([0.0; 2], targets, users).unwrap();
        let pairs = || (0..self.targets).flat_map(|t| (0..=self.users).map(move |j| (t, j)));
        let reflection = |(t, j)| {
            scene
                .reflection_power(t, j, grid.wavelength_m(), 1.0)
                .unwrap()
        };
        let mut antennas = vec![1.0; self.users + 1];
        antennas[0] = self.antennas as f64;
        let model = EchoModel {
            subcarriers: self.n,
            symbols: 8,
            reflection: pairs().map(reflection).collect(),
            noise_w: vec![NOISE_W; self.users + 1],
            antennas,
            combine: if state {
                Combine::State(pairs().map(|(t, j)| scene.jacobian(t, j, &grid)).collect())
            } else {
                Combine::Sum
            },
            weights: vec![1.0; if state { 4 } else { 2 }],
        };
        let steering = Mat::from_fn(self.antennas, self.targets, |a, t| {
            c64::cis(std::f64::consts::PI * a as f64 * scene.departure_rad(t).sin())
        });
        let streams = Streams {
            subcarriers: self.n,
            sensing: 1,
            users: self.users,
        };
        let mut channels = sample::gaussian(self.antennas, self.n * self.users, &mut rng);
        ops::scale(channels.as_mut(), 1e-5);
        let noise = vec![NOISE_W; self.users];
        let problem = Problem::new(
            steering,
            DelayDoppler::new(model, sensing).unwrap(),
            OfdmRate::new(streams, channels, noise, interference).unwrap(),
            Fairness::new(alpha, form, 1.0).unwrap(),
            vec![1.0; self.users],
            1.0,
        )
        .unwrap();
        let start = Start::Mrt.draw(&problem, &mut rng).unwrap();
        problem.referred_to(start.as_ref()).unwrap()
    }

    fn default_problem(&self) -> Problem {
        self.problem(
            SensingOptions::default(),
            false,
            Interference::All,
            0.0,
            Form::Norm,
        )
    }
}

fn unbounded() -> design::Options {
    design::Options {
        bound: None,
        ..design::Options::default()
    }
}

fn mrt(problem: &Problem, seed: u64) -> Mat<c64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    Start::Mrt.draw(problem, &mut rng).unwrap()
}

fn random(problem: &Problem, seed: u64) -> Mat<c64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    Start::Random.draw(problem, &mut rng).unwrap()
}

#[test]
fn gradients_have_slope_two_under_every_option() {
    let mut combinations = 0;
    for gain in [Gain::Known, Gain::Unknown] {
        for disturbance in [
            Disturbance::All,
            Disturbance::CommEchoes,
            Disturbance::NoiseOnly,
        ] {
            for bs in [BsKnowledge::SensingOnly, BsKnowledge::FullWaveform] {
                for (nodes, state) in [
                    (Nodes::Multi, false),
                    (Nodes::Multi, true),
                    (Nodes::Mono, false),
                ] {
                    for interference in [Interference::All, Interference::UsersOnly] {
                        for (alpha, form) in [
                            (0.0, Form::Norm),
                            (1.0, Form::Power),
                            (3.0, Form::LogNorm),
                            (-1.0, Form::Power),
                            (f64::INFINITY, Form::Norm),
                        ] {
                            let options = SensingOptions {
                                gain,
                                disturbance,
                                bs,
                                nodes,
                            };
                            let problem = SMALL.problem(options, state, interference, alpha, form);
                            let w = random(&problem, 5);
                            let direction = random(&problem, 6);
                            let mut evaluator = Evaluator::new(&problem);
                            let mut gradient = Mat::zeros(w.nrows(), w.ncols());
                            evaluator.penalised(w.as_ref(), 2.0, gradient.as_mut());
                            let derivative = ops::inner(gradient.as_ref(), direction.as_ref());
                            let mut scratch = gradient.clone();
                            let along = |t: f64| {
                                let mut moved = w.clone();
                                ops::axpy(moved.as_mut(), t, direction.as_ref());
                                evaluator.penalised(moved.as_ref(), 2.0, scratch.as_mut())
                            };
                            let verdict = slope::curve(along, derivative, 0.05);
                            assert!(
                                verdict.is_ok(),
                                "{options:?} state {state} {interference:?} {alpha} {form:?}: {verdict:?}"
                            );
                            combinations += 1;
                        }
                    }
                }
            }
        }
    }
    assert_eq!(combinations, 360);
}

#[test]
fn phases_of_the_streams_do_not_matter() {
    let problem = SMALL.default_problem();
    let w = random(&problem, 1);
    let turned = Mat::from_fn(w.nrows(), w.ncols(), |a, c| {
        w[(a, c)] * c64::cis(1.3 * c as f64)
    });
    let (one, other) = (
        Design::measure(&problem, w).unwrap(),
        Design::measure(&problem, turned).unwrap(),
    );
    assert!((one.objective / other.objective - 1.0).abs() < 1e-12);
    assert!((one.violation - other.violation).abs() < 1e-12);
}

#[test]
fn the_papers_descent_is_monotone_and_stays_on_the_sphere() {
    let problem = SMALL.default_problem();
    let start = mrt(&problem, 2);
    let found = penalty::solve(&problem, start.as_ref(), &penalty::Options::default()).unwrap();
    assert!((ops::norm2(found.beams.as_ref()) - 1.0).abs() < 1e-12);
    assert_eq!(found.trace.len(), found.progress.len());
    assert_eq!(found.iterations, found.progress.len());
    assert!(
        found
            .trace
            .windows(2)
            .all(|w| w[1].objective <= w[0].objective)
    );
    let cheap = penalty::Options::continuation();
    let found = penalty::solve(&problem, start.as_ref(), &cheap).unwrap();
    assert!(found.violation < 0.1);
}

#[test]
fn the_default_meets_the_rates_certified_and_beats_the_penalty_method() {
    let problem = SMALL.default_problem();
    let start = mrt(&problem, 2);
    let found = design::solve(&problem, start.as_ref(), &design::Options::default()).unwrap();
    assert_eq!(found.feasibility, Feasibility::Feasible);
    assert!(found.violation <= FEASIBLE);
    assert!((ops::norm2(found.beams.as_ref()) - 1.0).abs() < 1e-12);
    let bound = found.bound.as_ref().unwrap();
    let gap = bound.gap(&problem, &found.crlb);
    assert!(gap >= 0.0, "{gap}");
    assert!(bound.norm <= bound.relaxed_norm * (1.0 + 1e-9));
    let paper = penalty::solve(&problem, start.as_ref(), &penalty::Options::default()).unwrap();
    assert!(paper.violation > found.violation);
    assert!(found.objective <= paper.objective * 1.05);
}

#[test]
fn the_certificate_is_tight_where_only_power_couples_users_and_targets() {
    let quiet = SensingOptions {
        disturbance: Disturbance::NoiseOnly,
        ..SensingOptions::default()
    };
    let one_target = Instance {
        targets: 1,
        users: 1,
        ..SMALL
    };
    let problem = one_target.problem(quiet, false, Interference::UsersOnly, 0.0, Form::Norm);
    let start = mrt(&problem, 2);
    let found = design::solve(&problem, start.as_ref(), &design::Options::default()).unwrap();
    let gap = found.bound.as_ref().unwrap().gap(&problem, &found.crlb);
    // Below zero by no more than the tolerance of the rates.
    assert!((-1e-6..1e-3).contains(&gap), "{gap}");
}

#[test]
fn the_certificate_counts_the_interference_of_linear_beams() {
    // Only power couples users and targets; what is left of the gap is the duality gap of the rates'
    // split over few subcarriers.
    let quiet = SensingOptions {
        disturbance: Disturbance::NoiseOnly,
        ..SensingOptions::default()
    };
    for seed in [1, 2, 3] {
        let crowded = Instance {
            n: 16,
            antennas: 4,
            targets: 1,
            users: 4,
            seed,
        };
        let problem = crowded.problem(quiet, false, Interference::UsersOnly, 0.0, Form::Norm);
        let start = mrt(&problem, 2);
        let found = design::solve(&problem, start.as_ref(), &design::Options::default()).unwrap();
        let gap = found.bound.as_ref().unwrap().gap(&problem, &found.crlb);
        assert!((-1e-6..0.02).contains(&gap), "seed {seed}: {gap}");
    }
}

#[test]
fn rates_beyond_reach_are_proved_infeasible() {
    let problem = SMALL
        .default_problem()
        .with_min_rates(vec![40.0, 1.0])
        .unwrap();
    let start = mrt(&problem, 2);
    let found = design::solve(&problem, start.as_ref(), &design::Options::default()).unwrap();
    assert_eq!(found.feasibility, Feasibility::Infeasible);
    let proof = found.infeasible.unwrap();
    assert!(proof.needed_w > proof.available_w);
    assert!(found.violation > 1.0 && found.bound.is_none());
    assert!(
        bound::search(&problem, &bound::Options::default())
            .unwrap()
            .is_none()
    );
}

#[test]
fn users_need_at_least_the_certified_power() {
    for seed in 0..20 {
        let instance = Instance {
            n: 4,
            antennas: 3,
            targets: 1,
            users: 3,
            seed,
        };
        let problem = instance.default_problem();
        let w = mrt(&problem, seed);
        let rates = Design::measure(&problem, w.clone()).unwrap().rates;
        let streams = problem.streams();
        let spent: f64 = (0..4)
            .flat_map(|i| (0..3).map(move |k| streams.user_column(i, k)))
            .map(|c| ops::norm2(w.as_ref().subcols(c, 1)))
            .sum();
        let alone: f64 = (0..3)
            .map(|k| problem.rate().single_user_power(k, rates[k]))
            .sum();
        let problem = problem.with_min_rates(rates).unwrap();
        let least = feasibility::least_power(&problem);
        assert!(
            least <= spent && least >= alone * (1.0 - 1e-12),
            "{least} {spent}"
        );
    }
}

#[test]
fn no_feasible_point_lies_below_the_certificate() {
    for seed in 0..1000 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let gain = [Gain::Known, Gain::Unknown][rng.random_range(0..2)];
        let bs = [BsKnowledge::SensingOnly, BsKnowledge::FullWaveform][rng.random_range(0..2)];
        let disturbance = [
            Disturbance::All,
            Disturbance::CommEchoes,
            Disturbance::NoiseOnly,
        ][rng.random_range(0..3)];
        let state = rng.random_range(0..4) == 0;
        let alpha = [-1.0, -0.5, 0.0, 1.0, 4.0, f64::INFINITY][rng.random_range(0..6)];
        let form = [Form::Norm, Form::Power, Form::LogNorm][rng.random_range(0..3)];
        let options = SensingOptions {
            gain,
            disturbance,
            bs,
            nodes: Nodes::Multi,
        };
        let instance = Instance {
            n: rng.random_range(2..=4),
            antennas: rng.random_range(2..=4),
            targets: rng.random_range(1..=3),
            users: rng.random_range(1..=7),
            seed,
        };
        let interference = [Interference::All, Interference::UsersOnly][rng.random_range(0..2)];
        let problem = instance.problem(options, state, interference, alpha, form);
        // A point improved a little; its own rates make it feasible.
        let start = mrt(&problem, seed);
        let mut short = penalty::Options::default();
        short.method.stop_mut().max_iterations = 15;
        let point = penalty::solve(&problem, start.as_ref(), &short).unwrap();
        let problem = problem.with_min_rates(point.rates.clone()).unwrap();
        let quick = bound::Options {
            rounds: 1,
            iterations: 30,
            ..bound::Options::default()
        };
        let found = bound::search(&problem, &quick).unwrap().unwrap();
        let room = 1e-9 * point.objective.abs().max(1.0);
        assert!(
            found.value <= point.objective + room,
            "seed {seed}: {found:?}"
        );
        assert!(found.gap(&problem, &point.crlb) >= -1e-9, "seed {seed}");
        // The general bound holds at any covariances and multipliers.
        let relaxed = problem.relaxed(2).unwrap();
        let log = relaxed.fairness().with_form(Form::LogNorm);
        let relaxed = relaxed.with_fairness(log);
        let anywhere = random(&relaxed, seed);
        let multipliers: Vec<f64> = (0..instance.users).map(|_| rng.random()).collect();
        let general = bound::at(&relaxed, anywhere.as_ref(), &multipliers).unwrap();
        assert!(
            general <= log.cost(&point.crlb) + 1e-9,
            "seed {seed}: {general}"
        );
    }
}

#[test]
fn baselines_are_ordered_and_more_rate_costs() {
    let problem = SMALL.default_problem();
    let start = mrt(&problem, 3);
    let sum = |problem: &Problem, power| {
        let options = design::Options {
            power,
            ..unbounded()
        };
        let found = design::solve(problem, start.as_ref(), &options).unwrap();
        assert!(found.violation <= FEASIBLE);
        found.sum_crlb()
    };
    let proposed = sum(&problem, PowerShare::Total);
    let flat = sum(&problem, PowerShare::PerSubcarrier);
    let mono = SensingOptions {
        nodes: Nodes::Mono,
        ..SensingOptions::default()
    };
    let mono = sum(
        &problem.clone().with_sensing(mono).unwrap(),
        PowerShare::Total,
    );
    assert!(proposed < flat && flat < mono, "{proposed} {flat} {mono}");
    let busy = problem.with_min_rates(vec![3.0; 2]).unwrap();
    assert!(sum(&busy, PowerShare::Total) > proposed);
}

#[test]
fn a_larger_alpha_trades_the_sum_for_the_largest() {
    let problem = SMALL.default_problem();
    let start = mrt(&problem, 3);
    let solve = |alpha: f64| {
        let old = problem.fairness();
        let fairness = Fairness::new(alpha, old.form(), old.reference()).unwrap();
        let problem = problem.clone().with_fairness(fairness);
        design::solve(&problem, start.as_ref(), &unbounded()).unwrap()
    };
    let (sum, max) = (solve(0.0), solve(f64::INFINITY));
    assert!(max.sum_crlb() > sum.sum_crlb() && max.max_crlb() < sum.max_crlb());
}

#[test]
fn sensing_alone_and_one_of_everything_work() {
    let alone = Instance { users: 0, ..SMALL };
    let problem = alone.default_problem();
    let start = mrt(&problem, 1);
    let found = design::solve(&problem, start.as_ref(), &design::Options::default()).unwrap();
    assert!(found.rates.is_empty() && found.feasibility == Feasibility::Feasible);
    let least = Instance {
        n: 2,
        antennas: 1,
        targets: 1,
        users: 1,
        seed: 4,
    };
    let problem = least.default_problem().with_min_rates(vec![0.1]).unwrap();
    let start = mrt(&problem, 1);
    let found = design::solve(&problem, start.as_ref(), &design::Options::default()).unwrap();
    assert!(found.violation <= FEASIBLE && found.bound.is_some());
}

#[test]
fn bad_input_is_named() {
    let problem = SMALL.default_problem();
    let options = design::Options::default();
    let text = |w: &Mat<c64>| {
        design::solve(&problem, w.as_ref(), &options)
            .unwrap_err()
            .to_string()
    };
    assert!(text(&Mat::zeros(4, 5)).contains("start"));
    let mut holed = mrt(&problem, 1);
    holed[(1, 2)] = c64::new(f64::NAN, 0.0);
    assert!(text(&holed).contains("start"));
    let refuse = |rates: Vec<f64>| {
        let error = problem.clone().with_min_rates(rates).unwrap_err();
        assert!(error.to_string().contains("rmin"), "{error}");
    };
    refuse(vec![1.0]);
    refuse(vec![1.0, -1.0]);
    refuse(vec![1.0, f64::NAN]);
    let start = mrt(&problem, 1);
    let none = penalty::Options {
        penalties: vec![0.0],
        ..penalty::Options::default()
    };
    assert!(penalty::solve(&problem, start.as_ref(), &none).is_err());
    assert!(problem.sensing_only(0, 1.0).is_err());
    assert!(problem.sensing_only(1, f64::NAN).is_err());
}

#[test]
fn the_semidefinite_baseline_agrees_with_the_descent_on_a_small_scene() {
    let tiny = Instance {
        n: 3,
        antennas: 3,
        targets: 2,
        users: 1,
        seed: 3,
    };
    let problem = tiny.default_problem();
    let start = mrt(&problem, 1);
    let rounded = sdr::solve(&problem, start.as_ref(), &sdr::Options::default()).unwrap();
    let ours = design::solve(&problem, start.as_ref(), &design::Options::default()).unwrap();
    let bound = ours.bound.as_ref().unwrap();
    assert!(
        rounded.design.violation < 1e-3,
        "{}",
        rounded.design.violation
    );
    assert!(rounded.relaxed_sum_crlb >= bound.norm * problem.fairness().reference() * (1.0 - 1e-6));
    // A local method from the same start: the descent is not beaten by more than a few per cent.
    let ratio = rounded.design.sum_crlb() / ours.sum_crlb();
    assert!((0.95..1.3).contains(&ratio), "{ratio}");
    assert!(rounded.rank_excess < 1e-3, "{}", rounded.rank_excess);
    let unknown = SensingOptions {
        gain: Gain::Unknown,
        ..SensingOptions::default()
    };
    let other = problem.with_sensing(unknown).unwrap();
    assert!(sdr::solve(&other, start.as_ref(), &sdr::Options::default()).is_err());
}

#[test]
fn the_own_start_has_full_power_no_silent_stream_and_meets_the_rates() {
    let sensing = SensingOptions::default();
    let full = SensingOptions {
        bs: BsKnowledge::FullWaveform,
        gain: Gain::Unknown,
        ..sensing
    };
    let crowded = Instance { users: 6, ..SMALL };
    let alone = Instance { users: 0, ..SMALL };
    let all = Interference::All;
    for (name, problem) in [
        ("default", SMALL.default_problem()),
        ("state", SMALL.problem(full, true, all, 2.0, Form::Power)),
        ("more users than antennas", crowded.default_problem()),
        ("no users", alone.default_problem()),
        (
            "nobody disturbs",
            SMALL.problem(sensing, false, Interference::None, 0.0, Form::Norm),
        ),
    ] {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let start = Start::Apart.draw(&problem, &mut rng).unwrap();
        assert!((ops::norm2(start.as_ref()) - 1.0).abs() < 1e-9, "{name}");
        let silent = (0..start.ncols()).any(|c| ops::norm2(start.as_ref().subcols(c, 1)) == 0.0);
        assert!(!silent, "{name}");
        let own = Design::measure(&problem, start.clone()).unwrap();
        assert!(own.objective.is_finite(), "{name}");
        if name != "more users than antennas" {
            // A start need not meet the rates, only be near: 0.05 bit/s/Hz.
            assert!(own.violation < 0.05, "{name}: {}", own.violation);
            let paper = Design::measure(&problem, mrt(&problem, 5)).unwrap();
            assert!(own.sum_crlb() < paper.sum_crlb(), "{name}");
        }
    }
}

#[test]
fn evaluations_allocate_nothing() {
    let problem = SMALL.default_problem();
    let w = mrt(&problem, 1);
    let mut gradient = Mat::zeros(w.nrows(), w.ncols());
    let mut evaluator = Evaluator::new(&problem);
    let count = allocation_counter::measure(|| {
        for _ in 0..3 {
            evaluator.penalised(w.as_ref(), 1.0, gradient.as_mut());
        }
    });
    assert_eq!(count.count_total, 0);
}

#[test]
fn every_program_of_the_semidefinite_baseline_is_solved_to_eight_digits() {
    conic_outcomes::all_are_solved_to_eight_digits(8, || {
        for (n, antennas, targets, users, alpha) in [
            (3, 3, 2, 1, 0.0),
            (4, 4, 3, 2, 0.0),
            (3, 4, 2, 2, f64::INFINITY),
        ] {
            let seed = 3 + n as u64;
            let size = Instance {
                n,
                antennas,
                targets,
                users,
                seed,
            };
            let sensing = SensingOptions::default();
            let problem = size.problem(sensing, false, Interference::All, alpha, Form::Norm);
            let start = mrt(&problem, 1);
            let options = sdr::Options {
                rounds: 3,
                ..sdr::Options::default()
            };
            sdr::solve(&problem, start.as_ref(), &options).unwrap();
        }
    });
}
