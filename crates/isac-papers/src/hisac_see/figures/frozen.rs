//! Fig. 3(a): which beams of BS1 are optimised, and which stay where phase I left them.

use super::problems::feasible;
use super::sweep::{efficiency, gain, percent};
use crate::hisac_see::scenario::{Scenario, draw, of_figure};
use isac_algos::hisac_see::{Design, direct};
use isac_lab::error::{Error, Source};
use isac_lab::verdict::{Claim, Ruling};
use isac_lab::{Artefact, Grade, Metric, Plan, Record, Report, Request, Task};
use isac_plot::figure::{Axis, Figure, Panel, Style};
use serde_json::json;

/// The artefact of this file.
pub(super) fn artefacts() -> Vec<Artefact> {
    vec![Artefact {
        paper: "hisac_see",
        name: "fig3a",
        title: "efficiency against the power of BS1 by optimised set",
        presets: &["default"],
        plan,
    }]
}

const SETS: [(&str, &str); 4] = [
    ("joint", "Both beams of BS1"),
    ("only_bo", "Only the data beam"),
    ("only_ta", "Only the sensing beam"),
    ("none", "Neither"),
];

fn plan(request: &Request) -> Result<Plan, Error> {
    let setting = of_figure("fig3a")?;
    let seed = request.seed;
    let xs: &[f64] = request.pick(&[8.0, 12.0, 20.0, 40.0, 80.0, 160.0], &[12.0, 40.0]);
    let tasks = request.realizations(100, 2)?.into_iter().map(|r| {
        Task::records(
            format!("r{r:03}"),
            "all sets",
            0.17 * xs.len() as f64,
            move || frozen_sets(setting, xs, seed, r),
        )
    });
    Ok(Plan {
        x: Metric::new("power1_w", "Allocated power of BS1", "W"),
        metrics: efficiency(),
        tasks: tasks.collect(),
        notes: vec!["Beams that are not optimised stand at the feasible point of phase I; the streams of BS2 and the receive filter are always optimised.".into()],
        scenario: json!({"x": xs, "setup": setting}),
        finish: Box::new(|records| {
            let mut panel = Panel::new("", Axis::log("Allocated power of BS1 (W)"), Axis::new(efficiency()[0].title()));
            for (i, (name, label)) in SETS.iter().enumerate() {
                isac_lab::curves::mean_curve(&mut panel, *label, records, name, 0, Style::curve(i));
            }
            let (held, cases) = records.realizations_where(
                |row| row.algorithm == "joint" && !row.failed,
                |row| {
                    SETS[1..].iter().all(|(name, _)| {
                        records
                            .value(name, row.x, row.realization, 0)
                            .is_none_or(|v| v <= row.metrics[0] * (1.0 + 1e-6))
                    })
                },
            );
            Ok(Report {
                figure: Figure::new("Efficiency by optimised set", vec![panel]),
                claims: vec![
                    Claim::new("Optimising both beams of BS1 is best on every draw", Ruling::every(held, cases), {
                        let xs = records.xs("joint");
                        xs.iter().map(|&x| format!("{x} W: over the data beam alone {}, sensing beam alone {}, neither {}", percent(&gain(records, ("joint", x), ("only_bo", x))), percent(&gain(records, ("joint", x), ("only_ta", x))), percent(&gain(records, ("joint", x), ("none", x))))).collect::<Vec<_>>().join("; ")
                    }),
                    Claim::new("The efficiency rises and then falls with the power of BS1", Ruling::peaks(records, "joint", 0), records.curve("joint", 0).iter().map(|(x, s)| format!("{x} W: {:.4}", s.mean)).collect::<Vec<_>>().join(", ")),
                ],
                grade: Grade::Trend,
                ..Report::default()
            })
        }),
    })
}

fn frozen_sets(setting: Scenario, xs: &[f64], seed: u64, r: usize) -> Result<Vec<Record>, Source> {
    let mut rows = Vec::new();
    let mut base = draw(&setting, seed, r as u64)?;
    let mut starts: Vec<Option<Design>> = Vec::new();
    let mut problems = Vec::new();
    for &x in xs {
        base.power1_max = x;
        base.accounting.allocated1 = Some(x);
        // A point that is feasible at less power is feasible at more.
        let before = starts.last().cloned().flatten();
        starts.push(feasible(&base)?.or(before));
        problems.push(base.clone());
    }
    let options = direct::Options::default();
    for (&x, found) in xs.iter().zip(direct::sweep(&problems, &options)?) {
        rows.push(row("joint", x, r, &found));
    }
    let alone = direct::Options {
        starts: 0,
        ..options
    };
    for ((&x, problem), start) in xs.iter().zip(&problems).zip(&starts) {
        for name in ["only_bo", "only_ta", "none"] {
            let Some(point) = start else {
                rows.push(Record::failed(name, x, r, "no feasible start"));
                continue;
            };
            let mut problem = problem.clone();
            if name != "only_bo" {
                problem.frozen_bo = Some(point.w_bo.clone());
            }
            if name != "only_ta" {
                problem.frozen_ta = Some(point.w_ta.clone());
            }
            let found = direct::design(&problem, std::slice::from_ref(point), &alone)?;
            rows.push(row(name, x, r, &found));
        }
    }
    Ok(rows)
}

fn row(name: &str, x: f64, r: usize, found: &direct::Solution) -> Record {
    if found.feasible {
        crate::record(name, x, r, found.stopped, vec![found.report.efficiency])
    } else {
        Record::failed(name, x, r, "no feasible point")
    }
}
