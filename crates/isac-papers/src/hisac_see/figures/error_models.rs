//! Fig. 6(b): the efficiency under balls, enlarged balls of Gaussian errors, and ellipsoids.

use super::power;
use super::problems::error_model;
use super::published::numbers;
use super::sweep::{self, BY_POWER, efficiency, gains, gains_are};
use crate::hisac_see::scenario::of_figure;
use isac_algos::hisac_see::{Design, direct};
use isac_lab::error::Error;
use isac_lab::verdict::{Claim, Ruling, Side};
use isac_lab::{Artefact, Grade, Metric, Plan, Record, Report, Request, Task};
use isac_plot::figure::{Axis, Colour, Figure, Panel, Style};
use serde_json::json;

/// The artefact of this file.
pub(super) fn artefacts() -> Vec<Artefact> {
    vec![Artefact {
        paper: "hisac_see",
        name: "fig6b",
        title: "efficiency by error model",
        presets: BY_POWER,
        plan,
    }]
}

const MODELS: [(&str, &str); 3] = [
    ("ball", "Ball"),
    ("gaussian", "Gaussian, 95 % ball"),
    ("ellipsoid", "Ellipsoid"),
];

fn plan(request: &Request) -> Result<Plan, Error> {
    if request.preset == BY_POWER[1] {
        return sweep::plan(request, &power::FIG6B);
    }
    let setting = of_figure("fig6b")?;
    let seed = request.seed;
    let published = numbers("fig6b")?;
    let tasks = request.realizations(100, 3)?.into_iter().map(|r| {
        Task::records(format!("r{r:03}"), "all models", 0.3, move || {
            let mut rows = Vec::new();
            let mut warm: Vec<Design> = Vec::new();
            for (i, (name, _)) in MODELS.iter().enumerate() {
                let problem = error_model(&setting, name, seed, r as u64)?;
                let found = direct::design(&problem, &warm, &direct::Options::default())?;
                rows.push(if found.feasible {
                    crate::record(
                        *name,
                        i as f64,
                        r,
                        found.stopped,
                        vec![found.report.efficiency],
                    )
                } else {
                    Record::failed(*name, i as f64, r, "no feasible point")
                });
                if i == 0 && found.feasible {
                    warm = vec![found.design];
                }
            }
            Ok(rows)
        })
    });
    Ok(Plan {
        x: Metric::new("model", "Error model", ""),
        metrics: efficiency(),
        tasks: tasks.collect(),
        notes: vec![format!(
            "Relative radius {}. Gaussian: i.i.d. with the same mean square norm, the ball enlarged to hold 95 %. Ellipsoid: random axes, squared semi-axes 0.2 to 1.8 of the ball's, on h_e, g_e and g_bo, in full dimension.",
            setting.error
        )],
        scenario: json!({"setup": setting}),
        finish: Box::new(move |records| {
            let axis = Axis::new("Error model").categories(MODELS.map(|m| m.1));
            let mut panel = Panel::new("", axis, Axis::new(efficiency()[0].title()));
            for (i, (name, label)) in MODELS.iter().enumerate() {
                isac_lab::curves::mean_curve(&mut panel, *label, records, name, 0, Style::curve(i));
            }
            let ball = records.summary("ball", 0.0, 0).mean;
            for row in &published.rows {
                let floor = ball * (1.0 - row.value / 100.0);
                let style = Style::curve(6).colour(Colour::Grey).dashed();
                panel.horizontal("Lowest, published, through ours for the ball", floor, style);
            }
            let apart =
                Ruling::together([("gaussian", 1.0), ("ellipsoid", 2.0)].map(|(name, x)| {
                    let side = Side::Between(-22.0, 22.0);
                    let ruling = gains_are(records, (name, x), ("ball", 0.0), side);
                    (format!("{name} against the ball, percent"), ruling)
                }));
            Ok(Report {
                figure: Figure::new("Efficiency by error model", vec![panel]),
                table: published.table(|row| {
                    let gains = gains(records, (&row.curve, row.x), ("ball", 0.0));
                    gains.iter().map(|gain| -gain).collect()
                }),
                claims: vec![Claim::new("Error models differ by at most 22 %", apart, "")],
                grade: Grade::Trend,
                ..Report::default()
            })
        }),
    })
}
