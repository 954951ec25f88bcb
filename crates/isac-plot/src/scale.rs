//! From values to points along one axis, and the ticks.

use crate::figure::Axis;

/// A linear or logarithmic map from `low..high` to `from..to`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scale {
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) log: bool,
    pub(super) from: f64,
    pub(super) to: f64,
}

/// Ticks of an axis.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Ticks {
    /// Value and text.
    pub(super) major: Vec<(f64, String)>,
    /// Values between them.
    pub(super) minor: Vec<f64>,
    /// Common factor of the texts, such as `×10^{-3}`; empty for none.
    pub(super) factor: String,
}

impl Scale {
    /// With ends found from the data where the axis does not fix them. `room` is the share of the
    /// range left free at both ends; with `zero`, data that start at zero get no room there.
    pub(super) fn new(
        axis: &Axis,
        values: impl Iterator<Item = f64>,
        room: f64,
        zero: bool,
    ) -> Self {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for v in values.filter(|v| v.is_finite() && (!axis.log || *v > 0.0)) {
            low = low.min(v);
            high = high.max(v);
        }
        if low > high {
            (low, high) = if axis.log { (1.0, 10.0) } else { (0.0, 1.0) };
        }
        let fixed = axis
            .range
            .filter(|[a, b]| a < b && a.is_finite() && b.is_finite() && (!axis.log || *a > 0.0));
        if let Some([a, b]) = fixed {
            (low, high) = (a, b);
        } else if axis.log {
            let (a, b) = (low.log10(), high.log10());
            let pad = ((b - a) * room).max(if b - a < 1e-9 { 0.3 } else { 0.02 });
            (low, high) = (10f64.powf(a - pad), 10f64.powf(b + pad));
        } else {
            let span = high - low;
            let pad = if span > 1e-12 * low.abs().max(high.abs()) {
                span * room
            } else {
                (0.1 * high.abs()).max(1e-12)
            };
            let from_zero = zero && low >= 0.0 && low <= 1e-9 * high;
            low = if from_zero && room > 0.0 {
                0.0
            } else {
                low - pad
            };
            high += pad;
        }
        if let Some(ticks) = axis
            .ticks
            .as_ref()
            .filter(|t| !t.is_empty() && fixed.is_none())
        {
            // Categories stand half a step inside.
            let first = ticks.iter().map(|t| t.0).fold(f64::INFINITY, f64::min);
            let last = ticks.iter().map(|t| t.0).fold(f64::NEG_INFINITY, f64::max);
            let step = if ticks.len() > 1 && !axis.log {
                (last - first) / (ticks.len() - 1) as f64
            } else {
                0.0
            };
            low = low.min(first - 0.3 * step);
            high = high.max(last + 0.3 * step);
        }
        Self {
            low,
            high,
            log: axis.log,
            from: 0.0,
            to: 1.0,
        }
    }

    /// The same onto another stretch of the page.
    pub(super) fn onto(mut self, from: f64, to: f64) -> Self {
        self.from = from;
        self.to = to;
        self
    }

    /// Position on the page; `None` for what cannot be shown. Values outside are kept outside but
    /// near, so that lines leave the panel where they should.
    pub(super) fn place(self, value: f64) -> Option<f64> {
        if value.is_nan() || (self.log && value <= 0.0) {
            return None;
        }
        let part = if self.log {
            (value / self.low).log10() / (self.high / self.low).log10()
        } else {
            (value - self.low) / (self.high - self.low)
        };
        Some(self.from + part.clamp(-50.0, 50.0) * (self.to - self.from))
    }

    /// Ticks, about `wanted` of them; at whole numbers only if `whole`.
    pub(super) fn ticks(self, axis: &Axis, wanted: usize, whole: bool) -> Ticks {
        let mut ticks = match &axis.ticks {
            Some(given) => Ticks {
                major: given.clone(),
                ..Ticks::default()
            },
            None if self.log => self.log_ticks(wanted),
            None => self.linear_ticks(wanted, whole),
        };
        let inside = |v: f64| {
            let slack = 1e-9 * (self.high - self.low).abs();
            v >= self.low - slack && v <= self.high + slack
        };
        ticks.major.retain(|(v, _)| inside(*v));
        ticks.minor.retain(|v| inside(*v));
        ticks
    }

    fn linear_ticks(self, wanted: usize, whole: bool) -> Ticks {
        let rough = (self.high - self.low) / wanted.max(1) as f64;
        let (step, minor_step) = match nice_step(rough) {
            (step, _) if whole && step < 5.0 => (step.ceil(), 1.0),
            steps => steps,
        };
        let every = |step: f64| -> Vec<f64> {
            let first = (self.low / step - 1e-9).ceil() as i64;
            let last = (self.high / step + 1e-9).floor() as i64;
            (first..=last).map(|i| i as f64 * step).collect()
        };
        let values = every(step);
        let largest = values.iter().fold(0.0, |a: f64, v| a.max(v.abs()));
        let exponent = largest.max(f64::MIN_POSITIVE).log10().floor() as i32;
        let power = if (-3..5).contains(&exponent) {
            0
        } else {
            exponent
        };
        let unit = 10f64.powi(power);
        let digits = (-(step / unit).log10() - 1e-9).ceil().max(0.0) as usize;
        // 2.5 needs one more digit than its power of ten.
        let digits = (digits..digits + 2)
            .find(|d| {
                let scaled = step / unit * 10f64.powi(*d as i32);
                (scaled - scaled.round()).abs() < 1e-6
            })
            .unwrap_or(digits);
        Ticks {
            major: values
                .iter()
                .map(|v| (*v, signed(&format!("{:.digits$}", v / unit))))
                .collect(),
            minor: every(minor_step),
            factor: if power == 0 {
                String::new()
            } else {
                format!("×10^{{{}}}", signed(&power.to_string()))
            },
        }
    }

    fn log_ticks(self, wanted: usize) -> Ticks {
        let (a, b) = (self.low.log10(), self.high.log10());
        let (first, last) = (a.floor() as i32, b.ceil() as i32);
        let decades = (b - a).max(1e-9);
        let stride = ((decades / wanted.max(1) as f64).ceil() as i32).max(1);
        let mut ticks = Ticks::default();
        let full = (first..=last).filter(|d| {
            let v = f64::from(*d);
            v >= a - 1e-9 && v <= b + 1e-9
        });
        let whole = full.count();
        for decade in first..=last {
            let base = 10f64.powi(decade);
            if decade.rem_euclid(stride) == 0 {
                ticks.major.push((base, power_text(1, decade)));
            } else {
                ticks.minor.push(base);
            }
            if stride == 1 {
                for m in 2..10 {
                    let named = match whole {
                        0 | 1 => decades < 0.35 || m == 2 || m == 5 || (m == 3 && decades < 1.0),
                        2 => decades < 2.0 && (m == 2 || m == 5),
                        _ => false,
                    };
                    let value = f64::from(m) * base;
                    if named {
                        ticks.major.push((value, power_text(m, decade)));
                    } else {
                        ticks.minor.push(value);
                    }
                }
            }
        }
        ticks
    }
}

/// Text of `m * 10^decade` on a logarithmic axis.
fn power_text(m: i32, decade: i32) -> String {
    match decade {
        -2..=3 => {
            let digits = (-decade).max(0) as usize;
            format!("{:.digits$}", f64::from(m) * 10f64.powi(decade))
        }
        _ if m == 1 => format!("10^{{{}}}", signed(&decade.to_string())),
        _ => format!("{m}·10^{{{}}}", signed(&decade.to_string())),
    }
}

/// With a true minus sign, and no negative zero.
fn signed(text: &str) -> String {
    match text.strip_prefix('-') {
        Some(rest) if rest.chars().all(|c| c == '0' || c == '.') => rest.into(),
        Some(rest) => format!("−{rest}"),
        None => text.into(),
    }
}

/// The smallest of 1, 2, 2.5, 5 times a power of ten not below `rough`, and the step of its minor
/// ticks.
fn nice_step(rough: f64) -> (f64, f64) {
    let rough = rough.max(f64::MIN_POSITIVE * 1e10);
    let power = 10f64.powf(rough.log10().floor());
    for (nice, parts) in [(1.0, 5.0), (2.0, 4.0), (2.5, 5.0), (5.0, 5.0)] {
        if nice * power >= rough * (1.0 - 1e-9) {
            return (nice * power, nice * power / parts);
        }
    }
    (10.0 * power, 2.0 * power)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(axis: &Axis, low: f64, high: f64) -> Vec<String> {
        let axis = axis.clone().range(low, high);
        let scale = Scale::new(&axis, std::iter::empty(), 0.05, true);
        scale
            .ticks(&axis, 6, false)
            .major
            .into_iter()
            .map(|t| t.1)
            .collect()
    }

    #[test]
    fn linear_ticks_are_round() {
        let linear = Axis::new("");
        assert_eq!(
            texts(&linear, -1.0, 1.0),
            ["−1.0", "−0.5", "0.0", "0.5", "1.0"]
        );
        assert_eq!(
            texts(&linear, 0.0, 12.0),
            ["0", "2", "4", "6", "8", "10", "12"]
        );
        assert_eq!(texts(&linear, 0.0, 1.4).first().unwrap(), "0.00");
    }

    #[test]
    fn whole_numbers_get_whole_ticks() {
        let axis = Axis::new("").range(2.0, 4.0);
        let scale = Scale::new(&axis, std::iter::empty(), 0.0, true);
        let texts: Vec<String> = scale
            .ticks(&axis, 6, true)
            .major
            .into_iter()
            .map(|t| t.1)
            .collect();
        assert_eq!(texts, ["2", "3", "4"]);
    }

    #[test]
    fn log_ticks_are_decades_and_narrow_ranges_still_get_labels() {
        let log = Axis::log("");
        assert_eq!(
            texts(&log, 1e-7, 1e-4),
            ["10^{−7}", "10^{−6}", "10^{−5}", "10^{−4}"]
        );
        assert!(texts(&log, 1.2, 4.0).len() >= 2);
        assert!(texts(&log, 0.8, 15.0).len() >= 3);
        assert!(texts(&log, 1e-30, 1e10).len() <= 9);
    }

    #[test]
    fn places_are_linear_or_logarithmic() {
        let axis = Axis::log("").range(1.0, 100.0);
        let scale = Scale::new(&axis, std::iter::empty(), 0.0, true).onto(0.0, 200.0);
        assert!((scale.place(10.0).unwrap() - 100.0).abs() < 1e-9);
        assert_eq!(scale.place(0.0), None);
        assert_eq!(scale.place(f64::NAN), None);
    }
}
