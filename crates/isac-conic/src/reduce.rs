//! Exact compression of semidefinite variables to the span of their data, block by block.
//!
//! Let rows and columns of `X` fall into blocks `b` of `n_b`, such that `X` occurs only through sums of
//! block traces `d_b tr X_bb` (diagonal coefficients: the trace, budgets of groups of rows) and
//! through `V B V^H`, `T^H X T`. With orthonormal columns `U_b` (`n_b x r_b`) that span what `V` and `T`
//! have in block `b`, and `U = diag(U_b)`, `X` may be replaced by `Y = U^H X U` and by the traces
//! `t_b >= 0` that lie outside: conversely `U Y U^H + sum_b t_b/(n_b - r_b) (I_b - U_b U_b^H)` gives every
//! `(Y, t)`. Where more of a block's trace can never help (it costs, or stands on the small side of
//! inequalities) `t_b = 0`. The gradient of the Lagrangian by `X` is `d_b` times the identity outside the
//! span and has nothing between the span and the rest, so multipliers of rows need no way back.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use isac_linalg::{Mat, c64, ops};

use super::expr::{Affine, Coefficient, Data, HermitianAffine};
use super::gather;
use super::outcome::{Point, Reduction};
use super::program::{Program, Sense};
use super::value::Compact;
use crate::Error;
use span::{Span, diagonal, diagonals, span};

mod span;

/// How one variable was replaced.
struct Plan {
    id: usize,
    u: Arc<Mat<c64>>,
    blocks: Vec<Block>,
}

/// A block of a variable.
struct Block {
    /// Its rows.
    rows: Vec<usize>,
    /// Its columns of `U`.
    columns: Range<usize>,
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
            && let Some(Span { u, blocks }) = span(program, id)?
        {
            let block = |(rows, columns)| Block {
                rows,
                columns,
                surplus: None,
            };
            plans.push(Plan {
                id,
                u: Arc::new(u),
                blocks: blocks.into_iter().map(block).collect(),
            });
        }
    }
    if plans.is_empty() {
        return Ok(None);
    }
    let mut out = program.clone();
    for plan in &mut plans {
        out.matrices[plan.id].n = plan.u.ncols();
        for block in &mut plan.blocks {
            if block.outside() > 0 && surplus_helps(program, plan.id, block.rows[0]) {
                block.surplus = Some(out.scalars.len());
                out.scalars.push(true);
            }
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

impl Block {
    /// Dimension outside the span.
    fn outside(&self) -> usize {
        self.rows.len() - self.columns.len()
    }
}

impl Reduced {
    pub(super) fn reports(&self, original: &Program) -> Vec<Reduction> {
        let report = |plan: &Plan| Reduction {
            variable: original.matrices[plan.id].name.clone(),
            from: plan.u.nrows(),
            to: plan.u.ncols(),
            surplus: plan.blocks.iter().any(|block| block.surplus.is_some()),
        };
        self.plans.iter().map(report).collect()
    }

    /// A point (or direction) of the reduced program as one of the original.
    pub(super) fn expand(&self, mut point: Point) -> Point {
        for plan in &self.plans {
            let mut core = point.matrices[plan.id].dense().clone();
            let mut outside = vec![0.0; plan.u.nrows()];
            for block in &plan.blocks {
                let Some(surplus) = block.surplus else {
                    continue;
                };
                let each = point.scalars[surplus] / block.outside() as f64;
                for i in block.columns.clone() {
                    core[(i, i)] -= each;
                }
                for &row in &block.rows {
                    outside[row] = each;
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
    // Diagonal coefficients are even on blocks in their sum.
    let mut sums: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
    for (id, coefficient) in std::mem::take(&mut affine.matrices) {
        let Some(plan) = plans[id] else {
            affine.matrices.push((id, coefficient));
            continue;
        };
        let n = plan.u.nrows();
        if matches!(coefficient.data, Data::Identity) {
            let surplus = plan.blocks.iter().filter_map(|block| block.surplus);
            let weight = coefficient.weight;
            affine.scalars.extend(surplus.map(|id| (id, weight)));
            affine.matrices.push((id, coefficient));
        } else if let Some(values) = diagonal(&coefficient, n) {
            let sum = sums.entry(id).or_insert_with(|| vec![0.0; n]);
            for (total, value) in sum.iter_mut().zip(values) {
                *total += coefficient.weight * value;
            }
        } else {
            let data = seen(&coefficient, plan, pools);
            affine.matrices.push((
                id,
                Coefficient {
                    data,
                    ..coefficient
                },
            ));
        }
    }
    for (id, values) in sums {
        let Some(plan) = plans[id] else { continue };
        let mut entries = Vec::new();
        for block in &plan.blocks {
            let value = values[block.rows[0]];
            if value == 0.0 {
                continue;
            }
            entries.extend(block.columns.clone().map(|i| (i, i, c64::from(value))));
            affine.scalars.extend(block.surplus.map(|id| (id, value)));
        }
        let data = Data::Sparse(entries.into());
        affine
            .matrices
            .push((id, Coefficient { data, weight: 1.0 }));
    }
}

/// `U^H A U` for the data `A` of a coefficient.
fn seen(coefficient: &Coefficient, plan: &Plan, pools: &mut Pools) -> Data {
    let u = plan.u.as_ref().as_ref();
    match &coefficient.data {
        Data::Identity => Data::Identity,
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
            let inner = isac_linalg::hermitian::hermitian_part(inner.as_ref());
            Data::Dense(Arc::new(inner))
        }
    }
}

/// Whether a larger trace outside the span of the block with this row can improve anything.
fn surplus_helps(program: &Program, id: usize, row: usize) -> bool {
    let n = program.matrices[id].n;
    let weight = |affine: &Affine| diagonals(affine, id, n).map_or(0.0, |sum| sum[row]);
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
