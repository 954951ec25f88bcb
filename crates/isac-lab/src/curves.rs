//! Curves of a figure from records.

use isac_plot::figure::{Dash, Figure, Layer, Panel, Shown, Style};

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
    let curve = records.curve(algorithm, metric).into_iter();
    let curve = curve.map(|(x, s)| (x, s.n, [s.low, s.mean, s.high]));
    draw(panel, label.into(), &curve.collect::<Vec<_>>(), style);
}

/// Adds the median of a metric along a curve, with a band from quartile to quartile, else as
/// [`mean_curve`]; of a [`Figure`] that is [`Shown::Median`].
pub fn median_curve(
    panel: &mut Panel,
    label: impl Into<String>,
    records: &Records,
    algorithm: &str,
    metric: usize,
    style: Style,
) {
    let point = |x: f64| {
        let mut values = records.values(algorithm, x, metric);
        values.sort_by(f64::total_cmp);
        (
            x,
            values.len(),
            [0.25, 0.5, 0.75].map(|p| quantile(&values, p)),
        )
    };
    let curve: Vec<_> = records.xs(algorithm).into_iter().map(point).collect();
    draw(panel, label.into(), &curve, style);
}

/// Linear between the order statistics `sorted`; NaN of none.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else {
        return f64::NAN;
    };
    let at = share * last as f64;
    let (low, high) = (sorted[at.floor() as usize], sorted[at.ceil() as usize]);
    low + (at - at.floor()) * (high - low)
}

/// Points `(x, draws, [low, middle, high])` as a curve.
fn draw(panel: &mut Panel, label: String, curve: &[(f64, usize, [f64; 3])], style: Style) {
    let apart = style.dash == Dash::None || curve.len() == 1;
    let shift = if apart && panel.x.ticks.is_some() {
        let xs: Vec<f64> = curve.iter().map(|(x, ..)| *x).collect();
        place_beside(panel, &xs)
    } else {
        0.0
    };
    let enough = curve.iter().filter(|(_, n, _)| *n >= BAND_FROM);
    let points: Vec<[f64; 3]> = enough
        .map(|(x, _, [low, _, high])| [x + shift, *low, *high])
        .collect();
    let colour = style.colour;
    if apart && !points.is_empty() {
        panel.layers.push(Layer::Bars { points, colour });
    } else if points.len() > 1 {
        panel.layers.push(Layer::Band { points, colour });
    }
    let points: Vec<[f64; 2]> = (curve.iter())
        .map(|(x, _, [_, middle, _])| [x + shift, *middle])
        .collect();
    let mut label = label;
    let mut style = style;
    let most = curve.iter().map(|(_, n, _)| *n).max();
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
    let of = match figure.shown {
        Shown::Mean => "95 % intervals of the mean (Student's t over the draws)",
        Shown::Median => "from quartile to quartile of the draws, lines their median",
    };
    Some(match bands {
        true => format!("{draws}; bands and bars: {of}, drawn from {BAND_FROM} draws on"),
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

    /// One draw in ten a thousand times the others moves the mean and not the median; the caption says which.
    #[test]
    fn a_median_curve_is_not_dominated_by_one_draw() {
        let value = |r: usize| if r == 9 { 1e4 } else { r as f64 };
        let rows = (0..10).map(|r| Record {
            stop_reason: "tolerance".into(),
            ..Record::exact("a", 1.0, r, vec![value(r)])
        });
        let records = Records {
            rows: rows.collect(),
            ..Records::default()
        };
        let at = |median: bool| {
            let mut panel = Panel::new("", Axis::new("x"), Axis::new("y"));
            let add = if median { median_curve } else { mean_curve };
            add(&mut panel, "a", &records, "a", 0, Style::curve(0));
            let mut figure = Figure::new("", vec![panel]);
            figure.shown = if median { Shown::Median } else { Shown::Mean };
            let text = caption(&figure, &records).unwrap();
            let [Layer::Bars { points: bars, .. }, Layer::Line { points, .. }] =
                &figure.panels[0].layers[..]
            else {
                panic!("a curve of one point: bars, then its line");
            };
            (points[0][1], bars[0], text)
        };
        let (median, band, text) = at(true);
        assert!((median - 4.5).abs() < 1e-12, "{median}");
        assert!((band[1] - 2.25).abs() < 1e-12 && (band[2] - 6.75).abs() < 1e-12);
        assert!(text.contains("median"), "{text}");
        let (mean, _, text) = at(false);
        assert!((mean - 1003.6).abs() < 1e-9 && text.contains("mean"));
    }
}
