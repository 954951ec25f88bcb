//! Artefacts that are not plain sweeps: frozen beams, error models and beampatterns.

use super::power;
use super::problems::{error_model, fixed};
use super::published::numbers;
use super::scenario::{Scenario, path_model};
use super::sweep::{BY_POWER, gain, gains, gains_are, percent, plan};
use isac_algos::hisac_see::{Design, Problem, RawStart, Working, direct, sca};
use isac_lab::error::{Error, Source};
use isac_lab::published::Numbers;
use isac_lab::verdict::{Claim, Ruling, Side};
use isac_lab::{Artefact, Grade, Metric, Plan, Record, Records, Report, Request, Task, TaskOutput};
use isac_linalg::c64;
use isac_models::scene::Scene;
use isac_plot::figure::{Axis, Colour, Figure, Layer, Panel, Style};
use serde_json::json;

/// The artefacts of this file, by name.
pub(super) fn artefacts() -> Vec<Artefact> {
    let artefact = |name, title, plan| Artefact {
        paper: "hisac_see",
        name,
        title,
        presets: &["default"],
        plan,
    };
    vec![
        artefact(
            "fig3a",
            "efficiency against the power of BS1 by optimised set",
            plan_frozen,
        ),
        Artefact {
            presets: BY_POWER,
            ..artefact("fig6b", "efficiency by error model", plan_errors)
        },
        artefact("fig6c", "beampattern of the common stream", |r| {
            plan_pattern(r, 0)
        }),
        artefact("fig6d", "beampattern of a private stream", |r| {
            plan_pattern(r, 4)
        }),
    ]
}

pub(super) fn efficiency() -> Vec<Metric> {
    vec![Metric::new(
        "efficiency_bps_hz_w",
        "Secrecy energy efficiency",
        "bps/Hz/W",
    )]
}

/// A feasible point from the raw start, by convex steps.
pub(super) fn feasible(problem: &Problem) -> Result<Option<Design>, Source> {
    let working = Working::new(problem)?;
    let raw = RawStart::default().design(problem, &working)?;
    let found = sca::phase_one(problem, &raw, &sca::Options::default())?;
    Ok(found.feasible.then_some(found.design))
}

const SETS: [(&str, &str); 4] = [
    ("joint", "Both beams of BS1"),
    ("only_bo", "Only the data beam"),
    ("only_ta", "Only the sensing beam"),
    ("none", "Neither"),
];

fn plan_frozen(request: &Request) -> Result<Plan, Error> {
    let seed = request.seed;
    let xs: &[f64] = request.pick(&[8.0, 12.0, 20.0, 40.0, 80.0, 160.0], &[12.0, 40.0]);
    let tasks = request.realizations(100, 2)?.into_iter().map(|r| {
        Task::records(
            format!("r{r:03}"),
            "all sets",
            2.0 * xs.len() as f64,
            move || frozen_sets(xs, seed, r),
        )
    });
    Ok(Plan {
        x: Metric::new("power1_w", "Allocated power of BS1", "W"),
        metrics: efficiency(),
        tasks: tasks.collect(),
        notes: vec!["Beams that are not optimised stand at the feasible point of phase I; the streams of BS2 and the receive filter are always optimised.".into()],
        scenario: json!({"x": xs, "setup": Scenario::default().describe()}),
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

fn frozen_sets(xs: &[f64], seed: u64, r: usize) -> Result<Vec<Record>, Source> {
    let mut rows = Vec::new();
    let mut base = fixed(&Scenario::default(), seed, r as u64)?;
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

const MODELS: [(&str, &str); 3] = [
    ("ball", "Ball"),
    ("gaussian", "Gaussian, 95 % ball"),
    ("ellipsoid", "Ellipsoid"),
];

fn plan_errors(request: &Request) -> Result<Plan, Error> {
    if request.preset == BY_POWER[1] {
        return plan(request, &power::FIG6B);
    }
    let seed = request.seed;
    let published = numbers("fig6b")?;
    let tasks = request.realizations(100, 3)?.into_iter().map(|r| {
        Task::records(format!("r{r:03}"), "all models", 1.0, move || {
            let mut rows = Vec::new();
            let mut warm: Vec<Design> = Vec::new();
            for (i, (name, _)) in MODELS.iter().enumerate() {
                let problem = error_model(name, seed, r as u64)?;
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
        notes: vec!["Relative radius 0.1. Gaussian: i.i.d. with the same mean square norm, the ball enlarged to hold 95 %. Ellipsoid: random axes, squared semi-axes 0.2 to 1.8 of the ball's, on h_e, g_e and g_bo, in full dimension.".into()],
        scenario: json!({"setup": Scenario::default().describe()}),
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
            let apart = Ruling::together([("gaussian", 1.0), ("ellipsoid", 2.0)].map(|(name, x)| {
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

/// Degrees of the map, every one in azimuth and elevation.
fn angles(reach: i32) -> Vec<f64> {
    (-reach..=reach).map(f64::from).collect()
}

fn plan_pattern(request: &Request, stream: usize) -> Result<Plan, Error> {
    let seed = request.seed;
    let draw_index = request.realization.unwrap_or(0);
    let published = numbers(if stream == 0 { "fig6c" } else { "fig6d" })?;
    let task = Task::with_data("pattern", "beampattern", 0.5, move || {
        pattern(stream, seed, draw_index)
    });
    Ok(Plan {
        x: Metric::new("node", "Node (users, then Bob, then Eve)", ""),
        metrics: vec![Metric::new("gain_db", "Gain towards the node's channel", "dB")],
        tasks: vec![task],
        notes: vec!["One draw. Map: |u(az, el)^H o|^2 / |o|^2 in dB; the table's gains are towards the nodes' channels, relative to the mean over directions.".into()],
        scenario: json!({"setup": Scenario::default().describe(), "draw": draw_index}),
        finish: Box::new(move |records| Ok(finish_pattern(stream, &published, records))),
    })
}

fn pattern(stream: usize, seed: u64, r: usize) -> Result<TaskOutput, Source> {
    let setup = Scenario::default();
    let problem = fixed(&setup, seed, r as u64)?;
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
