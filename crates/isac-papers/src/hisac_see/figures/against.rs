//! Our draws behind the published numbers of the sweeps, and where those stand in the panels.

use super::sweep::{along, gains};
use isac_lab::Records;
use isac_lab::published::{Numbers, Published};
use isac_plot::figure::{Colour, Panel, Style};

/// No number is published.
pub(super) fn nothing(_: &Records, _: &Published) -> Vec<f64> {
    Vec::new()
}

/// Nothing is marked.
pub(super) fn unmarked(_: &Records, _: &Numbers, _: &mut Panel) {}

/// Gains of the printed fixed split over another scheme at the same x, percent.
pub(super) fn gains_of_fixed_split(records: &Records, row: &Published) -> Vec<f64> {
    gains(records, ("rsma_fixed", row.x), (&row.curve, row.x))
}

/// What an error costs against no error, percent.
pub(super) fn losses(records: &Records, row: &Published) -> Vec<f64> {
    let gains = gains(records, (&row.curve, row.x), (&row.curve, 0.0));
    gains.iter().map(|gain| -gain).collect()
}

/// The published losses through our mean without error.
pub(super) fn mark_losses(records: &Records, numbers: &Numbers, panel: &mut Panel) {
    let clear = records.summary("rsma_fixed", 0.0, 0).mean;
    let points = numbers.points("rsma_fixed", "loss_percent").into_iter();
    let points = points.map(|[x, loss]| [x, clear * (1.0 - loss / 100.0)]);
    panel.published(
        "Loss of RSMA, through ours without error",
        points.collect(),
        Style::curve(1),
    );
}

/// Slopes of the front between weights 0.3 and 0.7, draw by draw, dB per bps/Hz.
pub(super) fn slopes(records: &Records) -> Vec<f64> {
    let ends = [("rsma_fixed", 0.7), ("rsma_fixed", 0.3)];
    let (scnrs, rates) = (records.joint(&ends, 2), records.joint(&ends, 1));
    let pairs = scnrs.iter().zip(&rates);
    pairs
        .map(|(s, r)| (s[0] - s[1]) / (r[0] - r[1]))
        .filter(|slope| slope.is_finite())
        .collect()
}

/// Gains of one array over the one before it in the text, percent: arrays by index.
pub(super) fn steps_of_arrays(records: &Records, row: &Published) -> Vec<f64> {
    let from = if row.x > 2.5 { row.x - 1.0 } else { 0.0 };
    gains(records, (&row.curve, row.x), (&row.curve, from))
}

/// The published ratios through our mean for (12, 12).
pub(super) fn mark_arrays(records: &Records, numbers: &Numbers, panel: &mut Panel) {
    let ratio = |x: f64| {
        let gain = numbers.value("middle", x, "gain_percent");
        gain.map_or(f64::NAN, |gain| 1.0 + gain / 100.0)
    };
    let middle = records.summary("middle", 2.0, 0).mean;
    let points = vec![
        [0.0, middle / ratio(2.0)],
        [2.0, middle],
        [3.0, middle * ratio(3.0)],
        [4.0, middle * ratio(3.0) * ratio(4.0)],
    ];
    panel.published("Ratios, through ours at (12, 12)", points, Style::curve(1));
}

/// Where the mean of a curve is largest.
pub(super) fn peak(records: &Records, row: &Published) -> Vec<f64> {
    let points = along(records, &row.curve, 0).into_iter();
    let points = points.filter(|(_, mean)| mean.is_finite() && *mean > 0.0);
    let top = points.max_by(|a, b| a.1.total_cmp(&b.1));
    match row.metric.as_str() {
        "peak" => top.map(|(x, _)| x).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// A line at the published peak.
pub(super) fn mark_peak(_: &Records, numbers: &Numbers, panel: &mut Panel) {
    for row in numbers.rows.iter().filter(|row| row.metric == "peak") {
        let style = Style::curve(6).colour(Colour::Grey).dashed();
        panel.vertical("Peak, published", row.value, style);
    }
}

/// Gain of a topology over the centralized one, percent.
pub(super) fn topologies(records: &Records, row: &Published) -> Vec<f64> {
    gains(records, (&row.curve, row.x), (&row.curve, 0.0))
}

/// The published loss at the edge through our mean for centralized users.
pub(super) fn mark_topologies(records: &Records, numbers: &Numbers, panel: &mut Panel) {
    let central = records.summary("rsma_fixed", 0.0, 0).mean;
    let points = numbers.points("rsma_fixed", "gain_percent").into_iter();
    let points = points.map(|[x, gain]| [x - 0.16, central * (1.0 + gain / 100.0)]);
    panel.published(
        "Edge users, through ours for centralized ones",
        points.collect(),
        Style::curve(1),
    );
}
