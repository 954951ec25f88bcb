//! Figures 3 and 5 to 7 and Table I of `obs_crlb` as they are drawn.

use super::sweep::{Comparison, Curve, Kind, Sweep};
use crate::obs_crlb::method::Method;
use crate::obs_crlb::published::{self, thousandths};
use crate::obs_crlb::setup::{CRLB, OBJECTIVE, SUM_RATE};
use isac_lab::stats::Summary;
use isac_lab::{Record, Records};
use isac_plot::figure::{Axis, Colour, Figure, Panel, Style};

/// The figure of a sweep.
pub(super) fn figure(records: &Records, s: &Sweep, comparison: &Comparison) -> Figure {
    let title = s.title;
    match s.kind {
        Kind::Tradeoff => {
            // At all sixty weights where the user has the released means.
            let theirs = if comparison.whole_tradeoff.is_empty() {
                &s.published
            } else {
                &comparison.whole_tradeoff
            };
            let panels = vec![
                tradeoff_panel(records, s, theirs),
                shortfall_panel(records, s, theirs),
            ];
            Figure::new(title, panels)
        }
        Kind::Table => Figure::new(title, vec![table_panel(records, s)]),
        Kind::Antennas => {
            let panels = vec![
                panel(records, s, SUM_RATE, Axis::new("Sum rate (nats/s/Hz)")),
                panel(records, s, CRLB, Axis::log("Trace of the CRLB")),
                cost_panel(records, s),
            ];
            Figure::new(title, panels).footnote("cost: iterations times the operations of one by Section III-E, which no clock enters; measured times stand in timing.png beside the published ones").footnote("the paper labels half the true number of antennas")
        }
        Kind::Users | Kind::Power => {
            let panels = vec![
                panel(records, s, OBJECTIVE, Axis::new("Objective")),
                panel(records, s, SUM_RATE, Axis::new("Sum rate (nats/s/Hz)")),
                panel(records, s, CRLB, Axis::log("Trace of the CRLB")),
            ];
            let mut panels = panels;
            panels.push(lead_panel(records, s));
            panels.push(gap_panel(records, s));
            let mut figure = Figure::new(title, panels).footnote("hollow markers: published means");
            figure.columns = 2;
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
        let bound = curve.is_bound();
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

/// Operations of an iteration of Algorithm 1 by Section III-E of [obs_crlb], up to a factor, for four users and two targets.
pub(super) fn operations(antennas: f64, receivers: f64, streams: f64) -> f64 {
    let (k, m): (f64, f64) = (4.0, 2.0);
    m.powi(3)
        + m * m * (antennas + receivers)
        + k * k * antennas
        + k * antennas * antennas
        + streams * antennas * antennas
}

/// What Algorithm 1 costs in the full dimension and in that of Proposition 5, and the published run times,
/// each relative to its first point.
fn cost_panel(records: &Records, s: &Sweep) -> Panel {
    let y = Axis::log("Cost relative to Nt = 16");
    let mut panel = Panel::new("", Axis::log(s.x.title()), y);
    panel.legend = isac_plot::figure::Legend::Below;
    let relative = |points: Vec<[f64; 2]>| -> Vec<[f64; 2]> {
        let first = points.first().map_or(f64::NAN, |p| p[1]);
        points.iter().map(|p| [p[0], p[1] / first]).collect()
    };
    for (i, curve) in s.curves.iter().take(3).enumerate() {
        let streams = if i == 1 { 0.0 } else { 6.0 };
        // In the low-dimensional form Nt is K + 3M = 10; the receive array grows as it does.
        let inside = |x: f64| if i == 2 { 10.0 } else { x };
        let iterations = records.curve(curve.name, 3).into_iter();
        let points =
            iterations.map(|(x, count)| [x, count.mean * operations(inside(x), 1.25 * x, streams)]);
        let points = relative(points.collect());
        panel.line(
            format!("{}, operations", curve.label),
            points,
            Style::curve(curve.style),
        );
    }
    for curve in &s.curves {
        let points = relative(s.times.points(curve.name, "seconds"));
        if !points.is_empty() {
            panel.published(
                &format!("{}, time", curve.label),
                points,
                Style::curve(curve.style),
            );
        }
    }
    panel
}

fn tradeoff_panel(records: &Records, s: &Sweep, theirs: &[published::Curve]) -> Panel {
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
    panel.legend = isac_plot::figure::Legend::Below;
    for (published, (_, ours)) in theirs.iter().zip(s.pairs()) {
        let points = published.points.iter().map(|p| [p[2], p[1]]).collect();
        panel.published(published.label, points, Style::curve(ours.style));
    }
    panel
}

/// How far objectives lie below the best curve at the same weight: ours channel by channel below the best
/// of ours, the published means below the best of them. The curves of the region lie on each other.
fn shortfall_panel(records: &Records, s: &Sweep, theirs: &[published::Curve]) -> Panel {
    // The best itself stands on the lower edge.
    const EDGE: f64 = 1e-6;
    let y = Axis::log("Objective below the best curve (share)").range(EDGE, 1.0);
    let mut panel = Panel::new("", Axis::new(s.x.title()), y);
    panel.legend = isac_plot::figure::Legend::Below;
    let best = |x: f64, r: usize| {
        let all = s.curves.iter();
        let all = all.filter_map(|c| records.value(c.name, x, r, OBJECTIVE));
        all.fold(f64::NEG_INFINITY, f64::max)
    };
    for curve in &s.curves {
        let mean = |x: f64| {
            let rows = records.at(curve.name, x).filter(|row| !row.failed);
            let shares: Vec<f64> = rows
                .map(|row| {
                    let best = best(x, row.realization);
                    (best - row.metrics[OBJECTIVE]) / best.abs()
                })
                .collect();
            [x, Summary::of(&shares).mean.max(EDGE)]
        };
        let points = records.xs(curve.name).into_iter().map(mean).collect();
        let label = with_number(curve, records, s);
        panel.line(label, points, Style::curve(curve.style));
    }
    let objective = |p: &published::Point| 10f64.powf(p[0]) * p[1] - p[2];
    let best = |x: f64| {
        let points = theirs.iter().flat_map(|curve| &curve.points);
        let here = points.filter(|p| thousandths(p[0]) == thousandths(x));
        here.map(objective).fold(f64::NEG_INFINITY, f64::max)
    };
    for (published, (_, ours)) in theirs.iter().zip(s.pairs()) {
        let share = |p: &published::Point| {
            let best = best(p[0]);
            [p[0], ((best - objective(p)) / best.abs()).max(EDGE)]
        };
        let points = published.points.iter().map(share).collect();
        panel.published(published.label, points, Style::curve(ours.style));
    }
    panel
}

/// The objective of every curve less that of Algorithm 1, channel by channel: what the panels beside it
/// are too coarse for.
fn lead_panel(records: &Records, s: &Sweep) -> Panel {
    let y = Axis::new("Objective less that of Algorithm 1");
    let mut panel = Panel::new("", Axis::new(s.x.title()), y);
    panel.legend = isac_plot::figure::Legend::Below;
    let methods = s.curves.iter().filter(|c| !c.is_bound());
    for curve in methods.filter(|c| c.name != s.algorithm1) {
        let leads = differences(records, curve.name, s.algorithm1);
        if leads.rows.is_empty() {
            continue;
        }
        let label = with_number(curve, records, s);
        let style = Style::curve(curve.style);
        isac_lab::curves::mean_curve(&mut panel, label, &leads, curve.name, 0, style);
    }
    let first = &s.published[0].points;
    for (published, ours) in s.pairs().skip(1) {
        let points = published.points.iter().zip(first);
        let lead = points.map(|(p, base)| [p[0], p[3] - base[3]]).collect();
        panel.published(published.label, lead, Style::curve(ours.style));
    }
    let zero = Style::curve(0).colour(Colour::Grey).no_marker();
    panel.horizontal("", 0.0, zero);
    panel
}

/// The objectives of a curve less those of another, channel by channel.
fn differences(records: &Records, curve: &str, base: &str) -> Records {
    let mut out = Records::default();
    for x in records.xs(curve) {
        let pairs = records.paired((curve, x), (base, x), OBJECTIVE);
        let rows = pairs.into_iter().enumerate();
        let row = |(r, difference)| Record::exact(curve, x, r, vec![difference]);
        out.rows.extend(rows.map(row));
    }
    out
}

/// How far the best of starts can be from the optimum: each bound less its objective.
fn gap_panel(records: &Records, s: &Sweep) -> Panel {
    let y = Axis::log("Bound less the best of starts");
    let mut panel = Panel::new("", Axis::new(s.x.title()), y);
    panel.legend = isac_plot::figure::Legend::Below;
    let best = Method::BestOfStarts.name();
    for curve in s.curves.iter().filter(|c| c.is_bound()) {
        let gaps = differences(records, curve.name, best);
        if gaps.rows.is_empty() {
            continue;
        }
        let label = with_number(curve, records, s);
        let style = Style::curve(curve.style);
        isac_lab::curves::mean_curve(&mut panel, label, &gaps, curve.name, 0, style);
    }
    panel
}

fn table_panel(records: &Records, s: &Sweep) -> Panel {
    let xs = records.xs(s.curves[0].name);
    let mut heads = vec!["(sum rate, CRLB)".to_string()];
    heads.extend(xs.iter().map(|x| format!("Nt = {x}")));
    let mut rows = Vec::new();
    for curve in s.curves.iter().filter(|c| !c.is_bound()) {
        let mut row = vec![with_number(curve, records, s)];
        for &x in &xs {
            let mean = |metric| records.summary(curve.name, x, metric).mean;
            row.push(format!("({:.2}, {:.2})", mean(SUM_RATE), mean(CRLB)));
        }
        rows.push(row);
    }
    for curve in &s.published {
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

#[cfg(test)]
mod tests {
    use super::operations;

    #[test]
    fn operations_by_hand() {
        // 8 + 4 (16 + 20) + 16 * 16 + 4 * 256 + 6 * 256.
        assert!((operations(16.0, 20.0, 6.0) - 2968.0).abs() < 1e-9);
    }
}
