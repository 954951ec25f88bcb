//! Ours, for a sentence of Section III-E: how many iterations a design takes from the solution of channels that
//! have changed since, beside the same method from nothing.

use super::published::numbers;
use super::sweep::{gains, gains_are};
use crate::hisac_see::scenario::{Scenario, draw, of_figure};
use isac_algos::hisac_see::direct::Solution;
use isac_algos::hisac_see::{Design, Problem, RawStart, Working, direct, sca};
use isac_lab::error::{Error, Source};
use isac_lab::verdict::{Claim, Ruling, Side};
use isac_lab::{Artefact, Grade, Metric, Plan, Record, Records, Report, Request, Task};
use isac_linalg::{Mat, c64};
use isac_models::rng::{Stream, complex_normal, stream};
use isac_models::two_cell::TwoCell;
use isac_plot::figure::{Axis, Figure, Panel, Style};
use rand::Rng;
use serde_json::json;

/// The artefact of this file.
pub(super) fn artefacts() -> Vec<Artefact> {
    vec![Artefact {
        paper: "hisac_see",
        name: "warm_start",
        title: "iterations from the solution of channels before they changed (text of Section III-E)",
        presets: &["default"],
        plan,
    }]
}

/// A method from one start.
type Ascent = fn(&Problem, &Design) -> Result<Solution, isac_algos::Error>;

/// Methods by name and label, steps of phase I included.
const METHODS: [(&str, &str, Ascent); 3] = [
    ("alternating", "Algorithm 4, convex steps", alternating),
    ("joint", "Joint ascent, convex steps", joint),
    ("direct", "Direct route, iterations", route),
];

/// Changes of the channels, percent of their norms.
const CHANGES: [f64; 4] = [1.0, 5.0, 10.0, 20.0];

fn alternating(problem: &Problem, start: &Design) -> Result<Solution, isac_algos::Error> {
    let options = sca::Options {
        scheme: sca::Scheme::Alternating,
        ..sca::Options::default()
    };
    sca::solve(problem, start, &options)
}

fn joint(problem: &Problem, start: &Design) -> Result<Solution, isac_algos::Error> {
    sca::solve(problem, start, &sca::Options::default())
}

fn route(problem: &Problem, start: &Design) -> Result<Solution, isac_algos::Error> {
    direct::solve(problem, start, &direct::Options::default())
}

/// Every link moved by `relative` of its norm in a random direction; radii of errors as before.
fn changed(cell: &TwoCell, relative: f64, rng: &mut impl Rng) -> TwoCell {
    let mut cell = cell.clone();
    let mut moved = |h: &mut [c64]| {
        let e = complex_normal(h.len(), 1, rng);
        let norm = |x: &mut dyn Iterator<Item = c64>| x.map(|z| z.norm_sqr()).sum::<f64>().sqrt();
        let size = norm(&mut h.iter().copied()) / norm(&mut e.col(0).iter().copied());
        for (z, e) in h.iter_mut().zip(e.col(0).iter()) {
            *z += e * (relative * size);
        }
    };
    for link in [&mut cell.h_bo, &mut cell.h_e, &mut cell.g_bo, &mut cell.g_e] {
        moved(&mut link.estimate);
    }
    moved(&mut cell.h_ta);
    moved(&mut cell.h_cl);
    let mut columns = |users: &mut Mat<c64>| {
        for k in 0..users.ncols() {
            let mut h: Vec<c64> = users.col(k).iter().copied().collect();
            moved(&mut h);
            for (i, z) in h.into_iter().enumerate() {
                users[(i, k)] = z;
            }
        }
    };
    columns(&mut cell.h_users);
    columns(&mut cell.g_users);
    cell
}

/// The iterations of every method on one draw and its change, both ways; a pair without two feasible ends counts
/// for nothing.
fn compared(
    setting: Scenario,
    changes: &[f64],
    (seed, r): (u64, usize),
) -> Result<Vec<Record>, Source> {
    let before = draw(&setting, seed, r as u64)?;
    let raw = RawStart::default();
    let start = raw.design(&before, &Working::new(&before)?)?;
    let mut rng = stream(seed, Stream::Randomisation, r as u64);
    let after: Vec<Problem> = (changes.iter())
        .map(|percent| Problem {
            cell: changed(&before.cell, percent / 100.0, &mut rng),
            ..before.clone()
        })
        .collect();
    let mut rows = Vec::new();
    for (name, _, ascent) in METHODS {
        let known = ascent(&before, &start)?;
        for (problem, &x) in after.iter().zip(changes) {
            let cold = ascent(problem, &raw.design(problem, &Working::new(problem)?)?)?;
            let warm = ascent(problem, &known.design)?;
            for (way, found) in [("cold", &cold), ("warm", &warm)] {
                let curve = format!("{name}_{way}");
                rows.push(if known.feasible && cold.feasible && warm.feasible {
                    let values = vec![found.iterations as f64, found.report.efficiency];
                    crate::record(curve, x, r, found.stopped, values)
                } else {
                    Record::failed(curve, x, r, "no feasible point from one of the starts")
                });
            }
        }
    }
    Ok(rows)
}

fn plan(request: &Request) -> Result<Plan, Error> {
    let setting = of_figure("warm_start")?;
    let seed = request.seed;
    let changes: &[f64] = request.pick(&CHANGES, &CHANGES[1..2]);
    let tasks = request.realizations(50, 2)?.into_iter().map(|r| {
        let run = move || compared(setting, changes, (seed, r));
        Task::records(format!("r{r:03}"), "all methods", 8.0, run)
    });
    let published = numbers("warm_start")?;
    Ok(Plan {
        x: Metric::new("change", "Change of the channels", "%"),
        metrics: vec![
            Metric::new("iterations", "Iterations", ""),
            Metric::new("efficiency_bps_hz_w", "Secrecy energy efficiency", "bps/Hz/W"),
        ],
        tasks: tasks.collect(),
        notes: vec![
            "Every link moves by a share of its norm in a random direction; the start is the design before, or a raw one. Steps of phase I count, since the old design misses constraints of the new problem.".into(),
        ],
        scenario: json!({"setup": setting}),
        finish: Box::new(move |records| {
            let mut report = finish(records);
            report.table = published.table(|row| fewer(records, &row.curve, row.x));
            Ok(report)
        }),
    })
}

/// By how many percent a method takes fewer iterations from the old design, draw by draw.
fn fewer(records: &Records, method: &str, x: f64) -> Vec<f64> {
    let (warm, cold) = (format!("{method}_warm"), format!("{method}_cold"));
    let gains = gains(records, (&warm, x), (&cold, x));
    gains.iter().map(|gain| -gain).collect()
}

fn finish(records: &Records) -> Report {
    let panels = METHODS.iter().map(|(name, label, _)| {
        let x = Axis::new("Change of the channels, percent");
        let mut panel = Panel::new(*label, x, Axis::new("Iterations"));
        for (i, (way, label)) in [
            ("cold", "From a raw start"),
            ("warm", "From the design before"),
        ]
        .into_iter()
        .enumerate()
        {
            let curve = format!("{name}_{way}");
            isac_lab::curves::mean_curve(&mut panel, label, records, &curve, 0, Style::curve(i));
        }
        panel
    });
    let figure = Figure::new(
        "Designs from the solution before a change",
        panels.collect(),
    );
    // The paper does not say how much changes: 5 percent is ours.
    let side = Side::Between(-40.0, -35.0);
    let printed = gains_are(
        records,
        ("alternating_warm", 5.0),
        ("alternating_cold", 5.0),
        side,
    );
    let ours = Ruling::together(METHODS.map(|(name, ..)| {
        let (warm, cold) = (format!("{name}_warm"), format!("{name}_cold"));
        let side = Side::AtMost(0.0);
        (
            name.to_owned(),
            gains_are(records, (&warm, 5.0), (&cold, 5.0), side),
        )
    }));
    Report {
        figure,
        claims: vec![
            Claim::new(
                "Previous solutions save 35 to 40 % of the iterations of Algorithm 4",
                printed,
                "channels changed by 5 %, which the paper does not state",
            ),
            Claim::new(
                "Every method takes fewer iterations from the design before (ours)",
                ours,
                "",
            ),
        ],
        grade: Grade::Trend,
        ..Report::default()
    }
}
