//! Gradient of the trace of the CRLB.

use super::ValueGradient;
use crate::{AngleSensing, Error, crlb::Crlb};
use isac_linalg::{MatRef, c64, ops};

/// `tr(F^-1)` and its gradient with respect to the beamformer `W`, `Nt x streams`.
///
/// With the stacked derivatives `J` of the echo, `F = J^T J`, linear in `W`,
///
/// ```math
/// d \, \mathrm{tr} F^{-1} = -2 \, \mathrm{tr}\big( (J F^{-2})^T dJ \big) .
/// ```
///
/// `J F^-2` comes from the factors of `J`, so that value and gradient keep the digits that `F` loses
/// for close targets. No `Nt x Nt` matrix is formed.
///
/// # Errors
/// As [`AngleSensing::crlb`].
pub fn crlb_trace_gradient(
    sensing: &AngleSensing,
    beamformer: MatRef<'_, c64>,
) -> Result<ValueGradient, Error> {
    let towards = sensing.towards(beamformer)?;
    let compact = sensing.compact();
    let mut crlb = Crlb::new(compact.parameters());
    let value = crlb.invert_derivatives(compact.derivatives(towards.as_ref()).as_ref())?;
    crlb.refuse_lost_digits()?;
    let mut slope = compact.derivatives_adjoint(crlb.slope().as_ref());
    ops::scale(slope.as_mut(), -2.0);
    Ok(ValueGradient {
        value,
        gradient: ops::mul(sensing.transmit(), slope.as_ref()),
    })
}
