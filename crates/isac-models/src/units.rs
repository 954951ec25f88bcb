//! Units at the edges. Inside, everything is linear SI; these newtypes only read what people write.

use serde::{Deserialize, Serialize};

/// A ratio in decibels.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Db(pub f64);

/// A power in decibels relative to one milliwatt.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Dbm(pub f64);

/// An angle in degrees.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Degrees(pub f64);

impl Db {
    /// The ratio, `10^(dB/10)`.
    pub fn linear(self) -> f64 {
        10.0_f64.powf(self.0 / 10.0)
    }

    /// The level of a ratio.
    pub fn from_linear(ratio: f64) -> Self {
        Self(10.0 * ratio.log10())
    }
}

impl Dbm {
    /// The power in watts, `10^(dBm/10 - 3)`.
    pub fn watts(self) -> f64 {
        10.0_f64.powf(self.0 / 10.0 - 3.0)
    }

    /// The level of a power in watts.
    pub fn from_watts(power: f64) -> Self {
        Self(10.0 * power.log10() + 30.0)
    }
}

impl Degrees {
    /// The angle in radians.
    pub fn radians(self) -> f64 {
        self.0.to_radians()
    }

    /// The angle of so many radians.
    pub fn from_radians(angle: f64) -> Self {
        Self(angle.to_degrees())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        assert!((Db(3.0).linear() - 1.995_262_314_968_879_5).abs() < 1e-15);
        assert!((Dbm(30.0).watts() - 1.0).abs() < 1e-15);
        assert!((Dbm(10.0).watts() - 0.01).abs() < 1e-17);
        assert!((Degrees(180.0).radians() - std::f64::consts::PI).abs() < 1e-15);
    }

    #[test]
    fn there_and_back() {
        assert!((Db::from_linear(Db(-7.3).linear()).0 + 7.3).abs() < 1e-13);
        assert!((Dbm::from_watts(Dbm(12.5).watts()).0 - 12.5).abs() < 1e-13);
        assert!((Degrees::from_radians(Degrees(33.0).radians()).0 - 33.0).abs() < 1e-13);
    }
}
