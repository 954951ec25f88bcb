//! Point targets: two angles and a complex reflection coefficient each.

use crate::Error;
use isac_linalg::{c64, validate};
use rand::{Rng, RngExt};
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};
use std::f64::consts::{PI, TAU};

/// A set of `M` point targets. A value that exists is valid: finite, lists of equal length.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "StatedTargets")]
pub struct Targets {
    theta: Vec<f64>,
    phi: Vec<f64>,
    #[serde(with = "isac_linalg::convert::serde::vector")]
    alpha: Vec<c64>,
}

/// What a document states of a [`Targets`], before it is checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StatedTargets {
    theta: Vec<f64>,
    phi: Vec<f64>,
    #[serde(with = "isac_linalg::convert::serde::vector")]
    alpha: Vec<c64>,
}

impl TryFrom<StatedTargets> for Targets {
    type Error = Error;
    fn try_from(stated: StatedTargets) -> Result<Self, Error> {
        Self::new(stated.theta, stated.phi, stated.alpha)
    }
}

impl Targets {
    /// Targets at azimuths `theta` and inclinations `phi` (radians) with reflection coefficients
    /// `alpha` (amplitude of radar cross section and path together, dimensionless). May be empty.
    ///
    /// # Errors
    /// [`Error::Input`] naming `theta`, `phi` or `alpha` when lengths differ, an entry is not
    /// finite, or a coefficient is zero (its angles could not be estimated).
    pub fn new(theta: Vec<f64>, phi: Vec<f64>, alpha: Vec<c64>) -> Result<Self, Error> {
        validate::length("phi", phi.len(), theta.len())?;
        validate::length("alpha", alpha.len(), theta.len())?;
        validate::finite_list("theta", &theta)?;
        validate::finite_list("phi", &phi)?;
        for (m, a) in alpha.iter().enumerate() {
            if !(a.re.is_finite() && a.im.is_finite()) {
                return Err(isac_linalg::Error::NonFinite {
                    what: "alpha".into(),
                    row: m,
                    col: 0,
                    value: a.to_string(),
                }
                .into());
            }
            if a.norm() == 0.0 {
                return Err(isac_linalg::Error::range(
                    format!("alpha[{m}]"),
                    0.0,
                    "a reflection coefficient other than 0",
                )
                .into());
            }
        }
        Ok(Self { theta, phi, alpha })
    }

    /// No target at all.
    pub fn none() -> Self {
        Self {
            theta: Vec::new(),
            phi: Vec::new(),
            alpha: Vec::new(),
        }
    }

    /// Draws `count` targets: both angles uniform in `(-half_width, half_width)`, coefficients by
    /// `law`.
    ///
    /// Angles near `phi = 0` or `theta = pi/2` make the Fisher information nearly singular, so
    /// means over random targets are meaningless; keep one set and draw channels.
    pub fn random(count: usize, half_width: f64, law: ReflectionLaw, rng: &mut impl Rng) -> Self {
        let mut angle = |_| half_width * (2.0 * rng.random::<f64>() - 1.0);
        let theta = (0..count).map(&mut angle).collect();
        let phi = (0..count).map(&mut angle).collect();
        let alpha = (0..count).map(|_| law.draw(rng)).collect();
        Self { theta, phi, alpha }
    }

    /// Number of targets `M`.
    pub fn len(&self) -> usize {
        self.theta.len()
    }

    /// Whether there is no target.
    pub fn is_empty(&self) -> bool {
        self.theta.is_empty()
    }

    /// Azimuths, rad.
    pub fn theta(&self) -> &[f64] {
        &self.theta
    }

    /// Inclinations, rad.
    pub fn phi(&self) -> &[f64] {
        &self.phi
    }

    /// Reflection coefficients.
    pub fn alpha(&self) -> &[c64] {
        &self.alpha
    }
}

/// Law of a random reflection coefficient; the modulus is `0.1 (1 + 0.2 nu)` in both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReflectionLaw {
    /// Normal `nu` in the modulus, independent uniform phase: the released code of \[obs_crlb\].
    IndependentPhase,
    /// One normal `nu` gives both the modulus and the phase `2 pi nu`: Section V of \[obs_crlb\].
    SharedDraw,
}

impl ReflectionLaw {
    fn draw(self, rng: &mut impl Rng) -> c64 {
        let nu: f64 = StandardNormal.sample(rng);
        let phase = match self {
            Self::IndependentPhase => TAU * rng.random::<f64>(),
            Self::SharedDraw => 2.0 * PI * nu,
        };
        c64::from_polar(0.1 * (1.0 + 0.2 * nu), phase)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Stream, stream};

    #[test]
    fn draws_lie_in_their_range() {
        let mut rng = stream(1, Stream::Target, 0);
        for law in [ReflectionLaw::IndependentPhase, ReflectionLaw::SharedDraw] {
            let t = Targets::random(200, PI / 3.0, law, &mut rng);
            let worst = t
                .theta()
                .iter()
                .chain(t.phi())
                .fold(0.0_f64, |w, a| w.max(a.abs()));
            assert!(worst < PI / 3.0 && worst > 0.9);
            let mean: f64 = t.alpha().iter().map(|a| a.norm()).sum::<f64>() / 200.0;
            assert!((mean - 0.1).abs() < 0.01);
        }
    }

    #[test]
    fn bad_input_is_named() {
        let one = c64::new(1.0, 0.0);
        let error = Targets::new(vec![0.1], vec![], vec![one]).unwrap_err();
        assert!(error.to_string().contains("phi"));
        let error = Targets::new(vec![f64::NAN], vec![0.1], vec![one]).unwrap_err();
        assert!(error.to_string().contains("theta"));
        let error = Targets::new(vec![0.1], vec![0.1], vec![one * 0.0]).unwrap_err();
        assert!(error.to_string().contains("alpha"));
        assert!(Targets::none().is_empty());
    }
}
