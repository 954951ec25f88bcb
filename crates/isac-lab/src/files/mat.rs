//! MATLAB's MAT-files of version 5, which `save` writes with `-v6` (plain) and `-v7` (compressed).

use std::io::Read;

use flate2::read::ZlibDecoder;

use super::bytes::{Bytes, Dtype};
use super::value::{Numeric, Value, row_by_row};
use crate::document::MOST_ENTRIES;
use crate::error::Error;

const HEADER: usize = 128;
/// Types of elements.
const INT8: u32 = 1;
const UINT16: u32 = 4;
const INT32: u32 = 5;
const UINT32: u32 = 6;
const MATRIX: u32 = 14;
const COMPRESSED: u32 = 15;
const UTF8: u32 = 16;
const UTF16: u32 = 17;
const UTF32: u32 = 18;
/// Classes of arrays that are no numbers.
const CELL: u32 = 1;
const STRUCT: u32 = 2;
const OBJECT: u32 = 3;
const CHAR: u32 = 4;
const SPARSE: u32 = 5;
const FUNCTION: u32 = 16;
const OPAQUE: u32 = 17;
/// Cells within cells, at most.
const DEEPEST: usize = 64;

/// Reads the variables of a file.
pub(super) fn read(file: &str, data: &[u8]) -> Result<Vec<(String, Value)>, Error> {
    let big_endian = data.get(126..128) == Some(b"MI");
    let mut bytes = Bytes {
        file,
        base: 0,
        inflated: false,
        big_endian,
        data,
        at: HEADER,
    };
    // Objects of MATLAB's own classes have their content in an element at the end.
    let mut subsystem = [0; 8];
    subsystem.copy_from_slice(&data[116..124]);
    let subsystem = if big_endian {
        u64::from_be_bytes(subsystem)
    } else {
        u64::from_le_bytes(subsystem)
    };
    let mut variables = Vec::new();
    while bytes.left() > 0 {
        if bytes.at as u64 == subsystem {
            break;
        }
        let start = bytes.at;
        let (kind, mut element) = element(&mut bytes)?;
        variables.push(match kind {
            MATRIX => matrix(&mut element, 0)?,
            COMPRESSED => {
                let inflated = inflated(&element)?;
                let mut whole = Bytes {
                    base: start,
                    inflated: true,
                    data: &inflated,
                    at: 0,
                    ..element
                };
                let (kind, mut element) = self::element(&mut whole)?;
                if kind != MATRIX {
                    return Err(whole.fault("the compressed element holds no array"));
                }
                matrix(&mut element, 0)?
            }
            _ => {
                bytes.at = start;
                return Err(bytes.fault(&format!(
                    "an element of type {kind}, expected an array (14) or a compressed one (15)"
                )));
            }
        });
    }
    Ok(variables)
}

/// Inflates a compressed element, as far as the size of the array in it says.
fn inflated(element: &Bytes<'_>) -> Result<Vec<u8>, Error> {
    let failed = |error: std::io::Error| element.fault(&format!("cannot be inflated: {error}"));
    let mut stream = ZlibDecoder::new(element.data);
    let mut out = vec![0; 8];
    stream.read_exact(&mut out).map_err(failed)?;
    let mut tag = Bytes {
        data: &out,
        at: 4,
        ..element.clone()
    };
    let size = tag.u32("a size")?;
    if f64::from(size) > 16.0 * MOST_ENTRIES {
        return Err(element.fault(&format!(
            "an array of {size} bytes, expected at most {:.1e} complex numbers",
            MOST_ENTRIES
        )));
    }
    // Memory grows with what comes out, not with what the size says.
    let read = stream.take(u64::from(size)).read_to_end(&mut out);
    read.map_err(failed)?;
    Ok(out)
}

/// The next element: its type and its bytes.
fn element<'a>(bytes: &mut Bytes<'a>) -> Result<(u32, Bytes<'a>), Error> {
    let word = bytes.u32("the tag of an element")?;
    // Up to four bytes stand in the tag itself.
    if word >> 16 != 0 {
        let (size, kind) = ((word >> 16) as usize, word & 0xffff);
        if size > 4 {
            bytes.at -= 4;
            return Err(bytes.fault(&format!("a short element of {size} bytes, at most 4 fit")));
        }
        let mut part = bytes.part(4, "a short element")?;
        part.data = &part.data[..size];
        return Ok((kind, part));
    }
    let size = bytes.u32("the size of an element")? as usize;
    let part = bytes.part(size, "an element")?;
    if word != COMPRESSED {
        let padding = (8 - size % 8) % 8;
        // The last element of a file may stand without.
        bytes.at += padding.min(bytes.left());
    }
    Ok((word, part))
}

/// The next element, which must have a type.
fn expect<'a>(bytes: &mut Bytes<'a>, wanted: u32, what: &str) -> Result<Bytes<'a>, Error> {
    let start = bytes.at;
    let (kind, part) = element(bytes)?;
    if kind == wanted {
        return Ok(part);
    }
    bytes.at = start;
    Err(bytes.fault(&format!("{what} of element type {kind}, expected {wanted}")))
}

/// The array of an element: its name and value.
fn matrix(bytes: &mut Bytes<'_>, depth: usize) -> Result<(String, Value), Error> {
    if depth > DEEPEST {
        return Err(bytes.fault(&format!("cells or structs more than {DEEPEST} deep")));
    }
    if bytes.data.is_empty() {
        let empty = Numeric {
            dtype: "float64",
            shape: vec![0, 0],
            re: Vec::new(),
            im: None,
        };
        return Ok((String::new(), Value::Numeric(empty)));
    }
    let flags = expect(bytes, UINT32, "the flags of an array")?.u32("the flags of an array")?;
    let class = flags & 0xff;
    if class == OPAQUE {
        let name = text_of_bytes(expect(bytes, INT8, "the name of an array")?.data);
        return Ok((name, Value::Unread("an object of a MATLAB class".into())));
    }
    let mut dimensions = expect(bytes, INT32, "the dimensions of an array")?;
    let mut shape = Vec::new();
    while dimensions.left() > 0 {
        let n = dimensions.u32("a dimension")?;
        if n > i32::MAX as u32 {
            return Err(dimensions.fault("a negative dimension"));
        }
        shape.push(n as usize);
    }
    let count = (shape.iter())
        .try_fold(1_usize, |count, n| count.checked_mul(*n))
        .filter(|_| !shape.is_empty())
        .ok_or_else(|| bytes.fault("dimensions whose product is no size of an array"))?;
    let name = text_of_bytes(expect(bytes, INT8, "the name of an array")?.data);
    let value = match class {
        CELL => Value::Cell {
            items: row_by_row(&shape, matrices(bytes, count, depth)?),
            shape,
        },
        STRUCT => structs(bytes, shape, count, depth)?,
        CHAR => Value::Text(lines(bytes, &shape, count)?),
        OBJECT | FUNCTION => Value::Unread("an object or function handle of MATLAB".into()),
        SPARSE => Value::Unread("a sparse matrix (store full(A) instead)".into()),
        _ => numeric(bytes, flags, shape, count)?,
    };
    Ok((name, value))
}

/// As many arrays as asked for.
fn matrices(bytes: &mut Bytes<'_>, count: usize, depth: usize) -> Result<Vec<Value>, Error> {
    if count > bytes.left() / 8 {
        let left = bytes.left();
        return Err(bytes.fault(&format!("{count} arrays in the {left} bytes that are left")));
    }
    (0..count)
        .map(|_| {
            let mut element = expect(bytes, MATRIX, "an entry")?;
            Ok(matrix(&mut element, depth + 1)?.1)
        })
        .collect()
}

fn structs(
    bytes: &mut Bytes<'_>,
    shape: Vec<usize>,
    count: usize,
    depth: usize,
) -> Result<Value, Error> {
    let length = expect(bytes, INT32, "the length of field names")?.u32("a length")? as usize;
    let names = expect(bytes, INT8, "field names")?;
    if length == 0 || names.data.len() % length != 0 {
        return Err(bytes.fault(&format!(
            "field names of {} bytes, expected a multiple of the length {length}",
            names.data.len()
        )));
    }
    let names: Vec<String> = names.data.chunks(length).map(text_of_bytes).collect();
    let total = count.checked_mul(names.len());
    let total = total.ok_or_else(|| bytes.fault("more fields than an array may have"))?;
    let mut values = matrices(bytes, total, depth)?.into_iter();
    // All fields of a struct follow each other.
    let mut fields: Vec<(String, Vec<Value>)> =
        names.into_iter().map(|name| (name, Vec::new())).collect();
    while values.len() > 0 {
        for (_, field) in &mut fields {
            field.extend(values.next());
        }
    }
    for (_, field) in &mut fields {
        *field = row_by_row(&shape, std::mem::take(field));
    }
    Ok(Value::Struct { shape, fields })
}

fn numeric(
    bytes: &mut Bytes<'_>,
    flags: u32,
    shape: Vec<usize>,
    count: usize,
) -> Result<Value, Error> {
    const COMPLEX: u32 = 0x0800;
    const LOGICAL: u32 = 0x0200;
    let class = match flags & 0xff {
        6 => Dtype::F64,
        7 => Dtype::F32,
        8 => Dtype::I8,
        9 => Dtype::U8,
        10 => Dtype::I16,
        11 => Dtype::U16,
        12 => Dtype::I32,
        13 => Dtype::U32,
        14 => Dtype::I64,
        15 => Dtype::U64,
        other => return Err(bytes.fault(&format!("an array of unknown class {other}"))),
    };
    let re = row_by_row(&shape, part(bytes, count)?);
    let im = (flags & COMPLEX != 0).then(|| part(bytes, count));
    let im = im.transpose()?.map(|im| row_by_row(&shape, im));
    let logical = flags & LOGICAL != 0;
    Ok(Value::Numeric(Numeric {
        dtype: if logical { "bool" } else { class.name() },
        shape,
        re,
        im,
    }))
}

/// The real or imaginary parts of an array, stored in any type that holds them.
fn part(bytes: &mut Bytes<'_>, count: usize) -> Result<Vec<f64>, Error> {
    let start = bytes.at;
    let (kind, element) = element(bytes)?;
    let dtype = match kind {
        1 => Dtype::I8,
        2 => Dtype::U8,
        3 => Dtype::I16,
        4 => Dtype::U16,
        5 => Dtype::I32,
        6 => Dtype::U32,
        7 => Dtype::F32,
        9 => Dtype::F64,
        12 => Dtype::I64,
        13 => Dtype::U64,
        other => {
            bytes.at = start;
            return Err(bytes.fault(&format!("numbers of unknown element type {other}")));
        }
    };
    let given = element.data.len();
    if count.checked_mul(dtype.size()) != Some(given) {
        return Err(element.fault(&format!(
            "{count} numbers of type {} in {given} bytes",
            dtype.name()
        )));
    }
    Ok(dtype.numbers(element.data, bytes.big_endian))
}

/// Bytes up to the first zero as text.
fn text_of_bytes(data: &[u8]) -> String {
    let end = data.iter().position(|b| *b == 0).unwrap_or(data.len());
    String::from_utf8_lossy(&data[..end]).into_owned()
}

/// The rows of an array of characters.
fn lines(bytes: &mut Bytes<'_>, shape: &[usize], count: usize) -> Result<Vec<String>, Error> {
    let start = bytes.at;
    let (kind, element) = element(bytes)?;
    let units = |dtype: Dtype| -> Vec<u32> {
        let numbers = dtype.numbers(element.data, bytes.big_endian);
        numbers.into_iter().map(|x| x as u32).collect()
    };
    let characters: Vec<char> = match kind {
        INT8 | 2 => element.data.iter().map(|b| char::from(*b)).collect(),
        UTF8 => String::from_utf8_lossy(element.data).chars().collect(),
        UINT16 | UTF16 => {
            let units = units(Dtype::U16).into_iter().map(|unit| unit as u16);
            char::decode_utf16(units)
                .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
                .collect()
        }
        UTF32 => (units(Dtype::U32).into_iter())
            .map(|c| char::from_u32(c).unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect(),
        other => {
            bytes.at = start;
            return Err(bytes.fault(&format!("characters of unknown element type {other}")));
        }
    };
    let rows = shape[0];
    if count == 0 || rows <= 1 {
        return Ok(vec![characters.into_iter().collect()]);
    }
    if characters.len() != count {
        let given = characters.len();
        return Err(element.fault(&format!("{given} characters, expected {count}")));
    }
    Ok((row_by_row(shape, characters))
        .chunks(count / rows)
        .map(|line| line.iter().collect())
        .collect())
}
