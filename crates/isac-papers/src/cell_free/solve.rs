//! `isac solve` for `cell-free/1`.

use isac_algos::cell_free::{Evaluation, Network, certificate, max_min};
use isac_lab::document::Node;
use isac_lab::error::Error;
use isac_lab::solve::{SolveCertificate, SolveReport, SolveRequest, SolveStatus, relative_gap};

use super::input::{self, Case};
use super::method::{Found, Method, Outcome};
use super::scenario;

/// Largest relative gap and violation of `solved`.
pub(super) const ACCEPT: f64 = 1e-6;
/// Largest of an answer.
const FAR: f64 = 1e-3;

/// The network of a document or scenario with what is asked of it, and the seed of what it draws.
///
/// # Errors
/// What the reader refuses; a case or a seed that the document does not have.
pub(super) fn posed(root: &Node<'_>, request: &SolveRequest) -> Result<(Case, u64), Error> {
    if let Some(posed) = scenario::of_document(root)? {
        let (seed, s) = (posed.seed(request)?, &posed.scenario);
        let network = s.network(seed, posed.drop);
        let network = network.map_err(|e| isac_lab::scenario::refused(root, e))?;
        let floors = s.min_sinr.map(|floor| vec![floor; network.users()]);
        let share = s.share;
        let case = Case {
            network,
            share,
            floors,
        };
        return Ok((case, seed));
    }
    if let Some(case) = request.case.filter(|&case| case > 0) {
        return Err(Error::Usage(format!(
            "--case {case}: a cell-free/1 document holds one case, number 0"
        )));
    }
    if let Some(seed) = request.seed {
        return Err(Error::Usage(format!(
            "--seed {seed}: nothing is random in a cell-free/1 document or its algorithms"
        )));
    }
    Ok((input::read(root)?, isac_lab::DEFAULT_SEED))
}

/// Solves the problem of a document.
pub(super) fn solve(root: &Node<'_>, request: &SolveRequest) -> Result<SolveReport, Error> {
    let method = Method::named(request.algorithm.as_deref())?;
    let (case, seed) = posed(root, request)?;
    let answer = answer(&case.network, method, case.share, case.floors.as_deref());
    let mut report = answer.map_err(|e| root.refused(e))?;
    report.seed = seed;
    Ok(report)
}

/// The report of a method on a network.
pub(super) fn answer(
    network: &Network,
    method: Method,
    share: f64,
    floors: Option<&[f64]>,
) -> Result<SolveReport, isac_algos::Error> {
    let outcome = method.run(network, share, floors)?;
    let mut report = SolveReport::new("cell-free/1", method.name(), SolveStatus::Unknown);
    match outcome {
        Outcome::Found(found) => describe(&mut report, network, &found),
        Outcome::Infeasible {
            floors,
            multipliers,
        } => {
            report.status = SolveStatus::Infeasible;
            let bound = certificate::sensing_bound(network, &floors, &multipliers);
            report.certificate = Some(SolveCertificate {
                kind: "upper bound below 0 on a sensing SNR that is never negative".into(),
                bound: bound.unwrap_or(f64::NAN),
                relative_gap: None,
            });
            out_of_reach(&mut report, network, &floors)?;
        }
        Outcome::Unknown => {
            report.stop_reason = "neither beams nor a proof that there are none".into();
        }
    }
    Ok(report)
}

/// Which floor fails by how much where all power serves the users alone.
fn out_of_reach(
    report: &mut SolveReport,
    network: &Network,
    floors: &[f64],
) -> Result<(), isac_algos::Error> {
    let best = max_min::solve(network, &max_min::Options::default())?;
    let Some(best) = best else {
        report.stop_reason = "no beams meet the SINR floors within the power".into();
        return Ok(());
    };
    report.metric("largest_common_sinr", best.sinr);
    let least = floors.iter().copied().fold(f64::INFINITY, f64::min);
    report.stop_reason = if best.upper < least {
        format!(
            "`min_sinr` of {least} is out of reach: all power of every access point gives the users {} at most, {:.3} % short",
            best.upper,
            100.0 * (1.0 - best.upper / least)
        )
    } else {
        format!(
            "no beams meet all floors of `min_sinr`; a common SINR of {} is within the power",
            best.sinr
        )
    };
    Ok(())
}

/// The metrics of beams, and the floors they are held to.
pub(super) fn measured(report: &mut SolveReport, evaluation: &Evaluation, floors: Option<&[f64]>) {
    report.metric_list("sinr", &evaluation.sinr);
    report.metric("min_sinr", evaluation.min_sinr());
    report.metric_list("sensing_snr", &evaluation.sensing_snr);
    report.metric("min_sensing_snr", evaluation.min_sensing_snr());
    report.metric_list("power_W", &evaluation.power);
    if let Some(floors) = floors {
        report.metric_list("sinr_floor", floors);
    }
}

/// What beams achieve. The objective of the joint design is the sensing SNR, of the others the SINR.
fn describe(report: &mut SolveReport, network: &Network, found: &Found) {
    let evaluation = &found.evaluation;
    let (objective, floors_missed) = match &found.floors {
        Some(floors) => (
            evaluation.min_sensing_snr(),
            evaluation.sinr_violation(floors),
        ),
        None => (evaluation.min_sinr(), 0.0),
    };
    let violation = evaluation.power_violation(network).max(floors_missed);
    report.objective = Some(objective);
    report.max_violation = Some(violation);
    report.iterations = found.steps;
    measured(report, evaluation, found.floors.as_deref());
    let users = network.users();
    let streams = found.beams.ncols() - users;
    report.metric("sensing_streams", streams as f64);
    report.beamformer("F", found.beams.as_ref());
    let gap = relative_gap(found.upper, objective);
    if found.upper.is_finite() {
        report.certificate = Some(SolveCertificate {
            kind: "upper_bound".into(),
            bound: found.upper,
            relative_gap: gap,
        });
    }
    // Regularised zero forcing promises no optimum: its bound says what it leaves.
    let promises = report.algorithm != Method::NsRzf.name();
    let distance = match (promises, gap) {
        (true, Some(gap)) => gap.max(violation),
        (true, None) => f64::INFINITY,
        (false, _) => violation,
    };
    report.status = if distance <= ACCEPT {
        SolveStatus::Solved
    } else if distance <= FAR {
        SolveStatus::Inaccurate
    } else {
        SolveStatus::Unknown
    };
    report.stop_reason = if distance <= ACCEPT {
        "tolerance".into()
    } else {
        format!(
            "gap {:.1e}, violation {violation:.1e}",
            gap.unwrap_or(f64::NAN)
        )
    };
}
