//! Beams near a design moved onto its constraints.
//!
//! Where the floors hardly bind, `Z` is singular in the limit and its inverse has few digits: the beams of
//! the path then miss budgets and floors by more than the path is away from the optimum. Newton's method on
//! one factor `s_m` of the amplitudes per access point and one factor `w_u` of the power per user meets
//! all of them,
//!
//! ```math
//! s_m^2 \sum_s w_s \|f_{sm}\|^2 = P_m, \qquad
//! w_u |z_{uu}|^2 / \gamma_u - \sum_{s \ne u} w_s |z_{us}|^2 = \sigma_u^2, \qquad
//! z_{us} = \sum_m s_m h_{um}^H f_{sm},
//! ```
//!
//! with `w_s = 1` for sensing streams. The objective moves by the square of the step: the beams lie where
//! the multipliers leave no slope.

use super::problem::{Network, block};
use isac_linalg::{Mat, c64, ops, real};

const MOST_STEPS: usize = 8;

/// The beams with every budget spent and every floor met; unchanged where Newton's method does not lead
/// there.
pub(super) fn restore(network: &Network, floors: &[f64], beams: &Mat<c64>) -> Mat<c64> {
    let (users, points, streams) = (network.users(), network.access_points(), beams.ncols());
    let parts: Vec<Mat<c64>> = (0..points)
        .map(|m| {
            let rows = network.rows(m);
            ops::adjoint_mul(block(network.channels(), rows), block(beams.as_ref(), rows))
        })
        .collect();
    let spent =
        |m: usize, s: usize| ops::norm2(block(beams.as_ref().subcols(s, 1), network.rows(m)));
    let (mut power, mut scale) = (vec![1.0; streams], vec![1.0; points]);
    let mut last = f64::INFINITY;
    for _ in 0..MOST_STEPS {
        let n = users + points;
        let mut jacobian = Mat::<f64>::zeros(n, n);
        let mut missed = vec![0.0; n];
        for k in 0..users {
            let unit = network.noise()[k];
            missed[k] = -1.0;
            for s in 0..streams {
                let z: c64 = (0..points).map(|m| scale[m] * parts[m][(k, s)]).sum();
                let weight = if s == k { 1.0 / floors[k] } else { -1.0 } / unit;
                missed[k] += weight * power[s] * z.norm_sqr();
                if s < users {
                    jacobian[(k, s)] = weight * z.norm_sqr();
                }
                for m in 0..points {
                    let slope = 2.0 * (z.conj() * parts[m][(k, s)]).re;
                    jacobian[(k, users + m)] += weight * power[s] * slope;
                }
            }
        }
        for m in 0..points {
            let budget = network.power()[m];
            let total: f64 = (0..streams).map(|s| power[s] * spent(m, s)).sum();
            missed[users + m] = scale[m] * scale[m] * total / budget - 1.0;
            jacobian[(users + m, users + m)] = 2.0 * scale[m] * total / budget;
            for u in 0..users {
                jacobian[(users + m, u)] = scale[m] * scale[m] * spent(m, u) / budget;
            }
        }
        let size = missed.iter().map(|r| r.abs()).fold(0.0, f64::max);
        if size.is_nan() || size > last {
            break;
        }
        last = size;
        let right = Mat::from_fn(n, 1, |i, _| -missed[i]);
        let Ok(step) = real::solve(jacobian.as_ref(), right.as_ref()) else {
            break;
        };
        let next: Vec<f64> = (0..users).map(|u| power[u] + step[(u, 0)]).collect();
        let factors: Vec<f64> = (0..points)
            .map(|m| scale[m] + step[(users + m, 0)])
            .collect();
        if size < 1e-13 || next.iter().any(|w| *w < 0.0) || factors.iter().any(|s| *s <= 0.0) {
            break;
        }
        power[..users].copy_from_slice(&next);
        scale = factors;
    }
    let mut out = beams.clone();
    for m in 0..points {
        let (first, rows) = network.rows(m);
        for s in 0..streams {
            let factor = scale[m] * power[s].sqrt();
            ops::scale(out.as_mut().submatrix_mut(first, s, rows, 1), factor);
        }
    }
    out
}
