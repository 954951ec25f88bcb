//! The artefacts of `__paper__` and its schema `__schema__/1`.

mod figures;
mod scenario;
mod solve;

use isac_lab::Paper;

/// A commented scenario, the default problem.
const TEMPLATE: &str = include_str!("scenario.toml");

/// The paper as the lab sees it.
pub fn paper() -> Paper {
    Paper {
        key: "__paper__",
        title: "__paper__",
        schema: "__schema__/1",
        template: Some(TEMPLATE),
        scenarios: scenario::FIGURES,
        artefacts: figures::artefacts(),
        read: Some(solve::read),
        check: None,
        solve: Some(solve::solve),
        verify: None,
        judge: None,
        explicit: None,
        arrays: &[],
        keys: Vec::new,
        read_reference: None,
        stress: None,
        bench: None,
    }
}
