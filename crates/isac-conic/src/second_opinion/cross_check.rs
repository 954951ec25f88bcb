//! A second opinion: the same [`Program`] lowered a second time, solved by Clarabel, and judged by
//! [`certificate`](crate::certificate) like our own answers.
//!
//! The lowering shares nothing with that of the interior-point method: every Hermitian matrix
//! variable becomes its real parameters, a matrix that must be positive semidefinite a number
//! (order 1), a second-order cone (order 2) or, with the feature `clarabel-sdp`, the real symmetric
//! matrix of twice the order. It is meant for small programs; see the notes on speed in
//! `docs/decisions.md`.

use std::collections::BTreeMap;

use isac_linalg::{Mat, MatRef, c64, ops};

use super::qp::{ConeQp, Kind, Raw};
use crate::Error;
use crate::certificate;
use crate::expr::{Affine, Coefficient, Data, HermitianAffine};
use crate::outcome::{Multipliers, Options, Outcome, Point, Solution, Unknown, Why};
use crate::program::{MatrixData, Program, Sense};

/// How two outcomes relate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agreement {
    /// The same verdict and, for two points, objectives equal to `1e-6` relative or to what the points
    /// leave open between objective and multipliers.
    Same,
    /// Verdicts or objectives that exclude each other.
    Different,
    /// At least one of the two has no answer.
    Undecided,
}

/// Two answers to one program.
#[derive(Debug, Clone)]
pub struct CrossCheck {
    /// By the interior-point method of this crate.
    pub ours: Outcome,
    /// By Clarabel.
    pub theirs: Outcome,
    /// `|p - q| / max(|p|, |q|)` of the two objectives, where both have a point.
    pub difference: Option<f64>,
    /// What follows.
    pub agreement: Agreement,
}

/// Solves a program with both solvers and compares.
///
/// # Errors
/// Bad input as for [`Program::solve`]; [`Error::Backend`] for semidefinite constraints of order 3
/// or more without the feature `clarabel-sdp`.
pub fn cross_check(program: &Program, options: &Options) -> Result<CrossCheck, Error> {
    let ours = program.solve(options)?;
    let theirs = solve_by_clarabel(program, options)?;
    let (agreement, difference) = compare(&ours, &theirs);
    Ok(CrossCheck {
        ours,
        theirs,
        difference,
        agreement,
    })
}

/// How two answers to one program relate, and the relative difference of their objectives where both have
/// a point.
pub fn compare(ours: &Outcome, theirs: &Outcome) -> (Agreement, Option<f64>) {
    // What each leaves open: the distance of its own two values.
    let room = |s: &Solution| (s.objective - s.dual_objective).abs();
    let pair = ours.solution().zip(theirs.solution());
    let difference = pair.map(|(a, b)| {
        let apart = (a.objective - b.objective).abs();
        let size = a.objective.abs().max(b.objective.abs());
        let within = apart <= room(a) + room(b);
        (if apart > 0.0 { apart / size } else { 0.0 }, within)
    });
    // Neither a norm below which there is no point nor a gap contradicts another verdict.
    let open = |outcome: &Outcome| match outcome {
        Outcome::Unknown(_)
        | Outcome::NoPointBelow(_)
        | Outcome::NoMultipliersBelow(_)
        | Outcome::IllPosed(_) => true,
        Outcome::Solved(_)
        | Outcome::Inaccurate(_)
        | Outcome::Infeasible(_)
        | Outcome::Unbounded(_) => false,
    };
    let agreement = if open(ours) || open(theirs) {
        Agreement::Undecided
    } else if let Some((difference, within)) = difference {
        if difference <= 1e-6 || within {
            Agreement::Same
        } else {
            Agreement::Different
        }
    } else if ours.name() == theirs.name() {
        Agreement::Same
    } else {
        Agreement::Different
    };
    (agreement, difference.map(|(difference, _)| difference))
}

/// Solves a program with Clarabel alone; `reduce` and `form` of the options have no meaning here.
///
/// # Errors
/// As for [`cross_check`].
pub fn solve_by_clarabel(program: &Program, options: &Options) -> Result<Outcome, Error> {
    program.validate()?;
    let lowered = Lowered::of(program)?;
    let raw = super::clarabel::run(&lowered.qp, options)?;
    Ok(judge(program, &lowered, raw, options))
}

/// A parameter of a Hermitian matrix: its entry `(i, j)`, `i <= j`, real or imaginary part.
#[derive(Clone, Copy)]
struct Parameter {
    i: usize,
    j: usize,
    imaginary: bool,
}

impl Parameter {
    fn all(matrix: &MatrixData) -> Vec<Self> {
        let mut out = Vec::new();
        for j in 0..matrix.n {
            for i in 0..=j {
                out.push(Self {
                    i,
                    j,
                    imaginary: false,
                });
                if i < j && !matrix.real {
                    out.push(Self {
                        i,
                        j,
                        imaginary: true,
                    });
                }
            }
        }
        out
    }

    /// Entry `(i, j)` of the matrix that the parameter multiplies.
    fn unit(self) -> c64 {
        if self.imaginary {
            c64::new(0.0, 1.0)
        } else {
            c64::ONE
        }
    }

    /// `<C, B>` for its matrix `B`.
    fn inner(self, c: MatRef<'_, c64>) -> f64 {
        let entry = (c[(self.i, self.j)].conj() * self.unit()).re;
        if self.i == self.j { entry } else { 2.0 * entry }
    }

    /// Adds `weight T^H B T`.
    fn add_congruence(self, target: &mut Mat<c64>, weight: f64, t: MatRef<'_, c64>) {
        for b in 0..t.ncols() {
            for a in 0..t.ncols() {
                let upper = t[(self.i, a)].conj() * self.unit() * t[(self.j, b)];
                target[(a, b)] += upper * weight;
                if self.i != self.j {
                    let lower = t[(self.j, a)].conj() * self.unit().conj() * t[(self.i, b)];
                    target[(a, b)] += lower * weight;
                }
            }
        }
    }
}

/// How a Hermitian matrix is written as entries of a real cone.
#[derive(Clone, Copy)]
enum Writing {
    Number,
    /// `(a + c, a - c, 2 Re b, 2 Im b)` of `[[a, b], [conj b, c]]`.
    Cone,
    /// Upper triangle of `[[Re, -Im], [Im, Re]]`, or of the matrix itself when all data are real.
    #[cfg(feature = "clarabel-sdp")]
    Triangle {
        n: usize,
        real: bool,
    },
}

impl Writing {
    #[cfg_attr(
        not(feature = "clarabel-sdp"),
        expect(unused_variables, reason = "larger orders need the feature")
    )]
    fn of(n: usize, real: bool) -> Result<Self, Error> {
        match n {
            1 => Ok(Self::Number),
            2 => Ok(Self::Cone),
            #[cfg(feature = "clarabel-sdp")]
            n => Ok(Self::Triangle { n, real }),
            #[cfg(not(feature = "clarabel-sdp"))]
            n => Err(Error::Backend {
                message: format!(
                    "a semidefinite constraint of order {n} needs the feature clarabel-sdp"
                ),
            }),
        }
    }

    fn kind(self) -> Kind {
        match self {
            Self::Number => Kind::Nonnegative,
            Self::Cone => Kind::SecondOrder,
            #[cfg(feature = "clarabel-sdp")]
            Self::Triangle { n, real } => Kind::Semidefinite(if real { n } else { 2 * n }),
        }
    }

    fn encode(self, m: MatRef<'_, c64>) -> Vec<f64> {
        match self {
            Self::Number => vec![m[(0, 0)].re],
            Self::Cone => {
                let (a, b, c) = (m[(0, 0)].re, m[(0, 1)], m[(1, 1)].re);
                vec![a + c, a - c, 2.0 * b.re, 2.0 * b.im]
            }
            #[cfg(feature = "clarabel-sdp")]
            Self::Triangle { n, real } => {
                let entry = |i: usize, j: usize| match (i < n, j < n) {
                    (true, false) => -m[(i, j - n)].im,
                    _ => m[(i % n, j % n)].re,
                };
                let order = if real { n } else { 2 * n };
                let mut out = Vec::with_capacity(order * (order + 1) / 2);
                for j in 0..order {
                    for i in 0..j {
                        out.push(entry(i, j) * std::f64::consts::SQRT_2);
                    }
                    out.push(entry(j, j));
                }
                out
            }
        }
    }

    /// The Hermitian `U` with `<U, M> = z^T encode(M)` for all `M`.
    fn decode(self, z: &[f64]) -> Mat<c64> {
        match self {
            Self::Number => Mat::from_fn(1, 1, |_, _| c64::from(z[0])),
            Self::Cone => Mat::from_fn(2, 2, |i, j| match (i, j) {
                (0, 0) => c64::from(z[0] + z[1]),
                (1, 1) => c64::from(z[0] - z[1]),
                (0, _) => c64::new(z[2], z[3]),
                _ => c64::new(z[2], -z[3]),
            }),
            #[cfg(feature = "clarabel-sdp")]
            Self::Triangle { n, real: true } => {
                let z = super::qp::unpack(z, n);
                Mat::from_fn(n, n, |i, j| c64::from(z[(i, j)]))
            }
            #[cfg(feature = "clarabel-sdp")]
            Self::Triangle { n, real: false } => {
                let z = super::qp::unpack(z, 2 * n);
                Mat::from_fn(n, n, |i, j| {
                    c64::new(z[(i, j)] + z[(n + i, n + j)], z[(n + i, j)] - z[(i, n + j)])
                })
            }
        }
    }
}

/// A program in real parameters, and the way back.
struct Lowered {
    qp: ConeQp,
    /// First variable and parameters of every matrix.
    matrices: Vec<(usize, Vec<Parameter>)>,
    /// First row of every row, norm constraint and matrix inequality.
    rows: Vec<usize>,
    cones: Vec<usize>,
    lmis: Vec<(usize, Writing)>,
}

impl Lowered {
    fn of(program: &Program) -> Result<Self, Error> {
        let mut next = program.scalars.len();
        let matrices: Vec<(usize, Vec<Parameter>)> = program
            .matrices
            .iter()
            .map(|matrix| {
                let parameters = Parameter::all(matrix);
                let first = next;
                next += parameters.len();
                (first, parameters)
            })
            .collect();
        let mut out = Self {
            qp: ConeQp::new(vec![0.0; next]),
            matrices,
            rows: Vec::new(),
            cones: Vec::new(),
            lmis: Vec::new(),
        };
        let sign = if program.maximise { -1.0 } else { 1.0 };
        for (variable, value) in out.linear(program, &program.objective) {
            out.qp.gradient[variable] += sign * value;
        }
        out.variables(program)?;
        out.constraints(program)?;
        Ok(out)
    }

    /// Signs and cones of the variables themselves.
    fn variables(&mut self, program: &Program) -> Result<(), Error> {
        for id in (0..program.scalars.len()).filter(|&id| program.scalars[id]) {
            let row = self.qp.rhs.len();
            self.qp.push(Kind::Nonnegative, [0.0]);
            self.qp.entries.push((row, id, -1.0));
        }
        for (id, matrix) in program.matrices.iter().enumerate().filter(|(_, m)| m.psd) {
            let n = matrix.n;
            let (first, parameters) = self.matrices[id].clone();
            let unit = Mat::identity(n, n);
            let columns: Vec<(usize, Mat<c64>)> = parameters
                .iter()
                .enumerate()
                .map(|(k, parameter)| {
                    let mut b = Mat::zeros(n, n);
                    parameter.add_congruence(&mut b, 1.0, unit.as_ref());
                    (first + k, b)
                })
                .collect();
            self.semidefinite(&Mat::zeros(n, n), &columns)?;
        }
        Ok(())
    }

    fn constraints(&mut self, program: &Program) -> Result<(), Error> {
        for row in &program.rows {
            let (kind, sign) = match row.sense {
                Sense::Equal => (Kind::Zero, 1.0),
                Sense::AtMost => (Kind::Nonnegative, 1.0),
                Sense::AtLeast => (Kind::Nonnegative, -1.0),
            };
            let at = self.qp.rhs.len();
            self.rows.push(at);
            let rhs = sign * (row.rhs - row.expression.constant);
            self.qp.push(kind, [rhs]);
            for (variable, value) in self.linear(program, &row.expression) {
                self.qp.entries.push((at, variable, sign * value));
            }
        }
        for cone in &program.cones {
            let at = self.qp.rhs.len();
            self.cones.push(at);
            self.qp
                .push(Kind::SecondOrder, cone.entries.iter().map(|e| e.constant));
            for (i, entry) in cone.entries.iter().enumerate() {
                for (variable, value) in self.linear(program, entry) {
                    self.qp.entries.push((at + i, variable, -value));
                }
            }
        }
        for lmi in &program.lmis {
            let (constant, columns) = self.matrix_inequality(program, &lmi.expression);
            let written = self.semidefinite(&constant, &columns)?;
            self.lmis.push(written);
        }
        Ok(())
    }

    /// Linear part of an expression in the real parameters; variables may repeat.
    fn linear(&self, program: &Program, expression: &Affine) -> Vec<(usize, f64)> {
        let mut out = expression.scalars.clone();
        for (id, coefficient) in &expression.matrices {
            let c = dense(coefficient, program.matrices[*id].n);
            let (first, parameters) = &self.matrices[*id];
            out.extend(
                parameters
                    .iter()
                    .enumerate()
                    .map(|(k, p)| (first + k, p.inner(c.as_ref()))),
            );
        }
        out
    }

    /// Constant and coefficient of every variable in a matrix expression.
    fn matrix_inequality(
        &self,
        program: &Program,
        expression: &HermitianAffine,
    ) -> (Mat<c64>, Vec<(usize, Mat<c64>)>) {
        let n = expression.n;
        let mut constant = expression
            .constant
            .clone()
            .unwrap_or_else(|| Mat::zeros(n, n));
        let mut columns = BTreeMap::new();
        for (factor, coefficient) in &expression.terms {
            let c = dense(coefficient, n);
            ops::axpy(constant.as_mut(), factor.constant, c.as_ref());
            for (variable, value) in self.linear(program, factor) {
                let column = columns.entry(variable).or_insert_with(|| Mat::zeros(n, n));
                ops::axpy(column.as_mut(), value, c.as_ref());
            }
        }
        for (id, weight, t) in &expression.congruences {
            let (first, parameters) = &self.matrices[*id];
            for (k, parameter) in parameters.iter().enumerate() {
                let column = columns.entry(first + k).or_insert_with(|| Mat::zeros(n, n));
                parameter.add_congruence(column, *weight, t.as_ref());
            }
        }
        (constant, columns.into_iter().collect())
    }

    /// Adds `constant + sum_v x_v column_v` positive semidefinite.
    fn semidefinite(
        &mut self,
        constant: &Mat<c64>,
        columns: &[(usize, Mat<c64>)],
    ) -> Result<(usize, Writing), Error> {
        let n = constant.nrows();
        let is_real = |m: &Mat<c64>| (0..n).all(|j| (0..n).all(|i| m[(i, j)].im == 0.0));
        let real = is_real(constant) && columns.iter().all(|(_, m)| is_real(m));
        let writing = Writing::of(n, real)?;
        let at = self.qp.rhs.len();
        self.qp
            .push(writing.kind(), writing.encode(constant.as_ref()));
        for (variable, column) in columns {
            for (i, value) in writing.encode(column.as_ref()).into_iter().enumerate() {
                if value != 0.0 {
                    self.qp.entries.push((at + i, *variable, -value));
                }
            }
        }
        Ok((at, writing))
    }

    fn point(&self, program: &Program, x: &[f64]) -> Point {
        let matrices = self
            .matrices
            .iter()
            .zip(&program.matrices)
            .map(|((first, parameters), data)| {
                let mut m = Mat::zeros(data.n, data.n);
                for (k, p) in parameters.iter().enumerate() {
                    let value = p.unit() * x[first + k];
                    m[(p.i, p.j)] += value;
                    if p.i != p.j {
                        m[(p.j, p.i)] += value.conj();
                    }
                }
                m.into()
            })
            .collect();
        Point {
            scalars: x[..program.scalars.len()].to_vec(),
            matrices,
            tags: program.lineage.tags().clone(),
        }
    }

    /// In the signs of [`Multipliers`].
    fn multipliers(&self, program: &Program, z: &[f64]) -> Multipliers {
        Multipliers {
            rows: self
                .rows
                .iter()
                .zip(&program.rows)
                .map(|(&at, row)| {
                    if row.sense == Sense::AtLeast {
                        z[at]
                    } else {
                        -z[at]
                    }
                })
                .collect(),
            cones: self
                .cones
                .iter()
                .zip(&program.cones)
                .map(|(&at, cone)| z[at..at + cone.entries.len()].to_vec())
                .collect(),
            lmis: self
                .lmis
                .iter()
                .map(|&(at, writing)| writing.decode(&z[at..]))
                .collect(),
            tags: program.lineage.tags().clone(),
        }
    }
}

/// All entries of a coefficient of order `n`.
fn dense(coefficient: &Coefficient, n: usize) -> Mat<c64> {
    let spread = |m: &mut Mat<c64>, entries: &[(usize, usize, c64)]| {
        for &(i, j, value) in entries {
            m[(i, j)] += value;
            if i != j {
                m[(j, i)] += value.conj();
            }
        }
    };
    let mut out = match &coefficient.data {
        Data::Identity => Mat::identity(n, n),
        Data::Dense(a) => a.as_ref().clone(),
        Data::Sparse(entries) => {
            let mut m = Mat::zeros(n, n);
            spread(&mut m, entries);
            m
        }
        Data::Factor { vectors, core } => {
            let v: MatRef<'_, c64> = vectors.as_ref().as_ref();
            let mut b = Mat::zeros(v.ncols(), v.ncols());
            spread(&mut b, core);
            ops::mul_adjoint(ops::mul(v, b.as_ref()).as_ref(), v)
        }
    };
    ops::scale(out.as_mut(), coefficient.weight);
    out
}

fn judge(program: &Program, lowered: &Lowered, raw: Raw, options: &Options) -> Outcome {
    let Raw {
        x,
        z,
        iterations,
        why,
    } = raw;
    if !x.iter().chain(&z).all(|v| v.is_finite()) {
        return Outcome::Unknown(Unknown {
            why: Why::Numerical,
            last: None,
        });
    }
    let point = lowered.point(program, &x);
    let multipliers = lowered.multipliers(program, &z);
    let report = certificate::report(program, &point, &multipliers);
    let sign = if program.maximise { -1.0 } else { 1.0 };
    let solution = Solution {
        point: point.clone(),
        multipliers: multipliers.clone(),
        objective: sign * report.primal,
        dual_objective: sign * report.dual,
        dimacs: report.dimacs,
        bound: report.bound.map(|bound| sign * bound),
        iterations,
        reductions: Vec::new(),
        maximised: program.maximise,
    };
    let worst = report.dimacs.worst();
    if worst <= options.accept.max(10.0 * options.tolerance) {
        return Outcome::Solved(solution);
    }
    let excluded = certificate::excluded(program, multipliers, iterations, options)
        .or_else(|| certificate::unlimited(program, point, iterations, options));
    if let Some(outcome) = excluded {
        return outcome;
    }
    if worst <= options.accept_inaccurate {
        return Outcome::Inaccurate(solution);
    }
    Outcome::Unknown(Unknown {
        why,
        last: Some(Box::new(solution)),
    })
}
