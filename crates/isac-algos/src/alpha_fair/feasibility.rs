//! The least power the users need, as a certified lower bound: it proves that rates cannot be met and
//! tightens the lower bound of the cost.
//!
//! Beams that meet the rates lie in the capacity region of the broadcast channel, hence of its dual
//! multiple-access channel of equal power: there are uplink powers q with the same sum such that for
//! all weights lambda >= 0
//!
//! ```math
//! sum_k lambda_k rmin_k <= f(q),   f(q) = u sum_i sum_j (lambda_j - lambda_{j+1}) log det S_{i,j}
//! S_{i,j} = I + sum_{l <= j} q_{l,i} h_{l,i} h_{l,i}^H / sigma2_l,   u = 1/(N ln 2)
//! ```
//!
//! with the users sorted by falling weight. f is concave, so its linearisation at any q0 with gradient g
//! gives, for any weights,
//!
//! ```math
//! sum q >= (sum_k lambda_k rmin_k - f(q0) + <g, q0>) / max g
//! ```
//!
//! This bound holds for every code. Linear beams, which treat interference as noise, need more; the
//! larger of this bound and that of `linear.rs` counts.

use super::{FEASIBLE, Problem, linear};
use crate::Error;
use isac_linalg::{Mat, c64, ops};
use serde::{Deserialize, Serialize};

/// Proof that no beamformer meets the rates, not even up to [`FEASIBLE`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Infeasibility {
    /// Lower bound of the power the users need, W.
    pub needed_w: f64,
    /// Power there is, W.
    pub available_w: f64,
}

impl std::fmt::Display for Infeasibility {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "the rates need at least {} W, there are {} W",
            self.needed_w, self.available_w
        )
    }
}

/// Looks for a proof that the rates cannot be met, each less [`FEASIBLE`], so that no point that counts
/// as feasible refutes it; `None` proves nothing.
///
/// # Errors
/// None for a valid problem.
pub fn prove_infeasible(problem: &Problem) -> Result<Option<Infeasibility>, Error> {
    let rates = problem.min_rates().iter();
    let rates = rates.map(|rate| (rate - FEASIBLE).max(0.0)).collect();
    let available_w = problem.power_w();
    let needed_w = available_w * least_power(&problem.in_own_unit()?.with_min_rates(rates)?);
    Ok(
        (needed_w > available_w * (1.0 + 1e-9)).then_some(Infeasibility {
            needed_w,
            available_w,
        }),
    )
}

/// Sweeps in which powers and weights are improved.
const SWEEPS: usize = 200;

/// A lower bound of the power, W, that beams need to meet the rates of a problem; infinite when a user
/// without channel wants a positive rate.
pub fn least_power(problem: &Problem) -> f64 {
    let alone: f64 = (0..problem.streams().users)
        .map(|k| problem.rate().single_user_power(k, problem.min_rates()[k]))
        .sum();
    if !alone.is_finite() || alone <= 0.0 {
        return alone;
    }
    let mut dual = Dual::new(problem);
    let mut best = alone.max(linear::least_power(problem, &dual.grams));
    for sweep in 0..SWEEPS {
        best = best.max(dual.bound());
        dual.improve(0.5 / (1.0 + sweep as f64 / 40.0));
    }
    best
}

/// What linear beams need by the dual uplink alone, with what proves it; `None` without users, or where
/// nothing is proved. In the unit of the problem's power.
pub(super) fn user_power(problem: &Problem) -> Option<linear::UserPower> {
    linear::user_power(problem, &Dual::new(problem).grams)
}

/// Powers and weights of the dual multiple-access channel.
struct Dual<'a> {
    min_rates: &'a [f64],
    users: usize,
    unit: f64,
    /// Gram matrices of the users' channels over noise, one per subcarrier, K x K.
    grams: Vec<Mat<c64>>,
    weights: Vec<f64>,
    /// Powers, subcarrier-major.
    powers: Vec<f64>,
    rates: Vec<f64>,
    slopes: Vec<f64>,
    order: Vec<usize>,
    scratch: Mat<c64>,
}

impl<'a> Dual<'a> {
    /// Starts from water-filling without interference.
    fn new(problem: &'a Problem) -> Self {
        let streams = problem.streams();
        let (n, users) = (streams.subcarriers, streams.users);
        let rate = problem.rate();
        let unit = 1.0 / (n as f64 * std::f64::consts::LN_2);
        let grams: Vec<Mat<c64>> = (0..n)
            .map(|i| {
                let h = rate.channels().subcols(i * users, users);
                let noise = rate.noise_w();
                let gram = ops::adjoint_mul(h, h);
                Mat::from_fn(users, users, |a, b| {
                    gram[(a, b)] / (noise[a] * noise[b]).sqrt()
                })
            })
            .collect();
        let levels: Vec<f64> = (0..users)
            .map(|k| rate.water_level(k, problem.min_rates()[k]))
            .collect();
        let floor = 1e-9 * levels.iter().sum::<f64>();
        let powers = (0..n * users)
            .map(|at| {
                let (i, k) = (at / users, at % users);
                (levels[k] - 1.0 / grams[i][(k, k)].re).max(floor)
            })
            .collect();
        Self {
            min_rates: problem.min_rates(),
            users,
            unit,
            grams,
            weights: levels.iter().map(|level| level / unit).collect(),
            powers,
            rates: vec![0.0; users],
            slopes: vec![0.0; n * users],
            order: (0..users).collect(),
            scratch: Mat::zeros(users, users),
        }
    }

    /// Evaluates rates and slopes at the present powers and weights, and returns the bound there.
    fn bound(&mut self) -> f64 {
        let users = self.users;
        let weights = &self.weights;
        self.order
            .sort_by(|a, b| weights[*b].total_cmp(&weights[*a]).then(a.cmp(b)));
        self.rates.fill(0.0);
        self.slopes.fill(0.0);
        for (i, gram) in self.grams.iter().enumerate() {
            // H^H S_j^-1 H, brought up to date user by user.
            self.scratch.copy_from(gram);
            for (j, &user) in self.order.iter().enumerate() {
                let power = self.powers[i * users + user];
                let gain = 1.0 + power * self.scratch[(user, user)].re;
                self.rates[user] += self.unit * gain.ln();
                for b in 0..users {
                    let factor = self.scratch[(user, b)] * (power / gain);
                    if b == user {
                        continue;
                    }
                    for a in 0..users {
                        let change = self.scratch[(a, user)] * factor;
                        self.scratch[(a, b)] -= change;
                    }
                }
                let column_factor = 1.0 / gain;
                for a in 0..users {
                    self.scratch[(a, user)] *= column_factor;
                }
                let next = self
                    .order
                    .get(j + 1)
                    .map_or(0.0, |next| self.weights[*next]);
                let step = self.unit * (self.weights[user] - next);
                for &l in &self.order[..=j] {
                    self.slopes[i * users + l] += step * self.scratch[(l, l)].re;
                }
            }
        }
        let weighted = |rates: &[f64]| -> f64 {
            let pairs = self.weights.iter().zip(rates);
            pairs.map(|(w, r)| w * r).sum()
        };
        let linear: f64 = self
            .powers
            .iter()
            .zip(&self.slopes)
            .map(|(q, g)| q * g)
            .sum();
        let top = self.slopes.iter().copied().fold(0.0, f64::max);
        (weighted(self.min_rates) - weighted(&self.rates) + linear) / top
    }

    /// One multiplicative step of the powers towards slope 1, one of the weights towards the rates.
    fn improve(&mut self, step: f64) {
        for (power, slope) in self.powers.iter_mut().zip(&self.slopes) {
            *power *= slope;
        }
        for k in 0..self.users {
            let short = std::f64::consts::LN_2 * (self.min_rates[k] - self.rates[k]);
            self.weights[k] *= (step * short).exp();
        }
    }
}
