//! NOMA-ISAC beamforming: the artefacts of `noma` and its schema `noma/1`.

use super::Paper;

/// The paper as the lab sees it.
pub(super) fn paper() -> Paper {
    Paper {
        key: "noma",
        title: "NOMA-ISAC beamforming",
        schema: "noma/1",
        artefacts: Vec::new(),
        check: None,
        solve: None,
    }
}
