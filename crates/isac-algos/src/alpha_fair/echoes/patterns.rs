//! Beams on single subcarriers: what they cost and inform, and the best ones at given prices.

use super::Dual;
use super::scene::{Scene, dot};
use crate::Error;
use isac_linalg::{Mat, c64};
use isac_opt::drive::Stop;
use isac_opt::manifold::Euclidean;
use isac_opt::riemannian::{Method, Workspace, lbfgs};
use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};

/// Shares of the power of the first beams, each towards one target.
const SHARES: [f64; 4] = [0.02, 0.06, 0.15, 0.4];
/// Ascents from the best beams known, from pairs of targets and from all directions.
const STARTS: [usize; 3] = [6, 12, 6];
/// Beams kept on a subcarrier.
const KEPT: usize = 150;

/// A beam on a subcarrier.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    beam: Vec<c64>,
    pub(super) power: f64,
    /// `sum_j kappa_tj g_t / D_tj`.
    pub(super) rates: Vec<f64>,
}

impl Pattern {
    fn new(scene: &Scene, mut beam: Vec<c64>) -> Self {
        let mut power = dot(&beam, &beam).re;
        if power > scene.left {
            let shrink = (scene.left / power).sqrt();
            beam.iter_mut().for_each(|x| *x *= shrink);
            power = scene.left;
        }
        let light: Vec<f64> = (scene.coordinates.iter())
            .map(|a| dot(a, &beam).norm_sqr())
            .collect();
        let (rates, _) = scene.rates(&light, None);
        Self { beam, power, rates }
    }

    /// `sum_t e_ti rate_t - mu |w|^2`.
    pub(super) fn value(&self, worth: &[f64], price: f64) -> f64 {
        let pairs = self.rates.iter().zip(worth);
        pairs.map(|(rate, e)| rate * e).sum::<f64>() - price * self.power
    }
}

/// Beams of all subcarriers.
pub(super) struct Pools<'a> {
    pub(super) scene: &'a Scene,
    pub(super) lists: Vec<Vec<Pattern>>,
    rng: ChaCha8Rng,
}

impl<'a> Pools<'a> {
    /// One target at a time.
    pub(super) fn new(scene: &'a Scene) -> Self {
        let mut first = Vec::new();
        for a in &scene.coordinates {
            for share in SHARES {
                let size = (share * scene.left / dot(a, a).re).sqrt();
                first.push(Pattern::new(scene, a.iter().map(|x| x * size).collect()));
            }
        }
        Self {
            scene,
            lists: vec![first; scene.subcarriers],
            rng: ChaCha8Rng::seed_from_u64(0),
        }
    }

    /// Looks for the best beams at these prices and answers what each subcarrier is worth, `phi_i` as far as
    /// it was found.
    pub(super) fn renew(&mut self, dual: &Dual) -> Result<Vec<f64>, Error> {
        let scene = self.scene;
        let mut found = Vec::with_capacity(scene.subcarriers);
        for i in 0..scene.subcarriers {
            let worth = scene.worth(dual, i);
            let alone: Vec<f64> = (worth.iter().enumerate())
                .map(|(t, e)| e.max(0.0) * scene.quiet(t))
                .collect();
            // Undisturbed no light pays.
            if scene.top(&alone)? <= dual.power {
                found.push(0.0);
                continue;
            }
            let mut starts: Vec<Vec<c64>> = (self.lists[i].iter().take(STARTS[0]))
                .map(|p| p.beam.clone())
                .collect();
            starts.extend(self.fresh());
            for start in starts {
                let beam = ascend(scene, &worth, dual.power, start)?;
                self.lists[i].push(Pattern::new(scene, beam));
            }
            let list = &mut self.lists[i];
            let value = |p: &Pattern| p.value(&worth, dual.power);
            list.sort_by(|a, b| value(b).total_cmp(&value(a)));
            list.truncate(KEPT);
            found.push(list.first().map_or(0.0, value).max(0.0));
        }
        Ok(found)
    }

    /// Beams towards each target, towards pairs of targets and in any direction.
    fn fresh(&mut self) -> Vec<Vec<c64>> {
        let (scene, rng) = (self.scene, &mut self.rng);
        let targets = scene.targets;
        let towards = |rng: &mut ChaCha8Rng, t: usize| -> Vec<c64> {
            let a = &scene.coordinates[t];
            let share = 10f64.powf(rng.random_range(-2.0..-0.4));
            let size = (share * scene.left / dot(a, a).re).sqrt();
            let turn = c64::cis(rng.random_range(0.0..std::f64::consts::TAU));
            a.iter().map(|x| x * turn * size).collect()
        };
        let mut out: Vec<Vec<c64>> = (0..targets).map(|t| towards(rng, t)).collect();
        for _ in 0..STARTS[1].min(targets * (targets - 1)) {
            let first = rng.random_range(0..targets);
            let second = (first + rng.random_range(1..targets)) % targets;
            let (first, second) = (towards(rng, first), towards(rng, second));
            out.push(first.iter().zip(&second).map(|(a, b)| a + b).collect());
        }
        for _ in 0..STARTS[2] {
            let every: Vec<Vec<c64>> = (0..targets).map(|t| towards(rng, t)).collect();
            let part = 1.0 / targets as f64;
            let sum = |k: usize| every.iter().map(|a| a[k] * part).sum();
            out.push((0..every[0].len()).map(sum).collect());
        }
        out
    }
}

/// Climbs from a beam.
fn ascend(scene: &Scene, worth: &[f64], price: f64, start: Vec<c64>) -> Result<Vec<c64>, Error> {
    let scale = price * scene.left;
    let size = dot(&start, &start).re.sqrt();
    let point = Mat::from_fn(start.len(), 1, |k, _| start[k]);
    let method = Method::Lbfgs(lbfgs::Options {
        stop: Stop {
            max_iterations: 40,
            gradient: 1e-5,
            ..Stop::default()
        },
        ..lbfgs::Options::default()
    });
    let end = method.minimise(
        &Euclidean::new(size)?,
        point.as_ref(),
        |w, mut gradient| {
            let beam: Vec<c64> = w.col(0).iter().copied().collect();
            let seen: Vec<c64> = scene.coordinates.iter().map(|a| dot(a, &beam)).collect();
            let light: Vec<f64> = seen.iter().map(|s| s.norm_sqr()).collect();
            let (rates, slopes) = scene.rates(&light, Some(worth));
            let value: f64 = rates.iter().zip(worth).map(|(r, e)| r * e).sum();
            for k in 0..beam.len() {
                let parts = scene.coordinates.iter().zip(seen.iter().zip(&slopes));
                let pull: c64 = parts.map(|(a, (s, by))| a[k] * s * *by).sum();
                gradient[(k, 0)] = (beam[k] * price - pull) * (2.0 / scale);
            }
            Ok::<f64, Error>((price * dot(&beam, &beam).re - value) / scale)
        },
        &mut Workspace::default(),
    )?;
    Ok(end.point.col(0).iter().copied().collect())
}
