//! Equilibration of a standard form and the way back.
//!
//! All factors are powers of two, so that scaling rounds nothing. Rows are multiplied by `d_i` and blocks by `a_k` until the Frobenius norms of the pieces are
//! near one (Ruiz), then right side and objective by one number each:
//! `x_k = beta a_k x^_k`, `y_i = gamma d_i y^_i`, `s_k = gamma s^_k / a_k`.

use isac_linalg::kernel::{self, Field, Real};
use isac_linalg::{Mat, c64, ops};

use super::block::Block;
use super::cones::{self, Linear, SecondOrder};
use super::pairs::{Part, pair};
use super::pooled::Pooled;
use super::psd::{Psd, PsdInput};
use super::{Column, Matrices, Standard, Upper};

const PASSES: usize = 4;

/// Scale factors and norms that the stopping tests need.
#[derive(Debug)]
pub(super) struct Scaling {
    pub(super) rows: Vec<f64>,
    /// One per semidefinite block, per scalar, per cone, in this order.
    blocks: Vec<f64>,
    pub(super) free: Vec<f64>,
    pub(super) beta: f64,
    pub(super) gamma: f64,
    /// Weighted `<c, c>`, `<c, e>`, `<e, e>` of the scaled objective, so that the unscaled norm of
    /// `p c + q e` is known for any numbers.
    quadratic: [f64; 3],
    /// `max |b|` and `max |c|` of the data as given, plus one or less.
    pub(super) b_size: f64,
    pub(super) c_size: f64,
}

impl Scaling {
    /// Unscaled norm of `p c + q e`, in terms of the scaled objective.
    pub(super) fn objective_norm(&self, p: f64, q: f64) -> f64 {
        let [cc, ce, ee] = self.quadratic;
        (p * p * cc + 2.0 * p * q * ce + q * q * ee).max(0.0).sqrt()
    }

    /// What rounding a point to `f64` adds to the errors of primal constraints, dual constraints and
    /// complementarity (of mixed signs, hence a quarter), for scaled variables and multipliers up
    /// to the given sizes.
    pub(super) fn rounding(&self, x: f64, y: f64) -> [f64; 3] {
        let unit = 0.5 * f64::EPSILON;
        let squares = |values: &[f64]| values.iter().map(|d| d.powi(-2)).sum::<f64>();
        let primal = self.beta * squares(&self.rows).sqrt() / self.b_size;
        let dual = self.gamma * squares(&self.blocks).sqrt() / self.c_size;
        let products = self.beta * self.gamma;
        [x * primal, y * dual, 0.25 * x * y * products].map(|size| unit * size)
    }

    pub(super) fn matrix(&self, k: usize) -> f64 {
        self.blocks[k]
    }

    pub(super) fn linear(&self, standard: &Standard, k: usize) -> f64 {
        self.blocks[standard.matrices.len() + k]
    }

    pub(super) fn cone(&self, standard: &Standard, k: usize) -> f64 {
        self.blocks[standard.matrices.len() + standard.linear.len() + k]
    }
}

/// The scaled program, ready to iterate.
pub(super) struct Prepared<R> {
    pub(super) blocks: Vec<Box<dyn Block<R>>>,
    pub(super) b: Vec<R>,
    pub(super) free: Mat<R>,
    pub(super) h: Vec<R>,
    pub(super) scaling: Scaling,
}

fn square(upper: &Upper) -> f64 {
    let terms = upper.iter();
    terms
        .map(|&(i, j, v)| {
            if i == j {
                v.norm_sqr()
            } else {
                2.0 * v.norm_sqr()
            }
        })
        .sum()
}

/// Both triangles, repeated entries added, exact zeros dropped.
fn full<T: Field>(upper: &Upper, factor: f64) -> Vec<(u32, u32, T)> {
    let mut sorted = upper.clone();
    sorted.sort_by_key(|&(i, j, _)| (j, i));
    let mut out: Vec<(u32, u32, T)> = Vec::with_capacity(2 * sorted.len());
    let mut k = 0;
    while k < sorted.len() {
        let (i, j, mut sum) = sorted[k];
        k += 1;
        while k < sorted.len() && (sorted[k].0, sorted[k].1) == (i, j) {
            sum += sorted[k].2;
            k += 1;
        }
        if i == j {
            sum = c64::new(sum.re, 0.0);
        }
        let value = T::from_c64(sum * factor);
        if value == T::ZERO {
            continue;
        }
        out.push((i as u32, j as u32, value));
        if i != j {
            out.push((j as u32, i as u32, value.conjugate()));
        }
    }
    out
}

/// Frobenius norms of the pieces: `(row, block, norm)`.
pub(super) fn pieces(standard: &Standard) -> Vec<(usize, usize, f64)> {
    let mut out = Vec::new();
    for (k, data) in standard.matrices.iter().enumerate() {
        let gram = ops::adjoint_mul(data.vectors.as_ref(), data.vectors.as_ref());
        for (row, core) in &data.pool {
            let core: Vec<(u32, u32, c64)> = full(core, 1.0);
            out.push((*row, k, pair(&core, &core, &gram, &gram).max(0.0).sqrt()));
        }
        for (row, entries) in &data.explicit {
            out.push((*row, k, square(entries).sqrt()));
        }
    }
    let mut at = standard.matrices.len();
    for column in &standard.linear {
        out.extend(column.a.iter().map(|&(row, a)| (row, at, a.abs())));
        at += 1;
    }
    for cone in &standard.cones {
        for column in cone {
            out.extend(column.a.iter().map(|&(row, a)| (row, at, a.abs())));
        }
        at += 1;
    }
    out
}

fn equilibrate(standard: &Standard) -> (Vec<f64>, Vec<f64>) {
    let pieces = pieces(standard);
    let mut rows = vec![1.0; standard.b.len()];
    let count = standard.matrices.len() + standard.linear.len() + standard.cones.len();
    let mut blocks = vec![1.0; count];
    let invert = |scale: &mut [f64], top: &[f64], root: bool| {
        for (s, &t) in scale.iter_mut().zip(top) {
            if t > 0.0 && t.is_finite() {
                *s /= if root { t.sqrt() } else { t };
            }
        }
    };
    // A scalar in one row alone, such as a slack, takes its scale from that row and not the other way
    // round: a coefficient of one must not hide that the rest of the row is tiny.
    let mut single = vec![false; count];
    for (k, column) in standard.linear.iter().enumerate() {
        single[standard.matrices.len() + k] = column.a.len() == 1;
    }
    for pass in 0..=PASSES {
        let mut row_top = vec![0.0_f64; rows.len()];
        let mut single_top = vec![0.0_f64; rows.len()];
        let mut block_top = vec![0.0_f64; count];
        for &(i, k, norm) in &pieces {
            let value = rows[i] * norm * blocks[k];
            let top = if single[k] {
                &mut single_top[i]
            } else {
                &mut row_top[i]
            };
            *top = top.max(value);
            block_top[k] = block_top[k].max(value);
        }
        if pass < PASSES {
            for &(i, a) in standard.free.iter().flat_map(|column| &column.a) {
                row_top[i] = row_top[i].max(1e-3 * rows[i] * a.abs());
            }
            fall_back(&mut row_top, &single_top);
            invert(&mut rows, &row_top, true);
            invert(&mut blocks, &block_top, true);
        } else {
            for column in &standard.free {
                for &(i, a) in &column.a {
                    if row_top[i] == 0.0 {
                        row_top[i] = rows[i] * a.abs();
                    }
                }
            }
            fall_back(&mut row_top, &single_top);
            invert(&mut rows, &row_top, false);
        }
    }
    for &(i, k, norm) in pieces
        .iter()
        .filter(|(_, k, norm)| single[*k] && *norm > 0.0)
    {
        blocks[k] = 1.0 / (rows[i] * norm);
    }
    rows.iter_mut()
        .chain(&mut blocks)
        .for_each(|s| *s = power_of_two(*s));
    (rows, blocks)
}

/// The power of two nearest to a positive number, by ratio.
fn power_of_two(x: f64) -> f64 {
    2.0_f64.powi(x.log2().round().clamp(-1000.0, 1000.0) as i32)
}

/// Rows with nothing but single scalars take their scale from those.
fn fall_back(top: &mut [f64], single: &[f64]) {
    for (t, s) in top.iter_mut().zip(single) {
        if *t == 0.0 {
            *t = *s;
        }
    }
}

fn scaled_columns<R: Real>(
    columns: &[Column],
    own: f64,
    rows: &[f64],
    gamma: f64,
) -> Vec<cones::Column<R>> {
    let scaled = |column: &Column| cones::Column {
        c: R::from(column.c * own / gamma),
        a: (column.a.iter())
            .map(|&(i, a)| (i, R::from(a * own * rows[i])))
            .collect(),
    };
    columns.iter().map(scaled).collect()
}

fn matrix_block<T: Field>(
    data: &Matrices,
    own: f64,
    rows: &[f64],
    gamma: f64,
) -> Box<dyn Block<T::R>> {
    let (n, p) = (data.n, data.vectors.ncols());
    let part = |(row, entries): &(usize, Upper)| Part::new(*row, full(entries, own * rows[*row]));
    let vectors = Mat::from_fn(n, p, |i, j| T::from_c64(data.vectors[(i, j)]));
    let pool = data.pool.iter().map(part).collect();
    let c_shift = T::R::from(data.c_shift * own / gamma);
    let c_core = full(&data.c_core, own / gamma);
    if data.explicit.is_empty() && data.c_explicit.is_empty() {
        Box::new(Pooled::new(vectors, pool, c_shift, c_core))
    } else {
        Box::new(Psd::new(PsdInput {
            vectors,
            pool,
            explicit: data.explicit.iter().map(part).collect(),
            c_shift,
            c_core,
            c_explicit: full(&data.c_explicit, own / gamma),
        }))
    }
}

/// The objective matrix of a block: its squared norm, trace and largest entry.
pub(super) fn objective_sizes(data: &Matrices) -> (f64, f64, f64) {
    let mut entries = full::<c64>(&data.c_explicit, 1.0);
    if data.c_core.is_empty() && data.c_shift == 0.0 {
        let square = entries.iter().map(|e| e.2.norm_sqr()).sum();
        let trace = entries.iter().filter(|e| e.0 == e.1).map(|e| e.2.re).sum();
        let top = entries.iter().fold(0.0, |t: f64, e| t.max(e.2.norm()));
        return (square, trace, top);
    }
    let p = data.vectors.ncols();
    let mut core = Mat::<c64>::zeros(p, p);
    for (i, j, v) in full::<c64>(&data.c_core, 1.0) {
        core[(i as usize, j as usize)] += v;
    }
    let half = ops::mul(data.vectors.as_ref(), core.as_ref());
    let mut c = ops::mul_adjoint(half.as_ref(), data.vectors.as_ref());
    for i in 0..data.n {
        c[(i, i)] += data.c_shift;
    }
    for (i, j, v) in entries.drain(..) {
        c[(i as usize, j as usize)] += v;
    }
    let trace = (0..data.n).map(|i| c[(i, i)].re).sum();
    (ops::norm2(c.as_ref()), trace, ops::norm_max(c.as_ref()))
}

/// `1 + top`, the measure of DIMACS, without the 1 where all data are smaller: it would hide them.
fn size(top: f64) -> f64 {
    if top > 0.0 { top + top.min(1.0) } else { 1.0 }
}

/// Largest modulus.
fn top(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(0.0, |t: f64, v| t.max(v.abs()))
}

/// The nearest power of two; one where there is nothing to scale.
fn or_one(v: f64) -> f64 {
    if v > 0.0 && v.is_finite() {
        power_of_two(v)
    } else {
        1.0
    }
}

/// The factor of the objective: its largest piece after scaling the blocks.
fn objective_factor(
    standard: &Standard,
    sizes: &[(f64, f64, f64)],
    blocks: &[f64],
    free: &[f64],
) -> f64 {
    let mut owners = blocks[standard.matrices.len()..].iter();
    let mut gamma = 0.0_f64;
    for (k, size) in sizes.iter().enumerate() {
        gamma = gamma.max(blocks[k] * size.0.sqrt());
    }
    for column in &standard.linear {
        gamma = gamma.max((column.c * owners.next().copied().unwrap_or(1.0)).abs());
    }
    for cone in &standard.cones {
        let own = owners.next().copied().unwrap_or(1.0);
        gamma = cone.iter().fold(gamma, |t, c| t.max((c.c * own).abs()));
    }
    for (column, own) in standard.free.iter().zip(free) {
        gamma = gamma.max((column.c * own).abs());
    }
    or_one(gamma)
}

/// The scaled blocks, and the three products of [`Scaling::quadratic`].
fn scaled_blocks<R: Real>(
    standard: &Standard,
    sizes: &[(f64, f64, f64)],
    rows: &[f64],
    blocks: &[f64],
    gamma: f64,
) -> (Vec<Box<dyn Block<R>>>, [f64; 3]) {
    let mut list: Vec<Box<dyn Block<R>>> = Vec::new();
    let mut quadratic = [0.0; 3];
    let mut weigh = |own: f64, cc: f64, ce: f64, ee: f64| {
        // Scaled: c^ = own c / gamma; the unscaled norm multiplies by gamma / own.
        let back = (gamma / own).powi(2);
        quadratic[0] += back * cc * (own / gamma).powi(2);
        quadratic[1] += back * ce * (own / gamma);
        quadratic[2] += back * ee;
    };
    for (k, data) in standard.matrices.iter().enumerate() {
        weigh(blocks[k], sizes[k].0, sizes[k].1, data.n as f64);
        list.push(if data.real {
            matrix_block::<R>(data, blocks[k], rows, gamma)
        } else {
            matrix_block::<R::Complex>(data, blocks[k], rows, gamma)
        });
    }
    let mut at = standard.matrices.len();
    if !standard.linear.is_empty() {
        let mut columns = Vec::with_capacity(standard.linear.len());
        for column in &standard.linear {
            let own = blocks[at];
            weigh(own, column.c * column.c, column.c, 1.0);
            let column = std::slice::from_ref(column);
            columns.extend(scaled_columns(column, own, rows, gamma));
            at += 1;
        }
        list.push(Box::new(Linear::new(columns)));
    }
    for cone in &standard.cones {
        let square = cone.iter().map(|column| column.c * column.c).sum();
        weigh(blocks[at], square, cone[0].c, 1.0);
        let columns = scaled_columns(cone, blocks[at], rows, gamma);
        list.push(Box::new(SecondOrder::new(columns)));
        at += 1;
    }
    (list, quadratic)
}

/// Scales a program and builds its blocks.
pub(super) fn prepare<R: Real>(standard: &Standard) -> Prepared<R> {
    let (rows, blocks) = equilibrate(standard);
    let beta = or_one(top(standard.b.iter().zip(&rows).map(|(b, d)| b * d)));
    let sizes: Vec<_> = standard.matrices.iter().map(objective_sizes).collect();
    let cones = standard.cones.iter().flatten();
    let scalars = standard.linear.iter().chain(cones).chain(&standard.free);
    let c_top = top(sizes.iter().map(|s| s.2)).max(top(scalars.map(|column| column.c)));
    let own = |column: &Column| or_one(top(column.a.iter().map(|&(i, a)| a * rows[i]))).recip();
    let free: Vec<f64> = standard.free.iter().map(own).collect();
    let gamma = objective_factor(standard, &sizes, &blocks, &free);
    let (list, quadratic) = scaled_blocks(standard, &sizes, &rows, &blocks, gamma);
    let mut free_matrix = kernel::zeros::<R>(standard.b.len(), standard.free.len());
    for (k, column) in standard.free.iter().enumerate() {
        for &(i, a) in &column.a {
            free_matrix[(i, k)] += R::from(a * rows[i] * free[k]);
        }
    }
    let b = standard.b.iter().zip(&rows);
    let h = standard.free.iter().zip(&free);
    Prepared {
        blocks: list,
        b: b.map(|(b, d)| R::from(b * d / beta)).collect(),
        free: free_matrix,
        h: h.map(|(column, own)| R::from(column.c * own / gamma))
            .collect(),
        scaling: Scaling {
            b_size: size(top(standard.b.iter().copied())),
            c_size: size(c_top),
            rows,
            blocks,
            free,
            beta,
            gamma,
            quadratic,
        },
    }
}
