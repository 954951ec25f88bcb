//! Antenna arrays: steering vectors and their first derivatives with respect to the angles.
//!
//! The phase grows with the element index (`exp(+j ...)`), and a user with channel `h` receives
//! `h^H x`. Papers disagree on the scaling and on the order of the elements of a planar array, so
//! both are arguments: [`Scaling`] and [`KronOrder`].

mod element;
mod elements;
mod ula;
mod upa;

pub use element::{Element, element_gain};
pub use elements::Elements;
pub use ula::Ula;
pub use upa::{KronOrder, Steering, Upa};

use isac_linalg::{Mat, c64};
use serde::{Deserialize, Serialize};

/// Steering vectors of `M` targets and their derivatives by whatever moves a target: one angle for a
/// linear array, two for a planar one, two angles and a distance in the near field.
#[derive(Debug, Clone)]
pub struct Response {
    /// Columns `a_m`, `N x M`.
    pub value: Mat<c64>,
    /// For each parameter of a target the columns `da_m`, `N x M`.
    pub derivatives: Vec<Mat<c64>>,
}

impl From<Steering> for Response {
    fn from(steering: Steering) -> Self {
        Self {
            value: steering.value,
            derivatives: vec![steering.d_theta, steering.d_phi],
        }
    }
}

/// Scaling of a steering vector of `N` entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scaling {
    /// Every entry has modulus 1; squared norm `N`.
    UnitEntries,
    /// Entries of modulus `1/sqrt(N)`; norm 1.
    UnitNorm,
}

impl Scaling {
    /// The modulus of each entry.
    pub fn modulus(self, elements: usize) -> f64 {
        match self {
            Self::UnitEntries => 1.0,
            Self::UnitNorm => 1.0 / (elements as f64).sqrt(),
        }
    }
}
