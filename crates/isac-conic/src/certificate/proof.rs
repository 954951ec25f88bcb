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

use isac_linalg::{Mat, c64, factor, hermitian, ops};

use super::depth::{below, min_eigenvalue};
use super::exact::rank_at_most;
use super::face::{confine, drop_small};
use super::semidefinite::{UNIT, contracted, independent, semidefinite};
use super::system::{Functional, MatrixMap, System, dense};
use crate::expr::Data;
use crate::value::congruence;

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
            let mut image = congruence(a.as_ref(), l);
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
            let product = congruence(z.as_ref(), t.as_ref());
            ops::axpy(g.as_mut(), *w, product.as_ref());
            let sizes = |a: &Mat<c64>| {
                Mat::from_fn(a.nrows(), a.ncols(), |i, j| c64::from(a[(i, j)].norm()))
            };
            let (zs, ts) = (sizes(z), sizes(t));
            let largest = congruence(zs.as_ref(), ts.as_ref());
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
