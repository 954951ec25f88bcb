//! Backtracking line search under the Armijo condition, monotone or not.

use serde::{Deserialize, Serialize};

/// Parameters of the backtracking.
///
/// A step `t` along `d` with slope `m = <G, d> < 0` is accepted when
/// `f(R(t d)) <= f_ref + armijo t m`, where `f_ref` is the largest of the last `memory` values.
/// Otherwise `t` is multiplied by the factor at which the parabola through `f`, `m` and the trial
/// value is least, clamped to `[shrink_min, shrink_max]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LineSearch {
    /// Share of the linear decrease that is asked for.
    pub armijo: f64,
    /// Least factor from one trial step to the next; also the one after a trial that failed.
    pub shrink_min: f64,
    /// Largest factor; equal to `shrink_min` for a fixed factor.
    pub shrink_max: f64,
    /// Largest number of shortened trials.
    pub max_backtracks: usize,
    /// Number of values that make up the reference; 1 is the monotone search.
    pub memory: usize,
}

impl Default for LineSearch {
    fn default() -> Self {
        Self {
            armijo: 1e-4,
            shrink_min: 0.1,
            shrink_max: 0.5,
            max_backtracks: 40,
            memory: 1,
        }
    }
}

impl LineSearch {
    /// Monotone, every trial `factor` times the one before.
    pub fn fixed(factor: f64) -> Self {
        Self {
            shrink_min: factor,
            shrink_max: factor,
            ..Self::default()
        }
    }

    /// Rejects parameters with which the search could not end or could accept an increase.
    pub(super) fn check(&self) -> Result<(), isac_linalg::Error> {
        let range = |what, value, fine: bool, expected: &str| {
            if fine {
                return Ok(());
            }
            Err(isac_linalg::Error::range(what, value, expected))
        };
        let armijo_fits = self.armijo > 0.0 && self.armijo < 1.0;
        range("armijo", self.armijo, armijo_fits, "a number in (0, 1)")?;
        let low_fits = self.shrink_min > 0.0 && self.shrink_min < 1.0;
        range(
            "shrink_min",
            self.shrink_min,
            low_fits,
            "a number in (0, 1)",
        )?;
        let high_fits = self.shrink_max >= self.shrink_min && self.shrink_max < 1.0;
        let expected = "a number in [shrink_min, 1)";
        range("shrink_max", self.shrink_max, high_fits, expected)?;
        range(
            "memory",
            self.memory as f64,
            self.memory > 0,
            "at least 1 value",
        )
    }

    /// The factor for the next trial after step `t` gave `trial` (infinite if it failed).
    pub(super) fn shrink(&self, value: f64, slope: f64, t: f64, trial: f64) -> f64 {
        let curvature = trial - value - slope * t;
        let factor = -0.5 * slope * t / curvature;
        if factor.is_finite() && factor > 0.0 {
            factor.clamp(self.shrink_min, self.shrink_max)
        } else if curvature > 0.0 {
            self.shrink_min
        } else {
            self.shrink_max
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parabola_is_clamped_and_a_failed_trial_shrinks_most() {
        let search = LineSearch::default();
        // f(0) = 1, f'(0) = -1, f(1) = 1.25: the parabola 1 - t + 1.25 t^2 is least at 0.4.
        assert!((search.shrink(1.0, -1.0, 1.0, 1.25) - 0.4).abs() < 1e-15);
        assert!((search.shrink(1.0, -1.0, 1.0, 1e6) - 0.1).abs() < 1e-15);
        assert!((search.shrink(1.0, -1.0, 1.0, 0.5) - 0.5).abs() < 1e-15);
        assert!((search.shrink(1.0, -1.0, 1.0, f64::INFINITY) - 0.1).abs() < 1e-15);
        assert!((LineSearch::fixed(0.4).shrink(1.0, -1.0, 1.0, 9.0) - 0.4).abs() < 1e-15);
    }

    #[test]
    fn senseless_parameters_are_named() {
        let bad = LineSearch {
            shrink_max: 1.0,
            ..LineSearch::default()
        };
        assert!(
            bad.check()
                .unwrap_err()
                .to_string()
                .starts_with("shrink_max")
        );
        let bad = LineSearch {
            memory: 0,
            ..LineSearch::default()
        };
        assert!(bad.check().unwrap_err().to_string().starts_with("memory"));
    }
}
