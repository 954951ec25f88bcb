//! The API as rustdoc wrote it, with its formulas drawn.

use std::path::Path;

use crate::{at, math, write};

/// What was copied.
#[derive(Debug, Default)]
pub(crate) struct Copied {
    pub(crate) files: usize,
    pub(crate) formulas: usize,
}

/// How rustdoc begins and ends a fenced block of the language `math`.
const OPEN: &str = "<pre class=\"language-math\"><code>";
const CLOSE: &str = "</code></pre>";

/// The libraries that rustdoc wrote about, by name.
///
/// # Errors
/// A folder that cannot be read.
pub(crate) fn crates(rustdoc: &Path) -> Result<Vec<String>, String> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(rustdoc).map_err(|e| at(rustdoc, &e))? {
        let name = entry.map_err(|e| at(rustdoc, &e))?.file_name();
        let name = name.to_string_lossy().into_owned();
        let library = name.starts_with("isac") && name != "isac_benches";
        if library && rustdoc.join(&name).join("index.html").is_file() {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// Copies a folder of rustdoc.
///
/// # Errors
/// A folder or file that cannot be read or written, a formula that cannot be read.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<Copied, String> {
    let mut copied = Copied::default();
    for entry in std::fs::read_dir(from).map_err(|e| at(from, &e))? {
        let entry = entry.map_err(|e| at(from, &e))?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            let inner = copy(&source, &target)?;
            copied.files += inner.files;
            copied.formulas += inner.formulas;
            continue;
        }
        let bytes = std::fs::read(&source).map_err(|e| at(&source, &e))?;
        copied.files += 1;
        if source.extension().is_some_and(|e| e == "html") {
            let text = String::from_utf8(bytes).map_err(|e| at(&source, &e))?;
            let (text, formulas) = drawn(&text).map_err(|e| at(&source, &e))?;
            copied.formulas += formulas;
            write(&target, text.as_bytes())?;
        } else {
            write(&target, &bytes)?;
        }
    }
    Ok(copied)
}

/// A page with its formulas drawn, and how many they were.
fn drawn(page: &str) -> Result<(String, usize), String> {
    let (mut out, mut rest, mut formulas) = (String::new(), page, 0);
    while let Some((before, after)) = rest.split_once(OPEN) {
        let Some((latex, behind)) = after.split_once(CLOSE) else {
            return Err("a formula without an end".into());
        };
        out += before;
        out += &math::display(&unescaped(latex))?;
        formulas += 1;
        rest = behind;
    }
    Ok((out + rest, formulas))
}

fn unescaped(text: &str) -> String {
    let text = text.replace("&lt;", "<").replace("&gt;", ">");
    let text = text.replace("&quot;", "\"").replace("&#39;", "'");
    text.replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_formulas_change() {
        let page = format!("<p>a</p>{OPEN}a &lt; b{CLOSE}<p>&lt;</p>");
        let (out, formulas) = drawn(&page).unwrap();
        assert_eq!(formulas, 1);
        assert!(
            out.starts_with("<p>a</p><math") && out.ends_with("</math><p>&lt;</p>"),
            "{out}"
        );
        assert!(drawn(&format!("{OPEN}a")).is_err());
    }
}
