use isac_linalg::{Mat, c64};

use super::*;

fn doc(text: &str) -> Document {
    Document::from_json("t.json", text).unwrap()
}

#[test]
fn truncated_text_names_the_line() {
    let error = Document::from_json("t.json", "{\n\"a\": [1, 2").unwrap_err();
    assert!(
        matches!(&error, Error::Malformed { line: 2, .. }),
        "{error}"
    );
    assert_eq!(error.exit_code(), 2);
    let error = Document::from_json("t.json", "{\"a\": NaN}").unwrap_err();
    assert!(
        matches!(&error, Error::Malformed { line: 1, .. }),
        "{error}"
    );
}

#[test]
fn toml_and_json_give_the_same_values() {
    let toml = Document::from_toml("t.toml", "a = 1\n[b]\nc = [0.5, 2.0]\n").unwrap();
    assert_eq!(toml.value, doc(r#"{"a": 1, "b": {"c": [0.5, 2.0]}}"#).value);
    let error = Document::from_toml("t.toml", "a = 1\n[b]\nc = nan\n").unwrap_err();
    assert!(error.to_string().contains("b.c: got NaN"), "{error}");
    let error = Document::from_toml("t.toml", "a = 1\nb = = 2\n").unwrap_err();
    assert!(
        matches!(&error, Error::Malformed { line: 2, .. }),
        "{error}"
    );
}

#[test]
fn fields_are_named_in_errors() {
    let d = doc(r#"{"cases": [{"gamma": [1, "x"], "n": -1, "m": [[1, 2], [3]]}]}"#);
    let case = &d.root().get("cases").unwrap().items().unwrap()[0];
    let text = |e: Error| e.to_string();
    assert_eq!(
        text(case.get("gamma").unwrap().vec().unwrap_err()),
        "t.json: cases[0].gamma[1]: got \"x\", expected a finite number"
    );
    assert!(text(case.get("n").unwrap().usize().unwrap_err()).contains("cases[0].n: got -1"));
    assert!(text(case.get("m").unwrap().matrix().unwrap_err()).contains("cases[0].m[1]"));
    assert!(text(case.get("gama").unwrap_err()).contains("there is `gamma`"));
    let error = text(case.known_keys(&["gamma", "nn", "m"]).unwrap_err());
    assert!(
        error.contains("unknown key `cases[0].n`") && error.contains("nn"),
        "{error}"
    );
}

#[test]
fn complex_arrays_round_trip() {
    let a = Mat::from_fn(2, 3, |i, j| c64::new(i as f64, j as f64));
    let d = Document {
        file: "t".into(),
        value: json_of_matrix(a.as_ref()),
    };
    assert_eq!(d.root().matrix_c64().unwrap(), a);
    assert_eq!(
        d.root().array_c64().unwrap().at(&[1, 2]),
        c64::new(1.0, 2.0)
    );
    assert!(d.root().matrix_c64_of(3, 2).is_err());
    let bad = doc(r#"{"re": [1, 2], "im": [1]}"#);
    assert!(bad.root().vec_c64().unwrap_err().to_string().contains("im"));
    let flat = doc(r#"{"re": [1, 2], "im": [0, 0]}"#);
    assert_eq!(flat.root().matrix_c64_of(2, 1).unwrap().nrows(), 2);
    let deep = doc(r#"{"re": [[[1, 2]], [[3, 4]]], "im": [[[0, 0]], [[0, 0]]]}"#);
    assert_eq!(deep.root().matrices_c64().unwrap().len(), 2);
}

#[test]
fn remarks_are_always_allowed() {
    let d = doc(r#"{"schema": "a/1", "note": "n", "ranks_info": [1], "x": 1}"#);
    d.root().known_keys(&["x"]).unwrap();
}
