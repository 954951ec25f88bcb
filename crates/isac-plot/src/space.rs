//! What the layers of a panel need: the range of the axes, and where a legend covers nothing.

use super::legend::Entries;
use super::scale::Scale;
use super::text::width;
use super::{Rect, TICK_TEXT};
use crate::figure::{Dash, Layer, Panel};

/// Edges of cells around equally spaced centres.
pub(super) fn edges(centres: &[f64]) -> Vec<f64> {
    let step = match centres {
        [a, .., b] => (b - a) / (centres.len() - 1) as f64,
        _ => 1.0,
    };
    let first = centres.first().copied().unwrap_or(0.0) - step / 2.0;
    (0..=centres.len())
        .map(|i| first + i as f64 * step)
        .collect()
}

/// All coordinates that the axes must hold.
#[derive(Debug, Default)]
pub(super) struct Bounds {
    pub(super) x: Vec<f64>,
    pub(super) y: Vec<f64>,
    /// A map fills the panel to its edges.
    pub(super) filled: bool,
    pub(super) colour_bar: bool,
}

impl Bounds {
    pub(super) fn of(panel: &Panel) -> Self {
        let mut bounds = Self::default();
        for layer in &panel.layers {
            match layer {
                Layer::Line { points, .. } => {
                    for [x, y] in points.iter().filter(|p| p.iter().all(|v| v.is_finite())) {
                        bounds.x.push(*x);
                        bounds.y.push(*y);
                    }
                }
                // A wide interval of few realisations must not flatten the curves, so bands are
                // only counted where they stay within twice the range of the lines; see below.
                Layer::Band { .. } => {}
                Layer::Bars { points, .. } => {
                    for [x, low, high] in points {
                        bounds.x.push(*x);
                        bounds.y.extend([*low, *high]);
                    }
                }
                Layer::Boxes { boxes, .. } => {
                    for [from, to, height] in boxes {
                        bounds.x.extend([*from, *to]);
                        bounds.y.extend([0.0, *height]);
                    }
                }
                Layer::Heat { x, y, .. } => {
                    bounds.filled = true;
                    bounds.colour_bar = true;
                    bounds.x.extend(edges(x));
                    bounds.y.extend(edges(y));
                }
                Layer::Rule { at, vertical, .. } => match vertical {
                    true => bounds.x.push(*at),
                    false => bounds.y.push(*at),
                },
                Layer::Text { .. } => {}
            }
        }
        bounds.add_bands(panel);
        bounds
    }

    fn add_bands(&mut self, panel: &Panel) {
        let finite = |v: &&f64| v.is_finite() && (!panel.y.log || **v > 0.0);
        let low = self
            .y
            .iter()
            .filter(finite)
            .fold(f64::INFINITY, |a, v| a.min(*v));
        let high = self
            .y
            .iter()
            .filter(finite)
            .fold(f64::NEG_INFINITY, |a, v| a.max(*v));
        let reach = if panel.y.log {
            let ratio = (high / low).sqrt();
            [low / ratio, high * ratio]
        } else {
            [low - 0.5 * (high - low), high + 0.5 * (high - low)]
        };
        for layer in &panel.layers {
            if let Layer::Band { points, .. } = layer {
                for [x, a, b] in points.iter().filter(|p| p.iter().all(|v| v.is_finite())) {
                    self.x.push(*x);
                    if reach[0] < reach[1] {
                        self.y.extend([a.max(reach[0]), b.min(reach[1])]);
                    } else {
                        self.y.extend([*a, *b]);
                    }
                }
            }
        }
    }
}

/// The corner of the plot where a legend covers nothing.
pub(super) fn free_corner(
    entries: &Entries,
    plot: Rect,
    panel: &Panel,
    x: Scale,
    y: Scale,
) -> Option<Rect> {
    let [width, height] = entries.boxed();
    if width > 0.62 * plot.width || height > 0.62 * plot.height {
        return None;
    }
    let taken = taken_points(panel, x, y);
    let gap = 8.0;
    let (right, bottom) = (plot.right() - width - gap, plot.bottom() - height - gap);
    let corners = [
        [right, plot.top + gap],
        [plot.left + gap, plot.top + gap],
        [right, bottom],
        [plot.left + gap, bottom],
        [right, (plot.top + plot.bottom() - height) / 2.0],
        [plot.left + gap, (plot.top + plot.bottom() - height) / 2.0],
        [(plot.left + plot.right() - width) / 2.0, plot.top + gap],
        [(plot.left + plot.right() - width) / 2.0, bottom],
    ];
    let near = 5.0;
    corners.into_iter().find_map(|[left, top]| {
        let covered = taken.iter().any(|[px, py]| {
            (left - near..=left + width + near).contains(px)
                && (top - near..=top + height + near).contains(py)
        });
        (!covered).then_some(Rect {
            left,
            top,
            width,
            height,
        })
    })
}

/// Points on the page that something is drawn at, lines densely sampled.
fn taken_points(panel: &Panel, x: Scale, y: Scale) -> Vec<[f64; 2]> {
    let mut taken = Vec::new();
    let place = |px: f64, py: f64| Some([x.place(px)?, y.place(py)?]);
    let mut joined = |a: [f64; 2], b: [f64; 2]| {
        let length = (a[0] - b[0]).hypot(a[1] - b[1]);
        let steps = ((length / 6.0).ceil() as usize).clamp(1, 400);
        taken.extend((0..=steps).map(|i| {
            let t = i as f64 / steps as f64;
            [a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])]
        }));
    };
    for layer in &panel.layers {
        match layer {
            Layer::Line { points, style, .. } => {
                let placed: Vec<Option<[f64; 2]>> =
                    points.iter().map(|p| place(p[0], p[1])).collect();
                placed.iter().flatten().for_each(|p| joined(*p, *p));
                if style.dash != Dash::None {
                    for pair in placed.windows(2) {
                        if let [Some(a), Some(b)] = pair {
                            joined(*a, *b);
                        }
                    }
                }
            }
            Layer::Bars { points, .. } => {
                for [px, low, high] in points {
                    if let (Some(a), Some(b)) = (place(*px, *low), place(*px, *high)) {
                        joined(a, b);
                    }
                }
            }
            Layer::Boxes { boxes, .. } => {
                for [from, to, height] in boxes {
                    if let (Some(a), Some(b)) = (place(*from, *height), place(*to, *height)) {
                        joined(a, b);
                        for end in [a, b] {
                            joined(end, [end[0], y.place(0.0).unwrap_or(end[1])]);
                        }
                    }
                }
            }
            Layer::Rule { at, vertical, .. } => {
                let ends = match vertical {
                    true => x.place(*at).map(|p| ([p, y.from], [p, y.to])),
                    false => y.place(*at).map(|p| ([x.from, p], [x.to, p])),
                };
                if let Some((a, b)) = ends {
                    joined(a, b);
                }
            }
            Layer::Text { at, text, .. } => {
                if let Some([px, py]) = place(at[0], at[1]) {
                    joined([px, py], [px + width(text, TICK_TEXT), py]);
                }
            }
            Layer::Band { .. } | Layer::Heat { .. } => {}
        }
    }
    taken
}
