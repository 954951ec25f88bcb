//! `isac solve` for schema `hisac-see/1`.

use super::{proof, read, scenario};
use isac_algos::hisac_see::direct::Solution;
use isac_algos::hisac_see::relaxation::{self, Verdict};
use isac_algos::hisac_see::{Access, Design, Method, Problem, Report, global};
use isac_lab::document::Node;
use isac_lab::error::Error;
use isac_lab::solve::{Certify, SolveCertificate, SolveReport, SolveRequest, SolveStatus};
use isac_linalg::Mat;

/// Solves the problem of a document by the algorithm asked for.
///
/// # Errors
/// A malformed document, a case that does not exist, an unknown algorithm.
pub fn solve(root: &Node<'_>, request: &SolveRequest) -> Result<SolveReport, Error> {
    if let Some(posed) = scenario::of_document(root)? {
        let (seed, method) = (posed.seed(request)?, named(request)?);
        let problem = scenario::draw(&posed.scenario, seed, posed.drop as u64);
        let problem = problem.map_err(|e| isac_lab::scenario::refused(root, e))?;
        problem
            .check()
            .map_err(|e| isac_lab::scenario::refused(root, e))?;
        let found = answer(&problem, method, &[]);
        let mut out = found.map_err(|e| isac_lab::scenario::refused(root, e))?;
        certify(root, &problem, request, &mut out)?;
        out.seed = seed;
        return Ok(out);
    }
    let problem = read::problem(root)?;
    if let Some(case) = request.case.filter(|&case| case > 0) {
        return Err(Error::Usage(format!(
            "--case {case}: a hisac-see/1 document holds one case, number 0"
        )));
    }
    if let Some(seed) = request.seed {
        return Err(Error::Usage(format!(
            "--seed {seed}: nothing is random in a hisac-see/1 document or its algorithms"
        )));
    }
    let method = named(request)?;
    let warm = stored_start(root, &problem)?;
    let mut out = answer(&problem, method, &warm).map_err(|e| root.refused(e))?;
    certify(root, &problem, request, &mut out)?;
    if let Some(bandwidth) = read::bandwidth_hz(root)?
        && let Some(efficiency) = out.metrics.get("energy_efficiency_bps_hz_w")
    {
        let efficiency = efficiency.as_f64().map_or(f64::NAN, |e| e * bandwidth);
        out.metric("energy_efficiency_bit_j", efficiency);
    }
    Ok(out)
}

/// The algorithm asked for.
fn named(request: &SolveRequest) -> Result<Method, Error> {
    let Some(name) = &request.algorithm else {
        return Ok(Method::default());
    };
    (Method::ALL.into_iter().find(|method| method.name() == name))
        .ok_or_else(|| Error::unknown("algorithm", name, Method::ALL.map(Method::name)))
}

/// The answer to a problem by a method, with a proof where there is no design.
///
/// # Errors
/// Bad input, a failed decomposition.
pub(super) fn answer(
    problem: &Problem,
    method: Method,
    warm: &[Design],
) -> Result<SolveReport, isac_algos::Error> {
    let found = method.run(problem, warm)?;
    let mut out = report(problem, method, &found);
    if !found.feasible {
        prove(problem, &mut out)?;
    }
    Ok(out)
}

/// Bounds the optimum where that was asked for and there is a design.
fn certify(
    root: &Node<'_>,
    problem: &Problem,
    request: &SolveRequest,
    out: &mut SolveReport,
) -> Result<(), Error> {
    if request.certify == Certify::Global
        && matches!(out.status, SolveStatus::Infeasible | SolveStatus::Unknown)
    {
        return exclude(root, problem, request, out);
    }
    let value = match out.objective {
        Some(value) if request.certify == Certify::Global && out.status.exit_code() == 0 => value,
        Some(_) | None => return Ok(()),
    };
    let options = global::Options::default();
    let proved = global::solve(problem, value, &options, |_| request.goes_on());
    let proved = proved.map_err(|e| root.refused(e))?;
    out.metric("nodes", proved.nodes as f64);
    out.metric("programs", proved.programs as f64);
    let why = proved.stopped.name().into();
    out.metrics.insert("search_stopped".into(), why);
    if !proved.bound.is_finite() {
        return Ok(());
    }
    // Given beams are free in the search: a larger set.
    let given = problem.frozen_bo.is_some() || problem.frozen_ta.is_some();
    let kind = if given {
        "global_upper_bound over all beams, given ones included"
    } else {
        "global_upper_bound"
    };
    out.certificate = Some(SolveCertificate {
        kind: kind.into(),
        bound: proved.bound,
        relative_gap: isac_lab::solve::relative_gap(proved.bound, value),
    });
    let document = proof::document(root, request)?;
    out.proof = Some(proof::write(document, out, &proved));
    Ok(())
}

/// Looks for a proof that there is no design, which also `isac verify` checks.
fn exclude(
    root: &Node<'_>,
    problem: &Problem,
    request: &SolveRequest,
    out: &mut SolveReport,
) -> Result<(), Error> {
    let options = global::Options::default();
    let leaves = global::exclude(problem, &options, |_| request.goes_on());
    let Some(leaves) = leaves.map_err(|e| root.refused(e))? else {
        return Ok(());
    };
    if out.status == SolveStatus::Unknown {
        out.status = SolveStatus::Infeasible;
        out.certificate = Some(boxes(leaves.len()));
        let claim = "no design exists (proof: by boxes)";
        let why = &out.stop_reason;
        out.stop_reason = why.replacen("no feasible point found", claim, 1);
    }
    let document = proof::document(root, request)?;
    out.proof = Some(proof::write_excluded(document, &leaves));
    Ok(())
}

/// The certificate of boxes that cover the domain and hold no design.
fn boxes(count: usize) -> SolveCertificate {
    SolveCertificate {
        kind: "boxes of amplitude, interference and leakage without a design".into(),
        bound: count as f64,
        relative_gap: None,
    }
}

/// Says that there is no design where a closed form, one box or the relaxation proves it.
fn prove(problem: &Problem, out: &mut SolveReport) -> Result<(), isac_algos::Error> {
    let options = isac_opt::conic::Options::default();
    let (proof, certificate) = match relaxation::prove_infeasible(problem, &options)? {
        Verdict::Excluded(found) => (
            format!(
                "`{}`: {} at most {:e}, needed {:e}",
                found.constraint, found.quantity, found.reach, found.needed
            ),
            SolveCertificate {
                kind: "closed form: share of what is needed that no design reaches".into(),
                bound: 1.0 - found.reach / found.needed,
                relative_gap: None,
            },
        ),
        Verdict::NoRate => ("by boxes".into(), boxes(1)),
        Verdict::Infeasible { error } => {
            out.metric("certificate_error", error);
            (
                "by a relaxation".into(),
                SolveCertificate {
                    kind: "farkas: norm of the covariances every design exceeds".into(),
                    bound: 1.0 / error.max(f64::MIN_POSITIVE),
                    relative_gap: None,
                },
            )
        }
        Verdict::Open | Verdict::Unknown => return Ok(()),
    };
    out.status = SolveStatus::Infeasible;
    out.certificate = Some(certificate);
    let claim = format!("no design exists (proof: {proof})");
    out.stop_reason = out
        .stop_reason
        .replacen("no feasible point found", &claim, 1);
    Ok(())
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

/// What a method found.
pub(super) fn report(problem: &Problem, method: Method, found: &Solution) -> SolveReport {
    let status = match (found.feasible, found.stopped.converged()) {
        (true, true) => SolveStatus::Solved,
        (true, false) => SolveStatus::Limit,
        // No certificate: other starts may succeed.
        (false, _) => SolveStatus::Unknown,
    };
    let mut out = SolveReport::new("hisac-see/1", method.name(), status);
    let r = &found.report;
    // Nothing here bounds the optimum from above.
    let (why, starts) = (found.stopped.name(), found.starts);
    out.stop_reason = if found.stopped.converged() {
        format!("{} ({why}), the best of {starts} starts", method.end())
    } else {
        format!("{why}: a feasible design short of a local optimum, the best of {starts} starts")
    };
    if !found.feasible
        && let Some(worst) = r.worst()
    {
        out.stop_reason = format!(
            "no feasible point found; at the least infeasible one `{}` fails by {:.3e}",
            worst.name, worst.value
        );
    }
    measured(problem, r, &mut out);
    let column = |v: &[isac_linalg::c64]| Mat::from_fn(v.len(), 1, |i, _| v[i]);
    out.beamformer("w_bo", column(&found.design.w_bo).as_ref());
    out.beamformer("w_ta", column(&found.design.w_ta).as_ref());
    let o = found.design.stream_matrix(problem.cell.antennas2());
    out.beamformer("O", o.as_ref());
    out.iterations = found.iterations;
    out
}

/// Objective, violation and metrics of a design.
pub(super) fn measured(problem: &Problem, r: &Report, out: &mut SolveReport) {
    out.objective = Some(r.objective);
    out.max_violation = Some(r.max_violation());
    let mut text = |name: &str, value: &str| out.metrics.insert(name.into(), value.into());
    text("access", problem.access.name());
    text("user_target", problem.user_target.name());
    text("maximised", problem.objective.name());
    if problem.access == Access::Noma {
        let order = problem.users_in_order();
        out.metrics.insert("decoding_order".into(), order.into());
    }
    out.metric("user_target_bps_hz", problem.unicast_rate());
    out.metric("secrecy_rate_bps_hz", r.secrecy.rate_signed);
    out.metric("rate_bob_bps_hz", r.secrecy.rate_bo);
    out.metric("rate_eve_bps_hz", r.secrecy.rate_e);
    out.metric("energy_efficiency_bps_hz_w", r.efficiency);
    out.metric("scnr", r.scnr);
    out.metric("power1_w", r.power1);
    out.metric("power2_w", r.power2);
    out.metric_list("user_rates_bps_hz", &r.user_rates);
}
