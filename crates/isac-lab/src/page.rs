//! Results below folders as one page to show: HTML that needs no network, or Markdown.
//!
//! Numbers come from `curve.csv` and `meta.json` alone and stand in the page as they stand there.

mod html;
mod markdown;
mod scene;

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::document::read_text;
use crate::error::Error;
use crate::reference::CsvTable;

pub use html::html;
pub use markdown::markdown;

/// One folder of results.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Where it stands.
    pub folder: PathBuf,
    /// `meta.json`.
    pub meta: Value,
    /// `curve.csv` as it is.
    pub curve: String,
    /// `figure.svg`, if it is there.
    pub svg: Option<String>,
}

impl Entry {
    fn read(folder: &Path) -> Result<Option<Self>, Error> {
        let file = folder.join("meta.json");
        let text = read_text(&file)?;
        let meta: Value = serde_json::from_str(&text).map_err(|e| Error::Malformed {
            file: file.display().to_string(),
            line: e.line(),
            message: e.to_string(),
        })?;
        if ["paper", "artefact", "grade"]
            .iter()
            .any(|key| !meta[key].is_string())
        {
            // Somebody else's file of that name.
            return Ok(None);
        }
        let file = folder.join("curve.csv");
        let curve = read_text(&file)?;
        CsvTable::parse(&file.display().to_string(), &curve)?;
        Ok(Some(Self {
            folder: folder.into(),
            meta,
            curve,
            svg: read_text(&folder.join("figure.svg")).ok(),
        }))
    }

    fn text(&self, key: &str) -> &str {
        self.meta[key].as_str().unwrap_or("")
    }

    /// `paper/artefact, preset P`, and for a quick run that it is one.
    fn name(&self) -> String {
        let quick = if self.meta["size"] == "quick" {
            " (quick)"
        } else {
            ""
        };
        let (paper, artefact) = (self.text("paper"), self.text("artefact"));
        match self.text("preset") {
            "sweep" => format!("{artefact}: a study of {paper}"),
            preset => format!("{paper}/{artefact}, {preset}{quick}"),
        }
    }

    /// The command that makes it again.
    fn command(&self) -> String {
        let (paper, artefact, preset) = (
            self.text("paper"),
            self.text("artefact"),
            self.text("preset"),
        );
        if preset == "sweep" {
            return format!("isac sweep {artefact}.toml");
        }
        let mut command = format!("isac reproduce {paper}/{artefact} --preset {preset}");
        if self.meta["size"] == "quick" {
            command += " --quick";
        }
        if self.meta["slow"] == true {
            command += " --slow";
        }
        if let Some(reference) = self.meta["reference"].as_str() {
            command += &format!(" --reference {reference}");
        }
        if let Some(realization) = self.meta["realization"].as_u64() {
            command += &format!(" --realization {realization}");
        }
        command + &format!(" --seed {}", self.meta["seed"])
    }

    /// Entries of a list of texts in `meta.json`.
    fn lines(&self, key: &str) -> Vec<&str> {
        let list = self.meta[key].as_array();
        list.into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect()
    }

    fn list(&self, key: &str) -> &[Value] {
        self.meta[key].as_array().map_or(&[], Vec::as_slice)
    }

    /// The largest mean of every metric that is a gap, by its column.
    fn gaps(&self) -> Vec<(String, f64)> {
        let Ok(table) = CsvTable::parse("curve.csv", &self.curve) else {
            return Vec::new();
        };
        let mut gaps = Vec::new();
        for (column, name) in table.columns.iter().enumerate() {
            let Some(name) = name.strip_prefix("mean_").filter(|n| n.contains("gap")) else {
                continue;
            };
            let values = table
                .rows
                .iter()
                .filter_map(|row| row[column].parse::<f64>().ok());
            let largest = values.filter(|v| v.is_finite()).reduce(f64::max);
            gaps.extend(largest.map(|value| (name.to_string(), value)));
        }
        gaps
    }
}

/// All results below folders, in natural order of their paths (`fig2` before `fig10`).
///
/// # Errors
/// [`Error::Unreadable`], [`Error::Malformed`]; [`Error::Usage`] if there are none.
pub fn collect(folders: &[PathBuf]) -> Result<Vec<Entry>, Error> {
    let mut found = Vec::new();
    for folder in folders {
        walk(folder, &mut found)?;
    }
    found.sort_by_key(|folder| natural(&folder.display().to_string()));
    found.dedup();
    let mut entries = Vec::new();
    for folder in &found {
        entries.extend(Entry::read(folder)?);
    }
    if entries.is_empty() {
        let names: Vec<String> = folders.iter().map(|f| f.display().to_string()).collect();
        return Err(Error::Usage(format!(
            "{}: no results here, expected folders with meta.json and curve.csv as `reproduce` and `sweep` \
             write them",
            names.join(", ")
        )));
    }
    Ok(entries)
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), Error> {
    let unreadable = |source| Error::Unreadable {
        file: folder.into(),
        source,
    };
    if folder.join("meta.json").is_file() && folder.join("curve.csv").is_file() {
        found.push(folder.into());
    }
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let name = entry.file_name();
        // Unfinished work and what hides itself; links are not followed, so this ends.
        let skipped =
            name.to_string_lossy().ends_with(".partial") || name.to_string_lossy().starts_with('.');
        if entry.file_type().map_err(unreadable)?.is_dir() && !skipped {
            walk(&entry.path(), found)?;
        }
    }
    Ok(())
}

/// A key by which numbers in texts sort by value.
fn natural(text: &str) -> Vec<(String, u64)> {
    let mut parts = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let letters = rest
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(rest.len());
        let (word, tail) = rest.split_at(letters);
        let digits = tail
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(tail.len());
        let (number, tail) = tail.split_at(digits);
        parts.push((word.to_string(), number.parse().unwrap_or(0)));
        rest = tail;
    }
    parts
}

/// A verdict as it is printed.
fn verdict(claim: &Value) -> String {
    match claim["verdict"].as_str() {
        Some("partly") => "holds in part".into(),
        other => other.unwrap_or("").replace('_', " "),
    }
}

/// The interval of a line of the table, empty where it has none.
fn interval(line: &Value) -> String {
    match line["ci95"].as_array().map(Vec::as_slice) {
        Some([low, high]) => format!("{} to {}", short(low), short(high)),
        _ => String::new(),
    }
}

/// A number for a reader: six digits.
fn short(value: &Value) -> String {
    match value.as_f64() {
        Some(x) if x.abs() < f64::MIN_POSITIVE => "0".into(),
        Some(x) if (1e-3..1e6).contains(&x.abs()) => {
            let digits = (5 - x.abs().log10().floor() as i32).max(0) as usize;
            format!("{x:.digits$}")
        }
        Some(x) => format!("{x:.4e}"),
        None => "-".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::natural;

    #[test]
    fn figures_sort_by_number() {
        let mut names = ["noma/fig10", "noma/fig2b", "noma/fig2", "alpha/fig3"];
        names.sort_by_key(|name| natural(name));
        assert_eq!(
            names,
            ["alpha/fig3", "noma/fig2", "noma/fig2b", "noma/fig10"]
        );
    }
}
