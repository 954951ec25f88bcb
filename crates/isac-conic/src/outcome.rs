//! Options of the conic solver and what it returns.

use isac_linalg::{Mat, c64};
use serde::{Deserialize, Serialize};

use super::expr::{Affine, HermitianAffine, MatrixVar, ScalarVar, VectorVar};
use super::handles::{Cone, Lmi, Row};
use super::owner::{Kind, Tags, in_range};
use super::program::check_coefficient;
use super::value::Value;
use crate::Error;

/// Where a handle was refused, in [`Error::Foreign`].
const HERE: &str = "this answer";

/// Which of two equivalent standard forms is handed to the interior-point method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// The cheaper of the two by an operation count.
    Auto,
    /// Matrix variables are the cone variables; rows give the order of the Schur complement.
    Primal,
    /// Every variable is a multiplier and every constraint a cone; variables give the order of
    /// the Schur complement. Free variables and matrix inequalities cost nothing extra.
    Dual,
}

/// Options of [`Program::solve`](super::Program::solve).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// The method stops when all residuals and the relative gap are below this.
    pub tolerance: f64,
    /// [`Outcome::Solved`] needs all six DIMACS errors, recomputed, below this (or below ten times
    /// `tolerance` if that is larger).
    pub accept: f64,
    /// [`Outcome::Inaccurate`] needs them below this; anything worse is [`Outcome::Unknown`].
    pub accept_inaccurate: f64,
    /// A ray is an answer when it excludes every feasible point of norm below the reciprocal of this,
    /// proof of infeasibility or not (see [`super::certificate`]).
    pub ray_tolerance: f64,
    /// Most iterations.
    pub max_iterations: usize,
    /// Replace matrix variables by their compression to the span of their data where exact.
    pub reduce: bool,
    /// Continue in about 31 digits where `f64` ends short of ten times `tolerance` or without an
    /// answer. Programs whose iterations would take more than a few seconds that way (order of the
    /// linear system above about 1,600) are left as they are.
    pub extend: bool,
    /// Standard form.
    pub form: Form,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            tolerance: 1e-9,
            accept: 1e-7,
            accept_inaccurate: 1e-4,
            ray_tolerance: 1e-8,
            max_iterations: 150,
            reduce: true,
            extend: true,
            form: Form::Auto,
        }
    }
}

/// What came out of a solve. Nothing should bisect on this: make the bisected quantity a variable.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// Optimal to `accept`, by recomputed errors.
    Solved(Solution),
    /// The best point found, not as accurate as asked; its errors are in it.
    Inaccurate(Solution),
    /// No point satisfies the constraints: the multipliers prove it for every point, however large
    /// (see [`super::certificate`]).
    Infeasible(Farkas),
    /// No point of norm below [`Farkas::radius`] satisfies the constraints. Larger ones may: this
    /// is not a proof of infeasibility.
    NoPointBelow(Farkas),
    /// The objective improves without limit along a direction (if any point is feasible): the dual
    /// has no point, which the direction proves for every one.
    Unbounded(Ray),
    /// No multipliers of norm below [`Ray::radius`] satisfy the dual constraints. Larger ones may:
    /// this is not a proof of unboundedness.
    NoMultipliersBelow(Ray),
    /// The optimal values of the program and of its dual differ, or no digit tells which of them
    /// the iterations approached: neither is reported as the answer.
    IllPosed(Box<IllPosed>),
    /// Neither an optimal point nor a certificate was found.
    Unknown(Unknown),
}

impl Outcome {
    /// The point of `Solved` and `Inaccurate`.
    pub fn solution(&self) -> Option<&Solution> {
        match self {
            Self::Solved(solution) | Self::Inaccurate(solution) => Some(solution),
            Self::Infeasible(_)
            | Self::NoPointBelow(_)
            | Self::Unbounded(_)
            | Self::NoMultipliersBelow(_)
            | Self::IllPosed(_)
            | Self::Unknown(_) => None,
        }
    }

    /// The point of `Solved` and `Inaccurate`, by value; the outcome itself otherwise.
    ///
    /// # Errors
    /// The outcome unchanged when it has no point.
    #[expect(
        clippy::result_large_err,
        reason = "the caller gets its own value back"
    )]
    pub fn into_solution(self) -> Result<Solution, Self> {
        match self {
            Self::Solved(solution) | Self::Inaccurate(solution) => Ok(solution),
            other => Err(other),
        }
    }

    /// Whether this is [`Outcome::Solved`].
    pub fn is_solved(&self) -> bool {
        matches!(self, Self::Solved(_))
    }

    /// `solved`, `inaccurate`, `infeasible`, `no_point_below`, `unbounded`,
    /// `no_multipliers_below`, `ill_posed` or `unknown`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Solved(_) => "solved",
            Self::Inaccurate(_) => "inaccurate",
            Self::Infeasible(_) => "infeasible",
            Self::NoPointBelow(_) => "no_point_below",
            Self::Unbounded(_) => "unbounded",
            Self::NoMultipliersBelow(_) => "no_multipliers_below",
            Self::IllPosed(_) => "ill_posed",
            Self::Unknown(_) => "unknown",
        }
    }
}

/// One line: the verdict with the numbers that support it.
impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())?;
        match self {
            Self::Solved(s) | Self::Inaccurate(s) => {
                let (objective, worst) = (s.objective, s.dimacs.worst());
                write!(f, ": objective {objective}, dual {}", s.dual_objective)?;
                if let Some(bound) = s.bound {
                    write!(f, ", proved bound {bound}")?;
                }
                write!(f, ", worst error {worst:.1e}, {} iterations", s.iterations)
            }
            Self::Infeasible(farkas) => write!(f, ": proof in {} iterations", farkas.iterations),
            Self::NoPointBelow(farkas) => write!(f, ": norm {:.1e}", farkas.radius),
            Self::Unbounded(ray) => write!(f, ": proof in {} iterations", ray.iterations),
            Self::NoMultipliersBelow(ray) => write!(f, ": norm {:.1e}", ray.radius),
            Self::IllPosed(gap) => {
                let shown = |value: Option<f64>| match value {
                    Some(value) => value.to_string(),
                    None => "not found".to_owned(),
                };
                let (value, dual) = (shown(gap.value), shown(gap.dual_value));
                write!(f, ": value {value}, dual value {dual}")
            }
            Self::Unknown(unknown) => write!(f, ": {}", unknown.why),
        }
    }
}

/// A value for every variable.
#[derive(Debug, Clone, Default)]
pub struct Point {
    /// Real scalars by index; vectors are stored here, real and imaginary parts interleaved.
    pub(crate) scalars: Vec<f64>,
    /// Hermitian matrices by index.
    pub(crate) matrices: Vec<Value>,
    pub(crate) tags: Tags,
}

impl Point {
    /// Value of a scalar variable.
    ///
    /// # Errors
    /// A variable of another program.
    pub fn scalar(&self, variable: ScalarVar) -> Result<f64, Error> {
        let ScalarVar { id, tag } = variable;
        let count = self.scalars.len();
        self.tags.check(HERE, Kind::Scalar, (tag, id), count)?;
        Ok(self.scalars[id])
    }

    /// Value of a vector variable, `len x 1`.
    ///
    /// # Errors
    /// A variable of another program.
    pub fn vector(&self, variable: VectorVar) -> Result<Mat<c64>, Error> {
        let VectorVar { first, len, tag } = variable;
        // The number that must be known is the last one; an empty vector has none.
        let (last, count) = match len {
            0 => (first, usize::MAX),
            _ => (first + 2 * len - 1, self.scalars.len()),
        };
        self.tags.check(HERE, Kind::Scalar, (tag, last), count)?;
        Ok(Mat::from_fn(len, 1, |j, _| {
            let at = first + 2 * j;
            c64::new(self.scalars[at], self.scalars[at + 1])
        }))
    }

    /// Value of a matrix variable, exactly Hermitian. The entries of a variable that was reduced are
    /// computed at the first call.
    ///
    /// # Errors
    /// A variable of another program.
    pub fn matrix(&self, variable: MatrixVar) -> Result<&Mat<c64>, Error> {
        let MatrixVar { id, tag, .. } = variable;
        let count = self.matrices.len();
        self.tags.check(HERE, Kind::Matrix, (tag, id), count)?;
        Ok(self.matrices[id].dense())
    }

    pub(super) fn knows(&self, expression: &Affine) -> Result<(), Error> {
        expression.owners.check(HERE, &self.tags)?;
        let scalars = expression.scalars.iter().map(|(id, _)| *id);
        let matrices = expression.matrices.iter().map(|(id, _)| *id);
        in_range(HERE, Kind::Scalar, scalars, self.scalars.len())?;
        in_range(HERE, Kind::Matrix, matrices, self.matrices.len())?;
        let mut sizes = expression.matrices.iter();
        sizes.try_for_each(|(id, coefficient)| {
            check_coefficient(HERE, coefficient, self.matrices[*id].order())
        })
    }

    pub(super) fn knows_matrix(&self, expression: &HermitianAffine) -> Result<(), Error> {
        let mut factors = expression.terms.iter().map(|(factor, _)| factor);
        factors.try_for_each(|factor| self.knows(factor))?;
        expression.owners.check(HERE, &self.tags)?;
        let matrices = expression.congruences.iter().map(|(id, ..)| *id);
        in_range(HERE, Kind::Matrix, matrices, self.matrices.len())?;
        for (_, coefficient) in &expression.terms {
            check_coefficient(HERE, coefficient, expression.n)?;
        }
        for (id, _, t) in &expression.congruences {
            let order = self.matrices[*id].order();
            isac_linalg::validate::shape(HERE, t.as_ref(), order, expression.n)?;
        }
        Ok(())
    }
}

/// Multipliers of all constraints, for the program written as a minimisation: the Lagrangian is
/// `objective - sum y_i (row_i - rhs_i) - sum <U, LMI> - sum u'(bound, parts)`, hence `y >= 0` for
/// `>=` rows, `y <= 0` for `<=` rows, `U` positive semidefinite, `u` in the second-order cone.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Multipliers {
    pub(crate) rows: Vec<f64>,
    pub(crate) lmis: Vec<Mat<c64>>,
    /// `(bound, parts)` per norm constraint.
    pub(crate) cones: Vec<Vec<f64>>,
    pub(crate) tags: Tags,
}

impl Multipliers {
    /// Those of all rows, matrix inequalities and norm constraints, in the order of the program.
    pub fn all(&self) -> (&[f64], &[Mat<c64>], &[Vec<f64>]) {
        (&self.rows, &self.lmis, &self.cones)
    }

    /// Multiplier of a row.
    ///
    /// # Errors
    /// A row of another program.
    pub fn row(&self, row: Row) -> Result<f64, Error> {
        let count = self.rows.len();
        self.tags.check(HERE, Kind::Row, (row.tag, row.id), count)?;
        Ok(self.rows[row.id])
    }

    /// Multiplier of a matrix inequality, Hermitian positive semidefinite.
    ///
    /// # Errors
    /// A matrix inequality of another program.
    pub fn lmi(&self, lmi: Lmi) -> Result<&Mat<c64>, Error> {
        let count = self.lmis.len();
        self.tags.check(HERE, Kind::Lmi, (lmi.tag, lmi.id), count)?;
        Ok(&self.lmis[lmi.id])
    }

    /// Multiplier of a norm constraint: first of the bound, then of the parts.
    ///
    /// # Errors
    /// A norm constraint of another program.
    pub fn cone(&self, cone: Cone) -> Result<&[f64], Error> {
        let count = self.cones.len();
        self.tags
            .check(HERE, Kind::Cone, (cone.tag, cone.id), count)?;
        Ok(&self.cones[cone.id])
    }
}

/// What the exact reduction did to one matrix variable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reduction {
    /// Name of the variable.
    pub variable: String,
    /// Its order.
    pub from: usize,
    /// Order of the compression that was solved for.
    pub to: usize,
    /// Whether the trace on the orthogonal complement stayed as a nonnegative scalar, because
    /// larger traces can help.
    pub surplus: bool,
}

/// The six DIMACS error measures of a point and its multipliers.
///
/// Equality rows and free variables enter 1 and 3, everything else 2 and 4. `b` are all constants
/// of constraints, `c` all coefficients of the objective.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Dimacs {
    /// Norm of the equality violations over `1 + max |b|`.
    pub primal_equality: f64,
    /// Largest violation of a cone or inequality over `1 + max |b|`. A matrix that is not positive
    /// semidefinite by less than the rounding of its entries is none.
    pub primal_cone: f64,
    /// Norm of the gradient by free variables over `1 + max |c|`.
    pub dual_equality: f64,
    /// Largest violation of a dual cone or sign over `1 + max |c|`.
    pub dual_cone: f64,
    /// `(p - d) / (1 + |p| + |d|)` of the minimisation, signed.
    pub gap: f64,
    /// Sum of all complementarity products over `1 + |p| + |d|`, signed.
    pub complementarity: f64,
}

impl Dimacs {
    /// The six numbers in the usual order.
    pub fn errors(&self) -> [f64; 6] {
        [
            self.primal_equality,
            self.primal_cone,
            self.dual_equality,
            self.dual_cone,
            self.gap,
            self.complementarity,
        ]
    }

    /// Largest modulus; infinite if one is not a number.
    pub fn worst(&self) -> f64 {
        self.errors().iter().fold(0.0_f64, |top, e| {
            if e.is_nan() {
                f64::INFINITY
            } else {
                top.max(e.abs())
            }
        })
    }
}

/// An optimal or nearly optimal point with its multipliers and recomputed errors.
#[derive(Debug, Clone)]
pub struct Solution {
    /// Value of every variable.
    pub point: Point,
    /// Multipliers of every constraint.
    pub multipliers: Multipliers,
    /// Objective at the point, in the sense given (a maximum for `maximise`).
    pub objective: f64,
    /// Objective of the dual at the multipliers, in the same sense.
    pub dual_objective: f64,
    /// The six DIMACS errors, recomputed from the program as it was written.
    pub dimacs: Dimacs,
    /// A bound on the optimal value that the multipliers prove whatever the errors are: from below
    /// for `minimise`, from above for `maximise`. `None` where no row bounds the variables.
    pub bound: Option<f64>,
    /// Iterations of the interior-point method.
    pub iterations: usize,
    /// What was reduced.
    pub reductions: Vec<Reduction>,
    /// Whether the program was a maximisation.
    pub(crate) maximised: bool,
}

impl Solution {
    /// Value of a scalar variable.
    ///
    /// # Errors
    /// A variable of another program.
    pub fn scalar(&self, variable: ScalarVar) -> Result<f64, Error> {
        self.point.scalar(variable)
    }

    /// Value of a vector variable, `len x 1`.
    ///
    /// # Errors
    /// A variable of another program.
    pub fn vector(&self, variable: VectorVar) -> Result<Mat<c64>, Error> {
        self.point.vector(variable)
    }

    /// Value of a matrix variable.
    ///
    /// # Errors
    /// A variable of another program.
    pub fn matrix(&self, variable: MatrixVar) -> Result<&Mat<c64>, Error> {
        self.point.matrix(variable)
    }

    /// Sensitivity `d(optimal value)/d(rhs)` of a row, for `minimise` and `maximise` alike.
    ///
    /// # Errors
    /// A row of another program.
    pub fn dual(&self, row: Row) -> Result<f64, Error> {
        let y = self.multipliers.row(row)?;
        Ok(if self.maximised { -y } else { y })
    }

    /// Multiplier of a matrix inequality, Hermitian positive semidefinite.
    ///
    /// # Errors
    /// A matrix inequality of another program.
    pub fn lmi_dual(&self, lmi: Lmi) -> Result<&Mat<c64>, Error> {
        self.multipliers.lmi(lmi)
    }

    /// Multiplier of a norm constraint: first of the bound, then of the parts.
    ///
    /// # Errors
    /// A norm constraint of another program.
    pub fn cone_dual(&self, cone: Cone) -> Result<&[f64], Error> {
        self.multipliers.cone(cone)
    }
}

/// Multipliers that exclude points: they make the constraints' combination positive on the right
/// and nonpositive on the left, exactly or nearly.
#[derive(Debug, Clone)]
pub struct Farkas {
    /// The multipliers, scaled so that their value (what the right sides sum to) is 1.
    pub multipliers: Multipliers,
    /// How far these numbers themselves are from a proof, recomputed.
    pub error: f64,
    /// No feasible point has a norm (`sum tr X + sum |x|` over all variables) below this; infinite
    /// where exact multipliers beside these prove that there is no feasible point at all.
    pub radius: f64,
    /// Iterations.
    pub iterations: usize,
}

/// A direction along which the objective improves, exactly or nearly without limit.
#[derive(Debug, Clone)]
pub struct Ray {
    /// The direction, scaled so that the objective improves by 1.
    pub direction: Point,
    /// Largest violation of the homogeneous constraints by these numbers themselves, recomputed.
    pub error: f64,
    /// No feasible multipliers have a norm (`sum |y| + sum tr U + sum |u|`) below this; infinite where
    /// an exact direction beside this one proves that there are none at all.
    pub radius: f64,
    /// Iterations.
    pub iterations: usize,
}

/// A program whose optimal value differs from that of its dual, or nearly has such a gap.
#[derive(Debug, Clone)]
pub struct IllPosed {
    /// Optimal value of the program, in the sense given, on the face that its constraints confine it
    /// to; `None` where no face was found.
    pub value: Option<f64>,
    /// The value that multipliers nearly feasible for the dual reach.
    pub dual_value: Option<f64>,
    /// What supports `value`.
    pub support: Option<Box<Solution>>,
    /// What supports `dual_value`: multipliers, with a point that violates the constraints by little
    /// and grows without limit as that little shrinks.
    pub dual_support: Option<Box<Solution>>,
}

/// Why there is no answer.
#[derive(Debug, Clone)]
pub struct Unknown {
    /// The reason.
    pub why: Why,
    /// The last point, with its errors, if there was one.
    pub last: Option<Box<Solution>>,
}

/// Why a solve ended without an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Why {
    /// The iteration limit was reached.
    IterationLimit,
    /// The caller asked to stop ([`Program::solve_until`](super::Program::solve_until)).
    Stopped,
    /// Steps became too short to make progress.
    Stalled,
    /// A factorisation or a step was not finite.
    Numerical,
}

impl std::fmt::Display for Why {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::IterationLimit => "the iteration limit was reached",
            Self::Stopped => "it was asked to stop",
            Self::Stalled => "steps became too short to make progress",
            Self::Numerical => "a factorisation or a step was not finite",
        })
    }
}
