//! What multipliers of the matrix inequalities prove of the power.

use super::design::{Design, ErrorBall};
use crate::Error;
use crate::noma::certificate::{self, Bound, Multipliers};
use crate::noma::problem::{Scene, Span};
use crate::noma::slack::Slack;
use isac_linalg::kernel::{Field, Real, Twofold, TwofoldComplex};
use isac_linalg::{Mat, MatRef, c64, hermitian, ops, precise, validate};

/// `[epsilon I, hhat_l] / sigma`, r x (r + 1).
pub(crate) fn congruence(scene: &Scene, span: &Span, ball: ErrorBall, decoder: usize) -> Mat<c64> {
    let r = span.dimension();
    let epsilon = ball.radius / scene.noise().sqrt();
    Mat::from_fn(r, r + 1, |i, j| {
        if j == r {
            span.channels[(i, decoder)]
        } else {
            c64::new(f64::from(i == j) * epsilon, 0.0)
        }
    })
}

/// The bound that multipliers of the matrix inequalities and of the sensing constraints prove; see
/// [`certificate`] for the argument. A multiplier whose `tau` condition `tr U_11 <= U_22` is missed
/// by rounding is shrunk to meet it, which keeps it positive semidefinite.
///
/// # Errors
/// Multipliers of wrong sizes; a decomposition that failed.
pub fn lower_bound(
    scene: &Scene,
    span: &Span,
    targets: &[f64],
    ball: ErrorBall,
    matrices: &[Mat<c64>],
    sensing: &Multipliers,
) -> Result<Bound, Error> {
    let r = span.dimension();
    let pairs = scene.pairs();
    validate::length("matrix multipliers", matrices.len(), pairs.len())?;
    let sic = scene.mode().sic;
    let d = span.exact.nrows();
    let epsilon = Twofold::from(ball.radius) / Twofold::from(scene.noise()).root();
    let mut homogeneous = vec![Slack::zeros(d); scene.users()];
    let mut value = 0.0;
    for (u, pair) in matrices.iter().zip(&pairs) {
        validate::shape("matrix multiplier", u.as_ref(), r + 1, r + 1)?;
        // U = B B^H is exactly positive semidefinite; T B and its part by the error alone.
        let half = proper(u.as_ref())?;
        value += (0..half.ncols())
            .map(|j| half[(r, j)].norm_sqr())
            .sum::<f64>();
        let mut leak = precise::zeros(d, half.ncols());
        let mut image = precise::zeros(d, half.ncols());
        for j in 0..half.ncols() {
            let bottom: TwofoldComplex = Field::from_c64(half[(r, j)]);
            for i in 0..d {
                if i < r {
                    let top: TwofoldComplex = Field::from_c64(half[(i, j)]);
                    leak[(i, j)] = top.times(epsilon);
                }
                image[(i, j)] = leak[(i, j)] + span.exact[(i, pair.decoder)] * bottom;
            }
        }
        let sum = |columns: &Mat<TwofoldComplex>| {
            let mut slack = Slack::zeros(d);
            for j in 0..columns.ncols() {
                slack.add_square(Twofold::from(1.0), columns, j);
            }
            slack
        };
        let (seen, leaked) = (sum(&image), sum(&leak));
        for (k, f) in homogeneous.iter_mut().enumerate() {
            if k == pair.message {
                f.add(Twofold::from(-1.0) / targets[k].into(), &seen);
            } else if sic.disturbs(pair.message, k) {
                f.add(Twofold::from(1.0), &seen);
            } else if ball.residual && sic.removes(pair.message, k) {
                f.add(Twofold::from(1.0), &leaked);
            }
        }
    }
    certificate::lower_bound_with(scene, span, targets, sensing, &homogeneous, value)
}

/// A factor `B` of the nearest multiplier `U = B B^H` that is positive semidefinite with
/// `tr U_11 <= U_22`.
pub(crate) fn proper(u: MatRef<'_, c64>) -> Result<Mat<c64>, Error> {
    let part = hermitian::hermitian_part(u);
    let mut half = hermitian::sqrt_factor(part.as_ref())?;
    let r = u.nrows() - 1;
    let size2 = |rows: std::ops::Range<usize>, half: &Mat<c64>| -> f64 {
        let columns = 0..half.ncols();
        columns
            .flat_map(|j| rows.clone().map(move |i| (i, j)))
            .map(|(i, j)| half[(i, j)].norm_sqr())
            .sum()
    };
    let (spread, top) = (size2(0..r, &half), size2(r..r + 1, &half));
    if spread > top * (1.0 - 1e-14) {
        let shrink = (top / spread).sqrt() * (1.0 - 1e-14);
        for j in 0..half.ncols() {
            for i in 0..r {
                half[(i, j)] *= shrink;
            }
        }
    }
    Ok(half)
}

/// What the multipliers of a design prove of the power (watt) at a common target `t`: scaled with the
/// target they keep their slack matrices but for the disturbance, which grows.
pub(crate) fn bound_at(
    scene: &Scene,
    span: &Span,
    design: &Design,
    ball: ErrorBall,
    t: f64,
) -> Result<f64, Error> {
    let targets = vec![t; scene.users()];
    if let Some(y) = &design.nominal {
        return Ok(certificate::lower_bound_in(scene, span, &targets, y)?.power);
    }
    let scaled: Vec<Mat<c64>> = (design.multipliers.iter().zip(scene.pairs()))
        .map(|(u, pair)| {
            let mut u = u.clone();
            ops::scale(u.as_mut(), t / design.targets[pair.message]);
            u
        })
        .collect();
    Ok(lower_bound(scene, span, &targets, ball, &scaled, &design.sensing)?.power)
}
