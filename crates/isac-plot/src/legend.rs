//! Legends: inside a corner that is free, below the panel otherwise.

use super::colour::{FAINT_INK, INK, hex};
use super::marks::{marker, stroke};
use super::text::{Anchor, width};
use super::{Rect, Svg};
use crate::figure::{Colour, Layer, Legend, Panel, Style};

const SIZE: f64 = 10.5;
const ROW: f64 = 16.0;
const KEY: f64 = 30.0;
const PAD: f64 = 7.0;

/// What stands beside a text.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Key {
    Line(Style),
    Block(Colour),
}

/// The entries of a panel.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Entries {
    list: Vec<(String, Key)>,
}

impl Entries {
    pub(super) fn of(panel: &Panel) -> Self {
        let mut list: Vec<(String, Key)> = Vec::new();
        if panel.legend != Legend::Hidden {
            for layer in &panel.layers {
                let (label, key) = match layer {
                    Layer::Line { label, style, .. } => (label, Key::Line(*style)),
                    Layer::Rule { label, style, .. } => (label, Key::Line(style.no_marker())),
                    Layer::Boxes { label, colour, .. } => (label, Key::Block(*colour)),
                    _ => continue,
                };
                if !label.is_empty() && !list.iter().any(|(known, _)| known == label) {
                    list.push((label.clone(), key));
                }
            }
        }
        Self { list }
    }

    /// The entries of all panels, if most of them belong to several panels and none looks different in two.
    pub(super) fn shared(panels: &[Self]) -> Option<Self> {
        let mut all = Self::default();
        let mut repeated = 0;
        for (i, panel) in panels.iter().enumerate() {
            for (label, key) in &panel.list {
                match all.list.iter().find(|(known, _)| known == label) {
                    Some((_, known)) if known != key => return None,
                    Some(_) => {}
                    None => {
                        let later = &panels[i + 1..];
                        let again = later.iter().any(|p| p.list.iter().any(|e| e.0 == *label));
                        repeated += usize::from(again);
                        all.list.push((label.clone(), *key));
                    }
                }
            }
        }
        (repeated > 0 && 2 * repeated >= all.list.len()).then_some(all)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    fn widest(&self) -> f64 {
        let widths = self.list.iter().map(|(label, _)| width(label, SIZE));
        widths.fold(0.0, f64::max)
    }

    /// Size of the box with one column.
    pub(super) fn boxed(&self) -> [f64; 2] {
        let height = self.list.len() as f64 * ROW + 2.0 * PAD - 3.0;
        [KEY + 6.0 + self.widest() + 2.0 * PAD, height]
    }

    /// Columns that fit side by side below a panel.
    fn columns(&self, available: f64) -> usize {
        let one = KEY + 6.0 + self.widest() + 14.0;
        ((available / one).floor() as usize).clamp(1, self.list.len().max(1))
    }

    /// Height below a panel of this width.
    pub(super) fn height_below(&self, available: f64) -> f64 {
        if self.is_empty() {
            return 0.0;
        }
        self.list.len().div_ceil(self.columns(available)) as f64 * ROW + 6.0
    }

    /// Draws into a box.
    pub(super) fn draw_box(&self, svg: &mut Svg, at: Rect) {
        svg.push(format_args!(
            r##"<rect x="{:.2}" y="{:.2}" width="{:.2}" height="{:.2}" rx="3" fill="#ffffff" fill-opacity="0.88" stroke="#c8c8c8" stroke-width="0.8"/>"##,
            at.left, at.top, at.width, at.height
        ));
        for (i, (label, key)) in self.list.iter().enumerate() {
            let y = at.top + PAD + (i as f64 + 0.5) * ROW - 1.5;
            draw_entry(svg, at.left + PAD, y, label, *key);
        }
    }

    /// Draws below a panel, row by row.
    pub(super) fn draw_below(&self, svg: &mut Svg, at: Rect) {
        let columns = self.columns(at.width);
        let each = (KEY + 6.0 + self.widest() + 14.0).max(at.width / columns as f64 * 0.75);
        let left = at.left + (at.width - each * columns as f64).max(0.0) / 2.0;
        for (i, (label, key)) in self.list.iter().enumerate() {
            let (row, column) = (i / columns, i % columns);
            let y = at.top + (row as f64 + 0.5) * ROW + 4.0;
            draw_entry(svg, left + column as f64 * each, y, label, *key);
        }
    }
}

fn draw_entry(svg: &mut Svg, x: f64, y: f64, label: &str, key: Key) {
    match key {
        Key::Line(style) => {
            if let Some(line) = stroke(style) {
                svg.line([x, y], [x + KEY, y], &line);
            }
            svg.push(format_args!("{}", marker([x + KEY / 2.0, y], style, 1.0)));
        }
        Key::Block(colour) => svg.push(format_args!(
            r#"<rect x="{:.2}" y="{:.2}" width="{KEY}" height="9" fill="{}" fill-opacity="0.55" stroke="{FAINT_INK}" stroke-width="0.5"/>"#,
            x, y - 4.5, hex(colour)
        )),
    }
    let style = format!(r#"fill="{INK}""#);
    svg.text(x + KEY + 6.0, y + 3.8, SIZE, Anchor::Start, &style, label);
}
