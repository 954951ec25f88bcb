//! `isac schema`: JSON Schema of documents, for editors.

use std::path::PathBuf;

use clap::Args;

use super::{Console, say};
use isac_lab::error::Error;
use isac_lab::paper::Paper;
use isac_lab::schema::{of_all, of_paper};
use isac_lab::write::write_file;

#[derive(Debug, Args)]
pub(super) struct Schema {
    /// Key of a paper; documents of all papers if absent
    paper: Option<String>,
    /// Write to a file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(super) fn schema(
    papers: &[Paper],
    args: &Schema,
    console: &mut Console<'_>,
) -> Result<u8, Error> {
    let schema = match &args.paper {
        None => of_all(papers),
        Some(name) => {
            let key = name.replace('-', "_");
            let paper = papers.iter().find(|paper| paper.key == key);
            let known = papers.iter().map(|paper| paper.key);
            of_paper(paper.ok_or_else(|| Error::unknown("paper", name, known))?)
        }
    };
    let text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    match &args.out {
        Some(path) => write_file(path, format!("{text}\n").as_bytes())?,
        None => say!(console, "{text}"),
    }
    Ok(0)
}
