//! What the reports of all designs have in common.

use isac_algos::cell_free::certificate::{self, Multipliers};
use isac_algos::cell_free::{Evaluation, Network, max_min};
use isac_lab::solve::{SolveCertificate, SolveReport, SolveStatus};

/// Largest relative gap and violation of `solved`.
pub(super) const ACCEPT: f64 = 1e-6;
/// Largest of an answer.
const FAR: f64 = 1e-3;

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

/// An infeasible verdict by multipliers, and which floor fails by how much.
pub(super) fn infeasible(
    report: &mut SolveReport,
    network: &Network,
    floors: &[f64],
    multipliers: &Multipliers,
) -> Result<(), isac_algos::Error> {
    report.status = SolveStatus::Infeasible;
    let bound = certificate::sensing_bound(network, floors, multipliers);
    report.certificate = Some(SolveCertificate {
        kind: "upper bound below 0 on a sensing SNR that is never negative".into(),
        bound: bound.unwrap_or(f64::NAN),
        relative_gap: None,
    });
    out_of_reach(report, network, floors)
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

/// Status and reason by the distance of point and bound, and the violation.
pub(super) fn concluded(report: &mut SolveReport, gap: Option<f64>, distance: f64, violation: f64) {
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
