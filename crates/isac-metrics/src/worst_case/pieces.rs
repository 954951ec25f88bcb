//! Channels at which a greatest value is or almost is attained: the smooth pieces of a kink.

use super::form::StreamsForm;
use super::link::Link;
use super::plane::Plane;
use super::vectors::dot;
use crate::Error;
use isac_linalg::trust_region::max_over_ball_in;
use isac_linalg::{Col, c64};

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
    pub(super) tied: bool,
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

impl Link {
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
pub(super) fn polar(a: [[c64; 2]; 2]) -> [[c64; 2]; 2] {
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
