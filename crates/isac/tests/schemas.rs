//! JSON Schema of documents against the documents themselves, by a validator of the keywords that are used,
//! which knows nothing of how they were made.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::cell::RefCell;
use std::path::Path;

use common::{folder, real_isac};
use isac_lab::document::{Document, is_remark};
use isac_lab::explain;
use isac_lab::schema::{of_all, of_paper};
use serde_json::{Value, json};

/// Why a value is not valid; a keyword that is not known here fails the test.
fn faults(value: &Value, schema: &Value, root: &Value, path: &str) -> Vec<String> {
    let all = RefCell::new(Vec::new());
    let inner = |value: &Value, schema: &Value, step: &str| {
        faults(value, schema, root, &format!("{path}/{step}"))
    };
    let here = |value: &Value, schema: &Value| faults(value, schema, root, path);
    let fault = |holds: bool, what: &str| {
        if !holds {
            all.borrow_mut().push(format!("{path}: {value} {what}"));
        }
    };
    let object = value.as_object();
    let items = value.as_array();
    for (keyword, rule) in schema.as_object().unwrap() {
        match keyword.as_str() {
            "title" | "description" | "default" | "definitions" | "$schema" | "then" => {}
            "type" => {
                let is = |name: &Value| match name.as_str().unwrap() {
                    "object" => value.is_object(),
                    "array" => value.is_array(),
                    "string" => value.is_string(),
                    "boolean" => value.is_boolean(),
                    "number" => value.is_number(),
                    "integer" => value.as_f64().is_some_and(|x| x.fract() == 0.0),
                    other => panic!("type {other}"),
                };
                let names = rule
                    .as_array()
                    .cloned()
                    .unwrap_or_else(|| vec![rule.clone()]);
                fault(names.iter().any(is), &format!("is not of type {rule}"));
            }
            "const" => fault(value == rule, &format!("is not {rule}")),
            "enum" => fault(
                rule.as_array().unwrap().contains(value),
                &format!("is none of {rule}"),
            ),
            "minimum" => {
                let below = value.as_f64().is_some_and(|x| x < rule.as_f64().unwrap());
                fault(!below, &format!("is below {rule}"));
            }
            "minItems" => {
                let few = items.is_some_and(|items| (items.len() as u64) < rule.as_u64().unwrap());
                fault(!few, "is too short");
            }
            "uniqueItems" => {
                let twice =
                    |items: &Vec<Value>| (1..items.len()).any(|i| items[..i].contains(&items[i]));
                fault(!items.is_some_and(twice), "repeats itself");
            }
            "required" => {
                for key in rule.as_array().unwrap() {
                    let there = object.is_none_or(|o| o.contains_key(key.as_str().unwrap()));
                    fault(there, &format!("lacks {key}"));
                }
            }
            "$ref" => {
                let target = root
                    .pointer(rule.as_str().unwrap().trim_start_matches('#'))
                    .unwrap();
                all.borrow_mut().extend(here(value, target));
            }
            "anyOf" => {
                let any = rule
                    .as_array()
                    .unwrap()
                    .iter()
                    .any(|one| here(value, one).is_empty());
                fault(any, "is none of several");
            }
            "allOf" => {
                for one in rule.as_array().unwrap() {
                    all.borrow_mut().extend(here(value, one));
                }
            }
            "not" => fault(!here(value, rule).is_empty(), "is what it must not be"),
            "if" => {
                if here(value, rule).is_empty() {
                    all.borrow_mut().extend(here(value, &schema["then"]));
                }
            }
            "items" => {
                for (i, item) in items.into_iter().flatten().enumerate() {
                    all.borrow_mut().extend(inner(item, rule, &i.to_string()));
                }
            }
            "properties" => {
                for (key, entry) in object.into_iter().flatten() {
                    if let Some(own) = rule.get(key) {
                        all.borrow_mut().extend(inner(entry, own, key));
                    }
                }
            }
            // Of remarks alone, which are anything.
            "patternProperties" => {
                let pattern = rule.as_object().unwrap().keys().next().unwrap();
                assert!(pattern.starts_with("^(name|") && pattern.ends_with("|.*_info)$"));
            }
            "additionalProperties" => {
                for (key, entry) in object.into_iter().flatten() {
                    let remark = schema.get("patternProperties").is_some() && is_remark(key);
                    if schema["properties"].get(key).is_some() || remark {
                        continue;
                    }
                    match rule {
                        Value::Bool(false) => {
                            all.borrow_mut().push(format!("{path}: unknown key {key}"))
                        }
                        rule => all.borrow_mut().extend(inner(entry, rule, key)),
                    }
                }
            }
            other => panic!("the keyword {other}"),
        }
    }
    all.into_inner()
}

fn valid(value: &Value, schema: &Value) -> Vec<String> {
    faults(value, schema, schema, "")
}

#[test]
fn the_files_are_what_the_program_writes() {
    let folder_of_docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schemas");
    let papers = isac::papers::all();
    let own = papers.iter().map(|paper| (paper.key, of_paper(paper)));
    let all = std::iter::once(("isac", of_all(&papers)));
    for (key, schema) in own.chain(all) {
        let path = folder_of_docs.join(format!("{key}.schema.json"));
        let text = std::fs::read_to_string(&path).unwrap();
        let word = if key == "isac" { "" } else { key };
        let command = format!("isac schema {word} -o docs/schemas/{key}.schema.json");
        assert_eq!(
            serde_json::from_str::<Value>(&text).unwrap(),
            schema,
            "stale; run {command}"
        );
        let ran = real_isac(&[&["schema"], &[word][usize::from(word.is_empty())..]].concat());
        assert_eq!((ran.code, ran.out), (0, text), "{key}");
    }
    let ran = real_isac(&["schema", "nome"]);
    assert!(
        ran.code == 2 && ran.err.contains("did you mean noma"),
        "{}",
        ran.err
    );
}

#[test]
fn what_new_writes_is_valid_and_slips_are_not() {
    let papers = isac::papers::all();
    let all = of_all(&papers);
    for paper in &papers {
        let key = paper.key;
        let printed = real_isac(&["new", key]).out;
        assert!(
            printed.starts_with(&format!("#:schema {key}.schema.json\n")),
            "{printed}"
        );
        let document = Document::from_toml("new.toml", &printed).unwrap().value;
        let own = of_paper(paper);
        for schema in [&own, &all] {
            assert_eq!(valid(&document, schema), Vec::<String>::new(), "{key}");
            let refused = |change: &dyn Fn(&mut Value), what: &str| {
                let mut slip = document.clone();
                change(&mut slip);
                let faults = valid(&slip, schema).join("\n");
                assert!(faults.contains(what), "{key}: {faults}");
            };
            refused(&|d| d["scenaro"] = json!({}), "unknown key scenaro");
            refused(&|d| d["scenario"]["userz"] = json!(2), "unknown key userz");
            refused(&|d| d["seed"] = json!("one"), "not of type");
            refused(&|d| d["schema"] = json!("noma/2"), "noma/2");
            refused(&|d| d["sweep"] = json!({"userz": [2]}), "unknown key userz");
            refused(
                &|d| d["sweep"] = json!({"realizations": "many"}),
                "not of type",
            );
            let mut study = document.clone();
            study["sweep"] = json!({"realizations": 3, "metrics": ["objective"], "users": [2, 3]});
            if key != "cell_free" {
                assert_eq!(valid(&study, schema), Vec::<String>::new(), "{key}");
            }
        }
    }
    let noma = &papers[1];
    let slip = json!({"schema": "noma/1", "scenario": {"sic": "ful"}});
    assert!(
        valid(&slip, &of_paper(noma))
            .join("")
            .contains("\"ful\" is none of")
    );
}

/// Whatever a reader takes is valid, for every key of every scenario and values of every kind.
#[test]
fn what_readers_take_is_valid() {
    let pool = [
        json!(1),
        json!(4),
        json!(0.5),
        json!("inf"),
        json!(true),
        json!([1.0, -0.5]),
        json!([6, 2]),
        json!([[1.0, 2.0], [3.0, 4.0]]),
        json!({"nakagami": {"order": 2.0}}),
    ];
    let mut taken = 0;
    for paper in isac::papers::all() {
        let schema = of_paper(&paper);
        let read = paper.read.unwrap();
        for key in explain::keys(paper.template.unwrap()) {
            let words = key
                .meaning
                .split('`')
                .skip(1)
                .step_by(2)
                .map(|word| json!(word));
            for value in pool.iter().cloned().chain(words) {
                let mut document = json!({"schema": paper.schema, "scenario": {}});
                let mut place = &mut document["scenario"];
                for step in key.name.split('.') {
                    place = &mut place[step];
                }
                *place = value.clone();
                let document = Document {
                    file: "pool".into(),
                    value: document,
                };
                if read(&document.root()).is_ok() {
                    taken += 1;
                    let faults = valid(&document.value, &schema);
                    assert!(
                        faults.is_empty(),
                        "{}: {} = {value}: {faults:?}",
                        paper.key,
                        key.name
                    );
                }
            }
        }
    }
    assert!(taken > 100, "{taken}");
}

#[test]
fn documents_with_channels_are_valid() {
    let folder = folder("schemas-explicit");
    for paper in isac::papers::all() {
        if paper.key == "alpha_fair" || paper.key == "hisac_see" {
            // Minutes by the default algorithm; their documents are those of `own_files`.
            continue;
        }
        let path = folder.join(format!("{}.json", paper.key));
        let scenario = folder.join(format!("{}.toml", paper.key));
        std::fs::write(&scenario, paper.template.unwrap()).unwrap();
        let (scenario, path_text) = (scenario.to_str().unwrap(), path.to_str().unwrap());
        let ran = real_isac(&["solve", scenario, "--document", path_text]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        let text = std::fs::read_to_string(&path).unwrap();
        let mut document: Value = serde_json::from_str(&text).unwrap();
        let schema = of_paper(&paper);
        assert_eq!(
            valid(&document, &schema),
            Vec::<String>::new(),
            "{}",
            paper.key
        );
        document["H"] =
            json!({"file": "h.mat", "axes": ["realization", "antenna", "user"], "realization": 3});
        document["sweep"] = json!({"realizations": 2, "case": {"P_total_W": [1, 2]}});
        assert_eq!(
            valid(&document, &schema),
            Vec::<String>::new(),
            "{}",
            paper.key
        );
        document["H"] = json!({"file": "h.mat", "axes": "antenna"});
        assert!(!valid(&document, &schema).is_empty(), "{}", paper.key);
    }
}
