//! Gradient of the trace of the CRLB.

use super::ValueGradient;
use crate::{AngleSensing, Error, crlb::Crlb};
use isac_linalg::{Mat, MatRef, c64, ops, validate};

/// `tr(F^-1)` and its gradient with respect to the beamformer `W`, `Nt x streams`.
///
/// ```math
/// \nabla \mathrm{tr} F^{-1} = -2 \kappa S Z (S^H W), \qquad
/// \mathrm{tr}(F \Phi) = \kappa \, \mathrm{tr}(Z S^H R S), \quad \Phi = F^{-2} .
/// ```
///
/// No `Nt x Nt` matrix is formed.
///
/// # Errors
/// [`Error::SingularFim`], or [`Error::Linalg`] when `beamformer` does not have `Nt` rows.
pub fn crlb_trace_gradient(
    sensing: &AngleSensing,
    beamformer: MatRef<'_, c64>,
) -> Result<ValueGradient, Error> {
    let transmit = sensing.transmit();
    validate::shape(
        "beamformer",
        beamformer,
        transmit.nrows(),
        beamformer.ncols(),
    )?;
    let towards = ops::adjoint_mul(transmit, beamformer);
    let c = ops::mul_adjoint(towards.as_ref(), towards.as_ref());
    let parameters = sensing.compact().parameters();
    let mut crlb = Crlb::new(parameters);
    let value = crlb.invert(sensing.compact().fim(c.as_ref()).as_ref())?;
    let mut phi = Mat::zeros(parameters, parameters);
    crlb.squared_into(&mut phi);
    let z = sensing.compact().adjoint(phi.as_ref());
    let mut weights: Mat<c64> = ops::mul(z.as_ref(), towards.as_ref());
    ops::scale(weights.as_mut(), -2.0 * sensing.compact().kappa());
    Ok(ValueGradient {
        value,
        gradient: ops::mul(transmit, weights.as_ref()),
    })
}
