//! Handles of variables and the affine expressions made of them.
//!
//! Expressions are data, and building them never panics: a length, order or index that does not fit is kept,
//! and [`Program::solve`](super::Program::solve) refuses it, as it checks sizes, finiteness and Hermitian
//! symmetry, and names the row at fault.

use std::sync::Arc;

use isac_linalg::{Mat, MatRef, c64};

use super::owner::{Kind, Owners, Tag};

mod arithmetic;
mod vector;

pub use vector::Vector;

/// A real scalar variable. Copy it freely; it is an index into its program, and no other program
/// takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ScalarVar {
    pub(crate) id: usize,
    pub(crate) tag: Tag,
}

/// A complex vector variable of `len` entries, free: `2 len` real scalars.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct VectorVar {
    pub(crate) first: usize,
    pub(crate) len: usize,
    pub(crate) tag: Tag,
}

/// A Hermitian (or real symmetric) `n x n` matrix variable, positive semidefinite or free.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MatrixVar {
    pub(crate) id: usize,
    pub(crate) n: usize,
    pub(crate) tag: Tag,
}

/// A Hermitian coefficient matrix in the form it was given.
#[derive(Debug, Clone)]
pub(crate) enum Data {
    /// The identity.
    Identity,
    /// `V B V^H` with sparse Hermitian `B`, upper entries `(p, q, value)`, `p <= q`.
    Factor {
        vectors: Arc<Mat<c64>>,
        core: Arc<[(usize, usize, c64)]>,
    },
    /// All entries.
    Dense(Arc<Mat<c64>>),
    /// Upper entries `(i, j, value)`, `i <= j`; repeated entries add up.
    Sparse(Arc<[(usize, usize, c64)]>),
}

/// A Hermitian coefficient matrix: what multiplies a matrix variable in a scalar row, or a scalar
/// variable in a matrix inequality.
///
/// ```
/// use isac_linalg::{c64, Mat};
/// use isac_conic::Coefficient;
/// let v = Mat::from_fn(3, 2, |i, j| c64::new(i as f64, j as f64));
/// let _sum = Coefficient::pool(v.as_ref(), &[1.0, -0.5]); // v0 v0^H - 0.5 v1 v1^H
/// let _c = Coefficient::dense(Mat::<c64>::identity(3, 3));
/// ```
#[derive(Debug, Clone)]
pub struct Coefficient {
    pub(crate) data: Data,
    pub(crate) weight: f64,
}

impl Coefficient {
    /// The identity of whatever size is needed.
    pub fn identity() -> Self {
        Self::of(Data::Identity)
    }

    /// `v v^H`.
    pub fn rank_one<'a>(v: impl Into<Vector<'a>>) -> Self {
        let v = v.into().0;
        let vectors = Mat::from_fn(v.nrows(), 1, |i, _| v[i]);
        Self::of(Data::Factor {
            vectors: Arc::new(vectors),
            core: Arc::new([(0, 0, c64::ONE)]),
        })
    }

    /// `sum_p weights_p v_p v_p^H` over the columns `v_p` of `vectors`.
    pub fn pool(vectors: MatRef<'_, c64>, weights: &[f64]) -> Self {
        let entries = weights.iter().enumerate();
        Self::of(Data::Factor {
            vectors: Arc::new(vectors.to_owned()),
            core: entries.map(|(p, &w)| (p, p, c64::new(w, 0.0))).collect(),
        })
    }

    /// Hermitian part of `factor a b^H`: `(factor a b^H + conj(factor) b a^H) / 2`, whose inner
    /// product with `X` is `Re(conj(factor) a^H X b)`.
    ///
    /// Vectors of two lengths are an error of the solve: the shorter one ends in NaN, which it refuses.
    pub fn cross<'a>(a: impl Into<Vector<'a>>, b: impl Into<Vector<'a>>, factor: c64) -> Self {
        let vectors = [a.into().0, b.into().0];
        let length = vectors[0].nrows().max(vectors[1].nrows());
        let missing = c64::new(f64::NAN, 0.0);
        let vectors = Mat::from_fn(length, 2, |i, j| {
            vectors[j].iter().nth(i).copied().unwrap_or(missing)
        });
        Self::of(Data::Factor {
            vectors: Arc::new(vectors),
            core: Arc::new([(0, 1, factor * 0.5)]),
        })
    }

    /// A dense Hermitian matrix.
    pub fn dense(matrix: Mat<c64>) -> Self {
        Self::of(Data::Dense(Arc::new(matrix)))
    }

    /// Entries `(i, j, value)` on or above the diagonal; the ones below are their conjugates.
    /// Repeated entries add up.
    pub fn sparse(upper: &[(usize, usize, c64)]) -> Self {
        Self::of(Data::Sparse(upper.into()))
    }

    fn of(data: Data) -> Self {
        Self { data, weight: 1.0 }
    }

    /// The same matrix times a real number.
    #[must_use]
    pub fn scaled(mut self, factor: f64) -> Self {
        self.weight *= factor;
        self
    }
}

/// A real affine expression: a constant, real scalars, entries of vectors and inner products
/// `<A, X> = Re tr(A X)` with matrix variables. Add, subtract, negate, multiply by numbers, sum.
#[derive(Debug, Clone, Default)]
pub struct Affine {
    pub(crate) constant: f64,
    pub(crate) scalars: Vec<(usize, f64)>,
    pub(crate) matrices: Vec<(usize, Coefficient)>,
    pub(crate) owners: Owners,
}

impl Affine {
    /// A constant.
    pub fn constant(value: f64) -> Self {
        Self {
            constant: value,
            ..Self::default()
        }
    }

    fn matrix(variable: MatrixVar, coefficient: Coefficient) -> Self {
        Self {
            matrices: vec![(variable.id, coefficient)],
            owners: Owners::one(variable.tag, Kind::Matrix, variable.id),
            ..Self::default()
        }
    }

    /// Whether no variable occurs.
    pub fn is_constant(&self) -> bool {
        self.scalars.is_empty() && self.matrices.is_empty()
    }
}

/// A complex affine expression, kept as two real ones.
#[derive(Debug, Clone, Default)]
pub struct ComplexAffine {
    /// Real part.
    pub re: Affine,
    /// Imaginary part.
    pub im: Affine,
}

impl ComplexAffine {
    /// A constant.
    pub fn constant(value: c64) -> Self {
        Self {
            re: Affine::constant(value.re),
            im: Affine::constant(value.im),
        }
    }

    fn misfit(what: &str, expected: String, got: usize) -> Self {
        let re = Affine {
            owners: Owners::misfit(what, expected, got),
            ..Affine::default()
        };
        Self { im: re.clone(), re }
    }

    /// Complex conjugate.
    #[must_use]
    pub fn conj(self) -> Self {
        Self {
            re: self.re,
            im: -self.im,
        }
    }

    /// Product with a complex number.
    #[must_use]
    pub fn times(self, factor: c64) -> Self {
        let (re, im) = (self.re, self.im);
        Self {
            re: re.clone() * factor.re - im.clone() * factor.im,
            im: re * factor.im + im * factor.re,
        }
    }
}

impl MatrixVar {
    /// Order `n` of the matrix.
    pub fn order(self) -> usize {
        self.n
    }

    /// `tr X`.
    pub fn trace(self) -> Affine {
        Affine::matrix(self, Coefficient::identity())
    }

    /// `v^H X v`.
    pub fn quadratic<'a>(self, v: impl Into<Vector<'a>>) -> Affine {
        Affine::matrix(self, Coefficient::rank_one(v))
    }

    /// `sum_p weights_p v_p^H X v_p` over the columns of `vectors`.
    pub fn pool(self, vectors: MatRef<'_, c64>, weights: &[f64]) -> Affine {
        Affine::matrix(self, Coefficient::pool(vectors, weights))
    }

    /// `Re tr(C X)` for a Hermitian coefficient.
    pub fn inner(self, coefficient: Coefficient) -> Affine {
        Affine::matrix(self, coefficient)
    }

    /// `a^H X b`, a complex number.
    pub fn cross<'a>(self, a: impl Into<Vector<'a>>, b: impl Into<Vector<'a>>) -> ComplexAffine {
        let (a, b) = (a.into(), b.into());
        ComplexAffine {
            re: Affine::matrix(self, Coefficient::cross(a, b, c64::ONE)),
            im: Affine::matrix(self, Coefficient::cross(a, b, c64::I)),
        }
    }

    /// `T^H X T` for `T` of `n x k`: a `k x k` matrix expression.
    pub fn congruence(self, t: MatRef<'_, c64>) -> HermitianAffine {
        HermitianAffine {
            n: t.ncols(),
            constant: None,
            terms: Vec::new(),
            congruences: vec![(self.id, 1.0, t.to_owned())],
            owners: Owners::one(self.tag, Kind::Matrix, self.id),
        }
    }

    /// `X` itself as a matrix expression.
    pub fn expr(self) -> HermitianAffine {
        self.congruence(Mat::<c64>::identity(self.n, self.n).as_ref())
    }
}

impl VectorVar {
    /// Number of complex entries.
    pub fn order(self) -> usize {
        self.len
    }

    /// Entry `j`; one beyond the vector is an error of the solve.
    pub fn entry(self, j: usize) -> ComplexAffine {
        if j >= self.len {
            let expected = format!("an index below {}", self.len);
            return ComplexAffine::misfit("entry of a vector", expected, j);
        }
        let at = self.first + 2 * j;
        ComplexAffine {
            re: self.real(at).into(),
            im: self.real(at + 1).into(),
        }
    }

    fn real(self, id: usize) -> ScalarVar {
        let tag = self.tag;
        ScalarVar { id, tag }
    }

    /// `c^H w`, a complex number, for `c` of as many entries as the vector has; another length is an error of
    /// the solve.
    pub fn dot<'a>(self, c: impl Into<Vector<'a>>) -> ComplexAffine {
        let c = c.into().0;
        if c.nrows() != self.len {
            let expected = format!("a vector of {}", self.len);
            return ComplexAffine::misfit("product with a vector", expected, c.nrows());
        }
        let mut out = ComplexAffine::default();
        for j in 0..self.len {
            let (re, im) = (self.first + 2 * j, self.first + 2 * j + 1);
            out.re.scalars.extend([(re, c[j].re), (im, c[j].im)]);
            out.im.scalars.extend([(re, -c[j].im), (im, c[j].re)]);
        }
        if self.len > 0 {
            out.re.owners = Owners::one(self.tag, Kind::Scalar, self.first);
            out.im.owners = out.re.owners.clone();
        }
        out
    }

    /// `A w`, one expression per row of `A`, which has a column per entry of the vector; another number of
    /// columns is an error of the solve.
    pub fn image(self, a: MatRef<'_, c64>) -> Vec<ComplexAffine> {
        (0..a.nrows())
            .map(|i| {
                let row = Mat::from_fn(a.ncols(), 1, |j, _| a[(i, j)].conj());
                self.dot(row.col(0))
            })
            .collect()
    }

    /// The `2 len` real and imaginary parts, ready for a norm.
    pub fn parts(self) -> Vec<Affine> {
        (self.first..self.first + 2 * self.len)
            .map(|id| self.real(id).into())
            .collect()
    }
}

/// Real and imaginary parts of complex expressions in one list, ready for a norm.
pub fn parts(values: impl IntoIterator<Item = ComplexAffine>) -> Vec<Affine> {
    values.into_iter().flat_map(|z| [z.re, z.im]).collect()
}

/// A Hermitian matrix whose entries are affine in the variables: the left side of a linear matrix
/// inequality. Made of a constant, real expressions times coefficient matrices, and congruences
/// `T^H X T` of matrix variables.
///
/// The Schur block `[[X, w], [w^H, t]]`:
/// ```
/// use isac_conic::{HermitianAffine, Program};
/// let mut p = Program::new();
/// let (x, w, t) = (p.psd("X", 2), p.vector("w", 2), p.free("t"));
/// let mut block = x.expr().embedded(3, 0);
/// block.add_column(0, 2, (0..2).map(|i| w.entry(i)));
/// block.add_diagonal(2, t);
/// p.lmi("schur", block);
/// ```
#[derive(Debug, Clone)]
pub struct HermitianAffine {
    pub(crate) n: usize,
    pub(crate) constant: Option<Mat<c64>>,
    pub(crate) terms: Vec<(Affine, Coefficient)>,
    pub(crate) congruences: Vec<(usize, f64, Mat<c64>)>,
    /// Of the congruences; the terms have their own.
    pub(crate) owners: Owners,
}

impl HermitianAffine {
    /// The zero matrix of order `n`.
    pub fn zeros(n: usize) -> Self {
        Self {
            n,
            constant: None,
            terms: Vec::new(),
            congruences: Vec::new(),
            owners: Owners::default(),
        }
    }

    /// A constant Hermitian matrix.
    pub fn constant(matrix: Mat<c64>) -> Self {
        Self {
            n: matrix.nrows(),
            constant: Some(matrix),
            ..Self::zeros(0)
        }
    }

    /// Order of the matrix.
    pub fn order(&self) -> usize {
        self.n
    }

    /// Adds `expression * coefficient`.
    pub fn add_term(&mut self, expression: impl Into<Affine>, coefficient: Coefficient) {
        self.terms.push((expression.into(), coefficient));
    }

    /// Adds `value` to entry `(i, j)` and its conjugate to `(j, i)`; of a diagonal entry only the
    /// real part counts. An index beyond the matrix is an error of the solve.
    pub fn add_entry(&mut self, i: usize, j: usize, value: ComplexAffine) {
        if self.leaves(i, j) {
            return;
        }
        if i == j {
            return self.add_diagonal(i, value.re);
        }
        // The upper entry of a value below the diagonal is its conjugate.
        let (row, col, sign) = if i < j { (i, j, 1.0) } else { (j, i, -1.0) };
        if !value.re.is_zero() {
            self.add_term(value.re, Coefficient::sparse(&[(row, col, c64::ONE)]));
        }
        if !value.im.is_zero() {
            let unit = c64::new(0.0, sign);
            self.add_term(value.im, Coefficient::sparse(&[(row, col, unit)]));
        }
    }

    /// Whether an entry leaves the matrix, which is kept for the solve.
    fn leaves(&mut self, i: usize, j: usize) -> bool {
        let leaves = i >= self.n || j >= self.n;
        if leaves {
            let expected = format!("indices below {}", self.n);
            let got = format!("({i}, {j})");
            self.owners
                .merge(Owners::misfit("entry of a matrix", expected, got));
        }
        leaves
    }

    /// Adds a real expression to the diagonal entry `i`. An index beyond the matrix is an error of the solve.
    pub fn add_diagonal(&mut self, i: usize, value: impl Into<Affine>) {
        if self.leaves(i, i) {
            return;
        }
        self.add_term(value, Coefficient::sparse(&[(i, i, c64::ONE)]));
    }

    /// Adds a list of complex expressions to the entries `(row, column), (row + 1, column), ...`,
    /// and their conjugates across the diagonal. A list that leaves the matrix is an error of the solve.
    pub fn add_column(
        &mut self,
        row: usize,
        column: usize,
        values: impl IntoIterator<Item = ComplexAffine>,
    ) {
        for (i, value) in values.into_iter().enumerate() {
            self.add_entry(row + i, column, value);
        }
    }

    /// `self` as the diagonal block that starts at `(at, at)` of a zero matrix of order `n`. A block that
    /// leaves the matrix is an error of the solve.
    #[must_use]
    pub fn embedded(self, n: usize, at: usize) -> Self {
        if n < self.n || at > n - self.n {
            let expected = format!("within order {n}");
            let got = format!("order {} at {at}", self.n);
            return Self::misfit(n, "embedded block", expected, got);
        }
        let t = Mat::from_fn(
            self.n,
            n,
            |i, j| {
                if j == at + i { c64::ONE } else { c64::ZERO }
            },
        );
        self.congruence(t.as_ref())
    }

    fn misfit(n: usize, what: &str, expected: String, got: impl ToString) -> Self {
        Self {
            owners: Owners::misfit(what, expected, got),
            ..Self::zeros(n)
        }
    }

    /// `T^H (self) T` for `T` of `order x k`. Another number of rows is an error of the solve.
    #[must_use]
    pub fn congruence(self, t: MatRef<'_, c64>) -> Self {
        use isac_linalg::{hermitian, ops};
        if t.nrows() != self.n {
            let expected = format!("{} rows", self.n);
            return Self::misfit(t.ncols(), "congruence", expected, t.nrows());
        }
        // Where `T^H A T` almost vanishes its rounding is all there is and need not be Hermitian; data
        // that is not Hermitian itself stays so and is refused later.
        let through = |a: MatRef<'_, c64>| {
            let image = ops::mul(ops::adjoint_mul(t, a).as_ref(), t);
            if hermitian::check_hermitian("matrix", a).is_ok() {
                hermitian::hermitian_part(image.as_ref())
            } else {
                image
            }
        };
        let order = self.n;
        let map = |coefficient: Coefficient| {
            let data = match coefficient.data {
                Data::Identity => {
                    let gram = ops::adjoint_mul(t, t);
                    Data::Dense(Arc::new(hermitian::hermitian_part(gram.as_ref())))
                }
                Data::Factor { vectors, core } => Data::Factor {
                    vectors: Arc::new(ops::adjoint_mul(t, vectors.as_ref().as_ref())),
                    core,
                },
                Data::Dense(a) => Data::Dense(Arc::new(through(a.as_ref().as_ref()))),
                Data::Sparse(upper) => sparse_congruence(&upper, t, order),
            };
            Coefficient {
                data,
                weight: coefficient.weight,
            }
        };
        Self {
            n: t.ncols(),
            constant: self.constant.map(|c| through(c.as_ref())),
            terms: self.terms.into_iter().map(|(e, c)| (e, map(c))).collect(),
            congruences: self
                .congruences
                .into_iter()
                .map(|(id, weight, inner)| (id, weight, ops::mul(inner.as_ref(), t)))
                .collect(),
            owners: self.owners,
        }
    }
}

/// `T^H A T` of a sparse `A`; stays sparse when every row of `T` has at most one entry.
fn sparse_congruence(upper: &[(usize, usize, c64)], t: MatRef<'_, c64>, order: usize) -> Data {
    let single: Option<Vec<Option<(usize, c64)>>> = (0..order)
        .map(|i| {
            let mut found = None;
            for j in 0..t.ncols() {
                if t[(i, j)] != c64::ZERO {
                    if found.is_some() {
                        return None;
                    }
                    found = Some((j, t[(i, j)]));
                }
            }
            Some(found)
        })
        .collect();
    if let Some(single) = single {
        let mut out = Vec::with_capacity(upper.len());
        for &(i, j, value) in upper {
            if let (Some(Some((p, tp))), Some(Some((q, tq)))) = (single.get(i), single.get(j)) {
                let moved = tp.conj() * value * tq;
                match p.cmp(q) {
                    std::cmp::Ordering::Less => out.push((*p, *q, moved)),
                    std::cmp::Ordering::Greater => out.push((*q, *p, moved.conj())),
                    std::cmp::Ordering::Equal if i == j => out.push((*p, *p, moved)),
                    std::cmp::Ordering::Equal => {
                        out.push((*p, *p, c64::new(2.0 * moved.re, 0.0)));
                    }
                }
            }
        }
        return Data::Sparse(out.into());
    }
    let vectors = Mat::from_fn(t.ncols(), order, |p, i| t[(i, p)].conj());
    Data::Factor {
        vectors: Arc::new(vectors),
        core: upper.into(),
    }
}

impl Affine {
    fn is_zero(&self) -> bool {
        self.is_constant() && self.constant == 0.0 && self.owners.fit()
    }
}
