//! What every artefact of every paper must keep to, found without running any.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::BTreeSet;

use isac::papers;
use isac_lab::reproduce::prepare;
use isac_lab::{Record, Records, Request, Size};

fn is_key(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    !text.is_empty() && text.chars().all(fits)
}

/// `fig3`, `fig3a`, `table1`.
fn is_name(text: &str) -> bool {
    let number = text.strip_prefix("fig").or(text.strip_prefix("table"));
    number.is_some_and(|rest| {
        let digits = rest.trim_end_matches(|c: char| c.is_ascii_lowercase());
        rest.len() - digits.len() <= 1 && digits.parse::<u32>().is_ok()
    })
}

#[test]
fn names_and_presets_are_well_formed_and_unique() {
    let mut seen = BTreeSet::new();
    for paper in papers::all() {
        assert!(is_key(paper.key) && !paper.title.is_empty());
        for artefact in &paper.artefacts {
            let name = format!("{}/{}", artefact.paper, artefact.name);
            assert_eq!(artefact.paper, paper.key);
            assert!(is_name(artefact.name) || is_key(artefact.name), "{name}");
            assert!(!artefact.presets.is_empty(), "{name} has no preset");
            assert!(
                artefact.presets.iter().all(|p| is_key(p) && *p != "all"),
                "{name}"
            );
            assert!(
                !artefact.title.is_empty() && !artefact.title.ends_with('.'),
                "{name}"
            );
            assert!(seen.insert(name.clone()), "{name} is there twice");
        }
    }
}

#[test]
fn every_artefact_plans_both_sizes_with_distinct_tasks() {
    for artefact in papers::all().into_iter().flat_map(|p| p.artefacts) {
        for preset in artefact.presets {
            for size in [Size::Quick, Size::Full] {
                let request = Request::new(preset, size);
                let name = format!("{}/{} {preset} {size:?}", artefact.paper, artefact.name);
                let plan = (artefact.plan)(&request).unwrap_or_else(|e| panic!("{name}: {e}"));
                assert!(!plan.tasks.is_empty(), "{name} does nothing");
                assert!(is_key(&plan.x.key), "{name}: x is `{}`", plan.x.key);
                assert!(
                    plan.metrics.iter().all(|m| is_key(&m.key)),
                    "{name}: {:?}",
                    plan.metrics
                );
                assert!(
                    !plan.scenario.is_null(),
                    "{name} does not say what it simulates"
                );
                for task in &plan.tasks {
                    let sound = task.seconds.is_finite() && task.seconds > 0.0;
                    assert!(sound, "{name}: estimate of {} is {}", task.id, task.seconds);
                }
                prepare(&artefact, &request).unwrap();
            }
        }
    }
}

#[test]
fn quick_runs_are_about_a_minute() {
    for artefact in papers::all().into_iter().flat_map(|p| p.artefacts) {
        let request = Request::new(artefact.presets[0], Size::Quick);
        let seconds = prepare(&artefact, &request).unwrap().estimate(2);
        assert!(
            seconds <= 120.0,
            "{}/{}: {seconds} s",
            artefact.paper,
            artefact.name
        );
    }
}

/// Some rows for every curve that a plan names: what its figure looks like, found without running it.
fn made_up(plan: &isac_lab::Plan) -> Records {
    let curves: BTreeSet<&str> = plan.tasks.iter().map(|task| task.curve.as_str()).collect();
    let values = vec![1.0; plan.metrics.len()];
    let rows = curves.into_iter().flat_map(|curve| {
        let values = values.clone();
        (0..6).map(move |r| Record::exact(curve, r as f64, 0, values.clone()))
    });
    Records {
        rows: rows.collect(),
        ..Records::default()
    }
}

#[test]
fn no_two_curves_of_a_panel_look_the_same() {
    let mut clashes = Vec::new();
    for artefact in papers::all().into_iter().flat_map(|p| p.artefacts) {
        for preset in artefact.presets {
            let plan = (artefact.plan)(&Request::new(preset, Size::Quick)).unwrap();
            for records in [Records::default(), made_up(&plan)] {
                let name = format!("{}/{} ({preset})", artefact.paper, artefact.name);
                let report = (plan.finish)(&records).unwrap_or_else(|e| panic!("{name}: {e}"));
                let figures = [&report.figure, &report.timing.figure];
                let found = figures.into_iter().flat_map(|figure| figure.clashes());
                clashes.extend(found.map(|clash| format!("{name}: {clash}")));
            }
        }
    }
    assert!(clashes.is_empty(), "{}", clashes.join("\n"));
}
