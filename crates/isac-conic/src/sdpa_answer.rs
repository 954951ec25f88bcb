//! Answers to problems in SDPA format, in the format's own variables.

use serde::Serialize;

use super::certificate;
use super::outcome::{Multipliers, Outcome, Point};
use super::program::Program;
use super::sdpa::{BlockKind, Problem};

/// A block of an answer: all rows of a matrix, or one row with a diagonal.
pub type Block = Vec<Vec<f64>>;

/// A point or a ray of a problem in SDPA format.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    /// `point`, `ray of (D)` (its `Y` shows that (P) has no point) or `ray of (P)`.
    pub kind: &'static str,
    /// The variables of (P).
    pub x: Option<Vec<f64>>,
    /// `X = F_1 x_1 + ... - F_0` (without `F_0` for a ray), block by block.
    pub slack: Option<Vec<Block>>,
    /// `Y` of (D), block by block.
    pub y: Option<Vec<Block>>,
}

/// What an outcome of [`Problem::program`] says in the format's terms; `None` where there is neither a
/// point nor a ray. Of a program with a gap, the point of (P) if there is one, else the multipliers.
pub fn answer(problem: &Problem, program: &Program, outcome: &Outcome) -> Option<Answer> {
    let point = |point: &Point, constants: bool| {
        let x = point.scalars[..problem.c.len()].to_vec();
        (slack(problem, &x, constants), x)
    };
    match outcome {
        Outcome::Solved(s) | Outcome::Inaccurate(s) => {
            let (slack, x) = point(&s.point, true);
            Some(Answer {
                kind: "point",
                x: Some(x),
                slack: Some(slack),
                y: Some(dual(problem, program, &s.multipliers)),
            })
        }
        Outcome::Infeasible(f) | Outcome::NoPointBelow(f) => Some(Answer {
            kind: "ray of (D)",
            x: None,
            slack: None,
            y: Some(dual(problem, program, &f.multipliers)),
        }),
        Outcome::Unbounded(r) | Outcome::NoMultipliersBelow(r) => {
            let (slack, x) = point(&r.direction, false);
            Some(Answer {
                kind: "ray of (P)",
                x: Some(x),
                slack: Some(slack),
                y: None,
            })
        }
        Outcome::IllPosed(gap) => {
            let own = gap.support.as_ref().map(|s| point(&s.point, true));
            let (slack, x) = own.unzip();
            let y = gap.dual_support.as_ref();
            Some(Answer {
                kind: "point",
                x,
                slack,
                y: y.map(|s| dual(problem, program, &s.multipliers)),
            })
        }
        Outcome::Unknown(_) => None,
    }
}

fn slack(problem: &Problem, x: &[f64], constants: bool) -> Vec<Block> {
    let mut out: Vec<Block> = problem
        .blocks
        .iter()
        .map(|kind| match *kind {
            BlockKind::Matrix(n) => vec![vec![0.0; n]; n],
            BlockKind::Diagonal(n) => vec![vec![0.0; n]],
        })
        .collect();
    for &(matrix, block, i, j, value) in &problem.entries {
        let factor = match matrix.checked_sub(1) {
            Some(k) => x[k],
            None if constants => -1.0,
            None => continue,
        };
        match problem.blocks[block] {
            BlockKind::Matrix(_) => {
                out[block][i][j] += factor * value;
                if i != j {
                    out[block][j][i] += factor * value;
                }
            }
            BlockKind::Diagonal(_) => out[block][0][i] += factor * value,
        }
    }
    out
}

fn dual(problem: &Problem, program: &Program, multipliers: &Multipliers) -> Vec<Block> {
    let zeros = certificate::no_multipliers(program);
    let whole = multipliers.lmis.len() == program.lmis.len();
    let multipliers = if whole { multipliers } else { &zeros };
    let (mut lmi, mut row) = (0, 0);
    let mut block = |kind: &BlockKind| match *kind {
        BlockKind::Matrix(n) => {
            let u = &multipliers.lmis[lmi];
            lmi += 1;
            (0..n)
                .map(|i| (0..n).map(|j| u[(i, j)].re).collect())
                .collect()
        }
        BlockKind::Diagonal(n) => {
            row += n;
            vec![multipliers.rows[row - n..row].to_vec()]
        }
    };
    problem.blocks.iter().map(&mut block).collect()
}
