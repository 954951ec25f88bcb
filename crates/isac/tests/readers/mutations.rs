//! The corpus as it is, and with slips of bytes, kinds and names.

use crate::support::{corpus, judged};
use isac::readers;
use isac_lab::Error;
use rand::{Rng, RngExt, SeedableRng, rngs::ChaCha8Rng};
use serde_json::{Value, json};

fn text_reader(target: &str) -> fn(&str) -> Result<(), Error> {
    match target {
        "json" => readers::json,
        "toml" => readers::toml,
        _ => readers::reference,
    }
}

fn bytes_reader(target: &str) -> fn(&[u8]) -> Result<(), Error> {
    match target {
        "sdpa" => readers::sdpa,
        _ => readers::arrays,
    }
}

#[test]
fn the_corpus_is_read_or_refused_as_its_names_say() {
    for target in ["json", "toml", "reference"] {
        for (name, bytes) in corpus(target) {
            let text = String::from_utf8(bytes).unwrap();
            let refused = judged(&|| text_reader(target)(&text), &text);
            assert_eq!(refused, None, "{name}");
        }
    }
    for target in ["sdpa", "arrays"] {
        for (name, bytes) in corpus(target) {
            let refused = judged(&|| bytes_reader(target)(&bytes), &name);
            assert_eq!(
                refused.is_some(),
                name.starts_with("refused"),
                "{name}: {refused:?}"
            );
        }
    }
}

/// Bytes with a few slips: cut, doubled, exchanged, altered.
fn slipped(bytes: &[u8], rng: &mut impl Rng) -> Vec<u8> {
    const PIECES: [&[u8]; 20] = [
        b"0",
        b"-1",
        b"1e300",
        b"-",
        b"9223372036854775808",
        b"99999999999",
        b"nan",
        b"1e-300",
        b"\"",
        b"{",
        b"]",
        b",",
        b"\n",
        b"\xff",
        b"\x00",
        b"null",
        b"[]",
        b"=",
        b"*INTEGER\n",
        b"\xef\xbb\xbf",
    ];
    let mut out = bytes.to_vec();
    for _ in 0..rng.random_range(1..4) {
        if out.is_empty() {
            break;
        }
        let at = rng.random_range(0..out.len());
        let to = (at + rng.random_range(1..12_usize)).min(out.len());
        match rng.random_range(0..6) {
            0 => out.truncate(at),
            1 => drop(out.drain(at..to)),
            2 => {
                let piece = out[at..to].to_vec();
                out.splice(at..at, piece);
            }
            3 => out[at] ^= 1 << rng.random_range(0..8),
            4 => {
                let piece = PIECES[rng.random_range(0..PIECES.len())];
                out.splice(at..to, piece.iter().copied());
            }
            _ => {
                let other = rng.random_range(0..out.len());
                out.swap(at, other);
            }
        }
    }
    out
}

#[test]
fn slips_of_bytes_are_refused_with_a_place() {
    let mut rng = ChaCha8Rng::seed_from_u64(41);
    let (mut read, mut refused) = (0, 0);
    for target in ["json", "toml", "reference", "sdpa", "arrays"] {
        for bytes in corpus(target).into_values() {
            for _ in 0..150 {
                let bytes = slipped(&bytes, &mut rng);
                let text = String::from_utf8_lossy(&bytes).into_owned();
                let outcome = if ["sdpa", "arrays"].contains(&target) {
                    judged(&|| bytes_reader(target)(&bytes), &text)
                } else {
                    judged(&|| text_reader(target)(&text), &text)
                };
                *if outcome.is_some() {
                    &mut refused
                } else {
                    &mut read
                } += 1;
            }
        }
    }
    // Neither side of the mutations is empty.
    assert!(
        read > 50 && refused > 1000,
        "{read} read, {refused} refused"
    );
}

/// Paths of all values below `value` whose key is no remark.
fn leaves(value: &Value, path: &mut Vec<String>, out: &mut Vec<Vec<String>>) {
    let remark = |key: &str| isac_lab::document::is_remark(key);
    match value {
        Value::Object(map) => {
            for (key, inner) in map.iter().filter(|(key, _)| !remark(key)) {
                path.push(key.clone());
                out.push(path.clone());
                leaves(inner, path, out);
                path.pop();
            }
        }
        Value::Array(list) => {
            for (i, inner) in list.iter().enumerate() {
                path.push(i.to_string());
                out.push(path.clone());
                leaves(inner, path, out);
                path.pop();
            }
        }
        _ => {}
    }
}

fn at<'a>(value: &'a mut Value, path: &[String]) -> &'a mut Value {
    path.iter().fold(value, |value, step| match value {
        Value::Array(list) => &mut list[step.parse::<usize>().unwrap()],
        other => &mut other[step.as_str()],
    })
}

/// The last key of a path that is no index.
fn key(path: &[String]) -> &str {
    let named = |step: &&String| step.parse::<usize>().is_err();
    path.iter().rev().find(named).map_or("", String::as_str)
}

/// What a refusal may name: all keys of the document, and those that it could have.
fn names_a_key(text: &str, paths: &[Vec<String>]) -> bool {
    let body = text.split_once(": ").map_or(text, |(_, rest)| rest);
    let words: Vec<&str> = body
        .split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .collect();
    paths.iter().any(|path| words.contains(&key(path)))
}

#[test]
fn a_value_of_another_kind_is_refused_by_the_name_of_its_key() {
    let texts = corpus("json").into_iter().chain(corpus("toml"));
    let mut refusals = 0;
    for (name, bytes) in texts {
        let text = String::from_utf8(bytes).unwrap();
        let value = if name.ends_with("toml") {
            isac_lab::document::Document::from_toml(&name, &text)
                .unwrap()
                .value
        } else {
            serde_json::from_str(&text).unwrap()
        };
        let mut paths = Vec::new();
        leaves(&value, &mut Vec::new(), &mut paths);
        // What `check` alone reads.
        paths.retain(|path| !path.iter().any(|step| step == "expected"));
        for path in &paths {
            for bad in [
                json!("text"),
                json!(true),
                json!({"not_a_key": 1}),
                json!([["text"]]),
                json!(-1.0),
                json!(-0.5),
                json!(0),
                json!(1e300),
                json!(1e15),
                // A size that is believed, small enough to draw what it asks for.
                json!(1e5),
                json!([]),
                Value::Null,
            ] {
                let mut mutant = value.clone();
                let place = at(&mut mutant, path);
                let same_kind = match (&bad, &*place) {
                    (Value::Null, _) => true,
                    (a, b) => a.is_number() && b.is_number() || a.is_array() && b.is_array(),
                };
                *place = bad;
                let mutant = mutant.to_string();
                let Some(refusal) = judged(&|| readers::json(&mutant), &mutant) else {
                    continue;
                };
                refusals += 1;
                let named = if same_kind {
                    // A null is no value: what is missed may be another way to say the same.
                    names_a_key(&refusal, &paths) || refusal.contains("got nothing")
                } else {
                    names_a_key(&refusal, std::slice::from_ref(path))
                        || refusal.contains("not_a_key")
                        || names_a_key(&refusal, &paths) && key(path) == "cases"
                };
                assert!(named, "{name}: {path:?}: {refusal}");
            }
        }
        // Keys that nobody knows, one beside every key, and every key under another name.
        // Designs may have any name.
        for path in paths
            .iter()
            .filter(|path| key(path) == path[path.len() - 1] && key(path) != "feasible_start")
            // Without its table `scenario` a document is one of another kind.
            .filter(|path| path[..] != ["scenario"])
        {
            let mut mutant = value.clone();
            let parent = at(&mut mutant, &path[..path.len() - 1]);
            let moved = parent.as_object_mut().unwrap().remove(key(path)).unwrap();
            let misspelt = format!("{}z", key(path));
            parent[misspelt.as_str()] = moved;
            let mutant = mutant.to_string();
            let refusal = judged(&|| readers::json(&mutant), &mutant);
            let refusal = refusal.unwrap_or_else(|| panic!("{name}: {misspelt} is read"));
            assert!(refusal.contains(key(path)), "{name}: {path:?}: {refusal}");
        }
    }
    assert!(refusals > 2000, "{refusals}");
}
