//! Every input format behind one function each: all that a file makes the program do before it computes
//! anything. The fuzz targets in `fuzz/` call these, and an ordinary test runs them over the same
//! corpus.
//!
//! ```
//! use isac::readers;
//! let refused = readers::sdpa(b"1\n1\n99999999999\n1\n").unwrap_err();
//! assert!(refused.to_string().contains("line 3") && readers::fault(&refused).is_none());
//! ```

use crate::papers;
use isac_lab::document::Document;
use isac_lab::error::Error;
use isac_lab::reference::CsvTable;

/// Reads a JSON document of any schema, to the last key.
///
/// # Errors
/// What is wrong, with file and line or key.
pub fn json(text: &str) -> Result<(), Error> {
    document(&Document::from_json("input.json", text)?)
}

/// Reads a TOML scenario or document of any schema, to the last key.
///
/// # Errors
/// What is wrong, with file and line or key.
pub fn toml(text: &str) -> Result<(), Error> {
    document(&Document::from_toml("input.toml", text)?)
}

fn document(document: &Document) -> Result<(), Error> {
    let papers = papers::all();
    let paper = isac_lab::paper::of_document(&papers, document)?;
    paper.read.map_or(Ok(()), |read| read(&document.root()))
}

/// Reads a file of arrays: `.mat`, HDF5, `.npy` or `.npz`, by its first bytes.
///
/// # Errors
/// What is wrong, with file and place.
pub fn arrays(bytes: &[u8]) -> Result<(), Error> {
    isac_lab::files::read("input", bytes).map(drop)
}

/// Reads a problem of `isac sdp`: SDPA sparse format, CBF, or a program as JSON, by its first bytes.
///
/// # Errors
/// What is wrong, with file and line.
pub fn sdpa(bytes: &[u8]) -> Result<(), Error> {
    crate::sdp::read("input.dat-s", bytes).map(drop)
}

/// Reads a table of released numbers.
///
/// # Errors
/// What is wrong, with file and line.
pub fn reference(text: &str) -> Result<(), Error> {
    let table = CsvTable::parse("input.csv", text)?;
    let mut readers = papers::all().into_iter().filter_map(|p| p.read_reference);
    readers.next().map_or(Ok(()), |read| read(&table))
}

/// What is wrong with a refusal: it must mean bad input, and say where.
pub fn fault(error: &Error) -> Option<String> {
    let place = match error {
        Error::Malformed { line, .. } if *line > 0 => "input",
        Error::Field { path, .. } | Error::UnknownKey { path, .. } => path,
        Error::Invalid { context, .. } => context,
        Error::Damaged { file, .. } => file,
        Error::UnknownName { what, .. } => what,
        _ => "",
    };
    if error.exit_code() != 2 {
        return Some(format!("exit code {}: {error}", error.exit_code()));
    }
    place.is_empty().then(|| format!("no place: {error}"))
}
