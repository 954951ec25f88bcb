//! The numbers in the text of [hisac_see], from `published.csv`.

use isac_lab::error::Error;
use isac_lab::published::Numbers;

/// The published numbers of one artefact.
///
/// # Errors
/// A malformed file.
pub(super) fn numbers(artefact: &str) -> Result<Numbers, Error> {
    let text = include_str!("../published.csv");
    Ok(Numbers::parse("hisac_see/published.csv", text)?.of(artefact))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_belongs_to_an_artefact() {
        let known = crate::hisac_see::paper().artefacts;
        let all =
            Numbers::parse("hisac_see/published.csv", include_str!("../published.csv")).unwrap();
        assert!(all.rows.len() > 40);
        for row in &all.rows {
            assert!(known.iter().any(|a| a.name == row.artefact), "{row:?}");
        }
    }
}
