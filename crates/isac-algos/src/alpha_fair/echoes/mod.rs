//! A lower bound of the cost that sees the echoes of other targets: caps on the light of every target and
//! a maximum over vertices per subcarrier.
//!
//! [`super::bound`] lets targets take turns on the edge of the band, one at a time and undisturbed, which
//! beams cannot. Let `g_ti` be the light of target `t` on subcarrier `i`, `S` the power that the users
//! leave, `h` a half of the band, and `w` weights with `sum w_t C_t <= norm(C)`. For any positive
//! semidefinite `E_t` and prices `rho`, `nu >= 0`, with `e_ti` the inner product of `E_t` and what one unit
//! of `g_ti / D_tji` informs,
//!
//! ```math
//! \sum_t w_t C_t \ge a - b, \qquad a = \sum_t 2 \mathrm{tr} (w_t D^{1/2} E_t D^{1/2})^{1/2}
//! b = S \lambda_{max}(\sum_t \rho_t a_t a_t^H) + \sum_{th} \nu_{th} G_{th} + \sum_i \phi_i
//! \phi_i = \max_{0 \le g \le G} \sum_{tj} \kappa_{tj} e_{ti} g_t / (\sigma_j + \sum_{q \ne t} b_{qj} g_q)
//!          - \sum_t (\rho_t + \nu_{th}) g_t
//! ```
//!
//! for every design whose light of target `t` in half `h` is at most `G_th`. The function under the maximum is
//! convex in each `g_t` alone: one of `2^T` vertices attains it. With `E` and prices scaled as the bound
//! likes best, `norm(C) >= a^2 / (4 b)`.
//!
//! The caps follow from a design of cost `U`: no design that is as good has more light than
//! `(U - a + b') / delta`, with `b'` as `b` but for `rho_t + delta` in the eigenvalue and in `phi` of the
//! other half. Every cap has prices of its own, scaled as it likes best: `(b' - a^2 / (4 U)) / delta`. They
//! start at `S |a_t|^2` and are renewed in rounds, each from those before. What is bounded are designs no
//! worse than `U`; so the bound is the smaller of the two. All users' echoes are left out.

mod prices;
mod scene;
mod vertices;

use super::linear::UserPower;
use super::{Problem, bound, feasibility};
use crate::Error;
use isac_linalg::{Mat, c64, factor};
use isac_metrics::delay_doppler::{BsKnowledge, Combine, Disturbance};
use isac_opt::drive::Stop;
use isac_opt::manifold::Sphere;
use isac_opt::riemannian::{Method, Workspace, lbfgs};

pub use prices::Prices;
use scene::{Scene, lower};
use vertices::Vertices;

/// Targets at most: the vertices are `2^T`.
pub const TARGETS: usize = 12;
/// Rounds of caps at most.
const ROUNDS: usize = 3;
/// A round that raises the bound by less than this, relative, is the last.
const PROGRESS: f64 = 2e-3;
/// Temperatures of the smoothed maxima, over `b`.
const TEMPERATURES: [f64; 4] = [3e-3, 3e-4, 3e-5, 3e-6];
/// The light of a target in a half of the band is capped where what a subcarrier there informs is worth this
/// part of its price.
const WORTH: f64 = 0.2;

/// What caps the light of a target in a half of the band.
#[derive(Debug, Clone, PartialEq)]
pub struct Cap {
    /// The target.
    pub target: usize,
    /// 0 for the lower half of the band, 1 for the upper one.
    pub half: usize,
    /// `delta`, per share of power.
    pub raise: f64,
    /// The prices.
    pub prices: Prices,
}

/// Everything that a bound rests on.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// `w_t`, over the reference of the norm.
    pub weights: Vec<f64>,
    /// Index about which the spread of an unknown gain is counted, per target; 0 for known gains.
    pub centres: Vec<f64>,
    /// What the users need.
    pub users: UserPower,
    /// Caps in rounds: those of a round are proved from those of the round before.
    pub rounds: Vec<Vec<Cap>>,
    /// Prices that prove the bound from the last caps.
    pub prices: Prices,
    /// Bound of the norm form.
    pub norm: f64,
}

/// Bounds the norm form of the cost of all designs that meet the rates of `problem`, given the norm `upper`
/// of one of them. `None` where the echoes of others are no disturbance or the problem is of a kind
/// that this bound does not know (states, known data, more than [`TARGETS`] targets, `alpha < 0`).
///
/// # Errors
/// A numerical breakdown.
pub fn search(
    problem: &Problem,
    upper: f64,
    options: &bound::Options,
    mut goes_on: impl FnMut() -> bool,
) -> Result<Option<Evidence>, Error> {
    let sensing = problem.sensing();
    let known = sensing.options().disturbance == Disturbance::All
        && sensing.options().bs == BsKnowledge::SensingOnly
        && sensing.model().combine == Combine::Sum
        && sensing.targets() <= TARGETS
        && problem.fairness().order() >= 1.0;
    if !known {
        return Ok(None);
    }
    let problem = &problem.in_own_unit()?;
    let Some(users) = feasibility::user_power(problem) else {
        return Ok(None);
    };
    let Some((_, relaxation)) = bound::relaxed(problem, options, users.power)? else {
        return Ok(None);
    };
    let left = problem.power_w() - users.power;
    let scene = Scene::new(problem, &relaxation, left);
    let mut caps = scene.trivial_caps();
    let mut point = scene.improve(&Vertices::new(&scene, &caps), scene.start(), Goal::Bound)?;
    let mut best: Option<(f64, usize, Prices)> = None;
    let mut rounds: Vec<Vec<Cap>> = Vec::new();
    for at in 0..=ROUNDS {
        let table = Vertices::new(&scene, &caps);
        if at > 0 {
            point = scene.improve(&table, scene.open(point), Goal::Bound)?;
        }
        let dual = scene.unpack(&point);
        let [a, b] = scene.parts(&table, &dual, None)?;
        let norm = a * a / (4.0 * b);
        let before = best.as_ref().map_or(0.0, |(norm, ..)| *norm);
        if norm > before {
            best = Some((norm, at, dual.scaled(a / (2.0 * b))));
        }
        let enough = at > 0 && norm <= before * (1.0 + PROGRESS);
        if enough || at == ROUNDS || norm >= upper || !goes_on() {
            break;
        }
        let (list, renewed) = scene.renewed_caps(&table, &point, upper)?;
        rounds.push(list);
        caps = renewed;
    }
    let Some((norm, used, prices)) = best else {
        return Ok(None);
    };
    rounds.truncate(used);
    Ok(Some(Evidence {
        weights: scene.weights,
        centres: scene.centres,
        users,
        rounds,
        prices,
        norm: norm.min(upper),
    }))
}

/// What a descent is for.
#[derive(Debug, Clone, Copy)]
enum Goal {
    /// The bound of the cost.
    Bound,
    /// The cap of a target's light in a half, given the norm of a design; the last parameter is the root of
    /// `delta` over the target's price.
    Cap {
        target: usize,
        half: usize,
        upper: f64,
    },
}

impl Goal {
    /// What is minimised, of `a`, `b` and the parameters, and its slopes by `a`, `b` and the last of them.
    fn value(self, [a, b]: [f64; 2], x: &[f64]) -> (f64, [f64; 3]) {
        match self {
            Self::Bound => (0.5 * b.ln() - a.ln(), [-1.0 / a, 0.5 / b, 0.0]),
            Self::Cap { upper, .. } => {
                let root = x.last().copied().unwrap_or(1.0);
                let left = b - a * a / (4.0 * upper);
                let value = left.ln() - 2.0 * root.abs().ln();
                (value, [-a / (2.0 * upper * left), 1.0 / left, -2.0 / root])
            }
        }
    }
}

/// Target, half and `delta` of a cap.
type Raise = (usize, usize, f64);

impl Scene {
    /// `a` and `b`, or `b'` of a cap, the maxima exact.
    fn parts(
        &self,
        table: &Vertices,
        dual: &Prices,
        raise: Option<Raise>,
    ) -> Result<[f64; 2], Error> {
        let a = (0..self.targets).map(|t| self.gain(t, lower(&dual.information[t])).0);
        let (light, prices) = self.raised(dual, raise);
        let mut b = self.left * self.top(&light)?;
        for t in 0..self.targets {
            for h in 0..2 {
                b += dual.caps[t][h] * table.caps[t][h];
            }
        }
        b += (0..self.subcarriers)
            .map(|i| table.most(self, dual, &prices[self.half(i)], i))
            .sum::<f64>();
        Ok([a.sum(), b])
    }

    /// Prices of light in the eigenvalue and, with those of caps, in each half.
    fn raised(&self, dual: &Prices, raise: Option<Raise>) -> (Vec<f64>, [Vec<f64>; 2]) {
        let mut prices = self.prices_of(dual);
        let mut light = dual.light.clone();
        if let Some((t, h, delta)) = raise {
            light[t] += delta;
            prices[1 - h][t] += delta;
        }
        (light, prices)
    }

    /// The raise of a goal at its parameters.
    fn raise(&self, goal: Goal, x: &[f64]) -> Option<Raise> {
        match goal {
            Goal::Bound => None,
            Goal::Cap { target, half, .. } => {
                let root = x.last().copied().unwrap_or(1.0);
                Some((target, half, self.prices[target] * root * root))
            }
        }
    }

    /// A point with prices of caps to begin with.
    fn open(&self, mut x: Vec<f64>) -> Vec<f64> {
        let size = x.iter().map(|v| v * v).sum::<f64>().sqrt();
        let usual = (2.0 * self.targets as f64).sqrt();
        for t in 0..self.targets {
            for i in [4, 5] {
                x[6 * t + i] = x[6 * t + i].abs().max(0.2 * size / usual);
            }
        }
        x
    }

    /// Descends at falling temperatures; the answer is the best point seen.
    fn improve(&self, table: &Vertices, start: Vec<f64>, goal: Goal) -> Result<Vec<f64>, Error> {
        let count = start.len();
        let sphere = Sphere::new(1.0)?;
        let mut x = start;
        let mut best = (f64::INFINITY, x.clone());
        for temperature in TEMPERATURES {
            let [_, b] = self.parts(table, &self.unpack(&x), self.raise(goal, &x))?;
            let size = x.iter().map(|v| v * v).sum::<f64>().sqrt();
            let tau = temperature * b / (size * size);
            let point = Mat::from_fn(count, 1, |i, _| c64::new(x[i] / size, 0.0));
            let method = Method::Lbfgs(lbfgs::Options {
                stop: Stop {
                    max_iterations: 150,
                    ..Stop::default()
                },
                ..lbfgs::Options::default()
            });
            let end = method.minimise(
                &sphere,
                point.as_ref(),
                |w, mut gradient| {
                    let x: Vec<f64> = (0..count).map(|i| w[(i, 0)].re).collect();
                    let (value, slopes) = self.smooth(table, &x, tau, goal)?;
                    for (i, slope) in slopes.into_iter().enumerate() {
                        gradient[(i, 0)] = c64::new(slope, 0.0);
                    }
                    Ok::<f64, Error>(value)
                },
                &mut Workspace::default(),
            )?;
            x = (0..count).map(|i| end.point[(i, 0)].re).collect();
            let parts = self.parts(table, &self.unpack(&x), self.raise(goal, &x))?;
            let value = goal.value(parts, &x).0;
            if value < best.0 {
                best = (value, x.clone());
            }
        }
        Ok(best.1)
    }

    /// The smoothed objective and its slopes.
    fn smooth(
        &self,
        table: &Vertices,
        x: &[f64],
        tau: f64,
        goal: Goal,
    ) -> Result<(f64, Vec<f64>), Error> {
        let dual = self.unpack(x);
        let raise = self.raise(goal, x);
        let (light, prices) = self.raised(&dual, raise);
        let (mut a, mut b) = (0.0, 0.0);
        let mut of_a = vec![0.0; x.len()];
        let mut of_b = vec![0.0; x.len()];
        // Slopes by E (11, 12, 22), by rho and by nu of each half.
        let mut by = vec![[0.0; 6]; self.targets];
        b += self.smooth_top(&light, tau, &mut by)?;
        let mut by_raise = raise.map_or(0.0, |(t, ..)| by[t][3]);
        for t in 0..self.targets {
            for h in 0..2 {
                b += dual.caps[t][h] * table.caps[t][h];
                by[t][4 + h] += table.caps[t][h];
            }
        }
        for i in 0..self.subcarriers {
            let h = self.half(i);
            let before = raise.map_or(0.0, |(t, ..)| by[t][3]);
            b += table.smooth(self, &dual, &prices[h], i, tau, &mut by);
            if let Some((t, half, _)) = raise
                && half != h
            {
                by_raise += by[t][3] - before;
            }
        }
        for t in 0..self.targets {
            let l = self.factor(x, t);
            let (gain, slopes) = self.gain(t, l);
            a += gain;
            let [e11, e12, e22] = [by[t][0], by[t][1], by[t][2]];
            let of_l = [
                2.0 * l[0] * e11 + l[1] * e12,
                l[0] * e12 + 2.0 * l[1] * e22,
                2.0 * l[2] * e22,
            ];
            let [f11, f21, f22] = self.factors[t];
            let back = |s: [f64; 3]| [f11 * s[0] + f21 * s[1], f22 * s[1], f22 * s[2]];
            for (i, (da, db)) in back(slopes).into_iter().zip(back(of_l)).enumerate() {
                of_a[6 * t + i] = da;
                of_b[6 * t + i] = db;
            }
            for i in 3..6 {
                of_b[6 * t + i] = 2.0 * self.prices[t] * x[6 * t + i] * by[t][i];
            }
        }
        let (value, [by_a, by_b, by_last]) = goal.value([a, b], x);
        let pairs = of_a.iter().zip(&of_b);
        let mut slopes: Vec<f64> = pairs.map(|(da, db)| by_a * da + by_b * db).collect();
        if let (Some((t, ..)), Some(last)) = (raise, slopes.last_mut()) {
            let root = x.last().copied().unwrap_or(1.0);
            *last = by_last + by_b * 2.0 * self.prices[t] * root * by_raise;
        }
        Ok((value, slopes))
    }
    /// `S` times the smoothed largest eigenvalue; adds its slopes by `rho`.
    fn smooth_top(&self, light: &[f64], tau: f64, by: &mut [[f64; 6]]) -> Result<f64, Error> {
        let eig = factor::eigh(self.weighted_gram(light).as_ref())?;
        let top = eig.values.last().copied().unwrap_or(0.0);
        let soft = tau / self.left;
        let parts: Vec<f64> = eig
            .values
            .iter()
            .map(|v| ((v - top) / soft).exp())
            .collect();
        let sum: f64 = parts.iter().sum();
        for (m, part) in parts.iter().enumerate() {
            let share = part / sum * self.left * eig.values[m].max(0.0);
            for t in 0..self.targets {
                if light[t] > 0.0 {
                    by[t][3] += share * eig.vectors[(t, m)].norm_sqr() / light[t];
                }
            }
        }
        Ok(self.left * (top + soft * sum.ln()))
    }

    /// Caps of all targets where light is worth its price, proved from those of `table`, and all caps then.
    fn renewed_caps(
        &self,
        table: &Vertices,
        point: &[f64],
        upper: f64,
    ) -> Result<(Vec<Cap>, Vec<[f64; 2]>), Error> {
        let mut list = Vec::new();
        let mut caps = table.caps.clone();
        for target in 0..self.targets {
            for half in (0..2).filter(|&half| self.matters(target, half)) {
                let goal = Goal::Cap {
                    target,
                    half,
                    upper,
                };
                let mut start = self.open(point.to_vec());
                start.push(start[6 * target + 3].abs());
                let end = self.improve(table, start, goal)?;
                let Some((.., delta)) = self.raise(goal, &end) else {
                    continue;
                };
                let dual = self.unpack(&end);
                let [a, b] = self.parts(table, &dual, Some((target, half, delta)))?;
                let cap = (b - a * a / (4.0 * upper)).max(0.0) / delta;
                if cap < caps[target][half] {
                    caps[target][half] = cap;
                    let by = 2.0 * upper / a;
                    list.push(Cap {
                        target,
                        half,
                        raise: delta * by * by,
                        prices: dual.scaled(by),
                    });
                }
            }
        }
        Ok((list, caps))
    }

    /// Whether light of a target in a half of the band is worth a part of its price.
    fn matters(&self, target: usize, half: usize) -> bool {
        let [l11, l21, l22] = self.factors[target];
        let e = [l11 * l11, l11 * l21, l21 * l21 + l22 * l22];
        let quiet = self.quiet(target);
        let inside = (0..self.subcarriers).filter(|&i| self.half(i) == half);
        let most = inside.map(|i| self.informs(&e, target, i) * quiet);
        most.fold(0.0, f64::max) > WORTH * self.prices[target]
    }
}
