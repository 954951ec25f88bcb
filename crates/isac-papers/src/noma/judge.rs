//! `isac judge` for `noma/1`.

use isac_algos::noma::{Evaluation, Scene, evaluate, robust};
use isac_lab::document::Node;
use isac_lab::error::Error;
use isac_lab::judge::Judged;
use isac_lab::solve::{SolveReport, SolveRequest, SolveStatus};
use isac_linalg::{Mat, c64, hermitian, ops};
use isac_metrics::noma::Pair;

use super::answer::evaluated;
use super::case::Problem;
use super::input;

/// Judges beams `w`, antennas x users, or covariances `W_0`, `W_1`, ... of the users.
pub(super) fn judge(
    root: &Node<'_>,
    request: &SolveRequest,
    beams: &Node<'_>,
) -> Result<Judged, Error> {
    let (case, _) = input::posed(root, request)?;
    let scene = &case.scene;
    let factors = factors(scene, beams)?;
    let failed = |e: isac_algos::Error| Error::numerical("judge", e);
    let evaluation = evaluate(scene, &factors).map_err(|e| beams.refused(e))?;
    let mut report = SolveReport::new("noma/1", "given", SolveStatus::Unknown);
    evaluated(&mut report, scene, &evaluation);
    let mut constraints = sensing(scene, &evaluation);
    let sinr = match &case.problem {
        Problem::PowerMin { .. } | Problem::MaxMin { .. } => evaluation.sinr.clone(),
        Problem::RobustPowerMin { ball, .. } | Problem::RobustMaxMin { ball, .. } => {
            robust::worst_cases(scene, &factors, *ball).map_err(failed)?
        }
    };
    let least = sinr.iter().fold(f64::INFINITY, |low, &(_, s)| low.min(s));
    if let Problem::RobustPowerMin { .. } | Problem::RobustMaxMin { .. } = case.problem {
        report.metric("min_worst_case_sinr", least);
    }
    let maximise = match &case.problem {
        Problem::PowerMin { gamma } | Problem::RobustPowerMin { gamma, .. } => {
            let targets = scene.sinr_targets(gamma).map_err(failed)?;
            constraints.extend(targets_of(scene, &sinr, &targets));
            report.objective = Some(evaluation.power);
            false
        }
        Problem::MaxMin { budget } | Problem::RobustMaxMin { budget, .. } => {
            constraints.push(("power budget".into(), evaluation.power / budget - 1.0));
            report.objective = Some(least);
            true
        }
    };
    Ok(Judged {
        report,
        constraints,
        tolerance: 1e-6,
        rule: "shortfall or excess relative to the bound; of differences to the largest of bound, floor and pattern",
        maximise,
    })
}

/// Factors by decoding position.
fn factors(scene: &Scene, beams: &Node<'_>) -> Result<Vec<Mat<c64>>, Error> {
    let (antennas, users) = (scene.antennas(), scene.users());
    if beams.opt("W_0").is_none() {
        let node = beams.get("w")?;
        let shape = node.array_c64()?.shape;
        if let [rows, columns] = shape[..]
            && [rows, columns] != [antennas, users]
        {
            return Err(node.wrong(format!(
                "antennas x users, {antennas} x {users} complex entries, not {rows} x {columns}"
            )));
        }
        let w = node.matrix_c64_of(antennas, users)?;
        return Ok(input::factors_by_position(scene, &w));
    }
    (0..users)
        .map(|position| {
            let node = beams.get(&format!("W_{}", scene.user(position)))?;
            let w = node.matrix_c64_of(antennas, antennas)?;
            let part = hermitian::hermitian_part(w.as_ref());
            let factor = hermitian::sqrt_factor(part.as_ref()).map_err(|e| node.refused(e))?;
            let back = ops::mul_adjoint(factor.as_ref(), factor.as_ref());
            let error = ops::norm2((&w - &back).as_ref());
            if error <= 1e-16 * ops::norm2(w.as_ref()) {
                return Ok(factor);
            }
            Err(node.wrong("a Hermitian positive semidefinite matrix"))
        })
        .collect()
}

/// Violations of what the targets are owed and of the ordering.
fn sensing(scene: &Scene, evaluation: &Evaluation) -> Vec<(String, f64)> {
    let (owed, pattern) = (scene.sensing(), &evaluation.pattern);
    let mut list = Vec::new();
    if owed.floor > 0.0 {
        for (m, p) in pattern.iter().enumerate() {
            list.push((format!("floor of target {m}"), 1.0 - p / owed.floor));
        }
    }
    if pattern.len() > 1 {
        let top = pattern.iter().copied().fold(0.0, f64::max);
        let bottom = pattern.iter().copied().fold(f64::INFINITY, f64::min);
        let scale = top.max(owed.floor).max(owed.difference);
        let excess = (top - bottom - owed.difference) / scale;
        list.push(("difference of targets".into(), excess));
    }
    if let (Some(mean), Some(xi)) = (evaluation.cross_correlation, owed.cross_correlation) {
        list.push(("cross-correlation".into(), (mean / xi).sqrt() - 1.0));
    }
    let name = "worst of these and of the ordering";
    list.push((name.into(), evaluation.sensing_violation));
    list
}

/// Violations of SINR targets by decoding position.
fn targets_of(scene: &Scene, sinr: &[(Pair, f64)], targets: &[f64]) -> Vec<(String, f64)> {
    sinr.iter()
        .map(|&(pair, sinr)| {
            let (message, decoder) = (scene.user(pair.message), scene.user(pair.decoder));
            let name = format!("SINR of message {message} at user {decoder}");
            (name, 1.0 - sinr / targets[pair.message])
        })
        .collect()
}
