//! From covariances to beams: one per user that keeps what the user hears of its own stream, and sensing streams
//! for all that is left.

use super::jsc;
use super::problem::Network;
use super::span::Span;
use crate::Error;
use isac_linalg::{Mat, c64, ops};
use isac_opt::sdr::seen_component;

/// `f_u = F_u h_u / sqrt(h_u^H F_u h_u)`, and a stream per eigenvector of `sum_s F_s - sum_u f_u f_u^H >= 0`, without
/// those that together carry less than `negligible` of the power; on all antennas. The covariances are in units of the
/// largest budget ([`Span::scaled`]). SINRs and the sum of the
/// covariances are those of the covariances. `None` where a user hears nothing.
pub(super) fn beams(
    network: &Network,
    span: &Span,
    covariances: &[Mat<c64>],
    negligible: f64,
) -> Result<Option<Mat<c64>>, Error> {
    let users = network.users();
    let (_, unit) = span.scaled(network);
    let mut rest = Mat::<c64>::zeros(span.dimension(), span.dimension());
    for f in covariances {
        ops::axpy(rest.as_mut(), unit, f.as_ref());
    }
    let mut own = Mat::zeros(span.dimension(), users);
    for u in 0..users {
        let covariance = covariances[u].as_ref();
        let Some(beam) = seen_component(covariance, span.channels.col(u)) else {
            return Ok(None);
        };
        let mut beam = beam;
        ops::scale(beam.as_mut().as_mat_mut(), unit.sqrt());
        let column = beam.as_ref().as_mat();
        let outer = ops::mul_adjoint(column, column);
        ops::axpy(rest.as_mut(), -1.0, outer.as_ref());
        own.as_mut().subcols_mut(u, 1).copy_from(column);
    }
    let total = network.power().iter().sum::<f64>();
    let streams = jsc::streams(&rest, negligible * total)?;
    let all = ops::hcat(own.as_ref(), streams.as_ref());
    Ok(Some(span.lift(network, all.as_ref())))
}
