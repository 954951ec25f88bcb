//! Arrays of a document that stand in files of their own:
//! `H = { file = "channels.mat", variable = "H_all", axes = ["realization", "antenna", "user"], realization = 0 }`.
//!
//! `axes` names the dimensions of the variable in the order of the file. Those of the key may stand in
//! any order; any other needs an index under its own name. The table is replaced by the numbers before
//! a paper reads the document, and what was understood is said in one line per key.

use std::path::{Path, PathBuf};

use crate::document::{Document, Node};
use crate::error::{Error, nearest};
use crate::files::{self, Contents, Numeric, shape_text};
use crate::reference::CsvTable;

/// Keys of a document, with dots for tables in tables, that may be files, and the axes of each in the
/// order of the document.
pub type FileArrays = &'static [(&'static str, &'static [&'static str])];

/// Keys of a table that names a file, besides indices.
const KEYS: [&str; 4] = ["file", "variable", "axes", "conjugate"];

/// Puts the numbers of files into a document; paths are relative to `folder`. Returns a line for each
/// array: what was understood.
///
/// # Errors
/// An unreadable or damaged file, a variable that is not there, axes that do not fit its shape, numbers
/// that are not finite, an unknown key.
pub fn attach(
    document: &mut Document,
    folder: &Path,
    arrays: FileArrays,
) -> Result<Vec<String>, Error> {
    let mut found = Vec::new();
    let mut lines = Vec::new();
    let mut read: Vec<(PathBuf, Contents)> = Vec::new();
    let root = document.root();
    for (key, axes) in arrays {
        let steps = key.split('.');
        let node = steps
            .clone()
            .try_fold(root.clone(), |node, step| node.opt(step));
        let Some(node) = node.filter(|node| node.opt("file").is_some()) else {
            continue;
        };
        let path = folder.join(node.get("file")?.text()?);
        let table = Table::new(&node, axes)?;
        let numbers = if path
            .extension()
            .is_some_and(|e| e.eq_ignore_ascii_case("csv"))
        {
            of_csv(&path, &node, &table)?
        } else {
            let known = read.iter().position(|(known, _)| *known == path);
            let at = match known {
                Some(at) => at,
                None => {
                    read.push((path.clone(), files::open(&path)?));
                    read.len() - 1
                }
            };
            of_variable(&read[at].1, &node)?
        };
        let (picked, line) = table.pick(&numbers)?;
        lines.push(line);
        found.push((format!("/{}", steps.collect::<Vec<_>>().join("/")), picked));
    }
    for (pointer, array) in found {
        if let Some(place) = document.value.pointer_mut(&pointer) {
            *place = array.json();
        }
    }
    Ok(lines)
}

/// A table that names a file.
struct Table<'a> {
    node: &'a Node<'a>,
    /// Axes in the order of the file; an index for those that the key does not have.
    axes: Vec<(&'a str, Option<usize>)>,
    /// Axes of the key.
    wanted: &'a [&'a str],
    conjugate: bool,
}

impl<'a> Table<'a> {
    fn new(node: &'a Node<'a>, wanted: &'a [&'a str]) -> Result<Self, Error> {
        let Some(stated) = node.opt("axes") else {
            let expected = format!("`axes`, names in the order of the file, such as {wanted:?}");
            return Err(node.wrong(expected));
        };
        let mut axes = Vec::new();
        for item in stated.items()? {
            let name = item.text()?;
            if KEYS.contains(&name) || axes.iter().any(|(known, _)| *known == name) {
                return Err(item.wrong("the name of an axis, each once"));
            }
            let index = match (wanted.contains(&name), node.opt(name)) {
                (true, None) => None,
                (true, Some(index)) => {
                    let expected = format!("no such key: `{name}` is read whole");
                    return Err(index.wrong(expected));
                }
                (false, Some(index)) => Some(index.usize()?),
                (false, None) => {
                    let text = format!(
                        "an axis among {wanted:?}, or the key `{name}` that says which index to take"
                    );
                    return Err(item.wrong(text));
                }
            };
            axes.push((name, index));
        }
        if let Some(missing) = wanted
            .iter()
            .find(|name| !axes.iter().any(|(a, _)| a == *name))
        {
            return Err(stated.wrong(format!("the axis `{missing}` too, of {wanted:?}")));
        }
        let known = KEYS
            .iter()
            .copied()
            .chain(axes.iter().map(|(name, _)| *name));
        for (key, entry) in node.entries()? {
            if !known.clone().any(|name| name == key) && !crate::document::is_remark(key) {
                return Err(Error::UnknownKey {
                    file: node.file.into(),
                    path: entry.path,
                    nearest: nearest(key, known),
                });
            }
        }
        let conjugate = node
            .opt("conjugate")
            .map_or(Ok(false), |node| node.bool())?;
        Ok(Self {
            node,
            axes,
            wanted,
            conjugate,
        })
    }

    /// The part of an array that the table asks for, in the order of the key's axes, and a line that
    /// says so.
    fn pick(&self, array: &Numeric) -> Result<(Numeric, String), Error> {
        let shape = self.shape(array)?;
        let mut strides = vec![1; shape.len()];
        for i in (1..shape.len()).rev() {
            strides[i - 1] = strides[i] * shape[i];
        }
        let mut base = 0;
        for (i, (name, index)) in self.axes.iter().enumerate() {
            let Some(index) = index else { continue };
            if *index >= shape[i] {
                let node = self.node.get(name)?;
                return Err(node.wrong(format!("an index below {}", shape[i])));
            }
            base += index * strides[i];
        }
        let mut offsets = vec![base];
        let mut picked_shape = Vec::new();
        for name in self.wanted {
            let at = self.axes.iter().position(|(axis, _)| axis == name);
            let at = at.ok_or_else(|| self.node.wrong("all axes"))?;
            let (length, stride) = (shape[at], strides[at]);
            let step = |offset: usize| (0..length).map(move |i| offset + i * stride);
            offsets = offsets.into_iter().flat_map(step).collect();
            picked_shape.push(shape[at]);
        }
        let sign = if self.conjugate { -1.0 } else { 1.0 };
        let part = |from: &[f64], sign: f64| offsets.iter().map(|at| sign * from[*at]).collect();
        let re: Vec<f64> = part(&array.re, 1.0);
        let im: Vec<f64> = match &array.im {
            Some(im) => part(im, sign),
            None => vec![0.0; offsets.len()],
        };
        if let Some(at) = (re.iter().zip(&im)).position(|(re, im)| !(re + im).is_finite()) {
            let expected = format!("finite numbers, not {} + {}i at entry {at}", re[at], im[at]);
            return Err(self.node.wrong(expected));
        }
        let squares: f64 = re.iter().chain(&im).map(|x| x * x).sum();
        let rms = (squares / re.len().max(1) as f64).sqrt();
        let picked = Numeric {
            dtype: array.dtype,
            shape: picked_shape,
            re,
            im: Some(im),
        };
        Ok((picked.clone(), self.line(array, &picked, rms)))
    }

    /// The lengths of the axes. Dimensions of length 1 may be missing at the end, as MATLAB leaves them
    /// out, or stand where no axis is named.
    fn shape(&self, array: &Numeric) -> Result<Vec<usize>, Error> {
        let mut shape = array.shape.clone();
        while shape.len() < self.axes.len() && !shape.is_empty() {
            shape.push(1);
        }
        while shape.len() > self.axes.len() {
            let Some(at) = shape.iter().rposition(|n| *n == 1) else {
                break;
            };
            shape.remove(at);
        }
        if shape.len() != self.axes.len() {
            let expected = format!(
                "one name for each dimension of {}",
                shape_text(&array.shape)
            );
            return Err(self.node.get("axes")?.wrong(expected));
        }
        Ok(shape)
    }

    fn line(&self, array: &Numeric, picked: &Numeric, rms: f64) -> String {
        let text = |key: &str| {
            let node = self.node.opt(key);
            node.and_then(|node| node.text().ok().map(String::from))
        };
        let variable = text("variable").map_or_else(String::new, |name| format!(", {name}"));
        let names: Vec<&str> = self.axes.iter().map(|(name, _)| *name).collect();
        let indices: String = (self.axes.iter())
            .filter_map(|(name, index)| index.map(|i| format!(", {name} {i}")))
            .collect();
        let (kind, imaginary) = match array.im {
            Some(_) => ("complex ", ""),
            None => ("", ", imaginary parts 0"),
        };
        let conjugated = if self.conjugate {
            "conjugated"
        } else {
            "not conjugated"
        };
        format!(
            "{}: {}{variable} ({kind}{}, {} as {}){indices}; read as {} of {}{imaginary}, {conjugated}, not scaled, root mean square {rms:.4e}",
            self.node.path,
            text("file").unwrap_or_default(),
            array.dtype,
            shape_text(&array.shape),
            names.join(" x "),
            self.wanted.join(" x "),
            shape_text(&picked.shape),
        )
    }
}

/// The numbers of a variable.
fn of_variable(contents: &Contents, node: &Node<'_>) -> Result<Numeric, Error> {
    let value = match node.opt("variable") {
        Some(name) => contents.find(name.text()?)?,
        None => contents.only()?,
    };
    value.numeric().cloned().ok_or_else(|| {
        let given = value.description();
        let at = node.opt("variable").unwrap_or_else(|| node.clone());
        at.wrong(format!("a variable of numbers, not {given}"))
    })
}

/// A table with a column of indices from 0 per axis, and columns `re` and `im`, or `h_re` and `h_im`
/// where `variable` is `h`. Every entry stands in one row.
fn of_csv(path: &Path, node: &Node<'_>, table: &Table<'_>) -> Result<Numeric, Error> {
    let csv = CsvTable::read(path)?;
    let prefix = match node.opt("variable") {
        Some(name) => format!("{}_", name.text()?),
        None => String::new(),
    };
    let columns: Vec<usize> = (table.axes.iter())
        .map(|(name, _)| csv.column(name))
        .collect::<Result<_, _>>()?;
    let (re, im) = (
        csv.column(&format!("{prefix}re"))?,
        csv.column(&format!("{prefix}im"))?,
    );
    csv.unrepeated(&columns)?;
    let whole = |value: f64| value >= 0.0 && value.fract() == 0.0 && value < 1e15;
    let mut indices = Vec::new();
    let mut shape = vec![0; columns.len()];
    for row in 0..csv.rows.len() {
        let mut index = Vec::new();
        for (axis, column) in columns.iter().enumerate() {
            let value = csv.number(row, *column)?;
            if !whole(value) {
                return Err(Error::Malformed {
                    file: csv.file.clone(),
                    line: row + 2,
                    message: format!(
                        "`{}` is {value}, expected an index from 0",
                        csv.columns[*column]
                    ),
                });
            }
            shape[axis] = shape[axis].max(value as usize + 1);
            index.push(value as usize);
        }
        indices.push(index);
    }
    let size = shape
        .iter()
        .try_fold(1_usize, |size, n| size.checked_mul(*n));
    if size != Some(csv.rows.len()) {
        let expected = format!("a row for each of {} entries", shape_text(&shape));
        return Err(node.wrong(format!(
            "{expected}, not {} rows in the file",
            csv.rows.len()
        )));
    }
    let (mut real, mut imaginary) = (vec![0.0; csv.rows.len()], vec![0.0; csv.rows.len()]);
    for (row, index) in indices.iter().enumerate() {
        let flat = index
            .iter()
            .zip(&shape)
            .fold(0, |flat, (i, n)| flat * n + i);
        real[flat] = csv.number(row, re)?;
        imaginary[flat] = csv.number(row, im)?;
    }
    Ok(Numeric {
        dtype: "float64",
        shape,
        re: real,
        im: Some(imaginary),
    })
}
