//! Tests of the module above.

use super::*;
use crate::document::Document;
use isac_linalg::c64;

fn verdicts(text: &str, check: impl Fn(&mut Checker, &Node<'_>)) -> Vec<Outcome> {
    let document = Document::from_json("t.json", text).unwrap();
    let mut checker = Checker::new(false);
    check(&mut checker, &document.root());
    checker.lines.iter().map(|l| l.verdict).collect()
}

#[test]
fn arrays_are_measured_by_their_largest_entry() {
    let got = verdicts(r#"{"a": [1000, 1], "b": [1000, 1]}"#, |c, root| {
        let a = root.get("a").unwrap();
        c.compare(&a, vec![1000.0, 1.0009], Tolerance::rel(1e-6))
            .unwrap();
        c.compare(&a, vec![1000.0, 1.0011], Tolerance::rel(1e-6))
            .unwrap();
        c.compare(&a, vec![1000.0], Tolerance::rel(1e-6)).unwrap();
        c.compare(&a, vec![1000.0, f64::NAN], Tolerance::rel(1.0))
            .unwrap();
    });
    assert_eq!(
        got,
        [Outcome::Pass, Outcome::Fail, Outcome::Fail, Outcome::Fail]
    );
}

#[test]
fn complex_numbers_booleans_and_remarks() {
    let text = r#"{"z": {"re": [[1]], "im": [[2]]}, "b": true, "n": null, "s": "x"}"#;
    let got = verdicts(text, |c, root| {
        let z = [c64::new(1.0, 2.0)];
        c.compare(&root.get("z").unwrap(), &z[..], Tolerance::rel(1e-12))
            .unwrap();
        c.compare(&root.get("b").unwrap(), false, Tolerance::rel(0.0))
            .unwrap();
        c.compare(&root.get("n").unwrap(), 1.0, Tolerance::rel(0.0))
            .unwrap();
        c.compare(&root.get("s").unwrap(), 1.0, Tolerance::rel(0.0))
            .unwrap();
    });
    let (pass, fail, none) = (Outcome::Pass, Outcome::Fail, Outcome::NotChecked);
    assert_eq!(got, [pass, fail, none, none]);
}

#[test]
fn targets_are_one_sided_and_need_a_feasible_point() {
    let got = verdicts(r#"{"t": -2.0}"#, |c, root| {
        let t = root.get("t").unwrap();
        let rel = Tolerance::rel(0.1);
        c.target(&t, 5.0, Goal::AtLeast, rel, true).unwrap();
        c.target(&t, -2.1, Goal::AtLeast, rel, true).unwrap();
        c.target(&t, -2.3, Goal::AtLeast, rel, true).unwrap();
        c.target(&t, 5.0, Goal::AtLeast, rel, false).unwrap();
        c.target(&t, -1.7, Goal::AtMost, rel, true).unwrap();
    });
    let (pass, fail) = (Outcome::Pass, Outcome::Fail);
    assert_eq!(got, [pass, pass, fail, fail, fail]);
}

#[test]
fn each_sorts_out_remarks_and_unknown_keys() {
    let text = r#"{"a": 1, "b": 2, "x_info": 3, "note": "n", "s": "t", "u": null}"#;
    let document = Document::from_json("t.json", text).unwrap();
    let mut checker = Checker::new(false);
    checker
        .each(&document.root(), |c, key, node| {
            if key != "a" {
                return Ok(false);
            }
            c.compare(node, 1.0, Tolerance::rel(0.0))?;
            Ok(true)
        })
        .unwrap();
    assert_eq!(checker.count(Outcome::Pass), 1);
    assert_eq!(checker.count(Outcome::NotChecked), 5);
}

/// The only line of a comparison of `stated` with `got`.
fn line(stated: &str, got: impl Into<Got>, tolerance: Tolerance) -> Line {
    let document = Document::from_json("t.json", &format!("{{\"v\": {stated}}}")).unwrap();
    let mut checker = Checker::new(false);
    let node = document.root().get("v").unwrap();
    checker.compare(&node, got, tolerance).unwrap();
    assert_eq!(checker.lines.len(), 1);
    checker.lines.remove(0)
}

#[test]
fn the_worst_entry_is_named_by_its_index() {
    let real = |shape: &[usize], data: &[f64]| Array {
        shape: shape.to_vec(),
        data: data.to_vec(),
    };
    let ours = real(&[2, 3], &[1.0, 2.0, 3.0, 4.0, 5.5, 6.1]);
    let found = line("[[1, 2, 3], [4, 5, 6]]", ours, Tolerance::rel(1e-3));
    assert_eq!(found.path, "v");
    assert_eq!(
        (found.expected.as_str(), found.got.as_str()),
        ("5 at [1, 1]", "5.5 at [1, 1]")
    );
    assert_eq!(
        (found.tolerance.as_str(), found.verdict),
        ("rel 1e-3", Outcome::Fail)
    );
    // A NaN is the worst of all; one row and a plain list are the same shape, others are not.
    let nan = line(
        "[1, 2]",
        real(&[1, 2], &[f64::NAN, 9.0]),
        Tolerance::abs(10.0),
    );
    assert_eq!(
        (nan.got.as_str(), nan.verdict),
        ("NaN at [0, 0]", Outcome::Fail)
    );
    let column = line("[1, 2]", real(&[2, 1], &[1.0, 2.0]), Tolerance::rel(0.0));
    assert_eq!(column.verdict, Outcome::Pass);
    let turned = line(
        "[[1], [2]]",
        real(&[4], &[1.0, 2.0, 0.0, 0.0]),
        Tolerance::abs(9.0),
    );
    assert_eq!(
        (turned.expected.as_str(), turned.got.as_str()),
        ("2 x 1", "4")
    );
    assert_eq!(turned.verdict, Outcome::Fail);
    let square = line(
        "[1, 2, 3, 4]",
        real(&[2, 2], &[1.0, 2.0, 3.0, 4.0]),
        Tolerance::rel(0.0),
    );
    assert_eq!(square.verdict, Outcome::Fail);
    assert_eq!(
        line("[]", Vec::new(), Tolerance::rel(0.0)).verdict,
        Outcome::Pass
    );
    assert_eq!(
        line("[]", vec![1.0], Tolerance::rel(0.0)).verdict,
        Outcome::Fail
    );
}

#[test]
fn both_parts_of_a_tolerance_add_up_to_the_last_bit() {
    let verdict = |got: f64, t: Tolerance| line("-4", got, t).verdict;
    // 0.25 + 0.125 * 4 = 0.75, exact in binary.
    let both = Tolerance::both(0.25, 0.125);
    for (got, expected) in [
        (-4.75, Outcome::Pass),
        (-3.25, Outcome::Pass),
        (-4.75 - 1e-12, Outcome::Fail),
        (-3.25 + 1e-12, Outcome::Fail),
    ] {
        assert_eq!(verdict(got, both), expected, "{got}");
    }
    assert_eq!(both.text(), "2.5e-1+rel 1.25e-1");
    assert_eq!(Tolerance::abs(0.5).text(), "abs 5e-1");
    assert_eq!(verdict(-4.0, Tolerance::rel(0.0)), Outcome::Pass);
    assert_eq!(verdict(4.0, Tolerance::rel(1.0)), Outcome::Fail);
}

#[test]
fn complex_entries_differ_by_their_modulus() {
    let stated = r#"{"re": [3], "im": [-4]}"#;
    let near = |re: f64, im: f64| line(stated, &[c64::new(re, im)][..], Tolerance::rel(0.1));
    assert_eq!(near(3.29, -4.39).verdict, Outcome::Pass);
    assert_eq!(near(3.4, -4.4).verdict, Outcome::Fail);
    assert_eq!(near(3.0, 4.0).got, "3+4i at [0]");
    assert_eq!(near(3.0, 4.0).expected, "3-4i at [0]");
    assert_eq!(
        line("1.5", Got::Missing("no answer".into()), Tolerance::rel(1.0)).got,
        "no answer"
    );
}

#[test]
fn an_inner_tolerance_goes_before_an_outer_one() {
    let text = r#"{"in": {"a": 1e-3, "n": null}, "out": {"a": 1.0, "n": 0.5, "bad": -1}}"#;
    let document = Document::from_json("t.json", text).unwrap();
    let root = document.root();
    let tolerances = Tolerances::new(root.opt("in"), root.opt("out"));
    let close = |key: &str, expected: f64| {
        let got = tolerances.get(key, 9.0).unwrap();
        assert!((got - expected).abs() < 1e-15, "{key}: {got}");
    };
    close("a", 1e-3);
    close("n", 0.5);
    close("absent", 9.0);
    assert!(tolerances.get("bad", 0.0).is_err());
}

#[test]
fn values_without_their_input_fail_one_by_one() {
    let text = r#"{"a": 1, "z": {"re": [1], "im": [0]}, "deep": {"b": [1, 2], "c": true,
        "slots": [{"d": 1}, {"d": 2}], "note": "n", "x_info": 3, "s": "t", "u": null}}"#;
    let document = Document::from_json("t.json", text).unwrap();
    let mut checker = Checker::new(false);
    checker.lacks(&document.root(), "W");
    let failed: Vec<&str> = checker
        .lines
        .iter()
        .filter(|line| line.verdict == Outcome::Fail)
        .map(|line| line.path.as_str())
        .collect();
    let paths = [
        "a",
        "z",
        "deep.b",
        "deep.c",
        "deep.slots[0].d",
        "deep.slots[1].d",
    ];
    let sorted =
        |list: &[&str]| std::collections::BTreeSet::from_iter(list.iter().map(ToString::to_string));
    assert_eq!(sorted(&failed), sorted(&paths));
    assert_eq!(failed.len(), paths.len());
    assert_eq!(checker.count(Outcome::NotChecked), 4);
    assert!(
        checker
            .lines
            .iter()
            .any(|line| line.got == "the document lacks `W`")
    );
    checker.broke_down("cases[1]", &"no pivot");
    assert_eq!(checker.count(Outcome::Fail), 7);
}

#[test]
fn without_a_solver_its_values_are_named_not_passed() {
    let document = Document::from_json("t.json", r#"{"t": 1}"#).unwrap();
    let node = document.root().get("t").unwrap();
    let mut checker = Checker::new(true);
    assert!(checker.skips_solver(&node));
    assert_eq!(
        (
            checker.count(Outcome::NotChecked),
            checker.count(Outcome::Pass)
        ),
        (1, 0)
    );
    let mut checker = Checker::new(false);
    assert!(!checker.skips_solver(&node));
    assert!(checker.lines.is_empty());
    // A target is reached at its own value, on both sides.
    for goal in [Goal::AtLeast, Goal::AtMost] {
        checker
            .target(&node, 1.0, goal, Tolerance::rel(0.0), true)
            .unwrap();
    }
    checker
        .target(&node, f64::NAN, Goal::AtMost, Tolerance::rel(1.0), true)
        .unwrap();
    assert_eq!(
        (checker.count(Outcome::Pass), checker.count(Outcome::Fail)),
        (2, 1)
    );
    assert_eq!(checker.lines[0].expected, ">= 1");
    assert_eq!(checker.lines[1].expected, "<= 1");
}

#[test]
fn numbers_read_well() {
    assert_eq!(number(0.25), "0.25");
    assert_eq!(number(100.0), "100");
    assert_eq!(number(1.0 / 3.0), "0.333333333333");
    assert_eq!(number(-1.5e-9), "-1.50000000000e-9");
    assert_eq!(number(123456.5), "123456.5");
    assert_eq!(number(0.0), "0");
    assert_eq!(number(f64::NEG_INFINITY), "-inf");
    assert_eq!(number(1e-4), "0.0001");
    assert_eq!(number(9.9e-5), "9.90000000000e-5");
    assert_eq!(number(1e7), "1.00000000000e7");
    assert_eq!(number(9_999_999.0), "9999999");
}
