//! Fig. 2(a): efficiency by iteration, for three arrays of BS1, beside the traversal of power grids.

use std::collections::BTreeMap;

use super::published::numbers;
use super::sweep::{efficiency, gain, gains_are, percent};
use crate::hisac_see::scenario::{Scenario, draw, of_figure};
use isac_algos::hisac_see::{Method, baselines, direct};
use isac_lab::error::{Error, Source};
use isac_lab::published::{Numbers, Published};
use isac_lab::stats::Summary;
use isac_lab::verdict::{Claim, Ruling, Side};
use isac_lab::{Artefact, Grade, Metric, Plan, Record, Records, Report, Request, Task};
use isac_plot::figure::{Axis, Figure, Panel, Style};
use serde_json::json;

/// The artefact of this file.
pub(super) fn artefacts() -> Vec<Artefact> {
    vec![Artefact {
        paper: "hisac_see",
        name: "fig2a",
        title: "efficiency against iterations and antennas of BS1",
        presets: &["default"],
        plan,
    }]
}

const SIDES: [(f64, (usize, usize)); 3] = [(8.0, (4, 2)), (12.0, (6, 2)), (16.0, (8, 2))];

/// Iterations that are drawn.
const SHOWN: usize = 30;

/// Powers of BS1 and BS2 that the traversal goes through, W.
const TRAVERSED: [[f64; 4]; 2] = [[8.0, 10.0, 12.0, 16.0], [6.0, 8.0, 10.0, 14.0]];

/// Pairs of powers at full size.
const PAIRS: f64 = 16.0;

/// Best efficiency so far over the grid, and the direct route's for comparison at x = 0.
fn traversed(
    setting: Scenario,
    m1: f64,
    [powers1, powers2]: [&[f64]; 2],
    (seed, r): (u64, usize),
) -> Result<Vec<Record>, Source> {
    let problem = draw(&setting, seed, r as u64)?;
    let options = direct::Options::default();
    let free = Method::Direct.run(&problem, &[])?;
    let (direct_curve, curve) = (format!("direct_m{m1}"), format!("traversal_m{m1}"));
    let mut rows = vec![if free.feasible {
        let value = free.report.efficiency;
        crate::record(direct_curve, 0.0, r, free.stopped, vec![value])
    } else {
        Record::failed(direct_curve, 0.0, r, "no feasible point")
    }];
    let points = baselines::traversal(&problem, powers1, powers2, &options)?;
    for i in 0..points.len() {
        let x = (i + 1) as f64;
        rows.push(match baselines::best(&points[..=i]) {
            Some(best) => {
                let value = best.solution.report.efficiency;
                crate::record(&curve, x, r, best.solution.stopped, vec![value])
            }
            None => Record::failed(&curve, x, r, "no feasible grid point yet"),
        });
    }
    Ok(rows)
}

/// The ascent of a method on one draw; a converged run keeps its value.
fn ascent(
    setting: Scenario,
    method: Method,
    m1: f64,
    (seed, r): (u64, usize),
) -> Result<Vec<Record>, Source> {
    let curve = format!("{}_m{m1}", method.name());
    let problem = draw(&setting, seed, r as u64)?;
    let found = method.run(&problem, &[])?;
    if !found.feasible {
        return Ok(vec![Record::failed(&curve, 0.0, r, "no feasible start")]);
    }
    let history: Vec<f64> = found.trace.iter().map(|t| t.objective).collect();
    let Some(&last) = history.last() else {
        return Ok(vec![Record::failed(&curve, 0.0, r, "no step")]);
    };
    let value = |i: usize| history.get(i).copied().unwrap_or(last);
    let row = |i: usize| crate::record(&curve, (i + 1) as f64, r, found.stopped, vec![value(i)]);
    Ok((0..SHOWN).map(row).collect())
}

fn plan(request: &Request) -> Result<Plan, Error> {
    let setting = of_figure("fig2a")?;
    let with = |array1| Scenario { array1, ..setting };
    let seed = request.seed;
    let mut tasks = Vec::new();
    for r in request.realizations(100, 1)? {
        for (m1, side) in SIDES {
            for method in [Method::Joint, Method::Alternating] {
                let curve = format!("{}_m{m1}", method.name());
                let id = format!("{curve}/r{r:03}");
                let setting = with(side);
                let run = move || ascent(setting, method, m1, (seed, r));
                tasks.push(Task::records(id, curve, 0.6, run));
            }
        }
    }
    let powers: [&[f64]; 2] = request.pick(
        [&TRAVERSED[0], &TRAVERSED[1]],
        [&[10.0, 12.0], &[8.0, 10.0]],
    );
    for (m1, side) in SIDES {
        // The paper's default size on all draws, the others on some.
        let most = if side == setting.array1 { 100 } else { 20 };
        for r in request.realizations(100, 1)?.into_iter().take(most) {
            let id = format!("traversal_m{m1}/r{r:03}");
            let setting = with(side);
            let run = move || traversed(setting, m1, powers, (seed, r));
            tasks.push(Task::records(id, "traversal", 2.0, run));
        }
    }
    let published = numbers("fig2a")?;
    Ok(Plan {
        x: Metric::new("iteration", "Convex step or grid point", ""),
        metrics: efficiency(),
        tasks,
        notes: vec!["From the feasible points of phase I, the best start of each method; a converged run keeps its value. The traversal goes through pairs of powers, with 8 and 16 antennas on 20 draws.".into()],
        scenario: json!({"setup": setting}),
        finish: Box::new(move |records| Ok(finish(records, &published))),
    })
}

/// Steps, or grid points, until a curve is within 1e-4 of its end, draw by draw.
fn counts(records: &Records, curve: &str) -> Vec<f64> {
    let Some(&end) = records.xs(curve).last() else {
        return Vec::new();
    };
    let mut counts: BTreeMap<usize, f64> = BTreeMap::new();
    for row in records.rows.iter().filter(|row| row.algorithm == curve) {
        let Some(last) = records.value(curve, end, row.realization, 0) else {
            continue;
        };
        let count = counts.entry(row.realization).or_insert(1.0);
        if row.failed || row.metrics[0] < last * (1.0 - 1e-4) {
            *count += 1.0;
        }
    }
    counts.into_values().collect()
}

fn finish(records: &Records, published: &Numbers) -> Report {
    let ours = |row: &Published| counts(records, &format!("{}_m{}", row.curve, row.x));
    Report {
        figure: figure(records, published),
        table: published.table(ours),
        claims: claims(records),
        grade: Grade::Trend,
        ..Report::default()
    }
}

fn figure(records: &Records, published: &Numbers) -> Figure {
    let y = || Axis::new(efficiency()[0].title());
    let mut steps = Panel::new("Convex steps", Axis::new("Convex step"), y());
    let mut grid = Panel::new("Traversal", Axis::new("Pair of powers"), y());
    for (i, (m1, _)) in SIDES.iter().enumerate() {
        let plain = Style::curve(i).no_marker();
        for (method, style) in [
            (Method::Joint, plain),
            (Method::Alternating, plain.dashed()),
        ] {
            let curve = format!("{}_m{m1}", method.name());
            let label = format!("{}, M1 = {m1}", method.label());
            isac_lab::curves::mean_curve(&mut steps, label, records, &curve, 0, style);
        }
        for row in published.rows.iter().filter(|row| (row.x - m1).abs() < 0.5) {
            let style = plain.dotted();
            match row.curve.as_str() {
                "alternating" => {
                    let label = format!("Alternating, M1 = {m1}: end, published");
                    steps.vertical(label, row.value, style);
                }
                _ => grid.vertical(format!("M1 = {m1}: end, published"), row.value, style),
            }
        }
        let curve = format!("traversal_m{m1}");
        let label = format!("Traversal, M1 = {m1}");
        isac_lab::curves::mean_curve(&mut grid, label, records, &curve, 0, Style::curve(i));
        let free = records.summary(&format!("direct_m{m1}"), 0.0, 0).mean;
        let style = Style::curve(i).dashed();
        grid.horizontal(format!("Direct route, M1 = {m1}"), free, style);
    }
    steps.legend = isac_plot::figure::Legend::Below;
    grid.legend = isac_plot::figure::Legend::Below;
    Figure::new("Ascent of the secrecy energy efficiency", vec![steps, grid])
}

fn claims(records: &Records) -> Vec<Claim> {
    let end = |curve: &str| records.summary(curve, SHOWN as f64, 0).mean;
    let last = records.xs("traversal_m12").last().copied().unwrap_or(0.0);
    let grid = gain(records, ("traversal_m12", last), ("direct_m12", 0.0));
    let steps = |name: &str, m: f64| Summary::of(&counts(records, &format!("{name}_m{m}"))).mean;
    let needed: Vec<String> = SIDES
        .iter()
        .map(|&(m, _)| {
            let (joint, alternating) = (steps("joint", m), steps("alternating", m));
            format!("M1 = {m}: joint {joint:.1}, alternating {alternating:.1}")
        })
        .collect();
    // The paper's algorithm alternates.
    let published = [24.0, 30.0, 39.0];
    let counts_agree = Ruling::together(SIDES.iter().zip(published).map(|((m, _), count)| {
        let ours = counts(records, &format!("alternating_m{m}"));
        (format!("M1 = {m}"), Ruling::mean(&ours, Side::about(count)))
    }));
    let growth = |name: &str| -> Vec<f64> {
        let ends = SIDES.iter().map(|(m, _)| end(&format!("{name}_m{m}")));
        ends.collect()
    };
    let at = SHOWN as f64;
    let grows = Ruling::together([(8, 12), (12, 16)].map(|(less, more)| {
        let name = |m: i32| format!("alternating_m{m}");
        let (more_name, less_name) = (name(more), name(less));
        let side = Side::AtLeast(0.0);
        let ruling = gains_are(records, (&more_name, at), (&less_name, at), side);
        (format!("{less} to {more}"), ruling)
    }));
    // At the optimum, nothing of ours is ahead by more than a thousandth.
    let optimal = Ruling::together(SIDES.iter().map(|(m, _)| {
        let (theirs, ours) = (format!("alternating_m{m}"), format!("joint_m{m}"));
        let side = Side::AtLeast(-0.1);
        let ruling = gains_are(records, (&theirs, at), (&ours, at), side);
        (format!("M1 = {m}, percent"), ruling)
    }));
    let against: Vec<String> = SIDES
        .iter()
        .map(|(m, _)| {
            let (theirs, ours) = (format!("alternating_m{m}"), format!("joint_m{m}"));
            let lead = gain(records, (&theirs, at), (&ours, at));
            format!("M1 = {m}: alternating against joint {}", percent(&lead))
        })
        .collect();
    let same = if last < PAIRS {
        Ruling::not_tested("the grid of a quick run is too coarse")
    } else {
        let side = Side::Between(-2.0, 2.0);
        gains_are(records, ("traversal_m12", last), ("direct_m12", 0.0), side)
    };
    vec![
        Claim::new(
            "The efficiency grows with the antennas of BS1",
            grows,
            format!(
                "joint {:?}, alternating {:?}",
                growth("joint"),
                growth("alternating")
            ),
        ),
        Claim::new(
            "24, 30 and 39 iterations for growing M1",
            counts_agree,
            format!(
                "convex steps to within 1e-4 of the end: {}",
                needed.join("; ")
            ),
        ),
        Claim::new(
            "Traversal needs more and reaches the same",
            same,
            format!(
                "{last} rate maximisations, best of the grid against the direct route {}",
                percent(&grid)
            ),
        ),
        Claim::new(
            "Algorithm 4 converges to the optimum",
            optimal,
            against.join("; "),
        ),
    ]
}
