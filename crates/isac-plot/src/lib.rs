//! Drawing: a [`Figure`] to SVG, the same SVG to PNG and PDF with the bundled font, and a [`Figure`] to
//! pgfplots.
//!
//! Everything is laid out in points with the widths of Noto Sans, so pictures are the same on every
//! machine. Texts may hold `_{...}` and `^{...}`.

mod clash;
mod colour;
pub mod figure;
mod legend;
mod marks;
mod panel;
mod pdf;
mod pgfplots;
mod scale;
mod space;
mod table;
mod text;

use std::fmt::Write as _;
use std::sync::Arc;

use resvg::{tiny_skia, usvg};

use figure::{Figure, Panel};
use legend::Entries;
pub use pdf::pdf;
pub use pgfplots::{Columns, pgfplots};
use text::{Anchor, escape};

/// Why a figure could not be drawn.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the figure could not be drawn: {0}")]
pub struct Error(String);

/// Pixels of the PNG per point.
const PIXELS_PER_POINT: f32 = 2.0;
/// Outer margin in points.
const MARGIN: f64 = 14.0;
/// Size of running text.
const TEXT: f64 = 12.0;
/// Size of the texts at ticks.
const TICK_TEXT: f64 = 10.5;

/// A rectangle in points, y downwards.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Rect {
    left: f64,
    top: f64,
    width: f64,
    height: f64,
}

impl Rect {
    fn right(self) -> f64 {
        self.left + self.width
    }
    fn bottom(self) -> f64 {
        self.top + self.height
    }
}

/// The growing picture.
#[derive(Debug, Default)]
struct Svg {
    body: String,
    clips: usize,
}

impl Svg {
    fn push(&mut self, element: std::fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        let _ = self.body.write_fmt(element);
        self.body.push('\n');
    }

    fn text(&mut self, x: f64, y: f64, size: f64, anchor: Anchor, style: &str, words: &str) {
        let spans = text::spans(words, size);
        let anchor = anchor.name();
        self.push(format_args!(
            r#"<text x="{x:.2}" y="{y:.2}" font-size="{size}" text-anchor="{anchor}" {style}>{spans}</text>"#
        ));
    }

    fn line(&mut self, from: [f64; 2], to: [f64; 2], style: &str) {
        self.push(format_args!(
            r#"<line x1="{:.2}" y1="{:.2}" x2="{:.2}" y2="{:.2}" {style}/>"#,
            from[0], from[1], to[0], to[1]
        ));
    }
}

/// Draws a figure. A figure without panels gives an empty page with its title.
pub fn svg(figure: &Figure) -> String {
    let count = figure.panels.len();
    let columns = match figure.columns {
        0 if count <= 1 => 1,
        0 if count == 3 || count > 4 => 3,
        0 => 2,
        n => n.min(count.max(1)),
    };
    let mut size = match columns {
        1 => [660.0, 430.0],
        2 => [500.0, 370.0],
        _ => [410.0, 330.0],
    };
    // A table is whole: the page grows with it.
    let tables = figure.panels.iter().filter_map(|p| p.table.as_ref());
    size[0] = tables.map(table::wide).fold(size[0], f64::max);
    let page_width = 2.0 * MARGIN + columns as f64 * size[0];
    let mut svg = Svg::default();
    let mut y = MARGIN;
    for line in text::wrap(&figure.title, page_width - 2.0 * MARGIN, 15.0) {
        y += 16.0;
        let style = r#"font-weight="bold" fill="{INK}""#.replace("{INK}", colour::INK);
        svg.text(page_width / 2.0, y, 15.0, Anchor::Middle, &style, &line);
        y += 4.0;
    }
    if !figure.title.is_empty() {
        y += 6.0;
    }
    // Panels that show the same curves share one legend below them.
    let axes: Vec<Entries> = (figure.panels.iter())
        .filter(|panel| panel.table.is_none())
        .map(Entries::of)
        .collect();
    let shared = Entries::shared(&axes);
    let entries = |panel: &Panel| match shared {
        Some(_) => Entries::default(),
        None => Entries::of(panel),
    };
    for row in figure.panels.chunks(columns) {
        let lay = |head: f64| -> Vec<panel::Layout<'_>> {
            let panels = row.iter();
            panels
                .map(|p| panel::Layout::new(p, entries(p), size, head))
                .collect()
        };
        // Frames of a row stand at the same height.
        let head = lay(10.0)
            .iter()
            .map(panel::Layout::head)
            .fold(0.0, f64::max);
        let layouts = lay(head);
        let height = layouts.iter().map(|l| l.height).fold(0.0, f64::max);
        for (i, layout) in layouts.iter().enumerate() {
            layout.draw(&mut svg, MARGIN + i as f64 * size[0], y);
        }
        y += height;
    }
    if let Some(shared) = &shared {
        let at = Rect {
            left: 2.0 * MARGIN,
            top: y,
            width: page_width - 4.0 * MARGIN,
            height: 0.0,
        };
        shared.draw_below(&mut svg, at);
        y += shared.height_below(at.width) + 6.0;
    }
    for note in &figure.footnotes {
        for line in text::wrap(note, page_width - 2.0 * MARGIN - 8.0, 10.0) {
            y += 13.5;
            let style = format!(r#"fill="{}""#, colour::FAINT_INK);
            svg.text(MARGIN + 4.0, y, 10.0, Anchor::Start, &style, &line);
        }
    }
    let page_height = y + MARGIN;
    format!(
        concat!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="{w:.0}" height="{h:.0}" "#,
            r#"viewBox="0 0 {w:.0} {h:.0}" font-family="Noto Sans, DejaVu Sans, Arial, sans-serif">"#,
            "\n<title>{title}</title>\n",
            r##"<rect width="100%" height="100%" fill="#ffffff"/>"##,
            "\n{body}</svg>\n"
        ),
        w = page_width,
        h = page_height,
        title = escape(&text::plain(&figure.title)),
        body = svg.body,
    )
}

/// Turns an SVG of [`svg`] into a PNG with two pixels per point.
///
/// # Errors
/// [`Error`] if the SVG does not parse or is too large.
pub fn png(svg: &str) -> Result<Vec<u8>, Error> {
    let drawing = |what: &str| Error(what.to_string());
    let tree = tree(svg)?;
    let size = tree
        .size()
        .to_int_size()
        .scale_by(PIXELS_PER_POINT)
        .ok_or_else(|| drawing("the picture has no size"))?;
    let mut pixmap = tiny_skia::Pixmap::new(size.width(), size.height())
        .ok_or_else(|| drawing("the picture is too large"))?;
    let transform = tiny_skia::Transform::from_scale(PIXELS_PER_POINT, PIXELS_PER_POINT);
    resvg::render(&tree, transform, &mut pixmap.as_mut());
    pixmap.encode_png().map_err(|e| drawing(&e.to_string()))
}

/// The shapes of an SVG, with the bundled font.
fn tree(svg: &str) -> Result<usvg::Tree, Error> {
    let mut fonts = usvg::fontdb::Database::new();
    fonts.load_font_source(usvg::fontdb::Source::Binary(Arc::new(
        notosans::REGULAR_TTF,
    )));
    fonts.load_font_source(usvg::fontdb::Source::Binary(Arc::new(notosans::BOLD_TTF)));
    let options = usvg::Options {
        font_family: "Noto Sans".into(),
        fontdb: Arc::new(fonts),
        ..usvg::Options::default()
    };
    usvg::Tree::from_str(svg, &options).map_err(|e| Error(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::{Axis, Layer, Style};

    #[test]
    fn every_kind_of_layer_is_drawn_and_parses() {
        let mut panel = Panel::new("A & <B>", Axis::new("x_{1} (m)"), Axis::log("y^{2}"));
        panel.line(
            "first",
            vec![[0.0, 1.0], [1.0, 10.0], [2.0, f64::NAN]],
            Style::curve(0),
        );
        panel.published("first", vec![[0.0, 1.1]], Style::curve(0));
        panel.layers.push(Layer::Band {
            points: vec![[0.0, 0.9, 1.2], [1.0, 8.0, 12.0]],
            colour: Style::curve(0).colour,
        });
        panel.layers.push(Layer::Bars {
            points: vec![[0.0, 0.9, 1.2]],
            colour: Style::curve(1).colour,
        });
        panel.vertical("limit", 0.5, Style::curve(2).dashed());
        panel.text([0.2, 2.0], "here");
        let mut map = Panel::new("", Axis::new("x"), Axis::new("y"));
        map.layers.push(Layer::Heat {
            label: "gain (dB)".into(),
            x: vec![0.0, 1.0],
            y: vec![0.0, 1.0, 2.0],
            values: vec![vec![0.0, 1.0], vec![2.0, f64::NAN], vec![3.0, 4.0]],
            range: None,
        });
        map.layers.push(Layer::Boxes {
            label: "count".into(),
            boxes: vec![[0.0, 1.0, 3.0]],
            colour: Style::curve(1).colour,
        });
        let table = Panel::table("", ["a", "b"], vec![vec!["1".into(), "2".into()]]);
        let figure = Figure::new("Title & more", vec![panel, map, table]).footnote("small");
        let text = svg(&figure);
        assert!(text.contains("first, published") && text.contains("A &amp; &lt;B&gt;"));
        let image = png(&text).unwrap();
        assert_eq!(&image[1..4], b"PNG");
        assert_eq!(text, svg(&figure), "drawing is deterministic");
    }

    #[test]
    fn panels_with_the_same_curves_share_a_legend() {
        let panel = |label: &str| {
            let mut panel = Panel::new("", Axis::new("x"), Axis::new("y"));
            panel.line(label, vec![[0.0, 0.0], [1.0, 1.0]], Style::curve(0));
            panel
        };
        let count = |labels: [&str; 2], word: &str| {
            let text = svg(&Figure::new("", labels.map(panel).to_vec()));
            text.matches(&format!(">{word}</text>")).count()
        };
        assert_eq!(count(["same", "same"], "same"), 1);
        assert_eq!(
            (count(["one", "two"], "one"), count(["one", "two"], "two")),
            (1, 1)
        );
    }

    #[test]
    fn panels_with_most_curves_in_common_share_a_legend() {
        let panel = |labels: &[(&str, usize)]| {
            let mut panel = Panel::new("", Axis::new("x"), Axis::new("y"));
            for (label, style) in labels {
                panel.line(*label, vec![[0.0, 0.0], [1.0, 1.0]], Style::curve(*style));
            }
            panel
        };
        let count = |panels: [&[(&str, usize)]; 2], word: &str| {
            let text = svg(&Figure::new("", panels.map(panel).to_vec()));
            text.matches(&format!(">{word}</text>")).count()
        };
        let (a, b, bound) = (("first", 0), ("second", 1), ("bound", 2));
        assert_eq!(count([&[a, b, bound], &[a, b]], "second"), 1);
        assert_eq!(count([&[a, b, bound], &[a, b]], "bound"), 1);
        // One label with two looks cannot stand once.
        assert_eq!(count([&[a, b], &[a, ("second", 5)]], "first"), 2);
    }

    #[test]
    fn a_wide_table_is_whole_and_a_second_scale_is_drawn() {
        let long = "a cell with many words in it ".repeat(6);
        let rows = vec![vec![long.clone(), long]];
        let text = svg(&Figure::new("", vec![Panel::table("", ["a", "b"], rows)]));
        let page: f64 = text.split('"').nth(3).unwrap().parse().unwrap();
        assert!(page > 1000.0, "{page}");
        let axis = Axis::log("CRLB (s^{2})").range(1e-18, 1e-14);
        let axis = axis.second("Range (m)", 1.5e8, 0.5);
        let mut panel = Panel::new("", Axis::new("x"), axis);
        panel.line("l", vec![[0.0, 1e-16], [1.0, 1e-15]], Style::curve(0));
        let text = svg(&Figure::new("", vec![panel]));
        assert!(text.contains("Range (m)"));
        // 1e-16 s^2 are 1.5 m: ticks at 0.2 to 10 m or so.
        assert!(text.contains(">1</text>"), "{text}");
        png(&text).unwrap();
    }

    #[test]
    fn empty_and_degenerate_data_are_drawn() {
        for points in [
            vec![],
            vec![[1.0, 0.0]],
            vec![[f64::NAN, 1.0]],
            vec![[2.0, 5.0]; 3],
        ] {
            for axis in [Axis::new("y"), Axis::log("y")] {
                let mut panel = Panel::new("", Axis::new("x"), axis);
                panel.line("l", points.clone(), Style::curve(0));
                png(&svg(&Figure::new("", vec![panel]))).unwrap();
            }
        }
        png(&svg(&Figure::default())).unwrap();
    }
}

/// The README's example compiles and runs.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
