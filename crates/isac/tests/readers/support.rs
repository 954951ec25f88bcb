//! The corpus, and readings of it that are judged.

use std::collections::BTreeMap;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use crate::common::{self, folder, real_isac};
use isac::readers;
use isac_lab::Error;
use serde_json::Value;

pub(crate) fn corpus(target: &str) -> BTreeMap<String, Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/corpus")
        .join(target);
    let files: BTreeMap<String, Vec<u8>> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|e| {
            (
                e.file_name().into_string().unwrap(),
                fs::read(e.path()).unwrap(),
            )
        })
        .collect();
    assert!(files.len() >= 3, "the corpus of {target} is gone");
    files
}

/// Reads, and judges a panic or a refusal that says too little; `Some` is the text of a sound refusal.
pub(crate) fn judged(read: &dyn Fn() -> Result<(), Error>, input: &str) -> Option<String> {
    let outcome = catch_unwind(AssertUnwindSafe(read));
    let shown: String = input.chars().take(2000).collect();
    match outcome {
        Err(_) => panic!("a panic on\n{shown}"),
        Ok(Ok(())) => None,
        Ok(Err(error)) => {
            if let Some(fault) = readers::fault(&error) {
                panic!("{fault}\non\n{shown}");
            }
            Some(error.to_string())
        }
    }
}

pub(crate) fn document(name: &str) -> Value {
    serde_json::from_slice(&corpus("json")[&format!("{name}.json")]).unwrap()
}

pub(crate) fn refusal(value: &Value) -> String {
    judged(&|| readers::json(&value.to_string()), "a document").expect("to be refused")
}

/// Solves a document written to a file.
pub(crate) fn solve(name: &str, text: &str, more: &[&str]) -> common::Ran {
    let path: PathBuf = folder(&format!("readers-{name}")).join(name);
    fs::write(&path, text).unwrap();
    real_isac(&[&["solve", path.to_str().unwrap(), "--json"], more].concat())
}
