//! Power pattern of one antenna element.

use serde::{Deserialize, Serialize};
use std::f64::consts::TAU;

/// Power pattern of the elements of an array.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Element {
    /// The same in every direction.
    #[default]
    Isotropic,
    /// 8 dBi and 65 degrees wide, [`element_gain`].
    Sector,
}

impl Element {
    /// Linear power gain towards azimuth and elevation from boresight, radians.
    pub fn gain(self, azimuth: f64, elevation: f64) -> f64 {
        match self {
            Self::Isotropic => 1.0,
            Self::Sector => element_gain(azimuth, elevation),
        }
    }
}

/// Linear power gain towards azimuth and elevation from boresight, radians:
/// `8 dBi - min(A_az + A_el, 30)` dB with `A = min(12 (angle / 65 deg)^2, 30)` for each angle.
///
/// Angles are taken modulo a full turn, into `[-pi, pi]`.
///
/// ```
/// use isac_models::array::element_gain;
/// assert!((element_gain(0.0, 0.0) - 10.0_f64.powf(0.8)).abs() < 1e-12);
/// assert!((element_gain(3.0, 0.0) - 10.0_f64.powf(-2.2)).abs() < 1e-12);
/// assert!((element_gain(std::f64::consts::TAU, 0.0) - 10.0_f64.powf(0.8)).abs() < 1e-12);
/// ```
pub fn element_gain(azimuth: f64, elevation: f64) -> f64 {
    let loss = |angle: f64| {
        let turned = angle - TAU * (angle / TAU).round();
        (12.0 * (turned.to_degrees() / 65.0).powi(2)).min(30.0)
    };
    let decibels = 8.0 - (loss(azimuth) + loss(elevation)).min(30.0);
    10.0_f64.powf(0.1 * decibels)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pattern written in degrees, for an angle already within half a turn.
    fn decibels(azimuth_deg: f64, elevation_deg: f64) -> f64 {
        let loss = |degrees: f64| (12.0 * (degrees / 65.0) * (degrees / 65.0)).min(30.0);
        8.0 - (loss(azimuth_deg) + loss(elevation_deg)).min(30.0)
    }

    #[test]
    fn a_full_turn_changes_nothing() {
        for azimuth in [-179.0_f64, -65.0, -11.5, 0.0, 32.5, 65.0, 90.0, 179.0] {
            for elevation in [-40.0_f64, 0.0, 20.0] {
                let expected = decibels(azimuth, elevation);
                for turns in [-2.0, -1.0, 0.0, 1.0, 3.0] {
                    let turned = azimuth.to_radians() + turns * TAU;
                    let got = 10.0 * element_gain(turned, elevation.to_radians()).log10();
                    assert!((got - expected).abs() < 1e-10, "{azimuth} {turns}: {got}");
                    let swapped = 10.0 * element_gain(elevation.to_radians(), turned).log10();
                    assert!((swapped - expected).abs() < 1e-10, "{azimuth} {turns}");
                }
            }
        }
    }

    #[test]
    fn three_decibels_down_at_half_the_width_and_thirty_behind() {
        let half = (32.5_f64).to_radians();
        assert!((10.0 * element_gain(half, 0.0).log10() - 5.0).abs() < 1e-12);
        assert!((10.0 * element_gain(0.0, -half).log10() - 5.0).abs() < 1e-12);
        assert!((10.0 * element_gain(half, half).log10() - 2.0).abs() < 1e-12);
        assert!((10.0 * element_gain(TAU / 2.0, 1.0).log10() + 22.0).abs() < 1e-12);
    }
}
