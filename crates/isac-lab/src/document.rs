//! Input documents: JSON in the layout of the fixtures, TOML scenarios, and a strict reader that
//! names file, field, value and what was expected.
//!
//! Numeric arrays are nested row-major lists. A complex array is `{"re": ..., "im": ...}` with two
//! lists of the same shape.
//!
//! ```
//! use isac_lab::document::Document;
//! let text = r#"{"schema": "x/1", "H": {"re": [[1, 2]], "im": [[0, -1]]}, "power_W": 0.5}"#;
//! let document = Document::from_json("example.json", text)?;
//! let root = document.root();
//! root.known_keys(&["schema", "H", "power_W"])?;
//! let h = root.get("H")?.matrix_c64()?;
//! assert_eq!((h.nrows(), h.ncols(), h[(0, 1)].im), (1, 2, -1.0));
//! assert!(root.get("powr_W").unwrap_err().to_string().contains("power_W"));
//! # Ok::<(), isac_lab::Error>(())
//! ```

use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use crate::error::{Error, nearest};
use crate::strict_json;

mod arrays;

pub use arrays::{Array, json_of_matrix, json_of_vec};

/// The most numbers that an array of a problem may have, 1.6 GB of complex ones. A size beyond is a
/// slip of the pen: no method here ends on it.
pub const MOST_ENTRIES: f64 = 1e8;

/// Keys that carry remarks, allowed in every object and never read.
pub(crate) const REMARKS: [&str; 7] = [
    "name",
    "description",
    "note",
    "notes",
    "comment",
    "units",
    "info",
];

/// Whether a key carries a remark: `note`, `info`, `..._info` and the like.
pub fn is_remark(key: &str) -> bool {
    REMARKS.contains(&key) || key.ends_with("_info")
}

/// A parsed file.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// Name in messages.
    pub file: String,
    /// Content.
    pub value: Value,
}

impl Document {
    /// Reads a file; `.toml` as TOML, everything else as JSON.
    ///
    /// # Errors
    /// [`Error::Unreadable`], [`Error::Malformed`] with the line, [`Error::Field`] for a TOML number
    /// that is NaN or infinite.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = read_text(path)?;
        let file = path.display().to_string();
        if path.extension().is_some_and(|e| e == "toml") {
            Self::from_toml(&file, &text)
        } else {
            Self::from_json(&file, &text)
        }
    }

    /// Parses JSON.
    ///
    /// # Errors
    /// [`Error::Malformed`] with the line, also for a key that occurs twice.
    pub fn from_json(file: &str, text: &str) -> Result<Self, Error> {
        let value = strict_json::parse(text).map_err(|e| Error::Malformed {
            file: file.into(),
            line: e.line(),
            message: e.to_string(),
        })?;
        Ok(Self {
            file: file.into(),
            value,
        })
    }

    /// Parses TOML into the same values.
    ///
    /// # Errors
    /// [`Error::Malformed`] with the line; [`Error::Field`] for NaN and infinities.
    pub fn from_toml(file: &str, text: &str) -> Result<Self, Error> {
        let table: toml::Table = text.parse().map_err(|e: toml::de::Error| {
            let start = e.span().map_or(0, |span| span.start.min(text.len()));
            Error::Malformed {
                file: file.into(),
                line: text[..start].lines().count().max(1),
                message: e.message().to_string(),
            }
        })?;
        Ok(Self {
            file: file.into(),
            value: json_of_toml(file, "", toml::Value::Table(table))?,
        })
    }

    /// The outermost object.
    pub fn root(&self) -> Node<'_> {
        Node {
            file: &self.file,
            path: String::new(),
            value: &self.value,
        }
    }

    /// The text of `schema`.
    ///
    /// # Errors
    /// [`Error::Field`] if it is absent or no text.
    pub fn schema(&self) -> Result<&str, Error> {
        match &self.value {
            Value::Object(map) => match map.get("schema") {
                Some(Value::String(schema)) => Ok(schema),
                Some(other) => Err(self.root().child("schema", other).wrong("a text")),
                None => Err(Error::Field {
                    file: self.file.clone(),
                    path: "schema".into(),
                    value: "nothing".into(),
                    expected: "a text such as \"obs-crlb/1\"".into(),
                }),
            },
            _ => Err(self.root().wrong("an object with the key `schema`")),
        }
    }
}

/// The text of a file, without the byte-order mark that some editors put before it.
///
/// # Errors
/// [`Error::Unreadable`], also for what is no text.
pub fn read_text(path: &Path) -> Result<String, Error> {
    let text = std::fs::read_to_string(path).map_err(|source| Error::Unreadable {
        file: path.into(),
        source,
    })?;
    Ok(match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.into(),
        None => text,
    })
}

fn json_of_toml(file: &str, path: &str, value: toml::Value) -> Result<Value, Error> {
    let at = |key: &str| {
        if path.is_empty() {
            key.to_string()
        } else {
            format!("{path}.{key}")
        }
    };
    Ok(match value {
        toml::Value::String(s) => Value::String(s),
        toml::Value::Integer(i) => json!(i),
        toml::Value::Boolean(b) => Value::Bool(b),
        toml::Value::Datetime(d) => Value::String(d.to_string()),
        toml::Value::Float(x) => {
            let number = serde_json::Number::from_f64(x).ok_or_else(|| Error::Field {
                file: file.into(),
                path: path.into(),
                value: x.to_string(),
                expected: "a finite number".into(),
            })?;
            Value::Number(number)
        }
        toml::Value::Array(items) => Value::Array(
            items
                .into_iter()
                .enumerate()
                .map(|(i, item)| json_of_toml(file, &format!("{path}[{i}]"), item))
                .collect::<Result<_, _>>()?,
        ),
        toml::Value::Table(table) => Value::Object(
            table
                .into_iter()
                .map(|(key, item)| Ok((key.clone(), json_of_toml(file, &at(&key), item)?)))
                .collect::<Result<Map<_, _>, Error>>()?,
        ),
    })
}

/// A value inside a document, with its path.
#[derive(Debug, Clone)]
pub struct Node<'a> {
    /// File it stands in.
    pub file: &'a str,
    /// Path such as `cases[2].gamma`; empty for the root.
    pub path: String,
    /// The value.
    pub value: &'a Value,
}

impl<'a> Node<'a> {
    fn child(&self, key: &str, value: &'a Value) -> Self {
        Self {
            file: self.file,
            path: self.path_of(key),
            value,
        }
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.into()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    /// The error "this value is not what was expected". Use it for every check of a range.
    pub fn wrong(&self, expected: impl Into<String>) -> Error {
        let mut value = self.value.to_string();
        if value.chars().count() > 60 {
            value = value.chars().take(57).collect::<String>() + "...";
        }
        Error::Field {
            file: self.file.into(),
            path: if self.path.is_empty() {
                "the document".into()
            } else {
                self.path.clone()
            },
            value,
            expected: expected.into(),
        }
    }

    /// A library's refusal of values from here, with the file and path put before it.
    pub fn refused(&self, source: impl Into<crate::error::Source>) -> Error {
        let context = if self.path.is_empty() {
            self.file.to_string()
        } else {
            format!("{}: {}", self.file, self.path)
        };
        Error::invalid(context, source)
    }

    /// The map of an object.
    ///
    /// # Errors
    /// [`Error::Field`].
    pub fn object(&self) -> Result<&'a Map<String, Value>, Error> {
        self.value
            .as_object()
            .ok_or_else(|| self.wrong("an object"))
    }

    /// Refuses keys that are neither in `known` nor remarks (`note`, `..._info` and so on).
    ///
    /// # Errors
    /// [`Error::UnknownKey`] with the nearest names.
    pub fn known_keys(&self, known: &[&str]) -> Result<(), Error> {
        for key in self.object()?.keys() {
            let at_root = self.path.is_empty() && key == "schema";
            if !known.contains(&key.as_str()) && !is_remark(key) && !at_root {
                return Err(Error::UnknownKey {
                    file: self.file.into(),
                    path: self.path_of(key),
                    nearest: nearest(key, known.iter().copied()),
                });
            }
        }
        Ok(())
    }

    /// The value of a key.
    ///
    /// # Errors
    /// [`Error::Field`] if it is absent (naming a near key, if there is one).
    pub fn get(&self, key: &str) -> Result<Self, Error> {
        let map = self.object()?;
        match map.get(key) {
            Some(value) => Ok(self.child(key, value)),
            None => {
                let similar = nearest(key, map.keys().map(String::as_str));
                Err(Error::Field {
                    file: self.file.into(),
                    path: self.path_of(key),
                    value: match similar.first() {
                        Some(name) => format!("nothing (there is `{name}`)"),
                        None => "nothing".into(),
                    },
                    expected: "a value".into(),
                })
            }
        }
    }

    /// Refuses an object that lacks one of these keys, all that are missing at once. A key may stand
    /// in an object of this one: `params.N`.
    ///
    /// # Errors
    /// [`Error::Field`] that names them; of a single one as [`Node::get`].
    pub fn needs(&self, keys: &[&str]) -> Result<(), Error> {
        self.object()?;
        let missing = |key: &&&str| {
            let found = key
                .split('.')
                .try_fold(self.value, |value, part| value.get(part));
            found.is_none_or(Value::is_null)
        };
        let missing: Vec<&str> = keys.iter().filter(missing).copied().collect();
        match missing[..] {
            [] => Ok(()),
            [key] if !key.contains('.') => self.get(key).map(drop),
            _ => Err(Error::Field {
                file: self.file.into(),
                path: (missing.iter().map(|key| self.path_of(key)))
                    .collect::<Vec<_>>()
                    .join(", "),
                value: "nothing".into(),
                expected: if missing.len() == 1 {
                    "a value".into()
                } else {
                    format!("a value each: {} keys are missing", missing.len())
                },
            }),
        }
    }

    /// The value of a key if it is there and not `null`.
    pub fn opt(&self, key: &str) -> Option<Self> {
        let value = self.value.as_object()?.get(key)?;
        (!value.is_null()).then(|| self.child(key, value))
    }

    /// [`Node::objects`] under `cases`, at least one of them.
    ///
    /// # Errors
    /// [`Error::Field`].
    pub fn cases(&self) -> Result<Vec<Self>, Error> {
        let node = self.get("cases")?;
        let cases = node.objects()?;
        if cases.is_empty() {
            return Err(node.wrong("at least one case"));
        }
        Ok(cases)
    }

    /// The value of the one of several keys that is there, all of them spellings of one quantity
    /// (`gamma` and `gamma_dB`), with its place in `keys`; `None` if no one is.
    ///
    /// # Errors
    /// [`Error::Field`] if two are there.
    pub fn one_spelling(&self, keys: &[&str]) -> Result<Option<(usize, Self)>, Error> {
        let mut found = None;
        for (at, key) in keys.iter().enumerate() {
            let Some(node) = self.opt(key) else {
                continue;
            };
            if let Some((first, _)) = found {
                let (first, key) = (keys[first], keys[at]);
                return Err(node.wrong(format!("either `{first}` or `{key}`, not both")));
            }
            found = Some((at, node));
        }
        Ok(found)
    }

    /// Keys and values of an object, remarks included.
    ///
    /// # Errors
    /// [`Error::Field`] if it is no object.
    pub fn entries(&self) -> Result<Vec<(&'a str, Self)>, Error> {
        Ok(self
            .object()?
            .iter()
            .map(|(key, value)| (key.as_str(), self.child(key, value)))
            .collect())
    }

    /// Entries of a list.
    ///
    /// # Errors
    /// [`Error::Field`] if it is no list.
    pub fn items(&self) -> Result<Vec<Self>, Error> {
        let list = self.value.as_array().ok_or_else(|| self.wrong("a list"))?;
        Ok(list
            .iter()
            .enumerate()
            .map(|(i, value)| Self {
                file: self.file,
                path: format!("{}[{i}]", self.path),
                value,
            })
            .collect())
    }

    /// Objects of a list; a single one may stand without the list.
    ///
    /// # Errors
    /// [`Error::Field`] if it is neither.
    pub fn objects(&self) -> Result<Vec<Self>, Error> {
        if self.value.is_object() {
            return Ok(vec![self.clone()]);
        }
        let items = self.items()?;
        items.iter().try_for_each(|item| item.object().map(drop))?;
        Ok(items)
    }

    /// A text.
    ///
    /// # Errors
    /// [`Error::Field`].
    pub fn text(&self) -> Result<&'a str, Error> {
        self.value.as_str().ok_or_else(|| self.wrong("a text"))
    }

    /// One of several texts: gives its index.
    ///
    /// # Errors
    /// [`Error::Field`] listing them.
    pub fn one_of(&self, choices: &[&str]) -> Result<usize, Error> {
        let text = self.value.as_str();
        choices
            .iter()
            .position(|choice| Some(*choice) == text)
            .ok_or_else(|| self.wrong(format!("one of {}", choices.join(", "))))
    }

    /// A boolean.
    ///
    /// # Errors
    /// [`Error::Field`].
    pub fn bool(&self) -> Result<bool, Error> {
        self.value
            .as_bool()
            .ok_or_else(|| self.wrong("true or false"))
    }

    /// A finite number.
    ///
    /// # Errors
    /// [`Error::Field`].
    pub fn f64(&self) -> Result<f64, Error> {
        self.value
            .as_f64()
            .filter(|v| v.is_finite())
            .ok_or_else(|| self.wrong("a finite number"))
    }

    /// A finite number > 0.
    ///
    /// # Errors
    /// [`Error::Field`] naming the unit.
    pub fn positive(&self, unit: &str) -> Result<f64, Error> {
        let value = self.f64().ok().filter(|v| *v > 0.0);
        value.ok_or_else(|| self.wrong(format!("a finite number > 0 {unit}").trim_end()))
    }

    /// A finite number >= 0.
    ///
    /// # Errors
    /// [`Error::Field`] naming the unit.
    pub fn nonnegative(&self, unit: &str) -> Result<f64, Error> {
        let value = self.f64().ok().filter(|v| *v >= 0.0);
        value.ok_or_else(|| self.wrong(format!("a finite number >= 0 {unit}").trim_end()))
    }

    /// A whole number >= 0; `8.0` counts as one.
    ///
    /// # Errors
    /// [`Error::Field`].
    pub fn usize(&self) -> Result<usize, Error> {
        if let Some(n) = self.value.as_u64() {
            return usize::try_from(n).map_err(|_| self.wrong("a smaller number"));
        }
        match self.value.as_f64() {
            Some(x) if (0.0..=1e15).contains(&x) && x.fract().abs() < f64::MIN_POSITIVE => {
                Ok(x as usize)
            }
            _ => Err(self.wrong("a whole number >= 0")),
        }
    }

    /// A whole number in `least..=most`.
    ///
    /// # Errors
    /// [`Error::Field`].
    pub fn count(&self, least: usize, most: usize) -> Result<usize, Error> {
        let count = self.usize().ok().filter(|n| (least..=most).contains(n));
        count.ok_or_else(|| match most {
            usize::MAX => self.wrong(format!("a whole number >= {least}")),
            _ => self.wrong(format!("a whole number in {least}..={most}")),
        })
    }

    /// Refuses this size if an array that follows from it has more than [`MOST_ENTRIES`] entries.
    ///
    /// # Errors
    /// [`Error::Field`] that names the array.
    pub fn holds(&self, entries: f64, array: &str) -> Result<(), Error> {
        if entries <= MOST_ENTRIES {
            return Ok(());
        }
        Err(self.wrong(format!(
            "a size with at most {MOST_ENTRIES:e} entries in {array}, not {entries:e}"
        )))
    }

    /// A seed: a whole number >= 0.
    ///
    /// # Errors
    /// [`Error::Field`].
    pub fn u64(&self) -> Result<u64, Error> {
        self.value
            .as_u64()
            .ok_or_else(|| self.wrong("a whole number >= 0"))
    }

    /// A path written in the document, relative to the document's own folder.
    ///
    /// # Errors
    /// [`Error::Field`] if it is no text.
    pub fn file_path(&self) -> Result<PathBuf, Error> {
        let folder = Path::new(self.file).parent().unwrap_or(Path::new(""));
        Ok(folder.join(self.text()?))
    }
}

#[cfg(test)]
mod tests;
