//! Algorithm 1: projected ascent with a shift, as printed, as released, and safeguarded.
//!
//! ```math
//! W^+ = \Pi(\lambda W + \tfrac12 \nabla f), \qquad \Pi(X) = X \sqrt{P_t} / \|X\|_F .
//! ```
//!
//! Eqs. (29)-(33) of \[obs_crlb\].

use super::{Auxiliaries, Evaluator, FALL, Merit, Reduction, Shift, Solution, SumRateCrlb};
use crate::Error;
use isac_linalg::workspace::HermitianEigenvalues;
use isac_linalg::{Mat, MatMut, MatRef, c64, ops};
use isac_opt::drive::{Step, drive};
use isac_opt::manifold::{Manifold, Sphere};
use isac_opt::{StopReason, TraceRow};
use serde::{Deserialize, Serialize};

/// Doublings of the shift before a safeguarded step gives up.
const MAX_DOUBLINGS: usize = 60;

/// Options of Algorithm 1. The default is the safeguarded form in reduced coordinates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Rule for the shift.
    pub shift: Shift,
    /// Double the shift until `f` does not fall. Neither rule guarantees ascent without it.
    pub safeguard: bool,
    /// Which interference the auxiliary variables contain.
    pub auxiliaries: Auxiliaries,
    /// When to stop.
    pub stop: Stop,
    /// Largest number of iterations.
    pub max_iterations: usize,
    /// Coordinates of the iteration.
    pub coordinates: Coordinates,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            shift: Shift::Comm,
            safeguard: true,
            auxiliaries: Auxiliaries::Exact,
            stop: Stop::Gradient(1e-6),
            max_iterations: 4000,
            coordinates: Coordinates::Reduced,
        }
    }
}

impl Options {
    /// As the paper prints it: dominant shift, no safeguard, step tolerance `1e-4`.
    pub fn printed() -> Self {
        Self {
            shift: Shift::Dominant,
            safeguard: false,
            auxiliaries: Auxiliaries::Exact,
            stop: Stop::Step(1e-4),
            max_iterations: 2000,
            coordinates: Coordinates::ReducedExact,
        }
    }

    /// As the released figure scripts run it: communication shift, auxiliaries without the sensing
    /// streams, step tolerance `1e-5`, at most 4000 iterations.
    pub fn released() -> Self {
        Self {
            shift: Shift::Comm,
            safeguard: false,
            auxiliaries: Auxiliaries::WithoutSensing,
            stop: Stop::Step(1e-5),
            max_iterations: 4000,
            coordinates: Coordinates::ReducedExact,
        }
    }
}

/// Stopping tests.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    /// Spectral norm `||W+ - W||_2 < tol`, with `W` in sqrt(W): the released test. It depends on
    /// the scale and stops early at low power.
    Step(f64),
    /// `||grad_R f||_F <= tol ||grad f - grad_R f||_F`: the residual of Theorem 1 relative to the
    /// multiplier times the beamformer, without any unit.
    Gradient(f64),
}

/// Coordinates of the iteration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Coordinates {
    /// `D x D` coordinates; the start is projected on the span of `[H, S]` first.
    Reduced,
    /// Reduced coordinates that carry the part of the start outside the span: the same iterates as
    /// in full dimension at the reduced cost. That part stays a multiple of the start's and decays.
    ReducedExact,
    /// `Nt` rows.
    Full,
}

/// Runs Algorithm 1 from `start` (scaled to full power first).
///
/// # Errors
/// [`Error::Linalg`] for a start that does not fit, is zero or not finite; [`Error::Metric`] when
/// the FIM is singular at the start (or, without safeguard, at an iterate).
pub fn solve(
    problem: &SumRateCrlb,
    start: MatRef<'_, c64>,
    options: &Options,
) -> Result<Solution, Error> {
    let w = problem.at_full_power(start)?;
    if options.coordinates == Coordinates::Full {
        let set = Sphere::new(problem.power())?;
        return run(problem, w, Outside::none(start.ncols()), &set, options)?
            .finish(problem, |x, _| x);
    }
    let reduction = Reduction::new(problem)?;
    let mut x = reduction.coordinates(w.as_ref());
    let set = Sphere::new(problem.power())?;
    let (outside, rest) = if options.coordinates == Coordinates::ReducedExact {
        let rest = reduction.outside(w.as_ref());
        (Outside::new(rest.as_ref()), rest)
    } else {
        set.normalise(x.as_mut());
        (Outside::none(start.ncols()), Mat::new())
    };
    let run = run(reduction.problem(), x, outside, &set, options)?;
    run.finish(problem, |x, factor| {
        let mut w = reduction.lift(x.as_ref());
        if factor > 0.0 {
            ops::axpy(w.as_mut(), factor, rest.as_ref());
        }
        w
    })
}

/// Algorithm 1 with equal power `Pt / Nt` on each antenna: `Pi` scales each row, Eq. (31) with the
/// exponent `-1/2`. The span of `[H, S]` does not contain the iterates, so this runs with `Nt` rows.
///
/// # Errors
/// As [`solve`].
pub(super) fn solve_per_antenna(
    problem: &SumRateCrlb,
    start: MatRef<'_, c64>,
    options: &Options,
) -> Result<Solution, Error> {
    let mut w = problem.at_full_power(start)?;
    let set = super::antenna_power::set(problem)?;
    set.normalise(w.as_mut());
    run(problem, w, Outside::none(start.ncols()), &set, options)?.finish(problem, |x, _| x)
}

/// The part of the start outside the span: constant up to a factor, so its Gram matrix suffices.
struct Outside {
    /// Factor along the path; 1 at the start, 0 if there is no such part.
    factor: f64,
    gram: Mat<c64>,
    norm2: f64,
}

impl Outside {
    fn none(streams: usize) -> Self {
        Self {
            factor: 0.0,
            gram: Mat::zeros(streams, streams),
            norm2: 0.0,
        }
    }

    fn new(rest: MatRef<'_, c64>) -> Self {
        Self {
            factor: 1.0,
            gram: ops::adjoint_mul(rest, rest),
            norm2: ops::norm2(rest),
        }
    }
}

/// A finished run in the coordinates it ran in.
struct Finished {
    point: Mat<c64>,
    factor: f64,
    stopped: StopReason,
    trace: Vec<TraceRow>,
    falls: usize,
    start: Merit,
}

impl Finished {
    fn finish(
        self,
        problem: &SumRateCrlb,
        lift: impl FnOnce(Mat<c64>, f64) -> Mat<c64>,
    ) -> Result<Solution, Error> {
        let mut solution = Solution::of(problem, lift(self.point, self.factor), self.stopped)?;
        solution.iterations = self.trace.len();
        solution.trace = self.trace;
        solution.falls = self.falls;
        solution.start = self.start;
        Ok(solution)
    }
}

/// Memory of an iteration.
struct State<'a, M> {
    evaluator: Evaluator<'a>,
    set: &'a M,
    point: Mat<c64>,
    next: Mat<c64>,
    gradient: Mat<c64>,
    outside: Outside,
    merit: Merit,
    spectral: SpectralNorm,
}

fn run<M: Manifold>(
    problem: &SumRateCrlb,
    point: Mat<c64>,
    outside: Outside,
    set: &M,
    options: &Options,
) -> Result<Finished, Error> {
    let (rows, cols) = (point.nrows(), point.ncols());
    let mut evaluator = Evaluator::new(problem, cols);
    let merit = evaluator.merit(point.as_ref())?;
    let mut state = State {
        evaluator,
        set,
        next: Mat::zeros(rows, cols),
        gradient: Mat::zeros(rows, cols),
        spectral: SpectralNorm::new(rows, cols, outside.norm2 > 0.0),
        point,
        outside,
        merit,
    };
    let mut falls = 0;
    let run = drive(
        "obs_crlb.sca",
        options.max_iterations,
        |_| -> Result<Step, Error> {
            let before = state.merit;
            let step = state.step(options)?;
            let room = FALL * problem.magnitude(&before);
            falls += usize::from(state.merit.objective < before.objective - room);
            Ok(step)
        },
    )?;
    Ok(Finished {
        point: state.point,
        factor: state.outside.factor,
        stopped: run.stopped,
        trace: run.trace,
        falls,
        start: merit,
    })
}

impl<M: Manifold> State<'_, M> {
    fn step(&mut self, options: &Options) -> Result<Step, Error> {
        self.evaluator
            .gradient(options.auxiliaries, self.gradient.as_mut());
        if let Stop::Gradient(tolerance) = options.stop {
            let (tangent, normal) = self.gradient_norms();
            if tangent <= tolerance * normal {
                return Ok(self.row(0.0, Some(StopReason::Tolerance)));
            }
        }
        let mut shift = self.evaluator.shift(options.shift)?;
        if options.safeguard && shift <= 0.0 {
            shift = self.evaluator.shift(Shift::Dominant)?;
        }
        let Some((factor, merit)) = self.advance(shift, options)? else {
            return Ok(self.row(0.0, Some(StopReason::Stagnation)));
        };
        let (point, next) = (self.point.as_ref(), self.next.as_ref());
        let carried = factor - self.outside.factor;
        let (length, below) = match options.stop {
            Stop::Step(tolerance) => {
                self.spectral
                    .below_carrying(point, next, carried, &self.outside, tolerance)?
            }
            Stop::Gradient(_) => (change_norm2(point, next).sqrt(), false),
        };
        std::mem::swap(&mut self.point, &mut self.next);
        self.outside.factor = factor;
        self.merit = merit;
        Ok(self.row(length, below.then_some(StopReason::SmallStep)))
    }

    /// Finds the next point; `None` when the safeguard finds no ascent.
    fn advance(
        &mut self,
        mut shift: f64,
        options: &Options,
    ) -> Result<Option<(f64, Merit)>, Error> {
        for _ in 0..=MAX_DOUBLINGS {
            let factor = self.project(shift);
            match self.evaluator.merit(self.next.as_ref()) {
                Ok(merit) if !options.safeguard => return Ok(Some((factor, merit))),
                Ok(merit) if merit.objective >= self.merit.objective => {
                    return Ok(Some((factor, merit)));
                }
                Err(error) if !options.safeguard => return Err(error),
                _ => shift *= 2.0,
            }
        }
        Ok(None)
    }

    /// `next = Pi(shift * point + gradient / 2)`; gives the factor of the part outside the span.
    fn project(&mut self, shift: f64) -> f64 {
        for j in 0..self.point.ncols() {
            for i in 0..self.point.nrows() {
                self.next[(i, j)] = self.point[(i, j)] * shift + self.gradient[(i, j)] * 0.5;
            }
        }
        if self.outside.factor <= 0.0 {
            self.set.normalise(self.next.as_mut());
            return 0.0;
        }
        let carried = shift * self.outside.factor;
        let norm2 = ops::norm2(self.next.as_ref()) + carried * carried * self.outside.norm2;
        let scale = self.set.scale() / norm2.sqrt();
        ops::scale(self.next.as_mut(), scale);
        carried * scale
    }

    /// Norms of the two parts of the gradient, along the set and normal to it.
    fn gradient_norms(&mut self) -> (f64, f64) {
        if self.outside.factor <= 0.0 {
            // `next` is free until the step is taken.
            self.next.copy_from(&self.gradient);
            self.set.project(self.point.as_ref(), self.next.as_mut());
            let tangent = ops::norm(self.next.as_ref());
            let normal = change_norm2(self.gradient.as_ref(), self.next.as_ref());
            return (tangent, normal.sqrt());
        }
        let power = self.set.scale().powi(2);
        let radial = ops::inner(self.point.as_ref(), self.gradient.as_ref()) / power;
        let mut sum = (radial * self.outside.factor).powi(2) * self.outside.norm2;
        for j in 0..self.point.ncols() {
            for i in 0..self.point.nrows() {
                sum += (self.gradient[(i, j)] - self.point[(i, j)] * radial).norm_sqr();
            }
        }
        (sum.sqrt(), radial.abs() * self.set.scale())
    }

    fn row(&self, step: f64, stop: Option<StopReason>) -> Step {
        let row = TraceRow {
            objective: self.merit.objective,
            violation: 0.0,
            step,
        };
        Step { row, stop }
    }
}

fn change_norm2(a: MatRef<'_, c64>, b: MatRef<'_, c64>) -> f64 {
    let mut sum = 0.0;
    for j in 0..a.ncols() {
        for i in 0..a.nrows() {
            sum += (a[(i, j)] - b[(i, j)]).norm_sqr();
        }
    }
    sum
}

/// Whether a spectral norm is below a tolerance; eigenvalues only where cheap bounds do not tell.
pub(super) struct SpectralNorm {
    change: Mat<c64>,
    gram: Mat<c64>,
    values: HermitianEigenvalues,
    /// Gram matrix of the rows rather than of the columns.
    by_rows: bool,
}

impl SpectralNorm {
    pub(super) fn new(rows: usize, cols: usize, carries: bool) -> Self {
        let by_rows = rows < cols && !carries;
        let size = if by_rows { rows } else { cols };
        Self {
            change: Mat::zeros(rows, cols),
            gram: Mat::zeros(size, size),
            values: HermitianEigenvalues::new(size),
            by_rows,
        }
    }

    /// Frobenius norm of the change, and whether its spectral norm is below `tolerance`.
    pub(super) fn below(
        &mut self,
        from: MatRef<'_, c64>,
        to: MatRef<'_, c64>,
        tolerance: f64,
    ) -> Result<(f64, bool), Error> {
        self.below_carrying(from, to, 0.0, &Outside::none(0), tolerance)
    }

    /// The same for a point with a part outside the span, whose factor changes by `carried`.
    fn below_carrying(
        &mut self,
        from: MatRef<'_, c64>,
        to: MatRef<'_, c64>,
        carried: f64,
        outside: &Outside,
        tolerance: f64,
    ) -> Result<(f64, bool), Error> {
        let total = change_norm2(from, to) + carried * carried * outside.norm2;
        let (length, limit) = (total.sqrt(), tolerance * tolerance);
        if total < limit {
            return Ok((length, true));
        }
        if total >= limit * self.gram.nrows() as f64 {
            return Ok((length, false));
        }
        self.fill(from, to, carried, outside);
        // With singular values s_i: (sum s^4) / (sum s^2) <= s_max^2 <= sqrt(sum s^4).
        let fourth = ops::norm2(self.gram.as_ref());
        if fourth.sqrt() < limit {
            return Ok((length, true));
        }
        if fourth / total >= limit {
            return Ok((length, false));
        }
        let values = self.values.of(self.gram.as_ref())?;
        Ok((length, values[values.len() - 1].max(0.0).sqrt() < tolerance))
    }

    fn fill(&mut self, from: MatRef<'_, c64>, to: MatRef<'_, c64>, carried: f64, out: &Outside) {
        use ops::Op::{Adjoint, Plain};
        self.change.copy_from(to);
        ops::axpy(self.change.as_mut(), -1.0, from);
        let (change, gram) = (self.change.as_ref(), self.gram.as_mut());
        if self.by_rows {
            ops::gemm(gram, false, c64::ONE, change, Plain, change, Adjoint);
        } else {
            ops::gemm(gram, false, c64::ONE, change, Adjoint, change, Plain);
            if carried.abs() > 0.0 {
                let gram: MatMut<'_, c64> = self.gram.as_mut();
                ops::axpy(gram, carried * carried, out.gram.as_ref());
            }
        }
    }
}
