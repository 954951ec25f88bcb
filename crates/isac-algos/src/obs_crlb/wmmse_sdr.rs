//! The baseline WMMSE-SDR: semidefinite programs with the auxiliary variables held fixed, in
//! reduced coordinates.
//!
//! With `eta`, `beta` of (16) at the last point, each step solves the convex program
//!
//! ```math
//! \max \; \delta_c \sum_k [2 \mathrm{Re}(\eta_k h_k^H w_k) - \beta_k h_k^H R h_k] - \delta_s \mathrm{tr} V
//! \quad \text{s.t.} \quad
//! \begin{bmatrix} F(R) & I \\ I & V \end{bmatrix} \succeq 0, \;
//! \begin{bmatrix} R & W_c \\ W_c^H & I \end{bmatrix} \succeq 0, \; \mathrm{tr} R \le P_t .
//! ```
//!
//! Its rate term is a lower bound jointly in `W_c` and `R`, so `f` ascends up to the accuracy of the
//! solver. `W_s` is any square root of `R - W_c W_c^H`.

use super::{Auxiliaries, Evaluator, FALL, Reduction, Solution, SumRateCrlb};
use crate::Error;
use isac_linalg::{Mat, MatRef, c64, hermitian, ops};
use isac_opt::conic::{self, Affine, Coefficient, HermitianAffine, MatrixVar, Program};
use isac_opt::drive::{Step, drive};
use isac_opt::manifold::{Manifold, Sphere};
use isac_opt::{StopReason, TraceRow};
use serde::{Deserialize, Serialize};

/// Which program is solved in each step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Variant {
    /// A true minorise-maximise step.
    #[default]
    Corrected,
    /// As in the released script, to reproduce the published curves: the sensing streams interfere
    /// with weight 1 instead of `beta_k` (about a thousand times too small at the paper's noise),
    /// and the slack of the communication covariance is free of interference and then dropped.
    Released,
}

/// When a step is the last.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    /// `f` rises by no more than this times the size of its terms, [`SumRateCrlb::magnitude`].
    Rise(f64),
    /// `f` rises by no more than this times `max(1, |f|)`, as released: it depends on the unit of `f`.
    Released(f64),
}

/// Options of WMMSE-SDR.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// The program.
    pub variant: Variant,
    /// When it stops.
    pub stop: Stop,
    /// Largest number of semidefinite programs.
    pub max_iterations: usize,
    /// Whether a program that doubles leave short of the tolerance is taken up in 31 digits, which
    /// costs a hundred times as much. A start needs no more than doubles give.
    pub extend: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            variant: Variant::Corrected,
            stop: Stop::Rise(1e-5),
            max_iterations: 60,
            extend: true,
        }
    }
}

impl Options {
    /// As in the released script.
    pub fn released() -> Self {
        Self {
            variant: Variant::Released,
            stop: Stop::Released(1e-4),
            max_iterations: 30,
            extend: true,
        }
    }
}

/// Runs WMMSE-SDR from the part of `start` in the span of `[H, S]`, scaled to full power. A step
/// whose program has no reliable answer, or which does not raise `f` in the corrected variant, ends
/// the run with [`StopReason::Stagnation`] at the point before it.
///
/// # Errors
/// As [`sca::solve`](super::sca::solve); [`Error::Opt`] when the program is refused.
pub fn solve(
    problem: &SumRateCrlb,
    start: MatRef<'_, c64>,
    options: &Options,
) -> Result<Solution, Error> {
    let reduction = Reduction::new(problem)?;
    let reduced = reduction.problem();
    let set = Sphere::new(problem.power())?;
    let mut x = reduction.coordinates(problem.at_full_power(start)?.as_ref());
    set.normalise(x.as_mut());
    let start = reduced.merit(x.as_ref())?;
    let (mut objective, mut falls) = (start.objective, 0);
    let limit = options.max_iterations;
    let run = drive("obs_crlb.wmmse_sdr", limit, |_| -> Result<Step, Error> {
        let row = |objective, step| TraceRow {
            objective,
            violation: 0.0,
            step,
        };
        let stalled = Step {
            row: row(objective, 0.0),
            stop: Some(StopReason::Stagnation),
        };
        let Some(mut next) = improve(reduced, x.as_ref(), options)? else {
            return Ok(stalled);
        };
        set.normalise(next.as_mut());
        let merit = reduced.merit(next.as_ref())?;
        let rise = merit.objective - objective;
        let enough = match options.stop {
            Stop::Rise(tolerance) => tolerance * reduced.magnitude(&merit),
            Stop::Released(tolerance) => tolerance * objective.abs().max(1.0),
        };
        if options.variant == Variant::Corrected && rise < 0.0 {
            let stop = if rise > -enough {
                StopReason::Tolerance
            } else {
                StopReason::Stagnation
            };
            return Ok(Step {
                stop: Some(stop),
                ..stalled
            });
        }
        falls += usize::from(rise < -FALL * reduced.magnitude(&merit));
        (objective, x) = (merit.objective, next);
        Ok(Step {
            row: row(objective, rise),
            stop: (rise.abs() <= enough).then_some(StopReason::Tolerance),
        })
    })?;
    let mut solution = Solution::of(problem, reduction.lift(x.as_ref()), run.stopped)?;
    solution.start = start;
    solution.iterations = run.iterations;
    solution.trace = run.trace;
    solution.falls = falls;
    Ok(solution)
}

/// The design with only the `count` strongest of its sensing streams, rescaled to full power: how
/// Fig. 4 limits the streams of this baseline.
///
/// # Errors
/// [`Error::Linalg`] when nothing is left; [`Error::Metric`] when the FIM is singular without the
/// other streams.
pub fn truncate(
    problem: &SumRateCrlb,
    solution: &Solution,
    count: usize,
) -> Result<Solution, Error> {
    let (w, users) = (&solution.beamformer, problem.users());
    let sensing = w.subcols(users, w.ncols() - users);
    let power = |j: usize| ops::norm2(sensing.subcols(j, 1));
    let mut order: Vec<usize> = (0..sensing.ncols()).collect();
    // The columns are orthogonal: they come from an eigendecomposition.
    order.sort_by(|&a, &b| power(b).total_cmp(&power(a)));
    let kept = Mat::from_fn(w.nrows(), count.min(order.len()), |i, j| {
        sensing[(i, order[j])]
    });
    let w = ops::hcat(w.subcols(0, users), kept.as_ref());
    let w = problem.at_full_power(w.as_ref())?;
    Ok(Solution {
        start: solution.start,
        iterations: solution.iterations,
        ..Solution::of(problem, w, solution.stopped)?
    })
}

/// Solves the program with the auxiliaries at `x`; `None` without a reliable answer.
fn improve(
    problem: &SumRateCrlb,
    x: MatRef<'_, c64>,
    options: &Options,
) -> Result<Option<Mat<c64>>, Error> {
    let mut evaluator = Evaluator::new(problem, x.ncols());
    let size = problem.magnitude(&evaluator.merit(x)?);
    if size <= 0.0 {
        return Ok(None);
    }
    let unit = 1.0 / size;
    evaluator.refresh(Auxiliaries::Exact);
    let (size, users) = (problem.antennas(), problem.users());
    let (power, rate) = (problem.power(), problem.weights().rate);
    let mut program = Program::new();
    // [R_c, W_c; W_c^H, I], everything in units of the budget.
    let joint = program.psd("communication", size + users);
    fix_identity(&mut program, joint, size, users);
    let separate = (options.variant == Variant::Released).then(|| program.psd("sensing", size));
    let within = |a: MatRef<'_, c64>| padded(a, users);
    let mut merit = Affine::constant(0.0);
    for k in 0..users {
        let h = within(problem.channel().subcols(k, 1));
        let unit = unit_column(size + users, size + k);
        let eta = evaluator.eta()[k];
        let own = Coefficient::cross(h.col(0), unit.col(0), eta.conj());
        merit += joint.inner(own) * (2.0 * rate * power.sqrt());
        if let Some(sensing) = separate {
            let h = problem.channel().col(k);
            merit -= sensing.quadratic(h) * (rate * power);
        } else {
            let received = joint.quadratic(h.col(0));
            merit -= received * (rate * power * evaluator.beta()[k]);
        }
    }
    if separate.is_some() && users > 0 {
        let parts = interference(problem, &evaluator, joint);
        let bound = program.nonneg("interference of users");
        program.squares_at_most("interference", parts, bound, 1.0);
        merit -= bound * rate;
    }
    let traced = Coefficient::sparse(&diagonal(size));
    let mut total = joint.inner(traced);
    if let Some(sensing) = separate {
        total += sensing.trace();
    }
    program.at_most("power", total, 1.0);
    if problem.weights().crlb > 0.0 && problem.targets() > 0 {
        merit -= crlb_bound(&mut program, problem, joint, separate);
    }
    // In units of the terms of `f`, so that the program has no unit.
    program.maximise(merit * unit);
    let outcome = program.solve(&conic::Options {
        extend: options.extend,
        ..conic::Options::default()
    })?;
    let Some(solution) = outcome.solution() else {
        return Ok(None);
    };
    let y = solution.matrix(joint)?;
    let mut w_c = y.submatrix(0, size, size, users).to_owned();
    ops::scale(w_c.as_mut(), power.sqrt());
    let w_s = if let Some(sensing) = separate {
        let mut root = hermitian::sqrt_factor(solution.matrix(sensing)?.as_ref())?;
        ops::scale(root.as_mut(), power.sqrt());
        root
    } else {
        let mut rest = y.submatrix(0, 0, size, size).to_owned();
        ops::scale(rest.as_mut(), power);
        let used = ops::mul_adjoint(w_c.as_ref(), w_c.as_ref());
        ops::axpy(rest.as_mut(), -1.0, used.as_ref());
        hermitian::sqrt_factor(hermitian::hermitian_part(rest.as_ref()).as_ref())?
    };
    Ok(Some(ops::hcat(w_c.as_ref(), w_s.as_ref())))
}

/// Rows that make the lower right block of `joint` the identity.
fn fix_identity(program: &mut Program, joint: MatrixVar, size: usize, users: usize) {
    for j in 0..users {
        for i in 0..=j {
            let (a, b) = (size + i, size + j);
            let one = c64::new(1.0, 0.0);
            let entry = joint.inner(Coefficient::sparse(&[(a, b, one)]));
            program.equal("unit block", entry, if i == j { 1.0 } else { 0.0 });
            if i < j {
                let imaginary = Coefficient::sparse(&[(a, b, c64::new(0.0, 1.0))]);
                program.equal("unit block", joint.inner(imaginary), 0.0);
            }
        }
    }
}

/// Real and imaginary parts of `sqrt(Pt beta_k) h_k^H w_j` for all users and their streams.
fn interference(problem: &SumRateCrlb, evaluator: &Evaluator<'_>, joint: MatrixVar) -> Vec<Affine> {
    let (size, users) = (problem.antennas(), problem.users());
    let mut entries = Vec::new();
    for k in 0..users {
        let weight = (problem.power() * evaluator.beta()[k]).sqrt();
        let h = padded(problem.channel().subcols(k, 1), users);
        for j in 0..users {
            let unit = unit_column(size + users, size + j);
            entries.push(joint.cross(h.col(0), unit.col(0)) * weight);
        }
    }
    conic::parts(entries)
}

/// Adds `[F, I; I, V] >= 0` and gives `delta_s tr V`, with `F` in units of its mean diagonal at
/// isotropic transmission.
fn crlb_bound(
    program: &mut Program,
    problem: &SumRateCrlb,
    joint: MatrixVar,
    separate: Option<MatrixVar>,
) -> Affine {
    let compact = problem.sensing().compact();
    let (count, users) = (compact.parameters(), problem.users());
    let s = problem.sensing().transmit();
    let size = s.nrows();
    let gram = ops::adjoint_mul(s, s);
    let isotropic = compact.fim(gram.as_ref());
    let trace: f64 = (0..count).map(|p| isotropic[(p, p)]).sum();
    let unit = problem.power() * trace / (count * size) as f64;
    let mut fim = HermitianAffine::zeros(2 * count);
    let mut phi = Mat::zeros(count, count);
    for q in 0..count {
        for p in 0..=q {
            phi[(p, q)] += 0.5;
            phi[(q, p)] += 0.5;
            let z = compact.adjoint(phi.as_ref());
            phi.fill(0.0);
            let mut form = ops::mul_adjoint(ops::mul(s, z.as_ref()).as_ref(), s);
            ops::scale(form.as_mut(), compact.kappa() * problem.power() / unit);
            let form = hermitian::hermitian_part(form.as_ref());
            let mut entry = joint.inner(Coefficient::dense(padded_square(form.as_ref(), users)));
            if let Some(sensing) = separate {
                entry += sensing.inner(Coefficient::dense(form));
            }
            fim.add_term(entry, Coefficient::sparse(&[(p, q, c64::new(1.0, 0.0))]));
        }
    }
    let coupling = Mat::from_fn(2 * count, 2 * count, |i, j| {
        let paired = i + count == j || j + count == i;
        c64::new(if paired { 1.0 } else { 0.0 }, 0.0)
    });
    let v = program.symmetric("V", count);
    let block = fim + HermitianAffine::constant(coupling) + v.expr().embedded(2 * count, count);
    program.lmi("CRLB", block);
    v.trace() * (problem.weights().crlb / unit)
}

fn padded(a: MatRef<'_, c64>, extra: usize) -> Mat<c64> {
    Mat::from_fn(a.nrows() + extra, a.ncols(), |i, j| {
        if i < a.nrows() { a[(i, j)] } else { c64::ZERO }
    })
}

fn padded_square(a: MatRef<'_, c64>, extra: usize) -> Mat<c64> {
    let n = a.nrows();
    Mat::from_fn(n + extra, n + extra, |i, j| {
        if i < n && j < n { a[(i, j)] } else { c64::ZERO }
    })
}

fn unit_column(size: usize, at: usize) -> Mat<c64> {
    Mat::from_fn(size, 1, |i, _| {
        c64::new(if i == at { 1.0 } else { 0.0 }, 0.0)
    })
}

fn diagonal(size: usize) -> Vec<(usize, usize, c64)> {
    (0..size).map(|i| (i, i, c64::new(1.0, 0.0))).collect()
}
