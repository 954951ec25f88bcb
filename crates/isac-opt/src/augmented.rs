//! Inequality constraints on a manifold: augmented Lagrangian and penalty continuation, around any
//! descent method.
//!
//! ```math
//! minimise f(W)  subject to  c_i(W) <= 0,  W on the manifold,
//! L(W) = f(W) + sum_i (max(0, lambda_i + rho c_i(W))^2 - lambda_i^2) / (2 rho).
//! ```
//!
//! The penalty, the complementarity and the change of `f` are measured in a natural unit of the
//! objective, [`Options::objective_unit`], so that neither a factor on `f` nor a constant added to
//! it changes the path. Constraints have no such unit: the caller scales them so that 1 is a large
//! violation.
//!
//! A round minimises `L` for fixed `lambda` and `rho` (Powell, Hestenes, Rockafellar), then sets
//! `lambda_i <- max(0, lambda_i + rho c_i)`. The penalty `rho` grows when the violation
//! `max_i max(0, c_i)` did not fall enough. The cheap alternative, [`continuation`], keeps
//! `lambda = 0` and raises the penalty over a given list; it always leaves a violation of the order
//! `1 / rho`.
//!
//! When the rounds end without a feasible point, the squared violation alone is minimised from the
//! best point. If that finds a feasible one, the remaining rounds go on from there; if not, the
//! answer is [`Feasibility::Infeasible`] together with the least violation that was found: a local
//! statement, not a proof.

use crate::drive::{Run, Step, Stop, drive};
use crate::manifold::Manifold;
use crate::riemannian::{Method, Minimum, Workspace, lbfgs, rcg};
use crate::{Error, StopReason, Trace, TraceRow};
use isac_linalg::{Mat, MatMut, MatRef, c64, ops, validate};
use serde::{Deserialize, Serialize};

/// An objective with inequality constraints `c_i <= 0`.
pub trait Constrained<E> {
    /// Number of constraints.
    fn constraints(&self) -> usize;

    /// Writes the constraint values at `w` into `c` and returns the objective. May keep for
    /// [`gradient`](Constrained::gradient) what the two share.
    ///
    /// # Errors
    /// When the objective or a constraint is undefined at `w`; a descent then shortens its step.
    fn values(&mut self, w: MatRef<'_, c64>, c: &mut [f64]) -> Result<f64, E>;

    /// Writes the gradient of `objective f + sum_i weights_i c_i` into `g`, in the convention
    /// `df = Re tr(G^H dW)`. Always called at the `w` of the last call of
    /// [`values`](Constrained::values).
    ///
    /// # Errors
    /// As [`values`](Constrained::values).
    fn gradient(
        &mut self,
        w: MatRef<'_, c64>,
        objective: f64,
        weights: &[f64],
        g: MatMut<'_, c64>,
    ) -> Result<(), E>;
}

/// Options of the augmented Lagrangian method.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// The descent of one round, with the limit of its iterations.
    pub inner: Method,
    /// Largest number of rounds.
    pub max_rounds: usize,
    /// The unit of the objective; by default the change of `f` along its gradient at the start,
    /// `s ||G_0||` with `s` the length scale of the manifold. Give 1 for an objective that has no
    /// unit, such as a logarithm.
    pub objective_unit: Option<f64>,
    /// `rho` of the first round, in units of the objective.
    pub penalty: f64,
    /// `rho` is multiplied by this when the violation did not fall by the factor `drop`.
    pub growth: f64,
    /// See `growth`.
    pub drop: f64,
    /// `rho` never exceeds this, in units of the objective.
    pub max_penalty: f64,
    /// A point is feasible when no `c_i` exceeds this. The method stops when besides the
    /// complementarity `max_i |lambda_i c_i|` in units of the objective is no larger and the
    /// objective has settled.
    pub tolerance: f64,
    /// The objective has settled when a round changed it by at most this, in its unit.
    pub settled: f64,
    /// After so many rounds in a row without a fall of the least violation by a tenth, feasibility
    /// is given up.
    pub stall_rounds: usize,
    /// Where rounds end without a feasible point, the squared violation alone is minimised in spells of
    /// so many iterations, until one of them lowers it by less than a tenth; 0 leaves that out.
    pub restoration_iterations: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            inner: Method::Lbfgs(lbfgs::Options {
                memory: 20,
                stop: Stop {
                    max_iterations: 50,
                    ..Stop::default()
                },
                ..lbfgs::Options::default()
            }),
            max_rounds: 30,
            objective_unit: None,
            penalty: 0.3,
            growth: 4.0,
            drop: 4.0,
            max_penalty: 1e8,
            tolerance: 1e-6,
            settled: 1e-6,
            stall_rounds: 6,
            restoration_iterations: 300,
        }
    }
}

/// Options of the penalty continuation. Its penalties are part of the problem that is solved and
/// therefore absolute, in units of the objective per squared unit of the constraints.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ContinuationOptions {
    /// The descent at each penalty, with the limit of its iterations.
    pub inner: Method,
    /// The penalties `rho` of `f + rho sum_i max(0, c_i)^2`, each started where the one before
    /// ended.
    pub penalties: Vec<f64>,
    /// A point is feasible when no `c_i` exceeds this.
    pub tolerance: f64,
}

impl Default for ContinuationOptions {
    fn default() -> Self {
        Self {
            inner: Method::Rcg(rcg::Options {
                stop: Stop {
                    max_iterations: 100,
                    ..Stop::default()
                },
                ..rcg::Options::default()
            }),
            penalties: vec![0.1, 1.0, 10.0],
            tolerance: 1e-6,
        }
    }
}

/// What is known about the constraints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Feasibility {
    /// The point meets them up to the tolerance.
    Feasible,
    /// The violation stalled, also when it alone was minimised. Local evidence, not a proof.
    Infeasible,
    /// A limit was reached first.
    Undecided,
}

/// The result of a constrained descent: of the points after a round, the feasible one of least
/// objective, or else the one of least violation.
#[derive(Debug, Clone, PartialEq)]
pub struct ConstrainedMinimum {
    /// The point, on the manifold.
    pub point: Mat<c64>,
    /// Its objective `f`, without penalty.
    pub value: f64,
    /// Its constraint values.
    pub constraints: Vec<f64>,
    /// `max_i max(0, c_i)` of it.
    pub violation: f64,
    /// Multipliers `lambda >= 0` after the last round.
    pub multipliers: Vec<f64>,
    /// The last penalty `rho`.
    pub penalty: f64,
    /// What is known about the constraints.
    pub feasibility: Feasibility,
    /// Why the rounds ended.
    pub stopped: StopReason,
    /// Iterations of the descent, over all rounds.
    pub iterations: usize,
    /// Evaluations of objective and constraints, over all rounds.
    pub evaluations: usize,
    /// One row per round; `step` is the distance moved.
    pub trace: Trace,
}

/// Minimises under inequality constraints by the augmented Lagrangian method.
///
/// # Errors
/// Bad options, what the descent rejects at the start, or the problem's own error there.
pub fn minimise<M, P, E>(
    manifold: &M,
    start: MatRef<'_, c64>,
    problem: &mut P,
    options: &Options,
    workspace: &mut Workspace,
) -> Result<ConstrainedMinimum, E>
where
    M: Manifold + ?Sized,
    P: Constrained<E> + ?Sized,
    E: From<Error>,
{
    for (what, value) in [
        ("penalty", options.penalty),
        ("growth", options.growth),
        ("drop", options.drop),
        ("max_penalty", options.max_penalty),
        ("tolerance", options.tolerance),
    ] {
        validate::positive(what, value, "").map_err(Error::from)?;
    }
    let mut state = State::new(manifold, start, problem, options.tolerance, workspace);
    let unit = match options.objective_unit {
        Some(unit) => {
            validate::positive("objective_unit", unit, "").map_err(Error::from)?;
            unit
        }
        None => state.objective_unit()?,
    };
    let options = &Options {
        penalty: options.penalty * unit,
        max_penalty: options.max_penalty * unit,
        objective_unit: Some(unit),
        ..options.clone()
    };
    let mut penalty = options.penalty;
    let mut run = rounds(&mut state, options, unit, options.max_rounds, &mut penalty)?;
    let mut feasibility = state.feasibility();
    if feasibility == Feasibility::Undecided && state.best.is_some() {
        feasibility = state.restore(&options.inner, options.restoration_iterations)?;
        let left = options.max_rounds - run.iterations;
        if feasibility == Feasibility::Feasible && left > 0 {
            penalty = (penalty * options.growth).min(options.max_penalty);
            let again = rounds(&mut state, options, unit, left, &mut penalty)?;
            run.stopped = again.stopped;
            run.trace.extend(again.trace);
        }
    }
    state.finish(run.stopped, run.trace, penalty, feasibility)
}

/// Rounds from `state.point` until they converge, stall or reach `limit`; the penalties of
/// `options` are absolute here.
fn rounds<M, P, E>(
    state: &mut State<'_, M, P>,
    options: &Options,
    unit: f64,
    limit: usize,
    penalty: &mut f64,
) -> Result<Run, E>
where
    M: Manifold + ?Sized,
    P: Constrained<E> + ?Sized,
    E: From<Error>,
{
    let mut value_before = f64::INFINITY;
    let mut violation_before = f64::INFINITY;
    let mut least = f64::INFINITY;
    let mut stalled = 0;
    drive("augmented", limit, |_| -> Result<Step, E> {
        let row = state.round(&options.inner, 1.0, *penalty)?;
        let violation = row.violation;
        let mut complementarity = 0.0_f64;
        for (multiplier, c) in state.multipliers.iter_mut().zip(&state.constraints) {
            *multiplier = (*multiplier + *penalty * c).max(0.0);
            complementarity = complementarity.max((*multiplier * c).abs());
        }
        let feasible = violation <= options.tolerance;
        if violation < 0.9 * least || feasible {
            stalled = 0;
        } else {
            stalled += 1;
        }
        least = least.min(violation);
        let moved = (row.objective - value_before).abs();
        let settled = moved <= options.settled * unit;
        value_before = row.objective;
        let stop = if feasible && complementarity <= options.tolerance * unit && settled {
            Some(StopReason::Tolerance)
        } else if stalled >= options.stall_rounds {
            Some(StopReason::Stagnation)
        } else {
            None
        };
        if !feasible && violation > violation_before / options.drop {
            *penalty = (*penalty * options.growth).min(options.max_penalty);
        }
        violation_before = violation;
        Ok(Step { row, stop })
    })
}

/// Minimises `f + rho sum_i max(0, c_i)^2` for one `rho` after the other.
///
/// The returned multipliers are the estimates `2 rho max(0, c_i)` at the last point.
///
/// # Errors
/// As [`minimise`].
pub fn continuation<M, P, E>(
    manifold: &M,
    start: MatRef<'_, c64>,
    problem: &mut P,
    options: &ContinuationOptions,
    workspace: &mut Workspace,
) -> Result<ConstrainedMinimum, E>
where
    M: Manifold + ?Sized,
    P: Constrained<E> + ?Sized,
    E: From<Error>,
{
    validate::length("penalties", options.penalties.len().min(1), 1).map_err(Error::from)?;
    for &penalty in &options.penalties {
        validate::positive("penalties", penalty, "").map_err(Error::from)?;
    }
    let mut state = State::new(manifold, start, problem, options.tolerance, workspace);
    let mut stopped = StopReason::IterationLimit;
    let rounds = options.penalties.len();
    let run = drive("penalty", rounds, |round| -> Result<Step, E> {
        let row = state.round(&options.inner, 1.0, 2.0 * options.penalties[round])?;
        stopped = state.inner_stopped;
        Ok(Step { row, stop: None })
    })?;
    let penalty = options.penalties[rounds - 1];
    for (multiplier, c) in state.multipliers.iter_mut().zip(&state.constraints) {
        *multiplier = 2.0 * penalty * c.max(0.0);
    }
    // The last point, not the best: it belongs to the last penalty.
    state.best = None;
    let feasibility = state.feasibility();
    state.finish(stopped, run.trace, penalty, feasibility)
}

/// A point with what the choice among points needs.
struct Candidate {
    point: Mat<c64>,
    value: f64,
    violation: f64,
}

struct State<'a, M: ?Sized, P: ?Sized> {
    manifold: &'a M,
    problem: &'a mut P,
    workspace: &'a mut Workspace,
    tolerance: f64,
    point: Mat<c64>,
    constraints: Vec<f64>,
    weights: Vec<f64>,
    multipliers: Vec<f64>,
    best: Option<Candidate>,
    inner_stopped: StopReason,
    iterations: usize,
    evaluations: usize,
}

impl<'a, M: Manifold + ?Sized, P: ?Sized> State<'a, M, P> {
    fn new<E>(
        manifold: &'a M,
        start: MatRef<'_, c64>,
        problem: &'a mut P,
        tolerance: f64,
        workspace: &'a mut Workspace,
    ) -> Self
    where
        P: Constrained<E>,
    {
        let count = problem.constraints();
        Self {
            manifold,
            problem,
            workspace,
            tolerance,
            point: start.to_owned(),
            constraints: vec![0.0; count],
            weights: vec![0.0; count],
            multipliers: vec![0.0; count],
            best: None,
            inner_stopped: StopReason::IterationLimit,
            iterations: 0,
            evaluations: 0,
        }
    }

    /// `s ||G||` at the start with the gradient on the manifold; where `f` is stationary with the
    /// gradient of the surrounding space, and 1 where that is 0 too.
    fn objective_unit<E>(&mut self) -> Result<f64, E>
    where
        P: Constrained<E>,
        E: From<Error>,
    {
        let (rows, cols) = (self.point.nrows(), self.point.ncols());
        self.manifold.check_shape(rows, cols)?;
        validate::finite("start", self.point.as_ref()).map_err(Error::from)?;
        self.manifold.normalise(self.point.as_mut());
        let w = self.point.as_ref();
        self.evaluations += 1;
        self.problem.values(w, &mut self.constraints)?;
        let mut g = Mat::zeros(rows, cols);
        self.weights.fill(0.0);
        self.problem.gradient(w, 1.0, &self.weights, g.as_mut())?;
        let surrounding = ops::norm(g.as_ref());
        self.manifold.project(w, g.as_mut());
        let tangent = ops::norm(g.as_ref());
        let rounding = f64::EPSILON * surrounding;
        let norm = if tangent > rounding {
            tangent
        } else {
            surrounding
        };
        let unit = norm * self.manifold.scale();
        if !unit.is_finite() {
            let (what, iteration) = ("gradient", 0);
            return Err(Error::NonFinite { what, iteration }.into());
        }
        Ok(if unit > 0.0 { unit } else { 1.0 })
    }

    /// Descends on `objective f + sum_i (max(0, lambda_i + rho c_i)^2 - lambda_i^2) / (2 rho)`.
    fn descend<E>(&mut self, inner: &Method, objective: f64, rho: f64) -> Result<Minimum, E>
    where
        P: Constrained<E>,
        E: From<Error>,
    {
        let (problem, c) = (&mut *self.problem, &mut self.constraints);
        let (multipliers, weights) = (&self.multipliers, &mut self.weights);
        let lagrangian = |w: MatRef<'_, c64>, g: MatMut<'_, c64>| -> Result<f64, E> {
            let mut total = objective * problem.values(w, c)?;
            for ((weight, &lambda), &c) in weights.iter_mut().zip(multipliers).zip(c.iter()) {
                *weight = (lambda + rho * c).max(0.0);
                total += (*weight * *weight - lambda * lambda) / (2.0 * rho);
            }
            problem.gradient(w, objective, weights, g)?;
            Ok(total)
        };
        inner.minimise(
            self.manifold,
            self.point.as_ref(),
            lagrangian,
            self.workspace,
        )
    }

    /// One round; afterwards `point` and `constraints` are those of its end.
    fn round<E>(&mut self, inner: &Method, objective: f64, rho: f64) -> Result<TraceRow, E>
    where
        P: Constrained<E>,
        E: From<Error>,
    {
        let end = self.descend(inner, objective, rho)?;
        self.inner_stopped = end.stopped;
        self.iterations += end.iterations;
        self.evaluations += end.evaluations + 1;
        ops::axpy(self.point.as_mut(), -1.0, end.point.as_ref());
        let step = ops::norm(self.point.as_ref());
        self.point = end.point;
        let value = self
            .problem
            .values(self.point.as_ref(), &mut self.constraints)?;
        let violation = self.constraints.iter().copied().fold(0.0, f64::max);
        let tolerance = self.tolerance;
        let better = self.best.as_ref().is_none_or(|best| {
            if violation <= tolerance && best.violation <= tolerance {
                value < best.value
            } else {
                violation < best.violation
            }
        });
        if better {
            self.best = Some(Candidate {
                point: self.point.clone(),
                value,
                violation,
            });
        }
        Ok(TraceRow {
            objective: value,
            violation,
            step,
        })
    }

    fn feasibility(&self) -> Feasibility {
        let last = self.constraints.iter().copied().fold(0.0, f64::max);
        let violation = self.best.as_ref().map_or(last, |best| best.violation);
        if violation <= self.tolerance {
            Feasibility::Feasible
        } else {
            Feasibility::Undecided
        }
    }

    /// Minimises the squared violation alone from the best point.
    fn restore<E>(&mut self, inner: &Method, iterations: usize) -> Result<Feasibility, E>
    where
        P: Constrained<E>,
        E: From<Error>,
    {
        if let Some(best) = &self.best {
            self.point.copy_from(&best.point);
        }
        let mut inner = inner.clone();
        let stop = inner.stop_mut();
        stop.max_iterations = iterations;
        stop.target = Some(0.5 * self.tolerance * self.tolerance);
        stop.gradient = stop.gradient.min(self.tolerance * self.tolerance);
        if iterations == 0 {
            return Ok(self.feasibility());
        }
        let multipliers = std::mem::replace(&mut self.multipliers, vec![0.0; self.weights.len()]);
        let excess = |c: &[f64]| -> f64 { c.iter().map(|c| c.max(0.0).powi(2)).sum() };
        let mut before = f64::INFINITY;
        let outcome = loop {
            if let Err(error) = self.round(&inner, 0.0, 2.0) {
                break Err(error);
            }
            if self.feasibility() == Feasibility::Feasible {
                break Ok(Feasibility::Feasible);
            }
            let now = excess(&self.constraints);
            // NaN and no fall end it alike.
            let falls = now < 0.9 * before;
            if self.inner_stopped != StopReason::IterationLimit || !falls {
                break Ok(Feasibility::Infeasible);
            }
            before = now;
        };
        self.multipliers = multipliers;
        outcome
    }

    fn finish<E>(
        mut self,
        stopped: StopReason,
        trace: Trace,
        penalty: f64,
        feasibility: Feasibility,
    ) -> Result<ConstrainedMinimum, E>
    where
        P: Constrained<E>,
        E: From<Error>,
    {
        if let Some(best) = self.best.take() {
            self.point = best.point;
        } else {
            self.manifold.normalise(self.point.as_mut());
        }
        let value = self
            .problem
            .values(self.point.as_ref(), &mut self.constraints)?;
        let violation = self.constraints.iter().copied().fold(0.0, f64::max);
        Ok(ConstrainedMinimum {
            point: self.point,
            value,
            constraints: self.constraints,
            violation,
            multipliers: self.multipliers,
            penalty,
            feasibility,
            stopped,
            iterations: self.iterations,
            evaluations: self.evaluations + 1,
            trace,
        })
    }
}
