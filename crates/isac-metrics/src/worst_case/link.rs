//! Extreme powers and power ratios over an uncertain channel.

use super::form::StreamsForm;
use super::plane::Plane;
use super::vectors::{dot, norm, times};
use crate::Error;
use isac_linalg::trust_region::{max_over_ball_in, min_over_ball_in};
use isac_linalg::{Mat, c64};
use isac_models::csi_error::{ErrorSet, UncertainChannel};
use std::borrow::Cow;

/// Which end of the range is the worst case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extreme {
    /// The greatest value.
    Max,
    /// The least value.
    Min,
}

/// An uncertain channel in the coordinates in which its error set is a ball: `h = E u`,
/// `|u - centre| <= radius`, where `E = I` for a ball. A beam `w` is seen as `E w`.
#[derive(Debug, Clone)]
pub struct Link {
    pub(super) centre: Vec<c64>,
    pub(super) radius: f64,
    pub(super) shape: Option<Mat<c64>>,
}

/// The least amplitude of a beam over a link.
#[derive(Debug, Clone, PartialEq)]
pub struct AmplitudeFloor {
    /// `|h_es^H w| - r |w|`; the worst amplitude is its positive part.
    pub value: f64,
    /// Gradient with respect to the beam.
    pub gradient: Vec<c64>,
}

/// An extreme value and the channel that attains it, in the channel's own coordinates.
#[derive(Debug, Clone, PartialEq)]
pub struct Attained {
    /// The extreme value.
    pub value: f64,
    /// The channel `h` (for an ellipsoid `E u`).
    pub at: Vec<c64>,
}

/// An extreme ratio, the channel that attains it, and the denominator there.
#[derive(Debug, Clone, PartialEq)]
pub struct RatioExtreme {
    /// The extreme ratio.
    pub value: f64,
    /// The channel that attains it.
    pub at: Vec<c64>,
    /// Denominator at that channel.
    pub denominator: f64,
}

impl Link {
    /// Of an uncertain channel.
    pub fn new(channel: &UncertainChannel) -> Self {
        let (centre, radius) = channel.in_ball_coordinates();
        let shape = match &channel.error {
            ErrorSet::Ball { .. } => None,
            ErrorSet::Ellipsoid { shape, .. } => Some(shape.clone()),
        };
        Self {
            centre,
            radius,
            shape,
        }
    }

    /// Whether the error set is a ball, so that beams are seen as they are.
    pub fn is_ball(&self) -> bool {
        self.shape.is_none()
    }

    /// Centre of the ball.
    pub fn centre(&self) -> &[c64] {
        &self.centre
    }

    /// Radius of the ball.
    pub fn radius(&self) -> f64 {
        self.radius
    }

    pub(super) fn seen<'a>(&self, w: &'a [c64]) -> Cow<'a, [c64]> {
        match &self.shape {
            None => Cow::Borrowed(w),
            Some(shape) => Cow::Owned(times(shape, w)),
        }
    }

    /// `E x`; the same map pulls gradients back, as `E` is Hermitian.
    pub(super) fn back(&self, x: Vec<c64>) -> Vec<c64> {
        match &self.shape {
            None => x,
            Some(shape) => times(shape, &x),
        }
    }

    /// `|h_es^H w| - r |w|` with its gradient; squared (where positive) it is the exact least
    /// `|h^H w|^2`.
    pub fn amplitude_floor(&self, w: &[c64]) -> AmplitudeFloor {
        let w = self.seen(w);
        let product = dot(&self.centre, &w);
        let (size, length) = (product.norm(), norm(&w));
        let phase = if size > 0.0 { product / size } else { c64::ONE };
        let shrink = if length > 0.0 {
            self.radius / length
        } else {
            0.0
        };
        let pairs = self.centre.iter().zip(w.iter());
        let gradient = pairs.map(|(c, w)| c * phase - w * shrink).collect();
        AmplitudeFloor {
            value: size - self.radius * length,
            gradient: self.back(gradient),
        }
    }

    /// The form of streams as this link sees them; balls can share [`StreamsForm::new`].
    ///
    /// # Errors
    /// As [`StreamsForm::new`].
    pub fn form(&self, streams: &[c64]) -> Result<StreamsForm, Error> {
        let m = self.centre.len();
        if self.is_ball() {
            return StreamsForm::new(m, streams);
        }
        let seen: Vec<c64> = streams
            .chunks_exact(m)
            .flat_map(|o| self.seen(o).into_owned())
            .collect();
        StreamsForm::new(m, &seen)
    }

    /// Greatest or least `sum_k |h^H o_k|^2`.
    ///
    /// # Errors
    /// Sizes that differ.
    pub fn total_power(&self, form: &StreamsForm, extreme: Extreme) -> Result<Attained, Error> {
        let (centre, outside) = form.coordinates(&self.centre);
        let centre = centre.as_ref();
        let found = match extreme {
            Extreme::Max => max_over_ball_in(&form.eigen, centre, self.radius)?,
            Extreme::Min => min_over_ball_in(&form.eigen, centre, self.radius)?,
        };
        Ok(Attained {
            value: found.value,
            at: self.back(form.lift(found.point.as_ref(), &outside)),
        })
    }

    /// Greatest or least `|h^H u|^2 / (|h^H v|^2 + isotropic |h|^2 + constant)`, `constant > 0`.
    /// `isotropic > 0` (power per antenna sent in all directions) is exact for a ball only; for an
    /// ellipsoid pass 0.
    pub fn ratio(
        &self,
        numerator: &[c64],
        denominator: &[c64],
        isotropic: f64,
        constant: f64,
        extreme: Extreme,
    ) -> RatioExtreme {
        let plane = Plane::new(
            &self.centre,
            self.radius,
            &self.seen(numerator),
            &self.seen(denominator),
        );
        let sign = match extreme {
            Extreme::Max => 1.0,
            Extreme::Min => -1.0,
        };
        let (value, bottom, point) = plane.ratio_extreme(isotropic, constant, sign);
        RatioExtreme {
            value,
            at: self.back(plane.lift(&self.centre, &point)),
            denominator: bottom,
        }
    }

    /// Greatest `|h^H u|^2 - |h^H v|^2 - isotropic |h|^2`, the last exact for a ball only.
    pub fn difference_max(&self, plus: &[c64], minus: &[c64], isotropic: f64) -> Attained {
        let plane = Plane::new(
            &self.centre,
            self.radius,
            &self.seen(plus),
            &self.seen(minus),
        );
        let (value, point) = plane.extreme(1.0, isotropic, 1.0);
        Attained {
            value,
            at: self.back(plane.lift(&self.centre, &point)),
        }
    }
}
