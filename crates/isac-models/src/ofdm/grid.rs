//! The resource grid: subcarriers, symbols and the units they normalise.

use crate::Error;
use isac_linalg::validate;
use serde::{Deserialize, Serialize};

/// Speed of light in vacuum, m/s.
pub const SPEED_OF_LIGHT_M_S: f64 = 299_792_458.0;

/// An OFDM resource grid. A value that exists has at least one subcarrier and one symbol and
/// positive finite frequencies.
///
/// Delays are normalised by the subcarrier spacing (cycles per subcarrier) and Doppler shifts by the
/// symbol interval (cycles per symbol), Eqs. (4) and (5) of \[alpha_fair\].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "StatedGrid")]
pub struct Grid {
    subcarriers: usize,
    symbols: usize,
    carrier_hz: f64,
    spacing_hz: f64,
    interval_s: f64,
}

/// What a document states of a [`Grid`], before it is checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StatedGrid {
    subcarriers: usize,
    symbols: usize,
    carrier_hz: f64,
    spacing_hz: f64,
    interval_s: f64,
}

impl TryFrom<StatedGrid> for Grid {
    type Error = Error;
    fn try_from(stated: StatedGrid) -> Result<Self, Error> {
        Self::new(
            stated.subcarriers,
            stated.symbols,
            stated.carrier_hz,
            stated.spacing_hz,
            stated.interval_s,
        )
    }
}

impl Grid {
    /// A grid of `subcarriers` (N) by `symbols` (M) at the carrier `carrier_hz`, with subcarrier
    /// spacing `spacing_hz` and the symbol interval `interval_s`, cyclic prefix included.
    ///
    /// # Errors
    /// A size of 0 or a quantity that is not finite and positive.
    pub fn new(
        subcarriers: usize,
        symbols: usize,
        carrier_hz: f64,
        spacing_hz: f64,
        interval_s: f64,
    ) -> Result<Self, Error> {
        validate::positive("subcarriers", subcarriers as f64, "")?;
        validate::positive("symbols", symbols as f64, "")?;
        validate::positive("carrier", carrier_hz, "Hz")?;
        validate::positive("subcarrier_spacing", spacing_hz, "Hz")?;
        validate::positive("symbol_interval", interval_s, "s")?;
        Ok(Self {
            subcarriers,
            symbols,
            carrier_hz,
            spacing_hz,
            interval_s,
        })
    }

    /// A grid that fills `bandwidth_hz` (B) and spends the fraction `cyclic_prefix` of a symbol on
    /// its prefix: spacing B/N, interval (1 + cyclic_prefix) N/B.
    ///
    /// # Errors
    /// As [`Grid::new`]; also for a negative prefix.
    pub fn filling(
        subcarriers: usize,
        symbols: usize,
        carrier_hz: f64,
        bandwidth_hz: f64,
        cyclic_prefix: f64,
    ) -> Result<Self, Error> {
        validate::positive("subcarriers", subcarriers as f64, "")?;
        validate::positive("bandwidth", bandwidth_hz, "Hz")?;
        validate::nonnegative("cyclic_prefix", cyclic_prefix, "")?;
        let spacing = bandwidth_hz / subcarriers as f64;
        let interval = (1.0 + cyclic_prefix) / spacing;
        Self::new(subcarriers, symbols, carrier_hz, spacing, interval)
    }

    /// Number of subcarriers N.
    pub fn subcarriers(&self) -> usize {
        self.subcarriers
    }

    /// Number of OFDM symbols M.
    pub fn symbols(&self) -> usize {
        self.symbols
    }

    /// Carrier frequency, Hz.
    pub fn carrier_hz(&self) -> f64 {
        self.carrier_hz
    }

    /// Subcarrier spacing, Hz.
    pub fn spacing_hz(&self) -> f64 {
        self.spacing_hz
    }

    /// Symbol interval with cyclic prefix, s.
    pub fn interval_s(&self) -> f64 {
        self.interval_s
    }

    /// Bandwidth N times the spacing, Hz.
    pub fn bandwidth_hz(&self) -> f64 {
        self.subcarriers as f64 * self.spacing_hz
    }

    /// Wavelength of the carrier, m.
    pub fn wavelength_m(&self) -> f64 {
        SPEED_OF_LIGHT_M_S / self.carrier_hz
    }

    /// Frequency of a subcarrier relative to the carrier, Hz: `(i - (N-1)/2)` spacings.
    pub fn offset_hz(&self, subcarrier: usize) -> f64 {
        (subcarrier as f64 - (self.subcarriers as f64 - 1.0) / 2.0) * self.spacing_hz
    }

    /// Thermal noise power per subcarrier, W: -174 dBm/Hz times the spacing times the noise figure.
    pub fn thermal_noise_w(&self, noise_figure_db: f64) -> f64 {
        let dbm = -174.0 + 10.0 * self.spacing_hz.log10() + noise_figure_db;
        10f64.powf((dbm - 30.0) / 10.0)
    }

    /// Standard deviation of the monostatic range, m, from the variance of the normalised delay.
    pub fn range_std_m(&self, delay_variance: f64) -> f64 {
        SPEED_OF_LIGHT_M_S / (2.0 * self.spacing_hz) * delay_variance.sqrt()
    }

    /// Standard deviation of the monostatic radial speed, m/s, from the variance of the normalised
    /// Doppler shift.
    pub fn speed_std_m_s(&self, doppler_variance: f64) -> f64 {
        SPEED_OF_LIGHT_M_S / (2.0 * self.carrier_hz * self.interval_s) * doppler_variance.sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filled_grid_has_the_numbers_of_a_hand_calculation() {
        let grid = Grid::filling(64, 64, 28e9, 100e6, 0.25).unwrap();
        assert!((grid.spacing_hz() - 1.5625e6).abs() < 1e-6);
        assert!((grid.interval_s() - 0.8e-6).abs() < 1e-18);
        assert!((grid.offset_hz(0) + 31.5 * 1.5625e6).abs() < 1e-3);
        // -174 + 61.938 + 7 = -105.06 dBm
        let dbm = 10.0 * grid.thermal_noise_w(7.0).log10() + 30.0;
        assert!((dbm + 105.0618).abs() < 1e-3, "{dbm}");
    }

    #[test]
    fn sizes_of_zero_and_bad_frequencies_are_named() {
        let text = |r: Result<Grid, Error>| r.unwrap_err().to_string();
        assert!(text(Grid::new(0, 4, 1e9, 1e6, 1e-6)).contains("subcarriers"));
        assert!(text(Grid::new(4, 0, 1e9, 1e6, 1e-6)).contains("symbols"));
        assert!(text(Grid::new(4, 4, f64::NAN, 1e6, 1e-6)).contains("carrier"));
        assert!(text(Grid::new(4, 4, 1e9, -1.0, 1e-6)).contains("spacing"));
        assert!(text(Grid::new(4, 4, 1e9, 1e6, 0.0)).contains("interval"));
        assert!(text(Grid::filling(4, 4, 1e9, 1e6, -0.1)).contains("prefix"));
    }
}
