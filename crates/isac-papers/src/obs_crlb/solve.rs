//! `isac solve` for `obs-crlb/1`.

use isac_algos::obs_crlb::{Merit, Solution, SumRateCrlb, bound, global, per_antenna, structure};
use isac_linalg::{MatRef, c64};
use isac_models::rng::{Stream, stream};
use isac_opt::StopReason;

use super::input::Instance;
use super::method::{Method, Setup};
use super::{proof, scenario};
use isac_lab::document::Node;
use isac_lab::error::Error;
use isac_lab::solve::{Certify, SolveCertificate, SolveReport, SolveRequest, SolveStatus};

/// Residual of the stationarity conditions, relative to the multipliers times the beamformer, up to
/// which the end of a run counts as a local optimum, whatever the method's own test said.
pub(super) const STATIONARY: f64 = 1e-2;

/// Solves the problem of a document and bounds its optimum.
///
/// # Errors
/// A malformed document, a case other than 0, an unknown algorithm, a numerical breakdown.
pub fn solve(root: &Node<'_>, request: &SolveRequest) -> Result<SolveReport, Error> {
    if let Some(case) = request.case.filter(|case| *case > 0) {
        return Err(Error::Usage(format!(
            "--case {case}: the document holds a single problem, expected 0"
        )));
    }
    let method = match request.algorithm.as_deref() {
        None => Method::ALL[0],
        Some(name) => Method::named(name)
            .ok_or_else(|| Error::unknown("algorithm", name, Method::ALL.map(Method::name)))?,
    };
    let scenario = scenario::of_document(root)?;
    if let Some(posed) = &scenario {
        posed.seed(request)?;
    }
    if let (Some(seed), None, None) = (request.seed, root.opt("channel"), scenario)
        && method != Method::BestOfStarts
    {
        return Err(Error::Usage(format!(
            "--seed {seed}: nothing is random in `{}` from given channels",
            method.name()
        )));
    }
    provable(request, method)?;
    let instance = Instance::read(root, request.seed)?;
    let problem = &instance.problem;
    let setup = Setup {
        start: instance.start.clone(),
        sensing_streams: instance.sensing_streams,
        ..Setup::default()
    };
    let mut rng = stream(instance.seed, Stream::Start, 0);
    let mut solution = method
        .run(problem, &setup, &mut rng)
        .map_err(|e| classify(root, e))?;
    let proved = match request.certify {
        Certify::Global => {
            let mut proved = search(problem, &solution, &instance, request);
            // Only the default says nothing about how its point is found.
            let better = proved.as_mut().ok().and_then(|proved| proved.better.take());
            if let Some(better) = better.filter(|_| method == Method::BestOfStarts) {
                solution = better;
            }
            Some(proved.map_err(|e| classify(root, e))?)
        }
        Certify::None | Certify::Local => None,
    };
    let w = solution.beamformer.as_ref();
    let per_antenna = method == Method::PerAntenna;
    let structure = structure::check(problem, w).ok().filter(|_| !per_antenna);
    let residual = if per_antenna {
        per_antenna::residual(problem, w).ok()
    } else {
        structure.map(|s| s.users.hypot(s.sensing))
    };
    // A short step or a small rise is no proof: the point must be stationary.
    let stationary = residual.is_some_and(|residual| residual <= STATIONARY);
    let status = match solution.stopped {
        StopReason::IterationLimit => SolveStatus::Limit,
        reason if reason.converged() && stationary => SolveStatus::Solved,
        _ => SolveStatus::Inaccurate,
    };
    let mut report = SolveReport::new("obs-crlb/1", method.name(), status);
    report.stop_reason = solution.stopped.name().into();
    measured(root, problem, solution.merit, w, &mut report)?;
    if let Some(structure) = structure {
        report.metric("structure_residual_users", structure.users);
        report.metric("structure_residual_sensing", structure.sensing);
    }
    report.max_violation = Some(if per_antenna {
        per_antenna::violation(problem, w)
    } else {
        solution.violation
    });
    report.beamformer("W", w);
    certify(
        &mut report,
        root,
        problem,
        &solution,
        (request, method),
        proved.as_ref(),
    )?;
    report.iterations = solution.iterations;
    report.seed = instance.seed;
    Ok(report)
}

/// Refuses a search whose bound would be that of another set.
fn provable(request: &SolveRequest, method: Method) -> Result<(), Error> {
    if request.certify == Certify::Global && method == Method::PerAntenna {
        return Err(Error::Usage(format!(
            "--certify global: the bound of `{}` would be that of the sum power, expected another algorithm or `local`",
            method.name()
        )));
    }
    Ok(())
}

/// Branch and bound from a point. A better one may have as many sensing streams as the structure can
/// use, unless the document says how many.
fn search(
    problem: &SumRateCrlb,
    start: &Solution,
    instance: &Instance,
    request: &SolveRequest,
) -> Result<global::Certified, isac_algos::Error> {
    let useful = 3 * problem.targets();
    let options = global::Options {
        sensing_streams: instance.sensing_streams.is_none().then_some(useful),
        ..global::Options::default()
    };
    global::solve(problem, start, &options, |_| request.goes_on())
}

/// Writes the bound down that was asked for.
fn certify(
    report: &mut SolveReport,
    root: &Node<'_>,
    problem: &SumRateCrlb,
    solution: &Solution,
    (request, method): (&SolveRequest, Method),
    proved: Option<&global::Certified>,
) -> Result<(), Error> {
    let objective = solution.merit.objective;
    let certificate = |kind: &str, bound: f64| SolveCertificate {
        kind: kind.into(),
        bound,
        relative_gap: isac_lab::solve::relative_gap(bound, objective),
    };
    if request.certify == Certify::Local {
        let upper = bound::certify(problem, &bound::Options::default()).ok();
        // The set that the bound holds for stands in its name.
        let kind = if method == Method::PerAntenna {
            "upper_bound_of_sum_power"
        } else {
            "upper_bound"
        };
        report.certificate = upper.map(|upper| certificate(kind, upper.value));
    }
    if let Some(proved) = proved {
        report.certificate = Some(certificate("global_upper_bound", proved.bound));
        let gap = (proved.bound - objective) / problem.magnitude(&solution.merit);
        report.metric("gap_of_terms", gap);
        report.metric("nodes", proved.nodes as f64);
        let why = proved.stopped.name().into();
        report.metrics.insert("search_stopped".into(), why);
        report.proof = Some(proof::write(root, problem, solution, proved)?);
    }
    Ok(())
}

/// Objective and metrics at a beamformer.
pub(super) fn measured(
    root: &Node<'_>,
    problem: &SumRateCrlb,
    merit: Merit,
    w: MatRef<'_, c64>,
    report: &mut SolveReport,
) -> Result<(), Error> {
    report.objective = Some(merit.objective);
    report.metric("sum_rate_nats", merit.sum_rate);
    report.metric("crlb_trace", merit.crlb_trace);
    if let Ok(crlb) = problem.sensing().crlb(w) {
        report.metric("crlb_relative_error", crlb.relative_error());
    }
    let sinr =
        isac_metrics::sinr(problem.channel(), w, problem.noise()).map_err(|e| root.refused(e))?;
    report.metric_list("sinr", &sinr);
    report.metric("power_W", isac_linalg::ops::norm2(w));
    Ok(())
}

/// A singular FIM comes from the targets of the document; everything else is arithmetic.
pub(super) fn classify(root: &Node<'_>, error: isac_algos::Error) -> Error {
    use isac_algos::Error as Algo;
    match &error {
        Algo::Metric(isac_metrics::Error::SingularFim {
            parameter,
            parameters,
        }) => {
            let targets = (parameters / 4).max(1);
            let name = ["theta", "phi", "alpha.re", "alpha.im"][(parameter / targets).min(3)];
            let explicit = ["theta", "theta_deg"]
                .iter()
                .any(|key| root.opt(key).is_some());
            let degrees = root.opt(&format!("{name}_deg")).map_or("", |_| "_deg");
            let name = if explicit {
                format!("{name}{degrees}")
            } else {
                let keys = ["theta_rad", "phi_rad", "alpha_re", "alpha_im"];
                format!("scenario.{}", keys[(parameter / targets).min(3)])
            };
            let field = format!("{}: {name}[{}]", root.file, parameter % targets);
            Error::invalid(field, error)
        }
        Algo::Linalg(inner) if inner.is_bad_input() => root.refused(error),
        _ => Error::numerical(format!("{}: solve", root.file), error),
    }
}
