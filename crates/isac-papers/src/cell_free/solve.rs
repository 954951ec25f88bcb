//! `isac solve` for `cell-free/1`.

use isac_algos::cell_free::Network;
use isac_lab::document::Node;
use isac_lab::error::Error;
use isac_lab::solve::{SolveCertificate, SolveReport, SolveRequest, SolveStatus, relative_gap};

use super::extensions::Extension;
use super::input::{self, Case};
use super::method::{Found, Method, Outcome};
use super::report::{concluded, infeasible, measured};
use super::scenario;

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
        let derivative = s.derivative(seed, posed.drop);
        let derivative = derivative.map_err(|e| isac_lab::scenario::refused(root, e))?;
        let case = Case {
            error_radius: vec![s.error_radius; network.access_points()],
            network,
            share: s.share,
            floors,
            derivative: Some(derivative),
            snapshots: s.snapshots,
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

/// Solves the problem of a document or scenario.
///
/// # Errors
/// A malformed document, a case or seed that it does not have, an unknown algorithm.
pub fn solve(root: &Node<'_>, request: &SolveRequest) -> Result<SolveReport, Error> {
    let (case, seed) = posed(root, request)?;
    let name = request.algorithm.as_deref();
    let answer = match Extension::named(name, &case) {
        Some(extension) => extension.answer(&case),
        None => {
            let method = Method::named(name, &Extension::ALL.map(Extension::name))?;
            answer(&case.network, method, case.share, case.floors.as_deref())
        }
    };
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
            infeasible(&mut report, network, &floors, &multipliers)?;
        }
        Outcome::Unknown => {
            report.stop_reason = "neither beams nor a proof that there are none".into();
        }
    }
    Ok(report)
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
    concluded(report, gap, distance, violation);
}
