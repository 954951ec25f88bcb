//! HDF5, and so MATLAB's MAT-files of version 7.3: groups are structs, what cannot be read has its reason
//! in its place, so that it does not matter to whoever asks for something else.

use hdf5_pure::{AttrValue, Dataset, Datatype, DatatypeByteOrder, File, Group, Object};

use super::bytes::Dtype;
use super::value::{Numeric, Value, row_by_row};
use crate::document::MOST_ENTRIES;
use crate::error::Error;

/// Groups within groups, at most.
const DEEPEST: usize = 64;
/// Groups and arrays of a file, at most: links may lead round.
const MOST_OBJECTS: usize = 1_000_000;

/// Whether the bytes are an HDF5 file, also behind the block of 512 bytes that MATLAB writes before it.
pub(super) fn is_hdf5(data: &[u8]) -> bool {
    const SIGNATURE: &[u8] = b"\x89HDF\r\n\x1a\n";
    [0, 512, 1024, 2048]
        .iter()
        .any(|at| data.get(*at..).is_some_and(|d| d.starts_with(SIGNATURE)))
}

/// Reads the variables of a file.
pub(super) fn read(file: &str, data: &[u8]) -> Result<Vec<(String, Value)>, Error> {
    let damaged = |message: String| Error::Damaged {
        file: file.into(),
        offset: 0,
        message,
    };
    let opened = File::from_bytes(data.to_vec());
    let opened = opened.map_err(|e| damaged(format!("no readable HDF5: {e}")))?;
    let mut reader = Reader { objects: 0 };
    let members = reader.members(&opened.root(), 0);
    members.map_err(|e| damaged(e.to_string()))
}

struct Reader {
    objects: usize,
}

/// What stops a file from being read at all.
type Broken = Box<dyn std::error::Error>;

impl Reader {
    /// Arrays and groups of a group; what MATLAB keeps for itself is left out.
    fn members(&mut self, group: &Group, depth: usize) -> Result<Vec<(String, Value)>, Broken> {
        let mut members = Vec::new();
        for (name, dataset) in group.iter_datasets()? {
            self.count()?;
            let value = self.dataset(&dataset, depth)?;
            members.push((name, value));
        }
        for (name, inner) in group.iter_groups()? {
            if name.starts_with('#') {
                continue;
            }
            let value = self.group(&inner, depth + 1)?;
            members.push((name, value));
        }
        Ok(members)
    }

    fn count(&mut self) -> Result<(), Broken> {
        self.objects += 1;
        match self.objects > MOST_OBJECTS {
            true => Err(format!("more than {MOST_OBJECTS} arrays and groups").into()),
            false => Ok(()),
        }
    }

    /// A group is a struct; one whose members are all lists of references is an array of structs.
    fn group(&mut self, group: &Group, depth: usize) -> Result<Value, Broken> {
        self.count()?;
        if depth > DEEPEST {
            return Err(format!("groups more than {DEEPEST} deep").into());
        }
        let members = self.members(group, depth)?;
        let lengths: Option<Vec<&Vec<usize>>> = members
            .iter()
            .map(|(_, value)| match value {
                Value::Cell { shape, items } if items.len() > 1 => Some(shape),
                _ => None,
            })
            .collect();
        let bare = |name: &String| {
            let dataset = group.dataset(name);
            dataset
                .and_then(|d| d.attrs())
                .is_ok_and(|a| !a.contains_key("MATLAB_class"))
        };
        if let Some([first, rest @ ..]) = lengths.as_deref()
            && rest.iter().all(|shape| shape == first)
            && class(group.attrs()).as_deref() == Some("struct")
            && members.iter().all(|(name, _)| bare(name))
        {
            let shape = (*first).clone();
            let fields = members.into_iter().filter_map(|(name, value)| match value {
                Value::Cell { items, .. } => Some((name, items)),
                _ => None,
            });
            return Ok(Value::Struct {
                shape,
                fields: fields.collect(),
            });
        }
        let fields = members.into_iter().map(|(name, value)| (name, vec![value]));
        Ok(Value::Struct {
            shape: vec![1, 1],
            fields: fields.collect(),
        })
    }

    fn dataset(&mut self, dataset: &Dataset, depth: usize) -> Result<Value, Broken> {
        if depth > DEEPEST {
            return Err(format!("cells more than {DEEPEST} deep").into());
        }
        let (datatype, shape) = match (dataset.datatype(), dataset.shape()) {
            (Ok(datatype), Ok(shape)) => (datatype, shape),
            (Err(e), _) | (_, Err(e)) => {
                return Ok(Value::Unread(format!("what cannot be read: {e}")));
            }
        };
        let attributes = dataset.attrs();
        let empty = (attributes.as_ref()).is_ok_and(|a| a.contains_key("MATLAB_empty"));
        let class = class(attributes);
        let bytes = dataset.element_size().unwrap_or(u64::MAX) as f64;
        let entries: f64 = shape.iter().map(|n| *n as f64).product();
        if entries > MOST_ENTRIES || entries * bytes > 16.0 * MOST_ENTRIES {
            let most =
                format!("an array of {entries:.1e} entries, at most {MOST_ENTRIES:.0e} are read");
            return Ok(Value::Unread(most));
        }
        if let Some(filter) = dataset.filter_pipeline().iter().find(|f| !readable(f.id)) {
            return Ok(Value::Unread(format!(
                "an array packed by the filter {} ({}), which is not read (gzip, lzf and none are)",
                filter_name(filter.id, filter.name.as_deref()),
                filter.id
            )));
        }
        let mut shape: Vec<usize> = shape.into_iter().map(|n| n as usize).collect();
        if empty {
            // The entries are the lengths of the dimensions.
            let lengths = match dataset.read_u64() {
                Ok(lengths) => lengths,
                Err(e) => return Ok(Value::Unread(format!("what cannot be read: {e}"))),
            };
            shape = lengths.into_iter().map(|n| n as usize).collect();
            let none = Numeric {
                dtype: "float64",
                re: Vec::new(),
                im: None,
                shape,
            };
            return Ok(Value::Numeric(none));
        }
        // MATLAB's arrays stand column by column, which is row by row with the dimensions turned round.
        let columns = class.is_some();
        if columns {
            shape.reverse();
        }
        if matches!(datatype, Datatype::Reference { .. }) {
            return self.cell(dataset, shape, columns, depth);
        }
        Ok(match numbers(dataset, &datatype) {
            Ok((dtype, re, im)) => {
                let ordered = |data: Vec<f64>| {
                    if columns {
                        row_by_row(&shape, data)
                    } else {
                        data
                    }
                };
                let (re, im) = (ordered(re), im.map(ordered));
                if class.as_deref() == Some("char") {
                    Value::Text(lines(&shape, &re))
                } else {
                    let dtype = if class.as_deref() == Some("logical") {
                        "bool"
                    } else {
                        dtype
                    };
                    Value::Numeric(Numeric {
                        dtype,
                        shape,
                        re,
                        im,
                    })
                }
            }
            Err(why) => Value::Unread(why),
        })
    }

    /// The values that references lead to.
    fn cell(
        &mut self,
        dataset: &Dataset,
        shape: Vec<usize>,
        columns: bool,
        depth: usize,
    ) -> Result<Value, Broken> {
        let objects = match dataset.dereference() {
            Ok(objects) => objects,
            Err(e) => return Ok(Value::Unread(format!("references that lead nowhere: {e}"))),
        };
        let mut items = Vec::new();
        for object in objects {
            items.push(match object {
                Object::Group(group) => self.group(&group, depth + 1)?,
                Object::Dataset(inner) => {
                    self.count()?;
                    self.dataset(&inner, depth + 1)?
                }
                _ => Value::Unread("what is neither an array nor a group".into()),
            });
        }
        let items = if columns {
            row_by_row(&shape, items)
        } else {
            items
        };
        Ok(Value::Cell { shape, items })
    }
}

/// MATLAB's class of an object.
fn class(
    attributes: Result<std::collections::HashMap<String, AttrValue>, hdf5_pure::Error>,
) -> Option<String> {
    match attributes.ok()?.remove("MATLAB_class") {
        Some(AttrValue::String(text) | AttrValue::AsciiString(text)) => Some(text),
        Some(_) => Some(String::new()),
        None => None,
    }
}

/// The numbers of an array with their type, or why there are none.
fn numbers(
    dataset: &Dataset,
    datatype: &Datatype,
) -> Result<(&'static str, Vec<f64>, Option<Vec<f64>>), String> {
    let raw = || {
        dataset
            .read_raw()
            .map_err(|e| format!("what cannot be read: {e}"))
    };
    if let Some((dtype, big_endian)) = plain(datatype) {
        return Ok((dtype.name(), dtype.numbers(&raw()?, big_endian), None));
    }
    let Datatype::Compound { size, members } = datatype else {
        return Err(format!("an array of {}", kind(datatype)));
    };
    const PARTS: [[&str; 2]; 4] = [["real", "imag"], ["r", "i"], ["re", "im"], ["Re", "Im"]];
    let member = |name: &str| members.iter().find(|m| m.name == name);
    let found = PARTS.iter().find_map(|[re, im]| member(re).zip(member(im)));
    let (Some((re, im)), 2) = (found, members.len()) else {
        let names: Vec<&str> = members.iter().map(|m| m.name.as_str()).collect();
        return Err(format!("records of {}", names.join(", ")));
    };
    let data = raw()?;
    let part = |member: &hdf5_pure::CompoundMember| {
        let (dtype, big_endian) = plain(&member.datatype).ok_or("records of no numbers")?;
        let from = member.byte_offset as usize;
        let each = data.chunks_exact((*size).max(1) as usize);
        let bytes = each.filter_map(|record| record.get(from..from + dtype.size()));
        let bytes: Vec<u8> = bytes.flatten().copied().collect();
        Ok::<_, String>((dtype.name(), dtype.numbers(&bytes, big_endian)))
    };
    let ((name, re), (_, im)) = (part(re)?, part(im)?);
    Ok((name, re, Some(im)))
}

/// The type of plain numbers, and whether their highest byte stands first.
fn plain(datatype: &Datatype) -> Option<(Dtype, bool)> {
    let order = |order: &DatatypeByteOrder| match order {
        DatatypeByteOrder::LittleEndian => Some(false),
        DatatypeByteOrder::BigEndian => Some(true),
        DatatypeByteOrder::Vax => None,
    };
    match datatype {
        Datatype::FixedPoint {
            size,
            byte_order,
            layout,
        } => {
            let whole = layout.bit_offset == 0 && u32::from(layout.bit_precision) == 8 * size;
            let dtype = match (size, layout.signed) {
                (1, true) => Dtype::I8,
                (1, false) => Dtype::U8,
                (2, true) => Dtype::I16,
                (2, false) => Dtype::U16,
                (4, true) => Dtype::I32,
                (4, false) => Dtype::U32,
                (8, true) => Dtype::I64,
                (8, false) => Dtype::U64,
                _ => return None,
            };
            Some((dtype, order(byte_order)?)).filter(|_| whole)
        }
        Datatype::FloatingPoint {
            byte_order, layout, ..
        } => {
            let dtype = match *layout {
                hdf5_pure::FloatingPointLayout::IEEE754_BINARY32 => Dtype::F32,
                hdf5_pure::FloatingPointLayout::IEEE754_BINARY64 => Dtype::F64,
                _ => return None,
            };
            Some((dtype, order(byte_order)?))
        }
        // How h5py keeps booleans.
        Datatype::Enumeration {
            base_type, members, ..
        } if members.len() == 2 && members.iter().any(|m| m.name == "TRUE") => {
            plain(base_type).map(|(_, order)| (Dtype::Bool, order))
        }
        _ => None,
    }
}

fn kind(datatype: &Datatype) -> &'static str {
    match datatype {
        Datatype::FixedPoint { .. } => "integers of an unusual width",
        Datatype::FloatingPoint { .. } => "floats of neither 32 nor 64 bits",
        Datatype::String { .. }
        | Datatype::VariableLength {
            is_string: true, ..
        } => "texts",
        Datatype::VariableLength { .. } => "lists of different lengths",
        Datatype::Enumeration { .. } => "named values",
        Datatype::Array { .. } => "arrays",
        _ => "no numbers",
    }
}

/// Lines of characters that stand row by row.
fn lines(shape: &[usize], codes: &[f64]) -> Vec<String> {
    let columns = shape.last().copied().unwrap_or(1).max(1);
    let line = |row: &[f64]| {
        let units: Vec<u16> = row.iter().map(|code| *code as u16).collect();
        String::from_utf16_lossy(&units)
    };
    codes.chunks(columns).map(line).collect()
}

/// Deflate, shuffle, checksum, scale-offset and LZF.
fn readable(filter: u16) -> bool {
    [1, 2, 3, 6, 32000].contains(&filter)
}

fn filter_name(id: u16, name: Option<&str>) -> String {
    const NAMES: [(u16, &str); 11] = [
        (4, "szip"),
        (5, "nbit"),
        (307, "bzip2"),
        (32001, "blosc"),
        (32004, "lz4"),
        (32008, "bitshuffle"),
        (32013, "zfp"),
        (32015, "zstd"),
        (32017, "sz"),
        (32019, "jpeg-ls"),
        (32026, "blosc2"),
    ];
    let known = NAMES.iter().find(|(known, _)| *known == id);
    known.map_or_else(
        || name.unwrap_or("of unknown name").into(),
        |(_, name)| (*name).into(),
    )
}
