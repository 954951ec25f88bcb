//! The verb about proofs, verify, and what `solve` is to prove.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use clap::Args;

use super::{Console, interruptible, say};
use isac_lab::check::number;
use isac_lab::document::Document;
use isac_lab::error::Error;
use isac_lab::paper::{Paper, by_schema};
use isac_lab::proof::{SCHEMA, Verdict};
use isac_lab::solve::Certify;

/// What `solve` is to prove.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(super) enum Certificates {
    None,
    Local,
    Global,
}

impl From<Certificates> for Certify {
    fn from(given: Certificates) -> Self {
        match given {
            Certificates::None => Self::None,
            Certificates::Local => Self::Local,
            Certificates::Global => Self::Global,
        }
    }
}

#[derive(Debug, Args)]
pub(super) struct Verify {
    /// A proof
    file: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn verify(
    papers: &[Paper],
    args: &Verify,
    console: &mut Console<'_>,
    cancel: &AtomicBool,
) -> Result<u8, Error> {
    let document = Document::read(&args.file)?;
    if document.schema()? != SCHEMA {
        let wanted = format!("\"{SCHEMA}\", as `isac solve --proof` writes it");
        return Err(document.root().get("schema")?.wrong(wanted));
    }
    let schema = document.root().get("problem")?.get("schema")?;
    let paper = by_schema(papers, schema.text()?)
        .map_err(|error| Error::invalid(format!("{}: problem.schema", document.file), error))?;
    let check = paper
        .verify
        .ok_or_else(|| schema.wrong("the schema of problems whose proofs are known"))?;
    let verdict = interruptible(cancel, move || check(&document.root()))?;
    if args.json {
        let json = serde_json::to_string_pretty(&verdict).unwrap_or_default();
        say!(console, "{json}");
        return Ok(verdict.exit_code());
    }
    say!(console, "{}", args.file.display());
    match &verdict {
        Verdict::Proved {
            kind,
            bound,
            value,
            relative_gap,
            leaves,
        } => {
            say!(console, "verdict       proved");
            say!(console, "{kind:<13} {}", number(*bound));
            say!(console, "value         {}", number(*value));
            if let Some(gap) = relative_gap {
                say!(console, "relative gap  {gap:.3e}");
            }
            say!(console, "leaves        {leaves}");
        }
        Verdict::Infeasible { rule } => {
            say!(console, "verdict       proved infeasible");
            say!(console, "rule          {rule}");
        }
        Verdict::Refused { why } => say!(console, "verdict       refused: {why}"),
    }
    Ok(verdict.exit_code())
}
