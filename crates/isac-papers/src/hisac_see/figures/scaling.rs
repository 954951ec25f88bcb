//! Fig. 4(a), (b), (d): what our own designs cost against the number of antennas. Measured numbers
//! stand with the timing alone, beside the published ones, for which the paper names no platform.

use super::problems::feasible;
use super::published::numbers;
use super::sweep::efficiency;
use crate::hisac_see::scenario::{Scenario, draw, of_figure};
use isac_algos::hisac_see::{Access, Working, direct, sca};
use isac_lab::clock::timed;
use isac_lab::error::{Error, Source};
use isac_lab::published::{Numbers, Published};
use isac_lab::verdict::{Claim, Ruling};
use isac_lab::{
    Artefact, Compared, Grade, Metric, Plan, Record, Records, Report, Request, Task, TaskOutput,
    Timing,
};
use isac_plot::figure::{Axis, Figure, Legend, Panel, Style};
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

/// The same with arrays of these sides.
fn square(setting: Scenario, side: (usize, usize)) -> Scenario {
    Scenario {
        array1: side,
        array2: side,
        ..setting
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

/// Draws behind a median of times.
const TIMED: usize = 20;

fn plan_design(request: &Request, memory: bool) -> Result<Plan, Error> {
    let artefact = if memory { "fig4b" } else { "fig4a" };
    let setting = of_figure(artefact)?;
    let seed = request.seed;
    let mut tasks = Vec::new();
    for r in request.realizations(100, 2)?.into_iter().take(TIMED) {
        for (m, side) in ARRAYS {
            for (access, name, _) in schemes(memory) {
                let id = format!("{name}/m{m}/r{r:03}");
                let setting = square(setting, side);
                let run = move || one_design(setting, access, m, (seed, r), memory);
                tasks.push(Task::with_data(id, name, 0.1, run));
            }
        }
    }
    let published = numbers(artefact)?;
    Ok(Plan {
        x: Metric::new("antennas", "Antennas of each base station", ""),
        metrics: vec![
            efficiency().remove(0),
            Metric::new("operations", "Operations of a design", "flop"),
        ],
        tasks,
        notes: vec![
            "Measured on this machine with whatever else runs on it, over 20 draws; the paper names no platform.".into(),
            if memory {
                "Peak resident memory is reset before each design where the system allows it; with several threads it is that of all of them.".into()
            } else {
                "A design is the whole of it: every start of the library's default, the evaluation included.".into()
            },
            "RIS-security and conventional beams are undefined in the paper and not run.".into(),
        ],
        scenario: json!({"setup": setting}),
        finish: Box::new(move |records| Ok(finish_design(records, &published, memory))),
    })
}

/// The schemes that the paper defines; for the memory the two ends of them.
fn schemes(memory: bool) -> Vec<(Access, &'static str, &'static str)> {
    let all = [
        (Access::RsmaFixed, "RSMA, fixed split"),
        (Access::Sdma, "SDMA"),
        (Access::RsmaFree, "RSMA, free split"),
        (Access::Noma, "PD-NOMA"),
        (Access::Tdma, "OMA"),
    ];
    let taken = all.into_iter().take(if memory { 2 } else { all.len() });
    taken
        .map(|(access, label)| (access, access.name(), label))
        .collect()
}

fn one_design(
    setting: Scenario,
    access: Access,
    m: f64,
    (seed, r): (u64, usize),
    memory: bool,
) -> Result<TaskOutput, Source> {
    let mut problem = draw(&setting, seed, r as u64)?;
    problem.access = access;
    let before = if memory { reset_peak() } else { None };
    let (found, seconds) = timed(|| direct::design(&problem, &[], &direct::Options::default()));
    let found = found?;
    let peak = if memory { resident("VmHWM:") } else { None };
    let (variables, constraints) = direct::size(&problem)?;
    let each = operations(variables, constraints);
    let row = if found.feasible {
        let values = vec![found.report.efficiency, each * found.iterations as f64];
        crate::record(access.name(), m, r, found.stopped, values).timed(seconds)
    } else {
        Record::failed(access.name(), m, r, "no feasible point")
    };
    let extra = before.zip(peak).map(|(b, p)| p - b);
    Ok(TaskOutput {
        records: vec![row],
        data: json!({ "ms": 1e3 * seconds, "peak_mib": peak, "extra_mib": extra }),
    })
}

fn finish_design(records: &Records, published: &Numbers, memory: bool) -> Report {
    let x = || Axis::log("Antennas of each base station");
    let sizes: Vec<f64> = ARRAYS.iter().map(|a| a.0).collect();
    let mut panel = Panel::new("", x(), Axis::log("Operations of a complete design (flop)"));
    let title = if memory {
        "Peak resident memory of the program (MiB)"
    } else {
        "Median time of a design (ms)"
    };
    let mut measured = Panel::new("", x(), Axis::log(title));
    let mut notes = Vec::new();
    for (i, (_, name, label)) in schemes(memory).into_iter().enumerate() {
        isac_lab::curves::mean_curve(&mut panel, label, records, name, 1, Style::curve(i));
        let (key, unit) = if memory {
            ("peak_mib", "MiB in all")
        } else {
            ("ms", "ms")
        };
        let points = medians(records, name, &sizes, key);
        notes.extend(
            lines(&points, unit)
                .into_iter()
                .map(|l| format!("{label}, {l}")),
        );
        measured.line(label, points, Style::curve(i));
        if memory {
            let extra = medians(records, name, &sizes, "extra_mib");
            let unit = "MiB more than before the design";
            notes.extend(
                lines(&extra, unit)
                    .into_iter()
                    .map(|l| format!("{label}, {l}")),
            );
        }
    }
    let metric = if memory { "memory_mb" } else { "milliseconds" };
    let theirs = published.points("proposed", metric);
    measured.published("Green interference", theirs, Style::curve(0));
    let flops = published.points("proposed", "gflop").into_iter();
    let flops: Vec<[f64; 2]> = flops.map(|[x, v]| [x, 1e9 * v]).collect();
    if !flops.is_empty() {
        panel.published("Green interference", flops, Style::curve(0));
    }
    let ours = |row: &Published| match row.metric.as_str() {
        "gflop" => {
            let flops = records.values("rsma_fixed", row.x, 1);
            flops.iter().map(|v| v / 1e9).collect()
        }
        "memory_percent" => vec![100.0 * 94.0 / 4000.0],
        "gflop_percent" => vec![100.0 * 2.74 / 5.0],
        _ => Vec::new(),
    };
    let clocked = |row: &Published| {
        let key = match row.metric.as_str() {
            "milliseconds" => "ms",
            "memory_mb" => "extra_mib",
            _ => return Vec::new(),
        };
        let points = medians(records, "rsma_fixed", &sizes, key).into_iter();
        let points = points.filter(|p| (p[0] - row.x).abs() < 0.5);
        points.map(|p| p[1]).collect()
    };
    let (title, timing) = if memory {
        ("Operations against antennas", "Memory with a design")
    } else {
        (
            "Cost of a design against antennas",
            "Time of a complete design",
        )
    };
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
    let clock =
        "what the clock says stands in timing.png and timing.csv, beside the published numbers";
    Report {
        figure: Figure::new(title, vec![panel]).footnote(clock),
        table: published.table(ours),
        timing: Timing {
            figure: Figure::new(timing, vec![measured]),
            table: compared_with_clock(published, clocked),
            notes,
        },
        claims: vec![claim],
        ..Report::default()
    }
}

/// The lines with a number of ours that depends on the clock.
fn compared_with_clock(
    published: &Numbers,
    ours: impl Fn(&Published) -> Vec<f64>,
) -> Vec<Compared> {
    let lines = published.table(ours).into_iter();
    let lines = lines.filter(|line| line.ours.is_some());
    lines
        .map(|mut line| {
            line.quantity = format!("{}, here", line.quantity);
            line
        })
        .collect()
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

/// Schemes whose step is timed in the span of the channels, and the fixed split in all antennas too.
const TIMED_STEPS: [(&str, Access, &str); 5] = [
    ("reduced", Access::RsmaFixed, "RSMA, fixed split"),
    ("full", Access::RsmaFixed, "RSMA, fixed split, all antennas"),
    ("sdma", Access::Sdma, "SDMA"),
    ("noma", Access::Noma, "PD-NOMA"),
    ("oma", Access::Tdma, "OMA"),
];

fn plan_step(request: &Request) -> Result<Plan, Error> {
    let setting = of_figure("fig4d")?;
    let seed = request.seed;
    // A full-dimension step grows with the sixth power of the antennas.
    let largest_full = request.pick(16.0, 12.0);
    let mut tasks = Vec::new();
    for r in request.realizations(20, 1)? {
        for (m, side) in STEPS {
            for (name, access, _) in TIMED_STEPS {
                let ours = access == Access::RsmaFixed;
                if (name == "full" && m > largest_full) || (!ours && !(12.0..=32.0).contains(&m)) {
                    continue;
                }
                let id = format!("{name}/m{m}/r{r:03}");
                let setting = square(setting, side);
                let run = move || one_step(setting, name, access, m, (seed, r));
                tasks.push(Task::with_data(id, name, 1.0, run));
            }
        }
    }
    let published = numbers("fig4d")?;
    Ok(Plan {
        x: Metric::new("antennas", "Antennas of each base station", ""),
        metrics: efficiency(),
        tasks,
        notes: vec!["One joint convex step from the feasible point of phase I, in the dimension of the arrays and in the span of the channels. RIS-security and the RSMA of the paper's reference 24 are other problems and not run.".into()],
        scenario: json!({"setup": setting}),
        finish: Box::new(move |records| Ok(finish_step(&setting, records, &published))),
    })
}

fn one_step(
    setting: Scenario,
    name: &str,
    access: Access,
    m: f64,
    (seed, r): (u64, usize),
) -> Result<TaskOutput, Source> {
    let mut problem = draw(&setting, seed, r as u64)?;
    problem.access = access;
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
    let (found, seconds) = timed(|| sca::solve_in(&problem, &working, &start, &options));
    let found = found?;
    let row = crate::record(name, m, r, found.stopped, vec![found.report.efficiency]);
    Ok(TaskOutput {
        records: vec![row.timed(seconds)],
        data: json!({"ms": 1e3 * seconds}),
    })
}

/// Eq. (54) of [hisac_see] as printed, for arrays of `m1` and `m2` antennas and `n` users: operations of an iteration
/// of Algorithm 4, up to a factor.
fn printed_complexity(m1: f64, m2: f64, n: f64) -> f64 {
    let d = m1 * m1 + (n + 1.0) * m2 * m2 + n + 7.0;
    let barrier = 2.0 * m1 + (n + 1.0) * m2 + (n + 8.0) * d;
    let inner = m1 * m1 * (m1 + d)
        + (n + 1.0) * m2 * m2 * (m2 + d)
        + (n + 8.0) * (1.0 + d)
        + 3.0 * (n + 1.0)
        + d * d;
    barrier.sqrt() * inner
}

/// Eq. (54) over the antennas, in all of them and in the span of the channels, relative to 12 antennas; the first
/// curve also as points.
fn printed_cost(users: f64) -> (Panel, Vec<[f64; 2]>) {
    let mut cost = Panel::new(
        "",
        Axis::log("Antennas of each base station"),
        Axis::log("Operations of an iteration (relative to 12)"),
    );
    let base = printed_complexity(12.0, 12.0, users);
    // The channels to Bob, Eve, target and users from BS1; to Bob, Eve and users from BS2.
    let (span1, span2) = (users + 3.0, users + 2.0);
    let curve = |f: &dyn Fn(f64) -> f64| STEPS.map(|(m, _)| [m, f(m) / base]).to_vec();
    let whole = curve(&|m| printed_complexity(m, m, users));
    cost.line(
        "Eq. (54), all antennas",
        whole.clone(),
        Style::curve(1).dashed(),
    );
    let reduced = curve(&|m| printed_complexity(m.min(span1), m.min(span2), users));
    cost.line(
        "Eq. (54) in the span of the channels (ours)",
        reduced,
        Style::curve(0),
    );
    (cost, whole)
}

fn finish_step(setting: &Scenario, records: &Records, published: &Numbers) -> Report {
    let x = || Axis::log("Antennas of each base station");
    let users = setting.users as f64;
    let base = printed_complexity(12.0, 12.0, users);
    let (cost, whole) = printed_cost(users);
    let mut panel = Panel::new("", x(), Axis::new(efficiency()[0].title()));
    let mut time = Panel::new("", x(), Axis::log("Median time (s)"));
    let mut notes = Vec::new();
    for (i, (name, _, label)) in TIMED_STEPS.into_iter().enumerate() {
        let style = if name == "full" {
            Style::curve(i).dashed()
        } else {
            Style::curve(i)
        };
        isac_lab::curves::mean_curve(&mut panel, label, records, name, 0, style);
        let points = medians(records, name, &records.xs(name), "ms");
        notes.extend(
            lines(&points, "ms a step")
                .into_iter()
                .map(|l| format!("{label}, {l}")),
        );
        let seconds = points.iter().map(|[m, ms]| [*m, ms / 1e3]).collect();
        time.line(format!("{label}, one step"), seconds, style);
    }
    let theirs = [
        ("rsma_fixed", "Green RSMA", 0),
        ("ris", "RIS-security", 6),
        ("rsma_24", "RSMA of reference 24", 5),
        ("sdma", "SDMA", 2),
        ("noma", "NOMA", 3),
        ("oma", "OMA", 4),
    ];
    for (name, label, style) in theirs {
        let points = published.points(name, "seconds");
        time.published(&format!("{label}, run time"), points, Style::curve(style));
    }
    let full = medians(records, "full", &records.xs("full"), "ms");
    if let [.., [m, a], [n, b]] = full[..] {
        let printed = printed_complexity(n, n, users) / printed_complexity(m, m, users);
        notes.push(format!(
            "a step in all antennas, {n} over {m} antennas: {:.2} times by the clock, {printed:.2} times by Eq. (54)",
            b / a
        ));
        let scaled = whole
            .iter()
            .map(|[x, v]| [*x, v * a / 1e3 / (printed_complexity(m, m, users) / base)]);
        let style = Style::curve(7).dotted().no_marker();
        time.line(
            "Eq. (54), through ours in all antennas",
            scaled.collect(),
            style,
        );
    }
    let (held, cases) = records.realizations_where(
        |row| row.algorithm == "full" && !row.failed,
        |row| {
            let reduced = records.value("reduced", row.x, row.realization, 0);
            reduced.is_some_and(|v| (v / row.metrics[0] - 1.0).abs() < 1e-4)
        },
    );
    let mut figure = Figure::new("Cost and result of a joint convex step", vec![cost, panel]);
    for panel in &mut figure.panels {
        panel.legend = Legend::Below;
    }
    time.legend = Legend::Below;
    Report {
        figure: figure.footnote(
            "measured and published times stand in timing.png; no platform is stated in the paper",
        ),
        table: published.table(|_| Vec::new()),
        timing: Timing {
            figure: Figure::new(
                "Time of a joint convex step, and published run times",
                vec![time],
            ),
            notes,
            ..Timing::default()
        },
        claims: vec![
            Claim::new(
                "3.2 s at (12, 12), up to 28 s at (32, 32)",
                Ruling::not_tested("no platform is stated"),
                "the cost of a step in the span of the channels does not grow with the arrays",
            ),
            Claim::new(
                "(ours) a step in the span of the channels reaches what one in all antennas reaches",
                Ruling::every(held, cases),
                "to 1e-4 after one step",
            ),
        ],
        grade: Grade::Trend,
        ..Report::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_printed_complexity_by_hand() {
        // One antenna each and no users: D = 9, sqrt(2 + 1 + 72) (10 + 10 + 80 + 3 + 81).
        let value = printed_complexity(1.0, 1.0, 0.0);
        assert!((value - 75f64.sqrt() * 184.0).abs() < 1e-9);
    }
}
