//! A scenario: a table of a document whose keys are the fields of one struct. What is absent has the
//! struct's default, so a document with its `schema` alone is the default problem of its paper.
//!
//! ```
//! use isac_lab::document::Document;
//! use isac_lab::scenario;
//! #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
//! #[serde(default, deny_unknown_fields)]
//! struct Scenario { users: usize, power_dbm: f64 }
//! impl Default for Scenario {
//!     fn default() -> Self { Self { users: 4, power_dbm: 30.0 } }
//! }
//! let text = "schema = \"x/1\"\n[scenario]\nusers = 2";
//! let document = Document::from_toml("x.toml", text)?;
//! let posed = scenario::of_document::<Scenario>(&document.root(), &["H"])?.ok_or("explicit")?;
//! assert_eq!(posed.scenario, Scenario { users: 2, power_dbm: 30.0 });
//! assert_eq!((posed.seed, posed.drop), (None, 0));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::document::{Node, is_remark};
use crate::error::{Error, Source, nearest};
use crate::solve::SolveRequest;

/// Keys of a document with a scenario.
pub const KEYS: [&str; 3] = ["scenario", "seed", "drop"];

/// The most drops of a seed: each may have 65536 random streams of its own. Where a size has 32 bits, all
/// of them.
pub const MOST_DROPS: usize = match 1_usize.checked_shl(40) {
    Some(drops) => drops,
    None => usize::MAX,
};

/// A scenario with the draw that is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Posed<S> {
    /// The physics.
    pub scenario: S,
    /// The seed, if stated.
    pub seed: Option<u64>,
    /// Which draw of the seed.
    pub drop: usize,
}

impl<S> Posed<S> {
    /// The seed to use: that of the command line before that of the document before the house's.
    ///
    /// # Errors
    /// [`Error::Usage`] where the command line asks for a case: a scenario has none.
    pub fn seed(&self, request: &SolveRequest) -> Result<u64, Error> {
        if let Some(case) = request.case {
            return Err(Error::Usage(format!(
                "--case {case}: a scenario has no cases; its key `drop` says which draw"
            )));
        }
        Ok((request.seed.or(self.seed)).unwrap_or(crate::DEFAULT_SEED))
    }
}

/// The scenario of a document; `None` for a document with channels, which is one that has a key of
/// `explicit` and no `scenario`.
///
/// # Errors
/// An unknown key, with the nearest and the table it belongs to; a value of another type; a key of
/// `explicit` beside `scenario`.
pub fn of_document<S: Default + Serialize + DeserializeOwned>(
    root: &Node<'_>,
    explicit: &[&str],
) -> Result<Option<Posed<S>>, Error> {
    let stated = root.object()?;
    let beside = explicit
        .iter()
        .filter(|key| !KEYS.contains(key) && stated.contains_key(**key))
        .find(|key| **key != "schema");
    let table = root.opt("scenario");
    match (&table, beside) {
        (None, Some(_)) => return Ok(None),
        (Some(table), Some(key)) => {
            return Err(table.wrong(format!("either `scenario` or `{key}`, not both")));
        }
        (_, None) => {}
    }
    let mut whole = serde_json::to_value(S::default()).unwrap_or_default();
    let mut places: Vec<(String, &str)> = KEYS.map(|key| (key.to_string(), "")).into();
    let fields = keys_of(&whole);
    places.extend(
        fields
            .iter()
            .map(|(table, key)| (key.clone(), table.as_str())),
    );
    places.extend(explicit.iter().map(|key| (key.to_string(), "")));
    let top: Vec<String> = KEYS.map(String::from).into();
    known(root, &top, &places)?;
    if let Some(table) = table {
        merge(&table, &mut whole, &places, &|value| {
            serde_json::from_value::<S>(value.clone()).map(drop)
        })?;
    }
    let scenario = serde_json::from_value(whole).map_err(|e| root.wrong(e.to_string()))?;
    let seed = root.opt("seed").map(|node| node.u64()).transpose()?;
    let index = root.opt("drop").map(|node| node.count(0, MOST_DROPS));
    Ok(Some(Posed {
        scenario,
        seed,
        drop: index.transpose()?.unwrap_or(0),
    }))
}

/// The tables and keys below a scenario.
fn keys_of(whole: &Value) -> Vec<(String, String)> {
    fn walk(table: &str, value: &Value, out: &mut Vec<(String, String)>) {
        for (key, entry) in value.as_object().into_iter().flatten() {
            out.push((table.into(), key.clone()));
            walk(&format!("{table}.{key}"), entry, out);
        }
    }
    let mut out = Vec::new();
    walk("scenario", whole, &mut out);
    out
}

/// Refuses keys of a table that are not in `keys`, with the nearest of all places where a key may
/// stand.
fn known(node: &Node<'_>, keys: &[String], places: &[(String, &str)]) -> Result<(), Error> {
    for (key, entry) in node.entries()? {
        let remark = is_remark(key) || (node.path.is_empty() && key == "schema");
        if remark || keys.iter().any(|known| known == key) {
            continue;
        }
        let near = nearest(key, places.iter().map(|(name, _)| name.as_str()));
        let with_table = |name: String| {
            let table = places.iter().find(|(known, _)| *known == name);
            match table.map_or("", |(_, table)| table) {
                "" => format!("`{name}` at the top"),
                table => format!("`{name}` in [{table}]"),
            }
        };
        return Err(Error::UnknownKey {
            file: node.file.into(),
            path: entry.path,
            nearest: near.into_iter().map(with_table).collect(),
        });
    }
    Ok(())
}

/// Puts the entries of a table into `whole`, key by key, and asks after each whether it still reads.
fn merge(
    node: &Node<'_>,
    whole: &mut Value,
    places: &[(String, &str)],
    reads: &dyn Fn(&Value) -> Result<(), serde_json::Error>,
) -> Result<(), Error> {
    let keys: Vec<String> = whole
        .as_object()
        .into_iter()
        .flat_map(|map| map.keys())
        .cloned()
        .collect();
    known(node, &keys, places)?;
    for (key, entry) in node.entries()? {
        if is_remark(key) {
            continue;
        }
        let mut trial = whole.clone();
        if whole[key].is_object() && entry.value.is_object() {
            let reads = |part: &Value| {
                let mut trial = whole.clone();
                trial[key] = part.clone();
                reads(&trial)
            };
            let mut part = whole[key].clone();
            merge(&entry, &mut part, places, &reads)?;
            trial[key] = part;
        } else {
            trial[key] = if whole[key].is_u64() {
                entry.usize()?.into()
            } else {
                entry.value.clone()
            };
            reads(&trial).map_err(|e| entry.wrong(expected(&e.to_string())))?;
        }
        *whole = trial;
    }
    Ok(())
}

/// What the format's reader expected, in words.
fn expected(message: &str) -> String {
    let wanted = message.rsplit_once("expected ").map(|(_, tail)| tail);
    match wanted {
        Some("f64") => "a finite number".into(),
        Some("usize" | "u64") => "a whole number >= 0".into(),
        Some("a boolean") => "true or false".into(),
        Some("a sequence") => "a list".into(),
        Some(other) => other.into(),
        None => format!("another value ({message})"),
    }
}

/// Refuses the first of `keys` that `table` states: it would do nothing where `why`.
///
/// # Errors
/// [`Error::Field`] that names the key.
pub fn unused(root: &Node<'_>, keys: &[&str], why: &str) -> Result<(), Error> {
    let table = root.opt("scenario");
    let stated = keys.iter().find_map(|key| table.as_ref()?.opt(key));
    stated.map_or(Ok(()), |node| Err(node.wrong(format!("no such key {why}"))))
}

/// A refusal of the values of a scenario, with the file put before it.
pub fn refused(root: &Node<'_>, source: impl Into<Source>) -> Error {
    Error::invalid(format!("{}: scenario", root.file), source)
}

/// Reads a number or the text `inf`, which TOML can write and JSON cannot otherwise.
///
/// # Errors
/// Anything else, by what was expected.
pub fn number_or_inf<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Given {
        Number(f64),
        Text(String),
    }
    const EXPECTED: &str = "expected a number or \"inf\"";
    match Given::deserialize(deserializer) {
        Ok(Given::Number(number)) => Ok(number),
        Ok(Given::Text(text)) if text == "inf" => Ok(f64::INFINITY),
        Ok(Given::Text(_)) | Err(_) => Err(serde::de::Error::custom(EXPECTED)),
    }
}
