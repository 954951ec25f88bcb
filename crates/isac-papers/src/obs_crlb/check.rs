//! `isac check` for `obs-crlb/1`.

use isac_algos::obs_crlb::sca::{self, Coordinates};
use isac_algos::obs_crlb::{Auxiliaries, Shift, Solution, SumRateCrlb, bound, restarts};
use isac_linalg::{Mat, c64};
use isac_models::rng::{Stream, stream};

use super::input::{Instance, beamformer};
use isac_lab::check::{Checker, Goal, Got, Tolerance, Tolerances};
use isac_lab::document::Node;
use isac_lab::error::Error;

/// Relative excess over the budget that counts as feasible.
const FEASIBLE: f64 = 1e-9;

/// Recomputes every value of a document.
pub(super) fn check(root: &Node<'_>, checker: &mut Checker) -> Result<(), Error> {
    let instance = Instance::read(root, None)?;
    if let Some(cases) = root.opt("metric_cases") {
        for case in cases.objects()? {
            metric_case(&case, &instance.problem, checker)?;
        }
    }
    let Some(expected) = root.opt("expected") else {
        return Ok(());
    };
    let tolerances = Tolerances::new(root.opt("tolerance"), None);
    let mut best = Best::new(&instance);
    checker.each(&expected, |checker, key, node| {
        let variant = match key {
            "algorithm1_lambda_comm" => (Shift::Comm, Auxiliaries::Exact),
            "algorithm1_lambda_dominant" => (Shift::Dominant, Auxiliaries::Exact),
            "algorithm1_as_released" => (Shift::Comm, Auxiliaries::WithoutSensing),
            "best_known_objective" => {
                if !checker.skips_solver(node) {
                    best_known(node, &mut best, &tolerances, checker)?;
                }
                return Ok(true);
            }
            "certified_upper_bound" => {
                if !checker.skips_solver(node) {
                    let known = expected.opt("best_known_objective");
                    let known = known.map(|n| n.f64()).transpose()?;
                    upper_bound(node, known, &mut best, &tolerances, checker)?;
                }
                return Ok(true);
            }
            _ => return Ok(false),
        };
        if !checker.skips_solver(node) {
            algorithm1(node, &instance, variant, &tolerances, checker)?;
        }
        Ok(true)
    })
}

fn metric_case(case: &Node<'_>, problem: &SumRateCrlb, checker: &mut Checker) -> Result<(), Error> {
    case.known_keys(&["W", "expected", "tolerance"])?;
    let w = beamformer(&case.get("W")?, problem)?;
    let tolerances = Tolerances::new(case.opt("tolerance"), None);
    let tolerance = Tolerance::rel(tolerances.get("rel", 1e-8)?);
    let merit = problem.merit(w.as_ref());
    let of_merit = |pick: fn(isac_algos::obs_crlb::Merit) -> f64| match &merit {
        Ok(merit) => Got::from(pick(*merit)),
        Err(error) => Got::Missing(error.to_string()),
    };
    checker.each(&case.get("expected")?, |checker, key, node| {
        let got = match key {
            "sinr" => isac_metrics::sinr(problem.channel(), w.as_ref(), problem.noise())
                .map_or_else(|e| Got::Missing(e.to_string()), Got::from),
            "rates" | "rates_nats" => {
                isac_metrics::sinr(problem.channel(), w.as_ref(), problem.noise())
                    .map(|sinr| isac_metrics::rates_nats(&sinr))
                    .map_or_else(|e| Got::Missing(e.to_string()), Got::from)
            }
            "fim" => problem
                .sensing()
                .fim(w.as_ref())
                .map_or_else(|e| Got::Missing(e.to_string()), |fim| Got::from(&fim)),
            "crlb_trace" => of_merit(|m| m.crlb_trace),
            "sum_rate" => of_merit(|m| m.sum_rate),
            "objective" => of_merit(|m| m.objective),
            "gradient" => problem
                .gradient(w.as_ref())
                .map_or_else(|e| Got::Missing(e.to_string()), |g| Got::from(&g)),
            _ => return Ok(false),
        };
        checker.compare(node, got, tolerance)?;
        Ok(true)
    })
}

/// Algorithm 1 as in the released scripts, but with the rule and auxiliaries of the key.
fn algorithm1(
    stated: &Node<'_>,
    instance: &Instance,
    (shift, auxiliaries): (Shift, Auxiliaries),
    tolerances: &Tolerances<'_>,
    checker: &mut Checker,
) -> Result<(), Error> {
    let options = sca::Options {
        shift,
        auxiliaries,
        coordinates: Coordinates::Full,
        ..sca::Options::released()
    };
    let run = match &instance.start {
        None => Err("the document has no W0".to_string()),
        Some(w0) => sca::solve(&instance.problem, w0.as_ref(), &options).map_err(|e| e.to_string()),
    };
    let rel = tolerances.get("algorithm1_objective_rel", 1e-6)?;
    let steps = tolerances.get("algorithm1_iterations_abs", 5.0)?;
    let early = tolerances.get("objective_after_20_iterations_rel", 1e-8)?;
    checker.each(stated, |checker, key, node| {
        let (pick, tolerance): (fn(&Solution) -> Got, _) = match key {
            "objective" => (|s| s.merit.objective.into(), Tolerance::rel(rel)),
            "sum_rate" => (|s| s.merit.sum_rate.into(), Tolerance::rel(10.0 * rel)),
            "crlb_trace" => (|s| s.merit.crlb_trace.into(), Tolerance::rel(10.0 * rel)),
            "iterations" => (|s| (s.iterations as f64).into(), Tolerance::abs(steps)),
            "objective_after_20_iterations" => (after_20, Tolerance::rel(early)),
            "monotone" => (|s| (s.falls == 0).into(), Tolerance::abs(0.0)),
            _ => return Ok(false),
        };
        let got = run
            .as_ref()
            .map_or_else(|why| Got::Missing(why.clone()), pick);
        checker.compare(node, got, tolerance)?;
        Ok(true)
    })
}

/// The objective after 20 iterations, or after the last if there are fewer.
fn after_20(run: &Solution) -> Got {
    let row = run.trace.get(19).or(run.trace.last());
    row.map_or(run.merit.objective, |row| row.objective).into()
}

/// Our best point, found when first asked for.
struct Best<'a> {
    instance: &'a Instance,
    found: Option<Result<Solution, String>>,
}

impl<'a> Best<'a> {
    fn new(instance: &'a Instance) -> Self {
        Self {
            instance,
            found: None,
        }
    }

    fn solution(&mut self) -> Result<&Solution, String> {
        let instance = self.instance;
        let find = || {
            let options = restarts::Options {
                random_starts: 8,
                ..restarts::Options::default()
            };
            let starts: Vec<Mat<c64>> = instance.start.iter().cloned().collect();
            let mut rng = stream(instance.seed, Stream::Start, 0);
            restarts::best(&instance.problem, &starts, &options, &mut rng)
                .map(|(solution, _)| solution)
                .map_err(|e| e.to_string())
        };
        self.found
            .get_or_insert_with(find)
            .as_ref()
            .map_err(Clone::clone)
    }
}

fn best_known(
    node: &Node<'_>,
    best: &mut Best<'_>,
    tolerances: &Tolerances<'_>,
    checker: &mut Checker,
) -> Result<(), Error> {
    let room = tolerances.get("best_known_abs", 1e-3)?;
    match best.solution() {
        Ok(ours) => checker.target(
            node,
            ours.merit.objective,
            Goal::AtLeast,
            Tolerance::abs(room),
            ours.violation <= FEASIBLE,
        ),
        Err(why) => checker.compare(node, Got::Missing(why), Tolerance::abs(room)),
    }
}

/// Ours must be a bound and not much looser than the stated one.
fn upper_bound(
    node: &Node<'_>,
    known: Option<f64>,
    best: &mut Best<'_>,
    tolerances: &Tolerances<'_>,
    checker: &mut Checker,
) -> Result<(), Error> {
    let stated = node.f64()?;
    let excess = tolerances.get("certified_upper_bound_excess_rel", 0.05)?;
    let most = stated + excess * stated.abs().max(1.0);
    let problem = &best.instance.problem;
    let ours = match bound::certify(problem, &bound::Options::default()) {
        Ok(ours) => ours.value,
        Err(error) => {
            let missing = Got::Missing(error.to_string());
            return checker.compare(node, missing, Tolerance::abs(excess));
        }
    };
    let reached = match best.solution() {
        Ok(ours) => ours.merit.objective,
        Err(why) => return checker.compare(node, Got::Missing(why), Tolerance::abs(excess)),
    };
    let least = reached.max(known.map_or(f64::NEG_INFINITY, |v| v - 1e-9));
    checker.verdict(
        node,
        format!("bound {stated}"),
        format!("{ours}"),
        format!("valid (>= {least}) and <= {most}"),
        ours >= least && ours <= most,
    );
    Ok(())
}
