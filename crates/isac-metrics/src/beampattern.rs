//! Transmit beampattern and cross-correlation at target directions, Eqs. (5) to (7) of `[noma]`.
//!
//! Everything follows from one small matrix, the pattern Gram matrix `A^H R A` of the steering
//! vectors `A` (antennas x targets) under the transmit covariance `R`: its diagonal holds the
//! pattern values `P_m = a_m^H R a_m`, the rest the cross-correlations `C_pm = a_p^H R a_m`.

use crate::Error;
use isac_linalg::{Mat, MatRef, c64, ops, validate};

/// Pattern Gram matrix `A^H R A` (targets x targets, watt when entries of `A` have modulus 1).
///
/// | argument | symbol | shape |
/// |---|---|---|
/// | `steering` | `A` | antennas x targets |
/// | `covariance` | `R` | antennas x antennas |
///
/// # Errors
/// [`isac_linalg::Error::Shape`] when the covariance is not antennas x antennas.
pub fn gram(steering: MatRef<'_, c64>, covariance: MatRef<'_, c64>) -> Result<Mat<c64>, Error> {
    let antennas = steering.nrows();
    validate::shape("covariance", covariance, antennas, antennas)?;
    let image = ops::mul(covariance, steering);
    Ok(ops::adjoint_mul(steering, image.as_ref()))
}

/// Pattern Gram matrix of the covariance `W W^H`, without forming it.
///
/// # Errors
/// [`isac_linalg::Error::Shape`] when the row counts differ.
pub fn gram_of_beams(steering: MatRef<'_, c64>, beams: MatRef<'_, c64>) -> Result<Mat<c64>, Error> {
    validate::shape("beams", beams, steering.nrows(), beams.ncols())?;
    let image = ops::adjoint_mul(steering, beams);
    Ok(ops::mul_adjoint(image.as_ref(), image.as_ref()))
}

/// Pattern values `P_m`, the diagonal of a pattern Gram matrix, Eq. (5) of `[noma]`.
pub fn powers(gram: MatRef<'_, c64>) -> Vec<f64> {
    (0..gram.nrows()).map(|m| gram[(m, m)].re).collect()
}

/// Largest `|P_p - P_m|`; 0 for fewer than two targets. Left side of Eq. (8d) of `[noma]`.
pub fn largest_difference(gram: MatRef<'_, c64>) -> f64 {
    let values = powers(gram);
    let top = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let bottom = values.iter().copied().fold(f64::INFINITY, f64::min);
    if values.is_empty() { 0.0 } else { top - bottom }
}

/// Mean of `|C_pm|^2` over the `M (M - 1) / 2` pairs of targets, Eq. (7) of `[noma]`; `None` for
/// fewer than two targets, where the mean is over nothing.
pub fn mean_square_cross_correlation(gram: MatRef<'_, c64>) -> Option<f64> {
    let targets = gram.nrows();
    if targets < 2 {
        return None;
    }
    let mut sum = 0.0;
    for p in 0..targets {
        for m in p + 1..targets {
            sum += gram[(p, m)].norm_sqr();
        }
    }
    Some(2.0 * sum / (targets * (targets - 1)) as f64)
}

/// Pattern `a(theta)^H W W^H a(theta)` over a grid of steering vectors (antennas x angles).
///
/// # Errors
/// [`isac_linalg::Error::Shape`] when the row counts differ.
pub fn pattern(steering: MatRef<'_, c64>, beams: MatRef<'_, c64>) -> Result<Vec<f64>, Error> {
    validate::shape("beams", beams, steering.nrows(), beams.ncols())?;
    let image = ops::adjoint_mul(steering, beams);
    Ok((0..steering.ncols())
        .map(|i| (0..beams.ncols()).map(|k| image[(i, k)].norm_sqr()).sum())
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steering() -> Mat<c64> {
        // Two orthogonal directions of a two-element array.
        Mat::from_fn(2, 2, |i, m| {
            c64::new(if i == 1 && m == 1 { -1.0 } else { 1.0 }, 0.0)
        })
    }

    #[test]
    fn one_beam_at_one_target() {
        let a = steering();
        let beam = a.subcols(0, 1);
        let g = gram_of_beams(a.as_ref(), beam).unwrap();
        assert_eq!(powers(g.as_ref()), vec![4.0, 0.0]);
        assert!((largest_difference(g.as_ref()) - 4.0).abs() < 1e-15);
        assert_eq!(mean_square_cross_correlation(g.as_ref()), Some(0.0));
        let r = ops::mul_adjoint(beam, beam);
        let twin = gram(a.as_ref(), r.as_ref()).unwrap();
        assert_eq!(twin[(0, 0)], g[(0, 0)]);
        assert_eq!(pattern(a.as_ref(), beam).unwrap(), vec![4.0, 0.0]);
    }

    #[test]
    fn cauchy_schwarz_bounds_the_cross_correlation() {
        let a = steering();
        let beam = Mat::from_fn(2, 1, |i, _| c64::new(1.0 + i as f64, 0.5));
        let g = gram_of_beams(a.as_ref(), beam.as_ref()).unwrap();
        let p = powers(g.as_ref());
        let c = mean_square_cross_correlation(g.as_ref()).unwrap();
        // One beam: fully coherent, so equality.
        assert!((c - p[0] * p[1]).abs() < 1e-12);
    }

    #[test]
    fn few_targets() {
        let none = Mat::<c64>::zeros(3, 0);
        let r = Mat::<c64>::identity(3, 3);
        let g = gram(none.as_ref(), r.as_ref()).unwrap();
        assert!(powers(g.as_ref()).is_empty());
        assert!(largest_difference(g.as_ref()).abs() < 1e-15);
        assert_eq!(mean_square_cross_correlation(g.as_ref()), None);
        assert!(gram(none.as_ref(), Mat::<c64>::zeros(2, 2).as_ref()).is_err());
    }
}
