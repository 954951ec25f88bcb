//! The least value of a Hermitian quadratic over a product of balls, from both sides.
//!
//! ```math
//! \min \; (c + d)^H A (c + d) \quad \text{over } \|d_k\| \le r_k, \ k = 1..K,
//! ```
//!
//! `d_k` the coordinates of ball `k`. Any multipliers `tau >= 0` with `A + diag(tau_k / r_k^2) > 0` prove a lower
//! value in closed form, and the best of them are a small semidefinite program; complex forms have no duality gap
//! with at most two balls, so that the two sides then meet. From above: the stationary point of the multipliers,
//! improved by exact steps over one ball at a time ([`crate::trust_region`]).

use std::ops::Range;

use isac_linalg::{Col, ColRef, Mat, MatRef, c64, factor, hermitian, ops, validate};

use crate::conic::{Affine, Coefficient, HermitianAffine, Options, Program};
use crate::{Error, trust_region};

/// Steps over every ball after which the point is left as it is.
const SWEEPS: usize = 60;

/// What is known of the least value.
#[derive(Debug, Clone)]
pub struct Least {
    /// No point has a smaller value, whatever the solver's errors.
    pub lower: f64,
    /// Value at `point`.
    pub upper: f64,
    /// `c + d`.
    pub point: Col<c64>,
}

/// The least value over balls of disjoint coordinates; coordinates in no ball are certain.
///
/// ```
/// use isac_linalg::{Col, Mat, c64};
/// use isac_opt::balls::least;
/// // |x_0|^2 + |x_1|^2 around (3, 4) with radius 1 each: 2^2 + 3^2.
/// let a: Mat<c64> = Mat::identity(2, 2);
/// let centre = Col::from_fn(2, |i| c64::new(3.0 + i as f64, 0.0));
/// let found = least(a.as_ref(), centre.as_ref(), &[(0..1, 1.0), (1..2, 1.0)])?;
/// assert!((found.lower - 13.0).abs() < 1e-6 && (found.upper - 13.0).abs() < 1e-9);
/// # Ok::<(), isac_opt::Error>(())
/// ```
///
/// # Errors
/// A matrix that is not Hermitian, shapes or balls that do not fit, a radius that is negative; a breakdown of the
/// solver.
pub fn least(
    a: MatRef<'_, c64>,
    centre: ColRef<'_, c64>,
    balls: &[(Range<usize>, f64)],
) -> Result<Least, Error> {
    let n = centre.nrows();
    hermitian::check_hermitian("quadratic form", a)?;
    validate::shape("quadratic form", a, n, n)?;
    let uncertain = check_balls(balls, n)?;
    let mut point = centre.to_owned();
    let nominal = value(a, point.as_ref());
    if uncertain.is_empty() {
        return Ok(Least {
            lower: nominal,
            upper: nominal,
            point,
        });
    }
    let scaled = Scaled::new(a, centre, &uncertain);
    let tau = scaled.multipliers()?;
    let lower = scaled.bound(&tau);
    if let Some(d) = scaled.stationary(&tau) {
        scaled.put(&d, &uncertain, centre, &mut point);
    }
    let mut upper = improve(a, centre, &uncertain, &mut point)?;
    let mut other = centre.to_owned();
    let from_centre = improve(a, centre, &uncertain, &mut other)?;
    if from_centre < upper {
        (upper, point) = (from_centre, other);
    }
    Ok(Least {
        lower: lower.min(upper),
        upper,
        point,
    })
}

/// Balls of a positive radius.
pub(crate) fn check_balls(
    balls: &[(Range<usize>, f64)],
    order: usize,
) -> Result<Vec<(Range<usize>, f64)>, Error> {
    let mut taken = vec![false; order];
    let mut out = Vec::new();
    for (coordinates, radius) in balls {
        validate::nonnegative("ball radius", *radius, "")?;
        for i in coordinates.clone() {
            if i >= order || std::mem::replace(&mut taken[i], true) {
                let expected = format!("disjoint ranges within 0..{order}");
                let got = format!("{balls:?}");
                return Err(isac_linalg::Error::shape("balls", expected, got).into());
            }
        }
        if *radius > 0.0 && !coordinates.is_empty() {
            out.push((coordinates.clone(), *radius));
        }
    }
    Ok(out)
}

fn value(a: MatRef<'_, c64>, x: ColRef<'_, c64>) -> f64 {
    ops::quadratic_form(a, x)
}

/// The form in units of the radii: `u^H Q u + 2 Re(v^H u) + constant`, every ball of radius 1.
struct Scaled {
    form: Mat<c64>,
    linear: Mat<c64>,
    constant: f64,
    /// Coordinates of each ball, one after another.
    blocks: Vec<Range<usize>>,
}

impl Scaled {
    fn new(a: MatRef<'_, c64>, centre: ColRef<'_, c64>, balls: &[(Range<usize>, f64)]) -> Self {
        let places: Vec<(usize, f64)> = balls
            .iter()
            .flat_map(|(c, r)| c.clone().map(move |i| (i, *r)))
            .collect();
        let at = |i: usize| places[i];
        let free = places.len();
        let form = Mat::from_fn(free, free, |i, j| {
            let ((p, r), (q, s)) = (at(i), at(j));
            a[(p, q)] * (r * s)
        });
        let image = ops::mul(a, centre.as_mat());
        let linear = Mat::from_fn(free, 1, |i, _| image[(at(i).0, 0)] * at(i).1);
        let mut blocks = Vec::new();
        let mut first = 0;
        for (coordinates, _) in balls {
            blocks.push(first..first + coordinates.len());
            first += coordinates.len();
        }
        Self {
            form: hermitian::hermitian_part(form.as_ref()),
            linear,
            constant: value(a, centre),
            blocks,
        }
    }

    /// The best multipliers, as the solver finds them; where it finds none, such as prove something.
    fn multipliers(&self) -> Result<Vec<f64>, Error> {
        let free = self.form.nrows();
        let (form, linear) = (
            ops::norm(self.form.as_ref()),
            ops::norm(self.linear.as_ref()),
        );
        let size = form.max(linear).max(self.constant.abs());
        if size <= 0.0 {
            return Ok(vec![0.0; self.blocks.len()]);
        }
        let mut program = Program::new();
        let tau = program.nonneg_list("tau", self.blocks.len());
        let height = program.free("height");
        let whole = Mat::from_fn(free + 1, free + 1, |i, j| {
            let entry = match (i < free, j < free) {
                (true, true) => self.form[(i, j)],
                (true, false) => self.linear[(i, 0)],
                (false, true) => self.linear[(j, 0)].conj(),
                (false, false) => c64::new(self.constant, 0.0),
            };
            entry / size
        });
        let mut block = HermitianAffine::constant(whole);
        for (tau, coordinates) in tau.iter().zip(&self.blocks) {
            let mut pencil: Vec<_> = coordinates.clone().map(|i| (i, i, c64::ONE)).collect();
            pencil.push((free, free, -c64::ONE));
            block.add_term(*tau, Coefficient::sparse(&pencil));
        }
        block.add_diagonal(free, Affine::from(height) * -1.0);
        program.lmi("nonnegative", block);
        program.maximise(height);
        let outcome = program.solve(&Options::default())?;
        let Some(solution) = outcome.solution() else {
            return Ok(vec![form; self.blocks.len()]);
        };
        let found = tau
            .iter()
            .map(|t| solution.scalar(*t).map(|v| v.max(0.0) * size));
        Ok(found.collect::<Result<_, _>>()?)
    }

    /// `Q + diag(tau)`, widened by a share of its size.
    fn shifted(&self, tau: &[f64], wider: f64) -> Mat<c64> {
        let mut out = self.form.clone();
        for (tau, coordinates) in tau.iter().zip(&self.blocks) {
            for i in coordinates.clone() {
                out[(i, i)] += tau + wider;
            }
        }
        out
    }

    /// What multipliers prove: the largest value over slightly larger ones, with a margin for rounding.
    fn bound(&self, tau: &[f64]) -> f64 {
        let size = ops::norm(self.form.as_ref()) + tau.iter().fold(0.0, |m: f64, t| m.max(*t));
        let mut best = f64::NEG_INFINITY;
        let mut wider = 16.0 * f64::EPSILON * size;
        for _ in 0..14 {
            let shifted = self.shifted(tau, wider);
            if let Ok(chol) = factor::cholesky("shifted form", shifted.as_ref()) {
                let seen = ops::norm2(chol.solve_lower(self.linear.as_ref()).as_ref());
                let spent: f64 = tau.iter().map(|t| t + wider).sum();
                let terms = self.constant.abs() + spent + seen;
                let rounding = 64.0 * self.form.nrows() as f64 * f64::EPSILON * terms;
                best = best.max(self.constant - spent - seen - rounding);
            }
            wider *= 10.0;
        }
        best
    }

    /// `-(Q + diag(tau))^-1 v`, every ball cut to its radius.
    fn stationary(&self, tau: &[f64]) -> Option<Mat<c64>> {
        let size = ops::norm(self.form.as_ref()) + tau.iter().fold(0.0, |m: f64, t| m.max(*t));
        let shifted = self.shifted(tau, 1e-12 * size);
        let chol = factor::cholesky("shifted form", shifted.as_ref()).ok()?;
        let mut out = chol.solve(self.linear.as_ref());
        ops::scale(out.as_mut(), -1.0);
        for coordinates in &self.blocks {
            let mut part = out
                .as_mut()
                .submatrix_mut(coordinates.start, 0, coordinates.len(), 1);
            let norm = ops::norm(part.as_ref());
            if norm > 1.0 {
                ops::scale(part.as_mut(), 1.0 / norm);
            }
        }
        Some(out)
    }

    /// Writes `c + d` for scaled coordinates.
    fn put(
        &self,
        u: &Mat<c64>,
        balls: &[(Range<usize>, f64)],
        centre: ColRef<'_, c64>,
        point: &mut Col<c64>,
    ) {
        for ((coordinates, radius), own) in balls.iter().zip(&self.blocks) {
            for (i, k) in coordinates.clone().zip(own.clone()) {
                point[i] = centre[i] + u[(k, 0)] * *radius;
            }
        }
    }
}

/// Exact steps over one ball after another until nothing falls; the value at the end.
fn improve(
    a: MatRef<'_, c64>,
    centre: ColRef<'_, c64>,
    balls: &[(Range<usize>, f64)],
    point: &mut Col<c64>,
) -> Result<f64, Error> {
    let mut last = value(a, point.as_ref());
    for _ in 0..SWEEPS {
        for (coordinates, radius) in balls {
            let (first, count) = (coordinates.start, coordinates.len());
            // Everything outside the ball held, and the ball at its centre.
            let mut held = point.clone();
            for i in coordinates.clone() {
                held[i] = centre[i];
            }
            let image = ops::mul(a, held.as_ref().as_mat());
            let own = a.submatrix(first, first, count, count);
            let linear = Col::from_fn(count, |i| image[(first + i, 0)]);
            let constant = value(a, held.as_ref());
            let step = trust_region::min_quadratic(own, linear.as_ref(), constant, *radius)?;
            for i in 0..count {
                point[first + i] = centre[first + i] + step.point[i];
            }
        }
        let now = value(a, point.as_ref());
        if last - now <= 1e-14 * last.abs() {
            return Ok(now.min(last));
        }
        last = now;
    }
    Ok(last)
}
