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
//! other half. They start at `S |a_t|^2` and are renewed after every round. What is bounded are designs no
//! worse than `U`; so the bound is the smaller of the two. All users' echoes are left out.

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

use scene::{Dual, Scene, lower};
use vertices::Vertices;

/// Targets at most: the vertices are `2^T`.
pub const TARGETS: usize = 12;
/// Rounds of prices and caps at most.
const ROUNDS: usize = 4;
/// A round that raises the bound by less than this, relative, is the last.
const PROGRESS: f64 = 1e-3;
/// Temperatures of the smoothed maxima, over `b`.
const TEMPERATURES: [f64; 4] = [3e-3, 3e-4, 3e-5, 3e-6];

/// Prices of a round, and what the caps after it are made with. Powers are shares of the total power.
#[derive(Debug, Clone, PartialEq)]
pub struct Round {
    /// `E_t`, entries 11, 12 and 22.
    pub information: Vec<[f64; 3]>,
    /// `rho_t`, per share of power.
    pub light: Vec<f64>,
    /// `nu_th`, per share of power.
    pub caps: Vec<[f64; 2]>,
    /// `delta_th` of the caps after the round.
    pub raises: Vec<[f64; 2]>,
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
    /// Prices, the last round's prove the bound.
    pub rounds: Vec<Round>,
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
    let mut point = scene.start();
    let mut best: Option<(f64, usize)> = None;
    let mut rounds: Vec<Round> = Vec::new();
    for at in 0..ROUNDS {
        let table = Vertices::new(&scene, &caps);
        point = scene.improve(&table, point)?;
        let dual = scene.unpack(&point);
        let [a, b] = scene.parts(&table, &dual)?;
        let norm = a * a / (4.0 * b);
        let dual = dual.scaled(a / (2.0 * b));
        let (raises, renewed) = scene.renewed_caps(&table, &dual, upper)?;
        rounds.push(Round {
            information: dual.information,
            light: dual.light,
            caps: dual.caps,
            raises,
        });
        let before = best.map_or(0.0, |(norm, _)| norm);
        if norm > before {
            best = Some((norm, at));
        }
        if norm <= before * (1.0 + PROGRESS) || !goes_on() {
            break;
        }
        caps = renewed;
    }
    let Some((norm, last)) = best else {
        return Ok(None);
    };
    rounds.truncate(last + 1);
    Ok(Some(Evidence {
        weights: scene.weights,
        centres: scene.centres,
        users,
        rounds,
        norm: norm.min(upper),
    }))
}

impl Scene {
    /// `a` and `b`, the maxima exact.
    fn parts(&self, table: &Vertices, dual: &Dual) -> Result<[f64; 2], Error> {
        let a = (0..self.targets).map(|t| self.gain(t, lower(&dual.information[t])).0);
        let mut b = self.left * self.top(&dual.light)?;
        for t in 0..self.targets {
            for h in 0..2 {
                b += dual.caps[t][h] * table.caps[t][h];
            }
        }
        let prices = self.prices_of(dual);
        b += (0..self.subcarriers)
            .map(|i| table.most(self, dual, &prices[self.half(i)], i))
            .sum::<f64>();
        Ok([a.sum(), b])
    }

    /// Descends on `ln b / 2 - ln a` at falling temperatures; the answer is the best point seen.
    fn improve(&self, table: &Vertices, start: Vec<f64>) -> Result<Vec<f64>, Error> {
        let count = start.len();
        let sphere = Sphere::new(1.0)?;
        let mut x = start;
        let mut best = (f64::INFINITY, x.clone());
        for temperature in TEMPERATURES {
            let [_, b] = self.parts(table, &self.unpack(&x))?;
            let size = x.iter().map(|v| v * v).sum::<f64>().sqrt();
            let tau = temperature * b / (size * size);
            let point = Mat::from_fn(count, 1, |i, _| c64::new(x[i] / size, 0.0));
            let method = Method::Lbfgs(lbfgs::Options {
                stop: Stop {
                    max_iterations: 200,
                    ..Stop::default()
                },
                ..lbfgs::Options::default()
            });
            let end = method.minimise(
                &sphere,
                point.as_ref(),
                |w, mut gradient| {
                    let x: Vec<f64> = (0..count).map(|i| w[(i, 0)].re).collect();
                    let (value, slopes) = self.smooth(table, &x, tau)?;
                    for (i, slope) in slopes.into_iter().enumerate() {
                        gradient[(i, 0)] = c64::new(slope, 0.0);
                    }
                    Ok::<f64, Error>(value)
                },
                &mut Workspace::default(),
            )?;
            x = (0..count).map(|i| end.point[(i, 0)].re).collect();
            let [a, b] = self.parts(table, &self.unpack(&x))?;
            let value = 0.5 * b.ln() - a.ln();
            if value < best.0 {
                best = (value, x.clone());
            }
        }
        Ok(best.1)
    }

    /// The smoothed objective and its slopes.
    fn smooth(&self, table: &Vertices, x: &[f64], tau: f64) -> Result<(f64, Vec<f64>), Error> {
        let dual = self.unpack(x);
        let mut a = 0.0;
        let mut b = 0.0;
        let mut of_a = vec![0.0; x.len()];
        let mut of_b = vec![0.0; x.len()];
        // Slopes by E (11, 12, 22), by rho and by nu of each half.
        let mut by = vec![[0.0; 6]; self.targets];
        for t in 0..self.targets {
            for h in 0..2 {
                b += dual.caps[t][h] * table.caps[t][h];
                by[t][4 + h] += table.caps[t][h];
            }
        }
        b += self.smooth_top(&dual.light, tau, &mut by)?;
        let prices = self.prices_of(&dual);
        for i in 0..self.subcarriers {
            b += table.smooth(self, &dual, &prices[self.half(i)], i, tau, &mut by);
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
        let value = 0.5 * b.ln() - a.ln();
        let pairs = of_a.iter().zip(&of_b);
        Ok((value, pairs.map(|(da, db)| 0.5 * db / b - da / a).collect()))
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

    /// Caps after a round, each the smaller of the old one and the best of some `delta`, and these.
    fn renewed_caps(
        &self,
        table: &Vertices,
        dual: &Dual,
        upper: f64,
    ) -> Result<(Vec<[f64; 2]>, Vec<[f64; 2]>), Error> {
        let [a, b] = self.parts(table, dual)?;
        let prices = self.prices_of(dual);
        let phi: Vec<f64> = (0..self.subcarriers)
            .map(|i| table.most(self, dual, &prices[self.half(i)], i))
            .collect();
        let top = self.left * self.top(&dual.light)?;
        let mut raises = vec![[0.0; 2]; self.targets];
        let mut caps = table.caps.clone();
        for t in 0..self.targets {
            for h in 0..2 {
                let cap = |delta: f64| -> Result<f64, Error> {
                    let mut light = dual.light.clone();
                    light[t] += delta;
                    let mut raised = prices[1 - h].clone();
                    raised[t] += delta;
                    let mut change = self.left * self.top(&light)? - top;
                    for i in (0..self.subcarriers).filter(|&i| self.half(i) != h && phi[i] > 0.0) {
                        change += table.most(self, dual, &raised, i) - phi[i];
                    }
                    Ok((upper - a + b + change).max(0.0) / delta)
                };
                let mut best = (f64::INFINITY, 0.0);
                for step in 0..32 {
                    let delta = self.prices[t] * 10f64.powf(-3.0 + 0.15 * f64::from(step));
                    let found = cap(delta)?;
                    if found < best.0 {
                        best = (found, delta);
                    }
                }
                raises[t][h] = best.1;
                caps[t][h] = caps[t][h].min(best.0);
            }
        }
        Ok((raises, caps))
    }
}
