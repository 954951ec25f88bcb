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
    /// `i <= j`. Repeated entries add up.
    pub entries: Vec<(usize, usize, usize, usize, f64)>,
}

fn fail(line: usize, what: &str, expected: impl Into<String>, got: &str) -> ReadError {
    ReadError {
        line,
        what: what.into(),
        expected: expected.into(),
        got: got.chars().take(60).collect(),
    }
}

/// Separators that files use around numbers.
fn is_separator(c: char) -> bool {
    c.is_whitespace() || matches!(c, ',' | '(' | ')' | '{' | '}')
}

fn tokens(text: &str) -> impl Iterator<Item = &str> {
    text.split(is_separator).filter(|token| !token.is_empty())
}

fn number(line: usize, what: &str, token: &str) -> Result<f64, ReadError> {
    match token.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value),
        _ => Err(fail(line, what, "a finite number", token)),
    }
}

fn index(
    line: usize,
    what: &str,
    token: &str,
    low: usize,
    high: usize,
) -> Result<usize, ReadError> {
    match token.parse::<usize>() {
        Ok(value) if (low..=high).contains(&value) => Ok(value),
        _ => Err(fail(
            line,
            what,
            format!("an integer in {low}..={high}"),
            token,
        )),
    }
}

/// Lines that are neither comments nor empty, with their numbers.
struct Lines<R> {
    reader: R,
    line: usize,
    text: String,
}

impl<R: BufRead> Lines<R> {
    /// Moves to the next line; false at the end of the file.
    fn advance(&mut self) -> Result<bool, ReadError> {
        loop {
            self.text.clear();
            self.line += 1;
            let read = self.reader.read_line(&mut self.text);
            let read = read.map_err(|e| fail(self.line, "file", "text", &e.to_string()))?;
            if read == 0 {
                return Ok(false);
            }
            let text = self.text.trim_start();
            if !text.trim().is_empty() && !text.starts_with(['"', '*']) {
                return Ok(true);
            }
        }
    }

    fn need(&mut self, what: &str, expected: &str) -> Result<(), ReadError> {
        if self.advance()? {
            return Ok(());
        }
        Err(fail(self.line, what, expected, "end of file"))
    }

    fn count(&mut self, what: &str) -> Result<usize, ReadError> {
        self.need(what, "a positive integer")?;
        let token = tokens(&self.text).next().unwrap_or("");
        match token.parse::<usize>() {
            Ok(value) if value > 0 => Ok(value),
            _ => Err(fail(self.line, what, "a positive integer", token)),
        }
    }
}

/// Reads a problem.
///
/// # Errors
/// [`Error::Sdpa`] with the line and what was expected there; reading errors as well.
pub fn read(reader: impl BufRead) -> Result<Problem, Error> {
    Ok(parse(reader)?)
}

fn parse(reader: impl BufRead) -> Result<Problem, ReadError> {
    let mut lines = Lines {
        reader,
        line: 0,
        text: String::new(),
    };
    let variables = lines.count("number of variables")?;
    let count = lines.count("number of blocks")?;
    let mut blocks = Vec::new();
    while blocks.len() < count {
        lines.need("block sizes", &format!("{count} integers"))?;
        for token in tokens(&lines.text) {
            if blocks.len() == count {
                break; // What follows on the line is a remark.
            }
            let size = token.trim_start_matches('+').parse::<i64>();
            blocks.push(match size {
                Ok(n) if n > 0 => BlockKind::Matrix(n as usize),
                Ok(n) if n < 0 => BlockKind::Diagonal(n.unsigned_abs() as usize),
                _ => return Err(fail(lines.line, "block sizes", "a nonzero integer", token)),
            });
        }
    }
    let mut c = Vec::new();
    while c.len() < variables {
        lines.need("objective", &format!("{variables} numbers"))?;
        for token in tokens(&lines.text) {
            if c.len() == variables {
                break;
            }
            c.push(number(lines.line, "objective", token)?);
        }
    }
    let mut entries = Vec::new();
    while lines.advance()? {
        let at = lines.line;
        let found: Vec<&str> = tokens(&lines.text).collect();
        let [matrix, block, i, j, value, ..] = found[..] else {
            let expected = "`matrix block row column value`";
            return Err(fail(at, "entry", expected, lines.text.trim()));
        };
        let matrix = index(at, "matrix", matrix, 0, variables)?;
        let block = index(at, "block", block, 1, count)? - 1;
        let (BlockKind::Matrix(n) | BlockKind::Diagonal(n)) = blocks[block];
        let row = index(at, "row", i, 1, n)? - 1;
        let column = index(at, "column", j, 1, n)? - 1;
        if row != column && matches!(blocks[block], BlockKind::Diagonal(_)) {
            return Err(fail(at, "column", "the row, as the block is diagonal", j));
        }
        let value = number(at, "value", value)?;
        if value != 0.0 {
            entries.push((matrix, block, row.min(column), row.max(column), value));
        }
    }
    Ok(Problem { c, blocks, entries })
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
mod tests {
    use super::*;

    const GOOD: &str = "\"a comment\n 2 =mdim\n2 =nblocks\n{2, -2}\n{1.0,\n 2.0}\n\
                        0 1 1 1 1.0\n1 1 1 1 1\n2 1 2 2 1\n0 1 1 2 0.5\n1 2 1 1 1.0\n2 2 2 2 1.0\n";

    fn error(text: &str) -> ReadError {
        match read(text.as_bytes()) {
            Err(Error::Sdpa(error)) => error,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn reads_and_solves() {
        let problem = read(GOOD.as_bytes()).unwrap();
        assert_eq!(problem.c, [1.0, 2.0]);
        assert_eq!(
            problem.blocks,
            [BlockKind::Matrix(2), BlockKind::Diagonal(2)]
        );
        assert_eq!(problem.entries.len(), 6);
        // [x1 - 1, -1/2; ., x2] >= 0, x >= 0: (x1 - 1) x2 >= 1/4, least x1 + 2 x2 is 1 + sqrt 2.
        let outcome = problem.solve(&Options::default()).unwrap();
        let value = outcome.solution().unwrap().objective;
        assert!((value - 1.0 - 2.0_f64.sqrt()).abs() < 1e-7);
    }

    #[test]
    fn malformed_files_name_the_line() {
        let replaced = |from: &str, to: &str| error(&GOOD.replacen(from, to, 1));
        assert_eq!(replaced("2 =mdim", "none").line, 2);
        assert_eq!(replaced("{2, -2}", "{2, 0}").line, 4);
        assert_eq!(replaced("2.0}", "x}").line, 6);
        assert_eq!(replaced("0 1 1 1 1.0", "0 1 1 1 nan").line, 7);
        assert_eq!(replaced("1 1 1 1 1\n", "3 1 1 1 1\n").line, 8);
        assert_eq!(replaced("2 1 2 2 1\n", "2 1 3 2 1\n").line, 9);
        assert_eq!(replaced("0 1 1 2 0.5", "0 1 1 2").line, 10);
        assert_eq!(replaced("1 2 1 1 1.0", "1 2 1 2 1.0").line, 11);
        let early = error("3\n1\n2\n1 2\n");
        assert!(early.line == 5 && early.got == "end of file");
    }
}
