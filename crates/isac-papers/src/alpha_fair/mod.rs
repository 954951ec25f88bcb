//! Alpha-fair multistatic MIMO-OFDM ISAC: the artefacts of `alpha_fair` and its schema `alpha-fair/1`.

mod check;
mod echoes;
mod explicit;
mod figures;
mod input;
mod judge;
mod naive;
mod posed;
mod proof;
mod scenario;
mod solve;
mod stress;
mod uplink;
mod verify;

pub use solve::solve;

use isac_lab::Paper;

/// A commented scenario, the default problem.
const TEMPLATE: &str = include_str!("scenario.toml");

/// The paper as the lab sees it.
pub fn paper() -> Paper {
    Paper {
        key: "alpha_fair",
        title: "Alpha-fair multistatic MIMO-OFDM ISAC",
        schema: "alpha-fair/1",
        template: Some(TEMPLATE),
        scenarios: scenario::FIGURES,
        artefacts: figures::all(),
        read: Some(posed::read_all),
        check: Some(check::check),
        solve: Some(solve::solve),
        verify: Some(verify::verify),
        judge: Some(judge::judge),
        explicit: Some(explicit::explicit),
        keys: || input::TOP_KEYS.to_vec(),
        arrays: &[
            ("channels", &["user", "subcarrier", "antenna"]),
            ("steering", &["target", "antenna"]),
            ("beta", &["target", "node"]),
            ("W", &["subcarrier", "stream", "antenna"]),
            ("W0", &["subcarrier", "stream", "antenna"]),
        ],
        read_reference: None,
        stress: Some(stress::stress),
        bench: None,
    }
}
