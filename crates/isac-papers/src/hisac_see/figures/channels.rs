//! Figs. 5(d) and 6(a) at one power: the efficiency by what shapes the channels, topology and fading.

use super::against;
use super::problems::{SCHEMES, scheme_problem};
use super::sweep::{Order, Sweep, ahead, gain, gains_are, percent};
use crate::hisac_see::scenario::Scenario;
use isac_lab::verdict::{Claim, Ruling, Side};
use isac_models::channel::{Fading, Shadowing};
use isac_models::scene::Topology;

pub(super) const FIG5D: Sweep = Sweep {
    artefact: "fig5d",
    ours: against::topologies,
    mark: against::mark_topologies,
    title: "Secrecy energy efficiency by topology",
    x: ("topology", "Topology", ""),
    y: 0,
    log_x: false,
    joined: false,
    seconds: 0.1,
    full: &[0.0, 1.0, 2.0],
    quick: &[0.0, 1.0, 2.0],
    curves: SCHEMES,
    categories: &["centralized", "edge", "hybrid"],
    build: |setting, curve, x, r, seed| {
        let all = [Topology::Centralized, Topology::Edge, Topology::Hybrid];
        let setup = Scenario {
            topology: all[(x as usize).min(2)],
            ..setting
        };
        scheme_problem(curve, &setup, r, seed)
    },
    order: Order::Alone,
    notes: &["Used power. The topologies are drawn in panels (a) to (c)."],
    claims: |records| {
        let others = ["sdma", "noma", "oma"];
        let everywhere = [0.0, 1.0, 2.0];
        let cells: Vec<String> = ["centralized", "edge", "hybrid"]
            .iter()
            .zip([0.0, 1.0, 2.0])
            .map(|(name, x)| {
                let cell = |ours, theirs| percent(&gain(records, (ours, x), (theirs, x)));
                format!(
                    "{name}: free split over SDMA {}, NOMA {}, OMA {}; fixed split over SDMA {}",
                    cell("rsma_free", "sdma"),
                    cell("rsma_free", "noma"),
                    cell("rsma_free", "oma"),
                    cell("rsma_fixed", "sdma")
                )
            })
            .collect();
        let loss = gain(records, ("rsma_free", 1.0), ("rsma_free", 0.0));
        vec![
            Claim::new(
                "RSMA with a free split is best in all topologies (ours)",
                ahead(records, "rsma_free", &others, &everywhere),
                "",
            ),
            Claim::new(
                "RSMA is best in all topologies",
                ahead(records, "rsma_fixed", &others, &everywhere),
                cells.join("; "),
            ),
            Claim::new(
                "Edge users cost about 18 % against centralized ones",
                gains_are(
                    records,
                    ("rsma_fixed", 1.0),
                    ("rsma_fixed", 0.0),
                    Side::about(-18.0),
                ),
                format!("free split {}", percent(&loss)),
            ),
        ]
    },
};

pub(super) const FIG6A: Sweep = Sweep {
    artefact: "fig6a",
    ours: against::nothing,
    mark: against::unmarked,
    title: "Secrecy energy efficiency by fading",
    x: ("fading", "Fading", ""),
    y: 0,
    log_x: false,
    joined: false,
    seconds: 0.08,
    full: &[0.0, 1.0, 2.0, 3.0],
    quick: &[0.0, 1.0, 2.0],
    curves: SCHEMES,
    categories: &[
        "Rician-shadowed",
        "Nakagami-2",
        "Rayleigh",
        "light shadowing",
    ],
    build: |mut setting, curve, x, r, seed| {
        match x as usize {
            1 => setting.fading = Fading::Nakagami { order: 2.0 },
            2 => setting.fading = Fading::Rayleigh,
            3 => setting.shadowing = Shadowing::LIGHT,
            _ => {}
        }
        scheme_problem(curve, &setting, r, seed)
    },
    order: Order::Alone,
    notes: &["Used power; all laws with the same mean path power but the last."],
    claims: |records| {
        let mean = |x| records.summary("rsma_free", x, 0).mean;
        let (rician, nakagami, rayleigh) = (mean(0.0), mean(1.0), mean(2.0));
        let over = |ours: f64, theirs: f64| {
            let (ours, theirs) = (("rsma_free", ours), ("rsma_free", theirs));
            gains_are(records, ours, theirs, Side::AtLeast(0.0))
        };
        let best = |ours| ahead(records, ours, &["sdma", "noma", "oma"], &[0.0, 1.0, 2.0]);
        vec![
            Claim::new(
                "The efficiency is best with a line of sight",
                Ruling::together([
                    ("over Nakagami-2".into(), over(0.0, 1.0)),
                    ("over Rayleigh".into(), over(0.0, 2.0)),
                ]),
                format!("{rician:.4}, Nakagami-2 {nakagami:.4}, Rayleigh {rayleigh:.4}"),
            ),
            Claim::new("Nakagami-2 lies above Rayleigh", over(1.0, 2.0), ""),
            Claim::new(
                "RSMA is best under every fading law",
                best("rsma_fixed"),
                "fixed split against SDMA, NOMA and OMA",
            ),
            Claim::new(
                "RSMA with a free split is best under every fading law (ours)",
                best("rsma_free"),
                "",
            ),
        ]
    },
};
