//! `cargo xtask eq PAPER N`: where an equation of a paper stands in the code; `cargo xtask eq` writes
//! `docs/equations.md` with all of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use crate::tidy;

/// `(number, letter)`, such as `(23, "b")`, to the places that cite it.
type Places = BTreeMap<(u32, String), Vec<String>>;

/// Prints the places of one equation, or writes the page of all.
pub(crate) fn run(root: &Path, args: &[String]) -> ExitCode {
    let papers = tidy::papers(root);
    match args {
        [] => match fs::write(root.join("docs/equations.md"), page(root)) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("docs/equations.md: {error}");
                ExitCode::FAILURE
            }
        },
        [paper, number] if papers.contains(paper) => {
            let wanted = number.trim_matches(['(', ')']);
            let found = places(root, paper);
            let named = |(n, letter): &(u32, String)| {
                format!("{n}{letter}") == wanted || n.to_string() == wanted
            };
            let mut hits = found.iter().filter(|(key, _)| named(key)).peekable();
            if hits.peek().is_none() {
                eprintln!("{paper}: no code cites Eq. ({wanted})");
                return ExitCode::FAILURE;
            }
            for ((n, letter), places) in hits {
                for place in places {
                    println!("({n}{letter})  {place}");
                }
            }
            ExitCode::SUCCESS
        }
        [paper, ..] => {
            eprintln!(
                "usage: cargo xtask eq [PAPER N]; got `{paper}`, the papers are {}",
                papers.join(", ")
            );
            ExitCode::from(2)
        }
    }
}

/// The page of every paper's equations with the places that cite them.
pub(crate) fn page(root: &Path) -> String {
    let mut page = String::from(
        "# Equations\n\nWhere each cited equation of a paper stands in the code: written by `cargo xtask eq`, compared by\n`cargo xtask tidy`. `cargo xtask eq PAPER N` prints the places with their lines.\n",
    );
    for paper in tidy::papers(root) {
        page += &format!("\n## {paper}\n\n| equation | files |\n|---|---|\n");
        for ((n, letter), places) in places(root, &paper) {
            let mut files: Vec<String> = places
                .iter()
                .map(|place| {
                    let file = place.split(':').next().unwrap_or_default();
                    let file = file.strip_prefix("crates/").unwrap_or(file);
                    format!("`{file}`")
                })
                .collect();
            files.dedup();
            page += &format!("| ({n}{letter}) | {} |\n", files.join(", "));
        }
    }
    page
}

/// Where the code cites the equations of one paper, in the order of files and lines.
fn places(root: &Path, paper: &str) -> Places {
    let mut found = Places::new();
    for path in tidy::files(&root.join("crates"), &["rs"]) {
        let name = tidy::show(root, &path);
        let own = name.contains(&format!("/src/{paper}/"));
        let text = fs::read_to_string(&path).unwrap_or_default();
        for (index, line) in text.lines().enumerate() {
            // The key may stand on the next line.
            let next = text.lines().nth(index + 1).unwrap_or_default();
            let named = line.contains(&format!("[{paper}"))
                || (line.ends_with("of") && next.contains(&format!("[{paper}")));
            let other = tidy::papers(root)
                .iter()
                .any(|p| p != paper && line.contains(&format!("[{p}")));
            if !named && (!own || other) {
                continue;
            }
            for key in cited(line) {
                found
                    .entry(key)
                    .or_default()
                    .push(format!("{name}:{}", index + 1));
            }
        }
    }
    found
}

/// The equations that one line cites: `Eq. (8b)`, `Eqs. (12e) to (12g)`, `Eqs. (4) and (5)`, `Eqs. (8)-(9)`.
fn cited(line: &str) -> Vec<(u32, String)> {
    let mut found = Vec::new();
    for (i, word) in line.match_indices("Eq") {
        let mut rest = &line[i + word.len()..];
        let Some(tail) = rest
            .strip_prefix('s')
            .or(Some(rest))
            .and_then(|r| r.strip_prefix(". "))
        else {
            continue;
        };
        rest = tail;
        let mut last: Option<(u32, String)> = None;
        let mut through = false;
        while let Some(open) = rest.strip_prefix('(') {
            let Some((inside, after)) = open.split_once(')') else {
                break;
            };
            let digits: String = inside.chars().take_while(char::is_ascii_digit).collect();
            let letter = inside[digits.len()..].to_string();
            let Ok(number) = digits.parse::<u32>() else {
                break;
            };
            if letter.len() > 1 {
                break;
            }
            if let (true, Some((from, a))) = (through, &last) {
                found.extend(between((*from, a), (number, &letter)));
            }
            found.push((number, letter.clone()));
            last = Some((number, letter));
            let joint = [" to ", "-", " and ", ", and ", ", "];
            let Some(join) = joint.iter().find(|j| after.starts_with(**j)) else {
                break;
            };
            through = matches!(*join, " to " | "-");
            rest = &after[join.len()..];
        }
    }
    found
}

/// What lies strictly between two equations: numbers, or letters of one number.
fn between(from: (u32, &str), to: (u32, &str)) -> Vec<(u32, String)> {
    if from.0 == to.0 {
        let byte = |s: &str| s.bytes().next().unwrap_or(b'a');
        let letters = byte(from.1) + 1..byte(to.1);
        return letters.map(|b| (to.0, char::from(b).to_string())).collect();
    }
    (from.0 + 1..to.0).map(|n| (n, String::new())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn citations_are_read() {
        let seen = |line: &str| -> Vec<String> {
            cited(line)
                .into_iter()
                .map(|(n, l)| format!("{n}{l}"))
                .collect()
        };
        assert_eq!(seen("by Eq. (8b) of [noma]"), ["8b"]);
        assert_eq!(seen("Eqs. (12e) to (12g)"), ["12e", "12f", "12g"]);
        assert_eq!(seen("Eqs. (8)-(10), block by block"), ["8", "9", "10"]);
        assert_eq!(seen("Eqs. (4) and (5); Eq. (7)"), ["4", "5", "7"]);
        assert_eq!(seen("#[derive(Eq)] and Eq. by word"), [""; 0]);
    }
}
