//! `isac check` for `cell-free/1`.

use isac_algos::cell_free::{evaluate, robust};
use isac_lab::check::{Checker, Got, Tolerance, Tolerances};
use isac_lab::document::Node;
use isac_lab::error::Error;
use isac_lab::solve::SolveReport;
use isac_linalg::{Mat, c64};

use super::extensions::{Extension, echo};
use super::input::{self, Case};
use super::method::{Method, Outcome};

/// Which method and quantity a stated value of a design is.
fn stated(key: &str) -> Option<(Method, &str)> {
    let prefixes = [
        ("jsc_", Method::Jsc),
        ("ns_rzf_", Method::NsRzf),
        ("ns_opt_", Method::NsOpt),
        ("cb_opt_", Method::CbOpt),
    ];
    prefixes
        .iter()
        .find_map(|(prefix, method)| Some((*method, key.strip_prefix(prefix)?)))
}

/// A quantity of an evaluation by its key.
fn quantity(evaluation: &isac_algos::cell_free::Evaluation, key: &str) -> Option<Got> {
    Some(match key {
        "sinr" => evaluation.sinr.as_slice().into(),
        "min_sinr" => evaluation.min_sinr().into(),
        "sensing_snr" if evaluation.sensing_snr.len() == 1 => evaluation.sensing_snr[0].into(),
        "sensing_snr" => evaluation.sensing_snr.as_slice().into(),
        "min_sensing_snr" => evaluation.min_sensing_snr().into(),
        "power_W" => evaluation.power.as_slice().into(),
        _ => return None,
    })
}

/// Recomputes what a document states.
pub(super) fn check(root: &Node<'_>, checker: &mut Checker) -> Result<(), Error> {
    let case = input::read(root)?;
    let beams = input::beams(root, &case)?;
    let at_beams = beams
        .as_ref()
        .map(|f| evaluate(&case.network, f.as_ref()))
        .transpose()
        .map_err(|e| root.refused(e))?;
    let tolerances = Tolerances::new(root.opt("tolerance"), None);
    let expected = root.get("expected")?;
    checker.each(&expected, |checker, key, node| {
        let rel = |default: f64| tolerances.get(key, default).map(Tolerance::rel);
        if key == "feasible" {
            if !checker.skips_solver(node) {
                let got = feasible(&case, node)?;
                checker.compare(node, got, Tolerance::rel(0.0))?;
            }
            return Ok(true);
        }
        if let Some((method, rest)) = stated(key) {
            if checker.skips_solver(node) {
                return Ok(true);
            }
            let Some(got) = of_method(&case, method, rest, node)? else {
                return Ok(false);
            };
            checker.compare(node, got, rel(1e-6)?)?;
            return Ok(true);
        }
        if let Some((extension, field)) = extended(key) {
            if checker.skips_solver(node) {
                return Ok(true);
            }
            let report = extension.answer(&case).map_err(|e| root.refused(e))?;
            checker.compare(node, field(&report), rel(1e-6)?)?;
            return Ok(true);
        }
        if key == "crlb_rad2" || key == "worst_sinr" {
            match &beams {
                Some(f) => checker.compare(node, beyond(&case, key, f, root)?, rel(1e-6)?)?,
                None => checker.lacks(node, "beams"),
            }
            return Ok(true);
        }
        match &at_beams {
            Some(evaluation) => {
                let Some(got) = quantity(evaluation, key) else {
                    return Ok(false);
                };
                checker.compare(node, got, rel(1e-9)?)?;
            }
            None if [
                "sinr",
                "min_sinr",
                "sensing_snr",
                "min_sensing_snr",
                "power_W",
            ]
            .contains(&key) =>
            {
                checker.lacks(node, "beams");
            }
            None => return Ok(false),
        }
        Ok(true)
    })
}

/// A design beyond the paper and how to read a stated value of it.
fn extended(key: &str) -> Option<(Extension, fn(&SolveReport) -> Got)> {
    let objective: fn(&SolveReport) -> Got = |r| found(r, r.objective);
    let bound: fn(&SolveReport) -> Got = |r| found(r, r.certificate.as_ref().map(|c| c.bound));
    Some(match key {
        "least_crlb_rad2" => (Extension::Crlb, objective),
        "least_crlb_lower_bound_rad2" => (Extension::Crlb, bound),
        "robust_min_sensing_snr" => (Extension::Robust, objective),
        "robust_upper_bound" => (Extension::Robust, bound),
        _ => return None,
    })
}

/// A value of a design, or why there is none.
fn found(report: &SolveReport, value: Option<f64>) -> Got {
    match (report.objective, value) {
        (Some(_), Some(value)) => value.into(),
        (Some(_), None) | (None, _) => Got::Missing(report.stop_reason.clone()),
    }
}

/// Quantities of beams that need more than the network: bounds on angles, SINRs for the worst errors.
fn beyond(case: &Case, key: &str, f: &Mat<c64>, root: &Node<'_>) -> Result<Got, Error> {
    let values: Vec<f64> = if key == "crlb_rad2" {
        let echo = echo(case).map_err(|e| root.refused(e))?;
        let bounds = echo.crlb(&case.network, f).map_err(|e| root.refused(e))?;
        bounds.concat()
    } else {
        let worst = robust::worst_sinr(&case.network, f, &case.error_radius);
        let worst = worst.map_err(|e| root.refused(e))?;
        worst.iter().map(|w| w.lower).collect()
    };
    Ok(values.as_slice().into())
}

fn run(case: &Case, method: Method, node: &Node<'_>) -> Result<Outcome, Error> {
    method
        .run(&case.network, case.share, case.floors.as_deref())
        .map_err(|e| Error::numerical(&node.path, e))
}

/// Whether the joint design has a point; missing where neither is proved.
fn feasible(case: &Case, node: &Node<'_>) -> Result<Got, Error> {
    Ok(match run(case, Method::Jsc, node)? {
        Outcome::Found(_) => true.into(),
        Outcome::Infeasible { .. } => false.into(),
        Outcome::Unknown => Got::Missing("neither a point nor a proof".into()),
    })
}

/// A quantity of a method's design; `None` for a key that is none.
fn of_method(
    case: &Case,
    method: Method,
    key: &str,
    node: &Node<'_>,
) -> Result<Option<Got>, Error> {
    let found = match run(case, method, node)? {
        Outcome::Found(found) => found,
        Outcome::Infeasible { .. } => {
            return Ok(Some(Got::Missing("no beams: certified infeasible".into())));
        }
        Outcome::Unknown => return Ok(Some(Got::Missing("no answer".into()))),
    };
    if key == "upper_bound" {
        return Ok(Some(found.upper.into()));
    }
    Ok(quantity(&found.evaluation, key))
}
