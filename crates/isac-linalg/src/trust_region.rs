//! Extrema of a Hermitian quadratic over a ball, exact whatever the inertia.
//!
//! ```math
//! \max_{\|x - c\| \le r} x^H A x,
//! \qquad
//! \max_{\|d\| \le r} d^H A d + 2 \operatorname{Re}(b^H d) + k
//! ```
//!
//! and the same with a minimum. Neither is convex, yet both have no duality gap: `d` is a global
//! maximiser iff some `mu >= max(l_max(A), 0)` has `(mu I - A) d = b` and `mu (r - |d|) = 0`. In
//! the eigenbasis of `A` one scalar equation `sum_i |b_i|^2 / (mu - l_i)^2 = r^2` is left. It is
//! solved for `delta = mu - l_max`, never for `mu`: when `b` is almost orthogonal to the top
//! eigenvector (*near-hard*), `delta` is many orders below `l_max` and `mu` could not hold it. When
//! `b` is exactly orthogonal and the equation has no root (*hard case*), a top eigenvector fills
//! `d` up to length `r`.
//!
//! The functions ending in `_in` take an eigendecomposition made before: one decomposition serves
//! any number of centres, radii and both directions at `O(n^2)` each.
//!
//! ```
//! use isac_linalg::{c64, Col, Mat};
//! use isac_linalg::trust_region::max_over_ball;
//! // The longest vector in the ball of radius 1 about (2, 0) has squared length 9.
//! let centre = Col::from_fn(2, |i| c64::new(if i == 0 { 2.0 } else { 0.0 }, 0.0));
//! let worst = max_over_ball(Mat::identity(2, 2).as_ref(), centre.as_ref(), 1.0)?;
//! assert!((worst.value - 9.0).abs() < 1e-12);
//! assert!((worst.bound - worst.value).abs() < 1e-12);
//! # Ok::<(), isac_linalg::Error>(())
//! ```
//!
//! Sensitivities at an extremum with a unique optimiser `x`, whose error is `d = x - c` (envelope
//! theorem): with respect to `A` the matrix `x x^H`; with respect to `c` the vector `2 A x`; with
//! respect to `r` the number `2 r mu` for a maximum and `-2 r mu` for a minimum.

use crate::{Col, Error, MatRef, c64, factor, factor::Eigh, hermitian, validate};
use faer::ColRef;

/// Where the optimiser lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    /// The ball does not bind; the multiplier is 0.
    Interior,
    /// On the sphere, the root of the scalar equation.
    Boundary,
    /// On the sphere, filled up along an extreme eigenvector; the optimiser is not unique.
    Hard,
}

/// An extremum of a quadratic over a ball.
#[derive(Debug, Clone)]
pub struct Extremum {
    /// The extreme value, evaluated at `point`.
    pub value: f64,
    /// An optimiser: `x` for the ball about `c`, `d` for the ball about 0.
    pub point: Col<c64>,
    /// Multiplier `mu >= 0` of `|d|^2 <= r^2`. It is 0 for `r = 0`, where none need exist.
    pub multiplier: f64,
    /// Lagrangian dual value at `multiplier`: no point of the ball has a larger (maximum) or
    /// smaller (minimum) value. Equals `value` up to rounding.
    pub bound: f64,
    /// Where the optimiser lies.
    pub case: Case,
}

/// `max x^H A x` over the ball `|x - centre| <= radius`.
///
/// # Errors
/// `A` not Hermitian, sizes that differ, a negative radius, NaN; a failed eigendecomposition.
pub fn max_over_ball(
    a: MatRef<'_, c64>,
    centre: ColRef<'_, c64>,
    radius: f64,
) -> Result<Extremum, Error> {
    max_over_ball_in(&decompose(a)?, centre, radius)
}

/// `min x^H A x` over the ball `|x - centre| <= radius`.
///
/// # Errors
/// As for [`max_over_ball`].
pub fn min_over_ball(
    a: MatRef<'_, c64>,
    centre: ColRef<'_, c64>,
    radius: f64,
) -> Result<Extremum, Error> {
    min_over_ball_in(&decompose(a)?, centre, radius)
}

/// [`max_over_ball`] for `A = V diag(l) V^H` decomposed before.
///
/// # Errors
/// Sizes that differ, a negative radius, NaN.
pub fn max_over_ball_in(a: &Eigh, centre: ColRef<'_, c64>, radius: f64) -> Result<Extremum, Error> {
    over_ball(a, 1.0, centre, radius)
}

/// [`min_over_ball`] for `A = V diag(l) V^H` decomposed before.
///
/// # Errors
/// Sizes that differ, a negative radius, NaN.
pub fn min_over_ball_in(a: &Eigh, centre: ColRef<'_, c64>, radius: f64) -> Result<Extremum, Error> {
    over_ball(a, -1.0, centre, radius)
}

/// `max d^H A d + 2 Re(b^H d) + constant` over `|d| <= radius`.
///
/// # Errors
/// As for [`max_over_ball`].
pub fn max_quadratic(
    a: MatRef<'_, c64>,
    b: ColRef<'_, c64>,
    constant: f64,
    radius: f64,
) -> Result<Extremum, Error> {
    max_quadratic_in(&decompose(a)?, b, constant, radius)
}

/// `min d^H A d + 2 Re(b^H d) + constant` over `|d| <= radius`.
///
/// # Errors
/// As for [`max_over_ball`].
pub fn min_quadratic(
    a: MatRef<'_, c64>,
    b: ColRef<'_, c64>,
    constant: f64,
    radius: f64,
) -> Result<Extremum, Error> {
    min_quadratic_in(&decompose(a)?, b, constant, radius)
}

/// [`max_quadratic`] for `A = V diag(l) V^H` decomposed before.
///
/// # Errors
/// Sizes that differ, a negative radius, NaN.
pub fn max_quadratic_in(
    a: &Eigh,
    b: ColRef<'_, c64>,
    constant: f64,
    radius: f64,
) -> Result<Extremum, Error> {
    quadratic(a, 1.0, b, constant, radius)
}

/// [`min_quadratic`] for `A = V diag(l) V^H` decomposed before.
///
/// # Errors
/// Sizes that differ, a negative radius, NaN.
pub fn min_quadratic_in(
    a: &Eigh,
    b: ColRef<'_, c64>,
    constant: f64,
    radius: f64,
) -> Result<Extremum, Error> {
    quadratic(a, -1.0, b, constant, radius)
}

/// Maximiser `d` of `sum_i values_i |centre_i + d_i|^2` over `|d| <= radius`, and the value: the
/// diagonal form of [`max_over_ball`]. Coordinates on which the form vanishes may be left out. For
/// callers that already work in an eigenbasis; nothing is checked.
///
/// # Panics
/// If the lengths differ.
pub fn max_diagonal(values: &[f64], centre: &[c64], radius: f64) -> (f64, Vec<c64>) {
    assert_eq!(values.len(), centre.len(), "lengths differ");
    let b: Vec<c64> = values.iter().zip(centre).map(|(l, c)| c * l).collect();
    let d = solve(values, &b, radius).d;
    let value = (0..d.len())
        .map(|i| values[i] * (centre[i] + d[i]).norm_sqr())
        .sum();
    (value, d)
}

fn decompose(a: MatRef<'_, c64>) -> Result<Eigh, Error> {
    hermitian::check_hermitian("quadratic form", a)?;
    factor::eigh(a)
}

fn check(a: &Eigh, what: &str, vector: ColRef<'_, c64>, radius: f64) -> Result<(), Error> {
    validate::length(what, vector.nrows(), a.values.len())?;
    validate::finite(what, vector.as_mat())?;
    validate::nonnegative("ball radius", radius, "")?;
    Ok(())
}

/// Coordinates `V^H x`.
fn into_basis(a: &Eigh, x: ColRef<'_, c64>) -> Vec<c64> {
    let n = a.values.len();
    (0..n)
        .map(|i| (0..n).map(|k| a.vectors[(k, i)].conj() * x[k]).sum())
        .collect()
}

/// `V y`.
fn out_of_basis(a: &Eigh, y: &[c64]) -> Col<c64> {
    let mut x = Col::zeros(y.len());
    for (i, &yi) in y.iter().enumerate() {
        for k in 0..y.len() {
            x[k] += a.vectors[(k, i)] * yi;
        }
    }
    x
}

/// Signed eigenvalues; those that are rounding noise become exact zeros, so that the null space of
/// a low-rank form is one.
fn signed_values(a: &Eigh, sign: f64) -> Vec<f64> {
    let top = a.values.iter().fold(0.0_f64, |top, l| top.max(l.abs()));
    let cut = a.values.len() as f64 * f64::EPSILON * top;
    a.values
        .iter()
        .map(|&l| if l.abs() <= cut { 0.0 } else { sign * l })
        .collect()
}

fn over_ball(a: &Eigh, sign: f64, centre: ColRef<'_, c64>, radius: f64) -> Result<Extremum, Error> {
    check(a, "ball centre", centre, radius)?;
    let l = signed_values(a, sign);
    let c = into_basis(a, centre);
    let b: Vec<c64> = l.iter().zip(&c).map(|(&l, &c)| c * l).collect();
    let root = solve(&l, &b, radius);
    let mu = root.multiplier;

    // Along a decreasing direction x = mu c / (mu - l) shrinks c without the cancellation of c + d.
    let x: Vec<c64> = (0..l.len())
        .map(|i| {
            if l[i] < 0.0 && radius > 0.0 {
                c[i] * (mu / root.denominator[i])
            } else {
                c[i] + root.d[i]
            }
        })
        .collect();
    let value: f64 = (0..l.len()).map(|i| l[i] * x[i].norm_sqr()).sum();
    let bound = if radius > 0.0 {
        let spread: f64 = (0..l.len())
            .filter(|&i| b[i] != c64::ZERO)
            .map(|i| l[i] * c[i].norm_sqr() / root.denominator[i])
            .sum();
        mu * (radius * radius + spread)
    } else {
        value
    };
    Ok(Extremum {
        value: sign * value,
        point: out_of_basis(a, &x),
        multiplier: mu,
        bound: sign * bound,
        case: root.case,
    })
}

fn quadratic(
    a: &Eigh,
    sign: f64,
    b: ColRef<'_, c64>,
    constant: f64,
    radius: f64,
) -> Result<Extremum, Error> {
    check(a, "linear term", b, radius)?;
    validate::finite_list("constant term", &[constant])?;
    let l = signed_values(a, sign);
    let mut b = into_basis(a, b);
    for b in &mut b {
        *b *= sign;
    }
    let root = solve(&l, &b, radius);
    let value: f64 = (0..l.len())
        .map(|i| l[i] * root.d[i].norm_sqr() + 2.0 * (b[i].conj() * root.d[i]).re)
        .sum();
    let bound = if radius > 0.0 {
        let spread: f64 = (0..l.len())
            .filter(|&i| b[i] != c64::ZERO)
            .map(|i| b[i].norm_sqr() / root.denominator[i])
            .sum();
        root.multiplier * radius * radius + spread
    } else {
        value
    };
    Ok(Extremum {
        value: sign * value + constant,
        point: out_of_basis(a, &root.d),
        multiplier: root.multiplier,
        bound: sign * bound + constant,
        case: root.case,
    })
}

/// Maximiser of `sum l_i |d_i|^2 + 2 Re(conj(b_i) d_i)` over `|d| <= r`, and what proves it.
struct Root {
    d: Vec<c64>,
    /// `mu - l_i` without cancellation.
    denominator: Vec<f64>,
    multiplier: f64,
    case: Case,
}

fn solve(l: &[f64], b: &[c64], radius: f64) -> Root {
    let n = l.len();
    let mut root = Root {
        d: vec![c64::ZERO; n],
        denominator: vec![0.0; n],
        multiplier: 0.0,
        case: Case::Interior,
    };
    if n == 0 {
        return root;
    }
    if radius <= 0.0 {
        root.case = Case::Boundary;
        return root;
    }
    let mut top = 0;
    for i in 1..n {
        if l[i] > l[top] {
            top = i;
        }
    }
    let gap = |i: usize| l[top] - l[i];
    let length = |delta: f64| norm(b, |i| gap(i) + delta);

    let floor = (-l[top]).max(0.0);
    let (delta, inside) = if length(floor) <= radius {
        (floor, true)
    } else {
        (solve_secular(b, gap, radius, floor), false)
    };
    root.multiplier = (l[top] + delta).max(0.0);
    for i in 0..n {
        root.denominator[i] = gap(i) + delta;
        if b[i] != c64::ZERO {
            root.d[i] = b[i] / root.denominator[i];
        }
    }
    if !inside {
        // The root is met to rounding; the last digit goes here.
        let scale = radius / euclidean(&root.d);
        for d in &mut root.d {
            *d *= scale;
        }
        root.case = Case::Boundary;
    } else if l[top] > 0.0 {
        let missing = (radius * radius - root.d.iter().map(c64::norm_sqr).sum::<f64>()).max(0.0);
        root.d[top] += missing.sqrt();
        root.case = Case::Hard;
    }
    root
}

/// `|d|` for `d_i = b_i / denominator(i)`, where an exact zero of `b` counts for nothing.
fn norm(b: &[c64], denominator: impl Fn(usize) -> f64) -> f64 {
    let d: f64 = (0..b.len())
        .filter(|&i| b[i] != c64::ZERO)
        .map(|i| (b[i] / denominator(i)).norm_sqr())
        .sum();
    // 0/0 cannot occur; x/0 is the infinity that the caller compares with.
    if d.is_nan() { f64::INFINITY } else { d.sqrt() }
}

fn euclidean(d: &[c64]) -> f64 {
    d.iter().map(c64::norm_sqr).sum::<f64>().sqrt()
}

/// Root `delta > floor` of `sum |b_i|^2 / (gap_i + delta)^2 = r^2`, known to exist. Newton on the
/// concave increasing `1/|d| - 1/r` climbs from the left without overshooting; a geometric bisection
/// takes over where the bracket does not shrink.
fn solve_secular(b: &[c64], gap: impl Fn(usize) -> f64, radius: f64, floor: f64) -> f64 {
    let n = b.len();
    let mut low = floor;
    for i in 0..n {
        low = low.max(b[i].norm() / radius - gap(i));
    }
    let mut high = (euclidean(b) / radius).max(low);
    let mut delta = low;
    for _ in 0..200 {
        let (mut squared, mut slope) = (0.0, 0.0);
        for i in 0..n {
            if b[i] != c64::ZERO {
                let denominator = gap(i) + delta;
                let term = (b[i] / denominator).norm_sqr();
                squared += term;
                slope += term / denominator;
            }
        }
        let length = squared.sqrt();
        if (length - radius).abs() <= 4.0 * f64::EPSILON * radius {
            return delta;
        }
        if length > radius {
            low = low.max(delta);
        } else {
            high = high.min(delta);
        }
        // Newton for 1/|d| = 1/r; the derivative of |d| is -slope/|d|.
        let newton = delta + (length - radius) / radius * squared / slope;
        let middle = (low.max(high * f64::EPSILON) * high).sqrt();
        let next = if newton > low && newton <= high {
            // From far left Newton only multiplies by a constant; halve the exponent instead.
            if delta > 0.0 && newton < 16.0 * delta && newton > 2.0 * delta && middle > newton {
                middle
            } else {
                newton
            }
        } else {
            middle.clamp(low, high)
        };
        if (next - delta).abs() <= 2.0 * f64::EPSILON * delta || high - low <= f64::EPSILON * high {
            return next;
        }
        delta = next;
    }
    delta
}
