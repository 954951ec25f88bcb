//! Natural units of rows, variables and coordinates.
//!
//! Where the data spread over many decades, factors of rows, of scalars and of the coordinates of
//! blocks are fitted to the logarithms of all entries by least squares. The fit turns with the data:
//! programs that differ by units alone become the same program up to powers of two, which round nothing.

use super::{Column, Matrices, Run, Standard, Upper, scale};

/// Binary orders between the largest and the smallest entry from which units matter, and how much of
/// the spread (as a sum of squares) they must leave: nearly nothing where it is small.
const SPREADS: [(f64, f64); 2] = [(20.0, 0.5), (8.0, 0.02)];
/// Entries below this beside others of their own column or matrix are rounding of zeros.
const NOISE: f64 = 1e-14;
/// Rounds of conjugate gradients.
const ROUNDS: usize = 200;

/// A program in natural units and the way back.
pub(super) struct Units {
    pub(super) standard: Standard,
    rows: Vec<f64>,
    /// Per coordinate of each block.
    matrices: Vec<Vec<f64>>,
    linear: Vec<f64>,
    cones: Vec<f64>,
    free: Vec<f64>,
    right: f64,
    objective: f64,
}

/// `log2 |entry|` with the unknowns it meets (one twice on a diagonal).
struct Entry {
    log: f64,
    unknowns: [usize; 3],
    len: usize,
}

/// The program in natural units; `None` where its own will do.
pub(super) fn natural(standard: &Standard) -> Option<Units> {
    let rows = standard.b.len();
    let mut first = Vec::new();
    let mut count = rows;
    let uniform: Vec<bool> = standard.matrices.iter().map(is_uniform).collect();
    for (data, &uniform) in standard.matrices.iter().zip(&uniform) {
        first.push(count);
        count += if uniform { 1 } else { data.n };
    }
    let linear = count;
    let cones = linear + standard.linear.len();
    let free = cones + standard.cones.len();
    let right = free + standard.free.len();
    let objective = right + 1;
    let mut entries = Vec::new();
    let mut put = |value: f64, unknowns: &[usize]| {
        if value != 0.0 && value.is_finite() {
            let mut list = [0; 3];
            list[..unknowns.len()].copy_from_slice(unknowns);
            entries.push(Entry {
                log: value.abs().log2(),
                unknowns: list,
                len: unknowns.len(),
            });
        }
    };
    for (row, &b) in standard.b.iter().enumerate() {
        put(b, &[row, right]);
    }
    for (k, data) in standard.matrices.iter().enumerate() {
        let at = first[k];
        if uniform[k] {
            put(scale::objective_sizes(data).0.sqrt(), &[at, at, objective]);
            continue;
        }
        let mut list = |upper: &Upper, other: usize| {
            let top = upper.iter().fold(0.0, |t: f64, e| t.max(e.2.norm()));
            for (i, j, v) in upper.iter().filter(|e| e.2.norm() > NOISE * top) {
                put(v.norm(), &[at + i, at + j, other]);
            }
        };
        list(&data.c_explicit, objective);
        for (row, upper) in &data.explicit {
            list(upper, *row);
        }
    }
    for (row, k, norm) in scale::pieces(standard) {
        if k < uniform.len() && uniform[k] {
            put(norm, &[row, first[k], first[k]]);
        }
    }
    let cone_columns = standard.cones.iter().enumerate();
    let columns = (standard
        .linear
        .iter()
        .enumerate()
        .map(|(k, c)| (linear + k, c)))
    .chain(cone_columns.flat_map(|(k, list)| list.iter().map(move |c| (cones + k, c))))
    .chain(standard.free.iter().enumerate().map(|(k, c)| (free + k, c)));
    for (at, column) in columns {
        put(column.c, &[at, objective]);
        let top = column.a.iter().fold(0.0, |t: f64, e| t.max(e.1.abs()));
        for &(row, a) in column.a.iter().filter(|e| e.1.abs() > NOISE * top) {
            put(a, &[row, at]);
        }
    }
    let (low, high) = entries
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), e| {
            (l.min(e.log), h.max(e.log))
        });
    let left = SPREADS.iter().find(|(spread, _)| high - low >= *spread)?.1;
    let logs = fit(&entries, objective + 1);
    let square = |of: &dyn Fn(&Entry) -> f64| entries.iter().map(|e| of(e).powi(2)).sum::<f64>();
    if square(&|e| residual(e, &logs)) > left * square(&|e| e.log) {
        return None;
    }
    let factor = |k: usize| 2.0_f64.powi(logs[k].round().clamp(-400.0, 400.0) as i32);
    let list = |from: usize, len: usize| (from..from + len).map(factor).collect::<Vec<f64>>();
    let matrices = standard.matrices.iter().enumerate().map(|(k, data)| {
        if uniform[k] {
            vec![factor(first[k]); data.n]
        } else {
            list(first[k], data.n)
        }
    });
    let mut out = Units {
        standard: standard.clone(),
        rows: list(0, rows),
        matrices: matrices.collect(),
        linear: list(linear, standard.linear.len()),
        cones: list(cones, standard.cones.len()),
        free: list(free, standard.free.len()),
        right: factor(right),
        objective: factor(objective),
    };
    out.scale();
    Some(out)
}

/// Whether the coordinates of a block must keep one unit.
fn is_uniform(data: &Matrices) -> bool {
    data.vectors.ncols() > 0 || data.c_shift != 0.0 || !data.c_core.is_empty()
}

fn residual(entry: &Entry, logs: &[f64]) -> f64 {
    let own = entry.unknowns[..entry.len].iter().map(|&k| logs[k]);
    entry.log + own.sum::<f64>()
}

/// Least squares by conjugate gradients on the normal equations, from zero: of all solutions the
/// shortest.
fn fit(entries: &[Entry], count: usize) -> Vec<f64> {
    let adjoint = |values: &[f64]| {
        let mut out = vec![0.0; count];
        for (entry, v) in entries.iter().zip(values) {
            for &k in &entry.unknowns[..entry.len] {
                out[k] += v;
            }
        }
        out
    };
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
    let mut logs = vec![0.0; count];
    let mut rest: Vec<f64> = entries.iter().map(|e| -e.log).collect();
    let mut slope = adjoint(&rest);
    let mut search = slope.clone();
    let mut size = dot(&slope, &slope);
    let enough = 1e-16 * size;
    for _ in 0..ROUNDS {
        if size <= enough {
            break;
        }
        let image: Vec<f64> = entries
            .iter()
            .map(|e| e.unknowns[..e.len].iter().map(|&k| search[k]).sum())
            .collect();
        let step = size / dot(&image, &image);
        logs.iter_mut()
            .zip(&search)
            .for_each(|(x, s)| *x += step * s);
        rest.iter_mut()
            .zip(&image)
            .for_each(|(r, s)| *r -= step * s);
        slope = adjoint(&rest);
        let next = dot(&slope, &slope);
        let turn = next / size;
        search
            .iter_mut()
            .zip(&slope)
            .for_each(|(s, g)| *s = g + turn * *s);
        size = next;
    }
    logs
}

impl Units {
    fn scale(&mut self) {
        let Self {
            standard,
            rows,
            matrices,
            linear,
            cones,
            free,
            right,
            objective,
        } = self;
        for (b, r) in standard.b.iter_mut().zip(rows.iter()) {
            *b *= r * *right;
        }
        for (data, own) in standard.matrices.iter_mut().zip(matrices.iter()) {
            // The vectors of a pool stay: their cores take the unit, one for all coordinates.
            let core = |upper: &mut Upper, factor: f64| {
                let unit = factor * own[0] * own[0];
                upper.iter_mut().for_each(|e| e.2 *= unit);
            };
            let explicit = |upper: &mut Upper, factor: f64| {
                for (i, j, v) in upper.iter_mut() {
                    *v *= factor * own[*i] * own[*j];
                }
            };
            for (row, upper) in &mut data.pool {
                core(upper, rows[*row]);
            }
            for (row, upper) in &mut data.explicit {
                explicit(upper, rows[*row]);
            }
            core(&mut data.c_core, *objective);
            explicit(&mut data.c_explicit, *objective);
            data.c_shift *= own[0] * own[0] * *objective;
        }
        let column = |column: &mut Column, own: f64| {
            column.c *= own * *objective;
            for (row, a) in &mut column.a {
                *a *= own * rows[*row];
            }
        };
        for (c, own) in standard.linear.iter_mut().zip(linear.iter()) {
            column(c, *own);
        }
        for (list, own) in standard.cones.iter_mut().zip(cones.iter()) {
            list.iter_mut().for_each(|c| column(c, *own));
        }
        for (c, own) in standard.free.iter_mut().zip(free.iter()) {
            column(c, *own);
        }
    }

    /// A run in natural units as one of the program that was given.
    pub(super) fn restore(&self, mut run: Run) -> Run {
        let (x, s) = (1.0 / self.right, 1.0 / self.objective);
        for ((value, slack), own) in run.matrices.iter_mut().zip(&self.matrices) {
            for j in 0..own.len() {
                for i in 0..own.len() {
                    let unit = own[i] * own[j];
                    value[(i, j)] *= unit * x;
                    slack[(i, j)] *= s / unit;
                }
            }
        }
        let restore = |lists: &mut (Vec<f64>, Vec<f64>), k: usize, own: f64| {
            lists.0[k] *= own * x;
            lists.1[k] *= s / own;
        };
        for (k, own) in self.linear.iter().enumerate() {
            restore(&mut run.linear, k, *own);
        }
        for (lists, own) in run.cones.iter_mut().zip(&self.cones) {
            (0..lists.0.len()).for_each(|k| restore(lists, k, *own));
        }
        run.free
            .iter_mut()
            .zip(&self.free)
            .for_each(|(f, own)| *f *= own * x);
        run.y
            .iter_mut()
            .zip(&self.rows)
            .for_each(|(y, own)| *y *= own * s);
        run
    }
}
