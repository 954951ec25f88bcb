//! Writing arrays for numpy (`.npz`) and MATLAB (`.mat` of version 5, compressed as `save -v7` does).
//! The same values give the same bytes.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;

#[cfg(not(target_family = "wasm"))]
use super::value::Numeric;
use super::value::{Value, column_by_column};
use crate::error::Error;

/// Variables as an archive of numpy. A field of a struct becomes the variable `STRUCT_FIELD`, cells of
/// texts an array of texts.
///
/// # Errors
/// [`Error::Usage`] for a value that numpy has no array for.
#[cfg(not(target_family = "wasm"))]
pub fn npz(variables: &[(String, Value)]) -> Result<Vec<u8>, Error> {
    use zip::write::SimpleFileOptions;
    let failed = |e: &dyn std::fmt::Display| Error::Usage(format!("an archive of numpy: {e}"));
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, value) in flat(variables) {
        let array = npy(&name, value)?;
        let options = SimpleFileOptions::default()
            .compression_method(zip::CompressionMethod::Deflated)
            .last_modified_time(zip::DateTime::default())
            .large_file(array.len() >= u32::MAX as usize);
        archive
            .start_file(format!("{name}.npy"), options)
            .map_err(|e| failed(&e))?;
        archive.write_all(&array).map_err(|e| failed(&e))?;
    }
    let written = archive.finish().map_err(|e| failed(&e))?;
    Ok(written.into_inner())
}

/// Archives are not written in a browser.
///
/// # Errors
/// [`Error::Usage`].
#[cfg(target_family = "wasm")]
pub fn npz(_: &[(String, Value)]) -> Result<Vec<u8>, Error> {
    Err(Error::Usage("archives are not written in a browser".into()))
}

/// Variables, with fields of structs under names of their own.
#[cfg(not(target_family = "wasm"))]
fn flat(variables: &[(String, Value)]) -> Vec<(String, &Value)> {
    let mut flat = Vec::new();
    for (name, value) in variables {
        match value {
            Value::Struct { fields, .. } => {
                for (field, values) in fields {
                    let of_one = values.iter().take(1);
                    flat.extend(of_one.map(|value| (format!("{name}_{field}"), value)));
                }
            }
            other => flat.push((name.clone(), other)),
        }
    }
    flat
}

/// A value as a `.npy` file.
#[cfg(not(target_family = "wasm"))]
fn npy(name: &str, value: &Value) -> Result<Vec<u8>, Error> {
    let (descr, shape, data) = match value {
        Value::Numeric(array) => {
            let (descr, data) = numbers(array);
            (descr.to_string(), array.shape.clone(), data)
        }
        Value::Text(lines) => texts(vec![], &[lines.join("\n")]),
        Value::Cell { shape, items } => {
            let item = |item: &Value| match item {
                Value::Text(lines) => Ok(lines.join("\n")),
                other => Err(unstorable(name, other)),
            };
            let items: Vec<String> = items.iter().map(item).collect::<Result<_, _>>()?;
            // A column of MATLAB is a list of numpy.
            let list = shape.iter().filter(|n| **n != 1).count() <= 1;
            texts(
                if list {
                    vec![items.len()]
                } else {
                    shape.clone()
                },
                &items,
            )
        }
        other @ (Value::Struct { .. } | Value::Unread(_)) => return Err(unstorable(name, other)),
    };
    let lengths: Vec<String> = shape.iter().map(|n| format!("{n},")).collect();
    let mut head = format!(
        "{{'descr': '{descr}', 'fortran_order': False, 'shape': ({}), }}",
        lengths.join(" ")
    );
    // The data begin at a multiple of 64.
    let length = 10 + head.len() + 1;
    head.push_str(&" ".repeat(length.next_multiple_of(64) - length));
    head.push('\n');
    let size = u16::try_from(head.len()).map_err(|_| unstorable(name, value))?;
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend(size.to_le_bytes());
    file.extend(head.bytes());
    file.extend(data);
    Ok(file)
}

#[cfg(not(target_family = "wasm"))]
fn numbers(array: &Numeric) -> (&'static str, Vec<u8>) {
    let re = array.re.iter();
    match &array.im {
        Some(im) => {
            let both = re.zip(im).flat_map(|(a, b)| [*a, *b]);
            ("<c16", both.flat_map(f64::to_le_bytes).collect())
        }
        None if array.dtype == "int64" => {
            ("<i8", re.flat_map(|x| (*x as i64).to_le_bytes()).collect())
        }
        None => ("<f8", re.flat_map(|x| x.to_le_bytes()).collect()),
    }
}

/// Texts of a fixed number of characters, four bytes each.
#[cfg(not(target_family = "wasm"))]
fn texts(shape: Vec<usize>, texts: &[String]) -> (String, Vec<usize>, Vec<u8>) {
    let longest = texts.iter().map(|text| text.chars().count()).max();
    let longest = longest.unwrap_or(0).max(1);
    let mut data = Vec::with_capacity(4 * longest * texts.len());
    for text in texts {
        let padded = text.chars().map(u32::from).chain(std::iter::repeat(0));
        data.extend(padded.take(longest).flat_map(u32::to_le_bytes));
    }
    (format!("<U{longest}"), shape, data)
}

fn unstorable(name: &str, value: &Value) -> Error {
    Error::Usage(format!("{name}: {} cannot be stored", value.description()))
}

/// Types of elements and classes of arrays, as in the reader.
const INT8: u32 = 1;
const UINT16: u32 = 4;
const INT32: u32 = 5;
const UINT32: u32 = 6;
const DOUBLE: u32 = 9;
const MATRIX: u32 = 14;
const COMPRESSED: u32 = 15;
const CELL: u32 = 1;
const STRUCT: u32 = 2;
const CHAR: u32 = 4;
const F64: u32 = 6;
const COMPLEX: u32 = 0x0800;
/// Characters of a name with the zero behind it.
const NAME: usize = 64;

/// Variables as a file of MATLAB. Numbers become doubles; names that MATLAB does not take get underscores
/// for what it refuses.
///
/// # Errors
/// [`Error::Usage`] for a value that was not read, and one beyond the 4 GB of the format.
pub fn mat(variables: &[(String, Value)]) -> Result<Vec<u8>, Error> {
    let mut file = b"MATLAB 5.0 MAT-file, written by isac".to_vec();
    file.resize(124, b' ');
    // Version, and the order of bytes.
    file.extend([0x00, 0x01, b'I', b'M']);
    let names = identifiers(variables.iter().map(|(name, _)| name.as_str()));
    for ((_, value), name) in variables.iter().zip(&names) {
        let mut plain = Vec::new();
        element(&mut plain, MATRIX, &matrix(name, value)?, name)?;
        let mut stream = ZlibEncoder::new(Vec::new(), Compression::default());
        let broken = |e: std::io::Error| Error::Usage(format!("{name}: {e}"));
        stream.write_all(&plain).map_err(broken)?;
        let packed = stream.finish().map_err(broken)?;
        // Compressed elements stand without padding.
        file.extend(COMPRESSED.to_le_bytes());
        file.extend(size(packed.len(), name)?.to_le_bytes());
        file.extend(packed);
    }
    Ok(file)
}

fn size(length: usize, name: &str) -> Result<u32, Error> {
    u32::try_from(length).map_err(|_| {
        Error::Usage(format!(
            "{name}: {length} bytes, expected below 4 GB in a .mat file; .npz holds more"
        ))
    })
}

fn element(out: &mut Vec<u8>, kind: u32, data: &[u8], name: &str) -> Result<(), Error> {
    if (1..=4).contains(&data.len()) {
        // So few bytes stand in the tag itself; Octave wants that of the length of field names.
        out.extend((kind | (data.len() as u32) << 16).to_le_bytes());
        out.extend(data);
        out.resize(out.len().next_multiple_of(8), 0);
        return Ok(());
    }
    out.extend(kind.to_le_bytes());
    out.extend(size(data.len(), name)?.to_le_bytes());
    out.extend(data);
    out.resize(out.len().next_multiple_of(8), 0);
    Ok(())
}

/// The content of an array's element.
fn matrix(name: &str, value: &Value) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    let head = |class: u32, shape: &[usize]| -> Result<Vec<u8>, Error> {
        let mut out = Vec::new();
        let flags = [class.to_le_bytes(), [0; 4]].concat();
        element(&mut out, UINT32, &flags, name)?;
        let mut lengths = Vec::new();
        // At least two dimensions.
        let shape = match shape {
            [] => vec![1, 1],
            [n] => vec![*n, 1],
            more => more.to_vec(),
        };
        for n in shape {
            lengths.extend(size(n, name)?.to_le_bytes());
        }
        element(&mut out, INT32, &lengths, name)?;
        element(&mut out, INT8, name.as_bytes(), name)?;
        Ok(out)
    };
    match value {
        Value::Numeric(array) => {
            let complex = if array.im.is_some() { COMPLEX } else { 0 };
            out.extend(head(F64 | complex, &array.shape)?);
            for part in std::iter::once(&array.re).chain(&array.im) {
                let columns = column_by_column(&array.shape, part);
                let bytes: Vec<u8> = columns.into_iter().flat_map(f64::to_le_bytes).collect();
                element(&mut out, DOUBLE, &bytes, name)?;
            }
        }
        Value::Text(lines) => {
            let lines: Vec<Vec<u16>> = lines.iter().map(|l| l.encode_utf16().collect()).collect();
            let longest = lines.iter().map(Vec::len).max().unwrap_or(0);
            out.extend(head(CHAR, &[lines.len(), longest])?);
            let columns = (0..longest).flat_map(|i| {
                let at = move |line: &Vec<u16>| line.get(i).copied().unwrap_or(u16::from(b' '));
                lines.iter().map(at)
            });
            let bytes: Vec<u8> = columns.flat_map(u16::to_le_bytes).collect();
            element(&mut out, UINT16, &bytes, name)?;
        }
        Value::Cell { shape, items } => {
            out.extend(head(CELL, shape)?);
            for item in column_by_column(shape, &items.iter().collect::<Vec<_>>()) {
                element(&mut out, MATRIX, &matrix("", item)?, name)?;
            }
        }
        Value::Struct { shape, fields } => {
            out.extend(head(STRUCT, shape)?);
            let mut length = Vec::new();
            element(&mut length, INT32, &(NAME as u32).to_le_bytes(), name)?;
            out.extend(length);
            let mut names = Vec::new();
            for field in identifiers(fields.iter().map(|(field, _)| field.as_str())) {
                let end = names.len() + NAME;
                names.extend(field.bytes());
                names.resize(end, 0);
            }
            element(&mut out, INT8, &names, name)?;
            let count: usize = shape.iter().product();
            let order = column_by_column(shape, &(0..count).collect::<Vec<_>>());
            for at in order {
                for (_, values) in fields {
                    let value = values.get(at).ok_or_else(|| unstorable(name, value))?;
                    element(&mut out, MATRIX, &matrix("", value)?, name)?;
                }
            }
        }
        Value::Unread(_) => return Err(unstorable(name, value)),
    }
    Ok(out)
}

/// Names that MATLAB takes: letters, digits and underscores after a letter, below 64 of them, each once.
fn identifiers<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut taken: Vec<String> = Vec::new();
    for name in names {
        let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
        let mut stem: String = name.chars().map(plain).collect();
        if !stem.starts_with(|c: char| c.is_ascii_alphabetic()) {
            stem.insert(0, 'v');
        }
        stem.truncate(NAME - 1);
        let mut fresh = stem.clone();
        let mut count = 1;
        while taken.contains(&fresh) {
            count += 1;
            let end = format!("_{count}");
            fresh = stem.clone();
            fresh.truncate(NAME - 1 - end.len());
            fresh.push_str(&end);
        }
        taken.push(fresh);
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::super::read;
    use super::*;

    fn sample() -> Vec<(String, Value)> {
        let number = |shape: &[usize], re: &[f64], im: Option<&[f64]>, dtype| {
            Value::Numeric(Numeric {
                dtype,
                shape: shape.to_vec(),
                re: re.to_vec(),
                im: im.map(<[f64]>::to_vec),
            })
        };
        let six = [1.0, 2.0, 3.0, 4.0, 5.0, -0.1];
        let imaginary = [0.0, -1.0, f64::NAN, 0.5, 1e-300, 7.0];
        let fields = vec![
            (
                "mean_a[0]".into(),
                vec![number(&[3, 1], &six[..3], None, "float64")],
            ),
            (
                "mean_a(0)".into(),
                vec![number(&[], &[2.5], None, "float64")],
            ),
        ];
        vec![
            (
                "W".into(),
                number(&[2, 3], &six, Some(&imaginary), "float64"),
            ),
            ("cube".into(), number(&[1, 2, 3], &six, None, "float64")),
            ("count".into(), number(&[3, 1], &six[..3], None, "int64")),
            (
                "names".into(),
                Value::Cell {
                    shape: vec![2, 1],
                    items: vec![
                        Value::Text(vec!["a, b".into()]),
                        Value::Text(vec!["δ".into()]),
                    ],
                },
            ),
            ("note".into(), Value::Text(vec!["one line".into()])),
            (
                "curve".into(),
                Value::Struct {
                    shape: vec![1, 1],
                    fields,
                },
            ),
        ]
    }

    fn same(a: &[f64], b: &[f64]) -> bool {
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits())
    }

    #[test]
    fn matlab_files_come_back_as_they_were() {
        let file = mat(&sample()).unwrap();
        let back = read("a.mat", &file).unwrap();
        for (name, value) in &sample()[..2] {
            let (Value::Numeric(a), Some(b)) = (value, back.find(name).unwrap().numeric()) else {
                panic!("{name}")
            };
            assert_eq!(a.shape, b.shape, "{name}");
            assert!(same(&a.re, &b.re), "{name}");
            let none = Vec::new();
            assert!(same(
                a.im.as_ref().unwrap_or(&none),
                b.im.as_ref().unwrap_or(&none)
            ));
        }
        assert_eq!(back.find("names").unwrap(), &sample()[3].1);
        assert_eq!(back.find("note").unwrap(), &sample()[4].1);
        assert_eq!(
            back.find("curve.mean_a_0_").unwrap().numeric().unwrap().re,
            [1.0, 2.0, 3.0]
        );
        assert_eq!(
            back.find("curve.mean_a_0__2")
                .unwrap()
                .numeric()
                .unwrap()
                .re,
            [2.5]
        );
    }

    #[test]
    fn archives_of_numpy_come_back_as_they_were() {
        let file = npz(&sample()).unwrap();
        assert_eq!(file, npz(&sample()).unwrap(), "the same bytes");
        let back = read("a.npz", &file).unwrap();
        let names = [
            "W",
            "cube",
            "count",
            "names",
            "note",
            "curve_mean_a[0]",
            "curve_mean_a(0)",
        ];
        assert_eq!(back.names(), names);
        let array = |name: &str| {
            let found = back
                .variables
                .iter()
                .find(|(known, _)| known == name)
                .unwrap();
            found.1.numeric().unwrap().clone()
        };
        let Value::Numeric(w) = &sample()[0].1 else {
            panic!()
        };
        assert_eq!(array("W").shape, [2, 3]);
        assert!(
            same(&array("W").re, &w.re) && same(&array("W").im.unwrap(), w.im.as_ref().unwrap())
        );
        assert_eq!(
            (array("count").dtype, array("count").re),
            ("int64", vec![1.0, 2.0, 3.0])
        );
        assert_eq!(
            (array("curve_mean_a(0)").shape, array("cube").shape),
            (vec![], vec![1, 2, 3])
        );
    }

    #[test]
    fn names_of_matlab_are_short_and_each_once() {
        let long = "x".repeat(80);
        let names = identifiers([long.as_str(), &long, "1a", "a b", "a_b"].into_iter());
        assert!(names.iter().all(|name| name.len() < NAME));
        assert_eq!(names[1], format!("{}_2", "x".repeat(61)));
        assert_eq!(names[2..], ["v1a", "a_b", "a_b_2"]);
    }
}
