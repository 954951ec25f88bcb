//! The SDPA sparse format: a reader, and the program it stands for.
//!
//! ```math
//! (P) min  c^T x   s.t.  X = F_1 x_1 + ... + F_m x_m - F_0 >= 0
//! (D) max  <F_0, Y>  s.t.  <F_i, Y> = c_i,  Y >= 0
//! ```

use std::collections::BTreeMap;
use std::io::BufRead;

use isac_linalg::c64;

use super::expr::{Affine, Coefficient, HermitianAffine, ScalarVar};
use super::outcome::{Form, Options, Outcome, Solution};
use super::program::Program;
use crate::Error;

mod reader;

pub(crate) use reader::fits;

/// A line that is not what the format asks for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}: expected {expected}, got `{got}`")]
pub struct ReadError {
    /// Line of the file, from 1.
    pub line: usize,
    /// What was being read.
    pub what: String,
    /// What was expected.
    pub expected: String,
    /// What stands there.
    pub got: String,
}

/// A block of the matrices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockKind {
    /// A symmetric matrix of this order.
    Matrix(usize),
    /// A diagonal of this length.
    Diagonal(usize),
}

/// A problem as it stands in the file.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    /// The objective `c`, one number per variable.
    pub c: Vec<f64>,
    /// The blocks in order.
    pub blocks: Vec<BlockKind>,
    /// `(matrix, block, i, j, value)` with `matrix` 0 for `F_0`, everything else from 0 and
    /// `i <= j`. No entry occurs twice in a file that was read; made by hand, repeated ones add up.
    pub entries: Vec<(usize, usize, usize, usize, f64)>,
}

/// Reads a problem.
///
/// # Errors
/// [`Error::File`] with the line and what was expected there; reading errors as well, and sizes whose
/// matrices memory does not hold.
pub fn read(reader: impl BufRead) -> Result<Problem, Error> {
    Ok(reader::parse(reader)?)
}

impl Problem {
    /// The problem as a [`Program`] in the variables `x`, a matrix inequality per matrix block and
    /// a row per diagonal entry.
    pub fn program(&self) -> (Program, Vec<ScalarVar>) {
        let mut program = Program::new();
        let x = program.free_list("x", self.c.len());
        // Per block, per matrix: entries.
        let mut sorted: Vec<BTreeMap<usize, Vec<(usize, usize, f64)>>> =
            vec![BTreeMap::new(); self.blocks.len()];
        for &(matrix, block, i, j, value) in &self.entries {
            let list = sorted[block].entry(matrix).or_default();
            list.push((i, j, value));
        }
        let variable = |matrix: usize| -> Affine {
            match matrix.checked_sub(1) {
                None => Affine::constant(-1.0),
                Some(k) => x[k].into(),
            }
        };
        for (k, (kind, data)) in self.blocks.iter().zip(&sorted).enumerate() {
            let name = format!("block {}", k + 1);
            match kind {
                BlockKind::Matrix(n) => {
                    let mut slack = HermitianAffine::zeros(*n);
                    for (&matrix, entries) in data {
                        let upper: Vec<_> = entries
                            .iter()
                            .map(|&(i, j, v)| (i, j, c64::new(v, 0.0)))
                            .collect();
                        slack.add_term(variable(matrix), Coefficient::sparse(&upper));
                    }
                    program.lmi(name, slack);
                }
                BlockKind::Diagonal(n) => {
                    let mut rows = vec![Affine::default(); *n];
                    for (&matrix, entries) in data {
                        for &(i, _, v) in entries {
                            rows[i] += variable(matrix) * v;
                        }
                    }
                    for row in rows {
                        program.at_least(name.clone(), row, 0.0);
                    }
                }
            }
        }
        program.minimise(x.iter().zip(&self.c).map(|(&x, &c)| x * c).sum::<Affine>());
        (program, x)
    }

    /// Solves the problem. `Infeasible` means that (P) is, `Unbounded` that (D) is.
    ///
    /// # Errors
    /// See [`Program::solve`].
    pub fn solve(&self, options: &Options) -> Result<Outcome, Error> {
        let mut options = options.clone();
        if options.form == Form::Auto {
            options.form = Form::Dual;
        }
        self.program().0.solve(&options)
    }
}

/// The six DIMACS errors in the format's own reading, where `Y` is the primal matrix: 1 and 2 speak
/// of (D), 3 and 4 of (P).
pub fn dimacs_errors(solution: &Solution) -> [f64; 6] {
    let [equality, cone, dual_equality, dual_cone, gap, products] = solution.dimacs.errors();
    [dual_equality, dual_cone, equality, cone, gap, products]
}

#[cfg(test)]
mod tests;
