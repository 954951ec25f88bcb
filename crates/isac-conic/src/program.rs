//! The modelling layer: variables, constraints, objective, and their validation.

use isac_linalg::{MatRef, c64, hermitian, validate};

use super::expr::{Affine, Coefficient, Data, HermitianAffine, MatrixVar, ScalarVar, VectorVar};
use super::handles::{Cone, Lmi, Row};
use super::owner::Lineage;
use crate::Error;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sense {
    Equal,
    AtLeast,
    AtMost,
}

#[derive(Debug, Clone)]
pub(crate) struct RowData {
    pub(crate) name: String,
    pub(crate) expression: Affine,
    pub(crate) sense: Sense,
    pub(crate) rhs: f64,
}

#[derive(Debug, Clone)]
pub(crate) struct LmiData {
    pub(crate) name: String,
    pub(crate) expression: HermitianAffine,
}

#[derive(Debug, Clone)]
pub(crate) struct ConeData {
    pub(crate) name: String,
    /// Bound first, then the parts.
    pub(crate) entries: Vec<Affine>,
}

#[derive(Debug, Clone)]
pub(crate) struct MatrixData {
    pub(crate) name: String,
    pub(crate) n: usize,
    pub(crate) psd: bool,
    pub(crate) real: bool,
}

/// A conic program: minimise or maximise a linear objective over Hermitian positive semidefinite
/// matrices, nonnegative and free scalars, complex vectors and second-order cones, subject to rows,
/// norm constraints and linear matrix inequalities.
///
/// Building never fails; [`Program::solve`] checks everything and names what is wrong. Handles of
/// variables and constraints belong to their program: another one, or its answer, refuses them
/// ([`Error::Foreign`]). A clone of a program takes the handles made before it was cloned. The
/// semidefinite relaxation of `max |h1^H w|^2 / (|h2^H w|^2 + 1)` under a power budget, as a linear
/// program in `W = t w w^H` and `t`:
///
/// ```
/// use isac_conic::{Options, Program};
/// use isac_conic::{Mat, c64};
/// let h = Mat::from_fn(4, 2, |i, j| c64::new(1.0 + (i * j) as f64, i as f64 - j as f64));
///
/// let mut program = Program::new();
/// let w = program.psd("W", 4);
/// let t = program.nonneg("t");
/// program.equal("scale", w.quadratic(h.col(1)) + t, 1.0);
/// program.at_most("power", w.trace(), t * 10.0);
/// program.maximise(w.quadratic(h.col(0)));
///
/// let outcome = program.solve(&Options::default())?;
/// let solution = outcome.solution().ok_or("no point")?;
/// assert!(outcome.is_solved() && solution.dimacs.worst() < 1e-8);
/// // The relaxation is tight: the best ratio is h1^H (h2 h2^H + I/10)^-1 h1.
/// let dot = |j: usize, k: usize| (0..4).map(|i| h[(i, j)].conj() * h[(i, k)]).sum::<c64>();
/// let best = 10.0 * (dot(0, 0).re - dot(0, 1).norm_sqr() / (dot(1, 1).re + 0.1));
/// assert!((solution.objective - best).abs() < 1e-7 * best);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Program {
    /// Whether each scalar is nonnegative (`true`) or free.
    pub(crate) scalars: Vec<bool>,
    pub(crate) scalar_names: Vec<(usize, String)>,
    pub(crate) matrices: Vec<MatrixData>,
    pub(crate) rows: Vec<RowData>,
    pub(crate) lmis: Vec<LmiData>,
    pub(crate) cones: Vec<ConeData>,
    pub(crate) objective: Affine,
    pub(crate) maximise: bool,
    pub(crate) lineage: Lineage,
}

impl Program {
    /// An empty program; the objective is 0 until it is set.
    pub fn new() -> Self {
        Self::default()
    }

    /// A Hermitian positive semidefinite `n x n` variable.
    pub fn psd(&mut self, name: impl Into<String>, n: usize) -> MatrixVar {
        self.matrix(name.into(), n, true, false)
    }

    /// A real symmetric positive semidefinite `n x n` variable. (A Hermitian one whose data are all
    /// real is treated as one anyway.)
    pub fn symmetric_psd(&mut self, name: impl Into<String>, n: usize) -> MatrixVar {
        self.matrix(name.into(), n, true, true)
    }

    /// A free Hermitian `n x n` variable, for matrices that occur inside matrix inequalities which
    /// already bound them.
    pub fn hermitian(&mut self, name: impl Into<String>, n: usize) -> MatrixVar {
        self.matrix(name.into(), n, false, false)
    }

    /// A free real symmetric `n x n` variable.
    pub fn symmetric(&mut self, name: impl Into<String>, n: usize) -> MatrixVar {
        self.matrix(name.into(), n, false, true)
    }

    fn matrix(&mut self, name: String, n: usize, psd: bool, real: bool) -> MatrixVar {
        let id = self.matrices.len();
        self.matrices.push(MatrixData { name, n, psd, real });
        let tag = self.lineage.tag();
        MatrixVar { id, n, tag }
    }

    /// A free real scalar.
    pub fn free(&mut self, name: impl Into<String>) -> ScalarVar {
        self.scalar(name.into(), 1, false)
    }

    /// A real scalar `>= 0`.
    pub fn nonneg(&mut self, name: impl Into<String>) -> ScalarVar {
        self.scalar(name.into(), 1, true)
    }

    /// A list of free real scalars.
    pub fn free_list(&mut self, name: impl Into<String>, len: usize) -> Vec<ScalarVar> {
        let ScalarVar { id: first, tag } = self.scalar(name.into(), len, false);
        let ids = first..first + len;
        ids.map(|id| ScalarVar { id, tag }).collect()
    }

    /// A list of real scalars `>= 0`.
    pub fn nonneg_list(&mut self, name: impl Into<String>, len: usize) -> Vec<ScalarVar> {
        let ScalarVar { id: first, tag } = self.scalar(name.into(), len, true);
        let ids = first..first + len;
        ids.map(|id| ScalarVar { id, tag }).collect()
    }

    /// A complex vector of `len` entries, free.
    pub fn vector(&mut self, name: impl Into<String>, len: usize) -> VectorVar {
        let ScalarVar { id: first, tag } = self.scalar(name.into(), 2 * len, false);
        VectorVar { first, len, tag }
    }

    /// A point `(t, z)` of the second-order cone `|z| <= t` with `len` real entries `z`: returns
    /// `t, z_1, ..., z_len` and the constraint.
    pub fn second_order(&mut self, name: impl Into<String>, len: usize) -> (Vec<ScalarVar>, Cone) {
        let name = name.into();
        let all = self.free_list(name.clone(), len + 1);
        let cone = self.norm_at_most(name, all[1..].iter().map(|&z| z.into()).collect(), all[0]);
        (all, cone)
    }

    fn scalar(&mut self, name: String, len: usize, nonneg: bool) -> ScalarVar {
        let id = self.scalars.len();
        self.scalars.resize(id + len, nonneg);
        self.scalar_names.push((id, name));
        let tag = self.lineage.tag();
        ScalarVar { id, tag }
    }

    /// The constraint `left = right`.
    pub fn equal(
        &mut self,
        name: impl Into<String>,
        left: impl Into<Affine>,
        right: impl Into<Affine>,
    ) -> Row {
        self.row(name.into(), left.into() - right.into(), Sense::Equal)
    }

    /// The constraint `left >= right`.
    pub fn at_least(
        &mut self,
        name: impl Into<String>,
        left: impl Into<Affine>,
        right: impl Into<Affine>,
    ) -> Row {
        self.row(name.into(), left.into() - right.into(), Sense::AtLeast)
    }

    /// The constraint `left <= right`.
    pub fn at_most(
        &mut self,
        name: impl Into<String>,
        left: impl Into<Affine>,
        right: impl Into<Affine>,
    ) -> Row {
        self.row(name.into(), left.into() - right.into(), Sense::AtMost)
    }

    fn row(&mut self, name: String, mut expression: Affine, sense: Sense) -> Row {
        let rhs = 0.0 - std::mem::take(&mut expression.constant);
        self.rows.push(RowData {
            name,
            expression,
            sense,
            rhs,
        });
        let (id, tag) = (self.rows.len() - 1, self.lineage.tag());
        Row { id, tag }
    }

    /// The constraint that a matrix expression is positive semidefinite.
    pub fn lmi(&mut self, name: impl Into<String>, expression: HermitianAffine) -> Lmi {
        self.lmis.push(LmiData {
            name: name.into(),
            expression,
        });
        let (id, tag) = (self.lmis.len() - 1, self.lineage.tag());
        Lmi { id, tag }
    }

    /// The constraint `sqrt(sum parts^2) <= bound`.
    pub fn norm_at_most(
        &mut self,
        name: impl Into<String>,
        parts: Vec<Affine>,
        bound: impl Into<Affine>,
    ) -> Cone {
        let mut entries = vec![bound.into()];
        entries.extend(parts);
        self.cones.push(ConeData {
            name: name.into(),
            entries,
        });
        let (id, tag) = (self.cones.len() - 1, self.lineage.tag());
        Cone { id, tag }
    }

    /// The constraint `sum parts^2 <= u v` with `u, v >= 0`, as a second-order cone. With `v = 1`
    /// it is the epigraph of a convex quadratic. The cone's multipliers are those of `u / s + v s`, then
    /// of twice the parts and of `u / s - v s`, with an `s` other than one where `u` or `v` is a constant
    /// far from the size of the parts.
    pub fn squares_at_most(
        &mut self,
        name: impl Into<String>,
        parts: Vec<Affine>,
        u: impl Into<Affine>,
        v: impl Into<Affine>,
    ) -> Cone {
        let (mut u, mut v) = (u.into(), v.into());
        let unit = unit_of_squares(&parts, &u, &v);
        (u, v) = (u * unit.recip(), v * unit);
        let mut entries: Vec<Affine> = parts.into_iter().map(|part| part * 2.0).collect();
        entries.push(u.clone() - v.clone());
        self.norm_at_most(name, entries, u + v)
    }

    /// Minimises a linear objective; replaces an earlier one.
    pub fn minimise(&mut self, objective: impl Into<Affine>) {
        self.objective = objective.into();
        self.maximise = false;
    }

    /// Maximises a linear objective; replaces an earlier one.
    pub fn maximise(&mut self, objective: impl Into<Affine>) {
        self.objective = objective.into();
        self.maximise = true;
    }

    /// What [`Program::solve`] checks before it starts.
    ///
    /// # Errors
    /// See [`Program::solve`].
    pub fn validate(&self) -> Result<(), Error> {
        if self.scalars.is_empty() && self.matrices.is_empty() {
            return Err(range("program: number of variables", 0.0, "at least one"));
        }
        for matrix in &self.matrices {
            if matrix.n == 0 {
                let what = format!("order of `{}`", matrix.name);
                return Err(range(what, 0.0, "at least 1"));
            }
        }
        self.check_affine("objective", &self.objective)?;
        for row in &self.rows {
            self.check_affine(&row.name, &row.expression)?;
            check_number(&format!("right side of `{}`", row.name), row.rhs)?;
        }
        for cone in &self.cones {
            for entry in &cone.entries {
                self.check_affine(&cone.name, entry)?;
            }
        }
        for lmi in &self.lmis {
            self.check_lmi(lmi)?;
        }
        Ok(())
    }

    fn check_affine(&self, name: &str, expression: &Affine) -> Result<(), Error> {
        expression.owners.check(name, self.lineage.tags())?;
        check_number(&format!("constant of `{name}`"), expression.constant)?;
        for &(id, coefficient) in &expression.scalars {
            if !coefficient.is_finite() {
                let what = format!("coefficient of `{}` in `{name}`", self.scalar_name(id));
                return Err(range(what, coefficient, "a finite number"));
            }
        }
        for (id, coefficient) in &expression.matrices {
            let matrix = &self.matrices[*id];
            let what = format!("coefficient of `{}` in `{name}`", matrix.name);
            check_coefficient(&what, coefficient, matrix.n)?;
        }
        Ok(())
    }

    fn check_lmi(&self, lmi: &LmiData) -> Result<(), Error> {
        let (name, expression) = (&lmi.name, &lmi.expression);
        expression.owners.check(name, self.lineage.tags())?;
        let n = expression.n;
        if n == 0 {
            return Err(range(format!("order of `{name}`"), 0.0, "at least 1"));
        }
        if let Some(constant) = &expression.constant {
            let what = format!("constant of `{name}`");
            validate::shape(&what, constant.as_ref(), n, n)?;
            hermitian::check_hermitian(&what, constant.as_ref())?;
        }
        for (factor, coefficient) in &expression.terms {
            self.check_affine(name, factor)?;
            check_coefficient(&format!("coefficient in `{name}`"), coefficient, n)?;
        }
        for (id, weight, t) in &expression.congruences {
            let matrix = &self.matrices[*id];
            let what = format!("congruence of `{}` in `{name}`", matrix.name);
            validate::shape(&what, t.as_ref(), matrix.n, n)?;
            validate::finite(&what, t.as_ref())?;
            check_number(&what, *weight)?;
        }
        Ok(())
    }

    /// Name of a scalar, with its index inside a list or vector.
    pub(crate) fn scalar_name(&self, id: usize) -> String {
        let group = self.scalar_names.partition_point(|(first, _)| *first <= id);
        match group.checked_sub(1).map(|g| &self.scalar_names[g]) {
            Some((first, name)) => format!("{name}[{}]", id - first),
            None => format!("scalar {id}"),
        }
    }
}

/// The `s` (a power of two) for which `u / s` and `v s` are of the size of the parts: their sum and
/// difference, entries of the cone, would otherwise lose the smaller one. One where nothing tells, or
/// where the sizes are near each other anyway.
fn unit_of_squares(parts: &[Affine], u: &Affine, v: &Affine) -> f64 {
    let fixed = |a: &Affine| (a.is_constant() && a.constant > 0.0).then_some(a.constant);
    let constants = parts.iter().map(|part| part.constant.abs());
    let mut size = constants.fold(0.0, f64::max);
    if size == 0.0 {
        let scalars = parts.iter().flat_map(|part| &part.scalars);
        size = scalars.fold(0.0, |top: f64, (_, c)| top.max(c.abs()));
    }
    let unit = match (fixed(u), fixed(v)) {
        (None, Some(v)) => size / v,
        (Some(u), None) => u / size,
        (None, None) | (Some(_), Some(_)) => 1.0,
    };
    let order = unit.log2().round();
    if order.is_finite() && (10.0..=500.0).contains(&order.abs()) {
        2.0_f64.powi(order as i32)
    } else {
        1.0
    }
}

pub(crate) fn check_coefficient(
    what: &str,
    coefficient: &Coefficient,
    n: usize,
) -> Result<(), Error> {
    check_number(what, coefficient.weight)?;
    match &coefficient.data {
        Data::Identity => Ok(()),
        Data::Dense(a) => {
            validate::shape(what, a.as_ref().as_ref(), n, n)?;
            Ok(hermitian::check_hermitian(what, a.as_ref().as_ref())?)
        }
        Data::Factor { vectors, core } => {
            let vectors: MatRef<'_, c64> = vectors.as_ref().as_ref();
            validate::finite(what, vectors)?;
            if vectors.nrows() != n {
                return Err(shape(what, format!("vectors of {n}"), vectors.nrows()));
            }
            check_entries(what, core, vectors.ncols())
        }
        Data::Sparse(entries) => check_entries(what, entries, n),
    }
}

fn check_entries(what: &str, entries: &[(usize, usize, c64)], n: usize) -> Result<(), Error> {
    for &(i, j, value) in entries {
        if i > j || j >= n {
            let expected = format!("entries (i, j) with i <= j < {n}");
            return Err(shape(what, expected, format!("({i}, {j})")));
        }
        if !(value.re.is_finite() && value.im.is_finite()) {
            let value = value.to_string();
            let what = what.into();
            return Err(isac_linalg::Error::NonFinite {
                what,
                row: i,
                col: j,
                value,
            }
            .into());
        }
        if i == j && value.im.abs() > 1e-12 * value.re.abs() {
            let deviation = 2.0 * value.im.abs() / value.norm();
            let what = what.into();
            return Err(isac_linalg::Error::NotHermitian { what, deviation }.into());
        }
    }
    Ok(())
}

fn check_number(what: &str, value: f64) -> Result<(), Error> {
    if value.is_finite() {
        return Ok(());
    }
    Err(range(what, value, "a finite number"))
}

fn range(what: impl Into<String>, value: f64, expected: &str) -> Error {
    isac_linalg::Error::range(what, value, expected).into()
}

fn shape(what: &str, expected: String, got: impl ToString) -> Error {
    isac_linalg::Error::shape(what, expected, got.to_string()).into()
}
