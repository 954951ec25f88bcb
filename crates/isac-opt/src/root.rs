//! The root of an increasing function whose slope comes free, as multipliers of a solved program.
//!
//! `P(t) = target` for a non-decreasing `P` that is expensive to evaluate and behaves like
//! `floor + a t^q` locally. With `q = t P'(t) / (P(t) - floor)` the model's root is
//!
//! ```math
//! t \leftarrow t \left( \frac{target - floor}{P(t) - floor} \right)^{1/q}
//! ```
//!
//! which is Newton's method in logarithms. A bracket safeguards it: where the step leaves the
//! bracket, the slope is not positive or `P` is not above its floor, the bracket is halved instead.
//! The answer is always a point *at or below* the target, with what was computed there.
//!
//! ```
//! use isac_opt::root::{increasing_root, Options, Sample};
//! // t^3 + 2 = 10: the power law is exact, one step suffices.
//! let cube = |t: f64| {
//!     Ok::<_, isac_opt::Error>(Sample::Value { value: t.powi(3) + 2.0, slope: 3.0 * t * t, data: () })
//! };
//! let root = increasing_root(10.0, 2.0, (0.0, 64.0), 5.0, &Options::default(), cube)?;
//! assert!((root.t - 2.0).abs() < 1e-9 && root.evaluations <= 3);
//! # Ok::<(), isac_opt::Error>(())
//! ```

use isac_linalg::validate;
use serde::{Deserialize, Serialize};

use crate::{Error, StopReason};

/// What one evaluation of the function said.
#[derive(Debug, Clone)]
pub enum Sample<T> {
    /// Value and slope at `t`, and whatever the caller wants back for the root.
    Value {
        /// `P(t)`.
        value: f64,
        /// `P'(t)`; anything not positive and finite means unknown.
        slope: f64,
        /// Returned with the root.
        data: T,
    },
    /// `P(t)` is certainly above the target, such as a certified infeasible program.
    Above,
    /// No answer at this `t`; a smaller step is tried.
    Unknown,
}

/// Options of [`increasing_root`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// The root is met when `|P - target| <= tolerance |target - floor|`, or when the bracket is narrower
    /// than `tolerance` relative to its upper end (to the first upper end while its lower one is 0).
    pub tolerance: f64,
    /// Most evaluations.
    pub max_evaluations: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            tolerance: 1e-9,
            max_evaluations: 100,
        }
    }
}

/// The largest `t` found with `P(t) <= target + tolerance |target - floor|`.
#[derive(Debug, Clone)]
pub struct Root<T> {
    /// The argument; the lower end of the bracket when `best` is `None`.
    pub t: f64,
    /// `P(t)`, its slope and the caller's data; `None` when no evaluation was at or below the
    /// target.
    pub best: Option<(f64, f64, T)>,
    /// Smallest argument known to be above the target, or the upper end given.
    pub upper: f64,
    /// Evaluations made.
    pub evaluations: usize,
    /// Why it stopped. `Tolerance`: the value meets the target. `SmallStep`: the bracket closed, at a
    /// jump or at an end of it. `Stagnation`: too many evaluations without an answer.
    pub stopped: StopReason,
}

/// Finds the largest `t` in `[low, high]` with `P(t) <= target` for a non-decreasing `P`.
///
/// `floor` is the limit of `P` at 0 (or 0 where unknown); `start` in `(low, high]` is the first
/// argument. `P` is trusted to be above the target beyond `high` and not evaluated at `low`.
///
/// # Errors
/// A bracket out of order, numbers that are not finite; whatever `evaluate` returns.
pub fn increasing_root<T, E: From<Error>>(
    target: f64,
    floor: f64,
    (mut low, mut high): (f64, f64),
    start: f64,
    options: &Options,
    mut evaluate: impl FnMut(f64) -> Result<Sample<T>, E>,
) -> Result<Root<T>, E> {
    check(target, floor, (low, high), start, options)?;
    let negligible = options.tolerance * high;
    let allowed = options.tolerance * (target - floor).abs();
    let mut root = Root {
        t: low,
        best: None,
        upper: high,
        evaluations: 0,
        stopped: StopReason::IterationLimit,
    };
    let mut t = start;
    let mut unknown = 0;
    while root.evaluations < options.max_evaluations {
        root.evaluations += 1;
        match evaluate(t)? {
            Sample::Unknown => {
                unknown += 1;
                if unknown == 6 {
                    root.stopped = StopReason::Stagnation;
                    break;
                }
                // Nothing was learnt about the bracket; retreat towards the known side.
                t = 0.5 * (low + t);
                continue;
            }
            Sample::Above => {
                high = high.min(t);
                t = middle(low, high);
            }
            Sample::Value { value, slope, data } => {
                if value.is_nan() {
                    let iteration = root.evaluations - 1;
                    return Err(Error::NonFinite {
                        what: "function value",
                        iteration,
                    }
                    .into());
                }
                let met = (value - target).abs() <= allowed;
                if value <= target + allowed {
                    if t >= root.t {
                        (root.t, root.best) = (t, Some((value, slope, data)));
                    }
                    low = low.max(t);
                } else {
                    high = high.min(t);
                }
                if met || t >= high && value <= target {
                    root.stopped = if met {
                        StopReason::Tolerance
                    } else {
                        StopReason::SmallStep
                    };
                    break;
                }
                let next = power_law(t, value - floor, slope, target - floor);
                let inside = next > low && next < high;
                t = if inside {
                    next
                } else if next >= high && low < root.upper && high >= root.upper {
                    // The model points beyond an end that was never evaluated: try the end.
                    high
                } else {
                    middle(low, high)
                };
            }
        }
        unknown = 0;
        if high - low <= (options.tolerance * high).max(if low > 0.0 { 0.0 } else { negligible }) {
            root.stopped = StopReason::SmallStep;
            break;
        }
    }
    root.upper = high;
    Ok(root)
}

fn check(
    target: f64,
    floor: f64,
    (low, high): (f64, f64),
    start: f64,
    options: &Options,
) -> Result<(), Error> {
    validate::finite_list("target and floor", &[target, floor])?;
    validate::nonnegative("lower end of the bracket", low, "")?;
    validate::positive("root tolerance", options.tolerance, "")?;
    if !(high.is_finite() && high > low) {
        return Err(isac_linalg::Error::range(
            "upper end of the bracket",
            high,
            format!("a finite number > {low}"),
        )
        .into());
    }
    if !(start > low && start <= high) {
        return Err(isac_linalg::Error::range(
            "first argument",
            start,
            format!("a number in ({low}, {high}]"),
        )
        .into());
    }
    Ok(())
}

/// Root of the power law through value and slope; NaN where there is none.
fn power_law(t: f64, excess: f64, slope: f64, wanted: f64) -> f64 {
    if !(excess > 0.0 && wanted > 0.0 && slope > 0.0 && slope.is_finite() && t > 0.0) {
        return f64::NAN;
    }
    let exponent = t * slope / excess;
    t * (wanted / excess).powf(1.0 / exponent)
}

/// Halves the exponent of a wide bracket, the width of a narrow one.
fn middle(low: f64, high: f64) -> f64 {
    if low <= 0.0 {
        high / 8.0
    } else if high > 4.0 * low {
        (low * high).sqrt()
    } else {
        0.5 * (low + high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(
        target: f64,
        floor: f64,
        bracket: (f64, f64),
        start: f64,
        f: impl Fn(f64) -> Sample<()>,
    ) -> Root<()> {
        increasing_root(target, floor, bracket, start, &Options::default(), |t| {
            Ok::<_, Error>(f(t))
        })
        .expect("valid input")
    }

    fn value(value: f64, slope: f64) -> Sample<()> {
        Sample::Value {
            value,
            slope,
            data: (),
        }
    }

    #[test]
    fn flat_then_steep_with_an_infeasible_end() {
        // Flat at 1 up to t = 1, then convex, certified above from t = 5 on.
        let f = |t: f64| match t {
            t if t >= 5.0 => Sample::Above,
            t if t > 1.0 => value(1.0 + (t - 1.0).powi(3), 3.0 * (t - 1.0).powi(2)),
            _ => value(1.0, 0.0),
        };
        for start in [0.01, 0.9, 1.5, 6.0, 100.0] {
            let root = run(9.0, 1.0, (0.0, 100.0), start, f);
            assert_eq!(root.stopped, StopReason::Tolerance);
            assert!((root.t - 3.0).abs() < 1e-7, "{start}: {}", root.t);
            assert!(root.best.is_some_and(|(p, ..)| p <= 9.0 * (1.0 + 1e-9)));
            assert!(root.evaluations < 30, "{start}: {}", root.evaluations);
        }
    }

    #[test]
    fn exponential_growth_needs_few_steps() {
        let root = run(1e3, 0.0, (0.0, 50.0), 1.0, |t| value(t.exp(), t.exp()));
        assert!((root.t - 1e3_f64.ln()).abs() < 1e-8 && root.evaluations <= 8);
        assert!(root.upper >= root.t);
    }

    #[test]
    fn a_jump_closes_the_bracket_from_below() {
        let root = run(2.0, 0.0, (0.0, 4.0), 1.0, |t| {
            if t <= 1.25 {
                value(1.0, 0.0)
            } else {
                value(3.0, 0.0)
            }
        });
        assert_eq!(root.stopped, StopReason::SmallStep);
        assert!((root.t - 1.25).abs() < 1e-8 && root.t <= 1.25 && root.upper > 1.25);
    }

    #[test]
    fn everything_above_and_nothing_known() {
        let root = run(2.0, 0.0, (0.0, 4.0), 1.0, |_| Sample::Above);
        assert!(root.evaluations <= 12);
        assert!(root.best.is_none() && root.t <= 0.0);
        let root = run(2.0, 0.0, (0.0, 4.0), 1.0, |_| Sample::Unknown);
        assert_eq!(
            (root.stopped, root.evaluations),
            (StopReason::Stagnation, 6)
        );
        // One gap in the answers is stepped over.
        let mut calls = 0;
        let root = increasing_root(8.0, 0.0, (0.0, 9.0), 1.0, &Options::default(), |t| {
            calls += 1;
            Ok::<_, Error>(if calls == 2 {
                Sample::Unknown
            } else {
                value(t.powi(3), 3.0 * t * t)
            })
        })
        .expect("valid input");
        assert!((root.t - 2.0).abs() < 1e-8);
    }

    #[test]
    fn a_function_below_the_target_ends_at_the_upper_end() {
        let root = run(2.0, 0.0, (0.0, 4.0), 1.0, |t| value(0.1 * t, 0.1));
        assert!((root.t - 4.0).abs() < 1e-12);
        assert_eq!(root.stopped, StopReason::SmallStep);
    }

    #[test]
    fn bad_input_is_named() {
        let call = |target: f64, bracket: (f64, f64), start: f64| {
            increasing_root(target, 0.0, bracket, start, &Options::default(), |t| {
                Ok::<_, Error>(value(t, 1.0))
            })
            .map(|root| root.t)
            .unwrap_err()
            .to_string()
        };
        assert!(call(f64::NAN, (0.0, 1.0), 0.5).contains("target"));
        assert!(call(1.0, (2.0, 1.0), 0.5).contains("upper end"));
        assert!(call(1.0, (-1.0, 1.0), 0.5).contains("lower end"));
        assert!(call(1.0, (0.0, 1.0), 2.0).contains("first argument"));
        let nan = increasing_root(1.0, 0.0, (0.0, 1.0), 0.5, &Options::default(), |_| {
            Ok::<_, Error>(value(f64::NAN, 1.0))
        });
        assert!(matches!(nan, Err(Error::NonFinite { .. })));
    }
}
