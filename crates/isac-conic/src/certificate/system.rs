//! A ray as numbers in cones with linear conditions, whichever side of the program it belongs to.

use isac_linalg::{Mat, c64};

use super::bound::Limits;
use super::evaluate::{accumulate, inner};
use super::exact::{ExactSum, adds_exactly};
use super::gradient::sign;
use crate::expr::{Affine, Coefficient, Data, HermitianAffine};
use crate::gather;
use crate::outcome::{Multipliers, Point};
use crate::program::{MatrixData, Program, Sense};
use crate::value::congruence;

/// A linear function of the numbers.
#[derive(Debug, Clone, Default)]
pub(super) struct Functional {
    pub(super) scalars: Vec<(usize, f64)>,
    /// Hermitian matrices, to be multiplied with those of the ray.
    pub(super) matrices: Vec<(usize, Mat<c64>)>,
    /// Rounding of the coefficients beyond their last digits, as a norm.
    pub(super) noise: f64,
    /// Whether the coefficients are those of the program without any rounding.
    pub(super) exact: bool,
}

/// `sum f_t(z) C_t + sum w T^H Z T`.
#[derive(Debug, Clone)]
pub(super) struct MatrixMap {
    pub(super) n: usize,
    pub(super) real: bool,
    pub(super) terms: Vec<(Functional, Coefficient)>,
    pub(super) congruences: Vec<(usize, f64, Mat<c64>)>,
    /// Largest trace that the variable which this is the gradient of can have.
    pub(super) limit: Option<f64>,
}

/// A matrix of the ray.
#[derive(Debug, Clone)]
pub(super) struct Slot {
    pub(super) value: Mat<c64>,
    pub(super) psd: bool,
    pub(super) real: bool,
}

/// The ray and what it has to satisfy.
#[derive(Debug, Clone)]
pub(super) struct System {
    pub(super) scalars: Vec<f64>,
    /// Whether each scalar has to be nonnegative.
    pub(super) nonneg: Vec<bool>,
    /// Second-order cones among the scalars: first index and length, the bound first.
    pub(super) cones: Vec<(usize, usize)>,
    pub(super) matrices: Vec<Slot>,
    /// Must vanish; with the largest modulus of the variable that each is the gradient of.
    pub(super) zero: Vec<(Functional, Option<f64>)>,
    /// Must be nonnegative.
    pub(super) positive: Vec<(Functional, Option<f64>)>,
    /// Must be positive semidefinite.
    pub(super) semidefinite: Vec<MatrixMap>,
    /// Must lie in second-order cones.
    pub(super) images: Vec<Vec<Functional>>,
    /// Must be positive.
    pub(super) value: Functional,
}

/// All entries of a coefficient, and how far rounding may have moved them beyond their last digits.
pub(super) fn dense(coefficient: &Coefficient, n: usize) -> (Mat<c64>, f64) {
    let mut out = Mat::zeros(n, n);
    accumulate(&mut out, 1.0, coefficient);
    let noise = match &coefficient.data {
        Data::Identity | Data::Dense(_) => 0.0,
        Data::Sparse(entries) if distinct(entries) => 0.0,
        Data::Sparse(entries) => entries.iter().map(|e| e.2.norm()).sum::<f64>(),
        Data::Factor { core, .. } if core.len() == 1 && core[0].0 == core[0].1 => 0.0,
        Data::Factor { vectors, core } => {
            let norm = |p: usize| {
                let squares = vectors.col_as_slice(p).iter().map(|z| z.norm_sqr());
                squares.sum::<f64>().sqrt()
            };
            let sizes = core.iter().map(|&(p, q, b)| b.norm() * norm(p) * norm(q));
            2.0 * sizes.sum::<f64>() * (8.0 + core.len() as f64)
        }
    };
    (out, coefficient.weight.abs() * noise * 4.0 * f64::EPSILON)
}

/// Whether no entry is given twice.
fn distinct(entries: &[(usize, usize, c64)]) -> bool {
    let mut places: Vec<_> = entries.iter().map(|e| (e.0, e.1)).collect();
    places.sort_unstable();
    places.windows(2).all(|pair| pair[0] != pair[1])
}

impl Functional {
    fn new() -> Self {
        Self {
            exact: true,
            ..Self::default()
        }
    }

    fn scalar(id: usize, factor: f64) -> Self {
        Self {
            scalars: vec![(id, factor)],
            ..Self::new()
        }
    }

    fn add_scalar(&mut self, id: usize, value: f64) {
        if value == 0.0 {
            return;
        }
        match self.scalars.iter_mut().find(|(other, _)| *other == id) {
            Some((_, old)) => {
                let sum = *old + value;
                self.exact &= adds_exactly(*old, value);
                self.noise += f64::EPSILON * (old.abs() + value.abs());
                *old = sum;
            }
            None => self.scalars.push((id, value)),
        }
    }

    /// Adds `factor C`.
    fn add_matrix(&mut self, id: usize, n: usize, factor: f64, coefficient: &Coefficient) {
        let own = factor * coefficient.weight;
        if own == 0.0 {
            return;
        }
        let power = |x: f64| x.to_bits() & ((1 << 52) - 1) == 0 && x.is_normal();
        let plain = match &coefficient.data {
            Data::Identity | Data::Dense(_) => true,
            Data::Sparse(entries) => distinct(entries),
            Data::Factor { .. } => false,
        };
        let unit = matches!(coefficient.data, Data::Identity) && power(factor);
        self.exact &= plain && (unit || (power(factor) && power(coefficient.weight)));
        let (mut own, noise) = dense(coefficient, n);
        self.noise += noise * factor.abs();
        isac_linalg::ops::scale(own.as_mut(), factor);
        match self.matrices.iter_mut().find(|(other, _)| *other == id) {
            Some((_, old)) => {
                for j in 0..n {
                    for i in 0..n {
                        let (a, b) = (old[(i, j)], own[(i, j)]);
                        let sum = a + b;
                        self.exact &= adds_exactly(a.re, b.re) && adds_exactly(a.im, b.im);
                        self.noise += f64::EPSILON * (a.norm() + b.norm());
                        old[(i, j)] = sum;
                    }
                }
            }
            None => self.matrices.push((id, own)),
        }
    }
}

/// Coefficient of a scalar in an expression, and whether nothing was rounded.
fn coefficient_of(expression: &Affine, id: usize) -> (f64, bool) {
    let mut sum = ExactSum::default();
    for &(_, c) in expression.scalars.iter().filter(|(other, _)| *other == id) {
        sum.add(c, 1.0);
    }
    sum.rounded()
}

/// Multiplier of `basis` (a matrix of one coordinate) in an expression.
fn along(expression: &Affine, id: usize, basis: &Mat<c64>) -> f64 {
    let own = expression.matrices.iter().filter(|(other, _)| *other == id);
    own.map(|(_, c)| inner(c, basis.as_ref())).sum()
}

/// The matrices of one coordinate each that make up a Hermitian matrix.
fn basis(n: usize, real: bool) -> Vec<Mat<c64>> {
    let entries = gather::basis(n, real).into_iter();
    entries
        .map(|(i, j, value)| {
            let mut out = Mat::zeros(n, n);
            accumulate(&mut out, 1.0, &Coefficient::sparse(&[(i, j, value)]));
            out
        })
        .collect()
}

/// The sign with which every multiplier of an inequality is nonnegative.
fn turn(sense: Sense) -> f64 {
    if sense == Sense::AtMost { -1.0 } else { 1.0 }
}

/// The expressions of all scalar multipliers, with their signs, in the order of the numbers.
fn entries(program: &Program) -> impl Iterator<Item = (usize, (&Affine, f64))> {
    let rows = program.rows.iter();
    let rows = rows.map(|row| (&row.expression, turn(row.sense)));
    let cones = program.cones.iter().flat_map(|cone| &cone.entries);
    rows.chain(cones.map(|entry| (entry, 1.0))).enumerate()
}

/// Minus the gradient of the constraints' part of the Lagrangian by a scalar.
fn by_scalar(program: &Program, id: usize) -> Functional {
    let mut f = Functional::new();
    for (k, (entry, turn)) in entries(program) {
        let (c, exact) = coefficient_of(entry, id);
        f.exact &= exact;
        f.add_scalar(k, -turn * c);
    }
    for (l, lmi) in program.lmis.iter().enumerate() {
        for (affine, coefficient) in &lmi.expression.terms {
            let (c, exact) = coefficient_of(affine, id);
            f.exact &= exact;
            f.add_matrix(l, lmi.expression.n, -c, coefficient);
        }
    }
    f
}

/// The same by a semidefinite matrix.
fn by_matrix(program: &Program, id: usize, data: &MatrixData, limit: Option<f64>) -> MatrixMap {
    let mut map = MatrixMap {
        n: data.n,
        real: data.real,
        terms: Vec::new(),
        congruences: Vec::new(),
        limit,
    };
    for (k, (entry, turn)) in entries(program) {
        for (_, c) in entry.matrices.iter().filter(|(other, _)| *other == id) {
            map.terms.push((Functional::scalar(k, -turn), c.clone()));
        }
    }
    for (l, lmi) in program.lmis.iter().enumerate() {
        for (affine, coefficient) in &lmi.expression.terms {
            for (_, c) in affine.matrices.iter().filter(|(other, _)| *other == id) {
                let mut f = Functional::new();
                f.add_matrix(l, lmi.expression.n, -1.0, coefficient);
                map.terms.push((f, c.clone()));
            }
        }
        for (_, w, t) in lmi.expression.congruences.iter().filter(|c| c.0 == id) {
            let adjoint = t.as_ref().adjoint().to_owned();
            map.congruences.push((l, -w, adjoint));
        }
    }
    map
}

/// The same by one coordinate of a free matrix.
fn by_coordinate(program: &Program, id: usize, unit: &Mat<c64>) -> Functional {
    let mut f = Functional::new();
    f.exact = false;
    for (k, (entry, turn)) in entries(program) {
        f.add_scalar(k, -turn * along(entry, id, unit));
    }
    for (l, lmi) in program.lmis.iter().enumerate() {
        for (affine, coefficient) in &lmi.expression.terms {
            let c = along(affine, id, unit);
            f.add_matrix(l, lmi.expression.n, -c, coefficient);
        }
        for (_, w, t) in lmi.expression.congruences.iter().filter(|c| c.0 == id) {
            let image = congruence(unit.as_ref(), t.as_ref());
            let image = isac_linalg::hermitian::hermitian_part(image.as_ref());
            f.noise += 1e-15 * isac_linalg::ops::norm2(t.as_ref()) * w.abs();
            f.add_matrix(l, lmi.expression.n, -w, &Coefficient::dense(image));
        }
    }
    f
}

impl System {
    /// No numbers and no conditions.
    fn empty() -> Self {
        Self {
            scalars: Vec::new(),
            nonneg: Vec::new(),
            cones: Vec::new(),
            matrices: Vec::new(),
            zero: Vec::new(),
            positive: Vec::new(),
            semidefinite: Vec::new(),
            images: Vec::new(),
            value: Functional::new(),
        }
    }

    /// Multipliers that are to exclude every point: minus the gradient of the constraints' part of the
    /// Lagrangian must lie in the cones dual to the variables', its constant must be positive.
    pub(super) fn of_multipliers(program: &Program, multipliers: &Multipliers) -> Self {
        let limits = Limits::of_constraints(program);
        let mut this = Self::empty();
        this.take_multipliers(program, multipliers);
        for (id, &nonneg) in program.scalars.iter().enumerate() {
            let list = if nonneg {
                &mut this.positive
            } else {
                &mut this.zero
            };
            list.push((by_scalar(program, id), limits.scalars[id]));
        }
        for (id, data) in program.matrices.iter().enumerate() {
            if data.psd {
                let map = by_matrix(program, id, data, limits.traces[id]);
                this.semidefinite.push(map);
            } else {
                let units = basis(data.n, data.real);
                let coordinates = units.iter().map(|unit| by_coordinate(program, id, unit));
                this.zero.extend(coordinates.map(|f| (f, None)));
            }
        }
        this
    }

    /// The multipliers as numbers in their cones, and the constant of the Lagrangian as their value.
    fn take_multipliers(&mut self, program: &Program, multipliers: &Multipliers) {
        for (k, (row, &y)) in program.rows.iter().zip(&multipliers.rows).enumerate() {
            self.scalars.push(turn(row.sense) * y);
            self.nonneg.push(row.sense != Sense::Equal);
            self.value.add_scalar(k, turn(row.sense) * row.rhs);
        }
        for (cone, u) in program.cones.iter().zip(&multipliers.cones) {
            self.cones.push((self.scalars.len(), u.len()));
            for (entry, &value) in cone.entries.iter().zip(u) {
                self.value.add_scalar(self.scalars.len(), -entry.constant);
                self.scalars.push(value);
                self.nonneg.push(false);
            }
        }
        for (l, (lmi, u)) in program.lmis.iter().zip(&multipliers.lmis).enumerate() {
            let n = lmi.expression.n;
            self.matrices.push(Slot {
                value: u.clone(),
                psd: true,
                real: false,
            });
            if let Some(constant) = &lmi.expression.constant {
                let coefficient = Coefficient::dense(constant.clone());
                self.value.add_matrix(l, n, -1.0, &coefficient);
            }
            for (affine, coefficient) in &lmi.expression.terms {
                self.value.add_matrix(l, n, -affine.constant, coefficient);
            }
        }
    }

    /// A direction along which the objective is to improve without limit.
    pub(super) fn of_direction(program: &Program, direction: &Point) -> Self {
        let slots = program.matrices.iter().zip(&direction.matrices);
        let mut this = Self {
            scalars: direction.scalars.clone(),
            nonneg: program.scalars.clone(),
            matrices: slots
                .map(|(data, value)| Slot {
                    value: value.dense().clone(),
                    psd: data.psd,
                    real: data.real,
                })
                .collect(),
            ..Self::empty()
        };
        let linear = |factor: f64, expression: &Affine| {
            let mut f = Functional::new();
            for &(id, c) in &expression.scalars {
                f.add_scalar(id, factor * c);
            }
            for (id, c) in &expression.matrices {
                f.add_matrix(*id, program.matrices[*id].n, factor, c);
            }
            f
        };
        this.value = linear(-sign(program), &program.objective);
        for row in &program.rows {
            match row.sense {
                Sense::Equal => this.zero.push((linear(1.0, &row.expression), None)),
                Sense::AtLeast => this.positive.push((linear(1.0, &row.expression), None)),
                Sense::AtMost => this.positive.push((linear(-1.0, &row.expression), None)),
            }
        }
        for lmi in &program.lmis {
            this.semidefinite.push(image(&lmi.expression, &linear));
        }
        for cone in &program.cones {
            let entries = cone.entries.iter().map(|entry| linear(1.0, entry));
            this.images.push(entries.collect());
        }
        this
    }

    /// Numbers that hold all matrices of the functionals.
    pub(super) fn size(&self) -> f64 {
        let own = |f: &Functional| -> f64 {
            f.matrices
                .iter()
                .map(|(_, m)| (m.nrows() as f64).powi(2))
                .sum()
        };
        let zero: f64 = self.zero.iter().map(|(f, _)| own(f)).sum();
        let maps: f64 = self
            .semidefinite
            .iter()
            .map(|map| map.terms.iter().map(|t| own(&t.0)).sum::<f64>())
            .sum();
        zero + maps
    }

    /// Every functional.
    fn functionals(&mut self) -> impl Iterator<Item = &mut Functional> {
        let lists = self.zero.iter_mut().chain(&mut self.positive);
        let images = self.images.iter_mut().flatten();
        let terms = self.semidefinite.iter_mut().flat_map(|map| &mut map.terms);
        lists
            .map(|(f, _)| f)
            .chain(images)
            .chain(terms.map(|(f, _)| f))
            .chain(std::iter::once(&mut self.value))
    }

    /// The same with the matrix `at` confined to `V Z V^H`, for a `V` of small integers.
    pub(super) fn confine(&mut self, at: usize, v: &Mat<c64>, value: Mat<c64>) {
        for f in self.functionals() {
            let mut exact = true;
            for (_, a) in f.matrices.iter_mut().filter(|(id, _)| *id == at) {
                let (small, kept) = compressed(a, v);
                exact &= kept;
                *a = small;
            }
            f.exact &= exact;
            // ||V^H N V|| <= ||V||^2 ||N||.
            f.noise *= isac_linalg::ops::norm2(v.as_ref()).max(1.0);
        }
        for map in &mut self.semidefinite {
            for (_, _, t) in map.congruences.iter_mut().filter(|c| c.0 == at) {
                *t = isac_linalg::ops::adjoint_mul(v.as_ref(), t.as_ref());
            }
        }
        self.matrices[at].value = value;
    }
}

fn image(expression: &HermitianAffine, linear: &dyn Fn(f64, &Affine) -> Functional) -> MatrixMap {
    let terms = expression.terms.iter();
    MatrixMap {
        n: expression.n,
        real: false,
        terms: terms.map(|(a, c)| (linear(1.0, a), c.clone())).collect(),
        congruences: expression.congruences.clone(),
        limit: None,
    }
}

/// `V^H A V`, every entry rounded once, and whether none was.
fn compressed(a: &Mat<c64>, v: &Mat<c64>) -> (Mat<c64>, bool) {
    let (n, r) = (v.nrows(), v.ncols());
    let mut exact = true;
    let mut out = Mat::zeros(r, r);
    for q in 0..r {
        for p in 0..=q {
            let (mut re, mut im) = (ExactSum::default(), ExactSum::default());
            for j in 0..n {
                for i in 0..n {
                    // Products of small integers are exact.
                    let w = v[(i, p)].conj() * v[(j, q)];
                    let z = a[(i, j)];
                    for (x, y) in [(w.re, z.re), (-w.im, z.im)] {
                        re.add(x, y);
                    }
                    for (x, y) in [(w.re, z.im), (w.im, z.re)] {
                        im.add(x, y);
                    }
                }
            }
            let ((x, first), (y, second)) = (re.rounded(), im.rounded());
            exact &= first && (second || p == q);
            out[(p, q)] = c64::new(x, if p == q { 0.0 } else { y });
            out[(q, p)] = out[(p, q)].conj();
        }
    }
    (out, exact)
}
