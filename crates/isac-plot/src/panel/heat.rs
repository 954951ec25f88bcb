//! Two-dimensional maps with their colour bar.

use super::super::Svg;
use super::super::colour::{INK, SHADES, shade};
use super::super::scale::Scale;
use super::super::space::edges;
use super::super::text::Anchor;
use super::{LABEL_TEXT, Layout, TICK_TEXT};

impl Layout<'_> {
    pub(super) fn draw_heat(
        &self,
        svg: &mut Svg,
        label: &str,
        [xs, ys]: [&[f64]; 2],
        values: &[Vec<f64>],
        range: Option<[f64; 2]>,
    ) {
        let all = || values.iter().flatten().copied().filter(|v| v.is_finite());
        let [low, high] = range.unwrap_or_else(|| {
            [
                all().fold(f64::INFINITY, f64::min),
                all().fold(f64::NEG_INFINITY, f64::max),
            ]
        });
        let (low, high) = if low < high {
            (low, high)
        } else {
            (low, low + 1.0)
        };
        let level = |v: f64| {
            let part = ((v - low) / (high - low)).clamp(0.0, 1.0);
            (part * (SHADES - 1) as f64).round() as usize
        };
        let (x_edges, y_edges) = (edges(xs), edges(ys));
        // A little wider and higher than its cell, so that no background shows between two of them.
        let seam = 0.6;
        svg.push(format_args!(r#"<g shape-rendering="crispEdges">"#));
        for (j, row) in values.iter().enumerate().take(ys.len()) {
            let mut i = 0;
            let row = &row[..row.len().min(xs.len())];
            while i < row.len() {
                // Neighbours of one shade share a rectangle.
                let mut end = i + 1;
                let here = row[i];
                while end < row.len()
                    && !here.is_nan()
                    && level(row[end]) == level(here)
                    && !row[end].is_nan()
                {
                    end += 1;
                }
                let from = self.at(x_edges[i], y_edges[j]);
                let to = self.at(x_edges[end], y_edges[j + 1]);
                if let (Some([x0, y0]), Some([x1, y1]), false) = (from, to, here.is_nan()) {
                    svg.push(format_args!(
                        r#"<rect x="{:.2}" y="{:.2}" width="{:.2}" height="{:.2}" fill="{}"/>"#,
                        x0.min(x1),
                        y0.min(y1) - seam,
                        (x1 - x0).abs() + seam,
                        (y1 - y0).abs() + seam,
                        shade(level(here))
                    ));
                }
                i = end;
            }
        }
        svg.push(format_args!("</g>"));
        self.draw_colour_bar(svg, label, low, high);
    }

    fn draw_colour_bar(&self, svg: &mut Svg, label: &str, low: f64, high: f64) {
        let plot = self.plot;
        // The bar stands outside the clipped region: close it and open an equal one afterwards.
        svg.push(format_args!("</g>"));
        let (left, wide) = (plot.right() + 14.0, 13.0);
        let each = plot.height / SHADES as f64;
        for i in 0..SHADES {
            svg.push(format_args!(
                r#"<rect x="{left:.2}" y="{:.2}" width="{wide}" height="{:.2}" fill="{}" shape-rendering="crispEdges"/>"#,
                plot.bottom() - (i + 1) as f64 * each, each + 0.3, shade(i)
            ));
        }
        svg.push(format_args!(
            r#"<rect x="{left:.2}" y="{:.2}" width="{wide}" height="{:.2}" fill="none" stroke="{INK}" stroke-width="0.8"/>"#,
            plot.top, plot.height
        ));
        let axis = crate::figure::Axis::new("").range(low, high);
        let scale = Scale::new(&axis, std::iter::empty(), 0.0, true).onto(plot.bottom(), plot.top);
        let ticks = scale.ticks(&axis, 6, false);
        let style = format!(r#"fill="{INK}""#);
        for (v, text) in &ticks.major {
            if let Some(y) = scale.place(*v) {
                let line = format!(r#"stroke="{INK}" stroke-width="0.8""#);
                svg.line([left + wide, y], [left + wide + 4.0, y], &line);
                svg.text(
                    left + wide + 7.0,
                    y + 3.8,
                    TICK_TEXT,
                    Anchor::Start,
                    &style,
                    text,
                );
            }
        }
        let (x, y) = (left + wide + 42.0, plot.top + plot.height / 2.0);
        let turned = format!(r#"{style} transform="rotate(-90 {x:.2} {y:.2})""#);
        let factor = ticks.factor;
        let text = match factor.is_empty() {
            true => label.to_string(),
            false => format!("{label} {factor}"),
        };
        svg.text(x, y, LABEL_TEXT - 1.0, Anchor::Middle, &turned, &text);
        let clip = svg.clips;
        svg.push(format_args!(r#"<g clip-path="url(#clip{clip})">"#));
    }
}
