//! Sum rate against the CRLB of target angles: \[obs_crlb\].
//!
//! | in the paper | here | technique |
//! |---|---|---|
//! | problem (11), metrics (2), (8)-(10) | [`SumRateCrlb`] | compact FIM of `isac-metrics` |
//! | gradient (32), auxiliaries (16) | [`Evaluator`] | no `Nt x Nt` matrix |
//! | Algorithm 1, (29)-(33) | [`sca`] | shifted projected ascent, safeguarded |
//! | Proposition 5, low dimension | [`Reduction`] | orthonormal coordinates |
//! | released low-dimensional script | [`low_dim`] | baseline |
//! | per-antenna power (31) | [`per_antenna`] | oblique manifold |
//! | Theorem 1 (36)-(37) | [`structure`] | residuals |
//! | FP-SGDA | [`fp_sgda`] | baseline |
//! | WMMSE-SDR | [`wmmse_sdr`] | conic programs of `isac-opt` |
//! | beyond the paper | [`accelerated`], [`restarts`] | Riemannian L-BFGS, Barzilai-Borwein, CG |
//! | beyond the paper | [`bound`] | concave relaxation, certified |
//! | beyond the paper | [`global`] | branch and bound on the interference, certified |
//!
//! Start points stand in [`start`].
//!
//! ```
//! use isac_algos::obs_crlb::{SumRateCrlb, Weights, sca, start};
//! use isac_linalg::c64;
//! use isac_metrics::AngleSensing;
//! use isac_models::array::{KronOrder, Scaling, Upa};
//! use isac_models::{channel, rng, target::Targets, units::Dbm};
//!
//! let array = |h, v| Upa::new(h, v, KronOrder::HorizontalSlow, Scaling::UnitNorm);
//! let targets = Targets::new(vec![-0.7], vec![0.9], vec![c64::new(0.1, 0.0)])?;
//! let sensing = AngleSensing::new(&array(4, 4)?, &array(5, 4)?, &targets, 30, 1e-3)?;
//! let h = channel::rayleigh(16, 2, 1.0, &mut rng::stream(1, rng::Stream::Channel, 0));
//! let weights = Weights { rate: 0.25, crlb: 1.0 };
//! let problem = SumRateCrlb::new(h, sensing, vec![1e-3; 2], Dbm(10.0).watts(), weights)?;
//! let start = start::regularised_zf(&problem, 2, 0.9)?;
//! let solution = sca::solve(&problem, start.as_ref(), &sca::Options::default())?;
//! assert!(solution.merit.objective >= solution.start.objective && solution.falls == 0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod accelerated;
mod antenna_power;
pub mod bound;
mod eval;
pub mod fp_sgda;
pub mod global;
pub mod low_dim;
pub mod per_antenna;
mod problem;
mod reduce;
pub mod restarts;
pub mod sca;
pub mod start;
pub mod structure;
pub mod wmmse_sdr;

pub use eval::{Auxiliaries, Evaluator, Shift};
pub use problem::{Merit, SumRateCrlb, Weights};
pub use reduce::Reduction;

use crate::Error;
use isac_linalg::{Mat, c64};
use isac_opt::{StopReason, Trace};
use serde::{Deserialize, Serialize};

/// A fall of `f` counts when it exceeds this times the size of its terms.
const FALL: f64 = 1e-12;

/// What a method found; metrics by the original formulas at the returned beamformer.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Solution {
    /// `W = [W_c, W_s]`, `Nt x (K + Ns)`, sqrt(W).
    #[serde(with = "isac_linalg::convert::serde::matrix")]
    pub beamformer: Mat<c64>,
    /// Objective, sum rate, CRLB.
    pub merit: Merit,
    /// The same at the start.
    pub start: Merit,
    /// Why the method stopped.
    pub stopped: StopReason,
    /// Iterations done.
    pub iterations: usize,
    /// One row per iteration.
    pub trace: Trace,
    /// Iterations in which `f` fell by more than `1e-12` of the size of its terms,
    /// [`SumRateCrlb::magnitude`].
    pub falls: usize,
    /// `max(0, ||W||^2 / Pt - 1)`.
    pub violation: f64,
}

impl Solution {
    /// Evaluates a beamformer; no iterations yet.
    pub(crate) fn of(
        problem: &SumRateCrlb,
        beamformer: Mat<c64>,
        stopped: StopReason,
    ) -> Result<Self, Error> {
        let merit = problem.merit(beamformer.as_ref())?;
        Ok(Self {
            violation: problem.violation(beamformer.as_ref()),
            beamformer,
            merit,
            start: merit,
            stopped,
            iterations: 0,
            trace: Vec::new(),
            falls: 0,
        })
    }
}
