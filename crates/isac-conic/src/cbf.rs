//! The Conic Benchmark Format (CBF, versions 1 to 3): a reader of continuous problems over linear,
//! quadratic and semidefinite cones.
//!
//! ```math
//! min or max  sum_j <F_j, X_j> + sum_j a_j x_j + b
//! s.t.        sum_j <F_ij, X_j> + sum_j a_ij x_j + b_i  in  K_i,     sum_j x_j H_ij + D_i >= 0
//! ```
//!
//! with symmetric `X_j >= 0` and scalars `x` in cones of their own. Of a symmetric matrix one triangle is
//! stated; an entry stated twice or in both triangles is refused, as are integers and cones that this crate
//! does not have.

use std::collections::BTreeMap;
use std::io::BufRead;

use isac_linalg::c64;

use crate::Error;
use crate::expr::{Affine, Coefficient, HermitianAffine, MatrixVar, ScalarVar};
use crate::program::Program;
use crate::sdpa::ReadError;

/// Bytes that a solve holds per entry of a dense block, see the reader of SDPA files.
const BYTES_PER_ENTRY: f64 = 240.0;

/// Bytes that a solve holds per scalar variable or row.
const BYTES_PER_SCALAR: f64 = 1000.0;

/// A problem of a file, as a program.
#[derive(Debug, Clone)]
pub struct Problem {
    /// The program, named as the file numbers things.
    pub program: Program,
    /// The matrix variables in order.
    pub matrices: Vec<MatrixVar>,
    /// The scalar variables in order, each with the sign that it has in the program: a nonpositive one
    /// is kept as its negative.
    pub scalars: Vec<(ScalarVar, f64)>,
}

/// Reads a problem.
///
/// # Errors
/// [`Error::File`] with the line, what was read, what was expected and what stands there; sizes whose
/// matrices memory does not hold.
pub fn read(reader: impl BufRead) -> Result<Problem, Error> {
    let mut lines = Lines {
        reader,
        number: 0,
        text: String::new(),
    };
    let mut file = File::default();
    while let Some(keyword) = lines.next()? {
        file.section(&keyword, &mut lines)?;
    }
    Ok(file.problem(lines.number)?)
}

fn fail(line: usize, what: &str, expected: impl Into<String>, got: &str) -> ReadError {
    ReadError {
        line,
        what: what.into(),
        expected: expected.into(),
        got: got.chars().take(60).collect(),
    }
}

/// Lines that are neither comments nor empty.
struct Lines<R> {
    reader: R,
    number: usize,
    text: String,
}

impl<R: BufRead> Lines<R> {
    /// The next line without its ends; `None` at the end of the file.
    fn next(&mut self) -> Result<Option<String>, ReadError> {
        loop {
            self.number += 1;
            let mut bytes = Vec::new();
            let read = self.reader.read_until(b'\n', &mut bytes);
            let read =
                read.map_err(|e| fail(self.number, "file", "readable bytes", &e.to_string()))?;
            if read == 0 {
                return Ok(None);
            }
            self.text = String::from_utf8_lossy(&bytes).into_owned();
            let line = self.text.trim_start_matches('\u{feff}').trim();
            if !line.is_empty() && !line.starts_with('#') {
                return Ok(Some(line.to_owned()));
            }
        }
    }

    fn need(&mut self, what: &str, expected: &str) -> Result<String, ReadError> {
        let line = self.next()?;
        line.ok_or_else(|| fail(self.number, what, expected, "end of file"))
    }

    /// The whole numbers of a line.
    fn counts<const N: usize>(&mut self, what: &str) -> Result<[usize; N], ReadError> {
        let expected = if N == 1 {
            "a whole number".to_owned()
        } else {
            format!("{N} whole numbers")
        };
        let line = self.need(what, &expected)?;
        let found: Option<Vec<usize>> = line.split_whitespace().map(|t| t.parse().ok()).collect();
        let found = found.and_then(|list| <[usize; N]>::try_from(list).ok());
        found.ok_or_else(|| fail(self.number, what, expected, &line))
    }

    /// `N` indices and a value, each index below its limit.
    fn entry<const N: usize>(
        &mut self,
        what: &str,
        limits: [(&str, usize); N],
    ) -> Result<([usize; N], f64), ReadError> {
        let names: Vec<&str> = limits.iter().map(|(name, _)| *name).collect();
        let expected = format!("`{} value`", names.join(" "));
        let line = self.need(what, &expected)?;
        let tokens: Vec<&str> = line.split_whitespace().collect();
        if tokens.len() != N + 1 {
            return Err(fail(self.number, what, expected, &line));
        }
        let mut indices = [0; N];
        for ((slot, token), (name, limit)) in indices.iter_mut().zip(&tokens).zip(limits) {
            let index = token.parse::<usize>().ok().filter(|index| *index < limit);
            *slot = index.ok_or_else(|| {
                let expected = format!("an index below {limit}");
                fail(self.number, &format!("{what}: {name}"), expected, token)
            })?;
        }
        Ok((indices, self.real(what, tokens[N])?))
    }

    fn real(&self, what: &str, token: &str) -> Result<f64, ReadError> {
        let value = token.parse::<f64>().ok().filter(|value| value.is_finite());
        value.ok_or_else(|| fail(self.number, what, "a finite number", token))
    }
}

/// A cone of scalars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Domain {
    Free,
    Nonnegative,
    Nonpositive,
    Zero,
    /// `x_0 >= |(x_1, ..)|`.
    Quadratic,
    /// `2 x_0 x_1 >= |(x_2, ..)|^2` with both nonnegative.
    Rotated,
}

impl Domain {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "F" => Self::Free,
            "L+" => Self::Nonnegative,
            "L-" => Self::Nonpositive,
            "L=" => Self::Zero,
            "Q" => Self::Quadratic,
            "QR" => Self::Rotated,
            _ => return None,
        })
    }

    /// The least size of such a cone.
    fn least(self) -> usize {
        match self {
            Self::Free | Self::Nonnegative | Self::Nonpositive | Self::Zero => 0,
            Self::Quadratic => 1,
            Self::Rotated => 2,
        }
    }
}

/// A symmetric matrix by its upper entries, each with the line it stands on.
type Symmetric = BTreeMap<(usize, usize), (f64, usize)>;

/// What a file says.
#[derive(Debug, Default)]
struct File {
    version: bool,
    maximise: Option<bool>,
    orders: Vec<usize>,
    variables: Vec<(Domain, usize)>,
    inequalities: Vec<usize>,
    rows: Vec<(Domain, usize)>,
    constant: f64,
    /// `F_j`, by `j`.
    objective_matrices: BTreeMap<usize, Symmetric>,
    objective_scalars: BTreeMap<usize, (f64, usize)>,
    /// `F_ij`, by `(i, j)`.
    row_matrices: BTreeMap<(usize, usize), Symmetric>,
    row_scalars: BTreeMap<(usize, usize), (f64, usize)>,
    row_constants: BTreeMap<usize, (f64, usize)>,
    /// `H_ij` by `(i, j)`.
    lmi_matrices: BTreeMap<(usize, usize), Symmetric>,
    lmi_constants: BTreeMap<usize, Symmetric>,
    seen: Vec<String>,
}

/// Sections that are known to the format and not to this crate.
const REFUSED: [&str; 4] = ["INT", "POWCONES", "POW*CONES", "CHANGE"];

/// Sections of entries.
const COORDINATES: [&str; 7] = [
    "OBJFCOORD",
    "OBJACOORD",
    "FCOORD",
    "ACOORD",
    "BCOORD",
    "HCOORD",
    "DCOORD",
];

fn unknown(section: &str, line: usize) -> ReadError {
    let expected =
        "a section of the format (VER, OBJSENSE, PSDVAR, VAR, PSDCON, CON, OBJ?COORD, ?COORD)";
    fail(line, "section", expected, section)
}

fn total(list: &[(Domain, usize)]) -> usize {
    list.iter().map(|(_, size)| size).sum()
}

/// Keeps an entry, which no other may repeat.
fn keep<K: Ord + Copy>(
    map: &mut BTreeMap<K, (f64, usize)>,
    key: K,
    value: f64,
    line: usize,
    what: &str,
) -> Result<(), ReadError> {
    if let Some((_, before)) = map.insert(key, (value, line)) {
        let expected = format!("every entry once, in one triangle; it stands on line {before} too");
        return Err(fail(line, what, expected, "it again"));
    }
    Ok(())
}

fn upper(k: usize, l: usize) -> (usize, usize) {
    (k.min(l), k.max(l))
}

impl File {
    fn section<R: BufRead>(&mut self, name: &str, lines: &mut Lines<R>) -> Result<(), ReadError> {
        let line = lines.number;
        if REFUSED.contains(&name) {
            let expected = "a continuous problem over linear, quadratic and semidefinite cones";
            return Err(fail(line, "section", expected, name));
        }
        if self.seen.iter().any(|seen| seen == name) {
            return Err(fail(line, "section", "every section once", name));
        }
        self.seen.push(name.to_owned());
        if !self.version && name != "VER" {
            return Err(fail(line, "section", "VER first", name));
        }
        match name {
            "VER" => {
                let [version] = lines.counts(name)?;
                if !(1..=3).contains(&version) {
                    let got = version.to_string();
                    return Err(fail(lines.number, name, "version 1, 2 or 3", &got));
                }
                self.version = true;
            }
            "OBJSENSE" => {
                let sense = lines.need(name, "MIN or MAX")?;
                self.maximise = match sense.as_str() {
                    "MIN" => Some(false),
                    "MAX" => Some(true),
                    other => return Err(fail(lines.number, name, "MIN or MAX", other)),
                };
            }
            "PSDVAR" => self.orders = orders(lines, name)?,
            "PSDCON" => self.inequalities = orders(lines, name)?,
            "VAR" => self.variables = domains(lines, name)?,
            "CON" => self.rows = domains(lines, name)?,
            "OBJBCOORD" => {
                let text = lines.need(name, "a number")?;
                self.constant = lines.real(name, &text)?;
            }
            _ => self.coordinates(name, lines)?,
        }
        Ok(())
    }

    /// A section of entries.
    fn coordinates<R: BufRead>(
        &mut self,
        name: &str,
        lines: &mut Lines<R>,
    ) -> Result<(), ReadError> {
        if !COORDINATES.contains(&name) {
            return Err(unknown(name, lines.number));
        }
        let [count] = lines.counts(name)?;
        let (matrices, scalars) = (self.orders.len(), total(&self.variables));
        let (rows, lmis) = (total(&self.rows), self.inequalities.len());
        for _ in 0..count {
            match name {
                "OBJFCOORD" => {
                    let ([j, k, l], v) = self.matrix_entry(name, lines, [("j", matrices)])?;
                    let matrix = self.objective_matrices.entry(j).or_default();
                    keep(matrix, upper(k, l), v, lines.number, name)?;
                }
                "OBJACOORD" => {
                    let ([j], v) = lines.entry(name, [("j", scalars)])?;
                    keep(&mut self.objective_scalars, j, v, lines.number, name)?;
                }
                "FCOORD" => {
                    let limits = [
                        ("i", rows),
                        ("j", matrices),
                        ("k", usize::MAX),
                        ("l", usize::MAX),
                    ];
                    let ([i, j, k, l], v) = lines.entry(name, limits)?;
                    self.inside(self.orders[j], [k, l], name, lines.number)?;
                    let matrix = self.row_matrices.entry((i, j)).or_default();
                    keep(matrix, upper(k, l), v, lines.number, name)?;
                }
                "ACOORD" => {
                    let ([i, j], v) = lines.entry(name, [("i", rows), ("j", scalars)])?;
                    keep(&mut self.row_scalars, (i, j), v, lines.number, name)?;
                }
                "BCOORD" => {
                    let ([i], v) = lines.entry(name, [("i", rows)])?;
                    keep(&mut self.row_constants, i, v, lines.number, name)?;
                }
                "HCOORD" => {
                    let limits = [
                        ("i", lmis),
                        ("j", scalars),
                        ("k", usize::MAX),
                        ("l", usize::MAX),
                    ];
                    let ([i, j, k, l], v) = lines.entry(name, limits)?;
                    self.inside(self.inequalities[i], [k, l], name, lines.number)?;
                    let matrix = self.lmi_matrices.entry((i, j)).or_default();
                    keep(matrix, upper(k, l), v, lines.number, name)?;
                }
                "DCOORD" => {
                    let limits = [("i", lmis), ("k", usize::MAX), ("l", usize::MAX)];
                    let ([i, k, l], v) = lines.entry(name, limits)?;
                    self.inside(self.inequalities[i], [k, l], name, lines.number)?;
                    let matrix = self.lmi_constants.entry(i).or_default();
                    keep(matrix, upper(k, l), v, lines.number, name)?;
                }
                other => return Err(unknown(other, lines.number)),
            }
        }
        Ok(())
    }

    /// `j k l value` of a matrix variable's coefficient.
    fn matrix_entry<R: BufRead>(
        &self,
        name: &str,
        lines: &mut Lines<R>,
        [first]: [(&str, usize); 1],
    ) -> Result<([usize; 3], f64), ReadError> {
        let limits = [first, ("k", usize::MAX), ("l", usize::MAX)];
        let (at, v) = lines.entry(name, limits)?;
        self.inside(self.orders[at[0]], [at[1], at[2]], name, lines.number)?;
        Ok((at, v))
    }

    fn inside(
        &self,
        order: usize,
        at: [usize; 2],
        name: &str,
        line: usize,
    ) -> Result<(), ReadError> {
        match at.into_iter().find(|index| *index >= order) {
            None => Ok(()),
            Some(index) => {
                let expected = format!("a row and a column below {order}");
                Err(fail(line, name, expected, &index.to_string()))
            }
        }
    }

    fn problem(self, line: usize) -> Result<Problem, ReadError> {
        if !self.version {
            return Err(fail(line, "file", "the section VER", "end of file"));
        }
        let Some(maximise) = self.maximise else {
            return Err(fail(line, "file", "the section OBJSENSE", "end of file"));
        };
        if self.orders.is_empty() && self.variables.is_empty() {
            return Err(fail(
                line,
                "file",
                "a variable (PSDVAR or VAR)",
                "end of file",
            ));
        }
        let mut program = Program::new();
        let matrices: Vec<MatrixVar> = (self.orders.iter().enumerate())
            .map(|(j, &n)| program.symmetric_psd(format!("X{j}"), n))
            .collect();
        let scalars = scalars(&mut program, &self.variables);
        let x: Vec<Affine> = scalars.iter().map(|&(x, sign)| x * sign).collect();

        let mut objective = Affine::constant(self.constant);
        for (&j, f) in &self.objective_matrices {
            objective += matrices[j].inner(coefficient(f));
        }
        for (&j, &(a, _)) in &self.objective_scalars {
            objective += x[j].clone() * a;
        }
        let mut rows = vec![Affine::default(); total(&self.rows)];
        for (&(i, j), f) in &self.row_matrices {
            rows[i] += matrices[j].inner(coefficient(f));
        }
        for (&(i, j), &(a, _)) in &self.row_scalars {
            rows[i] += x[j].clone() * a;
        }
        for (&i, &(b, _)) in &self.row_constants {
            rows[i] += Affine::constant(b);
        }
        let mut rows = rows.into_iter();
        for (index, &(domain, size)) in self.rows.iter().enumerate() {
            let members: Vec<Affine> = rows.by_ref().take(size).collect();
            impose(
                &mut program,
                &format!("constraint {index}"),
                domain,
                members,
            );
        }
        let mut lmis: Vec<HermitianAffine> = self
            .inequalities
            .iter()
            .map(|&n| HermitianAffine::zeros(n))
            .collect();
        for (&(i, j), h) in &self.lmi_matrices {
            lmis[i].add_term(x[j].clone(), coefficient(h));
        }
        for (&i, d) in &self.lmi_constants {
            lmis[i].add_term(Affine::constant(1.0), coefficient(d));
        }
        for (index, lmi) in lmis.into_iter().enumerate() {
            program.lmi(format!("matrix inequality {index}"), lmi);
        }
        if maximise {
            program.maximise(objective);
        } else {
            program.minimise(objective);
        }
        Ok(Problem {
            program,
            matrices,
            scalars,
        })
    }
}

fn coefficient(matrix: &Symmetric) -> Coefficient {
    let entries: Vec<_> = matrix
        .iter()
        .map(|(&(k, l), &(v, _))| (k, l, c64::new(v, 0.0)))
        .collect();
    Coefficient::sparse(&entries)
}

/// The variables of a list of cones.
fn scalars(program: &mut Program, list: &[(Domain, usize)]) -> Vec<(ScalarVar, f64)> {
    let mut out: Vec<(ScalarVar, f64)> = Vec::new();
    for &(domain, size) in list {
        let start = out.len();
        for _ in 0..size {
            let name = format!("x{}", out.len());
            out.push(match domain {
                Domain::Nonnegative => (program.nonneg(name), 1.0),
                Domain::Nonpositive => (program.nonneg(name), -1.0),
                Domain::Free | Domain::Zero | Domain::Quadratic | Domain::Rotated => {
                    (program.free(name), 1.0)
                }
            });
        }
        let members = || out[start..].iter().map(|&(x, _)| x.into()).collect();
        match domain {
            Domain::Free | Domain::Nonnegative | Domain::Nonpositive => {}
            Domain::Zero | Domain::Quadratic | Domain::Rotated => {
                impose(program, &format!("cone of x{start}"), domain, members());
            }
        }
    }
    out
}

/// The constraint that expressions lie in a cone.
fn impose(program: &mut Program, name: &str, domain: Domain, members: Vec<Affine>) {
    let mut members = members.into_iter();
    match domain {
        Domain::Free => {}
        Domain::Zero => members.for_each(|e| {
            program.equal(name, e, 0.0);
        }),
        Domain::Nonnegative => members.for_each(|e| {
            program.at_least(name, e, 0.0);
        }),
        Domain::Nonpositive => members.for_each(|e| {
            program.at_most(name, e, 0.0);
        }),
        Domain::Quadratic => {
            let bound = members.next().unwrap_or_default();
            program.norm_at_most(name, members.collect(), bound);
        }
        Domain::Rotated => {
            let [u, v] = [(); 2].map(|()| members.next().unwrap_or_default());
            program.squares_at_most(name, members.collect(), u * 2.0, v);
        }
    }
}

/// Orders of matrices, whose memory must be had.
fn orders<R: BufRead>(lines: &mut Lines<R>, name: &str) -> Result<Vec<usize>, ReadError> {
    let [count] = lines.counts(name)?;
    let mut out = Vec::new();
    let mut bytes = 0.0;
    for _ in 0..count {
        let [order] = lines.counts(name)?;
        bytes += (order as f64).powi(2) * BYTES_PER_ENTRY;
        if order == 0 || !crate::sdpa::fits(bytes) {
            let expected = "orders of at least 1 whose matrices memory holds";
            return Err(fail(lines.number, name, expected, &order.to_string()));
        }
        out.push(order);
    }
    Ok(out)
}

/// A list of cones: a line with the sum of the sizes and the number of cones, then a line each.
fn domains<R: BufRead>(
    lines: &mut Lines<R>,
    name: &str,
) -> Result<Vec<(Domain, usize)>, ReadError> {
    let [sum, count] = lines.counts(name)?;
    let at = lines.number;
    let mut out = Vec::new();
    let mut found = 0_usize;
    for _ in 0..count {
        let expected = "a cone (F, L+, L-, L=, Q or QR) and its size";
        let line = lines.need(name, expected)?;
        let mut tokens = line.split_whitespace();
        let domain = tokens.next().and_then(Domain::named);
        let size = tokens.next().and_then(|token| token.parse::<usize>().ok());
        let (Some(domain), Some(size), None) = (domain, size, tokens.next()) else {
            return Err(fail(lines.number, name, expected, &line));
        };
        if size < domain.least() {
            let expected = format!("a size of at least {}", domain.least());
            return Err(fail(lines.number, name, expected, &line));
        }
        found = found.saturating_add(size);
        if !crate::sdpa::fits(found as f64 * BYTES_PER_SCALAR) {
            let expected = "cones whose variables or rows memory holds";
            return Err(fail(lines.number, name, expected, &found.to_string()));
        }
        out.push((domain, size));
    }
    if found != sum {
        let expected = format!("sizes of the cones that add up to {sum}");
        return Err(fail(at, name, expected, &found.to_string()));
    }
    Ok(out)
}

#[cfg(test)]
mod tests;
