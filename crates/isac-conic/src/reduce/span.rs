//! What the data of a variable see: blocks by its diagonal coefficients, and a basis of each.

use std::collections::HashMap;
use std::ops::Range;

use isac_linalg::{Mat, c64, factor, ops};

use crate::Error;
use crate::expr::{Affine, Coefficient, Data};
use crate::program::Program;

/// Relative cut of the rank decision.
const CUT: f64 = 1e-12;

/// An orthonormal basis of what a variable's data see.
pub(super) struct Span {
    /// Block-diagonal, at least one column.
    pub(super) u: Mat<c64>,
    /// Rows and columns of `u` that belong to each block.
    pub(super) blocks: Vec<(Vec<usize>, Range<usize>)>,
}

/// The diagonal of a coefficient of order `n` that has no other entries, without its weight.
pub(super) fn diagonal(coefficient: &Coefficient, n: usize) -> Option<Vec<f64>> {
    let mut out = vec![0.0; n];
    match &coefficient.data {
        Data::Identity => out.fill(1.0),
        Data::Sparse(entries) => {
            for &(i, j, value) in entries.iter() {
                if i != j {
                    return None;
                }
                out[i] += value.re;
            }
        }
        Data::Factor { vectors, core } => {
            for &(p, q, value) in core.iter() {
                let mut support = (0..n).filter(|&i| vectors[(i, p)] != c64::ZERO);
                let (Some(i), None, true) = (support.next(), support.next(), p == q) else {
                    return None;
                };
                out[i] += value.re * vectors[(i, p)].norm_sqr();
            }
        }
        Data::Dense(a) => {
            for (j, own) in out.iter_mut().enumerate() {
                let column = a.col_as_slice(j).iter().enumerate();
                if column.filter(|(i, z)| *i != j && **z != c64::ZERO).count() > 0 {
                    return None;
                }
                *own = a[(j, j)].re;
            }
        }
    }
    Some(out)
}

/// The sum of an expression's diagonal coefficients of a variable, where there are any.
pub(super) fn diagonals(affine: &Affine, id: usize, n: usize) -> Option<Vec<f64>> {
    let mut sum: Option<Vec<f64>> = None;
    for (_, coefficient) in affine.matrices.iter().filter(|(other, _)| *other == id) {
        if let Some(values) = diagonal(coefficient, n) {
            let sum = sum.get_or_insert_with(|| vec![0.0; n]);
            for (total, value) in sum.iter_mut().zip(values) {
                *total += coefficient.weight * value;
            }
        }
    }
    sum
}

/// Rows that no sum of diagonal coefficients tells apart.
struct Partition {
    /// The block of every row; blocks are numbered by their first rows.
    labels: Vec<usize>,
}

impl Partition {
    fn refine(&mut self, values: &[f64]) {
        if values.iter().all(|v| v.to_bits() == values[0].to_bits()) {
            return;
        }
        let mut known: HashMap<(usize, u64), usize> = HashMap::new();
        for (label, value) in self.labels.iter_mut().zip(values) {
            let next = known.len();
            // Zeros of both signs are one.
            let value = (value + 0.0).to_bits();
            *label = *known.entry((*label, value)).or_insert(next);
        }
    }

    fn blocks(&self) -> Vec<Vec<usize>> {
        let mut blocks: Vec<Vec<usize>> = Vec::new();
        for (row, &label) in self.labels.iter().enumerate() {
            if label == blocks.len() {
                blocks.push(Vec::new());
            }
            blocks[label].push(row);
        }
        blocks
    }
}

/// What the coefficients of a variable are made of.
struct Seen {
    n: usize,
    columns: Vec<Vec<c64>>,
    units: Vec<bool>,
    partition: Partition,
}

impl Seen {
    /// Takes the coefficients of an expression; whether they may still leave something unseen.
    fn take(&mut self, id: usize, affine: &Affine) -> bool {
        if let Some(values) = diagonals(affine, id, self.n) {
            self.partition.refine(&values);
        }
        for (_, coefficient) in affine.matrices.iter().filter(|(other, _)| *other == id) {
            if coefficient.weight == 0.0 || diagonal(coefficient, self.n).is_some() {
                continue;
            }
            match &coefficient.data {
                Data::Identity => {}
                Data::Factor { vectors, core } => {
                    let mut used = vec![false; vectors.ncols()];
                    for &(p, q, _) in core.iter().filter(|e| e.2 != c64::ZERO) {
                        (used[p], used[q]) = (true, true);
                    }
                    for p in (0..vectors.ncols()).filter(|&p| used[p]) {
                        self.columns.push(vectors.col_as_slice(p).to_vec());
                    }
                }
                Data::Dense(a) => {
                    for j in 0..self.n {
                        self.columns.push(a.col_as_slice(j).to_vec());
                    }
                }
                Data::Sparse(entries) => {
                    for &(i, j, _) in entries.iter() {
                        (self.units[i], self.units[j]) = (true, true);
                    }
                }
            }
            // Dense data of full size end the search early.
            if self.columns.len() > 8 * self.n {
                return false;
            }
        }
        true
    }
}

/// Blocks and basis of a variable's data; `None` when they see everything.
pub(super) fn span(program: &Program, id: usize) -> Result<Option<Span>, Error> {
    let data = &program.matrices[id];
    let n = data.n;
    let mut seen = Seen {
        n,
        columns: Vec::new(),
        units: vec![false; n],
        partition: Partition { labels: vec![0; n] },
    };
    let rows = program.rows.iter().map(|row| &row.expression);
    let entries = program.cones.iter().flat_map(|cone| &cone.entries);
    let lmis = || program.lmis.iter().map(|lmi| &lmi.expression);
    let factors = lmis().flat_map(|lmi| lmi.terms.iter().map(|(factor, _)| factor));
    let mut all = [&program.objective].into_iter().chain(rows);
    if !(all.all(|affine| seen.take(id, affine))
        && entries.chain(factors).all(|affine| seen.take(id, affine)))
    {
        return Ok(None);
    }
    let congruences = lmis().flat_map(|lmi| &lmi.congruences);
    for (_, weight, t) in congruences.filter(|c| c.0 == id) {
        if *weight != 0.0 {
            let columns = (0..t.ncols()).map(|j| t.col_as_slice(j).to_vec());
            seen.columns.extend(columns);
        }
    }
    if data.real {
        // The span of a real variable is that of real and imaginary parts.
        let part = |z: f64| c64::new(z, 0.0);
        let parts = seen.columns.iter().flat_map(|v| {
            [
                v.iter().map(|z| part(z.re)).collect(),
                v.iter().map(|z| part(z.im)).collect(),
            ]
        });
        seen.columns = parts.collect();
    }
    let mut blocks = Vec::new();
    let mut bases = Vec::new();
    let mut first = 0;
    for rows in seen.partition.blocks() {
        let basis = basis(&seen, &rows)?;
        let next = first + basis.ncols();
        blocks.push((rows, first..next));
        bases.push(basis);
        first = next;
    }
    if first == n {
        return Ok(None);
    }
    if first == 0 {
        // A variable needs one row.
        let rows = blocks[0].0.len();
        bases[0] = Mat::from_fn(rows, 1, |i, _| if i == 0 { c64::ONE } else { c64::ZERO });
        blocks[0].1 = 0..1;
        blocks[1..].iter_mut().for_each(|block| block.1 = 1..1);
        first = 1;
    }
    let mut u = Mat::zeros(n, first);
    for ((rows, columns), basis) in blocks.iter().zip(&bases) {
        for (k, j) in columns.clone().enumerate() {
            for (i, &row) in rows.iter().enumerate() {
                u[(row, j)] = basis[(i, k)];
            }
        }
    }
    Ok(Some(Span { u, blocks }))
}

/// Orthonormal basis of what stands in some rows; the unit vectors where that is everything.
fn basis(seen: &Seen, rows: &[usize]) -> Result<Mat<c64>, Error> {
    let n = rows.len();
    let mut columns: Vec<Vec<c64>> = Vec::new();
    for column in &seen.columns {
        columns.push(rows.iter().map(|&i| column[i]).collect());
    }
    for (at, _) in rows.iter().enumerate().filter(|(_, row)| seen.units[**row]) {
        let mut unit = vec![c64::ZERO; n];
        unit[at] = c64::ONE;
        columns.push(unit);
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
        return Ok(Mat::zeros(n, 0));
    }
    if n == 1 {
        return Ok(Mat::identity(1, 1));
    }
    let matrix = Mat::from_fn(n, columns.len(), |i, j| columns[j][i]);
    let basis = factor::orthonormal_basis(matrix.as_ref(), CUT)?;
    Ok(if basis.ncols() == n {
        Mat::identity(n, n)
    } else {
        basis
    })
}

/// Multiplies a column by the power of two that brings its largest part into `[1, 2)`.
fn in_own_unit(column: &mut [c64]) {
    let parts = column.iter().flat_map(|z| [z.re.abs(), z.im.abs()]);
    let top = parts.fold(0.0_f64, f64::max);
    let inverse = 1.0 / ops::binary_unit(top);
    column.iter_mut().for_each(|z| *z *= inverse);
}
