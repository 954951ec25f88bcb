//! One panel: frame, grid, ticks, layers, legend; or a table.

use super::colour::{self, FINE_GRID, GRID, INK, SHADES, hex, shade};
use super::legend::Entries;
use super::scale::{Scale, Ticks};
use super::text::{Anchor, width};
use super::{Rect, Svg, TEXT};
use crate::figure::{Dash, Layer, Legend, Marker, Panel, Style, Table};

const TICK_TEXT: f64 = 10.5;
const LABEL_TEXT: f64 = 12.0;
const COLOUR_BAR: f64 = 74.0;

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
    pub(super) fn new(panel: &'a Panel, size: [f64; 2]) -> Self {
        let entries = Entries::of(panel);
        let bounds = Bounds::of(panel);
        let room = |filled: bool| if filled { 0.0 } else { 0.05 };
        let x = Scale::new(
            &panel.x,
            bounds.x.iter().copied(),
            room(bounds.filled) * 0.6,
        );
        let y = Scale::new(&panel.y, bounds.y.iter().copied(), room(bounds.filled));
        let x_ticks = x.ticks(&panel.x, (size[0] / 85.0) as usize);
        let y_ticks = y.ticks(&panel.y, (size[1] / 62.0) as usize);
        let widest = (y_ticks.major.iter())
            .map(|(_, text)| width(text, TICK_TEXT))
            .fold(0.0, f64::max);
        let left = 12.0 + widest + if panel.y.label.is_empty() { 8.0 } else { 28.0 };
        let top = if panel.title.is_empty() { 10.0 } else { 28.0 }
            + if y_ticks.factor.is_empty() { 0.0 } else { 12.0 };
        let right = 18.0 + if bounds.colour_bar { COLOUR_BAR } else { 0.0 };
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
        for layer in &self.panel.layers {
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
        if upper.len() > 1 {
            upper.extend(lower.into_iter().rev());
            svg.push(format_args!(
                r#"<path d="{}Z" fill="{colour}" fill-opacity="0.16" stroke="none"/>"#,
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

    fn draw_heat(
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
                        y0.min(y1),
                        (x1 - x0).abs(),
                        (y1 - y0).abs(),
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
        let scale = Scale::new(&axis, std::iter::empty(), 0.0).onto(plot.bottom(), plot.top);
        let ticks = scale.ticks(&axis, 6);
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

/// Edges of cells around equally spaced centres.
fn edges(centres: &[f64]) -> Vec<f64> {
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
struct Bounds {
    x: Vec<f64>,
    y: Vec<f64>,
    /// A map fills the panel to its edges.
    filled: bool,
    colour_bar: bool,
}

impl Bounds {
    fn of(panel: &Panel) -> Self {
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
fn free_corner(entries: &Entries, plot: Rect, panel: &Panel, x: Scale, y: Scale) -> Option<Rect> {
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

fn path(points: &[[f64; 2]]) -> String {
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

fn draw_table(svg: &mut Svg, table: &Table, page: f64, top: f64) {
    const SIZE: f64 = 11.0;
    let columns = table.heads.len();
    let mut widths: Vec<f64> = table.heads.iter().map(|h| width(h, SIZE) * 1.08).collect();
    for row in &table.rows {
        for (w, cell) in widths.iter_mut().zip(row) {
            *w = w.max(width(cell, SIZE));
        }
    }
    let gap = 22.0;
    let total = widths.iter().sum::<f64>() + gap * columns.saturating_sub(1) as f64;
    let left = ((page - total) / 2.0).max(8.0);
    let line = |svg: &mut Svg, y: f64, wide: f64| {
        let style = format!(r#"stroke="{INK}" stroke-width="{wide}""#);
        svg.line([left - 6.0, y], [left + total + 6.0, y], &style);
    };
    let row = |svg: &mut Svg, y: f64, cells: &[String], weight: &str| {
        let mut x = left;
        for (i, (cell, w)) in cells.iter().zip(&widths).enumerate() {
            let style = format!(r#"fill="{}" {weight}"#, colour::INK);
            // Names to the left, numbers to the right.
            if i == 0 {
                svg.text(x, y, SIZE, Anchor::Start, &style, cell);
            } else {
                svg.text(x + w, y, SIZE, Anchor::End, &style, cell);
            }
            x += w + gap;
        }
    };
    line(svg, top, 1.2);
    row(svg, top + 16.0, &table.heads, r#"font-weight="bold""#);
    line(svg, top + 23.0, 0.8);
    for (i, cells) in table.rows.iter().enumerate() {
        row(svg, top + 39.0 + 20.0 * i as f64, cells, "");
    }
    line(svg, top + 28.0 + 20.0 * table.rows.len() as f64, 1.2);
}
