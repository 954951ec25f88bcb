//! The artefacts of [hisac_see]: a file per kind, and what they share: `sweep` (designs along an axis),
//! `published` (the numbers of the text).

mod against;
mod ascent;
mod assumptions;
mod channels;
mod comparison;
mod decoding_orders;
mod error_models;
mod fig2;
mod fig3;
mod frozen;
mod gap;
mod outage;
mod patterns;
mod power;
mod problems;
mod published;
mod quality;
mod scaling;
mod sweep;
mod topology;
mod warm_start;

use isac_lab::Artefact;
use sweep::{BY_POWER, by_preset, plan};

const DEFAULT: &[&str] = &["default"];

/// Every artefact, by name.
pub(super) fn all() -> Vec<Artefact> {
    let mut all = sweeps();
    all.extend(ascent::artefacts());
    all.extend(frozen::artefacts());
    all.extend(decoding_orders::artefacts());
    all.extend(error_models::artefacts());
    all.extend(patterns::artefacts());
    all.extend(scaling::artefacts());
    all.extend(comparison::artefacts());
    all.extend(gap::artefacts());
    all.extend(outage::artefacts());
    all.extend(quality::artefacts());
    all.extend(topology::artefacts());
    all.extend(warm_start::artefacts());
    all.sort_by_key(|artefact| artefact.name);
    all
}

/// The artefacts that are sweeps of designs by the direct route.
fn sweeps() -> Vec<Artefact> {
    let artefact = |name, title, plan| Artefact {
        paper: "hisac_see",
        name,
        title,
        presets: DEFAULT,
        plan,
    };
    // The paper's axis is the power of BS2; the text compares at one power.
    let both = |name, title, plan| Artefact {
        presets: BY_POWER,
        ..artefact(name, title, plan)
    };
    vec![
        artefact("fig2b", "SCNR against the power of BS1", |r| {
            plan(r, &fig2::FIG2B)
        }),
        artefact(
            "fig2c",
            "efficiency against the power of BS2 by access scheme",
            |r| plan(r, &fig2::FIG2C),
        ),
        artefact(
            "errors",
            "efficiency against the error radius by access scheme (text of Fig. 2c)",
            |r| plan(r, &fig2::ERRORS),
        ),
        artefact(
            "assumptions",
            "efficiency by access scheme, one assumption changed at a time",
            |r| plan(r, &assumptions::ASSUMED),
        ),
        artefact("fig2d", "SCNR against secrecy rate", |r| {
            plan(r, &fig2::FIG2D).map(fig2::as_front)
        }),
        both(
            "fig3b",
            "efficiency against antennas and circuit power",
            |r| by_preset(r, &fig3::FIG3B, &power::FIG3B),
        ),
        both("fig3c", "efficiency against the number of users", |r| {
            by_preset(r, &fig3::FIG3C, &power::FIG3C)
        }),
        both("fig3d", "efficiency against the rate thresholds", |r| {
            by_preset(r, &fig3::FIG3D, &power::FIG3D)
        }),
        artefact("fig5d", "efficiency by topology and access scheme", |r| {
            plan(r, &channels::FIG5D)
        }),
        both("fig6a", "efficiency by fading and access scheme", |r| {
            by_preset(r, &channels::FIG6A, &power::FIG6A)
        }),
    ]
}
