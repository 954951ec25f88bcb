//! Figures 3 to 7 and Table I of `obs_crlb`: what they show and how they compare.

use std::collections::BTreeMap;

use super::published::{self, Curve, thousandths};
use super::setup::{CRLB, OBJECTIVE, SUM_RATE, World};
use crate::artefact::{Claim, Compared, Grade, Metric, Records, Report, Request, Timing, Verdict};
use crate::error::Error;
use crate::figure::{Axis, Figure, Panel, Style};
use crate::stats::median;

/// Allowed relative difference per realisation, and of means.
const EXACT: f64 = 1e-9;
const EXACT_MEANS: f64 = 1e-8;
const EXACT_MEANS_ABS: f64 = 1e-10;

/// Which figure a sweep is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Tradeoff,
    Users,
    Power,
    Antennas,
    Table,
}

/// A sweep over x with several methods.
pub(super) struct Sweep {
    pub(super) title: &'static str,
    pub(super) x: Metric,
    /// Method, legend text and style number.
    pub(super) curves: Vec<(&'static str, &'static str, usize)>,
    pub(super) published: &'static [Curve],
    pub(super) kind: Kind,
}

/// Legend texts and styles of methods.
pub(super) fn curves(methods: &[&'static str]) -> Vec<(&'static str, &'static str, usize)> {
    let text = |method| match method {
        "algorithm1" => ("Algorithm 1", 0),
        "algorithm1_ns6" => ("Algorithm 1, Ns = 6", 0),
        "algorithm1_ns0" => ("Algorithm 1, Ns = 0", 4),
        "low_dim_released" => ("Low-dimensional, released", 5),
        "fp_sgda" => ("FP-SGDA", 1),
        "wmmse_sdr" => ("WMMSE-SDR, released form", 2),
        "wmmse_sdr_corrected" => ("WMMSE-SDR, corrected", 7),
        "accelerated" => ("L-BFGS from RZF (ours)", 3),
        "best_of_starts" => ("Best of starts (ours)", 3),
        _ => ("Certified upper bound", 6),
    };
    methods
        .iter()
        .map(|&m| {
            let (label, style) = text(m);
            (m, label, style)
        })
        .collect()
}

/// Released numbers to compare with per realisation or in the mean.
#[derive(Default)]
pub(super) struct Comparison {
    objectives: BTreeMap<(i64, usize), f64>,
    means: BTreeMap<i64, [f64; 2]>,
    stored: bool,
    full: bool,
}

impl Comparison {
    pub(super) fn read(request: &Request, world: &World, kind: Kind) -> Result<Self, Error> {
        let mut out = Self {
            stored: world.stored(),
            full: request.realization.is_none() && request.pick(true, false),
            ..Self::default()
        };
        let folder = request.reference.as_deref().filter(|_| world.stored());
        let Some(folder) = folder else {
            return Ok(out);
        };
        match kind {
            Kind::Users => {
                let file = "fig6_users_per_realization.csv";
                out.objectives = published::objectives(folder, file, "K")?;
            }
            Kind::Power => {
                let file = "fig7_power_per_realization.csv";
                out.objectives = published::objectives(folder, file, "Pt_dBm")?;
            }
            Kind::Tradeoff => out.means = published::tradeoff_means(folder)?,
            Kind::Antennas | Kind::Table => {}
        }
        Ok(out)
    }
}

/// The report of Figs. 3 and 5 to 7 and of Table I.
pub(super) fn sweep(
    records: &Records,
    s: &Sweep,
    comparison: &Comparison,
) -> Result<Report, Error> {
    let mut report = Report {
        figure: figure(records, s),
        table: table(records, s),
        grade: Grade::Statistical,
        ..Report::default()
    };
    if !comparison.objectives.is_empty() {
        exact_objectives(records, comparison, &mut report);
    } else if !comparison.means.is_empty() && comparison.full {
        exact_means(records, comparison, &mut report);
    } else if !comparison.stored {
        report.grade = statistical(records, s);
    }
    claims(records, s, comparison, &mut report);
    report.timing = timing(records, s);
    Ok(report)
}

fn figure(records: &Records, s: &Sweep) -> Figure {
    let title = s.title;
    match s.kind {
        Kind::Tradeoff => Figure::new(title, vec![tradeoff_panel(records, s)]),
        Kind::Table => Figure::new(title, vec![table_panel(records, s)]),
        Kind::Antennas => {
            let panels = vec![
                panel(records, s, SUM_RATE, Axis::new("Sum rate (nats/s/Hz)")),
                panel(records, s, CRLB, Axis::log("Trace of the CRLB")),
            ];
            Figure::new(title, panels).footnote("the paper labels half the true number of antennas")
        }
        Kind::Users | Kind::Power => {
            let panels = vec![
                panel(records, s, OBJECTIVE, Axis::new("Objective")),
                panel(records, s, SUM_RATE, Axis::new("Sum rate (nats/s/Hz)")),
                panel(records, s, CRLB, Axis::log("Trace of the CRLB")),
            ];
            let mut figure = Figure::new(title, panels)
                .footnote("bands: 95 % intervals of the mean; hollow markers: published");
            figure.columns = 3;
            figure
        }
    }
}

/// One metric against x for all curves and published points.
fn panel(records: &Records, s: &Sweep, metric: usize, y: Axis) -> Panel {
    let x = if matches!(s.kind, Kind::Antennas) {
        Axis::log(s.x.title())
    } else {
        Axis::new(s.x.title())
    };
    let mut panel = Panel::new("", x, y);
    panel.legend = crate::figure::Legend::Below;
    for (method, label, style) in &s.curves {
        let has = !records.xs(method).is_empty();
        if has && !(*method == "upper_bound" && metric != OBJECTIVE) {
            let style = if *method == "upper_bound" {
                Style::curve(*style).dashed().no_marker()
            } else {
                Style::curve(*style)
            };
            panel.mean_curve(*label, records, method, metric, style);
        }
    }
    for curve in s.published {
        let column = [3, 1, 2][metric];
        let points: Vec<[f64; 2]> = curve
            .points
            .iter()
            .map(|p| [p[0], p[column]])
            .filter(|p| p[1].is_finite())
            .collect();
        if !points.is_empty() {
            panel.published(curve.label, points, style_of(s, curve));
        }
    }
    panel
}

/// The style of our curve of the same algorithm.
fn style_of(s: &Sweep, curve: &Curve) -> Style {
    let ours = s.curves.iter().find(|c| c.0 == curve.algorithm);
    Style::curve(ours.map_or(2, |c| c.2))
}

fn tradeoff_panel(records: &Records, s: &Sweep) -> Panel {
    let mut panel = Panel::new(
        "",
        Axis::log("Trace of the CRLB"),
        Axis::new("Sum rate (nats/s/Hz)"),
    );
    for (method, label, style) in &s.curves {
        let rate = records.curve(method, SUM_RATE);
        let crlb = records.curve(method, CRLB);
        let points = rate.iter().zip(&crlb).map(|(r, c)| [c.1.mean, r.1.mean]);
        panel.line(*label, points.collect(), Style::curve(*style));
    }
    for curve in s.published {
        let points = curve.points.iter().map(|p| [p[2], p[1]]).collect();
        panel.published(curve.label, points, style_of(s, curve));
    }
    panel
}

fn table_panel(records: &Records, s: &Sweep) -> Panel {
    let xs = records.xs(s.curves[0].0);
    let mut heads = vec!["(sum rate, CRLB)".to_string()];
    heads.extend(xs.iter().map(|x| format!("Nt = {x}")));
    let mut rows = Vec::new();
    for (method, label, _) in &s.curves {
        let mut row = vec![(*label).to_string()];
        for &x in &xs {
            let mean = |metric| records.summary(method, x, metric).mean;
            row.push(format!("({:.2}, {:.2})", mean(SUM_RATE), mean(CRLB)));
        }
        rows.push(row);
    }
    for curve in s.published {
        let mut row = vec![format!("{}, published", curve.label)];
        for &x in &xs {
            let point = curve
                .points
                .iter()
                .find(|p| thousandths(p[0]) == thousandths(x));
            row.push(point.map_or("-".into(), |p| format!("({:.2}, {:.2})", p[1], p[2])));
        }
        rows.push(row);
    }
    Panel::table("", heads, rows)
}

fn table(records: &Records, s: &Sweep) -> Vec<Compared> {
    let mut out = Vec::new();
    for curve in s.published {
        for point in curve.points {
            for (metric, column, name) in [
                (OBJECTIVE, 3, "objective"),
                (SUM_RATE, 1, "sum rate"),
                (CRLB, 2, "CRLB"),
            ] {
                if !point[column].is_finite() {
                    continue;
                }
                let summary = records.summary(curve.algorithm, point[0], metric);
                let what = format!("{}, {} = {}: {name}", curve.label, s.x.key, point[0]);
                let unit = if metric == SUM_RATE { "nats/s/Hz" } else { "" };
                let line = Compared::new(what, point[column], summary.mean, unit);
                out.push(line.note(format!("n = {}", summary.n)));
            }
        }
    }
    out
}

/// Every objective of Algorithm 1 within 1e-9 of the released one.
fn exact_objectives(records: &Records, comparison: &Comparison, report: &mut Report) {
    let (mut count, mut worst, mut missing) = (0, 0.0_f64, 0);
    for row in records.rows.iter().filter(|r| r.algorithm == "algorithm1") {
        let key = (thousandths(row.x), row.realization);
        let (Some(theirs), Some(ours)) = (comparison.objectives.get(&key), row.metrics.first())
        else {
            missing += 1;
            continue;
        };
        let difference = (ours - theirs).abs() / theirs.abs().max(f64::MIN_POSITIVE);
        worst = if difference.is_nan() {
            f64::INFINITY
        } else {
            worst.max(difference)
        };
        count += 1;
    }
    let line = format!(
        "Algorithm 1: {count} objectives against the released ones, largest relative difference {worst:.2e}, {missing} without a partner"
    );
    if worst <= EXACT && missing == 0 && count > 0 {
        report.grade = Grade::Exact;
    } else {
        report.grade = Grade::NotReproduced(line.clone());
        report.failures.push(line.clone());
    }
    report.notes.push(line);
}

/// Mean sum rate and CRLB of Algorithm 1 for every weight.
fn exact_means(records: &Records, comparison: &Comparison, report: &mut Report) {
    let (mut count, mut worst, mut outside) = (0, 0.0_f64, 0);
    for x in records.xs("algorithm1") {
        let Some(theirs) = comparison.means.get(&thousandths(x)) else {
            outside += 1;
            continue;
        };
        for (metric, published) in [(SUM_RATE, theirs[0]), (CRLB, theirs[1])] {
            let ours = records.summary("algorithm1", x, metric).mean;
            let difference = (ours - published).abs();
            let fine = difference <= (EXACT_MEANS * published.abs()).max(EXACT_MEANS_ABS);
            outside += usize::from(!fine);
            worst = worst.max(difference / published.abs().max(EXACT_MEANS_ABS));
            count += 1;
        }
    }
    let line = format!(
        "Algorithm 1: {count} means against the published ones, largest relative difference {worst:.2e}, {outside} outside 1e-8 relative or 1e-10 absolute"
    );
    if outside == 0 && count > 0 {
        report.grade = Grade::ExactMeans;
    } else {
        report.grade = Grade::NotReproduced(line.clone());
        report.failures.push(line.clone());
    }
    report.notes.push(line);
}

/// Whether the published means of Algorithm 1 lie within four half-widths of our intervals (and
/// rounding); otherwise only the trend is claimed.
fn statistical(records: &Records, s: &Sweep) -> Grade {
    let curve = &s.published[0];
    let near = |point: &published::Point| {
        let ours = records.summary(curve.algorithm, point[0], SUM_RATE);
        ours.n == 0
            || (ours.mean - point[1]).abs() <= 2.0 * (ours.high - ours.low) + 0.02 * point[1]
    };
    if curve.points.iter().all(near) {
        Grade::Statistical
    } else {
        Grade::Trend
    }
}

fn claims(records: &Records, s: &Sweep, comparison: &Comparison, report: &mut Report) {
    let mean = |method: &str, x: f64, metric| records.summary(method, x, metric).mean;
    match s.kind {
        Kind::Tradeoff => {
            let low = mean("accelerated", -7.0, SUM_RATE);
            let near = mean("accelerated", -5.0, SUM_RATE);
            let detail = format!(
                "Algorithm 1 from the released start has sum rate {:.3} at weight 1e-7 (published WMMSE-SDR 3.088); from regularised zero forcing the same objective gives {low:.3} there and {near:.3} at 1e-5",
                mean("algorithm1", -7.0, SUM_RATE)
            );
            report.claims.push(Claim::new(
                "The tradeoff region is close to that of WMMSE-SDR",
                Verdict::Partly,
                detail,
            ));
        }
        Kind::Users => {
            let wins = s.published[2].points.iter().filter(|p| {
                let ours = mean("algorithm1", p[0], OBJECTIVE);
                ours.is_nan() || ours >= p[3] - 1e-3
            });
            let count = wins.count();
            report.claims.push(Claim::new(
                "Algorithm 1 has the best objective for every number of users",
                if count == 6 { Verdict::Partly } else { Verdict::DoesNotHold },
                format!("above the released WMMSE-SDR at {count} of 6 points, whose rate term is weakened by an error in its interference weight; the best of several starts ends higher at every K: {}", objective_list(records, "best_of_starts")),
            ));
        }
        Kind::Power => {
            let (ours, theirs) = (mean("best_of_starts", -5.0, OBJECTIVE), -59.983);
            report.claims.push(Claim::new(
                "All methods perform alike over power",
                Verdict::Partly,
                format!("at -5 dBm Algorithm 1 stops early at {theirs} (published) by its unscaled step test; converged solvers reach {ours:.3}"),
            ));
            bracket(records, comparison, report);
        }
        Kind::Antennas | Kind::Table => {
            let xs = records.xs("accelerated");
            let gap =
                |x: f64| mean("accelerated", x, OBJECTIVE) - mean("low_dim_released", x, OBJECTIVE);
            let gaps: Vec<String> = xs
                .iter()
                .map(|&x| format!("Nt = {x}: {:.4}", gap(x)))
                .collect();
            report.claims.push(Claim::new(
                "The low-dimensional Algorithm 1 loses nothing",
                Verdict::of(xs.iter().all(|&x| gap(x) < 1e-3)),
                format!("the released variant stops below the converged objective by {}; in orthonormal coordinates nothing is lost", gaps.join(", ")),
            ));
            let gap = |x: f64| {
                mean("algorithm1_ns0", x, OBJECTIVE) - mean("algorithm1_ns6", x, OBJECTIVE)
            };
            let gaps: Vec<String> = xs
                .iter()
                .map(|&x| format!("Nt = {x}: {:.4}", gap(x)))
                .collect();
            report.claims.push(Claim::new(
                "Fewer sensing streams are better for large arrays",
                Verdict::DoesNotHold,
                format!("Ns = 0 minus Ns = 6 at the released tolerance: {}; converged runs agree, the difference is the stop rule", gaps.join(", ")),
            ));
        }
    }
}

fn objective_list(records: &Records, method: &str) -> String {
    let list = records.curve(method, OBJECTIVE);
    let texts: Vec<String> = list
        .iter()
        .map(|(x, s)| format!("{x}: {:.4}", s.mean))
        .collect();
    texts.join(", ")
}

/// The certificate holds every realisation, and the best of starts is no lower than the released
/// Algorithm 1 at 10 dBm on 95 of 100.
fn bracket(records: &Records, comparison: &Comparison, report: &mut Report) {
    let (mut broken, mut count) = (0, 0);
    for row in records
        .rows
        .iter()
        .filter(|r| r.algorithm == "upper_bound" && !r.failed)
    {
        let bound = row.metrics[OBJECTIVE];
        for method in ["best_of_starts", "algorithm1", "fp_sgda"] {
            if let Some(value) = records.value(method, row.x, row.realization, OBJECTIVE) {
                count += 1;
                broken += usize::from(value > bound + 1e-9 * bound.abs().max(1.0));
            }
        }
    }
    let line = format!(
        "the certificate lies above {} of {count} feasible objectives",
        count - broken
    );
    report.notes.push(line.clone());
    if broken > 0 {
        report.failures.push(line);
    }
    let (mut higher, mut compared) = (0, 0);
    for ((x, r), theirs) in &comparison.objectives {
        let ours = records.value("best_of_starts", *x as f64 / 1000.0, *r, OBJECTIVE);
        if let (10_000, Some(ours)) = (x, ours) {
            compared += 1;
            higher += usize::from(ours >= theirs - 1e-9);
        }
    }
    if compared > 0 {
        report.notes.push(format!("best of starts at 10 dBm: no lower than the released Algorithm 1 on {higher} of {compared} channels"));
    }
}

/// Median seconds per run.
fn timing(records: &Records, s: &Sweep) -> Timing {
    let mut timing = Timing::default();
    let mut panel = Panel::new(
        "",
        Axis::new(s.x.title()),
        Axis::log("Median time per run (s)"),
    );
    if matches!(s.kind, Kind::Antennas | Kind::Table) {
        panel.x = Axis::log(s.x.title());
    }
    for (method, label, style) in &s.curves {
        let mut points = Vec::new();
        for x in records.xs(method) {
            let seconds: Vec<f64> = records.at(method, x).filter_map(|r| r.seconds).collect();
            points.push([x, median(&seconds)]);
        }
        panel.line(*label, points, Style::curve(*style));
    }
    timing.figure = Figure::new("Time", vec![panel]);
    timing
}

/// Fig. 4: one panel per number of users.
pub(super) fn streams(records: &Records) -> Result<Report, Error> {
    let mut report = Report::default();
    let mut panels = Vec::new();
    for (users, published) in published::FIG4 {
        let mut panel = Panel::new(
            format!("K = {users}"),
            Axis::new("Sensing streams Ns"),
            Axis::new("Objective"),
        );
        panel.legend = crate::figure::Legend::Below;
        for (method, label, style) in curves(&["algorithm1", "accelerated"]) {
            let name = format!("k{users}_{method}");
            panel.mean_curve(label, records, &name, OBJECTIVE, Style::curve(style));
        }
        panel.published("Algorithm 1", published.to_vec(), Style::curve(0));
        panels.push(panel);
        for point in published {
            let name = format!("k{users}_algorithm1");
            let ours = records.summary(&name, point[0], OBJECTIVE);
            let what = format!("Algorithm 1, K = {users}, Ns = {}: objective", point[0]);
            let line = Compared::new(what, point[1], ours.mean, "");
            report.table.push(line.note(format!("n = {}", ours.n)));
        }
    }
    let best = |users: usize, streams: f64| {
        records
            .summary(&format!("k{users}_accelerated"), streams, OBJECTIVE)
            .mean
    };
    let needed: Vec<String> = (0..=3)
        .map(|users| {
            let top = best(users, 8.0);
            let first = (0..=8).find(|&n| best(users, f64::from(n)) >= top - 1e-2 * top.abs());
            format!(
                "K = {users}: {}",
                first.map_or("-".into(), |n| n.to_string())
            )
        })
        .collect();
    report.claims.push(Claim::new(
        "max(0, M - K) sensing streams suffice",
        Verdict::Partly,
        format!("least Ns within 1 % of Ns = 8 here (M = 3): {}; not in general: sets of targets exist that need more than M (never above 3M)", needed.join(", ")),
    ));
    let spread = (1..=3)
        .map(|k| (best(k, 8.0) - best(k, 4.0)).abs())
        .fold(0.0, f64::max);
    report.claims.push(Claim::new(
        "More streams than needed change nothing",
        Verdict::of(spread < 0.05),
        format!(
            "largest change of the mean objective from Ns = 4 to 8: {spread:.4} (local optima)"
        ),
    ));
    let mut figure = Figure::new("Objective against sensing streams", panels);
    figure.columns = 2;
    report.figure = figure;
    report.grade = Grade::Trend;
    Ok(report)
}
