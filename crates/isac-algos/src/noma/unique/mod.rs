//! Whether the optimum of the robust relaxation, Eq. (22) of `[noma]`, is the only one.
//!
//! An interior-point method ends in the middle of the optimal set: that its answer has rank two says
//! nothing of other optima. Here multipliers with a bound `d` and a feasible point of power `P` say how
//! far apart optima can be. With `g = P - d` every point of power at most `P` has
//!
//! ```text
//! tr(Z_k W_k) <= g,    <U_kl, S_kl> <= g,    tau (U_22 - tr U_11) <= g,    nu_m (P_m - P_s) <= g, ...
//! ```
//!
//! so off the kernel of `Z_k` (eigenvalues below [`KERNEL`] of `rho_c`; `theta` the least above) it has at
//! most `sqrt(2 w g / theta + (g / theta)^2)` of its trace `w`, `|S_kl q| <= sqrt(tr S_kl g / u)` for an
//! eigenvector `q` of `U_kl` with value `u`, and so on: only multipliers above 0 count, each by how much
//! it forces. Two such points therefore differ by an `(X, tau)` whose image under these linear rows, each
//! divided by its error, is at most `sqrt(rows)` (a vector counts as one). If the least singular value
//! `s` of the rows, less what `tau` can do to them, is above 0, they are closer together than
//! `sqrt(rows) / s` and what lies off the kernels. With that below the second eigenvalue of the point's
//! covariances no optimum has rank one.

mod known;
mod rows;

use super::problem::Scene;
use super::robust::{Design, ErrorBall};
use crate::Error;
use isac_linalg::factor;
pub use known::KERNEL;
use known::Known;

/// Second eigenvalue, relative, from which a covariance counts as of higher rank.
const HIGHER: f64 = 1e-4;

/// What is known of the optimal set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// All optima share the rank of the point: they are closer to it than its second eigenvalue (its
    /// first, where all covariances are rank one).
    Unique,
    /// A second optimum was found, far from the first.
    NotUnique,
    /// Neither.
    Undecided,
}

/// The answer of [`unique`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Uniqueness {
    /// What is known.
    pub verdict: Verdict,
    /// Least singular value of the rows, each divided by its error, in units of the trace.
    pub singular_value: f64,
    /// What it has to exceed.
    pub threshold: f64,
    /// All optima are within this of the point (Frobenius norm of all covariances), watt.
    pub radius: f64,
    /// Largest second over first eigenvalue of the covariances of the second optimum that was found.
    pub other_ratio: Option<f64>,
}

/// Tests the optimum of a design of [`solve`](super::robust::solve).
///
/// # Errors
/// A decomposition that failed.
pub fn unique(scene: &Scene, design: &Design, ball: ErrorBall) -> Result<Uniqueness, Error> {
    let mut answer = Uniqueness {
        verdict: Verdict::Undecided,
        singular_value: 0.0,
        threshold: f64::INFINITY,
        radius: f64::INFINITY,
        other_ratio: None,
    };
    let Some(known) = Known::new(scene, design, ball)? else {
        return Ok(answer);
    };
    let (rows, groups) = known.rows();
    let svd = factor::svd(rows.as_ref())?;
    let whole = rows.nrows() >= rows.ncols();
    let least = svd.values.last().copied().unwrap_or(0.0);
    answer.singular_value = if whole { least } else { 0.0 };
    let off = known.off.iter().map(|e| 4.0 * e * e).sum::<f64>().sqrt();
    let reach = known.trace * (groups as f64).sqrt();
    answer.radius = reach / answer.singular_value + off;
    let (mut second, mut first) = (0.0_f64, 0.0_f64);
    for block in &known.blocks {
        let values = factor::eigvalsh(block.as_ref())?;
        let n = values.len();
        first = first.max(values[n - 1]);
        if n > 1 && values[n - 2] > HIGHER * values[n - 1] {
            second = second.max(values[n - 2]);
        }
    }
    let room = if second > 0.0 { second } else { first } - off;
    if room > 0.0 {
        answer.threshold = reach / room;
    }
    if answer.singular_value > answer.threshold {
        answer.verdict = Verdict::Unique;
        return Ok(answer);
    }
    // Along the direction that the rows see least, as far as the covariances allow.
    if !whole {
        return Ok(answer);
    }
    for at in (0..svd.v.ncols()).rev().take(3) {
        let direction: Vec<f64> = (0..svd.v.nrows()).map(|i| svd.v[(i, at)].re).collect();
        for sign in [1.0, -1.0] {
            if let Some(ratio) = known.second_optimum(&direction, sign)? {
                answer.verdict = Verdict::NotUnique;
                answer.other_ratio = Some(ratio);
                return Ok(answer);
            }
        }
    }
    Ok(answer)
}
