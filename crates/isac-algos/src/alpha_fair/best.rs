//! The default: no worse than any algorithm of this folder.
//!
//! The cost has many local minima, more the stronger the echoes are that disturb each other, and no descent
//! ends lowest from every start. So all schemes run from the same start, the augmented Lagrangian
//! descends from each of their ends, and of everything seen the best that meets the rates is returned.

use super::feasibility::prove_infeasible;
use super::run_options::RunOptions;
use super::{Design, FEASIBLE, Method, Problem, design, sdr};
use crate::Error;
use isac_linalg::{MatRef, c64};
use isac_metrics::delay_doppler::Nodes;

/// The best of the ends of [`Method::Augmented`] (also from `options.further`), [`Method::Paper`],
/// [`Method::Continuation`], [`Method::Flat`], [`Method::Mono`] and, at sizes and options it takes,
/// [`Method::Sdr`], and of descents from these ends. Where the rates certainly cannot be met, the end
/// of [`Method::Augmented`].
///
/// # Errors
/// A start of the wrong shape or a numerical breakdown of the first descent; a scheme that breaks down
/// later is left out.
pub fn solve(
    problem: &Problem,
    start: MatRef<'_, c64>,
    options: &RunOptions,
) -> Result<Design, Error> {
    let descent = design::Options {
        bound: None,
        ..design::Options::default()
    };
    let mut pool = Pool {
        best: design::solve(problem, start, &descent)?,
        iterations: 0,
        evaluations: 0,
    };
    (pool.iterations, pool.evaluations) = (pool.best.iterations, pool.best.evaluations);
    if pool.best.violation > FEASIBLE && prove_infeasible(problem)?.is_some() {
        return Ok(pool.best);
    }
    for further in &options.further {
        problem.check_beams("start", further.as_ref())?;
        pool.offer(design::solve(problem, further.as_ref(), &descent));
    }
    for method in contained(problem, options) {
        let quick = RunOptions {
            further: Vec::new(),
            bound: None,
            ..options.clone()
        };
        let Ok(end) = method.run(problem, start, &quick) else {
            continue;
        };
        // Measured by this problem, not by the scheme's own.
        let measured = Design::measure(problem, end.beams)?;
        let polished = design::solve(problem, measured.beams.as_ref(), &descent);
        pool.offer(Ok(Design {
            stopped: end.stopped,
            iterations: end.iterations,
            evaluations: end.evaluations,
            trace: end.trace,
            progress: end.progress,
            ..measured
        }));
        pool.offer(polished);
    }
    Ok(Design {
        iterations: pool.iterations,
        evaluations: pool.evaluations,
        ..pool.best
    })
}

/// The schemes besides the augmented Lagrangian that this problem's size and options allow.
fn contained(problem: &Problem, options: &RunOptions) -> Vec<Method> {
    let mut methods = vec![Method::Paper, Method::Continuation, Method::Flat];
    if problem.sensing().options().nodes == Nodes::Multi && problem.sensing().nodes() > 1 {
        methods.push(Method::Mono);
    }
    if sdr::expected_seconds(problem) <= options.sdr_patience_s {
        methods.push(Method::Sdr);
    }
    methods
}

/// The best design so far and the work of all.
struct Pool {
    best: Design,
    iterations: usize,
    evaluations: usize,
}

impl Pool {
    fn offer(&mut self, found: Result<Design, Error>) {
        let Ok(found) = found else {
            return;
        };
        self.iterations += found.iterations;
        self.evaluations += found.evaluations;
        if better(&found, &self.best) {
            self.best = found;
        }
    }
}

/// Whether a design is better than another: among those that meet the rates by cost, among the others by
/// violation.
fn better(new: &Design, old: &Design) -> bool {
    match (new.violation <= FEASIBLE, old.violation <= FEASIBLE) {
        (true, true) => new.objective < old.objective,
        (false, false) => new.violation < old.violation,
        (fits, _) => fits,
    }
}
