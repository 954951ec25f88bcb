//! Artefacts that are not plain sweeps: ascents by iteration, frozen beams, measured times,
//! error models and beampatterns.

use super::setup::{Setup, draw, path_model};
use crate::artefact::{
    Artefact, Claim, Grade, Metric, Plan, Record, Records, Report, Request, Task, TaskOutput,
    Timing, Verdict,
};
use crate::clock::timed;
use crate::error::{Error, Source};
use crate::figure::{Axis, Figure, Layer, Panel, Style};
use isac_algos::hisac_see::{Access, Design, Problem, RawStart, Working, direct, sca};
use isac_linalg::c64;
use isac_models::csi_error::{UncertainChannel, gaussian_ball_factor, random_ellipsoid};
use isac_models::rng::{self, Stream};
use isac_models::scene::Scene;
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
            "fig2a",
            "efficiency against iterations and antennas of BS1",
            plan_ascent,
        ),
        artefact(
            "fig3a",
            "efficiency against the power of BS1 by optimised set",
            plan_frozen,
        ),
        artefact(
            "fig4a",
            "measured time and memory against antennas",
            plan_time,
        ),
        artefact("fig6b", "efficiency by error model", plan_errors),
        artefact("fig6c", "beampattern of the common stream", |r| {
            plan_pattern(r, 0)
        }),
        artefact("fig6d", "beampattern of a private stream", |r| {
            plan_pattern(r, 4)
        }),
    ]
}

fn efficiency() -> Vec<Metric> {
    vec![Metric::new(
        "efficiency_bps_hz_w",
        "Secrecy energy efficiency",
        "bps/Hz/W",
    )]
}

fn fixed(setup: &Setup, seed: u64, r: u64) -> Result<Problem, Source> {
    let mut problem = draw(setup, seed, r)?;
    problem.access = Access::RsmaFixed;
    Ok(problem)
}

/// A feasible point from the raw start, by convex steps.
fn feasible(problem: &Problem) -> Result<Option<Design>, Source> {
    let working = Working::new(problem)?;
    let raw = RawStart::default().design(problem, &working)?;
    let found = sca::phase_one(problem, &raw, &sca::Options::default())?;
    Ok(found.feasible.then_some(found.design))
}

const SIDES: [(f64, (usize, usize)); 3] = [(8.0, (4, 2)), (12.0, (6, 2)), (16.0, (8, 2))];

fn plan_ascent(request: &Request) -> Result<Plan, Error> {
    let seed = request.seed;
    let mut tasks = Vec::new();
    for r in request.realizations(20, 1)? {
        for (m1, side) in SIDES {
            for (name, scheme) in [
                ("joint", sca::Scheme::Joint),
                ("alternating", sca::Scheme::Alternating),
            ] {
                let curve = format!("{name}_m{m1}");
                tasks.push(Task::records(
                    format!("{curve}/r{r:03}"),
                    curve.clone(),
                    4.0,
                    move || {
                        let setup = Setup {
                            array1: side,
                            ..Setup::default()
                        };
                        let problem = fixed(&setup, seed, r as u64)?;
                        let Some(start) = feasible(&problem)? else {
                            return Ok(vec![Record::failed(&curve, 0.0, r, "no feasible start")]);
                        };
                        let options = sca::Options {
                            scheme,
                            ..sca::Options::default()
                        };
                        let found = sca::solve(&problem, &start, &options)?;
                        let mut rows = Vec::new();
                        let history: Vec<f64> = found.trace.iter().map(|t| t.objective).collect();
                        for i in 0..30 {
                            let Some(last) = history.last() else { break };
                            let value = history.get(i).unwrap_or(last);
                            let x = (i + 1) as f64;
                            rows.push(Record::new(&curve, x, r, found.stopped, vec![*value]));
                        }
                        Ok(rows)
                    },
                ));
            }
        }
    }
    Ok(Plan {
        x: Metric::new("iteration", "Convex step", ""),
        metrics: efficiency(),
        tasks,
        notes: vec!["From the feasible point of phase I; a converged run keeps its value.".into()],
        scenario: json!({"setup": Setup::default().describe()}),
        finish: Box::new(|records| {
            let mut panel = Panel::new(
                "",
                Axis::new("Convex step"),
                Axis::new(efficiency()[0].title()),
            );
            for (i, (m1, _)) in SIDES.iter().enumerate() {
                for name in ["joint", "alternating"] {
                    let curve = format!("{name}_m{m1}");
                    let style = Style::curve(i).no_marker();
                    let style = if name == "joint" {
                        style
                    } else {
                        style.dashed()
                    };
                    panel.mean_curve(format!("{name}, M1 = {m1}"), records, &curve, 0, style);
                }
            }
            let end = |curve: &str| records.summary(curve, 30.0, 0).mean;
            let grows = end("joint_m8") < end("joint_m12") && end("joint_m12") < end("joint_m16");
            let below = SIDES.iter().all(|(m, _)| {
                end(&format!("alternating_m{m}")) <= end(&format!("joint_m{m}")) * (1.0 + 1e-3)
            });
            Ok(Report {
                figure: Figure::new("Ascent of the secrecy energy efficiency", vec![panel]),
                claims: vec![
                    Claim::new(
                        "The efficiency grows with the antennas of BS1",
                        Verdict::of(grows),
                        String::new(),
                    ),
                    Claim::new(
                        "Algorithm 4 converges to the optimum",
                        Verdict::of(!below),
                        "alternating blocks stop below the joint step".to_string(),
                    ),
                ],
                grade: Grade::Trend,
                ..Report::default()
            })
        }),
    })
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
        scenario: json!({"x": xs, "setup": Setup::default().describe()}),
        finish: Box::new(|records| {
            let mut panel = Panel::new("", Axis::log("Allocated power of BS1 (W)"), Axis::new(efficiency()[0].title()));
            for (i, (name, label)) in SETS.iter().enumerate() {
                panel.mean_curve(*label, records, name, 0, Style::curve(i));
            }
            let order = records.xs("joint").iter().all(|&x| {
                records.at("joint", x).filter(|row| !row.failed).all(|row| {
                    SETS[1..].iter().all(|(name, _)| {
                        records
                            .value(name, x, row.realization, 0)
                            .is_none_or(|v| v <= row.metrics[0] * (1.0 + 1e-6))
                    })
                })
            });
            Ok(Report {
                figure: Figure::new("Efficiency by optimised set", vec![panel]),
                claims: vec![Claim::new("Optimising both beams of BS1 is best on every draw", Verdict::of(order), String::new())],
                grade: Grade::Trend,
                ..Report::default()
            })
        }),
    })
}

fn frozen_sets(xs: &[f64], seed: u64, r: usize) -> Result<Vec<Record>, Source> {
    let mut rows = Vec::new();
    let mut last: Vec<Design> = Vec::new();
    let mut start: Option<Design> = None;
    for &x in xs {
        let mut problem = fixed(&Setup::default(), seed, r as u64)?;
        problem.power1_max = x;
        problem.accounting.allocated1 = Some(x);
        // A point that is feasible at less power is feasible at more.
        start = feasible(&problem)?.or(start);
        for (name, _) in SETS {
            let mut problem = problem.clone();
            let Some(point) = &start else {
                rows.push(Record::failed(name, x, r, "no feasible start"));
                continue;
            };
            if name == "only_ta" || name == "none" {
                problem.frozen_bo = Some(point.w_bo.clone());
            }
            if name == "only_bo" || name == "none" {
                problem.frozen_ta = Some(point.w_ta.clone());
            }
            let mut warm = vec![point.clone()];
            if name == "joint" {
                warm.append(&mut last);
            } else {
                // What the smaller sets found, the larger may start from.
                warm.truncate(1);
            }
            let options = direct::Options {
                starts: 0,
                ..direct::Options::default()
            };
            let found = direct::design(&problem, &warm, &options)?;
            rows.push(if found.feasible {
                Record::new(name, x, r, found.stopped, vec![found.report.efficiency])
            } else {
                Record::failed(name, x, r, "no feasible point")
            });
            if name == "joint" && found.feasible {
                last = vec![found.design];
            }
        }
    }
    Ok(rows)
}

const ARRAYS: [(f64, (usize, usize)); 7] = [
    (12.0, (6, 2)),
    (16.0, (8, 2)),
    (24.0, (12, 2)),
    (32.0, (8, 4)),
    (64.0, (16, 4)),
    (128.0, (16, 8)),
    (256.0, (32, 8)),
];

fn plan_time(request: &Request) -> Result<Plan, Error> {
    let seed = request.seed;
    let mut tasks = Vec::new();
    for r in request.realizations(20, 2)? {
        for (m, side) in ARRAYS {
            tasks.push(Task::records(
                format!("m{m}/r{r:03}"),
                "direct",
                0.1,
                move || {
                    let setup = Setup {
                        array1: side,
                        array2: side,
                        ..Setup::default()
                    };
                    let problem = fixed(&setup, seed, r as u64)?;
                    let (found, seconds) =
                        timed(|| direct::design(&problem, &[], &direct::Options::default()));
                    let found = found?;
                    Ok(vec![if found.feasible {
                        Record::new("direct", m, r, found.stopped, vec![found.report.efficiency])
                            .timed(seconds)
                    } else {
                        Record::failed("direct", m, r, "no feasible point")
                    }])
                },
            ));
        }
    }
    Ok(Plan {
        x: Metric::new("antennas", "Antennas of each base station", ""),
        metrics: efficiency(),
        tasks,
        notes: vec!["Measured on this machine with whatever else runs on it; the paper states no platform, so nothing is compared. Times stand in timing.csv alone.".into()],
        scenario: json!({"setup": Setup::default().describe()}),
        finish: Box::new(|records| {
            let mut panel = Panel::new("", Axis::log("Antennas of each base station"), Axis::new(efficiency()[0].title()));
            panel.mean_curve("Direct route", records, "direct", 0, Style::curve(0));
            let median = |m: f64| {
                let seconds: Vec<f64> = records.at("direct", m).filter_map(|row| row.seconds).collect();
                crate::stats::median(&seconds)
            };
            let points: Vec<[f64; 2]> = ARRAYS.iter().map(|(m, _)| [*m, 1e3 * median(*m)]).collect();
            let mut time = Panel::new("", Axis::log("Antennas of each base station"), Axis::new("Median time of a design (ms)"));
            time.line("Direct route", points.clone(), Style::curve(0));
            let mut notes: Vec<String> = points.iter().map(|[m, t]| format!("{m} antennas: {t:.1} ms")).collect();
            if let Some(peak) = peak_memory_mib() {
                notes.push(format!("peak resident memory of the whole process: {peak:.0} MiB"));
            }
            Ok(Report {
                figure: Figure::new("Efficiency against antennas", vec![panel]),
                timing: Timing {
                    figure: Figure::new("Time of a complete design", vec![time]),
                    notes,
                    ..Timing::default()
                },
                claims: vec![Claim::new("0.84 ms (and, elsewhere, 3.2 s) for a design with (12, 12) antennas", Verdict::NotTested, "no platform is stated; our own measured times stand beside".to_string())],
                ..Report::default()
            })
        }),
    })
}

/// Peak resident memory of this process where the system tells.
fn peak_memory_mib() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib / 1024.0)
}

const MODELS: [(&str, &str); 3] = [
    ("ball", "Ball"),
    ("gaussian", "Gaussian, 95 % ball"),
    ("ellipsoid", "Ellipsoid"),
];

fn plan_errors(request: &Request) -> Result<Plan, Error> {
    let seed = request.seed;
    let tasks = request.realizations(100, 3)?.into_iter().map(|r| {
        Task::records(format!("r{r:03}"), "all models", 1.0, move || {
            let mut rows = Vec::new();
            let mut warm: Vec<Design> = Vec::new();
            for (i, (name, _)) in MODELS.iter().enumerate() {
                let problem = error_model(name, seed, r as u64)?;
                let found = direct::design(&problem, &warm, &direct::Options::default())?;
                rows.push(if found.feasible {
                    Record::new(
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
        scenario: json!({"setup": Setup::default().describe()}),
        finish: Box::new(|records| {
            let axis = Axis::new("Error model").categories(MODELS.map(|m| m.1));
            let mut panel = Panel::new("", axis, Axis::new(efficiency()[0].title()));
            for (i, (name, label)) in MODELS.iter().enumerate() {
                panel.mean_curve(*label, records, name, 0, Style::curve(i));
            }
            let change = |name: &str, x: f64| {
                let pairs: Vec<f64> = records
                    .at(name, x)
                    .filter_map(|row| {
                        let ours = records.value(name, x, row.realization, 0)?;
                        Some(ours / records.value("ball", 0.0, row.realization, 0)? - 1.0)
                    })
                    .collect();
                100.0 * pairs.iter().sum::<f64>() / pairs.len().max(1) as f64
            };
            let (g, e) = (change("gaussian", 1.0), change("ellipsoid", 2.0));
            Ok(Report {
                figure: Figure::new("Efficiency by error model", vec![panel]),
                claims: vec![Claim::new("Error models differ by at most 22 %", Verdict::of(g.abs() <= 22.0 && e.abs() <= 22.0), format!("Gaussian {g:+.1} %, ellipsoid {e:+.1} % against the ball"))],
                grade: Grade::Trend,
                ..Report::default()
            })
        }),
    })
}

fn error_model(name: &str, seed: u64, r: u64) -> Result<Problem, Source> {
    let setup = Setup::default();
    let mut problem = fixed(&setup, seed, r)?;
    if name == "gaussian" {
        let factor = gaussian_ball_factor(problem.cell.antennas1(), 0.95)?;
        problem.cell = problem.cell.with_relative_error(setup.error * factor)?;
    } else if name == "ellipsoid" {
        let mut rng = rng::stream(seed, Stream::CsiError, r);
        let mut shaped = |link: &UncertainChannel| -> Result<UncertainChannel, isac_models::Error> {
            let radius = link.radius().unwrap_or(0.0);
            let shape = random_ellipsoid(link.antennas(), radius, [0.2, 1.8], &mut rng)?;
            UncertainChannel::ellipsoid("error", link.estimate.clone(), shape)
        };
        problem.cell.h_e = shaped(&problem.cell.h_e)?;
        problem.cell.g_e = shaped(&problem.cell.g_e)?;
        problem.cell.g_bo = shaped(&problem.cell.g_bo)?;
    }
    Ok(problem)
}

/// Degrees of the map, every 2 in azimuth and elevation.
fn angles(reach: i32) -> Vec<f64> {
    (-reach..=reach).map(|i| 2.0 * f64::from(i)).collect()
}

fn plan_pattern(request: &Request, stream: usize) -> Result<Plan, Error> {
    let seed = request.seed;
    let draw_index = request.realization.unwrap_or(0);
    let task = Task::with_data("pattern", "beampattern", 0.5, move || {
        pattern(stream, seed, draw_index)
    });
    Ok(Plan {
        x: Metric::new("node", "Node (users, then Bob, then Eve)", ""),
        metrics: vec![Metric::new("gain_db", "Gain towards the node's channel", "dB")],
        tasks: vec![task],
        notes: vec!["One draw. Map: |u(az, el)^H o|^2 / |o|^2 in dB; the table's gains are towards the nodes' channels, relative to the mean over directions.".into()],
        scenario: json!({"setup": Setup::default().describe(), "draw": draw_index}),
        finish: Box::new(move |records| Ok(finish_pattern(stream, records))),
    })
}

fn pattern(stream: usize, seed: u64, r: usize) -> Result<TaskOutput, Source> {
    let setup = Setup::default();
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
            Record::new("stream", i as f64, r, found.stopped, vec![decibels(gain)])
        })
        .collect();
    let model = path_model(setup.array2, &setup)?;
    let map: Vec<Vec<f64>> = angles(15)
        .iter()
        .map(|el| {
            let row = angles(40);
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

fn finish_pattern(stream: usize, records: &Records) -> Report {
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
        x: angles(40),
        y: angles(15),
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
    let claims = if stream == 0 {
        vec![
            Claim::new(
                "All users lie above 0 dB on the common stream",
                Verdict::of((0..users).all(|i| gain(i) > 0.0)),
                detail,
            ),
            Claim::new(
                "Bob is close to 0 dB on the common stream",
                Verdict::of(gain(users).abs() < 3.0),
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
                Verdict::of(dominant),
                detail,
            ),
            Claim::new(
                "Bob is suppressed",
                Verdict::of(gain(users) < 0.0),
                String::new(),
            ),
            Claim::new(
                "Eve lies above 0 dB on the private stream",
                if gain(users + 1) > 0.0 {
                    Verdict::Holds
                } else {
                    Verdict::DoesNotHold
                },
                "depends on the draw".to_string(),
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
        claims,
        grade: Grade::Trend,
        ..Report::default()
    }
}
