//! The conic engine as it is in Rust: variables, expressions, rows, answers.

mod expressions;

use isac_conic as conic;
use isac_conic::{Options, Outcome, Unknown, Why};
use isac_linalg::c64;
use numpy::PyArray2;
use pyo3::prelude::*;

use crate::arrays::array;
use crate::errors;
use crate::work::{limit, stopped_at};
use expressions::affine;
pub(crate) use expressions::{Affine, Expression, Matrix, Scalar, Vector};

/// A scalar constraint.
#[pyclass(frozen, module = "isac.conic")]
pub(crate) struct Row(conic::Row);

/// A matrix inequality.
#[pyclass(frozen, module = "isac.conic")]
pub(crate) struct Lmi(conic::Lmi);

/// A norm constraint.
#[pyclass(frozen, module = "isac.conic")]
pub(crate) struct Cone(conic::Cone);

/// A conic program: minimise or maximise a linear objective over Hermitian semidefinite matrices,
/// scalars and complex vectors under rows, norms and matrix inequalities.
#[pyclass(module = "isac.conic")]
pub(crate) struct Program(conic::Program);

#[pymethods]
impl Program {
    #[new]
    fn new() -> Self {
        Self(conic::Program::new())
    }

    /// A Hermitian positive semidefinite variable of order `n`.
    fn psd(&mut self, name: &str, n: usize) -> Matrix {
        Matrix(self.0.psd(name, n))
    }

    /// A real symmetric positive semidefinite variable.
    fn symmetric_psd(&mut self, name: &str, n: usize) -> Matrix {
        Matrix(self.0.symmetric_psd(name, n))
    }

    /// A free Hermitian variable.
    fn hermitian(&mut self, name: &str, n: usize) -> Matrix {
        Matrix(self.0.hermitian(name, n))
    }

    /// A free real symmetric variable.
    fn symmetric(&mut self, name: &str, n: usize) -> Matrix {
        Matrix(self.0.symmetric(name, n))
    }

    /// A free real scalar.
    fn free(&mut self, name: &str) -> Scalar {
        Scalar(self.0.free(name))
    }

    /// A real scalar that is not negative.
    fn nonneg(&mut self, name: &str) -> Scalar {
        Scalar(self.0.nonneg(name))
    }

    /// A free complex vector.
    fn vector(&mut self, name: &str, n: usize) -> Vector {
        Vector(self.0.vector(name, n))
    }

    /// `left = right`.
    fn equal(
        &mut self,
        name: &str,
        left: &Bound<'_, PyAny>,
        right: &Bound<'_, PyAny>,
    ) -> PyResult<Row> {
        let (left, right) = (affine("left", left)?, affine("right", right)?);
        Ok(Row(self.0.equal(name, left, right)))
    }

    /// `left >= right`.
    fn at_least(
        &mut self,
        name: &str,
        left: &Bound<'_, PyAny>,
        right: &Bound<'_, PyAny>,
    ) -> PyResult<Row> {
        let (left, right) = (affine("left", left)?, affine("right", right)?);
        Ok(Row(self.0.at_least(name, left, right)))
    }

    /// `left <= right`.
    fn at_most(
        &mut self,
        name: &str,
        left: &Bound<'_, PyAny>,
        right: &Bound<'_, PyAny>,
    ) -> PyResult<Row> {
        let (left, right) = (affine("left", left)?, affine("right", right)?);
        Ok(Row(self.0.at_most(name, left, right)))
    }

    /// The matrix expression is positive semidefinite.
    fn lmi(&mut self, name: &str, expression: &Expression) -> Lmi {
        Lmi(self.0.lmi(name, expression.0.clone()))
    }

    /// `sqrt(sum parts^2) <= bound`.
    fn norm_at_most(
        &mut self,
        name: &str,
        parts: Vec<Bound<'_, PyAny>>,
        bound: &Bound<'_, PyAny>,
    ) -> PyResult<Cone> {
        let parts = parts.iter().map(|part| affine("parts", part));
        let parts = parts.collect::<PyResult<Vec<_>>>()?;
        Ok(Cone(self.0.norm_at_most(
            name,
            parts,
            affine("bound", bound)?,
        )))
    }

    /// Minimises a linear objective; replaces an earlier one.
    fn minimise(&mut self, objective: &Bound<'_, PyAny>) -> PyResult<()> {
        self.0.minimise(affine("objective", objective)?);
        Ok(())
    }

    /// Maximises a linear objective; replaces an earlier one.
    fn maximise(&mut self, objective: &Bound<'_, PyAny>) -> PyResult<()> {
        self.0.maximise(affine("objective", objective)?);
        Ok(())
    }

    /// Solves the program. After `time_limit` seconds the best point so far is judged like any other, or
    /// the status is `unknown`.
    #[pyo3(signature = (*, tolerance=1e-9, accept=1e-7, max_iterations=150, reduce=true, extend=true, time_limit=None))]
    fn solve(
        &self,
        py: Python<'_>,
        tolerance: f64,
        accept: f64,
        max_iterations: usize,
        reduce: bool,
        extend: bool,
        time_limit: Option<f64>,
    ) -> PyResult<Answer> {
        let options = Options {
            tolerance,
            accept,
            max_iterations,
            reduce,
            extend,
            ..Options::default()
        };
        let program = self.0.clone();
        let outcome = stopped_at(py, limit(py, time_limit)?, move |stop| {
            program.solve_until(&options, stop)
        })?;
        let outcome = outcome.unwrap_or(Ok(Outcome::Unknown(Unknown {
            why: Why::Stopped,
            last: None,
        })));
        Ok(Answer(
            outcome.map_err(|error| errors::of_conic(py, &error))?,
        ))
    }
}

/// What came out of a solve.
#[pyclass(frozen, module = "isac.conic")]
pub(crate) struct Answer(Outcome);

impl Answer {
    fn solution(&self, py: Python<'_>) -> PyResult<&conic::Solution> {
        self.0.solution().ok_or_else(|| {
            let expected = "an answer with a point: `solved` or `inaccurate`";
            errors::input(py, "status", self.0.name(), expected)
        })
    }
}

#[pymethods]
impl Answer {
    /// `solved`, `inaccurate`, `infeasible`, `no_point_below`, `unbounded`, `no_multipliers_below`,
    /// `ill_posed` or `unknown`.
    #[getter]
    fn status(&self) -> &'static str {
        self.0.name()
    }

    /// Objective at the point; `None` without one.
    #[getter]
    fn objective(&self) -> Option<f64> {
        self.0.solution().map(|solution| solution.objective)
    }

    /// Objective of the dual at the multipliers; `None` without a point.
    #[getter]
    fn dual_objective(&self) -> Option<f64> {
        self.0.solution().map(|solution| solution.dual_objective)
    }

    /// What the multipliers prove of the optimal value whatever their errors; `None` where nothing
    /// bounds the variables.
    #[getter]
    fn bound(&self) -> Option<f64> {
        self.0.solution().and_then(|solution| solution.bound)
    }

    /// The six DIMACS errors, recomputed from the program as it was written; empty without a point.
    #[getter]
    fn errors(&self) -> Vec<f64> {
        self.0
            .solution()
            .map_or_else(Vec::new, |s| s.dimacs.errors().to_vec())
    }

    /// The norm below which there is no point (or are no multipliers); infinite for a proof.
    #[getter]
    fn radius(&self) -> Option<f64> {
        match &self.0 {
            Outcome::Infeasible(farkas) | Outcome::NoPointBelow(farkas) => Some(farkas.radius),
            Outcome::Unbounded(ray) | Outcome::NoMultipliersBelow(ray) => Some(ray.radius),
            Outcome::Solved(_)
            | Outcome::Inaccurate(_)
            | Outcome::IllPosed(_)
            | Outcome::Unknown(_) => None,
        }
    }

    /// Value of a variable: a number, a vector (`n x 1`) or a matrix.
    fn value<'py>(
        &self,
        py: Python<'py>,
        variable: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let solution = self.solution(py)?;
        let refused = |error: conic::Error| errors::of_conic(py, &error);
        if let Ok(scalar) = variable.cast::<Scalar>() {
            let value = solution.scalar(scalar.get().0).map_err(refused)?;
            return Ok(value.into_pyobject(py)?.into_any());
        }
        let found: Bound<'py, PyArray2<c64>> = if let Ok(vector) = variable.cast::<Vector>() {
            let value = solution.vector(vector.get().0).map_err(refused)?;
            array(py, value.as_ref())?
        } else if let Ok(other) = variable.cast::<Matrix>() {
            let value = solution.matrix(other.get().0).map_err(refused)?;
            array(py, value.as_ref())?
        } else {
            let text = variable.get_type().to_string();
            return Err(errors::input(
                py,
                "variable",
                &text,
                "a variable of the program",
            ));
        };
        Ok(found.into_any())
    }

    /// Multiplier of a constraint: the sensitivity of the optimal value to the right side of a row, the
    /// matrix of a matrix inequality, the list (bound, parts) of a norm.
    fn dual<'py>(
        &self,
        py: Python<'py>,
        constraint: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let solution = self.solution(py)?;
        let refused = |error: conic::Error| errors::of_conic(py, &error);
        if let Ok(row) = constraint.cast::<Row>() {
            let value = solution.dual(row.get().0).map_err(refused)?;
            return Ok(value.into_pyobject(py)?.into_any());
        }
        if let Ok(lmi) = constraint.cast::<Lmi>() {
            let value = solution.lmi_dual(lmi.get().0).map_err(refused)?;
            return Ok(array(py, value.as_ref())?.into_any());
        }
        if let Ok(cone) = constraint.cast::<Cone>() {
            let value = solution.cone_dual(cone.get().0).map_err(refused)?;
            return value.to_vec().into_pyobject(py).map(Bound::into_any);
        }
        let text = constraint.get_type().to_string();
        Err(errors::input(
            py,
            "constraint",
            &text,
            "a constraint of the program",
        ))
    }

    fn __repr__(&self) -> String {
        let mut text = format!("status         {}", self.0.name());
        if let Some(solution) = self.0.solution() {
            let number = isac_lab::check::number;
            text += &format!("\nobjective      {}", number(solution.objective));
            text += &format!("\ndual objective {}", number(solution.dual_objective));
            text += &format!("\nworst error    {:.2e}", solution.dimacs.worst());
            text += &format!("\niterations     {}", solution.iterations);
        }
        text
    }
}
