//! Exact worst cases of received powers and their ratios over an uncertain channel, with the
//! channel that attains each.
//!
//! | function | quantity over all channels of the error set |
//! |---|---|
//! | [`Link::amplitude_floor`] | least `\|h^H w\|` (signed) |
//! | [`Link::total_power`] | greatest or least `sum_k \|h^H o_k\|^2` |
//! | [`Link::ratio`] | greatest or least `\|h^H u\|^2 / (\|h^H v\|^2 + c \|h\|^2 + b)` |
//! | [`Link::difference_max`] | greatest `\|h^H u\|^2 - \|h^H v\|^2 - c \|h\|^2` |
//!
//! Ratios are solved by Dinkelbach's method, each step one ball extremum in the plane of the two
//! beams. Gradients follow by Danskin's theorem from the attaining channel `x`, here in the
//! workspace's convention `df = Re(G^H dw)`: a power `|x^H w|^2` has `G = 2 x (x^H w)`.

use crate::Error;
use isac_linalg::ColRef;
use isac_linalg::trust_region::{max_diagonal, max_over_ball_in, min_over_ball_in};
use isac_linalg::{Col, Mat, MatRef, c64, factor, factor::Eigh, ops};
use isac_models::csi_error::{ErrorSet, UncertainChannel};
use std::borrow::Cow;

/// Channels per kink.
pub const TURNS: usize = 8;

/// Channels for the kink of a total power, which may lie on a sphere.
pub const POWER_PIECES: usize = TURNS + 20;

/// The two greatest eigenvalues count as tied when their ratio is at least this.
const TIED: f64 = 0.99;

/// Unit vectors of the plane of the two top eigenvectors: with the first four of [`EIGHTHS`] along its
/// first axis the vertices of a 24-cell, six directions evenly spread, each with four phases.
const VERTICES: [[c64; 2]; POWER_PIECES - TURNS] = {
    const ZERO: c64 = c64::new(0.0, 0.0);
    const H: f64 = 0.5;
    let mut all = [[ZERO; 2]; POWER_PIECES - TURNS];
    let quarters = [(1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0)];
    let odd = [(H, H), (-H, -H), (H, -H), (-H, H)];
    let mut k = 0;
    while k < 4 {
        all[k] = [ZERO, c64::new(quarters[k].0, quarters[k].1)];
        let mut j = 0;
        while j < 4 {
            let (a, b) = (odd[k], odd[j]);
            all[4 + 4 * k + j] = [c64::new(a.0, a.1), c64::new(b.0, b.1)];
            j += 1;
        }
        k += 1;
    }
    all
};

/// `e^{j pi k / 4}`, opposite ones together.
const EIGHTHS: [c64; TURNS] = {
    const D: f64 = std::f64::consts::FRAC_1_SQRT_2;
    [
        c64::new(1.0, 0.0),
        c64::new(-1.0, 0.0),
        c64::new(0.0, 1.0),
        c64::new(0.0, -1.0),
        c64::new(D, D),
        c64::new(-D, -D),
        c64::new(D, -D),
        c64::new(-D, D),
    ]
};

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
    centre: Vec<c64>,
    radius: f64,
    shape: Option<Mat<c64>>,
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

/// Channels at which a greatest value is or almost is attained; see [`Link::greatest_power_pieces`].
#[derive(Debug, Clone, PartialEq)]
pub struct Pieces {
    /// The channels, the maximiser first unless a phase was given.
    pub channels: [Vec<c64>; TURNS],
    /// The first one's error along the top eigenvector, in the coordinates of the ball.
    pub leading: Vec<c64>,
}

/// Channels at which a greatest total power is or almost is attained; see
/// [`Link::greatest_power_pieces`].
#[derive(Debug, Clone, PartialEq)]
pub struct PowerPieces {
    /// The channels, the maximiser first unless a frame was given.
    pub channels: [Vec<c64>; POWER_PIECES],
    /// Where they lie.
    pub frame: Frame,
}

/// The two top eigenvectors of a form and the maximiser's error along them.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    axes: [Vec<c64>; 2],
    along: [c64; 2],
    size: f64,
    tied: bool,
}

impl Frame {
    fn leading(&self) -> Vec<c64> {
        self.axes[0].iter().map(|x| x * self.along[0]).collect()
    }
}

impl Pieces {
    fn new(channels: [Vec<c64>; TURNS], mut direction: Vec<c64>, along: c64) -> Self {
        direction.iter_mut().for_each(|x| *x *= along);
        Self {
            channels,
            leading: direction,
        }
    }
}

/// Streams of a slot as a quadratic form: the eigendecomposition of `O O^H`, in coordinates of the
/// streams' span where there are more antennas than that takes.
#[derive(Debug, Clone)]
pub struct StreamsForm {
    /// Orthonormal, antennas x streams. One more coordinate stands for the centre's part outside.
    span: Option<Mat<c64>>,
    eigen: Eigh,
}

impl StreamsForm {
    /// Decomposes `sum_k o_k o_k^H` of streams given one after another, `antennas` entries each. Costs
    /// are linear in the antennas.
    ///
    /// # Errors
    /// A failed decomposition, also for entries that are not finite.
    pub fn new(antennas: usize, streams: &[c64]) -> Result<Self, Error> {
        let count = streams.len() / antennas.max(1);
        let (span, factor) = if count > 0 && antennas > count + 1 {
            let columns =
                MatRef::from_column_major_slice(&streams[..antennas * count], antennas, count);
            let (q, r) = factor::qr_thin(columns);
            let bordered = Mat::from_fn(count + 1, count, |i, k| {
                if i < count { r[(i, k)] } else { c64::ZERO }
            });
            (Some(q), bordered)
        } else {
            let columns = Mat::from_fn(antennas, count, |i, k| streams[k * antennas + i]);
            (None, columns)
        };
        let gram = ops::mul_adjoint(factor.as_ref(), factor.as_ref());
        Ok(Self {
            span,
            eigen: factor::eigh(gram.as_ref())?,
        })
    }

    /// A centre in the form's coordinates, and the direction of the last one.
    fn coordinates(&self, centre: &[c64]) -> (Col<c64>, Vec<c64>) {
        let Some(span) = &self.span else {
            return (Col::from_fn(centre.len(), |i| centre[i]), Vec::new());
        };
        let mut rest = centre.to_vec();
        let mut inside = vec![c64::ZERO; span.ncols() + 1];
        // Twice, for the digits that the first time loses.
        for _ in 0..2 {
            for (k, coordinate) in inside.iter_mut().take(span.ncols()).enumerate() {
                let axis = span.col(k);
                let along: c64 = rest
                    .iter()
                    .zip(axis.iter())
                    .map(|(c, q)| q.conj() * c)
                    .sum();
                for (c, q) in rest.iter_mut().zip(axis.iter()) {
                    *c -= along * q;
                }
                *coordinate += along;
            }
        }
        let (outside, length) = rest_unit(rest, norm(centre));
        inside[span.ncols()] = c64::new(length, 0.0);
        (Col::from_fn(inside.len(), |i| inside[i]), outside)
    }

    /// Back from the form's coordinates.
    fn lift(&self, point: ColRef<'_, c64>, outside: &[c64]) -> Vec<c64> {
        let Some(span) = &self.span else {
            return point.iter().copied().collect();
        };
        let last = point[span.ncols()];
        let inside = |i: usize| -> c64 { (0..span.ncols()).map(|k| span[(i, k)] * point[k]).sum() };
        (0..span.nrows())
            .map(|i| inside(i) + outside[i] * last)
            .collect()
    }
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

    fn seen<'a>(&self, w: &'a [c64]) -> Cow<'a, [c64]> {
        match &self.shape {
            None => Cow::Borrowed(w),
            Some(shape) => Cow::Owned(times(shape, w)),
        }
    }

    /// `E x`; the same map pulls gradients back, as `E` is Hermitian.
    fn back(&self, x: Vec<c64>) -> Vec<c64> {
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

    /// Channels that make or almost make `sum_k |h^H o_k|^2` greatest: the maximiser first, then those
    /// with its error's component along the top eigenvector turned by eighths of a circle, then those
    /// with its component in the plane of the two top eigenvectors at the other vertices of a
    /// 24-cell. All lie in the error set. Where the estimate is orthogonal to the top eigenvector the
    /// turned ones tie, and where the two greatest eigenvalues are equal all do: the greatest power
    /// has a kink there, and optimal designs sit in it.
    ///
    /// With the [`Frame`] of another form the components are first turned to its phases, or, where
    /// its two greatest eigenvalues nearly tie, the plane's basis to its basis. So each piece varies
    /// smoothly with the streams, also across the kink.
    ///
    /// # Errors
    /// Sizes that differ.
    pub fn greatest_power_pieces(
        &self,
        form: &StreamsForm,
        anchor: Option<&Frame>,
    ) -> Result<PowerPieces, Error> {
        let (centre, outside) = form.coordinates(&self.centre);
        let found = max_over_ball_in(&form.eigen, centre.as_ref(), self.radius)?;
        let m = centre.nrows();
        let second = m.saturating_sub(2);
        let tops = [m - 1, second].map(|k| form.eigen.vectors.col(k));
        let along = tops.map(|top| -> c64 {
            (0..m)
                .map(|i| top[i].conj() * (found.point[i] - centre[i]))
                .sum()
        });
        let axes = tops.map(|top| form.lift(top, &outside));
        let values = &form.eigen.values;
        let tied = m > 1 && values[second] >= TIED * values[m - 1];
        let size = if m > 1 {
            along[0].norm().hypot(along[1].norm())
        } else {
            along[0].norm()
        };
        let place = |along: [c64; 2], k: usize| -> [c64; 2] {
            if k < TURNS {
                return [along[0] * EIGHTHS[k], along[1]];
            }
            let length = along[0].norm();
            let phase = if length > 0.0 {
                along[0] / length
            } else {
                c64::ONE
            };
            VERTICES[k - TURNS].map(|v| v * phase * size)
        };
        let (aligned, basis) = match anchor {
            None => (along, None),
            Some(frame) if frame.tied && m > 1 => {
                let product = [0, 1].map(|i| [0, 1].map(|j| dot(&axes[i], &frame.axes[j])));
                let scale = size / frame.size.max(f64::MIN_POSITIVE);
                (frame.along.map(|a| a * scale), Some(polar(product)))
            }
            Some(frame) => {
                let turn = turn_to(along[0], &axes[0], Some(&frame.leading()));
                ([along[0] * turn, along[1]], None)
            }
        };
        let channels = std::array::from_fn(|k| {
            let mut to = place(aligned, k);
            if let Some(q) = &basis {
                to = [0, 1].map(|i| q[i][0] * to[0] + q[i][1] * to[1]);
            }
            let step = [to[0] - along[0], to[1] - along[1]];
            let at = Col::from_fn(m, |i| {
                let first = found.point[i] + tops[0][i] * step[0];
                if m > 1 {
                    first + tops[1][i] * step[1]
                } else {
                    first
                }
            });
            self.back(form.lift(at.as_ref(), &outside))
        });
        Ok(PowerPieces {
            channels,
            frame: Frame {
                axes,
                along: aligned,
                size,
                tied,
            },
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

    /// As [`Link::greatest_power_pieces`] for [`Link::difference_max`]: where the centre is orthogonal
    /// to the top eigenvector of the form, the maximisers lie on a circle and the value has a kink.
    pub fn difference_pieces(
        &self,
        plus: &[c64],
        minus: &[c64],
        isotropic: f64,
        phase_of: Option<&[c64]>,
    ) -> Pieces {
        let plane = Plane::new(
            &self.centre,
            self.radius,
            &self.seen(plus),
            &self.seen(minus),
        );
        let (_, point) = plane.extreme(1.0, isotropic, 1.0);
        self.pieces(&plane, 1.0, point, phase_of)
    }

    /// As [`Link::greatest_power_pieces`] for the greatest [`Link::ratio`].
    pub fn ratio_pieces(
        &self,
        numerator: &[c64],
        denominator: &[c64],
        isotropic: f64,
        constant: f64,
        phase_of: Option<&[c64]>,
    ) -> Pieces {
        let plane = Plane::new(
            &self.centre,
            self.radius,
            &self.seen(numerator),
            &self.seen(denominator),
        );
        let (value, _, point) = plane.ratio_extreme(isotropic, constant, 1.0);
        self.pieces(&plane, value, point, phase_of)
    }

    fn pieces(&self, plane: &Plane, t: f64, point: [c64; 3], phase_of: Option<&[c64]>) -> Pieces {
        let (_, _, top) = plane.eigen(t);
        let along: c64 = (0..2)
            .map(|i| top[i].conj() * (point[i] - plane.centre[i]))
            .sum();
        let pairs = plane.axes[0].iter().zip(&plane.axes[1]);
        let lifted: Vec<c64> = pairs.map(|(a, b)| a * top[0] + b * top[1]).collect();
        let turned = along * turn_to(along, &lifted, phase_of);
        let channels = EIGHTHS.map(|turn| {
            let step = turned * turn - along;
            let at = [point[0] + top[0] * step, point[1] + top[1] * step, point[2]];
            self.back(plane.lift(&self.centre, &at))
        });
        Pieces::new(channels, lifted, turned)
    }
}

/// The turn that gives a component `along` a direction the phase of another one.
fn turn_to(along: c64, direction: &[c64], phase_of: Option<&[c64]>) -> c64 {
    let Some(other) = phase_of else {
        return c64::ONE;
    };
    let wanted = dot(direction, other) * along.conj();
    let size = wanted.norm();
    if size > 0.0 { wanted / size } else { c64::ONE }
}

/// The unitary factor of a 2 x 2 matrix, `A (A^H A)^(-1/2)`, or the identity if there is none.
fn polar(a: [[c64; 2]; 2]) -> [[c64; 2]; 2] {
    // For 2 x 2 matrices A + e^{j arg det A} adj(A)^H is a positive multiple of it.
    let determinant = a[0][0] * a[1][1] - a[0][1] * a[1][0];
    let size = determinant.norm();
    let phase = if size > 0.0 {
        determinant / size
    } else {
        c64::ONE
    };
    let sum = [
        [
            a[0][0] + phase * a[1][1].conj(),
            a[0][1] - phase * a[1][0].conj(),
        ],
        [
            a[1][0] - phase * a[0][1].conj(),
            a[1][1] + phase * a[0][0].conj(),
        ],
    ];
    let length = (sum[0][0].norm_sqr() + sum[1][0].norm_sqr()).sqrt();
    if length > 0.0 {
        sum.map(|row| row.map(|x| x / length))
    } else {
        [[c64::ONE, c64::ZERO], [c64::ZERO, c64::ONE]]
    }
}

/// The span of two beams and a centre, with orthonormal coordinates: beams have none along the
/// third axis, which holds the rest of the centre.
struct Plane {
    axes: [Vec<c64>; 3],
    numerator: [c64; 2],
    denominator: [c64; 2],
    centre: [c64; 3],
    radius: f64,
}

impl Plane {
    fn new(centre: &[c64], radius: f64, numerator: &[c64], denominator: &[c64]) -> Self {
        let (e1, n1) = unit(numerator.to_vec());
        let mut rest = denominator.to_vec();
        let mut d1 = c64::ZERO;
        for _ in 0..2 {
            let along = dot(&e1, &rest);
            subtract(&mut rest, along, &e1);
            d1 += along;
        }
        let (e2, d2) = rest_unit(rest, norm(denominator));
        let mut rest = centre.to_vec();
        let mut coordinates = [c64::ZERO; 3];
        for _ in 0..2 {
            for (k, e) in [&e1, &e2].into_iter().enumerate() {
                let along = dot(e, &rest);
                subtract(&mut rest, along, e);
                coordinates[k] += along;
            }
        }
        let (e3, c3) = rest_unit(rest, norm(centre));
        coordinates[2] = c64::new(c3, 0.0);
        Self {
            axes: [e1, e2, e3],
            numerator: [c64::new(n1, 0.0), c64::ZERO],
            denominator: [d1, c64::new(d2, 0.0)],
            centre: coordinates,
            radius,
        }
    }

    /// Ratio and denominator at a point.
    fn ratio(&self, x: &[c64; 3], isotropic: f64, constant: f64) -> (f64, f64) {
        let power = |w: &[c64; 2]| (x[0].conj() * w[0] + x[1].conj() * w[1]).norm_sqr();
        let square: f64 = x.iter().map(|x| x.norm_sqr()).sum();
        let bottom = power(&self.denominator) + isotropic * square + constant;
        (power(&self.numerator) / bottom, bottom)
    }

    /// Extreme ratio, its denominator and where: Dinkelbach's method.
    fn ratio_extreme(&self, isotropic: f64, constant: f64, sign: f64) -> (f64, f64, [c64; 3]) {
        let (mut value, mut bottom) = self.ratio(&self.centre, isotropic, constant);
        let mut point = self.centre;
        for _ in 0..60 {
            let (_, next) = self.extreme(value, isotropic, sign);
            let (ratio, under) = self.ratio(&next, isotropic, constant);
            let gain = sign * (ratio - value);
            if gain > 0.0 {
                (value, bottom, point) = (ratio, under, next);
            }
            if gain <= 1e-15 * value {
                break;
            }
        }
        (value, bottom, point)
    }

    /// Eigenvalues of `u u^H - t v v^H`, `t >= 0`, the greater first, and its eigenvector.
    fn eigen(&self, t: f64) -> (f64, f64, [c64; 2]) {
        let u2 = self.numerator[0].norm_sqr();
        let [v1, v2] = self.denominator;
        let beta = v2.re;
        let a = u2 - t * v1.norm_sqr();
        let d = -t * beta * beta;
        let b = -v1 * (t * beta);
        // The determinant is known without cancellation.
        let determinant = -t * u2 * beta * beta;
        let mean = 0.5 * (a + d);
        let spread = (0.5 * (a - d)).hypot(b.norm());
        let (high, low) = if mean >= 0.0 {
            let high = mean + spread;
            (high, if high > 0.0 { determinant / high } else { 0.0 })
        } else {
            let low = mean - spread;
            (determinant / low, low)
        };
        let first = if (high - a).abs() >= (high - d).abs() {
            [b, c64::new(high - a, 0.0)]
        } else {
            [c64::new(high - d, 0.0), b.conj()]
        };
        let size = (first[0].norm_sqr() + first[1].norm_sqr()).sqrt();
        let first = if size > 0.0 {
            [first[0] / size, first[1] / size]
        } else {
            [c64::ONE, c64::ZERO]
        };
        (high, low, first)
    }

    /// `max sign (|x^H u|^2 - t |x^H v|^2 - t isotropic |x|^2)` over the ball and the maximiser.
    fn extreme(&self, t: f64, isotropic: f64, sign: f64) -> (f64, [c64; 3]) {
        let (high, low, first) = self.eigen(t);
        let second = [-first[1].conj(), first[0].conj()];
        let c = &self.centre;
        let along = |e: &[c64; 2]| e[0].conj() * c[0] + e[1].conj() * c[1];
        let shift = -sign * t * isotropic;
        let values = [sign * high + shift, sign * low + shift, shift];
        let (value, step) =
            max_diagonal(&values, &[along(&first), along(&second), c[2]], self.radius);
        let point = [
            c[0] + first[0] * step[0] + second[0] * step[1],
            c[1] + first[1] * step[0] + second[1] * step[1],
            c[2] + step[2],
        ];
        (sign * value, point)
    }

    /// The point in full coordinates, near the centre given in them.
    fn lift(&self, centre: &[c64], point: &[c64; 3]) -> Vec<c64> {
        let mut x = centre.to_vec();
        for (k, e) in self.axes.iter().enumerate() {
            subtract(&mut x, self.centre[k] - point[k], e);
        }
        x
    }
}

/// `a^H b`.
pub(crate) fn dot(a: &[c64], b: &[c64]) -> c64 {
    a.iter().zip(b).map(|(a, b)| a.conj() * b).sum()
}

pub(crate) fn norm2(a: &[c64]) -> f64 {
    a.iter().map(|a| a.norm_sqr()).sum()
}

pub(crate) fn norm(a: &[c64]) -> f64 {
    norm2(a).sqrt()
}

fn subtract(a: &mut [c64], t: c64, b: &[c64]) {
    for (a, b) in a.iter_mut().zip(b) {
        *a -= t * b;
    }
}

fn times(a: &Mat<c64>, v: &[c64]) -> Vec<c64> {
    (0..a.nrows())
        .map(|i| v.iter().enumerate().map(|(j, x)| a[(i, j)] * x).sum())
        .collect()
}

/// The unit vector and the length; a vector lost to rounding becomes 0 of length 0.
fn unit(mut v: Vec<c64>) -> (Vec<c64>, f64) {
    let length = norm(&v);
    if length < f64::MIN_POSITIVE.sqrt() {
        v.fill(c64::ZERO);
        return (v, 0.0);
    }
    for x in &mut v {
        *x /= length;
    }
    (v, length)
}

/// [`unit`] of what is left of a vector of length `size` beside others. Rounding has a direction that is
/// not orthogonal to them: it becomes 0 of length 0.
fn rest_unit(mut rest: Vec<c64>, size: f64) -> (Vec<c64>, f64) {
    if norm(&rest) <= 16.0 * f64::EPSILON * size {
        rest.fill(c64::ZERO);
    }
    unit(rest)
}

#[cfg(test)]
mod tests;
