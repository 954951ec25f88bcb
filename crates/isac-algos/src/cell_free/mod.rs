//! Cell-free ISAC: joint sensing and communication beams of distributed access points. Paper key
//! `cell_free`.
//!
//! ```math
//! \max_{f} \; \zeta^2 \sum_m \sum_s |a_m^H f_{sm}|^2 \quad \text{s.t.} \quad
//! \mathrm{SINR}_u \ge \gamma_u, \quad \sum_s \|f_{sm}\|^2 \le P_m
//! ```
//!
//! | in the paper | file | technique |
//! |---|---|---|
//! | Sec. II, III: model, SINR, sensing SNR | [`problem`] | |
//! | | [`span`] | exact reduction, one basis per access point |
//! | sensing beams NS and CB, RZF | [`linear`] | projections, regularised zero forcing |
//! | NS+RZF, NS+OPT, CB+OPT | [`baselines`] | |
//! | their max-min SINR | [`max_min`] | root with slopes, uplink duality |
//! | JSC | [`jsc`] | dual path of `M + U` variables, rank one |
//! | the dual of both | `dual` | Newton's method on a self-concordant barrier |
//! | (ours) | [`crlb`] | the targets' angles instead of the sensing SNR |
//! | (ours) | [`robust`] | channels known up to an error per access point |
//! | (ours) | [`front`] | the whole front of SINR and sensing SNR between two proved stairs |
//! | | [`certificate`] | bounds and proofs from multipliers alone |
//!
//! A user receives `h_u^H f` with `h_u = a(theta_u)`: the published package conjugates the channel in one
//! place and not in another, and the two agree when all beams are conjugated; this one is kept.
//!
//! ```
//! use isac_algos::cell_free::{Network, jsc};
//! use isac_linalg::{Mat, c64};
//! let phase = |i: usize, x: f64| c64::from_polar(1.0, x * (i % 4) as f64);
//! let h = Mat::from_fn(8, 2, |i, u| phase(i, 0.5 + u as f64 + if i < 4 { 0.0 } else { 0.3 }));
//! let a = Mat::from_fn(8, 1, |i, _| phase(i, -0.8));
//! let network = Network::new(h, a, &[4, 4], vec![1.0; 2], vec![1.0; 2], 0.1)?;
//! let found = jsc::solve(&network, &[2.0, 2.0], &jsc::Options::default())?;
//! let design = found.design().ok_or("no design")?;
//! assert!(design.evaluation.min_sinr() > 2.0 * (1.0 - 1e-9));
//! assert!(design.relative_gap() < 1e-7 && design.order == 6);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod baselines;
pub mod certificate;
pub mod crlb;
mod dual;
pub mod front;
pub mod jsc;
pub mod linear;
pub mod max_min;
pub mod problem;
mod recover;
mod restore;
pub mod robust;
pub mod span;

pub use problem::{Evaluation, Network, evaluate};
