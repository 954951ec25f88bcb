//! Designs beyond the paper: angles instead of the sensing SNR, and channels known up to an error.

use isac_algos::cell_free::crlb::{self, Echo};
use isac_algos::cell_free::{Network, robust};
use isac_lab::solve::{SolveCertificate, SolveReport, SolveStatus, relative_gap};

use super::input::Case;
use super::method::floors_of;
use super::report::{concluded, infeasible, measured};

/// A design beyond the paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extension {
    /// Least Cramér-Rao bound on the angles.
    Crlb,
    /// Floors for all errors of the channels.
    Robust,
}

impl Extension {
    pub(super) const ALL: [Self; 2] = [Self::Crlb, Self::Robust];

    /// The name on the command line.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Crlb => "crlb",
            Self::Robust => "robust",
        }
    }

    /// The extension of that name; without one the robust design where a channel has an error.
    pub(super) fn named(name: Option<&str>, case: &Case) -> Option<Self> {
        match name {
            Some(name) => Self::ALL.into_iter().find(|e| e.name() == name),
            None => (case.error_radius.iter().any(|r| *r > 0.0)).then_some(Self::Robust),
        }
    }

    /// The report on a case.
    pub(super) fn answer(self, case: &Case) -> Result<SolveReport, isac_algos::Error> {
        let network = &case.network;
        let Some(floors) = floors_of(network, case.share, case.floors.as_deref())? else {
            let mut report = SolveReport::new("cell-free/1", self.name(), SolveStatus::Unknown);
            report.stop_reason =
                "what NS+OPT reaches, the floor without `min_sinr`, was not found".into();
            return Ok(report);
        };
        match self {
            Self::Crlb => angles(case, network, &floors),
            Self::Robust => errors(case, network, &floors),
        }
    }
}

/// What the echoes of a case say about the angles; `kappa` is `snapshots zeta2`.
///
/// # Errors
/// No derivatives of the steering vectors; what [`Echo::new`] refuses.
pub(super) fn echo(case: &Case) -> Result<Echo, isac_algos::Error> {
    let Some(derivative) = case.derivative.clone() else {
        let what = "`steering_derivative` beside `H`";
        let expected = "derivatives of the steering vectors by the angles, 1/rad";
        return Err(isac_linalg::Error::shape(what, expected, "nothing").into());
    };
    let network = &case.network;
    Echo::new(network, derivative, case.snapshots * network.gain())
}

/// Least largest bound on an angle.
fn angles(
    case: &Case,
    network: &Network,
    floors: &[f64],
) -> Result<SolveReport, isac_algos::Error> {
    let mut report = SolveReport::new("cell-free/1", Extension::Crlb.name(), SolveStatus::Unknown);
    let echo = echo(case)?;
    let options = crlb::Options::default();
    let design = match crlb::solve(network, floors, &echo, &options)? {
        crlb::Outcome::Solved(design) => design,
        crlb::Outcome::Infeasible(y) => {
            infeasible(&mut report, network, floors, &y)?;
            return Ok(report);
        }
        crlb::Outcome::Unknown => {
            report.stop_reason = "neither beams nor a proof that there are none".into();
            return Ok(report);
        }
    };
    let objective = design.objective();
    let evaluation = &design.evaluation;
    let short = evaluation.sinr_violation(floors);
    let violation = evaluation.power_violation(network).max(short);
    report.objective = Some(objective);
    report.max_violation = Some(violation);
    measured(&mut report, evaluation, Some(floors));
    let all: Vec<f64> = design.crlb.iter().flatten().copied().collect();
    report.metric_list("crlb_rad2", &all);
    report.metric("largest_standard_error_deg", objective.sqrt().to_degrees());
    let streams = design.beams.ncols() - network.users();
    report.metric("sensing_streams", streams as f64);
    report.beamformer("F", design.beams.as_ref());
    let gap = relative_gap(design.lower, objective);
    report.certificate = Some(SolveCertificate {
        kind: "lower_bound".into(),
        bound: design.lower,
        relative_gap: gap,
    });
    let distance = gap.map_or(f64::INFINITY, |gap| gap.max(violation));
    concluded(&mut report, gap, distance, violation);
    Ok(report)
}

/// Floors for all errors of the channels.
fn errors(
    case: &Case,
    network: &Network,
    floors: &[f64],
) -> Result<SolveReport, isac_algos::Error> {
    let name = Extension::Robust.name();
    let mut report = SolveReport::new("cell-free/1", name, SolveStatus::Unknown);
    let options = robust::Options::default();
    let design = match robust::solve(network, floors, &case.error_radius, &options)? {
        robust::Outcome::Solved(design) => design,
        robust::Outcome::Infeasible(Some(y)) => {
            infeasible(&mut report, network, floors, &y)?;
            return Ok(report);
        }
        robust::Outcome::Infeasible(None) => {
            report.status = SolveStatus::Infeasible;
            report.stop_reason =
                "no beams meet the floors of `min_sinr` for all errors within `error_radius`; without errors some do"
                    .into();
            report.certificate = Some(SolveCertificate {
                kind: "multipliers of the matrix inequalities of all errors".into(),
                bound: f64::NAN,
                relative_gap: None,
            });
            return Ok(report);
        }
        robust::Outcome::Unknown => {
            report.stop_reason = "neither beams nor a proof that there are none".into();
            return Ok(report);
        }
    };
    let violation = design.violation(network, floors);
    report.objective = Some(design.objective());
    report.max_violation = Some(violation);
    measured(&mut report, &design.evaluation, Some(floors));
    let lower: Vec<f64> = design.worst.iter().map(|w| w.lower).collect();
    let upper: Vec<f64> = design.worst.iter().map(|w| w.upper).collect();
    report.metric_list("worst_sinr", &lower);
    report.metric_list("worst_sinr_attained", &upper);
    report.metric_list("error_radius", &case.error_radius);
    report.metric("second_eigenvalue", design.second_eigenvalue);
    let streams = design.beams.ncols() - network.users();
    report.metric("sensing_streams", streams as f64);
    report.beamformer("F", design.beams.as_ref());
    let gap = relative_gap(design.upper, design.objective());
    if design.upper.is_finite() {
        report.certificate = Some(SolveCertificate {
            kind: "upper_bound".into(),
            bound: design.upper,
            relative_gap: gap,
        });
    }
    let distance = gap.map_or(f64::INFINITY, |gap| gap.max(violation));
    concluded(&mut report, gap, distance, violation);
    Ok(report)
}
