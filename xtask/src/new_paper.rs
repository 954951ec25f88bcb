//! `cargo xtask new-paper NAME`: a paper that builds, solves and draws, to be filled in.
//!
//! Two folders, `isac-algos/src/NAME` and `isac-papers/src/NAME`, and a line or two in each of the
//! lists of papers.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// Files of a paper: where below `crates/`, and the text.
const FILES: [(&str, &str); 9] = [
    (
        "isac-algos/src/__paper__/mod.rs",
        include_str!("../templates/algos_mod.rs"),
    ),
    (
        "isac-algos/src/__paper__/problem.rs",
        include_str!("../templates/algos_problem.rs"),
    ),
    (
        "isac-algos/src/__paper__/matched_filter.rs",
        include_str!("../templates/algos_matched_filter.rs"),
    ),
    (
        "isac-papers/src/__paper__/mod.rs",
        include_str!("../templates/papers_mod.rs"),
    ),
    (
        "isac-papers/src/__paper__/scenario.rs",
        include_str!("../templates/papers_scenario.rs"),
    ),
    (
        "isac-papers/src/__paper__/scenario.toml",
        include_str!("../templates/scenario.toml"),
    ),
    (
        "isac-papers/src/__paper__/scenarios/fig1.toml",
        include_str!("../templates/fig1.toml"),
    ),
    (
        "isac-papers/src/__paper__/solve.rs",
        include_str!("../templates/papers_solve.rs"),
    ),
    (
        "isac-papers/src/__paper__/figures.rs",
        include_str!("../templates/papers_figures.rs"),
    ),
];

/// Runs the command.
pub(crate) fn run(root: &Path, args: &[String]) -> ExitCode {
    let [name] = args else {
        eprintln!("new-paper needs one name, such as `cell_free`");
        return ExitCode::from(2);
    };
    match write(root, name) {
        Ok(lines) => {
            println!("wrote crates/isac-algos/src/{name} and crates/isac-papers/src/{name}");
            println!("and {} lines elsewhere:", lines.len());
            for line in lines {
                println!("  {line}");
            }
            let schema = name.replace('_', "-");
            println!("It solves as it is:");
            println!("  cargo run -p isac -- new {name} -o {schema}.toml");
            println!("  cargo run -p isac -- solve {schema}.toml");
            println!("  cargo xtask reproduce {name}/fig1 --quick");
            println!(
                "Then: its model and algorithms, docs/references.bib, docs/papers/{name}.md, docs/scenarios.md."
            );
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("new-paper: {error}");
            ExitCode::from(2)
        }
    }
}

/// Writes a paper into a checkout; the lines that were added or changed outside its folders.
pub(crate) fn write(root: &Path, name: &str) -> Result<Vec<String>, String> {
    let fits = name.starts_with(|c: char| c.is_ascii_lowercase())
        && !name.ends_with('_')
        && (name.chars()).all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if !fits {
        return Err(format!(
            "`{name}`: expected lower-case letters, digits and `_`, such as `cell_free`"
        ));
    }
    let crates = root.join("crates");
    let place = |path: &str| crates.join(path.replace("__paper__", name));
    for folder in ["isac-algos/src", "isac-papers/src"] {
        let taken = crates.join(folder).join(name);
        if taken.exists() || taken.with_extension("rs").exists() {
            return Err(format!("`{name}`: there is {} already", taken.display()));
        }
    }
    // All lists are read and changed before anything is written.
    let algos = crates.join("isac-algos");
    let papers = crates.join("isac-papers");
    let mut lines = Vec::new();
    let mut changed: Vec<(PathBuf, String)> = Vec::new();
    let mut change = |path: PathBuf, edit: &dyn Fn(&str) -> Option<String>| {
        let text = std::fs::read_to_string(&path);
        let text = text.map_err(|e| format!("{}: {e}", path.display()))?;
        let edited = edit(&text).ok_or_else(|| format!("{}: no list of papers", path.display()))?;
        let old: Vec<&str> = text.lines().collect();
        let new = edited
            .lines()
            .filter(|line| !old.contains(line) || line.starts_with("#[cfg"));
        let mine = new.filter(|line| line.contains(name));
        let short = path.strip_prefix(root).unwrap_or(&path);
        lines.extend(mine.map(|line| format!("{}: {}", short.display(), line.trim())));
        changed.push((path, edited));
        Ok::<(), String>(())
    };
    change(algos.join("Cargo.toml"), &|text| feature(text, name, "[]"))?;
    let own = format!("[\"isac-algos/{name}\"]");
    change(papers.join("Cargo.toml"), &|text| feature(text, name, &own))?;
    change(algos.join("src/lib.rs"), &|text| module(text, name))?;
    change(papers.join("src/lib.rs"), &|text| module(text, name))?;
    let list = crates.join("isac/src/papers.rs");
    change(list, &|text| {
        let at = text.find("    ]\n")?;
        let line = format!("        isac_papers::{name}::paper(),\n");
        Some(format!("{}{line}{}", &text[..at], &text[at..]))
    })?;
    for (path, text) in FILES {
        let path = place(path);
        let text = text.replace("__paper__", name);
        let text = text.replace("__schema__", &name.replace('_', "-"));
        let folder = path.parent().unwrap_or(root);
        std::fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        std::fs::write(&path, text).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    for (path, text) in changed {
        std::fs::write(&path, text).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    // Names of other lengths break lines elsewhere.
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let formatted = Command::new(cargo)
        .args(["fmt", "--all"])
        .current_dir(root)
        .status();
    match formatted {
        Ok(status) if status.success() => Ok(lines),
        Ok(_) => Err("written, but `cargo fmt` failed".into()),
        Err(error) => Err(format!("written, but `cargo fmt` did not start: {error}")),
    }
}

/// A manifest with one more feature, on by default.
fn feature(text: &str, name: &str, value: &str) -> Option<String> {
    let start = text.find("\ndefault = [")? + 1;
    let end = start + text[start..].find("]\n")?;
    Some(format!(
        "{}, \"{name}\"]\n{name} = {value}\n{}",
        &text[..end],
        &text[end + 2..]
    ))
}

/// A crate root with one more module behind its feature, in the order of the alphabet.
fn module(text: &str, name: &str) -> Option<String> {
    let declared = |line: &str| {
        let rest = line
            .strip_prefix("pub mod ")
            .or(line.strip_prefix("mod "))?;
        rest.strip_suffix(';').map(str::to_owned)
    };
    let (mut at, mut block, mut seen) = (0, 0, None);
    for line in text.split_inclusive('\n') {
        if !line.starts_with("#[") {
            if let Some(module) = declared(line.trim_end()) {
                if module.as_str() > name {
                    break;
                }
                seen = Some(at + line.len());
            } else if seen.is_some() {
                break;
            }
            block = at + line.len();
        }
        at += line.len();
    }
    let at = seen.unwrap_or(block);
    let new = format!("#[cfg(feature = \"{name}\")]\npub mod {name};\n");
    Some(format!("{}{new}{}", &text[..at], &text[at..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_and_features_find_their_place() {
        let root = "//! Doc.\n\n#[cfg(feature = \"b\")]\npub mod b;\nmod d;\n\npub use d::D;\n";
        let with = |name: &str| module(root, name).unwrap();
        assert!(with("c").contains("pub mod b;\n#[cfg(feature = \"c\")]\npub mod c;\nmod d;"));
        assert!(
            with("a").contains("\n\n#[cfg(feature = \"a\")]\npub mod a;\n#[cfg(feature = \"b\")]")
        );
        assert!(with("e").contains("mod d;\n#[cfg(feature = \"e\")]\npub mod e;\n\npub use"));
        let manifest = "[features]\ndefault = [\"b\"]\nb = []\n";
        assert_eq!(
            feature(manifest, "c", "[]").unwrap(),
            "[features]\ndefault = [\"b\", \"c\"]\nc = []\nb = []\n"
        );
    }

    #[test]
    fn names_that_are_no_modules_are_refused() {
        for name in ["", "Noma", "a-b", "1a", "a_", "noma"] {
            let error = write(&crate::root(), name).unwrap_err();
            assert!(error.contains(&format!("`{name}`")), "{error}");
        }
    }
}
