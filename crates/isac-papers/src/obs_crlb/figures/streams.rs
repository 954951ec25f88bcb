//! Fig. 4: what it shows, one panel per number of users, and what may be said of the streams.

use super::random_instances;
use super::sweep::{GLOBAL_BOUND, algorithm1, style};
use crate::obs_crlb::method::Method;
use crate::obs_crlb::setup::{CRLB, OBJECTIVE};
use isac_lab::error::Error;
use isac_lab::published::Numbers;
use isac_lab::verdict::{Claim, Ruling, Side};
use isac_lab::{Grade, Records, Report};
use isac_plot::figure::{Axis, Figure, Legend, Panel, Style};

fn name(users: usize, method: Method) -> String {
    format!("k{users}_{}", method.name())
}

/// The report; `delta_s` is the weight of the CRLB.
pub(super) fn report(
    records: &Records,
    numbers: &Numbers,
    printed: bool,
    delta_s: f64,
) -> Result<Report, Error> {
    let algorithm1 = algorithm1(printed);
    let mut panels = Vec::new();
    let (mut near, mut below) = (true, 0);
    for users in 0..=3_usize {
        let (panel, left_out) = panel(records, numbers, algorithm1, users);
        panels.push(panel);
        below += left_out;
        for [x, theirs] in numbers.points(&name(users, Method::Algorithm1Released), "objective") {
            let ours = records.summary(&name(users, algorithm1), x, OBJECTIVE);
            let room = 2.0 * (ours.high - ours.low) + 0.02 * theirs.abs();
            let compared = users > 0 && ours.n > 1;
            near &= !compared || (ours.mean - theirs).abs() <= room;
        }
    }
    let mut figure = Figure::new("Objective against sensing streams", panels);
    figure.columns = 2;
    if below > 0 {
        figure = figure.footnote(format!(
            "{below} points of WMMSE-SDR with few streams lie below the panels (table)"
        ));
    }
    Ok(Report {
        figure,
        table: numbers.table(|row| {
            let released = Method::Algorithm1Released.name();
            let name = row.curve.replace(released, algorithm1.name());
            records.values(&name, row.x, OBJECTIVE)
        }),
        claims: claims(records, delta_s),
        grade: if near {
            Grade::Statistical
        } else {
            Grade::Trend
        },
        ..Report::default()
    })
}

/// The panel of a number of users, and how many points lie below it.
fn panel(records: &Records, numbers: &Numbers, algorithm1: Method, users: usize) -> (Panel, usize) {
    let published = |method: Method| numbers.points(&name(users, method), "objective");
    let theirs_sdr = published(Method::WmmseSdrReleased);
    let theirs = published(Method::Algorithm1Released);
    let mut panel = Panel::new(
        format!("K = {users}"),
        Axis::new("Sensing streams Ns"),
        Axis::new("Objective"),
    );
    panel.legend = Legend::Below;
    // Few streams cost WMMSE-SDR orders of magnitude; the panel shows the others' range.
    let lowest = theirs.iter().map(|p| p[1]).fold(0.0, f64::min);
    let floor = lowest - 0.5 * lowest.abs();
    let seen = |points: &[[f64; 2]]| -> Vec<[f64; 2]> {
        points.iter().copied().filter(|p| p[1] >= floor).collect()
    };
    let mut below = 0;
    for method in [algorithm1, Method::BestOfStarts] {
        let style = Style::curve(style(method));
        let key = name(users, method);
        isac_lab::curves::mean_curve(&mut panel, method.label(), records, &key, OBJECTIVE, style);
    }
    for method in [Method::WmmseSdrReleased, Method::WmmseSdr] {
        let curve = records.curve(&name(users, method), OBJECTIVE);
        let all: Vec<[f64; 2]> = curve.iter().map(|(x, s)| [*x, s.mean]).collect();
        let shown = seen(&all);
        below += all.len() - shown.len();
        let n = curve.iter().map(|(_, s)| s.n).max().unwrap_or(0);
        let label = format!("{} (n = {n})", method.label());
        panel.line(label, shown, Style::curve(style(method)));
    }
    let bound = records.curve(&format!("k{users}_{GLOBAL_BOUND}"), OBJECTIVE);
    if let Some((_, bound)) = bound.first() {
        let style = Style::curve(9).dashed().no_marker();
        let label = format!("No number of streams exceeds this (n = {})", bound.n);
        panel.horizontal(label, bound.mean, style);
    }
    let sdr = seen(&theirs_sdr);
    below += theirs_sdr.len() - sdr.len();
    panel.published("Algorithm 1", theirs, Style::curve(0));
    panel.published("WMMSE-SDR", sdr, Style::curve(2));
    (panel, below)
}

/// What the paper says of the number of streams.
fn claims(records: &Records, delta_s: f64) -> Vec<Claim> {
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
    let mut claims = Vec::new();
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
    claims.push(Claim::new(
        "max(0, M - K) sensing streams suffice for the paper's targets",
        suffice,
        format!(
            "least Ns whose mean is within 1 % of Ns = 8 (M = 3): {}",
            needed.join(", ")
        ),
    ));
    claims.push(Claim::new(
        "max(0, M - K) sensing streams reach the global optimum (ours)",
        Ruling::together((1..=3_usize).map(|users| {
            let gaps = below_bound(records, users, (3 - users) as f64, delta_s);
            (format!("K = {users}"), Ruling::mean(&gaps, Side::AtMost(2e-3)))
        })),
        "distance to a bound for any number of streams, proved to a thousandth of the two terms, relative to these",
    ));
    let ([sets, above, above_three], text) = random_instances::streams_found(records);
    claims.push(Claim::new(
        "M streams suffice for sensing alone, on the sets of targets tried",
        Ruling::every(sets - above, sets),
        format!("least Ns within 1e-5 of the certified optimum (sets of random targets): {text}"),
    ));
    claims.push(Claim::new(
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
    claims.push(Claim::new(
        "More streams than needed change nothing",
        unchanged,
        "share of the objective from Ns = 4 to 8",
    ));
    claims
}

/// How far the best of starts with so many streams lies below the bound for any number, relative to the
/// two terms of the objective.
fn below_bound(records: &Records, users: usize, streams: f64, delta_s: f64) -> Vec<f64> {
    let bound = format!("k{users}_{GLOBAL_BOUND}");
    let best = name(users, Method::BestOfStarts);
    let gap = |r: usize, bound: f64| {
        let value = |metric| records.value(&best, streams, r, metric);
        let objective = value(OBJECTIVE)?;
        Some((bound - objective) / (objective + 2.0 * delta_s * value(CRLB)?))
    };
    let rows = records.at(&bound, 0.0).filter(|row| !row.failed);
    rows.filter_map(|row| gap(row.realization, row.metrics[OBJECTIVE]))
        .collect()
}
