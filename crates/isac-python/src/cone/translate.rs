//! The program in the engine's terms, and its answers back.

use std::collections::BTreeMap;

use isac_conic::{
    Affine, Coefficient, Cone, Error, HermitianAffine, Lmi, MatrixVar, Program, Row, ScalarVar,
    Solution,
};
use isac_linalg::{Mat, c64, ops};

use super::data::{Block, Cones, Form, Given, Role};
use super::factors::{low_rank, proportional};

/// What became of a semidefinite block.
pub(super) enum Cast {
    Variable(MatrixVar),
    Inequality(Lmi),
}

/// The program in the engine's terms, with the way back.
pub(super) struct Translated<'a> {
    pub(super) given: &'a Given,
    pub(super) program: Program,
    pub(super) roles: Vec<Role>,
    pub(super) scalars: Vec<Option<ScalarVar>>,
    pub(super) blocks: Vec<(Block<'a>, Option<Cast>)>,
    pub(super) rows: Vec<(usize, Row)>,
    pub(super) cones: Vec<(usize, Cone)>,
    /// Factored coefficients: neighbours in a row mostly share theirs up to a factor.
    pub(super) factored: Vec<(Mat<c64>, Option<Coefficient>)>,
}

impl<'a> Translated<'a> {
    pub(super) fn new(given: &'a Given) -> Self {
        let mut out = Self {
            given,
            program: Program::new(),
            roles: vec![Role::Free; given.c.len()],
            scalars: Vec::new(),
            blocks: Vec::new(),
            rows: Vec::new(),
            cones: Vec::new(),
            factored: Vec::new(),
        };
        out.variables();
        let objective = given.c.iter().copied().enumerate();
        let objective = out.affine(0.0, objective.filter(|(_, value)| *value != 0.0));
        out.program.minimise(objective);
        out.constraints();
        out
    }

    /// Finds out what every variable is.
    pub(super) fn variables(&mut self) {
        let given = self.given;
        let Cones { zero, nonneg, .. } = given.cones;
        let mut first = zero + nonneg + given.cones.soc.iter().sum::<usize>();
        for (number, &order) in given.cones.psd.iter().enumerate() {
            let block = Block::new(given, first, order);
            first += order * order;
            let mut cast = None;
            if let Some(places) = block.variable(&self.roles) {
                for (column, place) in places {
                    self.roles[column] = Role::Entry(super::data::Place {
                        block: number,
                        ..place
                    });
                }
                let name = format!("X{number}");
                cast = Some(Cast::Variable(if block.is_real() {
                    self.program.symmetric_psd(name, block.order)
                } else {
                    self.program.psd(name, block.order)
                }));
            }
            self.blocks.push((block, cast));
        }
        for row in zero..zero + nonneg {
            if let Some((column, factor)) = given.form(row).single()
                && matches!(self.roles[column], Role::Free)
            {
                let sign = factor.signum();
                self.roles[column] = Role::Signed { sign, row };
            }
        }
        for (column, role) in self.roles.iter().enumerate() {
            let name = format!("x{column}");
            self.scalars.push(match role {
                Role::Free => Some(self.program.free(name)),
                Role::Signed { .. } => Some(self.program.nonneg(name)),
                Role::Entry(_) => None,
            });
        }
    }

    pub(super) fn constraints(&mut self) {
        let given = self.given;
        let Cones { zero, nonneg, .. } = given.cones;
        for row in 0..zero + nonneg {
            let sign = given.form(row).single();
            let sign = sign.is_some_and(|(column, _)| {
                matches!(self.roles[column], Role::Signed { row: own, .. } if own == row)
            });
            if sign {
                continue;
            }
            let (name, slack) = (format!("row {row}"), self.slack(&given.form(row)));
            let handle = if row < zero {
                self.program.equal(name, slack, 0.0)
            } else {
                self.program.at_least(name, slack, 0.0)
            };
            self.rows.push((row, handle));
        }
        let mut first = zero + nonneg;
        for (number, &size) in given.cones.soc.iter().enumerate() {
            let mut forms = (first..first + size).map(|row| self.slack(&given.form(row)));
            let bound = forms.next().unwrap_or_default();
            let parts: Vec<Affine> = forms.collect();
            if parts.is_empty() {
                let row = self.program.at_least(format!("cone {number}"), bound, 0.0);
                self.rows.push((first, row));
            } else {
                let name = format!("cone {number}");
                let cone = self.program.norm_at_most(name, parts, bound);
                self.cones.push((first, cone));
            }
            first += size;
        }
        for number in 0..self.blocks.len() {
            if self.blocks[number].1.is_none() && self.blocks[number].0.order > 0 {
                let expression = self.inequality(number);
                let lmi = self.program.lmi(format!("block {number}"), expression);
                self.blocks[number].1 = Some(Cast::Inequality(lmi));
            }
        }
    }

    pub(super) fn slack(&mut self, form: &Form<'_>) -> Affine {
        let entries = form.entries.iter().map(|&(column, value)| (column, -value));
        self.affine(form.constant, entries)
    }

    /// A block as the left side of a matrix inequality: a coefficient matrix per variable.
    pub(super) fn inequality(&self, number: usize) -> HermitianAffine {
        let block = &self.blocks[number].0;
        let mut constant = Mat::<c64>::zeros(block.order, block.order);
        let mut columns: BTreeMap<usize, Vec<(usize, usize, c64)>> = BTreeMap::new();
        for &(i, j, ref re, ref im) in &block.entries {
            let value = c64::new(re.constant, im.constant);
            constant[(i, j)] = value;
            constant[(j, i)] = value.conj();
            for (form, unit) in [(re, c64::ONE), (im, c64::I)] {
                for &(column, value) in form.entries.iter() {
                    let list = columns.entry(column).or_default();
                    list.push((i, j, unit * -value));
                }
            }
        }
        let mut expression = HermitianAffine::constant(constant);
        for (column, entries) in columns {
            expression.add_term(self.one(column), Coefficient::sparse(&entries));
        }
        expression
    }

    /// A variable alone.
    pub(super) fn one(&self, column: usize) -> Affine {
        match self.roles[column] {
            Role::Entry(place) => {
                let entry = [place.coefficient(1.0)];
                self.matrix(place.block).inner(Coefficient::sparse(&entry))
            }
            Role::Signed { sign, .. } => self.scalar(column) * sign,
            Role::Free => self.scalar(column),
        }
    }

    pub(super) fn scalar(&self, column: usize) -> Affine {
        self.scalars[column].map_or_else(Affine::default, Affine::from)
    }

    pub(super) fn matrix(&self, block: usize) -> MatrixVar {
        match self.blocks[block].1 {
            Some(Cast::Variable(variable)) => variable,
            Some(Cast::Inequality(_)) | None => unreachable!("entries belong to matrix variables"),
        }
    }

    pub(super) fn affine(
        &mut self,
        constant: f64,
        entries: impl Iterator<Item = (usize, f64)>,
    ) -> Affine {
        let mut out = Affine::constant(constant);
        let mut matrices: BTreeMap<usize, Vec<(usize, usize, c64)>> = BTreeMap::new();
        for (column, value) in entries {
            match self.roles[column] {
                Role::Entry(place) => {
                    let list = matrices.entry(place.block).or_default();
                    list.push(place.coefficient(value));
                }
                Role::Signed { sign, .. } => out += self.scalar(column) * (sign * value),
                Role::Free => out += self.scalar(column) * value,
            }
        }
        for (block, upper) in matrices {
            let variable = self.matrix(block);
            let coefficient = self.coefficient(variable.order(), &upper);
            out += variable.inner(coefficient);
        }
        out
    }

    /// A coefficient in the form that shows its span: identity, few vectors, or its entries.
    pub(super) fn coefficient(&mut self, n: usize, upper: &[(usize, usize, c64)]) -> Coefficient {
        let diagonal = upper.iter().all(|&(i, j, _)| i == j);
        if diagonal && upper.len() == n && upper.iter().all(|entry| entry.2 == upper[0].2) {
            return Coefficient::identity().scaled(upper[0].2.re);
        }
        if diagonal || upper.len() < 3 {
            return Coefficient::sparse(upper);
        }
        let mut dense = Mat::<c64>::zeros(n, n);
        for &(i, j, value) in upper {
            dense[(i, j)] += value;
            if i != j {
                dense[(j, i)] += value.conj();
            }
        }
        let largest = ops::norm_max(dense.as_ref());
        let scale = upper.iter().map(|entry| entry.2.norm()).fold(0.0, f64::max);
        if !(largest.is_finite() && scale > 0.0) {
            return Coefficient::sparse(upper);
        }
        let known = self.factored.iter().find_map(|(matrix, found)| {
            proportional(matrix.as_ref(), dense.as_ref()).map(|ratio| (ratio, found.clone()))
        });
        let found = match known {
            Some((ratio, found)) => found.map(|f| f.scaled(ratio)),
            None => {
                let found = low_rank(dense.as_ref(), largest);
                self.factored.push((dense, found.clone()));
                found
            }
        };
        found.unwrap_or_else(|| Coefficient::sparse(upper))
    }

    /// The variables of a point.
    pub(super) fn point(&self, solution: &Solution) -> Result<Vec<f64>, Error> {
        let mut x = Vec::with_capacity(self.roles.len());
        for (role, scalar) in self.roles.iter().zip(&self.scalars) {
            let value = scalar.map_or(Ok(0.0), |scalar| solution.scalar(scalar))?;
            x.push(match role {
                Role::Free => value,
                Role::Signed { sign, .. } => sign * value,
                Role::Entry(place) => {
                    let entry = solution.matrix(self.matrix(place.block))?[(place.i, place.j)];
                    (if place.imaginary { entry.im } else { entry.re }) / place.scale
                }
            });
        }
        Ok(x)
    }

    /// The multipliers of CVXPY's form. Those of matrix variables and signs follow from
    /// `c + A' z = 0`.
    pub(super) fn multipliers(&self, solution: &Solution) -> Result<Vec<f64>, Error> {
        let given = self.given;
        let mut z = vec![0.0; given.b.len()];
        for &(row, handle) in &self.rows {
            z[row] = solution.multipliers.row(handle)?;
        }
        for &(first, cone) in &self.cones {
            let values = solution.cone_dual(cone)?;
            z[first..first + values.len()].copy_from_slice(values);
        }
        for (block, cast) in &self.blocks {
            if let Some(Cast::Inequality(lmi)) = cast {
                block.write(solution.lmi_dual(*lmi)?.as_ref(), &mut z);
            }
        }
        let mut rest = given.c.clone();
        for (row, &value) in z.iter().enumerate().filter(|(_, value)| **value != 0.0) {
            for &(column, a) in given.a.row(row) {
                rest[column] += a * value;
            }
        }
        let mut duals: Vec<Mat<c64>> = Vec::new();
        for (block, cast) in &self.blocks {
            let order = match cast {
                Some(Cast::Variable(_)) => block.order,
                Some(Cast::Inequality(_)) | None => 0,
            };
            duals.push(Mat::zeros(order, order));
        }
        for (role, &rest) in self.roles.iter().zip(&rest) {
            match *role {
                Role::Free => {}
                Role::Signed { row, .. } => {
                    z[row] = given.a.row(row).first().map_or(0.0, |(_, a)| -rest / a);
                }
                Role::Entry(place) => {
                    let (i, j, value) = place.coefficient(rest);
                    duals[place.block][(i, j)] += value;
                    if i != j {
                        duals[place.block][(j, i)] += value.conj();
                    }
                }
            }
        }
        for ((block, _), dual) in self.blocks.iter().zip(&duals) {
            if dual.nrows() > 0 {
                block.write(dual.as_ref(), &mut z);
            }
        }
        Ok(z)
    }
}
