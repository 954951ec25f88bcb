//! Exact compression of semidefinite variables to the span of their data.
//!
//! If `X` occurs only through `tr X` and through `V B V^H`, `T^H X T` with `V`, `T` in the span of
//! an orthonormal `U` (`n x r`), then `X` may be replaced by `Y = U^H X U` and by the trace `t >= 0`
//! that lies outside: conversely `U Y U^H + t/(n - r) (I - U U^H)` gives every `(Y, t)`. Where more
//! trace can never help (it costs, or stands on the small side of inequalities) `t = 0`.

use std::sync::Arc;

use isac_linalg::{Mat, c64, factor, ops};

use super::expr::{Affine, Coefficient, Data, HermitianAffine};
use super::gather;
use super::outcome::{Point, Reduction};
use super::program::{Program, Sense};
use super::value::Compact;
use crate::Error;

/// Relative cut of the rank decision.
const CUT: f64 = 1e-12;

/// How one variable was replaced.
struct Plan {
    id: usize,
    u: Arc<Mat<c64>>,
    /// Scalar that carries the trace outside the span.
    surplus: Option<usize>,
}

/// A smaller program and the way back.
pub(super) struct Reduced {
    pub(super) program: Program,
    plans: Vec<Plan>,
    scalars: usize,
}

/// The reduced program, or `None` when nothing can be reduced.
pub(super) fn reduce(program: &Program) -> Result<Option<Reduced>, Error> {
    let mut plans = Vec::new();
    for (id, data) in program.matrices.iter().enumerate() {
        if data.psd
            && data.n > 1
            && let Some(u) = span(program, id)?
        {
            plans.push(Plan {
                id,
                u: Arc::new(u),
                surplus: None,
            });
        }
    }
    if plans.is_empty() {
        return Ok(None);
    }
    let mut out = program.clone();
    for plan in &mut plans {
        out.matrices[plan.id].n = plan.u.ncols();
        if surplus_helps(program, plan.id) {
            plan.surplus = Some(out.scalars.len());
            out.scalars.push(true);
        }
    }
    let mut by_id: Vec<Option<&Plan>> = vec![None; program.matrices.len()];
    for plan in &plans {
        by_id[plan.id] = Some(plan);
    }
    let mut pools = Pools::new();
    visit(&mut out, &mut |affine| {
        transform(affine, &by_id, &mut pools)
    });
    for lmi in &mut out.lmis {
        for (id, _, t) in &mut lmi.expression.congruences {
            if let Some(plan) = by_id[*id] {
                *t = ops::adjoint_mul(plan.u.as_ref().as_ref(), t.as_ref());
            }
        }
    }
    Ok(Some(Reduced {
        program: out,
        plans,
        scalars: program.scalars.len(),
    }))
}

impl Reduced {
    pub(super) fn reports(&self, original: &Program) -> Vec<Reduction> {
        let report = |plan: &Plan| Reduction {
            variable: original.matrices[plan.id].name.clone(),
            from: plan.u.nrows(),
            to: plan.u.ncols(),
            surplus: plan.surplus.is_some(),
        };
        self.plans.iter().map(report).collect()
    }

    /// A point (or direction) of the reduced program as one of the original.
    pub(super) fn expand(&self, mut point: Point) -> Point {
        for plan in &self.plans {
            let (n, r) = (plan.u.nrows(), plan.u.ncols());
            let mut core = point.matrices[plan.id].dense().clone();
            let mut outside = 0.0;
            if let Some(surplus) = plan.surplus {
                outside = point.scalars[surplus] / (n - r) as f64;
                for i in 0..r {
                    core[(i, i)] -= outside;
                }
            }
            let u = Arc::clone(&plan.u);
            point.matrices[plan.id] = Compact { u, core, outside }.into();
        }
        point.scalars.truncate(self.scalars);
        point
    }
}

/// Every real expression of a program.
fn visit(program: &mut Program, change: &mut dyn FnMut(&mut Affine)) {
    change(&mut program.objective);
    for row in &mut program.rows {
        change(&mut row.expression);
    }
    for entry in program.cones.iter_mut().flat_map(|cone| &mut cone.entries) {
        change(entry);
    }
    for (affine, _) in program
        .lmis
        .iter_mut()
        .flat_map(|lmi| &mut lmi.expression.terms)
    {
        change(affine);
    }
}

/// Vectors `V` of a variable with `U^H V`: rows mostly share them.
type Pools = Vec<(usize, Arc<Mat<c64>>, Arc<Mat<c64>>)>;

fn compressed(pools: &mut Pools, plan: &Plan, vectors: &Arc<Mat<c64>>) -> Arc<Mat<c64>> {
    // Matrices of different shape must not be compared entry by entry.
    let same = |v: &Arc<Mat<c64>>| {
        Arc::ptr_eq(v, vectors) || (v.shape() == vectors.shape() && v == vectors)
    };
    let known = pools.iter().find(|(id, v, _)| *id == plan.id && same(v));
    if let Some((_, _, image)) = known {
        return Arc::clone(image);
    }
    let image = ops::adjoint_mul(plan.u.as_ref().as_ref(), vectors.as_ref().as_ref());
    let image = Arc::new(image);
    pools.push((plan.id, Arc::clone(vectors), Arc::clone(&image)));
    image
}

fn transform(affine: &mut Affine, plans: &[Option<&Plan>], pools: &mut Pools) {
    let mut extra = Vec::new();
    for (id, coefficient) in &mut affine.matrices {
        let Some(plan) = plans[*id] else { continue };
        let u = plan.u.as_ref().as_ref();
        coefficient.data = match &coefficient.data {
            Data::Identity => {
                if let Some(surplus) = plan.surplus {
                    extra.push((surplus, coefficient.weight));
                }
                Data::Identity
            }
            Data::Factor { vectors, core } => Data::Factor {
                vectors: compressed(pools, plan, vectors),
                core: Arc::clone(core),
            },
            Data::Dense(_) | Data::Sparse(_) => {
                let plain = Coefficient {
                    data: coefficient.data.clone(),
                    weight: 1.0,
                };
                let a = gather::dense(&plain, u.nrows());
                let inner = ops::mul(ops::adjoint_mul(u, a.as_ref()).as_ref(), u);
                Data::Dense(Arc::new(isac_linalg::hermitian::hermitian_part(
                    inner.as_ref(),
                )))
            }
        };
    }
    affine.scalars.extend(extra);
}

/// Orthonormal basis of the span of a variable's data, at least one column; `None` when it is
/// everything.
fn span(program: &Program, id: usize) -> Result<Option<Mat<c64>>, Error> {
    let data = &program.matrices[id];
    let n = data.n;
    let mut columns: Vec<Vec<c64>> = Vec::new();
    let mut units = vec![false; n];
    let mut take = |affine: &Affine| -> bool {
        for (_, coefficient) in affine.matrices.iter().filter(|(other, _)| *other == id) {
            if coefficient.weight == 0.0 {
                continue;
            }
            match &coefficient.data {
                Data::Identity => {}
                Data::Factor { vectors, core } => {
                    let mut used = vec![false; vectors.ncols()];
                    for &(p, q, b) in core.iter().filter(|e| e.2 != c64::ZERO) {
                        let _ = b;
                        (used[p], used[q]) = (true, true);
                    }
                    for p in (0..vectors.ncols()).filter(|&p| used[p]) {
                        columns.push(vectors.col_as_slice(p).to_vec());
                    }
                }
                Data::Dense(a) => {
                    for j in 0..n {
                        columns.push(a.col_as_slice(j).to_vec());
                    }
                }
                Data::Sparse(entries) => {
                    for &(i, j, _) in entries.iter() {
                        (units[i], units[j]) = (true, true);
                    }
                }
            }
            // Dense data of full size end the search early.
            if columns.len() > 8 * n {
                return false;
            }
        }
        true
    };
    let mut small = take(&program.objective);
    for row in &program.rows {
        small = small && take(&row.expression);
    }
    for entry in program.cones.iter().flat_map(|cone| &cone.entries) {
        small = small && take(entry);
    }
    for lmi in &program.lmis {
        for (affine, _) in &lmi.expression.terms {
            small = small && take(affine);
        }
    }
    if !small {
        return Ok(None);
    }
    for lmi in &program.lmis {
        for (_, weight, t) in lmi.expression.congruences.iter().filter(|c| c.0 == id) {
            if *weight != 0.0 {
                columns.extend((0..t.ncols()).map(|j| t.col_as_slice(j).to_vec()));
            }
        }
    }
    for (i, _) in units.iter().enumerate().filter(|(_, used)| **used) {
        let mut unit = vec![c64::ZERO; n];
        unit[i] = c64::ONE;
        columns.push(unit);
    }
    if data.real {
        // The span of a real variable is that of real and imaginary parts.
        let part = |z: f64| c64::new(z, 0.0);
        columns = columns
            .iter()
            .flat_map(|v| {
                [
                    v.iter().map(|z| part(z.re)).collect(),
                    v.iter().map(|z| part(z.im)).collect(),
                ]
            })
            .collect();
    }
    columns.retain(|v: &Vec<c64>| v.iter().any(|z| *z != c64::ZERO));
    // Their order is that of the bits, which must not depend on the unit of the data.
    columns.iter_mut().for_each(|column| in_own_unit(column));
    columns.sort_by(|a, b| {
        let bits = |v: &Vec<c64>, k: usize| (v[k].re.to_bits(), v[k].im.to_bits());
        let mut parts = (0..n).map(|k| bits(a, k).cmp(&bits(b, k)));
        parts
            .find(|order| order.is_ne())
            .unwrap_or(std::cmp::Ordering::Equal)
    });
    columns.dedup();
    if columns.is_empty() {
        return Ok(Some(Mat::from_fn(n, 1, |i, _| {
            if i == 0 { c64::ONE } else { c64::ZERO }
        })));
    }
    let matrix = Mat::from_fn(n, columns.len(), |i, j| columns[j][i]);
    let basis = factor::orthonormal_basis(matrix.as_ref(), CUT)?;
    Ok((basis.ncols() < n).then_some(basis))
}

/// Multiplies a column by the power of two that brings its largest part into `[1, 2)`.
fn in_own_unit(column: &mut [c64]) {
    let parts = column.iter().flat_map(|z| [z.re.abs(), z.im.abs()]);
    let top = parts.fold(0.0_f64, f64::max);
    let inverse = 1.0 / ops::binary_unit(top);
    column.iter_mut().for_each(|z| *z *= inverse);
}

/// Whether a larger trace outside the span can improve anything.
fn surplus_helps(program: &Program, id: usize) -> bool {
    let weight = |affine: &Affine| -> f64 {
        let own = affine.matrices.iter().filter(|(other, _)| *other == id);
        own.filter(|(_, c)| matches!(c.data, Data::Identity))
            .map(|(_, c)| c.weight)
            .sum()
    };
    let cost = weight(&program.objective);
    let objective = if program.maximise { -cost } else { cost };
    objective < 0.0
        || program.rows.iter().any(|row| {
            let w = weight(&row.expression);
            match row.sense {
                Sense::Equal => w != 0.0,
                Sense::AtLeast => w > 0.0,
                Sense::AtMost => w < 0.0,
            }
        })
        || program
            .cones
            .iter()
            .flat_map(|cone| &cone.entries)
            .any(|entry| weight(entry) != 0.0)
        || program
            .lmis
            .iter()
            .any(|lmi| lmi_weight(&lmi.expression, &weight))
}

fn lmi_weight(expression: &HermitianAffine, weight: &dyn Fn(&Affine) -> f64) -> bool {
    expression.terms.iter().any(|(a, _)| weight(a) != 0.0)
}
