//! Figures 3 to 7 and Table I of `obs_crlb`: what they show and how they compare.

use std::collections::BTreeMap;

use super::claims;
use super::method::Method;
use super::published::{self, thousandths};
use super::random_instances;
use super::setup::{CRLB, OBJECTIVE, SUM_RATE};
use super::sweep::{Comparison, Curve, Kind, Of, Sweep, algorithm1, style};
use isac_lab::error::Error;
use isac_lab::stats::median;
use isac_lab::verdict::{Claim, Ruling, Side};
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
        figure: figure(records, s),
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
        report.grade = statistical(records, s);
    }
    claims::claims(records, s, comparison, &mut report);
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
    panel.legend = isac_plot::figure::Legend::Below;
    for curve in &s.curves {
        let bound = curve.of == Of::Bound;
        let has = !records.xs(curve.name).is_empty();
        if has && !(bound && metric != OBJECTIVE) {
            let style = if bound {
                Style::curve(curve.style).dashed().no_marker()
            } else {
                Style::curve(curve.style)
            };
            let label = with_number(curve, records, s);
            isac_lab::curves::mean_curve(&mut panel, label, records, curve.name, metric, style);
        }
    }
    for (published, ours) in s.pairs() {
        let column = [3, 1, 2][metric];
        let points: Vec<[f64; 2]> = published
            .points
            .iter()
            .map(|p| [p[0], p[column]])
            .filter(|p| p[1].is_finite())
            .collect();
        if !points.is_empty() {
            panel.published(published.label, points, Style::curve(ours.style));
        }
    }
    panel
}

/// The label of a curve, with the number of channels behind it where that is not the figure's.
fn with_number(curve: &Curve, records: &Records, s: &Sweep) -> String {
    let most = |name: &str| {
        let curve = records.curve(name, OBJECTIVE);
        curve.iter().map(|(_, summary)| summary.n).max()
    };
    match (most(curve.name), most(s.curves[0].name)) {
        (Some(n), Some(all)) if n < all => format!("{} (n = {n})", curve.label),
        _ => curve.label.into(),
    }
}

fn tradeoff_panel(records: &Records, s: &Sweep) -> Panel {
    let mut panel = Panel::new(
        "",
        Axis::log("Trace of the CRLB"),
        Axis::new("Sum rate (nats/s/Hz)"),
    );
    for curve in &s.curves {
        let rate = records.curve(curve.name, SUM_RATE);
        let crlb = records.curve(curve.name, CRLB);
        let points = rate.iter().zip(&crlb).map(|(r, c)| [c.1.mean, r.1.mean]);
        let label = with_number(curve, records, s);
        panel.line(label, points.collect(), Style::curve(curve.style));
    }
    for (published, ours) in s.pairs() {
        let points = published.points.iter().map(|p| [p[2], p[1]]).collect();
        panel.published(published.label, points, Style::curve(ours.style));
    }
    panel
}

fn table_panel(records: &Records, s: &Sweep) -> Panel {
    let xs = records.xs(s.curves[0].name);
    let mut heads = vec!["(sum rate, CRLB)".to_string()];
    heads.extend(xs.iter().map(|x| format!("Nt = {x}")));
    let mut rows = Vec::new();
    for curve in s.curves.iter().filter(|c| c.of != Of::Bound) {
        let mut row = vec![with_number(curve, records, s)];
        for &x in &xs {
            let mean = |metric| records.summary(curve.name, x, metric).mean;
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
    for (curve, ours) in s.pairs() {
        for point in curve.points {
            for (metric, column, name) in [
                (OBJECTIVE, 3, "objective"),
                (SUM_RATE, 1, "sum rate"),
                (CRLB, 2, "CRLB"),
            ] {
                if !point[column].is_finite() {
                    continue;
                }
                let summary = records.summary(ours.name, point[0], metric);
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

/// `statistical` if the published means of Algorithm 1 lie within two widths of our intervals and
/// 2 %; `trend` if at least every rise and fall of ours is the published one.
fn statistical(records: &Records, s: &Sweep) -> Grade {
    let curve = &s.published[0];
    let own = s.algorithm1;
    let (mut near, mut outside, mut turned) = (true, 0, 0);
    for (metric, column) in [(SUM_RATE, 1), (CRLB, 2)] {
        let ours = |point: &published::Point| records.summary(own, point[0], metric);
        let known: Vec<_> = (curve.points.iter())
            .map(|point| (point[column], ours(point)))
            .filter(|(published, ours)| published.is_finite() && ours.n > 0)
            .collect();
        for (published, ours) in &known {
            let room = 2.0 * (ours.high - ours.low) + 0.02 * published.abs();
            if (ours.mean - published).abs() > room {
                near = false;
                outside += 1;
            }
        }
        for pair in known.windows(2) {
            let published = pair[1].0 - pair[0].0;
            let ours = pair[1].1.mean - pair[0].1.mean;
            let flat = published.abs() <= 0.05 * pair[0].0.abs();
            turned += usize::from(!flat && published.signum() * ours < 0.0);
        }
    }
    if near {
        Grade::Statistical
    } else if turned == 0 {
        Grade::Trend
    } else {
        Grade::NotReproduced(format!(
            "{outside} means of Algorithm 1 are off and {turned} turn the other way"
        ))
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
    for curve in &s.curves {
        let mut points = Vec::new();
        for x in records.xs(curve.name) {
            let rows = records.at(curve.name, x);
            let seconds: Vec<f64> = rows.filter_map(|r| r.seconds).collect();
            points.push([x, median(&seconds)]);
        }
        panel.line(curve.label, points, Style::curve(curve.style));
    }
    timing.figure = Figure::new("Time", vec![panel]);
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

/// Fig. 4: one panel per number of users.
pub(super) fn streams(records: &Records, printed: bool) -> Result<Report, Error> {
    let algorithm1 = algorithm1(printed);
    let mut report = Report::default();
    let mut panels = Vec::new();
    let (mut near, mut below) = (true, 0);
    for published in published::FIG4 {
        let users = published.users;
        let mut panel = Panel::new(
            format!("K = {users}"),
            Axis::new("Sensing streams Ns"),
            Axis::new("Objective"),
        );
        panel.legend = isac_plot::figure::Legend::Below;
        let name = |method: Method| format!("k{users}_{}", method.name());
        // Few streams cost WMMSE-SDR orders of magnitude; the panel shows the others' range.
        let lowest = published
            .algorithm1
            .iter()
            .map(|p| p[1])
            .fold(0.0, f64::min);
        let floor = lowest - 0.5 * lowest.abs();
        for method in [algorithm1, Method::BestOfStarts] {
            let style = Style::curve(style(method));
            isac_lab::curves::mean_curve(
                &mut panel,
                method.label(),
                records,
                &name(method),
                OBJECTIVE,
                style,
            );
        }
        for method in [Method::WmmseSdrReleased, Method::WmmseSdr] {
            let (label, style) = (method.label(), style(method));
            let curve = records.curve(&name(method), OBJECTIVE);
            let all: Vec<[f64; 2]> = curve.iter().map(|(x, s)| [*x, s.mean]).collect();
            let seen: Vec<[f64; 2]> = all.iter().copied().filter(|p| p[1] >= floor).collect();
            below += all.len() - seen.len();
            let n = curve.iter().map(|(_, s)| s.n).max().unwrap_or(0);
            panel.line(format!("{label} (n = {n})"), seen, Style::curve(style));
        }
        let seen = |points: &[[f64; 2]]| -> Vec<[f64; 2]> {
            points.iter().copied().filter(|p| p[1] >= floor).collect()
        };
        let sdr = seen(published.wmmse_sdr);
        below += published.wmmse_sdr.len() - sdr.len();
        panel.published(
            "Algorithm 1",
            published.algorithm1.to_vec(),
            Style::curve(0),
        );
        panel.published("WMMSE-SDR", sdr, Style::curve(2));
        panels.push(panel);
        for (method, label, points) in [
            (algorithm1, "Algorithm 1", published.algorithm1),
            (Method::WmmseSdrReleased, "WMMSE-SDR", published.wmmse_sdr),
        ] {
            for point in points {
                let ours = records.summary(&name(method), point[0], OBJECTIVE);
                let what = format!("{label}, K = {users}, Ns = {}: objective", point[0]);
                let line = Compared::new(what, point[1], ours.mean, "");
                report.table.push(line.note(format!("n = {}", ours.n)));
                let room = 2.0 * (ours.high - ours.low) + 0.02 * point[1].abs();
                let compared = method == algorithm1 && users > 0 && ours.n > 1;
                near &= !compared || (ours.mean - point[1]).abs() <= room;
            }
        }
    }
    let best = |users: usize, streams: f64| {
        let name = format!("k{users}_{}", Method::BestOfStarts.name());
        records.summary(&name, streams, OBJECTIVE).mean
    };
    // Shortfall of fewer streams, as a share of the objective with more.
    let short = |users: usize, few: f64, many: f64| {
        let name = format!("k{users}_{}", Method::BestOfStarts.name());
        let rows = records.joint(&[(&name, few), (&name, many)], OBJECTIVE);
        let short = rows.iter().map(|v| (v[1] - v[0]) / v[1].abs());
        short.collect::<Vec<f64>>()
    };
    let mut needed = Vec::new();
    let suffice = Ruling::together((0..=3_usize).map(|users| {
        let top = best(users, 8.0);
        let first = (0..=8_u32).find(|&n| best(users, f64::from(n)) >= top - 1e-2 * top.abs());
        needed.push(format!(
            "K = {users}: {}",
            first.map_or("-".into(), |n| n.to_string())
        ));
        let few = (3 - users) as f64;
        let loss = short(users, few, 8.0);
        let ruling = match loss[..] {
            [one] if users == 0 => Ruling::fact(one <= 0.01, "without users there is no channel"),
            _ => Ruling::mean(&loss, Side::AtMost(0.01)),
        };
        (format!("K = {users}, Ns = {few} against 8"), ruling)
    }));
    report.claims.push(Claim::new(
        "max(0, M - K) sensing streams suffice for the paper's targets",
        suffice,
        format!(
            "least Ns whose mean is within 1 % of Ns = 8 (M = 3): {}",
            needed.join(", ")
        ),
    ));
    let ([sets, above, above_three], text) = random_instances::streams_found(records);
    report.claims.push(Claim::new(
        "M streams suffice for sensing alone, on the sets of targets tried",
        Ruling::every(sets - above, sets),
        format!("least Ns within 1e-5 of the certified optimum (sets of random targets): {text}"),
    ));
    report.claims.push(Claim::new(
        "3M streams suffice for sensing alone (Lemma 5)",
        Ruling::every(sets - above_three, sets),
        "",
    ));
    let unchanged = Ruling::together((1..=3).map(|users| {
        let loss = short(users, 4.0, 8.0);
        (
            format!("K = {users}"),
            Ruling::mean(&loss, Side::Between(-0.01, 0.01)),
        )
    }));
    report.claims.push(Claim::new(
        "More streams than needed change nothing",
        unchanged,
        "share of the objective from Ns = 4 to 8",
    ));
    let mut figure = Figure::new("Objective against sensing streams", panels);
    figure.columns = 2;
    if below > 0 {
        figure = figure.footnote(format!(
            "{below} points of WMMSE-SDR with few streams lie below the panels (table)"
        ));
    }
    report.figure = figure;
    report.grade = if near {
        Grade::Statistical
    } else {
        Grade::Trend
    };
    Ok(report)
}
