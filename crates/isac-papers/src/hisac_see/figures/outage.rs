//! How often a design fails under Gaussian errors: designed for no error, for the ball of the errors' mean
//! square norm, and for the ball that holds 95 % of them.

use super::problems::error_model;
use crate::hisac_see::scenario::{Scenario, draw, of_figure};
use isac_algos::hisac_see::{Working, direct, evaluate};
use isac_lab::error::{Error, Source};
use isac_lab::verdict::{Claim, Ruling, Side};
use isac_lab::{Artefact, Grade, Metric, Plan, Record, Report, Request, Task};
use isac_metrics::secrecy::Bound;
use isac_models::csi_error::UncertainChannel;
use isac_models::rng::{self, Stream, complex_normal};
use isac_models::two_cell::TwoCell;
use isac_plot::figure::{Axis, Figure, Panel, Style};
use rand::Rng;
use serde_json::json;

/// The artefact of this file.
pub(super) fn artefacts() -> Vec<Artefact> {
    vec![Artefact {
        paper: "hisac_see",
        name: "outage",
        title: "how often a design fails under Gaussian errors",
        presets: &["default"],
        plan,
    }]
}

const DESIGNS: [(&str, &str); 3] = [
    ("nominal", "Designed for no error"),
    ("ball", "For the ball of the mean square norm"),
    ("gaussian", "For the ball that holds 95 %"),
];
/// Links with errors: Bob and Eve, from both base stations.
const LINKS: i32 = 4;
/// A constraint fails by more than this, well above what a design may miss it by.
const FAILS: f64 = 1e-4;

fn plan(request: &Request) -> Result<Plan, Error> {
    let setting = of_figure("outage")?;
    let seed = request.seed;
    let errors: &[f64] = request.pick(&[0.05, 0.1, 0.2], &[0.1]);
    let samples = request.pick(2000, 200);
    let tasks = request.realizations(100, 2)?.into_iter().map(|r| {
        let seconds = 0.5 * errors.len() as f64;
        Task::records(format!("r{r:03}"), "all designs", seconds, move || {
            outages(setting, errors, samples, seed, r)
        })
    });
    Ok(Plan {
        x: Metric::new(
            "error",
            "Root mean square error relative to each channel",
            "",
        ),
        metrics: vec![Metric::new(
            "outage",
            "Share of errors with a constraint missed",
            "",
        )],
        tasks: tasks.collect(),
        notes: vec![format!(
            "{samples} errors a design, i.i.d. Gaussian on the four uncertain links at once, their channels then known as they are. A constraint is missed by more than {FAILS}. Each curve leaves out the draws on which it has no design."
        )],
        scenario: json!({"errors": errors, "samples": samples, "setup": setting}),
        finish: Box::new(move |records| {
            let mut panel = Panel::new(
                "",
                Axis::new("Root mean square error relative to each channel"),
                Axis::new("Share of errors with a constraint missed"),
            );
            for (i, (name, label)) in DESIGNS.iter().enumerate() {
                isac_lab::curves::mean_curve(&mut panel, *label, records, name, 0, Style::curve(i));
            }
            let most = 1.0 - 0.95_f64.powi(LINKS);
            panel.horizontal(
                "Chance that one of the four errors leaves its 95 % ball",
                most,
                Style::curve(DESIGNS.len()).dashed(),
            );
            let at_each = |name: &'static str, side: Side| {
                Ruling::together(records.xs(name).into_iter().map(|x| {
                    let shares: Vec<f64> = records
                        .at(name, x)
                        .filter(|row| !row.failed)
                        .map(|row| row.metrics[0])
                        .collect();
                    (format!("error {x}"), Ruling::mean(&shares, side))
                }))
            };
            let means = |name: &str| {
                let curve = records.curve(name, 0);
                let cells = curve
                    .iter()
                    .map(|(x, s)| format!("error {x}: {:.4}", s.mean));
                cells.collect::<Vec<_>>().join(", ")
            };
            Ok(Report {
                figure: Figure::new("Outage under Gaussian errors", vec![panel]),
                claims: vec![
                    Claim::new(
                        "(ours) designed for the 95 % balls, at most as many errors fail as leave a ball",
                        at_each("gaussian", Side::AtMost(most)),
                        means("gaussian"),
                    ),
                    Claim::new(
                        "(ours) designed for no error, more errors fail than leave a 95 % ball",
                        at_each("nominal", Side::AtLeast(most)),
                        means("nominal"),
                    ),
                ],
                grade: Grade::Trend,
                ..Report::default()
            })
        }),
    })
}

fn outages(
    setting: Scenario,
    errors: &[f64],
    samples: usize,
    seed: u64,
    r: usize,
) -> Result<Vec<Record>, Source> {
    let mut rows = Vec::new();
    for &error in errors {
        let setup = Scenario { error, ..setting };
        let problem = draw(&setup, seed, r as u64)?;
        let network = Working::new(&problem)?.network;
        for (name, _) in DESIGNS {
            let posed = match name {
                "nominal" => draw(
                    &Scenario {
                        error: 0.0,
                        ..setup
                    },
                    seed,
                    r as u64,
                )?,
                model => error_model(&setup, model, seed, r as u64)?,
            };
            let found = direct::design(&posed, &[], &direct::Options::default())?;
            if !found.feasible {
                rows.push(Record::failed(name, error, r, "no feasible point"));
                continue;
            }
            // The same errors for every design.
            let mut rng = rng::stream(seed, Stream::CsiError, r as u64);
            let mut missed = 0;
            for _ in 0..samples {
                let cell = with_errors(&network, &mut rng)?;
                let report = evaluate(&problem, &cell, &found.design, Bound::Nominal)?;
                missed += u32::from(report.max_violation() > FAILS);
            }
            let share = f64::from(missed) / samples as f64;
            rows.push(crate::record(name, error, r, found.stopped, vec![share]));
        }
    }
    Ok(rows)
}

/// A network under one Gaussian error, whose mean square norm on each link is the square of the radius.
fn with_errors(network: &TwoCell, rng: &mut impl Rng) -> Result<TwoCell, Source> {
    let mut cell = network.clone();
    for link in [&mut cell.h_bo, &mut cell.h_e, &mut cell.g_bo, &mut cell.g_e] {
        let n = link.antennas();
        let deviation = link.radius().unwrap_or(0.0) / (n as f64).sqrt();
        let error = complex_normal(n, 1, rng);
        let real = link.estimate.iter().enumerate();
        let real = real.map(|(i, h)| h + error[(i, 0)] * deviation).collect();
        *link = UncertainChannel::ball("channel", real, 0.0)?;
    }
    Ok(cell)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All errors within their balls fail nothing, so no more fail than leave a ball; a design for no error
    /// has constraints without room, of which half the errors miss one.
    #[test]
    fn robust_designs_fail_less_than_errors_leave_their_balls() {
        let setting = of_figure("outage").unwrap();
        for r in 0..2 {
            let rows = outages(setting, &[0.1], 400, 1, r).unwrap();
            let share = |name: &str| {
                let row = rows.iter().find(|row| row.algorithm == name).unwrap();
                assert!(!row.failed, "{name}");
                row.metrics[0]
            };
            // Three standard deviations of 400 samples.
            assert!(share("gaussian") <= 1.0 - 0.95_f64.powi(LINKS) + 0.06);
            assert!(share("gaussian") <= share("ball"));
            assert!(share("nominal") >= 0.4, "{}", share("nominal"));
        }
    }
}
