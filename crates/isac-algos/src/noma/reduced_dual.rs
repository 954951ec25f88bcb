//! Fast paths for decoding of the own message only: a dual of one variable per target.
//!
//! For [`SicSet::Own`] and [`SicSet::Orthogonal`], with differences and cross-correlation inactive,
//! the optimal multipliers of the SINR constraints are explicit in the multipliers `nu` of the
//! floors. With `S_1 = rho_c I + sum_m (rho_s - nu_m) A_m > 0` and, for `k = 1..K`,
//!
//! ```math
//! \lambda_k = 1 / (h_k^H S_k^{-1} h_k), \qquad S_{k+1} = S_k + \gamma_k \lambda_k H_k, \qquad
//! w_k \propto S_k^{-1} h_k,
//! ```
//!
//! (`S_{k+1} = S_k` in orthogonal slots), the powers follow by back-substitution from the strongest
//! user with all targets met exactly, the beams are rank one, and the dual is concave in `nu` with
//! gradient `P_s - P_m(nu)`. Only the Gram matrices `V^H S_k^{-1} V` of `V = [h, a]` are needed, of
//! order `K + M` whatever the number of antennas; they change by rank one from user to user, and
//! their derivatives are carried along.
//!
//! [`fn@power_min`] maximises the dual by Newton's method over `nu >= 0`; [`fn@max_min`] finds the common
//! SINR of a power budget by Newton's method on `(log t, nu)` at once. Both return `None` where the
//! assumptions fail; the caller then solves the relaxation.

use super::certificate::Multipliers;
use super::power_min::{self, Design};
use super::problem::{Scene, Span};
use super::{bounds, certificate, evaluate, power_min::Certificate};
use crate::Error;
use isac_linalg::{Mat, c64, ops, real};
use isac_metrics::noma::SicSet;

const MAX_ITERATIONS: usize = 80;

/// Constants of the recursion.
struct Data {
    users: usize,
    targets: usize,
    /// `V^H V / rho_c`, channels divided by sigma first.
    gram: Vec<c64>,
    cancels: bool,
    rho_c: f64,
    rho_s: f64,
    floor: f64,
}

/// One evaluation of the recursion; first derivatives with respect to `nu_1..nu_M, log t`.
struct State {
    /// `lambda_k` for noise-normalised channels.
    lambda: Vec<f64>,
    /// Column `V^H S_k^{-1} h_k` per user.
    columns: Vec<Vec<c64>>,
    /// Noise-normalised interference of each user.
    interference: Vec<f64>,
    /// `P_m`, watt.
    pattern: Vec<f64>,
    /// Derivatives of `P_m`: row `j` of the list belongs to direction `j`.
    d_pattern: Vec<Vec<f64>>,
    /// `sum gamma_k lambda_k + P_s sum nu_m`, watt.
    dual: f64,
    /// Its derivative with respect to `log t`.
    d_dual: f64,
}

/// Multipliers and columns `V^H S_k^{-1} h_k` of each user; derivatives by direction.
struct Steps {
    lambda: Vec<f64>,
    d_lambda: Vec<Vec<f64>>,
    columns: Vec<Vec<c64>>,
    d_columns: Vec<Vec<Vec<c64>>>,
}

/// Powers of the users and what disturbs them, both noise-normalised.
struct Powers {
    power: Vec<f64>,
    interference: Vec<f64>,
    d_power: Vec<Vec<f64>>,
}

impl Data {
    fn new(scene: &Scene) -> Self {
        let (users, targets) = (scene.users(), scene.targets());
        let weights = scene.mode().weights;
        let mut channels = scene.channels().to_owned();
        ops::scale(channels.as_mut(), 1.0 / scene.noise().sqrt());
        let all = ops::hcat(channels.as_ref(), scene.steering());
        let gram = ops::adjoint_mul(all.as_ref(), all.as_ref());
        let n = users + targets;
        Self {
            users,
            targets,
            gram: (0..n * n)
                .map(|e| gram[(e % n, e / n)] / weights.transmit)
                .collect(),
            cancels: scene.mode().sic == SicSet::Own,
            rho_c: weights.transmit,
            rho_s: weights.sensing,
            floor: scene.sensing().floor,
        }
    }

    /// The recursion at `nu`; `None` when `S_1` is not positive definite.
    fn evaluate(&self, gammas: &[f64], nu: &[f64]) -> Option<State> {
        let directions = self.targets + 1;
        let (g, dg) = self.first(nu)?;
        let steps = self.steps(gammas, g, dg)?;
        let powers = self.powers(gammas, &steps);
        let mut pattern = vec![0.0; self.targets];
        let mut d_pattern = vec![vec![0.0; self.targets]; directions];
        for m in 0..self.targets {
            for k in 0..self.users {
                let z = steps.columns[k][self.users + m];
                pattern[m] += powers.power[k] * z.norm_sqr();
                for j in 0..directions {
                    let d_z = steps.d_columns[j][k][self.users + m];
                    d_pattern[j][m] +=
                        powers.d_power[j][k] * z.norm_sqr() + powers.power[k] * d_norm_sqr(z, d_z);
                }
            }
        }
        let (lambda, interference) = (steps.lambda, powers.interference);
        let served: f64 = (0..self.users).map(|k| gammas[k] * lambda[k]).sum();
        let slope: f64 = (0..self.users)
            .map(|k| gammas[k] * lambda[k] * (interference[k] + 1.0))
            .sum();
        let state = State {
            dual: served + self.floor * nu.iter().sum::<f64>(),
            d_dual: slope,
            lambda,
            columns: steps.columns,
            interference,
            pattern,
            d_pattern,
        };
        let finite = state.dual.is_finite()
            && state.pattern.iter().all(|p| p.is_finite())
            && state.d_pattern.iter().flatten().all(|p| p.is_finite());
        finite.then_some(state)
    }

    /// `V^H S_1^{-1} V` and its derivatives; `None` where `S_1` is not positive definite.
    fn first(&self, nu: &[f64]) -> Option<(Vec<c64>, Vec<Vec<c64>>)> {
        let (users, targets) = (self.users, self.targets);
        let n = users + targets;
        let mut g = self.gram.clone();
        // Positive terms first, so that every partial sum of S_1 is positive definite if S_1 is.
        let mut order: Vec<usize> = (0..targets).collect();
        order.sort_by(|&a, &b| nu[a].total_cmp(&nu[b]));
        for m in order {
            let d = self.rho_s - nu[m];
            let at = users + m;
            let denominator = 1.0 + d * g[at * n + at].re;
            if denominator.is_nan() || denominator <= 1e-13 {
                return None;
            }
            let column = g[at * n..(at + 1) * n].to_vec();
            subtract_outer(&mut g, &column, &column, d / denominator);
        }
        // dG = G[:, a_m] G[a_m, :] for dS_1 = -A_m; nothing for log t.
        let mut dg: Vec<Vec<c64>> = (0..targets)
            .map(|m| {
                let column = g[(users + m) * n..(users + m + 1) * n].to_vec();
                let mut d = vec![c64::ZERO; n * n];
                subtract_outer(&mut d, &column, &column, -1.0);
                d
            })
            .collect();
        dg.push(vec![c64::ZERO; n * n]);
        Some((g, dg))
    }

    /// The recursion from user to user; `None` where a multiplier is not positive.
    fn steps(&self, gammas: &[f64], mut g: Vec<c64>, mut dg: Vec<Vec<c64>>) -> Option<Steps> {
        let (users, targets) = (self.users, self.targets);
        let n = users + targets;
        let directions = targets + 1;
        let mut lambda = vec![0.0; users];
        let mut d_lambda = vec![vec![0.0; users]; directions];
        let mut columns: Vec<Vec<c64>> = Vec::with_capacity(users);
        let mut d_columns: Vec<Vec<Vec<c64>>> = vec![Vec::with_capacity(users); directions];
        for k in 0..users {
            let column = g[k * n..(k + 1) * n].to_vec();
            let q = column[k].re;
            if q.is_nan() || q <= 0.0 {
                return None;
            }
            lambda[k] = 1.0 / q;
            let gamma = gammas[k];
            let c = if self.cancels {
                gamma * lambda[k] / (1.0 + gamma)
            } else {
                0.0
            };
            for j in 0..directions {
                let d_column = dg[j][k * n..(k + 1) * n].to_vec();
                d_lambda[j][k] = -lambda[k] * lambda[k] * d_column[k].re;
                if self.cancels {
                    let mut dc = gamma * d_lambda[j][k] / (1.0 + gamma);
                    if j == targets {
                        dc += c / (1.0 + gamma);
                    }
                    subtract_outer(&mut dg[j], &column, &column, dc);
                    subtract_outer(&mut dg[j], &d_column, &column, c);
                    subtract_outer(&mut dg[j], &column, &d_column, c);
                }
                d_columns[j].push(d_column);
            }
            subtract_outer(&mut g, &column, &column, c);
            columns.push(column);
        }
        Some(Steps {
            lambda,
            d_lambda,
            columns,
            d_columns,
        })
    }

    /// Back-substitution: `power_k q_k^2 = gamma_k (sum_{i>k} power_i |h_k^H x_i|^2 + 1)`.
    fn powers(&self, gammas: &[f64], steps: &Steps) -> Powers {
        let (users, targets) = (self.users, self.targets);
        let directions = targets + 1;
        let (lambda, columns) = (&steps.lambda, &steps.columns);
        let mut power = vec![0.0; users];
        let mut interference = vec![0.0; users];
        let mut d_power = vec![vec![0.0; users]; directions];
        for k in (0..users).rev() {
            let mut load = 0.0;
            if self.cancels {
                for i in k + 1..users {
                    load += power[i] * columns[i][k].norm_sqr();
                }
            }
            interference[k] = load;
            let scale = gammas[k] * lambda[k] * lambda[k];
            power[k] = scale * (load + 1.0);
            for j in 0..directions {
                let mut d_load = 0.0;
                if self.cancels {
                    for i in k + 1..users {
                        d_load += d_power[j][i] * columns[i][k].norm_sqr()
                            + power[i] * d_norm_sqr(columns[i][k], steps.d_columns[j][i][k]);
                    }
                }
                d_power[j][k] = scale * d_load + 2.0 * power[k] * steps.d_lambda[j][k] / lambda[k];
                if j == targets {
                    d_power[j][k] += power[k];
                }
            }
        }
        Powers {
            power,
            interference,
            d_power,
        }
    }
}

/// `g <- g - c u v^H`, column-major.
fn subtract_outer(g: &mut [c64], u: &[c64], v: &[c64], c: f64) {
    let n = u.len();
    for (j, vj) in v.iter().enumerate() {
        let right = vj.conj() * c;
        for (i, ui) in u.iter().enumerate() {
            g[j * n + i] -= ui * right;
        }
    }
}

/// Derivative of `|z|^2`.
fn d_norm_sqr(z: c64, dz: c64) -> f64 {
    2.0 * (z.re * dz.re + z.im * dz.im)
}

/// Whether the fast paths may be tried: decoding of the own message or orthogonal slots, without
/// the ordering constraint.
pub fn applies(scene: &Scene) -> bool {
    let mode = scene.mode();
    matches!(mode.sic, SicSet::Own | SicSet::Orthogonal) && !mode.ordering
}

/// A design with the number of evaluations of the recursion it took.
#[derive(Debug, Clone)]
pub struct Fast {
    /// The design; its factors have one column.
    pub design: Design,
    /// Evaluations of the recursion.
    pub evaluations: usize,
}

/// Least power for SINR targets by user. `None`: outside the assumptions, or no convergence to a
/// verified optimum (violation and relative gap at most `accept`).
///
/// # Errors
/// Targets of the wrong number or not positive; a decomposition that failed.
pub fn power_min(
    scene: &Scene,
    targets_by_user: &[f64],
    accept: f64,
) -> Result<Option<Fast>, Error> {
    let targets = scene.sinr_targets(targets_by_user)?;
    if !applies(scene) {
        return Ok(None);
    }
    let data = Data::new(scene);
    let Some((state, nu, evaluations)) = maximise_dual(&data, &targets) else {
        return Ok(None);
    };
    verified(scene, &data, &targets, &state, &nu, evaluations, accept)
}

/// Newton's method for the concave dual over `nu >= 0`.
fn maximise_dual(data: &Data, gammas: &[f64]) -> Option<(State, Vec<f64>, usize)> {
    let targets = data.targets;
    let mut nu = vec![data.rho_s; targets];
    let mut state = data.evaluate(gammas, &nu)?;
    let mut evaluations = 1;
    for _ in 0..MAX_ITERATIONS {
        let gradient: Vec<f64> = state.pattern.iter().map(|p| data.floor - p).collect();
        let free: Vec<usize> = (0..targets)
            .filter(|&m| nu[m] > 0.0 || gradient[m] > 0.0)
            .collect();
        let top = state.pattern.iter().copied().fold(data.floor, f64::max);
        let residual = free.iter().map(|&m| gradient[m].abs()).fold(0.0, f64::max);
        if residual <= 1e-12 * top {
            return Some((state, nu, evaluations));
        }
        // Hessian of the dual: -dP_m/dnu_j on the free part.
        let f = free.len();
        let jacobian = Mat::from_fn(f, f, |i, j| state.d_pattern[free[j]][free[i]]);
        let right = Mat::from_fn(f, 1, |i, _| gradient[free[i]]);
        let step = real::solve(jacobian.as_ref(), right.as_ref()).ok()?;
        let mut length = 1.0;
        let (next, trial) = loop {
            let mut trial = nu.clone();
            for (i, &m) in free.iter().enumerate() {
                trial[m] = (nu[m] + length * step[(i, 0)]).max(0.0);
            }
            evaluations += 1;
            let gain: f64 = (0..targets).map(|m| gradient[m] * (trial[m] - nu[m])).sum();
            match data.evaluate(gammas, &trial) {
                // Rounding floor: a step that gains less than the last digit of the dual is taken.
                Some(next)
                    if gain >= 0.0
                        && next.dual
                            >= state.dual + 1e-4 * gain - 4.0 * f64::EPSILON * state.dual.abs() =>
                {
                    break (next, trial);
                }
                _ => length *= 0.5,
            }
            if length < 1e-6 {
                return None;
            }
        };
        let stalled = trial == nu;
        nu = trial;
        state = next;
        if stalled {
            return Some((state, nu, evaluations));
        }
    }
    Some((state, nu, evaluations))
}

/// Builds the design and checks everything that was assumed.
fn verified(
    scene: &Scene,
    data: &Data,
    targets: &[f64],
    state: &State,
    nu: &[f64],
    evaluations: usize,
    accept: f64,
) -> Result<Option<Fast>, Error> {
    let factors = beams(scene, data, targets, state, nu);
    if factors.iter().any(|f| !f.norm_l2().is_finite()) {
        return Ok(None);
    }
    let evaluation = evaluate::evaluate(scene, &factors)?;
    let mut multipliers = Multipliers::zeros(scene);
    multipliers.floor.copy_from_slice(nu);
    for (out, lambda) in multipliers.sinr.iter_mut().zip(&state.lambda) {
        *out = lambda / scene.noise();
    }
    let violation = evaluation.violation(targets);
    if violation > accept {
        return Ok(None);
    }
    let span = Span::new(scene);
    let bound = certificate::lower_bound_in(scene, &span, targets, &multipliers)?;
    let relative_gap = (evaluation.power - bound.power) / evaluation.power;
    if relative_gap.is_nan() || relative_gap > accept {
        return Ok(None);
    }
    let slope = (0..data.users)
        .map(|k| state.lambda[k] * (state.interference[k] + 1.0))
        .sum();
    let design = Design {
        factors,
        certificate: Certificate {
            lower_bound: bound.power,
            relative_gap,
            violation,
        },
        evaluation,
        multipliers,
        slope,
        rank_ratios: vec![0.0; data.users],
        targets: targets.to_vec(),
        iterations: evaluations,
    };
    Ok(Some(Fast {
        design,
        evaluations,
    }))
}

/// `w_k = sqrt(p_k) x_k` in antenna space, from `rho_c x = h - sum (rho_s - nu) a (a^H x) - ...`;
/// the powers are found again from the beams themselves, so that targets are met to rounding.
fn beams(scene: &Scene, data: &Data, targets: &[f64], state: &State, nu: &[f64]) -> Vec<Mat<c64>> {
    let users = data.users;
    let sigma = scene.noise().sqrt();
    let directions: Vec<Mat<c64>> = (0..users)
        .map(|k| {
            let column = &state.columns[k];
            Mat::from_fn(scene.antennas(), 1, |n, _| {
                let mut x = scene.channels()[(n, k)] / sigma;
                for m in 0..data.targets {
                    let weight = column[users + m] * (data.rho_s - nu[m]);
                    x -= scene.steering()[(n, m)] * weight;
                }
                if data.cancels {
                    for i in 0..k {
                        let weight = column[i] * (targets[i] * state.lambda[i] / sigma);
                        x -= scene.channels()[(n, i)] * weight;
                    }
                }
                x / data.rho_c
            })
        })
        .collect();
    let gain = |k: usize, i: usize| {
        ops::dot(scene.channels().col(k), directions[i].col(0)).norm_sqr() / scene.noise()
    };
    let mut power = vec![0.0; users];
    for k in (0..users).rev() {
        let mut load = 1.0;
        if data.cancels {
            for i in k + 1..users {
                load += power[i] * gain(k, i);
            }
        }
        power[k] = targets[k] * load / gain(k, k);
    }
    directions
        .into_iter()
        .zip(power)
        .map(|(mut x, p)| {
            ops::scale(x.as_mut(), p.sqrt());
            x
        })
        .collect()
}

/// Largest common SINR within a power budget (watt), and the design that reaches it.
#[derive(Debug, Clone)]
pub struct FastMaxMin {
    /// The common SINR, linear.
    pub target: f64,
    /// The design; its power equals the budget.
    pub fast: Fast,
}

/// Newton's method on `(log t, nu)` for `P_m = P_s` and power = budget. `None`: outside the
/// assumptions, or no convergence to a verified optimum.
///
/// # Errors
/// A decomposition that failed.
pub fn max_min(scene: &Scene, budget: f64, accept: f64) -> Result<Option<FastMaxMin>, Error> {
    if !applies(scene) {
        return Ok(None);
    }
    let data = Data::new(scene);
    let held = data.rho_s * data.floor * data.targets as f64;
    let transmit = (budget - held) / data.rho_c;
    if transmit.is_nan() || transmit <= 0.0 {
        return Ok(None);
    }
    let users = data.users;
    let target_floor = data.floor.max(f64::MIN_POSITIVE);
    let mut log_t = (bounds::largest_common_target(scene, transmit, 0.0) / users as f64).ln();
    let mut nu = vec![data.rho_s; data.targets];
    let gammas = |log_t: f64| vec![log_t.exp(); users];
    // Residuals: floors, relative; spent over available transmit power, logarithmic.
    let residuals = |state: &State| -> Option<Vec<f64>> {
        let mut out: Vec<f64> = state
            .pattern
            .iter()
            .map(|p| (p - data.floor) / target_floor)
            .collect();
        let spent = state.dual - held;
        (spent > 0.0).then(|| {
            out.push((spent / (budget - held)).ln());
            out
        })
    };
    let merit = |r: &[f64]| r.iter().map(|x| x * x).sum::<f64>();
    let Some(mut state) = data.evaluate(&gammas(log_t), &nu) else {
        return Ok(None);
    };
    let mut evaluations = 1;
    let Some(mut residual) = residuals(&state) else {
        return Ok(None);
    };
    let n = data.targets + 1;
    for _ in 0..MAX_ITERATIONS {
        let worst = residual.iter().fold(0.0_f64, |top, r| top.max(r.abs()));
        if worst <= 1e-12 {
            break;
        }
        let spent = state.dual - held;
        let jacobian = Mat::from_fn(n, n, |i, j| {
            if i < data.targets {
                state.d_pattern[j][i] / target_floor
            } else if j < data.targets {
                (data.floor - state.pattern[j]) / spent
            } else {
                state.d_dual / spent
            }
        });
        let right = Mat::from_fn(n, 1, |i, _| -residual[i]);
        let Ok(step) = real::solve(jacobian.as_ref(), right.as_ref()) else {
            return Ok(None);
        };
        let mut length = (1.5 / step[(n - 1, 0)].abs().max(1.5)).min(1.0);
        let before = merit(&residual);
        loop {
            let trial_log = log_t + length * step[(n - 1, 0)];
            let trial: Vec<f64> = (0..data.targets)
                .map(|m| nu[m] + length * step[(m, 0)])
                .collect();
            evaluations += 1;
            let next = data.evaluate(&gammas(trial_log), &trial);
            let better = next.and_then(|next| residuals(&next).map(|r| (next, r)));
            match better {
                Some((next, r))
                    if merit(&r) <= before * (1.0 - 1e-4 * length) || merit(&r) <= 1e-22 =>
                {
                    (state, residual, log_t, nu) = (next, r, trial_log, trial);
                    break;
                }
                _ => length *= 0.5,
            }
            if length < 1e-4 {
                // Rounding ends the decrease; what was reached is verified below.
                if worst <= 1e-9 {
                    break;
                }
                return Ok(None);
            }
        }
        if length < 1e-4 {
            break;
        }
    }
    if nu.iter().any(|&x| x < 0.0) {
        return Ok(None);
    }
    let target = log_t.exp();
    let targets = vec![target; users];
    let fast = verified(scene, &data, &targets, &state, &nu, evaluations, accept)?;
    let within = |design: &Design| (design.power() / budget - 1.0).abs() <= 1e-8;
    Ok(fast
        .filter(|fast| within(&fast.design))
        .map(|fast| FastMaxMin { target, fast }))
}

/// [`fn@power_min`], or the relaxation where it does not apply.
///
/// # Errors
/// As [`power_min::solve`].
pub fn power_min_or_relaxation(
    scene: &Scene,
    targets_by_user: &[f64],
    options: &power_min::Options,
) -> Result<power_min::Outcome, Error> {
    match power_min(scene, targets_by_user, options.accept)? {
        Some(fast) => Ok(power_min::Outcome::Solved(Box::new(fast.design))),
        None => power_min::solve(scene, targets_by_user, options),
    }
}
