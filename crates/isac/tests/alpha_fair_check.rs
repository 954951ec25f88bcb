//! The fixtures of `alpha-fair/1` pass, value by value.

use isac::papers;
use isac_lab::check::{Checker, Outcome};
use isac_lab::document::Document;

fn check_fixture(name: &str) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../isac-algos/tests/fixtures");
    check(&format!("{folder}/{name}"), 4 * 12);
}

fn check(path: &str, least: usize) {
    let document = Document::read(path.as_ref()).unwrap();
    let papers = papers::all();
    let paper = isac_lab::paper::by_schema(&papers, document.schema().unwrap()).unwrap();
    let mut checker = Checker::new(false);
    paper.check.unwrap()(&document.root(), &mut checker).unwrap();
    for line in &checker.lines {
        assert!(line.verdict != Outcome::Fail, "{line:?}");
    }
    assert!(
        checker.count(Outcome::Pass) >= least,
        "{:?}",
        checker.lines.len()
    );
}

#[test]
fn the_small_fixture_passes() {
    check_fixture("alpha-fair-small.json");
}

#[test]
fn the_mid_fixture_passes() {
    check_fixture("alpha-fair-mid.json");
}

#[test]
fn every_combination_of_options_passes() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../isac-algos/tests/fixtures");
    check(&format!("{folder}/alpha-fair-options.json"), 72 * 10);
}
