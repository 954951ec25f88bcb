//! Variables and expressions.

use isac_conic as conic;
use isac_conic::{Coefficient, ComplexAffine};
use isac_linalg::{Mat, c64};
use pyo3::prelude::*;

use crate::arrays::matrix;
use crate::errors;

/// A real expression: an affine one, a scalar variable or a number.
pub(super) fn affine(name: &str, value: &Bound<'_, PyAny>) -> PyResult<conic::Affine> {
    if let Ok(expression) = value.cast::<Affine>() {
        return Ok(expression.get().0.clone());
    }
    if let Ok(variable) = value.cast::<Scalar>() {
        return Ok(variable.get().0.into());
    }
    if let Ok(number) = value.extract::<f64>() {
        return Ok(conic::Affine::constant(number));
    }
    let text = value.get_type().to_string();
    Err(errors::input(value.py(), name, &text, "a real expression"))
}

fn wrong_shape<T>(py: Python<'_>, name: &str, got: &str, expected: &str) -> PyResult<T> {
    Err(errors::input(py, name, got, expected))
}

/// A column of `n` entries.
fn column(name: &str, value: &Bound<'_, PyAny>, n: usize) -> PyResult<Mat<c64>> {
    let column = matrix(name, value)?;
    if column.shape() == (n, 1) {
        return Ok(column);
    }
    let py = value.py();
    let got = format!("shape {} x {}", column.nrows(), column.ncols());
    wrong_shape(py, name, &got, &format!("shape {n} x 1"))
}

fn pair(value: ComplexAffine) -> (Affine, Affine) {
    (Affine(value.re), Affine(value.im))
}

/// A real affine expression. Add, subtract, negate, multiply by numbers.
#[pyclass(frozen, module = "isac.conic")]
#[derive(Clone)]
pub(crate) struct Affine(pub(super) conic::Affine);

#[pymethods]
impl Affine {
    fn __add__(&self, other: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self(self.0.clone() + affine("other", other)?))
    }
    fn __radd__(&self, other: &Bound<'_, PyAny>) -> PyResult<Self> {
        self.__add__(other)
    }
    fn __sub__(&self, other: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self(self.0.clone() - affine("other", other)?))
    }
    fn __rsub__(&self, other: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self(affine("other", other)? - self.0.clone()))
    }
    fn __mul__(&self, factor: f64) -> Self {
        Self(self.0.clone() * factor)
    }
    fn __rmul__(&self, factor: f64) -> Self {
        self.__mul__(factor)
    }
    fn __neg__(&self) -> Self {
        Self(-self.0.clone())
    }
}

/// A real scalar variable.
#[pyclass(frozen, module = "isac.conic")]
pub(crate) struct Scalar(pub(super) conic::ScalarVar);

#[pymethods]
impl Scalar {
    fn __add__(&self, other: &Bound<'_, PyAny>) -> PyResult<Affine> {
        Affine(self.0.into()).__add__(other)
    }
    fn __radd__(&self, other: &Bound<'_, PyAny>) -> PyResult<Affine> {
        Affine(self.0.into()).__add__(other)
    }
    fn __sub__(&self, other: &Bound<'_, PyAny>) -> PyResult<Affine> {
        Affine(self.0.into()).__sub__(other)
    }
    fn __rsub__(&self, other: &Bound<'_, PyAny>) -> PyResult<Affine> {
        Affine(self.0.into()).__rsub__(other)
    }
    fn __mul__(&self, factor: f64) -> Affine {
        Affine(self.0 * factor)
    }
    fn __rmul__(&self, factor: f64) -> Affine {
        Affine(self.0 * factor)
    }
    fn __neg__(&self) -> Affine {
        Affine(-self.0)
    }
}

/// A free complex vector variable.
#[pyclass(frozen, module = "isac.conic")]
pub(crate) struct Vector(pub(super) conic::VectorVar);

#[pymethods]
impl Vector {
    /// Number of complex entries.
    #[getter]
    fn order(&self) -> usize {
        self.0.order()
    }

    /// Real and imaginary part of entry `j`.
    fn entry(&self, py: Python<'_>, j: usize) -> PyResult<(Affine, Affine)> {
        let n = self.0.order();
        if j >= n {
            return wrong_shape(py, "j", &j.to_string(), &format!("an index below {n}"));
        }
        Ok(pair(self.0.entry(j)))
    }

    /// Real and imaginary part of `c^H w`.
    fn dot(&self, c: &Bound<'_, PyAny>) -> PyResult<(Affine, Affine)> {
        let c = column("c", c, self.0.order())?;
        Ok(pair(self.0.dot(c.col(0))))
    }

    /// All real and imaginary parts, ready for a norm.
    fn parts(&self) -> Vec<Affine> {
        self.0.parts().into_iter().map(Affine).collect()
    }
}

/// A Hermitian matrix variable.
#[pyclass(frozen, module = "isac.conic")]
pub(crate) struct Matrix(pub(super) conic::MatrixVar);

#[pymethods]
impl Matrix {
    /// Order of the matrix.
    #[getter]
    fn order(&self) -> usize {
        self.0.order()
    }

    /// `tr X`.
    fn trace(&self) -> Affine {
        Affine(self.0.trace())
    }

    /// `v^H X v`.
    fn quadratic(&self, v: &Bound<'_, PyAny>) -> PyResult<Affine> {
        let v = column("v", v, self.0.order())?;
        Ok(Affine(self.0.quadratic(v.col(0))))
    }

    /// `sum_p weights_p v_p^H X v_p` over the columns of `vectors`.
    fn pool(
        &self,
        py: Python<'_>,
        vectors: &Bound<'_, PyAny>,
        weights: Vec<f64>,
    ) -> PyResult<Affine> {
        let vectors = matrix("vectors", vectors)?;
        if vectors.ncols() != weights.len() {
            let got = format!("{} numbers", weights.len());
            return wrong_shape(
                py,
                "weights",
                &got,
                &format!("{}, one per column", vectors.ncols()),
            );
        }
        Ok(Affine(self.0.pool(vectors.as_ref(), &weights)))
    }

    /// `Re tr(C X)` for a Hermitian matrix `C`.
    fn inner(&self, coefficient: &Bound<'_, PyAny>) -> PyResult<Affine> {
        let coefficient = matrix("coefficient", coefficient)?;
        Ok(Affine(self.0.inner(Coefficient::dense(coefficient))))
    }

    /// Real and imaginary part of `a^H X b`.
    fn cross(&self, a: &Bound<'_, PyAny>, b: &Bound<'_, PyAny>) -> PyResult<(Affine, Affine)> {
        let n = self.0.order();
        let (a, b) = (column("a", a, n)?, column("b", b, n)?);
        Ok(pair(self.0.cross(a.col(0), b.col(0))))
    }

    /// `T^H X T` for `T` of order x k.
    fn congruence(&self, t: &Bound<'_, PyAny>) -> PyResult<Expression> {
        Ok(Expression(self.0.congruence(matrix("t", t)?.as_ref())))
    }

    /// The variable as a matrix expression.
    fn expr(&self) -> Expression {
        Expression(self.0.expr())
    }
}

/// A Hermitian matrix whose entries are affine in the variables.
#[pyclass(frozen, module = "isac.conic")]
pub(crate) struct Expression(pub(super) conic::HermitianAffine);

#[pymethods]
impl Expression {
    /// The zero matrix of an order.
    #[staticmethod]
    fn zeros(n: usize) -> Self {
        Self(conic::HermitianAffine::zeros(n))
    }

    /// A constant Hermitian matrix.
    #[staticmethod]
    fn constant(value: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self(conic::HermitianAffine::constant(matrix(
            "value", value,
        )?)))
    }

    /// Order of the matrix.
    #[getter]
    fn order(&self) -> usize {
        self.0.order()
    }

    /// With `re + j im` added to entry `(i, j)` and its conjugate to `(j, i)`.
    #[pyo3(signature = (i, j, re, im=None))]
    fn with_entry(
        &self,
        py: Python<'_>,
        i: usize,
        j: usize,
        re: &Bound<'_, PyAny>,
        im: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let n = self.0.order();
        if i >= n || j >= n {
            return wrong_shape(
                py,
                "i, j",
                &format!("{i}, {j}"),
                &format!("indices below {n}"),
            );
        }
        let re = affine("re", re)?;
        let im = im.map_or_else(|| Ok(conic::Affine::default()), |im| affine("im", im))?;
        let mut out = self.0.clone();
        out.add_entry(i, j, ComplexAffine { re, im });
        Ok(Self(out))
    }

    /// With an expression times a Hermitian matrix added.
    fn with_term(
        &self,
        expression: &Bound<'_, PyAny>,
        coefficient: &Bound<'_, PyAny>,
    ) -> PyResult<Self> {
        let mut out = self.0.clone();
        out.add_term(
            affine("expression", expression)?,
            Coefficient::dense(matrix("coefficient", coefficient)?),
        );
        Ok(Self(out))
    }

    /// As the diagonal block that starts at `(at, at)` of a zero matrix of order `n`.
    fn embedded(&self, py: Python<'_>, n: usize, at: usize) -> PyResult<Self> {
        let own = self.0.order();
        if at + own > n {
            let expected = format!("at least {} for a block of {own} at {at}", at + own);
            return wrong_shape(py, "n", &n.to_string(), &expected);
        }
        Ok(Self(self.0.clone().embedded(n, at)))
    }

    fn __add__(&self, py: Python<'_>, other: &Self) -> PyResult<Self> {
        self.same_order(py, other)?;
        Ok(Self(self.0.clone() + other.0.clone()))
    }
    fn __sub__(&self, py: Python<'_>, other: &Self) -> PyResult<Self> {
        self.same_order(py, other)?;
        Ok(Self(self.0.clone() - other.0.clone()))
    }
    fn __mul__(&self, factor: f64) -> Self {
        Self(self.0.clone() * factor)
    }
    fn __rmul__(&self, factor: f64) -> Self {
        self.__mul__(factor)
    }
    fn __neg__(&self) -> Self {
        Self(-self.0.clone())
    }
}

impl Expression {
    fn same_order(&self, py: Python<'_>, other: &Self) -> PyResult<()> {
        let (own, other) = (self.0.order(), other.0.order());
        if own == other {
            return Ok(());
        }
        wrong_shape(
            py,
            "other",
            &format!("order {other}"),
            &format!("order {own}"),
        )
    }
}
