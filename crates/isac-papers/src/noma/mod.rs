//! NOMA-ISAC beamforming: the artefacts of `noma` and its schema `noma/1`.

mod algorithm;
mod answer;
mod case;
mod check;
mod contradiction;
mod explicit;
mod figures;
mod input;
mod judge;
mod no_answer;
mod proof;
mod scenario;
mod solve;
mod stress;
mod verify;

use isac_lab::Paper;

pub use solve::solve;

/// A commented scenario, the default problem.
const TEMPLATE: &str = include_str!("scenario.toml");

/// The paper as the lab sees it.
pub fn paper() -> Paper {
    Paper {
        key: "noma",
        title: "NOMA-ISAC beamforming",
        schema: "noma/1",
        template: Some(TEMPLATE),
        scenarios: scenario::FIGURES,
        artefacts: figures::artefacts(),
        read: Some(input::read_all),
        check: Some(check::check),
        solve: Some(solve),
        verify: Some(verify::verify),
        judge: Some(judge::judge),
        explicit: Some(explicit::explicit),
        keys: case::top_keys,
        arrays: &[
            ("H", &["antenna", "user"]),
            ("steering", &["antenna", "target"]),
            ("cases.*.override.H", &["antenna", "user"]),
            ("cases.*.override.steering", &["antenna", "target"]),
        ],
        read_reference: None,
        stress: Some(stress::stress),
        bench: None,
    }
}
