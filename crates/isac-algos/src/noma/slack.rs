//! Slack matrices of the dual in about 31 digits, and the largest provable scale of multipliers.

use crate::Error;
use isac_linalg::kernel::{Field, Real, Twofold, TwofoldComplex};
use isac_linalg::{Mat, c64, factor, precise};

/// A Hermitian sum of outer products, with what bounds its rounding.
#[derive(Debug, Clone)]
pub(crate) struct Slack {
    /// Lower triangle.
    matrix: Mat<TwofoldComplex>,
    /// Sum of the moduli of all terms on the diagonal; entry `(i, j)` of every term is at most the
    /// geometric mean of entries `i` and `j`.
    bulk: Vec<f64>,
}

/// Rounding of a slack matrix and of its factorisation, as a part of `bulk`: some hundred units of
/// twofold arithmetic.
const ROUNDING: f64 = 1e-28;

impl Slack {
    pub(crate) fn zeros(d: usize) -> Self {
        Self {
            matrix: precise::zeros(d, d),
            bulk: vec![0.0; d],
        }
    }

    fn order(&self) -> usize {
        self.bulk.len()
    }

    /// Adds `weight I`.
    pub(crate) fn add_identity(&mut self, weight: f64) {
        for i in 0..self.order() {
            self.matrix[(i, i)] += Field::from_c64(c64::new(weight, 0.0));
            self.bulk[i] += weight.abs();
        }
    }

    /// Adds `weight v v^H` with a column of `columns`.
    pub(crate) fn add_square(&mut self, weight: Twofold, columns: &Mat<TwofoldComplex>, at: usize) {
        let w = weight.to_f64();
        if w == 0.0 {
            return;
        }
        for j in 0..self.order() {
            let right = columns[(j, at)].conjugate().times(weight);
            for i in j..self.order() {
                self.matrix[(i, j)] += columns[(i, at)] * right;
            }
            self.bulk[j] += w.abs() * size2(columns[(j, at)]);
        }
    }

    /// Adds `weight u v^H + conj(weight) v u^H`.
    pub(crate) fn add_cross(
        &mut self,
        weight: c64,
        columns: &Mat<TwofoldComplex>,
        u: usize,
        v: usize,
    ) {
        if weight == c64::ZERO {
            return;
        }
        let weight_exact: TwofoldComplex = Field::from_c64(weight);
        for j in 0..self.order() {
            let to_v = columns[(j, v)].conjugate() * weight_exact;
            let to_u = columns[(j, u)].conjugate() * weight_exact.conjugate();
            for i in j..self.order() {
                self.matrix[(i, j)] += columns[(i, u)] * to_v + columns[(i, v)] * to_u;
            }
            self.bulk[j] += weight.norm() * (size2(columns[(j, u)]) + size2(columns[(j, v)]));
        }
    }

    /// Adds `weight other`.
    pub(crate) fn add(&mut self, weight: Twofold, other: &Self) {
        let w = weight.to_f64().abs();
        for j in 0..self.order() {
            for i in j..self.order() {
                self.matrix[(i, j)] += other.matrix[(i, j)].times(weight);
            }
            self.bulk[j] += w * other.bulk[j];
        }
    }

    /// Rounded.
    pub(crate) fn rounded(&self) -> Mat<c64> {
        let n = self.order();
        Mat::from_fn(n, n, |i, j| {
            let entry = self.matrix[(i.max(j), i.min(j))].to_c64();
            if i < j { entry.conj() } else { entry }
        })
    }

    fn is_positive_definite(&self) -> bool {
        let margin: Vec<f64> = self.bulk.iter().map(|b| ROUNDING * b).collect();
        precise::is_positive_definite(&self.matrix, &margin)
    }
}

fn size2(z: TwofoldComplex) -> f64 {
    z.to_c64().norm_sqr()
}

/// The largest factor `s` found with `base + s part` proved positive definite for every part;
/// infinite when every part is positive definite and the coordinates are `complete`. `base` is
/// positive definite.
pub(crate) fn provable_scale(base: &Slack, parts: &[Slack], complete: bool) -> Result<f64, Error> {
    let root = factor::cholesky("constant part of the dual", base.rounded().as_ref())?;
    let (mut lowest, mut largest) = (f64::INFINITY, 0.0_f64);
    for part in parts {
        let half = root.solve_lower(part.rounded().as_ref());
        let whole = root.solve_lower(half.adjoint().to_owned().as_ref());
        for value in factor::eigvalsh(whole.as_ref())? {
            lowest = lowest.min(value);
            largest = largest.max(value.abs());
        }
    }
    if largest <= 0.0 || largest.is_nan() {
        return Ok(0.0);
    }
    if complete && parts.iter().all(Slack::is_positive_definite) {
        return Ok(f64::INFINITY);
    }
    let proved = |s: f64| {
        parts.iter().all(|part| {
            let mut z = base.clone();
            z.add(Twofold::from(s), part);
            z.is_positive_definite()
        })
    };
    // Eigenvalues of double precision are blind below this; what is proved decides.
    let blind = 1e-14 * largest;
    let mut s = if lowest < -blind {
        1.0 / -lowest
    } else {
        1e28 / largest
    };
    let mut loss = f64::EPSILON;
    for _ in 0..64 {
        let trial = s * (1.0 - loss);
        if proved(trial) {
            return Ok(trial);
        }
        if loss < 0.25 {
            loss *= 4.0;
        } else {
            s *= 0.25;
        }
    }
    Ok(0.0)
}
