//! Fig. 4(a), (b), (d): what our own designs cost against the number of antennas. Measured numbers
//! stand with the timing alone; the paper names no platform, so none is compared.

use super::scenario::{Scenario, draw};
use super::special::{efficiency, feasible, fixed};
use isac_algos::hisac_see::{Access, Working, direct, sca};
use isac_lab::clock::timed;
use isac_lab::error::Error;
use isac_lab::verdict::{Claim, Ruling};
use isac_lab::{
    Artefact, Grade, Metric, Plan, Record, Records, Report, Request, Task, TaskOutput, Timing,
};
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
        artefact("fig4a", "measured time of a design against antennas", |r| {
            plan_design(r, false)
        }),
        artefact(
            "fig4b",
            "peak memory and operations of a design against antennas",
            |r| plan_design(r, true),
        ),
        artefact(
            "fig4d",
            "measured time of a convex step, full and reduced dimension",
            plan_step,
        ),
    ]
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

fn square_setup(side: (usize, usize)) -> Scenario {
    Scenario {
        array1: side,
        array2: side,
        ..Scenario::default()
    }
}

/// Median of what tasks left under a key, per size.
fn medians(records: &Records, curve: &str, sizes: &[f64], key: &str) -> Vec<[f64; 2]> {
    let of = |m: f64| {
        let prefix = format!("{curve}/m{m}/");
        let found: Vec<f64> = records
            .data
            .iter()
            .filter(|(id, _)| id.starts_with(&prefix))
            .filter_map(|(_, data)| data[key].as_f64())
            .collect();
        isac_lab::stats::median(&found)
    };
    sizes
        .iter()
        .map(|&m| [m, of(m)])
        .filter(|p| p[1].is_finite())
        .collect()
}

fn lines(points: &[[f64; 2]], unit: &str) -> Vec<String> {
    let lines = points.iter();
    lines
        .map(|[m, v]| format!("{m} antennas: {v:.2} {unit}"))
        .collect()
}

fn plan_design(request: &Request, memory: bool) -> Result<Plan, Error> {
    let seed = request.seed;
    let mut tasks = Vec::new();
    let curves = [("rsma_fixed", Access::RsmaFixed), ("sdma", Access::Sdma)];
    for r in request.realizations(100, 2)? {
        for (m, side) in ARRAYS {
            for (name, access) in curves {
                tasks.push(Task::with_data(
                    format!("{name}/m{m}/r{r:03}"),
                    name,
                    0.1,
                    move || {
                        let mut problem = draw(&square_setup(side), seed, r as u64)?;
                        problem.access = access;
                        let before = if memory { reset_peak() } else { None };
                        let (found, seconds) =
                            timed(|| direct::design(&problem, &[], &direct::Options::default()));
                        let found = found?;
                        let peak = if memory { resident("VmHWM:") } else { None };
                        let (variables, constraints) = direct::size(&problem)?;
                        let row = if found.feasible {
                            crate::record(
                                name,
                                m,
                                r,
                                found.stopped,
                                vec![found.report.efficiency, operations(variables, constraints)],
                            )
                            .timed(seconds)
                        } else {
                            Record::failed(name, m, r, "no feasible point")
                        };
                        let extra = before.zip(peak).map(|(b, p)| p - b);
                        Ok(TaskOutput {
                            records: vec![row],
                            data: json!({
                                "ms": 1e3 * seconds, "peak_mib": peak, "extra_mib": extra,
                            }),
                        })
                    },
                ));
            }
        }
    }
    Ok(Plan {
        x: Metric::new("antennas", "Antennas of each base station", ""),
        metrics: vec![
            efficiency().remove(0),
            Metric::new("operations", "Operations of a step's model", "flop"),
        ],
        tasks,
        notes: vec![
            "Measured on this machine with whatever else runs on it; the paper states no platform, so nothing is compared.".into(),
            if memory {
                "Peak resident memory is reset before each design where the system allows it; with several threads it is that of all of them.".into()
            } else {
                "A design is the whole of it: every start of the library's default, the evaluation included.".into()
            },
        ],
        scenario: json!({"setup": Scenario::default().describe()}),
        finish: Box::new(move |records| {
            let x = || Axis::log("Antennas of each base station");
            let sizes: Vec<f64> = ARRAYS.iter().map(|a| a.0).collect();
            let labels = [("rsma_fixed", "RSMA, fixed split"), ("sdma", "SDMA")];
            let metric = usize::from(memory);
            let title = if memory {
                "Operations of a step's model (flop)".to_string()
            } else {
                efficiency()[0].title()
            };
            let mut panel = Panel::new("", x(), Axis::new(title));
            let mut measured = Panel::new(
                "",
                x(),
                Axis::new(if memory { "Peak resident memory of the program (MiB)" } else { "Median time of a design (ms)" }),
            );
            let mut notes = Vec::new();
            let mut top = 0.0_f64;
            for (i, (name, label)) in labels.into_iter().enumerate() {
                isac_lab::curves::mean_curve(&mut panel, label, records, name, metric, Style::curve(i));
                let (key, unit) = if memory { ("peak_mib", "MiB in all") } else { ("ms", "ms") };
                let points = medians(records, name, &sizes, key);
                notes.extend(lines(&points, unit).into_iter().map(|l| format!("{label}, {l}")));
                top = points.iter().fold(top, |top, p| top.max(p[1]));
                measured.line(label, points, Style::curve(i));
                if memory {
                    let extra = medians(records, name, &sizes, "extra_mib");
                    notes.extend(lines(&extra, "MiB more than before the design").into_iter().map(|l| format!("{label}, {l}")));
                }
            }
            // From zero: whether the curve is flat is the question.
            if top > 0.0 {
                measured.y = measured.y.range(0.0, 1.15 * top);
            }
            let claim = if memory {
                Claim::new(
                    "94 MB and 2.74 GFLOP; 58 % of 5 GFLOP",
                    Ruling::not_tested("no platform and no counting rule is stated"),
                    "2.74 of 5 is 55 %",
                )
            } else {
                Claim::new(
                    "0.84 ms (and, elsewhere, 3.2 s) for a design with (12, 12) antennas",
                    Ruling::not_tested("no platform is stated"),
                    "our own measured times stand beside",
                )
            };
            Ok(Report {
                figure: Figure::new(if memory { "Operations against antennas" } else { "Efficiency against antennas" }, vec![panel]),
                timing: Timing {
                    figure: Figure::new(if memory { "Memory with a design" } else { "Time of a complete design" }, vec![measured]),
                    notes,
                    ..Timing::default()
                },
                claims: vec![claim],
                ..Report::default()
            })
        }),
    })
}

/// Multiplications and additions of one quadratic model with `n` variables and `m` constraints:
/// `A H`, `A H A^T`, the products with `H` and its update.
fn operations(n: usize, m: usize) -> f64 {
    let (n, m) = (n as f64, m as f64);
    2.0 * m * n * n + m * m * n + 8.0 * n * n
}

/// Sets the peak resident memory back to the present and returns that, MiB, where the system can.
fn reset_peak() -> Option<f64> {
    std::fs::write("/proc/self/clear_refs", "5\n").ok()?;
    resident("VmRSS:")
}

fn resident(line: &str) -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|l| l.starts_with(line))?;
    let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib / 1024.0)
}

const STEPS: [(f64, (usize, usize)); 6] = [
    (8.0, (4, 2)),
    (12.0, (6, 2)),
    (16.0, (8, 2)),
    (32.0, (8, 4)),
    (64.0, (16, 4)),
    (128.0, (16, 8)),
];

fn plan_step(request: &Request) -> Result<Plan, Error> {
    let seed = request.seed;
    // A full-dimension step grows with the sixth power of the antennas.
    let largest_full = request.pick(16.0, 12.0);
    let mut tasks = Vec::new();
    for r in request.realizations(20, 1)? {
        for (m, side) in STEPS {
            for name in ["reduced", "full"] {
                if name == "full" && m > largest_full {
                    continue;
                }
                tasks.push(Task::with_data(
                    format!("{name}/m{m}/r{r:03}"),
                    name,
                    1.0,
                    move || {
                        let problem = fixed(&square_setup(side), seed, r as u64)?;
                        let Some(start) = feasible(&problem)? else {
                            return Ok(TaskOutput {
                                records: vec![Record::failed(name, m, r, "no feasible start")],
                                data: serde_json::Value::Null,
                            });
                        };
                        let working = if name == "full" {
                            Working::unreduced(&problem)?
                        } else {
                            Working::new(&problem)?
                        };
                        let options = sca::Options {
                            max_rounds: 1,
                            ..sca::Options::default()
                        };
                        let (found, seconds) =
                            timed(|| sca::solve_in(&problem, &working, &start, &options));
                        let found = found?;
                        let row =
                            crate::record(name, m, r, found.stopped, vec![found.report.efficiency]);
                        Ok(TaskOutput {
                            records: vec![row.timed(seconds)],
                            data: json!({"ms": 1e3 * seconds}),
                        })
                    },
                ));
            }
        }
    }
    Ok(Plan {
        x: Metric::new("antennas", "Antennas of each base station", ""),
        metrics: efficiency(),
        tasks,
        notes: vec!["One joint convex step from the feasible point of phase I, in the dimension of the arrays and in the span of the channels.".into()],
        scenario: json!({"setup": Scenario::default().describe()}),
        finish: Box::new(|records| {
            let x = || Axis::log("Antennas of each base station");
            let mut panel = Panel::new("", x(), Axis::new(efficiency()[0].title()));
            let mut time = Panel::new("", x(), Axis::log("Median time of a joint step (ms)"));
            let mut notes = Vec::new();
            for (i, (name, label)) in [("reduced", "Span of the channels"), ("full", "All antennas")].into_iter().enumerate() {
                let style = if i == 0 { Style::curve(0) } else { Style::curve(1).dashed() };
                isac_lab::curves::mean_curve(&mut panel, label, records, name, 0, style);
                let sizes = records.xs(name);
                let points = medians(records, name, &sizes, "ms");
                notes.extend(lines(&points, "ms").into_iter().map(|l| format!("{label}, {l}")));
                time.line(label, points, style);
            }
            let (held, cases) = records.realizations_where(
                |row| row.algorithm == "full" && !row.failed,
                |row| {
                    records.value("reduced", row.x, row.realization, 0)
                        .is_some_and(|v| (v / row.metrics[0] - 1.0).abs() < 1e-4)
                },
            );
            Ok(Report {
                figure: Figure::new("Efficiency after one joint step", vec![panel]),
                timing: Timing { figure: Figure::new("Time of a joint convex step", vec![time]), notes, ..Timing::default() },
                claims: vec![
                    Claim::new("3.2 s at (12, 12), up to 28 s at (32, 32)", Ruling::not_tested("no platform is stated"), "the cost of a step in the span of the channels does not grow with the arrays"),
                    Claim::new("(ours) a step in the span of the channels reaches what one in all antennas reaches", Ruling::every(held, cases), "to 1e-4 after one step"),
                ],
                grade: Grade::Trend,
                ..Report::default()
            })
        }),
    })
}
