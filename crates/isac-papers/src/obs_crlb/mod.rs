//! Sum rate against CRLB: the artefacts of `obs_crlb` and its schema `obs-crlb/1`.

mod bench;
mod check;
mod explicit;
mod figures;
mod input;
mod judge;
mod method;
mod package;
mod proof;
mod published;
mod scenario;
mod setup;
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
        key: "obs_crlb",
        title: "Sum rate against CRLB",
        schema: "obs-crlb/1",
        template: Some(TEMPLATE),
        scenarios: scenario::FIGURES,
        artefacts: figures::all(),
        read: Some(input::read_all),
        check: Some(check::check),
        solve: Some(solve),
        verify: Some(verify::verify),
        judge: Some(judge::judge),
        explicit: Some(explicit::explicit),
        keys: || scenario::TOP_KEYS.to_vec(),
        arrays: &[("H", &["antenna", "user"]), ("W0", &["antenna", "stream"])],
        read_reference: Some(published::read_reference),
        stress: Some(stress::stress),
        bench: Some(bench::FAMILY),
    }
}
