//! Curves of a panel that a reader cannot tell apart.

use crate::colour::hex;
use crate::figure::{Figure, Layer, Marker, PUBLISHED, Style};

impl Figure {
    /// Pairs of curves of a panel that a reader cannot tell apart, each as `panel: first, second`: the same
    /// colour and marker, or without markers the same colour and dash. Published points have the style of the
    /// curve they belong to and do not count.
    ///
    /// ```
    /// use isac_plot::figure::{Axis, Figure, Panel, Style};
    /// let mut panel = Panel::new("left", Axis::new("x"), Axis::new("y"));
    /// panel.line("a", vec![[0.0, 1.0]], Style::curve(0));
    /// panel.line("b", vec![[0.0, 2.0]], Style::curve(0).dashed());
    /// panel.published("a", vec![[0.0, 1.0]], Style::curve(0));
    /// assert_eq!(Figure::new("", vec![panel]).clashes(), ["left: a, b"]);
    /// ```
    pub fn clashes(&self) -> Vec<String> {
        let mut found = Vec::new();
        for panel in &self.panels {
            let curves: Vec<(&str, Style)> = panel.layers.iter().filter_map(curve_of).collect();
            for (i, (first, a)) in curves.iter().enumerate() {
                for (second, b) in &curves[i + 1..] {
                    if first != second && looks_like(*a, *b) {
                        found.push(format!("{}: {first}, {second}", panel.title));
                    }
                }
            }
        }
        found
    }
}

/// Label and style of a layer that is a curve with an entry in the legend.
fn curve_of(layer: &Layer) -> Option<(&str, Style)> {
    match layer {
        Layer::Line { label, style, .. } if !label.is_empty() && !label.ends_with(PUBLISHED) => {
            Some((label, *style))
        }
        _ => None,
    }
}

/// Whether a reader takes one for the other: colour and marker, or colour and dash without markers.
fn looks_like(a: Style, b: Style) -> bool {
    let same = hex(a.colour) == hex(b.colour) && a.marker == b.marker;
    same && (a.marker != Marker::None || a.dash == b.dash)
}
