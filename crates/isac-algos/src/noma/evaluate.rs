//! What a set of covariances achieves, by the formulas of the paper in antenna space.
//!
//! Covariances come as factors `F_k` (antennas x columns, `W_k = F_k F_k^H`), so beams are factors
//! of one column and no antennas x antennas matrix is formed.

use super::problem::Scene;
use crate::Error;
use isac_linalg::{Mat, MatRef, c64, factor, ops, validate};
use isac_metrics::noma::Pair;
use isac_metrics::{beampattern, noma};
use serde::{Deserialize, Serialize};

/// Everything a design is judged by. Users are counted by decoding position.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evaluation {
    /// `rho_c tr R + rho_s sum_m P_m`, watt.
    pub power: f64,
    /// `tr R`, watt.
    pub transmit_power: f64,
    /// Pattern values `P_m`, watt.
    pub pattern: Vec<f64>,
    /// Mean squared cross-correlation, watt squared; `None` for fewer than two targets.
    pub cross_correlation: Option<f64>,
    /// SINR (linear) of every decoding pair.
    pub sinr: Vec<(Pair, f64)>,
    /// Largest relative violation of the sensing constraints and of the ordering; 0 if none.
    pub sensing_violation: f64,
}

impl Evaluation {
    /// Smallest SINR over all pairs.
    pub fn min_sinr(&self) -> f64 {
        self.sinr
            .iter()
            .fold(f64::INFINITY, |low, &(_, s)| low.min(s))
    }

    /// Largest relative violation, with the SINR targets (by decoding position) among the
    /// constraints: `1 - SINR / gamma`, the sensing constraints and the ordering.
    pub fn violation(&self, targets: &[f64]) -> f64 {
        self.sinr
            .iter()
            .map(|&(pair, sinr)| 1.0 - sinr / targets[pair.message])
            .fold(self.sensing_violation, f64::max)
    }
}

/// Received powers `tr(H_l W_i)` in watt: users x messages.
///
/// # Errors
/// Factors of another number of antennas.
pub fn received_powers(channels: MatRef<'_, c64>, factors: &[Mat<c64>]) -> Result<Mat<f64>, Error> {
    let mut received = Mat::zeros(channels.ncols(), factors.len());
    for (i, factor) in factors.iter().enumerate() {
        let parts = noma::received_powers_of_beams(channels, factor.as_ref())?;
        for l in 0..channels.ncols() {
            received[(l, i)] = (0..parts.ncols()).map(|j| parts[(l, j)]).sum();
        }
    }
    Ok(received)
}

/// Judges covariances `F_k F_k^H`, `k` by decoding position.
///
/// Violations are relative: floors to `P_s`, differences to the largest of `P_s`, `P_diff` and the
/// pattern values, the root mean square cross-correlation to `sqrt(xi)`, the ordering to the
/// largest received power plus noise.
///
/// # Errors
/// A wrong number of factors, a wrong number of antennas, entries that are not finite.
pub fn evaluate(scene: &Scene, factors: &[Mat<c64>]) -> Result<Evaluation, Error> {
    validate::length("covariances", factors.len(), scene.users())?;
    let mut all = Mat::zeros(scene.antennas(), 0);
    for (k, factor) in factors.iter().enumerate() {
        let what = format!("covariance factor {k}");
        validate::shape(&what, factor.as_ref(), scene.antennas(), factor.ncols())?;
        validate::finite(&what, factor.as_ref())?;
        all = ops::hcat(all.as_ref(), factor.as_ref());
    }
    let gram = beampattern::gram_of_beams(scene.steering(), all.as_ref())?;
    let pattern = beampattern::powers(gram.as_ref());
    let cross_correlation = beampattern::mean_square_cross_correlation(gram.as_ref());
    let received = received_powers(scene.channels(), factors)?;
    let sic = scene.mode().sic;
    let sinr: Vec<(Pair, f64)> = scene
        .pairs()
        .into_iter()
        .map(|pair| {
            (
                pair,
                noma::sinr(received.as_ref(), sic, pair, scene.noise()),
            )
        })
        .collect();

    let sensing = scene.sensing();
    let mut violation = 0.0_f64;
    let top = pattern.iter().copied().fold(0.0, f64::max);
    for &p in &pattern {
        if sensing.floor > 0.0 {
            violation = violation.max(1.0 - p / sensing.floor);
        }
    }
    if pattern.len() > 1 {
        let excess = beampattern::largest_difference(gram.as_ref()) - sensing.difference;
        let scale = top.max(sensing.floor).max(sensing.difference);
        if excess > 0.0 {
            violation = violation.max(excess / scale);
        }
    }
    if let (Some(mean), Some(xi)) = (cross_correlation, sensing.cross_correlation) {
        violation = violation.max((mean / xi).sqrt() - 1.0);
    }
    if scene.mode().ordering {
        for l in 0..scene.users() {
            let top = (0..scene.users())
                .map(|i| received[(l, i)])
                .fold(0.0, f64::max);
            for i in 1..scene.users() {
                let excess = received[(l, i)] - received[(l, i - 1)];
                violation = violation.max(excess / (top + scene.noise()));
            }
        }
    }

    let transmit_power = ops::norm2(all.as_ref());
    let weights = scene.mode().weights;
    let sensed: f64 = pattern.iter().sum();
    Ok(Evaluation {
        power: weights.transmit * transmit_power + weights.sensing * sensed,
        transmit_power,
        pattern,
        cross_correlation,
        sinr,
        sensing_violation: violation,
    })
}

/// By how much messages that a stronger user has to remove miss their targets there: the largest
/// `gamma_k / SINR_l^k` over messages `k` and users `l > k`, at least 1; `targets` by decoding position.
///
/// Where a mode takes weaker users' messages as removed without decoding them (`own`), a value
/// above 1 says that a genie removed them. 1 where nothing is removed.
///
/// # Errors
/// As [`evaluate`].
pub fn sic_shortfall(scene: &Scene, factors: &[Mat<c64>], targets: &[f64]) -> Result<f64, Error> {
    validate::length("SINR targets", targets.len(), scene.users())?;
    let received = received_powers(scene.channels(), factors)?;
    let sic = scene.mode().sic;
    let stronger = |k: usize| (k + 1..scene.users()).filter(move |&l| sic.removes(l, k));
    let pairs = (0..scene.users()).flat_map(|k| stronger(k).map(move |l| (k, l)));
    Ok(pairs
        .map(|(message, decoder)| {
            let pair = Pair { message, decoder };
            targets[message] / noma::sinr(received.as_ref(), sic, pair, scene.noise())
        })
        .fold(1.0, f64::max))
}

/// Second over first eigenvalue of every covariance; 0 is rank one.
pub(crate) fn ratios(covariances: &[Mat<c64>]) -> Result<Vec<f64>, Error> {
    covariances.iter().map(rank_ratio).collect()
}

/// Second over first eigenvalue.
pub(crate) fn rank_ratio(covariance: &Mat<c64>) -> Result<f64, Error> {
    let values = factor::eigvalsh(covariance.as_ref())?;
    let n = values.len();
    if n < 2 || values[n - 1] <= 0.0 {
        return Ok(0.0);
    }
    Ok((values[n - 2] / values[n - 1]).max(0.0))
}
