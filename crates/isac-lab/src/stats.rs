//! Means, intervals and percentiles over realisations, and floats that survive JSON.

/// Mean and 95 % interval of a sample.
///
/// The interval is Student's: `mean ± t(0.975, n-1) s / sqrt(n)` with the sample standard deviation
/// `s`. With one value it is that value; with none all are NaN.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// Number of values.
    pub n: usize,
    /// Mean.
    pub mean: f64,
    /// Sample standard deviation (divisor n - 1); 0 for one value.
    pub std: f64,
    /// Lower end of the 95 % interval of the mean.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Summary {
    /// Of a sample, summed in the order given.
    pub fn of(values: &[f64]) -> Self {
        let n = values.len();
        if n == 0 {
            return Self {
                n,
                mean: f64::NAN,
                std: f64::NAN,
                low: f64::NAN,
                high: f64::NAN,
            };
        }
        let mean = values.iter().sum::<f64>() / n as f64;
        let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
        let std = if n > 1 {
            (squares / (n - 1) as f64).sqrt()
        } else {
            0.0
        };
        let half = if n > 1 {
            student_975(n - 1) * std / (n as f64).sqrt()
        } else {
            0.0
        };
        Self {
            n,
            mean,
            std,
            low: mean - half,
            high: mean + half,
        }
    }
}

/// The 97.5 % point of Student's t with `df >= 1` degrees of freedom.
pub fn student_975(df: usize) -> f64 {
    const TABLE: [f64; 30] = [
        12.706_205, 4.302_653, 3.182_446, 2.776_445, 2.570_582, 2.446_912, 2.364_624, 2.306_004,
        2.262_157, 2.228_139, 2.200_985, 2.178_813, 2.160_369, 2.144_787, 2.131_450, 2.119_905,
        2.109_816, 2.100_922, 2.093_024, 2.085_963, 2.079_614, 2.073_873, 2.068_658, 2.063_899,
        2.059_539, 2.055_529, 2.051_831, 2.048_407, 2.045_230, 2.042_272,
    ];
    if df <= TABLE.len() {
        return TABLE[df.max(1) - 1];
    }
    // Expansion of the t quantile about the normal one in 1/df.
    let z: f64 = 1.959_963_984_540_054;
    let v = df as f64;
    z + (z.powi(3) + z) / (4.0 * v)
        + (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / (96.0 * v * v)
        + (3.0 * z.powi(7) + 19.0 * z.powi(5) + 17.0 * z.powi(3) - 15.0 * z) / (384.0 * v.powi(3))
}

/// Empirical quantile, `0 <= q <= 1`, linear between order statistics; NaN for no values.
pub fn quantile(values: &[f64], q: f64) -> f64 {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|v| !v.is_nan()).collect();
    if sorted.is_empty() {
        return f64::NAN;
    }
    sorted.sort_by(f64::total_cmp);
    let position = q.clamp(0.0, 1.0) * (sorted.len() - 1) as f64;
    let below = position.floor() as usize;
    let above = position.ceil() as usize;
    sorted[below] + (position - below as f64) * (sorted[above] - sorted[below])
}

/// Median; NaN for no values.
pub fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

/// Share of `values` that lie below `value` in percent, ties counted half; NaN for no values.
pub fn percentile_of(values: &[f64], value: f64) -> f64 {
    let below = values.iter().filter(|v| **v < value).count() as f64;
    let equal = values
        .iter()
        .filter(|v| v.total_cmp(&value).is_eq())
        .count() as f64;
    100.0 * (below + 0.5 * equal) / values.len() as f64
}

/// Points `(value, share of values <= value)` of the empirical distribution function.
pub fn cdf(values: &[f64]) -> Vec<[f64; 2]> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|v| !v.is_nan()).collect();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len() as f64;
    sorted
        .iter()
        .enumerate()
        .map(|(i, v)| [*v, (i + 1) as f64 / n])
        .collect()
}

/// Seventeen significant digits: parses back to the same double. `NaN`, `inf`, `-inf` for those.
pub fn digits17(value: f64) -> String {
    let mut text = String::new();
    write17(&mut text, value);
    text
}

/// [`digits17`] at the end of a text.
pub fn write17(text: &mut String, value: f64) {
    use std::fmt::Write as _;
    if value.is_nan() {
        text.push_str("NaN");
    } else if value.is_infinite() {
        text.push_str(if value > 0.0 { "inf" } else { "-inf" });
    } else {
        // Writing to a String cannot fail.
        let _ = write!(text, "{value:.16e}");
    }
}

/// Serde for one float that may be NaN or infinite (JSON has no word for them).
pub mod any_float {
    use serde::de::{Deserialize, Deserializer, Error, Visitor};
    use serde::{Serialize, Serializer};

    #[derive(Serialize)]
    #[serde(untagged)]
    pub(super) enum Float {
        Number(f64),
        Word(String),
    }

    impl From<f64> for Float {
        fn from(value: f64) -> Self {
            if value.is_finite() {
                Self::Number(value)
            } else {
                Self::Word(super::digits17(value))
            }
        }
    }

    impl From<Float> for f64 {
        fn from(value: Float) -> Self {
            match value {
                Float::Number(value) => value,
                Float::Word(word) => word.parse().unwrap_or(f64::NAN),
            }
        }
    }

    // By hand: serde's own way of reading one of several forms copies the value before it looks at it, and
    // a merge reads millions.
    impl<'de> Deserialize<'de> for Float {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer.deserialize_any(Either)
        }
    }

    struct Either;

    impl Visitor<'_> for Either {
        type Value = Float;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a number, or `NaN`, `inf`, `-inf` as text")
        }

        fn visit_f64<E: Error>(self, value: f64) -> Result<Float, E> {
            Ok(Float::Number(value))
        }

        fn visit_i64<E: Error>(self, value: i64) -> Result<Float, E> {
            Ok(Float::Number(value as f64))
        }

        fn visit_u64<E: Error>(self, value: u64) -> Result<Float, E> {
            Ok(Float::Number(value as f64))
        }

        fn visit_str<E: Error>(self, value: &str) -> Result<Float, E> {
            Ok(Float::Word(value.into()))
        }
    }

    /// Finite as a number, otherwise as a word.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        Float::from(*value).serialize(serializer)
    }

    /// The reverse.
    ///
    /// # Errors
    /// Those of the deserializer.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        Float::deserialize(deserializer).map(f64::from)
    }
}

/// Serde for a list of floats that may be NaN or infinite.
pub mod any_floats {
    use super::any_float::Float;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    /// Each as in [`super::any_float`].
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(values: &[f64], serializer: S) -> Result<S::Ok, S::Error> {
        let list: Vec<Float> = values.iter().copied().map(Float::from).collect();
        list.serialize(serializer)
    }

    /// The reverse.
    ///
    /// # Errors
    /// Those of the deserializer.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f64>, D::Error> {
        let list = Vec::<Float>::deserialize(deserializer)?;
        Ok(list.into_iter().map(f64::from).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summary_by_hand() {
        let s = Summary::of(&[1.0, 2.0, 3.0]);
        assert!((s.mean - 2.0).abs() < 1e-15 && (s.std - 1.0).abs() < 1e-15);
        assert!((s.high - 2.0 - 4.302_653 / 3f64.sqrt()).abs() < 1e-12);
        assert!(Summary::of(&[]).mean.is_nan());
        assert!((Summary::of(&[4.0]).low - 4.0).abs() < 1e-15);
    }

    #[test]
    fn student_joins_its_table_and_tends_to_normal() {
        // Published points of the t distribution.
        assert!((student_975(40) - 2.021_075).abs() < 2e-6);
        assert!((student_975(100) - 1.983_972).abs() < 2e-6);
        assert!((student_975(1_000_000) - 1.959_966).abs() < 1e-6);
        assert!(student_975(31) < student_975(30));
    }

    #[test]
    fn quantiles_and_percentiles() {
        let v = [3.0, 1.0, 2.0, f64::NAN];
        assert!((median(&v) - 2.0).abs() < 1e-15);
        assert!((quantile(&v, 0.25) - 1.5).abs() < 1e-15);
        assert!((percentile_of(&[1.0, 2.0, 3.0, 4.0], 2.0) - 37.5).abs() < 1e-12);
        assert_eq!(cdf(&[2.0, 1.0]), [[1.0, 0.5], [2.0, 1.0]]);
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn seventeen_digits_come_back() {
        for v in [0.1, -1.0 / 3.0, 1e-300, 6.02e23, 0.0] {
            assert_eq!(digits17(v).parse::<f64>().unwrap().to_bits(), v.to_bits());
        }
        assert_eq!(digits17(f64::NEG_INFINITY), "-inf");
    }
}
