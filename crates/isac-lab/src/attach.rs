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

/// Keys of a document that may be files, with dots for tables in tables and `*` for every entry of a list,
/// and the axes of each in the order of the document.
pub type FileArrays = &'static [(&'static str, &'static [&'static str])];

/// Keys of a table that names a file, besides indices.
const KEYS: [&str; 4] = ["file", "variable", "axes", "conjugate"];

/// The axis of which a study takes one after the other.
const REALIZATION: &str = "realization";

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
    let (lines, stack) = read(document, folder, arrays, false)?;
    stack.place(document, 0);
    Ok(lines)
}

/// As [`attach`], but an axis `realization` without an index is left open: its arrays are those of the
/// stack, the others stand in the document.
///
/// # Errors
/// Those of [`attach`]; two open axes of different lengths.
pub fn attach_study(
    document: &mut Document,
    folder: &Path,
    arrays: FileArrays,
) -> Result<(Vec<String>, Stack), Error> {
    let (lines, mut stack) = read(document, folder, arrays, true)?;
    let (open, whole) = stack
        .slots
        .into_iter()
        .partition(|(_, picks)| picks.len() > 1);
    stack.slots = whole;
    stack.place(document, 0);
    stack.slots = open;
    Ok((lines, stack))
}

/// Arrays of files with one for every realisation.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Stack {
    /// Where they stand in a document, and the arrays: one, or one per realisation.
    slots: Vec<(String, Vec<Numeric>)>,
    /// The key whose axis was first left open, and its length.
    open: Option<(String, usize)>,
}

impl Stack {
    /// How many realisations there are; `None` where no axis is open.
    pub fn realizations(&self) -> Option<usize> {
        self.open.as_ref().map(|(_, length)| *length)
    }

    /// Puts the arrays of a realisation into a document.
    pub fn place(&self, document: &mut Document, realization: usize) {
        for (pointer, picks) in &self.slots {
            let pick = picks.get(realization).or(picks.first());
            if let (Some(place), Some(array)) = (document.value.pointer_mut(pointer), pick) {
                *place = array.json();
            }
        }
    }

    /// The SHA-256 of every array: which numbers a study is about.
    pub fn hash(&self) -> Option<String> {
        self.open.as_ref()?;
        let mut bytes = Vec::new();
        for (pointer, picks) in &self.slots {
            bytes.extend(pointer.bytes());
            for array in picks {
                let numbers = array.re.iter().chain(array.im.iter().flatten());
                bytes.extend(numbers.flat_map(|x| x.to_le_bytes()));
            }
        }
        Some(crate::journal::hash(&bytes))
    }
}

/// Every table that names a file, with its pointer.
fn tables<'a>(
    document: &'a Document,
    arrays: FileArrays,
) -> Vec<(String, Node<'a>, &'static [&'static str])> {
    let mut found = Vec::new();
    for (key, axes) in arrays {
        let mut places = vec![(String::new(), document.root())];
        for step in key.split('.') {
            let mut next = Vec::new();
            for (pointer, node) in places {
                if step == "*" {
                    let items = node.items().unwrap_or_default().into_iter().enumerate();
                    next.extend(items.map(|(i, item)| (format!("{pointer}/{i}"), item)));
                } else if let Some(inner) = node.opt(step) {
                    next.push((format!("{pointer}/{step}"), inner));
                }
            }
            places = next;
        }
        let named = places
            .into_iter()
            .filter(|(_, node)| node.opt("file").is_some());
        found.extend(named.map(|(pointer, node)| (pointer, node, *axes)));
    }
    found
}

fn read(
    document: &Document,
    folder: &Path,
    arrays: FileArrays,
    study: bool,
) -> Result<(Vec<String>, Stack), Error> {
    let mut lines = Vec::new();
    let mut stack = Stack::default();
    let mut known: Vec<(PathBuf, Contents)> = Vec::new();
    for (pointer, node, axes) in tables(document, arrays) {
        let path = folder.join(node.get("file")?.text()?);
        let table = Table::new(&node, axes, study)?;
        let numbers = if path
            .extension()
            .is_some_and(|e| e.eq_ignore_ascii_case("csv"))
        {
            of_csv(&path, &node, &table)?
        } else {
            let at = match known.iter().position(|(known, _)| *known == path) {
                Some(at) => at,
                None => {
                    known.push((path.clone(), files::open(&path)?));
                    known.len() - 1
                }
            };
            of_variable(&known[at].1, &node)?
        };
        let count = table.open_length(&numbers)?;
        let picks = (0..count.unwrap_or(1)).map(|at| table.pick(&numbers, at));
        let picks = picks.collect::<Result<Vec<Numeric>, _>>()?;
        if let Some(count) = count {
            match &stack.open {
                Some((key, length)) if *length != count => {
                    let expected = format!("{length} along `{REALIZATION}`, as `{key}` has");
                    return Err(node.get("axes")?.wrong(expected));
                }
                Some(_) => {}
                None => stack.open = Some((node.path.clone(), count)),
            }
        }
        lines.push(table.line(&numbers, &picks));
        stack.slots.push((pointer, picks));
    }
    Ok((lines, stack))
}

/// A table that names a file.
struct Table<'a> {
    node: &'a Node<'a>,
    /// Axes in the order of the file.
    axes: Vec<(&'a str, Taken)>,
    /// Axes of the key.
    wanted: &'a [&'a str],
    conjugate: bool,
}

/// What is taken of an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Taken {
    /// All of an axis of the key.
    Whole,
    /// One index.
    At(usize),
    /// One after the other.
    Each,
}

impl<'a> Table<'a> {
    fn new(node: &'a Node<'a>, wanted: &'a [&'a str], study: bool) -> Result<Self, Error> {
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
                (true, None) => Taken::Whole,
                (false, None) if study && name == REALIZATION => Taken::Each,
                (true, Some(index)) => {
                    let expected = format!("no such key: `{name}` is read whole");
                    return Err(index.wrong(expected));
                }
                (false, Some(index)) => Taken::At(index.usize()?),
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

    /// The length of the axis of which one after the other is taken.
    fn open_length(&self, array: &Numeric) -> Result<Option<usize>, Error> {
        let shape = self.shape(array)?;
        let at = self
            .axes
            .iter()
            .position(|(_, taken)| *taken == Taken::Each);
        match at.map(|at| shape[at]) {
            Some(0) => Err(self
                .node
                .get("axes")?
                .wrong("a `realization` axis that is not empty")),
            length => Ok(length),
        }
    }

    /// The part of an array that the table asks for, in the order of the key's axes; `each` is the index
    /// of an open axis.
    fn pick(&self, array: &Numeric, each: usize) -> Result<Numeric, Error> {
        let shape = self.shape(array)?;
        let mut strides = vec![1; shape.len()];
        for i in (1..shape.len()).rev() {
            strides[i - 1] = strides[i] * shape[i];
        }
        let mut base = 0;
        for (i, (name, taken)) in self.axes.iter().enumerate() {
            let index = match taken {
                Taken::Whole => continue,
                Taken::Each => each,
                Taken::At(index) => *index,
            };
            if index >= shape[i] {
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
        Ok(Numeric {
            dtype: array.dtype,
            shape: picked_shape,
            re,
            im: Some(im),
        })
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

    fn line(&self, array: &Numeric, picks: &[Numeric]) -> String {
        let all = || {
            picks
                .iter()
                .flat_map(|p| p.re.iter().chain(p.im.iter().flatten()))
        };
        let squares: f64 = all().map(|x| x * x).sum();
        let entries: usize = picks.iter().map(|p| p.re.len()).sum();
        let rms = (squares / entries.max(1) as f64).sqrt();
        let shape = picks.first().map_or(&[][..], |p| &p.shape[..]);
        let text = |key: &str| {
            let node = self.node.opt(key);
            node.and_then(|node| node.text().ok().map(String::from))
        };
        let variable = text("variable").map_or_else(String::new, |name| format!(", {name}"));
        let names: Vec<&str> = self.axes.iter().map(|(name, _)| *name).collect();
        let indices: String = (self.axes.iter())
            .filter_map(|(name, taken)| match taken {
                Taken::Whole => None,
                Taken::At(i) => Some(format!(", {name} {i}")),
                Taken::Each => Some(format!(", one {name} after the other")),
            })
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
            shape_text(shape),
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
