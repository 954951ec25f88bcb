//! Widths of texts, line breaks, subscripts and superscripts.

use std::sync::OnceLock;

use skrifa::MetadataProvider as _;
use skrifa::instance::{LocationRef, Size};

/// Where a text is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

impl Anchor {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Middle => "middle",
            Self::End => "end",
        }
    }
}

/// Size of sub- and superscripts relative to the text.
const SCRIPT: f64 = 0.72;

/// A part of a text: on the line, below or above it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Part {
    pub(super) text: String,
    /// -1 below, 0 on, 1 above the line.
    pub(super) level: i8,
}

/// Splits `a_{b}^{c}` into its parts.
pub(super) fn parts(text: &str) -> Vec<Part> {
    // The font has no subscript figures of its own.
    let text: String = text
        .chars()
        .map(|c| match c {
            '₀'..='₉' => format!("_{{{}}}", c as u32 - '₀' as u32),
            _ => c.to_string(),
        })
        .collect();
    let mut parts = Vec::new();
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let next = ["_{", "^{"].iter().filter_map(|m| rest.find(m)).min();
        let Some(start) = next else { break };
        let Some(length) = rest[start..].find('}') else {
            break;
        };
        if start > 0 {
            parts.push(Part {
                text: rest[..start].into(),
                level: 0,
            });
        }
        parts.push(Part {
            text: rest[start + 2..start + length].into(),
            level: if rest[start..].starts_with('_') {
                -1
            } else {
                1
            },
        });
        rest = &rest[start + length + 1..];
    }
    if !rest.is_empty() {
        parts.push(Part {
            text: rest.into(),
            level: 0,
        });
    }
    parts
}

/// Without marks.
pub(super) fn plain(text: &str) -> String {
    parts(text).into_iter().map(|part| part.text).collect()
}

/// As SVG content.
pub(super) fn spans(text: &str, size: f64) -> String {
    let mut svg = String::new();
    let mut raised = 0.0;
    for part in parts(text) {
        let wanted = match part.level {
            -1 => 0.24 * size,
            1 => -0.38 * size,
            _ => 0.0,
        };
        let shift = wanted - raised;
        raised = wanted;
        let words = escape(&part.text);
        if part.level == 0 && shift.abs() < 1e-9 {
            svg += &words;
        } else {
            let small = if part.level == 0 { size } else { SCRIPT * size };
            svg += &format!(r#"<tspan dy="{shift:.2}" font-size="{small:.2}">{words}</tspan>"#);
        }
    }
    svg
}

/// With the characters replaced that XML keeps for itself.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// Width of a text in points.
pub(super) fn width(text: &str, size: f64) -> f64 {
    parts(text)
        .iter()
        .map(|part| {
            let size = if part.level == 0 { size } else { SCRIPT * size };
            part.text.chars().map(advance).sum::<f64>() * size
        })
        .sum()
}

/// Breaks a text at spaces into lines no wider than `limit`.
pub(super) fn wrap(text: &str, limit: f64, size: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if width(&format!("{line} {word}"), size) <= limit => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.into()),
        }
    }
    lines
}

/// Width of a letter for size 1.
fn advance(letter: char) -> f64 {
    static ASCII: OnceLock<Vec<f64>> = OnceLock::new();
    let table = ASCII.get_or_init(|| (0..128_u8).map(|b| measured(char::from(b))).collect());
    match table.get(letter as usize) {
        Some(width) => *width,
        None => measured(letter),
    }
}

/// From the font; the width of a figure for letters it does not have.
fn measured(letter: char) -> f64 {
    const USUAL: f64 = 0.572;
    let Ok(font) = skrifa::FontRef::new(notosans::REGULAR_TTF) else {
        return USUAL;
    };
    let metrics = font.glyph_metrics(Size::new(1.0), LocationRef::default());
    let glyph = font.charmap().map(letter);
    glyph
        .and_then(|glyph| metrics.advance_width(glyph))
        .map_or(USUAL, f64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_and_widths() {
        assert_eq!(parts("10^{-3}").len(), 2);
        assert_eq!(plain("P_{max} (W)"), "Pmax (W)");
        assert_eq!(plain("open _{ mark"), "open _{ mark");
        assert!(width("10^{-3}", 10.0) < width("10-3", 10.0));
        // All figures are equally wide.
        assert!((width("1111", 10.0) - width("8888", 10.0)).abs() < 1e-6);
        assert!(width("m", 10.0) > width("i", 10.0));
    }

    #[test]
    fn wrapping_keeps_words_and_the_limit() {
        let lines = wrap("one two three four five six", 60.0, 12.0);
        assert!(lines.len() > 1);
        assert_eq!(lines.join(" "), "one two three four five six");
        assert!(lines.iter().all(|line| width(line, 12.0) <= 60.0));
        assert!(wrap("", 10.0, 12.0).is_empty());
    }

    #[test]
    fn the_font_has_the_letters_that_figures_use() {
        let font = skrifa::FontRef::new(notosans::REGULAR_TTF).unwrap();
        for letter in "αβγδεηθλμρσφωΔΣΩ²³·×°±≤≥−–→√∞‖".chars()
        {
            let known = font.charmap().map(letter).is_some();
            assert!(known, "{letter} is not in the font");
        }
        assert_eq!(plain("x₁₂"), "x12");
    }
}
