//! What is written about scenarios agrees with their defaults.

use isac_lab::Paper;
use isac_lab::document::{Document, Node};
use isac_lab::error::Error;
use isac_lab::scenario::{self, Posed};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Keys and values below a table, with dots.
fn flat(prefix: &str, value: &Value, out: &mut Vec<(String, Value)>) {
    for (key, entry) in value.as_object().unwrap() {
        let key = format!("{prefix}{key}");
        match entry {
            Value::Object(_) => flat(&format!("{key}."), entry, out),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_) => out.push((key, entry.clone())),
        }
    }
    out.sort_by(|a, b| a.0.cmp(&b.0));
}

fn flattened(value: &Value) -> Vec<(String, Value)> {
    let mut out = Vec::new();
    flat("", value, &mut out);
    out
}

/// `1` and `1.0` are the same.
fn same(a: &Value, b: &Value) -> bool {
    match (a.as_array(), b.as_array()) {
        (Some(a), Some(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        _ => {
            a == b
                || a.as_f64()
                    .zip(b.as_f64())
                    .is_some_and(|(a, b)| a.to_bits() == b.to_bits())
        }
    }
}

/// Keys and defaults of a paper's table in `docs/scenarios.md`.
fn table(paper: &str) -> Vec<(String, Value)> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/scenarios.md");
    let text = std::fs::read_to_string(path).unwrap();
    let section = text.split(&format!("\n### {paper}\n")).nth(1).unwrap();
    let section = section.split("\n#").next().unwrap();
    let mut rows: Vec<(String, Value)> = section
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| {
            let cells: Vec<&str> = line.split('|').map(|cell| cell.trim()).collect();
            let bare = |cell: &str| cell.trim_matches('`').to_string();
            assert_eq!(cells.len(), 6, "{line}");
            assert!(!cells[4].is_empty(), "no meaning: {line}");
            (
                bare(cells[1]),
                serde_json::from_str(&bare(cells[3])).unwrap(),
            )
        })
        .collect();
    rows.sort_by(|a, b| a.0.cmp(&b.0));
    rows
}

/// Key, unit and meaning of a paper's table in `docs/scenarios.md`.
fn words(paper: &str) -> Vec<[String; 3]> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/scenarios.md");
    let text = std::fs::read_to_string(path).unwrap();
    let section = text.split(&format!("\n### {paper}\n")).nth(1).unwrap();
    let section = section.split("\n#").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    let mut words: Vec<[String; 3]> = rows
        .map(|line| {
            let cells: Vec<&str> = line.split('|').map(|cell| cell.trim()).collect();
            [cells[1].trim_matches('`'), cells[2], cells[4]].map(String::from)
        })
        .collect();
    words.sort();
    words
}

/// What `isac explain` says of a key is what the table says.
fn explained(paper: &str, template: &str) {
    let keys = isac_lab::explain::keys(template);
    let mut said: Vec<[String; 3]> = (keys.into_iter())
        .map(|key| [key.name, key.unit, key.meaning])
        .collect();
    said.sort();
    assert_eq!(said, words(paper), "{paper}");
}

/// Every file in the folder `scenarios/` of a paper belongs to the artefact it is named after, and every
/// scenario that the paper lists is such a file: one that reads, leaves the draw to whoever runs it, and in
/// which an unknown key is refused.
pub(crate) fn figures<S: PartialEq + std::fmt::Debug>(
    paper: &Paper,
    read: impl Fn(&Node<'_>) -> Result<Option<Posed<S>>, Error>,
) {
    let folder = format!("{}/src/{}/scenarios", env!("CARGO_MANIFEST_DIR"), paper.key);
    let files: Vec<(String, String)> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            assert_eq!(path.extension().unwrap(), "toml", "{}", path.display());
            let stem = path.file_stem().unwrap().to_str().unwrap().to_string();
            (stem, std::fs::read_to_string(&path).unwrap())
        })
        .collect();
    for (stem, text) in &files {
        let listed = paper.scenarios.iter().find(|(name, _)| name == stem);
        let listed = listed.map(|(_, text)| *text);
        assert_eq!(listed, Some(text.as_str()), "{folder}/{stem}.toml");
    }
    for (name, text) in paper.scenarios {
        let own = |artefact: &str| {
            let rest = name.strip_prefix(artefact);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        };
        let artefact = paper.artefacts.iter().any(|a| own(a.name));
        assert!(artefact, "{name}: no such artefact");
        assert!(
            files.iter().any(|(_, file)| file == text),
            "{name}: no file"
        );
        let mut document = Document::from_toml(name, text).unwrap();
        assert_eq!(document.schema().unwrap(), paper.schema, "{name}");
        (paper.read.unwrap())(&document.root()).unwrap();
        let posed = read(&document.root()).unwrap().unwrap();
        assert_eq!((posed.seed, posed.drop), (None, 0), "{name}: states a draw");
        document.value["scenario"]["colour"] = 1.into();
        let refused = read(&document.root()).unwrap_err().to_string();
        assert!(
            refused.contains("unknown key `scenario.colour`"),
            "{refused}"
        );
    }
}

/// The table and the template of a paper have every key of its scenario with its default, and no other.
pub(crate) fn agrees<S>(paper: &str, template: &str)
where
    S: Default + Serialize + DeserializeOwned + PartialEq + std::fmt::Debug,
{
    let defaults = flattened(&serde_json::to_value(S::default()).unwrap());
    let rows = table(paper);
    let names = |list: &[(String, Value)]| list.iter().map(|(k, _)| k.clone()).collect::<Vec<_>>();
    assert_eq!(names(&rows), names(&defaults), "{paper}: keys of the table");
    for ((key, documented), (_, default)) in rows.iter().zip(&defaults) {
        let text = format!("{paper}: {key} is {default}, documented as {documented}");
        assert!(same(documented, default), "{text}");
    }
    explained(paper, template);
    let document = Document::from_toml("template", template).unwrap();
    let read = scenario::of_document::<S>(&document.root(), &[]);
    let read = read.unwrap().unwrap();
    assert_eq!(read.scenario, S::default(), "{paper}: template");
    assert_eq!((read.seed, read.drop), (Some(isac_lab::DEFAULT_SEED), 0));
    // Keys that the default problem refuses stand there too, as comments.
    let is_key = |rest: &str| {
        let name = rest.split(" = ").next().unwrap_or("");
        rest.contains(" = ") && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    let whole: Vec<&str> = template
        .lines()
        .map(|line| {
            line.strip_prefix("# ")
                .filter(|rest| is_key(rest))
                .unwrap_or(line)
        })
        .collect();
    let document = Document::from_toml("template", &whole.join("\n")).unwrap();
    let written = flattened(&document.value["scenario"]);
    assert_eq!(
        names(&written),
        names(&defaults),
        "{paper}: keys of the template"
    );
    for ((key, written), (_, default)) in written.iter().zip(&defaults) {
        let text = format!("{paper}: {key} is {default}, in the template {written}");
        assert!(default.is_null() || same(written, default), "{text}");
    }
}
