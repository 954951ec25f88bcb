//! `isac report`: results below folders as one page.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::{Console, say};
use isac_lab::error::Error;
use isac_lab::page;
use isac_lab::write::write_file;

// `ERRATA`: a table of `docs/papers/PAPER.md` for each paper, found by the build; none in a packaged crate.
include!(concat!(env!("OUT_DIR"), "/errata.rs"));

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One file that needs no network
    Html,
    /// Text with tables and links to the figures
    Md,
}

#[derive(Debug, Args)]
pub(super) struct Report {
    /// Folders with results below them
    #[arg(required = true, value_name = "DIR")]
    folders: Vec<PathBuf>,
    /// The page
    #[arg(short, long, value_name = "FILE")]
    out: PathBuf,
    /// By the end of FILE if absent: `.md` is Markdown
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Address of the page of `cargo xtask page`, such as ../page/index.html: results whose problem it has
    /// get a link to it, with its state
    #[arg(long, value_name = "ADDRESS")]
    page: Option<String>,
}

pub(super) fn report(args: &Report, console: &mut Console<'_>) -> Result<u8, Error> {
    let entries = page::collect(&args.folders)?;
    let markdown = args.out.extension().is_some_and(|e| e == "md");
    let format = args
        .format
        .unwrap_or(if markdown { Format::Md } else { Format::Html });
    let text = match format {
        Format::Html => page::html(&entries, ERRATA, args.page.as_deref()),
        Format::Md => {
            let beside = args.out.parent().unwrap_or(Path::new(""));
            page::markdown(&entries, beside, ERRATA)
        }
    };
    write_file(&args.out, text.as_bytes())?;
    let (n, size) = (entries.len(), text.len() as f64 / 1e6);
    say!(
        console,
        "{n} results, {size:.2} MB, written: {}",
        args.out.display()
    );
    Ok(0)
}
