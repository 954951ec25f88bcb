//! A paper as the lab sees it: its artefacts and what it does with a document.

use std::path::Path;

use crate::artefact::Artefact;
use crate::attach::{FileArrays, attach};
use crate::bench::Family;
use crate::check::CheckFn;
use crate::document::{Document, Node};
use crate::error::Error;
use crate::judge::JudgeFn;
use crate::proof::VerifyFn;
use crate::reference::CsvTable;
use crate::solve::{SolveFn, SolveRequest};
use crate::stress::StressFn;

/// Reads a document of one schema to the last key and computes nothing.
pub type ReadFn = fn(&Node<'_>) -> Result<(), Error>;

/// The problem that a document or scenario poses, with every number that it draws written out.
pub type ExplicitFn = fn(&Node<'_>, &SolveRequest) -> Result<serde_json::Value, Error>;

/// Reads a table of released numbers and computes nothing.
pub type ReadReferenceFn = fn(&CsvTable) -> Result<(), Error>;

/// The scenarios of figures: the name of an artefact, or `NAME-VARIANT` where a preset or the quick size has
/// one of its own, and its file.
pub type Scenarios = &'static [(&'static str, &'static str)];

/// A paper as the lab sees it.
#[derive(Debug, Clone)]
pub struct Paper {
    /// Key, such as `obs_crlb`.
    pub key: &'static str,
    /// What it is about.
    pub title: &'static str,
    /// Schema of its documents, such as `obs-crlb/1`.
    pub schema: &'static str,
    /// A commented scenario that solves, as TOML.
    pub template: Option<&'static str>,
    /// The scenarios of figures, as TOML.
    pub scenarios: Scenarios,
    /// Figures, panels and tables in order.
    pub artefacts: Vec<Artefact>,
    /// Reads a document.
    pub read: Option<ReadFn>,
    /// Recomputes what a document states.
    pub check: Option<CheckFn>,
    /// Solves the problem of a document.
    pub solve: Option<SolveFn>,
    /// Checks a proof of a global bound; without it `solve --certify global` is refused.
    pub verify: Option<VerifyFn>,
    /// Judges beams of the user's own.
    pub judge: Option<JudgeFn>,
    /// Writes out what is drawn.
    pub explicit: Option<ExplicitFn>,
    /// Keys that may be files.
    pub arrays: FileArrays,
    /// Keys at the top of a document with channels, for its JSON Schema.
    pub keys: fn() -> Vec<&'static str>,
    /// Reads a table of released numbers by its columns.
    pub read_reference: Option<ReadReferenceFn>,
    /// Solves a random instance and verifies the answer by separate code.
    pub stress: Option<StressFn>,
    /// Public instances with released results to compare with.
    pub bench: Option<Family>,
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

/// Reads a document with the files it names, and finds its paper. The lines say what was understood of
/// the files.
///
/// # Errors
/// An unreadable or malformed document, no or an unknown schema, files that do not fit.
pub fn open<'a>(
    papers: &'a [Paper],
    path: &Path,
) -> Result<(Document, &'a Paper, Vec<String>), Error> {
    let mut document = Document::read(path)?;
    let paper = of_document(papers, &document)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let lines = attach(&mut document, folder, paper.arrays)?;
    Ok((document, paper, lines))
}
