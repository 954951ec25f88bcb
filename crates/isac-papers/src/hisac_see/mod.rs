//! Secure and green RSMA-assisted heterogeneous ISAC: the artefacts of `hisac_see` and its schema
//! `hisac-see/1`.

mod check;
mod explicit;
mod figures;
mod judge;
mod proof;
mod read;
mod scenario;
mod solve;
mod stress;
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
        artefacts: figures::all(),
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
