//! `isac judge` for `cell-free/1`.

use isac_algos::cell_free::{evaluate, robust};
use isac_lab::document::Node;
use isac_lab::error::Error;
use isac_lab::judge::Judged;
use isac_lab::solve::{SolveReport, SolveRequest, SolveStatus};

use super::extensions::{Extension, echo};
use super::method::{self, Method};
use super::report::measured;
use super::solve::posed;

/// Judges beams `F`, stacked antennas x streams, the users' streams first, under the joint design's
/// constraints, or those of the extension that is asked for: with `crlb` the objective is the largest bound on
/// an angle, with `robust` (the default where a channel has an error) the floors hold for all errors. Floors
/// that are not stated are what NS+OPT reaches, as in `isac solve`.
pub(super) fn judge(
    root: &Node<'_>,
    request: &SolveRequest,
    beams: &Node<'_>,
) -> Result<Judged, Error> {
    let (case, _) = posed(root, request)?;
    let name = request.algorithm.as_deref();
    let extension = Extension::named(name, &case);
    if extension.is_none() {
        Method::named(name, &Extension::ALL.map(Extension::name))?;
    }
    let network = &case.network;
    let (antennas, users) = (network.channels().nrows(), network.users());
    let node = beams.get("F")?;
    if let [rows, columns] = node.array_c64()?.shape[..]
        && (rows != antennas || columns < users)
    {
        return Err(node.wrong(format!(
            "stacked antennas x streams, {antennas} x ({users} or more) complex entries, not {rows} x {columns}"
        )));
    }
    let f = node.columns_c64(antennas)?;
    if f.ncols() < users {
        return Err(node.wrong(format!("{users} streams or more, one per user")));
    }
    let floors = method::floors_of(network, case.share, case.floors.as_deref());
    let floors = floors.map_err(|e| root.refused(e))?.ok_or_else(|| {
        let what = "largest common SINR of ns-opt, the floors without `min_sinr`".into();
        Error::numerical("judge", isac_linalg::Error::NoConvergence { what })
    })?;
    let evaluation = evaluate(network, f.as_ref()).map_err(|e| node.refused(e))?;
    let mut report = SolveReport::new("cell-free/1", "given", SolveStatus::Unknown);
    report.objective = Some(evaluation.min_sensing_snr());
    measured(&mut report, &evaluation, Some(&floors));
    report.metric("sensing_streams", (f.ncols() - users) as f64);
    let budgets = evaluation.power.iter().zip(network.power()).enumerate();
    let budgets = budgets.map(|(m, (p, most))| {
        let name = format!("power budget of access point {m}");
        (name, p / most - 1.0)
    });
    let (sinr, errors) = match extension {
        Some(Extension::Robust) => {
            let worst = robust::worst_sinr(network, &f, &case.error_radius);
            let worst = worst.map_err(|e| node.refused(e))?;
            let lower: Vec<f64> = worst.iter().map(|w| w.lower).collect();
            report.metric_list("worst_sinr", &lower);
            (lower, " for all errors")
        }
        Some(Extension::Crlb) | None => (evaluation.sinr.clone(), ""),
    };
    if let Some(Extension::Crlb) = extension {
        let echo = echo(&case).map_err(|e| root.refused(e))?;
        let bounds = echo.crlb(network, &f).map_err(|e| node.refused(e))?;
        let bounds = bounds.concat();
        let largest = bounds.iter().copied().fold(0.0, f64::max);
        report.metric_list("crlb_rad2", &bounds);
        report.metric("largest_standard_error_deg", largest.sqrt().to_degrees());
        report.objective = Some(largest);
    }
    let served = sinr.iter().zip(&floors).enumerate();
    let served = served.map(|(u, (s, floor))| {
        let name = format!("SINR floor of user {u}{errors}");
        (name, 1.0 - s / floor)
    });
    Ok(Judged {
        constraints: budgets.chain(served).collect(),
        report,
        tolerance: 1e-6,
        rule: "excess over the budget and shortfall below the floor, relative to them",
        maximise: extension != Some(Extension::Crlb),
    })
}
