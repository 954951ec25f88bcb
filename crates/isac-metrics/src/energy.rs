//! Power budgets and energy efficiency.

use crate::Error;
use isac_linalg::validate;
use serde::{Deserialize, Serialize};

/// Circuit power `fixed + per_antenna (M1 + M2)`, W.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CircuitPower {
    /// Part that does not depend on the arrays, W.
    pub fixed: f64,
    /// Part per antenna, W.
    pub per_antenna: f64,
}

impl CircuitPower {
    /// Circuit power of both base stations together, W.
    pub fn watts(&self, antennas1: usize, antennas2: usize) -> f64 {
        self.fixed + self.per_antenna * (antennas1 + antennas2) as f64
    }
}

/// Which transmit power stands in the denominator of the energy efficiency.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accounting {
    /// Allocated power of BS1 in W, or `None` for what its beams use.
    pub allocated1: Option<f64>,
    /// Allocated power of BS2 in W, or `None` for what its beams use.
    pub allocated2: Option<f64>,
}

impl Accounting {
    /// `P1 + P2` as accounted for, given the used powers, W.
    pub fn transmit(&self, used1: f64, used2: f64) -> f64 {
        self.allocated1.unwrap_or(used1) + self.allocated2.unwrap_or(used2)
    }
}

/// Secrecy energy efficiency, bps/Hz/W: `rate / (transmit + circuit)`.
///
/// # Errors
/// A total power that is not positive and finite.
pub fn energy_efficiency(rate: f64, transmit: f64, circuit: f64) -> Result<f64, Error> {
    validate::positive("total power", transmit + circuit, "W")?;
    Ok(rate / (transmit + circuit))
}
