//! Curves of a figure from records.

use isac_plot::figure::{Dash, Layer, Panel, Style};

use crate::records::Records;

/// Fewest realisations for which [`mean_curve`] draws an interval; files hold it always.
pub const BAND_FROM: usize = 5;

/// Adds the mean of a metric along a curve, with its 95 % band where at least [`BAND_FROM`] realisations
/// stand behind it (fewer make bands that say nothing). A curve of one point or without a line has error
/// bars instead; on categories they stand beside those already there.
pub fn mean_curve(
    panel: &mut Panel,
    label: impl Into<String>,
    records: &Records,
    algorithm: &str,
    metric: usize,
    style: Style,
) {
    let curve = records.curve(algorithm, metric);
    let apart = style.dash == Dash::None || curve.len() == 1;
    let shift = if apart && panel.x.ticks.is_some() {
        let xs: Vec<f64> = curve.iter().map(|(x, _)| *x).collect();
        place_beside(panel, &xs)
    } else {
        0.0
    };
    let enough = curve.iter().filter(|(_, s)| s.n >= BAND_FROM);
    let points: Vec<[f64; 3]> = enough.map(|(x, s)| [x + shift, s.low, s.high]).collect();
    let colour = style.colour;
    if apart && !points.is_empty() {
        panel.layers.push(Layer::Bars { points, colour });
    } else if points.len() > 1 {
        panel.layers.push(Layer::Band { points, colour });
    }
    let points: Vec<[f64; 2]> = curve.iter().map(|(x, s)| [x + shift, s.mean]).collect();
    let mut label = label.into();
    if points.iter().all(|p| p[1].is_nan()) {
        // Its place in the legend must not look like a curve that is hidden behind another.
        label.push_str(" (no value)");
    }
    panel.line(label, points, style);
}

/// How far from their category points go so that they stand beside those that are there.
fn place_beside(panel: &Panel, xs: &[f64]) -> f64 {
    let meets = |layer: &&Layer| match layer {
        Layer::Line { points, .. } => points.iter().any(|p| xs.contains(&p[0].round())),
        _ => false,
    };
    let before = panel.layers.iter().filter(meets).count();
    // Right, left, right, ... of the first one.
    let steps = before.div_ceil(2) as f64;
    0.08 * if before % 2 == 1 { steps } else { -steps }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::Record;
    use isac_plot::figure::Axis;

    #[test]
    fn points_on_categories_stand_side_by_side_and_empty_curves_say_so() {
        let records = Records {
            rows: (0..20)
                .flat_map(|r| ["a", "b", "c"].map(|name| (name, r)))
                .map(|(name, r)| Record::exact(name, 1.0, r, vec![r as f64]))
                .collect(),
            ..Records::default()
        };
        let axis = Axis::new("").categories(["first", "second"]);
        let mut panel = Panel::new("", axis, Axis::new(""));
        for name in ["a", "b", "c", "absent"] {
            mean_curve(
                &mut panel,
                name,
                &records,
                name,
                0,
                Style::curve(0).no_line(),
            );
        }
        let mut places = Vec::new();
        for layer in &panel.layers {
            match layer {
                Layer::Line { label, points, .. } if points.is_empty() => {
                    assert_eq!(label, "absent (no value)");
                }
                Layer::Line { points, .. } => places.push(points[0][0]),
                Layer::Bars { points, .. } => assert!(points[0][1] < 9.5 && points[0][2] > 9.5),
                other => panic!("{other:?}"),
            }
        }
        let differences = places.iter().zip([1.0, 1.08, 0.92]);
        assert!(differences.map(|(a, b)| (a - b).abs()).sum::<f64>() < 1e-12);
        assert_eq!(places.len(), 3);
    }
}
