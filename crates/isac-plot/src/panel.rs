//! One panel: frame, grid, ticks, layers, legend; or a table.

mod heat;

use super::colour::{FINE_GRID, GRID, INK, hex};
use super::legend::Entries;
use super::marks::{marker, path, stroke};
use super::scale::{Scale, Ticks};
use super::space::{Bounds, free_corner};
use super::table::draw_table;
use super::text::{Anchor, width};
use super::{Rect, Svg, TEXT, TICK_TEXT};
use crate::figure::{Axis, Dash, Layer, Legend, Marker, Panel, Second, Style};

const LABEL_TEXT: f64 = 12.0;
const COLOUR_BAR: f64 = 74.0;
/// Room for a second scale on the right.
const SECOND: f64 = 52.0;

/// A panel with its place for everything, relative to its own corner.
#[derive(Debug)]
pub(super) struct Layout<'a> {
    panel: &'a Panel,
    entries: Entries,
    plot: Rect,
    x: Scale,
    y: Scale,
    x_ticks: Ticks,
    y_ticks: Ticks,
    /// Where the legend's box stands; below the panel otherwise.
    corner: Option<Rect>,
    size: [f64; 2],
    pub(super) height: f64,
}

impl<'a> Layout<'a> {
    /// Lays out a panel; `head` is the room above its frame, at least [`Layout::head`]. `entries`
    /// are those of its own legend.
    pub(super) fn new(panel: &'a Panel, entries: Entries, size: [f64; 2], head: f64) -> Self {
        let bounds = Bounds::of(panel);
        // Scenes have no natural origin in a corner.
        let zero = !panel.equal_aspect;
        let share = if bounds.filled { 0.0 } else { 0.05 };
        let x = Scale::new(&panel.x, bounds.x.iter().copied(), 0.6 * share, zero);
        let y = Scale::new(&panel.y, bounds.y.iter().copied(), share, zero);
        let whole = bounds.x.iter().all(|v| (v - v.round()).abs() < 1e-9);
        let x_ticks = x.ticks(&panel.x, (size[0] / 85.0) as usize, whole);
        let y_ticks = y.ticks(&panel.y, (size[1] / 62.0) as usize, false);
        let widest = (y_ticks.major.iter())
            .map(|(_, text)| width(text, TICK_TEXT))
            .fold(0.0, f64::max);
        let left = 12.0 + widest + if panel.y.label.is_empty() { 8.0 } else { 28.0 };
        let top = head;
        let second = panel.y.second.as_ref().map_or(0.0, |_| SECOND);
        let right = 18.0 + second + if bounds.colour_bar { COLOUR_BAR } else { 0.0 };
        let bottom = 22.0 + if panel.x.label.is_empty() { 4.0 } else { 22.0 };
        let mut plot = Rect {
            left,
            top,
            width: size[0] - left - right,
            height: size[1] - top - bottom,
        };
        if panel.equal_aspect {
            let per_point = ((x.high - x.low) / plot.width).max((y.high - y.low) / plot.height);
            let (w, h) = ((x.high - x.low) / per_point, (y.high - y.low) / per_point);
            plot.left += (plot.width - w) / 2.0;
            (plot.width, plot.height) = (w, h);
        }
        let x = x.onto(plot.left, plot.right());
        let y = y.onto(plot.bottom(), plot.top);
        let corner = match panel.legend {
            Legend::Auto if !entries.is_empty() => free_corner(&entries, plot, panel, x, y),
            _ => None,
        };
        let mut height = plot.bottom() + bottom;
        if corner.is_none() {
            height += entries.height_below(size[0] - 24.0);
        }
        if let Some(table) = &panel.table {
            height = top + 24.0 + 20.0 * table.rows.len() as f64 + 16.0;
        }
        Self {
            panel,
            entries,
            plot,
            x,
            y,
            x_ticks,
            y_ticks,
            corner,
            size,
            height,
        }
    }

    /// Room that the title and the factor of the vertical axis need above the frame.
    pub(super) fn head(&self) -> f64 {
        let title = if self.panel.title.is_empty() {
            10.0
        } else {
            28.0
        };
        title
            + if self.y_ticks.factor.is_empty() {
                0.0
            } else {
                12.0
            }
    }

    pub(super) fn draw(&self, svg: &mut Svg, left: f64, top: f64) {
        svg.push(format_args!(
            r#"<g transform="translate({left:.2} {top:.2})">"#
        ));
        if !self.panel.title.is_empty() {
            let middle = match self.panel.table {
                Some(_) => self.size[0] / 2.0,
                None => self.plot.left + self.plot.width / 2.0,
            };
            let style = format!(r#"font-weight="bold" fill="{INK}""#);
            svg.text(
                middle,
                16.0,
                TEXT,
                Anchor::Middle,
                &style,
                &self.panel.title,
            );
        }
        if let Some(table) = &self.panel.table {
            draw_table(svg, table, self.size[0], self.plot.top);
        } else {
            self.draw_axes(svg);
        }
        svg.push(format_args!("</g>"));
    }

    fn draw_axes(&self, svg: &mut Svg) {
        let Rect {
            left,
            top,
            width,
            height,
        } = self.plot;
        let maps = self
            .panel
            .layers
            .iter()
            .any(|l| matches!(l, Layer::Heat { .. }));
        if !maps {
            self.draw_grid(svg);
        }
        svg.clips += 1;
        let clip = svg.clips;
        svg.push(format_args!(
            r#"<clipPath id="clip{clip}"><rect x="{left:.2}" y="{top:.2}" width="{width:.2}" height="{height:.2}"/></clipPath><g clip-path="url(#clip{clip})">"#
        ));
        // Bands first, so that none dims another's line.
        let bands = |l: &&Layer| matches!(l, Layer::Band { .. });
        for layer in self.panel.layers.iter().filter(bands) {
            self.draw_layer(svg, layer);
        }
        for layer in self.panel.layers.iter().filter(|l| !bands(l)) {
            self.draw_layer(svg, layer);
        }
        svg.push(format_args!("</g>"));
        for layer in &self.panel.layers {
            self.draw_markers(svg, layer);
        }
        svg.push(format_args!(
            r#"<rect x="{left:.2}" y="{top:.2}" width="{width:.2}" height="{height:.2}" fill="none" stroke="{INK}" stroke-width="1"/>"#
        ));
        self.draw_ticks(svg);
        self.draw_labels(svg);
        if let Some(second) = &self.panel.y.second {
            self.draw_second(svg, second);
        }
        match self.corner {
            Some(at) => self.entries.draw_box(svg, at),
            None => self.entries.draw_below(
                svg,
                Rect {
                    left: 12.0,
                    top: self.plot.bottom() + 44.0,
                    width: self.size[0] - 24.0,
                    height: 0.0,
                },
            ),
        }
    }

    fn draw_grid(&self, svg: &mut Svg) {
        let (plot, fine) = (
            self.plot,
            format!(r#"stroke="{FINE_GRID}" stroke-width="0.6""#),
        );
        let main = format!(r#"stroke="{GRID}" stroke-width="0.8""#);
        let vertical = |svg: &mut Svg, v: f64, style: &str| {
            if let Some(x) = self.x.place(v) {
                svg.line([x, plot.top], [x, plot.bottom()], style);
            }
        };
        let horizontal = |svg: &mut Svg, v: f64, style: &str| {
            if let Some(y) = self.y.place(v) {
                svg.line([plot.left, y], [plot.right(), y], style);
            }
        };
        // Fine lines only where they carry meaning: between decades.
        if self.x.log {
            self.x_ticks
                .minor
                .iter()
                .for_each(|v| vertical(svg, *v, &fine));
        }
        if self.y.log {
            self.y_ticks
                .minor
                .iter()
                .for_each(|v| horizontal(svg, *v, &fine));
        }
        self.x_ticks
            .major
            .iter()
            .for_each(|t| vertical(svg, t.0, &main));
        self.y_ticks
            .major
            .iter()
            .for_each(|t| horizontal(svg, t.0, &main));
    }

    fn draw_ticks(&self, svg: &mut Svg) {
        let (plot, line) = (self.plot, format!(r#"stroke="{INK}" stroke-width="0.9""#));
        let style = format!(r#"fill="{INK}""#);
        let tick_x = |svg: &mut Svg, v: f64, length: f64| {
            let x = self.x.place(v)?;
            svg.line([x, plot.bottom()], [x, plot.bottom() - length], &line);
            Some(x)
        };
        let tick_y = |svg: &mut Svg, v: f64, length: f64| {
            let y = self.y.place(v)?;
            svg.line([plot.left, y], [plot.left + length, y], &line);
            Some(y)
        };
        for v in &self.x_ticks.minor {
            tick_x(svg, *v, 3.0);
        }
        for v in &self.y_ticks.minor {
            tick_y(svg, *v, 3.0);
        }
        let mut last_end = f64::NEG_INFINITY;
        let mut major: Vec<&(f64, String)> = self.x_ticks.major.iter().collect();
        major.sort_by(|a, b| a.0.total_cmp(&b.0));
        for (v, text) in major {
            let Some(x) = tick_x(svg, *v, 6.0) else {
                continue;
            };
            // A text that would touch the one before it is left out.
            let half = width(text, TICK_TEXT) / 2.0;
            if x - half > last_end + 3.0 {
                last_end = x + half;
                svg.text(
                    x,
                    plot.bottom() + 15.0,
                    TICK_TEXT,
                    Anchor::Middle,
                    &style,
                    text,
                );
            }
        }
        for (v, text) in &self.y_ticks.major {
            if let Some(y) = tick_y(svg, *v, 6.0) {
                svg.text(
                    plot.left - 6.0,
                    y + 3.8,
                    TICK_TEXT,
                    Anchor::End,
                    &style,
                    text,
                );
            }
        }
        if !self.x_ticks.factor.is_empty() {
            let y = plot.bottom() + 30.0;
            svg.text(
                plot.right(),
                y,
                TICK_TEXT,
                Anchor::End,
                &style,
                &self.x_ticks.factor,
            );
        }
        if !self.y_ticks.factor.is_empty() {
            let y = plot.top - 5.0;
            svg.text(
                plot.left,
                y,
                TICK_TEXT,
                Anchor::Start,
                &style,
                &self.y_ticks.factor,
            );
        }
    }

    fn draw_labels(&self, svg: &mut Svg) {
        let (plot, style) = (self.plot, format!(r#"fill="{INK}""#));
        if !self.panel.x.label.is_empty() {
            let middle = plot.left + plot.width / 2.0;
            let y = plot.bottom() + 34.0;
            svg.text(
                middle,
                y,
                LABEL_TEXT,
                Anchor::Middle,
                &style,
                &self.panel.x.label,
            );
        }
        if !self.panel.y.label.is_empty() {
            let widest = (self.y_ticks.major.iter())
                .map(|(_, text)| width(text, TICK_TEXT))
                .fold(0.0, f64::max);
            let x = plot.left - widest - 16.0;
            let y = plot.top + plot.height / 2.0;
            let style = format!(r#"{style} transform="rotate(-90 {x:.2} {y:.2})""#);
            // A label longer than its axis is set smaller.
            let fit = (plot.height + 24.0) / width(&self.panel.y.label, LABEL_TEXT).max(1.0);
            let size = LABEL_TEXT * fit.clamp(0.72, 1.0);
            svg.text(x, y, size, Anchor::Middle, &style, &self.panel.y.label);
        }
    }

    /// The second scale of the vertical axis, on the right.
    fn draw_second(&self, svg: &mut Svg, second: &Second) {
        let there = |v: f64| second.factor * v.powf(second.power);
        let mut axis = Axis::new("").range(there(self.y.low), there(self.y.high));
        // Within a decade round steps name more places than powers do.
        axis.log = self.y.log && there(self.y.high) > 10.0 * there(self.y.low);
        let scale = Scale::new(&axis, std::iter::empty(), 0.0, false);
        let (plot, style) = (self.plot, format!(r#"fill="{INK}""#));
        let line = format!(r#"stroke="{INK}" stroke-width="0.9""#);
        let mut widest = 0.0_f64;
        for (v, text) in &scale
            .ticks(&axis, (self.size[1] / 62.0) as usize, false)
            .major
        {
            let here = (v / second.factor).powf(1.0 / second.power);
            if let Some(y) = self.y.place(here) {
                svg.line([plot.right(), y], [plot.right() - 6.0, y], &line);
                let x = plot.right() + 6.0;
                svg.text(x, y + 3.8, TICK_TEXT, Anchor::Start, &style, text);
                widest = widest.max(width(text, TICK_TEXT));
            }
        }
        let (x, y) = (plot.right() + widest + 20.0, plot.top + plot.height / 2.0);
        let turned = format!(r#"{style} transform="rotate(-90 {x:.2} {y:.2})""#);
        svg.text(x, y, LABEL_TEXT, Anchor::Middle, &turned, &second.label);
    }

    fn at(&self, x: f64, y: f64) -> Option<[f64; 2]> {
        Some([self.x.place(x)?, self.y.place(y)?])
    }

    fn draw_layer(&self, svg: &mut Svg, layer: &Layer) {
        match layer {
            Layer::Line { points, style, .. } => {
                if let Some(line) = stroke(*style) {
                    for run in self.runs(points) {
                        svg.push(format_args!(
                            r#"<path d="{}" fill="none" stroke-linejoin="round" {line}/>"#,
                            path(&run)
                        ));
                    }
                }
            }
            Layer::Band { points, colour } => self.draw_band(svg, points, hex(*colour)),
            Layer::Bars { points, colour } => {
                let line = format!(r#"stroke="{}" stroke-width="1.2""#, hex(*colour));
                for [x, low, high] in points {
                    if let (Some(a), Some(b)) = (self.at(*x, *low), self.at(*x, *high)) {
                        svg.line(a, b, &line);
                        for end in [a, b] {
                            svg.line([end[0] - 3.5, end[1]], [end[0] + 3.5, end[1]], &line);
                        }
                    }
                }
            }
            Layer::Boxes { boxes, colour, .. } => {
                let foot = if self.y.log { self.y.low } else { 0.0 };
                for [from, to, height] in boxes {
                    let corners = (self.at(*from, *height), self.at(*to, foot));
                    if let (Some([x0, y0]), Some([x1, y1])) = corners {
                        svg.push(format_args!(
                            r##"<rect x="{:.2}" y="{:.2}" width="{:.2}" height="{:.2}" fill="{}" fill-opacity="0.55" stroke="#ffffff" stroke-width="0.6"/>"##,
                            x0.min(x1), y0.min(y1), (x1 - x0).abs(), (y1 - y0).abs(), hex(*colour)
                        ));
                    }
                }
            }
            Layer::Heat {
                label,
                x,
                y,
                values,
                range,
            } => self.draw_heat(svg, label, [x, y], values, *range),
            Layer::Rule {
                at,
                vertical,
                style,
                ..
            } => self.draw_rule(svg, *at, *vertical, *style),
            Layer::Text { .. } => {}
        }
    }

    /// Markers and texts are not clipped, so that those on the frame stay whole.
    fn draw_markers(&self, svg: &mut Svg, layer: &Layer) {
        match layer {
            Layer::Line { points, style, .. } if style.marker != Marker::None => {
                // Long curves carry a marker now and then only.
                let joined = style.dash != Dash::None;
                let limit = if joined { 24 } else { 80 };
                let stride = points.len().div_ceil(limit).max(1);
                let grow = if joined { 1.0 } else { 1.35 };
                for [x, y] in points.iter().step_by(stride) {
                    if let Some(at) = self.at(*x, *y).filter(|at| self.shows(*at)) {
                        svg.push(format_args!("{}", marker(at, *style, grow)));
                    }
                }
            }
            Layer::Text { at, text, colour } => {
                if let Some([x, y]) = self.at(at[0], at[1]).filter(|at| self.shows(*at)) {
                    // A white seam keeps it readable over lines and maps.
                    let style = format!(
                        r##"fill="{}" stroke="#ffffff" stroke-width="2.4" paint-order="stroke" stroke-linejoin="round""##,
                        hex(*colour)
                    );
                    svg.text(x, y + 3.5, TICK_TEXT, Anchor::Start, &style, text);
                }
            }
            _ => {}
        }
    }

    fn shows(&self, [x, y]: [f64; 2]) -> bool {
        let plot = self.plot;
        (plot.left - 0.5..=plot.right() + 0.5).contains(&x)
            && (plot.top - 0.5..=plot.bottom() + 0.5).contains(&y)
    }

    /// Stretches without gaps.
    fn runs(&self, points: &[[f64; 2]]) -> Vec<Vec<[f64; 2]>> {
        let placed = points.iter().map(|[x, y]| self.at(*x, *y));
        let mut runs = vec![Vec::new()];
        for point in placed {
            match (point, runs.last_mut()) {
                (Some(point), Some(run)) => run.push(point),
                _ => runs.push(Vec::new()),
            }
        }
        runs.retain(|run| run.len() > 1);
        runs
    }

    fn draw_band(&self, svg: &mut Svg, points: &[[f64; 3]], colour: &str) {
        // On a logarithmic axis a lower end at or below zero reaches to the bottom.
        let bottom = |v: f64| {
            if self.y.log && v <= 0.0 {
                self.y.low
            } else {
                v
            }
        };
        let shown = points.iter().filter(|p| p.iter().all(|v| !v.is_nan()));
        let (mut upper, mut lower) = (Vec::new(), Vec::new());
        for [x, low, high] in shown {
            if let (Some(a), Some(b)) = (self.at(*x, *high), self.at(*x, bottom(*low))) {
                upper.push(a);
                lower.push(b);
            }
        }
        // Many bands on top of each other stay readable only if each is faint.
        let layers = self.panel.layers.iter();
        let crowd = layers.filter(|l| matches!(l, Layer::Band { .. })).count();
        let opacity = if crowd > 3 { 0.09 } else { 0.16 };
        if upper.len() > 1 {
            upper.extend(lower.into_iter().rev());
            svg.push(format_args!(
                r#"<path d="{}Z" fill="{colour}" fill-opacity="{opacity}" stroke="none"/>"#,
                path(&upper)
            ));
        }
    }

    fn draw_rule(&self, svg: &mut Svg, at: f64, vertical: bool, style: Style) {
        let Some(line) = stroke(style) else { return };
        let plot = self.plot;
        if vertical {
            if let Some(x) = self.x.place(at) {
                svg.line([x, plot.top], [x, plot.bottom()], &line);
            }
        } else if let Some(y) = self.y.place(at) {
            svg.line([plot.left, y], [plot.right(), y], &line);
        }
    }
}
