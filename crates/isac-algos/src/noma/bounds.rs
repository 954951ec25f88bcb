//! Necessary conditions in closed form; none needs a solver.

use super::problem::Scene;
use isac_linalg::kernel::{Real, Twofold};
use isac_linalg::{MatRef, c64, ops};
use isac_metrics::noma::SicSet;

/// Least transmit power `tr R` (watt) that the SINR targets alone allow; `targets` by decoding
/// position.
///
/// Adding the constraints of messages `1..l` at user `l` gives, where user `l` decodes them all,
///
/// ```math
/// \mathrm{tr} R \ge \sigma^2 \frac{\prod_{k \le l} (1 + \gamma_k) - 1}{\|h_l\|^2}
/// ```
///
/// and `sigma^2 gamma_l / |h_l|^2` in the other modes. With channel errors of norm up to `radius` (0
/// without) every channel may be as short as `|h_l| - radius`; infinite when one may vanish.
pub fn chain_bound(scene: &Scene, targets: &[f64], radius: f64) -> f64 {
    let mut best = 0.0_f64;
    let mut rate = 0.0;
    for (l, &gamma) in targets.iter().enumerate() {
        let strength = strength(scene, l, radius);
        rate += gamma.ln_1p();
        let need = if scene.mode().sic == SicSet::Full {
            rate.exp_m1()
        } else {
            gamma
        };
        best = best.max(need / strength);
    }
    best
}

/// `(|h_l| - radius)^2 / sigma^2`, 0 when the error may be as large as the channel.
fn strength(scene: &Scene, l: usize, radius: f64) -> f64 {
    shortest(scene.channels().subcols(l, 1), radius).powi(2) / scene.noise()
}

/// Least norm of a channel over errors of norm up to `radius`, `max(|h| - radius, 0)`, without
/// cancellation.
pub(crate) fn shortest(channel: MatRef<'_, c64>, radius: f64) -> f64 {
    let size2 = (0..channel.nrows()).fold(Twofold::from(0.0), |sum, n| {
        let (re, im) = (channel[(n, 0)].re.into(), channel[(n, 0)].im.into());
        let (re, im): (Twofold, Twofold) = (re, im);
        sum + re * re + im * im
    });
    (size2.root() - radius.into()).to_f64().max(0.0)
}

/// Largest common SINR that [`chain_bound`] allows with transmit power `transmit` (watt).
pub fn largest_common_target(scene: &Scene, transmit: f64, radius: f64) -> f64 {
    let mut best = f64::INFINITY;
    for l in 0..scene.users() {
        let ratio = transmit * strength(scene, l, radius);
        best = best.min(ratio);
        if scene.mode().sic == SicSet::Full {
            // (1 + ratio)^(1/(l+1)) - 1 without cancellation.
            best = best.min((ratio.ln_1p() / (l + 1) as f64).exp_m1());
        }
    }
    best
}

/// Least mean squared cross-correlation (watt squared, >= 0) of rank-one designs: with fewer users
/// than targets the covariance has rank `<= K < M`, and
///
/// ```math
/// \bar C \ge \frac{M^2 P_s^2 (1/K - 1/M) - M P_{diff}^2 / 4}{M (M - 1)}
/// ```
pub fn welch_bound(scene: &Scene) -> f64 {
    let (users, targets) = (scene.users() as f64, scene.targets() as f64);
    if scene.targets() < 2 || scene.users() >= scene.targets() {
        return 0.0;
    }
    let sensing = scene.sensing();
    let spread = targets * targets * sensing.floor * sensing.floor * (1.0 / users - 1.0 / targets);
    let slack = targets * sensing.difference * sensing.difference / 4.0;
    ((spread - slack) / (targets * (targets - 1.0))).max(0.0)
}

/// Whether [`welch_bound`] proves that no rank-one design meets the cross-correlation bound,
/// whatever the relaxation says.
pub fn rank_one_excluded(scene: &Scene) -> bool {
    match scene.cross_correlation_radius() {
        Some(_) => scene
            .sensing()
            .cross_correlation
            .is_some_and(|xi| welch_bound(scene) > xi * (1.0 + 1e-12)),
        None => false,
    }
}

/// Least power (watt) that the targets alone ask for, in closed form: for one target, and for two
/// when the cross-correlation bound is redundant (`xi >= P_s^2`) and `|a_1| = |a_2|`. `None`
/// elsewhere; then [`super::power_min::sensing_floor`] solves for it.
pub fn sensing_floor_closed_form(scene: &Scene) -> Option<f64> {
    let (sensing, weights) = (scene.sensing(), scene.mode().weights);
    let norm2 = |m| ops::norm2(scene.steering().subcols(m, 1));
    match scene.targets() {
        0 => Some(0.0),
        1 => Some(sensing.floor * (weights.sensing + weights.transmit / norm2(0))),
        2 => {
            let coherent = sensing.floor * sensing.floor;
            let free = sensing.cross_correlation.is_none_or(|xi| xi >= coherent);
            let (a, b) = (norm2(0), norm2(1));
            if !free || (a - b).abs() > 1e-12 * a {
                return None;
            }
            let a = scene.steering();
            let overlap = ops::dot(a.col(0), a.col(1)).norm();
            Some(2.0 * sensing.floor * (weights.sensing + weights.transmit / (norm2(0) + overlap)))
        }
        _ => None,
    }
}
