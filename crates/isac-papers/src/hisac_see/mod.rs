//! Secure and green RSMA-assisted heterogeneous ISAC: the artefacts of `hisac_see` and its schema
//! `hisac-see/1`.

mod against;
mod ascent;
mod check;
mod comparison;
mod error_models;
mod explicit;
mod figures;
mod frozen;
mod gap;
mod judge;
mod patterns;
mod power;
mod problems;
mod proof;
mod published;
mod quality;
mod read;
mod scaling;
mod scenario;
mod solve;
mod stress;
mod sweep;
mod topology;
mod verify;

pub use solve::solve;

use isac_lab::Paper;

/// A commented scenario, the default problem.
const TEMPLATE: &str = include_str!("scenario.toml");

/// The paper as the lab sees it.
pub fn paper() -> Paper {
    Paper {
        key: "hisac_see",
        title: "Secure and green RSMA-assisted heterogeneous ISAC",
        schema: "hisac-see/1",
        template: Some(TEMPLATE),
        scenarios: scenario::FIGURES,
        artefacts: {
            let mut all = figures::artefacts();
            all.extend(ascent::artefacts());
            all.extend(frozen::artefacts());
            all.extend(error_models::artefacts());
            all.extend(patterns::artefacts());
            all.extend(scaling::artefacts());
            all.extend(comparison::artefacts());
            all.extend(gap::artefacts());
            all.extend(quality::artefacts());
            all.extend(topology::artefacts());
            all.sort_by_key(|artefact| artefact.name);
            all
        },
        read: Some(read::read_all),
        check: Some(check::check),
        solve: Some(solve::solve),
        verify: Some(verify::verify),
        judge: Some(judge::judge),
        explicit: Some(explicit::explicit),
        keys: || scenario::TOP.to_vec(),
        arrays: &[
            ("channels.h_bo", &["antenna"]),
            ("channels.h_e", &["antenna"]),
            ("channels.h_ta", &["antenna"]),
            ("channels.h_cl", &["antenna"]),
            ("channels.h_users_rows", &["user", "antenna"]),
            ("channels.g_bo", &["antenna"]),
            ("channels.g_e", &["antenna"]),
            ("channels.g_users_rows", &["user", "antenna"]),
        ],
        read_reference: None,
        stress: Some(stress::stress),
        bench: None,
    }
}
