//! The documents of the project as one book: `isac-book ROOT RUSTDOC OUT`.
//!
//! Pages of Markdown become HTML with one list of contents; the API as rustdoc wrote it is copied beside them;
//! formulas become MathML in both. Nothing is fetched: the folder reads from a disk. A link that leads
//! nowhere or a formula that cannot be read is an error.

mod api;
mod math;
mod page;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use page::Page;

/// The parts of the book and their pages, in order of reading; a folder stands for its pages by name.
const CONTENTS: [(&str, &[&str]); 5] = [
    ("", &["README.md"]),
    (
        "Use",
        &[
            "docs/cli.md",
            "docs/scenarios.md",
            "docs/files.md",
            "docs/sweeps.md",
            "docs/proofs.md",
            "docs/page.md",
            "crates/isac-python/README.md",
        ],
    ),
    (
        "Papers",
        &[
            "docs/papers",
            "docs/claims.md",
            "docs/notation.md",
            "docs/equations.md",
        ],
    ),
    ("Measured", &["docs/performance.md", "docs/accuracy.md"]),
    (
        "The house",
        &[
            "ARCHITECTURE.md",
            "CONTRIBUTING.md",
            "docs/decisions.md",
            "CHANGELOG.md",
        ],
    ),
];

const STYLE: &str = include_str!("style.css");

fn main() -> ExitCode {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [root, rustdoc, out] = arguments.as_slice() else {
        eprintln!("usage: isac-book ROOT RUSTDOC OUT");
        return ExitCode::from(2);
    };
    match book(root, rustdoc, out) {
        Ok(summary) => {
            println!("{summary}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("isac-book: {error}");
            ExitCode::FAILURE
        }
    }
}

fn book(root: &Path, rustdoc: &Path, out: &Path) -> Result<String, String> {
    if out.exists() {
        std::fs::remove_dir_all(out).map_err(|e| at(out, &e))?;
    }
    let mut parts = Vec::new();
    let mut pages = BTreeMap::new();
    for (part, entries) in CONTENTS {
        let mut names = Vec::new();
        for entry in entries {
            names.extend(expand(root, entry)?);
        }
        for name in &names {
            let text = std::fs::read_to_string(root.join(name)).map_err(|e| at(name, &e))?;
            pages.insert(name.clone(), Page::new(name, &text)?);
        }
        parts.push((part, names));
    }
    let crates = api::crates(rustdoc)?;
    let mut formulas = 0;
    for (name, page) in &pages {
        let body = page.html(root, out, &pages)?;
        formulas += page.formulas;
        let to_root = "../".repeat(name.components().count() - 1);
        let text = framed(
            &page.title,
            &contents(&parts, &pages, &crates, name, &to_root),
            &body,
            &to_root,
        );
        write(&out.join(page::address(name)), text.as_bytes())?;
    }
    write(&out.join("style.css"), STYLE.as_bytes())?;
    let start = "<!doctype html><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" content=\"0; url=README.html\"><title>isac</title><a href=\"README.html\">isac</a>\n";
    write(&out.join("index.html"), start.as_bytes())?;
    let api = api::copy(rustdoc, &out.join("api"))?;
    Ok(format!(
        "{}: {} pages with {formulas} formulas, {} files of the API with {} formulas",
        out.join("index.html").display(),
        pages.len(),
        api.files,
        api.formulas,
    ))
}

fn at(path: impl AsRef<Path>, error: &dyn std::fmt::Display) -> String {
    format!("{}: {error}", path.as_ref().display())
}

fn write(file: &Path, bytes: &[u8]) -> Result<(), String> {
    let folder = file.parent().unwrap_or(file);
    std::fs::create_dir_all(folder).map_err(|e| at(folder, &e))?;
    std::fs::write(file, bytes).map_err(|e| at(file, &e))
}

/// A page, or the pages of a folder in the order of their names.
fn expand(root: &Path, entry: &str) -> Result<Vec<PathBuf>, String> {
    let path = root.join(entry);
    if !path.is_dir() {
        return Ok(vec![entry.into()]);
    }
    let mut names = Vec::new();
    for file in std::fs::read_dir(&path).map_err(|e| at(&path, &e))? {
        let name = file.map_err(|e| at(&path, &e))?.file_name();
        if Path::new(&name).extension().is_some_and(|e| e == "md") {
            names.push(Path::new(entry).join(name));
        }
    }
    names.sort();
    Ok(names)
}

/// The list of contents as seen from a page.
fn contents(
    parts: &[(&str, Vec<PathBuf>)],
    pages: &BTreeMap<PathBuf, Page>,
    crates: &[String],
    here: &Path,
    to_root: &str,
) -> String {
    let mut out = String::new();
    for (part, names) in parts {
        if !part.is_empty() {
            out += &format!("<h2>{part}</h2>\n");
        }
        out += "<ul>\n";
        for name in names {
            let mark = if name == here {
                " aria-current=\"page\""
            } else {
                ""
            };
            let address = page::address(name);
            let title = &pages[name].title;
            out += &format!("<li><a href=\"{to_root}{address}\"{mark}>{title}</a></li>\n");
        }
        out += "</ul>\n";
    }
    out += "<h2>Crates</h2>\n<ul>\n";
    for name in crates {
        let shown = name.replace('_', "-");
        out += &format!("<li><a href=\"{to_root}api/{name}/index.html\">{shown}</a></li>\n");
    }
    out + "</ul>\n"
}

fn framed(title: &str, contents: &str, body: &str, to_root: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title} - isac</title>\n<link rel=\"stylesheet\" href=\"{to_root}style.css\">\n</head>\n<body>\n\
         <nav aria-label=\"Contents\">\n{contents}</nav>\n<main>\n{body}</main>\n</body>\n</html>\n"
    )
}
