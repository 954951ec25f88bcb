//! The slope test: does the remainder of a first-order expansion fall quadratically?

use crate::sample;
use isac_linalg::{Mat, MatRef, c64, ops};
use rand::Rng;
use std::fmt;

/// Steps in a window; four to a decade.
const WINDOW: usize = 6;
/// Step sizes tried, from the largest down.
const STEPS: usize = 36;
/// Slopes from here on pass. The remainder of a right gradient has slope 2, or more where the
/// second derivative vanishes; that of a wrong one has slope 1.
const LEAST: f64 = 1.8;
/// Relative agreement asked of the claimed derivative and the difference quotient. An error of one
/// percent hides from the slope at large steps; it does not hide from this.
const AGREEMENT: f64 = 1e-6;

/// Why a slope test failed.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// Largest slope over any window above the rounding level.
    pub slope: f64,
    /// The derivative that was claimed.
    pub claimed: f64,
    /// The central difference quotient at the step where it is most certain.
    pub measured: f64,
    /// Step sizes and remainders, largest step first.
    pub remainders: Vec<(f64, f64)>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "derivative {:e} claimed, {:e} measured; the remainder falls with slope {:.3}",
            self.claimed, self.measured, self.slope
        )?;
        for (t, r) in &self.remainders {
            writeln!(f, "  t = {t:.3e}   remainder = {r:.3e}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}

/// Tests a derivative along a curve: `curve(t)` is a value at parameter `t`, `derivative` its claimed
/// derivative at 0, `largest` the largest step, to both sides. The slope must be 2 or more over some
/// window of steps above the rounding level, and the derivative must agree with the central
/// difference quotient to its certainty and a relative `1e-6`. Values of the curve that are not finite are left
/// out. Returns the slope that was found; infinity where the curve is a straight line to rounding.
///
/// # Errors
/// [`Failure`] with the table of remainders.
pub fn curve(curve: impl FnMut(f64) -> f64, derivative: f64, largest: f64) -> Result<f64, Failure> {
    derivative_test(curve, derivative, derivative.abs(), largest)
}

/// `scale` is the size that the derivative could have had.
fn derivative_test(
    mut curve: impl FnMut(f64) -> f64,
    derivative: f64,
    scale: f64,
    largest: f64,
) -> Result<f64, Failure> {
    let start = curve(0.0);
    let values: Vec<(f64, f64)> = steps(largest)
        .map(|t| (t, curve(t)))
        .filter(|(_, value)| value.is_finite())
        .collect();
    let remainders: Vec<(f64, f64)> = values
        .iter()
        .map(|&(t, value)| (t, (value - start - t * derivative).abs()))
        .collect();
    // Rounding of the values and of the difference.
    let noise: Vec<f64> = values
        .iter()
        .map(|&(t, value)| {
            16.0 * f64::EPSILON * (start.abs() + value.abs() + (t * derivative).abs())
        })
        .collect();
    if !remainders.is_empty() && remainders.iter().zip(&noise).all(|(r, n)| r.1 <= *n) {
        return Ok(f64::INFINITY);
    }
    let slope = windows(&remainders, &noise)
        .map(fitted)
        .fold(f64::NEG_INFINITY, f64::max);
    let (measured, uncertain) = difference_quotient(&mut curve, &values, &noise);
    let allowed = AGREEMENT * derivative.abs() + 1e-3 * AGREEMENT * scale + 10.0 * uncertain;
    if slope >= LEAST && (measured - derivative).abs() <= allowed {
        return Ok(slope);
    }
    Err(Failure {
        slope,
        claimed: derivative,
        measured,
        remainders,
    })
}

/// Tests that a remainder `r(t) >= 0` vanishes with second order: over the smallest steps at which it
/// is above `noise`, its slope must be 2 or more. Returns that slope; infinity where the remainder
/// never rises above the noise.
///
/// # Errors
/// [`Failure`] with the table of remainders.
pub fn second_order(
    mut remainder: impl FnMut(f64) -> f64,
    noise: f64,
    largest: f64,
) -> Result<f64, Failure> {
    let remainders: Vec<(f64, f64)> = steps(largest).map(|t| (t, remainder(t))).collect();
    if remainders.iter().all(|r| r.1 <= noise) {
        return Ok(f64::INFINITY);
    }
    let floor = vec![10.0 * noise; remainders.len()];
    let slope = windows(&remainders, &floor).last().map_or(f64::NAN, fitted);
    if slope >= LEAST {
        return Ok(slope);
    }
    Err(Failure {
        slope,
        claimed: 0.0,
        measured: remainders[STEPS - 1].1 / remainders[STEPS - 1].0,
        remainders,
    })
}

/// From `largest` down, four to a decade.
fn steps(largest: f64) -> impl Iterator<Item = f64> {
    (0..STEPS).map(move |k| largest * 10f64.powf(-0.25 * k as f64))
}

/// The windows in which every remainder is well above the noise.
fn windows<'a>(
    remainders: &'a [(f64, f64)],
    noise: &'a [f64],
) -> impl Iterator<Item = &'a [(f64, f64)]> {
    let pairs = remainders.windows(WINDOW).zip(noise.windows(WINDOW));
    let clear = |(window, noise): &(&[(f64, f64)], &[f64])| {
        window.iter().zip(*noise).all(|(r, n)| r.1 > 4.0 * n)
    };
    pairs.filter(clear).map(|(window, _)| window)
}

/// Least-squares slope of `log r` over `log t`.
fn fitted(points: &[(f64, f64)]) -> f64 {
    let n = points.len() as f64;
    let mean_x = points.iter().map(|p| p.0.ln()).sum::<f64>() / n;
    let mean_y = points.iter().map(|p| p.1.ln()).sum::<f64>() / n;
    let (mut xy, mut xx) = (0.0, 0.0);
    for (t, r) in points {
        xy += (t.ln() - mean_x) * (r.ln() - mean_y);
        xx += (t.ln() - mean_x).powi(2);
    }
    xy / xx
}

/// Central difference quotient at the step where it is most certain, and how uncertain it is there:
/// its change to the neighbouring steps, and rounding.
fn difference_quotient(
    curve: &mut impl FnMut(f64) -> f64,
    values: &[(f64, f64)],
    noise: &[f64],
) -> (f64, f64) {
    let quotients: Vec<f64> = values
        .iter()
        .map(|&(t, value)| (value - curve(-t)) / (2.0 * t))
        .collect();
    let mut best = (f64::NAN, f64::INFINITY);
    for (k, three) in quotients.windows(3).enumerate() {
        let change = (three[1] - three[0]).abs().max((three[1] - three[2]).abs());
        let uncertain = change + noise[k + 1] / values[k + 1].0;
        if uncertain < best.1 {
            best = (three[1], uncertain);
        }
    }
    best
}

/// Tests a Euclidean gradient `G`, in the convention `df = Re tr(G^H dW)`, along `directions`
/// random directions of the norm of `point`. Values of `f` that are not finite are left out.
///
/// # Errors
/// The [`Failure`] of the first direction that fails.
///
/// # Panics
/// If the shapes differ.
pub fn gradient(
    f: impl FnMut(MatRef<'_, c64>) -> f64,
    point: MatRef<'_, c64>,
    gradient: MatRef<'_, c64>,
    directions: usize,
    rng: &mut impl Rng,
) -> Result<(), Failure> {
    let plus = |direction: MatRef<'_, c64>, t: f64| {
        let mut moved: Mat<c64> = point.to_owned();
        ops::axpy(moved.as_mut(), t, direction);
        moved
    };
    riemannian(f, point, gradient, |_| {}, plus, directions, rng)
}

/// Tests a Riemannian gradient: the directions are made tangent by `project` and followed by
/// `retract(direction, t)`.
///
/// # Errors
/// The [`Failure`] of the first direction that fails.
///
/// # Panics
/// If the shapes differ.
pub fn riemannian(
    mut f: impl FnMut(MatRef<'_, c64>) -> f64,
    point: MatRef<'_, c64>,
    gradient: MatRef<'_, c64>,
    project: impl Fn(&mut Mat<c64>),
    retract: impl Fn(MatRef<'_, c64>, f64) -> Mat<c64>,
    directions: usize,
    rng: &mut impl Rng,
) -> Result<(), Failure> {
    for _ in 0..directions {
        let mut direction = sample::gaussian(point.nrows(), point.ncols(), rng);
        project(&mut direction);
        let length = ops::norm(point) / ops::norm(direction.as_ref());
        if length.is_finite() && length > 0.0 {
            ops::scale(direction.as_mut(), length);
        }
        let derivative = ops::inner(gradient, direction.as_ref());
        let along = |t: f64| f(retract(direction.as_ref(), t).as_ref());
        let scale = ops::norm(gradient) * ops::norm(direction.as_ref());
        derivative_test(along, derivative, scale, 0.1)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn right_derivatives_pass_with_the_slope_of_their_remainder() {
        let slope = curve(f64::exp, 1.0, 0.1).unwrap();
        assert!((slope - 2.0).abs() < 0.05, "{slope}");
        // Odd: the second derivative vanishes.
        let slope = curve(f64::sin, 1.0, 0.1).unwrap();
        assert!((slope - 3.0).abs() < 0.05, "{slope}");
        let straight = curve(|t| 3.0 * t - 1.0, 3.0, 1.0).unwrap();
        assert!(straight.is_infinite());
        // A large offset leaves few digits.
        curve(|t| 1e6 + t.exp(), 1.0, 0.1).unwrap();
    }

    #[test]
    fn wrong_derivatives_fail_and_the_right_one_is_named() {
        for factor in [0.0, 0.5, 0.999, -1.0, 1.0001] {
            let failure = curve(f64::exp, factor, 0.1).unwrap_err();
            assert!((failure.measured - 1.0).abs() < 1e-6, "{failure}");
            assert!(failure.to_string().contains("remainder ="));
        }
    }

    #[test]
    fn remainders_of_first_order_are_found_at_the_smallest_steps() {
        let slope = second_order(|t| t * t + 1e-16, 1e-15, 0.1).unwrap();
        assert!((slope - 2.0).abs() < 0.05, "{slope}");
        assert!(second_order(|t| t * t + 1e-5 * t, 1e-15, 0.1).is_err());
        assert!(second_order(|_| 0.0, 0.0, 0.1).unwrap().is_infinite());
    }

    #[test]
    fn values_outside_the_domain_are_left_out() {
        curve(|t| (0.02 - t).ln(), -50.0, 0.1).unwrap();
        assert!(curve(|_| f64::NAN, 0.0, 0.1).is_err());
    }
}
