//! The gamma law of integer shape `m`, that of half a chi-square with `2 m` degrees of freedom.
//!
//! With the Poisson weights `w(n, x) = x^n e^-x / n!`,
//!
//! ```math
//! P(X \le x) = w(m, x) \Big(1 + \frac{x}{m+1} + \frac{x^2}{(m+1)(m+2)} + \dots\Big), \qquad
//! P(X > x) = w(m-1, x) \Big(1 + \frac{m-1}{x} + \frac{(m-1)(m-2)}{x^2} + \dots\Big) .
//! ```
//!
//! All terms are positive, so no digit cancels; weights are logarithms, so nothing underflows.

use std::f64::consts::TAU;

/// The `x` with `P(X <= x) = probability`, for `m >= 1` and a probability in (0, 1).
pub(crate) fn quantile(m: usize, probability: f64) -> f64 {
    // The median lies between m - 1 and m: the smaller tail is summed where its terms fall.
    if probability <= 0.5 {
        let target = probability.ln();
        let high = m as f64;
        let mut low = 0.5 * high;
        while ln_lower(m, low) > target {
            low *= 0.5;
        }
        bisect(low, high, |x| ln_lower(m, x) < target)
    } else {
        let target = (1.0 - probability).ln();
        let low = (m - 1) as f64;
        let mut high = 2.0 * low + 1.0;
        while ln_upper(m, high) > target {
            high *= 2.0;
        }
        bisect(low, high, |x| ln_upper(m, x) > target)
    }
}

/// The point of `[low, high]` where `below` turns from true to false, to the last digit.
fn bisect(mut low: f64, mut high: f64, below: impl Fn(f64) -> bool) -> f64 {
    loop {
        let middle = low + 0.5 * (high - low);
        if !(low < middle && middle < high) {
            return middle;
        }
        if below(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
}

/// `ln P(X <= x)`, quick for `x` up to `m`.
fn ln_lower(m: usize, x: f64) -> f64 {
    let factors = (1..).map(|k| x / (m as f64 + f64::from(k)));
    ln_weight(m, x) + sum_of_products(factors).ln()
}

/// `ln P(X > x)`, quick for `x` from `m - 1`.
fn ln_upper(m: usize, x: f64) -> f64 {
    let factors = (1..m).map(|k| (m - k) as f64 / x);
    ln_weight(m - 1, x) + sum_of_products(factors).ln()
}

/// `1 + f1 + f1 f2 + ...` until the terms carry no digit.
fn sum_of_products(factors: impl Iterator<Item = f64>) -> f64 {
    let (mut term, mut sum) = (1.0, 1.0);
    for factor in factors {
        term *= factor;
        sum += term;
        if term < 1e-18 * sum {
            break;
        }
    }
    sum
}

/// `ln(x^n e^-x / n!)` without cancellation, as `-deviance - stirling - ln(2 pi n) / 2`.
fn ln_weight(n: usize, x: f64) -> f64 {
    if n == 0 {
        return -x;
    }
    let count = n as f64;
    -deviance(count, x) - stirling_remainder(n) - 0.5 * (TAU * count).ln()
}

/// `n ln(n / x) + x - n`.
fn deviance(n: f64, x: f64) -> f64 {
    let v = (n - x) / (n + x);
    if v.abs() > 0.1 {
        return n * (n / x).ln() + x - n;
    }
    // ln((1 + v) / (1 - v)) = 2 (v + v^3 / 3 + ...): the terms of first order cancel by hand.
    let mut power = 2.0 * n * v;
    let mut sum = (n - x) * v;
    for j in 1..20 {
        power *= v * v;
        sum += power / f64::from(2 * j + 1);
    }
    sum
}

/// `ln n! - ((n + 1/2) ln n - n + ln(2 pi) / 2)`.
fn stirling_remainder(n: usize) -> f64 {
    let x = n as f64;
    if n <= 15 {
        let factorial: f64 = (1..=n).map(|k| k as f64).product();
        return factorial.ln() - ((x + 0.5) * x.ln() - x + 0.5 * TAU.ln());
    }
    let s = 1.0 / (x * x);
    (1.0 / 12.0 - s * (1.0 / 360.0 - s * (1.0 / 1260.0 - s * (1.0 / 1680.0 - s / 1188.0)))) / x
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The law of one antenna is exponential, and that of two has `P(X > x) = (1 + x) e^-x`.
    #[test]
    fn small_shapes_in_closed_form() {
        for p in [1e-12_f64, 0.3, 0.5, 0.500_000_1, 0.9, 1.0 - 1e-12] {
            let x = quantile(1, p);
            assert!((x / -(-p).ln_1p() - 1.0).abs() < 1e-14, "{p}: {x}");
            let x = quantile(2, p);
            let tail = (1.0 + x) * (-x).exp();
            assert!(
                (tail - (1.0 - p)).abs() < 1e-15 + 1e-13 * (1.0 - p),
                "{p}: {x}"
            );
        }
    }

    /// The two tails add up to 1 wherever both series are quick.
    #[test]
    fn the_tails_are_complements() {
        for m in [1, 2, 15, 16, 400, 30_000] {
            for x in [m as f64 - 0.9, m as f64 - 0.3, m as f64 * 1.02] {
                let sum = ln_lower(m, x).exp() + ln_upper(m, x).exp();
                assert!((sum - 1.0).abs() < 1e-12, "{m} {x}: {sum}");
            }
        }
    }

    /// Both forms of the deviance and of Stirling's remainder at their seams.
    #[test]
    fn seams_are_smooth() {
        for (n, x) in [(10.0_f64, 8.2_f64), (10.0, 12.2), (1e5, 1.2e5)] {
            let direct = n * (n / x).ln() + x - n;
            assert!((deviance(n, x) / direct - 1.0).abs() < 1e-9, "{n} {x}");
        }
        // r(n) - r(n+1) = (n + 1/2) ln(1 + 1/n) - 1.
        for n in [14_usize, 15, 16, 40] {
            let x = n as f64;
            let step = (x + 0.5) * (1.0 / x).ln_1p() - 1.0;
            let got = stirling_remainder(n) - stirling_remainder(n + 1);
            assert!((got - step).abs() < 2e-14, "{n}: {got} {step}");
        }
    }
}
