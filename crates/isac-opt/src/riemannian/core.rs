//! The descent that the three methods share; a [`Rule`] supplies the direction.

use super::{LineSearch, Minimum, flat::Flat};
use crate::drive::{Run, Secants, Stall, Step, Stop, drive};
use crate::manifold::Manifold;
use crate::{Error, StopReason, TraceRow};
use isac_linalg::{MatMut, MatRef, c64, validate};

/// Twice the rounding of a value that is a sum of some hundred terms, relative to it: the fall predicted by `||G||^2 / (2 c)`
/// is compared with it.
const ROUNDING: f64 = 256.0 * f64::EPSILON;

/// What a method remembers and how it chooses directions.
pub(super) trait Rule {
    /// Writes a direction for the gradient `g` at `w`. On entry `d` holds what
    /// [`accepted`](Rule::accepted) left there. Returns the first trial step.
    fn direction<M: Manifold + ?Sized>(
        &mut self,
        manifold: &M,
        w: MatRef<'_, c64>,
        g: &Flat,
        d: &mut Flat,
    ) -> f64;

    /// Forgets the past, after a failed line search; true if there was something to forget.
    fn restart(&mut self) -> bool;

    /// Learns from an accepted step. `old_g` may be overwritten, `d` is kept for the next
    /// [`direction`](Rule::direction).
    fn accepted<M: Manifold + ?Sized>(&mut self, manifold: &M, step: Accepted<'_>);
}

/// A step `t d` from a point with gradient `old_g` to `w` with gradient `g`.
pub(super) struct Accepted<'a> {
    pub(super) w: MatRef<'a, c64>,
    pub(super) g: &'a Flat,
    pub(super) old_g: &'a mut Flat,
    pub(super) d: &'a mut Flat,
    pub(super) t: f64,
}

/// Largest trial step in units of `1 / ||d||`, so that `||t d|| <= share * scale`.
pub(super) fn cap(share: f64, scale: f64, norm: f64) -> f64 {
    if norm > 0.0 {
        share * scale / norm
    } else {
        0.0
    }
}

/// The matrices of the shape of a point that every method needs.
#[derive(Debug, Clone, Default)]
pub(super) struct Buffers {
    /// Current point and its Riemannian gradient.
    point: Flat,
    gradient: Flat,
    /// Trial point and its gradient.
    next_point: Flat,
    next_gradient: Flat,
    direction: Flat,
    best: Flat,
    /// The last accepted values, for the non-monotone reference; a ring.
    recent: Vec<f64>,
}

impl Buffers {
    fn prepare(&mut self, rows: usize, cols: usize) {
        self.point.fit(rows, cols);
        self.gradient.fit(rows, cols);
        self.next_point.fit(rows, cols);
        self.next_gradient.fit(rows, cols);
        self.direction.fit(rows, cols);
        self.best.fit(rows, cols);
        self.recent.clear();
    }
}

/// What a line search found.
enum Search {
    /// A trial that met the Armijo condition.
    Met { t: f64, value: f64, norm: f64 },
    /// None did; with the curvature along the direction by the first of them, where it is known.
    Failed { curvature: Option<f64> },
}

/// The objective, restricted to the manifold.
struct Restricted<'a, M: ?Sized, F> {
    manifold: &'a M,
    objective: F,
    evaluations: usize,
}

impl<M, E, F> Restricted<'_, M, F>
where
    M: Manifold + ?Sized,
    F: FnMut(MatRef<'_, c64>, MatMut<'_, c64>) -> Result<f64, E>,
{
    fn evaluate(&mut self, w: MatRef<'_, c64>, g: MatMut<'_, c64>) -> Result<f64, E> {
        self.evaluations += 1;
        (self.objective)(w, g)
    }

    /// Backtracks from step `t` along `buffers.direction`; the accepted point and its Riemannian
    /// gradient are left in `next_point` and `next_gradient`.
    fn search(
        &mut self,
        buffers: &mut Buffers,
        search: &LineSearch,
        value: f64,
        slope: f64,
        mut t: f64,
    ) -> Search {
        let mut curvature = None;
        let reference = buffers.recent.iter().copied().fold(value, f64::max);
        for _ in 0..=search.max_backtracks {
            let (w, d) = (buffers.point.as_ref(), buffers.direction.as_ref());
            self.manifold.retract(w, d, t, buffers.next_point.as_mut());
            let next = buffers.next_point.as_ref();
            let trial = match self.evaluate(next, buffers.next_gradient.as_mut()) {
                Ok(trial) if trial.is_finite() => trial,
                _ => f64::INFINITY,
            };
            if trial <= reference + search.armijo * t * slope {
                let g = buffers.next_gradient.as_mut();
                self.manifold.project(buffers.next_point.as_ref(), g);
                let norm = buffers.next_gradient.norm();
                if norm.is_finite() {
                    let value = trial;
                    return Search::Met { t, value, norm };
                }
                t *= search.shrink_min;
            } else {
                if curvature.is_none() && trial.is_finite() {
                    let length = t * buffers.direction.norm();
                    let bend = 2.0 * (trial - value - slope * t) / (length * length);
                    curvature = (bend > 0.0 && bend.is_finite()).then_some(bend);
                }
                t *= search.shrink(value, slope, t, trial);
            }
        }
        Search::Failed { curvature }
    }
}

/// A run at its current point.
struct Descent<'a, M: ?Sized, F, R> {
    problem: Restricted<'a, M, F>,
    rule: R,
    stop: &'a Stop,
    search: &'a LineSearch,
    buffers: &'a mut Buffers,
    /// Length that tangent vectors are measured by.
    scale: f64,
    value: f64,
    norm: f64,
    start_norm: f64,
    best_value: f64,
    best_norm: f64,
    stall: Stall,
    secants: Secants,
}

impl<'a, M, E, F, R> Descent<'a, M, F, R>
where
    M: Manifold + ?Sized,
    E: From<Error>,
    F: FnMut(MatRef<'_, c64>, MatMut<'_, c64>) -> Result<f64, E>,
    R: Rule,
{
    /// At the start, whose value and gradient have to be finite.
    fn begin(
        manifold: &'a M,
        start: MatRef<'_, c64>,
        objective: F,
        stop: &'a Stop,
        search: &'a LineSearch,
        rule: R,
        buffers: &'a mut Buffers,
    ) -> Result<Self, E> {
        let scale = manifold.scale();
        let mut problem = Restricted {
            manifold,
            objective,
            evaluations: 0,
        };
        buffers.prepare(start.nrows(), start.ncols());
        buffers.point.as_mut().copy_from(start);
        manifold.normalise(buffers.point.as_mut());
        let value = problem.evaluate(buffers.point.as_ref(), buffers.gradient.as_mut())?;
        manifold.project(buffers.point.as_ref(), buffers.gradient.as_mut());
        let norm = buffers.gradient.norm();
        finite("objective", value)?;
        finite("gradient", norm)?;
        if search.memory != 1 {
            buffers.best.copy_from(&buffers.point);
            buffers.recent.reserve(search.memory);
            buffers.recent.push(value);
        }
        Ok(Self {
            problem,
            rule,
            stop,
            search,
            buffers,
            scale,
            value,
            norm,
            start_norm: norm,
            best_value: value,
            best_norm: norm,
            stall: Stall::new(stop.stall_steps * search.memory, stop.stall, value, norm),
            secants: Secants::default(),
        })
    }

    /// Whether no accepted value is above the one before, so that the current point is the best one.
    #[inline]
    fn monotone(&self) -> bool {
        self.search.memory == 1
    }

    fn gradient_met(&self, curvature: Option<f64>) -> bool {
        let (norm, start, scale) = (self.norm, self.start_norm, self.scale);
        self.stop.gradient_met(norm, start, scale, curvature)
    }

    /// Whether the current point is good enough.
    fn done(&self, curvature: Option<f64>) -> Option<StopReason> {
        (self.gradient_met(curvature) || self.stop.target_met(self.value))
            .then_some(StopReason::Tolerance)
    }

    /// Where no method goes on: stationary by the gradient, or lower only by what rounding hides.
    fn ended(&self, curvature: Option<f64>) -> StopReason {
        let hidden = |c: f64| self.norm * self.norm <= ROUNDING * self.value.abs() * c;
        if self.gradient_met(curvature) || curvature.is_some_and(hidden) {
            StopReason::Tolerance
        } else {
            StopReason::Stagnation
        }
    }

    /// One iteration: a lower point, what is learnt from the way to it, the move there.
    fn step(&mut self, iteration: usize) -> Step {
        let row = |objective: f64, step: f64| TraceRow {
            objective,
            violation: 0.0,
            step,
        };
        let (t, value, norm) = match self.lower() {
            Search::Met { t, value, norm } => (t, value, norm),
            Search::Failed { curvature } => {
                let stop = self.ended(curvature.or(self.secants.least_positive()));
                return Step {
                    row: row(self.value, 0.0),
                    stop: Some(stop),
                };
            }
        };
        let length = self.learn(t, norm);
        self.advance(iteration, value, norm);
        let stalled = self.stall.ended(value, norm);
        let stop = self
            .done(self.secants.least())
            .or_else(|| stalled.then(|| self.ended(self.secants.least_positive())));
        Step {
            row: row(value, length),
            stop,
        }
    }

    /// Searches along the rule's direction; where that fails, once more without the rule's past.
    fn lower(&mut self) -> Search {
        loop {
            let (t, slope, fresh) = self.direction();
            let found = if slope < 0.0 {
                let (buffers, value) = (&mut *self.buffers, self.value);
                self.problem.search(buffers, self.search, value, slope, t)
            } else {
                Search::Failed { curvature: None }
            };
            match found {
                Search::Met { .. } => return found,
                Search::Failed { .. } if fresh || !self.rule.restart() => return found,
                Search::Failed { .. } => {}
            }
        }
    }

    /// Writes a direction: first trial step, slope, and whether the rule had to forget its past for
    /// the direction to lead down.
    fn direction(&mut self) -> (f64, f64, bool) {
        let manifold = self.problem.manifold;
        let (w, g, d) = (
            self.buffers.point.as_ref(),
            &self.buffers.gradient,
            &mut self.buffers.direction,
        );
        let t = self.rule.direction(manifold, w, g, d);
        let slope = g.inner(d);
        if slope < 0.0 && t > 0.0 && t.is_finite() {
            return (t, slope, false);
        }
        self.rule.restart();
        let t = self.rule.direction(manifold, w, g, d);
        (t, g.inner(d), true)
    }

    /// What the step `t` to a point with a gradient of norm `next_norm` tells of the curvature and to
    /// the rule. Returns its length.
    fn learn(&mut self, t: f64, next_norm: f64) -> f64 {
        let buffers = &mut *self.buffers;
        let step = t * buffers.direction.norm();
        let (g, next_g) = (&buffers.gradient, &buffers.next_gradient);
        let change = self.norm * self.norm - 2.0 * g.inner(next_g) + next_norm * next_norm;
        let along = next_g.inner(&buffers.direction) - g.inner(&buffers.direction);
        self.secants.add(step, change.max(0.0).sqrt(), along);
        self.rule.accepted(
            self.problem.manifold,
            Accepted {
                w: buffers.next_point.as_ref(),
                g: &buffers.next_gradient,
                old_g: &mut buffers.gradient,
                d: &mut buffers.direction,
                t,
            },
        );
        step
    }

    /// Makes the trial point the current one, and the best one if it is.
    fn advance(&mut self, iteration: usize, value: f64, norm: f64) {
        let monotone = self.monotone();
        let buffers = &mut *self.buffers;
        std::mem::swap(&mut buffers.point, &mut buffers.next_point);
        std::mem::swap(&mut buffers.gradient, &mut buffers.next_gradient);
        (self.value, self.norm) = (value, norm);
        // Of equal values, as beside a large constant, the flatter point is the better one.
        let better = value <= self.best_value && (value < self.best_value || norm < self.best_norm);
        if !monotone {
            let slot = (iteration + 1) % self.search.memory;
            match buffers.recent.get_mut(slot) {
                Some(place) => *place = value,
                None => buffers.recent.push(value),
            }
            if better {
                buffers.best.copy_from(&buffers.point);
            }
        }
        if better || monotone {
            (self.best_value, self.best_norm) = (value, norm);
        }
    }

    /// The best point of a run that has ended.
    fn minimum(self, run: Run) -> Minimum {
        let best = if self.monotone() {
            &self.buffers.point
        } else {
            &self.buffers.best
        };
        Minimum {
            point: best.as_ref().to_owned(),
            value: self.best_value,
            gradient_norm: self.best_norm,
            stopped: run.stopped,
            iterations: run.iterations,
            evaluations: self.problem.evaluations,
            trace: run.trace,
        }
    }
}

/// Minimises `objective`. `name` stands in the tracing span; `rule` is fresh.
pub(super) fn minimise<M, E, F, R>(
    name: &'static str,
    manifold: &M,
    start: MatRef<'_, c64>,
    objective: F,
    stop: &Stop,
    search: &LineSearch,
    rule: R,
    buffers: &mut Buffers,
) -> Result<Minimum, E>
where
    M: Manifold + ?Sized,
    E: From<Error>,
    F: FnMut(MatRef<'_, c64>, MatMut<'_, c64>) -> Result<f64, E>,
    R: Rule,
{
    manifold.check_shape(start.nrows(), start.ncols())?;
    validate::finite("start", start).map_err(Error::from)?;
    search.check().map_err(Error::from)?;
    let mut descent = Descent::begin(manifold, start, objective, stop, search, rule, buffers)?;
    let at_start = descent.done(None);
    let limit = if at_start.is_some() {
        0
    } else {
        stop.max_iterations
    };
    let mut run = drive(name, limit, |iteration| -> Result<Step, E> {
        Ok(descent.step(iteration))
    })?;
    if limit == 0 {
        run.stopped = at_start.unwrap_or(StopReason::IterationLimit);
    }
    Ok(descent.minimum(run))
}

fn finite(what: &'static str, value: f64) -> Result<(), Error> {
    if value.is_finite() {
        return Ok(());
    }
    let iteration = 0;
    Err(Error::NonFinite { what, iteration })
}
