//! Fig. 5(a) to (c): each topology with the efficiencies of the access schemes in it.

use super::sweep::{gain, gains_are, metrics, percent, record};
use crate::hisac_see::scenario::{Scenario, draw, of_figure};
use isac_algos::hisac_see::{Access, direct};
use isac_lab::error::Error;
use isac_lab::verdict::{Claim, Ruling, Side};
use isac_lab::{Artefact, Grade, Metric, Plan, Report, Request, Task};
use isac_models::rng::{self, Stream};
use isac_models::scene::Scene;
use isac_plot::figure::{Axis, Figure, Panel, Style};
use serde_json::json;

/// The artefacts of this file.
pub(super) fn artefacts() -> Vec<Artefact> {
    let artefact = |name, title, plan| Artefact {
        paper: "hisac_see",
        name,
        title,
        presets: &["default"],
        plan,
    };
    vec![
        artefact("fig5a", "centralized users: scene and efficiencies", |r| {
            plan(r, "fig5a")
        }),
        artefact(
            "fig5b",
            "edge-clustered users: scene and efficiencies",
            |r| plan(r, "fig5b"),
        ),
        artefact("fig5c", "hybrid users: scene and efficiencies", |r| {
            plan(r, "fig5c")
        }),
    ]
}

fn plan(request: &Request, artefact: &str) -> Result<Plan, Error> {
    let seed = request.seed;
    let setup = of_figure(artefact)?;
    let tasks = request.realizations(100, 3)?.into_iter().map(|r| {
        Task::records(format!("r{r:03}"), "all schemes", 0.4, move || {
            let mut rows = Vec::new();
            for (i, access) in Access::ALL.into_iter().enumerate() {
                let mut problem = draw(&setup, seed, r as u64)?;
                problem.access = access;
                let found = direct::design(&problem, &[], &direct::Options::default())?;
                rows.push(record(access.name(), i as f64, r, &found));
            }
            Ok(rows)
        })
    });
    Ok(Plan {
        x: Metric::new("scheme", "Access scheme", ""),
        metrics: metrics(),
        tasks: tasks.collect(),
        notes: vec!["Used power. The scene is the first draw; users, target, Bob and Eve are drawn anew each time.".into()],
        scenario: json!({"setup": setup}),
        finish: Box::new(move |records| {
            let names = ["RSMA, free", "RSMA, fixed", "SDMA", "PD-NOMA", "OMA"];
            let axis = Axis::new("Access scheme").categories(names);
            let mut values = Panel::new("", axis, Axis::new(metrics()[0].title()));
            for (i, access) in Access::ALL.into_iter().enumerate() {
                isac_lab::curves::mean_curve(&mut values, names[i], records, access.name(), 0, Style::curve(i).no_line());
            }
            values.legend = isac_plot::figure::Legend::Hidden;
            let over = |theirs: &str, x: f64| gain(records, ("rsma_free", 0.0), (theirs, x));
            let all = [over("sdma", 2.0), over("noma", 3.0), over("oma", 4.0)];
            let fixed = gain(records, ("rsma_fixed", 1.0), ("sdma", 2.0));
            let others = [("sdma", 2.0), ("noma", 3.0), ("oma", 4.0)];
            let best = |ours: (&'static str, f64)| {
                Ruling::together(others.map(|(name, x)| {
                    let ruling = gains_are(records, ours, (name, x), Side::AtLeast(0.0));
                    (format!("over {name}"), ruling)
                }))
            };
            Ok(Report {
                figure: Figure::new("Topology and efficiency", vec![scene(&setup, seed)?, values]),
                claims: vec![Claim::new(
                    "RSMA with a free split is best in this topology (ours)",
                    best(("rsma_free", 0.0)),
                    "",
                ), Claim::new(
                    "RSMA is best in this topology",
                    best(("rsma_fixed", 1.0)),
                    format!(
                        "free split over SDMA {}, NOMA {}, OMA {}; fixed split over SDMA {}",
                        percent(&all[0]),
                        percent(&all[1]),
                        percent(&all[2]),
                        percent(&fixed)
                    ),
                )],
                grade: Grade::Trend,
                ..Report::default()
            })
        }),
    })
}

/// Where everybody stands in the first draw.
fn scene(setup: &Scenario, seed: u64) -> Result<Panel, Error> {
    let mut places = rng::stream(seed, Stream::Geometry, 0);
    let scene = Scene::draw(setup.topology, setup.users, &mut places)
        .map_err(|e| Error::numerical("topology", e))?;
    let mut panel = Panel::new("", Axis::new("x (m)"), Axis::new("y (m)"));
    panel.equal_aspect = true;
    panel.legend = isac_plot::figure::Legend::Below;
    let groups = [
        ("Base stations", vec![[0.0, 0.0], [120.0, 0.0]]),
        ("Users", scene.users.clone()),
        ("Bob", vec![scene.bob]),
        ("Eve", vec![scene.eve]),
        ("Target", vec![scene.target]),
    ];
    for (i, (name, points)) in groups.into_iter().enumerate() {
        panel.line(name, points, Style::curve(i).no_line());
    }
    Ok(panel)
}
