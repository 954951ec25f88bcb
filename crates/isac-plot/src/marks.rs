//! Lines and markers as SVG.

use super::colour::hex;
use crate::figure::{Dash, Marker, Style};

/// Points joined by straight lines, as path data.
pub(super) fn path(points: &[[f64; 2]]) -> String {
    let mut d = String::new();
    for (i, [x, y]) in points.iter().enumerate() {
        d += &format!("{}{x:.2} {y:.2}", if i == 0 { "M" } else { "L" });
    }
    d
}

/// Attributes of a line; `None` for none.
pub(super) fn stroke(style: Style) -> Option<String> {
    let pattern = match style.dash {
        Dash::None => return None,
        Dash::Full => "",
        Dash::Dashed => r#" stroke-dasharray="7 4""#,
        Dash::Dotted => r#" stroke-dasharray="1.8 3.2""#,
    };
    Some(format!(
        r#"stroke="{}" stroke-width="{}"{pattern}"#,
        hex(style.colour),
        style.width
    ))
}

/// A marker as SVG; empty for none.
pub(super) fn marker([x, y]: [f64; 2], style: Style, grow: f64) -> String {
    let r = 3.4 * grow * if style.hollow { 1.2 } else { 1.0 };
    let colour = hex(style.colour);
    let paint = if style.hollow {
        format!(r##"fill="#ffffff" fill-opacity="0.75" stroke="{colour}" stroke-width="1.5""##)
    } else {
        format!(r##"fill="{colour}" stroke="#ffffff" stroke-width="0.6""##)
    };
    let polygon = |corners: &[[f64; 2]]| {
        let points: Vec<[f64; 2]> = corners
            .iter()
            .map(|[a, b]| [x + a * r, y + b * r])
            .collect();
        format!(r#"<path d="{}Z" {paint}/>"#, path(&points))
    };
    match style.marker {
        Marker::None => String::new(),
        Marker::Circle => format!(r#"<circle cx="{x:.2}" cy="{y:.2}" r="{r:.2}" {paint}/>"#),
        Marker::Square => polygon(&[[-0.9, -0.9], [0.9, -0.9], [0.9, 0.9], [-0.9, 0.9]]),
        Marker::Triangle => polygon(&[[0.0, -1.2], [1.1, 0.8], [-1.1, 0.8]]),
        Marker::TriangleDown => polygon(&[[0.0, 1.2], [1.1, -0.8], [-1.1, -0.8]]),
        Marker::Diamond => polygon(&[[0.0, -1.25], [1.1, 0.0], [0.0, 1.25], [-1.1, 0.0]]),
        Marker::Cross => {
            let (a, b, c, d) = (x - r, y - r, x + r, y + r);
            format!(
                r#"<path d="M{a:.2} {b:.2}L{c:.2} {d:.2}M{a:.2} {d:.2}L{c:.2} {b:.2}" fill="none" stroke="{colour}" stroke-width="1.7"/>"#
            )
        }
        Marker::Star => {
            let corner = |i: usize| {
                let angle = std::f64::consts::PI * (i as f64 / 5.0 - 0.5);
                let radius = if i.is_multiple_of(2) { 1.5 } else { 0.62 };
                [radius * angle.cos(), radius * angle.sin()]
            };
            let corners: Vec<[f64; 2]> = (0..10).map(corner).collect();
            polygon(&corners)
        }
    }
}
