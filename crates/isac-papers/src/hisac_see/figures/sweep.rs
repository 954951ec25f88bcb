//! Designs by the direct route along an axis, and what may be said of their curves.

use super::published::numbers;
use crate::hisac_see::scenario::{Scenario, of_figure};
use isac_algos::hisac_see::relaxation::prove_infeasible;
use isac_algos::hisac_see::{Problem, direct};
use isac_lab::error::{Error, Source};
use isac_lab::published::{Numbers, Published};
use isac_lab::stats::Summary;
use isac_lab::verdict::{Claim, Ruling, Side, Verdict};
use isac_lab::{Grade, Metric, Plan, Record, Records, Report, Request, Size, Task};
use isac_opt::conic;
use isac_plot::figure::{Axis, Figure, Panel, Style};

/// What an artefact sweeps.
pub(super) struct Sweep {
    /// Name of the artefact, by which its scenario and its published numbers are known.
    pub(super) artefact: &'static str,
    /// Our draws behind a published number.
    pub(super) ours: fn(&Records, &Published) -> Vec<f64>,
    /// Draws what is published into the panel.
    pub(super) mark: fn(&Records, &Numbers, &mut Panel),
    pub(super) title: &'static str,
    pub(super) x: (&'static str, &'static str, &'static str),
    /// Index of the metric drawn, see [`metrics`].
    pub(super) y: usize,
    pub(super) log_x: bool,
    /// Whether points that follow each other are joined.
    pub(super) joined: bool,
    /// What a point takes, roughly: the estimate that is shown.
    pub(super) seconds: f64,
    pub(super) full: &'static [f64],
    pub(super) quick: &'static [f64],
    /// `(name, label)` of each curve.
    pub(super) curves: &'static [(&'static str, &'static str)],
    /// Categories of the x axis, if it is one.
    pub(super) categories: &'static [&'static str],
    /// The problem of a curve at x on a draw, from the scenario of the artefact.
    pub(super) build: fn(Scenario, &str, f64, u64, u64) -> Result<Problem, Source>,
    pub(super) order: Order,
    pub(super) notes: &'static [&'static str],
    pub(super) claims: fn(&Records) -> Vec<Claim>,
}

/// A curve that a sweep does not draw.
pub(super) fn no_curve(curve: &str, sweep: &Sweep) -> Source {
    Error::unknown("curve", curve, sweep.curves.iter().map(|c| c.0)).into()
}

/// The one metric of artefacts that show nothing else.
pub(super) fn efficiency() -> Vec<Metric> {
    metrics().into_iter().take(1).collect()
}

/// How the designs of a curve help each other.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// Not at all.
    Alone,
    /// The design at one x starts the next, there and back.
    Chained,
    /// Also: what is feasible at one x is feasible at every greater one.
    Nested,
}

pub(super) fn metrics() -> Vec<Metric> {
    vec![
        Metric::new(
            "efficiency_bps_hz_w",
            "Secrecy energy efficiency",
            "bps/Hz/W",
        ),
        Metric::new("secrecy_rate_bps_hz", "Worst-case secrecy rate", "bps/Hz"),
        Metric::new("scnr_db", "SCNR", "dB"),
        Metric::new("power1_w", "Power of BS1", "W"),
        Metric::new("power2_w", "Power of BS2", "W"),
        Metric::new("max_violation", "Largest violation", ""),
    ]
}

/// Presets of the figures whose printed axis is the power of BS2.
pub(super) const BY_POWER: &[&str] = &["default", "power"];

/// The sweep of a preset.
pub(super) fn by_preset(
    request: &Request,
    text: &'static Sweep,
    printed: &'static Sweep,
) -> Result<Plan, Error> {
    let sweep = if request.preset == BY_POWER[1] {
        printed
    } else {
        text
    };
    plan(request, sweep)
}

pub(super) fn plan(request: &Request, sweep: &'static Sweep) -> Result<Plan, Error> {
    let setting = of_figure(sweep.artefact)?;
    let draws = request.realizations(100, 3)?;
    let xs = request.pick(sweep.full, sweep.quick);
    let mut tasks = Vec::new();
    for &(name, label) in sweep.curves {
        for &draw in &draws {
            let seed = request.seed;
            tasks.push(Task::records(
                format!("{name}/r{draw:03}"),
                label,
                sweep.seconds * xs.len() as f64,
                move || run(sweep, setting, name, xs, (draw, seed)),
            ));
        }
    }
    let published = numbers(sweep.artefact)?;
    let size = match request.size {
        Size::Full => "full",
        Size::Quick => "quick",
    };
    Ok(Plan {
        x: Metric::new(sweep.x.0, sweep.x.1, sweep.x.2),
        metrics: metrics(),
        tasks,
        notes: sweep.notes.iter().map(ToString::to_string).collect(),
        scenario: serde_json::json!({
            "size": size,
            "draws": draws.len(),
            "x": xs,
            "curves": sweep.curves.iter().map(|c| c.0).collect::<Vec<_>>(),
            "setup": setting,
        }),
        finish: Box::new(move |records| Ok(finish(sweep, &published, records))),
    })
}

/// One curve on one draw.
fn run(
    sweep: &Sweep,
    setting: Scenario,
    curve: &str,
    xs: &[f64],
    (draw, seed): (usize, u64),
) -> Result<Vec<Record>, Source> {
    let problems: Vec<Problem> = xs
        .iter()
        .map(|&x| (sweep.build)(setting, curve, x, draw as u64, seed))
        .collect::<Result<_, _>>()?;
    let options = direct::Options::default();
    let found = match sweep.order {
        Order::Nested => direct::nested_sweep(&problems, &options)?,
        Order::Chained => direct::sweep(&problems, &options)?,
        Order::Alone => {
            let alone = problems.iter().map(|p| direct::design(p, &[], &options));
            alone.collect::<Result<Vec<_>, _>>()?
        }
    };
    let pairs = xs.iter().zip(&found);
    let mut rows: Vec<Record> = pairs
        .map(|(&x, found)| record(curve, x, draw, found))
        .collect();
    // A proof at the loosest point without a design serves all tighter ones.
    if sweep.order == Order::Nested
        && let Some(loosest) = found.iter().rposition(|f| !f.feasible)
        && prove_infeasible(&problems[loosest], &conic::Options::default())?.no_design()
    {
        for row in &mut rows[..=loosest] {
            row.stop_reason = row.stop_reason.replacen("no feasible point", PROVED, 1);
        }
    }
    Ok(rows)
}

/// What a row says where the relaxation proves that no design exists.
const PROVED: &str = "proved infeasible";

/// The row of a design; one that found no feasible point says which constraint fails by most.
pub(super) fn record(curve: &str, x: f64, draw: usize, found: &direct::Solution) -> Record {
    let r = &found.report;
    if !found.feasible {
        let why = r.worst().map_or_else(String::new, |w| {
            format!("no feasible point: {} fails by {:.1e}", w.name, w.value)
        });
        return Record::failed(curve, x, draw, why.replace(',', ";"));
    }
    let values = vec![
        r.efficiency,
        r.secrecy.rate_signed,
        10.0 * r.scnr.max(1e-30).log10(),
        r.power1,
        r.power2,
        r.max_violation(),
    ];
    crate::record(curve, x, draw, found.stopped, values)
}

fn finish(sweep: &Sweep, published: &Numbers, records: &Records) -> Report {
    let list = metrics();
    let label = Metric::new(sweep.x.0, sweep.x.1, sweep.x.2).title();
    let x = if sweep.categories.is_empty() {
        if sweep.log_x {
            Axis::log(label)
        } else {
            Axis::new(label)
        }
    } else {
        Axis::new(label).categories(sweep.categories.iter().copied())
    };
    let mut panel = Panel::new("", x, Axis::new(list[sweep.y].title()));
    for (i, (name, label)) in sweep.curves.iter().enumerate() {
        let style = Style::curve(i);
        let style = if sweep.joined { style } else { style.no_line() };
        isac_lab::curves::mean_curve(&mut panel, *label, records, name, sweep.y, style);
    }
    (sweep.mark)(records, published, &mut panel);
    let claims = (sweep.claims)(records);
    let holds = claims.iter().all(|c| c.verdict != Verdict::DoesNotHold);
    let failed = records.rows.iter().filter(|row| row.failed).count();
    let mut figure = Figure::new(sweep.title, vec![panel]);
    for note in sweep.notes {
        figure = figure.footnote(*note);
    }
    Report {
        figure,
        table: published.table(|row| (sweep.ours)(records, row)),
        grade: if holds {
            Grade::Trend
        } else {
            Grade::NotReproduced("a claim does not hold for optimal designs".into())
        },
        notes: vec![format!(
            "{failed} of {} designs found no feasible point from any start; they are left out of means",
            records.rows.len()
        )],
        claims,
        ..Report::default()
    }
}

/// Relative gains of one curve over another in percent, draw by draw.
pub(super) fn gains(records: &Records, ours: (&str, f64), theirs: (&str, f64)) -> Vec<f64> {
    let pairs = records.joint(&[ours, theirs], 0);
    let percent = |pair: &Vec<f64>| 100.0 * (pair[0] / pair[1] - 1.0);
    pairs.iter().map(percent).collect()
}

/// Their mean with its interval.
pub(super) fn gain(records: &Records, ours: (&str, f64), theirs: (&str, f64)) -> Summary {
    Summary::of(&gains(records, ours, theirs))
}

/// Whether the mean gain in percent lies on a side.
pub(super) fn gains_are(
    records: &Records,
    ours: (&str, f64),
    theirs: (&str, f64),
    side: Side,
) -> Ruling {
    Ruling::mean(&gains(records, ours, theirs), side)
}

/// Whether a curve is ahead of each of others at some points.
pub(super) fn ahead(records: &Records, ours: &str, others: &[&str], xs: &[f64]) -> Ruling {
    Ruling::together(xs.iter().flat_map(|&x| {
        others.iter().map(move |other| {
            let ruling = gains_are(records, (ours, x), (other, x), Side::AtLeast(0.0));
            (format!("over {other} at {x}"), ruling)
        })
    }))
}

/// As printed: mean, interval, number of pairs.
pub(super) fn percent(s: &Summary) -> String {
    if s.n == 0 {
        return "no pair".into();
    }
    format!("{:+.1} % [{:+.1}, {:+.1}] ({})", s.mean, s.low, s.high, s.n)
}

/// Mean of a metric at one x over the draws on which all named curves have an answer.
pub(super) fn paired(records: &Records, curves: &[&str], x: f64, metric: usize) -> Vec<f64> {
    let draws: Vec<usize> = {
        let all = records.at(curves[0], x).map(|row| row.realization);
        all.filter(|&r| {
            curves
                .iter()
                .all(|c| records.value(c, x, r, metric).is_some())
        })
        .collect()
    };
    let mean = |curve: &&str| {
        let values = draws
            .iter()
            .filter_map(|&r| records.value(curve, x, r, metric));
        values.sum::<f64>() / draws.len().max(1) as f64
    };
    curves.iter().map(mean).collect()
}

/// Means along one curve over draws that are complete.
pub(super) fn along(records: &Records, curve: &str, metric: usize) -> Vec<(f64, f64)> {
    let xs = records.xs(curve);
    let complete: Vec<usize> = {
        let mut draws: Vec<usize> = records
            .rows
            .iter()
            .filter(|row| row.algorithm == curve)
            .map(|row| row.realization)
            .collect();
        draws.sort_unstable();
        draws.dedup();
        draws
            .into_iter()
            .filter(|&r| {
                xs.iter()
                    .all(|&x| records.value(curve, x, r, metric).is_some())
            })
            .collect()
    };
    xs.iter()
        .map(|&x| {
            let values = complete
                .iter()
                .filter_map(|&r| records.value(curve, x, r, metric));
            (x, values.sum::<f64>() / complete.len().max(1) as f64)
        })
        .collect()
}

pub(super) fn text(points: &[(f64, f64)]) -> String {
    let cells: Vec<String> = points.iter().map(|(x, y)| format!("{x}: {y:.4}")).collect();
    cells.join(", ")
}
