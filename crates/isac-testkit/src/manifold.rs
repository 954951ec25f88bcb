//! What projection, retraction and transport of an embedded manifold must satisfy, whatever the
//! manifold is.

use crate::{sample, slope};
use isac_linalg::{Mat, MatMut, MatRef, c64, ops};
use rand::Rng;

/// The operations of a manifold embedded in complex matrices, as closures.
pub struct Operations<'a> {
    /// How far a matrix is from the manifold, such as `| ||W||^2 - P |`; smooth where it matters.
    pub defect: &'a dyn Fn(MatRef<'_, c64>) -> f64,
    /// `(point, vector)`: replaces the vector by its projection onto the tangent space.
    pub project: &'a dyn Fn(MatRef<'_, c64>, MatMut<'_, c64>),
    /// `(point, direction, t, out)`.
    pub retract: &'a dyn Fn(MatRef<'_, c64>, MatRef<'_, c64>, f64, MatMut<'_, c64>),
    /// `(to, vector)`: makes a tangent vector of another point one of `to`.
    pub transport: &'a dyn Fn(MatRef<'_, c64>, MatMut<'_, c64>),
    /// Whether transport keeps lengths; otherwise it must not increase them.
    pub isometric: bool,
}

impl std::fmt::Debug for Operations<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Operations")
            .field("isometric", &self.isometric)
            .finish_non_exhaustive()
    }
}

/// Checks at `point`, with random vectors:
///
/// - the point lies on the manifold;
/// - projection is idempotent and self-adjoint, so it is the orthogonal projection onto its range;
/// - the range is tangent: the defect of `point + t v` is of second order in `t`;
/// - retraction stays on the manifold, is the identity at `t = 0`, and leaves `point + t v` by a
///   distance of second order;
/// - transport gives tangent vectors, is the identity at the same point, and keeps lengths
///   (or does not increase them).
///
/// # Errors
/// The name of the property that fails, with numbers.
pub fn check(
    operations: &Operations<'_>,
    point: MatRef<'_, c64>,
    rng: &mut impl Rng,
) -> Result<(), String> {
    let Operations {
        defect,
        project,
        retract,
        transport,
        isometric,
    } = operations;
    let scale = ops::norm(point);
    let small = 1e-12 * scale;
    let expect = |name: &str, value: f64, bound: f64| {
        if value <= bound {
            return Ok(());
        }
        Err(format!("{name}: {value:e} exceeds {bound:e}"))
    };
    let vector = |rng: &mut _| {
        let mut v = sample::gaussian(point.nrows(), point.ncols(), rng);
        let length = scale / ops::norm(v.as_ref());
        ops::scale(v.as_mut(), length);
        v
    };
    let projected = |v: &Mat<c64>| {
        let mut out = v.clone();
        project(point, out.as_mut());
        out
    };
    let distance = |a: &Mat<c64>, b: MatRef<'_, c64>| {
        let mut difference = a.clone();
        ops::axpy(difference.as_mut(), -1.0, b);
        ops::norm(difference.as_ref())
    };
    expect("the point is on the manifold", defect(point), small * scale)?;

    // A vector that is nearly normal leaves too few digits for what follows.
    let mut u = vector(rng);
    for _ in 0..100 {
        if ops::norm(projected(&u).as_ref()) >= 0.1 * scale {
            break;
        }
        u = vector(rng);
    }
    let v = vector(rng);
    let (pu, pv) = (projected(&u), projected(&v));
    let again = distance(&projected(&pu), pu.as_ref());
    expect("projection is idempotent", again, small)?;
    let left = ops::inner(pu.as_ref(), v.as_ref());
    let right = ops::inner(u.as_ref(), pv.as_ref());
    let gap = (left - right).abs();
    expect("projection is self-adjoint", gap, small * scale)?;

    let moved = |t: f64| {
        let mut out = point.to_owned();
        ops::axpy(out.as_mut(), t, pu.as_ref());
        out
    };
    slope::second_order(|t| defect(moved(t).as_ref()), small * scale, 0.1)
        .map_err(|e| format!("projected vectors are tangent: {e}"))?;

    let retracted = |t: f64| {
        let mut out = Mat::zeros(point.nrows(), point.ncols());
        retract(point, pu.as_ref(), t, out.as_mut());
        out
    };
    let still = distance(&retracted(0.0), point);
    expect("retraction by 0 is the identity", still, small)?;
    for t in [1e-3, 0.1, 1.0, 10.0] {
        let off = defect(retracted(t).as_ref());
        expect("retraction stays on the manifold", off, small * scale)?;
    }
    slope::second_order(|t| distance(&retracted(t), moved(t).as_ref()), small, 0.1)
        .map_err(|e| format!("retraction is of first order: {e}"))?;

    let to = retracted(0.3);
    let mut carried = pv.clone();
    transport(to.as_ref(), carried.as_mut());
    let mut tangent = carried.clone();
    project(to.as_ref(), tangent.as_mut());
    let off = distance(&tangent, carried.as_ref());
    expect("transported vectors are tangent", off, small)?;
    let mut same = pv.clone();
    transport(point, same.as_mut());
    let off = distance(&same, pv.as_ref());
    expect("transport to the same point is the identity", off, small)?;
    let (before, after) = (ops::norm(pv.as_ref()), ops::norm(carried.as_ref()));
    if *isometric {
        expect("transport keeps lengths", (after - before).abs(), small)?;
    }
    expect("transport does not lengthen", after - before, small)
}
