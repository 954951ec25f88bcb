//! Files of `isac sdp`: SDPA sparse format, the Conic Benchmark Format, and programs as JSON; any of them
//! packed by gzip. Which one it is shows in its first bytes, whatever its name.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use isac_conic::{MatrixVar, cbf, sdpa};
use isac_lab::document::Document;
use isac_lab::error::Error;

use super::json::{self, Named};

/// A problem of a file.
#[derive(Debug)]
pub enum Posed {
    /// In SDPA sparse format.
    Sdpa(sdpa::Problem),
    /// A program with its variables by name.
    Program(Box<Named>),
}

/// Reads a file.
///
/// # Errors
/// [`Error::Unreadable`]; [`Error::Malformed`] with the line, [`Error::Field`] and [`Error::UnknownKey`] with
/// the key.
pub fn open(path: &Path) -> Result<Posed, Error> {
    let unreadable = |source| Error::Unreadable {
        file: path.into(),
        source,
    };
    let file = File::open(path).map_err(unreadable)?;
    let name = path.display().to_string();
    let mut reader = BufReader::new(file);
    let packed = reader
        .fill_buf()
        .map_err(unreadable)?
        .starts_with(&[0x1f, 0x8b]);
    if packed {
        read(&name, BufReader::new(MultiGzDecoder::new(reader)))
    } else {
        read(&name, reader)
    }
}

/// Reads a problem; `file` is what messages call it.
///
/// # Errors
/// As [`open`].
pub fn read(file: &str, mut reader: impl BufRead) -> Result<Posed, Error> {
    let unreadable = |source| Error::Unreadable {
        file: file.into(),
        source,
    };
    let begin = String::from_utf8_lossy(reader.fill_buf().map_err(unreadable)?).into_owned();
    let begin = begin.trim_start_matches('\u{feff}');
    if begin.trim_start().starts_with('{') {
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).map_err(unreadable)?;
        let text = String::from_utf8(bytes).map_err(|error| Error::Malformed {
            file: file.into(),
            line: 1 + newlines(&error.as_bytes()[..error.utf8_error().valid_up_to()]),
            message: "expected UTF-8".into(),
        })?;
        let document = Document::from_json(file, &text)?;
        return Ok(Posed::Program(Box::new(json::read(&document.root())?)));
    }
    let mut lines = begin.lines().map(str::trim);
    if lines.find(|line| !line.is_empty() && !line.starts_with('#')) == Some("VER") {
        let problem = cbf::read(reader).map_err(|error| malformed(file, error))?;
        let named = |(j, x): (usize, &MatrixVar)| (format!("X{j}"), *x);
        return Ok(Posed::Program(Box::new(Named {
            matrices: problem.matrices.iter().enumerate().map(named).collect(),
            scalars: (problem.scalars.iter().enumerate())
                .map(|(j, &(x, sign))| (format!("x{j}"), x, sign))
                .collect(),
            program: problem.program,
        })));
    }
    let problem = sdpa::read(reader).map_err(|error| malformed(file, error))?;
    Ok(Posed::Sdpa(problem))
}

fn newlines(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte == b'\n').count()
}

fn malformed(file: &str, error: isac_conic::Error) -> Error {
    match error {
        isac_conic::Error::File(error) => Error::Malformed {
            file: file.into(),
            line: error.line,
            message: format!(
                "{}: expected {}, got `{}`",
                error.what, error.expected, error.got
            ),
        },
        other => Error::invalid(file, other),
    }
}
