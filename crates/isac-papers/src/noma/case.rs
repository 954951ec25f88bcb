//! A case of a `noma/1` document or scenario, ready to solve.

use isac_algos::noma::Scene;
use isac_algos::noma::robust::ErrorBall;
use isac_linalg::Mat;
use isac_linalg::c64;

pub(super) const FIELDS: [&str; 10] = [
    "angles_deg",
    "spacing_wavelengths",
    "steering",
    "H",
    "sigma2_W",
    "Ps_W",
    "Pdiff_W",
    "xi_W2",
    "rho_c",
    "rho_s",
];

/// What a case asks for.
#[derive(Debug, Clone)]
#[expect(clippy::enum_variant_names, reason = "the names of the documents")]
pub(super) enum Problem {
    PowerMin { gamma: Vec<f64> },
    MaxMin { budget: f64 },
    RobustPowerMin { gamma: Vec<f64>, ball: ErrorBall },
    RobustMaxMin { budget: f64, ball: ErrorBall },
}

impl Problem {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::PowerMin { .. } => "power_min",
            Self::MaxMin { .. } => "max_min",
            Self::RobustPowerMin { .. } => "robust_power_min",
            Self::RobustMaxMin { .. } => "robust_max_min",
        }
    }
}

/// A case, ready to solve.
pub(super) struct Case {
    pub(super) scene: Scene,
    pub(super) problem: Problem,
    /// Given beams of a non-robust design, antennas x users in the document's order.
    pub(super) nonrobust_beams: Option<Mat<c64>>,
}

/// Keys of a document with cases.
pub(super) fn top_keys() -> Vec<&'static str> {
    let mut known = FIELDS.to_vec();
    known.extend(["N", "K", "M", "cases", "tolerance", "seed", "realization"]);
    known
}
