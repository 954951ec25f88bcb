//! Proofs that the rates cannot be met, independent of any descent.

use super::Problem;
use crate::Error;
use isac_linalg::{Mat, factor, ops};

/// Why no beamformer meets the rates.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Infeasibility {
    /// Even without any interference the users need more power than there is.
    Power {
        /// Power the users need without interference, W.
        needed_w: f64,
        /// Power there is, W.
        available_w: f64,
    },
    /// The rates together exceed the sum capacity of the broadcast channel.
    SumRate {
        /// Sum of the least rates, bit/s/Hz.
        needed: f64,
        /// An upper bound of the sum capacity, bit/s/Hz.
        capacity: f64,
    },
}

impl Infeasibility {
    /// The kind of proof: `power` or `sum_rate`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Power { .. } => "power",
            Self::SumRate { .. } => "sum_rate",
        }
    }
}

impl std::fmt::Display for Infeasibility {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Power {
                needed_w,
                available_w,
            } => write!(
                f,
                "the rates need {needed_w} W even without interference, there are {available_w} W"
            ),
            Self::SumRate { needed, capacity } => write!(
                f,
                "the rates sum to {needed} bit/s/Hz, above the sum capacity of at most {capacity} bit/s/Hz"
            ),
        }
    }
}

/// Rounds in which the bound of the sum capacity is tightened.
const ROUNDS: usize = 100;

/// Looks for a proof that the rates cannot be met; `None` proves nothing.
///
/// # Errors
/// A failed factorisation.
pub fn prove_infeasible(problem: &Problem) -> Result<Option<Infeasibility>, Error> {
    let available_w = problem.power_w();
    let needed_w: f64 = (0..problem.streams().users)
        .map(|k| problem.rate().single_user_power(k, problem.min_rates()[k]))
        .sum();
    if needed_w > available_w * (1.0 + 1e-9) {
        return Ok(Some(Infeasibility::Power {
            needed_w,
            available_w,
        }));
    }
    let needed: f64 = problem.min_rates().iter().sum();
    if needed <= 0.0 {
        return Ok(None);
    }
    let capacity = sum_capacity_bound(problem, needed)?;
    Ok((needed > capacity * (1.0 + 1e-9)).then_some(Infeasibility::SumRate { needed, capacity }))
}

/// Upper bound of the sum capacity, bit/s/Hz, by the dual multiple-access channel:
///
/// ```math
/// max_q f(q) = (1/(N ln 2)) sum_i log det(I + sum_k q_{k,i} h h^H / sigma2_k),  q >= 0, sum q <= P
/// ```
///
/// f is concave, so `f(q) - <grad, q> + P max grad` bounds it from above at any q; the multiplicative
/// update `q <- q grad` tightens the bound. Stops as soon as the bound falls below `target`.
fn sum_capacity_bound(problem: &Problem, target: f64) -> Result<f64, Error> {
    let streams = problem.streams();
    let (n, users) = (streams.subcarriers, streams.users);
    let unit = 1.0 / (n as f64 * std::f64::consts::LN_2);
    let channels = problem.rate().channels();
    let scaled = Mat::from_fn(channels.nrows(), channels.ncols(), |a, c| {
        channels[(a, c)] / problem.rate().noise_w()[c % users].sqrt()
    });
    let power = problem.power_w();
    let mut q = vec![power / (n * users) as f64; n * users];
    let mut best = f64::INFINITY;
    let mut slopes = vec![0.0; n * users];
    for _ in 0..ROUNDS {
        let mut value = 0.0;
        for i in 0..n {
            let h = scaled.as_ref().subcols(i * users, users);
            let lit = Mat::from_fn(h.nrows(), users, |a, k| h[(a, k)] * q[i * users + k].sqrt());
            let gram = ops::mul_adjoint(lit.as_ref(), lit.as_ref());
            let root = factor::cholesky("channel", ops::shifted(gram.as_ref(), 1.0).as_ref())?;
            let white = root.solve_lower(h);
            for a in 0..h.nrows() {
                value += 2.0 * root.lower()[(a, a)].re.ln() * unit;
            }
            for k in 0..users {
                let of_user = white.as_ref().subcols(k, 1);
                slopes[i * users + k] = ops::norm2(of_user) * unit;
            }
        }
        let linear: f64 = q.iter().zip(&slopes).map(|(q, g)| q * g).sum();
        let top = slopes.iter().copied().fold(0.0, f64::max);
        best = best.min(value - linear + power * top);
        if best < target || linear <= 0.0 {
            break;
        }
        for (q, g) in q.iter_mut().zip(&slopes) {
            *q *= g * power / linear;
        }
    }
    Ok(best)
}
