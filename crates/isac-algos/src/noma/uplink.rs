//! Users without cancellation by uplink duality, in about 31 digits.
//!
//! For [`SicSet::Linear`](isac_metrics::noma::SicSet) and no floor that binds, the multipliers
//! `q_k = gamma_k lambda_k` are the fixed point of
//!
//! ```math
//! q_k = \frac{\gamma_k}{1 + \gamma_k} \Big/ h_k^H S(q)^{-1} h_k, \qquad S(q) = Z_0 + \sum_i q_i h_i h_i^H
//! ```
//!
//! whose right side is concave, so Newton's method descends to it from any point above; the beams are
//! `S^-1 h_k` with the powers that meet the targets. Designs that need a billion times the power of
//! orthogonal channels (nearly parallel ones) keep their digits. Without a fixed point the iterates
//! grow, and their direction is a proof that none exists.

use super::certificate::Multipliers;
use super::problem::{Scene, Span};
use isac_linalg::kernel::{Field, Real, Scratch, Twofold, TwofoldComplex};
use isac_linalg::{Mat, c64};

/// What the iteration ended in.
pub(crate) struct Found {
    /// `lambda_k`, in the order of the pairs; the rest zero.
    pub(crate) multipliers: Multipliers,
    /// Beams in span coordinates; `None` when no fixed point was found and the multipliers are the
    /// direction of growth.
    pub(crate) beams: Option<Mat<c64>>,
    pub(crate) iterations: usize,
}

const ITERATIONS: usize = 120;
/// Relative residual of the fixed point.
const CONVERGED: f64 = 1e-26;

/// Gains `g_kj = h_k^H S^{-1} h_j` and `S^{-1} h_j`.
struct Gains {
    gains: Mat<TwofoldComplex>,
    directions: Mat<TwofoldComplex>,
}

fn gains(scene: &Scene, span: &Span, q: &[Twofold]) -> Option<Gains> {
    let (d, users) = (span.exact.nrows(), scene.users());
    let weights = scene.mode().weights;
    let columns = &span.exact;
    let mut s = Mat::from_fn(d, d, |i, j| {
        let unit = if i == j { weights.transmit } else { 0.0 };
        <TwofoldComplex as Field>::from_c64(c64::new(unit, 0.0))
    });
    let all: Vec<Twofold> = (q.iter().copied())
        .chain((0..scene.targets()).map(|_| weights.sensing.into()))
        .collect();
    for (at, &weight) in all.iter().enumerate() {
        for j in 0..d {
            let right = columns[(j, at)].conjugate().times(weight);
            for i in 0..d {
                s[(i, j)] += columns[(i, at)] * right;
            }
        }
    }
    let mut scratch = Scratch::new::<TwofoldComplex>(d);
    if !<TwofoldComplex as Field>::cholesky(s.as_mut(), &mut scratch) {
        return None;
    }
    let mut directions = Mat::from_fn(d, users, |i, k| columns[(i, k)]);
    <TwofoldComplex as Field>::solve_lower(s.as_ref(), directions.as_mut());
    let half = directions.clone();
    <TwofoldComplex as Field>::solve_lower_adjoint(s.as_ref(), directions.as_mut());
    let gains = Mat::from_fn(users, users, |k, j| {
        (0..d).fold(TwofoldComplex::ZERO, |sum, i| {
            sum + half[(i, k)].conjugate() * half[(i, j)]
        })
    });
    Some(Gains { gains, directions })
}

fn size2(z: TwofoldComplex) -> Twofold {
    z.re_mul(z.conjugate())
}

/// Solves `A x = b` by elimination with pivoting.
fn solve(mut a: Vec<Vec<Twofold>>, mut b: Vec<Twofold>) -> Option<Vec<Twofold>> {
    let n = b.len();
    let modulus = |x: Twofold| x.to_f64().abs();
    for c in 0..n {
        let pivot = (c..n).max_by(|&i, &j| modulus(a[i][c]).total_cmp(&modulus(a[j][c])))?;
        a.swap(c, pivot);
        b.swap(c, pivot);
        if modulus(a[c][c]) <= 0.0 || modulus(a[c][c]).is_nan() {
            return None;
        }
        for i in c + 1..n {
            let factor = a[i][c] / a[c][c];
            for j in c..n {
                let x = a[c][j];
                a[i][j] -= factor * x;
            }
            let x = b[c];
            b[i] -= factor * x;
        }
    }
    for c in (0..n).rev() {
        for j in c + 1..n {
            let x = b[j];
            b[c] -= a[c][j] * x;
        }
        b[c] /= a[c][c];
    }
    b.iter().all(|x| x.to_f64().is_finite()).then_some(b)
}

/// Runs the iteration; `targets` by decoding position. `None`: numerical breakdown.
pub(crate) fn users_alone(scene: &Scene, span: &Span, targets: &[f64]) -> Option<Found> {
    let users = scene.users();
    let one = Twofold::from(1.0);
    let share: Vec<Twofold> = targets
        .iter()
        .map(|&gamma| Twofold::from(gamma) / (one + gamma.into()))
        .collect();
    let mut q = vec![Twofold::ZERO; users];
    for iteration in 0..ITERATIONS {
        let found = gains(scene, span, &q)?;
        let g = |k: usize| found.gains[(k, k)].re();
        let image: Vec<Twofold> = (0..users).map(|k| share[k] / g(k)).collect();
        let residual = (q.iter().zip(&image))
            .map(|(&x, &y)| (x - y).to_f64().abs() / y.to_f64())
            .fold(0.0, f64::max);
        if residual <= CONVERGED {
            return Some(Found {
                multipliers: multipliers(scene, targets, &q),
                beams: beams(span, targets, &found),
                iterations: iteration,
            });
        }
        // (I - J) (q' - q) = I(q) - q.
        let jacobian: Vec<Vec<Twofold>> = (0..users)
            .map(|k| {
                (0..users)
                    .map(|j| {
                        let slope = share[k] * size2(found.gains[(k, j)]) / (g(k) * g(k));
                        if j == k { one - slope } else { -slope }
                    })
                    .collect()
            })
            .collect();
        let right: Vec<Twofold> = q.iter().zip(&image).map(|(&x, &y)| y - x).collect();
        let next = solve(jacobian, right).map(|step| {
            let sum: Vec<Twofold> = q.iter().zip(step).map(|(&x, dx)| x + dx).collect();
            sum
        });
        q = match next {
            Some(next) if next.iter().all(|x| x.to_f64() > 0.0) => next,
            // Beams of too small a q cannot serve everybody: go up.
            _ => image.iter().map(|&x| x * 4.0.into()).collect(),
        };
        let largest = q.iter().fold(0.0_f64, |top, x| top.max(x.to_f64()));
        if !largest.is_finite() || largest > 1e200 {
            break;
        }
    }
    Some(Found {
        multipliers: growth(scene, span, targets, &share, q)?,
        beams: None,
        iterations: ITERATIONS,
    })
}

/// The direction in which the fixed-point map grows most, from a large `q`.
fn growth(
    scene: &Scene,
    span: &Span,
    targets: &[f64],
    share: &[Twofold],
    mut q: Vec<Twofold>,
) -> Option<Multipliers> {
    for _ in 0..40 {
        let largest = q.iter().fold(0.0_f64, |top, x| top.max(x.to_f64()));
        // So large that the constant part does not count, so small that nothing overflows.
        let unit = Twofold::from(1e20 * scene.mode().weights.transmit / largest);
        let large: Vec<Twofold> = q.iter().map(|&x| x * unit).collect();
        let found = gains(scene, span, &large)?;
        q = (0..scene.users())
            .map(|k| share[k] / found.gains[(k, k)].re())
            .collect();
    }
    Some(multipliers(scene, targets, &q))
}

fn multipliers(scene: &Scene, targets: &[f64], q: &[Twofold]) -> Multipliers {
    let mut out = Multipliers::zeros(scene);
    let noise = Twofold::from(scene.noise());
    for (k, lambda) in out.sinr.iter_mut().enumerate() {
        *lambda = (q[k] / (noise * targets[k].into())).to_f64();
    }
    out
}

/// Beams along `S^{-1} h_k` with powers that meet the targets.
fn beams(span: &Span, targets: &[f64], found: &Gains) -> Option<Mat<c64>> {
    let users = targets.len();
    let system: Vec<Vec<Twofold>> = (0..users)
        .map(|k| {
            (0..users)
                .map(|j| {
                    let seen = size2(found.gains[(k, j)]);
                    if j == k {
                        seen / targets[k].into()
                    } else {
                        -seen
                    }
                })
                .collect()
        })
        .collect();
    let powers = solve(system, vec![Twofold::from(1.0); users])?;
    if powers.iter().any(|p| p.to_f64() <= 0.0) {
        return None;
    }
    let r = span.dimension();
    Some(Mat::from_fn(r, users, |i, k| {
        found.directions[(i, k)].times(powers[k].root()).to_c64()
    }))
}
