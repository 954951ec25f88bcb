//! The descent that the three methods share; a [`Rule`] supplies the direction.

use super::{LineSearch, Minimum, flat::Flat};
use crate::drive::{Secants, Stall, Step, Stop, drive};
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

/// Minimises `objective`. `name` stands in the tracing span; `rule` is fresh.
pub(super) fn minimise<M, E, F, R>(
    name: &'static str,
    manifold: &M,
    start: MatRef<'_, c64>,
    objective: F,
    stop: &Stop,
    search: &LineSearch,
    mut rule: R,
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
    let scale = manifold.scale();
    let mut problem = Restricted {
        manifold,
        objective,
        evaluations: 0,
    };

    buffers.prepare(start.nrows(), start.ncols());
    buffers.point.as_mut().copy_from(start);
    manifold.normalise(buffers.point.as_mut());
    let mut value = problem.evaluate(buffers.point.as_ref(), buffers.gradient.as_mut())?;
    manifold.project(buffers.point.as_ref(), buffers.gradient.as_mut());
    let mut norm = buffers.gradient.norm();
    finite("objective", value)?;
    finite("gradient", norm)?;

    let start_norm = norm;
    let (mut best_value, mut best_norm) = (value, norm);
    let monotone = search.memory == 1;
    if !monotone {
        buffers.best.copy_from(&buffers.point);
        buffers.recent.reserve(search.memory);
        buffers.recent.push(value);
    }
    let mut stall = Stall::new(stop.stall_steps * search.memory, stop.stall, value, norm);
    let mut secants = Secants::default();
    let met = |norm: f64, curvature| stop.gradient_met(norm, start_norm, scale, curvature);
    let done = |value: f64, norm: f64, curvature| {
        (met(norm, curvature) || stop.target_met(value)).then_some(StopReason::Tolerance)
    };
    // Where no method goes on: stationary by the gradient, or lower only by what rounding hides.
    let ended = |value: f64, norm: f64, curvature: Option<f64>| {
        let hidden = |c: f64| norm * norm <= ROUNDING * value.abs() * c;
        if met(norm, curvature) || curvature.is_some_and(hidden) {
            StopReason::Tolerance
        } else {
            StopReason::Stagnation
        }
    };

    let limit = if done(value, norm, None).is_some() {
        0
    } else {
        stop.max_iterations
    };
    let mut run = drive(name, limit, |iteration| -> Result<Step, E> {
        let (t, next_value, next_norm) = loop {
            let mut fresh = false;
            let (w, g, d) = (
                buffers.point.as_ref(),
                &buffers.gradient,
                &mut buffers.direction,
            );
            let mut t = rule.direction(manifold, w, g, d);
            let mut slope = g.inner(d);
            if !(slope < 0.0 && t > 0.0 && t.is_finite()) {
                rule.restart();
                fresh = true;
                t = rule.direction(manifold, w, g, d);
                slope = g.inner(d);
            }
            let found = if slope < 0.0 {
                problem.search(buffers, search, value, slope, t)
            } else {
                Search::Failed { curvature: None }
            };
            let curvature = match found {
                Search::Met { t, value, norm } => break (t, value, norm),
                Search::Failed { curvature } => curvature,
            };
            if fresh || !rule.restart() {
                let row = TraceRow {
                    objective: value,
                    violation: 0.0,
                    step: 0.0,
                };
                let stop = Some(ended(value, norm, curvature.or(secants.least_positive())));
                return Ok(Step { row, stop });
            }
        };
        let step = t * buffers.direction.norm();
        let (g, next_g) = (&buffers.gradient, &buffers.next_gradient);
        let change = norm * norm - 2.0 * g.inner(next_g) + next_norm * next_norm;
        let along = next_g.inner(&buffers.direction) - g.inner(&buffers.direction);
        secants.add(step, change.max(0.0).sqrt(), along);
        rule.accepted(
            manifold,
            Accepted {
                w: buffers.next_point.as_ref(),
                g: &buffers.next_gradient,
                old_g: &mut buffers.gradient,
                d: &mut buffers.direction,
                t,
            },
        );
        std::mem::swap(&mut buffers.point, &mut buffers.next_point);
        std::mem::swap(&mut buffers.gradient, &mut buffers.next_gradient);
        (value, norm) = (next_value, next_norm);
        // Of equal values, as beside a large constant, the flatter point is the better one.
        let better = value <= best_value && (value < best_value || norm < best_norm);
        if !monotone {
            let slot = (iteration + 1) % search.memory;
            match buffers.recent.get_mut(slot) {
                Some(place) => *place = value,
                None => buffers.recent.push(value),
            }
            if better {
                buffers.best.copy_from(&buffers.point);
            }
        }
        if better || monotone {
            (best_value, best_norm) = (value, norm);
        }
        let row = TraceRow {
            objective: value,
            violation: 0.0,
            step,
        };
        let stalled = stall.ended(value, norm);
        let stop = done(value, norm, secants.least())
            .or_else(|| stalled.then(|| ended(value, norm, secants.least_positive())));
        Ok(Step { row, stop })
    })?;
    if limit == 0 {
        run.stopped = done(value, norm, None).unwrap_or(StopReason::IterationLimit);
    }
    let best = if monotone {
        &buffers.point
    } else {
        &buffers.best
    };
    Ok(Minimum {
        point: best.as_ref().to_owned(),
        value: best_value,
        gradient_norm: best_norm,
        stopped: run.stopped,
        iterations: run.iterations,
        evaluations: problem.evaluations,
        trace: run.trace,
    })
}

fn finite(what: &'static str, value: f64) -> Result<(), Error> {
    if value.is_finite() {
        return Ok(());
    }
    let iteration = 0;
    Err(Error::NonFinite { what, iteration })
}
