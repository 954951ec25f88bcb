//! A table drawn as a panel.

use super::Svg;
use super::colour::INK;
use super::text::{Anchor, width};
use crate::figure::Table;

const SIZE: f64 = 11.0;
const GAP: f64 = 22.0;

/// Widths of the columns.
fn widths(table: &Table) -> Vec<f64> {
    let mut widths: Vec<f64> = table.heads.iter().map(|h| width(h, SIZE) * 1.08).collect();
    for row in &table.rows {
        for (w, cell) in widths.iter_mut().zip(row) {
            *w = w.max(width(cell, SIZE));
        }
    }
    widths
}

/// Width of a table with its columns and the gaps between them.
fn total(widths: &[f64]) -> f64 {
    widths.iter().sum::<f64>() + GAP * widths.len().saturating_sub(1) as f64
}

/// Width that a panel needs to show a table whole.
pub(super) fn wide(table: &Table) -> f64 {
    total(&widths(table)) + 28.0
}

pub(super) fn draw_table(svg: &mut Svg, table: &Table, page: f64, top: f64) {
    let widths = widths(table);
    let (total, gap) = (total(&widths), GAP);
    let left = ((page - total) / 2.0).max(8.0);
    let line = |svg: &mut Svg, y: f64, wide: f64| {
        let style = format!(r#"stroke="{INK}" stroke-width="{wide}""#);
        svg.line([left - 6.0, y], [left + total + 6.0, y], &style);
    };
    let row = |svg: &mut Svg, y: f64, cells: &[String], weight: &str| {
        let mut x = left;
        for (i, (cell, w)) in cells.iter().zip(&widths).enumerate() {
            let style = format!(r#"fill="{}" {weight}"#, INK);
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
