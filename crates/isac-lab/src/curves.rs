//! Curves of a figure from records.

use isac_plot::figure::{Dash, Figure, Layer, Panel, Style};

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
    let mut style = style;
    let most = curve.iter().map(|(_, s)| s.n).max();
    if most == Some(1) {
        // Looks like what it is.
        style.width *= 0.5;
        if !label.ends_with("(n = 1)") {
            label.push_str(" (one draw)");
        }
    }
    if points.iter().all(|p| p[1].is_nan()) {
        // Its place in the legend must not look like a curve that is hidden behind another.
        label.push_str(" (no value)");
    }
    panel.line(label, points, style);
}

/// What a reader must know of the draws behind a figure: how many there are, and what bands and bars are.
/// `None` where no layer shows a mean of draws.
pub fn caption(figure: &Figure, records: &Records) -> Option<String> {
    let layers = || figure.panels.iter().flat_map(|panel| &panel.layers);
    let curves = layers().any(|layer| matches!(layer, Layer::Line { .. } | Layer::Heat { .. }));
    let bands = layers().any(|layer| matches!(layer, Layer::Band { .. } | Layer::Bars { .. }));
    let counts: Vec<usize> = records
        .by_algorithm()
        .into_iter()
        .map(|(_, rows)| {
            let drawn = rows.iter().filter(|row| row.stop_reason != CLOSED_FORM);
            let mut draws: Vec<usize> = drawn.map(|row| row.realization).collect();
            draws.sort_unstable();
            draws.dedup();
            draws.len()
        })
        .filter(|draws| *draws > 0)
        .collect();
    let (least, most) = (*counts.iter().min()?, *counts.iter().max()?);
    if !curves && !bands && figure.panels.iter().all(|panel| panel.table.is_none()) {
        return None;
    }
    let draws = match (least, most) {
        (_, 1) => "One draw: no interval".to_string(),
        (least, most) if least == most => format!("{most} draws"),
        (least, most) => format!("{least} to {most} draws, by curve"),
    };
    Some(match bands {
        true => format!(
            "{draws}; bands and bars: 95 % intervals of the mean (Student's t over the draws), drawn from {BAND_FROM} draws on"
        ),
        false if most > 1 && most < BAND_FROM => {
            format!("{draws}; intervals are drawn from {BAND_FROM} draws on")
        }
        false => draws,
    })
}

/// Stop reason of records that no draw enters.
const CLOSED_FORM: &str = "closed_form";

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

    #[test]
    fn a_figure_says_how_many_draws_it_holds() {
        let records = |draws: usize| Records {
            rows: (0..draws)
                .map(|r| Record::new("a", 1.0, r, "tolerance", true, vec![r as f64]))
                .collect(),
            ..Records::default()
        };
        let figure = |draws: usize| {
            let mut panel = Panel::new("", Axis::new(""), Axis::new(""));
            mean_curve(&mut panel, "a", &records(draws), "a", 0, Style::curve(0));
            Figure::new("", vec![panel])
        };
        let said = |draws: usize| caption(&figure(draws), &records(draws)).unwrap();
        assert!(said(20).starts_with("20 draws; bands and bars: 95 %"));
        assert!(said(3).starts_with("3 draws; intervals are drawn from"));
        assert!(said(1).starts_with("One draw"));
        let Layer::Line { label, .. } = &figure(1).panels[0].layers[0] else {
            panic!("no line");
        };
        assert_eq!(label, "a (one draw)");
        assert_eq!(caption(&Figure::default(), &Records::default()), None);
    }
}
