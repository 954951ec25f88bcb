//! Exact worst cases of given covariances.

use super::design::ErrorBall;
use crate::Error;
use crate::noma::evaluate::Evaluation;
use crate::noma::problem::Scene;
use isac_linalg::kernel::{Field, Real, Twofold, TwofoldComplex};
use isac_linalg::{Mat, MatRef, c64};
use isac_metrics::noma::{self, Pair};

/// Exact smallest SINR of every decoding pair over all errors of the ball, for any covariances
/// `F_k F_k^H` (by decoding position).
///
/// # Errors
/// Factors of wrong sizes, a negative radius; a decomposition that failed.
pub fn worst_cases(
    scene: &Scene,
    factors: &[Mat<c64>],
    ball: ErrorBall,
) -> Result<Vec<(Pair, f64)>, Error> {
    let sic = scene.mode().sic;
    scene
        .pairs()
        .into_iter()
        .map(|pair| {
            let estimate = scene.channels().subcols(pair.decoder, 1);
            if let Some(sinr) = alone(scene, factors, ball, pair) {
                return Ok((pair, sinr));
            }
            let worst = noma::worst_case_sinr(
                estimate,
                factors,
                sic,
                pair.message,
                ball.residual,
                ball.radius,
                scene.noise(),
            )?;
            Ok((pair, worst.sinr))
        })
        .collect()
}

/// The worst case of a single beam that nothing disturbs, `max(|h^H w| - epsilon |w|, 0)^2 / sigma^2`,
/// without cancellation; `None` elsewhere.
fn alone(scene: &Scene, factors: &[Mat<c64>], ball: ErrorBall, pair: Pair) -> Option<f64> {
    let sic = scene.mode().sic;
    let quiet = (0..factors.len()).all(|i| {
        i == pair.message
            || factors[i].ncols() == 0
            || !(sic.disturbs(pair.message, i) || ball.residual && sic.removes(pair.message, i))
    });
    let beam = factors.get(pair.message)?;
    if !quiet || beam.ncols() != 1 || beam.nrows() != scene.antennas() {
        return None;
    }
    let channel = scene.channels().subcols(pair.decoder, 1);
    let worst = margin(channel, beam.as_ref(), ball.radius).max(0.0);
    Some(worst * worst / scene.noise())
}

/// `|h^H w| - epsilon |w|` in about 31 digits, rounded.
pub(super) fn margin(channel: MatRef<'_, c64>, beam: MatRef<'_, c64>, radius: f64) -> f64 {
    let exact = |z: c64| -> TwofoldComplex { Field::from_c64(z) };
    let mut seen = TwofoldComplex::ZERO;
    let mut size2 = Twofold::ZERO;
    for n in 0..channel.nrows() {
        let w = exact(beam[(n, 0)]);
        seen += exact(channel[(n, 0)]).conjugate() * w;
        size2 += w.re_mul(w.conjugate());
    }
    let signal = seen.re_mul(seen.conjugate()).root();
    (signal - size2.root() * radius.into()).to_f64()
}

/// Largest relative violation with worst cases in place of the SINR without errors.
pub(crate) fn violation(
    evaluation: &Evaluation,
    worst_case: &[(Pair, f64)],
    targets: &[f64],
) -> f64 {
    worst_case
        .iter()
        .map(|&(pair, sinr)| 1.0 - sinr / targets[pair.message])
        .fold(evaluation.sensing_violation, f64::max)
}
