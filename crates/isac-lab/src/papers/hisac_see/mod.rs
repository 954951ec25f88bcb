//! Secure and green RSMA-assisted heterogeneous ISAC: the artefacts of `hisac_see` and its schema
//! `hisac-see/1`.

mod check;
mod figures;
mod read;
mod setup;
mod solve;
mod special;

use super::Paper;

/// The paper as the lab sees it.
pub(super) fn paper() -> Paper {
    Paper {
        key: "hisac_see",
        title: "Secure and green RSMA-assisted heterogeneous ISAC",
        schema: "hisac-see/1",
        artefacts: {
            let mut all = figures::artefacts();
            all.extend(special::artefacts());
            all.sort_by_key(|artefact| artefact.name);
            all
        },
        check: Some(check::check),
        solve: Some(solve::solve),
    }
}
