//! Programs of free scalars and equations alone: no cone bounds anything, so that linear algebra answers.
//!
//! Rows and columns are measured in units of their own (powers of two), so that data in watts and picowatts
//! take the same steps. Which of the candidates is the answer is not decided here: each is verified on the
//! program as written.

use isac_linalg::{Mat, ops, real};

use super::ipm::{Ended, Run, Standard};

/// Sweeps over rows and columns that choose their units.
const SWEEPS: usize = 8;
/// Corrections of a solution by its residual.
const CORRECTIONS: usize = 3;

/// Candidates for the answer: a point with multipliers, multipliers that prove that no point solves the
/// equations, and a direction without end. `None` where the form has a cone, or is not finite.
pub(crate) fn candidates(standard: &Standard) -> Option<Vec<Run>> {
    let cones = !standard.matrices.is_empty() || !standard.linear.is_empty();
    if cones || standard.cones.iter().any(|cone| !cone.is_empty()) {
        return None;
    }
    let system = System::new(standard)?;
    let point = system.solution(false, &standard.b);
    let costs: Vec<f64> = standard.free.iter().map(|column| column.c).collect();
    let multipliers = system.solution(true, &costs);
    let opposite = |list: Vec<f64>| list.into_iter().map(|v| -v).collect();
    let none = |n: usize| vec![0.0; n];
    let (rows, columns) = (standard.b.len(), costs.len());
    let no_point = system.remainder(false, &standard.b);
    let no_end = opposite(system.remainder(true, &costs));
    Some(vec![
        run(standard, Ended::Optimal, point, multipliers),
        run(standard, Ended::DualRay, none(columns), no_point),
        run(standard, Ended::PrimalRay, no_end, none(rows)),
    ])
}

fn run(standard: &Standard, ended: Ended, free: Vec<f64>, y: Vec<f64>) -> Run {
    Run {
        ended,
        iterations: 0,
        matrices: Vec::new(),
        linear: (Vec::new(), Vec::new()),
        cones: vec![(Vec::new(), Vec::new()); standard.cones.len()],
        free,
        y,
        ray_like: ended != Ended::Optimal,
    }
}

/// `diag(rows) A diag(columns)` with its singular vectors to values above rounding.
struct System {
    a: Mat<f64>,
    rows: Vec<f64>,
    columns: Vec<f64>,
    u: Mat<f64>,
    values: Vec<f64>,
    v: Mat<f64>,
}

impl System {
    fn new(standard: &Standard) -> Option<Self> {
        let (m, n) = (standard.b.len(), standard.free.len());
        let mut a = Mat::<f64>::zeros(m, n);
        for (k, column) in standard.free.iter().enumerate() {
            for &(i, value) in &column.a {
                a[(i, k)] += value;
            }
        }
        let (mut rows, mut columns) = (vec![1.0; m], vec![1.0; n]);
        for _ in 0..SWEEPS {
            for i in 0..m {
                let unit = power_of_two((0..n).map(|k| a[(i, k)]));
                rows[i] *= unit;
                (0..n).for_each(|k| a[(i, k)] *= unit);
            }
            for k in 0..n {
                let unit = power_of_two((0..m).map(|i| a[(i, k)]));
                columns[k] *= unit;
                (0..m).for_each(|i| a[(i, k)] *= unit);
            }
        }
        let svd = real::svd(a.as_ref()).ok()?;
        let top = svd.values.first().copied().unwrap_or(0.0);
        let cut = f64::EPSILON * m.max(n) as f64 * top;
        let rank = svd.values.iter().take_while(|&&s| s > cut).count();
        Some(Self {
            a,
            rows,
            columns,
            u: svd.u.subcols(0, rank).to_owned(),
            values: svd.values[..rank].to_vec(),
            v: svd.v.subcols(0, rank).to_owned(),
        })
    }

    /// The sides of `A x = b`, or of `A^T y = c`: the factors that leave and enter, and the units of both.
    fn sides(&self, adjoint: bool) -> (&Mat<f64>, &Mat<f64>, &[f64], &[f64]) {
        if adjoint {
            (&self.v, &self.u, &self.columns, &self.rows)
        } else {
            (&self.u, &self.v, &self.rows, &self.columns)
        }
    }

    fn product(&self, adjoint: bool, x: &[f64]) -> Vec<f64> {
        let (m, n) = (self.a.nrows(), self.a.ncols());
        if adjoint {
            (0..n)
                .map(|k| (0..m).map(|i| self.a[(i, k)] * x[i]).sum())
                .collect()
        } else {
            (0..m)
                .map(|i| (0..n).map(|k| self.a[(i, k)] * x[k]).sum())
                .collect()
        }
    }

    /// The least solution in the chosen units, corrected by its residual.
    fn solution(&self, adjoint: bool, right: &[f64]) -> Vec<f64> {
        let (from, to, unit, unknowns) = self.sides(adjoint);
        let mut x = vec![0.0; unknowns.len()];
        for _ in 0..=CORRECTIONS {
            let image = self.product(adjoint, &x);
            let residual: Vec<f64> = (0..right.len())
                .map(|i| right[i] * unit[i] - image[i])
                .collect();
            for (k, s) in self.values.iter().enumerate() {
                let along = dot(from, k, &residual) / s;
                (0..x.len()).for_each(|i| x[i] += to[(i, k)] * along);
            }
        }
        x.iter().zip(unknowns).map(|(x, unit)| x * unit).collect()
    }

    /// What of the right side no unknowns reach: orthogonal to every column (row) of the system.
    fn remainder(&self, adjoint: bool, right: &[f64]) -> Vec<f64> {
        let (from, _, unit, _) = self.sides(adjoint);
        let mut rest: Vec<f64> = right.iter().zip(unit).map(|(b, unit)| b * unit).collect();
        for _ in 0..=CORRECTIONS {
            for k in 0..self.values.len() {
                let along = dot(from, k, &rest);
                (0..rest.len()).for_each(|i| rest[i] -= from[(i, k)] * along);
            }
        }
        rest.iter().zip(unit).map(|(r, unit)| r * unit).collect()
    }
}

fn dot(a: &Mat<f64>, column: usize, x: &[f64]) -> f64 {
    (0..x.len()).map(|i| a[(i, column)] * x[i]).sum()
}

/// The power of two that brings the largest of the values next to one; one where all are zero.
fn power_of_two(values: impl Iterator<Item = f64>) -> f64 {
    let top = values.fold(0.0, |top: f64, v| top.max(v.abs()));
    if top > 0.0 {
        ops::binary_unit(top).recip()
    } else {
        1.0
    }
}
