//! The one list of papers.

use isac_lab::Paper;

/// All papers, in the order in which they are listed.
pub fn all() -> Vec<Paper> {
    vec![
        isac_papers::obs_crlb::paper(),
        isac_papers::noma::paper(),
        isac_papers::alpha_fair::paper(),
        isac_papers::hisac_see::paper(),
        isac_papers::cell_free::paper(),
    ]
}
