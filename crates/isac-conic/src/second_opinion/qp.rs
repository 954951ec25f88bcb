//! Convex quadratic programs with linear, second-order-cone and exponential-cone constraints in
//! real dense data, solved by Clarabel and judged by our own arithmetic.
//!
//! ```math
//! \min_x \tfrac12 x^T P x + q^T x
//! \quad\text{s.t.}\quad A x + s = b,\quad s \in K
//! ```
//!
//! The verdict never is the solver's word: residuals, cone violations, gap and rays are recomputed
//! here from the data as given.

use isac_linalg::{Mat, MatRef, real, validate};
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::outcome::{Options, Why};

/// A block of constraints of a [`ConeQp`]; names its multipliers in the solution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Block(usize);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Zero,
    Nonnegative,
    SecondOrder,
    Exponential,
    /// Upper triangle of a symmetric matrix of this order by columns, off-diagonal entries times
    /// the square root of 2.
    #[cfg(feature = "clarabel-sdp")]
    Semidefinite(usize),
}

#[derive(Debug, Clone)]
pub(crate) struct Cone {
    pub(crate) kind: Kind,
    pub(crate) first: usize,
    pub(crate) len: usize,
}

/// A convex quadratic program over second-order and exponential cones; see the
/// [module](super) for its form.
///
/// ```
/// use isac_linalg::Mat;
/// use isac_conic::{Options, second_opinion::ConeQp};
/// // min x^2 + y^2  s.t.  x + y >= 2.
/// let mut qp = ConeQp::new(vec![0.0, 0.0]);
/// qp.hessian(Mat::from_fn(2, 2, |i, j| if i == j { 2.0 } else { 0.0 }).as_ref());
/// let row = Mat::from_fn(1, 2, |_, _| -1.0);
/// let sum = qp.at_most(row.as_ref(), &[-2.0]);
/// let outcome = qp.solve(&Options::default())?;
/// let found = outcome.solution().expect("a convex program with an optimum");
/// assert!((found.x[0] - 1.0).abs() < 1e-7 && (found.multiplier(sum)[0] - 2.0).abs() < 1e-6);
/// # Ok::<(), isac_conic::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct ConeQp {
    /// `n x n`, or empty for a linear objective.
    pub(crate) hessian: Mat<f64>,
    pub(crate) gradient: Vec<f64>,
    /// `(row, column, value)` of `A`.
    pub(crate) entries: Vec<(usize, usize, f64)>,
    pub(crate) rhs: Vec<f64>,
    pub(crate) cones: Vec<Cone>,
    /// What was wrong with the first bad call, reported by [`ConeQp::solve`].
    error: Option<isac_linalg::Error>,
}

impl ConeQp {
    /// The program `min q^T x` without constraints; `q` gives the number of variables.
    pub fn new(q: Vec<f64>) -> Self {
        Self {
            hessian: Mat::zeros(0, 0),
            gradient: q,
            entries: Vec::new(),
            rhs: Vec::new(),
            cones: Vec::new(),
            error: None,
        }
    }

    /// Adds `1/2 x^T P x` to the objective; `P` symmetric positive semidefinite.
    pub fn hessian(&mut self, p: MatRef<'_, f64>) {
        let n = self.gradient.len();
        if (p.nrows(), p.ncols()) != (n, n) {
            self.reject("Hessian", n, n, p);
            return;
        }
        self.hessian = p.to_owned();
    }

    /// Adds `A x = b`.
    pub fn equal(&mut self, a: MatRef<'_, f64>, b: &[f64]) -> Block {
        self.dense(Kind::Zero, "equality", a, b, 1.0)
    }

    /// Adds `A x <= b`.
    pub fn at_most(&mut self, a: MatRef<'_, f64>, b: &[f64]) -> Block {
        self.dense(Kind::Nonnegative, "inequality", a, b, 1.0)
    }

    /// Adds `|(y_2, ..., y_m)| <= y_1` for `y = A x + b`.
    pub fn second_order(&mut self, a: MatRef<'_, f64>, b: &[f64]) -> Block {
        self.dense(Kind::SecondOrder, "second-order cone", a, b, -1.0)
    }

    /// Adds `y_2 exp(y_1 / y_2) <= y_3`, `y_2 > 0` (closed) for `y = A x + b`. With `y_2 = 1` this is
    /// `y_1 <= ln y_3`.
    pub fn exponential(&mut self, a: MatRef<'_, f64>, b: &[f64]) -> Block {
        if a.nrows() != 3 {
            self.reject("exponential cone", 3, self.gradient.len(), a);
        }
        self.dense(Kind::Exponential, "exponential cone", a, b, -1.0)
    }

    fn reject(&mut self, what: &str, rows: usize, cols: usize, got: MatRef<'_, f64>) {
        let error = isac_linalg::Error::shape(
            what,
            format!("{rows} x {cols}"),
            format!("{} x {}", got.nrows(), got.ncols()),
        );
        self.error.get_or_insert(error);
    }

    fn dense(&mut self, kind: Kind, what: &str, a: MatRef<'_, f64>, b: &[f64], sign: f64) -> Block {
        if a.nrows() != b.len() || a.ncols() != self.gradient.len() {
            self.reject(what, b.len(), self.gradient.len(), a);
        }
        let first = self.rhs.len();
        let mut entries = Vec::new();
        for j in 0..a.ncols() {
            for i in 0..a.nrows() {
                if a[(i, j)] != 0.0 {
                    entries.push((i, j, sign * a[(i, j)]));
                }
            }
        }
        self.entries
            .extend(entries.iter().map(|&(i, j, v)| (first + i, j, v)));
        // s = b - A x for the first two kinds, s = A x + b for the cones.
        self.push(kind, b.iter().copied())
    }

    /// Appends `rhs.len()` rows of the given kind whose entries of `A` the caller adds itself.
    pub(crate) fn push(&mut self, kind: Kind, rhs: impl IntoIterator<Item = f64>) -> Block {
        let first = self.rhs.len();
        self.rhs.extend(rhs);
        let len = self.rhs.len() - first;
        self.cones.push(Cone { kind, first, len });
        Block(self.cones.len() - 1)
    }

    pub(super) fn validate(&self) -> Result<(), Error> {
        if let Some(error) = &self.error {
            return Err(error.clone().into());
        }
        let n = self.gradient.len();
        if n == 0 {
            return Err(isac_linalg::Error::range("number of variables", 0.0, "at least 1").into());
        }
        validate::finite_list("linear objective", &self.gradient)?;
        validate::finite_list("right side of the constraints", &self.rhs)?;
        for &(row, col, value) in &self.entries {
            if !value.is_finite() {
                return Err(not_finite("constraint matrix", row, col, value).into());
            }
        }
        let p = &self.hessian;
        let top = largest(p);
        for j in 0..p.ncols() {
            for i in 0..p.nrows() {
                if !p[(i, j)].is_finite() {
                    return Err(not_finite("Hessian", i, j, p[(i, j)]).into());
                }
                let deviation = (p[(i, j)] - p[(j, i)]).abs();
                if deviation > 1e-12 * top {
                    return Err(isac_linalg::Error::NotHermitian {
                        what: "Hessian".into(),
                        deviation: deviation / top,
                    }
                    .into());
                }
            }
        }
        if top > 0.0 {
            // Semidefinite up to rounding: a shift far below any curvature that matters.
            let shifted = Mat::from_fn(n, n, |i, j| {
                p[(i, j)] + if i == j { 1e-11 * top } else { 0.0 }
            });
            real::cholesky("Hessian", shifted.as_ref())?;
        }
        Ok(())
    }

    /// `P x`, zero for a linear objective.
    fn curvature(&self, x: &[f64]) -> Vec<f64> {
        let n = x.len();
        if self.hessian.nrows() == 0 {
            return vec![0.0; n];
        }
        (0..n)
            .map(|i| (0..n).map(|j| self.hessian[(i, j)] * x[j]).sum())
            .collect()
    }

    fn times(&self, x: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; self.rhs.len()];
        for &(i, j, value) in &self.entries {
            out[i] += value * x[j];
        }
        out
    }

    fn adjoint_times(&self, z: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; self.gradient.len()];
        for &(i, j, value) in &self.entries {
            out[j] += value * z[i];
        }
        out
    }

    /// Largest distance of the parts of `s` from their cones (`dual`: from the dual cones).
    fn cone_violation(&self, s: &[f64], dual: bool) -> f64 {
        self.cones.iter().fold(0.0, |worst, cone| {
            worst.max(
                cone.kind
                    .violation(&s[cone.first..cone.first + cone.len], dual),
            )
        })
    }

    /// The errors of a point with its multipliers, from the data as given.
    pub(crate) fn residuals(&self, x: &[f64], z: &[f64]) -> (f64, f64, ConeResiduals) {
        let (px, ax, atz) = (self.curvature(x), self.times(x), self.adjoint_times(z));
        let s: Vec<f64> = self.rhs.iter().zip(&ax).map(|(b, a)| b - a).collect();
        let quadratic = dot(x, &px);
        let objective = 0.5 * quadratic + dot(&self.gradient, x);
        let dual = -0.5 * quadratic - dot(&self.rhs, z);
        let stationarity = (0..x.len())
            .map(|j| (px[j] + self.gradient[j] + atz[j]).abs())
            .fold(0.0, f64::max);
        let primal_scale = 1.0 + max_abs(&self.rhs);
        let dual_scale = 1.0 + max_abs(&self.gradient);
        let gap_scale = 1.0 + objective.abs() + dual.abs();
        let residuals = ConeResiduals {
            primal: self.cone_violation(&s, false) / primal_scale,
            stationarity: stationarity / dual_scale,
            dual: self.cone_violation(z, true) / dual_scale,
            gap: (objective - dual) / gap_scale,
        };
        (objective, dual, residuals)
    }

    pub(super) fn judge(&self, raw: Raw, options: &Options) -> ConeOutcome {
        let Raw {
            x,
            z,
            iterations,
            why,
        } = raw;
        let finite = |v: &[f64]| v.iter().all(|a| a.is_finite());
        if !(finite(&x) && finite(&z)) {
            return ConeOutcome::Unknown {
                why: Why::Numerical,
                last: None,
            };
        }
        let (objective, dual_objective, residuals) = self.residuals(&x, &z);
        let solution = ConeSolution {
            multipliers: self.split(&z),
            x: x.clone(),
            objective,
            dual_objective,
            residuals,
            iterations,
        };
        if residuals.worst() <= options.accept.max(10.0 * options.tolerance) {
            return ConeOutcome::Solved(solution);
        }
        if let Some(ray) = self.infeasibility(&z, options.ray_tolerance) {
            return ConeOutcome::Infeasible(ray);
        }
        if let Some(ray) = self.unboundedness(&x, options.ray_tolerance) {
            return ConeOutcome::Unbounded(ray);
        }
        if residuals.worst() <= options.accept_inaccurate {
            return ConeOutcome::Inaccurate(solution);
        }
        ConeOutcome::Unknown {
            why,
            last: Some(Box::new(solution)),
        }
    }

    fn split(&self, z: &[f64]) -> Vec<Vec<f64>> {
        self.cones
            .iter()
            .map(|c| z[c.first..c.first + c.len].to_vec())
            .collect()
    }

    /// `z` in the dual cone with `A^T z = 0` and `b^T z = -1` excludes every `x`.
    fn infeasibility(&self, z: &[f64], tolerance: f64) -> Option<ConeFarkas> {
        let value = -dot(&self.rhs, z);
        if !(value.is_finite() && value > 0.0) {
            return None;
        }
        let z: Vec<f64> = z.iter().map(|z| z / value).collect();
        let error = max_abs(&self.adjoint_times(&z)).max(self.cone_violation(&z, true));
        (error <= tolerance).then(|| ConeFarkas {
            multipliers: self.split(&z),
            error,
        })
    }

    /// `x` with `P x = 0`, `-A x` in the cone and `q^T x = -1` improves without limit.
    fn unboundedness(&self, x: &[f64], tolerance: f64) -> Option<ConeRay> {
        let value = -dot(&self.gradient, x);
        if !(value.is_finite() && value > 0.0) {
            return None;
        }
        let x: Vec<f64> = x.iter().map(|x| x / value).collect();
        let moved: Vec<f64> = self.times(&x).iter().map(|a| -a).collect();
        let error = max_abs(&self.curvature(&x)).max(self.cone_violation(&moved, false));
        (error <= tolerance).then_some(ConeRay {
            direction: x,
            error,
        })
    }
}

/// What came back from the solver, unjudged.
pub(crate) struct Raw {
    pub(crate) x: Vec<f64>,
    pub(crate) z: Vec<f64>,
    pub(crate) iterations: usize,
    pub(crate) why: Why,
}

/// What came out of [`ConeQp::solve`]; the twin of [`Outcome`](crate::Outcome) for real dense data.
#[derive(Debug, Clone)]
pub enum ConeOutcome {
    /// Optimal to `accept`, by recomputed residuals.
    Solved(ConeSolution),
    /// The best point found, less accurate than asked.
    Inaccurate(ConeSolution),
    /// No point satisfies the constraints, with verified multipliers.
    Infeasible(ConeFarkas),
    /// The objective improves without limit along a verified direction (if any point is feasible).
    Unbounded(ConeRay),
    /// Neither a point nor a certificate.
    Unknown {
        /// The reason.
        why: Why,
        /// The last point, whatever it is worth.
        last: Option<Box<ConeSolution>>,
    },
}

impl ConeOutcome {
    /// The point of `Solved` and `Inaccurate`.
    pub fn solution(&self) -> Option<&ConeSolution> {
        match self {
            Self::Solved(solution) | Self::Inaccurate(solution) => Some(solution),
            _ => None,
        }
    }

    /// `solved`, `inaccurate`, `infeasible`, `unbounded` or `unknown`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Solved(_) => "solved",
            Self::Inaccurate(_) => "inaccurate",
            Self::Infeasible(_) => "infeasible",
            Self::Unbounded(_) => "unbounded",
            Self::Unknown { .. } => "unknown",
        }
    }
}

/// A point of a [`ConeQp`] with its multipliers.
#[derive(Debug, Clone)]
pub struct ConeSolution {
    /// The variables.
    pub x: Vec<f64>,
    /// Multipliers `z` per block in the order of the calls: `P x + q + A^T z = 0` for rows `A x <= b`
    /// and `A x = b`, `P x + q - A^T z = 0` for cones. Nonnegative for inequalities.
    multipliers: Vec<Vec<f64>>,
    /// Objective at `x`.
    pub objective: f64,
    /// Dual objective at the multipliers.
    pub dual_objective: f64,
    /// Recomputed errors.
    pub residuals: ConeResiduals,
    /// Iterations of the solver.
    pub iterations: usize,
}

impl ConeSolution {
    /// Multipliers of a block: `P x + q + A^T z = 0` summed over `equal` and `at_most` blocks, with
    /// `- A^T z` for the cones; `z >= 0` for inequalities, `z` in the dual cone otherwise.
    pub fn multiplier(&self, block: Block) -> &[f64] {
        &self.multipliers[block.0]
    }
}

/// Recomputed errors of a point.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ConeResiduals {
    /// Largest distance of a constraint block from its cone over `1 + max |b|`.
    pub primal: f64,
    /// Largest entry of the Lagrangian's gradient over `1 + max |q|`.
    pub stationarity: f64,
    /// Largest distance of the multipliers from the dual cone over `1 + max |q|`.
    pub dual: f64,
    /// `(p - d) / (1 + |p| + |d|)`, signed.
    pub gap: f64,
}

impl ConeResiduals {
    /// Largest modulus; infinite if one is not a number.
    pub fn worst(&self) -> f64 {
        [self.primal, self.stationarity, self.dual, self.gap]
            .iter()
            .fold(0.0, |top, e| {
                if e.is_nan() {
                    f64::INFINITY
                } else {
                    top.max(e.abs())
                }
            })
    }
}

/// Multipliers that prove that no point is feasible.
#[derive(Debug, Clone)]
pub struct ConeFarkas {
    multipliers: Vec<Vec<f64>>,
    /// Recomputed: every feasible point has `sum |x| >= 1 / error`, up to the cone part of it.
    pub error: f64,
}

impl ConeFarkas {
    /// Multipliers of a block; over all of them `b^T z = -1` in the sense of `A x + s = b`.
    pub fn multiplier(&self, block: Block) -> &[f64] {
        &self.multipliers[block.0]
    }
}

/// A direction along which the objective falls by 1 per unit.
#[derive(Debug, Clone)]
pub struct ConeRay {
    /// The direction.
    pub direction: Vec<f64>,
    /// Its recomputed violation of the homogeneous constraints.
    pub error: f64,
}

impl Kind {
    /// An upper bound on the distance from the cone that is 0 exactly on it.
    fn violation(self, s: &[f64], dual: bool) -> f64 {
        match self {
            Self::Zero if dual => 0.0,
            Self::Zero => max_abs(s),
            Self::Nonnegative => s.iter().fold(0.0, |worst, &v| worst.max(-v)),
            Self::SecondOrder => match s {
                [] => 0.0,
                [bound, parts @ ..] => (dot(parts, parts).sqrt() - bound).max(0.0),
            },
            Self::Exponential if dual => exponential_dual_violation(s[0], s[1], s[2]),
            Self::Exponential => exponential_violation(s[0], s[1], s[2]),
            #[cfg(feature = "clarabel-sdp")]
            Self::Semidefinite(n) => {
                let x = unpack(s, n);
                real::eigvalsh(x.as_ref()).map_or(f64::INFINITY, |l| (-l[0]).max(0.0))
            }
        }
    }
}

/// Shortest of three ways into `v exp(u/v) <= w`: along `w`, along `u`, and to the face `v = 0`.
fn exponential_violation(u: f64, v: f64, w: f64) -> f64 {
    let face = (u.max(0.0).powi(2) + v * v + (-w).max(0.0).powi(2)).sqrt();
    if v <= 0.0 {
        return face;
    }
    let along_w = (v * (u / v).exp() - w).max(0.0);
    let along_u = if w > 0.0 {
        (u - v * (w / v).ln()).max(0.0)
    } else {
        f64::INFINITY
    };
    face.min(along_w).min(along_u)
}

/// The same for the dual cone `-u exp(v/u) <= e w`, `u < 0`, with the face `u = 0`.
fn exponential_dual_violation(u: f64, v: f64, w: f64) -> f64 {
    let face = (u * u + (-v).max(0.0).powi(2) + (-w).max(0.0).powi(2)).sqrt();
    if u >= 0.0 {
        return face;
    }
    let along_w = (-u * (v / u - 1.0).exp() - w).max(0.0);
    let along_v = if w > 0.0 {
        (u * (1.0 + (w / -u).ln()) - v).max(0.0)
    } else {
        f64::INFINITY
    };
    face.min(along_w).min(along_v)
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn max_abs(a: &[f64]) -> f64 {
    a.iter().fold(0.0, |top, v| top.max(v.abs()))
}

fn largest(a: &Mat<f64>) -> f64 {
    (0..a.ncols()).fold(0.0, |top, j| {
        (0..a.nrows()).fold(top, |top, i| top.max(a[(i, j)].abs()))
    })
}

fn not_finite(what: &str, row: usize, col: usize, value: f64) -> isac_linalg::Error {
    isac_linalg::Error::NonFinite {
        what: what.into(),
        row,
        col,
        value: value.to_string(),
    }
}

/// The symmetric matrix whose upper triangle by columns, off-diagonal entries times the square root
/// of 2, is `packed`.
#[cfg(feature = "clarabel-sdp")]
pub(crate) fn unpack(packed: &[f64], n: usize) -> isac_linalg::Mat<f64> {
    isac_linalg::Mat::from_fn(n, n, |i, j| {
        let (i, j) = (i.min(j), i.max(j));
        let value = packed[j * (j + 1) / 2 + i];
        if i == j {
            value
        } else {
            value * std::f64::consts::FRAC_1_SQRT_2
        }
    })
}
