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

#[test]
fn dimensions_of_length_one_may_be_missing_and_no_other() {
    let d = |text: &str| doc(&format!("{{\"a\": {text}}}"));
    let fits = |text: &str, shape: &[usize]| {
        let d = d(text);
        let array = d.root().get("a").unwrap().array_of(shape);
        array.map(|a| (a.shape, a.data)).ok()
    };
    let same = |text: &str, shape: &[usize], data: &[f64]| {
        assert_eq!(
            fits(text, shape),
            Some((shape.to_vec(), data.to_vec())),
            "{text}"
        );
    };
    same("3", &[], &[3.0]);
    same("3", &[1, 1], &[3.0]);
    same("[3]", &[1, 1], &[3.0]);
    same("[[3]]", &[1, 1], &[3.0]);
    same("[1, 2]", &[2, 1], &[1.0, 2.0]);
    same("[1, 2]", &[1, 2], &[1.0, 2.0]);
    same("[[1, 2]]", &[1, 2], &[1.0, 2.0]);
    same("[[1, 2]]", &[1, 1, 2], &[1.0, 2.0]);
    same("[[1], [2]]", &[2, 1, 1], &[1.0, 2.0]);
    same("[[1, 2], [3, 4]]", &[2, 1, 2], &[1.0, 2.0, 3.0, 4.0]);
    same("[]", &[0, 3], &[]);
    for (text, shape) in [
        ("[[1, 2]]", &[2, 1][..]),
        ("[[1], [2]]", &[1, 2]),
        ("[[1], [2]]", &[2]),
        ("[1, 2]", &[2, 2]),
        ("[1, 2]", &[3]),
        ("[1, 2]", &[]),
        ("[1, 2, 3, 4]", &[2, 2]),
        ("[]", &[1]),
        ("[1]", &[0]),
    ] {
        assert_eq!(fits(text, shape), None, "{text} as {shape:?}");
    }
    let error = d("[[1, 2]]").root().get("a").unwrap().array_of(&[2, 1]);
    let error = error.unwrap_err().to_string();
    assert!(error.contains("2 x 1 entries, not 1 x 2"), "{error}");
}

#[test]
fn plain_lists_are_columns_unless_there_is_one_row() {
    let d = doc(r#"{"re": [1, 2, 3], "im": [0, 0, 1]}"#);
    let column = d.root().columns_c64(3).unwrap();
    assert_eq!((column.nrows(), column.ncols()), (3, 1));
    assert_eq!(column[(2, 0)], c64::new(3.0, 1.0));
    let row = d.root().columns_c64(1).unwrap();
    assert_eq!((row.nrows(), row.ncols()), (1, 3));
    assert!(d.root().columns_c64(2).is_err());
    assert_eq!(
        doc("{\"a\": 2}").root().get("a").unwrap().vec().unwrap(),
        [2.0]
    );
    let matrix = doc("{\"a\": [[2, 3]]}");
    assert!(matrix.root().get("a").unwrap().vec().is_err());
}

#[test]
fn spellings_counts_and_sizes() {
    let d = doc(
        r#"{"x": 1, "y": null, "z_dB": 2.0, "n": 7.0, "o": {"k": 1}, "l": [{}, {}], "bad": [{}, 1], "none": []}"#,
    );
    let root = d.root();
    let (at, node) = root.one_spelling(&["z", "z_dB"]).unwrap().unwrap();
    assert_eq!((at, node.path.as_str()), (1, "z_dB"));
    assert!(root.one_spelling(&["y", "a"]).unwrap().is_none());
    assert_eq!(root.one_spelling(&["x", "y"]).unwrap().unwrap().0, 0);
    let error = root.one_spelling(&["x", "z_dB"]).unwrap_err().to_string();
    assert_eq!(
        error,
        "t.json: z_dB: got 2.0, expected either `x` or `z_dB`, not both"
    );

    let n = root.get("n").unwrap();
    assert_eq!(n.count(7, 7).unwrap(), 7);
    for (least, most, text) in [(8, 9, "8..=9"), (0, 6, "0..=6"), (8, usize::MAX, ">= 8")] {
        let error = n.count(least, most).unwrap_err().to_string();
        assert!(
            error.contains("n: got 7.0") && error.contains(text),
            "{error}"
        );
    }
    assert!(n.holds(MOST_ENTRIES, "`H`").is_ok());
    let error = n.holds(1.01 * MOST_ENTRIES, "`H`").unwrap_err().to_string();
    assert!(
        error.contains("n: got 7.0") && error.contains("1e8 entries in `H`"),
        "{error}"
    );

    let paths = |key: &str| -> Vec<String> {
        let list = root.get(key).unwrap().objects().unwrap();
        list.into_iter().map(|node| node.path).collect()
    };
    assert_eq!(paths("o"), ["o"]);
    assert_eq!(paths("l"), ["l[0]", "l[1]"]);
    assert!(paths("none").is_empty());
    let error = root.get("bad").unwrap().objects().unwrap_err().to_string();
    assert!(error.contains("bad[1]: got 1"), "{error}");
    assert!(root.get("x").unwrap().objects().is_err());
    let error = doc(r#"{"cases": []}"#)
        .root()
        .cases()
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("cases: got [], expected at least one case"),
        "{error}"
    );
    assert_eq!(
        doc(r#"{"cases": {"a": 1}}"#).root().cases().unwrap().len(),
        1
    );
}

#[test]
fn a_mark_before_the_text_is_no_part_of_it() {
    let path = std::env::temp_dir().join(format!("isac-mark-{}.json", std::process::id()));
    std::fs::write(&path, "\u{feff}{\"schema\": \"x/1\"}").unwrap();
    let read = Document::read(&path);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(read.unwrap().schema().unwrap(), "x/1");
}
