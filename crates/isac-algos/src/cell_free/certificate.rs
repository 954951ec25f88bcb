//! Bounds from multipliers, without the program that found them.

use super::problem::Network;
use isac_linalg::{Mat, c64, factor, ops, validate};
use serde::{Deserialize, Serialize};

/// Multipliers of budgets (`mu`, per watt), of SINR floors (`lambda`) and weights of the targets (`nu`).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Multipliers {
    /// One per access point, >= 0.
    pub power: Vec<f64>,
    /// One per user, >= 0.
    pub sinr: Vec<f64>,
    /// One per target, >= 0; divided by their sum before use.
    pub target: Vec<f64>,
}

/// `Z` of the dual without the targets' part, on the stacked antennas.
fn users_part(network: &Network, y: &Multipliers) -> Mat<c64> {
    let channels = network.channels();
    let mut scaled = channels.to_owned();
    for (u, &lambda) in y.sinr.iter().enumerate() {
        ops::scale(scaled.as_mut().subcols_mut(u, 1), lambda);
    }
    let mut z = ops::mul_adjoint(scaled.as_ref(), channels);
    for (m, &mu) in y.power.iter().enumerate() {
        let (first, rows) = network.rows(m);
        for i in first..first + rows {
            z[(i, i)] += mu;
        }
    }
    z
}

/// Least `delta >= 0` tried for which `Z + delta I` and every `Z + delta I - c_u lambda_u h_u h_u^H` are
/// positive semidefinite: twice what Cholesky's method needed, which is more than it rounds.
fn shift(network: &Network, z: &Mat<c64>, y: &Multipliers, floors: &[f64]) -> Option<f64> {
    let n = z.nrows();
    let size = (0..n).map(|i| z[(i, i)].re.abs()).fold(0.0, f64::max);
    let definite = |a: &Mat<c64>| factor::cholesky("Z", a.as_ref()).is_ok();
    let channels = network.channels();
    let mut delta = 4.0 * n as f64 * f64::EPSILON * size;
    for _ in 0..14 {
        let shifted = ops::shifted(z.as_ref(), delta);
        let all = definite(&shifted)
            && (0..network.users()).all(|u| {
                let weight = (1.0 + 1.0 / floors[u]) * y.sinr[u];
                let column = channels.subcols(u, 1);
                let mut a = shifted.clone();
                let outer = ops::mul_adjoint(column, column);
                ops::axpy(a.as_mut(), -weight, outer.as_ref());
                definite(&a)
            });
        if all {
            return Some(2.0 * delta);
        }
        delta *= 10.0;
    }
    None
}

/// Whether multipliers have the right number and are finite and >= 0.
fn well_formed(network: &Network, y: &Multipliers, floors: &[f64]) -> bool {
    let listed = y.power.len() == network.access_points()
        && y.sinr.len() == network.users()
        && floors.len() == network.users()
        && (y.target.is_empty() || y.target.len() == network.targets());
    let lists = [&y.power, &y.sinr, &y.target];
    let finite = lists
        .iter()
        .all(|list| validate::finite_list("multipliers", list).is_ok());
    let nonnegative = lists.iter().all(|list| list.iter().all(|v| *v >= 0.0));
    listed && finite && nonnegative && floors.iter().all(|f| *f > 0.0 && f.is_finite())
}

/// Upper bound on the smallest sensing SNR of all beams and covariances that meet the floors within the
/// budgets. A value below 0 proves that there are none: no sensing SNR is negative. `None` where the
/// multipliers prove nothing.
pub fn sensing_bound(network: &Network, floors: &[f64], y: &Multipliers) -> Option<f64> {
    let total: f64 = y.target.iter().sum();
    if !well_formed(network, y, floors) || total.is_nan() || total <= 0.0 {
        return None;
    }
    let mut z = users_part(network, y);
    for (t, nu) in y.target.iter().enumerate() {
        let weight = network.gain() * nu / total;
        for m in 0..network.access_points() {
            let (first, rows) = network.rows(m);
            let a = network.steering().subcols(t, 1).subrows(first, rows);
            let outer = ops::mul_adjoint(a, a);
            let part = z.as_mut().submatrix_mut(first, first, rows, rows);
            ops::axpy(part, -weight, outer.as_ref());
        }
    }
    let delta = shift(network, &z, y, floors)?;
    let watts = y.power.iter().zip(network.power());
    let budget: f64 = watts.map(|(mu, p)| (mu + delta) * p).sum();
    let served: f64 = y.sinr.iter().zip(network.noise()).map(|(l, n)| l * n).sum();
    let bound = budget - served;
    // The two sums round too.
    let rounding = 16.0 * f64::EPSILON * (budget + served);
    bound.is_finite().then_some(bound + rounding)
}

/// Whether no beams within the budgets meet the floors: `sum sigma_u^2 lambda_u > sum P_m mu_m` at
/// multipliers without targets.
pub fn excludes(network: &Network, floors: &[f64], y: &Multipliers) -> bool {
    if !well_formed(network, y, floors) {
        return false;
    }
    let z = users_part(network, y);
    let Some(delta) = shift(network, &z, y, floors) else {
        return false;
    };
    let watts = y.power.iter().zip(network.power());
    let budget: f64 = watts.map(|(mu, p)| (mu + delta) * p).sum();
    let served: f64 = y.sinr.iter().zip(network.noise()).map(|(l, n)| l * n).sum();
    served - budget > 16.0 * f64::EPSILON * (budget + served)
}

/// Upper bound on the largest common SINR within the budgets from multipliers without targets.
///
/// At `lambda` scaled to `sum sigma_u^2 lambda_u = sum P_m mu_m` the virtual uplink of user `u` has the
/// SINR `e_u = t_u / (1 - t_u)` with `t_u = lambda_u h_u^H Z^{-1} h_u`, and no beams have a common SINR above
/// the largest of them. The number returned is that, widened until [`excludes`] confirms it. `None` where
/// nothing is proved.
pub fn sinr_bound(network: &Network, y: &Multipliers) -> Option<f64> {
    let users = network.users();
    if !well_formed(network, y, &vec![1.0; users]) {
        return None;
    }
    let watts = y.power.iter().zip(network.power());
    let budget: f64 = watts.map(|(mu, p)| mu * p).sum();
    let served: f64 = y.sinr.iter().zip(network.noise()).map(|(l, n)| l * n).sum();
    if !(budget > 0.0 && served > 0.0) {
        return None;
    }
    let sinr = y.sinr.iter().map(|l| l * budget / served);
    let mut scaled = Multipliers {
        sinr: sinr.collect(),
        ..y.clone()
    };
    let z = users_part(network, &scaled);
    let chol = factor::cholesky("Z", z.as_ref()).ok()?;
    let seen = chol.solve_lower(network.channels());
    let top = (0..users)
        .map(|u| {
            let t = scaled.sinr[u] * ops::norm2(seen.as_ref().subcols(u, 1));
            t / (1.0 - t)
        })
        .fold(0.0, f64::max);
    if !(top.is_finite() && top > 0.0) {
        return None;
    }
    let mut wider = 1e-13;
    while wider < 1e-2 {
        let bound = top * (1.0 + wider);
        // A higher SINR lets the multipliers grow: that is the margin of the strict inequality.
        let grown = 1.0 + 0.25 * wider / (1.0 + top);
        for (s, l) in scaled.sinr.iter_mut().zip(&y.sinr) {
            *s = l * budget / served * grown;
        }
        if excludes(network, &vec![bound; users], &scaled) {
            return Some(bound);
        }
        wider *= 4.0;
    }
    None
}
