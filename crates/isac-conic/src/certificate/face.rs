//! Faces of the cones that the numbers of a ray lie on, spanned by coordinate axes or small integers.

use isac_linalg::{Mat, c64, hermitian};

use super::system::System;

/// Sets small nonnegative numbers to zero.
pub(super) fn drop_small(system: &mut System, cut: f64) {
    let signed = || system.nonneg.iter().zip(&system.scalars);
    let top = signed()
        .filter(|(nonneg, _)| **nonneg)
        .fold(0.0_f64, |t, (_, v)| t.max(*v));
    for (v, nonneg) in system.scalars.iter_mut().zip(&system.nonneg) {
        if *nonneg && *v <= cut * top {
            *v = 0.0;
        }
    }
}

/// Confines every singular matrix to its face; whether there was one.
pub(super) fn confine(system: &mut System, cut: f64, simple: bool) -> bool {
    let mut changed = false;
    for at in 0..system.matrices.len() {
        if !system.matrices[at].psd {
            continue;
        }
        let u = system.matrices[at].value.clone();
        let has_congruence = system
            .semidefinite
            .iter()
            .any(|map| map.congruences.iter().any(|c| c.0 == at));
        let found = if simple {
            axes(&u, cut)
        } else if has_congruence {
            None
        } else {
            integer_face(&u, cut)
        };
        if let Some((v, value)) = found {
            system.confine(at, &v, value);
            changed = true;
        }
    }
    changed
}

/// The coordinates whose diagonal entries are not small; `None` for all of them.
fn axes(u: &Mat<c64>, cut: f64) -> Option<(Mat<c64>, Mat<c64>)> {
    let n = u.nrows();
    let top = (0..n).fold(0.0_f64, |t, i| t.max(u[(i, i)].re));
    let kept: Vec<usize> = (0..n).filter(|&i| u[(i, i)].re > cut * top).collect();
    if kept.len() == n {
        return None;
    }
    let v = Mat::from_fn(n, kept.len(), |i, k| {
        if kept[k] == i { c64::ONE } else { c64::ZERO }
    });
    let value = Mat::from_fn(kept.len(), kept.len(), |i, j| u[(kept[i], kept[j])]);
    Some((v, value))
}

/// A basis of small integers of the numerical range of a semidefinite matrix, and the matrix in it.
fn integer_face(u: &Mat<c64>, cut: f64) -> Option<(Mat<c64>, Mat<c64>)> {
    let n = u.nrows();
    let mut rest: Vec<f64> = (0..n).map(|i| u[(i, i)].re).collect();
    let top = rest.iter().fold(0.0_f64, |t, d| t.max(*d));
    let (mut pivots, mut columns): (Vec<usize>, Vec<Vec<c64>>) = (Vec::new(), Vec::new());
    loop {
        let (pivot, value) = (rest.iter().copied().enumerate()).fold((0, 0.0), |best, (i, v)| {
            if v > best.1 { (i, v) } else { best }
        });
        if value <= cut * top || value == 0.0 {
            break;
        }
        let mut column: Vec<c64> = (0..n).map(|i| u[(i, pivot)]).collect();
        for earlier in &columns {
            let factor = earlier[pivot].conj();
            for (c, e) in column.iter_mut().zip(earlier) {
                *c -= *e * factor;
            }
        }
        let root = value.sqrt();
        for (c, r) in column.iter_mut().zip(&mut rest) {
            *c /= root;
            *r -= c.norm_sqr();
        }
        pivots.push(pivot);
        columns.push(column);
    }
    let r = pivots.len();
    if r == 0 || r == n {
        return None;
    }
    // Columns with a one at their own pivot and zeros at the others'.
    let mut v = Mat::from_fn(n, r, |i, k| columns[k][i]);
    for k in 0..r {
        let own = v[(pivots[k], k)];
        for i in 0..n {
            v[(i, k)] /= own;
        }
        for other in (0..r).filter(|&q| q != k) {
            let factor = v[(pivots[k], other)];
            for i in 0..n {
                let step = v[(i, k)] * factor;
                v[(i, other)] -= step;
            }
        }
    }
    let tolerance = 10.0 * cut.sqrt().min(1e-3);
    for k in 0..r {
        let mut common = 1_u64;
        for i in 0..n {
            for part in [v[(i, k)].re, v[(i, k)].im] {
                common = lcm(common, denominator(part, tolerance)?);
            }
        }
        if common > 100_000 {
            return None;
        }
        let scale = common as f64;
        for i in 0..n {
            let z = v[(i, k)] * scale;
            v[(i, k)] = c64::new(z.re.round(), z.im.round());
        }
    }
    let own = |k: usize| v[(pivots[k], k)].re;
    let value = Mat::from_fn(r, r, |i, j| u[(pivots[i], pivots[j])] / (own(i) * own(j)));
    Some((v.clone(), hermitian::hermitian_part(value.as_ref())))
}

fn lcm(a: u64, b: u64) -> u64 {
    let (mut x, mut y) = (a, b);
    while y > 0 {
        (x, y) = (y, x % y);
    }
    a / x * b
}

/// The least denominator up to 60 of a fraction within the tolerance.
fn denominator(x: f64, tolerance: f64) -> Option<u64> {
    (1..=60_u64).find(|&q| {
        let scaled = x * q as f64;
        (scaled - scaled.round()).abs() <= tolerance * (1.0 + scaled.abs()) / q as f64
    })
}
