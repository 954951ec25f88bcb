//! Figures 3 and 5 to 7 and Table I of `obs_crlb`: what they show and how they compare.

use std::collections::BTreeMap;

use super::claims;
use super::panels;
use super::sweep::{Comparison, Kind, Sweep};
use crate::obs_crlb::method::Method;
use crate::obs_crlb::published::thousandths;
use crate::obs_crlb::setup::{CRLB, SUM_RATE};
use isac_lab::error::Error;
use isac_lab::stats::median;
use isac_lab::verdict::{Ruling, Side};
use isac_lab::{Compared, Grade, Records, Report, Timing};
use isac_plot::figure::{Axis, Figure, Panel, Style};

/// Allowed relative difference per realisation, and of means.
const EXACT: f64 = 1e-9;
const EXACT_MEANS: f64 = 1e-8;
const EXACT_MEANS_ABS: f64 = 1e-10;

/// The report of Figs. 3 and 5 to 7 and of Table I.
pub(super) fn sweep(
    records: &Records,
    s: &Sweep,
    comparison: &Comparison,
) -> Result<Report, Error> {
    let mut report = Report {
        figure: panels::figure(records, s, comparison),
        table: table(records, s),
        grade: Grade::Statistical,
        ..Report::default()
    };
    if !comparison.objectives.is_empty() {
        exact_objectives(records, s, comparison, &mut report);
    } else if !comparison.means.is_empty() && comparison.full {
        exact_means(records, s, comparison, &mut report);
    } else if comparison.stored && comparison.full && s.kind.over_antennas() {
        first_column(records, s, comparison, &mut report);
    } else if comparison.printed {
        report.table = Vec::new();
        report.grade = Grade::Unpublished;
        report.notes.push(
            "the published numbers are those of the released scene and do not judge this one"
                .into(),
        );
    } else {
        let (grade, line) = statistical(records, s);
        report.grade = grade;
        report.notes.push(line);
    }
    claims::claims(records, s, comparison, &mut report);
    report.timing = timing(records, s);
    Ok(report)
}

fn table(records: &Records, s: &Sweep) -> Vec<Compared> {
    s.numbers.table(|row| {
        let ours = s.pairs().find(|(theirs, _)| theirs.algorithm == row.curve);
        let keys = ["objective", "sum_rate_nats", "crlb_trace"];
        let metric = keys.iter().position(|key| *key == row.metric);
        match (ours, metric) {
            (Some((_, ours)), Some(metric)) => records.values(ours.name, row.x, metric),
            _ => Vec::new(),
        }
    })
}

/// Every objective of Algorithm 1 within 1e-9 of the released one.
fn exact_objectives(records: &Records, s: &Sweep, comparison: &Comparison, report: &mut Report) {
    let released = &comparison.objectives;
    let (line, exact) = objectives_against(records, s.algorithm1, None, released);
    if exact {
        report.grade = Grade::Exact;
    } else {
        report.grade = Grade::NotReproduced(line.clone());
        report.failures.push(line.clone());
    }
    report.notes.push(line);
}

/// The objectives of a method, at one x or all, against released ones: a line of text and whether
/// all have a partner and agree.
fn objectives_against(
    records: &Records,
    method: &str,
    at: Option<f64>,
    released: &BTreeMap<(i64, usize), f64>,
) -> (String, bool) {
    let (mut count, mut worst, mut missing) = (0, 0.0_f64, 0);
    let chosen = |x: f64| at.is_none_or(|at| thousandths(at) == thousandths(x));
    let rows = records.rows.iter().filter(|r| r.algorithm == method);
    for row in rows.filter(|r| chosen(r.x)) {
        let key = (thousandths(row.x), row.realization);
        let (Some(theirs), Some(ours)) = (released.get(&key), row.metrics.first()) else {
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
        "{method}: {count} objectives against the released ones, largest relative difference {worst:.2e}, {missing} without a partner"
    );
    (line, worst <= EXACT && missing == 0 && count > 0)
}

/// Mean sum rate and CRLB of Algorithm 1 for every weight.
fn exact_means(records: &Records, s: &Sweep, comparison: &Comparison, report: &mut Report) {
    let (mut count, mut worst, mut outside) = (0, 0.0_f64, 0);
    for x in records.xs(s.algorithm1) {
        let Some(theirs) = comparison.means.get(&thousandths(x)) else {
            outside += 1;
            continue;
        };
        for (metric, published) in [(SUM_RATE, theirs[0]), (CRLB, theirs[1])] {
            let ours = records.summary(s.algorithm1, x, metric).mean;
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

/// The first column of Table I with the released channels: both forms of Algorithm 1 within 0.01 of
/// the two printed digits.
fn first_column(records: &Records, s: &Sweep, comparison: &Comparison, report: &mut Report) {
    let (mut count, mut worst) = (0, 0.0_f64);
    for (curve, own) in s.pairs().take(2) {
        let printed = curve.points[0];
        for (metric, published) in [(SUM_RATE, printed[1]), (CRLB, printed[2])] {
            let ours = records.summary(own.name, printed[0], metric).mean;
            let difference = (ours - published).abs();
            worst = if difference.is_nan() {
                f64::INFINITY
            } else {
                worst.max(difference)
            };
            count += 1;
        }
    }
    let line = format!(
        "Algorithm 1 on the released channels, Nt = 16: {count} means against the two printed digits, largest difference {worst:.4}"
    );
    report.grade = if worst <= 0.01 {
        Grade::Statistical
    } else {
        report.failures.push(line.clone());
        Grade::NotReproduced(line.clone())
    };
    report.notes.push(line);
    let released = &comparison.low_dim;
    let (line, exact) = objectives_against(
        records,
        Method::LowDimPublished.name(),
        Some(16.0),
        released,
    );
    if !exact {
        report.failures.push(line.clone());
    }
    report.notes.push(line);
}

/// Standard errors that the largest of many differences of means may have: of 36 normal ones at 95 % in
/// all the largest is below 3.2.
const ERRORS: f64 = 3.5;

/// `statistical` if every published mean of Algorithm 1 lies where another sample of draws would: its
/// distance from ours is at most [`ERRORS`] standard errors of the difference, with our spread for both
/// samples, and half a digit of the printed number. Otherwise the means differ, and it says by how much.
fn statistical(records: &Records, s: &Sweep) -> (Grade, String) {
    let curve = &s.published[0];
    let (mut compared, mut outside, mut worst) = (0, 0, (0.0_f64, String::new()));
    for (metric, column) in [(SUM_RATE, 1), (CRLB, 2)] {
        for point in &curve.points {
            let ours = records.summary(s.algorithm1, point[0], metric);
            if point[column].is_nan() || ours.n < 2 {
                continue;
            }
            let spread = ours.std * (1.0 / ours.n as f64 + 1.0 / s.draws as f64).sqrt();
            let room = ERRORS * spread + s.half_digit;
            let share = (ours.mean - point[column]).abs() / room;
            compared += 1;
            outside += usize::from(share > 1.0);
            if share > worst.0 {
                let key = if metric == SUM_RATE {
                    "sum rate"
                } else {
                    "CRLB"
                };
                worst = (share, format!("{key} at {} = {}", s.x.key, point[0]));
            }
        }
    }
    let line = format!(
        "{} of {compared} published means of Algorithm 1 lie within {ERRORS} standard errors of ours (published over {} draws); the farthest, {}, at {:.2} of that",
        compared - outside,
        s.draws,
        worst.1,
        worst.0
    );
    let grade = match (compared, outside) {
        (0, _) => Grade::Trend,
        (_, 0) => Grade::Statistical,
        _ => Grade::NotReproduced(line.clone()),
    };
    (grade, line)
}

/// Median seconds per run, the published ones of Fig. 5 beside.
fn timing(records: &Records, s: &Sweep) -> Timing {
    let table = s.times.table(|row| {
        let rows = records.at(&row.curve, row.x);
        let seconds: Vec<f64> = rows.filter_map(|r| r.seconds).collect();
        let median = median(&seconds);
        if median.is_nan() {
            Vec::new()
        } else {
            vec![median]
        }
    });
    let mut timing = Timing {
        table,
        ..Timing::default()
    };
    for line in &mut timing.table {
        if let (Some(theirs), Some(ours)) = (line.published, line.ours) {
            line.note = format!("{:.1} times ours; {}", theirs / ours, line.note);
        }
    }
    let mut panel = Panel::new(
        "",
        Axis::new(s.x.title()),
        Axis::log("Median time per run (s)"),
    );
    if matches!(s.kind, Kind::Antennas | Kind::Table) {
        panel.x = Axis::log(s.x.title());
    }
    for curve in &s.curves {
        let mut points = Vec::new();
        for x in records.xs(curve.name) {
            let rows = records.at(curve.name, x);
            let seconds: Vec<f64> = rows.filter_map(|r| r.seconds).collect();
            points.push([x, median(&seconds)]);
        }
        panel.line(curve.label, points, Style::curve(curve.style));
    }
    for curve in &s.curves {
        let points = s.times.points(curve.name, "seconds");
        if !points.is_empty() {
            panel.published(curve.label, points, Style::curve(curve.style));
        }
    }
    timing.figure = Figure::new("Time per run", vec![panel]);
    if s.kind.over_antennas() {
        timing.notes.push(fastest(records, s));
    }
    timing
}

/// Whether the low-dimensional form is the fastest, by medians at each size. Depends on the clock, so
/// it stands in no file.
fn fastest(records: &Records, s: &Sweep) -> String {
    let seconds = |method: &str, x: f64| {
        let all: Vec<f64> = records.at(method, x).filter_map(|r| r.seconds).collect();
        median(&all)
    };
    let low_dim = Method::LowDimPublished.name();
    // The full algorithm runs in orthonormal coordinates here, which are ours: it says nothing
    // against the paper's comparison.
    let rivals = [Method::FpSgdaReleased, Method::WmmseSdrReleased].map(Method::name);
    let xs = records.xs(low_dim);
    let times = |method: &str, x: f64| -> BTreeMap<usize, f64> {
        let rows = records.at(method, x);
        rows.filter_map(|r| Some((r.realization, r.seconds?)))
            .collect()
    };
    let ruling = Ruling::together(xs.iter().flat_map(|&x| {
        rivals.map(|rival| {
            let own = times(low_dim, x);
            let theirs = times(rival, x);
            let leads: Vec<f64> = own
                .iter()
                .filter_map(|(r, own)| Some(theirs.get(r)? / own))
                .collect();
            (
                format!("{rival} at Nt = {x}"),
                Ruling::mean(&leads, Side::AtLeast(1.0)),
            )
        })
    }));
    let texts: Vec<String> = xs
        .iter()
        .map(|&x| {
            format!(
                "Nt = {x}: {:.2e} s, full {:.2e} s, L-BFGS {:.2e} s",
                seconds(low_dim, x),
                seconds(s.algorithm1, x),
                seconds(Method::Accelerated.name(), x)
            )
        })
        .collect();
    format!(
        "the released low-dimensional form is faster than the paper's other methods -- {} (times over its own: {}); medians: {}",
        ruling.verdict.name(),
        ruling.rule,
        texts.join("; ")
    )
}
