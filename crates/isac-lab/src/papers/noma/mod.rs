//! NOMA-ISAC beamforming: the artefacts of `noma` and its schema `noma/1`.

mod algorithm;
mod check;
mod figures;
mod input;
mod solve;
mod stress;

use super::Paper;

/// The paper as the lab sees it.
pub(super) fn paper() -> Paper {
    Paper {
        key: "noma",
        title: "NOMA-ISAC beamforming",
        schema: "noma/1",
        artefacts: figures::artefacts(),
        read: Some(input::read_all),
        check: Some(check::check),
        solve: Some(solve::solve),
        stress: Some(stress::stress),
    }
}
