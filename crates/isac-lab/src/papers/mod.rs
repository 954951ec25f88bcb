//! The papers: one folder each, one line in [`all`].

mod alpha_fair;
mod hisac_see;
mod noma;
mod obs_crlb;

use crate::artefact::Artefact;
use crate::check::CheckFn;
use crate::document::{Document, Node};
use crate::error::Error;
use crate::reference::CsvTable;
use crate::solve::SolveFn;
use crate::stress::StressFn;

/// Reads a document of one schema to the last key and computes nothing.
pub type ReadFn = fn(&Node<'_>) -> Result<(), Error>;

/// A paper as the lab sees it.
#[derive(Debug, Clone)]
pub struct Paper {
    /// Key, such as `obs_crlb`.
    pub key: &'static str,
    /// What it is about.
    pub title: &'static str,
    /// Schema of its documents, such as `obs-crlb/1`.
    pub schema: &'static str,
    /// Figures, panels and tables in order.
    pub artefacts: Vec<Artefact>,
    /// Reads a document.
    pub read: Option<ReadFn>,
    /// Recomputes what a document states.
    pub check: Option<CheckFn>,
    /// Solves the problem of a document.
    pub solve: Option<SolveFn>,
    /// Solves a random instance and verifies the answer by separate code.
    pub stress: Option<StressFn>,
}

/// All papers, in the order in which they are listed.
pub fn all() -> Vec<Paper> {
    vec![
        obs_crlb::paper(),
        noma::paper(),
        alpha_fair::paper(),
        hisac_see::paper(),
    ]
}

/// The paper of a schema.
///
/// # Errors
/// [`Error::UnknownName`] with the nearest schemas.
pub fn by_schema<'a>(papers: &'a [Paper], schema: &str) -> Result<&'a Paper, Error> {
    papers
        .iter()
        .find(|paper| paper.schema == schema)
        .ok_or_else(|| Error::unknown("schema", schema, papers.iter().map(|p| p.schema)))
}

/// The paper of a document's schema.
///
/// # Errors
/// A document without one, an unknown one.
pub fn of_document<'a>(papers: &'a [Paper], document: &Document) -> Result<&'a Paper, Error> {
    by_schema(papers, document.schema()?)
        .map_err(|error| Error::invalid(format!("{}: schema", document.file), error))
}

/// Reads a table of released numbers of any paper that has some, by its columns.
pub(crate) fn read_reference(table: &CsvTable) -> Result<(), Error> {
    obs_crlb::read_reference(table)
}
