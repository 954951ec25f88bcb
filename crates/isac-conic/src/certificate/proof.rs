//! Whether exact numbers beside those of a ray prove what it says.
//!
//! A ray is computed in doubles: what has to vanish is small, what has to be semidefinite nearly so. It
//! counts as a proof only if numbers that satisfy everything *exactly* exist beside it, which is
//! shown as follows.
//!
//! 1. What must vanish is removed by a step that is short in the local norm of the cones
//!    (`U' = L (I + D) L^H` with `U = L L^H`), so that `|D| < 1` keeps the numbers inside.
//! 2. What rounding leaves of it is bounded. The linear functions are independent (least eigenvalue of
//!    their Gram matrix, with a bound on its rounding), hence an exact step of bounded local norm removes
//!    the rest; functions that depend on others must do so exactly, which arithmetic modulo primes
//!    decides ([`super::exact`]).
//! 3. The value, all signs and all cones keep a margin larger than rounding and that last step; a
//!    function that is structurally zero needs none. Matrices are judged after scaling to unit diagonal,
//!    so that no unit of the data matters.
//!
//! Where all rays lie on a face (their matrices are singular) there is no such margin. The face is then
//! looked for among those spanned by small integers, coordinate axes first: on it the same argument
//! applies. What is not proved this way excludes only points below the norm that the errors leave.

use isac_linalg::{Mat, MatRef, c64, factor, hermitian, ops};

use super::Evaluator;
use super::depth::{below, min_eigenvalue};
use super::exact::rank_at_most;
use super::system::{Functional, MatrixMap, System, dense};
use crate::expr::{Affine, Data};
use crate::outcome::Point;
use crate::program::{Program, Sense};

/// Bound on the relative rounding of a sum of products, per term.
const UNIT: f64 = 4.0 * f64::EPSILON;
/// Numbers in all matrices at most.
const LARGEST: f64 = 8e6;
/// Relative loads on diagonals that keep nearly singular matrices inside their cone.
const LOAD: f64 = 1e-11;

/// Whether the ray proves what it says, itself or on a face.
pub(super) fn proves(system: &System) -> bool {
    if system.size() > LARGEST {
        return false;
    }
    if Trial::new(system.clone()).is_some_and(Trial::holds) {
        return true;
    }
    for cut in [1e-9, 1e-7, 1e-5, 1e-3] {
        let mut smaller = system.clone();
        drop_small(&mut smaller, cut);
        for simple in [true, false] {
            let mut confined = smaller.clone();
            let changed = confine(&mut confined, cut, simple);
            if (changed || simple) && Trial::new(confined).is_some_and(Trial::holds) {
                return true;
            }
        }
    }
    false
}

/// Whether a point keeps all inequalities, norm constraints and matrix inequalities with room to spare
/// for rounding: a whole neighbourhood of it does, which leaves no gap to the dual.
pub(in super::super) fn interior(program: &Program, point: &Point) -> bool {
    let values = Evaluator::new(point);
    let size = |a: &Affine| {
        let scalars = a
            .scalars
            .iter()
            .map(|&(id, c)| (c * point.scalars[id]).abs());
        let matrices = a.matrices.iter().map(|(id, c)| {
            let (c, noise) = dense(c, program.matrices[*id].n);
            (ops::norm(c.as_ref()) + noise) * ops::norm(point.matrices[*id].dense().as_ref())
        });
        let own = a.constant.abs() + scalars.sum::<f64>() + matrices.sum::<f64>();
        UNIT * own * (8.0 + a.scalars.len() as f64 + 40.0 * a.matrices.len() as f64)
    };
    let rows = program.rows.iter().all(|row| {
        let slack = values.linear(&row.expression) - row.rhs;
        let error = size(&row.expression) + 2.0 * UNIT * row.rhs.abs();
        match row.sense {
            Sense::Equal => false,
            Sense::AtLeast => slack > error,
            Sense::AtMost => -slack > error,
        }
    });
    let cones = program.cones.iter().all(|cone| {
        let entries: Vec<f64> = cone.entries.iter().map(|e| values.value(e)).collect();
        let error: f64 = cone.entries.iter().map(size).sum();
        super::cone_excess(&entries) < -error
    });
    rows && cones
        && program.lmis.iter().all(|lmi| {
            let n = lmi.expression.n;
            let value = values.matrix(&lmi.expression, true);
            let mut error = Mat::<f64>::zeros(n, n);
            let mut add = |i: usize, j: usize, e: f64| error[(i, j)] += e;
            for (affine, coefficient) in &lmi.expression.terms {
                let (c, noise) = dense(coefficient, n);
                let own = size(affine);
                let count = 8.0 + lmi.expression.terms.len() as f64;
                for j in 0..n {
                    for i in 0..n {
                        add(i, j, own * (c[(i, j)].norm() + noise / UNIT) * count);
                    }
                }
            }
            for (id, w, t) in &lmi.expression.congruences {
                let x = ops::norm(point.matrices[*id].dense().as_ref());
                let own = UNIT * (t.nrows() + 8) as f64 * 4.0 * w.abs() * x;
                let norm = |j: usize| {
                    let squares = t.col_as_slice(j).iter().map(|z| z.norm_sqr());
                    squares.sum::<f64>().sqrt()
                };
                for j in 0..n {
                    for i in 0..n {
                        add(i, j, own * norm(i) * norm(j));
                    }
                }
            }
            for j in 0..n {
                for i in 0..n {
                    add(i, j, UNIT * value[(i, j)].norm());
                }
            }
            semidefinite(value.as_ref(), error.as_ref())
        })
}

/// Sets small nonnegative numbers to zero.
fn drop_small(system: &mut System, cut: f64) {
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
fn confine(system: &mut System, cut: f64, simple: bool) -> bool {
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
pub(super) fn integer_face(u: &Mat<c64>, cut: f64) -> Option<(Mat<c64>, Mat<c64>)> {
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

/// A functional in the local coordinates of the cones.
struct Local {
    scalars: Vec<(usize, f64)>,
    matrices: Vec<(usize, Mat<c64>)>,
}

impl Local {
    fn norm(&self) -> f64 {
        self.inner(self).max(0.0).sqrt()
    }

    fn inner(&self, other: &Self) -> f64 {
        let mut sum = 0.0;
        for (id, a) in &self.scalars {
            let same = other.scalars.iter().filter(|(k, _)| k == id);
            sum += same.map(|(_, b)| a * b).sum::<f64>();
        }
        for (id, a) in &self.matrices {
            let same = other.matrices.iter().filter(|(k, _)| k == id);
            sum += same
                .map(|(_, b)| ops::inner(a.as_ref(), b.as_ref()))
                .sum::<f64>();
        }
        sum
    }

    fn scale(&mut self, factor: f64) {
        self.scalars.iter_mut().for_each(|(_, a)| *a *= factor);
        for (_, a) in &mut self.matrices {
            ops::scale(a.as_mut(), factor);
        }
    }
}

/// A ray with the local coordinates of its cones.
struct Trial {
    system: System,
    /// Largest change of each scalar that the local norm one allows.
    weights: Vec<f64>,
    /// `L` with `U = L L^H`.
    roots: Vec<Mat<c64>>,
    /// The matrices that the roots belong to.
    start: Vec<Mat<c64>>,
    /// Local norm of the exact step that remains to be made.
    rest: f64,
}

impl Trial {
    fn new(mut system: System) -> Option<Self> {
        let count = system.scalars.len();
        let finite = system.scalars.iter().all(|v| v.is_finite());
        if !finite {
            return None;
        }
        let top = system.scalars.iter().fold(0.0_f64, |t, v| t.max(v.abs()));
        let mut weights = vec![0.0; count];
        for k in 0..count {
            if system.nonneg[k] {
                system.scalars[k] = system.scalars[k].max(0.0);
                weights[k] = system.scalars[k];
            } else {
                weights[k] = system.scalars[k].abs() + 1e-6 * top;
            }
        }
        for &(first, len) in &system.cones {
            let norm = |values: &[f64]| values.iter().map(|v| v * v).sum::<f64>().sqrt();
            let entries = &mut system.scalars[first..first + len];
            let rest = norm(&entries[1..]);
            if entries[0].max(rest) <= 0.0 {
                weights[first..first + len].fill(0.0);
                continue;
            }
            entries[0] = entries[0].max(rest) * (1.0 + LOAD);
            let margin = entries[0] - rest;
            weights[first..first + len].fill(0.5 * margin);
        }
        let mut roots = Vec::new();
        for slot in &mut system.matrices {
            let n = slot.value.nrows();
            if !slot.psd {
                let scale = ops::norm_max(slot.value.as_ref()) + 1e-6 * top;
                let root = scale.max(f64::MIN_POSITIVE).sqrt();
                roots.push(Mat::from_fn(n, n, |i, j| {
                    c64::from(if i == j { root } else { 0.0 })
                }));
                continue;
            }
            let load = LOAD.max(4.0 * UNIT * (n * (n + 10)) as f64);
            let zero = (0..n).all(|j| (0..n).all(|i| slot.value[(i, j)] == c64::ZERO));
            if zero {
                roots.push(Mat::zeros(n, n));
                continue;
            }
            for i in 0..n {
                slot.value[(i, i)] *= 1.0 + load;
            }
            let l = factor::cholesky("proof", slot.value.as_ref()).ok()?;
            let l = l.lower();
            roots.push(Mat::from_fn(n, n, |i, j| {
                if i >= j { l[(i, j)] } else { c64::ZERO }
            }));
        }
        let start = system.matrices.iter().map(|m| m.value.clone()).collect();
        Some(Self {
            system,
            weights,
            roots,
            start,
            rest: 0.0,
        })
    }

    fn local(&self, f: &Functional) -> Local {
        let scalars = f.scalars.iter();
        let scalars = scalars.map(|&(k, a)| (k, a * self.weights[k]));
        let matrices = f.matrices.iter().map(|(id, a)| {
            let l = self.roots[*id].as_ref();
            let mut image = super::congruence(a.as_ref(), l);
            if self.system.matrices[*id].real {
                image = Mat::from_fn(image.nrows(), image.ncols(), |i, j| {
                    c64::new(image[(i, j)].re, 0.0)
                });
            }
            (*id, hermitian::hermitian_part(image.as_ref()))
        });
        Local {
            scalars: scalars.collect(),
            matrices: matrices.collect(),
        }
    }

    /// Norm of all numbers.
    fn size(&self) -> f64 {
        let scalars = self.system.scalars.iter().map(|v| v.abs()).sum::<f64>();
        let matrices = self.system.matrices.iter();
        scalars + matrices.map(|m| ops::norm(m.value.as_ref())).sum::<f64>()
    }

    /// Value and a bound on its rounding.
    fn value(&self, f: &Functional) -> (f64, f64) {
        let (mut sum, mut size, mut count) = (0.0, 0.0, 0.0);
        for &(k, a) in &f.scalars {
            let term = a * self.system.scalars[k];
            sum += term;
            size += term.abs();
            count += 1.0;
        }
        for (id, a) in &f.matrices {
            let z = &self.system.matrices[*id].value;
            for j in 0..z.ncols() {
                for i in 0..z.nrows() {
                    sum += (a[(i, j)].conj() * z[(i, j)]).re;
                    size += a[(i, j)].norm() * z[(i, j)].norm();
                }
            }
            count += (z.nrows() * z.ncols()) as f64;
        }
        let noise = if f.noise > 0.0 {
            f.noise * self.size()
        } else {
            0.0
        };
        // Pairwise or not, a sum of few hundred terms loses less than this.
        (sum, UNIT * (count + 8.0) * size + noise)
    }

    /// What the exact step may still change of a functional.
    fn change(&self, f: &Functional) -> f64 {
        if self.rest == 0.0 {
            return 0.0;
        }
        2.0 * self.rest * self.local(f).norm()
    }

    fn holds(mut self) -> bool {
        if !self.repair() || !self.inside() {
            return false;
        }
        let (value, error) = self.value(&self.system.value);
        let mut left = value - error - self.change(&self.system.value);
        for (f, limit) in self.system.zero.iter().filter(|(_, l)| l.is_some()) {
            let (value, error) = self.value(f);
            let missing = value.abs() + error + self.change(f);
            left -= missing * limit.unwrap_or(f64::INFINITY) * (1.0 + 1e-9);
        }
        for (f, limit) in &self.system.positive {
            let (value, error) = self.value(f);
            let missing = below(value - error - self.change(f));
            match limit {
                _ if missing == 0.0 => {}
                Some(limit) => left -= missing * limit * (1.0 + 1e-9),
                None => return false,
            }
        }
        for map in &self.system.semidefinite {
            let missing = self.missing(map);
            match map.limit {
                _ if missing == 0.0 => {}
                Some(limit) if missing.is_finite() => left -= missing * limit * (1.0 + 1e-9),
                _ => return false,
            }
        }
        for cone in &self.system.images {
            let values: Vec<_> = cone
                .iter()
                .map(|f| (self.value(f), self.change(f)))
                .collect();
            if values.iter().all(|((_, e), c)| *e == 0.0 && *c == 0.0) {
                continue;
            }
            let error: f64 = values.iter().map(|((_, e), c)| e + c).sum();
            let rest = values[1..].iter().map(|((v, _), _)| v * v).sum::<f64>();
            if values[0].0.0 <= rest.sqrt() * (1.0 + 1e-14) + error {
                return false;
            }
        }
        left > 0.0
    }

    /// Makes vanish what has to, and bounds what is left.
    fn repair(&mut self) -> bool {
        let list: Vec<Functional> = self
            .system
            .zero
            .iter()
            .filter(|(_, limit)| limit.is_none())
            .map(|(f, _)| f.clone())
            .collect();
        let mut locals = Vec::new();
        for f in &list {
            let mut local = self.local(f);
            let norm = local.norm();
            if norm == 0.0 {
                // Nothing it speaks of is there, or nothing of it is left on the face.
                if f.noise > 0.0 {
                    return false;
                }
                continue;
            }
            local.scale(1.0 / norm);
            locals.push((f, local, norm));
        }
        if locals.is_empty() {
            return true;
        }
        let count = locals.len();
        let gram = Mat::from_fn(count, count, |i, j| {
            c64::from(locals[i].1.inner(&locals[j].1))
        });
        let chosen = independent(&gram);
        if chosen.len() < count && !self.dependent(&locals, chosen.len()) {
            return false;
        }
        let k = chosen.len();
        let small = Mat::from_fn(k, k, |i, j| gram[(chosen[i], chosen[j])]);
        let least = min_eigenvalue(small.as_ref()) - 1e-13 * (k * k) as f64;
        if least.is_nan() || least <= 0.0 {
            return false;
        }
        let Ok(cholesky) = factor::cholesky("proof", small.as_ref()) else {
            return false;
        };
        let mut travelled = 0.0;
        for round in 0..6 {
            let residual: Vec<(f64, f64)> = chosen
                .iter()
                .map(|&c| {
                    let (value, error) = self.value(locals[c].0);
                    (value / locals[c].2, error / locals[c].2)
                })
                .collect();
            let norm = |of: &dyn Fn(&(f64, f64)) -> f64| {
                residual.iter().map(|r| of(r).powi(2)).sum::<f64>().sqrt()
            };
            let (now, rounding) = (norm(&|r| r.0), norm(&|r| r.1));
            // The true residual is at most this.
            self.rest = 1.01 * (now + rounding) / least.sqrt();
            if round > 0 && now <= 4.0 * rounding || round == 5 {
                break;
            }
            let right = Mat::from_fn(k, 1, |i, _| c64::from(-residual[i].0));
            let lambda = cholesky.solve(right.as_ref());
            let mut step = Vec::new();
            for (i, &c) in chosen.iter().enumerate() {
                step.push((c, lambda[(i, 0)].re));
            }
            let length = (0..k)
                .map(|i| lambda[(i, 0)].re * right[(i, 0)].re)
                .sum::<f64>();
            travelled += length.max(0.0).sqrt();
            if travelled.is_nan() || travelled >= 0.9 {
                return false;
            }
            for (c, factor) in step {
                self.advance(&locals[c].1, factor);
            }
        }
        self.rest < 0.05
    }

    /// Moves along a local direction.
    fn advance(&mut self, direction: &Local, factor: f64) {
        for &(k, a) in &direction.scalars {
            self.system.scalars[k] += factor * a * self.weights[k];
        }
        for (id, a) in &direction.matrices {
            let l = self.roots[*id].as_ref();
            let step = ops::mul_adjoint(ops::mul(l, a.as_ref()).as_ref(), l);
            let value = &mut self.system.matrices[*id].value;
            ops::axpy(value.as_mut(), factor, step.as_ref());
            *value = hermitian::hermitian_part(value.as_ref());
        }
    }

    /// Whether all functionals depend exactly on as many of them.
    fn dependent(&self, locals: &[(&Functional, Local, f64)], rank: usize) -> bool {
        if locals.iter().any(|(f, _, _)| !f.exact) {
            return false;
        }
        let rows: Vec<Vec<f64>> = locals
            .iter()
            .map(|(f, _, _)| {
                let mut row = vec![0.0; self.system.scalars.len()];
                for &(k, a) in &f.scalars {
                    if self.weights[k] > 0.0 {
                        row[k] = a;
                    }
                }
                for (id, slot) in self.system.matrices.iter().enumerate() {
                    let n = slot.value.nrows();
                    let present = ops::norm_max(self.roots[id].as_ref()) > 0.0;
                    let own = f
                        .matrices
                        .iter()
                        .find(|(k, _)| *k == id)
                        .filter(|_| present);
                    for j in 0..n {
                        for i in 0..=j {
                            let z = own.map_or(c64::ZERO, |(_, a)| a[(i, j)]);
                            row.push(z.re);
                            row.push(if slot.real { 0.0 } else { z.im });
                        }
                    }
                }
                row
            })
            .collect();
        rank_at_most(&rows, rank)
    }

    /// Whether the numbers keep inside their cones through the last step.
    fn inside(&self) -> bool {
        let step = 2.0 * self.rest;
        let scalars = self.system.nonneg.iter().zip(&self.system.scalars);
        for ((nonneg, v), w) in scalars.zip(&self.weights) {
            if *nonneg && *v - step * w < 0.0 {
                return false;
            }
        }
        for &(first, len) in &self.system.cones {
            let u = &self.system.scalars[first..first + len];
            let rest = u[1..].iter().map(|v| v * v).sum::<f64>().sqrt();
            if u[0] - rest * (1.0 + 1e-14) - 4.0 * step * self.weights[first] < 0.0 {
                return false;
            }
        }
        self.system.matrices.iter().enumerate().all(|(id, slot)| {
            if !slot.psd || ops::norm_max(self.roots[id].as_ref()) == 0.0 {
                return true;
            }
            // U' - step U >= 0, and L L^H differs from U by rounding alone.
            let mut u = slot.value.clone();
            ops::axpy(u.as_mut(), -step, self.start[id].as_ref());
            let size = Mat::from_fn(u.nrows(), u.ncols(), |i, j| {
                UNIT * slot.value[(i, j)].norm()
            });
            semidefinite(u.as_ref(), size.as_ref())
        })
    }

    /// How far a matrix may be from semidefinite, rounding and the last step included; zero is a proof
    /// that it is.
    fn missing(&self, map: &MatrixMap) -> f64 {
        if let Some((core, error)) = self.core(map)
            && semidefinite(core.as_ref(), error.as_ref())
        {
            return 0.0;
        }
        let n = map.n;
        let mut g = Mat::<c64>::zeros(n, n);
        let mut error = Mat::<f64>::zeros(n, n);
        let size = self.size();
        let count = UNIT * (map.terms.len() + map.congruences.len() + 8) as f64;
        for (f, coefficient) in &map.terms {
            let (value, rounding) = self.value(f);
            let slack = rounding + self.change(f) + count * value.abs();
            if slack == 0.0 {
                continue;
            }
            let (c, noise) = dense(coefficient, n);
            for j in 0..n {
                for i in 0..n {
                    g[(i, j)] += c[(i, j)] * value;
                    error[(i, j)] += slack * c[(i, j)].norm() + noise * value.abs();
                }
            }
        }
        for (id, w, t) in &map.congruences {
            let z = &self.system.matrices[*id].value;
            let m = z.nrows();
            let product = super::congruence(z.as_ref(), t.as_ref());
            ops::axpy(g.as_mut(), *w, product.as_ref());
            let sizes = |a: &Mat<c64>| {
                Mat::from_fn(a.nrows(), a.ncols(), |i, j| c64::from(a[(i, j)].norm()))
            };
            let (zs, ts) = (sizes(z), sizes(t));
            let largest = super::congruence(zs.as_ref(), ts.as_ref());
            let lt = ops::adjoint_mul(self.roots[*id].as_ref(), t.as_ref());
            let norms: Vec<f64> = (0..n)
                .map(|j| {
                    lt.col_as_slice(j)
                        .iter()
                        .map(|x| x.norm_sqr())
                        .sum::<f64>()
                        .sqrt()
                })
                .collect();
            let rounding = count + 2.0 * UNIT * (m + 4) as f64;
            for j in 0..n {
                for i in 0..n {
                    error[(i, j)] += w.abs()
                        * (rounding * largest[(i, j)].re + 2.0 * self.rest * norms[i] * norms[j]);
                }
            }
        }
        if map.real {
            g = Mat::from_fn(n, n, |i, j| c64::new(g[(i, j)].re, 0.0));
        }
        let g = hermitian::hermitian_part(g.as_ref());
        if size.is_finite() && semidefinite(g.as_ref(), error.as_ref()) {
            return 0.0;
        }
        let norm = (0..n)
            .map(|j| error.col_as_slice(j).iter().map(|e| e * e).sum::<f64>())
            .sum::<f64>()
            .sqrt();
        below(min_eigenvalue(g.as_ref())) + norm + UNIT * (n * n) as f64 * ops::norm(g.as_ref())
    }

    /// A matrix `V B V^H` with few columns in `V` is semidefinite where `B` is: `B` over independent columns
    /// of `V`, and a bound on its error. `None` where the matrix has another form.
    fn core(&self, map: &MatrixMap) -> Option<(Mat<c64>, Mat<f64>)> {
        if !map.congruences.is_empty() {
            return None;
        }
        let n = map.n;
        let mut columns: Vec<Vec<c64>> = Vec::new();
        let mut place = |v: Vec<c64>| match columns.iter().position(|other| *other == v) {
            Some(at) => at,
            None => {
                columns.push(v);
                columns.len() - 1
            }
        };
        let mut cores = Vec::new();
        for (f, coefficient) in &map.terms {
            let (value, rounding) = self.value(f);
            let slack = rounding + self.change(f) + UNIT * value.abs();
            if slack == 0.0 {
                continue;
            }
            let entries: Vec<(usize, usize, c64)> = match &coefficient.data {
                Data::Factor { vectors, core } => core
                    .iter()
                    .filter(|e| e.2 != c64::ZERO)
                    .map(|&(p, q, b)| {
                        let column = |k: usize| vectors.col_as_slice(k).to_vec();
                        (place(column(p)), place(column(q)), b)
                    })
                    .collect(),
                Data::Sparse(entries) if entries.len() <= n => entries
                    .iter()
                    .map(|&(i, j, b)| {
                        let mut unit = |k: usize| {
                            let mut v = vec![c64::ZERO; n];
                            v[k] = c64::ONE;
                            place(v)
                        };
                        (unit(i), unit(j), b)
                    })
                    .collect(),
                Data::Identity | Data::Dense(_) | Data::Sparse(_) => return None,
            };
            cores.push((value, slack, coefficient.weight, entries));
        }
        let p = columns.len();
        if p == 0 || p > 48 {
            return None;
        }
        let mut b = Mat::<c64>::zeros(p, p);
        let mut error = Mat::<f64>::zeros(p, p);
        for (value, slack, weight, entries) in cores {
            for (i, j, z) in entries {
                let z = z * weight;
                b[(i, j)] += z * value;
                let own = z.norm() * (slack + 4.0 * UNIT * value.abs() * (map.terms.len() as f64));
                error[(i, j)] += own;
                if i != j {
                    b[(j, i)] += z.conj() * value;
                    error[(j, i)] += own;
                }
            }
        }
        let v = Mat::from_fn(n, p, |i, k| columns[k][i]);
        contracted(&v, b, error)
    }
}

/// Columns that depend exactly on others are expressed by those: `V B V^H = W B' W^H`.
fn contracted(v: &Mat<c64>, b: Mat<c64>, error: Mat<f64>) -> Option<(Mat<c64>, Mat<f64>)> {
    let (n, p) = (v.nrows(), v.ncols());
    let norms: Vec<f64> = (0..p)
        .map(|k| {
            v.col_as_slice(k)
                .iter()
                .map(|z| z.norm_sqr())
                .sum::<f64>()
                .sqrt()
        })
        .collect();
    if norms.contains(&0.0) {
        return None;
    }
    let unit = Mat::from_fn(n, p, |i, k| v[(i, k)] / norms[k]);
    let gram = ops::adjoint_mul(unit.as_ref(), unit.as_ref());
    let chosen = independent(&gram);
    let r = chosen.len();
    if r == p {
        return Some((b, error));
    }
    // The rank, exactly: every complex number as a real matrix of order two.
    let rows: Vec<Vec<f64>> = (0..2 * p)
        .map(|k| {
            let column = v.col_as_slice(k % p).iter();
            column
                .flat_map(|z| if k < p { [z.re, z.im] } else { [-z.im, z.re] })
                .collect()
        })
        .collect();
    if !rank_at_most(&rows, 2 * r) {
        return None;
    }
    let small = Mat::from_fn(r, r, |i, j| gram[(chosen[i], chosen[j])]);
    let least = min_eigenvalue(small.as_ref()) - 1e-14 * (r * r + n) as f64;
    if least.is_nan() || least <= 0.0 {
        return None;
    }
    let cholesky = factor::cholesky("proof", small.as_ref()).ok()?;
    let right = Mat::from_fn(r, p, |i, k| gram[(chosen[i], k)]);
    let c = cholesky.solve(right.as_ref());
    // Unit columns W with W C = V D exactly; C is known to this.
    let basis = Mat::from_fn(n, r, |i, k| unit[(i, chosen[k])]);
    let mut rest = ops::mul(basis.as_ref(), c.as_ref());
    ops::axpy(rest.as_mut(), -1.0, unit.as_ref());
    let top = ops::norm_max(c.as_ref());
    let accuracy =
        2.0 * (ops::norm(rest.as_ref()) + UNIT * (n + r) as f64 * (1.0 + top)) / least.sqrt();
    let scaled = Mat::from_fn(p, p, |i, j| b[(i, j)] * (norms[i] * norms[j]));
    let half = ops::mul(c.as_ref(), scaled.as_ref());
    let out = hermitian::hermitian_part(ops::mul_adjoint(half.as_ref(), c.as_ref()).as_ref());
    // Every entry is at most this far off.
    let mut off = 0.0;
    for j in 0..p {
        for i in 0..p {
            let own = error[(i, j)] * norms[i] * norms[j];
            let size = scaled[(i, j)].norm();
            off += own * (top + accuracy).powi(2)
                + size * (2.0 * top + accuracy) * accuracy
                + UNIT * (2 * p + 8) as f64 * size * top * top;
        }
    }
    Some((out, Mat::from_fn(r, r, |_, _| off)))
}

/// Columns of a Gram matrix of unit vectors that are independent by a margin, by pivoting.
fn independent(gram: &Mat<c64>) -> Vec<usize> {
    let n = gram.nrows();
    let mut rest: Vec<f64> = (0..n).map(|i| gram[(i, i)].re).collect();
    let (mut chosen, mut columns): (Vec<usize>, Vec<Vec<c64>>) = (Vec::new(), Vec::new());
    while chosen.len() < n {
        let (pivot, top) = (rest.iter().copied().enumerate()).fold((0, 0.0), |best, (i, v)| {
            if v > best.1 { (i, v) } else { best }
        });
        if top <= 1e-11 * n as f64 {
            break;
        }
        let mut column: Vec<c64> = (0..n).map(|i| gram[(i, pivot)]).collect();
        for earlier in &columns {
            let factor = earlier[pivot].conj();
            for (c, e) in column.iter_mut().zip(earlier) {
                *c -= *e * factor;
            }
        }
        let root = top.sqrt();
        for (c, r) in column.iter_mut().zip(&mut rest) {
            *c /= root;
            *r -= c.norm_sqr();
        }
        rest[pivot] = 0.0;
        chosen.push(pivot);
        columns.push(column);
    }
    chosen
}

/// Whether every Hermitian matrix within `error` of `a`, entry by entry, is positive semidefinite.
///
/// Rows without entries and without error are zero. The others are scaled to a unit diagonal; a Cholesky
/// factor of what is left after a shift that covers the error and its own rounding is the proof.
fn semidefinite(a: MatRef<'_, c64>, error: MatRef<'_, f64>) -> bool {
    let n = a.nrows();
    let kept: Vec<usize> = (0..n)
        .filter(|&i| (0..n).any(|j| error[(i, j)] != 0.0 || a[(i, j)] != c64::ZERO))
        .collect();
    if kept.is_empty() {
        return true;
    }
    let clear = |&i: &usize| a[(i, i)].re > error[(i, i)];
    if !kept.iter().all(clear) {
        return false;
    }
    let root = |i: usize| a[(kept[i], kept[i])].re.sqrt();
    let m = kept.len();
    let mut square = 0.0;
    for j in 0..m {
        for i in 0..m {
            square += (error[(kept[i], kept[j])] / (root(i) * root(j))).powi(2);
        }
    }
    let shift = 1.01 * square.sqrt() + UNIT * (m * (m + 10)) as f64;
    if shift.is_nan() || shift >= 1.0 {
        return false;
    }
    let scaled = Mat::from_fn(m, m, |i, j| {
        let value = a[(kept[i], kept[j])] / (root(i) * root(j));
        if i == j {
            c64::from(1.0 - shift)
        } else {
            value
        }
    });
    factor::cholesky("proof", scaled.as_ref()).is_ok()
}
