//! The rows of table 7.5-6, read from the data file beside this one.

use super::{Environment, large_scale::check_carrier};
use crate::Error;
use serde::Deserialize;

/// `slope log10(f') + offset`, with f' the shifted and floored carrier in GHz.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Affine {
    /// Factor of the logarithm.
    pub slope: f64,
    /// Value at 1 GHz.
    pub offset: f64,
}

/// Mean and standard deviation of a base-10 logarithm.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogNormal {
    /// Mean of the logarithm.
    pub mean: Affine,
    /// Standard deviation of the logarithm.
    pub std: Affine,
}

/// Cross-correlations of the large-scale parameters.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Correlation {
    /// Departure spread with delay spread.
    pub departure_delay: f64,
    /// Delay spread with shadow fading.
    pub delay_shadow: f64,
    /// Departure spread with shadow fading.
    pub departure_shadow: f64,
    /// Departure spread with the K-factor.
    pub departure_k: f64,
    /// Delay spread with the K-factor.
    pub delay_k: f64,
    /// Shadow fading with the K-factor.
    pub shadow_k: f64,
}

/// One column of table 7.5-6.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// Carriers below this are evaluated at it, GHz.
    pub frequency_floor_ghz: f64,
    /// Added to the carrier inside the logarithm, GHz.
    pub frequency_shift_ghz: f64,
    /// RMS delay spread, lg of seconds.
    pub lg_delay_spread: LogNormal,
    /// RMS azimuth spread of departure, lg of degrees.
    pub lg_departure_spread: LogNormal,
    /// Standard deviation of the shadow fading, dB.
    pub shadow_std_db: f64,
    /// Mean of the Rician K-factor, dB.
    pub k_mean_db: f64,
    /// Standard deviation of the K-factor, dB.
    pub k_std_db: f64,
    /// Number of clusters.
    pub clusters: usize,
    /// Delay scaling r_tau.
    pub delay_scaling: f64,
    /// Per-cluster shadowing, dB.
    pub cluster_shadow_std_db: f64,
    /// Cluster-wise RMS azimuth spread of departure, degrees.
    pub cluster_departure_spread_deg: f64,
    /// Scaling factor C_phi of the azimuth for this number of clusters, without line of sight.
    pub angle_scaling: f64,
    /// Cross-correlations.
    pub correlation: Correlation,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tables {
    umi_los: Table,
    umi_nlos: Table,
    uma_los: Table,
    uma_nlos: Table,
}

pub(super) fn lookup(environment: Environment, line_of_sight: bool) -> Result<Table, Error> {
    let tables: Tables =
        serde_json::from_str(include_str!("tables.json")).map_err(|e| Error::Table {
            what: "tr38901",
            why: e.to_string(),
        })?;
    Ok(match (environment, line_of_sight) {
        (Environment::UmiStreetCanyon, true) => tables.umi_los,
        (Environment::UmiStreetCanyon, false) => tables.umi_nlos,
        (Environment::Uma, true) => tables.uma_los,
        (Environment::Uma, false) => tables.uma_nlos,
    })
}

impl Table {
    fn lg_carrier(&self, carrier_hz: f64) -> Result<f64, Error> {
        check_carrier(carrier_hz)?;
        let floored = (carrier_hz * 1e-9).max(self.frequency_floor_ghz);
        Ok((floored + self.frequency_shift_ghz).log10())
    }

    /// Mean and standard deviation of lg(delay spread in s) at a carrier, Hz.
    ///
    /// # Errors
    /// A carrier outside [`CARRIERS_HZ`](super::CARRIERS_HZ).
    pub fn delay_spread_at(&self, carrier_hz: f64) -> Result<(f64, f64), Error> {
        Ok(self.lg_delay_spread.at(self.lg_carrier(carrier_hz)?))
    }

    /// Mean and standard deviation of lg(azimuth spread of departure in degrees) at a carrier, Hz.
    ///
    /// # Errors
    /// A carrier outside [`CARRIERS_HZ`](super::CARRIERS_HZ).
    pub fn departure_spread_at(&self, carrier_hz: f64) -> Result<(f64, f64), Error> {
        Ok(self.lg_departure_spread.at(self.lg_carrier(carrier_hz)?))
    }
}

impl LogNormal {
    fn at(&self, lg_carrier: f64) -> (f64, f64) {
        (
            self.mean.slope * lg_carrier + self.mean.offset,
            self.std.slope * lg_carrier + self.std.offset,
        )
    }
}
