//! `isac solve` for `obs-crlb/1`.

use isac_algos::obs_crlb::{
    Solution, accelerated, bound, fp_sgda, low_dim, per_antenna, restarts, sca, start, structure,
    wmmse_sdr,
};
use isac_linalg::{Mat, c64};
use isac_models::rng::{Stream, stream};
use isac_opt::StopReason;

use super::input::Instance;
use crate::document::Node;
use crate::error::Error;
use crate::solve::{SolveCertificate, SolveReport, SolveRequest, SolveStatus};

/// Names of the algorithms, the default first.
const ALGORITHMS: [&str; 11] = [
    "best_of_starts",
    "accelerated",
    "barzilai_borwein",
    "algorithm1",
    "algorithm1_printed",
    "algorithm1_released",
    "low_dim_released",
    "fp_sgda",
    "wmmse_sdr",
    "wmmse_sdr_released",
    "per_antenna",
];

/// Residual of Theorem 1, relative to the multiplier times the beamformer, up to which a method that
/// stopped by a short step counts as converged.
const STATIONARY: f64 = 1e-2;

/// Solves the problem of a document and bounds its optimum.
pub(super) fn solve(root: &Node<'_>, request: &SolveRequest) -> Result<SolveReport, Error> {
    if let Some(case) = request.case.filter(|case| *case > 0) {
        return Err(Error::Usage(format!(
            "--case {case}: the document holds a single problem, expected 0"
        )));
    }
    let name = request.algorithm.as_deref().unwrap_or(ALGORITHMS[0]);
    if !ALGORITHMS.contains(&name) {
        return Err(Error::unknown("algorithm", name, ALGORITHMS));
    }
    if let (Some(seed), None) = (request.seed, root.opt("channel"))
        && name != ALGORITHMS[0]
    {
        return Err(Error::Usage(format!(
            "--seed {seed}: nothing is random in `{name}` from given channels"
        )));
    }
    let instance = Instance::read(root, request.seed)?;
    let problem = &instance.problem;
    let solution = run(name, &instance).map_err(|e| classify(root, e))?;
    let upper = bound::certify(problem, &bound::Options::default());
    let objective = solution.merit.objective;
    let w = solution.beamformer.as_ref();
    let structure = structure::check(problem, w).ok();
    // A short step is no proof: the point must be stationary too (a per-antenna design is not, on
    // the larger set).
    let stationary = structure
        .as_ref()
        .is_some_and(|s| s.users.hypot(s.sensing) <= STATIONARY);
    let status = match solution.stopped {
        StopReason::SmallStep if !stationary => SolveStatus::Inaccurate,
        reason if reason.converged() => SolveStatus::Solved,
        StopReason::IterationLimit => SolveStatus::Limit,
        _ => SolveStatus::Inaccurate,
    };
    let mut report = SolveReport::new("obs-crlb/1", name, status);
    report.stop_reason = solution.stopped.name().into();
    report.objective = Some(objective);
    report.metric("sum_rate_nats", solution.merit.sum_rate);
    report.metric("crlb_trace", solution.merit.crlb_trace);
    if let Ok(crlb) = problem.sensing().crlb(w) {
        report.metric("crlb_relative_error", crlb.relative_error());
    }
    let sinr =
        isac_metrics::sinr(problem.channel(), w, problem.noise()).map_err(|e| root.refused(e))?;
    report.metric_list("sinr", &sinr);
    report.metric("power_W", isac_linalg::ops::norm2(w));
    if let Some(structure) = structure {
        report.metric("structure_residual_users", structure.users);
        report.metric("structure_residual_sensing", structure.sensing);
    }
    let violation = if name == "per_antenna" {
        per_antenna::violation(problem, w)
    } else {
        solution.violation
    };
    report.max_violation = Some(violation);
    report.beamformer("W", w);
    report.certificate = upper.ok().map(|upper| SolveCertificate {
        kind: "upper_bound".into(),
        bound: upper.value,
        relative_gap: Some((upper.value - objective) / objective.abs().max(1.0)),
    });
    report.iterations = solution.iterations;
    report.seed = instance.seed;
    Ok(report)
}

fn run(name: &str, instance: &Instance) -> Result<Solution, isac_algos::Error> {
    let problem = &instance.problem;
    let mut rng = stream(instance.seed, Stream::Start, 0);
    let given = || -> Result<Mat<c64>, isac_algos::Error> {
        if let Some(start) = &instance.start {
            return Ok(start.clone());
        }
        let least = usize::from(problem.users() == 0);
        let streams = instance.sensing_streams.unwrap_or(3 * problem.targets());
        start::regularised_zf(problem, streams.max(least), 0.9)
    };
    match name {
        "best_of_starts" => {
            let options = restarts::Options {
                sensing_streams: instance.sensing_streams,
                ..restarts::Options::default()
            };
            let extra: Vec<Mat<c64>> = instance.start.iter().cloned().collect();
            Ok(restarts::best(problem, &extra, &options, &mut rng)?.0)
        }
        "accelerated" => {
            accelerated::solve(problem, given()?.as_ref(), &accelerated::Options::lbfgs())
        }
        "barzilai_borwein" => {
            accelerated::solve(problem, given()?.as_ref(), &accelerated::Options::bb())
        }
        "algorithm1" => sca::solve(problem, given()?.as_ref(), &sca::Options::default()),
        "algorithm1_printed" => sca::solve(problem, given()?.as_ref(), &sca::Options::printed()),
        "algorithm1_released" => sca::solve(problem, given()?.as_ref(), &sca::Options::released()),
        "low_dim_released" => {
            low_dim::solve(problem, given()?.as_ref(), &low_dim::Options::default())
        }
        "fp_sgda" => fp_sgda::solve(problem, given()?.as_ref(), &fp_sgda::Options::default()),
        "wmmse_sdr" | "wmmse_sdr_released" => {
            let options = wmmse_sdr::Options {
                variant: if name == "wmmse_sdr" {
                    wmmse_sdr::Variant::Corrected
                } else {
                    wmmse_sdr::Variant::Released
                },
                ..wmmse_sdr::Options::default()
            };
            wmmse_sdr::solve(problem, given()?.as_ref(), &options)
        }
        _ => {
            let options = accelerated::Options::default();
            per_antenna::solve_accelerated(problem, given()?.as_ref(), &options)
        }
    }
}

/// A singular FIM comes from the targets of the document; everything else is arithmetic.
fn classify(root: &Node<'_>, error: isac_algos::Error) -> Error {
    use isac_algos::Error as Algo;
    match &error {
        Algo::Metric(isac_metrics::Error::SingularFim {
            parameter,
            parameters,
        }) => {
            let targets = (parameters / 4).max(1);
            let name = ["theta", "phi", "alpha.re", "alpha.im"][(parameter / targets).min(3)];
            let degrees = root.opt(&format!("{name}_deg")).map_or("", |_| "_deg");
            let field = format!("{}: {name}{degrees}[{}]", root.file, parameter % targets);
            Error::invalid(field, error)
        }
        Algo::Linalg(inner) if inner.is_bad_input() => root.refused(error),
        _ => Error::numerical(format!("{}: solve", root.file), error),
    }
}
