//! A program as one of two standard forms, and solutions of those as points of the program.
//!
//! *Primal*: matrix variables and scalars are the cone variables; inequalities, norm constraints
//! and matrix inequalities get slack variables tied by rows. *Dual*: every coordinate of every
//! variable is a multiplier `y` and every constraint a cone `c - A^T y in K`.

use std::sync::Arc;

use isac_linalg::{Mat, c64};

use super::expr::{Affine, Coefficient, Data, HermitianAffine};
use super::gather::{self, Gather};
use super::ipm::{Column, Run, Standard};
use super::outcome::{Form, Multipliers, Point};
use super::program::{MatrixData, Program, Sense};

/// A lowered program.
pub(super) struct Lowered {
    pub(super) standard: Standard,
    pub(super) form: Form,
}

fn coordinates(data: &MatrixData) -> usize {
    if data.real {
        data.n * (data.n + 1) / 2
    } else {
        data.n * data.n
    }
}

fn sign(program: &Program) -> f64 {
    if program.maximise { -1.0 } else { 1.0 }
}

/// Picks the form with the smaller operation count of one iteration.
pub(super) fn choose(program: &Program) -> Form {
    let lmi_rows: usize = program.lmis.iter().map(|l| l.expression.n.pow(2)).sum();
    let cone_rows: usize = program.cones.iter().map(|c| c.entries.len()).sum();
    let primal_rows = program.rows.len() + lmi_rows + cone_rows;
    let loose: usize = program
        .matrices
        .iter()
        .filter(|m| !m.psd)
        .map(coordinates)
        .sum::<usize>()
        + program.scalars.iter().filter(|nonneg| !**nonneg).count();
    let dual_rows = program.scalars.len() + program.matrices.iter().map(coordinates).sum::<usize>();
    let equalities = program
        .rows
        .iter()
        .filter(|r| r.sense == Sense::Equal)
        .count();
    let cost = |rows: usize, free: usize| {
        let (m, f) = (rows as f64, free as f64);
        m.powi(3) / 3.0 + 2.0 * m * m * f + m * f * f
    };
    if cost(primal_rows, loose) <= cost(dual_rows, equalities) {
        Form::Primal
    } else {
        Form::Dual
    }
}

pub(super) fn lower(program: &Program, form: Form) -> Lowered {
    let standard = match form {
        Form::Dual => Dual::new(program).finish(),
        _ => Primal::new(program).finish(),
    };
    Lowered { standard, form }
}

/// Sums repeated rows of a column and drops what cancels.
fn tidy(mut column: Column) -> Column {
    column.a.sort_by_key(|&(i, _)| i);
    let mut out: Vec<(usize, f64, f64)> = Vec::with_capacity(column.a.len());
    for (i, a) in column.a {
        match out.last_mut() {
            Some(last) if last.0 == i => {
                last.1 += a;
                last.2 += a.abs();
            }
            _ => out.push((i, a, a.abs())),
        }
    }
    let kept = out.into_iter().filter(|e| e.1.abs() > 1e-15 * e.2);
    Column {
        c: column.c,
        a: kept.map(|e| (e.0, e.1)).collect(),
    }
}

// ---------------------------------------------------------------- primal form

/// Where a variable of the program lives in the primal form.
struct Primal<'a> {
    program: &'a Program,
    out: Standard,
    gathers: Vec<Gather>,
    /// Block of each semidefinite matrix, first free column of each other one.
    matrix_place: Vec<usize>,
    /// Position of a scalar among the nonnegative or the free ones.
    scalar_place: Vec<usize>,
}

impl<'a> Primal<'a> {
    fn new(program: &'a Program) -> Self {
        let mut this = Self {
            program,
            out: Standard::default(),
            gathers: Vec::new(),
            matrix_place: Vec::new(),
            scalar_place: Vec::new(),
        };
        for &nonneg in &program.scalars {
            let list = if nonneg {
                &mut this.out.linear
            } else {
                &mut this.out.free
            };
            this.scalar_place.push(list.len());
            list.push(Column::default());
        }
        for data in &program.matrices {
            if data.psd {
                this.matrix_place.push(this.gathers.len());
                this.gathers.push(Gather::new(data.n, data.real));
            } else {
                this.matrix_place.push(this.out.free.len());
                let count = this.out.free.len() + coordinates(data);
                this.out.free.resize(count, Column::default());
            }
        }
        this
    }

    /// Adds `factor * expression` (without its constant) to a row or the objective.
    fn add(&mut self, target: Option<usize>, factor: f64, expression: &Affine) {
        let put = |column: &mut Column, value: f64| match target {
            None => column.c += value,
            Some(row) => column.a.push((row, value)),
        };
        for &(id, c) in &expression.scalars {
            let list = if self.program.scalars[id] {
                &mut self.out.linear
            } else {
                &mut self.out.free
            };
            put(&mut list[self.scalar_place[id]], factor * c);
        }
        for (id, coefficient) in &expression.matrices {
            self.add_matrix(target, factor, *id, coefficient);
        }
    }

    fn add_matrix(&mut self, target: Option<usize>, factor: f64, id: usize, a: &Coefficient) {
        let data = &self.program.matrices[id];
        if data.psd {
            self.gathers[self.matrix_place[id]].add(target, factor, a);
            return;
        }
        for (k, value) in gather::basis_products(a, data.n, data.real) {
            let column = &mut self.out.free[self.matrix_place[id] + k];
            match target {
                None => column.c += factor * value,
                Some(row) => column.a.push((row, factor * value)),
            }
        }
    }

    fn row(&mut self, rhs: f64) -> usize {
        self.out.b.push(rhs);
        self.out.b.len() - 1
    }

    fn finish(mut self) -> Standard {
        let program = self.program;
        self.add(None, sign(program), &program.objective);
        for data in &program.rows {
            let row = self.row(data.rhs);
            self.add(Some(row), 1.0, &data.expression);
            let slack = match data.sense {
                Sense::Equal => continue,
                Sense::AtLeast => -1.0,
                Sense::AtMost => 1.0,
            };
            self.out.linear.push(Column {
                c: 0.0,
                a: vec![(row, slack)],
            });
        }
        for cone in &program.cones {
            let mut columns = Vec::with_capacity(cone.entries.len());
            for entry in &cone.entries {
                let row = self.row(-entry.constant);
                self.add(Some(row), 1.0, entry);
                columns.push(Column {
                    c: 0.0,
                    a: vec![(row, -1.0)],
                });
            }
            self.out.cones.push(columns);
        }
        for lmi in &program.lmis {
            self.lmi(&lmi.expression);
        }
        let mut out = self.out;
        out.matrices = self.gathers.into_iter().map(Gather::finish).collect();
        out.linear = out.linear.into_iter().map(tidy).collect();
        out.free = out.free.into_iter().map(tidy).collect();
        out
    }

    /// A slack block and one row per real coordinate of the inequality.
    fn lmi(&mut self, expression: &HermitianAffine) {
        let n = expression.n;
        let real = is_real(self.program, expression);
        let block = self.gathers.len();
        self.gathers.push(Gather::new(n, real));
        let constant = constant_of(expression);
        let terms: Vec<(&Affine, Mat<c64>)> = expression
            .terms
            .iter()
            .map(|(affine, coefficient)| (affine, gather::dense(coefficient, n)))
            .collect();
        let shared: Vec<_> = expression
            .congruences
            .iter()
            .map(|(id, weight, t)| (*id, *weight, Arc::new(t.clone())))
            .collect();
        for j in 0..n {
            for i in 0..=j {
                for unit in [c64::ONE, c64::I] {
                    if unit == c64::I && (real || i == j) {
                        continue;
                    }
                    // The coordinate Re(conj(unit) F_ij).
                    let part = |z: c64| (unit.conj() * z).re;
                    let row = self.row(-part(constant[(i, j)]));
                    for (affine, f) in &terms {
                        let factor = part(f[(i, j)]);
                        if factor != 0.0 {
                            self.add(Some(row), factor, affine);
                        }
                    }
                    let entry = if i == j { c64::ONE } else { unit * 0.5 };
                    for (id, weight, t) in &shared {
                        let cross = Coefficient {
                            data: Data::Factor {
                                vectors: Arc::clone(t),
                                core: Arc::new([(i, j, entry)]),
                            },
                            weight: 1.0,
                        };
                        self.add_matrix(Some(row), *weight, *id, &cross);
                    }
                    let slack = Coefficient::sparse(&[(i, j, entry)]);
                    self.gathers[block].add(Some(row), -1.0, &slack);
                }
            }
        }
    }
}

fn constant_of(expression: &HermitianAffine) -> Mat<c64> {
    let n = expression.n;
    let mut out = expression
        .constant
        .clone()
        .unwrap_or_else(|| Mat::zeros(n, n));
    for (affine, coefficient) in &expression.terms {
        if affine.constant != 0.0 {
            let f = gather::dense(coefficient, n);
            isac_linalg::ops::axpy(out.as_mut(), affine.constant, f.as_ref());
        }
    }
    out
}

/// Whether a matrix inequality is real for every value of the variables.
fn is_real(program: &Program, expression: &HermitianAffine) -> bool {
    let n = expression.n;
    let real = |a: &Mat<c64>| (0..a.ncols()).all(|j| a.col_as_slice(j).iter().all(|v| v.im == 0.0));
    expression.constant.as_ref().is_none_or(real)
        && expression.terms.iter().all(|(_, coefficient)| {
            let entries = gather::upper(coefficient, n);
            entries.iter().all(|e| e.0 == e.1 || e.2.im == 0.0)
        })
        && expression
            .congruences
            .iter()
            .all(|(id, _, t)| program.matrices[*id].real && real(t))
}

// ---------------------------------------------------------------- dual form

struct Dual<'a> {
    program: &'a Program,
    out: Standard,
    /// First row of each matrix variable's coordinates.
    first: Vec<usize>,
}

impl<'a> Dual<'a> {
    fn new(program: &'a Program) -> Self {
        let mut rows = program.scalars.len();
        let mut first = Vec::new();
        for data in &program.matrices {
            first.push(rows);
            rows += coordinates(data);
        }
        let out = Standard {
            b: vec![0.0; rows],
            ..Standard::default()
        };
        Self {
            program,
            out,
            first,
        }
    }

    /// The expression as coefficients of the rows.
    fn linear(&self, expression: &Affine) -> Vec<(usize, f64)> {
        let mut out = expression.scalars.clone();
        for (id, coefficient) in &expression.matrices {
            let data = &self.program.matrices[*id];
            for (k, value) in gather::basis_products(coefficient, data.n, data.real) {
                out.push((self.first[*id] + k, value));
            }
        }
        out
    }

    /// The column of the cone entry `constant + factor (expression)`.
    fn column(&self, expression: &Affine, constant: f64, factor: f64) -> Column {
        let entries = self.linear(expression);
        tidy(Column {
            c: constant,
            a: entries.into_iter().map(|(i, a)| (i, -factor * a)).collect(),
        })
    }

    fn finish(mut self) -> Standard {
        let program = self.program;
        for (i, value) in self.linear(&program.objective) {
            self.out.b[i] -= sign(program) * value;
        }
        for data in &program.rows {
            let factor = match data.sense {
                Sense::Equal => {
                    let column = tidy(Column {
                        c: data.rhs,
                        a: self.linear(&data.expression),
                    });
                    self.out.free.push(column);
                    continue;
                }
                Sense::AtLeast => 1.0,
                Sense::AtMost => -1.0,
            };
            let column = self.column(&data.expression, -factor * data.rhs, factor);
            self.out.linear.push(column);
        }
        for (id, &nonneg) in program.scalars.iter().enumerate() {
            if nonneg {
                self.out.linear.push(Column {
                    c: 0.0,
                    a: vec![(id, -1.0)],
                });
            }
        }
        for cone in &program.cones {
            let columns = cone.entries.iter();
            let columns = columns.map(|e| self.column(e, e.constant, 1.0)).collect();
            self.out.cones.push(columns);
        }
        for (id, data) in program.matrices.iter().enumerate() {
            if data.psd {
                let mut gather = Gather::new(data.n, data.real);
                for (k, entry) in gather::basis(data.n, data.real).into_iter().enumerate() {
                    gather.add(
                        Some(self.first[id] + k),
                        -1.0,
                        &Coefficient::sparse(&[entry]),
                    );
                }
                self.out.matrices.push(gather.finish());
            }
        }
        for lmi in &program.lmis {
            let block = self.lmi(&lmi.expression);
            self.out.matrices.push(block);
        }
        self.out
    }

    fn lmi(&self, expression: &HermitianAffine) -> super::ipm::Matrices {
        let program = self.program;
        let mut gather = Gather::new(expression.n, is_real(program, expression));
        if let Some(constant) = &expression.constant {
            gather.add(None, 1.0, &Coefficient::dense(constant.clone()));
        }
        for (affine, coefficient) in &expression.terms {
            gather.add(None, affine.constant, coefficient);
            for (row, value) in self.linear(affine) {
                gather.add(Some(row), -value, coefficient);
            }
        }
        for (id, weight, t) in &expression.congruences {
            let data = &program.matrices[*id];
            let adjoint = Mat::from_fn(t.ncols(), t.nrows(), |i, j| t[(j, i)].conj());
            let vectors = Arc::new(adjoint);
            for (k, entry) in gather::basis(data.n, data.real).into_iter().enumerate() {
                let coefficient = Coefficient {
                    data: Data::Factor {
                        vectors: Arc::clone(&vectors),
                        core: Arc::new([entry]),
                    },
                    weight: 1.0,
                };
                gather.add(Some(self.first[*id] + k), -weight, &coefficient);
            }
        }
        gather.finish()
    }
}

// ---------------------------------------------------------------- back

/// The run's values of the program's variables.
pub(super) fn point(program: &Program, form: Form, run: &Run) -> Point {
    let mut out = Point {
        tags: program.lineage.tags().clone(),
        ..Point::default()
    };
    let (mut nonneg, mut free, mut psd) = (0, 0, 0);
    let mut row = program.scalars.len();
    for (id, &is_nonneg) in program.scalars.iter().enumerate() {
        out.scalars.push(match (form, is_nonneg) {
            (Form::Dual, _) => run.y[id],
            (_, true) => {
                nonneg += 1;
                run.linear.0[nonneg - 1]
            }
            (_, false) => {
                free += 1;
                run.free[free - 1]
            }
        });
    }
    for data in &program.matrices {
        let count = coordinates(data);
        let value = if form == Form::Dual {
            row += count;
            gather::from_basis(data.n, data.real, &run.y[row - count..row])
        } else if data.psd {
            psd += 1;
            run.matrices[psd - 1].0.clone()
        } else {
            free += count;
            gather::from_basis(data.n, data.real, &run.free[free - count..free])
        };
        out.matrices.push(value.into());
    }
    out
}

/// The run's multipliers of the program's constraints.
pub(super) fn multipliers(program: &Program, form: Form, run: &Run) -> Multipliers {
    let mut out = Multipliers {
        tags: program.lineage.tags().clone(),
        ..Multipliers::default()
    };
    let psd = program.matrices.iter().filter(|m| m.psd).count();
    let dual = form == Form::Dual;
    let (mut inequality, mut equality) = (0, 0);
    for (row, data) in program.rows.iter().enumerate() {
        out.rows.push(match (dual, data.sense) {
            // The sign that rounding of the other multipliers may cost is part of the slack's own.
            (false, Sense::Equal) => run.y[row],
            (false, Sense::AtLeast) => run.y[row].max(0.0),
            (false, Sense::AtMost) => run.y[row].min(0.0),
            (true, Sense::Equal) => {
                equality += 1;
                -run.free[equality - 1]
            }
            (true, sense) => {
                inequality += 1;
                let value = run.linear.0[inequality - 1];
                if sense == Sense::AtLeast {
                    value
                } else {
                    -value
                }
            }
        });
    }
    for lmi in 0..program.lmis.len() {
        let (x, s) = &run.matrices[psd + lmi];
        out.lmis.push(if dual { x.clone() } else { s.clone() });
    }
    for (x, s) in &run.cones {
        out.cones.push(if dual { x.clone() } else { s.clone() });
    }
    out
}
