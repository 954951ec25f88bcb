//! `isac solve` for schema `hisac-see/1`.

use super::read;
use crate::document::Node;
use crate::error::Error;
use crate::solve::{SolveCertificate, SolveReport, SolveRequest, SolveStatus};
use isac_algos::hisac_see::relaxation::{self, Verdict};
use isac_algos::hisac_see::{Access, Design, Problem, RawStart, Working, direct, sca};
use isac_linalg::Mat;

/// Algorithms by name, the default first.
const ALGORITHMS: [&str; 4] = ["direct", "joint", "alternating", "overlapping"];

/// Solves the problem of a document by the algorithm asked for.
///
/// # Errors
/// A malformed document, a case that does not exist, an unknown algorithm.
pub(super) fn solve(root: &Node<'_>, request: &SolveRequest) -> Result<SolveReport, Error> {
    let mut problem = read::problem(root)?;
    if root.opt("options").and_then(|o| o.opt("access")).is_none() {
        // The convex steps need fixed SINR targets.
        problem.access = match request.algorithm.as_deref() {
            None | Some("direct") => Access::default(),
            Some(_) => Access::RsmaFixed,
        };
    }
    if let Some(case) = request.case.filter(|&case| case > 0) {
        return Err(Error::Usage(format!(
            "--case {case}: a hisac-see/1 document holds one case, number 0"
        )));
    }
    let name = request.algorithm.as_deref().unwrap_or(ALGORITHMS[0]);
    if !ALGORITHMS.contains(&name) {
        return Err(Error::unknown("algorithm", name, ALGORITHMS));
    }
    let warm = stored_start(root, &problem)?;
    let scheme = match name {
        "joint" => Some(sca::Scheme::Joint),
        "alternating" => Some(sca::Scheme::Alternating),
        "overlapping" => Some(sca::Scheme::Overlapping),
        _ => None,
    };
    let found = match scheme {
        None => direct::design(&problem, &warm, &direct::Options::default()),
        Some(scheme) => ascend(&problem, warm.first(), scheme),
    }
    .map_err(|e| root.refused(e))?;
    let mut out = report(&problem, name, &found, request.seed);
    if !found.feasible {
        prove(&problem, &mut out).map_err(|e| root.refused(e))?;
    }
    Ok(out)
}

/// Says that there is no design where the relaxation proves it.
fn prove(problem: &Problem, out: &mut SolveReport) -> Result<(), isac_algos::Error> {
    let options = isac_opt::conic::Options::default();
    if let Verdict::Infeasible { error } = relaxation::prove_infeasible(problem, &options)? {
        out.status = SolveStatus::Infeasible;
        out.stop_reason = out.stop_reason.replacen(
            "no feasible point found",
            "no design exists (proof by a relaxation)",
            1,
        );
        out.metric("certificate_error", error);
        out.certificate = Some(SolveCertificate {
            kind: "farkas: norm of the covariances every design exceeds".into(),
            bound: 1.0 / error.max(f64::MIN_POSITIVE),
            relative_gap: None,
        });
    }
    Ok(())
}

/// Convex steps from the document's feasible start or, after phase I, the raw one.
fn ascend(
    problem: &Problem,
    warm: Option<&Design>,
    scheme: sca::Scheme,
) -> Result<direct::Solution, isac_algos::Error> {
    let start = match warm {
        Some(design) => design.clone(),
        None => RawStart::default().design(problem, &Working::new(problem)?)?,
    };
    let options = sca::Options {
        scheme,
        ..sca::Options::default()
    };
    sca::solve(problem, &start, &options)
}

/// The document's feasible start if it fits the access scheme.
fn stored_start(root: &Node<'_>, problem: &Problem) -> Result<Vec<Design>, Error> {
    let stored = root
        .opt("designs")
        .and_then(|designs| designs.opt("feasible_start"));
    match stored {
        Some(node) if problem.access.has_common() => Ok(vec![read::design(&node, problem)?]),
        _ => Ok(Vec::new()),
    }
}

fn report(
    problem: &Problem,
    name: &str,
    found: &direct::Solution,
    seed: Option<u64>,
) -> SolveReport {
    let status = match (found.feasible, found.stopped.converged()) {
        (true, true) => SolveStatus::Solved,
        (true, false) => SolveStatus::Limit,
        // No certificate: other starts may succeed.
        (false, _) => SolveStatus::Unknown,
    };
    let mut out = SolveReport::new("hisac-see/1", name, status);
    let r = &found.report;
    out.stop_reason = found.stopped.name().into();
    if !found.feasible
        && let Some(worst) = r.worst()
    {
        out.stop_reason = format!(
            "no feasible point found; at the least infeasible one `{}` fails by {:.3e}",
            worst.name, worst.value
        );
    }
    out.objective = Some(r.objective);
    out.max_violation = Some(r.max_violation());
    out.metric("secrecy_rate_bps_hz", r.secrecy.rate_signed);
    out.metric("rate_bob_bps_hz", r.secrecy.rate_bo);
    out.metric("rate_eve_bps_hz", r.secrecy.rate_e);
    out.metric("energy_efficiency_bps_hz_w", r.efficiency);
    out.metric("scnr", r.scnr);
    out.metric("power1_w", r.power1);
    out.metric("power2_w", r.power2);
    out.metric_list("user_rates_bps_hz", &r.user_rates);
    let column = |v: &[isac_linalg::c64]| Mat::from_fn(v.len(), 1, |i, _| v[i]);
    out.beamformer("w_bo", column(&found.design.w_bo).as_ref());
    out.beamformer("w_ta", column(&found.design.w_ta).as_ref());
    let o = found.design.stream_matrix(problem.cell.antennas2());
    out.beamformer("O", o.as_ref());
    out.iterations = found.iterations;
    out.seed = seed.unwrap_or(out.seed);
    out
}
