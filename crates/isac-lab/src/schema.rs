//! JSON Schema (draft 7) of a paper's documents, so that editors complete and check their keys. Made from
//! what else says which keys there are: the commented scenario of the paper, the keys of a document with
//! channels, and those of `[sweep]`. The readers stay the judges: a document that they take is valid here,
//! while numbers out of range are theirs to refuse.

use serde_json::{Map, Value, json};

use crate::document::{Document, REMARKS};
use crate::explain::{self, Key};
use crate::paper::Paper;
use crate::sweep::spec;

const DRAFT: &str = "http://json-schema.org/draft-07/schema#";

/// The schema of one paper's documents.
pub fn of_paper(paper: &Paper) -> Value {
    let mut schema =
        json!({"$schema": DRAFT, "title": format!("{}: {}", paper.schema, paper.title)});
    schema["definitions"] = json!({"array": array()});
    merge(&mut schema, document(paper));
    schema
}

/// The schema of all papers' documents, told apart by their key `schema`.
pub fn of_all(papers: &[Paper]) -> Value {
    let names: Vec<&str> = papers.iter().map(|paper| paper.schema).collect();
    let mut definitions = json!({"array": array()});
    let mut choices = Vec::new();
    for paper in papers {
        definitions[paper.key] = document(paper);
        choices.push(json!({
            "if": {"properties": {"schema": {"const": paper.schema}}},
            "then": {"$ref": format!("#/definitions/{}", paper.key)},
        }));
    }
    json!({
        "$schema": DRAFT,
        "title": "documents of isac",
        "type": "object",
        "required": ["schema"],
        "properties": {"schema": {"enum": names}},
        "allOf": choices,
        "definitions": definitions,
    })
}

fn merge(into: &mut Value, from: Value) {
    if let (Some(into), Value::Object(from)) = (into.as_object_mut(), from) {
        into.extend(from);
    }
}

/// Channels and beams: numbers, real and imaginary parts, or a table that names a file.
fn array() -> Value {
    json!({
        "description": "numbers row by row, their real and imaginary parts, or a file that holds them",
        "anyOf": [
            {"type": ["number", "array"]},
            {"type": "object", "required": ["re", "im"], "additionalProperties": false,
             "properties": {"re": {"type": ["number", "array"]}, "im": {"type": ["number", "array"]}}},
            {"type": "object", "required": ["file", "axes"],
             "properties": {
                 "file": {"type": "string", "description": "path relative to the document: .mat, .h5, .npy, .npz or .csv"},
                 "variable": {"type": "string", "description": "name in the file, such as H or scene.H"},
                 "axes": {"type": "array", "items": {"type": "string"}, "description": "a name for each dimension, in the order of the file"},
                 "conjugate": {"type": "boolean", "description": "whether the file holds the conjugate"}},
             "additionalProperties": {"type": "integer", "minimum": 0}},
        ],
    })
}

fn document(paper: &Paper) -> Value {
    let whole = |meaning: &str| json!({"type": "integer", "minimum": 0, "description": meaning});
    let mut properties = Map::new();
    properties.insert("schema".into(), json!({"const": paper.schema}));
    properties.insert(
        "seed".into(),
        whole("every random draw follows from it; 1 if absent"),
    );
    properties.insert("drop".into(), whole("which drop of that seed; 0 if absent"));
    let keys = explain::keys(paper.template.unwrap_or(""));
    if paper.template.is_some() {
        properties.insert("scenario".into(), tables(&keys, &|key| value(key)));
    }
    let own: Vec<&str> = (paper.keys)()
        .into_iter()
        .filter(|key| !["schema", "seed", "drop"].contains(key))
        .collect();
    for key in &own {
        let array = paper.arrays.iter().any(|(name, _)| name == key);
        let of_key = match *key {
            _ if array => json!({"$ref": "#/definitions/array"}),
            "cases" => json!({"type": "array", "items": {"type": "object"}}),
            _ => json!({}),
        };
        properties.insert((*key).into(), of_key);
    }
    // With channels any key of the document may vary, without those of the scenario.
    properties.insert("sweep".into(), sweep(&[], true));
    let explicit: Vec<Value> = own.iter().map(|key| json!({"required": [key]})).collect();
    json!({
        "type": "object",
        "required": ["schema"],
        "properties": properties,
        "patternProperties": remarks(),
        "additionalProperties": false,
        "if": {"not": {"anyOf": explicit}},
        "then": {"properties": {"sweep": sweep(&keys, false)}},
    })
}

/// Remarks stand anywhere.
fn remarks() -> Value {
    let mut patterns = Map::new();
    patterns.insert(format!("^({}|.*_info)$", REMARKS.join("|")), json!({}));
    Value::Object(patterns)
}

/// Keys with dots as tables in tables.
fn tables(keys: &[Key], of: &dyn Fn(&Key) -> Value) -> Value {
    let mut table = json!({"type": "object", "properties": {}, "patternProperties": remarks(), "additionalProperties": false});
    for key in keys {
        let mut place = &mut table;
        let mut steps = key.name.split('.').peekable();
        while let Some(step) = steps.next() {
            let here = &mut place["properties"][step];
            if steps.peek().is_none() {
                *here = of(key);
            } else if here.is_null() {
                *here = json!({"type": "object", "properties": {}, "patternProperties": remarks(), "additionalProperties": false});
            }
            place = &mut place["properties"][step];
        }
    }
    table
}

/// The value of a key: the type of its default, and the words that its meaning offers.
fn value(key: &Key) -> Value {
    let mut schema = plain(key);
    let unit = if key.unit.is_empty() {
        String::new()
    } else {
        format!("{}: ", key.unit)
    };
    schema["description"] = format!("{unit}{}", key.meaning).into();
    if !key.unused {
        schema["default"] = default(key);
    }
    schema
}

fn default(key: &Key) -> Value {
    let text = format!("value = {}\n", key.default);
    let document = Document::from_toml("a default", &text);
    document.map_or(Value::Null, |document| document.value["value"].clone())
}

fn plain(key: &Key) -> Value {
    let quoted = || key.meaning.split('`').skip(1).step_by(2);
    let of_number = |value: &Value| match value.is_u64() {
        true => json!({"type": "integer"}),
        false => json!({"type": "number"}),
    };
    match default(key) {
        Value::Bool(_) => json!({"type": "boolean"}),
        Value::String(_) => {
            let word = |text: &&str| text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            let words: Vec<&str> = quoted().filter(word).collect();
            // A choice with parameters of its own is a table.
            match quoted().any(|text| text.starts_with('{')) {
                true => json!({"anyOf": [{"enum": words}, {"type": "object"}]}),
                false => json!({"enum": words}),
            }
        }
        Value::Array(items) => {
            let item = match items.first() {
                Some(Value::Array(_)) => json!({"type": "array", "items": {"type": "number"}}),
                Some(first) if items.iter().all(|i| i.is_u64()) => of_number(first),
                _ => json!({"type": "number"}),
            };
            json!({"type": "array", "items": item})
        }
        number => {
            let of_number = of_number(&number);
            match quoted().any(|text| text == "\"inf\"") {
                true => json!({"anyOf": [of_number, {"const": "inf"}]}),
                false => of_number,
            }
        }
    }
}

/// The table `[sweep]`: a list for every key that varies, and its own keys.
fn sweep(keys: &[Key], any: bool) -> Value {
    let list = |key: &Key| {
        let mut items = plain(key);
        if let Some(items) = items.as_object_mut() {
            items.remove("description");
        }
        json!({"type": "array", "items": items, "minItems": 1, "uniqueItems": true,
               "description": format!("values to try: {}", key.meaning)})
    };
    let mut table = tables(keys, &list);
    for (name, default, meaning) in spec::KEYS {
        let texts = json!({"type": "array", "items": {"type": "string"}, "minItems": 1});
        let mut own = match name {
            "algorithms" | "metrics" => texts,
            "x" => json!({"type": "string"}),
            "common_draws" => json!({"type": "boolean"}),
            _ => json!({"type": "integer", "minimum": 0}),
        };
        own["description"] = format!("{meaning} (default: {default})").into();
        table["properties"][name] = own;
    }
    if any {
        table["additionalProperties"] = json!({"type": ["array", "object"]});
    }
    table
}
