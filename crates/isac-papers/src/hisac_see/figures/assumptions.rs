//! What becomes of the claims about access schemes where the paper is silent: one assumption changed at a
//! time.

use super::against;
use super::problems::{SCHEMES, scheme_problem};
use super::sweep::{Order, Sweep, ahead, gain, no_curve, percent};
use crate::hisac_see::scenario::Scenario;
use isac_lab::Records;
use isac_lab::verdict::Claim;
use isac_metrics::scnr::Clutter;
use isac_models::channel::Shadowing;

/// Power of BS2 at which the paper compares its schemes, W.
const AT: f64 = 30.0;

/// An assumption, short for the axis and in words, and what it changes in the scenario.
type Assumption = (&'static str, &'static str, fn(Scenario) -> Scenario);

const ASSUMPTIONS: [Assumption; 13] = [
    ("assumed", "as assumed", |s| s),
    ("P0 5 W", "circuit power 5 W", |s| Scenario {
        circuit_w: 5.0,
        ..s
    }),
    ("P0 20 W", "circuit power 20 W", |s| Scenario {
        circuit_w: 20.0,
        ..s
    }),
    ("1 m²", "cross section 1 m^2", |s| Scenario {
        rcs_m2: 1.0,
        ..s
    }),
    ("100 m²", "cross section 100 m^2", |s| Scenario {
        rcs_m2: 100.0,
        ..s
    }),
    ("1 nW", "noise 1e-9 W", |s| Scenario { noise_w: 1e-9, ..s }),
    ("30 nW", "noise 3e-8 W", |s| Scenario { noise_w: 3e-8, ..s }),
    ("e 0.05", "error 0.05", |s| Scenario { error: 0.05, ..s }),
    ("e 0.2", "error 0.2", |s| Scenario { error: 0.2, ..s }),
    ("clutter", "model clutter", |s| Scenario {
        clutter: Clutter::Model,
        ..s
    }),
    ("light", "light shadowing", |s| Scenario {
        shadowing: Shadowing::LIGHT,
        ..s
    }),
    ("heavy", "heavy shadowing", |s| Scenario {
        shadowing: Shadowing::HEAVY,
        ..s
    }),
    ("(1)", "line of sight scaled as (1) prints it", |s| {
        Scenario {
            printed_scaling: true,
            ..s
        }
    }),
];

const NAMES: [&str; ASSUMPTIONS.len()] = {
    let mut names = [""; ASSUMPTIONS.len()];
    let mut i = 0;
    while i < names.len() {
        names[i] = ASSUMPTIONS[i].0;
        i += 1;
    }
    names
};

pub(super) const ASSUMED: Sweep = Sweep {
    artefact: "assumptions",
    ours: against::nothing,
    mark: against::unmarked,
    title: "Secrecy energy efficiency by access scheme, one assumption changed at a time",
    x: ("assumption", "What differs from our assumptions", ""),
    y: 0,
    log_x: false,
    joined: false,
    seconds: 0.2,
    full: &[
        0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0,
    ],
    quick: &[0.0, 5.0, 9.0, 11.0],
    curves: SCHEMES,
    categories: &NAMES,
    build: |setting, curve, x, r, seed| {
        let changed = ASSUMPTIONS
            .get(x as usize)
            .map(|(_, _, change)| change(setting));
        let setup = changed.ok_or_else(|| no_curve(curve, &ASSUMED))?;
        let mut p = scheme_problem(curve, &setup, r, seed)?;
        p.power2_max = AT;
        p.accounting.allocated2 = Some(AT);
        Ok(p)
    },
    order: Order::Alone,
    notes: &[
        "30 W allocated to BS2, as where the paper compares; users get I_p + I_c / N without a common stream. Means over the draws that have a design.",
        "P0: circuit power; m²: cross section; nW: noise; e: error; light, heavy: shadowing; (1): its line of sight as printed.",
    ],
    claims: |records| {
        let xs = records.xs("rsma_free");
        let others = ["sdma", "noma", "oma"];
        let each = |what: &str, ours: &str| -> Vec<Claim> {
            let row = |&x: &f64| claim(records, what, ours, &others, x);
            xs.iter().filter_map(row).collect()
        };
        let mut claims = each("RSMA with the printed fixed split is best", "rsma_fixed");
        claims.extend(each("RSMA with a free split is best (ours)", "rsma_free"));
        claims
    },
};

/// A claim under one assumption.
fn claim(records: &Records, what: &str, ours: &str, others: &[&str], x: f64) -> Option<Claim> {
    let (_, name, _) = ASSUMPTIONS.get(x as usize)?;
    let leads = others.iter().map(|other| {
        let lead = gain(records, (ours, x), (other, x));
        format!("over {other} {}", percent(&lead))
    });
    Some(Claim::new(
        format!("{what}: {name}"),
        ahead(records, ours, others, &[x]),
        leads.collect::<Vec<_>>().join("; "),
    ))
}
