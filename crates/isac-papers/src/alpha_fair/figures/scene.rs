//! Fig. 2: the scene.

use serde_json::json;

use super::{DROPS, PAPER, PRESETS, assumption, scenario, size_note};
use isac_lab::error::Error;
use isac_lab::verdict::{Claim, Ruling};
use isac_lab::{Artefact, Grade, Metric, Plan, Record, Report, Request, Task, TaskOutput};
use isac_plot::figure::{Axis, Figure, Marker, Panel, Style};

pub(super) const ARTEFACT: Artefact = Artefact {
    paper: PAPER,
    name: "fig2",
    title: "The scene: base station, targets with velocities, users of one drop",
    presets: PRESETS,
    plan,
};

fn plan(request: &Request) -> Result<Plan, Error> {
    let scenario = scenario(request, ARTEFACT.name)?;
    let drop = request.realizations(DROPS, 1)?[0];
    let seed = request.seed;
    let (note, assumed) = (size_note(&scenario), assumption(&scenario));
    let described = json!(scenario);
    let radius = scenario.user_radius_m;
    let task = Task::with_data("scene", "scene", 0.1, move || {
        let drawn = scenario.drop(seed, drop)?;
        let mut records = Vec::new();
        let mut place = |kind: &str, index: usize, at: [f64; 2], v: [f64; 2]| {
            let metrics = vec![at[0], at[1], v[0], v[1]];
            records.push(Record::exact(kind, index as f64, drop, metrics));
        };
        place("bs", 0, drawn.scene.base_station(), [0.0; 2]);
        for (t, target) in drawn.scene.targets().iter().enumerate() {
            place("target", t, target.position_m, target.velocity_m_s);
        }
        for (k, user) in drawn.scene.users().iter().enumerate() {
            place("user", k, *user, [0.0; 2]);
        }
        Ok(TaskOutput {
            records,
            data: serde_json::Value::Null,
        })
    });
    Ok(Plan {
        x: Metric::new("index", "Index", ""),
        metrics: vec![
            Metric::new("x_m", "x", "m"),
            Metric::new("y_m", "y", "m"),
            Metric::new("vx_m_s", "x velocity", "m/s"),
            Metric::new("vy_m_s", "y velocity", "m/s"),
        ],
        tasks: vec![task],
        notes: vec![assumed.clone()],
        scenario: described,
        finish: Box::new(move |records| {
            let points = |kind: &str| -> Vec<[f64; 2]> {
                let rows = records.rows.iter().filter(|row| row.algorithm == kind);
                rows.map(|row| [row.metrics[0], row.metrics[1]]).collect()
            };
            let mut panel = Panel::new("", Axis::new("x (m)"), Axis::new("y (m)"));
            panel.equal_aspect = true;
            for row in records.rows.iter().filter(|row| row.algorithm == "target") {
                let [x, y, vx, vy] = [0, 1, 2, 3].map(|i| row.metrics[i]);
                let arrow = vec![[x, y], [x + 0.5 * vx, y + 0.5 * vy]];
                let style = Style::curve(1).no_marker();
                panel.line("Target's way in 0.5 s", arrow, style);
                panel.text([x + 4.0, y + 4.0], format!("{}", row.x));
            }
            panel.line(
                "Base station",
                points("bs"),
                Style::curve(0).marker(Marker::Square).no_line(),
            );
            panel.line(
                "Targets",
                points("target"),
                Style::curve(1).marker(Marker::Diamond).no_line(),
            );
            panel.line(
                "Users",
                points("user"),
                Style::curve(2).marker(Marker::Circle).no_line(),
            );
            let figure = Figure::new("Scene", vec![panel])
                .footnote(note.clone())
                .footnote(assumed.clone());
            let positions =
                "the paper's positions were not recoverable; ours are one target per angular slot";
            let (targets, users) = (points("target"), points("user"));
            let away = |k: usize| {
                let (user, target) = (users[k], targets[k % targets.len()]);
                (user[0] - target[0]).hypot(user[1] - target[1])
            };
            let farthest = (0..users.len()).map(away).fold(0.0, f64::max);
            let ahead = targets.iter().all(|t| t[0] > 0.0);
            Ok(Report {
                figure,
                claims: vec![Claim::new(
                    "Targets around one base station, users near the targets",
                    Ruling::fact(ahead && farthest <= radius, "the scene as it is drawn"),
                    format!(
                        "{} targets, all ahead: {ahead}; {} users, at most {farthest:.1} m from theirs",
                        targets.len(),
                        users.len()
                    ),
                )],
                grade: Grade::NotReproduced(positions.into()),
                ..Report::default()
            })
        }),
    })
}
