//! numpy's arrays: one in a `.npy` file, many in an archive `.npz`.

#[cfg(not(target_family = "wasm"))]
use std::io::{Cursor, Read};

#[cfg(not(target_family = "wasm"))]
use zip::ZipArchive;

use super::bytes::{Bytes, Dtype};
use super::value::{Numeric, Value, row_by_row};
#[cfg(not(target_family = "wasm"))]
use crate::document::MOST_ENTRIES;
use crate::error::Error;

/// Most bytes of an array with its header.
#[cfg(not(target_family = "wasm"))]
const MOST_BYTES: f64 = 16.0 * MOST_ENTRIES + 65536.0;

/// Reads all arrays of an archive.
#[cfg(not(target_family = "wasm"))]
pub(super) fn read_archive(file: &str, data: &[u8]) -> Result<Vec<(String, Value)>, Error> {
    let damaged = |offset: u64, message: String| Error::Damaged {
        file: file.into(),
        offset: offset as usize,
        message,
    };
    let archive = ZipArchive::new(Cursor::new(data));
    let mut archive = archive.map_err(|e| damaged(0, format!("no archive: {e}")))?;
    let mut variables = Vec::new();
    for i in 0..archive.len() {
        let entry = archive.by_index(i);
        let entry = entry.map_err(|e| damaged(0, format!("entry {i} of the archive: {e}")))?;
        let offset = entry.header_start();
        let name = entry.name().map(|name| name.into_owned());
        let name = name.map_err(|e| damaged(offset, format!("name of entry {i}: {e}")))?;
        let Some(variable) = name.strip_suffix(".npy") else {
            variables.push((name, Value::Unread("no .npy file".into())));
            continue;
        };
        if entry.size() as f64 > MOST_BYTES {
            let size = entry.size();
            let message = format!("{name}: {size} bytes, expected at most {MOST_BYTES:.2e}");
            return Err(damaged(offset, message));
        }
        // Memory grows with what comes out, not with what the size says.
        let mut bytes = Vec::new();
        let (size, mut stream) = (entry.size(), entry.take(MOST_BYTES as u64 + 1));
        let inflated = stream.read_to_end(&mut bytes);
        inflated.map_err(|e| damaged(offset, format!("{name}: cannot be inflated: {e}")))?;
        if bytes.len() as u64 != size {
            let given = bytes.len();
            let message = format!("{name}: {given} bytes, expected {size}");
            return Err(damaged(offset, message));
        }
        let within = format!("{file}: {name}");
        variables.push((variable.to_string(), read(&within, 0, &bytes)?));
    }
    Ok(variables)
}

/// Archives are refused in a browser, whose module takes documents alone: the reader would ask it for a clock.
#[cfg(target_family = "wasm")]
pub(super) fn read_archive(file: &str, _: &[u8]) -> Result<Vec<(String, Value)>, Error> {
    Err(Error::Damaged {
        file: file.into(),
        offset: 0,
        message: "archives are not read in a browser".into(),
    })
}

/// Reads an array; `base` is its place in the file.
pub(super) fn read(file: &str, base: usize, data: &[u8]) -> Result<Value, Error> {
    let mut bytes = Bytes {
        file,
        base,
        inflated: false,
        big_endian: false,
        data,
        at: 0,
    };
    let magic = bytes.take(8, "the start of a .npy file")?;
    if !magic.starts_with(b"\x93NUMPY") {
        bytes.at = 0;
        return Err(bytes.fault("no .npy file by its first bytes"));
    }
    let length = match magic[6] {
        1 => {
            let word = bytes.take(2, "the length of the header")?;
            usize::from(word[0]) | usize::from(word[1]) << 8
        }
        2 | 3 => bytes.u32("the length of the header")? as usize,
        other => {
            bytes.at = 6;
            return Err(bytes.fault(&format!("version {other}, expected 1, 2 or 3")));
        }
    };
    let start = bytes.at;
    let header = bytes.take(length, "the header")?;
    let header = std::str::from_utf8(header).ok().and_then(header_of);
    let Some(Header {
        descr,
        fortran_order,
        shape,
    }) = header
    else {
        bytes.at = start;
        let expected = "a header without the texts 'descr' and the values 'fortran_order', 'shape'";
        return Err(bytes.fault(expected));
    };
    let (order, name) = descr.split_at(descr.len().min(1));
    let (dtype, complex) = match name {
        "b1" => (Dtype::Bool, false),
        "i1" => (Dtype::I8, false),
        "u1" => (Dtype::U8, false),
        "i2" => (Dtype::I16, false),
        "u2" => (Dtype::U16, false),
        "i4" => (Dtype::I32, false),
        "u4" => (Dtype::U32, false),
        "i8" => (Dtype::I64, false),
        "u8" => (Dtype::U64, false),
        "f4" => (Dtype::F32, false),
        "f8" => (Dtype::F64, false),
        "c8" => (Dtype::F32, true),
        "c16" => (Dtype::F64, true),
        _ => return Ok(Value::Unread("an array of no numbers".into())),
    };
    if !["<", ">", "|", "="].contains(&order) {
        bytes.at = start;
        return Err(bytes.fault(&format!("unknown order of bytes in '{descr}'")));
    }
    let each = if complex { 2 } else { 1 };
    let given = bytes.left();
    let sizes = [each, dtype.size()];
    let wanted = (shape.iter().chain(&sizes)).try_fold(1_usize, |n, k| n.checked_mul(*k));
    if wanted != Some(given) {
        let wanted = wanted.map_or_else(|| "too many".into(), |n| n.to_string());
        return Err(bytes.fault(&format!(
            "{given} bytes of numbers, expected {wanted} by type '{descr}' and shape {shape:?}"
        )));
    }
    let numbers = dtype.numbers(bytes.take(given, "numbers")?, order == ">");
    let ordered = |numbers: Vec<f64>| match fortran_order {
        true => row_by_row(&shape, numbers),
        false => numbers,
    };
    let (re, im) = if complex {
        let part = |at: usize| numbers.iter().skip(at).step_by(2).copied().collect();
        (ordered(part(0)), Some(ordered(part(1))))
    } else {
        (ordered(numbers), None)
    };
    Ok(Value::Numeric(Numeric {
        dtype: dtype.name(),
        shape,
        re,
        im,
    }))
}

struct Header {
    descr: String,
    fortran_order: bool,
    shape: Vec<usize>,
}

/// The header: a dictionary in Python's notation with three keys. `descr` of a record is no text, and
/// read as the empty one.
fn header_of(text: &str) -> Option<Header> {
    let after = |key: &str| {
        let single = text.split_once(&format!("'{key}'"));
        let (_, rest) = single.or_else(|| text.split_once(&format!("\"{key}\"")))?;
        Some(rest.trim_start().strip_prefix(':')?.trim_start())
    };
    let descr = after("descr")?;
    let descr = match descr.chars().next()? {
        quote @ ('\'' | '"') => descr[1..].split_once(quote)?.0,
        '[' | '(' => "",
        _ => return None,
    };
    let order = after("fortran_order")?;
    let fortran_order = order.starts_with("True");
    if !fortran_order && !order.starts_with("False") {
        return None;
    }
    let shape = after("shape")?.strip_prefix('(')?.split_once(')')?.0;
    let shape = shape.split(',').map(str::trim).filter(|n| !n.is_empty());
    Some(Header {
        descr: descr.into(),
        fortran_order,
        shape: shape.map(|n| n.parse().ok()).collect::<Option<_>>()?,
    })
}
