//! Fig. 6(c) and (d): beampatterns of the common and of a private stream.

use super::published::numbers;
use crate::hisac_see::scenario::{Scenario, draw, of_figure, path_model};
use isac_algos::hisac_see::direct;
use isac_lab::error::{Error, Source};
use isac_lab::published::Numbers;
use isac_lab::verdict::{Claim, Ruling};
use isac_lab::{Artefact, Grade, Metric, Plan, Records, Report, Request, Task, TaskOutput};
use isac_linalg::c64;
use isac_models::scene::Scene;
use isac_plot::figure::{Axis, Figure, Layer, Panel};
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
        artefact("fig6c", "beampattern of the common stream", |r| {
            plan(r, "fig6c", 0)
        }),
        artefact("fig6d", "beampattern of a private stream", |r| {
            plan(r, "fig6d", 4)
        }),
    ]
}

/// Degrees of the map, every one in azimuth and elevation.
fn angles(reach: i32) -> Vec<f64> {
    (-reach..=reach).map(f64::from).collect()
}

fn plan(request: &Request, artefact: &str, stream: usize) -> Result<Plan, Error> {
    let setting = of_figure(artefact)?;
    let seed = request.seed;
    let draw_index = request.realization.unwrap_or(0);
    let published = numbers(artefact)?;
    let task = Task::with_data("pattern", "beampattern", 0.5, move || {
        pattern(setting, stream, seed, draw_index)
    });
    Ok(Plan {
        x: Metric::new("node", "Node (users, then Bob, then Eve)", ""),
        metrics: vec![Metric::new("gain_db", "Gain towards the node's channel", "dB")],
        tasks: vec![task],
        notes: vec!["One draw. Map: |u(az, el)^H o|^2 / |o|^2 in dB; the table's gains are towards the nodes' channels, relative to the mean over directions.".into()],
        scenario: json!({"setup": setting, "draw": draw_index}),
        finish: Box::new(move |records| Ok(finish_pattern(stream, &published, records))),
    })
}

fn pattern(setup: Scenario, stream: usize, seed: u64, r: usize) -> Result<TaskOutput, Source> {
    let problem = draw(&setup, seed, r as u64)?;
    let found = direct::design(&problem, &[], &direct::Options::default())?;
    let m2 = problem.cell.antennas2();
    let o = &found.design.streams[stream * m2..(stream + 1) * m2];
    let square = |v: &[c64]| v.iter().map(|x| x.norm_sqr()).sum::<f64>();
    let dot = |a: &[c64]| {
        a.iter()
            .zip(o)
            .map(|(a, o)| a.conj() * o)
            .sum::<c64>()
            .norm_sqr()
    };
    let decibels = |x: f64| 10.0 * x.max(1e-12).log10();
    let n = problem.cell.users();
    let mut channels: Vec<Vec<c64>> = (0..n)
        .map(|k| problem.cell.g_users.col(k).iter().copied().collect())
        .collect();
    channels.push(problem.cell.g_bo.estimate.clone());
    channels.push(problem.cell.g_e.estimate.clone());
    let records = channels
        .iter()
        .enumerate()
        .map(|(i, g)| {
            let gain = dot(g) * m2 as f64 / (square(g) * square(o));
            crate::record("stream", i as f64, r, found.stopped, vec![decibels(gain)])
        })
        .collect();
    let model = path_model(setup.array2, &setup)?;
    let map: Vec<Vec<f64>> = angles(30)
        .iter()
        .map(|el| {
            let row = angles(80);
            row.iter()
                .map(|az| {
                    decibels(dot(&model.steering(az.to_radians(), el.to_radians())) / square(o))
                })
                .collect()
        })
        .collect();
    let scene = Scene::fixed(setup.users)?;
    let places: Vec<[f64; 2]> = scene
        .users
        .iter()
        .chain([&scene.bob, &scene.eve])
        .map(|&place| {
            let b = Scene::from_bs2(place);
            [b.azimuth.to_degrees(), b.elevation.to_degrees()]
        })
        .collect();
    Ok(TaskOutput {
        records,
        data: json!({"map": map, "places": places}),
    })
}

fn finish_pattern(stream: usize, published: &Numbers, records: &Records) -> Report {
    let data = records.data.get("pattern").cloned().unwrap_or_default();
    let map: Vec<Vec<f64>> = serde_json::from_value(data["map"].clone()).unwrap_or_default();
    let places: Vec<[f64; 2]> = serde_json::from_value(data["places"].clone()).unwrap_or_default();
    let mut panel = Panel::new(
        "",
        Axis::new("Azimuth from BS2 (deg)"),
        Axis::new("Elevation (deg)"),
    );
    panel.layers.push(Layer::Heat {
        label: "Gain (dB)".into(),
        x: angles(80),
        y: angles(30),
        values: map,
        range: Some([-30.0, 12.0]),
    });
    let users = places.len().saturating_sub(2);
    for (i, place) in places.iter().enumerate() {
        let name = match i.checked_sub(users) {
            None => format!("U{}", i + 1),
            Some(0) => "Bob".into(),
            Some(_) => "Eve".into(),
        };
        panel.text(*place, name);
    }
    let gain = |node: usize| records.summary("stream", node as f64, 0).mean;
    let gains: Vec<String> = (0..places.len())
        .map(|i| format!("{:+.1}", gain(i)))
        .collect();
    let detail = format!("users, Bob, Eve: {} dB", gains.join(" "));
    let table = published.table(|row| {
        let ours = match row.curve.as_str() {
            "bob" => gain(users),
            "eve" => gain(users + 1),
            _ => (0..users).filter(|&i| gain(i) > 0.0).count() as f64,
        };
        vec![ours]
    });
    let one_draw = |holds: bool| Ruling::every(usize::from(holds), 1);
    let claims = if stream == 0 {
        vec![
            Claim::new(
                "All users lie above 0 dB on the common stream",
                one_draw((0..users).all(|i| gain(i) > 0.0)),
                detail,
            ),
            Claim::new(
                "Bob is close to 0 dB on the common stream",
                one_draw(gain(users).abs() < 3.0),
                "an optimal design nulls Bob".to_string(),
            ),
        ]
    } else {
        let own = gain(stream - 1);
        let dominant = (0..users)
            .filter(|&i| i + 1 != stream)
            .all(|i| gain(i) < own);
        vec![
            Claim::new(
                "The private stream's own user dominates",
                one_draw(dominant),
                detail,
            ),
            Claim::new("Bob is suppressed", one_draw(gain(users) < 0.0), ""),
            Claim::new(
                "Eve lies above 0 dB on the private stream",
                one_draw(gain(users + 1) > 0.0),
                "",
            ),
        ]
    };
    Report {
        figure: Figure::new(
            if stream == 0 {
                "Common stream"
            } else {
                "Private stream"
            },
            vec![panel],
        ),
        table,
        claims,
        grade: Grade::Trend,
        ..Report::default()
    }
}
