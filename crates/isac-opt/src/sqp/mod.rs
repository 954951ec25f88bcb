//! Smooth constrained minimisation by sequential quadratic programming.
//!
//! ```math
//! \min f(x) \quad \text{subject to} \quad c_i(x) = 0 \ (i < e), \qquad c_i(x) \le 0 \ (i \ge e)
//! ```
//!
//! Each step minimises a quadratic model of the Lagrangian plus the l1 penalty of the linearised
//! constraints, so it always has a solution (elastic mode). Its dual is a box-constrained quadratic
//! program with one variable per *constraint*,
//!
//! ```math
//! \min_{0 \le l \le \nu} \tfrac12 (g + A^T l)^T H (g + A^T l) - c^T l, \qquad d = -H (g + A^T l),
//! ```
//!
//! with `H` the inverse of the Hessian model, which is what BFGS updates. So a step costs `n^2` for
//! each constraint that matters to it and a few factorisations of their number: cheap when there are many variables and few constraints.
//! BFGS is damped (Powell), `B s` being known from the dual without `B`; steps are accepted by the
//! l1 merit with a second-order correction.
//!
//! Nothing depends on the unit of the objective: inside it is measured by `|g_0| |x_0|`, what it would
//! change by over the length of the start at the slope there, and a step is judged by
//! [`Options::tolerance`] against the same product at the point it leaves, so neither a factor nor a
//! constant added to the objective matters beyond rounding. Functions that are only almost smooth at the solution
//! (maxima of eigenvalue type) are tolerated: there the model becomes steep and steps short.

use crate::{Error, StopReason, Trace, TraceRow};
use isac_linalg::validate;
use isac_linalg::vector::{add, dot, mul_rows};
use serde::{Deserialize, Serialize};

mod box_qp;
mod model;

use model::{Model, Proposal};

/// Points whose worst merit a step must improve on.
const MEMORY: usize = 3;

/// Steps over which the pace is measured, and how many times as many are left to reach a bar.
const PACE: (usize, f64) = (12, 15.0);

/// Values and first derivatives at a point.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// Objective. Not finite says that the point is outside the domain.
    pub objective: f64,
    /// Its gradient, `n`.
    pub gradient: Vec<f64>,
    /// Constraints, `m`.
    pub constraints: Vec<f64>,
    /// Their gradients, row after row, `m n`.
    pub jacobian: Vec<f64>,
}

impl Point {
    fn new(n: usize, m: usize) -> Self {
        Self {
            objective: 0.0,
            gradient: vec![0.0; n],
            constraints: vec![0.0; m],
            jacobian: vec![0.0; m * n],
        }
    }

    /// The objective in another unit.
    fn divide(&mut self, unit: f64) {
        self.objective /= unit;
        self.gradient.iter_mut().for_each(|g| *g /= unit);
    }

    fn is_finite(&self) -> bool {
        self.objective.is_finite()
            && [&self.constraints, &self.gradient, &self.jacobian]
                .iter()
                .all(|list| list.iter().fold(true, |all, x| all & x.is_finite()))
    }
}

/// Options of [`solve`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Largest number of steps.
    pub max_iterations: usize,
    /// Stops when the model promises less than this times `|g| |x|`, what the objective would change
    /// by over the length of the point, or less than the objective's rounding, and the constraints
    /// hold to `feasibility`.
    pub tolerance: f64,
    /// Largest `c_i` that counts as feasible.
    pub feasibility: f64,
    /// First penalty weight per unit of the objective, `|g_0| |x_0|`; it grows as needed.
    pub penalty: f64,
    /// Largest penalty weight, likewise.
    pub penalty_max: f64,
    /// Length of the first steepest-descent step, relative to `|x|`.
    pub first_step: f64,
    /// An objective known from elsewhere. Gives up when 180 steps at the pace of the last dozen would
    /// not better it.
    pub bar: Option<f64>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_iterations: 400,
            tolerance: 1e-10,
            feasibility: 1e-8,
            penalty: 10.0,
            penalty_max: 1e7,
            first_step: 0.1,
            bar: None,
        }
    }
}

/// Where the method ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Solution {
    /// The point.
    pub x: Vec<f64>,
    /// Objective there.
    pub objective: f64,
    /// Largest violation there.
    pub violation: f64,
    /// Multipliers of the last step, one per constraint, `>= 0` for inequalities.
    pub multipliers: Vec<f64>,
    /// Why it stopped.
    pub stopped: StopReason,
    /// Steps taken.
    pub iterations: usize,
    /// Calls of the evaluation.
    pub evaluations: usize,
    /// One row per step.
    pub trace: Trace,
}

/// Minimises from `start`. The first `equalities` of the `constraints` rows are equalities, the
/// others hold when `<= 0`. `evaluate` fills a [`Point`] whose lists have the right lengths.
///
/// Failing to become feasible is not an error: see [`Solution::violation`].
///
/// # Errors
/// Options out of range, a start that is not finite, or functions that are not finite there.
///
/// # Example
/// ```
/// use isac_opt::sqp;
/// // The point of the unit disc closest to (2, 0).
/// let found = sqp::solve(
///     |x, p| {
///         p.objective = (x[0] - 2.0).powi(2) + x[1].powi(2);
///         p.gradient.copy_from_slice(&[2.0 * (x[0] - 2.0), 2.0 * x[1]]);
///         p.constraints[0] = x[0] * x[0] + x[1] * x[1] - 1.0;
///         p.jacobian.copy_from_slice(&[2.0 * x[0], 2.0 * x[1]]);
///     },
///     &[0.3, 0.4],
///     1,
///     0,
///     &sqp::Options::default(),
/// )?;
/// assert!((found.x[0] - 1.0).abs() < 1e-6 && (found.multipliers[0] - 1.0).abs() < 1e-4);
/// # Ok::<(), isac_opt::Error>(())
/// ```
pub fn solve(
    mut evaluate: impl FnMut(&[f64], &mut Point),
    start: &[f64],
    constraints: usize,
    equalities: usize,
    options: &Options,
) -> Result<Solution, Error> {
    let plain = |x: &[f64], anchor: Option<&[f64]>, point: &mut Point| {
        if anchor.is_none() {
            evaluate(x, point);
        }
        anchor.is_none()
    };
    solve_pieces(plain, start, constraints, equalities, options)
}

/// [`solve`] where some functions are maxima over inner variables with kinks near the solution.
///
/// `evaluate(x, None, point)` evaluates at `x`; a function with a kink should give several rows, one
/// per inner maximiser that is or nearly is active. `evaluate(x, Some(anchor), point)` evaluates at
/// `x` the *pieces* chosen at `anchor`, their inner variables frozen, and returns whether any
/// function has pieces (if not, `point` is not read). Curvature is then measured along smooth
/// pieces, and the kink is left to the rows: without this the model becomes so steep that steps die.
///
/// # Errors
/// As [`solve`].
pub fn solve_pieces(
    evaluate: impl FnMut(&[f64], Option<&[f64]>, &mut Point) -> bool,
    start: &[f64],
    constraints: usize,
    equalities: usize,
    options: &Options,
) -> Result<Solution, Error> {
    check(options, start, constraints, equalities)?;
    let mut run = Run::new(evaluate, start, constraints, equalities, options)?;
    let stopped = run.iterate();
    let unit = run.unit;
    let mut trace = run.trace;
    trace.iter_mut().for_each(|row| row.objective *= unit);
    Ok(Solution {
        violation: worst(&run.at.constraints, equalities),
        objective: run.at.objective * unit,
        x: run.x,
        multipliers: run.multipliers.iter().map(|l| l * unit).collect(),
        stopped,
        iterations: trace.len(),
        evaluations: run.evaluations,
        trace,
    })
}

fn check(options: &Options, start: &[f64], m: usize, equalities: usize) -> Result<(), Error> {
    validate::finite_list("start", start)?;
    for (name, value) in [
        ("tolerance", options.tolerance),
        ("feasibility", options.feasibility),
        ("penalty", options.penalty),
        ("penalty_max", options.penalty_max),
        ("first_step", options.first_step),
    ] {
        validate::positive(name, value, "")?;
    }
    if let Some(bar) = options.bar {
        validate::finite_list("bar", &[bar])?;
    }
    if start.is_empty() {
        return Err(isac_linalg::Error::range("variables", 0.0, "at least 1").into());
    }
    if equalities > m {
        let expected = format!("at most {m}, the number of constraints");
        return Err(isac_linalg::Error::range("equalities", equalities as f64, expected).into());
    }
    Ok(())
}

struct Run<'a, F> {
    evaluate: F,
    options: &'a Options,
    /// What the objective is measured in.
    unit: f64,
    /// Greatest length of a point so far, 1 while all are 0.
    length: f64,
    n: usize,
    m: usize,
    equalities: usize,
    x: Vec<f64>,
    at: Point,
    trial: Point,
    pieces: Point,
    /// Inverse Hessian model, row after row.
    inverse: Vec<f64>,
    fresh: bool,
    /// Bound on the multipliers of the elastic model.
    penalty: f64,
    /// Weights of the merit, close to the multipliers.
    weights: Vec<f64>,
    /// Objective and constraints of the last few points.
    recent: Vec<(f64, Vec<f64>)>,
    multipliers: Vec<f64>,
    evaluations: usize,
    trace: Trace,
}

impl<'a, F: FnMut(&[f64], Option<&[f64]>, &mut Point) -> bool> Run<'a, F> {
    fn new(
        mut evaluate: F,
        start: &[f64],
        m: usize,
        equalities: usize,
        options: &'a Options,
    ) -> Result<Self, Error> {
        let n = start.len();
        let mut at = Point::new(n, m);
        evaluate(start, None, &mut at);
        if !at.is_finite() {
            return Err(Error::NonFinite {
                what: "objective or constraint",
                iteration: 0,
            });
        }
        let length = Some(norm(start)).filter(|l| *l > 0.0).unwrap_or(1.0);
        // Without a slope at the start the objective has shown no unit of its own.
        let unit = norm(&at.gradient) * length;
        let unit = if unit.is_normal() { unit } else { 1.0 };
        at.divide(unit);
        let mut run = Self {
            evaluate,
            options,
            unit,
            length,
            n,
            m,
            equalities,
            x: start.to_vec(),
            trial: at.clone(),
            pieces: at.clone(),
            at,
            inverse: Vec::new(),
            fresh: true,
            penalty: options.penalty,
            weights: vec![0.0; m],
            recent: Vec::new(),
            multipliers: vec![0.0; m],
            evaluations: 1,
            trace: Trace::new(),
        };
        run.reset();
        Ok(run)
    }

    /// Starts the model again as a multiple of the identity.
    fn reset(&mut self) {
        let reach = self.options.first_step * self.length;
        let size = (reach / norm(&self.at.gradient)).min(self.longest());
        self.inverse = vec![0.0; self.n * self.n];
        for i in 0..self.n {
            self.inverse[i * self.n + i] = size;
        }
        self.fresh = true;
    }

    /// Largest inverse curvature that a first guess may have: a slope of one unit over the length of
    /// the point moves a hundred lengths.
    fn longest(&self) -> f64 {
        100.0 * self.length * self.length
    }

    fn iterate(&mut self) -> StopReason {
        let mut idle = 0;
        let mut paced: Option<(f64, Vec<f64>)> = None;
        while self.trace.len() < self.options.max_iterations {
            let mut model = self.model();
            let proposal = self.propose(&mut model);
            self.multipliers.clone_from(&proposal.multipliers);
            self.weigh();
            let descent = -dot(&self.at.gradient, &proposal.direction)
                + self.weighted(&self.at.constraints)
                - self.weighted(&proposal.linear);
            let least = self.options.tolerance * norm(&self.at.gradient) * self.length;
            let rounding = f64::EPSILON * self.at.objective.abs();
            let feasible = self.worst(&self.at.constraints) <= self.options.feasibility;
            if feasible && descent <= least.max(rounding) {
                return StopReason::Tolerance;
            }
            // Less than rounding in the merit, or no number: nothing left to search along.
            let penalties = self.weighted(&self.at.constraints);
            if descent.is_nan() || descent <= rounding + f64::EPSILON * penalties {
                if self.fresh {
                    return StopReason::Stagnation;
                }
                self.reset();
                continue;
            }
            let merit = self.at.objective + self.weighted(&self.at.constraints);
            if let Some(bar) = self.options.bar.map(|bar| bar / self.unit)
                && self.trace.len().is_multiple_of(PACE.0)
            {
                // By the same weights: they change on the way.
                let before = paced.map(|(f, c)| f + self.weighted(&c));
                if before.is_some_and(|before| merit - bar > PACE.1 * (before - merit)) {
                    return StopReason::Hopeless;
                }
                paced = Some((self.at.objective, self.at.constraints.clone()));
            }
            let Some((step, u)) = self.search(&mut model, &proposal, descent) else {
                if self.fresh {
                    return StopReason::Stagnation;
                }
                self.reset();
                continue;
            };
            let gain =
                (merit - self.trial.objective - self.weighted(&self.trial.constraints)).abs();
            self.accept(&step, &u);
            idle = if gain <= 0.01 * least + rounding {
                idle + 1
            } else {
                0
            };
            if idle >= 5 {
                return StopReason::Stagnation;
            }
        }
        StopReason::IterationLimit
    }

    /// Merit weights follow the multipliers down slowly and up at once (Powell): weights far above
    /// the multipliers would punish curvature of the constraints and cut good steps.
    fn weigh(&mut self) {
        for (weight, l) in self.weights.iter_mut().zip(&self.multipliers) {
            *weight = l.abs().max(0.5 * (*weight + l.abs()));
        }
    }

    fn weighted(&self, constraints: &[f64]) -> f64 {
        let pairs = self.weights.iter().zip(constraints).enumerate();
        pairs.map(|(i, (w, &c))| w * self.violation_of(i, c)).sum()
    }

    /// Finds an acceptable step and leaves its evaluation in `trial`; also returns `u` with
    /// `step = -H u`.
    fn search(
        &mut self,
        model: &mut Model,
        proposal: &Proposal,
        descent: f64,
    ) -> Option<(Vec<f64>, Vec<f64>)> {
        // Compared with the worst of the last few points: a little freedom to leave a curved valley.
        self.recent
            .push((self.at.objective, self.at.constraints.clone()));
        if self.recent.len() > MEMORY {
            self.recent.remove(0);
        }
        let merit = self
            .recent
            .iter()
            .map(|(f, c)| f + self.weighted(c))
            .fold(f64::NEG_INFINITY, f64::max);
        let (f, penalties) = (self.at.objective, self.weighted(&self.at.constraints));
        let noise = 4.0 * f64::EPSILON * (f.abs() + penalties);
        let accepts = |value: f64, alpha: f64| value <= merit - 1e-4 * alpha * descent + noise;
        let mut alpha = 1.0_f64;
        for attempt in 0..40 {
            let value = self.try_step(&proposal.direction, alpha);
            if accepts(value, alpha) {
                let scaled = |v: &[f64]| v.iter().map(|x| alpha * x).collect::<Vec<f64>>();
                return Some((scaled(&proposal.direction), scaled(&proposal.u)));
            }
            if attempt == 0 && self.trial.is_finite() {
                // Second-order correction: the same model with the constraints as they turned out.
                let shifted: Vec<f64> = (0..self.m)
                    .map(|i| self.trial.constraints[i] - dot(self.row(i), &proposal.direction))
                    .collect();
                let corrected = self.step(model, &shifted, self.penalty);
                if norm(&corrected.direction) <= 2.0 * norm(&proposal.direction) {
                    let value = self.try_step(&corrected.direction, 1.0);
                    if accepts(value, 1.0) {
                        return Some((corrected.direction, corrected.u));
                    }
                }
            }
            let fitted = if value.is_finite() {
                descent * alpha * alpha / (2.0 * (value - merit + descent * alpha))
            } else {
                0.0
            };
            let fitted = if fitted.is_nan() { 0.0 } else { fitted };
            alpha = fitted.clamp(0.1 * alpha, 0.5 * alpha);
        }
        None
    }

    /// Evaluates at `x + alpha d` into `trial`; the merit there, infinite outside the domain.
    fn try_step(&mut self, direction: &[f64], alpha: f64) -> f64 {
        let pairs = self.x.iter().zip(direction);
        let x: Vec<f64> = pairs.map(|(x, d)| x + alpha * d).collect();
        (self.evaluate)(&x, None, &mut self.trial);
        self.trial.divide(self.unit);
        self.evaluations += 1;
        if !self.trial.is_finite() {
            return f64::INFINITY;
        }
        self.trial.objective + self.weighted(&self.trial.constraints)
    }

    /// Moves to the trial point and updates the model by damped BFGS.
    fn accept(&mut self, step: &[f64], u: &[f64]) {
        let mut y: Vec<f64> = vec![0.0; self.n];
        let before = self.x.clone();
        add(&mut self.x, 1.0, step);
        self.length = self.length.max(norm(&self.x));
        let pieces = (self.evaluate)(&self.x, Some(&before), &mut self.pieces);
        self.pieces.divide(self.unit);
        self.evaluations += usize::from(pieces);
        let after = if pieces && self.pieces.is_finite() {
            &self.pieces
        } else {
            &self.trial
        };
        add(&mut y, 1.0, &after.gradient);
        add(&mut y, -1.0, &self.at.gradient);
        for i in 0..self.m {
            let l = self.multipliers[i];
            if l.abs() > 0.0 {
                let range = i * self.n..(i + 1) * self.n;
                add(&mut y, l, &after.jacobian[range.clone()]);
                add(&mut y, -l, &self.at.jacobian[range]);
            }
        }
        std::mem::swap(&mut self.at, &mut self.trial);
        self.trace.push(TraceRow {
            objective: self.at.objective,
            violation: self.worst(&self.at.constraints),
            step: norm(step),
        });
        self.update(step, &y, u);
    }

    /// `H` after a step `s = -H u` over which the Lagrangian's gradient changed by `y`.
    fn update(&mut self, s: &[f64], y: &[f64], u: &[f64]) {
        let n = self.n;
        let mut y = y.to_vec();
        let mut bs: Vec<f64> = u.iter().map(|u| -u).collect();
        let sy = dot(s, &y);
        if self.fresh && sy > 0.0 {
            // The identity was a guess: give it the size the first step measured.
            let ratio = (sy / dot(&y, &y)).min(self.longest()) / self.inverse[0];
            if ratio.is_finite() && ratio > 0.0 {
                self.inverse.iter_mut().for_each(|h| *h *= ratio);
                bs.iter_mut().for_each(|b| *b /= ratio);
            }
        }
        self.fresh = false;
        let sbs = dot(s, &bs);
        if sbs <= 0.0 || sbs.is_nan() {
            return;
        }
        if sy < 0.2 * sbs {
            let t = 0.8 * sbs / (sbs - sy);
            for (y, b) in y.iter_mut().zip(&bs) {
                *y = t * *y + (1.0 - t) * b;
            }
        }
        let sy = dot(s, &y);
        let mut hy = vec![0.0; n];
        mul_rows(&self.inverse, &y, &mut hy);
        let weight = (1.0 + dot(&y, &hy) / sy) / sy;
        if !(sy > 0.0 && weight.is_finite()) {
            return;
        }
        for i in 0..n {
            let (a, b) = (weight * s[i] - hy[i] / sy, s[i] / sy);
            let row = &mut self.inverse[i * n..(i + 1) * n];
            for j in 0..n {
                row[j] += a * s[j] - b * hy[j];
            }
        }
    }
}

impl<F> Run<'_, F> {
    fn row(&self, i: usize) -> &[f64] {
        &self.at.jacobian[i * self.n..(i + 1) * self.n]
    }

    fn violation_of(&self, i: usize, c: f64) -> f64 {
        violation(i, c, self.equalities)
    }

    fn l1(&self, constraints: &[f64]) -> f64 {
        let all = constraints.iter().enumerate();
        all.map(|(i, &c)| self.violation_of(i, c)).sum()
    }

    fn worst(&self, constraints: &[f64]) -> f64 {
        worst(constraints, self.equalities)
    }
}

/// Violation of row `i` of value `c`.
fn violation(i: usize, c: f64, equalities: usize) -> f64 {
    if i < equalities { c.abs() } else { c.max(0.0) }
}

fn worst(constraints: &[f64], equalities: usize) -> f64 {
    let all = constraints.iter().enumerate();
    all.map(|(i, &c)| violation(i, c, equalities))
        .fold(0.0, f64::max)
}

fn norm(a: &[f64]) -> f64 {
    dot(a, a).sqrt()
}
