//! The colours of the house.

use crate::figure::Colour;

/// Text and frames.
pub(super) const INK: &str = "#222222";
/// Small print.
pub(super) const FAINT_INK: &str = "#555555";
/// Main grid.
pub(super) const GRID: &str = "#dcdcdc";
/// Fine grid.
pub(super) const FINE_GRID: &str = "#eeeeee";
/// Background things.
pub(super) const GREY: &str = "#8a8a8a";

/// Colours that readers with any common colour blindness can tell apart: the first seven after Okabe and
/// Ito, then darker and paler ones for panels with many curves.
const CURVES: [&str; 12] = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#4d4d4d", "#8c510a",
    "#6a51a3", "#999933", "#c51b7d", "#004529",
];

/// As SVG text.
pub(super) fn hex(colour: Colour) -> &'static str {
    match colour {
        Colour::Curve(index) => CURVES[index % CURVES.len()],
        Colour::Ink => INK,
        Colour::Grey => GREY,
    }
}

/// Number of shades of the colour scale of maps.
pub(super) const SHADES: usize = 96;

/// Shade of a map: dark to light, evenly perceived.
pub(super) fn shade(index: usize) -> String {
    const ANCHORS: [[f64; 3]; 11] = [
        [68.0, 1.0, 84.0],
        [72.0, 36.0, 117.0],
        [65.0, 68.0, 135.0],
        [53.0, 95.0, 141.0],
        [42.0, 120.0, 142.0],
        [33.0, 145.0, 140.0],
        [34.0, 168.0, 132.0],
        [68.0, 191.0, 112.0],
        [122.0, 209.0, 81.0],
        [189.0, 223.0, 38.0],
        [253.0, 231.0, 37.0],
    ];
    let position = index.min(SHADES - 1) as f64 / (SHADES - 1) as f64 * 10.0;
    let below = (position.floor() as usize).min(9);
    let part = position - below as f64;
    let channel = |c: usize| {
        let value = ANCHORS[below][c] * (1.0 - part) + ANCHORS[below + 1][c] * part;
        value.round() as u8
    };
    format!("#{:02x}{:02x}{:02x}", channel(0), channel(1), channel(2))
}
