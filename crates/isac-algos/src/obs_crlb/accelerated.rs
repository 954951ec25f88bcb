//! Riemannian Barzilai-Borwein, L-BFGS and conjugate gradient on the power sphere, in reduced
//! coordinates. Beyond the paper.

use super::{Auxiliaries, Evaluator, FALL, Merit, Reduction, Solution, SumRateCrlb, Weights};
use crate::Error;
use isac_linalg::{Mat, MatRef, c64, factor, ops};
use isac_opt::drive::Stop;
use isac_opt::manifold::{Manifold, Sphere};
use isac_opt::riemannian::{Method, Minimum, Workspace, bb, lbfgs};
use serde::{Deserialize, Serialize};

/// Options of the accelerated solvers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Method with its stopping rule, L-BFGS by default. Barzilai-Borwein without a first step
    /// takes that of Algorithm 1.
    pub method: Method,
}

impl Default for Options {
    fn default() -> Self {
        Self::lbfgs()
    }
}

impl Options {
    /// L-BFGS with memory 10.
    pub fn lbfgs() -> Self {
        let options = lbfgs::Options {
            stop: stop(),
            ..lbfgs::Options::default()
        };
        Self {
            method: Method::Lbfgs(options),
        }
    }

    /// Barzilai-Borwein.
    pub fn bb() -> Self {
        let options = bb::Options {
            stop: stop(),
            ..bb::Options::default()
        };
        Self {
            method: Method::Bb(options),
        }
    }
}

/// At most 2000 iterations of the usual test.
fn stop() -> Stop {
    Stop {
        max_iterations: 2000,
        ..Stop::default()
    }
}

/// Ascends from `start` (its part in the span of `[H, S]`, scaled to full power).
///
/// # Errors
/// [`Error::Linalg`] for a start that does not fit, is zero or not finite; [`Error::Metric`] when
/// the FIM is singular at the start.
pub fn solve(
    problem: &SumRateCrlb,
    start: MatRef<'_, c64>,
    options: &Options,
) -> Result<Solution, Error> {
    let reduction = Reduction::new(problem)?;
    solve_reduced(
        problem,
        &reduction,
        start,
        options,
        &mut Workspace::default(),
    )
}

/// [`solve`] with the reduction and the memory of an earlier run on the same problem.
///
/// # Errors
/// As [`solve`].
pub fn solve_reduced(
    problem: &SumRateCrlb,
    reduction: &Reduction,
    start: MatRef<'_, c64>,
    options: &Options,
    workspace: &mut Workspace,
) -> Result<Solution, Error> {
    let w = problem.at_full_power(start)?;
    let users = problem.users();
    let x = reduction.coordinates(w.as_ref());
    let (streams, x) = (x.ncols(), fewer_streams(x, users));
    let set = Sphere::new(problem.power())?;
    let (start, minimum) = ascend(reduction.problem(), x.as_ref(), &set, options, workspace)?;
    let point = minimum.point.as_ref();
    let lifted = reduction.lift(point);
    let w = Mat::from_fn(lifted.nrows(), streams, |i, j| {
        if j < lifted.ncols() {
            lifted[(i, j)]
        } else {
            c64::ZERO
        }
    });
    finish(problem, w, start, minimum)
}

/// [`solve`], for a weight of the rate below `ratio` times that of the CRLB from the solution at that
/// ratio: where the weight of the rate is so small that the objective does not see it within the
/// tolerance, the path decides which of the many covariances with the least CRLB is found, and this
/// one keeps the rate. Without a weight of the rate there is nothing to keep.
///
/// # Errors
/// As [`solve`]; [`Error::Linalg`] for a negative `ratio`.
pub fn solve_continued(
    problem: &SumRateCrlb,
    start: MatRef<'_, c64>,
    ratio: f64,
    options: &Options,
) -> Result<Solution, Error> {
    let weights = problem.weights();
    let rate = ratio * weights.crlb;
    if weights.rate <= 0.0 || problem.users() == 0 || weights.rate >= rate {
        return solve(problem, start, options);
    }
    let first = solve(
        &problem.with_weights(Weights { rate, ..weights })?,
        start,
        options,
    )?;
    let second = solve(problem, first.beamformer.as_ref(), options)?;
    Ok(Solution {
        iterations: first.iterations + second.iterations,
        ..second
    })
}

/// [`solve`] with equal power `Pt / Nt` on each antenna, on the oblique manifold with `Nt` rows. A
/// row of the start that is zero gets equal entries.
pub(super) fn solve_per_antenna(
    problem: &SumRateCrlb,
    start: MatRef<'_, c64>,
    options: &Options,
) -> Result<Solution, Error> {
    let w = problem.at_full_power(start)?;
    let set = super::antenna_power::set(problem)?;
    let (start, minimum) = ascend(
        problem,
        w.as_ref(),
        &set,
        options,
        &mut Workspace::default(),
    )?;
    let w = minimum.point.clone();
    finish(problem, w, start, minimum)
}

/// More sensing streams than dimensions are turned, by a unitary from the right that no metric
/// sees, into as many as there are dimensions.
fn fewer_streams(x: Mat<c64>, users: usize) -> Mat<c64> {
    let sensing = x.subcols(users, x.ncols() - users);
    if sensing.ncols() <= x.nrows() {
        return x;
    }
    let (_, r) = factor::qr_thin(sensing.adjoint().to_owned().as_ref());
    ops::hcat(x.subcols(0, users), r.adjoint().to_owned().as_ref())
}

fn ascend<M: Manifold>(
    problem: &SumRateCrlb,
    start: MatRef<'_, c64>,
    set: &M,
    options: &Options,
    workspace: &mut Workspace,
) -> Result<(Merit, Minimum), Error> {
    let mut evaluator = Evaluator::new(problem, start.ncols());
    let mut point = start.to_owned();
    set.normalise(point.as_mut());
    let merit = evaluator.merit(point.as_ref())?;
    let mut method = options.method.clone();
    if let Method::Bb(bb) = &mut method
        && bb.first_step.is_none()
    {
        bb.first_step = first_step(&mut evaluator)?;
    }
    let objective = |w: MatRef<'_, c64>, mut g: isac_linalg::MatMut<'_, c64>| {
        let merit = evaluator.merit(w)?;
        evaluator.gradient(Auxiliaries::Exact, g.as_mut());
        ops::scale(g, -1.0);
        Ok::<f64, Error>(-merit.objective)
    };
    let minimum = method.minimise(set, start, objective, workspace)?;
    Ok((merit, minimum))
}

/// `1 / (2 lambda)` with the communication shift plus the positive curvature of the rest, at the
/// point held.
fn first_step(evaluator: &mut Evaluator<'_>) -> Result<Option<f64>, Error> {
    evaluator.refresh(Auxiliaries::Exact);
    let comm = evaluator.shift(super::Shift::Comm)?;
    let (least, _) = evaluator.curvature_range()?;
    let lambda = comm + (-least).max(0.0);
    Ok((lambda > 0.0).then(|| 0.5 / lambda))
}

fn finish(
    problem: &SumRateCrlb,
    w: Mat<c64>,
    start: Merit,
    minimum: Minimum,
) -> Result<Solution, Error> {
    let mut solution = Solution::of(problem, w, minimum.stopped)?;
    solution.start = start;
    solution.iterations = minimum.iterations;
    solution.trace = minimum.trace;
    let room = FALL * problem.magnitude(&solution.merit);
    let mut last = f64::NEG_INFINITY;
    for row in &mut solution.trace {
        row.objective = -row.objective;
        solution.falls += usize::from(row.objective < last - room);
        last = row.objective;
    }
    Ok(solution)
}
