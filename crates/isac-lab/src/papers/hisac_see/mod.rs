//! Secure and green RSMA-assisted heterogeneous ISAC: the artefacts of `hisac_see` and its schema `hisac-see/1`.

use super::Paper;

/// The paper as the lab sees it.
pub(super) fn paper() -> Paper {
    Paper {
        key: "hisac_see",
        title: "Secure and green RSMA-assisted heterogeneous ISAC",
        schema: "hisac-see/1",
        artefacts: Vec::new(),
        check: None,
        solve: None,
    }
}
