//! The 3GPP TR 38.901 (version 16.1) channel for UMi street canyon and UMa, reduced to what a linear
//! base-station array and single-antenna users can see.
//!
//! | file | what it holds |
//! |---|---|
//! | `tables.json` | the large-scale parameters of table 7.5-6 |
//! | `table.rs` | their reader |
//! | `large_scale.rs` | line-of-sight probability, path loss, correlated large-scale parameters |
//! | `link.rs` | clusters, rays and the frequency-selective response |
//!
//! Simplifications: azimuth only, one polarisation, no elevation, no sub-clusters
//! of the two strongest clusters, no spatial consistency between links, no blockage, outdoor users
//! at 1.5 m. Distances and carriers outside the standard's ranges ([`DISTANCES_M`],
//! [`CARRIERS_HZ`]) are refused.
//!
//! ```
//! use isac_models::{array::Element, channel::tr38901::{Environment, Link, Place}, ofdm::Grid};
//! use rand::{SeedableRng, rngs::ChaCha8Rng};
//! let grid = Grid::filling(16, 8, 28e9, 100e6, 0.25)?;
//! let place = Place { distance_m: 80.0, azimuth_rad: 0.3 };
//! let mut rng = ChaCha8Rng::seed_from_u64(1);
//! let link = Link::draw(Environment::UmiStreetCanyon, place, &grid, 8, Element::Isotropic, &mut rng)?;
//! assert_eq!((link.response.nrows(), link.response.ncols()), (8, 16));
//! # Ok::<(), isac_models::Error>(())
//! ```

mod large_scale;
mod link;
mod table;

pub use large_scale::{CARRIERS_HZ, DISTANCES_M, LargeScale};
pub use link::{Clusters, Link, Place};
pub use table::{Affine, Correlation, LogNormal, Table};

use crate::Error;
use serde::{Deserialize, Serialize};

/// Height of a user, m.
pub const USER_HEIGHT_M: f64 = 1.5;

/// A deployment scenario of the standard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Environment {
    /// Urban micro, street canyon: base station at 10 m.
    UmiStreetCanyon,
    /// Urban macro: base station at 25 m.
    Uma,
}

impl Environment {
    /// Height of the base station, m.
    pub fn base_station_height_m(self) -> f64 {
        match self {
            Self::UmiStreetCanyon => 10.0,
            Self::Uma => 25.0,
        }
    }

    /// The large-scale parameters of this scenario with or without line of sight.
    ///
    /// # Errors
    /// None with the table this crate ships; a damaged table is reported as such.
    pub fn table(self, line_of_sight: bool) -> Result<Table, Error> {
        table::lookup(self, line_of_sight)
    }
}
