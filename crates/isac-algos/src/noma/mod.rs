//! NOMA-ISAC beamforming: least power and largest common SINR for users that decode superposed
//! messages, with pattern floors at targets. Paper key `noma`.
//!
//! ```math
//! \min_{W_k \succeq 0} \; \rho_c \,\mathrm{tr} R + \rho_s \sum_m P_m, \qquad R = \sum_k W_k,
//! \quad P_m = a_m^H R a_m
//! ```
//!
//! subject to an SINR target per decoding pair, `P_m >= P_s`, `|P_p - P_m| <= P_diff` and a bound on
//! the mean squared cross-correlation of the targets.
//!
//! | in the paper | file | technique |
//! |---|---|---|
//! | (1) to (7), Sec. II | [`problem`], [`mod@evaluate`] | |
//! | (12), (13) | [`power_min`] | semidefinite relaxation, reduced to the span of the data |
//! | its dual | [`certificate`] | bounds and proofs of infeasibility without a solver |
//! | | [`mod@least_infeasible`] | largest factor of the demands that can be met |
//! | (8), Algorithm 1 | [`max_min`] | root of an increasing function with slopes |
//! | no cancellation, no floor | `uplink` | uplink duality, Newton's method in 31 digits |
//! | | [`mod@proof`] | bounds written down for a verifier |
//! | | [`structure`] | demands that contradict each other, exactly |
//! | own message only | [`reduced_dual`] | Newton's method on a dual of one variable per target |
//! | (12d) | [`rank_one`] | purification, local descent, penalty, powers for fixed directions |
//! | (12d) within a budget | [`common_beams`] | local ascent of the target |
//! | (14) to (22) | [`robust`], [`robust_max_min`] | S-procedure, exact worst case |
//! | Lemma 1 | [`mod@unique`] | how far apart optima can be |
//! | OMA, undefined in the paper | [`baselines`] | |
//! | | [`bounds`] | chain bound, Welch bound, sensing floor |
//!
//! ```
//! use isac_algos::noma::{Mode, Scene, Sensing, reduced_dual};
//! use isac_linalg::{Mat, c64};
//! use isac_metrics::noma::SicSet;
//! let h = Mat::from_fn(4, 2, |n, k| c64::new(1.0 + k as f64, n as f64 - 1.0));
//! let a = Mat::from_fn(4, 1, |n, _| c64::from_polar(1.0, 1.3 * n as f64));
//! let sensing = Sensing { floor: 1.0, difference: 0.1, cross_correlation: None };
//! let mode = Mode { sic: SicSet::Own, ..Mode::default() };
//! let scene = Scene::new(h.as_ref(), a.as_ref(), 0.01, sensing, mode)?;
//! let found = reduced_dual::power_min(&scene, &[30.0, 30.0], 1e-7)?;
//! let design = found.map(|fast| fast.design);
//! assert!(design.is_some_and(|d| d.evaluation.min_sinr() > 30.0 * (1.0 - 1e-9)));
//! # Ok::<(), isac_algos::Error>(())
//! ```

mod ascent;
pub mod baselines;
pub mod bounds;
pub mod certificate;
pub mod common_beams;
pub mod evaluate;
mod feasible;
pub mod least_infeasible;
pub mod max_min;
pub mod power_min;
pub mod problem;
pub mod proof;
pub mod rank_one;
pub mod reduced_dual;
mod relaxation;
pub mod robust;
pub mod robust_max_min;
mod slack;
pub mod structure;
pub mod unique;
mod uplink;

pub use evaluate::{Evaluation, evaluate, sic_shortfall};
pub use least_infeasible::{LeastInfeasible, least_infeasible};
pub use problem::{Mode, PowerWeights, Scene, Sensing, Span};
