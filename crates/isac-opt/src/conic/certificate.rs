//! What a returned point or ray is worth, recomputed from the program as it was written.
//!
//! Nothing here knows how the program was solved, reduced or scaled. With the program as a
//! minimisation of `f`, rows `a_i(x) - b_i`, matrix inequalities `F_l(x)` and cones `q(x)`, the
//! Lagrangian is
//!
//! ```math
//! L(x) = f(x) - sum_i y_i (a_i(x) - b_i) - sum_l <U_l, F_l(x)> - sum_q u_q^T q(x)
//! ```
//!
//! Its gradient must lie in the dual of the variables' own cones (zero for free variables) and its
//! constant is the dual objective.
//!
//! **Bound.** Where rows, norm constraints or the objective itself bound the variables, what the
//! gradient lacks to lie in its cone is paid for with those bounds: the result holds exactly.
//!
//! **Rays.** Multipliers with value 1 (the constant of `-L` without `f`) and gradient violation
//! `e` prove that every feasible point has `sum tr X + sum |x| >= 1/e`, the sum over all
//! variables.

use std::cell::RefCell;
use std::sync::Arc;

use isac_linalg::{Mat, MatRef, c64, factor, ops};
use serde::{Deserialize, Serialize};

use super::expr::{Affine, Coefficient, Data, HermitianAffine};
use super::outcome::{Multipliers, Point};
use super::program::{Program, Sense};

/// The six DIMACS error measures of a point and its multipliers.
///
/// Equality rows and free variables enter 1 and 3, everything else 2 and 4. `b` are all constants
/// of constraints, `c` all coefficients of the objective.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Dimacs {
    /// Norm of the equality violations over `1 + max |b|`.
    pub primal_equality: f64,
    /// Largest violation of a cone or inequality over `1 + max |b|`.
    pub primal_cone: f64,
    /// Norm of the gradient by free variables over `1 + max |c|`.
    pub dual_equality: f64,
    /// Largest violation of a dual cone or sign over `1 + max |c|`.
    pub dual_cone: f64,
    /// `(p - d) / (1 + |p| + |d|)` of the minimisation, signed.
    pub gap: f64,
    /// Sum of all complementarity products over `1 + |p| + |d|`, signed.
    pub complementarity: f64,
}

impl Dimacs {
    /// The six numbers in the usual order.
    pub fn errors(&self) -> [f64; 6] {
        [
            self.primal_equality,
            self.primal_cone,
            self.dual_equality,
            self.dual_cone,
            self.gap,
            self.complementarity,
        ]
    }

    /// Largest modulus; infinite if one is not a number.
    pub fn worst(&self) -> f64 {
        self.errors().iter().fold(0.0_f64, |top, e| {
            if e.is_nan() {
                f64::INFINITY
            } else {
                top.max(e.abs())
            }
        })
    }
}

/// Objectives (of the minimisation), errors and bound of a point.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Report {
    pub(crate) primal: f64,
    pub(crate) dual: f64,
    pub(crate) dimacs: Dimacs,
    pub(crate) bound: Option<f64>,
}

impl Point {
    /// Value of an affine expression.
    pub fn value(&self, expression: &Affine) -> f64 {
        Evaluator::new(self).value(expression)
    }

    /// Value of a matrix expression.
    pub fn matrix_value(&self, expression: &HermitianAffine) -> Mat<c64> {
        Evaluator::new(self).matrix(expression, true)
    }
}

/// Smallest eigenvalue of a Hermitian matrix; real arithmetic when it is real. NaN on failure.
fn min_eigenvalue(a: MatRef<'_, c64>) -> f64 {
    let n = a.nrows();
    let real = (0..n).all(|j| (0..n).all(|i| a[(i, j)].im == 0.0));
    let values = if real {
        let re = Mat::from_fn(n, n, |i, j| a[(i, j)].re);
        isac_linalg::real::eigvalsh(re.as_ref())
    } else {
        factor::eigvalsh(a)
    };
    values.map_or(f64::NAN, |v| v.first().copied().unwrap_or(0.0))
}

/// A shift of the diagonal that no error measure shows.
const NEGLIGIBLE: f64 = 1e-11;
/// Orders up to which eigenvalues are computed at once.
const SMALL: usize = 8;
/// Ranks at most for which a matrix is compared with a product of low rank.
const LOW_RANK: usize = 16;

/// How far below zero the eigenvalues of a Hermitian matrix reach; 0 for a semidefinite one,
/// infinite on failure.
///
/// Three cheaper proofs come before the eigenvalues of a large matrix: a Cholesky factor shows an
/// interior point, one after a shift in the last digits a point on the boundary, and a matrix that
/// differs from `L L^H` of low rank by next to nothing reaches no further below zero than that.
/// Where entries are so large that such a shift would count, the eigenvalues decide.
fn depth(a: MatRef<'_, c64>) -> f64 {
    let n = a.nrows();
    if n > SMALL {
        if n > 2 * LOW_RANK
            && let Some(rest) = beyond_low_rank(a)
        {
            return rest;
        }
        if factor::cholesky("certificate", a).is_ok() {
            return 0.0;
        }
        let shift = 4.0 * n as f64 * f64::EPSILON * ops::norm(a);
        if shift <= NEGLIGIBLE {
            let mut shifted = a.to_owned();
            for i in 0..n {
                shifted[(i, i)] += shift;
            }
            if factor::cholesky("certificate", shifted.as_ref()).is_ok() {
                return shift;
            }
        }
    }
    below(min_eigenvalue(a))
}

/// Norm of `A - L L^H`, `L` a Cholesky factor of low rank with pivots; `None` where it is not
/// negligible.
fn beyond_low_rank(a: MatRef<'_, c64>) -> Option<f64> {
    let n = a.nrows();
    let mut rest: Vec<f64> = (0..n).map(|i| a[(i, i)].re).collect();
    let mut columns: Vec<Vec<c64>> = Vec::new();
    let enough = NEGLIGIBLE / n as f64;
    loop {
        let (pivot, top) = (rest.iter().copied().enumerate()).fold((0, 0.0), |best, (i, v)| {
            if v > best.1 { (i, v) } else { best }
        });
        if top <= enough {
            break;
        }
        if columns.len() == LOW_RANK {
            return None;
        }
        let mut column: Vec<c64> = (0..n).map(|i| a[(i, pivot)]).collect();
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
        columns.push(column);
    }
    let l = Mat::from_fn(n, columns.len(), |i, k| columns[k][i]);
    let l = l.as_ref();
    let mut square = 0.0;
    for first in (0..n).step_by(LOW_RANK) {
        // From the diagonal down; the rest is the same again.
        let (width, rest) = (LOW_RANK.min(n - first), n - first);
        let mut part = ops::mul_adjoint(l.subrows(first, rest), l.subrows(first, width));
        ops::axpy(part.as_mut(), -1.0, a.submatrix(first, first, rest, width));
        let own = ops::norm2(part.as_ref().subrows(0, width));
        square += own + 2.0 * (ops::norm2(part.as_ref()) - own);
    }
    let norm = square.sqrt();
    (norm <= NEGLIGIBLE).then_some(norm)
}

/// `max(0, -x)`, infinite for NaN.
fn below(x: f64) -> f64 {
    if x.is_nan() {
        f64::INFINITY
    } else {
        (-x).max(0.0)
    }
}

/// `Re tr(B V^H X V)` for the entries of `B`, given `V^H X V`.
fn inner_core(core: &[(usize, usize, c64)], pooled: MatRef<'_, c64>) -> f64 {
    core.iter()
        .map(|&(p, q, b)| {
            let product = (b * pooled[(q, p)]).re;
            if p == q { product } else { 2.0 * product }
        })
        .sum()
}

/// `V^H X V`.
fn pooled(v: &Mat<c64>, x: MatRef<'_, c64>) -> Mat<c64> {
    let xv = ops::mul(x, v.as_ref());
    ops::adjoint_mul(v.as_ref(), xv.as_ref())
}

fn inner(coefficient: &Coefficient, x: MatRef<'_, c64>) -> f64 {
    let value = match &coefficient.data {
        Data::Identity => (0..x.nrows()).map(|i| x[(i, i)].re).sum(),
        Data::Dense(a) => ops::inner(a.as_ref().as_ref(), x),
        Data::Sparse(entries) => entries
            .iter()
            .map(|&(i, j, a)| {
                let product = (a.conj() * x[(i, j)]).re;
                if i == j { product } else { 2.0 * product }
            })
            .sum(),
        Data::Factor { vectors, core } => inner_core(core, pooled(vectors, x).as_ref()),
    };
    coefficient.weight * value
}

/// A point with the products `V^H X V` met so far: rows mostly share their vectors.
struct Evaluator<'a> {
    point: &'a Point,
    /// Per variable.
    pools: RefCell<Vec<Vec<(Arc<Mat<c64>>, Mat<c64>)>>>,
}

impl<'a> Evaluator<'a> {
    fn new(point: &'a Point) -> Self {
        Self {
            point,
            pools: RefCell::new(vec![Vec::new(); point.matrices.len()]),
        }
    }

    fn inner(&self, id: usize, coefficient: &Coefficient) -> f64 {
        let x = self.point.matrices[id].as_ref();
        match &coefficient.data {
            Data::Factor { vectors, core } => {
                let pools = &mut self.pools.borrow_mut()[id];
                let at = find_pool(pools, vectors).unwrap_or_else(|| {
                    pools.push((Arc::clone(vectors), pooled(vectors, x)));
                    pools.len() - 1
                });
                coefficient.weight * inner_core(core, pools[at].1.as_ref())
            }
            _ => inner(coefficient, x),
        }
    }

    /// Without the constant.
    fn linear(&self, expression: &Affine) -> f64 {
        let scalars = expression.scalars.iter();
        let scalars: f64 = scalars.map(|&(id, c)| c * self.point.scalars[id]).sum();
        let matrices = expression.matrices.iter();
        scalars + matrices.map(|(id, c)| self.inner(*id, c)).sum::<f64>()
    }

    fn value(&self, expression: &Affine) -> f64 {
        expression.constant + self.linear(expression)
    }

    fn matrix(&self, expression: &HermitianAffine, constants: bool) -> Mat<c64> {
        let n = expression.n;
        let mut out = match (&expression.constant, constants) {
            (Some(c), true) => c.clone(),
            _ => Mat::zeros(n, n),
        };
        for (factor, coefficient) in &expression.terms {
            let constant = if constants { factor.constant } else { 0.0 };
            accumulate(&mut out, constant + self.linear(factor), coefficient);
        }
        for (id, weight, t) in &expression.congruences {
            let xt = ops::mul(self.point.matrices[*id].as_ref(), t.as_ref());
            let product = ops::adjoint_mul(t.as_ref(), xt.as_ref());
            ops::axpy(out.as_mut(), *weight, product.as_ref());
        }
        isac_linalg::hermitian::hermitian_part(out.as_ref())
    }
}

/// Place of the entry with these vectors.
fn find_pool(pools: &[(Arc<Mat<c64>>, Mat<c64>)], vectors: &Arc<Mat<c64>>) -> Option<usize> {
    // Matrices of different shape must not be compared entry by entry.
    let same = |v: &Mat<c64>| v.shape() == vectors.shape() && v == vectors.as_ref();
    (pools.iter()).position(|(v, _)| Arc::ptr_eq(v, vectors) || same(v))
}

/// `target += factor B`, both triangles.
fn add_core(target: &mut Mat<c64>, factor: f64, core: &[(usize, usize, c64)]) {
    for &(p, q, value) in core {
        target[(p, q)] += value * factor;
        if p != q {
            target[(q, p)] += value.conj() * factor;
        }
    }
}

fn accumulate(target: &mut Mat<c64>, factor: f64, coefficient: &Coefficient) {
    let factor = factor * coefficient.weight;
    if factor == 0.0 {
        return;
    }
    match &coefficient.data {
        Data::Identity => {
            for i in 0..target.nrows() {
                target[(i, i)] += factor;
            }
        }
        Data::Dense(a) => ops::axpy(target.as_mut(), factor, a.as_ref().as_ref()),
        Data::Sparse(entries) => {
            for &(i, j, a) in entries.iter() {
                target[(i, j)] += a * factor;
                if i != j {
                    target[(j, i)] += a.conj() * factor;
                }
            }
        }
        Data::Factor { vectors, core } => {
            let v: MatRef<'_, c64> = vectors.as_ref().as_ref();
            let mut b = Mat::<c64>::zeros(v.ncols(), v.ncols());
            add_core(&mut b, factor, core);
            let vb = ops::mul(v, b.as_ref());
            let product = ops::mul_adjoint(vb.as_ref(), v);
            ops::axpy(target.as_mut(), 1.0, product.as_ref());
        }
    }
}

/// `|parts| - bound`.
fn cone_excess(values: &[f64]) -> f64 {
    values[1..].iter().map(|v| v * v).sum::<f64>().sqrt() - values[0]
}

/// A Hermitian matrix as `shift I + sum V B V^H + rest`.
#[derive(Clone)]
struct Sum {
    n: usize,
    shift: f64,
    /// `V` and `B`.
    pools: Vec<(Arc<Mat<c64>>, Mat<c64>)>,
    rest: Option<Mat<c64>>,
}

impl Sum {
    fn zero(n: usize) -> Self {
        Self {
            n,
            shift: 0.0,
            pools: Vec::new(),
            rest: None,
        }
    }

    fn rest(&mut self) -> &mut Mat<c64> {
        self.rest.get_or_insert_with(|| Mat::zeros(self.n, self.n))
    }

    fn add(&mut self, factor: f64, coefficient: &Coefficient) {
        let own = factor * coefficient.weight;
        match &coefficient.data {
            _ if own == 0.0 => {}
            Data::Identity => self.shift += own,
            Data::Factor { vectors, core } => {
                let at = find_pool(&self.pools, vectors).unwrap_or_else(|| {
                    let p = vectors.ncols();
                    self.pools.push((Arc::clone(vectors), Mat::zeros(p, p)));
                    self.pools.len() - 1
                });
                add_core(&mut self.pools[at].1, own, core);
            }
            Data::Dense(_) | Data::Sparse(_) => accumulate(self.rest(), factor, coefficient),
        }
    }

    /// All of it in one matrix.
    fn dense(&self) -> Mat<c64> {
        let mut out = match &self.rest {
            Some(rest) => rest.clone(),
            None => Mat::zeros(self.n, self.n),
        };
        for (v, b) in &self.pools {
            let vb = ops::mul(v.as_ref().as_ref(), b.as_ref());
            let product = ops::mul_adjoint(vb.as_ref(), v.as_ref().as_ref());
            ops::axpy(out.as_mut(), 1.0, product.as_ref());
        }
        for i in 0..self.n {
            out[(i, i)] += self.shift;
        }
        out
    }

    /// [`depth`] of the matrix, or of its real part.
    fn depth(&self, real: bool) -> f64 {
        if real {
            let dense = self.dense();
            let re = Mat::from_fn(self.n, self.n, |i, j| c64::new(dense[(i, j)].re, 0.0));
            return depth(re.as_ref());
        }
        match self.least_of_low_rank() {
            Some(least) => below(least),
            None => depth(self.dense().as_ref()),
        }
    }

    /// The least eigenvalue when one pool is all there is besides the shift: with `V^H V = L L^H` it
    /// belongs to `L^H B L`, or is the shift itself.
    fn least_of_low_rank(&self) -> Option<f64> {
        let ([(v, b)], None) = (&self.pools[..], &self.rest) else {
            return None;
        };
        if 2 * v.ncols() >= self.n || v.ncols() == 0 {
            return None;
        }
        let v = v.as_ref().as_ref();
        let gram = ops::adjoint_mul(v, v);
        let l = factor::cholesky("certificate", gram.as_ref()).ok()?;
        let core = pooled(&l.lower().to_owned(), b.as_ref());
        let hermitian = isac_linalg::hermitian::hermitian_part(core.as_ref());
        let least = factor::eigvalsh(hermitian.as_ref()).ok()?;
        Some(self.shift + least.first()?.min(0.0))
    }

    /// `Re tr(self X)`.
    fn inner(&self, id: usize, point: &Evaluator<'_>) -> f64 {
        let x = point.point.matrices[id].as_ref();
        let mut sum = self.shift * (0..self.n).map(|i| x[(i, i)].re).sum::<f64>();
        if let Some(rest) = &self.rest {
            sum += ops::inner(rest.as_ref(), x);
        }
        let pools = &mut point.pools.borrow_mut()[id];
        for (v, b) in &self.pools {
            let at = find_pool(pools, v).unwrap_or_else(|| {
                pools.push((Arc::clone(v), pooled(v, x)));
                pools.len() - 1
            });
            sum += ops::inner(b.as_ref(), pools[at].1.as_ref());
        }
        sum
    }

    fn largest(&self) -> f64 {
        if self.pools.is_empty() && self.rest.is_none() {
            self.shift.abs()
        } else {
            ops::norm_max(self.dense().as_ref())
        }
    }
}

/// Gradient of the Lagrangian by every variable, and its constant.
#[derive(Clone)]
struct Gradient {
    scalars: Vec<f64>,
    matrices: Vec<Sum>,
    constant: f64,
}

impl Gradient {
    fn zeros(program: &Program) -> Self {
        Self {
            scalars: vec![0.0; program.scalars.len()],
            matrices: program.matrices.iter().map(|m| Sum::zero(m.n)).collect(),
            constant: 0.0,
        }
    }

    fn add(&mut self, factor: f64, expression: &Affine) {
        if factor == 0.0 {
            return;
        }
        self.constant += factor * expression.constant;
        for &(id, c) in &expression.scalars {
            self.scalars[id] += factor * c;
        }
        for (id, c) in &expression.matrices {
            self.matrices[*id].add(factor, c);
        }
    }

    fn add_matrix(&mut self, factor: f64, u: MatRef<'_, c64>, expression: &HermitianAffine) {
        if let Some(constant) = &expression.constant {
            self.constant += factor * ops::inner(u, constant.as_ref());
        }
        for (affine, coefficient) in &expression.terms {
            self.add(factor * inner(coefficient, u), affine);
        }
        for (id, weight, t) in &expression.congruences {
            let tu = ops::mul(t.as_ref(), u);
            let product = ops::mul_adjoint(tu.as_ref(), t.as_ref());
            let rest = self.matrices[*id].rest();
            ops::axpy(rest.as_mut(), factor * weight, product.as_ref());
        }
    }

    /// The Lagrangian's gradient; without the objective when `homogeneous`.
    fn of(program: &Program, multipliers: &Multipliers, homogeneous: bool) -> Self {
        let mut out = Self::zeros(program);
        if !homogeneous {
            out.add(sign(program), &program.objective);
        }
        for (row, &y) in program.rows.iter().zip(&multipliers.rows) {
            out.add(-y, &row.expression);
            out.constant += y * row.rhs;
        }
        for (lmi, u) in program.lmis.iter().zip(&multipliers.lmis) {
            out.add_matrix(-1.0, u.as_ref(), &lmi.expression);
        }
        for (cone, u) in program.cones.iter().zip(&multipliers.cones) {
            for (entry, &value) in cone.entries.iter().zip(u) {
                out.add(-value, entry);
            }
        }
        out
    }

    /// Norm over free variables, largest violation over cone variables.
    fn violations(&self, program: &Program) -> (f64, f64) {
        let (mut free, mut cone) = (0.0, 0.0_f64);
        for (&g, &nonneg) in self.scalars.iter().zip(&program.scalars) {
            if nonneg {
                cone = cone.max(below(g));
            } else {
                free += g * g;
            }
        }
        for (g, data) in self.matrices.iter().zip(&program.matrices) {
            if data.psd {
                cone = cone.max(g.depth(data.real));
            } else {
                let dense = g.dense();
                free += if data.real {
                    let entries = (0..g.n * g.n).map(|k| dense[(k % g.n, k / g.n)].re);
                    entries.map(|x| x * x).sum()
                } else {
                    ops::norm2(dense.as_ref())
                };
            }
        }
        (free.sqrt(), cone)
    }
}

fn sign(program: &Program) -> f64 {
    if program.maximise { -1.0 } else { 1.0 }
}

/// Largest violation of the signs and cones of the multipliers.
fn multiplier_violation(program: &Program, multipliers: &Multipliers) -> f64 {
    let mut worst = 0.0_f64;
    for (row, &y) in program.rows.iter().zip(&multipliers.rows) {
        worst = worst.max(match row.sense {
            Sense::Equal => below(if y.is_nan() { y } else { 0.0 }),
            Sense::AtLeast => below(y),
            Sense::AtMost => below(-y),
        });
    }
    for u in &multipliers.lmis {
        worst = worst.max(depth(u.as_ref()));
    }
    for u in &multipliers.cones {
        worst = worst.max(below(-cone_excess(u)));
    }
    worst
}

/// Largest modulus of all constants of constraints.
fn constants(program: &Program) -> f64 {
    let rows = program.rows.iter().map(|row| row.rhs.abs());
    let cones = program.cones.iter().flat_map(|cone| &cone.entries);
    let mut top = rows
        .chain(cones.map(|entry| entry.constant.abs()))
        .fold(0.0, f64::max);
    for lmi in &program.lmis {
        let mut total = match &lmi.expression.constant {
            Some(constant) => constant.clone(),
            None => Mat::zeros(lmi.expression.n, lmi.expression.n),
        };
        for (affine, coefficient) in &lmi.expression.terms {
            accumulate(&mut total, affine.constant, coefficient);
        }
        top = top.max(ops::norm_max(total.as_ref()));
    }
    top
}

/// Objectives and errors of a point with its multipliers.
pub(crate) fn report(program: &Program, point: &Point, multipliers: &Multipliers) -> Report {
    let gradient = Gradient::of(program, multipliers, false);
    let objective = {
        let mut out = Gradient::zeros(program);
        out.add(sign(program), &program.objective);
        out
    };
    let values = Evaluator::new(point);
    let primal_scale = 1.0 + constants(program);
    let dual_scale = 1.0
        + objective
            .scalars
            .iter()
            .map(|c| c.abs())
            .chain(objective.matrices.iter().map(Sum::largest))
            .fold(0.0, f64::max);

    let (mut equality, mut cone, mut products) = (0.0, 0.0_f64, 0.0);
    for (row, &y) in program.rows.iter().zip(&multipliers.rows) {
        let slack = values.linear(&row.expression) - row.rhs;
        match row.sense {
            Sense::Equal => equality += slack * slack,
            Sense::AtLeast => cone = cone.max(below(slack)),
            Sense::AtMost => cone = cone.max(below(-slack)),
        }
        if row.sense != Sense::Equal {
            products += y * slack;
        }
    }
    for (lmi, u) in program.lmis.iter().zip(&multipliers.lmis) {
        let value = values.matrix(&lmi.expression, true);
        cone = cone.max(depth(value.as_ref()));
        products += ops::inner(u.as_ref(), value.as_ref());
    }
    for (data, u) in program.cones.iter().zip(&multipliers.cones) {
        let entries: Vec<f64> = data.entries.iter().map(|e| values.value(e)).collect();
        cone = cone.max(below(-cone_excess(&entries)));
        products += entries.iter().zip(u).map(|(a, b)| a * b).sum::<f64>();
    }
    for (id, &nonneg) in program.scalars.iter().enumerate() {
        if nonneg {
            cone = cone.max(below(point.scalars[id]));
            products += point.scalars[id] * gradient.scalars[id];
        }
    }
    for (id, data) in program.matrices.iter().enumerate() {
        if data.psd {
            cone = cone.max(depth(point.matrices[id].as_ref()));
            products += gradient.matrices[id].inner(id, &values);
        }
    }

    let (free, dual_cone) = gradient.violations(program);
    let primal = sign(program) * values.value(&program.objective);
    let dual = gradient.constant;
    let gap_scale = 1.0 + primal.abs() + dual.abs();
    let dimacs = Dimacs {
        primal_equality: equality.sqrt() / primal_scale,
        primal_cone: cone / primal_scale,
        dual_equality: free / dual_scale,
        dual_cone: dual_cone.max(multiplier_violation(program, multipliers)) / dual_scale,
        gap: (primal - dual) / gap_scale,
        complementarity: products / gap_scale,
    };
    Report {
        primal,
        dual,
        dimacs,
        bound: lower_bound(program, point, multipliers, primal, gradient),
    }
}

/// A lower bound of the minimisation that holds whatever the errors are (up to rounding in this
/// function): multipliers are clipped into their cones, and what the gradient lacks to lie in its
/// cone is paid for with bounds on the variables that rows, norm constraints and the objective
/// imply. `None` when a variable that has to be paid for has no such bound.
fn lower_bound(
    program: &Program,
    point: &Point,
    multipliers: &Multipliers,
    primal: f64,
    gradient: Gradient,
) -> Option<f64> {
    let mut clipped = multipliers.clone();
    for (row, y) in program.rows.iter().zip(&mut clipped.rows) {
        *y = match row.sense {
            Sense::Equal => *y,
            Sense::AtLeast => y.max(0.0),
            Sense::AtMost => y.min(0.0),
        };
    }
    for u in &mut clipped.lmis {
        let missing = depth(u.as_ref());
        for i in 0..u.nrows() {
            u[(i, i)] += missing;
        }
    }
    for u in &mut clipped.cones {
        u[0] += below(-cone_excess(u));
    }
    let gradient = if clipped == *multipliers {
        gradient
    } else {
        Gradient::of(program, &clipped, false)
    };
    // Whatever is better than the point satisfies this too; the bound never claims more.
    let ceiling = primal + 1e-6 * (1.0 + primal.abs());
    let limits = Limits::of(program, point, ceiling);
    let mut bound = gradient.constant;
    for (id, &nonneg) in program.scalars.iter().enumerate() {
        let g = gradient.scalars[id];
        let missing = if nonneg { below(g) } else { g.abs() };
        if missing > 0.0 {
            bound -= missing * limits.scalars[id]?;
        }
    }
    for (id, data) in program.matrices.iter().enumerate() {
        let g = &gradient.matrices[id];
        if data.psd {
            let missing = g.depth(data.real);
            if missing > 0.0 {
                bound -= missing * limits.traces[id]?;
            }
        } else if g.largest() > 0.0 {
            return None;
        }
    }
    bound.is_finite().then_some(bound.min(ceiling))
}

/// Bounds on traces and on moduli of scalars.
struct Limits {
    traces: Vec<Option<f64>>,
    scalars: Vec<Option<f64>>,
}

impl Limits {
    fn of(program: &Program, point: &Point, ceiling: f64) -> Self {
        let mut out = Self {
            traces: vec![None; point.matrices.len()],
            scalars: vec![None; point.scalars.len()],
        };
        let own = sign(program);
        let room = ceiling - own * program.objective.constant;
        out.budget(program, &program.objective, own, room);
        for row in &program.rows {
            if row.sense != Sense::AtLeast {
                out.budget(program, &row.expression, 1.0, row.rhs);
            }
            if row.sense != Sense::AtMost {
                out.budget(program, &row.expression, -1.0, -row.rhs);
            }
        }
        for cone in program.cones.iter().filter(|c| c.entries[0].is_constant()) {
            for part in &cone.entries[1..] {
                if let ([(id, c)], [], true) =
                    (&part.scalars[..], &part.matrices[..], part.constant == 0.0)
                    && *c != 0.0
                {
                    let limit = cone.entries[0].constant / c.abs();
                    tighten(&mut out.scalars[*id], limit);
                }
            }
        }
        out
    }

    /// Uses `factor * expression <= room` when every term is nonnegative on its cone.
    fn budget(&mut self, program: &Program, expression: &Affine, factor: f64, room: f64) {
        let scalars = expression.scalars.iter();
        let fine = scalars
            .clone()
            .all(|&(id, c)| program.scalars[id] && factor * c >= 0.0)
            && expression.matrices.iter().all(|(id, coefficient)| {
                program.matrices[*id].psd && visibly_psd(coefficient, factor)
            });
        if !fine || room < 0.0 {
            return;
        }
        for &(id, c) in scalars.filter(|(_, c)| *c != 0.0) {
            tighten(&mut self.scalars[id], room / (factor * c));
        }
        for (id, coefficient) in &expression.matrices {
            let weight = factor * coefficient.weight;
            if matches!(coefficient.data, Data::Identity) && weight > 0.0 {
                tighten(&mut self.traces[*id], room / weight);
            }
        }
    }
}

fn tighten(limit: &mut Option<f64>, value: f64) {
    *limit = Some(limit.map_or(value, |old| old.min(value)));
}

/// Whether a coefficient is positive semidefinite by its form alone.
fn visibly_psd(coefficient: &Coefficient, factor: f64) -> bool {
    let weight = factor * coefficient.weight;
    match &coefficient.data {
        Data::Identity => weight >= 0.0,
        Data::Factor { core: entries, .. } | Data::Sparse(entries) => {
            entries.iter().all(|e| e.0 == e.1 && weight * e.2.re >= 0.0)
        }
        Data::Dense(_) => false,
    }
}

/// Scales multipliers to value 1 and returns the error of the proof of infeasibility; `None` when
/// their value is not positive.
pub(crate) fn infeasibility(program: &Program, multipliers: &mut Multipliers) -> Option<f64> {
    let value = Gradient::of(program, multipliers, true).constant;
    if !(value.is_finite() && value > 0.0) {
        return None;
    }
    multipliers.scale(1.0 / value);
    let gradient = Gradient::of(program, multipliers, true);
    let (free, cone) = gradient.violations(program);
    Some(
        free.max(cone)
            .max(multiplier_violation(program, multipliers)),
    )
}

/// Scales a direction to an improvement of 1 and returns its largest violation; `None` when it does
/// not improve the objective.
pub(crate) fn unboundedness(program: &Program, direction: &mut Point) -> Option<f64> {
    let improvement = -sign(program) * Evaluator::new(direction).linear(&program.objective);
    if !(improvement.is_finite() && improvement > 0.0) {
        return None;
    }
    direction.scale(1.0 / improvement);
    let values = Evaluator::new(direction);
    let mut worst = 0.0_f64;
    for row in &program.rows {
        let value = values.linear(&row.expression);
        worst = worst.max(match row.sense {
            Sense::Equal => value.abs(),
            Sense::AtLeast => below(value),
            Sense::AtMost => below(-value),
        });
    }
    for lmi in &program.lmis {
        let value = values.matrix(&lmi.expression, false);
        worst = worst.max(depth(value.as_ref()));
    }
    for cone in &program.cones {
        let entries: Vec<f64> = cone.entries.iter().map(|e| values.linear(e)).collect();
        worst = worst.max(below(-cone_excess(&entries)));
    }
    for (id, &nonneg) in program.scalars.iter().enumerate() {
        if nonneg {
            worst = worst.max(below(direction.scalars[id]));
        }
    }
    for (id, data) in program.matrices.iter().enumerate() {
        if data.psd {
            worst = worst.max(depth(direction.matrices[id].as_ref()));
        }
    }
    Some(worst)
}

impl Multipliers {
    fn scale(&mut self, factor: f64) {
        self.rows.iter_mut().for_each(|y| *y *= factor);
        for u in &mut self.lmis {
            ops::scale(u.as_mut(), factor);
        }
        self.cones.iter_mut().flatten().for_each(|u| *u *= factor);
    }
}

impl Point {
    fn scale(&mut self, factor: f64) {
        self.scalars.iter_mut().for_each(|x| *x *= factor);
        for x in &mut self.matrices {
            ops::scale(x.as_mut(), factor);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(rows: usize, columns: usize, seed: u32) -> Mat<c64> {
        let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(5);
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f64::from(state >> 8) / f64::from(1 << 24) - 0.5
        };
        Mat::from_fn(rows, columns, |_, _| c64::new(next(), next()))
    }

    fn outer(v: &Mat<c64>, weights: &[f64]) -> Mat<c64> {
        let scaled = Mat::from_fn(v.nrows(), v.ncols(), |i, k| v[(i, k)] * weights[k]);
        let out = ops::mul_adjoint(scaled.as_ref(), v.as_ref());
        isac_linalg::hermitian::hermitian_part(out.as_ref())
    }

    /// Every shortcut against the eigenvalues, on matrices inside, on and outside the cone.
    #[test]
    fn depths_are_those_of_the_eigenvalues() {
        for n in [3, 9, 20, 40, 70] {
            for rank in [1, 3, 16, n] {
                let v = sample(n, rank.min(n), n as u32);
                for last in [1.0, 0.0, -1e-3] {
                    let mut weights = vec![1.0; v.ncols()];
                    weights[0] = last;
                    let a = outer(&v, &weights);
                    let expected = below(min_eigenvalue(a.as_ref()));
                    let got = depth(a.as_ref());
                    let error = (got - expected).abs();
                    assert!(error <= 1e-11, "{n} {rank} {last}: {got:e} {expected:e}");
                }
            }
        }
    }

    #[test]
    fn a_large_matrix_on_the_boundary_is_not_charged_with_a_shift() {
        // A shift that makes the factorisation succeed is 3.5e-7 here; the eigenvalues know better.
        let v = sample(40, 1, 3);
        let a = outer(&v, &[1e7 / ops::norm2(v.as_ref())]);
        assert!(depth(a.as_ref()) < 3e-8, "{:e}", depth(a.as_ref()));
    }

    #[test]
    fn sums_of_low_rank_are_judged_as_their_dense_form() {
        let n = 30;
        let v = Arc::new(sample(n, 4, 8));
        for (shift, factor) in [(0.3, -1.0), (0.3, 1.0), (-0.2, 0.5), (30.0, -1.0)] {
            let mut sum = Sum::zero(n);
            sum.shift = shift;
            let b = outer(&sample(4, 4, 9), &[factor; 4]);
            sum.pools.push((Arc::clone(&v), b));
            let least = sum.least_of_low_rank().unwrap();
            let dense = min_eigenvalue(sum.dense().as_ref());
            assert!((least - dense).abs() < 1e-12 * (1.0 + shift.abs()));
        }
        // Dependent vectors have no Cholesky factor: the dense form decides.
        let mut twice = Sum::zero(n);
        twice.shift = 1.0;
        let w = Mat::from_fn(n, 2, |i, _| v[(i, 0)]);
        twice
            .pools
            .push((Arc::new(w), outer(&sample(2, 2, 1), &[-3.0, 0.0])));
        let dense = min_eigenvalue(twice.dense().as_ref());
        assert!((twice.depth(false) - below(dense)).abs() < 1e-12);
    }
}
