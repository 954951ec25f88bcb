//! Alpha-fair multistatic MIMO-OFDM ISAC: the artefacts of `alpha_fair` and its schema `alpha-fair/1`.

mod check;
mod figures;
mod input;
mod naive;
mod scenario;
mod solve;
mod stress;

use isac_lab::Paper;

/// The paper as the lab sees it.
pub fn paper() -> Paper {
    Paper {
        key: "alpha_fair",
        title: "Alpha-fair multistatic MIMO-OFDM ISAC",
        schema: "alpha-fair/1",
        artefacts: figures::all(),
        read: Some(solve::read_all),
        check: Some(check::check),
        solve: Some(solve::solve),
        read_reference: None,
        stress: Some(stress::stress),
    }
}
