//! Cell-free ISAC: the artefacts of `cell_free` and its schema `cell-free/1`.

mod bench;
mod check;
mod explicit;
mod extensions;
mod figures;
mod input;
mod judge;
mod method;
mod network;
mod released;
mod report;
mod scenario;
mod solve;
mod stress;
mod stress_extensions;
mod sums;

pub use solve::solve;

use isac_lab::Paper;

/// A commented scenario, the default problem.
const TEMPLATE: &str = include_str!("scenario.toml");

/// The paper as the lab sees it.
pub fn paper() -> Paper {
    Paper {
        key: "cell_free",
        title: "Cell-free ISAC MIMO: joint sensing and communication beamforming",
        schema: "cell-free/1",
        template: Some(TEMPLATE),
        scenarios: scenario::FIGURES,
        artefacts: figures::all(),
        read: Some(input::read_all),
        check: Some(check::check),
        solve: Some(solve::solve),
        read_reference: None,
        stress: Some(stress::stress),
        bench: Some(bench::FAMILY),
        verify: None,
        judge: Some(judge::judge),
        explicit: Some(explicit::explicit),
        keys: || network::TOP_KEYS.to_vec(),
        arrays: &[
            ("H", &["antenna", "user"]),
            ("steering", &["antenna", "target"]),
            ("steering_derivative", &["antenna", "target"]),
            ("beams", &["antenna", "stream"]),
        ],
    }
}
