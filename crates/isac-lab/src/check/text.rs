//! Values as the report prints them.

use std::fmt::Write as _;

use isac_linalg::c64;

use crate::document::{Array, Node};

/// The entry as text, with its index for arrays.
pub(super) fn entry<T: Copy + EntryText>(array: &Array<T>, flat: usize) -> String {
    let Some(value) = array.data.get(flat) else {
        return "empty".into();
    };
    let mut text = value.entry_text();
    if !array.shape.is_empty() {
        let mut rest = flat;
        let mut index = vec![0; array.shape.len()];
        for (slot, n) in index.iter_mut().zip(&array.shape).rev() {
            *slot = rest % n;
            rest /= n;
        }
        let _ = write!(text, " at {index:?}");
    }
    text
}

pub(super) trait EntryText {
    fn entry_text(self) -> String;
}
impl EntryText for f64 {
    fn entry_text(self) -> String {
        number(self)
    }
}
impl EntryText for c64 {
    fn entry_text(self) -> String {
        format!(
            "{}{}{}i",
            number(self.re),
            if self.im < 0.0 { "" } else { "+" },
            number(self.im)
        )
    }
}

/// Twelve significant digits, plain where that is short.
pub fn number(value: f64) -> String {
    let magnitude = value.abs();
    if !value.is_finite() {
        return crate::stats::digits17(value);
    }
    if magnitude < f64::MIN_POSITIVE {
        return "0".into();
    }
    if (1e-4..1e7).contains(&magnitude) {
        let digits = (11 - magnitude.log10().floor() as i32).max(0) as usize;
        let text = format!("{value:.digits$}");
        if text.contains('.') {
            return text.trim_end_matches('0').trim_end_matches('.').into();
        }
        return text;
    }
    format!("{value:.11e}")
}

/// The beginning of a value as text.
pub(super) fn summary(node: &Node<'_>) -> String {
    let text = node.value.to_string();
    if text.chars().count() <= 28 {
        return text;
    }
    text.chars().take(25).collect::<String>() + "..."
}
