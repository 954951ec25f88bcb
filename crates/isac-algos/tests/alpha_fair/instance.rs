//! Small scenes with Rayleigh channels, and starts for them.

use isac_algos::alpha_fair::{Problem, Start, design};
use isac_linalg::{Mat, c64, ops};
use isac_metrics::delay_doppler::{Combine, DelayDoppler, EchoModel, SensingOptions};
use isac_metrics::fairness::{Fairness, Form};
use isac_metrics::ofdm_rate::{Interference, OfdmRate, Streams};
use isac_models::geometry::{MovingTarget, Scene};
use isac_models::ofdm::Grid;
use isac_testkit::sample;
use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};

const NOISE_W: f64 = 1e-13;

/// A scene of `targets` and `users` with Rayleigh channels of about 100 dB loss.
pub(crate) struct Instance {
    pub(crate) n: usize,
    pub(crate) antennas: usize,
    pub(crate) targets: usize,
    pub(crate) users: usize,
    pub(crate) seed: u64,
}

pub(crate) const SMALL: Instance = Instance {
    n: 4,
    antennas: 4,
    targets: 3,
    users: 2,
    seed: 1,
};

impl Instance {
    pub(crate) fn problem(
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

    pub(crate) fn default_problem(&self) -> Problem {
        self.problem(
            SensingOptions::default(),
            false,
            Interference::All,
            0.0,
            Form::Norm,
        )
    }
}

pub(crate) fn unbounded() -> design::Options {
    design::Options {
        bound: None,
        ..design::Options::default()
    }
}

pub(crate) fn mrt(problem: &Problem, seed: u64) -> Mat<c64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    Start::Mrt.draw(problem, &mut rng).unwrap()
}

pub(crate) fn random(problem: &Problem, seed: u64) -> Mat<c64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    Start::Random.draw(problem, &mut rng).unwrap()
}
